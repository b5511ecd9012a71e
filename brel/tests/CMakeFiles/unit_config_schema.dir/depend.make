# Empty dependencies file for unit_config_schema.
# This may be replaced when dependencies are built.
