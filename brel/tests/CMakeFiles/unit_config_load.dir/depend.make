# Empty dependencies file for unit_config_load.
# This may be replaced when dependencies are built.
