# make             build/belay and libbelay, from nothing (system packages that are missing are installed)
# make demo        the main job on SQLite, without any server; on PostgreSQL too where it is installed
# make check       all tests; the last line is `N passed, N failed, N skipped`
# make check-full  the same, with every fuzz target for a minute, the slow unit tests under valgrind, and MySQL itself
# make fuzz        every fuzz target for FUZZ_SECONDS (60)
# make torture     the runner is hit at every point, TORTURE_RUNS times (1600); `N runs, N failed`
# make bench       the figures, as one table
# make bench-peers  what goes wrong when things go wrong, beside dbmate, knex and node-pg-migrate
# make docs        docs/belay.1 and docs/rules/ from the program's own tables
# make format      clang-format over what is ours
# make install     belay, libbelay, belay.h, belay.pc, the manual page, completions (PREFIX, DESTDIR)
BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
TORTURE_RUNS ?= 1600
TORTURE_JOBS ?= 3
export BUILD FUZZ_SECONDS

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

deps:
	tools/deps.sh build
	tools/npm.sh .

$(BUILD)/build.ninja: package-lock.json | deps
	test -f $@ || meson setup --prefix $(PREFIX) -Dwhole=true $(MESON_ARGS) $(BUILD)
	touch $@

demo: all
	demo/run.sh

check:
	tools/deps.sh build test
	tools/npm.sh . tests/npm
	tests/run.sh

check-full:
	tools/deps.sh build test fuzz
	tools/npm.sh . tests/npm tests/npm-full
	CHECK_FULL=1 tests/run.sh

torture: all
	tools/deps.sh test
	tools/npm.sh tests/npm
	BELAY=$(BUILD)/belay tests/torture/torture.py --layouts 1 --sample $(TORTURE_RUNS) --jobs $(TORTURE_JOBS)

fuzz:
	tools/deps.sh build fuzz
	tools/npm.sh .
	tests/fuzz.sh

bench: all
	tools/deps.sh test bench
	tools/npm.sh bench/npm
	bench/run.py $(BUILD)

bench-peers: all
	tools/deps.sh test bench
	tools/npm.sh bench/npm
	bench/experiments.py $(BUILD)

docs: all
	tools/docs.py $(BUILD)/belay docs

# What the servers do with the rules' examples, written down anew (PostgreSQL 18 from npm, MariaDB).
rule-examples: all
	tools/rule-examples.py $(BUILD)/belay postgres >tests/oracle/effects/postgres/rules.txt
	cd $(BUILD) && ORACLE_VERSIONS=18 ORACLE_WRITE=1 ./test-oracle-effects rules.txt | grep -v '^[[\#]' >rules.new
	{ head -1 tests/oracle/effects/postgres/rules.txt; cat $(BUILD)/rules.new; } >$(BUILD)/rules.txt
	mv $(BUILD)/rules.txt tests/oracle/effects/postgres/rules.txt
	tools/rule-examples.py $(BUILD)/belay mariadb >tests/oracle/mysql/rules.txt
	cd $(BUILD) && ORACLE_TABLE=$(CURDIR)/tests/oracle/mysql/rules.txt ORACLE_WRITE=1 ./test-oracle-mysql-effects | grep -v '^[[\#]' >rules.new
	{ head -1 tests/oracle/mysql/rules.txt; cat $(BUILD)/rules.new; } >$(BUILD)/rules.txt
	mv $(BUILD)/rules.txt tests/oracle/mysql/rules.txt && rm $(BUILD)/rules.new

format:
	git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: all
	meson install -C $(BUILD)

clean:
	rm -rf build build-*

.PHONY: all deps demo check check-full fuzz torture bench bench-peers docs rule-examples format install clean
