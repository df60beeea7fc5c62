/* redact_test.c - passwords in SQL and URLs: what is hidden, and what is left alone. */
#include "sql/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PG DIALECT_POSTGRES
#define MY DIALECT_MYSQL
#define LITE DIALECT_SQLITE

static const struct {
	enum dialect dialect;
	const char *sql;
	const char *want; /* NULL: left as it is */
} examples[] = {
	{PG, "CREATE ROLE x LOGIN PASSWORD 's3cr''et' VALID UNTIL '2027'",
		"CREATE ROLE x LOGIN PASSWORD '***' VALID UNTIL '2027'"},
	{PG, "ALTER USER x WITH ENCRYPTED PASSWORD\n -- why\n E'a\\'b'",
		"ALTER USER x WITH ENCRYPTED PASSWORD\n -- why\n '***'"},
	{PG, "ALTER ROLE x PASSWORD NULL", NULL},
	{PG, "ALTER ROLE x PASSWORD 'open", "ALTER ROLE x PASSWORD '***'"},
	{PG, "CREATE SUBSCRIPTION s CONNECTION 'host=h password=abc user=u' PUBLICATION p",
		"CREATE SUBSCRIPTION s CONNECTION 'host=h password=*** user=u' "
		"PUBLICATION p"},
	{PG, "CREATE SUBSCRIPTION s CONNECTION 'host=h password=''a b'' user=u'",
		"CREATE SUBSCRIPTION s CONNECTION 'host=h password=''***'' "
		"user=u'"},
	{PG, "SELECT dblink_connect('postgresql://u:p%40ss@h/db')",
		"SELECT dblink_connect('postgresql://u:***@h/db')"},
	{PG, "CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'bob', password 'x')",
		"CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'bob', password "
		"'***')"},
	{PG, "OPTIONS (aws_secret_access_key 'x', \"Password\" 'y')",
		"OPTIONS (aws_secret_access_key '***', \"Password\" '***')"},
	{PG, "ALTER DATABASE d SET app.jwt_secret TO 'x'",
		"ALTER DATABASE d SET app.jwt_secret TO '***'"},
	{PG, "DO $x$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''b'''; END $x$",
		"DO $x$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''***'''; END $x$"},
	{PG, "DO $$ BEGIN CREATE ROLE a PASSWORD 'b'; END $$",
		"DO $$ BEGIN CREATE ROLE a PASSWORD '***'; END $$"},
	{PG, "EXECUTE 'ALTER ROLE a PASSWORD ' || quote_literal('b')",
		"EXECUTE 'ALTER ROLE a PASSWORD ' || quote_literal('***')"},
	{PG, "EXECUTE format('ALTER ROLE %I PASSWORD %L', 'app', 'pw'); SELECT 'x'",
		"EXECUTE format('ALTER ROLE %I PASSWORD %L', '***', '***'); SELECT "
		"'x'"},
	{PG, "-- see postgres://u:p@h/db\nSELECT 1", "-- see postgres://u:***@h/db\nSELECT 1"},
	{PG, "\\connect postgres://u:p@h/db", "\\connect postgres://u:***@h/db"},
	{PG, "INSERT INTO settings VALUES ('{\"smtp_password\": \"abc\", \"port\": 1}')",
		"INSERT INTO settings VALUES ('{\"smtp_password\": \"***\", "
		"\"port\": 1}')"},
	{PG, "CREATE TABLE u (password text NOT NULL DEFAULT 'x', secret text)", NULL},
	{PG, "COMMENT ON COLUMN u.password IS 'bcrypt'", NULL},
	{PG, "SELECT password, 'x' FROM u", NULL},
	{PG, "UPDATE u SET password = crypt(password, gen_salt('bf'))", NULL},
	{PG, "SELECT pgp_sym_decrypt(a, 'key')", NULL},
	{PG, "CREATE FUNCTION f() AS $$ SELECT password = NEW.password $$", NULL},
	{PG, "SELECT 'http://example.com:8080/x'", NULL},
	{PG, "SELECT 1", NULL},
	{MY, "CREATE USER 'a'@'h' IDENTIFIED BY 'x', b IDENTIFIED BY PASSWORD '*HASH'",
		"CREATE USER 'a'@'h' IDENTIFIED BY '***', b IDENTIFIED BY PASSWORD "
		"'***'"},
	{MY,
		"CREATE USER a IDENTIFIED WITH caching_sha2_password AS 0x2441 REQUIRE SSL "
		"COMMENT 'c'",
		"CREATE USER a IDENTIFIED WITH caching_sha2_password AS '***' "
		"REQUIRE SSL COMMENT 'c'"},
	{MY, "CREATE USER a IDENTIFIED VIA ed25519 USING PASSWORD(\"x\") OR unix_socket",
		"CREATE USER a IDENTIFIED VIA ed25519 USING PASSWORD('***') OR "
		"unix_socket"},
	{MY, "ALTER USER a IDENTIFIED BY 'n' REPLACE 'o'",
		"ALTER USER a IDENTIFIED BY '***' REPLACE '***'"},
	{MY, "SET PASSWORD FOR 'bob'@'h' = PASSWORD('x')",
		"SET PASSWORD FOR 'bob'@'h' = PASSWORD('***')"},
	{MY, "SET PASSWORD FOR 'bob'@'h' = 'x'", "SET PASSWORD FOR 'bob'@'h' = '***'"},
	{MY, "SET PASSWORD = 'x'", "SET PASSWORD = '***'"},
	{MY, "/*!50000 SET PASSWORD = 'x' */", "/*!50000 SET PASSWORD = '***' */"},
	{MY, "CHANGE MASTER TO MASTER_USER='r', MASTER_PASSWORD='x'",
		"CHANGE MASTER TO MASTER_USER='r', MASTER_PASSWORD='***'"},
	{MY, "CREATE TABLE t (password varchar(9) COMMENT 'hash')", NULL},
	{LITE, "UPDATE u SET api_key = 'x'", "UPDATE u SET api_key = '***'"},
	{LITE, "SELECT [password] FROM u WHERE a = 'x'", NULL},
};

static void test_sql(void **state)
{
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct slice sql = slice_of(examples[i].sql);
		struct slice got = redact_sql(&a, examples[i].dialect, sql);

		assert_string_equal(
			arena_cstr(&a, got), examples[i].want ? examples[i].want : examples[i].sql);
		if (!examples[i].want)
			assert_ptr_equal(got.at, sql.at);
		assert_true(slice_eq(redact_sql(&a, examples[i].dialect, got), got));
	}
	arena_done(&a);
}

static void url(const char *from, const char *to)
{
	struct arena a = {0};
	struct slice got = redact_url(&a, slice_of(from));

	assert_string_equal(arena_cstr(&a, got), to);
	assert_true(slice_eq(redact_url(&a, got), got));
	arena_done(&a);
}

static void test_urls(void **state)
{
	(void)state;
	url("postgres://u:p@h:5432/db?sslmode=require",
		"postgres://u:***@h:5432/db?sslmode=require");
	url("mysql://u:p/w@x@h/db", "mysql://u:***@h/db");
	url("postgres://u@h/db", "postgres://u@h/db");
	url("postgres://h:5432/db", "postgres://h:5432/db");
	url("postgres:///db?host=/tmp&password=x&user=y",
		"postgres:///db?host=/tmp&password=***&user=y");
	url("postgres://:p@h/db", "postgres://:***@h/db");
	url("host=h password='a b\\'c' user=u", "host=h password='***' user=u");
	url("host=h password = x sslpassword=y", "host=h password = *** sslpassword=***");
	url("cannot reach postgres://u:p@h, then mysql://a:b@c", "cannot reach postgres://u:***@h, "
								 "then mysql://a:***@c");
	url("sqlite:/var/data/x.db", "sqlite:/var/data/x.db");
	url("PGPASSWORD=abc belay up", "PGPASSWORD=*** belay up");
	url("", "");
}

/* Keys known by their shape: one behind another is hidden too. */
static void test_tokens(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{"x ASIA8888888888888888 y", "x ******************** y"},
		{"ASIA8888888888888888sk_live_8888888888888888",
			"********************************************"},
		{"task_live_8888888888888888", "task_live_8888888888888888"},
	};
	struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice got = redact_tokens(&a, slice_of(cases[i].text));

		assert_int_equal(got.len, strlen(cases[i].shown));
		assert_memory_equal(got.at, cases[i].shown, got.len);
	}
	arena_done(&a);
}

/* Every shape is found, whatever the first quick look at a character lets through. */
static void test_every_shape(void **state)
{
	static const char *const prefixes[] = {"AKIA", "ASIA", "ghp_", "gho_", "ghs_", "ghu_",
		"ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "xoxs-", "sk_live_",
		"rk_live_", "AIza", "npm_", "SG."};
	char text[80];
	size_t off, len;

	(void)state;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
		size_t n = strlen(prefixes[i]);

		memset(text, '7', sizeof text);
		text[0] = '\'';
		memcpy(text + 1, prefixes[i], n);
		text[n + 37] = '\'';
		assert_true(redact_find_token(slice_n(text, n + 38), 0, &off, &len));
		assert_int_equal(off, 1);
		assert_int_equal(len, n + 36);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sql),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_every_shape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
