#!/usr/bin/env bats
# One runner at a time, whatever stands between: a pooler, a suspended process, another belay's version.
load helper

setup_file() {
	load helper
	postgres_start
	BOUNCER=$("$BATS_TEST_DIRNAME/servers/pgbouncer.sh" start "$PG_DIR")
	export BOUNCER
}

teardown_file() {
	load helper
	[ -z "${BOUNCER:-}" ] || "$BATS_TEST_DIRNAME/servers/pgbouncer.sh" stop "$BOUNCER"
	postgres_stop
}

counted() {
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text);'
	file migrations/2_once.up.sql <<<"INSERT INTO log SELECT 'once' FROM pg_sleep(0.3);"
	file migrations/3_index.up.sql <<<'CREATE INDEX CONCURRENTLY log_what ON log (what);'
	file migrations/4_more.up.sql <<'SQL'
INSERT INTO log VALUES ('more');
ALTER TABLE log ADD COLUMN n int;
SQL
}

@test "eight runners that wait: all succeed, each migration ran once; ten times over" {
	counted
	local i
	for i in $(seq 10); do
		pg_database "waiting$i"
		codes=$(eight --db "$url" --if-running wait)
		[ "$codes" = '0 0 0 0 0 0 0 0 ' ] || { echo "$codes"; cat out*; return 1; } >&2
		[ "$(pg -c 'SELECT string_agg(what, chr(32) ORDER BY what) FROM log')" = 'more once' ]
		[ "$(pg -c 'SELECT epoch FROM belay.lease GROUP BY epoch')" -ge 1 ]
	done
}

@test "eight runners through PgBouncer in transaction mode: the same" {
	counted
	pg_database pooled
	codes=$(eight --db "postgres://postgres@/$DB?host=$BOUNCER&port=6432" --if-running wait)
	[ "$codes" = '0 0 0 0 0 0 0 0 ' ] || { echo "$codes"; cat out*; return 1; } >&2
	[ "$(pg -c 'SELECT string_agg(what, chr(32) ORDER BY what) FROM log')" = 'more once' ]
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'log_what'::regclass")" = t ]
	# Nothing of ours stays in a pooled session.
	for _ in 1 2 3 4; do
		[ "$(psql -X -A -t "postgres://postgres@/$DB?host=$BOUNCER&port=6432" -c "SELECT current_setting('lock_timeout') || current_setting('statement_timeout')")" = 00 ]
	done
}

@test "--if-running skip leaves with 0 and says so; fail with 4; a wrong word with 2" {
	pg_database skipping
	file migrations/1_slow.up.sql <<<'CREATE TABLE log (what text); SELECT pg_sleep(12);'
	belay up --db "$url" >out 2>&1 3>&- &
	until [ "$(pg -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(12)%' AND pid <> pg_backend_pid() AND state = 'active'")" -gt 0 ]; do sleep 0.05; done
	ends 0 belay up --db "$url" --if-running skip
	says "nothing done: another belay is migrating this database"
	ends 4 belay up --db "$url"
	says "another belay is migrating this database right now: belay up, process"
	ends 2 belay up --db "$url" --if-running now
	wait
	ends 0 belay up --db "$url" --if-running skip
	says "nothing to do"
}

@test "a suspended runner that was replaced cannot write when it wakes" {
	pg_database asleep
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text);'
	file migrations/2_two.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY log_what ON log (what);
INSERT INTO log VALUES ('first');
INSERT INTO log VALUES ('second');
SQL
	ends 0 belay up 1 --db "$url"
	# The build waits for a writer; while it does, its runner is suspended.
	pg -c "$wait_open"
	psql -X -q "$url" -c "BEGIN; DELETE FROM log; SELECT wait_open(); COMMIT" >/dev/null 3>&- &
	until_waiting
	"$BELAY" up --db "$url" >first 2>&1 3>&- &
	local pid=$! build="SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%' AND state = 'active'"
	until [ "$(pg -c "$build")" -gt 0 ]; do sleep 0.05; done
	kill -STOP "$pid"
	open_now
	until [ "$(pg -c "$build")" = 0 ]; do sleep 0.1; done
	# As for the lease, a long time has passed.
	pg -c "UPDATE belay.lease SET beat = beat - interval '1 minute' WHERE part = 'heartbeat'"
	ends 0 belay up --db "$url"
	kill -CONT "$pid"
	local code=0
	wait "$pid" || code=$?
	[ "$code" = 4 ] || { echo "$code"; cat first; return 1; } >&2
	grep -q 'another belay has taken over' first
	[ "$(pg -c 'SELECT string_agg(what, chr(32) ORDER BY what) FROM log')" = 'first second' ]
}

@test "the lease of a copied database is free" {
	pg_database original
	counted
	ends 0 belay up 1 --db "$url"
	pg -c "UPDATE belay.lease SET system_id = 'another server', beat = clock_timestamp() + interval '1 hour', backend = 0"
	ends 0 belay up --db "$url"
}

@test "the journal of a newer belay is refused, that of an older one is carried on" {
	pg_database journal
	counted
	ends 0 belay up 1 --db "$url"
	pg -c 'DROP TABLE belay.version, belay.lease'
	ends 0 belay up 2 --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM belay.lease')" = 2 ]
	pg -c 'UPDATE belay.version SET version = 99'
	ends 6 belay up --db "$url"
	says "written by a newer belay: its version is 99"
	[ "$(pg -c "SELECT to_regclass('log_what')")" = '' ]
}

# ---- Stopped at a point of its own choosing (torture/shim.c) ----

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "$1"; }

teardown() {
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
}

# asleep_behind WORDS: a runner on $url that stops behind the first message with these words; $pid
asleep_behind() {
	cc -O1 -D_GNU_SOURCE -shared -fPIC "$ROOT/tests/torture/shim.c" -o shim.so -ldl
	LD_PRELOAD=$PWD/shim.so TORTURE=send:1:stay TORTURE_TEXT=$1 "$BELAY" up --db "$url" >first 2>&1 3>&- &
	pid=$!
	until [ "$(cut -d ' ' -f 3 "/proc/$pid/stat")" = T ]; do sleep 0.05; done
}

# wakes CODES: the suspended runner goes on, and ends with one of them
wakes() {
	local code=0
	kill -CONT "$pid"
	wait "$pid" || code=$?
	[[ " $1 " == *" $code "* ]] || { echo "$code"; cat first; return 1; } >&2
}

two_builds() {
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text);'
	file migrations/2_two.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY log_what ON log (what);
INSERT INTO log VALUES ('once');
DROP INDEX CONCURRENTLY log_what;
SQL
	file migrations/3_again.up.sql <<<'CREATE INDEX log_what ON log (what);'
}

@test "suspended between its intent and the statement, and replaced: the statement is never sent" {
	two_builds
	pg_database intent
	asleep_behind '; drops '
	pg -c "UPDATE belay.lease SET beat = beat - interval '1 minute' WHERE part = 'heartbeat'"
	ends 0 belay up --db "$url"
	wakes '3 4' # it knows why its session is gone if its second one was open
	# Migration 3's index has the name of the one that it was about to drop.
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'log_what'::regclass")" = t ]
	[ "$(pg -c 'SELECT count(*) FROM log')" = 1 ]
	[ "$(pg -c "SELECT count(*) FROM belay.step WHERE kind = 'alone' AND state <> 'recorded'")" = 0 ]
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "a suspended runner on MariaDB keeps its lock; when its session is ended it is replaced, and cannot write" {
	local out
	out=$("$ROOT/tests/servers/mariadb.sh" start)
	MY_DIR=$(sed -n 1p <<<"$out") url=$(sed -n 2p <<<"$out")
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what varchar(20)) ENGINE=InnoDB;'
	file migrations/2_two.up.sql <<'SQL'
INSERT INTO log VALUES ('first');
CREATE INDEX log_what ON log (what);
INSERT INTO log VALUES ('second');
SQL
	asleep_behind "INSERT INTO log VALUES ('first')"
	ends 4 belay up --db "$url"
	says "another belay is migrating this database right now"
	ends 0 belay up --db "$url" --if-running skip
	[ "$(my 'SELECT count(*) FROM log')" = 0 ]
	for id in $(my "SELECT id FROM information_schema.processlist WHERE db = 'test' AND id <> connection_id()"); do
		my "KILL $id"
	done
	ends 0 belay up --db "$url"
	wakes 3
	[ "$(my 'SELECT group_concat(what ORDER BY what) FROM log')" = first,second ]
	[ "$(my "SELECT count(*) FROM belay_step WHERE kind = 'alone' AND state <> 'recorded'")" = 0 ]
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "a suspended runner on SQLite keeps its lock: others leave, and when it wakes it finishes" {
	url=sqlite:app.db
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text);'
	file migrations/2_two.up.sql <<<"INSERT INTO log VALUES ('once');"
	asleep_behind "INSERT INTO log VALUES"
	ends 4 belay up --db "$url"
	ends 0 belay up --db "$url" --if-running skip
	says "nothing done"
	wakes 0
	ends 0 belay up --db "$url"
	says "nothing to do"
	[ "$(sqlite3 app.db 'SELECT count(*) FROM log')" = 1 ]
}

@test "suspended with a transaction open, and replaced: nothing of it stays" {
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text);'
	file migrations/2_two.up.sql <<<"INSERT INTO log VALUES ('once');"
	pg_database opened
	asleep_behind "INSERT INTO log VALUES ('once')"
	pg -c "UPDATE belay.lease SET beat = beat - interval '1 minute' WHERE part = 'heartbeat'"
	ends 0 belay up --db "$url"
	wakes '3 4'
	[ "$(pg -c 'SELECT count(*) FROM log')" = 1 ]
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "the same behind PgBouncer, when nothing was heard of it for the time of a lease" {
	file migrations/1_log.up.sql <<<'CREATE TABLE log (what text);'
	file migrations/2_two.up.sql <<<"INSERT INTO log VALUES ('once');"
	pg_database left_open
	url="postgres://postgres@/$DB?host=$BOUNCER&port=6432"
	asleep_behind "INSERT INTO log VALUES ('once')"
	ends 0 belay up --db "$url"
	wakes '3 4'
	[ "$(pg -c 'SELECT count(*) FROM log')" = 1 ]
	ends 0 belay up --db "$url"
	says "nothing to do"
}
