/* scratch_test.c - a real server: connections, errors, and that hostile SQL stays inside. */
#include "engine/postgres/scratch.h"

#include "base/io.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct scratch *s;
	struct conn *c; /* database "main" */
	struct arena a;
};

static void must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s (%s)", err->message, err->context ? err->context : "");
}

static int set_up(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);
	struct scratch_options o = {0};
	struct err err = {0};

	*f = (struct fixture){0};
	*state = f;
	if (!pg_scratch_start(&f->s, &o, &err)) {
		printf("# skipped: %s\n", err.message);
		err_done(&err);
		return 0;
	}
	must(pg_scratch_open(f->s, "main", NULL, &f->c, &err), &err);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	conn_close(f->c);
	pg_scratch_stop(f->s);
	arena_done(&f->a);
	free(f);
	return 0;
}

static struct slice ask(struct fixture *f, struct conn *c, const char *sql)
{
	struct err err = {0};
	struct rows r;

	must(conn_query(c, slice_of(sql), &f->a, &r, &err), &err);
	return r.nrows ? rows_get(&r, 0, 0) : SLICE_NONE;
}

static void run(struct conn *c, const char *sql)
{
	struct err err = {0};

	must(conn_exec(c, slice_of(sql), &err), &err);
}

static void refuses(struct conn *c, const char *sql, const char *sqlstate)
{
	struct err err = {0};

	if (conn_exec(c, slice_of(sql), &err))
		fail_msg("was allowed: %s", sql);
	if (strcmp(err.sqlstate, sqlstate) != 0)
		fail_msg("%s: %s %s", sql, err.sqlstate, err.message);
	err_done(&err);
}

static void test_identity(void **state)
{
	struct fixture *f = *state;

	if (!f->s)
		skip();
	assert_true(f->c->id.version >= 120000);
	assert_false(f->c->id.superuser);
	assert_false(f->c->id.read_only);
	assert_true(slice_is(f->c->id.role, SCRATCH_OWNER));
	assert_true(slice_is(f->c->id.database, "main"));
	assert_true(f->c->id.system.len > 10);
	assert_true(slice_starts(f->c->id.server, "PostgreSQL 1"));
	assert_true(slice_is(ask(f, f->c, "SHOW listen_addresses"), ""));
	assert_true(slice_is(ask(f, f->c, "SHOW application_name"), "belay scratch"));
}

static void test_rows(void **state)
{
	struct fixture *f = *state;
	struct cell params[2] = {{SL("it's"), false}, {SLICE_NONE, true}};
	struct err err = {0};
	struct rows r;

	if (!f->s)
		skip();
	must(conn_query_params(
		     f->c, SL("SELECT $1::text AS a, $2::text AS b"), params, 2, &f->a, &r, &err),
		&err);
	assert_int_equal(r.nrows, 1);
	assert_true(slice_is(r.names[1], "b"));
	assert_true(slice_is(rows_get(&r, 0, 0), "it's"));
	assert_true(rows_null(&r, 0, 1));
	must(f->c->ops->exec(f->c,
		     SL("CREATE TABLE rows_t(a int); CREATE TABLE IF NOT EXISTS rows_t();"
			"INSERT INTO rows_t VALUES (1),(2)"),
		     &f->a, &r, &err),
		&err);
	assert_int_equal(r.affected, 2);
	assert_true(slice_is(r.tag, "INSERT 0 2"));
	assert_int_equal(r.nwarnings, 1);
	assert_true(
		slice_is(r.warnings[0], "NOTICE: relation \"rows_t\" already exists, skipping"));
	must(f->c->ops->copy_in(f->c, SL("COPY rows_t FROM stdin"), SL("3\n4\n5\n\\.\n"), &err),
		&err);
	assert_true(slice_is(ask(f, f->c, "SELECT count(*) FROM rows_t"), "5"));
	run(f->c, "COPY rows_t TO stdout");
	assert_false(f->c->ops->in_transaction(f->c));
	run(f->c, "BEGIN");
	assert_true(f->c->ops->in_transaction(f->c));
	run(f->c, "ROLLBACK");
	assert_true(f->c->ops->alive(f->c));
	run(f->c, "DROP TABLE rows_t");
}

static void test_errors(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct rows r;

	if (!f->s)
		skip();
	assert_false(conn_exec(f->c, SL("SELECT 'ä' FROM nowhere"), &err));
	assert_int_equal(err.code, ERR_FAILED);
	assert_string_equal(err.sqlstate, "42P01");
	assert_string_equal(err.message, "relation \"nowhere\" does not exist");
	assert_int_equal(err.sql_offset, 18);
	err_done(&err);
	run(f->c, "CREATE TABLE err_t(email text PRIMARY KEY, CHECK (email <> 'x'))");
	assert_false(conn_exec(f->c, SL("INSERT INTO err_t VALUES ('a@b'), ('a@b')"), &err));
	assert_string_equal(err.message, "duplicate key value violates unique constraint "
					 "\"err_t_pkey\": Key (email)=(…) already exists");
	err_done(&err);
	assert_false(conn_exec(f->c, SL("INSERT INTO err_t VALUES ('x')"), &err));
	assert_null(strstr(err.message, "Failing row"));
	err_done(&err);
	assert_false(conn_exec(f->c, slice_n("SELECT 1\0 ", 10), &err));
	err_done(&err);
	assert_true(conn_query(f->c, SL("SELECT 1; SELECT 2"), &f->a, &r, &err));
	assert_true(slice_is(rows_get(&r, 0, 0), "2")); /* one message; the last one's rows */
	run(f->c, "SET lock_timeout = '20ms'; SET statement_timeout = '60ms'");
	assert_false(conn_exec(f->c, SL("SELECT pg_sleep(5)"), &err));
	assert_int_equal(err.code, ERR_FAILED);
	assert_string_equal(err.sqlstate, "57014");
	err_done(&err);
	run(f->c, "RESET ALL; DROP TABLE err_t");
}

static void test_blocked(void **state)
{
	struct fixture *f = *state;
	struct conn *other = NULL;
	struct err err = {0};

	if (!f->s)
		skip();
	must(pg_scratch_open(f->s, "main", "main", &other, &err), &err);
	run(f->c, "CREATE TABLE blocked_t(a int)");
	run(f->c, "BEGIN; LOCK TABLE blocked_t");
	assert_false(conn_exec(other, SL("SET lock_timeout = '20ms'; DROP TABLE blocked_t"), &err));
	assert_int_equal(err.code, ERR_BLOCKED);
	err_done(&err);
	run(f->c, "ROLLBACK; DROP TABLE blocked_t");
	conn_close(other);
}

static void test_lost(void **state)
{
	struct fixture *f = *state;
	struct conn *other = NULL;
	struct err err = {0};

	if (!f->s)
		skip();
	must(pg_scratch_open(f->s, "main", "main", &other, &err), &err);
	must(conn_execf(f->c, &err, "SELECT pg_terminate_backend(%d)",
		     pg_conn(other)->pq.PQbackendPID(pg_conn(other)->pg)),
		&err);
	assert_false(conn_exec(other, SL("SELECT 1"), &err));
	assert_int_equal(err.code, ERR_CONNECT);
	err_done(&err);
	assert_false(other->ops->alive(other));
	assert_false(conn_exec(other, SL("SELECT 1"), &err));
	assert_int_equal(err.code, ERR_CONNECT);
	err_done(&err);
	conn_close(other);
}

static bool stop_after_50(void *ctx, long long elapsed_ms)
{
	*(int *)ctx += 1;
	return elapsed_ms < 50;
}

static void test_interrupt(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	int ticks = 0;

	if (!f->s)
		skip();
	f->c->waiter = (struct waiter){stop_after_50, &ticks, 10};
	assert_false(conn_exec(f->c, SL("SELECT pg_sleep(30)"), &err));
	f->c->waiter = (struct waiter){0};
	assert_int_equal(err.code, ERR_INTERRUPTED);
	assert_true(ticks >= 3);
	err_done(&err);
	run(f->c, "SELECT 1");
}

static void cannot_connect(const char *url, const char *says, const char *hint, const char *never)
{
	struct conn_options o = {.url = slice_of(url), .connect_timeout_ms = 3000};
	struct err err = {0};
	struct conn *c;

	assert_false(pg_connect(&c, &o, &err));
	if (!strstr(err.message, says) || !err.hint || !strstr(err.hint, hint))
		fail_msg("%s / %s", err.message, err.hint ? err.hint : "");
	if (never && (strstr(err.message, never) || strstr(err.hint, never)))
		fail_msg("secret shown: %s", err.message);
	err_done(&err);
}

static void test_connect_errors(void **state)
{
	struct fixture *f = *state;
	const char *host;

	cannot_connect("postgres://bob:pa%2Fss@127.0.0.1:1/x", "Connection refused",
		"listening on that port", "pa/ss");
	cannot_connect("postgres://bob:top/secret@localhost/db", "cannot read the database URL",
		"%2F", "secret");
	cannot_connect("postgres://bob:secret@localhost/db?nonsense=secret",
		"cannot read the database URL", "%2F", "secret");
	cannot_connect(
		"postgres:///x?host=/nonexistent", "No such file", "No server listens", NULL);
	cannot_connect("postgres:///?service=no-such-service", "service", "pg_service.conf", NULL);
	if (!f->s)
		skip();
	host = arena_cstr(&f->a, f->c->id.host);
	*strstr(host, "/.s.PGSQL") = 0;
	cannot_connect(
		arena_cstr(&f->a,
			arena_printf(&f->a, "postgres://belay_admin:wrong-one@/x?host=%s", host)),
		"password authentication failed", "Check the password", "wrong-one");
	cannot_connect(
		arena_cstr(&f->a, arena_printf(&f->a, "postgres://belay@/nodb?host=%s", host)),
		"database \"nodb\" does not exist", "CREATE DATABASE", NULL);
	cannot_connect(arena_cstr(&f->a, arena_printf(&f->a, "postgres://norole@/x?host=%s", host)),
		"role \"norole\" does not exist", "CREATE ROLE", NULL);
}

static void test_read_only(void **state)
{
	struct fixture *f = *state;
	struct conn_options o = {.read_only = true};
	struct err err = {0};
	struct conn *c;
	const char *host;

	if (!f->s)
		skip();
	host = arena_cstr(&f->a, f->c->id.host);
	*strstr(host, "/.s.PGSQL") = 0;
	o.url = arena_printf(&f->a, "postgres://belay@/main?host=%s", host);
	must(pg_connect(&c, &o, &err), &err);
	assert_true(c->id.read_only);
	refuses(c, "CREATE TABLE ro()", "25006");
	/* As it would be behind a pooler that swallows the option. */
	run(c, "SET default_transaction_read_only = off");
	pg_conn(c)->pooled = true;
	refuses(c, "CREATE TABLE ro()", "25006");
	assert_false(c->ops->in_transaction(c));
	assert_true(slice_is(ask(f, c, "SELECT 1"), "1"));
	conn_close(c);
}

/* Everything a hostile migration could try to get out. */
static void test_hostile(void **state)
{
	static const char *const tries[][2] = {
		{"COPY (SELECT 1) TO PROGRAM 'id'", "42501"},
		{"COPY pg_class FROM PROGRAM 'id'", "42501"},
		{"COPY (SELECT 1) TO '/tmp/belay-escape'", "42501"},
		{"SELECT pg_read_file('/etc/passwd')", "42501"},
		{"SELECT pg_read_binary_file('postgresql.conf')", "42501"},
		{"SELECT pg_ls_dir('/')", "42501"},
		{"SELECT lo_import('/etc/passwd')", "42501"},
		{"SELECT lo_export(1, '/tmp/belay-escape')", "42501"},
		{"CREATE EXTENSION dblink", "42501"},
		{"CREATE EXTENSION postgres_fdw", "42501"},
		{"CREATE EXTENSION file_fdw", "42501"},
		{"CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc.so.6', 'getpid'", "42501"},
		{"CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'int4in'", "42501"},
		{"ALTER SYSTEM SET shared_preload_libraries = 'x'", "42501"},
		{"SET session_preload_libraries = 'x'", "42501"},
		{"LOAD '/tmp/x.so'", "42501"},
		{"ALTER ROLE belay SUPERUSER", "42501"},
		{"ALTER ROLE belay_admin PASSWORD NULL", "42501"},
		{"CREATE ROLE evil SUPERUSER", "42501"},
		{"GRANT belay_admin TO belay", "42501"},
		{"SET ROLE belay_admin", "42501"},
		{"SET SESSION AUTHORIZATION belay_admin", "42501"},
		{"GRANT pg_execute_server_program TO belay", "42704"},
		{"GRANT pg_read_server_files TO belay", "42704"},
		{"CREATE SUBSCRIPTION s CONNECTION 'host=1.2.3.4' PUBLICATION p", "42501"},
		{"SELECT pg_reload_conf()", "42501"},
		{"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = "
		 "'belay_admin'",
			"42501"},
		{"CREATE DATABASE escape", "42501"},
		{"CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION suppress_redundant_"
		 "updates_trigger()",
			"42501"},
		{"UPDATE pg_authid SET rolsuper = true", "42501"},
		{"UPDATE pg_index SET indisready = false WHERE indrelid = (SELECT oid FROM pg_class"
		 " WHERE relname = 'pg_proc')",
			"42501"},
		{"UPDATE pg_index SET indisready = false WHERE true", "42501"},
		{"SELECT pg_catalog.belay_all_triggers('pg_proc', false, true)", "42501"},
		{"SELECT pg_catalog.belay_set('log_directory', '/tmp', false)", "42501"},
		{"SELECT pg_catalog.belay_index_flag('x', 'indkey', true)", "42501"},
		{"ALTER FUNCTION pg_catalog.belay_theirs(oid) OWNER TO belay", "42501"},
		{"CREATE OR REPLACE FUNCTION pg_catalog.belay_theirs(relation oid) RETURNS boolean"
		 " LANGUAGE sql AS 'SELECT true'",
			"42501"},
	};
	struct fixture *f = *state;

	if (!f->s)
		skip();
	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		refuses(f->c, tries[i][0], tries[i][1]);
	assert_false(io_is_file("/tmp/belay-escape"));
}

static void test_databases(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct conn *c, *d;

	if (!f->s)
		skip();
	must(pg_scratch_open(f->s, "one", NULL, &c, &err), &err);
	run(c, "CREATE TABLE t AS SELECT 1 AS a; CREATE SCHEMA s; COMMENT ON SCHEMA public IS 'x'");
	run(c, "CREATE EXTENSION IF NOT EXISTS plpgsql");
	conn_close(c);
	must(pg_scratch_open(f->s, "two", "one", &c, &err), &err);
	assert_true(slice_is(ask(f, c, "SELECT a FROM t"), "1"));
	run(c, "UPDATE t SET a = 2");
	must(pg_scratch_open(f->s, "one", "one", &d, &err), &err);
	assert_true(slice_is(ask(f, d, "SELECT a FROM t"), "1"));
	conn_close(d);
	conn_close(c);
	must(pg_scratch_drop(f->s, "one", &err), &err);
	must(pg_scratch_drop(f->s, "two", &err), &err);
	assert_int_equal(pg_scratch_info(f->s).version, f->c->id.version);
}

static void test_needs(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct conn *c, *d;

	if (!f->s)
		skip();
	must(pg_scratch_open(f->s, "one", NULL, &c, &err), &err);
	run(c, "CREATE TABLE t(a int); GRANT SELECT ON t TO app_reader, \"App Writer\"");
	run(c, "GRANT CREATE ON SCHEMA public TO app_owner; ALTER TABLE t OWNER TO app_owner");
	run(c, "ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT ON TABLES TO app_third");
	run(c, "CREATE ROLE worker");
	refuses(c, "CREATE ROLE worker", "42710");
	must(pg_scratch_open(f->s, "two", NULL, &d, &err), &err);
	run(d, "CREATE ROLE worker; CREATE TABLE w(a int); GRANT SELECT ON w TO worker");
	refuses(d, "CREATE ROLE worker", "42710");
	run(d, "CREATE EXTENSION pg_stat_statements");
	run(d, "COMMENT ON EXTENSION pg_stat_statements IS 'ours'");
	run(d, "DROP EXTENSION pg_stat_statements");
	run(d, "CREATE EXTENSION \"uuid-ossp\"; CREATE EXTENSION pgcrypto");
	conn_close(c);
	conn_close(d);
}

/* Roles that a DO block or a string in it names; a block that looks for one is left to itself. */
static void test_needs_of_blocks(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	struct conn *c;

	if (!f->s)
		skip();
	must(pg_scratch_open(f->s, "one", NULL, &c, &err), &err);
	run(c, "CREATE TABLE t(a int)");
	run(c, "DO $$ BEGIN GRANT SELECT ON t TO block_one;"
	       " EXECUTE 'GRANT SELECT ON t TO \"Block Two\"'; END $$");
	run(c, "DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'block_three') THEN"
	       " GRANT SELECT ON t TO block_three; END IF; END $$");
	assert_true(slice_is(
		ask(f, c, "SELECT count(*) FROM pg_roles WHERE rolname ~ '^[bB]lock'"), "2"));
	/* As the owner that a dump names. */
	run(c, "ALTER TABLE public.t OWNER TO \"Block Two\"");
	run(c, "CREATE TYPE mood AS ENUM ('a')");
	run(c, "ALTER TYPE mood OWNER TO block_one");
	assert_true(slice_is(
		ask(f, c, "SELECT tableowner FROM pg_tables WHERE tablename = 't'"), "Block Two"));
	run(c, "DROP TABLE t; DROP TYPE mood");
	run(c, "CREATE SCHEMA inner_one");
	run(c, "ALTER SCHEMA inner_one OWNER TO block_one");
	run(c, "DROP SCHEMA inner_one");
	refuses(c, "SELECT pg_catalog.belay_owner('TABLE', 'pg_class'::regclass, 'belay')",
		"42501");
	refuses(c, "SELECT pg_catalog.belay_owner('SCHEMA', 'public'::regnamespace, 'belay_admin')",
		"42501");
	conn_close(c);
}

/* What only a superuser may do and a history does all the same. */
static void test_privileged(void **state)
{
	static const char *const refused[] = {
		"ALTER TABLE child DISABLE TRIGGER ALL, ALTER a TYPE bigint USING a + 1",
		"ALTER TABLE pg_class DISABLE TRIGGER ALL",
		"SET session_preload_libraries = 'x'",
		"DO $$ BEGIN ALTER TABLE child DISABLE TRIGGER ALL; END $$",
	};
	struct fixture *f = *state;
	struct err err = {0};
	struct observed o;
	struct conn *c;

	if (!f->s)
		skip();
	must(pg_scratch_open(f->s, "one", NULL, &c, &err), &err);
	run(c, "CREATE SCHEMA \"S 1\"; CREATE TABLE parent(id int PRIMARY KEY);"
	       "CREATE TABLE child(a int REFERENCES parent);"
	       "CREATE TABLE \"S 1\".\"It's\"(a int REFERENCES parent)");
	must(c->engine->observe_begin(c, &err), &err);
	run(c, "alter table only child disable trigger all;");
	must(c->engine->observe_end(c, &f->a, &o, &err), &err);
	assert_true(o.privileged);
	run(c, "INSERT INTO child VALUES (1); DELETE FROM child");
	run(c, "BEGIN");
	run(c, "ALTER TABLE public.child ENABLE TRIGGER ALL");
	run(c, "ALTER TABLE \"S 1\".\"It's\" DISABLE TRIGGER ALL");
	run(c, "COMMIT");
	refuses(c, "INSERT INTO child VALUES (1)", "23503");
	refuses(c, "ALTER TABLE nowhere DISABLE TRIGGER ALL", "42P01");
	run(c, "UPDATE pg_index SET indisready = FALSE WHERE indrelid = (SELECT oid FROM pg_class"
	       " WHERE relname = 'parent')");
	assert_true(slice_is(ask(f, c,
				     "SELECT bool_or(indisready) FROM pg_index WHERE indrelid ="
				     " 'parent'::regclass"),
		"f"));
	run(c, "UPDATE pg_catalog.pg_index SET indisready = true WHERE indrelid = "
	       "'parent'::regclass");
	run(c, "COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL'");
	run(c, "COMMENT ON EXTENSION plpgsql IS NULL");
	run(c, "CREATE PUBLICATION everything FOR ALL TABLES WITH (publish = 'insert')");
	run(c, "DROP PUBLICATION everything");
	run(c, "BEGIN");
	run(c, "SET LOCAL session_replication_role = replica");
	run(c, "INSERT INTO child VALUES (7)");
	run(c, "COMMIT");
	assert_true(slice_is(ask(f, c, "SHOW session_replication_role"), "origin"));
	run(c, "SET log_min_duration_statement TO 250");
	assert_true(slice_is(ask(f, c, "SHOW log_min_duration_statement"), "250ms"));
	run(c, "RESET log_min_duration_statement");
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		refuses(c, refused[i], "42501");
	must(c->engine->observe_begin(c, &err), &err);
	run(c, "SELECT 1");
	must(c->engine->observe_end(c, &f->a, &o, &err), &err);
	assert_false(o.privileged);
	conn_close(c);
}

static void test_given_server(void **state)
{
	struct fixture *f = *state;
	struct scratch_options o = {0};
	struct slice password = {0};
	struct scratch *s = NULL;
	struct err err = {0};
	struct conn *c;
	char *host;

	if (!f->s)
		skip();
	host = arena_cstr(&f->a, f->c->id.host);
	*strstr(host, "/s/.s.PGSQL") = 0;
	must(io_read(&f->a, arena_cstr(&f->a, arena_printf(&f->a, "%s/password", host)), &password,
		     &err),
		&err);
	o.url = arena_printf(
		&f->a, "postgres://belay_admin:%.*s@/postgres?host=%s/s", SLICE(password), host);
	must(pg_scratch_start(&s, &o, &err), &err);
	must(pg_scratch_open(s, "main", NULL, &c, &err), &err);
	assert_true(slice_starts(c->id.database, "belay_scratch_"));
	run(c, "CREATE TABLE t()");
	conn_close(c);
	must(pg_scratch_open(s, "proof", "main", &c, &err), &err);
	run(c, "DROP TABLE t");
	conn_close(c);
	pg_scratch_stop(s);
	assert_true(slice_is(ask(f, f->c,
				     "SELECT count(*) FROM pg_database"
				     " WHERE datname LIKE 'belay_scratch%'"),
		"0"));
	o.url = arena_printf(&f->a, "postgres://belay@/main?host=%s/s", host);
	assert_false(pg_scratch_start(&s, &o, &err));
	assert_int_equal(err.code, ERR_REFUSED);
	err_done(&err);
}

static void test_speed(void **state)
{
	struct fixture *f = *state;
	struct scratch_options o = {0};
	struct err err = {0};
	struct scratch *s;
	struct conn *c;
	long long t0 = io_now_ms(), t1, t2, t3;

	if (!f->s)
		skip();
	must(pg_scratch_start(&s, &o, &err), &err);
	t1 = io_now_ms();
	must(pg_scratch_open(s, "main", NULL, &c, &err), &err);
	conn_close(c);
	t2 = io_now_ms();
	must(pg_scratch_open(s, "copy", "main", &c, &err), &err);
	conn_close(c);
	t3 = io_now_ms();
	pg_scratch_stop(s);
	printf("# start %lld ms, database %lld ms, copy %lld ms, stop %lld ms\n", t1 - t0, t2 - t1,
		t3 - t2, io_now_ms() - t3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_blocked),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_connect_errors),
		cmocka_unit_test(test_read_only),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_databases),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_needs_of_blocks),
		cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_given_server),
		cmocka_unit_test(test_speed),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
