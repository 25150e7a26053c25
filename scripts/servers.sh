# shellcheck shell=bash
# servers.sh: to be sourced, from the project's root. Private servers of one run, in a folder of their own, gone when the
# shell ends however it ends.

# servers_folder NAME: makes the run's folder and promises to clean it up. Sets servers_dir.
servers_folder() {
    mkdir -p build/run
    servers_dir=$(mktemp -d "$PWD/build/run/$1.XXXXXX")
    chmod 755 "$servers_dir" # user postgres has to get through
    export PG_STATE=$servers_dir/postgres KAFKA_STATE=$servers_dir/kafka
    trap servers_down EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# servers_postgres: starts PostgreSQL; exports CONTACT_SYNC_TEST_DSN, a superuser's: a test makes a database of its own.
servers_postgres() {
    PG_FAST=1 scripts/postgres.sh start
    CONTACT_SYNC_TEST_DSN=$(scripts/postgres.sh dsn)
    export CONTACT_SYNC_TEST_DSN
}

# servers_kafka: starts Kafka; exports CONTACT_SYNC_TEST_KAFKA (host:port). Fails where there is no Kafka to be had.
servers_kafka() {
    CONTACT_SYNC_TEST_KAFKA=$(scripts/kafka.sh start 1) || return 1
    export CONTACT_SYNC_TEST_KAFKA
}

# servers_await COMMAND..: runs it so that a signal to us ends it at once, with all it started. Job control gives it a process
# group of its own and leaves Ctrl-C alive in it: a plain background child of a script ignores that for good.
servers_await() {
    local status=0
    set -m
    "$@" </dev/null &
    servers_child=$!
    set +m
    wait "$servers_child" || status=$?
    servers_child=
    return $status
}
servers_child=

servers_down() {
    trap - EXIT
    if [[ -n $servers_child ]]; then
        kill -TERM -- "-$servers_child" 2>/dev/null || true
        wait "$servers_child" 2>/dev/null || true
    fi
    [[ -d $PG_STATE ]] && scripts/postgres.sh wipe
    [[ -d $KAFKA_STATE ]] && KAFKA_WAIT=10 scripts/kafka.sh wipe
    rm -rf "$servers_dir"
}
