/*
 * A proxy on a loop of its own, with a client and a backend that the test plays by hand: plain
 * sockets, moved between turns of the loop. Nothing sleeps; whatever is waited for has a bound.
 */
#ifndef VERBGATE_TEST_GATEWAY_FIXTURE_H
#define VERBGATE_TEST_GATEWAY_FIXTURE_H

#include "../net/hindrance.h"

#include "verbgate/config/load.h"
#include "verbgate/downstream/connection.h"
#include "verbgate/exchange/record.h"
#include "verbgate/proxy/proxy.h"
#include "verbgate/upstream/kept.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { END_BYTES_MAX = 1024 * 1024, GATEWAY_WAIT_SECONDS = 5 };

/* One end that the test plays. */
struct end {
    int descriptor; /* -1: closed, or not there yet */
    bool has_ended; /* the proxy has closed its side, or reset it */
    bool was_reset;
    size_t length; /* bytes that have come */
    size_t seen;   /* of them waited for */
    char bytes[END_BYTES_MAX];
};

struct gateway {
    uv_loop_t loop;
    struct context context;
    struct policy *policy;
    int listener; /* the backend's */
    uint16_t port;
    struct end client;
    struct end backend; /* its connections, one after another, in one stream of bytes */
    unsigned backend_connections;
    struct hindrance of_client; /* what is in the way of its stream */
    struct hindrance of_backend;
    unsigned records;
    unsigned status; /* of the last record, as is the reason */
    enum close_reason reason;
    unsigned record_ms; /* so long the worker is busy with each record */
};

static struct gateway gateway;

/* ---- policies ---------------------------------------------------------------------------- */

static inline const char *fixture_no_file(void *context, const char *path, struct arena *arena,
                                          struct slice *text)
{
    (void)context, (void)path, (void)arena, (void)text;
    return "no such file or directory";
}

static inline const char *fixture_no_files(void *context, const char *pattern,
                                           void (*each)(void *each_context, const char *path),
                                           void *each_context)
{
    (void)context, (void)pattern, (void)each, (void)each_context;
    return NULL;
}

static inline const char *fixture_no_variable(void *context, const char *name)
{
    (void)context, (void)name;
    return NULL;
}

/* A policy from a text, its servers (which are numeric addresses) resolved. */
static inline struct policy *fixture_policy(const char *text)
{
    static const struct config_environment environment = {
        .read_file = fixture_no_file,
        .find_files = fixture_no_files,
        .get_variable = fixture_no_variable,
    };
    static struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct policy *policy =
        config_load_text("gateway.ini", slice_of(text), &environment, &diagnostics);
    cr_assert(policy != NULL, "%.*s", SLICE_PRINT(diagnostics.items[0].message));
    diagnostics_finish(&diagnostics);
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        struct policy_upstream *upstream = &policy->upstreams[i];
        for (unsigned j = 0; j < upstream->server_count; j++) {
            struct policy_server *server = &upstream->servers[j];
            cr_assert_eq(server->socket_count, 1);
        }
    }
    return policy;
}

/* One upstream at `port`, everything sent there; `settings` are lines of [gateway]. */
static inline struct policy *fixture_policy_to(uint16_t port, const char *settings)
{
    static char text[2048];
    snprintf(text, sizeof text,
             "[gateway]\n%s\n"
             "[listener public]\nbind = 127.0.0.1:0\n"
             "[upstream app]\nserver = 127.0.0.1:%u\nimplements = GET HEAD POST PUT\n"
             "host-header = app.test\nresponse-timeout = 300ms\n",
             settings, (unsigned)port);
    return fixture_policy(text);
}

/* ---- life -------------------------------------------------------------------------------- */

static inline int fixture_listen(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr *any = (struct sockaddr *)&address;
    cr_assert(descriptor >= 0 && bind(descriptor, any, length) == 0);
    cr_assert(listen(descriptor, 16) == 0 && getsockname(descriptor, any, &length) == 0);
    *port = ntohs(address.sin_port);
    return descriptor;
}

static inline void fixture_on_record(struct context *context, const struct record *record)
{
    struct gateway *owner = context->owner;
    owner->records++;
    owner->status = record->status;
    owner->reason = record->reason;
    uint64_t end = uv_hrtime() + owner->record_ms * (uint64_t)1000000;
    while (uv_hrtime() < end) {
    }
}

static inline void fixture_on_connection_closed(struct context *context)
{
    cr_assert(context->owner == &gateway);
}

static const struct context_events fixture_events = {
    .on_record = fixture_on_record,
    .on_connection_closed = fixture_on_connection_closed,
};

/* Everything but the proxy. */
static inline void gateway_prepare(const char *settings)
{
    struct gateway *made = &gateway;
    made->client.length = made->client.seen = made->backend.length = made->backend.seen = 0;
    made->client.has_ended = made->client.was_reset = false;
    made->backend.has_ended = made->backend.was_reset = false;
    made->client.descriptor = made->backend.descriptor = -1;
    made->backend_connections = made->records = made->status = 0;
    made->of_client.calls = made->of_backend.calls = 0;
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN); /* as the process does */
    cr_assert_eq(uv_loop_init(&made->loop), 0);
    hindrance_begin(&made->loop);
    made->listener = fixture_listen(&made->port);
    made->policy = fixture_policy_to(made->port, settings);
}

/* The proxy cannot be made when memory is short: then false, and nothing is left behind. */
static inline bool gateway_try_proxy(void)
{
    struct gateway *made = &gateway;
    struct proxy_limits limits = {.connections = 100, .pipes = SPLICE_PIPES_MOST};
    if (proxy_init(&made->context, &made->loop, made->policy, limits, &fixture_events, made)) {
        return true;
    }
    policy_release(made->policy);
    close(made->listener);
    hindrance_end();
    uv_run(&made->loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&made->loop), 0);
    return false;
}

static inline void gateway_start(const char *settings)
{
    gateway_prepare(settings);
    cr_assert(gateway_try_proxy());
}

/* The stream of the client's connection, on the proxy's side. */
static inline struct downstream *gateway_downstream(void)
{
    return LIST_OBJECT(gateway.context.connections.previous, struct downstream, node);
}

static inline void gateway_accept(int client, int accepted, const struct socket_address *peer)
{
    gateway.client.descriptor = client;
    unsigned before = gateway.context.connection_count;
    bool is_taken = proxy_accept(&gateway.context, accepted, peer);
    if (is_taken && gateway.context.connection_count > before) {
        hinder(&gateway_downstream()->stream, &gateway.of_client);
    }
}

/* A client over a pair of Unix sockets. */
static inline void gateway_connect(void)
{
    int pair[2];
    struct socket_address peer = {.length = sizeof(sa_family_t)};
    peer.any.sa_family = AF_UNIX;
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    gateway_accept(pair[0], pair[1], &peer);
}

/* A client over TCP, which can reset its connection. */
static inline void gateway_connect_tcp(void)
{
    uint16_t port;
    int listener = fixture_listen(&port);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    struct socket_address peer = {.length = sizeof peer.storage};
    int accepted = accept4(listener, &peer.any, &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    cr_assert(accepted >= 0);
    close(listener);
    gateway_accept(client, accepted, &peer);
}

/* ---- turns ------------------------------------------------------------------------------- */

static inline void end_read(struct end *end)
{
    while (end->descriptor >= 0 && !end->has_ended && end->length < END_BYTES_MAX) {
        ssize_t count = recv(end->descriptor, end->bytes + end->length, END_BYTES_MAX - end->length,
                             MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) {
            return;
        }
        end->has_ended = count <= 0;
        end->was_reset = count < 0;
        end->length += count > 0 ? (size_t)count : 0;
    }
}

static inline void end_close(struct end *end)
{
    if (end->descriptor >= 0) {
        close(end->descriptor);
        end->descriptor = -1;
    }
}

static inline void end_reset(struct end *end)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (end->descriptor >= 0) {
        setsockopt(end->descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    }
    end_close(end);
}

/* A backend has one connection at a time: a new one takes the place of the one before. */
static inline void backend_accept(void)
{
    int descriptor = accept4(gateway.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
        end_read(&gateway.backend);
        end_close(&gateway.backend);
        gateway.backend.descriptor = descriptor;
        gateway.backend.has_ended = gateway.backend.was_reset = false;
        gateway.backend_connections++;
    }
}

static inline void hinder_upstreams(void)
{
    struct list_node *head = &gateway.context.connections;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        struct h1_request *request = LIST_OBJECT(node, struct downstream, node)->request;
        struct exchange *exchange = request == NULL ? NULL : &request->exchange;
        if (exchange != NULL && exchange->connection != NULL) {
            hinder(&exchange->connection->stream, &gateway.of_backend);
        }
    }
}

static inline void gateway_turn(void)
{
    uv_run(&gateway.loop, UV_RUN_NOWAIT);
    hinder_upstreams();
    hindrance_turn();
    backend_accept();
    end_read(&gateway.backend);
    end_read(&gateway.client);
}

/* Turns the loop until `is_done`; false when that takes longer than anything should. */
static inline bool gateway_wait(bool (*is_done)(const void *context), const void *context)
{
    uint64_t end = uv_hrtime() + GATEWAY_WAIT_SECONDS * (uint64_t)1000000000;
    while (!is_done(context)) {
        if (uv_hrtime() > end) {
            return false;
        }
        gateway_turn();
    }
    return true;
}

static inline bool fixture_all_closed(const void *context)
{
    (void)context;
    return gateway.context.connection_count == 0;
}

static inline bool fixture_is_empty(const void *context)
{
    (void)context;
    return uv_loop_alive(&gateway.loop) == 0;
}

/* Ends everything in order; the loop must come out empty. */
static inline void gateway_stop(void)
{
    end_close(&gateway.client);
    cr_assert(gateway_wait(fixture_all_closed, NULL), "a connection outlives its client");
    end_close(&gateway.backend);
    proxy_close(&gateway.context);
    hindrance_end();
    cr_assert(gateway_wait(fixture_is_empty, NULL), "something stays on the loop");
    cr_assert_eq(uv_loop_close(&gateway.loop), 0);
    proxy_finish(&gateway.context);
    close(gateway.listener);
    policy_release(gateway.policy);
}

/* ---- what the ends do -------------------------------------------------------------------- */

/* Sends all of it, turning the loop where the socket is full. False: the proxy has closed. */
static inline bool end_send(struct end *end, const char *bytes, size_t length)
{
    uint64_t limit = uv_hrtime() + GATEWAY_WAIT_SECONDS * (uint64_t)1000000000;
    while (length > 0 && uv_hrtime() < limit) {
        ssize_t count = send(end->descriptor, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno != EAGAIN) {
            return false;
        }
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
        if (length > 0) {
            gateway_turn();
        }
    }
    return length == 0;
}

struct end_wish {
    struct end *end;
    const char *text; /* NULL: the end */
};

static inline bool fixture_is_fulfilled(const void *context)
{
    const struct end_wish *wish = context;
    struct end *end = wish->end;
    if (wish->text == NULL) {
        return end->has_ended;
    }
    size_t length = strlen(wish->text);
    const char *found = memmem(end->bytes + end->seen, end->length - end->seen, wish->text, length);
    if (found == NULL) {
        return false;
    }
    end->seen = (size_t)(found - end->bytes) + length;
    return true;
}

/* Waits until `text` has come, behind what was waited for before. */
static inline bool end_gets(struct end *end, const char *text)
{
    struct end_wish wish = {end, text};
    return gateway_wait(fixture_is_fulfilled, &wish);
}

static inline bool end_is_ended(struct end *end)
{
    struct end_wish wish = {end, NULL};
    return gateway_wait(fixture_is_fulfilled, &wish);
}

/* The Date of the gateway's own answers changes with the second. */
static inline void end_mask_dates(struct end *end)
{
    static const char name[] = "\r\nDate: ";
    char *place = end->bytes;
    while ((place = memmem(place, (size_t)(end->bytes + end->length - place), name,
                           sizeof name - 1)) != NULL) {
        place += sizeof name - 1;
        for (unsigned i = 0; i < CLOCK_DATE_BYTES && place < end->bytes + end->length; i++) {
            *place++ = '-';
        }
    }
}

#endif
