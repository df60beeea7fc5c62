/* control.c - the journal's table `control`. */
#include "run/control.h"

#include "base/buf.h"
#include "run/limits.h"
#include "sql/quote.h"

static bool read_rows(
	struct conn *c, struct slice where, struct arena *a, struct rows *r, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "SELECT name, value, set_by, set_at FROM ");
	journal_name(&b, c->id.dialect, where, "control");
	buf_adds(&b, " ORDER BY name");
	ok = conn_query(c, buf_slice(&b), a, r, err);
	buf_done(&b);
	return ok;
}

bool control_read(struct conn *c, struct slice where, const struct batch_limits *base,
	struct batch_limits *limits, bool *paused, struct err *err)
{
	struct arena a = {0};
	struct rows r = {0};
	bool ok = read_rows(c, where, &a, &r, err);

	if (ok) {
		*limits = *base;
		*paused = false;
	}
	for (size_t i = 0; ok && i < r.nrows; i++) {
		struct err ignored = {0};

		if (slice_is(rows_get(&r, i, 0), "paused"))
			*paused = true;
		else if (limit_is_known(rows_get(&r, i, 0)))
			limit_set(limits, rows_get(&r, i, 0), rows_get(&r, i, 1), &ignored);
		err_done(&ignored);
	}
	arena_done(&a);
	return ok;
}

bool control_write(
	struct conn *c, struct slice where, struct slice name, struct slice value, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "DELETE FROM ");
	journal_name(&b, d, where, "control");
	sqlf(&b, d, " WHERE name = %L", name);
	if (value.len) {
		buf_adds(&b, "; INSERT INTO ");
		journal_name(&b, d, where, "control");
		sqlf(&b, d, " (name, value, set_by, set_at) VALUES (%L, %L, %L, %s)", name, value,
			c->id.role, slice_of(journal_now(d)));
	}
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

/* The hash is a name's worth of it, where names are short. */
static struct slice progress_name(struct arena *a, struct slice hash)
{
	return arena_printf(a, "rows of %.*s", SLICE(slice_sub(hash, 0, 32)));
}

bool control_progress(struct conn *c, struct slice where, const char *hash,
	const struct batch_progress *g, struct slice table, struct err *err)
{
	struct arena a = {0};
	struct slice text = SLICE_NONE;
	bool ok;

	if (g)
		text = arena_printf(&a, "%lld %lld %lld %lld %.*s", g->total, g->per_second,
			g->least_s, g->most_s, SLICE(table));
	ok = control_write(c, where, progress_name(&a, slice_of(hash)), text, err);
	arena_done(&a);
	return ok;
}

/* ---- For people ---- */

static long long number(struct slice s)
{
	unsigned long long n = 0;

	slice_u64(s, &n);
	return (long long)n;
}

static long long signed_number(struct slice s)
{
	return slice_starts(s, "-") ? -number(slice_from(s, 1)) : number(s);
}

static void read_progress(
	struct batch_seen *k, const struct control_sight *s, struct slice hash, struct arena *a)
{
	struct slice name = progress_name(a, hash), rest, word;
	long long *const into[] = {&k->total, &k->per_second, &k->least_s, &k->most_s};

	k->per_second = k->least_s = k->most_s = -1;
	for (size_t i = 0; i < s->nrows; i++) {
		if (!slice_eq(s->rows[i].name, name))
			continue;
		rest = s->rows[i].value;
		for (size_t n = 0; n < sizeof into / sizeof *into; n++)
			if (slice_next(&rest, ' ', &word))
				*into[n] = signed_number(word);
		k->table = rest;
	}
}

static bool look_batches(struct control_sight *out, struct conn *c, struct slice where,
	struct arena *a, struct err *err)
{
	enum dialect d = c->id.dialect;
	struct buf b = {0}, parts = {0};
	struct rows r = {0};
	bool ok;

	journal_name(&parts, d, where, "part");
	buf_printf(&b,
		"SELECT c.migration, c.direction, c.statement, c.key_words, c.last_key, c.updated,"
		" c.rows_seen + coalesce((SELECT sum(p.rows_seen) FROM %s p WHERE p.migration ="
		" c.migration AND p.direction = c.direction AND p.statement = c.statement), 0),"
		" c.rows_done + coalesce((SELECT sum(p.rows_done) FROM %s p WHERE p.migration ="
		" c.migration AND p.direction = c.direction AND p.statement = c.statement), 0),"
		" (SELECT count(*) FROM %s p WHERE p.migration = c.migration AND p.direction ="
		" c.direction AND p.statement = c.statement),"
		" (SELECT count(*) FROM %s p WHERE p.migration = c.migration AND p.direction ="
		" c.direction AND p.statement = c.statement AND p.finished = 1), c.hash FROM ",
		buf_cstr(&parts), buf_cstr(&parts), buf_cstr(&parts), buf_cstr(&parts));
	journal_name(&b, d, where, "cursor");
	buf_adds(&b, " c ORDER BY c.migration, c.statement");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	for (size_t i = 0; ok && i < r.nrows; i++) {
		struct batch_seen k = (struct batch_seen){.migration = rows_get(&r, i, 0),
			.direction = rows_get(&r, i, 1),
			.statement = number(rows_get(&r, i, 2)),
			.key_words = rows_get(&r, i, 3),
			.last_key = rows_get(&r, i, 4),
			.updated = rows_get(&r, i, 5),
			.seen = number(rows_get(&r, i, 6)),
			.rows = number(rows_get(&r, i, 7)),
			.parts = number(rows_get(&r, i, 8)),
			.finished = number(rows_get(&r, i, 9))};

		read_progress(&k, out, rows_get(&r, i, 10), a);
		*ARENA_PUSH(a, out->batches, out->nbatches) = k;
	}
	buf_done(&b);
	buf_done(&parts);
	return ok;
}

struct slice control_held(const struct control_sight *s)
{
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < s->nrows; i++)
		if (slice_is(s->rows[i].name, "held"))
			out = s->rows[i].value;
	for (size_t i = 0; i < s->nrows && !out.len; i++)
		if (slice_is(s->rows[i].name, "paused"))
			out = SL("belay batches pause was given");
	return out;
}

bool control_look(struct control_sight *out, struct conn *c, struct slice where, struct arena *a,
	struct err *err)
{
	struct rows r = {0};

	*out = (struct control_sight){0};
	if (!journal_has(c, where, "control", &out->journal, err))
		return false;
	if (!out->journal)
		return true;
	if (!read_rows(c, where, a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, out->rows, out->nrows) = (struct control_row){rows_get(&r, i, 0),
			rows_get(&r, i, 1), rows_get(&r, i, 2), rows_get(&r, i, 3)};
	return look_batches(out, c, where, a, err);
}
