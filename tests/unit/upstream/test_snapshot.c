#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

static unsigned references(void)
{
    return policy_references(gateway.policy);
}

Test(snapshot, holds_the_policy_and_lets_it_go_with_its_last_reference)
{
    gateway_start("");
    unsigned before = references();
    struct snapshot *snapshot = snapshot_create(&gateway.context, gateway.policy);
    cr_assert(snapshot != NULL && snapshot->policy == gateway.policy);
    cr_assert_eq(references(), before + 1);
    cr_assert(snapshot_reference(snapshot) == snapshot);
    snapshot_release(snapshot);
    cr_assert_eq(references(), before + 1);
    snapshot_release(snapshot);
    cr_assert_eq(references(), before);
    gateway_stop();
}

Test(snapshot, shares_pools_by_address)
{
    gateway_start("");
    struct policy *same = fixture_policy_to(gateway.port, "");
    struct policy *other = fixture_policy_to(1, "");
    struct pool *pool = gateway.context.snapshot->upstreams[0].targets[0].pool;
    struct snapshot *with_same = snapshot_create(&gateway.context, same);
    struct snapshot *with_other = snapshot_create(&gateway.context, other);
    cr_assert(with_same->upstreams[0].targets[0].pool == pool);
    cr_assert_eq(pool->references, 2);
    cr_assert(with_other->upstreams[0].targets[0].pool != pool);
    snapshot_release(with_same);
    snapshot_release(with_other);
    cr_assert_eq(pool->references, 1);
    cr_assert(gateway.context.pools.next == &pool->node &&
                  gateway.context.pools.previous == &pool->node,
              "the other pool is gone");
    policy_release(same);
    policy_release(other);
    gateway_stop();
}

static bool is_answered(const void *context)
{
    (void)context;
    return gateway.records == 1;
}

Test(snapshot, stays_with_the_exchange_that_started_under_it)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    gateway_start("");
    gateway_connect();
    cr_assert(end_send(&gateway.client, request, sizeof request - 1));
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    unsigned before = references();
    struct policy *next = fixture_policy_to(1, "max-head = 8k\nmax-target = 4k");
    cr_assert(proxy_install(&gateway.context, next));
    policy_release(next);
    cr_assert_eq(references(), before, "the exchange still holds its snapshot");
    cr_assert(end_send(&gateway.backend, response, sizeof response - 1));
    cr_assert(end_gets(&gateway.client, "ok"));
    cr_assert(gateway_wait(is_answered, NULL));
    cr_assert_eq(references(), 1, "only the test holds the old policy");
    cr_assert(end_is_ended(&gateway.backend), "a pool that no policy wants keeps nothing");
    gateway_stop();
}
