#!/usr/bin/env bash
#
# kafka.sh - a throw-away Apache Kafka (KRaft) cluster on loopback, for demos,
# tests and CI.  No ZooKeeper, no container, no systemd: a few JVMs, each of
# them broker and controller at once.
#
#   kafka.sh install          fetch the jars with Maven (needed once)
#   kafka.sh start [N]        format and start N nodes (default 1), wait until up
#   kafka.sh start-node I     start node I again after stop-node / kill-node
#   kafka.sh stop             stop every node, keep the data
#   kafka.sh stop-node I      orderly stop of one node (leaders move away first)
#   kafka.sh kill-node I      SIGKILL one node: the crash test
#   kafka.sh status           one line a node; exit 0 only if all are up
#   kafka.sh bootstrap        print host:port,host:port for the clients
#   kafka.sh tool CLASS ARGS  run a Kafka command-line class, for example
#                             tool org.apache.kafka.tools.TopicCommand --list
#   kafka.sh wipe             stop, then delete the data (the jars stay)
#
# Settings, all from the environment:
#   KAFKA_STATE      folder for data, logs, pid files (default: build/kafka/run)
#   KAFKA_JARS       folder for the jars                  (default: build/kafka)
#   KAFKA_VERSION    4.x release to install         (default: kafka-pom.xml's)
#   KAFKA_PORT       first port; node I uses KAFKA_PORT+10*(I-1) for clients,
#                    the next one for the controller, the one after that for
#                    the secured listener. 0: a free block, remembered in
#                    KAFKA_STATE until wipe                    (default: 0)
#   KAFKA_HEAP       heap of each node                      (default: 256m)
#   KAFKA_WAIT       seconds to wait for a start or a stop   (default: 60)
#   KAFKA_SECURE     1: a second client listener with TLS and SASL (PLAIN or
#                    SCRAM-SHA-256); clients then use SASL_SSL.
#                    Certificates land in KAFKA_STATE/tls, the user is
#                    KAFKA_USER / KAFKA_PASSWORD          (default: app / app)
#   KAFKA_PROPS      file with further server.properties lines, added last;
#                    FILE.I beside it: further ones of node I
#   KAFKA_JAVA       java to run                             (default: java)
#   KAFKA_JVM_OPTS   further JVM options
#
# The number of nodes is fixed by the first start after a wipe: it is written
# into the formatted data (the voters of the quorum).

set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
usage() { sed -n '3,45s/^# \{0,1\}//p' "$here/kafka.sh"; }
[[ ${1:-help} == help ]] && { usage; exit 0; }

KAFKA_STATE=${KAFKA_STATE:-$here/../build/kafka/run}
KAFKA_JARS=${KAFKA_JARS:-$here/../build/kafka}
KAFKA_VERSION=${KAFKA_VERSION:-}
KAFKA_PORT=${KAFKA_PORT:-0}
KAFKA_HEAP=${KAFKA_HEAP:-256m}
KAFKA_WAIT=${KAFKA_WAIT:-60}
KAFKA_SECURE=${KAFKA_SECURE:-0}
KAFKA_USER=${KAFKA_USER:-app}
KAFKA_PASSWORD=${KAFKA_PASSWORD:-app}
KAFKA_PROPS=${KAFKA_PROPS:-}
KAFKA_JAVA=${KAFKA_JAVA:-java}
KAFKA_JVM_OPTS=${KAFKA_JVM_OPTS:-}

host=127.0.0.1
mkdir -p "$KAFKA_STATE" "$KAFKA_JARS"
KAFKA_STATE=$(cd -- "$KAFKA_STATE" && pwd)
KAFKA_JARS=$(cd -- "$KAFKA_JARS" && pwd)
libs=$KAFKA_JARS/libs
tls=$KAFKA_STATE/tls

die() { printf 'kafka.sh: %s\n' "$*" >&2; exit 1; }

# A free block for N nodes, below the range that the kernel hands to outgoing
# connections, so that none of those takes a port of it meanwhile.
free_block() {
    local base port
    while :; do
        base=$((20000 + RANDOM % 1190 * 10))
        for ((port = base; port < base + 10 * $1; port++)); do
            # The three ports that a node may use.
            ((port % 10 > 2)) && continue
            (: <"/dev/tcp/$host/$port") 2>/dev/null && continue 2
        done
        echo "$base"
        return
    done
}

# Remembers a picked block: the nodes find each other by it, clients too.
settle_port() {
    ((KAFKA_PORT == 0)) || return 0
    [[ -f $KAFKA_STATE/port ]] || free_block "${1:-1}" >"$KAFKA_STATE/port"
    KAFKA_PORT=$(cat "$KAFKA_STATE/port")
}

client_port()     { echo $((KAFKA_PORT + 10 * ($1 - 1))); }
controller_port() { echo $((KAFKA_PORT + 10 * ($1 - 1) + 1)); }
secure_port()     { echo $((KAFKA_PORT + 10 * ($1 - 1) + 2)); }
node_dir()        { echo "$KAFKA_STATE/node-$1"; }
node_count()      { cat "$KAFKA_STATE/nodes" 2>/dev/null || echo 0; }

# The pid of node $1, if that process is alive and really is our broker
# (a pid can have been given to some other process since).
node_pid() {
    local pid
    pid=$(cat "$(node_dir "$1")/pid" 2>/dev/null) || return 1
    [[ -n $pid && -r /proc/$pid/cmdline ]] || return 1
    tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$(node_dir "$1")/server.properties" || return 1
    echo "$pid"
}

# --- install ---------------------------------------------------------------

install_jars() {
    if [[ -f $KAFKA_JARS/installed ]] &&
       [[ -z $KAFKA_VERSION || $(cat "$KAFKA_JARS/installed") == "$KAFKA_VERSION" ]]; then
        return 0
    fi
    echo "kafka.sh: fetching Apache Kafka with Maven into $KAFKA_JARS" >&2
    local args=(-B -ntp -q -f "$here/kafka-pom.xml" dependency:copy-dependencies
                "-DoutputDirectory=$libs.new")
    [[ -n $KAFKA_VERSION ]] && args+=("-Dkafka.version=$KAFKA_VERSION")
    rm -rf "$libs.new"
    mvn "${args[@]}" </dev/null >"$KAFKA_JARS/maven.log" 2>&1 ||
        die "Maven could not fetch the jars: $(grep -m 3 ERROR "$KAFKA_JARS/maven.log")"
    # Only a complete download is ever seen under the final name.
    rm -rf "$libs" && mv "$libs.new" "$libs"
    local jar
    jar=$(basename "$(ls "$libs"/kafka-clients-*.jar)" .jar)
    echo "${jar#kafka-clients-}" >"$KAFKA_JARS/installed"
}

# --- configuration -----------------------------------------------------------

write_log_config() {
    cat >"$KAFKA_STATE/log4j2.properties" <<'EOF'
# Broker log to standard output, which the script sends to node-I/server.log.
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c{1})%n
rootLogger.level = ${sys:kafka.log.level:-INFO}
rootLogger.appenderRef.out.ref = out
EOF
    cat >"$KAFKA_STATE/tools-log4j2.properties" <<'EOF'
# Command-line tools: only warnings, and only on standard error.
status = error
appender.err.type = Console
appender.err.name = err
appender.err.target = SYSTEM_ERR
appender.err.layout.type = PatternLayout
appender.err.layout.pattern = %p %m%n
rootLogger.level = WARN
rootLogger.appenderRef.err.ref = err
EOF
}

# A private CA and one server certificate for loopback, all PEM: the broker
# and librdkafka both read PEM, so no Java keystore is needed.
write_certificates() {
    [[ -f $tls/server.pem ]] && return 0
    mkdir -p "$tls"
    (
        cd "$tls"
        umask 077
        openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=test CA' \
            -keyout ca.key -out ca.pem
        openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' \
            -keyout server.key -out server.csr
        openssl x509 -req -days 30 -in server.csr -CA ca.pem -CAkey ca.key \
            -CAcreateserial -out server.crt \
            -extfile <(echo 'subjectAltName=DNS:localhost,IP:127.0.0.1')
        # The broker wants key (PKCS#8) and chain in one file.
        cat server.key server.crt ca.pem >server.pem
    ) >"$tls/openssl.log" 2>&1 || die "openssl failed, see $tls/openssl.log"
}

write_node_config() {
    local i=$1 n=$2 voters='' j replicas=$(( $2 < 3 ? $2 : 3 ))
    local dir; dir=$(node_dir "$i")
    mkdir -p "$dir"
    for ((j = 1; j <= n; j++)); do
        voters+="${voters:+,}$j@$host:$(controller_port "$j")"
    done

    local listeners advertised
    listeners="PLAINTEXT://$host:$(client_port "$i"),CONTROLLER://$host:$(controller_port "$i")"
    advertised="PLAINTEXT://$host:$(client_port "$i")"
    if [[ $KAFKA_SECURE == 1 ]]; then
        listeners+=",SECURE://$host:$(secure_port "$i")"
        advertised+=",SECURE://$host:$(secure_port "$i")"
    fi

    {
        cat <<EOF
process.roles=broker,controller
node.id=$i
controller.quorum.voters=$voters
controller.listener.names=CONTROLLER
listeners=$listeners
advertised.listeners=$advertised
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
log.dirs=$dir/data

# Durability as in production where the number of nodes allows it.
default.replication.factor=$replicas
min.insync.replicas=$(( replicas > 2 ? 2 : 1 ))
offsets.topic.replication.factor=$replicas
transaction.state.log.replication.factor=$replicas
transaction.state.log.min.isr=$(( replicas > 2 ? 2 : 1 ))
share.coordinator.state.topic.replication.factor=$replicas
share.coordinator.state.topic.min.isr=$(( replicas > 2 ? 2 : 1 ))

# A missing topic is an error, as in production.
auto.create.topics.enable=false

# Small machine: few internal partitions, few threads, small buffers.
num.partitions=1
offsets.topic.num.partitions=4
transaction.state.log.num.partitions=4
share.coordinator.state.topic.num.partitions=1
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=16777216
log.segment.bytes=134217728

# A new group starts at once instead of after 3 s; a test may ask for a
# session timeout as short as 1 s.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000

# Notice a dead node fast (default 9 s).
broker.session.timeout.ms=6000
EOF
        if [[ $KAFKA_SECURE == 1 ]]; then
            cat <<EOF

# PLAIN beside SCRAM: librdkafka before 2.6.1 repeats the client nonce in its
# last SCRAM message, and 4.x brokers refuse that.
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$KAFKA_USER="$KAFKA_PASSWORD";
listener.name.secure.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location=$tls/server.pem
EOF
        fi
        if [[ -n $KAFKA_PROPS ]]; then
            printf '\n'
            cat -- "$KAFKA_PROPS"
        fi
        if [[ -n $KAFKA_PROPS && -f $KAFKA_PROPS.$i ]]; then
            cat -- "$KAFKA_PROPS.$i"
        fi
    } >"$dir/server.properties"
}

# --- JVMs ----------------------------------------------------------------------

run_tool() {
    # shellcheck disable=SC2086  # KAFKA_JVM_OPTS is a list of words
    "$KAFKA_JAVA" -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \
        "-Dlog4j2.configurationFile=$KAFKA_STATE/tools-log4j2.properties" \
        $KAFKA_JVM_OPTS -cp "$libs/*" "$@"
}

launch() {
    local i=$1 dir; dir=$(node_dir "$i")
    if node_pid "$i" >/dev/null; then
        return 0
    fi
    # A left-over line of an earlier run must not count as 'up'.
    [[ -f $dir/server.log ]] && mv -f "$dir/server.log" "$dir/server.log.1"
    # Serial GC and a fixed small heap keep a node near twice its heap in RSS.
    # setsid: a Ctrl-C at the terminal must not take the cluster with it.
    # shellcheck disable=SC2086
    setsid "$KAFKA_JAVA" "-Xms$KAFKA_HEAP" "-Xmx$KAFKA_HEAP" -XX:+UseSerialGC \
        -XX:+ExitOnOutOfMemoryError \
        "-Dlog4j2.configurationFile=$KAFKA_STATE/log4j2.properties" \
        $KAFKA_JVM_OPTS -cp "$libs/*" kafka.Kafka "$dir/server.properties" \
        </dev/null >"$dir/server.log" 2>&1 &
    echo $! >"$dir/pid"
}

wait_up() {
    local i=$1 dir end pid; dir=$(node_dir "$i")
    pid=$(cat "$dir/pid")
    end=$((SECONDS + KAFKA_WAIT))
    # A TCP connect succeeds too early (the port opens before the node joined
    # the cluster), so wait for the node's own word.
    until grep -q 'Kafka Server started' "$dir/server.log" 2>/dev/null; do
        # Not node_pid: in its first moments the process is not yet a java.
        kill -0 "$pid" 2>/dev/null ||
            die "node $i died: $(grep -E 'ERROR|FATAL|Exception' "$dir/server.log" | head -3)"
        ((SECONDS < end)) || die "node $i not up within $KAFKA_WAIT s, see $dir/server.log"
        sleep 0.1
    done
}

wait_down() {
    local i=$1 pid=$2 end=$((SECONDS + KAFKA_WAIT))
    while node_pid "$i" >/dev/null; do
        if ((SECONDS >= end)); then
            kill -KILL "$pid" 2>/dev/null || true
            sleep 0.2
            break
        fi
        sleep 0.1
    done
    rm -f "$(node_dir "$i")/pid"
}

# --- verbs -----------------------------------------------------------------------

start() {
    local n=${1:-1} have i
    [[ $n =~ ^[1-9]$ ]] || die "start wants a number of nodes from 1 to 9"
    have=$(node_count)
    ((have == 0 || have == n)) || die "formatted for $have node(s): wipe first"
    install_jars
    write_log_config
    [[ $KAFKA_SECURE == 1 ]] && write_certificates
    settle_port "$n"

    # No '-': an id that begins with one would be taken for an option.
    [[ -f $KAFKA_STATE/cluster.id ]] ||
        head -c 16 /dev/urandom | base64 | tr '+/' '__' | tr -d '=\n' >"$KAFKA_STATE/cluster.id"

    for ((i = 1; i <= n; i++)); do
        node_pid "$i" >/dev/null && continue
        write_node_config "$i" "$n"
        [[ -f $(node_dir "$i")/data/meta.properties ]] && continue
        local scram=()
        [[ $KAFKA_SECURE == 1 ]] &&
            scram=(--add-scram "SCRAM-SHA-256=[name=$KAFKA_USER,password=$KAFKA_PASSWORD]")
        run_tool kafka.tools.StorageTool format \
            --cluster-id "$(cat "$KAFKA_STATE/cluster.id")" \
            --config "$(node_dir "$i")/server.properties" \
            ${scram[@]+"${scram[@]}"} >"$(node_dir "$i")/format.log" 2>&1 ||
            die "format failed, see $(node_dir "$i")/format.log"
    done
    echo "$n" >"$KAFKA_STATE/nodes"
    # All at once: a node alone can not form a quorum and would wait.
    for ((i = 1; i <= n; i++)); do launch "$i"; done
    for ((i = 1; i <= n; i++)); do wait_up "$i"; done
}

check_node() {
    [[ ${1:-} =~ ^[1-9]$ && $1 -le $(node_count) ]] || die "which node? 1..$(node_count)"
}

stop_all() {
    local i pid n; n=$(node_count)
    local -A pids=()
    for ((i = 1; i <= n; i++)); do
        pid=$(node_pid "$i") && pids[$i]=$pid
    done
    # One node after the other would leave the last ones without a quorum, and
    # each of them would sit out its shutdown time-out; so signal all together
    # and do not wait long for the slow ones.
    for i in "${!pids[@]}"; do kill -TERM "${pids[$i]}"; done
    [[ $n -gt 1 && $KAFKA_WAIT -gt 10 ]] && KAFKA_WAIT=10
    for i in "${!pids[@]}"; do wait_down "$i" "${pids[$i]}"; done
}

status() {
    local i pid n bad=0; n=$(node_count)
    ((n > 0)) || { echo "no cluster"; return 1; }
    for ((i = 1; i <= n; i++)); do
        if pid=$(node_pid "$i"); then
            printf 'node %d  up    pid %d  %s:%d  %d MiB\n' "$i" "$pid" "$host" "$(client_port "$i")" \
                "$(awk '/^VmRSS/ {print int($2 / 1024)}' "/proc/$pid/status")"
        else
            printf 'node %d  down\n' "$i"
            bad=1
        fi
    done
    return $bad
}

bootstrap() {
    local i n out=''; n=$(node_count)
    for ((i = 1; i <= n; i++)); do
        if [[ $KAFKA_SECURE == 1 ]]; then
            out+="${out:+,}$host:$(secure_port "$i")"
        else
            out+="${out:+,}$host:$(client_port "$i")"
        fi
    done
    echo "$out"
}

verb=$1
shift
if [[ -f $KAFKA_STATE/port ]]; then settle_port; fi
case $verb in
    install)    install_jars ;;
    start)      start "$@"; bootstrap ;;
    start-node) check_node "${1:-}"; launch "$1"; wait_up "$1" ;;
    stop)       stop_all ;;
    stop-node)  check_node "${1:-}"
                if pid=$(node_pid "$1"); then kill -TERM "$pid"; wait_down "$1" "$pid"; fi ;;
    kill-node)  check_node "${1:-}"
                if pid=$(node_pid "$1"); then kill -KILL "$pid"; wait_down "$1" "$pid"; fi ;;
    status)     status ;;
    bootstrap)  bootstrap ;;
    tool)       run_tool "$@" ;;
    wipe)       stop_all
                rm -rf "$KAFKA_STATE"/node-* "$KAFKA_STATE"/{cluster.id,nodes,port} "$KAFKA_STATE"/*log4j2.properties "$tls" ;;
    *)          usage >&2; exit 2 ;;
esac
