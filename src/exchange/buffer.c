#include "buffer.h"

#include "log_lines.h"

bool buffer_is_needed(const struct exchange *exchange)
{
    enum buffer_request mode = exchange->verdict.translation->buffer_request;
    switch (exchange->facts.framing.kind) {
    case FRAMING_CHUNKED:
        return mode != BUFFER_REQUEST_OFF || exchange->verdict.upstream->sends_http_10;
    case FRAMING_LENGTH:
        return mode == BUFFER_REQUEST_ALL && exchange->facts.framing.length > 0;
    case FRAMING_NONE:
    case FRAMING_UNTIL_CLOSE:
        break;
    }
    return false;
}

bool buffer_passes_expect(const struct exchange *exchange)
{
    return exchange_limits(exchange)->forwards_expect && !buffer_is_needed(exchange) &&
           !exchange->verdict.upstream->sends_http_10;
}

static enum close_reason fail(struct exchange *exchange, int error)
{
    log_lines_no_storage(exchange, error);
    exchange_end_with(exchange, END_LINGER);
    return REASON_NO_STORAGE;
}

enum close_reason buffer_begin(struct exchange *exchange, struct flow *flow, uint64_t memory)
{
    exchange_move(exchange, flow, FLOW_STORE);
    flow->store = content_store_create(&exchange->context->store_memory, memory,
                                       exchange_settings(exchange)->buffer_directory);
    if (flow->store == NULL) {
        exchange_end_with(exchange, END_LINGER);
        return REASON_NO_RESOURCES;
    }
    return REASON_NONE;
}

enum close_reason buffer_add(struct exchange *exchange, struct flow *flow, struct slice content)
{
    int error = content_store_append(flow->store, content);
    return error == 0 ? REASON_NONE : fail(exchange, error);
}

enum close_reason buffer_next(struct exchange *exchange, struct flow *flow, struct slice *piece)
{
    *piece = slice_make(NULL, 0);
    int error =
        content_store_next(flow->store, exchange->context->scratch, RELAY_ROOM_LEAST, piece);
    return error == 0 ? REASON_NONE : fail(exchange, error);
}
