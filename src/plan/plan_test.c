/* How steps are grouped into transactions, and what is refused before anything runs; on SQLite. */
#include "layout/fixture.h"

#include "plan/plan.h"

struct planned {
	struct plan plan;
	struct err err;
	bool ok;
};

static struct planned make(struct fixture *f, enum direction d, size_t n)
{
	struct planned r = {0};
	const struct migration **list = ARENA_ARRAY(&f->arena, 8, const struct migration *);
	struct plan_request req = {.direction = d, .migrations = list, .nmigrations = n};

	for (size_t i = 0; i < n; i++)
		list[i] = &f->p.migrations[i];
	r.ok = plan_make(
		&r.plan, &f->arena, &f->p, engine_for(DIALECT_SQLITE, &r.err), &req, &r.err);
	return r;
}

static struct planned plan_of(struct fixture *f, const char *up)
{
	put(f, "migrations/1_a.up.sql", up);
	put(f, "migrations/1_a.down.sql", "SELECT 1;");
	assert_true(open_as(f, "golang-migrate", DIALECT_SQLITE));
	return make(f, DIR_UP, 1);
}

static void one_transaction(void **state)
{
	struct planned r = plan_of(*state, "CREATE TABLE a (x);\nINSERT INTO a VALUES (1);\n");

	assert_true(r.ok);
	assert_int_equal(r.plan.nsteps, 2);
	assert_int_not_equal(r.plan.steps[0].group, 0);
	assert_int_equal(r.plan.steps[0].group, r.plan.steps[1].group);
	assert_true(r.plan.steps[0].begins_tx && r.plan.steps[1].ends_tx);
	assert_true(slice_is(r.plan.steps[1].sql, "INSERT INTO a VALUES (1)"));
	assert_int_equal(strlen(r.plan.steps[0].hash), 64);
	assert_string_not_equal(r.plan.steps[0].hash, r.plan.steps[1].hash);
}

/* Facts of statements that say the same are kept once; each of them that says more has its own. */
static void same_facts_are_shared(void **state)
{
	struct fixture *f = *state;
	struct plan_request req = {.direction = DIR_UP, .nmigrations = 1};
	struct catalog *c = catalog_new(DIALECT_SQLITE, 0);
	const struct migration *one;
	struct err err = {0};
	struct plan plan;

	put(f, "migrations/1_a.up.sql",
		"CREATE TABLE a (x);\nCREATE TABLE b (x);\nINSERT INTO a VALUES (1);\nINSERT INTO "
		"a VALUES (2);\nINSERT INTO b VALUES (1);\n"
		"DROP TABLE a;\nDROP TABLE b;\n");
	assert_true(open_as(f, "golang-migrate", DIALECT_SQLITE));
	one = &f->p.migrations[0];
	req.migrations = &one;
	req.catalog = c;
	assert_true(
		plan_make(&plan, &f->arena, &f->p, engine_for(DIALECT_SQLITE, &err), &req, &err));
	assert_int_equal(plan.nsteps, 7);
	assert_ptr_equal(plan.steps[2].effect, plan.steps[3].effect);
	assert_ptr_not_equal(plan.steps[3].effect, plan.steps[4].effect);
	assert_true(slice_is(plan.steps[3].effect->writes_rows[0].object.name, "a"));
	assert_true(slice_is(plan.steps[4].effect->writes_rows[0].object.name, "b"));
	assert_true(slice_is(plan.steps[5].destroys.at[0], "a"));
	assert_true(slice_is(plan.steps[6].destroys.at[0], "b"));
	assert_true(plan.steps[5].one_way && plan.steps[6].one_way && !plan.steps[3].one_way);
	catalog_free(c);
}

static void own_transaction_gives_way(void **state)
{
	struct planned r = plan_of(*state, "BEGIN;\nCREATE TABLE a (x);\nCOMMIT;\n");

	assert_true(r.ok);
	assert_int_equal(r.plan.nsteps, 1);
	assert_int_not_equal(r.plan.steps[0].group, 0);
	assert_int_equal(r.plan.steps[0].ordinal, 1);
}

static void own_transaction_in_the_middle(void **state)
{
	struct planned r =
		plan_of(*state, "CREATE TABLE a (x);\nBEGIN;\nINSERT INTO a VALUES (1);\nCOMMIT;");

	assert_true(r.ok);
	assert_int_equal(r.plan.nsteps, 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(r.plan.steps[i].group, 0);
}

static void outside_a_transaction(void **state)
{
	struct planned r = plan_of(*state, "CREATE TABLE a (x);\nVACUUM;\n");

	assert_true(r.ok);
	assert_int_equal(r.plan.steps[0].group, 0);
	assert_int_equal(r.plan.steps[1].group, 0);
}

static void groups_are_apart(void **state)
{
	struct fixture *f = *state;
	struct planned r;

	put(f, "migrations/1_a.up.sql", "CREATE TABLE a (x);");
	put(f, "migrations/2_b.up.sql", "CREATE TABLE b (x);");
	assert_true(open_as(f, "golang-migrate", DIALECT_SQLITE));
	r = make(f, DIR_UP, 2);
	assert_true(r.ok);
	assert_int_equal(r.plan.nsteps, 2);
	assert_int_not_equal(r.plan.steps[0].group, r.plan.steps[1].group);
	assert_int_equal(r.plan.steps[1].serial, 1);
}

static void nothing_to_run(void **state)
{
	struct planned r = plan_of(*state, "-- only words\n");

	assert_true(r.ok);
	assert_int_equal(r.plan.nsteps, 0);
}

static void no_down(void **state)
{
	struct fixture *f = *state;
	struct planned r;

	put(f, "migrations/1_a.up.sql", "CREATE TABLE a (x);");
	assert_true(open_as(f, "golang-migrate", DIALECT_SQLITE));
	r = make(f, DIR_DOWN, 1);
	assert_false(r.ok);
	assert_int_equal(r.err.code, ERR_REFUSED);
	assert_non_null(strstr(r.err.message, "has no down"));
	err_done(&r.err);
}

static void a_fatal_problem_stops(void **state)
{
	struct fixture *f = *state;
	struct planned r;

	put(f, "migrations/1_a.up.sql", "CREATE TABLE a (x);");
	put(f, "migrations/2_b.up.sql", "CREATE TABLE b (x);");
	put(f, "migrations/2_c.up.sql", "CREATE TABLE c (x);");
	assert_true(open_as(f, "golang-migrate", DIALECT_SQLITE));
	r = make(f, DIR_UP, f->p.nmigrations);
	assert_false(r.ok);
	assert_int_equal(r.err.code, ERR_INPUT);
	err_done(&r.err);
	/* … unless it lies behind what was asked for. */
	r = make(f, DIR_UP, 1);
	assert_true(r.ok);
}

static void placeholders(void **state)
{
	struct fixture *f = *state;
	struct slice values[1][2] = {{SL("word"), SL("'hello'")}};
	struct planned r;

	put(f, "migrations/V1__a.sql", "INSERT INTO a VALUES (${word});");
	assert_true(open_as(f, "flyway", DIALECT_SQLITE));
	r = make(f, DIR_UP, 1);
	assert_false(r.ok);
	assert_int_equal(r.err.code, ERR_INPUT);
	err_done(&r.err);
	f->p.placeholders = values;
	f->p.nplaceholders = 1;
	r = make(f, DIR_UP, 1);
	if (!r.ok)
		fail_msg("%s", r.err.message);
	assert_true(slice_is(r.plan.steps[0].sql, "INSERT INTO a VALUES ('hello')"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

/* MySQL and MariaDB tell no locks: the LOCK clause and the kind of statement stand for them. */
static void clauses_are_locks(void **state)
{
	static const struct {
		const char *sql;
		enum lock_class lock;
		size_t nlocks;
	} table[] = {
		{"ALTER TABLE t ADD n INT;", LOCK_DDL, 0},
		{"ALTER TABLE t MODIFY a BIGINT;", LOCK_WRITES, 1},
		{"ALTER TABLE t RENAME TO u;", LOCK_READS_WRITES, 1},
		{"CREATE FULLTEXT INDEX f ON t (b);", LOCK_WRITES, 1},
		{"DROP TABLE t;", LOCK_READS_WRITES, 1},
		{"TRUNCATE TABLE t;", LOCK_READS_WRITES, 1},
		{"INSERT INTO t VALUES (1, 2, 'x');", LOCK_NOTHING, 0},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct err err = {0};
		struct catalog *c;
		struct plan plan;
		const struct migration *one;
		struct plan_request req = {
			.direction = DIR_UP, .migrations = &one, .nmigrations = 1};
		const struct engine *e = engine_for(DIALECT_MARIADB, &err);
		struct object t = {.type = OBJECT_TABLE, .name = SL("t")},
			      a = {.type = OBJECT_COLUMN, .name = SL("a")},
			      b = {.type = OBJECT_COLUMN, .name = SL("b")};
		struct object *held;

		if (!e) {
			err_done(&err);
			skip();
		}
		c = catalog_new(DIALECT_MARIADB, 101100);
		a.column.type = SL("int(11)");
		b.column.type = SL("text");
		held = catalog_put(c, &t);
		catalog_put_part(c, held, &a);
		catalog_put_part(c, held, &b);
		put(f, "migrations/1_a.up.sql", table[i].sql);
		put(f, "migrations/1_a.down.sql", "SELECT 1;");
		assert_true(open_as(f, "golang-migrate", DIALECT_MARIADB));
		one = &f->p.migrations[0];
		req.catalog = c;
		assert_true(plan_make(&plan, &f->arena, &f->p, e, &req, &err));
		assert_int_equal(plan.steps[0].lock, table[i].lock);
		assert_int_equal(plan.steps[0].nlocks, table[i].nlocks);
		catalog_free(c);
	}
}

static void batches_are_alone(void **state)
{
	struct planned r =
		plan_of(*state, "PRAGMA cache_size = 1;\n-- belay:batched size=20 key=id\n"
				"UPDATE main.a AS z SET x = (SELECT 1 FROM b), y = (z.y) -- c\n"
				"WHERE x IS NOT DISTINCT FROM y -- end\n;\n"
				"-- belay:batched\nDELETE FROM \"a b\"");
	const struct batched *b;

	assert_true(r.ok);
	assert_int_equal(r.plan.nsteps, 3);
	assert_int_equal(r.plan.steps[1].group, 0);
	assert_null(r.plan.steps[0].batched);
	b = r.plan.steps[1].batched;
	assert_int_equal(b->size, 20);
	assert_true(b->key.n == 1 && slice_is(b->key.at[0], "id"));
	assert_true(slice_is(b->table.schema, "main") && slice_is(b->table.name, "a"));
	assert_true(slice_is(b->relation, "main.a AS z") && slice_is(b->alias, "z"));
	assert_true(slice_is(b->head, "UPDATE main.a AS z SET x = (SELECT 1 FROM b), y = (z.y)"));
	assert_true(slice_is(b->where, "x IS NOT DISTINCT FROM y"));
	assert_true(names_has(b->sets, SL("x")) && names_has(b->sets, SL("y")));
	b = r.plan.steps[2].batched;
	assert_true(b->deletes && slice_is(b->table.name, "a b") && b->where.len == 0);
}

static void not_for_batches(void **state)
{
	static const char *const table[][2] = {
		{"INSERT INTO a SELECT 1", "reads no table"},
		{"INSERT INTO a SELECT x, sum(y) FROM b", "an aggregate"},
		{"INSERT INTO a SELECT x FROM b LEFT JOIN c", "several tables"},
		{"INSERT INTO a SELECT x FROM a", "the table that it writes"},
		{"UPDATE a SET x = 1 FROM b", "joins other tables"},
		{"UPDATE a SET x = 1 RETURNING x", "RETURNING"},
		{"UPDATE OR FAIL a SET x = 1", "conflicts"},
		{"DELETE FROM a WHERE x IN (SELECT x FROM main.a)", "its own table"},
		{"WITH c AS (SELECT 1) DELETE FROM a", "only UPDATE, DELETE and INSERT"},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char text[200];
		struct planned r;

		snprintf(text, sizeof text, "-- belay:batched\n%s", table[i][0]);
		r = plan_of(*state, text);
		assert_false(r.ok);
		assert_int_equal(r.err.code, ERR_INPUT);
		assert_non_null(strstr(r.err.message, table[i][1]));
		err_done(&r.err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_transaction),
		TEST(same_facts_are_shared),
		TEST(own_transaction_gives_way),
		TEST(own_transaction_in_the_middle),
		TEST(outside_a_transaction),
		TEST(groups_are_apart),
		TEST(nothing_to_run),
		TEST(no_down),
		TEST(a_fatal_problem_stops),
		TEST(placeholders),
		TEST(clauses_are_locks),
		TEST(batches_are_alone),
		TEST(not_for_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
