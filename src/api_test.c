/* The public library as another program sees it: include/belay.h and nothing else of ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "belay.h"

#ifdef BELAY_WITH_SQLITE
static const char dangerous[] = "CREATE TABLE users (id INTEGER PRIMARY KEY, plan TEXT);\n"
				"UPDATE users SET plan = 'free';\n"
				"ALTER TABLE users DROP COLUMN plan;\n";

static struct belay *for_sqlite(void)
{
	struct belay *b = belay_new();

	assert_true(belay_set(b, "dialect", "sqlite"));
	return b;
}

static void checks_a_text(void **state)
{
	struct belay *b = for_sqlite();

	(void)state;
	assert_true(belay_check_text(b, "a.sql", dangerous, strlen(dangerous)));
	assert_non_null(strstr(belay_result(b), "\"schema\": \"check/1\""));
	assert_non_null(strstr(belay_result(b), "a.sql"));
	assert_string_equal(belay_error(b), "");
	assert_int_equal(belay_error_code(b), 0);
	belay_free(b);
}

static void a_syntax_error_is_a_finding(void **state)
{
	struct belay *b = for_sqlite();

	(void)state;
	assert_true(belay_check_text(b, "a.sql", "CREATE TABEL t (a);", 19));
	assert_int_equal(belay_errors(b), 1);
	assert_non_null(strstr(belay_result(b), "syntax-error"));
	/* The next call with the handle starts anew. */
	assert_true(belay_check_text(b, "b.sql", "SELECT 1;", 9));
	assert_int_equal(belay_errors(b), 0);
	belay_free(b);
}

static void explains_a_text(void **state)
{
	struct belay *b = for_sqlite();

	(void)state;
	assert_true(belay_explain_text(b, "-", dangerous, strlen(dangerous)));
	assert_non_null(strstr(belay_result(b), "\"schema\": \"explain/1\""));
	assert_non_null(strstr(belay_result(b), "\"destroys\""));
	belay_free(b);
}
#endif

static void refuses_what_it_does_not_know(void **state)
{
	struct belay *b = belay_new();

	(void)state;
	assert_false(belay_set(b, "dialect", "oracle"));
	assert_non_null(strstr(belay_error(b), "oracle"));
	assert_int_equal(belay_error_code(b), 2);
	assert_false(belay_set(b, "colour", "red"));
	assert_non_null(strstr(belay_error(b), "colour"));
	assert_false(belay_set(b, "server-version", "new"));
	assert_false(belay_set(b, "layout", "golang-migrat"));
	assert_true(belay_set(b, "layout", "golang-migrate"));
	assert_string_equal(belay_error(b), "");
	belay_free(b);
}

static void a_folder_without_migrations(void **state)
{
	struct belay *b = belay_new();

	(void)state;
	assert_false(belay_check_project(b, "/nonexistent/belay"));
	assert_int_equal(belay_error_code(b), 2);
	belay_free(b);
	belay_free(NULL);
}

static void says_its_version(void **state)
{
	(void)state;
	assert_non_null(strchr(belay_version(), '.'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef BELAY_WITH_SQLITE
		cmocka_unit_test(checks_a_text),
		cmocka_unit_test(a_syntax_error_is_a_finding),
		cmocka_unit_test(explains_a_text),
#endif
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(a_folder_without_migrations),
		cmocka_unit_test(says_its_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
