/* pinned.c - does a WHERE hold an UPDATE or DELETE to some rows, or may it mean most of them? */
#include "lint/internal.h"
#include "sql/token.h"

#include <stdint.h>

/* Comparisons with a value, as far as they are looked at. */
enum comparison { IS_EQUAL, IS_BELOW, IS_ABOVE };

static bool is_literal(struct token t)
{
	return t.kind == TOKEN_STRING || t.kind == TOKEN_NUMBER || t.kind == TOKEN_PARAM;
}

static const struct object *column_of(
	const struct judged *j, const struct object *t, struct slice name)
{
	const struct object *col;

	if (t && catalog_part(j->before, t, OBJECT_COLUMN, name, &col) == PRESENT)
		return col;
	return NULL;
}

/* The column of that name, of the table that changes or of one that is read beside it. */
static const struct object *compared_column(
	const struct judged *j, const struct change *c, struct slice name)
{
	const struct object *t, *col;

	if (catalog_find(j->before, j->session, OBJECT_TABLE, c->target, &t) == PRESENT &&
		(col = column_of(j, t, name)))
		return col;
	for (size_t i = 0; i < c->reads.n; i++) {
		size_t dot = slice_chr(c->reads.at[i], '.');
		struct name n = {SLICE_NONE, c->reads.at[i]};

		if (dot != SIZE_MAX)
			n = (struct name){slice_sub(c->reads.at[i], 0, dot),
				slice_from(c->reads.at[i], dot + 1)};
		if (catalog_find(j->before, j->session, OBJECT_TABLE, n, &t) == PRESENT &&
			(col = column_of(j, t, name)))
			return col;
	}
	return NULL;
}

/* Does a key of its own keep each value of the column to one row? */
static bool is_unique(const struct object *col)
{
	const struct object *t = col->table;

	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *p = t->parts[i];
		struct names keys = p->type == OBJECT_INDEX && p->index.unique ? p->index.keys
				    : p->type == OBJECT_CONSTRAINT &&
						    (slice_is(p->constraint.kind, "primary key") ||
							    slice_is(p->constraint.kind, "unique"))
					    ? p->constraint.columns
					    : (struct names){0};

		if (keys.n == 1 && slice_ieq(key_plain(keys.at[0]), col->name))
			return true;
	}
	return false;
}

static bool is_moment(struct slice type)
{
	return slice_istarts(type, "timestamp") || slice_istarts(type, "date");
}

static bool is_text(struct slice type)
{
	return slice_istarts(type, "text") || slice_istarts(type, "char") ||
	       slice_istarts(type, "varchar");
}

/* A default that was written down, and not the empty one: most rows have had it, as with a state.
 */
static bool has_telling_default(const struct column_def *d)
{
	struct slice text = slice_trim(d->default_value.text);

	return is_text(d->type) && text.len > 2 && slice_istarts(text, "'") &&
	       !slice_istarts(text, "''");
}

/* A type with few values: booleans and enums. */
static bool has_few_values(const struct judged *j, struct slice type)
{
	const struct object *t;
	size_t dot = slice_chr(type, '.');
	struct name n = {SLICE_NONE, type};

	if (slice_istarts(type, "bool") || slice_iis(type, "tinyint(1)") ||
		slice_istarts(type, "enum(") || slice_istarts(type, "set("))
		return true;
	if (j->dialect != DIALECT_POSTGRES)
		return false;
	if (dot != SIZE_MAX)
		n = (struct name){slice_sub(type, 0, dot), slice_from(type, dot + 1)};
	return catalog_find(j->before, j->session, OBJECT_TYPE, n, &t) == PRESENT &&
	       slice_is(t->type_.kind, "enum");
}

static bool is_nothing(struct token value)
{
	return slice_is(value.text, "''");
}

/* May most rows compare so? Only where something says so; otherwise a value means some rows. */
static bool means_most(const struct judged *j, const struct change *c, struct slice name,
	enum comparison how, struct token value)
{
	const struct object *col = name.len ? compared_column(j, c, name) : NULL;

	if (how == IS_ABOVE && (slice_is(value.text, "0") || slice_is(value.text, "1")))
		return true; /* id > 0 */
	if (col && is_unique(col))
		return false;
	if (how == IS_EQUAL && is_nothing(value))
		return true;
	if (!col)
		return false;
	if (how != IS_EQUAL)
		return is_moment(col->column.type);
	return has_few_values(j, col->column.type) || has_telling_default(&col->column);
}

static bool comparison_of(struct token t, enum comparison *how)
{
	if (token_punct(t, "="))
		*how = IS_EQUAL;
	else if (token_punct(t, "<") || token_punct(t, "<="))
		*how = IS_BELOW;
	else if (token_punct(t, ">") || token_punct(t, ">="))
		*how = IS_ABOVE;
	else
		return false;
	return true;
}

static struct slice name_of(const struct judged *j, struct token t)
{
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
		return SLICE_NONE;
	return token_value(j->arena, j->dialect, t);
}

/* A condition without OR on its own level. */
static bool condition_pins(const struct judged *j, const struct change *c, struct slice text)
{
	struct lexer l;
	struct token t, before = {0};

	lexer_init(&l, j->dialect, text);
	for (t = lexer_next(&l); t.kind != TOKEN_END; before = t, t = lexer_next(&l)) {
		struct token next = lexer_peek(&l);
		struct slice name = name_of(j, before);
		enum comparison how = IS_EQUAL;

		if (token_is(t, "limit") || token_is(t, "between"))
			return true;
		/* 1 = 1 says nothing; '…' = column does */
		if (comparison_of(t, &how) && is_literal(before) != is_literal(next) &&
			(is_literal(before) ? how == IS_EQUAL : !means_most(j, c, name, how, next)))
			return true;
		if ((token_is(t, "in") || token_is(t, "any")) && !token_is(before, "not") &&
			token_punct(next, "(")) {
			lexer_next(&l);
			next = lexer_peek(&l);
			if (is_literal(next) && !means_most(j, c, name, IS_EQUAL, next))
				return true;
		}
	}
	return false;
}

/* The next part of the text, up to that word outside of brackets; *rest is what follows. */
static struct slice next_part(
	const struct judged *j, struct slice *rest, const char *word, bool *found)
{
	struct slice text = *rest;
	struct lexer l;
	struct token t;
	int depth = 0;

	lexer_init(&l, j->dialect, text);
	*found = false;
	while ((t = lexer_next(&l)).kind != TOKEN_END) {
		depth += token_punct(t, "(") || token_is(t, "case");
		depth -= token_punct(t, ")") || token_is(t, "end");
		if (depth == 0 && token_is(t, word)) {
			*found = true;
			*rest = slice_from(text, t.off + t.text.len);
			return slice_trim(slice_sub(text, 0, t.off));
		}
	}
	*rest = SLICE_NONE;
	return slice_trim(text);
}

/* ( … ), and nothing behind it. */
static bool is_bracketed(const struct judged *j, struct slice text)
{
	struct lexer l;
	struct token t;
	int depth = 0;

	lexer_init(&l, j->dialect, text);
	while ((t = lexer_next(&l)).kind != TOKEN_END) {
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
		if (depth == 0)
			return token_punct(t, ")") && lexer_peek(&l).kind == TOKEN_END;
	}
	return false;
}

/* Of OR, each side has to; of AND, one side is enough. */
static bool pins(const struct judged *j, const struct change *c, struct slice text, int depth)
{
	struct slice rest = text, side;
	bool more;

	side = next_part(j, &rest, "or", &more);
	if (more) {
		while (pins(j, c, side, depth + 1) && more)
			side = next_part(j, &rest, "or", &more);
		return !more && pins(j, c, side, depth + 1);
	}
	for (rest = text, more = true; more;) {
		side = next_part(j, &rest, "and", &more);
		if (is_bracketed(j, side) && depth < 20
				? pins(j, c, slice_sub(side, 1, side.len - 2), depth + 1)
				: condition_pins(j, c, side))
			return true;
	}
	return false;
}

bool where_pins(const struct judged *j, const struct change *c)
{
	if (slice_ifind(c->value.text, SL("or")) == SIZE_MAX)
		return condition_pins(j, c, c->value.text);
	return pins(j, c, c->value.text, 0);
}

static bool is_known(const struct judged *j, const struct change *c, const struct object **table)
{
	return catalog_find(j->before, j->session, OBJECT_TABLE, c->target, table) == PRESENT;
}

bool where_names_rows(const struct judged *j, const struct change *c)
{
	struct lexer l;
	const struct object *table;
	struct token t, before = {0};
	bool named = false;

	if (!(c->flags & CHANGE_HAS_WHERE) || !is_known(j, c, &table))
		return false;
	lexer_init(&l, j->dialect, c->value.text);
	for (t = lexer_next(&l); t.kind != TOKEN_END; before = t, t = lexer_next(&l)) {
		struct token next = lexer_peek(&l);
		const struct object *col;

		if (token_is(t, "or") || token_is(t, "select"))
			return false;
		if ((token_punct(t, "=") && is_literal(next)) ||
			(token_is(t, "in") && !token_is(before, "not") && token_punct(next, "("))) {
			if (token_is(t, "in"))
				lexer_next(&l);
			col = is_literal(lexer_peek(&l)) ? column_of(j, table, name_of(j, before))
							 : NULL;
			named = named || (col && is_unique(col));
		}
	}
	return named;
}
