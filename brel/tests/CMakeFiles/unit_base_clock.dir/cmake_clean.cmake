file(REMOVE_RECURSE
  "CMakeFiles/unit_base_clock.dir/unit/base/test_clock.c.o"
  "CMakeFiles/unit_base_clock.dir/unit/base/test_clock.c.o.d"
  "unit_base_clock"
  "unit_base_clock.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_base_clock.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
