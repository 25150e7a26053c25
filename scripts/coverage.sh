#!/usr/bin/env bash
# coverage.sh [--html] [BUILD]: builds the coverage preset, runs the unit, contract, golden and crash programs, and prints
# the share of lines and branches that they reach. Exit 1 where common/core, worker or producer is below its goal.
#   --html   also a page per file, in BUILD/coverage/index.html        BUILD   default: build/coverage
#
# Not counted, each for a reason that can be looked up:
#   - what is generated (the build folder): the SQL scripts as bytes, nothing is decided there
#   - main.c of the three programs: arguments to one call; the end-to-end scripts run them as processes
#   - branches that the compiler made and nobody wrote (exceptions do not exist in C, but gcov counts the edges of cleanup)
#   - assert(): the side on which it stops the program is a mistake of ours, and no test may reach it
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
html=0
[[ ${1:-} == --html ]] && html=1 && shift
build=${1:-build/coverage}
unreachable='assert\(|static_assert\('
tiers='unit|contract|golden|crash'

scripts/deps.sh --test || (($? == 75))
command -v gcovr >/dev/null || {
    echo "coverage: needs the Debian package gcovr" >&2
    exit 69
}
# Always configured: the list of programs below must know those that came since.
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug '-DCMAKE_C_FLAGS_DEBUG=-O0 -g --coverage' >/dev/null
mapfile -t programs < <(ninja -C "$build" -t targets all | sed -nE "s/^(($tiers)_[a-z0-9_]*_test): .*/\1/p" | sort -u)
ninja -C "$build" "${programs[@]}" >"$build/coverage.log" || {
    tail -n 40 "$build/coverage.log"
    exit 1
}
find "$build" -name '*.gcda' -delete

# What needs PostgreSQL is skipped by name where the machine has none; then less is reached, and the numbers say so.
. scripts/servers.sh
servers_folder coverage
CONTACT_SYNC_BUILD=$PWD/$build
[[ $build == /* ]] && CONTACT_SYNC_BUILD=$build
export CONTACT_SYNC_BUILD
servers_postgres
servers_await ctest --test-dir "$build" -L "^($tiers)\$" -j2 --repeat after-timeout:2 --timeout 600 >"$build/ctest.log" 2>&1 ||
    echo "note: not every program passed (see $build/ctest.log); what it reached counts all the same"

report=$build/coverage
mkdir -p "$report"
more=()
((html)) && more=(--html-details "$report/index.html")
gcovr --root . --object-directory "$build" "$build" -j 2 --gcov-ignore-parse-errors \
    --filter 'common/' --filter 'producer/' --filter 'worker/' --exclude '.*/main\.c$' \
    --exclude-unreachable-branches --exclude-throw-branches --exclude-branches-by-pattern ".*($unreachable).*" \
    --json-summary "$report/summary.json" --print-summary "${more[@]}" --txt "$report/files.txt" 2>"$report/gcovr.log" ||
    { tail -n 20 "$report/gcovr.log"; exit 1; }

python3 - "$report/summary.json" <<'PY'
import json
import sys

GOALS = {"common/core/": (95, 85), "worker/": (85, 0), "producer/": (85, 0)}
OTHERS = ("common/core/lava/", "common/base/", "common/net/", "common/drv/", "common/app/")
files = json.load(open(sys.argv[1], encoding="utf-8"))["files"]


def share(files, what):
    """Percent, covered and all of 'line' or 'branch'."""
    covered, total = (sum(f[f"{what}_{n}"] for f in files) for n in ("covered", "total"))
    return 100.0 * covered / total if total else 100.0, covered, total


low = 0
print(f"{'folder':<18} {'lines':>22} {'branches':>22}")
for folder in (*GOALS, *OTHERS):
    mine = [f for f in files if f["filename"].startswith(folder)]
    cells = [share(mine, what) for what in ("line", "branch")]
    print(f"{folder:<18}" + "".join(f" {p:6.1f} % {c:>6}/{t:<6}" for p, c, t in cells), end="")
    missed = [g for g, (p, _, _) in zip(GOALS.get(folder, (0, 0)), cells) if p < g]
    low += bool(missed)
    print(f"  below the goal of {' / '.join(str(g) for g in GOALS[folder] if g)} %" if missed else "")
for folder, goal in GOALS.items():
    for f in sorted((f for f in files if f["filename"].startswith(folder)), key=lambda f: f["line_percent"]):
        if f["line_percent"] < goal[0] or f["branch_percent"] is not None and f["branch_percent"] < goal[1]:
            print(f"  {f['filename']:<44} {f['line_percent']:5.1f} % of lines, {f['branch_percent'] or 100:5.1f} % of branches")
sys.exit(1 if low else 0)
PY
