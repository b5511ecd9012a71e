#include "verbgate/policy/field_guard.h"

#include "verbgate/http/guarded.h"

#include <assert.h>

static const struct {
    const char *label;
    const char *reason;
} fates[FIELD_FATE_COUNT] = {
#define X(identifier, label, why) {label, why},
    FIELD_FATES(X)
#undef X
};

const char *field_fate_label(enum field_fate fate)
{
    assert(fate < FIELD_FATE_COUNT);
    return fates[fate].label;
}

const char *field_fate_reason(enum field_fate fate)
{
    assert(fate < FIELD_FATE_COUNT);
    return fates[fate].reason;
}

/* With send-as-post the gateway says the method itself. */
static bool is_override(const struct policy *policy, const struct verdict *verdict,
                        uint64_t read_as)
{
    bool is_sent_as_post = method_set_has(&verdict->translation->send_as_post, verdict->method);
    if ((read_as & GUARDED_METHODS) != 0) {
        return verdict->strips_override || is_sent_as_post;
    }
    /* Where no rule depends on paths, another target gets what any target gets. */
    return (read_as & GUARDED_TARGETS) != 0 && verdict->strips_override && policy->judges_paths;
}

/* Client-Cert is for trusted proxies whatever x-forwarded is (RFC 9440 section 4). */
static bool is_dropped_claim(const struct policy_gateway *gateway, bool is_trusted, uint64_t id)
{
    if ((id & GUARDED_CLAIMS) == 0) {
        return false;
    }
    if ((id & GUARDED_BIT(CLIENT_CERT)) != 0) {
        return !is_trusted;
    }
    if ((id & GUARDED_BIT(X_REAL_IP)) != 0 && gateway->observation.sets_real_ip) {
        return true;
    }
    return gateway->forwarded == FORWARDED_REPLACE ||
           (gateway->forwarded == FORWARDED_APPEND && !is_trusted);
}

enum field_fate field_guard_fate(const struct policy *policy, const struct verdict *verdict,
                                 bool is_trusted, const struct field *field)
{
    const uint64_t id = (uint64_t)1 << field->id;
    const uint64_t read_as = guarded_read_as(field);
    if (is_override(policy, verdict, read_as)) {
        return FIELD_OVERRIDE_FATE;
    }
    if (field->folds_into != FIELD_OTHER && (read_as & GUARDED_ALL) != 0 &&
        verdict->drops_odd_names) {
        return FIELD_ODD_NAME_FATE;
    }
    if (id == GUARDED_BIT(PROXY)) {
        return FIELD_PROXY_FATE;
    }
    return is_dropped_claim(&policy->gateway, is_trusted, id) ? FIELD_CLAIM_FATE
                                                              : FIELD_PASSED_FATE;
}

bool field_guard_is_needed(const struct fields *fields)
{
    const uint64_t watched =
        GUARDED_METHODS | GUARDED_TARGETS | GUARDED_CLAIMS | GUARDED_BIT(PROXY);
    return fields_has_any(fields, watched) || guarded_has_odd(fields, GUARDED_ALL);
}

void field_guard_apply(const struct policy *policy, const struct verdict *verdict, bool is_trusted,
                       struct fields *fields, unsigned dropped[FIELD_FATE_COUNT])
{
    for (unsigned i = 0; i < fields->count; i++) {
        struct field *field = &fields->items[i];
        enum field_fate fate = field_guard_fate(policy, verdict, is_trusted, field);
        if (fate != FIELD_PASSED_FATE) {
            field->is_hop_by_hop = true;
            dropped[fate]++;
        }
    }
}
