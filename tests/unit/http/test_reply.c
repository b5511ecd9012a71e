#include <criterion/criterion.h>

#include "verbgate/http/message.h"
#include "verbgate/http/reply.h"

#include <stdlib.h>

#define DATE      "Sun, 06 Nov 1994 08:49:37 GMT"
#define DATE_LINE "Date: " DATE "\r\n"

static struct reply plain_reply(unsigned status)
{
    return (struct reply){.status = status, .proxy_name = SLICE("verbgate"), .date = SLICE(DATE)};
}

static void check_reply(const struct reply *reply, const char *expected)
{
    char buffer[2048];
    struct writer writer = writer_make(buffer, sizeof buffer);
    reply_write(&writer, reply);
    cr_assert_not(writer.overflow);
    writer_byte(&writer, '\0');
    cr_assert_str_eq(buffer, expected);
}

Test(reply, writes_an_answer_with_all_its_fields_in_order)
{
    struct reply reply = plain_reply(405);
    reply.has_allow = true;
    reply.allow = SLICE("GET, HEAD");
    reply.proxy_error = "http_request_denied";
    reply.details = quote_make(SLICE("route \"orders\" takes GET"));
    reply.body = SLICE("405 not here\n");
    reply.close = true;
    check_reply(&reply, "HTTP/1.1 405 Method Not Allowed\r\n" DATE_LINE
                        "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n"
                        "Allow: GET, HEAD\r\nCache-Control: no-store\r\n"
                        "Proxy-Status: verbgate; error=http_request_denied; "
                        "details=\"route \\\"orders\\\" takes GET\"\r\nConnection: close\r\n\r\n"
                        "405 not here\n");
    reply.head_only = true;
    reply.details = quote_make(slice_make(NULL, 0));
    check_reply(&reply, "HTTP/1.1 405 Method Not Allowed\r\n" DATE_LINE
                        "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n"
                        "Allow: GET, HEAD\r\nCache-Control: no-store\r\n"
                        "Proxy-Status: verbgate; error=http_request_denied\r\n"
                        "Connection: close\r\n\r\n");
}

Test(reply, writes_no_content_type_without_a_body)
{
    struct reply reply = plain_reply(200);
    check_reply(&reply, "HTTP/1.1 200 OK\r\n" DATE_LINE
                        "Content-Length: 0\r\nCache-Control: no-store\r\n\r\n");
}

Test(reply, tells_an_empty_allow_from_none)
{
    struct reply reply = plain_reply(405);
    reply.has_allow = true;
    check_reply(&reply, "HTTP/1.1 405 Method Not Allowed\r\n" DATE_LINE
                        "Content-Length: 0\r\nAllow: \r\nCache-Control: no-store\r\n\r\n");
}

Test(reply, has_no_length_in_a_204)
{
    struct reply reply = plain_reply(204);
    reply.has_allow = true;
    reply.allow = SLICE("GET");
    check_reply(&reply, "HTTP/1.1 204 No Content\r\n" DATE_LINE
                        "Allow: GET\r\nCache-Control: no-store\r\n\r\n");
}

Test(reply, names_its_type_its_documentation_and_its_age)
{
    struct reply reply = plain_reply(501);
    reply.docs = SLICE("https://example.com/?a=1");
    reply.max_age = 10;
    reply.body = SLICE("{}");
    reply.media = MEDIA_PROBLEM;
    reply.varies = true;
    check_reply(&reply, "HTTP/1.1 501 Not Implemented\r\n" DATE_LINE
                        "Content-Type: application/problem+json\r\nContent-Length: 2\r\n"
                        "Link: <https://example.com/?a=1>; rel=\"help\"\r\nVary: Accept\r\n"
                        "Cache-Control: max-age=10\r\n\r\n{}");
}

Test(reply, lets_close_win_over_keep_alive)
{
    struct reply reply = plain_reply(200);
    reply.keep_alive = true;
    check_reply(&reply, "HTTP/1.1 200 OK\r\n" DATE_LINE "Content-Length: 0\r\n"
                        "Cache-Control: no-store\r\nConnection: keep-alive\r\n\r\n");
    reply.close = true;
    check_reply(&reply, "HTTP/1.1 200 OK\r\n" DATE_LINE "Content-Length: 0\r\n"
                        "Cache-Control: no-store\r\nConnection: close\r\n\r\n");
}

/* Writes a reply with these details and gives back what stands between the quotes. */
static size_t write_details(struct slice details, char *out, size_t room)
{
    struct reply reply = plain_reply(501);
    reply.proxy_error = "http_request_error";
    reply.details = quote_make(details);
    char buffer[2048];
    struct writer writer = writer_make(buffer, sizeof buffer);
    reply_write(&writer, &reply);
    cr_assert_not(writer.overflow);
    writer_byte(&writer, '\0');
    static const char before[] = "details=\"";
    const char *start = strstr(buffer, before);
    cr_assert_not_null(start);
    start += sizeof before - 1;
    const char *end = strstr(start, "\"\r\n\r\n");
    cr_assert_not_null(end);
    size_t length = (size_t)(end - start);
    cr_assert_lt(length, room);
    memcpy(out, start, length);
    out[length] = '\0';
    return length;
}

Test(reply, keeps_details_a_string_of_rfc_8941)
{
    char details[256];
    write_details(SLICE("a\"b\\c\r\nSet-Cookie: x\0\x7f\xc3\xa9~ "), details, sizeof details);
    cr_assert_str_eq(details, "a\\\"b\\\\c??Set-Cookie: x????~ ");
}

Test(reply, cuts_details_without_cutting_an_escape)
{
    char text[300];
    char details[256];
    memset(text, 'x', sizeof text);
    cr_assert_eq(write_details(slice_make(text, 200), details, sizeof details), 200);
    cr_assert_eq(write_details(slice_make(text, 201), details, sizeof details), 200);
    text[199] = '"';
    cr_assert_eq(write_details(slice_make(text, 300), details, sizeof details), 199);
    memset(text, '"', sizeof text);
    cr_assert_eq(write_details(slice_make(text, 300), details, sizeof details), 200);
}

Test(reply, stays_within_the_overhead_that_it_promises)
{
    char details[300];
    memset(details, 'd', sizeof details);
    struct reply reply = plain_reply(505);
    reply.has_allow = true;
    reply.allow = SLICE("GET");
    reply.proxy_error = "http_response_incomplete";
    reply.details = quote_make(slice_make(details, sizeof details));
    reply.body = SLICE("body");
    reply.docs = SLICE("u");
    reply.media = MEDIA_TEXT;
    reply.varies = true;
    reply.max_age = UINT32_MAX;
    reply.close = true;
    char buffer[REPLY_OVERHEAD_MAX];
    struct writer writer = writer_make(buffer, sizeof buffer);
    reply_write(&writer, &reply);
    cr_assert_not(writer.overflow);
    /* And every smaller buffer ends in overflow, not behind its end. */
    for (size_t capacity = 0; capacity < writer.length; capacity++) {
        char *small = malloc(capacity + 1);
        struct writer tight = writer_make(small + 1, capacity);
        reply_write(&tight, &reply);
        cr_assert(tight.overflow, "%zu bytes", capacity);
        free(small);
    }
}

Test(reply, reads_back_as_a_message)
{
    struct reply reply = plain_reply(501);
    reply.proxy_error = "http_request_error";
    reply.details = quote_make(SLICE("\r\n\r\nHTTP/1.1 200 OK"));
    reply.body = SLICE("no");
    char buffer[2048];
    struct writer writer = writer_make(buffer, sizeof buffer);
    reply_write(&writer, &reply);
    struct slice text = writer_slice(&writer);
    struct slice section = slice_after(text, slice_find(text, '\n') + 1);
    struct field items[16];
    struct fields fields;
    fields_init(&fields, items, 16);
    struct message message;
    message_start(&message, MESSAGE_RESPONSE, &fields, NULL);
    size_t used;
    cr_assert_eq(message_read_fields(&message, section.data, section.length, &used), MESSAGE_DONE);
    cr_assert_eq(used + 2, section.length);
    cr_assert_eq(fields.count, 5);
    cr_assert(slice_equal(fields_find(&fields, FIELD_CONTENT_LENGTH)->value, SLICE("2")));
}

Test(reply, shows_what_a_client_sent_without_harm)
{
    static const struct {
        struct slice text;
        size_t max;
        const char *shown;
    } cases[] = {
        {{"", 0}, 10, ""},
        {{"GET", 3}, 3, "GET"},
        {{"GETX", 4}, 3, "GET..."},
        {{"GET", 3}, 0, "..."},
        {{"a <b>&\"'%", 9}, 99, "a %3Cb%3E%26%22'%"},
        {{"\r\n\0\x7f\xff\x80~", 7}, 99, "%0D%0A%00%7F%FF%80~"},
        {{"\x1b[31m", 5}, 1, "%1B..."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char buffer[64];
        struct writer writer = writer_make(buffer, sizeof buffer);
        reply_write_shown(&writer, cases[i].text, cases[i].max);
        writer_byte(&writer, '\0');
        cr_assert_not(writer.overflow);
        cr_assert_str_eq(buffer, cases[i].shown, "case %zu", i);
    }
}
