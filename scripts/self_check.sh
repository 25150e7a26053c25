#!/usr/bin/env bash
# self_check.sh [NAME..]: are broken builds found out? Each patch of tests/crash/mutants breaks one promise in a copy of the
# tree; the test program that it names must fail there, within 1,000 schedules when that is crash_world_test. A patch that
# does not apply any more fails the check: the code that it breaks has moved, and the patch has to follow.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
tree=$PWD/build/mutants/tree out=$PWD/build/mutants/out log=$PWD/build/mutants/log
patches=$PWD/tests/crash/mutants
export CCACHE_BASEDIR=$tree CCACHE_NOHASHDIR=1

rm -rf "$tree"
mkdir -p "$tree" "$out"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [[ -f $file ]]; then printf '%s\0' "$file"; fi
done | xargs -0 cp -p --parents -t "$tree"
# what a former check left built is of broken files
(cd "$tree" && sed -n 's/^+++ //p' "$patches"/*.patch | sort -u | xargs touch -c --)

build() {
    ninja -C "$out" "$@" >"$log" 2>&1 && return 0
    tail -n 40 "$log"
    return 1
}
# run PROGRAM SCHEDULES: its verdict; what it found is in the log
run() {
    local args=()
    [[ $1 == crash_world_test ]] && args=(--seeds "1-$2" --first)
    (cd "$tree" && CRITERION_VERBOSITY_LEVEL=0 timeout 300 "$out/$1" "${args[@]}") >"$log" 2>&1
}

cmake -S "$tree" -B "$out" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG="-Og" >"$log"
mapfile -t programs < <(sed -n 's/^found by: //p' "$patches"/*.patch | sort -u)
build "${programs[@]}"
for program in "${programs[@]}"; do
    run "$program" 50 || {
        tail -n 20 "$log"
        echo "self-check: $program fails without any patch"
        exit 1
    }
done

# one NAME: true when the broken build is found out
one() {
    local name=$1 program begin=$SECONDS state=found
    program=$(sed -n 's/^found by: //p' "$patches/$name.patch")
    if ! patch -s -p0 -d "$tree" <"$patches/$name.patch" >"$log" 2>&1; then
        state='does not apply'
    elif ! build "$program"; then
        state='does not build'
    elif run "$program" 1000; then
        state='NOT FOUND'
    fi
    printf '%-30s %-14s %4d s  %s\n' "$name" "$state" $((SECONDS - begin)) "$(head -n 1 "$log" | cut -c 1-90)"
    patch -s -R -f -p0 -d "$tree" <"$patches/$name.patch" >/dev/null 2>&1 || true
    [[ $state == found ]]
}

failed=0 total=0
for file in "$patches"/*.patch; do
    name=$(basename "$file" .patch)
    (($# == 0)) || [[ " $* " == *" $name "* ]] || continue
    total=$((total + 1))
    one "$name" || failed=$((failed + 1))
done
echo "self-check: $((total - failed)) of $total broken builds found out"
((failed == 0 && total > 0))
