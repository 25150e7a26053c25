#!/usr/bin/env bash
#
# postgres.sh - a throw-away private PostgreSQL 15 for demos, tests and benchmarks.
#
#   postgres.sh start            make the server if it is new, start it, wait until it answers
#   postgres.sh dsn [DB]         connection URI over the unix socket (default DB: postgres)
#   postgres.sh dsn --tcp [DB]   connection URI over loopback, with its password: for proxies and other clients
#   postgres.sh createdb DB      make a database; print its URI
#   postgres.sh psql [ARGS]      psql as its superuser
#   postgres.sh stop             stop it, keep the data
#   postgres.sh kill             immediate stop, as a crash would: the next start recovers
#   postgres.sh wipe             stop, delete everything
#
# Settings, all from the environment:
#   PG_STATE   folder for data, log and socket           (default: build/postgres)
#   PG_PORT    loopback port; 0 picks a free one and remembers it    (default: 0)
#   PG_FAST    1: no fsync. For tests: a server that dies may lose its data
#   PG_BIN     PostgreSQL's programs                     (default: /usr/lib/postgresql/15/bin)
#
# The server refuses to run as root; for root it runs as user postgres. Where that user cannot reach PG_STATE (a checkout
# below /root), or where a socket's path would be too long, the data lies in a folder under TMPDIR that PG_STATE/place names.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '3,22s/^# \{0,1\}//p' "$here/postgres.sh"; }

PG_STATE=${PG_STATE:-$here/../build/postgres}
PG_PORT=${PG_PORT:-0}
PG_BIN=${PG_BIN:-/usr/lib/postgresql/15/bin}
mkdir -p "$PG_STATE"
PG_STATE=$(cd -- "$PG_STATE" && pwd)

die() {
    printf 'postgres.sh: %s\n' "$*" >&2
    exit 1
}

# The server's user runs "$@". The current folder may be closed to it, so go to one that is not.
as_server() {
    if ((EUID == 0)); then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# Prints the folder that holds data and socket; makes it on first use.
place() {
    local dir
    if [[ -f $PG_STATE/place ]]; then
        cat "$PG_STATE/place"
        return
    fi
    dir=$PG_STATE/pg
    # 107 bytes are the most that a socket's path can have; ".s.PGSQL.NNNNN.lock" needs 20 of them.
    if ((${#dir} > 80)) || { ((EUID == 0)) && ! as_server test -x "$PG_STATE"; }; then
        dir=$(mktemp -d "${TMPDIR:-/tmp}/contact-sync-pg.XXXXXX")
    fi
    mkdir -p "$dir"
    chmod 700 "$dir" # whoever reaches the socket is superuser
    ((EUID != 0)) || chown postgres: "$dir"
    echo "$dir" >"$PG_STATE/place"
    echo "$dir"
}

port() { cat "$PG_STATE/port" 2>/dev/null || die "not started yet"; }
running() { [[ -f $1/data/postmaster.pid ]] && as_server "$PG_BIN/pg_ctl" -D "$1/data" status >/dev/null 2>&1; }

make_server() {
    local dir=$1
    # Anyone on this machine can reach a loopback port, so that way in has a password; the socket's folder is closed.
    (umask 077 && head -c 18 /dev/urandom | base64 | tr '+/' '-_' >"$PG_STATE/password")
    install -m 600 "$PG_STATE/password" "$dir/password"
    ((EUID != 0)) || chown postgres: "$dir/password"
    as_server "$PG_BIN/initdb" -D "$dir/data" -U postgres --auth-local=trust --auth-host=scram-sha-256 \
        --pwfile="$dir/password" --locale=C -E UTF8 >"$PG_STATE/initdb.log" 2>&1 ||
        die "initdb failed: $(tail -n 3 "$PG_STATE/initdb.log")"
    rm "$dir/password"
}

# Below the range that the kernel hands to outgoing connections, so that none of those takes it meanwhile.
free_port() {
    local p
    while :; do
        p=$((20000 + RANDOM % 12000))
        (: <"/dev/tcp/127.0.0.1/$p") 2>/dev/null || break
    done
    echo "$p"
}

start() {
    local dir options='' try
    [[ -x $PG_BIN/pg_ctl ]] || die "no PostgreSQL 15 in $PG_BIN: ./run.sh deps"
    dir=$(place)
    running "$dir" && return
    [[ -f $dir/data/PG_VERSION ]] || make_server "$dir"
    [[ ${PG_FAST:-0} == 1 ]] && options='-c fsync=off -c full_page_writes=off'
    for try in 1 2 3 4 5; do
        if ((PG_PORT != 0)); then
            echo "$PG_PORT" >"$PG_STATE/port"
        elif [[ ! -f $PG_STATE/port ]] || ((try > 1)); then
            free_port >"$PG_STATE/port"
        fi
        if as_server "$PG_BIN/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" -o "-p $(port) -k $dir $options \
            -c listen_addresses=127.0.0.1 -c max_connections=200" start </dev/null >"$PG_STATE/start.log" 2>&1; then
            return
        fi
        # Somebody else took the port in between: another one.
        tail -n 5 "$dir/log" 2>/dev/null | grep -q 'could not bind' || break
    done
    die "the server does not start: $(tail -n 3 "$dir/log" 2>/dev/null)"
}

stop() {
    local dir
    dir=$(place)
    running "$dir" || return 0
    as_server "$PG_BIN/pg_ctl" -D "$dir/data" -w -t 60 -m "$1" stop >/dev/null
}

dsn() {
    if [[ ${1:-} == --tcp ]]; then
        printf 'postgresql://postgres:%s@127.0.0.1:%s/%s\n' "$(cat "$PG_STATE/password")" "$(port)" "${2:-postgres}"
    else
        printf 'postgresql:///%s?host=%s&port=%s&user=postgres\n' "${1:-postgres}" "$(place | sed 's/%/%25/g; s/ /%20/g; s/&/%26/g')" "$(port)"
    fi
}

psql() { "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }

verb=${1:---help}
shift || true
case $verb in
start) start ;;
dsn) dsn "$@" ;;
createdb)
    [[ ${1:-} =~ ^[a-z0-9_]{1,63}$ ]] || die "createdb wants a name of a-z, 0-9 and _"
    psql -d "$(dsn)" -c "CREATE DATABASE $1"
    dsn "$1"
    ;;
psql) psql -d "$(dsn)" "$@" ;;
stop) stop fast ;;
kill) stop immediate ;;
wipe)
    stop immediate
    dir=$(place)
    rm -rf "$dir" "$PG_STATE"/{place,port,password,initdb.log,start.log}
    ;;
-h | --help) usage ;;
*)
    usage >&2
    exit 64
    ;;
esac
