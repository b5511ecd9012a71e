/*
 * The verdict: what was decided about a request, by which rule, and for which line of the
 * configuration. The log line, the Proxy-Status field, the answer's body and `verbgate explain` all
 * print the same verdict with the writers here.
 */
#ifndef VERBGATE_POLICY_VERDICT_H
#define VERBGATE_POLICY_VERDICT_H

#include "verbgate/base/writer.h"
#include "verbgate/policy/policy.h"

struct decide_request;

enum verdict_kind {
    VERDICT_FORWARD, /* to verdict.upstream */
    VERDICT_ANSWER,  /* a local success: OPTIONS answered here */
    VERDICT_REFUSE,  /* a local error */
};

/* X(identifier, kind, status, Proxy-Status error or NULL, "name"): why a verdict is what it is. */
#define VERDICT_RULES(X)                                                        \
    X(FORWARD, FORWARD, 0, NULL, "forward")                                     \
    X(VERSION_MAJOR, REFUSE, 505, "http_request_error", "version-major")        \
    X(VERSION_UPSTREAM, REFUSE, 505, "http_request_denied", "version-upstream") \
    X(METHOD_CONNECT, REFUSE, 501, "http_request_denied", "method-connect")     \
    X(METHOD_NOWHERE, REFUSE, 501, "http_request_denied", "method-nowhere")     \
    X(METHOD_UPSTREAM, REFUSE, 501, "http_request_denied", "method-upstream")   \
    /* GET or HEAD that the upstream lacks: never 501 (RFC 9110 section 9.1) */ \
    X(METHOD_GENERAL, REFUSE, 405, "http_request_denied", "method-general")     \
    X(METHOD_ROUTE, REFUSE, 405, "http_request_denied", "method-route")         \
    /* TRACE that ends here (RFC 9110 section 7.6.2) */                         \
    X(MAX_FORWARDS, REFUSE, 405, "http_request_denied", "max-forwards")         \
    X(NO_ROUTE, REFUSE, 404, "destination_not_found", "no-route")               \
    X(PATH_UNSAFE, REFUSE, 400, "http_request_error", "path-unsafe")            \
    /* readings of the path lead to different upstreams */                      \
    X(PATH_AMBIGUOUS, REFUSE, 400, "http_request_error", "path-ambiguous")      \
    /* a field asks for another method, as X-HTTP-Method-Override does */       \
    X(METHOD_OVERRIDE, REFUSE, 400, "http_request_denied", "method-override")   \
    X(BODY_TOO_LARGE, REFUSE, 413, "http_request_denied", "body-too-large")     \
    /* OPTIONS *, and OPTIONS with Max-Forwards: 0 */                           \
    X(OPTIONS_SERVER, ANSWER, 200, NULL, "options-server")                      \
    X(OPTIONS_HERE, ANSWER, 200, NULL, "options-here")

enum verdict_rule {
#define X(identifier, kind, status, error, name) VERDICT_##identifier##_RULE,
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
    struct policy_limits limits; /* VERDICT_FORWARD: the strictest of all readings of the path */
    const struct policy_translation *translation; /* VERDICT_FORWARD: of the path as written */
    bool strips_override;      /* VERDICT_FORWARD: FIELDS_OVERRIDE are not for the backend */
    struct rule_source source; /* the line that decided; line 0: built in */
};

/* The columns of the table. The name is in lower case with hyphens; the error may be NULL. */
enum verdict_kind verdict_rule_kind(enum verdict_rule rule);
unsigned verdict_rule_status(enum verdict_rule rule);
const char *verdict_rule_name(enum verdict_rule rule);
const char *verdict_proxy_error(enum verdict_rule rule);

/* Bytes that verdict_write_sentence needs at most. */
enum { VERDICT_SENTENCE_MAX = METHOD_SET_TEXT_MAX + 512 };

/*
 * Writes what was decided and why, in one to three sentences that are safe to show to a client: the
 * method is cut and escaped, files and lines are left out. For example
 *   PATCH is not implemented by this server. Implemented: GET, HEAD, POST.
 */
void verdict_write_sentence(struct writer *writer, const struct policy *policy,
                            const struct verdict *verdict, const struct decide_request *request);

/* Writes what an operator wants: rule name, route or upstream by name, file:line. For example
 *   method-route: route "orders" (gateway.ini:14) */
void verdict_write_rule(struct writer *writer, const struct verdict *verdict);

#endif
