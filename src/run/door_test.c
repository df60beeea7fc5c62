/* What would be lost, on a database in memory: each case is what is there, the migration, and the
 * doors that are found. */
#include "layout/fixture.h"

#include "run/run.h"

struct row {
	const char *there, *up, *doors;
};

static void add_words(struct buf *b, const struct door *v, size_t n)
{
	static const char letters[] = "tcrp"; /* table, column, rows, partition */

	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%c %.*s %lld%s", i ? ", " : "", letters[v[i].kind],
			SLICE(v[i].object), v[i].rows, v[i].allowed ? " allowed" : "");
}

static void find(struct fixture *f, const struct row *row, struct buf *out)
{
	struct conn_options o = {.url = SL("sqlite::memory:")};
	struct run_state state = {0};
	struct plan_request q = {.direction = DIR_UP, .nmigrations = 1};
	const struct migration *m;
	struct door *v = NULL;
	struct doors doors;
	struct plan plan;
	struct conn *c;
	size_t n = 0;

	put(f, "migrations/001_a.sql", arena_printf(&f->arena, "-- UP\n%s\n", row->up).at);
	assert_true(open_as(f, "plain", DIALECT_SQLITE));
	m = &f->p.migrations[0];
	q.migrations = &m;
	assert_true(engine_connect(&c, &o, &f->err));
	assert_true(conn_exec(c, slice_of(row->there), &f->err));
	if (!plan_make(&plan, &f->arena, &f->p, c->engine, &q, &f->err) ||
		!doors_begin(&doors, &plan, c, &state, &f->arena, &f->err) ||
		!doors_find(&doors, 0, plan.nsteps, &v, &n, &f->err))
		fail_msg("%s: %s", row->up, f->err.message);
	add_words(out, v, n);
	conn_close(c);
}

static void check(void **state, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf got = {0};

		find(*state, &rows[i], &got);
		if (strcmp(buf_cstr(&got), rows[i].doors) != 0)
			fail_msg("%s: found \"%s\", not \"%s\"", rows[i].up, buf_cstr(&got),
				rows[i].doors);
		buf_done(&got);
	}
}

#define CHECK(rows) check(state, rows, sizeof(rows) / sizeof *(rows))
#define THREE                                                                                      \
	"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t (a) VALUES ('x')," \
	" ('y'), (NULL); CREATE TABLE e (id INTEGER); CREATE VIEW w AS SELECT a FROM t;"

static void statements(void **state)
{
	static const struct row rows[] = {
		{THREE, "DROP TABLE t;", "t main.t 3"},
		{THREE, "DROP TABLE e;", ""},
		{THREE, "DROP TABLE IF EXISTS nothing;", ""},
		{THREE, "ALTER TABLE t DROP COLUMN a;", "c main.t.a 2"},
		{THREE, "ALTER TABLE t DROP COLUMN b;", ""},
		{THREE, "DELETE FROM t;", "r main.t 3"},
		{THREE, "DELETE FROM t WHERE true;", "r main.t 3"},
		{THREE, "DELETE FROM t WHERE id = 1;", ""},
		{THREE, "UPDATE t SET a = NULL;", ""},
		{THREE, "DROP VIEW w;", ""},
		{THREE, "DELETE FROM t; DROP TABLE t;", "r main.t 3, t main.t 3"},
		{THREE, "-- belay:destroys main.t\nDROP TABLE t;", "t main.t 3 allowed"},
		{THREE, "-- belay:destroys t\nDROP TABLE t;", "t main.t 3 allowed"},
		{THREE, "-- belay:destroys e\nDROP TABLE t;", "t main.t 3"},
	};

	CHECK(rows);
}

static void renames(void **state)
{
	static const struct row rows[] = {
		{THREE, "ALTER TABLE t RENAME TO u; DROP TABLE u;", "t main.t 3"},
		{THREE, "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO v; DELETE FROM v;",
			"r main.t 3"},
		{THREE, "ALTER TABLE t RENAME COLUMN a TO z; ALTER TABLE t DROP COLUMN z;",
			"c main.t.a 2"},
		{THREE, "CREATE TABLE n (x); INSERT INTO n VALUES (1); DROP TABLE n;", ""},
		{THREE, "CREATE TABLE IF NOT EXISTS t (x); DROP TABLE t;", "t main.t 3"},
		{THREE, "CREATE TABLE n (x); ALTER TABLE n RENAME TO m; DELETE FROM m;", ""},
		{"SELECT 1;", "DROP TABLE IF EXISTS t; DELETE FROM t;", ""},
	};

	CHECK(rows);
}

#define REBUILD(columns, more)                                                                     \
	"CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT);"                                         \
	"INSERT INTO n (" columns ") SELECT " columns " FROM t " more ";"                          \
	"DROP TABLE t; ALTER TABLE n RENAME TO t;"

static void rebuilds(void **state)
{
	static const struct row rows[] = {
		{THREE, REBUILD("id, a", ""), ""},
		{THREE, REBUILD("id", ""), "c main.t.a 2"},
		{THREE, REBUILD("id, a", "WHERE id < 3"), "t main.t 3"},
		{THREE, REBUILD("id, a", "LIMIT 2"), "t main.t 3"},
		{THREE, "CREATE TABLE n AS SELECT * FROM t; DROP TABLE t;", "t main.t 3"},
	};

	CHECK(rows);
}

static void names(void **state)
{
	static const struct row rows[] = {
		{"CREATE TABLE \"o'dd \"\"t\" (x); INSERT INTO \"o'dd \"\"t\" VALUES (1);",
			"DROP TABLE \"o'dd \"\"t\";", "t main.\"o'dd \"\"t\" 1"},
		{"CREATE TABLE Mixed (x); INSERT INTO mixed VALUES (1);", "DROP TABLE MIXED;",
			"t main.Mixed 1"},
	};

	CHECK(rows);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(statements),
		TEST(renames),
		TEST(rebuilds),
		TEST(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
