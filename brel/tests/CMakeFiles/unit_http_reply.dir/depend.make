# Empty dependencies file for unit_http_reply.
# This may be replaced when dependencies are built.
