/* What is a marker, what is a remark, and what stops everything. */
#include "layout/fixture.h"

static void words(void **state)
{
	static const struct {
		const char *text;
		enum marker marker;
	} rows[] = {
		{"UP", MARKER_UP},
		{" up ", MARKER_UP},
		{"Up:", MARKER_UP},
		{" UP Migration", MARKER_UP},
		{"=== Migrate UP ===", MARKER_UP},
		{"Migration: Up", MARKER_UP},
		{"DOWN", MARKER_DOWN},
		{" Down Migration", MARKER_DOWN},
		{" Rollback:", MARKER_DOWN},
		{"ROLLBACK SCRIPT", MARKER_DOWN},
		{"Roll back", MARKER_DOWN},
		{"[down]", MARKER_DOWN},
		{"Verify", MARKER_VERIFY},
		{" Verification queries:", MARKER_VERIFY},
		{"dwon", MARKER_UNKNOWN},
		{"Donw migration", MARKER_UNKNOWN},
		{"rolback", MARKER_UNKNOWN},
		{"up / down", MARKER_UNKNOWN},
		{"up and down", MARKER_UNKNOWN},
		{"+goose Up", MARKER_UNKNOWN},
		{"migrate:up", MARKER_UNKNOWN},
		{"+migrate Down", MARKER_UNKNOWN},
		{"-- create above / drop below ----", MARKER_UNKNOWN},
		{"Clean up", MARKER_NONE},
		{"Set up the tables", MARKER_NONE},
		{"Drop down list", MARKER_NONE},
		{"Up to 10 rows", MARKER_NONE},
		{"rollback is not possible, see 12", MARKER_NONE},
		{"Migration: add users", MARKER_NONE},
		{"Migration 1: Add column", MARKER_NONE},
		{"Expected: 0", MARKER_NONE},
		{"own", MARKER_NONE},
		{"done", MARKER_NONE},
		{"Verify column exists", MARKER_NONE},
		{"", MARKER_NONE},
		{"----------", MARKER_NONE},
	};
	const char *tool;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (marker_of(slice_of(rows[i].text), &tool) != rows[i].marker)
			fail_msg("\"%s\" is %d, not %d", rows[i].text,
				(int)marker_of(slice_of(rows[i].text), &tool), (int)rows[i].marker);
}

static bool split(struct fixture *f, const char *text, struct script_part parts[3])
{
	struct source *src = ARENA_NEW(&f->arena, struct source);

	f->p = (struct project){.arena = &f->arena, .root = f->root};
	memset(parts, 0, 3 * sizeof *parts);
	source_init(src, &f->arena, "001_x.sql", slice_of(text));
	return markers_split(&f->p, src, &parts[0], &parts[1], &parts[2]);
}

static void parts(void **state)
{
	struct fixture *f = *state;
	struct script_part p[3];

	assert_true(split(f, "SELECT 1;", p));
	assert_string_equal(text_of(f, &p[0]), "SELECT 1;");
	assert_null(p[1].src);
	assert_true(split(f, "-- down\nSELECT 2;\n-- up\nSELECT 1;\n", p));
	assert_string_equal(text_of(f, &p[0]), "SELECT 1;");
	assert_string_equal(text_of(f, &p[1]), "SELECT 2;");
	assert_true(split(f, "SELECT 1;\n/* DOWN */\nSELECT 2;\n-- VERIFY\nSELECT 3;\n", p));
	assert_string_equal(text_of(f, &p[0]), "SELECT 1;");
	assert_string_equal(text_of(f, &p[1]), "SELECT 2;");
	assert_string_equal(text_of(f, &p[2]), "SELECT 3;");
	assert_true(split(f, "\xef\xbb\xbf-- UP\r\nSELECT 1;\r\n-- DOWN\r\nSELECT 2;", p));
	assert_string_equal(text_of(f, &p[0]), "SELECT 1;");
	assert_string_equal(text_of(f, &p[1]), "SELECT 2;");
}

/* Inside quotes, bodies and behind a statement there are no markers. */
static void not_markers(void **state)
{
	static const char *const texts[] = {
		"CREATE FUNCTION f() RETURNS int AS $$\n-- down\nSELECT 1\n$$ LANGUAGE sql;",
		"SELECT '\n-- down\n';",
		"SELECT 1; -- down",
		"-- Rollback: DROP TABLE x;\nCREATE TABLE x(y int);",
		"CREATE TABLE x(y int);\n-- Rollback: see the wiki",
		"CREATE TABLE x(y int);\n-- Rollback: DROP TABLE x;\nSELECT 1;",
	};
	struct fixture *f = *state;
	struct script_part p[3];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!split(f, texts[i], p) || p[1].src)
			fail_msg("%s", texts[i]);
		assert_string_equal(text_of(f, &p[0]), texts[i]);
	}
}

static void refusals(void **state)
{
	static const char *const texts[] = {
		"SELECT 1;\n-- Dwon\nSELECT 2;",
		"SELECT 1;\n-- UP\nSELECT 2;",
		"-- UP\nSELECT 1;\n-- UP\nSELECT 2;",
		"-- DOWN\nSELECT 1;\n-- DOWN\nSELECT 2;",
		"SELECT 1;\n-- Rollback: bring the column back\nSELECT 2;",
		"SELECT it's;\n-- donw\nSELECT 2;",
	};
	struct fixture *f = *state;
	struct script_part p[3];

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (split(f, texts[i], p))
			fail_msg("%s", texts[i]);
		assert_string_equal(rules(f), "!unknown-marker");
		assert_non_null(f->p.problems[0].span.src);
	}
}

static void numbers(void **state)
{
	(void)state;
	assert_true(cmp_number(SL("9"), SL("10")) < 0);
	assert_true(cmp_number(SL("007"), SL("7")) == 0);
	assert_true(cmp_number(SL("000"), SL("0")) == 0);
	assert_true(cmp_number(SL("18446744073709551616"), SL("18446744073709551615")) > 0);
	assert_true(is_near(SL("dwon"), "down"));
	assert_true(is_near(SL("Dow"), "down"));
	assert_true(is_near(SL("downn"), "down"));
	assert_true(is_near(SL("doen"), "down"));
	assert_false(is_near(SL("down"), "down"));
	assert_false(is_near(SL("done"), "down"));
	assert_false(is_near(SL(""), "down"));
}

static void tools(void **state)
{
	static const struct {
		struct known_table t[2];
		size_t n;
		const char *tool;
	} rows[] = {
		{{{SL("schema_migrations"), SL(",dirty,version,")}}, 1, "golang-migrate"},
		{{{SL("schema_migrations"), SL(",version,")}}, 1, "dbmate"},
		{{{SL("ar_internal_metadata"), SL(",key,value,")},
			 {SL("schema_migrations"), SL(",version,")}},
			2, "Rails"},
		{{{SL("schema_migrations"), SL(",inserted_at,version,")}}, 1, "Ecto"},
		{{{SL("schema_version"), SL(",version,")}}, 1, "tern"},
		{{{SL("schema_version"), SL(",installed_rank,version,")}}, 1, "Flyway"},
		{{{SL("migrations"), SL(",id,name,timestamp,")}}, 1, "TypeORM"},
		{{{SL("migrations"), SL(",batch,id,migration,")}}, 1, "Laravel"},
		{{{SL("DATABASECHANGELOG"), SL(",AUTHOR,ID,")}}, 1, "Liquibase"},
		{{{SL("migrations"), SL(",id,from_country,")}}, 1, NULL},
		{{{SL("users"), SL(",id,")}}, 1, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *tool = tool_of_tables(rows[i].t, rows[i].n);

		if (rows[i].tool)
			assert_string_equal(tool, rows[i].tool);
		else
			assert_null(tool);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(words), T(parts), T(not_markers),
		T(refusals), cmocka_unit_test(numbers), cmocka_unit_test(tools)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
