file(REMOVE_RECURSE
  "CMakeFiles/unit_policy_decide.dir/unit/policy/test_decide.c.o"
  "CMakeFiles/unit_policy_decide.dir/unit/policy/test_decide.c.o.d"
  "unit_policy_decide"
  "unit_policy_decide.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_policy_decide.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
