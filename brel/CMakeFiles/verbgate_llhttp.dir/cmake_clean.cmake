file(REMOVE_RECURSE
  "CMakeFiles/verbgate_llhttp.dir/usr/share/llhttp/api.c.o"
  "CMakeFiles/verbgate_llhttp.dir/usr/share/llhttp/api.c.o.d"
  "CMakeFiles/verbgate_llhttp.dir/usr/share/llhttp/http.c.o"
  "CMakeFiles/verbgate_llhttp.dir/usr/share/llhttp/http.c.o.d"
  "CMakeFiles/verbgate_llhttp.dir/usr/share/llhttp/llhttp.c.o"
  "CMakeFiles/verbgate_llhttp.dir/usr/share/llhttp/llhttp.c.o.d"
  "libverbgate_llhttp.a"
  "libverbgate_llhttp.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/verbgate_llhttp.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
