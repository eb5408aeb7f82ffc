# `make demo` and `make test` work on a fresh Debian machine that has Rust; they install what is missing.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test setup-bench demo build install uninstall deb test bench ci schemathesis fmt lint sqlx docs audit compose-secrets

# The SQL is checked against .sqlx; `make sqlx` renews that.
export SQLX_OFFLINE ?= true

help:
	@echo 'make demo   builds, starts everything with a sample plant and shows the whole round'
	@echo 'make build  builds the release that these install:'
	@echo 'make install PREFIX=/usr/local DESTDIR=   programs, units, manual; make uninstall removes them'
	@echo 'make deb    the Debian packages, in target/debian'
	@echo 'make test   runs all tests'
	@echo 'make bench  compares the mathematics with numpy, pandas, scikit-learn and igraph (QUICK=1: a few minutes)'
	@echo 'make ci     what must pass before a change goes in'
	@echo 'make schemathesis  asks a running API what docs/openapi.json promises'
	@echo 'make setup  only installs and fetches what the above need'
	@echo 'make fmt    formats;  make lint: clippy;  make docs: API documentation'
	@echo 'make compose-secrets  makes the secrets of docker-compose.yml'
	@echo 'make sqlx   renews .sqlx after a change of SQL or of a migration'

setup:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

setup-bench:
	@scripts/setup.sh bench

demo: setup
	@echo 'building a release (some minutes the first time)'
	cargo build --release --locked -p pattern-cli
	target/release/naia demo

build:
	@scripts/setup.sh build
	cargo build --release --locked -p pattern-cli -p pattern-worker -p pattern-api

# These build nothing, so that root can run them.
install uninstall: export PREFIX ?= /usr/local
install uninstall: export DESTDIR ?=
install uninstall:
	@scripts/install.sh $@

deb: build
	scripts/deb.sh

test: setup-test
	scripts/test.sh

bench: setup-bench
	scripts/bench.sh

ci: setup-test
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps --document-private-items
	scripts/sqlx.sh --check
	scripts/audit.sh
	scripts/test.sh
	scripts/schemathesis.sh

schemathesis: setup-test
	scripts/schemathesis.sh

fmt:
	cargo fmt --all

lint:
	cargo clippy --workspace --all-targets -- -D warnings

sqlx: setup
	scripts/sqlx.sh

compose-secrets:
	@scripts/compose-secrets.sh

docs:
	cargo doc --workspace --no-deps --open

audit:
	scripts/audit.sh
