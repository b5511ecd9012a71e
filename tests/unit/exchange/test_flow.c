/* The states of content on its way, and the moves between them. */
#include <criterion/criterion.h>

#include "verbgate/exchange/flow.h"

/* From each state: the states that may follow. */
static const char *const moves[FLOW_STATE_COUNT] = {
    [FLOW_HEAD] = "held content store drop done tunnel",
    [FLOW_HELD] = "content store drop done",
    [FLOW_CONTENT] = "held drop done",
    [FLOW_STORE] = "drop done",
    [FLOW_DROP] = "done",
    [FLOW_DONE] = "held tunnel",
    [FLOW_TUNNEL] = "",
};

Test(flow, moves_along_its_legal_ways_only)
{
    for (enum flow_state from = 0; from < FLOW_STATE_COUNT; from++) {
        for (enum flow_state to = 0; to < FLOW_STATE_COUNT; to++) {
            bool is_legal = strstr(moves[from], flow_state_name(to)) != NULL;
            cr_assert_eq(flow_may_move(from, to), is_legal, "%s to %s", flow_state_name(from),
                         flow_state_name(to));
        }
    }
}

Test(flow, forgets_what_it_has_kept)
{
    struct store_memory memory = {.most = 1 << 20};
    struct flow flow = {.state = FLOW_STORE};
    unsigned large_rooms = 0;
    flow.store = content_store_create(&memory, 1 << 16, "/nowhere");
    cr_assert(flow.store != NULL);
    cr_assert_eq(content_store_append(flow.store, SLICE("abc")), 0);
    cr_assert(flow_has_stored(&flow));
    flow_drop_store(&flow);
    cr_assert_not(flow_has_stored(&flow));
    cr_assert_eq(memory.used, 0);
    flow_finish(&flow, &large_rooms);
}
