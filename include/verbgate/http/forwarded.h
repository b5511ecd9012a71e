/*
 * Who the client is, as the proxies in front of us tell it in X-Forwarded-For. Each proxy appends
 * the peer that it saw, so the list is true from its right end up to the first address that is no
 * trusted proxy's: that one is the client, and what stands left of it is what the client said.
 */
#ifndef VERBGATE_HTTP_FORWARDED_H
#define VERBGATE_HTTP_FORWARDED_H

#include "verbgate/base/network.h"
#include "verbgate/http/fields.h"

/* Proxies that a request may have come through and still be traced back. */
enum { FORWARDED_HOPS_MAX = 32 };

/* What becomes of the fields in which a peer names the hops before it. APPEND: the peer is believed. REPLACE: it is
 * not. */
enum forwarded_mode {
    FORWARDED_APPEND,  /* X-Forwarded-For: what came, then the peer; -Proto and -Host are set
                          where none came; others of the family, X-Real-IP and Forwarded (RFC 7239) pass */
    FORWARDED_REPLACE, /* X-Forwarded-For is the peer alone; -Proto and -Host are set; others of the
                          family, X-Real-IP and Forwarded are left out */
    FORWARDED_OFF,     /* all of them pass as received */
};

/*
 * Reads all X-Forwarded-For lines, as one list, from the right, past trusted addresses. Returns
 * true and sets *client to the first one that is not trusted, or to the last that could be read:
 * anything but an address ("unknown", garbage) ends the walk. False: not even the first one was an
 * address, so the peer is all that is known. Call it only for a peer that is trusted.
 */
MUST_CHECK bool forwarded_client(const struct fields *fields, const struct network_list *trusted,
                                 struct network_address *client);

/* One element: an address, perhaps with a port or in brackets: "192.0.2.1:80", "[2001:db8::1]:80". */
MUST_CHECK bool forwarded_read_element(struct slice element, struct network_address *address);

#endif
