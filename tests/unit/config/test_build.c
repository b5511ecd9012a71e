/* From sections to a policy. */
#include "policy_fixture.h"
#include "verbgate/policy/route_table.h"

#include <stdio.h>
#include <stdlib.h>

static const char *allow_text(const struct policy *policy, const struct method_set *set)
{
    static char text[1024];
    struct writer writer = writer_make(text, sizeof text - 1);
    method_set_write(&writer, set, &policy->extensions);
    text[writer.length] = '\0';
    return text;
}

Test(build, one_upstream_and_no_route_is_a_complete_file)
{
    struct policy *policy = load(LISTENER UPSTREAM);
    cr_assert_eq(diagnostics.count, 0);
    cr_assert_eq(policy->route_count, 0);
    cr_assert_eq(policy->upstream_count, 1);
    cr_assert(policy->upstreams[0].implements.any);
    cr_assert(method_set_has(&policy->upstreams[0].implements, METHOD_QUERY));
    cr_assert_not(method_set_has(&policy->upstreams[0].implements, METHOD_CONNECT));
    cr_assert_eq(policy->upstreams[0].implements_source.line, 0);
    cr_assert_eq(policy->process.workers, 0);
    cr_assert_eq(policy->gateway.max_head, 16384);
    cr_assert_eq(policy->gateway.drain_body, 262144);
    cr_assert_eq(policy->process.log_level, LOG_LEVEL_INFO);
    cr_assert_eq(policy->upstreams[0].settings.limits.max_body, UINT64_MAX);
    cr_assert_eq(policy->listeners[0].mode, 0660u);
    drop(policy);
}

Test(build, reads_every_option_of_the_gateway)
{
    struct policy *policy = load(
        "[gateway]\nworkers = 8\nlog-level = debug\naccess-log = /var/log/a\n"
        "access-log-format = json\nname = edge\nx-forwarded = replace\ndrain-timeout = 1s\n"
        "head-timeout = 2s\nidle-timeout = 3s\nbody-timeout = 4s\nlinger-timeout = 5s\n"
        "half-close-timeout = 6s\nmax-connections = 7\nmax-requests = 9\nmax-head = 10k\n"
        "max-target = 1k\nmax-fields = 11\nmax-body = 12\ndrain-body = 13\n" LISTENER UPSTREAM);
    const struct policy_gateway *gateway = &policy->gateway;
    cr_assert_eq(policy->process.workers, 8);
    cr_assert_eq(policy->process.log_level, LOG_LEVEL_DEBUG);
    cr_assert(slice_equal(policy->process.access_log, SLICE("/var/log/a")));
    cr_assert_eq(gateway->observation.access_format.count, 0);
    cr_assert(slice_equal(gateway->name, SLICE("edge")));
    cr_assert_eq(gateway->forwarded, FORWARDED_REPLACE);
    cr_assert_eq(policy->process.drain_timeout_ms, 1000);
    cr_assert_eq(gateway->head_timeout_ms, 2000);
    cr_assert_eq(gateway->idle_timeout_ms, 3000);
    cr_assert_eq(gateway->body_timeout_ms, 4000);
    cr_assert_eq(gateway->linger_timeout_ms, 5000);
    cr_assert_eq(gateway->half_close_timeout_ms, 6000);
    cr_assert_eq(policy->process.max_connections, 7);
    cr_assert_eq(gateway->max_requests, 9);
    cr_assert_eq(gateway->max_head, 10240);
    cr_assert_eq(gateway->max_target, 1024);
    cr_assert_eq(gateway->max_fields, 11);
    cr_assert_eq(gateway->drain_body, 13);
    cr_assert_eq(policy->upstreams[0].settings.limits.max_body, 12);
    drop(policy);
}

Test(build, reads_listeners_and_upstreams)
{
    struct policy *policy = load(
        "[listener a]\nbind = [::1]:0\nbacklog = 5\n[listener b]\nbind = unix:/run/b\nmode = 600\n"
        "[listener c]\nbind = [::1]:0\n"
        "[upstream u]\nserver = app.internal:80\nserver = unix:/run/u\nserver = 127.0.0.1:1\n"
        "implements = GET, HEAD,POST\tPUT\nversions = 1.1\nhost-header = app:8080\n"
        "connect-timeout = 1s\nresponse-timeout = 2s\nidle-timeout = 3s\nmax-idle = 0\n"
        "max-body = 1k\n");
    cr_assert_eq(policy->listener_count, 3);
    cr_assert_eq(policy->listeners[0].backlog, 5);
    cr_assert_eq(policy->listeners[1].mode, 0600u);
    const struct policy_upstream *upstream = &policy->upstreams[0];
    cr_assert_eq(upstream->server_count, 3);
    cr_assert_eq(upstream->servers[0].address.kind, ADDRESS_NAME);
    cr_assert_eq(upstream->servers[0].socket_count, 0);
    cr_assert_eq(upstream->servers[2].socket_count, 1);
    cr_assert_eq(upstream->servers[1].source.line, 11);
    cr_assert_str_eq(allow_text(policy, &upstream->implements), "GET, HEAD, POST, PUT");
    cr_assert_eq(upstream->implements_source.line, 13);
    cr_assert_eq(upstream->versions, POLICY_VERSION_1_1);
    cr_assert_eq(upstream->versions_source.line, 14);
    cr_assert(slice_equal(upstream->host_header, SLICE("app:8080")));
    cr_assert_eq(upstream->connect_timeout_ms, 1000);
    cr_assert_eq(upstream->response_timeout_ms, 2000);
    cr_assert_eq(upstream->idle_timeout_ms, 3000);
    cr_assert_eq(upstream->max_idle, 0);
    cr_assert_eq(upstream->settings.limits.max_body, 1024);
    drop(policy);
}

Test(build, inherits_max_body_from_the_level_above)
{
    struct policy *policy =
        load("[route a]\npath = /a\nupstream = x\n[route b]\npath = /b\nupstream = y\n"
             "[route c]\npath = /c\nupstream = y\nmax-body = unlimited\n"
             "[upstream x]\nserver = h:1\n[upstream y]\nserver = h:2\nmax-body = 7\n"
             "[gateway]\nmax-body = 5\n" LISTENER);
    cr_assert_eq(policy->routes[0].settings.limits.max_body, 5);
    cr_assert_eq(policy->routes[1].settings.limits.max_body, 7);
    cr_assert_eq(policy->routes[2].settings.limits.max_body, UINT64_MAX);
    drop(policy);
}

Test(build, adds_up_method_lists_in_any_order)
{
    static const struct {
        const char *list;
        const char *allow;
        bool any;
    } cases[] = {
        {"GET HEAD POST", "GET, HEAD, POST", false},
        {"POST,GET,,HEAD", "GET, HEAD, POST", false},
        {"@read-only PATCH", "GET, HEAD, OPTIONS, PATCH", false},
        {"-TRACE @rfc9110 -@webhook", "GET, HEAD, DELETE, OPTIONS, PUT", false},
        {"@rfc9110 -@webhook -TRACE", "GET, HEAD, DELETE, OPTIONS, PUT", false},
        {"GET HEAD GET", "GET, HEAD", false},
        {"GET HEAD ZAP", "GET, HEAD, ZAP", false},
        {"@read-only ZAP -ZAP -CONNECT", "GET, HEAD, OPTIONS", false},
        {"* -@all GET HEAD -HEAD", "", true},
        {"* -@all", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        snprintf(text, sizeof text, LISTENER UPSTREAM "implements = %s\n", cases[i].list);
        struct policy *policy = load(text);
        const struct method_set *set = &policy->upstreams[0].implements;
        cr_assert_str_eq(allow_text(policy, set), cases[i].allow, "%s", cases[i].list);
        cr_assert_eq(set->any, cases[i].any, "%s", cases[i].list);
        drop(policy);
    }
}

/* A token that a later section names has an id, and "*" of an earlier one holds it all the same. */
Test(build, lets_a_star_hold_extensions_that_are_named_later)
{
    struct policy *policy =
        load(LISTENER UPSTREAM "implements = *\n[route a]\nallow = GET ZAP\n[route b]\n"
                               "path = /b\nallow = * -ZAP\n");
    enum method zap = method_extensions_find(&policy->extensions, SLICE("ZAP"));
    cr_assert_eq(zap, METHOD_EXTENSION_FIRST);
    cr_assert(method_set_has(&policy->upstreams[0].implements, zap));
    cr_assert(method_set_has(&policy->routes[0].allow, zap));
    cr_assert_not(policy->routes[0].allow.any);
    cr_assert_not(method_set_has(&policy->routes[1].allow, zap));
    cr_assert(method_set_has(&policy->routes[1].allow, METHOD_UNKNOWN));
    drop(policy);
}

Test(build, star_has_no_trace_and_takes_away_in_every_case)
{
    struct policy *policy = load(LISTENER UPSTREAM "[route a]\nallow = GET zap ZAP\n[route b]\n"
                                                   "path = /b\nallow = * -zap\n[route c]\n"
                                                   "path = /c\nallow = @rfc9110 TRACE -TRACE\n");
    enum method lower = method_extensions_find(&policy->extensions, SLICE("zap"));
    enum method upper = method_extensions_find(&policy->extensions, SLICE("ZAP"));
    cr_assert(lower != METHOD_UNKNOWN && upper != METHOD_UNKNOWN && lower != upper);
    cr_assert_not(method_set_has(&policy->upstreams[0].implements, METHOD_TRACE));
    cr_assert(method_set_has(&policy->routes[0].allow, upper));
    cr_assert_not(method_set_has(&policy->routes[1].allow, lower));
    cr_assert_not(method_set_has(&policy->routes[1].allow, upper));
    drop(policy);
    policy = load(LISTENER UPSTREAM "implements = * TRACE\n");
    cr_assert(method_set_has(&policy->upstreams[0].implements, METHOD_TRACE));
    drop(policy);
}

Test(build, warns_of_a_star_in_implements)
{
    expect_only(LISTENER UPSTREAM "implements = *\n",
                "warning: [upstream app] gets every method, registered or not, but CONNECT, PRI, "
                "TRACE and what is taken away");
    expect_only(LISTENER UPSTREAM "implements = * -DELETE\n", "gets every method");
}

Test(build, cuts_presets_and_stars_down_to_what_the_upstream_implements)
{
    struct policy *policy =
        load(LISTENER UPSTREAM "implements = GET HEAD POST\n[route a]\npath = /a\n"
                               "allow = @rfc9110\n[route b]\npath = /b\nallow = * -POST\n"
                               "[route c]\npath = /c\n");
    cr_assert_str_eq(allow_text(policy, &policy->routes[0].allow), "GET, HEAD, POST");
    cr_assert_str_eq(allow_text(policy, &policy->routes[1].allow), "GET, HEAD");
    cr_assert_str_eq(allow_text(policy, &policy->routes[2].allow), "GET, HEAD, POST");
    cr_assert(policy->routes[0].has_allow);
    cr_assert_eq(policy->routes[0].allow_source.line, 8);
    cr_assert_not(policy->routes[2].has_allow);
    drop(policy);
}

Test(build, warns_once_of_each_unregistered_method)
{
    expect_only(LISTENER UPSTREAM "implements = GET HEAD PACTH\n[route a]\nallow = PACTH GET\n",
                "gateway.ini:5:23: warning: \"PACTH\" is not a registered method\n"
                "    5 | implements = GET HEAD PACTH\n"
                "      |                       ^~~~~\n"
                "hint: did you mean PATCH?\n");
}

Test(build, warns_of_an_upstream_without_get_or_head)
{
    expect_only(LISTENER UPSTREAM "implements = GET POST\n",
                "warning: [upstream app] does not implement HEAD: answered 405, not 501");
    expect_only(LISTENER UPSTREAM "implements = @webhook\n", "does not implement GET and HEAD");
}

Test(build, limits_extension_methods)
{
    char text[4096] = LISTENER UPSTREAM "implements = GET HEAD";
    struct writer writer = writer_make(text, sizeof text - 1);
    writer.length = strlen(text);
    for (unsigned i = 0; i < METHOD_EXTENSION_MAX; i++) {
        writer_format(&writer, " EXT%u", i);
    }
    text[writer.length] = '\0';
    struct policy *policy = load(text);
    cr_assert_eq(policy->extensions.count, METHOD_EXTENSION_MAX);
    drop(policy);
    writer_literal(&writer, " MORE");
    text[writer.length] = '\0';
    cr_assert_null(memory_load(text, &diagnostics));
    cr_assert_not_null(strstr(memory_report(&diagnostics),
                              "a configuration names at most 64 unregistered methods"));
    drop(NULL);
    expect_only(LISTENER UPSTREAM
                "implements = * -A2345678901234567890123456789012345678901234567890123456789012345",
                "the method is longer than 64 bytes");
}

Test(build, makes_a_pattern_of_each_host_and_path)
{
    struct policy *policy =
        load(LISTENER UPSTREAM
             "[route a]\nhost = A.example.com *.Example.org\npath = /x /y/*\npath = /z\n"
             "[route b]\n");
    static const struct {
        const char *host;
        const char *path;
        unsigned route;
    } cases[] = {{"a.example.com", "/x", 0},     {"A.EXAMPLE.COM", "/z", 0},
                 {"b.example.org", "/y/1/2", 0}, {"a.example.com", "/w", 1},
                 {"example.com", "/x", 1},       {"", "/", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct policy_route *route =
            route_table_find(policy->table, slice_of(cases[i].host), slice_of(cases[i].path));
        cr_assert_eq(route, &policy->routes[cases[i].route], "%s %s", cases[i].host, cases[i].path);
    }
    drop(policy);
}

/* `count` sections of `kind`, each with one key whose value ends in a number. */
static char *many(const char *kind, const char *key, unsigned count, const char *rest)
{
    size_t size = (size_t)count * 80 + 256;
    char *text = malloc(size);
    struct writer writer = writer_make(text, size - 1);
    for (unsigned i = 0; i < count; i++) {
        writer_format(&writer, "[%s n%u]\n%s%u\n", kind, i, key, i + 1);
    }
    writer_string(&writer, rest);
    cr_assert_not(writer.overflow);
    text[writer.length] = '\0';
    return text;
}

static void expect_limit(const char *kind, const char *key, unsigned limit, const char *rest)
{
    char *text = many(kind, key, limit, rest);
    struct policy *policy = load(text);
    drop(policy);
    free(text);
    text = many(kind, key, limit + 2, rest);
    cr_assert_null(memory_load(text, &diagnostics));
    char expected[128];
    snprintf(expected, sizeof expected, "error: a configuration has at most %u sections [%s]",
             limit, kind);
    cr_assert_not_null(strstr(memory_report(&diagnostics), expected), "%s",
                       memory_report(&diagnostics));
    cr_assert_eq(diagnostics.error_count, 1);
    drop(NULL);
    free(text);
}

Test(build, limits_listeners_and_upstreams)
{
    expect_limit("listener", "bind = 127.0.0.1:", POLICY_LISTENERS_MAX, UPSTREAM);
    expect_limit("upstream", "server = 127.0.0.1:", POLICY_UPSTREAMS_MAX,
                 LISTENER "[route a]\nupstream = n1\n");
}

Test(build, loads_as_many_routes_as_there_may_be_in_little_time, .timeout = 30 * TEST_PATIENCE)
{
    char *text = many("route", "path = /p/", POLICY_ROUTES_MAX, LISTENER UPSTREAM);
    struct policy *policy = load(text);
    cr_assert_eq(policy->route_count, POLICY_ROUTES_MAX);
    cr_assert_eq(route_table_find(policy->table, SLICE("h"), SLICE("/p/65536")),
                 &policy->routes[POLICY_ROUTES_MAX - 1]);
    drop(policy);
    free(text);
    expect_limit("route", "path = /p/", POLICY_ROUTES_MAX, LISTENER UPSTREAM);
}

Test(build, survives_as_many_conflicts, .timeout = 30 * TEST_PATIENCE)
{
    char *text = many("route", "max-body = ", POLICY_ROUTES_MAX - 1, LISTENER UPSTREAM);
    cr_assert_null(memory_load(text, &diagnostics));
    cr_assert(diagnostics_is_full(&diagnostics));
    drop(NULL);
    free(text);
}

Test(build, limits_servers_and_patterns)
{
    enum { SIZE = 64 * 1024 };
    char *text = malloc(SIZE);
    struct writer writer = writer_make(text, SIZE - 1);
    writer_literal(&writer, LISTENER "[upstream a]\n");
    for (unsigned i = 0; i <= POLICY_SERVERS_MAX; i++) {
        writer_format(&writer, "server = h:%u\n", i + 1);
    }
    text[writer.length] = '\0';
    expect_only(text, "gateway.ini:68:1: error: an upstream has at most 64 servers");
    writer = writer_make(text, SIZE - 1);
    writer_literal(&writer, LISTENER UPSTREAM "[route a]\n");
    for (unsigned i = 0; i < 520; i++) {
        writer_format(&writer, "host = h%u.example\npath = /p%u\n", i, i);
    }
    text[writer.length] = '\0';
    expect_only(text, "the routes have more than 262144 pairs of host and path");
    free(text);
}

Test(build, gives_a_policy_that_stands_alone)
{
    char *text = many("route", "path = /p/", 3, LISTENER UPSTREAM);
    struct policy *policy = load(text);
    diagnostics_finish(&diagnostics);
    memset(text, '#', strlen(text));
    free(text);
    cr_assert(slice_equal(policy->routes[2].name, SLICE("n2")));
    cr_assert(slice_equal(policy->listeners[0].bind.host, SLICE("127.0.0.1")));
    cr_assert(slice_equal(policy->upstreams[0].servers[0].text, SLICE("127.0.0.1:9000")));
    cr_assert_str_eq(policy->routes[0].source.file, "gateway.ini");
    cr_assert_eq(route_table_find(policy->table, SLICE("h"), SLICE("/p/2")), &policy->routes[1]);
    policy_release(policy);
}
