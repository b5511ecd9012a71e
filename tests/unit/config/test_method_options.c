/* The options of the rules for methods, and how levels inherit them. */
#include "policy_fixture.h"

#include <stdio.h>

Test(method_options, have_defaults_that_change_nothing)
{
    struct policy *policy = load(LISTENER UPSTREAM "[route a]\n");
    const struct method_rules *rules = &policy->routes[0].settings.methods;
    cr_assert_eq(diagnostics.count, 0);
    cr_assert_not(policy->gateway.normalises_methods);
    cr_assert_not(policy->has_lenient_rules);
    cr_assert_not(rules->is_report_only);
    cr_assert_eq(rules->head, HEAD_FORWARD);
    cr_assert_eq(rules->options, OPTIONS_FORWARD);
    cr_assert_not(method_rules_has_webhook(rules));
    cr_assert_null(rules->fields);
    drop(policy);
}

Test(method_options, are_inherited_one_by_one)
{
    struct policy *policy =
        load("[gateway]\nmethod-case = normalise\nreport-only = yes\nhead = from-get\n"
             "cors-max-age = 90s\ncors-headers = X-A, x-b\nwebhook-rate = 30\n"
             "response-field = X-Level: gateway\n" LISTENER UPSTREAM
             "options = cors\ncors-origins = https://a.example https://*.b.example\n"
             "[route a]\npath = /a\nreport-only = no\nhead = refuse\ncors-expose = *\n"
             "webhook-origins = events.example\n"
             "response-field = X-Level:  route \nresponse-field = Link: </x>\n"
             "[route b]\npath = /b\ncors-headers =\nresponse-field =\noptions = answer\n");
    const struct method_rules *first = &policy->routes[0].settings.methods;
    const struct method_rules *second = &policy->routes[1].settings.methods;
    cr_assert(policy->gateway.normalises_methods);
    cr_assert_not(first->is_report_only);
    cr_assert_eq(first->head, HEAD_REFUSE);
    cr_assert_eq(first->head_source.line, 18u);
    cr_assert_eq(first->options, OPTIONS_CORS);
    cr_assert_eq(first->cors->origin_count, 2u);
    cr_assert_eq(first->cors->max_age_s, 90u);
    cr_assert(slice_equal(first->cors->headers, SLICE("X-A, x-b")));
    cr_assert(slice_equal(first->cors->expose, SLICE("*")));
    cr_assert(method_rules_has_webhook(first));
    cr_assert_eq(first->webhook->rate, 30u);
    cr_assert_eq(first->fields->count, 2u);
    cr_assert(slice_equal(first->fields->lines, SLICE("X-Level: route\r\nLink: </x>\r\n")));
    cr_assert(second->is_report_only);
    cr_assert_eq(second->head, HEAD_FROM_GET);
    cr_assert_eq(second->options, OPTIONS_ANSWER);
    cr_assert_eq(second->cors->headers.length, 0u);
    cr_assert_eq(second->cors->expose.length, 0u);
    cr_assert_not(method_rules_has_webhook(second));
    cr_assert_null(second->fields);
    cr_assert_eq(policy->upstreams[0].settings.methods.fields->count, 1u);
    drop(policy);
}

Test(method_options, what_the_gateway_makes_need_not_be_implemented)
{
    struct policy *policy =
        load(LISTENER UPSTREAM "implements = GET POST\nhead = from-get\noptions = answer\n"
                               "[route a]\nallow = GET HEAD OPTIONS\n");
    cr_assert_eq(diagnostics.count, 0, "%s", memory_report(&diagnostics));
    cr_assert(method_set_has(&policy->routes[0].answer, METHOD_HEAD));
    cr_assert(method_set_has(&policy->routes[0].answer, METHOD_OPTIONS));
    drop(policy);
}

static void expect_report(const char *line, bool is_error, const char *part)
{
    char text[8192];
    snprintf(text, sizeof text, LISTENER UPSTREAM "%s\n", line);
    struct policy *policy = memory_load(text, &diagnostics);
    cr_assert_eq(policy == NULL, is_error, "%s", line);
    cr_assert_eq(diagnostics.count, 1, "%s", memory_report(&diagnostics));
    cr_assert_not_null(strstr(memory_report(&diagnostics), part), "%s",
                       memory_report(&diagnostics));
    drop(policy);
}

Test(method_options, contradictions_are_reported_where_they_stand)
{
    expect_report("options = cors", false, "no origin is listed");
    expect_report("cors-credentials = yes\ncors-origins = *", true, "cors-origins cannot be *");
    expect_report("cors-credentials = yes\ncors-expose = *", true, "take * for a name");
    expect_report("cors-credentials = yes\ncors-origins = *\n[route a]\ncors-max-age = 1s", true,
                  "cors-origins cannot be *");
    expect_report("response-field = Via: 1.1 x", true, "it must be true");
    expect_report("webhook-origins = *.example.com", true, "a sender is written out");
    expect_report("webhook-rate = 0", true, "out of range");
    expect_report("cors-max-age = 25h", true, "out of range");
}

Test(method_options, lists_are_bounded)
{
    char line[8192] = "cors-origins =";
    for (unsigned i = 0; i < CORS_ORIGINS_MAX; i++) {
        size_t length = strlen(line);
        snprintf(line + length, sizeof line - length, " https://h%u.example", i);
    }
    char text[8192 + 128];
    snprintf(text, sizeof text, LISTENER UPSTREAM "%s\n", line);
    struct policy *policy = load(text);
    cr_assert_eq(policy->upstreams[0].settings.methods.cors->origin_count, CORS_ORIGINS_MAX);
    drop(policy);
    snprintf(line + strlen(line), sizeof line - strlen(line), " https://one.more");
    expect_report(line, true, "more than 64");
    memset(line, 'x', sizeof line);
    memcpy(line, "cors-headers = ", 15);
    line[15 + CORS_LIST_MAX + 1] = '\0';
    expect_report(line, true, "longer than 512");
}
