/* drop.c - dropping an object, what goes with it and what stands in the way.
 *
 * PostgreSQL: indexes, constraints, triggers, policies, owned sequences and partitions go with a
 * table; foreign keys of other tables, views, inheriting tables and columns that use a type or a
 * sequence need CASCADE. MySQL minds foreign keys only, SQLite nothing.
 * https://www.postgresql.org/docs/current/ddl-depend.html */
#include "catalog/internal.h"

static struct name own_name(const struct node *n)
{
	return (struct name){n->o.schema, n->o.name};
}

/* Is the object (or the table it is part of) dropped by the same statement? */
static bool dropped_too(struct apply *x, const struct node *n)
{
	const struct object *top = n->o.table ? n->o.table : &n->o;

	for (size_t i = 0; i < x->c->nbatch; i++) {
		const struct change *ch = &x->c->batch[i];

		if (change_class_of(ch->kind) != CLASS_DROP ||
			!same_name(x->c, top->type, ch->target.name, top->name))
			continue;
		if (name_eq(catalog_resolve(x->c, x->s, OBJECT_NONE, ch->target),
			    (struct name){top->schema, top->name}))
			return true;
	}
	return false;
}

/* What may be gone, or another thing by now, is in nobody's way for sure. */
static bool blocked(struct apply *x, const struct node *by, struct slice *blocker)
{
	if (by->o.tainted || (by->o.table && by->o.table->tainted)) {
		x->unsure = true;
		return true;
	}
	*blocker = textf(
		x->c, "%s %.*s depends on it", object_type_word(by->o.type), SLICE(path_of(x, by)));
	return false;
}

static void leave_publication(struct apply *x, struct node *pub, struct name table)
{
	struct object *o = node_edit(x->c, pub);

	o->other.members = names_without(x->c, o->other.members, dotted(&x->c->undo_arena, table));
	node_edited(x->c, pub);
}

static bool is_of_type(const struct node *col, const struct node *n)
{
	return name_eq(type_named(col->o.column.type), own_name(n));
}

/* A column that uses what is dropped: goes with its type or its generation expression, loses its
 * default otherwise. */
static bool drop_user_column(struct apply *x, struct node *col, const struct node *n, bool cascade,
	struct slice *blocker)
{
	bool of_type = is_of_type(col, n);
	struct object *o;

	if (!of_type && !col->o.column.default_value.text.len && !col->o.column.generated.len)
		return true; /* its own sequence */
	if (!of_type && (n->o.type == OBJECT_TABLE || n->o.type == OBJECT_VIEW ||
				n->o.type == OBJECT_MATVIEW))
		return true; /* a name in a text */
	if (!cascade && !dropped_too(x, col))
		return blocked(x, col, blocker);
	if (of_type || col->o.column.generated.len)
		return drop_column_all(x, node_of(col->o.table), col, true, blocker);
	o = node_edit(x->c, col);
	o->column.default_value = (struct expr){0};
	if (n->o.type == OBJECT_SEQUENCE)
		o->column.sequence = (struct names){0};
	node_edited(x->c, col);
	return true;
}

/* Does a function take or give this type, or rows of this table? Bodies are text to the server. */
static bool function_needs(const struct node *fn, const struct node *n)
{
	struct arena scratch = {0};
	struct slice path = dotted(&scratch, own_name(n));
	bool needs = slice_find(fn->o.function.returns, path) != SIZE_MAX ||
		     slice_find(fn->o.name, path) != SIZE_MAX;

	arena_done(&scratch);
	return needs;
}

/* A part that names a table in a text does not depend on it: only its expressions can. */
static bool only_in_text(const struct node *d, const struct node *n)
{
	bool relation = n->o.type == OBJECT_TABLE || n->o.type == OBJECT_VIEW ||
			n->o.type == OBJECT_MATVIEW || n->o.type == OBJECT_INDEX;

	if (!relation)
		return false;
	if (d->o.type == OBJECT_CONSTRAINT)
		return !name_eq(d->o.constraint.ref_table, own_name(n));
	if (d->o.type == OBJECT_INDEX)
		return !name_eq(d->o.index.partition_of, own_name(n));
	return d->o.type == OBJECT_POLICY || d->o.type == OBJECT_TRIGGER;
}

static bool drop_dependent(
	struct apply *x, struct node *d, const struct node *n, bool cascade, struct slice *blocker)
{
	struct object *o = &d->o;
	bool partition = o->type == OBJECT_TABLE && name_eq(o->table_.partition_of, own_name(n));
	bool automatic = partition || o->type == OBJECT_SEQUENCE || dropped_too(x, d);

	if (only_in_text(d, n) || (o->type == OBJECT_FUNCTION && !function_needs(d, n)))
		return true;
	if (o->type == OBJECT_STATISTICS) {
		node_drop(x->c, d);
		return true;
	}
	if (o->type == OBJECT_PUBLICATION) {
		leave_publication(x, d, own_name(n));
		return true;
	}
	if (o->type == OBJECT_COLUMN)
		return drop_user_column(x, d, n, cascade, blocker);
	if (!automatic && !cascade)
		return blocked(x, d, blocker);
	if (o->type == OBJECT_CONSTRAINT) {
		drop_constraint(x, d);
		return true;
	}
	if (o->table) {
		part_drop(x->c, d);
		return true;
	}
	if (dropped_too(x, d))
		return true; /* its own turn comes */
	return drop_all(x, d, cascade, blocker);
}

/* The mention of a column's own sequence, or of the table by its own parts, keeps nothing alive. */
static bool concerns(const struct node *d, const struct node *n)
{
	if (d->gone || d == n || d->o.table == &n->o)
		return false;
	return !d->going && !(d->o.table && node_of(d->o.table)->going);
}

static bool drop_mentions(
	struct apply *x, struct node *n, struct name by, bool cascade, struct slice *blocker)
{
	struct node **v;
	size_t count = mentions(x->c, by, &x->c->undo_arena, &v);

	for (size_t i = 0; i < count; i++)
		if (concerns(v[i], n) && !drop_dependent(x, v[i], n, cascade, blocker))
			return false;
	return true;
}

/* Functions are mentioned without their arguments: with several of a name nobody knows which. */
static bool is_overloaded(const struct catalog *c, struct name bare)
{
	struct node *first = node_find(c, OBJECT_FUNCTION, bare);

	return first && node_again(c, first, OBJECT_FUNCTION, bare);
}

static bool drop_postgres(struct apply *x, struct node *n, bool cascade, struct slice *blocker)
{
	struct name name = own_name(n);
	enum object_type t = n->o.type;

	if (t == OBJECT_FUNCTION) {
		name.name = slice_sub(name.name, 0, slice_chr(name.name, '('));
		if (is_overloaded(x->c, name))
			return true;
	}
	if (!drop_mentions(x, n, name, cascade, blocker))
		return false;
	/* Written without the schema, in an author's text. */
	name.schema = SLICE_NONE;
	return (t != OBJECT_FUNCTION && t != OBJECT_TYPE && t != OBJECT_SEQUENCE) ||
	       drop_mentions(x, n, name, cascade, blocker);
}

static bool drop_mysql(struct apply *x, struct node *n, struct slice *blocker)
{
	const struct object **v;
	size_t count = catalog_referencing(x->c, &n->o, &x->c->undo_arena, &v);

	for (size_t i = 0; i < count && x->s->foreign_keys; i++)
		if (!dropped_too(x, node_of(v[i])))
			return blocked(x, node_of(v[i]), blocker);
	return true;
}

bool drop_all(struct apply *x, struct node *n, bool cascade, struct slice *blocker)
{
	bool ok;

	n->going = true;
	ok = !is_postgres(x->c) || drop_postgres(x, n, cascade, blocker);
	n->going = false;
	if (!ok)
		return false;
	if (is_mysql(x->c) && !drop_mysql(x, n, blocker))
		return false;
	if (!n->gone) {
		if (n->o.table)
			part_drop(x->c, n);
		else
			node_drop(x->c, n);
	}
	return true;
}

/* ---- Columns ---- */

static bool list_has(const struct catalog *c, struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (same_name(c, OBJECT_COLUMN, n.at[i], s))
			return true;
	return false;
}

static bool constraint_uses(const struct catalog *c, const struct object *o, struct slice column)
{
	return list_has(c, o->constraint.columns, column) ||
	       list_has(c, o->constraint.include, column) ||
	       expr_mentions(c, o->constraint.expression, column);
}

static bool part_uses(struct apply *x, const struct object *o, struct slice column)
{
	struct catalog *c = x->c;

	switch (o->type) {
	case OBJECT_CONSTRAINT:
		return constraint_uses(c, o, column);
	case OBJECT_INDEX:
		return index_uses(c, o, column);
	case OBJECT_COLUMN:
		return o->column.generation.text.len &&
		       expr_mentions(c, o->column.generation, column);
	case OBJECT_TRIGGER:
		return list_has(c, o->trigger.columns, column) ||
		       (o->trigger.condition.text.len &&
			       expr_mentions(c, o->trigger.condition, column));
	case OBJECT_POLICY:
		return expr_mentions(c, o->policy.using_expr, column) ||
		       expr_mentions(c, o->policy.check_expr, column);
	case OBJECT_NONE:
	case OBJECT_SCHEMA:
	case OBJECT_EXTENSION:
	case OBJECT_TABLE:
	case OBJECT_SEQUENCE:
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
	case OBJECT_TYPE:
	case OBJECT_FUNCTION:
	case OBJECT_RULE:
	case OBJECT_STATISTICS:
	case OBJECT_PUBLICATION:
	case OBJECT_EVENT_TRIGGER:
	case OBJECT_EVENT:
	case OBJECT_DEFAULT_ACL:
	case OBJECT_OTHER:
	case OBJECT_DATABASE:
	case OBJECT_ROLE:
	case OBJECT_TYPES_:
		break;
	}
	return false;
}

/* Foreign keys of other tables (or this one) that point at the column. */
static bool drop_referencing(struct apply *x, struct node *table, struct slice column, bool cascade,
	struct slice *blocker)
{
	struct node **v;
	size_t n = mentions(x->c, own_name(table), &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++) {
		struct object *o = &v[i]->o;

		if (v[i]->gone || o->type != OBJECT_CONSTRAINT ||
			!list_has(x->c, o->constraint.ref_columns, column))
			continue;
		if (o->table == &table->o && list_has(x->c, o->constraint.columns, column))
			continue; /* goes with the column */
		if (!cascade)
			return blocked(x, v[i], blocker);
		drop_constraint(x, v[i]);
	}
	return true;
}

static bool drop_reading_views(struct apply *x, struct node *table, struct slice column,
	bool cascade, struct slice *blocker)
{
	const struct object **v;
	size_t n = catalog_dependents(x->c, &table->o, column, &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++) {
		struct node *view = node_of(v[i]);

		if (view->gone)
			continue;
		if (catalog_view_reads(x->c, &view->o, &table->o, column) == PRESENT) {
			if (!cascade)
				return blocked(x, view, blocker);
			if (!drop_all(x, view, true, blocker))
				return false;
			continue;
		}
		x->unsure = true;
		x->why = textf(x->c, "whether view %.*s reads column \"%.*s\" is not known",
			SLICE(path_of(x, view)), SLICE(column));
		if (cascade) { /* it may be gone with the column, or not */
			node_edit(x->c, view)->tainted = true;
			node_edited(x->c, view);
		}
	}
	return true;
}

/* Columns of a table that a partition key mentions cannot go. */
static bool in_partition_key(struct apply *x, const struct node *table, struct slice column)
{
	return table->o.type == OBJECT_TABLE && table->o.table_.partition_key.text.len &&
	       expr_mentions(x->c, table->o.table_.partition_key, column);
}

static bool drop_part_using(struct apply *x, struct node *part, bool cascade, struct slice *blocker)
{
	bool needs_cascade = part->o.type == OBJECT_COLUMN || part->o.type == OBJECT_TRIGGER ||
			     part->o.type == OBJECT_POLICY;

	if (needs_cascade && !cascade)
		return blocked(x, part, blocker);
	if (part->o.type == OBJECT_CONSTRAINT)
		drop_constraint(x, part);
	else if (part->o.type == OBJECT_COLUMN)
		return drop_column_all(x, node_of(part->o.table), part, cascade, blocker);
	else
		part_drop(x->c, part);
	return true;
}

static bool drop_parts_postgres(struct apply *x, struct node *table, struct node *column,
	bool cascade, struct slice *blocker)
{
	struct slice name = column->o.name;
	size_t i = table->o.nparts;

	while (i-- > 0) {
		struct node *part;

		if (i >= table->o.nparts) /* a constraint took its index along */
			continue;
		part = node_of(table->o.parts[i]);
		if (part == column || !part_uses(x, &part->o, name))
			continue;
		/* The index of a constraint goes with the constraint. */
		if (part->o.type == OBJECT_INDEX && part->o.index.constraint.len &&
			part_find(x->c, table, OBJECT_CONSTRAINT, part->o.index.constraint))
			continue;
		if (!drop_part_using(x, part, cascade, blocker))
			return false;
	}
	return true;
}

static void drop_column_sequence(struct apply *x, struct node *table, struct slice column)
{
	struct slice path = textf(x->c, "%.*s.%.*s.%.*s", SLICE(table->o.schema),
		SLICE(table->o.name), SLICE(column));
	struct node **v;
	size_t n = mentions(x->c, own_name(table), &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++)
		if ((v[i]->o.type == OBJECT_SEQUENCE &&
			    slice_eq(v[i]->o.sequence.owned_by, path)) ||
			(v[i]->o.type == OBJECT_STATISTICS &&
				list_has(x->c, v[i]->o.other.members, column)))
			node_drop(x->c, v[i]);
}

static bool drop_column_postgres(struct apply *x, struct node *table, struct node *column,
	bool cascade, struct slice *blocker)
{
	struct slice name = column->o.name;
	struct node **v;
	size_t n = children(x, table, &v);

	if (in_partition_key(x, table, name)) {
		*blocker = SL("it is part of the partition key");
		return false;
	}
	if (!drop_referencing(x, table, name, cascade, blocker) ||
		!drop_reading_views(x, table, name, cascade, blocker) ||
		!drop_parts_postgres(x, table, column, cascade, blocker))
		return false;
	drop_column_sequence(x, table, name);
	part_drop(x->c, column);
	for (size_t i = 0; i < n; i++) {
		struct node *col = part_find(x->c, v[i], OBJECT_COLUMN, name);

		if (col && col->o.column.inherited && !has(x, CHANGE_ONLY) &&
			!col->o.column.own.n &&
			!drop_column_postgres(x, v[i], col, cascade, blocker))
			return false;
		if (col && col->o.column.own.n) { /* stays, as its own alone */
			struct object *o = node_edit(x->c, col);

			o->column.inherited = false;
			o->column.own = (struct names){0};
			node_edited(x->c, col);
		}
	}
	return true;
}

/* ---- MySQL: the column leaves the keys it is in ---- */

static void leave_key(struct apply *x, struct node *part, struct slice column)
{
	struct object *o = node_edit(x->c, part);
	struct names keys = {0};
	bool empty;

	if (o->type == OBJECT_INDEX) {
		for (size_t i = 0; i < o->index.keys.n; i++)
			if (!same_name(x->c, OBJECT_COLUMN, key_column(x->c, o->index.keys.at[i]),
				    column))
				names_add(&x->c->arena, &keys, o->index.keys.at[i]);
		o->index.keys = keys;
		o->index.columns = names_without(x->c, o->index.columns, column);
		empty = keys.n == 0;
	} else {
		o->constraint.columns = names_without(x->c, o->constraint.columns, column);
		empty = o->constraint.columns.n == 0;
	}
	node_edited(x->c, part);
	if (empty)
		part_drop(x->c, part);
}

/* A check over this column alone goes with it; any other check keeps the column. */
static bool only_this_column(
	struct apply *x, const struct node *table, const struct object *check, struct slice column)
{
	for (size_t i = 0; i < table->ncolumns; i++)
		if (!same_name(x->c, OBJECT_COLUMN, table->o.parts[i]->name, column) &&
			expr_mentions(x->c, check->constraint.expression, table->o.parts[i]->name))
			return false;
	return true;
}

static bool drop_column_mysql(
	struct apply *x, struct node *table, struct node *column, struct slice *blocker)
{
	struct slice name = column->o.name;

	if (!drop_referencing(x, table, name, false, blocker))
		return false;
	for (size_t i = table->o.nparts; i-- > 0;) {
		struct node *part = node_of(table->o.parts[i]);

		if (part == column || !part_uses(x, &part->o, name))
			continue;
		if (is_kind(&part->o, "foreign key") || part->o.type == OBJECT_COLUMN)
			return blocked(x, part, blocker);
		if (is_kind(&part->o, "check")) {
			if (!only_this_column(x, table, &part->o, name))
				return blocked(x, part, blocker);
			part_drop(x->c, part);
		} else if (part->o.type != OBJECT_TRIGGER) {
			leave_key(x, part, name);
		}
	}
	part_drop(x->c, column);
	return true;
}

/* ---- SQLite: https://sqlite.org/lang_altertable.html#alter_table_drop_column ---- */

/* A CHECK or REFERENCES that is written beside the column goes with it, whatever it mentions; a
 * clause of the table stays, and so does the column. A key stays in any case. */
static bool stands_beside(struct apply *x, const struct object *o, struct slice column)
{
	return (is_kind(o, "check") || is_kind(o, "foreign key")) && o->constraint.beside.n == 1 &&
	       same_name(x->c, OBJECT_COLUMN, o->constraint.beside.at[0], column);
}

static bool drop_column_sqlite(
	struct apply *x, struct node *table, struct node *column, struct slice *blocker)
{
	struct slice name = column->o.name;

	if (table->ncolumns == 1) {
		*blocker = SL("it is the only column");
		return false;
	}
	for (size_t i = 0; i < table->o.nparts; i++) {
		struct node *part = node_of(table->o.parts[i]);

		if (part == column || !part_uses(x, &part->o, name))
			continue;
		if (stands_beside(x, &part->o, name))
			continue;
		return blocked(x, part, blocker);
	}
	for (size_t i = table->o.nparts; i-- > 0;) {
		struct node *part = node_of(table->o.parts[i]);

		if (stands_beside(x, &part->o, name))
			part_drop(x->c, part);
	}
	part_drop(x->c, column);
	return true;
}

bool drop_column_all(struct apply *x, struct node *table, struct node *column, bool cascade,
	struct slice *blocker)
{
	if (is_mysql(x->c))
		return drop_column_mysql(x, table, column, blocker);
	if (is_sqlite(x->c))
		return drop_column_sqlite(x, table, column, blocker);
	return drop_column_postgres(x, table, column, cascade, blocker);
}
