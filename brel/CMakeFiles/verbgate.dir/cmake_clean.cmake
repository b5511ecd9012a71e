file(REMOVE_RECURSE
  "CMakeFiles/verbgate.dir/src/main.c.o"
  "CMakeFiles/verbgate.dir/src/main.c.o.d"
  "verbgate"
  "verbgate.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/verbgate.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
