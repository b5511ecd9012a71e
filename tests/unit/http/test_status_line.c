#include <criterion/criterion.h>

#include "verbgate/http/status_line.h"

#include <stdio.h>
#include <stdlib.h>

/* Scans the first `length` bytes out of a heap block of just that size. The reason's slice is
 * turned back into one of `text`. */
static enum scan_status scan(struct slice text, size_t length, struct status_line *line,
                             enum http_fault *fault)
{
    char *copy = malloc(length > 0 ? length : 1);
    cr_assert(copy != NULL);
    memcpy(copy, text.data, length);
    enum scan_status status = status_line_scan(copy, length, line, fault);
    if (status == SCAN_DONE) {
        line->reason.data = text.data + (line->reason.data - copy);
    }
    free(copy);
    return status;
}

static const struct {
    struct slice text;
    unsigned minor;
    unsigned status;
    const char *reason;
} good_lines[] = {
#define LINE(text, ...)                       \
    {                                         \
        {text, sizeof(text) - 1}, __VA_ARGS__ \
    }
    LINE("HTTP/1.1 200 OK\r\n", 1, 200, "OK"),
    LINE("HTTP/1.0 404 Not Found\r\n", 0, 404, "Not Found"),
    LINE("HTTP/1.2 200 OK\r\n", 2, 200, "OK"),
    LINE("HTTP/1.9 200 OK\r\n", 9, 200, "OK"),
    LINE("HTTP/1.1 100 Continue\r\n", 1, 100, "Continue"),
    LINE("HTTP/1.1 599 x\r\n", 1, 599, "x"),
    LINE("HTTP/1.1 200 \r\n", 1, 200, ""),
    LINE("HTTP/1.1 200\r\n", 1, 200, ""),
    LINE("HTTP/1.1 200  OK\r\n", 1, 200, " OK"),
    LINE("HTTP/1.1 299 \t!~\x80\xff HTTP/1.1 200\r\n", 1, 299, "\t!~\x80\xff HTTP/1.1 200"),
#undef LINE
};

Test(status_line, takes_well_formed_lines_apart)
{
    for (size_t i = 0; i < sizeof good_lines / sizeof good_lines[0]; i++) {
        struct slice text = good_lines[i].text;
        struct status_line line = {0};
        enum http_fault fault = FAULT_NONE;
        for (size_t length = 0; length < text.length; length++) {
            cr_assert_eq(scan(text, length, &line, &fault), SCAN_MORE, "%.*s", SLICE_PRINT(text));
            cr_assert_eq(line.length, 0);
        }
        cr_assert_eq(scan(text, text.length, &line, &fault), SCAN_DONE, "%.*s", SLICE_PRINT(text));
        cr_expect_eq(line.version_minor, good_lines[i].minor);
        cr_expect_eq(line.status, good_lines[i].status);
        cr_expect(slice_equal(line.reason, slice_of(good_lines[i].reason)));
        cr_expect_eq(line.length, text.length);
        cr_expect_eq(fault, FAULT_NONE);
    }
}

Test(status_line, stops_behind_its_own_line)
{
    struct slice text = SLICE("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n");
    struct status_line line;
    enum http_fault fault;
    cr_assert_eq(scan(text, text.length, &line, &fault), SCAN_DONE);
    cr_expect_eq(line.length, 25);
    cr_expect_eq(line.status, 204);
}

/* `bytes`: how many are needed to see that the line is bad. */
static const struct {
    struct slice text;
    enum http_fault fault;
    size_t bytes;
} bad_lines[] = {
#define LINE(text, fault, bytes)                       \
    {                                                  \
        {text, sizeof(text) - 1}, FAULT_##fault, bytes \
    }
    LINE("ICY 200 OK\r\n", STATUS_LINE, 1),
    LINE("<html>\r\n", STATUS_LINE, 1),
    LINE("\r\nHTTP/1.1 200 OK\r\n", STATUS_LINE, 1),
    LINE("\nHTTP/1.1 200 OK\r\n", STATUS_LINE, 1),
    LINE(" HTTP/1.1 200 OK\r\n", STATUS_LINE, 1),
    LINE("\x15\x03\x01\x00\x02", STATUS_LINE, 1),
    LINE("http/1.1 200 OK\r\n", STATUS_LINE, 1),
    LINE("HTTPS/1.1 200 OK\r\n", STATUS_LINE, 5),
    LINE("HTTP 200 OK\r\n", STATUS_LINE, 5),
    LINE("HTTP/x.1 200 OK\r\n", STATUS_LINE, 6),
    LINE("HTTP/+1.1 200 OK\r\n", STATUS_LINE, 6),
    LINE("HTTP/0.9 200 OK\r\n", STATUS_VERSION, 6),
    LINE("HTTP/2.0 200 OK\r\n", STATUS_VERSION, 6),
    LINE("HTTP/2 200\r\n", STATUS_VERSION, 6),
    LINE("HTTP/11.1 200 OK\r\n", STATUS_LINE, 7),
    LINE("HTTP/1 200 OK\r\n", STATUS_LINE, 7),
    LINE("HTTP/1.x 200 OK\r\n", STATUS_LINE, 8),
    LINE("HTTP/1.10 200 OK\r\n", STATUS_LINE, 9),
    LINE("HTTP/1.1\t200 OK\r\n", STATUS_LINE, 9),
    LINE("HTTP/1.1\r\n", STATUS_LINE, 9),
    LINE("HTTP/1.1  200 OK\r\n", STATUS_LINE, 10),
    LINE("HTTP/1.1 \r\n", STATUS_LINE, 10),
    LINE("HTTP/1.1 +20 OK\r\n", STATUS_LINE, 10),
    LINE("HTTP/1.1 -20 OK\r\n", STATUS_LINE, 10),
    LINE("HTTP/1.1 OK\r\n", STATUS_LINE, 10),
    LINE("HTTP/1.1 000 x\r\n", STATUS_CODE, 10),
    LINE("HTTP/1.1 099 x\r\n", STATUS_CODE, 10),
    LINE("HTTP/1.1 600 x\r\n", STATUS_CODE, 10),
    LINE("HTTP/1.1 999 x\r\n", STATUS_CODE, 10),
    LINE("HTTP/1.1 20 OK\r\n", STATUS_LINE, 12),
    LINE("HTTP/1.1 2xx OK\r\n", STATUS_LINE, 11),
    LINE("HTTP/1.1 2000 OK\r\n", STATUS_LINE, 13),
    LINE("HTTP/1.1 200OK\r\n", STATUS_LINE, 13),
    LINE("HTTP/1.1 200\tOK\r\n", STATUS_LINE, 13),
    LINE("HTTP/1.1 200\n", STATUS_LINE, 13),
    LINE("HTTP/1.1 200\rX", STATUS_LINE, 14),
    LINE("HTTP/1.1 200 O\0K\r\n", STATUS_LINE, 15),
    LINE("HTTP/1.1 200 O\x1bK\r\n", STATUS_LINE, 15),
    LINE("HTTP/1.1 200 O\x7fK\r\n", STATUS_LINE, 15),
    LINE("HTTP/1.1 200 OK\n", STATUS_LINE, 16),
    LINE("HTTP/1.1 200 OK\r\r\n", STATUS_LINE, 17),
    LINE("HTTP/1.1 200 OK\rX\n", STATUS_LINE, 17),
#undef LINE
};

Test(status_line, refuses_malformed_lines_at_the_first_wrong_byte)
{
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        struct slice text = bad_lines[i].text;
        struct status_line line = {.status = 1};
        for (size_t length = 0; length <= text.length; length++) {
            enum http_fault fault = FAULT_NONE;
            enum scan_status status = scan(text, length, &line, &fault);
            bool is_seen = length >= bad_lines[i].bytes;
            cr_expect_eq(status, is_seen ? SCAN_BAD : SCAN_MORE, "%zu bytes of %.*s", length,
                         SLICE_PRINT(text));
            cr_expect_eq(fault, is_seen ? bad_lines[i].fault : FAULT_NONE, "%zu bytes of %.*s",
                         length, SLICE_PRINT(text));
        }
        cr_expect_eq(line.status, 1);
    }
}

Test(status_line, judges_every_status_code)
{
    for (unsigned status = 0; status < 1000; status++) {
        char text[32];
        int length = snprintf(text, sizeof text, "HTTP/1.1 %03u x\r\n", status);
        struct status_line line;
        enum http_fault fault = FAULT_NONE;
        bool is_fine = status >= 100 && status <= 599;
        enum scan_status got = status_line_scan(text, (size_t)length, &line, &fault);
        cr_assert_eq(got, is_fine ? SCAN_DONE : SCAN_BAD, "%u", status);
        cr_assert_eq(fault, is_fine ? FAULT_NONE : FAULT_STATUS_CODE, "%u", status);
        cr_assert(!is_fine || line.status == status);
    }
}

Test(status_line, knows_the_reason_phrases)
{
    cr_expect_str_eq(status_reason(200), "OK");
    cr_expect_str_eq(status_reason(405), "Method Not Allowed");
    cr_expect_str_eq(status_reason(413), "Content Too Large");
    cr_expect_str_eq(status_reason(414), "URI Too Long");
    cr_expect_str_eq(status_reason(431), "Request Header Fields Too Large");
    cr_expect_str_eq(status_reason(501), "Not Implemented");
    cr_expect_str_eq(status_reason(505), "HTTP Version Not Supported");
    cr_expect_str_eq(status_reason(511), "Network Authentication Required");
}

Test(status_line, calls_other_codes_unknown)
{
    static const unsigned others[] = {0, 99, 299, 306, 418, 499, 509, 512, 600, 4294967295u};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        cr_expect_str_eq(status_reason(others[i]), "Unknown", "%u", others[i]);
    }
}

Test(status_line, has_a_reason_for_every_fault_of_a_request)
{
    for (unsigned fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++) {
        unsigned status = fault_status((enum http_fault)fault);
        cr_expect_str_neq(status_reason(status), "Unknown", "%u", status);
    }
}
