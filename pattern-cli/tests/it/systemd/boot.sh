#!/usr/bin/env bash
# Boots this machine's systemd a second time, in namespaces of its own, over a copy of the root folder that forgets what
# is written to it: `boot.sh LAYER` with the files of LAYER over those of this machine. Only the network is shared.
# Prints the process that `nsenter --target` takes, and ends everything when standard input ends.
set -euo pipefail

outside() {
    folder=$(mktemp -d)
    # With a standard input of its own: that of this script says how long it lives.
    unshare --mount --pid --cgroup --uts --ipc --fork --kill-child \
        bash "$0" --inside "$1" "$folder" </dev/null &
    machine=$!
    trap 'kill -KILL "$machine" 2>/dev/null; wait "$machine" 2>/dev/null; rmdir "$folder"' EXIT
    until first=$(<"/proc/$machine/task/$machine/children") && [[ $first ]]; do
        sleep 0.05
    done
    echo "${first% }"
    cat >/dev/null
}

inside() {
    local layer=$1 folder=$2 root device
    mount --make-rprivate /
    mount -t tmpfs tmpfs "$folder"
    mkdir "$folder"/{upper,work,root}
    root=$folder/root
    mount -t overlay overlay \
        -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$root"
    # Nothing that is enabled on this machine starts, and nothing touches the kernel that both have.
    rm -rf "$root"/etc/systemd/system/*
    cp -a "$layer/." "$root/"
    for unit in systemd-{binfmt,modules-load,remount-fs,sysctl,udevd,update-utmp,journald-audit}.{service,socket} \
        sys-{fs-fuse-connections,kernel-config,kernel-debug,kernel-tracing}.mount; do
        ln -s /dev/null "$root/etc/systemd/system/$unit"
    done
    mount -t proc proc "$root/proc"
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs tmpfs -o mode=755 "$root/run"
    mount -t tmpfs tmpfs -o mode=1777 "$root/tmp"
    mount -t tmpfs tmpfs -o mode=755 "$root/dev"
    for device in null zero full random urandom tty; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    mkdir "$root"/dev/{pts,shm}
    mount -t devpts devpts -o newinstance,ptmxmode=0666 "$root/dev/pts"
    mount -t tmpfs tmpfs -o mode=1777 "$root/dev/shm"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    cd "$root"
    mkdir -p before
    pivot_root . before
    umount -l /before
    # Credentials are mounted in a namespace of their own, and come here by that.
    mount --make-rshared /
    exec env -i container=naia-test PATH=/usr/sbin:/usr/bin \
        /lib/systemd/systemd --system --unit=basic.target --log-target=journal --show-status=no
}

case $1 in
--inside) inside "$2" "$3" ;;
*) outside "$1" ;;
esac
