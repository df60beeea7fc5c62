/* quote_test.c - names and values as SQL text; the words that need quotes; versions. */
#include "sql/quote.h"
#include "sql/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PG DIALECT_POSTGRES
#define MY DIALECT_MYSQL
#define LITE DIALECT_SQLITE

/* What quote_ident() of PostgreSQL 15 answered. */
static const char *const postgres_says[] = {"abc", "\"Abc\"", "\"a b\"", "\"a\"\"b\"", "\"select\"",
	"\"user\"", "\"order\"", "\"table\"", "name", "value", "type", "date", "\"time\"",
	"\"timestamp\"", "\"int\"", "\"integer\"", "\"bigint\"", "\"char\"", "\"varchar\"",
	"\"position\"", "\"values\"", "\"row\"", "\"left\"", "\"join\"", "\"is\"", "\"like\"",
	"\"desc\"", "\"asc\"", "\"offset\"", "\"limit\"", "key", "data", "action", "begin",
	"\"end\"", "\"current_date\"", "year", "\"interval\"", "\"coalesce\"", "\"between\"",
	"\"exists\"", "x1", "\"1x\"", "_x", "\"x_$\"", "\"x$\"", "\"é\"", "\"\"", "\"a.b\"",
	"\"group\"", "\"window\"", "over", "partition", "filter", "public", "\"default\"",
	"\"primary\"", "\"references\"", "\"authorization\"", "\"freeze\"", "\"similar\"",
	"\"verbose\"", "\"tablesample\"", "\"greatest\"", "\"xmlelement\"", "\"none\"",
	"\"national\"", "\"bit\"", "\"boolean\"", "\"grouping\"", "\"inout\"", "\"out\"",
	"\"precision\"", "\"substring\"", "\"trim\"", "\"treat\"", "\"setof\"", "\"normalize\""};

static struct slice unquoted(struct slice s)
{
	static const struct slice odd = {"a\"b", 3};

	if (slice_is(s, "\"a\"\"b\""))
		return odd;
	return slice_starts(s, "\"") ? slice_sub(s, 1, s.len - 2) : s;
}

static void test_pretty_postgres(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof postgres_says / sizeof *postgres_says; i++) {
		struct buf b = {0};

		quote_ident_pretty(&b, PG, unquoted(slice_of(postgres_says[i])));
		assert_string_equal(buf_cstr(&b), postgres_says[i]);
		buf_done(&b);
	}
}

static void ident(enum dialect d, bool pretty, const char *name, const char *want)
{
	struct buf b = {0};

	if (pretty)
		quote_ident_pretty(&b, d, slice_of(name));
	else
		quote_ident(&b, d, slice_of(name));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void test_idents(void **state)
{
	(void)state;
	ident(PG, false, "a", "\"a\"");
	ident(PG, false, "a\"\"b\"", "\"a\"\"\"\"b\"\"\"");
	ident(MY, false, "a`b\"", "`a``b\"`");
	ident(LITE, false, "a`b", "\"a`b\"");
	ident(MY, true, "Orders", "Orders");
	ident(MY, true, "rank", "`rank`");
	ident(MY, true, "2nd", "`2nd`");
	ident(MY, true, "a-b", "`a-b`");
	ident(LITE, true, "Orders", "Orders");
	ident(LITE, true, "order", "\"order\"");
	ident(LITE, true, "key", "key");
	ident(LITE, true, "Group", "\"Group\"");
	assert_true(word_is_reserved(DIALECT_UNKNOWN, SL("Select")));
	assert_true(word_is_reserved(DIALECT_MARIADB, SL("offset")));
	assert_false(word_is_reserved(PG, SL("orders")));
	assert_false(word_is_reserved(PG, SL("a_word_that_is_much_longer_than_any_keyword_is")));
}

static void literal(enum dialect d, struct slice value, const char *want)
{
	struct buf b = {0};

	quote_literal(&b, d, value);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void test_literals(void **state)
{
	(void)state;
	literal(PG, SL("it's"), "'it''s'");
	literal(PG, SL("a\\b'"), "E'a\\\\b'''");
	literal(PG, SL("a\0b"), "'a'");
	literal(PG, SLICE_NONE, "''");
	literal(MY, SL("it's \\ \0"), "'it''s \\\\ \\0'");
	literal(LITE, SL("it's \\"), "'it''s \\'");
	literal(LITE, SL("a\0b"), "CAST(X'610062' AS TEXT)");
}

static void test_sqlf(void **state)
{
	struct buf b = {0};

	(void)state;
	sqlf(&b, PG, "ALTER TABLE %N DROP COLUMN %I -- %L %s %d %lld 100%%", SL("s"), SL("T"),
		SL("c\"d"), SL("it's"), SL("RAW"), -7, 1234567890123ll);
	assert_string_equal(buf_cstr(&b), "ALTER TABLE \"s\".\"T\" DROP COLUMN \"c\"\"d\" -- "
					  "'it''s' RAW -7 1234567890123 100%");
	buf_clear(&b);
	sqlf(&b, MY, "%N", SLICE_NONE, SL("t"));
	assert_string_equal(buf_cstr(&b), "`t`");
	buf_clear(&b);
	quote_name_pretty(&b, PG, SL("public"), SL("User"));
	assert_string_equal(buf_cstr(&b), "public.\"User\"");
	buf_done(&b);
}

static void version(enum dialect d, const char *text, int number, const char *back)
{
	char out[24];

	assert_int_equal(version_from_text(d, slice_of(text)), number);
	assert_string_equal(version_text(d, number, out), back);
}

static void test_versions(void **state)
{
	(void)state;
	version(PG, "15.20", 150020, "15.20");
	version(PG, "15", 150000, "15");
	version(PG, "15.20 (Debian 15.20-0+deb12u1)", 150020, "15.20");
	version(PG, "PostgreSQL 18beta1", 180000, "18");
	version(PG, "9.6.24", 90624, "9.6.24");
	version(DIALECT_MARIADB, "10.11.19", 101119, "10.11.19");
	version(DIALECT_MARIADB, "5.5.5-10.11.19-MariaDB-0+deb12u1", 101119, "10.11.19");
	version(DIALECT_MARIADB, "10.11", 101100, "10.11");
	version(MY, "8.0.36-0ubuntu0", 80036, "8.0.36");
	version(MY, "8.0", 80000, "8.0");
	version(LITE, "3.40.1", 34001, "3.40.1");
	assert_int_equal(version_from_text(PG, SL("none")), 0);
	assert_int_equal(version_from_text(PG, SL("999999999999999.1")), 99990001);
	for (int d = DIALECT_UNKNOWN; d <= DIALECT_SQLITE; d++)
		assert_int_equal(dialect_from_name(slice_of(dialect_name((enum dialect)d))), d);
	assert_int_equal(dialect_from_name(SL("PostgreSQL")), PG);
	assert_int_equal(dialect_from_name(SL("oracle")), DIALECT_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pretty_postgres),
		cmocka_unit_test(test_idents),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_sqlf),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
