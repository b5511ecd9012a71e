#include "forward.h"

#include "buffer.h"
#include "connect.h"
#include "content.h"
#include "extra_fields.h"
#include "heads.h"
#include "log_lines.h"
#include "splice.h"

#include "verbgate/exchange/relay.h"
#include "verbgate/http/login.h"
#include "verbgate/upstream/private.h"

static enum close_reason find(struct exchange *exchange, bool may_reuse);

/* ---- failures */

static bool retry(struct exchange *exchange, bool nothing_was_sent, enum close_reason *reason)
{
    bool is_dead = exchange->connection != NULL && exchange->connection->is_reused &&
                   !exchange_is_answered(exchange);
    if (!is_dead || exchange->replay != REPLAY_READY) {
        return false;
    }
    /* A step of a login belongs to the connection that had those before. */
    bool is_bound = exchange->uses_private && login_of_request(&exchange->fields) != LOGIN_NONE;
    bool is_safe = nothing_was_sent || method_is_idempotent(exchange->verdict.method);
    if (is_bound || !is_safe) {
        return false;
    }
    exchange_close_connection(exchange);
    counter_increment(&exchange->context->counters.retries);
    exchange->replay = REPLAY_USED;
    if (exchange->onward.store == NULL) {
        exchange->client->operations->rewind(exchange);
        exchange->onward.left = exchange->facts.framing.length;
        exchange->onward.bytes = 0;
        exchange_move(exchange, &exchange->onward, FLOW_HELD);
    }
    *reason = find(exchange, false);
    return true;
}

bool forward_retry(struct exchange *exchange, enum close_reason *reason)
{
    return retry(exchange, false, reason);
}

/* What became of a write to the server. A server may answer and close before it has taken the whole request; its answer,
 * if there is one, is still to be read (RFC 9112 section 9.5). */
static enum close_reason wrote(struct exchange *exchange, enum stream_write_status status,
                               bool nothing_was_sent)
{
    enum close_reason reason = REASON_NONE;
    if (LIKELY(!stream_has_failed(status)) || retry(exchange, nothing_was_sent, &reason)) {
        return reason;
    }
    exchange->server_side.out = SIDE_DEAF;
    if (exchange->onward.state != FLOW_DONE) {
        exchange_move(exchange, &exchange->onward, FLOW_DROP);
        exchange_end_with(exchange, END_LINGER);
    }
    return REASON_NONE;
}

/* ---- the head */

/* 100 (Continue) is owed once somebody is there to take the content, unless content has come
 * already (RFC 9110 section 10.1.1). */
static enum close_reason send_continue(struct exchange *exchange)
{
    enum flow_state state = exchange->onward.state;
    bool is_wanted = state == FLOW_CONTENT || state == FLOW_STORE;
    if (LIKELY(exchange->expectation != EXPECTS_US) || !is_wanted) {
        return REASON_NONE;
    }
    exchange->expectation = EXPECTS_NOTHING;
    if (exchange->onward.bytes > 0 || exchange->client_side.is_queued) {
        return REASON_NONE;
    }
    static const struct fields none;
    struct response_head head = {.status = 100, .reason = SLICE("Continue"), .fields = &none};
    enum stream_write_status status = exchange->client->operations->send_interim(exchange, &head);
    return stream_has_failed(side_wrote(&exchange->client_side, status)) ? REASON_CLIENT_GONE
                                                                         : REASON_NONE;
}

/* Of content that is too large the rest is not read as another request. */
static enum close_reason check_size(struct exchange *exchange)
{
    if (LIKELY(!content_is_too_large(exchange))) {
        return REASON_NONE;
    }
    exchange_end_with(exchange, END_LINGER);
    return REASON_CONTENT_TOO_LARGE;
}

/* What goes out with the head: what has come of the content, or what was kept of it. `*is_last`: the client
 * has no more to send. */
static enum close_reason take_first_content(struct exchange *exchange, struct slice *content,
                                            bool *is_last)
{
    if (exchange->onward.store != NULL) {
        *is_last = true;
        content_store_rewind(exchange->onward.store);
        return buffer_next(exchange, &exchange->onward, content);
    }
    if (!content_pull(exchange, content, is_last)) {
        exchange_end_with(exchange, END_LINGER);
        return REASON_REQUEST_FAULT;
    }
    enum close_reason reason = check_size(exchange);
    if (reason != REASON_NONE) {
        return reason;
    }
    bool is_cut = !*is_last && exchange->client_side.in == SIDE_ENDED;
    return is_cut ? REASON_CLIENT_GONE : REASON_NONE;
}

static enum stream_write_status write_head(struct exchange *exchange, struct slice content,
                                           bool is_last)
{
    struct framing framing = heads_framing_onward(exchange);
    if (exchange->replay != REPLAY_USED) {
        exchange->replay = framing.kind == FRAMING_CHUNKED ? REPLAY_NONE : REPLAY_READY;
    }
    if (content.length > 0) {
        exchange->expectation = EXPECTS_NOTHING; /* it has not waited */
    }
    heads_write_request(exchange, framing);
    return side_wrote(&exchange->server_side,
                      relay_send(exchange->context, &exchange->connection->stream, framing.kind,
                                 content, is_last, content_trailers(exchange)));
}

/* The connection is there: the head goes out, with the first of the content, in one write. */
static enum close_reason send_head(struct exchange *exchange)
{
    struct slice content;
    bool is_last = false;
    exchange->server_side.wait = WAIT_NOTHING;
    if (UNLIKELY(login_of_request(&exchange->fields) != LOGIN_NONE)) {
        private_claim(exchange->connection, &exchange->client->owner);
    }
    enum close_reason reason = take_first_content(exchange, &content, &is_last);
    if (reason != REASON_NONE) {
        return reason;
    }
    enum stream_write_status status = write_head(exchange, content, is_last);
    exchange_move(exchange, &exchange->onward, is_last ? FLOW_DONE : FLOW_CONTENT);
    if (stream_has_failed(status)) {
        return wrote(exchange, status, status == STREAM_FAILED);
    }
    if (flow_has_stored(&exchange->onward) && status == STREAM_SENT) {
        return forward_stored(exchange);
    }
    return send_continue(exchange);
}

/* ---- the connection */

static enum close_reason go_on(struct exchange *exchange, enum connect_outcome outcome,
                               enum close_reason reason)
{
    switch (outcome) {
    case CONNECT_READY:
        return send_head(exchange);
    case CONNECT_WAITS:
        break;
    case CONNECT_FAILED:
        return reason;
    }
    return REASON_NONE;
}

static enum close_reason find(struct exchange *exchange, bool may_reuse)
{
    enum close_reason reason = REASON_NONE;
    enum connect_outcome outcome = connect_find(exchange, may_reuse, &reason);
    return go_on(exchange, outcome, reason);
}

enum close_reason forward_connected(struct exchange *exchange, int error)
{
    if (error == 0) {
        return send_head(exchange);
    }
    enum close_reason reason = REASON_NONE;
    enum connect_outcome outcome = connect_again(exchange, error, &reason);
    return go_on(exchange, outcome, reason);
}

enum close_reason forward_in_turn(struct exchange *exchange, bool *serves)
{
    enum close_reason reason = REASON_NONE;
    enum connect_outcome outcome = CONNECT_WAITS;
    *serves = connect_in_turn(exchange, &outcome, &reason);
    return *serves ? go_on(exchange, outcome, reason) : REASON_NONE;
}

enum close_reason forward_rested(struct exchange *exchange, struct upstream_connection *connection)
{
    enum close_reason reason = REASON_NONE;
    enum connect_outcome outcome = connect_rested(exchange, connection, &reason);
    return go_on(exchange, outcome, reason);
}

/* ---- the content */

static enum close_reason keep(struct exchange *exchange, struct slice content, bool is_last)
{
    enum close_reason reason = check_size(exchange);
    if (reason == REASON_NONE) {
        reason = buffer_add(exchange, &exchange->onward, content);
    }
    if (reason != REASON_NONE || !is_last) {
        return reason;
    }
    /* All of it is here. The client has nothing more to send, and may close its side. */
    exchange->expectation = EXPECTS_NOTHING;
    exchange_move(exchange, &exchange->onward, FLOW_DONE);
    return find(exchange, true);
}

static enum close_reason begin_to_keep(struct exchange *exchange)
{
    exchange->onward.way = FLOW_KEPT;
    enum close_reason reason =
        buffer_begin(exchange, &exchange->onward, exchange->verdict.translation->buffer_memory);
    if (reason != REASON_NONE) {
        return reason;
    }
    struct slice content;
    bool is_last = false;
    if (!content_pull(exchange, &content, &is_last)) {
        exchange_end_with(exchange, END_LINGER);
        return REASON_REQUEST_FAULT;
    }
    reason = keep(exchange, content, is_last);
    return reason != REASON_NONE || is_last ? reason : send_continue(exchange);
}

enum close_reason forward_begin(struct exchange *exchange)
{
    if (UNLIKELY(exchange->verdict.is_reported)) {
        log_lines_reported(exchange);
    }
    extra_fields_guard(exchange);
    if (exchange->expectation == EXPECTS_US && buffer_passes_expect(exchange)) {
        exchange->expectation = EXPECTS_SERVER;
    }
    if (UNLIKELY(buffer_is_needed(exchange))) {
        return begin_to_keep(exchange);
    }
    exchange_move(exchange, &exchange->onward, FLOW_HELD);
    return find(exchange, true);
}

enum close_reason forward_content(struct exchange *exchange, struct slice content, bool is_last)
{
    exchange->expectation = EXPECTS_NOTHING;
    if (exchange->onward.state == FLOW_STORE) {
        return keep(exchange, content, is_last);
    }
    enum close_reason reason = check_size(exchange);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (exchange->replay == REPLAY_READY) {
        exchange->replay = REPLAY_NONE; /* what goes on now is kept nowhere */
    }
    enum stream_write_status status =
        relay_send(exchange->context, &exchange->connection->stream, exchange->facts.framing.kind,
                   content, is_last, content_trailers(exchange));
    exchange_move(exchange, &exchange->onward, is_last ? FLOW_DONE : FLOW_CONTENT);
    return wrote(exchange, side_wrote(&exchange->server_side, status), false);
}

/* As fast as the server takes it, but other connections get their turn. */
enum close_reason forward_stored(struct exchange *exchange)
{
    struct flow *onward = &exchange->onward;
    for (unsigned i = 0; flow_has_stored(onward) && exchange->server_side.out != SIDE_DEAF; i++) {
        if (i == EXCHANGE_STORED_PIECES) {
            turns_add(&exchange->context->turns, &exchange->ready);
            return REASON_NONE;
        }
        struct slice piece;
        enum close_reason reason = buffer_next(exchange, onward, &piece);
        if (reason != REASON_NONE) {
            return reason;
        }
        enum stream_write_status status = side_wrote(
            &exchange->server_side, relay_send(exchange->context, &exchange->connection->stream,
                                               FRAMING_LENGTH, piece, false, NULL));
        if (status != STREAM_SENT) {
            return wrote(exchange, status, false);
        }
    }
    return REASON_NONE;
}

enum close_reason forward_spliced(struct exchange *exchange)
{
    enum stream_write_status status = splice_move(exchange, &exchange->onward);
    enum close_reason reason = check_size(exchange);
    return reason == REASON_NONE ? wrote(exchange, status, false) : reason;
}

enum close_reason forward_drained(struct exchange *exchange, int error)
{
    struct flow *onward = &exchange->onward;
    if (error != 0) {
        return wrote(exchange, STREAM_CUT, false);
    }
    if (flow_has_stored(onward)) {
        return forward_stored(exchange);
    }
    /* What the server did not take of content that it does not want any more goes nowhere. */
    bool is_wanted = onward->pipe != NULL && onward->state == FLOW_CONTENT;
    return is_wanted ? wrote(exchange, splice_pour(exchange, onward), false) : REASON_NONE;
}
