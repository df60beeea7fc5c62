/* rules_column_test.c - columns: where a rule fires, and where it must be silent. */
#include "lint/rules_fixture.h"

#define USERS "CREATE TABLE users (id bigint PRIMARY KEY, email text, name varchar(20), n int);\n"
#define ORDERS "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total numeric);\n"
#define CHECKED                                                                                    \
	"CREATE TABLE c (id bigint PRIMARY KEY, code varchar(10) CHECK (code <> ''), at "          \
	"timestamp, p numeric(10, 2), t text, d double precision);\n"
#define MY_T                                                                                       \
	"CREATE TABLE t (id int PRIMARY KEY, a int, s enum('x','y'), z set('p','q'), v "           \
	"varchar(20), w varchar(20) NOT NULL DEFAULT 'd') DEFAULT CHARACTER SET latin1;\n"

#define LITE                                                                                       \
	"CREATE TABLE o (id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE n (id INTEGER PRIMARY "     \
	"KEY, a TEXT NOT NULL);\n"
#define SWAP "DROP TABLE o; ALTER TABLE n RENAME TO o;"

#define SPLIT                                                                                      \
	"CREATE TABLE m (id int, n int) PARTITION BY RANGE (n);"                                   \
	"CREATE TABLE m1 PARTITION OF m FOR VALUES FROM (0) TO (9);"

/* clang-format off */
static const struct row rows[] = {
	{"add-column-checked-domain", true,  "CREATE DOMAIN d AS int NOT NULL;" USERS "ALTER TABLE users ADD COLUMN x d;"},
	{"add-column-checked-domain", true,  "CREATE DOMAIN d AS text; ALTER DOMAIN d ADD CHECK (VALUE <> '');" USERS "ALTER TABLE users ADD COLUMN x d DEFAULT 'a';"},
	{"add-column-checked-domain", false, "CREATE DOMAIN d AS text;" USERS "ALTER TABLE users ADD COLUMN x d;"},
	{"add-column-checked-domain", false, "CREATE DOMAIN d AS int CHECK (VALUE > 0); BEGIN;" USERS "ALTER TABLE users ADD COLUMN x d; COMMIT;"},
	{"add-column-volatile-default", false, "CREATE DOMAIN d AS int CHECK (VALUE > 0);" USERS "ALTER TABLE users ADD COLUMN x d DEFAULT 1;"},
	{"add-column-inline-check", true,  USERS "ALTER TABLE users ADD COLUMN x int CONSTRAINT p CHECK (x > 0);"},
	{"add-column-inline-check", false, USERS "ALTER TABLE users ADD COLUMN x int;"},
	{"add-column-inline-check", false, "BEGIN;" USERS "ALTER TABLE users ADD COLUMN x int CHECK (x > 0); COMMIT;"},
	{"add-column-inline-check", false, USERS "ALTER TABLE users ADD COLUMN IF NOT EXISTS n int CHECK (n > 0);"},
	{"add-column-inline-check", false, "CREATE TEMP TABLE t (id int); ALTER TABLE t ADD COLUMN x int CHECK (x > 0);"},
	{"add-column-inline-fk", true,  USERS ORDERS "ALTER TABLE orders ADD COLUMN u bigint DEFAULT 1 REFERENCES users;"},
	{"add-column-inline-fk", true,  USERS ORDERS "ALTER TABLE orders ADD COLUMN u bigint REFERENCES users;"},
	{"add-column-inline-fk", false, ORDERS "BEGIN;" USERS "ALTER TABLE orders ADD COLUMN u bigint REFERENCES users; COMMIT;"},
	{"add-column-inline-fk", false, USERS "BEGIN;" ORDERS "ALTER TABLE orders ADD COLUMN u bigint REFERENCES users; COMMIT;"},
	{"add-column-inline-fk", false, USERS "ALTER TABLE users ADD COLUMN boss bigint REFERENCES users;"},
	{"add-column-inline-unique", false, "BEGIN;" USERS "ALTER TABLE users ADD COLUMN x text UNIQUE; COMMIT;"},
	{"add-column-default-dropped", true,  USERS "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0; ALTER TABLE users ALTER COLUMN x DROP DEFAULT;"},
	{"add-column-default-dropped", true,  USERS "ALTER TABLE users ADD COLUMN x int DEFAULT 0; ALTER TABLE users ALTER COLUMN x SET NOT NULL; ALTER TABLE users ALTER COLUMN x DROP DEFAULT;"},
	{"add-column-default-dropped", true,  USERS "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0, ALTER COLUMN x DROP DEFAULT;"},
	{"add-column-default-dropped", false, USERS "ALTER TABLE users ADD COLUMN x int DEFAULT 0; ALTER TABLE users ALTER COLUMN x DROP DEFAULT;"},
	{"add-column-default-dropped", false, "BEGIN;" USERS "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0; ALTER TABLE users ALTER COLUMN x DROP DEFAULT; COMMIT;"},
	{"drop-default", false, USERS "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0; ALTER TABLE users ALTER COLUMN x DROP DEFAULT;"},
	{"add-column-serial", true,  MY_T "CREATE TABLE q (a int); ALTER TABLE q ADD COLUMN i int AUTO_INCREMENT PRIMARY KEY;", DIALECT_MYSQL},
	{"add-column-stored-generated", true,  MY_T "ALTER TABLE t ADD COLUMN g int AS (a + 1) STORED;", DIALECT_MARIADB},
	{"add-column-stored-generated", false, MY_T "ALTER TABLE t ADD COLUMN g int AS (a + 1) VIRTUAL;", DIALECT_MARIADB},
	{"add-column-stored-generated", false, USERS "ALTER TABLE users ADD COLUMN g int GENERATED ALWAYS AS (n + 1) VIRTUAL;", 0, "18"},
	{"add-column-expression-default", true,  MY_T "ALTER TABLE t ADD COLUMN x varchar(36) DEFAULT (upper('x'));", DIALECT_MYSQL},
	{"history-replay", true,  MY_T "ALTER TABLE t ADD COLUMN x varchar(36) DEFAULT (uuid());", DIALECT_MYSQL}, /* refused there */
	{"add-column-expression-default", false, MY_T "ALTER TABLE t ADD COLUMN x int DEFAULT 5;", DIALECT_MYSQL},
	{"add-column-expression-default", false, MY_T "ALTER TABLE t ADD COLUMN x datetime DEFAULT CURRENT_TIMESTAMP;", DIALECT_MYSQL},
	{"add-column-implicit-default", false, MY_T "ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 1;", DIALECT_MYSQL},
	{"inline-references-ignored", true,  MY_T "ALTER TABLE t ADD COLUMN o int REFERENCES t (id);", DIALECT_MYSQL, "8.4"},
	{"inline-references-ignored", false, MY_T "ALTER TABLE t ADD COLUMN o int REFERENCES t (id);", DIALECT_MYSQL, "9.0"},
	{"inline-references-ignored", false, MY_T "ALTER TABLE t ADD COLUMN o int REFERENCES t (id);", DIALECT_MARIADB},
	{"add-column-position", true,  MY_T "ALTER TABLE t ADD COLUMN x int FIRST;", DIALECT_MYSQL, "8.0.28"},
	{"add-column-position", false, MY_T "ALTER TABLE t ADD COLUMN x int FIRST;", DIALECT_MYSQL, "8.0.29"},
	{"lob-column-total", true,  MY_T "ALTER TABLE t ADD COLUMN x varchar(65000), ADD COLUMN y varchar(65500);", DIALECT_MYSQL},
	{"lob-column-total", false, MY_T "ALTER TABLE t ADD COLUMN x varchar(65000);", DIALECT_MYSQL},

	{"column-type-reindex", true,  USERS "CREATE EXTENSION citext; CREATE INDEX i ON users (email); ALTER TABLE users ALTER COLUMN email TYPE citext;"},
	{"column-type-reindex", false, USERS "CREATE INDEX i ON users (name); ALTER TABLE users ALTER COLUMN name TYPE varchar(40);"},
	{"column-type-reindex", false, USERS "CREATE INDEX i ON users (n); ALTER TABLE users ALTER COLUMN n TYPE bigint;"},
	{"column-type-recheck", true,  CHECKED "ALTER TABLE c ALTER COLUMN code TYPE text;"},
	{"column-type-recheck", false, CHECKED "ALTER TABLE c ALTER COLUMN t TYPE varchar;"},
	{"column-type-recheck", true,  CHECKED "ALTER TABLE c ALTER COLUMN code TYPE varchar(10);"}, /* even the same type */
	{"column-type-recheck", false, "BEGIN;" CHECKED "ALTER TABLE c ALTER COLUMN code TYPE text; COMMIT;"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN t TYPE varchar(50);"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN code TYPE varchar(5) USING code::varchar(5);"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN id TYPE integer;"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN p TYPE numeric(10, 1);"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN p TYPE numeric(12, 5);"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN at TYPE timestamp(0);"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN at TYPE date;"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN d TYPE real;"},
	{"column-type-narrowing", true,  CHECKED "ALTER TABLE c ALTER COLUMN d TYPE integer;"},
	{"column-type-narrowing", false, CHECKED "ALTER TABLE c ALTER COLUMN p TYPE numeric(12, 2);"},
	{"column-type-narrowing", false, CHECKED "ALTER TABLE c ALTER COLUMN p TYPE numeric;"},
	{"column-type-narrowing", false, CHECKED "ALTER TABLE c ALTER COLUMN code TYPE text;"},
	{"column-type-narrowing", false, CHECKED "ALTER TABLE c ALTER COLUMN at TYPE timestamptz;"},
	{"column-type-narrowing", false, CHECKED "ALTER TABLE c ALTER COLUMN t TYPE varchar(50) USING left(t, 50);"}, /* the author's own */
	{"column-type-narrowing", false, USERS "ALTER TABLE users ALTER COLUMN n TYPE bigint;"},
	{"column-type-narrowing", true,  MY_T "ALTER TABLE t MODIFY v varchar(10);", DIALECT_MYSQL},
	{"column-type-narrowing", false, MY_T "ALTER TABLE t MODIFY v varchar(40);", DIALECT_MYSQL},
	{"mysql-enum-set-edit", true,  MY_T "ALTER TABLE t MODIFY s enum('y','x');", DIALECT_MARIADB},
	{"mysql-enum-set-edit", true,  MY_T "ALTER TABLE t MODIFY s enum('x');", DIALECT_MYSQL},
	{"mysql-enum-set-edit", true,  MY_T "ALTER TABLE t MODIFY z set('p','q','r','s','t','u','v','w','x');", DIALECT_MYSQL},
	{"mysql-enum-set-edit", false, MY_T "ALTER TABLE t MODIFY z set('p','q','r','s','t','u','v','w');", DIALECT_MYSQL},
	{"mysql-enum-set-edit", false, MY_T "ALTER TABLE t MODIFY s enum('x','y','it''s');", DIALECT_MARIADB},
	{"mysql-column-copy", false, MY_T "ALTER TABLE t MODIFY s enum('y','x');", DIALECT_MARIADB}, /* hidden */
	{"column-order-change", false, MY_T "ALTER TABLE t MODIFY v varchar(20);", DIALECT_MYSQL},
	{"charset-collation-change", true,  MY_T "ALTER TABLE t MODIFY v varchar(20) CHARACTER SET utf8mb4;", DIALECT_MARIADB},
	{"charset-collation-change", true,  MY_T "ALTER TABLE t DEFAULT CHARACTER SET utf8mb4;", DIALECT_MYSQL}, /* for information */
	{"charset-collation-change", false, MY_T "ALTER TABLE t MODIFY v varchar(30);", DIALECT_MARIADB},

	{"set-not-null-unproven", true,  MY_T "ALTER TABLE t MODIFY a int NOT NULL;", DIALECT_MYSQL},
	{"set-not-null-unproven", false, MY_T "UPDATE t SET a = 0 WHERE a IS NULL; ALTER TABLE t MODIFY a int NOT NULL;", DIALECT_MYSQL},
	{"set-not-null-unproven", false, MY_T "ALTER TABLE t MODIFY w varchar(30) NOT NULL;", DIALECT_MYSQL},
	{"set-not-null-unproven", false, USERS "ALTER TABLE users ALTER COLUMN email SET NOT NULL;"}, /* said by set-not-null-scan */
	{"set-not-null-unproven", true,  LITE "INSERT INTO n SELECT id, a FROM o;" SWAP, DIALECT_SQLITE},
	{"set-not-null-unproven", true,  LITE "INSERT INTO n (id, a) SELECT id, a FROM o;" SWAP, DIALECT_SQLITE},
	{"set-not-null-unproven", false, LITE "INSERT INTO n SELECT id, coalesce(a, '') FROM o;" SWAP, DIALECT_SQLITE},
	{"set-not-null-unproven", false, LITE "INSERT INTO n SELECT id, a FROM o WHERE a IS NOT NULL;" SWAP, DIALECT_SQLITE},
	{"set-not-null-unproven", false, LITE "INSERT INTO n SELECT id, 'x' FROM o;" SWAP, DIALECT_SQLITE},
	{"set-not-null-unproven", false, LITE "UPDATE o SET a = '' WHERE a IS NULL; INSERT INTO n SELECT id, a FROM o;" SWAP, DIALECT_SQLITE},
	{"set-not-null-unproven", false, LITE "INSERT INTO n SELECT id, a FROM o;", DIALECT_SQLITE},
	{"drop-not-null", true,  MY_T "ALTER TABLE t MODIFY w varchar(20);", DIALECT_MYSQL},
	{"drop-not-null", false, "BEGIN;" CHECKED "ALTER TABLE c ALTER COLUMN id DROP NOT NULL; COMMIT;"},
	{"drop-default", true,  "CREATE TABLE t (id int, a int NOT NULL DEFAULT 0); ALTER TABLE t ALTER COLUMN a DROP DEFAULT;"},
	{"drop-default", true,  MY_T "ALTER TABLE t ALTER COLUMN w DROP DEFAULT;", DIALECT_MARIADB},
	{"drop-default", false, "CREATE TABLE t (id int, a int DEFAULT 0); ALTER TABLE t ALTER COLUMN a DROP DEFAULT;"},
	{"drop-default", false, "CREATE TABLE t (id int, a text NOT NULL DEFAULT ''); ALTER TABLE t ALTER COLUMN a DROP DEFAULT; ALTER TABLE t ALTER COLUMN a TYPE varchar, ALTER COLUMN a SET DEFAULT 'x';"},
	{"drop-default", false, "CREATE TABLE t (id int, a text NOT NULL DEFAULT ''); ALTER TABLE t ALTER COLUMN a DROP NOT NULL, ALTER COLUMN a DROP DEFAULT;"},
	{"default-not-retroactive", false, "CREATE TABLE t (id int, a int); ALTER TABLE t ALTER COLUMN a SET DEFAULT NULL;"},
	{"default-not-retroactive", false, "CREATE TABLE t (id int, a int NOT NULL); ALTER TABLE t ALTER COLUMN a SET DEFAULT 1;"},
	{"default-change-orm", false, "CREATE TABLE t (id int, a int DEFAULT 1); ALTER TABLE t ALTER COLUMN a SET DEFAULT 1;"},

	{"drop-column", true,  USERS "DO $$ BEGIN ALTER TABLE users DROP COLUMN email; END $$;"},
	{"drop-column", true,  USERS "DO $$ BEGIN IF 1 > 2 THEN ALTER TABLE users DROP COLUMN email; END IF; END $$;"},
	{"drop-column", false, USERS "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER TABLE users DROP COLUMN email; END $$;"},
	{"drop-column", false, "DO $$ BEGIN CREATE TABLE q (a int, b int); ALTER TABLE q DROP COLUMN b; END $$;"},
	{"add-column-volatile-default", true,  USERS "DO $$ BEGIN ALTER TABLE users ADD COLUMN x float DEFAULT random(); END $$;"},
	/* of a partitioned table it is the partitions that are rewritten and read */
	{"add-column-volatile-default", true,  SPLIT "ALTER TABLE m ADD COLUMN x uuid DEFAULT gen_random_uuid();"},
	{"add-column-serial", true,  SPLIT "ALTER TABLE m ADD COLUMN x bigserial;"},
	{"add-column-inline-check", true,  SPLIT "ALTER TABLE m ADD COLUMN x int DEFAULT 1 CHECK (x > 0);"},
	{"add-column-stored-generated", true,  SPLIT "ALTER TABLE m ADD COLUMN x int GENERATED ALWAYS AS (n + 1) STORED;"},
	{"add-column-checked-domain", true,  "CREATE TABLE q (id int); CREATE DOMAIN d1 AS int CHECK (VALUE > 0); CREATE DOMAIN d2 AS d1; ALTER TABLE q ADD COLUMN n d2 DEFAULT 1;"},
	{"add-column-volatile-default", true,  "CREATE TABLE q (id int); CREATE DOMAIN d AS float8 DEFAULT random(); ALTER TABLE q ADD COLUMN n d;"},
	{"add-column-volatile-default", false, "CREATE TABLE q (id int); CREATE DOMAIN d AS timestamptz DEFAULT now(); ALTER TABLE q ADD COLUMN n d;"},
	{"column-type-rewrite", true,  "CREATE TABLE q (id int, g int GENERATED ALWAYS AS (id + 1) STORED); ALTER TABLE q ALTER g SET EXPRESSION AS (id + 2);", .version = "17"},
	{"add-column-inline-check", true,  "CREATE TABLE q (id int); ALTER TABLE q ADD COLUMN g int NOT NULL GENERATED ALWAYS AS (id + 1) VIRTUAL;", .version = "18"},
	{"rename-column", true,  "CREATE TYPE pair AS (x int, y int); ALTER TYPE pair RENAME ATTRIBUTE x TO z;"},
	{"drop-column", true,  "CREATE TYPE pair AS (x int, y int); ALTER TYPE pair DROP ATTRIBUTE y CASCADE;"},
	{"drop-column", false, "CREATE TYPE pair AS (x int, y int); ALTER TYPE pair ADD ATTRIBUTE z int;"},
	{"rename-column", true,  "CREATE TABLE q (a int, b int); BEGIN; ALTER TABLE q RENAME a TO c; COMMIT; BEGIN; ALTER TABLE q RENAME TO q2; CREATE VIEW q AS SELECT c AS a, c, b FROM q2; COMMIT;"},
	{"set-not-null-scan", true,  SPLIT "ALTER TABLE m ALTER n SET NOT NULL;"},
	{"add-column-volatile-default", false, SPLIT "ALTER TABLE m ADD COLUMN x timestamptz DEFAULT now();"},
	{"drop-default", true,  "CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY); ALTER TABLE i ALTER id DROP IDENTITY;"},
	{"drop-default", false, "CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY); ALTER TABLE i ALTER id DROP IDENTITY, ALTER id SET DEFAULT 5;"},
	{"column-type-rewrite", false, "CREATE TABLE q (id int, c varchar(20)); ALTER TABLE q ALTER COLUMN \"c\" TYPE text USING \"c\"::text;"},
	{"column-type-rewrite", false, "CREATE TABLE q (id int, c varchar(20)); ALTER TABLE q ALTER c TYPE varchar(40) USING q.c::varchar(40);"},
	{"column-type-rewrite", true,  "CREATE TABLE q (id int, c varchar(20)); ALTER TABLE q ALTER c TYPE text USING upper(\"c\");"},
	{"update-no-where", true,  USERS "DO $$ BEGIN UPDATE users SET n = 1; END $$;"},
	{"rename-column", false, USERS "ALTER TABLE users ADD COLUMN tmp int; ALTER TABLE users RENAME COLUMN tmp TO kept;"},
	{"rename-column", false, USERS "BEGIN; ALTER TABLE users RENAME COLUMN email TO mail; ALTER TABLE users RENAME TO people;"
		"CREATE VIEW users AS SELECT *, mail AS email FROM people; COMMIT;"},
	{"rename-column", true,  USERS "BEGIN; ALTER TABLE users RENAME COLUMN email TO mail; ALTER TABLE users RENAME TO people;"
		"CREATE VIEW users AS SELECT id FROM people; COMMIT;"},
	{"drop-column", false, USERS "ALTER TABLE users ADD COLUMN tmp int; ALTER TABLE users DROP COLUMN tmp;"},
	{"drop-column-loses-unique", true,  "CREATE TABLE k (id int, a int, b int); CREATE UNIQUE INDEX u ON k (a, b); ALTER TABLE k DROP COLUMN b;"},
	{"drop-column-loses-unique", false, "CREATE TABLE k (id int, a int UNIQUE, b int, UNIQUE (a, b)); ALTER TABLE k DROP COLUMN b;"},
	{"drop-column-loses-unique", false, "CREATE TABLE k (id int, a int UNIQUE); ALTER TABLE k DROP COLUMN a;"},
	{"drop-column-loses-unique", false, "CREATE TABLE k (id int, a int, b int, UNIQUE (a, b)); ALTER TABLE k DROP COLUMN a, DROP COLUMN b;"},
	{"drop-column-loses-unique", false, "CREATE TABLE k (id int, a int, b int, UNIQUE (a, b)); BEGIN; ALTER TABLE k DROP COLUMN b; CREATE UNIQUE INDEX u ON k (a); COMMIT;"},
	{"drop-column-loses-unique", true,  "CREATE TABLE k (id int PRIMARY KEY, a int, b int, UNIQUE KEY u (a, b)); ALTER TABLE k DROP COLUMN b;", DIALECT_MYSQL},
	{"drop-column-loses-pk", true,  "CREATE TABLE k (a int, b int, PRIMARY KEY (a, b)); ALTER TABLE k DROP COLUMN b;"},
	{"drop-column-loses-pk", false, "CREATE TABLE k (a int, b int, PRIMARY KEY (a, b)); ALTER TABLE k DROP COLUMN b, ADD PRIMARY KEY (a);"},
	{"drop-column-loses-fk", true,  USERS "CREATE TABLE o (id bigint, u bigint REFERENCES users); ALTER TABLE o DROP COLUMN u;"},
	{"drop-column-loses-fk", false, USERS "CREATE TABLE o (id bigint, u bigint REFERENCES users); ALTER TABLE o DROP CONSTRAINT o_u_fkey; ALTER TABLE o DROP COLUMN u;"},
	{"drop-column-loses-fk", false, USERS "CREATE TABLE o (id bigint, u bigint REFERENCES users); BEGIN; ALTER TABLE o DROP COLUMN u; DROP TABLE users; COMMIT;"},
	{"drop-column-loses-fk", false, USERS "CREATE TABLE o (id bigint, u bigint REFERENCES users); BEGIN; ALTER TABLE users ADD x int; ALTER TABLE o DROP COLUMN u; COMMIT;"},
	{"add-column-inline-fk", false, USERS "CREATE TABLE o (id bigint); BEGIN; ALTER TABLE users ADD x int; ALTER TABLE o ADD u bigint REFERENCES users; COMMIT;"},
	{"drop-column-loses-fk", false, "CREATE TABLE o (id bigint PRIMARY KEY, up bigint REFERENCES o); ALTER TABLE o DROP COLUMN up;"},
	{"drop-column-loses-fk", false, USERS "BEGIN; CREATE TABLE o (id bigint, u bigint REFERENCES users); ALTER TABLE o DROP COLUMN u; COMMIT;"},
	{"drop-column-index-first", true,  USERS "CREATE INDEX i ON users (n) WHERE email IS NOT NULL; ALTER TABLE users DROP COLUMN email;"},
	{"drop-column-index-first", false, USERS "CREATE INDEX i ON users (n); ALTER TABLE users DROP COLUMN email;"},
	{"dependent-objects", true,  USERS "CREATE VIEW v AS SELECT email FROM users; ALTER TABLE users ALTER COLUMN email TYPE varchar;"},
	{"dependent-objects", true,  USERS "CREATE VIEW v AS SELECT email FROM users; ALTER TABLE users DROP COLUMN email CASCADE;"},
	{"dependent-objects", true,  USERS "CREATE VIEW v AS SELECT email FROM users; DROP TABLE users;"},
	{"dependent-objects", false, USERS "CREATE VIEW v AS SELECT email FROM users; ALTER TABLE users DROP COLUMN name;"},
	{"dependent-objects", false, USERS "CREATE VIEW v AS SELECT email FROM users; ALTER TABLE users RENAME COLUMN email TO mail;"},
	{"dependent-objects", false, USERS "CREATE VIEW v AS SELECT email FROM users; DROP VIEW v; ALTER TABLE users DROP COLUMN email;"},
	{"dependent-objects", true,  MY_T "CREATE VIEW vw AS SELECT a FROM t; ALTER TABLE t DROP COLUMN a;", DIALECT_MARIADB},
	{"dependent-objects", false, MY_T "CREATE VIEW vw AS SELECT a FROM t; ALTER TABLE t DROP COLUMN a; CREATE OR REPLACE VIEW vw AS SELECT id FROM t;", DIALECT_MARIADB},
	{"drop-identity-sequence", true,  "CREATE TABLE r (id serial PRIMARY KEY, n text); INSERT INTO r (id, n) VALUES (1, 'a');"},
	{"drop-identity-sequence", false, "CREATE TABLE r (id serial PRIMARY KEY, n text); INSERT INTO r (n) VALUES ('a');"},
	{"drop-identity-sequence", false, "CREATE TABLE r (id int PRIMARY KEY, n text); INSERT INTO r (id, n) VALUES (1, 'a');"},
	{"drop-identity-sequence", false, "CREATE TABLE r (id serial PRIMARY KEY, n text); INSERT INTO r (id, n) VALUES (1, 'a'); SELECT setval('r_id_seq', 1);"},
	{"drop-identity-sequence", false, "CREATE TABLE r (id serial PRIMARY KEY, n text); INSERT INTO r (id, n) VALUES (1, 'a'); ALTER SEQUENCE r_id_seq RESTART WITH 2;"},
	{"drop-identity-sequence", false, "CREATE TABLE r (id serial PRIMARY KEY, n text); INSERT INTO r (id, n) VALUES (0, 'none');"},
};
/* clang-format on */

static void test_columns(void **state)
{
	(void)state;
	run_rows(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_columns)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
