/* bulk_test.c - what is left out of a large INSERT, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "sql/bulk.h"

/* head, then `row` times `n` with commas between, then tail. */
static struct statement built(
	struct arena *a, const char *head, const char *row, size_t n, const char *tail)
{
	struct statement st = {0};
	struct buf b = {0};

	buf_adds(&b, head);
	for (size_t i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", row);
	buf_adds(&b, tail);
	st.text = st.raw = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return st;
}

static void leaves_small_ones_alone(void **state)
{
	struct arena a = {0};
	struct statement st = built(&a, "INSERT INTO t VALUES ", "(1)", 1000, "");
	struct bulk b = bulk_trim(&a, DIALECT_SQLITE, &st);

	(void)state;
	assert_int_equal(b.says.len, 0);
	assert_true(st.text.at == st.raw.at && st.text.len == st.raw.len);
	arena_done(&a);
}

static void leaves_out_rows(void **state)
{
	static const enum dialect dialects[] = {DIALECT_POSTGRES, DIALECT_MYSQL, DIALECT_SQLITE};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct arena a = {0};
		struct statement st =
			built(&a, "INSERT INTO t (a, b) VALUES ", "(1, 'a); (')", 400000, "");
		struct bulk b = bulk_trim(&a, dialects[i], &st);

		assert_int_equal(b.rows, 400000);
		assert_in_range(b.rows_read, 100000, 200000);
		assert_false(b.unreadable);
		assert_true(slice_ends(st.text, "(1, 'a); (')"));
		assert_in_range(st.text.len, BULK_BYTES, BULK_BYTES + 20);
		assert_true(slice_starts(b.says, "it has 400000 rows, and only the first "));
		arena_done(&a);
	}
}

/* Rows of one digit have more words in a megabyte. */
static void leaves_out_small_rows(void **state)
{
	struct arena a = {0};
	struct statement st = built(&a, "INSERT INTO t VALUES ", "(1)", 1000000, "");
	struct bulk b = bulk_trim(&a, DIALECT_MARIADB, &st);

	(void)state;
	assert_false(b.unreadable);
	assert_in_range(b.rows_read, BULK_TOKENS / 8 - 10, BULK_TOKENS / 8 + 10);
	arena_done(&a);
}

/* What stands behind the rows keeps its place. */
static void keeps_the_tail(void **state)
{
	static const char tail[] = " ON CONFLICT (a) DO NOTHING";
	struct arena a = {0};
	struct statement st = built(&a, "INSERT INTO t VALUES ", "(1, 2)", 400000, tail);
	struct bulk b = bulk_trim(&a, DIALECT_POSTGRES, &st);

	(void)state;
	assert_int_equal(st.text.len, st.raw.len);
	assert_true(slice_ends(st.text, tail));
	assert_true(slice_is(slice_sub(st.text, st.text.len - strlen(tail) - 3, 3), "   "));
	assert_true(b.rows > b.rows_read);
	arena_done(&a);
}

static void reads_one_large_value(void **state)
{
	struct arena a = {0};
	char *value = arena_alloc(&a, 3 << 20);
	struct statement st;

	(void)state;
	memset(value, 'x', (3 << 20) - 1);
	value[0] = value[(3 << 20) - 2] = '\'';
	value[(3 << 20) - 1] = 0;
	st = built(&a, "INSERT INTO t VALUES (", value, 1, ")");
	assert_int_equal(bulk_trim(&a, DIALECT_MYSQL, &st).says.len, 0);
	assert_int_equal(st.text.len, st.raw.len);
	arena_done(&a);
}

static void refuses_too_many_words(void **state)
{
	struct arena a = {0};
	struct statement st = built(&a, "DELETE FROM t WHERE a IN (", "1", 1500000, ")");
	struct bulk b = bulk_trim(&a, DIALECT_MYSQL, &st);

	(void)state;
	assert_true(b.unreadable);
	assert_true(slice_is(b.says, "it has more than 2000000 words and signs, and no more are "
				     "read of one statement"));
	st = built(&a, "DELETE FROM t WHERE a IN (", "1", 900000, ")");
	assert_false(bulk_trim(&a, DIALECT_MYSQL, &st).unreadable);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_small_ones_alone),
		cmocka_unit_test(leaves_out_rows),
		cmocka_unit_test(leaves_out_small_rows),
		cmocka_unit_test(keeps_the_tail),
		cmocka_unit_test(reads_one_large_value),
		cmocka_unit_test(refuses_too_many_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
