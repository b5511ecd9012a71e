# Empty dependencies file for verbgate.
# This may be replaced when dependencies are built.
