/* effects_type.c - types, character sets and collations that the server does not have. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* ---- numbers in brackets ---- */

static bool second_number(struct slice type, unsigned long long *out)
{
	size_t comma = slice_chr(type, ','), close = slice_chr(type, ')');

	return comma < type.len && close > comma &&
	       slice_u64(slice_sub(type, comma + 1, close - comma - 1), out);
}

struct most {
	const char *base;
	unsigned long long digits, scale;
};

/* clang-format off */
static const struct most mosts[] = {
	{"decimal", 65, 38}, {"float", 255, 30}, {"double", 255, 30}, {"bit", 64, 0}, {"char", 255, 0},
	{"binary", 255, 0}, {"datetime", 6, 0}, {"timestamp", 6, 0}, {"time", 6, 0},
};
/* clang-format on */

static void numbers_fit(struct effects *x, const struct object *column)
{
	struct slice type = column->column.type, base = my_type_base(type);
	unsigned long long n = 0, scale = 0;

	if (!my_type_number(type, &n))
		return;
	if (second_number(type, &scale) && scale > n && !slice_is(base, "enum") &&
		!slice_is(base, "set"))
		fx_fails(x, OUTCOME_FAILS, "%.*s has more decimals than digits", SLICE(type));
	for (size_t i = 0; i < sizeof mosts / sizeof *mosts; i++) {
		const struct most *m = &mosts[i];
		bool mysql = !is_mariadb(&x->d) && m->scale;

		if (slice_is(base, m->base) && (n > m->digits || scale > (mysql ? 30 : m->scale)))
			fx_fails(x, OUTCOME_FAILS, "%.*s is more than %s can be", SLICE(type),
				m->base);
	}
	if (slice_is(base, "bit") && n == 0 && !is_mariadb(&x->d))
		fx_fails(x, OUTCOME_FAILS, "%.*s has no bits", SLICE(type));
}

/* A row holds 65,535 bytes, so many has the longest VARCHAR. */
static void length_fits(struct effects *x, const struct change *ch)
{
	struct object column = my_with_charset(x->t, ch->def);
	struct slice base = my_type_base(column.column.type);
	unsigned long long n = 0;
	bool text = slice_is(base, "varchar"), said = !slice_empty(column.column.charset);
	unsigned bytes = !text ? 1 : (unsigned)my_charset_bytes(column.column.charset);

	if ((!text && !slice_is(base, "varbinary")) || !my_type_number(column.column.type, &n) ||
		n * bytes <= 65535)
		return;
	if (said || !text || n > 65535) {
		fx_fails(x, OUTCOME_FAILS, "%.*s is too long for a column",
			SLICE(column.column.type));
		return;
	}
	fx_fails(x, OUTCOME_MAY_FAIL, "%.*s is too long for a column of four bytes a character",
		SLICE(column.column.type));
	effect_need(x->a, x->out,
		arena_printf(x->a, "character set of %.*s.%.*s", SLICE(fx_show(x, ch->target)),
			SLICE(ch->name)));
}

/* ---- ENUM and SET ---- */

static bool tells_case(struct slice collation)
{
	return slice_ends(collation, "_bin") || slice_ends(collation, "_cs") ||
	       slice_is(collation, "binary");
}

/* Labels that are the same to the collation: of their letters only ASCII's are compared. */
static void labels_fit(struct effects *x, const struct object *def)
{
	struct object column = my_with_charset(x->t, def);
	struct slice base = my_type_base(def->column.type);
	bool set = slice_is(base, "set");
	struct lexer l;
	struct token t;
	struct names seen = {0};

	if (!slice_is(base, "enum") && !set)
		return;
	lexer_init(&l, x->d.dialect, def->column.type);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		struct slice label;

		if (t.kind != TOKEN_STRING)
			continue;
		label = token_value(x->a, x->d.dialect, t);
		if (set && slice_chr(label, ',') != SIZE_MAX)
			fx_fails(x, OUTCOME_FAILS, "a comma stands in a label of the SET %.*s",
				SLICE(def->name));
		if (tells_case(column.column.collation) ? names_has(seen, label)
							: my_names_have(seen, label))
			fx_fails(x, OUTCOME_FAILS, "'%.*s' is there twice in %.*s", SLICE(label),
				SLICE(def->name));
		names_add(x->a, &seen, label);
	}
	if (set && seen.n > 64)
		fx_fails(x, OUTCOME_FAILS, "a SET has at most 64 labels");
}

/* ---- character sets and collations ---- */

/* Families of collations that only one of the servers has. */
static bool collation_known(const struct effects *x, struct slice collation)
{
	bool maria = is_mariadb(&x->d);

	if (slice_find(collation, SL("0900")) != SIZE_MAX)
		return maria ? x->d.version >= 110405 : x->d.version >= 80000;
	if (slice_find(collation, SL("uca1400")) != SIZE_MAX)
		return maria && x->d.version >= 101000;
	if (slice_find(collation, SL("_nopad_")) != SIZE_MAX)
		return maria;
	return slice_is(collation, "binary") ||
	       my_charset_canonical(my_collation_charset(x->a, collation));
}

static bool is_unicode(struct slice charset)
{
	return slice_istarts(charset, "utf") || slice_iis(charset, "ucs2");
}

void fx_charset_fits(struct effects *x, struct slice charset, struct slice collation)
{
	if (charset.len && !slice_iis(charset, "default") && !my_charset_canonical(charset))
		fx_fails(x, OUTCOME_FAILS, "there is no character set %.*s", SLICE(charset));
	if (slice_empty(collation) || slice_iis(collation, "default"))
		return;
	if (!collation_known(x, my_collation_canonical(x->a, collation))) {
		fx_fails(x, OUTCOME_FAILS, "there is no collation %.*s here", SLICE(collation));
		return;
	}
	if (slice_istarts(collation, "uca1400")
			? charset.len && !is_unicode(charset)
			: charset.len && !slice_ieq(my_collation_charset(x->a, collation), charset))
		fx_fails(x, OUTCOME_FAILS, "%.*s is no collation of %.*s", SLICE(collation),
			SLICE(charset));
}

void fx_type_fits(struct effects *x, const struct change *ch)
{
	const struct column_def *d = &ch->def->column;

	numbers_fit(x, ch->def);
	length_fits(x, ch);
	labels_fit(x, ch->def);
	if (my_type_has_charset(d->type)) {
		struct object c = my_with_charset(x->t, ch->def);

		if (slice_empty(c.column.charset))
			c.column.charset = my_charset_server(&x->d);
		fx_charset_fits(x,
			slice_istarts(d->collation, "uca1400") ? c.column.charset : d->charset,
			d->collation);
	}
}
