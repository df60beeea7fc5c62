/* unknown_column_test.c - names that are there, and names that are not, in queries of both engines.
 */
#include "engine/unknown_column.h"

#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const char schema[] = "CREATE TABLE emp (id INT PRIMARY KEY, name VARCHAR(20), dept_id INT, "
			     "boss_id INT, pay INT);"
			     "CREATE TABLE dept (id INT PRIMARY KEY, title VARCHAR(20), head INT);"
			     "CREATE VIEW seniors AS SELECT id, name FROM emp WHERE pay > 5;";

/* `unknown` NULL: every name is there, or may be. */
/* clang-format off */
static const struct {
	const char *sql, *unknown;
} cases[] = {
	{"SELECT e.name, d.title FROM emp e JOIN dept d ON d.id = e.dept_id", NULL},
	{"SELECT name n, pay * 12 yearly FROM emp ORDER BY yearly DESC, n", NULL},
	{"SELECT dept_id, count(*) cnt FROM emp GROUP BY dept_id HAVING cnt > 1", NULL},
	{"SELECT x.* FROM (SELECT id FROM emp) x WHERE x.anything > 1", NULL},
	{"SELECT anything FROM seniors", NULL},
	{"SELECT anything FROM nowhere_known", NULL},
	{"SELECT e.id FROM emp e WHERE EXISTS (SELECT 1 FROM dept WHERE head = boss_id)", NULL},
	{"SELECT e.id FROM emp e WHERE EXISTS (SELECT 1 FROM dept WHERE hed = boss_id)", "hed"},
	{"SELECT name FROM emp UNION ALL SELECT title FROM dept ORDER BY name", NULL},
	{"WITH rich (a, b) AS (SELECT id, pay FROM emp) SELECT a FROM rich WHERE b > 1", NULL},
	{"SELECT CASE WHEN pay > 5 THEN 'hi' ELSE 'lo' END AS band FROM emp", NULL},
	{"SELECT CASE WHEN pai > 5 THEN 'hi' END FROM emp", "pai"},
	{"SELECT sum(pay) OVER w FROM emp WINDOW w AS (PARTITION BY dept_id)", NULL},
	{"SELECT a.name, b.nope FROM emp a, emp b WHERE a.boss_id = b.id", "nope"},
	{"SELECT d.title FROM emp e JOIN dept d ON d.id = e.department", "department"},
	{"SELECT elsewhere.name FROM emp", "elsewhere.name"},
	{"SELECT name FROM emp ORDER BY nope", "nope"},
	{"UPDATE emp SET pay = pay + 1 WHERE dept_id = 3", NULL},
	{"UPDATE emp SET pay = pay + bonus", "bonus"},
	{"DELETE FROM emp WHERE deleted_at IS NOT NULL", "deleted_at"},
	{"DELETE FROM emp WHERE id IN (SELECT min(id) FROM dept GROUP BY nope)", "nope"},
	{"INSERT INTO dept (id, title) SELECT id + 100, name FROM emp WHERE pay > 5", NULL},
	{"INSERT INTO dept (id, titel) SELECT id, name FROM emp", "titel"},
	{"INSERT INTO dept (id, title) SELECT e.id, e.nope FROM emp e", "nope"},
	{"CREATE TABLE copy AS SELECT id, fullname FROM emp", "fullname"},
};
/* How many values: 0 is not known. */
static const struct {
	const char *sql;
	size_t n;
} counts[] = {
	{"INSERT INTO dept SELECT * FROM emp", 5},
	{"INSERT INTO dept SELECT id, count(*), max(pay) * 2 FROM emp GROUP BY id", 3},
	{"INSERT INTO dept SELECT d.*, e.id FROM dept d JOIN emp e ON e.id = d.head", 4},
	{"INSERT INTO dept SELECT * FROM dept d JOIN emp e USING (id)", 0},
	{"INSERT INTO dept SELECT * FROM seniors", 0},
	{"INSERT INTO dept (id, title) SELECT id, (SELECT max(title) FROM dept) FROM emp", 2},
	{"INSERT INTO dept VALUES (1, 'x', 2)", 0},
};
/* clang-format on */

static void look(const struct engine *e)
{
	struct arena a = {0};
	struct reader_options ro = {.dialect = e->dialect};
	struct catalog *c = catalog_new(e->dialect, 0);
	struct source src;
	struct script script = {0};
	struct reader *r = NULL;
	struct session s;
	struct slice why, name;
	struct err err = {0};
	size_t n;

	session_init(&s, e->dialect, &a);
	assert_true(e->reader_open(&r, &ro, &err));
	source_init(&src, &a, "schema", slice_of(schema));
	assert_true(script_read(e, r, &a, &src, 0, sizeof schema - 1, &script, &err));
	for (size_t i = 0; i < script.n; i++)
		assert_int_equal(catalog_apply_statement(c, &s, &script.at[i], &why), APPLIED);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool found = unknown_column(&a, c, &s, slice_of(cases[i].sql), &name);

		if (found != (cases[i].unknown != NULL) ||
			(found && !slice_is(name, cases[i].unknown)))
			fail_msg("%s: %.*s", cases[i].sql, found ? (int)name.len : 0,
				found ? name.at : "");
	}
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		bool known = selected_values(&a, c, &s, slice_of(counts[i].sql), &n);

		if ((known ? n : 0) != counts[i].n)
			fail_msg("%s: %zu", counts[i].sql, known ? n : 0);
	}
	e->reader_close(r);
	catalog_free(c);
	arena_done(&a);
}

#ifdef BELAY_WITH_MYSQL
extern const struct engine engine_mariadb;
static void test_mariadb(void **state)
{
	(void)state;
	look(&engine_mariadb);
}
#endif

#ifdef BELAY_WITH_SQLITE
extern const struct engine engine_sqlite;
static void test_sqlite(void **state)
{
	(void)state;
	look(&engine_sqlite);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef BELAY_WITH_MYSQL
		cmocka_unit_test(test_mariadb),
#endif
#ifdef BELAY_WITH_SQLITE
		cmocka_unit_test(test_sqlite),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
