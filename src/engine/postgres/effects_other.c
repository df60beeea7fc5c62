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
		pg_lock(l, &r,
			c->flags & CHANGE_CONCURRENTLY ? PG_SHARE_UPDATE_EXCLUSIVE : PG_SHARE);
		return;
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
	} else {
		pg_lock_tree(l, &r, PG_SHARE);
	}
	pg_scan(l, &r, true);
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
	} else {
		pg_need(l, "table of index %.*s", SLICE(index.name.name));
	}
	pg_lock(l, &index, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
	if (concurrent)
		names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
	pg_destroys(l, OBJECT_INDEX, index.name, SLICE_NONE);
}

static void reindex(struct looking *l)
{
	const struct change *c = l->change;
	bool concurrent = c->flags & CHANGE_CONCURRENTLY;
	struct relation r, index;

	if (c->type == OBJECT_SCHEMA || c->type == OBJECT_DATABASE) {
		pg_need(l, "the tables of %.*s", SLICE(c->target.name));
		return;
	}
	if (c->type == OBJECT_INDEX) {
		index = pg_relation(l, c->target, OBJECT_INDEX);
		index.type = OBJECT_INDEX;
		pg_lock(l, &index, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
		if (!index.object || !index.object->table) {
			pg_need(l, "table of index %.*s", SLICE(index.name.name));
			return;
		}
		r = pg_relation(l,
			(struct name){index.object->table->schema, index.object->table->name},
			OBJECT_NONE);
		pg_lock(l, &r, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_SHARE);
		pg_scan(l, &r, true);
		pg_build(l, &r, index.name.name, true);
		return;
	}
	r = pg_relation(l, c->target, OBJECT_NONE);
	pg_lock(l, &r, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_SHARE);
	pg_lock_indexes(l, &r, concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
	pg_scan(l, &r, true);
	for (size_t i = 0; r.object && i < r.object->nparts; i++)
		if (r.object->parts[i]->type == OBJECT_INDEX)
			pg_build(l, &r, r.object->parts[i]->name, true);
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
	for (size_t i = 0; i < def->table_.inherits.n; i++) {
		struct slice full = def->table_.inherits.at[i];
		size_t dot = slice_chr(full, '.');
		struct name n = {dot == SIZE_MAX ? SLICE_NONE : slice_sub(full, 0, dot),
			dot == SIZE_MAX ? full : slice_from(full, dot + 1)};
		struct relation parent = pg_relation(l, n, OBJECT_TABLE);

		pg_lock(l, &parent, PG_SHARE_UPDATE_EXCLUSIVE);
	}
}

static void drop_keys_of(struct looking *l, const struct relation *r)
{
	const struct object **keys;
	size_t n;

	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "foreign key")) {
			struct relation parent =
				pg_relation(l, p->constraint.ref_table, OBJECT_TABLE);

			pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
		}
	}
	if (!r->object)
		return;
	n = catalog_referencing(l->catalog, r->object, l->arena, &keys);
	for (size_t i = 0; i < n; i++) {
		struct relation child;

		if (!keys[i]->table || keys[i]->table == r->object)
			continue;
		child = pg_relation(l, (struct name){keys[i]->table->schema, keys[i]->table->name},
			OBJECT_TABLE);
		if (l->change->flags & CHANGE_CASCADE) {
			pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
			pg_destroys(l, OBJECT_CONSTRAINT, child.name, keys[i]->name);
		} else {
			pg_fails(l, "table \"%.*s\" has a foreign key to it",
				SLICE(child.name.name));
		}
	}
}

static void drop_dependents(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n = r->object ? catalog_dependents(l->catalog, r->object, SLICE_NONE, l->arena, &all)
			     : 0;

	for (size_t i = 0; i < n; i++) {
		if (l->change->flags & CHANGE_CASCADE)
			pg_destroys(l, all[i]->type, (struct name){all[i]->schema, all[i]->name},
				SLICE_NONE);
		else
			pg_fails(l, "%s \"%.*s\" depends on it", object_type_word(all[i]->type),
				SLICE(all[i]->name));
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
	pg_lock_tree(l, &r, PG_ACCESS_EXCLUSIVE);
	pg_lock_indexes(l, &r, PG_ACCESS_EXCLUSIVE);
	if (r.object && r.object->type == OBJECT_TABLE && r.object->table_.partition_of.name.len) {
		struct relation parent =
			pg_relation(l, r.object->table_.partition_of, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
	}
	drop_keys_of(l, &r);
	drop_dependents(l, &r);
	pg_destroys(l, type, r.name, SLICE_NONE);
	pg_breaks(l, BREAKS_OLD_READERS, type, r.name, SLICE_NONE);
	if (type == OBJECT_TABLE)
		pg_breaks(l, BREAKS_OLD_WRITERS, type, r.name, SLICE_NONE);
}

static void reads(struct looking *l, bool scan)
{
	for (size_t i = 0; i < l->change->reads.n; i++) {
		struct slice full = l->change->reads.at[i];
		size_t dot = slice_chr(full, '.');
		struct name n = {dot == SIZE_MAX ? SLICE_NONE : slice_sub(full, 0, dot),
			dot == SIZE_MAX ? full : slice_from(full, dot + 1)};
		struct relation r = pg_relation(l, n, OBJECT_NONE);

		pg_lock(l, &r,
			l->change->flags & CHANGE_FOR_UPDATE ? PG_ROW_SHARE : PG_ACCESS_SHARE);
		if (scan)
			pg_scan(l, &r, true);
	}
}

/* Locks that a part's creation or removal takes on its table. */
static void part_of_table(struct looking *l, enum pg_mode mode)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);

	if (r.presence == ABSENT && !(l->change->flags & CHANGE_IF_EXISTS))
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
	pg_lock(l, &r, mode);
}

static void alter_domain(struct looking *l)
{
	const struct object **tables;
	size_t n;
	bool check = slice_is(l->change->value.text, "add-constraint") ||
		     slice_is(l->change->value.text, "set-not-null") ||
		     slice_is(l->change->value.text, "validate-constraint");

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
		reads(l, !(c->flags & CHANGE_WITH_NO_DATA));
		return true;
	case CHANGE_CREATE_VIEW:
		reads(l, false);
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
		r = pg_relation(l, c->target, OBJECT_MATVIEW);
		r.type = OBJECT_MATVIEW;
		pg_lock(l, &r, c->flags & CHANGE_CONCURRENTLY ? PG_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
		if (!(c->flags & CHANGE_CONCURRENTLY))
			pg_rewrite(l, &r, true);
		else
			pg_scan(l, &r, true);
		return true;
	case CHANGE_ALTER_SEQUENCE:
		r = pg_relation(l, c->target, OBJECT_SEQUENCE);
		r.type = OBJECT_SEQUENCE;
		pg_lock(l, &r, PG_SHARE_ROW_EXCLUSIVE);
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
		part_of_table(l, PG_SHARE_UPDATE_EXCLUSIVE);
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
		pg_destroys(l, c->type, c->target, SLICE_NONE);
		pg_breaks(l, BREAKS_OLD_READERS, c->type, c->target, SLICE_NONE);
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
		if (c->kind == CHANGE_SET_SCHEMA)
			pg_breaks(l, BREAKS_OLD_READERS, c->type, r.name, SLICE_NONE);
		return true;
	case CHANGE_COMMENT_ON:
		r = pg_relation(l, c->target, OBJECT_NONE);
		if (c->type == OBJECT_TABLE || c->type == OBJECT_COLUMN || c->type == OBJECT_VIEW ||
			c->type == OBJECT_MATVIEW)
			pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
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

static void truncate(struct looking *l, const struct relation *r)
{
	const struct object **keys;
	size_t n;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock_indexes(l, r, PG_ACCESS_EXCLUSIVE);
	pg_rewrite(l, r, true);
	pg_writes(l, r);
	pg_destroys(l, OBJECT_TABLE, r->name, SL("rows"));
	n = r->object ? catalog_referencing(l->catalog, r->object, l->arena, &keys) : 0;
	for (size_t i = 0; i < n; i++) {
		struct relation child;

		if (!keys[i]->table || keys[i]->table == r->object)
			continue;
		child = pg_relation(l, (struct name){keys[i]->table->schema, keys[i]->table->name},
			OBJECT_TABLE);
		if (l->change->flags & CHANGE_CASCADE) {
			pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
			pg_destroys(l, OBJECT_TABLE, child.name, SL("rows"));
		} else {
			pg_fails(l, "table \"%.*s\" has a foreign key to it",
				SLICE(child.name.name));
		}
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
		reads(l, false);
		if (target_of(l, &r)) {
			pg_lock(l, &r, PG_ROW_EXCLUSIVE);
			pg_writes(l, &r);
		}
		return true;
	case CHANGE_TRUNCATE:
		if (target_of(l, &r))
			truncate(l, &r);
		return true;
	case CHANGE_SELECT:
	case CHANGE_COPY_OUT:
	case CHANGE_CALL:
		reads(l, false);
		return true;
	case CHANGE_LOCK_TABLE:
		if (target_of(l, &r))
			pg_lock_tree(l, &r, lock_table_mode(c->value.text));
		if (!l->session->in_tx)
			pg_fails(l, "LOCK TABLE can only be used in a transaction block");
		return true;
	case CHANGE_VACUUM:
		if (slice_empty(c->target.name)) {
			pg_need(l, "the tables of the database");
			return true;
		}
		if (target_of(l, &r)) {
			pg_lock(l, &r,
				c->flags & CHANGE_FULL ? PG_ACCESS_EXCLUSIVE
						       : PG_SHARE_UPDATE_EXCLUSIVE);
			if (c->flags & CHANGE_FULL)
				pg_rewrite(l, &r, true);
		}
		return true;
	case CHANGE_ANALYZE:
		if (c->target.name.len && target_of(l, &r))
			pg_lock(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
		return true;
	case CHANGE_CLUSTER:
		if (c->target.name.len && target_of(l, &r)) {
			pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
			pg_rewrite(l, &r, true);
		}
		return true;
	default:
		return false;
	}
}
