/* undo.c - the way back of changes that are fine as they stand, where there is one. */
#include "rewrite/internal.h"

#include <stdint.h>

/* A part or an object as the catalog has it, to be made again. */
static const struct object *part(struct step_writer *w, enum object_type type, struct slice name)
{
	const struct object *o = NULL;

	if (!w->table || catalog_part(w->in->before, w->table, type, name, &o) != PRESENT)
		return NULL;
	return o;
}

/* IF NOT EXISTS that finds it, IF EXISTS that does not: nothing was done, nothing is undone. What
 * is not known cannot be told apart, and the wrong guess drops what was there before. */
enum guarded { NOT_GUARDED, DID_NOTHING, DID_IT, NOT_KNOWN };

static enum guarded seen(struct step_writer *w, enum object_type type, struct name n, bool wanted)
{
	const struct object *o;

	switch (catalog_find(w->in->before, w->in->session, type, n, &o)) {
	case PRESENT:
		return wanted ? DID_IT : DID_NOTHING;
	case ABSENT:
		return wanted ? DID_NOTHING : DID_IT;
	case UNKNOWN:
		break;
	}
	return NOT_KNOWN;
}

static enum guarded part_seen(
	struct step_writer *w, enum object_type type, struct slice name, bool wanted)
{
	const struct object *o;

	if (!w->table)
		return seen(w, OBJECT_NONE, w->c->target, true) == DID_NOTHING ? DID_NOTHING
									       : NOT_KNOWN;
	switch (catalog_part(w->in->before, w->table, type, name, &o)) {
	case PRESENT:
		return wanted ? DID_IT : DID_NOTHING;
	case ABSENT:
		return wanted ? DID_NOTHING : DID_IT;
	case UNKNOWN:
		break;
	}
	return NOT_KNOWN;
}

static enum guarded guarded(struct step_writer *w)
{
	const struct change *c = w->c;
	bool creates = c->flags & CHANGE_IF_NOT_EXISTS;

	if (!creates && !(c->flags & CHANGE_IF_EXISTS))
		return NOT_GUARDED;
	switch ((int)c->kind) {
	case CHANGE_ADD_COLUMN:
	case CHANGE_DROP_COLUMN:
		return part_seen(w, OBJECT_COLUMN, c->name, !creates);
	case CHANGE_DROP_CONSTRAINT:
		return part_seen(w, OBJECT_CONSTRAINT, c->name, !creates);
	case CHANGE_CREATE_INDEX:
		if (dialect_is_mysql(w->d))
			return part_seen(w, OBJECT_INDEX, c->def->name, false);
		return seen(w, OBJECT_NONE, (struct name){c->target.schema, c->def->name}, false);
	case CHANGE_DROP_INDEX:
		if (dialect_is_mysql(w->d))
			return part_seen(
				w, OBJECT_INDEX, c->name.len ? c->name : c->target.name, true);
		return seen(w, OBJECT_INDEX, c->target, true);
	case CHANGE_CREATE_TYPE:
	case CHANGE_CREATE_DOMAIN:
		return seen(w, OBJECT_TYPE, c->target, false);
	case CHANGE_CREATE_SCHEMA:
		return seen(w, OBJECT_SCHEMA,
			(struct name){
				.name = c->target.name.len ? c->target.name : c->target.schema},
			false);
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_TABLE_AS:
	case CHANGE_CREATE_VIEW:
	case CHANGE_CREATE_MATVIEW:
	case CHANGE_CREATE_SEQUENCE:
		return seen(w, OBJECT_NONE, c->target, false);
	default: /* of other kinds IF EXISTS is about the table */
		return seen(w, OBJECT_NONE, c->target, true);
	}
}

/* Another change of the same statement, to that column. */
static bool also(struct step_writer *w, enum change_kind kind, struct slice column)
{
	const struct statement *st = w->in->statement;

	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == kind && slice_eq(st->changes[i].name, column))
			return true;
	return false;
}

/* "C", or schema.name as the catalog has it. */
static struct slice collation(struct step_writer *w, struct slice name)
{
	size_t dot = slice_chr(name, '.');

	if (dot == SIZE_MAX)
		return text_of(w, " COLLATE %i", name);
	return text_of(w, " COLLATE %n", slice_n(name.at, dot), slice_from(name, dot + 1));
}

/* The old type again. The default goes first and comes last: it is of that type. */
static bool undo_type(struct step_writer *w, const struct object *col, struct piece_list *to)
{
	const struct change *c = w->c;
	struct slice old = col->column.type, value = best(col->column.default_value);
	bool loose = value.len || also(w, CHANGE_SET_DEFAULT, c->name);
	struct slice collate = SLICE_NONE, cast = SLICE_NONE;

	if (!c->def || slice_empty(c->def->column.type))
		return false;
	if (w->d != DIALECT_POSTGRES) {
		piece(w, to, "ALTER TABLE %n ALTER COLUMN %i TYPE %s", T(w), c->name, old);
		return true;
	}
	/* An array or a document that the author made text of in a way of their own. */
	if (c->value.text.len && slice_ends(old, "[]") && !slice_ends(c->def->column.type, "[]"))
		return false;
	switch (type_goes_back(c->def->column.type, old)) {
	case BACK_BY_ITSELF:
		break;
	case BACK_BY_CAST:
		cast = text_of(w, " USING %i::%s", c->name, old);
		break;
	case BACK_NEVER:
		return false;
	}
	if (col->column.collation.len)
		collate = collation(w, col->column.collation);
	if (loose && !col->column.generated.len)
		piece(w, to,
			value.len ? "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT, ALTER COLUMN %i "
				    "TYPE %s%s%s, ALTER COLUMN %i SET DEFAULT %s"
				  : "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT, ALTER COLUMN %i "
				    "TYPE %s%s%s",
			T(w), c->name, c->name, old, collate, cast, c->name, value);
	else
		piece(w, to, "ALTER TABLE %n ALTER COLUMN %i TYPE %s%s%s", T(w), c->name, old,
			collate, cast);
	return true;
}

static bool undo_of_column(struct step_writer *w, struct piece_list *to)
{
	const struct change *c = w->c;
	const struct object *col = part(w, OBJECT_COLUMN, c->name);
	struct slice old = col ? best(col->column.default_value) : SLICE_NONE;
	bool pg = w->d == DIALECT_POSTGRES;

	if (c->kind == CHANGE_ADD_COLUMN) {
		piece(w, to, "ALTER TABLE %n DROP COLUMN %i", T(w), c->name);
	} else if (c->kind == CHANGE_RENAME_COLUMN) {
		piece(w, to, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), c->other.name, c->name);
	} else if ((c->kind == CHANGE_SET_DEFAULT || c->kind == CHANGE_DROP_DEFAULT) && col) {
		if (!also(w, CHANGE_ALTER_TYPE, c->name))
			piece(w, to,
				old.len ? "ALTER TABLE %n ALTER COLUMN %i SET DEFAULT %s"
					: "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT",
				T(w), c->name, old);
	} else if (c->kind == CHANGE_SET_NOT_NULL && pg) {
		if (!col || !col->column.not_null)
			piece(w, to, "ALTER TABLE %n ALTER COLUMN %i DROP NOT NULL", T(w), c->name);
	} else if (c->kind == CHANGE_DROP_NOT_NULL && pg) {
		if (!col || col->column.not_null)
			piece(w, to, "ALTER TABLE %n ALTER COLUMN %i SET NOT NULL", T(w), c->name);
	} else if (c->kind == CHANGE_ALTER_TYPE && col) {
		return undo_type(w, col, to);
	} else {
		return false;
	}
	return true;
}

/* Made again as it was, also below: what the catalog prints is for one table alone. */
static void made_again(struct step_writer *w, const struct object *o, struct piece_list *to)
{
	struct slice text = rendered(w, o), only = SL(" ONLY ");
	const struct object **all;
	size_t at = SIZE_MAX;

	if (w->d == DIALECT_POSTGRES && o->table &&
		(is_partitioned(o->table) ||
			catalog_partitions(w->in->before, o->table, w->a, &all)) &&
		!(o->type == OBJECT_INDEX && o->index.on_only))
		at = slice_find(text, only);
	if (at != SIZE_MAX)
		text = arena_printf(w->a, "%.*s %.*s", (int)at, text.at,
			SLICE(slice_from(text, at + only.len)));
	piece_text(w, to, text);
}

/* What went with it by CASCADE: constraints of other tables can be made again. */
static bool constraints_too(struct step_writer *w, struct piece_list *to)
{
	const struct effect *e = w->in->effect;

	if (!(w->c->flags & CHANGE_CASCADE))
		return true;
	if (!e)
		return false;
	for (size_t i = 0; i < e->ndestroys; i++) {
		const struct touched *t = &e->destroys[i];
		const struct object *table, *o;

		if (catalog_find(w->in->before, w->in->session, OBJECT_NONE, t->object, &table) !=
			PRESENT)
			return false;
		if (table == w->table && (t->type == OBJECT_INDEX || slice_eq(t->part, w->c->name)))
			continue;
		if (t->type != OBJECT_CONSTRAINT ||
			catalog_part(w->in->before, table, t->type, t->part, &o) != PRESENT)
			return false;
		made_again(w, o, to);
	}
	return true;
}

/* A primary key made its columns NOT NULL. */
static void undo_constraint(struct step_writer *w, struct piece_list *to)
{
	const struct object *def = w->c->def;
	bool primary = slice_is(def->constraint.kind, "primary key");

	if (primary && dialect_is_mysql(w->d)) {
		piece(w, to, "ALTER TABLE %n DROP PRIMARY KEY", T(w));
		return;
	}
	piece(w, to, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), def->name);
	for (size_t i = 0; primary && w->d == DIALECT_POSTGRES && i < def->constraint.columns.n;
		i++) {
		struct slice name = def->constraint.columns.at[i];
		const struct object *col = part(w, OBJECT_COLUMN, name);

		if (col && !col->column.not_null)
			piece(w, to, "ALTER TABLE %n ALTER COLUMN %i DROP NOT NULL", T(w), name);
	}
}

/* A partition of a table that others refer to has constraints of theirs on it. */
static bool is_referenced_partition(struct step_writer *w)
{
	struct name parent = w->c->def ? w->c->def->table_.partition_of : (struct name){0};
	const struct object *o, **all;

	return w->c->kind == CHANGE_CREATE_TABLE && parent.name.len &&
	       catalog_find(w->in->before, w->in->session, OBJECT_TABLE, parent, &o) == PRESENT &&
	       catalog_referencing(w->in->before, o, w->a, &all) > 0;
}

static bool undo_of_table_part(struct step_writer *w, struct piece_list *to)
{
	const struct change *c = w->c;
	const struct object *o = NULL;

	switch (c->kind) {
	case CHANGE_ADD_CONSTRAINT:
		if (slice_empty(c->def->name))
			return false;
		undo_constraint(w, to);
		return true;
	case CHANGE_DROP_CONSTRAINT:
		o = part(w, OBJECT_CONSTRAINT, c->name);
		if (!o || w->d == DIALECT_SQLITE)
			return false;
		made_again(w, o, to);
		return constraints_too(w, to);
	case CHANGE_CREATE_INDEX:
		if (slice_empty(c->def->name))
			return false;
		if (dialect_is_mysql(w->d))
			piece(w, to, "DROP INDEX %i ON %n", c->def->name, T(w));
		else
			piece(w, to, "DROP INDEX %s%n",
				c->flags & CHANGE_CONCURRENTLY ? SL("CONCURRENTLY ") : SLICE_NONE,
				c->target.schema, c->def->name);
		return true;
	case CHANGE_DROP_INDEX:
		if (dialect_is_mysql(w->d))
			o = part(w, OBJECT_INDEX, c->name.len ? c->name : c->target.name);
		else if (catalog_find(w->in->before, w->in->session, OBJECT_INDEX, c->target, &o) !=
			 PRESENT)
			o = NULL;
		if (o)
			made_again(w, o, to);
		return o != NULL && !(c->flags & CHANGE_CASCADE);
	default:
		return false;
	}
}

static bool undo_change(struct step_writer *w, struct piece_list *to);

/* With what it was made with, last first. AUTHORIZATION CURRENT_USER names it after whoever runs.
 */
static bool undo_schema(struct step_writer *w, struct piece_list *to)
{
	const struct change *c = w->c;
	struct slice name = c->target.name.len ? c->target.name : c->target.schema;
	struct step_writer inner = *w;

	if (slice_is(name, "current_user") || slice_is(name, "session_user") ||
		slice_is(name, "current_role"))
		return false;
	for (size_t i = c->ninner; i > 0; i--) {
		inner.c = &c->inner[i - 1];
		inner.table = NULL;
		if (!undo_change(&inner, to))
			return false;
	}
	piece(w, to, "DROP SCHEMA %i", name);
	return true;
}

static bool undo_of_object(struct step_writer *w, struct piece_list *to)
{
	const struct change *c = w->c;
	const char *drop = NULL;

	switch (c->kind) {
	case CHANGE_CREATE_TABLE:
	case CHANGE_CREATE_TABLE_AS:
		drop = "DROP TABLE %n";
		break;
	case CHANGE_CREATE_VIEW:
		drop = c->flags & CHANGE_OR_REPLACE ? NULL : "DROP VIEW %n";
		break;
	case CHANGE_CREATE_MATVIEW:
		drop = "DROP MATERIALIZED VIEW %n";
		break;
	case CHANGE_CREATE_SEQUENCE:
		drop = "DROP SEQUENCE %n";
		break;
	case CHANGE_CREATE_TYPE:
		drop = "DROP TYPE %n";
		break;
	case CHANGE_CREATE_DOMAIN:
		drop = "DROP DOMAIN %n";
		break;
	case CHANGE_CREATE_SCHEMA:
		return undo_schema(w, to);
	case CHANGE_RENAME_TABLE:
		piece(w, to, "ALTER TABLE %n RENAME TO %i", c->target.schema, c->other.name,
			c->target.name);
		return true;
	default:
		break;
	}
	if (!drop)
		return false;
	if (is_referenced_partition(w))
		piece(w, to, "ALTER TABLE %n DETACH PARTITION %n",
			c->def->table_.partition_of.schema, c->def->table_.partition_of.name, T(w));
	piece(w, to, drop, T(w));
	return true;
}

static bool undo_change(struct step_writer *w, struct piece_list *to)
{
	return undo_of_column(w, to) || undo_of_table_part(w, to) || undo_of_object(w, to);
}

/* What is taken back stands before what was there; a change without a way back leaves the step
 * without any. */
void undo_one(struct step_writer *w, struct safe_step *s)
{
	struct piece_list mine = {0};

	enum guarded g;

	if (s->one_way)
		return;
	g = guarded(w);
	if (g == DID_NOTHING)
		return;
	if (g == NOT_KNOWN || !undo_change(w, &mine)) {
		s->down = (struct piece_list){0};
		s->one_way = true;
		return;
	}
	for (size_t i = 0; i < s->down.n; i++)
		piece_text(w, &mine, s->down.at[i]);
	s->down = mine;
}
