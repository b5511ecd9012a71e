file(REMOVE_RECURSE
  "CMakeFiles/unit_policy_policy.dir/unit/policy/test_policy.c.o"
  "CMakeFiles/unit_policy_policy.dir/unit/policy/test_policy.c.o.d"
  "unit_policy_policy"
  "unit_policy_policy.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_policy_policy.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
