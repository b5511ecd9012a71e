# Empty dependencies file for unit_policy_route_table.
# This may be replaced when dependencies are built.
