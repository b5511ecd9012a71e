# Empty dependencies file for verbgate_core.
# This may be replaced when dependencies are built.
