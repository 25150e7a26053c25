#!/usr/bin/env bash
# lint.sh [CHECK..]: every check runs, one line each; what a failed one said follows its line. Exit 1 if any failed.
# A check fails by its last command or its pipeline: they run as conditions, where errexit sleeps.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
scripts/deps.sh --lint
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. scripts/sources.sh

# One line a file: `make fmt` mends it, where in it does not matter.
format() {
    sources '*.c' '*.h' | xargs -r -d '\n' clang-format-14 --dry-run -Werror 2>&1 |
        sed -n 's/^\([^:]*\):\([0-9]*\):[0-9]*: error:.*/\1 (line \2; make fmt)/p' | sort -u -t' ' -k1,1
}

# The list is that of banned.h, for the programs and the simulators; comments are taken out first, so that they may name what
# they warn of. And what is released at the end of its block is set where it is declared: a return in between would release
# anything.
banned() {
    local words file found=0
    local -a ours=('common/*.[ch]' 'producer/*.[ch]' 'worker/*.[ch]' 'cli/*.[ch]' 'tests/sim/*.[ch]')
    words=$(sed -e ':join' -e '/\\$/{N;s/\\\n//;b join}' common/base/banned.h | sed -n 's/^#pragma GCC poison //p' | tr -s ' ' '|')
    [[ $words =~ ^[a-z|]+$ ]] || return 1
    while IFS= read -r file; do
        if gcc -fpreprocessed -dD -E -P "$file" 2>/dev/null | grep -nE "(^|[^A-Za-z0-9_.>])($words) *\(" >"$work/hits"; then
            sed "s|^[0-9]*:|$file: |" "$work/hits"
            found=1
        fi
    done < <(sources "${ours[@]}")
    while IFS= read -r file; do
        printf '%s\n' "$file"
        found=1
    done < <(sources "${ours[@]}" | xargs -r -d '\n' grep -nE 'auto(value|ptr)\([a-z_0-9]+\) [^=]*;|autofree [^=]*;')
    return "$found"
}

# Unfinished words, and paths of one machine, in anything that is tracked. Written so that this file does not find itself.
words() {
    ! git grep -nIwE 'TO''DO|FIX''ME|XX''X|HA''CK' -- . ':!tests/data' || return 1
    ! git grep -nIE '(^|[^[:alnum:]_.])/(work|root|farm)/' -- . || return 1
}

spelling() {
    sources . | xargs -r -d '\n' codespell --ignore-words=scripts/codespell-ignore.txt \
        --skip='tests/golden/*,tests/fuzz/corpus/*,tests/data/*,schemas/examples/*'
}

shell() { sources '*.sh' .ci/run | xargs -r -d '\n' shellcheck -x; }

cppcheck_all() {
    sources 'common/*.c' 'producer/*.c' 'worker/*.c' 'cli/*.c' 'tests/sim/*.c' 'tests/support/*.c' |
        xargs -r -d '\n' cppcheck --quiet -j 2 --std=c11 --language=c -I . --library=posix --inline-suppr --error-exitcode=1 \
            '-DLIST_HEAD(n,t)=struct n {struct t *lh_first;}' '-DTAILQ_FOREACH(v,h,f)=for((v)=(h)->tqh_first;(v);(v)=(v)->f.tqe_next)' \
            --enable=warning,performance,portability --suppressions-list=scripts/cppcheck-suppress.txt
}

# The analyzer walks at most so many states of a function: a quarter of its default takes a fifth of the time, and all of it found nothing more here.
tidy_depth=(--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=50000)
tidy() {
    [[ -f build/dev/compile_commands.json ]] || scripts/build.sh dev programs >"$work/build" 2>&1 || cat "$work/build"
    sources 'common/*.c' 'producer/*.c' 'worker/*.c' 'cli/*.c' |
        xargs -r -d '\n' -n 2 -P 2 clang-tidy-14 --quiet -p build/dev --extra-arg=-Wno-unknown-warning-option "${tidy_depth[@]}" 2>&1 |
        sed -E '/^[0-9]+ warnings? generated|^Suppressed |^Use -header-filter|^$/d'
}

run_check() {
    case $1 in
    build) scripts/build.sh dev programs ;; # leaves the compilation database that tidy reads
    layers) scripts/layers.sh ;;
    budgets) scripts/budgets.sh ;;
    banned) banned ;;
    words) words ;;
    format) format ;;
    shell) shell ;;
    spelling) spelling ;;
    cppcheck) cppcheck_all ;;
    tidy) tidy ;;
    *)
        echo "no such check; there are: ${checks[*]}"
        return 64
        ;;
    esac
}

checks=(build layers budgets banned words format shell spelling cppcheck tidy)
(($# == 0)) || checks=("$@")
bad=0
for check in "${checks[@]}"; do
    begin=$SECONDS state=ok
    run_check "$check" >"$work/out" 2>&1 || state=failed
    printf '%-10s %-8s %3d s\n' "$check" "$state" $((SECONDS - begin))
    if [[ $state == failed ]]; then
        sed 's/^/    /' "$work/out" | head -n 200
        bad=1
    fi
done
exit $bad
