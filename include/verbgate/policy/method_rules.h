/*
 * What the levels of the configuration may say about methods beside the sets: report-only, HEAD,
 * OPTIONS, CORS, the webhook handshake, and the fields that a route's responses always have.
 */
#ifndef VERBGATE_POLICY_METHOD_RULES_H
#define VERBGATE_POLICY_METHOD_RULES_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"
#include "verbgate/http/fields.h"

/* Where a rule stands in the configuration. `line` 0: built in. */
struct rule_source {
    const char *file; /* NUL-terminated, in the arena */
    unsigned line;
};

/* The words of the options `head` and `options` in this order. */
enum head_rule { HEAD_FORWARD, HEAD_FROM_GET, HEAD_REFUSE };
enum options_rule { OPTIONS_FORWARD, OPTIONS_ANSWER, OPTIONS_CORS };

/* Limits of what a configuration may say here, so that it all fits in PROXY_EXTRA_BYTES. */
enum {
    CORS_LIST_MAX = 512,   /* bytes of a list of names as it is sent */
    CORS_ORIGIN_MAX = 320, /* bytes of an origin */
    CORS_ORIGINS_MAX = 64,
    WEBHOOK_ORIGINS_MAX = 64,
    STATIC_FIELDS_MAX = 16,
    STATIC_FIELDS_BYTES = 4096,
};

/* Who may call from another origin, and what browsers are told (the Fetch standard, "CORS protocol").
 */
struct cors_rules {
    const struct slice *origins; /* "https://example.com", "https://" + "*.example.com", "null" */
    unsigned origin_count;
    bool takes_any_origin;
    struct slice headers; /* "a, b"; of requests */
    bool takes_any_header;
    struct slice expose; /* "a, b"; of responses */
    bool exposes_all;
    uint32_t max_age_s;
    bool takes_credentials; /* never together with takes_any_origin */
};

/* CloudEvents webhooks, version 1.0, section 4: who may deliver here, and how fast. */
struct webhook_rules {
    const struct slice *origins; /* hosts */
    unsigned origin_count;
    bool takes_any_origin;
    unsigned rate; /* a minute; 0: any */
};

/* Fields that every final response has, in place of those of the same name that a server sends. */
struct static_fields {
    struct slice lines; /* each with its CRLF */
    const struct slice *names;
    unsigned count;
};

/* The parts are shared by the levels that inherit them. */
struct method_rules {
    bool is_report_only;
    enum head_rule head;
    enum options_rule options;
    const struct cors_rules *cors;       /* never NULL under OPTIONS_CORS */
    const struct webhook_rules *webhook; /* NULL, or without an origin: no handshake */
    const struct static_fields *fields;  /* NULL: none */
    struct rule_source head_source;      /* line 0 when no level sets `head` */
};

static inline bool method_rules_has_webhook(const struct method_rules *rules)
{
    return rules->webhook != NULL &&
           (rules->webhook->takes_any_origin || rules->webhook->origin_count > 0);
}

/* The CORS rules that responses follow; NULL without options = cors. */
static inline const struct cors_rules *method_rules_cors(const struct method_rules *rules)
{
    return rules->options == OPTIONS_CORS ? rules->cors : NULL;
}

/* The request fields that decide how an OPTIONS is answered; empty where there is none. */
struct options_fields {
    struct slice origin;          /* Origin */
    struct slice request_method;  /* Access-Control-Request-Method */
    struct slice request_headers; /* Access-Control-Request-Headers */
    struct slice webhook_origin;  /* WebHook-Request-Origin */
    struct slice webhook_rate;    /* WebHook-Request-Rate */
};

/* The value of a field that occurs once. A field that occurs twice means nothing: empty, like a field that
 * does not occur. */
struct slice method_rules_single_field(const struct fields *fields, struct slice name);

/* What the fields of an OPTIONS say. A preflight with a second Access-Control-Request-Headers field is
 * none: nobody can tell what it asks for. */
struct options_fields method_rules_read_options(const struct fields *fields);

/* What is wrong with a field that responses are always to have, static text; NULL when nothing is.
 * Names that frame or route a message, or that the gateway writes itself, are refused. */
MUST_CHECK const char *method_rules_field_problem(struct slice name, struct slice value);

#endif
