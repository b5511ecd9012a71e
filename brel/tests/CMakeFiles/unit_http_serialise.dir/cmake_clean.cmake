file(REMOVE_RECURSE
  "CMakeFiles/unit_http_serialise.dir/unit/http/test_serialise.c.o"
  "CMakeFiles/unit_http_serialise.dir/unit/http/test_serialise.c.o.d"
  "unit_http_serialise"
  "unit_http_serialise.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_serialise.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
