file(REMOVE_RECURSE
  "CMakeFiles/unit_base_slab.dir/unit/base/test_slab.c.o"
  "CMakeFiles/unit_base_slab.dir/unit/base/test_slab.c.o.d"
  "unit_base_slab"
  "unit_base_slab.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_base_slab.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
