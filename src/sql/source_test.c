/* source_test.c - places in a text, and how they reach people. */
#include "sql/clean.h"
#include "sql/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void place(struct source *s, size_t off, size_t len, size_t line, size_t column,
	size_t end_line, size_t end_column)
{
	struct place p = span_place((struct span){s, off, len});

	assert_int_equal(p.line, line);
	assert_int_equal(p.column, column);
	assert_int_equal(p.end_line, end_line);
	assert_int_equal(p.end_column, end_column);
}

static void test_places(void **state)
{
	struct arena a = {0};
	struct source s;

	(void)state;
	source_init(&s, &a, "x.sql", SL("ab\r\nécd\n\nx"));
	place(&s, 0, 2, 1, 1, 1, 2);
	place(&s, 0, 0, 1, 1, 1, 1);
	place(&s, 4, 2, 2, 1, 2, 1);
	place(&s, 4, 4, 2, 1, 2, 3);
	place(&s, 6, 2, 2, 2, 2, 3);
	place(&s, 1, 5, 1, 2, 2, 1);
	place(&s, 9, 0, 3, 1, 3, 1);
	place(&s, 10, 1, 4, 1, 4, 1);
	place(&s, 11, 0, 4, 2, 4, 2);
	place(&s, 99, 99, 4, 2, 4, 2);
	assert_true(slice_is(source_line_at(&s, 1), "ab"));
	assert_true(slice_is(source_line_at(&s, 3), "ab"));
	assert_true(slice_is(source_line_at(&s, 5), "écd"));
	assert_true(slice_is(source_line_at(&s, 9), ""));
	assert_true(slice_is(source_line_at(&s, 99), "x"));
	assert_true(slice_is(span_text((struct span){&s, 6, 2}), "cd"));
	assert_int_equal(span_place((struct span){0}).line, 0);
	source_init(&s, &a, "x.sql",
		SL("\xef\xbb\xbf"
		   "ab\n"));
	place(&s, 0, 0, 1, 1, 1, 1);
	place(&s, 3, 2, 1, 1, 1, 2);
	assert_true(slice_is(source_line_at(&s, 4), "ab"));
	source_init(&s, &a, "x.sql", SLICE_NONE);
	place(&s, 0, 0, 1, 1, 1, 1);
	assert_true(slice_empty(source_line_at(&s, 0)));
	arena_done(&a);
}

static void test_err_span(void **state)
{
	struct arena a = {0};
	struct source s;
	struct err e = {0};

	(void)state;
	source_init(&s, &a, "x.sql", SL("one\ntwo \x1b[31m three\n"));
	assert_false(err_span(&e, (struct span){&s, 0, 1}));
	assert_null(e.file);
	err_set(&e, ERR_INPUT, "no");
	assert_false(err_span(&e, (struct span){&s, 4, 3}));
	assert_string_equal(e.file, "x.sql");
	assert_int_equal(e.line, 2);
	assert_int_equal(e.column, 1);
	assert_int_equal(e.end_column, 3);
	assert_string_equal(e.source_line, "two ␛[31m three");
	err_span(&e, (struct span){&s, 0, 1});
	assert_int_equal(e.line, 2);
	err_done(&e);
	arena_done(&a);
}

static void cleaned(bool line, struct slice text, const char *want)
{
	struct arena a = {0};
	struct slice got = line ? clean_line(&a, text) : clean_text(&a, text);

	assert_string_equal(arena_cstr(&a, got), want);
	/* Cleaning what is clean changes nothing. */
	assert_true(slice_eq(line ? clean_line(&a, got) : clean_text(&a, got), got));
	arena_done(&a);
}

static void test_clean(void **state)
{
	(void)state;
	cleaned(false, SL("a\tb\r\nc\n"), "a\tb\r\nc\n");
	cleaned(true, SL("a\tb\r\nc"), "a b␍␊c");
	cleaned(false, SL("a\rb"), "a␍b");
	cleaned(false, SL("\x1b]0;x\x07"), "␛]0;x␇");
	cleaned(false, SL("a\0b\x7f"), "a␀b␡");
	cleaned(true, SL("\xe2\x80\xaegnp.exe"), "<U+202E>gnp.exe");
	cleaned(true, SL("\xe2\x81\xa6x\xe2\x80\x8b"), "<U+2066>x<U+200B>");
	cleaned(true,
		SL("\xc2\x9b"
		   "31m"),
		"<U+009B>31m");
	cleaned(true, SL("\xff\xc0\xaf \xed\xa0\x80"), "��� ���");
	cleaned(true, SL("größe 表 e\xcc\x81"), "größe 表 e\xcc\x81");
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(clean_width(SL("abc"), 2), 2);
	assert_int_equal(clean_width(SL("abc"), 9), 3);
	assert_int_equal(clean_width(SL("\té表x"), 1), 1);
	assert_int_equal(clean_width(SL("\té表x"), 3), 4);
	assert_int_equal(clean_width(SL("\té表x"), 4), 5);
	assert_int_equal(clean_width(SL("e\xcc\x81x"), 2), 1);
	assert_int_equal(clean_width(SL("\xff\xffx"), 2), 2);
	assert_int_equal(clean_width(SL("\xe2\x80\xaex"), 1), 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_err_span),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
