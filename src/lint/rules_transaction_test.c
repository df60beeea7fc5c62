/* rules_transaction_test.c - rules over several statements: what a transaction keeps, and releases.
 */
#include "lint/rules_fixture.h"

#define TABLES                                                                                     \
	"CREATE TABLE a (id bigint PRIMARY KEY, n int); CREATE TABLE b (id bigint PRIMARY KEY, n " \
	"int);\n"

/* clang-format off */
static const struct row rows[] = {
	{"work-under-exclusive-lock", true,  TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD CHECK (n > 0); COMMIT;", .alone = true},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD CHECK (n > 0); COMMIT;"}, /* add-check-validated */
	{"add-check-validated", true,  TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD CHECK (n > 0); COMMIT;"},
	{"work-under-exclusive-lock", true,  TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; CREATE TABLE c AS SELECT * FROM b; COMMIT;"},
	{"work-under-exclusive-lock", true,  TABLES "BEGIN; DROP TABLE a; SELECT count(*) FROM b; COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD CHECK (n > 0);"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE a ADD CHECK (n > 0); COMMIT;"}, /* said by its own rule */
	{"work-under-exclusive-lock", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; COMMIT; BEGIN; ALTER TABLE b ADD CHECK (n > 0); COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; SAVEPOINT s; ALTER TABLE a ADD COLUMN x int; ROLLBACK TO s; ALTER TABLE b ADD CHECK (n > 0); COMMIT;"},
	/* a key and a trigger keep writers out */
	{"work-under-exclusive-lock", true,  TABLES "BEGIN; CREATE TABLE c (a int REFERENCES a); INSERT INTO c SELECT id FROM a; COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; CREATE TABLE c (a int REFERENCES a); INSERT INTO c VALUES (1); COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; CREATE INDEX ON a (n); CREATE INDEX ON b (n); COMMIT;"},
	{"work-under-exclusive-lock", true,  TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; SELECT pg_sleep(5); COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; UPDATE b SET n = 1 WHERE id = 4; COMMIT;"},
	{"work-under-exclusive-lock", false, "BEGIN;" TABLES "ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD CHECK (n > 0); COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; INSERT INTO b VALUES (1, 1); COMMIT;"},
	{"work-under-exclusive-lock", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; UPDATE b SET n = 1 WHERE n IS NULL; COMMIT;"}, /* ddl-and-backfill-tx */
	{"ddl-and-backfill-tx", true,  TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; UPDATE b SET n = 1 WHERE n IS NULL; COMMIT;"},
	{"several-tables-one-tx", true,  TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; COMMIT;"},
	{"several-tables-one-tx", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; COMMIT; ALTER TABLE b ADD COLUMN x int;"},
	{"several-tables-one-tx", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE a ADD COLUMN y int; COMMIT;"},
	{"several-tables-one-tx", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; CREATE TABLE c (id int); ALTER TABLE c ADD COLUMN y int; COMMIT;"},
	{"lock-upgrade", true,  TABLES "BEGIN; SELECT count(*) FROM a; ALTER TABLE a ADD COLUMN x int; COMMIT;"},
	{"lock-upgrade", true,  TABLES "BEGIN; ALTER TABLE a ADD COLUMN f bigint; ALTER TABLE a ADD FOREIGN KEY (f) REFERENCES b NOT VALID; ALTER TABLE b ADD COLUMN y int; COMMIT;"},
	{"lock-upgrade", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; SELECT count(*) FROM a; COMMIT;"},
	{"lock-upgrade", false, TABLES "SELECT count(*) FROM a; ALTER TABLE a ADD COLUMN x int;"},
	{"lock-upgrade", false, TABLES "BEGIN; SELECT count(*) FROM a; COMMIT; BEGIN; ALTER TABLE a ADD COLUMN x int; COMMIT;"},
	{"lock-order", true,  TABLES "BEGIN; DROP TABLE b; ALTER TABLE a ADD COLUMN x int; ROLLBACK; BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; COMMIT;"},
	{"lock-order", false, TABLES "BEGIN; ALTER TABLE a ADD COLUMN x int; ALTER TABLE b ADD COLUMN x int; ALTER TABLE a ADD COLUMN y int; COMMIT;"},
	{"no-lock-timeout", true,  TABLES "SET lock_timeout = 0; ALTER TABLE a ADD COLUMN x int;"},
	{"no-lock-timeout", true,  TABLES "ALTER TABLE a ADD COLUMN x int; SET lock_timeout = '1s';"},
	{"no-lock-timeout", true,  TABLES "BEGIN; SET LOCAL lock_timeout = '1s'; COMMIT; ALTER TABLE a ADD COLUMN x int;"},
	{"no-lock-timeout", true,  TABLES "SET lock_timeout = '1s'; RESET ALL; ALTER TABLE a ADD COLUMN x int;"},
	{"no-lock-timeout", false, TABLES "BEGIN; SET LOCAL lock_timeout = '1s'; ALTER TABLE a ADD COLUMN x int; COMMIT;"},
	{"no-lock-timeout", false, TABLES "CREATE INDEX CONCURRENTLY i ON a (n);"},
	{"no-lock-timeout", false, "CREATE TABLE t (id int);"},
	{"lock-timeout-too-long", false, TABLES "SET lock_timeout = '10min'; CREATE INDEX CONCURRENTLY i ON a (n);"},
	{"no-statement-timeout", false, TABLES "SET statement_timeout = '1min'; ALTER TABLE a ADD COLUMN x int;"},
	{"no-idle-timeout", false, TABLES "ALTER TABLE a ADD COLUMN x int;"},
	{"release-contract", true,  TABLES "ALTER TABLE a ADD COLUMN m int, DROP COLUMN n;"},
	{"release-contract", true,  TABLES "ALTER TABLE a ADD COLUMN m int; ALTER TABLE a RENAME COLUMN n TO o;"},
	{"release-contract", false, TABLES "ALTER TABLE a ADD COLUMN m int; ALTER TABLE b DROP COLUMN n;"},
	{"release-contract", false, TABLES "ALTER TABLE a ADD COLUMN m int; ALTER TABLE a DROP COLUMN m;"},
	{"drop-before-deprecation", true,  TABLES "COMMENT ON COLUMN a.n IS 'DEPRECATED: remove after 2030-01-01'; ALTER TABLE a DROP COLUMN n;"},
	{"drop-before-deprecation", false, TABLES "COMMENT ON COLUMN a.n IS 'DEPRECATED: remove after 2025-01-01'; ALTER TABLE a DROP COLUMN n;"},
	{"drop-before-deprecation", true,  TABLES "DROP TABLE a;"},
	{"drop-before-deprecation", false, TABLES "COMMENT ON TABLE a IS 'goes on 2026-01-31'; DROP TABLE a;"},
	{"drop-before-deprecation", false, "BEGIN;" TABLES "DROP TABLE a; COMMIT;"},
};
/* clang-format on */

static void test_transactions(void **state)
{
	(void)state;
	run_rows(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_transactions)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
