file(REMOVE_RECURSE
  "CMakeFiles/unit_base_writer.dir/unit/base/test_writer.c.o"
  "CMakeFiles/unit_base_writer.dir/unit/base/test_writer.c.o.d"
  "unit_base_writer"
  "unit_base_writer.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_base_writer.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
