file(REMOVE_RECURSE
  "CMakeFiles/unit_config_ini.dir/unit/config/test_ini.c.o"
  "CMakeFiles/unit_config_ini.dir/unit/config/test_ini.c.o.d"
  "unit_config_ini"
  "unit_config_ini.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_ini.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
