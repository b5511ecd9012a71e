/* Gives every server of a policy its socket address, before the policy is published. */
#ifndef VERBGATE_SERVER_RESOLVE_H
#define VERBGATE_SERVER_RESOLVE_H

#include "verbgate/policy/policy.h"

enum { RESOLVE_PROBLEM_MAX = 512 };

/* Resolves the servers of all upstreams; blocks on the system's resolver. `legacy` is where the
 * built-in backend listens, or NULL when no server is it. Returns false and writes one line that
 * names file, line and server. */
MUST_CHECK bool resolve_policy(struct policy *policy, const struct socket_address *legacy,
                               char problem[RESOLVE_PROBLEM_MAX]);

/* Whether any server of the policy is the built-in backend. */
bool resolve_needs_legacy(const struct policy *policy);

#endif
