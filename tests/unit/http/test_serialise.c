#include <criterion/criterion.h>

#include "received_fields.h"
#include "verbgate/http/request_line.h"
#include "verbgate/http/serialise.h"

#include <stdlib.h>

static const struct target plain_target = {
    .form = TARGET_ORIGIN,
    .path = {"/a%2Fb/../c", 11},
    .path_query = {"/a%2Fb/../c?q=%20", 17},
};

static struct request_head plain_request(const struct received *received)
{
    return (struct request_head){
        .method = SLICE("POST"),
        .target = &plain_target,
        .fields = &received->fields,
        .framing = {.kind = FRAMING_NONE},
        .received_minor = 1,
        .host = SLICE("backend:9000"),
        .received_host = SLICE("shop.example"),
        .client_ip = SLICE("192.0.2.7"),
        .via_name = SLICE("verbgate"),
        .forwarded = FORWARDED_OFF,
        .max_forwards = -1,
    };
}

/* The head must be `expected`, and every smaller buffer must end in overflow, not behind its end.
 */
static void check_request(const struct request_head *head, const char *expected)
{
    char buffer[HEAD_BYTES];
    struct writer writer = writer_make(buffer, sizeof buffer);
    serialise_request_head(&writer, head);
    cr_assert_not(writer.overflow);
    writer_byte(&writer, '\0');
    cr_assert_str_eq(buffer, expected);
    for (size_t capacity = 0; capacity < strlen(expected); capacity++) {
        char *small = malloc(capacity + 1);
        struct writer tight = writer_make(small + 1, capacity);
        serialise_request_head(&tight, head);
        cr_assert(tight.overflow, "%zu bytes", capacity);
        free(small);
    }
}

#define REQUEST_LINE "POST /a%2Fb/../c?q=%20 HTTP/1.1\r\n"
#define HOST_LINE    "Host: backend:9000\r\n"
#define VIA_LINE     "Via: 1.1 verbgate\r\n"

Test(serialise, writes_a_request_with_its_fields_in_order)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST,
            SLICE("Accept: */*\r\nHOST: shop.example\r\nX-Own:\r\naccept: text/html\r\n\r\n"));
    struct request_head head = plain_request(&received);
    check_request(&head, REQUEST_LINE HOST_LINE
                  "Accept: */*\r\nX-Own: \r\naccept: text/html\r\n" VIA_LINE "\r\n");
}

Test(serialise, writes_each_form_of_target)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST, SLICE("\r\n"));
    struct request_head head = plain_request(&received);
    head.method = SLICE("OPTIONS");
    struct target target = {.form = TARGET_ASTERISK, .path = SLICE("*")};
    head.target = &target;
    check_request(&head, "OPTIONS * HTTP/1.1\r\n" HOST_LINE VIA_LINE "\r\n");
    target =
        (struct target){.form = TARGET_ABSOLUTE, .path_query = SLICE("?q"), .needs_slash = true};
    check_request(&head, "OPTIONS /?q HTTP/1.1\r\n" HOST_LINE VIA_LINE "\r\n");
    target = (struct target){.form = TARGET_ABSOLUTE, .path_query = SLICE("/x?q")};
    check_request(&head, "OPTIONS /x?q HTTP/1.1\r\n" HOST_LINE VIA_LINE "\r\n");
}

Test(serialise, sends_no_received_framing_onward)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST,
            SLICE("Content-Length: 5\r\nTransfer-Encoding: chunked\r\nA: b\r\n"
                  "content-length: 7\r\ntransfer-encoding: x\r\n\r\n"));
    struct request_head head = plain_request(&received);
    check_request(&head, REQUEST_LINE HOST_LINE "A: b\r\n" VIA_LINE "\r\n");
    head.framing = (struct framing){.kind = FRAMING_LENGTH, .length = 0};
    check_request(&head, REQUEST_LINE HOST_LINE "A: b\r\n" VIA_LINE "Content-Length: 0\r\n\r\n");
    head.framing = (struct framing){.kind = FRAMING_LENGTH, .length = 999999999999999999};
    check_request(&head, REQUEST_LINE HOST_LINE "A: b\r\n" VIA_LINE
                                                "Content-Length: 999999999999999999\r\n\r\n");
    head.framing = (struct framing){.kind = FRAMING_CHUNKED};
    check_request(&head,
                  REQUEST_LINE HOST_LINE "A: b\r\n" VIA_LINE "Transfer-Encoding: chunked\r\n\r\n");
}

Test(serialise, keeps_hop_by_hop_fields_of_the_client_back)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST,
            SLICE("Connection: close, x-own, upgrade, te\r\nX-Own: 1\r\nKeep-Alive: 5\r\n"
                  "Upgrade: h2c\r\nHTTP2-Settings: AAA\r\nTE: trailers\r\n"
                  "Proxy-Connection: close\r\nX-Other: 2\r\n\r\n"));
    struct request_head head = plain_request(&received);
    check_request(&head, REQUEST_LINE HOST_LINE "X-Other: 2\r\n" VIA_LINE "\r\n");
    head.takes_trailers = true;
    check_request(&head, REQUEST_LINE HOST_LINE "X-Other: 2\r\n" VIA_LINE
                                                "TE: trailers\r\nConnection: TE\r\n\r\n");
    head.upgrade = SLICE("websocket");
    check_request(&head, REQUEST_LINE HOST_LINE "X-Other: 2\r\n" VIA_LINE
                                                "TE: trailers\r\nUpgrade: websocket\r\n"
                                                "Connection: TE, Upgrade\r\n\r\n");
    head.takes_trailers = false;
    check_request(&head, REQUEST_LINE HOST_LINE
                  "X-Other: 2\r\n" VIA_LINE "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    head.close = true;
    check_request(&head, REQUEST_LINE HOST_LINE
                  "X-Other: 2\r\n" VIA_LINE
                  "Upgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n");
    head.upgrade = slice_make(NULL, 0);
    check_request(&head,
                  REQUEST_LINE HOST_LINE "X-Other: 2\r\n" VIA_LINE "Connection: close\r\n\r\n");
    head.takes_trailers = true;
    check_request(&head, REQUEST_LINE HOST_LINE "X-Other: 2\r\n" VIA_LINE
                                                "TE: trailers\r\nConnection: TE, close\r\n\r\n");
}

Test(serialise, drops_or_passes_expect_trailer_and_max_forwards)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST,
            SLICE("Expect: 100-continue\r\nTrailer: T\r\nMax-Forwards: 3\r\n\r\n"));
    struct request_head head = plain_request(&received);
    check_request(&head, REQUEST_LINE HOST_LINE
                  "Expect: 100-continue\r\nMax-Forwards: 3\r\n" VIA_LINE "\r\n");
    head.drop_expect = true;
    head.max_forwards = 2;
    head.framing.kind = FRAMING_CHUNKED;
    check_request(&head, REQUEST_LINE HOST_LINE "Max-Forwards: 2\r\n" VIA_LINE
                                                "Transfer-Encoding: chunked\r\n\r\n");
    head.passes_trailers = true;
    check_request(&head, REQUEST_LINE HOST_LINE "Trailer: T\r\nMax-Forwards: 2\r\n" VIA_LINE
                                                "Transfer-Encoding: chunked\r\n\r\n");
    head.max_forwards = 0;
    check_request(&head, REQUEST_LINE HOST_LINE "Trailer: T\r\nMax-Forwards: 0\r\n" VIA_LINE
                                                "Transfer-Encoding: chunked\r\n\r\n");
}

Test(serialise, appends_to_via_behind_what_came)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST, SLICE("Via: 1.0 a, 1.1 b\r\nA: b\r\nVia: 1.1 c\r\n\r\n"));
    struct request_head head = plain_request(&received);
    head.received_minor = 0;
    check_request(&head, REQUEST_LINE HOST_LINE "Via: 1.0 a, 1.1 b\r\nA: b\r\nVia: 1.1 c\r\n"
                                                "Via: 1.0 verbgate\r\n\r\n");
}

#define REST "X-Forwarded-Port: 1\r\nx-forwarded: a\r\nX-Real-IP: 6.6.6.6\r\n"

Test(serialise, writes_forwarded_fields_by_mode)
{
    static const char section[] = "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
                                  "X-Forwarded-For:\r\nX-Forwarded-Host: front\r\n"
                                  "x-forwarded-for: 10.0.0.2, 10.0.0.3\r\n"
                                  "Forwarded: for=10.0.0.1\r\nX-Forwarded-Port: 1\r\n"
                                  "x-forwarded: a\r\nX-Real-IP: 6.6.6.6\r\nPROXY: p\r\n\r\n";
    struct received received;
    receive(&received, MESSAGE_REQUEST, SLICE(section));
    struct request_head head = plain_request(&received);
    check_request(&head,
                  REQUEST_LINE HOST_LINE "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
                                         "X-Forwarded-For: \r\nX-Forwarded-Host: front\r\n"
                                         "x-forwarded-for: 10.0.0.2, 10.0.0.3\r\n"
                                         "Forwarded: for=10.0.0.1\r\n" REST VIA_LINE "\r\n");
    head.forwarded = FORWARDED_APPEND;
    check_request(&head, REQUEST_LINE HOST_LINE
                  "X-Forwarded-Proto: https\r\nX-Forwarded-Host: front\r\n"
                  "Forwarded: for=10.0.0.1\r\n" REST
                  "X-Forwarded-For: 10.0.0.1, 10.0.0.2, 10.0.0.3, 192.0.2.7\r\n" VIA_LINE "\r\n");
    head.forwarded = FORWARDED_REPLACE;
    check_request(&head,
                  REQUEST_LINE HOST_LINE "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                                         "X-Forwarded-Host: shop.example\r\n" VIA_LINE "\r\n");
    head.received_host = slice_make(NULL, 0);
    head.host = slice_make(NULL, 0);
    check_request(&head, REQUEST_LINE "Host: \r\nX-Forwarded-For: 192.0.2.7\r\n"
                                      "X-Forwarded-Proto: http\r\n" VIA_LINE "\r\n");

    /* A client without an address, on a Unix socket. */
    head.client_ip = slice_make(NULL, 0);
    check_request(&head, REQUEST_LINE "Host: \r\nX-Forwarded-Proto: http\r\n" VIA_LINE "\r\n");
    head.forwarded = FORWARDED_APPEND;
    check_request(&head,
                  REQUEST_LINE "Host: \r\nX-Forwarded-Proto: https\r\n"
                               "X-Forwarded-Host: front\r\nForwarded: for=10.0.0.1\r\n" REST
                               "X-Forwarded-For: 10.0.0.1, 10.0.0.2, 10.0.0.3\r\n" VIA_LINE "\r\n");

    /* What a trusted proxy did not say is said by us. */
    receive(&received, MESSAGE_REQUEST, SLICE("A: b\r\n\r\n"));
    head = plain_request(&received);
    head.forwarded = FORWARDED_APPEND;
    check_request(&head,
                  REQUEST_LINE HOST_LINE "A: b\r\nX-Forwarded-For: 192.0.2.7\r\n"
                                         "X-Forwarded-Proto: http\r\n"
                                         "X-Forwarded-Host: shop.example\r\n" VIA_LINE "\r\n");
}

/* Generated heads: what is written is read again to the same fields and the same framing. */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

static void generate_section(struct writer *writer, uint32_t *random)
{
    static const char *const lines[] = {
        "Host: shop.example",
        "Accept: a, b",
        "X-One: 1",
        "X-Two:",
        "x-one: \t2\t",
        "Cookie: a=b; c=d",
        "Content-Length: 5",
        "Expect: x",
        "Connection: x-one, keep-alive",
        "Connection: close",
        "Keep-Alive: 5",
        "Transfer-Encoding: chunked",
        "Via: 1.1 other",
        "X-Forwarded-For: 1",
        "X-Forwarded-Host: h",
        "TE: trailers, gzip",
        "Upgrade: websocket",
        "Trailer: x",
        "X-Bytes: \x80\xff:,\"\\;",
        "Max-Forwards: 9",
        "Connection: te, upgrade",
        "User-Agent: u/1 (x; y)",
        "Authorization: B a=",
        "X-Forwarded-Proto: https",
    };
    unsigned count = next_random(random) % 12;
    for (unsigned i = 0; i < count; i++) {
        writer_string(writer, lines[next_random(random) % (sizeof lines / sizeof lines[0])]);
        writer_literal(writer, "\r\n");
    }
    writer_literal(writer, "\r\n");
}

static struct request_head generate_head(const struct received *received, uint32_t *random)
{
    struct request_head head = plain_request(received);
    unsigned bits = next_random(random);
    head.framing.kind = (enum framing_kind)(next_random(random) % FRAMING_UNTIL_CLOSE);
    head.framing.length = next_random(random);
    head.forwarded = (enum forwarded_mode)(next_random(random) % 3);
    head.drop_expect = bits & 1;
    head.takes_trailers = bits & 2;
    head.upgrade = bits & 4 ? SLICE("websocket") : slice_make(NULL, 0);
    head.max_forwards = bits & 8 ? 4 : -1;
    return head;
}

/* Fields that no rule touches. */
static bool is_plain(const struct field *field)
{
    switch (field->id) {
    case FIELD_OTHER:
    case FIELD_ACCEPT:
    case FIELD_AUTHORIZATION:
    case FIELD_COOKIE:
    case FIELD_USER_AGENT:
        return !field->is_hop_by_hop;
    default:
        return false;
    }
}

static const struct field *next_plain(const struct fields *fields, unsigned *at)
{
    while (*at < fields->count) {
        const struct field *field = &fields->items[(*at)++];
        if (is_plain(field)) {
            return field;
        }
    }
    return NULL;
}

static void check_plain_fields(const struct fields *in, const struct fields *out)
{
    unsigned in_at = 0;
    unsigned out_at = 0;
    const struct field *expected;
    do {
        expected = next_plain(in, &in_at);
        const struct field *written = next_plain(out, &out_at);
        cr_assert_eq(expected == NULL, written == NULL);
        if (expected != NULL) {
            cr_assert(slice_equal(expected->name, written->name));
            cr_assert(slice_equal(expected->value, written->value));
        }
    } while (expected != NULL);
}

static void check_written(const struct request_head *head, struct slice text)
{
    struct request_line_scanner scanner;
    request_line_start(&scanner);
    struct request_line line;
    enum http_fault fault;
    cr_assert_eq(request_line_scan(&scanner, text.data, text.length, 64, &line, &fault), SCAN_DONE);
    cr_assert(slice_equal(line.method, head->method));
    cr_assert(slice_equal(line.target, head->target->path_query));
    cr_assert_eq(line.version_minor, 1);
    struct received again;
    receive(&again, MESSAGE_REQUEST, slice_after(text, line.length));
    const struct fields *fields = &again.fields;

    check_plain_fields(head->fields, fields);
    cr_assert_eq(fields->items[0].id, FIELD_HOST);
    cr_assert_eq(fields_count(fields, FIELD_HOST), 1);
    cr_assert(slice_equal(fields->items[0].value, head->host));
    struct framing framing;
    cr_assert_eq(framing_of_request(fields, 1, &framing), FAULT_NONE);
    cr_assert_eq(framing.kind, head->framing.kind);
    cr_assert(framing.kind != FRAMING_LENGTH || framing.length == head->framing.length);
    struct connection_info info;
    cr_assert_eq(connection_read(&again.fields, 1, &info), FAULT_NONE);
    cr_assert(info.is_persistent);
    cr_assert_eq(info.takes_trailers, head->takes_trailers);
    cr_assert_eq(info.wants_upgrade, head->upgrade.length > 0);
    cr_assert_eq(fields_count(fields, FIELD_VIA), fields_count(head->fields, FIELD_VIA) + 1);
    cr_assert_eq(fields_has(fields, FIELD_EXPECT),
                 fields_has(head->fields, FIELD_EXPECT) && !head->drop_expect);
    cr_assert_not(fields_has(fields, FIELD_KEEP_ALIVE));
}

Test(serialise, writes_what_reads_back_to_the_same_fields)
{
    uint32_t random = 7;
    for (unsigned round = 0; round < 2000; round++) {
        char section[HEAD_BYTES];
        struct writer received_text = writer_make(section, sizeof section);
        generate_section(&received_text, &random);
        struct received received;
        receive(&received, MESSAGE_REQUEST, writer_slice(&received_text));
        struct request_head head = generate_head(&received, &random);
        char text[HEAD_BYTES];
        struct writer writer = writer_make(text, sizeof text);
        serialise_request_head(&writer, &head);
        cr_assert_not(writer.overflow);
        check_written(&head, writer_slice(&writer));
    }
}

/* Lines that came as they are sent go on in one piece; those between them do not. */
Test(serialise, writes_every_field_the_same_way_however_it_came)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST,
            SLICE("A: 1\r\nB: 2\r\nC:3\r\nD:  4\r\nE:\t5\r\nF: 6 \r\nG: 7\r\nH:\r\nI: \r\n"
                  "Connection: k\r\nJ: 10\r\nK: 11\r\nL: 1\t2\r\nM: 13\t\r\nN: 14\r\n\r\n"));
    struct request_head head = plain_request(&received);
    check_request(&head, REQUEST_LINE HOST_LINE
                  "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nH: \r\nI: \r\n"
                  "J: 10\r\nL: 1\t2\r\nM: 13\r\nN: 14\r\n" VIA_LINE "\r\n");
}

static const struct slice spelled[] = {
    {"SOAPAction", 10}, {"HOST", 4}, {"content-LENGTH", 14}, {"vIA", 3}, {"X-forwarded-FOR", 15},
};

Test(serialise, spells_listed_names_as_the_list_does_wherever_they_come_from)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST,
            SLICE("soapaction: via: host\r\nX-Own: SOAPaction\r\nSOAPACTION2: 1\r\n\r\n"));
    struct request_head head = plain_request(&received);
    const struct field_spellings spellings = {spelled, sizeof spelled / sizeof spelled[0]};
    head.spellings = &spellings;
    head.forwarded = FORWARDED_REPLACE;
    head.framing = (struct framing){.kind = FRAMING_LENGTH, .length = 7};
    head.extra = SLICE("SoapAction: twice\r\n");
    check_request(&head, REQUEST_LINE
                  "HOST: backend:9000\r\nSOAPAction: via: host\r\nX-Own: SOAPaction\r\n"
                  "SOAPACTION2: 1\r\nSOAPAction: twice\r\nX-forwarded-FOR: 192.0.2.7\r\n"
                  "X-Forwarded-Proto: http\r\nX-Forwarded-Host: shop.example\r\n"
                  "vIA: 1.1 verbgate\r\ncontent-LENGTH: 7\r\n\r\n");
}

Test(serialise, leaves_out_what_http_1_0_does_not_know)
{
    struct received received;
    receive(&received, MESSAGE_REQUEST,
            SLICE("Expect: 100-continue\r\nTE: trailers\r\nUpgrade: websocket\r\n"
                  "Connection: TE, Upgrade\r\nX-Own: 1\r\n\r\n"));
    struct request_head head = plain_request(&received);
    head.is_http_10 = true;
    head.takes_trailers = true;
    head.upgrade = SLICE("websocket");
    head.framing = (struct framing){.kind = FRAMING_LENGTH, .length = 2};
    check_request(&head, "POST /a%2Fb/../c?q=%20 HTTP/1.0\r\n" HOST_LINE "X-Own: 1\r\n" VIA_LINE
                         "Content-Length: 2\r\n\r\n");
}
