/* The client's side of an exchange: its head, its content, and where it is sent. */
#include "exchange_steps.h"

#include "verbgate/http/token.h"
#include "verbgate/proxy/balance.h"

#include <assert.h>

/* ---- the head
 * -------------------------------------------------------------------------------------- */

enum head_status { HEAD_MORE, HEAD_READY, HEAD_BAD };

static enum head_status bad_head(struct exchange *exchange, enum http_fault fault)
{
    exchange->fault = fault;
    return HEAD_BAD;
}

static enum head_status read_line(struct exchange *exchange)
{
    const struct policy_gateway *settings = exchange_settings(exchange);
    enum http_fault fault = FAULT_NONE;
    switch (request_line_scan(&exchange->scanner, exchange->request_region, exchange->used,
                              settings->max_target, &exchange->line, &fault)) {
    case SCAN_MORE:
        if (exchange->used >= exchange_max_head(exchange)) {
            return bad_head(exchange, request_line_overflow(&exchange->scanner));
        }
        return HEAD_MORE;
    case SCAN_BAD:
        return bad_head(exchange, fault);
    case SCAN_DONE:
        break;
    }
    /* The target is bounded: only a method makes a line that long. */
    if (exchange->line.length >= exchange_max_head(exchange)) {
        return bad_head(exchange, FAULT_METHOD_TOO_LONG);
    }
    exchange->has_line = true;
    exchange->is_http_10 = exchange->line.version_minor == 0;
    exchange->head_length = exchange->line.length;
    exchange->read_offset = exchange->head_length;
    fields_init(&exchange->request_fields, exchange->request_items, settings->max_fields);
    message_start(&exchange->request_message, MESSAGE_REQUEST, &exchange->request_fields,
                  &exchange->request_trailers);
    return HEAD_READY;
}

static enum head_status read_fields(struct exchange *exchange)
{
    size_t used = 0;
    enum message_status status = message_read_fields(
        &exchange->request_message, exchange->request_region + exchange->head_length,
        exchange->used - exchange->head_length, &used);
    exchange->head_length += used;
    exchange->read_offset = exchange->head_length;
    if (status == MESSAGE_BAD) {
        return bad_head(exchange, message_fault(&exchange->request_message));
    }
    if (exchange->head_length >= exchange_max_head(exchange)) {
        return bad_head(exchange, FAULT_HEAD_TOO_LARGE);
    }
    return status == MESSAGE_MORE ? HEAD_MORE : HEAD_READY;
}

/* Exactly one Host in HTTP/1.1, at most one in 1.0 (RFC 9112 section 3.2); the authority of an
 * absolute form wins over it (section 3.2.2). `*name` is the host without port, for the policy. */
static enum http_fault read_host(struct exchange *exchange, struct slice *name)
{
    const struct fields *fields = &exchange->request_fields;
    const struct field *field = fields_find(fields, FIELD_HOST);
    *name = slice_make(NULL, 0);
    if (field == NULL && !exchange->is_http_10) {
        return FAULT_HOST_MISSING;
    }
    if (field != NULL) {
        if (fields_find_next(fields, field) != NULL) {
            return FAULT_HOST_REPEATED;
        }
        enum http_fault fault = target_split_host(field->value, true, name);
        if (fault != FAULT_NONE) {
            return fault;
        }
        exchange->received_host = field->value;
    }
    if (exchange->target.authority.length > 0) {
        exchange->received_host = exchange->target.authority;
        return target_split_host(exchange->target.authority, false, name);
    }
    return FAULT_NONE;
}

/* RFC 9110 section 10.1.1: an HTTP/1.0 client's expectation is ignored, any but 100-continue may be
 * answered with 417. */
static enum http_fault read_expectation(struct exchange *exchange)
{
    const struct field *field = fields_find(&exchange->request_fields, FIELD_EXPECT);
    if (field == NULL || exchange->is_http_10) {
        return FAULT_NONE;
    }
    if (!slice_equal_ignoring_case(field->value, SLICE("100-continue"))) {
        return FAULT_EXPECTATION;
    }
    exchange->expects_continue = exchange->request_framing.kind != FRAMING_NONE;
    return FAULT_NONE;
}

/* RFC 9110 section 7.6.2. A value that is no number is ignored, one too large to keep is as good as
 * the largest. */
static int64_t read_max_forwards(const struct exchange *exchange, enum method method)
{
    const struct field *field = fields_find(&exchange->request_fields, FIELD_MAX_FORWARDS);
    if (field == NULL || (method != METHOD_OPTIONS && method != METHOD_TRACE) ||
        field->value.length == 0) {
        return -1;
    }
    int64_t value = 0;
    for (size_t i = 0; i < field->value.length; i++) {
        char digit = field->value.data[i];
        if (digit < '0' || digit > '9') {
            return -1;
        }
        value = value > INT64_MAX / 10 - 1 ? INT64_MAX / 10 : value * 10 + (digit - '0');
    }
    return value;
}

/* Everything about a head that has nothing to do with the policy. */
static enum http_fault check_head(struct exchange *exchange, struct slice *host_name)
{
    unsigned minor = exchange->line.version_minor;
    struct fields *fields = &exchange->request_fields;
    enum method method = method_find(exchange->line.method);
    enum http_fault fault = framing_of_request(fields, minor, &exchange->request_framing);
    if (fault == FAULT_NONE) {
        exchange->request_left = exchange->request_framing.length;
        fault = connection_read(fields, minor, &exchange->request_connection);
    }
    /* CONNECT is refused whatever its target is. */
    if (fault == FAULT_NONE && method != METHOD_CONNECT) {
        fault = target_parse(exchange->line.target, method, &exchange->target);
    }
    if (fault == FAULT_NONE) {
        fault = read_host(exchange, host_name);
    }
    if (fault == FAULT_NONE) {
        fault = read_expectation(exchange);
    }
    if (fault == FAULT_NONE) {
        exchange->max_forwards = read_max_forwards(exchange, method);
    }
    return fault;
}

static void judge(struct exchange *exchange, struct slice host_name)
{
    exchange->facts = (struct decide_request){
        .method = exchange->line.method,
        .version_major = exchange->line.version_major,
        .version_minor = exchange->line.version_minor,
        .target = exchange->line.version_major == 1 ? &exchange->target : NULL,
        .host = host_name,
        .content_length = exchange->request_framing.length,
        .max_forwards = exchange->max_forwards,
    };
    decide(exchange->snapshot->policy, &exchange->facts, &exchange->verdict);
    exchange->has_verdict = true;
}

/* Whether the client's connection can stay open after this exchange, as far as is known by now. */
static void consider_closing(struct exchange *exchange)
{
    unsigned max_requests = exchange_settings(exchange)->max_requests;
    bool is_last = max_requests != 0 && exchange->downstream->request_count >= max_requests;
    if (!exchange->request_connection.is_persistent || is_last || exchange->proxy->is_draining) {
        exchange->must_close = true;
    }
}

static void act_on_head(struct exchange *exchange)
{
    struct slice host_name = {NULL, 0};
    if (exchange->line.version_major == 1) {
        enum http_fault fault = check_head(exchange, &host_name);
        if (fault != FAULT_NONE) {
            exchange_fault(exchange, REASON_REQUEST_FAULT, fault);
            return;
        }
        exchange->has_head = true;
        consider_closing(exchange);
    }
    judge(exchange, host_name);
    if (exchange->verdict.kind != VERDICT_FORWARD) {
        exchange_answer_verdict(exchange);
        return;
    }
    exchange->request_state = REQUEST_HELD;
    exchange->response_state = RESPONSE_CONNECT;
    exchange->is_idempotent = method_is_idempotent(exchange->verdict.method);
    exchange_find_upstream(exchange, true);
}

static enum head_status read_head(struct exchange *exchange)
{
    if (!exchange->has_line) {
        enum head_status status = read_line(exchange);
        /* What follows a request line of another major version is in another language. */
        if (status != HEAD_READY || exchange->line.version_major != 1) {
            return status;
        }
    }
    return read_fields(exchange);
}

enum exchange_step exchange_run_head(struct exchange *exchange)
{
    struct downstream *downstream = exchange->downstream;
    unsigned request = downstream->request_count;
    if (exchange->request_state != REQUEST_HEAD) {
        return EXCHANGE_WAITS; /* it was too slow, and its 408 is on its way */
    }
    switch (read_head(exchange)) {
    case HEAD_MORE:
        exchange_update(exchange);
        return EXCHANGE_WAITS;
    case HEAD_BAD:
        exchange_fail(exchange, REASON_REQUEST_FAULT);
        break;
    case HEAD_READY:
        act_on_head(exchange);
        break;
    }
    /* The exchange may be gone by now, or be the next one already: only the connection can tell. */
    bool ended = downstream->exchange != exchange || downstream->request_count != request;
    return ended ? EXCHANGE_ENDED : EXCHANGE_WAITS;
}

/* ---- the content
 * ----------------------------------------------------------------------------------- */

/* Takes the content that lies in the buffer, decoded. Returns false when its framing is broken. */
static bool take_buffered(struct exchange *exchange, struct slice *content, bool *is_last)
{
    char *data = exchange->request_region + exchange->read_offset;
    size_t length = exchange->used - exchange->read_offset;
    size_t used = 0;
    *content = slice_make(NULL, 0);
    switch (exchange->request_framing.kind) {
    case FRAMING_LENGTH:
        used = length < exchange->request_left ? length : (size_t)exchange->request_left;
        exchange->request_left -= used;
        *content = slice_make(data, used);
        *is_last = exchange->request_left == 0;
        break;
    case FRAMING_CHUNKED: {
        enum message_status status =
            message_read_chunks(&exchange->request_message, data, length, &used, content);
        if (status == MESSAGE_BAD) {
            exchange->fault = message_fault(&exchange->request_message);
            return false;
        }
        *is_last = status == MESSAGE_DONE;
        break;
    }
    case FRAMING_NONE:
    case FRAMING_UNTIL_CLOSE:
        *is_last = true;
        break;
    }
    exchange->read_offset += used;
    exchange->received_bytes += content->length;
    /* Chunked content is read through the same place again and again; other content is kept, in
     * case it has to be sent once more. */
    if (exchange->request_framing.kind == FRAMING_CHUNKED && !*is_last) {
        exchange->used = exchange->read_offset = exchange->head_length;
    }
    return true;
}

static bool is_too_large(const struct exchange *exchange)
{
    const struct verdict *verdict = &exchange->verdict;
    uint64_t most = verdict->route != NULL ? verdict->route->limits.max_body
                                           : verdict->upstream->limits.max_body;
    return exchange->received_bytes > most;
}

static void fail_and_close(struct exchange *exchange, enum close_reason reason)
{
    exchange->must_close = true;
    exchange->must_linger = true;
    exchange_fail(exchange, reason);
}

/* Sends a piece of content onward. */
static void send_content(struct exchange *exchange, struct slice content, bool is_last)
{
    enum stream_write_status status =
        relay_send(exchange->proxy, &exchange->upstream->stream, exchange->request_framing.kind,
                   content, is_last, &exchange->request_trailers);
    exchange->request_state = is_last ? REQUEST_DONE : REQUEST_CONTENT;
    if (status == STREAM_FAILED) {
        exchange_send_failed(exchange, false);
    } else {
        exchange_update(exchange);
    }
}

static void drop_buffered(struct exchange *exchange)
{
    struct slice content;
    bool is_last = false;
    if (!take_buffered(exchange, &content, &is_last)) {
        /* Nobody knows where the next request would begin: nothing more is read as one. */
        exchange->request_state = REQUEST_DONE;
        exchange->must_close = true;
        exchange->must_linger = true;
    } else if (is_last) {
        exchange->request_state = REQUEST_DONE;
    } else if (exchange->received_bytes > exchange_settings(exchange)->drain_body) {
        exchange->must_close = true;
        exchange->must_linger = true;
    }
}

void exchange_abandon_content(struct exchange *exchange)
{
    if (exchange->request_state == REQUEST_DONE || exchange->request_state == REQUEST_DROP) {
        return;
    }
    if (!exchange->has_head) {
        /* What comes while the answer is on its way must not be read as more of the head. */
        exchange->request_state = REQUEST_DONE;
        exchange->must_close = true;
        exchange->must_linger = true;
        return;
    }
    uint64_t most = exchange_settings(exchange)->drain_body;
    bool is_unbounded =
        exchange->request_framing.kind == FRAMING_LENGTH && exchange->request_left > most;
    /* A client that still waits for 100 (Continue) may or may not send its content after another
     * answer: what would come next could be read either way (RFC 9110 section 10.1.1). */
    if (is_unbounded || exchange->expects_continue) {
        exchange->must_close = true;
        exchange->must_linger = true;
    }
    if (exchange->must_close) {
        exchange->must_linger |= exchange->request_framing.kind != FRAMING_NONE;
        if (exchange->request_framing.kind == FRAMING_NONE) {
            exchange->request_state = REQUEST_DONE;
        }
        return;
    }
    exchange->request_state = REQUEST_DROP;
    drop_buffered(exchange);
}

/* ---- the upstream
 * ---------------------------------------------------------------------------------- */

/* The value of Host onward. An HTTP/1.0 request may come without one, but leaves as HTTP/1.1. */
static struct slice host_onward(const struct exchange *exchange)
{
    const struct policy_upstream *upstream = exchange->verdict.upstream;
    if (upstream->host_header.length > 0) {
        return upstream->host_header;
    }
    if (exchange->received_host.data != NULL) {
        return exchange->received_host;
    }
    const struct policy_server *server = &upstream->servers[exchange->server];
    bool has_name = server->address.kind != ADDRESS_UNIX && server->address.kind != ADDRESS_BUILTIN;
    return has_name ? server->text : SLICE("localhost");
}

static void write_head(struct exchange *exchange)
{
    const struct policy_gateway *settings = exchange_settings(exchange);
    char ip[INET6_ADDRSTRLEN];
    size_t ip_length = downstream_client_ip(exchange->downstream, ip);
    struct request_head head = {
        .method = exchange->line.method,
        .target = &exchange->target,
        .fields = &exchange->request_fields,
        .framing = exchange->request_framing,
        .received_minor = exchange->line.version_minor,
        .host = host_onward(exchange),
        .received_host = exchange->received_host,
        .client_ip = slice_make(ip, ip_length),
        .via_name = settings->name,
        .forwarded = settings->forwarded,
        .drop_expect = true,
        .takes_trailers = exchange->request_connection.takes_trailers,
        .upgrade = exchange_upgrade_onward(exchange),
        .max_forwards = exchange->max_forwards > 0 ? exchange->max_forwards - 1 : -1,
    };
    serialise_request_head(&exchange->proxy->out, &head);
}

/* 100 (Continue) is owed once somebody is there to take the content, unless content has come
 * already (RFC 9110 section 10.1.1). Returns false when the exchange is gone. */
static bool send_continue(struct exchange *exchange)
{
    if (!exchange->expects_continue || exchange->request_state != REQUEST_CONTENT) {
        return true;
    }
    exchange->expects_continue = false;
    if (exchange->received_bytes > 0 || stream_is_queued(exchange_client(exchange))) {
        return true;
    }
    struct slice interim = SLICE("HTTP/1.1 100 Continue\r\n\r\n");
    if (stream_write(exchange_client(exchange), &interim, 1) == STREAM_FAILED) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return false;
    }
    return true;
}

/* The connection is there: the head goes out, with what has come of the content, in one write. */
static void send_head(struct exchange *exchange)
{
    struct slice content;
    bool is_last = false;
    exchange->upstream_wait = WAIT_NOTHING;
    if (!take_buffered(exchange, &content, &is_last)) {
        fail_and_close(exchange, REASON_REQUEST_FAULT);
        return;
    }
    if (is_too_large(exchange)) {
        fail_and_close(exchange, REASON_CONTENT_TOO_LARGE);
        return;
    }
    if (!is_last && exchange->client_is_done) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return;
    }
    exchange->is_replayable = exchange->request_framing.kind != FRAMING_CHUNKED;
    exchange->response_state = RESPONSE_HEAD;
    write_head(exchange);
    struct upstream *upstream = exchange->upstream;
    enum stream_write_status status =
        relay_send(exchange->proxy, &upstream->stream, exchange->request_framing.kind, content,
                   is_last, &exchange->request_trailers);
    exchange->request_state = is_last ? REQUEST_DONE : REQUEST_CONTENT;
    if (status == STREAM_FAILED) {
        exchange_send_failed(exchange, true);
    } else if (send_continue(exchange)) {
        exchange_update(exchange);
    }
}

static enum close_reason connect_reason(int error)
{
    switch (error) {
    case UV_ECONNREFUSED:
    case UV_ENOENT: /* a Unix socket's path */
        return REASON_UPSTREAM_REFUSED;
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

/* Whether the request could be sent once more if a kept connection turns out to be dead. */
static bool can_send_twice(const struct exchange *exchange)
{
    bool is_whole = exchange->request_framing.kind == FRAMING_NONE ||
                    (exchange->request_framing.kind == FRAMING_LENGTH &&
                     exchange->used - exchange->read_offset >= exchange->request_left);
    return exchange->is_idempotent && is_whole;
}

/* A kept connection may have died unheard, or hold content that its last response should not have
 * had. Where that could not be mended later it is worth a look (RFC 9110 section 9.2.2). */
static struct upstream *take_kept(struct exchange *exchange, struct pool *pool)
{
    struct upstream *upstream;
    while ((upstream = upstream_acquire(pool, exchange)) != NULL) {
        bool may_trust = can_send_twice(exchange) && !upstream->is_suspect;
        if (may_trust || stream_is_quiet(&upstream->stream)) {
            return upstream;
        }
        upstream_close(upstream);
    }
    return NULL;
}

void exchange_find_upstream(struct exchange *exchange, bool may_reuse)
{
    struct pool *pool =
        balance_choose(exchange->snapshot, exchange->verdict.upstream, &exchange->server);
    exchange->upstream = may_reuse ? take_kept(exchange, pool) : NULL;
    if (exchange->upstream != NULL) {
        send_head(exchange);
        return;
    }
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
    if (!is_dead_reuse || !exchange->is_replayable ||
        (!nothing_was_sent && !exchange->is_idempotent)) {
        return false;
    }
    upstream_close(exchange->upstream);
    exchange->proxy->counters.retries++;
    exchange->is_retried = true;
    exchange->read_offset = exchange->head_length;
    exchange->request_left = exchange->request_framing.length;
    exchange->received_bytes = 0;
    exchange->request_state = REQUEST_HELD;
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
        exchange->must_close = true;
        exchange->must_linger = true;
    }
    exchange_update(exchange);
}

void exchange_upstream_drained(struct exchange *exchange, int error)
{
    exchange->upstream_has_moved = true;
    if (exchange->request_state == REQUEST_TUNNEL) {
        if (error != 0) {
            exchange_abort(exchange, REASON_TUNNEL_CUT);
        } else {
            exchange_tunnel_drained(exchange);
        }
    } else if (error != 0) {
        exchange_send_failed(exchange, false);
    } else {
        exchange_update(exchange);
    }
}

/* ---- events of the client's side
 * -------------------------------------------------------------------- */

/* What comes is dropped unread: the connection ends with this exchange. */
static bool is_discarding(const struct exchange *exchange)
{
    return exchange->request_state == REQUEST_DROP && exchange->must_close;
}

/* Content with a length never overruns it, so it may pass through the shared buffer. */
static bool uses_scratch(const struct exchange *exchange)
{
    return exchange->request_framing.kind == FRAMING_LENGTH &&
           (exchange->request_state == REQUEST_CONTENT || exchange->request_state == REQUEST_DROP);
}

uv_buf_t exchange_request_room(struct exchange *exchange)
{
    if (exchange->request_state == REQUEST_TUNNEL || is_discarding(exchange)) {
        return (uv_buf_t){exchange->proxy->scratch, PROXY_SCRATCH_BYTES};
    }
    if (uses_scratch(exchange)) {
        uint64_t left = exchange->request_left;
        size_t room = left < PROXY_SCRATCH_BYTES ? (size_t)left : PROXY_SCRATCH_BYTES;
        return (uv_buf_t){exchange->proxy->scratch, room};
    }
    assert(exchange->used < exchange->region_bytes);
    return (uv_buf_t){exchange->request_region + exchange->used,
                      exchange->region_bytes - exchange->used};
}

/* Takes what has just been read of the content, wherever it was read to. */
static bool take_content(struct exchange *exchange, char *data, size_t length,
                         struct slice *content, bool *is_last)
{
    if (!uses_scratch(exchange)) {
        exchange->used += length;
        return take_buffered(exchange, content, is_last);
    }
    exchange->request_left -= length;
    exchange->received_bytes += length;
    exchange->is_replayable = false;
    *content = slice_make(data, length);
    *is_last = exchange->request_left == 0;
    return true;
}

static void relay_content(struct exchange *exchange, char *data, size_t length)
{
    struct slice content;
    bool is_last = false;
    if (!take_content(exchange, data, length, &content, &is_last)) {
        fail_and_close(exchange, REASON_REQUEST_FAULT);
    } else if (is_too_large(exchange)) {
        fail_and_close(exchange, REASON_CONTENT_TOO_LARGE);
    } else {
        exchange->expects_continue = false;
        send_content(exchange, content, is_last);
    }
}

static void drop_content(struct exchange *exchange, size_t length)
{
    exchange->received_bytes += is_discarding(exchange) ? length : 0;
    if (is_discarding(exchange)) {
        /* Nothing of it is looked at. */
    } else if (uses_scratch(exchange)) {
        exchange->request_left -= length;
        exchange->received_bytes += length;
        if (exchange->request_left == 0) {
            exchange->request_state = REQUEST_DONE;
        }
    } else {
        exchange->used += length;
        drop_buffered(exchange);
    }
    if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}

void exchange_request_bytes(struct exchange *exchange, char *data, size_t length)
{
    exchange->client_has_moved = true;
    switch (exchange->request_state) {
    case REQUEST_HEAD:
        exchange->used += length;
        downstream_run(exchange->downstream);
        break;
    case REQUEST_HELD:
    case REQUEST_DONE:
        exchange->used += length;
        exchange_update(exchange);
        break;
    case REQUEST_CONTENT:
        relay_content(exchange, data, length);
        break;
    case REQUEST_DROP:
        drop_content(exchange, length);
        break;
    case REQUEST_TUNNEL:
        exchange_tunnel_from_client(exchange, slice_make(data, length));
        break;
    }
}

void exchange_request_end(struct exchange *exchange, int error)
{
    if (exchange->request_state == REQUEST_TUNNEL && error == UV_EOF) {
        exchange_tunnel_client_end(exchange);
        return;
    }
    bool may_wait =
        exchange->request_state == REQUEST_HELD || exchange->request_state == REQUEST_DONE;
    if (error != UV_EOF || !may_wait) {
        exchange_abort(exchange, exchange->request_state == REQUEST_TUNNEL ? REASON_TUNNEL_CUT
                                                                           : REASON_CLIENT_GONE);
        return;
    }
    /* FIN after a complete request: the client may have closed its side only. It gets a short while
     * for its answer before it counts as gone. */
    exchange->client_is_done = true;
    if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}

void exchange_client_drained(struct exchange *exchange, int error)
{
    exchange->client_has_moved = true;
    if (error != 0) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
    } else if (exchange->response_state == RESPONSE_TUNNEL) {
        exchange_tunnel_drained(exchange);
    } else if (exchange->response_state == RESPONSE_HEAD && exchange->response_used > 0) {
        exchange_response_bytes(exchange, NULL, 0); /* what waited behind an interim response */
    } else if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}
