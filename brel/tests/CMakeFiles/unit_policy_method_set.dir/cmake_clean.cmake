file(REMOVE_RECURSE
  "CMakeFiles/unit_policy_method_set.dir/unit/policy/test_method_set.c.o"
  "CMakeFiles/unit_policy_method_set.dir/unit/policy/test_method_set.c.o.d"
  "unit_policy_method_set"
  "unit_policy_method_set.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_policy_method_set.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
