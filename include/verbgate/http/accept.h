/*
 * Which type an error body gets: proactive negotiation by the Accept field (RFC 9110 section
 * 12.5.1). An error is always sent: when the client takes none of the types, it gets text.
 */
#ifndef VERBGATE_HTTP_ACCEPT_H
#define VERBGATE_HTTP_ACCEPT_H

#include "verbgate/http/fields.h"

/* In the order in which they are preferred when a client likes them equally. */
enum media_type {
    MEDIA_TEXT,    /* text/plain */
    MEDIA_HTML,    /* text/html */
    MEDIA_PROBLEM, /* application/problem+json (RFC 9457); asked for as application/json, too */
    MEDIA_TYPE_COUNT
};

enum { ACCEPT_RANGES_MAX = 64 }; /* media ranges of one request that are looked at */

/* The type that the Accept fields of a request like best; MEDIA_TEXT when there are none. */
enum media_type accept_choose(const struct fields *fields);

/* The Content-Type value of a type. */
struct slice media_type_value(enum media_type media);

#endif
