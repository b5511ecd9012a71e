#include "verbgate/policy/request_facts.h"

#include "verbgate/http/guarded.h"
#include "verbgate/http/token.h"

/*
 * Exactly one Host in HTTP/1.1, at most one in 1.0 (RFC 9112 section 3.2). The authority of an absolute form wins over
 * it (section 3.2.2). Without either, an empty Host makes an http URI without a host, which is to be rejected (RFC 9112
 * section 3.3, RFC 9110 section 4.2.1): a server that writes it down as "http://" + Host + "/x/y" finds the path /y of
 * the host x. The decision is about the host without its port.
 */
static enum http_fault read_host(struct request_facts *facts, const struct fields *fields)
{
    const struct field *field = fields_find(fields, FIELD_HOST);
    if (field == NULL && facts->request.version_minor != 0) {
        return FAULT_HOST_MISSING;
    }
    if (field != NULL) {
        if (fields_find_next(fields, field) != NULL) {
            return FAULT_HOST_REPEATED;
        }
        if (field->value.length == 0 && facts->target.authority.length == 0) {
            return FAULT_HOST_EMPTY;
        }
        enum http_fault fault = target_split_host(field->value, true, &facts->request.host);
        if (fault != FAULT_NONE) {
            return fault;
        }
        facts->received_host = field->value;
    }
    if (facts->target.authority.length > 0) {
        facts->received_host = facts->target.authority;
        return target_split_host(facts->target.authority, false, &facts->request.host);
    }
    return FAULT_NONE;
}

/* RFC 9110 section 10.1.1: an HTTP/1.0 client's expectation is ignored, any but 100-continue may be
 * answered with 417. */
static enum http_fault read_expectation(struct request_facts *facts, const struct fields *fields)
{
    const struct field *field = fields_find(fields, FIELD_EXPECT);
    if (field == NULL || facts->request.version_minor == 0) {
        return FAULT_NONE;
    }
    if (!slice_equal_ignoring_case(field->value, SLICE("100-continue"))) {
        return FAULT_EXPECTATION;
    }
    facts->expects_continue = facts->framing.kind != FRAMING_NONE;
    return FAULT_NONE;
}

/* RFC 9110 section 7.6.2. A value that is no number is ignored, one too large to keep is as good as
 * the largest. */
static int64_t read_max_forwards(const struct fields *fields, enum method method)
{
    const struct field *field = fields_find(fields, FIELD_MAX_FORWARDS);
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

/* Whether a field names another method than `method`, as a server may read it: in any case, as one of a
 * list, on one of several lines. An empty one names none. */
static bool asks_other_method(const struct fields *fields, struct slice method)
{
    for (unsigned i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        struct slice rest = field->value;
        struct slice named;
        while ((guarded_read_as(field) & GUARDED_METHODS) != 0 && token_list_next(&rest, &named)) {
            if (!slice_equal_ignoring_case(named, method)) {
                return true;
            }
        }
    }
    return false;
}

static enum http_fault read_head(struct request_facts *facts, const struct request_line *line,
                                 struct fields *fields)
{
    enum method method = method_find(line->method);
    enum http_fault fault = framing_of_request(fields, line->version_minor, &facts->framing);
    if (fault == FAULT_NONE) {
        facts->request.content_length = facts->framing.length;
        fault = connection_read(fields, line->version_minor, &facts->connection);
    }
    /* CONNECT is refused whatever its target is. */
    if (fault == FAULT_NONE && method != METHOD_CONNECT) {
        fault = target_parse(line->target, method, &facts->target);
    }
    if (fault == FAULT_NONE) {
        fault = read_host(facts, fields);
    }
    if (fault == FAULT_NONE) {
        fault = read_expectation(facts, fields);
    }
    if (fault == FAULT_NONE) {
        facts->request.max_forwards = read_max_forwards(fields, method);
        facts->request.has_odd_name = guarded_has_odd(fields, GUARDED_ALL);
        facts->request.asks_other_method =
            guarded_has_any(fields, GUARDED_METHODS) && asks_other_method(fields, line->method);
    }
    if (fault == FAULT_NONE && method == METHOD_OPTIONS) {
        facts->options = method_rules_read_options(fields);
        facts->request.options = &facts->options;
    }
    return fault;
}

enum http_fault request_facts_read(struct request_facts *facts, const struct request_line *line,
                                   struct fields *fields)
{
    *facts = (struct request_facts){
        .request =
            {
                .method = line->method,
                .version_major = line->version_major,
                .version_minor = line->version_minor,
                .max_forwards = -1,
            },
    };
    if (line->version_major != 1) {
        return FAULT_NONE;
    }
    facts->request.target = &facts->target;
    return read_head(facts, line, fields);
}
