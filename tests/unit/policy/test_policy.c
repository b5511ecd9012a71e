#include <criterion/criterion.h>

#include "verbgate/policy/policy.h"
#include "verbgate/policy/route_table.h"

static void expect_problem(const char *problem, const char *wanted, const char *pattern)
{
    if (wanted == NULL) {
        cr_assert_null(problem, "%s: unexpected problem: %s", pattern, problem);
        return;
    }
    cr_assert_not_null(problem, "%s: no problem found", pattern);
    cr_assert_not_null(strstr(problem, wanted), "%s: got \"%s\", wanted \"%s\"", pattern, problem,
                       wanted);
}

Test(policy, judges_host_patterns)
{
    static const struct {
        const char *host;
        const char *problem;
    } cases[] = {
        {"", NULL},
        {"localhost", NULL},
        {"api.example.com", NULL},
        {"*.example.com", NULL},
        {"my_host-1.example", NULL},
        {"10.0.0.1", NULL},
        {"[::1]", NULL},
        {"[2001:db8::ffff:1.2.3.4]", NULL},
        {"*", "any host"},
        {"*.", "empty label"},
        {"a.*.example", "'*' may only be"},
        {"*example.com", "'*' may only be"},
        {"*.*.example", "'*' may only be"},
        {"Api.example", "lower case"},
        {"example.com:80", "no port"},
        {"http://example.com", "no port"},
        {"example.com.", "empty label"},
        {".example.com", "empty label"},
        {"a..b", "empty label"},
        {"ex ample", "character"},
        {"ex\xc3\xa4mple", "character"},
        {"a/b", "character"},
        {"[::1]:80", "[::1], without a port"},
        {"[::g]", "IPv6"},
        {"[]", "IPv6"},
        {"[", "[::1], without a port"},
        {"[10.0.0.1]", "IPv6"},
        {"[fe80::1%eth0]", "IPv6"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", NULL},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", "63 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_problem(policy_host_problem(slice_of(cases[i].host)), cases[i].problem,
                       cases[i].host);
    }
    char host[254];
    for (size_t i = 0; i < sizeof host; i++) {
        host[i] = i % 2 == 0 ? 'a' : '.';
    }
    expect_problem(policy_host_problem(slice_make(host, 253)), NULL, "253 bytes");
    expect_problem(policy_host_problem(slice_make(host, 254)), "253", "254 bytes");
    expect_problem(policy_host_problem(slice_make("[\0]", 3)), "IPv6", "NUL");
}

Test(policy, judges_path_patterns)
{
    static const struct {
        const char *path;
        const char *problem;
    } cases[] = {
        {"", NULL},
        {"/", NULL},
        {"/*", NULL},
        {"/orders", NULL},
        {"/orders/", NULL},
        {"/orders/*", NULL},
        {"/a.b/..c/...", NULL},
        {"/caf%C3%A9/*", NULL},
        {"/a%2Fb;v=1", NULL},
        {"orders", "starts with '/'"},
        {"*", "starts with '/'"},
        {"/orders*", "'*' may only be"},
        {"/*/x", "'*' may only be"},
        {"/a/**", "'*' may only be"},
        {"/*/", "'*' may only be"},
        {"/a?b", "query"},
        {"/a#b", "fragment"},
        {"/a b", "ASCII"},
        {"/a\x7f", "ASCII"},
        {"/caf\xc3\xa9", "ASCII"},
        {"//", "\"//\""},
        {"/a//b", "\"//\""},
        {"/a//*", "\"//\""},
        {"/.", "segments"},
        {"/a/../b", "segments"},
        {"/a/./*", "segments"},
        {"/a/..", "segments"},
        {"/%61dmin", "written plain"},
        {"/%7E", "written plain"},
        {"/%2E%2E/a", "written plain"},
        {"/%c3", "upper case"},
        {"/100%", "hexadecimal"},
        {"/%4", "hexadecimal"},
        {"/%G0", "hexadecimal"},
        {"/%/41", "hexadecimal"},
        {"/a%00", "control"},
        {"/a%7F", "control"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* At the end of a heap block, so that reading too far is seen. */
        size_t length = strlen(cases[i].path);
        char *copy = malloc(length + 1);
        memcpy(copy + 1, cases[i].path, length);
        expect_problem(policy_path_problem(slice_make(copy + 1, length)), cases[i].problem,
                       cases[i].path);
        free(copy);
    }
}

Test(policy, bounds_the_depth_of_a_path_pattern)
{
    char path[2 * (POLICY_PATH_DEPTH_MAX + 1)];
    for (size_t i = 0; i < sizeof path; i += 2) {
        path[i] = '/';
        path[i + 1] = 'a';
    }
    cr_assert_null(policy_path_problem(slice_make(path, sizeof path - 2)));
    expect_problem(policy_path_problem(slice_make(path, sizeof path)), "64", "65 segments");
    path[sizeof path - 3] = '*';
    cr_assert_null(policy_path_problem(slice_make(path, sizeof path - 2)));
}

Test(policy, lives_until_the_last_reference_is_released)
{
    struct policy *policy = policy_create(4096);
    cr_assert_not_null(policy);
    char *memory = arena_take(&policy->arena, 16);
    cr_assert_not_null(memory);
    policy_reference(policy);
    policy_release(policy);
    memory[0] = 'x'; /* ASan sees a free that came too early; LeakSanitizer one that never came */
    cr_assert_eq(policy_references(policy), 1);
    policy_release(policy);
    policy_release(NULL);
}

static struct method_set set_of(const char *names)
{
    struct method_set set = {.any = false};
    struct slice rest = slice_of(names);
    while (rest.length > 0) {
        size_t end = slice_find(rest, ' ');
        method_set_add(&set, method_find(slice_make(rest.data, end)));
        rest = slice_after(rest, end < rest.length ? end + 1 : end);
    }
    return set;
}

static bool same(const struct method_set *set, const char *names)
{
    struct method_set other = set_of(names);
    return set->bits[0] == other.bits[0] && set->bits[1] == other.bits[1] && !set->any;
}

Test(policy, seal_derives_implemented_versions_and_answers)
{
    struct policy *policy = policy_create(64 * 1024);
    struct policy_upstream upstreams[2] = {
        {.implements = set_of("GET HEAD POST"), .versions = POLICY_VERSION_1_1},
        {.implements = set_of("GET PUT"), .versions = POLICY_VERSION_1_0},
    };
    struct policy_route routes[5] = {
        {.upstream = &upstreams[0]},
        {.upstream = &upstreams[0], .has_allow = true, .allow = set_of("GET")},
        {.upstream = &upstreams[0], .has_allow = true, .allow = set_of("POST DELETE")},
        {.upstream = &upstreams[0], .has_allow = true},
        {.upstream = &upstreams[1], .has_allow = true, .allow = set_of("GET PUT")},
    };
    static const char *const answers[5] = {"GET HEAD POST", "GET HEAD", "POST", "", "GET PUT"};
    policy->upstreams = upstreams;
    policy->upstream_count = 2;
    policy->routes = routes;
    policy->route_count = 5;
    const struct route_pattern pattern = {.path = SLICE("/a"), .route = &routes[0]};
    unsigned first = 0;
    unsigned second = 0;
    cr_assert_eq(policy_seal(policy, &pattern, 1, &first, &second), POLICY_SEALED);
    cr_assert(same(&policy->implemented, "GET HEAD POST PUT"));
    cr_assert_eq(policy->versions, POLICY_VERSION_ALL);
    for (size_t i = 0; i < 5; i++) {
        cr_assert(same(&routes[i].answer, answers[i]), "route %zu", i);
    }
    cr_assert_eq(route_table_find(policy->table, SLICE("any"), SLICE("/a")), &routes[0]);
    policy_release(policy);
}

Test(policy, seal_keeps_any_only_where_both_sides_have_it)
{
    struct policy *policy = policy_create(64 * 1024);
    struct policy_upstream upstreams[2] = {
        {.implements = {.bits = {UINT64_MAX, UINT64_MAX}, .any = true}},
        {.implements = set_of("GET")},
    };
    struct policy_route routes[2] = {
        {.upstream = &upstreams[0], .has_allow = true, .allow = {.any = true}},
        {.upstream = &upstreams[1], .has_allow = true, .allow = {.any = true}},
    };
    policy->upstreams = upstreams;
    policy->upstream_count = 2;
    policy->routes = routes;
    policy->route_count = 2;
    unsigned first;
    unsigned second;
    cr_assert_eq(policy_seal(policy, NULL, 0, &first, &second), POLICY_SEALED);
    cr_assert(policy->implemented.any);
    cr_assert(routes[0].answer.any);
    cr_assert(method_set_is_empty(&routes[1].answer));
    policy_release(policy);
}

Test(policy, seal_reports_conflicts_and_lack_of_memory)
{
    static const struct route_pattern patterns[3] = {
        {.host = {"a.example", 9}, .path = {"/x/*", 4}},
        {.host = {"b.example", 9}, .path = {"/x/*", 4}},
        {.host = {"a.example", 9}, .path = {"/x/*", 4}},
    };
    struct policy *policy = policy_create(64 * 1024);
    unsigned first = 9;
    unsigned second = 9;
    cr_assert_eq(policy_seal(policy, patterns, 3, &first, &second), POLICY_SEAL_CONFLICT);
    cr_assert_eq(first, 0);
    cr_assert_eq(second, 2);
    policy_release(policy);

    size_t bytes = 0;
    enum policy_seal_status status = POLICY_SEAL_MEMORY;
    for (; status == POLICY_SEAL_MEMORY && bytes < 4096; bytes += 16) {
        policy = policy_create(bytes);
        first = 9;
        second = 9;
        status = policy_seal(policy, patterns, 2, &first, &second);
        cr_assert(first == 9 && second == 9);
        policy_release(policy);
    }
    cr_assert_eq(status, POLICY_SEALED);
    cr_assert_gt(bytes, 256);
}
