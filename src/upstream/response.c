#include "verbgate/upstream/response.h"

size_t response_object_bytes(size_t region_bytes)
{
    return sizeof(struct response) + region_bytes;
}

/* Everything in front of the parser and the arrays is zeroed; those are valid where others say so. */
struct response *response_take(struct context *context)
{
    struct response *response = slab_take(&context->responses);
    if (response != NULL) {
        memset(response, 0, offsetof(struct response, message));
        response->region_bytes = context->region_bytes;
        response->region = (char *)(response + 1);
    }
    return response;
}

/* One that was made before a reload changed max-head has another size than the slab's. */
void response_give(struct context *context, struct response *response)
{
    if (response->region_bytes == context->region_bytes) {
        slab_give(&context->responses, response);
    } else {
        slab_discard(&context->responses, response);
    }
}

static enum head_status bad_head(struct response *response, enum http_fault fault)
{
    response->fault = fault;
    return HEAD_BAD;
}

/* ---- the head */

/* max-head, or less for a block that was made under another policy. */
static size_t max_head(const struct response *response, const struct response_limits *limits)
{
    size_t room = response->region_bytes - CONTEXT_CONTENT_ROOM;
    return limits->max_head < room ? limits->max_head : room;
}

static void start_fields(struct response *response, const struct response_limits *limits)
{
    response->parsed = response->line.length;
    fields_init(&response->fields, response->items, limits->max_fields);
    message_start(&response->message, MESSAGE_RESPONSE, &response->fields,
                  limits->takes_trailers ? &response->trailers : NULL);
}

static enum head_status read_line(struct response *response, const struct response_limits *limits)
{
    enum http_fault fault = FAULT_NONE;
    switch (status_line_scan(response->region, response->used, &response->line, &fault)) {
    case SCAN_MORE:
        return response->used >= max_head(response, limits)
                   ? bad_head(response, FAULT_HEAD_TOO_LARGE)
                   : HEAD_MORE;
    case SCAN_BAD:
        return bad_head(response, fault);
    case SCAN_DONE:
        break;
    }
    response->has_line = true;
    start_fields(response, limits);
    return HEAD_READY;
}

/* Once the white space is taken out, the section is read again from its start; what is wrong beside that stays wrong. */
static bool mend_fields(struct response *response, const struct response_limits *limits)
{
    size_t line = response->line.length;
    if (!fields_mend_names(response->region + line, response->used - line)) {
        return false;
    }
    start_fields(response, limits);
    return true;
}

/* The white space has come and its colon has not: the section is read again with what comes next. */
static bool may_be_mended_later(const struct response *response,
                                const struct response_limits *limits)
{
    size_t line = response->line.length;
    return response->used < max_head(response, limits) &&
           fields_end_in_open_name(response->region + line, response->used - line);
}

static enum message_status read_more_fields(struct response *response)
{
    size_t used = 0;
    enum message_status status =
        message_read_fields(&response->message, response->region + response->parsed,
                            response->used - response->parsed, &used);
    response->parsed += used;
    return status;
}

static enum head_status read_fields(struct response *response, const struct response_limits *limits)
{
    enum message_status status = read_more_fields(response);
    if (status == MESSAGE_BAD && mend_fields(response, limits)) {
        status = read_more_fields(response);
    }
    if (status == MESSAGE_BAD && may_be_mended_later(response, limits)) {
        start_fields(response, limits);
        return HEAD_MORE;
    }
    if (status == MESSAGE_BAD) {
        return bad_head(response, message_fault(&response->message));
    }
    if (response->parsed >= max_head(response, limits)) {
        return bad_head(response, FAULT_HEAD_TOO_LARGE);
    }
    return status == MESSAGE_MORE ? HEAD_MORE : HEAD_READY;
}

enum head_status response_read_head(struct response *response, const struct response_limits *limits)
{
    if (!response->has_line) {
        enum head_status status = read_line(response, limits);
        if (status != HEAD_READY) {
            return status;
        }
    }
    return read_fields(response, limits);
}

void response_begin_next(struct response *response)
{
    size_t rest = response->used - response->parsed;
    memmove(response->region, response->region + response->parsed, rest);
    response->used = rest;
    response->parsed = 0;
    response->has_line = false;
}

/* ---- the content */

enum http_fault response_read_framing(struct response *response, enum method method)
{
    const struct status_line *line = &response->line;
    enum http_fault fault = framing_of_response(&response->fields, line->version_minor,
                                                line->status, method, &response->framing);
    response->left = response->framing.length;
    if (fault == FAULT_NONE) {
        fault = connection_read(&response->fields, line->version_minor, &response->connection);
    }
    return fault;
}

static bool read_chunks(struct response *response, char *data, size_t length, size_t *used,
                        struct slice *content, bool *is_last)
{
    enum message_status status =
        message_read_chunks(&response->message, data, length, used, content);
    if (status == MESSAGE_BAD) {
        response->fault = message_fault(&response->message);
        return false;
    }
    response->framing_bytes = *used - content->length;
    *is_last = status == MESSAGE_DONE;
    return true;
}

bool response_read_content(struct response *response, char *data, size_t length,
                           struct slice *content, bool *is_last)
{
    size_t used = length;
    *content = slice_make(data, length);
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
        content->length = used;
        *is_last = response->left == 0;
        break;
    case FRAMING_CHUNKED:
        if (!read_chunks(response, data, length, &used, content, is_last)) {
            return false;
        }
        break;
    case FRAMING_UNTIL_CLOSE:
        break;
    }
    response->is_extra = used < length;
    return true;
}
