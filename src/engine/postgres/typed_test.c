/* typed_test.c - expressions and queries that are parsed, typed and worked out. */
#include "engine/postgres/typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct bed {
	struct arena arena;
	struct catalog *catalog;
	struct session session;
	struct effect effect;
	struct looking l;
};

static void make(struct bed *b)
{
	*b = (struct bed){0};
	b->catalog = catalog_new(DIALECT_POSTGRES, 150000);
	catalog_set_complete(b->catalog, true);
	session_init(&b->session, DIALECT_POSTGRES, &b->arena);
	b->l = (struct looking){.arena = &b->arena,
		.catalog = b->catalog,
		.session = &b->session,
		.out = &b->effect,
		.version = 150000};
}

static void unmake(struct bed *b)
{
	catalog_free(b->catalog);
	arena_done(&b->arena);
}

/* ---- Types ---- */
static const struct {
	const char *expression, *type, *fault;
} types[] = {
	{"1 + 1", "integer", NULL},
	{"1 + 3000000000", "bigint", NULL},
	{"1 / 2.0", "numeric", NULL},
	{"'a' || 'b'", "text", NULL},
	{"now() - interval '1 day'", "timestamp with time zone", NULL},
	{"now()::date + 7", "date", NULL},
	{"CASE WHEN true THEN 1 ELSE 2.5 END", "numeric", NULL},
	{"coalesce(NULL, 5)", "integer", NULL},
	{"upper('x') LIKE 'X%' AND NOT 1 IN (1, 2)", "boolean", NULL},
	{"extract(year FROM date '2024-02-29')", "numeric", NULL},
	{"array_length(ARRAY['a', 'b'], 1)", "integer", NULL},
	{"'{\"a\": 1}'::jsonb -> 'a'", "jsonb", NULL},
	{"(1 < 2) IS NOT TRUE", "boolean", NULL},
	{"5 BETWEEN 1 AND 10", "boolean", NULL},
	{"1 + 'x'", "", "invalid input"},
	{"now() + 1", "", "operator does not exist"},
	{"nothing_of_that_name(1)", "", "function nothing_of_that_name"},
	{"1 = ANY (ARRAY['a'::text])", "", "operator does not exist"},
	{"a", "", "column \"a\" does not exist"},
	{"'2023-02-29'::date", "", "invalid input"},
	{"NOT 5", "", "argument of NOT"},
	{"CASE WHEN true THEN 1 ELSE now() END", "", "CASE types"},
	{"5 COLLATE \"C\"", "", "collations are not supported"},
};

static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct typed_scope none = {0};
		struct typed_node *n;
		struct typing t;
		struct slice type;
		struct bed b;

		make(&b);
		n = typed_expr(&b.arena, slice_of(types[i].expression));
		if (!n)
			fail_msg("%s is not read", types[i].expression);
		typed_begin(&t, &b.l);
		type = typed_type(&t, &none, n);
		if (types[i].fault ? !slice_starts(t.fault, types[i].fault) : t.fault.len > 0)
			fail_msg("%s: %.*s", types[i].expression, SLICE(t.fault));
		if (!types[i].fault && !slice_is(type, types[i].type))
			fail_msg("%s is %.*s", types[i].expression, SLICE(type));
		unmake(&b);
	}
}

/* ---- Values ---- */
static const struct {
	const char *expression;
	enum value_kind kind;
	bool truth;
} values[] = {
	{"v > 5", VALUE_BOOL, true},
	{"v > 5 AND w IS NULL", VALUE_BOOL, true},
	{"v IN (1, 2)", VALUE_BOOL, false},
	{"v NOT IN (1, NULL)", VALUE_NULL, false},
	{"v = ANY (ARRAY[7, 8])", VALUE_BOOL, true},
	{"v = ANY (ARRAY[9, 8])", VALUE_BOOL, false},
	{"w > 5", VALUE_NULL, false},
	{"w > 5 OR v = 7", VALUE_BOOL, true},
	{"t LIKE '%@%'", VALUE_BOOL, true},
	{"length(t) < 3", VALUE_BOOL, false},
	{"lower(t) = t", VALUE_BOOL, true},
	{"t < 'z'", VALUE_OPAQUE, false}, /* the collation's to say */
	{"v > random()", VALUE_OPAQUE, false},
	{"v < 0 AND random() > 0", VALUE_BOOL, false},
	{"other > 1", VALUE_OPAQUE, false},
	{"(t)::text = ANY ((ARRAY['x'::character varying, 'a@b'::character varying])::text[])",
		VALUE_BOOL, true},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct value row_values[] = {{.kind = VALUE_NUMBER, .number = 7},
			{.kind = VALUE_NULL}, {.kind = VALUE_TEXT, .text = SL("a@b")}};
		struct typed_row row = {.values = row_values};
		struct typed_node *n;
		struct value v;
		struct bed b;

		make(&b);
		names_add(&b.arena, &row.columns, SL("v"));
		names_add(&b.arena, &row.columns, SL("w"));
		names_add(&b.arena, &row.columns, SL("t"));
		n = typed_expr(&b.arena, slice_of(values[i].expression));
		if (!n)
			fail_msg("%s is not read", values[i].expression);
		v = typed_value(&b.l, &row, n);
		if (v.kind != values[i].kind ||
			(v.kind == VALUE_BOOL && v.truth != values[i].truth))
			fail_msg("%s: %d", values[i].expression, v.kind);
		unmake(&b);
	}
}

/* ---- Literals ---- */
static const struct {
	const char *text, *type;
	enum fit fit;
} literals[] = {
	{"5", "integer", FITS},
	{" -5 ", "smallint", FITS},
	{"5.5", "integer", FIT_BAD},
	{"70000", "smallint", FIT_BAD},
	{"1e3", "numeric", FITS},
	{"12.5", "numeric(3,2)", FIT_BAD},
	{"9.5", "numeric(3,2)", FITS},
	{"abc", "character varying(2)", FIT_BAD},
	{"ab ", "character varying(2)", FITS},
	{"yes", "boolean", FITS},
	{"maybe", "boolean", FIT_BAD},
	{"2024-02-29", "date", FITS},
	{"2023-02-29", "date", FIT_BAD},
	{"2024-01-01 25:00", "timestamp with time zone", FIT_BAD},
	{"2024-01-01T10:00:00Z", "timestamp with time zone", FITS},
	{"1 March 2024", "date", FIT_UNKNOWN},
	{"now", "timestamp without time zone", FIT_UNKNOWN},
	{"soon", "date", FIT_BAD},
	{"{1,2}", "integer[]", FITS},
	{"{1,x}", "integer[]", FIT_BAD},
	{"{1,2", "integer[]", FIT_BAD},
	{"[1]", "text[]", FIT_BAD},
	{"{\"a\": [1, true, null, \"x\\n\"]}", "jsonb", FITS},
	{"{a: 1}", "jsonb", FIT_BAD},
	{"", "json", FIT_BAD},
	{"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "uuid", FITS},
	{"a0eebc99", "uuid", FIT_BAD},
	{"10.0.0.1/8", "inet", FITS},
	{"10.0.0.300", "inet", FIT_BAD},
	{"[1,5)", "int4range", FIT_UNKNOWN},
	{"1,5", "int4range", FIT_BAD},
	{"anything", "somebodys_type", FIT_UNKNOWN},
};

static void test_literals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
		struct bed b;
		enum fit fit;

		make(&b);
		fit = pg_literal_fits(
			&b.l, slice_of(literals[i].text), slice_of(literals[i].type), false, true);
		if (fit != literals[i].fit)
			fail_msg("%s as %s: %d", literals[i].text, literals[i].type, fit);
		unmake(&b);
	}
}

/* ---- Whatever the text ---- */
static void each_part(struct slice text)
{
	for (size_t i = 0; i <= text.len; i++)
		for (int end = 0; end < 2; end++) {
			struct slice part = end ? slice_from(text, i) : slice_sub(text, 0, i);
			struct typed_query *q;
			struct typed_node *n;
			struct typing t;
			struct bed b;

			make(&b);
			typed_begin(&t, &b.l);
			q = typed_query(&b.arena, part);
			if (q)
				typed_query_faults(&t, NULL, q);
			n = typed_expr(&b.arena, part);
			if (n)
				typed_type(&t, NULL, n);
			if (n)
				typed_value(&b.l, NULL, n);
			typed_dml(&b.arena, part);
			typed_insert(&b.arena, part);
			pg_literal_fits(&b.l, part, SL("jsonb"), false, true);
			pg_literal_fits(&b.l, part, SL("date[]"), false, true);
			pg_literal_fits(&b.l, part, SL("inet"), false, true);
			pg_literal_fits(&b.l, part, SL("timestamp with time zone"), false, true);
			unmake(&b);
		}
}

static void test_parts(void **state)
{
	static const char *const texts[] = {
		"WITH x (a, b) AS (SELECT 1, 'y') SELECT DISTINCT ON (a) a.b::numeric(5,2)[] AS c, "
		"count(*) FILTER (WHERE a > 1) OVER (PARTITION BY b) FROM x AS a (p, q) LEFT JOIN "
		"LATERAL (VALUES (1, 2), (3, 4)) v ON a.p = v.column1 NATURAL JOIN y WHERE NOT a "
		"BETWEEN 1 AND 2 AND b IN (SELECT 1) GROUP BY 1, c HAVING max(q) > 1 UNION ALL "
		"SELECT 1 ORDER BY 1 DESC NULLS LAST LIMIT 5 FOR UPDATE",
		"UPDATE t AS x SET (a, b) = (1, DEFAULT), c[1] = $1 FROM y WHERE x.id = y.id AND z "
		"~* '^a' COLLATE \"C\" RETURNING *, x.a + 1 AS n",
		"INSERT INTO s.t AS x (a, b) OVERRIDING SYSTEM VALUE SELECT a, trim(both 'x' FROM "
		"b) "
		"FROM t ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b WHERE x.b <> 'q' RETURNING a",
		"CASE a WHEN 1 THEN ARRAY[[1]] ELSE (ROW(1, 2)).f END = ANY ('{1,2}'::int[]) OR "
		"extract(year FROM timestamp with time zone '2024-01-01 10:00+02') > -5.e3 AND "
		"substring(x FROM 1 FOR 2) IS DISTINCT FROM position('a' IN b)::text",
		"{\"a\": [1, {\"b\": \"\\u00e9\"}, -1.5e+3], \"c\": {}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		each_part(slice_of(texts[i]));
}

/* Brackets in brackets end somewhere, without a fault. */
static void test_depth(void **state)
{
	struct bed b;
	char *deep;

	(void)state;
	make(&b);
	deep = arena_alloc(&b.arena, 40000);
	memset(deep, '(', 40000);
	assert_null(typed_expr(&b.arena, slice_n(deep, 40000)));
	assert_null(typed_expr(&b.arena, slice_n(deep, 3000)));
	memset(deep, '-', 3000);
	for (size_t i = 1; i < 3000; i += 2)
		deep[i] = ' ';
	assert_null(typed_expr(&b.arena, slice_n(deep, 3000)));
	unmake(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_literals),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
