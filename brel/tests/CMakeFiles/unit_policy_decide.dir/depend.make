# Empty dependencies file for unit_policy_decide.
# This may be replaced when dependencies are built.
