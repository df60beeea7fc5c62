/* narrow.c - does a new column type hold less than the old one? Assignment casts, as ALTER COLUMN
 * TYPE uses them: a number, a length that does not fit is an error; digits behind the point, of a
 * second or of a float are rounded away without a word. */
#include "engine/postgres/effects.h"

#include <stdint.h>

struct shape {
	struct slice base; /* without its arguments and the words behind them */
	long a, b;         /* the arguments; -1 = none */
	bool zone;
};

static struct shape shape_of(struct slice t)
{
	struct shape s = {.base = t, .a = -1, .b = -1};
	size_t open = slice_chr(t, '('), close = slice_chr(t, ')'), comma, space;
	struct slice inside;
	unsigned long long v;

	s.zone = slice_find(t, SL("with time zone")) != SIZE_MAX;
	if (open != SIZE_MAX && close != SIZE_MAX && close > open) {
		inside = slice_sub(t, open + 1, close - open - 1);
		comma = slice_chr(inside, ',');
		if (slice_u64(slice_trim(comma == SIZE_MAX ? inside : slice_sub(inside, 0, comma)),
			    &v))
			s.a = (long)v;
		if (comma != SIZE_MAX && slice_u64(slice_trim(slice_from(inside, comma + 1)), &v))
			s.b = (long)v;
		s.base = slice_trim(slice_sub(t, 0, open));
	}
	space = slice_find(s.base, SL(" with"));
	if (space != SIZE_MAX)
		s.base = slice_sub(s.base, 0, space);
	return s;
}

/* Digits before the point that an integer may have; 0 = not an integer. */
static long digits_of(struct slice base)
{
	return slice_is(base, "smallint")  ? 5
	       : slice_is(base, "integer") ? 10
	       : slice_is(base, "bigint")  ? 19
					   : 0;
}

static bool is_float(struct slice base)
{
	return slice_is(base, "real") || slice_is(base, "double precision");
}

static unsigned numbers(const struct shape *f, const struct shape *t)
{
	long from = digits_of(f->base), to = digits_of(t->base);
	bool numeric = slice_is(f->base, "numeric");

	if (from && to)
		return from > to ? PG_NARROW_FAILS : 0;
	if (to)
		return numeric || is_float(f->base) ? PG_NARROW_FAILS | PG_NARROW_ROUNDS : 0;
	if (is_float(t->base)) {
		if (numeric || (slice_is(f->base, "double precision") && slice_is(t->base, "real")))
			return PG_NARROW_FAILS | PG_NARROW_ROUNDS;
		return from > (slice_is(t->base, "real") ? 5 : 10) ? PG_NARROW_ROUNDS : 0;
	}
	if (!slice_is(t->base, "numeric") || t->a < 0)
		return 0;
	if (from)
		return from > t->a - (t->b < 0 ? 0 : t->b) ? PG_NARROW_FAILS : 0;
	if (is_float(f->base) || (numeric && f->a < 0))
		return PG_NARROW_FAILS | PG_NARROW_ROUNDS;
	if (!numeric)
		return 0;
	return (f->a - (f->b < 0 ? 0 : f->b) > t->a - (t->b < 0 ? 0 : t->b) ? PG_NARROW_FAILS : 0) |
	       ((f->b < 0 ? 0 : f->b) > (t->b < 0 ? 0 : t->b) ? PG_NARROW_ROUNDS : 0);
}

static bool is_text(struct slice base)
{
	return slice_is(base, "text") || slice_is(base, "character varying") ||
	       slice_is(base, "character") || slice_is(base, "bpchar");
}

static unsigned times(const struct shape *f, const struct shape *t)
{
	bool stamp = slice_starts(f->base, "timestamp");

	if (stamp && (slice_is(t->base, "date") || slice_is(t->base, "time")))
		return PG_NARROW_ROUNDS;
	if (!slice_eq(f->base, t->base) ||
		(!stamp && !slice_is(f->base, "time") && !slice_starts(f->base, "interval")))
		return 0;
	return t->a >= 0 && t->a < (f->a < 0 ? 6 : f->a) ? PG_NARROW_ROUNDS : 0;
}

unsigned pg_narrowing(struct slice from, struct slice to, bool written_cast)
{
	/* x::varchar(5) cuts off what the assignment refuses. */
	unsigned cut = written_cast ? PG_NARROW_ROUNDS : PG_NARROW_FAILS;
	struct shape f = shape_of(from), t = shape_of(to);

	if (slice_ends(from, "]") || slice_ends(to, "]"))
		return 0;
	if (is_text(f.base) && is_text(t.base)) {
		long had = slice_is(f.base, "character") && f.a < 0 ? 1 : f.a;
		long has = slice_is(t.base, "character") && t.a < 0 ? 1 : t.a;

		return has >= 0 && (had < 0 || had > has) ? cut : 0;
	}
	if (slice_starts(f.base, "bit") && slice_starts(t.base, "bit")) {
		bool fixed = slice_is(t.base, "bit");

		return (fixed && !slice_eq(from, to)) || (t.a >= 0 && (f.a < 0 || f.a > t.a)) ? cut
											      : 0;
	}
	return numbers(&f, &t) | times(&f, &t);
}
