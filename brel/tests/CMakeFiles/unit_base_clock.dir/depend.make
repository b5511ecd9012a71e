# Empty dependencies file for unit_base_clock.
# This may be replaced when dependencies are built.
