file(REMOVE_RECURSE
  "CMakeFiles/unit_base_arena.dir/unit/base/test_arena.c.o"
  "CMakeFiles/unit_base_arena.dir/unit/base/test_arena.c.o.d"
  "unit_base_arena"
  "unit_base_arena.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_base_arena.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
