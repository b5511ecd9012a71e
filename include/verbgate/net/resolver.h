/* Names to socket addresses, by the system's resolver. It blocks: only for the control thread's
 * start and for libuv's thread pool, never on a loop that serves. */
#ifndef VERBGATE_NET_RESOLVER_H
#define VERBGATE_NET_RESOLVER_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"

/* Addresses of one name that are used at most. */
enum { RESOLVER_ADDRESSES_MAX = 8 };

/* Resolves `address` (any kind but ADDRESS_BUILTIN) to its socket addresses in the resolver's order
 * of preference, each once: *count of them, 1 to RESOLVER_ADDRESSES_MAX. Returns NULL, or the
 * resolver's message. Thread-safe. */
MUST_CHECK const char *resolver_resolve(const struct address *address,
                                        struct socket_address out[RESOLVER_ADDRESSES_MAX],
                                        unsigned *count);

#endif
