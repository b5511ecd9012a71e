# Empty dependencies file for unit_policy_verdict.
# This may be replaced when dependencies are built.
