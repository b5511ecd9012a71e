file(REMOVE_RECURSE
  "CMakeFiles/unit_http_connection.dir/unit/http/test_connection.c.o"
  "CMakeFiles/unit_http_connection.dir/unit/http/test_connection.c.o.d"
  "unit_http_connection"
  "unit_http_connection.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_connection.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
