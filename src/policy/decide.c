#include "verbgate/policy/decide.h"

#include "verbgate/policy/route_table.h"

#include <assert.h>

/* Where a reading of the path leads. Both NULL: nowhere. */
struct destination {
    const struct policy_upstream *upstream;
    const struct policy_route *route;
};

static void settle(struct verdict *verdict, enum verdict_rule rule, struct rule_source source)
{
    verdict->kind = verdict_rule_kind(rule);
    verdict->rule = rule;
    verdict->status = verdict_rule_status(rule);
    verdict->source = source;
}

static void settle_allow(struct verdict *verdict, enum verdict_rule rule, struct rule_source source,
                         const struct method_set *allow)
{
    settle(verdict, rule, source);
    verdict->has_allow = true;
    verdict->allow = *allow;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The line of a key, or of its section when the key was left at its default. */
static struct rule_source source_of(struct rule_source key, struct rule_source section)
{
    return key.line > 0 ? key : section;
}

static const struct rule_source built_in = {NULL, 0};

/* A rule that no single upstream decides has no line, unless there is but one upstream. */
static const struct policy_upstream *only_upstream(const struct policy *policy)
{
    return policy->upstream_count == 1 ? &policy->upstreams[0] : NULL;
}

/* RFC 9110 section 2.5: a minor version that we do not know is processed as the highest we do. */
static unsigned version_bit(const struct decide_request *request)
{
    return request->version_minor == 0 ? POLICY_VERSION_1_0 : POLICY_VERSION_1_1;
}

/* RFC 9110 section 9.1: a general-purpose server must support GET and HEAD, so that these are never
 * "not implemented". */
static bool is_general(enum method method)
{
    return method == METHOD_GET || method == METHOD_HEAD;
}

/* What a reader of `name` most likely meant, among the methods of `known`. */
static enum method suggest(const struct policy *policy, const struct method_set *known,
                           struct slice name)
{
    enum method registered = method_suggest(name);
    if (registered != METHOD_UNKNOWN && method_set_has(known, registered)) {
        return registered;
    }
    for (unsigned i = 0; i < policy->extensions.count; i++) {
        enum method extension = (enum method)(METHOD_EXTENSION_FIRST + i);
        if (method_set_has(known, extension) &&
            slice_equal_ignoring_case(policy->extensions.names[i], name)) {
            return extension;
        }
    }
    return METHOD_UNKNOWN;
}

/* RFC 9110 section 15.6.6. */
static bool judge_version(const struct policy *policy, const struct decide_request *request,
                          struct verdict *verdict)
{
    if (request->version_major != 1) {
        settle(verdict, VERDICT_VERSION_MAJOR_RULE, built_in);
        return true;
    }
    if ((policy->versions & version_bit(request)) == 0) {
        const struct policy_upstream *upstream = only_upstream(policy);
        settle(verdict, VERDICT_VERSION_UPSTREAM_RULE,
               upstream == NULL ? built_in
                                : source_of(upstream->versions_source, upstream->source));
        return true;
    }
    return false;
}

/* RFC 9110 section 15.6.2: what is decided about a method whatever its resource is. */
static bool judge_method_alone(const struct policy *policy, const struct decide_request *request,
                               struct verdict *verdict)
{
    enum method method = verdict->method;
    if (method == METHOD_CONNECT) {
        settle(verdict, VERDICT_METHOD_CONNECT_RULE, built_in);
        return true;
    }
    if (method == METHOD_OPTIONS && request->target->form == TARGET_ASTERISK) {
        struct method_set allow = policy->implemented;
        method_set_add(&allow, METHOD_OPTIONS); /* this answer is its implementation */
        settle_allow(verdict, VERDICT_OPTIONS_SERVER_RULE, built_in, &allow);
        return true;
    }
    if (!method_set_has(&policy->implemented, method) && !is_general(method)) {
        const struct policy_upstream *upstream = only_upstream(policy);
        settle(verdict, VERDICT_METHOD_NOWHERE_RULE,
               upstream == NULL ? built_in
                                : source_of(upstream->implements_source, upstream->source));
        verdict->suggestion = suggest(policy, &policy->implemented, request->method);
        return true;
    }
    return false;
}

static struct destination find_destination(const struct policy *policy, struct slice host,
                                           struct slice path)
{
    if (policy->route_count == 0) {
        return (struct destination){.upstream = only_upstream(policy)};
    }
    const struct policy_route *route = route_table_find(policy->table, host, path);
    return (struct destination){.upstream = route == NULL ? NULL : route->upstream, .route = route};
}

static bool judge_method(const struct policy *policy, const struct decide_request *request,
                         struct destination destination, struct verdict *verdict)
{
    enum method method = verdict->method;
    const struct policy_upstream *upstream = destination.upstream;
    const struct policy_route *route = destination.route;
    const struct method_set *takes = route == NULL ? &upstream->takes : &route->takes;
    const struct method_set *answer = route == NULL ? &upstream->takes : &route->answer;
    if (!method_set_has(takes, method)) {
        struct rule_source source = source_of(upstream->implements_source, upstream->source);
        if (is_general(method)) {
            settle_allow(verdict, VERDICT_METHOD_GENERAL_RULE, source, answer);
        } else {
            settle(verdict, VERDICT_METHOD_UPSTREAM_RULE, source);
            verdict->suggestion = suggest(policy, takes, request->method);
        }
        return true;
    }
    if (!method_set_has(answer, method)) {
        assert(route != NULL); /* without a route the answer is what the upstream takes */
        settle_allow(verdict, VERDICT_METHOD_ROUTE_RULE,
                     source_of(route->allow_source, route->source), answer);
        return true;
    }
    return false;
}

/* RFC 9110 section 7.6.2: with Max-Forwards 0 the request ends here. We answer OPTIONS for the
 * resource, and have no TRACE of our own. */
static bool judge_max_forwards(const struct decide_request *request, struct destination destination,
                               struct rule_source source, struct verdict *verdict)
{
    if (request->max_forwards != 0) {
        return false;
    }
    struct method_set allow =
        destination.route == NULL ? destination.upstream->takes : destination.route->answer;
    if (verdict->method == METHOD_OPTIONS) {
        settle_allow(verdict, VERDICT_OPTIONS_HERE_RULE, source, &allow);
        return true;
    }
    if (verdict->method == METHOD_TRACE) {
        method_set_remove(&allow, METHOD_TRACE);
        settle_allow(verdict, VERDICT_MAX_FORWARDS_RULE, source, &allow);
        return true;
    }
    return false;
}

/* What is left to judge of a request that has a place to go to, and how it will go there. */
static void judge_content(const struct decide_request *request,
                          const struct policy_settings *settings, struct rule_source source,
                          struct verdict *verdict)
{
    const struct policy_translation *translation = &settings->translation;
    verdict->limits = settings->limits;
    verdict->translation = translation;
    verdict->strips_override = translation->override_fields != OVERRIDE_FIELDS_PASS;
    if (translation->buffer_request == BUFFER_REQUEST_ALL) {
        verdict->limits.max_body = least(verdict->limits.max_body, translation->buffer_max);
    }
    if (request->has_override && translation->override_fields == OVERRIDE_FIELDS_REFUSE) {
        settle(verdict, VERDICT_METHOD_OVERRIDE_RULE, source);
    } else if (request->content_length > verdict->limits.max_body) {
        settle(verdict, VERDICT_BODY_TOO_LARGE_RULE, source);
    } else {
        settle(verdict, VERDICT_FORWARD_RULE, source);
    }
}

/* The whole verdict about one reading of the path. */
static void judge_destination(const struct policy *policy, const struct decide_request *request,
                              struct destination destination, struct verdict *verdict)
{
    const struct policy_upstream *upstream = destination.upstream;
    const struct policy_route *route = destination.route;
    verdict->upstream = upstream;
    verdict->route = route;
    if (upstream == NULL) {
        settle(verdict, VERDICT_NO_ROUTE_RULE, built_in);
        return;
    }
    if ((upstream->versions & version_bit(request)) == 0) {
        settle(verdict, VERDICT_VERSION_UPSTREAM_RULE,
               source_of(upstream->versions_source, upstream->source));
        return;
    }
    struct rule_source source = route == NULL ? upstream->source : route->source;
    if (judge_method(policy, request, destination, verdict) ||
        judge_max_forwards(request, destination, source, verdict)) {
        return;
    }
    judge_content(request, route == NULL ? &upstream->settings : &route->settings, source, verdict);
}

enum { READINGS = 4 }; /* as written, normal, lenient, without an authority */

/* Some servers take "//x/admin" for a URL without a scheme, whose path is "/admin". */
static struct slice without_authority(struct slice path, struct slice lenient)
{
    bool is_like_url = path.length > 1 && (path.data[1] == '/' || path.data[1] == '\\');
    if (!is_like_url) {
        return lenient;
    }
    size_t end = slice_find(slice_after(lenient, 1), '/') + 1;
    return end < lenient.length ? slice_after(lenient, end) : SLICE("/");
}

/* No spelling of a path gets more than the strictest of its readings. */
static void tighten(struct verdict *verdict, const struct verdict *other)
{
    struct policy_limits *limits = &verdict->limits;
    limits->max_body = least(limits->max_body, other->limits.max_body);
    limits->allows_upgrade = limits->allows_upgrade && other->limits.allows_upgrade;
    verdict->strips_override |= other->strips_override;
}

static bool lead_apart(const struct destination *destinations, int count)
{
    const struct policy_upstream *upstream = NULL;
    for (int i = 0; i < count; i++) {
        const struct policy_upstream *other = destinations[i].upstream;
        if (upstream != NULL && other != NULL && other != upstream) {
            return true;
        }
        upstream = other == NULL ? upstream : other;
    }
    return false;
}

/* The strictest reading wins, so that no spelling of a path walks round the rules for it. */
static void judge_readings(const struct policy *policy, const struct decide_request *request,
                           struct verdict *verdict)
{
    char buffer[2 * DECIDE_PATH_MAX];
    struct target_readings readings;
    struct slice path = request->target->path;
    if (path.length > DECIDE_PATH_MAX || target_read(path, buffer, &readings) != FAULT_NONE) {
        settle(verdict, VERDICT_PATH_UNSAFE_RULE, built_in);
        return;
    }
    struct destination destinations[READINGS] = {
        find_destination(policy, request->host, path),
        find_destination(policy, request->host, readings.normal),
        find_destination(policy, request->host, readings.lenient),
        find_destination(policy, request->host, without_authority(path, readings.lenient)),
    };
    /* Where the operator knows that no backend reads leniently, the first two are enough. */
    int count = policy->gateway.path_readings == PATH_READINGS_ALL ? READINGS : 2;
    if (lead_apart(destinations, count)) {
        settle(verdict, VERDICT_PATH_AMBIGUOUS_RULE, built_in);
        return;
    }
    const struct verdict blank = *verdict;
    judge_destination(policy, request, destinations[0], verdict);
    for (int i = 1; i < count && verdict->kind != VERDICT_REFUSE; i++) {
        struct verdict reading = blank;
        judge_destination(policy, request, destinations[i], &reading);
        if (reading.kind == VERDICT_REFUSE) {
            *verdict = reading;
        } else {
            tighten(verdict, &reading);
        }
    }
}

void decide(const struct policy *policy, const struct decide_request *request,
            struct verdict *verdict)
{
    *verdict = (struct verdict){
        .method = method_extensions_find(&policy->extensions, request->method),
        .suggestion = METHOD_UNKNOWN,
    };
    if (judge_version(policy, request, verdict) || judge_method_alone(policy, request, verdict)) {
        return;
    }
    /* Where no rule depends on the path, every reading of it gets the same verdict. */
    bool is_judged = policy->judges_paths && policy->gateway.path_readings != PATH_READINGS_WRITTEN;
    if (is_judged && target_is_ambiguous(request->target->path)) {
        judge_readings(policy, request, verdict);
        return;
    }
    judge_destination(policy, request,
                      find_destination(policy, request->host, request->target->path), verdict);
}
