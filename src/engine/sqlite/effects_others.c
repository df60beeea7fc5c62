/* effects_others.c - what else an ALTER or DROP reaches: views over views, triggers of other
 * tables, tables that refer to a dropped one; and names that SQLite keeps for itself.
 *
 * A view or a trigger is looked up when it is used: SQLite drops a table that views read, and the
 * first statement that uses them fails. https://sqlite.org/lang_altertable.html */
#include "engine/sqlite/effects.h"

#include "engine/unknown_column.h"
#include "sql/token.h"

#include <stdint.h>

enum { DEEPEST_VIEW = 8 }; /* views over views, triggers that fire triggers */

static void breaks_other(struct judging *j, enum breaks_who who, const struct object *o)
{
	if (slice_iis(o->schema, "temp") || e_new(j, o))
		return;
	effect_break(j->a, j->e,
		(struct breakage){.who = who,
			.type = o->type,
			.object = {o->schema, o->name},
			.certain = true});
}

/* ---- Views ---- */

/* Moves to the SELECT that gives the view its columns: behind WITH, the first outside brackets. */
static struct token main_select(struct lexer *l)
{
	struct token t;
	int depth = 0;

	while ((t = lexer_next(l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
		if (depth == 0 && token_is(t, "SELECT"))
			break;
	}
	return t;
}

static bool ends_list(struct token t)
{
	return t.kind == TOKEN_END || t.kind == TOKEN_BAD || token_is(t, "FROM") ||
	       token_is(t, "WHERE") || token_is(t, "UNION") || token_is(t, "ORDER");
}

/* Does the view have that column under the table's own name: `column`, `t.column` or a star? */
static bool shows(struct judging *j, const struct object *view, struct slice column, bool star)
{
	struct lexer l;
	struct token t, last = {0}, before = {0};
	size_t n = 0;
	int depth = 0;

	if (view->view.columns.n)
		return false;
	lexer_init(&l, DIALECT_SQLITE, view->view.query.text);
	main_select(&l);
	for (;;) {
		bool ends;

		t = lexer_next(&l);
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
		ends = depth == 0 && (token_punct(t, ",") || ends_list(t));
		if (ends && token_punct(last, "*"))
			return true;
		if (ends && !star && (n == 1 || (n == 3 && token_punct(before, "."))) &&
			slice_ieq(token_value(j->a, DIALECT_SQLITE, last), column))
			return true;
		if (depth == 0 && ends_list(t))
			return false;
		before = ends ? (struct token){0} : last;
		last = ends ? (struct token){0} : t;
		n = ends ? 0 : n + 1;
	}
}

/* INSTEAD OF triggers begin with the view's query; `columns`: those that name its columns, which a
 * DELETE does not. */
static void view_is_written(struct judging *j, const struct object *view, bool columns)
{
	for (size_t i = 0; view->type == OBJECT_VIEW && i < view->nparts; i++) {
		const struct object *t = view->parts[i];

		if (t->type == OBJECT_TRIGGER &&
			(!columns || names_has(t->trigger.events, SL("insert")) ||
				names_has(t->trigger.events, SL("update"))))
			breaks_other(j, BREAKS_OLD_WRITERS, view);
	}
}

static void views_over(struct judging *j, const struct object *o, unsigned depth)
{
	const struct object **v;
	size_t n = catalog_dependents(j->c, o, SLICE_NONE, j->a, &v);

	for (size_t i = 0; i < n && depth < DEEPEST_VIEW; i++) {
		breaks_other(j, BREAKS_OLD_READERS, v[i]);
		view_is_written(j, v[i], false);
		views_over(j, v[i], depth + 1);
	}
}

void e_views_break(struct judging *j)
{
	if (j->o)
		views_over(j, j->o, 0);
}

/* A view without its INSTEAD OF trigger is not written to. */
void e_trigger_goes(struct judging *j, const struct object *table)
{
	j->full = (struct name){table->schema, table->name};
	if (table->type == OBJECT_VIEW)
		breaks_other(j, BREAKS_OLD_WRITERS, table);
}

void e_view_goes(struct judging *j)
{
	for (size_t i = 0; j->o && i < j->o->nparts; i++)
		if (j->o->parts[i]->type == OBJECT_TRIGGER) /* INSTEAD OF */
			e_breaks(j, BREAKS_OLD_WRITERS, OBJECT_VIEW, SLICE_NONE);
	e_views_break(j);
}

void e_stars_lose(struct judging *j, struct slice column)
{
	const struct object **v;
	size_t n = catalog_dependents(j->c, j->o, SLICE_NONE, j->a, &v);

	for (size_t i = 0; i < n; i++)
		if (shows(j, v[i], column, true)) {
			breaks_other(j, BREAKS_OLD_READERS, v[i]);
			view_is_written(j, v[i], true);
		}
}

/* NEW.email and OLD.email in a trigger of the view. */
static bool names_row(struct judging *j, struct slice body, struct slice column)
{
	struct token before[2] = {{0}}, t;
	struct lexer l;

	lexer_init(&l, DIALECT_SQLITE, body);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		if (token_punct(before[1], ".") &&
			(token_is(before[0], "NEW") || token_is(before[0], "OLD")) &&
			slice_ieq(token_value(j->a, DIALECT_SQLITE, t), column))
			return true;
		before[0] = before[1];
		before[1] = t;
	}
	return false;
}

static void rows_keep_column(struct judging *j, const struct object *view, struct slice column)
{
	for (size_t i = 0; i < view->nparts; i++) {
		const struct object *t = view->parts[i];

		if (t->type == OBJECT_TRIGGER && names_row(j, t->trigger.body.text, column))
			e_fails(j, "error in trigger %.*s after rename: no such column: %.*s",
				SLICE(t->name), SLICE(column));
	}
}

/* SQLite edits the text of a view that reads the column, so the view's own column is called
 * otherwise from then on; a second view that reads that one stops the statement. */
void e_views_renamed(struct judging *j, struct slice column)
{
	const struct object **v, **over;
	size_t n = catalog_dependents(j->c, j->o, SLICE_NONE, j->a, &v), m;

	for (size_t i = 0; i < n; i++) {
		if (!shows(j, v[i], column, false))
			continue;
		breaks_other(j, BREAKS_OLD_READERS, v[i]);
		rows_keep_column(j, v[i], column);
		m = catalog_dependents(j->c, v[i], SLICE_NONE, j->a, &over);
		for (size_t k = 0; k < m; k++)
			if (shows(j, over[k], column, true))
				breaks_other(j, BREAKS_OLD_READERS, over[k]);
		for (size_t k = 0; k < m; k++)
			if (e_mentions(over[k]->view.query.text, column))
				e_fails(j, "error in view %.*s after rename: no such column: %.*s",
					SLICE(over[k]->name), SLICE(column));
	}
}

/* ---- Triggers ---- */

/* What a trigger's body does to a table. */
enum deed { DEED_OTHER, DEED_INSERT, DEED_INSERT_ALL, DEED_UPDATE, DEED_DELETE };

/* `before`: the three tokens before the table's name, the nearest last; `next` behind it. */
static enum deed deed_of(const struct token before[3], struct token next)
{
	if (token_is(before[2], "INTO"))
		return token_punct(next, "(") ? DEED_INSERT : DEED_INSERT_ALL;
	if (token_is(before[2], "UPDATE") ||
		(token_is(before[1], "OR") && token_is(before[0], "UPDATE")))
		return DEED_UPDATE;
	if (token_is(before[2], "FROM") && token_is(before[1], "DELETE"))
		return DEED_DELETE;
	return DEED_OTHER;
}

static bool is_event(enum deed deed, struct names events)
{
	switch (deed) {
	case DEED_INSERT:
	case DEED_INSERT_ALL:
		return names_has(events, SL("insert"));
	case DEED_UPDATE:
		return names_has(events, SL("update"));
	case DEED_DELETE:
		return names_has(events, SL("delete"));
	case DEED_OTHER:
		break;
	}
	return false;
}

/* UPDATE t SET a = 1, b = 2: one of the columns that the trigger is for, behind the table's name.
 */
static bool sets_any(struct judging *j, struct lexer l, struct names columns)
{
	bool name = false;
	struct token t;
	int depth = 0;

	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
		if (depth == 0 &&
			(token_is(t, "WHERE") || token_is(t, "FROM") || token_punct(t, ";")))
			break;
		if (name && names_has(columns, token_value(j->a, DIALECT_SQLITE, t)))
			return true;
		name = token_is(t, "SET") || (depth == 0 && token_punct(t, ","));
	}
	return columns.n == 0;
}

/* `on` NULL: an INSERT that names no columns. Else what fires that trigger. */
static bool does(
	struct judging *j, struct slice body, struct slice table, const struct trigger_def *on)
{
	struct token before[3] = {{0}}, t;
	struct lexer l;

	lexer_init(&l, DIALECT_SQLITE, body);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		if ((t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) &&
			slice_ieq(token_value(j->a, DIALECT_SQLITE, t), table)) {
			enum deed deed = deed_of(before, lexer_peek(&l));

			if (!on ? deed == DEED_INSERT_ALL
				: is_event(deed, on->events) &&
						(deed != DEED_UPDATE ||
							sets_any(j, l, on->columns)))
				return true;
		}
		before[0] = before[1];
		before[1] = before[2];
		before[2] = t;
	}
	return false;
}

static size_t triggers_naming(
	struct judging *j, const struct object *table, const struct object ***out)
{
	return catalog_naming(
		j->c, (struct name){table->schema, table->name}, OBJECT_TRIGGER, j->a, out);
}

/* Whoever fires a trigger that no longer works cannot write either, and so on. */
static void firing(struct judging *j, const struct object *table, const struct trigger_def *broken,
	unsigned depth)
{
	const struct object **v;
	size_t n = triggers_naming(j, table, &v);

	breaks_other(j, BREAKS_OLD_WRITERS, table);
	for (size_t i = 0; i < n && depth < DEEPEST_VIEW; i++)
		if (v[i]->table && v[i]->table != table && v[i]->table != j->o &&
			does(j, v[i]->trigger.body.text, table->name, broken))
			firing(j, v[i]->table, &v[i]->trigger, depth + 1);
}

/* A table goes (no column), or a column of it. */
void e_triggers_break(struct judging *j, struct slice column)
{
	const struct object **v;
	size_t n = j->o ? triggers_naming(j, j->o, &v) : 0;

	for (size_t i = 0; i < n; i++)
		if (v[i]->table && v[i]->table != j->o &&
			(!column.len || e_mentions(v[i]->trigger.body.text, column) ||
				does(j, v[i]->trigger.body.text, j->o->name, NULL)))
			firing(j, v[i]->table, &v[i]->trigger, 0);
}

/* SQLite reads all triggers again: one of another table whose expressions want the column stops it.
 * What an INSERT or SET gives a value is looked at when the trigger fires. */
void e_triggers_stop(struct judging *j, struct slice column)
{
	const struct object **v;
	size_t n = j->o ? triggers_naming(j, j->o, &v) : 0;

	for (size_t i = 0; i < n; i++)
		if (v[i]->table && v[i]->table != j->o && v[i]->table->type == OBJECT_TABLE &&
			trigger_wants_column(j->a, j->c, j->s, v[i], j->o, column))
			e_fails(j, "error in trigger %.*s after drop column: no such column: %.*s",
				SLICE(v[i]->name), SLICE(column));
}

/* One column more: INSERT INTO t VALUES (…) has one value too few. */
void e_values_counted(struct judging *j)
{
	const struct object **v;
	size_t n = j->o && j->o->type == OBJECT_TABLE ? triggers_naming(j, j->o, &v) : 0;

	for (size_t i = 0; i < n; i++)
		if (v[i]->table && does(j, v[i]->trigger.body.text, j->o->name, NULL))
			firing(j, v[i]->table, &v[i]->trigger, 0);
}

/* A trigger that names a table that is not there makes RENAME fail. */
void e_broken_triggers(struct judging *j)
{
	const struct object **triggers;
	size_t n;

	if (!catalog_is_complete(j->c) || j->s->legacy_alter_table)
		return;
	n = catalog_list(j->c, OBJECT_TRIGGER, j->a, &triggers);
	for (size_t i = 0; i < n; i++) {
		const struct object *t = triggers[i];

		for (size_t r = 0; t->table->type == OBJECT_TABLE && r < t->trigger.reads.n; r++) {
			struct name name = e_full_name(t->trigger.reads.at[r]);

			if (slice_istarts(name.name, "sqlite_") ||
				catalog_find(j->c, j->s, OBJECT_NONE, name, NULL) != ABSENT)
				continue;
			e_fails(j, "error in trigger %.*s: no such table: main.%.*s",
				SLICE(t->name), SLICE(name.name));
		}
	}
}

/* SQLite reads a trigger's body when it is to fire: who fires it cannot write then. */
void e_trigger_works(struct judging *j)
{
	const struct trigger_def *d = &j->ch->def->trigger;
	bool works = true;
	struct slice name;

	for (size_t i = 0; i < d->reads.n; i++)
		works &= catalog_find(j->c, j->s, OBJECT_NONE, e_full_name(d->reads.at[i]), NULL) !=
			 ABSENT;
	if (works && !unknown_in_trigger(j->a, j->c, j->s, j->o, d->events, j->st->text, &name))
		return;
	firing(j, j->o, d, 0);
}

/* ---- Foreign keys ---- */

static bool is_still(struct slice action)
{
	return !action.len || slice_is(action, "no action") || slice_is(action, "restrict");
}

static bool shares(struct names a, struct names b)
{
	for (size_t i = 0; i < a.n; i++)
		for (size_t k = 0; k < b.n; k++)
			if (slice_ieq(a.at[i], b.at[k]))
				return true;
	return false;
}

/* Does it write the child's columns of the key that is looked up? A row that goes has them all. */
static bool carries_on(const struct constraint_def *k, struct names lost)
{
	return slice_is(k->on_delete, "cascade") ||
	       ((!is_still(k->on_delete) || !is_still(k->on_update)) && shares(k->columns, lost));
}

/* Its other parents: what they carry into the child's rows is written there. */
static void other_parents_break(struct judging *j, const struct object *child, struct names lost)
{
	for (size_t i = 0; i < child->nparts; i++) {
		const struct object *k = child->parts[i], *parent;

		if (k->type == OBJECT_CONSTRAINT && slice_is(k->constraint.kind, "foreign key") &&
			carries_on(&k->constraint, lost) &&
			catalog_find(j->c, j->s, OBJECT_TABLE,
				(struct name){child->schema, k->constraint.ref_table.name},
				&parent) == PRESENT &&
			parent != j->o)
			breaks_other(j, BREAKS_OLD_WRITERS, parent);
	}
}

/* With foreign keys on, SQLite looks for the parent whenever rows of the child are written. */
void e_children_break(struct judging *j)
{
	const struct object **keys;
	size_t n;

	if (!j->o || !j->s->foreign_keys)
		return;
	n = catalog_referencing(j->c, j->o, j->a, &keys);
	for (size_t i = 0; i < n; i++)
		if (keys[i]->table && keys[i]->table != j->o) {
			breaks_other(j, BREAKS_OLD_WRITERS, keys[i]->table);
			other_parents_break(j, keys[i]->table, keys[i]->constraint.columns);
		}
}

void e_missing_parents(struct judging *j)
{
	if (!j->s->foreign_keys || !j->o || j->o->type != OBJECT_TABLE)
		return;
	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *k = j->o->parts[i];
		struct name parent;

		if (k->type != OBJECT_CONSTRAINT || !slice_is(k->constraint.kind, "foreign key") ||
			(j->ch->kind == CHANGE_UPDATE &&
				!shares(j->ch->list, k->constraint.columns)))
			continue;
		parent = (struct name){j->o->schema, k->constraint.ref_table.name};
		if (catalog_find(j->c, j->s, OBJECT_TABLE, parent, NULL) == ABSENT)
			e_fails(j, "no such table: %.*s.%.*s", SLICE(parent.schema),
				SLICE(parent.name));
	}
}

/* ---- Names ---- */

bool e_reserved(struct judging *j, struct slice name)
{
	if (!slice_istarts(name, "sqlite_") || j->s->writable_schema)
		return false;
	e_fails(j, "object name reserved for internal use: %.*s", SLICE(name));
	return true;
}

bool e_is_attached(const struct judging *j, struct slice schema)
{
	for (size_t i = 0; i < j->s->attached.n; i++)
		if (slice_ieq(j->s->attached.at[i], schema))
			return true;
	return false;
}

/* A schema that nobody attached here: the application may have. */
void e_known_database(struct judging *j, struct slice schema)
{
	if (!schema.len || slice_iis(schema, "main") || slice_iis(schema, "temp") ||
		e_is_attached(j, schema))
		return;
	e_may_fail(j, "unknown database %.*s, unless the connection attached it before",
		SLICE(schema));
}

/* The tables behind a virtual one, doc_data of doc, are its module's: nobody declared them. */
bool e_is_shadow(const struct judging *j, struct name n)
{
	for (size_t i = n.name.len; i-- > 1;) {
		struct name owner = {n.schema, slice_sub(n.name, 0, i)};
		const struct object *o = NULL;

		if (n.name.at[i] == '_' &&
			catalog_find(j->c, j->s, OBJECT_TABLE, owner, &o) == PRESENT &&
			slice_is(o->table_.kind, "virtual"))
			return true;
	}
	return false;
}
