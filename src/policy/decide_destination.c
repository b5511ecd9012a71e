#include "decide_steps.h"
#include "verbgate/policy/cors.h"

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
    decide_settle(verdict, rule, source);
    return true;
}

/* RFC 9110 section 15.5.6: a 405 comes with Allow, whatever rule it is sent for. */
static bool refuse_method(struct verdict *verdict, struct destination destination,
                          enum verdict_rule rule, struct rule_source source)
{
    bool is_refused = refuse(verdict, &decide_settings_of(destination)->methods, rule, source);
    verdict->has_allow = is_refused && verdict->status == 405;
    if (verdict->has_allow || verdict_rule_status(rule) == 405) {
        verdict->allow = *decide_answer_of(destination); /* for the sentence, too */
    }
    return is_refused;
}

/* A method that the upstream lacks: 501, or 405 for GET and HEAD. */
static bool refuse_unimplemented(const struct policy *policy, const struct decide_request *request,
                                 struct destination destination, struct verdict *verdict)
{
    const struct policy_upstream *upstream = destination.upstream;
    struct rule_source source = decide_source_of(upstream->implements_source, upstream->source);
    if (decide_is_general(verdict->method)) {
        return refuse_method(verdict, destination, VERDICT_METHOD_GENERAL_RULE, source);
    }
    bool is_somewhere = decide_takes(policy, request, &policy->implemented, verdict->method);
    verdict->suggestion =
        decide_suggest(policy, taken_at(destination), verdict->method, request->method);
    return refuse_method(verdict, destination,
                         is_somewhere ? VERDICT_METHOD_UPSTREAM_RULE : VERDICT_METHOD_NOWHERE_RULE,
                         source);
}

/* A method in another case goes to the server as it came, so it is taken only where the server has the
 * method itself: HEAD sent as GET, OPTIONS answered here and PATCH sent as POST do not bring "head",
 * "options" and "patch" with them. */
static bool is_taken(const struct policy *policy, const struct decide_request *request,
                     struct destination destination, enum method method)
{
    return method < METHOD_UNKNOWN
               ? method_set_has(taken_at(destination), method)
               : decide_takes(policy, request, &destination.upstream->implements, method);
}

static bool judge_method(const struct policy *policy, const struct decide_request *request,
                         struct destination destination, struct verdict *verdict)
{
    const struct policy_route *route = destination.route;
    const struct method_rules *rules = &decide_settings_of(destination)->methods;
    enum method method = verdict->method;
    bool is_taken_here = is_taken(policy, request, destination, method);
    if (decide_takes(policy, request, decide_answer_of(destination), method) &&
        (is_taken_here || method < METHOD_UNKNOWN)) {
        verdict->asks_get = method == METHOD_HEAD && rules->head == HEAD_FROM_GET;
        return false;
    }
    if (!is_taken_here) {
        return refuse_unimplemented(policy, request, destination, verdict);
    }
    struct rule_source section = source_of_place(destination);
    struct rule_source source =
        route == NULL ? section : decide_source_of(route->allow_source, section);
    if (method == METHOD_HEAD && rules->head == HEAD_REFUSE) {
        source = decide_source_of(rules->head_source, section);
    }
    return refuse_method(verdict, destination, VERDICT_METHOD_ROUTE_RULE, source);
}

/* What an OPTIONS is answered with here, if it is: a webhook's handshake, a preflight, or Allow. */
static bool judge_options(const struct policy *policy, const struct decide_request *request,
                          struct destination destination, struct verdict *verdict)
{
    static const struct options_fields none = {.origin = {NULL, 0}};
    const struct method_rules *rules = &decide_settings_of(destination)->methods;
    const struct options_fields *fields = request->options == NULL ? &none : request->options;
    struct method_set allow = *decide_answer_of(destination);
    method_set_add(&allow, METHOD_OPTIONS);
    if (fields->webhook_origin.length > 0 && method_rules_has_webhook(rules)) {
        decide_settle_method(verdict, VERDICT_WEBHOOK_HANDSHAKE_RULE, source_of_place(destination),
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
        decide_settle_method(verdict, VERDICT_OPTIONS_ANSWER_RULE, source_of_place(destination),
                             &allow);
        return true;
    }
    struct slice name = policy_method(policy, fields->request_method);
    enum method method = method_extensions_find(&policy->extensions, name);
    decide_settle_method(verdict, VERDICT_CORS_PREFLIGHT_RULE, source_of_place(destination),
                         &allow);
    verdict->is_granted = method_set_takes(&allow, &policy->extensions, method, name) &&
                          cors_grants(rules->cors, &allow, method, fields);
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
    struct method_set allow = *decide_answer_of(destination);
    if (verdict->method == METHOD_OPTIONS) {
        decide_settle_method(verdict, VERDICT_OPTIONS_HERE_RULE, source, &allow);
        return true;
    }
    if (verdict->method == METHOD_TRACE) {
        method_set_remove(&allow, METHOD_TRACE);
        decide_settle_method(verdict, VERDICT_MAX_FORWARDS_RULE, source, &allow);
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
    /* More than that cannot be buffered, even where another rule would let it pass. */
    if (translation->buffer_request == BUFFER_REQUEST_ALL) {
        policy_limits_lower(&verdict->limits, translation->buffer_max,
                            translation->buffer_max_source);
    }
}

/* Fields that a server may take for what was judged otherwise. Returns whether the request is refused. */
static bool judge_names(const struct decide_request *request,
                        const struct policy_settings *settings, struct rule_source source,
                        struct verdict *verdict)
{
    const struct method_rules *rules = &settings->methods;
    if (request->asks_other_method &&
        settings->translation.override_fields == OVERRIDE_FIELDS_REFUSE &&
        refuse(verdict, rules, VERDICT_METHOD_OVERRIDE_RULE, source)) {
        return true;
    }
    return request->has_odd_name && settings->translation.odd_names == ODD_NAMES_REFUSE &&
           refuse(verdict, rules, VERDICT_ODD_NAME_RULE, source);
}

/* What is left to judge of a request that has a place to go to, and how it will go there. */
static void judge_content(const struct decide_request *request,
                          const struct policy_settings *settings, struct rule_source source,
                          struct verdict *verdict)
{
    verdict->translation = &settings->translation;
    verdict->strips_override = settings->translation.override_fields != OVERRIDE_FIELDS_PASS;
    verdict->drops_odd_names = settings->translation.odd_names != ODD_NAMES_PASS;
    set_limits(verdict, settings);
    if (judge_names(request, settings, source, verdict)) {
        return;
    }
    if (request->content_length > verdict->limits.max_body) {
        decide_settle(verdict, VERDICT_BODY_TOO_LARGE_RULE,
                      decide_source_of(verdict->limits.max_body_source, source));
        return;
    }
    if (request->content_length > verdict->reported_max_body) {
        verdict_report(verdict, VERDICT_BODY_TOO_LARGE_RULE,
                       decide_source_of(settings->limits.max_body_source, source));
    }
    decide_settle(verdict, VERDICT_FORWARD_RULE, source);
}

void decide_judge_destination(const struct policy *policy, const struct decide_request *request,
                              struct destination destination, struct verdict *verdict)
{
    const struct policy_upstream *upstream = destination.upstream;
    verdict->upstream = upstream;
    verdict->route = destination.route;
    if (upstream == NULL) {
        decide_settle(verdict, VERDICT_NO_ROUTE_RULE, decide_built_in);
        return;
    }
    const struct policy_settings *settings = decide_settings_of(destination);
    const struct method_rules *rules = &settings->methods;
    verdict->settings = settings;
    verdict->cors = method_rules_cors(rules);
    if ((upstream->versions & decide_version_bit(request)) == 0 &&
        refuse(verdict, rules, VERDICT_VERSION_UPSTREAM_RULE,
               decide_source_of(upstream->versions_source, upstream->source))) {
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
