# Empty dependencies file for unit_base_address.
# This may be replaced when dependencies are built.
