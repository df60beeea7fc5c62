/* effects_data.c - INSERT, REPLACE, UPDATE, DELETE and SELECT: rows written, tables read in full,
 * and what a second run would do.
 *
 * Whether SQLite uses an index is said only where there is no choice: no WHERE, or a WHERE that no
 * index and no key can serve. */
#include "engine/sqlite/effects.h"

#include "engine/unknown_column.h"
#include "sql/token.h"

#include <stdint.h>

void judge_reads(struct judging *j, bool certain)
{
	for (size_t i = 0; i < j->ch->reads.n; i++) {
		struct name n = e_full_name(j->ch->reads.at[i]);
		const struct object *o = NULL;
		enum presence p = catalog_find(j->c, j->s, OBJECT_NONE, n, &o);

		/* Tables that are functions: pragma_table_info('t'), json_each(…). */
		if (slice_istarts(n.name, "pragma_") || slice_istarts(n.name, "json_"))
			continue;
		if (p == ABSENT && !slice_istarts(n.name, "sqlite_") && !j->s->attached.n)
			e_fails(j, "no such table: %.*s", SLICE(n.name));
		if (p == PRESENT && (o->type != OBJECT_TABLE || slice_is(o->schema, "temp")))
			continue;
		if (slice_istarts(n.name, "sqlite_"))
			continue;
		effect_touch(j->a, &j->e->scans, &j->e->nscans,
			(struct touched){.type = OBJECT_TABLE,
				.object = o && p == PRESENT
						  ? (struct name){o->schema, o->name}
						  : catalog_resolve(j->c, j->s, OBJECT_TABLE, n),
				.certain = certain && p == PRESENT,
				.new_in_tx = p == PRESENT && e_new(j, o)});
	}
}

/* A query over one table without conditions reads all of it; anything else may use an index. */
static bool reads_everything(const struct judging *j)
{
	struct lexer l;
	struct token t;

	if (j->ch->reads.n != 1)
		return false;
	lexer_init(&l, DIALECT_SQLITE, j->st->text);
	while ((t = lexer_next(&l)).kind != TOKEN_END)
		if (token_is(t, "WHERE") || token_is(t, "LIMIT") || token_is(t, "EXISTS") ||
			token_is(t, "min") || token_is(t, "max") || t.kind == TOKEN_BAD)
			return false;
	return true;
}

void judge_query(struct judging *j)
{
	bool all = reads_everything(j);

	judge_reads(j, all);
	if (!all && j->ch->reads.n)
		e_needs(j, "which index SQLite uses");
}

void judge_select(struct judging *j)
{
	j->e->rerun = RERUN_SAME;
	j->e->undo = UNDO_EXACT;
	if (j->ch->kind != CHANGE_EXPLAIN)
		judge_query(j);
}

/* ---- Which rows ---- */

/* Could an index or key of the table serve a condition on these columns? */
static bool may_use_index(const struct object *t, const struct expr_facts *where)
{
	for (size_t i = 0; i < where->columns.n; i++) {
		struct slice column = where->columns.at[i];

		if (slice_iis(column, "rowid") || slice_iis(column, "_rowid_") ||
			slice_iis(column, "oid"))
			return true;
		for (size_t k = 0; k < t->nparts; k++) {
			const struct object *o = t->parts[k];
			bool key = o->type == OBJECT_CONSTRAINT &&
				   (slice_is(o->constraint.kind, "primary key") ||
					   slice_is(o->constraint.kind, "unique")) &&
				   o->constraint.columns.n &&
				   slice_ieq(o->constraint.columns.at[0], column);

			/* Partial and expression indexes too: any column they mention. */
			if (key || (o->type == OBJECT_INDEX && names_has(o->index.columns, column)))
				return true;
		}
	}
	return where->has_subquery;
}

static void scan_of_target(struct judging *j)
{
	bool where = j->ch->flags & CHANGE_HAS_WHERE;
	const struct expr_facts *f = j->ch->value.facts;

	if (j->presence == ABSENT || (j->o && j->o->type != OBJECT_TABLE))
		return;
	/* DELETE without WHERE only frees the pages, unless a trigger or foreign key wants to see
	 * the rows. https://sqlite.org/lang_delete.html#the_truncate_optimization */
	if (j->ch->kind == CHANGE_DELETE && !where) {
		bool seen = !j->o;

		for (size_t i = 0; j->o && i < j->o->nparts; i++)
			seen = seen || j->o->parts[i]->type == OBJECT_TRIGGER;
		if (!seen && !j->s->foreign_keys)
			return;
	}
	if (where && !(j->ch->flags & CHANGE_WHERE_TRUE) && j->o && f && may_use_index(j->o, f))
		return;
	effect_touch(
		j->a, &j->e->scans, &j->e->nscans, e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
}

static bool moves_key(const struct judging *j, const struct object *key)
{
	for (size_t i = 0; i < j->ch->list.n; i++)
		for (size_t k = 0; k < key->constraint.ref_columns.n; k++)
			if (slice_ieq(j->ch->list.at[i], key->constraint.ref_columns.at[k]))
				return true;
	return false;
}

/* Does an index of the child find the rows that refer to one? */
static bool is_served(const struct object *child, struct names columns)
{
	for (size_t i = 0; i < child->nparts; i++) {
		const struct object *o = child->parts[i];
		struct names key = {0};
		bool all = columns.n > 0;

		if (o->type == OBJECT_INDEX && !o->index.predicate.text.len)
			key = o->index.keys;
		else if (o->type == OBJECT_CONSTRAINT &&
			 (slice_is(o->constraint.kind, "unique") ||
				 slice_is(o->constraint.kind, "primary key")))
			key = o->constraint.columns;
		for (size_t k = 0; k < columns.n; k++)
			all = all && k < key.n && slice_ieq(key.at[k], columns.at[k]);
		if (all)
			return true;
	}
	return false;
}

static bool acts(struct slice action)
{
	return slice_is(action, "cascade") || slice_is(action, "set null") ||
	       slice_is(action, "set default");
}

static bool is_written(const struct judging *j, const struct object *t)
{
	for (size_t i = 0; i < j->e->nwrites_rows; i++)
		if (slice_eq(j->e->writes_rows[i].object.name, t->name) &&
			slice_eq(j->e->writes_rows[i].object.schema, t->schema))
			return true;
	return false;
}

/* Rows of a child go, and what refers to those goes with them, and so on. */
void e_goes_with(struct judging *j, const struct object *child, struct slice action)
{
	const struct object **keys;
	bool known = is_written(j, child) || child == j->o;
	size_t n;

	effect_touch(j->a, &j->e->writes_rows, &j->e->nwrites_rows,
		(struct touched){.type = OBJECT_TABLE,
			.object = {child->schema, child->name},
			.certain = true,
			.new_in_tx = e_new(j, child)});
	if (known || !slice_is(action, "cascade"))
		return;
	n = catalog_referencing(j->c, child, j->a, &keys);
	for (size_t i = 0; i < n; i++) {
		struct slice next = keys[i]->constraint.on_delete;

		if (!keys[i]->table || keys[i]->table == j->o)
			continue;
		if (acts(next))
			e_goes_with(j, keys[i]->table, next);
		else
			e_may_fail(j, "rows of %.*s may refer to it: FOREIGN KEY constraint failed",
				SLICE(keys[i]->table->name));
	}
}

/* With foreign keys on, the rows that refer to these are changed too, or stand in the way. They are
 * looked for by an index, or by reading all of the child. */
static void children(struct judging *j)
{
	const struct object **keys;
	bool updates = j->ch->kind == CHANGE_UPDATE;
	size_t n;

	if (!j->o || !j->s->foreign_keys || j->ch->kind == CHANGE_INSERT)
		return;
	n = catalog_referencing(j->c, j->o, j->a, &keys);
	for (size_t i = 0; i < n; i++) {
		const struct object *child = keys[i]->table;
		struct slice action =
			updates ? keys[i]->constraint.on_update : keys[i]->constraint.on_delete;

		if (!child || (updates && !moves_key(j, keys[i])))
			continue;
		if (!is_served(child, keys[i]->constraint.columns))
			effect_touch(j->a, &j->e->scans, &j->e->nscans,
				(struct touched){.type = OBJECT_TABLE,
					.object = {child->schema, child->name},
					.certain = true,
					.new_in_tx = e_new(j, child)});
		if (acts(action))
			e_goes_with(j, child, updates ? SLICE_NONE : action);
		else
			e_may_fail(j, "rows of %.*s may refer to it: FOREIGN KEY constraint failed",
				SLICE(child->name));
	}
}

/* Values in the first row behind VALUES; 0: there is none, or no end is seen. */
static size_t values_given(const struct judging *j)
{
	struct lexer l;
	struct token t;
	size_t n = 1;
	int depth = 0;

	lexer_init(&l, DIALECT_SQLITE, j->st->text);
	do
		t = lexer_next(&l);
	while (t.kind != TOKEN_END && t.kind != TOKEN_BAD && !token_is(t, "VALUES"));
	while (t.kind != TOKEN_END && t.kind != TOKEN_BAD) {
		t = lexer_next(&l);
		depth += token_punct(t, "(");
		depth -= token_punct(t, ")");
		n += depth == 1 && token_punct(t, ",");
		if (depth == 0 && token_punct(t, ")"))
			return n;
	}
	return 0;
}

static size_t columns_to_give(const struct judging *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->o->nparts; i++)
		n += j->o->parts[i]->type == OBJECT_COLUMN && !j->o->parts[i]->column.generated.len;
	return j->ch->list.n ? j->ch->list.n : n;
}

/* An index's columns; nothing when an expression is among its keys. */
static struct names plain_keys(struct judging *j, const struct object *index)
{
	struct names out = {0};

	for (size_t i = 0; i < index->index.keys.n; i++) {
		struct lexer l;
		struct token first;

		lexer_init(&l, DIALECT_SQLITE, index->index.keys.at[i]);
		first = lexer_next(&l);
		if (names_has(index->index.columns, index->index.keys.at[i])) {
			names_add(j->a, &out, index->index.keys.at[i]);
			continue;
		}
		if ((first.kind != TOKEN_WORD && first.kind != TOKEN_QUOTED) ||
			(!token_is(lexer_peek(&l), "COLLATE") && !token_is(lexer_peek(&l), "DESC")))
			return (struct names){0};
		names_add(j->a, &out, token_value(j->a, DIALECT_SQLITE, first));
	}
	return out;
}

/* ON CONFLICT (columns): some key must be over them. */
static void conflict_fits(struct judging *j)
{
	struct lexer l;
	struct token t = {0}, before;
	struct names columns = {0};

	lexer_init(&l, DIALECT_SQLITE, j->st->text);
	do {
		before = t;
		t = lexer_next(&l);
	} while (t.kind != TOKEN_END && t.kind != TOKEN_BAD &&
		 !(token_is(before, "ON") && token_is(t, "CONFLICT")));
	if (!token_punct(lexer_next(&l), "("))
		return;
	while ((t = lexer_next(&l)).kind == TOKEN_WORD || t.kind == TOKEN_QUOTED ||
		token_punct(t, ","))
		if (!token_punct(t, ","))
			names_add(j->a, &columns, token_value(j->a, DIALECT_SQLITE, t));
	if (!token_punct(t, ")") || token_is(lexer_next(&l), "WHERE"))
		return;
	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *o = j->o->parts[i];
		struct names key = {0};
		bool all = true;

		if (o->type == OBJECT_INDEX && o->index.unique && !o->index.predicate.text.len)
			key = plain_keys(j, o);
		else if (o->type == OBJECT_CONSTRAINT &&
			 (slice_is(o->constraint.kind, "primary key") ||
				 slice_is(o->constraint.kind, "unique")))
			key = o->constraint.columns;
		for (size_t k = 0; k < key.n; k++)
			all = all && names_has(columns, key.at[k]);
		if (key.n == columns.n && all)
			return;
	}
	e_fails(j, "ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint");
}

static void insert_fits(struct judging *j)
{
	bool selects = j->ch->flags & CHANGE_FROM_SELECT;
	size_t given = selects ? 0 : values_given(j);

	if (selects && !selected_values(j->a, j->c, j->s, j->st->text, &given))
		given = 0;
	if (given && given != columns_to_give(j))
		e_fails(j, "%zu values for %zu columns of %.*s", given, columns_to_give(j),
			SLICE(j->full.name));
	for (size_t i = 0; i < j->ch->list.n; i++) {
		enum presence p;
		const struct object *c = e_part(j, OBJECT_COLUMN, j->ch->list.at[i], &p);

		if (c && c->column.generated.len)
			e_fails(j, "cannot INSERT into generated column \"%.*s\"", SLICE(c->name));
	}
	conflict_fits(j);
}

/* ON CONFLICT … DO UPDATE */
static bool updates_on_conflict(const struct judging *j)
{
	struct lexer l;
	struct token t = {0}, before;

	if (!(j->ch->flags & CHANGE_ON_CONFLICT))
		return false;
	lexer_init(&l, DIALECT_SQLITE, j->st->text);
	do {
		before = t;
		t = lexer_next(&l);
		if (token_is(before, "DO") && token_is(t, "UPDATE"))
			return true;
	} while (t.kind != TOKEN_END && t.kind != TOKEN_BAD);
	return false;
}

static void judge_insert(struct judging *j)
{
	if (j->o && j->o->type == OBJECT_TABLE && !slice_is(j->o->table_.kind, "virtual"))
		insert_fits(j);
	j->e->rerun = again_insert(j);
	if (j->e->rerun == RERUN_UNKNOWN)
		e_needs(j, "what a second run would meet");
	/* Rows that a REPLACE pushed out do not come back, nor what DO UPDATE or a trigger wrote
	 * over. */
	j->e->undo = (j->ch->flags & CHANGE_ON_CONFLICT && j->ch->kind == CHANGE_REPLACE) ||
				     j->overwrites || updates_on_conflict(j) ||
				     e_keys_say(j, "replace")
			     ? UNDO_NONE
			     : UNDO_EXACT;
	if (j->ch->flags & CHANGE_FROM_SELECT)
		judge_query(j);
}

static void missing_columns(struct judging *j)
{
	for (size_t i = 0; i < j->ch->list.n; i++) {
		struct slice column = j->ch->list.at[i];
		enum presence p;
		const struct object *c = e_part(j, OBJECT_COLUMN, column, &p);

		if (c && c->column.generated.len && j->ch->kind == CHANGE_UPDATE)
			e_fails(j, "cannot UPDATE generated column \"%.*s\"", SLICE(c->name));
		if (p != ABSENT || slice_iis(column, "rowid") || slice_iis(column, "_rowid_") ||
			slice_iis(column, "oid") || slice_is(j->o->table_.kind, "virtual"))
			continue;
		if (j->ch->kind == CHANGE_UPDATE)
			e_fails(j, "no such column: %.*s", SLICE(column));
		else
			e_fails(j, "table %.*s has no column named %.*s", SLICE(j->full.name),
				SLICE(column));
	}
}

/* ---- Triggers ---- */

static bool fires(const struct judging *j, const struct object *trigger)
{
	struct names events = trigger->trigger.events;

	if (j->ch->kind == CHANGE_INSERT)
		return names_has(events, SL("insert"));
	if (j->ch->kind == CHANGE_REPLACE) /* the deletions fire only with recursive triggers */
		return names_has(events, SL("insert"));
	if (j->ch->kind == CHANGE_DELETE)
		return names_has(events, SL("delete"));
	if (!names_has(events, SL("update")))
		return false;
	for (size_t i = 0; i < trigger->trigger.columns.n; i++)
		for (size_t k = 0; k < j->ch->list.n; k++)
			if (slice_ieq(trigger->trigger.columns.at[i], j->ch->list.at[k]))
				return true;
	return trigger->trigger.columns.n == 0;
}

static void trigger_writes(struct judging *j, const struct object *trigger, struct slice table)
{
	struct name n = {trigger->table->schema, table};
	const struct object *o = NULL;

	if (catalog_find(j->c, j->s, OBJECT_TABLE, n, &o) != PRESENT)
		return;
	effect_touch(j->a, &j->e->writes_rows, &j->e->nwrites_rows,
		(struct touched){.type = OBJECT_TABLE,
			.object = {o->schema, o->name},
			.certain = !trigger->trigger.condition.text.len,
			.new_in_tx = e_new(j, o)});
}

/* INSERT INTO x, UPDATE [OR …] x, DELETE FROM x, REPLACE INTO x; RAISE( */
static void follow_trigger(struct judging *j, const struct object *trigger)
{
	struct lexer l;
	struct token before = {0}, t;

	lexer_init(&l, DIALECT_SQLITE, trigger->trigger.body.text);
	for (t = lexer_next(&l); t.kind != TOKEN_END && t.kind != TOKEN_BAD; t = lexer_next(&l)) {
		bool into = token_is(t, "INTO"), update = token_is(t, "UPDATE"),
		     from = token_is(t, "FROM") && token_is(before, "DELETE");

		if (token_is(t, "RAISE"))
			e_may_fail(j, "trigger %.*s may raise an error", SLICE(trigger->name));
		if (update && token_is(lexer_peek(&l), "OR")) {
			lexer_next(&l);
			lexer_next(&l);
		}
		before = t;
		j->overwrites |= update || from || token_is(t, "REPLACE");
		if (into || update || from)
			trigger_writes(
				j, trigger, token_value(j->a, DIALECT_SQLITE, lexer_peek(&l)));
	}
}

/* False when the target is a view that no INSTEAD OF trigger serves. */
static bool follow_triggers(struct judging *j)
{
	bool served = j->o->type == OBJECT_TABLE;

	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *t = j->o->parts[i];

		if (t->type != OBJECT_TRIGGER || !fires(j, t))
			continue;
		served = j->triggers = true;
		follow_trigger(j, t);
	}
	return served;
}

/* SET column = NULL, of a column that must not be. */
static void nulls_fit(struct judging *j)
{
	struct lexer l;
	struct token t[3] = {{0}};
	bool ignores = false;

	lexer_init(&l, DIALECT_SQLITE, j->st->text);
	do {
		enum presence p;
		const struct object *c;

		t[0] = t[1];
		t[1] = t[2];
		t[2] = lexer_next(&l);
		ignores |= token_is(t[1], "UPDATE") && token_is(t[2], "OR");
		if (token_is(t[2], "WHERE"))
			return;
		if (!token_punct(t[1], "=") || !token_is(t[2], "NULL") || ignores)
			continue;
		c = e_part(j, OBJECT_COLUMN, token_value(j->a, DIALECT_SQLITE, t[0]), &p);
		if (c && c->column.not_null)
			e_fails(j, "NOT NULL constraint failed: %.*s.%.*s", SLICE(j->full.name),
				SLICE(c->name));
	} while (t[2].kind != TOKEN_END && t[2].kind != TOKEN_BAD);
}

/* Tables of subqueries and of FROM. */
static void missing_tables(struct judging *j)
{
	for (size_t i = 0; i < j->ch->reads.n; i++) {
		struct name n = e_full_name(j->ch->reads.at[i]);

		if (!slice_istarts(n.name, "pragma_") && !slice_istarts(n.name, "json_") &&
			!slice_istarts(n.name, "sqlite_") && !j->s->attached.n &&
			catalog_find(j->c, j->s, OBJECT_NONE, n, NULL) == ABSENT)
			e_fails(j, "no such table: %.*s", SLICE(n.name));
	}
}

void judge_data(struct judging *j)
{
	bool own_table = slice_istarts(j->full.name, "sqlite_");

	e_write(j);
	e_known_database(j, j->ch->target.schema);
	if (slice_iis(j->full.name, "sqlite_master") || slice_iis(j->full.name, "sqlite_schema")) {
		if (!j->s->writable_schema)
			e_fails(j, "table %.*s may not be modified", SLICE(j->full.name));
		e_needs(j, "what becomes of the schema");
	}
	missing_tables(j);
	if (!own_table && e_table_there(j)) {
		e_missing_parents(j);
		if (j->o->type == OBJECT_TABLE)
			missing_columns(j);
		if (!follow_triggers(j))
			e_fails(j, "cannot modify %.*s because it is a view", SLICE(j->full.name));
	}
	if (!j->o || j->o->type == OBJECT_TABLE)
		effect_touch(j->a, &j->e->writes_rows, &j->e->nwrites_rows,
			e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
	children(j);
	if (j->ch->kind == CHANGE_INSERT || j->ch->kind == CHANGE_REPLACE) {
		judge_insert(j);
		return;
	}
	if (j->ch->kind == CHANGE_UPDATE && j->o && j->o->type == OBJECT_TABLE)
		nulls_fit(j);
	scan_of_target(j);
	j->e->undo = UNDO_NONE;
	if (j->ch->kind == CHANGE_UPDATE)
		j->e->rerun = again_update(j);
	else
		j->e->rerun = j->ch->flags & CHANGE_HAS_LIMIT ? RERUN_DIFFERS : RERUN_SAME;
	if (j->e->rerun == RERUN_UNKNOWN)
		e_needs(j, "what a second run would meet");
}
