#include "verbgate/upstream/balance.h"

struct pool *balance_choose(struct snapshot *snapshot, const struct policy_upstream *upstream,
                            unsigned *server)
{
    struct snapshot_upstream *state = &snapshot->upstreams[upstream->index];
    unsigned choice = state->next;
    for (unsigned i = 0; i < state->target_count; i++) {
        unsigned candidate = (state->next + i) % state->target_count;
        if (!pool_is_failed(state->targets[candidate].pool)) {
            choice = candidate;
            break;
        }
    }
    state->next = (choice + 1) % state->target_count;
    *server = state->targets[choice].server;
    return state->targets[choice].pool;
}

unsigned balance_count(const struct snapshot *snapshot, const struct policy_upstream *upstream)
{
    return snapshot->upstreams[upstream->index].target_count;
}
