#!/usr/bin/env bash
# bench.sh [--write-docs] [--instructions] [NAME..]: builds release, then runs the benchmarks whose name holds one of NAME
# (default: all, at most 18 minutes on a quiet machine with two cores). Each prints JSON lines; they go to standard output and
# to build/bench.jsonl. From those: build/bench/report.md with plots, and its table of goals on standard error.
#   --write-docs    puts the report into docs/performance.md and docs/performance/ (of a run of all)
#   --instructions  only counts the instructions of the hot paths, and fails where one needs 5 % more than the commit says
# PostgreSQL runs with fsync; Apache Kafka and the peers are fetched. What cannot be had is left out, by name. GRID=all: every
# point of the worker's grid against the model, about 10 minutes more.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
docs=0 only_instructions=0 names=()
for word in "$@"; do
    case $word in
    --write-docs) docs=1 ;;
    --instructions) only_instructions=1 ;;
    --*)
        printf 'bench: unknown option "%s"; see scripts/bench.sh\n' "$word" >&2
        exit 64
        ;;
    *) names+=("$word") ;;
    esac
done

if ((only_instructions)); then
    scripts/deps.sh --bench || (($? == 75))
    scripts/build.sh release benches >&2
    exec /usr/bin/python3 scripts/instructions.py build/release
fi
begin=$SECONDS
scripts/deps.sh --bench || (($? == 75)) # 75: a peer or Kafka is missing, its benchmarks say so
scripts/build.sh release programs benches sim-exchange sim-rock crash_world_test >&2
echo "bench: installed and built in $((SECONDS - begin)) s" >&2
. scripts/servers.sh

wanted() {
    local pattern
    ((${#names[@]})) || return 0
    for pattern in "${names[@]}"; do [[ $1 == *"$pattern"* ]] && return 0; done
    return 1
}

# run_one NAME COMMAND..: its lines go to build/bench.jsonl, with one more that says how it ended.
run_one() {
    local name=$1 status=0 from=$SECONDS result="done"
    shift
    wanted "$name" || return 0
    ran=$((ran + 1))
    servers_await "$@" >"$servers_dir/out" || status=$?
    if ((status == 77)); then
        result=$(tail -n 1 "$servers_dir/out")
        sed -i '$d' "$servers_dir/out"
    elif ((status)); then
        result=failed
        bad=$((bad + 1))
    fi
    printf 'bench: %-22s %4d s  %s\n' "$name" $((SECONDS - from)) "$result" >&2
    jq -nc --arg program "$name" --arg result "$result" --argjson seconds $((SECONDS - from)) \
        '{bench: "program", $program, $result, $seconds}' >>"$servers_dir/out"
    tee -a build/bench.jsonl <"$servers_dir/out"
}

servers_folder bench
scripts/postgres.sh start # with fsync, unlike the tests': a commit costs what it costs
CONTACT_SYNC_TEST_DSN=$(scripts/postgres.sh dsn)
CONTACT_SYNC_BUILD=$PWD/build/release
CONTACT_SYNC_PYTHON=$PWD/build/venv/bin/python
[[ -x $CONTACT_SYNC_PYTHON ]] || CONTACT_SYNC_PYTHON=/usr/bin/python3
export CONTACT_SYNC_TEST_DSN CONTACT_SYNC_BUILD CONTACT_SYNC_PYTHON
servers_kafka || echo "bench: no Kafka: what needs it is left out" >&2
: >build/bench.jsonl
ran=0 bad=0
for source in tests/bench/*_bench.c; do
    name=$(basename "$source" .c)
    run_one "$name" "build/release/$name"
done
for source in tests/bench/*_bench.py; do
    [[ $source == */lib_bench.py ]] && continue
    run_one "$(basename "$source" .py)" "$CONTACT_SYNC_PYTHON" "$source"
done
run_one instructions /usr/bin/python3 scripts/instructions.py build/release
((ran)) || {
    echo "bench: no benchmark by that name" >&2
    exit 64
}
report=(--out build/bench)
((docs)) && report=(--docs)
/usr/bin/python3 scripts/bench_report.py build/bench.jsonl "${report[@]}" --seconds $((SECONDS - begin)) >&2
((bad == 0))
