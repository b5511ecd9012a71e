/* The request's head: read, judged, and acted on. Its content is in request_content.c, its way to a
 * server in forward.c. */
#include "exchange_steps.h"

static enum head_status read_line(struct exchange *exchange)
{
    const struct policy_gateway *settings = exchange_settings(exchange);
    enum http_fault fault = FAULT_NONE;
    switch (request_line_scan(&exchange->scanner, exchange->request_region, exchange->used,
                              settings->max_target, &exchange->line, &fault)) {
    case SCAN_MORE:
        if (exchange->used >= exchange_max_head(exchange)) {
            return exchange_bad_head(exchange, request_line_overflow(&exchange->scanner));
        }
        return HEAD_MORE;
    case SCAN_BAD:
        return exchange_bad_head(exchange, fault);
    case SCAN_DONE:
        break;
    }
    /* The target is bounded: only a method makes a line that long. */
    if (exchange->line.length >= exchange_max_head(exchange)) {
        return exchange_bad_head(exchange, FAULT_METHOD_TOO_LONG);
    }
    exchange->has_line = true;
    exchange->is_http_10 = exchange->line.version_minor == 0;
    exchange->head_length = exchange->line.length;
    exchange->read_offset = exchange->head_length;
    fields_init(&exchange->request_fields, exchange->request_items, settings->max_fields);
    message_start(&exchange->request_message, MESSAGE_REQUEST, &exchange->request_fields,
                  &exchange->request_trailers);
    return HEAD_READY;
}

static enum head_status read_fields(struct exchange *exchange)
{
    size_t used = 0;
    enum message_status status = message_read_fields(
        &exchange->request_message, exchange->request_region + exchange->head_length,
        exchange->used - exchange->head_length, &used);
    exchange->head_length += used;
    exchange->read_offset = exchange->head_length;
    if (status == MESSAGE_BAD) {
        return exchange_bad_head(exchange, message_fault(&exchange->request_message));
    }
    if (exchange->head_length >= exchange_max_head(exchange)) {
        return exchange_bad_head(exchange, FAULT_HEAD_TOO_LARGE);
    }
    return status == MESSAGE_MORE ? HEAD_MORE : HEAD_READY;
}

/* Exactly one Host in HTTP/1.1, at most one in 1.0 (RFC 9112 section 3.2); the authority of an
 * absolute form wins over it (section 3.2.2). `*name` is the host without port, for the policy. */
static enum http_fault read_host(struct exchange *exchange, struct slice *name)
{
    const struct fields *fields = &exchange->request_fields;
    const struct field *field = fields_find(fields, FIELD_HOST);
    *name = slice_make(NULL, 0);
    if (field == NULL && !exchange->is_http_10) {
        return FAULT_HOST_MISSING;
    }
    if (field != NULL) {
        if (fields_find_next(fields, field) != NULL) {
            return FAULT_HOST_REPEATED;
        }
        enum http_fault fault = target_split_host(field->value, true, name);
        if (fault != FAULT_NONE) {
            return fault;
        }
        exchange->received_host = field->value;
    }
    if (exchange->target.authority.length > 0) {
        exchange->received_host = exchange->target.authority;
        return target_split_host(exchange->target.authority, false, name);
    }
    return FAULT_NONE;
}

/* RFC 9110 section 10.1.1: an HTTP/1.0 client's expectation is ignored, any but 100-continue may be
 * answered with 417. */
static enum http_fault read_expectation(struct exchange *exchange)
{
    const struct field *field = fields_find(&exchange->request_fields, FIELD_EXPECT);
    if (field == NULL || exchange->is_http_10) {
        return FAULT_NONE;
    }
    if (!slice_equal_ignoring_case(field->value, SLICE("100-continue"))) {
        return FAULT_EXPECTATION;
    }
    exchange->expects_continue = exchange->request_framing.kind != FRAMING_NONE;
    return FAULT_NONE;
}

/* RFC 9110 section 7.6.2. A value that is no number is ignored, one too large to keep is as good as
 * the largest. */
static int64_t read_max_forwards(const struct exchange *exchange, enum method method)
{
    const struct field *field = fields_find(&exchange->request_fields, FIELD_MAX_FORWARDS);
    if (field == NULL || (method != METHOD_OPTIONS && method != METHOD_TRACE) ||
        field->value.length == 0) {
        return -1;
    }
    int64_t value = 0;
    for (size_t i = 0; i < field->value.length; i++) {
        char digit = field->value.data[i];
        if (digit < '0' || digit > '9') {
            return -1;
        }
        value = value > INT64_MAX / 10 - 1 ? INT64_MAX / 10 : value * 10 + (digit - '0');
    }
    return value;
}

/* Everything about a head that has nothing to do with the policy. */
static enum http_fault check_head(struct exchange *exchange, struct slice *host_name)
{
    unsigned minor = exchange->line.version_minor;
    struct fields *fields = &exchange->request_fields;
    enum method method = method_find(exchange->line.method);
    enum http_fault fault = framing_of_request(fields, minor, &exchange->request_framing);
    if (fault == FAULT_NONE) {
        exchange->request_left = exchange->request_framing.length;
        fault = connection_read(fields, minor, &exchange->request_connection);
    }
    /* CONNECT is refused whatever its target is. */
    if (fault == FAULT_NONE && method != METHOD_CONNECT) {
        fault = target_parse(exchange->line.target, method, &exchange->target);
    }
    if (fault == FAULT_NONE) {
        fault = read_host(exchange, host_name);
    }
    if (fault == FAULT_NONE) {
        fault = read_expectation(exchange);
    }
    if (fault == FAULT_NONE) {
        exchange->max_forwards = read_max_forwards(exchange, method);
    }
    return fault;
}

static void judge(struct exchange *exchange, struct slice host_name)
{
    exchange->facts = (struct decide_request){
        .method = exchange->line.method,
        .version_major = exchange->line.version_major,
        .version_minor = exchange->line.version_minor,
        .target = exchange->line.version_major == 1 ? &exchange->target : NULL,
        .host = host_name,
        .content_length = exchange->request_framing.length,
        .max_forwards = exchange->max_forwards,
        .has_override = fields_has_any(&exchange->request_fields, FIELDS_OVERRIDE),
    };
    decide(exchange->snapshot->policy, &exchange->facts, &exchange->verdict);
    exchange->has_verdict = true;
}

/* Whether the client's connection can stay open after this exchange, as far as is known by now. */
static void consider_closing(struct exchange *exchange)
{
    unsigned max_requests = exchange_settings(exchange)->max_requests;
    bool is_last = max_requests != 0 && exchange->downstream->request_count >= max_requests;
    if (!exchange->request_connection.is_persistent || is_last || exchange->proxy->is_draining) {
        exchange->must_close = true;
    }
}

static void act_on_head(struct exchange *exchange)
{
    struct slice host_name = {NULL, 0};
    if (exchange->line.version_major == 1) {
        enum http_fault fault = check_head(exchange, &host_name);
        if (fault != FAULT_NONE) {
            exchange_fault(exchange, REASON_REQUEST_FAULT, fault);
            return;
        }
        exchange->has_head = true;
        consider_closing(exchange);
    }
    judge(exchange, host_name);
    if (exchange->verdict.kind != VERDICT_FORWARD) {
        exchange_answer_verdict(exchange);
        return;
    }
    exchange->is_idempotent = method_is_idempotent(exchange->verdict.method);
    bool must_buffer = exchange_must_buffer(exchange);
    /* An expectation that is met here, or that the server has never heard of, stays here. */
    exchange->verdict.limits.forwards_expect &=
        !must_buffer && !exchange->verdict.upstream->sends_http_10;
    if (must_buffer) {
        exchange_begin_buffer(exchange);
        return;
    }
    exchange->request_state = REQUEST_HELD;
    exchange->response_state = RESPONSE_CONNECT;
    exchange_find_upstream(exchange, true);
}

static enum head_status read_head(struct exchange *exchange)
{
    if (!exchange->has_line) {
        enum head_status status = read_line(exchange);
        /* What follows a request line of another major version is in another language. */
        if (status != HEAD_READY || exchange->line.version_major != 1) {
            return status;
        }
    }
    return read_fields(exchange);
}

enum exchange_step exchange_run_head(struct exchange *exchange)
{
    struct downstream *downstream = exchange->downstream;
    unsigned request = downstream->request_count;
    if (exchange_has_stored(exchange)) {
        exchange_continue_stored(exchange); /* it may fail, but it ends nothing that goes on */
        return EXCHANGE_WAITS;
    }
    if (exchange->request_state != REQUEST_HEAD) {
        return EXCHANGE_WAITS; /* it was too slow, and its 408 is on its way */
    }
    switch (read_head(exchange)) {
    case HEAD_MORE:
        exchange_update(exchange);
        return EXCHANGE_WAITS;
    case HEAD_BAD:
        exchange_fail(exchange, REASON_REQUEST_FAULT);
        break;
    case HEAD_READY:
        act_on_head(exchange);
        break;
    }
    /* The exchange may be gone by now, or be the next one already: only the connection can tell. */
    bool ended = downstream->exchange != exchange || downstream->request_count != request;
    return ended ? EXCHANGE_ENDED : EXCHANGE_WAITS;
}
