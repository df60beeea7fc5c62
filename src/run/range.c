/* range.c - ranges of a key as SQL. */
#include "run/batch_internal.h"

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

void range_between(struct batcher *x, const struct slice *upto)
{
	if (x->cursor->last) {
		compare(x, ">", x->cursor->last);
		buf_adds(&x->sql, " AND ");
	}
	compare(x, "<=", upto);
}

void range_select_key(struct batcher *x)
{
	buf_clear(&x->sql);
	buf_adds(&x->sql, "SELECT ");
	/* Names of their own: ORDER BY would take a column's name for its text here. */
	for (size_t i = 0; i < nkey(x); i++)
		buf_printf(&x->sql, "%s%.*s AS belay_key_%zu", i ? ", " : "",
			SLICE(x->key->read[i]), i);
	buf_printf(&x->sql, " FROM %.*s", SLICE(x->what->relation));
}

void range_order_by(struct batcher *x, const char *direction)
{
	buf_adds(&x->sql, " ORDER BY ");
	for (size_t i = 0; i < nkey(x); i++)
		buf_printf(&x->sql, "%s%.*s%s", i ? ", " : "", SLICE(x->key->sql[i]), direction);
}

/* Kept for long: by malloc's rules, for the arena would grow with each batch. */
struct slice *range_keep(struct arena *a, const struct rows *r, size_t n)
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

struct slice *range_place(struct arena *a, long long page)
{
	struct slice *v = ARENA_NEW(a, struct slice);

	*v = arena_printf(a, "(%lld,0)", page);
	return v;
}

/* The rows of a few pages are sorted, not those of the whole rest. */
static struct slice *ceiling(struct batcher *x, long long rows)
{
	long long per_page = x->key->pages > 0 && x->key->rows > x->key->pages
				     ? x->key->rows / x->key->pages
				     : 20,
		  page = page_of(x->cursor->last) + rows / per_page + 1;

	if (x->cursor->turns)
		return x->cursor->turn_upto;
	if (!x->key->places || page >= page_of(x->cursor->upto))
		return x->cursor->upto;
	return range_place(&x->scratch, page);
}

bool range_is_end(const struct batcher *x, const struct slice *upto)
{
	for (size_t i = 0; i < nkey(x); i++)
		if (!slice_eq(x->bound[i], upto[i]))
			return false;
	return true;
}

bool range_find(struct batcher *x, long long rows, struct err *err)
{
	struct slice *top = ceiling(x, rows);
	struct rows r = {0};

	range_select_key(x);
	buf_adds(&x->sql, " WHERE ");
	range_between(x, top);
	range_order_by(x, "");
	buf_printf(&x->sql, " LIMIT 1 OFFSET %lld", rows - 1);
	if (!conn_query(x->b->conn, buf_slice(&x->sql), &x->scratch, &r, err))
		return false;
	x->bound = r.nrows ? range_keep(&x->scratch, &r, nkey(x)) : top;
	return true;
}

static bool has_subquery(struct slice where)
{
	for (size_t i = 0; i < where.len; i++)
		if (slice_istarts(slice_from(where, i), "select"))
			return true;
	return false;
}

static void add_turns(struct batcher *x)
{
	const struct cursor *c = x->cursor;

	buf_printf(&x->sql, "(%.*s) & %lld %s %lld", SLICE(x->key->turn),
		(c->turns ? c->turns : BATCH_TURNS) - 1, x->one_turn ? "=" : ">=", c->turn);
}

/* What the author asks may be dear, or do something: each row is asked once, in its own turn. A
 * subquery is left to the planner, who makes a join of it. */
void range_where(struct batcher *x)
{
	struct slice where = x->what->where;
	bool turns = x->one_turn || x->cursor->turns;

	if (turns && where.len && !has_subquery(where)) {
		buf_adds(&x->sql, "CASE WHEN ");
		add_turns(x);
		buf_printf(&x->sql, " THEN (%.*s\n) ELSE false END AND ", SLICE(where));
		return;
	}
	if (where.len)
		buf_printf(&x->sql, "(%.*s\n) AND ", SLICE(where));
	if (turns) {
		add_turns(x);
		buf_adds(&x->sql, " AND ");
	}
}
