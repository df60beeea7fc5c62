#!/usr/bin/env bash
# update.sh [CASE.sql…] - writes what belay says of each case into its .want file; --print shows it.
# The first line of a case names its dialect: -- postgres, -- mariadb, -- sqlite.
set -uo pipefail
cd "$(dirname "$0")"
BELAY=${BELAY:-../../build/belay}
print=
[ "${1:-}" = --print ] && { print=1; shift; }
[ $# -gt 0 ] || set -- *.sql
for sql; do
	dialect=$(sed -n '1s/^-- \([a-z]*\).*/\1/p' "$sql")
	{
		echo "== belay check"
		"$BELAY" check --dialect "$dialect" "$sql" 2>&1
		echo "exit $?"
		echo
		echo "== belay explain"
		"$BELAY" explain --dialect "$dialect" "$sql" 2>&1
		echo "exit $?"
	} >"${sql%.sql}.got"
	if [ -n "$print" ]; then
		cat "${sql%.sql}.got"
		rm "${sql%.sql}.got"
	else
		mv "${sql%.sql}.got" "${sql%.sql}.want"
	fi
done
