/* base_test.c - text, arenas, buffers, JSON, files. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/json.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_slice(void **state)
{
	int ms;
	struct slice rest = SL("a\r\nb\n\nc"), line;
	unsigned long long v;

	(void)state;
	assert_int_equal(slice_find(SL("hello world"), SL("wor")), 6);
	assert_true(slice_find(SL("hello"), SL("x")) == SIZE_MAX);
	assert_true(slice_find(SL("aaab"), SL("aab")) == 1);
	assert_true(slice_ieq(SL("SeLect"), SL("sELECT")));
	assert_true(slice_eq(slice_trim(SL(" \t x y\r\n")), SL("x y")));
	assert_true(slice_line(&rest, &line) && slice_is(line, "a"));
	assert_true(slice_line(&rest, &line) && slice_is(line, "b"));
	assert_true(slice_line(&rest, &line) && slice_is(line, ""));
	assert_true(slice_line(&rest, &line) && slice_is(line, "c"));
	assert_false(slice_line(&rest, &line));
	assert_true(slice_u64(SL("18446744073709551615"), &v) && v == UINT64_MAX);
	assert_false(slice_u64(SL("18446744073709551616"), &v));
	assert_false(slice_u64(SL(""), &v));
	assert_true(slice_duration(SL("200ms"), &ms) && ms == 200);
	assert_true(slice_duration(SL("2s"), &ms) && ms == 2000);
	assert_true(slice_duration(SL("10m"), &ms) && ms == 600000);
	assert_true(slice_duration(SL("1500"), &ms) && ms == 1500);
	assert_true(slice_duration(SL("0"), &ms) && ms == 0);
	assert_false(slice_duration(SL("soon"), &ms) || slice_duration(SL("s"), &ms));
	assert_false(slice_duration(SL("99999999999999999999s"), &ms));
	assert_true(slice_cmp(SL("a"), SL("ab")) < 0);
}

static void test_arena(void **state)
{
	struct arena a = {0};
	struct arena_mark mark;
	int *v = NULL;
	size_t n = 0;
	char *p;

	(void)state;
	for (int i = 0; i < 10000; i++)
		*ARENA_PUSH(&a, v, n) = i;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(v[i], i);
	arena_alloc(&a, 3 << 20);
	arena_reset(&a);
	assert_true(slice_is(arena_printf(&a, "%d-%s", 4, "x"), "4-x"));
	mark = arena_mark(&a);
	p = arena_alloc(&a, 100);
	memset(p, 'x', 100);
	arena_back(&a, mark);
	assert_ptr_equal(arena_alloc(&a, 100), p);
	assert_int_equal(p[99], 0);
	arena_back(&(struct arena){0}, mark);
	arena_done(&a);
}

static void test_json(void **state)
{
	struct buf b = {0};
	struct json j;

	(void)state;
	json_init(&j, &b);
	j.compact = true;
	json_object(&j);
	json_kstr(&j, "a\"", SL("x\n\x01\xff\xc3\xa9"));
	json_key(&j, "l");
	json_array(&j);
	json_int(&j, -1);
	json_ms(&j, 12.34);
	json_object(&j);
	json_end(&j);
	json_null(&j);
	json_end(&j);
	json_kbool(&j, "t", true);
	json_end(&j);
	assert_string_equal(buf_cstr(&b),
		"{\"a\\\"\":\"x\\n\\u0001\xEF\xBF\xBD\xc3\xa9\",\"l\":[-1,12.3,{},null],"
		"\"t\":true}");
	buf_done(&b);
}

static void test_utf8(void **state)
{
	(void)state;
	assert_int_equal(utf8_length(SL("\xc0\x80")), 0);
	assert_int_equal(utf8_length(SL("\xed\xa0\x80")), 0);
	assert_int_equal(utf8_length(SL("\xf0\x9f\x98\x80")), 4);
	assert_int_equal(utf8_decode(SL("\xf0\x9f\x98\x80"), 4), 0x1F600);
	assert_int_equal(utf8_count(SL("a\xc3\xa9\xff")), 3);
}

static void test_err(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_set(&e, ERR_BLOCKED, "cannot lock \"%s\"", "orders"));
	assert_false(err_set(&e, ERR_INPUT, "second"));
	err_context(&e, "first context");
	err_context(&e, "second context");
	err_hint(&e, "try again");
	assert_string_equal(e.message, "cannot lock \"orders\"");
	assert_string_equal(e.context, "first context\nsecond context");
	assert_int_equal(err_exit_code(&e), 4);
	err_done(&e);
	assert_false(err_is(&e));
}

static void test_files(void **state)
{
	struct arena a = {0};
	struct err err = {0};
	const char *dir, **names;
	struct slice text;
	struct stat st;
	size_t n;

	(void)state;
	assert_true(io_temp_dir(&a, "test", &dir, &err));
	const char *path = io_join(&a, dir, "x/y");
	assert_true(io_make_dirs(io_join(&a, dir, "x"), 0755, &err));
	assert_true(io_write_new(path, SL("one"), 0600, &err));
	assert_true(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	assert_false(io_write_new(path, SL("two"), 0600, &err));
	assert_int_equal(err.code, ERR_INPUT);
	err_done(&err);
	assert_true(io_write(path, SL("three"), 0644, &err));
	assert_true(io_read(&a, path, &text, &err) && slice_is(text, "three"));
	assert_true(io_list(&a, io_join(&a, dir, "x"), &names, &n, &err));
	assert_int_equal(n, 1);
	assert_false(io_read(&a, "/dev/zero", &text, &err)); /* never ends */
	err_done(&err);
	assert_false(io_read(&a, dir, &text, &err));
	err_done(&err);
	assert_string_equal(io_relative(&a, dir, path), "x/y");
	io_remove_tree(dir);
	assert_false(io_is_dir(dir));
	arena_done(&a);
}

/* What is no file is written into and stays what it is; a link stays a link. */
static void test_write_places(void **state)
{
	const char *dir, *fifo, *link, *target;
	struct arena a = {0};
	struct err err = {0};
	struct slice text;
	struct stat st;
	char got[8];
	int fd;

	(void)state;
	assert_true(io_temp_dir(&a, "test", &dir, &err));
	fifo = io_join(&a, dir, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_false(io_write(fifo, SL("x"), 0644, &err)); /* nobody reads */
	err_done(&err);
	fd = open(fifo, O_RDONLY | O_NONBLOCK);
	assert_true(fd >= 0);
	assert_true(io_write(fifo, SL("four"), 0644, &err));
	assert_int_equal(read(fd, got, sizeof got), 4);
	close(fd);
	assert_true(stat(fifo, &st) == 0 && S_ISFIFO(st.st_mode));
	target = io_join(&a, dir, "target");
	link = io_join(&a, dir, "link");
	assert_true(io_write(target, SL("old"), 0644, &err));
	assert_int_equal(symlink("target", link), 0);
	assert_true(io_write(link, SL("new"), 0644, &err));
	assert_true(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
	assert_true(io_read(&a, target, &text, &err) && slice_is(text, "new"));
	io_remove_tree(dir);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_places),

		cmocka_unit_test(test_slice),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_err),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
