/* rules_backfill_test.c - data changes, transactions in scripts, ALGORITHM and LOCK as written. */
#include "lint/rules_fixture.h"

#define USERS "CREATE TABLE users (id bigint PRIMARY KEY, plan text, n int);\n"
#define T                                                                                          \
	"CREATE TABLE t (id int PRIMARY KEY, a int, v varchar(20)) DEFAULT CHARACTER SET "         \
	"utf8mb4;\n"
#define MARIA DIALECT_MARIADB
#define MYSQL DIALECT_MYSQL

#define PARTED                                                                                     \
	"CREATE TABLE y (id int, n int, KEY (id)) PARTITION BY RANGE (n) (PARTITION p0 VALUES "    \
	"LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));"

/* clang-format off */
static const struct row rows[] = {
	{"dml-in-schema-migration", true,  USERS "INSERT INTO users (id) VALUES (1);"},
	{"dml-in-schema-migration", false, "INSERT INTO users (id) VALUES (1);"},
	{"dml-in-schema-migration", false, "BEGIN;" USERS "INSERT INTO users (id) VALUES (1); COMMIT;"}, /* its own table */
	{"insert-shape", true,  USERS "INSERT INTO users SELECT 1, 'a', 2;"},
	{"insert-shape", false, USERS "INSERT INTO users DEFAULT VALUES;"},
	{"insert-shape", true,  T "INSERT INTO t VALUES (1, 2, 'a');", MYSQL},
	{"insert-shape", false, T "INSERT INTO t (id, a) VALUES (1, 2);", MYSQL},
	{"insert-shape", true,  USERS "INSERT INTO users (id) SELECT id FROM users ORDER BY random() LIMIT 5;"},
	{"analyze-after-backfill", false, USERS "UPDATE users SET n = 1 WHERE id = 1;"},
	{"analyze-after-backfill", false, USERS "INSERT INTO users (id) SELECT 1; ANALYZE;"},
	{"analyze-after-backfill", false, USERS "INSERT INTO users (id) VALUES (1);"},
	{"analyze-after-backfill", true,  USERS "INSERT INTO users (id) SELECT 1; ANALYZE others;"},
	{"toast-bloat", true,  USERS "UPDATE users SET n = 1, plan = 'x' WHERE true;"},
	{"toast-bloat", false, USERS "UPDATE users SET plan = 'x' WHERE id = 5;"},
	{"toast-bloat", false, "BEGIN;" USERS "UPDATE users SET plan = 'x'; COMMIT;"},
	/* transactions */
	{"nested-tx", true,  "COMMIT;"},
	{"nested-tx", true,  "BEGIN; ROLLBACK; ROLLBACK;"},
	{"nested-tx", true,  "START TRANSACTION; BEGIN; COMMIT;", MYSQL},
	{"nested-tx", false, "BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT;"},
	{"nested-tx", false, "DO $$ BEGIN PERFORM 1; COMMIT; END $$;"},
	{"nested-tx", false, "BEGIN; INSERT INTO t VALUES (1); COMMIT; BEGIN; INSERT INTO t VALUES (2); COMMIT;", DIALECT_SQLITE},
	{"unclosed-tx", true,  "BEGIN;"},
	{"unclosed-tx", true,  "BEGIN; SELECT 1; COMMIT; BEGIN; SELECT 2;"},
	{"unclosed-tx", false, "BEGIN; SELECT 1; ROLLBACK;"},
	{"unclosed-tx", false, "SELECT 1;"},
	{"unclosed-tx", false, "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;"},
	{"unclosed-tx", true,  "BEGIN; CREATE TABLE t (a);", DIALECT_SQLITE},
	{"unclosed-tx", false, "START TRANSACTION; INSERT INTO t VALUES (1); CREATE TABLE x (a int);", MYSQL}, /* it commits */
	/* ALGORITHM and LOCK */
	{"algorithm-copy", true,  T "ALTER TABLE t ADD INDEX (a), ALGORITHM=INPLACE, LOCK=SHARED;", MYSQL},
	{"algorithm-copy", false, T "ALTER TABLE t ADD INDEX (a), ALGORITHM=INPLACE, LOCK=NONE;", MYSQL},
	{"algorithm-copy", false, T "ALTER TABLE t MODIFY a bigint, ALGORITHM=COPY;", MARIA}, /* there is no other way */
	{"algorithm-copy", false, T "ALTER TABLE t MODIFY v varchar(20) COLLATE utf8mb4_bin, LOCK=SHARED;", MYSQL},
	{"algorithm-copy", false, T "ALTER TABLE t ADD FULLTEXT INDEX (v), LOCK=SHARED;", MYSQL},
	{"algorithm-not-asserted", true,  T "ALTER TABLE t ADD INDEX (a), ALGORITHM=DEFAULT;", MARIA},
	{"algorithm-not-asserted", false, T "ALTER TABLE t ADD INDEX (a), LOCK=NONE;", MARIA},
	/* copies, partitions */
	{"table-copied", true,  PARTED "ALTER TABLE y REMOVE PARTITIONING;", MARIA},
	{"table-copied", true,  PARTED "ALTER TABLE y REORGANIZE PARTITION p0, p1 INTO (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (40));", MYSQL},
	{"table-copied", false, PARTED "ALTER TABLE y ADD PARTITION (PARTITION p2 VALUES LESS THAN (90));", MARIA},
	{"table-copied", false, PARTED "ALTER TABLE y OPTIMIZE PARTITION p0;", MARIA},
	{"table-copied", false, PARTED "ALTER TABLE y REMOVE PARTITIONING;", MARIA, .version = "11.8"},
	{"table-copied", true,  PARTED "ALTER TABLE y REBUILD PARTITION p0;", MARIA, .version = "11.8"},
	{"table-copied", true,  T "ALTER TABLE t ENGINE=MyISAM;", MARIA},
	{"table-copied", false, T "ALTER TABLE t ADD COLUMN n int;", MARIA},
	{"table-copied", false, T "ALTER TABLE t MODIFY a bigint;", MARIA}, /* mysql-column-copy */
	{"table-copied", true,  "CREATE TABLE g (id int PRIMARY KEY, a int, s int AS (a + 1) VIRTUAL); ALTER TABLE g ADD COLUMN n int FIRST;", MARIA},
	{"drop-partition", true,  PARTED "ALTER TABLE y DROP PARTITION p0;", MYSQL},
	{"drop-partition", true,  "ALTER TABLE y TRUNCATE PARTITION ALL;", MARIA},
	{"drop-partition", true,  "CREATE TABLE v (id int PRIMARY KEY) WITH SYSTEM VERSIONING; ALTER TABLE v DROP SYSTEM VERSIONING;", MARIA},
	{"drop-partition", false, PARTED "ALTER TABLE y DROP PARTITION nothing;", MARIA}, /* refused */
	{"alter-ignore", true,  T "ALTER IGNORE TABLE t ADD UNIQUE KEY u (a);", MARIA},
	{"alter-ignore", false, T "ALTER IGNORE TABLE t ADD KEY k (a);", MARIA},
	{"replace-cascades", true,  T "CREATE TABLE k (id int PRIMARY KEY, t_id int, FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE SET NULL);"
		"REPLACE INTO t (id, a) VALUES (1, 2);", MYSQL},
	{"replace-cascades", false, T "CREATE TABLE k (id int PRIMARY KEY, t_id int, FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE);"
		"INSERT INTO t (id, a) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = 2;", MYSQL},
	{"lock-table", true,  "FLUSH TABLES WITH READ LOCK;", MYSQL},
	{"lock-table", true,  "FLUSH TABLES t WITH READ LOCK;", MARIA},
	{"lock-table", false, "FLUSH TABLES; FLUSH PRIVILEGES;", MARIA},
	/* a WHERE that holds nothing back */
	{"unbatched-backfill", true,  USERS "UPDATE users SET n = 1 WHERE 1 = 1 AND plan <> '';"},
	{"unbatched-backfill", false, USERS "UPDATE users SET n = 1 WHERE 'a' = plan;"},
	{"update-no-where", true,  USERS "UPDATE users SET n = 1 WHERE id > 5 OR 1 = 1;"},
	{"unbatched-backfill", true,  USERS "UPDATE users SET n = 1 WHERE id = 5 OR n IS NULL;"},
	{"unbatched-backfill", false, USERS "UPDATE users SET n = 1 WHERE id = 5 OR id = 6;"},
	{"unbatched-backfill", false,
		USERS "UPDATE users SET n = 1 WHERE (n IS NULL OR id > 7) AND id = 5;"},
	{"split-alter-table", true,  T "ALTER TABLE t ADD COLUMN b int; ALTER TABLE t DROP COLUMN a;", MARIA},
	{"split-alter-table", false, USERS "ALTER TABLE users ADD COLUMN a int; SELECT 1; ALTER TABLE users ADD COLUMN b int;"},
	{"split-alter-table", false, USERS "ALTER TABLE users ADD CONSTRAINT c CHECK (n > 0) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c;"},
	{"split-alter-table", false, "BEGIN;" USERS "ALTER TABLE users ADD COLUMN a int; ALTER TABLE users ADD COLUMN b int; COMMIT;"},
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
