file(REMOVE_RECURSE
  "CMakeFiles/unit_policy_verdict.dir/unit/policy/test_verdict.c.o"
  "CMakeFiles/unit_policy_verdict.dir/unit/policy/test_verdict.c.o.d"
  "unit_policy_verdict"
  "unit_policy_verdict.pdb"
)

# Per-language clean rules from dependency scanning.
foreach(lang C)
  include(CMakeFiles/unit_policy_verdict.dir/cmake_clean_${lang}.cmake OPTIONAL)
endforeach()
