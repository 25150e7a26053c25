#!/usr/bin/env bash
#
# demo.sh - the main job on made-up data, end to end: a church in the Rock simulator, mailboxes in the Exchange simulator, a private PostgreSQL, and the real programs.
#
#   demo.sh            contact-sync up: producer and worker in one process
#   demo.sh --kafka    a producer and two workers over real Apache Kafka
#   demo.sh --keep     leave everything up and say how to look at it
#
# PEOPLE, USERS and SEED (3000, 40, 7) make another church. The verdict compares the mailboxes with the church generator's own model, never with the product's rows.

set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/servers.sh
. scripts/servers.sh

kafka=
keep=
for arg; do
    case $arg in
        --kafka) kafka=1 ;;
        --keep) keep=1 ;;
        *) echo "demo: unknown option $arg (--kafka, --keep)" >&2; exit 64 ;;
    esac
done

bin=$PWD/build/release
people=${PEOPLE:-3000} users=${USERS:-40} seed=${SEED:-7}
pids=()

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# --- cleaning up -------------------------------------------------------------------------

programs_down() {
    local pid
    for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}

finish() {
    local code=$?
    trap - EXIT
    if [[ -n $keep && $code == 0 ]]; then
        how_to_look
        exit 0
    fi
    if [[ $code != 0 && -d ${servers_dir:-/nonexistent} ]]; then
        mkdir -p build/demo-logs
        cp -- "$servers_dir"/*.log build/demo-logs/ 2>/dev/null || true
        echo "demo: ended with code $code; logs are in build/demo-logs" >&2
    fi
    programs_down
    servers_down
    exit $code
}

how_to_look() {
    cat <<EOF

Everything is still up. To look at it:
  $bin/contact-sync status --config $site
  $bin/contact-sync run --wait --config $site
  curl -s $exchange/control/mailboxes | jq '.mailboxes[:3]'
  curl -s $exchange/control/stats | jq .
  curl -s $rock/control/church | jq .
  scripts/postgres.sh psql contact_sync      (with PG_STATE=$PG_STATE)
  logs: $servers_dir/*.log
To end it:
  kill ${pids[*]}; PG_STATE=$PG_STATE scripts/postgres.sh wipe;${kafka:+ KAFKA_STATE=$KAFKA_STATE scripts/kafka.sh wipe;} rm -rf $servers_dir
EOF
}

# --- starting ----------------------------------------------------------------------------

# start NAME COMMAND..: in the background, output to NAME.log
start() {
    local name=$1
    shift
    "$@" </dev/null >"$servers_dir/$name.log" 2>&1 &
    pids+=($!)
}

port_of() { # FILE: waits for the port that a simulator writes
    local i
    for ((i = 0; i < 200; i++)); do
        [[ -s $1 ]] && { cat "$1"; return; }
        sleep 0.05
    done
    die "a simulator did not start, see $servers_dir"
}

start_simulators() {
    (umask 077 && echo rock-rest-key >"$servers_dir/rock.key" && echo secret >"$servers_dir/exchange.password")
    start sim-rock "$bin/sim-rock" --seed "$seed" --people "$people" --users "$users" --token-file "$servers_dir/rock.key" \
        --port-file "$servers_dir/rock.port"
    start sim-exchange "$bin/sim-exchange" --seed "$seed" --any-mailbox church.example --foreign 5 --latency-ms 30 --item-ms 2 \
        --user svc-sync --password secret --port-file "$servers_dir/exchange.port"
    rock=http://127.0.0.1:$(port_of "$servers_dir/rock.port")
    exchange=http://127.0.0.1:$(port_of "$servers_dir/exchange.port")
}

write_settings() {
    site=$servers_dir/site.conf
    cat >"$site" <<EOF
rock.url = $rock
rock.allow_http = true
rock.token_file = $servers_dir/rock.key
eligible_group = $(curl -fsS "$rock/control/church" | jq -r .eligible_group)
mail_domains = church.example
exchange.url = $exchange/EWS/Exchange.asmx
exchange.allow_http = true
exchange.user = svc-sync
exchange.password_file = $servers_dir/exchange.password
postgres.dsn = $dsn
redrive.every = 500ms
EOF
    if [[ -n $kafka ]]; then
        echo "kafka.bootstrap.servers = $brokers" >>"$site"
    else
        echo "queue = memory" >>"$site"
    fi
}

start_programs() {
    if [[ -n $kafka ]]; then
        start producer "$bin/contact-sync-producer" --config "$site"
        start worker-1 "$bin/contact-sync-worker" --config "$site"
        start worker-2 "$bin/contact-sync-worker" --config "$site"
    else
        start up "$bin/contact-sync" up --config "$site"
    fi
}

# --- runs and verdicts -------------------------------------------------------------------

cs() { "$bin/contact-sync" "$@" --config "$site"; }

# compare [photos=1]: the simulator's judgement, of names and numbers, or of pictures too.
compare() { curl -fsS "$rock/control/expected?${1:-}" | curl -fsS -X POST --data-binary @- "$exchange/control/compare"; }

verdict() {
    local v
    v=$(compare "$@")
    jq -r '"verdict: expected \(.expected), found \(.found), \(.missing) missing, \(.extra) extra, \(.doubled) doubled, \(.different) different, \(.foreign_touched) foreign contacts touched"' <<<"$v"
    if [[ $(jq .ok <<<"$v") != true ]]; then
        jq '.differences[:10]' <<<"$v"
        die "the mailboxes are not what the church's model says"
    fi
}

calls() { curl -fsS "$exchange/control/stats" | jq '[.calls[]] | add // 0'; }

# Pictures come behind all numbers, and nobody waits for them; but a run that is to cost nothing does here.
pictures() {
    local begin=$SECONDS shown=$SECONDS seen
    while ((SECONDS < begin + 300)); do
        seen=$(cs status --json | jq .photos)
        if jq -e '.people + .mailboxes == 0' <<<"$seen" >/dev/null && [[ $(compare photos=1 | jq .ok) == true ]]; then
            echo "pictures: on $(jq .held <<<"$seen") contacts, after $((SECONDS - begin)) s"
            return
        fi
        if ((SECONDS >= shown + 5)); then
            jq -r '"pictures: on \(.held) contacts; \(.people) to be read from Rock, \(.mailboxes) mailboxes to be written"' <<<"$seen"
            shown=$SECONDS
        fi
        sleep 0.5
    done
    die "the pictures did not come to an end, see contact-sync status"
}

third_run() {
    local messages n
    curl -fsS -X DELETE "$exchange/control/stats" >/dev/null
    messages=$(cs run --wait --json | jq .counts.messages)
    n=$(calls)
    echo "third run: $messages messages, $n Exchange calls"
    [[ $messages == 0 && $n == 0 ]] || die "an unchanged church must cost no message and no Exchange call"
}

servers_folder demo
trap finish EXIT
say "A church of $people people, $users eligible users (simulators of Rock and Exchange, private PostgreSQL${kafka:+, Apache Kafka})"
scripts/postgres.sh start
scripts/postgres.sh createdb contact_sync
dsn=$(scripts/postgres.sh dsn contact_sync)
if [[ -n $kafka ]]; then
    servers_kafka || die "Kafka could not be started"
    brokers=$CONTACT_SYNC_TEST_KAFKA
    unset CONTACT_SYNC_TEST_KAFKA # no setting of the programs: they would refuse it
fi
start_simulators
write_settings
cs migrate
curl -fsS "$rock/control/prefs" >"$servers_dir/prefs.json"
cs prefs import "$servers_dir/prefs.json"
start_programs

say "First run: everybody's contacts arrive"
cs run --wait
verdict
say "Pictures follow"
pictures
verdict photos=1

say "Rock changes"
curl -fsS -X POST "$rock/control/demo-changes" | jq -r '.changes[].text | "  " + .'
say "Second run: only what changed"
cs run --wait
pictures
verdict photos=1

say "Third run: nothing changed"
third_run
verdict photos=1
say "Done: every contact is where it should be, once, with its picture"
