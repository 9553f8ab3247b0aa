# The two commands of the README: `make run` and `make test`. Both need cargo and a C compiler, and say so if one is
# missing. Everything else is set up by them.

# A fresh shell may not have cargo in its PATH yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

DATA ?= .stonechat

.PHONY: help run test tools

help:
	@echo "make run    build the server and start it with six demo people, data in $(DATA)"
	@echo "make test   every check and every test"

run: tools
	cargo run --release --locked --package stonechat-server --bin stonechat -- serve --demo --data $(DATA)

test: tools
	@command -v python3 >/dev/null || { \
		echo "The tests need python3: they read a device's store as another program does." >&2; exit 1; }
	cargo xtask check
	@.ci/examples

tools:
	@command -v cargo >/dev/null || { \
		echo "Stonechat needs Rust 1.95 or newer: install it as https://www.rust-lang.org/tools/install says." >&2; exit 1; }
	@command -v cc >/dev/null || { \
		echo "Stonechat needs a C compiler called cc: on Debian 'apt-get install build-essential'." >&2; exit 1; }

.PHONY: nightly-fuzz
nightly-fuzz:
	cargo xtask fuzz --minutes 60
