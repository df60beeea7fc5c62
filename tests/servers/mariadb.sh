#!/usr/bin/env bash
# mariadb.sh start | stop DIR - a private MariaDB for a test: a socket in DIR, no TCP, no
# durability. `start` prints DIR and the URL, a line each (user "root", no password, database "test").
# MY_OPTIONS: more options. As root it runs as user mysql, or nobody where that does not exist.
set -euo pipefail
# shellcheck source=tests/servers/common.sh
. "$(dirname "$0")/common.sh"
verb=$1 dir=${2:-}
server=$(command -v mariadbd || ls /usr/sbin/mariadbd 2>/dev/null) ||
	{ echo "mariadb.sh: no MariaDB server is installed" >&2; exit 3; }

choose_user mysql

case $verb in
start)
	# A server that starts removes the temporary tables of others that share its folder for them.
	make_folder tmp
	as_user env TMPDIR="$dir/tmp" mariadb-install-db --no-defaults --datadir="$dir/data" --auth-root-authentication-method=normal \
		--skip-test-db >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2; exit 3; }
	as_user "$server" --no-defaults --datadir="$dir/data" --socket="$dir/s" --pid-file="$dir/data/pid" --tmpdir="$dir/tmp" \
		--skip-networking --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M \
		--innodb-log-file-size=16M ${MY_OPTIONS:-} >"$dir/log" 2>&1 3>&- </dev/null &
	wait_for mariadb --no-defaults -S "$dir/s" -u root -e 'CREATE DATABASE IF NOT EXISTS test'
	printf '%s\nmariadb://root@localhost/test?socket=%s\n' "$dir" "$dir/s"
	;;
stop) stop_server "$dir/data/pid" ;;
*) echo "usage: mariadb.sh start | stop DIR" >&2; exit 2 ;;
esac
