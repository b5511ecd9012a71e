/* What `check --live` has found, as a line among the diagnostics of the policy. */
#ifndef VERBGATE_CLI_LIVE_FINDING_H
#define VERBGATE_CLI_LIVE_FINDING_H

#include "verbgate/config/diagnostics.h"
#include "verbgate/policy/policy.h"

/* Adds a finding at `source`; `hint` may be NULL. */
void live_finding_add(struct diagnostics *diagnostics, struct rule_source source,
                      enum diagnostic_severity severity, const char *hint, const char *message);

#endif
