#!/usr/bin/env bats
# A proxy that leads to another MariaDB between two statements, and a file that is another one: seen, and nothing is written there.
load helper

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	load helper
	local out
	out=$("$ROOT/tests/servers/mariadb.sh" start) || return 1
	A=$(sed -n 1p <<<"$out")
	out=$("$ROOT/tests/servers/mariadb.sh" start) || return 1
	B=$(sed -n 1p <<<"$out")
	export A B
}

teardown_file() {
	[ -z "${A:-}" ] || "$BATS_TEST_DIRNAME/servers/mariadb.sh" stop "$A"
	[ -z "${B:-}" ] || "$BATS_TEST_DIRNAME/servers/mariadb.sh" stop "$B"
}

teardown() {
	[ -z "${proxy:-}" ] || kill "$proxy"
}

on() { mariadb --no-defaults -S "$1/s" -u root -N -B test -e "$2"; }

# begin: two servers with the same in them, journal included, and a proxy before the first
begin() {
	on "$A" 'DROP DATABASE test; CREATE DATABASE test'
	on "$B" 'DROP DATABASE test; CREATE DATABASE test'
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int PRIMARY KEY, t text);'
	ends 0 belay up --db "mariadb://root@localhost/test?socket=$A/s"
	mariadb-dump --no-defaults -S "$A/s" -u root test | mariadb --no-defaults -S "$B/s" -u root test
	rm -f flag p
	python3 "$ROOT/tests/servers/switch.py" "$PWD/p" "$A/s" "$B/s" "$PWD/flag" 3>&- &
	proxy=$!
	for _ in $(seq 200); do [ ! -S p ] || break; sleep 0.02; done
	url="mariadb://root@localhost/test?socket=$PWD/p"
}

until_one() {
	for _ in $(seq 400); do [ "$(on "$A" "$1")" != 1 ] || return 0; sleep 0.05; done
	cat out >&2
	return 1
}

# while_waiting COMMAND…: up, and when its statement waits at the gate the command, then the gate opens
while_waiting() {
	local pid gate
	(echo "SELECT GET_LOCK('gate', 0);"; for _ in $(seq 1200); do [ ! -e open ] || break; sleep 0.05; done) | mariadb --no-defaults -S "$A/s" -u root -n >/dev/null 3>&- &
	gate=$!
	until_one "SELECT IS_USED_LOCK('gate') IS NOT NULL"
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	until_one "SELECT count(*) FROM information_schema.processlist WHERE info LIKE '%GET_LOCK(''gate''%' AND id <> connection_id()"
	"$@"
	touch open
	wait "$gate"
	code=0
	wait "$pid" || code=$?
	output=$(cat out) stderr=
	rm open
}
lead() { echo "$1" >flag; }

gate="SELECT GET_LOCK('gate', 60);"

@test "to another server between two migrations, two statements, inside a transaction" {
	local how
	for how in migrations statements inside ddl; do
		begin
		case $how in
		migrations)
			file migrations/2_b.up.sql <<<"INSERT INTO a VALUES (2, 'x'); $gate"
			file migrations/3_c.up.sql <<<"INSERT INTO a VALUES (3, 'x');"
			;;
		statements) file migrations/2_b.up.sql <<<"-- belay:no-transaction
INSERT INTO a VALUES (2, 'x'); $gate INSERT INTO a VALUES (3, 'x');" ;;
		inside) file migrations/2_b.up.sql <<<"INSERT INTO a VALUES (2, 'x'); $gate UPDATE a SET t = 'y'; INSERT INTO a VALUES (3, 'x');" ;;
		ddl) file migrations/2_b.up.sql <<<"CREATE TABLE b (i int); $gate ALTER TABLE a ADD COLUMN more int; INSERT INTO a (i) VALUES (3);" ;;
		esac
		while_waiting lead other
		[ "$code" = 3 ] || { echo "$how: $code"; cat out; return 1; } >&2
		says "the connection leads somewhere else now" "nothing more was written there"
		[ "$(on "$B" "SELECT count(*) FROM a WHERE i = 3")" = 0 ]
		[ "$(on "$B" "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'test' AND column_name = 'more'")" = 0 ]
		[ "$(on "$B" "SELECT count(*) FROM belay_run")" = 1 ]
		# Where it began a plain re-run goes on.
		ends 0 belay up --db "mariadb://root@localhost/test?socket=$A/s"
		[ "$(on "$A" "SELECT count(*) FROM a WHERE i = 3")" = 1 ]
		kill "$proxy"
		wait "$proxy" 2>/dev/null || true
		proxy=
		rm -r migrations
	done
}

@test "to another session of the same server: our lock and settings are not there" {
	begin
	file migrations/2_b.up.sql <<<"INSERT INTO a VALUES (2, 'x'); $gate"
	file migrations/3_c.up.sql <<<"INSERT INTO a VALUES (3, 'x');"
	while_waiting lead same
	[ "$code" = 3 ]
	says "leads somewhere else now"
	[ "$(on "$A" "SELECT count(*) FROM a WHERE i = 3")" = 0 ]
	ends 0 belay up --db "mariadb://root@localhost/test?socket=$A/s"
}

@test "SQLite: another file under the same name in the middle of a run" {
	local mode code
	for mode in delete wal; do
		rm -rf migrations app.db* other.db*
		file migrations/1_a.up.sql <<<'CREATE TABLE a (i INTEGER PRIMARY KEY);'
		ends 0 belay up --db sqlite:app.db
		sqlite3 app.db "PRAGMA journal_mode = $mode" >/dev/null
		cp app.db other.db
		file belay.yml <<<'hooks: {before_up: [sh, -c, "mv other.db app.db"]}'
		file migrations/2_b.up.sql <<<'INSERT INTO a VALUES (2);'
		code=0
		"$BELAY" up --db sqlite:app.db >out 2>&1 || code=$?
		output=$(cat out) stderr=
		[ "$code" = 3 ] || { cat out; return 1; } >&2
		says "the connection leads somewhere else now: another file, or none"
		[ "$(sqlite3 app.db 'SELECT count(*) FROM a')" = 0 ]
		rm belay.yml
		ends 0 belay up --db sqlite:app.db
		[ "$(sqlite3 app.db 'SELECT count(*) FROM a')" = 1 ]
	done
}
