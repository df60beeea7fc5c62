/* window_test.c - when a change may run. */
#include "plan/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 2026-11-21 03:30:00 UTC */
static const time_t half_past_three = 1795231800;

static bool open_at(const char *text, time_t now)
{
	struct err err = {0};
	struct window w;

	assert_true(window_parse(slice_of(text), &w, &err));
	return window_is_open(&w, now);
}

static void inside_and_outside(void **state)
{
	(void)state;
	assert_true(open_at("02:00-04:00 UTC", half_past_three));
	assert_true(open_at("03:30-03:31 UTC", half_past_three));
	assert_false(open_at("02:00-03:30 UTC", half_past_three));
	assert_false(open_at("02:00-04:00 +02:00", half_past_three));
	assert_true(open_at("05:00-06:00 +02:00", half_past_three));
	assert_true(open_at("22:00 - 23:00 -05:00", half_past_three));
	assert_true(open_at("23:00-04:00 UTC", half_past_three));
	assert_false(open_at("23:00-03:00 UTC", half_past_three));
	assert_true(open_at("00:00-24:00", half_past_three));
	assert_true(window_is_open(&(struct window){0}, half_past_three));
}

static void what_is_no_window(void **state)
{
	static const char *const words[] = {"", "night", "2-4", "02:00", "02:00-", "02:60-03:00",
		"25:00-26:00", "02:00-04:00 Mars", "02:00-04:00 +25:00", "-", "02:00-04:0"};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct window w = {0};
		struct err err = {0};

		assert_false(window_parse(slice_of(words[i]), &w, &err));
		assert_true(err.code == ERR_INPUT && !w.set);
		err_done(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inside_and_outside),
		cmocka_unit_test(what_is_no_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
