#!/usr/bin/env bash
# Runs fuzz targets for a given time each, one after the other.
#
#   tests/fuzz/run.sh SECONDS [TARGET...]      for example: tests/fuzz/run.sh 1800 forward target
#
# What they find stays in build/fuzz/found/TARGET, and the next run starts from it; an input that
# breaks something is written to build/fuzz/found/TARGET-crash-*. The exit status says if one did.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
[ $# -ge 1 ] || { sed -n '2,/^set/p' "$0" | grep '^#' | cut -c3-; exit 2; }
seconds=$1
shift
[ $# -gt 0 ] || set -- request forward response forward_response fields target ini
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

cmake -B build/fuzz -DCMAKE_C_COMPILER=clang -DVERBGATE_FUZZ=ON -DVERBGATE_SANITIZE=ON >/dev/null &&
    cmake --build build/fuzz -j"$(nproc)" --target fuzz_targets >/dev/null || exit 2
status=0
for target in "$@"; do
    corpus=$target dictionary=http options=-max_len=4096
    case $target in
    forward) corpus=request ;;
    forward_response) corpus=response ;;
    fields) options=-max_len=1024 ;;
    target) dictionary=target options='-max_len=128 -only_ascii=1' ;;
    ini) dictionary=ini options=-max_len=2048 ;;
    esac
    found=build/fuzz/found/$target
    mkdir -p "$found"
    # shellcheck disable=SC2086
    "build/fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 $options \
        -dict="tests/fuzz/$dictionary.dict" -artifact_prefix="$found-" "$found" \
        "tests/fuzz/corpus/$corpus" 2>"$found.log" || status=1
    echo "fuzz_$target: $(grep -a number_of_executed "$found.log")$(grep -a 'Test unit written' "$found.log")"
done
exit "$status"
