/* left.c - when all is walked: has every row what the statement gives it?
 *
 * Rows that somebody wrote in the old form behind the walk's back still match WHERE; rows of an
 * INSERT that were changed or removed since are not found again. It is looked for range by range,
 * each in a snapshot of its own, from the first key to the last one of the walk: whoever finds the
 * last has seen them all. */
#include "run/batch_internal.h"

#include "base/io.h"

enum { FIRST = 20000, MOST = 2000000, LEAST = 1000, TARGET_MS = 500, BUSY_MS = 50, SHOWN = 3 };

struct looking {
	struct batcher y;
	struct cursor cursor;
	struct arena kept, spare; /* where the last bound lives; where the next will */
	long long left;
	struct slice shown;
	struct arena words;
};

static void condition(struct batcher *y)
{
	if (y->what->where.len)
		buf_printf(&y->sql, "(%.*s\n) AND ", SLICE(y->what->where));
	range_between(y, y->bound);
}

static bool count_left(struct batcher *y, long long *n, struct err *err)
{
	unsigned long long found = 0;
	struct rows r = {0};

	if (y->what->inserts)
		return compare_range(y, n, err);
	buf_clear(&y->sql);
	buf_printf(&y->sql, "SELECT count(*) FROM %.*s WHERE ", SLICE(y->what->relation));
	condition(y);
	if (!conn_query(y->b->conn, buf_slice(&y->sql), &y->scratch, &r, err))
		return false;
	slice_u64(rows_get(&r, 0, 0), &found);
	*n = (long long)found;
	return true;
}

/* The keys of the first ones. */
static bool show(struct looking *l, struct err *err)
{
	struct batcher *y = &l->y;
	struct rows r = {0};
	struct buf b = {0};

	range_select_key(y);
	buf_adds(&y->sql, " WHERE ");
	condition(y);
	range_order_by(y, "");
	buf_printf(&y->sql, " LIMIT %d", SHOWN);
	if (!conn_query(y->b->conn, buf_slice(&y->sql), &y->scratch, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct slice *v = ARENA_ARRAY(&y->scratch, r.ncols, struct slice);

		for (size_t k = 0; k < r.ncols; k++)
			v[k] = rows_get(&r, i, k);
		buf_printf(&b, "%s%.*s", i ? "; " : "",
			SLICE(batch_key_words(y->key, v, &y->scratch)));
	}
	l->shown = arena_slice(&l->words, buf_slice(&b));
	buf_done(&b);
	return true;
}

static void move_on(struct looking *l, long long ms, bool busy)
{
	long long wanted = l->y.size * (busy ? BUSY_MS : TARGET_MS) / (ms > 0 ? ms : 1);
	struct slice *last = ARENA_ARRAY(&l->spare, nkey(&l->y), struct slice);
	struct arena old = l->kept;

	for (size_t i = 0; i < nkey(&l->y); i++)
		last[i] = arena_slice(&l->spare, l->y.bound[i]);
	l->cursor.last = last;
	l->kept = l->spare;
	l->spare = old;
	arena_reset(&l->spare);
	if (wanted > l->y.size * 4)
		wanted = l->y.size * 4;
	l->y.size = wanted < LEAST ? LEAST : wanted > MOST ? MOST : wanted;
}

static bool look(struct looking *l, struct pace *p, struct err *err)
{
	struct batcher *y = &l->y;

	while (!y->last) {
		long long n = 0, begun;

		if (!p->go_on(p->ctx, err) || !pace_wait(p, err))
			return false;
		arena_reset(&y->scratch);
		begun = io_now_ms();
		if (!range_find(y, y->size, err) || !count_left(y, &n, err))
			return false;
		y->last = range_is_end(y, y->cursor->upto);
		if (n && !l->left && !y->what->inserts && !show(l, err))
			return false;
		l->left += n;
		move_on(l, io_now_ms() - begun, pace_is_busy(p));
		if (!y->last && !pace_rest(p, io_now_ms() - begun, 0, false, err))
			return false;
	}
	return true;
}

static struct slice sentence(struct looking *l)
{
	const struct batched *w = l->y.what;
	const char *s = l->left == 1 ? "" : "s";

	if (w->inserts)
		return arena_printf(&l->words,
			"%lld row%s of \"%.*s\" %s not in \"%.*s\" as the statement writes %s",
			l->left, s, SLICE(w->table.name), l->left == 1 ? "is" : "are",
			SLICE(w->into.name), l->left == 1 ? "it" : "them");
	return arena_printf(&l->words,
		"%lld row%s of \"%.*s\" still match%s the WHERE of the statement (%.*s%s): written "
		"in "
		"the old form meanwhile, or left so by the statement itself",
		l->left, s, SLICE(w->table.name), l->left == 1 ? "es" : "", SLICE(l->shown),
		l->left > SHOWN ? "; …" : "");
}

static bool judge(struct looking *l, bool last_pass, bool *again, struct err *err)
{
	const struct batch_run *b = l->y.b;

	if (!l->left)
		return true;
	switch (l->y.what->left) {
	case LEFT_SAY:
		b->host->tell(b->host->ctx, EVENT_LEFT, b->step, sentence(l), NULL);
		return true;
	case LEFT_AGAIN:
		*again = !last_pass;
		if (*again) {
			b->host->tell(b->host->ctx, EVENT_LEFT, b->step, sentence(l), NULL);
			return true;
		}
		break;
	case LEFT_STOP:
		break;
	case LEFT_IGNORE:
		return true;
	}
	err_set(err, ERR_FAILED, "%.*s", SLICE(sentence(l)));
	err_span(err, b->step->statement->span);
	return err_hint(err, "Have the code (or a trigger) write the new form first. Then run the "
			     "same command again: it looks again.");
}

bool batch_look_back(struct batcher *x, bool last_pass, bool *again, struct err *err)
{
	struct looking l = {.cursor = {.upto = x->cursor->upto}};
	bool can = x->what->falsifies, ok;

	*again = false;
	if (x->what->left == LEFT_IGNORE || x->key->places)
		return true;
	l.y = (struct batcher){
		.b = x->b, .what = x->what, .key = x->key, .cursor = &l.cursor, .size = FIRST};
	ok = !x->what->inserts || compare_can(&l.y, &can, err);
	ok = ok && (!can || (look(&l, x->pace, err) && judge(&l, last_pass, again, err)));
	arena_done(&l.kept);
	arena_done(&l.spare);
	arena_done(&l.words);
	arena_done(&l.y.scratch);
	buf_done(&l.y.sql);
	return ok;
}
