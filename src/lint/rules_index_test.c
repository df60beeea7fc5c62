/* rules_index_test.c - indexes: where a rule fires, and where it must be silent. */
#include "lint/rules_fixture.h"

#define USERS "CREATE TABLE users (id bigint PRIMARY KEY, email text, name varchar(20), n int);\n"
#define ORDERS "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total numeric);\n"
#define EVENTS                                                                                     \
	"CREATE TABLE events (id bigint, day date NOT NULL) PARTITION BY RANGE (day);\n"           \
	"CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');\n"
#define KEYED                                                                                      \
	"CREATE TABLE k (id bigint PRIMARY KEY, a int, b int, c int, CONSTRAINT k_ab UNIQUE (a, "  \
	"b));\n"
#define MY_T                                                                                       \
	"CREATE TABLE t (id int PRIMARY KEY, a int, b int, body text, d json, KEY ka (a), UNIQUE " \
	"KEY ub (b));\n"

/* clang-format off */
static const struct row rows[] = {
	{"index-not-concurrent", false, USERS "BEGIN; CREATE MATERIALIZED VIEW m AS SELECT id FROM users; CREATE INDEX i ON m (id); COMMIT;"},
	{"index-not-concurrent", true,  USERS "CREATE MATERIALIZED VIEW m AS SELECT id FROM users; CREATE INDEX i ON m (id);"},
	{"index-not-concurrent", true,  EVENTS "CREATE INDEX i ON events (id);"},
	{"drop-index-not-concurrent", false, EVENTS "CREATE INDEX i ON events (id); DROP INDEX i;"},
	{"drop-index-not-concurrent", true,  EVENTS "CREATE INDEX i ON e1 (id); DROP INDEX i;"},
	{"reindex-not-concurrent", false, "BEGIN;" ORDERS "REINDEX TABLE orders; COMMIT;"},
	{"concurrent-index-retry", false, ORDERS "DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON orders (user_id);"},
	{"concurrent-index-retry", false, ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"concurrently-in-tx", true,  EVENTS "BEGIN; ALTER TABLE events DETACH PARTITION e1 CONCURRENTLY; COMMIT;", 0, "15"},

	{"index-not-concurrent", true,  ORDERS "DO $$ BEGIN CREATE INDEX i ON orders (user_id); END $$;"},
	{"index-not-concurrent", true,  ORDERS "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = 'i') THEN CREATE INDEX i ON orders (user_id); END IF; END $$;"},
	{"index-not-concurrent", false, "DO $$ BEGIN CREATE TABLE z (id int); CREATE INDEX i ON z (id); END $$;"},
	{"index-in-exclusive-tx", true,  ORDERS "BEGIN; ALTER TABLE orders ADD COLUMN x int; CREATE INDEX i ON orders (x); COMMIT;"},
	{"index-in-exclusive-tx", true,  USERS ORDERS "BEGIN; ALTER TABLE users ADD COLUMN x int; CREATE INDEX i ON orders (user_id); COMMIT;"},
	{"index-in-exclusive-tx", false, ORDERS "ALTER TABLE orders ADD COLUMN x int; CREATE INDEX i ON orders (x);"},
	{"index-in-exclusive-tx", false, USERS "BEGIN; ALTER TABLE users ADD COLUMN x int;" ORDERS "CREATE INDEX i ON orders (user_id); COMMIT;"},
	{"index-in-exclusive-tx", false, USERS "BEGIN; COMMENT ON TABLE users IS 'x'; CREATE INDEX i ON users (email); COMMIT;"},
	{"index-in-exclusive-tx", false, ORDERS "BEGIN; SAVEPOINT s; ALTER TABLE orders ADD COLUMN x int; ROLLBACK TO s; CREATE INDEX i ON orders (user_id); COMMIT;"},
	{"index-not-concurrent", false, ORDERS "BEGIN; ALTER TABLE orders ADD COLUMN x int; CREATE INDEX i ON orders (x); COMMIT;"}, /* hidden */

	{"concurrent-index-tight-timeout", true,  ORDERS "SET lock_timeout = '5s'; CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"concurrent-index-tight-timeout", true,  ORDERS "SET statement_timeout = '1min'; REINDEX TABLE CONCURRENTLY orders;"},
	{"concurrent-index-tight-timeout", false, ORDERS "SET lock_timeout = '5s'; RESET lock_timeout; CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"concurrent-index-tight-timeout", false, ORDERS "SET lock_timeout = '10min'; CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"concurrent-index-tight-timeout", false, ORDERS "SET statement_timeout = '2h'; CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"concurrent-index-tight-timeout", false, ORDERS "SET lock_timeout = '5s'; CREATE INDEX i ON orders (user_id);"},
	{"concurrent-index-tight-timeout", false, ORDERS "BEGIN; SET LOCAL lock_timeout = '5s'; SELECT 1; COMMIT; CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"concurrent-index-tight-timeout", false, ORDERS "SET LOCAL lock_timeout = '5s'; CREATE INDEX CONCURRENTLY i ON orders (user_id);"},

	{"index-14-corruption", true,  ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id);", 0, "14.1"},
	{"index-14-corruption", true,  ORDERS "REINDEX TABLE CONCURRENTLY orders;", 0, "14.3"},
	{"index-14-corruption", false, ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id);", 0, "14.4"},
	{"index-14-corruption", false, ORDERS "CREATE INDEX CONCURRENTLY i ON orders (user_id);", 0, "14"},
	{"index-14-corruption", false, ORDERS "CREATE INDEX i ON orders (user_id);", 0, "14.1"},

	{"replace-index-gap", true,  ORDERS "CREATE INDEX i ON orders (user_id); DROP INDEX i; CREATE INDEX i ON orders (user_id);"},
	{"replace-index-gap", true,  ORDERS "CREATE INDEX i ON orders (user_id); DROP INDEX i; CREATE INDEX i2 ON orders (user_id, total);"},
	{"replace-index-gap", false, ORDERS "CREATE INDEX i ON orders (user_id); CREATE INDEX i2 ON orders (user_id, total); DROP INDEX i;"},
	{"replace-index-gap", false, ORDERS "CREATE INDEX i ON orders (user_id); BEGIN; DROP INDEX i; CREATE INDEX i ON orders (user_id); COMMIT;"},
	{"replace-index-gap", false, ORDERS "CREATE INDEX i ON orders (user_id); DROP INDEX i; CREATE INDEX i2 ON orders (total);"},
	{"replace-index-gap", false, ORDERS "DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON orders (user_id);"},
	{"replace-index-gap", false, ORDERS "CREATE INDEX i ON orders (user_id); CREATE INDEX i3 ON orders (user_id); DROP INDEX i; CREATE INDEX i2 ON orders (user_id, total);"},
	{"replace-index-gap", true,  MY_T "ALTER TABLE t DROP INDEX ka; ALTER TABLE t ADD INDEX kab (a, b);", DIALECT_MYSQL},
	{"replace-index-gap", false, MY_T "ALTER TABLE t DROP INDEX ka, ADD INDEX kab (a, b);", DIALECT_MYSQL},

	{"drop-backing-index", true,  KEYED "DROP INDEX k_ab;"},
	{"drop-backing-index", true,  KEYED "DROP INDEX CONCURRENTLY k_pkey;"},
	{"drop-backing-index", false, KEYED "CREATE INDEX i ON k (a); DROP INDEX i;"},
	{"history-replay", false, KEYED "DROP INDEX k_ab;"}, /* hidden */

	{"drop-unique-guard", true,  KEYED "ALTER TABLE k DROP CONSTRAINT k_ab;"},
	{"drop-unique-guard", true,  KEYED "CREATE UNIQUE INDEX u ON k (c); DROP INDEX u;"},
	{"drop-unique-guard", false, KEYED "CREATE UNIQUE INDEX u ON k (a); ALTER TABLE k DROP CONSTRAINT k_ab;"},
	{"drop-unique-guard", false, KEYED "ALTER TABLE k DROP CONSTRAINT k_ab, ADD CONSTRAINT k_abc UNIQUE (a, b, c);"},
	{"drop-unique-guard", false, KEYED "BEGIN; ALTER TABLE k DROP CONSTRAINT k_ab; CREATE UNIQUE INDEX u ON k (a, c); COMMIT;"},
	{"drop-unique-guard", false, KEYED "BEGIN; ALTER TABLE k DROP CONSTRAINT k_ab; ALTER TABLE k DROP COLUMN b; COMMIT;"},
	{"drop-unique-guard", false, KEYED "ALTER TABLE k DROP CONSTRAINT k_ab; DROP TABLE k;"},
	{"drop-unique-guard", false, "BEGIN;" KEYED "ALTER TABLE k DROP CONSTRAINT k_ab; COMMIT;"},
	{"drop-unique-guard", false, KEYED "CREATE INDEX i ON k (c); DROP INDEX i;"},
	{"drop-unique-guard", true,  MY_T "ALTER TABLE t DROP INDEX ub;", DIALECT_MARIADB},
	{"drop-unique-guard", false, MY_T "ALTER TABLE t DROP INDEX ka;", DIALECT_MARIADB},

	{"redundant-index", true,  KEYED "CREATE INDEX i ON k (a);"},
	{"redundant-index", true,  KEYED "CREATE INDEX i ON k (id);"},
	{"redundant-index", false, KEYED "CREATE INDEX i ON k (b);"},
	{"redundant-index", false, KEYED "CREATE UNIQUE INDEX i ON k (a);"},
	{"redundant-index", false, KEYED "CREATE INDEX i ON k (a) WHERE c > 0;"},
	{"redundant-index", false, KEYED "CREATE INDEX i ON k USING hash (a);"},
	{"redundant-index", false, KEYED "CREATE INDEX i ON k (a DESC);"},
	{"redundant-index", false, KEYED "CREATE INDEX i ON k (a, b) INCLUDE (c);"},
	{"redundant-index", false, USERS "CREATE INDEX i ON users (email); CREATE INDEX i2 ON users (email text_pattern_ops);"},
	{"redundant-index", false, USERS "CREATE INDEX i ON users (email); CREATE INDEX i2 ON users (email COLLATE \"C\");"},
	{"redundant-index", true,  "CREATE TABLE t (id int PRIMARY KEY, a int, b int, KEY x (a), KEY y (a, b));", DIALECT_MYSQL},
	{"redundant-index", false, "CREATE TABLE t (id int PRIMARY KEY, a int, b int, KEY x (a), KEY y (b, a));", DIALECT_MYSQL},
	{"wide-index", true,  KEYED "CREATE INDEX i ON k (a, b, c, id);"},
	{"wide-index", false, KEYED "CREATE UNIQUE INDEX i ON k (a, b, c, id);"},
	{"wide-index", false, KEYED "CREATE INDEX i ON k (a, b, c) INCLUDE (id);"},
	{"unnamed-index", true,  KEYED "CREATE INDEX ON k (c);"},
	{"unnamed-index", true,  MY_T "ALTER TABLE t ADD INDEX (id, a);", DIALECT_MYSQL},
	{"unnamed-index", false, KEYED "CREATE INDEX i ON k (c);"},
	{"index-duplicate-column", true,  KEYED "CREATE INDEX i ON k (a, b, a);"},
	{"index-duplicate-column", false, USERS "CREATE INDEX i ON users (email, lower(email));"},
	{"hash-index-unlogged", false, KEYED "CREATE INDEX i ON k (c);"},
	{"index-jsonb-gin-class", false, "CREATE TABLE t (id bigint, tags text[]); CREATE INDEX i ON t USING gin (tags);"},
	{"index-jsonb-gin-class", true,  "CREATE TABLE t (id bigint, d jsonb); CREATE INDEX i ON t USING gin (d jsonb_ops);"},
	{"index-jsonb-gin-class", false, "CREATE TABLE t (id bigint, d jsonb); CREATE INDEX i ON t ((d ->> 'a'));"},
	{"index-vector-params", true,  "CREATE TABLE t (id bigint, e vector(3)); CREATE INDEX i ON t USING ivfflat (e vector_l2_ops);"},
	{"index-vector-params", false, "CREATE TABLE t (id bigint, e vector(3)); CREATE INDEX i ON t USING ivfflat (e vector_l2_ops) WITH (lists = 100);"},
	{"spatial-without-index", true,  "CREATE TABLE p (id bigint, at geography(Point, 4326));"},
	{"spatial-without-index", false, "CREATE TABLE p (id bigint, at geography(Point, 4326)); CREATE INDEX i ON p USING spgist (at);"},
	{"spatial-without-index", true,  "CREATE TABLE p (id bigint, at geometry); CREATE INDEX i ON p (id);"},
	{"drop-visible-index", true,  MY_T "DROP INDEX ka ON t;", DIALECT_MYSQL},
	{"drop-visible-index", false, MY_T "ALTER TABLE t ALTER INDEX ka INVISIBLE; ALTER TABLE t DROP INDEX ka;", DIALECT_MYSQL},
	{"drop-visible-index", false, MY_T "ALTER TABLE t ALTER INDEX ka IGNORED; ALTER TABLE t DROP INDEX ka;", DIALECT_MARIADB},
	{"drop-visible-index", true,  MY_T "ALTER TABLE t ALTER INDEX ka INVISIBLE, ADD COLUMN x int;", DIALECT_MYSQL},
	{"index-lob-key", true,  MY_T "CREATE INDEX i ON t (body);", DIALECT_MYSQL},
	{"index-lob-key", true,  MY_T "CREATE INDEX i ON t (d);", DIALECT_MYSQL},
	{"index-lob-key", true,  "CREATE TABLE x (id int PRIMARY KEY, body blob, KEY (body));", DIALECT_MYSQL},
	{"index-lob-key", false, "CREATE TABLE x (id int PRIMARY KEY, body text, KEY (body(20)), FULLTEXT KEY (body));", DIALECT_MYSQL},
	{"index-lob-key", false, MY_T "CREATE INDEX i ON t (body);", DIALECT_MARIADB},
};
/* clang-format on */

static void test_indexes(void **state)
{
	(void)state;
	run_rows(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_indexes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
