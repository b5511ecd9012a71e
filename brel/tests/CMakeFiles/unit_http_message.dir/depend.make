# Empty dependencies file for unit_http_message.
# This may be replaced when dependencies are built.
