#include "extra_fields.h"

#include "identity.h"
#include "method_fields.h"

#include "verbgate/policy/field_guard.h"

#include <assert.h>

/* Each option bounds what it may add, so that all of it fits. */
static struct slice written(struct writer *writer)
{
    assert(!writer->overflow);
    return writer_slice(writer);
}

static void put_line(struct writer *writer, struct slice name_colon, struct slice value)
{
    writer_put(writer, name_colon);
    writer_put(writer, value);
    writer_literal(writer, "\r\n");
}

/* Replaces all that came: nobody behind us sees two ids, or one that the log does not have. */
static void put_request_id(struct exchange *exchange)
{
    put_line(&exchange->context->extra, SLICE("X-Request-ID: "), identity_request_id(exchange));
}

/* W3C Trace Context section 4.2: with a traceparent that cannot be read a new trace begins, and
 * tracestate, which belongs to the old one, ends here. */
static void put_trace_parent(struct exchange *exchange, struct fields *fields)
{
    if (!exchange->has_made_trace && identity_trace_id(exchange).length > 0) {
        return;
    }
    if (fields_has(fields, FIELD_TRACEPARENT)) {
        (void)fields_withhold(fields, fields_name(FIELD_TRACEPARENT));
    }
    if (fields_has(fields, FIELD_TRACESTATE)) {
        (void)fields_withhold(fields, fields_name(FIELD_TRACESTATE));
    }
    put_line(&exchange->context->extra, SLICE("traceparent: "),
             identity_make_trace_parent(exchange));
}

/* The server is asked for the method by a field; the client's own were dropped (policy/field_guard.h). */
static void put_override(struct exchange *exchange, struct writer *writer)
{
    if (exchange_is_sent_as_post(exchange)) {
        const struct policy *policy = exchange->snapshot->policy;
        put_line(writer, SLICE("X-HTTP-Method-Override: "),
                 method_extensions_name(&policy->extensions, exchange->verdict.method));
    }
}

/* The client as the access log has it. One on a Unix socket has no address. */
static void put_real_ip(struct exchange *exchange, struct writer *writer)
{
    char text[INET6_ADDRSTRLEN];
    struct slice client = identity_client_ip(exchange, text);
    if (!slice_equal(client, SLICE("unix"))) {
        put_line(writer, SLICE("X-Real-IP: "), client);
    }
}

void extra_fields_guard(struct exchange *exchange)
{
    if (LIKELY(!field_guard_is_needed(&exchange->fields))) {
        return;
    }
    unsigned dropped[FIELD_FATE_COUNT] = {0};
    field_guard_apply(exchange->snapshot->policy, &exchange->verdict,
                      identity_peer_is_trusted(exchange), &exchange->fields, dropped);
    for (unsigned i = 0; i < FIELD_FATE_COUNT; i++) {
        counter_add(&exchange->context->counters.fields_dropped[i], dropped[i]);
    }
}

struct slice extra_fields_onward(struct exchange *exchange)
{
    const struct policy_observation *observation = &exchange_settings(exchange)->observation;
    struct writer *writer = &exchange->context->extra;
    writer->length = 0;
    if (exchange->verdict.asks_get) {
        /* RFC 9110 section 14.2: a Range means nothing in a HEAD, but does in a GET. */
        fields_withhold(&exchange->fields, SLICE("range"));
        fields_withhold(&exchange->fields, SLICE("if-range"));
    }
    if (observation->makes_request_ids) {
        (void)fields_withhold(&exchange->fields, fields_name(FIELD_X_REQUEST_ID));
        put_request_id(exchange);
    }
    if (observation->makes_trace_parents) {
        put_trace_parent(exchange, &exchange->fields);
    }
    if (observation->sets_real_ip) {
        put_real_ip(exchange, writer);
    }
    put_override(exchange, writer);
    return written(writer);
}

struct slice extra_fields_back(struct exchange *exchange)
{
    struct writer *writer = &exchange->context->extra;
    writer->length = 0;
    method_fields_put(exchange, writer);
    if (exchange_settings(exchange)->observation.makes_request_ids) {
        method_fields_withhold(exchange, fields_name(FIELD_X_REQUEST_ID));
        put_request_id(exchange);
    }
    return written(writer);
}
