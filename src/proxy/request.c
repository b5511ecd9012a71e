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
        if (exchange->used >= exchange_max_head(exchange, exchange->region_bytes)) {
            return exchange_bad_head(exchange, request_line_overflow(&exchange->scanner));
        }
        return HEAD_MORE;
    case SCAN_BAD:
        return exchange_bad_head(exchange, fault);
    case SCAN_DONE:
        break;
    }
    /* The target is bounded: only a method makes a line that long. */
    if (exchange->line.length >= exchange_max_head(exchange, exchange->region_bytes)) {
        return exchange_bad_head(exchange, FAULT_METHOD_TOO_LONG);
    }
    exchange->has_line = true;
    exchange->line.method = policy_method(exchange->snapshot->policy, exchange->line.method);
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
    if (exchange->head_length >= exchange_max_head(exchange, exchange->region_bytes)) {
        return exchange_bad_head(exchange, FAULT_HEAD_TOO_LARGE);
    }
    exchange->has_fields = status == MESSAGE_DONE;
    return exchange->has_fields ? HEAD_READY : HEAD_MORE;
}

/* Whether the client's connection can stay open after this exchange, as far as is known by now. */
static void consider_closing(struct exchange *exchange)
{
    unsigned max_requests = exchange_settings(exchange)->max_requests;
    bool is_last = max_requests != 0 && exchange->downstream->request_count >= max_requests;
    if (!exchange->facts.connection.is_persistent || is_last || exchange->proxy->is_draining) {
        exchange->must_close = true;
    }
}

static void forward(struct exchange *exchange)
{
    if (exchange->verdict.is_reported) {
        exchange_report(exchange);
    }
    exchange->is_idempotent = method_is_idempotent(exchange->verdict.method);
    exchange_guard_fields(exchange);
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

static void act_on_head(struct exchange *exchange)
{
    struct request_facts *facts = &exchange->facts;
    enum http_fault fault = request_facts_read(facts, &exchange->line, &exchange->request_fields);
    exchange->request_framing = facts->framing;
    exchange->request_left = facts->framing.length;
    if (fault != FAULT_NONE) {
        exchange_fault(exchange, REASON_REQUEST_FAULT, fault);
        return;
    }
    if (exchange->line.version_major == 1) {
        exchange->expects_continue = facts->expects_continue;
        exchange->has_head = true;
        consider_closing(exchange);
    }
    decide(exchange->snapshot->policy, &facts->request, &exchange->verdict);
    exchange->has_verdict = true;
    if (exchange->verdict.kind != VERDICT_FORWARD) {
        exchange_answer_verdict(exchange);
        return;
    }
    forward(exchange);
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

static void run_head(struct exchange *exchange)
{
    switch (read_head(exchange)) {
    case HEAD_MORE:
        exchange_update(exchange);
        break;
    case HEAD_BAD:
        exchange_fail(exchange, REASON_REQUEST_FAULT);
        break;
    case HEAD_READY:
        act_on_head(exchange);
        break;
    }
}

enum exchange_step exchange_run_head(struct exchange *exchange)
{
    struct downstream *downstream = exchange->downstream;
    unsigned request = downstream->request_count;
    if (exchange_has_stored(exchange)) {
        exchange_continue_stored(exchange);
    } else if (exchange->request_state != REQUEST_HEAD) {
        return EXCHANGE_WAITS; /* it was too slow, and its 408 is on its way */
    } else {
        run_head(exchange);
    }
    /* The exchange may be gone by now, or be the next one already: only the connection can tell. */
    bool ended = downstream->exchange != exchange || downstream->request_count != request;
    return ended ? EXCHANGE_ENDED : EXCHANGE_WAITS;
}
