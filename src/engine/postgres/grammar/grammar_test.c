/* grammar_test.c - both providers pass it, less the newer syntax. */
#include "engine/postgres/grammar/grammar.h"

#include "base/buf.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static bool parses(struct grammar *g, const char *sql, struct slice *json, size_t *at)
{
	struct grammar_fault fault;
	struct err err = {0};
	bool ok = grammar_parse(g, slice_of(sql), json, &fault, &err);

	assert_false(err_is(&err));
	if (!ok)
		assert_true(fault.message.len > 0);
	if (at)
		*at = fault.offset;
	return ok;
}

static void test_tree(void **state)
{
	struct grammar *g;
	struct err err = {0};
	struct slice json;
	size_t at;

	(void)state;
	assert_true(grammar_open(&g, &err));
	assert_true(parses(g, "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 0", &json, NULL));
	assert_true(slice_find(json, SL("AT_AddColumn")) != SIZE_MAX);
	assert_true(slice_find(json, SL("pg_catalog")) != SIZE_MAX);
	assert_false(parses(g, "ALTER TABLE \xc3\xa9t ADDD COLUMN c", &json, &at));
	assert_int_equal(at, 16);
	assert_true(parses(g, "SELECT 1; SELECT 2", &json, NULL));
	assert_true(parses(g, "", &json, NULL));
	grammar_close(g);
}

static void test_newer_syntax(void **state)
{
	static const struct {
		int since;
		const char *sql;
	} cases[] = {
		{15, "CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT"},
		{16, "SELECT * FROM (SELECT 1)"},
		{17, "ALTER TABLE t ALTER COLUMN c SET EXPRESSION AS (a + 1)"},
		{18, "ALTER TABLE t ADD CONSTRAINT n NOT NULL c NOT VALID"},
		{18, "ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL"},
		{18, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT ENFORCED"},
	};
	struct grammar *g;
	struct err err = {0};
	struct slice json;

	(void)state;
	assert_true(grammar_open(&g, &err));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (cases[i].since <= grammar_version())
			assert_true(parses(g, cases[i].sql, &json, NULL));
	grammar_close(g);
}

static void test_plpgsql(void **state)
{
	struct grammar_fault fault;
	struct grammar *g;
	struct err err = {0};
	struct slice json;

	(void)state;
	assert_true(grammar_open(&g, &err));
	assert_true(grammar_plpgsql(g,
		SL("DO $$ BEGIN IF true THEN EXECUTE 'DROP TABLE x'; END IF; END $$"), &json,
		&fault, &err));
	assert_true(slice_find(json, SL("PLpgSQL_stmt_dynexecute")) != SIZE_MAX);
	assert_false(grammar_plpgsql(g, SL("DO $$ BEGIN IF; END $$"), &json, &fault, &err));
	grammar_close(g);
}

/* Nothing that comes from a file may take the process down, or make it grow. */
static void test_hostile(void **state)
{
	struct grammar_fault fault;
	struct grammar *g;
	struct err err = {0};
	struct slice json;
	struct buf b = {0};

	(void)state;
	assert_true(grammar_open(&g, &err));
	buf_adds(&b, "SELECT ");
	for (int i = 0; i < 200000; i++)
		buf_addc(&b, '(');
	assert_false(grammar_parse(g, buf_slice(&b), &json, &fault, &err));
	buf_clear(&b);
	buf_adds(&b, "SELECT 1");
	for (int i = 0; i < 300000; i++)
		buf_adds(&b, "+1");
	(void)grammar_parse(g, buf_slice(&b), &json, &fault, &err);
	assert_false(err_is(&err));
	buf_clear(&b);
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, (char)(i * 7919 >> 3 | 1));
	(void)grammar_parse(g, buf_slice(&b), &json, &fault, &err);
	assert_false(grammar_parse(g, SL("SELECT \0 1"), &json, &fault, &err));
	assert_int_equal(fault.offset, 7);
	/* and afterwards it still works */
	assert_true(grammar_parse(g, SL("SELECT 1"), &json, &fault, &err));
	grammar_close(g);
	buf_done(&b);
}

static void *in_thread(void *arg)
{
	struct grammar_fault fault;
	struct grammar *g;
	struct err err = {0};
	struct slice json;
	bool ok = grammar_open(&g, &err);

	(void)arg;
	for (int i = 0; ok && i < 200; i++) {
		ok = grammar_parse(
			g, SL("CREATE TABLE t (a int PRIMARY KEY)"), &json, &fault, &err);
		if (i % 10 == 0)
			ok = ok && !grammar_parse(g, SL("CREATE TABL"), &json, &fault, &err);
	}
	grammar_close(g);
	return ok ? (void *)1 : NULL;
}

static void test_threads(void **state)
{
	pthread_t t[4];
	void *ok;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, in_thread, NULL), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(t[i], &ok);
		assert_non_null(ok);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_newer_syntax),
		cmocka_unit_test(test_plpgsql),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
