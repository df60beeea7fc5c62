/* batch.c - one statement as many short transactions. */
#include "run/batch.h"

#include "base/io.h"
#include "sql/clean.h"

enum {
	TARGET_MS = 250,
	MAX_ROWS = 20000,
	FIRST_ROWS = 1000,
	LEAST_ROWS = 100,
	TELL_MS = 500,
};

struct batcher {
	struct batch_run *b;
	const struct batched *what;
	struct batch_key *key;
	struct cursor *cursor;
	struct pace pace;
	struct arena scratch;
	struct buf sql;
	int target_ms;
	long long size, least, most;
	long long suspect; /* rows left of a range in which one failed */
	long long tried;   /* rows of the range under way */
	bool in_statement, last;
	struct slice *bound; /* of the range under way */
	long long begun, told, seen_before;
};

static size_t nkey(const struct batcher *x)
{
	return x->key->columns.n;
}

/* ---- SQL ---- */

static void list(struct buf *b, const struct slice *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%.*s", i ? ", " : "", SLICE(v[i]));
}

static void compare_one(struct batcher *x, size_t i, const char *operator, struct slice value)
{
	buf_printf(&x->sql, "%.*s %s ", SLICE(x->key->sql[i]), operator);
	x->b->conn->engine->batches->literal(&x->sql, x->key, i, value);
}

/* a >= 1 AND (a > 1 OR (a = 1 AND …)): the first half is what the index is searched by. */
static void compare_apart(struct batcher *x, size_t i, const char *strict, const char *last,
	const struct slice *values)
{
	const char *loose = *strict == '>' ? ">=" : "<=";

	if (i + 1 == nkey(x)) {
		compare_one(x, i, last, values[i]);
		return;
	}
	compare_one(x, i, loose, values[i]);
	buf_adds(&x->sql, " AND (");
	compare_one(x, i, strict, values[i]);
	buf_adds(&x->sql, " OR (");
	compare_one(x, i, "=", values[i]);
	buf_adds(&x->sql, " AND ");
	compare_apart(x, i + 1, strict, last, values);
	buf_adds(&x->sql, "))");
}

/* (a, b) > ('x'::text, '1'::int) */
static void compare(struct batcher *x, const char *operator, const struct slice * values)
{
	const char *open = nkey(x) > 1 ? "(" : "", *close = nkey(x) > 1 ? ")" : "";

	if (x->b->conn->engine->batches->no_row_ranges) {
		compare_apart(x, 0, *operator== '>' ? ">" : "<", operator, values);
		return;
	}

	buf_adds(&x->sql, open);
	list(&x->sql, x->key->sql, nkey(x));
	buf_printf(&x->sql, "%s %s %s", close, operator, open);
	for (size_t i = 0; i < nkey(x); i++) {
		if (i)
			buf_adds(&x->sql, ", ");
		x->b->conn->engine->batches->literal(&x->sql, x->key, i, values[i]);
	}
	buf_adds(&x->sql, close);
}

static void between(struct batcher *x, const struct slice *upto)
{
	if (x->cursor->last) {
		compare(x, ">", x->cursor->last);
		buf_adds(&x->sql, " AND ");
	}
	compare(x, "<=", upto);
}

static void select_key(struct batcher *x)
{
	buf_clear(&x->sql);
	buf_adds(&x->sql, "SELECT ");
	/* Names of their own: ORDER BY would take a column's name for its text here. */
	for (size_t i = 0; i < nkey(x); i++)
		buf_printf(&x->sql, "%s%.*s AS belay_key_%zu", i ? ", " : "",
			SLICE(x->key->read[i]), i);
	buf_printf(&x->sql, " FROM %.*s", SLICE(x->what->relation));
}

static void order_by(struct batcher *x, const char *direction)
{
	buf_adds(&x->sql, " ORDER BY ");
	for (size_t i = 0; i < nkey(x); i++)
		buf_printf(&x->sql, "%s%.*s%s", i ? ", " : "", SLICE(x->key->sql[i]), direction);
}

/* Kept for long: by malloc's rules, for the arena would grow with each batch. */
static struct slice *keep(struct arena *a, const struct rows *r, size_t n)
{
	struct slice *v = ARENA_ARRAY(a, n, struct slice);

	for (size_t i = 0; i < n; i++)
		v[i] = arena_slice(a, rows_get(r, 0, i));
	return v;
}

/* ---- Ranges of places ---- */

static long long page_of(const struct slice *values)
{
	unsigned long long n = 0;
	struct slice rest = values ? slice_from(values[0], 1) : SLICE_NONE, page;

	if (slice_next(&rest, ',', &page))
		slice_u64(page, &n);
	return (long long)n;
}

static struct slice *place(struct arena *a, long long page)
{
	struct slice *v = ARENA_NEW(a, struct slice);

	*v = arena_printf(a, "(%lld,0)", page);
	return v;
}

/* The rows of a few pages are sorted, not those of the whole rest. */
static struct slice *ceiling(struct batcher *x)
{
	long long per_page = x->key->pages > 0 && x->key->rows > x->key->pages
				     ? x->key->rows / x->key->pages
				     : 20,
		  page = page_of(x->cursor->last) + x->size / per_page + 1;

	if (!x->key->places || page >= page_of(x->cursor->upto))
		return x->cursor->upto;
	return place(&x->scratch, page);
}

/* The end of the next range: x->bound, and whether it is the end of all. */
static bool find_bound(struct batcher *x, struct err *err)
{
	struct slice *top = ceiling(x);
	struct rows r = {0};

	select_key(x);
	buf_adds(&x->sql, " WHERE ");
	between(x, top);
	order_by(x, "");
	buf_printf(&x->sql, " LIMIT 1 OFFSET %lld", x->size - 1);
	if (!conn_query(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err))
		return false;
	x->bound = r.nrows ? keep(&x->scratch, &r, nkey(x)) : top;
	x->last = true;
	for (size_t i = 0; i < nkey(x); i++)
		x->last &= slice_eq(x->bound[i], x->cursor->upto[i]);
	x->tried = x->size;
	return true;
}

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
	between(x, x->bound);
	if (x->key->places && !w->deletes)
		cursor_not_moved(&x->sql, x->b->journal, x->b->step, w->alias);
	x->in_statement = true;
	ok = x->b->conn->ops->exec(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err);
	x->in_statement = !ok;
	*rows = r.affected > 0 ? r.affected : 0;
	return ok;
}

static bool write_cursor(struct batcher *x, const struct cursor *next, struct err *err)
{
	struct batch_run *b = x->b;

	if (x->last)
		return cursor_end(b->journal, b->conn, b->step, err) &&
		       journal_done_alone(b->journal, b->step, io_now_ms() - x->begun, err);
	if (x->key->places && !x->what->deletes &&
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
	long long rows = 0;

	arena_reset(&x->scratch);
	x->in_statement = false;
	if (!h->begin(h->ctx, x->b->step, err) || !find_bound(x, err) || !run_range(x, &rows, err))
		return false;
	next.last = x->bound;
	next.rows += rows;
	next.seen += x->last ? (rows < x->tried ? rows : x->tried) : x->tried;
	next.ranges++;
	if (!write_cursor(x, &next, err) || !h->commit(h->ctx, err))
		return false;
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

/* ---- Telling ---- */

static void tell_progress(struct batcher *x)
{
	long long now = io_now_ms(), ms = now - x->begun;
	long long here = x->cursor->seen - x->seen_before, rows = x->key->rows;
	double rate = ms > 0 ? (double)here * 1000 / (double)ms : 0;
	struct arena a = {0};
	struct buf b = {0};

	if (now - x->told < TELL_MS)
		return;
	x->told = now;
	buf_printf(&b, "\"%.*s\" in batches: %lld", SLICE(x->what->table.name), x->cursor->seen);
	if (rows > x->cursor->seen)
		buf_printf(&b, " of about %lld", rows);
	buf_printf(&b, " rows, %.0f/s", rate);
	if (rows > x->cursor->seen && rate > 0)
		buf_printf(&b, ", about %.0f s left", (double)(rows - x->cursor->seen) / rate);
	x->b->host->tell(x->b->host->ctx, EVENT_BATCH, x->b->step,
		clean_line(&a, arena_slice(&a, buf_slice(&b))));
	buf_done(&b);
	arena_done(&a);
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

	x->b->host->tell(x->b->host->ctx, EVENT_PAUSE, x->b->step, why);
}

static struct conn *watcher(void *ctx)
{
	struct batcher *x = ctx;

	return x->b->host->watcher(x->b->host->ctx);
}

static bool run_batches(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;

	while (!x->last) {
		long long begun, ms;
		bool waited = false;

		if (!go_on(x, err) || !pace_wait(&x->pace, err))
			return false;
		begun = io_now_ms();
		while (!run_one(x, err)) {
			if (!recover(x, err))
				return false;
			waited = true;
			begun = io_now_ms();
		}
		h->fresh(h->ctx);
		ms = io_now_ms() - begun;
		resize(x, ms);
		tell_progress(x);
		if (!x->last && !pace_rest(&x->pace, ms, waited && !x->suspect, err))
			return false;
	}
	return true;
}

/* The end of the walk: the last key there is now. No rows: nothing to do. */
static bool find_end(struct batcher *x, struct err *err)
{
	struct rows r = {0};

	if (x->key->places) {
		x->last = x->key->pages == 0;
		x->cursor->upto = place(&x->b->reached, x->key->pages);
		return true;
	}
	select_key(x);
	order_by(x, " DESC");
	buf_adds(&x->sql, " LIMIT 1");
	if (!conn_query(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err))
		return false;
	x->last = r.nrows == 0;
	if (r.nrows)
		x->cursor->upto = keep(&x->b->reached, &r, nkey(x));
	return true;
}

static bool make_cursor(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;
	struct batch_run *b = x->b;
	bool ok;

	x->cursor->key_words = x->key->words;
	ok = h->begin(h->ctx, b->step, err) && find_end(x, err) &&
	     (x->last ? journal_done_alone(b->journal, b->step, 0, err)
		      : cursor_begin(
				x->cursor, b->journal, b->conn, b->step, nkey(x), b->arena, err)) &&
	     h->commit(h->ctx, err);
	if (!ok)
		h->roll_back(h->ctx);
	return ok;
}

static bool refuse_edited(const struct step *s, bool there, struct err *err)
{
	err_set(err, ERR_REFUSED,
		"migration %.*s is half applied, and the statement that runs in batches was "
		"changed "
		"since the first of them",
		SLICE(s->migration->id));
	if (there)
		err_span(err, s->statement->span);
	else
		err_at(err, s->migration->path, 0, 0, 0);
	return err_hint(err,
		"Put that statement back as it was, then the batches go on behind the last one "
		"that "
		"is done. Or bring the database by hand to what the file says now, and record it: "
		"belay baseline %.*s",
		SLICE(s->migration->id));
}

static bool refuse_other_key(const struct batcher *x, struct err *err)
{
	const struct step *s = x->b->step;

	err_set(err, ERR_REFUSED,
		"the batches of migration %.*s were begun along the %.*s, and now there is the "
		"%.*s",
		SLICE(s->migration->id), SLICE(x->cursor->key_words), SLICE(x->key->words));
	err_span(err, s->statement->span);
	return err_hint(err,
		"Bring the key back, or bring the rows by hand to what the statement "
		"makes of them and record it: belay baseline %.*s",
		SLICE(s->migration->id));
}

static bool find_cursor(struct batcher *x, struct err *err)
{
	struct batch_run *b = x->b;

	if (!cursor_read(x->cursor, b->journal, b->conn, b->step, nkey(x), &b->reached, err))
		return false;
	if (!x->cursor->found)
		return make_cursor(x, err);
	if (!slice_is(x->cursor->hash, b->step->hash))
		return refuse_edited(b->step, true, err);
	if (!slice_eq(x->cursor->key_words, x->key->words))
		return refuse_other_key(x, err);
	return cursor_is_whole(x->cursor, b->step, err);
}

static void set_up(struct batcher *x, const struct batch_limits *l)
{
	const struct engine_batches *e = x->b->conn->engine->batches;

	x->target_ms = l->target_ms ? l->target_ms : TARGET_MS;
	if (e->most_ms && x->target_ms > e->most_ms)
		x->target_ms = e->most_ms;
	x->most = l->max_rows ? l->max_rows : MAX_ROWS;
	x->least = LEAST_ROWS < x->most ? LEAST_ROWS : x->most;
	x->size = x->what->size ? x->what->size : FIRST_ROWS < x->most ? FIRST_ROWS : x->most;
	x->begun = x->told = io_now_ms();
	x->pace = (struct pace){.limits = l,
		.watcher = watcher,
		.go_on = go_on,
		.held = held,
		.ctx = x,
		.engine = e,
		.key = x->key,
		.session = x->b->session,
		.patience_ms = x->b->o->patience_ms};
}

static void say_where(struct batcher *x, struct err *err)
{
	const char *command = x->b->step->direction == DIR_UP ? "up" : "down";

	if (!x->cursor->last || !err_is(err))
		return;
	err_context(err,
		"%lld row%s in %lld batch%s changed and stay, up to %.*s; belay %s goes on behind "
		"that row",
		x->cursor->rows, x->cursor->rows == 1 ? "" : "s", x->cursor->ranges,
		x->cursor->ranges == 1 ? " are" : "es are",
		SLICE(batch_key_words(x->key, x->cursor->last, x->b->arena)), command);
}

static bool can_walk(struct conn *c, const struct step *s, struct err *err)
{
	const struct batched *w = s->batched;
	struct arena a = {0};
	struct batch_key k;
	bool ok = c->engine->batches->key(c, &a, w->table, w->key, w->sets, &k, err);

	if (!ok)
		err_span(err, s->statement->span);
	arena_done(&a);
	return ok;
}

bool batch_foresee(struct conn *c, const struct step *steps, size_t n, struct err *err)
{
	/* Behind any other statement the tables may be others than now. */
	for (size_t i = 0; i < n; i++) {
		const struct statement *st = steps[i].statement;
		bool sets =
			st->nchanges == 1 && change_class_of(st->changes[0].kind) == CLASS_SESSION;

		if (!steps[i].batched && !sets)
			break;
		if (steps[i].batched && !can_walk(c, &steps[i], err))
			return false;
	}
	return true;
}

bool batch_unchanged(
	struct conn *c, struct journal *j, const struct step *steps, size_t n, struct err *err)
{
	const struct step *step;
	bool lost;

	if (!cursor_lost(j, c, steps, n, &step, &lost, err))
		return false;
	return !lost || refuse_edited(step ? step : steps, step != NULL, err);
}

bool batch_run(struct batch_run *b, struct err *err)
{
	const struct engine_batches *e = b->conn->engine->batches;
	struct batcher x = {.b = b, .what = b->step->batched, .key = &b->key, .cursor = &b->cursor};
	bool ok;

	if (!e->key(b->conn, b->arena, x.what->table, x.what->key, x.what->sets, &b->key, err))
		return err_span(err, b->step->statement->span);
	ok = find_cursor(&x, err);
	x.seen_before = b->cursor.seen;
	set_up(&x, &b->o->batches);
	ok = ok && (x.last || run_batches(&x, err));
	say_where(&x, err);
	pace_done(&x.pace);
	buf_done(&x.sql);
	arena_done(&x.scratch);
	return ok;
}
