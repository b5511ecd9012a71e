# Empty dependencies file for verbgate_llhttp.
# This may be replaced when dependencies are built.
