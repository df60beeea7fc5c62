/* bulk.c - the rows of an INSERT that need not be read. */
#include "sql/bulk.h"

#include "sql/token.h"

#include <string.h>

/* Where the rows behind VALUES stand. */
struct rows {
	enum { ROWS_BEFORE, ROWS_INSIDE, ROWS_BEHIND } where;
	bool inserts;
	int depth;
	size_t n, kept;  /* rows, and those that are read */
	size_t cut, end; /* left out are the bytes from … to */
	size_t tokens_left_out, tokens;
	size_t most_bytes, most_tokens;
};

static void row_ends(struct rows *r, size_t at)
{
	r->n++;
	r->end = at;
	if (r->cut)
		return;
	r->kept = r->n;
	if (at >= r->most_bytes || r->tokens >= r->most_tokens / 2) {
		r->cut = at;
		r->tokens_left_out = r->tokens;
	}
}

static void look_at(struct rows *r, struct token t)
{
	bool opens = token_punct(t, "("), closes = token_punct(t, ")");

	r->tokens++;
	if (r->tokens == 1)
		r->inserts = token_is(t, "INSERT") || token_is(t, "REPLACE");
	r->depth += opens;
	r->depth -= closes;
	if (r->depth != 0 || !r->inserts)
		return;
	if (r->where == ROWS_BEFORE && (token_is(t, "VALUES") || token_is(t, "VALUE")))
		r->where = ROWS_INSIDE;
	else if (r->where == ROWS_INSIDE && closes)
		row_ends(r, t.off + 1);
	else if (r->where == ROWS_INSIDE && !token_punct(t, ",") && !token_is(t, "ROW"))
		r->where = ROWS_BEHIND;
	/* What was counted between the cut and here is not read. */
	if (r->where != ROWS_BEHIND && r->cut && r->end == t.off + 1)
		r->tokens = r->tokens_left_out;
}

static void blank_out(struct arena *a, struct statement *st, const struct rows *r)
{
	char *copy;

	if (slice_empty(slice_trim(slice_from(st->text, r->end)))) {
		st->text = slice_sub(st->text, 0, r->cut);
		return;
	}
	copy = arena_cstr(a, st->text);
	memset(copy + r->cut, ' ', r->end - r->cut);
	st->text = slice_n(copy, st->text.len);
}

struct bulk bulk_trim_at(
	struct arena *a, enum dialect d, struct statement *st, size_t bytes, size_t tokens)
{
	struct bulk out = {0};
	struct rows r = {.most_bytes = bytes, .most_tokens = tokens};
	struct lexer l;
	struct token t;

	if (st->text.len <= bytes)
		return out;
	lexer_init(&l, d, st->text);
	while ((t = lexer_next(&l)).kind != TOKEN_END)
		look_at(&r, t);
	out.rows = r.n;
	out.rows_read = r.kept;
	out.unreadable = r.tokens > tokens;
	if (out.unreadable)
		out.says = arena_printf(a,
			"it has more than %zu words and signs, and no more are read of one "
			"statement",
			tokens);
	else if (r.n > r.kept)
		out.says = arena_printf(a,
			"it has %zu rows, and only the first %zu are read: %zu MB or %zu words and "
			"signs of one statement",
			r.n, r.kept, bytes >> 20, tokens / 2);
	if (!out.unreadable && r.n > r.kept)
		blank_out(a, st, &r);
	return out;
}

struct bulk bulk_trim(struct arena *a, enum dialect d, struct statement *st)
{
	return bulk_trim_at(a, d, st, BULK_BYTES, BULK_TOKENS);
}
