/* cursor.h - how far a statement in batches has come: a row of the journal's table `cursor`,
 * written in the transactions that it tells about, so that it is never ahead and never behind.
 *
 *	cursor(migration, direction, statement, run, hash, key_words, last_key, upto,
 *	       rows_seen, rows_done, ranges_done, updated)
 *	part(migration, direction, statement, part, last_key, upto, rows_seen, rows_done,
 *	     ranges_done, finished, updated)	the rest of it in pieces, when several are at it
 *	moved(migration, direction, statement, xid)	transactions whose rows lie elsewhere now
 *
 *	turn(migration, direction, statement, part, words, turns, turn, upto)	within a range
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
	/* Behind `last` and up to `turn_upto` it is done in so many turns, by what the rows' keys
	 * give (batch_key.turn) modulo that number; those before `turn` are done. 0 = by none. */
	long long turns, turn;
	struct slice *turn_upto;
	struct slice turn_words; /* how the number was come by */
	bool turn_noted;         /* there is a row about it */
};
/* A key's values as a JSON list of texts, and back. */
struct slice cursor_values(struct arena *a, const struct slice *values, size_t n);
bool cursor_values_read(struct slice text, struct arena *a, size_t n, struct slice **out);
void cursor_where(struct buf *b, enum dialect d, const struct step *s);
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
/* ---- turn.c: PostgreSQL. The turns of this cursor, if it is in the middle of some. */
bool turn_read(struct cursor *cur, struct journal *j, struct conn *c, const struct step *s,
	size_t nkey, struct arena *a, struct err *err);
/* Adds to what moves the cursor. */
void turn_move(struct buf *b, const struct cursor *cur, struct journal *j, const struct step *s,
	size_t nkey, struct arena *a);
/* PostgreSQL, walking by ctid: this transaction's rows have moved, and are not met again. */
bool cursor_note_moved(struct journal *j, struct conn *c, const struct step *s, struct err *err);
void cursor_not_moved(struct buf *b, struct journal *j, const struct step *s, struct slice alias);

#endif
