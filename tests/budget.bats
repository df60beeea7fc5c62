#!/usr/bin/env bats
# Locks inside a budget: what waits, for how long, and who is named.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

orders() {
	file migrations/001_orders.sql <<'SQL'
-- UP
CREATE TABLE orders (id int PRIMARY KEY, status text);
INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 100) i;
-- DOWN
DROP TABLE orders;
SQL
	ends 0 belay up --db "$url"
	file migrations/002_note.sql <<'SQL'
-- UP
ALTER TABLE orders ADD COLUMN note text;
-- DOWN
ALTER TABLE orders DROP COLUMN note;
SQL
}

# holder SECONDS [SQL]: a transaction that keeps the table for so long
holder() {
	PGAPPNAME=nightly psql -X -q "$url" -c "BEGIN; ${2:-SELECT 1 FROM orders LIMIT 1}; SELECT pg_sleep($1); COMMIT" >/dev/null 2>&1 3>&- &
	until [ "$(pg -c "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'nightly' AND l.relation = 'orders'::regclass AND l.granted")" -gt 0 ]; do
		sleep 0.05
	done
}

@test "a table in use is waited for without stopping its readers" {
	pg_database queue
	orders
	holder 4
	belay up --db "$url" >up.out 2>up.err 3>&- &
	up=$!
	# Readers come all the time; one that had to queue for the whole wait would fail.
	while kill -0 "$up" 2>/dev/null; do
		pg -c "SET statement_timeout = '2s'" -c 'SELECT count(*) FROM orders' >/dev/null
	done
	wait "$up"
	grep -q 'waiting: for a lock on public.orders: in the way is session .*nightly' up.err
	[ "$(pg -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'")" = 1 ]
	wait
}

@test "patience ends with exit 4, the name of who is in the way, and nothing done" {
	pg_database patience
	orders
	holder 6 "UPDATE orders SET status = 'x' WHERE id = 1"
	ends 4 belay up --db "$url" --patience 500ms
	says "a lock on public.orders was not to be had" "nightly" "002_note.sql:2" "was rolled back" "next: belay up"
	[ "$(pg -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'")" = 0 ]
	wait
	ends 0 belay up --db "$url"
	ends 0 belay down --db "$url"
}

@test "a password in the statement of who is in the way is not shown" {
	pg_database secret
	orders
	holder 3 "SELECT 1 FROM orders; ALTER ROLE CURRENT_USER PASSWORD 'hunter2'"
	ends 4 belay up --db "$url" --patience 200ms
	says "nightly"
	says_not "hunter2"
	wait
}

@test "a lock kept for longer than the hold budget is given back, and the statement named" {
	pg_database hold
	orders
	file migrations/003_slow.sql <<'SQL'
-- UP
ALTER TABLE orders ADD COLUMN slow int;
SELECT pg_sleep(30);
-- DOWN
ALTER TABLE orders DROP COLUMN slow;
SQL
	ends 4 belay up --db "$url" --hold 700ms
	says "reads and writes wait was kept for longer than the 700 ms" "003_slow.sql:2" "belay:budget" "1 migration of 2 before it is applied"
	[ "$(pg -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'slow'")" = 0 ]
	sed -i 's/pg_sleep(30)/pg_sleep(1)/; s/^ALTER TABLE orders ADD COLUMN slow/-- belay:budget hold=1m\n&/' migrations/003_slow.sql
	ends 0 belay up --db "$url" --hold 700ms
}

@test "a new table is nobody's: its long work is not limited" {
	pg_database fresh
	file migrations/001_new.sql <<'SQL'
CREATE TABLE fresh (id int);
CREATE INDEX ON fresh (id);
SELECT pg_sleep(1.5);
SQL
	ends 0 belay up --db "$url" --hold 500ms
}

@test "a directive that is not understood is not run" {
	pg_database words
	file migrations/001_new.sql <<'SQL'
-- belay:budget wait=soon
CREATE TABLE fresh (id int);
SQL
	ends 2 belay up --db "$url"
	says "belay:budget wants wait=" "001_new.sql:1" "wait=soon"
	ends 2 belay up --db "$url" --wait never
	says "--wait wants a duration"
}

@test "a role's statement_timeout and lock_timeout do not cut a migration short" {
	pg_database role
	pg -c "ALTER DATABASE role SET statement_timeout = '300ms'"
	file migrations/001_new.sql <<'SQL'
CREATE TABLE fresh (id int);
SELECT pg_sleep(0.8);
SQL
	file migrations/002_index.sql <<'SQL'
CREATE INDEX CONCURRENTLY fresh_id ON fresh (id);
SQL
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT setting FROM pg_settings WHERE name = 'statement_timeout'")" = 300 ]
}

@test "a deadlock is tried again" {
	pg_database deadlock
	orders
	pg -c 'CREATE TABLE lines (id int PRIMARY KEY)'
	rm migrations/002_note.sql
	file migrations/002_two.sql <<'SQL'
UPDATE orders SET status = 'seen' WHERE id = 1;
SELECT pg_sleep(1);
ALTER TABLE lines ADD COLUMN note text;
SQL
	PGAPPNAME=nightly psql -X -q "$url" -c "BEGIN; INSERT INTO lines VALUES (1); SELECT pg_sleep(0.7); UPDATE orders SET status = 'y' WHERE id = 1; COMMIT" >/dev/null 2>&1 3>&- &
	sleep 0.2
	ends 0 belay up --db "$url"
	wait
	[ "$(pg -c 'SELECT status FROM orders WHERE id = 1')" = seen ]
	[ "$(pg -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'lines'::regclass AND attname = 'note'")" = 1 ]
}

@test "a transaction that the migration opens itself is begun anew as a whole" {
	pg_database own
	orders
	rm migrations/002_note.sql
	file migrations/002_own.sql <<'SQL'
CREATE INDEX CONCURRENTLY orders_status ON orders (status);
BEGIN;
UPDATE orders SET status = status || '!';
ALTER TABLE orders ADD COLUMN note text;
COMMIT;
SQL
	# The index is built before anybody is in the way.
	(
		until [ -n "$(pg -c "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('orders_status') AND indisvalid")" ]; do sleep 0.02; done
		PGAPPNAME=nightly psql -X -q "$url" -c "BEGIN; SELECT 1 FROM orders LIMIT 1; SELECT pg_sleep(2); COMMIT" >/dev/null 2>&1
	) 3>&- &
	ends 0 belay up --db "$url"
	wait
	[ "$(pg -c 'SELECT DISTINCT status FROM orders')" = 'new!' ]
}

teardown() {
	[ -z "${own:-}" ] || "$ROOT/tests/servers/postgres.sh" stop "$own"
}

@test "a prepared transaction in the way is named; a build that waits for one is cancelled in true words" {
	own=$(PG_OPTIONS='-c max_prepared_transactions=2' "$ROOT/tests/servers/postgres.sh" start)
	own=$(sed -n 1p <<<"$own")
	url="postgres:///postgres?host=$own&user=postgres"
	ask() { psql -X -q -A -t -h "$own" -U postgres postgres "$@"; }
	ask -c 'CREATE TABLE t (id int PRIMARY KEY, a int)' -c 'BEGIN' -c 'SELECT * FROM t' -c 'INSERT INTO t VALUES (1, 1)' \
		-c "PREPARE TRANSACTION 'of last week'"
	file migrations/1_b.up.sql <<<'ALTER TABLE t ADD COLUMN b int;'
	ends 4 belay up --db "$url" --patience 1s
	says "of last week (prepared transaction, role postgres), prepared for"
	file migrations/1_b.up.sql <<<'CREATE INDEX CONCURRENTLY i ON t (a);'
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	for _ in $(seq 600); do
		[ -z "$(ask -c "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY i %' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()")" ] || break
		sleep 0.05
	done
	kill -TERM "$pid"
	wait "$pid" || true
	grep 'was cancelled outside a transaction' out
	! grep 'nothing of it is applied' out
	ask -c "ROLLBACK PREPARED 'of last week'"
	ends 0 belay up --db "$url"
	[ "$(ask -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")" = t ]
}
