/* undo.c - the way back of changes that are fine as they stand, where there is one. */
#include "rewrite/internal.h"

/* A part or an object as the catalog has it, to be made again. */
static const struct object *part(struct step_writer *w, enum object_type type, struct slice name)
{
	const struct object *o = NULL;

	if (!w->table || catalog_part(w->in->before, w->table, type, name, &o) != PRESENT)
		return NULL;
	return o;
}

static bool undo_of_column(struct step_writer *w, struct piece_list *to)
{
	const struct change *c = w->c;
	const struct object *col = part(w, OBJECT_COLUMN, c->name);
	struct slice old = col ? best(col->column.default_value) : SLICE_NONE;

	if (c->kind == CHANGE_ADD_COLUMN)
		piece(w, to, "ALTER TABLE %n DROP COLUMN %i", T(w), c->name);
	else if (c->kind == CHANGE_RENAME_COLUMN)
		piece(w, to, "ALTER TABLE %n RENAME COLUMN %i TO %i", T(w), c->other.name, c->name);
	else if ((c->kind == CHANGE_SET_DEFAULT || c->kind == CHANGE_DROP_DEFAULT) && col)
		piece(w, to,
			old.len ? "ALTER TABLE %n ALTER COLUMN %i SET DEFAULT %s"
				: "ALTER TABLE %n ALTER COLUMN %i DROP DEFAULT",
			T(w), c->name, old);
	else if (c->kind == CHANGE_SET_NOT_NULL && w->d == DIALECT_POSTGRES)
		piece(w, to, "ALTER TABLE %n ALTER COLUMN %i DROP NOT NULL", T(w), c->name);
	else if (c->kind == CHANGE_DROP_NOT_NULL && w->d == DIALECT_POSTGRES)
		piece(w, to, "ALTER TABLE %n ALTER COLUMN %i SET NOT NULL", T(w), c->name);
	else if (c->kind == CHANGE_ALTER_TYPE && col)
		piece(w, to, "ALTER TABLE %n ALTER COLUMN %i TYPE %s", T(w), c->name,
			col->column.type);
	else
		return false;
	return true;
}

static bool undo_of_table_part(struct step_writer *w, struct piece_list *to)
{
	const struct change *c = w->c;
	const struct object *o = NULL;

	switch (c->kind) {
	case CHANGE_ADD_CONSTRAINT:
		if (slice_empty(c->def->name))
			return false;
		piece(w, to, "ALTER TABLE %n DROP CONSTRAINT %i", T(w), c->def->name);
		return true;
	case CHANGE_DROP_CONSTRAINT:
		o = part(w, OBJECT_CONSTRAINT, c->name);
		if (!o || w->d == DIALECT_SQLITE)
			return false;
		piece_text(w, to, rendered(w, o));
		return true;
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
			piece_text(w, to, rendered(w, o));
		return o != NULL;
	default:
		return false;
	}
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
		piece(w, to, "DROP SCHEMA %i",
			c->target.name.len ? c->target.name : c->target.schema);
		return true;
	case CHANGE_RENAME_TABLE:
		piece(w, to, "ALTER TABLE %n RENAME TO %i", c->target.schema, c->other.name,
			c->target.name);
		return true;
	default:
		break;
	}
	if (!drop || (c->flags & CHANGE_IF_NOT_EXISTS))
		return false;
	piece(w, to, drop, T(w));
	return true;
}

/* What is taken back stands before what was there; a change without a way back leaves the step
 * without any. */
void undo_one(struct step_writer *w, struct safe_step *s)
{
	struct piece_list mine = {0};

	if (s->one_way)
		return;
	if (!undo_of_column(w, &mine) && !undo_of_table_part(w, &mine) &&
		!undo_of_object(w, &mine)) {
		s->down = (struct piece_list){0};
		s->one_way = true;
		return;
	}
	for (size_t i = 0; i < s->down.n; i++)
		piece_text(w, &mine, s->down.at[i]);
	s->down = mine;
}
