#!/usr/bin/env bash
# mysql.sh start | stop DIR - a private MySQL for a test, as mariadb.sh makes a MariaDB: a socket in DIR,
# no TCP, no durability. `start` prints DIR and the URL, a line each (user "root", no password, database
# "test"). The server is the one in BELAY_MYSQL_BIN, else what tools/mysql.sh brings.
# MY_OPTIONS: more options. As root it runs as user mysql, or nobody where that does not exist.
set -euo pipefail
# shellcheck source=tests/servers/common.sh
. "$(dirname "$0")/common.sh"
verb=$1 dir=${2:-}

choose_user mysql

case $verb in
start)
	bin=${BELAY_MYSQL_BIN:-$("$(dirname "$0")/../../tools/mysql.sh")}
	make_folder tmp
	options=(--no-defaults --datadir="$dir/data" --tmpdir="$dir/tmp" --secure-file-priv= ${MY_LOG:---skip-log-bin}
		--innodb-redo-log-capacity=16M --auto-generate-certs=OFF
		--caching-sha2-password-auto-generate-rsa-keys=OFF)
	as_user "$bin/mysqld" "${options[@]}" --initialize-insecure >"$dir/install.log" 2>&1 ||
		{ cat "$dir/install.log" >&2; exit 3; }
	# shellcheck disable=SC2086
	as_user "$bin/mysqld" "${options[@]}" --socket="$dir/s" --pid-file="$dir/data/pid" --skip-networking \
		--mysqlx=OFF --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M \
		${MY_OPTIONS:-} >"$dir/log" 2>&1 3>&- </dev/null &
	wait_for mariadb --no-defaults -S "$dir/s" -u root -e 'CREATE DATABASE IF NOT EXISTS test'
	printf '%s\nmysql://root@localhost/test?socket=%s\n' "$dir" "$dir/s"
	;;
stop) stop_server "$dir/data/pid" ;;
*) echo "usage: mysql.sh start | stop DIR" >&2; exit 2 ;;
esac
