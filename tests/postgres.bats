#!/usr/bin/env bats
# The whole road on a real PostgreSQL, and dbmate's own opinion afterwards.
load helper

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

tables() { pg -c "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'belay%' AND relname <> 'schema_migrations'"; }

dbmate_project() {
	file db/migrations/20240101000000_users.sql <<'SQL'
-- migrate:up
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
INSERT INTO users (name) VALUES ('ada');

-- migrate:down
DROP TABLE users;
SQL
	file db/migrations/20240102000000_index.sql <<'SQL'
-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY users_name_idx ON users (name);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY users_name_idx;
SQL
}

plain_project() {
	file migrations/001_users.sql <<'SQL'
-- UP
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
INSERT INTO users (name) VALUES ('ada');
-- DOWN
DROP TABLE users;
SQL
	file migrations/002_orders.sql <<'SQL'
-- UP
CREATE TYPE state AS ENUM ('open', 'shipped');
CREATE TABLE orders (id bigint PRIMARY KEY, customer bigint REFERENCES users, state state NOT NULL DEFAULT 'open');
CREATE VIEW open_orders AS SELECT * FROM orders WHERE state = 'open';
-- DOWN
DROP VIEW open_orders;
DROP TABLE orders;
DROP TYPE state;
SQL
}

@test "plain layout: up, status, down, redo, goto, baseline, verify, diff" {
	pg_database plain
	plain_project
	export DATABASE_URL=$url
	ends 0 belay check
	ends 0 belay status
	says "0 applied, 2 pending"
	[ -z "$(tables)" ]
	ends 0 belay up
	says "PostgreSQL" "database" "plain" "role" "applied 001" "applied 002"
	[ "$(tables)" = "orders users" ]
	ends 0 belay up
	says "nothing to do"
	ends 0 belay verify
	ends 0 belay diff "$url" @
	ends 0 belay redo
	ends 0 belay down
	[ "$(tables)" = users ]
	ends 1 belay diff "$url" @
	says "orders" "open_orders"
	ends 0 belay goto 2
	ends 0 belay goto 1
	[ "$(tables)" = users ]
	ends 6 belay down --all
	says "it would destroy table public.users (1 row)"
	ends 0 belay down --all --yes-destroy public.users
	[ -z "$(tables)" ]
	pg -c "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)"
	ends 0 belay baseline 1
	ends 0 belay up
	[ "$(pg -c "SELECT count(*) FROM users")" = 0 ]
}

@test "rehearse and review on a scratch server of belay's own" {
	plain_project
	ends 0 belay rehearse --dialect postgres
	says "every proof holds"
	run --separate-stderr belay rehearse --dialect postgres -o json
	[ "$(json "[m['schema_restored'] for m in d['migrations']]" <<<"$output")" = "[True, True]" ]
	ends 0 belay review --dialect postgres
	says "approve"
	[ -z "$(ls -d "${TMPDIR:-/tmp}"/belay-scratch* 2>/dev/null)" ]
}

@test "rehearse goes on where a history needs a superuser, or roles of the real server" {
	file migrations/001_t.sql <<'SQL'
-- UP
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE t (id int REFERENCES parents);
-- DOWN
DROP TABLE t;
DROP TABLE parents;
SQL
	file migrations/002_fill.sql <<'SQL'
-- UP
ALTER TABLE t DISABLE TRIGGER ALL;
INSERT INTO t VALUES (1);
ALTER TABLE t ENABLE TRIGGER ALL;
DO $$ BEGIN
	GRANT SELECT ON t TO reporting;
END $$;
-- DOWN
REVOKE SELECT ON t FROM reporting;
DELETE FROM t;
SQL
	file migrations/003_late.sql <<'SQL'
-- UP
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
ALTER TABLE t ADD COLUMN late int;
-- DOWN
ALTER TABLE t DROP COLUMN late;
SQL
	ends 0 belay rehearse --dialect postgres
	says "every proof holds" "needs a superuser: ALTER TABLE t DISABLE TRIGGER ALL (line 2) and 1 more"
	file migrations/002_fill.sql <<'SQL'
-- UP
CREATE TABLE files AS SELECT pg_ls_dir('.');
-- DOWN
DROP TABLE files;
SQL
	file migrations/004_files.sql <<'SQL'
-- UP
ALTER TABLE files ADD COLUMN size int;
-- DOWN
ALTER TABLE files DROP COLUMN size;
SQL
	ends 1 belay rehearse --dialect postgres
	says "not proven: it needs a superuser" "not proven: migration 002 did not run before it" \
		"4 migrations rehearsed" "no proof failed, 2 are not proven" \
		"without migration 002: it does not go up on a scratch server"
	ends 0 belay rehearse 1 --dialect postgres
	run --separate-stderr belay rehearse --dialect postgres -o json
	[ "$(json "[m['up']['ok'] for m in d['migrations']]" <<<"$output")" = "[True, False, True, False]" ]
	[ "$(json "d['migrations'][2]['schema_restored']" <<<"$output")" = True ]
	[ "$(json "d['summary']['unproven']" <<<"$output")" = 2 ]
}

@test "rehearse in a database that belay makes on a given server, and drops" {
	pg_database given
	plain_project
	before=$(pg -c "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database")
	ends 0 belay rehearse --dialect postgres --scratch "$url"
	[ "$(pg -c "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database")" = "$before" ]
	[ -z "$(tables)" ]
}

@test "dbmate layout: belay runs it, dbmate finds nothing pending, and the other way round" {
	dbmate=$ROOT/tests/npm/node_modules/@dbmate/linux-x64/bin/dbmate
	[ -x "$dbmate" ] || skip "npm ci in tests/npm"
	dbmate_project
	pg_database dbm
	# dbmate wants a TCP address or a socket in the URL; its own form of it.
	their_url="postgres://postgres@/dbm?socket=$PG_DIR&sslmode=disable"
	ends 0 belay up --db "$url"
	ends 0 "$dbmate" --url "$their_url" --no-dump-schema status
	says "Applied: 2" "Pending: 0"
	ends 0 "$dbmate" --url "$their_url" --no-dump-schema up
	ends 0 "$dbmate" --url "$their_url" --no-dump-schema down
	ends 0 belay status --db "$url"
	says "1 applied, 1 pending"
	ends 0 belay up --db "$url"
	ends 0 belay down --count 2 --yes-destroy public.users --db "$url"
	ends 0 "$dbmate" --url "$their_url" --no-dump-schema status
	says "Applied: 0" "Pending: 2"
	ends 0 "$dbmate" --url "$their_url" --no-dump-schema up
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "golang-migrate layout: the history table is as the tool has it" {
	pg_database gm
	file migrations/1_users.up.sql <<<'CREATE TABLE users (id bigint PRIMARY KEY);'
	file migrations/1_users.down.sql <<<'DROP TABLE users;'
	file migrations/2_index.up.sql <<<'CREATE INDEX CONCURRENTLY users_idx ON users (id);'
	file migrations/2_index.down.sql <<<'DROP INDEX users_idx;'
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT version, dirty FROM schema_migrations")" = "2|f" ]
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_idx'::regclass")" = t ]
	ends 0 belay down --db "$url"
	[ "$(pg -c "SELECT version, dirty FROM schema_migrations")" = "1|f" ]
	ends 0 belay status --db "$url"
	says "1 applied, 1 pending"
	ends 0 belay redo --db "$url"
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_idx'::regclass")" = t ]
	ends 0 belay down --all --db "$url"
	[ -z "$(tables)" ]
}

@test "check --db sees the live schema; status and check write nothing" {
	pg_database live
	pg -c "CREATE TABLE big (id bigint PRIMARY KEY, a text)"
	file a.sql <<<'ALTER TABLE big ALTER COLUMN a SET NOT NULL;'
	ends 1 belay check --db "$url" a.sql
	says "set-not-null-scan"
	plain_project
	ends 0 belay status --db "$url"
	[ "$(tables)" = big ]
	[ "$(pg -c "SELECT count(*) FROM pg_class WHERE relname LIKE 'belay%'")" = 0 ]
}

@test "two belays at once: each migration runs once" {
	pg_database twice
	file migrations/001_slow.sql <<<'CREATE TABLE once (id bigint); INSERT INTO once VALUES (1); SELECT pg_sleep(0.5);'
	belay up --db "$url" >one 2>&1 &
	first=$!
	run belay up --db "$url"
	second=$status
	wait "$first" && first=0 || first=$?
	[ "$first" = 0 ] || [ "$second" = 0 ]
	for code in "$first" "$second"; do [ "$code" = 0 ] || [ "$code" = 4 ]; done
	[ "$(pg -c "SELECT count(*) FROM once")" = 1 ]
}

@test "COPY FROM stdin: the rows of the file and no more, in up and in the script of plan" {
	file migrations/1_given.up.sql <<'SQL'
CREATE TABLE given (id int PRIMARY KEY, what text);
CREATE TABLE words (what text);
COPY given (id, what) FROM stdin;
1	one
2	\N
\.
COPY words FROM stdin;
a
b\nc
\.
INSERT INTO given VALUES (3, 'three');
SQL
	pg_database copied
	run --separate-stderr belay plan --db "$url" -o sql
	[ "$status" = 0 ]
	printf '%s\n' "$output" >script.sql
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT string_agg(id || coalesce(what, '-'), ' ' ORDER BY id) FROM given")" = '1one 2- 3three' ]
	[ "$(pg -c 'SELECT string_agg(length(what)::text, $$ $$ ORDER BY what) FROM words')" = '1 3' ]
	pg_database by_hand
	psql -X -q -v ON_ERROR_STOP=1 -f script.sql "$url" >/dev/null
	[ "$(pg -c 'SELECT (SELECT count(*) FROM given) + (SELECT count(*) FROM words)')" = 5 ]
}
