#include <criterion/criterion.h>

#include "verbgate/cli/explanation.h"

#include "../config/memory_environment.h"

static struct question question;
static struct diagnostics diagnostics;

static const char policy_text[] = "[listener a]\nbind = 127.0.0.1:80\n"
                                  "[upstream app]\nserver = 127.0.0.1:81\nimplements = GET PUT\n"
                                  "max-body = 10\n"
                                  "[route all]\nhost = h localhost\n";

static const struct {
    struct question_parts parts;
    const char *head;
} composed[] = {
    {{"GET", "/x?y", "1.1", NULL, 0}, "GET /x?y HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {{"GET", "http://h:8/x", "1.0", NULL, 0}, "GET /x HTTP/1.0\r\nHost: h:8\r\n\r\n"},
    {{"GET", "HTTPS://h", "1.1", NULL, 0}, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {{"GET", "http://h?q", "1.1", NULL, 0}, "GET /?q HTTP/1.1\r\nHost: h\r\n\r\n"},
    {{"GET", "http://h/p#part", "1.1", NULL, 0}, "GET /p HTTP/1.1\r\nHost: h\r\n\r\n"},
    {{"OPTIONS", "http://h", "1.1", NULL, 0}, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"},
    {{"OPTIONS", "http://h/", "1.1", NULL, 0}, "OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {{"OPTIONS", "*", "1.1", NULL, 0}, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"},
    {{"CONNECT", "h:443", "1.1", NULL, 0}, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n"},
    {{"PUT", "http://h/", "1.1", (const char *const[]){"A: b", "hOST: c"}, 2},
     "PUT / HTTP/1.1\r\nA: b\r\nhOST: c\r\n\r\n"},
};

Test(question, is_composed_as_a_client_would_send_it)
{
    for (size_t i = 0; i < sizeof composed / sizeof composed[0]; i++) {
        cr_assert_null(question_compose(&question, &composed[i].parts), "case %zu", i);
        cr_expect(
            slice_equal(slice_make(question.head, question.length), slice_of(composed[i].head)),
            "case %zu: %.*s", i, (int)question.length, question.head);
    }
}

Test(question, says_what_a_url_is)
{
    static const char *const wrong[] = {"www.example.com", "", "ftp://h/", "x/y", "**"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct question_parts parts = {"GET", wrong[i], "1.1", NULL, 0};
        const char *problem = question_compose(&question, &parts);
        cr_assert_not_null(problem, "%s", wrong[i]);
        cr_expect(strstr(problem, "/path or http://host/path") != NULL, "%s", wrong[i]);
    }
    struct question_parts no_host = {"GET", "http:///x", "1.1", NULL, 0};
    cr_expect_not_null(question_compose(&question, &no_host));
}

Test(question, is_too_long_above_any_gateways_limit)
{
    static char url[QUESTION_HEAD_MAX];
    memset(url, '/', sizeof url - 1);
    struct question_parts parts = {"GET", url, "1.1", NULL, 0};
    cr_expect_not_null(question_compose(&question, &parts));
}

static void set_head(const char *text)
{
    question.length = strlen(text);
    memcpy(question.head, text, question.length);
}

static const struct {
    const char *head;
    enum http_fault fault;
    unsigned status; /* 0: forwarded */
} asked[] = {
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", FAULT_NONE, 0},
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\nwhat follows", FAULT_NONE, 0},
    {"POST / HTTP/1.1\r\nHost: h\r\n\r\n", FAULT_NONE, 501},
    {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n", FAULT_NONE, 413},
    {"GET / HTTP/1.1\r\nHost: other\r\n\r\n", FAULT_NONE, 404},
    {"GET / HTTP/3.0\r\n", FAULT_NONE, 505},
    {"GET / HTTP/1.1\r\n\r\n", FAULT_HOST_MISSING, 400},
    {"GET / / HTTP/1.1\r\n", FAULT_TARGET_SPACE, 400},
    {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", FAULT_FIELD_NAME, 400},
    {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n", FAULT_EXPECTATION, 417},
};

Test(question, is_answered_by_the_gateways_own_rules)
{
    struct policy *policy = memory_load(policy_text, &diagnostics);
    cr_assert_not_null(policy);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        set_head(asked[i].head);
        cr_assert(question_ask(&question, policy), "%s", asked[i].head);
        cr_expect_eq(question.fault, asked[i].fault, "%s: %s", asked[i].head,
                     fault_sentence(question.fault));
        unsigned status =
            question.fault != FAULT_NONE ? fault_status(question.fault) : question.verdict.status;
        cr_expect_eq(status, asked[i].status, "%s: %u", asked[i].head, status);
    }
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(question, is_incomplete_without_its_end)
{
    struct policy *policy = memory_load(policy_text, &diagnostics);
    cr_assert_not_null(policy);
    static const char *const heads[] = {"", "GET / HTTP/1.1", "GET / HTTP/1.1\r\nHost: h\r\n"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        set_head(heads[i]);
        cr_expect_not(question_ask(&question, policy), "%s", heads[i]);
    }
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

Test(question, is_held_to_max_head)
{
    struct policy *policy = memory_load(policy_text, &diagnostics);
    cr_assert_not_null(policy);
    set_head("GET / HTTP/1.1\r\nHost: h\r\nA: ");
    memset(question.head + question.length, 'a', policy->gateway.max_head);
    question.length += policy->gateway.max_head;
    memcpy(question.head + question.length, "\r\n\r\n", 4);
    question.length += 4;
    cr_assert(question_ask(&question, policy));
    cr_expect_eq(question.fault, FAULT_HEAD_TOO_LARGE);
    memset(question.head, 'A', policy->gateway.max_head);
    question.length = policy->gateway.max_head;
    cr_assert(question_ask(&question, policy));
    cr_expect_eq(question.fault, FAULT_METHOD_TOO_LONG);
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

static const struct {
    const char *head;
    const char *text;
    const char *json;
} explained[] = {
    {"PUT http://h?c HTTP/1.1\r\nHost: h\r\n\r\n",
     "verdict: forward\nupstream: app\nroute: all\nrule: forward: route \"all\" (gateway.ini:7)\n"
     "source: gateway.ini:7\nbecause: PUT is forwarded.\n",
     "{\"verdict\":\"forward\",\"status\":null,\"allow\":[],\"rule\":\"forward\","
     "\"upstream\":\"app\",\"route\":\"all\",\"source\":{\"file\":\"gateway.ini\",\"line\":7},"
     "\"because\":\"PUT is forwarded.\",\"forwarded\":{\"method\":\"PUT\",\"target\":\"/?c\"}}\n"},
    {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
     "verdict: answer\nstatus: 200 OK\nallow: GET, OPTIONS, PUT\nrule: options-server\n"
     "source: built in\nbecause: OPTIONS is answered for the whole server. Implemented: GET, "
     "OPTIONS, PUT.\n",
     "{\"verdict\":\"answer\",\"status\":200,\"allow\":[\"GET\",\"OPTIONS\",\"PUT\"],"
     "\"rule\":\"options-server\",\"upstream\":null,\"route\":null,\"source\":null,"
     "\"because\":\"OPTIONS is answered for the whole server. Implemented: GET, OPTIONS, PUT.\","
     "\"forwarded\":null}\n"},
    {"GET / HTTP/1.1\r\n\r\n",
     "verdict: refuse\nstatus: 400 Bad Request\nrule: malformed\nsource: built in\n"
     "because: the Host field is missing.\n",
     "{\"verdict\":\"refuse\",\"status\":400,\"allow\":[],\"rule\":\"malformed\","
     "\"upstream\":null,\"route\":null,\"source\":null,"
     "\"because\":\"the Host field is missing.\",\"forwarded\":null}\n"},
};

Test(question, is_explained_in_lines_and_in_json)
{
    struct policy *policy = memory_load(policy_text, &diagnostics);
    cr_assert_not_null(policy);
    for (size_t i = 0; i < sizeof explained / sizeof explained[0]; i++) {
        static char buffer[4096];
        set_head(explained[i].head);
        cr_assert(question_ask(&question, policy));
        struct writer writer = writer_make(buffer, sizeof buffer - 1);
        explanation_write_text(&writer, policy, &question);
        buffer[writer.length] = '\0';
        cr_expect_str_eq(buffer, explained[i].text);
        writer.length = 0;
        explanation_write_json(&writer, policy, &question);
        buffer[writer.length] = '\0';
        cr_expect_str_eq(buffer, explained[i].json);
    }
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}

/* `explain --field 'X_Forwarded_For: 1'` tells what becomes of it. */
Test(question, is_explained_with_the_fields_that_go_no_further)
{
    struct policy *policy = memory_load(policy_text, &diagnostics);
    cr_assert_not_null(policy);
    set_head("GET / HTTP/1.1\r\nHost: h\r\nX_Forwarded_For: 1\r\nProxy: p\r\nX-Real-IP: 2\r\n"
             "X-Own: 3\r\n\r\n");
    cr_assert(question_ask(&question, policy));
    char text[4096];
    struct writer writer = writer_make(text, sizeof text - 1);
    explanation_write_text(&writer, policy, &question);
    text[writer.length] = '\0';
    cr_expect_not_null(strstr(text, "dropped: X_Forwarded_For: servers may"), "%s", text);
    cr_expect_not_null(strstr(text, "(odd-names)\n"), "%s", text);
    cr_expect_not_null(strstr(text, "dropped: Proxy: CGI"), "%s", text);
    cr_expect_not_null(strstr(text, "dropped: X-Real-IP: only a trusted proxy"), "%s", text);
    cr_expect_null(strstr(text, "X-Own"), "%s", text);
    writer = writer_make(text, sizeof text - 1);
    explanation_write_json(&writer, policy, &question);
    text[writer.length] = '\0';
    cr_expect_not_null(strstr(text, "\"dropped\":[{\"field\":\"X_Forwarded_For\","
                                    "\"reason\":\"odd-name\"},{\"field\":\"Proxy\","),
                       "%s", text);
    policy_release(policy);
    diagnostics_finish(&diagnostics);
}
