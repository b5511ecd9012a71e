/*
 * What becomes of the guarded fields (http/guarded.h) of a request that is forwarded: the gateway and `verbgate
 * explain` ask the same function. Fields that no rule here drops are forwarded as serialise_request_head has it.
 */
#ifndef VERBGATE_POLICY_FIELD_GUARD_H
#define VERBGATE_POLICY_FIELD_GUARD_H

#include "verbgate/http/fields.h"
#include "verbgate/policy/policy.h"
#include "verbgate/policy/verdict.h"

/* X(identifier, "label", "why"): the label is that of the metric, the reason is what `explain` says. */
#define FIELD_FATES(X)                                                                             \
    X(PASSED, "", "")                                                                              \
    X(ODD_NAME, "odd-name", "servers may read the name as a guarded one (odd-names)")              \
    X(OVERRIDE, "override", "it asks for another method or target (override-fields)")              \
    X(PROXY, "proxy", "CGI programs would send their own requests to the proxy that it names")     \
    X(CLAIM, "claim", "only a trusted proxy may say so (trusted-proxies, x-forwarded, x-real-ip)") \
    X(TRAILER, "trailer", "it came behind the content (trailers)")

enum field_fate {
#define X(identifier, label, why) FIELD_##identifier##_FATE,
    FIELD_FATES(X)
#undef X
        FIELD_FATE_COUNT
};

/* Static texts; the reason has no full stop. */
const char *field_fate_label(enum field_fate fate);
const char *field_fate_reason(enum field_fate fate);

/* What becomes of one field of the head. `verdict` is a VERDICT_FORWARD; `is_trusted`: the peer is one of
 * trusted-proxies. Never FIELD_TRAILER_FATE. */
enum field_fate field_guard_fate(const struct policy *policy, const struct verdict *verdict,
                                 bool is_trusted, const struct field *field);

/* Whether any field of the head may have another fate than to pass. */
bool field_guard_is_needed(const struct fields *fields);

/* Keeps dropped fields out of the request that is sent, and counts each by its fate. */
void field_guard_apply(const struct policy *policy, const struct verdict *verdict, bool is_trusted,
                       struct fields *fields, unsigned dropped[FIELD_FATE_COUNT]);

#endif
