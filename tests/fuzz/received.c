#include "received.h"

#include "fuzz.h"

#include <assert.h>
#include <stdio.h>

/* ---- what requests and responses share ---- */

static void receive(struct received *received, struct slice stream, enum feed_mode mode,
                    enum message_kind kind)
{
    received->status = MESSAGE_MORE;
    received->fault = FAULT_NONE;
    received->has_line = received->has_head = false;
    received->head_length = received->used = 0;
    received->framing = (struct framing){.kind = FRAMING_NONE};
    received->connection = (struct connection_info){.is_persistent = false};
    received->content = (struct content){.data = NULL};
    fields_init(&received->fields, received->items, RECEIVED_FIELDS_MAX);
    message_start(&received->message, kind, &received->fields, &received->trailers);
    feed_start(&received->feed, stream, mode, RECEIVED_HEAD_MAX);
}

void received_finish(struct received *received)
{
    content_finish(&received->content);
    feed_finish(&received->feed);
}

static void refuse(struct received *received, enum http_fault fault)
{
    assert(fault != FAULT_NONE && fault < FAULT_COUNT);
    received->status = MESSAGE_BAD;
    received->fault = fault;
}

/* The field section, from the end of the first line on. */
static void read_section(struct received *received)
{
    do {
        size_t used = 0;
        const char *rest = received->feed.head + received->head_length;
        size_t length = received->feed.arrived - received->head_length;
        received->status = message_read_fields(&received->message, rest, length, &used);
        received->head_length += received->status == MESSAGE_BAD ? 0 : used;
        if (received->status == MESSAGE_BAD) {
            refuse(received, message_fault(&received->message));
        } else if (received->head_length >= RECEIVED_HEAD_MAX) {
            refuse(received, FAULT_HEAD_TOO_LARGE);
        }
    } while (received->status == MESSAGE_MORE && feed_more(&received->feed));
}

static void read_content(struct received *received)
{
    received->has_head = true;
    content_take(&received->content, &received->feed, received->head_length, &received->message,
                 &received->framing);
    received->status = received->content.status;
    received->used = received->head_length + received->content.used;
    if (received->status == MESSAGE_BAD) {
        refuse(received, message_fault(&received->message));
    }
}

static void compare_slices(struct slice a, struct slice b)
{
    assert(slice_equal(a, b));
}

static void compare_fields(const struct fields *a, const struct fields *b)
{
    assert(a->count == b->count && a->present == b->present);
    for (unsigned i = 0; i < a->count; i++) {
        compare_slices(a->items[i].name, b->items[i].name);
        compare_slices(a->items[i].value, b->items[i].value);
        assert(a->items[i].id == b->items[i].id);
        assert(a->items[i].is_hop_by_hop == b->items[i].is_hop_by_hop);
    }
}

/*
 * Both are refused, and with the same status. The fault's name may differ where llhttp stops at
 * another byte of one bad line for another split. A trailer that is too long and has a wrong byte
 * further on may even be 431 or 400: llhttp hands out an unfinished value at the end of each piece,
 * so in pieces its length is seen first.
 */
static void compare_faults(const struct received *a, const struct received *b)
{
    bool is_trailer_length =
        a->fault == FAULT_TRAILERS_TOO_LARGE || b->fault == FAULT_TRAILERS_TOO_LARGE;
    assert(a->status == b->status);
    if (fault_status(a->fault) != fault_status(b->fault) && !is_trailer_length) {
        fprintf(stderr, "whole: %s\npieces: %s\n", fault_sentence(a->fault),
                fault_sentence(b->fault));
        abort();
    }
}

/* Returns whether there is more to compare. */
static bool compare(const struct received *a, const struct received *b)
{
    compare_faults(a, b);
    assert(a->has_line == b->has_line && a->has_head == b->has_head);
    if (a->has_head) {
        assert(a->head_length == b->head_length);
        assert(a->framing.kind == b->framing.kind && a->framing.length == b->framing.length);
        assert(a->connection.is_persistent == b->connection.is_persistent);
        assert(a->connection.wants_upgrade == b->connection.wants_upgrade);
        assert(a->connection.takes_trailers == b->connection.takes_trailers);
        compare_fields(&a->fields, &b->fields);
    }
    if (a->has_head && a->status != MESSAGE_BAD) {
        assert(a->used == b->used);
        compare_slices(slice_make(a->content.data, a->content.length),
                       slice_make(b->content.data, b->content.length));
        assert((message_trailers(&a->message) == NULL) == (message_trailers(&b->message) == NULL));
        if (message_trailers(&a->message) != NULL) {
            compare_fields(&a->trailers.fields, &b->trailers.fields);
        }
    }
    return a->has_line;
}

/* ---- requests ---- */

static void read_request_line(struct received_request *request)
{
    struct received *base = &request->base;
    struct request_line_scanner scanner;
    enum http_fault fault = FAULT_NONE;
    enum scan_status status = SCAN_MORE;
    request_line_start(&scanner);
    while (status == SCAN_MORE && feed_more(&base->feed)) {
        status = request_line_scan(&scanner, base->feed.head, base->feed.arrived,
                                   RECEIVED_TARGET_MAX, &request->line, &fault);
    }
    if (status == SCAN_BAD) {
        refuse(base, fault);
    } else if (status == SCAN_DONE) {
        assert(request->line.length <= base->feed.arrived);
        if (request->line.length >= RECEIVED_HEAD_MAX) {
            refuse(base, FAULT_METHOD_TOO_LONG);
            return;
        }
        base->has_line = true;
        base->head_length = request->line.length;
    } else if (base->feed.arrived == RECEIVED_HEAD_MAX) {
        refuse(base, request_line_overflow(&scanner));
    }
}

static enum http_fault read_host(struct received_request *request)
{
    const struct fields *fields = &request->base.fields;
    const struct field *field = fields_find(fields, FIELD_HOST);
    if (field == NULL && request->line.version_minor != 0) {
        return FAULT_HOST_MISSING;
    }
    if (field != NULL) {
        if (fields_find_next(fields, field) != NULL) {
            return FAULT_HOST_REPEATED;
        }
        if (field->value.length == 0 && request->target.authority.length == 0) {
            return FAULT_HOST_EMPTY;
        }
        enum http_fault fault = target_split_host(field->value, true, &request->host_name);
        if (fault != FAULT_NONE) {
            return fault;
        }
        request->received_host = field->value;
    }
    if (request->target.authority.length > 0) {
        request->received_host = request->target.authority;
        return target_split_host(request->target.authority, false, &request->host_name);
    }
    return FAULT_NONE;
}

static enum http_fault read_expectation(const struct received_request *request)
{
    const struct field *field = fields_find(&request->base.fields, FIELD_EXPECT);
    bool is_refused = field != NULL && request->line.version_minor != 0 &&
                      !slice_equal_ignoring_case(field->value, SLICE("100-continue"));
    return is_refused ? FAULT_EXPECTATION : FAULT_NONE;
}

static int64_t read_max_forwards(const struct received_request *request, enum method method)
{
    const struct field *field = fields_find(&request->base.fields, FIELD_MAX_FORWARDS);
    uint64_t value;
    if (field == NULL || (method != METHOD_OPTIONS && method != METHOD_TRACE) ||
        !slice_to_number(field->value, &value)) {
        return -1;
    }
    return value > INT64_MAX / 10 ? INT64_MAX / 10 : (int64_t)value;
}

static enum http_fault check_request_head(struct received_request *request)
{
    struct received *base = &request->base;
    unsigned minor = request->line.version_minor;
    enum method method = method_find(request->line.method);
    enum http_fault fault = framing_of_request(&base->fields, minor, &base->framing);
    if (fault == FAULT_NONE) {
        fault = connection_read(&base->fields, minor, &base->connection);
    }
    if (fault == FAULT_NONE) {
        fault = target_parse(request->line.target, method, &request->target);
    }
    if (fault == FAULT_NONE) {
        fault = read_host(request);
    }
    if (fault == FAULT_NONE) {
        fault = read_expectation(request);
    }
    request->max_forwards = read_max_forwards(request, method);
    return fault;
}

void received_request_read(struct received_request *request, struct slice stream,
                           enum feed_mode mode)
{
    struct received *base = &request->base;
    receive(base, stream, mode, MESSAGE_REQUEST);
    request->target = (struct target){.form = TARGET_ORIGIN};
    request->host_name = request->received_host = slice_make(NULL, 0);
    request->max_forwards = -1;
    read_request_line(request);
    if (!base->has_line) {
        return;
    }
    if (request->line.version_major != 1) {
        base->status = MESSAGE_DONE;
        base->used = base->head_length;
        return;
    }
    read_section(base);
    if (base->status == MESSAGE_DONE) {
        enum http_fault fault = check_request_head(request);
        if (fault != FAULT_NONE) {
            refuse(base, fault);
        } else {
            read_content(base);
        }
    }
}

void received_request_compare(const struct received_request *a, const struct received_request *b)
{
    if (!compare(&a->base, &b->base)) {
        return;
    }
    compare_slices(a->line.method, b->line.method);
    compare_slices(a->line.target, b->line.target);
    assert(a->line.version_major == b->line.version_major);
    assert(a->line.version_minor == b->line.version_minor);
    assert(a->line.length == b->line.length);
    if (a->base.has_head) {
        assert(a->target.form == b->target.form && a->target.is_https == b->target.is_https);
        compare_slices(a->target.path_query, b->target.path_query);
        compare_slices(a->host_name, b->host_name);
        compare_slices(a->received_host, b->received_host);
        assert(a->max_forwards == b->max_forwards);
    }
}

/* ---- responses ---- */

static void read_status_line(struct received_response *response)
{
    struct received *base = &response->base;
    enum http_fault fault = FAULT_NONE;
    enum scan_status status = SCAN_MORE;
    while (status == SCAN_MORE && feed_more(&base->feed)) {
        status = status_line_scan(base->feed.head, base->feed.arrived, &response->line, &fault);
    }
    if (status == SCAN_BAD) {
        refuse(base, fault);
    } else if (status == SCAN_DONE) {
        base->has_line = true;
        base->head_length = response->line.length;
        assert(base->head_length <= base->feed.arrived);
    } else if (base->feed.arrived == RECEIVED_HEAD_MAX) {
        refuse(base, FAULT_HEAD_TOO_LARGE);
    }
}

void received_response_read(struct received_response *response, struct slice stream,
                            enum feed_mode mode, enum method method)
{
    struct received *base = &response->base;
    receive(base, stream, mode, MESSAGE_RESPONSE);
    read_status_line(response);
    if (!base->has_line) {
        return;
    }
    read_section(base);
    if (base->status != MESSAGE_DONE) {
        return;
    }
    const struct status_line *line = &response->line;
    enum http_fault fault = framing_of_response(&base->fields, line->version_minor, line->status,
                                                method, &base->framing);
    if (fault == FAULT_NONE) {
        fault = connection_read(&base->fields, line->version_minor, &base->connection);
    }
    if (fault != FAULT_NONE) {
        refuse(base, fault);
    } else {
        read_content(base);
    }
}

void received_response_compare(const struct received_response *a, const struct received_response *b)
{
    if (compare(&a->base, &b->base)) {
        assert(a->line.version_minor == b->line.version_minor);
        assert(a->line.status == b->line.status && a->line.length == b->line.length);
        compare_slices(a->line.reason, b->line.reason);
    }
}
