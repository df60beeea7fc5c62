#!/usr/bin/env bats
# Statements in batches on several connections: every row exactly once, whatever comes in between.
load batches

many="CREATE TABLE t (a text COLLATE \"C\", id bigint, n int DEFAULT 0, PRIMARY KEY (a, id));
INSERT INTO t SELECT 'k''\"\\' || i % 3, i * 3, 0 FROM generate_series(1, 90000) i;"

@test "four connections: each row once, and nothing of it is left in the journal" {
	pg_database four
	base "$many" <<'SQL'
SET application_name = 'as the migration says';
-- belay:batched
UPDATE t SET n = n + 1 WHERE id > 30 AND current_setting('application_name') = 'as the migration says';
SQL
	ends 0 belay up --db "$url" --parallel 4
	[ "$(times)" = $'0|10\n1|89990' ]
	[ "$(pg -c 'SELECT (SELECT count(*) FROM belay.cursor) + (SELECT count(*) FROM belay.part)')" = 0 ]
	ends 2 belay up --db "$url" --parallel 0
	says "parallel wants a number from 1 to 32"
}

@test "killed again and again, with other numbers of connections: each row once" {
	local i
	pg_database killed
	base "$many" <<'SQL'
-- belay:batched size=100
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	for i in 1 4 2 4 3 1; do
		killed "0.$((RANDOM % 3))$((RANDOM % 10))" KILL --parallel "$i"
		[ -z "$(pg -c 'SELECT 1 FROM t WHERE n > 1 LIMIT 1')" ]
	done
	ends 0 belay up --db "$url" --parallel 2
	[ "$(times)" = "1|90000" ]
	[ "$(pg -c 'SELECT (SELECT count(*) FROM belay.cursor) + (SELECT count(*) FROM belay.part)')" = 0 ]
}

@test "a row that fails stops all of them; up goes on with the rest" {
	pg_database failing
	base "$many
ALTER TABLE t ADD CHECK (id <> 150000 OR n = 0);" <<'SQL'
-- belay:batched size=500
UPDATE t SET n = n + 1;
SQL
	ends 5 belay up --db "$url" --parallel 3
	says "check constraint" 'id = 150000 of "t"' "goes on with the rest"
	[ "$(pg -c 'SELECT n FROM t WHERE id = 150000')" = 0 ]
	[ -n "$(pg -c 'SELECT 1 FROM t WHERE n = 1 LIMIT 1')" ]
	ends 0 belay status --db "$url"
	says "partial  2"
	pg -c 'ALTER TABLE t DROP CONSTRAINT t_check'
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|90000" ]
}

@test "Ctrl-C stops all of them, a file holds all of them" {
	pg_database held
	base "$many" <<'SQL'
-- belay:batched size=50
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	file belay.yml <<<$'batches:\n  pause_file: stop-here'
	touch stop-here
	"$BELAY" up --db "$url" --parallel 3 >out 2>&1 3>&- &
	pid=$!
	timeout 60 sh -c 'until grep -q "paused: the file stop-here is there" out; do sleep 0.05; done'
	[ "$(times)" = "0|90000" ]
	rm stop-here
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres held -c "SELECT count(*) > 0 FROM t WHERE n = 1" 2>/dev/null)" = t ]; do sleep 0.05; done' "$PG_DIR"
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 130 ]
	ends 0 belay up --db "$url" --parallel 3
	[ "$(times)" = "1|90000" ]
}

@test "MariaDB: four connections, killed in between" {
	mariadb_here
	base "CREATE TABLE t (a varchar(20) COLLATE utf8mb4_unicode_ci, b bigint, n int DEFAULT 0, PRIMARY KEY (a, b)) ENGINE=InnoDB CHARACTER SET utf8mb4;
INSERT INTO t SELECT concat('É''\\\\', seq % 7), seq * 3, 0 FROM seq_1_to_60000;" <<'SQL'
-- belay:batched size=200
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	for i in 4 2 3; do
		killed "0.$((RANDOM % 4))$((RANDOM % 10))" KILL --parallel "$i"
	done
	ends 0 belay up --db "$url" --parallel 4
	[ "$(my 'SELECT n, count(*) FROM t GROUP BY n')" = $'1\t60000' ]
	[ "$(my 'SELECT (SELECT count(*) FROM belay_cursor) + (SELECT count(*) FROM belay_part)')" = 0 ]
}
