#!/usr/bin/env bats
# Knowing where one is: drift, edited, missing and late migrations, clones, repair, forget.
load helper

setup_file() {
	load helper
	postgres_start
	local out
	out=$("$ROOT/tests/servers/mariadb.sh" start) || return 1
	MY_DIR=$(sed -n 1p <<<"$out") MY_URL=$(sed -n 2p <<<"$out")
	export MY_DIR MY_URL
}

teardown_file() {
	load helper
	postgres_stop
	[ -z "${MY_DIR:-}" ] || "$ROOT/tests/servers/mariadb.sh" stop "$MY_DIR"
}

my() {
	mariadb --no-defaults -N -S "$MY_DIR/s" -u root "$@"
}

my_database() {
	my -e "DROP DATABASE IF EXISTS $1; CREATE DATABASE $1"
	url="${MY_URL/\/test\?/\/$1?}"
}

# orders [PREFIX]: two migrations in dbmate's layout, for PostgreSQL and MariaDB
orders() {
	file db/migrations/1_orders.sql <<<$'-- migrate:up\nCREATE TABLE orders (id int PRIMARY KEY, status varchar(20));\n-- migrate:down\nDROP TABLE orders;'
	file db/migrations/2_note.sql <<<$'-- migrate:up\nALTER TABLE orders ADD COLUMN note varchar(20);\n-- migrate:down\nALTER TABLE orders DROP COLUMN note;'
}

# ---- verify ----

@test "SQLite: what somebody else does to the schema is drift" {
	shop
	ends 0 belay verify --db sqlite:app.db 2>/dev/null || true
	ends 0 belay up --db sqlite:app.db
	ends 0 belay verify --db sqlite:app.db
	says "the schema is as run 1 left it"
	sqlite3 app.db 'CREATE INDEX own ON customers (email); ALTER TABLE customers ADD COLUMN extra TEXT'
	ends 1 belay verify --db sqlite:app.db
	says "the schema is not as run 1 left it" "own" "extra"
	ends 1 belay verify --db sqlite:app.db -o json
	[ "$(json 'd["belay"]["schema"], d["ok"], d["drift"]["equal"], sorted(x["kind"] for x in d["drift"]["differences"])' <<<"$output")" = \
		"('verify/1', False, False, ['extra', 'extra'])" ]
	sqlite3 app.db 'DROP INDEX own; ALTER TABLE customers DROP COLUMN extra'
	ends 0 belay verify --db sqlite:app.db
	ends 0 belay down --db sqlite:app.db
	ends 0 belay verify --db sqlite:app.db
	says "as run 2 left it"
	[ "$(sqlite3 app.db 'SELECT count(*), count(content) FROM belay_snapshot')" = '2|1' ]
}

@test "PostgreSQL: drift in many kinds of objects, and none after our own runs" {
	pg_database drift
	orders
	file db/migrations/3_more.sql <<'SQL'
-- migrate:up
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE parts (id int, day date DEFAULT now() - '1 day'::interval, m mood, CHECK (id > 0)) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (10);
CREATE VIEW sad AS SELECT id FROM parts WHERE m = 'sad';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE UNIQUE INDEX lowered ON orders (lower(status)) WHERE id > 5;
GRANT SELECT ON orders TO PUBLIC;
-- migrate:down
SELECT 1;
SQL
	ends 0 belay up --db "$url"
	ends 0 belay verify --db "$url"
	says "the schema is as run 1 left it"
	pg -c 'ALTER TABLE orders ALTER status SET NOT NULL'
	ends 1 belay verify --db "$url"
	says "public.orders" "status" "not null"
	pg -c 'ALTER TABLE orders ALTER status DROP NOT NULL' -c "ALTER TYPE mood ADD VALUE 'so so'"
	ends 1 belay verify --db "$url"
	says "mood" "so so"
	pg_database drift
	ends 0 belay up --db "$url"
	pg -c 'ALTER TABLE orders DISABLE TRIGGER t'
	ends 1 belay verify --db "$url"
	pg -c 'ALTER TABLE orders ENABLE TRIGGER t' -c 'REVOKE SELECT ON orders FROM PUBLIC'
	ends 1 belay verify --db "$url"
	pg -c 'GRANT SELECT ON orders TO PUBLIC' -c 'CREATE TABLE stray (id int)'
	ends 1 belay verify --db "$url"
	says "stray"
	pg -c 'DROP TABLE stray'
	ends 0 belay verify --db "$url"
}

@test "MariaDB: drift" {
	my_database drift
	orders
	ends 0 belay up --dialect mariadb --db "$url"
	ends 0 belay verify --dialect mariadb --db "$url"
	says "the schema is as run 1 left it"
	my drift -e 'ALTER TABLE orders MODIFY status varchar(30), ADD KEY k (note)'
	ends 1 belay verify --dialect mariadb --db "$url"
	says "status" "varchar(30)" "k"
}

@test "a journal somewhere else is no drift, and what could not be stored is said" {
	pg_database elsewhere
	orders
	printf 'journal:\n  schema: keeper\n' >belay.yml
	ends 0 belay up --db "$url"
	ends 0 belay verify --db "$url"
	says "the schema is as run 1 left it"
	pg -c 'DELETE FROM keeper.snapshot'
	ends 0 belay verify --db "$url"
	says "no schema was stored yet"
	file db/migrations/3_more.sql <<<$'-- migrate:up\nCREATE TABLE more (id int);\n-- migrate:down\nDROP TABLE more;'
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO keeper.run SELECT 3, tool, system_id, database_name, role_name, host, pid, direction, 'failed', started, NULL FROM keeper.run WHERE id = 2" \
		-c "INSERT INTO keeper.step (run, ordinal, migration, direction, statement, kind, hash, state, started) VALUES (3, 0, '9', 'up', 0, 'transaction', '', 'done', now())"
	ends 0 belay verify --db "$url"
	says "was not stored"
}

@test "answers of verify queries are kept, those that failed too" {
	shop
	file migrations/verify_002.sql <<<$'SELECT count(*) FROM customers;\n-- Expected: 2\nSELECT email FROM customers WHERE id = 99;'
	ends 0 belay up --db sqlite:app.db
	[ "$(sqlite3 app.db 'SELECT run, migration, query, state, got FROM belay_verified ORDER BY query')" = \
		$'1|002|0|held|2\n1|002|1|held|no row' ]
	file migrations/003_less.sql <<<$'-- UP\nDELETE FROM customers WHERE id = 1;\n-- DOWN\nSELECT 1;'
	file migrations/verify_003.sql <<<$'SELECT count(*) FROM customers;\n-- Expected: 2'
	ends 5 belay up --db sqlite:app.db
	[ "$(sqlite3 app.db "SELECT state, got FROM belay_verified WHERE migration = '003'")" = 'failed|1' ]
	[ "$(sqlite3 app.db 'SELECT count(*) FROM customers')" = 2 ]
	ends 0 belay verify --db sqlite:app.db
	pg_database answers
	orders
	printf -- '-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 1;\n' >db/migrations/3_x.sql
	file db/verify/3_x.sql <<<"SELECT 1 WHERE false;"
	rm -r migrations
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT migration, state FROM belay.verified')" = '3|held' ]
}
