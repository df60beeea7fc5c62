/* cursor.h - how far a statement in batches has come: a row of the journal's table `cursor`,
 * written in the transactions that it tells about, so that it is never ahead and never behind.
 *
 *	cursor(migration, direction, statement, run, hash, key_words, last_key, upto,
 *	       rows_seen, rows_done, ranges_done, updated)
 *	part(migration, direction, statement, part, last_key, upto, rows_seen, rows_done,
 *	     ranges_done, finished, updated)	the rest of it in pieces, when several are at it
 *	moved(migration, direction, statement, xid)	transactions whose rows lie elsewhere now
 *
 * Keys are the server's own text, as JSON lists; the row goes when the statement is done. */
#ifndef BELAY_RUN_CURSOR_H
#define BELAY_RUN_CURSOR_H

#include "run/journal.h"

struct cursor {
	bool found, spoilt;
	struct slice hash, key_words;
	struct slice *last; /* the last key that is done; NULL = none yet */
	struct slice *upto; /* the last one there was when the statement was begun */
	long long seen, rows, ranges;
	long long part; /* from 1; 0 = the whole */
	bool finished;  /* a part */
};
bool cursor_read(struct cursor *out, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err);
/* A cursor of this migration whose statement is not among the steps any more, or not the same:
 * *step is it, or NULL when it is gone. */
bool cursor_lost(struct journal *j, struct conn *c, const struct step *steps, size_t n,
	const struct step **step, bool *lost, struct err *err);
bool cursor_is_whole(const struct cursor *c, const struct step *s, struct err *err);
bool cursor_begin(struct cursor *cur, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err);
bool cursor_move(const struct cursor *cur, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err);
/* The parts that were made, none if it was never parted; finished ones too. */
bool cursor_parts(struct cursor **out, size_t *n, struct journal *j, struct conn *c,
	const struct step *s, size_t nkey, struct arena *a, struct err *err);
bool cursor_part(const struct cursor *part, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err);
bool cursor_restart(struct journal *j, struct conn *c, const struct step *s, struct err *err);
bool cursor_end(struct journal *j, struct conn *c, const struct step *s, struct err *err);
/* PostgreSQL, walking by ctid: this transaction's rows have moved, and are not met again. */
bool cursor_note_moved(struct journal *j, struct conn *c, const struct step *s, struct err *err);
void cursor_not_moved(struct buf *b, struct journal *j, const struct step *s, struct slice alias);

#endif
