/*
 * IP addresses and networks (CIDR, RFC 4632 and RFC 4291 section 2.3) as numbers to compare. IPv4
 * is kept in its IPv6-mapped form, so that both families, and an IPv4 peer of an IPv6 socket, are
 * compared alike.
 */
#ifndef VERBGATE_BASE_NETWORK_H
#define VERBGATE_BASE_NETWORK_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

#include <sys/socket.h>

enum { NETWORK_ADDRESS_BYTES = 16, NETWORK_TEXT_MAX = 64 };

struct network_address {
    unsigned char bytes[NETWORK_ADDRESS_BYTES];
};

struct network {
    struct network_address address; /* the bits behind the prefix are 0 */
    unsigned prefix;                /* 0 to 128; of an IPv4 network 96 more than written */
};

/* Networks, and whether peers on Unix sockets, which have no address, belong to them. */
struct network_list {
    const struct network *items;
    unsigned count;
    bool has_unix;
};

/* Reads an IPv4 or IPv6 address and nothing else: no port, brackets, zone or white space. */
MUST_CHECK bool network_address_read(struct slice text, struct network_address *address);

/* The address of a TCP peer; false for other families. */
MUST_CHECK bool network_address_of(const struct sockaddr *peer, struct network_address *address);

/* Writes the address as text, NUL-terminated, and returns its length; `out` has at least
 * INET6_ADDRSTRLEN bytes. */
size_t network_address_text(const struct network_address *address, char *out);

/*
 * Reads "10.0.0.0/8", "2001:db8::/32", or an address, which is a network of one. Returns NULL, or a
 * sentence that says what is wrong (static text); in the one case that bits behind the prefix are
 * set, *network is the network that was meant, and otherwise it is left alone on a fault.
 */
MUST_CHECK const char *network_parse(struct slice text, struct network *network);

/* Writes the network as network_parse reads it, NUL-terminated. */
void network_text(const struct network *network, char out[NETWORK_TEXT_MAX]);

/* An IPv4 address is in no IPv6 network but one within ::ffff:0:0/96. */
bool network_has(const struct network *network, const struct network_address *address);

/* Whether all of `inner` is in `outer`. Of two networks that overlap one holds the other. */
bool network_holds(const struct network *outer, const struct network *inner);

/* Whether any network of the list has the address. */
bool network_list_has(const struct network_list *list, const struct network_address *address);

#endif
