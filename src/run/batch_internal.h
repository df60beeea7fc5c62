/* batch_internal.h - shared by the files that walk a table in batches. */
#ifndef BELAY_RUN_BATCH_INTERNAL_H
#define BELAY_RUN_BATCH_INTERNAL_H

#include "run/batch.h"
#include "run/pace.h"
#include "run/telling.h"

enum { BATCH_TURNS = 8 }; /* a power of two */

/* One walk over a range of the key, batch by batch. */
struct batcher {
	struct batch_run *b;
	const struct batched *what;
	struct batch_key *key;
	struct cursor *cursor;
	struct pace *pace; /* NULL: somebody else keeps it */
	struct arena scratch;
	struct buf sql;
	int target_ms;
	bool beside, no_log; /* others are at work; the server's log is not to be known */
	long long log; /* bytes of it in the last batch, others' too; 0: it was not looked at */
	int looks;     /* at it, for the last batch */
	long long size, least, most;
	long long suspect; /* rows left of a range in which one failed */
	long long tried;   /* rows that this one may meet */
	bool in_statement, last;
	/* A range in turns: this batch is one of them; after a failure the others are done together
	 * and the range in pieces; in that range there are so many rows, and so many were changed;
	 * the longest turn. Do most rows of ranges match? Do turns not gain what they should? */
	bool one_turn, together;
	long long range_rows, range_changed, slowest_ms;
	bool dense, no_turns;
	bool empty;          /* there is nothing to walk */
	bool parted;         /* others walk the rest of it, in parts */
	struct slice *bound; /* of the range under way */
	long long begun;
	struct telling telling;
	long long commit_ms, changed; /* of the last batch; -1 = it did not wait */
	long long synced;             /* when a COMMIT last waited for the disk */
	bool lazy;                    /* this one does not */
};

static inline size_t nkey(const struct batcher *x)
{
	return x->key->columns.n;
}

/* Does each row that is changed leave a dead one, and lie elsewhere? */
static inline bool batch_moves(const struct batched *w)
{
	return !w->deletes && !w->inserts;
}

/* ---- range.c: all of it is written to x->sql ---- */
/* key > last AND key <= upto */
void range_between(struct batcher *x, const struct slice *upto);
void range_select_key(struct batcher *x);
void range_order_by(struct batcher *x, const char *direction);
struct slice *range_keep(struct arena *a, const struct rows *r, size_t n);
struct slice *range_place(struct arena *a, long long page);
/* The end of the next range of so many rows: x->bound. */
bool range_find(struct batcher *x, long long rows, struct err *err);
bool range_is_end(const struct batcher *x, const struct slice *upto);
/* The statement's own condition, of this batch's turns: "(…) AND ". */
void range_where(struct batcher *x);

/* ---- batch.c ---- */
/* Takes the limits that are in force; batches are short while others are at work. */
void batch_follow(struct batcher *x, const struct batch_limits *l, bool busy);
/* One batch, however often it has to be tried. */
bool batch_step(struct batcher *x, long long *ms, bool *waited, struct err *err);
/* ---- batch_begin.c: how turns are told apart: in these words no other way is meant. */
struct slice batch_turn_words(struct batcher *x);
/* Can the turns of an earlier run be gone on with? */
bool batch_can_turn(struct batcher *x, const struct cursor *c, struct err *err);
/* Goes on where an earlier run stopped, or begins; x->empty: nothing to do. */
bool batch_find_cursor(struct batcher *x, struct err *err);
/* From the beginning, to the same end. */
bool batch_restart(struct batcher *x, struct err *err);
/* ---- left.c: when all is walked: rows that still match, or were not copied. *again: the walk is
 * to begin anew, for some are and that is what the migration asks for. `last_pass`: that was
 * enough. */
bool batch_look_back(struct batcher *x, bool last_pass, bool *again, struct err *err);
/* ---- compare.c: in the range that was found, how many rows of an INSERT are not there. False in
 * *can: what is copied does not tell. */
bool compare_can(struct batcher *x, bool *can, struct err *err);
bool compare_range(struct batcher *x, long long *missing, struct err *err);
/* ---- grow.c: nothing where nothing is kept. Before the transaction of a batch; in it, before its
 * statement, how many rows were kept; behind it, whether no other was changed; in the end, what is
 * to be written of the archive. */
bool grow_begin(struct batcher *x, struct err *err);
bool grow_range(struct batcher *x, long long *kept, struct err *err);
bool grow_fits(struct batcher *x, long long kept, long long changed, struct err *err);
bool grow_count(struct batcher *x, struct archive *r, struct err *err);
/* ---- split.c: parts of about the same size, written to the journal; none: it is not worth it. */
bool batch_split(struct batcher *x, int workers, struct cursor **out, size_t *n, struct err *err);
/* ---- parallel.c: several connections at the rest, when that is asked for or was begun; *parted
 * false: nobody asked. */
bool batch_in_parts(struct batcher *x, bool *parted, struct err *err);

#endif
