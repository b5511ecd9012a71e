/* Requests that wait in a pool's line for a connection. */
#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

enum { CLIENTS_MAX = 6, LONG_MS = 60 * 1000 };

static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
static const char last_response[] =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

static int clients[CLIENTS_MAX];
static unsigned client_count;

static struct pool *pool(void)
{
    return gateway.context.snapshot->upstreams[0].targets[0].pool;
}

static uint64_t waits(void)
{
    return counter_read(&gateway.context.counters.upstream_waits);
}

/* A gateway that opens one connection at a time, with so many clients. */
static void start(unsigned count, uint32_t tick_ms, uint32_t wait_ms)
{
    gateway_start("half-close-timeout = 1ms");
    pool()->pace.limits = (struct pace_limits){
        .most = 1, .tick_ms = tick_ms, .wait_ms = wait_ms, .still_ms = LONG_MS, .hold_ms = LONG_MS};
    pool()->pace.room = 1;
    for (client_count = 0; client_count < count; client_count++) {
        gateway_connect();
        clients[client_count] = gateway.client.descriptor;
    }
}

/* The client that the test plays from here on. */
static void be(unsigned client)
{
    gateway.client.descriptor = clients[client];
    gateway.client.length = gateway.client.seen = 0;
    gateway.client.has_ended = false;
}

static void ask(unsigned client)
{
    char text[64];
    int length = snprintf(text, sizeof text, "GET /%u HTTP/1.1\r\nHost: h\r\n\r\n", client);
    be(client);
    cr_assert(end_send(&gateway.client, text, (size_t)length));
}

static bool has_waits(const void *context)
{
    return waits() == *(const unsigned *)context;
}

static void ask_in_vain(unsigned client, unsigned waits_then)
{
    ask(client);
    cr_assert(gateway_wait(has_waits, &waits_then));
}

static void expect_at_backend(unsigned client)
{
    char text[64];
    snprintf(text, sizeof text, "GET /%u HTTP/1.1\r\n", client);
    cr_assert(end_gets(&gateway.backend, text));
}

static void ask_and_arrive(unsigned client)
{
    ask(client);
    expect_at_backend(client);
}

static void answer(unsigned client, const char *text)
{
    be(client);
    cr_assert(end_send(&gateway.backend, text, strlen(text)));
    cr_assert(end_gets(&gateway.client, "\r\n\r\nok"));
}

static void stop(void)
{
    for (unsigned i = 0; i + 1 < client_count; i++) {
        if (clients[i] >= 0) {
            close(clients[i]);
        }
    }
    be(client_count - 1);
    gateway_stop();
}

static bool has_two_connections(const void *context)
{
    (void)context;
    return gateway.backend_connections == 2;
}

static bool has_no_line(const void *context)
{
    (void)context;
    return !pool_has_waiters(pool());
}

static bool has_waiting(const void *context)
{
    return pool()->waiting_count == *(const unsigned *)context;
}

static bool has_first_room_again(const void *context)
{
    (void)context;
    return pool()->pace.room == 1;
}

Test(pool_queue, serves_who_came_first_on_the_connection_that_becomes_free)
{
    start(3, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    ask_in_vain(2, 2);
    cr_assert_eq(pool()->connection_count, 1);
    pool()->pace.room = 0; /* an answer makes room for another one, too */
    for (unsigned i = 0; i < 3; i++) {
        answer(i, response);
        if (i < 2) {
            expect_at_backend(i + 1);
        }
    }
    cr_assert_eq(gateway.backend_connections, 1);
    cr_assert_eq(counter_read(&gateway.context.counters.upstream_reuses), 2);
    cr_assert_eq(pool()->pace.takes, 2);
    cr_assert_not(pool_has_waiters(pool()));
    cr_assert_eq(pool()->waiting_count, 0);
    stop();
}

Test(pool_queue, lets_nobody_pass_who_comes_later)
{
    start(3, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    pool()->pace.room = 2; /* there would be room for whoever asks now */
    ask_in_vain(2, 2);
    pool()->pace.room = 0;
    answer(0, response);
    expect_at_backend(1);
    cr_assert_eq(pool()->connection_count, 1);
    stop();
}

/* The fixture's backend has one connection at a time, so that the first one ends here. */
Test(pool_queue, opens_another_when_the_first_has_answered)
{
    start(3, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    ask_in_vain(2, 2);
    answer(0, response);
    cr_assert(gateway_wait(has_two_connections, NULL));
    stop();
}

Test(pool_queue, opens_more_when_nobody_was_served_for_a_tick)
{
    start(2, 1, LONG_MS);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    cr_assert(gateway_wait(has_two_connections, NULL));
    cr_assert(gateway_wait(has_first_room_again, NULL), "the line is empty");
    expect_at_backend(1);
    stop();
}

static bool has_other_period(const void *context)
{
    return pool()->pace.period != *(const uint32_t *)context;
}

Test(pool_queue, has_four_times_the_room_after_a_tick)
{
    start(6, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    for (unsigned i = 1; i < 6; i++) {
        ask_in_vain(i, i);
    }
    uint32_t period = pool()->pace.period;
    deadline_arm(&gateway.context.deadlines, &pool()->tick, 1);
    cr_assert(gateway_wait(has_other_period, &period));
    cr_assert_eq(pool()->pace.room, 4);
    cr_assert_eq(pool()->waiting_count, 1);
    stop();
}

Test(pool_queue, knows_nothing_of_what_was_before_it)
{
    start(2, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    pool()->pace.takes += 100; /* since the connection began to open */
    pool()->pace.is_late = true;
    ask_in_vain(1, 1);
    cr_assert_not(pool()->pace.is_late);
    cr_assert_eq(pool()->pace.begun_takes, pool()->pace.takes);
    stop();
}

/* Waits for so many ticks, in each of which so many are served on kept connections, of which there are so many
 * that no first answer is late. */
struct ticks {
    unsigned left, served;
    uint64_t due_ms;
};

static bool have_passed(const void *context)
{
    struct ticks *ticks = (struct ticks *)(uintptr_t)context;
    if (pool()->tick.due_ms != ticks->due_ms) {
        ticks->due_ms = pool()->tick.due_ms;
        ticks->left--;
        pool()->pace.takes += ticks->served;
        pool()->pace.begun_takes += ticks->served;
    }
    return ticks->left == 0;
}

static void pass_ticks(unsigned served)
{
    struct ticks ticks = {.left = 5, .served = served};
    cr_assert(gateway_wait(have_passed, &ticks));
}

/* Two in line, who are not helped yet since the last first answer was late. */
static void start_with_two_in_line(uint32_t wait_ms)
{
    start(3, 1, wait_ms);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    pool()->pace.is_late = true;
    ask_in_vain(2, 2);
    cr_assert_eq(pool()->waiting_count, 2, "there was a tick in between");
}

/* One in two ticks would be fast enough: each may wait for a minute. */
Test(pool_queue, opens_no_more_while_it_is_served_fast_enough)
{
    start_with_two_in_line(LONG_MS);
    pool()->pace.takes++;
    pool()->pace.begun_takes++;
    pool()->pace.is_late = false;
    pass_ticks(1);
    cr_assert_eq(pool()->connection_count, 1);
    cr_assert(gateway_wait(has_no_line, NULL), "nobody is served any more");
    cr_assert_eq(pool()->connection_count, 3);
    stop();
}

Test(pool_queue, opens_more_when_it_is_served_too_slowly)
{
    start_with_two_in_line(0);
    pool()->pace.takes++;
    pool()->pace.begun_takes++;
    pool()->pace.is_late = false;
    struct ticks ticks = {.left = 100, .served = 1, .due_ms = pool()->tick.due_ms};
    while (pool_has_waiters(pool()) && ticks.left > 0) {
        uv_run(&gateway.loop, UV_RUN_ONCE);
        (void)have_passed(&ticks);
    }
    cr_assert_not(pool_has_waiters(pool()));
    stop();
}

Test(pool_queue, opens_no_more_after_a_first_answer_that_was_late)
{
    start_with_two_in_line(LONG_MS);
    pass_ticks(0);
    cr_assert_eq(pool()->connection_count, 1);
    pool()->pace.is_late = false;
    cr_assert(gateway_wait(has_no_line, NULL));
    stop();
}

Test(pool_queue, opens_no_more_while_a_first_answer_is_late)
{
    start_with_two_in_line(LONG_MS);
    pool()->pace.is_late = false;
    pool()->pace.takes = pool()->pace.begun_takes + 1; /* there are no others, so one is too many */
    pass_ticks(0);
    cr_assert_eq(pool()->connection_count, 1);
    pool()->pace.begun_takes = pool()->pace.takes;
    cr_assert(gateway_wait(has_no_line, NULL));
    stop();
}

Test(pool_queue, opens_more_all_the_same_when_nobody_was_served_for_some_time)
{
    start_with_two_in_line(LONG_MS);
    pass_ticks(0);
    cr_assert_eq(pool()->connection_count, 1);
    cr_assert_geq(pool()->pace.still_ms, 4);
    pool()->pace.still_ms += LONG_MS / 2;
    pool()->pace.takes++;
    pass_ticks(0);
    cr_assert(pool()->pace.still_ms < LONG_MS / 2, "one tick was not still");
    pool()->pace.still_ms = LONG_MS;
    cr_assert(gateway_wait(has_no_line, NULL));
    cr_assert(gateway_wait(has_first_room_again, NULL));
    cr_assert(pool()->pace.still_ms == 0 && pool()->pace.held_ms == 0 && !pool()->pace.is_late);
    stop();
}

static void tick_once_until_so_many_wait(unsigned waiting)
{
    pool()->pace.limits.tick_ms = LONG_MS; /* of the one after this */
    pool()->pace.takes++;
    deadline_arm(&gateway.context.deadlines, &pool()->tick, 1);
    cr_assert(gateway_wait(has_waiting, &waiting));
    cr_assert_eq(pool()->pace.room, 1);
}

/* A long poll or an upload makes a first answer as late as a busy server does. */
Test(pool_queue, opens_as_many_as_at_first_each_tick_when_it_was_held_for_long)
{
    start_with_two_in_line(0);
    pass_ticks(1);
    cr_assert_eq(pool()->connection_count, 1);
    cr_assert_geq(pool()->pace.held_ms, 4);
    pool()->pace.held_ms = LONG_MS;
    tick_once_until_so_many_wait(1);
    tick_once_until_so_many_wait(0);
    stop();
}

/* Without room to open another one. */
static void start_with_one_in_line_for_a_used_connection(void)
{
    start(3, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    answer(0, response);
    ask_and_arrive(0);
    pool()->pace.room = 0;
    ask_in_vain(1, 1);
    pool()->pace.room = 0; /* a line begins with the room of the start */
}

Test(pool_queue, is_passed_by_who_replaces_a_dead_connection)
{
    start_with_one_in_line_for_a_used_connection();
    close(gateway.backend.descriptor);
    gateway.backend.descriptor = -1;
    cr_assert(gateway_wait(has_two_connections, NULL));
    cr_assert_eq(counter_read(&gateway.context.counters.retries), 1);
    cr_assert_eq(pool()->waiting_count, 1);
    stop();
}

Test(pool_queue, takes_a_first_answer_for_late_after_two_on_each_kept_connection)
{
    start(1, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    answer(0, response);
    cr_assert_eq(pool()->connection_count, 1);
    pool_connection_opened(pool());
    for (unsigned takes = 0; takes < 4; takes++) {
        struct pace_opening opening = pace_begin(&pool()->pace);
        cr_assert_eq(pool()->pace.begun_takes, pool()->pace.takes);
        pool()->pace.room = 64;
        pool()->pace.takes += takes;
        pace_answered(&pool()->pace, &opening, pool_others(pool()));
        cr_assert_eq(pool()->pace.is_late, takes == 3);
        cr_assert_eq(pool()->pace.room, takes == 3 ? 1 : 64);
        cr_assert_eq(opening.period, 0);
        cr_assert_eq(pool()->pace.opening, 0);
    }
    pool_connection_closed(pool());
    stop();
}

Test(pool_queue, is_left_by_a_client_that_leaves)
{
    start(3, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    close(clients[1]);
    clients[1] = -1;
    cr_assert(gateway_wait(has_no_line, NULL));
    cr_assert_eq(gateway.reason, REASON_CLIENT_GONE);
    answer(0, response);
    ask_and_arrive(2);
    cr_assert(memmem(gateway.backend.bytes, gateway.backend.length, "GET /1", 6) == NULL);
    stop();
}

Test(pool_queue, is_not_there_where_the_server_closes_its_connections)
{
    start(3, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    answer(0, last_response);
    ask_and_arrive(1);
    ask_and_arrive(2);
    cr_assert_eq(gateway.backend_connections, 3);
    cr_assert_eq(waits(), 0);
    stop();
}

/* As servers do that bound how many responses a connection has: the next one is kept as this one was. */
Test(pool_queue, stays_when_a_connection_ends_after_several_responses)
{
    start_with_one_in_line_for_a_used_connection();
    answer(0, last_response);
    cr_assert_not(pool()->pace.closes);
    cr_assert_eq(pool()->waiting_count, 1);
    stop();
}

Test(pool_queue, is_not_there_where_none_may_be_kept)
{
    start(2, LONG_MS, LONG_MS);
    gateway.policy->upstreams[0].max_idle = 0;
    ask_and_arrive(0);
    answer(0, response);
    cr_assert(pool()->pace.closes);
    ask_and_arrive(0);
    ask_and_arrive(1);
    cr_assert_eq(waits(), 0);
    stop();
}

/* Both come in one turn of the loop; the first connection fails in a later one. */
Test(pool_queue, moves_on_when_a_connection_cannot_be_opened)
{
    start(2, LONG_MS, LONG_MS);
    close(gateway.listener);
    gateway.listener = -1;
    static const char text[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(send(clients[i], text, sizeof text - 1, MSG_NOSIGNAL), sizeof text - 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        be(i);
        cr_assert(end_gets(&gateway.client, "HTTP/1.1 502 "));
    }
    cr_assert_eq(waits(), 1);
    cr_assert_eq(pool()->pace.opening, 0);
    stop();
}

Test(pool_queue, ends_when_all_is_aborted)
{
    start(2, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    proxy_abort(&gateway.context);
    cr_assert_not(pool_has_waiters(pool()));
    stop();
}

static bool has_no_connection(const void *context)
{
    const struct pool *old = context;
    return old->connection_count == 0;
}

/* After a reload nobody but the one in line needs the pool any more, and that one ends while it is
 * being served. */
Test(pool_queue, may_take_its_pool_with_it)
{
    start(2, LONG_MS, LONG_MS);
    ask_and_arrive(0);
    ask_in_vain(1, 1);
    struct pool *old = pool();
    struct policy *next = fixture_policy_to(1, "half-close-timeout = 1ms");
    cr_assert(proxy_install(&gateway.context, next));
    policy_release(next);
    cr_assert(pool() != old);
    close(clients[0]);
    clients[0] = -1;
    cr_assert(gateway_wait(has_no_connection, old));
    size_t most = gateway.context.upstreams.max_out;
    gateway.context.upstreams.max_out =
        0; /* no connection can be made, so that none keeps the pool */
    deadline_arm(&gateway.context.deadlines, &old->tick, 1);
    be(1);
    cr_assert(end_gets(&gateway.client, "HTTP/1.1 503 "));
    gateway.context.upstreams.max_out = most;
    cr_assert(gateway.context.pools.next == &pool()->node &&
              pool()->node.next == &gateway.context.pools);
    stop();
}

/* What began in another period is not taken for one of this. */
Test(pool_queue, counts_what_is_opening_once)
{
    start(1, LONG_MS, LONG_MS);
    struct pace_opening first = pace_begin(&pool()->pace);
    struct pace_opening forgotten = first;
    cr_assert_not(pace_may_open(&pool()->pace));
    pace_end(&pool()->pace, &first);
    cr_assert(pace_may_open(&pool()->pace));
    pace_end(&pool()->pace, &first);
    cr_assert_eq(pool()->pace.opening, 0);
    pool()->pace.period++;
    struct pace_opening later = pace_begin(&pool()->pace);
    pace_end(&pool()->pace, &forgotten);
    cr_assert_eq(pool()->pace.opening, 1);
    pace_end(&pool()->pace, &later);
    cr_assert_eq(pool()->pace.opening, 0);
    stop();
}
