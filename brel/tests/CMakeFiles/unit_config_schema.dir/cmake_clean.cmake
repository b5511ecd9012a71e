file(REMOVE_RECURSE
  "CMakeFiles/unit_config_schema.dir/unit/config/test_schema.c.o"
  "CMakeFiles/unit_config_schema.dir/unit/config/test_schema.c.o.d"
  "unit_config_schema"
  "unit_config_schema.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_schema.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
