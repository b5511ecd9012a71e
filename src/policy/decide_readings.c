#include "decide_steps.h"

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
    limits->max_body = decide_least(limits->max_body, other->limits.max_body);
    limits->allows_upgrade = limits->allows_upgrade && other->limits.allows_upgrade;
    verdict->strips_override |= other->strips_override;
    verdict->drops_odd_names |= other->drops_odd_names;
    verdict->reported_max_body = decide_least(verdict->reported_max_body, other->reported_max_body);
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

void decide_judge_readings(const struct policy *policy, const struct decide_request *request,
                           struct verdict *verdict)
{
    char buffer[2 * DECIDE_PATH_MAX];
    struct target_readings readings;
    struct slice path = request->target->path;
    if (path.length > DECIDE_PATH_MAX || target_read(path, buffer, &readings) != FAULT_NONE) {
        decide_settle(verdict, VERDICT_PATH_UNSAFE_RULE, decide_built_in);
        return;
    }
    struct destination destinations[READINGS] = {
        decide_find_destination(policy, request->host, path),
        decide_find_destination(policy, request->host, readings.normal),
        decide_find_destination(policy, request->host, readings.lenient),
        decide_find_destination(policy, request->host, without_authority(path, readings.lenient)),
    };
    /* Where the operator knows that no backend reads leniently, the first two are enough. */
    int count = policy->gateway.path_readings == PATH_READINGS_ALL ? READINGS : 2;
    if (lead_apart(destinations, count)) {
        decide_settle(verdict, VERDICT_PATH_AMBIGUOUS_RULE, decide_built_in);
        return;
    }
    const struct verdict blank = *verdict;
    decide_judge_destination(policy, request, destinations[0], verdict);
    for (int i = 1; i < count && verdict->kind != VERDICT_REFUSE; i++) {
        struct verdict reading = blank;
        decide_judge_destination(policy, request, destinations[i], &reading);
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
