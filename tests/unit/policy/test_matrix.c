#include <criterion/criterion.h>

#include "verbgate/base/text_buffer.h"
#include "verbgate/policy/matrix.h"

#include "../config/memory_environment.h"

static struct diagnostics diagnostics;

#define LISTENER "[listener a]\nbind = 127.0.0.1:80\n"

static const char three_routes[] =
    LISTENER "[upstream app]\nserver = 127.0.0.1:81\nimplements = GET HEAD POST PURGE\n"
             "[upstream old]\nserver = 127.0.0.1:82\nimplements = POST\nversions = 1.0\n"
             "[route reports]\nupstream = app\nhost = a.test *.b.test\npath = /reports/*\n"
             "allow = GET\n"
             "[route rest]\nupstream = app\npath = /*\n"
             "[route hooks]\nupstream = old\npath = /hooks/<1>\n"
             "[route never]\nupstream = app\n";

static struct policy *load(const char *text)
{
    struct policy *policy = memory_load(text, &diagnostics);
    cr_assert(policy != NULL, "%s", memory_report(&diagnostics));
    diagnostics_finish(&diagnostics);
    return policy;
}

/* The whole matrix, NUL-terminated; text_buffer_finish is the caller's. */
static const char *write_all(const char *text, enum matrix_format format,
                             struct text_buffer *buffer)
{
    struct policy *policy = load(text);
    text_buffer_init(buffer, 16 * 1024 * 1024);
    struct sink sink = text_buffer_sink(buffer);
    cr_assert(matrix_write(policy, format, &sink));
    cr_assert(text_buffer_put(buffer, slice_make("", 1)));
    policy_release(policy);
    return buffer->data;
}

Test(matrix, is_aligned_text)
{
    struct text_buffer buffer;
    cr_expect_str_eq(
        write_all(three_routes, MATRIX_TEXT, &buffer),
        "route    host         path        upstream  GET   HEAD  POST  PURGE  other\n"
        "reports  a.test (+1)  /reports/*  app       yes   yes   405   405    501\n"
        "rest     *            /*          app       yes   yes   yes   yes    501\n"
        "hooks    *            /hooks/<1>  old       405   405   yes   501    501\n"
        "never    *            *           app       -     -     -     -      -\n"
        "\nyes: forwarded; here: answered by the gateway; a number: refused with this status\n"
        "-: other routes take every request for this one\n");
    text_buffer_finish(&buffer);
}

Test(matrix, keeps_long_words_apart_and_explains_them)
{
    struct text_buffer buffer;
    cr_expect_str_eq(
        write_all(
            "[listener a]\nbind = *:80\n[upstream app]\nserver = h:1\nimplements = GET HEAD PUT\n"
            "on-not-allowed = close\n[route a]\npath = /a\nallow = GET\nreport-only = yes\n"
            "[route b]\npath = /b\nallow = GET\n",
            MATRIX_TEXT, &buffer),
        "route  host  path  upstream  GET     HEAD    PUT     other\n"
        "a      *     /a    app       yes     yes     report  report\n"
        "b      *     /b    app       yes     yes     close   501\n"
        "\nyes: forwarded; here: answered by the gateway; a number: refused with this status\n"
        "report: forwarded, and logged as what would be refused; "
        "close: the connection is closed without an answer\n");
    text_buffer_finish(&buffer);
}

Test(matrix, is_json_with_every_pattern)
{
    struct text_buffer buffer;
    cr_expect_str_eq(
        write_all(three_routes, MATRIX_JSON, &buffer),
        "{\"generation\":0,\"methods\":[\"GET\",\"HEAD\",\"POST\",\"PURGE\",\"other\"],\"routes\":["
        "\n{\"route\":\"reports\",\"hosts\":[\"a.test\",\"*.b.test\"],\"paths\":[\"/reports/*\"],"
        "\"upstream\":\"app\",\"source\":{\"file\":\"gateway.ini\",\"line\":10},\"reachable\":true,"
        "\"methods\":{\"GET\":\"forward\",\"HEAD\":\"forward\",\"POST\":405,\"PURGE\":405,"
        "\"other\":501}},"
        "\n{\"route\":\"rest\",\"hosts\":[],\"paths\":[\"/*\"],\"upstream\":\"app\","
        "\"source\":{\"file\":\"gateway.ini\",\"line\":15},\"reachable\":true,"
        "\"methods\":{\"GET\":\"forward\",\"HEAD\":\"forward\",\"POST\":\"forward\","
        "\"PURGE\":\"forward\",\"other\":501}},"
        "\n{\"route\":\"hooks\",\"hosts\":[],\"paths\":[\"/hooks/<1>\"],\"upstream\":\"old\","
        "\"source\":{\"file\":\"gateway.ini\",\"line\":18},\"reachable\":true,"
        "\"methods\":{\"GET\":405,\"HEAD\":405,\"POST\":\"forward\",\"PURGE\":501,\"other\":501}},"
        "\n{\"route\":\"never\",\"hosts\":[],\"paths\":[],\"upstream\":\"app\","
        "\"source\":{\"file\":\"gateway.ini\",\"line\":21},\"reachable\":false,\"methods\":{}}"
        "\n]}\n");
    text_buffer_finish(&buffer);
}

Test(matrix, is_one_escaped_page)
{
    struct text_buffer buffer;
    const char *page = write_all(three_routes, MATRIX_HTML, &buffer);
    static const char *const parts[] = {
        "<!DOCTYPE html>", "prefers-color-scheme:dark",
        "<tr><th>hooks<td>any<td><code>/hooks/&lt;1&gt;</code><td>old<td class=n>405",
        "<tr><th>never<td>any<td>any<td>app<td>never", "</html>\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cr_expect(strstr(page, parts[i]) != NULL, "%s", parts[i]);
    }
    cr_expect_null(strstr(page, "<1>"));
    cr_expect_null(strstr(page, "http"), "it needs nothing else");
    text_buffer_finish(&buffer);
}

Test(matrix, leaves_out_what_other_says_already)
{
    struct text_buffer buffer;
    const char *text = write_all(LISTENER "[upstream app]\nserver = 127.0.0.1:81\n"
                                          "implements = * -LOCK -CONNECT\n",
                                 MATRIX_TEXT, &buffer);
    cr_expect_eq(strncmp(text,
                         "route  host  path  upstream  GET   HEAD  DELETE  OPTIONS  PATCH  POST  "
                         "PUT   other\n",
                         strcspn(text, "\n")),
                 0, "%s", text);
    cr_expect_not_null(strstr(text, "\n-      *     *     app       yes "));
    text_buffer_finish(&buffer);
}

Test(matrix, shows_a_named_method_that_differs_from_other)
{
    struct text_buffer buffer;
    const char *text = write_all(LISTENER "[upstream app]\nserver = 127.0.0.1:81\n"
                                          "[route r]\nallow = * -LOCK\n",
                                 MATRIX_TEXT, &buffer);
    cr_expect_not_null(strstr(text, " LOCK "));
    cr_expect_null(strstr(text, " UNLOCK "));
    text_buffer_finish(&buffer);
}

static bool refuse_second(void *context, struct slice piece)
{
    (void)piece;
    unsigned *count = context;
    return ++*count < 2;
}

/* Enough rows for several pieces. */
static const char *many_routes(void)
{
    static char text[512 * 1024];
    struct writer writer = writer_make(text, sizeof text - 1);
    writer_literal(&writer, LISTENER "[upstream app]\nserver = 127.0.0.1:81\n");
    for (unsigned i = 0; i < 1000; i++) {
        writer_format(&writer, "[route r%u]\npath = /p%u/* /q%u\n", i, i, i);
    }
    cr_assert_not(writer.overflow);
    text[writer.length] = '\0';
    return text;
}

Test(matrix, ends_when_the_sink_refuses)
{
    static const enum matrix_format formats[] = {MATRIX_TEXT, MATRIX_JSON, MATRIX_HTML};
    struct policy *policy = load(many_routes());
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        unsigned count = 0;
        struct sink sink = {refuse_second, &count};
        cr_expect_not(matrix_write(policy, formats[i], &sink));
        cr_expect_eq(count, 2, "nothing more is written");
    }
    policy_release(policy);
}

Test(matrix, has_a_row_for_each_of_many_routes)
{
    struct text_buffer buffer;
    const char *text = write_all(many_routes(), MATRIX_JSON, &buffer);
    unsigned rows = 0;
    for (const char *found = text; (found = strstr(found, "\n{\"route\":")) != NULL; found++) {
        rows++;
    }
    cr_expect_eq(rows, 1000);
    cr_expect_null(strstr(text, "\"reachable\":false"));
    text_buffer_finish(&buffer);
}
