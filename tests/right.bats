#!/usr/bin/env bats
# What the server takes is not refused: statements as people write them, all of which run.
load helper

setup_file() {
	load helper
	postgres_start
}

teardown_file() {
	load helper
	postgres_stop
}

# right NAME: the server takes each statement, and explain says of none that it fails
right() {
	pg_database "$1"
	psql -XqAt -v ON_ERROR_STOP=1 -h "$PG_DIR" -U postgres -d "$1" -f "$BATS_TEST_DIRNAME/right/$1.sql" >/dev/null
	"$BELAY" explain --dialect postgres --server-version 15 -o json "$BATS_TEST_DIRNAME/right/$1.sql" >explained
	[ "$(grep -c '"outcome": "ok"' explained)" -gt 20 ]
	! grep -n -A1 '"outcome": "fails"' explained
}

@test "queries: set operations, output names, keys that stand for a row" {
	right queries
}

@test "expressions: types, casts, calls, checks, defaults, policies" {
	right expressions
}
