file(REMOVE_RECURSE
  "CMakeFiles/unit_config_build.dir/unit/config/test_build.c.o"
  "CMakeFiles/unit_config_build.dir/unit/config/test_build.c.o.d"
  "unit_config_build"
  "unit_config_build.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_build.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
