#!/usr/bin/env bash
# fuzz.sh [TARGET…] - every fuzz target (or those) for FUZZ_SECONDS, with the committed corpus
# (tests/fuzz/TARGET), what it learnt before (.cache/fuzz) and the test files of this repository as a
# start. Ends with 1 when one of them found something: the input is then .cache/fuzz/TARGET-*.
#
# FUZZ_KEEP=1: afterwards the corpus is made anew, minimised, of inputs of at most 1,000 bytes.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
[ -f build-fuzz/build.ninja ] ||
	CC=clang meson setup -Dfuzz=true -Dtests=false -Doptimization=1 -Db_lundef=false -Db_sanitize=address,undefined \
		build-fuzz >/dev/null || exit 2
ninja -C build-fuzz || exit 2
# What the compiler may assume wrongly is a find too.
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
git ls-files 'tests/*.sql' 'src/*.sql' 'queries/*.sql' | while read -r f; do
	cp "$f" "$seeds/$(printf %s "$f" | tr / _)"
done

# keep TARGET NAME CORPUS: the fewest small inputs that reach what all small ones reach, at most 60 KB.
keep() {
	local small fewest
	small=$(mktemp -d -p "$seeds") fewest=$(mktemp -d -p "$seeds")
	find "$3" "tests/fuzz/$2" -type f -size -1001c -exec cp -t "$small" {} +
	"$1" -merge=1 -timeout=20 "$fewest" "$small" >"$3-merge.log" 2>&1 || return 0
	rm -f "tests/fuzz/$2"/*
	find "$fewest" -type f -printf '%s %p\n' | sort -n |
		awk '{ if ((sum += $1) > 60000) exit; print $2 }' | xargs -r cp -t "tests/fuzz/$2"
	rm -rf "$small" "$fewest"
}

bad=0
for target in build-fuzz/fuzz-*; do
	[ -f "$target" ] && [ -x "$target" ] || continue
	name=${target##*/fuzz-}
	corpus=.cache/fuzz/$name
	[ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
	mkdir -p "$corpus" "tests/fuzz/$name"
	if "$target" -max_total_time="$seconds" -max_len=65536 -timeout=20 -print_final_stats=0 \
		-artifact_prefix="$corpus-" "$corpus" "tests/fuzz/$name" "$seeds" >"$corpus.log" 2>&1; then
		echo "$name: $(grep -c . "$corpus.log") lines of log, nothing found"
	else
		echo "$name: FOUND SOMETHING"
		tail -n 30 "$corpus.log"
		bad=1
	fi
	[ -z "${FUZZ_KEEP:-}" ] || keep "$target" "$name" "$corpus"
done
exit $bad
