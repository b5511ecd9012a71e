/* Names to socket addresses, by the system's resolver. It blocks: only for the control thread's
 * start and for libuv's thread pool, never on a loop that serves. */
#ifndef VERBGATE_NET_RESOLVER_H
#define VERBGATE_NET_RESOLVER_H

#include "verbgate/base/address.h"
#include "verbgate/base/attributes.h"

/* Resolves `address` (any kind but ADDRESS_BUILTIN) to its first socket address. Returns NULL, or
 * the resolver's message. Thread-safe. */
MUST_CHECK const char *resolver_resolve(const struct address *address, struct socket_address *out);

#endif
