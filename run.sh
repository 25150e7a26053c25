#!/usr/bin/env bash
# run.sh: the one front door. Every verb installs and builds what it needs; the work is done in scripts/.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
export LC_ALL=C.UTF-8 # a fresh machine has no other locale, and sorted output must not depend on one

usage() {
    cat <<'TXT'
usage: ./run.sh VERB [options]

  deps [--test] [--lint]     install the Debian packages that are missing (root or sudo)
                             --test: also what only tests need (Java and Maven for Kafka, a Python client; into build/)
                             --lint: also the code checkers
  build [PRESET] [TARGET..]  configure and build; presets: dev (default), asan, tsan, fuzz, coverage, release
  demo [--kafka] [--keep]    the whole job on a made-up church: three runs and a verdict
                             --kafka: on real Apache Kafka, with a producer and two workers as processes of their own
                             --keep: leave everything up and say how to look at it
  test [TIER]                the tests; without a tier those of every day (at most 15 minutes on two cores)
                             --asan: unit, contract, golden and crash tests under address and undefined sanitizers
                             --full: everything (an hour or two);  --soak: hours
                             --only REGEX: of the chosen tier, the tests whose name matches
  mutate [options]           changes the modules that decide, one thing at a time: would their unit tests notice?
                             (scripts/mutate.py --help; docs/mutation.md)
  coverage [--html]          lines and branches that the tests reach, against their goals
  bench [NAME..]             release build, then the benchmarks beside their peers (at most 20 minutes on two cores): JSON lines,
                             and a report with plots, build/bench/report.md
                             --write-docs: the report goes into docs/performance.md
                             --instructions: only counts what the hot paths execute; fails at 5 % more
  lint [CHECK..]             format, tidy, cppcheck, layers, budgets, spelling, shell; every check runs
  --help                     this text

examples:
  ./run.sh demo                     install, build, run the job, look at the verdict; exit 0 when it is exact
  ./run.sh demo --kafka --keep      the same on Kafka, and leave it running
  ./run.sh test                     every-day tests with a private PostgreSQL and a private Kafka
  ./run.sh test --only unit/diff    one test program
  ./run.sh build asan && build/asan/unit_diff_test --filter 'diff/*'
  ./run.sh bench worker             the benchmarks whose name holds "worker"

Everything lands in build/; `rm -rf build` forgets it all. Nothing listens beyond loopback.
TXT
}

verb=${1:---help}
shift || true
case $verb in
deps) exec scripts/deps.sh "$@" ;;
build)
    scripts/deps.sh
    exec scripts/build.sh "$@"
    ;;
demo)
    if [[ " $* " == *" --kafka "* ]]; then scripts/deps.sh --kafka; else scripts/deps.sh; fi
    scripts/build.sh release programs
    exec scripts/demo.sh "$@"
    ;;
test) exec scripts/test.sh "$@" ;;
mutate)
    scripts/deps.sh --test || (($? == 75))
    [[ -f build/dev/build.ninja ]] || scripts/build.sh dev programs
    exec scripts/mutate.py "$@"
    ;;
coverage) exec scripts/coverage.sh "$@" ;;
bench) exec scripts/bench.sh "$@" ;;
lint) exec scripts/lint.sh "$@" ;;
-h | --help | help) usage ;;
*)
    printf 'run.sh: unknown verb "%s"; see ./run.sh --help\n' "$verb" >&2
    exit 64
    ;;
esac
