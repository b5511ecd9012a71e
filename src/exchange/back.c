#include "back.h"

#include "buffer.h"
#include "heads.h"
#include "keeping.h"
#include "splice.h"
#include "tunnel.h"
#include "upgrade.h"

#include "verbgate/upstream/private.h"

/* ---- writing to the client */

static enum close_reason wrote(struct exchange *exchange, enum stream_write_status status)
{
    bool has_failed = stream_has_failed(side_wrote(&exchange->client_side, status));
    return has_failed ? REASON_CLIENT_GONE : REASON_NONE;
}

/* The server has said all: its connection is free for others. */
static void end_response(struct exchange *exchange)
{
    exchange_move(exchange, &exchange->back, FLOW_DONE);
    keeping_release(exchange);
}

/* ---- interim responses (RFC 9110 section 15.2) */

/* An HTTP/1.0 client knows no 1xx; 100 (Continue) is the gateway's own affair when it has met the
 * expectation itself. */
static bool is_interim_wanted(const struct exchange *exchange)
{
    if (exchange_is_http_10(exchange)) {
        return false;
    }
    return exchange->response->line.status != 100 || buffer_passes_expect(exchange) ||
           !fields_has(&exchange->fields, FIELD_EXPECT);
}

static enum close_reason send_interim(struct exchange *exchange)
{
    struct response_head head = {
        .status = exchange->response->line.status,
        .reason = exchange->response->line.reason,
        .fields = &exchange->response->fields,
        .drop_trailer_field = true,
    };
    return wrote(exchange, exchange->client->operations->send_interim(exchange, &head));
}

/* *goes_on: another head is to be read. */
static enum close_reason pass_interim(struct exchange *exchange, bool *goes_on)
{
    struct response *response = exchange->response;
    struct connection_info ignored;
    response->interim_count++;
    exchange->fault = connection_read(&response->fields, response->line.version_minor, &ignored);
    *goes_on = false;
    if (exchange->fault == FAULT_NONE && upgrade_may_switch(exchange)) {
        return tunnel_begin(exchange);
    }
    /* Any other 101 switches to a protocol that nobody asked for. */
    if (response->line.status == 101 || exchange->fault != FAULT_NONE ||
        response->interim_count > EXCHANGE_INTERIM_MAX) {
        return REASON_UPSTREAM_FAULT;
    }
    if (UNLIKELY(login_of_response(&response->fields) != LOGIN_NONE)) {
        private_claim(exchange->connection, &exchange->client->owner);
    }
    enum close_reason reason = is_interim_wanted(exchange) ? send_interim(exchange) : REASON_NONE;
    if (response->line.status == 100) {
        exchange->expectation = EXPECTS_NOTHING;
    }
    response_begin_next(response);
    response->is_early = response->used > 0 && !exchange_has_sent_all(exchange);
    *goes_on = true;
    return reason;
}

/* ---- the content */

/* Takes the content out of what was read. Returns false, with the fault set, when its framing is broken. */
static bool take_content(struct exchange *exchange, char *data, size_t length,
                         struct slice *content, bool *is_last)
{
    struct response *response = exchange->response;
    if (!response_read_content(response, data, length, content, is_last)) {
        exchange->fault = response->fault;
        return false;
    }
    if (response->framing.kind == FRAMING_CHUNKED) {
        relay_room_note_framing(&exchange->back.room, response->framing_bytes);
    }
    if (UNLIKELY(exchange->verdict.asks_get)) {
        exchange->dropped_bytes += content->length;
        *content = slice_make(NULL, 0);
    }
    exchange->back.bytes += content->length;
    return true;
}

static enum close_reason send_content(struct exchange *exchange, struct slice content, bool is_last)
{
    enum close_reason reason = wrote(
        exchange, exchange->client->operations->send_content(
                      exchange, content, is_last, message_trailers(&exchange->response->message)));
    if (reason == REASON_NONE && is_last) {
        end_response(exchange);
    }
    return reason;
}

static enum close_reason relay_content(struct exchange *exchange, char *data, size_t length)
{
    struct slice content;
    bool is_last = false;
    return take_content(exchange, data, length, &content, &is_last)
               ? send_content(exchange, content, is_last)
               : REASON_UPSTREAM_CUT;
}

/* ---- content that nobody gets */

/* It is read only to keep the server's connection, and only while that holds up nobody: not past a bound, nor for a
 * client that goes on or waits for the end of its connection. */
static bool is_worth_reading(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    enum { DROPPED_MAX = 256 * 1024 };
    bool is_long = response->framing.kind == FRAMING_LENGTH &&
                   response->left > DROPPED_MAX - exchange->dropped_bytes;
    return exchange->dropped_bytes <= DROPPED_MAX && !is_long && exchange->end == END_KEEP &&
           response->framing.kind != FRAMING_UNTIL_CLOSE &&
           !exchange->client->operations->has_more(exchange);
}

void back_end_dropped(struct exchange *exchange)
{
    exchange_close_connection(exchange);
    exchange_move(exchange, &exchange->back, FLOW_DONE);
}

static void drop_content(struct exchange *exchange, char *data, size_t length)
{
    struct slice content;
    bool is_last = false;
    bool is_good = take_content(exchange, data, length, &content, &is_last);
    if (is_good && is_last) {
        end_response(exchange);
    } else if (!is_good || !is_worth_reading(exchange)) {
        back_end_dropped(exchange);
    }
}

/* ---- content that is kept until all of it has come */

static enum close_reason send_kept_head(struct exchange *exchange)
{
    struct slice piece;
    struct flow *back = &exchange->back;
    enum close_reason reason = buffer_next(exchange, back, &piece);
    if (reason != REASON_NONE) {
        return reason;
    }
    struct response_head head;
    heads_make_response(exchange, (struct framing){FRAMING_LENGTH, back->store->length}, &head);
    enum stream_write_status status = exchange->client->operations->send_head(
        exchange, &head, piece, !flow_has_stored(back), NULL);
    reason = wrote(exchange, status);
    return reason == REASON_NONE && status == STREAM_SENT ? back_stored(exchange) : reason;
}

static enum close_reason keep_content(struct exchange *exchange, struct slice content, bool is_last)
{
    enum close_reason reason = buffer_add(exchange, &exchange->back, content);
    if (reason != REASON_NONE || !is_last) {
        return reason;
    }
    end_response(exchange);
    return send_kept_head(exchange);
}

static enum close_reason keep_bytes(struct exchange *exchange, char *data, size_t length)
{
    struct slice content;
    bool is_last = false;
    return take_content(exchange, data, length, &content, &is_last)
               ? keep_content(exchange, content, is_last)
               : REASON_UPSTREAM_CUT;
}

enum close_reason back_stored(struct exchange *exchange)
{
    struct flow *back = &exchange->back;
    for (unsigned i = 0; flow_has_stored(back); i++) {
        if (i == EXCHANGE_STORED_PIECES) {
            turns_add(&exchange->context->turns, &exchange->ready);
            return REASON_NONE;
        }
        struct slice piece;
        enum close_reason reason = buffer_next(exchange, back, &piece);
        if (reason != REASON_NONE) {
            return reason;
        }
        enum stream_write_status status = exchange->client->operations->send_content(
            exchange, piece, !flow_has_stored(back), NULL);
        reason = wrote(exchange, status);
        if (reason != REASON_NONE || status == STREAM_QUEUED) {
            return reason;
        }
    }
    return REASON_NONE;
}

/* ---- the response begins */

static enum close_reason send_head(struct exchange *exchange, struct slice content, bool is_last)
{
    struct response *response = exchange->response;
    bool is_dropped = exchange->verdict.asks_get;
    struct framing framing = is_dropped ? (struct framing){FRAMING_NONE, 0} : response->framing;
    struct response_head head;
    heads_make_response(exchange, framing, &head);
    enum close_reason reason = wrote(exchange, exchange->client->operations->send_head(
                                                   exchange, &head, content, is_last || is_dropped,
                                                   message_trailers(&response->message)));
    if (reason != REASON_NONE) {
        return reason;
    }
    if (UNLIKELY(is_dropped) && !is_last && !is_worth_reading(exchange)) {
        is_last = true;
        response->is_extra = true; /* the rest of it */
    }
    if (is_last) {
        end_response(exchange);
    } else {
        exchange_move(exchange, &exchange->back, is_dropped ? FLOW_DROP : FLOW_CONTENT);
    }
    return REASON_NONE;
}

static enum close_reason begin_response(struct exchange *exchange)
{
    struct response *response = exchange->response;
    struct flow *back = &exchange->back;
    enum method method = exchange->verdict.asks_get ? METHOD_GET : exchange->verdict.method;
    struct slice content;
    bool is_last = false;
    exchange->fault = response_read_framing(response, method);
    if (exchange->fault != FAULT_NONE ||
        !take_content(exchange, response->region + response->parsed,
                      response->used - response->parsed, &content, &is_last)) {
        return REASON_UPSTREAM_FAULT;
    }
    enum login login = login_of_response(&response->fields);
    if (UNLIKELY(login != LOGIN_NONE || exchange->connection->is_in_login)) {
        keeping_note_login(exchange, login);
    }
    exchange->status = response->line.status;
    if (LIKELY(back->way != FLOW_KEPT) || response->framing.kind == FRAMING_NONE) {
        return send_head(exchange, content, is_last);
    }
    enum close_reason reason =
        buffer_begin(exchange, back, exchange->verdict.translation->buffer_memory);
    return reason == REASON_NONE ? keep_content(exchange, content, is_last) : reason;
}

static enum close_reason run_head(struct exchange *exchange)
{
    struct response *response = exchange->response;
    const struct response_limits limits = {
        .max_head = exchange_settings(exchange)->max_head,
        .max_fields = exchange_settings(exchange)->max_fields,
        .takes_trailers = exchange->facts.connection.takes_trailers,
    };
    bool goes_on = true;
    enum close_reason reason = REASON_NONE;
    /* One answer at a time: what follows an interim response waits until that is sent. */
    while (goes_on && reason == REASON_NONE && !exchange->client_side.is_queued) {
        switch (response_read_head(response, &limits)) {
        case HEAD_MORE:
            return REASON_NONE;
        case HEAD_BAD:
            exchange->fault = response->fault;
            return response->fault == FAULT_HEAD_TOO_LARGE ? REASON_UPSTREAM_HEAD_TOO_LARGE
                                                           : REASON_UPSTREAM_FAULT;
        case HEAD_READY:
            break;
        }
        if (LIKELY(response->line.status >= 200)) {
            return begin_response(exchange);
        }
        reason = pass_interim(exchange, &goes_on);
    }
    return reason;
}

/* ---- events of the server's side */

uv_buf_t back_room(struct exchange *exchange)
{
    if (exchange->back.state != FLOW_HEAD) {
        struct context *context = exchange->context;
        size_t room = relay_room_bytes(&exchange->back.room, context_turn(context));
        return (uv_buf_t){context->scratch, splice_is_chosen(exchange, &exchange->back) ? 0 : room};
    }
    if (exchange->response == NULL) {
        exchange->response = response_take(exchange->context);
        if (exchange->response == NULL) {
            return (uv_buf_t){NULL, 0};
        }
    }
    assert(exchange->response->used < exchange->response->region_bytes);
    return response_room(exchange->response);
}

static enum close_reason head_bytes(struct exchange *exchange, size_t length)
{
    exchange->response->used += length;
    exchange->response->is_early |= !exchange_has_sent_all(exchange);
    return run_head(exchange);
}

enum close_reason back_bytes(struct exchange *exchange, char *data, size_t length)
{
    struct flow *back = &exchange->back;
    relay_room_note(&back->room, context_turn(exchange->context), length);
    exchange->response->read_count++;
    if (back->state == FLOW_DROP) {
        /* Content that nobody gets has one body-timeout, however it trickles. */
        drop_content(exchange, data, length);
        return REASON_NONE;
    }
    exchange->server_side.progress |= SIDE_HAS_SENT;
    switch (back->state) {
    case FLOW_HEAD:
        return head_bytes(exchange, length);
    case FLOW_CONTENT:
        return relay_content(exchange, data, length);
    case FLOW_STORE:
        return keep_bytes(exchange, data, length);
    case FLOW_TUNNEL:
        return tunnel_from_server(exchange, slice_make(data, length));
    default:
        assert(false && "bytes from a server that has nothing to say any more");
        return REASON_UPSTREAM_FAULT;
    }
}

/* Only where the connection's end is the content's end is it a good one. */
enum close_reason back_end(struct exchange *exchange, int error)
{
    bool is_good = exchange->response->framing.kind == FRAMING_UNTIL_CLOSE && error == UV_EOF;
    if (!is_good) {
        return REASON_UPSTREAM_CUT;
    }
    struct slice nothing = slice_make(NULL, 0);
    return exchange->back.state == FLOW_STORE ? keep_content(exchange, nothing, true)
                                              : send_content(exchange, nothing, true);
}

enum close_reason back_spliced(struct exchange *exchange)
{
    return wrote(exchange, splice_move(exchange, &exchange->back));
}

enum close_reason back_drained(struct exchange *exchange)
{
    struct flow *back = &exchange->back;
    struct response *response = exchange->response;
    if (back->state == FLOW_HEAD && response != NULL && response->used > 0) {
        return back_bytes(exchange, NULL, 0); /* what waited behind an interim response */
    }
    if (flow_has_stored(back)) {
        return back_stored(exchange);
    }
    return back->pipe != NULL ? wrote(exchange, splice_pour(exchange, back)) : REASON_NONE;
}
