# The two commands of the README: `make run` and `make test`. Both need cargo and a C compiler, and say so if one is
# missing. Everything else is set up by them.

# A fresh shell may not have cargo in its PATH yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

DATA ?= .stonechat

.PHONY: help run test sim tools

help:
	@echo "make run    build the server and start it with six demo people, data in $(DATA)"
	@echo "make test   every check and every test"
	@echo "make sim    a simulation of a thousand seeds, each run twice, and the bugs that it must find"

run: tools
	cargo run --release --locked --package stonechat-server --bin stonechat -- serve --demo --data $(DATA)

test: tools
	@command -v python3 >/dev/null || { \
		echo "The tests need python3: they read a device's store as another program does." >&2; exit 1; }
	cargo xtask check
	@$(MAKE) --no-print-directory sim
	@.ci/examples

# How many seeds, and where they begin. One that fails is shortened, with the command that runs it again.
SEEDS ?= 1000
FROM ?= 0

sim: tools
	cargo xtask sim --seeds $(SEEDS) --from $(FROM) --twice $(if $(filter 1000,$(SEEDS)),--must-happen)
	cargo xtask sim --planted --seeds 300

tools:
	@command -v cargo >/dev/null || { \
		echo "Stonechat needs Rust 1.95 or newer: install it as https://www.rust-lang.org/tools/install says." >&2; exit 1; }
	@command -v cc >/dev/null || { \
		echo "Stonechat needs a C compiler called cc: on Debian 'apt-get install build-essential'." >&2; exit 1; }

.PHONY: nightly-sim
nightly-sim:
	cargo xtask sim --seeds 1000000 --minutes 60 --report target/simulation/nightly.json

.PHONY: nightly-fuzz
nightly-fuzz:
	cargo xtask fuzz --minutes 60

# The real binary, killed a thousand times; histories in target/black-box.
.PHONY: nightly-black-box
nightly-black-box: tools
	cargo xtask black-box --kills 1000
