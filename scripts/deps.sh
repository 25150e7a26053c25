#!/usr/bin/env bash
# deps.sh [--kafka] [--test] [--lint] [--fuzz] [--bench]: installs the Debian packages that are missing. Without an
# option: what building and running need. Asks apt only when something is missing, so it costs nothing the second time.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

packages=(gcc libc6-dev cmake ninja-build pkg-config tzdata
    librdkafka-dev libcurl4-openssl-dev libxml2-dev libpq-dev libjansson-dev libmicrohttpd-dev libssl-dev
    libutf8proc-dev libsodium-dev libpcre2-dev libc-ares-dev uthash-dev zlib1g-dev libcriterion-dev # the simulators are built beside the programs, the tests beside them
    postgresql-15 ca-certificates curl jq procps)
kafka=(openjdk-17-jre-headless maven openssl)
tests=(ccache gcovr faketime patch valgrind python3 python3-venv python3-jsonschema python3-lxml libxml2-utils libkrb5-dev krb5-kdc krb5-admin-server krb5-user)
lint=(clang-format-14 clang-tidy-14 clang-format clang-tidy cppcheck pmccabe codespell shellcheck git)
# What benchmarks need beside Kafka: an interpreter that can have exchangelib, and the counter of instructions.
bench=(python3 python3-venv python3-lxml valgrind)
want_kafka=0 want_client=0 want_peers=0

while (($#)); do
    case $1 in
    --kafka) want_kafka=1 ;;
    --test) want_kafka=1 want_client=1 packages+=("${tests[@]}") ;;
    --lint) packages+=("${lint[@]}") ;;
    --fuzz) packages+=(clang-14 clang libclang-rt-14-dev) ;;
    --bench)
        want_kafka=1 want_client=1 want_peers=1 packages+=("${bench[@]}")
        # a newer one of the user's own is as good
        { command -v node && command -v npm; } >/dev/null || packages+=(nodejs npm)
        ;;
    --help)
        sed -n '2,3s/^# //p' "$0"
        exit 0
        ;;
    *)
        printf 'deps: unknown option "%s"\n' "$1" >&2
        exit 64
        ;;
    esac
    shift
done
((want_kafka)) && packages+=("${kafka[@]}")

command -v dpkg-query >/dev/null || {
    echo "deps: this is not Debian; install by hand: ${packages[*]}" >&2
    exit 69
}

# What of the list is not installed, in one query. An unknown name makes dpkg-query fail, which is no news.
missing() {
    local have name
    # shellcheck disable=SC2016  # the format's variables are dpkg's
    have=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for name in "$@"; do
        grep -qx "$name installed" <<<"$have" || printf '%s\n' "$name"
    done
}

as_root=()
need_root() {
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            echo "deps: neither root nor sudo here; as root: apt-get install --no-install-recommends $*" >&2
            exit 77
        }
        as_root=(sudo)
    fi
}

apt_install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Dpkg::Use-Pty=0 "$@" </dev/null >>build/deps.log 2>&1 || {
        tail -n 20 build/deps.log >&2
        echo "deps: apt-get failed, the whole of it is in build/deps.log" >&2
        exit 69
    }
}

mkdir -p build
mapfile -t need <<<"$(missing "${packages[@]}")"
if [[ -n ${need[0]} ]]; then
    need_root "${need[@]}"
    echo "deps: installing ${need[*]}"
    : >build/deps.log
    "${as_root[@]}" apt-get update -qq </dev/null >>build/deps.log 2>&1 || {
        tail -n 5 build/deps.log >&2
        echo "deps: apt-get update failed; going on with the package lists as they are" >&2
    }
    # Debian's server package would start a cluster of its own on port 5432. We bring up private ones and want no other.
    if [[ " ${need[*]} " == *" postgresql-15 "* && ! -e /etc/postgresql-common/createcluster.conf ]]; then
        apt_install postgresql-common
        "${as_root[@]}" sed -i 's/^#* *create_main_cluster *=.*/create_main_cluster = false/' \
            /etc/postgresql-common/createcluster.conf
    fi
    apt_install "${need[@]}"
fi

# These come from other registries. Without them much still works: say so, end with 75, and let the caller decide.
status=0
if ((want_kafka)); then
    scripts/kafka.sh install || {
        echo "deps: Apache Kafka could not be fetched: what needs it will be skipped" >&2
        status=75
    }
fi
if ((want_client)) && ! cmp -s scripts/test-requirements.txt build/venv/installed; then
    echo "deps: Python client into build/venv"
    # Debian's interpreter by its path: another one first on PATH would not see Debian's python3-jsonschema.
    rm -rf build/venv
    /usr/bin/python3 -m venv --system-site-packages build/venv
    if build/venv/bin/pip install -q --disable-pip-version-check -r scripts/test-requirements.txt; then
        cp scripts/test-requirements.txt build/venv/installed
    else
        echo "deps: the Python client could not be fetched: what needs it will be skipped" >&2
        status=75
    fi
fi
if ((want_peers)) && ! cmp -s scripts/bench-peers.txt build/node/installed; then
    echo "deps: what benchmarks are measured against into build/node"
    rm -rf build/node && mkdir -p build/node
    # shellcheck disable=SC2046  # one package a word
    if npm install --prefix build/node --no-audit --no-fund --ignore-scripts --silent \
        $(cat scripts/bench-peers.txt) >>build/deps.log 2>&1; then
        cp scripts/bench-peers.txt build/node/installed
    else
        echo "deps: liquidjs could not be fetched: lava_bench is measured alone" >&2
        status=75
    fi
fi
exit $status
