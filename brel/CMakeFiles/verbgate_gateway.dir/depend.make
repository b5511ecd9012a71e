# Empty dependencies file for verbgate_gateway.
# This may be replaced when dependencies are built.
