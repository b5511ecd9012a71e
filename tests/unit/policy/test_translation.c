/* The decision where requests are translated for a legacy backend. */
#include <criterion/criterion.h>

#include "verbgate/policy/decide.h"

static struct policy *policy;
static struct policy_upstream upstream;
static struct policy_route routes[2];

static struct method_set set_of(enum method first, enum method second)
{
    struct method_set set = {.any = false};
    method_set_add(&set, first);
    method_set_add(&set, second);
    return set;
}

/* An upstream with GET and POST; /a takes PATCH as POST, all else takes what the upstream does. */
static void start(void)
{
    policy = policy_create((size_t)1024 * 1024);
    cr_assert_not_null(policy);
    upstream = (struct policy_upstream){
        .name = SLICE("legacy"),
        .implements = set_of(METHOD_GET, METHOD_POST),
        .versions = POLICY_VERSION_ALL,
        .settings = {.limits = {.max_body = 1000}},
    };
    routes[0] = (struct policy_route){.upstream = &upstream,
                                      .has_allow = true,
                                      .allow = set_of(METHOD_GET, METHOD_PATCH),
                                      .settings = upstream.settings};
    routes[0].settings.translation.send_as_post = set_of(METHOD_PATCH, METHOD_DELETE);
    routes[1] = (struct policy_route){.upstream = &upstream, .settings = upstream.settings};
    routes[0].settings.translation.override_fields = OVERRIDE_FIELDS_STRIP;
    routes[1].settings.translation.override_fields = OVERRIDE_FIELDS_STRIP;
    policy->upstreams = &upstream;
    policy->upstream_count = 1;
    policy->routes = routes;
    policy->route_count = 2;
}

static void stop(void)
{
    policy->routes = NULL;
    policy->upstreams = NULL;
    policy_release(policy);
}

TestSuite(translation, .init = start, .fini = stop);

static void seal(void)
{
    const struct route_pattern patterns[] = {{.path = SLICE("/a/*"), .route = &routes[0]},
                                             {.path = SLICE("/*"), .route = &routes[1]}};
    unsigned first;
    unsigned second;
    cr_assert_eq(policy_seal(policy, patterns, 2, &first, &second), POLICY_SEALED);
}

static struct verdict ask(const char *method, const char *path, uint64_t length, bool asks_other)
{
    struct target target;
    cr_assert_eq(target_parse(slice_of(path), METHOD_GET, &target), FAULT_NONE);
    const struct decide_request request = {
        .method = slice_of(method),
        .version_major = 1,
        .version_minor = 1,
        .target = &target,
        .content_length = length,
        .max_forwards = -1,
        .asks_other_method = asks_other,
    };
    struct verdict verdict;
    decide(policy, &request, &verdict);
    return verdict;
}

static void expect(const char *method, const char *path, enum verdict_rule rule)
{
    struct verdict verdict = ask(method, path, 0, false);
    cr_assert_eq(verdict.rule, rule, "%s %s: %s", method, path, verdict_rule_name(verdict.rule));
}

Test(translation, what_a_route_sends_as_post_counts_as_implemented_there_only)
{
    seal();
    expect("PATCH", "/a/x", VERDICT_FORWARD_RULE);
    expect("DELETE", "/a/x", VERDICT_METHOD_ROUTE_RULE); /* can be sent, but is not allowed */
    expect("POST", "/a/x", VERDICT_METHOD_ROUTE_RULE);
    expect("PATCH", "/x", VERDICT_METHOD_UPSTREAM_RULE);
    expect("PUT", "/x", VERDICT_METHOD_NOWHERE_RULE);
    struct verdict verdict = ask("PATCH", "/a/x", 0, false);
    cr_assert_eq(verdict.translation, &routes[0].settings.translation);
    cr_assert(method_set_has(&routes[0].answer, METHOD_PATCH));
    cr_assert(method_set_has(&policy->implemented, METHOD_DELETE));
}

Test(translation, no_reading_of_a_path_finds_another_routes_methods)
{
    seal();
    expect("PATCH", "/a/../x", VERDICT_METHOD_UPSTREAM_RULE);
    expect("PATCH", "/x/../a/x", VERDICT_METHOD_UPSTREAM_RULE);
    expect("GET", "/a/../x", VERDICT_FORWARD_RULE);
}

Test(translation, override_fields_are_refused_behind_the_method_and_before_the_content)
{
    routes[1].settings.translation.override_fields = OVERRIDE_FIELDS_REFUSE;
    seal();
    cr_assert_eq(ask("POST", "/x", 5000, true).rule, VERDICT_METHOD_OVERRIDE_RULE);
    cr_assert_eq(ask("POST", "/x", 5000, true).status, 400);
    cr_assert_eq(ask("POST", "/x", 5000, false).rule, VERDICT_BODY_TOO_LARGE_RULE);
    cr_assert_eq(ask("PATCH", "/x", 0, true).rule, VERDICT_METHOD_UPSTREAM_RULE);
    cr_assert_eq(ask("GET", "/a/x", 0, true).rule, VERDICT_FORWARD_RULE);
}

Test(translation, override_fields_pass_only_where_every_reading_lets_them)
{
    routes[0].settings.translation.override_fields = OVERRIDE_FIELDS_PASS;
    seal();
    cr_assert_not(ask("GET", "/a/x", 0, true).strips_override);
    cr_assert(ask("GET", "/x", 0, true).strips_override);
    cr_assert(ask("GET", "/a/../x", 0, true).strips_override);
    cr_assert(ask("GET", "/x/../a/x", 0, true).strips_override);
}

static struct verdict ask_oddly(const char *path)
{
    struct target target;
    cr_assert_eq(target_parse(slice_of(path), METHOD_GET, &target), FAULT_NONE);
    const struct decide_request request = {
        .method = SLICE("GET"),
        .version_major = 1,
        .version_minor = 1,
        .target = &target,
        .max_forwards = -1,
        .has_odd_name = true,
    };
    struct verdict verdict;
    decide(policy, &request, &verdict);
    return verdict;
}

Test(translation, odd_names_are_dropped_refused_or_passed)
{
    routes[0].settings.translation.odd_names = ODD_NAMES_REFUSE;
    seal();
    cr_assert_eq(ask_oddly("/a/x").rule, VERDICT_ODD_NAME_RULE);
    cr_assert_eq(ask_oddly("/a/x").status, 400);
    cr_assert_eq(ask("GET", "/a/x", 0, false).rule, VERDICT_FORWARD_RULE);
    cr_assert_eq(ask_oddly("/x").rule, VERDICT_FORWARD_RULE);
    cr_assert(ask_oddly("/x").drops_odd_names);
    /* Under report-only they are dropped, and it is noted. */
    routes[0].settings.methods.is_report_only = true;
    struct verdict verdict = ask_oddly("/a/x");
    cr_assert_eq(verdict.rule, VERDICT_FORWARD_RULE);
    cr_assert(verdict.is_reported && verdict.drops_odd_names);
    cr_assert_eq(verdict.reported.rule, VERDICT_ODD_NAME_RULE);
}

Test(translation, odd_names_pass_only_where_every_reading_lets_them)
{
    routes[0].settings.translation.odd_names = ODD_NAMES_PASS;
    seal();
    cr_assert_not(ask_oddly("/a/x").drops_odd_names);
    cr_assert(ask_oddly("/a/../x").drops_odd_names);
    cr_assert(ask_oddly("/x/../a/x").drops_odd_names);
}

Test(translation, content_that_is_buffered_in_any_case_is_judged_by_its_cap)
{
    struct policy_translation *translation = &routes[1].settings.translation;
    translation->buffer_max = 100;
    translation->buffer_request = BUFFER_REQUEST_CHUNKED;
    seal();
    cr_assert_eq(ask("POST", "/x", 101, false).rule, VERDICT_FORWARD_RULE);
    translation->buffer_request = BUFFER_REQUEST_ALL;
    cr_assert_eq(ask("POST", "/x", 101, false).rule, VERDICT_BODY_TOO_LARGE_RULE);
    cr_assert_eq(ask("POST", "/x", 100, false).rule, VERDICT_FORWARD_RULE);
    translation->buffer_max = 5000;
    cr_assert_eq(ask("POST", "/x", 1001, false).rule, VERDICT_BODY_TOO_LARGE_RULE);
}
