#!/usr/bin/env bash
# run.sh - every test, and one last line that sums them up: N passed, N failed, N skipped.
#
#   gcc with -Werror, unit tests and the whole-program tests on what it built
#   gcc with AddressSanitizer and UBSan, unit tests (without the oracle of effects)
#   SQLite alone (the other engines left out), unit tests
#   the plain unit tests of base and sql once more under valgrind
#
# A test function of cmocka counts as one test, so does a test of bats. A test program that ends
# without saying how its tests went counts as one failure.
# CHECK_FAIL_ON_SKIP=1: a skip fails the run. CHECK_FULL=1: fuzzing and more valgrind.
set -uo pipefail
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=0
export BELAY_CACHE=${BELAY_CACHE:-$HOME/.cache/belay}
export LC_ALL=C.UTF-8

heading() { printf '\n== %s (%ss)\n' "$1" "$SECONDS"; }

count() { # count WORD < text: sum of the numbers behind "[  WORD  ]"
	awk -v w="$1" 'index($0, "[  " w "  ] ") == 1 && $4 ~ /^[0-9]+$/ { n += $4 } END { print n + 0 }'
}

# build DIR MESON-ARG…
build() {
	local dir=$1
	shift
	# A folder that was set up otherwise is made anew.
	[ "$(cat "$dir/.set-up-with" 2>/dev/null)" = "$*" ] || rm -rf "$dir"
	if [ ! -f "$dir/build.ninja" ]; then
		meson setup "$@" "$dir" >"$dir.log" 2>&1 || { cat "$dir.log"; return 1; }
		echo "$*" >"$dir/.set-up-with"
	fi
	ninja -k 0 -C "$dir" all $(ninja -C "$dir" -t targets all 2>/dev/null | sed -n 's/^\(test-[^:/]*\): .*/\1/p') \
		>"$dir.log" 2>&1 || { grep -v '^\[[0-9]*/' "$dir.log" | head -n 100; return 1; }
}

# unit LABEL DIR MESON-TEST-ARG…
unit() {
	local label=$1 dir=$2 log p f s crashed
	shift 2
	rm -f "$dir"/meson-logs/testlog*.txt
	meson test -C "$dir" --no-rebuild --print-errorlogs "$@" >"$dir.log" 2>&1
	# With a wrapper meson puts its name into the file's.
	log=$(ls "$dir"/meson-logs/testlog*.txt 2>/dev/null)
	[ -f "$log" ] || { cat "$dir.log"; failed=$((failed + 1)); return; }
	p=$(count PASSED <"$log") f=$(count FAILED <"$log") s=$(count SKIPPED <"$log")
	# What crashed, timed out or never ran says nothing itself.
	crashed=$(sed -n 's/^Fail: *\([0-9]*\).*/\1/p; s/^Timeout: *\([0-9]*\).*/\1/p' "$dir.log" | awk '{ n += $1 } END { print n + 0 }')
	if [ "$crashed" -gt 0 ] || [ "$f" -gt 0 ]; then
		cat "$dir.log"
		[ "$f" -ge "$crashed" ] || f=$crashed
	fi
	if [ "$p" = 0 ] && [ "$f" = 0 ]; then
		echo "no unit test ran in $dir"
		f=1
	fi
	echo "$label: $p passed, $f failed, $s skipped"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# one LABEL COMMAND…: a step that passes or fails as a whole, quiet while it passes
one() {
	local label=$1 out
	shift
	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
		echo "$label: passed"
	else
		failed=$((failed + 1))
		printf '%s\n%s: FAILED\n' "$out" "$label"
	fi
}

# Two files of tests at a time: they wait for servers, locks and clocks more than they work. Those
# that take long come first.
whole_program() {
	local logs=$1/bats log=$1/bats.log p f s
	local first="torture backups batches runner_proof budget mariadb_kill lease rewrite_mariadb rewrite_postgres"
	rm -rf "$logs"
	mkdir "$logs"
	for name in $first; do ls "tests/$name.bats"; done >"$logs/files"
	ls tests/*.bats tests/*/*.bats | grep -vxFf "$logs/files" >>"$logs/files"
	BELAY=$PWD/$1/belay BELAY_BUILD=$PWD/$1 xargs -P 2 -n 1 bash -c \
		'bats --tap --timing "$1" >"$0/$(basename "$1").log" 2>&1; exit 0' "$logs" <"$logs/files"
	cat "$logs"/*.log >"$log"
	s=$(grep -c '^ok .* # skip' "$log")
	p=$(($(grep -c '^ok ' "$log") - s))
	# Those that a file did not come to have failed.
	f=$(awk '/^1\.\.[0-9]+$/ { n += substr($0, 4) } /^(not )?ok / { n-- } /^not ok / { f++ } END { print f + (n > 0 ? n : 0) }' "$log")
	[ "$p" != 0 ] || [ "$f" != 0 ] || f=1
	[ "$f" = 0 ] || awk '/^(not )?ok /{ show = /^not ok / } show' "$log"
	[ "$s" = 0 ] || grep '^ok .* # skip' "$log"
	echo "whole program: $p passed, $f failed, $s skipped"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

heading "building with gcc and -Werror"
one "build" build build-check --werror
heading "unit tests"
unit "unit tests" build-check
heading "whole-program tests"
if [ -x build-check/belay ]; then whole_program build-check; else failed=$((failed + 1)); fi

heading "building with AddressSanitizer and UBSan"
one "build with sanitizers" build build-asan -Db_sanitize=address,undefined -Doptimization=1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
heading "unit tests with sanitizers"
# The oracle of effects takes minutes, and the leak checker's own tracer crashes behind its threads: it
# runs with sanitizers in the full check, without looking for leaks.
names=$(meson test -C build-asan --list 2>/dev/null | sed 's/.* \/ //' | grep / | grep -v '^oracle/effects')
# shellcheck disable=SC2086
unit "unit tests with sanitizers" build-asan $names
[ -z "${CHECK_FULL:-}" ] || ASAN_OPTIONS=detect_leaks=0 unit "oracle of effects with sanitizers" build-asan oracle/effects oracle/effects-newer
unset ASAN_OPTIONS UBSAN_OPTIONS

heading "SQLite alone"
one "build for SQLite alone" build build-min --werror -Dpostgres=false -Dmysql=false
unit "unit tests for SQLite alone" build-min

heading "unit tests under valgrind"
slow=base
[ -z "${CHECK_FULL:-}" ] || slow='base|sql|catalog|layout|lint'
names=$(meson test -C build-check --list 2>/dev/null | sed 's/.* \/ //' | grep -E "^($slow)/")
# shellcheck disable=SC2086
unit "under valgrind" build-check --timeout-multiplier 10 \
	--wrapper 'valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite' $names

if [ -n "${CHECK_FULL:-}" ]; then
	heading "MySQL itself"
	one "on MySQL" tests/mysql.sh build-check
	heading "SQLite from 3.35 on"
	one "SQLite's oracles on every version" tests/oracle/sqlite/versions.sh build-check
	heading "a newer MariaDB"
	one "on a newer MariaDB" tests/mariadb.sh build-check
	heading "fuzzing"
	one "fuzzing" tests/fuzz.sh
fi

heading "done"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] || exit 1
[ "$skipped" = 0 ] || [ -z "${CHECK_FAIL_ON_SKIP:-}" ] || exit 1
