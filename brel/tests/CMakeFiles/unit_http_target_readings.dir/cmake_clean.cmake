file(REMOVE_RECURSE
  "CMakeFiles/unit_http_target_readings.dir/unit/http/test_target_readings.c.o"
  "CMakeFiles/unit_http_target_readings.dir/unit/http/test_target_readings.c.o.d"
  "unit_http_target_readings"
  "unit_http_target_readings.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_target_readings.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
