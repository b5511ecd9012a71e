#!/usr/bin/env bash
# Measures verbgate beside nginx and HAProxy, all doing the same job on this machine. Takes under 15 minutes.
#
#   tests/bench/compare.sh [--quick] [--rounds N] [--filter TEXT]
#
#   --quick         one short round, under 3 minutes: to see that all works, not to draw conclusions
#   --rounds N      other than 3 (or 1 with --quick)
#   --filter TEXT   only cases whose key or group contains TEXT: c64, logged, memory, fairness, routes, ...
#
# On a Debian machine it installs what is missing. Results: build/bench/results.md, results.json, compare.svg, growth.svg.
set -euo pipefail
cd "$(dirname "$0")/../.."
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1

for argument in "$@"; do
    if [ "$argument" = --help ]; then
        sed -n '2,/^set/p' "$0" | grep '^#' | cut -c3-
        exit 0
    fi
done

has_server() {
    command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]
}

missing_packages() {
    has_server nginx || echo nginx-light
    has_server haproxy || echo haproxy
    command -v wrk >/dev/null || echo wrk
    command -v curl >/dev/null || echo curl
    command -v valgrind >/dev/null || echo valgrind
    command -v strace >/dev/null || echo strace
    command -v python3 >/dev/null || echo python3
    command -v cmake >/dev/null || echo cmake
    command -v make >/dev/null || echo make
    command -v gcc >/dev/null || echo gcc libc6-dev
    command -v pkg-config >/dev/null || echo pkg-config
    pkg-config --exists libuv 2>/dev/null || echo libuv1-dev
    pkg-config --exists jansson 2>/dev/null || echo libjansson-dev
    if ! pkg-config --exists libllhttp 2>/dev/null && [ ! -e /usr/share/llhttp/llhttp.c ]; then
        # Debian 13 has the library, Debian 12 the C sources within node-llhttp.
        if apt-cache show libllhttp-dev >/dev/null 2>&1; then
            echo libllhttp-dev
        else
            echo node-llhttp
        fi
    fi
}

install_packages() {
    local packages
    packages=$(missing_packages | tr '\n' ' ')
    [ -n "${packages// /}" ] || return 0
    echo "Missing packages: $packages"
    if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
        echo "Install them first (only root on Debian can have it done here)." >&2
        exit 1
    fi
    apt-get update -q
    packages=$(missing_packages | tr '\n' ' ') # with the lists at hand, the llhttp package is known
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages
}

install_packages
mkdir -p build
echo "Building build/bench (the output goes to build/bench.log) ..."
build() {
    cmake -B build/bench -DCMAKE_BUILD_TYPE=Release -DVERBGATE_TRAIN=ON &&
        cmake --build build/bench -j"$(nproc)" &&
        gcc -std=gnu11 -O2 -Wall -Wextra -o build/bench/floor tests/bench/floor.c
}
if ! build >build/bench.log 2>&1; then
    tail -n 40 build/bench.log >&2
    exit 1
fi
exec python3 tests/bench/compare.py --binary build/bench/verbgate --floor build/bench/floor --output build/bench "$@"
