#!/usr/bin/env bash
# mysql.sh [BUILD] - everything that needs MySQL itself, on the server that tools/mysql.sh brings: the oracles
# of src/engine/mysql and tests/full/mysql. Its last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
MY_BIN=$(tools/mysql.sh) || exit 3
export MY_BIN BELAY_MYSQL_BIN=$MY_BIN BELAY=$build/belay LC_ALL=C.UTF-8
passed=0 failed=0

add() { # add PASSED FAILED
	passed=$((passed + $1)) failed=$((failed + $2))
}

for name in oracle-mysql-effects oracle-mysql oracle-mysql-writers; do
	log=$(cd "$build" && ORACLE_DIALECT=mysql "./test-$name" 2>&1)
	good=$(grep -c '^\[       OK \]' <<<"$log") bad=$(grep '^\[  FAILED  \] test' <<<"$log" | sort -u | wc -l)
	grep '^# ' <<<"$log"
	[ "$good" != 0 ] || [ "$bad" != 0 ] || bad=1
	[ "$bad" = 0 ] || echo "$log"
	add "$good" "$bad"
done
for file in tests/full/mysql/*.bats; do
	log=$(bats --tap "$file")
	echo "$log"
	add "$(grep -c '^ok ' <<<"$log")" "$(grep -c '^not ok ' <<<"$log")"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
