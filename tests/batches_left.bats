#!/usr/bin/env bats
# What is left when all batches are done; INSERT … SELECT and the loop of the guides in batches.
load batches

# A table whose rows are written in the old form by a trigger, as an old program would.
old_form="CREATE TABLE t (id bigint PRIMARY KEY, a int DEFAULT 1, b int);
INSERT INTO t SELECT i, i, NULL FROM generate_series(1, 30000) i;
CREATE FUNCTION old() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
	IF NEW.id = 20000 AND EXISTS (SELECT FROM t WHERE id = 5 AND b IS NOT NULL) THEN UPDATE t SET b = NULL WHERE id = 5; END IF;
	RETURN NULL; END \$\$;
CREATE TRIGGER old AFTER UPDATE ON t FOR EACH ROW WHEN (OLD.id = 20000) EXECUTE FUNCTION old();"

left_with() {
	pg_database "$1"
	base "$old_form" <<<"-- belay:batched size=5000 $2"$'\nUPDATE t SET b = a WHERE b IS NULL;'
}

@test "rows that match again are counted and named; or stop the run; or are done again" {
	left_with say ""
	ends 0 belay up --db "$url"
	says 'warning: 1 row of "t" still matches the WHERE of the statement (id = 5)'
	left_with ignore left=ignore
	ends 0 belay up --db "$url"
	says_not "still match"
	left_with stop left=stop
	ends 5 belay up --db "$url"
	says 'still matches the WHERE' "it looks again"
	ends 5 belay up --db "$url"
	pg -c 'UPDATE t SET b = a WHERE id = 5'
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*) FROM t WHERE b = a')" = 30000 ]
	left_with again left=again
	ends 0 belay up --db "$url" --parallel 2
	says "still matches the WHERE"
	[ "$(pg -c 'SELECT count(*) FROM t WHERE b = a')" = 30000 ]
	[ "$(pg -c 'SELECT (SELECT count(*) FROM belay.cursor) + (SELECT count(*) FROM belay.part)')" = 0 ]
}

@test "what matches because the statement leaves it so ends after three passes" {
	pg_database never
	base "$numbers" <<<$'-- belay:batched left=again\nUPDATE t SET n = n WHERE n = 0 AND id < 30;'
	ends 5 belay up --db "$url"
	says "9 rows" "still match the WHERE" "id = 3; id = 6; id = 9; …"
}

source="CREATE TABLE s (id bigint PRIMARY KEY, a text, b text, f float8, n numeric(12,3), j json, at timestamptz DEFAULT '2024-03-31 01:30+00');
INSERT INTO s SELECT i, 'a' || i, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'b ' END, i / 7.0::float8, i / 3.0, '{\"x\":  1}' FROM generate_series(1, 20000) i;
CREATE TABLE d (id bigint PRIMARY KEY, a text, b text, f float8, n numeric(12,3), j json, at timestamptz, made timestamptz);"

copies() {
	pg_database "$1"
	base "$source $2" <<SQL
-- belay:batched size=3000 left=stop $3
INSERT INTO d (id, a, b, f, n, j, at, made) SELECT s.id, upper(s.a), b, f, n, j, at, clock_timestamp() FROM s WHERE id % 2 = 0;
SQL
}

@test "INSERT … SELECT in batches: each row once, killed in between, and compared at the end" {
	copies copied
	ends 0 belay up 1 --db "$url"
	killed 0.15 KILL
	killed 0.2 KILL --parallel 3
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*), min(id), max(id) FROM d')" = "10000|2|20000" ]
	[ "$(pg -c 'SELECT count(*) FROM s JOIN d USING (id) WHERE d.a = upper(s.a) AND d.b IS NOT DISTINCT FROM s.b AND d.f = s.f AND d.n = s.n')" = 10000 ]
}

# differs NAME SQL: a copy that a trigger spoils for one row
differs() {
	copies "$1" "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN IF NEW.id = 300 THEN $2; END IF; RETURN NEW; END \$\$;
CREATE TRIGGER spoil BEFORE INSERT ON d FOR EACH ROW EXECUTE FUNCTION spoil();"
	ends 5 belay up --db "$url"
	says '1 row of "s" is not in "d" as the statement writes it'
}

@test "the comparison sees what looks alike" {
	differs moved "NEW.b := NEW.a; NEW.a := coalesce(NEW.b, '')"
	differs empty "NEW.b := ''"
	differs blanks "NEW.a := NEW.a || ' '"
	differs letters "NEW.a := lower(NEW.a)"
	differs gone "RETURN NULL"
	differs other_key "NEW.id := 301"
	differs number "NEW.n := NEW.n + 0.001"
	differs float "NEW.f := NEW.f + 1e-13"
	differs json "NEW.j := '{\"x\": 1}'"
	differs zone "NEW.at := NEW.at + interval '1 hour'"
}

@test "what cannot be copied in batches is refused" {
	pg_database refused
	base "$source CREATE AGGREGATE mine (numeric) (sfunc = numeric_add, stype = numeric);" <<<'SELECT 1;'
	ends 0 belay up --db "$url"
	m=$'-- belay:batched\n'
	refused() {
		file migrations/3_x.up.sql <<<"$m$1"
		ends 2 belay up --db "$url"
		says "$2"
	}
	refused 'INSERT INTO d (id) SELECT count(*) FROM s;' "an aggregate"
	refused 'INSERT INTO d (n) SELECT mine(n) FROM s;' "mine is an aggregate"
	refused 'INSERT INTO d (id) SELECT DISTINCT id FROM s;' "DISTINCT"
	refused 'INSERT INTO d (id) SELECT id FROM s ORDER BY 1;' "has an order"
	refused 'INSERT INTO d (id) SELECT s.id FROM s, d;' "reads several tables"
	refused 'INSERT INTO d (id) SELECT s.id FROM s JOIN pg_class ON true;' "joins"
	refused 'INSERT INTO d (id) SELECT id + 1 FROM d;' "the table that it writes"
	refused 'INSERT INTO d (id) SELECT id FROM s WHERE id NOT IN (SELECT id FROM d);' "a subquery reads"
	refused 'INSERT INTO d (id) SELECT id FROM s GROUP BY id;' "GROUP BY"
	refused 'INSERT INTO d (id) SELECT row_number() OVER () FROM s;' "it looks at other rows"
	refused 'INSERT INTO d (id) VALUES (1);' "INSERT INTO table (columns) SELECT"
	file migrations/3_x.up.sql <<<"$m"'INSERT INTO d (id, a) SELECT id, (SELECT max(f)::text FROM generate_series(1, 2) f) FROM s WHERE a LIKE $$a1%$$ ON CONFLICT DO NOTHING;'
	ends 0 belay up --db "$url"
	[ "$(pg -c "SELECT count(*) = (SELECT count(*) FROM s WHERE a LIKE 'a1%') FROM d WHERE a = '2'")" = t ]
}

@test "the loop of the guides runs as the statement that it means" {
	pg_database loop
	base "$old_form DROP TRIGGER old ON t;" <<'SQL'
-- belay:batched
DO $$
DECLARE n int; total int := 0;
BEGIN
	LOOP
		UPDATE t SET b = a * 2 WHERE id IN (SELECT id FROM t WHERE b IS NULL ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED);
		GET DIAGNOSTICS n = ROW_COUNT;
		total := total + n;
		IF n = 0 THEN EXIT; END IF;
		COMMIT;
		PERFORM pg_sleep(0.1);
	END LOOP;
	RAISE NOTICE '% rows', total;
END $$;
-- belay:batched
DO $$ BEGIN LOOP DELETE FROM t WHERE ctid = ANY (ARRAY(SELECT ctid FROM t WHERE b % 4 = 0 LIMIT 500)); EXIT WHEN NOT FOUND; END LOOP; END $$;
SQL
	ends 0 belay up --db "$url"
	[ "$(pg -c 'SELECT count(*), count(*) FILTER (WHERE b = a * 2) FROM t')" = "15000|15000" ]
	refused() {
		file migrations/3_x.up.sql <<<$'-- belay:batched\n'"$1"
		ends 2 belay up --db "$url"
		says "$2"
	}
	refused "DO \$\$ BEGIN UPDATE t SET b = 1; END \$\$;" "more than change rows in a loop"
	refused "DO \$\$ BEGIN LOOP UPDATE t SET b = 1 WHERE b IS NULL; EXIT WHEN NOT FOUND; END LOOP; END \$\$;" "the loop is not UPDATE or DELETE"
	refused "DO \$\$ BEGIN LOOP UPDATE t SET b = 1 WHERE id IN (SELECT id FROM t WHERE b IS NULL LIMIT 9); INSERT INTO t VALUES (1); EXIT WHEN NOT FOUND; END LOOP; END \$\$;" "more than change rows in a loop"
}

@test "SQLite: INSERT … SELECT, and rows that still match" {
	url=sqlite:app.db
	base "CREATE TABLE s (id INTEGER PRIMARY KEY, a TEXT, b INT);
WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 3000) INSERT INTO s SELECT x, 'A' || x, NULL FROM i;
CREATE TABLE d (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE);
CREATE TRIGGER low AFTER INSERT ON d WHEN NEW.id = 7 BEGIN UPDATE d SET a = lower(a) WHERE id = 7; END;" <<'SQL'
-- belay:batched size=500
INSERT INTO d (id, a) SELECT id, a FROM s;
-- belay:batched size=500
UPDATE s SET b = nullif(id, 9) WHERE b IS NULL;
SQL
	ends 0 belay up --db "$url"
	says '1 row of "s" is not in "d" as the statement writes it' '1 row of "s" still matches' "id = 9"
	[ "$(lite 'SELECT count(*) FROM d')" = 3000 ]
}

@test "MariaDB: INSERT … SELECT is compared by the byte" {
	mariadb_here
	base "CREATE TABLE s (id int PRIMARY KEY, a varchar(30), n decimal(10,2), at datetime(3), c char(4)) ENGINE=InnoDB CHARACTER SET latin1;
INSERT INTO s SELECT seq, concat('É', seq), seq / 3, '2024-01-01 00:00:00.5' + INTERVAL seq MINUTE, 'x ' FROM seq_1_to_5000;
CREATE TABLE d (id bigint PRIMARY KEY, a text, n decimal(12,3), at datetime(3), c char(8)) ENGINE=InnoDB CHARACTER SET utf8mb4;
CREATE TABLE e LIKE d;
CREATE TRIGGER low BEFORE INSERT ON e FOR EACH ROW SET NEW.a = IF(NEW.id = 77, lower(NEW.a), IF(NEW.id = 78, concat(NEW.a, ' '), NEW.a));" <<'SQL'
-- belay:batched size=900 left=stop
INSERT INTO d (id, a, n, at, c) SELECT id, a, n, at, c FROM s;
-- belay:batched size=900 left=stop
INSERT INTO e (id, a, n, at, c) SELECT id, a, n, at, c FROM s;
SQL
	ends 5 belay up --db "$url"
	says '2 rows of "s" are not in "e" as the statement writes them'
	[ "$(my 'SELECT count(*) FROM d')" = 5000 ]
}
