file(REMOVE_RECURSE
  "CMakeFiles/unit_base_address.dir/unit/base/test_address.c.o"
  "CMakeFiles/unit_base_address.dir/unit/base/test_address.c.o.d"
  "unit_base_address"
  "unit_base_address.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_base_address.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
