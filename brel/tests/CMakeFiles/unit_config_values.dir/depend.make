# Empty dependencies file for unit_config_values.
# This may be replaced when dependencies are built.
