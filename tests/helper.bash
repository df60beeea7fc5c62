# helper.bash - what every .bats file starts with.
#
# $BELAY is the program under test. Each test works in an empty project folder of its own, without
# the variables and colours of whoever runs it. Servers are started once per file (setup_file) and
# stopped by the file that started them.
bats_require_minimum_version 1.5.0

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
BELAY=$(realpath "${BELAY:-$ROOT/build/belay}")

setup() {
	unset DATABASE_URL PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE NO_COLOR
	export LC_ALL=C.UTF-8 TERM=xterm
	cd "$BATS_TEST_TMPDIR" || return 1
}

belay() {
	"$BELAY" "$@"
}

# file PATH < text: makes the folders on the way
file() {
	mkdir -p "$(dirname "$1")"
	cat >"$1"
}

# says TEXT…: the output (either stream) contains each of them
says() {
	local text
	for text; do
		[[ $output$stderr == *"$text"* ]] || {
			printf 'expected to read: %s\n--- output (exit %s):\n%s\n%s\n' "$text" "$status" "$output" "$stderr" >&2
			return 1
		}
	done
}

says_not() {
	local text
	for text; do
		[[ $output$stderr != *"$text"* ]] || {
			printf 'expected not to read: %s\n--- output (exit %s):\n%s\n%s\n' "$text" "$status" "$output" "$stderr" >&2
			return 1
		}
	done
}

# ends CODE COMMAND…: runs it and wants that exit code; the output is shown when it differs
ends() {
	local want=$1
	shift
	run "$@"
	[ "$status" = "$want" ] || {
		printf 'exit %s instead of %s:\n%s\n' "$status" "$want" "$output" >&2
		return 1
	}
}

# json EXPRESSION < document: prints a Python expression over the document `d`
json() {
	python3 -c 'import json, sys
d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

# A small project for SQLite in the plain layout: two migrations with a down each.
shop() {
	file migrations/001_customers.sql <<'SQL'
-- UP
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
INSERT INTO customers (email) VALUES ('ada@example.org'), ('bob@example.org');
-- DOWN
DROP TABLE customers;
SQL
	file migrations/002_phone.sql <<'SQL'
-- UP
ALTER TABLE customers ADD COLUMN phone TEXT;
-- DOWN
ALTER TABLE customers DROP COLUMN phone;
SQL
}

postgres_start() {
	local out
	out=$("$ROOT/tests/servers/postgres.sh" start) || return 1
	PG_DIR=$(sed -n 1p <<<"$out") PG_URL=$(sed -n 2p <<<"$out")
	export PG_DIR PG_URL
}

postgres_stop() {
	[ -z "${PG_DIR:-}" ] || "$ROOT/tests/servers/postgres.sh" stop "$PG_DIR"
}

# pg_database NAME: an empty database; its URL is in $url, and psql works with `pg`
pg_database() {
	psql -X -q -h "$PG_DIR" -U postgres -c "DROP DATABASE IF EXISTS $1" -c "CREATE DATABASE $1" postgres >/dev/null 2>&1
	url="postgres:///$1?host=$PG_DIR&user=postgres"
	DB=$1
}

# In a migration, wait_open() lasts until the test says open_now: nothing depends on how busy the machine is.
wait_open='CREATE FUNCTION wait_open() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
FOR i IN 1..2400 LOOP EXIT WHEN EXISTS (SELECT FROM pg_class WHERE relname = $q$open_now$q$); PERFORM pg_sleep(0.025); END LOOP; RETURN 1; END $$;'
open_now() { pg -c 'CREATE TABLE open_now ()'; }
until_waiting() {
	for _ in $(seq 1200); do
		[ -z "$(pg -c "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%wait_open()%' AND state = 'active' AND pid <> pg_backend_pid()" 2>/dev/null)" ] || return 0
		sleep 0.05
	done
	return 1
}

pg() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 -h "$PG_DIR" -U postgres "$DB" "$@"
}

# eight ARGUMENTS…: that many runners at once; prints their exit codes, leaves what they said in out1 to out8
eight() {
	local pids=() pid code codes=
	for i in 1 2 3 4 5 6 7 8; do
		"$BELAY" up "$@" >"out$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		code=0
		wait "$pid" || code=$?
		codes+="$code "
	done
	echo "$codes"
}
