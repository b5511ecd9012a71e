file(REMOVE_RECURSE
  "CMakeFiles/unit_http_framing.dir/unit/http/test_framing.c.o"
  "CMakeFiles/unit_http_framing.dir/unit/http/test_framing.c.o.d"
  "unit_http_framing"
  "unit_http_framing.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_http_framing.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
