/* rewrite_test.c - the recipe table, and exceptions that no server is needed for. */
#include "rewrite/rewrite.h"

#include "lint/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct made {
	struct arena arena;
	struct explainer x;
	struct rewritten out, plain;
	enum rewrite_result result;
};

/* The last statement of `sql`, after the ones before it. */
static void make(struct made *m, enum dialect d, const char *version, bool one_message,
	const char *setup, const char *sql)
{
	struct err err = {0};
	struct source before, src;
	struct effect effect = {0};
	struct script s;
	struct rewrite_input in;

	*m = (struct made){0};
	m->x.arena = &m->arena;
	m->x.engine = engine_for(d, &err);
	assert_non_null(m->x.engine);
	assert_true(explainer_open(&m->x,
		version ? version_from_text(d, slice_of(version)) : version_default(d), &err));
	source_init(&before, &m->arena, "-", slice_of(setup));
	assert_true(explain_source(&m->x, &before, false, &err));
	source_init(&src, &m->arena, "-", slice_of(sql));
	assert_true(
		script_read(m->x.engine, m->x.reader, &m->arena, &src, 0, src.text.len, &s, &err));
	assert_int_equal(s.n, 1);
	m->x.engine->effects(&m->arena, m->x.catalog, &m->x.session, &s.at[0], &effect);
	in = (struct rewrite_input){.arena = &m->arena,
		.before = m->x.catalog,
		.session = &m->x.session,
		.statement = ARENA_NEW(&m->arena, struct statement),
		.effect = &effect,
		.dialect = d,
		.version = catalog_version(m->x.catalog),
		.one_message = one_message};
	*(struct statement *)in.statement = s.at[0];
	m->result = rewrite_statement(&in, &m->out);
	rewrite_plainly(&in, &m->plain);
}

static void done(struct made *m)
{
	explainer_close(&m->x);
	arena_done(&m->arena);
}

static void has(struct made *m, const char *words)
{
	struct slice text = rewrite_text(&m->arena, &m->out);

	if (slice_find(text, slice_of(words)) == SIZE_MAX)
		fail_msg("no \"%s\" in:\n%.*s", words, SLICE(text));
}

static void lacks(struct made *m, const char *words)
{
	struct slice text = rewrite_text(&m->arena, &m->out);

	if (slice_find(text, slice_of(words)) != SIZE_MAX)
		fail_msg("\"%s\" in:\n%.*s", words, SLICE(text));
}

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; recipes[i]; i++) {
		const struct recipe *r = recipes[i];

		assert_true(r->id && r->says && r->write && r->engines);
		assert_int_not_equal(r->kinds[0], CHANGE_KINDS_);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(r->id, recipes[k]->id);
	}
}

/* What a recipe is said to answer, it answers: with steps that parse, or with a reason. */
static void test_examples(void **state)
{
	size_t answered = 0;

	(void)state;
	for (size_t i = 0; rules[i]; i++) {
		const struct rule *r = rules[i];
		struct err err = {0};
		const struct engine *e = engine_for(r->example_dialect, &err);
		struct arena a = {0};
		struct slice form;

		err_done(&err);
		if (!e || r->tier == TIER_POLICY || !r->bad || !r->bad[0] ||
			!recipe_for_rule(
				r->id, r->example_dialect, version_default(r->example_dialect)))
			continue;
		form = rewrite_example(&a, r);
		if (form.len == 0)
			fail_msg("%s: its recipe says nothing about its example", r->id);
		answered++;
		arena_done(&a);
	}
	assert_true(answered > 20);
}

#define PG DIALECT_POSTGRES
#define USERS "CREATE TABLE users (id bigint PRIMARY KEY, email text, age integer);"

static void test_versions(void **state)
{
	struct made m;

	(void)state;
	make(&m, PG, "17", false, USERS, "ALTER TABLE users ALTER email SET NOT NULL");
	assert_int_equal(m.result, REWRITE_STEPS);
	has(&m, "CHECK (email IS NOT NULL) NOT VALID");
	done(&m);
	make(&m, PG, "18", false, USERS, "ALTER TABLE users ALTER email SET NOT NULL");
	has(&m, "ADD CONSTRAINT users_email_not_null NOT NULL email NOT VALID");
	lacks(&m, "CHECK");
	done(&m);
	make(&m, PG, "13", false,
		"CREATE TABLE e (d date) PARTITION BY RANGE (d); CREATE TABLE e1 PARTITION OF e "
		"FOR "
		"VALUES FROM ('2020-01-01') TO ('2021-01-01');",
		"ALTER TABLE e DETACH PARTITION e1");
	assert_int_equal(m.result, REWRITE_AS_IS);
	done(&m);
}

static void test_as_it_is(void **state)
{
	static const char *const fine[] = {"ALTER TABLE users ADD COLUMN phone text",
		"ALTER TABLE users ADD COLUMN made timestamptz NOT NULL DEFAULT now()",
		"CREATE TABLE t (id int)", "CREATE INDEX CONCURRENTLY i ON users (email)",
		"ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID",
		"ALTER TABLE users ALTER email TYPE varchar",
		"ALTER TABLE users ALTER id SET NOT NULL", "COMMENT ON TABLE users IS 'x'",
		"VACUUM users"};
	struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
		make(&m, PG, NULL, false, USERS, fine[i]);
		if (m.result != REWRITE_AS_IS)
			fail_msg("%s: %d", fine[i], (int)m.result);
		done(&m);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *setup, *sql, *why;
	} cases[] = {
		{USERS, "ALTER TABLE users ALTER id TYPE numeric", "the primary key"},
		{USERS "CREATE VIEW v AS SELECT age FROM users;",
			"ALTER TABLE users ALTER age TYPE bigint", "a view"},
		{USERS, "VACUUM FULL users", "pg_repack"},
		{USERS "CREATE DOMAIN d AS int CHECK (value > 0);",
			"ALTER TABLE users ADD x d DEFAULT 1", "domain"},
		{"CREATE TABLE p (id int) PARTITION BY RANGE (id);" USERS,
			"ALTER TABLE p ADD FOREIGN KEY (id) REFERENCES users (id)", "partitioned"},
		{USERS, "ALTER TABLE users ADD EXCLUDE USING gist (age WITH =)", "exclusion"},
	};
	struct made m;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		make(&m, PG, "15", false, cases[i].setup, cases[i].sql);
		if (m.result != REWRITE_REFUSED ||
			slice_find(m.out.refused, slice_of(cases[i].why)) == SIZE_MAX)
			fail_msg("%s: %d, %.*s", cases[i].sql, (int)m.result, SLICE(m.out.refused));
		done(&m);
	}
}

#define SIXTY "a_table_with_a_name_of_sixty_bytes_which_is_nearly_all_of_it"

static void test_names(void **state)
{
	struct made m;

	(void)state;
	make(&m, PG, NULL, false, "CREATE TABLE \"Odd t\" (\"select\" int, \"q\"\"q\" text);",
		"ALTER TABLE \"Odd t\" RENAME COLUMN \"select\" TO \"Two words\"");
	has(&m, "ALTER TABLE \"Odd t\" ADD COLUMN \"Two words\" integer");
	has(&m, "NEW.\"Two words\" := NEW.\"select\"");
	done(&m);
	/* As long as the server keeps, and still different from one another. */
	make(&m, PG, NULL, false, "CREATE TABLE " SIXTY " (a int, b text);",
		"ALTER TABLE " SIXTY " ALTER a SET NOT NULL");
	has(&m, "a_table_with_a_name_of_sixty_bytes_which_is_nearly_a_a_not_null CHECK");
	done(&m);
	make(&m, PG, NULL, false, USERS "CREATE SEQUENCE users_n_seq;",
		"ALTER TABLE users ADD COLUMN n bigserial");
	has(&m, "users_n_seq1");
	done(&m);
	make(&m, PG, NULL, false, USERS, "CREATE INDEX ON users (lower(email), age)");
	has(&m, "CREATE INDEX CONCURRENTLY users_lower_age_idx ON users");
	done(&m);
}

/* golang-migrate and Prisma send a file as one message. */
static void test_one_message(void **state)
{
	struct step_text t;
	struct made m;

	(void)state;
	make(&m, PG, NULL, true, USERS, "ALTER TABLE users ADD UNIQUE (email)");
	assert_int_equal(m.out.n, 2);
	t = step_text(&m.arena, m.out.steps[0], 0, 2, true);
	assert_true(slice_find(t.up, SL("CREATE UNIQUE INDEX CONCURRENTLY")) != SIZE_MAX);
	assert_true(slice_find(t.up, SL("DROP INDEX")) == SIZE_MAX);
	done(&m);
	make(&m, PG, NULL, true, USERS, "ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)");
	assert_int_equal(m.out.n, 1);
	t = step_text(&m.arena, m.out.steps[0], 0, 1, true);
	assert_true(
		slice_find(t.up, SL("COMMIT;\nBEGIN;\nALTER TABLE users VALIDATE")) != SIZE_MAX);
	done(&m);
	make(&m, PG, NULL, false, USERS, "CREATE INDEX i ON users (email)");
	t = step_text(&m.arena, m.out.steps[0], 0, 1, false);
	assert_true(
		slice_find(t.up, SL("DROP INDEX CONCURRENTLY IF EXISTS i;\nCREATE")) != SIZE_MAX);
	assert_true(slice_find(t.up, SL("-- belay:no-transaction\n")) != SIZE_MAX);
	done(&m);
}

/* An index of that name may be there for good reason: it is not dropped, and not taken for done. */
static void test_if_not_exists(void **state)
{
	struct step_text t;
	struct made m;

	(void)state;
	make(&m, PG, NULL, false, USERS, "CREATE INDEX IF NOT EXISTS i ON users (email)");
	t = step_text(&m.arena, m.out.steps[0], 0, 1, false);
	assert_true(slice_find(t.up, SL("\nCREATE INDEX CONCURRENTLY i ON users (email);")) !=
		    SIZE_MAX);
	assert_true(slice_find(t.up, SL("DROP INDEX")) == SIZE_MAX);
	done(&m);
}

static void test_several_changes(void **state)
{
	struct made m;

	(void)state;
	make(&m, PG, NULL, false, USERS,
		"ALTER TABLE users ADD a int, ADD b int, ADD CONSTRAINT c CHECK (age > 0), DROP "
		"COLUMN "
		"email, ADD d uuid DEFAULT gen_random_uuid()");
	assert_int_equal(m.result, REWRITE_STEPS);
	has(&m, "ALTER TABLE users ADD a int, ADD b int;");
	has(&m, "CHECK (age > 0) NOT VALID");
	has(&m, "ALTER TABLE users DROP COLUMN email;");
	has(&m, "ALTER COLUMN d SET DEFAULT gen_random_uuid()");
	lacks(&m, "b SET DEFAULT");
	done(&m);
}

static void test_mysql(void **state)
{
	struct made m;

	(void)state;
	make(&m, DIALECT_MARIADB, NULL, false,
		"CREATE TABLE t (id int PRIMARY KEY, a int, KEY k (a));", "DROP INDEX k ON t");
	assert_int_equal(m.result, REWRITE_STEPS);
	has(&m, "ALTER TABLE t DROP INDEX k, ALGORITHM=NOCOPY, LOCK=NONE");
	done(&m);
	make(&m, DIALECT_MARIADB, NULL, false, "CREATE TABLE t (id int PRIMARY KEY, a int);",
		"ALTER TABLE t MODIFY a bigint");
	assert_int_equal(m.result, REWRITE_REFUSED);
	done(&m);
}

/* The way back of one statement, its pieces with "; " between them; NULL: there is none. */
static void back(enum dialect d, const char *setup, const char *sql, const char *wanted)
{
	struct made m;
	struct slice got = SLICE_NONE;
	const struct safe_step *s;

	make(&m, d, NULL, false, setup, sql);
	assert_int_equal(m.plain.n, 1);
	s = m.plain.steps[0];
	for (size_t i = 0; i < s->down.n; i++)
		got = arena_printf(
			&m.arena, "%.*s%s%.*s", SLICE(got), i ? "; " : "", SLICE(s->down.at[i]));
	if (s->one_way != !wanted || (wanted && !slice_is(got, wanted)))
		fail_msg("%s: %s%.*s", sql, s->one_way ? "no way back" : "", SLICE(got));
	done(&m);
}

/* What was found is not taken away, what was not there is not looked for. */
static void test_guards_and_ways_back(void **state)
{
	static const enum dialect all[] = {DIALECT_POSTGRES, DIALECT_MARIADB, DIALECT_SQLITE};
	static const char setup[] = "CREATE TABLE t (id int PRIMARY KEY, a int); "
				    "CREATE INDEX t_a ON t (a); CREATE VIEW v AS SELECT a FROM t;";

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		back(all[i], setup, "CREATE TABLE IF NOT EXISTS t (id int)", "");
		back(all[i], setup, "CREATE TABLE IF NOT EXISTS u (id int)", "DROP TABLE u");
	}
	for (size_t i = 0; i < 2; i++) {
		back(all[i], setup, "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int", "");
		back(all[i], setup, "ALTER TABLE t ADD COLUMN IF NOT EXISTS b int",
			"ALTER TABLE t DROP COLUMN b");
		back(all[i], setup, "CREATE INDEX IF NOT EXISTS t_a ON t (a)", "");
		back(all[i], setup, "ALTER TABLE t DROP CONSTRAINT IF EXISTS nothing", "");
	}
	back(DIALECT_POSTGRES, "", "DROP INDEX IF EXISTS nothing", "");
	back(DIALECT_POSTGRES, "SELECT unknown_things();",
		"ALTER TABLE elsewhere ADD COLUMN IF NOT EXISTS b int", "");
}

static void test_ways_back(void **state)
{
	static const char setup[] =
		"CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id int PRIMARY KEY, a int, b "
		"int[], m mood DEFAULT 'ok', c text COLLATE \"C\" NOT NULL, bo boolean);";
	const enum dialect pg = DIALECT_POSTGRES;

	(void)state;
	back(pg, setup, "ALTER TABLE t ALTER a TYPE bigint",
		"ALTER TABLE t ALTER COLUMN a TYPE integer");
	back(pg, setup, "ALTER TABLE t ALTER a TYPE text",
		"ALTER TABLE t ALTER COLUMN a TYPE integer USING a::integer");
	back(pg, setup, "ALTER TABLE t ALTER bo TYPE int USING bo::int",
		"ALTER TABLE t ALTER COLUMN bo TYPE boolean USING bo::boolean");
	back(pg, setup, "ALTER TABLE t ALTER a TYPE int[] USING ARRAY[a]", NULL);
	back(pg, setup, "ALTER TABLE t ALTER b TYPE text USING array_to_string(b, ',')", NULL);
	back(pg, setup, "ALTER TABLE t ALTER c TYPE varchar(9)",
		"ALTER TABLE t ALTER COLUMN c TYPE text COLLATE \"C\"");
	back(pg, setup, "ALTER TABLE t ALTER id SET NOT NULL", "");
	back(pg, setup, "ALTER TABLE t ALTER a DROP NOT NULL", "");
	back(pg, setup, "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
		"ALTER TABLE t DROP CONSTRAINT k");
	back(pg, "CREATE TABLE t (a int, b int NOT NULL);",
		"ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a, b)",
		"ALTER TABLE t DROP CONSTRAINT k; ALTER TABLE t ALTER COLUMN a DROP NOT NULL");
	back(DIALECT_MARIADB, "CREATE TABLE t (a int NOT NULL);",
		"ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)", "ALTER TABLE t DROP PRIMARY KEY");
	back(pg, "", "CREATE SCHEMA s CREATE TABLE x (id int) CREATE VIEW y AS SELECT 1",
		"DROP VIEW s.y; DROP TABLE s.x; DROP SCHEMA s");
	back(pg, "", "CREATE SCHEMA AUTHORIZATION CURRENT_USER", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_as_it_is),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_one_message),
		cmocka_unit_test(test_if_not_exists),
		cmocka_unit_test(test_several_changes),
		cmocka_unit_test(test_mysql),
		cmocka_unit_test(test_guards_and_ways_back),
		cmocka_unit_test(test_ways_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
