#include <criterion/criterion.h>

#include "verbgate/learn/evidence_json.h"
#include "verbgate/learn/openapi.h"
#include "verbgate/learn/proposal.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 256 * 1024 };

static char text[TEXT_BYTES];

static void see(struct evidence_table *table, const char *upstream, const char *method,
                const char *path, unsigned status)
{
    struct evidence seen = {.upstream = slice_of(upstream),
                            .host = slice_of(upstream), /* a host for each */
                            .method = slice_of(method),
                            .path = slice_of(path),
                            .status = status,
                            .count = 2,
                            .first = 1000,
                            .last = 2000};
    evidence_add(table, &seen);
}

static const char *propose(const struct evidence_table *table, uint64_t min_count)
{
    struct writer writer = writer_make(text, sizeof text - 1);
    const struct proposal_options options = {.origin = "x\n[listener y]", .min_count = min_count};
    const char *problem = proposal_write(&writer, table, &options);
    text[writer.length] = '\0';
    return problem;
}

static void expect(const char *part)
{
    cr_assert_not_null(strstr(text, part), "no \"%s\" in:\n%s", part, text);
}

static void expect_not(const char *part)
{
    cr_assert_null(strstr(text, part), "\"%s\" in:\n%s", part, text);
}

Test(proposal, allows_what_succeeded_and_nothing_else)
{
    struct evidence_table *table = evidence_create(64);
    see(table, "app", "GET", "/orders/*", 200);
    see(table, "app", "POST", "/orders", 303);
    see(table, "app", "PUT", "/orders", 404);
    see(table, "app", "PATCH", "/orders", 500);
    see(table, "app", "DELETE", "/orders", 403);
    see(table, "app", "GET", "/chat", 101);
    see(table, "app", "get", "/chat", 200);
    see(table, "app", "CONNECT", "/chat", 200);
    see(table, "app", "(other)", "/chat", 200);
    cr_assert_null(propose(table, 1));
    expect("implements = GET HEAD POST\n");
    expect("[route orders]\npath = /orders/*\nallow = GET HEAD POST\n");
    expect("[route chat]\npath = /chat/*\nallow = GET HEAD\n");
    expect("finding: the backend says 500 for PATCH");
    expect("finding: DELETE was only answered with 403");
    expect("finding: clients sent get, which is not GET");
    expect("; Proposed by verbgate learn from x%0A[listener y]");
    evidence_destroy(table);
}

Test(proposal, leaves_out_methods_that_mean_more_to_a_policy)
{
    static const char *const names[] = {"*", "-GET", "-", "#X", "$HOME", "'"};
    struct evidence_table *table = evidence_create(64);
    see(table, "app", "GET", "/a", 200);
    see(table, "app", "M-SEARCH", "/a", 200);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        see(table, "app", names[i], "/a", 200);
    }
    cr_assert_null(propose(table, 1));
    expect("implements = GET HEAD M-SEARCH\n");
    expect("allow = GET HEAD M-SEARCH\n");
    expect("finding: clients sent the method *, which");
    evidence_destroy(table);
}

Test(proposal, keeps_upstreams_apart_from_what_went_to_none)
{
    struct evidence_table *table = evidence_create(64);
    see(table, "", "GET", "/lost", 200);
    see(table, "app", "GET", "/a", 200);
    cr_assert_null(propose(table, 1));
    expect("[upstream app]");
    expect("implements = GET HEAD\n");
    evidence_destroy(table);
}

Test(proposal, takes_the_backends_own_allow_for_implements_only)
{
    struct evidence_table *table = evidence_create(64);
    struct evidence seen = {.upstream = SLICE("app"),
                            .method = SLICE("DELETE"),
                            .path = SLICE("/a"),
                            .status = 405,
                            .count = 1,
                            .allow = SLICE("GET, PUT, get, CONNECT")};
    evidence_add(table, &seen);
    see(table, "app", "GET", "/a", 200);
    cr_assert_null(propose(table, 1));
    expect("implements = GET HEAD PUT\n");
    expect("allow = GET HEAD\n");
    expect("the backend answers DELETE with 405 itself, Allow: GET, PUT");
    evidence_destroy(table);
}

Test(proposal, gathers_folders_and_leaves_out_what_says_nothing_new)
{
    struct evidence_table *table = evidence_create(64);
    for (unsigned i = 0; i <= PROPOSAL_CHILDREN_MAX; i++) {
        char path[32];
        snprintf(path, sizeof path, "/blog/p%u", i);
        see(table, "app", i == 3 ? "POST" : "GET", path, 200);
    }
    see(table, "app", "GET", "/shop", 200);
    see(table, "app", "GET", "/shop/list", 200);
    see(table, "app", "POST", "/shop/basket", 200);
    see(table, "app", "GET", "/shop-x", 200);
    cr_assert_null(propose(table, 1));
    expect("; many different names in this folder\n");
    expect("path = /blog/*\nallow = GET HEAD POST\n");
    expect_not("/blog/p3");
    expect("path = /shop/*\n");
    expect("; 1 path below it takes the same methods\n");
    expect_not("path = /shop/list");
    expect("path = /shop/basket/*\nallow = POST\n");
    expect("path = /shop-x/*\n");
    evidence_destroy(table);
}

Test(proposal, offers_a_last_route_unless_there_is_one)
{
    struct evidence_table *table = evidence_create(64);
    see(table, "app", "GET", "/orders", 200);
    cr_assert_null(propose(table, 1));
    expect("implements:\n; [route all-others]\n; path = /*\n");
    expect_not("; upstream = ");
    see(table, "other", "GET", "/x", 200);
    cr_assert_null(propose(table, 1));
    expect("; path = /*\n; upstream = app\n");
    evidence_destroy(table);
    table = evidence_create(64);
    see(table, "app", "GET", "/*", 200);
    cr_assert_null(propose(table, 1));
    expect("[route everything-else]\npath = /*\n");
    expect_not("all-others");
    evidence_destroy(table);
}

Test(proposal, tells_upstreams_apart_by_host_and_needs_enough_of_each)
{
    struct evidence_table *table = evidence_create(64);
    see(table, "a", "GET", "/", 200);
    see(table, "a", "PUT", "/x", 200);
    see(table, "b", "GET", "/x", 200);
    cr_assert_null(propose(table, 2));
    expect("[route root]\nhost = a\npath = /\nupstream = a\n");
    expect("host = b\npath = /x/*\nupstream = b\n");
    expect("[route _"); /* two routes of one name */
    cr_assert_not_null(propose(table, 3));
    evidence_destroy(table);
}

Test(proposal, has_something_to_say_or_fails)
{
    struct evidence_table *table = evidence_create(64);
    cr_assert_not_null(propose(table, 1));
    see(table, "app", "GET", "/x", 404);
    cr_assert_not_null(propose(table, 1));
    evidence_destroy(table);
}

/* ---- JSON */

Test(evidence_json, reads_what_it_writes)
{
    struct evidence_table *table = evidence_create(64);
    table->since = 1000;
    table->overflow = 3;
    evidence_add_server(table, SLICE("app"), SLICE("127.0.0.1:9000"));
    see(table, "app", "GET", "/orders/*/items", 200);
    see(table, "app", "(other)", "*", 501);
    char *json = evidence_json_write(table, 5000);
    cr_assert_not_null(json);
    struct evidence_table *again = evidence_create(64);
    char problem[LEARN_PROBLEM_MAX] = "";
    cr_assert(evidence_json_read(slice_of(json), again, problem), "%s", problem);
    cr_assert_eq(again->count, 2);
    cr_assert_eq(again->overflow, 3);
    cr_assert_eq(again->since, 1000);
    cr_assert_eq(again->items[0].count, 2);
    cr_assert_eq(again->items[0].last, 2000);
    cr_assert(slice_equal(again->items[0].path, SLICE("/orders/*/items")));
    cr_assert(slice_equal(evidence_server_of(again, SLICE("app")), SLICE("127.0.0.1:9000")));
    /* Cut anywhere, it is an error and nothing worse. */
    for (size_t length = 0; length + 1 < strlen(json); length++) {
        char *copy = malloc(length > 0 ? length : 1);
        memcpy(copy, json, length);
        struct evidence_table *cut = evidence_create(4);
        cr_assert_not(evidence_json_read(slice_make(copy, length), cut, problem));
        evidence_destroy(cut);
        free(copy);
    }
    evidence_destroy(table);
    evidence_destroy(again);
    free(json);
}

#define RECORD(entry)                                                                         \
    "{\"verbgate-record\":1,\"since\":\"2026-01-01T00:00:00Z\",\"overflow\":0,\"entries\":[{" \
    "\"first\":\"2026-01-01T00:00:00Z\",\"last\":\"2026-01-01T00:00:00Z\"," entry "}]}"
#define REST  "\"by\":\"backend\",\"status\":200,\"count\":1"
#define NAMES "\"upstream\":\"a\",\"host\":\"\",\"method\":\"GET\","

Test(evidence_json, refuses_bad_values_and_says_where)
{
    static const struct {
        const char *json, *wanted;
    } bad[] = {
        {"", "line 1"},
        {"[", "line 1"},
        {"[]", "verbgate-record"},
        {"{\"verbgate-record\":2}", "another version"},
        {"{\"verbgate-record\":1}", "since"},
        {RECORD(NAMES REST), "entries[0].path"},
        {RECORD(NAMES REST ",\"path\":\"/a\\n[listener x]\""), "entries[0].path"},
        {RECORD(NAMES REST ",\"path\":\"/a;b\""), "entries[0].path"},
        {RECORD("\"upstream\":\"a]\"," REST), "entries[0].upstream"},
        {RECORD("\"upstream\":\"a\",\"host\":\"a b\"," REST), "entries[0].host"},
        {RECORD("\"upstream\":\"a\",\"host\":\"\",\"method\":\"G T\"," REST), "entries[0].method"},
        {RECORD(NAMES "\"path\":\"/\",\"by\":\"me\""), "entries[0].by"},
        {RECORD(NAMES "\"path\":\"/\",\"by\":\"backend\",\"status\":99"), "entries[0].status"},
        {RECORD(NAMES "\"path\":\"/\",\"by\":\"backend\",\"status\":200,\"count\":-1"),
         "entries[0].count"},
        {RECORD(NAMES "\"path\":\"/\"," REST ",\"allow\":\"GET, P T\""), "entries[0].allow"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct evidence_table *table = evidence_create(4);
        char problem[LEARN_PROBLEM_MAX] = "";
        cr_assert_not(evidence_json_read(slice_of(bad[i].json), table, problem), "%s", bad[i].json);
        cr_assert_not_null(strstr(problem, bad[i].wanted), "%s: %s", bad[i].json, problem);
        evidence_destroy(table);
    }
}

/* ---- OpenAPI */

static bool declare(const char *json, char problem[LEARN_PROBLEM_MAX])
{
    static char comment_text[TEXT_BYTES];
    struct writer comments = writer_make(comment_text, sizeof comment_text);
    struct evidence_table *table = evidence_create(64);
    bool fine = openapi_read(slice_of(json), SLICE("app"), table, &comments, problem);
    if (fine) {
        const char *reason = propose(table, 1);
        cr_assert_null(reason, "%s", reason);
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%.*s", SLICE_PRINT(writer_slice(&comments)));
    }
    evidence_destroy(table);
    return fine;
}

Test(openapi, takes_paths_and_methods_and_skips_the_rest)
{
    char problem[LEARN_PROBLEM_MAX] = "";
    cr_assert(declare("{\"openapi\":\"3.1.0\",\"x-y\":[],\"servers\":[{\"url\":\"https://h/v1/\"}],"
                      "\"paths\":{\"x-z\":1,\"/o\":{\"get\":{},\"parameters\":[],\"x-q\":1},"
                      "\"/o/{id}\":{\"put\":{},\"trace\":{}},\"/o/{id}/i\":{\"patch\":{}},"
                      "\"/u/@me\":{\"post\":{}},\"/bad;x\":{\"get\":{}},"
                      "\"/s\":{\"additionalOperations\":{\"PURGE\":{},\"no token\":{}}}}}",
                      problem),
              "%s", problem);
    expect("implements = GET HEAD PATCH POST PUT TRACE PURGE\n");
    expect("path = /v1/o\nallow = GET HEAD\n");
    expect("path = /v1/o/*\nallow = PATCH PUT TRACE\n");
    expect("path = /v1/u/@me\nallow = POST\n");
    expect("path = /v1/s\nallow = PURGE\n");
    expect("; /v1/o/{id}/i: taken as /v1/o/*");
    expect("; /bad;x: left out");
    expect("; /s: one of its additionalOperations is not a method");
}

Test(openapi, refuses_what_it_is_not_and_says_where)
{
    static const struct {
        const char *json, *wanted;
    } bad[] = {
        {"{", "line 1, column"},
        {"{}", "not OpenAPI 3"},
        {"{\"swagger\":\"2.0\"}", "Swagger 2"},
        {"{\"openapi\":\"3.0.0\"}", "\"paths\""},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":1}}", "paths[\"/a\"]"},
        {"{\"openapi\":\"3.0.0\",\"paths\":{\"/a\":{\"get\":1}}}", "paths[\"/a\"].get"},
        {"{\"openapi\":\"3.0.0\",\"openapi\":\"3.0.0\"}", "duplicate"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char problem[LEARN_PROBLEM_MAX] = "";
        cr_assert_not(declare(bad[i].json, problem), "%s", bad[i].json);
        cr_assert_not_null(strstr(problem, bad[i].wanted), "%s: %s", bad[i].json, problem);
    }
}
