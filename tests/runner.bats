#!/usr/bin/env bats
# What up and down leave behind when something comes in between.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

# Five statements outside a transaction, in golang-migrate's layout; the fourth needs a table that
# is not there yet.
half_way() {
	file migrations/1_base.up.sql <<'SQL'
CREATE TABLE orders (id int PRIMARY KEY, status text);
INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 50) i;
SQL
	file migrations/1_base.down.sql <<'SQL'
DROP TABLE orders;
SQL
	file migrations/2_more.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY orders_status ON orders (status);
UPDATE orders SET status = status || '!';
SET lock_timeout = '5s';
INSERT INTO audit VALUES (1);
CREATE INDEX CONCURRENTLY orders_status_id ON orders (status, id);
SQL
	file migrations/2_more.down.sql <<'SQL'
DROP INDEX CONCURRENTLY orders_status_id;
DROP INDEX CONCURRENTLY orders_status;
SQL
}

@test "a migration without a transaction goes on at the statement that failed" {
	pg_database resume
	half_way
	ends 5 belay up --db "$url"
	says 'relation "audit" does not exist' "half done: 3 of 5 statements" "belay up goes on"
	ends 0 belay status --db "$url"
	says "partial  2" "half applied"
	ends 6 belay down --db "$url"
	says "half applied" "belay up"
	pg -c 'CREATE TABLE audit (x int)'
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT DISTINCT status FROM orders')" = 'new!' ]
	[ "$(pg -c 'SELECT count(*) FROM audit')" = 1 ]
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '2|f' ]
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "up, down and up again of such a migration skips nothing" {
	pg_database again
	half_way
	pg -c 'CREATE TABLE audit (x int)'
	ends 0 belay up --db "$url"
	ends 0 belay down --db "$url"
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname = 'orders_status'")" ]
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT count(*) FROM pg_class WHERE relname LIKE 'orders_status%'")" = 2 ]
	[ "$(pg -c 'SELECT DISTINCT status FROM orders')" = 'new!!' ]
	ends 0 belay down --all --db "$url"
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname = 'orders'")" ]
	ends 0 belay down --all --db "$url"
	says "nothing to do"
}

@test "a statement that ran and was changed since stops the run; the one that failed may change" {
	pg_database edited
	half_way
	ends 5 belay up --db "$url"
	sed -i "s/'!'/'?'/" migrations/2_more.up.sql
	ends 6 belay up --db "$url"
	says "was changed since" "baseline 2" "2_more.up.sql:2"
	sed -i "s/'?'/'!'/; s/INSERT INTO audit VALUES (1)/SELECT 1/" migrations/2_more.up.sql
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT DISTINCT status FROM orders')" = 'new!' ]
}

@test "a down that failed half way is finished by down, and up refuses until then" {
	pg_database undoing
	half_way
	pg -c 'CREATE TABLE audit (x int)'
	ends 0 belay up --db "$url"
	pg -c 'ALTER INDEX orders_status RENAME TO other'
	ends 5 belay down --db "$url"
	says "half undone: 1 of 2"
	ends 0 belay status --db "$url"
	says "partial  2" "half undone" "applied  1"
	ends 6 belay up --db "$url"
	says "half undone" "belay down"
	pg -c 'ALTER INDEX other RENAME TO orders_status'
	ends 0 belay down --db "$url"
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '1|f' ]
}

@test "a concurrent build that fails leaves no invalid index, and the next up finishes" {
	pg_database ruin
	half_way
	file migrations/2_more.up.sql <<'SQL'
CREATE UNIQUE INDEX CONCURRENTLY orders_one ON orders (status);
SQL
	ends 5 belay up --db "$url"
	says "could not create unique index" "nothing of it is applied"
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname = 'orders_one'")" ]
	pg -c 'UPDATE orders SET status = id'
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_one'::regclass")" = t ]
}

@test "IF NOT EXISTS over an invalid index is no success" {
	pg_database invalid
	half_way
	file migrations/2_more.up.sql <<'SQL'
CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_one ON orders (status);
SQL
	ends 0 belay up 1 --db "$url"
	run pg -c 'CREATE UNIQUE INDEX CONCURRENTLY orders_one ON orders (status)'
	ends 5 belay up --db "$url"
	says 'index "orders_one" is invalid' "DROP INDEX CONCURRENTLY public.orders_one"
	pg -c 'DROP INDEX orders_one'
	ends 0 belay up --db "$url"
}
