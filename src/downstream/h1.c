/* The request: its life, its head, its content. What is sent is in h1_send.c. */
#include "verbgate/downstream/h1.h"

#include <assert.h>

static struct h1_request *of_exchange(struct exchange *exchange)
{
    return LIST_OBJECT(exchange, struct h1_request, exchange);
}

/* ---- life */

size_t h1_object_bytes(size_t region_bytes)
{
    return sizeof(struct h1_request) + region_bytes;
}

/* Everything in front of the parser and the arrays is zeroed; those are valid where others say so. */
static void reset(struct h1_request *request, struct context *context, struct client *client,
                  struct stream *stream, struct deadline *deadline, size_t used)
{
    size_t region_bytes = request->region_bytes;
    memset(request, 0, offsetof(struct h1_request, message));
    request->region_bytes = region_bytes;
    request->region = (char *)(request + 1);
    request->used = used;
    request_line_start(&request->scanner);
    exchange_init(&request->exchange, context, client, deadline, stream);
}

struct h1_request *h1_create(struct context *context, struct client *client, struct stream *stream,
                             struct deadline *deadline)
{
    struct h1_request *request = slab_take(&context->requests);
    if (request == NULL) {
        return NULL;
    }
    request->region_bytes = context->region_bytes;
    reset(request, context, client, stream, deadline, 0);
    request->exchange.client_side.wait = WAIT_REQUEST;
    return request;
}

/* One that was made before a reload changed max-head has another size than the slab's. */
void h1_destroy(struct h1_request *request)
{
    struct context *context = request->exchange.context;
    exchange_finish(&request->exchange);
    if (request->region_bytes == context->region_bytes) {
        slab_give(&context->requests, request);
    } else {
        slab_discard(&context->requests, request);
    }
    context_consider_trimming(context);
}

void h1_restart(struct h1_request *request)
{
    struct exchange *exchange = &request->exchange;
    struct context *context = exchange->context;
    struct deadline *deadline = exchange->client_side.deadline;
    size_t rest = request->used - request->read_offset;
    memmove(request->region, request->region + request->read_offset, rest);
    exchange_finish(exchange);
    reset(request, context, exchange->client, exchange->client_side.stream, deadline, rest);
    exchange->client_side.wait = WAIT_HEAD;
    deadline_arm(&context->deadlines, deadline, exchange_settings(exchange)->head_timeout_ms);
}

/* ---- the head */

/* max-head, or less for a request that was made under another policy. */
static size_t max_head(const struct h1_request *request)
{
    size_t room = request->region_bytes - CONTEXT_CONTENT_ROOM;
    size_t most = exchange_settings(&request->exchange)->max_head;
    return most < room ? most : room;
}

static enum head_status bad_head(struct h1_request *request, enum http_fault fault)
{
    request->exchange.fault = fault;
    return HEAD_BAD;
}

static enum head_status read_line(struct h1_request *request)
{
    struct exchange *exchange = &request->exchange;
    const struct policy_gateway *settings = exchange_settings(exchange);
    enum http_fault fault = FAULT_NONE;
    switch (request_line_scan(&request->scanner, request->region, request->used,
                              settings->max_target, &exchange->line, &fault)) {
    case SCAN_MORE:
        return request->used >= max_head(request)
                   ? bad_head(request, request_line_overflow(&request->scanner))
                   : HEAD_MORE;
    case SCAN_BAD:
        return bad_head(request, fault);
    case SCAN_DONE:
        break;
    }
    /* The target is bounded: only a method makes a line that long. */
    if (exchange->line.length >= max_head(request)) {
        return bad_head(request, FAULT_METHOD_TOO_LONG);
    }
    exchange->progress = PROGRESS_LINE;
    exchange->line.method = policy_method(exchange->snapshot->policy, exchange->line.method);
    request->head_length = request->read_offset = exchange->line.length;
    fields_init(&exchange->fields, request->items, settings->max_fields);
    message_start(&request->message, MESSAGE_REQUEST, &exchange->fields, &request->trailers);
    return HEAD_READY;
}

static enum head_status read_fields(struct h1_request *request)
{
    size_t used = 0;
    enum message_status status =
        message_read_fields(&request->message, request->region + request->head_length,
                            request->used - request->head_length, &used);
    request->head_length += used;
    request->read_offset = request->head_length;
    if (status == MESSAGE_BAD) {
        return bad_head(request, message_fault(&request->message));
    }
    if (request->head_length >= max_head(request)) {
        return bad_head(request, FAULT_HEAD_TOO_LARGE);
    }
    if (status == MESSAGE_MORE) {
        return HEAD_MORE;
    }
    request->exchange.progress = PROGRESS_FIELDS;
    return HEAD_READY;
}

static enum head_status read_head(struct h1_request *request)
{
    if (request->exchange.progress < PROGRESS_LINE) {
        enum head_status status = read_line(request);
        /* What follows a request line of another major version is in another language. */
        if (status != HEAD_READY || request->exchange.line.version_major != 1) {
            return status;
        }
    }
    return read_fields(request);
}

/* Whether the client's connection can stay open after this exchange, as far as is known by now. */
static void consider_closing(struct h1_request *request)
{
    struct exchange *exchange = &request->exchange;
    unsigned max_requests = exchange_settings(exchange)->max_requests;
    bool is_last = max_requests != 0 && exchange->client->request_count >= max_requests;
    if (!exchange->facts.connection.is_persistent || is_last ||
        context_is_ending(exchange->context)) {
        exchange_end_with(exchange, END_CLOSE);
    }
}

static void begin(struct h1_request *request)
{
    struct exchange *exchange = &request->exchange;
    struct request_facts *facts = &exchange->facts;
    exchange->fault = request_facts_read(facts, &exchange->line, &exchange->fields);
    exchange->onward.left = facts->framing.length;
    if (exchange->fault != FAULT_NONE) {
        exchange_reject(exchange, REASON_REQUEST_FAULT);
        return;
    }
    if (exchange->line.version_major == 1) {
        exchange->expectation = facts->expects_continue ? EXPECTS_US : EXPECTS_NOTHING;
        exchange->progress = PROGRESS_HEAD;
        consider_closing(request);
    }
    exchange_begin(exchange);
}

void h1_run_head(struct h1_request *request)
{
    switch (read_head(request)) {
    case HEAD_MORE:
        exchange_await_head(&request->exchange);
        break;
    case HEAD_BAD:
        exchange_reject(&request->exchange, REASON_REQUEST_FAULT);
        break;
    case HEAD_READY:
        begin(request);
        break;
    }
}

void h1_add_to_head(struct h1_request *request, size_t length)
{
    exchange_note_received(&request->exchange, length);
    request->used += length;
}

/* ---- the content */

static bool take_chunks(struct h1_request *request, char *data, size_t length, size_t *used,
                        struct slice *content, bool *is_last)
{
    struct exchange *exchange = &request->exchange;
    enum message_status status =
        message_read_chunks(&request->message, data, length, used, content);
    if (status == MESSAGE_BAD) {
        exchange->fault = message_fault(&request->message);
        return false;
    }
    relay_room_note_framing(&exchange->onward.room, *used - content->length);
    *is_last = status == MESSAGE_DONE;
    if (*is_last) {
        exchange->trailers = message_trailers(&request->message);
    }
    return true;
}

static size_t take_known(struct exchange *exchange, size_t length, bool *is_last)
{
    size_t used = length < exchange->onward.left ? length : (size_t)exchange->onward.left;
    exchange->onward.left -= used;
    *is_last = exchange->onward.left == 0;
    return used;
}

bool h1_take_content(struct exchange *exchange, struct slice *content, bool *is_last)
{
    struct h1_request *request = of_exchange(exchange);
    enum framing_kind framing = exchange->facts.framing.kind;
    char *data = request->region + request->read_offset;
    size_t length = request->used - request->read_offset;
    size_t used = 0;
    *is_last = false;
    if (UNLIKELY(exchange->onward.state == FLOW_TUNNEL)) {
        used = length;
    } else if (framing == FRAMING_LENGTH) {
        used = take_known(exchange, length, is_last);
    } else {
        *is_last = true;
    }
    *content = slice_make(data, used);
    if (framing == FRAMING_CHUNKED && exchange->onward.state != FLOW_TUNNEL &&
        !take_chunks(request, data, length, &used, content, is_last)) {
        return false;
    }
    request->read_offset += used;
    /* Chunked content is read through the same place again and again; other content is kept, in
     * case it has to be sent once more. */
    if (framing == FRAMING_CHUNKED && !*is_last) {
        request->used = request->read_offset = request->head_length;
    }
    return true;
}

void h1_rewind(struct exchange *exchange)
{
    struct h1_request *request = of_exchange(exchange);
    request->read_offset = request->head_length;
}

/* ---- reading */

void h1_set_reading(struct exchange *exchange, bool is_wanted)
{
    const struct h1_request *request = of_exchange(exchange);
    enum flow_state state = exchange->onward.state;
    /* What comes while the request is held, or through, is kept for later, and an end is heard of, as long as there is
     * room. */
    bool has_room =
        (state == FLOW_HELD || state == FLOW_DONE) && request->used < request->region_bytes;
    if (exchange->client_side.in != SIDE_ENDED && (is_wanted || has_room)) {
        stream_start_reading(exchange->client_side.stream);
    } else {
        stream_stop_reading(exchange->client_side.stream);
    }
}

/* What comes is dropped unread: the connection ends with this exchange. */
static bool is_discarding(const struct exchange *exchange)
{
    return exchange->onward.state == FLOW_DROP && exchange->end != END_KEEP;
}

/* Content with a length never overruns it, so it may pass through the shared buffer. */
static bool uses_scratch(const struct exchange *exchange)
{
    enum flow_state state = exchange->onward.state;
    return exchange->facts.framing.kind == FRAMING_LENGTH &&
           (state == FLOW_CONTENT || state == FLOW_STORE || state == FLOW_DROP);
}

uv_buf_t h1_room(struct h1_request *request)
{
    struct exchange *exchange = &request->exchange;
    char *scratch = exchange->context->scratch;
    size_t room = exchange_room(exchange);
    if (exchange->onward.state == FLOW_TUNNEL || is_discarding(exchange)) {
        return (uv_buf_t){scratch, room};
    }
    if (uses_scratch(exchange)) {
        uint64_t left = exchange->onward.left;
        room = exchange_splices_onward(exchange) ? 0 : room;
        return (uv_buf_t){scratch, left < room ? (size_t)left : room};
    }
    assert(request->used < request->region_bytes);
    size_t free = request->region_bytes - request->used;
    return (uv_buf_t){request->region + request->used, free < room ? free : room};
}

static void content_bytes(struct h1_request *request, char *data, size_t length)
{
    struct exchange *exchange = &request->exchange;
    struct slice content = slice_make(data, length);
    bool is_last = false;
    if (uses_scratch(exchange) && !is_discarding(exchange)) {
        (void)take_known(exchange, length, &is_last);
    } else if (!is_discarding(exchange)) {
        request->used += length;
        if (!h1_take_content(exchange, &content, &is_last)) {
            exchange_on_broken_content(exchange);
            return;
        }
    }
    exchange_on_content(exchange, content, is_last);
}

void h1_bytes(struct h1_request *request, char *data, size_t length)
{
    struct exchange *exchange = &request->exchange;
    exchange_note_received(exchange, length);
    switch (exchange->onward.state) {
    case FLOW_CONTENT:
    case FLOW_STORE:
    case FLOW_DROP:
        content_bytes(request, data, length);
        break;
    case FLOW_TUNNEL:
        exchange_on_content(exchange, slice_make(data, length), false);
        break;
    default: /* HELD, DONE */
        request->used += length;
        exchange_on_more(exchange);
        break;
    }
}
