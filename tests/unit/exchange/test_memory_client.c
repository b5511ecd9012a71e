/* Exchanges of a client that has no socket, two of them at the same time where it matters: what an exchange knows of its
 * client is struct client_operations alone. */
#include <criterion/criterion.h>

#include "memory_client.h"

#include "verbgate/upstream/private.h"

enum { BACKENDS = 2, TURNS_MAX = 100000 };

static struct memory_request requests[BACKENDS];
static int backends[BACKENDS];
static char asked[BACKENDS][4096];

static void start(bool is_slow)
{
    gateway_start("");
    memory_start();
    for (unsigned i = 0; i < BACKENDS; i++) {
        memset(&requests[i], 0, sizeof requests[i]);
        requests[i].is_slow = is_slow;
        backends[i] = -1;
        asked[i][0] = '\0';
    }
}

/* A turn of the loop. What is queued for the clients is taken, one write a turn. */
static void turn(void)
{
    uv_run(&gateway.loop, UV_RUN_NOWAIT);
    for (unsigned i = 0; i < BACKENDS; i++) {
        memory_drain(&requests[i]);
    }
}

static void expect_at_backend(unsigned number, const char *text)
{
    size_t length = 0;
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        turn();
        if (backends[number] < 0) {
            backends[number] = accept4(gateway.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        }
        ssize_t count = backends[number] < 0
                            ? -1
                            : recv(backends[number], asked[number] + length,
                                   sizeof asked[number] - 1 - length, MSG_DONTWAIT);
        length += count > 0 ? (size_t)count : 0;
        asked[number][length] = '\0';
        if (strstr(asked[number], text) != NULL) {
            return;
        }
    }
    cr_assert_fail("backend %u has \"%s\", not \"%s\"", number, asked[number], text);
}

static void say(unsigned number, const char *text)
{
    cr_assert_eq(send(backends[number], text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void expect_over(unsigned number, unsigned status, const char *content)
{
    struct memory_request *request = &requests[number];
    for (unsigned i = 0; i < TURNS_MAX && !request->is_over; i++) {
        turn();
    }
    cr_assert(request->is_over, "exchange %u does not end", number);
    cr_assert_eq(request->status, status);
    cr_assert(request->got_length == strlen(content) &&
                  memcmp(request->got, content, request->got_length) == 0,
              "exchange %u got \"%.*s\"", number, (int)request->got_length, request->got);
}

static void close_backend(void)
{
    close(backends[0]);
    backends[0] = -1;
}

static void expect_failure(enum close_reason reason)
{
    for (unsigned i = 0; i < TURNS_MAX && !requests[0].is_over; i++) {
        turn();
    }
    cr_assert(requests[0].is_over);
    cr_assert_eq(requests[0].status, 502);
    cr_assert_eq(requests[0].reason, reason);
}

static void stop(void)
{
    for (unsigned i = 0; i < BACKENDS; i++) {
        if (backends[i] >= 0) {
            close(backends[i]);
        }
    }
    private_close_all(&memory_client.owner);
    cr_assert_eq(gateway.context.large_rooms, 0);
    cr_assert_eq(gateway.context.store_memory.used, 0);
    cr_assert_eq(gateway.context.responses.out_count, 0);
    gateway_stop();
}

#define GET(path)  "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST(path) "POST " path " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TWO        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"

Test(memory_client, has_two_exchanges_at_the_same_time)
{
    for (unsigned is_slow = 0; is_slow < 2; is_slow++) {
        start(is_slow);
        memory_begin(&requests[0], GET("/one"), "", true);
        memory_begin(&requests[1], GET("/two"), "", true);
        expect_at_backend(0, "GET /one HTTP/1.1\r\n");
        expect_at_backend(1, "GET /two HTTP/1.1\r\n");
        say(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\non\r\n");
        say(1, TWO);
        expect_over(1, 200, "two");
        cr_assert_not(requests[0].is_over);
        say(0, "1\r\ne\r\n0\r\n\r\n");
        expect_over(0, 200, "one");
        cr_assert(requests[0].end == END_KEEP && requests[1].end == END_KEEP);
        cr_assert_eq(gateway.records, 2);
        stop();
    }
}

Test(memory_client, ends_one_exchange_and_the_other_goes_on)
{
    start(false);
    memory_begin(&requests[0], GET("/one"), "", true);
    memory_begin(&requests[1], GET("/two"), "", true);
    expect_at_backend(0, "GET /one");
    expect_at_backend(1, "GET /two");
    exchange_cut(&requests[0].exchange, REASON_CLIENT_GONE);
    cr_assert(requests[0].is_over && requests[0].end == END_CUT);
    cr_assert_eq(requests[0].reason, REASON_CLIENT_GONE);
    say(1, TWO);
    expect_over(1, 200, "two");
    stop();
}

Test(memory_client, sends_content_when_the_server_is_there_to_take_it)
{
    for (unsigned is_slow = 0; is_slow < 2; is_slow++) {
        start(is_slow);
        memory_begin(&requests[0], POST("/one"), "ab", false);
        cr_assert_not(requests[0].is_wanted, "no connection is there yet");
        memory_send(&requests[0], "c", false);
        expect_at_backend(0, "3\r\nabc\r\n");
        memory_send(&requests[0], "d", true);
        expect_at_backend(0, "1\r\nd\r\n0\r\n\r\n");
        say(0, "HTTP/1.1 204 No Content\r\n\r\n");
        expect_over(0, 204, "");
        stop();
    }
}

Test(memory_client, is_told_to_continue_and_refused)
{
    start(false);
    memory_begin(
        &requests[0],
        "POST /one HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", "",
        false);
    expect_at_backend(0, "Content-Length: 2\r\n");
    cr_assert_eq(requests[0].interims, 1);
    memory_send(&requests[0], "ok", true);
    expect_at_backend(0, "ok");
    memory_begin(&requests[1], "PATCH /two HTTP/1.1\r\nHost: h\r\n\r\n", "", true);
    cr_assert(requests[1].is_over);
    cr_assert_eq(requests[1].status, 501);
    say(0, TWO);
    expect_over(0, 200, "two");
    stop();
}

Test(memory_client, is_answered_502_when_a_server_closes)
{
    start(false);
    memory_begin(&requests[0], POST("/one"), "", true);
    expect_at_backend(0, "0\r\n\r\n");
    close_backend();
    expect_failure(REASON_UPSTREAM_CLOSED);
    stop();
}

/* ---- a response that is kept until all of it has come */

static void expect_kept(const char *head, const char *first, const char *rest, const char *content)
{
    for (unsigned is_slow = 0; is_slow < 2; is_slow++) {
        start(is_slow);
        requests[0].exchange.back.way = FLOW_KEPT;
        memory_begin(&requests[0], GET("/one"), "", true);
        expect_at_backend(0, "GET /one");
        say(0, head);
        say(0, first);
        for (unsigned i = 0; i < 100; i++) {
            turn();
        }
        cr_assert_eq(requests[0].status, 0, "the client hears of it too early");
        say(0, rest);
        expect_over(0, 200, content);
        cr_assert_eq(requests[0].framing.kind, FRAMING_LENGTH);
        cr_assert_eq(requests[0].framing.length, strlen(content));
        cr_assert(requests[0].is_complete);
        stop();
    }
}

Test(memory_client, gets_a_kept_response_when_all_of_it_has_come)
{
    expect_kept("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", "abc", "def", "abcdef");
    expect_kept("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n",
                "3\r\ndef\r\n0\r\n\r\n", "abcdef");
}

/* It is longer than what is sent in one turn of the loop, and the server's connection is free long before it is sent. */
Test(memory_client, gets_a_long_kept_response_piece_by_piece)
{
    enum { PIECES = 7, PIECE = RELAY_ROOM_LEAST };
    static char piece[PIECE + 1];
    memset(piece, 'x', PIECE);
    start(true);
    requests[0].exchange.back.way = FLOW_KEPT;
    memory_begin(&requests[0], GET("/one"), "", true);
    expect_at_backend(0, "GET /one");
    char head[64];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", PIECES * PIECE);
    say(0, head);
    for (unsigned i = 0; i < PIECES; i++) {
        cr_assert(end_send(&(struct end){.descriptor = backends[0]}, piece, PIECE));
    }
    for (unsigned i = 0; i < TURNS_MAX && requests[0].status == 0; i++) {
        uv_run(&gateway.loop, UV_RUN_NOWAIT);
    }
    cr_assert_eq(requests[0].got_length, (size_t)PIECE, "one write waits");
    cr_assert(requests[0].exchange.connection == NULL);
    cr_assert_eq(counter_read(&gateway.context.counters.upstream_idle), 1);
    for (unsigned i = 0; i < TURNS_MAX && !requests[0].is_over; i++) {
        turn();
    }
    cr_assert(requests[0].is_complete);
    cr_assert_eq(requests[0].got_length, (size_t)PIECES * PIECE);
    cr_assert_eq(requests[0].writes, (unsigned)PIECES);
    stop();
}

Test(memory_client, is_answered_502_when_a_response_is_cut_while_it_is_kept)
{
    start(false);
    requests[0].exchange.back.way = FLOW_KEPT;
    memory_begin(&requests[0], GET("/one"), "", true);
    expect_at_backend(0, "GET /one");
    say(0, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    for (unsigned i = 0; i < 100; i++) {
        turn();
    }
    close_backend();
    expect_failure(REASON_UPSTREAM_CUT);
    stop();
}
