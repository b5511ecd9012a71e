# For cmake --toolchain: builds for 64-bit ARM with Debian's cross compiler, beside libraries of that architecture. The
# packages that it needs are in src/build.md.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
# What the build runs of what it built: the program, for the manual pages, and the unit tests.
find_program(VERBGATE_EMULATOR NAMES qemu-aarch64-static qemu-aarch64)
if(VERBGATE_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${VERBGATE_EMULATOR})
endif()
# Otherwise pkg-config finds the libraries of the machine that builds.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
set(VERBGATE_DEBIAN_ARCHITECTURE arm64)
