file(REMOVE_RECURSE
  "CMakeFiles/unit_http_fields.dir/unit/http/test_fields.c.o"
  "CMakeFiles/unit_http_fields.dir/unit/http/test_fields.c.o.d"
  "unit_http_fields"
  "unit_http_fields.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_fields.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
