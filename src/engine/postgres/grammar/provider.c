/* provider.c - what both providers share. */
#include "engine/postgres/grammar/provider.h"

#include "base/stack.h"

#include <pthread.h>
#include <signal.h>

enum {
	/* Measured: no more than 70 bytes of C stack for each byte of SQL (`+1+1+1…`, `x[x[x[…`).
	 */
	STACK_PER_BYTE = 256,
	STACK_AT_LEAST = 1 << 20,
	STACK_MARGIN = 128 << 10,
	SHORT = 2048, /* bytes of SQL that any stack can carry */
};

bool provider_takes(struct slice sql, size_t most, struct slice *json, struct grammar_fault *fault)
{
	size_t nul = slice_chr(sql, 0);

	*fault = (struct grammar_fault){.offset = SIZE_MAX};
	*json = SLICE_NONE;
	if (nul != SIZE_MAX) {
		fault->message = SL("a NUL byte: PostgreSQL's text ends there");
		fault->offset = nul;
	} else if (sql.len > most) {
		fault->message = SL("the statement is too long for the parser");
	}
	return slice_empty(fault->message);
}

/* The server's pg_utf_mblen(): by the first byte alone, valid or not. */
static size_t character(unsigned char first)
{
	if ((first & 0xe0) == 0xc0)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	return (first & 0xf8) == 0xf0 ? 4 : 1;
}

size_t provider_offset(struct slice sql, uint32_t cursor)
{
	size_t off = 0;

	if (cursor == 0)
		return SIZE_MAX;
	while (--cursor && off < sql.len)
		off += character((unsigned char)sql.at[off]);
	return off < sql.len ? off : sql.len;
}

struct call {
	void (*fn)(void *arg, char *low);
	void *arg;
	size_t stack;
};

static void *in_thread(void *arg)
{
	struct call *c = arg;

	c->fn(c->arg, (char *)__builtin_frame_address(0) - (c->stack - STACK_MARGIN));
	return NULL;
}

/* With every signal blocked: handlers belong to the program's own threads. */
static int start(pthread_t *thread, struct call *c)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int failed = pthread_attr_init(&attr);

	if (failed)
		return failed;
	failed = pthread_attr_setstacksize(&attr, c->stack);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!failed)
		failed = pthread_create(thread, &attr, in_thread, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return failed;
}

bool provider_run(
	size_t len, size_t most, void (*fn)(void *arg, char *low), void *arg, struct err *err)
{
	struct call c = {fn, arg, STACK_AT_LEAST + STACK_PER_BYTE * len};
	pthread_t thread;
	int failed;

	if (len <= SHORT) {
		fn(arg, stack_limit());
		return true;
	}
	if (c.stack > most)
		c.stack = most;
	c.stack &= ~(size_t)0xffff;
	failed = start(&thread, &c);
	if (failed)
		return err_set(err, ERR_INPUT, "cannot start a thread for the SQL parser: %s",
			strerror(failed));
	pthread_join(thread, NULL);
	return true;
}
