#!/usr/bin/env bats
# The whole road on SQLite: from an empty folder to a change that was made and undone.
load helper

tables() { sqlite3 app.db "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'belay%' AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations' ORDER BY name)"; }
columns() { sqlite3 app.db "SELECT group_concat(name, ' ') FROM pragma_table_info('$1')"; }

@test "from nothing: init, new, check, up, down" {
	ends 0 belay init --dialect sqlite
	says "found no migrations" "wrote belay.yml"
	ends 0 belay new create_users
	[ "${lines[0]}" = "${output%%$'\n'*}" ]
	path=${lines[0]}
	[ -f "$path" ]
	file "$path" <<'SQL'
-- UP
CREATE TABLE users (id INTEGER PRIMARY KEY);
-- DOWN
DROP TABLE users;
SQL
	ends 0 belay new 'add phone; drop everything'
	[[ ${lines[0]} != *" "* && ${lines[0]} != *";"* ]]
	[ "$(ls migrations | wc -l)" = 2 ]
	ends 0 belay check --dialect sqlite
	ends 0 belay init
	says "left alone"
}

@test "plain layout: up, status, down, redo, goto, baseline, nothing to do" {
	shop
	file migrations/003_orders.sql <<'SQL'
-- UP
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id));
-- DOWN
DROP TABLE orders;
SQL
	export DATABASE_URL=sqlite:app.db
	ends 0 belay up 1
	[ "$(tables)" = customers ]
	ends 0 belay status
	says "1 applied, 2 pending"
	ends 0 belay up
	[ "$(tables)" = "customers orders" ]
	ends 0 belay up
	says "nothing to do"
	ends 0 belay down
	[ "$(tables)" = customers ]
	ends 0 belay redo
	says "undone" "applied" "002"
	ends 0 belay goto 3
	[ "$(tables)" = "customers orders" ]
	ends 0 belay goto 1
	[ "$(tables)" = customers ]
	[ "$(columns customers)" = "id email" ]
	ends 0 belay up
	ends 0 belay down --count 2
	[ "$(columns customers)" = "id email" ]
	ends 6 belay down --all
	says "it would destroy table main.customers (2 rows)" "belay down --all --yes-destroy main.customers"
	ends 0 belay down --all --yes-destroy main.customers
	[ -z "$(tables)" ]
	ends 0 belay down
	says "nothing to do"
	sqlite3 app.db "CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL)"
	ends 0 belay baseline 1
	says "recorded 001"
	ends 0 belay up
	[ "$(tables)" = "customers orders" ]
	[ "$(sqlite3 app.db "SELECT count(*) FROM customers")" = 0 ]
	ends 2 belay goto 99
	says "99"
}

@test "up --only, down ID" {
	shop
	file migrations/003_a.sql <<<$'-- UP\nCREATE TABLE a (id INTEGER);\n-- DOWN\nDROP TABLE a;'
	export DATABASE_URL=sqlite:app.db
	ends 0 belay up
	ends 0 belay down 1
	[ "$(tables)" = customers ]
	ends 0 belay up --only 3
	[ "$(tables)" = "a customers" ]
	ends 0 belay status
	says "2 applied, 1 pending"
}

@test "golang-migrate layout: files, history, high water, and what the tool itself would read" {
	file migrations/1_users.up.sql <<<'CREATE TABLE users (id INTEGER PRIMARY KEY);'
	file migrations/1_users.down.sql <<<'DROP TABLE users;'
	file migrations/2_phone.up.sql <<<'ALTER TABLE users ADD COLUMN phone TEXT;'
	file migrations/2_phone.down.sql <<<'ALTER TABLE users DROP COLUMN phone;'
	export DATABASE_URL=sqlite:app.db
	ends 0 belay graph
	says "golang-migrate: 2 migrations, 1 head"
	ends 0 belay up
	[ "$(sqlite3 app.db "SELECT version || ' ' || dirty FROM schema_migrations")" = "2 0" ]
	ends 0 belay rehearse
	ends 0 belay down
	[ "$(sqlite3 app.db "SELECT version || ' ' || dirty FROM schema_migrations")" = "1 0" ]
	[ "$(columns users)" = id ]
	ends 0 belay new add_email
	[ "$(ls migrations | grep -c add_email)" = 2 ]
	ends 0 belay down --all
	[ -z "$(tables)" ]
	[ "$(sqlite3 app.db "SELECT count(*) FROM schema_migrations")" = 0 ]
	# What the tool left in the middle is not run over.
	sqlite3 app.db "INSERT INTO schema_migrations (version, dirty) VALUES (1, 1)"
	run belay up
	[ "$status" -ne 0 ]
	says "dirty"
}

@test "verify: queries that hold, and one that does not" {
	shop
	file migrations/verify_001.sql <<'SQL'
-- Nobody without an address.
SELECT id FROM customers WHERE email IS NULL OR email = '';
SQL
	export DATABASE_URL=sqlite:app.db
	ends 0 belay up
	ends 0 belay verify
	sqlite3 app.db "UPDATE customers SET email = '' WHERE id = 1"
	run belay verify
	[ "$status" = 1 ] || [ "$status" = 5 ]
	[ "$(sqlite3 app.db "SELECT count(*) FROM customers")" = 2 ]
}

@test "rehearse: a down that does not bring the rows back fails" {
	shop
	file migrations/003_lossy.sql <<'SQL'
-- UP
ALTER TABLE customers DROP COLUMN email;
-- DOWN
ALTER TABLE customers ADD COLUMN email TEXT NOT NULL DEFAULT '';
SQL
	ends 1 belay rehearse 3 --dialect sqlite
	says "rows were lost or changed"
	run --separate-stderr belay rehearse 3 --dialect sqlite -o json
	[ "$(json "d['migrations'][0]['data_restored']" <<<"$output")" = False ]
	[ "$(json "d['migrations'][0]['up']['ok']" <<<"$output")" = True ]
	[ "$(json "d['summary']['ok']" <<<"$output")" = False ]
	ends 0 belay rehearse 1 2 --dialect sqlite
}

@test "rehearse goes on behind code and behind functions of the application" {
	file migrations/1_t.up.sql <<<'CREATE TABLE t (a TEXT);'
	file migrations/1_t.down.sql <<<'DROP TABLE t;'
	file migrations/2_code.up.go <<<'package migrations'
	file migrations/3_b.up.sql <<<'ALTER TABLE t ADD COLUMN b TEXT;'
	file migrations/3_b.down.sql <<<'ALTER TABLE t DROP COLUMN b;'
	file migrations/4_fold.up.sql <<<'UPDATE t SET a = fold(b);'
	file migrations/4_fold.down.sql <<<'UPDATE t SET a = NULL;'
	ends 1 belay rehearse --dialect sqlite
	says "3 migrations rehearsed" "not proven: it calls a function that the application brings along" \
		"without migration 2: it is a Go migration, not SQL"
	ends 0 belay rehearse 1 3 --dialect sqlite
}

@test "rehearse: a fault of the folder ends the walk, and what was proven before it is told" {
	file migrations/1_t.up.sql <<<'CREATE TABLE t (a TEXT);'
	file migrations/1_t.down.sql <<<'DROP TABLE t;'
	file migrations/2_b.up.sql <<<'ALTER TABLE t ADD COLUMN b TEXT;'
	file migrations/2_b.down.sql <<<'ALTER TABLE t DROP COLUMN b;'
	file migrations/2_column_b.down.sql <<<'ALTER TABLE t DROP COLUMN b;'
	ends 1 belay rehearse --dialect sqlite
	says "1 migration rehearsed" "without migration 2: two down scripts have the number 2"
}

@test "review: approves what is proven, blocks what is not, says nothing when nothing changed" {
	shop
	echo 'dialect: sqlite' >belay.yml
	git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm a
	git branch -M main
	ends 0 belay review --since HEAD
	file migrations/003_state.sql <<<$'-- UP\nALTER TABLE customers ADD COLUMN state TEXT;\n-- DOWN\nALTER TABLE customers DROP COLUMN state;'
	ends 0 belay review --since HEAD
	says "approve" "003"
	file migrations/003_state.sql <<<$'-- UP\nALTER TABLE customers ADD COLUMN state TEXT NOT NULL;\n-- DOWN\nALTER TABLE customers DROP COLUMN state;'
	ends 1 belay review --since HEAD
	says "block"
}

@test "diff: equal, different, against a file, against the history" {
	shop
	export DATABASE_URL=sqlite:app.db
	ends 0 belay up
	ends 0 belay diff sqlite:app.db @
	ends 1 belay diff sqlite:app.db @001
	says "phone"
	file schema.sql <<<'CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, phone TEXT);'
	ends 0 belay diff --dialect sqlite schema.sql @
	echo 'CREATE INDEX customers_email ON customers (email);' >>schema.sql
	ends 1 belay diff --dialect sqlite @ schema.sql
	says "customers_email"
}

@test "status and verify change nothing, and make no file" {
	shop
	run belay status --db sqlite:new.db
	[ ! -e new.db ]
	sqlite3 app.db "CREATE TABLE mine (id INTEGER)"
	before=$(sha256sum app.db)
	ends 0 belay status --db sqlite:app.db
	run belay verify --db sqlite:app.db
	[ "$(sha256sum app.db)" = "$before" ]
}

@test "a code migration stops up in front of it with a sentence, exit 6" {
	shop
	file migrations/003_fill.py <<<'print("fill")'
	file migrations/004_more.sql <<<'CREATE TABLE more (id INTEGER);'
	ends 6 belay up --db sqlite:app.db
	says "003" "not SQL" "applied 002"
	[ "$(tables)" = customers ]
}

@test "placeholders get their values from belay.yml" {
	file migrations/001_a.sql <<<'CREATE TABLE ${prefix}users (id INTEGER);'
	file belay.yml <<'YML'
dialect: sqlite
placeholders:
  prefix: app_
YML
	ends 0 belay up --db sqlite:app.db
	[ "$(tables)" = app_users ]
}

@test "new: the first migration of a named layout, where it is wanted" {
	ends 0 belay new --layout golang-migrate --migrations db add_users
	[ "$(ls db | wc -l)" = 2 ]
	ls db/*add_users.up.sql db/*add_users.down.sql
	ends 0 belay graph --migrations db --layout golang-migrate
	says "golang-migrate: 1 migrations, 1 head"
}

@test "a migration that looks something up, or sets something, ends as it began" {
	echo 'SELECT 1;' | file migrations/001_looks.sql
	printf 'PRAGMA defer_foreign_keys = ON;\nCREATE TABLE a (i INTEGER PRIMARY KEY);\nPRAGMA foreign_key_check;\n' |
		file migrations/002_sets.sql
	printf -- '-- belay:no-transaction\nPRAGMA synchronous = OFF;\nCREATE TABLE b (i int);\n' | file migrations/003_slack.sql
	ends 0 belay up --db sqlite:app.db
	[ "$(tables)" = "a b" ]
}

@test "Drizzle: the journal's order, breakpoints, its own transaction, its history" {
	mkdir -p drizzle/meta
	printf '{"dialect": "sqlite", "entries": [{"when": 1700000000000, "tag": "0000_z"}, {"when": 1700000000001, "tag": "0000_a"}]}' |
		file drizzle/meta/_journal.json
	printf 'CREATE TABLE a (i INTEGER PRIMARY KEY)\n--> statement-breakpoint\nCREATE TABLE b (i int);' | file drizzle/0000_z.sql
	printf 'COMMIT TRANSACTION;--> statement-breakpoint\nPRAGMA foreign_keys = OFF;--> statement-breakpoint\nBEGIN TRANSACTION;--> statement-breakpoint\nALTER TABLE b ADD COLUMN j int;--> statement-breakpoint\nCOMMIT TRANSACTION;--> statement-breakpoint\nPRAGMA foreign_keys = ON;--> statement-breakpoint\nBEGIN TRANSACTION;' |
		file drizzle/0000_a.sql
	ends 0 belay up --db sqlite:app.db
	[ "$(columns b)" = "i j" ]
	[ "$(sqlite3 app.db "SELECT group_concat(hash || created_at, ' ') FROM __drizzle_migrations")" = \
		"$(sha256sum <drizzle/0000_z.sql | cut -c1-64)1700000000000 $(sha256sum <drizzle/0000_a.sql | cut -c1-64)1700000000001" ]
	ends 0 belay status --db sqlite:app.db
	ends 0 belay verify --db sqlite:app.db
	ends 2 belay new more
	says "drizzle-kit generate"
}
