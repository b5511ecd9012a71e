/* What one client may take of a turn of the loop. */
#include <criterion/criterion.h>

#include "gateway_fixture.h"

Test(turns, are_counted_and_keep_no_loop_alive)
{
    gateway_start("");
    cr_assert(!uv_loop_alive(&gateway.loop));
    gateway_connect();
    uint64_t before = proxy_turn(&gateway.proxy);
    gateway_turn();
    cr_assert_eq(proxy_turn(&gateway.proxy), before + 1);
    gateway_turn();
    cr_assert_eq(proxy_turn(&gateway.proxy), before + 2);
    gateway_stop();
}
