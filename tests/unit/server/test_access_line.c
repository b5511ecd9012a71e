#include <criterion/criterion.h>

#include "verbgate/server/access_line.h"

#include <stdlib.h>

static struct clock time_of_test;

/* A record of an answered GET; the cases change it. */
static struct record make_record(void)
{
    clock_init(&time_of_test);
    clock_set(&time_of_test, 784111777);
    return (struct record){
        .clock = &time_of_test,
        .client_ip = SLICE("192.0.2.7"),
        .method = SLICE("GET"),
        .target = SLICE("/a?b=c"),
        .version_major = 1,
        .version_minor = 1,
        .host = SLICE("example.com"),
        .user_agent = SLICE("curl/8"),
        .referer = SLICE(""),
        .status = 200,
        .reason = REASON_COMPLETE,
        .server = SLICE("127.0.0.1:9000"),
        .received_bytes = 3,
        .sent_bytes = 42,
        .duration_us = 1500,
        .first_byte_us = 1200,
    };
}

static void expect_line(enum access_log_format format, const struct record *record,
                        const char *expected)
{
    /* A block of exactly the promised size, so that a write behind it is seen. */
    char *bytes = malloc(ACCESS_LINE_MAX);
    struct writer writer = writer_make(bytes, ACCESS_LINE_MAX);
    access_line_write(&writer, format, record);
    cr_assert_not(writer.overflow);
    cr_assert(slice_equal(writer_slice(&writer), slice_of(expected)), "%.*s",
              SLICE_PRINT(writer_slice(&writer)));
    free(bytes);
}

Test(access_line, writes_the_common_log_format)
{
    struct record record = make_record();
    expect_line(ACCESS_LOG_COMMON, &record,
                "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=c HTTP/1.1\" 200 42\n");
}

Test(access_line, writes_one_json_object)
{
    struct record record = make_record();
    expect_line(ACCESS_LOG_JSON, &record,
                "{\"time\":\"1994-11-06T08:49:37Z\",\"client\":\"192.0.2.7\",\"method\":\"GET\","
                "\"target\":\"/a?b=c\",\"version\":\"1.1\",\"host\":\"example.com\",\"status\":200,"
                "\"answered_by\":\"upstream\",\"server\":\"127.0.0.1:9000\",\"end\":\"COMPLETE\","
                "\"received_bytes\":3,\"sent_bytes\":42,\"first_byte_us\":1200,"
                "\"duration_us\":1500,\"referer\":\"\",\"user_agent\":\"curl/8\"}\n");
}

Test(access_line, names_the_rule_and_the_fault)
{
    struct policy_upstream upstream = {.name = SLICE("legacy")};
    struct policy_route route = {.name = SLICE("orders")};
    struct verdict verdict = {
        .rule = VERDICT_METHOD_ROUTE_RULE, .upstream = &upstream, .route = &route};
    struct record record = make_record();
    record.verdict = &verdict;
    record.is_local = true;
    record.server = slice_make(NULL, 0);
    record.status = 405;
    record.reason = REASON_REFUSED;
    record.fault = FAULT_HOST_MISSING;
    char *bytes = malloc(ACCESS_LINE_MAX);
    struct writer writer = writer_make(bytes, ACCESS_LINE_MAX - 1);
    access_line_write(&writer, ACCESS_LOG_JSON, &record);
    bytes[writer.length] = '\0';
    cr_assert(strstr(bytes, "\"answered_by\":\"gateway\",\"rule\":\"method-route\","
                            "\"upstream\":\"legacy\",\"route\":\"orders\",\"end\":\"REFUSED\","
                            "\"fault\":\"") != NULL,
              "%s", bytes);
    cr_assert(strstr(bytes, "\"server\"") == NULL);
    free(bytes);
}

Test(access_line, shows_a_request_that_never_had_a_line)
{
    struct record record = make_record();
    record.method = record.target = record.host = slice_make(NULL, 0);
    record.status = 400;
    expect_line(ACCESS_LOG_COMMON, &record,
                "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"-\" 400 42\n");
}

Test(access_line, escapes_what_could_end_a_string_or_a_line)
{
    struct record record = make_record();
    record.target = SLICE("/\"\\\n\r\t\x7f\xc3\xa4\0!");
    expect_line(ACCESS_LOG_COMMON, &record,
                "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] "
                "\"GET /\\\"\\\\\\x0a\\x0d\\x09\\x7f\\xc3\\xa4\\x00! HTTP/1.1\" 200 42\n");
}

/* Every byte in every text: the line stays one line of printable ASCII within its bound. */
Test(access_line, stays_within_its_bound_whatever_a_client_sends)
{
    static char bytes[16384];
    struct record record = make_record();
    struct slice all = {bytes, sizeof bytes};
    struct policy_upstream upstream = {.name = {bytes, 64}};
    struct policy_route route = {.name = {bytes, 64}};
    struct verdict verdict = {
        .rule = VERDICT_METHOD_UPSTREAM_RULE, .upstream = &upstream, .route = &route};
    record.method = record.target = record.host = record.user_agent = record.referer = all;
    record.verdict = &verdict;
    record.fault = FAULT_HOST_REPEATED;
    record.received_bytes = record.sent_bytes = UINT64_MAX;
    record.duration_us = record.first_byte_us = UINT64_MAX;
    char *line = malloc(ACCESS_LINE_MAX);
    for (unsigned byte = 0; byte < 256; byte++) {
        memset(bytes, (int)byte, sizeof bytes);
        for (unsigned format = ACCESS_LOG_COMMON; format <= ACCESS_LOG_JSON; format++) {
            struct writer writer = writer_make(line, ACCESS_LINE_MAX);
            access_line_write(&writer, format, &record);
            cr_assert_not(writer.overflow, "byte %u", byte);
            cr_assert_eq(line[writer.length - 1], '\n');
            for (size_t i = 0; i < writer.length - 1; i++) {
                cr_assert(line[i] >= ' ' && line[i] <= '~', "byte %u", byte);
            }
        }
    }
    free(line);
}

Test(access_line, cuts_long_texts_and_says_so)
{
    static char bytes[4096];
    memset(bytes, 'a', sizeof bytes);
    struct record record = make_record();
    record.target = slice_make(bytes, 2049);
    char *line = malloc(ACCESS_LINE_MAX);
    struct writer writer = writer_make(line, ACCESS_LINE_MAX - 1);
    access_line_write(&writer, ACCESS_LOG_COMMON, &record);
    line[writer.length] = '\0';
    cr_assert(strstr(line, "aaa... HTTP/1.1\"") != NULL);
    cr_assert(writer.length < 2048 + 100);
    record.target.length = 2048;
    writer.length = 0;
    access_line_write(&writer, ACCESS_LOG_COMMON, &record);
    line[writer.length] = '\0';
    cr_assert(strstr(line, "...") == NULL);
    free(line);
}
