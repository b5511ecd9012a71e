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
#define VERDICT_RULES(X)                                                              \
    X(FORWARD, FORWARD, 0, NULL, "forward")                                           \
    X(VERSION_MAJOR, REFUSE, 505, "http_request_error", "version-major")              \
    X(VERSION_UPSTREAM, REFUSE, 505, "http_request_denied", "version-upstream")       \
    X(METHOD_CONNECT, REFUSE, 501, "http_request_denied", "method-connect")           \
    X(METHOD_NOWHERE, REFUSE, 501, "http_request_denied", "method-nowhere")           \
    X(METHOD_UPSTREAM, REFUSE, 501, "http_request_denied", "method-upstream")         \
    /* GET or HEAD that the upstream lacks: never 501 (RFC 9110 section 9.1) */       \
    X(METHOD_GENERAL, REFUSE, 405, "http_request_denied", "method-general")           \
    X(METHOD_ROUTE, REFUSE, 405, "http_request_denied", "method-route")               \
    /* TRACE that ends here (RFC 9110 section 7.6.2) */                               \
    X(MAX_FORWARDS, REFUSE, 405, "http_request_denied", "max-forwards")               \
    X(NO_ROUTE, REFUSE, 404, "destination_not_found", "no-route")                     \
    /* servers could read the host as another one (policy/host_name.h) */             \
    X(HOST_UNSAFE, REFUSE, 400, "http_request_error", "host-unsafe")                  \
    X(PATH_UNSAFE, REFUSE, 400, "http_request_error", "path-unsafe")                  \
    /* readings of the path lead to different upstreams */                            \
    X(PATH_AMBIGUOUS, REFUSE, 400, "http_request_error", "path-ambiguous")            \
    /* a field asks for another method, as X-HTTP-Method-Override does */             \
    X(METHOD_OVERRIDE, REFUSE, 400, "http_request_denied", "method-override")         \
    /* a field's name that servers may take for a guarded one (odd-names = refuse) */ \
    X(ODD_NAME, REFUSE, 400, "http_request_denied", "odd-name")                       \
    X(BODY_TOO_LARGE, REFUSE, 413, "http_request_denied", "body-too-large")           \
    /* OPTIONS *, and OPTIONS with Max-Forwards: 0 */                                 \
    X(OPTIONS_SERVER, ANSWER, 200, NULL, "options-server")                            \
    X(OPTIONS_HERE, ANSWER, 200, NULL, "options-here")                                \
    /* options = answer or cors, and webhook-origins */                               \
    X(OPTIONS_ANSWER, ANSWER, 200, NULL, "options-answer")                            \
    X(CORS_PREFLIGHT, ANSWER, 204, NULL, "cors-preflight")                            \
    X(WEBHOOK_HANDSHAKE, ANSWER, 200, NULL, "webhook-handshake")

enum verdict_rule {
#define X(identifier, kind, status, error, name) VERDICT_##identifier##_RULE,
    VERDICT_RULES(X)
#undef X
        VERDICT_RULE_COUNT
};

/* How a path is read (http/target.h). */
enum path_form {
    PATH_WRITTEN,
    PATH_NORMAL,
    PATH_LENIENT,
    PATH_CUT,       /* leniently, and up to an encoded '?' or '#' */
    PATH_AUTHORITY, /* leniently, and its first segment as a host: "//host/path" */
};

struct path_spelling {
    enum path_form form;
    unsigned folding; /* FOLDS_* bits: what was not seen */
};

struct verdict {
    enum verdict_kind kind;
    enum verdict_rule rule;
    unsigned status;    /* the one that is sent; ANSWERS_CLOSE: none is; 0 for VERDICT_FORWARD */
    enum method method; /* the method's id under the policy */
    const struct policy_upstream *upstream; /* NULL when none was chosen */
    const struct policy_route *route;       /* NULL when none was chosen */
    /* Which govern the request: those of the route, the upstream or the gateway. */
    const struct policy_settings *settings;
    struct path_spelling spelling; /* of the path: the reading that decided */
    bool has_allow;                /* 405 and local OPTIONS */
    struct method_set allow;       /* what Allow lists, or would without an override */
    enum method suggestion;        /* "did you mean"; METHOD_UNKNOWN: none */
    struct policy_limits limits;   /* VERDICT_FORWARD: the strictest of all readings of the path */
    const struct policy_translation *translation; /* VERDICT_FORWARD: of the path as written */
    /* VERDICT_FORWARD: what asks for another method or target, and what is named almost like a guarded
     * field, goes no further. */
    bool strips_override;
    bool drops_odd_names;
    struct rule_source source; /* the line that decided; line 0: built in */
    bool is_granted;           /* what a preflight or a webhook handshake asks for */
    bool asks_get;             /* VERDICT_FORWARD: this HEAD is forwarded as a GET */
    bool is_reported;          /* VERDICT_FORWARD: report-only let it through, see `reported` */
    struct {
        enum verdict_rule rule;
        unsigned status; /* that it would have got */
        struct rule_source source;
    } reported;
    uint64_t reported_max_body;    /* more content than this is reported, and forwarded */
    const struct cors_rules *cors; /* for the response; NULL: the backend's fields are left alone */
};

/* The most bytes of content that the request may have; only of VERDICT_FORWARD. `is_kept`: it is buffered, so that
 * buffer-max bounds it, too. UINT64_MAX: no limit. */
static inline uint64_t verdict_max_body(const struct verdict *verdict, bool is_kept)
{
    uint64_t most = verdict->limits.max_body;
    uint64_t buffer = is_kept ? verdict->translation->buffer_max : UINT64_MAX;
    return buffer < most ? buffer : most;
}

/* Notes what `report-only` lets through. The first rule that would have refused stays. */
void verdict_report(struct verdict *verdict, enum verdict_rule rule, struct rule_source source);

/* The columns of the table. The name is in lower case with hyphens; the error may be NULL. */
enum verdict_kind verdict_rule_kind(enum verdict_rule rule);
unsigned verdict_rule_status(enum verdict_rule rule);
const char *verdict_rule_name(enum verdict_rule rule);
const char *verdict_rule_error(enum verdict_rule rule);

/* The status that a rule's refusal of `method` is sent with under these settings. GET and HEAD are
 * never "not implemented" (RFC 9110 section 9.1), whatever the settings say. */
unsigned verdict_status_under(const struct policy_answers *answers, enum verdict_rule rule,
                              enum method method);

/* Whether the status of a refusal is another than its rule's: the answer then says nothing that the
 * status hides. */
bool verdict_is_overridden(const struct verdict *verdict);

/* The Proxy-Status error that goes with the status that is sent; or NULL. */
const char *verdict_proxy_error(const struct verdict *verdict);

/* What governs the looks of the answer. A 404 in place of another status looks like one for a path that
 * no route takes, which the gateway's settings govern. */
const struct policy_settings *verdict_settings(const struct policy *policy,
                                               const struct verdict *verdict);

/* Whether caches may keep the refusal when the settings say so: 404, 405 and 501 for what the method
 * and the target alone decided, not the version or the content. */
bool verdict_is_cacheable(const struct verdict *verdict);

/* Bytes that verdict_write_sentence needs at most. */
enum { VERDICT_SENTENCE_MAX = METHOD_SET_TEXT_MAX + 544 };

/*
 * Writes what was decided and why, in one to three sentences that are safe to show to anybody: the
 * method is cut and escaped, files and lines are left out. For example
 *   PATCH is not implemented by this server. Implemented: GET, HEAD, POST.
 * and under report-only
 *   would be refused with 501: PATCH is not implemented by this server. ...
 */
void verdict_write_sentence(struct writer *writer, const struct policy *policy,
                            const struct verdict *verdict, const struct decide_request *request);

/* The same for the client, who is not told what an overridden status hides. */
void verdict_write_told(struct writer *writer, const struct policy *policy,
                        const struct verdict *verdict, const struct decide_request *request);

/* Writes what an operator wants: rule name, route or upstream by name, file:line. For example
 *   method-route: route "orders" (gateway.ini:14) */
void verdict_write_rule(struct writer *writer, const struct verdict *verdict);

/* The same for the rule that report-only kept from refusing; only if `is_reported`. */
void verdict_write_reported(struct writer *writer, const struct verdict *verdict);

/* Whether the path was read in another way than as written, and which: "lenient, without case". */
bool verdict_has_reading(const struct verdict *verdict);
void verdict_write_reading(struct writer *writer, const struct verdict *verdict);

/* For a refusal that holds only without case, or without a slash: the sentence that says so. */
void verdict_write_folding(struct writer *writer, const struct verdict *verdict);

/* Writes the line that decided as JSON, for machines: {"file":"gateway.ini","line":14}, or null for what
 * is built in. */
void verdict_write_source_json(struct writer *writer, const struct rule_source *source);

#endif
