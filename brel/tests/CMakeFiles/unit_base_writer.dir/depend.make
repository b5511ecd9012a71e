# Empty dependencies file for unit_base_writer.
# This may be replaced when dependencies are built.
