/* effects_again.c - what a second run of an INSERT, REPLACE or UPDATE does. */
#include "engine/mysql/effects.h"

#include "engine/guarded.h"

#include <stdint.h>

/* ---- the words of the statement ---- */

struct fx_words fx_words_of(struct effects *x)
{
	struct fx_words *w = &x->scratch->words;
	struct lexer l;
	struct token t;

	if (w->at)
		return *w;
	lexer_init(&l, x->d.dialect, x->st->text);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		*ARENA_PUSH(&x->scratch->arena, w->at, w->n) = t;
	return *w;
}

size_t fx_word_at(const struct fx_words *w, size_t from, const char *word)
{
	int depth = 0;

	for (size_t i = from; i < w->n; i++) {
		if (token_punct(w->at[i], "("))
			depth++;
		else if (token_punct(w->at[i], ")"))
			depth--;
		else if (depth == 0 && token_is(w->at[i], word))
			return i;
	}
	return w->n;
}

bool fx_has_word(const struct fx_words *w, size_t from, size_t to, const char *word)
{
	for (size_t i = from; i < to && i < w->n; i++)
		if (token_is(w->at[i], word))
			return true;
	return false;
}

static bool is_call(const struct fx_words *w, size_t i)
{
	return w->at[i].kind == TOKEN_WORD && i + 1 < w->n && token_punct(w->at[i + 1], "(");
}

/* A clock, a die, a counter: another value each time. */
static bool is_fickle(struct token t)
{
	static const char *const names[] = {"NOW", "CURRENT_TIMESTAMP", "LOCALTIME",
		"LOCALTIMESTAMP", "SYSDATE", "UNIX_TIMESTAMP", "UTC_TIMESTAMP", "CURTIME",
		"CURRENT_TIME", "UUID", "UUID_SHORT", "SYS_GUID", "RAND", "RANDOM_BYTES", "NEXTVAL",
		"LAST_INSERT_ID", "CONNECTION_ID"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (token_is(t, names[i]))
			return true;
	return false;
}

/* ---- a second UPDATE ---- */

struct update {
	struct effects *x;
	const struct change *ch;
	struct fx_words w;
	size_t set, where; /* SET and WHERE */
	struct slice self; /* how the target is called before its columns; empty: not said */
};

static bool is_name(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
}

/* A column that is given a value. */
static bool is_given(const struct update *u, size_t i)
{
	const struct fx_words *w = &u->w;

	return i > u->set && i + 1 < u->where && token_punct(w->at[i + 1], "=") &&
	       (i == u->set + 1 || token_punct(w->at[i - 1], ",") ||
		       token_punct(w->at[i - 1], "."));
}

/* Is this word one of the columns that the statement writes? */
static bool is_written(const struct update *u, size_t i)
{
	struct token t = u->w.at[i];
	enum dialect d = u->x->d.dialect;

	if (!is_name(t) || is_given(u, i) ||
		!my_names_have(u->ch->list, token_value(u->x->a, d, t)))
		return false;
	if (i >= 2 && token_punct(u->w.at[i - 1], ".") && u->self.len)
		return slice_ieq(token_value(u->x->a, d, u->w.at[i - 2]), u->self);
	return true;
}

static struct slice own_name(const struct update *u)
{
	if (u->set + 3 < u->where && token_punct(u->w.at[u->set + 2], "."))
		return token_value(u->x->a, u->x->d.dialect, u->w.at[u->set + 1]);
	return u->ch->reads.n ? SLICE_NONE : u->ch->target.name;
}

/* Does another table's row, or the choice of rows, follow from what is written? */
static bool follows_itself(const struct update *u)
{
	for (size_t i = 0; i < u->w.n; i++) {
		bool asked = i + 1 < u->w.n && token_is(u->w.at[i + 1], "IS");

		if (i > u->set && i < u->where)
			continue;
		if (is_written(u, i) && !asked)
			return true;
	}
	return false;
}

static bool is_settling(const struct update *u, size_t i)
{
	static const char *const calls[] = {"UPPER", "LOWER", "TRIM", "COALESCE", "IFNULL"};
	const struct token *t = &u->w.at[i];

	for (size_t k = 0; k < sizeof calls / sizeof *calls; k++)
		if (is_call(&u->w, i) && token_is(*t, calls[k]))
			return true;
	/* REPLACE(column, 'a', 'b'): nothing of the old text is in the new one. */
	if (!is_call(&u->w, i) || !token_is(*t, "REPLACE") || i + 7 >= u->where ||
		t[4].kind != TOKEN_STRING || t[6].kind != TOKEN_STRING || t[4].text.len < 3 ||
		t[6].text.len < 3)
		return false;
	for (size_t k = 1; k + 1 < t[4].text.len; k++)
		if (slice_chr(t[6].text, t[4].text.at[k]) < t[6].text.len)
			return false;
	return true;
}

/* A row trigger that writes somewhere does so again, for every row that is met again. */
static bool has_writing_trigger(const struct object *t, const char *event)
{
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct object *o = t->parts[i];

		if (o->type == OBJECT_TRIGGER && names_has(o->trigger.events, slice_of(event)) &&
			slice_ifind(o->trigger.body.text, SL("insert ")) != SIZE_MAX)
			return true;
	}
	return false;
}

static enum rerun values_again(const struct update *u)
{
	bool self = false, grows = false, settles = false;

	for (size_t i = u->set + 1; i < u->where; i++) {
		struct token t = u->w.at[i];
		bool calls = is_call(&u->w, i);

		if (is_fickle(t) && (calls || token_is(t, "CURRENT_TIMESTAMP")))
			return RERUN_DIFFERS;
		settles |= is_settling(u, i);
		grows |= token_punct(t, "+") || token_punct(t, "-") || token_punct(t, "*") ||
			 token_punct(t, "/") || (calls && token_is(t, "CONCAT"));
		self |= !calls && is_written(u, i);
	}
	if (self)
		return settles && !grows ? RERUN_SAME : grows ? RERUN_DIFFERS : RERUN_UNKNOWN;
	return RERUN_SAME;
}

enum rerun fx_update_again(struct effects *x, const struct change *ch, const struct object *t)
{
	struct update u = {.x = x, .ch = ch, .w = fx_words_of(x)};
	enum rerun again;

	u.set = fx_word_at(&u.w, 0, "SET");
	u.where = fx_word_at(&u.w, u.set, "WHERE");
	u.self = own_name(&u);
	if (t && t->type == OBJECT_TABLE && fx_flag(ch, CHANGE_HAS_WHERE) && !ch->reads.n &&
		fx_is_never(x, ch->value.text))
		return RERUN_SAME;
	if (x->st->nchanges > 1 || fx_flag(ch, CHANGE_HAS_LIMIT) || u.set == u.w.n)
		return RERUN_UNKNOWN;
	if (ch->reads.n && (my_names_have(ch->reads, ch->target.name) || follows_itself(&u)))
		return RERUN_UNKNOWN;
	again = values_again(&u);
	return again == RERUN_SAME && has_writing_trigger(t, "update") ? RERUN_DIFFERS : again;
}

/* ---- a second INSERT ---- */

enum said { SAID_VALUE, SAID_NOTHING, SAID_FICKLE, SAID_UNKNOWN };

static enum said what_is_said(struct token t)
{
	if (token_is(t, "NULL") || token_is(t, "DEFAULT"))
		return SAID_NOTHING;
	if (is_fickle(t))
		return SAID_FICKLE;
	return t.kind == TOKEN_NUMBER || t.kind == TOKEN_STRING || token_punct(t, "-")
		       ? SAID_VALUE
		       : SAID_UNKNOWN;
}

/* INSERT … SET column = value */
static enum said value_set(struct effects *x, const struct fx_words *w, struct slice column)
{
	for (size_t i = fx_word_at(w, 0, "SET"); i + 2 < w->n; i++)
		if ((w->at[i].kind == TOKEN_WORD || w->at[i].kind == TOKEN_QUOTED) &&
			token_punct(w->at[i + 1], "=") &&
			slice_ieq(token_value(x->a, x->d.dialect, w->at[i]), column))
			return what_is_said(w->at[i + 2]);
	return SAID_NOTHING;
}

/* The value for the nth column in the first row of VALUES. */
static enum said value_said(const struct fx_words *w, size_t nth)
{
	size_t i = fx_word_at(w, 0, "VALUES"), comma = 0;
	int depth = 0;

	if (i == w->n)
		i = fx_word_at(w, 0, "VALUE");
	for (i++; i < w->n; i++) {
		struct token t = w->at[i];

		if (token_punct(t, "(") && depth++ == 0)
			continue;
		if (token_punct(t, ")") && --depth == 0)
			return SAID_UNKNOWN;
		if (depth == 1 && token_punct(t, ",")) {
			comma++;
			continue;
		}
		if (comma != nth)
			continue;
		return what_is_said(t);
	}
	return SAID_UNKNOWN;
}

static size_t column_place(const struct change *ch, const struct object *t, struct slice column)
{
	size_t place = 0;

	if (ch->list.n) {
		for (size_t i = 0; i < ch->list.n; i++)
			if (slice_ieq(ch->list.at[i], column))
				return i;
		return SIZE_MAX;
	}
	for (size_t i = 0; i < t->nparts; i++) {
		if (t->parts[i]->type != OBJECT_COLUMN)
			continue;
		if (slice_ieq(t->parts[i]->name, column))
			return place;
		place++;
	}
	return SIZE_MAX;
}

/* … and in the first rows that SELECT brings: the same ones, if nothing else is made for each. */
static enum said value_selected(const struct fx_words *w, size_t nth)
{
	size_t i = fx_word_at(w, 0, "SELECT") + 1, item = 0;
	int depth = 0;

	for (; i < w->n && item <= nth; i++) {
		struct token t = w->at[i];

		if (depth == 0 && (token_is(t, "FROM") || token_is(t, "UNION")))
			break;
		if (item == nth && is_fickle(t))
			return SAID_FICKLE;
		item += depth == 0 && token_punct(t, ",");
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
	}
	return SAID_VALUE;
}

/* Is a unique key given a value that a second run will meet again? */
static enum said key_said(struct effects *x, const struct fx_words *w, const struct change *ch,
	const struct object *t, struct names key)
{
	bool set = !fx_flag(ch, CHANGE_FROM_SELECT) && fx_word_at(w, 0, "VALUES") == w->n &&
		   fx_word_at(w, 0, "VALUE") == w->n;
	enum said all = SAID_VALUE;

	for (size_t k = 0; k < key.n; k++) {
		size_t place = column_place(ch, t, key.at[k]);
		enum said one = SAID_VALUE;

		if (set)
			one = value_set(x, w, key.at[k]);
		else if (place == SIZE_MAX)
			one = SAID_NOTHING;
		else if (!fx_flag(ch, CHANGE_FROM_SELECT))
			one = value_said(w, place);
		else
			one = value_selected(w, place);
		if (one == SAID_NOTHING || one == SAID_FICKLE)
			return one;
		if (one == SAID_UNKNOWN)
			all = one;
	}
	return key.n ? all : SAID_NOTHING;
}

static enum said keys_said(struct effects *x, const struct change *ch, const struct object *t)
{
	struct fx_words w = fx_words_of(x);
	enum said best = SAID_NOTHING;

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		enum said one;

		if (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"))
			one = key_said(x, &w, ch, t, o->constraint.columns);
		else if (o->type == OBJECT_INDEX && o->index.unique)
			one = key_said(x, &w, ch, t, o->index.columns);
		else
			continue;
		if (one == SAID_VALUE)
			return one;
		if (one == SAID_UNKNOWN)
			best = one;
	}
	return best;
}

static bool reads_itself(struct effects *x, const struct change *ch)
{
	return my_names_have(ch->reads, fx_show(x, ch->target)) ||
	       my_names_have(ch->reads, ch->target.name);
}

/* NOT EXISTS (SELECT … FROM target …), NOT IN (SELECT … FROM target): where it begins. */
static size_t guard_at(struct effects *x, const struct fx_words *w, const struct change *ch)
{
	for (size_t i = 0; i + 3 < w->n; i++) {
		bool opens = token_is(w->at[i], "NOT") &&
			     (token_is(w->at[i + 1], "EXISTS") || token_is(w->at[i + 1], "IN")) &&
			     token_punct(w->at[i + 2], "(") && token_is(w->at[i + 3], "SELECT");

		for (size_t k = i + 4; opens && k + 1 < w->n; k++)
			if (token_is(w->at[k], "FROM"))
				return slice_ieq(token_value(x->a, x->d.dialect, w->at[k + 1]),
					       ch->target.name)
					       ? i
					       : 0;
	}
	return 0;
}

/* LEFT JOIN target … WHERE … IS NULL */
static bool is_anti_join(struct effects *x, const struct fx_words *w, const struct change *ch)
{
	for (size_t i = 0; i + 2 < w->n; i++) {
		size_t k = i + 1 + token_is(w->at[i + 1], "OUTER");

		if (token_is(w->at[i], "LEFT") && token_is(w->at[k], "JOIN") && k + 1 < w->n &&
			slice_ieq(token_value(x->a, x->d.dialect, w->at[k + 1]), ch->target.name) &&
			fx_has_word(w, fx_word_at(w, k, "WHERE"), w->n, "NULL"))
			return true;
	}
	return false;
}

size_t fx_guard(struct effects *x, const struct fx_words *w, const struct change *ch)
{
	size_t at = fx_flag(ch, CHANGE_FROM_SELECT) ? guard_at(x, w, ch) : 0;

	return at && guards_what_it_adds(w->at, w->n, at) ? at + 2 : 0;
}

/* A counter gives each new row another number. */
static bool counts(const struct change *ch, const struct object *t)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN &&
			!slice_empty(t->parts[i]->column.identity) && ch->list.n &&
			!my_names_have(ch->list, t->parts[i]->name))
			return true;
	return false;
}

/* One SELECT that brings, the second time, all that it brought the first, and no fewer for what has
 * been added: no sub-query, outer join, sum or limit. */
static bool brings_all_again(const struct fx_words *w)
{
	static const char *const others[] = {"LIMIT", "GROUP", "DISTINCT", "UNION", "EXCEPT",
		"INTERSECT", "LEFT", "RIGHT", "HAVING", "OVER", "MAX", "MIN", "COUNT", "SUM",
		"AVG"};
	size_t selects = 0;

	for (size_t i = 0; i < w->n; i++) {
		selects += token_is(w->at[i], "SELECT");
		for (size_t k = 0; k < sizeof others / sizeof *others; k++)
			if (token_is(w->at[i], others[k]))
				return false;
	}
	return selects == 1;
}

enum rerun fx_insert_again(struct effects *x, const struct change *ch, const struct object *t)
{
	bool gentle = fx_flag(ch, CHANGE_ON_CONFLICT) || ch->kind == CHANGE_REPLACE;
	struct fx_words w = fx_words_of(x);
	size_t update;

	if (fx_flag(ch, CHANGE_FROM_SELECT) && reads_itself(x, ch) &&
		(fx_guard(x, &w, ch) || is_anti_join(x, &w, ch)))
		return RERUN_SAME;
	if (!t || t->tainted || t->type != OBJECT_TABLE ||
		(reads_itself(x, ch) && (gentle || !brings_all_again(&w))))
		return RERUN_UNKNOWN;
	if (gentle && counts(ch, t)) /* the number is taken, whatever becomes of the row */
		return RERUN_DIFFERS;
	switch (keys_said(x, ch, t)) {
	case SAID_NOTHING:
	case SAID_FICKLE:
		return RERUN_DIFFERS;
	case SAID_UNKNOWN:
		return RERUN_UNKNOWN;
	case SAID_VALUE:
		break;
	}
	if (!gentle)
		return RERUN_FAILS;
	for (size_t i = 0; i < w.n; i++)
		if (is_fickle(w.at[i]) && is_call(&w, i))
			return ch->kind == CHANGE_REPLACE ? RERUN_DIFFERS : RERUN_UNKNOWN;
	update = fx_word_at(&w, fx_word_at(&w, 0, "DUPLICATE"), "UPDATE");
	for (size_t i = update; i < w.n; i++)
		if (token_punct(w.at[i], "+") || token_punct(w.at[i], "-") ||
			token_punct(w.at[i], "*"))
			return RERUN_DIFFERS;
	return RERUN_SAME;
}
