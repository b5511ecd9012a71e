/* Paths that can be read in more than one way, and methods in another case. */
#include <criterion/criterion.h>

#include "decide_fixture.h"

TestSuite(decide_spellings, .init = start, .fini = finish);

Test(decide_spellings, no_spelling_of_a_path_walks_round_a_rule)
{
    /* Those that keep to the normal form of RFC 3986 get the very answer of /ro/x. */
    static const char *const normal[] = {
        "/ro/x/a",
        "/%72o/x/a",
        "/%72%6F/x/a",
        "/%72%6f/x/a",
        "/c/../ro/x/a",
        "/c/%2e%2e/ro/x/a",
        "/c/.%2E/ro/x/a",
        "//ro/x/a",
        "/./ro/x/a",
        "/%2e/ro/x/a",
        "http://b.test/ro/x/a",
        "http://b.test//ro/x/a",
        "/ro/",
        "/ro/.",
        "/ro/c/../a",
        "/ro//a",
    };
    for (size_t i = 0; i < sizeof normal / sizeof *normal; i++) {
        struct wish wish = {.method = "POST", .version = "1.1", .target = normal[i]};
        struct target target;
        struct verdict verdict = ask(&wish, &target);
        cr_assert_eq(verdict.kind, VERDICT_REFUSE, "%s is forwarded", normal[i]);
        /* What leads nowhere as written is refused for that. */
        cr_assert(verdict.status == 405 || verdict.status == 404, "%s: %u", normal[i],
                  verdict.status);
    }
    /* Those that only some backends read as /ro/ must not be forwarded either. */
    static const char *const lenient[] = {
        "/ro;v=1/a",
        "/ro%2Fa",
        "/ro%2fa",
        "/ro%5Ca",
        "/ro\\a",
        "/c/..%2Fro/a",
        "/c%2F..%2Fro/a",
        "/c/..%5cro/a",
        "/c/..;/ro/a",
        "/c\\..\\ro\\a",
        "/c/..;x=y/ro/a",
        "/ro/../c/%2e%2e/ro/a",
        "/%2Fro/a",
        "/;/ro/a",
        "/;x/ro/a",
        "/c/%2e%2e%2fro/a",
        "/c/x/..%2f../ro/a",
        "/c/%c0%ae%c0%ae/ro/a",
        "/c/..%00/ro/a",
    };
    for (size_t i = 0; i < sizeof lenient / sizeof *lenient; i++) {
        struct wish wish = {.method = "POST", .version = "1.1", .target = lenient[i]};
        struct target target;
        struct verdict verdict = ask(&wish, &target);
        cr_assert_eq(verdict.kind, VERDICT_REFUSE, "%s is forwarded", lenient[i]);
    }
}

/* Servers that fold case run DELETE for "delete" and TRACE for "trace". */
Test(decide_spellings, what_a_list_takes_away_is_away_in_every_case)
{
    routes[4].has_allow = true;
    routes[4].allow = read_set("GET HEAD PATCH PURGE POST *");
    upstreams[1].implements = read_set("GET HEAD PATCH DELETE PURGE POST *");
    upstreams[1].settings.translation.send_as_post = read_set("PUT");
    routes[4].settings.translation.send_as_post = read_set("PUT");
    method_set_add(&routes[4].allow, METHOD_PUT);
    seal(&(struct route_pattern){.host = SLICE("new.example"), .route = &routes[4]}, 1);
    static const struct {
        const char *method;
        enum verdict_rule rule;
        unsigned status;
    } cases[] = {
        {"DELETE", RULE(METHOD_ROUTE), 405},
        {"delete", RULE(METHOD_ROUTE), 405},
        {"Delete", RULE(METHOD_ROUTE), 405},
        {"dELETe", RULE(METHOD_ROUTE), 405},
        {"trace", RULE(METHOD_UPSTREAM), 501},
        {"Options", RULE(METHOD_UPSTREAM), 501},
        {"connect", RULE(METHOD_NOWHERE), 501},
        {"pri", RULE(METHOD_NOWHERE), 501},
        {"lock", RULE(METHOD_NOWHERE), 501},
        {"PUT", RULE(FORWARD), 0},
        {"put", RULE(METHOD_UPSTREAM), 501}, /* the server has no PUT, only POST in its place */
        {"post", RULE(FORWARD), 0},
        {"purge", RULE(FORWARD), 0},
        {"BREW", RULE(FORWARD), 0},
        {"brew", RULE(FORWARD), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wish wish = {
            .method = cases[i].method, .version = "1.1", .target = "/x", .host = "new.example"};
        struct target target;
        struct verdict verdict = ask(&wish, &target);
        cr_assert_eq(verdict.rule, cases[i].rule, "%s: %s", cases[i].method,
                     verdict_rule_name(verdict.rule));
        cr_assert_eq(verdict.status, cases[i].status, "%s", cases[i].method);
    }
}

/* What the gateway makes of HEAD and OPTIONS is no reason to forward "head" and "options". */
Test(decide_spellings, forwards_no_head_or_options_in_another_case_to_a_server_without_them)
{
    upstreams[1].implements = read_set("GET POST *");
    upstreams[1].settings.methods.head = HEAD_FROM_GET;
    upstreams[1].settings.methods.options = OPTIONS_ANSWER;
    routes[4].settings = upstreams[1].settings;
    seal(&(struct route_pattern){.host = SLICE("new.example"), .route = &routes[4]}, 1);
    static const struct wish wishes[] = {
        {WISH("HEAD", "1.1", "/x", FORWARD, 0, 80), .host = "new.example"},
        {WISH("OPTIONS", "1.1", "/x", OPTIONS_ANSWER, 200, 80), .host = "new.example",
         .allow = "GET, HEAD, OPTIONS, POST"},
        {WISH("head", "1.1", "/x", METHOD_UPSTREAM, 501, 21), .host = "new.example"},
        {WISH("options", "1.1", "/x", METHOD_UPSTREAM, 501, 21), .host = "new.example"},
    };
    EXPECT_ALL(wishes);
}

Test(decide_spellings, leaves_out_readings_that_the_operator_leaves_out)
{
    const struct route_pattern patterns[] = {
        {.path = SLICE("/ro/*"), .route = &routes[0]},
        {.path = SLICE("/*"), .route = &routes[1]},
    };
    seal(patterns, 2);
    static const struct {
        const char *path;
        bool is_refused[3]; /* under all readings, as written and normal, as written */
    } cases[] = {
        {"/ro/a", {true, true, true}},       {"/%72o/a", {true, true, false}},
        {"/x/../ro/a", {true, true, false}}, {"/ro%2Fa", {true, false, false}},
        {"/ro;v=1/a", {true, false, false}}, {"//host/ro/a", {true, false, false}},
        {"/other", {false, false, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned readings = 0; readings < 3; readings++) {
            static const unsigned left_out[] = {0, PATH_READING_ALL & ~PATH_READING_NORMAL,
                                                PATH_READING_ALL};
            policy->gateway.left_out_readings = left_out[readings];
            seal(patterns, 2);
            struct wish wish = {WISH("POST", "1.1", cases[i].path, FORWARD, 0, 0)};
            struct target target;
            struct verdict verdict = ask(&wish, &target);
            cr_assert_eq(verdict.kind == VERDICT_REFUSE, cases[i].is_refused[readings],
                         "%s under %u", cases[i].path, readings);
        }
    }
}

/* The limits of a route hold for every spelling of its paths. */
Test(decide_spellings, takes_the_strictest_limits_of_all_readings)
{
    routes[0].settings.limits = (struct policy_limits){.max_body = 10, .upgrades = 1};
    routes[0].has_allow = false;
    routes[1].settings.limits = (struct policy_limits){.max_body = 1000, .upgrades = 3};
    const struct route_pattern patterns[] = {
        {.path = SLICE("/ro/*"), .route = &routes[0]},
        {.path = SLICE("/*"), .route = &routes[1]},
    };
    seal(patterns, 2);
    static const struct wish strict[] = {
        {WISH("POST", "1.1", "/ro/a", FORWARD, 0, 0)},
        {WISH("POST", "1.1", "/%72o/a", FORWARD, 0, 0)},
        {WISH("POST", "1.1", "/x/../ro/a", FORWARD, 0, 0)},
        {WISH("POST", "1.1", "//x/ro/a", FORWARD, 0, 0)},
    };
    struct target target;
    for (size_t i = 0; i < sizeof strict / sizeof strict[0]; i++) {
        struct verdict verdict = ask(&strict[i], &target);
        cr_assert_eq(verdict.kind, VERDICT_FORWARD, "%s", strict[i].target);
        cr_assert_eq(verdict.limits.max_body, 10, "%s", strict[i].target);
        cr_assert_eq(verdict.limits.upgrades, 1, "%s", strict[i].target);
    }
    static const struct wish lax = {WISH("POST", "1.1", "/other", FORWARD, 0, 0)};
    struct verdict verdict = ask(&lax, &target);
    cr_assert_eq(verdict.limits.max_body, 1000);
    cr_assert_eq(verdict.limits.upgrades, 3);
}

/* As above with a route for every path, so that nothing is refused for leading nowhere. */
Test(decide_spellings, no_spelling_walks_round_a_rule_when_every_path_has_a_route)
{
    const struct route_pattern patterns[] = {
        {.path = SLICE("/ro/*"), .route = &routes[0]},
        {.path = SLICE("/*"), .route = &routes[1]},
    };
    seal(patterns, 2);
    static const struct wish wishes[] = {
        {WISH("POST", "1.1", "/%72o/x/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "/c/../ro/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "/c/%2e%2e/ro/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "//ro/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "//host/ro/a", METHOD_ROUTE, 405, 42), /* read as a URL */
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "/\\host/ro/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "//host", FORWARD, 0, 50)},
        {WISH("POST", "1.1", "/./ro/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "http://b.test/ro/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "/ro;v=1/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "/ro%2Fa", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "/c/..%2Fro/a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("POST", "1.1", "/ro\\a", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("GET", "1.1", "/%72o/x/a", FORWARD, 0, 50)}, /* as written leads to "open" */
        {WISH("POST", "1.1", "/%63/x", FORWARD, 0, 50)},
        {WISH("POST", "1.1", "/RO/x", METHOD_ROUTE, 405, 42), /* servers may ignore case */
         .allow = "GET, HEAD, OPTIONS, TRACE"},
    };
    EXPECT_ALL(wishes);
}

Test(decide_spellings, the_strictest_reading_wins)
{
    static const struct wish wishes[] = {
        {WISH("GET", "1.1", "/c/../put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT"},
        {WISH("POST", "1.1", "/c/../put/x", FORWARD, 0, 50)},
        {WISH("POST", "1.1", "/ro/../c/x", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("GET", "1.1", "/c/../shut", METHOD_ROUTE, 405, 72), .allow = ""},
        {WISH("POST", "1.1", "/put/../c/x", FORWARD, 0, 90), .content_length = 500},
        {WISH("POST", "1.1", "/put/../c/x", BODY_TOO_LARGE, 413, 50), .content_length = 600},
        {WISH("OPTIONS", "1.1", "/c/../ro/x", OPTIONS_HERE, 200, 50),
         .allow = "GET, HEAD, OPTIONS, TRACE", .has_max_forwards = 1},
        {WISH("OPTIONS", "1.1", "/c/../put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT",
         .has_max_forwards = 1},
        /* One reading without a route is enough for 404. */
        {WISH("POST", "1.1", "/%63/x", NO_ROUTE, 404, 0)},
        {WISH("POST", "1.1", "/c/../x", NO_ROUTE, 404, 0)},
        {WISH("OPTIONS", "1.1", "/c/../x", NO_ROUTE, 404, 0), .has_max_forwards = 1},
        {WISH("POST", "1.1", "/c/../hook", PATH_AMBIGUOUS, 400, 0)},
        {WISH("GET", "1.1", "/c/%2e%2e/hook", PATH_AMBIGUOUS, 400, 0)},
        {WISH("POST", "1.1", "/c/..%2Fhook", PATH_AMBIGUOUS, 400, 0)},
        {WISH("POST", "1.1", "/c/../hook", FORWARD, 0, 80), .host = "new.example"},
        {WISH("GET", "1.1", "/c/a%00b", PATH_UNSAFE, 400, 0)},
    };
    upstreams[1].versions = POLICY_VERSION_ALL;
    method_set_add(&upstreams[1].implements, METHOD_POST);
    method_set_add(&routes[4].takes, METHOD_POST);
    method_set_add(&routes[4].answer, METHOD_POST);
    EXPECT_ALL(wishes);
}

Test(decide_spellings, bounds_the_paths_that_it_reads_more_than_once)
{
    static char path[DECIDE_PATH_MAX + 2];
    memset(path, 'a', sizeof path - 1);
    memcpy(path, "/c/", 3);
    struct wish wish = {WISH("GET", "1.1", path, FORWARD, 0, 50)};
    expect(&wish); /* longer than the maximum, but read in one way only */
    path[DECIDE_PATH_MAX - 1] = ';';
    wish.rule = RULE(PATH_UNSAFE);
    wish.status = 400;
    wish.source_line = 0;
    expect(&wish);
    path[DECIDE_PATH_MAX] = '\0';
    wish.rule = RULE(FORWARD);
    wish.status = 0;
    wish.source_line = 50;
    expect(&wish);
}
