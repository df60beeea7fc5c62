/* process_test.c - programs run, servers end with us. */
#include "base/process.h"

#include "base/io.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_run(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "pwd; echo $A; echo no >&2; exit 3", NULL};
	const char *const env[] = {"A=hello", NULL};
	struct buf out = {0};
	struct err err = {0};
	int status = -1;

	(void)state;
	assert_true(process_run(&(struct process_options){.argv = argv, .env = env, .dir = "/usr"},
		&out, &status, &err));
	assert_int_equal(status, 3);
	assert_string_equal(buf_cstr(&out), "/usr\nhello\nno\n");
	buf_done(&out);
}

static bool stop_at_once(void *ctx, long long elapsed_ms)
{
	(void)ctx;
	return elapsed_ms < 0;
}

static void test_run_fails(void **state)
{
	const char *const none[] = {"/nonexistent/program", NULL};
	const char *const slow[] = {"/bin/sleep", "60", NULL};
	struct err err = {0};
	int status = 0;

	(void)state;
	assert_false(process_run(&(struct process_options){.argv = none}, NULL, &status, &err));
	assert_string_equal(
		err.message, "cannot start \"/nonexistent/program\": No such file or directory");
	err_done(&err);
	assert_false(process_run(
		&(struct process_options){.argv = slow, .timeout_ms = 50}, NULL, &status, &err));
	assert_int_equal(status, 128 + SIGKILL);
	err_done(&err);
	assert_false(process_run(&(struct process_options){.argv = slow, .tick = stop_at_once},
		NULL, &status, &err));
	assert_int_equal(err.code, ERR_INTERRUPTED);
	err_done(&err);
}

static void test_start_and_stop(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c",
		"trap 'echo bye; exit 7' INT; echo up; while :; do sleep 0.02; done", NULL};
	const char *const none[] = {"/nonexistent/program", NULL};
	struct arena a = {0};
	struct err err = {0};
	struct process *p = NULL;
	const char *dir, *log;
	struct slice text = {0};

	(void)state;
	assert_true(io_temp_dir(&a, "process", &dir, &err));
	log = io_join(&a, dir, "log");
	assert_true(process_start(&p, &(struct process_options){.argv = argv, .log = log}, &err));
	for (int i = 0; i < 200 && !slice_is(text, "up\n"); i++) {
		assert_true(io_read(&a, log, &text, &err));
		usleep(10000);
	}
	assert_true(process_alive(p));
	assert_int_equal(kill(process_pid(p), 0), 0);
	assert_int_equal(process_stop(p, SIGINT, 5000), 7);
	assert_true(io_read(&a, log, &text, &err));
	assert_true(slice_is(text, "up\nbye\n"));
	assert_false(process_start(&p, &(struct process_options){.argv = none}, &err));
	assert_non_null(strstr(err.message, "No such file"));
	err_done(&err);
	io_remove_tree(dir);
	arena_done(&a);
}

/* A guard alone: the tree goes when it is stopped, and when its owner is killed. */
static void test_guard_of_tree(void **state)
{
	struct arena a = {0};
	struct err err = {0};
	struct process *p = NULL;
	const char *dir;
	int told[2], status;
	char c;
	pid_t owner;

	(void)state;
	assert_true(io_temp_dir(&a, "process", &dir, &err));
	assert_true(process_start(&p, &(struct process_options){.remove = dir}, &err));
	assert_true(process_alive(p));
	assert_true(io_is_dir(dir));
	process_stop(p, SIGTERM, 5000);
	assert_false(io_is_dir(dir));

	assert_true(io_temp_dir(&a, "process", &dir, &err));
	assert_int_equal(pipe(told), 0);
	owner = fork();
	if (owner == 0) {
		if (!process_start(&p, &(struct process_options){.remove = dir}, &err) ||
			write(told[1], "x", 1) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(told[0], &c, 1), 1);
	assert_true(io_is_dir(dir));
	kill(owner, SIGKILL);
	waitpid(owner, &status, 0);
	for (int i = 0; i < 500 && io_is_dir(dir); i++)
		usleep(10000);
	assert_false(io_is_dir(dir));
	close(told[0]);
	close(told[1]);
	arena_done(&a);
}

/* What is fleeting waits for no disk, and works all the same. */
static void test_fleeting(void **state)
{
	const char *const argv[] = {"/bin/sh", "-c", "sync -d /bin/sh && echo fine", NULL};
	struct buf out = {0};
	struct err err = {0};
	int status = 1;

	(void)state;
	assert_true(process_run(
		&(struct process_options){.argv = argv, .fleeting = true}, &out, &status, &err));
	assert_int_equal(status, 0);
	assert_true(slice_is(buf_slice(&out), "fine\n"));
	buf_done(&out);
}

/* The owner is killed without a chance to clean up: program and directory go all the same. */
static void test_dies_with_us(void **state)
{
	const char *const argv[] = {"/bin/sleep", "600", NULL};
	struct arena a = {0};
	struct err err = {0};
	const char *dir;
	int told[2], status;
	pid_t owner, pid = 0;

	(void)state;
	assert_true(io_temp_dir(&a, "process", &dir, &err));
	assert_int_equal(pipe(told), 0);
	owner = fork();
	if (owner == 0) {
		struct process *p;

		if (!process_start(
			    &p, &(struct process_options){.argv = argv, .remove = dir}, &err))
			_exit(1);
		pid = process_pid(p);
		if (write(told[1], &pid, sizeof pid) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(told[0], &pid, sizeof pid), sizeof pid);
	assert_int_equal(kill(pid, 0), 0);
	kill(owner, SIGKILL);
	waitpid(owner, &status, 0);
	for (int i = 0; i < 500 && (kill(pid, 0) == 0 || io_is_dir(dir)); i++)
		usleep(10000);
	assert_int_not_equal(kill(pid, 0), 0);
	assert_false(io_is_dir(dir));
	close(told[0]);
	close(told[1]);
	arena_done(&a);
}

static void test_as_somebody_else(void **state)
{
	const char *const argv[] = {"/usr/bin/id", "-un", NULL};
	const char *const names[] = {"no-such-user", "nobody", NULL};
	struct process_user user = {0};
	struct buf out = {0};
	struct err err = {0};
	int status;

	(void)state;
	if (geteuid() != 0 || !process_user_find(names, &user))
		return;
	assert_true(process_run(
		&(struct process_options){.argv = argv, .user = user}, &out, &status, &err));
	assert_string_equal(buf_cstr(&out), "nobody\n");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_run_fails),
		cmocka_unit_test(test_start_and_stop),
		cmocka_unit_test(test_guard_of_tree),
		cmocka_unit_test(test_fleeting),
		cmocka_unit_test(test_dies_with_us),
		cmocka_unit_test(test_as_somebody_else),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
