/* types.c - types and casts as the servers' catalogs hold them. */
#include "engine/postgres/effects.h"

#include <stdint.h>

static const struct {
	const char *from, *to;
	char context, method;
	int since, until;
} casts[] = {
#include "engine/postgres/casts.inc"
};

static const struct {
	const char *name;
	char category;
	int since, until;
} types[] = {
#include "engine/postgres/types.inc"
};

/* The .inc tables are sorted as their lines are: a quotation mark stands behind each name. */
int pg_row_cmp(const char *row, struct slice name)
{
	for (size_t i = 0;; i++) {
		unsigned char a = row[i] ? (unsigned char)row[i] : '"';
		unsigned char b = i < name.len ? (unsigned char)name.at[i] : '"';

		if (a != b)
			return a < b ? -1 : 1;
		if (!row[i] || i >= name.len)
			return 0;
	}
}

static char category(int version, struct slice type)
{
	/* As nearly all columns are; every version has them. */
	static const struct {
		struct slice name;
		char category;
	} frequent[] = {{{"text", 4}, 'S'}, {{"bigint", 6}, 'N'}, {{"integer", 7}, 'N'},
		{{"boolean", 7}, 'B'}, {{"character varying", 17}, 'S'},
		{{"timestamp with time zone", 24}, 'D'}};
	size_t low = 0, high = sizeof types / sizeof *types;

	for (size_t i = 0; i < sizeof frequent / sizeof *frequent; i++)
		if (slice_eq(type, frequent[i].name))
			return frequent[i].category;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (pg_row_cmp(types[mid].name, type) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < sizeof types / sizeof *types && slice_is(type, types[low].name); low++)
		if (version / 10000 >= types[low].since && version / 10000 <= types[low].until)
			return types[low].category;
	return 0;
}

static char cast_method(int version, struct slice from, struct slice to, bool assignment)
{
	for (size_t i = 0; i < sizeof casts / sizeof *casts; i++)
		if (slice_is(from, casts[i].from) && slice_is(to, casts[i].to) &&
			version / 10000 >= casts[i].since && version / 10000 <= casts[i].until &&
			(!assignment || casts[i].context != 'e'))
			return casts[i].method;
	return 0;
}

/* Without what is in parentheses: "timestamp(3) with time zone" is "timestamp with time zone". */
struct slice pg_type_plain(struct arena *a, struct slice type)
{
	size_t open = slice_chr(type, '('), close = slice_chr(type, ')');

	if (slice_starts(type, "interval"))
		return SL("interval");
	if (open == SIZE_MAX || close == SIZE_MAX || close < open)
		return slice_is(type, "bpchar") ? SL("character") : type;
	return arena_join(a,
		(const struct slice[]){slice_sub(type, 0, open), slice_from(type, close + 1)}, 2);
}

char pg_type_category(struct looking *l, struct slice plain)
{
	return slice_ends(plain, "]") ? 'A' : category(l->version, plain);
}

char pg_cast_context(struct looking *l, struct slice from, struct slice to)
{
	for (size_t i = 0; i < sizeof casts / sizeof *casts; i++)
		if (slice_is(from, casts[i].from) && slice_is(to, casts[i].to) &&
			l->version / 10000 >= casts[i].since &&
			l->version / 10000 <= casts[i].until)
			return casts[i].context;
	if (slice_ends(from, "[]") && slice_ends(to, "[]"))
		return pg_cast_context(
			l, slice_sub(from, 0, from.len - 2), slice_sub(to, 0, to.len - 2));
	return 0;
}

static bool one_of(const char *const *list, struct slice type)
{
	for (; *list; list++)
		if (slice_is(type, *list))
			return true;
	return false;
}

/* pg_cast's functions, and the input and output functions where text is on one side: what looks at
 * the session's settings (time zone, DateStyle, lc_monetary) or the catalog is stable. */
char pg_cast_volatility(struct looking *l, struct slice from, struct slice to)
{
	static const char *const stable[][2] = {{"money", "numeric"}, {"numeric", "money"},
		{"integer", "money"}, {"bigint", "money"}, {"date", "timestamp with time zone"},
		{"time without time zone", "time with time zone"},
		{"timestamp without time zone", "timestamp with time zone"},
		{"timestamp with time zone", "date"},
		{"timestamp with time zone", "time without time zone"},
		{"timestamp with time zone", "timestamp without time zone"},
		{"timestamp with time zone", "time with time zone"}};
	static const char *const read[] = {"money", "date", "time without time zone",
		"timestamp without time zone", "timestamp with time zone", "interval",
		"time with time zone", "xml", "regclass", "regtype", "regproc", NULL};
	static const char *const written[] = {"money", "date", "timestamp without time zone",
		"timestamp with time zone", "interval", "regclass", "regtype", "regproc", NULL};

	for (size_t i = 0; i < sizeof stable / sizeof *stable; i++)
		if (slice_is(from, stable[i][0]) && slice_is(to, stable[i][1]))
			return 's';
	if (slice_ends(from, "]") || slice_ends(to, "]"))
		return 0;
	if (pg_cast_context(l, from, to))
		return one_of(read, to) && category(l->version, from) == 'S' ? 's' : 'i';
	if (!category(l->version, from) || !category(l->version, to)) /* enums are looked up */
		return 's';
	return one_of(read, to) || one_of(written, from) ? 's' : 'i';
}

bool pg_type_same_bytes(struct looking *l, struct slice from, struct slice to)
{
	return cast_method(l->version, pg_type_plain(l->arena, from), pg_type_plain(l->arena, to),
		       false) == 'b';
}

bool pg_type_is_text(struct looking *l, struct slice type)
{
	return category(l->version, pg_type_plain(l->arena, type)) == 'S';
}

enum presence pg_type_known(struct looking *l, struct slice type)
{
	const struct object *o;
	size_t array = slice_chr(type, '[');
	struct slice plain =
		pg_type_plain(l->arena, array == SIZE_MAX ? type : slice_sub(type, 0, array));
	enum presence p;

	if (category(l->version, plain) || slice_find(plain, SL("serial")) != SIZE_MAX ||
		slice_starts(plain, "\"") || slice_find(plain, SL("%")) != SIZE_MAX)
		return PRESENT;
	/* Said without a schema it might be built in, but it is not. */
	p = catalog_find(l->catalog, l->session, OBJECT_TYPE,
		catalog_resolve(l->catalog, l->session, OBJECT_TYPE, pg_split_name(plain)), &o);
	/* The row type of a table; what an extension brings is not known. */
	if (p == ABSENT && catalog_find(l->catalog, l->session, OBJECT_NONE, pg_split_name(plain),
				   &o) != ABSENT)
		return PRESENT;
	if (p == ABSENT && pg_has_extensions(l))
		return UNKNOWN;
	return p;
}

static bool is_enum(struct looking *l, struct slice type)
{
	const struct object *o;

	return catalog_find(l->catalog, l->session, OBJECT_TYPE, pg_split_name(type), &o) ==
		       PRESENT &&
	       slice_is(o->type_.kind, "enum");
}

static struct slice element(struct slice type)
{
	return slice_sub(type, 0, slice_chr(type, '['));
}

enum presence pg_assignable(struct looking *l, struct slice from, struct slice to)
{
	const struct object *d = pg_domain(l, to);
	struct slice f = pg_type_plain(l->arena, from), t = pg_type_plain(l->arena, to);
	bool from_array = slice_ends(from, "]"), to_array = slice_ends(to, "]");

	if (slice_eq(f, t))
		return PRESENT;
	if (d)
		return pg_assignable(l, from, d->type_.base);
	d = pg_domain(l, from);
	if (d)
		return pg_assignable(l, d->type_.base, to);
	if (to_array)
		return from_array ? pg_assignable(l, element(from), element(to)) : ABSENT;
	if (category(l->version, t) == 'S') /* anything can be written as text */
		return PRESENT;
	if (from_array)
		return ABSENT;
	if (cast_method(l->version, f, t, true))
		return PRESENT;
	if ((category(l->version, f) || is_enum(l, from)) &&
		(category(l->version, t) || is_enum(l, to)))
		return ABSENT;
	return UNKNOWN;
}
