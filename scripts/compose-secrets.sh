#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml reads, once: whoever has a database already keeps its password.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=deploy/secrets
if [[ -e $folder/postgres_password ]]; then
    echo "$folder is there already; nothing is changed"
    exit 0
fi
mkdir -p "$folder"
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
# The containers read them under users of their own.
umask 022
printf '%s' "$password" >"$folder/postgres_password"
printf 'postgres://naia:%s@postgres:5432/naia' "$password" >"$folder/postgres_url"
echo "wrote $folder/postgres_password and postgres_url"
