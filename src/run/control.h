/* control.h - batches that are under way, held and changed from outside: the journal's table
 * `control`, a row per word.
 *
 *	control(name, value, set_by, set_at)
 *
 * `paused`, or the name of a limit (limits.h): read between two batches, about once a second.
 *`held` is the runner's own: what it waits for. */
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

/* ---- For people: belay batches ---- */
struct control_row {
	struct slice name, value, by, at;
};
struct batch_seen {
	struct slice migration, direction, updated, key_words, last_key;
	long long statement, seen, rows, ranges, parts, finished;
};
struct control_sight {
	bool journal; /* there is one */
	struct control_row *rows;
	size_t nrows;
	struct batch_seen *batches;
	size_t nbatches;
};
bool control_look(struct control_sight *out, struct conn *c, struct slice journal_where,
	struct arena *a, struct err *err);

#endif
