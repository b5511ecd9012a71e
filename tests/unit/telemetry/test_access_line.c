#include <criterion/criterion.h>

#include "verbgate/telemetry/access_line.h"

#include <stdlib.h>

static struct clock time_of_test;
static struct policy policy_of_test;
static struct access_piece pieces[ACCESS_PIECES_MAX];

static const struct access_format json = {NULL, 0};

static struct access_format format_of(const char *text)
{
    unsigned count = 0;
    struct slice part;
    cr_assert_null(access_format_read(slice_of(text), pieces, &count, &part), "%s", text);
    return (struct access_format){pieces, count};
}

static struct access_format common(void)
{
    return format_of(access_format_common);
}

/* A record of an answered GET; the cases change it. */
static struct record make_record(void)
{
    clock_init(&time_of_test);
    clock_set(&time_of_test, 784111777);
    policy_of_test.generation = 3;
    return (struct record){
        .clock = &time_of_test,
        .policy = &policy_of_test,
        .client_ip = SLICE("192.0.2.7"),
        .peer_ip = SLICE("10.0.0.1"),
        .request_id = SLICE("id-1"),
        .trace_id = SLICE("0af7651916cd43dd8448eb211c80319c"),
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

static void expect_line(struct access_format format, const struct record *record,
                        const char *expected)
{
    /* A block of exactly the promised size, so that a write behind it is seen. */
    char *bytes = malloc(ACCESS_LINE_MAX);
    struct writer writer = writer_make(bytes, ACCESS_LINE_MAX);
    access_line_write(&writer, &format, record);
    cr_assert_not(writer.overflow);
    cr_assert(slice_equal(writer_slice(&writer), slice_of(expected)), "%.*s",
              SLICE_PRINT(writer_slice(&writer)));
    free(bytes);
}

Test(access_line, writes_the_common_log_format)
{
    struct record record = make_record();
    expect_line(common(), &record,
                "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=c HTTP/1.1\" 200 42\n");
}

Test(access_line, writes_one_json_object)
{
    struct record record = make_record();
    expect_line(json, &record,
                "{\"time\":\"1994-11-06T08:49:37Z\",\"client\":\"192.0.2.7\","
                "\"peer\":\"10.0.0.1\",\"method\":\"GET\","
                "\"target\":\"/a?b=c\",\"version\":\"1.1\",\"host\":\"example.com\",\"status\":200,"
                "\"answered_by\":\"upstream\",\"server\":\"127.0.0.1:9000\",\"end\":\"COMPLETE\","
                "\"received_bytes\":3,\"sent_bytes\":42,\"first_byte_us\":1200,"
                "\"duration_us\":1500,\"referer\":\"\",\"user_agent\":\"curl/8\","
                "\"request_id\":\"id-1\",\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\","
                "\"generation\":3}\n");
}

Test(access_line, names_the_rule_and_the_fault)
{
    struct policy_upstream upstream = {.name = SLICE("legacy")};
    struct policy_route route = {.name = SLICE("orders")};
    struct verdict verdict = {.kind = VERDICT_REFUSE,
                              .rule = VERDICT_METHOD_ROUTE_RULE,
                              .upstream = &upstream,
                              .route = &route};
    struct record record = make_record();
    record.verdict = &verdict;
    record.is_local = true;
    record.server = slice_make(NULL, 0);
    record.status = 405;
    record.reason = REASON_REFUSED;
    record.fault = FAULT_HOST_MISSING;
    char *bytes = malloc(ACCESS_LINE_MAX);
    struct writer writer = writer_make(bytes, ACCESS_LINE_MAX - 1);
    access_line_write(&writer, &json, &record);
    bytes[writer.length] = '\0';
    cr_assert(strstr(bytes, "\"answered_by\":\"gateway\",\"rule\":\"method-route\","
                            "\"decision\":\"refuse\","
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
    expect_line(common(), &record, "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"-\" 400 42\n");
}

Test(access_line, escapes_what_could_end_a_string_or_a_line)
{
    struct record record = make_record();
    record.target = SLICE("/\"\\\n\r\t\x7f\xc3\xa4\0!");
    expect_line(common(), &record,
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
    record.request_id = all;
    record.verdict = &verdict;
    record.fault = FAULT_HOST_REPEATED;
    record.received_bytes = record.sent_bytes = UINT64_MAX;
    record.duration_us = record.first_byte_us = UINT64_MAX;
    char *line = malloc(ACCESS_LINE_MAX);
    const struct access_format formats[] = {
        json,
        format_of("$target$request$host$user_agent$referer$target$request$target$request$end")};
    for (unsigned byte = 0; byte < 256; byte++) {
        memset(bytes, (int)byte, sizeof bytes);
        for (unsigned format = 0; format < 2; format++) {
            struct writer writer = writer_make(line, ACCESS_LINE_MAX);
            access_line_write(&writer, &formats[format], &record);
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
    struct access_format format = common();
    access_line_write(&writer, &format, &record);
    line[writer.length] = '\0';
    cr_assert(strstr(line, "aaa... HTTP/1.1\"") != NULL);
    cr_assert(writer.length < 2048 + 100);
    record.target.length = 2048;
    writer.length = 0;
    access_line_write(&writer, &format, &record);
    line[writer.length] = '\0';
    cr_assert(strstr(line, "...") == NULL);
    free(line);
}

Test(access_line, writes_the_combined_log_format)
{
    struct record record = make_record();
    expect_line(format_of(access_format_combined), &record,
                "192.0.2.7 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=c HTTP/1.1\" 200 42 \"-\" "
                "\"curl/8\"\n");
}

Test(access_line, writes_each_variable_of_a_format)
{
    struct policy_upstream upstream = {.name = SLICE("legacy")};
    struct policy_route route = {.name = SLICE("orders")};
    struct verdict verdict = {.kind = VERDICT_FORWARD, .upstream = &upstream, .route = &route};
    struct record record = make_record();
    record.verdict = &verdict;
    expect_line(format_of("$client $peer $time_iso $method $target $host $version $status"),
                &record,
                "192.0.2.7 10.0.0.1 1994-11-06T08:49:37Z GET /a?b=c example.com 1.1 200\n");
    expect_line(format_of("$rule $decision $answered_by $upstream $route $server $end $fault"),
                &record, "forward forward upstream legacy orders 127.0.0.1:9000 COMPLETE -\n");
    expect_line(format_of("$received_bytes $sent_bytes $first_byte_us $duration_us $referer"),
                &record, "3 42 1200 1500 -\n");
    expect_line(format_of("$request_id $trace_id $generation $$5"), &record,
                "id-1 0af7651916cd43dd8448eb211c80319c 3 $5\n");
}

Test(access_line, writes_a_dash_for_what_is_not_known)
{
    struct record record = make_record();
    record.method = record.target = record.host = record.server = slice_make(NULL, 0);
    record.request_id = record.trace_id = record.user_agent = slice_make(NULL, 0);
    expect_line(format_of("$method $target $version $host $rule $decision $upstream $route $server "
                          "$request_id $trace_id $user_agent $request"),
                &record, "- - - - - - - - - - - - -\n");
}

/* A format that says the same long thing many times does not get a longer line for it. */
Test(access_line, cuts_a_line_that_a_format_would_make_too_long)
{
    static char bytes[2048];
    char text[64 * 8] = "";
    for (int i = 0; i < 60; i++) {
        memcpy(text + 7 * i, "$target", 8);
    }
    memset(bytes, 'a', sizeof bytes);
    struct record record = make_record();
    record.target = slice_make(bytes, sizeof bytes);
    struct access_format format = format_of(text);
    char *line = malloc(2 * ACCESS_LINE_MAX);
    struct writer writer = writer_make(line, 2 * ACCESS_LINE_MAX);
    access_line_write(&writer, &format, &record);
    cr_assert_not(writer.overflow);
    cr_assert_leq(writer.length, ACCESS_LINE_MAX);
    cr_assert_eq(memcmp(line + writer.length - 4, "...\n", 4), 0);
    /* In what is left of a buffer the same line does not fit, and nothing of it is there. */
    writer = writer_make(line, ACCESS_LINE_MAX - 1);
    access_line_write(&writer, &format, &record);
    cr_assert(writer.overflow);
    cr_assert_eq(writer.length, 0);
    free(line);
}

/* Whatever room a buffer has left: the line fits as a whole, or overflows. */
Test(access_line, fits_whole_or_not_at_all)
{
    struct record record = make_record();
    struct access_format format = common();
    char whole[256];
    struct writer writer = writer_make(whole, sizeof whole);
    access_line_write(&writer, &format, &record);
    cr_assert(writer.overflow || writer.length < sizeof whole);
    size_t length = writer.length;
    for (size_t room = 0; room < sizeof whole; room++) {
        char *line = malloc(room + 1);
        struct writer part = writer_make(line + 1, room);
        access_line_write(&part, &format, &record);
        cr_assert(part.overflow || part.length == length, "room %zu", room);
        free(line);
    }
}
