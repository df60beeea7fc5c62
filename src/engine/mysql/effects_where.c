/* effects_where.c - how a table is read under a condition.
 *
 * The condition is taken apart at its ANDs. A unique key that is given a value finds one row; the
 * first column of an index that is compared makes an index likely; a column that leads no index
 * cannot help. Everything between is for the server's optimiser to decide. */
#include "engine/mysql/effects.h"

#include <stdint.h>

enum term_kind { TERM_OTHER, TERM_EQUAL, TERM_RANGE, TERM_FALSE };

/* column = 5, t.column IN (…), and what else stands between two ANDs. */
struct term {
	enum term_kind kind;
	struct slice column;
};

struct terms {
	struct term *at;
	size_t n;
	bool other_word; /* OR, XOR, a sub-select: the terms alone do not decide */
};

static bool is_name(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
}

static bool is_literal(struct token t)
{
	return t.kind == TOKEN_NUMBER || t.kind == TOKEN_STRING;
}

/* FALSE, 0, 1 = 0 */
static bool is_false(const struct token *t, size_t n)
{
	if (n == 1)
		return token_is(t[0], "FALSE") ||
		       (t[0].kind == TOKEN_NUMBER && slice_is(t[0].text, "0"));
	return n == 3 && t[0].kind == TOKEN_NUMBER && t[2].kind == TOKEN_NUMBER &&
	       token_punct(t[1], "=") && !slice_eq(t[0].text, t[2].text);
}

static bool is_range(const struct token *t, size_t n)
{
	static const char *const signs[] = {"<", ">", "<=", ">="};

	for (size_t i = 0; n == 3 && i < sizeof signs / sizeof *signs; i++)
		if (token_punct(t[1], signs[i]))
			return is_literal(t[2]);
	if (token_is(t[1], "LIKE"))
		return n == 3 && t[2].kind == TOKEN_STRING && t[2].text.len > 2 &&
		       t[2].text.at[1] != '%' && t[2].text.at[1] != '_';
	if (token_is(t[1], "IS"))
		return !token_is(t[2], "NOT");
	return token_is(t[1], "IN") || token_is(t[1], "BETWEEN");
}

static struct term read_term(struct effects *x, const struct token *t, size_t n)
{
	struct term out = {.kind = TERM_OTHER};

	if (is_false(t, n)) {
		out.kind = TERM_FALSE;
		return out;
	}
	while (n > 2 && is_name(t[0]) && token_punct(t[1], "."))
		t += 2, n -= 2;
	if (n < 3 || !is_name(t[0]))
		return out;
	out.column = token_value(x->a, x->d.dialect, t[0]);
	if (n == 3 && token_punct(t[1], "=") && is_literal(t[2]))
		out.kind = TERM_EQUAL;
	else if (is_range(t, n))
		out.kind = TERM_RANGE;
	return out;
}

static bool ends_where(struct token t)
{
	static const char *const words[] = {
		"ORDER", "LIMIT", "GROUP", "HAVING", "RETURNING", "ON", "FOR", "LOCK", "INTO"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(t, words[i]))
			return true;
	return t.kind == TOKEN_END || t.kind == TOKEN_BAD;
}

static struct terms read_terms(struct effects *x, struct slice where)
{
	struct terms out = {0};
	struct token *t = NULL, now;
	size_t n = 0;
	int depth = 0;
	bool between = false;
	struct lexer l;

	lexer_init(&l, x->d.dialect, where);
	for (;;) {
		bool and;

		now = lexer_next(&l);
		depth += token_punct(now, "(");
		depth -= token_punct(now, ")");
		out.other_word |= token_is(now, "SELECT") || token_is(now, "XOR") ||
				  (depth == 0 && (token_is(now, "OR") || token_punct(now, "||")));
		and = depth == 0 && (token_is(now, "AND") || token_punct(now, "&&")) && !between;
		if (and || depth < 0 || (depth == 0 && ends_where(now))) {
			*ARENA_PUSH(x->a, out.at, out.n) = read_term(x, t, n);
			n = 0;
			if (!and)
				return out;
			continue;
		}
		if (token_is(now, "AND") && depth == 0)
			between = false;
		between |= token_is(now, "BETWEEN") && depth == 0;
		*ARENA_PUSH(x->a, t, n) = now;
	}
}

static struct names key_of(const struct object *o, bool unique)
{
	if (o->type == OBJECT_INDEX && (!unique || o->index.unique))
		return o->index.columns;
	if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
		return o->constraint.columns;
	return (struct names){0};
}

bool fx_leads_index(const struct object *t, struct slice column)
{
	for (size_t i = 0; i < t->nparts; i++) {
		struct names key = key_of(t->parts[i], false);

		if (key.n && slice_ieq(key.at[0], column))
			return true;
	}
	return false;
}

static bool says(const struct terms *w, struct slice column, enum term_kind kind)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->at[i].kind == kind && slice_ieq(w->at[i].column, column))
			return true;
	return false;
}

/* All columns of a unique key are given a value: one row is looked up. */
static bool finds_one(const struct object *t, const struct terms *w)
{
	for (size_t i = 0; i < t->nparts; i++) {
		struct names key = key_of(t->parts[i], true);
		size_t k = 0;

		while (k < key.n && says(w, key.at[k], TERM_EQUAL))
			k++;
		if (k && k == key.n)
			return true;
	}
	return false;
}

static bool is_never(const struct terms *w)
{
	for (size_t i = 0; i < w->n && !w->other_word; i++)
		if (w->at[i].kind == TERM_FALSE)
			return true;
	return false;
}

bool fx_is_never(struct effects *x, struct slice where)
{
	struct terms w = read_terms(x, where);

	return is_never(&w);
}

/* MariaDB 11.8 takes the expression of a computed column for that column, and its index. */
static bool computes_key(struct effects *x, const struct object *t, struct slice where)
{
	for (size_t i = 0; is_mariadb(&x->d) && x->d.version >= 110800 && i < t->nparts; i++) {
		const struct object *c = t->parts[i];
		bool all = c->type == OBJECT_COLUMN && c->column.generated.len &&
			   fx_leads_index(t, c->name);

		for (size_t k = 0; all && k < t->nparts; k++)
			all = t->parts[k]->type != OBJECT_COLUMN ||
			      !my_mentions(x->a, x->d.dialect, c->column.generation.text,
				      t->parts[k]->name) ||
			      my_mentions(x->a, x->d.dialect, where, t->parts[k]->name);
		if (all)
			return true;
	}
	return false;
}

enum fx_scan fx_scan_under(struct effects *x, const struct object *t, struct slice where)
{
	struct terms w;

	if (!t || t->type != OBJECT_TABLE || t->tainted)
		return SCAN_MAYBE;
	w = read_terms(x, where);
	if (is_never(&w))
		return SCAN_NO;
	if (!w.other_word && finds_one(t, &w))
		return SCAN_NO;
	for (size_t i = 0; i < w.n && !w.other_word; i++)
		if ((w.at[i].kind == TERM_EQUAL || w.at[i].kind == TERM_RANGE) &&
			fx_leads_index(t, w.at[i].column))
			return SCAN_LIKELY_NOT;
	return computes_key(x, t, where) ? SCAN_MAYBE : fx_scan_beside(x, t, where);
}

enum fx_scan fx_scan_beside(struct effects *x, const struct object *t, struct slice text)
{
	if (!t || t->type != OBJECT_TABLE || t->tainted)
		return SCAN_MAYBE;
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && fx_leads_index(t, t->parts[i]->name) &&
			my_mentions(x->a, x->d.dialect, text, t->parts[i]->name))
			return SCAN_MAYBE;
	return SCAN_YES;
}

/* Does an index beside the primary key hold every column that the statement mentions? */
bool fx_is_covered(struct effects *x, const struct object *t, const struct fx_words *w)
{
	const struct object *primary = NULL;

	for (size_t i = 0; i < w->n; i++) /* every column, but for COUNT(*) and a * 2 */
		if (token_punct(w->at[i], ".*"))
			return false;
		else if (token_punct(w->at[i], "*") && i &&
			 (token_is(w->at[i - 1], "SELECT") || token_punct(w->at[i - 1], ".") ||
				 token_punct(w->at[i - 1], ",")))
			return false;
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key"))
			primary = t->parts[i];
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		bool all = o->type == OBJECT_INDEX && slice_is(o->index.method, "btree");

		for (size_t k = 0; all && k < t->nparts; k++)
			all = t->parts[k]->type != OBJECT_COLUMN ||
			      my_names_have(o->index.columns, t->parts[k]->name) ||
			      (primary && my_names_have(primary->constraint.columns,
						  t->parts[k]->name)) ||
			      !my_mentions(x->a, x->d.dialect, x->st->text, t->parts[k]->name);
		if (all)
			return true;
	}
	return false;
}

bool fx_joins(const struct fx_words *w)
{
	size_t selects = 0;
	bool outer = false;

	for (size_t i = 0; i < w->n; i++) {
		selects += token_is(w->at[i], "SELECT");
		outer |= token_is(w->at[i], "UNION");
	}
	return !outer &&
	       selects <= (w->n && (token_is(w->at[0], "INSERT") || token_is(w->at[0], "REPLACE") ||
					   token_is(w->at[0], "CREATE")));
}
