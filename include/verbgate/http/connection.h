/*
 * What a message says about its connection (RFC 9110 section 7.6.1, RFC 9112 section 9), and which
 * of its fields end here.
 */
#ifndef VERBGATE_HTTP_CONNECTION_H
#define VERBGATE_HTTP_CONNECTION_H

#include "verbgate/base/attributes.h"
#include "verbgate/http/fault.h"
#include "verbgate/http/fields.h"

/* Connection options in one message beyond which it is refused. */
enum { CONNECTION_OPTIONS_MAX = 32 };

struct connection_info {
    bool is_persistent;  /* the connection may carry another message (RFC 9112 section 9.3) */
    bool wants_upgrade;  /* "Connection: upgrade" and an Upgrade field, HTTP/1.1 */
    bool takes_trailers; /* "TE: trailers" with "Connection: TE" */
};

/*
 * Reads Connection, Upgrade, TE and the version, and marks the fields that must not be forwarded:
 * the hop-by-hop ones of the table in fields.h, those nominated in Connection, unless they are
 * protected, and odd spellings of the framing fields (guarded.h). Returns FAULT_NONE or FAULT_CONNECTION_OPTIONS (an option that is no token, or more
 * than CONNECTION_OPTIONS_MAX). "close" wins over "keep-alive"; HTTP/1.0 persists only with
 * "keep-alive".
 */
MUST_CHECK enum http_fault connection_read(struct fields *fields, unsigned version_minor,
                                           struct connection_info *info);

/* Marks those of `trailers` hop-by-hop that the Connection options in `fields` name, unless they
 * are protected. The options have passed connection_read. */
void connection_nominate_trailers(const struct fields *fields, struct fields *trailers);

#endif
