# Empty dependencies file for unit_base_list.
# This may be replaced when dependencies are built.
