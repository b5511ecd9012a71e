# Empty dependencies file for unit_config_build.
# This may be replaced when dependencies are built.
