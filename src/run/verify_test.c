/* What verify scripts expect, in the forms that people write. */
#include "layout/fixture.h"

#include "run/run.h"

static size_t failures(struct fixture *f, const char *script)
{
	struct conn_options o = {.url = SL("sqlite::memory:")};
	const struct migration *m;
	struct run_result res = {0};
	struct conn *c;

	put(f, "migrations/001_a.sql", "-- UP\nSELECT 1;\n");
	put(f, "migrations/verify_001.sql", script);
	assert_true(open_as(f, "plain", DIALECT_SQLITE));
	m = &f->p.migrations[0];
	assert_true(engine_connect(&c, &o, &f->err));
	if (!run_verify(&res, &f->arena, &f->p, &m, 1, c, &f->err))
		fail_msg("%s", f->err.message);
	conn_close(c);
	return res.nfailures;
}

struct row {
	const char *script;
	size_t failed;
};

static void check(void **state, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t got = failures(*state, rows[i].script);

		if (got != rows[i].failed)
			fail_msg("%zu failures, not %zu: %s", got, rows[i].failed, rows[i].script);
	}
}

#define CHECK(rows) check(state, rows, sizeof(rows) / sizeof *(rows))

static void expected_lines(void **state)
{
	static const struct row rows[] = {
		{"SELECT 'phone', 'character varying', 'YES';\n"
		 "-- Expected: phone | character varying | YES\n"
		 "SELECT 0;\n-- Expected: 0\n",
			0},
		{"SELECT 'phone', 'text';\n-- Expected: phone | character varying\n", 1},
		{"SELECT 3;\n-- Expected: 0\n", 1},
		{"SELECT 0; -- expected: 0 (all of them filled)\n", 0},
		{"SELECT 1 WHERE 0;\n-- Expected: no rows\n", 0},
		{"SELECT 1;\n-- Expected: none\n", 1},
		{"SELECT 1;\n-- Expected: at least one row\n", 0},
		{"SELECT 1 WHERE 0;\n-- Expected: some\n", 1},
		{"SELECT NULL;\n-- Expected: NULL\n", 0},
	};

	CHECK(rows);
}

static void other_words(void **state)
{
	static const struct row rows[] = {
		{"SELECT 0;\n-- Should be 0 if backfill worked\n", 0},
		{"SELECT 4;\n-- Should be 0 (valid phone format)\n", 1},
		{"-- Check row counts\nSELECT 1000;\n-- Before: 1000\n-- After: 1000 (should "
		 "match)\n",
			0},
		{"SELECT 999;\n-- Before: 1000\n-- After: 1000 (should match)\n", 1},
		{"-- Verify column exists\nSELECT 'phone';\n\n-- Verify index exists\n"
		 "SELECT 'idx' WHERE 0;\n",
			1},
	};

	CHECK(rows);
}

static void directives(void **state)
{
	static const struct row rows[] = {
		{"-- belay:verify none\nSELECT 1 WHERE 0;\n", 0},
		{"-- belay:verify none\nSELECT 1;\n", 1},
		{"-- belay:verify some\nSELECT 1;\n", 0},
		{"-- belay:verify some\nSELECT 1 WHERE 0;\n", 1},
		{"-- belay:verify expect 'a | 1'\nSELECT 'a', 1;\n", 0},
		{"-- belay:verify expect 'a | 2'\nSELECT 'a', 1;\n", 1},
	};

	CHECK(rows);
}

static void nothing_said_means_no_row(void **state)
{
	static const struct row rows[] = {
		{"SELECT 1 WHERE 0;\n", 0},
		{"SELECT 1;\n", 1},
	};

	CHECK(rows);
}

static void only_questions(void **state)
{
	struct fixture *f = *state;
	struct conn_options o = {.url = SL("sqlite::memory:")};
	const struct migration *m;
	struct run_result res = {0};
	struct conn *c;

	put(f, "migrations/001_a.sql", "-- UP\nSELECT 1;\n");
	put(f, "migrations/verify_001.sql", "CREATE TABLE x (a);\n");
	assert_true(open_as(f, "plain", DIALECT_SQLITE));
	m = &f->p.migrations[0];
	assert_true(engine_connect(&c, &o, &f->err));
	assert_false(run_verify(&res, &f->arena, &f->p, &m, 1, c, &f->err));
	assert_int_equal(f->err.code, ERR_INPUT);
	assert_non_null(strstr(f->err.message, "is not a SELECT"));
	conn_close(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(expected_lines),
		TEST(other_words),
		TEST(directives),
		TEST(nothing_said_means_no_row),
		TEST(only_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
