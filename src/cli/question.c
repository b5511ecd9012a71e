#include "verbgate/cli/question.h"

struct url {
    struct slice authority; /* empty: none */
    struct slice target;
    bool has_path; /* or a query */
};

static bool has_scheme(struct slice text, struct slice scheme)
{
    return text.length >= scheme.length &&
           slice_equal_ignoring_case(slice_make(text.data, scheme.length), scheme);
}

static const char *split_absolute(struct slice rest, struct url *url)
{
    size_t end = 0;
    while (end < rest.length && rest.data[end] != '/' && rest.data[end] != '?') {
        end++;
    }
    url->authority = slice_make(rest.data, end);
    url->target = slice_after(rest, end);
    url->has_path = url->target.length > 0;
    return end > 0 ? NULL : "the URL has no host";
}

static const char *split_url(struct slice text, bool is_connect, struct url *url)
{
    text.length = slice_find(text, '#');
    *url = (struct url){.target = text, .has_path = true};
    if (has_scheme(text, SLICE("http://"))) {
        return split_absolute(slice_after(text, sizeof "http://" - 1), url);
    }
    if (has_scheme(text, SLICE("https://"))) {
        return split_absolute(slice_after(text, sizeof "https://" - 1), url);
    }
    if (is_connect) {
        url->authority = text;
        return NULL;
    }
    bool is_target = slice_starts_with(text, SLICE("/")) || slice_equal(text, SLICE("*"));
    return is_target ? NULL : "a URL is written /path or http://host/path";
}

static void write_target(struct writer *writer, const struct url *url, bool is_options)
{
    bool is_asterisk = is_options && !url->has_path;
    if (!is_asterisk && !slice_starts_with(url->target, SLICE("/")) &&
        (url->target.length == 0 || url->target.data[0] == '?')) {
        writer_byte(writer, '/');
    }
    writer_put(writer, is_asterisk ? SLICE("*") : url->target);
}

static bool is_host(const char *field)
{
    struct slice text = slice_of(field);
    return slice_equal_ignoring_case(slice_make(text.data, slice_find(text, ':')), SLICE("host"));
}

static void write_host(struct writer *writer, const struct question_parts *parts,
                       const struct url *url)
{
    for (unsigned i = 0; i < parts->field_count; i++) {
        if (is_host(parts->fields[i])) {
            return;
        }
    }
    writer_literal(writer, "Host: ");
    writer_put(writer, url->authority.length > 0 ? url->authority : SLICE("localhost"));
    writer_literal(writer, "\r\n");
}

const char *question_compose(struct question *question, const struct question_parts *parts)
{
    struct url url;
    struct slice method = slice_of(parts->method);
    const char *problem =
        split_url(slice_of(parts->url), slice_equal(method, SLICE("CONNECT")), &url);
    if (problem != NULL) {
        return problem;
    }
    struct writer writer = writer_make(question->head, sizeof question->head);
    writer_put(&writer, method);
    writer_byte(&writer, ' ');
    write_target(&writer, &url, slice_equal(method, SLICE("OPTIONS")));
    writer_literal(&writer, " HTTP/");
    writer_string(&writer, parts->version);
    writer_literal(&writer, "\r\n");
    write_host(&writer, parts, &url);
    for (unsigned i = 0; i < parts->field_count; i++) {
        writer_string(&writer, parts->fields[i]);
        writer_literal(&writer, "\r\n");
    }
    writer_literal(&writer, "\r\n");
    question->length = writer.length;
    return writer.overflow ? "the request is longer than any gateway takes" : NULL;
}

enum reading { READING_WHOLE, READING_INCOMPLETE, READING_BAD };

static enum reading bad(struct question *question, enum http_fault fault)
{
    question->fault = fault;
    return READING_BAD;
}

/* As the gateway does, which has room for the bytes of max-head only. */
static enum reading read_line(struct question *question, const struct policy_gateway *settings)
{
    struct request_line_scanner scanner;
    request_line_start(&scanner);
    enum http_fault fault = FAULT_NONE;
    switch (request_line_scan(&scanner, question->head, question->length, settings->max_target,
                              &question->line, &fault)) {
    case SCAN_MORE:
        return question->length >= settings->max_head
                   ? bad(question, request_line_overflow(&scanner))
                   : READING_INCOMPLETE;
    case SCAN_BAD:
        return bad(question, fault);
    case SCAN_DONE:
        break;
    }
    return question->line.length >= settings->max_head ? bad(question, FAULT_METHOD_TOO_LONG)
                                                       : READING_WHOLE;
}

static enum reading read_fields(struct question *question, const struct policy_gateway *settings)
{
    fields_init(&question->fields, question->items, settings->max_fields);
    message_start(&question->message, MESSAGE_REQUEST, &question->fields, NULL);
    bool is_cut = question->length > settings->max_head;
    size_t end = is_cut ? settings->max_head : question->length;
    size_t used = 0;
    enum message_status status =
        message_read_fields(&question->message, question->head + question->line.length,
                            end - question->line.length, &used);
    if (status == MESSAGE_BAD) {
        return bad(question, message_fault(&question->message));
    }
    if (question->line.length + used >= settings->max_head) {
        return bad(question, FAULT_HEAD_TOO_LARGE);
    }
    return status == MESSAGE_MORE ? READING_INCOMPLETE : READING_WHOLE;
}

bool question_ask(struct question *question, const struct policy *policy)
{
    question->fault = FAULT_NONE;
    enum reading reading = read_line(question, &policy->gateway);
    if (reading == READING_WHOLE) {
        question->line.method = policy_method(policy, question->line.method);
    }
    /* The bytes behind a request line of another major version are in another language. */
    if (reading == READING_WHOLE && question->line.version_major == 1) {
        reading = read_fields(question, &policy->gateway);
    }
    if (reading == READING_INCOMPLETE) {
        return false;
    }
    if (reading == READING_WHOLE) {
        question->fault = request_facts_read(&question->facts, &question->line, &question->fields);
    }
    if (question->fault == FAULT_NONE) {
        decide(policy, &question->facts.request, &question->verdict);
    }
    return true;
}
