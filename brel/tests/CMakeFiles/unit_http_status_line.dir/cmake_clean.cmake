file(REMOVE_RECURSE
  "CMakeFiles/unit_http_status_line.dir/unit/http/test_status_line.c.o"
  "CMakeFiles/unit_http_status_line.dir/unit/http/test_status_line.c.o.d"
  "unit_http_status_line"
  "unit_http_status_line.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_status_line.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
