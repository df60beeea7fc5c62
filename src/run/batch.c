/* batch.c - one statement as many short transactions. */
#include "run/batch_internal.h"

#include "base/io.h"
#include "sql/clean.h"

enum {
	TARGET_MS = 250,
	BUSY_MS = 50,        /* while others are at work: they wait for our locks */
	BUSY_LOG = 64 << 10, /* … and their COMMITs until our log is on disk, too */
	MAX_ROWS = 20000,
	FIRST_ROWS = 1000,
	LEAST_ROWS = 100,
	SYNC_MS = 1000, /* so often a COMMIT waits for the disk, where that can be chosen */
};

/* ---- One batch ---- */

static bool run_range(struct batcher *x, long long *rows, struct err *err)
{
	const struct batched *w = x->what;
	struct rows r = {.affected = -1};
	long long kept;
	bool ok;

	if (!grow_range(x, &kept, err))
		return false;
	buf_clear(&x->sql);
	buf_printf(&x->sql, "%.*s\nWHERE ", SLICE(w->head));
	range_where(x);
	range_between(x, x->bound);
	if (x->key->places && batch_moves(w))
		cursor_not_moved(&x->sql, x->b->journal, x->b->step, w->alias);
	if (w->tail.len)
		buf_printf(&x->sql, "\n%.*s", SLICE(w->tail));
	x->in_statement = true;
	ok = x->b->conn->ops->exec(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err);
	x->in_statement = !ok;
	*rows = r.affected > 0 ? r.affected : 0;
	return ok && grow_fits(x, kept, *rows, err);
}

static bool write_cursor(struct batcher *x, const struct cursor *next, struct err *err)
{
	struct batch_run *b = x->b;

	if (x->lazy && !conn_exec(b->conn, slice_of(b->conn->engine->batches->lazily), err))
		return false;
	if (x->key->places && batch_moves(x->what) &&
		!cursor_note_moved(b->journal, b->conn, b->step, err))
		return false;
	return cursor_move(next, b->journal, b->conn, b->step, nkey(x), &x->scratch, err);
}

static struct slice *keep_values(struct arena *a, const struct slice *values, size_t n)
{
	struct slice *v = values ? ARENA_ARRAY(a, n, struct slice) : NULL;

	for (size_t i = 0; values && i < n; i++)
		v[i] = arena_slice(a, values[i]);
	return v;
}

/* What is remembered between two batches lives in an arena of its own, made anew each time. */
static void advance(struct batcher *x, const struct cursor *next)
{
	struct arena fresh = {0};
	struct cursor c = *next;

	c.upto = keep_values(&fresh, next->upto, nkey(x));
	c.last = keep_values(&fresh, next->last, nkey(x));
	c.turn_upto = keep_values(&fresh, next->turns ? next->turn_upto : NULL, nkey(x));
	c.turn_words = arena_slice(&fresh, next->turn_words);
	c.turn_noted = next->turns > 0;
	*x->cursor = c;
	arena_done(&x->b->reached);
	x->b->reached = fresh;
}

/* ---- Turns: see engine/postgres/turns.c ---- */

static bool turns_pay(const struct batcher *x)
{
	return x->key->turns_pay && x->dense && !x->no_turns && x->suspect <= 0;
}

/* The next range, or the one whose turns are not all done. */
static bool choose(struct batcher *x, struct err *err)
{
	const struct cursor *c = x->cursor;

	x->one_turn = c->turns ? !x->together : turns_pay(x);
	if (x->one_turn && c->turns) {
		x->bound = c->turn_upto;
		if (!x->range_rows) /* begun by an earlier run */
			x->range_rows = x->size * c->turns;
	} else {
		long long rows = x->one_turn ? x->size * BATCH_TURNS : x->size;

		if (!range_find(x, rows, err))
			return false;
		if (!c->turns)
			x->range_rows = rows;
		x->tried = rows;
	}
	if (x->one_turn)
		x->tried = x->range_rows / BATCH_TURNS > 1 ? x->range_rows / BATCH_TURNS : 1;
	return true;
}

static void next_turn(struct batcher *x, struct cursor *next)
{
	if (!x->one_turn) {
		next->last = x->bound;
		if (next->turns && range_is_end(x, next->turn_upto))
			next->turns = next->turn = 0;
		return;
	}
	if (!next->turns) {
		next->turns = BATCH_TURNS;
		next->turn_upto = x->bound;
		next->turn_words = batch_turn_words(x);
	}
	if (++next->turn == next->turns) {
		next->turns = next->turn = 0;
		next->last = x->bound;
	}
}

/* How many of a whole range's rows were there to be changed? */
static void note_density(struct batcher *x)
{
	x->range_changed += x->changed;
	if (x->cursor->turns)
		return;
	x->dense = x->range_changed >= x->range_rows / 4;
	x->range_changed = x->range_rows = 0;
	x->together = false;
}

static bool run_one(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;
	struct cursor next = *x->cursor;
	long long rows = 0, begun;
	bool to_end;

	arena_reset(&x->scratch);
	x->in_statement = false;
	x->lazy = x->b->conn->engine->batches->lazily && io_now_ms() - x->synced < SYNC_MS;
	if (!grow_begin(x, err) || !h->begin(h->ctx, x->b->step, err) || !choose(x, err) ||
		!run_range(x, &rows, err))
		return false;
	next_turn(x, &next);
	to_end = range_is_end(x, next.upto);
	next.rows += rows;
	next.seen += to_end && rows < x->tried ? rows : x->tried;
	next.ranges++;
	next.finished = to_end && !next.turns;
	if (!write_cursor(x, &next, err))
		return false;
	x->changed = rows;
	begun = io_now_ms();
	if (!h->commit(h->ctx, err))
		return false;
	if (!x->lazy)
		x->synced = io_now_ms();
	x->commit_ms = x->lazy ? -1 : x->synced - begun;
	x->last = next.finished;
	advance(x, &next);
	note_density(x);
	return true;
}

/* ---- Size ---- */

static void resize(struct batcher *x, long long ms)
{
	long long wanted;

	if (x->one_turn) {
		/* The first one takes the longest: its rows move. */
		x->slowest_ms = ms > x->slowest_ms ? ms : x->slowest_ms;
		if (x->cursor->turns)
			return;
		ms = x->slowest_ms;
		x->slowest_ms = 0;
	}
	if (x->suspect > 0) {
		x->suspect -= x->tried;
		if (x->suspect > 0)
			return;
		x->size = x->what->size ? x->what->size : x->least;
		return;
	}
	if (x->what->size) {
		/* Back to what was asked for, after a failure made it smaller. */
		x->size = x->size * 2 < x->what->size ? x->size * 2 : x->what->size;
		return;
	}
	wanted = x->tried * x->target_ms / (ms > 0 ? ms : 1);
	if (wanted > x->tried * 2)
		wanted = x->tried * 2;
	if (wanted < x->tried / 4)
		wanted = x->tried / 4;
	x->size = wanted < x->least ? x->least : wanted > x->most ? x->most : wanted;
}

struct slice batch_key_words(const struct batch_key *k, const struct slice *values, struct arena *a)
{
	struct buf b = {0};
	struct slice text;

	for (size_t i = 0; i < k->columns.n; i++)
		buf_printf(&b, "%s%.*s = %.*s", i ? ", " : "", SLICE(k->columns.at[i]),
			SLICE(slice_sub(values[i], 0, 100)));
	text = clean_line(a, arena_slice(a, buf_slice(&b)));
	buf_done(&b);
	return text;
}

/* ---- Failures ---- */

static bool name_row(struct batcher *x, struct err *err)
{
	struct slice row = batch_key_words(x->key, x->bound, x->b->arena);

	err_span(err, x->b->step->statement->span);
	return err_context(err, "it is the row %.*s of \"%.*s\" that fails", SLICE(row),
		SLICE(x->what->table.name));
}

/* After a failure: true to go on with what x->size says now. */
static bool recover(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;
	bool statement = x->in_statement;

	h->roll_back(h->ctx);
	if (!x->b->conn->ops->alive(x->b->conn) || err->code == ERR_INTERRUPTED)
		return false;
	if (h->again(h->ctx, x->b->step, err)) {
		x->size = x->size / 2 > 1 ? x->size / 2 : 1;
		x->together = x->cursor->turns > 0;
		return true;
	}
	if (!statement || err->code != ERR_FAILED)
		return false;
	if (x->tried <= 1 && !x->one_turn)
		return name_row(x, err);
	/* Of a range in turns the rest of them: its rows are met in the order of the key again. */
	x->suspect = x->one_turn ? x->range_rows : x->tried;
	x->together = x->cursor->turns > 0;
	x->size = x->tried / 2 > 1 ? x->tried / 2 : 1;
	err_done(err);
	*err = (struct err){0};
	return true;
}

/* ---- The whole ---- */

static bool go_on(void *ctx, struct err *err)
{
	struct batcher *x = ctx;

	return x->b->host->go_on(x->b->host->ctx, err) &&
	       window_between(&x->b->o->window, x->b->step, err);
}

static void held(void *ctx, struct slice why)
{
	struct batcher *x = ctx;

	telling_pause(&x->telling, x->cursor->seen, x->pace, why);
}

static struct conn *watcher(void *ctx)
{
	struct batcher *x = ctx;

	return x->b->host->watcher(x->b->host->ctx);
}

void batch_follow(struct batcher *x, const struct batch_limits *l, bool busy)
{
	const struct engine_batches *e = x->b->conn->engine->batches;

	x->target_ms = l->target_ms ? l->target_ms : busy ? BUSY_MS : TARGET_MS;
	if (e->most_ms && x->target_ms > e->most_ms)
		x->target_ms = e->most_ms;
	x->most = l->max_rows ? l->max_rows : MAX_ROWS;
	x->least = LEAST_ROWS < x->most ? LEAST_ROWS : x->most;
	if (!x->size)
		x->size = x->what->size ? x->what->size : FIRST_ROWS;
	if (x->size > x->most && !x->what->size)
		x->size = x->most;
}

/* Where the server's log is; -1: nobody waits for it, or it is not to be known (Aurora's is not).
 */
static bool read_log(struct batcher *x, long long *at, struct err *err)
{
	struct conn *c = x->b->conn;
	struct err why = {0};

	*at = -1;
	if (!x->beside || x->no_log || !c->engine->batches->written)
		return true;
	x->looks++;
	if (c->engine->batches->written(c, at, &why))
		return true;
	if (!c->ops->alive(c) || why.code == ERR_INTERRUPTED) {
		*err = why;
		return false;
	}
	err_done(&why);
	x->no_log = true;
	return true;
}

/* The time that the batch took; longer, as far as others count, when it wrote more than they
 * should wait for: the first batch after a checkpoint logs whole pages. */
static long long weight(const struct batcher *x, long long ms)
{
	long long heavy = x->log * x->target_ms / BUSY_LOG;

	return heavy > ms ? heavy : ms;
}

bool batch_step(struct batcher *x, long long *ms, bool *waited, struct err *err)
{
	long long begun, from, to;

	*waited = false;
	x->looks = 0;
	if (!read_log(x, &from, err))
		return false;
	begun = io_now_ms();
	while (!run_one(x, err)) {
		if (!recover(x, err))
			return false;
		*waited = true;
		begun = io_now_ms();
	}
	x->b->host->fresh(x->b->host->ctx);
	*ms = io_now_ms() - begun;
	if (!read_log(x, &to, err))
		return false;
	x->log = from >= 0 && to > from ? to - from : 0;
	resize(x, weight(x, *ms));
	return true;
}

static bool run_batches(struct batcher *x, struct err *err)
{
	struct pace *p = x->pace;

	while (!x->last) {
		bool waited;
		long long ms;

		if (!go_on(x, err) || !pace_wait(p, err) || !pace_tidy(p, err))
			return false;
		batch_follow(x, &p->limits, pace_is_busy(p));
		x->beside = pace_sees_others(p);
		x->no_turns = p->turns_fail;
		if (!batch_step(x, &ms, &waited, err))
			return false;
		pace_note(p, x->commit_ms, batch_moves(x->what) ? x->changed : 0, x->looks);
		telling_batch(&x->telling, x->cursor->seen, p);
		if (!x->last && !pace_rest(p, ms, x->log, waited && !x->suspect, err))
			return false;
	}
	return true;
}

static void set_up(struct batcher *x)
{
	struct batch_run *b = x->b;

	x->begun = io_now_ms();
	*x->pace = (struct pace){.o = b->o,
		.watcher = watcher,
		.go_on = go_on,
		.held = held,
		.ctx = x,
		.conn = b->conn,
		.engine = b->conn->engine->batches,
		.key = x->key,
		.session = b->session};
	pace_begin(x->pace);
}

static void say_where(struct batcher *x, struct err *err)
{
	const char *command = x->b->step->direction == DIR_UP ? "up" : "down";

	if (!err_is(err) || x->parted)
		return;
	if (!x->cursor->last)
		return;
	if (x->cursor->turns) {
		err_context(err,
			"%lld rows in %lld batches are changed and stay, all up to %.*s and some "
			"behind that row; belay %s goes on with the others",
			x->cursor->rows, x->cursor->ranges,
			SLICE(batch_key_words(x->key, x->cursor->last, x->b->arena)), command);
		return;
	}
	err_context(err,
		"%lld row%s in %lld batch%s changed and stay, up to %.*s; belay %s goes on behind "
		"that row",
		x->cursor->rows, x->cursor->rows == 1 ? "" : "s", x->cursor->ranges,
		x->cursor->ranges == 1 ? " are" : "es are",
		SLICE(batch_key_words(x->key, x->cursor->last, x->b->arena)), command);
}

/* All is walked: the statement is done. */
static bool finish(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;
	struct batch_run *b = x->b;
	struct archive grown;

	if (b->keeps && !grow_count(x, &grown, err))
		return false;
	for (;;) {
		if (h->begin(h->ctx, b->step, err) &&
			cursor_end(b->journal, b->conn, b->step, err) &&
			(!b->keeps || archive_finish(b->conn, b->o->journal_where, &grown, err)) &&
			journal_done_alone(b->journal, b->step, io_now_ms() - x->begun, err) &&
			h->commit(h->ctx, err))
			return true;
		h->roll_back(h->ctx);
		if (!b->conn->ops->alive(b->conn) || !h->again(h->ctx, b->step, err))
			return false;
	}
}

static bool finish_empty(struct batcher *x, struct err *err)
{
	struct archive grown;

	return !x->b->keeps ||
	       (grow_count(x, &grown, err) &&
		       archive_finish(x->b->conn, x->b->o->journal_where, &grown, err));
}

/* Once through; again while rows are left, if that is asked for. */
static bool walk(struct batcher *x, struct err *err)
{
	enum { PASSES = 3 };
	bool parted, again = true;

	if (!batch_find_cursor(x, err))
		return false;
	telling_begin(&x->telling, x->b, x->cursor->seen);
	if (x->empty)
		return finish_empty(x, err);
	for (int pass = 1; again; pass++) {
		if (!batch_in_parts(x, &parted, err) || (!parted && !run_batches(x, err)) ||
			!pace_tidied(x->pace, err) ||
			!batch_look_back(x, pass == PASSES, &again, err) ||
			(again && !batch_restart(x, err)))
			return false;
	}
	telling_end(&x->telling, x->b->conn);
	return finish(x, err);
}

bool batch_run(struct batch_run *b, struct err *err)
{
	const struct engine_batches *e = b->conn->engine->batches;
	struct pace pace;
	struct batcher x = {.b = b,
		.what = b->step->batched,
		.key = &b->key,
		.cursor = &b->cursor,
		.pace = &pace};
	bool ok;

	if (!e->key(b->conn, b->arena, x.what->table, x.what->key, x.what->sets, &b->key, err) ||
		(e->turns && batch_moves(x.what) &&
			!e->turns(b->conn, b->arena, x.what->sets, &b->key, err)))
		return err_span(err, b->step->statement->span);
	set_up(&x);
	ok = walk(&x, err);
	say_where(&x, err);
	pace_done(&pace);
	buf_done(&x.sql);
	arena_done(&x.scratch);
	return ok;
}
