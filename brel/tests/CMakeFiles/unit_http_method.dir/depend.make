# Empty dependencies file for unit_http_method.
# This may be replaced when dependencies are built.
