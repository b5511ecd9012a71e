/* What HEAD, OPTIONS, report-only and method-case make of a decision. */
#include <criterion/criterion.h>

#include "verbgate/policy/cors.h"
#include "verbgate/policy/decide.h"

/* One upstream, GET HEAD POST PURGE, and the routes "/a" (GET POST) and "/b" (GET); lines as in
 * test_decide.c. */
static struct policy *policy;
static struct policy_upstream upstream;
static struct policy_route routes[2];

static struct method_set set_of(const enum method *methods, unsigned count)
{
    struct method_set set = {.any = false};
    for (unsigned i = 0; i < count; i++) {
        method_set_add(&set, methods[i]);
    }
    return set;
}

static void seal(void)
{
    unsigned first;
    unsigned second;
    const struct route_pattern patterns[] = {
        {.path = SLICE("/a/*"), .route = &routes[0]},
        {.path = SLICE("/b/*"), .route = &routes[1]},
    };
    cr_assert_eq(policy_seal(policy, patterns, policy->route_count, &first, &second),
                 POLICY_SEALED);
}

static void start(void)
{
    static const enum method some[] = {METHOD_GET, METHOD_POST, METHOD_HEAD};
    policy = policy_create((size_t)1024 * 1024);
    cr_assert_not_null(policy);
    upstream = (struct policy_upstream){.name = SLICE("app"),
                                        .implements = set_of(some, 3),
                                        .versions = POLICY_VERSION_1_1,
                                        .settings = {.limits = {.max_body = 100}},
                                        .source = {"f", 10},
                                        .implements_source = {"f", 11}};
    method_set_add(&upstream.implements,
                   method_extensions_add(&policy->extensions, &policy->arena, SLICE("Purge")));
    for (unsigned i = 0; i < 2; i++) {
        routes[i] = (struct policy_route){.index = i,
                                          .name = i == 0 ? SLICE("a") : SLICE("b"),
                                          .upstream = &upstream,
                                          .allow = set_of(some, i == 0 ? 2 : 1),
                                          .has_allow = true,
                                          .settings = upstream.settings,
                                          .source = {"f", 20 + 10 * i},
                                          .allow_source = {"f", 22 + 10 * i}};
    }
    policy->upstreams = &upstream;
    policy->upstream_count = 1;
    policy->routes = routes;
    policy->route_count = 2;
    seal();
}

static void finish(void)
{
    policy_release(policy);
}

TestSuite(method_rules, .init = start, .fini = finish);

static struct verdict ask(const char *method, const char *path, unsigned minor, uint64_t length,
                          const struct options_fields *options)
{
    static struct target target;
    cr_assert_eq(target_parse(slice_of(path), method_find(slice_of(method)), &target), FAULT_NONE);
    const struct decide_request request = {.method = slice_of(method),
                                           .version_major = 1,
                                           .version_minor = minor,
                                           .target = &target,
                                           .content_length = length,
                                           .max_forwards = -1,
                                           .options = options};
    struct verdict verdict;
    memset(&verdict, 0xa5, sizeof verdict); /* "always fills *verdict" */
    decide(policy, &request, &verdict);
    return verdict;
}

static struct verdict ask_plainly(const char *method, const char *path)
{
    return ask(method, path, 1, 0, NULL);
}

static const char *text_of(const struct method_set *set)
{
    static char text[METHOD_SET_TEXT_MAX + 1];
    struct writer writer = writer_make(text, METHOD_SET_TEXT_MAX);
    method_set_write(&writer, set, &policy->extensions);
    text[writer.length] = '\0';
    return text;
}

Test(method_rules, allow_is_true_in_all_modes_of_head)
{
    static const struct {
        enum head_rule head;
        bool implements_head;
        const char *allow;
        enum verdict_kind kind;
    } cases[] = {
        {HEAD_FORWARD, true, "GET, HEAD, POST", VERDICT_FORWARD},
        {HEAD_FORWARD, false, "GET, POST", VERDICT_REFUSE},
        {HEAD_FROM_GET, true, "GET, HEAD, POST", VERDICT_FORWARD},
        {HEAD_FROM_GET, false, "GET, HEAD, POST", VERDICT_FORWARD},
        {HEAD_REFUSE, true, "GET, POST", VERDICT_REFUSE},
        {HEAD_REFUSE, false, "GET, POST", VERDICT_REFUSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        method_set_add(&upstream.implements, METHOD_HEAD);
        if (!cases[i].implements_head) {
            method_set_remove(&upstream.implements, METHOD_HEAD);
        }
        routes[0].settings.methods.head = upstream.settings.methods.head = cases[i].head;
        seal();
        cr_assert_str_eq(text_of(&routes[0].answer), cases[i].allow, "case %zu", i);
        struct verdict verdict = ask_plainly("HEAD", "/a/x");
        cr_assert_eq(verdict.kind, cases[i].kind, "case %zu", i);
        cr_assert_eq(verdict.status, verdict.kind == VERDICT_REFUSE ? 405u : 0u);
        cr_assert_eq(verdict.asks_get, cases[i].head == HEAD_FROM_GET);
        cr_assert_not(ask_plainly("GET", "/a/x").asks_get);
        /* The same where there is no route. */
        policy->route_count = 0;
        seal();
        cr_assert_eq(ask_plainly("HEAD", "/").kind, cases[i].kind, "case %zu", i);
        policy->route_count = 2;
    }
}

Test(method_rules, head_follows_get)
{
    method_set_remove(&routes[0].allow, METHOD_GET);
    method_set_add(&routes[0].allow, METHOD_HEAD);
    routes[0].settings.methods.head = HEAD_FROM_GET;
    seal();
    cr_assert_eq(ask_plainly("HEAD", "/a/x").rule, VERDICT_METHOD_ROUTE_RULE);
    cr_assert_str_eq(text_of(&routes[0].answer), "POST");
}

Test(method_rules, a_refused_head_names_the_line_of_its_option)
{
    routes[0].settings.methods.head = HEAD_REFUSE;
    routes[0].settings.methods.head_source = (struct rule_source){"f", 25};
    seal();
    cr_assert_eq(ask_plainly("HEAD", "/a/x").source.line, 25u);
    cr_assert_eq(ask_plainly("PURGE", "/a/x").rule, VERDICT_METHOD_NOWHERE_RULE);
    cr_assert_eq(ask_plainly("Purge", "/a/x").source.line, 22u);
}

Test(method_rules, options_is_answered_where_nobody_implements_it)
{
    cr_assert_eq(ask_plainly("OPTIONS", "/a/x").rule, VERDICT_METHOD_NOWHERE_RULE);
    routes[0].settings.methods.options = OPTIONS_ANSWER;
    seal();
    struct verdict verdict = ask_plainly("OPTIONS", "/a/x");
    cr_assert_eq(verdict.rule, VERDICT_OPTIONS_ANSWER_RULE);
    cr_assert_eq(verdict.status, 200u);
    cr_assert(verdict.has_allow);
    cr_assert_str_eq(text_of(&verdict.allow), "GET, HEAD, OPTIONS, POST");
    cr_assert_eq(ask_plainly("OPTIONS", "/b/x").rule, VERDICT_METHOD_NOWHERE_RULE);
    cr_assert_eq(ask_plainly("OPTIONS", "/nowhere").rule, VERDICT_METHOD_NOWHERE_RULE);
    verdict = ask_plainly("Purge", "/a/x");
    cr_assert_eq(verdict.status, 405u);
    cr_assert_str_eq(text_of(&verdict.allow), "GET, HEAD, OPTIONS, POST");
    cr_assert_eq(ask("OPTIONS", "/a/x", 0, 0, NULL).rule, VERDICT_VERSION_UPSTREAM_RULE);
}

Test(method_rules, tells_preflights_from_other_options)
{
    static const struct slice origins[] = {{"https://app.example", 19}};
    static const struct cors_rules cors = {.origins = origins, .origin_count = 1};
    routes[0].settings.methods.options = OPTIONS_CORS;
    routes[0].settings.methods.cors = &cors;
    seal();
    struct options_fields fields = {.origin = SLICE("https://app.example"),
                                    .request_method = SLICE("POST")};
    struct verdict verdict = ask("OPTIONS", "/a/x", 1, 0, &fields);
    cr_assert_eq(verdict.rule, VERDICT_CORS_PREFLIGHT_RULE);
    cr_assert_eq(verdict.status, 204u);
    cr_assert(verdict.is_granted);
    cr_assert_eq(verdict.cors, &cors);
    fields.request_method = SLICE("PUT");
    cr_assert_not(ask("OPTIONS", "/a/x", 1, 0, &fields).is_granted);
    fields.request_method = SLICE("post");
    cr_assert_not(ask("OPTIONS", "/a/x", 1, 0, &fields).is_granted);
    policy->gateway.normalises_methods = true;
    cr_assert(ask("OPTIONS", "/a/x", 1, 0, &fields).is_granted);
    fields.request_method = SLICE("");
    cr_assert_eq(ask("OPTIONS", "/a/x", 1, 0, &fields).rule, VERDICT_OPTIONS_ANSWER_RULE);
    cr_assert_eq(ask_plainly("GET", "/a/x").cors, &cors);
    cr_assert_null(ask_plainly("GET", "/b/x").cors);
}

Test(method_rules, no_spelling_of_a_path_gets_the_cors_of_another_resource)
{
    static const struct cors_rules cors = {.takes_any_origin = true};
    routes[0].settings.methods.options = OPTIONS_CORS;
    routes[0].settings.methods.cors = &cors;
    seal();
    static const struct options_fields fields = {.origin = SLICE("null"),
                                                 .request_method = SLICE("GET")};
    static const char *const spellings[] = {"/a/..%2fb/x", "/a/../b/x", "/b/..%2fa/x", "/b/../a/x"};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        /* Not NULL, which leaves what the backend grants. */
        const struct cors_rules *found = ask_plainly("GET", spellings[i]).cors;
        cr_assert_not_null(found, "%s", spellings[i]);
        cr_assert_not(cors_takes_origin(found, SLICE("null")), "%s", spellings[i]);
        method_set_add(&upstream.implements, METHOD_OPTIONS);
        method_set_add(&routes[0].allow, METHOD_OPTIONS);
        method_set_add(&routes[1].allow, METHOD_OPTIONS);
        seal();
        struct verdict verdict = ask("OPTIONS", spellings[i], 1, 0, &fields);
        cr_assert_eq(verdict.rule, VERDICT_CORS_PREFLIGHT_RULE, "%s", spellings[i]);
        cr_assert_not(verdict.is_granted, "%s", spellings[i]);
    }
    cr_assert_eq(ask_plainly("GET", "/a/x/../y").cors, &cors);
}

Test(method_rules, allow_of_an_answer_lists_what_every_reading_takes)
{
    routes[0].settings.methods.options = routes[1].settings.methods.options = OPTIONS_ANSWER;
    seal();
    struct verdict verdict = ask_plainly("OPTIONS", "/a/..%2fb/x");
    cr_assert_str_eq(text_of(&verdict.allow), "GET, HEAD, OPTIONS");
    verdict = ask_plainly("OPTIONS", "/a/x");
    cr_assert_str_eq(text_of(&verdict.allow), "GET, HEAD, OPTIONS, POST");
}

Test(method_rules, a_refusal_before_the_place_has_the_cors_of_the_place)
{
    static const struct cors_rules cors = {.takes_any_origin = true};
    routes[0].settings.methods.options = OPTIONS_CORS;
    routes[0].settings.methods.cors = &cors;
    seal();
    struct verdict verdict = ask_plainly("BREW", "/a/x");
    cr_assert_eq(verdict.rule, VERDICT_METHOD_NOWHERE_RULE);
    cr_assert_eq(verdict.cors, &cors);
    cr_assert_eq(ask("GET", "/a/x", 0, 0, NULL).cors, &cors);
    cr_assert_null(ask_plainly("BREW", "/b/x").cors);
}

Test(method_rules, answers_webhook_handshakes_beside_the_rule_for_options)
{
    static const struct slice hosts[] = {{"events.example", 14}};
    static const struct webhook_rules webhook = {.origins = hosts, .origin_count = 1};
    static const struct webhook_rules nobody = {.rate = 5};
    struct options_fields fields = {.webhook_origin = SLICE("events.example")};
    routes[0].settings.methods.webhook = &webhook;
    routes[1].settings.methods.webhook = &nobody;
    seal();
    struct verdict verdict = ask("OPTIONS", "/a/x", 1, 0, &fields);
    cr_assert_eq(verdict.rule, VERDICT_WEBHOOK_HANDSHAKE_RULE);
    cr_assert(verdict.is_granted);
    fields.webhook_origin = SLICE("evil.example");
    cr_assert_not(ask("OPTIONS", "/a/x", 1, 0, &fields).is_granted);
    cr_assert_eq(ask("OPTIONS", "/b/x", 1, 0, &fields).rule, VERDICT_METHOD_NOWHERE_RULE);
    cr_assert_eq(ask_plainly("OPTIONS", "/a/x").rule, VERDICT_METHOD_NOWHERE_RULE);
}

static void report_only(bool first, bool second)
{
    routes[0].settings.methods.is_report_only = first;
    routes[1].settings.methods.is_report_only = second;
    seal();
}

Test(method_rules, report_only_forwards_and_keeps_the_first_reason)
{
    static const struct {
        const char *method;
        unsigned minor;
        uint64_t length;
        enum verdict_rule rule;
        unsigned status, line;
    } cases[] = {
        {"Purge", 1, 0, VERDICT_METHOD_ROUTE_RULE, 405, 22},
        {"BREW", 1, 0, VERDICT_METHOD_NOWHERE_RULE, 501, 11},
        {"PUT", 1, 200, VERDICT_METHOD_NOWHERE_RULE, 501, 11},
        {"GET", 0, 0, VERDICT_VERSION_UPSTREAM_RULE, 505, 10},
        {"BREW", 0, 0, VERDICT_VERSION_UPSTREAM_RULE, 505, 10},
        {"POST", 1, 101, VERDICT_BODY_TOO_LARGE_RULE, 413, 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        report_only(true, false);
        struct verdict verdict =
            ask(cases[i].method, "/a/x", cases[i].minor, cases[i].length, NULL);
        cr_assert_eq(verdict.kind, VERDICT_FORWARD, "case %zu", i);
        cr_assert_eq(verdict.status, 0u);
        cr_assert_not(verdict.has_allow);
        cr_assert(verdict.is_reported);
        cr_assert_eq(verdict.reported.rule, cases[i].rule, "case %zu", i);
        cr_assert_eq(verdict.reported.status, cases[i].status);
        cr_assert_eq(verdict.reported.source.line, cases[i].line, "case %zu", i);
        cr_assert_eq(verdict.upstream, &upstream);
        report_only(false, true);
        verdict = ask(cases[i].method, "/a/x", cases[i].minor, cases[i].length, NULL);
        cr_assert_eq(verdict.kind, VERDICT_REFUSE, "case %zu", i);
        cr_assert_eq(verdict.rule, cases[i].rule, "case %zu", i);
    }
    report_only(true, true);
    cr_assert_not(ask_plainly("GET", "/a/x").is_reported);
}

Test(method_rules, report_only_has_limits_that_are_only_reported)
{
    report_only(true, false);
    struct verdict verdict = ask_plainly("POST", "/a/x");
    cr_assert_eq(verdict.limits.max_body, UINT64_MAX);
    cr_assert_eq(verdict.reported_max_body, 100u);
    verdict = ask_plainly("GET", "/b/x");
    cr_assert_eq(verdict.limits.max_body, 100u);
    cr_assert_eq(verdict.reported_max_body, UINT64_MAX);
    /* A limit that one reading enforces is enforced. */
    verdict = ask_plainly("GET", "/a/..%2fb/x");
    cr_assert_eq(verdict.limits.max_body, 100u);
}

Test(method_rules, what_is_refused_after_all_is_not_reported)
{
    report_only(true, false);
    routes[0].settings.translation =
        (struct policy_translation){.buffer_request = BUFFER_REQUEST_ALL, .buffer_max = 300};
    struct verdict verdict = ask("Purge", "/a/x", 1, 301, NULL);
    cr_assert_eq(verdict.rule, VERDICT_BODY_TOO_LARGE_RULE);
    cr_assert_not(verdict.is_reported);
    verdict = ask("Purge", "/a/x", 1, 300, NULL);
    cr_assert(verdict.is_reported);
    decide_too_large(&verdict, verdict_max_body(&verdict, false));
    cr_assert_not(verdict.is_reported);
}

Test(method_rules, report_only_changes_nothing_that_is_not_a_rule_about_a_resource)
{
    upstream.settings.methods.is_report_only = true;
    report_only(true, true);
    cr_assert_eq(ask_plainly("GET", "/nowhere").rule, VERDICT_NO_ROUTE_RULE);
    cr_assert_eq(ask_plainly("BREW", "/nowhere").rule, VERDICT_METHOD_NOWHERE_RULE);
    cr_assert_eq(ask_plainly("GET", "/a/%00").rule, VERDICT_PATH_UNSAFE_RULE);
    cr_assert_eq(ask_plainly("BREW", "/a/%00").rule, VERDICT_METHOD_NOWHERE_RULE);
    cr_assert_null(ask_plainly("BREW", "/a/%00").upstream);
    cr_assert_eq(ask_plainly("CONNECT", "a:1").rule, VERDICT_METHOD_CONNECT_RULE);
    cr_assert_eq(ask_plainly("OPTIONS", "*").rule, VERDICT_OPTIONS_SERVER_RULE);
    cr_assert_eq(ask("OPTIONS", "*", 0, 0, NULL).rule, VERDICT_VERSION_UPSTREAM_RULE);
    const struct decide_request other = {.method = SLICE("GET"), .version_major = 2};
    struct verdict verdict;
    decide(policy, &other, &verdict);
    cr_assert_eq(verdict.rule, VERDICT_VERSION_MAJOR_RULE);
}

Test(method_rules, a_reading_that_refuses_beats_one_that_reports)
{
    report_only(true, false);
    struct verdict verdict = ask_plainly("POST", "/a/..%2fb/x");
    cr_assert_eq(verdict.kind, VERDICT_REFUSE);
    cr_assert_eq(verdict.route, &routes[1]);
    cr_assert_eq(ask_plainly("BREW", "/a/..%2fb/x").rule, VERDICT_METHOD_NOWHERE_RULE);
    report_only(false, true);
    verdict = ask_plainly("POST", "/a/..%2fb/x"); /* as written it is allowed */
    cr_assert_eq(verdict.kind, VERDICT_FORWARD);
    cr_assert(verdict.is_reported);
    cr_assert_eq(verdict.reported.source.line, 32u);
}

Test(method_rules, normalises_only_what_is_no_method_and_only_if_told)
{
    static const struct {
        const char *token;
        const char *method;
    } cases[] = {{"get", "GET"},     {"Patch", "PATCH"}, {"GET", "GET"},        {"purge", "Purge"},
                 {"PURGE", "Purge"}, {"Purge", "Purge"}, {"pacth", "pacth"},    {"POTS", "POTS"},
                 {"x", "x"},         {"brew", "brew"},   {"connect", "CONNECT"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice token = slice_of(cases[i].token);
        policy->gateway.normalises_methods = false;
        cr_assert(slice_equal(policy_method(policy, token), token));
        policy->gateway.normalises_methods = true;
        cr_assert(slice_equal(policy_method(policy, token), slice_of(cases[i].method)), "%s",
                  cases[i].token);
    }
}

Test(method_rules, reads_fields_that_occur_once)
{
    struct field items[8];
    struct fields fields;
    fields_init(&fields, items, 8);
    cr_assert_eq(fields_add(&fields, SLICE("ORIGIN"), SLICE("https://a")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("Access-Control-Request-Method"), SLICE("PUT")),
                 FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("Access-Control-Request-Headers"), SLICE("a")),
                 FAULT_NONE);
    struct options_fields read = method_rules_read_options(&fields);
    cr_assert(slice_equal(read.origin, SLICE("https://a")));
    cr_assert(slice_equal(read.request_method, SLICE("PUT")));
    cr_assert(slice_equal(read.request_headers, SLICE("a")));
    cr_assert_eq(read.webhook_origin.length, 0u);
    cr_assert_eq(fields_add(&fields, SLICE("access-control-request-headers"), SLICE("b")),
                 FAULT_NONE);
    cr_assert_eq(method_rules_read_options(&fields).request_method.length, 0u);
    cr_assert_eq(fields_add(&fields, SLICE("Origin"), SLICE("https://b")), FAULT_NONE);
    cr_assert_eq(method_rules_single_field(&fields, SLICE("origin")).length, 0u);
}

Test(method_rules, judges_static_fields)
{
    static const struct {
        const char *name;
        const char *value;
        bool is_good;
    } cases[] = {
        {"Sunset", "Sat, 31 Oct 2026 23:59:59 GMT", true},
        {"Link", "</x>; rel=\"help\"", true},
        {"X-Empty", "", true},
        {"X-Tab", "a\tb", true},
        {"X-High", "caf\xc3\xa9", true},
        {"X-Line", "a\r\nB: c", false},
        {"X-Nul", "a\x01", false},
        {"X-Del", "a\x7f", false},
        {"X Space", "a", false},
        {"", "a", false},
        {"content-LENGTH", "1", false},
        {"Transfer-Encoding", "chunked", false},
        {"Connection", "close", false},
        {"Date", "x", false},
        {"Allow", "GET", false},
        {"Via", "x", false},
        {"Access-Control-Allow-Origin", "*", false},
        {"Access-Controlled", "x", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem =
            method_rules_field_problem(slice_of(cases[i].name), slice_of(cases[i].value));
        cr_assert_eq(problem == NULL, cases[i].is_good, "%s: %s", cases[i].name, problem);
    }
}
