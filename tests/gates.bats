#!/usr/bin/env bats
# What stands between a command and a database: roles, protected names, windows, receipts, hooks.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

@test "a protected environment wants its name" {
	shop
	file belay.yml <<'YML'
environments:
  production:
    url: sqlite:app.db
    protected: true
YML
	ends 6 belay up --env production
	says 'environment "production" is protected' '--confirm production'
	[ ! -e app.db ] || [ -z "$(sqlite3 app.db .tables)" ]
	ends 6 belay up --env production --confirm staging
	ends 0 belay up --env production --confirm production
	ends 6 belay down --env production
	ends 0 belay status --env production
}

@test "outside its window nothing begins; inside it does" {
	shop
	# A window that is closed now: the hour that ended one minute ago.
	local closed open
	closed="$(date -u -d '-2 hours' +%H:%M)-$(date -u -d '-1 minute' +%H:%M) UTC"
	open="$(date -u -d '-2 hours' +%H:%M)-$(date -u -d '+2 hours' +%H:%M) UTC"
	ends 4 belay up --db sqlite:app.db --window "$closed"
	says "stopped before migration 001" "its window is" "UTC"
	[ -z "$(sqlite3 app.db "SELECT name FROM sqlite_master WHERE name = 'customers'")" ]
	ends 2 belay up --db sqlite:app.db --window tonight
	says "a window is written as"
	ends 0 belay up --db sqlite:app.db --window "$open"
	file migrations/003_night.sql <<SQL
-- UP
CREATE TABLE early (id int);
-- belay:window $closed
CREATE TABLE night (id int);
-- DOWN
DROP TABLE night;
DROP TABLE early;
SQL
	ends 4 belay up --db sqlite:app.db
	says "stopped before migration 003" "003_night.sql:4"
	[ -z "$(sqlite3 app.db "SELECT name FROM sqlite_master WHERE name = 'early'")" ]
	sed -i "s/belay:window .*/belay:window $open/" migrations/003_night.sql
	ends 0 belay up --db sqlite:app.db
}

@test "an environment's window, and a window that is none" {
	shop
	printf 'environments:\n  night:\n    url: sqlite:app.db\n    window: soon\n' >belay.yml
	ends 2 belay status --env night
	says "a window is written as" "belay.yml:4"
}

@test "only what was rehearsed: a receipt" {
	shop
	printf 'environments:\n  production:\n    url: sqlite:app.db\n    require_receipt: true\n' >belay.yml
	ends 6 belay up --env production
	says 'wants a receipt' 'belay rehearse --receipt FILE'
	ends 0 belay rehearse --receipt receipt.txt
	ends 0 belay up --env production --receipt receipt.txt
	file migrations/003_more.sql <<'SQL'
-- UP
CREATE TABLE more (id int);
-- DOWN
DROP TABLE more;
SQL
	ends 6 belay up --env production --receipt receipt.txt
	says "migration 003 was not rehearsed as it is now"
	sed -i 's/^migration/migration /' receipt.txt
	ends 6 belay up --env production --receipt receipt.txt
	says "is no receipt, or was changed"
	ends 0 belay rehearse --receipt receipt.txt
	ends 0 belay up --env production --receipt receipt.txt
}

@test "no receipt of what did not hold" {
	file migrations/001_a.sql <<'SQL'
-- UP
CREATE TABLE a (id int);
CREATE TABLE b (id int);
-- DOWN
DROP TABLE a;
SQL
	ends 1 belay rehearse --dialect sqlite --receipt receipt.txt
	says "no receipt was written"
	[ ! -e receipt.txt ]
}

@test "hooks get JSON, without a shell; one that says no stops the run" {
	shop
	file before <<'SH'
#!/bin/sh
cat >"$1"
exit "$(cat verdict)"
SH
	chmod +x before
	printf 'hooks:\n  before_up: [./before, "got it; $(touch hacked)"]\n  after_up: ./before after.json\n' >belay.yml
	echo 3 >verdict
	ends 6 belay up --db sqlite:app.db
	says "hook before_up (./before) said no: it ended with 3" "Nothing was done"
	[ ! -e hacked ]
	[ "$(json 'd["event"], d["migrations"]' <'got it; $(touch hacked)')" = "('before_up', ['001', '002'])" ]
	[ -z "$(sqlite3 app.db "SELECT name FROM sqlite_master WHERE name = 'customers'")" ]
	echo 0 >verdict
	ends 0 belay up --db sqlite:app.db
	[ "$(json 'd["event"], d["ok"], d["belay"]["schema"]' <after.json)" = "('after_up', True, 'hook/1')" ]
	printf 'hooks:\n  before_up: ./missing\n' >belay.yml
	rm app.db
	ends 2 belay up --db sqlite:app.db
	says 'there is no program "./missing"'
}

@test "--dry-run prints the plan and changes nothing" {
	pg_database dry
	file migrations/001_orders.sql <<'SQL'
-- UP
CREATE TABLE orders (id int PRIMARY KEY);
-- DOWN
DROP TABLE orders;
SQL
	ends 0 belay up --db "$url" --dry-run
	says "-- up 001 orders (one transaction)" "BEGIN;" "CREATE TABLE orders" "COMMIT;"
	[ -z "$(pg -c "SELECT 1 FROM pg_namespace WHERE nspname = 'belay'")" ]
	ends 0 belay up --db "$url"
	file migrations/002_note.sql <<'SQL'
-- UP
ALTER TABLE orders ADD COLUMN note text;
ALTER ROLE CURRENT_USER PASSWORD 'hunter2';
-- DOWN
ALTER TABLE orders DROP COLUMN note;
SQL
	ends 0 belay up --db "$url" --dry-run --wait 90ms
	says "reads and writes wait: orders; budget: wait 90 ms, hold 2000 ms"
	says_not "hunter2" "CREATE TABLE orders"
	ends 0 belay down --db "$url" --dry-run
	says "-- down 001 orders" "DROP TABLE orders;"
	says_not "would take"
	pg -c "INSERT INTO orders SELECT generate_series(1, 200000)" -c "ANALYZE orders"
	file migrations/003_index.sql <<<$'-- UP\nCREATE INDEX orders_id2 ON orders (id);\n-- DOWN\nDROP INDEX orders_id2;'
	ends 0 belay up --db "$url" --dry-run
	says "-- it would take " " s"
	[ "$(pg -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'")" = 0 ]
	# The script is a script.
	belay up --db "$url" --dry-run 2>/dev/null | sed 's/^ALTER ROLE.*//' | psql -X -q -v ON_ERROR_STOP=1 "$url"
	[ "$(pg -c "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note'")" = 1 ]
}

@test "a role is taken, and what is made belongs to it" {
	pg_database roles
	pg -c 'CREATE ROLE keeper' -c 'GRANT ALL ON SCHEMA public TO keeper' -c 'GRANT CREATE ON DATABASE roles TO keeper'
	file migrations/001_a.sql <<<'CREATE TABLE a (id int);'
	printf 'environments:\n  prod:\n    url: %s\n    role: keeper\n' "$url" >belay.yml
	ends 0 belay up --env prod
	says "role keeper"
	[ "$(pg -c "SELECT tableowner FROM pg_tables WHERE tablename = 'a'")" = keeper ]
	sed -i 's/role: keeper/role: nobody_knows/' belay.yml
	ends 5 belay up --env prod
	says 'becoming the role of environment "prod"'
	printf 'environments:\n  lite:\n    url: sqlite:app.db\n    role: keeper\n' >belay.yml
	ends 2 belay up --env lite
	says "SQLite has no roles"
}

@test "--wait-for-db waits for a server, and gives up" {
	file migrations/001_a.sql <<<'CREATE TABLE a (id int);'
	ends 3 belay up --db "postgres:///x?host=$BATS_TEST_TMPDIR" --wait-for-db 700ms
	ends 2 belay up --db "postgres:///x?host=$BATS_TEST_TMPDIR" --wait-for-db never
	says "--wait-for-db wants a duration"
	pg_database late
	mkdir sock
	(sleep 1; ln -s "$PG_DIR"/.s.PGSQL.5432 sock/.s.PGSQL.5432) 3>&- &
	ends 0 belay up --db "postgres:///late?host=$BATS_TEST_TMPDIR/sock&user=postgres" --wait-for-db 30s
	wait
}

@test "verify queries beside a migration: a failing one rolls it back, or stops behind what cannot be" {
	pg_database beside
	file migrations/1_t.up.sql <<<'CREATE TABLE t (id int PRIMARY KEY);'
	file migrations/1_t.verify.sql <<<'SELECT 1 FROM pg_class WHERE relname = $$t$$;'
	ends 5 belay up --db "$url"
	says "verify failed after migration 1" "expected no row" "was rolled back"
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname = 't'")" ]
	file migrations/1_t.verify.sql <<<'SELECT 1 FROM pg_class WHERE relname = $$u$$;'
	ends 0 belay up --db "$url"
	file migrations/2_i.up.sql <<<'CREATE INDEX CONCURRENTLY i ON t (id);'
	file migrations/2_i.verify.sql <<<$'-- belay:verify some\nSELECT 1 FROM pg_class WHERE relname = $$u$$;'
	ends 5 belay up --db "$url"
	says "expected at least one row" "ran and stay"
	file migrations/2_i.verify.sql <<<'SELECT 1 FROM pg_index WHERE NOT indisvalid;'
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT count(*) FROM pg_class WHERE relname = 'i'")" = 1 ]
}
