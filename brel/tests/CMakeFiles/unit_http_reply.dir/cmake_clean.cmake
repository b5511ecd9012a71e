file(REMOVE_RECURSE
  "CMakeFiles/unit_http_reply.dir/unit/http/test_reply.c.o"
  "CMakeFiles/unit_http_reply.dir/unit/http/test_reply.c.o.d"
  "unit_http_reply"
  "unit_http_reply.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_reply.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
