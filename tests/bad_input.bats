#!/usr/bin/env bats
# What people and machines get wrong: each with its sentence and its exit code.
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

@test "an empty folder: exit 2, and how to name or start one" {
	ends 2 belay check
	says "no migrations" "--migrations DIR"
}

@test "a file that cannot be read: exit 2, its name, no other words" {
	shop
	ln -s /nonexistent/003.sql migrations/003_gone.sql
	ends 2 belay check
	says "003_gone.sql" "No such file or directory"
}

@test "a file given by name that is not there: exit 2" {
	ends 2 belay check nothing.sql
	says "nothing.sql" "No such file or directory"
}

@test "a directory named like a migration: a finding, and nothing runs" {
	shop
	mkdir migrations/003_folder.sql
	ends 1 belay check
	says "is named like a migration and is a directory" "003_folder.sql"
	file migrations/004_more.sql <<<'CREATE TABLE more (id INTEGER);'
	ends 2 belay up --db sqlite:app.db
	says "is named like a migration and is a directory" "003_folder.sql"
}

@test "a migration of no bytes is said to be empty, and runs as nothing" {
	shop
	: >migrations/003_nothing.sql
	run belay check
	says "003_nothing.sql" "nothing to run"
	ends 0 belay up --db sqlite:app.db
	ends 0 belay status --db sqlite:app.db
	says "3 applied, 0 pending"
}

@test "a syntax error in SQLite: exit 1, at its place, in the engine's own words" {
	file migrations/001_a.sql <<'SQL'
CREATE TABLE t (id INTEGER PRIMARY KEY);
CREATE TABEL u (id INTEGER);
SQL
	ends 1 belay check --dialect sqlite
	says "syntax-error" "001_a.sql:2:8" "near \"TABEL\": syntax error" "^^^^^"
}

@test "a syntax error in PostgreSQL: exit 1, at its place, in the engine's own words" {
	ends 1 belay check --dialect postgres - <<<$'SELECT 1;\nCREATE TABEL u (id integer);'
	says "syntax-error" "-:2:8" "syntax error at or near \"TABEL\""
}

@test "the wrong dialect: which one it looks like" {
	ends 1 belay check --dialect sqlite - <<'SQL'
CREATE TABLE t (id bigserial PRIMARY KEY, tags text[] DEFAULT '{}'::text[]);
CREATE INDEX CONCURRENTLY i ON t USING gin (tags);
SQL
	says "looks like" "postgres"
	ends 1 belay check --dialect postgres - <<'SQL'
CREATE TABLE `t` (`id` int NOT NULL AUTO_INCREMENT, PRIMARY KEY (`id`)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
SQL
	says "looks like" "mysql"
}

@test "two migrations with one version: said by check, refused by up" {
	shop
	file migrations/002_other.sql <<<'CREATE TABLE other (id INTEGER);'
	run belay check
	[ "$status" -ne 0 ]
	says "002" "version"
	run belay up --db sqlite:app.db
	[ "$status" = 2 ] || [ "$status" = 6 ]
	[ ! -s app.db ] || [ -z "$(sqlite3 app.db .tables)" ]
}

@test "a gap in the numbers is said" {
	shop
	for i in 003 004 006; do echo "CREATE TABLE t$i (id INTEGER);" >migrations/${i}_t.sql; done
	ends 0 belay check
	says "there is no migration 5: 006 follows 004"
}

@test "a missing down is said when one is asked for" {
	file migrations/001_a.sql <<<'CREATE TABLE t (id INTEGER);'
	belay up --db sqlite:app.db
	run belay down --db sqlite:app.db
	[ "$status" = 6 ] || [ "$status" = 2 ]
	says "no down"
	sqlite3 app.db "SELECT count(*) FROM t"
}

@test "a marker that looks like up or down and is not understood: exit 2, never run" {
	file migrations/001_a.sql <<'SQL'
-- UP
CREATE TABLE t (id INTEGER);
-- DWON
DROP TABLE t;
SQL
	ends 2 belay up --db sqlite:app.db
	says "001_a.sql" "DWON"
	[ ! -e app.db ] || [ -z "$(sqlite3 app.db .tables)" ]
	ends 2 belay check
	says "001_a.sql:3" "DWON"
}

@test "an unknown directive is a finding" {
	ends 0 belay check --dialect sqlite - <<'SQL'
-- belay:alow drop-table because "typing"
CREATE TABLE t (id INTEGER);
SQL
	says "belay:alow"
}

@test "a history row whose file is gone: shown by status, exit 6 from up" {
	shop
	belay up --db sqlite:app.db
	rm migrations/001_customers.sql
	ends 0 belay status --db sqlite:app.db
	says "1" "missing"
	file migrations/003_more.sql <<<'CREATE TABLE more (id INTEGER);'
	ends 6 belay up --db sqlite:app.db
	says "migration 001 is applied here, but its file is missing" "belay forget 001" "--ignore-missing"
	ends 0 belay up --ignore-missing --db sqlite:app.db
	says "migration 001 is in the history and its file is missing" "applied 003"
}

@test "an applied file that was edited: shown by status, exit 6 from up" {
	shop
	belay up --db sqlite:app.db
	sed -i 's/phone TEXT/phone TEXT DEFAULT 0/' migrations/002_phone.sql
	ends 0 belay status --db sqlite:app.db
	says "edited"
	file migrations/003_more.sql <<<'CREATE TABLE more (id INTEGER);'
	ends 6 belay up --db sqlite:app.db
	says "002" "edited"
	[ "$(sqlite3 app.db "SELECT count(*) FROM sqlite_master WHERE name = 'more'")" = 0 ]
}

@test "an unknown layout: exit 2 and the nearest one" {
	shop
	ends 2 belay check --layout golang-migrat
	says "golang-migrat" "golang-migrate"
}

@test "an unknown configuration key: exit 2 and the nearest one" {
	shop
	file belay.yml <<<'dialct: sqlite'
	ends 2 belay check
	says "dialct" "dialect" "belay.yml"
}

@test "configuration that is no YAML: exit 2 with its place" {
	shop
	file belay.yml <<<'dialect: [sqlite'
	ends 2 belay check
	says "belay.yml"
}

@test "an unreachable server: exit 3, no address of ours, no stack of words" {
	shop
	ends 3 belay status --dialect postgres --db "postgres://ann@/app?host=$BATS_TEST_TMPDIR/nowhere"
	says "cannot connect"
	ends 3 belay status --dialect postgres --db "postgres://ann@127.0.0.1:1/app"
	says "cannot connect"
}

@test "a wrong password: exit 3, and it is printed nowhere" {
	shop
	pg_database wrongpw
	pg -c "DO \$\$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ann') THEN CREATE ROLE ann LOGIN PASSWORD 'right'; END IF; END \$\$"
	sed -i '1i local all ann scram-sha-256' "$PG_DIR/data/pg_hba.conf"
	pg -c "SELECT pg_reload_conf()" >/dev/null
	sleep 0.3
	ends 3 belay status --db "postgres://ann:hunter2secret@/wrongpw?host=$PG_DIR"
	says "password authentication failed"
	says_not "hunter2secret"
	ends 3 env DATABASE_URL="postgres://ann:hunter2secret@/wrongpw?host=$PG_DIR" "$BELAY" status -o json
	says_not "hunter2secret"
	ends 3 env DATABASE_URL="postgres:///wrongpw?host=$PG_DIR&user=ann&password=hunter2secret" "$BELAY" status
	says_not "hunter2secret"
}

# interrupted SIGNAL CODE: `up` with a migration that takes a minute, told to stop
interrupted() {
	pg_database interrupted
	file migrations/001_slow.sql <<'SQL'
-- UP
CREATE TABLE before_it (id integer);
SELECT pg_sleep(60);
-- DOWN
DROP TABLE before_it;
SQL
	# A background job of a script ignores SIGINT unless it has a process group of its own.
	python3 - "$1" "$BELAY" up --db "$url" >out 2>&1 <<'PY' || true
import signal, subprocess, sys, time
p = subprocess.Popen(sys.argv[2:], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
time.sleep(1.5)
p.send_signal(getattr(signal, sys.argv[1]))
if sys.argv[1] == "SIGINT":  # the first lets the statement end
    time.sleep(0.5)
    p.send_signal(signal.SIGINT)
try:
    code = p.wait(10)
except subprocess.TimeoutExpired:
    p.kill()
    code = "did not stop"
print("exit", code)
PY
	output=$(cat out) stderr='' status=$2
	says "exit $2"
	# Nothing is left behind, and a plain re-run goes on.
	[ "$(pg -c "SELECT count(*) FROM pg_class WHERE relname = 'before_it'")" = 0 ]
	[ "$(pg -c "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()")" = 0 ]
	sed -i 's/pg_sleep(60)/pg_sleep(0)/' migrations/001_slow.sql
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT count(*) FROM pg_class WHERE relname = 'before_it'")" = 1 ]
}

@test "Ctrl-C twice during up: exit 130, nothing left behind, a re-run goes on" {
	interrupted SIGINT 130
}

@test "SIGTERM during up: exit 143, nothing left behind, a re-run goes on" {
	interrupted SIGTERM 143
}

@test "the third statement fails (SQLite): exit 5, its place, what is applied, nothing half done" {
	shop
	file migrations/003_fails.sql <<'SQL'
-- UP
CREATE TABLE a (id INTEGER);
CREATE TABLE b (id INTEGER);
INSERT INTO nowhere VALUES (1);
-- DOWN
DROP TABLE a;
SQL
	ends 5 belay up --db sqlite:app.db
	says "003_fails.sql:4" "no such table: nowhere" "001" "002"
	[ "$(sqlite3 app.db "SELECT count(*) FROM sqlite_master WHERE name IN ('a', 'b')")" = 0 ]
	[ "$(sqlite3 app.db "SELECT count(*) FROM customers")" = 2 ]
	ends 0 belay status --db sqlite:app.db
	says "003"
	sed -i 's/INSERT INTO nowhere/INSERT INTO a/' migrations/003_fails.sql
	ends 0 belay up --db sqlite:app.db
}

@test "the third statement fails (PostgreSQL): exit 5, SQLSTATE in JSON, nothing half done" {
	pg_database third
	file migrations/001_fails.sql <<'SQL'
CREATE TABLE a (id integer);
CREATE TABLE b (id integer);
INSERT INTO nowhere VALUES (1);
SQL
	ends 5 belay up --db "$url"
	says "001_fails.sql:3" 'relation "nowhere" does not exist'
	[ "$(pg -c "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')")" = 0 ]
	run --separate-stderr belay up --db "$url" -o json
	[ "$status" = 5 ]
	[ "$(json "d['error']['sqlstate']" <<<"$output")" = 42P01 ]
	[ "$(json "d['error']['line']" <<<"$output")" = 3 ]
}

@test "SQL that tries to leave the scratch server: COPY PROGRAM" {
	file migrations/001_escape.sql <<SQL
-- UP
CREATE TABLE t (line text);
COPY t FROM PROGRAM 'touch $BATS_TEST_TMPDIR/escaped; echo x';
-- DOWN
DROP TABLE t;
SQL
	ends 1 belay rehearse --dialect postgres
	says "must be superuser"
	[ ! -e escaped ]
}

@test "SQL that tries to leave the scratch server: dblink and server files" {
	file migrations/001_escape.sql <<'SQL'
-- UP
CREATE EXTENSION dblink;
SELECT * FROM dblink('host=/var/run/postgresql dbname=postgres', 'SELECT 1') AS x (a integer);
-- DOWN
DROP EXTENSION dblink;
SQL
	run belay rehearse --dialect postgres
	[ "$status" = 1 ]
	file migrations/001_escape.sql <<'SQL'
-- UP
SELECT pg_read_file('/etc/passwd');
-- DOWN
SELECT 1;
SQL
	ends 1 belay rehearse --dialect postgres
	says "permission denied for function pg_read_file"
	says_not "root:"
}

@test "SQL that tries to leave the scratch database: ATTACH" {
	file migrations/001_escape.sql <<SQL
-- UP
ATTACH DATABASE '$BATS_TEST_TMPDIR/other.db' AS other;
CREATE TABLE other.t (id INTEGER);
-- DOWN
DROP TABLE other.t;
SQL
	ends 1 belay rehearse --dialect sqlite
	says "refused in a scratch database"
	[ ! -e other.db ]
}

@test "control and bidi characters of a file do not reach the terminal" {
	printf 'CREATE TABLE "a\033[31m\xe2\x80\xae" (id INTEGER);\nDROP TABLE "a\033[31m\xe2\x80\xae";\nSELEC\033]0;x\007;\n' >evil.sql
	run belay check --dialect sqlite evil.sql
	says_not $'\033' $'\u202e' $'\a'
}

@test "down and redo make no database out of nothing" {
	file migrations/1_t.sql <<<'CREATE TABLE t (a int);'
	for verb in down redo; do
		ends 3 belay "$verb" --dialect sqlite --db sqlite:missing.db
		says "there is no such file"
		[ ! -e missing.db ]
	done
}

# ---- hostile text: made here, for it would be megabytes in the repository ------------------------

# hostile PYTHON: prints what the expression gives.
hostile() {
	python3 -c "import sys; sys.stdout.write($1)"
}

# bounded KILOBYTES belay ARG…: runs it inside two minutes, and its peak memory stays below.
bounded() {
	local most=$1 seen
	shift 2
	set -- "$BELAY" "$@"
	run timeout 120 python3 -c '
import os, subprocess, sys
p = subprocess.Popen(sys.argv[1:], stdin=0)
_, status, used = os.wait4(p.pid, 0)
print("peak", used.ru_maxrss, "KB")
sys.exit(os.waitstatus_to_exitcode(status))' "$@"
	seen=$(sed -n 's/^peak \([0-9]*\) KB$/\1/p' <<<"$output")
	[ "$seen" -lt "$most" ]
	[ "$status" -lt 2 ]
}

@test "one statement of 100 MB, in every dialect: bounded time and memory" {
	hostile '"INSERT INTO t VALUES (1, \x27" + "a" * (100 << 20) + "\x27);\n"' >big.sql
	for d in postgres mysql mariadb sqlite; do
		bounded 1000000 belay check --dialect $d big.sql
		says "1 statement"
	done
}

@test "an INSERT of 100 MB of rows, in every dialect: its first rows are read, and that is said" {
	hostile '"INSERT INTO t (a, b) VALUES " + ", ".join("(%d, \x27row %d\x27)" % (i, i) for i in range(4100000)) + ";\n"' >rows.sql
	hostile '"INSERT INTO t VALUES " + ",".join(["(1)"] * (25 << 20)) + ";\n"' >small.sql
	for d in postgres mysql mariadb sqlite; do
		bounded 400000 belay check --dialect $d rows.sql
		says "it has 4100000 rows, and only the first" "2 MB or 1000000 words"
		bounded 500000 belay check --dialect $d small.sql
		says "it has 26214400 rows, and only the first"
	done
}

@test "a list of 13,000,000 numbers: not read, and the limit is named" {
	hostile '"DELETE FROM t WHERE id IN (" + ",".join(map(str, range(13000000))) + ");\n"' >list.sql
	for d in postgres mysql mariadb sqlite; do
		bounded 200000 belay check --dialect $d list.sql
		says "it has more than 2000000 words and signs, and no more are read of one statement"
	done
}

@test "10,000 nested parentheses: read, or refused as the server refuses them, at their place" {
	hostile '"SELECT " + "(" * 10000 + "1" + ")" * 10000 + ";\n"' >parens.sql
	bounded 100000 belay check --dialect postgres parens.sql
	says "syntax-error" "memory exhausted" "parens.sql:1:"
	for d in mysql mariadb sqlite; do
		bounded 100000 belay check --dialect $d parens.sql
		says "1 statement"
	done
	hostile '"CREATE TABLE t (a int DEFAULT (" + "(" * 10000 + "1" + ")" * 10000 + "));\n"' >parens.sql
	bounded 100000 belay check --dialect sqlite parens.sql
	says "parser stack overflow" "parens.sql:1:1"
}

@test "an expression of 100,000 terms, alone and as a check: the report stays readable" {
	hostile '"SELECT " + "+".join(["1"] * 100000) + ";\n"' >terms.sql
	hostile '"ALTER TABLE t ADD CONSTRAINT c CHECK (" + " OR ".join("id = %d" % i for i in range(100000)) + ");\n"' >check.sql
	for d in postgres mysql mariadb sqlite; do
		bounded 300000 belay check --dialect $d terms.sql
		says "1 statement"
		bounded 300000 belay check --dialect $d check.sql
		says "check.sql:1:"
		[ "${#output}" -lt 20000 ]
	done
}

@test "50,000 columns: each server's own limit is named" {
	hostile '"CREATE TABLE t (" + ", ".join("c%d int" % i for i in range(50000)) + ");\n"' >columns.sql
	bounded 300000 belay check --dialect postgres columns.sql
	says "tables can have at most 1600 columns" "columns.sql:1:1"
	bounded 300000 belay check --dialect mysql columns.sql
	says "too many columns: a table has at most 4096" "columns.sql:1:1"
	bounded 300000 belay check --dialect sqlite columns.sql
	says "too many columns" "columns.sql:1:1"
	hostile '"CREATE TABLE t (id int);\nCREATE INDEX i ON t (" + ", ".join("c%d" % i for i in range(50000)) + ");\n"' >keys.sql
	bounded 300000 belay check --dialect postgres keys.sql
	says "cannot use more than 32 columns in an index" "keys.sql:2:1"
	bounded 300000 belay check --dialect mysql keys.sql
	bounded 300000 belay check --dialect sqlite keys.sql
}

@test "50,000 changes in one statement: carried out, not judged, and that is said" {
	hostile '"CREATE TABLE t (id int);\nALTER TABLE t " + ", ".join("ADD COLUMN c%d int" % i for i in range(50000)) + ";\n"' >columns.sql
	hostile '"DROP TABLE " + ", ".join("t%d" % i for i in range(50000)) + ";\n"' >tables.sql
	for d in postgres mysql mariadb; do
		bounded 400000 belay check --dialect $d columns.sql
		says "columns.sql:2: it makes 50000 changes at once: no more than 2000 are judged"
		bounded 400000 belay check --dialect $d tables.sql
		says "tables.sql:1: it makes 50000 changes at once"
	done
}

@test "names with quotes, line ends and bidi marks: shown, never obeyed; NUL is refused where it stands" {
	hostile '"CREATE TABLE \"a\"\"b\nc\u202etxt\" (id int);\nDROP TABLE \"a\"\"b\nc\u202etxt\";\n"' >names.sql
	for d in postgres sqlite; do
		run belay check --dialect $d names.sql
		says "drop-table" "<U+202E>"
		[[ $output != *$'\u202e'* ]]
		belay explain --dialect $d -o json names.sql | python3 -m json.tool >/dev/null
	done
	hostile '"CREATE TABLE `a``b\nc\u202etxt` (id int);\nDROP TABLE `a``b\nc\u202etxt`;\n"' >names.sql
	run belay check --dialect mysql names.sql
	says "drop-table" "<U+202E>"
	[[ $output != *$'\u202e'* ]]
	printf 'CREATE TABLE t (id int);\nCREATE TABLE "a\0b" (id int);\n' >nul.sql
	for d in postgres mysql sqlite; do
		ends 1 belay check --dialect $d nul.sql
		says "syntax-error" "nul.sql:2:"
	done
}
