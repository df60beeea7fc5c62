/* read_test.c - readings that need no server. The bulk is in tests/oracle/mysql, against one. */
#include "engine/mysql/mysql.h"
#include "engine/mysql/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

struct fixture {
	struct arena a;
	struct source src;
	struct script script;
};

extern const struct engine engine_mysql, engine_mariadb;

static struct script *read_all(
	struct fixture *f, const struct engine *e, int version, const char *sql)
{
	struct reader_options o = {.dialect = e->dialect, .version = version};
	struct reader *r;
	struct err err = {0};

	source_init(&f->src, &f->a, "t.sql", slice_of(sql));
	f->src.masked = f->src.text;
	assert_true(e->reader_open(&r, &o, &err));
	assert_true(script_read(e, r, &f->a, &f->src, 0, f->src.text.len, &f->script, &err));
	e->reader_close(r);
	return &f->script;
}

static const struct statement *one(
	struct fixture *f, const struct engine *e, int version, const char *sql)
{
	struct script *s = read_all(f, e, version, sql);

	assert_int_equal(s->n, 1);
	return &s->at[0];
}

static void assert_slice(struct slice s, const char *want)
{
	if (!slice_is(s, want))
		fail_msg("<%.*s> is not <%s>", SLICE(s), want);
}

static void test_types(void **state)
{
	static const struct {
		const char *written, *mariadb, *mysql;
	} types[] = {
		{"INT", "int(11)", "int"},
		{"INT UNSIGNED", "int(10) unsigned", "int unsigned"},
		{"INT(5) ZEROFILL", "int(5) unsigned zerofill", "int(5) unsigned zerofill"},
		{"BOOL", "tinyint(1)", "tinyint(1)"},
		{"TINYINT(1)", "tinyint(1)", "tinyint(1)"},
		{"TINYINT(1) UNSIGNED", "tinyint(1) unsigned", "tinyint unsigned"},
		{"DECIMAL(10, 2)", "decimal(10,2)", "decimal(10,2)"},
		{"DOUBLE PRECISION", "double", "double"},
		{"VARCHAR(50)", "varchar(50)", "varchar(50)"},
		{"NATIONAL VARCHAR(5)", "varchar(5)", "varchar(5)"},
		{"YEAR(4)", "year(4)", "year"},
		{"JSON", "longtext", "json"},
		{"ENUM('a', 'it''s')", "enum('a','it''s')", "enum('a','it''s')"},
		{"TEXT(10)", "tinytext", "tinytext"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct fixture f = {0};
		struct slice sql = arena_printf(&f.a, "CREATE TABLE t (c %s)", types[i].written);
		const struct statement *st =
			one(&f, &engine_mariadb, 101100, arena_cstr(&f.a, sql));

		assert_slice(st->changes[0].def->parts[0]->column.type, types[i].mariadb);
		st = one(&f, &engine_mysql, 80036, arena_cstr(&f.a, sql));
		assert_slice(st->changes[0].def->parts[0]->column.type, types[i].mysql);
		arena_done(&f.a);
	}
}

static void test_syntax(void **state)
{
	struct fixture f = {0};
	const struct statement *st;

	(void)state;
	st = one(&f, &engine_mysql, 0, "ALTER TABLE t ADD COLUMN (");
	assert_int_equal(st->state, STATEMENT_SYNTAX);
	assert_slice(st->fault_message, "expected a column name, found the end of the statement");
	st = one(&f, &engine_mysql, 0, "CREATE TABLE t (a INT, )");
	assert_slice(st->fault_message, "expected a column name, found \")\"");
	assert_int_equal(st->fault_at, 23);
	st = one(&f, &engine_mariadb, 0, "SELECT a->>'$.b' FROM t");
	assert_int_equal(st->state, STATEMENT_SYNTAX);
	st = one(&f, &engine_mysql, 0, "SELECT a->>'$.b' FROM t");
	assert_int_equal(st->state, STATEMENT_READ);
	arena_done(&f.a);
}

static void test_spans(void **state)
{
	struct fixture f = {0};
	const struct statement *st = one(&f, &engine_mysql, 0,
		"ALTER TABLE shop.t ADD COLUMN a INT NOT NULL, DROP COLUMN b, ALGORITHM=INPLACE");

	(void)state;
	assert_int_equal(st->nchanges, 2);
	assert_slice(span_text(st->changes[0].span), "ADD COLUMN a INT NOT NULL");
	assert_slice(span_text(st->changes[1].span), "DROP COLUMN b");
	assert_slice(st->changes[1].settings.at[0], "algorithm=inplace");
	assert_slice(st->changes[0].target.schema, "shop");
	arena_done(&f.a);
}

static void test_dynamic(void **state)
{
	struct fixture f = {0};
	struct script *s = read_all(&f, &engine_mysql, 0,
		"SET @s = IF((SELECT COUNT(*) FROM information_schema.columns) > 0, 'SELECT 1',"
		" 'ALTER TABLE t ADD c INT');\nPREPARE p FROM @s;\nEXECUTE p;\n"
		"SET @x = (SELECT GROUP_CONCAT(n) FROM u);\nPREPARE q FROM @x;\nEXECUTE q;\n");

	(void)state;
	assert_int_equal(s->n, 6);
	assert_int_equal(s->at[2].nchanges, 3);
	assert_int_equal(s->at[2].changes[2].kind, CHANGE_ADD_COLUMN);
	assert_true(s->at[2].changes[2].flags & CHANGE_GUARDED);
	assert_int_equal(s->at[5].state, STATEMENT_OPAQUE);
	assert_slice(s->at[5].may_touch.at[0], "*");
	arena_done(&f.a);
}

static void test_targets(void **state)
{
	struct fixture f = {0};
	const struct statement *st;

	(void)state;
	st = one(&f, &engine_mysql, 0,
		"UPDATE a JOIN b AS bb ON bb.x = a.x SET bb.y = 1 WHERE 1 = 1");
	assert_int_equal(st->nchanges, 1);
	assert_slice(st->changes[0].target.name, "b");
	assert_true(st->changes[0].flags & CHANGE_WHERE_TRUE);
	st = one(&f, &engine_mysql, 0, "DELETE a, c.* FROM a JOIN b ON 1 JOIN c ON 2");
	assert_int_equal(st->nchanges, 2);
	assert_slice(st->changes[1].target.name, "c");
	st = one(&f, &engine_mysql, 0, "GRANT SELECT ON s.* TO 'u'@'h' IDENTIFIED BY 'secret'");
	assert_slice(st->changes[0].value.text, "'u'@'h'");
	arena_done(&f.a);
}

static void test_looks(void **state)
{
	(void)state;
	assert_true(
		mysql_looks_like(SL("CREATE TABLE `t` (id INT AUTO_INCREMENT) ENGINE=InnoDB")) > 4);
	assert_int_equal(mysql_looks_like(SL("CREATE TABLE t (id serial)")), 0);
	assert_int_equal(mariadb_looks_like(SL("CREATE TABLE `t` (id INT)")), 0);
}

static void test_url(void **state)
{
	struct arena a = {0};
	struct err err = {0};
	struct my_url u;

	(void)state;
	assert_true(
		my_url_parse(&a, SL("mysql://me:p%40ss@db.example:3307/shop?ssl=true"), &u, &err));
	assert_string_equal(u.user, "me");
	assert_string_equal(u.password, "p@ss");
	assert_string_equal(u.host, "db.example");
	assert_int_equal(u.port, 3307);
	assert_string_equal(u.database, "shop");
	assert_true(u.ssl);
	assert_true(my_url_parse(&a, SL("mariadb://[::1]/x?socket=/run/m%20y.sock"), &u, &err));
	assert_string_equal(u.host, "::1");
	assert_string_equal(u.socket, "/run/m y.sock");
	assert_false(my_url_parse(&a, SL("mysql://u:secret@h:port/x"), &u, &err));
	assert_null(strstr(err.message, "secret"));
	err_done(&err);
	assert_false(my_url_parse(&a, SL("mysql://h/x?colour=red"), &u, &err));
	err_done(&err);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_dynamic),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
