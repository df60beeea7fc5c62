/* split.c - what is left of a walk, cut into parts of about the same number of rows. The server
 * finds where one ends, as it does for batches: by passing over rows in the order of the key. */
#include "run/batch_internal.h"

enum { PER_WORKER = 4, PART_LEAST = 10000, MOST_PARTS = 1000 };

static bool count_rows(struct batcher *x, long long *rows, struct err *err)
{
	unsigned long long n = 0;
	struct rows r = {0};
	bool ok;

	buf_clear(&x->sql);
	buf_printf(&x->sql, "SELECT count(*) FROM %.*s", SLICE(x->what->relation));
	ok = conn_query(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err);
	if (ok)
		slice_u64(rows_get(&r, 0, 0), &n);
	*rows = (long long)n;
	return ok;
}

/* The key that is `rows` behind x->cursor->last; NULL: there are not so many. */
static bool find_cut(struct batcher *x, long long rows, struct slice **out, struct err *err)
{
	struct rows r = {0};

	range_select_key(x);
	buf_adds(&x->sql, " WHERE ");
	range_between(x, x->cursor->upto);
	range_order_by(x, "");
	buf_printf(&x->sql, " LIMIT 1 OFFSET %lld", rows - 1);
	if (!conn_query(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err))
		return false;
	*out = r.nrows ? range_keep(&x->b->reached, &r, nkey(x)) : NULL;
	return true;
}

static bool is_end(const struct batcher *x, const struct slice *at)
{
	for (size_t i = 0; i < nkey(x); i++)
		if (!slice_eq(at[i], x->cursor->upto[i]))
			return false;
	return true;
}

static bool write_parts(
	struct batcher *x, long long rows_each, struct cursor **out, size_t *n, struct err *err)
{
	struct batch_run *b = x->b;
	struct slice *cut = NULL, *from = x->cursor->last;
	bool ok = true, ends = false;

	while (ok && !ends) {
		struct cursor part = {.part = (long long)*n + 1, .last = x->cursor->last};

		ok = find_cut(x, rows_each, &cut, err);
		ends = ok && (!cut || is_end(x, cut));
		part.upto = ends ? x->cursor->upto : cut;
		ok = ok &&
		     cursor_part(&part, b->journal, b->conn, b->step, nkey(x), &x->scratch, err);
		*ARENA_PUSH(&b->reached, *out, *n) = part;
		x->cursor->last = cut;
	}
	x->cursor->last = from;
	return ok;
}

bool batch_split(struct batcher *x, int workers, struct cursor **out, size_t *n, struct err *err)
{
	const struct batch_host *h = x->b->host;
	long long rows = x->key->rows, parts = (long long)workers * PER_WORKER;

	*out = NULL;
	*n = 0;
	if (rows <= 0 && !count_rows(x, &rows, err))
		return false;
	rows -= x->cursor->seen;
	if (rows / parts < PART_LEAST)
		parts = rows / PART_LEAST;
	if (parts < 2)
		return true;
	if (!h->begin(h->ctx, x->b->step, err) ||
		!write_parts(x, rows / parts > rows / MOST_PARTS ? rows / parts : rows / MOST_PARTS,
			out, n, err) ||
		!h->commit(h->ctx, err)) {
		h->roll_back(h->ctx);
		return false;
	}
	return true;
}
