#include "verbgate/policy/policy.h"

#include "seal_readings.h"
#include "verbgate/policy/route_table.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The policy is const for those who hold it; how many they are is written here. */
struct policy_life {
    atomic_uint references;
    struct policy policy;
};

struct policy *policy_create(size_t max_bytes)
{
    struct policy_life *life = calloc(1, sizeof *life);
    if (life == NULL) {
        return NULL;
    }
    atomic_init(&life->references, 1);
    arena_init(&life->policy.arena, max_bytes);
    life->policy.life = life;
    return &life->policy;
}

bool policy_set_sockets(struct policy *policy, struct policy_server *server,
                        const struct socket_address *sockets, unsigned count)
{
    struct socket_address *copy = arena_take_array(&policy->arena, count, sizeof *sockets);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, sockets, count * sizeof *sockets);
    server->sockets = copy;
    server->socket_count = count;
    return true;
}

void policy_reference(const struct policy *policy)
{
    /* The caller holds a reference already, so nothing has to be ordered. */
    unsigned before = atomic_fetch_add_explicit(&policy->life->references, 1, memory_order_relaxed);
    assert(before > 0);
    (void)before;
}

unsigned policy_references(const struct policy *policy)
{
    return atomic_load(&policy->life->references);
}

void policy_release(const struct policy *policy)
{
    if (policy == NULL) {
        return;
    }
    /* Release: what this thread read happens before the free. Acquire: the last one sees it all. */
    struct policy_life *life = policy->life;
    unsigned before = atomic_fetch_sub_explicit(&life->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1) {
        arena_finish(&life->policy.arena);
        free(life);
    }
}

struct slice policy_method(const struct policy *policy, struct slice token)
{
    if (!policy->gateway.normalises_methods ||
        method_extensions_find(&policy->extensions, token) != METHOD_UNKNOWN) {
        return token;
    }
    struct slice registered = method_name(method_suggest(token));
    if (slice_equal_ignoring_case(registered, token)) {
        return registered;
    }
    for (unsigned i = 0; i < policy->extensions.count; i++) {
        if (slice_equal_ignoring_case(policy->extensions.names[i], token)) {
            return policy->extensions.names[i];
        }
    }
    return token;
}

static const char *ipv6_problem(struct slice literal)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return address_read_ip(literal, AF_INET6, bytes) ? NULL
                                                     : "the brackets do not hold an IPv6 address";
}

static const char *label_problem(struct slice label)
{
    enum { LABEL_MAX = 63 }; /* RFC 1035 section 2.3.4 */
    if (label.length == 0) {
        return "the host has an empty label (two dots, or a dot at an end)";
    }
    if (label.length > LABEL_MAX) {
        return "a label of the host is longer than 63 bytes";
    }
    for (size_t i = 0; i < label.length; i++) {
        char c = label.data[i];
        if (c == '*') {
            return "'*' may only be the whole first label: *.example.com";
        }
        if (c == ':') {
            return "a host pattern has no port and no scheme";
        }
        if (c >= 'A' && c <= 'Z') {
            return "write the host in lower case";
        }
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return "the host has a character other than letters, digits, '-', '_' and '.'";
        }
    }
    return NULL;
}

const char *policy_host_problem(struct slice host)
{
    enum { HOST_MAX = 253 };
    if (host.length > HOST_MAX) {
        return "the host is longer than 253 bytes";
    }
    if (host.length == 0) {
        return NULL;
    }
    if (slice_equal(host, SLICE("*"))) {
        return "leave the host out to take any host";
    }
    if (host.data[0] == '[') {
        if (host.data[host.length - 1] != ']') {
            return "a host pattern of an IPv6 address is written [::1], without a port";
        }
        return ipv6_problem(slice_make(host.data + 1, host.length - 2));
    }
    struct slice rest = slice_starts_with(host, SLICE("*.")) ? slice_after(host, 2) : host;
    for (;;) {
        size_t dot = slice_find(rest, '.');
        const char *problem = label_problem(slice_make(rest.data, dot));
        if (problem != NULL || dot == rest.length) {
            return problem;
        }
        rest = slice_after(rest, dot + 1);
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_unreserved(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* `text` starts with '%'. Requests are compared in normal form (RFC 3986 section 6.2.2), so a
 * pattern in any other form would never match all spellings of its path. */
static const char *percent_problem(struct slice text)
{
    int high = text.length > 2 ? hex_value(text.data[1]) : -1;
    int low = text.length > 2 ? hex_value(text.data[2]) : -1;
    if (high < 0 || low < 0) {
        return "'%' needs two hexadecimal digits, in upper case, behind it";
    }
    int byte = high * 16 + low;
    if (is_unreserved(byte)) {
        return "letters, digits, '-', '.', '_' and '~' are written plain, not percent-encoded";
    }
    if (byte < 0x20 || byte == 0x7f) {
        return "no request with an encoded control byte is let through";
    }
    return NULL;
}

static const char *segment_problem(struct slice segment)
{
    if (slice_equal(segment, SLICE(".")) || slice_equal(segment, SLICE(".."))) {
        return "a path pattern has no \".\" and \"..\" segments";
    }
    for (size_t i = 0; i < segment.length; i++) {
        char c = segment.data[i];
        if (c == '?' || c == '#') {
            return "a path pattern has no query and no fragment";
        }
        if (c == '*') {
            return "'*' may only be the whole last segment: /orders/*";
        }
        if (c < 0x21 || c > 0x7e) {
            return "bytes outside printable ASCII are written percent-encoded";
        }
        const char *problem = c == '%' ? percent_problem(slice_after(segment, i)) : NULL;
        if (problem != NULL) {
            return problem;
        }
    }
    return NULL;
}

const char *policy_path_problem(struct slice path)
{
    if (path.length == 0) {
        return NULL;
    }
    if (path.data[0] != '/') {
        return "a path pattern starts with '/'";
    }
    unsigned depth = 0;
    struct slice rest = path;
    while (rest.length > 0) { /* rest starts with '/' */
        rest = slice_after(rest, 1);
        size_t end = slice_find(rest, '/');
        struct slice segment = slice_make(rest.data, end);
        rest = slice_after(rest, end);
        if (++depth > POLICY_PATH_DEPTH_MAX) {
            return "the path pattern has more than 64 segments";
        }
        if (segment.length == 0 && rest.length > 0) {
            return "a path pattern has no \"//\"";
        }
        if (rest.length == 0 && slice_equal(segment, SLICE("*"))) {
            return NULL;
        }
        const char *problem = segment_problem(segment);
        if (problem != NULL) {
            return problem;
        }
    }
    return NULL;
}

/* What the rules for HEAD and OPTIONS make of the methods that a resource takes. */
static void apply_rules(const struct method_rules *rules, struct method_set *answer)
{
    if (rules->head != HEAD_FORWARD) {
        bool is_made = rules->head == HEAD_FROM_GET && method_set_has(answer, METHOD_GET);
        if (is_made) {
            method_set_add(answer, METHOD_HEAD);
        } else {
            method_set_remove(answer, METHOD_HEAD);
        }
    }
    if (rules->options != OPTIONS_FORWARD) {
        method_set_add(answer, METHOD_OPTIONS); /* the gateway's answer is its implementation */
    }
}

/* What a route answers: its `allow`, never more than the upstream can do (405 is about what the
 * resource takes, 501 about what the server can), and HEAD where GET is (RFC 9110 section 9.3.2).
 */
static struct method_set seal_answer(const struct policy_route *route)
{
    struct method_set answer = route->takes;
    if (route->has_allow) {
        struct method_set allow = route->allow;
        if (method_set_has(&allow, METHOD_GET)) {
            method_set_add(&allow, METHOD_HEAD);
        }
        method_set_intersect(&answer, &allow);
    }
    apply_rules(&route->settings.methods, &answer);
    return answer;
}

/* Whether a request that no upstream takes may still be forwarded or answered. */
static bool is_lenient(const struct method_rules *rules)
{
    return rules->is_report_only || rules->options != OPTIONS_FORWARD ||
           method_rules_has_webhook(rules);
}

/* What an upstream implements, and what is sent to it as POST. */
static struct method_set join(const struct method_set *implements,
                              const struct policy_settings *settings)
{
    struct method_set takes = *implements;
    method_set_unite(&takes, &settings->translation.send_as_post);
    return takes;
}

static void seal_upstream(struct policy *policy, struct policy_upstream *upstream)
{
    upstream->takes = join(&upstream->implements, &upstream->settings);
    method_set_unite(&policy->implemented, &upstream->takes);
    policy->versions |= upstream->versions;
    upstream->answer = upstream->takes;
    apply_rules(&upstream->settings.methods, &upstream->answer);
    policy->has_lenient_rules |= is_lenient(&upstream->settings.methods);
}

/* Most routes set nothing of their own. A copy that only looks different costs a cache line, no more. */
static const struct policy_settings *settings_in_force(const struct policy_route *route)
{
    const struct policy_settings *inherited = &route->upstream->settings;
    bool is_same = memcmp(&route->settings, inherited, sizeof *inherited) == 0;
    return is_same ? inherited : &route->settings;
}

static void seal_methods(struct policy *policy)
{
    policy->implemented = (struct method_set){.any = false};
    policy->versions = 0;
    policy->has_lenient_rules = false;
    for (unsigned i = 0; i < policy->upstream_count; i++) {
        seal_upstream(policy, &policy->upstreams[i]);
    }
    for (unsigned i = 0; i < policy->route_count; i++) {
        struct policy_route *route = &policy->routes[i];
        route->takes = join(&route->upstream->implements, &route->settings);
        method_set_unite(&policy->implemented, &route->takes);
        route->answer = seal_answer(route);
        route->in_force = settings_in_force(route);
        policy->has_lenient_rules |= is_lenient(&route->settings.methods);
    }
}

static bool depends_on_path(const struct route_pattern *pattern)
{
    return pattern->path.length > 0 && !slice_equal(pattern->path, SLICE("/*"));
}

enum policy_seal_status policy_seal(struct policy *policy, const struct route_pattern *patterns,
                                    unsigned pattern_count, unsigned *first, unsigned *second)
{
    unsigned conflict_first = 0;
    unsigned conflict_second = 0;
    seal_methods(policy);
    policy->judges_hosts = false;
    policy->judges_paths = false;
    for (unsigned i = 0; i < pattern_count; i++) {
        policy->judges_hosts |= patterns[i].host.length > 0;
        policy->judges_paths |= depends_on_path(&patterns[i]);
    }
    policy->table = route_table_build(&policy->arena, patterns, pattern_count, &conflict_first,
                                      &conflict_second);
    if (policy->table != NULL) {
        bool is_read = seal_readings(policy, patterns, pattern_count);
        return is_read ? POLICY_SEALED : POLICY_SEAL_MEMORY;
    }
    if (conflict_first == conflict_second) {
        return POLICY_SEAL_MEMORY;
    }
    *first = conflict_first;
    *second = conflict_second;
    return POLICY_SEAL_CONFLICT;
}
