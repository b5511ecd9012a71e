/* Which server of an upstream a request goes to, and to which of its addresses. */
#ifndef VERBGATE_UPSTREAM_BALANCE_H
#define VERBGATE_UPSTREAM_BALANCE_H

#include "verbgate/upstream/snapshot.h"

/*
 * The next server in turn that has not failed lately; when all have, the next in turn. *server is
 * its index. Never NULL: an upstream has at least one server.
 */
struct pool *balance_choose(struct snapshot *snapshot, const struct policy_upstream *upstream,
                            unsigned *server);

/* How many different addresses balance_choose has to offer. */
unsigned balance_count(const struct snapshot *snapshot, const struct policy_upstream *upstream);

#endif
