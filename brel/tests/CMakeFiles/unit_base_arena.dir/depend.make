# Empty dependencies file for unit_base_arena.
# This may be replaced when dependencies are built.
