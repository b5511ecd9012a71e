/*
 * The protocols that clients may upgrade to (RFC 9110 section 7.8). No rule sees the bytes that pass through a
 * tunnel, so only protocols that the operator names are offered to a backend.
 */
#ifndef VERBGATE_POLICY_UPGRADES_H
#define VERBGATE_POLICY_UPGRADES_H

#include "verbgate/base/arena.h"
#include "verbgate/base/attributes.h"

/* A set of them is a word of bits, by their place in the policy's table. */
enum { UPGRADES_MAX = 32, UPGRADE_NAME_MAX = 64 };

struct upgrade_protocols {
    struct slice names[UPGRADES_MAX]; /* in the policy's arena */
    unsigned count;
};

/* NULL, or why a name is none of a protocol that may be allowed, static text. HTTP and TLS in any version
 * would carry requests past the policy. */
MUST_CHECK const char *upgrades_problem(struct slice name);

/* Finds or adds a protocol (copied into `arena`); *bit is its bit. False: the table or the arena is full. */
MUST_CHECK bool upgrades_add(struct upgrade_protocols *protocols, struct arena *arena,
                             struct slice name, uint32_t *bit);

/*
 * What of an Upgrade value may be offered to a backend: the elements from the first allowed one up to the next that
 * is not, or the empty slice. Clients list what they prefer first. "websocket/13" is about "websocket".
 */
struct slice upgrades_offer(const struct upgrade_protocols *protocols, uint32_t allowed,
                            struct slice value);

#endif
