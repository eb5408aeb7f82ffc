#!/usr/bin/env bash
# Makes the Debian packages of what `make build` built, in target/debian: naia-patterns, and naia-patterns-dbgsym for
# those who look for a fault. PROFILE (release) says which build, OUTPUT another folder; arguments are cargo-deb's.
set -euo pipefail
cd "$(dirname "$0")/.."
profile=${PROFILE:-release}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
built=$target/$([[ $profile == dev ]] && echo debug || echo "$profile")

cargo_deb=.cargo-deb/bin/cargo-deb
scripts/cargo-deb.sh

rm -rf "$built/manual"
"$built/naia" write-manual "$built/manual"
gzip -9n "$built"/manual/man1/*
release=$("$built/naia" --version)
gzip -9n <CHANGELOG.md >"$built/changelog.gz"
gzip -9n >"$built/changelog.Debian.gz" <<END
naia-patterns (${release#naia }-1) stable; urgency=medium

  * CHANGELOG.md says what is new.

 -- Naia Patterns <naia-patterns@localhost>  $(date -Rr CHANGELOG.md)
END
# What is given instead is all that is done.
(($#)) || set -- --dbgsym
CARGO_TARGET_DIR=$target "$cargo_deb" --package pattern-cli --profile "$profile" --no-build \
    --output "${OUTPUT:-$target/debian}/" "$@"
