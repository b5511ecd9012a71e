/* A worker's view of one policy: the policy with the worker's own pools and round-robin places.
 * Exchanges hold the snapshot that they started with; the last one lets it go. One thread. */
#ifndef VERBGATE_UPSTREAM_SNAPSHOT_H
#define VERBGATE_UPSTREAM_SNAPSHOT_H

#include "verbgate/base/attributes.h"
#include "verbgate/policy/policy.h"
#include "verbgate/upstream/pool.h"

/* One address of one server. */
struct snapshot_target {
    struct pool *pool;
    unsigned server; /* index in the upstream */
};

struct snapshot_upstream {
    struct snapshot_target *targets; /* every address of every server; owned, pools referenced */
    unsigned target_count;
    unsigned next; /* round robin */
};

struct snapshot {
    unsigned references;
    unsigned serial;             /* counts the snapshots of a worker, from 1 */
    const struct policy *policy; /* one reference */
    struct snapshot_upstream *upstreams;
};

/* A snapshot with one reference over `policy` (which gets one more), or NULL when memory is short.
 */
MUST_CHECK struct snapshot *snapshot_create(struct context *context, const struct policy *policy);

static inline struct snapshot *snapshot_reference(struct snapshot *snapshot)
{
    snapshot->references++;
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot);

#endif
