# Empty dependencies file for unit_http_target.
# This may be replaced when dependencies are built.
