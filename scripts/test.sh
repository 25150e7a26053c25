#!/usr/bin/env bash
# test.sh [--asan|--full|--soak] [--only REGEX]: see ./run.sh --help. Closes with "N passed, N failed, N skipped".
#
# Test programs (tests/<tier>/*_test.c) run by ctest; test scripts (tests/{integration,e2e,full,soak}/*.sh) one after the
# other. Both say "skipped" by exit code 77 with the reason on their last line. A script's comment lines may say
#   # tier: default|full|soak     (default: by its folder)          # limit: SECONDS     (default: 300)
# They find in the environment: CONTACT_SYNC_BUILD (the build folder), CONTACT_SYNC_TEST_DSN (superuser of a private
# PostgreSQL; make a database of your own), CONTACT_SYNC_TEST_KAFKA (host:port, absent where there is no Kafka),
# CONTACT_SYNC_TEST_DIR (an empty folder, removed afterwards), CONTACT_SYNC_PYTHON (has exchangelib and jsonschema).
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
tier=default only=.
while (($#)); do
    case $1 in
    --asan | --full | --soak) tier=${1#--} ;;
    --only)
        only=${2:?--only wants a regular expression}
        shift
        ;;
    *)
        printf 'test: unknown option "%s"; see ./run.sh --help\n' "$1" >&2
        exit 64
        ;;
    esac
    shift
done
passed=0 failed=0 skipped=0
. scripts/servers.sh

# say_skip and fail_one keep the count beside the word, so that none is silent.
say_skip() {
    echo "skipped: $1"
    skipped=$((skipped + 1))
}
fail_one() {
    echo "--- FAILED $1"
    failed=$((failed + 1))
}

# run_programs PRESET LABELS: the ctest part.
run_programs() {
    local preset=$1 labels=$2 p f s
    [[ -d build/$preset ]] || return 0
    export CRITERION_VERBOSITY_LEVEL=1 # else it keeps quiet about skipped cases
    # Criterion's runner hangs now and then, most of all under a sanitizer on a busy machine: what ran into its time limit runs once more.
    servers_await ctest --test-dir "build/$preset" --repeat after-timeout:2 -j2 -L "^($labels)\$" -R "$only" --no-tests=ignore \
        --test-output-size-passed 1000000 --test-output-size-failed 1000000 \
        --output-junit "$servers_dir/$preset.xml" >"$servers_dir/ctest.log" 2>&1 || true
    grep -E '^ *[0-9]+/[0-9]+ Test' "$servers_dir/ctest.log" || true
    if ! /usr/bin/python3 scripts/tally.py "$servers_dir/$preset.xml" "$servers_dir/counts"; then
        cat "$servers_dir/ctest.log"
        fail_one "ctest in build/$preset"
        return
    fi
    read -r p f s <"$servers_dir/counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# tier_of SCRIPT: its own word, else its folder's.
tier_of() {
    local word
    word=$(sed -n 's/^# tier: *\([a-z]*\).*/\1/p' "$1" | head -n 1)
    case ${word:-$1} in
    tests/full/*) echo full ;;
    tests/soak/*) echo soak ;;
    tests/*) echo default ;;
    *) echo "$word" ;;
    esac
}

run_script() {
    local script=$1 name log limit status=0 begin=$SECONDS
    name=${script#tests/}
    name=${name%.sh}
    log=build/test-logs/${name//\//-}.log
    limit=$(sed -n 's/^# limit: *\([0-9]*\).*/\1/p' "$script" | head -n 1)
    CONTACT_SYNC_TEST_DIR=$servers_dir/scratch
    export CONTACT_SYNC_TEST_DIR
    rm -rf "$CONTACT_SYNC_TEST_DIR"
    mkdir "$CONTACT_SYNC_TEST_DIR"
    servers_await timeout -k 30 "${limit:-300}" bash "$script" >"$log" 2>&1 || status=$?
    case $status in
    0)
        passed=$((passed + 1))
        printf '%-44s passed  %4d s\n' "$name" $((SECONDS - begin))
        ;;
    77) say_skip "$name: $(tail -n 1 "$log" | sed 's/^skipped: //')" ;;
    124 | 137)
        tail -n 100 "$log"
        fail_one "$name: over its limit of ${limit:-300} s (the whole log: $log)"
        ;;
    *)
        tail -n 200 "$log"
        fail_one "$name: exit $status (the whole log: $log)"
        ;;
    esac
}

# run_scripts TIER..: each test script of these tiers.
run_scripts() {
    local script
    mkdir -p build/test-logs
    for script in tests/{integration,e2e,full,soak}/*.sh; do
        [[ -e $script && $(basename "$script") != lib* && $script =~ $only ]] || continue
        [[ " $* " == *" $(tier_of "$script") "* ]] && run_script "$script"
    done
    return 0
}

# Each fuzzer for a minute, starting from its corpus; what it finds stays in build/fuzz-finds.
run_fuzzers() {
    local source name
    mkdir -p build/fuzz-finds
    for source in tests/fuzz/*_fuzz.c; do
        name=$(basename "$source" _fuzz.c)
        [[ -e $source && fuzz/$name =~ $only ]] || continue
        mkdir -p "$servers_dir/corpus/$name" "tests/fuzz/corpus/$name"
        if servers_await "build/fuzz/${name}_fuzz" -max_total_time=60 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
            -artifact_prefix="build/fuzz-finds/$name-" "$servers_dir/corpus/$name" "tests/fuzz/corpus/$name" \
            >"build/test-logs/fuzz-$name.log" 2>&1; then
            passed=$((passed + 1))
            echo "fuzz/$name passed: $(grep -o 'number_of_executed_units.*' "build/test-logs/fuzz-$name.log")"
        else
            tail -n 40 "build/test-logs/fuzz-$name.log"
            fail_one "fuzz/$name (input in build/fuzz-finds)"
        fi
    done
}

# run_schedules N: that many fault schedules of whole installations, and one in a hundred over PostgreSQL.
run_schedules() {
    [[ crash/schedules =~ $only ]] || return 0
    mkdir -p build/test-logs
    if servers_await build/dev/crash_world_test --seeds "1-$1" >build/test-logs/schedules.log 2>&1 &&
        servers_await build/dev/crash_world_test --pg --seeds "1-$(($1 / 100))" >>build/test-logs/schedules.log 2>&1; then
        passed=$((passed + 1))
        echo "crash/schedules passed: $(tr '\n' ' ' <build/test-logs/schedules.log)"
    else
        tail -n 40 build/test-logs/schedules.log
        fail_one "crash/schedules"
    fi
}

# Broken builds have to be found out.
run_self_check() {
    [[ crash/self-check =~ $only ]] || return 0
    mkdir -p build/test-logs
    if servers_await scripts/self_check.sh >build/test-logs/self-check.log 2>&1; then
        passed=$((passed + 1))
        echo "crash/self-check passed: $(tail -n 1 build/test-logs/self-check.log)"
    else
        cat build/test-logs/self-check.log
        fail_one "crash/self-check"
    fi
}

# Do the hot paths execute more than tests/bench/instructions.json says?
run_instructions() {
    local status=0
    [[ full/instructions =~ $only ]] || return 0
    mkdir -p build/test-logs
    servers_await scripts/bench.sh --instructions >build/test-logs/instructions.log 2>&1 || status=$?
    case $status in
    0)
        passed=$((passed + 1))
        echo "full/instructions passed"
        ;;
    77) say_skip "full/instructions: $(tail -n 1 build/test-logs/instructions.log | sed 's/^skipped: //')" ;;
    *)
        tail -n 20 build/test-logs/instructions.log
        fail_one "full/instructions: a hot path executes 5 % more"
        ;;
    esac
}

# Would the unit tests notice a wrong decision? A sample of the changes; all of them: ./run.sh mutate.
run_mutations() {
    [[ full/mutate =~ $only ]] || return 0
    mkdir -p build/test-logs
    if servers_await scripts/mutate.py --limit 60 >build/test-logs/mutate.log 2>&1; then
        passed=$((passed + 1))
        echo "full/mutate passed"
    else
        cat build/test-logs/mutate.log
        fail_one "full/mutate: a module's score is below 80 %"
    fi
}

# run_torture NAME [--OPTION]: memory that is short, or used wrongly.
run_torture() {
    local name=$1 log=build/test-logs/$1.log
    shift
    [[ full/$name =~ $only ]] || return 0
    if [[ "$*" != "" ]] && ! command -v valgrind >/dev/null; then
        say_skip "full/$name: valgrind is missing"
        return 0
    fi
    mkdir -p build/test-logs
    if servers_await scripts/torture.sh "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "full/$name passed: $(tail -n 1 "$log")"
    else
        sed -E '/^(unit|contract)_.* 0 bad(;|$)/d' "$log" | head -n 200
        fail_one "full/$name (the whole log: $log)"
    fi
}

# Criterion neither fails on a leak nor stops at a report in a child: the reports' files are the verdict.
sanitizer_setup() {
    local log=$PWD/build/asan/reports/report
    rm -rf build/asan/reports
    mkdir -p build/asan/reports
    export ASAN_OPTIONS="log_path=$log:halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
    export UBSAN_OPTIONS="log_path=$log:halt_on_error=1:print_stacktrace=1"
    export LSAN_OPTIONS="suppressions=$PWD/scripts/lsan.supp:print_suppressions=0"
}
sanitizer_verdict() {
    local report
    for report in build/asan/reports/report*; do
        [[ -e $report ]] || continue
        head -n 60 "$report"
        fail_one "sanitizer report $report"
    done
}

scripts/deps.sh --test || (($? == 75)) # 75: something from a registry is missing; its tests are skipped by name
case $tier in
asan) scripts/build.sh asan ;;
full)
    scripts/build.sh dev
    scripts/build.sh tsan
    scripts/build.sh fuzz
    ;;
*) scripts/build.sh dev ;;
esac

servers_folder test
CONTACT_SYNC_BUILD=$PWD/build/dev
[[ $tier == asan ]] && CONTACT_SYNC_BUILD=$PWD/build/asan
CONTACT_SYNC_PYTHON=$PWD/build/venv/bin/python
export CONTACT_SYNC_BUILD CONTACT_SYNC_PYTHON
servers_postgres
servers_kafka || say_skip "everything that needs Kafka: no broker could be started"
[[ -d ../shared ]] || echo "note: no ../shared beside the project; what reads it is skipped by name"

case $tier in
asan)
    sanitizer_setup
    run_programs asan 'unit|contract|golden|crash'
    sanitizer_verdict
    ;;
default)
    run_programs dev 'unit|contract|golden|crash|integration'
    run_scripts default
    ;;
full)
    run_programs dev 'unit|contract|golden|crash|integration'
    run_programs tsan stress
    run_scripts default full
    run_schedules 10000
    run_self_check
    run_fuzzers
    run_instructions
    run_torture torture-self-check --self-check
    run_torture torture
    run_torture memcheck --memcheck
    run_mutations
    ;;
soak)
    run_schedules 1000000
    run_scripts soak
    ;;
esac

echo
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
