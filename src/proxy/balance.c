#include "verbgate/proxy/balance.h"

struct pool *balance_choose(struct snapshot *snapshot, const struct policy_upstream *upstream,
                            unsigned *server)
{
    struct snapshot_upstream *state = &snapshot->upstreams[upstream->index];
    unsigned first = state->next;
    unsigned choice = first;
    for (unsigned i = 0; i < upstream->server_count; i++) {
        unsigned candidate = (first + i) % upstream->server_count;
        if (!pool_is_failed(state->pools[candidate])) {
            choice = candidate;
            break;
        }
    }
    state->next = (choice + 1) % upstream->server_count;
    *server = choice;
    return state->pools[choice];
}
