/* bulk.h - statements that are too large to be read whole.
 *
 * A dump's INSERT may hold a hundred megabytes of rows, and a reader keeps many bytes for each
 * word. What such a statement does is known from its first rows: those behind the first BULK_BYTES
 * become blanks in the text that is read (what stands behind the rows keeps its place). Any other
 * statement is read when it has at most BULK_TOKENS words and signs. */
#ifndef BELAY_SQL_BULK_H
#define BELAY_SQL_BULK_H

#include "sql/statement.h"

enum { BULK_BYTES = 2 << 20, BULK_TOKENS = 2000000 };

struct bulk {
	size_t rows, rows_read; /* rows were left out if these differ */
	bool unreadable;        /* more tokens than are read */
	struct slice says;      /* what was left out, or why it is not read; empty: nothing */
};

/* Looks only at statements of more than BULK_BYTES. May replace st->text. */
struct bulk bulk_trim(struct arena *a, enum dialect d, struct statement *st);
/* The same with other limits. */
struct bulk bulk_trim_at(
	struct arena *a, enum dialect d, struct statement *st, size_t bytes, size_t tokens);

#endif
