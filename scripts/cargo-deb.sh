#!/usr/bin/env bash
# Makes cargo-deb in .cargo-deb, unless it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
version=3.8.0
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
[[ $(.cargo-deb/bin/cargo-deb --version 2>/dev/null) == "$version" ]] ||
    CARGO_TARGET_DIR=$target/cargo-deb cargo install --quiet --locked --root .cargo-deb --version "$version" cargo-deb
