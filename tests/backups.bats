#!/usr/bin/env bats
# One-way doors: the question in front of them, what is kept, and that it comes back as it was.
load both

my() { mariadb --no-defaults -S "$MY_DIR/s" -u root -N -B "${MY_DB:-test}" -e "$1"; }
lite() { sqlite3 app.db "$@"; }

# migration ID UP [DOWN]
migration() {
	printf '%s\n' "$2" | file "migrations/$1.up.sql"
	printf '%s\n' "${3:-SELECT 1;}" | file "migrations/$1.down.sql"
}

people() {
	migration 1_people "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT, spare TEXT);
CREATE TABLE nobody (id INTEGER PRIMARY KEY);" 'DROP TABLE nobody; DROP TABLE people;'
	export DATABASE_URL=sqlite:app.db
	ends 0 belay up 1
	lite "INSERT INTO people VALUES (1, 'ada', 'a', NULL), (2, 'bob', NULL, NULL), (7, 'eve', 'e', NULL)"
}

# What a person would compare: schema and rows, without what is belay's.
lite_sight() {
	lite "SELECT sql FROM sqlite_master WHERE name NOT LIKE 'belay%' AND tbl_name NOT LIKE 'belay%' AND name <> 'schema_migrations' AND tbl_name <> 'schema_migrations' ORDER BY name"
	for t in $(lite "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'belay%' AND name NOT IN ('schema_migrations') ORDER BY name"); do
		echo "$t"
		lite "SELECT * FROM \"$t\" ORDER BY 1"
	done
}

@test "a door: exit 6 before the first statement, what would be lost, and commands that work when pasted" {
	people
	migration 2_gone "INSERT INTO nobody VALUES (1);
DROP TABLE people;"
	ends 6 belay up
	says "stopped before migration 2: it would destroy table main.people (3 rows)" "--backup keeps" "2_gone.up.sql:2:1"
	[ "$(lite 'SELECT count(*) FROM nobody')" = 0 ]
	run --separate-stderr belay up -o json
	[ "$status" = 6 ]
	[ "$(json "d['error']['code']" <<<"$output")" = refused ]
	[ "$(json "d['error']['next'][0]" <<<"$output")" = "belay up --backup" ]
	next=$(json "d['error']['next'][1]" <<<"$output")
	[ "$next" = "belay up --yes-destroy main.people" ]
	ends 6 belay up --yes-destroy other --yes-destroy main.nobody
	ends 0 bash -c "PATH=$(dirname "$BELAY"):\$PATH; $next"
	[ -z "$(lite "SELECT 1 FROM sqlite_master WHERE name = 'people'")" ]
}

@test "no loss, no question: empty tables, columns that are NULL, what this run made" {
	people
	migration 2_nothing "DROP TABLE nobody;
ALTER TABLE people DROP COLUMN spare;
CREATE TABLE brief (id INTEGER PRIMARY KEY);
INSERT INTO brief VALUES (1);"
	migration 3_brief "ALTER TABLE brief ADD COLUMN more TEXT DEFAULT 'x';
ALTER TABLE brief RENAME TO renamed;"
	migration 4_brief "ALTER TABLE renamed DROP COLUMN more;
DELETE FROM renamed;
DROP TABLE renamed;"
	ends 0 belay up
	# A fresh database walks through all of it.
	export DATABASE_URL=sqlite:fresh.db
	ends 0 belay up
	# What somebody else wrote meanwhile is asked for.
	migration 5_more 'CREATE TABLE more (id INTEGER PRIMARY KEY);' 'DROP TABLE more;'
	ends 0 belay up
	sqlite3 fresh.db 'INSERT INTO more VALUES (1)'
	ends 6 belay down
	says "undoing migration 5" "table main.more (1 row)"
	ends 6 belay redo
	ends 6 belay goto 4
	ends 0 belay down --yes-destroy 5
}

@test "doors are seen through renames, and in TRUNCATE-like deletes; a filtered delete is none" {
	people
	migration 2_some "DELETE FROM people WHERE id = 2;"
	ends 0 belay up
	migration 3_renamed "ALTER TABLE people RENAME TO persons;
ALTER TABLE persons RENAME COLUMN note TO remark;
ALTER TABLE persons DROP COLUMN remark;"
	ends 6 belay up
	says "column main.people.note (2 values)"
	ends 0 belay up --yes-destroy people.note
	migration 4_all "DELETE FROM persons WHERE 1 = 1;"
	ends 6 belay up
	says "all rows of main.persons (2 rows)"
}

@test "a table that is made anew takes its rows along: only columns left behind are a door" {
	people
	migration 2_anew "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT);
INSERT INTO people_new (id, name, note) SELECT id, name, note FROM people;
DROP TABLE people;
ALTER TABLE people_new RENAME TO people;"
	ends 0 belay up
	migration 3_less "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO people_new (id, name) SELECT id, name FROM people;
DROP TABLE people;
ALTER TABLE people_new RENAME TO people;"
	ends 6 belay up
	says "column main.people.note (2 values)"
	ends 0 belay up --backup
	ends 0 belay restore "$(belay backups | sed -n '1s/ .*//p')"
	[ "$(lite 'SELECT group_concat(note) FROM people')" = a,e ]
	migration 4_fewer "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, note TEXT);
INSERT INTO people_new (id, name, note) SELECT id, name, note FROM people WHERE id < 5;
DROP TABLE people;
ALTER TABLE people_new RENAME TO people;"
	ends 6 belay up
	says "table main.people (3 rows)"
}

@test "consent in the file, and typed on a terminal" {
	people
	migration 2_said "-- belay:destroys main.people.note
ALTER TABLE people DROP COLUMN note;"
	ends 0 belay check --dialect sqlite --ignore all
	ends 0 belay up
	migration 3_typed "DROP TABLE people;"
	cat >type.py <<'PY'
import os, pty, sys
def read(fd):
    data = os.read(fd, 1024)
    seen.append(data)
    if b"to destroy it: " in b"".join(seen) and not done:
        done.append(1)
        os.write(fd, (sys.argv[1] + "\n").encode())
    return data
seen, done = [], []
status = pty.spawn(sys.argv[2:], read, lambda fd: b"")
sys.exit(os.waitstatus_to_exitcode(status))
PY
	run timeout 30 python3 type.py people.nam "$BELAY" up </dev/null
	[ "$status" = 6 ]
	run timeout 30 python3 type.py main.people "$BELAY" up </dev/null
	[ "$status" = 0 ]
	says "migration 3 destroys table main.people (3 rows)"
}

@test "--dry-run names the doors and changes nothing" {
	people
	migration 2_gone "DROP TABLE people;"
	before=$(sqlite3 app.db .dump)
	ends 0 belay up --dry-run
	says "-- one-way door: table main.people (3 rows)" "--yes-destroy main.people"
	[ "$(sqlite3 app.db .dump)" = "$before" ]
}

@test "SQLite: what was kept comes back as it was: tables, columns, rows, values; odd names" {
	people
	lite "CREATE INDEX people_name ON people (name);
CREATE TRIGGER people_t AFTER INSERT ON people BEGIN UPDATE people SET note = 'from; trigger' WHERE id = new.id; END;
CREATE TABLE \"o'dd \"\"t;--\" (\"k'1\" TEXT PRIMARY KEY, \"v\"\"\" BLOB) WITHOUT ROWID;
INSERT INTO \"o'dd \"\"t;--\" VALUES ('a''b', x'00ff'), ('c', 1.5)"
	before=$(lite_sight 2>&1)
	migration 2_change "UPDATE people SET name = upper(name), note = NULL WHERE id > 1;
DELETE FROM people WHERE id = 2;"
	migration 3_column "DROP TRIGGER people_t;
ALTER TABLE people DROP COLUMN note;"
	migration 4_tables "DROP TABLE people;
DROP TABLE \"o'dd \"\"t;--\";"
	ends 0 belay up --backup
	ends 0 belay backups
	says "column main.people.note" "table main.people" "rows main.people" "values main.people"
	[ "$(belay backups -o json | json "d['belay']['schema'], [b['state'] for b in d['backups']]")" = "('backups/1', ['kept', 'kept', 'kept', 'kept', 'kept'])" ]
	for name in $(belay backups | sed -n 's/^\([^ ]*@[0-9]*\) .*/\1/p' | sort -ru); do ends 0 belay restore "$name"; done
	lite "CREATE TRIGGER people_t AFTER INSERT ON people BEGIN UPDATE people SET note = 'from; trigger' WHERE id = new.id; END"
	lite "SELECT id, name, note FROM people ORDER BY id" >now
	diff now - <<<$'1|ada|a\n2|bob|\n7|eve|e'
	lite "SELECT \"k'1\", hex(\"v\"\"\"), typeof(\"v\"\"\") FROM \"o'dd \"\"t;--\" ORDER BY 1" >now
	diff now - <<<$'a\'b|00FF|blob\nc|312E35|real'
	lite "SELECT sql FROM sqlite_master WHERE name = 'people_name'" | grep -q 'INDEX people_name ON people (name)'
}

@test "rows that others have taken the place of are left out and counted; no key, no second time" {
	people
	lite "CREATE TABLE keyless (x TEXT); INSERT INTO keyless VALUES ('a'), ('a'), ('b')"
	migration 2_all "DELETE FROM people;
DELETE FROM keyless;"
	ends 0 belay up --backup
	name=$(belay backups | sed -n '1s/ .*//p')
	lite "INSERT INTO people VALUES (2, 'other', NULL, NULL)"
	ends 0 belay restore "$name"
	says "main.people: 2 rows put back, 1 left out: others have their keys" "main.keyless: 3 rows put back"
	[ "$(lite 'SELECT group_concat(name) FROM people')" = ada,other,eve ]
	ends 6 belay restore "$name"
	says "put back already" "has no key"
	[ "$(lite 'SELECT count(*) FROM keyless')" = 3 ]
}

@test "an archive that somebody changed is not put back; one that does not exist says its neighbour" {
	people
	migration 2_all "DELETE FROM people;"
	ends 0 belay up --backup
	name=$(belay backups | sed -n '1s/ .*//p')
	ends 2 belay restore "${name}0"
	says "Did you mean $name?"
	ends 0 belay restore "$name" --dry-run
	says 'INSERT INTO "main"."people"'
	[ "$(lite 'SELECT count(*) FROM people')" = 0 ]
	ends 2 belay restore "$name" --into sqlite:other.db
	says "not a whole database"
	lite "UPDATE $(lite "SELECT store_name FROM belay_archive") SET name = 'x' WHERE id = 1"
	ends 5 belay restore "$name"
	says "was changed since it was made" "nothing was put back"
	[ "$(lite 'SELECT count(*) FROM people')" = 0 ]
}

@test "down puts back what its up had kept; --no-restore leaves it" {
	people
	migration 2_note "ALTER TABLE people DROP COLUMN note;" "ALTER TABLE people ADD COLUMN note TEXT;"
	ends 0 belay up --backup
	ends 0 belay down
	says "main.people.note: 2 rows put back"
	[ "$(lite 'SELECT group_concat(note) FROM people')" = a,e ]
	ends 0 belay up --backup=scoped
	ends 0 belay down --no-restore
	says_not "put back"
	[ -z "$(lite 'SELECT group_concat(note) FROM people')" ]
}

@test "settings: always, per environment; a limit of size; retention" {
	people
	migration 2_all "DELETE FROM people;"
	file belay.yml <<<$'backups: {mode: scoped, max_size: 2000, keep: 30d}'
	ends 6 belay up
	says "cannot keep main.people" "backups may take"
	[ "$(lite 'SELECT count(*) FROM people')" = 3 ]
	[ -z "$(lite "SELECT name FROM sqlite_master WHERE name LIKE 'belay_archive_%'")" ]
	ends 2 belay up --backup=half
	file belay.yml <<<$'backups: {mode: scoped, keep: 30d}\nenvironments: {test: {url: "sqlite:app.db", backup: none}}'
	unset DATABASE_URL
	ends 6 belay up --env test
	ends 0 belay up --db sqlite:app.db
	ends 0 belay backups --prune --db sqlite:app.db
	says "0 archives taken away"
	lite "UPDATE belay_archive SET made = '2020-01-01T00:00:00.000Z'"
	ends 0 belay backups --prune --db sqlite:app.db
	says "1 archive taken away"
	[ -z "$(lite "SELECT name FROM sqlite_master WHERE name LIKE 'belay_archive_%'")" ]
	file belay.yml <<<'backups: {mode: some}'
	ends 2 belay status --db sqlite:app.db
	says "mode wants scoped, whole or none"
}

@test "after a run archives whose time is over go, in one line; the only whole backup stays" {
	people
	file belay.yml <<<'backups: {keep: 30d}'
	migration 2_some "DELETE FROM people WHERE id = 2;"
	ends 0 belay up --backup=whole
	migration 3_more "DELETE FROM people WHERE id = 7;"
	ends 0 belay up --backup=scoped
	lite "UPDATE belay_archive SET made = '2020-01-01T00:00:00.000Z'"
	ends 0 belay up
	says_not "taken away"
	migration 4_more "CREATE TABLE more (id INTEGER PRIMARY KEY);"
	ends 0 belay up
	says "1 archive older than 30 days taken away (backups: keep)"
	[ "$(belay backups -o json | json "[b['kind'] for b in d['backups']]")" = "['whole']" ]
	[ -f .belay/backups/*.db ]
	# A newer one takes its place, once it is there.
	migration 5_less "DELETE FROM people WHERE id = 1;"
	ends 0 belay up --backup=whole
	says "1 archive older than 30 days taken away"
	[ "$(ls .belay/backups/*.db | wc -l)" = 1 ]
	[ "$(belay backups -o json | json "[b['migration'] for b in d['backups']]")" = "['5']" ]
	# Without the setting nothing goes by itself.
	rm belay.yml
	lite "UPDATE belay_archive SET made = '2020-01-01T00:00:00.000Z'"
	migration 6_more "DROP TABLE more;"
	ends 0 belay up --backup=whole
	says_not "taken away"
	[ "$(ls .belay/backups/*.db | wc -l)" -ge 1 ]
}

@test "retention on PostgreSQL and MariaDB: what somebody is reading is left for the next time" {
	pg_database retention
	file belay.yml <<<'backups: {keep: 1d}'
	migration 1_t "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2);"
	migration 2_gone "DROP TABLE t;"
	ends 0 belay up 1 --db "$url"
	ends 0 belay up --db "$url" --backup
	pg -c "UPDATE belay.archive SET made = now() - interval '2 days'"
	migration 3_t "SELECT 1;"
	pg -c "BEGIN; LOCK TABLE belay_archive.$(pg -c 'SELECT store_name FROM belay.archive') IN ACCESS SHARE MODE; SELECT pg_sleep(60)" >/dev/null 2>&1 3>&- &
	local reader=$!
	until [ -n "$(pg -c "SELECT 1 FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE c.relnamespace = 'belay_archive'::regnamespace AND l.pid <> pg_backend_pid()")" ]; do sleep 0.05; done
	ends 0 belay up --db "$url"
	says "old archives were not taken away" "lock timeout"
	[ "$(pg -c 'SELECT count(*) FROM belay.archive')" = 1 ]
	pg -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" >/dev/null
	wait "$reader" || true
	migration 4_t "SELECT 1;"
	ends 0 belay up --db "$url"
	says "1 archive older than 1 day taken away"
	[ "$(pg -c "SELECT count(*) FROM belay.archive, pg_class c WHERE c.relnamespace = 'belay_archive'::regnamespace")" = 0 ]

	rm -r migrations
	my_shop
	file belay.yml <<<'{dialect: mariadb, backups: {keep: 1d}}'
	migration 2_rows "DELETE FROM users WHERE id < 103;"
	ends 0 belay up --backup
	my "UPDATE belay_archive SET made = now(3) - INTERVAL 2 DAY"
	migration 3_x "SELECT 1;"
	ends 0 belay up
	says "2 archives older than 1 day taken away"
}

# ---- PostgreSQL ----

pg_shop() {
	migration 1_shop "CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE SCHEMA \"Odd \"\"schema\";
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'sad', score numeric, moods mood[], up text GENERATED ALWAYS AS (upper(name)) STORED);
CREATE UNIQUE INDEX users_name ON users (lower(name));
COMMENT ON COLUMN users.name IS 'it''s';
GRANT SELECT ON users TO PUBLIC;
CREATE TABLE orders (id serial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE, what jsonb, CHECK (id > 0));
CREATE VIEW rich AS SELECT id, name FROM users WHERE score > 10;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.score := 99; RETURN NEW; END';
CREATE TRIGGER users_trg BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.score IS NULL) EXECUTE FUNCTION trg();
CREATE TABLE \"Odd \"\"schema\".\"t'; DROP\" (\"k '1\" int PRIMARY KEY, \"v\"\";--\" text);
CREATE TABLE part (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO users (name, score, moods) SELECT 'u' || g, g, '{happy,sad}' FROM generate_series(1, 20) g" \
		-c "INSERT INTO orders (user_id, what) SELECT g, '{\"a\": 1}' FROM generate_series(1, 20) g" \
		-c "INSERT INTO \"Odd \"\"schema\".\"t'; DROP\" VALUES (1, 'x'), (2, NULL)" \
		-c "INSERT INTO part SELECT g, '2024-03-01' FROM generate_series(1, 5) g"
}

# Schema by pg_dump, rows by their text; the order of columns and rows does not matter.
pg_sight() {
	pg_dump -h "$PG_DIR" -U postgres -N 'belay*' -T schema_migrations -s "$DB" | grep -v restrict |
		sed '/^CREATE TABLE public.users/,/^);/{s/,$//}' | sort
	pg -c "SELECT id, name, mood, score, moods, up FROM users ORDER BY 1" -c "SELECT * FROM orders ORDER BY 1" \
		-c "SELECT * FROM \"Odd \"\"schema\".\"t'; DROP\" ORDER BY 1" -c "SELECT * FROM part ORDER BY 1" \
		-c "SELECT last_value FROM orders_id_seq" -c "SELECT last_value FROM users_id_seq"
}

@test "PostgreSQL: everything that goes comes back, with what stood on it" {
	pg_database everything
	pg_shop
	migration 2_column "ALTER TABLE users DROP COLUMN score CASCADE;"
	migration 3_type "DROP TYPE mood CASCADE;"
	migration 4_rows "DELETE FROM users WHERE id < 3;
UPDATE users SET name = name || '!' WHERE id > 3;
TRUNCATE part;"
	migration 5_tables "DROP TABLE users, orders CASCADE;
DROP SCHEMA \"Odd \"\"schema\" CASCADE;
DROP TABLE part;"
	pg_sight >before
	ends 6 belay up --db "$url"
	says "column public.users.score (20 values)"
	ends 6 belay up --db "$url" --yes-destroy public.users.score
	says "column public.users.mood (20 values) and column public.users.moods (20 values)"
	[ "$(pg -c "SELECT count(*) FROM belay.archive")" = 0 ]
	ends 0 belay up --db "$url" --backup
	for id in 5 4 3; do
		name=$(belay backups --db "$url" | sed -n "s/^\($id@[0-9]*\) .*/\1/p" | head -n 1)
		ends 0 belay restore "$name" --db "$url"
	done
	pg -c "ALTER TABLE users ADD COLUMN score numeric" -c "UPDATE users SET score = id" \
		-c "CREATE VIEW rich AS SELECT id, name FROM users WHERE score > 10" \
		-c "CREATE TRIGGER users_trg BEFORE INSERT ON users FOR EACH ROW WHEN (NEW.score IS NULL) EXECUTE FUNCTION trg()"
	pg_sight >after
	diff before after
}

@test "PostgreSQL: a column comes back with its constraints, indexes and views" {
	pg_database a_column
	pg_shop
	pg -c "CREATE INDEX users_score ON users (score DESC, name)" -c "ALTER TABLE users ALTER score SET NOT NULL, ALTER score SET DEFAULT 3, ADD CHECK (score < 1000)"
	migration 2_column "ALTER TABLE users DROP COLUMN score CASCADE;"
	pg_sight >before
	ends 0 belay up --db "$url" --backup
	[ -z "$(pg -c "SELECT 1 FROM pg_class WHERE relname IN ('users_score', 'rich')")" ]
	ends 0 belay restore "$(belay backups --db "$url" | sed -n '1s/ .*//p')" --db "$url"
	pg_sight >after
	diff before after
}

@test "PostgreSQL: a restore that would not bring it back is found before the door is passed" {
	pg_database unproven
	migration 1_t "CREATE TABLE t (id int PRIMARY KEY, v text);
CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.v := random()::text; RETURN NEW; END';"
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO t SELECT g, g FROM generate_series(1, 10) g"
	# The statement itself leaves a rule behind that swallows what is put back.
	migration 2_rule "DELETE FROM t WHERE id < 5;"
	pg -c "CREATE RULE swallow AS ON INSERT TO t DO INSTEAD NOTHING"
	ends 5 belay up --db "$url" --backup
	says "would not bring it back"
	[ "$(pg -c 'SELECT count(*) FROM t')" = 10 ]
	[ "$(pg -c "SELECT count(*) FROM belay.archive")" = 0 ]
}

@test "PostgreSQL: writers wait at most for the hold budget while rows are copied" {
	pg_database held
	migration 1_t "CREATE TABLE t (id int PRIMARY KEY, v text);"
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(1, 100000) g"
	migration 2_gone "DROP TABLE t;"
	ends 4 belay up --db "$url" --backup --hold 5ms --patience 0
	[ "$(pg -c 'SELECT count(*) FROM t')" = 100000 ]
	ends 0 belay up --db "$url" --backup --hold 0
	[ "$(belay backups --db "$url" -o json | json "d['backups'][0]['rows']")" = 100000 ]
}

@test "inherited tables, and on MariaDB no key: refused with what to do; deleted rows need no key" {
	pg_database refused
	migration 1_t "CREATE TABLE k (a int, b text);
CREATE TABLE p (id int PRIMARY KEY);
CREATE TABLE c () INHERITS (p);"
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO k VALUES (1, 'x'), (1, 'x')" -c "INSERT INTO c VALUES (1)"
	migration 2_column "DELETE FROM k WHERE a = 1;"
	ends 0 belay up --db "$url" --backup
	ends 0 belay down --db "$url"
	says "public.k: 2 rows put back"
	migration 2_column "DROP TABLE p CASCADE;"
	ends 6 belay up --db "$url" --backup
	says "other tables inherit from it"
	rm -r migrations
	my_shop
	my "CREATE TABLE k (a int, b text); INSERT INTO k VALUES (1, 'x')"
	migration 2_column "ALTER TABLE k DROP COLUMN b;"
	ends 6 belay up --backup
	says "has no key" "--backup=whole"
}

@test "PostgreSQL: a role that may make no schema uses the one that was made for it; batches are kept too" {
	pg_database lowly
	migration 1_t "CREATE TABLE t (id int PRIMARY KEY, v text);"
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO t SELECT g, 'x' FROM generate_series(1, 1000) g" -c "DROP ROLE IF EXISTS lowly" -c "CREATE ROLE lowly LOGIN" \
		-c "GRANT ALL ON SCHEMA public TO lowly" -c "ALTER SCHEMA belay OWNER TO lowly" \
		-c "DO \$\$ DECLARE r regclass; BEGIN FOR r IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace IN ('belay'::regnamespace, 'public'::regnamespace) LOOP EXECUTE 'ALTER TABLE ' || r || ' OWNER TO lowly'; END LOOP; END \$\$"
	low=${url/user=postgres/user=lowly}
	migration 2_half $'-- belay:batched size=100\nDELETE FROM t WHERE id % 2 = 0;'
	ends 5 belay up --db "$low" --backup
	says "permission denied" "CREATE SCHEMA belay_archive AUTHORIZATION"
	pg -c "CREATE SCHEMA belay_archive AUTHORIZATION lowly"
	ends 0 belay up --db "$low" --backup
	[ "$(pg -c 'SELECT count(*) FROM t')" = 500 ]
	ends 0 belay down --db "$low"
	says "public.t: 500 rows put back"
	migration 3_gone "DROP TABLE t;"
	ends 0 belay up --db "$low" --backup
	ends 0 belay restore "$(belay backups --db "$low" | sed -n 's/^\(3@[0-9]*\) .*/\1/p')" --db "$low"
	[ "$(pg -c 'SELECT count(*) FROM t')" = 500 ]
}

@test "PostgreSQL: killed at any instant, one plain re-run finishes, and what was kept is whole" {
	pg_database killed
	migration 1_t "CREATE TABLE t (id int PRIMARY KEY, v text);"
	ends 0 belay up --db "$url"
	pg -c "INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 60000) g"
	want=$(pg -c "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM t")
	migration 2_gone "DROP TABLE t;" "CREATE TABLE t (id int PRIMARY KEY, v text);"
	for at in 0.02 0.1 0.2 0.35 0.5 0.8; do
		"$BELAY" up --db "$url" --backup --hold 0 >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "$at"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		pg -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()" >/dev/null
		ends 0 belay up --db "$url" --backup --hold 0 --if-running wait
		[ "$(belay backups --db "$url" -o json | json "d['backups'][-1]['rows'], d['backups'][-1]['state']")" = "(60000, 'kept')" ]
		ends 0 belay down --db "$url"
		[ "$(pg -c "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM t")" = "$want" ]
		[ "$(pg -c "SELECT count(*) FROM belay.archive WHERE state <> 'done'")" = 0 ]
	done
}

# ---- MariaDB ----

my_shop() {
	my "DROP DATABASE test; CREATE DATABASE test"
	echo 'dialect: mariadb' >belay.yml
	migration 1_shop "CREATE TABLE users (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, name varchar(40) NOT NULL, score decimal(8,2) NOT NULL DEFAULT 1.5, mood enum('a','b') NULL, ts timestamp NULL, up varchar(40) AS (upper(name)) STORED, KEY sc (score, name), UNIQUE KEY uname (name)) ENGINE=InnoDB AUTO_INCREMENT=100 COMMENT='it''s';
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, what json, KEY u (user_id), CONSTRAINT ofk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE) ENGINE=InnoDB;
CREATE TRIGGER users_trg BEFORE INSERT ON users FOR EACH ROW SET NEW.mood = COALESCE(NEW.mood, 'b');
CREATE TABLE \`t'; DROP \`\`x\` (\`k '1\` int PRIMARY KEY, \`v\"--\` text) ENGINE=InnoDB;"
	export DATABASE_URL=$MY_URL
	ends 0 belay up 1
	my "INSERT INTO users (name, score, mood, ts) SELECT concat('u', seq), seq, 'a', '2024-01-01' FROM seq_1_to_10;
		INSERT INTO orders SELECT id, id, '{\"a\":1}' FROM users;
		INSERT INTO \`t'; DROP \`\`x\` VALUES (1, 'x'), (2, NULL)"
}

my_sight() {
	my "SHOW CREATE TABLE users; SHOW CREATE TABLE orders; SHOW CREATE TABLE \`t'; DROP \`\`x\`; SHOW TRIGGERS;
		SELECT * FROM users ORDER BY id; SELECT * FROM orders ORDER BY id; SELECT * FROM \`t'; DROP \`\`x\` ORDER BY 1" |
		sed 's/AUTO_INCREMENT=[0-9]* //; s/20[0-9-]* [0-9:.]*\t/T\t/'
}

@test "MariaDB: the question, and everything that goes comes back" {
	my_shop
	my_sight >before
	migration 2_column "ALTER TABLE users DROP COLUMN score;"
	migration 3_rows "DELETE FROM users WHERE id < 103;
UPDATE users SET name = concat(name, '!') WHERE id > 104;"
	migration 4_tables "DROP TABLE orders, users;
DROP TABLE \`t'; DROP \`\`x\`;"
	ends 6 belay up
	says "column test.users.score (10 values)"
	ends 0 belay up --backup
	for name in $(belay backups | sed -n 's/^\([^ ]*@[0-9]*\) .*/\1/p' | sort -ru); do ends 0 belay restore "$name"; done
	my_sight >after
	diff before after
}

@test "MariaDB: killed at any instant, one plain re-run finishes, and what was kept is whole" {
	my_shop
	migration 2_gone "DROP TABLE orders;
DELETE FROM users WHERE id > 105;" "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, what json, KEY u (user_id), CONSTRAINT ofk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE) ENGINE=InnoDB;"
	my "INSERT INTO orders SELECT 1000 + seq, 100, '{}' FROM seq_1_to_20000"
	want=$(my "SELECT count(*), sum(id), md5(group_concat(id, user_id ORDER BY id)) FROM orders; SELECT group_concat(name ORDER BY id) FROM users")
	for at in 0.05 0.3 0.7 1.2; do
		"$BELAY" up --backup >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "$at"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		ends 0 belay up --backup --if-running wait
		[ "$(my "SELECT count(*) FROM belay_archive WHERE state <> 'done'")" = 0 ]
		ends 0 belay down
		[ "$(my "SELECT count(*), sum(id), md5(group_concat(id, user_id ORDER BY id)) FROM orders; SELECT group_concat(name ORDER BY id) FROM users")" = "$want" ]
	done
}

@test "MariaDB: killed between two statements: down puts back what both runs have kept" {
	my_shop
	migration 2_gone "DROP TABLE orders;
DELETE FROM users WHERE id > 105;" "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, what json, KEY u (user_id), CONSTRAINT ofk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE) ENGINE=InnoDB;"
	want=$(my "SELECT * FROM orders ORDER BY id; SELECT name FROM users ORDER BY id")
	for round in 1 2; do
		mkfifo holder
		mariadb --no-defaults -n -S "$MY_DIR/s" -u root -N -B test <holder >held 2>&1 3>&- &
		holder=$!
		exec 7>holder
		echo "BEGIN; SELECT 'held' FROM users WHERE id = 106 FOR UPDATE;" >&7
		timeout 60 sh -c 'until grep -q held held; do sleep 0.02; done'
		"$BELAY" up --backup --patience 2m >/dev/null 2>&1 3>&- 7>&- &
		pid=$!
		timeout 60 sh -c "while mariadb --no-defaults -S '$MY_DIR/s' -u root test -e 'SELECT 1 FROM orders' >/dev/null 2>&1; do sleep 0.02; done"
		kill -9 "$pid"
		wait "$pid" || true
		exec 7>&-
		wait "$holder"
		rm holder held
		ends 0 belay up --backup --if-running wait
		[ "$(my "SELECT count(DISTINCT run) FROM belay_archive WHERE restored IS NULL")" = 2 ]
		ends 0 belay down
		[ "$(my "SELECT * FROM orders ORDER BY id; SELECT name FROM users ORDER BY id")" = "$want" ]
	done
}

# ---- Whole databases ----

@test "SQLite: the whole database in a file, compared, and restored into another" {
	people
	migration 2_gone "DROP TABLE people;"
	ends 0 belay up --backup=whole
	says "keeping the whole database"
	file=$(echo .belay/backups/*.db)
	[ "$(stat -c %a "$file")" = 600 ]
	name=$(belay backups | sed -n '1s/ .*//p')
	ends 2 belay restore "$name"
	says "--into URL"
	ends 0 belay restore "$name" --into sqlite:back.db
	says "restored 4 rows"
	[ "$(sqlite3 back.db 'SELECT count(*) FROM people')" = 3 ]
	ends 6 belay restore "$name" --into sqlite:back.db
	says "is not empty"
	# Nothing that destroys, no file.
	migration 3_more "CREATE TABLE more (id INTEGER PRIMARY KEY);"
	ends 0 belay up --backup=whole
	[ "$(ls .belay/backups | wc -l)" = 1 ]
}

@test "PostgreSQL: the whole database in a file, tried on a scratch server, and restored" {
	pg_database whole
	pg_shop
	migration 2_tables "DROP TABLE users, orders CASCADE;"
	pg_sight >before
	ends 0 belay up --db "$url" --backup=whole
	name=$(belay backups --db "$url" | sed -n '1s/ .*//p')
	pg -c 'DROP DATABASE IF EXISTS whole_back' -c 'CREATE DATABASE whole_back'
	ends 0 belay restore "$name" --db "$url" --into "${url/\/whole/\/whole_back}"
	says "restored 48 rows" "compared"
	DB=whole_back
	pg_sight >after
	diff before after
}

@test "MariaDB: the whole database in a file, tried on a scratch server, and restored" {
	command -v mariadb-dump >/dev/null || command -v mysqldump >/dev/null || skip "mariadb-dump is not installed"
	my_shop
	my_sight >before
	migration 2_tables "DROP TABLE orders, users;"
	ends 0 belay up --backup=whole
	my "DROP DATABASE IF EXISTS back; CREATE DATABASE back"
	ends 0 belay restore "$(belay backups | sed -n '1s/ .*//p')" --into "${MY_URL/\/test/\/back}"
	MY_DB=back my_sight >after
	diff before after
}

@test "no room: both figures, before anything is written" {
	people
	migration 2_gone "DROP TABLE people;"
	file belay.yml <<<'backups: {max_size: 1000}'
	ends 6 belay up --backup=whole
	says "about 1 MB large" "may take 0 MB"
	[ -z "$(ls .belay/backups 2>/dev/null)" ]
	mkdir small
	mount -t tmpfs -o size=16k none small 2>/dev/null || skip "no tmpfs can be mounted here"
	file belay.yml <<<'backups: {dir: small}'
	run belay up --backup=whole
	umount small
	[ "$status" = 6 ]
	says "has 0 MB free"
	[ "$(lite 'SELECT count(*) FROM people')" = 3 ]
}
