#!/usr/bin/env bash
# fresh-debian.sh FOLDER COMMAND..: runs COMMAND from a clean clone of this repository in a Debian 12 that has nothing
# but what debootstrap's smallest variant has. Needs root and debootstrap. To see what a newcomer sees:
#   scripts/fresh-debian.sh /tmp/fresh ./run.sh demo
#   scripts/fresh-debian.sh /tmp/fresh ./run.sh test
#   NO_PROC=1 scripts/fresh-debian.sh /tmp/fresh ./run.sh build release     (without /proc, as in a bare chroot)
# FOLDER/base.tar keeps the empty system for the next time, FOLDER/root is made anew each time (KEEP_ROOT=1: goes on in the
# one that is there, with a new clone). Uncommitted work is not in the clone.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
(($# >= 2)) || {
    sed -n '2,8s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 64
}
mkdir -p "$1"
folder=$(cd -- "$1" && pwd)
root=$folder/root
shift

unmount() {
    local point
    for point in dev/shm dev/pts dev proc; do
        ! mountpoint -q "$root/$point" || umount "$root/$point"
    done
}
trap unmount EXIT
unmount # of an earlier run that was killed: never delete below a mount

if [[ ! -f $folder/base.tar ]]; then
    rm -rf "$folder/first"
    debootstrap --variant=minbase bookworm "$folder/first" >"$folder/debootstrap.log"
    # The certificates that this machine trusts beyond Debian's: where the network has a proxy of its own, nothing else works.
    mkdir -p "$folder/first/usr/local/share/ca-certificates"
    find /usr/local/share/ca-certificates -name '*.crt' -exec cp {} "$folder/first/usr/local/share/ca-certificates/" \;
    tar -C "$folder/first" --one-file-system -cf "$folder/base.tar.new" .
    mv "$folder/base.tar.new" "$folder/base.tar"
    rm -rf "$folder/first"
fi
if [[ ${KEEP_ROOT:-0} != 1 || ! -d $root ]]; then
    rm -rf "$root"
    mkdir "$root"
    tar -C "$root" -xf "$folder/base.tar"
fi
cat >"$root/etc/apt/sources.list" <<'TXT'
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
TXT
cp /etc/resolv.conf /etc/hosts "$root/etc/"
rm -rf "$root/src"
git clone -q "$here" "$root/src/contact-sync"

mount --bind /dev "$root/dev"
mount -t devpts devpts "$root/dev/pts"
mount -t tmpfs tmpfs "$root/dev/shm"
[[ ${NO_PROC:-0} == 1 ]] || mount -t proc proc "$root/proc"
# shellcheck disable=SC2016  # the arguments are the inner shell's
chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    sh -c 'cd /src/contact-sync && exec "$@"' sh "$@" </dev/null
