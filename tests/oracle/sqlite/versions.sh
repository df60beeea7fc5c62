#!/usr/bin/env bash
# versions.sh BUILD [VERSION…] - SQLite's oracles with every version that tools/sqlite.sh builds.
#
# The facts are foreseen by the SQLite that is linked and done by the other; from 3.38 on, which is
# what belay needs, the others run with that version in place of the linked one too.
set -uo pipefail
cd "$(dirname "$0")/../../.."
build=$PWD/$1
shift
bad=0

# try LABEL COMMAND…: its last words, or all of them
try() {
	local label=$1 out
	shift
	if out=$(cd "$build" && "$@" 2>&1); then
		printf '%s: %s\n' "$label" "$(grep -a 'statements' <<<"$out" | tail -n 1)"
	else
		printf '%s\n%s: FAILED\n' "$out" "$label"
		bad=1
	fi
}

libraries=$(tools/sqlite.sh "$@") || exit 2
for library in $libraries; do
	version=$(basename "$(dirname "$library")")
	try "facts of $version" env BELAY_SQLITE="$library" ./test-oracle-sqlite-facts
	[ "$(printf '%s\n3.38\n' "$version" | sort -V | head -n 1)" = 3.38 ] || continue
	for test in sqlite sqlite-pages; do
		try "$test on $version" env LD_LIBRARY_PATH="$(dirname "$library")" "./test-oracle-$test"
	done
done
exit $bad
