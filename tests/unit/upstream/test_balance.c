#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

#include "verbgate/upstream/balance.h"

static struct policy *policy;

static void start(const char *servers)
{
    char text[512];
    gateway_prepare("");
    policy_release(gateway.policy);
    snprintf(text, sizeof text, "[listener a]\nbind = 127.0.0.1:0\n[upstream app]\n%s", servers);
    gateway.policy = policy = fixture_policy(text);
    cr_assert(gateway_try_proxy());
}

static unsigned choose(void)
{
    unsigned server = 77;
    struct snapshot *snapshot = gateway.context.snapshot;
    struct pool *pool = balance_choose(snapshot, &policy->upstreams[0], &server);
    cr_assert(server < policy->upstreams[0].server_count);
    cr_assert(pool == snapshot->upstreams[0].targets[server].pool);
    return server;
}

static struct pool *pool_of(unsigned server)
{
    return gateway.context.snapshot->upstreams[0].targets[server].pool;
}

#define THREE "server = 127.0.0.1:1\nserver = 127.0.0.1:2\nserver = 127.0.0.1:3\n"

Test(balance, takes_the_servers_in_turn)
{
    start(THREE);
    for (unsigned i = 0; i < 7; i++) {
        cr_assert_eq(choose(), i % 3);
    }
    cr_assert_eq(balance_count(gateway.context.snapshot, &policy->upstreams[0]), 3);
    gateway_stop();
}

Test(balance, passes_over_servers_that_failed_lately)
{
    start(THREE);
    pool_mark_failed(pool_of(1));
    cr_assert_eq(choose(), 0);
    cr_assert_eq(choose(), 2);
    cr_assert_eq(choose(), 0);
    pool_of(1)->failed_until_ms = uv_now(&gateway.loop); /* over */
    cr_assert_eq(choose(), 1);
    gateway_stop();
}

Test(balance, goes_on_in_turn_when_all_have_failed)
{
    start(THREE);
    for (unsigned i = 0; i < 3; i++) {
        pool_mark_failed(pool_of(i));
    }
    for (unsigned i = 0; i < 6; i++) {
        cr_assert_eq(choose(), i % 3);
    }
    gateway_stop();
}

Test(balance, always_takes_the_only_server)
{
    start("server = 127.0.0.1:1\n");
    cr_assert_eq(choose(), 0);
    pool_mark_failed(pool_of(0));
    cr_assert_eq(choose(), 0);
    gateway_stop();
}
