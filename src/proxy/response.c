/* The server's side of an exchange: interim responses, the final one, its content, its end. */
#include "exchange_steps.h"

#include "verbgate/http/login.h"
#include "verbgate/proxy/private.h"

#include <assert.h>

static void fail_response(struct exchange *exchange)
{
    exchange_fail(exchange, exchange->fault == FAULT_HEAD_TOO_LARGE ? REASON_UPSTREAM_HEAD_TOO_LARGE
                                                                    : REASON_UPSTREAM_FAULT);
}

/* ---- interim responses (RFC 9110 section 15.2) */

/* An HTTP/1.0 client knows no 1xx; 100 (Continue) is the gateway's own affair when it has met the
 * expectation itself. */
static bool is_interim_wanted(const struct exchange *exchange)
{
    if (exchange->is_http_10) {
        return false;
    }
    return exchange->response->line.status != 100 || exchange_limits(exchange)->forwards_expect ||
           !fields_has(&exchange->request_fields, FIELD_EXPECT);
}

static enum stream_write_status send_interim(struct exchange *exchange)
{
    struct response_head head = {
        .status = exchange->response->line.status,
        .reason = exchange->response->line.reason,
        .fields = &exchange->response->fields,
        .drop_trailer_field = true,
    };
    serialise_response_head(&exchange->proxy->out, &head);
    return relay_send(exchange->proxy, exchange_client(exchange), FRAMING_NONE, slice_make(NULL, 0),
                      false, NULL);
}

static void begin_next_head(struct exchange *exchange)
{
    struct response *response = exchange->response;
    size_t rest = response->used - response->parsed;
    memmove(response->region, response->region + response->parsed, rest);
    response->used = rest;
    response->parsed = 0;
    response->has_line = false;
    response->is_early = rest > 0 && !exchange_has_sent_all(exchange);
}

/* Returns false when no further head is to be read: the exchange is gone, or a tunnel. */
static bool pass_interim(struct exchange *exchange)
{
    struct response *response = exchange->response;
    struct connection_info ignored;
    response->interim_count++;
    exchange->fault = connection_read(&response->fields, response->line.version_minor, &ignored);
    if (exchange->fault == FAULT_NONE && exchange_may_switch(exchange)) {
        exchange_switch(exchange);
        return false;
    }
    /* Any other 101 switches to a protocol that nobody asked for. */
    if (response->line.status == 101 || exchange->fault != FAULT_NONE ||
        response->interim_count > EXCHANGE_INTERIM_MAX) {
        exchange_fail(exchange, REASON_UPSTREAM_FAULT);
        return false;
    }
    if (UNLIKELY(login_of_response(&response->fields) != LOGIN_NONE)) {
        private_claim(exchange->upstream, exchange->downstream);
    }
    if (is_interim_wanted(exchange) && stream_has_failed(send_interim(exchange))) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return false;
    }
    exchange->expects_continue &= response->line.status != 100;
    begin_next_head(exchange);
    return true;
}

/* ---- the content */

/* Takes the response's content out of what was read; what lies behind its end makes the connection
 * unfit for another use. Returns false when the framing is broken. */
static bool take_content(struct exchange *exchange, char *data, size_t length,
                         struct slice *content, bool *is_last)
{
    struct response *response = exchange->response;
    size_t used = length;
    *is_last = false;
    switch (response->framing.kind) {
    case FRAMING_NONE:
        used = 0;
        *content = slice_make(NULL, 0);
        *is_last = true;
        break;
    case FRAMING_LENGTH:
        used = length < response->left ? length : (size_t)response->left;
        response->left -= used;
        *content = slice_make(data, used);
        *is_last = response->left == 0;
        break;
    case FRAMING_CHUNKED: {
        enum message_status status =
            message_read_chunks(&response->message, data, length, &used, content);
        if (status == MESSAGE_BAD) {
            exchange->fault = message_fault(&response->message);
            return false;
        }
        relay_room_note_framing(&exchange->from_server, used - content->length);
        *is_last = status == MESSAGE_DONE;
        break;
    }
    case FRAMING_UNTIL_CLOSE:
        *content = slice_make(data, length);
        break;
    }
    response->is_extra = used < length;
    if (exchange->verdict.asks_get) {
        exchange->dropped_bytes += content->length;
        *content = slice_make(NULL, 0);
    }
    exchange->sent_bytes += content->length;
    return true;
}

/* Sends what proxy->out holds and a piece of content to the client, and ends the response with the
 * last one. */
static void send_content(struct exchange *exchange, struct slice content, bool is_last)
{
    enum stream_write_status status =
        relay_send(exchange->proxy, exchange_client(exchange), exchange->client_framing, content,
                   is_last, message_trailers(&exchange->response->message));
    if (stream_has_failed(status)) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
        return;
    }
    if (is_last) {
        exchange->response_state = RESPONSE_DONE;
        exchange_release_upstream(exchange);
    }
    if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}

void exchange_end_dropped(struct exchange *exchange)
{
    upstream_close(exchange->upstream);
    exchange->response_state = RESPONSE_DONE;
    if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}

void exchange_drain(struct exchange *exchange)
{
    if (exchange_is_dropping(exchange)) {
        exchange_end_dropped(exchange);
    }
}

/* Content that nobody gets is read only to keep the server's connection, and only while that holds up
 * nobody: not past a bound, nor for a client that goes on or waits for the end of its connection. */
static bool is_worth_reading(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    enum { DROPPED_MAX = 256 * 1024 };
    bool is_long = response->framing.kind == FRAMING_LENGTH &&
                   response->left > DROPPED_MAX - exchange->dropped_bytes;
    return exchange->dropped_bytes <= DROPPED_MAX && !is_long && !exchange->must_close &&
           response->framing.kind != FRAMING_UNTIL_CLOSE && !exchange_has_more(exchange);
}

static void drop_content(struct exchange *exchange, char *data, size_t length)
{
    struct slice content;
    bool is_last = false;
    bool is_good = take_content(exchange, data, length, &content, &is_last);
    if (is_good && is_last) {
        send_content(exchange, content, true);
    } else if (!is_good || !is_worth_reading(exchange)) {
        exchange_end_dropped(exchange);
    } else {
        exchange_update(exchange);
    }
}

static void relay_content(struct exchange *exchange, char *data, size_t length)
{
    struct slice content;
    bool is_last = false;
    if (take_content(exchange, data, length, &content, &is_last)) {
        send_content(exchange, content, is_last);
    } else {
        exchange_fail(exchange, REASON_UPSTREAM_CUT);
    }
}

/* ---- the response begins */

/* How the content goes to the client: as it came, where the client can read that; else chunked, and
 * for HTTP/1.0 until the connection's end. */
static enum framing_kind framing_for_client(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    if (exchange->verdict.asks_get) {
        return FRAMING_NONE;
    }
    switch (response->framing.kind) {
    case FRAMING_NONE:
    case FRAMING_LENGTH:
        return response->framing.kind;
    case FRAMING_CHUNKED:
    case FRAMING_UNTIL_CLOSE:
        break;
    }
    return exchange->is_http_10 ? FRAMING_UNTIL_CLOSE : FRAMING_CHUNKED;
}

static void write_head(struct exchange *exchange)
{
    proxy_tick(exchange->proxy);
    unsigned status = exchange->response->line.status;
    struct response_head head = {
        .status = status,
        .reason = exchange->response->line.reason,
        .fields = &exchange->response->fields,
        .framing = {exchange->client_framing, exchange->response->framing.length},
        .keep_length = exchange->verdict.method == METHOD_HEAD || status == 304,
        .close = exchange->must_close,
        .keep_alive = exchange->is_http_10 && !exchange->must_close,
        .drop_trailer_field = exchange->client_framing != FRAMING_CHUNKED ||
                              !exchange->facts.connection.takes_trailers,
        /* RFC 9110 section 15.5.22: 426 says what to upgrade to. */
        .upgrade = status == 426 ? exchange_upgrade_offered(exchange) : slice_make(NULL, 0),
        .extra = exchange_extra_back(exchange),
        .date = slice_make(exchange->proxy->clock.date, CLOCK_DATE_BYTES),
    };
    serialise_response_head(&exchange->proxy->out, &head);
}

static void begin_response(struct exchange *exchange)
{
    struct response *response = exchange->response;
    const struct status_line *line = &response->line;
    exchange->fault = framing_of_response(
        &response->fields, line->version_minor, line->status,
        exchange->verdict.asks_get ? METHOD_GET : exchange->verdict.method, &response->framing);
    if (exchange->fault == FAULT_NONE) {
        exchange->fault =
            connection_read(&response->fields, line->version_minor, &response->connection);
    }
    struct slice content = {NULL, 0};
    bool is_last = false;
    response->left = response->framing.length;
    if (exchange->fault != FAULT_NONE ||
        !take_content(exchange, response->region + response->parsed,
                      response->used - response->parsed, &content, &is_last)) {
        exchange_fail(exchange, REASON_UPSTREAM_FAULT);
        return;
    }
    enum login login = login_of_response(&response->fields);
    if (UNLIKELY(login != LOGIN_NONE || exchange->upstream->is_in_login)) {
        exchange_note_login(exchange, login);
    }
    exchange->client_framing = framing_for_client(exchange);
    exchange->status = line->status;
    exchange->first_byte_ns = uv_hrtime();
    exchange->response_state = RESPONSE_CONTENT;
    bool is_last_request = exchange->client_is_done && !exchange_has_more(exchange);
    if (exchange->client_framing == FRAMING_UNTIL_CLOSE || is_last_request ||
        exchange->proxy->is_draining) {
        exchange->must_close = true;
    }
    write_head(exchange);
    if (!is_last && exchange->verdict.asks_get && !is_worth_reading(exchange)) {
        is_last = true;
        response->is_extra = true; /* the rest of it */
    }
    send_content(exchange, content, is_last);
}

static void run_head(struct exchange *exchange)
{
    /* One answer at a time: what follows an interim response waits until that is sent. */
    while (!stream_is_queued(exchange_client(exchange))) {
        switch (exchange_read_response_head(exchange)) {
        case HEAD_MORE:
            exchange_update(exchange);
            return;
        case HEAD_BAD:
            fail_response(exchange);
            return;
        case HEAD_READY:
            break;
        }
        if (exchange->response->line.status >= 200) {
            begin_response(exchange);
            return;
        }
        if (!pass_interim(exchange)) {
            return;
        }
    }
    exchange_update(exchange);
}

/* ---- events of the server's side */

uv_buf_t exchange_response_room(struct exchange *exchange)
{
    if (exchange->response_state >= RESPONSE_CONTENT) {
        struct proxy *proxy = exchange->proxy;
        size_t room = relay_room_bytes(&exchange->from_server, proxy_turn(proxy));
        return (uv_buf_t){proxy->scratch, exchange_splices_response(exchange) ? 0 : room};
    }
    if (exchange->response == NULL) {
        exchange->response = exchange_take_response(exchange->proxy);
        if (exchange->response == NULL) {
            return (uv_buf_t){NULL, 0};
        }
    }
    struct response *response = exchange->response;
    assert(response->used < response->region_bytes);
    return (uv_buf_t){response->region + response->used, response->region_bytes - response->used};
}

void exchange_response_bytes(struct exchange *exchange, char *data, size_t length)
{
    exchange->has_response_bytes = true;
    relay_room_note(&exchange->from_server, proxy_turn(exchange->proxy), length);
    exchange->response->read_count++;
    /* Content that nobody gets has one body-timeout, however it trickles. */
    exchange->upstream_has_sent = !exchange_is_dropping(exchange);
    if (exchange->response_state == RESPONSE_TUNNEL) {
        exchange_tunnel_from_server(exchange, slice_make(data, length));
    } else if (exchange_is_dropping(exchange)) {
        drop_content(exchange, data, length);
    } else if (exchange->response_state == RESPONSE_CONTENT) {
        relay_content(exchange, data, length);
    } else {
        exchange->response->used += length;
        exchange->response->is_early |= !exchange_has_sent_all(exchange);
        run_head(exchange);
    }
}

void exchange_response_end(struct exchange *exchange, int error)
{
    if (exchange->response_state == RESPONSE_TUNNEL) {
        if (error == UV_EOF) {
            exchange_tunnel_server_end(exchange);
        } else {
            exchange_abort(exchange, REASON_TUNNEL_CUT);
        }
        return;
    }
    if (exchange_is_dropping(exchange)) {
        exchange_end_dropped(exchange);
        return;
    }
    if (error == UV_ENOBUFS) {
        exchange_fail(exchange, REASON_NO_RESOURCES);
        return;
    }
    if (exchange->response_state != RESPONSE_CONTENT) {
        if (!exchange_retry(exchange, false)) {
            exchange_fail(exchange, REASON_UPSTREAM_CLOSED);
        }
        return;
    }
    /* Only where the connection's end is the content's end is it a good one. */
    if (exchange->response->framing.kind == FRAMING_UNTIL_CLOSE && error == UV_EOF) {
        send_content(exchange, slice_make(NULL, 0), true);
    } else {
        exchange_fail(exchange, REASON_UPSTREAM_CUT);
    }
}

void exchange_upstream_timeout(struct exchange *exchange)
{
    switch (exchange->upstream_wait) {
    case WAIT_TO_SEND:
        if (stream_unsent(&exchange->upstream->stream) < exchange->upstream_unsent) {
            exchange->upstream_has_taken = true;
            exchange_update(exchange);
            break;
        }
        /* fall through */
    case WAIT_RESPONSE:
        if (exchange->request_state != REQUEST_DONE) {
            exchange_end_connection(exchange);
        }
        exchange_fail(exchange, REASON_UPSTREAM_SLOW);
        break;
    case WAIT_CONTENT:
        if (exchange_is_dropping(exchange)) {
            exchange_end_dropped(exchange);
        } else {
            exchange_fail(exchange, REASON_UPSTREAM_STALLED);
        }
        break;
    case WAIT_NOTHING:
    case WAIT_REQUEST:
    case WAIT_HEAD:
    case WAIT_CONNECT:
    case WAIT_HALF_CLOSED:
    case WAIT_TUNNEL:
        assert(false && "an upstream deadline without something to wait for");
        break;
    }
}
