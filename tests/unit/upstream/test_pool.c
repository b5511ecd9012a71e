#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static struct pool *pool(void)
{
    return gateway.context.snapshot->upstreams[0].targets[0].pool;
}

static void send_request(const char *method)
{
    char text[128];
    snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", method);
    cr_assert(end_send(&gateway.client, text, strlen(text)));
}

static void send_response(void)
{
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    cr_assert(end_send(&gateway.backend, response, sizeof response - 1));
    cr_assert(end_gets(&gateway.client, "\r\n\r\nok"));
}

static void carry_one(void)
{
    send_request("GET");
    send_response();
}

static bool has_no_idle(const void *context)
{
    (void)context;
    return pool()->idle_count == 0 && pool()->connection_count == 0;
}

Test(pool, keeps_a_connection_and_uses_it_again)
{
    gateway_start("");
    gateway_connect();
    for (unsigned i = 0; i < 5; i++) {
        carry_one();
        cr_assert_eq(pool()->idle_count, 1);
    }
    cr_assert_eq(gateway.backend_connections, 1);
    cr_assert_eq(counter_read(&gateway.context.counters.upstream_connects), 1);
    cr_assert_eq(counter_read(&gateway.context.counters.upstream_reuses), 4);
    gateway_stop();
}

Test(pool, keeps_no_more_than_it_is_told)
{
    gateway_start("");
    gateway.policy->upstreams[0].max_idle = 0;
    gateway_connect();
    carry_one();
    cr_assert_eq(pool()->idle_count, 0);
    cr_assert(end_is_ended(&gateway.backend));
    carry_one();
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}

/* Another upstream, or the policy before, may have kept one. */
Test(pool, takes_no_kept_connection_where_none_is_to_be_kept)
{
    gateway_start("");
    gateway_connect();
    carry_one();
    cr_assert_eq(pool()->idle_count, 1);
    gateway.policy->upstreams[0].max_idle = 0;
    carry_one();
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}

Test(pool, forgets_a_connection_that_its_server_ends)
{
    gateway_start("");
    gateway_connect();
    carry_one();
    end_close(&gateway.backend);
    cr_assert(gateway_wait(has_no_idle, NULL));
    carry_one();
    cr_assert_eq(gateway.backend_connections, 2);
    cr_assert_eq(counter_read(&gateway.context.counters.retries), 0);
    gateway_stop();
}

Test(pool, ends_a_connection_that_speaks_without_being_asked)
{
    gateway_start("");
    gateway_connect();
    carry_one();
    cr_assert(end_send(&gateway.backend, response, sizeof response - 1));
    cr_assert(gateway_wait(has_no_idle, NULL));
    carry_one();
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}

Test(pool, ends_a_connection_that_was_idle_for_too_long)
{
    gateway_start("");
    gateway.policy->upstreams[0].idle_timeout_ms = 20;
    gateway_connect();
    carry_one();
    cr_assert_eq(pool()->idle_count, 1);
    cr_assert(gateway_wait(has_no_idle, NULL));
    cr_assert(end_is_ended(&gateway.backend));
    gateway_stop();
}

/* Both ends move in the same turn, so the gateway may hear of the request first. */
static void run_dead_reuse(const char *method, bool with_reset)
{
    gateway_start("");
    gateway_connect();
    carry_one();
    send_request(method);
    if (with_reset) {
        end_reset(&gateway.backend);
    } else {
        end_close(&gateway.backend);
    }
    send_response();
    cr_assert_eq(gateway.backend_connections, 2);
    cr_assert_eq(gateway.status, 200);
    gateway_stop();
}

Test(pool, sends_a_request_again_when_a_kept_connection_was_dead)
{
    run_dead_reuse("GET", false);
    run_dead_reuse("GET", true);
}

Test(pool, never_gives_a_request_that_cannot_be_repeated_to_a_dead_connection)
{
    run_dead_reuse("POST", false);
    run_dead_reuse("POST", true);
}

Test(pool, is_one_for_each_address_and_goes_with_its_last_reference)
{
    gateway_start("");
    struct socket_address address = pool()->address;
    struct pool *same = pool_reference(&gateway.context, &address);
    cr_assert(same == pool());
    cr_assert_eq(same->references, 2);
    address.v4.sin_port = htons(1);
    struct pool *other = pool_reference(&gateway.context, &address);
    cr_assert(other != NULL && other != same);
    cr_assert(list_is_empty(&other->idle));
    cr_assert(gateway.context.pools.previous == &other->node);
    pool_release(other);
    cr_assert(gateway.context.pools.previous == &same->node);
    pool_release(same);
    cr_assert_eq(pool()->references, 1);
    gateway_stop();
}

Test(pool, passes_a_failed_server_over_for_a_while)
{
    gateway_start("");
    cr_assert_not(pool_is_failed(pool()));
    pool_mark_failed(pool());
    cr_assert(pool_is_failed(pool()));
    cr_assert_eq(pool()->failed_until_ms, uv_now(&gateway.loop) + POOL_FAILED_MS);
    gateway_connect();
    carry_one();
    cr_assert_not(pool_is_failed(pool()), "a connection that works ends that");
    gateway_stop();
}
