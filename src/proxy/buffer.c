/* Content that is kept until all of it has come, and then goes onward with its length: for servers that
 * cannot read chunks, and for those that slow clients should not hold up. */
#include "exchange_steps.h"

#include "verbgate/base/log.h"

#include <string.h>

bool exchange_must_buffer(const struct exchange *exchange)
{
    enum buffer_request mode = exchange->verdict.translation->buffer_request;
    switch (exchange->request_framing.kind) {
    case FRAMING_CHUNKED:
        return mode != BUFFER_REQUEST_OFF || exchange->verdict.upstream->sends_http_10;
    case FRAMING_LENGTH:
        return mode == BUFFER_REQUEST_ALL && exchange->request_framing.length > 0;
    case FRAMING_NONE:
    case FRAMING_UNTIL_CLOSE:
        break;
    }
    return false;
}

/* `error` is an errno value. */
static void fail_storage(struct exchange *exchange, int error)
{
    if (proxy_may_log(exchange->proxy)) {
        log_warn("cannot keep a request's content in %s: %s",
                 exchange_settings(exchange)->buffer_directory, strerror(error));
    }
    exchange_fail_and_close(exchange, REASON_NO_STORAGE);
}

/* Returns false when that ended in a failure. */
static bool keep(struct exchange *exchange, struct slice content)
{
    if (exchange_is_too_large(exchange)) {
        exchange_fail_and_close(exchange, REASON_CONTENT_TOO_LARGE);
        return false;
    }
    int error = request_store_append(exchange->store, content);
    if (error != 0) {
        fail_storage(exchange, error);
        return false;
    }
    return true;
}

/* All of it is here. The client has nothing more to send, and may close its side. */
static void go_onward(struct exchange *exchange)
{
    exchange->request_state = REQUEST_DONE;
    exchange->response_state = RESPONSE_CONNECT;
    exchange_find_upstream(exchange, true);
}

void exchange_begin_buffer(struct exchange *exchange)
{
    struct policy_limits *limits = &exchange->verdict.limits;
    const struct policy_translation *translation = exchange->verdict.translation;
    exchange->request_state = REQUEST_BUFFER;
    limits->max_body =
        translation->buffer_max < limits->max_body ? translation->buffer_max : limits->max_body;
    exchange->store =
        request_store_create(&exchange->proxy->store_memory, translation->buffer_memory,
                             exchange_settings(exchange)->buffer_directory);
    if (exchange->store == NULL) {
        exchange_fail_and_close(exchange, REASON_NO_RESOURCES);
        return;
    }
    struct slice content;
    bool is_last = false;
    if (!exchange_take_buffered(exchange, &content, &is_last)) {
        exchange_fail_and_close(exchange, REASON_REQUEST_FAULT);
    } else if (!keep(exchange, content)) {
        return;
    } else if (is_last) {
        exchange->expects_continue = false; /* it has not waited */
        go_onward(exchange);
    } else if (exchange_send_continue(exchange)) {
        exchange_update(exchange);
    }
}

void exchange_buffer_bytes(struct exchange *exchange, char *data, size_t length)
{
    struct slice content;
    bool is_last = false;
    if (!exchange_take_content(exchange, data, length, &content, &is_last)) {
        exchange_fail_and_close(exchange, REASON_REQUEST_FAULT);
        return;
    }
    exchange->expects_continue = false;
    if (!keep(exchange, content)) {
        return;
    }
    if (is_last) {
        go_onward(exchange);
    } else {
        exchange_update(exchange);
    }
}

bool exchange_first_piece(struct exchange *exchange, struct slice *piece)
{
    *piece = slice_make(NULL, 0);
    if (exchange->store == NULL) {
        return true;
    }
    request_store_rewind(exchange->store);
    int error =
        request_store_next(exchange->store, exchange->proxy->scratch, RELAY_ROOM_LEAST, piece);
    if (error != 0) {
        fail_storage(exchange, error);
    }
    return error == 0;
}

/* As fast as the server takes it, but other connections get their turn. */
void exchange_send_stored(struct exchange *exchange)
{
    struct stream *stream = &exchange->upstream->stream;
    for (unsigned i = 0; exchange_has_stored(exchange) && !exchange->upstream_is_deaf; i++) {
        if (i == PROXY_STORE_PIECES) {
            proxy_run_later(exchange->proxy, &exchange->downstream->ready_node);
            break;
        }
        struct slice piece;
        int error =
            request_store_next(exchange->store, exchange->proxy->scratch, RELAY_ROOM_LEAST, &piece);
        if (error != 0) {
            fail_storage(exchange, error);
            return;
        }
        enum stream_write_status status =
            relay_send(exchange->proxy, stream, FRAMING_LENGTH, piece, false, NULL);
        if (stream_has_failed(status)) {
            exchange_send_failed(exchange, false);
            return;
        }
        if (status == STREAM_QUEUED) {
            break;
        }
    }
    exchange_update(exchange);
}

void exchange_continue_stored(struct exchange *exchange)
{
    bool is_sending = exchange->upstream != NULL && exchange->response_state != RESPONSE_CONNECT;
    if (is_sending && !stream_is_queued(&exchange->upstream->stream)) {
        exchange_send_stored(exchange);
    }
}
