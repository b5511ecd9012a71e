file(REMOVE_RECURSE
  "CMakeFiles/unit_config_load.dir/unit/config/test_load.c.o"
  "CMakeFiles/unit_config_load.dir/unit/config/test_load.c.o.d"
  "unit_config_load"
  "unit_config_load.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_load.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
