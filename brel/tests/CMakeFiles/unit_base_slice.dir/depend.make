# Empty dependencies file for unit_base_slice.
# This may be replaced when dependencies are built.
