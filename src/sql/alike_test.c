/* alike_test.c - which INSERTs are one like the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "sql/alike.h"

static bool alike(enum dialect d, const char *first, const char *second)
{
	struct alike a = alike_begin(d, slice_of(first));

	return alike_is(&a, slice_of(second));
}

static const enum dialect all[] = {DIALECT_POSTGRES, DIALECT_MARIADB, DIALECT_SQLITE};

static void same_shape(void **state)
{
	static const char *const pairs[][2] = {
		{"INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (-2.5e3, 'it''s; (1)')"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (NULL), (DEFAULT), (true)"},
		{"insert into s.t (a, b) values(1,2)", "insert into s.t (a, b) values (3, +4)"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES /* one */ (2)"},
	};

	(void)state;
	for (size_t d = 0; d < 3; d++)
		for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
			assert_true(alike(all[d], pairs[i][0], pairs[i][1]));
	assert_true(alike(DIALECT_POSTGRES, "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
		"INSERT INTO t VALUES (2) ON CONFLICT DO NOTHING"));
	assert_true(alike(DIALECT_MARIADB, "INSERT IGNORE INTO t VALUES (_binary 'a')",
		"INSERT IGNORE INTO t VALUES (0x41)"));
}

static void other_shape(void **state)
{
	static const char *const pairs[][2] = {
		{"INSERT INTO t VALUES (1)", "INSERT INTO u VALUES (1)"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1, 2)"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1), (1, 2)"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (now())"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES ((SELECT 1))"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1 + 1)"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (a)"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1) RETURNING *"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t VALUES ('1"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t (a) VALUES (1)"},
	};

	(void)state;
	for (size_t d = 0; d < 3; d++)
		for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
			assert_false(alike(all[d], pairs[i][0], pairs[i][1]));
}

/* What may do another thing for another value is like nothing. */
static void none_like_it(void **state)
{
	static const char *const texts[] = {
		"INSERT INTO t SELECT 1",
		"REPLACE INTO t VALUES (1)",
		"INSERT OR REPLACE INTO t VALUES (1)",
		"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
		"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 2",
		"INSERT INTO t VALUES (nextval('s'))",
		"INSERT INTO t VALUES ($1)",
		"INSERT INTO t DEFAULT VALUES",
		"UPDATE t SET a = 1",
		"",
	};

	(void)state;
	for (size_t d = 0; d < 3; d++)
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			assert_false(alike(all[d], texts[i], texts[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_shape),
		cmocka_unit_test(other_shape),
		cmocka_unit_test(none_like_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
