#!/usr/bin/env bats
# belay plan: what up would do, and the script that does it by hand.
load both

# states < status/1: id=state of each
states() {
	json '" ".join(m["id"] + "=" + m["state"] + "".join(m["flags"]) for m in d["migrations"])'
}

@test "impact, duration, risk, deploy and rollback steps, checklist" {
	shop
	ends 0 belay up --db sqlite:app.db
	file migrations/003_tier.sql <<'SQL'
-- UP
ALTER TABLE customers ADD COLUMN tier TEXT NOT NULL DEFAULT 'free';
ALTER TABLE customers DROP COLUMN phone;
CREATE INDEX customers_tier ON customers (tier);
-- DOWN
DROP INDEX customers_tier;
ALTER TABLE customers DROP COLUMN tier;
ALTER TABLE customers ADD COLUMN phone TEXT;
SQL
	ends 0 belay plan --db sqlite:app.db
	says "1 migration, 3 statements on SQLite" "risk high" "003 tier  one transaction" \
		"column main.customers.phone is gone for good" "main.customers: about 2 rows" \
		"rewrites  main.customers" "builds    main.customers_tier" \
		"Deploy" "1. belay rehearse" "keep what will be gone (main.customers.phone)" \
		"Rollback" "belay down (undoes 003: " "[ ] belay status"
	ends 0 belay plan --db sqlite:app.db -o markdown
	says "# Migration plan" "## Deploy steps" "## Rollback steps" "- [ ] " "DROP COLUMN phone"
	ends 0 belay plan --db sqlite:app.db -o html
	says "<!DOCTYPE html>" "<h2>Impact</h2>" "<input type=\"checkbox\">"
	ends 0 belay plan --db sqlite:app.db -o json
	[ "$(json 'd["belay"]["schema"], d["risk"], len(d["migrations"]), d["migrations"][0]["undo"]' <<<"$output")" = \
		"('plan/1', 'high', 1, 'schema-only')" ]
	[ "$(json 'd["migrations"][0]["statements"][1]["destroys"]' <<<"$output")" = "['main.customers.phone']" ]
	[ "$(json 'all(0 <= s["estimate"]["from_ms"] <= s["estimate"]["to_ms"] for s in d["migrations"][0]["statements"])' <<<"$output")" = True ]
}

@test "nothing is written, and nothing pending is said" {
	shop
	ends 0 belay up --db sqlite:app.db
	sha256sum app.db >before
	ends 0 belay plan --db sqlite:app.db
	says "nothing to do"
	sha256sum -c before
	pg_database untouched
	ends 0 belay plan --dialect postgres --db "$url"
	[ -z "$(pg -c "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")" ]
	[ -z "$(pg -c "SELECT 1 FROM pg_namespace WHERE nspname = 'belay'")" ]
}

@test "what up refuses, plan refuses; what up leaves for later is named" {
	shop
	ends 0 belay up --db sqlite:app.db
	file migrations/003_less.sql <<'SQL'
-- belay:phase contract
-- UP
ALTER TABLE customers DROP COLUMN phone;
-- DOWN
ALTER TABLE customers ADD COLUMN phone TEXT;
SQL
	ends 0 belay plan --db sqlite:app.db
	says "nothing to do"
	ends 0 belay plan --db sqlite:app.db --phase contract
	says "003 less" "belay up --phase contract"
	sed -i 's/phone TEXT/phone VARCHAR/' migrations/002_phone.sql
	ends 6 belay plan --db sqlite:app.db
	says "was edited after it was applied"
}

@test "without a database: all of it, or what is new" {
	shop
	ends 0 belay plan --offline
	says "2 migrations" "001 customers" "002 phone"
	ends 0 belay plan --offline --only 002 -o json
	[ "$(json '[m["id"] for m in d["migrations"]], d["database"]' <<<"$output")" = "(['002'], None)" ]
	[ "$(json 'd["estimate"]["to_ms"], d["migrations"][0]["statements"][0]["unknown"]' <<<"$output")" != "" ]
	git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm one
	file migrations/003_more.sql <<<$'-- UP\nCREATE TABLE more (id INTEGER);\n-- DOWN\nDROP TABLE more;'
	ends 0 belay plan --offline --since HEAD
	says "1 migration, 1 statement" "003 more"
	ends 2 belay plan --since HEAD --db sqlite:app.db
}

@test "PostgreSQL: sizes come from statistics, and a lock over the hold budget is foreseen" {
	pg_database sizes
	file migrations/1_base.up.sql <<<"CREATE TABLE orders (id int PRIMARY KEY, status text); CREATE TABLE fresh (id int);"
	file migrations/1_base.down.sql <<<"DROP TABLE orders; DROP TABLE fresh;"
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO orders SELECT i, 'new' FROM generate_series(1, 200000) i" -c "ANALYZE orders"
	file migrations/2_more.up.sql <<'SQL'
ALTER TABLE orders ALTER COLUMN id TYPE bigint;
CREATE INDEX ON fresh (id);
SQL
	file migrations/2_more.down.sql <<<"SELECT 1;"
	ends 0 belay plan --db "$url" --hold 1ms
	says "public.orders: about 200000 rows" "rewrites  public.orders" "reads and writes of public.orders wait while it works" \
		"belay up cancels it after 1 ms" "risk high"
	ends 0 belay plan --db "$url" -o json
	[ "$(json '[s["estimate"]["to_ms"] is not None for s in d["migrations"][0]["statements"]]' <<<"$output")" = "[True, False]" ]
	pg -c "ANALYZE fresh"
	ends 0 belay plan --db "$url" -o json
	[ "$(json 'd["migrations"][0]["statements"][1]["risk"]' <<<"$output")" = low ]
}

# dump DATABASE: schema and rows, without times and random ids
dump() {
	pg_dump -h "$PG_DIR" -U postgres --no-owner "$1" | grep -v '^\\' |
		sed -E 's/[0-9-]{10} [0-9:.]+(\+00)?//g; s/[0-9a-f-]{36}//g; s/\t[0-9]+$//; s/\t[0-9]+\tt$/t/'
}

# belay up on one database, the script on another: history and schema are equal, and nothing is left
by_hand_postgres() {
	pg_database tool
	ends 0 belay up --db "$url"
	ends 0 belay status -o json --db "$url"
	states <<<"$output" >want
	pg -c 'SET client_min_messages = error; DROP SCHEMA belay CASCADE'
	dump tool >want.sql
	pg_database hand
	ends 0 belay plan -o sql --db "$url"
	printf '%s\n' "$output" >script.sql
	psql -X -q -h "$PG_DIR" -U postgres -f script.sql hand
	ends 0 belay status -o json --db "$url"
	states <<<"$output" | diff want -
	dump hand | diff want.sql -
	ends 0 belay up --db "$url"
	says "nothing to do"
}

functions() {
	cat <<'SQL'
CREATE TABLE orders (id int PRIMARY KEY, status text, "odd ""name" text);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.status := NEW.status || ';'; -- a remark
	RETURN NEW;
END $$;
CREATE TRIGGER orders_touch BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION touch();
INSERT INTO orders VALUES (1, 'it''s \ one', 'x')
SQL
}

@test "by hand: golang-migrate on PostgreSQL, with a build outside a transaction" {
	functions | file migrations/1_base.up.sql
	file migrations/1_base.down.sql <<<"DROP TABLE orders;"
	file migrations/2_index.up.sql <<<"CREATE INDEX CONCURRENTLY orders_status ON orders (status);"
	file migrations/2_index.down.sql <<<"DROP INDEX CONCURRENTLY orders_status;"
	by_hand_postgres
	grep -q '^BEGIN;' script.sql
	grep -q 'ON_ERROR_STOP' script.sql
}

@test "by hand: dbmate, Prisma, Flyway, goose, plain on PostgreSQL" {
	{ echo '-- migrate:up'; functions; echo ';'; echo '-- migrate:down'; } | file dbmate/db/migrations/1_a.sql
	file dbmate/db/migrations/2_b.sql <<<$'-- migrate:up\nALTER TABLE orders ADD COLUMN c int;\n-- migrate:down\nALTER TABLE orders DROP COLUMN c;'
	functions | file prisma/prisma/migrations/20240101000000_a/migration.sql
	file prisma/prisma/migrations/20240102000000_b/migration.sql <<<"ALTER TABLE orders ADD COLUMN c int;"
	file prisma/prisma/migrations/migration_lock.toml <<<'provider = "postgresql"'
	functions | file flyway/sql/V1__a.sql
	file flyway/sql/V2__b.sql <<<"ALTER TABLE orders ADD COLUMN c int;"
	{ echo '-- +goose Up'; echo '-- +goose StatementBegin'; functions; echo ';'; echo '-- +goose StatementEnd'; echo '-- +goose Down'; } |
		file goose/migrations/00001_a.sql
	file goose/migrations/00002_b.sql <<<$'-- +goose Up\nALTER TABLE orders ADD COLUMN c int;\n-- +goose Down\nALTER TABLE orders DROP COLUMN c;'
	{ echo '-- UP'; functions; echo ';'; echo '-- DOWN'; echo 'DROP TABLE orders;'; } | file plain/migrations/001_a.sql
	for layout in dbmate prisma flyway goose plain; do
		cd "$BATS_TEST_TMPDIR/$layout"
		by_hand_postgres
	done
}

@test "by hand: MariaDB, with a body full of semicolons" {
	file migrations/001_a.sql <<'SQL'
-- UP
CREATE TABLE orders (id int PRIMARY KEY, status text);
CREATE TRIGGER orders_touch BEFORE INSERT ON orders FOR EACH ROW BEGIN SET NEW.status = concat(NEW.status, ';'); SET @x = 1; END;
INSERT INTO orders VALUES (1, 'it''s \\ one');
-- DOWN
DROP TABLE orders;
SQL
	my_database tool
	ends 0 belay up --dialect mariadb --db "$url"
	my tool -e 'SELECT * FROM orders; SHOW CREATE TRIGGER orders_touch' | cut -f1-3 >want
	my_database hand
	ends 0 belay plan -o sql --dialect mariadb --db "$url"
	printf '%s\n' "$output" >script.sql
	my hand <script.sql
	my hand -e 'SELECT * FROM orders; SHOW CREATE TRIGGER orders_touch' | cut -f1-3 | diff want -
	ends 0 belay up --dialect mariadb --db "$url"
	says "nothing to do"
}

@test "by hand: SQLite" {
	shop
	ends 0 belay up --db sqlite:tool.db
	ends 0 belay plan --offline --dialect sqlite -o sql
	printf '%s\n' "$output" | sqlite3 hand.db
	diff <(sqlite3 tool.db '.schema customers' 'SELECT * FROM customers' 'SELECT id, name, checksum FROM belay_migrations') \
		<(sqlite3 hand.db '.schema customers' 'SELECT * FROM customers' 'SELECT id, name, checksum FROM belay_migrations')
	ends 0 belay up --db sqlite:hand.db
	says "nothing to do"
}
