/*
 * The names that the gateway guards: it frames or routes a message by them, judges it by them, sets them
 * itself, or lets only some peers say them. Each is guarded in every spelling that a server may read as it:
 * CGI, WSGI, PHP and others turn letters into capitals and each byte that is neither letter nor digit into
 * '_', so that for them X_Forwarded.For is X-Forwarded-For. Fields in such a spelling are odd: struct field
 * says which name they fold into. All sets here are bits of enum field_id, for fields and trailers alike.
 */
#ifndef VERBGATE_HTTP_GUARDED_H
#define VERBGATE_HTTP_GUARDED_H

#include "verbgate/http/fields.h"

#define GUARDED_BIT(identifier) ((uint64_t)1 << FIELD_##identifier)

/* How long the content is. An odd spelling of these is a fault of a request, whatever the policy says. */
#define GUARDED_FRAMING (GUARDED_BIT(CONTENT_LENGTH) | GUARDED_BIT(TRANSFER_ENCODING))

/* Another method than that of the request line. */
#define GUARDED_METHODS                                                 \
    (GUARDED_BIT(X_HTTP_METHOD) | GUARDED_BIT(X_HTTP_METHOD_OVERRIDE) | \
     GUARDED_BIT(X_METHOD_OVERRIDE))

/* Another target than that of the request line: Symfony, IIS and others route by the URLs, gunicorn and WSGI
 * applications by the names of CGI. */
#define GUARDED_TARGETS                                                                \
    (GUARDED_BIT(PATH_INFO) | GUARDED_BIT(SCRIPT_NAME) | GUARDED_BIT(X_ORIGINAL_URL) | \
     GUARDED_BIT(X_REWRITE_URL) | GUARDED_BIT(X_SCRIPT_NAME))

/* Who the client is and what it has asked a proxy for, and how: servers believe other names than X-Forwarded-Proto, too,
 * about TLS. Only trusted proxies may say so. */
#define GUARDED_CLAIMS                                                                         \
    (GUARDED_BIT(CLIENT_CERT) | GUARDED_BIT(FORWARDED) | GUARDED_BIT(FRONT_END_HTTPS) |        \
     GUARDED_BIT(X_FORWARDED) | GUARDED_BIT(X_FORWARDED_FOR) | GUARDED_BIT(X_FORWARDED_HOST) | \
     GUARDED_BIT(X_FORWARDED_PROTO) | GUARDED_BIT(X_PROXIED_HTTPS) | GUARDED_BIT(X_REAL_IP) |  \
     GUARDED_BIT(X_SCHEME) | GUARDED_BIT(X_URL_SCHEME))

/* One hop's business (RFC 9110 section 7.6.1), and where the message goes. */
#define GUARDED_ROUTING                                                                  \
    (GUARDED_BIT(CONNECTION) | GUARDED_BIT(EXPECT) | GUARDED_BIT(HOST) |                 \
     GUARDED_BIT(HTTP2_SETTINGS) | GUARDED_BIT(KEEP_ALIVE) | GUARDED_BIT(MAX_FORWARDS) | \
     GUARDED_BIT(PROXY_CONNECTION) | GUARDED_BIT(TE) | GUARDED_BIT(TRAILER) |            \
     GUARDED_BIT(UPGRADE) | GUARDED_BIT(VIA))

/* What the gateway makes, and what it answers OPTIONS by. */
#define GUARDED_OWN                                                                             \
    (GUARDED_BIT(ACCESS_CONTROL_REQUEST) | GUARDED_BIT(TRACEPARENT) | GUARDED_BIT(TRACESTATE) | \
     GUARDED_BIT(WEBHOOK_REQUEST) | GUARDED_BIT(X_REQUEST_ID))

/* Proxy is HTTP_PROXY for a CGI program, and many HTTP clients connect by that: "httpoxy". */
#define GUARDED_ALL                                                                           \
    (GUARDED_FRAMING | GUARDED_METHODS | GUARDED_TARGETS | GUARDED_CLAIMS | GUARDED_ROUTING | \
     GUARDED_OWN | GUARDED_BIT(PROXY))

/* Whether there is a field in an odd spelling of one of `ids`. */
static inline bool guarded_has_odd(const struct fields *fields, uint64_t ids)
{
    return (fields->odd & ids) != 0;
}

/* Whether there is a field with one of `ids`, in any spelling. */
static inline bool guarded_has_any(const struct fields *fields, uint64_t ids)
{
    return ((fields->present | fields->odd) & ids) != 0;
}

/* The id that a server may read the field as, as a bit: its own, or the one that its name folds into. */
static inline uint64_t guarded_read_as(const struct field *field)
{
    return (uint64_t)1 << (field->folds_into == FIELD_OTHER ? field->id : field->folds_into);
}

#endif
