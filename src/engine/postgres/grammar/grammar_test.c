/* grammar_test.c - both providers pass it, less the newer syntax. */
#include "engine/postgres/grammar/grammar.h"

#include "base/buf.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static struct grammar *opened(void)
{
	struct grammar *g;
	struct err err = {0};

	assert_true(grammar_open(&g, &err));
	return g;
}

static bool parses(struct grammar *g, struct slice sql, struct slice *json, size_t *at)
{
	struct grammar_fault fault;
	struct err err = {0};
	bool ok = grammar_parse(g, sql, json, &fault, &err);

	assert_false(err_is(&err));
	assert_int_equal(ok, slice_empty(fault.message));
	assert_int_equal(ok, !slice_empty(*json));
	if (at)
		*at = fault.offset;
	return ok;
}

/* Sanitizers put their own things on a thread's stack, and ASan keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1, LITTLE_STACK = 512 << 10 };
#else
enum { IS_SANITIZED = 0, LITTLE_STACK = 128 << 10 };
#endif

/* libpg_query 15 loses one byte for every body that it cannot read. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:pg_query_raw_parse";
}

static bool has(struct slice json, const char *what)
{
	return slice_find(json, slice_of(what)) != SIZE_MAX;
}

static void test_tree(void **state)
{
	struct grammar *g = opened();
	struct slice json;

	(void)state;
	assert_true(parses(g, SL("ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 0"), &json, 0));
	assert_true(has(json, "AT_AddColumn"));
	assert_true(has(json, "pg_catalog"));
	assert_true(parses(g, SL("SELECT 1; SELECT 2"), &json, NULL));
	assert_true(has(json, "\"stmt_len\":8"));
	/* the blank behind the semicolon: skipped since 18 */
	assert_true(
		has(json, grammar_version() < 18 ? "\"stmt_location\":9" : "\"stmt_location\":10"));
	assert_true(parses(g, SLICE_NONE, &json, NULL));
	assert_true(has(json, "\"stmts\":[]"));
	assert_true(parses(g, SL("-- nothing"), &json, NULL));
	grammar_close(g);
	grammar_close(NULL);
}

/* The parser counts characters, also over bytes that are none. */

/* Node by node what the JSON says, strings with their escapes resolved. */
static void same_tree(struct grammar *g, const char *sql, struct tree *built, struct buf *values)
{
	struct grammar_fault fault;
	struct err err = {0};
	struct arena a = {0};
	struct tree read = {0};
	struct slice json;

	assert_true(grammar_tree(g, slice_of(sql), built, values, &fault, &err));
	assert_true(parses(g, slice_of(sql), &json, NULL));
	assert_true(tree_read(&read, json));
	assert_int_equal(built->n, read.n);
	for (size_t i = 0; i < read.n; i++) {
		const struct tree_node *x = &built->at[i], *y = &read.at[i];

		assert_int_equal(x->kind, y->kind);
		assert_int_equal(x->size, y->size);
		assert_true(slice_eq(slice_n(x->key, x->keylen), slice_n(y->key, y->keylen)));
		assert_true(slice_eq(tree_text(&a, x), tree_text(&a, y)));
		assert_int_equal(tree_int(x, 7), tree_int(y, 7));
	}
	tree_done(&read);
	arena_done(&a);
}

static void test_built_tree(void **state)
{
	static const char *const texts[] = {"", "SELECT", "-- nothing", "SELECT 1; SELECT -2, 0",
		"SELECT 'a\"b\\c<d>\n\t\x01', 1.5e300, NULL, true, x'1F', '' FROM \"Ünï\".t",
		"CREATE TABLE t (a int[][3] DEFAULT ARRAY[1,2], b varchar(20) COLLATE \"C\","
		" PRIMARY KEY (a), FOREIGN KEY (b) REFERENCES u ON DELETE CASCADE)",
		"ALTER TABLE ONLY t ALTER a TYPE bigint USING a::bigint, DROP COLUMN b CASCADE",
		"INSERT INTO t VALUES (DEFAULT, 99999999999) ON CONFLICT (a) DO UPDATE SET b = 1",
		"WITH x AS (SELECT * FROM t TABLESAMPLE system (10)) MERGE INTO u USING x ON true"
		" WHEN MATCHED THEN DELETE",
		"CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$",
		"SELECT JSON_OBJECT('a': 1), xmlelement(name x), count(*) FILTER (WHERE a > 1)"
		" OVER (PARTITION BY b ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM t",
		"GRANT SELECT (a), UPDATE ON t TO PUBLIC; SET x TO 'y'; COPY t FROM STDIN",
		"CREATE TABLE p PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10)", NULL};
	struct grammar *g = opened();
	struct tree one = {0}, two = {0};
	struct buf values = {0}, others = {0};
	struct grammar_fault fault;
	struct err err = {0};

	(void)state;
	for (size_t i = 0; texts[i]; i++)
		same_tree(g, texts[i], &one, &values);
	/* A tree stays when another is built, and when a text is refused. */
	same_tree(g, "SELECT a.first", &one, &values);
	assert_false(grammar_tree(g, SL("SELECT FROM WHERE"), &two, &others, &fault, &err));
	assert_false(err_is(&err));
	assert_true(fault.message.len > 0);
	same_tree(g, "SELECT second, 'third'", &two, &others);
	assert_true(slice_find(buf_slice(&values), SL("first")) != SIZE_MAX);
	tree_done(&one);
	tree_done(&two);
	buf_done(&values);
	buf_done(&others);
	grammar_close(g);
}

static void test_offset(void **state)
{
	static const struct {
		const char *sql;
		size_t at;
	} cases[] = {
		{"SELEC 1", 0},
		{"SELECT 1 1", 9},
		{"ALTER TABLE \xc3\xa9t ADDD COLUMN c", 16},
		{"SELECT '\xe2\x82\xac\xf0\x9f\x98\x80' 1", 17},
		{"SELECT 1 FROM", 13},
		{"SELECT 'x", 7},
	};
	struct grammar *g = opened();
	struct slice json;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_false(parses(g, slice_of(cases[i].sql), &json, &at));
		assert_int_equal(at, cases[i].at);
	}
	assert_false(parses(g, SL("SELECT \0 1"), &json, &at));
	assert_int_equal(at, 7);
	grammar_close(g);
}

static void test_newer_syntax(void **state)
{
	static const struct {
		int since;
		const char *sql;
	} cases[] = {
		{15, "CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT"},
		{16, "SELECT * FROM (SELECT 1)"},
		{16, "SELECT 0x1F, 1_000"},
		{17, "ALTER TABLE t ALTER COLUMN c SET EXPRESSION AS (a + 1)"},
		{17, "MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED BY SOURCE THEN DELETE"},
		{18, "ALTER TABLE t ADD CONSTRAINT n NOT NULL c NOT VALID"},
		{18, "ALTER TABLE t ADD COLUMN v int GENERATED ALWAYS AS (a + 1) VIRTUAL"},
		{18, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u NOT ENFORCED"},
		{18, "CREATE TABLE t (r int4range, PRIMARY KEY (r WITHOUT OVERLAPS))"},
	};
	struct grammar *g = opened();
	struct slice json;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(parses(g, slice_of(cases[i].sql), &json, NULL),
			cases[i].since <= grammar_version());
	grammar_close(g);
}

/* What README.md tells the reader of the tree, so that a newer grammar cannot change it unseen. */
static void test_shape(void **state)
{
	static const struct {
		int since;
		const char *sql, *has, *lacks;
	} cases[] = {
		{15, "SELECT 0", "\"ival\":{}", NULL},
		{15, "SELECT ''", "\"sval\":{\"sval\":\"\"}", NULL},
		{15, "SELECT false", "\"boolval\":{}", NULL},
		{18, "SELECT -1", "\"ival\":{\"ival\":-1}", "AEXPR_OP"},
		{15, "SELECT 9999999999", "\"fval\":{\"fval\":\"9999999999\"}", NULL},
		{15, "SELECT a < b", "\\u003c", NULL},
		{15, "COMMENT ON TABLE t IS NULL", "OBJECT_TABLE", "\"comment\""},
		{15, "ALTER TYPE t ADD ATTRIBUTE a int", "\"objtype\":\"OBJECT_TYPE\"", "\"inh\""},
		{15, "ALTER TABLE ONLY t ADD c int", "AT_AddColumn", "\"inh\""},
		{15, "ALTER TABLE t RENAME TO u", "\"relationType\":\"OBJECT_ACCESS_METHOD\"",
			NULL},
		{15, "ALTER TABLE t ADD c int REFERENCES u", "\"fk_matchtype\":\"s\"", "fk_attrs"},
		{15, "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u", "fk_attrs", "pk_attrs"},
		{15, "CREATE TABLE t (a int REFERENCES u DEFERRABLE)", "CONSTR_ATTR_DEFERRABLE",
			"\"deferrable\""},
		{18, "/* x */ SELECT 1", "\"stmt_location\":8", NULL},
		{18, "ALTER TABLE t ADD v int GENERATED ALWAYS AS (a)", "\"generated_kind\":\"v\"",
			NULL},
		{18, "ALTER TABLE t ADD v int GENERATED ALWAYS AS (a) STORED",
			"\"generated_kind\":\"s\"", NULL},
		{18, "ALTER TABLE t ADD CONSTRAINT n NOT NULL c", "\"keys\"", "is_enforced"},
		{18, "ALTER TABLE t ADD CHECK (a) NOT VALID", "\"is_enforced\":true",
			"initially_valid"},
		{18, "ALTER TABLE t ADD CHECK (a) NOT ENFORCED", "\"skip_validation\":true",
			"is_enforced"},
		{18, "CREATE TABLE t (a int CHECK (a) NOT ENFORCED)", "CONSTR_ATTR_NOT_ENFORCED",
			"skip_validation"},
		{18, "ALTER TABLE t ALTER CONSTRAINT k NOT ENFORCED",
			"\"alterEnforceability\":true", "is_enforced"},
	};
	struct grammar *g = opened();
	struct slice json;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (cases[i].since > grammar_version())
			continue;
		if (!parses(g, slice_of(cases[i].sql), &json, NULL) || !has(json, cases[i].has) ||
			(cases[i].lacks && has(json, cases[i].lacks)))
			fail_msg("%s: %.*s", cases[i].sql, SLICE(json));
	}
	grammar_close(g);
}

static void test_plpgsql(void **state)
{
	static const struct {
		const char *sql, *says;
		size_t at;
	} faulty[] = {
		{"DO $$ BEGIN IF; END $$", "missing \"THEN\"", SIZE_MAX},
		{"CREATE FUNCTION", "syntax error", 15},
		{"CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 END $$",
			"syntax error", SIZE_MAX},
		{"CREATE FUNCTION f() LANGUAGE plpgsql", "no function body", SIZE_MAX},
		{"CREATE PROCEDURE f()", "no function body", SIZE_MAX},
		{"DO LANGUAGE plpgsql", "no inline code", SIZE_MAX},
	};
	/* no PL/pgSQL in there, and nothing wrong with that */
	static const char *const empty[] = {
		"SELECT 1",
		"",
		"CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
	};
	struct grammar_fault fault;
	struct grammar *g = opened();
	struct err err = {0};
	struct slice json;

	(void)state;
	assert_true(grammar_plpgsql(g,
		SL("DO $$ BEGIN IF true THEN EXECUTE 'DROP TABLE x'; END IF; END $$"), &json,
		&fault, &err));
	assert_true(slice_starts(json, "{\"plpgsql_funcs\":["));
	assert_true(slice_ends(json, "]}"));
	assert_true(has(json, "PLpgSQL_stmt_dynexecute"));
	for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
		assert_false(grammar_plpgsql(g, slice_of(faulty[i].sql), &json, &fault, &err));
		assert_true(has(fault.message, faulty[i].says));
		assert_true(fault.offset == faulty[i].at);
	}
	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		assert_true(grammar_plpgsql(g, slice_of(empty[i]), &json, &fault, &err));
		assert_true(slice_is(json, "{\"plpgsql_funcs\":[]}"));
	}
	assert_false(err_is(&err));
	grammar_close(g);
}

/* ---- Nothing that comes from a file may take the process down ---- */

static void repeat(struct buf *b, const char *text, int n)
{
	for (int i = 0; i < n; i++)
		buf_adds(b, text);
}

static const struct deep {
	const char *before, *open, *middle, *close;
	int n;
} deep[] = {
	{"SELECT ", "(", "1", ")", 200000},
	{"SELECT ", "(", "", "", 200000},
	{"SELECT 1", "+1", "", "", 100000},
	{"SELECT 1", "+1", "", "", 500000},
	{"SELECT 1", "::a", "", "", 300000},
	{"SELECT * FROM a", " CROSS JOIN b", "", "", 100000},
	{"SELECT 1", " UNION SELECT 1", "", "", 100000},
	{"SELECT a", " COLLATE b", "", "", 100000},
	{"SELECT ", "x[", "1", "]", 200000},
	{"SELECT ", "f(", "1", ")", 9000},
	{"SELECT ", "NOT ", "1", "", 9000},
	{"", "SELECT (", "SELECT 1", ")", 200000},
	{"", "WITH a AS (", "SELECT 1", ") SELECT 1", 9000},
	{"", "SELECT 1;", "", "", 100000},
	{"INSERT INTO t VALUES (1)", ",(2)", "", "", 500000},
};

static void parse_deep(struct grammar *g, const struct deep *d, bool *ok)
{
	struct buf b = {0};
	struct slice json;

	buf_adds(&b, d->before);
	repeat(&b, d->open, d->n);
	buf_adds(&b, d->middle);
	repeat(&b, d->close, d->n);
	*ok = parses(g, buf_slice(&b), &json, NULL);
	buf_done(&b);
	/* whatever came of it, the next one is not touched by it */
	assert_true(parses(g, SL("SELECT x FROM y WHERE z = 1"), &json, NULL));
	assert_true(has(json, "whereClause"));
}

static void test_deep(void **state)
{
	struct grammar *g = opened();
	bool ok;

	(void)state;
	for (size_t i = 0; i < sizeof deep / sizeof *deep; i++)
		parse_deep(g, &deep[i], &ok);
	grammar_close(g);
}

/* How deep a statement may nest must not depend on the stack of whoever asks. */
static void *parse_all_deep(void *arg)
{
	struct grammar *g = opened();

	for (size_t i = 0; i < sizeof deep / sizeof *deep; i++)
		parse_deep(g, &deep[i], (bool *)arg + i);
	grammar_close(g);
	return NULL;
}

static void test_any_stack(void **state)
{
	static const size_t stacks[] = {LITTLE_STACK, 256 << 20};
	bool first[sizeof deep / sizeof *deep], again[sizeof deep / sizeof *deep];
	pthread_attr_t attr;
	pthread_t t;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, stacks[i]);
		assert_int_equal(pthread_create(&t, &attr, parse_all_deep, i ? again : first), 0);
		pthread_join(t, NULL);
		pthread_attr_destroy(&attr);
	}
	assert_memory_equal(first, again, sizeof first);
}

static void test_noise(void **state)
{
	struct grammar_fault fault;
	struct grammar *g = opened();
	struct err err = {0};
	struct slice json;
	struct buf b = {0};
	uint32_t x = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		buf_clear(&b);
		if (round & 1)
			buf_adds(&b, "SELECT $x$");
		for (int i = 0; i < (round < 2 ? 1 << 20 : round * 20); i++) {
			x = x * 1103515245 + 12345;
			buf_addc(&b, (char)(round & 2 ? x >> 16 | 1 : 32 + (x >> 16) % 95));
		}
		if (round & 1)
			buf_adds(&b, "$x$");
		(void)grammar_parse(g, buf_slice(&b), &json, &fault, &err);
		(void)grammar_plpgsql(g, buf_slice(&b), &json, &fault, &err);
		assert_false(err_is(&err));
	}
	assert_true(parses(g, SL("SELECT 1"), &json, NULL));
	buf_done(&b);
	grammar_close(g);
}

/* ---- A long life, several threads, other people's signals ---- */

static size_t resident_pages(void)
{
	size_t all, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%zu %zu", &all, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident;
}

static void many(struct grammar *g, int n)
{
	struct grammar_fault fault;
	struct err err = {0};
	struct slice json;
	struct buf b = {0};

	for (int i = 0; i < n; i++) {
		buf_clear(&b);
		buf_printf(&b, i % 3 ? "ALTER TABLE t%d ADD COLUMN c int" : "CREATE TABL t%d", i);
		assert_int_equal(parses(g, buf_slice(&b), &json, NULL), i % 3 != 0);
		if (i % 5 == 0)
			assert_true(grammar_plpgsql(
				g, SL("DO $$ BEGIN PERFORM 1; END $$"), &json, &fault, &err));
	}
	buf_done(&b);
}

static void test_long_life(void **state)
{
	struct grammar *g = opened();
	size_t before;

	(void)state;
	many(g, 2000);
	before = resident_pages();
	many(g, 100000);
	if (!IS_SANITIZED)
		assert_true(resident_pages() < before + (16 << 20) / 4096);
	grammar_close(g);
}

static void *in_thread(void *arg)
{
	struct grammar *g = opened();

	many(g, 2000);
	grammar_close(g);
	return arg;
}

static void test_threads(void **state)
{
	pthread_t t[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, in_thread, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

static void test_signals_are_left_alone(void **state)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGINT, SIGALRM, SIGPROF};
	struct sigaction before[sizeof signals / sizeof *signals], after;
	bool ok;

	(void)state;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], NULL, &before[i]);
	for (size_t i = 0; i < 4; i++) {
		struct grammar *g = opened();

		parse_deep(g, &deep[i], &ok);
		grammar_close(g);
	}
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		sigaction(signals[i], NULL, &after);
		assert_true(after.sa_handler == before[i].sa_handler);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_built_tree),
		cmocka_unit_test(test_offset),
		cmocka_unit_test(test_newer_syntax),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_plpgsql),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_any_stack),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_long_life),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_signals_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
