/* rules_test.c - when a rule fires and, above all, when it is silent: the exceptions, one by one.
 * Every rule's own two examples are run by tests/rules.bats. */
#include "lint/rules_fixture.h"

#define USERS "CREATE TABLE users (id bigint PRIMARY KEY, email text, name varchar(20), n int);\n"
#define ORDERS "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total numeric);\n"
#define EVENTS                                                                                     \
	"CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day);\n"           \
	"CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');\n"

/* clang-format off */
static const struct row rows[] = {
	/* indexes */
	{"index-not-concurrent", true,  ORDERS "CREATE INDEX i ON orders (user_id);"},
	{"index-not-concurrent", true,  ORDERS "CREATE UNIQUE INDEX IF NOT EXISTS i ON orders (user_id);"},
	{"index-not-concurrent", false, ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"index-not-concurrent", false, "BEGIN;" ORDERS "CREATE INDEX i ON orders (user_id); COMMIT;"},
	{"index-not-concurrent", true,  "BEGIN;" ORDERS "COMMIT; CREATE INDEX i ON orders (user_id);"},
	{"index-not-concurrent", false, EVENTS "CREATE INDEX i ON ONLY events (id);"},
	{"index-not-concurrent", false, "CREATE TEMP TABLE t (id int); CREATE INDEX i ON t (id);"},
	{"index-not-concurrent", false, ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id);"
		"CREATE INDEX IF NOT EXISTS i ON orders (user_id);"},
	{"index-not-concurrent", true,  "BEGIN;" ORDERS "ROLLBACK;" ORDERS "CREATE INDEX i ON orders (user_id);"},
	{"drop-index-not-concurrent", true,  ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id); DROP INDEX i;"},
	{"drop-index-not-concurrent", true,  ORDERS "DROP INDEX IF EXISTS unknown;"}, /* a lone file */
	{"drop-index-not-concurrent", false, ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id); BEGIN; ALTER TABLE orders ADD x int; DROP INDEX i; COMMIT;"}, /* closed already */
	{"index-not-concurrent", false, "BEGIN; CREATE TABLE IF NOT EXISTS auth.t (id int); CREATE INDEX i ON auth.t (id); COMMIT;"},
	{"index-not-concurrent", true,  "BEGIN; CREATE TABLE IF NOT EXISTS auth.t (id int); CREATE INDEX i ON auth.u (id); COMMIT;"},
	{"ddl-and-backfill-tx", false, ORDERS "BEGIN; ALTER TABLE orders ADD x int; UPDATE pg_index SET indisready = false WHERE indrelid = 'orders'::regclass; COMMIT;"},
	{"add-column-volatile-default", true,  USERS "ALTER TABLE users ADD COLUMN k uuid DEFAULT gen_random_uuid();"},
	{"add-column-volatile-default", true,  USERS "ALTER TABLE users ADD COLUMN s timestamp DEFAULT now(), ADD COLUMN k uuid DEFAULT gen_random_uuid();"},
	{"add-column-volatile-default", false, USERS "ALTER TABLE users ADD COLUMN s timestamp DEFAULT now(), ADD COLUMN k bigserial;"}, /* add-column-serial */
	{"drop-table", false, USERS "CREATE TABLE c AS SELECT * FROM users; BEGIN; DROP TABLE c; CREATE TABLE c AS SELECT id FROM users; COMMIT;"},
	{"drop-table", true,  USERS "CREATE TABLE c AS SELECT * FROM users; DROP TABLE c; CREATE TABLE d AS SELECT id FROM users;"},
	{"add-check-validated", false, ORDERS "BEGIN; TRUNCATE orders; ALTER TABLE orders ADD CHECK (id > 0); COMMIT;"}, /* no rows */
	{"add-check-validated", true,  ORDERS "TRUNCATE orders; ALTER TABLE orders ADD CHECK (id > 0);"}, /* new ones came */
	{"add-check-validated", true,  ORDERS "BEGIN; TRUNCATE orders; INSERT INTO orders SELECT 1; ALTER TABLE orders ADD CHECK (id > 0); COMMIT;"},
	{"index-in-exclusive-tx", true,  ORDERS "CREATE TABLE old (id int); BEGIN; TRUNCATE old; CREATE INDEX i ON orders (user_id); COMMIT;"},
	{"index-in-exclusive-tx", false, ORDERS "BEGIN; TRUNCATE orders; CREATE INDEX i ON orders (user_id); COMMIT;"},
	{"drop-table", false, "DROP TABLE IF EXISTS _u_old; ALTER TABLE u RENAME TO _u_old;"}, /* what an attempt before may have left */
	{"drop-table", true,  "DROP TABLE _u_old; ALTER TABLE u RENAME TO _u_old;"},
	{"drop-index-not-concurrent", false, "BEGIN;" ORDERS "CREATE INDEX i ON orders (user_id); DROP INDEX i; COMMIT;"},
	{"reindex-not-concurrent", true,  ORDERS "REINDEX INDEX orders_pkey;"},
	{"reindex-not-concurrent", false, ORDERS "REINDEX INDEX CONCURRENTLY orders_pkey;"},
	{"reindex-not-concurrent", true,  ORDERS "REINDEX (CONCURRENTLY false) TABLE orders;"},
	{"concurrently-in-tx", true,  ORDERS "BEGIN; DROP INDEX CONCURRENTLY orders_pkey; COMMIT;"},
	{"concurrently-in-tx", true,  ORDERS "BEGIN; REINDEX TABLE CONCURRENTLY orders; COMMIT;"},
	{"concurrently-in-tx", false, "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE UNIQUE INDEX ON m (a);"
		"BEGIN; REFRESH MATERIALIZED VIEW CONCURRENTLY m; COMMIT;"},
	{"concurrent-index-partitioned", true,  EVENTS "CREATE INDEX CONCURRENTLY i ON events (id);"},
	{"concurrent-index-partitioned", false, EVENTS "CREATE INDEX CONCURRENTLY i ON e1 (id);"},
	{"concurrent-index-retry", true,  ORDERS "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders (user_id);"},
	{"statement-not-in-tx", true,  "BEGIN; CREATE DATABASE d; COMMIT;"},
	{"statement-not-in-tx", false, USERS "BEGIN; ANALYZE users; COMMIT;"},
	/* columns */
	{"add-column-volatile-default", true,  USERS "ALTER TABLE users ADD COLUMN x float DEFAULT random();"},
	{"add-column-volatile-default", true,  USERS "ALTER TABLE users ADD COLUMN x float[] DEFAULT ARRAY[random()];"},
	{"add-column-volatile-default", true,  USERS "ALTER TABLE users ADD COLUMN x text DEFAULT md5(random()::text);"},
	{"add-column-volatile-default", true,  USERS "ALTER TABLE users ADD COLUMN x int DEFAULT coalesce(NULL, (random() * 9)::int);"},
	{"add-column-volatile-default", true,  USERS "ALTER TABLE users ADD COLUMN x timestamptz DEFAULT clock_timestamp();"},
	{"add-column-volatile-default", false, USERS "ALTER TABLE users ADD COLUMN x int DEFAULT -1;"},
	{"add-column-volatile-default", false, USERS "ALTER TABLE users ADD COLUMN x int[] DEFAULT ARRAY[1, 2]::int[];"},
	{"add-column-volatile-default", false, USERS "ALTER TABLE users ADD COLUMN x date DEFAULT current_date + 1;"},
	{"add-column-volatile-default", false, USERS "ALTER TABLE users ADD COLUMN x jsonb DEFAULT jsonb_build_object('a', 1);"},
	{"add-column-volatile-default", false, USERS "ALTER TABLE users ADD COLUMN x text DEFAULT lower('X');"},
	{"add-column-volatile-default", false, USERS "ALTER TABLE users ADD COLUMN IF NOT EXISTS n int DEFAULT random();"},
	{"add-column-volatile-default", false, "BEGIN;" USERS "ALTER TABLE users ADD COLUMN x float DEFAULT random(); COMMIT;"},
	{"add-column-volatile-default", true,  "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';"
		USERS "ALTER TABLE users ADD COLUMN x int DEFAULT f();"},
	{"add-column-volatile-default", false, "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';"
		USERS "ALTER TABLE users ADD COLUMN x int DEFAULT f();"},
	{"add-column-required", true,  USERS "ALTER TABLE users ADD COLUMN x int NOT NULL;"},
	{"add-column-required", false, USERS "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0;"},
	{"add-column-required", false, USERS "ALTER TABLE users ADD COLUMN x int GENERATED ALWAYS AS IDENTITY;"},
	{"add-column-required", false, "BEGIN;" USERS "ALTER TABLE users ADD COLUMN x int NOT NULL; COMMIT;"},
	{"add-column-serial", true,  USERS "ALTER TABLE users ADD COLUMN x serial;"},
	{"add-column-identity", true,  USERS "ALTER TABLE users ADD COLUMN x int GENERATED BY DEFAULT AS IDENTITY;"},
	{"column-type-rewrite", true,  USERS "ALTER TABLE users ALTER COLUMN n TYPE bigint;"},
	{"column-type-rewrite", true,  USERS "ALTER TABLE users ALTER COLUMN name TYPE varchar(10);"},
	{"column-type-rewrite", false, USERS "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);"},
	{"column-type-rewrite", false, USERS "ALTER TABLE users ALTER COLUMN name TYPE text USING name::text;"},
	{"column-type-rewrite", false, USERS "ALTER TABLE users ALTER COLUMN email TYPE varchar;"},
	{"column-type-rewrite", false, "BEGIN;" USERS "ALTER TABLE users ALTER COLUMN n TYPE bigint; COMMIT;"},
	{"set-not-null-scan", true,  USERS "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"},
	{"set-not-null-scan", false, USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID;"
		"ALTER TABLE users VALIDATE CONSTRAINT c; ALTER TABLE users ALTER COLUMN email SET NOT NULL;"},
	{"set-not-null-scan", true,  USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID;"
		"ALTER TABLE users ALTER COLUMN email SET NOT NULL;"},
	{"set-not-null-scan", true,  USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (name IS NOT NULL) NOT VALID;"
		"ALTER TABLE users VALIDATE CONSTRAINT c; ALTER TABLE users ALTER COLUMN email SET NOT NULL;"},
	{"set-not-null-scan", true,  USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (email IS NOT NULL) NOT VALID;"
		"ALTER TABLE users VALIDATE CONSTRAINT c; ALTER TABLE users DROP CONSTRAINT c;"
		"ALTER TABLE users ALTER COLUMN email SET NOT NULL;"},
	{"set-not-null-scan", false, USERS "ALTER TABLE users ALTER COLUMN id SET NOT NULL;"},
	{"rename-column", true,  USERS "ALTER TABLE users RENAME COLUMN email TO mail;"},
	{"rename-column", false, "BEGIN;" USERS "ALTER TABLE users RENAME COLUMN email TO mail; COMMIT;"},
	{"drop-column", true,  USERS "ALTER TABLE users DROP COLUMN email;"},
	{"drop-column", false, USERS "ALTER TABLE users DROP COLUMN IF EXISTS nowhere;"},
	{"drop-column", false, "BEGIN;" USERS "ALTER TABLE users DROP COLUMN email; COMMIT;"},
	/* constraints */
	{"add-fk-validated", true,  USERS ORDERS "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users;"},
	{"add-fk-validated", false, USERS ORDERS "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;"},
	{"add-check-validated", true,  ORDERS "ALTER TABLE orders ADD CHECK (total > 0);"},
	{"add-check-validated", false, "BEGIN;" ORDERS "ALTER TABLE orders ADD CHECK (total > 0); COMMIT;"},
	{"add-unique", true,  USERS "ALTER TABLE users ADD UNIQUE (email);"},
	{"add-unique", false, USERS "CREATE UNIQUE INDEX CONCURRENTLY i ON users (email);"
		"ALTER TABLE users ADD CONSTRAINT u UNIQUE USING INDEX i;"},
	{"validate-in-same-tx", true,  ORDERS "BEGIN; ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0) NOT VALID;"
		"ALTER TABLE orders VALIDATE CONSTRAINT c; COMMIT;"},
	{"validate-in-same-tx", false, ORDERS "ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0) NOT VALID;"
		"BEGIN; ALTER TABLE orders VALIDATE CONSTRAINT c; COMMIT;"},
	{"attach-partition-scan", true,  EVENTS "CREATE TABLE e2 (id bigint, day date NOT NULL);"
		"ALTER TABLE events ATTACH PARTITION e2 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');"},
	{"detach-not-concurrent", true,  EVENTS "ALTER TABLE events DETACH PARTITION e1;"},
	{"detach-not-concurrent", false, EVENTS "ALTER TABLE events DETACH PARTITION e1 CONCURRENTLY;"},
	/* tables and data */
	{"drop-table", true,  USERS "DROP TABLE users;"},
	{"drop-table", true,  "DROP TABLE IF EXISTS unknown;"}, /* a lone file may not know it */
	{"drop-table", false, "BEGIN;" USERS "DROP TABLE users; COMMIT;"},
	{"drop-table", false, "CREATE TEMP TABLE t (id int); DROP TABLE t;"},
	{"rename-table", true,  USERS "ALTER TABLE users RENAME TO people;"},
	{"rename-table", false, USERS "BEGIN; ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people; COMMIT;"},
	{"set-logged", true,  USERS "ALTER TABLE users SET UNLOGGED;"},
	{"set-logged", false, USERS "ALTER TABLE users SET LOGGED;"},
	{"vacuum-full", true,  USERS "VACUUM FULL users;"},
	{"vacuum-full", false, USERS "VACUUM (FULL false) users;"},
	{"truncate", true,  USERS "TRUNCATE users;"},
	{"update-no-where", true,  USERS "UPDATE users SET n = 1;"},
	{"update-no-where", true,  USERS "UPDATE users SET n = (SELECT id FROM users LIMIT 1);"},
	{"update-no-where", true,  USERS "DELETE FROM users WHERE true;"},
	{"update-no-where", false, USERS "UPDATE users SET n = 1 WHERE id = 5;"},
	{"update-no-where", false, "BEGIN;" USERS "UPDATE users SET n = 1; COMMIT;"},
	{"drop-cascade", true,  USERS "CREATE VIEW v AS SELECT id FROM users; DROP TABLE users CASCADE;"},
	{"enum-value-in-tx", true,  "CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (m m); BEGIN; ALTER TYPE m ADD VALUE 'b';"
		"INSERT INTO t VALUES ('b'); COMMIT;"},
	{"enum-value-in-tx", false, "CREATE TYPE m AS ENUM ('a'); ALTER TYPE m ADD VALUE 'b';"},
	{"refresh-matview", true,  USERS "CREATE MATERIALIZED VIEW m AS SELECT id FROM users; REFRESH MATERIALIZED VIEW m;"},
	{"refresh-matview", false, USERS "CREATE MATERIALIZED VIEW m AS SELECT id FROM users; CREATE UNIQUE INDEX ON m (id);"
		"REFRESH MATERIALIZED VIEW CONCURRENTLY m;"},
	/* answered for */
	{"drop-table", false, USERS "-- belay:allow drop-table because \"unused since release 41\"\nDROP TABLE users;"},
	{"drop-table", false, USERS "-- belay:allow drop-table until 2030-01-01 because \"unused\"\nDROP TABLE users;"},
	{"drop-table", true,  USERS "-- belay:allow drop-table until 2020-01-01 because \"unused\"\nDROP TABLE users;"},
	{"unused-ignore", true,  USERS "-- belay:allow drop-table until 2020-01-01 because \"unused\"\nDROP TABLE users;"},
	{"drop-table", true,  USERS "-- belay:allow drop-table\nDROP TABLE users;"},
	{"unused-ignore", true,  USERS "-- belay:allow drop-table\nDROP TABLE users;"},
	{"drop-table", true,  USERS "-- belay:allow drop-column because \"the wrong one\"\nDROP TABLE users;"},
	{"unused-ignore", true,  USERS "-- belay:allow drop-column because \"the wrong one\"\nDROP TABLE users;"},
	{"unused-ignore", true,  "-- belay:allow no-such-rule because \"x\"\n" USERS},
	{"unused-ignore", false, USERS "-- belay:allow drop-table because \"unused\"\nDROP TABLE users;"},
	{"drop-table", false, "-- belay:allow-file drop-table because \"a clean-up\"\n" USERS ORDERS
		"DROP TABLE users; DROP TABLE orders;"},
	{"drop-table", false, USERS "-- squawk-ignore ban-drop-table\nDROP TABLE users;"},
	{"drop-table", true,  USERS "-- squawk-ignore ban-drop-column\nDROP TABLE users;"},
	{"drop-table", false, USERS "-- squawk-ignore changing-column-type, ban-drop-table\nDROP TABLE users;"},
	{"drop-table", false, USERS "-- squawk-ignore\nDROP TABLE users;"},
	{"drop-table", false, "-- squawk-ignore-file ban-drop-table\n" USERS "DROP TABLE users;"},
	{"drop-table", false, USERS "SELECT 1;\n-- squawk-ignore-file\nSELECT 2; DROP TABLE users;"},
	{"drop-table", false, USERS "-- squawk-ignore-next-statement ban-drop-table\nDROP TABLE users;"},
	{"drop-table", true,  USERS "-- squawk-ignore ban-drop-table\nSELECT 1; DROP TABLE users;"},
	{"drop-table", false, USERS "-- atlas:nolint\nDROP TABLE users;"},
	{"drop-table", false, USERS "-- atlas:nolint DS102\nDROP TABLE users;"},
	{"drop-table", false, USERS "-- atlas:nolint destructive\nDROP TABLE users;"},
	{"drop-table", true,  USERS "-- atlas:nolint DS103\nDROP TABLE users;"},
	{"drop-table", false, USERS "-- nolint\nDROP TABLE users;"},
	{"index-not-concurrent", false, USERS "-- eugene: ignore E6\nCREATE INDEX i ON users (n);"},
	{"index-not-concurrent", false, USERS "-- eugene: ignore E2, E6\n-- for a reason\nCREATE INDEX i ON users (n);"},
	{"index-not-concurrent", true,  USERS "-- eugene: ignore E2\nCREATE INDEX i ON users (n);"},
	{"drop-table", false, USERS "-- pgfence-ignore\nDROP TABLE users;"},
	{"drop-table", false, USERS "-- pgfence-ignore: drop-table\nDROP TABLE users;"},
	{"drop-table", true,  USERS "-- pgfence-ignore: create-index-not-concurrent\nDROP TABLE users;"},
	{"index-not-concurrent", false, USERS "-- migrationpilot-disable MP001\nCREATE INDEX i ON users (n);"},
	{"index-not-concurrent", false, "-- migrationpilot-disable-file\n" USERS "CREATE INDEX i ON users (n);"},
	{"index-not-concurrent", false, USERS "-- migrationpilot-disable-next-line MP001\nCREATE INDEX i ON users (n);"},
	{"index-not-concurrent", false, USERS "-- migration-pilot-disable MP001\nCREATE INDEX i ON users (n);"},
	{"index-not-concurrent", true,  USERS "-- migrationpilot-disable MP0012\nCREATE INDEX i ON users (n);"},
	{"drop-table", false, USERS ORDERS "-- safety-assured:start\n-- nobody uses them\nDROP TABLE orders;\nDROP TABLE users;\n-- safety-assured:end\n"},
	{"drop-table", true,  USERS ORDERS "-- safety-assured:start\nDROP TABLE orders;\n-- safety-assured:end\nDROP TABLE users;"},
	{"drop-column", false, USERS "-- pgt-ignore lint/safety/banDropColumn: unused\nALTER TABLE users DROP COLUMN n;"},
	{"drop-column", false, USERS "-- pgls-ignore banDropColumn\nALTER TABLE users DROP COLUMN n;"},
	{"drop-column", true,  USERS "-- pgls-ignore banDropTable\nALTER TABLE users DROP COLUMN n;"},
	{"drop-column", false, "-- pgt-ignore-all lint/safety/banDropColumn\n" USERS "ALTER TABLE users DROP COLUMN n;"},
	{"drop-column", false, USERS "-- pgt-ignore-start lint/safety\nALTER TABLE users DROP COLUMN n;\n-- pgt-ignore-end lint/safety\n"},
	{"index-not-concurrent", false, USERS "-- pgm-lint:suppress PGM001,PGM501\nCREATE INDEX i ON users (n);"},
	{"index-not-concurrent", false, "-- pgm-lint:suppress-file PGM001\n" USERS "CREATE INDEX i ON users (n);"},
	{"index-not-concurrent", true,  USERS "-- pgm-lint:suppress PGM501\nCREATE INDEX i ON users (n);"},
	{"update-no-where", false, USERS "-- migration-lint: ignore\nUPDATE users SET n = 1;"},
	{"update-no-where", true,  USERS "-- noqa\nUPDATE users SET n = 1;"}, /* about style */
	{"syntax-error", true,  "-- squawk-ignore\nDROP TABEL users;"},
	/* many rows, and a second run */
	{"unbatched-backfill", true,  ORDERS "UPDATE orders SET total = 0 WHERE total IS NULL;"},
	{"unbatched-backfill", true,  USERS ORDERS "UPDATE orders SET total = u.n FROM users u WHERE u.id = orders.user_id;"},
	{"unbatched-backfill", true,  ORDERS "DELETE FROM orders WHERE total IS NULL;"},
	{"unbatched-backfill", true,  ORDERS "DO $$ DECLARE n int; BEGIN LOOP UPDATE orders SET total = 0 WHERE id IN (SELECT id FROM orders WHERE total IS NULL LIMIT 100); GET DIAGNOSTICS n = ROW_COUNT; EXIT WHEN n = 0; END LOOP; END $$;"},
	{"unbatched-backfill", false, ORDERS "DO $$ DECLARE n int; BEGIN LOOP UPDATE orders SET total = 0 WHERE id IN (SELECT id FROM orders WHERE total IS NULL LIMIT 100); GET DIAGNOSTICS n = ROW_COUNT; EXIT WHEN n = 0; COMMIT; END LOOP; END $$;"},
	{"unbatched-backfill", false, ORDERS "UPDATE orders SET total = 0 WHERE id = 5;"},
	{"unbatched-backfill", false, ORDERS "UPDATE orders SET total = 0 WHERE id IN (5, 6);"},
	{"unbatched-backfill", false, ORDERS "UPDATE orders SET total = 0 WHERE total IS NULL AND id < 1000;"},
	{"unbatched-backfill", false, USERS "UPDATE users SET name = 'x' WHERE email = 'a@example.org';"},
	{"unbatched-backfill", true,  USERS ORDERS "MERGE INTO orders o USING users u ON u.id = o.user_id WHEN MATCHED THEN UPDATE SET total = 0;"},
	{"unbatched-backfill", false, ORDERS "MERGE INTO orders o USING (VALUES (1)) v (id) ON v.id = o.id WHEN MATCHED THEN UPDATE SET total = 0;"},
	{"unbatched-backfill", false, USERS ORDERS "MERGE INTO orders o USING users u ON u.id = o.user_id WHEN NOT MATCHED THEN INSERT (id) VALUES (u.id);"},
	{"add-column-required", true,  USERS "ALTER TABLE users ADD COLUMN c text DEFAULT NULL NOT NULL;"},
	{"disable-trigger", true,  USERS "SET session_replication_role = replica; DELETE FROM users WHERE id = 1;"},
	{"disable-trigger", false, USERS "SET session_replication_role = 'replica'; SET session_replication_role = DEFAULT; DELETE FROM users WHERE id = 1;"},
	{"set-tablespace", true,  ORDERS "CREATE INDEX i ON orders (total); ALTER INDEX i SET TABLESPACE fast;"},
	{"history-replay", true,  ORDERS "DO $$ BEGIN VACUUM orders; END $$;"},
	{"concurrently-in-tx", true,  ORDERS "DO $$ BEGIN CREATE INDEX CONCURRENTLY i ON orders (total); END $$;"},
	{"concurrently-in-tx", true,  ORDERS "DO $$ BEGIN IF true THEN CREATE INDEX CONCURRENTLY i ON orders (total); END IF; END $$;"},
	/* a state, a flag, a moment: values that most rows may have; and those of a key, which none but one has */
	{"unbatched-backfill", true,  "CREATE TABLE o (id int PRIMARY KEY, state text DEFAULT 'open'); UPDATE o SET id = -id WHERE state = 'open';"},
	{"unbatched-backfill", true,  "CREATE TABLE o (id int PRIMARY KEY, done boolean); DELETE FROM o WHERE done = 'f';"},
	{"unbatched-backfill", true,  "CREATE TYPE st AS ENUM ('a'); CREATE TABLE o (id int PRIMARY KEY, s st); DELETE FROM o WHERE s = 'a';"},
	{"unbatched-backfill", true,  "CREATE TABLE o (id int PRIMARY KEY, at timestamptz); DELETE FROM o WHERE at < '2020-01-01';"},
	{"unbatched-backfill", true,  "CREATE TABLE o (id int PRIMARY KEY, note text); DELETE FROM o WHERE note = '';"},
	{"unbatched-backfill", true,  ORDERS "UPDATE orders SET total = 0 WHERE id > 0;"},
	{"unbatched-backfill", true,  ORDERS "DELETE FROM orders WHERE total NOT IN (1, 2);"},
	{"unbatched-backfill", true,  "CREATE TABLE p (id int PRIMARY KEY, state text DEFAULT 'open');" ORDERS "UPDATE orders SET total = 0 FROM p WHERE p.id = orders.id AND p.state = 'open';"},
	{"unbatched-backfill", true,  ORDERS "CREATE TABLE l (id int); WITH gone AS (DELETE FROM orders WHERE total IS NULL RETURNING id) INSERT INTO l SELECT id FROM gone;"},
	{"unbatched-backfill", false, "CREATE TABLE o (id int PRIMARY KEY, state text DEFAULT 'open'); UPDATE o SET state = 'x' WHERE state = 'open' AND id = 7;"},
	{"unbatched-backfill", false, "CREATE TABLE o (id int PRIMARY KEY, name text DEFAULT 'x', UNIQUE (name)); UPDATE o SET id = 9 WHERE name = 'y';"},
	{"unbatched-backfill", false, "CREATE TABLE o (id int PRIMARY KEY, owner int DEFAULT 1); UPDATE o SET id = 9 WHERE owner = 4;"},
	{"ddl-and-backfill-tx", true,  USERS ORDERS "BEGIN; ALTER TABLE users ADD COLUMN c text; UPDATE orders SET total = 0 WHERE total = 1; COMMIT;"},
	{"ddl-and-backfill-tx", false, USERS "CREATE TABLE s (k text PRIMARY KEY, v text); BEGIN; ALTER TABLE users ADD COLUMN c text; UPDATE s SET v = '1' WHERE k = 'x'; COMMIT;"},
	{"ddl-and-backfill-tx", true,  USERS "CREATE TABLE s (k text PRIMARY KEY, v text); BEGIN; ALTER TABLE users ADD COLUMN c text; UPDATE s SET v = '1' WHERE k = 'x' OR v = '0'; COMMIT;"},
	{"unbatched-backfill", false, "BEGIN;" ORDERS "UPDATE orders SET total = 0 WHERE total IS NULL; COMMIT;"},
	{"unbatched-backfill", false, ORDERS "-- belay:batched\nUPDATE orders SET total = 0 WHERE total IS NULL;"},
	{"unbatched-backfill", false, ORDERS "UPDATE orders SET total = 0;"}, /* update-no-where */
	/* from the guides */
	{"drop-and-recreate", true,  USERS "DROP TABLE users;" USERS},
	{"drop-and-recreate", true,  USERS "DROP TABLE IF EXISTS users CASCADE; CREATE TABLE users (id bigint);"},
	{"drop-and-recreate", false, "DROP TABLE IF EXISTS nowhere; CREATE TEMP TABLE nowhere (id int);" USERS},
	{"drop-and-recreate", false, USERS "CREATE TABLE keep AS SELECT * FROM users; DROP TABLE users;" USERS "INSERT INTO users SELECT * FROM keep;"},
	{"drop-and-recreate", true,  USERS "ALTER TABLE users DROP COLUMN n; ALTER TABLE users ADD COLUMN n text;"},
	{"drop-and-recreate", true,  USERS "ALTER TABLE users DROP COLUMN n, ADD COLUMN n text;"},
	{"drop-and-recreate", false, USERS "ALTER TABLE users ADD COLUMN m int, DROP COLUMN email;"},
	{"drop-and-recreate", false, USERS "ALTER TABLE users DROP COLUMN n; ALTER TABLE users ADD COLUMN other text;"},
	{"drop-and-recreate", false, USERS ORDERS "ALTER TABLE users DROP COLUMN n; ALTER TABLE orders ADD COLUMN n text;"},
	{"drop-and-recreate", false, USERS "UPDATE users SET email = n::text; ALTER TABLE users DROP COLUMN n; ALTER TABLE users ADD COLUMN n text;"},
	{"drop-and-recreate", false, "BEGIN;" USERS "DROP TABLE users;" USERS "COMMIT;"},
	{"drop-and-recreate", false, USERS "CREATE VIEW v AS SELECT id FROM users; DROP VIEW v; CREATE VIEW v AS SELECT id FROM users;"},
	{"drop-table", false, USERS "DROP TABLE users;" USERS}, /* said by the one above */
	{"hard-coded-environment", true,  USERS "UPDATE users SET email = 'https://api.staging.example.com/x' WHERE id = 1;"},
	{"hard-coded-environment", true,  USERS "UPDATE users SET email = 'postgres://app@10.2.3.4:5432/shop' WHERE id = 1;"},
	{"hard-coded-environment", true,  USERS "UPDATE users SET email = 'http://db-prod.internal:80' WHERE id = 1;"},
	{"hard-coded-environment", true,  "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'x.abc.eu-west-1.rds.amazonaws.com');"},
	{"hard-coded-environment", true,  "DO $$ BEGIN IF current_database() = 'shop_production' THEN PERFORM 1; END IF; END $$;"},
	{"hard-coded-environment", true,  "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'https://hooks.prod.example.com/x' $$;"},
	{"hard-coded-environment", false, USERS "UPDATE users SET email = 'https://cdn.example.com/' || email WHERE id = 1;"},
	{"hard-coded-environment", false, USERS "UPDATE users SET email = 'https://web.dev/learn' WHERE id = 1;"},
	{"hard-coded-environment", false, USERS "UPDATE users SET email = 'https://products.example.com/stages' WHERE id = 1;"},
	{"hard-coded-environment", false, USERS "UPDATE users SET name = '10.2', n = 1 WHERE id = 1;"},
	{"hard-coded-environment", false, USERS "UPDATE users SET name = '1.2.3.4' WHERE id = 1;"},
	{"hard-coded-environment", false, "CREATE TYPE env AS ENUM ('production', 'staging', 'dev');"},
	{"hard-coded-environment", false, "SELECT current_database();"},
	{"hard-coded-environment", false, USERS "COMMENT ON TABLE users IS 'see https://wiki.corp.internal/users';"},
	{"secret-in-migration", true,  "ALTER ROLE app WITH PASSWORD 'hunter22';"},
	{"secret-in-migration", true,  "CREATE USER app LOGIN ENCRYPTED PASSWORD 'hunter22' VALID UNTIL '2030-01-01';"},
	{"secret-in-migration", true,  "CREATE SUBSCRIPTION s CONNECTION 'host=a dbname=b user=c password=hunter22' PUBLICATION p;"},
	{"secret-in-migration", true,  "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'a', password 'hunter22');"},
	{"secret-in-migration", true,  USERS "INSERT INTO users (id, email) VALUES (1, 'AKIAIOSFODNN7EXAMPLE');"},
	{"secret-in-migration", true,  USERS "INSERT INTO users (id, email) VALUES (1, 'ghp_0123456789abcdefghijABCDEFGHIJ456789');"},
	{"secret-in-migration", true,  USERS "INSERT INTO users (id, email) VALUES (1, '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----');"},
	{"secret-in-migration", true,  USERS "UPDATE users SET email = 'amqp://app:hunter22@mq.example.com/x' WHERE id = 1;"},
	{"secret-in-migration", false, USERS "UPDATE users SET email = 'https://example.com/a:b@c' WHERE id = 1;"},
	{"secret-in-migration", false, USERS "INSERT INTO users (id, email) VALUES (1, '{\"secret\": \"x\", \"password\": \"y\"}');"},
	{"secret-in-migration", false, USERS "UPDATE users SET email = 'password=no secret https://example.com/' WHERE id = 1;"},
	{"secret-in-migration", false, USERS "SELECT json_build_object('secret', email, 'password', 'none') FROM users;"},
	{"secret-in-migration", false, "ALTER ROLE app PASSWORD NULL;"},
	{"secret-in-migration", false, "CREATE ROLE app PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5';"},
	{"secret-in-migration", false, "CREATE ROLE app LOGIN;"},
	{"secret-in-migration", false, "CREATE TABLE accounts (id bigint PRIMARY KEY, password text, api_key text DEFAULT '');"},
	{"secret-in-migration", false, USERS "ALTER TABLE users ADD COLUMN password_hash text;"},
	{"secret-in-migration", false, USERS "INSERT INTO users (id, email) VALUES (1, 'AKIA-is-no-key');"},
	{"secret-in-migration", true,  "CREATE USER 'app'@'%' IDENTIFIED BY 'hunter22';", DIALECT_MYSQL},
	{"secret-in-migration", false, "CREATE USER 'app'@'%' IDENTIFIED WITH auth_socket;", DIALECT_MYSQL},
	/* answers that answer nothing */
	{"unused-ignore", true,  USERS "-- squawk-ignore ban-drop-table\nSELECT 1;"},
	{"unused-ignore", false, USERS "-- squawk-ignore ban-drop-table\nDROP TABLE users;"},
	{"unused-ignore", false, USERS "-- squawk-ignore\nSELECT 1;"},
	{"unused-ignore", false, USERS "-- squawk-ignore no-rule-of-ours\nSELECT 1;"},
	{"unused-ignore", false, USERS "-- squawk-ignore prefer-text-field\nSELECT 1;"}, /* not looked for */
	{"unused-ignore", false, "-- belay:allow irreversible because \"not looked for\"\n" USERS},
	{"unused-ignore", true,  USERS "-- belay:allow-file drop-column because \"x\"\nDROP TABLE users;"},
	/* SQLite */
	{"drop-table", true,  "CREATE TABLE t (id INTEGER PRIMARY KEY); DROP TABLE t;", DIALECT_SQLITE},
	{"drop-table", false, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);\nPRAGMA foreign_keys = OFF;\nBEGIN;\n"
		"CREATE TABLE t_new (id INTEGER PRIMARY KEY, a TEXT NOT NULL);\nINSERT INTO t_new SELECT id, a FROM t;\n"
		"DROP TABLE t;\nALTER TABLE t_new RENAME TO t;\nCOMMIT;", DIALECT_SQLITE},
	{"add-column-required", true,  "CREATE TABLE t (id INTEGER PRIMARY KEY); ALTER TABLE t ADD COLUMN a TEXT NOT NULL;", DIALECT_SQLITE},
	{"add-column-required", false, "CREATE TABLE t (id INTEGER PRIMARY KEY); ALTER TABLE t ADD COLUMN a TEXT NOT NULL DEFAULT '';", DIALECT_SQLITE},
};
/* clang-format on */

static void test_rules(void **state)
{
	(void)state;
	run_rows(rows, sizeof rows / sizeof *rows);
}

/* A merge can put a row in twice, or out of its place. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; rules[i]; i++) {
		if (rules[i + 1] && strcmp(rules[i]->id, rules[i + 1]->id) >= 0)
			fail_msg("%s stands before %s", rules[i]->id, rules[i + 1]->id);
		assert_true(rules[i]->check || rules[i]->finish || rules[i]->after ||
			    strcmp(rules[i]->id, "unused-ignore") == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules), cmocka_unit_test(test_table)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
