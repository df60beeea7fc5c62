#!/usr/bin/env bats
# belay is killed at several instants; one plain re-run finishes, and nothing happens twice.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

base() {
	file migrations/1_base.up.sql <<'SQL'
CREATE TABLE big (id int PRIMARY KEY, a int, n int DEFAULT 0);
INSERT INTO big SELECT i, i % 97 FROM generate_series(1, 60000) i;
CREATE TABLE log (what text);
SQL
	file migrations/1_base.down.sql <<'SQL'
DROP TABLE log;
DROP TABLE big;
SQL
}

# Five statements outside a transaction, long enough to be hit in the middle.
separate() {
	file migrations/2_separate.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY big_a ON big (a);
UPDATE big SET n = n + 1;
CREATE UNIQUE INDEX CONCURRENTLY big_id_a ON big (id, a);
INSERT INTO log SELECT 'ran' FROM pg_sleep(0.1);
REINDEX INDEX CONCURRENTLY big_a;
SQL
}

# The same as one transaction.
together() {
	file migrations/2_together.up.sql <<'SQL'
CREATE INDEX big_a ON big (a);
UPDATE big SET n = n + 1;
CREATE UNIQUE INDEX big_id_a ON big (id, a);
INSERT INTO log SELECT 'ran' FROM pg_sleep(0.1);
ALTER TABLE big ADD COLUMN extra text;
SQL
}

# What can be seen of the database: every relation, column, index with its validity, and the rows.
sight() {
	pg -c "SELECT c.relname, c.relkind, i.indisvalid, pg_get_indexdef(i.indexrelid)
		FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1" \
		-c "SELECT attrelid::regclass, attname, atttypid::regtype FROM pg_attribute
		WHERE attrelid IN ('big'::regclass, 'log'::regclass) AND attnum > 0 ORDER BY 1, attnum" \
		-c 'SELECT n, count(*), sum(a) FROM big GROUP BY n' -c 'SELECT * FROM log' \
		-c 'SELECT version, dirty FROM schema_migrations'
}

# killed WAIT SIGNAL: up, hit after WAIT seconds
killed() {
	"$BELAY" up --hold 60s --db "$url" >out 2>&1 3>&- &
	local pid=$!
	sleep "$1"
	kill "-$2" "$pid" 2>/dev/null || true
	wait "$pid" || true
}

at_instants() {
	local want at
	pg_database undisturbed
	ends 0 belay up --hold 60s --db "$url"
	want=$(sight)
	for at in 0.02 0.05 0.1 0.15 0.2 0.3 0.4; do
		pg_database hit
		ends 0 belay up 1 --db "$url"
		killed "$at" KILL
		ends 0 belay up --hold 60s --db "$url"
		[ "$(sight)" = "$want" ] || {
			diff <(echo "$want") <(sight) >&2
			echo "killed after $at s" >&2
			return 1
		}
	done
}

@test "kill -9 in a migration without a transaction" {
	base
	separate
	at_instants
}

@test "kill -9 in a migration with a transaction" {
	base
	together
	at_instants
}

@test "the server ends the connection in the middle: said, and a re-run finishes" {
	base
	file migrations/2_slow.up.sql <<'SQL'
INSERT INTO log VALUES ('before');
SELECT pg_sleep(20);
SQL
	pg_database cut
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	local pid=$!
	for _ in $(seq 100); do
		[ -z "$(pg -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND pid <> pg_backend_pid()")" ] || break
		sleep 0.05
	done
	local code=0
	wait "$pid" || code=$?
	cat out
	[ "$code" = 3 ]
	output=$(cat out) stderr=
	says "was not committed, so nothing of it stays" "1 migration of 2 before it is applied"
	[ "$(pg -c 'SELECT count(*) FROM log')" = 0 ]
	file migrations/2_slow.up.sql <<<"INSERT INTO log VALUES ('before');"
	ends 0 belay up --db "$url"
}

# begun: up in the background until its wait_open() works; $pid is the program
begun() {
	"$BELAY" up --db "$url" "$@" >out 2>&1 3>&- &
	pid=$!
	until_waiting
}

waits() { echo "$wait_open" >>migrations/1_base.up.sql; }

# ended CODE: what begun() began; its words are for says
ended() {
	local code=0
	wait "$pid" || code=$?
	output=$(cat out) stderr=
	[ "$code" = "$1" ] || { cat out >&2; return 1; }
}

# stopped SIGNAL CODE [SIGNAL]
stopped() {
	pg_database stopped
	begun
	kill "-$1" "$pid"
	[ -z "${3:-}" ] || { sleep 0.5; kill "-$3" "$pid"; }
	ended "$2"
	says "interrupted" "2_slow.up.sql) was rolled back: nothing of it is applied" \
		"1 migration of 2 before it is applied" "next: belay up"
	[ "$(pg -c 'SELECT count(*) FROM log')" = 0 ]
	[ -z "$(pg -c "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%wait_open()%' AND state = 'active' AND pid <> pg_backend_pid()")" ]
}

@test "Ctrl-C twice, and SIGTERM: the statement is cancelled, rolled back, and the next up finishes" {
	base
	file migrations/2_slow.up.sql <<'SQL'
INSERT INTO log VALUES ('before');
SELECT wait_open();
SQL
	waits
	set -m # job control: otherwise the shell lets its background jobs ignore SIGINT
	stopped INT 130 INT
	stopped TERM 143
	set +m
	file migrations/2_slow.up.sql <<<"INSERT INTO log VALUES ('before');"
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM log')" = 1 ]
}

@test "Ctrl-C once: the migration's transaction is finished, and what is left is said" {
	base
	waits
	file migrations/2_slow.up.sql <<<"SELECT wait_open(); INSERT INTO log VALUES ('second');"
	file migrations/3_next.up.sql <<<"INSERT INTO log VALUES ('third');"
	pg_database once
	set -m
	begun
	kill -INT "$pid"
	sleep 0.3
	open_now
	ended 130
	set +m
	says "stopping when this is done; Ctrl-C again cancels it now" "applied 2 slow" "interrupted: what had begun was finished" \
		"stopped before migration 3" "2 migrations of 3 before it are applied" "next: belay up"
	[ "$(pg -c 'SELECT * FROM log')" = second ]
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM log')" = 2 ]
}

@test "Ctrl-C once outside a transaction: the statement is finished, and what is left is said" {
	base
	file migrations/2_slow.up.sql <<'SQL'
-- belay:no-transaction
INSERT INTO log SELECT 'first' FROM wait_open();
INSERT INTO log VALUES ('second');
SQL
	waits
	pg_database once
	set -m
	begun
	kill -INT "$pid"
	sleep 0.3
	open_now
	ended 130
	set +m
	says "interrupted: what had begun was finished" "is half done: 1 of 2 statements ran and stay" "next: belay up"
	[ "$(pg -c 'SELECT * FROM log')" = first ]
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM log')" = 2 ]
}

@test "SIGTERM on SQLite: rolled back, and the next up finishes" {
	shop
	file migrations/003_slow.sql <<'SQL'
-- UP
INSERT INTO customers (email) VALUES ('eve@example.org');
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 4000000000)
INSERT INTO customers (email) SELECT x FROM c WHERE x < 0;
-- DOWN
DELETE FROM customers WHERE email = 'eve@example.org';
SQL
	"$BELAY" up --db sqlite:app.db >out 2>&1 3>&- &
	local pid=$! code=0
	sleep 0.7
	kill -TERM "$pid"
	wait "$pid" || code=$?
	output=$(cat out) stderr=
	[ "$code" = 143 ] || { cat out >&2; return 1; }
	says "interrupted" "was rolled back" "2 migrations of 3 before it are applied"
	[ "$(sqlite3 app.db "SELECT count(*) FROM customers WHERE email LIKE 'eve%'")" = 0 ]
	sed -i 's/4000000000/4000/' migrations/003_slow.sql
	ends 0 belay up --db sqlite:app.db
	[ "$(sqlite3 app.db "SELECT count(*) FROM customers WHERE email LIKE 'eve%'")" = 1 ]
}

# Several at once: each migration ran exactly once.
@test "eight runners at once on PostgreSQL: exactly once" {
	base
	file migrations/2_count.up.sql <<<"INSERT INTO log SELECT 'once' FROM pg_sleep(0.3);"
	pg_database eight
	local pids=() pid codes=
	for i in 1 2 3 4 5 6 7 8; do
		"$BELAY" up --db "$url" >"out$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		local code=0
		wait "$pid" || code=$?
		codes+="$code "
	done
	[[ $codes =~ ^([04]\ )*$ ]] || { echo "$codes"; cat out*; return 1; } >&2
	[ "$(pg -c 'SELECT count(*) FROM log')" = 1 ]
}

@test "a second runner ends with 4 and names the first" {
	base
	file migrations/2_slow.up.sql <<<"SELECT pg_sleep(6);"
	pg_database second
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	local pid=$!
	sleep 0.7
	ends 4 belay up --db "$url"
	says "another belay is migrating this database right now" "belay up" "role postgres"
	wait "$pid"
}

@test "a second runner on SQLite ends with 4" {
	shop
	belay up --db sqlite:app.db
	flock app.db sleep 5 3>&- &
	local pid=$!
	sleep 0.2
	ends 4 belay down --db sqlite:app.db
	says "another belay is migrating this database right now"
	wait "$pid"
	ends 0 belay down --db sqlite:app.db
}

@test "kill -9 while a concurrent build waits: the ruin is dropped and built again" {
	base
	separate
	pg_database ruin
	ends 0 belay up 1 --db "$url"
	psql -X -q -h "$PG_DIR" -U postgres "$DB" >/dev/null 2>&1 3>&- \
		-c 'BEGIN' -c 'UPDATE big SET n = n WHERE id = 1' -c 'SELECT pg_sleep(4)' -c 'COMMIT' &
	local holder=$!
	sleep 0.4
	killed 0.8 KILL
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'big_a'::regclass")" = f ]
	ends 0 belay up --db "$url"
	wait "$holder"
	[ "$(pg -c "SELECT bool_and(indisvalid), count(*) FROM pg_index WHERE indrelid = 'big'::regclass")" = 't|3' ]
	[ "$(pg -c 'SELECT DISTINCT n FROM big')" = 1 ]
	[ "$(pg -c "SELECT evidence FROM belay.step WHERE evidence LIKE '%dropped%'")" = "its unfinished index big_a was dropped" ]
}

@test "somebody else builds an index of the same table: neither build is ended" {
	base
	separate
	pg_database builder
	ends 0 belay up 1 --db "$url"
	pg -c "$wait_open"
	psql -X -q -h "$PG_DIR" -U postgres "$DB" >/dev/null 2>&1 3>&- \
		-c 'BEGIN' -c 'UPDATE big SET n = n WHERE id = 1' -c 'SELECT wait_open()' -c 'COMMIT' &
	local holder=$! other pid
	until_waiting
	psql -X -q -h "$PG_DIR" -U postgres "$DB" -c 'CREATE INDEX CONCURRENTLY theirs ON big (n)' >theirs 2>&1 3>&- &
	other=$!
	timeout 60 sh -c 'until [ -n "$(psql -XAtq -h "$0" -U postgres -c "SELECT 1 FROM pg_stat_progress_create_index" "$1")" ]; do sleep 0.05; done' "$PG_DIR" "$DB"
	ends 4 belay up --db "$url" --patience 1s
	says "builds an index of big" "It was not begun" "two at a time would end one of them"
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	timeout 60 sh -c 'until grep -q "waiting: .* builds an index of big" out; do sleep 0.05; done'
	open_now
	wait "$holder" "$other"
	wait "$pid"
	[ ! -s theirs ]
	[ "$(pg -c "SELECT bool_and(indisvalid), count(*) FROM pg_index WHERE indrelid = 'big'::regclass")" = 't|4' ]
}

@test "an index of that name that somebody else left is not taken for ours" {
	base
	separate
	pg_database others
	ends 0 belay up 1 --db "$url"
	pg -c 'CREATE INDEX big_a ON big (n)'
	ends 5 belay up --db "$url"
	says 'relation "big_a" already exists'
	[[ $(pg -c "SELECT indexdef FROM pg_indexes WHERE indexname = 'big_a'") == *"(n)" ]]
	ends 5 belay up --db "$url"
	[[ $(pg -c "SELECT indexdef FROM pg_indexes WHERE indexname = 'big_a'") == *"(n)" ]]
	pg -c 'DROP INDEX big_a'
	ends 0 belay up --db "$url"
}
