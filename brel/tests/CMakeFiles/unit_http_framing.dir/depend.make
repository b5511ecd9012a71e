# Empty dependencies file for unit_http_framing.
# This may be replaced when dependencies are built.
