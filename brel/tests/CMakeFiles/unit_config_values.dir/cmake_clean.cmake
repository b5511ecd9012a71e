file(REMOVE_RECURSE
  "CMakeFiles/unit_config_values.dir/unit/config/test_values.c.o"
  "CMakeFiles/unit_config_values.dir/unit/config/test_values.c.o.d"
  "unit_config_values"
  "unit_config_values.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_values.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
