file(REMOVE_RECURSE
  "CMakeFiles/unit_policy_route_table.dir/unit/policy/test_route_table.c.o"
  "CMakeFiles/unit_policy_route_table.dir/unit/policy/test_route_table.c.o.d"
  "unit_policy_route_table"
  "unit_policy_route_table.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_policy_route_table.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
