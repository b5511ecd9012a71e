/* One policy and requests to ask it about, for all tests of the decision. */
#ifndef VERBGATE_TEST_DECIDE_FIXTURE_H
#define VERBGATE_TEST_DECIDE_FIXTURE_H

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

static inline struct method_set read_set(const char *names)
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

static inline struct rule_source line(unsigned number)
{
    return (struct rule_source){"gateway.ini", number};
}

static inline void make_upstream(unsigned index, const char *name, const char *implements,
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

static inline void make_route(unsigned index, const char *name, unsigned upstream,
                              const char *allow)
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

static inline void seal(const struct route_pattern *patterns, unsigned count)
{
    unsigned first;
    unsigned second;
    cr_assert_eq(policy_seal(policy, patterns, count, &first, &second), POLICY_SEALED);
}

static inline void start(void)
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

static inline void finish(void)
{
    policy_release(policy);
}

/* The same upstream "legacy" alone, without routes. */
static inline void leave_one_upstream(void)
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

static inline struct verdict ask(const struct wish *wish, struct target *target)
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

static inline void expect(const struct wish *wish)
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

static inline void expect_all(const struct wish *wishes, size_t count)
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

#endif
