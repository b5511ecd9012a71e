
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/src/base/address.c" "CMakeFiles/verbgate_core.dir/src/base/address.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/base/address.c.o.d"
  "/work/main/src/base/arena.c" "CMakeFiles/verbgate_core.dir/src/base/arena.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/base/arena.c.o.d"
  "/work/main/src/base/clock.c" "CMakeFiles/verbgate_core.dir/src/base/clock.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/base/clock.c.o.d"
  "/work/main/src/base/log.c" "CMakeFiles/verbgate_core.dir/src/base/log.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/base/log.c.o.d"
  "/work/main/src/base/slab.c" "CMakeFiles/verbgate_core.dir/src/base/slab.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/base/slab.c.o.d"
  "/work/main/src/base/slice.c" "CMakeFiles/verbgate_core.dir/src/base/slice.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/base/slice.c.o.d"
  "/work/main/src/base/writer.c" "CMakeFiles/verbgate_core.dir/src/base/writer.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/base/writer.c.o.d"
  "/work/main/src/config/build.c" "CMakeFiles/verbgate_core.dir/src/config/build.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/build.c.o.d"
  "/work/main/src/config/build_listeners.c" "CMakeFiles/verbgate_core.dir/src/config/build_listeners.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/build_listeners.c.o.d"
  "/work/main/src/config/build_routes.c" "CMakeFiles/verbgate_core.dir/src/config/build_routes.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/build_routes.c.o.d"
  "/work/main/src/config/build_upstreams.c" "CMakeFiles/verbgate_core.dir/src/config/build_upstreams.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/build_upstreams.c.o.d"
  "/work/main/src/config/diagnostics.c" "CMakeFiles/verbgate_core.dir/src/config/diagnostics.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/diagnostics.c.o.d"
  "/work/main/src/config/document.c" "CMakeFiles/verbgate_core.dir/src/config/document.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/document.c.o.d"
  "/work/main/src/config/include.c" "CMakeFiles/verbgate_core.dir/src/config/include.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/include.c.o.d"
  "/work/main/src/config/ini.c" "CMakeFiles/verbgate_core.dir/src/config/ini.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/ini.c.o.d"
  "/work/main/src/config/load.c" "CMakeFiles/verbgate_core.dir/src/config/load.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/load.c.o.d"
  "/work/main/src/config/methods.c" "CMakeFiles/verbgate_core.dir/src/config/methods.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/methods.c.o.d"
  "/work/main/src/config/options.c" "CMakeFiles/verbgate_core.dir/src/config/options.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/options.c.o.d"
  "/work/main/src/config/patterns.c" "CMakeFiles/verbgate_core.dir/src/config/patterns.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/patterns.c.o.d"
  "/work/main/src/config/reference.c" "CMakeFiles/verbgate_core.dir/src/config/reference.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/reference.c.o.d"
  "/work/main/src/config/schema.c" "CMakeFiles/verbgate_core.dir/src/config/schema.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/schema.c.o.d"
  "/work/main/src/config/values.c" "CMakeFiles/verbgate_core.dir/src/config/values.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/values.c.o.d"
  "/work/main/src/config/variables.c" "CMakeFiles/verbgate_core.dir/src/config/variables.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/config/variables.c.o.d"
  "/work/main/src/http/chunk_framing.c" "CMakeFiles/verbgate_core.dir/src/http/chunk_framing.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/chunk_framing.c.o.d"
  "/work/main/src/http/connection.c" "CMakeFiles/verbgate_core.dir/src/http/connection.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/connection.c.o.d"
  "/work/main/src/http/fault.c" "CMakeFiles/verbgate_core.dir/src/http/fault.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/fault.c.o.d"
  "/work/main/src/http/fields.c" "CMakeFiles/verbgate_core.dir/src/http/fields.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/fields.c.o.d"
  "/work/main/src/http/framing.c" "CMakeFiles/verbgate_core.dir/src/http/framing.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/framing.c.o.d"
  "/work/main/src/http/message.c" "CMakeFiles/verbgate_core.dir/src/http/message.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/message.c.o.d"
  "/work/main/src/http/method.c" "CMakeFiles/verbgate_core.dir/src/http/method.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/method.c.o.d"
  "/work/main/src/http/reply.c" "CMakeFiles/verbgate_core.dir/src/http/reply.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/reply.c.o.d"
  "/work/main/src/http/request_line.c" "CMakeFiles/verbgate_core.dir/src/http/request_line.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/request_line.c.o.d"
  "/work/main/src/http/serialise.c" "CMakeFiles/verbgate_core.dir/src/http/serialise.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/serialise.c.o.d"
  "/work/main/src/http/status_line.c" "CMakeFiles/verbgate_core.dir/src/http/status_line.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/status_line.c.o.d"
  "/work/main/src/http/target.c" "CMakeFiles/verbgate_core.dir/src/http/target.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/target.c.o.d"
  "/work/main/src/http/target_readings.c" "CMakeFiles/verbgate_core.dir/src/http/target_readings.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/target_readings.c.o.d"
  "/work/main/src/http/token.c" "CMakeFiles/verbgate_core.dir/src/http/token.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/http/token.c.o.d"
  "/work/main/src/policy/decide.c" "CMakeFiles/verbgate_core.dir/src/policy/decide.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/policy/decide.c.o.d"
  "/work/main/src/policy/method_set.c" "CMakeFiles/verbgate_core.dir/src/policy/method_set.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/policy/method_set.c.o.d"
  "/work/main/src/policy/policy.c" "CMakeFiles/verbgate_core.dir/src/policy/policy.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/policy/policy.c.o.d"
  "/work/main/src/policy/route_table.c" "CMakeFiles/verbgate_core.dir/src/policy/route_table.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/policy/route_table.c.o.d"
  "/work/main/src/policy/verdict.c" "CMakeFiles/verbgate_core.dir/src/policy/verdict.c.o" "gcc" "CMakeFiles/verbgate_core.dir/src/policy/verdict.c.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/brel/CMakeFiles/verbgate_llhttp.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
