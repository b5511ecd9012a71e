/*
 * The decision: one pure function from a request's facts and a policy to a verdict, in the order of
 * src/README.md "Order of decisions". The gateway, `verbgate explain` and the tests all call it.
 */
#ifndef VERBGATE_POLICY_DECIDE_H
#define VERBGATE_POLICY_DECIDE_H

#include "verbgate/http/fault.h"
#include "verbgate/http/target.h"
#include "verbgate/policy/policy.h"

/* What a request says. Slices belong to the caller. */
struct decide_request {
    struct slice method;
    unsigned version_major;
    unsigned version_minor;
    const struct target *target; /* parsed; may be NULL only when version_major is not 1 */
    struct slice host;           /* without port: of the absolute form, else of the Host field */
    uint64_t content_length;     /* announced; 0 when none or chunked */
    int64_t max_forwards;        /* of OPTIONS and TRACE; -1: no such field */
};

enum verdict_kind {
    VERDICT_FORWARD, /* to verdict.upstream */
    VERDICT_ANSWER,  /* a local success: OPTIONS answered here */
    VERDICT_REFUSE,  /* a local error */
};

/* X(name, status, proxy-status error or NULL): why a verdict is what it is. */
#define VERDICT_RULES(X)                                                                     \
    X(FORWARD, 0, NULL)                                                                      \
    X(VERSION_MAJOR, 505, "http_request_error")                                              \
    X(VERSION_UPSTREAM, 505, "http_request_denied")                                          \
    X(METHOD_CONNECT, 501, "http_request_denied")                                            \
    X(METHOD_NOWHERE, 501, "http_request_denied")  /* no upstream implements it */           \
    X(METHOD_UPSTREAM, 501, "http_request_denied") /* this upstream does not */              \
    X(METHOD_GENERAL, 405, "http_request_denied")  /* GET or HEAD that the upstream lacks */ \
    X(METHOD_ROUTE, 405, "http_request_denied")                                              \
    X(MAX_FORWARDS, 405, "http_request_denied") /* TRACE that ends here */                   \
    X(NO_ROUTE, 404, "destination_not_found")                                                \
    X(PATH_UNSAFE, 400, "http_request_error")                                                \
    X(PATH_AMBIGUOUS, 400, "http_request_error") /* readings lead to different upstreams */  \
    X(BODY_TOO_LARGE, 413, "http_request_denied")                                            \
    X(OPTIONS_SERVER, 200, NULL) /* OPTIONS * */                                             \
    X(OPTIONS_HERE, 200, NULL)   /* OPTIONS with Max-Forwards: 0 */

enum verdict_rule {
#define X(name, status, error) VERDICT_##name##_RULE,
    VERDICT_RULES(X)
#undef X
        VERDICT_RULE_COUNT
};

struct verdict {
    enum verdict_kind kind;
    enum verdict_rule rule;
    unsigned status;                        /* 0 for VERDICT_FORWARD */
    enum method method;                     /* the method's id under the policy */
    const struct policy_upstream *upstream; /* NULL when none was chosen */
    const struct policy_route *route;       /* NULL when none was chosen */
    bool has_allow;                         /* 405 and local OPTIONS */
    struct method_set allow;                /* what Allow lists */
    enum method suggestion;                 /* "did you mean"; METHOD_UNKNOWN: none */
    struct rule_source source;              /* the line that decided; line 0: built in */
};

/* Decides. Always fills *verdict. `policy` is sealed. Never allocates; paths that can be read in
 * more than one way are read into a buffer on the stack, and one longer than DECIDE_PATH_MAX of
 * that kind is refused (PATH_UNSAFE). */
enum { DECIDE_PATH_MAX = 8192 };
void decide(const struct policy *policy, const struct decide_request *request,
            struct verdict *verdict);

/* "forward", "method-upstream", ...: the rule's name in lower case with hyphens, static. */
const char *verdict_rule_name(enum verdict_rule rule);

/* The Proxy-Status error type of a refusal, or NULL. */
const char *verdict_proxy_error(enum verdict_rule rule);

/*
 * Writes one sentence that says what was decided and why, safe to show to a client: the method is
 * cut and escaped, files and lines are left out. For example
 *   PATCH is not implemented by this server. Implemented: GET, HEAD, POST.
 */
void verdict_write_sentence(struct writer *writer, const struct policy *policy,
                            const struct verdict *verdict, struct slice method);

/* Writes what an operator wants: rule name, route or upstream by name, file:line. For example
 *   method-route: route "orders" (gateway.ini:14) */
void verdict_write_rule(struct writer *writer, const struct verdict *verdict);

#endif
