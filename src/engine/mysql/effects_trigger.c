/* effects_trigger.c - triggers: whose rows they look at, and beside which they stand. */
#include "engine/mysql/effects_alter.h"

#include <stdint.h>

static bool trigger_on(const struct change *ch, const char *event)
{
	for (size_t i = 0; i < ch->def->trigger.events.n; i++)
		if (slice_iis(ch->def->trigger.events.at[i], event))
			return true;
	return false;
}

/* Triggers have one name space per database, and DROP TRIGGER does not name the table. */
static enum presence find_trigger(
	const struct effects *x, const struct change *ch, struct name *table)
{
	const struct object **v;
	size_t n = catalog_bearing(x->c, ch->name, x->a, &v);

	for (size_t i = 0; i < n; i++) {
		if (v[i]->type != OBJECT_TRIGGER ||
			!slice_eq(v[i]->table->schema, ch->target.schema))
			continue;
		*table = (struct name){v[i]->table->schema, v[i]->table->name};
		return v[i]->table->tainted ? UNKNOWN : PRESENT;
	}
	return catalog_is_complete(x->c) ? ABSENT : UNKNOWN;
}

/* FOLLOWS, PRECEDES: a trigger of the same table, time and event. */
static void trigger_has_neighbour(
	struct effects *x, const struct change *ch, const struct object *t)
{
	struct fx_words w = fx_words_of(x);
	size_t at = fx_word_at(&w, 0, "ROW") + 1;
	struct slice name;

	if (at + 1 >= w.n || (!token_is(w.at[at], "FOLLOWS") && !token_is(w.at[at], "PRECEDES")))
		return;
	name = token_value(x->a, x->d.dialect, w.at[at + 1]);
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];

		if (o->type == OBJECT_TRIGGER && slice_ieq(o->name, name) &&
			slice_eq(o->trigger.timing, ch->def->trigger.timing) &&
			names_eq(o->trigger.events, ch->def->trigger.events))
			return;
	}
	fx_fails(x, OUTCOME_FAILS, "there is no trigger %.*s beside which it could stand",
		SLICE(name));
}

/* SET NEW.a = 1, NEW.b = 2: only before the row is written. */
static bool is_set(const struct fx_words *w, size_t at)
{
	return at + 3 < w->n &&
	       (token_is(w->at[at - 1], "SET") || token_punct(w->at[at - 1], ",")) &&
	       (token_punct(w->at[at + 3], "=") || token_punct(w->at[at + 3], ":="));
}

static bool set_before(const struct fx_words *w, size_t at)
{
	for (size_t i = at; i > 0 && !token_punct(w->at[i], ";"); i--) {
		if (token_is(w->at[i], "UPDATE") || token_is(w->at[i], "SELECT"))
			return false;
		if (token_is(w->at[i], "SET"))
			return true;
	}
	return false;
}

/* NEW and OLD are rows of the table; an INSERT has no old one, a DELETE no new one. */
static void row_fits(struct effects *x, const struct change *ch, const struct object *t,
	const struct fx_words *w, size_t at)
{
	bool fresh = token_is(w->at[at], "NEW"),
	     before = slice_iis(ch->def->trigger.timing, "before");
	struct slice column = token_value(x->a, x->d.dialect, w->at[at + 2]);
	const struct object *o;

	if (!fresh && trigger_on(ch, "insert"))
		fx_fails(x, OUTCOME_FAILS, "an INSERT has no OLD row");
	if (fresh && trigger_on(ch, "delete"))
		fx_fails(x, OUTCOME_FAILS, "a DELETE has no NEW row");
	if (is_set(w, at) && set_before(w, at - 1) && (!fresh || !before))
		fx_fails(x, OUTCOME_FAILS, "%s.%.*s cannot be set %s", fresh ? "NEW" : "OLD",
			SLICE(column), fresh ? "after the row is written" : "at all");
	if (catalog_part(x->c, t, OBJECT_COLUMN, column, &o) == ABSENT)
		fx_fails(
			x, OUTCOME_FAILS, "%.*s has no column %.*s", SLICE(t->name), SLICE(column));
}

static void rows_fit(struct effects *x, const struct change *ch, const struct object *t)
{
	struct fx_words w = fx_words_of(x);

	for (size_t i = 1; i + 2 < w.n; i++)
		if ((token_is(w.at[i], "NEW") || token_is(w.at[i], "OLD")) &&
			token_punct(w.at[i + 1], ".") && !token_punct(w.at[i - 1], "."))
			row_fits(x, ch, t, &w, i);
}

void fx_create_trigger(struct effects *x, const struct change *ch)
{
	struct name on;
	enum presence how;
	const struct object *t = fx_find(x, OBJECT_NONE, ch->target, &how);

	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->target)));
	if (t && t->type == OBJECT_VIEW)
		fx_fails(x, OUTCOME_FAILS, "%.*s is a view", SLICE(fx_show(x, ch->target)));
	if (t && !t->tainted) {
		trigger_has_neighbour(x, ch, t);
		rows_fit(x, ch, t);
	}
	if (!fx_flag(ch, CHANGE_IF_NOT_EXISTS | CHANGE_OR_REPLACE) &&
		find_trigger(x, ch, &on) == PRESENT)
		fx_fails(x, OUTCOME_FAILS, "the trigger %.*s exists already", SLICE(ch->name));
}

/* A table that the body writes: INSERT INTO t, UPDATE t, DELETE FROM t. */
static bool body_writes(struct effects *x, struct slice body, struct slice table)
{
	struct token before[2] = {{0}}, t;
	struct lexer l;

	lexer_init(&l, x->d.dialect, body);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		bool written = token_is(before[1], "INTO") ||
			       (token_is(before[1], "UPDATE") && !token_is(before[0], "KEY")) ||
			       (token_is(before[1], "FROM") && token_is(before[0], "DELETE"));

		if (written && slice_ieq(token_value(x->a, x->d.dialect, t), table))
			return true;
		before[0] = before[1];
		before[1] = t;
	}
	return false;
}

/* A row trigger writes no table that the statement which fired it uses. */
void fx_triggers_clash(struct effects *x, const struct change *ch, const struct object *t)
{
	const char *event = ch->kind == CHANGE_UPDATE   ? "update"
			    : ch->kind == CHANGE_DELETE ? "delete"
							: "insert";

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		bool clash;

		if (o->type != OBJECT_TRIGGER || !names_has(o->trigger.events, slice_of(event)))
			continue;
		clash = body_writes(x, o->trigger.body.text, t->name);
		for (size_t k = 0; k < ch->reads.n; k++)
			clash |= body_writes(x, o->trigger.body.text, ch->reads.at[k]);
		if (clash)
			fx_fails(x, OUTCOME_FAILS,
				"the trigger %.*s writes a table that the statement uses",
				SLICE(o->name));
	}
}

void fx_drop_trigger(struct effects *x, const struct change *ch)
{
	struct name table = {ch->target.schema, SLICE_NONE};
	enum presence how = find_trigger(x, ch, &table);

	if (how == ABSENT && fx_flag(ch, CHANGE_IF_EXISTS))
		return;
	if (how == ABSENT)
		fx_fails(x, OUTCOME_FAILS, "there is no trigger %.*s", SLICE(ch->name));
	fx_touch(x, &x->out->destroys, &x->out->ndestroys, OBJECT_TRIGGER, table, ch->name,
		how == PRESENT);
}
