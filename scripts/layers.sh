#!/usr/bin/env bash
# layers.sh: the direction rules of ARCHITECTURE.md, checked by the include lines; library types stay with their drivers.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
. scripts/sources.sh
mapfile -t files <<<"$(sources '*.c' '*.h')"

# Which of our folders a file in folder $dir may include (as a regular expression), and which system headers only some may.
awk '
function fail(why) { printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0; bad = 1 }

# The folder decides; the first rule that fits counts.
function allowed(file) {
    if (file ~ /^common\/base\//)        return "^common/base/"
    if (file ~ /^common\/core\//)        return "^common/(base|core)/"
    if (file ~ /^common\/port\//)        return "^common/(base|core|port)/"
    if (file ~ /^common\/net\//)         return "^common/(base|net)/"
    if (file ~ /^common\/drv\//)         return "^common/(base|core|port|net|drv)/"
    if (file ~ /^common\//)              return "^common/"
    if (file ~ /^producer\/(rock|fixture)\//) { sub(/[^\/]*$/, "", file); return "^(common/|" file ")" }
    if (file ~ /^producer\//)            return "^(common|producer)/"
    if (file ~ /^worker\/(ews|autodiscover|graph|memory)\//) { sub(/[^\/]*$/, "", file); return "^(common/|" file ")" }
    if (file ~ /^worker\//)              return "^(common|worker)/"
    if (file ~ /^cli\//)                 return "^(common|producer|worker|cli)/"
    if (file ~ /^tests\/sim\/common\//)  return "^(common/(base|net)|tests/sim/common)/"
    if (file ~ /^tests\/sim\//)          { sub(/[^\/]*$/, "", file); return "^(common/(base|net)/|tests/sim/common/|" file ")" }
    return "^(common|producer|worker|cli|tests)/"
}

# A library is used where its driver lives, and by tests.
function library_home(header) {
    if (header ~ /^curl\//)              return "^common/net/"
    if (header ~ /^microhttpd/)          return "^(common/net|tests/sim)/"
    if (header ~ /^libxml\//)            return "^(worker/(ews|autodiscover)|tests/sim)/"
    if (header ~ /^ares/)                return "^common/net/"
    if (header ~ /^pcre2/)               return "^common/core/lava/"
    if (header ~ /^libpq|^postgres/)     return "^common/drv/"
    if (header ~ /^librdkafka\//)        return "^common/drv/"
    if (header ~ /^(jansson|utf8proc|uthash|openssl\/)/) return "^(common|producer|worker|cli|tests/sim)/"
    return ""
}

# Pure means: no sockets, no files, no clock.
function impure(header) { return header ~ /^(sys\/(socket|epoll|timerfd|stat)|poll|unistd|fcntl|time|signal|netdb)(\.h|$)/ }

/^[ \t]*#[ \t]*include/ {
    if (match($0, /"[^"]*"/)) {
        path = substr($0, RSTART + 1, RLENGTH - 2)
        if ((getline line < path) < 0) fail("not a path from the root")
        else if (path !~ allowed(FILENAME)) fail("against the direction of the layers")
        close(path)
    } else if (match($0, /<[^>]*>/)) {
        header = substr($0, RSTART + 1, RLENGTH - 2)
        home = library_home(header)
        if (home != "" && FILENAME !~ home && FILENAME !~ /^tests\/[^s]|^tests\/(support|stress)/) fail("a library away from its driver")
        if (FILENAME ~ /^common\/core\// && impure(header)) fail("core is pure")
        if (FILENAME ~ /^common\/base\// && header ~ /^sys\/(socket|epoll)/) fail("base has no sockets")
    }
}

# One thread per program. What threads of a library call may guard itself; starting a thread is another matter. The one exception asks the
# blocking questions of librdkafka (queue_kafka_positions.c says why) and touches nothing that the loop owns.
/(pthread|thrd)_create[ \t]*\(/ && FILENAME !~ /^tests\// && FILENAME != "common/drv/queue_kafka_positions.c" { fail("our programs have one thread") }

# Headers: the types of a library appear with its driver only. Comment lines are no matter.
FILENAME ~ /\.h$/ && FILENAME !~ /^tests\/(unit|contract|golden|crash|stress|integration|support)\// && !/^[ \t]*(\/?\*|\/\/)/ {
    code = $0
    sub(/\/\*.*/, "", code)
    if (code ~ /(^|[^A-Za-z0-9_])CURL[MU]?[ *]/ && FILENAME !~ /^common\/net\//) fail("curl type in a header")
    if (code ~ /(^|[^A-Za-z0-9_])MHD_[A-Z]/ && FILENAME !~ /^(common\/net|tests\/sim)\//) fail("microhttpd type in a header")
    if (code ~ /(^|[^A-Za-z0-9_])xml[A-Z][A-Za-z]*(Ptr)?[ *]/ && FILENAME !~ /^(worker\/ews|tests\/sim)\//) fail("libxml type in a header")
    if (code ~ /(^|[^A-Za-z0-9_])PG(conn|result)/ && FILENAME !~ /^common\/drv\//) fail("libpq type in a header")
    if (code ~ /(^|[^A-Za-z0-9_])rd_kafka_/ && FILENAME !~ /^common\/drv\//) fail("librdkafka type in a header")
    if (code ~ /(^|[^A-Za-z0-9_])(json_t|UT_hash_handle|EVP_[A-Z_]+)([^A-Za-z0-9_]|$)/ && FILENAME ~ /^common\/(core|port)\//) fail("library type in a header of core or port")
}
END { exit bad }
' "${files[@]}"
