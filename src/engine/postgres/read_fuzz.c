/* read_fuzz.c - any bytes as a statement: nothing crashes, and every answer is one of the four. */
#include "engine/postgres/read.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Spans lie inside the statement, whatever it says. */
static void check(const struct statement *st, const struct change *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].span.len > st->span.len ||
			v[i].span.off + v[i].span.len > st->span.off + st->span.len)
			abort();
		check(st, v[i].inner, v[i].ninner);
	}
}

/* Kept from one input to the next; the sanitizer cannot look into the parser's region. */
static struct reader *reader;

static void close_reader(void)
{
	postgres_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct reader_options o = {.dialect = DIALECT_POSTGRES, .version = 120000};
	struct statement st = {0};
	struct arena a = {0};
	struct err err = {0};
	struct source src;

	if (!reader && (!postgres_reader_open(&reader, &o, &err) || atexit(close_reader)))
		abort();
	if (len > 1 << 16)
		return 0;
	st.text = st.raw = slice_n((const char *)data, len);
	source_init(&src, &a, "fuzz.sql", st.text);
	st.span = (struct span){&src, 0, len};
	if (!postgres_read(reader, &a, &st, &err))
		abort();
	if (!st.kind || (st.state == STATEMENT_OPAQUE && !st.opaque_reason.len))
		abort();
	check(&st, st.changes, st.nchanges);
	(void)postgres_needs_no_tx(&st, 150000);
	(void)postgres_looks_like(st.text);
	arena_done(&a);
	err_done(&err);
	return 0;
}
