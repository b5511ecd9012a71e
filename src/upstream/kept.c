#include "verbgate/upstream/kept.h"

#include "verbgate/base/log.h"
#include "verbgate/upstream/private.h"

#include <limits.h>

static struct upstream_connection *first_of(const struct list_node *list)
{
    return LIST_OBJECT(list->next, struct upstream_connection, node);
}

static bool has_room(const struct pool *pool, unsigned max_idle)
{
    return pool->idle_count + pool->resting_count < max_idle && pool->references > 0 &&
           !context_is_ending(pool->context);
}

/* Keeps it as the last used one, or closes it. Resting ones give way. */
static void put(struct upstream_connection *connection, unsigned max_idle, uint32_t idle_timeout_ms)
{
    struct pool *pool = connection->pool;
    if (UNLIKELY(!has_room(pool, max_idle)) && pool->resting_count > 0) {
        upstream_close(first_of(&pool->resting));
    }
    if (!has_room(pool, max_idle)) {
        upstream_close(connection);
        return;
    }
    list_prepend(&pool->idle, &connection->node);
    pool->idle_count++;
    counter_increment(&pool->context->counters.upstream_idle);
    deadline_arm(&pool->context->deadlines, &connection->deadline, idle_timeout_ms);
    stream_start_reading(&connection->stream); /* to hear of its end */
}

/* The same of one that nobody gets before it was silent for `rest_ms`. */
static void rest(struct upstream_connection *connection, unsigned max_idle, uint32_t rest_ms)
{
    struct pool *pool = connection->pool;
    if (!has_room(pool, max_idle)) {
        upstream_close(connection);
        return;
    }
    list_append(&pool->resting, &connection->node);
    pool->resting_count++;
    counter_increment(&pool->context->counters.upstream_resting);
    deadline_arm(&pool->context->deadlines, &connection->deadline, rest_ms);
    stream_start_reading(&connection->stream); /* to hear what should not come */
}

/* ---- events of a kept connection */

static uv_buf_t on_room(struct upstream_connection *connection)
{
    return uv_buf_init(connection->pool->context->scratch, CONTEXT_SCRATCH_BYTES);
}

static void end(struct upstream_connection *connection)
{
    if (connection->owner != NULL) {
        private_end(connection);
    } else {
        upstream_close(connection);
    }
}

static void on_bytes(struct upstream_connection *connection, char *data, size_t length)
{
    (void)data, (void)length;
    log_debug("a kept connection is closed: its server sent bytes that nobody had asked for");
    end(connection);
}

static void on_nothing(struct upstream_connection *connection)
{
    (void)connection;
}

static void on_end(struct upstream_connection *connection, int error)
{
    (void)error;
    log_debug("a kept connection was ended by its server");
    end(connection);
}

static void on_drained(struct upstream_connection *connection, int error)
{
    (void)connection, (void)error;
}

/* It was silent for long enough: it is idle, and whoever waits for one gets it. */
static void end_rest(struct upstream_connection *connection)
{
    struct pool *pool = connection->pool;
    if (connection->owner != NULL) {
        private_end_rest(connection);
        return;
    }
    upstream_leave_list(connection);
    upstream_end_rest(connection);
    put(connection, UINT_MAX, connection->idle_timeout_ms);
    pool_serve(pool);
}

static void on_expired(struct upstream_connection *connection)
{
    if (connection->state == UPSTREAM_RESTING) {
        end_rest(connection);
    } else {
        end(connection);
    }
}

static const struct upstream_events events_of_kept = {
    .on_room = on_room,
    .on_bytes = on_bytes,
    .on_nothing = on_nothing,
    .on_end = on_end,
    .on_drained = on_drained,
    .on_expired = on_expired,
};

/* ---- taking and giving back */

struct upstream_connection *kept_take(struct pool *pool, const struct upstream_events *events,
                                      void *holder, uint32_t reuse_delay_ms)
{
    struct list_node *node = pool->idle.next;
    while (node != &pool->idle) {
        struct upstream_connection *connection =
            LIST_OBJECT(node, struct upstream_connection, node);
        node = node->next;
        if (UNLIKELY(connection->reuse_delay_ms < reuse_delay_ms)) {
            continue;
        }
        upstream_leave_list(connection);
        upstream_hold(connection, events, holder);
        if (upstream_is_quiet(connection)) {
            pool->pace.takes++;
            return connection;
        }
        upstream_close(connection);
    }
    return NULL;
}

void kept_release(struct upstream_connection *connection, struct kept_terms terms)
{
    bool rests = terms.rest_ms > 0;
    upstream_let_go(connection, rests ? UPSTREAM_RESTING : UPSTREAM_IDLE, &events_of_kept,
                    terms.is_quiet);
    connection->idle_timeout_ms = terms.idle_timeout_ms;
    connection->reuse_delay_ms = terms.reuse_delay_ms;
    if (UNLIKELY(connection->owner != NULL)) {
        private_put(connection, rests ? terms.rest_ms : terms.idle_timeout_ms);
    } else if (UNLIKELY(rests)) {
        rest(connection, terms.max_idle, terms.rest_ms);
    } else {
        put(connection, terms.max_idle, terms.idle_timeout_ms);
    }
}

/* ---- ends */

void kept_close_all(struct pool *pool)
{
    while (!list_is_empty(&pool->idle)) {
        upstream_close(first_of(&pool->idle));
    }
    while (!list_is_empty(&pool->resting)) {
        upstream_close(first_of(&pool->resting));
    }
    private_close_of(pool);
}

bool kept_shed(struct context *context)
{
    bool any = private_shed(context);
    struct list_node *head = &context->pools;
    for (struct list_node *node = head->next; node != head; node = node->next) {
        struct pool *pool = LIST_OBJECT(node, struct pool, node);
        if (!list_is_empty(&pool->resting)) {
            upstream_close(first_of(&pool->resting));
            any = true;
        }
        if (!list_is_empty(&pool->idle)) {
            upstream_close(LIST_OBJECT(pool->idle.previous, struct upstream_connection, node));
            any = true;
        }
    }
    return any;
}
