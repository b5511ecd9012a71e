/* Whole exchanges between a client and a backend, with everything in their way that sockets can
 * put there. */
#include <criterion/criterion.h>

#include "../proxy/exchange_scripts.h"

#include <stdlib.h>

/* What a run showed, as the other runs must show it too. */
struct outcome {
    size_t client_length;
    size_t backend_length;
    unsigned client_calls;
    unsigned backend_calls;
    char client[8192];
    char backend[8192];
};

static void keep(const struct end *end, char *bytes, size_t size, size_t *length)
{
    cr_assert(end->length < size);
    memcpy(bytes, end->bytes, end->length);
    bytes[end->length] = '\0';
    *length = end->length;
}

static void run(const struct script *script, struct outcome *outcome)
{
    gateway_start("");
    gateway_connect();
    for (const struct step *step = script->steps; step->action != SCRIPT_END; step++) {
        cr_assert(script_step(step), "%s: step %d; client has \"%.*s\"", script->name,
                  (int)(step - script->steps), (int)gateway.client.length, gateway.client.bytes);
    }
    cr_assert(gateway_wait(script_is_recorded, script), "%s: an exchange does not end",
              script->name);
    cr_assert_eq(gateway.records, script->records, "%s", script->name);
    end_mask_dates(&gateway.client);
    keep(&gateway.client, outcome->client, sizeof outcome->client, &outcome->client_length);
    keep(&gateway.backend, outcome->backend, sizeof outcome->backend, &outcome->backend_length);
    outcome->client_calls = gateway.of_client.calls;
    outcome->backend_calls = gateway.of_backend.calls;
    gateway_stop();
}

/* What was in the way of the run that is looked at. */
static char *hindrances_text(void)
{
    static char text[256];
    size_t used = 0;
    const struct hindrance *sides[] = {&gateway.of_client, &gateway.of_backend};
    for (unsigned i = 0; i < 2; i++) {
        const struct hindrance *side = sides[i];
        used +=
            (size_t)snprintf(text + used, sizeof text - used,
                             "; %s: takes %zu, blocked call %u, holds %u, reads %zu%s",
                             i == 0 ? "client" : "backend", side->most, side->blocked_call,
                             side->hold_turns, side->read_most, side->reads_ahead ? " ahead" : "");
    }
    return text;
}

static void expect_bytes(const char *to, const char *bytes, size_t length, const char *expected,
                         size_t expected_length)
{
    cr_assert(length == expected_length && memcmp(bytes, expected, length) == 0,
              "to the %s%s:\n%.*s\n---- expected:\n%.*s", to, hindrances_text(), (int)length, bytes,
              (int)expected_length, expected);
}

static void run_free(const struct script *script, struct outcome *outcome)
{
    gateway.of_client = gateway.of_backend = (struct hindrance){.most = 0};
    run(script, outcome);
    expect_bytes("client", outcome->client, outcome->client_length, script->to_client,
                 strlen(script->to_client));
    expect_bytes("backend", outcome->backend, outcome->backend_length, script->to_backend,
                 strlen(script->to_backend));
}

/* Leaves only the content of a message's chunks: how many there are is a matter of reads. Returns the new length. */
static size_t join_chunks(char *bytes, size_t length)
{
    static const char field[] = "Transfer-Encoding: chunked\r\n\r\n";
    char *from = memmem(bytes, length, field, sizeof field - 1);
    if (from == NULL) {
        return length;
    }
    char *to = from + sizeof field - 1;
    char *at = to;
    for (;;) {
        size_t size = strtoul(at, &at, 16);
        at += 2;
        cr_assert(size + 2 <= (size_t)(bytes + length - at), "a chunk that is cut");
        if (size == 0) {
            break;
        }
        memmove(to, at, size);
        to += size;
        at += size + 2;
    }
    size_t trailers = (size_t)(bytes + length - at);
    memmove(to, at, trailers);
    return (size_t)(to - bytes) + trailers;
}

static void join_all_chunks(struct outcome *outcome)
{
    outcome->client_length = join_chunks(outcome->client, outcome->client_length);
    outcome->backend_length = join_chunks(outcome->backend, outcome->backend_length);
}

static bool splits_reads(const struct hindrance *hindrance)
{
    return hindrance->read_most > 0 || hindrance->reads_ahead;
}

/* Runs under the hindrances of both sides that are set: the bytes stay what they were. */
static void run_hindered(const struct script *script, const struct outcome *free_run)
{
    static struct outcome now, expected;
    bool are_reads_split = splits_reads(&gateway.of_client) || splits_reads(&gateway.of_backend);
    if (are_reads_split && script->needs_whole_reads) {
        return;
    }
    run(script, &now);
    expected = *free_run;
    if (are_reads_split) {
        join_all_chunks(&now);
        join_all_chunks(&expected);
    }
    expect_bytes("client", now.client, now.client_length, expected.client, expected.client_length);
    expect_bytes("backend", now.backend, now.backend_length, expected.backend,
                 expected.backend_length);
}

static const struct hindrance hindrances[] = {
    {.most = 1}, /* the socket takes little at a time */
    {.most = 2},
    {.most = 3},
    {.most = 7},
    {.most = 64},
    {.most = 7, .hold_turns = 20}, /* and nothing for a while */
    {.read_most = 1},              /* bytes come one at a time */
    {.read_most = 3},
    {.reads_ahead = true}, /* bytes come that the loop does not announce */
    {.reads_ahead = true, .read_most = 1},
    {.reads_ahead = true, .read_most = 7},
    {.reads_ahead = true, .read_most = 1, .most = 1},
    {.reads_ahead = true, .read_most = 64, .most = 7, .hold_turns = 5},
};

/* On each side, and on both. */
static void hinder_each_side(const struct script *script, const struct outcome *free_run)
{
    static const struct hindrance none;
    for (unsigned i = 0; i < sizeof hindrances / sizeof hindrances[0]; i++) {
        for (unsigned sides = 1; sides <= 3; sides++) {
            gateway.of_client = sides & 1 ? hindrances[i] : none;
            gateway.of_backend = sides & 2 ? hindrances[i] : none;
            run_hindered(script, free_run);
        }
    }
}

/* One write of one side finds the socket full, and what it queued waits for some turns. The other side reads ahead: what
 * it has kept meanwhile comes when the queue is gone. */
static void block_each_write(const struct script *script, const struct outcome *free_run,
                             unsigned hold_turns, bool reads_ahead)
{
    const struct hindrance other = {.reads_ahead = reads_ahead};
    for (unsigned call = 1; call <= free_run->client_calls; call++) {
        gateway.of_client = (struct hindrance){.blocked_call = call, .hold_turns = hold_turns};
        gateway.of_backend = other;
        run_hindered(script, free_run);
    }
    for (unsigned call = 1; call <= free_run->backend_calls; call++) {
        gateway.of_client = other;
        gateway.of_backend = (struct hindrance){.blocked_call = call, .hold_turns = hold_turns};
        run_hindered(script, free_run);
    }
}

static void run_every_way(const struct script *script)
{
    static struct outcome free_run;
    run_free(script, &free_run);
    hinder_each_side(script, &free_run);
    block_each_write(script, &free_run, 0, false);
    block_each_write(script, &free_run, 10, false);
    block_each_write(script, &free_run, 10, true);
}

#define TEST_OF(name)         \
    Test(exchange, name)      \
    {                         \
        run_every_way(&name); \
    }
SCRIPTS(TEST_OF)

enum { LARGE = 4 * 1024 * 1024 };

static bool is_all_there(const void *context)
{
    return gateway.client.length - gateway.client.seen >= *(const size_t *)context;
}

/* A byte of the large content, never the same at two places that a mix-up could exchange. */
static char byte_at(size_t place)
{
    return (char)(place * 31 + place / 4096);
}

/* Sends what the gateway takes of the content while it may not pass anything on. */
static size_t fill(const char *content)
{
    size_t sent = 0;
    for (unsigned i = 0; i < 400; i++) {
        ssize_t count =
            send(gateway.backend.descriptor, content + sent, LARGE - sent, MSG_DONTWAIT);
        sent += count > 0 ? (size_t)count : 0;
        gateway_turn();
        struct stream *client = &gateway_downstream()->stream;
        size_t queued = stream_is_queued(client) ? stream_queue_buffer(client->queue).len : 0;
        cr_assert(queued <= RELAY_ROOM_LEAST + CONTEXT_CONTENT_ROOM, "%zu bytes queued", queued);
    }
    return sent;
}

Test(exchange, keeps_only_one_read_of_content_for_a_slow_client)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n";
    static char content[LARGE];
    for (size_t i = 0; i < LARGE; i++) {
        content[i] = byte_at(i);
    }
    gateway.of_client = (struct hindrance){.blocked_call = 2, .hold_turns = 500};
    gateway_start("");
    gateway_connect();
    cr_assert(end_send(&gateway.client, request, sizeof request - 1));
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    cr_assert(end_send(&gateway.backend, head, sizeof head - 1));
    cr_assert(end_gets(&gateway.client, "\r\n\r\n"));
    size_t wanted = fill(content);
    if (wanted > END_BYTES_MAX / 2) {
        wanted = END_BYTES_MAX / 2;
    }
    cr_assert(wanted > RELAY_ROOM_LEAST);
    cr_assert(gateway_wait(is_all_there, &wanted));
    cr_assert(memcmp(gateway.client.bytes + gateway.client.seen, content, wanted) == 0);
    gateway_stop();
}

/* A read that is short says of a plain socket that there was no more. Of an engine it does not. */
Test(exchange, gives_nobody_what_an_engine_kept_behind_an_answer)
{
    static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    static const char both[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                               "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    static const char requests[] =
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
    gateway.of_backend = (struct hindrance){.reads_ahead = true, .read_most = sizeof first - 1};
    gateway_start("");
    gateway_connect();
    cr_assert(end_send(&gateway.client, requests, sizeof requests - 1));
    cr_assert(end_gets(&gateway.backend, "\r\n\r\n"));
    cr_assert(end_send(&gateway.backend, both, sizeof both - 1));
    cr_assert(end_gets(&gateway.client, "ok"));
    cr_assert(end_gets(&gateway.backend, "GET /2"));
    cr_assert(end_send(&gateway.backend, good, sizeof good - 1));
    cr_assert(end_gets(&gateway.client, "good"), "%.*s", (int)gateway.client.length,
              gateway.client.bytes);
    cr_assert_null(memmem(gateway.client.bytes, gateway.client.length, "evil", 4));
    cr_assert_eq(gateway.backend_connections, 2);
    gateway_stop();
}
