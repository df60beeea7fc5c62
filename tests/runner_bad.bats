#!/usr/bin/env bats
# What may be wrong around a run: one clear sentence, the right exit code, nothing lost.
load helper

setup_file() {
	load helper
	postgres_start
	cc -O1 -D_GNU_SOURCE -shared -fPIC "$ROOT/tests/torture/shim.c" -o "$BATS_FILE_TMPDIR/shim.so" -ldl
}

teardown_file() {
	load helper
	postgres_stop
}

teardown() {
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
	[ -z "${BOUNCER:-}" ] || "$ROOT/tests/servers/pgbouncer.sh" stop "$BOUNCER"
	[ -z "${OTHER:-}" ] || "$ROOT/tests/servers/postgres.sh" stop "$OTHER"
}

# server QUERY: of the whole cluster
server() { psql -X -A -t -q -h "$PG_DIR" -U postgres postgres "$@"; }

# role NAME SETTING…: one that may log in and owns the database $DB
role() {
	local name=$1 one
	shift
	server -c "CREATE ROLE $name LOGIN" -c "ALTER DATABASE $DB OWNER TO $name"
	pg -c "ALTER SCHEMA public OWNER TO $name"
	for one; do server -c "ALTER ROLE $name SET $one"; done
	as="postgres:///$DB?host=$PG_DIR&user=$name"
}

# until_there QUERY: it gives a row within 10 s
until_there() {
	for _ in $(seq 200); do
		[ -z "$(pg -c "$1" 2>/dev/null)" ] || return 0
		sleep 0.05
	done
	return 1
}

sleeping="SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()"

@test "privileges are lost between two statements: said, and a re-run goes on when they are back" {
	pg_database privileges
	role deployer
	file migrations/1_a.up.sql <<<"CREATE TABLE a (i int); $wait_open"
	file migrations/2_b.up.sql <<'SQL'
-- belay:no-transaction
INSERT INTO a VALUES (1);
INSERT INTO a SELECT 2 FROM wait_open();
INSERT INTO a VALUES (3);
SQL
	ends 0 belay up 1 --db "$as"
	"$BELAY" up --db "$as" >out 2>&1 3>&- &
	until_waiting
	pg -c 'ALTER SCHEMA belay OWNER TO postgres; ALTER TABLE belay.step OWNER TO postgres; REVOKE ALL ON belay.step FROM deployer'
	open_now
	local code=0
	wait $! || code=$?
	output=$(cat out) stderr=
	[ "$code" = 5 ]
	says "permission denied for" "is half done: 1 of 3 statements ran and stay" "next: belay status"
	[ "$(pg -c 'SELECT * FROM a')" = 1 ]
	ends 5 belay up --db "$as"
	says "reading belay's journal" "permission denied"
	pg -c 'GRANT ALL ON SCHEMA belay TO deployer; GRANT ALL ON belay.step TO deployer'
	ends 0 belay up --db "$as"
	[ "$(pg -c 'SELECT * FROM a ORDER BY 1')" = $'1\n2\n3' ]
}

@test "a standby, and a role that may only read: nothing is written" {
	OTHER=$(mktemp -d "${TMPDIR:-/tmp}/belay-test.XXXXXX")
	chmod 711 "$OTHER"
	[ "$(id -u)" != 0 ] || chown postgres "$OTHER"
	pg_database reading
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	role reader 'default_transaction_read_only = on'
	ends 3 belay up --db "$as"
	says "cannot write to reading: it is read-only" "A standby"
	ends 0 belay status --db "$as"

	as_postgres() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
	local bin
	bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	cd / && as_postgres "$bin/pg_basebackup" -h "$PG_DIR" -U postgres -D "$OTHER/data" -R -X stream -c fast
	cd "$BATS_TEST_TMPDIR"
	(cd / && as_postgres "$bin/postgres" -D "$OTHER/data" -k "$OTHER" -c listen_addresses= >"$OTHER/log" 2>&1 3>&- </dev/null &)
	for _ in $(seq 200); do
		psql -X -h "$OTHER" -U postgres -c 'SELECT 1' reading >/dev/null 2>&1 && break
		sleep 0.05
	done
	ends 3 belay up --db "postgres:///reading?host=$OTHER&user=postgres"
	says "cannot write to reading: it is read-only"
	ends 0 belay status --db "postgres:///reading?host=$OTHER&user=postgres"
	[ "$(pg -c "SELECT to_regclass('a'), to_regnamespace('belay')")" = '|' ]
}

@test "the pooler leads to another server in the middle: nothing is written there" {
	local out
	out=$("$ROOT/tests/servers/postgres.sh" start)
	OTHER=$(sed -n 1p <<<"$out")
	BOUNCER=$("$ROOT/tests/servers/pgbouncer.sh" start "$PG_DIR")
	pg_database moving
	file migrations/1_a.up.sql <<<"CREATE TABLE a (i int); $wait_open"
	file migrations/2_b.up.sql <<<'INSERT INTO a SELECT 2 FROM wait_open();'
	file migrations/3_c.up.sql <<<'INSERT INTO a VALUES (3);'
	ends 0 belay up 1 --db "$url"
	pooled="postgres://postgres@/moving?host=$BOUNCER&port=6432"
	"$BELAY" up --db "$pooled" >out 2>&1 3>&- &
	local pid=$! code=0
	until_waiting
	# A copy of everything, the journal and its lease included.
	psql -X -q -h "$OTHER" -U postgres -c 'CREATE DATABASE moving' postgres
	pg_dump -h "$PG_DIR" -U postgres moving | psql -X -q -h "$OTHER" -U postgres moving >/dev/null
	sed -i "s|^\* = .*|* = host='$OTHER' user=postgres|" "$BOUNCER/ini"
	kill -HUP "$(cat "$BOUNCER/pid")"
	sleep 1
	open_now
	wait "$pid" || code=$?
	output=$(cat out) stderr=
	[ "$code" = 3 ] || { cat out; return 1; } >&2
	says "the pooler leads to another server now" "nothing was written there" "nothing of it is applied"
	[ "$(pg -c 'SELECT * FROM a')" = 2 ]
	[ "$(psql -X -At -h "$OTHER" -U postgres -c 'SELECT count(*) FROM a' moving)" = 0 ]
	sed -i "s|^\* = .*|* = host='$PG_DIR' user=postgres|" "$BOUNCER/ini"
	kill -HUP "$(cat "$BOUNCER/pid")"
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT * FROM a ORDER BY 1')" = $'2\n3' ]
}

@test "a clock that jumps to and fro by a day takes no lease away and loses none" {
	pg_database clocks
	file migrations/1_a.up.sql <<<"CREATE TABLE a (i int); $wait_open"
	file migrations/2_b.up.sql <<<'INSERT INTO a SELECT 2 FROM wait_open();'
	LD_PRELOAD=$BATS_FILE_TMPDIR/shim.so TORTURE_CLOCK=86400 "$BELAY" up --db "$url" >out 2>&1 3>&- &
	local pid=$! code=0
	until_waiting
	LD_PRELOAD=$BATS_FILE_TMPDIR/shim.so TORTURE_CLOCK=100000 "$BELAY" up --db "$url" --if-running skip >second 2>&1 3>&-
	grep -q 'another belay is migrating' second
	open_now
	wait "$pid" || code=$?
	[ "$code" = 0 ] || { cat out; return 1; } >&2
	[ "$(pg -c 'SELECT * FROM a')" = 2 ]
}

@test "the journal of a newer belay is refused on SQLite; that of an older one is carried on" {
	shop
	ends 0 belay up 1 --db sqlite:app.db
	sqlite3 app.db 'UPDATE belay_version SET version = 99'
	ends 6 belay up --db sqlite:app.db
	says "written by a newer belay: its version is 99" "Use that belay, or a newer one"
	sqlite3 app.db 'UPDATE belay_version SET version = 1; DROP TABLE belay_cursor; DROP TABLE belay_moved'
	ends 0 belay up --db sqlite:app.db
	[ "$(sqlite3 app.db 'SELECT version > 1 FROM belay_version')" = 1 ]
	[ "$(sqlite3 app.db 'SELECT count(*) FROM belay_cursor')" = 0 ]
}

@test "the history was edited by hand: seen, and nothing runs twice unasked" {
	pg_database edited
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	file migrations/2_b.up.sql <<<'INSERT INTO a VALUES (2);'
	ends 0 belay up --db "$url"
	pg -c 'UPDATE schema_migrations SET version = 1'
	ends 6 belay up --db "$url"
	says "migration 2 was applied by belay, and the history does not know it any more" \
		"belay up --in-doubt again" "belay baseline 2"
	ends 0 belay status --db "$url"
	says "taken out of the history since"
	ends 0 belay baseline 2 --db "$url"
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 1 ]
	pg -c 'DELETE FROM a; UPDATE schema_migrations SET version = 1'
	ends 0 belay up --db "$url" --in-doubt again
	[ "$(pg -c 'SELECT count(*) FROM a')" = 1 ]

	pg -c 'INSERT INTO schema_migrations VALUES (9, false)'
	ends 2 belay up --db "$url"
	says "has 2 rows; golang-migrate keeps one"
	pg -c 'DELETE FROM schema_migrations WHERE version = 9; UPDATE schema_migrations SET dirty = true'
	ends 6 belay up --db "$url"
	says "is recorded as failed: dirty"
	pg -c 'DROP TABLE schema_migrations'
	ends 6 belay up --db "$url"
	says "the history table is gone, but belay's journal knows 2 migrations" "belay baseline"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 1 ]
}

@test "a migration's own BEGIN and COMMIT" {
	pg_database own
	file migrations/1_a.up.sql <<'SQL'
BEGIN;
CREATE TABLE a (i int);
COMMIT;
SQL
	file migrations/2_b.up.sql <<'SQL'
INSERT INTO a VALUES (1);
COMMIT;
INSERT INTO a VALUES (2);
SQL
	file migrations/3_c.up.sql <<'SQL'
BEGIN;
INSERT INTO a VALUES (3);
ROLLBACK;
SQL
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT * FROM a ORDER BY 1')" = $'1\n2' ]
	file migrations/4_d.up.sql <<'SQL'
BEGIN;
INSERT INTO a VALUES (4);
SQL
	ends 5 belay up --db "$url"
	says "leaves a transaction open: its BEGIN has no COMMIT"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 2 ]
	echo 'COMMIT;' >>migrations/4_d.up.sql
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 3 ]
	# Who goes on behind AND CHAIN after a kill has no BEGIN.
	file migrations/5_e.up.sql <<<'BEGIN; INSERT INTO a VALUES (5); COMMIT AND CHAIN; INSERT INTO a VALUES (6); COMMIT;'
	ends 2 belay up --db "$url"
	says "AND CHAIN is not supported" "Nothing was run"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 3 ]
	sed -i 's/AND CHAIN/AND NO CHAIN; BEGIN/' migrations/5_e.up.sql
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM a')" = 5 ]
}

@test "what a migration sets stays in it: PostgreSQL" {
	pg_database leaking
	server -c 'CREATE ROLE weak'
	pg -c 'GRANT ALL ON SCHEMA public TO weak'
	file migrations/01_dump.up.sql <<'SQL'
SET statement_timeout = '20s';
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.a (i int);
CREATE TEMPORARY TABLE scratch (i int);
PREPARE p AS SELECT 1;
DECLARE c CURSOR WITH HOLD FOR SELECT 1;
SQL
	file migrations/02_plain.up.sql <<<'CREATE TABLE b (i int); CREATE TEMPORARY TABLE scratch (i int); PREPARE p AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1;'
	file migrations/03_role.up.sql <<<'SET ROLE weak; CREATE TABLE c (i int);'
	file migrations/04_read.up.sql <<<'SET default_transaction_read_only = on; SET lock_timeout = 1;'
	file migrations/05_block.up.sql <<<"DO \$\$ BEGIN PERFORM set_config('search_path', 'nowhere', false); END \$\$;"
	file migrations/06_outside.up.sql <<'SQL'
-- belay:no-transaction
SET SESSION AUTHORIZATION weak;
RESET SESSION AUTHORIZATION;
SET search_path = nowhere;
CREATE TABLE public.d (i int);
SQL
	file migrations/07_last.up.sql <<<'CREATE TABLE e AS SELECT current_user AS who;'
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT string_agg(tablename || ' ' || tableowner, ', ' ORDER BY 1) FROM pg_tables WHERE schemaname = 'public' AND length(tablename) = 1")" = \
		'a postgres, b postgres, c weak, d postgres, e postgres' ]
	[ "$(pg -c 'SELECT who FROM e')" = postgres ]
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '7|f' ]
}

@test "what a migration sets stays in it: MariaDB" {
	local out my
	out=$("$ROOT/tests/servers/mariadb.sh" start)
	MY_DIR=$(sed -n 1p <<<"$out") url=$(sed -n 2p <<<"$out")
	file migrations/1_a.up.sql <<'SQL'
CREATE DATABASE elsewhere;
CREATE TABLE p (id int PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE c (p int, FOREIGN KEY (p) REFERENCES p (id)) ENGINE=InnoDB;
SET foreign_key_checks = 0;
SET SESSION sql_mode = '';
USE elsewhere;
CREATE TABLE there (i int);
SQL
	file migrations/2_b.up.sql <<<'CREATE TABLE here (i int);'
	file migrations/3_c.up.sql <<<'INSERT INTO c VALUES (7);'
	ends 5 belay up --db "$url"
	says "foreign key constraint fails" "2 migrations of 3 before it are applied"
	my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B "$@"; }
	[ "$(my elsewhere -e 'SHOW TABLES')" = there ]
	[ "$(my test -e "SHOW TABLES LIKE 'here'")" = here ]
	[ "$(my test -e 'SELECT version, dirty FROM schema_migrations')" != '' ]
	echo "INSERT INTO p VALUES (7); INSERT INTO c VALUES (7);" >migrations/3_c.up.sql
	ends 0 belay up --db "$url"
	[ "$(my test -e 'SELECT count(*) FROM c')" = 1 ]
	file migrations/4_d.up.sql <<<'SET autocommit = 0; CREATE TABLE q (i int);'
	ends 5 belay up --db "$url"
	says "its BEGIN (or SET autocommit = 0) has no COMMIT"
	echo 'COMMIT;' >>migrations/4_d.up.sql
	ends 0 belay up --db "$url"
	[ "$(my test -e 'SELECT count(*) FROM q')" = 0 ]
}

@test "what a migration sets stays in it: SQLite" {
	file migrations/001_a.sql <<'SQL'
-- UP
-- belay:no-transaction
PRAGMA foreign_keys = ON;
CREATE TABLE p (id INTEGER PRIMARY KEY);
CREATE TABLE c (p REFERENCES p (id));
ATTACH 'second.db' AS other;
CREATE TABLE other.t (i);
-- DOWN
DROP TABLE c;
SQL
	file migrations/002_b.sql <<'SQL'
-- UP
INSERT INTO c VALUES (7);
CREATE TABLE t (i);
-- DOWN
DELETE FROM c;
SQL
	sqlite3 second.db 'CREATE TABLE there_already (i)'
	ends 0 belay up --db sqlite:app.db
	[ "$(sqlite3 app.db "SELECT count(*) FROM sqlite_master WHERE name = 't'")" = 1 ]
	[ "$(sqlite3 app.db 'SELECT count(*) FROM c')" = 1 ]
}

@test "search_path: a table of the framework's name, and of belay's, in an earlier schema" {
	pg_database paths
	pg -c "ALTER DATABASE paths SET search_path = app, public"
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	file migrations/2_b.up.sql <<'SQL'
CREATE SCHEMA app;
CREATE TABLE app.schema_migrations (version bigint, dirty boolean);
CREATE TABLE app.run (id int);
CREATE TABLE app.lease (part text);
CREATE FUNCTION app.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not the real one'; END $$;
CREATE FUNCTION app.count(int) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not the real one'; END $$;
SQL
	file migrations/3_c.up.sql <<<'INSERT INTO a VALUES (1);'
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT version FROM public.schema_migrations')" = 3 ]
	[ "$(pg -c 'SELECT count(*) FROM app.schema_migrations')" = 0 ]
	ends 6 belay up --db "$url"
	says "the history does not know it any more" \
		"search_path leads to app.schema_migrations, while there is public.schema_migrations, too"
	pg -c "ALTER DATABASE paths SET search_path = public, app"
	ends 0 belay up --db "$url"
	says "nothing to do"
	pg -c "ALTER DATABASE paths SET search_path = app, pg_catalog, public"
	ends 6 belay up --db "$url"
	says 'search_path names pg_catalog behind "app"'
	[ "$(pg -c 'SELECT count(*) FROM public.a')" = 1 ]
}

@test "timeouts that the role brings along do not end a statement that is allowed to take its time" {
	pg_database hurried
	role hurried "statement_timeout = '150ms'" "lock_timeout = '1ms'" "idle_in_transaction_session_timeout = '300ms'"
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int); INSERT INTO a SELECT 1 FROM pg_sleep(0.6);'
	file migrations/2_b.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY a_i ON a (i);
INSERT INTO a SELECT 2 FROM pg_sleep(0.6);
SQL
	file migrations/3_c.up.sql <<<'ALTER TABLE a ADD COLUMN b int;'
	ends 0 belay up 2 --db "$as"
	pg -c 'BEGIN; SELECT * FROM a; SELECT pg_sleep(2)' >/dev/null 3>&- &
	until_there "$sleeping"
	ends 0 belay up --db "$as"
	[ "$(pg -c 'SELECT count(*), count(b) FROM a')" = '2|0' ]
	wait
}

@test "a migration of more than 2 GiB is refused in a sentence, in little memory" {
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	truncate -s 2200M migrations/2_data.up.sql
	ends 2 bash -c "ulimit -v 600000; exec '$BELAY' up --layout golang-migrate --db sqlite:app.db"
	says "2_data.up.sql" "more than the limit of 2 GiB" "several files"
	[ ! -s app.db ]
}

@test "a database file that does not exist: said, and not made" {
	sqlite3 source.db 'CREATE TABLE t (id INTEGER PRIMARY KEY)'
	mkdir migrations
	echo 'CREATE TABLE a (id int);' >migrations/1_a.sql
	local verb
	for verb in 'restore one' backups 'batches pause' 'baseline 1' 'down' status; do
		run "$BELAY" $verb --db sqlite:none.db
		[ "$status" -eq 3 ]
		[[ $output == *'"'*'none.db": there is no such file'* ]]
		[ ! -e none.db ]
	done
}
