file(REMOVE_RECURSE
  "CMakeFiles/unit_http_target.dir/unit/http/test_target.c.o"
  "CMakeFiles/unit_http_target.dir/unit/http/test_target.c.o.d"
  "unit_http_target"
  "unit_http_target.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_target.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
