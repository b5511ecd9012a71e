file(REMOVE_RECURSE
  "CMakeFiles/unit_config_mutation.dir/unit/config/test_mutation.c.o"
  "CMakeFiles/unit_config_mutation.dir/unit/config/test_mutation.c.o.d"
  "unit_config_mutation"
  "unit_config_mutation.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_mutation.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
