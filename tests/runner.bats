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
	ends 0 belay down --all --db "$url" --yes-destroy public.orders
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

@test "goto, redo, up ID with a gap, baseline" {
	pg_database moving
	for i in 1 2 4 5; do
		file migrations/${i}_m.up.sql <<<"CREATE TABLE t$i (id int);"
		file migrations/${i}_m.down.sql <<<"DROP TABLE t$i;"
	done
	ends 0 belay goto 4 --db "$url"
	[ "$(pg -c "SELECT string_agg(relname, ',' ORDER BY 1) FROM pg_class WHERE relname ~ '^t[0-9]$'")" = t1,t2,t4 ]
	ends 0 belay goto 4 --db "$url"
	says "nothing to do"
	ends 2 belay up 3 --db "$url"
	ends 0 belay goto 1 --db "$url"
	[ "$(pg -c 'SELECT version FROM schema_migrations')" = 1 ]
	ends 0 belay redo --db "$url"
	[ "$(pg -c "SELECT string_agg(relname, ',' ORDER BY 1) FROM pg_class WHERE relname ~ '^t[0-9]$'")" = t1 ]
	ends 0 belay baseline 4 --db "$url"
	says "recorded 2" "recorded 4"
	ends 0 belay baseline 4 --db "$url"
	says "nothing to do"
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT string_agg(relname, ',' ORDER BY 1) FROM pg_class WHERE relname ~ '^t[0-9]$'")" = t1,t5 ]
	ends 5 belay down --all --db "$url"
	says 'table "t4" does not exist' "1 migration of 4 before it is undone"
}

@test "down and redo on an empty history do nothing" {
	pg_database nothing
	half_way
	ends 0 belay down --db "$url"
	says "nothing to do"
	ends 0 belay down --all --db "$url"
	ends 0 belay redo --db "$url"
	[ -z "$(pg -c "SELECT 1 FROM pg_namespace WHERE nspname = 'belay'")" ]
}

@test "golang-migrate: a late migration below the mark stops up, and --only runs it" {
	pg_database late
	file migrations/1_a.up.sql <<<"CREATE TABLE t1 (id int);"
	file migrations/3_c.up.sql <<<"CREATE TABLE t3 (id int);"
	ends 0 belay up --db "$url"
	file migrations/2_b.up.sql <<<"CREATE TABLE t2 (id int);"
	ends 6 belay up --db "$url"
	says "migration 2 stands below the mark" "belay up --only 2" "belay repair"
	ends 6 belay up --out-of-order --db "$url"
	ends 0 belay up --only 2 --db "$url"
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '3|f' ]
	[ "$(pg -c "SELECT count(*) FROM t2")" = 0 ]
	ends 0 belay up --db "$url"
	says_not "below the mark"
}

@test "dbmate: a late migration stops up, with the choices" {
	pg_database dbmate
	file db/migrations/1_a.sql <<<$'-- migrate:up\nCREATE TABLE t1 (id int);\n-- migrate:down\nDROP TABLE t1;'
	file db/migrations/3_c.sql <<<$'-- migrate:up\nCREATE TABLE t3 (id int);\n-- migrate:down\nDROP TABLE t3;'
	ends 0 belay up --db "$url"
	file db/migrations/2_b.sql <<<$'-- migrate:up\nCREATE TABLE t2 (id int);\n-- migrate:down\nDROP TABLE t2;'
	ends 0 belay status --db "$url"
	says "late"
	ends 6 belay up --db "$url"
	says "migration 2 is late: 3, which stands behind it, is applied already" "--out-of-order" "--only 2"
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname = 't2'")" ]
	ends 0 belay up --out-of-order --db "$url"
	says "behind it is applied already" "applied 2"
	file db/migrations/0_z.sql <<<$'-- migrate:up\nCREATE TABLE t0 (id int);\n-- migrate:down\nDROP TABLE t0;'
	printf 'out_of_order: true\n' >belay.yml
	ends 0 belay up --db "$url"
	says "applied 0"
}

@test "a history row without a file stops up and down" {
	pg_database ghost
	file db/migrations/1_a.sql <<<$'-- migrate:up\nCREATE TABLE t1 (id int);\n-- migrate:down\nDROP TABLE t1;'
	file db/migrations/2_b.sql <<<$'-- migrate:up\nCREATE TABLE t2 (id int);\n-- migrate:down\nDROP TABLE t2;'
	ends 0 belay up --db "$url"
	rm db/migrations/2_b.sql
	file db/migrations/3_c.sql <<<$'-- migrate:up\nCREATE TABLE t3 (id int);\n-- migrate:down\nDROP TABLE t3;'
	ends 6 belay up --db "$url"
	says "migration 2 is applied here, but its file is missing" "belay forget 2"
	ends 0 belay up --ignore-missing --db "$url"
	says "file is missing" "applied 3"
	ends 6 belay down --all --db "$url"
	says "migration 2 is applied but its file is missing"
}

@test "contract phases wait until they are asked for" {
	shop
	file migrations/003_drop.sql <<'SQL'
-- belay:phase contract
-- UP
ALTER TABLE customers DROP COLUMN phone;
-- DOWN
ALTER TABLE customers ADD COLUMN phone TEXT;
SQL
	file migrations/004_later.sql <<'SQL'
-- UP
CREATE TABLE later (id INTEGER);
-- DOWN
DROP TABLE later;
SQL
	ends 0 belay up --db sqlite:app.db
	says "contract"
	[ -z "$(sqlite3 app.db "SELECT 1 FROM sqlite_master WHERE name = 'later'")" ]
	ends 0 belay up --db sqlite:app.db
	says "nothing to do" "waits"
	ends 6 belay up 004 --db sqlite:app.db
	says "contract phase" "--phase contract"
	ends 0 belay up --phase contract --db sqlite:app.db
	[ -n "$(sqlite3 app.db "SELECT 1 FROM sqlite_master WHERE name = 'later'")" ]
}

@test "a role that may not make the journal is told what to do" {
	pg_database roles
	file db/migrations/1_a.sql <<<$'-- migrate:up\nCREATE TABLE t1 (id int);\n-- migrate:down\nDROP TABLE t1;'
	pg -c 'DROP ROLE IF EXISTS plain' -c 'CREATE ROLE plain LOGIN' -c 'GRANT ALL ON SCHEMA public TO plain' 2>/dev/null
	ends 5 belay up --db "postgres:///roles?host=$PG_DIR&user=plain"
	says "making belay's journal" "belay init --journal"
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname = 't1'")" ]
	belay init --journal --dialect postgres >journal.sql
	pg -f journal.sql -c 'GRANT USAGE ON SCHEMA belay TO plain' -c 'GRANT ALL ON ALL TABLES IN SCHEMA belay TO plain'
	ends 0 belay up --db "postgres:///roles?host=$PG_DIR&user=plain"
}

@test "a read-only database is refused before anything" {
	pg_database readonly
	half_way
	pg -c 'ALTER DATABASE readonly SET default_transaction_read_only = on'
	ends 3 belay up --db "$url"
	says "read-only"
}

@test "a server that is not there" {
	half_way
	ends 3 belay up --db "postgres:///nobody?host=$BATS_TEST_TMPDIR"
}

@test "a statement in doubt stops with two choices" {
	pg_database doubt
	file migrations/1_a.up.sql <<'SQL'
CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES ('x'); COMMIT; PERFORM pg_sleep(20); END $$;
CREATE TABLE log (what text);
CREATE INDEX CONCURRENTLY log_what ON log (what);
CALL work();
SQL
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	local pid=$!
	for _ in $(seq 100); do
		[ -z "$(pg -c "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CALL work%' AND state = 'active' AND pid <> pg_backend_pid()")" ] || break
		sleep 0.05
	done
	sleep 0.3
	kill -KILL "$pid"
	ends 6 belay up --db "$url"
	says "not known whether" "1_a.up.sql:4" "--in-doubt done" "--in-doubt again"
	ends 0 belay up --in-doubt done --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM log')" = 1 ]
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '1|f' ]
}

@test "Flyway: a repeatable runs after the rest, and again when it changed" {
	shop
	rm -r migrations
	file migrations/V1__base.sql <<<"CREATE TABLE t (a INTEGER);"
	file migrations/R__view.sql <<<"DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT a FROM t;"
	ends 0 belay up --layout flyway --db sqlite:app.db
	ends 0 belay up --layout flyway --db sqlite:app.db
	says "nothing to do"
	file migrations/R__view.sql <<<"DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT a + 1 AS b FROM t;"
	ends 0 belay up --layout flyway --db sqlite:app.db
	says_not "nothing to do"
	[[ $(sqlite3 app.db "SELECT sql FROM sqlite_master WHERE name = 'v'") == *"a + 1"* ]]
	ends 0 belay up --layout flyway --db sqlite:app.db
	says "nothing to do"
}

@test "Prisma: a migration that failed half way goes on" {
	pg_database prisma
	file prisma/schema.prisma <<<'datasource db { provider = "postgresql" }'
	file prisma/migrations/migration_lock.toml <<<'provider = "postgresql"'
	file prisma/migrations/20240101000000_a/migration.sql <<'SQL'
CREATE TABLE t (a int);
CREATE INDEX CONCURRENTLY t_a ON t (a);
INSERT INTO missing VALUES (1);
SQL
	ends 5 belay up --db "$url"
	[ "$(pg -c 'SELECT finished_at IS NULL, logs IS NULL FROM _prisma_migrations')" = 't|f' ]
	pg -c 'CREATE TABLE missing (a int)'
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*), bool_and(finished_at IS NOT NULL) FROM _prisma_migrations')" = '1|t' ]
	[ "$(pg -c 'SELECT count(*) FROM missing')" = 1 ]
}

@test "a transaction that the migration opens itself counts as one step" {
	pg_database own
	file migrations/1_a.up.sql <<'SQL'
CREATE TABLE t (a int);
BEGIN;
INSERT INTO t VALUES (1);
INSERT INTO t VALUES (2);
COMMIT;
CREATE INDEX CONCURRENTLY t_a ON t (a);
BEGIN;
INSERT INTO t VALUES (3);
INSERT INTO missing VALUES (1);
COMMIT;
SQL
	ends 5 belay up --db "$url"
	says "half done: 6 of 10"
	[ "$(pg -c 'SELECT count(*) FROM t')" = 2 ]
	pg -c 'CREATE TABLE missing (a int)'
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM t')" = 3 ]
	[ "$(pg -c 'SELECT count(*) FROM missing')" = 1 ]
}
