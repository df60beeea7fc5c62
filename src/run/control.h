/* control.h - batches that are under way, held and changed from outside: the journal's table
 * `control`, a row per word.
 *
 *	control(name, value, set_by, set_at)
 *
 * `paused`, or the name of a limit (limits.h): read between two batches, about once a second.
 *`held` is the runner's own: what it waits for. So is `rows of HASH`, how far that statement is,
 *once in a while: "rows about, a second, least and most seconds left, table". */
#ifndef BELAY_RUN_CONTROL_H
#define BELAY_RUN_CONTROL_H

#include "run/journal.h"
#include "run/run.h"

/* *limits: those of `base` with what was changed. Values nobody understands are passed over: they
 * are refused when they are written. */
bool control_read(struct conn *c, struct slice journal_where, const struct batch_limits *base,
	struct batch_limits *limits, bool *paused, struct err *err);
/* An empty value takes the row away. */
bool control_write(struct conn *c, struct slice journal_where, struct slice name,
	struct slice value, struct err *err);

struct batch_progress;
/* Of the statement with that hash; NULL: it is done. */
bool control_progress(struct conn *c, struct slice journal_where, const char *hash,
	const struct batch_progress *g, struct slice table, struct err *err);

/* ---- For people: belay batches, belay watch ---- */
struct control_row {
	struct slice name, value, by, at;
};
struct batch_seen {
	struct slice migration, direction, updated, key_words, last_key;
	long long statement, seen, rows, ranges, parts, finished;
	/* As the runner said last; total 0, the others -1: not known. */
	struct slice table;
	long long total, per_second, least_s, most_s;
};
struct control_sight {
	bool journal; /* there is one */
	struct control_row *rows;
	size_t nrows;
	struct batch_seen *batches;
	size_t nbatches;
};
/* What the batches wait for, or that they are paused; empty: nothing. */
struct slice control_held(const struct control_sight *s);
bool control_look(struct control_sight *out, struct conn *c, struct slice journal_where,
	struct arena *a, struct err *err);

#endif
