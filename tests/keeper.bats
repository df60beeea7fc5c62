#!/usr/bin/env bats
# Knowing where one is: drift, edited, missing and late migrations, clones, repair, forget.
load both

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

# ---- copies ----

@test "PostgreSQL: a copy of the database is seen, and refused until it is accepted" {
	pg_database original
	orders
	ends 0 belay up --db "$url"
	psql -X -q -h "$PG_DIR" -U postgres postgres -c 'DROP DATABASE IF EXISTS copied' -c 'CREATE DATABASE copied TEMPLATE original' 2>/dev/null
	url="postgres:///copied?host=$PG_DIR&user=postgres" DB=copied
	ends 0 belay status --db "$url"
	says "this is not where belay ran last" "original" "copied"
	ends 0 belay up --db "$url"
	says "nothing to do"
	file db/migrations/3_more.sql <<<$'-- migrate:up\nCREATE TABLE more (id int);\n-- migrate:down\nDROP TABLE more;'
	ends 6 belay up --db "$url"
	says "this is not the database that belay ran on last" "database original" "belay repair"
	ends 6 belay down --db "$url"
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname = 'more'")" ]
	ends 0 belay repair --yes --db "$url"
	ends 0 belay up --db "$url"
	says "applied 3"
}

@test "SQLite: a copied file is seen, a renamed one is the same" {
	shop
	ends 0 belay up --db sqlite:app.db
	file migrations/003_more.sql <<<$'-- UP\nCREATE TABLE more (id INTEGER);\n-- DOWN\nDROP TABLE more;'
	cp app.db copied.db
	mv app.db renamed.db
	ends 6 belay up --db sqlite:copied.db
	says "this is not the database that belay ran on last" "belay repair"
	ends 0 belay up --db sqlite:renamed.db
	cp renamed.db third.db && mv third.db renamed.db
	file migrations/004_more.sql <<<$'-- UP\nCREATE TABLE m4 (id INTEGER);\n-- DOWN\nDROP TABLE m4;'
	ends 0 belay up --db sqlite:renamed.db
	says "this is not where belay ran last"
}

@test "MariaDB: a dump restored under another name is seen" {
	my_database origin
	orders
	ends 0 belay up --dialect mariadb --db "$url"
	my_database restored
	for t in $(my origin -e 'SHOW TABLES'); do
		my -e "CREATE TABLE restored.$t LIKE origin.$t; INSERT INTO restored.$t SELECT * FROM origin.$t"
	done
	file db/migrations/3_more.sql <<<$'-- migrate:up\nCREATE TABLE more (id int);\n-- migrate:down\nDROP TABLE more;'
	ends 6 belay up --dialect mariadb --db "$url"
	says "database origin" "database restored"
}

# ---- repair ----

@test "nothing to repair, and nothing written by looking" {
	shop
	ends 0 belay up --db sqlite:app.db
	sha256sum app.db >before
	ends 0 belay repair --dry-run --db sqlite:app.db
	says "nothing to repair"
	sha256sum -c before
	ends 0 belay repair --db sqlite:app.db
}

@test "an edited migration is taken as it is now, in the tool's own table too" {
	pg_database edited
	orders
	ends 0 belay up --db "$url"
	sed -i 's/note varchar(20)/note varchar(30)/' db/migrations/2_note.sql
	ends 6 belay up --db "$url"
	ends 1 belay repair --dry-run --db "$url"
	says "edited   migration 2 was edited after it was applied" "take its present text"
	ends 6 belay repair --db "$url" </dev/null
	says "asks before it changes anything" "--yes"
	ends 0 belay repair --yes --db "$url"
	says "repaired edited 2"
	ends 0 belay up --db "$url"
	says "nothing to do"
	[ "$(pg -c 'SELECT direction, state FROM belay.run ORDER BY id DESC LIMIT 1')" = 'repair|done' ]
	rm -r db
	for layout in plain prisma flyway sqlx; do
		case $layout in
		plain) p=migrations/001_a.sql ;;
		prisma) p=prisma/migrations/20240101000000_a/migration.sql ;;
		flyway) p=sql/V1__a.sql ;;
		sqlx) p=migrations/20240101000000_a.sql ;;
		esac
		[ $layout != sqlx ] || file Cargo.toml <<<'[dependencies]
sqlx = "0.8"'
		pg_database "edited_$layout"
		file "$p" <<<"CREATE TABLE t (id int);"
		ends 0 belay up --layout $layout --db "$url"
		file "$p" <<<"CREATE TABLE t (id int); -- a remark"
		ends 6 belay up --layout $layout --db "$url"
		ends 0 belay repair --yes --layout $layout --db "$url"
		ends 0 belay up --layout $layout --db "$url"
		says "nothing to do"
		rm -r "${p%%/*}"
	done
}

@test "a missing file: repair and forget take it out of the history; with a file it is pending" {
	pg_database missing
	orders
	ends 0 belay up --db "$url"
	mv db/migrations/2_note.sql .
	ends 6 belay up --db "$url"
	says "belay forget 2"
	ends 6 belay forget 2 --db "$url" </dev/null
	says "Nothing is run" "Its file is missing" "--yes"
	[ "$(pg -c 'SELECT count(*) FROM schema_migrations')" = 2 ]
	ends 0 belay forget 2 --yes --db "$url"
	says "forgotten 2"
	[ "$(pg -c 'SELECT version FROM schema_migrations')" = 1 ]
	[ "$(pg -c 'SELECT migration FROM belay.applied')" = 1 ]
	ends 0 belay up --db "$url"
	says "nothing to do"
	ends 0 belay forget 2 --yes --db "$url" || ends 2 belay forget 2 --yes --db "$url"
	mv 2_note.sql db/migrations/
	ends 0 belay status -o json --db "$url"
	[ "$(json '[m["state"] for m in d["migrations"]]' <<<"$output")" = "['applied', 'pending']" ]
	ends 0 belay baseline 2 --db "$url"
	rm db/migrations/2_note.sql
	ends 0 belay repair 2 --yes --db "$url"
	says "repaired missing 2"
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "forget in each layout that keeps rows, and golang-migrate's one number" {
	for layout in plain prisma flyway sqlx goose diesel; do
		[ $layout != sqlx ] || file Cargo.toml <<<'[dependencies]
sqlx = "0.8"'
		pg_database "forget_$layout"
		case $layout in
		plain) p=migrations/%s_a.sql a=001 b=002 ;;
		prisma) p=prisma/migrations/%s_a/migration.sql a=20240101000000 b=20240102000000 ;;
		flyway) p=sql/V%s__a.sql a=1 b=2 ;;
		sqlx) p=migrations/%s_a.sql a=20240101000000 b=20240102000000 ;;
		goose) p=migrations/%s_a.sql a=00001 b=00002 ;;
		diesel) p=migrations/%s_a/up.sql a=2024-01-01-000000 b=2024-01-02-000000 ;;
		esac
		up=""
		[ $layout != goose ] || up=$'-- +goose Up\n'
		file "$(printf "$p" $a)" <<<"${up}CREATE TABLE t1 (id int);"
		file "$(printf "$p" $b)" <<<"${up}CREATE TABLE t2 (id int);"
		ends 0 belay up --layout $layout --db "$url"
		ends 0 belay status --layout $layout --db "$url" -o json
		id=$(json 'd["migrations"][1]["id"]' <<<"$output")
		rm -r "$(printf "$p" $b)"
		find . -mindepth 2 -type d -empty -delete
		ends 6 belay up --layout $layout --db "$url"
		ends 0 belay forget "$id" --yes --layout $layout --db "$url"
		ends 0 belay up --layout $layout --db "$url"
		says "nothing to do"
		rm -r "${p%%/*}"
	done
	rm Cargo.toml
	pg_database forget_one
	for i in 1 2 3; do
		file migrations/${i}_a.up.sql <<<"CREATE TABLE t$i (id int);"
		file migrations/${i}_a.down.sql <<<"DROP TABLE t$i;"
	done
	ends 0 belay up --db "$url"
	ends 6 belay forget 2 --yes --db "$url"
	says "keeps one number"
	ends 0 belay forget 3 --yes --db "$url"
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '2|f' ]
	rm migrations/1_a.*
	ends 6 belay up --db "$url"
	says "migration 1 is applied here, but its file is missing"
	ends 0 belay forget 1 --yes --db "$url"
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '2|f' ]
}

@test "what another tool applied or undid" {
	pg_database others
	orders
	ends 0 belay up --db "$url"
	pg -c 'DELETE FROM belay.applied WHERE migration = $$1$$' -c 'DELETE FROM schema_migrations WHERE version = $$2$$' \
		-c 'ALTER TABLE orders DROP COLUMN note'
	ends 1 belay repair --dry-run --db "$url"
	says "unhashed 1 migration (1) was not applied by belay" "undone   migration 2 was applied by belay, and is not in the history of dbmate" \
		"schema   the schema is not as run 1 left it"
	ends 0 belay repair --yes --db "$url"
	[ "$(pg -c 'SELECT migration FROM belay.applied')" = 1 ]
	ends 0 belay verify --db "$url"
	says "as run 2 left it"
	ends 0 belay up --db "$url"
	says "applied 2"
	sed -i 's/status varchar(20)/status varchar(21)/' db/migrations/1_orders.sql
	ends 6 belay up --db "$url"
}

@test "golang-migrate: a migration below the mark that was run is written down" {
	pg_database below
	file migrations/1_a.up.sql <<<"CREATE TABLE t1 (id int);"
	file migrations/3_c.up.sql <<<"CREATE TABLE t3 (id int);"
	ends 0 belay up --db "$url"
	file migrations/2_b.up.sql <<<"CREATE TABLE t2 (id int);"
	ends 6 belay up --db "$url"
	says "belay repair writes that down"
	ends 0 belay repair --yes --db "$url"
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "an invalid index of ours is dropped or rebuilt, somebody else's is left alone" {
	pg_database invalid
	file migrations/1_a.up.sql <<<"CREATE TABLE orders (id int, status text); INSERT INTO orders VALUES (1, 'x'), (1, 'x');"
	file migrations/2_b.up.sql <<<"CREATE UNIQUE INDEX CONCURRENTLY orders_id ON orders (id);"
	ends 5 belay up --db "$url"
	pg -c 'CREATE UNIQUE INDEX CONCURRENTLY orders_id ON orders (id)' || true
	pg -c 'CREATE UNIQUE INDEX CONCURRENTLY theirs ON orders (status)' || true
	ends 1 belay repair --dry-run --db "$url"
	says "index    index public.orders_id of orders (migration 2) is invalid" "DROP INDEX CONCURRENTLY" "half     migration 2 is half applied"
	says_not "theirs"
	run belay repair --yes --db "$url"
	[ "$status" = 1 ]
	says "repaired index 2"
	[ "$(pg -c "SELECT relname FROM pg_class WHERE relname IN ('orders_id', 'theirs')")" = theirs ]
	pg -c 'DELETE FROM orders' -c 'DROP INDEX theirs'
	ends 0 belay up --db "$url"
	# As a build by hand, or a failed REINDEX, leaves it.
	pg -c "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'orders_id'::regclass"
	ends 0 belay repair --yes --db "$url"
	says "REINDEX INDEX CONCURRENTLY"
	[ "$(pg -c "SELECT indisvalid FROM pg_index WHERE indexrelid = 'orders_id'::regclass")" = t ]
}

@test "a run that never ended, a lease that was not given back, a statement nobody heard of" {
	pg_database ended
	file migrations/1_a.up.sql <<<"CREATE TABLE orders (id int, status text);"
	file migrations/2_b.up.sql <<<$'CREATE INDEX CONCURRENTLY orders_id ON orders (id);\nCREATE INDEX CONCURRENTLY orders_status ON orders (status);'
	file migrations/2_b.down.sql <<<"SELECT 1;"
	ends 0 belay up --db "$url"
	ends 0 belay forget 2 --yes --db "$url"
	# As a kill behind the first index, in front of its second row, leaves it.
	pg -c "DELETE FROM belay.applied WHERE migration = '2'" \
		-c "UPDATE belay.step SET state = 'done', kind = 'alone' WHERE migration = '2' AND statement = 0 AND hash <> ''" \
		-c "UPDATE belay.step SET state = 'intent', kind = 'alone' WHERE migration = '2' AND statement = 1" \
		-c "UPDATE belay.run SET state = 'running', finished = NULL WHERE id = 1" \
		-c "UPDATE belay.lease SET beat = now() - interval '1 hour', owner = 'belay up, process 1 on there' WHERE part = 'heartbeat'" \
		-c "UPDATE schema_migrations SET version = 2, dirty = true"
	ends 1 belay repair --dry-run --db "$url"
	says "run      run 1 (up, process " "lease    the lease of belay up, process 1 on there" \
		"doubt    statement 2 of migration 2 was sent by run 1" "half     migration 2 is half applied"
	run belay repair --yes --db "$url"
	[ "$status" = 1 ]
	says "repaired run 1" "repaired lease" "repaired doubt 2"
	[ "$(pg -c 'SELECT state FROM belay.run WHERE id = 1')" = lost ]
	[ "$(pg -c "SELECT state FROM belay.step WHERE migration = '2' AND statement = 1")" = done ]
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT version, dirty FROM schema_migrations')" = '2|f' ]
}

@test "repair as a document, and on MariaDB" {
	my_database mended
	orders
	ends 0 belay up --dialect mariadb --db "$url"
	sed -i 's/note varchar(20)/note varchar(30)/' db/migrations/2_note.sql
	ends 1 belay repair --dry-run -o json --dialect mariadb --db "$url"
	[ "$(json '[(i["kind"], i["id"], i["does"]) for i in d["items"]]' <<<"$output")" = "[('edited', '2', 'repair')]" ]
	ends 0 belay repair --yes --dialect mariadb --db "$url"
	ends 0 belay up --dialect mariadb --db "$url"
	ends 0 belay forget 2 --yes --dialect mariadb --db "$url"
	[ "$(my mended -e 'SELECT count(*) FROM belay_applied')" = 1 ]
}

@test "nobody is asked behind a run that is under way" {
	pg_database busy
	orders
	ends 0 belay up --db "$url"
	sed -i 's/note varchar(20)/note varchar(30)/' db/migrations/2_note.sql
	pg -c "UPDATE belay.lease SET beat = now() + interval '1 hour', system_id = (SELECT system_identifier::text FROM pg_control_system()), backend = 0, owner = 'somebody' WHERE part = 'heartbeat'"
	ends 4 belay repair --yes --db "$url"
	says "somebody"
	ends 4 belay forget 1 --yes --db "$url"
}

# ---- log lines ----

@test "--log-format json: an object a line, and nothing else on standard error" {
	shop
	belay up --db sqlite:app.db --log-format json >out 2>log
	python3 - <<'PY'
import json
lines = [json.loads(l) for l in open("log")]
events = [l["event"] for l in lines]
assert events == ["begin", "migration", "statement", "statement_done", "statement", "statement_done", "applied",
	"migration", "statement", "statement_done", "applied", "done"], events
assert all(l["time"].endswith("Z") and l["level"] == "info" for l in lines)
assert lines[0]["command"] == "up" and lines[0]["server"].startswith("SQLite"), lines[0]
assert lines[2]["file"] == "migrations/001_customers.sql" and lines[2]["line"] == 2, lines[2]
assert lines[-1]["ok"] is True and lines[-1]["migrations"] == 2
PY
	[ "$(grep -c applied out)" = 2 ]
	file migrations/003_bad.sql <<<$'-- UP\nINSERT INTO nowhere VALUES (\'a\nb\');\n-- DOWN\nSELECT 1;'
	run belay up --db sqlite:app.db --log-format json
	[ "$status" = 5 ]
	belay up --db sqlite:app.db --log-format json 2>log >out || true
	[ "$(tail -1 log | json 'd["event"], d["level"], d["exit"], d["line"], d["next"]')" = "('error', 'error', 5, 2, 'belay status')" ]
	ends 2 belay up --db sqlite:app.db --log-format xml
	[ "$(belay check --db sqlite:none.db --log-format json nowhere.sql 2>&1 >out | tail -1 | json 'd["event"]')" = error ]
}

@test "--log-format json: who is waited for" {
	pg_database waiting
	orders
	ends 0 belay up --db "$url"
	file db/migrations/3_more.sql <<<$'-- migrate:up\nALTER TABLE orders ADD COLUMN more int;\n-- migrate:down\nSELECT 1;'
	pg -c 'BEGIN' -c 'LOCK TABLE orders' -c 'SELECT pg_sleep(60)' >holder 2>&1 3>&- &
	until [ -n "$(pg -c "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'orders'::regclass")" ]; do sleep 0.05; done
	belay up --db "$url" --patience 2s --log-format json 2>log >out || [ $? = 4 ]
	pg -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" >out
	wait
	python3 - <<'PY'
import json
lines = [json.loads(l) for l in open("log")]
assert any(l["event"] == "waiting" and l["level"] == "warning" and "psql" in l["message"] for l in lines), lines
assert lines[-1]["event"] == "error" and lines[-1]["exit"] == 4
PY
}

# ---- init ----

@test "init says what other tools have to be told; its script is enough for a role that may not create" {
	shop
	touch alembic.ini manage.py
	ends 0 belay init --dialect sqlite
	says "Alembic will find belay's journal (tables belay_…)" "include_object" 'name.startswith("belay_")'
	says_not "Django" "Prisma"
	rm -r belay.yml migrations
	file prisma/migrations/20240101000000_a/migration.sql <<<"CREATE TABLE t (id int);"
	printf 'provider = "mysql"' | file prisma/migrations/migration_lock.toml
	ends 0 belay init --dialect mysql
	says "Prisma will find" '"belay_snapshot"' "externalTables"
	rm -r belay.yml prisma alembic.ini manage.py
	orders
	pg_database least
	pg -c 'DROP OWNED BY deployer' 2>/dev/null || true
	pg -c 'DROP ROLE IF EXISTS deployer' -c 'CREATE ROLE deployer LOGIN' -c 'REVOKE CREATE ON DATABASE least FROM PUBLIC' \
		-c 'GRANT CREATE ON SCHEMA public TO deployer'
	printf 'environments:\n  production:\n    url: %s\n    role: deployer\n' "postgres:///least?host=$PG_DIR&user=postgres" >belay.yml
	run belay up --env production
	[ "$status" != 0 ]
	says "belay init --journal"
	belay init --journal --env production >journal.sql
	pg -f journal.sql
	ends 0 belay up --db "postgres:///least?host=$PG_DIR&user=deployer"
	ends 0 belay verify --db "postgres:///least?host=$PG_DIR&user=deployer"
	[ "$(pg -c 'SELECT tableowner FROM pg_tables WHERE tablename = $$orders$$')" = deployer ]
}

# ---- up ID, --only, --phase ----

# four LAYOUT: migrations a (expand), b (backfill), c (contract), d; each makes its table
four() {
	local n=0 name phase up path
	for name in a b c d; do
		n=$((n + 1))
		phase=""
		[ $name != a ] || phase=$'-- belay:phase expand\n'
		[ $name != b ] || phase=$'-- belay:phase backfill\n'
		[ $name != c ] || phase=$'-- belay:phase contract\n'
		up="CREATE TABLE t_$name (id int);"
		case $1 in
		golang-migrate) path=migrations/${n}_$name.up.sql ;;
		dbmate) path=db/migrations/${n}_$name.sql up=$'-- migrate:up\n'"$up"$'\n-- migrate:down\nSELECT 1;' ;;
		goose) path=migrations/0000${n}_$name.sql up=$'-- +goose Up\n'"$up" ;;
		prisma) path=prisma/migrations/2024010${n}000000_$name/migration.sql ;;
		flyway) path=sql/V${n}__$name.sql ;;
		sqlx) path=migrations/2024010${n}000000_$name.sql ;;
		diesel) path=migrations/2024-01-0${n}-000000_$name/up.sql ;;
		plain) path=migrations/00${n}_$name.sql up=$'-- UP\n'"$up"$'\n-- DOWN\nSELECT 1;' ;;
		esac
		file "$path" <<<"$phase$up"
	done
	[ "$1" != sqlx ] || printf '[dependencies]\nsqlx = "0.8"\n' >Cargo.toml
	[ "$1" != diesel ] || printf '[print_schema]\n' >diesel.toml
}

# made: the tables that are there
made() {
	sqlite3 app.db "SELECT group_concat(substr(name, 3), '') FROM (SELECT name FROM sqlite_master WHERE name LIKE 't\_%' ESCAPE '\' ORDER BY 1)"
}

@test "up ID, --only and --phase in each layout" {
	for layout in golang-migrate dbmate goose prisma flyway sqlx diesel plain; do
		mkdir -p "$BATS_TEST_TMPDIR/$layout"
		cd "$BATS_TEST_TMPDIR/$layout"
		four $layout
		use="--layout $layout --db sqlite:app.db"
		ends 0 belay status $use -o json || ends 3 belay status $use -o json
		ids=($(belay graph --layout $layout --dialect sqlite -o json | json '" ".join(m["id"] for m in d["migrations"])'))
		ends 0 belay up "${ids[0]}" $use
		[ "$(made)" = a ]
		ends 0 belay up --only "${ids[1]}" $use
		[ "$(made)" = ab ]
		ends 0 belay up --only "${ids[1]}" $use
		says "nothing to do"
		ends 0 belay up $use
		says "contract"
		[ "$(made)" = ab ]
		ends 6 belay up "${ids[3]}" $use
		says "is of the contract phase"
		[ "$(made)" = ab ]
		ends 0 belay up --phase contract $use
		[ "$(made)" = abcd ]
		ends 0 belay up $use
		says "nothing to do: all migrations are applied"
		ends 0 belay verify $use
		rm app.db
		ends 0 belay up --phase expand $use
		[ "$(made)" = a ]
		ends 0 belay up --phase backfill $use
		[ "$(made)" = ab ]
		ends 0 belay up "${ids[2]}" $use
		[ "$(made)" = abc ]
		ends 2 belay up --phase soon $use
		ends 2 belay up nowhere $use
	done
}
