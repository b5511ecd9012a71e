/* The life of an exchange: made, updated, ended. What happens in between is in the other files of
 * exchange_steps.h. */
#include "exchange_steps.h"

#include "verbgate/base/log.h"
#include "verbgate/http/reply.h"

#include <assert.h>

size_t exchange_object_bytes(size_t region_bytes)
{
    return sizeof(struct exchange) + region_bytes;
}

/* Everything in front of the parser and the arrays is zeroed; those are valid where others say so. */
static void reset(struct exchange *exchange, struct downstream *downstream, size_t used)
{
    size_t region_bytes = exchange->region_bytes;
    memset(exchange, 0, offsetof(struct exchange, request_message));
    exchange->proxy = downstream->proxy;
    exchange->downstream = downstream;
    exchange->snapshot = snapshot_reference(downstream->proxy->snapshot);
    exchange->region_bytes = region_bytes;
    exchange->request_region = (char *)(exchange + 1);
    exchange->used = used;
    exchange->verdict.suggestion = METHOD_UNKNOWN;
    exchange->start_ns = uv_hrtime();
    deadline_init(&exchange->look, exchange_on_look);
    request_line_start(&exchange->scanner);
}

struct exchange *exchange_create(struct downstream *downstream)
{
    struct proxy *proxy = downstream->proxy;
    struct exchange *exchange = slab_take(&proxy->exchanges);
    if (exchange == NULL) {
        return NULL;
    }
    exchange->region_bytes = proxy->region_bytes;
    reset(exchange, downstream, 0);
    exchange->client_wait = WAIT_REQUEST;
    return exchange;
}

void exchange_give_object(struct proxy *proxy, struct slab *slab, void *object, size_t region_bytes)
{
    if (region_bytes == proxy->region_bytes) {
        slab_give(slab, object);
    } else {
        slab_discard(slab, object);
    }
}

static void let_go(struct exchange *exchange)
{
    exchange_leave_line(exchange);
    if (UNLIKELY(deadline_is_armed(&exchange->look))) {
        deadline_cancel(&exchange->look);
    }
    if (exchange->upstream != NULL) {
        upstream_close(exchange->upstream);
    }
    if (exchange->store != NULL) {
        list_remove(&exchange->downstream->ready_node); /* see exchange_send_stored */
        request_store_free(exchange->store);
    }
    splice_pipe_free(exchange->request_pipe);
    splice_pipe_free(exchange->response_pipe);
    relay_room_end(&exchange->from_client, &exchange->proxy->large_rooms);
    relay_room_end(&exchange->from_server, &exchange->proxy->large_rooms);
    if (exchange->response != NULL) {
        exchange_give_response(exchange->proxy, exchange->response);
    }
    snapshot_release(exchange->snapshot);
}

void exchange_destroy(struct exchange *exchange)
{
    struct proxy *proxy = exchange->proxy;
    let_go(exchange);
    exchange_give_object(proxy, &proxy->exchanges, exchange, exchange->region_bytes);
    proxy_consider_trimming(proxy);
}

void exchange_restart(struct exchange *exchange)
{
    size_t rest = exchange->used - exchange->read_offset;
    memmove(exchange->request_region, exchange->request_region + exchange->read_offset, rest);
    let_go(exchange);
    reset(exchange, exchange->downstream, rest);
    exchange->client_wait = WAIT_HEAD;
    deadline_arm(&exchange->proxy->deadlines, &exchange->downstream->deadline,
                 exchange_settings(exchange)->head_timeout_ms);
}

/* ---- who may read, and until when */

static bool wants_request(const struct exchange *exchange)
{
    switch (exchange->request_state) {
    case REQUEST_HEAD:
    case REQUEST_BUFFER:
        return true;
    case REQUEST_HELD:
    case REQUEST_DONE:
        /* What comes now is kept for later, and an end is heard of, as long as there is room. */
        return exchange->used < exchange->region_bytes;
    case REQUEST_CONTENT:
        return exchange->upstream != NULL && !stream_is_queued(&exchange->upstream->stream);
    case REQUEST_DROP:
        return true;
    case REQUEST_TUNNEL:
        return !stream_is_queued(&exchange->upstream->stream);
    }
    return false;
}

/* The client rightly holds its content back until the server says 100 (Continue). */
static bool awaits_permission(const struct exchange *exchange)
{
    return exchange->expects_continue && exchange_limits(exchange)->forwards_expect;
}

static enum exchange_wait client_wait(const struct exchange *exchange)
{
    if (exchange->request_state == REQUEST_TUNNEL) {
        return WAIT_TUNNEL;
    }
    if (stream_is_queued(&exchange->downstream->stream)) {
        return WAIT_TO_SEND;
    }
    switch (exchange->request_state) {
    case REQUEST_HEAD:
        return WAIT_HEAD;
    case REQUEST_CONTENT:
        return wants_request(exchange) && !awaits_permission(exchange) ? WAIT_CONTENT
                                                                       : WAIT_NOTHING;
    case REQUEST_BUFFER:
    case REQUEST_DROP:
        return WAIT_CONTENT;
    case REQUEST_HELD:
    case REQUEST_DONE:
    case REQUEST_TUNNEL:
        break;
    }
    bool is_answered = exchange->response_state >= RESPONSE_CONTENT;
    return exchange->client_is_done && !is_answered ? WAIT_HALF_CLOSED : WAIT_NOTHING;
}

static uint32_t client_wait_ms(const struct exchange *exchange)
{
    const struct policy_gateway *settings = exchange_settings(exchange);
    switch (exchange->client_wait) {
    case WAIT_HEAD:
        return settings->head_timeout_ms;
    case WAIT_HALF_CLOSED:
        return settings->half_close_timeout_ms;
    case WAIT_TUNNEL:
        /* Of a tunnel that is half closed, the other half has as long as content has. */
        return exchange->client_is_done || exchange->server_is_done ? settings->body_timeout_ms
                                                                    : settings->tunnel_timeout_ms;
    default:
        return settings->body_timeout_ms;
    }
}

/* Whether what is waited for has come nearer. Bytes that a side sends say nothing of what it takes. */
static bool is_progress(enum exchange_wait wait, bool has_sent, bool has_taken)
{
    switch (wait) {
    case WAIT_TO_SEND:
        return has_taken;
    case WAIT_CONTENT:
        return has_sent;
    case WAIT_TUNNEL:
        return has_sent || has_taken;
    default:
        return false;
    }
}

static void update_client(struct exchange *exchange)
{
    struct downstream *downstream = exchange->downstream;
    if (!exchange->client_is_done && wants_request(exchange)) {
        stream_start_reading(&downstream->stream);
    } else {
        stream_stop_reading(&downstream->stream);
    }
    enum exchange_wait wait = client_wait(exchange);
    if (wait == exchange->client_wait &&
        !is_progress(wait, exchange->client_has_sent, exchange->client_has_taken)) {
        return;
    }
    exchange->client_wait = wait;
    exchange->client_has_sent = exchange->client_has_taken = false;
    if (wait == WAIT_TO_SEND) {
        exchange->client_unsent = stream_unsent(&downstream->stream);
    }
    if (wait == WAIT_NOTHING) {
        deadline_cancel(&downstream->deadline);
    } else {
        deadline_arm(&exchange->proxy->deadlines, &downstream->deadline, client_wait_ms(exchange));
    }
}

static enum exchange_wait upstream_wait(const struct exchange *exchange)
{
    if (exchange->upstream->state == UPSTREAM_CONNECTING) {
        return WAIT_CONNECT;
    }
    if (exchange->response_state == RESPONSE_TUNNEL) {
        return WAIT_NOTHING; /* the client's deadline is the tunnel's */
    }
    if (stream_is_queued(&exchange->upstream->stream)) {
        return WAIT_TO_SEND;
    }
    if (stream_is_queued(&exchange->downstream->stream)) {
        return WAIT_NOTHING; /* the client is to move */
    }
    if (exchange->response_state == RESPONSE_CONTENT) {
        return WAIT_CONTENT;
    }
    /* The server may wait for the whole content before it answers. */
    bool is_uploading = exchange->request_state == REQUEST_CONTENT && !awaits_permission(exchange);
    bool is_sending_stored = exchange_has_stored(exchange) && !exchange->upstream_is_deaf;
    return is_uploading || is_sending_stored ? WAIT_NOTHING : WAIT_RESPONSE;
}

static void update_upstream(struct exchange *exchange)
{
    struct upstream *upstream = exchange->upstream;
    if (upstream == NULL) {
        exchange->upstream_wait = WAIT_NOTHING;
        return;
    }
    enum exchange_wait wait = upstream_wait(exchange);
    if (wait != WAIT_CONNECT && !exchange->server_is_done &&
        !stream_is_queued(&exchange->downstream->stream)) {
        stream_start_reading(&upstream->stream);
    } else {
        stream_stop_reading(&upstream->stream);
    }
    bool is_same = wait == exchange->upstream_wait &&
                   !is_progress(wait, exchange->upstream_has_sent, exchange->upstream_has_taken);
    if (wait == WAIT_CONNECT || is_same) {
        return; /* the connect deadline was armed by upstream_connect */
    }
    exchange->upstream_wait = wait;
    exchange->upstream_has_sent = exchange->upstream_has_taken = false;
    if (wait == WAIT_TO_SEND) {
        exchange->upstream_unsent = stream_unsent(&upstream->stream);
    }
    if (wait == WAIT_NOTHING) {
        deadline_cancel(&upstream->deadline);
    } else {
        uint32_t length = wait == WAIT_RESPONSE ? exchange->verdict.upstream->response_timeout_ms
                                                : exchange_settings(exchange)->body_timeout_ms;
        deadline_arm(&exchange->proxy->deadlines, &upstream->deadline, length);
    }
}

static void settle_rooms(struct exchange *exchange)
{
    unsigned *large_rooms = &exchange->proxy->large_rooms;
    bool is_queued = exchange->upstream != NULL && stream_is_queued(&exchange->upstream->stream);
    relay_room_settle(&exchange->from_client, is_queued, large_rooms);
    relay_room_settle(&exchange->from_server, stream_is_queued(exchange_client(exchange)),
                      large_rooms);
}

void exchange_update(struct exchange *exchange)
{
    settle_rooms(exchange);
    update_client(exchange);
    update_upstream(exchange);
    if (UNLIKELY(stream_is_deaf(exchange_client(exchange)) || exchange_server_is_deaf(exchange))) {
        exchange_look_later(exchange);
    }
}

/* ---- ends */

static void set_reason(struct exchange *exchange, enum close_reason reason)
{
    if (exchange->reason == REASON_NONE) {
        exchange->reason = reason;
    }
}

static void log_failure(struct exchange *exchange, enum close_reason reason)
{
    if (!reason_is_error(reason) || !proxy_may_log(exchange->proxy)) {
        return;
    }
    char shown[256];
    struct writer writer = writer_make(shown, sizeof shown);
    reply_write_shown(&writer, exchange->line.target, 200);
    struct slice name =
        exchange->verdict.upstream == NULL ? SLICE("-") : exchange->verdict.upstream->name;
    bool has_fault = exchange->fault != FAULT_NONE;
    log_warn("upstream %.*s (%.*s): %s%s%s, for %.*s %.*s", SLICE_PRINT(name),
             SLICE_PRINT(exchange_server_text(exchange)), reason_text(reason),
             has_fault ? ": " : "", has_fault ? fault_sentence(exchange->fault) : "",
             SLICE_PRINT(exchange->line.method), SLICE_PRINT(writer_slice(&writer)));
}

/* A response whose end is the connection's end must not seem complete: only a reset tells. */
static bool would_seem_complete(const struct exchange *exchange)
{
    bool is_sending = exchange->response_state == RESPONSE_CONTENT ||
                      (exchange->response_state == RESPONSE_DONE &&
                       stream_is_queued(&exchange->downstream->stream));
    return is_sending && exchange->client_framing == FRAMING_UNTIL_CLOSE;
}

void exchange_abort(struct exchange *exchange, enum close_reason reason)
{
    struct downstream *downstream = exchange->downstream;
    set_reason(exchange, reason);
    exchange_hand_over_record(exchange);
    bool with_reset = reason == REASON_TUNNEL_CUT || would_seem_complete(exchange);
    if (reason == REASON_TUNNEL_CUT && exchange->upstream != NULL) {
        stream_reset(&exchange->upstream->stream);
    }
    exchange_destroy(exchange);
    downstream->exchange = NULL;
    if (with_reset) {
        stream_reset(&downstream->stream);
    }
    downstream_close(downstream, reason);
}

void exchange_fail(struct exchange *exchange, enum close_reason reason)
{
    set_reason(exchange, reason);
    log_failure(exchange, reason);
    exchange_leave_line(exchange);
    if (exchange->upstream != NULL) {
        upstream_close(exchange->upstream);
    }
    unsigned status = reason_status(reason);
    if (reason == REASON_REQUEST_FAULT) {
        status = fault_status(exchange->fault);
    }
    bool can_answer = status != 0 && exchange->response_state < RESPONSE_CONTENT &&
                      !stream_is_queued(exchange_client(exchange));
    if (!can_answer) {
        exchange_abort(exchange, reason);
        return;
    }
    if (reason == REASON_CONTENT_TOO_LARGE) {
        decide_too_large(&exchange->verdict);
        exchange_answer_verdict(exchange);
        return;
    }
    const char *sentence =
        exchange->fault != FAULT_NONE ? fault_sentence(exchange->fault) : reason_text(reason);
    exchange_answer_error(exchange, status, reason_proxy_error(reason), slice_of(sentence));
}

void exchange_fault(struct exchange *exchange, enum close_reason reason, enum http_fault fault)
{
    exchange->fault = fault;
    exchange_fail(exchange, reason);
}

bool exchange_check_complete(struct exchange *exchange)
{
    if (exchange->response_state != RESPONSE_DONE || stream_is_queued(exchange_client(exchange))) {
        return false;
    }
    if (exchange->request_state == REQUEST_CONTENT || exchange->request_state == REQUEST_HELD) {
        /* The server answered before it had the whole request. */
        exchange_abandon_content(exchange);
    }
    if (exchange->request_state == REQUEST_DROP && !exchange->must_close) {
        return false;
    }
    /* A client that sent FIN, and one of a gateway that stops, still gets the answers to what it
     * has sent already. Who was not told Connection: close may have sent more: a proxy that retires waits for that. */
    bool has_more = exchange_has_more(exchange);
    bool ends_now = exchange->proxy->is_draining && !exchange->proxy->keeps_idle;
    bool is_last = exchange->client_is_done || ends_now;
    bool keep = !exchange->must_close && (!is_last || has_more);
    bool may_send_more = exchange->must_linger || exchange->request_state != REQUEST_DONE ||
                         has_more || (ends_now && !exchange->must_close);
    bool linger = !exchange->client_is_done && may_send_more;
    set_reason(exchange, REASON_COMPLETE);
    exchange_hand_over_record(exchange);
    downstream_exchange_done(exchange->downstream, keep, linger);
    return true;
}

/* ---- events that concern both directions */

void exchange_client_timeout(struct exchange *exchange)
{
    switch (exchange->client_wait) {
    case WAIT_REQUEST:
    case WAIT_HEAD:
        exchange_fail(exchange, REASON_HEAD_SLOW);
        break;
    case WAIT_CONTENT:
        if (exchange->response_state == RESPONSE_DONE) {
            exchange_abort(exchange, REASON_CONTENT_SLOW);
        } else {
            exchange_end_connection(exchange);
            exchange_fail(exchange, REASON_CONTENT_SLOW);
        }
        break;
    case WAIT_TO_SEND:
        /* The queue is empty only when the kernel has taken it all; a slow reader moves meanwhile. */
        if (stream_unsent(exchange_client(exchange)) < exchange->client_unsent) {
            exchange->client_has_taken = true;
            exchange_update(exchange);
        } else {
            exchange_abort(exchange, REASON_CLIENT_STALLED);
        }
        break;
    case WAIT_HALF_CLOSED:
        exchange_abort(exchange, REASON_CLIENT_GONE);
        break;
    case WAIT_TUNNEL:
        exchange_abort(exchange, REASON_TUNNEL_IDLE);
        break;
    case WAIT_NOTHING:
    case WAIT_CONNECT:
    case WAIT_RESPONSE:
        assert(false && "a client deadline without something to wait for");
        break;
    }
}
