#!/usr/bin/env bash
# fuzz.sh [--runs N] [NAME..]: runs the fuzzers one after the other, each N times (default: 10,000,000), behind everybody
# else (nice 19). Its growing corpus is build/fuzz-corpus/NAME; how it ended goes to tests/fuzz/log/NAME.txt. Exit 1 where
# something was found (the input is in build/fuzz-finds).
#   --keep [NAME..]      takes from build/fuzz-corpus into tests/fuzz/corpus what reaches code that nothing there reaches
#   --coverage [NAME..]  which part of each decoder the committed corpus reaches: rows for docs/fuzzing.md
# NAME: that of tests/fuzz/NAME_fuzz.c; default: all.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
runs=10000000 mode=run finds=0
while (($#)); do
    case $1 in
    --runs) runs=$2 && shift ;;
    --keep | --coverage) mode=${1#--} ;;
    --help)
        sed -n '2,7s/^# //p' "$0"
        exit 0
        ;;
    -*)
        echo "fuzz: unknown option \"$1\"" >&2
        exit 64
        ;;
    *) break ;;
    esac
    shift
done
names=("$@")
((${#names[@]})) || mapfile -t names < <(basename -s _fuzz.c -a tests/fuzz/*_fuzz.c)

# The files that a fuzzer is there for.
decoder_of() {
    case $1 in
    answer) echo common/net/http_auth.c producer/rock/rock_{answer,photo}.c worker/ews/ews_oauth.c ;;
    autodiscover) echo worker/autodiscover/ad_{codec,plan,plan_answer,url}.c ;;
    contact) echo common/core/contact.c ;;
    cron) echo common/core/cron/cron{,_parse,_text}.c ;;
    ews_decode) echo worker/ews/ews_{decode,xml,error}.c ;;
    fixture) echo producer/fixture/fixture_decode.c ;;
    lava_date) echo common/core/lava/lava_date{,_parse,_format}.c ;;
    lava_decimal) echo common/core/lava/lava_decimal{,_parse}.c ;;
    lava_regex) echo common/core/lava/lava_regex{,_replace,_translate}.c ;;
    lava_render) echo common/core/lava/lava_{access,ctx,eval,filters*,json,render*,value}.c ;;
    lava_template) echo common/core/lava/lava_{lex,parse*,check,reader,source}.c ;;
    message) echo common/core/message.c ;;
    phone) echo common/core/phone{,_lint,_plans}.c ;;
    prefs) echo common/core/prefs.c ;;
    rock_decode) echo producer/rock/rock_{decode,decode_person,formats,format,render}.c ;;
    settings) echo common/base/conf{,_load,_parse,_print}.c ;;
    sim_ntlm) echo tests/sim/exchange/sx_{ntlm,md4}.c ;;
    text) echo common/base/{guid,tm,digest,text}.c common/net/address.c worker/ews/ews_scrub.c ;;
    zone) echo common/core/cron/tz{,_rule}.c ;;
    *)
        echo "fuzz: no decoder is named for \"$1\"" >&2
        return 1
        ;;
    esac
}

# As much as the longest that each reads in earnest; a page of Rock or of EWS is larger, and not different.
longest() {
    case $1 in
    autodiscover) echo 3072 ;;
    ews_decode | contact | prefs | fixture) echo 4096 ;;
    *) echo 2048 ;;
    esac
}

run_one() {
    local name=$1 status=0 log=build/test-logs/fuzz-$1.log
    mkdir -p "build/fuzz-corpus/$name" build/fuzz-finds build/test-logs tests/fuzz/log
    nice -n 19 "build/fuzz/${name}_fuzz" -runs="$runs" -max_len="$(longest "$name")" -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -dict="tests/fuzz/dict/$name.dict" -artifact_prefix="build/fuzz-finds/$name-" \
        "build/fuzz-corpus/$name" "tests/fuzz/corpus/$name" >"$log" 2>&1 || status=$?
    if ((status)); then
        finds=1
        tail -n 30 "$log"
        echo "fuzz/$name FAILED: input in build/fuzz-finds"
        return
    fi
    summary "$name" "$log" | tee "tests/fuzz/log/$name.txt"
}

# The last state of its search, and what libFuzzer says of the whole run.
summary() {
    echo "$1_fuzz, $(date -u +%F)"
    grep -E '^#[0-9]+[[:space:]]+[A-Z]' "$2" | tail -n 1
    grep -E '^(Done|stat::)' "$2"
}

keep_one() {
    [[ -d build/fuzz-corpus/$1 ]] || return 0
    # Not how often a place was passed (use_counters): that would keep hundreds of each.
    "build/fuzz/$1_fuzz" -set_cover_merge=1 -use_counters=0 "tests/fuzz/corpus/$1" "build/fuzz-corpus/$1" >"build/fuzz-keep.log" 2>&1
    echo "$1: $(find "tests/fuzz/corpus/$1" -type f | wc -l) inputs, $(du -s --apparent-size -k "tests/fuzz/corpus/$1" | cut -f1) KB"
}

cover_one() {
    local name=$1 build=build/fuzz-coverage files
    files=$(decoder_of "$name")
    LLVM_PROFILE_FILE=$build/$name.profraw "$build/${name}_fuzz" "tests/fuzz/corpus/$name"/* >"$build/$name.log" 2>&1
    llvm-profdata-14 merge -sparse "$build/$name.profraw" -o "$build/$name.profdata"
    # shellcheck disable=SC2086 # a list of files
    llvm-cov-14 export -summary-only -instr-profile="$build/$name.profdata" "$build/${name}_fuzz" $files |
        jq -r --arg name "$name" --arg files "$files" --arg n "$(find "tests/fuzz/corpus/$name" -type f | wc -l)" \
            'def p: "\(.percent * 10 | round / 10) %"; .data[0].totals
            | "| `\($name)` | \($n) | \(.functions | p) | \(.lines | p) | \(.branches | p) | `\($files)` |"'
}

scripts/deps.sh --fuzz
if [[ $mode == coverage ]]; then
    cmake -S . -B build/fuzz-coverage -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang -DCONTACT_SYNC_FUZZ=ON \
        -DCONTACT_SYNC_TESTS=OFF '-DCMAKE_C_FLAGS_DEBUG=-O1 -g -fprofile-instr-generate -fcoverage-mapping' >/dev/null
    ninja -C build/fuzz-coverage "${names[@]/%/_fuzz}" >build/fuzz-coverage/build.log || {
        tail -n 30 build/fuzz-coverage/build.log
        exit 1
    }
    echo '| fuzzer | inputs | functions | lines | branches | of |'
    echo '|---|---|---|---|---|---|'
else
    scripts/build.sh fuzz "${names[@]/%/_fuzz}" >/dev/null
fi
for name in "${names[@]}"; do
    case $mode in
    run) run_one "$name" ;;
    keep) keep_one "$name" ;;
    coverage) cover_one "$name" ;;
    esac
done
exit "$finds"
