#!/usr/bin/env bash
# Builds the image from the Dockerfile and tests it, without any registry: the base image is made by mmdebstrap from
# this machine's own apt sources. Needs root, podman or buildah, mmdebstrap, curl, python3 and nsenter.
#
#   docker/test.sh [--trained | --again] [--runner podman|chroot]
#
#   --trained        as the Dockerfile does it by default; without it the build takes half the time
#   --again          tests what the last run has built, and builds nothing
#   --runner podman  containers by podman and runc: the default where both are there
#   --runner chroot  the image's files below a folder, with namespaces of their own and without any engine
#
# Files stay in build/docker; all that is started is ended. The last line is "N passed, M failed[, K skipped]".
# Functions are called by name, through check:
# shellcheck disable=SC2317
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
export LC_ALL=C PYTHONDONTWRITEBYTECODE=1

work=$PWD/build/docker
train=OFF runner='' builds=yes
passed=0 failed=0 skipped=0
image=localhost/verbgate:test
base=localhost/verbgate-base:test
size_most=$((12 * 1024 * 1024))
log=$work/container.log
process=''          # of the program, as this machine sees it
container=''        # by podman
background=''       # by chroot: the process that waits for it

usage() {
    sed -n '2,/^# Functions/p' "$0" | sed '$d' | cut -c3-
}

while [ $# -gt 0 ]; do
    case $1 in
    --trained) train=ON ;;
    --again) builds='' ;;
    --runner) runner=${2:-}; shift ;;
    --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done

summary() {
    if [ "$skipped" -gt 0 ]; then
        echo "$passed passed, $failed failed, $skipped skipped"
    else
        echo "$passed passed, $failed failed"
    fi
    [ "$failed" -eq 0 ]
    exit
}

# check NAME COMMAND... : one test; the command's output is shown when it fails. No subshell: start sets variables.
check() {
    local name=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        echo "ok   $name"
        passed=$((passed + 1))
    else
        echo "FAIL $name"
        tail -n 40 "$work/check.log" | sed 's/^/     | /'
        failed=$((failed + 1))
    fi
}

skip() {
    echo "skip $1: $2"
    skipped=$((skipped + 1))
}

# equal EXPECTED FOUND
equal() {
    [ "$1" = "$2" ] || { echo "expected: $1"; echo "found:    $2"; return 1; }
}

# ---- the tools

has() {
    command -v "$1" >/dev/null
}

for tool in mmdebstrap curl python3 nsenter; do
    has "$tool" || { skip "the image" "no $tool"; summary; }
done
if has podman; then
    engine=podman
elif has buildah; then
    engine=buildah
else
    skip "the image" "neither podman nor buildah"
    summary
fi
[ "$(id -u)" -eq 0 ] || { skip "the image" "not root"; summary; }
if [ -z "$runner" ]; then
    if [ "$engine" = podman ] && has runc; then runner=podman; else runner=chroot; fi
fi

# A storage of our own, so that nothing of the machine's is touched. `vfs` works where overlays do not.
mkdir -p "$work/storage"
running=/run/vg-image-$(printf '%s' "$work" | sha256sum | cut -c1-8) # a short path, the same for each run
driver=overlay
store() {
    "$engine" --root "$work/storage/$driver" --runroot "$running" --storage-driver "$driver" "$@"
}

end_container() {
    [ -z "$container" ] || store rm --force --time 0 "$container" >/dev/null 2>&1
    if [ -n "$background" ]; then
        # unshare's --kill-child does not reach a program that has changed its user.
        local children=()
        read -ra children <"/proc/$background/task/$background/children"
        kill -KILL "${children[@]}" "$background" 2>/dev/null
        wait "$background" 2>/dev/null
    fi
    container='' background='' process=''
}

clean() {
    end_container
    # Podman leaves its storage mounted on itself, more than once; build/ could not be removed.
    while umount "$work/storage/$driver/overlay" 2>/dev/null; do :; done
    rm -rf "$work/root" "$work/policy" "$running"
}
trap clean EXIT

# ---- building

# What the Dockerfile installs is there already, so that it has nothing to load. The archive is kept for the next run.
make_base() {
    local packages=ca-certificates,cmake,gcc,libc6-dev,libjansson-dev,libuv1-dev,make,pkg-config,node-llhttp
    local suite sources=() key
    ! apt-cache show libllhttp-dev >/dev/null 2>&1 || packages=${packages/node-llhttp/libllhttp-dev}
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    if [ -e /etc/apt/sources.list.d/debian.sources ]; then
        sources=(/etc/apt/sources.list.d/debian.sources)
    elif [ -s /etc/apt/sources.list ]; then
        sources=(/etc/apt/sources.list)
    fi
    key=$({ cat "${sources[@]}"; echo "$suite $packages"; } | sha256sum | cut -c1-16)
    if [ ! -e "$work/base-$key.tar" ]; then
        rm -rf "$work"/base-*.tar "$work/part.tar"
        mmdebstrap --quiet --variant=apt --mode=root --aptopt='Acquire::Languages "none"' \
            --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
            --include="$packages" \
            "$suite" "$work/part.tar" "${sources[@]}" || return 1
        mv "$work/part.tar" "$work/base-$key.tar"
    fi
    printf 'FROM scratch\nADD base-%s.tar /\n' "$key" >"$work/Dockerfile.base"
    build_image "$base" -f "$work/Dockerfile.base" "$work"
}

# build_image TAG OPTION...
build_image() {
    local tag=$1 command=build
    shift
    [ "$engine" = podman ] || command=bud
    store "$command" --isolation=chroot --network=host --format docker --layers=false --pull-never -t "$tag" "$@"
}

build() {
    build_image "$image" --build-arg BASE="$base" --build-arg TRAIN="$train" --build-arg REVISION=test \
        -f docker/Dockerfile .
}

# field TEMPLATE : a field of the image's description.
field() {
    if [ "$engine" = podman ]; then
        store image inspect "$image" --format "{{$1}}"
    else
        store inspect --type image --format "{{.Docker$1}}" "$image" | sed 's/^map\[\]$//'
    fi
}

# ---- what is in the image

export_files() {
    local id mount
    mkdir -p "$work/root"
    if [ "$engine" = podman ]; then
        id=$(store create --no-healthcheck "$image") && store export "$id" | tar -C "$work/root" -x &&
            store rm "$id" >/dev/null
    else
        id=$(store from --pull-never "$image") && mount=$(store mount "$id") && cp -a "$mount/." "$work/root" &&
            store rm "$id" >/dev/null
    fi
}

image_bytes() {
    du -sb --apparent-size "$work/root" | cut -f1
}

is_small() {
    [ "$(image_bytes)" -lt "$size_most" ]
}

has_no_shell() {
    local found
    found=$(find "$work/root" -path "$work/root/proc" -prune -o -type f -perm /111 -printf '%P\n' |
        grep -vE '^(verbgate|(usr/)?lib(64)?/.*\.so(\.[0-9.]+)?)$')
    equal '' "$found"
}

has_nothing_to_write() {
    local found
    found=$(cd "$work/root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run \) -prune -o \
        ! -type l \( -uid 65532 -o -gid 65532 -o -perm /0002 -o -perm /6000 \) -print)
    equal '' "$found"
}

has_labels() {
    local version=$1 name
    equal "$version" "$(field '.Config.Labels' | grep -oE 'image.version:[^] ]*' | cut -d: -f2)" || return 1
    for name in title description licenses revision created; do
        field '.Config.Labels' | grep -q "org.opencontainers.image.$name:" || { echo "no label $name"; return 1; }
    done
}

# The version in the Dockerfile is the one of CMakeLists.txt.
version=$(sed -n 's/^project(verbgate VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)

# ---- running it

# start_podman MEMORY [MOUNT]
start_podman() {
    # Podman would have the health checks to a timer of systemd.
    local options=(--detach --runtime runc --no-healthcheck --network none --read-only --read-only-tmpfs=false
        --cap-drop all --security-opt no-new-privileges --memory "$1"
        --ulimit nofile=4096:4096 --ulimit nproc=1024:1024)
    [ -z "${2:-}" ] || options+=(--volume "$2:/etc/verbgate:ro")
    container=$(store run "${options[@]}" "$image") || return 1
    process=$(store inspect "$container" --format '{{.State.Pid}}')
}

# start_chroot MEMORY [MOUNT] : the limit of memory is the engine's matter and is not set here.
start_chroot() {
    # shellcheck disable=SC2016
    unshare --pid --fork --kill-child --net --mount bash -c '
        ip link set lo up && mount --bind "$1" "$1" && cd "$1" &&
        { [ -z "$2" ] || mount --bind "$2" "$1/etc/verbgate"; } &&
        mount -o remount,bind,ro "$1" && ulimit -n 4096 &&
        exec setpriv --no-new-privs chroot --userspec=65532:65532 --groups= "$1" \
            /verbgate run -c /etc/verbgate/verbgate.ini
    ' bash "$work/root" "${2:-}" >"$log" 2>&1 &
    background=$!
    local tries=0
    while [ "$tries" -lt 100 ]; do
        process=$(tr -d ' ' <"/proc/$background/task/$background/children")
        [ -n "$process" ] && grep -q verbgate "/proc/$process/comm" && return 0
        sleep 0.1
        tries=$((tries + 1))
    done
    echo "it did not start"
    process=''
    return 1
}

container_log() {
    if [ -n "$container" ]; then store logs "$container" 2>&1; else cat "$log"; fi
}

# wait_log PATTERN : up to 30 s, and no longer than it lives.
wait_log() {
    local end=$((SECONDS + 30)) lives=yes
    while [ -n "$lives" ] && [ "$SECONDS" -lt "$end" ]; do
        [ -e "/proc/$process" ] || lives=''
        container_log | grep -E "$1" >/dev/null && return 0
        sleep 0.2
    done
    echo "no line of the log matches $1:"
    container_log
    return 1
}

# start MEMORY [MOUNT] : until it is ready.
start() {
    if "start_$runner" "$@" && wait_log ' info: ready'; then
        return 0
    fi
    process=''
    return 1
}

# The network of the container, in which its loopback is.
inside() {
    nsenter --net="/proc/$process/ns/net" "$@"
}

# status EXPECTED METHOD PATH [OPTION...]
status() {
    local expected=$1 method=$2 path=$3
    shift 3
    equal "$expected" "$(inside curl -s -m 10 -o /dev/null -w '%{http_code}' -X "$method" "$@" \
        "http://127.0.0.1:8080$path")"
}

# health WORD OPTION... : what the command says in the container.
health() {
    local expected=$1
    shift
    if [ -n "$container" ]; then
        equal "$expected" "$(store exec "$container" /verbgate health "$@")"
    else
        equal "$expected" "$(inside chroot --userspec=65532:65532 "$work/root" /verbgate health "$@")"
    fi
}

# of_status KEY : the field of /proc/PID/status.
of_status() {
    sed -n "s/^$1:[[:space:]]*//p" "/proc/$process/status"
}

is_process_1() {
    equal 1 "$(of_status NSpid | awk '{ print $NF }')"
}

is_nobody() {
    equal '65532 65532 65532 65532' "$(of_status Uid | tr '\t' ' ')" &&
        equal '65532 65532 65532 65532' "$(of_status Gid | tr '\t' ' ')"
}

has_no_capabilities() {
    equal 0000000000000000 "$(of_status CapEff)" && equal 0000000000000000 "$(of_status CapPrm)" &&
        equal 0000000000000000 "$(of_status CapAmb)"
}

has_read_only_root() {
    local options
    options=$(awk '$5 == "/" { print $6 }' "/proc/$process/mountinfo" | tail -n 1)
    [[ ,$options, == *,ro,* ]] || { echo "mounted with: $options"; return 1; }
}

# SIGTERM while a request is half sent: it is answered, then the process ends with 0.
drains() {
    local code
    inside python3 docker/test_clients.py drain "$process" || return 1
    if [ -n "$container" ]; then
        code=$(store wait "$container")
    else
        wait "$background"
        code=$?
        background=''
    fi
    equal 0 "$code" || { container_log; return 1; }
}

# As the kubelet writes a ConfigMap: a folder for each version, and a link that is replaced by a rename.
write_version() {
    mkdir -p "$work/policy/..$1"
    { cat docker/verbgate.ini; echo "$2"; } >"$work/policy/..$1/verbgate.ini"
    ln -s "..$1" "$work/policy/..data_tmp"
    mv -T "$work/policy/..data_tmp" "$work/policy/..data"
    ln -sf ..data/verbgate.ini "$work/policy/verbgate.ini"
}

reloads_a_swapped_configmap() {
    status 201 POST /orders -d x || return 1
    write_version second $'[route orders]\npath = /orders\nallow = GET HEAD'
    wait_log 'policy reloaded: generation 2' || return 1
    status 405 POST /orders -d x
}

keeps_the_policy_when_the_new_one_is_broken() {
    write_version third 'nonsense = yes'
    wait_log 'reload failed, the old policy stays' || return 1
    status 405 POST /orders -d x && health ok -c /etc/verbgate/verbgate.ini
}

# check_policy FILE [OPTION] : by the program of the image, in its files.
check_policy() {
    chroot --userspec=65532:65532 "$work/root" /verbgate check --strict -c - <"$1"
}

configmap_is_a_policy() {
    sed -n '/^  verbgate.ini: |$/,$p' docker/kubernetes/configmap.yaml | sed '1d; s/^    //' >"$work/configmap.ini"
    grep -q '^\[upstream app\]' "$work/configmap.ini" && check_policy "$work/configmap.ini"
}

# ---- the tests

began=$SECONDS
if [ -n "$builds" ]; then
    if ! make_base >"$work/base.log" 2>&1; then
        driver=vfs
        make_base >"$work/base.log" 2>&1
    fi
    check "the base image is made" store image inspect "$base" --format ok
    [ "$failed" -eq 0 ] || { tail -n 20 "$work/base.log"; summary; }
    check "the image is built" build
    [ "$failed" -eq 0 ] || summary
fi
export_files || { echo "the image cannot be exported"; failed=1; summary; }

check "the image is smaller than 12 MB" is_small
check "there is no program but verbgate and its libraries" has_no_shell
check "there is no file that its user may write to" has_nothing_to_write
check "it runs as user 65532" equal 65532:65532 "$(field .Config.User)"
check "its labels say what it is, and the version of CMakeLists.txt" has_labels "$version"
check "the program has the version of the labels" \
    equal "$version" "$(chroot "$work/root" /verbgate --version | cut -d' ' -f2)"
check "it is stopped by SIGTERM" grep -qE 'SIGTERM|^15$' <(field .Config.StopSignal)
check "its health is asked by verbgate itself" grep -q '/verbgate health -c' <(field .Config.Healthcheck)
check "its policy has no warning" check_policy docker/verbgate.ini
check "the policy of the ConfigMap has no warning" configmap_is_a_policy
check "the sidecar's policy has no warning" check_policy config/examples/sidecar.ini

check "it starts, on a read-only root, with 32 MiB of memory" start 32m
if [ -n "$process" ]; then
    check "it is process 1" is_process_1
    check "it has user and group 65532" is_nobody
    check "it has no capability" has_no_capabilities
    check "its root cannot be written to" has_read_only_root
    check "GET is forwarded: 200" status 200 GET /reports/q3
    check "POST is forwarded: 201" status 201 POST /orders -d x
    check "POST to what is read only: 405" status 405 POST /reports/q3 -d x
    check "PATCH, which the backend cannot do: 501" status 501 PATCH /reports/q3 -d x
    check "health says ok" health ok -c /etc/verbgate/verbgate.ini
    check "health --ready says ready" health ready --ready -c /etc/verbgate/verbgate.ini
    resident=$(of_status VmRSS)
    check "SIGTERM finishes what runs, then it ends with 0" drains
fi
end_container

write_version first ''
check "it starts with a mounted ConfigMap" start 32m "$work/policy"
if [ -n "$process" ]; then
    check "a swapped ConfigMap is loaded" reloads_a_swapped_configmap
    check "a broken ConfigMap changes nothing, and the probe goes on" keeps_the_policy_when_the_new_one_is_broken
fi
end_container

if [ "$runner" = podman ]; then
    check "it starts with 16 MiB of memory" start 16m
    if [ -n "$process" ]; then
        check "1,000 connections are open and served within 16 MiB" inside python3 docker/test_clients.py crowd 1000
        check "and it lives" status 200 GET /
        crowded=$(of_status VmHWM)
    fi
    end_container
else
    skip "1,000 connections within 16 MiB" "only podman limits the memory"
fi

printf 'image: %d bytes; resident: %s, with 1,000 connections %s; runner: %s, %s; %d s\n' \
    "$(image_bytes)" "${resident:-unknown}" "${crowded:-unknown}" "$runner" "$driver" $((SECONDS - began))
summary
