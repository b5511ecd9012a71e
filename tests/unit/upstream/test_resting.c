/* Connections that nobody gets before they were silent for a while. */
#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

enum { LONG_MS = 60 * 1000 };

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static struct pool *pool(void)
{
    return gateway.context.snapshot->upstreams[0].targets[0].pool;
}

static void ask(const char *method)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: h\r\n\r\n", method);
    cr_assert(end_send(&gateway.client, text, (size_t)length));
}

static void answer(const char *text)
{
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    cr_assert(end_send(&gateway.backend, text, strlen(text)));
    cr_assert(end_gets(&gateway.client, "\r\n\r\n"));
}

static void start(uint32_t reuse_delay_ms)
{
    gateway_start("");
    gateway.policy->upstreams[0].reuse_delay_ms = reuse_delay_ms;
    gateway_connect();
    ask("HEAD");
    answer(head);
    cr_assert_eq(pool()->resting_count, reuse_delay_ms > 0);
    cr_assert_eq(pool()->idle_count, reuse_delay_ms == 0);
}

static bool is_idle(const void *context)
{
    (void)context;
    return pool()->idle_count == 1 && pool()->resting_count == 0;
}

static bool is_closed(const void *context)
{
    (void)context;
    return pool()->connection_count == 0 && pool()->resting_count == 0;
}

Test(resting, lasts_until_the_server_was_silent_for_the_delay)
{
    start(30);
    cr_assert(gateway_wait(is_idle, NULL));
    ask("GET");
    answer(response);
    cr_assert_eq(gateway.backend_connections, 1);
    gateway_stop();
}

Test(resting, is_left_out_where_the_delay_is_none)
{
    start(0);
    ask("GET");
    answer(response);
    cr_assert_eq(gateway.backend_connections, 1);
    gateway_stop();
}

Test(resting, ends_with_a_byte_or_an_end)
{
    for (unsigned is_byte = 0; is_byte < 2; is_byte++) {
        start(LONG_MS);
        if (is_byte) {
            cr_assert(end_send(&gateway.backend, "o", 1));
        } else {
            end_close(&gateway.backend);
        }
        cr_assert(gateway_wait(is_closed, NULL));
        ask("GET");
        answer(response);
        cr_assert_eq(gateway.backend_connections, 2);
        gateway_stop();
    }
}

Test(resting, lends_the_connection_to_nobody)
{
    start(LONG_MS);
    ask("GET");
    answer(response);
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}

Test(resting, gives_way_when_descriptors_run_out)
{
    start(LONG_MS);
    cr_assert(kept_shed(&gateway.context));
    cr_assert(gateway_wait(is_closed, NULL));
    cr_assert_not(kept_shed(&gateway.context));
    gateway_stop();
}

Test(resting, gives_way_to_a_connection_that_is_fit_for_use)
{
    start(LONG_MS);
    gateway.policy->upstreams[0].max_idle = 1;
    gateway.backend.descriptor = -1; /* the first one stays open, too */
    ask("GET");
    answer(response);
    cr_assert_eq(pool()->resting_count, 0);
    cr_assert_eq(pool()->idle_count, 1);
    gateway_stop();
}

Test(resting, serves_the_line_when_it_is_over)
{
    start(50);
    pool()->pace.room = 0; /* no other one is opened, */
    pool()->pace.limits.tick_ms = LONG_MS;
    ask("GET");
    answer(response);
    cr_assert_eq(counter_read(&gateway.context.counters.upstream_waits), 1);
    cr_assert_eq(gateway.backend_connections, 1);
    gateway_stop();
}

/* An upstream with a longer delay, of this policy or of the next one, may share the pool. */
Test(resting, for_a_shorter_delay_is_not_enough_for_a_longer_one)
{
    start(1);
    cr_assert(gateway_wait(is_idle, NULL));
    gateway.policy->upstreams[0].reuse_delay_ms = 2;
    ask("GET");
    answer(response);
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}
