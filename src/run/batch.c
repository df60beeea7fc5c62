/* batch.c - one statement as many short transactions. */
#include "run/batch_internal.h"

#include "base/io.h"
#include "sql/clean.h"

enum {
	TARGET_MS = 250,
	BUSY_MS = 50, /* the same when others are at work */
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
	bool ok;

	buf_clear(&x->sql);
	buf_printf(&x->sql, "%.*s\nWHERE ", SLICE(w->head));
	if (w->where.len)
		buf_printf(&x->sql, "(%.*s\n) AND ", SLICE(w->where));
	range_between(x, x->bound);
	if (x->key->places && batch_moves(w))
		cursor_not_moved(&x->sql, x->b->journal, x->b->step, w->alias);
	if (w->tail.len)
		buf_printf(&x->sql, "\n%.*s", SLICE(w->tail));
	x->in_statement = true;
	ok = x->b->conn->ops->exec(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err);
	x->in_statement = !ok;
	*rows = r.affected > 0 ? r.affected : 0;
	return ok;
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

/* What is remembered between two batches lives in an arena of its own, made anew each time. */
static void advance(struct batcher *x, const struct cursor *next)
{
	struct arena fresh = {0};
	struct slice *upto = ARENA_ARRAY(&fresh, nkey(x), struct slice);
	struct slice *last = ARENA_ARRAY(&fresh, nkey(x), struct slice);

	for (size_t i = 0; i < nkey(x); i++) {
		upto[i] = arena_slice(&fresh, x->cursor->upto[i]);
		last[i] = arena_slice(&fresh, x->bound[i]);
	}
	*x->cursor = *next;
	x->cursor->upto = upto;
	x->cursor->last = last;
	arena_done(&x->b->reached);
	x->b->reached = fresh;
}

static bool run_one(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;
	struct cursor next = *x->cursor;
	long long rows = 0, begun;

	arena_reset(&x->scratch);
	x->in_statement = false;
	x->lazy = x->b->conn->engine->batches->lazily && io_now_ms() - x->synced < SYNC_MS;
	if (!h->begin(h->ctx, x->b->step, err) || !range_find(x, err) || !run_range(x, &rows, err))
		return false;
	next.last = x->bound;
	next.rows += rows;
	next.seen += x->last ? (rows < x->tried ? rows : x->tried) : x->tried;
	next.ranges++;
	next.finished = x->last;
	if (!write_cursor(x, &next, err))
		return false;
	x->changed = rows;
	begun = io_now_ms();
	if (!h->commit(h->ctx, err))
		return false;
	if (!x->lazy)
		x->synced = io_now_ms();
	x->commit_ms = x->lazy ? -1 : x->synced - begun;
	advance(x, &next);
	return true;
}

/* ---- Size ---- */

static void resize(struct batcher *x, long long ms)
{
	long long wanted;

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
	wanted = x->size * x->target_ms / (ms > 0 ? ms : 1);
	if (wanted > x->size * 2)
		wanted = x->size * 2;
	if (wanted < x->size / 4)
		wanted = x->size / 4;
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
		return true;
	}
	if (!statement || err->code != ERR_FAILED)
		return false;
	if (x->tried <= 1)
		return name_row(x, err);
	x->suspect = x->tried;
	x->size = x->tried / 2;
	err_done(err);
	*err = (struct err){0};
	return true;
}

/* ---- The whole ---- */

static bool go_on(void *ctx, struct err *err)
{
	struct batcher *x = ctx;

	return x->b->host->go_on(x->b->host->ctx, err);
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

bool batch_step(struct batcher *x, long long *ms, bool *waited, struct err *err)
{
	long long begun = io_now_ms();

	*waited = false;
	while (!run_one(x, err)) {
		if (!recover(x, err))
			return false;
		*waited = true;
		begun = io_now_ms();
	}
	x->b->host->fresh(x->b->host->ctx);
	*ms = io_now_ms() - begun;
	resize(x, *ms);
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
		if (!batch_step(x, &ms, &waited, err))
			return false;
		pace_note(p, x->commit_ms, batch_moves(x->what) ? x->changed : 0);
		telling_batch(&x->telling, x->cursor->seen, p);
		if (!x->last && !pace_rest(p, ms, waited && !x->suspect, err))
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

	if (!x->cursor->last || !err_is(err) || x->parted)
		return;
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

	for (;;) {
		if (h->begin(h->ctx, b->step, err) &&
			cursor_end(b->journal, b->conn, b->step, err) &&
			journal_done_alone(b->journal, b->step, io_now_ms() - x->begun, err) &&
			h->commit(h->ctx, err))
			return true;
		h->roll_back(h->ctx);
		if (!b->conn->ops->alive(b->conn) || !h->again(h->ctx, b->step, err))
			return false;
	}
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
		return true;
	for (int pass = 1; again; pass++) {
		if (!batch_in_parts(x, &parted, err) || (!parted && !run_batches(x, err)) ||
			!batch_look_back(x, pass == PASSES, &again, err) ||
			(again && !batch_restart(x, err)))
			return false;
	}
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

	if (!e->key(b->conn, b->arena, x.what->table, x.what->key, x.what->sets, &b->key, err))
		return err_span(err, b->step->statement->span);
	set_up(&x);
	ok = walk(&x, err);
	say_where(&x, err);
	pace_done(&pace);
	buf_done(&x.sql);
	arena_done(&x.scratch);
	return ok;
}
