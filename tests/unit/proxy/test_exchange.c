/* Whole exchanges between a client and a backend, with everything in their way that sockets can
 * put there. */
#include <criterion/criterion.h>

#include "exchange_scripts.h"

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
    outcome->client_calls = gateway.to_client.calls;
    outcome->backend_calls = gateway.to_backend.calls;
    gateway_stop();
}

static void expect_bytes(const char *name, const char *who, const char *bytes, size_t length,
                         const char *expected, size_t expected_length)
{
    cr_assert(length == expected_length && memcmp(bytes, expected, length) == 0,
              "%s, to the %s:\n%.*s\n---- expected:\n%.*s", name, who, (int)length, bytes,
              (int)expected_length, expected);
}

static void expect_same(const char *name, const struct outcome *now, const struct outcome *before)
{
    expect_bytes(name, "client", now->client, now->client_length, before->client,
                 before->client_length);
    expect_bytes(name, "backend", now->backend, now->backend_length, before->backend,
                 before->backend_length);
}

Test(exchange, carries_every_byte_as_written)
{
    static struct outcome outcome;
    for (unsigned i = 0; i < SCRIPT_COUNT; i++) {
        const struct script *script = &scripts[i];
        run(script, &outcome);
        expect_bytes(script->name, "client", outcome.client, outcome.client_length,
                     script->to_client, strlen(script->to_client));
        expect_bytes(script->name, "backend", outcome.backend, outcome.backend_length,
                     script->to_backend, strlen(script->to_backend));
    }
}

/* Runs every script under a hindrance of each side and of both; the bytes stay what they were. */
static void run_all_hindered(struct hindrance hindrance)
{
    static struct outcome free_run, hindered_run;
    for (unsigned i = 0; i < SCRIPT_COUNT; i++) {
        gateway.to_client = gateway.to_backend = (struct hindrance){.most = 0};
        run(&scripts[i], &free_run);
        for (unsigned sides = 1; sides <= 3; sides++) {
            gateway.to_client = sides & 1 ? hindrance : (struct hindrance){.most = 0};
            gateway.to_backend = sides & 2 ? hindrance : (struct hindrance){.most = 0};
            run(&scripts[i], &hindered_run);
            expect_same(scripts[i].name, &hindered_run, &free_run);
        }
    }
}

Test(exchange, survives_sockets_that_take_a_byte_at_a_time)
{
    run_all_hindered((struct hindrance){.most = 1});
}

Test(exchange, survives_sockets_that_take_a_few_bytes_at_a_time)
{
    static const size_t sizes[] = {2, 3, 7, 64};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        run_all_hindered((struct hindrance){.most = sizes[i]});
    }
}

Test(exchange, survives_sockets_that_take_nothing_for_a_while)
{
    run_all_hindered((struct hindrance){.most = 7, .hold_turns = 20});
}

/* One write of one side finds the socket full, and what it queued waits for some turns. */
static void run_with_blocked_calls(const struct script *script, unsigned hold_turns)
{
    static struct outcome free_run, hindered_run;
    gateway.to_client = gateway.to_backend = (struct hindrance){.most = 0};
    run(script, &free_run);
    for (unsigned call = 1; call <= free_run.client_calls; call++) {
        gateway.to_client = (struct hindrance){.blocked_call = call, .hold_turns = hold_turns};
        run(script, &hindered_run);
        expect_same(script->name, &hindered_run, &free_run);
    }
    gateway.to_client = (struct hindrance){.most = 0};
    for (unsigned call = 1; call <= free_run.backend_calls; call++) {
        gateway.to_backend = (struct hindrance){.blocked_call = call, .hold_turns = hold_turns};
        run(script, &hindered_run);
        expect_same(script->name, &hindered_run, &free_run);
    }
}

Test(exchange, survives_a_full_socket_at_every_write)
{
    for (unsigned i = 0; i < SCRIPT_COUNT; i++) {
        run_with_blocked_calls(&scripts[i], 0);
        run_with_blocked_calls(&scripts[i], 10);
    }
}

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
        cr_assert(queued <= RELAY_ROOM_LEAST + PROXY_CONTENT_ROOM, "%zu bytes queued", queued);
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
    gateway.to_client = (struct hindrance){.blocked_call = 2, .hold_turns = 500};
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
