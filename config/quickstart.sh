#!/usr/bin/env bash
# Builds verbgate and runs it in front of a small backend inside the binary. On a Debian machine it
# installs what is missing first. Ctrl-C ends it. VERBGATE_PORT chooses another port than 8080.
set -euo pipefail
cd "$(dirname "$0")/.."
export VERBGATE_PORT=${VERBGATE_PORT:-8080}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_packages() {
    local package
    command -v cmake >/dev/null || echo cmake
    command -v make >/dev/null || echo make
    command -v gcc >/dev/null || echo gcc
    command -v pkg-config >/dev/null || echo pkg-config
    command -v curl >/dev/null || echo curl
    for package in libc6-dev libuv1-dev libjansson-dev; do
        is_installed "$package" || echo "$package"
    done
    if ! is_installed libllhttp-dev && [ ! -e /usr/share/llhttp/llhttp.c ]; then
        # Debian 13 has the library, Debian 12 the C sources within node-llhttp.
        if apt-cache show libllhttp-dev >/dev/null 2>&1; then
            echo libllhttp-dev
        else
            echo node-llhttp
        fi
    fi
}

install_packages() {
    local sudo='' packages
    command -v dpkg-query >/dev/null || return 0 # not Debian: CMake names what is missing
    packages=$(missing_packages | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || {
            echo "Not root and no sudo. Install these packages first: $packages" >&2
            exit 1
        }
        sudo=sudo
    fi
    echo "Installing packages: $packages"
    $sudo apt-get update -q
    packages=$(missing_packages | tr '\n' ' ') # with the lists at hand, the llhttp package is known
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $packages
}

build() {
    mkdir -p build
    echo "Building (the output goes to build/quickstart.log) ..."
    if ! { cmake -B build && cmake --build build -j"$(nproc)"; } >build/quickstart.log 2>&1; then
        tail -n 40 build/quickstart.log >&2
        echo "The build failed; the whole output is in build/quickstart.log." >&2
        exit 1
    fi
}

show_examples() {
    local url=http://127.0.0.1:$VERBGATE_PORT
    cat <<END

verbgate will listen on $url. In another terminal, try:

  curl -i $url/                        # GET passes
  curl -I $url/                        # HEAD passes: the same fields, no body
  curl -i -d a=1 $url/                 # POST passes
  curl -i -X PATCH $url/               # 501: the backend has no PATCH at all
  curl -i -X FOO $url/                 # 501: nor has it FOO
  curl -i -X POST $url/reports/q3      # 405 with Allow: this resource is read-only
  printf 'GET / HTTP/2.0\r\nHost: localhost\r\n\r\n' | nc -q 1 127.0.0.1 $VERBGATE_PORT   # 505

The last one without nc:

  bash -c 'exec 3<>/dev/tcp/127.0.0.1/$VERBGATE_PORT; printf "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n" >&3; timeout 1 cat <&3'

The policy is config/quickstart.ini. Why was that a 405?

  build/verbgate explain -c config/quickstart.ini POST $url/reports/q3

Ctrl-C ends verbgate.

END
}

install_packages
build
show_examples
exec build/verbgate run -c config/quickstart.ini
