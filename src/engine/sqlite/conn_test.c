/* conn_test.c - opening, running, waiting, being stopped; scratch databases that reach nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/io.h"
#include "engine/sqlite/conn.h"

#include <sys/stat.h>
#include <unistd.h>

struct place_ {
	struct arena a;
	const char *dir;
};

static int setup(void **state)
{
	struct place_ *p = mem_alloc(sizeof *p);
	struct err err = {0};

	*p = (struct place_){0};
	assert_true(io_temp_dir(&p->a, "sqlite-test", &p->dir, &err));
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place_ *p = *state;

	io_remove_tree(p->dir);
	arena_done(&p->a);
	free(p);
	return 0;
}

static const char *in_dir(struct place_ *p, const char *name)
{
	return io_join(&p->a, p->dir, name);
}

static bool open_as(struct place_ *p, const char *name, struct conn_options *o, struct conn **out,
	struct err *err)
{
	o->url = arena_printf(&p->a, "sqlite:%s", in_dir(p, name));
	return sqlite_connect(out, o, err);
}

static struct conn *open_ok(struct place_ *p, const char *name)
{
	struct conn_options o = {0};
	struct conn *c = NULL;
	struct err err = {0};

	if (!open_as(p, name, &o, &c, &err))
		fail_msg("%s", err.message);
	return c;
}

static void must(struct conn *c, const char *sql)
{
	struct err err = {0};

	if (!conn_exec(c, slice_of(sql), &err))
		fail_msg("%s: %s", sql, err.message);
}

static void refuses(struct conn *c, const char *sql, enum err_code code, const char *words)
{
	struct err err = {0};

	if (conn_exec(c, slice_of(sql), &err))
		fail_msg("was not refused: %s", sql);
	assert_int_equal(err.code, code);
	if (slice_find(slice_of(err.message), slice_of(words)) == SIZE_MAX)
		fail_msg("%s: said \"%s\", not \"%s\"", sql, err.message, words);
	err_done(&err);
}

static void opens_and_asks(void **state)
{
	struct place_ *p = *state;
	struct conn *c = open_ok(p, "new.db");
	struct cell params[2] = {{.text = SL("it's")}, {.null = true}};
	struct rows r;
	struct err err = {0};
	struct stat st;

	assert_int_equal(stat(in_dir(p, "new.db"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(c->id.dialect, DIALECT_SQLITE);
	assert_true(slice_starts(c->id.system, "inode:"));
	must(c, "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'), (2, NULL); -- done");
	assert_true(conn_query(c, SL("SELECT a, b FROM t ORDER BY a"), &p->a, &r, &err));
	assert_int_equal(r.nrows, 2);
	assert_int_equal(r.ncols, 2);
	assert_true(slice_is(r.names[1], "b"));
	assert_true(slice_is(rows_get(&r, 0, 1), "x"));
	assert_true(rows_null(&r, 1, 1));
	assert_true(conn_query_params(
		c, SL("INSERT INTO t VALUES (?, ?)"), params, 2, &p->a, &r, &err));
	assert_int_equal(r.affected, 1);
	assert_true(conn_query(c, SL("SELECT count(*) FROM t WHERE a = 'it''s'"), &p->a, &r, &err));
	assert_true(slice_is(rows_get(&r, 0, 0), "1"));
	assert_false(c->ops->in_transaction(c));
	must(c, "BEGIN");
	assert_true(c->ops->in_transaction(c));
	assert_true(c->ops->exec(c, SL("PRAGMA foreign_keys = ON"), &p->a, &r, &err));
	assert_int_equal(r.nwarnings, 1);
	must(c, "ROLLBACK");
	refuses(c, "SELECT 1; SELECT * FROM nowhere", ERR_FAILED, "no such table: nowhere");
	refuses(c, "INSERT INTO", ERR_FAILED, "incomplete input");
	assert_true(c->ops->alive(c));
	unlink(in_dir(p, "new.db"));
	assert_false(c->ops->alive(c));
	conn_close(c);
}

static void says_where_an_error_is(void **state)
{
	struct conn *c = open_ok(*state, "offset.db");
	struct err err = {0};

	assert_false(conn_exec(c, SL("SELECT 1; SELECT x"), &err));
	assert_int_equal(err.sql_offset, 18);
	assert_int_equal(err.native, SQLITE_ERROR);
	err_done(&err);
	conn_close(c);
}

static void cannot_open(struct place_ *p, const char *name, bool read_only, const char *words)
{
	struct conn_options o = {.read_only = read_only};
	struct conn *c = NULL;
	struct err err = {0};

	assert_false(open_as(p, name, &o, &c, &err));
	assert_int_equal(err.code, ERR_CONNECT);
	if (slice_find(slice_of(err.message), slice_of(words)) == SIZE_MAX)
		fail_msg("said \"%s\", not \"%s\"", err.message, words);
	err_done(&err);
}

static void refuses_what_is_no_database(void **state)
{
	struct place_ *p = *state;
	struct err err = {0};

	assert_true(io_write(in_dir(p, "text.db"),
		SL("This is not a database, but it is longer than its header would be, so that "
		   "there is something to look at."),
		0600, &err));
	cannot_open(p, "text.db", false, "not an SQLite database");
	cannot_open(p, "missing/x.db", false, "its directory does not exist");
	cannot_open(p, "missing.db", true, "there is no such file");
	cannot_open(p, ".", false, "it is a directory");
	assert_int_not_equal(access(in_dir(p, "missing.db"), F_OK), 0);
}

static void read_only_writes_nothing(void **state)
{
	struct place_ *p = *state;
	struct conn *c = open_ok(p, "ro.db");
	struct conn_options o = {.read_only = true};
	struct rows r;
	struct err err = {0};

	must(c, "PRAGMA journal_mode = WAL; CREATE TABLE t (a)");
	conn_close(c);
	assert_true(open_as(p, "ro.db", &o, &c, &err));
	assert_true(c->id.read_only);
	assert_true(conn_query(c, SL("SELECT count(*) FROM t"), &p->a, &r, &err));
	refuses(c, "INSERT INTO t VALUES (1)", ERR_FAILED, "readonly");
	conn_close(c);
	assert_int_not_equal(access(in_dir(p, "ro.db-wal"), F_OK), 0);
	assert_int_not_equal(access(in_dir(p, "ro.db-shm"), F_OK), 0);
}

static bool count_ticks(void *ctx, long long elapsed_ms)
{
	int *left = ctx;

	(void)elapsed_ms;
	return --*left > 0;
}

static void waits_for_another_writer(void **state)
{
	struct place_ *p = *state;
	struct conn *writer = open_ok(p, "busy.db"), *c;
	int ticks = 1000;
	struct conn_options o = {.waiter = {count_ticks, &ticks, 5}};
	struct err err = {0};
	struct rows r;

	must(writer, "CREATE TABLE t (a); BEGIN IMMEDIATE");
	assert_true(open_as(p, "busy.db", &o, &c, &err));
	assert_true(conn_query(c, SL("PRAGMA busy_timeout = 60"), &p->a, &r, &err));
	refuses(c, "INSERT INTO t VALUES (1)", ERR_BLOCKED, "database is locked");
	assert_in_range(ticks, 900, 998);
	must(writer, "COMMIT");
	must(c, "INSERT INTO t VALUES (1)");
	conn_close(c);
	conn_close(writer);
}

static void stops_when_the_waiter_says_so(void **state)
{
	int ticks = 3;
	struct conn_options o = {.waiter = {count_ticks, &ticks, 5}};
	struct conn *c;
	struct err err = {0};

	assert_true(open_as(*state, "stop.db", &o, &c, &err));
	refuses(c,
		"WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) "
		"SELECT count(*) FROM n",
		ERR_INTERRUPTED, "interrupted");
	ticks = 3;
	must(c, "SELECT 1");
	conn_close(c);
}

/* ---- Scratch ---- */

static struct scratch *start(void)
{
	struct scratch_options o = {0};
	struct scratch *s = NULL;
	struct err err = {0};

	assert_true(sqlite_scratch_start(&s, &o, &err));
	return s;
}

static struct conn *scratch_db(struct scratch *s, const char *name, const char *from)
{
	struct conn *c = NULL;
	struct err err = {0};

	if (!sqlite_scratch_open(s, name, from, &c, &err))
		fail_msg("%s", err.message);
	return c;
}

static void copies_and_removes(void **state)
{
	struct place_ *p = *state;
	struct scratch *s = start();
	struct conn *a = scratch_db(s, "a", NULL), *b;
	struct err err = {0};
	const char *path;
	struct rows r;

	must(a, "CREATE TABLE t (x); INSERT INTO t VALUES (1), (2); DELETE FROM t WHERE x = 1");
	b = scratch_db(s, "b", "a");
	assert_true(conn_query(b, SL("SELECT rowid, x FROM t"), &p->a, &r, &err));
	assert_true(slice_is(rows_get(&r, 0, 0), "2"));
	must(b, "INSERT INTO t VALUES (3)");
	assert_true(conn_query(a, SL("SELECT count(*) FROM t"), &p->a, &r, &err));
	assert_true(slice_is(rows_get(&r, 0, 0), "1"));
	path = arena_cstr(&p->a, b->id.database);
	conn_close(b);
	assert_true(sqlite_scratch_drop(s, "b", &err));
	assert_int_not_equal(access(path, F_OK), 0);
	conn_close(a);
	a = scratch_db(s, "a", NULL); /* an existing one is replaced */
	refuses(a, "SELECT * FROM t", ERR_FAILED, "no such table");
	assert_false(sqlite_scratch_open(s, "../x", NULL, &b, &err));
	err_done(&err);
	path = arena_cstr(&p->a, a->id.database);
	conn_close(a);
	sqlite_scratch_stop(s);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void reaches_nothing_outside(void **state)
{
	struct place_ *p = *state;
	struct scratch *s = start();
	struct conn *c = scratch_db(s, "x", NULL);
	const char *target = in_dir(p, "stolen.db");

	must(c, "CREATE TABLE t (a); INSERT INTO t VALUES (1)");
	refuses(c, arena_printf(&p->a, "ATTACH '%s' AS y", target).at, ERR_FAILED, "authoriz");
	refuses(c, arena_printf(&p->a, "ATTACH '%s' || '' AS y", target).at, ERR_FAILED,
		"authoriz");
	refuses(c, arena_printf(&p->a, "VACUUM INTO '%s'", target).at, ERR_FAILED, "authoriz");
	refuses(c, "SELECT load_extension('/tmp/x.so')", ERR_FAILED, "authoriz");
	refuses(c, arena_printf(&p->a, "SELECT writefile('%s', 'x')", target).at, ERR_FAILED, "");
	refuses(c,
		"CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT load_extension('x'); END; "
		"INSERT INTO t VALUES (2)",
		ERR_FAILED, "authoriz");
	refuses(c, "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema", ERR_FAILED,
		"may not be modified");
	must(c, "VACUUM");
	assert_int_not_equal(access(target, F_OK), 0);
	conn_close(c);
	sqlite_scratch_stop(s);
}

/* ---- Rows and observations ---- */

static void print_of(struct conn *c, const char *table, long long *n, char hash[65])
{
	struct err err = {0};

	if (!sqlite_rows_fingerprint(
		    c, (struct name){.name = slice_of(table)}, (struct names){0}, n, hash, &err))
		fail_msg("%s", err.message);
}

static void fingerprints_ignore_order(void **state)
{
	struct place_ *p = *state;
	struct conn *c = open_ok(p, "rows.db");
	char one[65], two[65];
	long long n;
	struct names positions;
	struct err err = {0};

	must(c, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a, b);"
		"INSERT INTO t (a, b) VALUES (1, 'x'), (NULL, x'00'), (1.5, '');"
		"CREATE TABLE u (b, a, id); INSERT INTO u SELECT b, a, id FROM t ORDER BY id DESC");
	print_of(c, "t", &n, one);
	print_of(c, "u", &n, two);
	assert_int_equal(n, 3);
	assert_string_equal(one, two);
	must(c, "UPDATE u SET b = 'y' WHERE id = 1");
	print_of(c, "u", &n, two);
	assert_string_not_equal(one, two);
	must(c, "UPDATE u SET b = 'x' WHERE id = 1; UPDATE u SET a = '1' WHERE id = 1");
	print_of(c, "u", &n, two);
	assert_string_not_equal(one, two); /* the number and the text differ */
	assert_true(sqlite_positions(c, &p->a, &positions, &err));
	assert_int_equal(positions.n, 1);
	assert_true(slice_is(positions.at[0], "main.t=3"));
	conn_close(c);
}

static void observes(struct conn *c, struct arena *a, const char *sql, const char *lock,
	const char *rewrite, const char *scan)
{
	struct observed o;
	struct err err = {0};

	assert_true(sqlite_observe_begin(c, &err));
	must(c, sql);
	assert_true(sqlite_observe_end(c, a, &o, &err));
	assert_int_equal(o.nlocks, lock ? 1 : 0);
	if (lock)
		assert_string_equal(o.locks[0].mode, lock);
	assert_int_equal(o.nrewrites, rewrite ? 1 : 0);
	if (rewrite)
		assert_true(slice_is(o.rewrites[0].object.name, rewrite));
	assert_int_equal(o.nscans, scan ? 1 : 0);
	if (scan)
		assert_true(slice_is(o.scans[0].object.name, scan));
}

static void observes_what_statements_do(void **state)
{
	struct place_ *p = *state;
	struct conn *c = open_ok(p, "watch.db");

	must(c, "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b, d); INSERT INTO t VALUES (1, 2, 3, "
		"4)");
	observes(c, &p->a, "ALTER TABLE t ADD COLUMN c DEFAULT 1", "RESERVED", NULL, NULL);
	observes(c, &p->a, "ALTER TABLE t ADD COLUMN e CHECK (e > 0)", "RESERVED", NULL, "t");
	observes(c, &p->a, "ALTER TABLE t RENAME COLUMN c TO cc", "RESERVED", NULL, NULL);
	observes(c, &p->a, "ALTER TABLE t DROP COLUMN d", "RESERVED", "t", NULL);
	observes(c, &p->a, "CREATE INDEX i ON t (a)", "RESERVED", NULL, "t");
	observes(c, &p->a, "UPDATE t SET b = 1", "RESERVED", NULL, "t");
	observes(c, &p->a, "UPDATE t SET b = 1 WHERE id = 1", "RESERVED", NULL, NULL);
	observes(c, &p->a, "DELETE FROM t WHERE b = 7", "RESERVED", NULL, "t");
	observes(c, &p->a, "SELECT * FROM t", "SHARED", NULL, "t");
	observes(c, &p->a, "SELECT 1 FROM t WHERE id = 1", "SHARED", NULL, NULL);
	observes(c, &p->a, "VACUUM", "EXCLUSIVE", "t", NULL);
	observes(c, &p->a, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
	conn_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(opens_and_asks, setup, teardown),
		cmocka_unit_test_setup_teardown(says_where_an_error_is, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_database, setup, teardown),
		cmocka_unit_test_setup_teardown(read_only_writes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(waits_for_another_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(stops_when_the_waiter_says_so, setup, teardown),
		cmocka_unit_test_setup_teardown(copies_and_removes, setup, teardown),
		cmocka_unit_test_setup_teardown(reaches_nothing_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(fingerprints_ignore_order, setup, teardown),
		cmocka_unit_test_setup_teardown(observes_what_statements_do, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
