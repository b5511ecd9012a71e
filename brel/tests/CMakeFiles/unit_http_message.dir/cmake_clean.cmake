file(REMOVE_RECURSE
  "CMakeFiles/unit_http_message.dir/unit/http/test_message.c.o"
  "CMakeFiles/unit_http_message.dir/unit/http/test_message.c.o.d"
  "unit_http_message"
  "unit_http_message.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_message.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
