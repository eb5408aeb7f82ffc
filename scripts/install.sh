#!/usr/bin/env bash
# Installs what `make build` built, or removes it again:
#   scripts/install.sh install|uninstall
# PREFIX (/usr/local) says where to, DESTDIR (nothing) under which folder, UNITDIR (PREFIX/lib/systemd/system) where
# systemd looks for units, PROFILE (release) which build. Configuration is in /etc/naia and is never written over.
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}
profile=${PROFILE:-release}
built=${CARGO_TARGET_DIR:-target}/$([[ $profile == dev ]] && echo debug || echo "$profile")

bin=$prefix/bin
share=$prefix/share
units=${UNITDIR:-$prefix/lib/systemd/system}
documents=$share/doc/naia-patterns
# Where debuggers, and the programs themselves when they panic, look for it, whatever the prefix is.
debug=/usr/lib/debug$bin
programs=(naia naia-pattern-worker naia-pattern-api)

put() { # put MODE TARGET SOURCE…: files into a folder
    local mode=$1 target=$2
    shift 2
    install -d "$root$target"
    install -m "$mode" -t "$root$target" "$@"
}

install_program() {
    local program=$1 scratch
    scratch=$(mktemp -d)
    objcopy --only-keep-debug --compress-debug-sections=zlib "$built/$program" "$scratch/$program.debug"
    objcopy --strip-all --add-gnu-debuglink="$scratch/$program.debug" "$built/$program" "$scratch/$program"
    put 755 "$bin" "$scratch/$program"
    put 644 "$debug" "$scratch/$program.debug"
    rm -r "$scratch"
}

install_manual() {
    local manual program
    manual=$(mktemp -d)
    "$built/naia" write-manual "$manual"
    put 644 "$share/man/man1" "$manual"/man1/*
    for program in "${programs[@]}"; do
        install -D -m 644 "$manual/completions/$program.bash" "$root$share/bash-completion/completions/$program"
        put 644 "$share/zsh/site-functions" "$manual/completions/_$program"
        put 644 "$share/fish/vendor_completions.d" "$manual/completions/$program.fish"
    done
    rm -r "$manual"
}

install_units() {
    put 644 "$units" systemd/*.service
    put 644 "$units/naia-.service.d" systemd/naia-.service.d/*.conf
    sed -i "s|/usr/bin/|$bin/|; s|/usr/share/doc/|$share/doc/|" "$root$units"/naia-*.service
}

install_configuration() {
    install -d -m 700 "$root/etc/naia/credentials"
    [[ -e $root/etc/naia/naia.toml ]] || put 644 /etc/naia deploy/naia.toml
}

install_all() {
    for program in "${programs[@]}"; do
        [[ -x $built/$program ]] || {
            echo "$built/$program is missing; run 'make build' first" >&2
            exit 1
        }
    done
    for program in "${programs[@]}"; do
        install_program "$program"
    done
    install_manual
    install_units
    install_configuration
    put 644 "$documents" README.md CHANGELOG.md LICENSE docs/*.md
    [[ $root ]] || tell_systemd
    echo "installed below $root$prefix; $root$documents/installation.md says how to go on"
}

uninstall_all() {
    local program
    for program in "${programs[@]}"; do
        rm -f "$root$bin/$program" "$root$debug/$program.debug" \
            "$root$share/bash-completion/completions/$program" "$root$share/zsh/site-functions/_$program" \
            "$root$share/fish/vendor_completions.d/$program.fish"
    done
    rm -f "$root$share"/man/man1/naia{,-*}.1 "$root$units"/naia-{pattern-*,migrate}.service
    rm -rf "$root$units/naia-.service.d" "$root$documents"
    [[ $root ]] || tell_systemd
    echo "removed; the configuration in $root/etc/naia is left"
}

tell_systemd() {
    [[ ! -d /run/systemd/system ]] || systemctl daemon-reload
}

case ${1:-} in
install) install_all ;;
uninstall) uninstall_all ;;
*)
    sed -n '2,5s/^# //p' "$0" >&2
    exit 2
    ;;
esac
