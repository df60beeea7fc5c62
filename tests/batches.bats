#!/usr/bin/env bats
# Statements marked belay:batched: every row exactly once, whatever comes in between.
load batches

@test "keys of all kinds, and the part that WHERE leaves" {
	pg_database keys
	base "$numbers
CREATE TABLE c (a text COLLATE \"C\", b uuid, d timestamptz, n int DEFAULT 0, PRIMARY KEY (a, b, d));
INSERT INTO c SELECT 'k''\"\\' || i % 7, md5(i::text)::uuid, '2024-01-31 23:59:59.999999+05'::timestamptz + i * interval '1 h'
	FROM generate_series(1, 5000) i;
CREATE TABLE \"Odd table\" (x int, \"Key\" char(12) NOT NULL UNIQUE, n int DEFAULT 0);
INSERT INTO \"Odd table\" SELECT i, 'é' || i, 0 FROM generate_series(1, 3000) i;
CREATE TYPE mood AS ENUM ('z', 'a', 'm');
CREATE TABLE e (m mood, i smallint, n int DEFAULT 0, UNIQUE (i, m));
ALTER TABLE e ALTER m SET NOT NULL, ALTER i SET NOT NULL;
INSERT INTO e SELECT m, i, 0 FROM unnest(enum_range(NULL::mood)) m, generate_series(-300, 300) i;" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1 WHERE id > 30 -- not the first ones
;
-- belay:batched size=700
UPDATE ONLY c AS it SET n = it.n + (SELECT count(*) FROM e WHERE e.i = 0 AND e.m = 'a');
-- belay:batched size=450 key=Key
UPDATE "Odd table" SET n = n + 1;
SET datestyle = 'SQL, DMY';
-- belay:batched size=100
UPDATE e SET n = n + 1 WHERE m <> 'm' OR i >= 0;
-- belay:batched
DELETE FROM t WHERE id % 2 = 0;
SQL
	ends 0 belay up --db "$url"
	[ "$(times)" = $'0|5\n1|9995' ]
	[ "$(times c)" = "1|5000" ]
	[ "$(times '"Odd table"')" = "1|3000" ]
	[ "$(times e)" = $'0|300\n1|1503' ]
	[ "$(pg -c 'SELECT count(*) FROM belay.cursor')" = 0 ]
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "a table without a key is walked by place, on request" {
	[ "$(psql -X -Atq -h "$PG_DIR" -U postgres -c 'SHOW server_version_num' postgres)" -ge 140000 ] || skip "TID range scans"
	pg_database places
	base "CREATE TABLE t (n int DEFAULT 0, pad text);
INSERT INTO t SELECT 0, repeat('x', i % 50) FROM generate_series(1, 30000) i;
DELETE FROM t WHERE ctid::text LIKE '%5)';" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1;
SQL
	ends 2 belay up --db "$url"
	says "no unique key" "key=ctid" "nothing of it is applied"
	ends 0 belay status --db "$url"
	says_not "partial"
	[ "$(times | cut -d'|' -f1)" = 0 ]
	pg -c 'VACUUM t' # holes into which changed rows move, ahead of the walk
	rows=$(pg -c 'SELECT count(*) FROM t')
	file migrations/2_fill.up.sql <<'SQL'
-- belay:batched key=ctid size=200
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|$rows" ]
	[ "$(pg -c 'SELECT count(*) FROM belay.moved')" = 0 ]
}

@test "killed again and again at any instant: each row once" {
	local i
	pg_database killed
	base "$numbers" <<'SQL'
-- belay:batched size=50
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	for i in 1 2 3 4 5 6 7 8; do
		killed "0.$((RANDOM % 3))$((RANDOM % 10))" KILL
		[ -z "$(pg -c 'SELECT 1 FROM t WHERE n > 1 LIMIT 1')" ]
	done
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
	[ "$(pg -c 'SELECT count(*) FROM belay.cursor')" = 0 ]
}

@test "killed while it walks by place: each row once" {
	[ "$(psql -X -Atq -h "$PG_DIR" -U postgres -c 'SHOW server_version_num' postgres)" -ge 140000 ] || skip "TID range scans"
	pg_database killed_places
	base "CREATE TABLE t (n int DEFAULT 0, pad text) WITH (autovacuum_enabled = off);
INSERT INTO t SELECT 0, repeat('x', i % 50) FROM generate_series(1, 20000) i;
DELETE FROM t WHERE ctid::text LIKE '%5)';" <<'SQL'
-- belay:batched key=ctid size=50
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	pg -c 'VACUUM t'
	rows=$(pg -c 'SELECT count(*) FROM t')
	for i in 1 2 3 4; do
		killed "0.$((RANDOM % 3))$((RANDOM % 10))" KILL
	done
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|$rows" ]
}

# A row in the middle fails: what is before it is done and stays. Used to stop at a known place.
half_way() {
	base "$numbers
ALTER TABLE t ADD CHECK (id <> 30000 OR n = 0);" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1;
SQL
}

@test "the row that fails is named, those before it are done, and up goes on there" {
	pg_database failing
	half_way
	ends 5 belay up --db "$url"
	says "check constraint" 'the row id = 30000 of "t"' "rows in" "stay" "up to id = 29997" "belay up goes on"
	says_not "nothing of it is applied"
	[ "$(pg -c 'SELECT n, count(*) FROM t WHERE id % 3 = 0 AND id < 30000 GROUP BY n')" = "1|9999" ]
	[ -z "$(pg -c 'SELECT 1 FROM t WHERE n > 1 OR id = 30000 AND n <> 0 LIMIT 1')" ]
	ends 0 belay status --db "$url"
	says "partial  2"
	pg -c 'ALTER TABLE t DROP CONSTRAINT t_check'
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
}

@test "a statement that has begun may not change; one that has not may" {
	pg_database edited
	half_way
	ends 5 belay up --db "$url"
	sed -i 's/n + 1/n + 2/' migrations/2_fill.up.sql
	ends 6 belay up --db "$url"
	says "was changed since the first of them" "baseline 2" "2_fill.up.sql:2"
	cp migrations/2_fill.up.sql kept
	echo 'SET work_mem = 1000' >migrations/2_fill.up.sql
	ends 6 belay up --db "$url"
	cp kept migrations/2_fill.up.sql
	sed -i 's/n + 2/n + 1/' migrations/2_fill.up.sql
	pg -c 'ALTER TABLE t DROP CONSTRAINT t_check, DROP CONSTRAINT t_pkey, ADD CONSTRAINT other UNIQUE (id)'
	pg -c 'ALTER TABLE t ALTER id SET NOT NULL'
	ends 6 belay up --db "$url"
	says "primary key t_pkey" "unique key other"
	ends 0 belay baseline 2 --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM belay.cursor')" = 0 ]
	ends 0 belay up --db "$url"
	says "nothing to do"
}

@test "rows inserted meanwhile: those behind the end are left alone, nobody waits long" {
	pg_database inserts
	base "$numbers" <<'SQL'
-- belay:batched size=100
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	(for i in $(seq 1 60); do
		echo "INSERT INTO t VALUES ($i * 3 * 300 + 1), (1000000 + $i);"
		echo "UPDATE t SET n = n WHERE id = $((i * 900));"
	done | pg) 3>&- &
	writer=$!
	ends 0 belay up --db "$url"
	wait "$writer"
	[ "$(pg -c 'SELECT n, count(*) FROM t WHERE id % 3 = 0 AND id < 1000000 GROUP BY n')" = "1|20000" ]
	[ -z "$(pg -c 'SELECT 1 FROM t WHERE n > 1 LIMIT 1')" ]
}

@test "a row that somebody keeps is waited for, by smaller batches; without patience exit 4" {
	pg_database rows
	base "$numbers" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	(echo 'BEGIN; UPDATE t SET n = n WHERE id = 300;'
	echo '\! touch holding'
	echo "\\! timeout 60 sh -c 'until [ -e let_go ]; do sleep 0.05; done'"
	echo 'COMMIT;') | pg 3>&- &
	holder=$!
	until [ -e holding ]; do sleep 0.05; done
	ends 4 belay up --db "$url" --patience 4s
	says "in the way is session" "are changed and stay, " "up to id = " "never waiting in the queue for longer than 200 ms"
	[ -z "$(pg -c 'SELECT 1 FROM t WHERE n <> 0 AND id = 300 OR n > 1 LIMIT 1')" ]
	touch let_go
	wait "$holder"
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
}

@test "Ctrl-C stops between two batches, and up goes on" {
	pg_database interrupted
	base "$numbers" <<'SQL'
-- belay:batched size=50
UPDATE t SET n = n + 1 WHERE pg_sleep(0.0002) IS NOT NULL;
SQL
	ends 0 belay up 1 --db "$url"
	"$BELAY" up --db "$url" >out 2>&1 3>&- &
	pid=$!
	timeout 60 sh -c 'until [ "$(psql -XAtq -h "$0" -U postgres interrupted -c "SELECT count(*) > 0 FROM t WHERE n = 1" 2>/dev/null)" = t ]; do sleep 0.05; done' "$PG_DIR"
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 130 ]
	output=$(cat out)
	says "belay up goes on"
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
}

@test "what cannot be cut into batches is refused before anything runs" {
	pg_database refused
	base "$numbers
CREATE VIEW v AS SELECT * FROM t; CREATE TABLE p (id int); CREATE TABLE k () INHERITS (p);" <<<'SELECT 1;'
	ends 0 belay up --db "$url"
	refused() {
		file migrations/3_x.up.sql <<<"$1"
		ends 2 belay up --db "$url"
		says "$2"
	}
	m='-- belay:batched'
	refused "$m"$'\nUPDATE t SET n = 1 FROM p WHERE p.id = t.id;' "joins other tables"
	refused "$m"$'\nDELETE FROM t USING p WHERE p.id = t.id;' "joins other tables"
	refused "$m"$'\nUPDATE t SET n = 1 RETURNING id;' "RETURNING"
	refused "$m"$'\nINSERT INTO t VALUES (1, 1);' "INSERT INTO table (columns) SELECT"
	refused "$m"$'\nTRUNCATE t;' "only UPDATE, DELETE and INSERT"
	refused "$m"$'\nUPDATE t SET n = (SELECT max(n) FROM public.t);' "its own table"
	refused "$m"$'\nUPDATE t SET id = id + 1;' "changes its key"
	refused "$m key=n"$'\nUPDATE t SET n = 1;' "exactly the columns asked for"
	refused "$m size=0"$'\nUPDATE t SET n = 1;' "wants size=N"
	refused "$m"$'\nUPDATE v SET n = 1;' "a view"
	refused "$m"$'\nDELETE FROM p;' "inherit from it"
	refused "$m"$'\nUPDATE t SET n = 1;\nSELECT 1;' "no-transaction"
	refused $'-- belay:no-transaction\nBEGIN;\n'"$m"$'\nUPDATE t SET n = 1;\nCOMMIT;' "BEGIN, COMMIT"
	file migrations/3_x.up.sql <<<"$m"$'\nUPDATE t SET n = 1 WHERE n IS DISTINCT FROM 1;'
	ends 0 belay up --dry-run --db "$url"
	says "in batches"
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
}

@test "the journal of an older belay gets what it lacks" {
	pg_database older
	base "$numbers" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	pg -c 'DROP TABLE belay.cursor, belay.moved' -c 'UPDATE belay.version SET version = 2'
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
	[ "$(pg -c 'SELECT version FROM belay.version')" -ge 3 ]
}

@test "down in batches" {
	pg_database down
	base "$numbers" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1;
SQL
	file migrations/2_fill.down.sql <<<$'-- belay:batched size=3000\nUPDATE t SET n = n - 1;'
	ends 0 belay up --db "$url"
	ends 0 belay down --db "$url"
	[ "$(times)" = "0|20000" ]
	ends 0 belay up --db "$url"
	[ "$(times)" = "1|20000" ]
}

# ---- SQLite ----

@test "SQLite: rowid, its names, and keys of tables without one" {
	url=sqlite:app.db
	base "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT DEFAULT 0);
WITH RECURSIVE i(x) AS (SELECT -500 UNION ALL SELECT x + 1 FROM i WHERE x < 5000) INSERT INTO t SELECT x * 2, 0 FROM i;
CREATE TABLE r (rowid TEXT, n INT DEFAULT 0);
INSERT INTO r SELECT 'x', 0 FROM t LIMIT 1200;
CREATE TABLE w (a, b TEXT COLLATE NOCASE, n INT DEFAULT 0, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO w SELECT CASE id % 3 WHEN 0 THEN id WHEN 1 THEN id / 7.0 ELSE 'it''s ' || id END, 'B' || id, 0 FROM t LIMIT 900;
INSERT INTO w VALUES (x'00ff', 'b', 0);" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1 WHERE id <> 4;
-- belay:batched size=100
UPDATE r SET n = n + 1;
-- belay:batched size=100
UPDATE w SET n = n + 1;
SQL
	ends 0 belay up --db "$url"
	[ "$(lite 'SELECT n, count(*) FROM t GROUP BY n')" = $'0|1\n1|5500' ]
	[ "$(lite 'SELECT n, count(*) FROM r GROUP BY n')" = "1|1200" ]
	[ "$(lite 'SELECT n, count(*) FROM w GROUP BY n')" = "1|901" ]
	file migrations/3_x.up.sql <<<$'-- belay:batched\nUPDATE t SET id = id + 1;'
	ends 2 belay up --db "$url"
	says "changes the rowid"
	file migrations/3_x.up.sql <<<$'-- belay:batched\nUPDATE OR IGNORE t SET n = 1;'
	ends 2 belay up --db "$url"
	says "conflicts"
}

@test "SQLite: killed at any instant, each row once; and a writer gets his turn" {
	local i
	url=sqlite:app.db
	base "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT DEFAULT 0);
WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 20000) INSERT INTO t SELECT x, 0 FROM i;
CREATE TABLE log (x);" <<'SQL'
-- belay:batched size=100
UPDATE t SET n = n + 1;
SQL
	ends 0 belay up 1 --db "$url"
	for i in 1 2 3 4; do
		killed "0.$((RANDOM % 3))$((RANDOM % 10))" KILL
	done
	(for i in 1 2 3 4 5; do sqlite3 -cmd '.timeout 20000' app.db 'INSERT INTO log VALUES (1)'; done) 3>&- &
	writer=$!
	ends 0 belay up --db "$url"
	wait "$writer"
	[ "$(lite 'SELECT n, count(*) FROM t GROUP BY n')" = "1|20000" ]
	[ "$(lite 'SELECT count(*) FROM log')" = 5 ]
	[ "$(lite 'SELECT count(*) FROM belay_cursor')" = 0 ]
}

@test "SQLite: the row that fails is named" {
	url=sqlite:app.db
	base "CREATE TABLE t (id INTEGER PRIMARY KEY, n INT DEFAULT 0 CHECK (id <> 777 OR n = 0));
WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 3000) INSERT INTO t SELECT x, 0 FROM i;" <<'SQL'
-- belay:batched
UPDATE t SET n = n + 1;
SQL
	ends 5 belay up --db "$url"
	says "CHECK constraint failed" 'the row id = 777 of "t"' "776 rows"
	[ "$(lite 'SELECT n, count(*) FROM t GROUP BY n')" = $'0|2224\n1|776' ]
}

# ---- MariaDB ----

@test "MariaDB: keys of all kinds, killed at any instant, the row that fails" {
	local i
	mariadb_here
	base "CREATE TABLE t (id bigint UNSIGNED PRIMARY KEY, n int DEFAULT 0) ENGINE=InnoDB;
INSERT INTO t SELECT 18446744073709500000 - seq * 3, 0 FROM seq_1_to_10000;
CREATE TABLE c (a varchar(20) COLLATE utf8mb4_unicode_ci, b binary(16), d datetime(6), n int DEFAULT 0, PRIMARY KEY (a, b, d)) ENGINE=InnoDB CHARACTER SET utf8mb4;
INSERT INTO c SELECT concat('É''\\\\', seq % 7), unhex(md5(seq)), '2024-01-01 00:00:00.000001' + INTERVAL seq HOUR, 0 FROM seq_1_to_3000;
CREATE TABLE m (id int PRIMARY KEY, n int) ENGINE=MyISAM;
CREATE TABLE e (k enum('b', 'a') PRIMARY KEY, n int) ENGINE=InnoDB;
CREATE TABLE f (id int PRIMARY KEY, n int DEFAULT 0 CHECK (n = 0 OR n < 2)) ENGINE=InnoDB;
INSERT INTO f SELECT seq, IF(seq = 1234, 1, 0) FROM seq_1_to_3000;" <<'SQL'
-- belay:batched size=100
UPDATE t SET n = n + 1;
-- belay:batched size=70
UPDATE c SET n = n + 1 WHERE a <> 'é''\\3';
SQL
	ends 0 belay up 1 --db "$url"
	for i in 1 2 3 4; do
		killed "0.$((RANDOM % 4))$((RANDOM % 10))" KILL
	done
	ends 0 belay up --db "$url"
	[ "$(my 'SELECT n, count(*) FROM t GROUP BY n')" = $'1\t10000' ]
	[ "$(my "SELECT n, count(*) FROM c GROUP BY n")" = "$(my "SELECT IF(a = 'é''\\\\3', 0, 1) x, count(*) FROM c GROUP BY x")" ]
	[ "$(my 'SELECT count(DISTINCT n) FROM c')" = 2 ]
	[ "$(my 'SELECT count(*) FROM belay_cursor')" = 0 ]
	file migrations/3_x.up.sql <<<$'-- belay:batched\nUPDATE m SET n = 1;'
	ends 2 belay up --db "$url"
	says "knows no transactions"
	file migrations/3_x.up.sql <<<$'-- belay:batched\nUPDATE e SET n = 1;'
	ends 2 belay up --db "$url"
	says "no unique key"
	file migrations/3_x.up.sql <<<$'-- belay:batched\nUPDATE f SET n = n + 1;'
	ends 5 belay up --db "$url"
	says 'the row id = 1234 of "f"' "1233 rows"
	[ "$(my 'SELECT count(*) FROM f WHERE n = 1 AND id < 1234')" = 1233 ]
}
