# The two commands of the README: `make run` and `make test`. Both need cargo and a C compiler, and say so if one is
# missing; the messenger needs Node and npm as well. Everything else is set up by them.

# A fresh shell may not have cargo in its PATH yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

DATA ?= .stonechat

.PHONY: help run test sim tools

help:
	@echo "make run    build the server and start it with six demo people, data in $(DATA); then open http://127.0.0.1:8080/"
	@echo "make test   every check and every test"
	@echo "make web    build the messenger, which the next build of the server takes in"
	@echo "make sim    a simulation of a thousand seeds, each run twice, and the bugs that it must find"

run: tools
	@if $(HAS_NODE); then \
		$(MAKE) --no-print-directory web || echo "The messenger could not be built: this goes on without the newest." >&2; \
	else \
		echo "Without Node $(NODE_MIN) or newer and npm, the server has no messenger for browsers." >&2; fi
	cargo run --release --locked --package stonechat-server --bin stonechat -- serve --demo --data $(DATA)

test: tools
	@command -v python3 >/dev/null || { \
		echo "The tests need python3: they read a device's store as another program does." >&2; exit 1; }
	@command -v "$(CHROMIUM)" >/dev/null || { \
		echo "The tests of the messenger need Chromium: on Debian 'apt-get install chromium', or CHROMIUM=PATH." >&2; exit 1; }
	@$(MAKE) --no-print-directory web web-test
	cargo xtask check
	@$(MAKE) --no-print-directory sim
	@.ci/examples
	@.ci/browsers

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

# What browsers get. `web` builds it into web/dist, only when something that it is made of is newer.
NODE_MIN := 20.19
HAS_NODE := command -v npm >/dev/null && command -v node >/dev/null && node -e \
	'const [a, b] = process.versions.node.split(".").map(Number), [c, d] = "$(NODE_MIN)".split(".").map(Number); \
	process.exit(a > c || (a === c && b >= d) ? 0 : 1)'
WEB_SOURCES = $(shell find web \( -name node_modules -o -name dist -o -name gen -o -name e2e \) -prune -o -type f -print) \
	$(shell find crates/wire/proto -type f)
CHROMIUM ?= chromium
export CHROMIUM := $(or $(shell command -v "$(CHROMIUM)"),$(CHROMIUM))

.PHONY: web web-test node
web: web/dist/index.html

# A build that failed leaves no page that would be taken for a whole one.
.DELETE_ON_ERROR:
web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build -- --only pages

web/node_modules/.package-lock.json: web/package-lock.json | node
	cd web && npm ci --no-audit --no-fund
	@touch $@

web-test: web
	cd web && npm run check && npm test && npm run build -- --only libraries

node:
	@$(HAS_NODE) || { \
		echo "The messenger needs Node $(NODE_MIN) or newer and npm." >&2; exit 1; }
