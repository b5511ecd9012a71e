/* Responses, chunks and trailers as they are sent. */
#include <criterion/criterion.h>

#include "received_fields.h"
#include "verbgate/http/serialise.h"

static struct response_head plain_response(const struct received *received)
{
    return (struct response_head){.status = 200,
                                  .reason = SLICE("Fine"),
                                  .fields = &received->fields,
                                  .framing = {.kind = FRAMING_LENGTH, .length = 12}};
}

static void check_response(const struct response_head *head, const char *expected)
{
    char buffer[HEAD_BYTES];
    struct writer writer = writer_make(buffer, sizeof buffer);
    serialise_response_head(&writer, head);
    cr_assert_not(writer.overflow);
    writer_byte(&writer, '\0');
    cr_assert_str_eq(buffer, expected);
}

Test(serialise_response, writes_a_response_with_its_fields_in_order)
{
    struct received received;
    receive(&received, MESSAGE_RESPONSE,
            SLICE("Server: x\r\nContent-Length: 12\r\nConnection: close, x-hop\r\nX-Hop: 1\r\n"
                  "Keep-Alive: 5\r\nSet-Cookie: a=b\r\nVia: 1.1 c\r\nset-cookie: c=d\r\n\r\n"));
    struct response_head head = plain_response(&received);
    static const char fields[] =
        "Server: x\r\nSet-Cookie: a=b\r\nVia: 1.1 c\r\nset-cookie: c=d\r\n";
    char expected[512];
    struct writer writer = writer_make(expected, sizeof expected);
    writer_format(&writer, "HTTP/1.1 200 Fine\r\n%sContent-Length: 12\r\n\r\n%c", fields, 0);
    check_response(&head, expected);
    head.reason = slice_make(NULL, 0);
    head.close = true;
    head.framing.kind = FRAMING_UNTIL_CLOSE;
    writer.length = 0;
    writer_format(&writer, "HTTP/1.1 200 \r\n%sConnection: close\r\n\r\n%c", fields, 0);
    check_response(&head, expected);
}

Test(serialise_response, adds_a_date_only_when_there_is_none)
{
    struct received received;
    receive(&received, MESSAGE_RESPONSE, SLICE("A: b\r\n\r\n"));
    struct response_head head = plain_response(&received);
    head.date = SLICE("Sun, 06 Nov 1994 08:49:37 GMT");
    check_response(&head, "HTTP/1.1 200 Fine\r\nA: b\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                          "Content-Length: 12\r\n\r\n");
    receive(&received, MESSAGE_RESPONSE, SLICE("date: yesterday\r\n\r\n"));
    check_response(&head, "HTTP/1.1 200 Fine\r\ndate: yesterday\r\nContent-Length: 12\r\n\r\n");
}

Test(serialise_response, reframes_a_response_as_it_will_be_sent)
{
    struct received received;
    receive(&received, MESSAGE_RESPONSE, SLICE("Transfer-Encoding: chunked\r\nTrailer: T\r\n\r\n"));
    struct response_head head = plain_response(&received);
    head.framing = (struct framing){.kind = FRAMING_CHUNKED};
    check_response(&head, "HTTP/1.1 200 Fine\r\nTrailer: T\r\nTransfer-Encoding: chunked\r\n\r\n");
    head.framing.kind = FRAMING_UNTIL_CLOSE;
    head.drop_trailer_field = true;
    head.close = true;
    check_response(&head, "HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\n");
    head.close = false;
    head.keep_alive = true;
    head.framing = (struct framing){.kind = FRAMING_LENGTH, .length = 0};
    check_response(&head,
                   "HTTP/1.1 200 Fine\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n");
}

Test(serialise_response, passes_the_length_of_a_response_without_content)
{
    struct received received;
    receive(&received, MESSAGE_RESPONSE, SLICE("content-length: 77\r\n\r\n"));
    struct response_head head = plain_response(&received);
    head.framing = (struct framing){.kind = FRAMING_NONE};
    check_response(&head, "HTTP/1.1 200 Fine\r\n\r\n");
    head.keep_length = true;
    check_response(&head, "HTTP/1.1 200 Fine\r\ncontent-length: 77\r\n\r\n");
    receive(&received, MESSAGE_RESPONSE,
            SLICE("Content-Length: 77\r\nTransfer-Encoding: chunked\r\n\r\n"));
    check_response(&head, "HTTP/1.1 200 Fine\r\n\r\n");
    receive(&received, MESSAGE_RESPONSE, SLICE("A: b\r\n\r\n"));
    check_response(&head, "HTTP/1.1 200 Fine\r\nA: b\r\n\r\n");
}

Test(serialise_response, never_frames_1xx_and_204)
{
    static const struct framing framings[] = {
        {.kind = FRAMING_NONE}, {.kind = FRAMING_LENGTH, .length = 0}, {.kind = FRAMING_CHUNKED}};
    static const unsigned statuses[] = {100, 103, 204};
    static const char *const expected[] = {"HTTP/1.1 100 Fine\r\nA: b\r\n\r\n",
                                           "HTTP/1.1 103 Fine\r\nA: b\r\n\r\n",
                                           "HTTP/1.1 204 Fine\r\nA: b\r\n\r\n"};
    struct received received;
    receive(&received, MESSAGE_RESPONSE, SLICE("Content-Length: 7\r\nA: b\r\n\r\n"));
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            struct response_head head = plain_response(&received);
            head.status = statuses[i];
            head.framing = framings[j];
            head.keep_length = true;
            check_response(&head, expected[i]);
        }
    }
}

Test(serialise_response, writes_the_answer_to_an_upgrade)
{
    struct received received;
    receive(&received, MESSAGE_RESPONSE,
            SLICE("Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n"));
    struct response_head head = plain_response(&received);
    head.status = 101;
    head.reason = SLICE("Switching Protocols");
    head.framing.kind = FRAMING_NONE;
    head.upgrade = SLICE("websocket");
    check_response(&head, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n"
                          "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
}

Test(serialise_response, writes_chunk_heads)
{
    static const struct {
        uint64_t length;
        const char *text;
    } cases[] = {{1, "1\r\n"},
                 {9, "9\r\n"},
                 {10, "a\r\n"},
                 {65536, "10000\r\n"},
                 {UINT64_MAX, "ffffffffffffffff\r\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[SERIALISE_CHUNK_HEAD_MAX];
        struct writer writer = writer_make(buffer, sizeof buffer);
        serialise_chunk_head(&writer, cases[i].length);
        cr_assert_not(writer.overflow);
        cr_assert(slice_equal(writer_slice(&writer), slice_of(cases[i].text)));
    }
}

static void check_last_chunk(const struct trailers *trailers, const char *expected)
{
    char buffer[HEAD_BYTES];
    struct writer writer = writer_make(buffer, sizeof buffer);
    serialise_last_chunk(&writer, trailers);
    cr_assert_not(writer.overflow);
    writer_byte(&writer, '\0');
    cr_assert_str_eq(buffer, expected);
}

Test(serialise_response, writes_the_last_chunk)
{
    check_last_chunk(NULL, "0\r\n\r\n");
    struct trailers trailers;
    fields_init(&trailers.fields, trailers.items, MESSAGE_TRAILERS_MAX);
    check_last_chunk(&trailers, "0\r\n\r\n");
    cr_assert_eq(fields_add(&trailers.fields, SLICE("Digest"), SLICE("a=b")), FAULT_NONE);
    cr_assert_eq(fields_add(&trailers.fields, SLICE("X-Empty"), SLICE("")), FAULT_NONE);
    check_last_chunk(&trailers, "0\r\nDigest: a=b\r\nX-Empty: \r\n\r\n");
}

Test(serialise_response, leaves_out_trailers_that_would_change_the_message)
{
    static const char *const refused[] = {
        "Content-Length",
        "transfer-encoding",
        "Host",
        "Trailer",
        "TE",
        "Connection",
        "Cache-Control",
        "Expect",
        "Max-Forwards",
        "Authorization",
        "Set-Cookie",
        "Cookie",
        "Content-Type",
        "Content-Encoding",
        "Content-Range",
        "Date",
        "X-Forwarded-For",
        "If-None-Match",
        "If-Modified-Since",
        "Range",
        "Location",
        "VARY",
        "Age",
        "WWW-Authenticate",
        "Upgrade",
        "X-Forwarded-Port",
        "X-Real-IP",
        "Client-Cert",
        "Proxy",
        "X-Original-URL",
        "X-HTTP-Method",
        /* and what a recipient may fold into one of these */
        "Content_Length",
        "Transfer.Encoding",
        "X_Forwarded_For",
        "x_forwarded_port",
        "X_REAL_IP",
        "X_Request_ID",
        "Set_Cookie",
        "Content_Type",
        "If_None_Match",
        "proxy_authorization",
        "WWW~Authenticate",
        "X_HTTP_Method_Override",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct trailers trailers;
        fields_init(&trailers.fields, trailers.items, MESSAGE_TRAILERS_MAX);
        cr_assert_eq(fields_add(&trailers.fields, slice_of(refused[i]), SLICE("1")), FAULT_NONE);
        cr_assert_eq(fields_add(&trailers.fields, SLICE("Sum"), SLICE("2")), FAULT_NONE);
        check_last_chunk(&trailers, "0\r\nSum: 2\r\n\r\n");
    }
}
