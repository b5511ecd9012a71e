#include <criterion/criterion.h>

#include "verbgate/http/message.h"
#include "verbgate/policy/request_facts.h"

#include <stdio.h>

enum { FIELDS = 16 };

struct head {
    struct request_line line;
    struct field items[FIELDS];
    struct fields fields;
    struct message message;
    struct request_facts facts;
};

/* Scans a head as the gateway does and reads its facts. */
static enum http_fault read_head(struct head *head, const char *text)
{
    struct request_line_scanner scanner;
    enum http_fault fault = FAULT_NONE;
    size_t length = strlen(text);
    request_line_start(&scanner);
    cr_assert_eq(request_line_scan(&scanner, text, length, 4096, &head->line, &fault), SCAN_DONE);
    fields_init(&head->fields, head->items, FIELDS);
    message_start(&head->message, MESSAGE_REQUEST, &head->fields, NULL);
    size_t used = 0;
    if (head->line.version_major == 1) {
        cr_assert_eq(message_read_fields(&head->message, text + head->line.length,
                                         length - head->line.length, &used),
                     MESSAGE_DONE);
    }
    return request_facts_read(&head->facts, &head->line, &head->fields);
}

static const struct {
    const char *text;
    enum http_fault fault;
} heads[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_NONE},
    {"GET / HTTP/1.0\r\n\r\n", FAULT_NONE},
    {"GET / HTTP/1.1\r\n\r\n", FAULT_HOST_MISSING},
    {"GET http://a/ HTTP/1.1\r\n\r\n", FAULT_HOST_MISSING},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", FAULT_HOST_REPEATED},
    {"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", FAULT_HOST_REPEATED},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", FAULT_HOST_SYNTAX},
    {"GET http://a/ HTTP/1.1\r\nHost: a b\r\n\r\n", FAULT_HOST_SYNTAX},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", FAULT_HOST_EMPTY},
    {"GET /x/admin HTTP/1.1\r\nHost: \t \r\n\r\n", FAULT_HOST_EMPTY},
    {"GET / HTTP/1.0\r\nHost:\r\n\r\n", FAULT_HOST_EMPTY},
    {"OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", FAULT_HOST_EMPTY},
    {"GET / HTTP/1.1\r\nHost:\r\nHost:\r\n\r\n", FAULT_HOST_REPEATED},
    {"GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", FAULT_NONE},
    {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_TARGET_FORM},
    {"CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", FAULT_NONE},
    {"PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", FAULT_NONE},
    {"PUT / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", FAULT_EXPECTATION},
    {"PUT / HTTP/1.0\r\nHost: a\r\nExpect: tea\r\n\r\n", FAULT_NONE},
    {"PUT / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n", FAULT_CONNECTION_OPTIONS},
    /* The first in the order of the rules wins: framing, Connection, target, Host, Expect. */
    {"GET * HTTP/1.1\r\nConnection: a b\r\nContent-Length: x\r\nExpect: tea\r\n\r\n",
     FAULT_LENGTH_SYNTAX},
    {"GET * HTTP/1.1\r\nConnection: a b\r\nExpect: tea\r\n\r\n", FAULT_CONNECTION_OPTIONS},
    {"GET * HTTP/1.1\r\nExpect: tea\r\n\r\n", FAULT_TARGET_FORM},
    {"GET / HTTP/1.1\r\nExpect: tea\r\n\r\n", FAULT_HOST_MISSING},
};

Test(request_facts, finds_the_first_fault_of_a_head)
{
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct head head;
        enum http_fault fault = read_head(&head, heads[i].text);
        cr_expect_eq(fault, heads[i].fault, "%s: %s", heads[i].text, fault_sentence(fault));
    }
}

Test(request_facts, asks_for_what_the_head_says)
{
    struct head head;
    cr_assert_eq(read_head(&head, "PUT http://b.test:8080/x?y HTTP/1.1\r\nHost: a.test\r\n"
                                  "Content-Length: 12\r\nExpect: 100-continue\r\n\r\n"),
                 FAULT_NONE);
    const struct decide_request *request = &head.facts.request;
    cr_expect(slice_equal(request->method, SLICE("PUT")));
    cr_expect(slice_equal(request->host, SLICE("b.test")));
    cr_expect(slice_equal(head.facts.received_host, SLICE("b.test:8080")));
    cr_expect(slice_equal(request->target->path, SLICE("/x")));
    cr_expect_eq(request->target, &head.facts.target);
    cr_expect_eq(request->content_length, 12);
    cr_expect_eq(request->max_forwards, -1);
    cr_expect(head.facts.expects_continue);
}

Test(request_facts, expects_nothing_without_content)
{
    struct head head;
    cr_assert_eq(read_head(&head, "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"),
                 FAULT_NONE);
    cr_expect_not(head.facts.expects_continue);
}

static const struct {
    const char *text;
    int64_t value;
} forwards[] = {
    {"OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", 0},
    {"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 07\r\n\r\n", 7},
    {"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 99999999999999999999\r\n\r\n", INT64_MAX / 10},
    {"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: -1\r\n\r\n", -1},
    {"TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards:\r\n\r\n", -1},
    {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", -1},
    {"GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", -1},
};

Test(request_facts, reads_max_forwards_of_options_and_trace_only)
{
    for (size_t i = 0; i < sizeof forwards / sizeof forwards[0]; i++) {
        struct head head;
        cr_assert_eq(read_head(&head, forwards[i].text), FAULT_NONE);
        cr_expect_eq(head.facts.request.max_forwards, forwards[i].value, "%s", forwards[i].text);
    }
}

Test(request_facts, reads_no_fields_of_another_major_version)
{
    struct head head;
    cr_assert_eq(read_head(&head, "GET * HTTP/2.0\r\nContent-Length: x\r\n\r\n"), FAULT_NONE);
    cr_expect_eq(head.facts.request.version_major, 2);
    cr_expect_null(head.facts.request.target);
}

static const struct {
    const char *method;
    const char *fields;
    bool asks_other;
} overrides[] = {
    {"POST", "X-HTTP-Method-Override: PUT\r\n", true},
    {"POST", "X_HTTP_METHOD.OVERRIDE: MERGE\r\n", true},
    {"POST", "x-http-method: merge\r\n", true},
    {"POST", "X-Method-Override: POST\r\n", false},
    {"POST", "X-Method-Override: post\r\n", false},
    {"POST", "X-Method-Override: post , POST\r\n", false},
    {"POST", "X-Method-Override: POST, DELETE\r\n", true},
    {"POST", "X-Method-Override: POST\r\nX-Method-Override: DELETE\r\n", true},
    {"POST", "X-Method-Override: POST\r\nX-HTTP-Method: DELETE\r\n", true},
    {"POST", "X-Method-Override: \"POST\"\r\n", true},
    {"POST", "X-Method-Override: POST;q=1\r\n", true},
    {"POST", "X-Method-Override: POST DELETE\r\n", true},
    {"POST", "X-Method-Override:\r\n", false},
    {"POST", "X-Method-Override: ,\t,\r\n", false},
    {"GET", "X-Method-Override: POST\r\n", true},
    {"GET", "X-Method-Override: HEAD\r\n", true},
    {"PATCH", "Connection: x-method-override\r\nX-Method-Override: PUT\r\n", true},
    {"POST", "X-Method: PUT\r\nX-Original-URL: PUT\r\n", false},
};

Test(request_facts, know_whether_a_field_names_another_method)
{
    for (size_t i = 0; i < sizeof overrides / sizeof overrides[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, "%s / HTTP/1.1\r\nHost: a\r\n%s\r\n", overrides[i].method,
                 overrides[i].fields);
        struct head head;
        cr_assert_eq(read_head(&head, text), FAULT_NONE);
        cr_expect_eq(head.facts.request.asks_other_method, overrides[i].asks_other, "%s", text);
    }
}

Test(request_facts, know_of_odd_names)
{
    struct head head;
    cr_assert_eq(read_head(&head, "GET / HTTP/1.1\r\nHost: a\r\nX_Own: 1\r\nUser_Agent: b\r\n\r\n"),
                 FAULT_NONE);
    cr_expect_not(head.facts.request.has_odd_name);
    cr_assert_eq(read_head(&head, "GET / HTTP/1.1\r\nHost: a\r\nx.real.ip: 1\r\n\r\n"), FAULT_NONE);
    cr_expect(head.facts.request.has_odd_name);
    cr_assert_eq(read_head(&head, "GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 1\r\n\r\n"),
                 FAULT_LENGTH_TWIN);
}
