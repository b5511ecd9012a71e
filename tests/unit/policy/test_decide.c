#include <criterion/criterion.h>

#include "verbgate/policy/decide.h"

/*
 * One policy for all tests, as if read from a file. "PATH" stands for all that begins so.
 *
 *   10 upstream legacy   11 implements = GET HEAD POST PUT OPTIONS TRACE PURGE
 *   20 upstream modern   21 implements = GET HEAD PATCH *   22 versions = 1.1
 *   30 upstream hook     31 implements = POST
 *   40 route ro          path "/ro"      upstream legacy   42 allow = GET OPTIONS TRACE
 *   50 route open        path "/c"       upstream legacy   at most 500 bytes of content
 *   60 route hook        path /hook      upstream hook     62 allow = POST
 *   70 route shut        path "/shut"    upstream legacy   72 allow is empty
 *   80 route new         host new.example  upstream modern
 *   90 route put         path "/put"     upstream legacy   92 allow = PUT POST
 */
static struct policy *policy;
static struct policy_upstream upstreams[3];
static struct policy_route routes[6];

static struct method_set read_set(const char *names)
{
    struct method_set set = {.any = false};
    struct slice rest = slice_of(names);
    while (rest.length > 0) {
        size_t end = slice_find(rest, ' ');
        struct slice name = slice_make(rest.data, end);
        if (slice_equal(name, SLICE("*"))) {
            set.any = true;
        } else {
            method_set_add(&set, method_extensions_add(&policy->extensions, &policy->arena, name));
        }
        rest = slice_after(rest, end < rest.length ? end + 1 : end);
    }
    return set;
}

static struct rule_source line(unsigned number)
{
    return (struct rule_source){"gateway.ini", number};
}

static void make_upstream(unsigned index, const char *name, const char *implements,
                          unsigned versions)
{
    unsigned section = 10 * (index + 1);
    upstreams[index] = (struct policy_upstream){
        .index = index,
        .name = slice_of(name),
        .implements = read_set(implements),
        .versions = versions,
        .settings = {.limits = {.max_body = 1000}},
        .source = line(section),
        .implements_source = line(section + 1),
        .versions_source = versions == POLICY_VERSION_ALL ? line(0) : line(section + 2),
    };
}

static void make_route(unsigned index, const char *name, unsigned upstream, const char *allow)
{
    unsigned section = 10 * (index + 4);
    routes[index] = (struct policy_route){
        .index = index,
        .name = slice_of(name),
        .upstream = &upstreams[upstream],
        .has_allow = allow != NULL,
        .settings = {.limits = {.max_body = 1000}},
        .source = line(section),
    };
    if (allow != NULL) {
        routes[index].allow = read_set(allow);
        routes[index].allow_source = line(section + 2);
    }
}

static void seal(const struct route_pattern *patterns, unsigned count)
{
    unsigned first;
    unsigned second;
    cr_assert_eq(policy_seal(policy, patterns, count, &first, &second), POLICY_SEALED);
}

static void start(void)
{
    policy = policy_create((size_t)1024 * 1024);
    cr_assert_not_null(policy);
    make_upstream(0, "legacy", "GET HEAD POST PUT OPTIONS TRACE PURGE", POLICY_VERSION_ALL);
    make_upstream(1, "modern", "GET HEAD PATCH *", POLICY_VERSION_1_1);
    make_upstream(2, "hook", "POST", POLICY_VERSION_ALL);
    make_route(0, "ro", 0, "GET OPTIONS TRACE");
    make_route(1, "open", 0, NULL);
    make_route(2, "hook", 2, "POST");
    make_route(3, "shut", 0, "");
    make_route(4, "new", 1, NULL);
    make_route(5, "put", 0, "PUT POST");
    routes[1].settings.limits.max_body = 500;
    policy->upstreams = upstreams;
    policy->upstream_count = 3;
    policy->routes = routes;
    policy->route_count = 6;
    const struct route_pattern patterns[] = {
        {.path = SLICE("/ro/*"), .route = &routes[0]},
        {.path = SLICE("/c/*"), .route = &routes[1]},
        {.path = SLICE("/hook"), .route = &routes[2]},
        {.path = SLICE("/shut/*"), .route = &routes[3]},
        {.host = SLICE("new.example"), .route = &routes[4]},
        {.path = SLICE("/put/*"), .route = &routes[5]},
    };
    seal(patterns, 6);
}

static void finish(void)
{
    policy_release(policy);
}

TestSuite(decide, .init = start, .fini = finish);

/* The same upstream "legacy" alone, without routes. */
static void leave_one_upstream(void)
{
    policy->upstream_count = 1;
    policy->route_count = 0;
    seal(NULL, 0);
}

struct wish {
    const char *method;
    const char *version; /* "1.1" */
    const char *target;
    enum verdict_rule rule;
    unsigned status;
    unsigned source_line;
    const char *allow;      /* NULL: none */
    const char *suggestion; /* NULL: none */
    const char *host;
    uint64_t content_length;
    int has_max_forwards; /* Max-Forwards: 0 */
};

static struct verdict ask(const struct wish *wish, struct target *target)
{
    struct decide_request request = {
        .method = slice_of(wish->method),
        .version_major = (unsigned)(wish->version[0] - '0'),
        .version_minor = (unsigned)(wish->version[2] - '0'),
        .host = slice_of(wish->host == NULL ? "a.example" : wish->host),
        .content_length = wish->content_length,
        .max_forwards = wish->has_max_forwards ? 0 : -1,
    };
    if (target != NULL) {
        enum method method = method_find(request.method);
        cr_assert_eq(target_parse(slice_of(wish->target), method, target), FAULT_NONE, "%s %s",
                     wish->method, wish->target);
        request.target = target;
        if (target->form == TARGET_ABSOLUTE) {
            cr_assert_eq(target_split_host(target->authority, false, &request.host), FAULT_NONE);
        }
    }
    struct verdict verdict;
    memset(&verdict, 0xa5, sizeof verdict); /* "always fills *verdict" */
    decide(policy, &request, &verdict);
    return verdict;
}

static void expect(const struct wish *wish)
{
    struct target target;
    struct verdict verdict = ask(wish, wish->target == NULL ? NULL : &target);
    const char *rule = verdict_rule_name(verdict.rule);
    cr_assert_eq(verdict.rule, wish->rule, "%s %s: %s", wish->method, wish->target, rule);
    cr_assert_eq(verdict.status, wish->status, "%s %s: %u", wish->method, wish->target,
                 verdict.status);
    cr_assert_eq(verdict.source.line, wish->source_line, "%s %s: line %u", wish->method,
                 wish->target, verdict.source.line);
    cr_assert_eq(verdict.method,
                 method_extensions_find(&policy->extensions, slice_of(wish->method)));

    char text[METHOD_SET_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    method_set_write(&writer, &verdict.allow, &policy->extensions);
    cr_assert_eq(verdict.has_allow, wish->allow != NULL, "%s %s: %s", wish->method, wish->target,
                 rule);
    cr_assert(slice_equal(writer_slice(&writer), slice_of(wish->allow)), "%s %s: Allow: %.*s",
              wish->method, wish->target, SLICE_PRINT(writer_slice(&writer)));

    struct slice suggestion = method_extensions_name(&policy->extensions, verdict.suggestion);
    if (wish->suggestion == NULL) {
        cr_assert_eq(verdict.suggestion, METHOD_UNKNOWN, "%s: did you mean %.*s", wish->method,
                     SLICE_PRINT(suggestion));
    } else {
        cr_assert(slice_equal(suggestion, slice_of(wish->suggestion)), "%s: did you mean %.*s",
                  wish->method, SLICE_PRINT(suggestion));
    }
    enum verdict_kind kind = wish->status == 0     ? VERDICT_FORWARD
                             : wish->status == 200 ? VERDICT_ANSWER
                                                   : VERDICT_REFUSE;
    cr_assert_eq(verdict.kind, kind);
    cr_assert(kind != VERDICT_FORWARD || verdict.upstream != NULL);
    cr_assert(verdict.route == NULL || verdict.route->upstream == verdict.upstream);
}

static void expect_all(const struct wish *wishes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect(&wishes[i]);
    }
}

#define EXPECT_ALL(wishes) expect_all(wishes, sizeof(wishes) / sizeof *(wishes))
#define RULE(name)         VERDICT_##name##_RULE
#define WISH(method_, version_, target_, rule_, status_, line_)                     \
    .method = method_, .version = version_, .target = target_, .rule = RULE(rule_), \
    .status = status_, .source_line = line_
#define LEGACY_TEXT "GET, HEAD, OPTIONS, POST, PUT, TRACE, PURGE"

Test(decide, judges_the_version_first)
{
    static const struct wish wishes[] = {
        {WISH("GET", "2.0", NULL, VERSION_MAJOR, 505, 0)},
        {WISH("BREW", "2.0", "/ro/x", VERSION_MAJOR, 505, 0)},
        {WISH("CONNECT", "3.0", NULL, VERSION_MAJOR, 505, 0)},
        {WISH("PRI", "2.0", NULL, VERSION_MAJOR, 505, 0)},
        {WISH("GET", "0.9", "/c/x", VERSION_MAJOR, 505, 0)},
        {WISH("GET", "1.2", "/c/x", FORWARD, 0, 50)},
        {WISH("GET", "1.9", "/c/x", FORWARD, 0, 50)},
        {WISH("GET", "1.0", "/c/x", FORWARD, 0, 50)},
        /* Only the chosen upstream refuses 1.0: known after the route, before the method. */
        {WISH("GET", "1.0", "/x", VERSION_UPSTREAM, 505, 22), .host = "new.example"},
        {WISH("POST", "1.0", "/x", VERSION_UPSTREAM, 505, 22), .host = "new.example"},
        {WISH("CONNECT", "1.0", "a:1", METHOD_CONNECT, 501, 0), .host = "new.example"},
        {WISH("GET", "1.2", "/x", FORWARD, 0, 80), .host = "new.example"},
    };
    EXPECT_ALL(wishes);
}

Test(decide, a_version_that_no_upstream_takes_comes_before_the_method)
{
    for (unsigned i = 0; i < 3; i++) {
        upstreams[i].versions = POLICY_VERSION_1_1;
    }
    policy->versions = POLICY_VERSION_1_1;
    static const struct wish wishes[] = {
        {WISH("BREW", "1.0", "/c/x", VERSION_UPSTREAM, 505, 0)},
        {WISH("CONNECT", "1.0", "a:1", VERSION_UPSTREAM, 505, 0)},
        {WISH("OPTIONS", "1.0", "*", VERSION_UPSTREAM, 505, 0)},
        {WISH("GET", "1.1", "/c/x", FORWARD, 0, 50)},
    };
    EXPECT_ALL(wishes);
    /* With one upstream there is a line to name. */
    upstreams[0].versions_source = line(13);
    leave_one_upstream();
    static const struct wish alone = {WISH("GET", "1.0", "/", VERSION_UPSTREAM, 505, 13)};
    expect(&alone);
}

Test(decide, a_method_of_no_upstream_is_501_whatever_the_path)
{
    upstreams[1].implements.any = false; /* else every token is implemented somewhere */
    policy->implemented.any = false;
    static const struct wish wishes[] = {
        {WISH("BREW", "1.1", "/c/x", METHOD_NOWHERE, 501, 0)},
        {WISH("BREW", "1.0", "/ro/x", METHOD_NOWHERE, 501, 0)},
        {WISH("BREW", "1.1", "/nowhere", METHOD_NOWHERE, 501, 0)},
        {WISH("BREW", "1.1", "/a%00b", METHOD_NOWHERE, 501, 0)},
        {WISH("PROPFIND", "1.1", "/ro/x", METHOD_NOWHERE, 501, 0)},
        {WISH("get", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .suggestion = "GET"},
        {WISH("Get", "1.1", "/nowhere", METHOD_NOWHERE, 501, 0), .suggestion = "GET"},
        {WISH("POTS", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .suggestion = "POST"},
        {WISH("purge", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .suggestion = "PURGE"},
        {WISH("delete", "1.1", "/c/x", METHOD_NOWHERE, 501, 0)}, /* nobody implements it */
        {WISH("BREW", "1.1", "/c/x", METHOD_NOWHERE, 501, 0), .has_max_forwards = 1},
        {WISH("CONNECT", "1.1", "a.example:443", METHOD_CONNECT, 501, 0)},
        {WISH("PURGE", "1.1", "/c/x", FORWARD, 0, 50)},
    };
    EXPECT_ALL(wishes);
}

Test(decide, connect_is_501_even_when_it_is_configured)
{
    method_set_add(&upstreams[0].implements, METHOD_CONNECT);
    method_set_add(&policy->implemented, METHOD_CONNECT);
    static const struct wish wish = {WISH("CONNECT", "1.1", "a:443", METHOD_CONNECT, 501, 0)};
    expect(&wish);
}

Test(decide, answers_options_of_the_whole_server)
{
    static const struct wish wish = {WISH("OPTIONS", "1.1", "*", OPTIONS_SERVER, 200, 0),
                                     .allow = "GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE, PURGE"};
    expect(&wish);
    /* Even where no upstream implements it: the answer is the implementation. */
    method_set_remove(&policy->implemented, METHOD_OPTIONS);
    method_set_remove(&upstreams[0].implements, METHOD_OPTIONS);
    expect(&wish);
    static const struct wish other = {WISH("OPTIONS", "1.1", "/c/x", METHOD_NOWHERE, 501, 0)};
    expect(&other);
}

Test(decide, judges_route_then_upstream_then_resource)
{
    static const struct wish wishes[] = {
        {WISH("GET", "1.1", "/", NO_ROUTE, 404, 0)},
        {WISH("POST", "1.1", "/roX", NO_ROUTE, 404, 0)},
        {WISH("GET", "1.1", "/ro/x", FORWARD, 0, 40)},
        {WISH("HEAD", "1.1", "/ro/x", FORWARD, 0, 40)}, /* GET implies HEAD */
        {WISH("GET", "1.1", "/ro", FORWARD, 0, 40)},
        {WISH("GET", "1.1", "/ro?/c/x", FORWARD, 0, 40)},
        {WISH("POST", "1.1", "/c/x?/ro/x", FORWARD, 0, 50)},
        {WISH("POST", "1.1", "/ro/x", METHOD_ROUTE, 405, 42), .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("PURGE", "1.1", "/ro/x", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
        {WISH("HEAD", "1.1", "/put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT"},
        {WISH("GET", "1.1", "/shut/x", METHOD_ROUTE, 405, 72), .allow = ""},
        /* Implemented elsewhere, not by this upstream: 501, whatever the route allows. */
        {WISH("PATCH", "1.1", "/ro/x", METHOD_UPSTREAM, 501, 11)},
        {WISH("PATCH", "1.1", "/c/x", METHOD_UPSTREAM, 501, 11)},
        {WISH("PUT", "1.1", "/hook", METHOD_UPSTREAM, 501, 31)},
        {WISH("BREW", "1.1", "/c/x", METHOD_UPSTREAM, 501, 11)},
        {WISH("post", "1.1", "/hook", METHOD_UPSTREAM, 501, 31), .suggestion = "POST"},
        {WISH("get", "1.1", "/hook", METHOD_UPSTREAM, 501, 31)},
        {WISH("BREW", "1.1", "/x", FORWARD, 0, 80), .host = "NEW.example"},
        /* GET and HEAD are never 501. */
        {WISH("GET", "1.1", "/hook", METHOD_GENERAL, 405, 31), .allow = "POST"},
        {WISH("HEAD", "1.1", "/hook", METHOD_GENERAL, 405, 31), .allow = "POST"},
        {WISH("GET", "1.1", "http://new.example/ro/x", FORWARD, 0, 80)},
        {WISH("POST", "1.1", "http://b.example/ro/x", METHOD_ROUTE, 405, 42),
         .allow = "GET, HEAD, OPTIONS, TRACE"},
    };
    EXPECT_ALL(wishes);
}

Test(decide, ends_max_forwards_zero_after_the_method_and_before_the_body)
{
    static const struct wish wishes[] = {
        {WISH("OPTIONS", "1.1", "/ro/x", OPTIONS_HERE, 200, 40),
         .allow = "GET, HEAD, OPTIONS, TRACE", .has_max_forwards = 1},
        {WISH("OPTIONS", "1.1", "/ro/x", OPTIONS_HERE, 200, 40),
         .allow = "GET, HEAD, OPTIONS, TRACE", .has_max_forwards = 1, .content_length = 5000},
        {WISH("OPTIONS", "1.1", "/ro/x", FORWARD, 0, 40)},
        {WISH("OPTIONS", "1.1", "/put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT",
         .has_max_forwards = 1},
        {WISH("OPTIONS", "1.1", "/hook", METHOD_UPSTREAM, 501, 31), .has_max_forwards = 1},
        {WISH("OPTIONS", "1.1", "*", OPTIONS_SERVER, 200, 0),
         .allow = "GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE, PURGE", .has_max_forwards = 1},
        {WISH("TRACE", "1.1", "/ro/x", MAX_FORWARDS, 405, 40), .allow = "GET, HEAD, OPTIONS",
         .has_max_forwards = 1},
        {WISH("TRACE", "1.1", "/ro/x", FORWARD, 0, 40)},
        {WISH("TRACE", "1.1", "/put/x", METHOD_ROUTE, 405, 92), .allow = "POST, PUT",
         .has_max_forwards = 1},
        {WISH("GET", "1.1", "/ro/x", FORWARD, 0, 40), .has_max_forwards = 1},
    };
    EXPECT_ALL(wishes);
}

Test(decide, judges_the_body_last)
{
    static const struct wish wishes[] = {
        {WISH("POST", "1.1", "/c/x", FORWARD, 0, 50), .content_length = 500},
        {WISH("POST", "1.1", "/c/x", BODY_TOO_LARGE, 413, 50), .content_length = 501},
        {WISH("PUT", "1.1", "/put/x", FORWARD, 0, 90), .content_length = 1000},
        {WISH("PUT", "1.1", "/put/x", BODY_TOO_LARGE, 413, 90), .content_length = UINT64_MAX},
        {WISH("POST", "1.1", "/ro/x", METHOD_ROUTE, 405, 42), .allow = "GET, HEAD, OPTIONS, TRACE",
         .content_length = 5000},
    };
    EXPECT_ALL(wishes);
    routes[1].settings.limits.max_body = UINT64_MAX;
    static const struct wish unlimited = {WISH("POST", "1.1", "/c/x", FORWARD, 0, 50),
                                          .content_length = UINT64_MAX};
    expect(&unlimited);
}

Test(decide, sends_everything_to_the_only_upstream_without_routes)
{
    leave_one_upstream();
    static const struct wish wishes[] = {
        {WISH("GET", "1.1", "/", FORWARD, 0, 10)},
        {WISH("PURGE", "1.0", "/anything/at/all", FORWARD, 0, 10), .host = ""},
        {WISH("POST", "1.1", "/a%00b", FORWARD, 0, 10)}, /* no rule depends on the path */
        {WISH("POST", "1.1", "/%61/./b", FORWARD, 0, 10)},
        {WISH("PATCH", "1.1", "/", METHOD_NOWHERE, 501, 11)},
        {WISH("POST", "1.1", "/", BODY_TOO_LARGE, 413, 10), .content_length = 1001},
        {WISH("OPTIONS", "1.1", "/", OPTIONS_HERE, 200, 10), .allow = LEGACY_TEXT,
         .has_max_forwards = 1},
        {WISH("TRACE", "1.1", "/", MAX_FORWARDS, 405, 10),
         .allow = "GET, HEAD, OPTIONS, POST, PUT, PURGE", .has_max_forwards = 1},
    };
    EXPECT_ALL(wishes);

    upstreams[0].implements = read_set("GET POST");
    upstreams[0].implements_source = line(0);
    seal(NULL, 0);
    static const struct wish general = {WISH("HEAD", "1.1", "/", METHOD_GENERAL, 405, 10),
                                        .allow = "GET, POST"};
    expect(&general);
    upstreams[0].implements = read_set("POST");
    seal(NULL, 0);
    static const struct wish get = {WISH("GET", "1.1", "/", METHOD_GENERAL, 405, 10),
                                    .allow = "POST"};
    expect(&get);
}

Test(decide, without_routes_and_with_two_upstreams_there_is_no_route)
{
    policy->route_count = 0;
    static const struct wish wish = {WISH("GET", "1.1", "/", NO_ROUTE, 404, 0)};
    expect(&wish);
}

Test(decide, no_spelling_of_a_path_walks_round_a_rule)
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
Test(decide, what_a_list_takes_away_is_away_in_every_case)
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
Test(decide, forwards_no_head_or_options_in_another_case_to_a_server_without_them)
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

Test(decide, leaves_out_readings_that_the_operator_leaves_out)
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
Test(decide, takes_the_strictest_limits_of_all_readings)
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
Test(decide, no_spelling_walks_round_a_rule_when_every_path_has_a_route)
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

Test(decide, the_strictest_reading_wins)
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

Test(decide, bounds_the_paths_that_it_reads_more_than_once)
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
