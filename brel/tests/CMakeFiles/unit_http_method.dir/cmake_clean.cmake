file(REMOVE_RECURSE
  "CMakeFiles/unit_http_method.dir/unit/http/test_method.c.o"
  "CMakeFiles/unit_http_method.dir/unit/http/test_method.c.o.d"
  "unit_http_method"
  "unit_http_method.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_method.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
