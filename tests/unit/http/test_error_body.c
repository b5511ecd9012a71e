#include <criterion/criterion.h>

#include "verbgate/http/error_body.h"

#include <stdlib.h>

static char text[ERROR_BODY_MAX + 1];

/* Writes a body into a block of exactly the promised size. */
static const char *write(const struct error_body *body)
{
    struct writer writer = writer_make(text, ERROR_BODY_MAX);
    error_body_write(&writer, body);
    cr_assert_not(writer.overflow);
    text[writer.length] = '\0';
    return text;
}

static struct error_body refusal(enum media_type media)
{
    return (struct error_body){
        .media = media,
        .status = 405,
        .detail = quote_make(SLICE("DELETE is not allowed for this resource. Did you mean PATCH?")),
        .method = SLICE("DELETE"),
        .allow = SLICE("GET, HEAD"),
        .has_allow = true,
        .docs = SLICE("https://example.com/a?b=1&c=2"),
    };
}

Test(error_body, is_a_title_and_a_sentence_in_text)
{
    struct error_body body = refusal(MEDIA_TEXT);
    cr_assert_str_eq(write(&body),
                     "405 Method Not Allowed\n"
                     "DELETE is not allowed for this resource. Did you mean PATCH?\n");
}

Test(error_body, is_a_small_page_in_html)
{
    struct error_body body = refusal(MEDIA_HTML);
    cr_assert_str_eq(write(&body),
                     "<!DOCTYPE html>\n<html lang=\"en\">\n"
                     "<head><meta charset=\"utf-8\"><title>405 Method Not Allowed</title></head>\n"
                     "<body>\n<h1>405 Method Not Allowed</h1>\n"
                     "<p>DELETE is not allowed for this resource. Did you mean PATCH?</p>\n"
                     "<p><a rel=\"help\" href=\"https://example.com/a?b=1&amp;c=2\">"
                     "Documentation</a></p>\n</body>\n</html>\n");
    body.docs = SLICE("");
    cr_assert_null(strstr(write(&body), "<a"));
}

Test(error_body, is_a_problem_document_in_json)
{
    struct error_body body = refusal(MEDIA_PROBLEM);
    cr_assert_str_eq(write(&body),
                     "{\"type\":\"https://example.com/a?b=1&c=2\","
                     "\"title\":\"Method Not Allowed\",\"status\":405,"
                     "\"detail\":\"DELETE is not allowed for this resource. Did you mean PATCH?\","
                     "\"method\":\"DELETE\",\"allow\":[\"GET\",\"HEAD\"]}\n");
    body.allow = SLICE("");
    cr_assert_not_null(strstr(write(&body), ",\"allow\":[]}"));
    body.has_allow = false;
    body.docs = SLICE("");
    body.method = SLICE("");
    cr_assert_str_eq(write(&body),
                     "{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\",\"status\":405,"
                     "\"detail\":\"DELETE is not allowed for this resource. Did you mean PATCH?\"}"
                     "\n");
}

Test(error_body, escapes_what_a_client_sent_for_its_type)
{
    static const struct {
        enum media_type media;
        struct slice method;
        const char *shown;
    } cases[] = {
        {MEDIA_TEXT, {"<b>a\r\n\0\x7f\xff", 9}, "[<b>a?????]"},
        {MEDIA_HTML, {"<script>'\"&\r\n", 13}, "[&lt;script&gt;&#39;&quot;&amp;??]"},
        {MEDIA_HTML, {"\xc3\xa9\0\x1b{status}", 12}, "[????{status}]"},
        {MEDIA_PROBLEM, {"\"\\</b>\n\x80", 8}, "[\\\"\\\\\\u003c/b>??]"},
        {MEDIA_PROBLEM, {"{allow}", 7}, "[{allow}]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error_body body = refusal(cases[i].media);
        body.own = SLICE("[{method}]");
        body.method = cases[i].method;
        cr_assert_str_eq(write(&body), cases[i].shown, "case %zu", i);
    }
}

Test(error_body, cuts_a_long_method)
{
    char method[1000];
    memset(method, 'M', sizeof method);
    struct error_body body = refusal(MEDIA_PROBLEM);
    body.own = SLICE("{method}");
    body.method = slice_make(method, sizeof method);
    cr_assert_eq(strlen(write(&body)), 67);
    cr_assert_str_eq(text + 64, "...");
    body.method.length = 64;
    cr_assert_eq(strlen(write(&body)), 64);
    body.own = SLICE("");
    body.method.length = sizeof method;
    cr_assert_not_null(strstr(write(&body), "MMM...\",\"allow\""));
}

Test(error_body, fills_the_placeholders_of_an_own_text_and_nothing_else)
{
    static const struct {
        const char *own;
        const char *filled;
    } cases[] = {
        {"plain", "plain"},
        {"{status}", "405"},
        {"{status} {reason}: {method}; {allow}. {docs}",
         "405 Method Not Allowed: DELETE; GET, HEAD. https://example.com/a?b=1&amp;c=2"},
        {"{{status}}", "{405}"},
        {"{\"a\":{status}}", "{\"a\":405}"},
        {"{Status} {status } {} { {x} {stat", "{Status} {status } {} { {x} {stat"},
        {"{status", "{status"},
        {"}{", "}{"},
        {"body { color: red }", "body { color: red }"},
        {"<p>{detail}</p>", "<p>DELETE is not allowed for this resource. Did you mean PATCH?</p>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error_body body = refusal(MEDIA_HTML);
        /* At the end of a heap block, so that a read past it is seen. */
        size_t length = strlen(cases[i].own);
        char *own = malloc(length);
        memcpy(own, cases[i].own, length);
        body.own = slice_make(own, length);
        cr_assert_str_eq(write(&body), cases[i].filled, "case %zu", i);
        free(own);
    }
}

Test(error_body, falls_back_when_an_own_text_grows_too_large)
{
    enum { OWN_BYTES = 64 * 1024 };
    char *own = malloc(OWN_BYTES);
    for (size_t i = 0; i < OWN_BYTES; i++) {
        own[i] = "{detail}"[i % 8];
    }
    struct error_body body = refusal(MEDIA_TEXT);
    body.own = slice_make(own, OWN_BYTES);
    cr_assert_str_eq(write(&body),
                     "405 Method Not Allowed\n"
                     "DELETE is not allowed for this resource. Did you mean PATCH?\n");
    memset(own, 'x', OWN_BYTES);
    memcpy(own, "{detail}", 8);
    cr_assert_eq(strlen(write(&body)), OWN_BYTES - 8 + body.detail.text.length);
    free(own);
}

Test(error_body, fits_whatever_it_is_about)
{
    enum { TEXT_BYTES = 6 * 1024 };
    char *worst = malloc(TEXT_BYTES);
    static const char bytes[] = {'&', '"', '<', '\'', '\\', 1};
    for (unsigned media = 0; media < MEDIA_TYPE_COUNT; media++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            memset(worst, bytes[i], TEXT_BYTES);
            struct error_body body = refusal((enum media_type)media);
            body.allow = slice_make(worst, TEXT_BYTES);
            body.detail = quote_make(body.allow);
            body.method = slice_make(worst, 100);
            body.docs = slice_make(worst, 1024);
            cr_assert_gt(strlen(write(&body)), TEXT_BYTES);
        }
    }
    free(worst);
}

Test(error_body, never_writes_past_a_small_buffer)
{
    for (unsigned media = 0; media < MEDIA_TYPE_COUNT; media++) {
        struct error_body body = refusal((enum media_type)media);
        size_t length = strlen(write(&body));
        for (size_t capacity = 0; capacity < length; capacity++) {
            char *small = malloc(capacity + 1);
            struct writer writer = writer_make(small + 1, capacity);
            error_body_write(&writer, &body);
            cr_assert(writer.overflow, "%zu bytes", capacity);
            free(small);
        }
    }
}
