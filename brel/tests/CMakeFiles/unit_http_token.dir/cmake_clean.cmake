file(REMOVE_RECURSE
  "CMakeFiles/unit_http_token.dir/unit/http/test_token.c.o"
  "CMakeFiles/unit_http_token.dir/unit/http/test_token.c.o.d"
  "unit_http_token"
  "unit_http_token.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_token.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
