/* The paths of a policy: whether the gateway could write them. Nothing is changed. */
#ifndef VERBGATE_CLI_LIVE_PATHS_H
#define VERBGATE_CLI_LIVE_PATHS_H

#include "verbgate/config/diagnostics.h"
#include "verbgate/policy/policy.h"

/* Adds a finding for access-log, observe and buffer-directory, each if it is set. */
void live_paths_check(const struct policy *policy, struct diagnostics *diagnostics);

#endif
