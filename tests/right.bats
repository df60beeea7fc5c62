#!/usr/bin/env bats
# What the server takes is not refused: statements as people write them, all of which run.
load both

# right NAME: the server takes each statement, and explain says of none that it fails
right() {
	pg_database "$1"
	psql -XqAt -v ON_ERROR_STOP=1 -h "$PG_DIR" -U postgres -d "$1" -f "$BATS_TEST_DIRNAME/right/$1.sql" >/dev/null
	takes postgres 15 "$1"
}

takes() {
	"$BELAY" explain --dialect "$1" --server-version "$2" -o json "$BATS_TEST_DIRNAME/right/$3.sql" >explained
	[ "$(grep -c '"outcome": "ok"' explained)" -gt 10 ]
	! grep -n -A1 '"outcome": "fails"' explained
}

@test "queries: set operations, output names, keys that stand for a row" {
	right queries
}

@test "GROUP BY: keys, rows of columns, output names" {
	right groups
}

@test "expressions: types, casts, calls, checks, defaults, policies" {
	right expressions
}

@test "MariaDB: what is written, joined, computed, altered, triggered and called" {
	my_database taken
	(echo '-- belay:no-transaction'; cat "$BATS_TEST_DIRNAME/right/mariadb.sql") | file migrations/1_all.up.sql
	ends 0 belay up --db "$url" --yes-destroy 1
	takes mariadb 10.11 mariadb
}

@test "SQLite: upserts, names of rowid, triggers, views, tables made anew" {
	(echo '-- belay:no-transaction'; cat "$BATS_TEST_DIRNAME/right/sqlite.sql") | file migrations/1_all.up.sql
	ends 0 belay up --db "sqlite:$PWD/right.db" --yes-destroy 1
	takes sqlite 3.40 sqlite
}
