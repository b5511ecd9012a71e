#include "decide_steps.h"

void decide_settle_method(struct verdict *verdict, enum verdict_rule rule,
                          struct rule_source source, const struct method_set *taken)
{
    decide_settle(verdict, rule, source);
    verdict->has_allow = verdict->kind == VERDICT_ANSWER || verdict->status == 405;
    if (verdict->has_allow || verdict_rule_status(rule) == 405) {
        verdict->allow = *taken;
    }
}

enum method decide_suggest(const struct policy *policy, const struct method_set *known,
                           enum method method, struct slice name)
{
    /* A client that names a registered method means that one. */
    enum method registered = method < METHOD_REGISTERED_COUNT ? method : method_suggest(name);
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
