/* typenames.c - type names as format_type() spells them.
 *
 * The grammar has already turned SQL's own spellings into pg_catalog names (int → int4); what
 * people write as internal names (int4, bpchar) means the same types, so both are mapped. */
#include "engine/postgres/read_impl.h"

/* format_type_extended() in the server's format_type.c */
struct type_row {
	const char *internal, *shown;
	enum { PLAIN, LENGTH, PRECISION, NUMERIC, INTERVAL } mods;
	const char *after; /* behind the modifier */
};

/* clang-format off */
static const struct type_row rows[] = {
	{"bit",         "bit",               LENGTH,    NULL},
	{"bool",        "boolean",           PLAIN,     NULL},
	{"bpchar",      "character",         LENGTH,    NULL},
	{"decimal",     "numeric",           NUMERIC,   NULL},
	{"float4",      "real",              PLAIN,     NULL},
	{"float8",      "double precision",  PLAIN,     NULL},
	{"int2",        "smallint",          PLAIN,     NULL},
	{"int4",        "integer",           PLAIN,     NULL},
	{"int8",        "bigint",            PLAIN,     NULL},
	{"interval",    "interval",          INTERVAL,  NULL},
	{"json",        "json",              PLAIN,     NULL}, /* a word that the newest servers quote */
	{"numeric",     "numeric",           NUMERIC,   NULL},
	{"serial2",     "smallserial",       PLAIN,     NULL},
	{"serial4",     "serial",            PLAIN,     NULL},
	{"serial8",     "bigserial",         PLAIN,     NULL},
	{"time",        "time",              PRECISION, " without time zone"},
	{"timestamp",   "timestamp",         PRECISION, " without time zone"},
	{"timestamptz", "timestamp",         PRECISION, " with time zone"},
	{"timetz",      "time",              PRECISION, " with time zone"},
	{"varbit",      "bit varying",       LENGTH,    NULL},
	{"varchar",     "character varying", LENGTH,    NULL},
};
/* clang-format on */

static const struct type_row *row_of(struct slice name)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		if (slice_is(name, rows[i].internal))
			return &rows[i];
	return NULL;
}

bool rd_is_own_spelling(struct slice name)
{
	static const char *const words[] = {"int", "integer", "smallint", "bigint", "real", "float",
		"double", "decimal", "dec", "boolean", "char", "character", "nchar", "national",
		"varying", "cursor", "alias", "constant"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(name, words[i]))
			return true;
	return row_of(name) != NULL;
}

/* INTERVAL_MASK() bits of the server's timestamp.h */
static const char *interval_fields(long long mask)
{
	enum {
		MONTH = 1 << 1,
		YEAR = 1 << 2,
		DAY = 1 << 3,
		HOUR = 1 << 10,
		MINUTE = 1 << 11,
		SECOND = 1 << 12
	};
	static const struct {
		long long mask;
		const char *words;
	} names[] = {
		{YEAR, " year"},
		{MONTH, " month"},
		{DAY, " day"},
		{HOUR, " hour"},
		{MINUTE, " minute"},
		{SECOND, " second"},
		{YEAR | MONTH, " year to month"},
		{DAY | HOUR, " day to hour"},
		{DAY | HOUR | MINUTE, " day to minute"},
		{DAY | HOUR | MINUTE | SECOND, " day to second"},
		{HOUR | MINUTE, " hour to minute"},
		{HOUR | MINUTE | SECOND, " hour to second"},
		{MINUTE | SECOND, " minute to second"},
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].mask == mask)
			return names[i].words;
	return "";
}

/* An integer modifier; false when it is something else (a word of a user type's). The text is
 * asked, because the tree has no negative numbers: numeric(3, -2). */
static bool modifier(struct rd *rd, node list, size_t i, long long *out)
{
	node n = tree_nth(list, i);
	unsigned long long u;
	struct slice s;
	bool minus;

	if (!n || !tree_key_is(rd_body(n), "A_Const"))
		return false;
	s = rd_value(rd, n);
	minus = slice_starts(s, "-");
	if (!slice_u64(slice_from(s, minus), &u) || u > 1 << 30)
		return false;
	*out = minus ? -(long long)u : (long long)u;
	return true;
}

static void known(struct rd *rd, struct buf *b, const struct type_row *row, node mods)
{
	long long m = 0, scale = 0;
	bool given = modifier(rd, mods, 0, &m);

	buf_adds(b, row->shown);
	switch (row->mods) {
	case PLAIN:
		break;
	case LENGTH:
		if (given)
			buf_printf(b, "(%lld)", m);
		break;
	case PRECISION: /* the server reduces what is over 6 */
		if (given)
			buf_printf(b, "(%lld)", m > 6 ? 6 : m);
		break;
	case NUMERIC:
		if (given && !modifier(rd, mods, 1, &scale))
			scale = 0;
		if (given)
			buf_printf(b, "(%lld,%lld)", m, scale);
		break;
	case INTERVAL:
		if (given)
			buf_adds(b, interval_fields(m));
		if (modifier(rd, mods, 1, &scale))
			buf_printf(b, "(%lld)", scale > 6 ? 6 : scale);
		break;
	}
	if (row->after)
		buf_adds(b, row->after);
}

/* A user type's modifiers: geometry(Point,4326). */
static void other_mods(struct rd *rd, struct buf *b, node mods)
{
	node c;

	if (!tree_first(mods))
		return;
	buf_addc(b, '(');
	for (c = tree_first(mods); c; c = tree_next(mods, c)) {
		node n = rd_body(c), fields = tree_get(n, "fields");
		size_t at = rd_loc(n);

		if (c != tree_first(mods))
			buf_addc(b, ',');
		if (fields && at != NOWHERE) /* as written: Point, not point */
			buf_add(b, rd_between(rd, rd_tok(rd, at), rd_name_end(rd, at)));
		else
			buf_add(b, rd_value(rd, c));
	}
	buf_addc(b, ')');
}

static void type_text(struct rd *rd, struct buf *b, node n)
{
	struct name name = rd_qname(rd, tree_get(n, "names"));
	node mods = tree_get(n, "typmods"), c;
	const struct type_row *row = NULL;

	if (tree_true(tree_get(n, "setof")))
		buf_adds(b, "SETOF ");
	if (slice_is(name.schema, "pg_catalog"))
		name.schema = SLICE_NONE;
	if (!name.schema.len)
		row = row_of(name.name);
	/* Without a length these two are other types than SQL's char and bit. */
	if (row && !tree_first(mods) && slice_is(name.name, "bpchar"))
		row = NULL;
	if (row) {
		known(rd, b, row, mods);
	} else if (tree_true(tree_get(n, "pct_type"))) {
		for (c = tree_first(tree_get(n, "names")); c;
			c = tree_next(tree_get(n, "names"), c)) {
			quote_ident_pretty(b, DIALECT_POSTGRES, rd_string(rd, c));
			buf_adds(b, tree_next(tree_get(n, "names"), c) ? "." : "%TYPE");
		}
	} else if (!name.schema.len && slice_is(name.name, "char")) {
		buf_adds(b, "\"char\"");
	} else {
		quote_name_pretty(b, DIALECT_POSTGRES, name.schema, name.name);
		other_mods(rd, b, mods);
	}
	if (tree_first(tree_get(n, "arrayBounds")))
		buf_adds(b, "[]");
}

struct slice rd_type(struct rd *rd, node n)
{
	struct buf b = {0};
	struct slice s;

	if (!n)
		return SLICE_NONE;
	if (tree_key_is(rd_body(n), "TypeName"))
		n = rd_body(n);
	type_text(rd, &b, n);
	s = arena_slice(rd->a, buf_slice(&b));
	buf_done(&b);
	return s;
}
