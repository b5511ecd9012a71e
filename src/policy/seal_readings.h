/* The part of policy_seal that is about the readings of paths. */
#ifndef VERBGATE_POLICY_SEAL_READINGS_H
#define VERBGATE_POLICY_SEAL_READINGS_H

#include "verbgate/policy/policy.h"

/* Makes policy->tables beside policy->table, and what tells the paths that need them. False: out of
 * memory. */
MUST_CHECK bool seal_readings(struct policy *policy, const struct route_pattern *patterns,
                              unsigned count);

#endif
