/* undo_type.c - from which types PostgreSQL's columns find back to which, and how.
 *
 * Values go by themselves where there is a cast for assignments; to everything else from text, and
 * between a few, by a cast that is written down. Sources: the manual's CREATE CAST and pg_cast. */
#include "rewrite/internal.h"

enum family {
	OTHER, /* enums, domains, composites, geometry … */
	TEXT_,
	NUMBER,
	BOOLEAN,
	MOMENT, /* date and both timestamps */
	JSON,
	BITS,
	ADDRESS,
};

static enum family family_of(struct slice type)
{
	static const struct {
		const char *name;
		enum family family;
	} rows[] = {{"text", TEXT_}, {"varchar", TEXT_}, {"character varying", TEXT_},
		{"char", TEXT_}, {"character", TEXT_}, {"bpchar", TEXT_}, {"name", TEXT_},
		{"smallint", NUMBER}, {"integer", NUMBER}, {"bigint", NUMBER}, {"int", NUMBER},
		{"int2", NUMBER}, {"int4", NUMBER}, {"int8", NUMBER}, {"numeric", NUMBER},
		{"decimal", NUMBER}, {"real", NUMBER}, {"double precision", NUMBER},
		{"float4", NUMBER}, {"float8", NUMBER}, {"boolean", BOOLEAN}, {"bool", BOOLEAN},
		{"date", MOMENT}, {"timestamp", MOMENT}, {"timestamp without time zone", MOMENT},
		{"timestamptz", MOMENT}, {"timestamp with time zone", MOMENT}, {"json", JSON},
		{"jsonb", JSON}, {"bit", BITS}, {"bit varying", BITS}, {"varbit", BITS},
		{"inet", ADDRESS}, {"cidr", ADDRESS}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (slice_iis(type, rows[i].name))
			return rows[i].family;
	return OTHER;
}

/* "timestamp(3) with time zone" without "(3)". */
static void bare(char *out, size_t size, struct slice type)
{
	size_t n = 0;
	bool inside = false;

	for (size_t i = 0; i < type.len && n + 1 < size; i++) {
		inside = inside || type.at[i] == '(';
		if (!inside)
			out[n++] = type.at[i];
		inside = inside && type.at[i] != ')';
	}
	out[n] = 0;
}

static bool is_array(struct slice type)
{
	return slice_ends(type, "[]");
}

static bool whole_number(struct slice type)
{
	return slice_iis(type, "integer") || slice_iis(type, "int") || slice_iis(type, "int4");
}

enum way_back type_goes_back(struct slice from, struct slice to)
{
	char a[128], b[128];
	enum family f, t;

	bare(a, sizeof a, from);
	bare(b, sizeof b, to);
	from = slice_of(a);
	to = slice_of(b);
	if (slice_ieq(from, to))
		return BACK_BY_ITSELF;
	f = family_of(from);
	t = family_of(to);
	if (t == TEXT_) /* everything has a text, and assigns it */
		return BACK_BY_ITSELF;
	if (f == TEXT_)
		return BACK_BY_CAST;
	if (is_array(from) && is_array(to))
		return type_goes_back(slice_n(from.at, from.len - 2), slice_n(to.at, to.len - 2));
	if (f == t && f != OTHER)
		return BACK_BY_ITSELF;
	if ((f == BOOLEAN && whole_number(to)) || (t == BOOLEAN && whole_number(from)) ||
		(f == JSON && slice_iis(from, "jsonb") && (t == NUMBER || t == BOOLEAN)))
		return BACK_BY_CAST;
	return BACK_NEVER;
}
