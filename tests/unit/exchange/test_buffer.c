/* Content that is buffered, on its way to a server that takes it as it likes. */
#include <criterion/criterion.h>

#include "../proxy/gateway_fixture.h"

#include "verbgate/http/serialise.h"

#include <stdlib.h>

enum { LARGE = 4 * 1024 * 1024, CHUNK = 50000 };

static char content[LARGE];

static void start(void)
{
    for (size_t i = 0; i < LARGE; i++) {
        content[i] = (char)(i * 31 + i / 4096);
    }
}

TestSuite(buffer, .init = start);

static bool send_text(struct end *end, const char *text)
{
    return end_send(end, text, strlen(text));
}

/* A PUT with the content's first `length` bytes, in chunks. */
static void send_chunked(size_t length)
{
    cr_assert(send_text(&gateway.client, "PUT / HTTP/1.1\r\nHost: h\r\n"
                                         "Transfer-Encoding: chunked\r\n\r\n"));
    for (size_t at = 0; at < length; at += CHUNK) {
        size_t count = length - at < CHUNK ? length - at : CHUNK;
        char head[SERIALISE_CHUNK_HEAD_MAX + 1];
        snprintf(head, sizeof head, "%zx\r\n", count);
        cr_assert(send_text(&gateway.client, head));
        cr_assert(end_send(&gateway.client, content + at, count));
        cr_assert(send_text(&gateway.client, "\r\n"));
    }
    cr_assert(send_text(&gateway.client, "0\r\nX-Sum: 1\r\n\r\n"));
}

/* Takes the head of the request at the backend, which must say `length`. */
static void expect_head(size_t length)
{
    char line[64];
    snprintf(line, sizeof line, "Content-Length: %zu\r\n\r\n", length);
    cr_assert(end_gets(&gateway.backend, line), "%.*s", 300, gateway.backend.bytes);
}

/* Compares what has come and makes room for more; returns how much it was. */
static size_t compare(size_t at)
{
    struct end *end = &gateway.backend;
    size_t length = end->length - end->seen;
    cr_assert_leq(at + length, (size_t)LARGE);
    cr_assert(memcmp(end->bytes + end->seen, content + at, length) == 0, "behind byte %zu", at);
    end->length = end->seen = 0;
    return length;
}

static void expect_answer(void)
{
    cr_assert(send_text(&gateway.backend, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    cr_assert(end_gets(&gateway.client, "\r\n\r\nok"));
}

static void expect_content(size_t length)
{
    uint64_t limit = uv_hrtime() + 4 * GATEWAY_WAIT_SECONDS * (uint64_t)1000000000;
    size_t at = compare(0);
    while (at < length && uv_hrtime() < limit) {
        gateway_turn();
        at += compare(at);
    }
    cr_assert_eq(at, length);
}

/* One turn, which sends no more pieces than it may. */
static void take_turn(void)
{
    unsigned before = gateway.of_backend.calls;
    gateway_turn();
    cr_assert_leq(gateway.of_backend.calls - before, EXCHANGE_STORED_PIECES + 1u);
}

/* All that the client sends comes first, then turn by turn what goes to the backend. */
static void send_in_turns(void)
{
    gateway_start("buffer-request = all\nbuffer-memory = 16m");
    gateway_connect();
    send_chunked(LARGE);
    for (unsigned turns = 0; gateway.backend.length == 0 && turns < 100000; turns++) {
        take_turn();
    }
    expect_head(LARGE);
}

static void carry_two(size_t length)
{
    for (unsigned request = 0; request < 2; request++) {
        send_chunked(length);
        expect_head(length);
        expect_content(length);
        expect_answer();
    }
    cr_assert_eq(gateway.records, 2);
}

Test(buffer, one_turn_of_the_loop_sends_a_bounded_number_of_pieces)
{
    send_in_turns();
    size_t at = compare(0);
    for (unsigned turns = 0; at < LARGE && turns < 100000; turns++) {
        take_turn();
        at += compare(at);
    }
    cr_assert_eq(at, (size_t)LARGE);
    expect_answer();
    gateway_stop();
}

Test(buffer, an_answer_between_two_turns_ends_the_sending_and_the_connection)
{
    send_in_turns();
    expect_answer();
    for (unsigned turns = 0; turns < 20; turns++) {
        gateway_turn(); /* whatever was left for later finds nothing to do */
    }
    gateway.backend.length = gateway.backend.seen = 0;
    send_chunked(10);
    expect_head(10);
    expect_content(10);
    expect_answer();
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}

/* For as long as a response may take. */
static void wait_long(void)
{
    uint64_t end = uv_hrtime() + 100 * (uint64_t)1000000;
    while (uv_hrtime() < end) {
    }
}

Test(buffer, the_server_has_its_whole_time_to_answer_once_it_has_the_whole_request)
{
    send_in_turns();
    size_t at = compare(0);
    for (unsigned turns = 0; at < LARGE && turns < 100000; turns++) {
        wait_long();
        take_turn();
        at += compare(at);
    }
    cr_assert_eq(at, (size_t)LARGE);
    expect_answer();
    cr_assert_eq(gateway.status, 200);
    gateway_stop();
}

/* Two requests; the kept connection of the first breaks while the second one's content is sent, and
 * there is no other. */
Test(buffer, a_request_behind_one_that_fails_between_two_turns_is_served)
{
    gateway_start("buffer-request = all\nbuffer-memory = 16m");
    gateway_connect();
    send_chunked(10);
    expect_head(10);
    expect_content(10);
    expect_answer();
    send_chunked(LARGE);
    cr_assert(send_text(&gateway.client, "PATCH / HTTP/1.1\r\nHost: h\r\n\r\n"));
    while (gateway.backend.length == 0) {
        gateway_turn();
    }
    int descriptor;
    const struct exchange *exchange = &gateway_downstream()->request->exchange;
    cr_assert_eq(uv_fileno(&exchange->connection->stream.uv.handle, &descriptor), 0);
    cr_assert_eq(shutdown(descriptor, SHUT_WR), 0);
    size_t most = gateway.context.upstreams.max_out;
    gateway.context.upstreams.max_out = 0;
    cr_assert(end_gets(&gateway.client, "HTTP/1.1 503 "));
    cr_assert(end_gets(&gateway.client, "HTTP/1.1 501 "));
    gateway.context.upstreams.max_out = most;
    gateway_stop();
}

Test(buffer, survives_sockets_that_take_little_or_nothing_for_a_while)
{
    static const struct hindrance hindrances[] = {
        {.most = 1000},
        {.most = 65537, .hold_turns = 3},
        {.blocked_call = 1, .hold_turns = 10},
        {.blocked_call = 2},
        {.blocked_call = 5, .hold_turns = 10},
    };
    static const char *const settings[] = {"buffer-request = all\nbuffer-memory = 1m",
                                           "buffer-request = all\nbuffer-memory = 10k"};
    enum { LENGTH = 600000 };
    for (size_t i = 0; i < sizeof hindrances / sizeof hindrances[0]; i++) {
        gateway.of_backend = hindrances[i];
        gateway_start(settings[i % 2]);
        gateway_connect();
        carry_two(LENGTH);
        cr_assert_eq(gateway.context.store_memory.used, 0);
        gateway_stop();
    }
    gateway.of_backend = (struct hindrance){.most = 0};
}

/* Content that an engine has read ahead, and hands out in pieces that the loop does not announce. */
Test(buffer, survives_content_that_was_read_ahead)
{
    static const size_t pieces[] = {0, 1000, 4097};
    enum { LENGTH = 600000 };
    for (size_t i = 0; i < 2 * sizeof pieces / sizeof pieces[0]; i++) {
        gateway.of_client = (struct hindrance){.reads_ahead = true, .read_most = pieces[i / 2]};
        gateway_start(i % 2 == 0 ? "buffer-request = all\nbuffer-memory = 1m"
                                 : "buffer-request = all\nbuffer-memory = 10k");
        gateway_connect();
        carry_two(LENGTH);
        gateway_stop();
    }
    gateway.of_client = (struct hindrance){.most = 0};
}

Test(buffer, a_server_that_answers_early_and_takes_no_more_leaves_a_usable_client)
{
    gateway_start("buffer-request = all\nbuffer-memory = 10k");
    gateway_connect();
    gateway.of_backend = (struct hindrance){.blocked_call = 3, .hold_turns = 1000000};
    send_chunked(LARGE);
    expect_head(LARGE);
    expect_answer();
    gateway.of_backend = (struct hindrance){.most = 0};
    gateway.backend.length = gateway.backend.seen = 0;
    send_chunked(10);
    expect_head(10);
    expect_content(10);
    expect_answer();
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}

Test(buffer, a_client_that_leaves_while_its_content_is_sent_frees_it)
{
    gateway_start("buffer-request = all\nbuffer-memory = 16m\nhalf-close-timeout = 0ms");
    gateway_connect();
    gateway.of_backend = (struct hindrance){.blocked_call = 3, .hold_turns = 1000000};
    send_chunked(LARGE);
    expect_head(LARGE);
    cr_assert_gt(gateway.context.store_memory.used, 0);
    end_close(&gateway.client);
    cr_assert(gateway_wait(fixture_all_closed, NULL));
    cr_assert_eq(gateway.context.store_memory.used, 0);
    gateway_stop();
    gateway.of_backend = (struct hindrance){.most = 0};
}

Test(buffer, without_memory_and_without_a_directory_the_answer_is_503)
{
    gateway_start("buffer-request = all\nbuffer-memory = 64k\nbuffer-directory = /nowhere");
    gateway.context.store_memory.most = 5000;
    gateway_connect();
    send_chunked(4000);
    expect_head(4000);
    expect_content(4000);
    expect_answer();
    send_chunked(6000);
    cr_assert(end_gets(&gateway.client, "HTTP/1.1 503 "));
    cr_assert(end_is_ended(&gateway.client));
    cr_assert_eq(gateway.reason, REASON_NO_STORAGE);
    cr_assert_eq(gateway.context.store_memory.used, 0);
    gateway_stop();
}
