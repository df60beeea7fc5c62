#!/usr/bin/env bash
# mariadb.sh start | stop DIR - a private MariaDB for a test: a socket in DIR, no TCP, no
# durability. `start` prints DIR and the URL, a line each (user "root", no password, database "test").
# MY_OPTIONS: more options. As root it runs as user mysql, or nobody where that does not exist.
set -euo pipefail
verb=$1 dir=${2:-}
server=$(command -v mariadbd || ls /usr/sbin/mariadbd 2>/dev/null) ||
	{ echo "mariadb.sh: no MariaDB server is installed" >&2; exit 3; }

if [ "$(id -u)" = 0 ]; then
	user=mysql
	id "$user" >/dev/null 2>&1 || user=nobody
	as_user() { runuser -u "$user" -- "$@"; }
else
	as_user() { "$@"; }
fi

case $verb in
start)
	dir=$(mktemp -d "${TMPDIR:-/tmp}/belay-test.XXXXXX")
	chmod 711 "$dir"
	# A server that starts removes the temporary tables of others that share its folder for them.
	mkdir "$dir/tmp"
	[ "$(id -u)" != 0 ] || chown "$user" "$dir" "$dir/tmp"
	cd /
	as_user env TMPDIR="$dir/tmp" mariadb-install-db --no-defaults --datadir="$dir/data" --auth-root-authentication-method=normal \
		--skip-test-db >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2; exit 3; }
	as_user "$server" --no-defaults --datadir="$dir/data" --socket="$dir/s" --pid-file="$dir/data/pid" --tmpdir="$dir/tmp" \
		--skip-networking --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M \
		--innodb-log-file-size=16M ${MY_OPTIONS:-} >"$dir/log" 2>&1 3>&- </dev/null &
	for _ in $(seq 400); do
		if mariadb --no-defaults -S "$dir/s" -u root -e 'CREATE DATABASE IF NOT EXISTS test' 2>/dev/null; then
			printf '%s\nmariadb://root@localhost/test?socket=%s\n' "$dir" "$dir/s"
			exit 0
		fi
		sleep 0.05
	done
	cat "$dir/log" >&2
	exit 3
	;;
stop)
	[ -f "$dir/data/pid" ] || exit 0
	pid=$(cat "$dir/data/pid")
	kill "$pid" 2>/dev/null || true
	for _ in $(seq 200); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	rm -rf "$dir"
	;;
*) echo "usage: mariadb.sh start | stop DIR" >&2; exit 2 ;;
esac
