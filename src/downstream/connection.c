#include "verbgate/downstream/connection.h"

#include "life.h"
#include "requests.h"

#include "verbgate/base/log.h"

#include <assert.h>
#include <stdatomic.h>
#include <unistd.h>

static struct downstream *of_stream(struct stream *stream)
{
    return LIST_OBJECT(stream, struct downstream, stream);
}

/* ---- events of the stream */

static uv_buf_t on_allocate(struct stream *stream)
{
    struct downstream *downstream = of_stream(stream);
    if (downstream->state == DOWNSTREAM_IDLE) {
        assert(downstream->request == NULL);
        downstream->request = h1_create(downstream->context, &downstream->client,
                                        &downstream->stream, &downstream->deadline);
    }
    if (downstream->request == NULL) {
        return uv_buf_init(downstream->context->scratch, RELAY_ROOM_LEAST);
    }
    return h1_room(downstream->request);
}

/* There is no memory to read the request into: it is answered all the same, without knowing what it is. */
RARE static void answer_without_memory(struct downstream *downstream)
{
    static const struct slice answer =
        SLICE("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\n");
    if (context_may_log(downstream->context)) {
        log_error("out of memory: a request was answered 503 without having been read");
    }
    switch (stream_write(&downstream->stream, &answer, 1)) {
    case STREAM_SENT:
        life_begin_linger(downstream);
        break;
    case STREAM_QUEUED:
    case STREAM_FAILED:
    case STREAM_CUT:
        downstream_close(downstream, REASON_NO_RESOURCES);
        break;
    }
}

static void on_read(struct stream *stream, char *data, size_t length)
{
    struct downstream *downstream = of_stream(stream);
    if (downstream->state == DOWNSTREAM_LINGER) {
        life_linger_on(downstream, length);
        return;
    }
    if (downstream->request == NULL) {
        answer_without_memory(downstream);
        return;
    }
    if (downstream->state == DOWNSTREAM_IDLE) {
        life_begin_request(downstream);
    }
    if (h1_is_reading_head(downstream->request)) {
        h1_add_to_head(downstream->request, length);
        requests_run(downstream);
    } else {
        h1_bytes(downstream->request, data, length);
    }
}

static void on_read_end(struct stream *stream, int error)
{
    struct downstream *downstream = of_stream(stream);
    life_drop_unused_request(downstream);
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_on_client_end(&downstream->request->exchange, error);
    } else {
        downstream_close(downstream, REASON_CLIENT_CLOSED);
    }
}

static void on_read_nothing(struct stream *stream)
{
    struct downstream *downstream = of_stream(stream);
    life_drop_unused_request(downstream);
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_on_client_nothing(&downstream->request->exchange);
    }
}

static void on_drained(struct stream *stream, int error)
{
    struct downstream *downstream = of_stream(stream);
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_on_client_drained(&downstream->request->exchange, error);
    }
}

static void on_closed(struct stream *stream)
{
    struct downstream *downstream = of_stream(stream);
    struct context *context = downstream->context;
    list_remove(&downstream->node);
    context->connection_count--;
    counter_decrement(&context->counters.connections_open);
    slab_give(&context->downstreams, downstream);
    context->events->on_connection_closed(context);
}

static const struct stream_events events = {
    .on_allocate = on_allocate,
    .on_read = on_read,
    .on_read_end = on_read_end,
    .on_read_nothing = on_read_nothing,
    .on_drained = on_drained,
    .on_closed = on_closed,
};

static void on_expired(struct deadline *deadline)
{
    struct downstream *downstream = LIST_OBJECT(deadline, struct downstream, deadline);
    switch (downstream->state) {
    case DOWNSTREAM_IDLE:
        downstream_close(downstream, REASON_CLIENT_IDLE);
        break;
    case DOWNSTREAM_ACTIVE:
        exchange_on_client_expired(&downstream->request->exchange);
        break;
    case DOWNSTREAM_LINGER:
        life_linger_or_close(downstream);
        break;
    case DOWNSTREAM_CLOSING:
        break;
    }
}

/* ---- life */

static void remember_peer(struct client *client, const struct socket_address *peer)
{
    size_t length = peer->any.sa_family == AF_UNIX ? sizeof peer->any.sa_family : peer->length;
    memcpy(&client->peer, &peer->storage,
           length < sizeof client->peer ? length : sizeof client->peer);
    client->peer_ip_length = (unsigned char)socket_address_ip(
        (const struct sockaddr *)(const void *)&client->peer, client->peer_ip);
}

void downstream_drain(struct downstream *downstream)
{
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_drain(&downstream->request->exchange);
    } else if (downstream->context->phase == CONTEXT_DRAINS) {
        (void)downstream_end_idle(downstream, REASON_DRAINED);
    }
}

void downstream_cut(struct downstream *downstream, enum close_reason reason)
{
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_cut(&downstream->request->exchange, reason);
    } else {
        downstream_close(downstream, reason);
    }
}

/* ---- the beginning */

/* Unique in the process, so that the log's lines of one connection can be found. */
static uint32_t next_number(void)
{
    static atomic_uint last;
    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

void downstream_on_login_cut(struct private_owner *owner)
{
    struct client *client = LIST_OBJECT(owner, struct client, owner);
    (void)downstream_end_idle(LIST_OBJECT(client, struct downstream, client), REASON_LOGIN_CUT);
}

/* The client has waited for its next turn. */
static void on_ready(struct turn *ready)
{
    struct downstream *downstream = LIST_OBJECT(ready, struct downstream, ready);
    downstream->turn_requests = 0; /* the loop counts its turns right after this */
    requests_run(downstream);
}

static void init(struct downstream *downstream, struct context *context,
                 const struct socket_address *peer)
{
    memset(downstream, 0, sizeof *downstream);
    downstream->context = context;
    downstream->client.operations = &requests_operations;
    downstream->client.number = next_number();
    remember_peer(&downstream->client, peer);
    turn_init(&downstream->ready, on_ready);
    list_init(&downstream->node);
    list_append(&context->connections, &downstream->node);
    deadline_init(&downstream->deadline, on_expired);
    context->connection_count++;
    counter_increment(&context->counters.connections_accepted);
    counter_increment(&context->counters.connections_open);
}

bool downstream_open(struct context *context, int descriptor, const struct socket_address *peer)
{
    struct downstream *downstream = slab_take(&context->downstreams);
    if (downstream == NULL) {
        close(descriptor);
        return false;
    }
    init(downstream, context, peer);
    if (stream_init_accepted(&downstream->stream, context->loop, peer->any.sa_family, descriptor,
                             &events) != 0) {
        downstream_close(downstream, REASON_NO_RESOURCES);
        return true;
    }
    life_wait(downstream);
    return true;
}
