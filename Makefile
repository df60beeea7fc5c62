# make        the program, from nothing: what npm pins, the grammar (once, cached), then meson and ninja
# make deps   only what the build takes from npm, and the grammar
#
# Nothing is installed outside this directory and $(BELAY_CACHE); system packages are named, not fetched.
BUILD ?= build
MESON_ARGS ?=

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

deps: node_modules/.ready
	tools/grammar.sh $(BUILD)/grammar

node_modules/.ready: package.json package-lock.json .npmrc
	npm ci --ignore-scripts
	touch $@

$(BUILD)/build.ninja: node_modules/.ready
	meson setup $(MESON_ARGS) $(BUILD)

.PHONY: all deps
