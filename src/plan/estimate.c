/* estimate.c - how long a statement works.
 *
 * Each kind of work has the rate of a fast and of a slow machine, per byte and per row. Measured on
 * PostgreSQL 15 with 2 million rows of 117 bytes (two busy cores, no fsync): rewriting with its
 * primary key 4.6 s, an index on text 3.8 s, on integers 1.4 s, validating a CHECK 0.15 s. The
 * interval is meant to hold what a disk that is busy with other things makes of it. */
#include "plan/outlook_internal.h"

#include <stdint.h>

enum work { WORK_REWRITE, WORK_SCAN, WORK_BUILD, WORK_WRITE, WORK_BATCHES };

/* Per second. */
static const struct rate {
	long long fast_bytes, slow_bytes, fast_rows, slow_rows;
} rates[] = {
	[WORK_REWRITE] = {300000000, 20000000, 4000000, 150000},
	[WORK_SCAN] = {4000000000, 100000000, 100000000, 400000},
	[WORK_BUILD] = {4000000000, 100000000, 2500000, 100000},
	[WORK_WRITE] = {0, 0, 500000, 15000},
	[WORK_BATCHES] = {0, 0, 300000, 3000},
};
enum { ROW_BYTES = 120, REST_MS = 50 };

static long long ms(long long amount, long long per_second)
{
	return per_second && amount > 0 ? (long long)((double)amount * 1000 / (double)per_second)
					: 0;
}

static long long most(long long a, long long b)
{
	return a > b ? a : b;
}

struct interval interval_add(struct interval a, struct interval b)
{
	return (struct interval){a.from_ms + b.from_ms, a.to_ms + b.to_ms, a.known && b.known};
}

static void add_unknown(struct looking *x, struct outlook_statement *s, struct name table)
{
	struct slice words = arena_printf(x->a, "the size of %.*s",
		SLICE(outlook_object(x->a, x->r->dialect, table, SLICE_NONE)));

	for (size_t i = 0; i < s->unknown.n; i++)
		if (slice_eq(s->unknown.at[i], words))
			return;
	names_add(x->a, &s->unknown, words);
}

/* `some` of the rows: a condition says which, and nobody has counted them. */
static void add(
	struct looking *x, struct outlook_statement *s, enum work w, struct name table, bool some)
{
	const struct rate *rate = &rates[w];
	struct interval t = {.known = true};
	struct table_size size;
	long long bytes;

	switch (looking_size(x, table, &size)) {
	case SIZE_NEW:
		return;
	case SIZE_UNKNOWN:
		s->time.known = false;
		add_unknown(x, s, table);
		return;
	case SIZE_KNOWN:
		break;
	}
	bytes = size.bytes >= 0 ? size.bytes : size.rows * ROW_BYTES;
	if (w == WORK_REWRITE && size.index_bytes > 0)
		bytes += size.index_bytes;
	t.to_ms = ms(bytes, rate->slow_bytes) + ms(size.rows, rate->slow_rows);
	if (!some)
		t.from_ms = most(ms(bytes, rate->fast_bytes), ms(size.rows, rate->fast_rows));
	s->time = interval_add(s->time, t);
}

static bool same(struct name a, struct name b)
{
	return slice_eq(a.schema, b.schema) && slice_eq(a.name, b.name);
}

static bool is_rewritten(const struct effect *e, struct name table)
{
	for (size_t i = 0; i < e->nrewrites; i++)
		if (same(e->rewrites[i].object, table))
			return true;
	return false;
}

static bool filtered(const struct step *s)
{
	for (size_t i = 0; i < s->statement->nchanges; i++)
		if (s->statement->changes[i].flags & CHANGE_HAS_WHERE)
			return true;
	return false;
}

/* A build reads its table, and the scan of that is in `scans`; a rewrite brings its indexes along.
 */
static void add_builds(struct looking *x, struct outlook_statement *s, const struct effect *e)
{
	for (size_t i = 0; e->nbuilds && i < e->nscans; i++)
		for (size_t k = 0; k < e->nbuilds && !is_rewritten(e, e->scans[i].object); k++)
			add(x, s, WORK_BUILD, e->scans[i].object, false);
}

void estimate(struct looking *x, struct outlook_statement *s)
{
	const struct effect *e = s->step->effect;

	s->time = (struct interval){.to_ms = REST_MS, .known = true};
	if (!e || e->unread) {
		s->time.known = false;
		names_add(x->a, &s->unknown, SL("what the statement does"));
		return;
	}
	for (size_t i = 0; i < e->nrewrites; i++)
		add(x, s, WORK_REWRITE, e->rewrites[i].object, !e->rewrites[i].certain);
	for (size_t i = 0; i < e->nscans; i++)
		add(x, s, WORK_SCAN, e->scans[i].object, !e->scans[i].certain);
	add_builds(x, s, e);
	for (size_t i = 0; i < e->nwrites_rows; i++)
		add(x, s, s->step->batched ? WORK_BATCHES : WORK_WRITE, e->writes_rows[i].object,
			!e->writes_rows[i].certain || filtered(s->step));
}

/* ---- Words ---- */

static struct slice span_words(struct arena *a, long long t)
{
	if (t < 1000)
		return arena_printf(a, "%lld ms", t);
	if (t < 90000)
		return arena_printf(a, "%lld s", (t + 500) / 1000);
	if (t < 5400000)
		return arena_printf(a, "%lld min", (t + 30000) / 60000);
	return arena_printf(a, "%lld h", (t + 1800000) / 3600000);
}

struct slice interval_words(struct arena *a, struct interval t)
{
	struct slice from = span_words(a, t.from_ms), to = span_words(a, t.to_ms);

	if (!t.known)
		return t.from_ms ? arena_printf(a, "at least %.*s, then unknown", SLICE(from))
				 : SL("not known");
	if (t.from_ms == 0)
		return arena_printf(a, "up to %.*s", SLICE(to));
	return slice_eq(from, to) ? from : arena_printf(a, "%.*s to %.*s", SLICE(from), SLICE(to));
}
