/* A worker's view of one policy: the policy with the worker's own pools and round-robin places.
 * Exchanges hold the snapshot that they started with; the last one lets it go. One thread. */
#ifndef VERBGATE_PROXY_SNAPSHOT_H
#define VERBGATE_PROXY_SNAPSHOT_H

#include "verbgate/base/attributes.h"
#include "verbgate/policy/policy.h"
#include "verbgate/proxy/pool.h"

struct snapshot_upstream {
    struct pool **pools; /* one per server; owned array, referenced pools */
    unsigned next;       /* round robin */
};

struct snapshot {
    unsigned references;
    struct policy *policy; /* one reference */
    struct snapshot_upstream *upstreams;
};

/* A snapshot with one reference over `policy` (which gets one more), or NULL when memory is short.
 */
MUST_CHECK struct snapshot *snapshot_create(struct proxy *proxy, struct policy *policy);

static inline struct snapshot *snapshot_reference(struct snapshot *snapshot)
{
    snapshot->references++;
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot);

#endif
