# Empty dependencies file for unit_http_status_line.
# This may be replaced when dependencies are built.
