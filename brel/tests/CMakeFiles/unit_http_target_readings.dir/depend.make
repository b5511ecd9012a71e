# Empty dependencies file for unit_http_target_readings.
# This may be replaced when dependencies are built.
