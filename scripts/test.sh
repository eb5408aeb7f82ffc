#!/usr/bin/env bash
# Runs all tests against a PostgreSQL and an Apache Kafka of their own and prints the totals.
set -uo pipefail
cd "$(dirname "$0")/.."
log=target/test.log
PATH=$PWD/.node/bin:$PATH
mkdir -p target

cargo build --locked --workspace --bins || exit 1
# Compiled before the servers start, so that they do not idle meanwhile.
cargo test --locked --workspace --no-run || exit 1
target/debug/with-test-servers cargo test --locked --workspace --no-fail-fast "$@" 2>&1 | tee "$log"
outcome=${PIPESTATUS[0]}

awk '/^test result:/ { passed += $4; failed += $6; ignored += $8; programs++ }
     END { printf "\ntest totals: %d passed, %d failed, %d ignored, in %d test programs\n", passed, failed, ignored, programs }' "$log"
grep -E '^test .* \.\.\. FAILED$' "$log" | sort
exit "$outcome"
