#include "verbgate/upstream/snapshot.h"

#include "verbgate/upstream/kept.h"

#include <assert.h>
#include <stdlib.h>

static bool add_server(struct snapshot_upstream *state, struct context *context,
                       const struct policy_server *server, unsigned index)
{
    for (unsigned i = 0; i < server->socket_count; i++) {
        struct pool *pool = pool_reference(context, &server->sockets[i]);
        if (pool == NULL) {
            return false;
        }
        state->targets[state->target_count++] = (struct snapshot_target){pool, index};
    }
    return true;
}

static bool fill_upstream(struct snapshot_upstream *state, struct context *context,
                          const struct policy_upstream *upstream)
{
    unsigned count = 0;
    for (unsigned i = 0; i < upstream->server_count; i++) {
        assert(upstream->servers[i].socket_count > 0); /* resolved before it was published */
        count += upstream->servers[i].socket_count;
    }
    state->targets = calloc(count, sizeof *state->targets);
    bool fine = state->targets != NULL;
    for (unsigned i = 0; fine && i < upstream->server_count; i++) {
        fine = add_server(state, context, &upstream->servers[i], i);
    }
    return fine;
}

struct snapshot *snapshot_create(struct context *context, const struct policy *policy)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        return NULL;
    }
    policy_reference(policy);
    snapshot->references = 1;
    snapshot->serial = ++context->snapshot_count;
    snapshot->policy = policy;
    snapshot->upstreams = calloc(policy->upstream_count, sizeof *snapshot->upstreams);
    bool fine = snapshot->upstreams != NULL;
    for (unsigned i = 0; fine && i < policy->upstream_count; i++) {
        fine = fill_upstream(&snapshot->upstreams[i], context, &policy->upstreams[i]);
    }
    if (!fine) {
        snapshot_release(snapshot);
        return NULL;
    }
    return snapshot;
}

static void release_upstream(struct snapshot_upstream *state)
{
    for (unsigned i = 0; i < state->target_count; i++) {
        struct pool *pool = state->targets[i].pool;
        if (pool->references == 1) {
            kept_close_all(pool); /* no policy wants it any more */
        }
        pool_release(pool);
    }
    free(state->targets);
}

/* Also takes back a snapshot that snapshot_create could not complete. */
void snapshot_release(struct snapshot *snapshot)
{
    assert(snapshot->references > 0);
    if (--snapshot->references > 0) {
        return;
    }
    const struct policy *policy = snapshot->policy;
    for (unsigned i = 0; snapshot->upstreams != NULL && i < policy->upstream_count; i++) {
        release_upstream(&snapshot->upstreams[i]);
    }
    free(snapshot->upstreams);
    free(snapshot);
    policy_release(policy);
}
