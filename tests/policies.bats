#!/usr/bin/env bats
# What belay.yml asks: policies, severities by path, allow, baseline, start_after, suppressions.
load helper

# pg SQL, my SQL: the ids of the findings, in order
pg() {
	belay check - --dialect postgres -o json <<<"$1" >out.json || true
	json "' '.join(f['rule'] for f in d['findings'])" <out.json
}

my() {
	belay check - --dialect mysql -o json <<<"$1" >out.json || true
	json "' '.join(f['rule'] for f in d['findings'])" <out.json
}

is() {
	[ "$1" = "$2" ] || { printf 'got "%s", wanted "%s"\n' "$1" "$2" >&2; return 1; }
}

messages() {
	json "[f['message'] for f in d['findings']]" <out.json
}

@test "required columns: present, absent, of another type, without the key, NULL where it must not be" {
	cat >belay.yml <<'YML'
policies:
  - tables: etl.*
    columns:
      - load_id integer not null references load(id)
      - created_at timestamptz
    because: rows are traced by their load
YML
	base='CREATE TABLE load (id integer PRIMARY KEY); CREATE SCHEMA etl;'
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY, load_id int4 NOT NULL REFERENCES load, created_at timestamp with time zone);")" ""
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY, load_id int NOT NULL, created_at timestamptz, FOREIGN KEY (load_id) REFERENCES load (id));")" ""
	is "$(pg "$base CREATE TABLE other (id bigint PRIMARY KEY);")" ""
	is "$(pg "$base CREATE TEMP TABLE etl_x (id bigint PRIMARY KEY);")" ""
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY, created_at timestamptz);")" required-column-missing
	[[ $(messages) == *"a has no column load_id"* ]]
	[ "$(json "d['findings'][0]['why']" <out.json)" = "rows are traced by their load" ]
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY, load_id text NOT NULL, created_at timestamptz);")" required-column-missing
	[[ $(messages) == *"is text, not integer"* ]]
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY, load_id int NOT NULL, created_at timestamptz);")" required-column-missing
	[[ $(messages) == *"does not refer to load"* ]]
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY, load_id int REFERENCES load, created_at timestamptz);")" required-column-missing
	[[ $(messages) == *"may be NULL"* ]]
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY);")" "required-column-missing required-column-missing"
	# Added in the same script it is there; made and dropped again nobody misses it.
	is "$(pg "$base CREATE TABLE etl.a (id bigint PRIMARY KEY, created_at timestamptz); ALTER TABLE etl.a ADD COLUMN load_id int NOT NULL DEFAULT 1 REFERENCES load (id);" | tr ' ' '\n' | grep -c required)" 0
	# Where nobody knows what is there, IF NOT EXISTS makes it uncertain.
	is "$(pg "$base CREATE TABLE IF NOT EXISTS etl.a (id bigint PRIMARY KEY, created_at timestamptz);")" required-column-missing
	[ "$(json "d['findings'][0]['certain']" <out.json)" = False ]
	# search_path says which schema it is
	is "$(pg "$base SET search_path = etl, public; CREATE TABLE b (id bigint PRIMARY KEY, created_at timestamptz);")" required-column-missing
}

@test "required columns: CREATE TABLE IF NOT EXISTS of a table that is there makes none" {
	printf 'dialect: postgres\npolicies:\n  - columns: ["load_id int"]\n' >belay.yml
	file migrations/1_x.sql <<<'CREATE TABLE a (id bigint PRIMARY KEY, load_id int);'
	file migrations/2_x.sql <<<'CREATE TABLE IF NOT EXISTS a (id bigint PRIMARY KEY); CREATE TABLE IF NOT EXISTS b (id bigint PRIMARY KEY);'
	belay check -o json >out.json || true
	is "$(json "[(f['object'], f['certain']) for f in d['findings']]" <out.json)" "[('public.b', True)]"
}

@test "required columns on the other engines: MySQL wants the key apart" {
	printf 'policies:\n  - tables: e_*\n    columns: ["load_id int not null references loads(id)"]\n' >belay.yml
	loads='CREATE TABLE loads (id int PRIMARY KEY);'
	for d in mysql mariadb sqlite; do
		one() {
			belay check - --dialect $d -o json <<<"$loads $1" >out.json || true
			json "' '.join(f['rule'] for f in d['findings'] if f['rule'].startswith('required'))" <out.json
		}
		is "$(one 'CREATE TABLE e_a (id int PRIMARY KEY, load_id int NOT NULL, FOREIGN KEY (load_id) REFERENCES loads (id));')" ""
		is "$(one 'CREATE TABLE e_a (id int PRIMARY KEY, load_id int NOT NULL);')" required-column-missing
	done
	belay check - --dialect sqlite -o json <<<"$loads CREATE TABLE e_a (id int PRIMARY KEY, load_id int NOT NULL REFERENCES loads (id));" >out.json
	is "$(json "d['findings']" <out.json)" "[]"
	belay check - --dialect mysql -o json <<<"$loads CREATE TABLE e_a (id int PRIMARY KEY, load_id int NOT NULL REFERENCES loads (id));" >out.json || true
	is "$(json "[f['rule'] for f in d['findings'] if f['rule'].startswith('required')]" <out.json)" "['required-column-missing']"
}

@test "naming: kinds, {table} and {columns}, renames, generated names, per-policy severity" {
	cat >belay.yml <<'YML'
policies:
  - naming:
      table: '[a-z][a-z0-9_]*s'
      column: '[a-z][a-z0-9_]*'
      index: '{table}_{columns}_idx'
      unique_index: 'uq_{table}_{columns}'
      foreign_key: 'fk_{table}_{columns}'
      constraint: '[a-z_]+'
      view: 'v_.*'
    severity: info
YML
	users='CREATE TABLE users (id bigint PRIMARY KEY, a text, b text);'
	is "$(pg "$users")" ""
	is "$(pg 'CREATE TABLE "User" (id bigint PRIMARY KEY, "camelCase" text);')" "naming-convention naming-convention"
	[ "$(json "{f['severity'] for f in d['findings']}" <out.json)" = "{'info'}" ]
	is "$(pg "$users CREATE INDEX CONCURRENTLY users_a_b_idx ON users (a, b DESC);")" ""
	is "$(pg "$users CREATE INDEX CONCURRENTLY users_b_a_idx ON users (a, b);")" naming-convention
	is "$(pg "$users CREATE INDEX CONCURRENTLY ON users (a);")" ""
	is "$(pg "$users CREATE UNIQUE INDEX CONCURRENTLY uq_users_a ON users (a);")" ""
	is "$(pg "$users CREATE UNIQUE INDEX CONCURRENTLY users_a_idx ON users (a);")" naming-convention
	is "$(pg "CREATE TABLE ps (id bigint PRIMARY KEY); CREATE TABLE cs (id bigint PRIMARY KEY, p bigint CONSTRAINT fk_cs_p REFERENCES ps);")" ""
	is "$(pg "CREATE TABLE ps (id bigint PRIMARY KEY); CREATE TABLE cs (id bigint PRIMARY KEY, p bigint CONSTRAINT cs_p REFERENCES ps);")" naming-convention
	is "$(pg "CREATE TABLE cs (id bigint PRIMARY KEY, CONSTRAINT \"No1\" CHECK (id > 0));")" naming-convention
	is "$(pg "$users ALTER TABLE users RENAME COLUMN a TO \"A\";")" "naming-convention rename-column"
	is "$(pg "$users CREATE VIEW people AS SELECT * FROM users;")" naming-convention
	is "$(pg "$users CREATE VIEW v_people AS SELECT * FROM users;")" ""
}

@test "forbidden operations: by kind, table pattern and path" {
	cat >belay.yml <<'YML'
policies:
  - forbid: [drop table, truncate]
    tables: [audit_*, public.ledger]
    because: kept for ten years
  - forbid: create trigger
    paths: ["migrations/**"]
YML
	is "$(pg "CREATE TABLE audit_log (id bigint PRIMARY KEY); DROP TABLE audit_log;")" "drop-table forbidden-operation"
	is "$(pg "CREATE TABLE ledger (id bigint PRIMARY KEY); TRUNCATE ledger;" | grep -c forbidden-operation)" 1
	is "$(pg "CREATE TABLE other (id bigint PRIMARY KEY); DROP TABLE other;")" drop-table
	trigger="CREATE TABLE t (id bigint PRIMARY KEY); CREATE TRIGGER x BEFORE INSERT ON t EXECUTE FUNCTION suppress_redundant_updates_trigger();"
	is "$(pg "$trigger")" ""
	file migrations/1_x.sql <<<"$trigger"
	belay check --dialect postgres -o json >out.json || true
	is "$(json "' '.join(f['rule'] for f in d['findings'])" <out.json)" forbidden-operation
}

@test "comments, types; engines, character sets and collations of MySQL" {
	printf 'policies:\n  - comments: [table, column]\n    tables: "pay*"\n  - forbid_types: [money, char, "timestamp"]\n' >belay.yml
	is "$(pg "CREATE TABLE pays (id bigint PRIMARY KEY); COMMENT ON TABLE pays IS 'x';")" comment-required
	is "$(pg "CREATE TABLE pays (id bigint PRIMARY KEY); COMMENT ON TABLE pays IS 'x'; COMMENT ON COLUMN pays.id IS 'y';")" ""
	is "$(pg "CREATE TABLE t (id bigint PRIMARY KEY);")" ""
	is "$(pg "CREATE TABLE t (id bigint PRIMARY KEY, a money[], b character(3), c timestamp(3), d varchar(3), e timestamptz);")" \
		"forbidden-type forbidden-type forbidden-type"
	is "$(pg "CREATE TABLE t (id bigint PRIMARY KEY); ALTER TABLE t ADD COLUMN a money;")" forbidden-type
	printf 'policies:\n  - engines: [InnoDB]\n    charsets: [utf8mb4]\n    collations: [utf8mb4_bin]\n' >belay.yml
	is "$(my "CREATE TABLE t (id bigint PRIMARY KEY) ENGINE=innodb DEFAULT CHARSET=utf8mb4;")" ""
	is "$(my "CREATE TABLE t (id bigint PRIMARY KEY, a varchar(3) CHARACTER SET latin1) ENGINE=MyISAM COLLATE=utf8mb4_general_ci;")" \
		"charset-allowlist collation-allowlist table-engine"
	is "$(my "CREATE TABLE t (id bigint PRIMARY KEY); ALTER TABLE t ENGINE=MyISAM;" | grep -c table-engine)" 1
	is "$(my "CREATE TABLE t (id bigint PRIMARY KEY); ALTER TABLE t CONVERT TO CHARACTER SET latin1;" | grep -c charset-allowlist)" 1
}

@test "size classes: what only takes long is nothing on a small table, and an error on a large one" {
	printf 'policies:\n  - tables: [countries, "*.plans"]\n    size: small\n  - tables: orders\n    size: large\n' >belay.yml
	sql() { printf 'CREATE TABLE %s (id bigint PRIMARY KEY, a text); INSERT INTO %s (id) VALUES (1); CREATE INDEX i ON %s (a); UPDATE %s SET a = 1; ALTER TABLE %s DROP COLUMN a;' "$1" "$1" "$1" "$1" "$1"; }
	is "$(pg "$(sql countries)")" drop-column
	is "$(pg "$(sql plans)")" drop-column
	is "$(pg "$(sql other)")" "index-not-concurrent update-no-where drop-column"
	is "$(pg "$(sql orders)")" "index-not-concurrent update-no-where drop-column"
	[ "$(json "[f['severity'] for f in d['findings']]" <out.json)" = "['error', 'error', 'warning']" ]
}

@test "severity by rule and path" {
	cat >belay.yml <<'YML'
dialect: postgres
rules:
  drop-table: off
  update-no-where: {severity: error, paths: ["migrations/001*"]}
  truncate:
    - {severity: info, paths: ["migrations/001*"]}
    - {severity: error, paths: ["migrations/002*"]}
YML
	for n in 1 2; do
		file migrations/00${n}_x.sql <<<"CREATE TABLE t$n (id bigint PRIMARY KEY, a int);"
		file migrations/00$((n + 2))_x.sql <<<"UPDATE t$n SET a = 1; TRUNCATE t$n; DROP TABLE t$n;"
	done
	mv migrations/003_x.sql migrations/0011_x.sql
	mv migrations/004_x.sql migrations/0021_x.sql
	belay check -o json >out.json || true
	[ "$(json "[(f['rule'], f['severity']) for f in d['findings']]" <out.json)" = \
		"[('update-no-where', 'error'), ('truncate', 'info'), ('update-no-where', 'warning'), ('truncate', 'error')]" ]
}

@test "allow in belay.yml: by file, rule and fingerprint, with expiry; unused and expired ones are said" {
	echo 'dialect: postgres' >belay.yml
	file migrations/001_x.sql <<<'CREATE TABLE t (id bigint PRIMARY KEY, a int); CREATE TABLE u (id bigint);'
	file migrations/002_x.sql <<<'DROP TABLE t; DROP TABLE u;'
	print=$(belay check -o json | json "d['findings'][0]['fingerprint']")
	cat >>belay.yml <<YML
allow:
  - {rule: drop-table, fingerprint: $print, because: nobody uses t}
YML
	belay check -o json >out.json
	[ "$(json "[f['object'] for f in d['findings']]" <out.json)" = "['public.u']" ]
	cat >>belay.yml <<'YML'
  - {rule: drop-table, file: "migrations/002*", until: 2020-01-01, because: for a while}
  - {rule: drop-column, because: there is none}
YML
	run --separate-stderr belay check
	says "this allow of drop-table ended on 2020-01-01" "--> belay.yml:4:" "nothing needs this allow of drop-column" "drop-table]: u and"
	sed -i 's/until: 2020/until: 2999/' belay.yml
	run --separate-stderr belay check
	says_not "drop-table]"
	# What was not looked at cannot be missed.
	run --separate-stderr belay check migrations/001_x.sql
	says_not "nothing needs"
}

@test "baseline: old findings are not reported, new ones are, stale lines are said" {
	echo 'dialect: postgres' >belay.yml
	file migrations/001_x.sql <<<'CREATE TABLE t (id bigint PRIMARY KEY, a int, b int);'
	file migrations/002_x.sql <<<'UPDATE t SET a = 1; UPDATE t SET a = 1; ALTER TABLE t ADD c int NOT NULL;'
	ends 1 belay check
	run --separate-stderr belay check --write-baseline belay.baseline
	[ "$status" = 0 ]
	says "3 findings written to belay.baseline" "baseline: belay.baseline"
	echo 'baseline: belay.baseline' >>belay.yml
	ends 0 belay check
	says "nothing to report (3 more answered for)"
	# Lines move, blanks change: the same findings.
	sed -i '1i -- a comment\n\n' migrations/002_x.sql
	sed -i 's/UPDATE t SET a = 1;/UPDATE   t\n SET a = 1;/' migrations/002_x.sql
	ends 0 belay check --fail-on warning
	# A new one is new, and a third repetition too.
	file migrations/003_x.sql <<<'ALTER TABLE t DROP COLUMN b;'
	echo 'UPDATE t SET a = 1;' >>migrations/002_x.sql
	belay check -o json >out.json || true
	[ "$(json "[(f['file'][-9:], f['rule']) for f in d['findings']]" <out.json)" = "[('002_x.sql', 'ddl-and-backfill-tx'), ('003_x.sql', 'drop-column')]" ]
	# What is gone is said, on its line.
	file migrations/002_x.sql <<<'SELECT 1;'
	run --separate-stderr belay check
	says "the baseline has a finding of add-column-required in migrations/002_x.sql that is not there any more" "--> belay.baseline:"
	# But not when only a part was looked at.
	run --separate-stderr belay check migrations/003_x.sql
	says_not "the baseline has"
	ends 2 belay check --write-baseline b --since HEAD
	ends 2 belay check --write-baseline b migrations
	echo nonsense >>belay.baseline
	ends 2 belay check
	says "this is not a line of a baseline" "belay.baseline:"
	rm belay.baseline
	ends 2 belay check
	says "belay check --write-baseline belay.baseline writes it"
}

@test "start_after: what came before is context, an id that nobody has is an error" {
	printf 'dialect: postgres\nstart_after: "2"\n' >belay.yml
	file migrations/1_x.sql <<<'CREATE TABLE t (id bigint PRIMARY KEY, a int);'
	file migrations/2_x.sql <<<'ALTER TABLE t ADD b int NOT NULL;'
	file migrations/3_x.sql <<<'ALTER TABLE t DROP COLUMN b;'
	belay check -o json >out.json
	[ "$(json "[f['rule'] for f in d['findings']]" <out.json)" = "['drop-column']" ]
	sed -i 's/"2"/"7"/' belay.yml
	ends 2 belay check
	says "7" "start_after"
}

@test "directives: a file's head counts, an expired one is said, findings of the folder can be answered" {
	echo 'dialect: sqlite' >belay.yml
	shop
	file migrations/003_x.sql <<'SQL'
-- squawk-ignore-file ban-drop-column
-- belay:allow-file irreversible because "the rows are in the archive"
-- UP
ALTER TABLE customers DROP COLUMN phone;
SQL
	belay check -o json --select drop-column,irreversible >out.json
	[ "$(json "d['findings']" <out.json)" = "[]" ]
	sed -i 's/irreversible because/irreversible until 2020-02-02 because/' migrations/003_x.sql
	run --separate-stderr belay check --select irreversible,unused-ignore
	says "has no down" "ended on 2020-02-02"
}
