/* scratch_test.c - connections and scratch servers, with SQL that means harm. */
#include "engine/mysql/mysql.h"

#include "base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	struct scratch *s;
	struct conn *c;
	struct arena a;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	struct err err = {0};

	*f = (struct fixture){0};
	*state = f;
	if (!mariadb_scratch_start(&f->s, &(struct scratch_options){0}, &err)) {
		print_message("no scratch server: %s\n", err.message);
		f->s = NULL;
	} else if (!mysql_scratch_open(f->s, "main", NULL, &f->c, &err)) {
		fail_msg("%s", err.message);
	}
	err_done(&err);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	conn_close(f->c);
	mysql_scratch_stop(f->s);
	arena_done(&f->a);
	free(f);
	return 0;
}

static void must(struct fixture *f, struct conn *c, const char *sql)
{
	struct err err = {0};

	(void)f;
	if (!conn_exec(c, slice_of(sql), &err))
		fail_msg("%s: %s", sql, err.message);
}

static void test_hostile(void **state)
{
	static const char *const refused[] = {
		"SELECT 1 INTO OUTFILE '/tmp/belay_evil'",
		"SELECT 1 INTO DUMPFILE '/tmp/belay_evil'",
		"LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
		"LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t",
		"INSTALL SONAME 'ha_connect'",
		"INSTALL PLUGIN x SONAME 'x.so'",
		"CREATE FUNCTION sys_exec RETURNS INT SONAME 'lib_mysqludf_sys.so'",
		"SET GLOBAL local_infile = 1",
		"SET GLOBAL general_log_file = '/tmp/belay_evil'",
		"CREATE DATABASE elsewhere",
		"CREATE USER other",
		"GRANT ALL ON *.* TO belay@localhost",
		"UPDATE mysql.global_priv SET Priv = '{}'",
		"SELECT * FROM mysql.global_priv",
		"FLUSH PRIVILEGES",
		"SHUTDOWN",
		"CHANGE MASTER TO MASTER_HOST = '127.0.0.1'",
		"CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST '127.0.0.1')",
	};
	struct fixture *f = *state;
	struct rows r;
	struct err err = {0};

	if (!f->s)
		skip();
	must(f, f->c, "CREATE TABLE t (a TEXT)");
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (conn_exec(f->c, slice_of(refused[i]), &err))
			fail_msg("not refused: %s", refused[i]);
		assert_int_equal(err.code, ERR_FAILED);
		assert_int_not_equal(err.native, 0);
		err_done(&err);
	}
	assert_int_not_equal(access("/tmp/belay_evil", F_OK), 0);
	assert_true(conn_query(f->c, SL("SELECT LOAD_FILE('/etc/passwd')"), &f->a, &r, &err));
	assert_true(rows_null(&r, 0, 0));
	/* No folder of ours: the option is ignored. */
	must(f, f->c, "CREATE TABLE d (a INT) DATA DIRECTORY = '/tmp/belay_evil'");
	assert_int_not_equal(access("/tmp/belay_evil", F_OK), 0);
	must(f, f->c, "DROP TABLE t, d");
}

static bool half_a_second(void *ctx, long long elapsed_ms)
{
	(void)ctx;
	return elapsed_ms < 500;
}

static void test_connection(void **state)
{
	struct fixture *f = *state;
	struct cell params[2] = {{SL("a\\'b?"), false}, {SLICE_NONE, true}};
	struct conn *second = NULL;
	struct rows r;
	struct err err = {0};
	long long start;

	if (!f->s)
		skip();
	assert_true(conn_query_params(f->c, SL("SELECT ?, ?, '?'"), params, 2, &f->a, &r, &err));
	assert_true(slice_is(rows_get(&r, 0, 0), "a\\'b?"));
	assert_true(rows_null(&r, 0, 1));
	must(f, f->c,
		"CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1); BEGIN;"
		" UPDATE t SET a = 2");
	assert_true(f->c->ops->in_transaction(f->c));
	assert_true(mysql_scratch_open(f->s, "main", "main", &second, &err));
	must(f, second, "SET innodb_lock_wait_timeout = 1");
	assert_false(conn_exec(second, SL("UPDATE t SET a = 3"), &err));
	assert_int_equal(err.code, ERR_BLOCKED);
	assert_int_equal(err.native, 1205);
	err_done(&err);
	must(f, f->c, "ROLLBACK");
	second->waiter = (struct waiter){half_a_second, NULL, 50};
	start = io_now_ms();
	assert_false(conn_exec(second, SL("SELECT SLEEP(20)"), &err));
	assert_int_equal(err.code, ERR_INTERRUPTED);
	assert_true(io_now_ms() - start < 5000);
	err_done(&err);
	second->waiter.tick = NULL;
	assert_true(second->ops->alive(second));
	assert_true(conn_query(second, SL("SELECT 1 / 0"), &f->a, &r, &err));
	assert_int_equal(r.nwarnings, 1);
	conn_close(second);
	must(f, f->c, "DROP TABLE t");
}

static void test_no_server(void **state)
{
	struct conn_options o = {.url = SL("mysql://u:verysecret@localhost/x?socket=/nowhere/s")};
	struct conn *c;
	struct err err = {0};

	(void)state;
	assert_false(mysql_connect_url(&c, &o, &err));
	assert_int_equal(err.code, ERR_CONNECT);
	assert_null(strstr(err.message, "verysecret"));
	assert_true(!err.context || !strstr(err.context, "verysecret"));
	err_done(&err);
}

static void test_read_only(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};

	if (!f->s)
		skip();
	must(f, f->c, "CREATE TABLE ro (a INT)");
	must(f, f->c, "SET SESSION TRANSACTION READ ONLY");
	assert_false(conn_exec(f->c, SL("INSERT INTO ro VALUES (1)"), &err));
	err_done(&err);
	must(f, f->c, "SET SESSION TRANSACTION READ WRITE");
	must(f, f->c, "DROP TABLE ro");
}

/* A copy has the same schema, the same rows and the same positions; a changed row shows. */
static void test_copy(void **state)
{
	static const char *const tables[] = {"p", "c"};
	struct fixture *f = *state;
	struct names none = {0}, one = {0}, two = {0};
	struct conn *copy = NULL;
	struct err err = {0};
	char x[65], y[65];
	long long n, m;

	if (!f->s)
		skip();
	must(f, f->c,
		"CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, n VARCHAR(20), f FLOAT,"
		" b BIT(3), ts TIMESTAMP(3) NULL, g POINT)");
	must(f, f->c,
		"INSERT INTO p (n, f, b, ts, g) VALUES ('ä', 1.2345678, b'101',"
		" '2020-01-01 00:00:00.5', POINT(1, 2)), (NULL, NULL, NULL, NULL, NULL)");
	must(f, f->c,
		"CREATE TABLE c (id INT PRIMARY KEY, p INT, s INT AS (p + 1) STORED, j JSON,"
		" FOREIGN KEY (p) REFERENCES p (id) ON DELETE CASCADE)");
	must(f, f->c, "INSERT INTO c (id, p) VALUES (0, 1), (2, 2)");
	must(f, f->c, "CREATE VIEW v1 AS SELECT p.id FROM p JOIN c ON c.p = p.id");
	must(f, f->c, "CREATE VIEW v0 AS SELECT * FROM v1");
	must(f, f->c, "CREATE TRIGGER tr BEFORE INSERT ON p FOR EACH ROW SET NEW.n = 'changed'");
	must(f, f->c, "CREATE FUNCTION fn (a INT) RETURNS INT RETURN a + 1");
	must(f, f->c, "CREATE SEQUENCE sq START 7");
	must(f, f->c, "SELECT NEXTVAL(sq)");
	assert_true(mysql_scratch_open(f->s, "proof", "main", &copy, &err));
	for (size_t i = 0; i < 2; i++) {
		struct name t = {SLICE_NONE, slice_of(tables[i])};

		assert_true(mysql_rows_fingerprint(f->c, t, none, &n, x, &err));
		assert_true(mysql_rows_fingerprint(copy, t, none, &m, y, &err));
		assert_int_equal(n, 2);
		assert_int_equal(n, m);
		assert_string_equal(x, y);
	}
	assert_true(mysql_positions(f->c, &f->a, &one, &err));
	assert_true(mysql_positions(copy, &f->a, &two, &err));
	assert_int_equal(one.n, 2);
	assert_true(names_eq(one, two));
	/* The next float after it: both are shown as 1.23457. */
	must(f, copy, "UPDATE p SET f = 1.2345679 WHERE id = 1");
	assert_true(mysql_rows_fingerprint(
		f->c, (struct name){SLICE_NONE, SL("p")}, none, &m, x, &err));
	assert_true(mysql_rows_fingerprint(
		copy, (struct name){SLICE_NONE, SL("p")}, none, &m, y, &err));
	assert_string_not_equal(x, y);
	conn_close(copy);
	assert_true(mysql_scratch_drop(f->s, "proof", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
