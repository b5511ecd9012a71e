#include "verbgate/proxy/upstream.h"

#include "verbgate/base/log.h"
#include "verbgate/proxy/exchange.h"
#include "verbgate/proxy/private.h"

#include <assert.h>
#include <limits.h>

/* No turn of the loop has this number. */
#define UPSTREAM_NEVER_QUIET UINT64_MAX

static struct upstream *of_stream(struct stream *stream)
{
    return LIST_OBJECT(stream, struct upstream, stream);
}

static void close_idle(struct upstream *upstream)
{
    if (upstream->owner != NULL) {
        private_ended(upstream);
    } else {
        upstream_close(upstream);
    }
}

/* An idle connection has nothing to say: a byte or an end both end it. */
static void end_idle(struct upstream *upstream)
{
    log_debug("idle upstream connection ended by its server");
    close_idle(upstream);
}

/* What has just happened may have made a connection free, or room to open one. The connection that it
 * happened to is still there, if only to be closed, and with it its pool. */
static void serve_line(struct pool *pool)
{
    if (UNLIKELY(pool_has_line(pool))) {
        exchange_serve_line(pool);
    }
}

static uv_buf_t on_allocate(struct stream *stream)
{
    struct upstream *upstream = of_stream(stream);
    if (upstream->exchange == NULL) {
        return uv_buf_init(upstream->pool->proxy->scratch, RELAY_ROOM_LEAST);
    }
    return exchange_response_room(upstream->exchange);
}

static void on_read(struct stream *stream, char *data, size_t length)
{
    struct upstream *upstream = of_stream(stream);
    if (upstream->exchange == NULL) {
        end_idle(upstream);
        return;
    }
    if (UNLIKELY(upstream->opening.period != 0)) {
        pool_answered(upstream->pool, &upstream->opening);
    }
    exchange_response_bytes(upstream->exchange, data, length);
    serve_line(upstream->pool);
}

static void on_read_nothing(struct stream *stream)
{
    struct upstream *upstream = of_stream(stream);
    if (upstream->exchange != NULL) {
        exchange_response_nothing(upstream->exchange);
    }
}

static void on_read_end(struct stream *stream, int error)
{
    struct upstream *upstream = of_stream(stream);
    if (upstream->exchange == NULL) {
        end_idle(upstream);
    } else {
        exchange_response_end(upstream->exchange, error);
        serve_line(upstream->pool);
    }
}

static void on_drained(struct stream *stream, int error)
{
    struct upstream *upstream = of_stream(stream);
    if (upstream->exchange != NULL) {
        exchange_upstream_drained(upstream->exchange, error);
    }
}

static void on_connected(struct stream *stream, int error)
{
    struct upstream *upstream = of_stream(stream);
    assert(upstream->state == UPSTREAM_CONNECTING);
    upstream->state = UPSTREAM_BUSY;
    deadline_cancel(&upstream->deadline);
    if (error == 0) {
        upstream->pool->failed_until_ms = 0;
    }
    exchange_upstream_connected(upstream->exchange, error);
    serve_line(upstream->pool);
}

static void on_closed(struct stream *stream)
{
    struct upstream *upstream = of_stream(stream);
    struct pool *pool = upstream->pool;
    slab_give(&pool->proxy->upstreams, upstream);
    pool_connection_closed(pool);
}

static const struct stream_events events = {
    .on_allocate = on_allocate,
    .on_read = on_read,
    .on_read_end = on_read_end,
    .on_read_nothing = on_read_nothing,
    .on_drained = on_drained,
    .on_connected = on_connected,
    .on_closed = on_closed,
};

/* It was silent for long enough: it is idle, and whoever waits for one gets it. */
static void end_rest(struct upstream *upstream)
{
    struct pool *pool = upstream->pool;
    if (upstream->owner != NULL) {
        private_rested(upstream);
        return;
    }
    pool_forget(pool, upstream);
    upstream->state = UPSTREAM_IDLE;
    pool_put(pool, upstream, UINT_MAX, upstream->idle_timeout_ms);
    serve_line(pool);
}

static void on_expired(struct deadline *deadline)
{
    struct upstream *upstream = LIST_OBJECT(deadline, struct upstream, deadline);
    switch (upstream->state) {
    case UPSTREAM_CONNECTING:
        upstream->state = UPSTREAM_BUSY;
        exchange_upstream_connected(upstream->exchange, UV_ETIMEDOUT);
        break;
    case UPSTREAM_BUSY:
        exchange_upstream_timeout(upstream->exchange);
        break;
    case UPSTREAM_IDLE:
        close_idle(upstream);
        break;
    case UPSTREAM_RESTING:
        end_rest(upstream);
        break;
    case UPSTREAM_CLOSING:
        break;
    }
}

void upstream_begin_again(struct upstream *upstream, struct exchange *exchange)
{
    upstream->state = UPSTREAM_BUSY;
    upstream->is_reused = true;
    upstream->exchange = exchange;
    counter_increment(&upstream->pool->proxy->counters.upstream_reuses);
}

struct upstream *upstream_acquire(struct pool *pool, struct exchange *exchange)
{
    struct upstream *upstream = pool_take(pool);
    if (upstream != NULL) {
        upstream_begin_again(upstream, exchange);
    }
    return upstream;
}

struct upstream *upstream_connect(struct pool *pool, struct exchange *exchange, uint32_t timeout_ms,
                                  int *error)
{
    struct proxy *proxy = pool->proxy;
    struct upstream *upstream = slab_take(&proxy->upstreams);
    if (upstream == NULL) {
        *error = UV_ENOMEM;
        return NULL;
    }
    upstream->state = UPSTREAM_CONNECTING;
    upstream->is_reused = upstream->is_in_login = false;
    upstream->quiet_turn = UPSTREAM_NEVER_QUIET;
    upstream->pool = pool;
    upstream->exchange = exchange;
    upstream->owner = NULL;
    list_init(&upstream->node);
    deadline_init(&upstream->deadline, on_expired);
    pool_connection_opened(pool);
    upstream->opening = pool_begin_opening(pool);
    counter_increment(&proxy->counters.upstream_connects);
    int result = stream_init_connecting(&upstream->stream, proxy->loop, &pool->address,
                                        &upstream->connect, &events);
    if (result != 0) {
        *error = result;
        upstream_close(upstream);
        return NULL;
    }
    deadline_arm(&proxy->deadlines, &upstream->deadline, timeout_ms);
    return upstream;
}

static void unlink_exchange(struct upstream *upstream)
{
    if (upstream->exchange != NULL && upstream->exchange->upstream == upstream) {
        upstream->exchange->upstream = NULL;
    }
    upstream->exchange = NULL;
}

bool upstream_is_quiet(const struct upstream *upstream)
{
    return upstream->quiet_turn == proxy_turn(upstream->pool->proxy) ||
           stream_is_quiet(&upstream->stream);
}

static void begin_rest(struct upstream *upstream, const struct upstream_keeping *keeping)
{
    upstream->state = UPSTREAM_RESTING;
    upstream->idle_timeout_ms = keeping->idle_timeout_ms;
    if (upstream->owner != NULL) {
        private_put(upstream, keeping->rest_ms);
    } else {
        pool_rest(upstream->pool, upstream, keeping->max_idle, keeping->rest_ms);
    }
}

void upstream_release(struct upstream *upstream, struct upstream_keeping keeping)
{
    assert(upstream->state == UPSTREAM_BUSY);
    upstream->quiet_turn =
        keeping.is_quiet ? proxy_turn(upstream->pool->proxy) : UPSTREAM_NEVER_QUIET;
    unlink_exchange(upstream);
    if (UNLIKELY(keeping.rest_ms > 0)) {
        begin_rest(upstream, &keeping);
        return;
    }
    upstream->state = UPSTREAM_IDLE;
    if (UNLIKELY(upstream->owner != NULL)) {
        private_put(upstream, keeping.idle_timeout_ms);
    } else {
        pool_put(upstream->pool, upstream, keeping.max_idle, keeping.idle_timeout_ms);
    }
}

void upstream_close(struct upstream *upstream)
{
    if (upstream->state == UPSTREAM_CLOSING) {
        return;
    }
    unlink_exchange(upstream);
    if (upstream->owner != NULL) {
        private_forget(upstream);
    } else if (!list_is_empty(&upstream->node)) {
        pool_forget(upstream->pool, upstream);
    }
    deadline_cancel(&upstream->deadline);
    pool_end_opening(upstream->pool, &upstream->opening);
    upstream->state = UPSTREAM_CLOSING;
    stream_close(&upstream->stream);
}
