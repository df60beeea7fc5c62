/* rules_schema_test.c - tables, schemas, storage, types, names, enums, partitions, views, triggers,
 * security: where a rule fires, and where it must not. */
#include "lint/rules_fixture.h"

#define USERS "CREATE TABLE users (id bigint PRIMARY KEY, email text, n int);\n"
#define NOTES "CREATE TABLE notes (id bigint PRIMARY KEY, user_id bigint REFERENCES users);\n"
#define EVENTS                                                                                     \
	"CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day);\n"           \
	"CREATE TABLE e20 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');\n"
#define REST "CREATE TABLE rest PARTITION OF events DEFAULT;\n"
#define E21 "CREATE TABLE e21 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"
#define MOOD "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id bigint, m mood);\n"
#define TRIGGER                                                                                    \
	USERS "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END "  \
	      "$$; CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION f();\n"
#define LONG63 "a23456789012345678901234567890123456789012345678901234567890123"
#define MYSQL DIALECT_MYSQL
#define MARIA DIALECT_MARIADB
#define LITE DIALECT_SQLITE
#define KEYED                                                                                      \
	"CREATE TABLE u (id INTEGER PRIMARY KEY, x TEXT); CREATE TABLE p (id INTEGER PRIMARY "     \
	"KEY, "                                                                                    \
	"u INTEGER REFERENCES u (id) ON DELETE CASCADE);"
#define REBUILD(first)                                                                             \
	KEYED "BEGIN;" first                                                                       \
	      "CREATE TABLE n (id INTEGER PRIMARY KEY, x TEXT NOT NULL DEFAULT '');"               \
	      "INSERT INTO n (id, x) SELECT id, x FROM u;"

/* clang-format off */
static const struct row rows[] = {
	/* moving and dropping */
	{"rename-schema", false, "BEGIN; CREATE SCHEMA a; ALTER SCHEMA a RENAME TO b; COMMIT;"},
	{"rename-schema", true,  "ALTER SCHEMA a RENAME TO b;"},
	{"set-schema", true,  USERS "CREATE VIEW v AS SELECT id FROM users; ALTER VIEW v SET SCHEMA other;"},
	{"set-schema", false, "BEGIN;" USERS "ALTER TABLE users SET SCHEMA other; COMMIT;"},
	{"set-schema", false, USERS "ALTER TABLE users SET SCHEMA public;"},
	{"set-schema", false, "ALTER EXTENSION pg_trgm SET SCHEMA other;"},
	{"set-schema", true,  USERS "ALTER TABLE users SET SCHEMA other; CREATE VIEW users AS SELECT * FROM other.users;"}, /* not together */
	{"drop-table-locks-parents", true,  USERS NOTES "DROP TABLE notes;", .alone = true},
	{"drop-table-locks-parents", false, USERS NOTES "DROP TABLE notes;"}, /* drop-table says it */
	{"drop-table-locks-parents", false, USERS NOTES "BEGIN; ALTER TABLE users ADD x int; DROP TABLE notes; COMMIT;", .alone = true},
	{"drop-table-locks-parents", false, USERS NOTES "DROP TABLE notes, users;", .alone = true},
	{"drop-table-locks-parents", false, USERS NOTES "DROP TABLE notes; DROP TABLE users;", .alone = true},
	{"drop-table-locks-parents", false, USERS "DROP TABLE users;", .alone = true},
	{"drop-table-locks-parents", false, USERS "BEGIN;" NOTES "DROP TABLE notes; COMMIT;", .alone = true},
	{"drop-table-locks-parents", false, "CREATE TABLE t (id bigint PRIMARY KEY, up bigint REFERENCES t); DROP TABLE t;", .alone = true},
	{"drop-database", true,  "DROP DATABASE shop;", MYSQL},
	{"drop-database", true,  "DROP SCHEMA IF EXISTS shop;", MYSQL},
	{"drop-schema", false, "DROP DATABASE shop;", MYSQL},
	{"drop-schema", false, "DROP DATABASE shop;"},
	{"drop-view", true,  USERS "CREATE VIEW v AS SELECT id FROM users; DROP VIEW v;"},
	{"drop-view", true,  "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(int);"},
	{"drop-view", false, "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION f(int);"
		"CREATE FUNCTION f(bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';"},
	{"drop-view", false, TRIGGER "DROP TRIGGER t ON users; DROP FUNCTION f();"},
	{"drop-view", false, "DROP TRIGGER t ON users; DROP FUNCTION f();"},
	{"drop-view", false, "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1 AS a;"},
	{"drop-view", false, "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m2 AS SELECT 1 AS a;"
		"DROP MATERIALIZED VIEW m; ALTER MATERIALIZED VIEW m2 RENAME TO m;"},
	{"drop-view", false, "BEGIN; CREATE VIEW v AS SELECT 1 AS a; DROP VIEW v; COMMIT;"},
	{"drop-view", false, "CREATE TABLE t (id serial); ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq;"},
	{"drop-view", true,  "CREATE SEQUENCE numbers; DROP SEQUENCE numbers;"},
	{"drop-view", false, "DROP SEQUENCE IF EXISTS numbers;"},
	{"rename-table", true,  USERS "CREATE VIEW v AS SELECT id FROM users; ALTER VIEW v RENAME TO w;"},
	{"rename-table", true,  "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION f(int) RENAME TO g;"},
	{"rename-table", false, TRIGGER "ALTER FUNCTION f() RENAME TO g;"},
	{"rename-table", false, USERS "CREATE VIEW v AS SELECT id FROM users; BEGIN; ALTER VIEW v RENAME TO w; CREATE VIEW v AS SELECT id FROM users; COMMIT;"},
	{"rename-table", true,  USERS "BEGIN; ALTER TABLE users RENAME TO people; CREATE VIEW users2 AS SELECT * FROM people; COMMIT;"},
	{"rename-table", false, USERS "BEGIN; ALTER TABLE users RENAME TO people; CREATE OR REPLACE VIEW public.users AS SELECT * FROM people; COMMIT;"},
	{"rename-table", false, "CREATE TYPE mood AS ENUM ('a'); ALTER TYPE mood RENAME TO mood_old;"},
	{"rls-no-policy", true,  USERS "ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON users USING (true); DROP POLICY p ON users;"},
	{"rls-no-policy", false, USERS "CREATE POLICY p ON users USING (true); CREATE POLICY q ON users USING (true);"
		"ALTER TABLE users ENABLE ROW LEVEL SECURITY; DROP POLICY p ON users;"},
	{"rls-no-policy", false, USERS "CREATE POLICY p ON users USING (true); ALTER TABLE users ENABLE ROW LEVEL SECURITY;"
		"DROP POLICY p ON users; CREATE POLICY p ON users USING (id > 0);"},
	{"rls-no-policy", false, USERS "CREATE POLICY p ON users USING (true); DROP POLICY p ON users;"},
	/* what goes with a table that SQLite makes anew */
	{"rebuild-loses", true,  KEYED "CREATE INDEX ux ON u (x); CREATE TABLE n (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO n SELECT * FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"rebuild-loses", false, KEYED "CREATE INDEX ux ON u (x); CREATE TABLE n (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO n SELECT * FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u; CREATE INDEX ux2 ON u (x);", LITE},
	{"rebuild-loses", false, KEYED "CREATE INDEX ux ON u (x); CREATE TABLE n (id INTEGER PRIMARY KEY); INSERT INTO n SELECT id FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"rebuild-loses", true,  KEYED "CREATE TRIGGER ut AFTER INSERT ON u BEGIN SELECT 1; END; CREATE TABLE n (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO n SELECT * FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"rebuild-loses", true,  KEYED "CREATE TABLE n AS SELECT * FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"rebuild-loses", false, KEYED "CREATE TABLE n AS SELECT * FROM u;", LITE},
	{"rebuild-loses", true,  "CREATE TABLE k (a TEXT, b TEXT, UNIQUE (a, b)); CREATE TABLE n (a TEXT, b TEXT); INSERT INTO n SELECT a, b FROM k; DROP TABLE k; ALTER TABLE n RENAME TO k;", LITE},
	{"rebuild-loses", false, "CREATE TABLE k (a TEXT, b TEXT, UNIQUE (a, b)); CREATE TABLE n (b TEXT, a TEXT, UNIQUE (b, a)); INSERT INTO n (a, b) SELECT a, b FROM k; DROP TABLE k; ALTER TABLE n RENAME TO k;", LITE},
	{"replace-cascades", true,  KEYED "REPLACE INTO u SELECT id, upper(x) FROM u;", LITE},
	{"replace-cascades", false, KEYED "PRAGMA foreign_keys = OFF; REPLACE INTO u VALUES (1, 'a');", LITE},
	{"replace-cascades", false, KEYED "INSERT OR REPLACE INTO p VALUES (1, 1);", LITE},
	{"replace-cascades", false, KEYED "INSERT OR IGNORE INTO u VALUES (1, 'a');", LITE},
	{"raw-sql-unread", true,  KEYED "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '' WHERE name = 'u';", LITE},
	{"raw-sql-unread", false, KEYED "SELECT sql FROM sqlite_schema;", LITE},
	{"dependent-objects", true,  KEYED "CREATE VIEW v AS SELECT p.id, u.x FROM u JOIN p ON p.u = u.id; ALTER TABLE u DROP COLUMN x;", LITE},
	{"drop-cascade", true,  USERS "DROP EXTENSION IF EXISTS postgis CASCADE;"},
	{"rebuild-shuffles", true,  KEYED "CREATE TABLE n (x TEXT, id INTEGER PRIMARY KEY); INSERT INTO n SELECT * FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"rebuild-shuffles", false, KEYED "CREATE TABLE n (id INTEGER PRIMARY KEY, y TEXT); INSERT INTO n SELECT * FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"rebuild-shuffles", false, KEYED "CREATE TABLE n (x TEXT, id INTEGER PRIMARY KEY); INSERT INTO n SELECT x, id FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"rls-disabled", true,  USERS "ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users DISABLE ROW LEVEL SECURITY;"},
	{"rls-disabled", false, USERS "ALTER TABLE users DISABLE ROW LEVEL SECURITY;"},
	{"rls-disabled", false, USERS "ALTER TABLE users ENABLE ROW LEVEL SECURITY; BEGIN; ALTER TABLE users DISABLE ROW LEVEL SECURITY;"
		"UPDATE users SET n = 1 WHERE id = 1; ALTER TABLE users ENABLE ROW LEVEL SECURITY; COMMIT;"},
	{"raw-sql-unread", true,  "UPDATE pg_attribute SET attnotnull = true WHERE attname = 'x';"},
	{"raw-sql-unread", true,  "DELETE FROM pg_catalog.pg_enum WHERE enumlabel = 'x';"},
	{"raw-sql-unread", false, "SELECT * FROM pg_attribute;"},
	{"truncate-cascade", false, "BEGIN;" USERS "TRUNCATE users CASCADE; COMMIT;"},
	{"truncate", false, USERS "TRUNCATE users CASCADE;"}, /* hidden */
	{"create-table-force", false, "CREATE OR REPLACE TEMPORARY TABLE t (a int);", MARIA},
	{"create-if-not-exists-noop", true,  USERS "CREATE TABLE IF NOT EXISTS users (id int, email text);"},
	{"create-if-not-exists-noop", false, USERS "ALTER TABLE users ADD COLUMN x int; CREATE TABLE IF NOT EXISTS users (id bigint, email text);"},
	{"create-if-not-exists-noop", false, USERS "DROP TABLE users; CREATE TABLE IF NOT EXISTS users (id int);"},
	{"create-if-not-exists-noop", false, "CREATE TABLE IF NOT EXISTS users (id int);"},
	{"create-if-not-exists-noop", false, "CREATE TABLE t (id serial, v varchar(10)); CREATE TABLE IF NOT EXISTS t (id int, v varchar(20));"},
	/* storage */
	{"set-tablespace", false, "BEGIN;" USERS "ALTER TABLE users SET TABLESPACE s; COMMIT;"},
	{"set-access-method", false, "BEGIN;" USERS "ALTER TABLE users SET ACCESS METHOD columnar; COMMIT;"},
	{"set-access-method", false, USERS "ALTER TABLE users SET ACCESS METHOD heap;"},
	{"lock-table", true,  USERS "BEGIN; LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE; COMMIT;"},
	{"lock-table", false, USERS "BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE; COMMIT;"},
	{"lock-table", false, USERS "BEGIN; LOCK TABLE users NOWAIT; COMMIT;"},
	{"lock-table", false, USERS "BEGIN; SET LOCAL lock_timeout = '1s'; LOCK TABLE users; COMMIT;"},
	{"lock-table", true,  USERS "SET lock_timeout = 0; BEGIN; LOCK TABLE users; COMMIT;"},
	{"lock-table", false, "BEGIN;" USERS "LOCK TABLE users; COMMIT;"},
	{"lock-table", false, "SET lock_wait_timeout = 2; LOCK TABLES t WRITE; UNLOCK TABLES;", MARIA},
	{"lock-table", true,  "LOCK TABLES t READ; UNLOCK TABLES;", DIALECT_MYSQL},
	{"index-not-concurrent", true,  "CREATE TABLE t (a int PRIMARY KEY, b text); CREATE FULLTEXT INDEX i ON t (b);", MARIA},
	{"index-not-concurrent", true,  "CREATE TABLE t (a int PRIMARY KEY, b text); ALTER TABLE t ADD FULLTEXT KEY i (b);", DIALECT_MYSQL},
	{"index-not-concurrent", false, "CREATE TABLE t (a int PRIMARY KEY, b int); ALTER TABLE t ADD KEY i (b);", DIALECT_MYSQL},
	/* SQLite: what a rebuild does beside changing the table */
	{"sqlite-table-rebuild", true,  REBUILD("") "DROP TABLE u; ALTER TABLE n RENAME TO u; COMMIT;", LITE},
	{"sqlite-table-rebuild", true,  REBUILD("PRAGMA foreign_keys = OFF;") "DROP TABLE u; ALTER TABLE n RENAME TO u; COMMIT;", LITE, .alone = true},
	{"sqlite-table-rebuild", false, "PRAGMA foreign_keys = OFF;" REBUILD("") "DROP TABLE u; ALTER TABLE n RENAME TO u; COMMIT;", LITE},
	{"sqlite-table-rebuild", false, REBUILD("") "COMMIT; DROP TABLE u;", LITE}, /* drop-table */
	{"sqlite-table-rebuild", true,  "PRAGMA foreign_keys = OFF;" KEYED "BEGIN; ALTER TABLE u RENAME TO old; CREATE TABLE u (id INTEGER PRIMARY KEY, x TEXT); INSERT INTO u SELECT * FROM old; DROP TABLE old; COMMIT;", LITE},
	{"sqlite-table-rebuild", false, "PRAGMA foreign_keys = OFF;" KEYED "BEGIN; ALTER TABLE u RENAME TO old; CREATE TABLE u (id INTEGER PRIMARY KEY, x TEXT); DROP TABLE old; DROP TABLE p; COMMIT;", LITE},
	{"update-no-where", false, KEYED "ALTER TABLE u ADD COLUMN y TEXT; UPDATE u SET y = upper(x);", LITE, .new_here = true},
	{"update-no-where", true,  KEYED "INSERT INTO u VALUES (1, 'a'); ALTER TABLE u ADD COLUMN y TEXT; UPDATE u SET y = upper(x), x = '';", LITE, .new_here = true},
	{"drop-column", true,  "PRAGMA foreign_keys = OFF;" KEYED "CREATE TABLE n (id INTEGER PRIMARY KEY); INSERT INTO n (id) SELECT id FROM u; DROP TABLE u; ALTER TABLE n RENAME TO u;", LITE},
	{"drop-column", false, "PRAGMA foreign_keys = OFF;" REBUILD("") "DROP TABLE u; ALTER TABLE n RENAME TO u; COMMIT;", LITE},
	{"add-column-expression-default", true,  KEYED "ALTER TABLE u ADD COLUMN y TEXT DEFAULT CURRENT_TIMESTAMP;", LITE},
	{"add-column-expression-default", false, KEYED "ALTER TABLE u ADD COLUMN y TEXT DEFAULT '';", LITE},
	{"add-column-stored-generated", true,  KEYED "ALTER TABLE u ADD COLUMN y TEXT AS (upper(x)) STORED;", LITE},
	{"add-column-stored-generated", false, KEYED "ALTER TABLE u ADD COLUMN y TEXT AS (upper(x)) VIRTUAL;", LITE},
	{"lock-table", false, "CREATE TABLE t (a int); LOCK TABLES t WRITE; INSERT INTO t VALUES (1); UNLOCK TABLES;", MARIA}, /* a dump */
	{"autovacuum-off", true,  "CREATE TABLE t (a int) WITH (autovacuum_enabled = off);"},
	{"autovacuum-off", false, USERS "ALTER TABLE users SET (autovacuum_enabled = true);"},
	{"autovacuum-off", false, USERS "ALTER TABLE users SET (autovacuum_enabled = false); ALTER TABLE users SET (autovacuum_enabled = true);"},
	{"autovacuum-off", false, USERS "ALTER TABLE users SET (fillfactor = 70);"},
	{"matview-with-data", false, "CREATE MATERIALIZED VIEW m AS SELECT 1 AS a WITH NO DATA;"},
	/* types */
	{"prefer-bigint", true,  USERS "ALTER TABLE users ADD COLUMN x int;"},
	{"prefer-bigint", true,  USERS "ALTER TABLE users ALTER COLUMN id TYPE int;"},
	{"prefer-identity", true,  "CREATE TABLE t (id serial PRIMARY KEY);"},
	{"prefer-text-varchar", false, "CREATE TABLE t (a varchar);"},
	{"prefer-text-char", true,  "CREATE TABLE t (a bpchar, b char);"},
	{"prefer-timestamptz", true,  "CREATE TABLE t (a timetz);"},
	{"prefer-timestamptz", true,  "CREATE TABLE t (a timestamptz(0));"},
	{"prefer-timestamptz", false, "CREATE TABLE t (a time, b date, c timestamptz(3));"},
	{"float-type", true,  "CREATE TABLE t (a real);"},
	{"float-type", true,  "CREATE TABLE t (id int PRIMARY KEY, a float);", MYSQL},
	{"zero-date", true,  "CREATE TABLE t (id int PRIMARY KEY); ALTER TABLE t ADD COLUMN d date DEFAULT '0000-00-00';", MARIA},
	{"zero-date", false, "CREATE TABLE t (id int PRIMARY KEY, d datetime DEFAULT CURRENT_TIMESTAMP);", MARIA},
	{"timestamp-2038", true,  "CREATE TABLE t (id int PRIMARY KEY, d timestamp NULL);", MARIA},
	{"timestamp-2038", false, "CREATE TABLE t (id int PRIMARY KEY, d timestamp NULL);", MARIA, "11.8"},
	{"column-padding", false, "CREATE TABLE t (id bigint, a int, b int, c boolean);"},
	{"column-padding", false, "CREATE TABLE t (name text, a boolean, b bigint);"},
	{"enum-type", true,  "CREATE TABLE t (id int PRIMARY KEY, e enum('a', 'b'));", MYSQL},
	/* names */
	{"identifier-too-long", false, USERS "ALTER TABLE users ADD COLUMN " LONG63 " int;"},
	{"identifier-too-long", true,  USERS "ALTER TABLE users ADD COLUMN " LONG63 "4 int;"},
	{"identifier-too-long", true,  USERS "ALTER TABLE users ADD COLUMN \"" LONG63 "4\" int;"},
	{"identifier-too-long", false, USERS "ALTER TABLE users ALTER COLUMN email SET DEFAULT '" LONG63 "4';"},
	{"identifier-too-long", false, USERS "ALTER TABLE users /* " LONG63 "4 */ ADD COLUMN x int; -- " LONG63 "4"},
	{"identifier-too-long", false, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 AS " LONG63 "4 $$;"},
	{"identifier-too-long", true,  "CREATE TABLE t (id int PRIMARY KEY, " LONG63 "45 int);", MYSQL},
	{"identifier-too-long", false, "CREATE TABLE t (id int PRIMARY KEY, " LONG63 "4 int);", MYSQL},
	{"reserved-word", false, "CREATE TABLE t (name text, value int);"},
	{"reserved-word", true,  "CREATE TABLE t (`order` int);", MYSQL},
	{"mixed-case-name", true,  USERS "ALTER TABLE users RENAME COLUMN n TO \"numberOf\";"},
	{"unqualified-name", false, "CREATE TEMP TABLE t (a int); DROP TABLE t;"},
	{"duplicate-column", true,  "CREATE TABLE t (a int, b int, a text);"},
	{"duplicate-column", true,  "CREATE TABLE t (a int, A text);", MARIA},
	{"duplicate-column", false, "CREATE TABLE t (a int, \"A\" text);"},
	{"duplicate-column", false, "CREATE TABLE t (a int[]); UPDATE t SET a[1] = 1, a[2] = 2 WHERE true;"},
	/* enums */
	{"enum-value-position", false, MOOD "ALTER TYPE mood ADD VALUE 'so so' BEFORE 'ok';"},
	{"enum-rename-value", false, "BEGIN;" MOOD "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'; COMMIT;"},
	{"enum-drop", true,  MOOD "DROP TYPE mood CASCADE;"},
	{"enum-drop", false, "CREATE TYPE mood AS ENUM ('sad'); DROP TYPE mood;"},
	{"enum-drop", false, MOOD "ALTER TABLE t ALTER COLUMN m TYPE text; DROP TYPE mood;"},
	{"enum-drop", true,  MOOD "BEGIN; CREATE TYPE mood_new AS ENUM ('ok', 'new'); ALTER TABLE t ALTER COLUMN m TYPE mood_new USING (m::text::mood_new);"
		"ALTER TYPE mood RENAME TO mood_old; ALTER TYPE mood_new RENAME TO mood; DROP TYPE mood_old; COMMIT;"},
	{"enum-drop", false, MOOD "BEGIN; CREATE TYPE mood_new AS ENUM ('ok', 'new', 'sad'); ALTER TABLE t ALTER COLUMN m TYPE mood_new USING (m::text::mood_new);"
		"ALTER TYPE mood RENAME TO mood_old; ALTER TYPE mood_new RENAME TO mood; DROP TYPE mood_old; COMMIT;"},
	/* partitions */
	{"default-partition-scan", true,  EVENTS REST E21},
	{"default-partition-scan", false, EVENTS E21},
	{"default-partition-scan", false, "BEGIN;" EVENTS REST E21 "COMMIT;"},
	{"default-partition-scan", true,  EVENTS REST "CREATE TABLE e21 (id bigint, day date NOT NULL);"
		"ALTER TABLE events ATTACH PARTITION e21 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"},
	{"create-partition-locks-parent", true,  EVENTS E21},
	{"create-partition-locks-parent", false, "BEGIN;" EVENTS E21 "COMMIT;"},
	{"drop-partition-locks-parent", true,  EVENTS "DROP TABLE e20;"},
	{"drop-partition-locks-parent", false, EVENTS "DROP TABLE e20; DROP TABLE events;"},
	{"drop-partition-locks-parent", false, EVENTS "ALTER TABLE events DETACH PARTITION e20; DROP TABLE e20;"},
	{"drop-partition-locks-parent", false, EVENTS "DROP TABLE events;"},
	{"partition-fanout", true,  EVENTS "CREATE INDEX i ON events (id);"},
	{"partition-fanout", false, "CREATE TABLE events (id bigint, day date) PARTITION BY RANGE (day); ALTER TABLE events ADD COLUMN x int;"},
	{"managed-parent", true,  "SELECT create_hypertable('public.metrics', 'time'); ALTER TABLE metrics RENAME TO old_metrics;"},
	{"managed-parent", false, EVENTS E21},
	{"no-partitions", true,  "CREATE TABLE t (id int PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 4;", MYSQL},
	/* triggers */
	{"create-trigger", false, "BEGIN;" TRIGGER "COMMIT;"},
	{"drop-trigger", true,  TRIGGER "SET lock_timeout = 0; DROP TRIGGER t ON users;"},
	{"disable-trigger", true,  TRIGGER "ALTER TABLE users DISABLE TRIGGER ALL;"},
	{"disable-trigger", false, TRIGGER "BEGIN; ALTER TABLE users DISABLE TRIGGER t; UPDATE users SET n = 1 WHERE id = 1; ALTER TABLE users ENABLE TRIGGER t; COMMIT;"},
	{"disable-trigger", true,  TRIGGER "ALTER TABLE users DISABLE TRIGGER t; UPDATE users SET n = 1 WHERE id = 1; ALTER TABLE users ENABLE TRIGGER t;"}, /* others write meanwhile */
	{"disable-trigger", false, TRIGGER "BEGIN; ALTER TABLE users DISABLE TRIGGER ALL; ALTER TABLE users ENABLE TRIGGER ALL; COMMIT;"},
	{"disable-trigger", true,  TRIGGER "BEGIN; ALTER TABLE users DISABLE TRIGGER ALL; COPY users FROM '/tmp/users'; ALTER TABLE users ENABLE TRIGGER ALL; COMMIT;"},
	{"disable-trigger", false, TRIGGER "BEGIN; ALTER TABLE users DISABLE TRIGGER USER; COPY users FROM '/tmp/users'; ALTER TABLE users ENABLE TRIGGER USER; COMMIT;"},
	{"disable-trigger", false, TRIGGER "ALTER TABLE users DISABLE TRIGGER t; DROP TRIGGER t ON users;"},
	{"disable-trigger", true,  TRIGGER "ALTER TABLE users DISABLE TRIGGER ALL; ALTER TABLE users ENABLE TRIGGER t;"},
	{"disable-trigger", false, TRIGGER "ALTER TABLE users ENABLE ALWAYS TRIGGER t;"},
	{"no-routines", true,  "CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;", MARIA},
	/* security */
	{"rls-no-policy", false, "CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"},
	{"rls-no-policy", false, "ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE notes DISABLE ROW LEVEL SECURITY;"},
	{"rls-no-policy", true,  "ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON others USING (true);"},
	{"definer-search-path", false, "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION f() SET search_path = pg_catalog;"},
	{"definer-search-path", false, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"},
	{"grant-wide", true,  "GRANT SELECT ON users TO PUBLIC;"},
	{"grant-wide", true,  "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app;"},
	{"grant-wide", true,  "GRANT ALL PRIVILEGES ON shop.* TO 'app'@'%';", MARIA},
	{"grant-wide", false, "REVOKE ALL ON users FROM PUBLIC;"},
	{"extension", true,  "ALTER EXTENSION pg_trgm UPDATE;"},
};
/* clang-format on */

static void test_rules(void **state)
{
	(void)state;
	run_rows(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rules)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
