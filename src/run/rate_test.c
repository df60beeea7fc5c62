#include "run/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void words(long long least, long long most, const char *want)
{
	struct buf b = {0};

	rate_words(&b, least, most);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void left_is_told_as_a_range(void **state)
{
	(void)state;
	words(3, 5, "3 to 5 s");
	words(5, 5, "5 s");
	words(100, 200, "1 to 4 min");
	words(7200, 9000, "2 to 3 h");
	words(200000, 400000, "2 to 5 d");
}

static void a_steady_pace_has_a_narrow_range(void **state)
{
	long long least, most;
	struct rate r;

	(void)state;
	rate_begin(&r, 1000, 500);
	assert_false(rate_left(&r, 1000, &least, &most));
	for (int i = 1; i <= 100; i++)
		rate_note(&r, 1000 + i * 100, 500 + i * 50, 0);
	assert_int_equal((int)(rate_per_second(&r) + 0.5), 500);
	assert_true(rate_left(&r, 5000, &least, &most));
	assert_in_range(least, 9, 10);
	assert_in_range(most, 10, 11);
}

/* Held up half of the time: at this pace twice as long as without. */
static void waiting_widens_it(void **state)
{
	long long least, most, held = 0, now = 0, seen = 0;
	struct rate r;

	(void)state;
	rate_begin(&r, 0, 0);
	for (int i = 0; i < 200; i++) {
		now += 100;
		seen += 100;
		rate_note(&r, now, seen, held);
		now += 100;
		held += 100;
		rate_note(&r, now, seen, held);
	}
	assert_true(rate_left(&r, 10000, &least, &most));
	assert_in_range(least, 9, 11);
	assert_in_range(most, 19, 23);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(left_is_told_as_a_range),
		cmocka_unit_test(a_steady_pace_has_a_narrow_range),
		cmocka_unit_test(waiting_widens_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
