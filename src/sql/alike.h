/* alike.h - INSERTs one behind the other that differ in nothing but their values.
 *
 * A file of a million one-row INSERTs says one thing a million times. In a script of more than
 * BULK_BYTES such a run is one statement of at most ALIKE_BYTES: its text is the first INSERT's,
 * its `raw` is all of them, `alike` counts those behind the first. Only rows of literals count, as
 * many to a row as in the first, and behind them nothing or ON CONFLICT DO NOTHING: what the first
 * one does is then what all do, but for the values, which are not read. */
#ifndef BELAY_SQL_ALIKE_H
#define BELAY_SQL_ALIKE_H

#include "sql/statement.h"

enum { ALIKE_BYTES = 8 << 20 };

struct alike {
	enum dialect dialect;
	struct slice head, tail; /* up to VALUES; behind the rows */
	size_t columns;          /* of a row; 0 = nothing is like this statement */
};

struct alike alike_begin(enum dialect d, struct slice text);
bool alike_is(const struct alike *a, struct slice text);

#endif
