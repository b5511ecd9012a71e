#include "verbgate/proxy/downstream.h"

#include "verbgate/base/log.h"
#include "verbgate/proxy/exchange.h"
#include "verbgate/proxy/private.h"

#include <assert.h>
#include <unistd.h>

_Static_assert(sizeof(struct downstream) <= 512, "an idle client connection stays small");

static struct downstream *of_stream(struct stream *stream)
{
    return LIST_OBJECT(stream, struct downstream, stream);
}

static const struct policy_gateway *settings(const struct downstream *downstream)
{
    return &downstream->proxy->snapshot->policy->gateway;
}

/* ---- events of the stream */

static uv_buf_t on_allocate(struct stream *stream)
{
    struct downstream *downstream = of_stream(stream);
    if (downstream->state == DOWNSTREAM_IDLE) {
        assert(downstream->exchange == NULL);
        downstream->exchange = exchange_create(downstream);
    }
    if (downstream->exchange == NULL) {
        return uv_buf_init(downstream->proxy->scratch, RELAY_ROOM_LEAST);
    }
    return exchange_request_room(downstream->exchange);
}

/* An exchange that was taken for bytes that did not come. */
static void drop_unused_exchange(struct downstream *downstream)
{
    if (downstream->state == DOWNSTREAM_IDLE && downstream->exchange != NULL) {
        exchange_destroy(downstream->exchange);
        downstream->exchange = NULL;
    }
}

static void begin_request(struct downstream *downstream)
{
    list_remove(&downstream->ready_node);
    downstream->state = DOWNSTREAM_ACTIVE;
    downstream->request_count++;
}

/* Past the limit nothing more is read. What the client has not confirmed yet would be lost by a
 * close now: then the deadline is what ends it. */
RARE static void linger_on(struct downstream *downstream, size_t length)
{
    downstream->lingered_bytes += (unsigned)length;
    if (downstream->lingered_bytes <= DOWNSTREAM_LINGER_BYTES) {
        return;
    }
    if (stream_unsent(&downstream->stream) > 0) {
        stream_stop_reading(&downstream->stream);
    } else {
        downstream_close(downstream, REASON_LINGERED);
    }
}

static void begin_linger(struct downstream *downstream);

/* There is no memory to read the request into: it is answered all the same, without knowing what it is. */
RARE static void answer_without_memory(struct downstream *downstream)
{
    static const struct slice answer =
        SLICE("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\n");
    if (proxy_may_log(downstream->proxy)) {
        log_error("out of memory: a request was answered 503 without having been read");
    }
    switch (stream_write(&downstream->stream, &answer, 1)) {
    case STREAM_SENT:
        begin_linger(downstream);
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
        linger_on(downstream, length);
        return;
    }
    if (downstream->exchange == NULL) {
        answer_without_memory(downstream);
        return;
    }
    if (downstream->state == DOWNSTREAM_IDLE) {
        begin_request(downstream);
    }
    exchange_request_bytes(downstream->exchange, data, length);
}

static void on_read_end(struct stream *stream, int error)
{
    struct downstream *downstream = of_stream(stream);
    drop_unused_exchange(downstream);
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_request_end(downstream->exchange, error);
    } else {
        downstream_close(downstream, REASON_CLIENT_CLOSED);
    }
}

static void on_read_nothing(struct stream *stream)
{
    struct downstream *downstream = of_stream(stream);
    drop_unused_exchange(downstream);
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_request_nothing(downstream->exchange);
    }
}

static void on_drained(struct stream *stream, int error)
{
    struct downstream *downstream = of_stream(stream);
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_client_drained(downstream->exchange, error);
    }
}

static void on_closed(struct stream *stream)
{
    struct downstream *downstream = of_stream(stream);
    struct proxy *proxy = downstream->proxy;
    list_remove(&downstream->node);
    proxy->connection_count--;
    counter_decrement(&proxy->counters.connections_open);
    slab_give(&proxy->downstreams, downstream);
    proxy->events->on_connection_closed(proxy);
}

static const struct stream_events events = {
    .on_allocate = on_allocate,
    .on_read = on_read,
    .on_read_end = on_read_end,
    .on_read_nothing = on_read_nothing,
    .on_drained = on_drained,
    .on_closed = on_closed,
};

/* A client that still takes its answer may go on with that; one that does not has had its time. */
static void linger_or_close(struct downstream *downstream)
{
    unsigned unsent = (unsigned)stream_unsent(&downstream->stream);
    if (unsent == 0 || unsent >= downstream->linger_unsent) {
        downstream_close(downstream, REASON_LINGERED);
        return;
    }
    downstream->linger_unsent = unsent;
    deadline_arm(&downstream->proxy->deadlines, &downstream->deadline,
                 settings(downstream)->linger_timeout_ms);
}

static void on_expired(struct deadline *deadline)
{
    struct downstream *downstream = LIST_OBJECT(deadline, struct downstream, deadline);
    switch (downstream->state) {
    case DOWNSTREAM_IDLE:
        downstream_close(downstream, REASON_CLIENT_IDLE);
        break;
    case DOWNSTREAM_ACTIVE:
        exchange_client_timeout(downstream->exchange);
        break;
    case DOWNSTREAM_LINGER:
        linger_or_close(downstream);
        break;
    case DOWNSTREAM_CLOSING:
        break;
    }
}

/* ---- life */

static void remember_peer(struct downstream *downstream, const struct socket_address *peer)
{
    memset(&downstream->peer, 0, sizeof downstream->peer);
    size_t length = peer->any.sa_family == AF_UNIX ? sizeof peer->any.sa_family : peer->length;
    memcpy(&downstream->peer, &peer->storage,
           length < sizeof downstream->peer ? length : sizeof downstream->peer);
    downstream->peer_ip_length = (unsigned char)socket_address_ip(
        (const struct sockaddr *)(const void *)&downstream->peer, downstream->peer_ip);
}

static void wait_for_request(struct downstream *downstream)
{
    downstream->state = DOWNSTREAM_IDLE;
    list_remove(&downstream->ready_node);
    list_append(&downstream->proxy->idle, &downstream->ready_node);
    deadline_arm(&downstream->proxy->deadlines, &downstream->deadline,
                 settings(downstream)->idle_timeout_ms);
    stream_start_reading(&downstream->stream);
}

bool downstream_open(struct proxy *proxy, int descriptor, const struct socket_address *peer)
{
    struct downstream *downstream = slab_take(&proxy->downstreams);
    if (downstream == NULL) {
        close(descriptor);
        return false;
    }
    downstream->is_running = false;
    downstream->proxy = proxy;
    downstream->exchange = NULL;
    downstream->request_count = 0;
    downstream->trust_serial = 0;
    downstream->turn_requests = 0;
    downstream->turn = 0;
    downstream->lingered_bytes = 0;
    downstream->has_lost_login = false;
    downstream->private_count = 0;
    downstream->private = NULL;
    remember_peer(downstream, peer);
    list_init(&downstream->ready_node);
    list_init(&downstream->node);
    list_append(&proxy->connections, &downstream->node);
    deadline_init(&downstream->deadline, on_expired);
    proxy->connection_count++;
    counter_increment(&proxy->counters.connections_accepted);
    counter_increment(&proxy->counters.connections_open);
    downstream->state = DOWNSTREAM_IDLE;
    if (stream_init_accepted(&downstream->stream, proxy->loop, peer->any.sa_family, descriptor,
                             &events) != 0) {
        downstream_close(downstream, REASON_NO_RESOURCES);
        return true;
    }
    wait_for_request(downstream);
    return true;
}

void downstream_close(struct downstream *downstream, enum close_reason reason)
{
    if (downstream->state == DOWNSTREAM_CLOSING) {
        return;
    }
    drop_unused_exchange(downstream);
    assert(downstream->exchange == NULL);
    log_debug("client connection closed: %s", reason_text(reason));
    private_close_all(downstream);
    list_remove(&downstream->ready_node);
    deadline_cancel(&downstream->deadline);
    downstream->state = DOWNSTREAM_CLOSING;
    stream_close(&downstream->stream);
}

static void begin_linger(struct downstream *downstream)
{
    private_close_all(downstream);
    downstream->state = DOWNSTREAM_LINGER;
    downstream->lingered_bytes = 0;
    downstream->linger_unsent = (unsigned)stream_unsent(&downstream->stream);
    list_remove(&downstream->ready_node); /* a head that timed out while it waited for its turn */
    stream_shutdown(&downstream->stream);
    deadline_arm(&downstream->proxy->deadlines, &downstream->deadline,
                 settings(downstream)->linger_timeout_ms);
    stream_start_reading(&downstream->stream);
}

static void drop_exchange(struct downstream *downstream)
{
    exchange_destroy(downstream->exchange);
    downstream->exchange = NULL;
}

void downstream_exchange_done(struct downstream *downstream, bool keep, bool linger)
{
    if (!keep) {
        drop_exchange(downstream);
        if (linger) {
            begin_linger(downstream);
        } else {
            downstream_close(downstream, REASON_COMPLETE);
        }
        return;
    }
    if (!exchange_has_more(downstream->exchange)) {
        drop_exchange(downstream);
        wait_for_request(downstream);
        return;
    }
    exchange_restart(downstream->exchange);
    begin_request(downstream);
    if (!downstream->is_running) {
        downstream_run(downstream);
    }
}

/* Each turn of the loop runs a bounded number of one client's requests; the rest waits until the
 * other clients had their turn. They are counted over the whole turn, as one turn may bring several
 * reads of a client's bytes. */
static bool may_run_another(struct downstream *downstream)
{
    uint64_t turn = proxy_turn(downstream->proxy);
    if (downstream->turn != turn) {
        downstream->turn = turn;
        downstream->turn_requests = 0;
    }
    return downstream->turn_requests++ < PROXY_TURN_REQUESTS;
}

void downstream_run(struct downstream *downstream)
{
    downstream->is_running = true;
    while (may_run_another(downstream)) {
        if (exchange_run_head(downstream->exchange) == EXCHANGE_WAITS ||
            downstream->state != DOWNSTREAM_ACTIVE) {
            downstream->is_running = false;
            return;
        }
    }
    downstream->is_running = false;
    stream_stop_reading(&downstream->stream);
    proxy_run_later(downstream->proxy, &downstream->ready_node);
}

void downstream_run_again(struct downstream *downstream)
{
    downstream->turn_requests = 0; /* the loop counts its turns right after this */
    downstream_run(downstream);
}

/* A request that is in the kernel already is served: closing now would reset it. */
bool downstream_end_idle(struct downstream *downstream, enum close_reason reason)
{
    if (downstream->state != DOWNSTREAM_IDLE || stream_unread(&downstream->stream) > 0) {
        return false;
    }
    downstream_close(downstream, reason);
    return true;
}

void downstream_drain(struct downstream *downstream)
{
    if (downstream->state == DOWNSTREAM_ACTIVE) {
        exchange_drain(downstream->exchange);
    } else if (!downstream->proxy->keeps_idle) {
        (void)downstream_end_idle(downstream, REASON_DRAINED);
    }
}
