/* Exchanges that end badly: broken bytes behind an answer that is still on its way, and peers that
 * leave at every byte. */
#include <criterion/criterion.h>

#include "../proxy/exchange_scripts.h"

static bool is_queued_for_client(const void *context)
{
    (void)context;
    return gateway.context.connection_count > 0 && stream_is_queued(&gateway_downstream()->stream);
}

/* The first write to the client finds the socket full, and what is queued stays for a long time. */
static void hold_answers(unsigned turns)
{
    gateway.of_client = (struct hindrance){.blocked_call = 1, .hold_turns = turns};
}

static void client_sends(const char *text)
{
    cr_assert(end_send(&gateway.client, text, strlen(text)));
}

/* Sends so many bytes that no buffer of the exchange can take them, as far as the gateway reads. */
static void client_floods(const char *text, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        (void)send(gateway.client.descriptor, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
        gateway_turn();
    }
}

static void expect_answer_and_end(const char *status)
{
    cr_assert(end_gets(&gateway.client, status), "\"%.*s\"", (int)gateway.client.length,
              gateway.client.bytes);
    cr_assert(end_is_ended(&gateway.client));
    cr_assert_eq(gateway.records, 1);
    cr_assert(memmem(gateway.client.bytes + gateway.client.seen,
                     gateway.client.length - gateway.client.seen, "HTTP/1.", 7) == NULL,
              "a second answer");
}

Test(exchange_ends, reads_no_chunks_behind_broken_ones)
{
    static char flood[4096];
    memset(flood, 'z', sizeof flood - 1);
    hold_answers(200);
    gateway_start("max-head = 1k\nmax-target = 256");
    gateway_connect();
    client_sends("PATCH / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    cr_assert(gateway_wait(is_queued_for_client, NULL));
    client_sends("no chunk\r\n");
    client_floods(flood, 60);
    expect_answer_and_end("501 Not Implemented\r\n");
    gateway_stop();
}

Test(exchange_ends, reads_no_head_behind_a_broken_one)
{
    static char flood[4096];
    memset(flood, 'z', sizeof flood - 1);
    hold_answers(200);
    gateway_start("max-head = 1k\nmax-target = 256");
    gateway_connect();
    client_sends("GET / HTTP/1.1\r\nNo Host at all\r\n\r\n");
    cr_assert(gateway_wait(is_queued_for_client, NULL));
    client_sends("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    client_floods(flood, 60);
    expect_answer_and_end("400 Bad Request\r\n");
    gateway_stop();
}

Test(exchange_ends, answers_a_slow_head_once_even_when_its_rest_comes)
{
    hold_answers(200);
    gateway_start("head-timeout = 10ms");
    gateway_connect();
    client_sends("PATCH / HTTP/1.1\r\nHost: h\r\n");
    cr_assert(gateway_wait(is_queued_for_client, NULL));
    client_sends("\r\n");
    client_floods("x", 60);
    expect_answer_and_end("408 Request Timeout\r\n");
    gateway_stop();
}

enum { MORE_THAN_A_TURN = DOWNSTREAM_TURN_REQUESTS + 2 };

static bool are_all_answered(const void *context)
{
    (void)context;
    return gateway.records == MORE_THAN_A_TURN || gateway.client.has_ended;
}

/* More requests than one turn runs, in a worker so slow that the next one's head seems late: it was there in time. */
Test(exchange_ends, answers_a_request_that_waits_for_its_turn_longer_than_a_head_may_take)
{
    static const char request[] = "PATCH / HTTP/1.1\r\nHost: h\r\n\r\n";
    gateway_start("head-timeout = 10ms");
    gateway_connect();
    for (unsigned i = 0; i < MORE_THAN_A_TURN; i++) {
        client_sends(request);
    }
    gateway.record_ms = 1;
    cr_assert(gateway_wait(are_all_answered, NULL));
    gateway.record_ms = 0;
    cr_assert_eq(gateway.records, MORE_THAN_A_TURN);
    cr_assert_eq(gateway.status, 501);
    gateway_stop();
}

/* ---- clients that leave ------------------------------------------------------------------ */

enum leaving { LEAVES_BY_CLOSE, LEAVES_BY_RESET, LEAVES_BY_HALF, LEAVING_COUNT };

static void leave(enum leaving leaving)
{
    if (leaving == LEAVES_BY_CLOSE) {
        end_close(&gateway.client);
    } else if (leaving == LEAVES_BY_RESET) {
        end_reset(&gateway.client);
    } else {
        shutdown(gateway.client.descriptor, SHUT_WR);
    }
}

/* Every connection of the backend is answered as soon as it has brought anything. */
static bool is_over_with_answers(const void *context)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    unsigned *answered = *(unsigned *const *)context;
    if (gateway.backend.length > gateway.backend.seen && gateway.backend.descriptor >= 0) {
        gateway.backend.seen = gateway.backend.length;
        if (*answered < gateway.backend_connections) {
            *answered = gateway.backend_connections;
            (void)end_send(&gateway.backend, answer, sizeof answer - 1);
        }
    }
    return gateway.context.connection_count == 0;
}

/* As bytes come, and as an engine hands them out that has read ahead, one at a time. */
static const struct hindrance ways_of_reading[] = {{.most = 0},
                                                   {.reads_ahead = true, .read_most = 1}};
enum { WAYS_OF_READING = sizeof ways_of_reading / sizeof ways_of_reading[0] };

static void run_client_that_leaves(const char *request, size_t sent, enum leaving leaving,
                                   unsigned turns)
{
    unsigned answered = 0;
    unsigned *context = &answered;
    gateway_start("half-close-timeout = 100ms");
    gateway_connect_tcp();
    cr_assert(end_send(&gateway.client, request, sent));
    for (unsigned i = 0; i < turns; i++) {
        gateway_turn();
    }
    leave(leaving);
    cr_assert(gateway_wait(is_over_with_answers, &context), "%zu bytes of %s", sent, request);
    cr_assert_eq(gateway.context.requests.out_count, 0);
    cr_assert(gateway.records <= 1);
    if (leaving == LEAVES_BY_HALF && sent == strlen(request)) {
        cr_assert(end_gets(&gateway.client, "\r\n\r\nok"), "the answer is lost");
        cr_assert(gateway.reason == REASON_COMPLETE);
    }
    gateway_stop();
}

static void leave_at_every_byte(const char *request)
{
    for (unsigned way = 0; way < WAYS_OF_READING; way++) {
        gateway.of_client = ways_of_reading[way];
        for (size_t sent = 0; sent <= strlen(request); sent++) {
            for (unsigned leaving = 0; leaving < LEAVING_COUNT; leaving++) {
                run_client_that_leaves(request, sent, leaving, 3);
                if (!gateway.of_client.reads_ahead) { /* else nothing is kept yet */
                    run_client_that_leaves(request, sent, leaving, 0);
                }
            }
        }
    }
}

Test(exchange_ends, survives_clients_that_leave_at_every_byte_of_a_head)
{
    leave_at_every_byte("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
}

Test(exchange_ends, survives_clients_that_leave_at_every_byte_of_content)
{
    leave_at_every_byte("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789");
}

Test(exchange_ends, survives_clients_that_leave_at_every_byte_of_chunks)
{
    leave_at_every_byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3\r\nabc\r\n0\r\nA: b\r\n\r\n");
}

/* ---- servers that leave ------------------------------------------------------------------ */

struct cut_response {
    const char *bytes;
    const char *last;     /* what the client's bytes end with when they are complete */
    bool ends_with_close; /* the connection's end is the content's end */
};

static bool client_ends_with(const char *last)
{
    size_t length = strlen(last);
    const struct end *client = &gateway.client;
    return client->length >= length &&
           memcmp(client->bytes + client->length - length, last, length) == 0;
}

static bool client_has(const char *text)
{
    return memmem(gateway.client.bytes, gateway.client.length, text, strlen(text)) != NULL;
}

static void expect_right_end(const struct cut_response *response, size_t sent, bool with_reset)
{
    const char *final = strstr(response->bytes, "HTTP/1.1 200");
    size_t head = (size_t)(strstr(final, "\r\n\r\n") + 4 - response->bytes);
    bool is_whole =
        response->ends_with_close ? sent >= head && !with_reset : sent == strlen(response->bytes);
    if (client_has("HTTP/1.1 502 Bad Gateway\r\n")) {
        cr_assert(sent < head || with_reset, "502 after %zu bytes of %s", sent, response->bytes);
        cr_assert_not(client_has("HTTP/1.1 200"), "two answers");
        return;
    }
    cr_assert(client_has("HTTP/1.1 200 OK\r\n"), "no answer after %zu bytes of %s", sent,
              response->bytes);
    cr_assert_eq(client_ends_with(response->last), is_whole, "after %zu bytes of %s: %.*s", sent,
                 response->bytes, (int)gateway.client.length, gateway.client.bytes);
    cr_assert(is_whole || end_is_ended(&gateway.client), "an end that nobody sees");
}

static void run_server_that_leaves(const struct cut_response *response, size_t sent,
                                   bool with_reset, unsigned turns)
{
    static const struct script one_record = {.records = 1};
    gateway_start("");
    gateway_connect();
    client_sends("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    cr_assert(end_send(&gateway.backend, response->bytes, sent));
    for (unsigned i = 0; i < turns; i++) {
        gateway_turn();
    }
    if (with_reset) {
        end_reset(&gateway.backend);
    } else {
        end_close(&gateway.backend);
    }
    cr_assert(gateway_wait(script_is_recorded, &one_record));
    gateway_turn();
    expect_right_end(response, sent, with_reset);
    cr_assert_eq(gateway.records, 1);
    gateway_stop();
}

static void cut_at_every_byte(struct cut_response response)
{
    for (unsigned way = 0; way < WAYS_OF_READING; way++) {
        gateway.of_backend = ways_of_reading[way];
        for (size_t sent = 0; sent <= strlen(response.bytes); sent++) {
            for (unsigned with_reset = 0; with_reset < 2; with_reset++) {
                run_server_that_leaves(&response, sent, with_reset, 3);
                if (!gateway.of_backend.reads_ahead) {
                    run_server_that_leaves(&response, sent, with_reset, 0);
                }
            }
        }
    }
}

Test(exchange_ends, tells_the_client_when_a_server_leaves_at_any_byte_of_content)
{
    cut_at_every_byte((struct cut_response){"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                                            "\r\n\r\nhello", false});
}

Test(exchange_ends, tells_the_client_when_a_server_leaves_at_any_byte_of_chunks)
{
    cut_at_every_byte((struct cut_response){
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        "\r\n0\r\n\r\n", false});
}

Test(exchange_ends, tells_the_client_when_a_server_leaves_behind_an_interim_response)
{
    cut_at_every_byte((struct cut_response){"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                                            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                                            "\r\n\r\nok", false});
}

Test(exchange_ends, tells_the_client_when_a_server_resets_content_that_its_end_ends)
{
    cut_at_every_byte((struct cut_response){"HTTP/1.1 200 OK\r\n\r\nall", "0\r\n\r\n", true});
}

/* ---- tunnels that are cut ---------------------------------------------------------------- */

static void start_tunnel(void)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                 "Upgrade: websocket\r\n\r\n";
    gateway_start("");
    gateway_connect_tcp();
    client_sends("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    cr_assert(end_send(&gateway.backend, answer, sizeof answer - 1));
    cr_assert(end_gets(&gateway.client, "\r\n\r\n"));
}

Test(exchange_ends, hands_a_reset_of_one_side_of_a_tunnel_to_the_other)
{
    start_tunnel();
    end_reset(&gateway.backend);
    cr_assert(end_is_ended(&gateway.client));
    cr_assert(gateway.client.was_reset);
    cr_assert_eq(gateway.reason, REASON_TUNNEL_CUT);
    gateway_stop();
    start_tunnel();
    end_reset(&gateway.client);
    cr_assert(end_is_ended(&gateway.backend));
    cr_assert(gateway.backend.was_reset);
    cr_assert_eq(gateway.reason, REASON_TUNNEL_CUT);
    gateway_stop();
}

Test(exchange_ends, ends_a_tunnel_when_a_write_of_either_side_fails)
{
    for (unsigned side = 0; side < 2; side++) {
        start_tunnel();
        struct end *leaving = side == 0 ? &gateway.client : &gateway.backend;
        struct end *other = side == 0 ? &gateway.backend : &gateway.client;
        end_close(leaving); /* FIN; what is sent to it now is answered with a reset */
        for (unsigned i = 0; i < 1000 && gateway.records == 0; i++) {
            (void)send(other->descriptor, "bytes", 5, MSG_NOSIGNAL | MSG_DONTWAIT);
            gateway_turn();
        }
        cr_assert(end_is_ended(other));
        cr_assert_eq(gateway.records, 1);
        gateway_stop();
    }
}
