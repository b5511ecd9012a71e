# Empty dependencies file for unit_config_samples.
# This may be replaced when dependencies are built.
