file(REMOVE_RECURSE
  "CMakeFiles/unit_base_list.dir/unit/base/test_list.c.o"
  "CMakeFiles/unit_base_list.dir/unit/base/test_list.c.o.d"
  "unit_base_list"
  "unit_base_list.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_base_list.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
