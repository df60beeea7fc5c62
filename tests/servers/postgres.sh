#!/usr/bin/env bash
# postgres.sh start | stop DIR - a private PostgreSQL for a test: a socket in DIR, no TCP, no
# durability. `start` prints DIR and the URL, a line each (superuser "postgres", no password).
# As root it runs as user postgres, or nobody where that does not exist. PG_BIN: the programs of
# another version than the newest installed one.
set -euo pipefail
# shellcheck source=tests/servers/common.sh
. "$(dirname "$0")/common.sh"
verb=$1 dir=${2:-}
bin=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}
[ -n "${bin:-}" ] && [ -x "$bin/initdb" ] || { echo "postgres.sh: no PostgreSQL server is installed" >&2; exit 3; }

choose_user postgres

case $verb in
start)
	make_folder
	as_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 ||
		{ cat "$dir/initdb.log" >&2; exit 3; }
	as_user "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off \
		-c full_page_writes=off -c synchronous_commit=off ${PG_OPTIONS:-} >"$dir/log" 2>&1 3>&- </dev/null &
	wait_for psql -X -q -h "$dir" -U postgres -c 'SELECT 1' postgres
	printf '%s\npostgres:///postgres?host=%s&user=postgres\n' "$dir" "$dir"
	;;
stop) stop_server "$dir/data/postmaster.pid" INT ;;
*) echo "usage: postgres.sh start | stop DIR" >&2; exit 2 ;;
esac
