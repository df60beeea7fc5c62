/* effects_other.c - creating, dropping, indexes, views, data and maintenance. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Indexes ---- */

static void create_index(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r = pg_relation(l, c->target, OBJECT_NONE);
	bool partitioned = r.object && r.object->type == OBJECT_TABLE &&
			   slice_is(r.object->table_.kind, "partitioned");
	const struct object *there;
	struct name index = {r.name.schema, c->def ? c->def->name : SLICE_NONE};

	if (r.presence == ABSENT) {
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	if (c->def && c->def->name.len &&
		catalog_find(l->catalog, l->session, OBJECT_NONE, index, &there) == PRESENT) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "\"%.*s\" exists already", SLICE(index.name));
		else
			pg_rerun(l, RERUN_SAME);
		pg_lock(l, &r,
			c->flags & CHANGE_CONCURRENTLY ? PG_SHARE_UPDATE_EXCLUSIVE : PG_SHARE);
		return;
	}
	if (slice_empty(index.name) || (c->def && c->def->generated_name))
		pg_rerun(l, RERUN_DIFFERS);
	for (size_t i = 0; c->def && i < c->def->index.columns.n; i++) {
		const struct object *col;

		if (r.object && r.type == OBJECT_TABLE &&
			catalog_part(l->catalog, r.object, OBJECT_COLUMN,
				c->def->index.columns.at[i], &col) == ABSENT)
			pg_fails(l, "column \"%.*s\" does not exist",
				SLICE(c->def->index.columns.at[i]));
	}
	if (c->flags & CHANGE_CONCURRENTLY) {
		pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
		names_add(l->arena, &l->out->waits_for, SL("older snapshots in the database"));
		if (partitioned)
			pg_fails(l, "an index on a partitioned table cannot be built concurrently");
	} else if (partitioned && (c->flags & CHANGE_ONLY)) {
		pg_lock(l, &r, PG_SHARE);
		return; /* nothing is built */
	} else if (partitioned) {
		pg_lock_tree(l, &r, PG_SHARE);
	} else {
		pg_lock(l, &r, PG_SHARE);
	}
	if (r.object)
		pg_build_new(l, r.name);
	else
		pg_scan_one(l, &r, true);
	if (!r.object && index.name.len)
		pg_build(l, &r, index.name, true);
	if (c->def && c->def->index.unique)
		pg_may_fail(l, "it fails on duplicates");
}

static void drop_index(struct looking *l)
{
	struct relation index = pg_relation(l, l->change->target, OBJECT_INDEX);
	bool concurrent = l->change->flags & CHANGE_CONCURRENTLY;

	if (index.presence == ABSENT) {
		if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "index \"%.*s\" does not exist", SLICE(index.name.name));
		return;
	}
	index.type = OBJECT_INDEX;
	if (index.object && index.object->table) {
		struct relation t = pg_relation(l,
			(struct name){index.object->table->schema, index.object->table->name},
			OBJECT_NONE);

		pg_lock(l, &t, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
		if (index.object->index.constraint.len)
			pg_fails(l, "a constraint needs this index");
		if (index.object->index.partition_of.name.len)
			pg_fails(l, "it is part of index \"%.*s\"",
				SLICE(index.object->index.partition_of.name));
		if (concurrent && pg_is_partitioned(&t))
			pg_fails(l,
				"an index on a partitioned table cannot be dropped concurrently");
		if (!concurrent)
			pg_lock_index_tree(
				l, index.object, PG_ACCESS_EXCLUSIVE, PG_ACCESS_EXCLUSIVE);
	} else {
		pg_need(l, "table of index %.*s", SLICE(index.name.name));
	}
	pg_lock(l, &index, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
	if (concurrent)
		names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
	pg_destroys(l, OBJECT_INDEX, index.name, SLICE_NONE);
}

static void reindex_table(struct looking *l, const struct relation *r, struct slice only)
{
	bool concurrent = l->change->flags & CHANGE_CONCURRENTLY;
	enum pg_mode on_index = concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE;
	const struct object **parts;
	size_t n = 0;

	pg_lock(l, r, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_SHARE);
	if (pg_is_partitioned(r) && slice_empty(only))
		n = pg_children(l, r, &parts);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		reindex_table(l, &child, SLICE_NONE);
	}
	for (size_t i = 0; !pg_is_partitioned(r) && r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		struct relation index;

		if (p->type != OBJECT_INDEX || (only.len && !slice_eq(only, p->name)))
			continue;
		index = pg_index_of(l, r, p);
		pg_lock(l, &index, on_index);
		pg_build(l, r, p->name, true);
		pg_scan_one(l, r, true);
	}
}

static void reindex_index(struct looking *l, const struct object *index)
{
	struct relation t = pg_relation_of(l, index->table);
	const struct object **parts;
	size_t n = catalog_naming(l->catalog, (struct name){index->schema, index->name},
		OBJECT_INDEX, l->arena, &parts);

	reindex_table(l, &t, index->name);
	for (size_t i = 0; i < n; i++)
		reindex_index(l, parts[i]);
}

static void reindex(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	if (c->type == OBJECT_SCHEMA || c->type == OBJECT_DATABASE) {
		pg_need(l, "the tables of %.*s", SLICE(c->target.name));
		return;
	}
	r = pg_relation(l, c->target, c->type == OBJECT_INDEX ? OBJECT_INDEX : OBJECT_NONE);
	if (r.presence == ABSENT) {
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	if (c->type == OBJECT_INDEX && r.object && r.object->table) {
		reindex_index(l, r.object);
		return;
	}
	if (c->type == OBJECT_INDEX) {
		pg_lock(l, &r,
			c->flags & CHANGE_CONCURRENTLY ? PG_SHARE_UPDATE_EXCLUSIVE
						       : PG_ACCESS_EXCLUSIVE);
		pg_need(l, "table of index %.*s", SLICE(r.name.name));
		return;
	}
	reindex_table(l, &r, SLICE_NONE);
}

/* ALTER INDEX … ATTACH PARTITION */
static void attach_index(struct looking *l)
{
	struct relation parent = pg_relation(l, l->change->target, OBJECT_INDEX);
	struct relation child = pg_relation(l, l->change->other, OBJECT_INDEX), table;

	parent.type = child.type = OBJECT_INDEX;
	pg_lock(l, &parent, PG_SHARE_UPDATE_EXCLUSIVE);
	pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
	if (parent.object && parent.object->table) {
		table = pg_relation_of(l, parent.object->table);
		pg_lock(l, &table, PG_ACCESS_SHARE);
	}
	if (child.object && child.object->table) {
		table = pg_relation_of(l, child.object->table);
		pg_lock(l, &table, PG_ACCESS_SHARE);
	}
}

/* ---- Tables ---- */

static void create_table(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *def = c->def, *there;

	if (catalog_find(l->catalog, l->session, OBJECT_NONE, c->target, &there) == PRESENT) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "relation \"%.*s\" exists already", SLICE(c->target.name));
		return;
	}
	if (!def)
		return;
	for (size_t i = 0; i < def->nparts; i++) {
		const struct object *p = def->parts[i];
		struct relation parent;

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "foreign key"))
			continue;
		if (name_eq(p->constraint.ref_table, c->target))
			continue; /* itself */
		parent = pg_relation(l, p->constraint.ref_table, OBJECT_TABLE);
		pg_lock(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
	}
	if (def->table_.partition_of.name.len) {
		struct relation parent = pg_relation(l, def->table_.partition_of, OBJECT_TABLE);
		const struct object **parts;
		size_t n = 0;

		pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
		pg_lock_parent_indexes(l, &parent);
		if (parent.object)
			n = catalog_partitions(l->catalog, parent.object, l->arena, &parts);
		for (size_t i = 0; i < n; i++)
			if (slice_iis(
				    slice_trim(parts[i]->table_.partition_bound.text), "default")) {
				struct relation d = pg_relation(l,
					(struct name){parts[i]->schema, parts[i]->name},
					OBJECT_TABLE);

				pg_lock(l, &d, PG_ACCESS_EXCLUSIVE);
				pg_scan(l, &d, true);
			}
	}
	for (size_t i = 0; i < c->reads.n; i++) { /* LIKE */
		struct relation r = pg_relation(l, pg_split_name(c->reads.at[i]), OBJECT_NONE);

		pg_lock(l, &r, PG_ACCESS_SHARE);
	}
	for (size_t i = 0; i < def->table_.inherits.n; i++) {
		struct slice full = def->table_.inherits.at[i];
		size_t dot = slice_chr(full, '.');
		struct name n = {dot == SIZE_MAX ? SLICE_NONE : slice_sub(full, 0, dot),
			dot == SIZE_MAX ? full : slice_from(full, dot + 1)};
		struct relation parent = pg_relation(l, n, OBJECT_TABLE);

		pg_lock(l, &parent, PG_SHARE_UPDATE_EXCLUSIVE);
	}
}

/* Does the same statement drop, or empty, that table too? */
static bool in_statement(const struct looking *l, const struct relation *r)
{
	for (size_t i = 0; i < l->statement->nchanges; i++) {
		const struct change *c = &l->statement->changes[i];

		if (c->kind == l->change->kind &&
			name_eq(catalog_resolve(l->catalog, l->session, OBJECT_TABLE, c->target),
				r->name))
			return true;
	}
	return false;
}

static void drop_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	(void)r;
	if (refers) {
		/* A partition's key is the parent's: nothing of it stands on the other side. */
		if (!key->constraint.inherited)
			pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
	} else if (l->change->flags & CHANGE_CASCADE) {
		pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
		pg_destroys(l, OBJECT_CONSTRAINT, other->name, key->name);
	} else if (!in_statement(l, other)) {
		pg_fails(l, "table \"%.*s\" has a foreign key to it", SLICE(other->name.name));
	}
}

static void drop_dependents(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n = r->object ? catalog_dependents(l->catalog, r->object, SLICE_NONE, l->arena, &all)
			     : 0;

	for (size_t i = 0; i < n; i++) {
		struct relation v = pg_relation_of(l, all[i]);

		if (!(l->change->flags & CHANGE_CASCADE) && !in_statement(l, &v))
			pg_fails(l, "%s \"%.*s\" depends on it", object_type_word(all[i]->type),
				SLICE(all[i]->name));
	}
	if (n && l->change->flags & CHANGE_CASCADE)
		pg_lock_views(l, r->object, SLICE_NONE, true);
}

static void lock_whole_tree(struct looking *l, const struct relation *r)
{
	const struct object **parts;
	size_t n = pg_children(l, r, &parts);

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock_indexes(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		if (pg_is_heir(parts[i], r))
			lock_whole_tree(l, &child);
	}
}

/* Columns that take their default from a sequence. */
static void drop_sequence_users(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n =
		r->object ? catalog_naming(l->catalog, r->name, OBJECT_COLUMN, l->arena, &all) : 0;

	for (size_t i = 0; i < n; i++) {
		struct relation t;

		if (!all[i]->table || slice_empty(all[i]->column.default_value.text))
			continue; /* owned by the column, but no default takes from it any more */
		t = pg_relation_of(l, all[i]->table);
		if (!(l->change->flags & CHANGE_CASCADE))
			pg_fails(l, "column \"%.*s\" of \"%.*s\" uses it", SLICE(all[i]->name),
				SLICE(t.name.name));
		pg_lock(l, &t, PG_ACCESS_EXCLUSIVE);
	}
}

static void drop_relation(struct looking *l, enum object_type type)
{
	struct relation r = pg_relation(l, l->change->target, type);

	if (r.presence == ABSENT) {
		if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "%s \"%.*s\" does not exist", object_type_word(type),
				SLICE(r.name.name));
		return;
	}
	r.type = type;
	lock_whole_tree(l, &r);
	if (r.object && r.object->type == OBJECT_TABLE && !pg_is_partitioned(&r) &&
		!(l->change->flags & CHANGE_CASCADE)) {
		const struct object **heirs;

		if (pg_children(l, &r, &heirs) && pg_is_heir(heirs[0], &r))
			pg_fails(l, "table \"%.*s\" inherits from it", SLICE(heirs[0]->name));
	}
	if (r.object && r.object->type == OBJECT_TABLE && r.object->table_.partition_of.name.len) {
		struct relation parent =
			pg_relation(l, r.object->table_.partition_of, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
		pg_lock_default_partition(l, &parent, false);
	}
	pg_each_key(l, &r, SLICE_NONE, drop_key);
	if (type == OBJECT_SEQUENCE)
		drop_sequence_users(l, &r);
	drop_dependents(l, &r);
	pg_destroys(l, type, r.name, SLICE_NONE);
	pg_breaks(l, BREAKS_OLD_READERS, type, r.name, SLICE_NONE);
	if (type == OBJECT_TABLE)
		pg_breaks(l, BREAKS_OLD_WRITERS, type, r.name, SLICE_NONE);
}

static void reads(struct looking *l, bool scan, bool below)
{
	enum pg_mode m = l->change->flags & CHANGE_FOR_UPDATE ? PG_ROW_SHARE : PG_ACCESS_SHARE;

	for (size_t i = 0; i < l->change->reads.n; i++) {
		struct relation r =
			pg_relation(l, pg_split_name(l->change->reads.at[i]), OBJECT_NONE);

		if (below)
			pg_lock_tree(l, &r, m);
		else
			pg_lock(l, &r, m);
		if (below)
			pg_lock_below(l, &r, m, scan);
		if (scan)
			pg_scan(l, &r, true);
	}
}

static void create_view(struct looking *l)
{
	const struct object *there;

	if (catalog_find(l->catalog, l->session, OBJECT_NONE, l->change->target, &there) ==
		PRESENT) {
		struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);

		if (l->change->flags & CHANGE_OR_REPLACE)
			pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
		else
			pg_fails(l, "relation \"%.*s\" exists already", SLICE(r.name.name));
	}
	reads(l, false, false);
}

/* Locks that a part's creation or removal takes on its table. */
static void part_of_table(struct looking *l, enum pg_mode mode)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);

	if (r.presence == ABSENT && !(l->change->flags & CHANGE_IF_EXISTS))
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
	if (change_class_of(l->change->kind) == CLASS_DROP && r.object) {
		const struct object *part;
		enum object_type type = l->change->kind == CHANGE_DROP_TRIGGER  ? OBJECT_TRIGGER
					: l->change->kind == CHANGE_DROP_POLICY ? OBJECT_POLICY
										: OBJECT_RULE;

		if (catalog_part(l->catalog, r.object, type, l->change->name, &part) == ABSENT) {
			if (!(l->change->flags & CHANGE_IF_EXISTS))
				pg_fails(l, "%s \"%.*s\" does not exist", object_type_word(type),
					SLICE(l->change->name));
			return;
		}
	}
	pg_lock(l, &r, mode);
}

/* A type, domain or function that others are made of. */
static void drop_used(struct looking *l, enum object_type by)
{
	struct name n = catalog_resolve(l->catalog, l->session, l->change->type, l->change->target);
	const struct object *o, **all;
	size_t count;

	if (catalog_find(l->catalog, l->session,
		    by == OBJECT_TRIGGER ? OBJECT_FUNCTION : OBJECT_TYPE, l->change->target,
		    &o) == PRESENT)
		n = (struct name){o->schema, o->name};
	if (by == OBJECT_TRIGGER)
		n.name = slice_sub(n.name, 0, slice_chr(n.name, '('));
	count = catalog_naming(l->catalog, n, by, l->arena, &all);
	for (size_t i = 0; i < count; i++) {
		struct relation r = pg_relation_of(l, all[i]->table ? all[i]->table : all[i]);

		if (!(l->change->flags & CHANGE_CASCADE))
			pg_fails(l, "%s \"%.*s\" depends on it", object_type_word(all[i]->type),
				SLICE(all[i]->name));
		pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
		if (all[i]->type == OBJECT_COLUMN)
			pg_destroys(l, OBJECT_COLUMN, r.name, all[i]->name);
	}
}

/* A typed table follows its type. */
static void alter_type_attribute(struct looking *l)
{
	struct name n = catalog_resolve(l->catalog, l->session, OBJECT_TYPE, l->change->target);
	const struct object **all;
	size_t count = catalog_naming(l->catalog, n, OBJECT_TABLE, l->arena, &all);

	if (!slice_is(l->change->value.text, "alter"))
		pg_rerun(l, l->change->flags & (CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS)
				    ? RERUN_SAME
				    : RERUN_FAILS);
	for (size_t i = 0; i < count; i++) {
		struct relation r = pg_relation_of(l, all[i]);

		if (!(l->change->flags & CHANGE_CASCADE))
			pg_fails(l, "table \"%.*s\" is of that type", SLICE(r.name.name));
		pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
	}
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
	pg_lock(l, &r, concurrent ? PG_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
	if (!concurrent)
		pg_rewrite(l, &r, true);
	if (!(c->flags & CHANGE_WITH_NO_DATA))
		pg_lock_below(l, &r, PG_ACCESS_SHARE, true);
	if (concurrent)
		pg_scan(l, &r, true);
	if (!r.object)
		pg_need(l, "what %.*s reads", SLICE(r.name.name));
}

static void lock_owner(struct looking *l)
{
	struct slice owned = l->change->def ? l->change->def->sequence.owned_by : SLICE_NONE;
	size_t dot = SIZE_MAX;
	struct relation t;

	for (size_t i = 0; i < owned.len; i++)
		if (owned.at[i] == '.')
			dot = i;
	if (dot == SIZE_MAX)
		return;
	t = pg_relation(l, pg_split_name(slice_sub(owned, 0, dot)), OBJECT_NONE);
	pg_lock(l, &t, PG_ACCESS_SHARE);
}

static void comment_on(struct looking *l)
{
	struct relation r = pg_relation(
		l, l->change->target, l->change->type == OBJECT_INDEX ? OBJECT_INDEX : OBJECT_NONE);

	switch ((int)l->change->type) {
	case OBJECT_INDEX:
		r.type = OBJECT_INDEX;
		pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		break;
	case OBJECT_TABLE:
	case OBJECT_COLUMN:
	case OBJECT_VIEW:
	case OBJECT_MATVIEW:
	case OBJECT_SEQUENCE:
		pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		break;
	case OBJECT_CONSTRAINT:
	case OBJECT_TRIGGER:
	case OBJECT_RULE:
	case OBJECT_POLICY:
		pg_lock(l, &r, PG_ACCESS_SHARE);
		break;
	default:
		break;
	}
}

static void statistics_table(struct looking *l)
{
	struct name table = l->change->other;
	const struct object *o;
	struct relation r;

	if (l->change->kind == CHANGE_DROP_STATISTICS) {
		if (catalog_find(l->catalog, l->session, OBJECT_STATISTICS, l->change->target,
			    &o) != PRESENT)
			return;
		table = pg_split_name(o->other.definition.text);
	}
	r = pg_relation(l, table, OBJECT_NONE);
	pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
}

static void alter_domain(struct looking *l)
{
	const struct object **tables;
	size_t n;
	bool check = slice_is(l->change->value.text, "add-constraint") ||
		     slice_is(l->change->value.text, "set-not-null") ||
		     slice_is(l->change->value.text, "validate-constraint");

	if (slice_is(l->change->value.text, "add-constraint"))
		pg_rerun(l, l->change->name.len ? RERUN_FAILS : RERUN_DIFFERS);
	if (slice_is(l->change->value.text, "drop-constraint") &&
		!(l->change->flags & CHANGE_IF_EXISTS))
		pg_rerun(l, RERUN_FAILS);
	if (!check || (l->change->flags & CHANGE_NOT_VALID))
		return;
	n = catalog_list(l->catalog, OBJECT_TABLE, l->arena, &tables);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < tables[i]->nparts; k++) {
			const struct object *p = tables[i]->parts[k];
			struct slice type = p->type == OBJECT_COLUMN ? p->column.type : SLICE_NONE;
			size_t dot = slice_chr(type, '.');

			if (dot != SIZE_MAX)
				type = slice_from(type, dot + 1);
			if (p->type == OBJECT_COLUMN && slice_eq(type, l->change->target.name)) {
				struct relation r = pg_relation(l,
					(struct name){tables[i]->schema, tables[i]->name},
					OBJECT_TABLE);

				pg_lock(l, &r, PG_SHARE);
				pg_scan(l, &r, true);
			}
		}
	if (!catalog_is_complete(l->catalog))
		pg_need(l, "columns that use %.*s", SLICE(l->change->target.name));
	pg_may_fail(l, "it fails when a row violates it");
}

static void drop_schema(struct looking *l)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_NONE, l->arena, &all);

	pg_destroys(l, OBJECT_SCHEMA, l->change->target, SLICE_NONE);
	for (size_t i = 0; i < n; i++) {
		if (!slice_eq(all[i]->schema, l->change->target.name) || all[i]->table)
			continue;
		if (all[i]->type == OBJECT_SCHEMA)
			continue;
		if (!(l->change->flags & CHANGE_CASCADE)) {
			pg_fails(l, "the schema is not empty");
			return;
		}
		if (object_is_relation(all[i]->type)) {
			struct relation r = pg_relation(
				l, (struct name){all[i]->schema, all[i]->name}, all[i]->type);

			pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
		}
		pg_destroys(
			l, all[i]->type, (struct name){all[i]->schema, all[i]->name}, SLICE_NONE);
	}
}

bool pg_effects_create(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *there;
	struct relation r;

	switch (c->kind) {
	case CHANGE_CREATE_INDEX:
		create_index(l);
		return true;
	case CHANGE_DROP_INDEX:
		drop_index(l);
		return true;
	case CHANGE_REINDEX:
		reindex(l);
		return true;
	case CHANGE_ATTACH_INDEX:
		attach_index(l);
		return true;
	case CHANGE_RENAME_OTHER:
		if (c->type == OBJECT_TRIGGER || c->type == OBJECT_RULE ||
			c->type == OBJECT_POLICY) {
			part_of_table(l, PG_ACCESS_EXCLUSIVE);
			return true;
		}
		if (!object_is_relation(c->type))
			return true;
		r = pg_relation(l, c->target, c->type);
		if (r.presence != ABSENT)
			pg_rename_relation(l, &r);
		else if (!(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		return true;
	case CHANGE_ALTER_TYPE_ATTR:
		alter_type_attribute(l);
		return true;
	case CHANGE_CREATE_SEQUENCE:
		lock_owner(l);
		return true;
	case CHANGE_RENAME_INDEX:
		r = pg_relation(l, c->target, OBJECT_INDEX);
		r.type = OBJECT_INDEX;
		pg_lock(l, &r,
			l->version >= 120000 ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
		return true;
	case CHANGE_CREATE_TABLE:
		create_table(l);
		return true;
	case CHANGE_CREATE_TABLE_AS:
	case CHANGE_CREATE_MATVIEW:
		reads(l, !(c->flags & CHANGE_WITH_NO_DATA), !(c->flags & CHANGE_WITH_NO_DATA));
		return true;
	case CHANGE_CREATE_VIEW:
		create_view(l);
		return true;
	case CHANGE_DROP_TABLE:
		drop_relation(l, OBJECT_TABLE);
		return true;
	case CHANGE_DROP_VIEW:
		drop_relation(l, OBJECT_VIEW);
		return true;
	case CHANGE_DROP_MATVIEW:
		drop_relation(l, OBJECT_MATVIEW);
		return true;
	case CHANGE_DROP_SEQUENCE:
		drop_relation(l, OBJECT_SEQUENCE);
		return true;
	case CHANGE_REFRESH_MATVIEW:
		refresh(l);
		return true;
	case CHANGE_ALTER_SEQUENCE:
		r = pg_relation(l, c->target, OBJECT_SEQUENCE);
		r.type = OBJECT_SEQUENCE;
		if (r.presence == ABSENT && !(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "sequence \"%.*s\" does not exist", SLICE(r.name.name));
		pg_lock(l, &r, PG_SHARE_ROW_EXCLUSIVE);
		lock_owner(l);
		return true;
	case CHANGE_CREATE_TRIGGER:
		part_of_table(l, PG_SHARE_ROW_EXCLUSIVE);
		return true;
	case CHANGE_DROP_TRIGGER:
	case CHANGE_DROP_POLICY:
	case CHANGE_CREATE_POLICY:
	case CHANGE_ALTER_POLICY:
	case CHANGE_CREATE_RULE:
	case CHANGE_DROP_RULE:
	case CHANGE_ALTER_TRIGGER:
		part_of_table(l, PG_ACCESS_EXCLUSIVE);
		return true;
	case CHANGE_CREATE_STATISTICS:
	case CHANGE_DROP_STATISTICS:
		statistics_table(l);
		return true;
	case CHANGE_CREATE_OTHER:
		for (size_t i = 0;
			c->type == OBJECT_PUBLICATION && c->def && i < c->def->other.members.n;
			i++) {
			r = pg_relation(
				l, pg_split_name(c->def->other.members.at[i]), OBJECT_TABLE);
			pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		}
		return true;
	case CHANGE_ALTER_DOMAIN:
		alter_domain(l);
		return true;
	case CHANGE_DROP_SCHEMA:
		drop_schema(l);
		return true;
	case CHANGE_DROP_TYPE:
	case CHANGE_DROP_DOMAIN:
	case CHANGE_DROP_FUNCTION:
	case CHANGE_DROP_EXTENSION:
	case CHANGE_DROP_DATABASE:
	case CHANGE_DROP_OTHER:
		if (c->kind == CHANGE_DROP_TYPE || c->kind == CHANGE_DROP_DOMAIN) {
			drop_used(l, OBJECT_COLUMN);
			drop_used(l, OBJECT_TABLE);
		} else if (c->kind == CHANGE_DROP_FUNCTION) {
			drop_used(l, OBJECT_TRIGGER);
		}
		pg_destroys(l, c->type, c->target, SLICE_NONE);
		pg_breaks(l, BREAKS_OLD_READERS, c->type, c->target, SLICE_NONE);
		return true;
	case CHANGE_ADD_ENUM_VALUE:
		if (catalog_find(l->catalog, l->session, OBJECT_TYPE, c->target, &there) ==
				PRESENT &&
			names_has(there->type_.labels, c->value.text) &&
			!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "the label exists already");
		return true;
	case CHANGE_RENAME_ENUM_VALUE:
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_TYPE, c->target, c->name);
		pg_breaks(l, BREAKS_OLD_READERS, OBJECT_TYPE, c->target, c->name);
		return true;
	case CHANGE_SET_SCHEMA:
	case CHANGE_SET_OWNER:
		r = pg_relation(l, c->target, c->type);
		if (object_is_relation(c->type))
			pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
		if (c->kind == CHANGE_SET_SCHEMA && slice_eq(r.name.schema, c->other.schema))
			pg_rerun(l, RERUN_SAME);
		if (c->kind == CHANGE_SET_SCHEMA && c->type == OBJECT_TABLE)
			pg_lock_sequences(l, &r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
		if (c->kind == CHANGE_SET_SCHEMA)
			pg_breaks(l, BREAKS_OLD_READERS, c->type, r.name, SLICE_NONE);
		return true;
	case CHANGE_COMMENT_ON:
		comment_on(l);
		return true;
	default:
		return false;
	}
}

/* ---- Data and maintenance ---- */

static enum pg_mode lock_table_mode(struct slice words)
{
	for (enum pg_mode m = PG_ACCESS_SHARE; m <= PG_ACCESS_EXCLUSIVE; m++)
		if (slice_iis(words, pg_mode_words(m)))
			return m;
	return PG_ACCESS_EXCLUSIVE; /* the default of LOCK TABLE */
}

static void truncate_one(struct looking *l, const struct relation *r)
{
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	pg_rewrite(l, r, true);
	pg_writes(l, r);
	pg_destroys(l, OBJECT_TABLE, r->name, SL("rows"));
	if (l->change->flags & CHANGE_RESTART_IDENTITY)
		pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
}

static void truncate(struct looking *l, const struct relation *r, int depth)
{
	const struct object **keys;
	size_t n = r->object ? catalog_referencing(l->catalog, r->object, l->arena, &keys) : 0;

	truncate_one(l, r);
	for (size_t i = 0; i < n && depth < 32; i++) {
		struct relation child;

		if (!keys[i]->table || keys[i]->table == r->object)
			continue;
		child = pg_relation_of(l, keys[i]->table);
		if (l->change->flags & CHANGE_CASCADE)
			truncate(l, &child, depth + 1);
		else if (!in_statement(l, &child))
			pg_fails(l, "table \"%.*s\" has a foreign key to it",
				SLICE(child.name.name));
	}
}

static bool target_of(struct looking *l, struct relation *r)
{
	if (slice_empty(l->change->target.name))
		return false;
	*r = pg_relation(l, l->change->target, OBJECT_NONE);
	if (r->presence != ABSENT)
		return true;
	pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r->name.name));
	return false;
}

/* ---- Rows ---- */

static bool gives(const struct names *columns, struct slice column)
{
	return columns->n == 0 || names_has(*columns, column);
}

/* Is there an index that could find the rows? */
static bool indexed(const struct relation *r, const struct names *columns)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type != OBJECT_INDEX)
			continue;
		if (p->index.keys.n && (names_has(*columns, p->index.keys.at[0]) ||
					       slice_starts(p->index.keys.at[0], "(")))
			return true;
	}
	return false;
}

/* Keys are checked in the other table: a new one there, a lost one here. */
static void row_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	const struct change *c = l->change;
	const struct constraint_def *k = &key->constraint;
	bool named = false;

	(void)r;
	if (refers && c->kind != CHANGE_DELETE) {
		for (size_t i = 0; i < k->columns.n; i++)
			named = named || gives(&c->list, k->columns.at[i]);
		if (named)
			pg_lock(l, other, PG_ROW_SHARE);
		return;
	}
	if (refers || c->kind == CHANGE_INSERT || c->kind == CHANGE_COPY_IN)
		return;
	for (size_t i = 0; c->kind == CHANGE_UPDATE && i < k->ref_columns.n; i++)
		named = named || names_has(c->list, k->ref_columns.at[i]);
	if (c->kind == CHANGE_UPDATE && !named)
		return;
	if (slice_istarts(c->kind == CHANGE_UPDATE ? k->on_update : k->on_delete, "cascade") ||
		slice_istarts(c->kind == CHANGE_UPDATE ? k->on_update : k->on_delete, "set"))
		pg_lock(l, other, PG_ROW_EXCLUSIVE);
	else
		pg_lock(l, other, PG_ROW_SHARE);
	/* Who still refers to it is looked for row by row. */
	if (other->object && !indexed(other, &k->columns))
		pg_scan(l, other, true);
}

static void row_sequences(struct looking *l, const struct relation *r)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type != OBJECT_COLUMN || gives(&l->change->list, p->name))
			continue;
		for (size_t k = 0; k < p->column.sequence.n; k++) {
			struct relation s = pg_relation(
				l, pg_split_name(p->column.sequence.at[k]), OBJECT_SEQUENCE);

			s.is_new = s.is_new || r->is_new;
			pg_lock(l, &s, PG_ROW_EXCLUSIVE);
		}
	}
}

static void row_scan(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct expr_facts *f = c->value.facts;

	if (c->kind == CHANGE_INSERT && c->flags & CHANGE_FROM_SELECT && c->reads.n == 1 &&
		!(c->flags & CHANGE_HAS_LIMIT) &&
		slice_ifind(l->statement->text, SL("where")) == SIZE_MAX) {
		struct relation from = pg_relation(l, pg_split_name(c->reads.at[0]), OBJECT_NONE);

		pg_scan(l, &from, true);
	}
	if (c->kind != CHANGE_UPDATE && c->kind != CHANGE_DELETE && c->kind != CHANGE_MERGE)
		return;
	if (c->reads.n) {
		pg_need(l, "how the join is planned");
		pg_scan(l, r, false);
		for (size_t i = 0; i < c->reads.n; i++) {
			struct relation other =
				pg_relation(l, pg_split_name(c->reads.at[i]), OBJECT_NONE);

			pg_scan(l, &other, false);
		}
		return;
	}
	if (!(c->flags & CHANGE_HAS_WHERE) || (c->flags & CHANGE_WHERE_TRUE))
		pg_scan(l, r, true);
	else if (r->object && f && !f->has_subquery && c->reads.n == 0 && f->columns.n &&
		 !indexed(r, &f->columns))
		pg_scan(l, r, true);
}

/* A second INSERT of the same key. */
static void row_rerun(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	if (c->kind != CHANGE_INSERT || c->flags & CHANGE_ON_CONFLICT)
		return;
	if (!r->object || r->type != OBJECT_TABLE)
		pg_rerun(l, RERUN_UNKNOWN);
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		bool all = p->type == OBJECT_INDEX && p->index.unique &&
			   slice_empty(p->index.predicate.text) &&
			   slice_empty(p->index.predicate.normal) && p->index.keys.n;

		for (size_t k = 0; all && k < p->index.keys.n; k++)
			all = gives(&c->list, p->index.keys.at[k]) &&
			      !slice_starts(p->index.keys.at[k], "(");
		if (all && c->value.facts && c->value.facts->functions.n == 0)
			pg_rerun(l, RERUN_FAILS);
		else if (all)
			pg_rerun(l, RERUN_UNKNOWN);
	}
}

static void write_rows(struct looking *l)
{
	struct relation r;

	reads(l, false, true);
	if (!target_of(l, &r))
		return;
	pg_lock(l, &r, PG_ROW_EXCLUSIVE);
	pg_writes(l, &r);
	pg_lock_below(l, &r, PG_ROW_EXCLUSIVE,
		(l->change->kind == CHANGE_UPDATE || l->change->kind == CHANGE_DELETE) &&
			!(l->change->flags & CHANGE_HAS_WHERE));
	if (pg_is_partitioned(&r) &&
		(l->change->kind == CHANGE_INSERT || l->change->kind == CHANGE_COPY_IN)) {
		const struct object **parts;
		size_t n = pg_children(l, &r, &parts);

		pg_need(l, "which partition the rows belong to");
		for (size_t i = 0; i < n; i++) {
			struct relation child = pg_relation_of(l, parts[i]);

			child.certain = false;
			pg_lock(l, &child, PG_ROW_EXCLUSIVE);
		}
	} else if (l->change->kind == CHANGE_UPDATE || l->change->kind == CHANGE_DELETE) {
		pg_lock_tree(l, &r, PG_ROW_EXCLUSIVE);
	}
	if (l->change->kind == CHANGE_INSERT || l->change->kind == CHANGE_COPY_IN)
		row_sequences(l, &r);
	if (l->change->kind != CHANGE_MERGE)
		pg_each_key(l, &r, SLICE_NONE, row_key);
	row_scan(l, &r);
	row_rerun(l, &r);
}

/* SELECT without WHERE or LIMIT reads all of its tables. */
static void select_rows(struct looking *l)
{
	bool whole = !(l->change->flags & (CHANGE_HAS_WHERE | CHANGE_HAS_LIMIT)) &&
		     l->change->reads.n == 1;

	reads(l, whole && l->change->kind != CHANGE_CALL, true);
	pg_lock_called_sequences(l, l->statement->text);
	if (slice_ifind(l->statement->text, SL("nextval(")) != SIZE_MAX)
		pg_rerun(l, RERUN_DIFFERS);
}

static void set_value(struct looking *l)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_SEQUENCE);

	r.type = OBJECT_SEQUENCE;
	if (l->change->target.name.len)
		pg_lock(l, &r, PG_ROW_EXCLUSIVE);
	reads(l, false, true);
}

bool pg_effects_data(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	switch (c->kind) {
	case CHANGE_INSERT:
	case CHANGE_UPDATE:
	case CHANGE_DELETE:
	case CHANGE_MERGE:
	case CHANGE_COPY_IN:
		write_rows(l);
		return true;
	case CHANGE_TRUNCATE:
		if (target_of(l, &r))
			truncate(l, &r, 0);
		return true;
	case CHANGE_SELECT:
	case CHANGE_COPY_OUT:
	case CHANGE_CALL:
		select_rows(l);
		return true;
	case CHANGE_SET_VALUE:
		set_value(l);
		return true;
	case CHANGE_LOCK_TABLE:
		if (target_of(l, &r)) {
			pg_lock_tree(l, &r, lock_table_mode(c->value.text));
			if (r.type == OBJECT_VIEW)
				pg_lock_below(l, &r, lock_table_mode(c->value.text), false);
		}
		if (!l->session->in_tx)
			pg_fails(l, "LOCK TABLE can only be used in a transaction block");
		return true;
	case CHANGE_VACUUM:
		if (slice_empty(c->target.name)) {
			pg_need(l, "the tables of the database");
			return true;
		}
		if (target_of(l, &r)) {
			pg_lock_tree(l, &r,
				c->flags & CHANGE_FULL ? PG_ACCESS_EXCLUSIVE
						       : PG_SHARE_UPDATE_EXCLUSIVE);
			if (c->flags & CHANGE_FULL)
				pg_rewrite(l, &r, true);
		}
		return true;
	case CHANGE_ANALYZE:
		if (c->target.name.len && target_of(l, &r))
			pg_lock_tree(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		return true;
	case CHANGE_CLUSTER:
		if (c->target.name.len && target_of(l, &r)) {
			pg_lock_tree(l, &r, PG_ACCESS_EXCLUSIVE);
			pg_rewrite(l, &r, true);
			if (r.object && slice_empty(c->name) && r.type == OBJECT_TABLE &&
				r.object->table_.cluster_on.n == 0)
				pg_fails(l, "the table has not been clustered before");
		}
		return true;
	default:
		return false;
	}
}
