/*
 * Methods: the IANA HTTP Method Registry with its safe and idempotent facts (RFC 9110 section 9,
 * section 16.1; QUERY: RFC 10008). Method names are case-sensitive tokens: "get" is not GET.
 *
 * Ids: registered methods come first; METHOD_EXTENSION_FIRST to METHOD_EXTENSION_LAST are given
 * out by a policy to the extension tokens that it names; every other token is METHOD_UNKNOWN.
 */
#ifndef VERBGATE_HTTP_METHOD_H
#define VERBGATE_HTTP_METHOD_H

#include "verbgate/base/slice.h"

/* X(identifier, "NAME", safe, idempotent), sorted by name. */
#define HTTP_METHODS(X)                             \
    X(ACL, "ACL", 0, 1)                             \
    X(BASELINE_CONTROL, "BASELINE-CONTROL", 0, 1)   \
    X(BIND, "BIND", 0, 1)                           \
    X(CHECKIN, "CHECKIN", 0, 1)                     \
    X(CHECKOUT, "CHECKOUT", 0, 1)                   \
    X(CONNECT, "CONNECT", 0, 0)                     \
    X(COPY, "COPY", 0, 1)                           \
    X(DELETE, "DELETE", 0, 1)                       \
    X(GET, "GET", 1, 1)                             \
    X(HEAD, "HEAD", 1, 1)                           \
    X(LABEL, "LABEL", 0, 1)                         \
    X(LINK, "LINK", 0, 1)                           \
    X(LOCK, "LOCK", 0, 0)                           \
    X(MERGE, "MERGE", 0, 1)                         \
    X(MKACTIVITY, "MKACTIVITY", 0, 1)               \
    X(MKCALENDAR, "MKCALENDAR", 0, 1)               \
    X(MKCOL, "MKCOL", 0, 1)                         \
    X(MKREDIRECTREF, "MKREDIRECTREF", 0, 1)         \
    X(MKWORKSPACE, "MKWORKSPACE", 0, 1)             \
    X(MOVE, "MOVE", 0, 1)                           \
    X(OPTIONS, "OPTIONS", 1, 1)                     \
    X(ORDERPATCH, "ORDERPATCH", 0, 1)               \
    X(PATCH, "PATCH", 0, 0)                         \
    X(POST, "POST", 0, 0)                           \
    X(PRI, "PRI", 1, 1)                             \
    X(PROPFIND, "PROPFIND", 1, 1)                   \
    X(PROPPATCH, "PROPPATCH", 0, 1)                 \
    X(PUT, "PUT", 0, 1)                             \
    X(QUERY, "QUERY", 1, 1)                         \
    X(REBIND, "REBIND", 0, 1)                       \
    X(REPORT, "REPORT", 1, 1)                       \
    X(SEARCH, "SEARCH", 1, 1)                       \
    X(TRACE, "TRACE", 1, 1)                         \
    X(UNBIND, "UNBIND", 0, 1)                       \
    X(UNCHECKOUT, "UNCHECKOUT", 0, 1)               \
    X(UNLINK, "UNLINK", 0, 1)                       \
    X(UNLOCK, "UNLOCK", 0, 1)                       \
    X(UPDATE, "UPDATE", 0, 1)                       \
    X(UPDATEREDIRECTREF, "UPDATEREDIRECTREF", 0, 1) \
    X(VERSION_CONTROL, "VERSION-CONTROL", 0, 1)

enum method {
#define X(identifier, name, safe, idempotent) METHOD_##identifier,
    HTTP_METHODS(X)
#undef X
        METHOD_REGISTERED_COUNT,
    METHOD_EXTENSION_FIRST = 64,
    METHOD_EXTENSION_LAST = 127,
    METHOD_UNKNOWN = 128,
};

_Static_assert((int)METHOD_REGISTERED_COUNT <= (int)METHOD_EXTENSION_FIRST,
               "registered methods must fit below the extension ids");

/* The id of a registered method, or METHOD_UNKNOWN. Any bytes may be given. One switch on the
 * length and the first byte, then one compare. */
enum method method_find(struct slice name);

/* The name of a registered method; the empty slice for any other id. */
struct slice method_name(enum method method);

/* RFC 9110 section 9.2.1 and 9.2.2. False for extension and unknown methods: nothing is known. */
bool method_is_safe(enum method method);
bool method_is_idempotent(enum method method);

/*
 * The registered method that a reader of `name` most likely meant: the same letters in another
 * case, or one typing error away; METHOD_UNKNOWN when there is none. For hints only.
 */
enum method method_suggest(struct slice name);

#endif
