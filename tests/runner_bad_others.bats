#!/usr/bin/env bats
# What may be wrong around a run, on MariaDB and SQLite: as runner_bad.bats.
load helper

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	load helper
	local out
	out=$("$ROOT/tests/servers/mariadb.sh" start) || return 1
	MY_DIR=$(sed -n 1p <<<"$out") my_url=$(sed -n 2p <<<"$out")
	export MY_DIR my_url
	cc -O1 -D_GNU_SOURCE -shared -fPIC "$ROOT/tests/torture/shim.c" -o "$BATS_FILE_TMPDIR/shim.so" -ldl
}

teardown_file() {
	[ -z "${MY_DIR:-}" ] || "$BATS_TEST_DIRNAME/servers/mariadb.sh" stop "$MY_DIR"
}

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B test -e "$1"; }

# fresh ENGINE: an empty database in $DATABASE_URL, and `ask` asks it
fresh() {
	engine=$1
	rm -rf migrations app.db*
	if [ "$engine" = mariadb ]; then
		my 'DROP DATABASE test; CREATE DATABASE test'
		export DATABASE_URL=$my_url
	else
		export DATABASE_URL=sqlite:app.db
	fi
}
ask() { if [ "$engine" = mariadb ]; then my "$1" | tr '\t' '|'; else sqlite3 app.db "$1"; fi; }

# user PRIVILEGES [MORE]: one who has those on the database; the URL is in $as
user() {
	my "DROP USER IF EXISTS deployer@localhost; CREATE USER deployer@localhost ${2:-}; GRANT $1 ON test.* TO deployer@localhost"
	as="mariadb://deployer@localhost/test?socket=$MY_DIR/s"
}

@test "MariaDB: privileges are lost between two statements: said, and a re-run goes on when they are back" {
	fresh mariadb
	user 'SELECT, CREATE, ALTER, DROP, INDEX, INSERT, UPDATE, DELETE, REFERENCES'
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int); CREATE TABLE b (i int);'
	ends 0 belay up --db "$as"
	my "REVOKE INSERT ON test.* FROM deployer@localhost; GRANT INSERT ON test.a TO deployer@localhost"
	local t
	for t in run step applied cursor part moved version snapshot verified control archive; do my "GRANT INSERT ON test.belay_$t TO deployer@localhost"; done
	my "GRANT INSERT ON test.schema_migrations TO deployer@localhost"
	file migrations/2_b.up.sql <<'SQL'
-- belay:no-transaction
INSERT INTO a VALUES (1);
INSERT INTO b VALUES (2);
SQL
	ends 5 belay up --db "$as"
	says "INSERT command denied" "is half done: 1 of 2 statements ran and stay" "goes on at the statement that did not run"
	my "GRANT INSERT ON test.* TO deployer@localhost"
	ends 0 belay up --db "$as"
	[ "$(my 'SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)')" = $'1\t1' ]
}

@test "MariaDB: a server that is read only, and a role that may not make the journal" {
	fresh mariadb
	user 'ALL'
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	my 'SET GLOBAL read_only = 1'
	ends 3 belay up --db "$as"
	says "cannot write to test: it is read-only" "A standby"
	ends 0 belay status --db "$as"
	my 'SET GLOBAL read_only = 0'
	[ -z "$(my 'SHOW TABLES')" ]
	user 'SELECT, INSERT'
	ends 5 belay up --db "$as"
	says "command denied"
	[ -z "$(my 'SHOW TABLES')" ]
}

@test "MariaDB: the journal of a newer belay is refused, that of an older one is carried on" {
	fresh mariadb
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
	file migrations/2_b.up.sql <<<'CREATE TABLE b (i int);'
	ends 0 belay up 1
	my 'UPDATE belay_version SET version = 99'
	ends 6 belay up
	says "written by a newer belay: its version is 99" "Use that belay, or a newer one"
	my 'UPDATE belay_version SET version = 1; DROP TABLE belay_cursor'
	ends 0 belay up
	[ "$(my 'SELECT version > 1 FROM belay_version')" = 1 ]
	[ "$(my 'SELECT count(*) FROM belay_cursor')" = 0 ]
}

@test "the history was edited by hand: seen, and nothing runs twice unasked" {
	local engine
	for engine in mariadb sqlite; do
		fresh "$engine"
		file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
		file migrations/2_b.up.sql <<<'INSERT INTO a VALUES (2);'
		ends 0 belay up
		ask 'UPDATE schema_migrations SET version = 1'
		ends 6 belay up
		says "migration 2 was applied by belay, and the history does not know it any more" "belay baseline 2"
		ends 0 belay status
		ends 0 belay baseline 2
		ends 0 belay up
		[ "$(ask 'SELECT count(*) FROM a')" = 1 ]
		ask 'UPDATE schema_migrations SET dirty = 1'
		ends 6 belay up
		says "is recorded as failed: dirty"
		ask 'DROP TABLE schema_migrations'
		ends 6 belay up
		says "the history table is gone, but belay's journal knows 2 migrations"
		[ "$(ask 'SELECT count(*) FROM a')" = 1 ]
	done
}

@test "a clock that jumps to and fro by a day harms nothing" {
	local engine
	for engine in mariadb sqlite; do
		fresh "$engine"
		file migrations/1_a.up.sql <<<'CREATE TABLE a (i int PRIMARY KEY, n int);'
		file migrations/2_b.up.sql <<<$'-- belay:no-transaction\nINSERT INTO a VALUES (1, 1), (2, 2), (3, 3);\n-- belay:batched size=1\nUPDATE a SET n = n + 10 WHERE n < 10;'
		file migrations/3_c.up.sql <<<'DELETE FROM a WHERE i = 2;'
		LD_PRELOAD=$BATS_FILE_TMPDIR/shim.so TORTURE_CLOCK=86400 "$BELAY" up 1 --quiet
		LD_PRELOAD=$BATS_FILE_TMPDIR/shim.so TORTURE_CLOCK=100000 "$BELAY" up 3 --quiet --backup
		[ "$(ask 'SELECT count(*), sum(n) FROM a')" = '2|24' ]
		LD_PRELOAD=$BATS_FILE_TMPDIR/shim.so TORTURE_CLOCK=86400 "$BELAY" restore "$(belay backups | sed -n 's/^\(3@[0-9]*\) .*/\1/p')"
		[ "$(ask 'SELECT sum(n) FROM a')" = 36 ]
		ends 0 belay up
		says "nothing to do"
	done
}

@test "a migration's own BEGIN and COMMIT" {
	local engine
	for engine in mariadb sqlite; do
		fresh "$engine"
		file migrations/1_a.up.sql <<<'CREATE TABLE a (i int);'
		file migrations/2_b.up.sql <<<$'BEGIN;\nINSERT INTO a VALUES (1);\nCOMMIT;'
		file migrations/3_c.up.sql <<<$'INSERT INTO a VALUES (2);\nCOMMIT;\nINSERT INTO a VALUES (3);'
		[ "$engine" = mariadb ] || rm migrations/3_c.up.sql # there is no transaction to commit: SQLite refuses it
		file migrations/4_d.up.sql <<<$'BEGIN;\nINSERT INTO a VALUES (4);\nROLLBACK;'
		ends 0 belay up
		[ "$(ask 'SELECT group_concat(i) FROM a')" = "$([ "$engine" = mariadb ] && echo 1,2,3 || echo 1)" ]
		file migrations/5_e.up.sql <<<$'BEGIN;\nINSERT INTO a VALUES (5);'
		ends 5 belay up
		says "leaves a transaction open"
		[ "$(ask 'SELECT count(*) FROM a WHERE i = 5')" = 0 ]
		echo 'COMMIT;' >>migrations/5_e.up.sql
		ends 0 belay up
		[ "$(ask 'SELECT count(*) FROM a WHERE i = 5')" = 1 ]
	done
}

@test "MariaDB: a statement's time that the server or the role limits does not end one that may take long" {
	fresh mariadb
	user 'ALL' 'WITH MAX_STATEMENT_TIME 0.3'
	file migrations/1_a.up.sql <<<'CREATE TABLE a (i int); INSERT INTO a SELECT sleep(1);'
	ends 0 belay up --db "$as"
	[ "$(my 'SELECT count(*) FROM a')" = 1 ]
}

@test "MariaDB: sessions that begin without autocommit, with chained transactions, with safe updates, SERIALIZABLE" {
	local one
	for one in 'autocommit = 0' "completion_type = 'CHAIN'" "completion_type = 'RELEASE'" 'sql_safe_updates = 1' "tx_isolation = 'SERIALIZABLE'"; do
		fresh mariadb
		file migrations/1_a.up.sql <<<'CREATE TABLE a (i int PRIMARY KEY, n int); INSERT INTO a VALUES (1, 1);'
		file migrations/2_b.up.sql <<<$'-- belay:batched\nUPDATE a SET n = n + 1;'
		file migrations/3_c.up.sql <<<'INSERT INTO a VALUES (2, 1);'
		my "SET GLOBAL $one"
		run belay up
		my "SET GLOBAL ${one%% *} = DEFAULT"
		[ "$status" = 0 ]
		[ "$(my 'SELECT * FROM a ORDER BY 1' | tr '\t' '|')" = $'1|2\n2|1' ]
		[ "$(my "SELECT count(*) FROM belay_run WHERE state = 'done'")" = 1 ]
		ends 0 belay up
		says "nothing to do"
	done
}
