# Empty dependencies file for unit_policy_policy.
# This may be replaced when dependencies are built.
