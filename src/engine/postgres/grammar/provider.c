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
	SHORT = 2048, /* bytes of SQL that most stacks can carry */
	SHORT_STACK = 64 << 10,
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

/* Takes the next statement off *tree. Quotes inside a JSON string are escaped, so none of these
 * marks can come from the text. */
static bool next_statement(struct slice *tree, struct slice *stmt)
{
	static const struct slice mark = SL("{\"stmt\":{");
	size_t at = slice_find(*tree, mark), end;

	if (at == SIZE_MAX)
		return false;
	*tree = slice_from(*tree, at + mark.len);
	end = slice_find(*tree, mark);
	*stmt = slice_sub(*tree, 0, end);
	return true;
}

bool provider_has_bodies(struct slice tree, struct slice *json, struct grammar_fault *fault)
{
	static const struct slice body = SL("{\"DefElem\":{\"defname\":\"as\",\"arg\":");
	size_t with = 0, without = 0;
	struct slice s;

	while (next_statement(&tree, &s)) {
		bool is_do = slice_starts(s, "\"DoStmt\":");

		if (!is_do && !slice_starts(s, "\"CreateFunctionStmt\":"))
			continue;
		if (slice_find(s, body) != SIZE_MAX) {
			with++;
		} else if (!is_do && slice_find(s, SL("\"sql_body\":")) != SIZE_MAX) {
			without++;
		} else {
			fault->message = is_do ? SL("no inline code specified")
					       : SL("no function body specified");
			return false;
		}
	}
	if (with && without)
		fault->message = SL("a function with an SQL body among others");
	else if (!with)
		*json = SL("{\"plpgsql_funcs\":[]}");
	return with && !without;
}

bool provider_tree(
	struct slice json, struct tree *tree, struct buf *text, struct grammar_fault *fault)
{
	buf_clear(text);
	buf_add(text, json);
	if (tree_read(tree, buf_slice(text)))
		return true;
	fault->message = SL("the parser's answer is not well formed");
	return false;
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

/* A short statement where there is room for it, however it nests. */
static bool fits_here(size_t len, const char *low)
{
	const char *here = __builtin_frame_address(0);

	return len <= SHORT && here > low &&
	       (size_t)(here - low) > SHORT_STACK + STACK_PER_BYTE * len;
}

bool provider_run(
	size_t len, size_t most, void (*fn)(void *arg, char *low), void *arg, struct err *err)
{
	struct call c = {fn, arg, STACK_AT_LEAST + STACK_PER_BYTE * len};
	pthread_t thread;
	int failed;

	if (fits_here(len, stack_limit())) {
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
