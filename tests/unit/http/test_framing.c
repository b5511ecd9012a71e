#include <criterion/criterion.h>

#include "verbgate/http/framing.h"
#include "verbgate/http/message.h"

/* The fields are given as they stand on the wire, and read by the message parser: what is refused
 * there never gets here, and what gets here has been through the same hands as in life. */
static void read_fields(const char *text, struct field *items, unsigned room, struct fields *fields)
{
    fields_init(fields, items, room);
    struct message message;
    message_start(&message, MESSAGE_REQUEST, fields, NULL);
    size_t length = strlen(text);
    size_t used;
    cr_assert_eq(message_read_fields(&message, text, length, &used), MESSAGE_DONE, "%s", text);
    cr_assert_eq(used, length);
}

struct framing_case {
    const char *fields;
    unsigned minor;
    enum http_fault fault;
    enum framing_kind kind;
    uint64_t length;
};

#define CL "Content-Length: "
#define TE "Transfer-Encoding: "

/* What requests and responses share. */
static const struct framing_case shared_cases[] = {
    {CL "0\r\n\r\n", 1, FAULT_NONE, FRAMING_LENGTH, 0},
    {CL "5\r\n\r\n", 1, FAULT_NONE, FRAMING_LENGTH, 5},
    {CL "5\r\n\r\n", 0, FAULT_NONE, FRAMING_LENGTH, 5},
    {CL " \t5 \t \r\n\r\n", 1, FAULT_NONE, FRAMING_LENGTH, 5},
    {CL "00005\r\n\r\n", 1, FAULT_NONE, FRAMING_LENGTH, 5},
    {CL "999999999999999999\r\n\r\n", 1, FAULT_NONE, FRAMING_LENGTH, 999999999999999999},
    {TE "chunked\r\n\r\n", 1, FAULT_NONE, FRAMING_CHUNKED, 0},
    {TE "ChunKED \r\n\r\n", 1, FAULT_NONE, FRAMING_CHUNKED, 0},
    {TE "chunked\r\n\r\n", 2, FAULT_NONE, FRAMING_CHUNKED, 0},

    {CL "1000000000000000000\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "0000000000000000000\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "18446744073709551617\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "+5\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "-5\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "5 5\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "0x5\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "5a\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "5.0\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "5;q=1\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "\"5\"\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "chunked\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0},
    {CL "5\r\n" CL "5\r\n\r\n", 1, FAULT_LENGTH_REPEATED, 0, 0},
    {CL "5\r\ncontent-length: 6\r\n\r\n", 1, FAULT_LENGTH_REPEATED, 0, 0},
    {CL "5\r\n" CL "\r\n\r\n", 1, FAULT_LENGTH_REPEATED, 0, 0},
    {CL "5, 5\r\n\r\n", 1, FAULT_LENGTH_REPEATED, 0, 0},
    {CL "5,6\r\n\r\n", 1, FAULT_LENGTH_REPEATED, 0, 0},
    {CL "5,\r\n\r\n", 1, FAULT_LENGTH_REPEATED, 0, 0},

    /* CL.TE and TE.CL: which one a backend believes is never tried out. */
    {CL "6\r\n" TE "chunked\r\n\r\n", 1, FAULT_LENGTH_AND_CODING, 0, 0},
    {TE "chunked\r\n" CL "6\r\n\r\n", 1, FAULT_LENGTH_AND_CODING, 0, 0},
    {TE "identity\r\n" CL "6\r\n\r\n", 1, FAULT_LENGTH_AND_CODING, 0, 0},
    {TE "xchunked\r\n" CL "6\r\n\r\n", 1, FAULT_LENGTH_AND_CODING, 0, 0},
    {TE "\r\n" CL "6\r\n\r\n", 1, FAULT_LENGTH_AND_CODING, 0, 0},
    {CL "x\r\n" TE "chunked\r\n\r\n", 1, FAULT_LENGTH_AND_CODING, 0, 0},
    {CL "6\r\n" CL "6\r\n" TE "chunked\r\n\r\n", 1, FAULT_LENGTH_AND_CODING, 0, 0},

    /* TE.TE: no disguise of chunked is taken for chunked, nor for nothing. */
    {TE "chunked\r\n" TE "chunked\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunked\r\n" TE "identity\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "identity\r\n" TE "chunked\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "chunked\r\ntransfer-encoding: x\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "chunked\r\n" TE "\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunked, chunked\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunked,\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE ", chunked\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunked;a=b\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunked ;a=b\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunked;\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "\"chunked\"\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "'chunked'\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "chunked chunked\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunked\xa0\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "chunke\xc4\x91\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE ",\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},
    {TE "identity\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "xchunked\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "chunkedx\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "cow\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "gzip\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "gzip;q=1, chunked\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "gzip\r\n" TE "chunked\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "chunked, gzip\r\n\r\n", 1, FAULT_CODING_UNKNOWN, 0, 0},
    {TE "gzip, ch@nked\r\n\r\n", 1, FAULT_CODING_SYNTAX, 0, 0},

    {TE "chunked\r\n\r\n", 0, FAULT_CODING_VERSION, 0, 0},
    {TE "gzip\r\n\r\n", 0, FAULT_CODING_VERSION, 0, 0},
    {TE "chunked\r\n" CL "5\r\n\r\n", 0, FAULT_CODING_VERSION, 0, 0},
};

enum { SHARED_CASE_COUNT = sizeof shared_cases / sizeof shared_cases[0] };

static const struct framing untouched = {.kind = (enum framing_kind)77, .length = 77};

static void check(const struct framing_case *c, enum http_fault fault,
                  const struct framing *framing)
{
    cr_assert_eq(fault, c->fault, "%s (1.%u): %s", c->fields, c->minor, fault_sentence(fault));
    if (c->fault != FAULT_NONE) {
        cr_assert_eq(framing->kind, untouched.kind, "%s", c->fields);
        cr_assert_eq(framing->length, untouched.length, "%s", c->fields);
        return;
    }
    cr_assert_eq(framing->kind, c->kind, "%s", c->fields);
    if (c->kind == FRAMING_LENGTH) {
        cr_assert_eq(framing->length, c->length, "%s", c->fields);
    }
}

static void check_request(const struct framing_case *c)
{
    struct field items[8];
    struct fields fields;
    read_fields(c->fields, items, 8, &fields);
    struct framing framing = untouched;
    enum http_fault fault = framing_of_request(&fields, c->minor, &framing);
    check(c, fault, &framing);
}

static void check_response(const struct framing_case *c, unsigned status, enum method method)
{
    struct field items[8];
    struct fields fields;
    read_fields(c->fields, items, 8, &fields);
    struct framing framing = untouched;
    enum http_fault fault = framing_of_response(&fields, c->minor, status, method, &framing);
    check(c, fault, &framing);
}

Test(framing, judges_requests)
{
    static const struct framing_case none = {"Host: a\r\n\r\n", 1, FAULT_NONE, FRAMING_NONE, 0};
    check_request(&none);
    for (size_t i = 0; i < SHARED_CASE_COUNT; i++) {
        check_request(&shared_cases[i]);
    }
}

/* A server that folds names finds another end: uWSGI, for one, believes Content_Length beside chunks. */
static const struct framing_case twin_cases[] = {
    {"Content_Length: 4\r\n\r\n", 1, FAULT_LENGTH_TWIN, 0, 0},
    {TE "chunked\r\nContent_Length: 4\r\n\r\n", 1, FAULT_LENGTH_TWIN, 0, 0},
    {CL "5\r\nContent_Length: 0\r\n\r\n", 1, FAULT_LENGTH_TWIN, 0, 0},
    {CL "5\r\nCONTENT.LENGTH: 5\r\n\r\n", 1, FAULT_LENGTH_TWIN, 0, 0},
    {CL "5\r\ncontent~length:\r\n\r\n", 0, FAULT_LENGTH_TWIN, 0, 0},
    {"Transfer_Encoding: chunked\r\n\r\n", 1, FAULT_CODING_TWIN, 0, 0},
    {CL "5\r\nTransfer_Encoding: chunked\r\n\r\n", 1, FAULT_CODING_TWIN, 0, 0},
    {TE "chunked\r\ntransfer|encoding: identity\r\n\r\n", 1, FAULT_CODING_TWIN, 0, 0},
    {"TRANSFER+ENCODING: x\r\n\r\n", 0, FAULT_CODING_TWIN, 0, 0},
    {"Transfer_Encoding: x\r\nContent_Length: 5\r\n\r\n", 1, FAULT_LENGTH_TWIN, 0, 0},
    {"Connection: content_length\r\nContent_Length: 5\r\n\r\n", 1, FAULT_LENGTH_TWIN, 0, 0},
    {"Content_Lengths: 4\r\n\r\n", 1, FAULT_NONE, FRAMING_NONE, 0},
    {"Content__Length: 4\r\n\r\n", 1, FAULT_NONE, FRAMING_NONE, 0},
};

Test(framing, refuses_requests_with_a_twin_of_a_framing_field)
{
    for (size_t i = 0; i < sizeof twin_cases / sizeof twin_cases[0]; i++) {
        check_request(&twin_cases[i]);
    }
}

Test(framing, of_a_response_is_not_what_a_twin_says)
{
    static const struct framing_case twin = {"Content_Length: 4\r\n\r\n", 1, FAULT_NONE,
                                             FRAMING_UNTIL_CLOSE, 0};
    check_response(&twin, 200, METHOD_GET);
}

Test(framing, judges_responses_with_content_as_requests)
{
    static const unsigned statuses[] = {200, 206, 301, 404, 500, 599};
    for (size_t i = 0; i < SHARED_CASE_COUNT; i++) {
        for (size_t j = 0; j < sizeof statuses / sizeof statuses[0]; j++) {
            check_response(&shared_cases[i], statuses[j], METHOD_GET);
            check_response(&shared_cases[i], statuses[j], METHOD_UNKNOWN);
        }
    }
}

Test(framing, lets_a_response_without_length_last_until_close)
{
    static const struct framing_case bare = {"\r\n", 1, FAULT_NONE, FRAMING_UNTIL_CLOSE, 0};
    check_response(&bare, 200, METHOD_GET);
    static const struct framing_case old = {"\r\n", 0, FAULT_NONE, FRAMING_UNTIL_CLOSE, 0};
    check_response(&old, 500, METHOD_POST);
}

Test(framing, knows_the_responses_that_never_have_content)
{
    static const struct framing_case cases[] = {
        {"\r\n", 1, FAULT_NONE, FRAMING_NONE, 0},
        {CL "5\r\n\r\n", 1, FAULT_NONE, FRAMING_NONE, 0},
        {TE "chunked\r\n\r\n", 1, FAULT_NONE, FRAMING_NONE, 0},
        {TE "gzip\r\n\r\n", 0, FAULT_NONE, FRAMING_NONE, 0},
        {TE "chunked\r\n" CL "5\r\n\r\n", 1, FAULT_NONE, FRAMING_NONE, 0},
    };
    static const unsigned statuses[] = {100, 101, 103, 199, 204, 304};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t j = 0; j < sizeof statuses / sizeof statuses[0]; j++) {
            check_response(&cases[i], statuses[j], METHOD_GET);
        }
        check_response(&cases[i], 200, METHOD_HEAD);
        check_response(&cases[i], 404, METHOD_HEAD);
    }
}

Test(framing, judges_a_length_that_is_passed_on_without_content)
{
    static const struct framing_case syntax = {CL "5x\r\n\r\n", 1, FAULT_LENGTH_SYNTAX, 0, 0};
    static const struct framing_case repeated = {CL "5\r\n" CL "5\r\n\r\n", 1,
                                                 FAULT_LENGTH_REPEATED, 0, 0};
    static const struct framing_case list = {CL "5, 5\r\n\r\n", 1, FAULT_LENGTH_REPEATED, 0, 0};
    check_response(&syntax, 200, METHOD_HEAD);
    check_response(&repeated, 200, METHOD_HEAD);
    check_response(&list, 304, METHOD_GET);
    /* These are not passed on, so they are nobody's matter. */
    static const struct framing_case dropped = {CL "5\r\n" CL "x\r\n\r\n", 1, FAULT_NONE,
                                                FRAMING_NONE, 0};
    check_response(&dropped, 204, METHOD_GET);
    check_response(&dropped, 103, METHOD_GET);
    check_response(&dropped, 204, METHOD_HEAD);
}

/* The parser keeps control bytes out; framing does not rely on it. */
Test(framing, refuses_control_bytes_around_chunked)
{
    static const struct slice values[] = {{"\x0b"
                                           "chunked",
                                           8},
                                          {"chunked\0", 8},
                                          {"chunked\r", 8},
                                          {"chunked\n", 8}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct field items[1];
        struct fields fields;
        fields_init(&fields, items, 1);
        cr_assert_eq(fields_add(&fields, SLICE("Transfer-Encoding"), values[i]), FAULT_NONE);
        struct framing framing;
        cr_assert_eq(framing_of_request(&fields, 1, &framing), FAULT_CODING_SYNTAX, "%zu", i);
    }
}
