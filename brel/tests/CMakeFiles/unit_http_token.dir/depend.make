# Empty dependencies file for unit_http_token.
# This may be replaced when dependencies are built.
