#!/usr/bin/env bash
# bench.sh [NAME..]: builds release, then runs the benchmarks whose name holds one of NAME (default: all). Each prints
# JSON lines; they go to standard output and to build/bench.jsonl, a table of them to standard error.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
scripts/deps.sh
scripts/build.sh release programs benches >&2
. scripts/servers.sh

wanted() {
    local pattern
    (($# > 1)) || return 0
    for pattern in "${@:2}"; do [[ $1 == *"$pattern"* ]] && return 0; done
    return 1
}

# name, then each field as name=value: short enough for a terminal, and nothing is left out.
table() {
    jq -r '[.bench // .name // "?"] + [to_entries[] | select(.key != "bench" and .key != "name")
        | "\(.key)=\(.value | if type == "number" then (. * 1000 | round / 1000) else . end)"] | join("  ")' "$1"
}

servers_folder bench
servers_postgres
CONTACT_SYNC_BUILD=$PWD/build/release
export CONTACT_SYNC_BUILD
: >build/bench.jsonl
ran=0 bad=0
for source in tests/bench/*_bench.c; do
    [[ -e $source ]] || continue
    name=$(basename "$source" .c)
    wanted "$name" "$@" || continue
    ran=$((ran + 1))
    echo "bench: $name" >&2
    servers_await "build/release/$name" >"$servers_dir/out" || {
        echo "bench: $name failed" >&2
        bad=$((bad + 1))
    }
    tee -a build/bench.jsonl <"$servers_dir/out"
done
((ran)) || {
    echo "bench: no benchmark by that name" >&2
    exit 64
}
table build/bench.jsonl >&2
((bad == 0))
