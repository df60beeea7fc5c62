#!/usr/bin/env bash
# mysql.sh start | stop DIR - a private MySQL for a test, as mariadb.sh makes a MariaDB: a socket in DIR,
# no TCP, no durability. `start` prints DIR and the URL, a line each (user "root", no password, database
# "test"). The server is the one in BELAY_MYSQL_BIN, else what tools/mysql.sh brings.
# MY_OPTIONS: more options. As root it runs as user mysql, or nobody where that does not exist.
set -euo pipefail
verb=$1 dir=${2:-}

if [ "$(id -u)" = 0 ]; then
	user=mysql
	id "$user" >/dev/null 2>&1 || user=nobody
	as_user() { runuser -u "$user" -- "$@"; }
else
	as_user() { "$@"; }
fi

case $verb in
start)
	bin=${BELAY_MYSQL_BIN:-$("$(dirname "$0")/../../tools/mysql.sh")}
	dir=$(mktemp -d "${TMPDIR:-/tmp}/belay-test.XXXXXX")
	chmod 711 "$dir"
	mkdir "$dir/tmp"
	[ "$(id -u)" != 0 ] || chown "$user" "$dir" "$dir/tmp"
	cd /
	common=(--no-defaults --datadir="$dir/data" --tmpdir="$dir/tmp" --secure-file-priv= ${MY_LOG:---skip-log-bin}
		--innodb-redo-log-capacity=16M --auto-generate-certs=OFF
		--caching-sha2-password-auto-generate-rsa-keys=OFF)
	as_user "$bin/mysqld" "${common[@]}" --initialize-insecure >"$dir/install.log" 2>&1 ||
		{ cat "$dir/install.log" >&2; exit 3; }
	# shellcheck disable=SC2086
	as_user "$bin/mysqld" "${common[@]}" --socket="$dir/s" --pid-file="$dir/data/pid" --skip-networking \
		--mysqlx=OFF --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M \
		${MY_OPTIONS:-} >"$dir/log" 2>&1 3>&- </dev/null &
	for _ in $(seq 600); do
		if mariadb --no-defaults -S "$dir/s" -u root -e 'CREATE DATABASE IF NOT EXISTS test' 2>/dev/null; then
			printf '%s\nmysql://root@localhost/test?socket=%s\n' "$dir" "$dir/s"
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
	for _ in $(seq 400); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	rm -rf "$dir"
	;;
*) echo "usage: mysql.sh start | stop DIR" >&2; exit 2 ;;
esac
