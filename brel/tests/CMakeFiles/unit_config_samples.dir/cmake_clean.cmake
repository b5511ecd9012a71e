file(REMOVE_RECURSE
  "CMakeFiles/unit_config_samples.dir/unit/config/test_samples.c.o"
  "CMakeFiles/unit_config_samples.dir/unit/config/test_samples.c.o.d"
  "unit_config_samples"
  "unit_config_samples.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_samples.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
