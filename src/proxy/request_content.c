/* The request's content: taken from the client, relayed or dropped; and what else comes from the
 * client. */
#include "exchange_steps.h"

#include <assert.h>

static bool is_to_be_forwarded(const struct exchange *exchange)
{
    return exchange->has_verdict && exchange->verdict.kind == VERDICT_FORWARD;
}

const struct trailers *exchange_trailers_onward(const struct exchange *exchange)
{
    bool passes = is_to_be_forwarded(exchange) && exchange->verdict.translation->passes_trailers &&
                  exchange->store == NULL;
    return passes ? message_trailers(&exchange->request_message) : NULL;
}

/* All trailers have come. */
static void count_dropped_trailers(struct exchange *exchange)
{
    if (!is_to_be_forwarded(exchange)) {
        return;
    }
    const struct trailers *all = message_trailers(&exchange->request_message);
    const struct trailers *onward = exchange_trailers_onward(exchange);
    unsigned passed = onward == NULL ? 0 : serialise_trailers_passed(onward);
    counter_add(&exchange->proxy->counters.fields_dropped[FIELD_TRAILER_FATE],
                all->fields.count - passed);
}

/* Takes the content that lies in the buffer, decoded. Returns false when its framing is broken. */
bool exchange_take_buffered(struct exchange *exchange, struct slice *content, bool *is_last)
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
        relay_room_note_framing(&exchange->from_client, used - content->length);
        *is_last = status == MESSAGE_DONE;
        if (*is_last) {
            count_dropped_trailers(exchange);
        }
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

bool exchange_is_too_large(struct exchange *exchange)
{
    struct verdict *verdict = &exchange->verdict;
    if (exchange->received_bytes > verdict->reported_max_body && !verdict->is_reported) {
        verdict_report(verdict, VERDICT_BODY_TOO_LARGE_RULE, verdict->source);
        exchange_report(exchange);
    }
    return exchange->received_bytes > exchange_limits(exchange)->max_body;
}

void exchange_fail_and_close(struct exchange *exchange, enum close_reason reason)
{
    exchange_end_connection(exchange);
    exchange_fail(exchange, reason);
}

/* Sends a piece of content onward. */
static void send_content(struct exchange *exchange, struct slice content, bool is_last)
{
    enum stream_write_status status =
        relay_send(exchange->proxy, &exchange->upstream->stream, exchange->request_framing.kind,
                   content, is_last, exchange_trailers_onward(exchange));
    exchange->request_state = is_last ? REQUEST_DONE : REQUEST_CONTENT;
    if (stream_has_failed(status)) {
        exchange_send_failed(exchange, false);
    } else {
        exchange_update(exchange);
    }
}

static void drop_buffered(struct exchange *exchange)
{
    struct slice content;
    bool is_last = false;
    if (!exchange_take_buffered(exchange, &content, &is_last)) {
        /* Nobody knows where the next request would begin: nothing more is read as one. */
        exchange->request_state = REQUEST_DONE;
        exchange_end_connection(exchange);
    } else if (is_last) {
        exchange->request_state = REQUEST_DONE;
    } else if (exchange->received_bytes > exchange_settings(exchange)->drain_body) {
        exchange_end_connection(exchange);
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
        exchange_end_connection(exchange);
        return;
    }
    uint64_t most = exchange_settings(exchange)->drain_body;
    bool is_unbounded =
        exchange->request_framing.kind == FRAMING_LENGTH && exchange->request_left > most;
    /* A client that still waits for 100 (Continue) may or may not send its content after another
     * answer: what would come next could be read either way (RFC 9110 section 10.1.1). */
    if (is_unbounded || exchange->expects_continue) {
        exchange_end_connection(exchange);
    }
    if (exchange->must_close) {
        /* What comes while the answer is on its way must not be read as anything. */
        exchange->must_linger |= exchange->request_framing.kind != FRAMING_NONE;
        exchange->request_state = REQUEST_DONE;
        return;
    }
    exchange->request_state = REQUEST_DROP;
    drop_buffered(exchange);
}

/* ---- events of the client's side */

/* What comes is dropped unread: the connection ends with this exchange. */
static bool is_discarding(const struct exchange *exchange)
{
    return exchange->request_state == REQUEST_DROP && exchange->must_close;
}

/* Content with a length never overruns it, so it may pass through the shared buffer. */
static bool uses_scratch(const struct exchange *exchange)
{
    return exchange->request_framing.kind == FRAMING_LENGTH &&
           (exchange->request_state == REQUEST_CONTENT ||
            exchange->request_state == REQUEST_BUFFER || exchange->request_state == REQUEST_DROP);
}

uv_buf_t exchange_request_room(struct exchange *exchange)
{
    size_t room = relay_room_bytes(&exchange->from_client, proxy_turn(exchange->proxy));
    if (exchange->request_state == REQUEST_TUNNEL || is_discarding(exchange)) {
        return (uv_buf_t){exchange->proxy->scratch, room};
    }
    if (uses_scratch(exchange)) {
        uint64_t left = exchange->request_left;
        room = exchange_splices_request(exchange) ? 0 : room;
        return (uv_buf_t){exchange->proxy->scratch, left < room ? (size_t)left : room};
    }
    assert(exchange->used < exchange->region_bytes);
    size_t free = exchange->region_bytes - exchange->used;
    return (uv_buf_t){exchange->request_region + exchange->used, free < room ? free : room};
}

bool exchange_take_content(struct exchange *exchange, char *data, size_t length,
                           struct slice *content, bool *is_last)
{
    if (!uses_scratch(exchange)) {
        exchange->used += length;
        return exchange_take_buffered(exchange, content, is_last);
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
    if (!exchange_take_content(exchange, data, length, &content, &is_last)) {
        exchange_fail_and_close(exchange, REASON_REQUEST_FAULT);
    } else if (exchange_is_too_large(exchange)) {
        exchange_fail_and_close(exchange, REASON_CONTENT_TOO_LARGE);
    } else {
        exchange->expects_continue = false;
        send_content(exchange, content, is_last);
    }
}

static void drop_content(struct exchange *exchange, size_t length)
{
    if (is_discarding(exchange)) {
        exchange->received_bytes += length; /* nothing of it is looked at */
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
    exchange->client_has_sent = true;
    relay_room_note(&exchange->from_client, proxy_turn(exchange->proxy), length);
    switch (exchange->request_state) {
    case REQUEST_HEAD:
        exchange->used += length;
        downstream_run(exchange->downstream);
        break;
    case REQUEST_HELD:
    case REQUEST_DONE:
        exchange->used += length;
        if (exchange_is_dropping(exchange)) {
            exchange_end_dropped(exchange); /* the client goes on */
        } else {
            exchange_update(exchange);
        }
        break;
    case REQUEST_BUFFER:
        exchange_buffer_bytes(exchange, data, length);
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
    bool may_wait = exchange->request_state == REQUEST_HELD ||
                    exchange->request_state == REQUEST_DONE || is_discarding(exchange);
    if (error != UV_EOF || !may_wait) {
        exchange_abort(exchange, exchange->request_state == REQUEST_TUNNEL ? REASON_TUNNEL_CUT
                                                                           : REASON_CLIENT_GONE);
        return;
    }
    /* FIN after a complete request: the client may have closed its side only. It gets a short while
     * for its answer before it counts as gone. */
    exchange->client_is_done = true;
    if (exchange_is_dropping(exchange)) {
        exchange_end_dropped(exchange); /* the client waits for the end of its connection */
    } else if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}

void exchange_client_drained(struct exchange *exchange, int error)
{
    exchange->client_has_taken = true;
    if (error != 0) {
        exchange_abort(exchange, REASON_CLIENT_GONE);
    } else if (exchange->response_state == RESPONSE_TUNNEL) {
        exchange_tunnel_drained(exchange);
    } else if (exchange->response_state == RESPONSE_HEAD && exchange->response != NULL &&
               exchange->response->used > 0) {
        exchange_response_bytes(exchange, NULL, 0); /* what waited behind an interim response */
    } else if (exchange->response_pipe != NULL) {
        exchange_pour_response(exchange);
    } else if (!exchange_check_complete(exchange)) {
        exchange_update(exchange);
    }
}
