#!/usr/bin/env bash
# Writes .sqlx, what the compiler knows about the SQL where it cannot ask a database.
#   scripts/sqlx.sh          writes it anew
#   scripts/sqlx.sh --check  fails where it no longer fits the SQL or the migrations
set -euo pipefail
cd "$(dirname "$0")/.."

if [[ -z ${NAIA_SQLX_SERVER:-} ]]; then
    # Without a database at hand the tool itself needs what is checked in.
    env -u DATABASE_URL SQLX_OFFLINE=true cargo build -q -p pattern-embedded --bin with-test-servers
    exec target/debug/with-test-servers --postgres-only env NAIA_SQLX_SERVER=1 "$0" "$@"
fi

admin=$NAIA_TEST_POSTGRES
database=naia_sqlx
psql=$(command -v psql || compgen -G '/usr/lib/postgresql/*/bin/psql' | sort -V | tail -1)
"$psql" -qX "$admin" -c "create database $database"
url=${admin%/*}/$database
for migration in migrations/*.sql; do
    "$psql" -qX -v ON_ERROR_STOP=1 "$url" -f "$migration"
done

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
# It brings its own, and would look for its tables in our database.
SQLX_OFFLINE=true cargo check -q -p apalis-postgres
# The macros write while they are compiled, so what uses them must be compiled again.
grep -rlE 'sqlx::query(_as|_scalar)?!' --include='*.rs' pattern-*/src | xargs touch
touch pattern-*/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$fresh DATABASE_URL=$url cargo check -q --workspace

if [[ ${1:-} == --check ]]; then
    if ! diff -rq "$fresh" .sqlx; then
        echo '.sqlx does not fit the SQL any more: run `make sqlx` and commit it' >&2
        exit 1
    fi
else
    mkdir -p .sqlx
    rm -f .sqlx/query-*.json
    cp "$fresh"/query-*.json .sqlx/
    echo "wrote $(ls .sqlx | wc -l) queries to .sqlx"
fi
