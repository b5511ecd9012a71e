
# Consider dependencies only in project.
set(CMAKE_DEPENDS_IN_PROJECT_ONLY OFF)

# The set of languages for which implicit dependencies are needed:
set(CMAKE_DEPENDS_LANGUAGES
  )

# The set of dependency files which are needed:
set(CMAKE_DEPENDS_DEPENDENCY_FILES
  "/work/main/src/cli/arguments.c" "CMakeFiles/verbgate_gateway.dir/src/cli/arguments.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/cli/arguments.c.o.d"
  "/work/main/src/cli/check.c" "CMakeFiles/verbgate_gateway.dir/src/cli/check.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/cli/check.c.o.d"
  "/work/main/src/cli/explain.c" "CMakeFiles/verbgate_gateway.dir/src/cli/explain.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/cli/explain.c.o.d"
  "/work/main/src/cli/help.c" "CMakeFiles/verbgate_gateway.dir/src/cli/help.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/cli/help.c.o.d"
  "/work/main/src/cli/run.c" "CMakeFiles/verbgate_gateway.dir/src/cli/run.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/cli/run.c.o.d"
  "/work/main/src/net/acceptor.c" "CMakeFiles/verbgate_gateway.dir/src/net/acceptor.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/net/acceptor.c.o.d"
  "/work/main/src/net/deadline.c" "CMakeFiles/verbgate_gateway.dir/src/net/deadline.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/net/deadline.c.o.d"
  "/work/main/src/net/listener.c" "CMakeFiles/verbgate_gateway.dir/src/net/listener.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/net/listener.c.o.d"
  "/work/main/src/net/resolver.c" "CMakeFiles/verbgate_gateway.dir/src/net/resolver.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/net/resolver.c.o.d"
  "/work/main/src/net/stream.c" "CMakeFiles/verbgate_gateway.dir/src/net/stream.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/net/stream.c.o.d"
  "/work/main/src/proxy/answer.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/answer.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/answer.c.o.d"
  "/work/main/src/proxy/balance.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/balance.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/balance.c.o.d"
  "/work/main/src/proxy/downstream.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/downstream.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/downstream.c.o.d"
  "/work/main/src/proxy/exchange.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/exchange.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/exchange.c.o.d"
  "/work/main/src/proxy/pool.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/pool.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/pool.c.o.d"
  "/work/main/src/proxy/proxy.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/proxy.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/proxy.c.o.d"
  "/work/main/src/proxy/reason.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/reason.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/reason.c.o.d"
  "/work/main/src/proxy/relay.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/relay.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/relay.c.o.d"
  "/work/main/src/proxy/request.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/request.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/request.c.o.d"
  "/work/main/src/proxy/response.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/response.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/response.c.o.d"
  "/work/main/src/proxy/snapshot.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/snapshot.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/snapshot.c.o.d"
  "/work/main/src/proxy/tunnel.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/tunnel.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/tunnel.c.o.d"
  "/work/main/src/proxy/upstream.c" "CMakeFiles/verbgate_gateway.dir/src/proxy/upstream.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/proxy/upstream.c.o.d"
  "/work/main/src/server/access_line.c" "CMakeFiles/verbgate_gateway.dir/src/server/access_line.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/access_line.c.o.d"
  "/work/main/src/server/access_log.c" "CMakeFiles/verbgate_gateway.dir/src/server/access_log.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/access_log.c.o.d"
  "/work/main/src/server/gateway.c" "CMakeFiles/verbgate_gateway.dir/src/server/gateway.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/gateway.c.o.d"
  "/work/main/src/server/legacy.c" "CMakeFiles/verbgate_gateway.dir/src/server/legacy.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/legacy.c.o.d"
  "/work/main/src/server/listeners.c" "CMakeFiles/verbgate_gateway.dir/src/server/listeners.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/listeners.c.o.d"
  "/work/main/src/server/policy_file.c" "CMakeFiles/verbgate_gateway.dir/src/server/policy_file.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/policy_file.c.o.d"
  "/work/main/src/server/resolve.c" "CMakeFiles/verbgate_gateway.dir/src/server/resolve.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/resolve.c.o.d"
  "/work/main/src/server/worker.c" "CMakeFiles/verbgate_gateway.dir/src/server/worker.c.o" "gcc" "CMakeFiles/verbgate_gateway.dir/src/server/worker.c.o.d"
  )

# Targets to which this target links.
set(CMAKE_TARGET_LINKED_INFO_FILES
  "/work/main/brel/CMakeFiles/verbgate_core.dir/DependInfo.cmake"
  "/work/main/brel/CMakeFiles/verbgate_llhttp.dir/DependInfo.cmake"
  )

# Fortran module output directory.
set(CMAKE_Fortran_TARGET_MODULE_DIR "")
