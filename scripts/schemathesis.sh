#!/usr/bin/env bash
# Starts everything with the sample plant, and sends the API what its OpenAPI document allows and what it does not:
# every answer must be one that the document promises. The same requests every time, two minutes at most.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.schemathesis-venv
out=target/schemathesis
mkdir -p "$out"

cargo build --locked --workspace --bins
data=$(mktemp -d)
target/debug/naia demo --listen 127.0.0.1:0 --broker memory --data-dir "$data" >"$out/naia.log" 2>&1 &
naia=$!
stop() {
    kill "$naia" 2>/dev/null || true
    wait "$naia" 2>/dev/null || true
    rm -rf "$data"
}
trap stop EXIT
page=
until page=$(sed -n 's/^Open \(http[^ ]*\) and decide.*/\1/p' "$out/naia.log") && [[ $page ]]; do
    kill -0 "$naia" 2>/dev/null || { cat "$out/naia.log" >&2; exit 1; }
    sleep 0.2
done
# It keeps what it found, and looks for its hooks, where it runs.
root=$PWD
cd "$out"
"$root/$venv/bin/schemathesis" --config-file "$root/scripts/schemathesis/schemathesis.toml" \
    run "$root/docs/openapi.json" --url "$page" "$@"
