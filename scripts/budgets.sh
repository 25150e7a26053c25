#!/usr/bin/env bash
# budgets.sh: size budgets. Functions at most 60 lines and complexity 12 (programs, simulators, test support), files at most
# 600 lines (all), headers at most 15 functions (programs; 30 where a module talks to itself, in *_p.h).
# scripts/budget-allow.txt lists the exceptions, one "KIND PATH[:FUNCTION]  reason" a line; it may only get shorter: an entry
# that is no longer needed fails the check.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
allow=scripts/budget-allow.txt
work=$(mktemp -d) && mkdir "$work/tree"
trap 'rm -rf "$work"' EXIT
. scripts/sources.sh
mapfile -t all <<<"$(sources '*.c' '*.h')"
mapfile -t code <<<"$(sources 'common/*.c' 'producer/*.c' 'worker/*.c' 'cli/*.c' 'tests/sim/*.c' 'tests/support/*.c')"
mapfile -t headers <<<"$(sources 'common/*.h' 'producer/*.h' 'worker/*.h' 'cli/*.h')"
[[ -n ${all[0]} ]] || exit 0

# Each finding: KIND PATH[:FUNCTION] value
{
    # pmccabe takes `vec(struct x) name;` and `LIST_HEAD(, x) name;` for the end of a class: it gets copies that say `int name;`.
    for file in "${code[@]}"; do
        [[ -n $file ]] || continue
        mkdir -p "$work/tree/${file%/*}"
        sed -E 's/\bvec\([a-z_0-9 ]+\**\)/int/; s/\b(LIST|TAILQ)_(HEAD|ENTRY)\([^)]*\) ([a-z_]+;)/int \3/' "$file" >"$work/tree/$file"
    done
    # 1 = complexity with a switch counted once, 5 = lines, 6 = file(line): 7 = function
    [[ -z ${code[0]} ]] || (cd "$work/tree" && pmccabe "${code[@]}" 2>"$work/pmccabe.err") | awk '
        { file = $6; sub(/\([0-9]+\):$/, "", file) }
        $5 > 60 { print "length", file ":" $7, $5 }
        $1 > 12 { print "complexity", file ":" $7, $1 }'
    wc -l "${all[@]}" | awk '$2 != "total" && $1 > 600 { print "file", $2, $1 }'
    # A declaration of a function: a line that starts in the first column, holds "name(", and is no macro, typedef or type.
    [[ -z ${headers[0]} ]] || awk '
        /^[a-z].*[a-z0-9_]\(/ && !/^(typedef|struct [a-z_]+ \{|enum|static inline)/ { count[FILENAME]++ }
        END { for (f in count) if (count[f] > (f ~ /_p\.h$/ ? 30 : 15)) print "header", f, count[f] }' "${headers[@]}"
} | sort >"$work/found"
awk 'NF && !/^#/ { print $1, $2 }' "$allow" | sort >"$work/allowed"
awk '{ print $1, $2 }' "$work/found" | sort -u >"$work/keys"

bad=0
while read -r kind where value; do
    if ! grep -qxF "$kind $where" "$work/allowed"; then
        echo "over budget: $kind $where is $value"
        bad=1
    fi
done <"$work/found"
comm -13 "$work/keys" "$work/allowed" >"$work/stale"
if [[ -s $work/stale ]]; then
    sed "s|^|no longer needed, take it off $allow: |" "$work/stale"
    bad=1
fi
if [[ -s $work/pmccabe.err ]]; then
    cat "$work/pmccabe.err"
    bad=1
fi
exit $bad
