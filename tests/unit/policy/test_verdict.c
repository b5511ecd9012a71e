#include <criterion/criterion.h>

#include "verbgate/policy/decide.h"

static struct policy policy;
static struct policy_upstream upstream;
static struct policy_route route;
static struct target target;

static struct method_set set_of(const enum method *methods, size_t count)
{
    struct method_set set = {.any = false};
    for (size_t i = 0; i < count; i++) {
        method_set_add(&set, methods[i]);
    }
    return set;
}

#define SET(...)                               \
    set_of((const enum method[]){__VA_ARGS__}, \
           sizeof((const enum method[]){__VA_ARGS__}) / sizeof(enum method))

static void start(void)
{
    upstream = (struct policy_upstream){
        .name = SLICE("legacy"),
        .implements = SET(METHOD_GET, METHOD_HEAD),
        .takes = SET(METHOD_GET, METHOD_HEAD),
        .versions = POLICY_VERSION_1_1,
        .settings = {.limits = {.max_body = 10}},
    };
    route = (struct policy_route){.name = SLICE("orders"),
                                  .upstream = &upstream,
                                  .takes = SET(METHOD_GET, METHOD_HEAD),
                                  .settings = {.limits = {.max_body = 1048576}}};
    policy.implemented = SET(METHOD_POST, METHOD_GET, METHOD_HEAD);
    policy.versions = POLICY_VERSION_ALL;
    policy.extensions.names[0] = SLICE("PURGE");
    policy.extensions.count = 1;
    target = (struct target){.form = TARGET_ORIGIN, .path = SLICE("/x")};
}

TestSuite(verdict, .init = start);

static void expect_sentence(const struct verdict *verdict, const char *method, unsigned major,
                            unsigned minor, const char *wanted)
{
    const struct decide_request request = {
        .method = slice_of(method),
        .version_major = major,
        .version_minor = minor,
        .target = &target,
        .max_forwards = -1,
    };
    char text[VERDICT_SENTENCE_MAX];
    struct writer writer = writer_make(text, sizeof text);
    verdict_write_sentence(&writer, &policy, verdict, &request);
    cr_assert_not(writer.overflow);
    cr_assert(slice_equal(writer_slice(&writer), slice_of(wanted)), "got \"%.*s\", wanted \"%s\"",
              SLICE_PRINT(writer_slice(&writer)), wanted);
}

Test(verdict, every_rule_has_a_kind_a_status_an_error_and_a_name)
{
    for (unsigned i = 0; i < VERDICT_RULE_COUNT; i++) {
        enum verdict_rule rule = (enum verdict_rule)i;
        unsigned status = verdict_rule_status(rule);
        bool is_refusal = verdict_rule_kind(rule) == VERDICT_REFUSE;
        cr_assert_eq(is_refusal, status >= 400);
        cr_assert_eq(verdict_rule_kind(rule) == VERDICT_FORWARD, status == 0);
        cr_assert_eq(verdict_rule_error(rule) != NULL, is_refusal);
        for (const char *c = verdict_rule_name(rule); *c != '\0'; c++) {
            cr_assert((*c >= 'a' && *c <= 'z') || *c == '-');
        }
        for (unsigned j = 0; j < i; j++) {
            cr_assert_str_neq(verdict_rule_name(rule), verdict_rule_name((enum verdict_rule)j));
        }
    }
    cr_assert_str_eq(verdict_rule_name(VERDICT_METHOD_ROUTE_RULE), "method-route");
    cr_assert_str_eq(verdict_rule_error(VERDICT_NO_ROUTE_RULE), "destination_not_found");
    cr_assert_eq(verdict_rule_status(VERDICT_BODY_TOO_LARGE_RULE), 413);
}

Test(verdict, says_what_was_decided_and_what_is_there_instead)
{
    const struct {
        enum verdict_rule rule;
        const char *method;
        const char *sentence;
    } cases[] = {
        {VERDICT_FORWARD_RULE, "GET", "GET is forwarded."},
        {VERDICT_METHOD_CONNECT_RULE, "CONNECT",
         "CONNECT is not implemented by this server: it opens no tunnels."},
        {VERDICT_METHOD_NOWHERE_RULE, "PATCH",
         "PATCH is not implemented by this server. Implemented: GET, HEAD, POST."},
        {VERDICT_METHOD_UPSTREAM_RULE, "POST",
         "POST is not implemented by the server behind this address. Implemented: GET, HEAD."},
        {VERDICT_METHOD_GENERAL_RULE, "GET",
         "GET is not allowed for this resource. Allowed: POST, PUT."},
        {VERDICT_METHOD_ROUTE_RULE, "DELETE",
         "DELETE is not allowed for this resource. Allowed: POST, PUT."},
        {VERDICT_MAX_FORWARDS_RULE, "TRACE",
         "TRACE with Max-Forwards: 0 ends here, where it is not answered. Allowed: POST, PUT."},
        {VERDICT_NO_ROUTE_RULE, "GET", "Nothing is served under this host and path."},
        {VERDICT_PATH_UNSAFE_RULE, "GET",
         "The path has a '%', a backslash or an encoded byte that servers read in different ways "
         "(path-readings)."},
        {VERDICT_PATH_AMBIGUOUS_RULE, "GET",
         "The path can be read in more than one way, and the readings lead to different servers."},
        {VERDICT_METHOD_OVERRIDE_RULE, "POST",
         "A field that asks for another method than the request line, such as "
         "X-HTTP-Method-Override, is not taken here (override-fields = refuse)."},
        {VERDICT_ODD_NAME_RULE, "POST",
         "A field name that servers take for another one, such as X_Forwarded_For, is not taken "
         "here (odd-names = refuse)."},
        {VERDICT_BODY_TOO_LARGE_RULE, "POST",
         "The content is larger than the 1048576 bytes that are allowed here."},
        {VERDICT_OPTIONS_SERVER_RULE, "OPTIONS",
         "OPTIONS is answered for the whole server. Implemented: POST, PUT."},
        {VERDICT_OPTIONS_HERE_RULE, "OPTIONS",
         "OPTIONS with Max-Forwards: 0 is answered here. Allowed: POST, PUT."},
        {VERDICT_OPTIONS_ANSWER_RULE, "OPTIONS", "OPTIONS is answered here. Allowed: POST, PUT."},
        {VERDICT_CORS_PREFLIGHT_RULE, "OPTIONS",
         "OPTIONS is a preflight, and is not granted. Allowed: POST, PUT."},
        {VERDICT_WEBHOOK_HANDSHAKE_RULE, "OPTIONS",
         "OPTIONS is a webhook's handshake, and its sender may not deliver. Allowed: POST, PUT."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct verdict verdict = {
            .rule = cases[i].rule,
            .upstream = &upstream,
            .route = &route,
            .allow = SET(METHOD_POST, METHOD_PUT),
            .suggestion = METHOD_UNKNOWN,
            .limits = route.settings.limits,
        };
        expect_sentence(&verdict, cases[i].method, 1, 1, cases[i].sentence);
    }
}

Test(verdict, names_the_version_to_use)
{
    struct verdict verdict = {.rule = VERDICT_VERSION_MAJOR_RULE, .suggestion = METHOD_UNKNOWN};
    expect_sentence(&verdict, "PRI", 2, 0, "HTTP/2.0 is not supported here; use HTTP/1.1.");
    verdict.rule = VERDICT_VERSION_UPSTREAM_RULE;
    verdict.upstream = &upstream;
    expect_sentence(&verdict, "GET", 1, 0, "HTTP/1.0 is not supported here; use HTTP/1.1.");
    upstream.versions = POLICY_VERSION_1_0;
    expect_sentence(&verdict, "GET", 1, 1, "HTTP/1.1 is not supported here; use HTTP/1.0.");
}

Test(verdict, asks_what_was_meant)
{
    struct verdict verdict = {.rule = VERDICT_METHOD_NOWHERE_RULE, .suggestion = METHOD_GET};
    expect_sentence(&verdict, "get", 1, 1,
                    "get is not implemented by this server. Implemented: GET, HEAD, POST. Did you "
                    "mean GET? Methods are case-sensitive.");
    verdict.suggestion = METHOD_POST;
    expect_sentence(&verdict, "POTS", 1, 1,
                    "POTS is not implemented by this server. Implemented: GET, HEAD, POST. Did "
                    "you mean POST?");
    verdict.suggestion = METHOD_EXTENSION_FIRST;
    expect_sentence(&verdict, "Purge", 1, 1,
                    "Purge is not implemented by this server. Implemented: GET, HEAD, POST. Did "
                    "you mean PURGE? Methods are case-sensitive.");
}

Test(verdict, shows_no_more_of_a_method_than_is_safe)
{
    const struct verdict verdict = {.rule = VERDICT_METHOD_CONNECT_RULE,
                                    .suggestion = METHOD_UNKNOWN};
    expect_sentence(&verdict, "A&B<\"\x80", 1, 1,
                    "A%26B%3C%22%80 is not implemented by this server: it opens no tunnels.");
    expect_sentence(&verdict, "QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ", 1, 1,
                    "QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ is not implemented by this server: it opens "
                    "no tunnels.");
    expect_sentence(&verdict, "QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ", 1, 1,
                    "QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ... is not implemented by this server: it "
                    "opens no tunnels.");
}

Test(verdict, says_so_when_nothing_or_anything_is_there)
{
    struct verdict verdict = {.rule = VERDICT_METHOD_ROUTE_RULE, .suggestion = METHOD_UNKNOWN};
    expect_sentence(&verdict, "GET", 1, 1, "GET is not allowed for this resource. Allowed: none.");
    verdict.allow.any = true;
    expect_sentence(&verdict, "GET", 1, 1,
                    "GET is not allowed for this resource. Allowed: other tokens.");
    method_set_add(&verdict.allow, METHOD_PUT);
    expect_sentence(&verdict, "GET", 1, 1,
                    "GET is not allowed for this resource. Allowed: PUT and other tokens.");
}

Test(verdict, tells_a_long_path_from_an_unsafe_one)
{
    static char path[DECIDE_PATH_MAX + 1];
    target.path = slice_make(path, sizeof path);
    const struct verdict verdict = {.rule = VERDICT_PATH_UNSAFE_RULE, .suggestion = METHOD_UNKNOWN};
    expect_sentence(&verdict, "GET", 1, 1,
                    "The path can be read in more than one way and is too long to judge them all.");
}

Test(verdict, the_body_limit_is_that_of_the_verdict)
{
    const struct verdict verdict = {
        .rule = VERDICT_BODY_TOO_LARGE_RULE, .upstream = &upstream, .limits = {.max_body = 10}};
    expect_sentence(&verdict, "POST", 1, 1,
                    "The content is larger than the 10 bytes that are allowed here.");
}

Test(verdict, names_the_rule_its_section_and_its_line)
{
    const struct {
        struct verdict verdict;
        const char *text;
    } cases[] = {
        {{.rule = VERDICT_METHOD_ROUTE_RULE,
          .upstream = &upstream,
          .route = &route,
          .source = {"gateway.ini", 14}},
         "method-route: route \"orders\" (gateway.ini:14)"},
        {{.rule = VERDICT_METHOD_UPSTREAM_RULE,
          .upstream = &upstream,
          .route = &route,
          .source = {"conf.d/a.ini", 6}},
         "method-upstream: upstream \"legacy\" (conf.d/a.ini:6)"},
        {{.rule = VERDICT_FORWARD_RULE, .upstream = &upstream, .source = {"gateway.ini", 2}},
         "forward: upstream \"legacy\" (gateway.ini:2)"},
        {{.rule = VERDICT_METHOD_NOWHERE_RULE, .source = {"gateway.ini", 2}},
         "method-nowhere (gateway.ini:2)"},
        {{.rule = VERDICT_NO_ROUTE_RULE}, "no-route"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        struct writer writer = writer_make(text, sizeof text);
        verdict_write_rule(&writer, &cases[i].verdict);
        cr_assert_not(writer.overflow);
        cr_assert(slice_equal(writer_slice(&writer), slice_of(cases[i].text)), "got \"%.*s\"",
                  SLICE_PRINT(writer_slice(&writer)));
    }
}

Test(verdict, says_what_report_only_kept_back)
{
    struct verdict verdict = {.rule = VERDICT_FORWARD_RULE,
                              .upstream = &upstream,
                              .route = &route,
                              .settings = &route.settings,
                              .allow = SET(METHOD_POST),
                              .suggestion = METHOD_UNKNOWN};
    verdict_report(&verdict, VERDICT_METHOD_ROUTE_RULE, (struct rule_source){"gateway.ini", 14});
    verdict_report(&verdict, VERDICT_BODY_TOO_LARGE_RULE, (struct rule_source){"gateway.ini", 15});
    expect_sentence(
        &verdict, "PUT", 1, 1,
        "would be refused with 405: PUT is not allowed for this resource. Allowed: POST.");
    char text[256];
    struct writer writer = writer_make(text, sizeof text);
    verdict_write_reported(&writer, &verdict);
    cr_assert(slice_equal(writer_slice(&writer),
                          SLICE("method-route: route \"orders\" (gateway.ini:14)")));
}

Test(verdict, says_that_a_head_goes_as_get)
{
    const struct verdict verdict = {
        .rule = VERDICT_FORWARD_RULE, .upstream = &upstream, .asks_get = true};
    expect_sentence(&verdict, "HEAD", 1, 1, "HEAD is forwarded as GET.");
}

Test(verdict, the_looks_of_a_404_are_the_gateways)
{
    struct verdict verdict = {.status = 405, .settings = &route.settings};
    cr_assert_eq(verdict_settings(&policy, &verdict), &route.settings);
    verdict.status = 404;
    cr_assert_eq(verdict_settings(&policy, &verdict), &policy.gateway.settings);
}
