#!/usr/bin/env bash
# Builds verbgate and runs every test. On a Debian machine it installs what is missing first.
#
#   tests/run.sh [--unit] [--integration] [--quick] [--filter TEXT]
#
#   --unit          only the unit tests, the source checks, the fuzz targets and the guards of cost
#   --integration   only the integration tests
#   --quick         without the slow tests, the container image and the ThreadSanitizer build
#   --filter TEXT   only tests whose name contains TEXT (for unit tests: a regular expression)
#
# The last line is "N passed, M failed", with ", K skipped" when there are any.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

run_unit=yes run_integration=yes run_threads=yes quick='' filter=''
passed=0 failed=0 skipped=0
build_target=''
build_jobs=$(nproc 2>/dev/null || echo 2)
stage_seconds_max=900

usage() {
    sed -n '2,/^set/p' "$0" | grep '^#' | cut -c3-
}

while [ $# -gt 0 ]; do
    case $1 in
    --unit) run_integration='' run_threads='' ;;
    --integration) run_unit='' run_threads='' ;;
    --quick) quick=--quick run_threads='' ;;
    --filter)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        filter=$2
        shift
        ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

heading() {
    printf '\n== %s ==\n' "$*"
}

count() {
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

summary() {
    heading summary
    if [ $((passed + failed)) -eq 0 ]; then
        echo "no test ran"
        failed=1
    fi
    if [ "$skipped" -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ "$failed" -eq 0 ]
    exit
}

# ---- packages ----

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "not root and no sudo: install these packages" >&2
        return 1
    fi
}

# Prints the packages that are missing. A command that exists in any other way is good enough.
missing_packages() {
    command -v cmake >/dev/null || echo cmake
    command -v make >/dev/null || echo make
    command -v gcc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    command -v python3 >/dev/null || echo python3
    command -v curl >/dev/null || echo curl
    command -v ab >/dev/null || echo apache2-utils
    command -v wrk >/dev/null || echo wrk
    command -v promtool >/dev/null || echo prometheus
    command -v clang-format >/dev/null || echo clang-format
    command -v valgrind >/dev/null || echo valgrind
    command -v strace >/dev/null || echo strace
    python3 -c 'import yaml' 2>/dev/null || echo python3-yaml
    [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || echo nginx-light
    is_installed libc6-dev || echo libc6-dev
    is_installed libuv1-dev || echo libuv1-dev
    is_installed libjansson-dev || echo libjansson-dev
    is_installed libcriterion-dev || echo libcriterion-dev
    if ! is_installed libllhttp-dev && [ ! -e /usr/share/llhttp/llhttp.c ]; then
        # Debian 13 has the library, Debian 12 the C sources within node-llhttp.
        if apt-cache show libllhttp-dev >/dev/null 2>&1; then
            echo libllhttp-dev
        else
            echo node-llhttp
        fi
    fi
}

# Prints the missing packages of the servers in front of which tests/integration/test_real_servers.py puts the gateway.
missing_servers() {
    local package
    for package in gunicorn uwsgi-core uwsgi-plugin-python3 python3-gevent python3-aiohttp php-cli; do
        is_installed "$package" || echo "$package"
    done
    # Only where their languages are there already: those are large.
    ! command -v node >/dev/null || is_installed node-express || echo node-express
    ! command -v javac >/dev/null || is_installed libjetty9-java || echo libjetty9-java
}

# What tests/package.py needs: a tree to install into, and what Debian says of packages and units.
missing_package_tools() {
    command -v mmdebstrap >/dev/null || echo mmdebstrap
    command -v dpkg-shlibdeps >/dev/null || echo dpkg-dev
    command -v file >/dev/null || echo file
    command -v lintian >/dev/null || echo lintian
    command -v systemd-analyze >/dev/null || echo systemd
}

# One at a time: what a release does not have, or cannot install, leaves the others. Their tests are then skipped.
install_optional() {
    command -v dpkg-query >/dev/null || return 0
    local package packages
    packages=$(missing_servers; missing_package_tools)
    [ -z "$packages" ] || as_root apt-get update -q || return
    for package in $packages; do
        heading "installing: $package"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$package" ||
            echo "not installed: $package; tests that need it are skipped"
    done
}

# What docker/test.sh builds and runs the image with. Without these it skips the image, and says so.
install_image_tools() {
    command -v dpkg-query >/dev/null || return 0
    local package
    for package in podman runc mmdebstrap; do
        if ! command -v "$package" >/dev/null; then
            heading "installing: $package"
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$package" ||
                echo "not installed: $package"
        fi
    done
}

install_packages() {
    command -v dpkg-query >/dev/null || return 0 # not Debian: CMake names what is missing
    local packages
    packages=$(missing_packages | tr '\n' ' ')
    [ -n "${packages// /}" ] || return 0
    heading "installing: $packages"
    as_root apt-get update -q || return 1
    packages=$(missing_packages | tr '\n' ' ') # with the lists at hand, the llhttp package is known
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages
}

# ---- stages ----

# build NAME OPTION... : configures in build/NAME and builds $build_target, or everything.
build() {
    local name=$1
    shift
    heading "building build/$name"
    if ! cmake -B "build/$name" -DVERBGATE_WERROR=ON "$@" >"build/$name.log" 2>&1 ||
        ! cmake --build "build/$name" -j"$build_jobs" ${build_target:+--target "$build_target"} >>"build/$name.log" 2>&1; then
        tail -n 60 "build/$name.log"
        echo "FAIL building build/$name"
        count 0 1 0
        return 1
    fi
    echo "done"
}

# ctest_stage NAME TITLE : runs what build/NAME has for ctest.
ctest_stage() {
    heading "$2"
    local report=$PWD/build/$1/ctest.xml
    rm -f "$report"
    timeout "$stage_seconds_max" ctest --test-dir "build/$1" -j"$build_jobs" --output-on-failure \
        --output-junit "$report" ${filter:+-R "$filter"}
    # A filter may leave nothing for this stage.
    if [ ! -e "$report" ]; then
        [ -n "$filter" ] || count 0 1 0
        return
    fi
    # shellcheck disable=SC2046
    count $(python3 - "$report" <<'END'
import sys
import xml.etree.ElementTree as tree

suite = tree.parse(sys.argv[1]).getroot()
total, failures, skips = (int(suite.get(name, 0)) for name in ("tests", "failures", "skipped"))
print(total - failures - skips, failures, skips)
END
    )
}

# count_summary LOG TITLE : adds what the last line of a log says.
count_summary() {
    local line
    line=$(tail -n 1 "$1")
    if [[ $line =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}"
    else
        echo "FAIL $2: no summary (timed out?)"
        count 0 1 0
    fi
}

# integration_tests NAME OPTION... : runs tests/integration against build/NAME/verbgate.
integration_tests() {
    local name=$1 output
    shift
    heading "integration tests, build/$name"
    output=$PWD/build/$name/integration.log
    timeout "$stage_seconds_max" python3 tests/integration/run.py --binary "build/$name/verbgate" \
        --filter "$filter" $quick "$@" 2>&1 | tee "$output"
    count_summary "$output" "integration tests on build/$name"
}

# Some distributions pack clang's run-time libraries apart from clang.
has_libfuzzer() {
    echo 'int LLVMFuzzerTestOneInput(const char *data, long size) { return data == 0 && size > 0; }' |
        clang -x c -fsanitize=fuzzer,address,undefined - -o build/has-libfuzzer 2>/dev/null
}

# A fixed number of inputs. The seeds alone are replayed with the unit tests, by any compiler.
fuzz_targets() {
    if ! has_libfuzzer; then
        heading "fuzz targets"
        echo "skipped: no clang with libFuzzer"
        count 0 0 1
    elif build_target=fuzz_targets build fuzz -DCMAKE_C_COMPILER=clang -DVERBGATE_FUZZ=ON -DVERBGATE_SANITIZE=ON; then
        ctest_stage fuzz "fuzz targets"
    fi
}

# What a request costs in instructions, heap calls and system calls: no clock, so no quiet machine is needed.
guards() {
    heading "guards of cost"
    timeout "$stage_seconds_max" python3 tests/bench/guard.py --binary build/bench/verbgate \
        --filter "$filter" 2>&1 | tee build/bench/guard.log
    count_summary build/bench/guard.log "guards of cost"
}

# The image from docker/Dockerfile, built and run.
image_tests() {
    heading "container image"
    timeout 1500 docker/test.sh 2>&1 | tee build/docker.log
    count_summary build/docker.log "container image"
}

# The Debian package, from the trained build: installed, upgraded under load and purged in a tree of its own.
package_stage() {
    heading "Debian package"
    if ! command -v dpkg-shlibdeps >/dev/null || ! command -v file >/dev/null; then
        echo "skipped: dpkg-dev or file is not installed"
        count 0 0 1
        return
    fi
    rm -f build/bench/*.deb
    if ! cmake --build build/bench --target package >build/package.log 2>&1; then
        tail -n 30 build/package.log
        echo "FAIL Debian package"
        count 0 1 0
        return
    fi
    timeout "$stage_seconds_max" python3 tests/package.py --deb build/bench/*.deb --tree build/package-tree 2>&1 |
        tee build/package.log
    count_summary build/package.log "Debian package"
}

# ThreadSanitizer of gcc 12 cannot place its shadow memory under some address space layouts.
choose_thread_wrapper() {
    if ! build/tsan/verbgate --version >/dev/null 2>&1 && setarch -R true 2>/dev/null; then
        export VERBGATE_TEST_WRAPPER="setarch -R"
    fi
}

install_packages || { echo "FAIL installing packages"; count 0 1 0; summary; }
[ -z "$run_integration" ] || install_optional
run_image=''
if [ -n "$run_integration" ] && [ -z "$quick$filter" ]; then
    run_image=yes
    install_image_tools
fi
mkdir -p build
if build asan -DVERBGATE_SANITIZE=ON -DVERBGATE_TESTS=ON; then
    [ -z "$run_unit" ] || ctest_stage asan "unit tests, source checks, fuzz seeds"
    [ -z "$run_integration" ] || integration_tests asan
fi
[ -z "$run_unit" ] || fuzz_targets
# What is installed: optimised across files, and trained.
if build bench -DCMAKE_BUILD_TYPE=Release -DVERBGATE_TRAIN=ON; then
    [ -z "$run_unit" ] || guards
    [ -z "$run_integration" ] || integration_tests bench --again
    [ -z "$run_integration" ] || [ -n "$filter" ] || package_stage
fi
[ -z "$run_image" ] || image_tests
if [ -n "$run_threads" ] && build tsan -DVERBGATE_SANITIZE_THREAD=ON; then
    choose_thread_wrapper
    integration_tests tsan --threads
fi
summary
