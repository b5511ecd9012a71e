/* The block that the server's answer is read into, and its head. */
#include "exchange_steps.h"

size_t exchange_response_object_bytes(size_t region_bytes)
{
    return sizeof(struct response) + region_bytes;
}

/* Everything in front of the parser and the arrays is zeroed; those are valid where others say so. */
struct response *exchange_take_response(struct proxy *proxy)
{
    struct response *response = slab_take(&proxy->responses);
    if (response != NULL) {
        memset(response, 0, offsetof(struct response, message));
        response->region_bytes = proxy->region_bytes;
        response->region = (char *)(response + 1);
    }
    return response;
}

void exchange_give_response(struct proxy *proxy, struct response *response)
{
    exchange_give_object(proxy, &proxy->responses, response, response->region_bytes);
}

static void start_fields(struct exchange *exchange)
{
    struct response *response = exchange->response;
    response->parsed = response->line.length;
    fields_init(&response->fields, response->items, exchange_settings(exchange)->max_fields);
    struct trailers *trailers =
        exchange->facts.connection.takes_trailers ? &response->trailers : NULL;
    message_start(&response->message, MESSAGE_RESPONSE, &response->fields, trailers);
}

static enum head_status read_line(struct exchange *exchange)
{
    struct response *response = exchange->response;
    enum http_fault fault = FAULT_NONE;
    switch (status_line_scan(response->region, response->used, &response->line, &fault)) {
    case SCAN_MORE:
        return response->used >= exchange_max_head(exchange, response->region_bytes)
                   ? exchange_bad_head(exchange, FAULT_HEAD_TOO_LARGE)
                   : HEAD_MORE;
    case SCAN_BAD:
        return exchange_bad_head(exchange, fault);
    case SCAN_DONE:
        break;
    }
    response->has_line = true;
    start_fields(exchange);
    return HEAD_READY;
}

/* Old servers put white space in front of the colon. Once that is taken out, the section is read again
 * from its start; what is wrong beside that stays wrong. */
static bool mend_fields(struct exchange *exchange)
{
    struct response *response = exchange->response;
    size_t line = response->line.length;
    if (!fields_mend_names(response->region + line, response->used - line)) {
        return false;
    }
    start_fields(exchange);
    return true;
}

/* The white space has come and its colon has not: the section is read again with what comes next. */
static bool may_be_mended_later(const struct exchange *exchange)
{
    const struct response *response = exchange->response;
    size_t line = response->line.length;
    return response->used < exchange_max_head(exchange, response->region_bytes) &&
           fields_end_in_open_name(response->region + line, response->used - line);
}

static enum head_status read_fields(struct exchange *exchange)
{
    struct response *response = exchange->response;
    size_t used = 0;
    enum message_status status =
        message_read_fields(&response->message, response->region + response->parsed,
                            response->used - response->parsed, &used);
    response->parsed += used;
    if (status == MESSAGE_BAD && mend_fields(exchange)) {
        return read_fields(exchange);
    }
    if (status == MESSAGE_BAD && may_be_mended_later(exchange)) {
        start_fields(exchange);
        return HEAD_MORE;
    }
    if (status == MESSAGE_BAD) {
        return exchange_bad_head(exchange, message_fault(&response->message));
    }
    if (response->parsed >= exchange_max_head(exchange, response->region_bytes)) {
        return exchange_bad_head(exchange, FAULT_HEAD_TOO_LARGE);
    }
    return status == MESSAGE_MORE ? HEAD_MORE : HEAD_READY;
}

enum head_status exchange_read_response_head(struct exchange *exchange)
{
    if (!exchange->response->has_line) {
        enum head_status status = read_line(exchange);
        if (status != HEAD_READY) {
            return status;
        }
    }
    return read_fields(exchange);
}
