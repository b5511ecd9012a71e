
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/tests/unit/http/test_target.c" "tests/CMakeFiles/unit_http_target.dir/unit/http/test_target.c.o" "gcc" "tests/CMakeFiles/unit_http_target.dir/unit/http/test_target.c.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/brel/CMakeFiles/verbgate_core.dir/DependInfo.cmake"
  "/work/main/brel/CMakeFiles/verbgate_llhttp.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
