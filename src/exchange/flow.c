#include "verbgate/exchange/flow.h"

#include <assert.h>

#define TO(state) (1u << FLOW_##state)

/* A request goes back to HELD when another connection has to be found for it. A HEAD of a request may end the flow
 * (no content, or nobody wants it), and so may that of a response (an answer of the gateway's own). */
const unsigned char flow_moves[FLOW_STATE_COUNT] = {
    [FLOW_HEAD] = TO(HELD) | TO(CONTENT) | TO(STORE) | TO(DROP) | TO(DONE) | TO(TUNNEL),
    [FLOW_HELD] = TO(CONTENT) | TO(STORE) | TO(DROP) | TO(DONE),
    [FLOW_CONTENT] = TO(HELD) | TO(DROP) | TO(DONE),
    [FLOW_STORE] = TO(DROP) | TO(DONE),
    [FLOW_DROP] = TO(DONE),
    [FLOW_DONE] = TO(HELD) | TO(TUNNEL),
    [FLOW_TUNNEL] = 0,
};

const char *flow_state_name(enum flow_state state)
{
    static const char *const names[FLOW_STATE_COUNT] = {"head", "held", "content", "store",
                                                        "drop", "done", "tunnel"};
    assert(state < FLOW_STATE_COUNT);
    return names[state];
}

void flow_drop_store(struct flow *flow)
{
    content_store_free(flow->store);
    flow->store = NULL;
}

void flow_free(struct flow *flow, unsigned *large_rooms)
{
    splice_pipe_free(flow->pipe);
    content_store_free(flow->store);
    relay_room_end(&flow->room, large_rooms);
}
