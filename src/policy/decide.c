#include "decide_steps.h"
#include "verbgate/policy/host_name.h"

#include <assert.h>

/* Whether there is a resource at all: OPTIONS * has none, and CONNECT's target is not looked at. */
static bool has_place(const struct decide_request *request)
{
    return request->target->form != TARGET_ASTERISK && request->target->path.length > 0;
}

/* A method or version that no upstream takes is answered as the place to which the request would have led wants it;
 * for a path that can be read in more than one way nobody looks. */
static struct destination look_ahead(const struct policy *policy,
                                     const struct decide_request *request, struct verdict *verdict)
{
    const struct policy_upstream *only = decide_only_upstream(policy);
    struct slice path = request->target->path;
    struct destination destination = {.upstream = NULL};
    if (has_place(request) && !target_is_ambiguous(path)) {
        destination = decide_find_destination(policy, request->host, path);
    }
    if (destination.upstream != NULL) {
        verdict->settings = decide_settings_of(destination);
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
        decide_settle(verdict, VERDICT_VERSION_MAJOR_RULE, decide_built_in);
        return true;
    }
    if ((policy->versions & decide_version_bit(request)) == 0) {
        const struct policy_upstream *upstream = decide_only_upstream(policy);
        (void)look_ahead(policy, request, verdict);
        decide_settle(verdict, VERDICT_VERSION_UPSTREAM_RULE,
                      upstream == NULL
                          ? decide_built_in
                          : decide_source_of(upstream->versions_source, upstream->source));
        return true;
    }
    return false;
}

/* RFC 9110 section 15.6.2: no upstream implements the method. */
static void settle_nowhere(const struct policy *policy, const struct decide_request *request,
                           struct verdict *verdict)
{
    const struct policy_upstream *only = decide_only_upstream(policy);
    struct destination destination = look_ahead(policy, request, verdict);
    const struct method_set *taken =
        destination.upstream == NULL ? &policy->implemented : decide_answer_of(destination);
    decide_settle_method(verdict, VERDICT_METHOD_NOWHERE_RULE,
                         only == NULL ? decide_built_in
                                      : decide_source_of(only->implements_source, only->source),
                         taken);
    verdict->suggestion =
        decide_suggest(policy, &policy->implemented, verdict->method, request->method);
}

/* RFC 9110 section 15.6.2: what is decided about a method whatever its resource is. */
static bool judge_method_alone(const struct policy *policy, const struct decide_request *request,
                               struct verdict *verdict)
{
    enum method method = verdict->method;
    if (method == METHOD_CONNECT) {
        decide_settle_method(verdict, VERDICT_METHOD_CONNECT_RULE, decide_built_in,
                             &policy->implemented);
        return true;
    }
    if (method == METHOD_OPTIONS && request->target->form == TARGET_ASTERISK) {
        struct method_set allow = policy->implemented;
        method_set_add(&allow, METHOD_OPTIONS); /* this answer is its implementation */
        decide_settle_method(verdict, VERDICT_OPTIONS_SERVER_RULE, decide_built_in, &allow);
        return true;
    }
    if (!decide_takes(policy, request, &policy->implemented, method) &&
        !decide_is_general(method)) {
        settle_nowhere(policy, request, verdict);
        return true;
    }
    return false;
}

static bool has_more_readings(const struct policy *policy, const struct decide_request *request)
{
    struct slice path = request->target->path;
    bool has_slash = path.length > 1 && path.data[path.length - 1] == '/';
    return policy->reads_every_path || (policy->reads_last_slash && has_slash) ||
           decide_may_have_host(policy, request->host, path) ||
           (target_traits(path) & policy->read_traits) != 0;
}

/* The URL standard reads "//x/y" as the path /y of the host x, and so do servers that make a URL of the target. True
 * when a rule is about x, or x could be read as any host, and Host says another one, or none. */
static bool has_other_host(const struct policy *policy, const struct decide_request *request)
{
    struct slice path = request->target->path;
    if (!decide_may_have_host(policy, request->host, path) ||
        (policy->gateway.left_out_readings & PATH_READING_LENIENT) != 0) {
        return false;
    }
    size_t start = decide_host_start(path);
    size_t end = start;
    while (end < path.length && !decide_is_slash(path.data[end])) {
        end++;
    }
    if (end == start) {
        return false;
    }
    if (end < path.length && path.data[end] == '\\') {
        return true; /* for RFC 3986 the host goes on: "//a\\@admin.test/x" */
    }
    struct slice host;
    char canonical[2][HOST_NAME_CANONICAL_MAX];
    enum http_fault fault =
        target_split_host(slice_make(path.data + start, end - start), true, &host);
    if (fault != FAULT_NONE || host_name_problem(host) != NULL) {
        return true;
    }
    return route_table_names_host(policy->table, host) &&
           !slice_equal_ignoring_case(host_name_canonical(host, canonical[0]),
                                      host_name_canonical(request->host, canonical[1]));
}

/* The verdict about the request's host and path. */
static void judge_place(const struct policy *policy, const struct decide_request *request,
                        struct verdict *verdict)
{
    /* Where no rule depends on the path, every reading of it gets the same verdict. */
    if (policy->judges_hosts &&
        (host_name_problem(request->host) != NULL || has_other_host(policy, request))) {
        decide_settle(verdict, VERDICT_HOST_UNSAFE_RULE, decide_built_in);
        return;
    }
    if (policy->judges_paths && has_more_readings(policy, request)) {
        decide_judge_readings(policy, request, verdict);
        return;
    }
    decide_judge_destination(policy, request,
                             decide_find_destination(policy, request->host, request->target->path),
                             verdict);
}

/* Whether the settings of the place may know better than a refusal that comes before the place is
 * looked for. */
static bool may_be_lenient(const struct policy *policy, enum verdict_rule rule)
{
    return policy->has_lenient_rules &&
           (rule == VERDICT_VERSION_UPSTREAM_RULE || rule == VERDICT_METHOD_NOWHERE_RULE);
}

/* The refusal stands only where the place does not forward or answer. */
RARE static void judge_leniently(const struct policy *policy, const struct decide_request *request,
                                 struct verdict *verdict)
{
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
    } else if (may_be_lenient(policy, verdict->rule) && has_place(request)) {
        judge_leniently(policy, request, verdict);
    }
}

void decide_too_large(struct verdict *verdict, uint64_t most)
{
    assert(verdict->kind == VERDICT_FORWARD);
    /* Less than max-body is what buffer-max says. */
    struct rule_source limit = most < verdict->limits.max_body
                                   ? verdict->translation->buffer_max_source
                                   : verdict->limits.max_body_source;
    verdict->limits.max_body = most; /* that the answer names */
    decide_settle(verdict, VERDICT_BODY_TOO_LARGE_RULE, decide_source_of(limit, verdict->source));
}
