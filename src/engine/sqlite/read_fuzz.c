/* read_fuzz.c - any bytes through the splitter and SQLite's reader: no crash, spans inside. */
#include "engine/sqlite/sqlite.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(struct span s, size_t size)
{
	if (s.off > size || s.len > size - s.off)
		abort();
}

static void check(const struct statement *st, size_t size)
{
	if (st->state == STATEMENT_READ && st->nchanges == 0)
		abort();
	if (st->state == STATEMENT_OPAQUE && !st->opaque_reason.len)
		abort();
	if (st->state == STATEMENT_SYNTAX && !st->fault_message.len)
		abort();
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct object *o = st->changes[i].def;

		check_span(st->changes[i].span, size);
		for (size_t k = 0; o && k < o->nparts; k++)
			check_span(o->parts[k]->span, size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = {0};
	struct err err = {0};
	struct reader_options o = {.dialect = DIALECT_SQLITE};
	struct reader *r;
	struct source src;
	struct splitter s;
	struct piece p;

	source_init(&src, &a, "fuzz.sql", slice_n((const char *)data, size));
	sqlite_reader_open(&r, &o, &err);
	splitter_init(&s, DIALECT_SQLITE, src.text);
	while (splitter_next(&s, &p)) {
		struct statement st = {.text = slice_sub(src.text, p.body_off, p.body_len),
			.span = {&src, p.body_off, p.body_len}};

		if (p.kind != PIECE_SQL || !p.body_len)
			continue;
		if (!sqlite_read(r, &a, &st, &err))
			abort();
		check(&st, size);
	}
	sqlite_reader_close(r);
	err_done(&err);
	arena_done(&a);
	return 0;
}
