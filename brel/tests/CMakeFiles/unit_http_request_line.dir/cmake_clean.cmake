file(REMOVE_RECURSE
  "CMakeFiles/unit_http_request_line.dir/unit/http/test_request_line.c.o"
  "CMakeFiles/unit_http_request_line.dir/unit/http/test_request_line.c.o.d"
  "unit_http_request_line"
  "unit_http_request_line.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_request_line.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
