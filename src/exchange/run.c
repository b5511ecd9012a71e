/* The driver of an exchange: its life, and each event that it hears. An event runs one step, and settle ends the exchange
 * when the step says why, or says who may read now. Nothing may touch the exchange behind settle. */
#include "verbgate/exchange/exchange.h"

#include "answer.h"
#include "back.h"
#include "connect.h"
#include "content.h"
#include "ends.h"
#include "forward.h"
#include "splice.h"
#include "tunnel.h"
#include "waits.h"

#include "verbgate/policy/decide.h"

static void settle(struct exchange *exchange, enum close_reason reason)
{
    if (UNLIKELY(reason != REASON_NONE) && ends_with_failure(exchange, reason)) {
        return;
    }
    if (ends_if_complete(exchange)) {
        return;
    }
    /* Most answers are complete here; the time of the others' first byte is not that of their end. */
    if (exchange->status != 0 && exchange->first_byte_ns == 0) {
        exchange->first_byte_ns = uv_hrtime();
    }
    waits_update(exchange);
}

/* ---- events of the server's side */

static uv_buf_t on_room(struct upstream_connection *connection)
{
    return back_room(connection->holder);
}

static void on_bytes(struct upstream_connection *connection, char *data, size_t length)
{
    struct exchange *exchange = connection->holder;
    settle(exchange, back_bytes(exchange, data, length));
}

static void on_nothing(struct upstream_connection *connection)
{
    struct exchange *exchange = connection->holder;
    if (exchange->back.pipe != NULL) {
        settle(exchange, back_spliced(exchange));
    }
}

static enum close_reason server_ended(struct exchange *exchange, int error)
{
    enum close_reason reason = REASON_NONE;
    switch (exchange->back.state) {
    case FLOW_TUNNEL:
        exchange->server_side.in = SIDE_ENDED;
        return error == UV_EOF ? tunnel_pass_ends(exchange) : REASON_TUNNEL_CUT;
    case FLOW_DROP:
        back_end_dropped(exchange);
        return REASON_NONE;
    case FLOW_HEAD:
        if (error == UV_ENOBUFS) {
            return REASON_NO_RESOURCES;
        }
        return forward_retry(exchange, &reason) ? reason : REASON_UPSTREAM_CLOSED;
    default:
        return error == UV_ENOBUFS ? REASON_NO_RESOURCES : back_end(exchange, error);
    }
}

static void on_end(struct upstream_connection *connection, int error)
{
    struct exchange *exchange = connection->holder;
    settle(exchange, server_ended(exchange, error));
}

static void on_drained(struct upstream_connection *connection, int error)
{
    struct exchange *exchange = connection->holder;
    exchange->server_side.progress |= SIDE_HAS_TAKEN;
    exchange->server_side.is_queued = false;
    if (exchange->onward.state == FLOW_TUNNEL) {
        settle(exchange, error == 0 ? tunnel_pass_ends(exchange) : REASON_TUNNEL_CUT);
    } else {
        settle(exchange, forward_drained(exchange, error));
    }
}

static void on_connected(struct upstream_connection *connection, int error)
{
    struct exchange *exchange = connection->holder;
    settle(exchange, forward_connected(exchange, error));
}

/* Whether a side has taken something of what is queued for it: the queue is empty only when the kernel has taken it
 * all, and a slow reader moves meanwhile. */
static bool has_taken(struct side *side, size_t unsent)
{
    bool has = unsent < side->unsent;
    side->progress |= has ? SIDE_HAS_TAKEN : 0;
    return has;
}

static enum close_reason server_is_late(struct exchange *exchange)
{
    struct side *side = &exchange->server_side;
    switch (side->wait) {
    case WAIT_TO_SEND:
        if (has_taken(side, stream_unsent(side->stream))) {
            return REASON_NONE;
        }
        break;
    case WAIT_CONTENT:
        if (!back_is_dropping(exchange)) {
            return REASON_UPSTREAM_STALLED;
        }
        back_end_dropped(exchange);
        return REASON_NONE;
    default:
        assert(side->wait == WAIT_RESPONSE);
        break;
    }
    if (exchange->onward.state != FLOW_DONE) {
        exchange_end_with(exchange, END_LINGER);
    }
    return REASON_UPSTREAM_SLOW;
}

static void on_expired(struct upstream_connection *connection)
{
    struct exchange *exchange = connection->holder;
    settle(exchange, server_is_late(exchange));
}

static const struct upstream_events events_of_connection = {
    .on_room = on_room,
    .on_bytes = on_bytes,
    .on_nothing = on_nothing,
    .on_end = on_end,
    .on_drained = on_drained,
    .on_connected = on_connected,
    .on_expired = on_expired,
};

/* ---- events of the way to a server */

static bool on_turn_in_queue(struct pool_waiter *waiter)
{
    struct exchange *exchange = LIST_OBJECT(waiter, struct exchange, waiter);
    bool serves = false;
    enum close_reason reason = forward_in_turn(exchange, &serves);
    if (serves) {
        settle(exchange, reason);
    }
    return serves;
}

static void on_rested(struct pool_waiter *waiter, struct upstream_connection *connection)
{
    struct exchange *exchange = LIST_OBJECT(waiter, struct exchange, waiter);
    settle(exchange, forward_rested(exchange, connection));
}

static enum close_reason send_stored(struct exchange *exchange)
{
    enum close_reason reason = REASON_NONE;
    bool is_connected =
        exchange->connection != NULL && exchange->connection->state == UPSTREAM_BUSY;
    if (flow_has_stored(&exchange->onward) && is_connected && !exchange->server_side.is_queued) {
        reason = forward_stored(exchange);
    }
    if (reason == REASON_NONE && flow_has_stored(&exchange->back) &&
        exchange->back.state == FLOW_DONE && !exchange->client_side.is_queued) {
        reason = back_stored(exchange);
    }
    return reason;
}

static void on_ready(struct turn *ready)
{
    struct exchange *exchange = LIST_OBJECT(ready, struct exchange, ready);
    settle(exchange, send_stored(exchange));
}

/* A side that is not read from may reset its connection unheard: a client that has sent more than there is room for
 * while its server is silent, either side of a tunnel while the other one takes nothing. So it is looked at now and
 * then. Where something is queued for it, the kernel tells. */
static void on_look(struct deadline *deadline)
{
    struct exchange *exchange = LIST_OBJECT(deadline, struct exchange, look);
    if (waits_client_is_deaf(exchange) && stream_is_cut(exchange->client_side.stream)) {
        exchange_on_client_end(exchange, UV_ECONNRESET);
    } else if (waits_server_is_deaf(exchange) && stream_is_cut(exchange->server_side.stream)) {
        settle(exchange, server_ended(exchange, UV_ECONNRESET));
    } else {
        waits_update(exchange);
    }
}

/* ---- life */

void exchange_init(struct exchange *exchange, struct context *context, struct client *client,
                   struct deadline *deadline, struct stream *stream)
{
    exchange->context = context;
    exchange->client = client;
    exchange->snapshot = snapshot_reference(context->snapshot);
    exchange->client_side.deadline = deadline;
    exchange->client_side.stream = stream;
    exchange->connection_events = &events_of_connection;
    exchange->verdict.suggestion = METHOD_UNKNOWN;
    exchange->start_ns = uv_hrtime();
    deadline_init(&exchange->look, on_look);
    turn_init(&exchange->ready, on_ready);
    exchange->waiter.serve = on_turn_in_queue;
    exchange->waiter.on_rested = on_rested;
}

void exchange_finish(struct exchange *exchange)
{
    struct context *context = exchange->context;
    connect_leave(exchange);
    if (UNLIKELY(deadline_is_armed(&exchange->look))) {
        deadline_cancel(&exchange->look);
    }
    if (UNLIKELY(!list_is_empty(&exchange->ready.node))) {
        turn_cancel(&exchange->ready);
    }
    exchange_close_connection(exchange);
    flow_finish(&exchange->onward, &context->large_rooms);
    flow_finish(&exchange->back, &context->large_rooms);
    if (exchange->response != NULL) {
        response_give(context, exchange->response);
    }
    snapshot_release(exchange->snapshot);
}

/* ---- the request */

void exchange_await_head(struct exchange *exchange)
{
    waits_update(exchange);
}

void exchange_reject(struct exchange *exchange, enum close_reason reason)
{
    settle(exchange, reason);
}

static enum close_reason judge(struct exchange *exchange)
{
    decide(exchange->snapshot->policy, &exchange->facts.request, &exchange->verdict);
    exchange->has_verdict = true;
    return exchange->verdict.kind == VERDICT_FORWARD ? forward_begin(exchange)
                                                     : answer_verdict(exchange);
}

void exchange_begin(struct exchange *exchange)
{
    settle(exchange, judge(exchange));
}

/* ---- events of the client's side */

bool exchange_splices_onward(struct exchange *exchange)
{
    return splice_is_chosen(exchange, &exchange->onward);
}

static enum close_reason content_came(struct exchange *exchange, struct slice content, bool is_last)
{
    switch (exchange->onward.state) {
    case FLOW_CONTENT:
    case FLOW_STORE:
        content_note(exchange, content, is_last);
        return forward_content(exchange, content, is_last);
    case FLOW_DROP:
        content_drop(exchange, content, is_last);
        return REASON_NONE;
    case FLOW_TUNNEL:
        return tunnel_from_client(exchange, content);
    default:
        assert(false && "content that nobody has asked for");
        return REASON_NONE;
    }
}

void exchange_on_content(struct exchange *exchange, struct slice content, bool is_last)
{
    settle(exchange, content_came(exchange, content, is_last));
}

void exchange_on_broken_content(struct exchange *exchange)
{
    if (exchange->onward.state == FLOW_DROP) {
        content_lose(exchange);
        settle(exchange, REASON_NONE);
    } else {
        exchange_end_with(exchange, END_LINGER);
        settle(exchange, REASON_REQUEST_FAULT);
    }
}

/* Content that nobody gets is not waited for by a client that goes on, or that waits for the end of its connection. */
void exchange_on_more(struct exchange *exchange)
{
    if (back_is_dropping(exchange)) {
        back_end_dropped(exchange);
    }
    settle(exchange, REASON_NONE);
}

void exchange_on_client_nothing(struct exchange *exchange)
{
    if (exchange->onward.pipe != NULL) {
        settle(exchange, forward_spliced(exchange));
    }
}

static bool may_be_half_closed(const struct exchange *exchange)
{
    switch (exchange->onward.state) {
    case FLOW_HELD:
    case FLOW_DONE:
        return true;
    case FLOW_DROP:
        return exchange->end != END_KEEP; /* what comes is not looked at */
    default:
        return false;
    }
}

static enum close_reason client_ended(struct exchange *exchange, int error)
{
    bool is_tunnel = exchange->onward.state == FLOW_TUNNEL;
    bool is_good = error == UV_EOF && (is_tunnel || may_be_half_closed(exchange));
    if (!is_good) {
        return is_tunnel ? REASON_TUNNEL_CUT : REASON_CLIENT_GONE;
    }
    /* FIN after a complete request: the client may have closed its side only. It gets a short while
     * for its answer before it counts as gone. */
    exchange->client_side.in = SIDE_ENDED;
    if (is_tunnel) {
        return tunnel_pass_ends(exchange);
    }
    if (back_is_dropping(exchange)) {
        back_end_dropped(exchange);
    }
    return REASON_NONE;
}

void exchange_on_client_end(struct exchange *exchange, int error)
{
    settle(exchange, client_ended(exchange, error));
}

void exchange_on_client_drained(struct exchange *exchange, int error)
{
    exchange->client_side.progress |= SIDE_HAS_TAKEN;
    exchange->client_side.is_queued = false;
    if (error != 0) {
        settle(exchange, REASON_CLIENT_GONE);
    } else if (exchange->back.state == FLOW_TUNNEL) {
        settle(exchange, tunnel_pass_ends(exchange));
    } else {
        settle(exchange, back_drained(exchange));
    }
}

static enum close_reason client_is_late(struct exchange *exchange)
{
    struct side *side = &exchange->client_side;
    switch (side->wait) {
    case WAIT_REQUEST:
    case WAIT_HEAD:
        return REASON_HEAD_SLOW;
    case WAIT_CONTENT:
        exchange_end_with(exchange, END_LINGER);
        return REASON_CONTENT_SLOW;
    case WAIT_TO_SEND:
        return has_taken(side, exchange->client->operations->unsent(exchange))
                   ? REASON_NONE
                   : REASON_CLIENT_STALLED;
    case WAIT_HALF_CLOSED:
        return REASON_CLIENT_GONE;
    default:
        assert(side->wait == WAIT_TUNNEL);
        return REASON_TUNNEL_IDLE;
    }
}

void exchange_on_client_expired(struct exchange *exchange)
{
    settle(exchange, client_is_late(exchange));
}

/* ---- ends from above */

void exchange_drain(struct exchange *exchange)
{
    if (back_is_dropping(exchange)) {
        back_end_dropped(exchange);
        settle(exchange, REASON_NONE);
    }
}

void exchange_cut(struct exchange *exchange, enum close_reason reason)
{
    ends_now(exchange, reason);
}
