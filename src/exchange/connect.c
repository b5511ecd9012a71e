#include "connect.h"

#include "verbgate/http/login.h"
#include "verbgate/upstream/balance.h"
#include "verbgate/upstream/kept.h"
#include "verbgate/upstream/private.h"

static void use(struct exchange *exchange, struct upstream_connection *connection)
{
    exchange->connection = connection;
    exchange->server_side.stream = &connection->stream;
    exchange->server_side.deadline = &connection->deadline;
}

/* ---- opening */

static enum close_reason reason_of(int error)
{
    switch (error) {
    case UV_ECONNREFUSED:
        return REASON_UPSTREAM_REFUSED;
    case UV_ENOENT:
    case UV_ENOTDIR:
        return REASON_UPSTREAM_SOCKET_MISSING;
    case UV_EACCES: /* a Unix socket's mode, or that of a folder above it */
    case UV_EPERM:  /* a packet filter */
        return REASON_UPSTREAM_FORBIDDEN;
    case UV_ETIMEDOUT:
        return REASON_UPSTREAM_CONNECT_SLOW;
    case UV_EMFILE:
    case UV_ENFILE:
    case UV_ENOMEM:
    case UV_ENOBUFS:
        return REASON_NO_RESOURCES;
    case UV_EAGAIN: /* the backlog of a Unix socket is full */
        return REASON_UPSTREAM_BUSY;
    default:
        return REASON_UPSTREAM_UNREACHABLE;
    }
}

/* Whether another try makes sense; it is counted. */
static bool may_try_again(struct exchange *exchange, struct pool *pool, enum close_reason reason)
{
    if (reason == REASON_NO_RESOURCES) {
        /* Connections that are kept for later give way to a request that is here now. */
        bool sheds = !exchange->has_shed && kept_shed(exchange->context);
        exchange->has_shed |= sheds;
        return sheds;
    }
    if (reason != REASON_UPSTREAM_BUSY) {
        pool_mark_failed(pool);
    }
    exchange->servers_tried++;
    /* Nothing was sent, so another server may have the request, whatever its method. */
    return exchange->servers_tried < balance_count(exchange->snapshot, exchange->verdict.upstream);
}

static enum connect_outcome open_connection(struct exchange *exchange, struct pool *pool,
                                            enum close_reason *reason)
{
    int error = 0;
    struct upstream_connection *connection =
        upstream_connect(pool, exchange->connection_events, exchange,
                         exchange->verdict.upstream->connect_timeout_ms, &error);
    if (connection != NULL) {
        use(exchange, connection);
        exchange->server_side.wait = WAIT_CONNECT;
        return CONNECT_WAITS;
    }
    *reason = reason_of(error);
    return may_try_again(exchange, pool, *reason) ? connect_find(exchange, true, reason)
                                                  : CONNECT_FAILED;
}

enum connect_outcome connect_again(struct exchange *exchange, int error, enum close_reason *reason)
{
    struct pool *pool = exchange->connection->pool;
    exchange_close_connection(exchange);
    *reason = reason_of(error);
    return may_try_again(exchange, pool, *reason) ? connect_find(exchange, true, reason)
                                                  : CONNECT_FAILED;
}

/* ---- the pool, and its queue */

/* Takes or opens a connection of the pool; false: there is neither one nor room to open it, and an exchange that is in
 * the queue stays there. */
static bool use_pool(struct exchange *exchange, struct pool *pool, enum connect_outcome *outcome,
                     enum close_reason *reason)
{
    const struct policy_upstream *settings = exchange->verdict.upstream;
    /* The pool may be shared with an upstream that keeps its connections. */
    struct upstream_connection *kept =
        LIKELY(settings->max_idle > 0)
            ? kept_take(pool, exchange->connection_events, exchange, settings->reuse_delay_ms)
            : NULL;
    if (kept == NULL && !pace_may_open(&pool->pace)) {
        return false;
    }
    connect_leave(exchange);
    if (kept == NULL) {
        *outcome = open_connection(exchange, pool, reason);
        return true;
    }
    use(exchange, kept);
    *outcome = CONNECT_READY;
    return true;
}

bool connect_in_turn(struct exchange *exchange, enum connect_outcome *outcome,
                     enum close_reason *reason)
{
    return use_pool(exchange, exchange->waits_at, outcome, reason);
}

static enum connect_outcome wait_in_queue(struct exchange *exchange, struct pool *pool)
{
    counter_increment(&exchange->context->counters.upstream_waits);
    exchange->waits_at = pool;
    pool_wait(pool, &exchange->waiter);
    return CONNECT_WAITS;
}

void connect_stop_waiting(struct exchange *exchange)
{
    if (exchange->waits_at != NULL) {
        pool_leave(exchange->waits_at, &exchange->waiter);
        exchange->waits_at = NULL;
    }
    if (exchange->rests_at != NULL) {
        exchange->rests_at->awaited_by = NULL;
        exchange->rests_at = NULL;
    }
}

/* ---- the client's own connection */

static enum connect_outcome use_private(struct exchange *exchange,
                                        struct upstream_connection *connection)
{
    if (connection->state == UPSTREAM_RESTING) {
        exchange->rests_at = connection;
        private_await(connection, &exchange->waiter);
        return CONNECT_WAITS;
    }
    private_take(connection, exchange->connection_events, exchange);
    use(exchange, connection);
    exchange->uses_private = true;
    return CONNECT_READY;
}

enum connect_outcome connect_rested(struct exchange *exchange,
                                    struct upstream_connection *connection,
                                    enum close_reason *reason)
{
    exchange->rests_at = NULL;
    return connection != NULL ? use_private(exchange, connection)
                              : connect_find(exchange, true, reason);
}

/* What belongs to the client is not waited for in a queue. Returns false when there is none: then the server is asked
 * anew, unless the next step of a login would go to a connection that has not seen the one before. */
RARE static bool find_private(struct exchange *exchange, enum connect_outcome *outcome,
                              enum close_reason *reason)
{
    struct private_owner *owner = &exchange->client->owner;
    unsigned index = exchange->verdict.upstream->index;
    struct upstream_connection *connection =
        private_find(owner, &exchange->snapshot->upstreams[index], &exchange->server);
    if (connection != NULL && upstream_is_quiet(connection)) {
        *outcome = use_private(exchange, connection);
        return true;
    }
    if (connection != NULL) {
        upstream_close(connection);
    }
    bool is_cut = owner->has_lost_login && login_of_request(&exchange->fields) != LOGIN_NONE;
    owner->has_lost_login = false;
    if (is_cut) {
        exchange_end_with(exchange, END_LINGER);
        *reason = REASON_LOGIN_CUT;
        *outcome = CONNECT_FAILED;
    }
    return is_cut;
}

enum connect_outcome connect_find(struct exchange *exchange, bool may_reuse,
                                  enum close_reason *reason)
{
    const struct private_owner *owner = &exchange->client->owner;
    bool keeps = may_reuse && !exchange->verdict.upstream->sends_http_10;
    enum connect_outcome outcome = CONNECT_WAITS;
    if (UNLIKELY(owner->count > 0 || owner->has_lost_login) && keeps &&
        find_private(exchange, &outcome, reason)) {
        return outcome;
    }
    struct pool *pool =
        balance_choose(exchange->snapshot, exchange->verdict.upstream, &exchange->server);
    /* In the queue it would wait for its turn at what it cannot use. The pool may be shared with an upstream that
     * keeps its connections. */
    if (!keeps) {
        return open_connection(exchange, pool, reason);
    }
    if (UNLIKELY(pool_has_waiters(pool)) || !use_pool(exchange, pool, &outcome, reason)) {
        return wait_in_queue(exchange, pool);
    }
    return outcome;
}
