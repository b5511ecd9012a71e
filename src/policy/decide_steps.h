/* What the files of the decision share, from the bottom up: decide_settle.c (how a verdict is filled in),
 * decide_destination.c (the verdict about one place), decide_readings.c (a path that can be read in more than one
 * way), decide.c (the order of the decisions). */
#ifndef VERBGATE_POLICY_DECIDE_STEPS_H
#define VERBGATE_POLICY_DECIDE_STEPS_H

#include "verbgate/policy/decide.h"
#include "verbgate/policy/route_table.h"

/* Where a reading of the path leads. Both NULL: nowhere. */
struct destination {
    const struct policy_upstream *upstream;
    const struct policy_route *route;
};

static inline void decide_settle(struct verdict *verdict, enum verdict_rule rule,
                                 struct rule_source source)
{
    verdict->kind = verdict_rule_kind(rule);
    verdict->rule = rule;
    verdict->status = verdict->kind == VERDICT_REFUSE
                          ? verdict_status_under(&verdict->settings->answers, rule, verdict->method)
                          : verdict_rule_status(rule);
    verdict->source = source;
    /* A request that report-only let through so far is refused or answered here after all. */
    verdict->is_reported = verdict->is_reported && verdict->kind == VERDICT_FORWARD;
}

static inline uint64_t decide_least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The line of a key, or of its section when the key was left at its default. */
static inline struct rule_source decide_source_of(struct rule_source key,
                                                  struct rule_source section)
{
    return key.line > 0 ? key : section;
}

static const struct rule_source decide_built_in = {NULL, 0};

/* A rule that no single upstream decides has no line, unless there is but one upstream. */
static inline const struct policy_upstream *decide_only_upstream(const struct policy *policy)
{
    return policy->upstream_count == 1 ? &policy->upstreams[0] : NULL;
}

/* RFC 9110 section 2.5: a minor version that we do not know is processed as the highest we do. */
static inline unsigned decide_version_bit(const struct decide_request *request)
{
    return request->version_minor == 0 ? POLICY_VERSION_1_0 : POLICY_VERSION_1_1;
}

/* RFC 9110 section 9.1: a general-purpose server must support GET and HEAD, so that these are never
 * "not implemented". */
static inline bool decide_is_general(enum method method)
{
    return method == METHOD_GET || method == METHOD_HEAD;
}

/* Whether a set has the method of the request (method_set_takes). */
static inline bool decide_takes(const struct policy *policy, const struct decide_request *request,
                                const struct method_set *set, enum method method)
{
    return method < METHOD_UNKNOWN
               ? method_set_has(set, method)
               : method_set_takes(set, &policy->extensions, method, request->method);
}

/* What is a slash to servers that read as the URL standard does. */
static inline bool decide_is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* Whether a server may take the path for a URL without a scheme: "//host/path". */
static inline bool decide_is_like_url(struct slice path)
{
    return path.length > 1 && decide_is_slash(path.data[1]);
}

/* Whether a server that makes a URL of the target may find a host in the path. One that writes "http://" + Host + path
 * does in any path when Host is empty, as it goes onward for a request without one where a rule depends on hosts. */
static inline bool decide_may_have_host(const struct policy *policy, struct slice host,
                                        struct slice path)
{
    return decide_is_like_url(path) || (policy->judges_hosts && host.length == 0);
}

/* Where the host of such a path begins: behind all slashes in front. */
static inline size_t decide_host_start(struct slice path)
{
    size_t start = 0;
    while (start < path.length && decide_is_slash(path.data[start])) {
        start++;
    }
    return start;
}

static inline struct destination decide_find_destination(const struct policy *policy,
                                                         struct slice host, struct slice path)
{
    if (policy->route_count == 0) {
        return (struct destination){.upstream = decide_only_upstream(policy)};
    }
    const struct policy_route *route = route_table_find(policy->table, host, path);
    return (struct destination){.upstream = route == NULL ? NULL : route->upstream, .route = route};
}

static inline const struct policy_settings *decide_settings_of(struct destination destination)
{
    return destination.route == NULL ? &destination.upstream->settings
                                     : destination.route->in_force;
}

static inline const struct method_set *decide_answer_of(struct destination destination)
{
    return destination.route == NULL ? &destination.upstream->answer : &destination.route->answer;
}

/* ---- decide_settle.c */

/* decide_settle about a method. RFC 9110 section 15.5.6: a 405 comes with Allow, whatever rule it is sent
 * for; the other refusals do without. `taken` is what the resource, or the server, takes. */
void decide_settle_method(struct verdict *verdict, enum verdict_rule rule,
                          struct rule_source source, const struct method_set *taken);

/* What a reader of `name`, which stands for `method`, most likely meant, among the methods of `known`. */
enum method decide_suggest(const struct policy *policy, const struct method_set *known,
                           enum method method, struct slice name);

/* ---- decide_destination.c */

/* The whole verdict about one reading of the path. */
void decide_judge_destination(const struct policy *policy, const struct decide_request *request,
                              struct destination destination, struct verdict *verdict);

/* ---- decide_readings.c */

/* The strictest reading wins, so that no spelling of a path walks round the rules for it. */
void decide_judge_readings(const struct policy *policy, const struct decide_request *request,
                           struct verdict *verdict);

#endif
