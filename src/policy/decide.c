#include "verbgate/policy/decide.h"

#include "verbgate/policy/cors.h"
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
    verdict->status = verdict->kind == VERDICT_REFUSE
                          ? verdict_status_under(&verdict->settings->answers, rule, verdict->method)
                          : verdict_rule_status(rule);
    verdict->source = source;
    /* What report-only let through so far is refused or answered here after all. */
    verdict->is_reported = verdict->is_reported && verdict->kind == VERDICT_FORWARD;
}

/* The same about a method. RFC 9110 section 15.5.6: a 405 comes with Allow, whatever rule it is sent
 * for; the other refusals do without. `taken` is what the resource, or the server, takes. */
static void settle_method(struct verdict *verdict, enum verdict_rule rule,
                          struct rule_source source, const struct method_set *taken)
{
    settle(verdict, rule, source);
    verdict->has_allow = verdict->kind == VERDICT_ANSWER || verdict->status == 405;
    if (verdict->has_allow || verdict_rule_status(rule) == 405) {
        verdict->allow = *taken;
    }
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

/* Whether there is a resource at all: OPTIONS * has none, and CONNECT's target is not looked at. */
static bool has_place(const struct decide_request *request)
{
    return request->target->form != TARGET_ASTERISK && request->target->path.length > 0;
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

static const struct policy_settings *settings_of(struct destination destination)
{
    return destination.route == NULL ? &destination.upstream->settings
                                     : &destination.route->settings;
}

static const struct method_set *answer_of(struct destination destination)
{
    return destination.route == NULL ? &destination.upstream->answer : &destination.route->answer;
}

/* What no upstream takes is answered as the place wants it where the request would have led; for a path
 * that can be read in more than one way nobody looks. */
static struct destination look_ahead(const struct policy *policy,
                                     const struct decide_request *request, struct verdict *verdict)
{
    const struct policy_upstream *only = only_upstream(policy);
    struct slice path = request->target->path;
    struct destination destination = {.upstream = NULL};
    if (has_place(request) && !target_is_ambiguous(path)) {
        destination = find_destination(policy, request->host, path);
    }
    if (destination.upstream != NULL) {
        verdict->settings = settings_of(destination);
        verdict->cors = method_rules_cors(&verdict->settings->methods);
    } else if (only != NULL) {
        verdict->settings = &only->settings;
    }
    return destination;
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
        (void)look_ahead(policy, request, verdict);
        settle(verdict, VERDICT_VERSION_UPSTREAM_RULE,
               upstream == NULL ? built_in
                                : source_of(upstream->versions_source, upstream->source));
        return true;
    }
    return false;
}

/* RFC 9110 section 15.6.2: no upstream implements the method. */
static void settle_nowhere(const struct policy *policy, const struct decide_request *request,
                           struct verdict *verdict)
{
    const struct policy_upstream *only = only_upstream(policy);
    struct destination destination = look_ahead(policy, request, verdict);
    const struct method_set *taken =
        destination.upstream == NULL ? &policy->implemented : answer_of(destination);
    settle_method(verdict, VERDICT_METHOD_NOWHERE_RULE,
                  only == NULL ? built_in : source_of(only->implements_source, only->source),
                  taken);
    verdict->suggestion = suggest(policy, &policy->implemented, request->method);
}

/* RFC 9110 section 15.6.2: what is decided about a method whatever its resource is. */
static bool judge_method_alone(const struct policy *policy, const struct decide_request *request,
                               struct verdict *verdict)
{
    enum method method = verdict->method;
    if (method == METHOD_CONNECT) {
        settle_method(verdict, VERDICT_METHOD_CONNECT_RULE, built_in, &policy->implemented);
        return true;
    }
    if (method == METHOD_OPTIONS && request->target->form == TARGET_ASTERISK) {
        struct method_set allow = policy->implemented;
        method_set_add(&allow, METHOD_OPTIONS); /* this answer is its implementation */
        settle_method(verdict, VERDICT_OPTIONS_SERVER_RULE, built_in, &allow);
        return true;
    }
    if (!method_set_has(&policy->implemented, method) && !is_general(method)) {
        settle_nowhere(policy, request, verdict);
        return true;
    }
    return false;
}

/* What the upstream implements, and what is sent to it as POST. */
static const struct method_set *taken_at(struct destination destination)
{
    return destination.route == NULL ? &destination.upstream->takes : &destination.route->takes;
}

static struct rule_source source_of_place(struct destination destination)
{
    return destination.route == NULL ? destination.upstream->source : destination.route->source;
}

/* Refuses, or, under report-only, notes the rule. Returns whether the request is refused. */
static bool refuse(struct verdict *verdict, const struct method_rules *rules,
                   enum verdict_rule rule, struct rule_source source)
{
    if (rules->is_report_only) {
        verdict_report(verdict, rule, source);
        return false;
    }
    settle(verdict, rule, source);
    return true;
}

/* RFC 9110 section 15.5.6: a 405 comes with Allow, whatever rule it is sent for. */
static bool refuse_method(struct verdict *verdict, struct destination destination,
                          enum verdict_rule rule, struct rule_source source)
{
    bool is_refused = refuse(verdict, &settings_of(destination)->methods, rule, source);
    verdict->has_allow = is_refused && verdict->status == 405;
    if (verdict->has_allow || verdict_rule_status(rule) == 405) {
        verdict->allow = *answer_of(destination); /* for the sentence, too */
    }
    return is_refused;
}

/* A method that the upstream lacks: 501, or 405 for GET and HEAD. */
static bool refuse_unimplemented(const struct policy *policy, const struct decide_request *request,
                                 struct destination destination, struct verdict *verdict)
{
    const struct policy_upstream *upstream = destination.upstream;
    struct rule_source source = source_of(upstream->implements_source, upstream->source);
    if (is_general(verdict->method)) {
        return refuse_method(verdict, destination, VERDICT_METHOD_GENERAL_RULE, source);
    }
    bool is_somewhere = method_set_has(&policy->implemented, verdict->method);
    verdict->suggestion = suggest(policy, taken_at(destination), request->method);
    return refuse_method(verdict, destination,
                         is_somewhere ? VERDICT_METHOD_UPSTREAM_RULE : VERDICT_METHOD_NOWHERE_RULE,
                         source);
}

static bool judge_method(const struct policy *policy, const struct decide_request *request,
                         struct destination destination, struct verdict *verdict)
{
    const struct policy_route *route = destination.route;
    const struct method_rules *rules = &settings_of(destination)->methods;
    enum method method = verdict->method;
    if (method_set_has(answer_of(destination), method)) {
        verdict->asks_get = method == METHOD_HEAD && rules->head == HEAD_FROM_GET;
        return false;
    }
    if (!method_set_has(taken_at(destination), method)) {
        return refuse_unimplemented(policy, request, destination, verdict);
    }
    struct rule_source section = source_of_place(destination);
    struct rule_source source = route == NULL ? section : source_of(route->allow_source, section);
    if (method == METHOD_HEAD && rules->head == HEAD_REFUSE) {
        source = source_of(rules->head_source, section);
    }
    return refuse_method(verdict, destination, VERDICT_METHOD_ROUTE_RULE, source);
}

/* What an OPTIONS is answered with here, if it is: a webhook's handshake, a preflight, or Allow. */
static bool judge_options(const struct policy *policy, const struct decide_request *request,
                          struct destination destination, struct verdict *verdict)
{
    static const struct options_fields none = {.origin = {NULL, 0}};
    const struct method_rules *rules = &settings_of(destination)->methods;
    const struct options_fields *fields = request->options == NULL ? &none : request->options;
    struct method_set allow = *answer_of(destination);
    method_set_add(&allow, METHOD_OPTIONS);
    if (fields->webhook_origin.length > 0 && method_rules_has_webhook(rules)) {
        settle_method(verdict, VERDICT_WEBHOOK_HANDSHAKE_RULE, source_of_place(destination),
                      &allow);
        verdict->is_granted = webhook_takes_origin(rules->webhook, fields->webhook_origin);
        return true;
    }
    if (rules->options == OPTIONS_FORWARD) {
        return false;
    }
    /* The Fetch standard, "CORS protocol": these two fields make it a preflight. */
    bool is_preflight = rules->options == OPTIONS_CORS && fields->origin.length > 0 &&
                        fields->request_method.length > 0;
    if (!is_preflight) {
        settle_method(verdict, VERDICT_OPTIONS_ANSWER_RULE, source_of_place(destination), &allow);
        return true;
    }
    enum method method =
        method_extensions_find(&policy->extensions, policy_method(policy, fields->request_method));
    settle_method(verdict, VERDICT_CORS_PREFLIGHT_RULE, source_of_place(destination), &allow);
    verdict->is_granted = cors_grants(rules->cors, &allow, method, fields);
    return true;
}

/* RFC 9110 section 7.6.2: with Max-Forwards 0 the request ends here. We answer OPTIONS for the
 * resource, and have no TRACE of our own. */
static bool judge_max_forwards(const struct decide_request *request, struct destination destination,
                               struct rule_source source, struct verdict *verdict)
{
    if (request->max_forwards != 0) {
        return false;
    }
    struct method_set allow = *answer_of(destination);
    if (verdict->method == METHOD_OPTIONS) {
        settle_method(verdict, VERDICT_OPTIONS_HERE_RULE, source, &allow);
        return true;
    }
    if (verdict->method == METHOD_TRACE) {
        method_set_remove(&allow, METHOD_TRACE);
        settle_method(verdict, VERDICT_MAX_FORWARDS_RULE, source, &allow);
        return true;
    }
    return false;
}

/* Under report-only, max-body is what is reported, and nothing is too large. */
static void set_limits(struct verdict *verdict, const struct policy_settings *settings)
{
    const struct policy_translation *translation = &settings->translation;
    verdict->limits = settings->limits;
    verdict->reported_max_body = UINT64_MAX;
    if (settings->methods.is_report_only) {
        verdict->reported_max_body = settings->limits.max_body;
        verdict->limits.max_body = UINT64_MAX;
    }
    /* More than that cannot be buffered, whoever would like to let it pass. */
    if (translation->buffer_request == BUFFER_REQUEST_ALL) {
        verdict->limits.max_body = least(verdict->limits.max_body, translation->buffer_max);
    }
}

/* What is left to judge of a request that has a place to go to, and how it will go there. */
static void judge_content(const struct decide_request *request,
                          const struct policy_settings *settings, struct rule_source source,
                          struct verdict *verdict)
{
    const struct method_rules *rules = &settings->methods;
    verdict->translation = &settings->translation;
    verdict->strips_override = settings->translation.override_fields != OVERRIDE_FIELDS_PASS;
    set_limits(verdict, settings);
    if (request->has_override && settings->translation.override_fields == OVERRIDE_FIELDS_REFUSE &&
        refuse(verdict, rules, VERDICT_METHOD_OVERRIDE_RULE, source)) {
        return;
    }
    if (request->content_length > verdict->limits.max_body) {
        settle(verdict, VERDICT_BODY_TOO_LARGE_RULE, source);
        return;
    }
    if (request->content_length > verdict->reported_max_body) {
        verdict_report(verdict, VERDICT_BODY_TOO_LARGE_RULE, source);
    }
    settle(verdict, VERDICT_FORWARD_RULE, source);
}

/* The whole verdict about one reading of the path. */
static void judge_destination(const struct policy *policy, const struct decide_request *request,
                              struct destination destination, struct verdict *verdict)
{
    const struct policy_upstream *upstream = destination.upstream;
    verdict->upstream = upstream;
    verdict->route = destination.route;
    if (upstream == NULL) {
        settle(verdict, VERDICT_NO_ROUTE_RULE, built_in);
        return;
    }
    const struct policy_settings *settings = settings_of(destination);
    const struct method_rules *rules = &settings->methods;
    verdict->settings = settings;
    verdict->cors = method_rules_cors(rules);
    if ((upstream->versions & version_bit(request)) == 0 &&
        refuse(verdict, rules, VERDICT_VERSION_UPSTREAM_RULE,
               source_of(upstream->versions_source, upstream->source))) {
        return;
    }
    struct rule_source source = source_of_place(destination);
    if (verdict->method == METHOD_OPTIONS && judge_options(policy, request, destination, verdict)) {
        return;
    }
    if (judge_method(policy, request, destination, verdict) ||
        judge_max_forwards(request, destination, source, verdict)) {
        return;
    }
    judge_content(request, settings, source, verdict);
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

/* Where readings differ about CORS: no origin is listed. */
static const struct cors_rules grants_nobody = {.origins = NULL};

/* No spelling of a path gets more than the strictest of its readings. */
static void tighten(struct verdict *verdict, const struct verdict *other)
{
    struct policy_limits *limits = &verdict->limits;
    limits->max_body = least(limits->max_body, other->limits.max_body);
    limits->allows_upgrade = limits->allows_upgrade && other->limits.allows_upgrade;
    verdict->strips_override |= other->strips_override;
    verdict->reported_max_body = least(verdict->reported_max_body, other->reported_max_body);
    if (verdict->kind == VERDICT_FORWARD && other->is_reported) {
        verdict_report(verdict, other->reported.rule, other->reported.source);
    }
    verdict->is_granted = verdict->is_granted && other->is_granted;
    if (verdict->has_allow && other->has_allow) {
        method_set_intersect(&verdict->allow, &other->allow);
    }
    if (verdict->cors != other->cors) {
        verdict->cors = &grants_nobody; /* nor does the backend on its own */
        verdict->is_granted = false;
    }
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
        if (reading.kind > verdict->kind) {
            const struct verdict before = *verdict;
            *verdict = reading;
            if (reading.kind != VERDICT_REFUSE) {
                tighten(verdict, &before);
            }
        } else {
            tighten(verdict, &reading);
        }
    }
}

/* The verdict about the request's host and path. */
static void judge_place(const struct policy *policy, const struct decide_request *request,
                        struct verdict *verdict)
{
    /* Where no rule depends on the path, every reading of it gets the same verdict. */
    bool is_judged = policy->judges_paths && policy->gateway.path_readings != PATH_READINGS_WRITTEN;
    if (is_judged && target_is_ambiguous(request->target->path)) {
        judge_readings(policy, request, verdict);
        return;
    }
    judge_destination(policy, request,
                      find_destination(policy, request->host, request->target->path), verdict);
}

/* Whether the settings of the place may know better than a refusal that comes before the place is
 * looked for. */
static bool may_be_lenient(const struct policy *policy, enum verdict_rule rule)
{
    return policy->has_lenient_rules &&
           (rule == VERDICT_VERSION_UPSTREAM_RULE || rule == VERDICT_METHOD_NOWHERE_RULE);
}

void decide(const struct policy *policy, const struct decide_request *request,
            struct verdict *verdict)
{
    *verdict = (struct verdict){
        .method = method_extensions_find(&policy->extensions, request->method),
        .settings = &policy->gateway.settings,
        .suggestion = METHOD_UNKNOWN,
        .cors = method_rules_cors(&policy->gateway.settings.methods),
    };
    if (!judge_version(policy, request, verdict) && !judge_method_alone(policy, request, verdict)) {
        judge_place(policy, request, verdict);
        return;
    }
    if (!may_be_lenient(policy, verdict->rule) || !has_place(request)) {
        return;
    }
    struct verdict lenient = {
        .method = verdict->method,
        .settings = &policy->gateway.settings,
        .suggestion = METHOD_UNKNOWN,
        .cors = method_rules_cors(&policy->gateway.settings.methods),
    };
    judge_place(policy, request, &lenient);
    if (lenient.kind != VERDICT_REFUSE) {
        *verdict = lenient;
    }
}

void decide_too_large(struct verdict *verdict)
{
    assert(verdict->kind == VERDICT_FORWARD);
    settle(verdict, VERDICT_BODY_TOO_LARGE_RULE, verdict->source);
}
