#include <criterion/criterion.h>

#include "verbgate/http/request_line.h"

#include <stdlib.h>

enum { MAX_TARGET = 64 };

struct outcome {
    enum scan_status status;
    enum http_fault fault;
    size_t offset; /* bytes given when the scan ended */
    struct request_line line;
    char *bytes; /* what the line's slices point into */
};

/* Gives the first `length` bytes in a heap block of just that size, so that the sanitizer sees a
 * read behind them. The block is kept in *bytes and the one before it is freed. */
static enum scan_status feed(struct request_line_scanner *scanner, struct slice input,
                             size_t length, struct outcome *outcome)
{
    char *copy = malloc(length > 0 ? length : 1);
    cr_assert(copy != NULL);
    memcpy(copy, input.data, length);
    free(outcome->bytes);
    outcome->bytes = copy;
    outcome->offset = length;
    outcome->status =
        request_line_scan(scanner, copy, length, MAX_TARGET, &outcome->line, &outcome->fault);
    return outcome->status;
}

static struct outcome scan_whole(struct slice input)
{
    struct outcome outcome = {.fault = FAULT_NONE};
    struct request_line_scanner scanner;
    request_line_start(&scanner);
    feed(&scanner, input, input.length, &outcome);
    return outcome;
}

static struct outcome scan_by_bytes(struct slice input)
{
    struct outcome outcome = {.fault = FAULT_NONE};
    struct request_line_scanner scanner;
    request_line_start(&scanner);
    for (size_t i = 0; i <= input.length; i++) {
        if (feed(&scanner, input, i, &outcome) != SCAN_MORE) {
            break;
        }
    }
    return outcome;
}

static struct outcome scan_split_at(struct slice input, size_t split)
{
    struct outcome outcome = {.fault = FAULT_NONE};
    struct request_line_scanner scanner;
    request_line_start(&scanner);
    if (feed(&scanner, input, split, &outcome) == SCAN_MORE) {
        feed(&scanner, input, input.length, &outcome);
    }
    return outcome;
}

static void compare(struct slice input, const struct outcome *got, const struct outcome *wanted)
{
    cr_assert_eq(got->status, wanted->status, "%.*s", SLICE_PRINT(input));
    cr_assert_eq(got->fault, wanted->fault, "%.*s", SLICE_PRINT(input));
    if (got->status == SCAN_DONE) {
        cr_assert(slice_equal(got->line.method, wanted->line.method));
        cr_assert(slice_equal(got->line.target, wanted->line.target));
        cr_assert_eq(got->line.version_major, wanted->line.version_major);
        cr_assert_eq(got->line.version_minor, wanted->line.version_minor);
        cr_assert_eq(got->line.length, wanted->line.length);
    }
}

/* Scans in every way and returns the outcome of the whole; the caller frees `bytes`. */
static struct outcome scan_every_way(struct slice input)
{
    struct outcome whole = scan_whole(input);
    struct outcome bytes = scan_by_bytes(input);
    compare(input, &bytes, &whole);
    free(bytes.bytes);
    for (size_t split = 0; split <= input.length; split++) {
        struct outcome parts = scan_split_at(input, split);
        compare(input, &parts, &whole);
        free(parts.bytes);
    }
    return whole;
}

static enum http_fault fault_of(struct slice input)
{
    struct outcome outcome = scan_every_way(input);
    cr_assert_eq(outcome.status, SCAN_BAD, "not refused: %.*s", SLICE_PRINT(input));
    free(outcome.bytes);
    return outcome.fault;
}

static const struct {
    struct slice text;
    const char *method;
    const char *target;
    unsigned major;
    unsigned minor;
} good_lines[] = {
#define LINE(text, ...)                       \
    {                                         \
        {text, sizeof(text) - 1}, __VA_ARGS__ \
    }
    LINE("GET / HTTP/1.1\r\n", "GET", "/", 1, 1),
    LINE("GET / HTTP/1.0\r\n", "GET", "/", 1, 0),
    LINE("get /a?b=c HTTP/1.1\r\n", "get", "/a?b=c", 1, 1),
    LINE("FOO /x HTTP/1.1\r\n", "FOO", "/x", 1, 1),
    LINE("GETX /x HTTP/1.1\r\n", "GETX", "/x", 1, 1),
    LINE("QUERY /x HTTP/1.1\r\n", "QUERY", "/x", 1, 1),
    LINE("M /x HTTP/1.1\r\n", "M", "/x", 1, 1),
    LINE("!#$%&'*+-.^_`|~9 / HTTP/1.1\r\n", "!#$%&'*+-.^_`|~9", "/", 1, 1),
    LINE("OPTIONS * HTTP/1.1\r\n", "OPTIONS", "*", 1, 1),
    LINE("CONNECT a.test:443 HTTP/1.1\r\n", "CONNECT", "a.test:443", 1, 1),
    LINE("GET http://a.test/b?c HTTP/1.1\r\n", "GET", "http://a.test/b?c", 1, 1),
    LINE("GET c/relative HTTP/1.1\r\n", "GET", "c/relative", 1, 1),
    LINE("GET /a<b>{c}|\"^`\\%zz%2 HTTP/1.1\r\n", "GET", "/a<b>{c}|\"^`\\%zz%2", 1, 1),
    LINE("GET / HTTP/1.2\r\n", "GET", "/", 1, 2),
    LINE("GET / HTTP/1.9\r\n", "GET", "/", 1, 9),
    LINE("GET / HTTP/0.9\r\n", "GET", "/", 0, 9),
    LINE("GET / HTTP/0.0\r\n", "GET", "/", 0, 0),
    LINE("GET / HTTP/2.0\r\n", "GET", "/", 2, 0),
    LINE("GET / HTTP/3.0\r\n", "GET", "/", 3, 0),
    LINE("GET / HTTP/9.9\r\n", "GET", "/", 9, 9),
    LINE("PRI * HTTP/2.0\r\n", "PRI", "*", 2, 0),
    LINE("\r\nGET / HTTP/1.1\r\n", "GET", "/", 1, 1),
    LINE("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n", "GET", "/", 1, 1),
#undef LINE
};

Test(request_line, takes_well_formed_lines_apart)
{
    for (size_t i = 0; i < sizeof good_lines / sizeof good_lines[0]; i++) {
        struct slice text = good_lines[i].text;
        struct outcome got = scan_every_way(text);
        cr_assert_eq(got.status, SCAN_DONE, "refused: %.*s", SLICE_PRINT(text));
        cr_expect(slice_equal(got.line.method, slice_of(good_lines[i].method)));
        cr_expect(slice_equal(got.line.target, slice_of(good_lines[i].target)));
        cr_expect_eq(got.line.version_major, good_lines[i].major);
        cr_expect_eq(got.line.version_minor, good_lines[i].minor);
        cr_expect_eq(got.line.length, text.length);
        free(got.bytes);
    }
}

static const struct {
    struct slice text;
    enum http_fault fault;
} bad_lines[] = {
#define LINE(text, fault)                       \
    {                                           \
        {text, sizeof(text) - 1}, FAULT_##fault \
    }
    /* before the line */
    LINE("\nGET / HTTP/1.1\r\n", LINE_END),
    LINE("\rGET / HTTP/1.1\r\n", LINE_END),
    LINE("\r\n\nGET / HTTP/1.1\r\n", LINE_END),
    LINE("\r\r\nGET / HTTP/1.1\r\n", LINE_END),
    LINE("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n", EMPTY_LINES),
    LINE(" GET / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("\tGET / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("  \r\nGET / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("\x85GET / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("\xef\xbb\xbfGET / HTTP/1.1\r\n", METHOD_SYNTAX),
    /* method */
    LINE("G(T / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("G\xc9T / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GE\0T / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GET: / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("\"GET\" / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GE/T / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GE\x01T / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("@GET / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GE\x7fT / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GET,POST / HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GET\t/\tHTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GET\v/ HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GET\r/ HTTP/1.1\r\n", METHOD_SYNTAX),
    LINE("GET\r\n", METHOD_SYNTAX),
    LINE("GET\n", METHOD_SYNTAX),
    LINE("<html>\r\n", METHOD_SYNTAX),
    /* target */
    LINE("GET  / HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET \t/ HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET \r\n", TARGET_SYNTAX),
    LINE("GET /a#frag HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET #/ HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET /a\xe9 HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET /\xc0\xaf HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET /a\0b HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET /a\x01"
         "b HTTP/1.1\r\n",
         TARGET_SYNTAX),
    LINE("GET /a\x1b HTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET /a\x7f"
         "b HTTP/1.1\r\n",
         TARGET_SYNTAX),
    LINE("GET /\tHTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET /\fHTTP/1.1\r\n", TARGET_SYNTAX),
    LINE("GET /a b HTTP/1.1\r\n", TARGET_SPACE),
    LINE("GET /a world HTTP/1.1\r\n", TARGET_SPACE),
    LINE("GET /  HTTP/1.1\r\n", TARGET_SPACE),
    LINE("GET /a Here HTTP/1.1\r\n", TARGET_SPACE),
    LINE("PLAY / RTSP/1.0\r\n", TARGET_SPACE),
    LINE("SOURCE / ICE/1.0\r\n", TARGET_SPACE),
    LINE("REQMOD / ICAP/1.0\r\n", TARGET_SPACE),
    /* version */
    LINE("GET /\r\n", VERSION_MISSING),
    LINE("GET /\n", VERSION_MISSING),
    LINE("GET / \r\n", VERSION_MISSING),
    LINE("GET HTTP/1.1\r\n", VERSION_MISSING),
    LINE("GET / HTTP/1.10\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/01.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/20.0\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1.\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/11\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1.1.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/ 1.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1. 1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1,1\r\n", VERSION_SYNTAX),
    LINE("GET / http/1.1\r\n", VERSION_SYNTAX),
    LINE("GET / http/2.0\r\n", VERSION_SYNTAX),
    LINE("GET / Http/1.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTPS/1.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/+1.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/-1.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/x.y\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1.A\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1.1x\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1.1!\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/1.1\0\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP//1.1\r\n", VERSION_SYNTAX),
    LINE("GET / HTTP/4294967297.1\r\n", VERSION_SYNTAX),
    /* line end */
    LINE("GET / HTTP/1.1 \r\n", LINE_END),
    LINE("GET / HTTP/1.1\t\r\n", LINE_END),
    LINE("GET /a HTTP/1.1 HTTP/1.1\r\n", LINE_END),
    LINE("GET / HTTP/1.1\n", LINE_END),
    LINE("GET / HTTP/1.1\r\r\n", LINE_END),
    LINE("GET / HTTP/1.1\rHost: a\r\n", LINE_END),
#undef LINE
};

Test(request_line, names_what_is_wrong_with_malformed_lines)
{
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        enum http_fault got = fault_of(bad_lines[i].text);
        cr_expect_eq(got, bad_lines[i].fault, "%.*s: %s", SLICE_PRINT(bad_lines[i].text),
                     fault_sentence(got));
        cr_expect_eq(fault_status(got), 400);
    }
}

Test(request_line, refuses_a_tls_client_hello_at_its_first_byte)
{
    struct slice hello = SLICE("\x16\x03\x01\x02\x00\x01");
    struct outcome outcome = scan_by_bytes(hello);
    cr_expect_eq(outcome.status, SCAN_BAD);
    cr_expect_eq(outcome.offset, 1);
    cr_expect_eq(outcome.fault, FAULT_METHOD_SYNTAX);
    free(outcome.bytes);
}

Test(request_line, refuses_every_wrong_byte_at_once)
{
    static const struct slice good = {"GET /index HTTP/1.1\r\n", 21};
    for (size_t at = 0; at < good.length; at++) {
        char text[32];
        memcpy(text, good.data, good.length);
        text[at] = '\x01';
        struct outcome outcome = scan_by_bytes(slice_make(text, good.length));
        cr_expect_eq(outcome.status, SCAN_BAD, "at %zu", at);
        cr_expect_eq(outcome.offset, at + 1, "at %zu", at);
        free(outcome.bytes);
    }
}

Test(request_line, judges_each_byte_value_in_the_method_by_the_token_table)
{
    for (unsigned value = 0; value < 256; value++) {
        char text[] = "GxT / HTTP/1.1\r\n";
        text[1] = (char)value;
        struct outcome outcome = scan_whole(slice_make(text, sizeof text - 1));
        bool is_token =
            value != 0 && value < 0x7f &&
            (strchr("!#$%&'*+-.^_`|~", (int)value) != NULL || (value >= '0' && value <= '9') ||
             (value >= 'A' && value <= 'Z') || (value >= 'a' && value <= 'z'));
        if (value == ' ') {
            cr_expect_eq(outcome.fault, FAULT_TARGET_SPACE);
        } else {
            cr_expect_eq(outcome.status, is_token ? SCAN_DONE : SCAN_BAD, "byte %u", value);
        }
        free(outcome.bytes);
    }
}

Test(request_line, judges_each_byte_value_in_the_target)
{
    for (unsigned value = 0; value < 256; value++) {
        char text[] = "GET /x HTTP/1.1\r\n";
        text[5] = (char)value;
        struct outcome outcome = scan_whole(slice_make(text, sizeof text - 1));
        bool is_fine = value > 0x20 && value < 0x7f && value != '#';
        cr_expect_eq(outcome.status, is_fine ? SCAN_DONE : SCAN_BAD, "byte %u", value);
        free(outcome.bytes);
    }
}

/* "GET " target " HTTP/1.1\r\n" with a target of `length` bytes. */
static struct slice line_with_target(char *text, size_t length)
{
    memcpy(text, "GET ", 4);
    memset(text + 4, 'a', length);
    memcpy(text + 4 + length, " HTTP/1.1\r\n", 11);
    return slice_make(text, length + 15);
}

Test(request_line, takes_a_target_of_the_greatest_length)
{
    char text[128];
    struct outcome outcome = scan_every_way(line_with_target(text, MAX_TARGET));
    cr_expect_eq(outcome.status, SCAN_DONE);
    cr_expect_eq(outcome.line.target.length, MAX_TARGET);
    free(outcome.bytes);
}

Test(request_line, refuses_a_longer_target_at_its_first_byte_too_many)
{
    char text[128];
    struct slice line = line_with_target(text, MAX_TARGET + 1);
    cr_expect_eq(fault_of(line), FAULT_TARGET_TOO_LONG);
    struct outcome outcome = scan_by_bytes(line);
    cr_expect_eq(outcome.offset, 4 + MAX_TARGET + 1);
    free(outcome.bytes);
}

Test(request_line, finds_a_bad_byte_in_front_of_a_target_that_is_too_long)
{
    char text[128];
    struct slice line = line_with_target(text, MAX_TARGET + 1);
    text[10] = '#';
    cr_expect_eq(fault_of(line), FAULT_TARGET_SYNTAX);
}

Test(request_line, does_not_limit_the_target_when_the_limit_is_the_greatest_number)
{
    static const struct slice text = {"GET /aaaa HTTP/1.1\r\n", 20};
    struct request_line_scanner scanner;
    struct request_line line;
    enum http_fault fault = FAULT_NONE;
    request_line_start(&scanner);
    cr_expect_eq(request_line_scan(&scanner, text.data, text.length, SIZE_MAX, &line, &fault),
                 SCAN_DONE);
    cr_expect_eq(fault, FAULT_NONE);
}

Test(request_line, takes_a_method_of_any_length)
{
    char text[4096 + 16];
    memset(text, 'M', 4096);
    memcpy(text + 4096, " / HTTP/1.1\r\n", 13);
    struct outcome outcome = scan_whole(slice_make(text, 4096 + 13));
    cr_expect_eq(outcome.status, SCAN_DONE);
    cr_expect_eq(outcome.line.method.length, 4096);
    free(outcome.bytes);
}

Test(request_line, counts_empty_lines_and_stops_behind_its_own)
{
    struct slice text = SLICE("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct outcome outcome = scan_whole(text);
    cr_expect_eq(outcome.status, SCAN_DONE);
    cr_expect_eq(outcome.line.length, 20);
    free(outcome.bytes);
}

Test(request_line, gives_the_same_line_when_asked_again)
{
    struct slice text = SLICE("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    struct request_line_scanner scanner;
    struct request_line first, second;
    enum http_fault fault = FAULT_NONE;
    request_line_start(&scanner);
    cr_assert_eq(request_line_scan(&scanner, text.data, 17, MAX_TARGET, &first, &fault), SCAN_DONE);
    cr_assert_eq(request_line_scan(&scanner, text.data, text.length, MAX_TARGET, &second, &fault),
                 SCAN_DONE);
    cr_expect_eq(second.length, first.length);
    cr_expect(slice_equal(second.target, first.target));
}

Test(request_line, wants_more_as_long_as_nothing_is_wrong)
{
    struct slice text = SLICE("\r\nGET /a HTTP/1.1\r\n");
    for (size_t length = 0; length < text.length; length++) {
        struct outcome outcome = scan_whole(slice_make(text.data, length));
        cr_expect_eq(outcome.status, SCAN_MORE, "%zu bytes", length);
        cr_expect_eq(outcome.line.length, 0);
        free(outcome.bytes);
    }
}

static enum http_fault overflow_of(const char *text)
{
    struct request_line_scanner scanner;
    struct request_line line;
    enum http_fault fault = FAULT_NONE;
    request_line_start(&scanner);
    cr_assert_eq(request_line_scan(&scanner, text, strlen(text), MAX_TARGET, &line, &fault),
                 SCAN_MORE);
    return request_line_overflow(&scanner);
}

Test(request_line, blames_the_part_that_filled_the_buffer)
{
    cr_expect_eq(overflow_of("MMMMMMMMMMMMMMMM"), FAULT_METHOD_TOO_LONG);
    cr_expect_eq(overflow_of("MMMMMMMMMMMMMMMM "), FAULT_METHOD_TOO_LONG);
    cr_expect_eq(overflow_of("MMMMMMMMMMMMMMMM /a"), FAULT_METHOD_TOO_LONG);
    cr_expect_eq(overflow_of("GET /aaaaaaaaaaaa"), FAULT_TARGET_TOO_LONG);
    cr_expect_eq(overflow_of("GET /aaaaaaaaaaaa HTTP/"), FAULT_TARGET_TOO_LONG);
    cr_expect_eq(overflow_of("MMMMMMMMMMMMMMMM / HTTP/1.1\r"), FAULT_METHOD_TOO_LONG);
    cr_expect_eq(overflow_of("\r\n\r"), FAULT_EMPTY_LINES);
}
