#!/usr/bin/env bash
# bench.sh [NAME..]: builds release, then runs the benchmarks whose name holds one of NAME (default: all). Each prints
# JSON lines; they go to standard output and to build/bench.jsonl, a table of them to standard error. PostgreSQL with fsync,
# Apache Kafka where it can be had (without it, what needs it is left out, by name). GRID=all: every point of the worker's
# grid against the model, about 10 minutes more.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
scripts/deps.sh --bench || (($? == 75)) # liquidjs; without it Lava is measured alone
scripts/build.sh release programs benches sim-exchange >&2
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
scripts/postgres.sh start # with fsync, unlike the tests': a commit costs what it costs
CONTACT_SYNC_TEST_DSN=$(scripts/postgres.sh dsn)
CONTACT_SYNC_BUILD=$PWD/build/release
export CONTACT_SYNC_TEST_DSN CONTACT_SYNC_BUILD
servers_kafka || echo "bench: no Kafka; publish and worker are left out" >&2
: >build/bench.jsonl
ran=0 bad=0
for source in tests/bench/*_bench.c tests/bench/*_bench.py; do
    name=$(basename "$source")
    name=${name%.*}
    wanted "$name" "$@" || continue
    ran=$((ran + 1))
    echo "bench: $name" >&2
    command=("build/release/$name")
    [[ $source == *.py ]] && command=("${CONTACT_SYNC_PYTHON:-/usr/bin/python3}" "$source")
    status=0
    servers_await "${command[@]}" >"$servers_dir/out" || status=$?
    if ((status == 77)); then
        echo "bench: $name: $(tail -n 1 "$servers_dir/out")" >&2
        continue
    elif ((status)); then
        echo "bench: $name failed" >&2
        bad=$((bad + 1))
    fi
    tee -a build/bench.jsonl <"$servers_dir/out"
done
((ran)) || {
    echo "bench: no benchmark by that name" >&2
    exit 64
}
table build/bench.jsonl >&2
((bad == 0))
