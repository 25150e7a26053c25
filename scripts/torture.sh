#!/usr/bin/env bash
# torture.sh [--memcheck] [--all] [BUILD] [PROGRAM..]: what the test programs do when memory is short, or used wrongly.
# torture.sh --self-check [BUILD]: is what is wrong found, and nothing else (tests/torture/broken.c)?
#
# Without --memcheck every way to an allocation fails in several tests, and each time the program has to end in one of four ways:
# the test passes all the same; it fails and err_set was called; it stops with "out of memory" (docs/adr/0004); an HTTP server
# closes the connection. How: tests/torture/torture.h. A test is at it for TORTURE_MS (500 ms); where it has more ways than
# fit, they are an even sample. With --memcheck every test runs once under valgrind,
# and is left out, with its name, where that takes more than 20 s of the processor.
#   --all    every way in every test
#   BUILD    default: build/dev
#   PROGRAM  unit_diff_test and so on; default: the unit tests of BUILD and the contract tests that need no server
# What is wrong is printed with where the allocation was asked for; all that was said is in BUILD/torture or BUILD/memcheck. Closes with
# "N programs, N bad"; exit code 1 for any bad. TORTURE_ONLY=suite/test: one test.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
memcheck=0 self_check=0
export TORTURE_MS=${TORTURE_MS:-500}
while [[ ${1:-} == --* ]]; do
    case $1 in
    --memcheck) memcheck=1 ;;
    --self-check) self_check=1 ;;
    --all) export TORTURE_MS=100000000 TORTURE_TURNS=1000000000 ;;
    *)
        printf 'torture: unknown option "%s"; see scripts/torture.sh\n' "$1" >&2
        exit 64
        ;;
    esac
    shift
done
build=$(realpath -- "${1:-build/dev}")
shift || true
programs=("$@")
logs=$build/torture
((memcheck)) && logs=$build/memcheck
((self_check)) && logs=$build/torture-self-check
mkdir -p "$logs"

library() { # NAME SOURCE..
    local name=$1
    shift
    cc -std=gnu17 -O1 -g -fPIC -D_GNU_SOURCE -I. -Wall -Wextra -Werror -Wshadow -shared -o "$logs/$name.so" "${@/#/tests/torture/}" -ldl
}

# What is of the tests and does not have to bear it: names of their files, and of the global functions in their libraries.
list_tests() {
    echo
    find tests -name torture -prune -o -name '*.c' -printf '%f\n'
    nm --defined-only --extern-only --format=posix "$build"/lib{sync_test_support,sync_sim,sim_exchange_lib,sim_rock_lib}.a |
        awk '$2 == "T" { print $1 }'
}

# Its children are looked at too; what tests start by exec is not. Reasons of suppressions stand beside them.
valgrind_words=(valgrind --quiet --trace-children=yes '--trace-children-skip=/bin/*,/usr/*' --error-exitcode=99 --leak-check=full
    --show-leak-kinds=definite --errors-for-leak-kinds=definite "--suppressions=$PWD/scripts/memcheck.supp" --num-callers=30)

# run PROGRAM: by its path.
run() {
    if ((memcheck)); then
        "${valgrind_words[@]}" env TORTURE=plain LD_PRELOAD="$logs/plain.so" "$1"
    else
        env TORTURE=alloc LD_PRELOAD="$logs/alloc.so" "$1"
    fi
}

# Numbers behind "at:" become functions and lines.
with_lines() {
    local line frames
    while IFS= read -r line; do
        printf '%s\n' "$line"
        if [[ $line == "    at: "* ]]; then
            read -ra frames <<<"${line#*at: }"
            addr2line -sfe "$1" "${frames[@]}" | paste - - | sed 's/^/      /' | head -n 8
        fi
    done
}

# one PROGRAM: its lines at once, so that two at a time do not mix.
one() {
    local status=0 begin=$SECONDS log=$logs/$1.log
    run "$build/$1" >"$log" 2>&1 || status=$?
    # shellcheck disable=SC2005
    echo "$(
        printf '%-40s %3d s, %s\n' "$1" $((SECONDS - begin)) "$(tail -n 1 "$log")"
        ((status)) || grep ' takes too long$' "$log" || true
        ((status == 0)) || head -n -1 "$log" | head -n 200 | with_lines "$build/$1" || true
    )"
    ((status == 0)) || touch "$logs/$1.bad"
}

library alloc run.c self.c alloc.c
library plain run.c self.c
rm -f "$logs"/*.log "$logs"/*.bad
export TORTURE_TESTS=$logs/tests
list_tests >"$TORTURE_TESTS"

# found: names of the tests of tests/torture/broken.c that the log speaks of.
found() { grep -oE '^  [^/]*broken/[a-z_]+' "$logs/broken.log" | sed 's|.*/||' | sort -u; }
names() { grep -oE "^Test\\(broken, $1_[a-z_]+" tests/torture/broken.c | sed 's/.* //' | sort; }

if ((self_check)); then
    cc -std=gnu17 -Og -g -D_GNU_SOURCE -I. -Wall -Wextra -Werror -o "$logs/broken" tests/torture/broken.c \
        "$build/libsync_base.a" -lcriterion -ljansson -lutf8proc
    state=0
    for memcheck in 0 1; do
        kind=bad
        ((memcheck)) && kind=memory
        run "$logs/broken" >"$logs/broken.log" 2>&1 || true
        diff <(names "$kind") <(found) >"$logs/broken.diff" && continue
        sed -n 's/^</not found:/p; s/^>/found wrongly:/p' "$logs/broken.diff"
        cat "$logs/broken.log"
        state=1
    done
    ((state)) || echo "all that is broken was found, and nothing else"
    exit "$state"
fi

if ((${#programs[@]} == 0)); then
    # The simulators are tests themselves.
    mapfile -t programs < <(cd "$build" && printf '%s\n' unit_*_test contract_*_memory_test contract_directory_source_{fixture,model}_test \
        contract_contact_store_faulty_test | if ((memcheck)); then cat; else grep -v '^unit_sim_'; fi)
fi
for program in "${programs[@]}"; do
    if [[ ! -x $build/$program ]]; then
        echo "$program is not in $build"
        touch "$logs/$program.bad"
        continue
    fi
    (($(jobs -pr | wc -l) < $(nproc))) || wait -n
    one "$program" &
done
wait
bad=$(find "$logs" -name '*.bad' | wc -l)
echo "${#programs[@]} programs, $bad bad"
((bad == 0))
