/* telling.c - what is said about batches that are under way. */
#include "run/telling.h"

#include "base/io.h"
#include "run/batch.h"
#include "run/control.h"
#include "sql/clean.h"

enum { TELL_MS = 500, NOTE_MS = 2000 };

void telling_begin(struct telling *t, const struct batch_run *b, long long seen)
{
	long long now = io_now_ms();

	*t = (struct telling){.b = b, .told = now};
	rate_begin(&t->rate, now, seen);
}

static struct batch_progress measure(struct telling *t, long long seen, const struct pace *p)
{
	long long rows = t->b->key.rows;
	struct batch_progress g = {
		.seen = seen, .total = rows > seen ? rows : 0, .least_s = -1, .most_s = -1};

	rate_note(&t->rate, io_now_ms(), seen, p->held_ms);
	g.per_second = (long long)(rate_per_second(&t->rate) + 0.5);
	if (g.total && !rate_left(&t->rate, g.total - seen, &g.least_s, &g.most_s))
		g.least_s = g.most_s = -1;
	return g;
}

static struct slice words(struct telling *t, const struct batch_progress *g, struct arena *a)
{
	struct buf b = {0};
	struct slice out;

	buf_printf(
		&b, "\"%.*s\" in batches: %lld", SLICE(t->b->step->batched->table.name), g->seen);
	if (g->total)
		buf_printf(&b, " of about %lld", g->total);
	buf_printf(&b, " rows, %lld/s", g->per_second);
	if (g->most_s >= 0) {
		buf_adds(&b, ", ");
		rate_words(&b, g->least_s, g->most_s);
		buf_adds(&b, " left");
	}
	out = clean_line(a, arena_slice(a, buf_slice(&b)));
	buf_done(&b);
	return out;
}

/* For belay watch, which asks elsewhere. Not to be able to write it is no reason to stop. */
static void note(struct telling *t, struct conn *c, const struct batch_progress *g)
{
	const struct step *s = t->b->step;
	struct err ignored = {0};

	t->noted = io_now_ms();
	control_progress(c, t->b->o->journal_where, s->hash, g, s->batched->table.name, &ignored);
	err_done(&ignored);
}

void telling_end(struct telling *t, struct conn *c)
{
	note(t, c, NULL);
}

void telling_batch(struct telling *t, long long seen, const struct pace *p)
{
	struct batch_progress g;
	struct arena a = {0};

	if (io_now_ms() - t->told < TELL_MS)
		return;
	t->told = io_now_ms();
	g = measure(t, seen, p);
	g.busy = pace_is_busy(p);
	t->b->host->tell(t->b->host->ctx, EVENT_BATCH, t->b->step, words(t, &g, &a), &g);
	if (io_now_ms() - t->noted >= NOTE_MS)
		note(t, p->conn, &g);
	arena_done(&a);
}

void telling_pause(struct telling *t, long long seen, const struct pace *p, struct slice why)
{
	struct batch_progress g = measure(t, seen, p);

	g.signal = p->signal;
	t->b->host->tell(t->b->host->ctx, EVENT_PAUSE, t->b->step, why, &g);
}
