# batches.bash - what the tests of statements in batches share.
load helper

teardown() {
	[ -z "${standby_pid:-}" ] || kill -INT "$standby_pid" || true
	[ -z "${REPLICA_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$REPLICA_DIR"
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
}

# base SQL < the second migration
base() {
	file migrations/1_base.up.sql <<<"$1"
	file migrations/2_fill.up.sql
}

# Rows by how often they were changed: "1|20000" is what everybody wants.
times() { pg -c "SELECT n, count(*) FROM ${1:-t} GROUP BY n ORDER BY n"; }

numbers='CREATE TABLE t (id bigint PRIMARY KEY, n int DEFAULT 0);
INSERT INTO t SELECT i * 3, 0 FROM generate_series(1, 20000) i;'

# killed SECONDS SIGNAL [OPTION…]: up, hit after a while
killed() {
	"$BELAY" up --db "$url" "${@:3}" >out 2>&1 3>&- &
	local pid=$!
	sleep "$1"
	kill "-$2" "$pid" 2>/dev/null || true
	wait "$pid" || true
}

# started [OPTION…]: up in the background; its words are in the file out
started() {
	"$BELAY" up --db "$url" "$@" >out 2>&1 3>&- &
	pid=$!
}

# reads_out TEXT: waits until a line of it says so
reads_out() {
	timeout 60 sh -c 'until grep -q "$0" out; do sleep 0.05; done' "$1" || {
		cat out >&2
		return 1
	}
}

# as_server COMMAND…: as the user that owns the test server
as_server() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u "$(stat -c %U "$PG_DIR/data")" -- "$@"
	else
		"$@"
	fi
}

lite() { sqlite3 app.db "$1"; }

mariadb_here() {
	local out
	[ -x /usr/sbin/mariadbd ] || skip "no MariaDB"
	out=$("$ROOT/tests/servers/mariadb.sh" start)
	MY_DIR=$(sed -n 1p <<<"$out") url=$(sed -n 2p <<<"$out")
}

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "$1"; }

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}
