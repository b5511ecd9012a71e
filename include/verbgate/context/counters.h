/* What one worker counts. The worker writes; the control thread reads, for the metrics. */
#ifndef VERBGATE_CONTEXT_COUNTERS_H
#define VERBGATE_CONTEXT_COUNTERS_H

#include "verbgate/base/counter.h"
#include "verbgate/policy/field_guard.h"

struct counters {
    struct counter connections_accepted;
    struct counter connections_open;      /* now; connection_count for other threads */
    struct counter connections_displaced; /* idle ones that gave way to new ones */
    struct counter upstream_connects;
    struct counter upstream_reuses;
    struct counter upstream_waits;   /* requests that waited in a pool's queue */
    struct counter upstream_open;    /* now, idle ones too */
    struct counter upstream_idle;    /* now, private ones not included */
    struct counter upstream_resting; /* now, until they were silent for a while */
    struct counter upstream_private; /* now, those that belong to one client */
    struct counter spliced_bytes;    /* content that was not copied */
    struct counter retries;
    struct counter fields_dropped[FIELD_FATE_COUNT]; /* of requests, by why */
    struct counter upgrades_refused; /* forwarded without an Upgrade, or with less of it */
    struct counter reported; /* forwarded under report-only, though the policy would refuse */
    struct counter suppressed_log_lines;
};

#endif
