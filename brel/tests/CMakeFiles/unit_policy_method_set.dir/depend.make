# Empty dependencies file for unit_policy_method_set.
# This may be replaced when dependencies are built.
