file(REMOVE_RECURSE
  "CMakeFiles/unit_base_slice.dir/unit/base/test_slice.c.o"
  "CMakeFiles/unit_base_slice.dir/unit/base/test_slice.c.o.d"
  "unit_base_slice"
  "unit_base_slice.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_base_slice.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
