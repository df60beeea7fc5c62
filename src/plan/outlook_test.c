/* Durations and risks of a plan: what sizes make of them, and what is said when they are missing.
 */
#include "layout/fixture.h"

#include "plan/outlook.h"

static struct catalog *schema(struct fixture *f, const char *sql, struct err *err)
{
	const struct engine *e = engine_for(DIALECT_SQLITE, err);
	struct catalog *c = catalog_new(DIALECT_SQLITE, 0);
	struct reader_options ro = {.dialect = DIALECT_SQLITE};
	struct source src = {0};
	struct script script;
	struct session s;
	struct reader *r;

	session_init(&s, DIALECT_SQLITE, &f->arena);
	assert_true(e->reader_open(&r, &ro, err));
	source_init(&src, &f->arena, "base.sql", slice_of(sql));
	assert_true(script_read(e, r, &f->arena, &src, 0, src.text.len, &script, err));
	for (size_t i = 0; i < script.n; i++)
		catalog_apply_statement(c, &s, &script.at[i], &(struct slice){0});
	e->reader_close(r);
	return c;
}

static struct outlook look(struct fixture *f, const char *up, const struct table_size *sizes,
	size_t n, struct catalog **before)
{
	const struct migration **list = ARENA_ARRAY(&f->arena, 1, const struct migration *);
	struct plan *plan = ARENA_NEW(&f->arena, struct plan);
	struct plan_request req = {.migrations = list, .nmigrations = 1, .hold_ms = 2000};
	struct outlook_request o = {
		.plan = plan, .dialect = DIALECT_SQLITE, .sizes = sizes, .nsizes = n};
	struct err err = {0};
	struct outlook out;

	put(f, "migrations/1_a.up.sql", up);
	put(f, "migrations/1_a.down.sql", "SELECT 1;");
	assert_true(open_as(f, "golang-migrate", DIALECT_SQLITE));
	list[0] = &f->p.migrations[0];
	*before = schema(f, "CREATE TABLE orders (id INTEGER PRIMARY KEY, status TEXT);", &err);
	req.catalog = o.before = *before;
	assert_true(
		plan_make(plan, &f->arena, &f->p, engine_for(DIALECT_SQLITE, &err), &req, &err));
	outlook_make(&out, &f->arena, &o);
	return out;
}

static struct table_size orders(long long rows)
{
	return (struct table_size){{SL("main"), SL("orders")}, rows, -1, -1};
}

static void larger_takes_longer(void **state)
{
	struct table_size small = orders(1000), large = orders(50000000);
	struct catalog *c;
	struct outlook a = look(*state, "CREATE INDEX i ON orders (status);", &small, 1, &c), b;

	catalog_free(c);
	b = look(*state, "CREATE INDEX i ON orders (status);", &large, 1, &c);
	catalog_free(c);
	assert_true(a.time.known && b.time.known);
	assert_true(a.time.to_ms < 1000);
	assert_true(b.time.from_ms > 1000 && b.time.to_ms > b.time.from_ms);
	assert_int_equal(a.risk, RISK_LOW);
	assert_int_equal(b.risk, RISK_MEDIUM);
}

static void a_missing_size_is_named(void **state)
{
	struct catalog *c;
	struct outlook o = look(*state, "CREATE INDEX i ON orders (status);", NULL, 0, &c);

	assert_false(o.time.known);
	assert_true(slice_is(o.at[0].at[0].unknown.at[0], "the size of main.orders"));
	catalog_free(c);
}

static void a_new_table_is_nobodys(void **state)
{
	struct catalog *c;
	struct outlook o = look(*state,
		"CREATE TABLE fresh (id INTEGER, b TEXT);\nCREATE INDEX i ON fresh (b);\n"
		"ALTER TABLE fresh DROP COLUMN id;",
		NULL, 0, &c);

	assert_true(o.time.known);
	assert_int_equal(o.risk, RISK_LOW);
	catalog_free(c);
}

static void losses_count_where_rows_are(void **state)
{
	struct table_size none = orders(0), some = orders(5);
	struct catalog *c;
	struct outlook o = look(*state, "DROP TABLE orders;", &none, 1, &c);

	catalog_free(c);
	assert_int_equal(o.risk, RISK_LOW);
	o = look(*state, "DROP TABLE orders;", &some, 1, &c);
	catalog_free(c);
	assert_int_equal(o.risk, RISK_HIGH);
}

static void a_failure_needs_rows(void **state)
{
	struct table_size none = orders(0), some = orders(5);
	struct catalog *c;
	struct outlook o = look(*state, "CREATE UNIQUE INDEX u ON orders (status);", &none, 1, &c);

	catalog_free(c);
	assert_int_equal(o.risk, RISK_LOW);
	o = look(*state, "CREATE UNIQUE INDEX u ON orders (status);", &some, 1, &c);
	catalog_free(c);
	assert_int_equal(o.risk, RISK_MEDIUM);
}

static void words(void **state)
{
	struct fixture *f = *state;
	struct arena *a = &f->arena;

	assert_true(slice_is(interval_words(a, (struct interval){0, 50, true}), "up to 50 ms"));
	assert_true(
		slice_is(interval_words(a, (struct interval){3000, 250000, true}), "3 s to 4 min"));
	assert_true(slice_is(interval_words(a, (struct interval){0, 0, false}), "not known"));
	assert_true(slice_is(interval_words(a, (struct interval){7200000, 0, false}),
		"at least 2 h, then unknown"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(larger_takes_longer), TEST(a_missing_size_is_named),
		TEST(a_new_table_is_nobodys), TEST(losses_count_where_rows_are),
		TEST(a_failure_needs_rows), TEST(words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
