#include "record.h"

#include "identity.h"

#include <assert.h>

enum { STATUS_CLIENT_GONE = 499 }; /* for logs only: nginx's number, which operators know */

struct slice record_server_text(const struct exchange *exchange)
{
    if (!exchange_is_forwarded(exchange)) {
        return slice_make(NULL, 0);
    }
    assert(exchange->verdict.upstream != NULL);
    return exchange->verdict.upstream->servers[exchange->server].text;
}

static struct slice field_value(const struct exchange *exchange, enum field_id id)
{
    const struct field *field =
        exchange->progress >= PROGRESS_HEAD ? fields_find(&exchange->fields, id) : NULL;
    return field == NULL ? slice_make(NULL, 0) : field->value;
}

/* Only of an exchange with a response from the server. */
static struct slice received_allow(const struct exchange *exchange)
{
    const struct fields *fields = &exchange->response->fields;
    for (unsigned i = 0; i < fields->count; i++) {
        if (slice_equal_ignoring_case(fields->items[i].name, SLICE("allow"))) {
            return fields->items[i].value;
        }
    }
    return slice_make(NULL, 0);
}

static void add_texts(struct exchange *exchange, struct record *record,
                      char client[INET6_ADDRSTRLEN])
{
    struct context *context = exchange->context;
    context_tick(context);
    record->clock = &context->clock;
    record->client_ip = identity_client_ip(exchange, client);
    record->peer_ip = client_peer_ip(exchange->client);
    record->request_id = identity_request_id(exchange);
    record->trace_id = identity_trace_id(exchange);
    record->target = exchange->line.target;
    record->host = exchange->facts.received_host;
    record->user_agent = field_value(exchange, FIELD_USER_AGENT);
    record->referer = field_value(exchange, FIELD_REFERER);
    record->server = record_server_text(exchange);
    if (record->status == 405 && !record->is_local) {
        record->allow = received_allow(exchange);
    }
}

void record_hand_over(struct exchange *exchange)
{
    struct context *context = exchange->context;
    uint64_t now = uv_hrtime();
    /* A response that was complete at once has no time of its own. */
    bool is_at_once = exchange->first_byte_ns == 0 && exchange->status != 0;
    uint64_t first_byte = is_at_once ? now : exchange->first_byte_ns;
    struct record record = {
        .policy = exchange->snapshot->policy,
        .method = exchange->line.method,
        .version_major = exchange->line.version_major,
        .version_minor = exchange->line.version_minor,
        .status = exchange->status != 0 ? exchange->status : STATUS_CLIENT_GONE,
        .is_local = exchange->is_local,
        .verdict = exchange->has_verdict ? &exchange->verdict : NULL,
        .reason = exchange->reason,
        .fault = exchange->fault,
        .received_bytes = exchange->onward.bytes,
        .sent_bytes = exchange->back.bytes,
        .duration_us = (now - exchange->start_ns) / 1000,
        .first_byte_us = first_byte == 0 ? 0 : (first_byte - exchange->start_ns) / 1000,
    };
    char client[INET6_ADDRSTRLEN];
    if (context->wants_texts) {
        add_texts(exchange, &record, client);
    }
    context->events->on_record(context, &record);
}
