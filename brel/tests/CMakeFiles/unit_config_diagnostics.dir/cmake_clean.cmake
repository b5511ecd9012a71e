file(REMOVE_RECURSE
  "CMakeFiles/unit_config_diagnostics.dir/unit/config/test_diagnostics.c.o"
  "CMakeFiles/unit_config_diagnostics.dir/unit/config/test_diagnostics.c.o.d"
  "unit_config_diagnostics"
  "unit_config_diagnostics.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_config_diagnostics.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
