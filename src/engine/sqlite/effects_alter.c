/* effects_alter.c - ALTER TABLE and DROP TABLE.
 *
 * What SQLite's alter.c does: RENAME and ADD COLUMN edit the text in sqlite_schema, ADD COLUMN with
 * a CHECK reads the rows (3.37), DROP COLUMN writes every row anew.
 * https://sqlite.org/lang_altertable.html and tried on 3.40. */
#include "engine/sqlite/effects.h"

#include "engine/unknown_column.h"
#include "sql/token.h"

#include <stdint.h>

/* ---- ADD COLUMN ---- */

static const struct object *inline_constraint(const struct object *column, const char *kind)
{
	for (size_t i = 0; i < column->nparts; i++)
		if (slice_is(column->parts[i]->constraint.kind, kind))
			return column->parts[i];
	return NULL;
}

static bool is_operator(struct token t)
{
	static const char *const words[] = {"CASE", "NOT", "COLLATE", "IS", "IN", "AND", "OR",
		"LIKE", "GLOB", "MATCH", "REGEXP", "BETWEEN", "ISNULL", "NOTNULL", "ESCAPE"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(t, words[i]))
			return true;
	return false;
}

/* ADD COLUMN takes literals, signed numbers and casts of them: no operators, calls or clocks. */
static bool is_plain_default(const struct expr *e)
{
	struct lexer l;
	bool operand = false;

	if (e->facts && !e->facts->constant)
		return false;
	lexer_init(&l, DIALECT_SQLITE, e->text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		if (is_operator(t))
			return false;
		bool sign = t.kind == TOKEN_PUNCT && !token_punct(t, "(") && !token_punct(t, ")");

		if (sign && (operand || (!token_punct(t, "-") && !token_punct(t, "+"))))
			return false;
		operand = operand || t.kind == TOKEN_NUMBER || t.kind == TOKEN_STRING;
	}
	return true;
}

static bool is_null_default(const struct expr *e)
{
	return !e->text.len || (e->facts && e->facts->null);
}

/* What SQLite refuses only where there are rows. */
static void refused_with_rows(struct judging *j, const char *why)
{
	e_may_fail(
		j, "%s: refused unless %.*s is empty", why, SLICE(e_path(j, j->full, SLICE_NONE)));
}

/* A literal that a column of a STRICT table takes as it is or by its affinity. */
static bool fits_strict(struct slice type, struct slice value)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, DIALECT_SQLITE, value);
	do
		t = lexer_next(&l);
	while (t.kind == TOKEN_PUNCT);
	if (t.kind == TOKEN_END || token_is(t, "NULL") || slice_iis(type, "any"))
		return true;
	if (t.kind == TOKEN_STRING && slice_istarts(t.text, "x"))
		return slice_iis(type, "blob");
	if (slice_iis(type, "text"))
		return true;
	if (slice_iis(type, "blob"))
		return false;
	if (t.kind == TOKEN_NUMBER)
		return slice_iis(type, "real") || slice_chr(t.text, '.') == SIZE_MAX;
	return token_is(t, "TRUE") || token_is(t, "FALSE");
}

/* Since 3.44 ADD COLUMN looks at the rows of a STRICT table. */
static void strict_rows(struct judging *j, const struct column_def *c)
{
	if (!j->o || !j->o->table_.strict || j->version < SQLITE_V(3, 44, 0))
		return;
	effect_touch(
		j->a, &j->e->scans, &j->e->nscans, e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
	if (c->generated.len)
		e_may_fail(j, "rows of %.*s may give values of another type",
			SLICE(e_path(j, j->full, SLICE_NONE)));
	else if (!fits_strict(c->type, c->default_value.text))
		refused_with_rows(j, "type mismatch on DEFAULT");
}

/* rowid, oid and _rowid_ are no names for columns any more. */
static void rowid_alias(struct judging *j, const char *what, struct slice name)
{
	bool alias =
		slice_iis(name, "rowid") || slice_iis(name, "oid") || slice_iis(name, "_rowid_");

	if (alias && j->version >= SQLITE_V(3, 54, 0) && j->o && !j->o->table_.without_rowid)
		e_fails(j, "cannot %s rowid alias: %.*s", what, SLICE(name));
}

static void strict_type(struct judging *j, const struct column_def *c)
{
	static const char *const types[] = {"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"};

	if (!j->o || !j->o->table_.strict)
		return;
	if (!c->type.len)
		e_fails(j, "missing datatype for %.*s.%.*s", SLICE(j->full.name),
			SLICE(j->ch->name));
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (slice_iis(c->type, types[i]))
			return;
	e_fails(j, "unknown datatype for %.*s.%.*s: \"%.*s\"", SLICE(j->full.name),
		SLICE(j->ch->name), SLICE(c->type));
}

static void column_rules(struct judging *j, const struct object *col)
{
	const struct column_def *c = &col->column;

	if (inline_constraint(col, "primary key"))
		e_fails(j, "Cannot add a PRIMARY KEY column");
	if (inline_constraint(col, "unique"))
		e_fails(j, "Cannot add a UNIQUE column");
	strict_type(j, c);
	if (c->generated.len) {
		e_too_new(j, SQLITE_V(3, 31, 0), "generated columns");
		if (slice_is(c->generated, "stored"))
			refused_with_rows(j, "cannot add a STORED column");
		return;
	}
	if (c->not_null && is_null_default(&c->default_value))
		refused_with_rows(j, "Cannot add a NOT NULL column with default value NULL");
	if (!is_plain_default(&c->default_value))
		refused_with_rows(j, "Cannot add a column with non-constant default");
	if (j->s->foreign_keys && inline_constraint(col, "foreign key") &&
		!is_null_default(&c->default_value))
		refused_with_rows(j, "Cannot add a REFERENCES column with non-NULL default value");
}

/* What a computed column is computed from, and what its check looks at. */
static void names_are_there(struct judging *j, struct slice text)
{
	struct slice name;

	if (text.len && j->o && j->o->type == OBJECT_TABLE &&
		unknown_in_expression(j->a, j->c, j->o, j->ch->name, text, &name))
		e_fails(j, "error in table %.*s after add column: no such column: %.*s",
			SLICE(j->full.name), SLICE(name));
}

static void add_column(struct judging *j)
{
	const struct object *col = j->ch->def;
	bool checked = inline_constraint(col, "check") ||
		       (col->column.not_null && col->column.generated.len);
	enum presence there;

	e_part(j, OBJECT_COLUMN, j->ch->name, &there);
	if (there == PRESENT)
		e_fails(j, "duplicate column name: %.*s", SLICE(j->ch->name));
	if (j->ch->payload)
		e_fails(j, "error in table %.*s after add column: %.*s", SLICE(j->full.name),
			SLICE(*(const struct slice *)j->ch->payload));
	column_rules(j, col);
	names_are_there(j, col->column.generation.text);
	if (inline_constraint(col, "check"))
		names_are_there(j, inline_constraint(col, "check")->constraint.expression.text);
	strict_rows(j, &col->column);
	rowid_alias(j, "add", j->ch->name);
	/* It is accepted, and then every row is refused: generated column loop. */
	if (col->column.generated.len && e_mentions(col->column.generation.text, j->ch->name))
		e_breaks(j, BREAKS_OLD_WRITERS, OBJECT_COLUMN, j->ch->name);
	if (checked && j->version >= SQLITE_V(3, 37, 0)) {
		effect_touch(j->a, &j->e->scans, &j->e->nscans,
			e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
		e_may_fail(j, "rows of %.*s may not satisfy the new constraint",
			SLICE(e_path(j, j->full, SLICE_NONE)));
	}
	e_breaks(j, BREAKS_NEW_CODE, OBJECT_COLUMN, j->ch->name);
	if (!col->column.generated.len)
		e_values_counted(j);
	if (col->column.not_null && !col->column.generated.len &&
		is_null_default(&col->column.default_value))
		e_breaks(j, BREAKS_OLD_WRITERS, OBJECT_COLUMN, j->ch->name);
}

/* ---- DROP COLUMN ---- */

static size_t ordinary_columns(const struct object *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && !t->parts[i]->column.generated.len)
			n++;
	return n;
}

static bool has_column(struct names n, struct slice column)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_ieq(n.at[i], column))
			return true;
	return false;
}

/* A constraint that was written beside the column goes with it; whatever else mentions it stops the
 * statement. */
static void constraint_stops(struct judging *j, const struct object *o, struct slice column)
{
	const struct constraint_def *c = &o->constraint;
	bool mine = has_column(c->columns, column);

	if (slice_is(c->kind, "primary key") && mine)
		e_fails(j, "cannot drop PRIMARY KEY column: \"%.*s\"", SLICE(column));
	else if (slice_is(c->kind, "unique") && mine)
		e_fails(j, "cannot drop UNIQUE column: \"%.*s\"", SLICE(column));
	else if (has_column(c->beside, column))
		return;
	else if (slice_is(c->kind, "foreign key") && mine)
		e_fails(j,
			"error in table %.*s after drop column: unknown column \"%.*s\" in foreign "
			"key definition",
			SLICE(j->full.name), SLICE(column));
	else if (slice_is(c->kind, "check") && e_mentions(c->expression.text, column))
		e_fails(j, "error in table %.*s after drop column: no such column: %.*s",
			SLICE(j->full.name), SLICE(column));
}

/* new.column, old.column */
static bool row_mentions(struct slice text, struct slice column)
{
	struct lexer l;
	struct arena a = {0};
	struct token before = {0}, dot = {0}, t;
	bool found = false;

	lexer_init(&l, DIALECT_SQLITE, text);
	while (!found && (t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		found = token_punct(dot, ".") &&
			(token_is(before, "new") || token_is(before, "old")) &&
			slice_ieq(token_value(&a, DIALECT_SQLITE, t), column);
		before = dot;
		dot = t;
	}
	arena_done(&a);
	return found;
}

static void part_stops(struct judging *j, const struct object *o, struct slice column)
{
	if (o->type == OBJECT_CONSTRAINT) {
		constraint_stops(j, o, column);
	} else if (o->type == OBJECT_INDEX && has_column(o->index.columns, column)) {
		e_fails(j, "error in index %.*s after drop column: no such column: %.*s",
			SLICE(o->name), SLICE(column));
	} else if (o->type == OBJECT_COLUMN && !slice_ieq(o->name, column) &&
		   e_mentions(o->column.generation.text, column)) {
		e_fails(j, "generated column %.*s uses %.*s", SLICE(o->name), SLICE(column));
	} else if (o->type == OBJECT_TRIGGER &&
		   (row_mentions(o->trigger.body.text, column) ||
			   row_mentions(o->trigger.condition.text, column))) {
		e_fails(j, "error in trigger %.*s after drop column: no such column: new.%.*s",
			SLICE(o->name), SLICE(column));
	} else if (o->type == OBJECT_TRIGGER &&
		   (e_mentions(o->trigger.body.text, column) ||
			   e_mentions(o->trigger.condition.text, column))) {
		e_may_fail(j, "trigger %.*s mentions %.*s", SLICE(o->name), SLICE(column));
	}
}

/* Can the view mean no other table's column, and none that it calls so itself? */
static bool means_ours(struct judging *j, const struct object *view, struct slice column)
{
	struct slice alias = arena_printf(j->a, " as %.*s", SLICE(column));

	if (slice_ifind(view->view.query.text, alias) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < view->view.reads.n; i++) {
		struct slice name = view->view.reads.at[i];
		size_t dot = slice_chr(name, '.');
		struct name n = {SLICE_NONE, dot == SIZE_MAX ? name : slice_from(name, dot + 1)};
		const struct object *t, *part;

		if (catalog_find(j->c, j->s, OBJECT_TABLE, n, &t) != PRESENT)
			return false;
		if (t != j->o && catalog_part(j->c, t, OBJECT_COLUMN, column, &part) != ABSENT)
			return false;
	}
	return true;
}

static void views_stop(struct judging *j, struct slice column)
{
	const struct object **v;
	size_t n = catalog_dependents(j->c, j->o, SLICE_NONE, j->a, &v);

	for (size_t i = 0; i < n; i++) {
		if (v[i]->type != OBJECT_VIEW || !e_mentions(v[i]->view.query.text, column))
			continue;
		if (v[i]->view.reads.n == 1 || means_ours(j, v[i], column))
			e_fails(j, "error in view %.*s after drop column: no such column: %.*s",
				SLICE(v[i]->name), SLICE(column));
		else
			e_may_fail(j, "view %.*s mentions %.*s", SLICE(v[i]->name), SLICE(column));
	}
}

/* "text" in an index is a string where no column is called so; not for ALTER TABLE, which reads
 * all of the schema again. */
static void strings_stop(struct judging *j)
{
	for (size_t i = 0; i < j->o->nparts; i++) {
		const struct object *o = j->o->parts[i];
		enum presence p;

		for (size_t k = 0; o->type == OBJECT_INDEX && k < o->index.columns.n; k++) {
			e_part(j, OBJECT_COLUMN, o->index.columns.at[k], &p);
			if (p == ABSENT)
				e_fails(j,
					"error in index %.*s after drop column: no such column: "
					"%.*s",
					SLICE(o->name), SLICE(o->index.columns.at[k]));
		}
	}
}

/* Nobody writes it. */
static bool is_generated(const struct object *column)
{
	return column && column->column.generated.len;
}

static void drop_column(struct judging *j)
{
	struct slice column = j->ch->name;
	enum presence there;
	const struct object *col = e_part(j, OBJECT_COLUMN, column, &there);
	bool stored = !col || !slice_is(col->column.generated, "virtual");

	if (e_too_new(j, SQLITE_V(3, 35, 0), "DROP COLUMN"))
		return;
	if (there == ABSENT)
		e_fails(j, "no such column: \"%.*s\"", SLICE(column));
	if (j->o) {
		if (col && !col->column.generated.len && ordinary_columns(j->o) == 1)
			e_fails(j, "cannot drop column \"%.*s\": no other columns exist",
				SLICE(column));
		for (size_t i = 0; i < j->o->nparts; i++)
			part_stops(j, j->o->parts[i], column);
		if (j->version >= SQLITE_V(3, 36, 0))
			strings_stop(j);
		views_stop(j, column);
		if (!j->s->legacy_alter_table || j->version >= SQLITE_V(3, 36, 0))
			e_broken_views(j);
		e_stars_lose(j, column);
		e_triggers_stop(j, column);
		e_triggers_break(j, column);
	}
	if (stored)
		effect_touch(j->a, &j->e->rewrites, &j->e->nrewrites,
			e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
	effect_touch(j->a, &j->e->destroys, &j->e->ndestroys,
		e_touch(j, OBJECT_COLUMN, j->full, column));
	e_breaks(j, BREAKS_OLD_READERS, OBJECT_COLUMN, column);
	if (!is_generated(col))
		e_breaks(j, BREAKS_OLD_WRITERS, OBJECT_COLUMN, column);
	/* What was computed from other columns can be computed again. */
	j->e->undo = col && col->column.generated.len ? UNDO_EXACT : UNDO_SCHEMA_ONLY;
}

/* ---- RENAME ---- */

/* A change of case alone is refused too: the new name is taken, by the table itself. */
static void rename_table(struct judging *j)
{
	struct name new = {j->full.schema, j->ch->other.name};

	if (catalog_find(j->c, j->s, OBJECT_NONE, new, NULL) == PRESENT)
		e_fails(j, "there is already another table or index with this name: %.*s",
			SLICE(new.name));
	e_reserved(j, new.name);
	if (!j->s->legacy_alter_table && j->version >= SQLITE_V(3, 26, 0)) {
		e_broken_views(j);
		e_broken_triggers(j);
	} else {
		e_views_break(j); /* their text stays as it was */
	}
	e_breaks(j, BREAKS_OLD_READERS, OBJECT_TABLE, SLICE_NONE);
	e_breaks(j, BREAKS_OLD_WRITERS, OBJECT_TABLE, SLICE_NONE);
	j->full = new;
	e_breaks(j, BREAKS_NEW_CODE, OBJECT_TABLE, SLICE_NONE);
}

static void rename_column(struct judging *j)
{
	const struct object *col;
	enum presence there;

	if (e_too_new(j, SQLITE_V(3, 25, 0), "RENAME COLUMN"))
		return;
	col = e_part(j, OBJECT_COLUMN, j->ch->name, &there);
	if (there == ABSENT)
		e_fails(j, "no such column: \"%.*s\"", SLICE(j->ch->name));
	e_part(j, OBJECT_COLUMN, j->ch->other.name, &there);
	if (there == PRESENT && !slice_ieq(j->ch->name, j->ch->other.name))
		e_fails(j, "duplicate column name: %.*s", SLICE(j->ch->other.name));
	e_broken_views(j);
	e_broken_triggers(j);
	rowid_alias(j, "rename to", j->ch->other.name);
	if (slice_ieq(j->ch->name, j->ch->other.name)) { /* names are the same in any case */
		j->e->rerun = RERUN_SAME;
		return;
	}
	e_breaks(j, BREAKS_OLD_READERS, OBJECT_COLUMN, j->ch->name);
	if (!is_generated(col))
		e_breaks(j, BREAKS_OLD_WRITERS, OBJECT_COLUMN, j->ch->name);
	e_breaks(j, BREAKS_NEW_CODE, OBJECT_COLUMN, j->ch->other.name);
	if (j->o)
		e_views_renamed(j, j->ch->name);
}

/* ---- 3.53: constraints ---- */

static void edit_constraint(struct judging *j)
{
	bool adds = j->ch->kind == CHANGE_SET_NOT_NULL || j->ch->kind == CHANGE_ADD_CONSTRAINT;
	bool column = j->ch->kind == CHANGE_SET_NOT_NULL || j->ch->kind == CHANGE_DROP_NOT_NULL;
	enum presence there = UNKNOWN;

	if (e_too_new(j, SQLITE_V(3, 53, 0), column ? "ALTER COLUMN" : "ADD or DROP CONSTRAINT"))
		return;
	if (j->ch->kind == CHANGE_ADD_CONSTRAINT && j->ch->def &&
		!slice_is(j->ch->def->constraint.kind, "check"))
		e_fails(j,
			"ALTER TABLE can only add CHECK constraints: a %.*s needs the table to be "
			"made anew",
			SLICE(j->ch->def->constraint.kind));
	if (column)
		e_part(j, OBJECT_COLUMN, j->ch->name, &there);
	if (column && there == ABSENT)
		e_fails(j, "no such column: \"%.*s\"", SLICE(j->ch->name));
	if (j->ch->kind == CHANGE_DROP_CONSTRAINT)
		e_part(j, OBJECT_CONSTRAINT, j->ch->name, &there);
	if (j->ch->kind == CHANGE_DROP_CONSTRAINT && there == ABSENT)
		e_fails(j, "no such constraint: %.*s", SLICE(j->ch->name));
	j->e->rerun = column                     ? RERUN_SAME
		      : adds && !j->ch->name.len ? RERUN_DIFFERS /* one more without a name */
						 : RERUN_FAILS;
	if (!adds)
		return;
	effect_touch(
		j->a, &j->e->scans, &j->e->nscans, e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
	e_may_fail(j, "rows of %.*s may not satisfy the new constraint",
		SLICE(e_path(j, j->full, SLICE_NONE)));
	e_breaks(j, BREAKS_OLD_WRITERS, column ? OBJECT_COLUMN : OBJECT_CONSTRAINT, j->ch->name);
}

void judge_alter(struct judging *j)
{
	j->e->rerun = RERUN_FAILS;
	j->e->undo = UNDO_EXACT;
	e_write(j);
	if (e_table_there(j)) {
		if (j->o->type != OBJECT_TABLE)
			e_fails(j, "view %.*s may not be altered", SLICE(j->full.name));
		else if (slice_is(j->o->table_.kind, "virtual") &&
			 j->ch->kind != CHANGE_RENAME_TABLE)
			e_fails(j, "virtual tables may not be altered");
	}
	if (slice_istarts(j->full.name, "sqlite_"))
		e_fails(j, "table %.*s may not be altered", SLICE(j->full.name));
	if (j->ch->kind == CHANGE_ADD_COLUMN)
		add_column(j);
	else if (j->ch->kind == CHANGE_DROP_COLUMN)
		drop_column(j);
	else if (j->ch->kind == CHANGE_RENAME_TABLE)
		rename_table(j);
	else if (j->ch->kind == CHANGE_RENAME_COLUMN)
		rename_column(j);
	else
		edit_constraint(j);
}

/* ---- DROP TABLE ---- */

/* With foreign keys on, DROP TABLE first deletes every row, and the children's ON DELETE acts. */
static void implicit_delete(struct judging *j)
{
	const struct object **keys;
	size_t n = catalog_referencing(j->c, j->o, j->a, &keys);

	for (size_t i = 0; i < n; i++) {
		const struct object *child = keys[i]->table;
		struct slice action = keys[i]->constraint.on_delete;
		struct name name;

		if (!child || child == j->o)
			continue;
		name = (struct name){child->schema, child->name};
		if (slice_is(action, "cascade") || slice_is(action, "set null") ||
			slice_is(action, "set default")) {
			e_goes_with(j, child, action);
			continue;
		}
		e_may_fail(j, "rows of %.*s refer to it: FOREIGN KEY constraint failed",
			SLICE(e_path(j, name, SLICE_NONE)));
	}
}

void judge_drop_table(struct judging *j)
{
	bool quiet = j->ch->flags & CHANGE_IF_EXISTS;

	j->e->rerun = quiet ? RERUN_SAME : RERUN_FAILS;
	j->e->undo = UNDO_SCHEMA_ONLY;
	if (j->presence == ABSENT && quiet) {
		j->e->undo = UNDO_EXACT;
		e_nothing_there(j);
		return;
	}
	e_write(j);
	if (j->o && j->o->type == OBJECT_VIEW)
		e_fails(j, "use DROP VIEW to delete view %.*s", SLICE(j->full.name));
	if (slice_istarts(j->full.name, "sqlite_") && !slice_istarts(j->full.name, "sqlite_stat"))
		e_fails(j, "table %.*s may not be dropped", SLICE(j->full.name));
	if (j->presence == ABSENT) {
		e_fails(j, "no such table: %.*s", SLICE(j->full.name));
		return;
	}
	if (j->presence == UNKNOWN)
		e_needs(j, "whether %.*s exists", SLICE(e_path(j, j->full, SLICE_NONE)));
	effect_touch(j->a, &j->e->destroys, &j->e->ndestroys,
		e_touch(j, OBJECT_TABLE, j->full, SLICE_NONE));
	e_breaks(j, BREAKS_OLD_READERS, OBJECT_TABLE, SLICE_NONE);
	e_breaks(j, BREAKS_OLD_WRITERS, OBJECT_TABLE, SLICE_NONE);
	if (j->temporary) {
		if (!j->ch->target.schema.len &&
			catalog_find(j->c, j->s, OBJECT_TABLE,
				(struct name){SL("main"), j->full.name}, NULL) == PRESENT)
			j->e->rerun = RERUN_DIFFERS; /* it takes the one that this one hid */
		return;
	}
	e_views_break(j);
	e_triggers_break(j, SLICE_NONE);
	e_children_break(j);
	if (j->o && j->s->foreign_keys)
		implicit_delete(j);
}
