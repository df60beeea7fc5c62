#!/usr/bin/env bash
# mariadb.sh [BUILD] - the oracle of MariaDB's effects, and who waits, on the server that tools/mariadb.sh
# brings: newer than this system's own. Its last line: N passed, N failed.
set -uo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:-build}")
BELAY_MARIADB_BIN=$(tools/mariadb.sh) || exit 3
export BELAY_MARIADB_BIN
passed=0 failed=0

for name in oracle-mysql-effects oracle-mysql-waits; do
	log=$(cd "$build" && ORACLE_DIALECT=mariadb "./test-$name" 2>&1)
	good=$(grep -c '^\[       OK \]' <<<"$log") bad=$(grep '^\[  FAILED  \] test' <<<"$log" | sort -u | wc -l)
	grep '^# ' <<<"$log"
	[ "$good" != 0 ] || [ "$bad" != 0 ] || bad=1
	[ "$bad" = 0 ] || echo "$log"
	passed=$((passed + good)) failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
