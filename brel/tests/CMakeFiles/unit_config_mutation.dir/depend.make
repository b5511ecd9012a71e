# Empty dependencies file for unit_config_mutation.
# This may be replaced when dependencies are built.
