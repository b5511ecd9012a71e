# Empty dependencies file for unit_http_connection.
# This may be replaced when dependencies are built.
