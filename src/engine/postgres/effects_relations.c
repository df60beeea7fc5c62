/* effects_relations.c - tables, views and materialized views that are made, and what a query reads.
 */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Tables ---- */

/* https://www.postgresql.org/docs/current/limits.html */
enum { MOST_COLUMNS = 1600 };

static void refers_to(struct looking *l, const struct object *table, const struct object *key)
{
	struct relation parent = pg_relation(l, key->constraint.ref_table, OBJECT_TABLE);

	if (parent.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(parent.name.name));
	else if (parent.object && !parent.object->tainted &&
		 !pg_has_unique(parent.object, key->constraint.ref_columns))
		pg_fails(l, "no unique key on the referenced columns");
	if (parent.object && slice_is(parent.object->table_.persistence, "unlogged") &&
		slice_is(table->table_.persistence, "permanent"))
		pg_fails(l, "a logged table cannot have a key to an unlogged one");
	pg_lock_tree(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
}

static void is_partition_of(struct looking *l, const struct object *table)
{
	struct relation parent = pg_relation(l, table->table_.partition_of, OBJECT_TABLE);

	if (parent.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(parent.name.name));
	else if (parent.object && !pg_is_partitioned(&parent))
		pg_fails(l, "\"%.*s\" is not partitioned", SLICE(parent.name.name));
	pg_bound_overlaps(l, &parent, table->table_.partition_bound.text);
	pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
	pg_lock_parent_indexes(l, &parent);
	pg_lock_default_partition(l, &parent, true);
}

/* The relations that a new table is made from or hangs on. */
static void relations_of_new(struct looking *l, const struct object *table)
{
	const struct change *c = l->change;

	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "foreign key") &&
			!name_eq(p->constraint.ref_table, c->target))
			refers_to(l, table, p);
	}
	if (table->table_.partition_of.name.len)
		is_partition_of(l, table);
	for (size_t i = 0; i < c->reads.n; i++) { /* LIKE */
		struct relation r = pg_relation(l, pg_split_name(c->reads.at[i]), OBJECT_NONE);

		if (r.presence == ABSENT)
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		pg_lock(l, &r, PG_ACCESS_SHARE);
	}
	for (size_t i = 0; i < table->table_.inherits.n; i++) {
		struct relation parent =
			pg_relation(l, pg_split_name(table->table_.inherits.at[i]), OBJECT_TABLE);

		pg_lock(l, &parent, PG_SHARE_UPDATE_EXCLUSIVE);
	}
}

static void create_table(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *def = c->def, *there;
	struct name full = catalog_resolve(l->catalog, l->session, OBJECT_TABLE, c->target);

	if (!(c->flags & CHANGE_TEMPORARY) &&
		catalog_find(l->catalog, l->session, OBJECT_NONE, full, &there) == PRESENT) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "relation \"%.*s\" exists already", SLICE(c->target.name));
		return;
	}
	pg_no_schema(l, full.schema);
	if (!(c->flags & CHANGE_TEMPORARY))
		pg_breaks(l, BREAKS_NEW_CODE, OBJECT_TABLE, full, SLICE_NONE);
	if (!def)
		return;
	if (def->nparts > MOST_COLUMNS && def->parts[MOST_COLUMNS]->type == OBJECT_COLUMN)
		pg_fails(l, "tables can have at most %d columns", MOST_COLUMNS);
	relations_of_new(l, def);
}

/* ---- What a query reads ---- */

/* FOR UPDATE OF x locks the rows of x alone; x may be an alias. */
static enum pg_mode read_mode(const struct looking *l, struct slice table)
{
	const struct change *c = l->change;

	if (!(c->flags & CHANGE_FOR_UPDATE))
		return PG_ACCESS_SHARE;
	return c->kind == CHANGE_SELECT && c->list.n && !names_has(c->list, table) ? PG_ACCESS_SHARE
										   : PG_ROW_SHARE;
}

/* The server's own catalogs. */
static bool is_catalog(const struct relation *r, struct name written)
{
	return slice_is(written.schema, "pg_catalog") ||
	       slice_is(written.schema, "information_schema") ||
	       (slice_empty(written.schema) && slice_starts(written.name, "pg_") &&
		       r->presence != PRESENT);
}

void pg_reads(struct looking *l, bool scan, bool below)
{
	bool only = slice_ifind(l->statement->text, SL("from only ")) != SIZE_MAX;

	for (size_t i = 0; i < l->change->reads.n; i++) {
		struct relation r =
			pg_relation(l, pg_split_name(l->change->reads.at[i]), OBJECT_NONE);
		enum pg_mode m = read_mode(l, r.name.name);

		if (is_catalog(&r, pg_split_name(l->change->reads.at[i])))
			continue;
		if (!below || only) {
			pg_lock(l, &r, m);
			if (scan)
				pg_scan_one(l, &r, true);
			continue;
		}
		pg_lock_tree(l, &r, m);
		if (r.type == OBJECT_VIEW)
			pg_lock_below(l, &r, m, scan);
		if (scan)
			pg_scan(l, &r, true);
	}
}

/* ---- Views ---- */

static void add_columns(struct looking *l, const struct object *o, struct names *out)
{
	if (!o)
		return;
	if (o->type != OBJECT_TABLE && o->view.columns.n) {
		*out = names_copy(l->arena, o->view.columns);
		return;
	}
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i]->type == OBJECT_COLUMN)
			names_add(l->arena, out, o->parts[i]->name);
}

struct names pg_column_names(struct looking *l, const struct object *relation)
{
	struct names out = {0};

	add_columns(l, relation, &out);
	return out;
}

/* The names of the columns that a query makes; none: not known. */
static struct names made_columns(struct looking *l)
{
	const struct change *c = l->change;
	struct names out = {0};

	if (c->def->view.columns.n)
		return c->def->view.columns;
	for (size_t i = 0; i < c->ncolumns; i++) {
		struct names of = {0};

		if (!slice_is(c->columns[i].column, "*")) {
			names_add(l->arena, &out, c->columns[i].name);
			continue;
		}
		add_columns(l,
			pg_relation(l, pg_split_name(c->columns[i].relation), OBJECT_NONE).object,
			&of);
		if (of.n == 0)
			return (struct names){0};
		for (size_t k = 0; k < of.n; k++)
			names_add(l->arena, &out, of.at[k]);
	}
	return out;
}

static struct names column_types(struct looking *l, const struct object *view)
{
	struct names out = {0};

	for (size_t i = 0; i < view->nparts; i++)
		if (view->parts[i]->type == OBJECT_COLUMN)
			names_add(
				l->arena, &out, arena_slice(l->arena, view->parts[i]->column.type));
	return out;
}

/* The catalog knows what type a query's columns have: it is tried there and taken back. */
static void same_types(struct looking *l, const struct object *old)
{
	struct catalog *c = (struct catalog *)l->catalog;
	struct session s = *l->session;
	struct names was = column_types(l, old), now = {0};
	size_t mark = catalog_mark(c);
	const struct object *new;
	struct slice why;

	s.arena = l->arena;
	if (catalog_apply(c, &s, l->change, &why) == APPLIED &&
		catalog_find(c, &s, OBJECT_VIEW, l->change->target, &new) == PRESENT)
		now = column_types(l, new);
	catalog_undo(c, mark);
	for (size_t i = 0; i < was.n && i < now.n; i++)
		if (was.at[i].len && now.at[i].len && !slice_eq(was.at[i], now.at[i])) {
			pg_fails(l, "a view that is replaced keeps the types of its columns");
			return;
		}
}

/* CREATE OR REPLACE VIEW may only add columns at the end. */
static void replaces_view(struct looking *l, const struct object *old)
{
	struct names was = {0}, now;

	add_columns(l, old, &was);
	if (!l->change->def || was.n == 0)
		return;
	now = made_columns(l);
	for (size_t i = 0; now.n && i < was.n; i++)
		if (i >= now.n || !slice_eq(now.at[i], was.at[i])) {
			pg_fails(l, "a view that is replaced keeps its columns");
			return;
		}
	same_types(l, old);
	for (size_t i = was.n; i < now.n; i++)
		pg_breaks(l, BREAKS_NEW_CODE, OBJECT_COLUMN, (struct name){old->schema, old->name},
			now.at[i]);
}

static void reads_missing(struct looking *l)
{
	for (size_t i = 0; i < l->change->reads.n; i++) {
		struct name n = pg_split_name(l->change->reads.at[i]);
		struct relation r = pg_relation(l, n, OBJECT_NONE);

		if (r.presence == ABSENT && !slice_starts(n.schema, "pg_") &&
			!slice_starts(n.name, "pg_") && !slice_is(n.schema, "information_schema") &&
			!slice_eq(n.name, l->change->target.name) && !pg_has_extensions(l))
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(n.name));
	}
}

static void create_view(struct looking *l)
{
	const struct object *there;
	struct name full = catalog_resolve(l->catalog, l->session, OBJECT_VIEW, l->change->target);

	reads_missing(l);
	pg_no_schema(l, full.schema);
	if (!(l->change->flags & CHANGE_TEMPORARY) &&
		catalog_find(l->catalog, l->session, OBJECT_NONE, full, &there) == PRESENT) {
		struct relation r = pg_relation(l, full, OBJECT_NONE);

		if (!(l->change->flags & CHANGE_OR_REPLACE)) {
			pg_fails(l, "relation \"%.*s\" exists already", SLICE(r.name.name));
		} else if (there->type != OBJECT_VIEW) {
			pg_fails(l, "\"%.*s\" is not a view", SLICE(r.name.name));
		} else {
			replaces_view(l, there);
			pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
		}
	} else if (!(l->change->flags & CHANGE_TEMPORARY)) {
		pg_breaks(l, BREAKS_NEW_CODE, OBJECT_VIEW, full, SLICE_NONE);
	}
	pg_reads(l, false, false);
}

static bool has_unique_index(const struct object *o)
{
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i]->type == OBJECT_INDEX && o->parts[i]->index.unique &&
			!o->parts[i]->index.predicate.text.len &&
			!o->parts[i]->index.predicate.normal.len)
			return true;
	return false;
}

static void refresh(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r = pg_relation(l, c->target, OBJECT_MATVIEW);
	bool concurrent = c->flags & CHANGE_CONCURRENTLY;

	r.type = OBJECT_MATVIEW;
	if (r.presence == ABSENT) {
		pg_fails(l, "materialized view \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	if (r.object && r.object->type != OBJECT_MATVIEW) {
		pg_fails(l, "\"%.*s\" is not a materialized view", SLICE(r.name.name));
		return;
	}
	if (concurrent && r.object && !has_unique_index(r.object))
		pg_fails(l, "a concurrent refresh needs a unique index without WHERE");
	pg_lock(l, &r, concurrent ? PG_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
	if (!concurrent)
		pg_rewrite(l, &r, true);
	if (!(c->flags & CHANGE_WITH_NO_DATA))
		pg_lock_below(l, &r, PG_ACCESS_SHARE, true);
	if (concurrent) {
		pg_scan(l, &r, true);
		pg_writes(l, &r);
	}
	if (!r.object)
		pg_need(l, "what %.*s reads", SLICE(r.name.name));
}

/* ---- Made from a query ---- */

static void create_from(struct looking *l)
{
	bool reads_rows = !(l->change->flags & CHANGE_WITH_NO_DATA);
	const struct object *there;

	reads_missing(l);
	if (catalog_find(l->catalog, l->session, OBJECT_NONE, l->change->target, &there) ==
			PRESENT &&
		!(l->change->flags & CHANGE_TEMPORARY)) {
		if (!(l->change->flags & CHANGE_IF_NOT_EXISTS)) {
			pg_fails(l, "relation \"%.*s\" exists already",
				SLICE(l->change->target.name));
			return;
		}
		pg_reads(l, false, false);
		return;
	}
	if (!(l->change->flags & CHANGE_TEMPORARY))
		pg_breaks(l, BREAKS_NEW_CODE,
			l->change->kind == CHANGE_CREATE_MATVIEW ? OBJECT_MATVIEW : OBJECT_TABLE,
			catalog_resolve(l->catalog, l->session, OBJECT_TABLE, l->change->target),
			SLICE_NONE);
	pg_reads(l, reads_rows, reads_rows);
}

const struct pg_action pg_relation_actions[] = {
	{CHANGE_CREATE_TABLE, create_table, NULL},
	{CHANGE_CREATE_TABLE_AS, create_from, NULL},
	{CHANGE_CREATE_MATVIEW, create_from, NULL},
	{CHANGE_CREATE_VIEW, create_view, NULL},
	{CHANGE_REFRESH_MATVIEW, refresh, NULL},
	{0},
};
