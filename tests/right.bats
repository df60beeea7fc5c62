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

@test "ALTER TABLE and keys: columns that come later in the statement, keys that are one, functions in SQL" {
	right alters
}

@test "MariaDB: what one migration prepares is not read as the next one's" {
	echo 'CREATE TABLE visit (a int, b int, UNIQUE KEY once (a)); CREATE TABLE guest (a int, KEY by_a (a));' |
		file migrations/V1__tables.sql
	for table in visit guest; do
		key=once n=2
		[ $table = visit ] || key=by_a n=3
		cat >"migrations/V${n}__$table.sql" <<-EOF
			SET @n := (SELECT COUNT(*) FROM information_schema.statistics WHERE table_name = '$table' AND index_name = '$key');
			SET @s := IF(@n > 0, 'ALTER TABLE $table DROP INDEX $key', 'SELECT ''there is none''');
			PREPARE stmt FROM @s;
			EXECUTE stmt;
			CREATE INDEX $key ON $table (a);
		EOF
	done
	ends 0 belay check --dialect mariadb --select history-replay
}

@test "functions that change the schema as they go: what they made is not missed" {
	right dynamic
}

@test "MySQL: what a CONTINUE HANDLER passes over stops nobody" {
	cat >a.sql <<-'EOF'
		CREATE TABLE t (a int, KEY k (a));
		DELIMITER //
		CREATE PROCEDURE p() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; DROP INDEX nope ON t; END //
		DELIMITER ;
		CALL p();
		DROP PROCEDURE p;
		DROP INDEX k ON t;
	EOF
	echo 'CREATE TABLE t (a int);' >b.sql
	ends 0 belay diff --dialect mysql a.sql b.sql
}
