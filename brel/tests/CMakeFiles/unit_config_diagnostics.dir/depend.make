# Empty dependencies file for unit_config_diagnostics.
# This may be replaced when dependencies are built.
