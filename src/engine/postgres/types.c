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

static char category(int version, struct slice type)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (slice_is(type, types[i].name) && version / 10000 >= types[i].since &&
			version / 10000 <= types[i].until)
			return types[i].category;
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
