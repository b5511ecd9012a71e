# Empty dependencies file for unit_http_fields.
# This may be replaced when dependencies are built.
