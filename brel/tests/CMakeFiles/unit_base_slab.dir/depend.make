# Empty dependencies file for unit_base_slab.
# This may be replaced when dependencies are built.
