#!/usr/bin/env bash
# Compares the mathematics with numpy, pandas, scikit-learn and igraph; QUICK=1 for people in a hurry.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.bench-venv

cargo build --release --locked -p pattern-cli
if ! cmp -s bench/requirements.txt "$venv/.installed"; then
    echo "bench: fetching the peers into $venv" >&2
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r bench/requirements.txt
    cp bench/requirements.txt "$venv/.installed"
fi
if [[ -n ${QUICK:-} ]]; then
    "$venv/bin/python" bench/run.py target/release/naia --quick --output target/bench-quick.json
else
    "$venv/bin/python" bench/run.py target/release/naia
fi
