#include "verbgate/upstream/connection.h"

#include <assert.h>

/* No turn of the loop has this number. */
#define NEVER_QUIET UINT64_MAX

static struct upstream_connection *of_stream(struct stream *stream)
{
    return LIST_OBJECT(stream, struct upstream_connection, stream);
}

static void set_state(struct upstream_connection *connection, enum upstream_state state)
{
    connection->state = state;
}

/* What has just happened may have made a connection free, or room to open one. The connection that it
 * happened to is still there, if only to be closed, and with it its pool. */
static void serve(struct pool *pool)
{
    if (UNLIKELY(pool_has_waiters(pool))) {
        pool_serve(pool);
    }
}

/* ---- events of the stream */

static uv_buf_t on_allocate(struct stream *stream)
{
    struct upstream_connection *connection = of_stream(stream);
    return connection->events->on_room(connection);
}

static void on_read(struct stream *stream, char *data, size_t length)
{
    struct upstream_connection *connection = of_stream(stream);
    struct pool *pool = connection->pool;
    if (UNLIKELY(connection->opening.period != 0)) {
        pace_answered(&pool->pace, &connection->opening, pool_others(pool));
    }
    connection->events->on_bytes(connection, data, length);
    serve(pool);
}

static void on_read_nothing(struct stream *stream)
{
    struct upstream_connection *connection = of_stream(stream);
    connection->events->on_nothing(connection);
}

static void on_read_end(struct stream *stream, int error)
{
    struct upstream_connection *connection = of_stream(stream);
    connection->events->on_end(connection, error);
    serve(connection->pool);
}

static void on_drained(struct stream *stream, int error)
{
    struct upstream_connection *connection = of_stream(stream);
    connection->events->on_drained(connection, error);
}

static void on_connected(struct stream *stream, int error)
{
    struct upstream_connection *connection = of_stream(stream);
    assert(connection->state == UPSTREAM_CONNECTING);
    set_state(connection, UPSTREAM_BUSY);
    deadline_cancel(&connection->deadline);
    if (error == 0) {
        connection->pool->failed_until_ms = 0;
    }
    connection->events->on_connected(connection, error);
    serve(connection->pool);
}

static void on_closed(struct stream *stream)
{
    struct upstream_connection *connection = of_stream(stream);
    struct pool *pool = connection->pool;
    slab_give(&pool->context->upstreams, connection);
    pool_connection_closed(pool);
}

static const struct stream_events events_of_stream = {
    .on_allocate = on_allocate,
    .on_read = on_read,
    .on_read_end = on_read_end,
    .on_read_nothing = on_read_nothing,
    .on_drained = on_drained,
    .on_connected = on_connected,
    .on_closed = on_closed,
};

static void on_expired(struct deadline *deadline)
{
    struct upstream_connection *connection =
        LIST_OBJECT(deadline, struct upstream_connection, deadline);
    if (connection->state == UPSTREAM_CONNECTING) {
        set_state(connection, UPSTREAM_BUSY);
        connection->events->on_connected(connection, UV_ETIMEDOUT);
    } else {
        connection->events->on_expired(connection);
    }
}

/* ---- life */

struct upstream_connection *upstream_connect(struct pool *pool,
                                             const struct upstream_events *events, void *holder,
                                             uint32_t timeout_ms, int *error)
{
    struct context *context = pool->context;
    struct upstream_connection *connection = slab_take(&context->upstreams);
    if (connection == NULL) {
        *error = UV_ENOMEM;
        return NULL;
    }
    set_state(connection, UPSTREAM_CONNECTING);
    connection->is_reused = connection->is_in_login = false;
    connection->quiet_turn = NEVER_QUIET;
    connection->pool = pool;
    connection->events = events;
    connection->holder = holder;
    connection->owner = NULL;
    connection->awaited_by = NULL;
    list_init(&connection->node);
    deadline_init(&connection->deadline, on_expired);
    pool_connection_opened(pool);
    connection->opening = pace_begin(&pool->pace);
    counter_increment(&context->counters.upstream_connects);
    int result = stream_init_connecting(&connection->stream, context->loop, &pool->address,
                                        &connection->connect, &events_of_stream);
    if (result != 0) {
        *error = result;
        upstream_close(connection);
        return NULL;
    }
    deadline_arm(&context->deadlines, &connection->deadline, timeout_ms);
    return connection;
}

void upstream_hold(struct upstream_connection *connection, const struct upstream_events *events,
                   void *holder)
{
    set_state(connection, UPSTREAM_BUSY);
    connection->is_reused = true;
    connection->events = events;
    connection->holder = holder;
    counter_increment(&connection->pool->context->counters.upstream_reuses);
}

void upstream_let_go(struct upstream_connection *connection, enum upstream_state state,
                     const struct upstream_events *events, bool is_quiet)
{
    assert(connection->state == UPSTREAM_BUSY);
    assert(state == UPSTREAM_IDLE || state == UPSTREAM_RESTING);
    set_state(connection, state);
    /* An engine may keep more than one read gives. */
    bool is_known = is_quiet && stream_is_plain(&connection->stream);
    connection->quiet_turn = is_known ? context_turn(connection->pool->context) : NEVER_QUIET;
    connection->events = events;
    connection->holder = NULL;
}

void upstream_end_rest(struct upstream_connection *connection)
{
    assert(connection->state == UPSTREAM_RESTING);
    set_state(connection, UPSTREAM_IDLE);
}

bool upstream_is_quiet(const struct upstream_connection *connection)
{
    return connection->quiet_turn == context_turn(connection->pool->context) ||
           stream_is_quiet(&connection->stream);
}

void upstream_leave_list(struct upstream_connection *connection)
{
    struct pool *pool = connection->pool;
    list_remove(&connection->node);
    deadline_cancel(&connection->deadline);
    if (connection->state == UPSTREAM_RESTING) {
        pool->resting_count--;
        counter_decrement(&pool->context->counters.upstream_resting);
    } else {
        pool->idle_count--;
        counter_decrement(&pool->context->counters.upstream_idle);
    }
}

void upstream_close(struct upstream_connection *connection)
{
    if (connection->state == UPSTREAM_CLOSING) {
        return;
    }
    if (connection->owner != NULL) {
        owner_forget(connection);
    } else if (!list_is_empty(&connection->node)) {
        upstream_leave_list(connection);
    }
    deadline_cancel(&connection->deadline);
    pace_end(&connection->pool->pace, &connection->opening);
    set_state(connection, UPSTREAM_CLOSING);
    stream_close(&connection->stream);
}
