#!/usr/bin/env bash
# Known vulnerabilities of the dependencies. Licences are a test (pattern-cli/tests/it/licences.rs).
set -uo pipefail
cd "$(dirname "$0")/.."
if ! cargo deny --version >/dev/null 2>&1; then
    echo 'audit: cargo-deny is not installed, so advisories were NOT checked (cargo install --locked cargo-deny)' >&2
    exit 0
fi
cargo deny --locked check bans licenses sources || exit 1
if ! cargo deny --locked fetch db >/dev/null 2>&1; then
    echo 'audit: the advisory database cannot be reached, so advisories were NOT checked' >&2
    exit 0
fi
cargo deny --locked check advisories
