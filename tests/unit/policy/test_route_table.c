#include <criterion/criterion.h>

#include "verbgate/policy/route_table.h"

enum { PATTERNS_MAX = 4096 };

static struct arena arena;
static struct policy_route routes[PATTERNS_MAX];
static struct route_pattern patterns[PATTERNS_MAX];
static unsigned pattern_count;

static void start(void)
{
    arena_init(&arena, (size_t)256 * 1024 * 1024);
    pattern_count = 0;
}

static void finish(void)
{
    arena_finish(&arena);
}

TestSuite(route_table, .init = start, .fini = finish);

/* A pattern written as "host path", either of them "-" for any. */
static struct route_pattern read_pattern(const char *text)
{
    struct slice all = slice_of(text);
    size_t space = slice_find(all, ' ');
    struct slice host = slice_make(text, space);
    struct slice path = slice_after(all, space + 1);
    return (struct route_pattern){
        .host = slice_equal(host, SLICE("-")) ? SLICE("") : host,
        .path = slice_equal(path, SLICE("-")) ? SLICE("") : path,
    };
}

static void add(const char *text)
{
    patterns[pattern_count] = read_pattern(text);
    patterns[pattern_count].route = &routes[pattern_count];
    pattern_count++;
}

static struct route_table *build(void)
{
    unsigned first = 1;
    unsigned second = 1;
    struct route_table *table = route_table_build(&arena, patterns, pattern_count, &first, &second);
    cr_assert_not_null(table);
    return table;
}

/* Copies both to the end of heap blocks, so that ASan sees a read beyond them. The number of the
 * pattern that was found, or -1. */
static long find(const struct route_table *table, struct slice host, struct slice path)
{
    char *host_copy = malloc(host.length + 1);
    char *path_copy = malloc(path.length);
    memcpy(host_copy + 1, host.data, host.length);
    memcpy(path_copy, path.data, path.length);
    const struct policy_route *route = route_table_find(
        table, slice_make(host_copy + 1, host.length), slice_make(path_copy, path.length));
    free(host_copy);
    free(path_copy);
    return route == NULL ? -1 : route - routes;
}

Test(route_table, prefers_hosts_then_paths_as_promised)
{
    static const char *const rules[] = {
        /* 0 */ "api.example.com /orders/*",
        /* 1 */ "*.example.com /orders/7",
        /* 2 */ "*.api.example.com -",
        /* 3 */ "- /orders",
        /* 4 */ "- /*",
        /* 5 */ "api.example.com /orders/7/*",
        /* 6 */ "api.example.com /orders/7",
        /* 7 */ "*.example.com -",
        /* 8 */ "[::1] /six",
        /* 9 */ "- -",
    };
    static const struct {
        const char *host;
        const char *path;
        long route;
    } cases[] = {
        {"api.example.com", "/orders", 0},
        {"api.example.com", "/orders/", 0},
        {"api.example.com", "/orders/8", 0},
        {"api.example.com", "/orders/7", 6},
        {"api.example.com", "/orders/7/", 5},
        {"api.example.com", "/orders/7/x", 5},
        {"api.example.com", "/orders/77", 0},
        {"api.example.com", "/ordersX", 7}, /* falls back to the wildcard */
        {"API.Example.COM", "/orders", 0},
        {"api.example.com.", "/orders", 0},
        {"api.example.com..", "/orders", 3}, /* not a name */
        {".example.com", "/orders", 3},
        {"b.example.com", "/orders/7", 1},
        {"b.example.com", "/Orders/7", 7},
        {"b.c.example.com", "/orders/7", 1},
        {"b.api.example.com", "/orders/7", 2},
        {"b.api.example.com.", "/orders/7", 2},
        {"example.com", "/orders", 3},
        {"example.com", "/orders/", 4},
        {"xexample.com", "/", 4},
        {"", "/orders", 3},
        {".", "/orders", 3},
        {"[::1]", "/six", 8},
        {"[::1]", "/seven", 4},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        add(rules[i]);
    }
    const struct route_table *table = build();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        long found = find(table, slice_of(cases[i].host), slice_of(cases[i].path));
        cr_assert_eq(found, cases[i].route, "%s %s: route %ld, wanted %ld", cases[i].host,
                     cases[i].path, found, cases[i].route);
    }
}

Test(route_table, prefers_any_path_of_a_host_to_other_hosts)
{
    add("a.example -");
    add("- /x");
    const struct route_table *table = build();
    cr_assert_eq(find(table, SLICE("a.example"), SLICE("/x")), 0);
    cr_assert_eq(find(table, SLICE("b.example"), SLICE("/x")), 1);
    cr_assert_eq(find(table, SLICE("b.example"), SLICE("/y")), -1);
}

Test(route_table, an_empty_table_finds_nothing)
{
    const struct route_table *table = build();
    cr_assert_eq(find(table, SLICE("a.example"), SLICE("/x")), -1);
    cr_assert_eq(find(table, SLICE(""), SLICE("/")), -1);
}

Test(route_table, copies_the_texts_of_its_patterns)
{
    char host[] = "a.example";
    char path[] = "/x/*";
    patterns[0] = (struct route_pattern){slice_of(host), slice_of(path), &routes[0], {NULL, 0}};
    pattern_count = 1;
    const struct route_table *table = build();
    memset(host, 'z', sizeof host);
    memset(path, 'z', sizeof path);
    cr_assert_eq(find(table, SLICE("a.example"), SLICE("/x/y")), 0);
}

Test(route_table, names_the_two_equal_patterns)
{
    static const char *const equal[] = {
        "a.example /x", "a.example /x/*", "*.example /x/*", "a.example -",
        "- -",          "- /*",           "*.example -"};
    for (unsigned i = 0; i < sizeof equal / sizeof *equal; i++) {
        pattern_count = 0;
        for (unsigned j = 0; j < sizeof equal / sizeof *equal; j++) {
            add(equal[j]);
        }
        cr_assert_not_null(build());
        add(equal[i]);
        unsigned first = 99;
        unsigned second = 99;
        cr_assert_null(route_table_build(&arena, patterns, pattern_count, &first, &second));
        cr_assert_eq(first, i);
        cr_assert_eq(second, pattern_count - 1);
    }
}

Test(route_table, takes_hosts_and_paths_of_any_length)
{
    char deep[2 * POLICY_PATH_DEPTH_MAX];
    for (size_t i = 0; i < sizeof deep; i += 2) {
        deep[i] = '/';
        deep[i + 1] = 'a';
    }
    deep[sizeof deep - 1] = '*';
    patterns[0] = (struct route_pattern){.path = slice_make(deep, sizeof deep), .route = routes};
    pattern_count = 1;
    add("*.b /*");
    add("- /a/*");
    const struct route_table *table = build();

    char path[8192];
    for (size_t i = 0; i < sizeof path; i += 2) {
        path[i] = '/';
        path[i + 1] = 'a';
    }
    cr_assert_eq(find(table, SLICE("h"), slice_make(path, sizeof path)), 0);
    cr_assert_eq(find(table, SLICE("h"), slice_make(path, sizeof deep - 2)), 0);
    cr_assert_eq(find(table, SLICE("h"), slice_make(path, sizeof deep - 4)), 2);
    memset(path, '/', sizeof path);
    cr_assert_eq(find(table, SLICE("h"), slice_make(path, sizeof path)), -1);

    char host[4096];
    for (size_t length = 3; length <= sizeof host; length++) {
        for (size_t i = 0; i < length; i++) {
            host[i] = (length - i) % 2 == 1 ? 'b' : '.';
        }
        host[0] = 'b';
        long wanted = length <= 255 ? 1 : -1;
        cr_assert_eq(find(table, slice_make(host, length), SLICE("/q")), wanted, "%zu", length);
    }
}

/* The reference: every pattern is looked at, and the best match by the rules of the header wins. */
static unsigned segments(struct slice path)
{
    unsigned count = 0;
    for (size_t i = 0; i < path.length; i++) {
        count += path.data[i] == '/';
    }
    return count;
}

/* 0: no match; else the higher the better. */
static unsigned rank_host(struct slice pattern, struct slice host)
{
    if (host.length > 0 && host.data[host.length - 1] == '.') {
        host.length--;
    }
    if (pattern.length == 0) {
        return 1;
    }
    if (pattern.data[0] != '*') {
        return slice_equal_ignoring_case(pattern, host) ? 1000 : 0;
    }
    struct slice tail = slice_after(pattern, 1);
    if (host.length <= tail.length || host.data[0] == '.') {
        return 0;
    }
    bool matches = slice_equal_ignoring_case(tail, slice_after(host, host.length - tail.length));
    return matches ? 1 + (unsigned)tail.length : 0;
}

static unsigned rank_path(struct slice pattern, struct slice path)
{
    if (pattern.length == 0) {
        return 1;
    }
    if (pattern.data[pattern.length - 1] != '*') {
        return slice_equal(pattern, path) ? 1000 : 0;
    }
    struct slice prefix = slice_make(pattern.data, pattern.length - 2);
    bool matches = slice_starts_with(path, prefix) &&
                   (path.length == prefix.length || path.data[prefix.length] == '/');
    return matches ? 2 + segments(prefix) : 0;
}

static long find_by_force(struct slice host, struct slice path)
{
    unsigned best = 0;
    long found = -1;
    for (unsigned i = 0; i < pattern_count; i++) {
        unsigned host_rank = rank_host(patterns[i].host, host);
        unsigned path_rank = rank_path(patterns[i].path, path);
        unsigned rank = host_rank > 0 && path_rank > 0 ? host_rank * 1001 + path_rank : 0;
        if (rank > best) {
            best = rank;
            found = (long)i;
        }
    }
    return found;
}

static uint32_t random_state = 12345;

static uint32_t pick(uint32_t below)
{
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % below;
}

/* Few letters and short words, so that patterns and requests meet often. */
static void write_host(struct writer *writer, bool is_pattern)
{
    static const char *const labels[] = {"a", "b", "example", "10", "x-y"};
    unsigned count = 1 + pick(4);
    if (is_pattern && pick(3) == 0) {
        writer_literal(writer, "*.");
    }
    for (unsigned i = 0; i < count; i++) {
        struct slice label = slice_of(labels[pick(5)]);
        writer_literal(writer, ".");
        writer->length -= i == 0 ? 1 : 0;
        writer_put(writer, label);
        if (!is_pattern && pick(6) == 0) { /* another case */
            char *letter = &writer->data[writer->length - 1];
            *letter = *letter >= 'a' && *letter <= 'z' ? (char)(*letter - 32) : *letter;
        }
    }
    if (!is_pattern && pick(8) == 0) {
        writer_literal(writer, ".");
    }
}

static void write_path(struct writer *writer, bool is_pattern)
{
    static const char *const words[] = {"a", "b", "ab", "orders", "7"};
    unsigned count = pick(5);
    for (unsigned i = 0; i < count; i++) {
        writer_literal(writer, "/");
        if (is_pattern || pick(10) > 0) { /* requests may have empty segments */
            writer_string(writer, words[pick(5)]);
        }
    }
    if (is_pattern && pick(2) == 0) {
        writer_literal(writer, "/*");
    } else if (count == 0 || (pick(4) == 0 && writer->data[writer->length - 1] != '/')) {
        writer_literal(writer, "/");
    }
}

static void add_random(void)
{
    char host[64];
    char path[64];
    struct writer host_writer = writer_make(host, sizeof host);
    struct writer path_writer = writer_make(path, sizeof path);
    if (pick(4) > 0) {
        write_host(&host_writer, true);
    }
    if (pick(10) > 0) {
        write_path(&path_writer, true);
    }
    cr_assert_null(policy_host_problem(writer_slice(&host_writer)));
    cr_assert_null(policy_path_problem(writer_slice(&path_writer)));
    for (unsigned i = 0; i < pattern_count; i++) {
        if (slice_equal(patterns[i].host, writer_slice(&host_writer)) &&
            slice_equal(patterns[i].path, writer_slice(&path_writer))) {
            return;
        }
    }
    patterns[pattern_count] = (struct route_pattern){
        .host = arena_copy(&arena, writer_slice(&host_writer)),
        .path = arena_copy(&arena, writer_slice(&path_writer)),
        .route = &routes[pattern_count],
    };
    pattern_count++;
}

Test(route_table, agrees_with_a_search_through_all_patterns)
{
    static const unsigned sizes[] = {1, 2, 3, 5, 10, 40, 200, 1000};
    unsigned hits = 0;
    unsigned misses = 0;
    for (size_t round = 0; round < 3 * sizeof sizes / sizeof *sizes; round++) {
        pattern_count = 0;
        for (unsigned i = 0; i < sizes[round / 3]; i++) {
            add_random();
        }
        const struct route_table *table = build();
        for (unsigned i = 0; i < 1000; i++) {
            char host[64];
            char path[64];
            struct writer host_writer = writer_make(host, sizeof host);
            struct writer path_writer = writer_make(path, sizeof path);
            write_host(&host_writer, false);
            write_path(&path_writer, false);
            struct slice host_text = writer_slice(&host_writer);
            struct slice path_text = writer_slice(&path_writer);
            long wanted = find_by_force(host_text, path_text);
            long found = find(table, host_text, path_text);
            cr_assert_eq(found, wanted, "%.*s %.*s: %ld, wanted %ld of %u", SLICE_PRINT(host_text),
                         SLICE_PRINT(path_text), found, wanted, pattern_count);
            hits += found >= 0;
            misses += found < 0;
        }
    }
    cr_assert(hits > 1000 && misses > 1000, "%u hits, %u misses", hits, misses);
}

Test(route_table, builds_as_many_routes_as_a_policy_may_have)
{
    static struct policy_route many_routes[POLICY_ROUTES_MAX];
    static struct route_pattern many[POLICY_ROUTES_MAX];
    for (unsigned i = 0; i < POLICY_ROUTES_MAX; i++) {
        char text[64];
        struct writer writer = writer_make(text, sizeof text);
        writer_format(&writer, "h%u.example", i % 256);
        many[i].host = arena_copy(&arena, writer_slice(&writer));
        writer.length = 0;
        writer_format(&writer, "/service/%u/*", i / 256);
        many[i].path = arena_copy(&arena, writer_slice(&writer));
        many[i].route = &many_routes[i];
    }
    unsigned first;
    unsigned second;
    const struct route_table *table =
        route_table_build(&arena, many, POLICY_ROUTES_MAX, &first, &second);
    cr_assert_not_null(table);
    cr_assert_eq(route_table_find(table, SLICE("h3.example"), SLICE("/service/200/x")),
                 &many_routes[200 * 256 + 3]);
    cr_assert_null(route_table_find(table, SLICE("h3.example"), SLICE("/service/256/x")));
    cr_assert_null(route_table_find(table, SLICE("h256.example"), SLICE("/service/1")));
}
