# Empty dependencies file for unit_http_serialise.
# This may be replaced when dependencies are built.
