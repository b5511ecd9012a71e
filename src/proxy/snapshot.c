#include "verbgate/proxy/snapshot.h"

#include <assert.h>
#include <stdlib.h>

static bool fill_upstream(struct snapshot_upstream *state, struct proxy *proxy,
                          const struct policy_upstream *upstream)
{
    state->pools = calloc(upstream->server_count, sizeof(struct pool *));
    if (state->pools == NULL) {
        return false;
    }
    for (unsigned i = 0; i < upstream->server_count; i++) {
        assert(upstream->servers[i].is_resolved);
        state->pools[i] = pool_reference(proxy, &upstream->servers[i].socket);
        if (state->pools[i] == NULL) {
            return false;
        }
    }
    return true;
}

struct snapshot *snapshot_create(struct proxy *proxy, struct policy *policy)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        return NULL;
    }
    policy_reference(policy);
    snapshot->references = 1;
    snapshot->policy = policy;
    snapshot->upstreams = calloc(policy->upstream_count, sizeof *snapshot->upstreams);
    bool fine = snapshot->upstreams != NULL;
    for (unsigned i = 0; fine && i < policy->upstream_count; i++) {
        fine = fill_upstream(&snapshot->upstreams[i], proxy, &policy->upstreams[i]);
    }
    if (!fine) {
        snapshot_release(snapshot);
        return NULL;
    }
    return snapshot;
}

static void release_upstream(struct snapshot_upstream *state, unsigned server_count)
{
    for (unsigned i = 0; state->pools != NULL && i < server_count; i++) {
        if (state->pools[i] != NULL) {
            pool_release(state->pools[i]);
        }
    }
    free(state->pools);
}

/* Also takes back a snapshot that snapshot_create could not complete. */
void snapshot_release(struct snapshot *snapshot)
{
    assert(snapshot->references > 0);
    if (--snapshot->references > 0) {
        return;
    }
    struct policy *policy = snapshot->policy;
    for (unsigned i = 0; snapshot->upstreams != NULL && i < policy->upstream_count; i++) {
        release_upstream(&snapshot->upstreams[i], policy->upstreams[i].server_count);
    }
    free(snapshot->upstreams);
    free(snapshot);
    policy_release(policy);
}
