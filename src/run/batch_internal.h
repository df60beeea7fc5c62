/* batch_internal.h - shared by the files that walk a table in batches. */
#ifndef BELAY_RUN_BATCH_INTERNAL_H
#define BELAY_RUN_BATCH_INTERNAL_H

#include "run/batch.h"
#include "run/pace.h"
#include "run/telling.h"

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
	long long size, least, most;
	long long suspect; /* rows left of a range in which one failed */
	long long tried;   /* rows of the range under way */
	bool in_statement, last;
	struct slice *bound; /* of the range under way */
	long long begun;
	struct telling telling;
	long long commit_ms, changed; /* of the last batch */
};

static inline size_t nkey(const struct batcher *x)
{
	return x->key->columns.n;
}

/* ---- range.c: all of it is written to x->sql ---- */
/* key > last AND key <= upto */
void range_between(struct batcher *x, const struct slice *upto);
void range_select_key(struct batcher *x);
void range_order_by(struct batcher *x, const char *direction);
struct slice *range_keep(struct arena *a, const struct rows *r, size_t n);
struct slice *range_place(struct arena *a, long long page);
/* The end of the next range: x->bound, and whether it is the end of all. */
bool range_find(struct batcher *x, struct err *err);

/* ---- batch.c ---- */
/* Takes the limits that are in force. */
void batch_follow(struct batcher *x, const struct pace *p);
/* One batch, however often it has to be tried. */
bool batch_step(struct batcher *x, long long *ms, bool *waited, struct err *err);
/* ---- batch_begin.c: goes on where an earlier run stopped, or begins; x->last: nothing to do. */
bool batch_find_cursor(struct batcher *x, struct err *err);

#endif
