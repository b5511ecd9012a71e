# Empty dependencies file for unit_http_request_line.
# This may be replaced when dependencies are built.
