/* effects_rows.c - INSERT, REPLACE and UPDATE that the definition of the table refuses, whatever
 * its rows: a value is missing, is one too many, or is no value for that column. What rows alone
 * decide (a key that is there already, a partner that is not, a check) is not looked at. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"
#include "engine/unknown_column.h"

#include <stdint.h>

/* ---- values and columns ---- */

struct values {
	const struct object **columns; /* those that the statement gives values, in its order */
	size_t n;
};

static bool is_invisible(const struct object *c)
{
	return names_has(c->column.options, SL("invisible"));
}

/* A column whose value the server makes: ROW START and ROW END as well. */
static bool is_made(const struct object *c)
{
	return !slice_empty(c->column.generated);
}

static const struct object *column_of(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

static void say_columns(
	struct effects *x, const struct change *ch, const struct object *t, struct values *v)
{
	for (size_t i = 0; i < ch->list.n; i++)
		*ARENA_PUSH(x->a, v->columns, v->n) = column_of(t, ch->list.at[i]);
	for (size_t i = 0; ch->list.n == 0 && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && !is_invisible(t->parts[i]))
			*ARENA_PUSH(x->a, v->columns, v->n) = t->parts[i];
}

/* ---- does a value fit ---- */

/* A whole number, as it is written; `negative`: behind a minus. */
static bool is_out_of_range(const struct object *c, struct slice text, bool negative)
{
	static const struct {
		const char *base;
		unsigned long long most; /* signed */
	} sizes[] = {{"tinyint", 0x7f}, {"smallint", 0x7fff}, {"mediumint", 0x7fffff},
		{"int", 0x7fffffff}, {"bigint", 0x7fffffffffffffff}};
	struct slice base = my_type_base(c->column.type);
	bool no_sign = slice_ends(c->column.type, "unsigned") ||
		       slice_find(c->column.type, SL(" unsigned")) != SIZE_MAX;
	unsigned long long n, p = 0, s = 0;
	size_t point = slice_chr(text, '.');

	if (slice_is(base, "decimal") && my_type_number(c->column.type, &p)) {
		size_t comma = slice_chr(c->column.type, ',');

		if (comma < c->column.type.len)
			slice_u64(slice_sub(c->column.type, comma + 1,
					  slice_chr(c->column.type, ')') - comma - 1),
				&s);
		text = slice_sub(text, 0, point < text.len ? point : text.len);
		return slice_u64(text, &n) && n > 0 && text.len > p - s && text.at[0] != '0';
	}
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (slice_is(base, sizes[i].base) && slice_u64(text, &n))
			return no_sign ? (negative && n) || n > 2 * sizes[i].most + 1
				       : n > sizes[i].most + negative;
	return false;
}

/* Of a date only what no calendar has: the thirteenth month, the 31st of June, a word. */
static bool is_no_date(struct effects *x, struct slice text)
{
	static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned long long part[3] = {0};
	struct slice mode = x->s ? x->s->sql_mode : SLICE_NONE;
	size_t at = 0;

	if (text.len == 0 || slice_find(mode, SL("ALLOW_INVALID_DATES")) != SIZE_MAX)
		return false;
	if (text.at[0] > '9')
		return true;
	for (int i = 0; i < 3; i++) {
		size_t from = at;

		while (at < text.len && text.at[at] >= '0' && text.at[at] <= '9')
			at++;
		if (at == from || !slice_u64(slice_sub(text, from, at - from), &part[i]) ||
			(i < 2 && (at >= text.len || text.at[at++] != '-')))
			return false;
	}
	if (part[1] > 12)
		return true;
	return part[1] && (part[2] > days[part[1] - 1] ||
				  (part[1] == 2 && part[2] == 29 &&
					  (part[0] % 4 || (part[0] % 100 == 0 && part[0] % 400))));
}

/* Literals only. Characters count as bytes here, so text with others than ASCII is let pass. */
static bool misfits(struct effects *x, const struct object *c, struct token t)
{
	struct slice base = my_type_base(c->column.type), text;
	unsigned long long limit = 0;

	if (t.kind == TOKEN_NUMBER)
		return is_out_of_range(c, t.text, false);
	if (t.kind != TOKEN_STRING)
		return false;
	text = token_value(x->a, x->d.dialect, t);
	if (slice_is(base, "date") || slice_is(base, "datetime") || slice_is(base, "timestamp"))
		return is_no_date(x, text);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.at[i] >= 0x80)
			return false;
	if (slice_is(base, "char") || slice_is(base, "varchar"))
		while (text.len && text.at[text.len - 1] == ' ')
			text.len--; /* blanks at the end are cut without a word */
	if ((slice_is(base, "char") || slice_is(base, "varchar") || slice_is(base, "binary") ||
		    slice_is(base, "varbinary")) &&
		my_type_number(c->column.type, &limit))
		return text.len > limit;
	if (is_out_of_range(c, text, false))
		return true;
	if (slice_ends(base, "int") && text.len)
		return (text.at[0] < '0' || text.at[0] > '9') && !strchr("-+ .", text.at[0]);
	if (slice_is(base, "enum") && text.len) {
		struct slice label = arena_printf(x->a, "'%.*s'", SLICE(text));
		unsigned long long n;

		return !slice_u64(text, &n) && slice_find(my_lower(x->a, c->column.type),
						       my_lower(x->a, label)) == SIZE_MAX;
	}
	return false;
}

static bool takes_null(const struct object *c)
{
	return !c->column.not_null || !slice_empty(c->column.identity) || is_made(c) ||
	       slice_is(my_type_base(c->column.type), "timestamp");
}

/* A BEFORE trigger that names the column may give it a value. */
static bool is_filled(
	struct effects *x, const struct object *t, const char *event, const struct object *c)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct trigger_def *d = &t->parts[i]->trigger;

		if (t->parts[i]->type == OBJECT_TRIGGER && slice_is(d->timing, "before") &&
			names_has(d->events, slice_of(event)) &&
			my_mentions(x->a, x->d.dialect, d->body.text, c->name))
			return true;
	}
	return false;
}

static void is_computed(struct effects *x, const struct object *c)
{
	if (!is_mariadb(&x->d) || fx_is_strict(x))
		fx_fails(x, OUTCOME_FAILS, "%.*s is computed and takes no value", SLICE(c->name));
}

/* What a BEFORE trigger sees has become of the column's type already; only a NULL waits for it. */
static void value_fits(struct effects *x, const struct object *t, const char *event,
	const struct object *c, const struct token *v, size_t n)
{
	bool null = n == 1 && token_is(v[0], "NULL");

	if (!c)
		return;
	if (is_made(c) && !null && !(n == 1 && token_is(v[0], "DEFAULT")))
		is_computed(x, c);
	if (null && !takes_null(c) && !is_filled(x, t, event, c))
		fx_fails(x, OUTCOME_FAILS, "%.*s cannot be NULL", SLICE(c->name));
	if (n == 2 && fx_is_strict(x) && token_punct(v[0], "-") && v[1].kind == TOKEN_NUMBER &&
		is_out_of_range(c, v[1].text, true))
		fx_fails(x, OUTCOME_FAILS, "-%.*s is no value for %.*s", SLICE(v[1].text),
			SLICE(c->name));
	if (n == 1 && fx_is_strict(x) && misfits(x, c, v[0]))
		fx_fails(x, OUTCOME_FAILS, "%.*s is no value for %.*s", SLICE(v[0].text),
			SLICE(c->name));
}

/* SET column = value, …: behind UPDATE, and behind INSERT. */
static void set_fits(
	struct effects *x, const struct object *t, const char *event, struct values *given)
{
	struct fx_words w = fx_words_of(x);
	size_t from = fx_word_at(&w, 0, "SET") + 1;
	int depth = 0;

	for (size_t i = from; i <= w.n; i++) {
		bool ends = i == w.n || (depth == 0 && (token_is(w.at[i], "WHERE") ||
							       token_is(w.at[i], "ORDER") ||
							       token_is(w.at[i], "LIMIT") ||
							       token_is(w.at[i], "RETURNING") ||
							       token_is(w.at[i], "ON")));

		if (ends || (depth == 0 && token_punct(w.at[i], ","))) {
			size_t name = from;

			while (name + 1 < i && token_punct(w.at[name + 1], "."))
				name += 2;
			if (name + 2 < i && token_punct(w.at[name + 1], "=")) {
				struct slice c = token_value(x->a, x->d.dialect, w.at[name]);

				*ARENA_PUSH(x->a, given->columns, given->n) = column_of(t, c);
				value_fits(x, t, event, given->columns[given->n - 1],
					&w.at[name + 2], i - name - 2);
			}
			from = i + 1;
		}
		if (ends)
			return;
		depth += token_punct(w.at[i], "(");
		depth -= token_punct(w.at[i], ")");
	}
}

/* ---- INSERT ---- */

/* An ENUM has its first value; not where MariaDB's triggers come first. */
static bool wants_value(struct effects *x, const struct object *t, const struct object *c)
{
	const struct column_def *d = &c->column;

	return c->type == OBJECT_COLUMN && d->not_null && !d->default_value.text.len &&
	       slice_empty(d->identity) && !is_made(c) &&
	       (!slice_starts(d->type, "enum") ||
		       (is_mariadb(&x->d) && object_fills_rows(t, "insert"))) &&
	       !is_filled(x, t, "insert", c);
}

static void nothing_is_missing(struct effects *x, const struct object *t, const struct values *v)
{
	for (size_t i = 0; i < t->nparts; i++) {
		bool given = false;

		for (size_t k = 0; !given && k < v->n; k++)
			given = v->columns[k] == t->parts[i];
		if (!given && wants_value(x, t, t->parts[i]))
			fx_fails(x, OUTCOME_FAILS, "%.*s has no default and is given no value",
				SLICE(t->parts[i]->name));
	}
}

/* Through a view only its columns get a value. */
void fx_insert_through(struct effects *x, const struct object *view, const struct object *t)
{
	struct slice query = view->view.query.text;

	if (!fx_is_strict(x) || t->type != OBJECT_TABLE || t->tainted || view->tainted ||
		slice_chr(query, '*') < query.len)
		return;
	for (size_t i = 0; i < t->nparts; i++)
		if (wants_value(x, t, t->parts[i]) &&
			!my_mentions(x->a, x->d.dialect, query, t->parts[i]->name))
			fx_fails(x, OUTCOME_FAILS,
				"%.*s has no default, and the view %.*s does not have it",
				SLICE(t->parts[i]->name), SLICE(view->name));
}

static void select_fits(struct effects *x, const struct values *v, const struct change *ch)
{
	size_t given = 0;

	if (selected_values(x->a, x->c, x->s, x->st->text, &given) && v->n && given != v->n)
		fx_fails(x, OUTCOME_FAILS, "%zu values for %zu columns", given, v->n);
	for (size_t i = 0; i < v->n && (ch->list.n || given == v->n); i++)
		if (v->columns[i] && is_made(v->columns[i]))
			is_computed(x, v->columns[i]);
}

/* The row whose bracket opens at `i`; the place behind it, and how many values it has. */
static size_t row_fits(struct effects *x, const struct object *t, const struct fx_words *w,
	size_t i, const struct values *v, size_t *n)
{
	size_t from = i + 1;
	int depth = 0;

	*n = 0;
	for (i++; i < w->n; i++) {
		bool ends = depth == 0 && token_punct(w->at[i], ")");

		if (depth == 0 && (ends || token_punct(w->at[i], ","))) {
			if (i > from && *n < v->n)
				value_fits(x, t, "insert", v->columns[*n], &w->at[from], i - from);
			*n += i > from;
			from = i + 1;
		}
		if (ends)
			return i + 1;
		depth += token_punct(w->at[i], "(");
		depth -= token_punct(w->at[i], ")");
	}
	*n = 0;
	return w->n;
}

/* Every row behind VALUES, the first that does not fit being enough. */
static void rows_fit(struct effects *x, const struct object *t, size_t at, const struct values *v)
{
	struct fx_words w = fx_words_of(x);
	size_t i = at + 1, n;

	while (i < w.n && token_punct(w.at[i], "(") && x->out->outcome != OUTCOME_FAILS) {
		i = row_fits(x, t, &w, i, v, &n);
		if (n && n != v->n)
			fx_fails(x, OUTCOME_FAILS, "%zu values for %zu columns", n, v->n);
		if (i >= w.n || !token_punct(w.at[i++], ","))
			return;
	}
}

void fx_insert_fits(struct effects *x, const struct change *ch, const struct object *t)
{
	struct fx_words w = fx_words_of(x);
	struct values v = {0};
	size_t values = fx_word_at(&w, 0, "VALUES"), value = fx_word_at(&w, 0, "VALUE");
	bool set = !fx_flag(ch, CHANGE_FROM_SELECT) &&
		   (value < values ? value : values) >= fx_word_at(&w, 0, "SET");

	if (!t || t->type != OBJECT_TABLE || t->tainted || (w.n > 1 && token_is(w.at[1], "IGNORE")))
		return;
	if (set) /* VALUES() stands behind ON DUPLICATE KEY UPDATE at most */
		set_fits(x, t, "insert", &v);
	else
		say_columns(x, ch, t, &v);
	if (fx_is_strict(x) && v.n)
		nothing_is_missing(x, t, &v);
	if (set)
		return;
	if (fx_flag(ch, CHANGE_FROM_SELECT))
		select_fits(x, &v, ch);
	else
		rows_fit(x, t, value < values ? value : values, &v);
}

/* ---- UPDATE ---- */

void fx_update_fits(struct effects *x, const struct change *ch, const struct object *t)
{
	struct fx_words w = fx_words_of(x);
	struct values v = {0};

	if (t && t->type == OBJECT_TABLE && !t->tainted && !ch->reads.n && x->st->nchanges <= 1 &&
		!(w.n > 1 && token_is(w.at[1], "IGNORE")))
		set_fits(x, t, "update", &v);
}

/* ---- views ---- */

/* Words that make a view one to be read only. */
static bool is_read_only(struct effects *x, struct slice query)
{
	static const char *const words[] = {"GROUP", "DISTINCT", "UNION", "HAVING", "LIMIT",
		"COUNT", "SUM", "MAX", "MIN", "AVG"};

	struct lexer l;
	struct token t;

	lexer_init(&l, x->d.dialect, query);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD)
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (token_is(t, words[i]))
				return true;
	return false;
}

const struct object *fx_behind_view(
	struct effects *x, const struct change *ch, const struct object *view)
{
	struct names reads = view->view.reads;
	enum presence how;
	const struct object *t;

	if (view->tainted || reads.n == 0)
		return NULL;
	if (is_read_only(x, view->view.query.text))
		fx_fails(x, OUTCOME_FAILS, "the view %.*s cannot be written to",
			SLICE(fx_show(x, ch->target)));
	if (reads.n > 1 && ch->kind == CHANGE_DELETE)
		fx_fails(x, OUTCOME_FAILS,
			"the view %.*s joins tables, no row of it can be deleted",
			SLICE(fx_show(x, ch->target)));
	if (reads.n > 1 || slice_chr(reads.at[0], '.') != SIZE_MAX)
		return NULL;
	t = fx_find(x, OBJECT_NONE, (struct name){SLICE_NONE, reads.at[0]}, &how);
	return t && t->type == OBJECT_VIEW ? fx_behind_view(x, ch, t) : t;
}
