#!/usr/bin/env bash
# Installs what is missing on a Debian machine and fetches Kafka's jars. Never asks; run it as often
# as you like.
#   scripts/setup.sh build  what `make build` and `make deb` need
#   scripts/setup.sh run    what `make demo` needs
#   scripts/setup.sh test   what `make test` and `make ci` need too (a browser, schemathesis)
#   scripts/setup.sh bench  what `make bench` needs too (Python)
# It prints a line a step; what the tools print goes to .setup/setup.log.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

log=.setup/setup.log
step() { # step WHAT COMMAND…: runs the command; shows the end of what it printed where it fails
    local what=$1 status=0 from
    shift
    say "$what"
    mkdir -p "${log%/*}"
    printf '=== %s: %s\n' "$(date -Is)" "$what" >>"$log"
    from=$(wc -l <"$log")
    # Not `|| …` behind the command itself: that would let a function go on where a part of it failed.
    set +e
    (
        set -e
        "$@"
    ) >>"$log" 2>&1 </dev/null
    status=$?
    set -e
    ((status)) || return 0
    # Maven colours what it prints even where it was told not to.
    tail -n "+$((from + 1))" "$log" | tail -n 20 | sed 's/\x1b\[[0-9;]*m//g; s/^/    /' >&2
    fail "$what failed; all of it is in $PWD/$log"
}

have cargo || fail "cargo is missing: install Rust from https://rustup.rs and run this again"

missing=()
need() { # need PACKAGE CONDITION…: the package is missing where the condition fails
    local package=$1
    shift
    "$@" || missing+=("$package")
}
has_headers() { echo "#include <$1>" | cc -E - >/dev/null 2>&1; }
has_postgres() { have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }
has_compiler() { have cc && have c++ && have make; }
has_chromium() { have chromium || have chromium-browser || have google-chrome; }
has_faketime() { compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null; }
has_venv() { python3 -c 'import ensurepip, venv' 2>/dev/null; }
has_jars() { cmp -s scripts/kafka/pom.xml .kafka/pom.xml && compgen -G '.kafka/lib/kafka_2.13-*.jar' >/dev/null; }

# The tests of the page need a newer Node.js than Debian 12 has.
node_version=20.19.5
node_architecture=$([[ $(uname -m) == aarch64 ]] && echo arm64 || echo x64)
browser_tests=pattern-api/tests/browser
has_new_node() {
    [[ -x .node/bin/node ]] || { have node && (($(node --version | sed 's/^v//; s/\..*//') >= 20)); }
}
schemathesis=scripts/schemathesis/requirements.txt
has_schemathesis() { cmp -s "$schemathesis" .schemathesis-venv/.installed; }
provider=pattern-api/tests/provider
has_provider() { cmp -s "$provider/package-lock.json" "$provider/node_modules/.installed"; }
has_browser_driver() { cmp -s "$browser_tests/package-lock.json" "$browser_tests/node_modules/.installed"; }

need build-essential has_compiler
need pkg-config have pkg-config
# Kafka's TLS, and its tokens from an OAuth server.
need libssl-dev has_headers openssl/ssl.h
need libcurl4-openssl-dev has_headers curl/curl.h
need ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
if [[ $purpose != build ]]; then
    need postgresql has_postgres
    need default-jre-headless have java
    has_jars || need maven have mvn
fi
if [[ $purpose == test ]]; then
    need chromium has_chromium
    need kcat have kcat
    need pgbouncer test -x /usr/sbin/pgbouncer
    # Makes the certificates of the tests.
    need openssl have openssl
    need faketime has_faketime
    # The installation is tested on a systemd of its own, and the package is judged.
    need systemd have systemd-analyze
    need util-linux have nsenter
    need lintian have lintian
    { has_new_node && has_browser_driver && has_provider; } || need npm have npm
fi

[[ $purpose == run || $purpose == build ]] || need python3-venv has_venv

if ((${#missing[@]})); then
    as_root=()
    if [[ $(id -u) != 0 ]]; then
        if have sudo && sudo -n true 2>/dev/null; then
            as_root=(sudo -n)
        else
            fail "these packages are missing: ${missing[*]}; install them as root: apt-get install ${missing[*]}"
        fi
    fi
    install_as_root() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"; }
    have apt-get || fail "these packages are missing, and there is no apt-get to install them: ${missing[*]}"
    step "reading Debian's lists of packages" install_as_root update
    step "installing ${missing[*]}" install_as_root -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${missing[@]}"
fi

fetch_jars() {
    rm -rf .kafka/partial
    mkdir -p .kafka
    mvn -q -B -f scripts/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.kafka/partial"
    rm -rf .kafka/lib
    mv .kafka/partial .kafka/lib
    cp scripts/kafka/pom.xml .kafka/pom.xml
}
fetch_node() {
    npm install --loglevel=error --no-save --prefix .node "node-linux-$node_architecture@$node_version"
    ln -sfn "node_modules/node-linux-$node_architecture/bin" .node/bin
}
fetch_browser_driver() {
    cd "$browser_tests"
    npm ci --loglevel=error
    cp package-lock.json node_modules/.installed
}
fetch_provider() {
    cd "$provider"
    npm ci --loglevel=error
    cp package-lock.json node_modules/.installed
}
fetch_schemathesis() {
    python3 -m venv --clear .schemathesis-venv
    .schemathesis-venv/bin/pip install --disable-pip-version-check -r "$schemathesis"
    cp "$schemathesis" .schemathesis-venv/.installed
}

[[ $purpose == build ]] || has_jars || step "fetching Apache Kafka's jars into .kafka/lib" fetch_jars
if [[ $purpose == test ]]; then
    has_new_node || step "fetching Node.js $node_version into .node" fetch_node
    has_browser_driver ||
        step "fetching the browser's driver into $browser_tests/node_modules" fetch_browser_driver
    has_provider ||
        step "fetching an identity provider for the tests into $provider/node_modules" fetch_provider
    step "making cargo-deb in .cargo-deb, unless it is there" scripts/cargo-deb.sh
    has_schemathesis || step "fetching schemathesis into .schemathesis-venv" fetch_schemathesis
fi
say "ready"
