#!/usr/bin/env bash
# pgbouncer.sh start SOCKETDIR | stop DIR - a private PgBouncer in transaction mode in front of the
# server whose socket is in SOCKETDIR; one server connection for every two clients, so that sessions
# are really shared. `start` prints DIR and the host part of its URLs. As root it runs as nobody.
set -euo pipefail
verb=$1
case $verb in
start)
	dir=$(mktemp -d "${TMPDIR:-/tmp}/belay-bouncer.XXXXXX")
	chmod 777 "$dir"
	cat >"$dir/ini" <<INI
[databases]
* = host=$2
[pgbouncer]
listen_addr =
unix_socket_dir = $dir
listen_port = 6432
auth_type = any
pool_mode = transaction
default_pool_size = 4
pidfile = $dir/pid
logfile = $dir/log
admin_users = nobody
ignore_startup_parameters = extra_float_digits
INI
	sed -i 's/^\* = .*/* = host='"${2//\//\\/}"' user=postgres/' "$dir/ini"
	if [ "$(id -u)" = 0 ]; then
		runuser -u nobody -- pgbouncer -q "$dir/ini" >"$dir/out" 2>&1 3>&- </dev/null &
	else
		pgbouncer -q "$dir/ini" >"$dir/out" 2>&1 3>&- </dev/null &
	fi
	for _ in $(seq 100); do
		[ -S "$dir/.s.PGSQL.6432" ] && [ -s "$dir/pid" ] && { printf '%s\n' "$dir"; exit 0; }
		sleep 0.05
	done
	cat "$dir/out" "$dir/log" >&2
	exit 3
	;;
stop)
	dir=$2
	[ -s "$dir/pid" ] && kill "$(cat "$dir/pid")" 2>/dev/null || true
	for _ in $(seq 100); do
		[ -e "$dir/pid" ] || break
		sleep 0.05
	done
	rm -rf "$dir"
	;;
esac
