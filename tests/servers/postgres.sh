#!/usr/bin/env bash
# postgres.sh start | stop DIR - a private PostgreSQL for a test: a socket in DIR, no TCP, no
# durability. `start` prints DIR and the URL, a line each (superuser "postgres", no password).
# As root it runs as user postgres, or nobody where that does not exist. PG_BIN: the programs of
# another version than the newest installed one.
set -euo pipefail
verb=$1 dir=${2:-}
bin=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}
[ -n "${bin:-}" ] && [ -x "$bin/initdb" ] || { echo "postgres.sh: no PostgreSQL server is installed" >&2; exit 3; }

if [ "$(id -u)" = 0 ]; then
	user=postgres
	id "$user" >/dev/null 2>&1 || user=nobody
	as_user() { runuser -u "$user" -- "$@"; }
else
	as_user() { "$@"; }
fi

case $verb in
start)
	dir=$(mktemp -d "${TMPDIR:-/tmp}/belay-test.XXXXXX")
	chmod 711 "$dir"
	[ "$(id -u)" != 0 ] || chown "$user" "$dir"
	cd /
	as_user "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/initdb.log" 2>&1 ||
		{ cat "$dir/initdb.log" >&2; exit 3; }
	as_user "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off \
		-c full_page_writes=off -c synchronous_commit=off ${PG_OPTIONS:-} >"$dir/log" 2>&1 3>&- </dev/null &
	for _ in $(seq 200); do
		if psql -X -q -h "$dir" -U postgres -c 'SELECT 1' postgres >/dev/null 2>&1; then
			printf '%s\npostgres:///postgres?host=%s&user=postgres\n' "$dir" "$dir"
			exit 0
		fi
		sleep 0.05
	done
	cat "$dir/log" >&2
	exit 3
	;;
stop)
	[ -f "$dir/data/postmaster.pid" ] || exit 0
	pid=$(head -n 1 "$dir/data/postmaster.pid")
	kill -INT "$pid" 2>/dev/null || true
	for _ in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	rm -rf "$dir"
	;;
*) echo "usage: postgres.sh start | stop DIR" >&2; exit 2 ;;
esac
