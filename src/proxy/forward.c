/* A request's way to its server: which connection, the head, what to do when it fails. */
#include "exchange_steps.h"

#include "verbgate/http/login.h"
#include "verbgate/proxy/balance.h"
#include "verbgate/proxy/private.h"

/* The value of Host onward. An HTTP/1.0 request may come without one, but leaves as HTTP/1.1. Where a rule depends on
 * hosts it was judged as one without a host, and stays one: a name that we gave it could be one that a rule is about. */
static struct slice host_onward(const struct exchange *exchange)
{
    const struct policy_upstream *upstream = exchange->verdict.upstream;
    if (upstream->host_header.length > 0) {
        return upstream->host_header;
    }
    if (exchange->facts.received_host.data != NULL) {
        return exchange->facts.received_host;
    }
    if (exchange->snapshot->policy->judges_hosts) {
        return SLICE("");
    }
    const struct policy_server *server = &upstream->servers[exchange->server];
    bool has_name = server->address.kind != ADDRESS_UNIX && server->address.kind != ADDRESS_BUILTIN;
    return has_name ? server->text : SLICE("localhost");
}

/* What an untrusted peer says of those before it is not passed on as if it were true. */
static enum forwarded_mode forwarded_mode(struct exchange *exchange)
{
    enum forwarded_mode mode = exchange_settings(exchange)->forwarded;
    bool is_believed = mode != FORWARDED_APPEND || exchange_peer_is_trusted(exchange);
    return is_believed ? mode : FORWARDED_REPLACE;
}

/* How the content goes to the server. RFC 9110 section 8.6: a POST without content says so. */
static struct framing framing_onward(const struct exchange *exchange)
{
    if (exchange->store != NULL) {
        return (struct framing){FRAMING_LENGTH, exchange->store->length};
    }
    if (exchange->request_framing.kind == FRAMING_NONE && exchange_is_sent_as_post(exchange)) {
        return (struct framing){FRAMING_LENGTH, 0};
    }
    return exchange->request_framing;
}

/* RFC 9110 section 7.6.2. */
static int64_t max_forwards_onward(const struct decide_request *request)
{
    return request->max_forwards > 0 ? request->max_forwards - 1 : -1;
}

static struct slice method_onward(const struct exchange *exchange)
{
    if (exchange->verdict.asks_get) {
        return SLICE("GET");
    }
    return exchange_is_sent_as_post(exchange) ? SLICE("POST") : exchange->line.method;
}

static void write_head(struct exchange *exchange, struct framing framing)
{
    const struct policy_gateway *settings = exchange_settings(exchange);
    struct slice upgrade = exchange_offer_upgrade(exchange);
    exchange->ends_server = upgrade.length == 0 && exchange_ends_server(exchange, framing);
    bool has_ip = exchange->downstream->peer.sin6_family != AF_UNIX;
    struct request_head head = {
        .is_http_10 = exchange->verdict.upstream->sends_http_10,
        .method = method_onward(exchange),
        .target = &exchange->facts.target,
        .fields = &exchange->request_fields,
        .framing = framing,
        .received_minor = exchange->line.version_minor,
        .host = host_onward(exchange),
        .received_host = exchange->facts.received_host,
        .client_ip = has_ip ? downstream_peer_ip(exchange->downstream) : slice_make(NULL, 0),
        .via_name = settings->name,
        .forwarded = forwarded_mode(exchange),
        .passes_trailers = exchange->verdict.translation->passes_trailers,
        .drop_expect = exchange->is_http_10 || !exchange_limits(exchange)->forwards_expect,
        .takes_trailers = exchange->facts.connection.takes_trailers,
        .upgrade = upgrade,
        .close = exchange->ends_server,
        .max_forwards = max_forwards_onward(&exchange->facts.request),
        .extra = exchange_extra_onward(exchange),
        .spellings = exchange->verdict.translation->spellings,
    };
    serialise_request_head(&exchange->proxy->out, &head);
}

/* 100 (Continue) is owed once somebody is there to take the content, unless content has come
 * already (RFC 9110 section 10.1.1). */
bool exchange_send_continue(struct exchange *exchange)
{
    bool is_wanted =
        exchange->request_state == REQUEST_CONTENT || exchange->request_state == REQUEST_BUFFER;
    if (!exchange->expects_continue || !is_wanted || exchange_limits(exchange)->forwards_expect) {
        return true;
    }
    exchange->expects_continue = false;
    if (exchange->received_bytes > 0 || stream_is_queued(exchange_client(exchange))) {
        return true;
    }
    struct slice interim = SLICE("HTTP/1.1 100 Continue\r\n\r\n");
    if (stream_has_failed(stream_write(exchange_client(exchange), &interim, 1))) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return false;
    }
    return true;
}

/* What goes out with the head: what has come of the content, or what was kept of it. `*is_last`: the client
 * has no more to send. Returns false when that ended in a failure. */
static bool take_first_content(struct exchange *exchange, struct slice *content, bool *is_last)
{
    if (exchange->store != NULL) {
        *is_last = true;
        return exchange_first_piece(exchange, content);
    }
    if (!exchange_take_buffered(exchange, content, is_last)) {
        exchange_fail_and_close(exchange, REASON_REQUEST_FAULT);
        return false;
    }
    if (exchange_is_too_large(exchange)) {
        exchange_fail_and_close(exchange, REASON_CONTENT_TOO_LARGE);
        return false;
    }
    if (!*is_last && exchange->client_is_done) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return false;
    }
    return true;
}

/* The connection is there: the head goes out, with the first of the content, in one write. */
static void send_head(struct exchange *exchange)
{
    struct slice content;
    bool is_last = false;
    exchange->upstream_wait = WAIT_NOTHING;
    if (UNLIKELY(login_of_request(&exchange->request_fields) != LOGIN_NONE)) {
        private_claim(exchange->upstream, exchange->downstream);
    }
    if (!take_first_content(exchange, &content, &is_last)) {
        return;
    }
    struct framing framing = framing_onward(exchange);
    exchange->is_replayable = framing.kind != FRAMING_CHUNKED;
    exchange->response_state = RESPONSE_HEAD;
    exchange->expects_continue &= content.length == 0; /* it has not waited */
    write_head(exchange, framing);
    struct upstream *upstream = exchange->upstream;
    enum stream_write_status status =
        relay_send(exchange->proxy, &upstream->stream, framing.kind, content, is_last,
                   exchange_trailers_onward(exchange));
    exchange->request_state = is_last ? REQUEST_DONE : REQUEST_CONTENT;
    if (stream_has_failed(status)) {
        exchange_send_failed(exchange, status == STREAM_FAILED);
    } else if (exchange_has_stored(exchange) && status == STREAM_SENT) {
        exchange_send_stored(exchange);
    } else if (exchange_send_continue(exchange)) {
        exchange_update(exchange);
    }
}

static enum close_reason connect_reason(int error)
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

static void connect_failed(struct exchange *exchange, struct pool *pool, int error)
{
    enum close_reason reason = connect_reason(error);
    if (reason == REASON_NO_RESOURCES) {
        /* Connections that are kept for later give way to a request that is here now. */
        if (!exchange->has_shed && pool_shed_idle(exchange->proxy)) {
            exchange->has_shed = true;
            exchange_find_upstream(exchange, true);
        } else {
            exchange_fail(exchange, reason);
        }
        return;
    }
    if (reason != REASON_UPSTREAM_BUSY) {
        pool_mark_failed(pool);
    }
    exchange->servers_tried++;
    /* Nothing was sent, so another server may have the request, whatever its method. */
    if (exchange->servers_tried < balance_count(exchange->snapshot, exchange->verdict.upstream)) {
        exchange_find_upstream(exchange, true);
    } else {
        exchange_fail(exchange, reason);
    }
}

/* A kept connection may have died unheard, or hold bytes that its last response should not have had
 * and that would pass for the next one's. Its event may stand in the same turn of the loop behind ours,
 * so it is looked at once more: that makes reuse as safe as it can be (RFC 9112 section 9.2, RFC 9110
 * section 9.2.2). */
static struct upstream *take_kept(struct exchange *exchange, struct pool *pool)
{
    struct upstream *upstream;
    while ((upstream = upstream_acquire(pool, exchange)) != NULL) {
        if (upstream_is_quiet(upstream)) {
            pool->takes++;
            return upstream;
        }
        upstream_close(upstream);
    }
    return NULL;
}

static void open_connection(struct exchange *exchange, struct pool *pool)
{
    int error = 0;
    exchange->upstream =
        upstream_connect(pool, exchange, exchange->verdict.upstream->connect_timeout_ms, &error);
    if (exchange->upstream == NULL) {
        connect_failed(exchange, pool, error);
        return;
    }
    exchange->upstream_wait = WAIT_CONNECT;
    exchange_update(exchange);
}

/* Takes or opens a connection of the pool; false: there is neither one nor room to open it, and who stands in
 * line stays there. */
static bool use_pool(struct exchange *exchange, struct pool *pool)
{
    struct upstream *kept = take_kept(exchange, pool);
    if (kept == NULL && !pool_may_open(pool)) {
        return false;
    }
    exchange_leave_line(exchange);
    if (kept != NULL) {
        exchange->upstream = kept;
        send_head(exchange);
    } else {
        open_connection(exchange, pool);
    }
    return true;
}

static void wait_in_line(struct exchange *exchange, struct pool *pool)
{
    counter_increment(&exchange->proxy->counters.upstream_waits);
    exchange->waits_at = pool;
    pool_wait(pool, &exchange->line_node);
    exchange_update(exchange);
}

static void begin_private(struct exchange *exchange, struct upstream *upstream)
{
    if (upstream->state == UPSTREAM_RESTING) {
        private_await(upstream, exchange);
        exchange_update(exchange);
        return;
    }
    private_take(upstream);
    exchange->upstream = upstream;
    exchange->uses_private = true;
    send_head(exchange);
}

void exchange_private_rested(struct exchange *exchange)
{
    struct upstream *upstream = exchange->rests_at;
    exchange->rests_at = NULL;
    begin_private(exchange, upstream);
}

void exchange_find_upstream_again(struct exchange *exchange)
{
    exchange_find_upstream(exchange, true);
}

/* What belongs to the client is not waited for. Returns false when there is none: then the server is asked anew,
 * unless the next step of a login would go to a connection that has not seen the one before. */
RARE static bool use_private(struct exchange *exchange)
{
    struct downstream *client = exchange->downstream;
    unsigned index = exchange->verdict.upstream->index;
    struct upstream *upstream =
        private_find(client, &exchange->snapshot->upstreams[index], &exchange->server);
    if (upstream != NULL && upstream_is_quiet(upstream)) {
        begin_private(exchange, upstream);
        return true;
    }
    if (upstream != NULL) {
        upstream_close(upstream);
    }
    bool is_cut =
        client->has_lost_login && login_of_request(&exchange->request_fields) != LOGIN_NONE;
    client->has_lost_login = false;
    if (is_cut) {
        exchange_fail_and_close(exchange, REASON_LOGIN_CUT);
    }
    return is_cut;
}

void exchange_find_upstream(struct exchange *exchange, bool may_reuse)
{
    bool may_have_login =
        exchange->downstream->private_count > 0 || exchange->downstream->has_lost_login;
    bool may_use_it = may_reuse && !exchange->verdict.upstream->sends_http_10;
    if (UNLIKELY(may_have_login) && may_use_it && use_private(exchange)) {
        return;
    }
    struct pool *pool =
        balance_choose(exchange->snapshot, exchange->verdict.upstream, &exchange->server);
    /* In line it would wait for its turn at what it cannot use. The pool may be shared with an upstream that
     * keeps its connections. */
    if (!may_reuse || exchange->verdict.upstream->sends_http_10) {
        open_connection(exchange, pool);
    } else if (UNLIKELY(pool_has_line(pool)) || !use_pool(exchange, pool)) {
        wait_in_line(exchange, pool);
    }
}

void exchange_leave_line(struct exchange *exchange)
{
    if (exchange->waits_at != NULL) {
        pool_leave(exchange->waits_at, &exchange->line_node);
        exchange->waits_at = NULL;
    }
    exchange->rests_at = NULL;
}

/* Who fails here goes on to another server, or to the end of the line, which has an end: an exchange tries each
 * server once, and sheds kept connections once. */
void exchange_serve_line(struct pool *pool)
{
    while (pool_has_line(pool) &&
           use_pool(LIST_OBJECT(pool->waiting.next, struct exchange, line_node), pool)) {
    }
}

void exchange_upstream_connected(struct exchange *exchange, int error)
{
    if (error == 0) {
        send_head(exchange);
        return;
    }
    struct pool *pool = exchange->upstream->pool;
    upstream_close(exchange->upstream);
    connect_failed(exchange, pool, error);
}

bool exchange_retry(struct exchange *exchange, bool nothing_was_sent)
{
    bool is_dead_reuse = exchange->upstream != NULL && exchange->upstream->is_reused &&
                         !exchange->is_retried && !exchange->has_response_bytes;
    /* A step of a login belongs to the connection that had those before. */
    bool is_bound =
        exchange->uses_private && login_of_request(&exchange->request_fields) != LOGIN_NONE;
    if (!is_dead_reuse || is_bound || !exchange->is_replayable ||
        (!nothing_was_sent && !exchange->is_idempotent)) {
        return false;
    }
    upstream_close(exchange->upstream);
    counter_increment(&exchange->proxy->counters.retries);
    exchange->is_retried = true;
    if (exchange->store == NULL) {
        exchange->read_offset = exchange->head_length;
        exchange->request_left = exchange->request_framing.length;
        exchange->received_bytes = 0;
        exchange->request_state = REQUEST_HELD;
    }
    exchange->response_state = RESPONSE_CONNECT;
    exchange_find_upstream(exchange, false);
    return true;
}

/* A server may answer and close before it has taken the whole request; its answer, if there is one,
 * is still to be read (RFC 9112 section 9.5). */
void exchange_send_failed(struct exchange *exchange, bool nothing_was_sent)
{
    if (exchange_retry(exchange, nothing_was_sent)) {
        return;
    }
    exchange->upstream_is_deaf = true;
    if (exchange->request_state != REQUEST_DONE) {
        exchange->request_state = REQUEST_DROP;
        exchange_end_connection(exchange);
    }
    exchange_update(exchange);
}

void exchange_upstream_drained(struct exchange *exchange, int error)
{
    exchange->upstream_has_taken = true;
    if (exchange->request_state == REQUEST_TUNNEL) {
        if (error != 0) {
            exchange_abort(exchange, REASON_TUNNEL_CUT);
        } else {
            exchange_tunnel_drained(exchange);
        }
    } else if (error != 0) {
        exchange_send_failed(exchange, false);
    } else if (exchange_has_stored(exchange)) {
        exchange_send_stored(exchange);
    } else if (exchange->request_pipe != NULL) {
        exchange_pour_request(exchange);
    } else {
        exchange_update(exchange);
    }
}
