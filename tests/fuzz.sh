#!/usr/bin/env bash
# fuzz.sh - every fuzz target for FUZZ_SECONDS, with what it learnt before (.cache/fuzz) and the
# test files of this repository as a start. Ends with 1 when one of them found something.
set -uo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
[ -f build-fuzz/build.ninja ] ||
	CC=clang meson setup -Dfuzz=true -Dtests=false -Doptimization=1 -Db_lundef=false -Db_sanitize=address,undefined \
		build-fuzz >/dev/null || exit 2
ninja -C build-fuzz || exit 2
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
git ls-files 'tests/*.sql' 'src/*.sql' 'queries/*.sql' | while read -r f; do
	cp "$f" "$seeds/$(printf %s "$f" | tr / _)"
done
bad=0
for target in build-fuzz/fuzz-*; do
	[ -f "$target" ] && [ -x "$target" ] || continue
	name=${target##*/fuzz-}
	corpus=.cache/fuzz/$name
	mkdir -p "$corpus"
	if "$target" -max_total_time="$seconds" -max_len=65536 -timeout=20 -print_final_stats=0 \
		-artifact_prefix="$corpus-" "$corpus" "$seeds" >"$corpus.log" 2>&1; then
		echo "$name: $(grep -c . "$corpus.log") lines of log, nothing found"
	else
		echo "$name: FOUND SOMETHING"
		tail -n 30 "$corpus.log"
		bad=1
	fi
done
exit $bad
