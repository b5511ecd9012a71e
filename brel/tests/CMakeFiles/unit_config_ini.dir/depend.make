# Empty dependencies file for unit_config_ini.
# This may be replaced when dependencies are built.
