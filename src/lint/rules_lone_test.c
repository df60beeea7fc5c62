/* rules_lone_test.c - a lone file or standard input, judged for itself: what it makes is new while
 * it goes on with making it, and what it does not make is not known. */
#include "lint/rules_fixture.h"

#define ORDERS "CREATE TABLE orders (id bigint, user_id bigint, total numeric);\n"

/* clang-format off */
static const struct row rows[] = {
	/* made further up, and nobody has put rows into it */
	{"index-not-concurrent", false, ORDERS "CREATE INDEX i ON orders (user_id);", .new_here = true},
	{"index-not-concurrent", false, ORDERS "CREATE INDEX ON orders (user_id);", .new_here = true},
	{"index-not-concurrent", false, "BEGIN;" ORDERS "COMMIT; CREATE INDEX i ON orders (user_id);", .new_here = true},
	{"index-not-concurrent", false, "CREATE TABLE IF NOT EXISTS orders (id int); CREATE INDEX i ON orders (id);", .new_here = true},
	{"index-not-concurrent", true,  ORDERS "INSERT INTO orders VALUES (1, 1, 1); CREATE INDEX i ON orders (user_id);", .new_here = true},
	{"index-not-concurrent", true,  ORDERS "COPY orders FROM '/tmp/orders'; CREATE INDEX i ON orders (user_id);", .new_here = true},
	{"index-not-concurrent", true,  ORDERS "CREATE INDEX i ON others (user_id);", .new_here = true},
	{"index-not-concurrent", true,  "CREATE TABLE a.orders (id int); CREATE INDEX i ON b.orders (id);", .new_here = true},
	{"index-not-concurrent", true,  ORDERS "DROP TABLE orders; CREATE INDEX i ON other (id);", .new_here = true},
	{"add-primary-key",      false, ORDERS "ALTER TABLE orders ADD PRIMARY KEY (id);", .new_here = true},
	{"add-unique",           false, ORDERS "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (user_id);", .new_here = true},
	{"add-fk-validated",     false, ORDERS "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id);", .new_here = true},
	{"add-check-validated",  false, ORDERS "ALTER TABLE orders ADD CHECK (total > 0);", .new_here = true},
	{"add-fk-copy",          false, "CREATE TABLE o (id int PRIMARY KEY, u int); ALTER TABLE o ADD FOREIGN KEY (u) REFERENCES users (id);", DIALECT_MARIADB, .new_here = true},
	/* this changes a table: the file is a history */
	{"drop-column",          true,  ORDERS "ALTER TABLE orders DROP COLUMN total;", .new_here = true},
	{"column-type-rewrite",  true,  ORDERS "ALTER TABLE orders ALTER COLUMN total TYPE text;", .new_here = true},
	/* an index that nobody named, on a table that nobody has seen */
	{"index-not-concurrent", true,  "CREATE INDEX ON users (email);"},
	{"index-not-concurrent", true,  "CREATE INDEX ON users (lower(email));"},
	{"index-not-concurrent", false, "CREATE INDEX CONCURRENTLY ON users (email);"},
	{"index-in-exclusive-tx", true, "BEGIN; ALTER TABLE users ADD COLUMN a int; CREATE INDEX ON users (a); COMMIT;", .alone = true},
	/* NOT NULL is proven by a constraint that the history validated */
	{"set-not-null-scan", true,  "ALTER TABLE u ALTER COLUMN a SET NOT NULL;"},
	{"set-not-null-scan", false, "ALTER TABLE u ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE u VALIDATE CONSTRAINT k; ALTER TABLE u ALTER COLUMN a SET NOT NULL;"},
	{"set-not-null-scan", false, "ALTER TABLE u ADD CONSTRAINT k CHECK (a IS NOT NULL); ALTER TABLE u ALTER COLUMN a SET NOT NULL;"},
	{"set-not-null-scan", true,  "ALTER TABLE u ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE u ALTER COLUMN a SET NOT NULL;"},
	{"set-not-null-scan", true,  "ALTER TABLE u ADD CONSTRAINT k CHECK (b IS NOT NULL) NOT VALID; ALTER TABLE u VALIDATE CONSTRAINT k; ALTER TABLE u ALTER COLUMN a SET NOT NULL;"},
	{"set-not-null-scan", true,  "ALTER TABLE u ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ALTER TABLE u VALIDATE CONSTRAINT k; ALTER TABLE u ALTER COLUMN a SET NOT NULL;"},
	{"set-not-null-scan", true,  "ALTER TABLE u ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE v VALIDATE CONSTRAINT k; ALTER TABLE u ALTER COLUMN a SET NOT NULL;"},
	{"set-not-null-scan", false, "ALTER TABLE u VALIDATE CONSTRAINT a_not_null; ALTER TABLE u ALTER COLUMN a SET NOT NULL;"}, /* an earlier migration's */
	{"set-not-null-scan", true,  "ALTER TABLE u ADD CONSTRAINT k CHECK (a IS NOT NULL) NOT VALID; ALTER TABLE u VALIDATE CONSTRAINT k; ALTER TABLE u ALTER COLUMN a SET NOT NULL;", .version = "11"},
	/* domains that no migration made are used somewhere */
	{"domain-constraint-scan", true,  "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE LIKE '%@%');"},
	{"domain-constraint-scan", true,  "ALTER DOMAIN email SET NOT NULL;"},
	{"domain-constraint-scan", false, "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE LIKE '%@%') NOT VALID;"},
	{"domain-constraint-scan", false, "ALTER DOMAIN email DROP CONSTRAINT c;"},
	{"domain-constraint-scan", false, "CREATE DOMAIN email AS text; ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE LIKE '%@%');"},
	/* keys that only their names tell */
	{"drop-primary-key", true,  "ALTER TABLE users DROP CONSTRAINT users_pkey;"},
	{"drop-primary-key", false, "ALTER TABLE users DROP CONSTRAINT users_key;"},
	{"drop-primary-key", false, "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX i;"},
	{"pk-index-nullable", false, "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id;"},
	{"pk-index-nullable", true,  "CREATE TABLE users (id bigint); CREATE UNIQUE INDEX CONCURRENTLY i ON users (id); ALTER TABLE users ADD PRIMARY KEY USING INDEX i;"},
	/* citext is text to the bytes: back again only the indexes are made anew */
	{"column-type-rewrite", false, "CREATE EXTENSION citext; CREATE TABLE c (a citext); ALTER TABLE c ALTER a TYPE text;"},
	{"column-type-rewrite", true,  "CREATE EXTENSION citext; CREATE TABLE c (a citext); ALTER TABLE c ALTER a TYPE varchar(9);"},
	{"column-type-reindex", true,  "CREATE EXTENSION citext; CREATE TABLE c (a citext); CREATE INDEX i ON c (a); ALTER TABLE c ALTER a TYPE text;"},
	/* without a version MySQL is not the first 8.0 */
	{"history-replay", false, "CREATE TABLE t (id int); ALTER TABLE t ADD COLUMN a boolean, ALGORITHM=INSTANT;", DIALECT_MYSQL},
	/* USING INDEX looks where the table is */
	{"history-replay", false, "CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE UNIQUE INDEX CONCURRENTLY i ON s.t (a); ALTER TABLE s.t ADD UNIQUE USING INDEX i;"},
	/* made of what nobody has seen, or copied from it: made here all the same */
	{"index-not-concurrent", false, "CREATE MATERIALIZED VIEW m AS SELECT a FROM nobody WITH NO DATA; CREATE UNIQUE INDEX i ON m (a);", .new_here = true},
	{"index-not-concurrent", false, "CREATE TABLE t (a int); INSERT INTO t SELECT a FROM other; CREATE INDEX i ON t (a);", .new_here = true},
	{"index-not-concurrent", true,  "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000); CREATE INDEX i ON t (a);", .new_here = true},
	{"index-not-concurrent", false, "CREATE INDEX i ON ONLY parent (a);"},
	{"attach-partition-scan", false, "CREATE TABLE c (LIKE p); ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (1);", .new_here = true},
	{"attach-partition-scan", true,  "ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (1);"},
	{"attach-partition-scan", true,  "ALTER TABLE c ADD CONSTRAINT k CHECK (a = 1) NOT VALID; ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (1);"},
	{"attach-partition-scan", false, "ALTER TABLE c ADD CONSTRAINT k CHECK (a = 1) NOT VALID; ALTER TABLE c VALIDATE CONSTRAINT k; ALTER TABLE p ATTACH PARTITION c FOR VALUES IN (1);"},
	{"rls-no-policy", true,  "ALTER TABLE t ENABLE ROW LEVEL SECURITY;"},
	{"rls-no-policy", false, "CREATE POLICY p ON t USING (true); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"},
	/* who asks for another algorithm is refused, not copied */
	{"mysql-column-copy", true,  "ALTER TABLE t MODIFY a varchar(63);", DIALECT_MYSQL},
	{"mysql-column-copy", false, "ALTER TABLE t MODIFY a varchar(63), ALGORITHM=INPLACE, LOCK=NONE;", DIALECT_MYSQL},
	/* the label, but not the value */
	{"enum-value-in-tx", true,  "BEGIN; ALTER TYPE a ADD VALUE 'x'; ALTER TABLE t ALTER c SET DEFAULT 'x'; COMMIT;"},
	{"enum-value-in-tx", false, "BEGIN; ALTER TYPE a ADD VALUE 'x'; ALTER TYPE b ADD VALUE 'x'; COMMIT;"},
	{"enum-value-in-tx", false, "BEGIN; ALTER TYPE a ADD VALUE 'x'; /* 'x' is for later */ COMMIT; UPDATE t SET c = 'x' WHERE id = 1;"},
	{"enum-value-in-tx", false, "BEGIN; ALTER TYPE a ADD VALUE 'x'; CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET c = 'x'; END $$; COMMIT;"},
	/* a type of the project's own */
	{"history-replay", false, "CREATE TYPE st AS (a int); CREATE FUNCTION f() RETURNS SETOF st LANGUAGE sql AS 'SELECT ROW(1)::st'; CREATE OR REPLACE FUNCTION f() RETURNS SETOF st LANGUAGE sql AS 'SELECT ROW(2)::st';"},
	{"history-replay", true,  "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT 2::text';"},
	/* whose index it is, its name tells */
	{"drop-index-not-concurrent", true,  "BEGIN; ALTER TABLE users ADD x int; DROP INDEX orders_idx; COMMIT;"},
	{"drop-index-not-concurrent", false, "BEGIN; ALTER TABLE users ADD x int; DROP INDEX idx_users_email; COMMIT;"},
	/* a cancelled build is begun anew */
	{"concurrent-index-tight-timeout", true,  "SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY i ON t (a);"},
	{"concurrent-index-tight-timeout", false, "SET lock_timeout = '2s'; DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON t (a);"},
	{"concurrent-index-tight-timeout", true,  "SET lock_timeout = '2s'; DROP INDEX CONCURRENTLY IF EXISTS k; CREATE INDEX CONCURRENTLY i ON t (a);"},
	{"concurrent-index-tight-timeout", true,  "SET statement_timeout = '5s'; DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON t (a);"},
	/* SQLite's rebuild */
	{"add-column-required", true,  "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, ''); CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL); INSERT INTO n SELECT id, a, '' FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;", DIALECT_SQLITE},
	{"add-column-required", false, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, ''); CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL DEFAULT ''); INSERT INTO n SELECT id, a, '' FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;", DIALECT_SQLITE},
	{"add-column-required", false, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, ''); CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO n SELECT id, coalesce(a, '') FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;", DIALECT_SQLITE},
	{"add-column-required", false, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE n (id INTEGER PRIMARY KEY, b TEXT NOT NULL); INSERT INTO n SELECT id, a FROM t; SELECT 1;", DIALECT_SQLITE},
	{"add-column-required", true,  "CREATE TABLE t (id INTEGER PRIMARY KEY); ALTER TABLE t RENAME TO o; CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL); INSERT INTO t SELECT id, '' FROM o; DROP TABLE o;", DIALECT_SQLITE},
	{"add-column-required", false, "CREATE TABLE o (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL); INSERT INTO t SELECT id, '' FROM o; DROP TABLE o;", DIALECT_SQLITE}, /* another table */
	/* two keys, and the index that the first one brings */
	{"add-fk-copy", true,  "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b int); ALTER TABLE t ADD CONSTRAINT x FOREIGN KEY (a) REFERENCES p (id), ADD CONSTRAINT y FOREIGN KEY (b) REFERENCES p (id);", DIALECT_MYSQL},
	/* rows that are kept elsewhere, and come back */
	{"drop-table", false, "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1); BEGIN; CREATE TABLE k (id INTEGER); INSERT INTO k SELECT id FROM t; DROP TABLE t; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t (id) SELECT id FROM k; DROP TABLE k; COMMIT;", DIALECT_SQLITE},
	{"drop-table", true,  "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE k (id INTEGER); INSERT INTO k SELECT id FROM t; DROP TABLE t; DROP TABLE k;", DIALECT_SQLITE},
	/* a procedure's own parameters are no constants */
	{"syntax-error", false, "CREATE PROCEDURE p(IN t varchar(64)) BEGIN SET @q = CONCAT('ALTER TABLE ', t, ' DROP KEY k'); PREPARE s FROM @q; EXECUTE s; END; CALL p('users');", DIALECT_MYSQL},
	{"raw-sql-unread", true, "CREATE PROCEDURE p(IN t varchar(64)) BEGIN SET @q = CONCAT('ALTER TABLE ', t, ' DROP KEY k'); PREPARE s FROM @q; EXECUTE s; END; CALL p('users');", DIALECT_MYSQL},
	{"history-replay", false, "CREATE TABLE users (a int, KEY k (a)); CREATE PROCEDURE p(IN t varchar(64)) BEGIN SET @q = CONCAT('ALTER TABLE ', t, ' DROP KEY k'); PREPARE s FROM @q; EXECUTE s; END; CALL p('users'); CREATE INDEX k ON users (a);", DIALECT_MYSQL},
	{"rename-table", false, "ALTER TABLE t RENAME TO t_backup; CREATE TABLE t (id int);", DIALECT_MARIADB},
	/* dropped, and set again */
	{"add-column-default-dropped", true,  "ALTER TABLE u ADD COLUMN a int NOT NULL DEFAULT 1; ALTER TABLE u ALTER COLUMN a DROP DEFAULT;"},
	{"add-column-default-dropped", false, "ALTER TABLE u ADD COLUMN a int NOT NULL DEFAULT 1; ALTER TABLE u ALTER COLUMN a DROP DEFAULT; ALTER TABLE u ALTER COLUMN a SET DEFAULT 2;"},
	/* a detach that is to be finished was begun before */
	{"history-replay", false, "ALTER TABLE t DETACH PARTITION p FINALIZE;"},
	{"rename-table", true,  "CREATE TABLE t (id int); ALTER TABLE t RENAME TO u;", DIALECT_SQLITE},
	{"rename-table", false, "ALTER TABLE t RENAME TO old; CREATE TABLE t (id int); INSERT INTO t SELECT id FROM old;", DIALECT_SQLITE},
	{"rename-table", false, "BEGIN; ALTER TABLE t RENAME TO old; ALTER TABLE new RENAME TO t; COMMIT;", .new_here = true},
	{"rename-table", false, "RENAME TABLE t TO old, new TO t;", DIALECT_MARIADB},
	{"rename-table", false, "CREATE TABLE new (id int); INSERT INTO new SELECT id FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;", DIALECT_SQLITE},
	{"rename-table", true,  "RENAME TABLE t TO old;", DIALECT_MARIADB},
};
/* clang-format on */

static void test_rows(void **state)
{
	(void)state;
	run_rows(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
