/* effects_maintenance.c - TRUNCATE, LOCK, VACUUM and their kin. */
#include "engine/postgres/effects.h"

#include <stdint.h>

static enum pg_mode lock_table_mode(struct slice words)
{
	for (enum pg_mode m = PG_ACCESS_SHARE; m <= PG_ACCESS_EXCLUSIVE; m++)
		if (slice_iis(words, pg_mode_words(m)))
			return m;
	return PG_ACCESS_EXCLUSIVE; /* the default of LOCK TABLE */
}

static void truncate_one(struct looking *l, const struct relation *r)
{
	if (r->object && r->type != OBJECT_TABLE)
		pg_fails(l, "\"%.*s\" is not a table", SLICE(r->name.name));
	if (l->change->flags & CHANGE_ONLY && pg_is_partitioned(r))
		pg_fails(l, "a partitioned table is emptied with its partitions");
	if (r->object && r->object->table_.partition_of.name.len && l->version < 140000) {
		struct relation parent =
			pg_relation(l, r->object->table_.partition_of, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ACCESS_SHARE);
	}
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (r->is_new && l->session->in_tx && !pg_is_partitioned(r))
		pg_scan_one(l, r, true); /* emptied in its place */
	else
		pg_rewrite(l, r, true);
	pg_writes(l, r);
	pg_destroys(l, OBJECT_TABLE, r->name, SL("rows"));
	if (l->change->flags & CHANGE_RESTART_IDENTITY)
		pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
}

/* A key that refers to the parent refers to each partition. */
static void truncate_keys_above(struct looking *l, const struct relation *r)
{
	const struct object *at = r->object;
	const struct object **keys;

	for (int depth = 0;
		depth < 8 && at && at->type == OBJECT_TABLE && at->table_.partition_of.name.len;
		depth++) {
		struct relation parent = pg_relation(l, at->table_.partition_of, OBJECT_TABLE);
		size_t n = parent.object
				   ? catalog_referencing(l->catalog, parent.object, l->arena, &keys)
				   : 0;

		for (size_t i = 0; i < n; i++) {
			struct relation child;

			if (!keys[i]->table || keys[i]->table == parent.object)
				continue;
			child = pg_relation_of(l, keys[i]->table);
			if (!(l->change->flags & CHANGE_CASCADE) && !pg_in_statement(l, &child))
				pg_fails(l, "table \"%.*s\" has a foreign key to it",
					SLICE(child.name.name));
		}
		at = parent.object;
	}
}

static void truncate(struct looking *l, const struct relation *r, int depth)
{
	const struct object **keys;
	size_t n = r->object ? catalog_referencing(l->catalog, r->object, l->arena, &keys) : 0;

	if (!depth)
		truncate_keys_above(l, r);
	truncate_one(l, r);
	for (size_t i = 0; i < n && depth < 32; i++) {
		struct relation child;

		if (!keys[i]->table || keys[i]->table == r->object)
			continue;
		child = pg_relation_of(l, keys[i]->table);
		if (l->change->flags & CHANGE_CASCADE)
			truncate(l, &child, depth + 1);
		else if (!pg_in_statement(l, &child))
			pg_fails(l, "table \"%.*s\" has a foreign key to it",
				SLICE(child.name.name));
	}
}

static void set_value(struct looking *l)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_SEQUENCE);

	l->out->undo = UNDO_NONE; /* where it stood is not known any more */
	r.type = OBJECT_SEQUENCE;
	if (l->change->target.name.len) {
		pg_lock(l, &r, PG_ROW_EXCLUSIVE);
	} else if (l->change->other.name.len) { /* pg_get_serial_sequence('t', 'c') */
		r = pg_relation(l, l->change->other, OBJECT_TABLE);
		pg_lock_sequences(l, &r, l->change->name, PG_ROW_EXCLUSIVE);
	}
	pg_reads(l, false, true);
}

static void truncate_table(struct looking *l)
{
	struct relation r;

	if (pg_target(l, &r))
		truncate(l, &r, 0);
}

static void lock_table(struct looking *l)
{
	enum pg_mode m = lock_table_mode(l->change->value.text);
	struct relation r;

	if (pg_target(l, &r)) {
		if (r.object && r.type != OBJECT_TABLE && r.type != OBJECT_VIEW)
			pg_fails(l, "\"%.*s\" is not a table or view", SLICE(r.name.name));
		pg_lock_tree(l, &r, m);
		if (r.type == OBJECT_VIEW)
			pg_lock_below(l, &r, m, false);
	}
	if (!l->session->in_tx)
		pg_fails(l, "LOCK TABLE can only be used in a transaction block");
}

/* Of the whole database: plain tables and matviews; VACUUM alone asks for the partitioned too. */
static void each_table(struct looking *l, bool partitioned, bool full)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_NONE, l->arena, &all);

	for (size_t i = 0; i < n; i++) {
		struct relation r;

		if (all[i]->type != OBJECT_TABLE && all[i]->type != OBJECT_MATVIEW)
			continue;
		r = pg_relation_of(l, all[i]);
		if (pg_is_partitioned(&r) && !partitioned)
			continue;
		pg_lock(l, &r, full ? PG_ACCESS_EXCLUSIVE : PG_SHARE_UPDATE_EXCLUSIVE);
		if (full && !pg_is_partitioned(&r))
			pg_rewrite(l, &r, true);
	}
	if (!catalog_is_complete(l->catalog))
		pg_need(l, "the tables of the database");
}

static void vacuum(struct looking *l)
{
	bool full = l->change->flags & CHANGE_FULL;
	struct relation r;

	if (slice_empty(l->change->target.name)) {
		each_table(l, true, full);
		return;
	}
	if (!pg_target(l, &r))
		return;
	if (r.type == OBJECT_VIEW || r.type == OBJECT_SEQUENCE)
		return; /* skipped with a warning */
	pg_lock_tree(l, &r, full ? PG_ACCESS_EXCLUSIVE : PG_SHARE_UPDATE_EXCLUSIVE);
	if (full)
		pg_rewrite(l, &r, true);
}

static void analyze(struct looking *l)
{
	struct relation r;

	if (slice_empty(l->change->target.name))
		each_table(l, true, false);
	else if (pg_target(l, &r) && r.type != OBJECT_VIEW)
		pg_lock_tree(l, &r, PG_SHARE_UPDATE_EXCLUSIVE);
}

static void cluster(struct looking *l)
{
	const struct change *c = l->change;
	const struct object *index;
	struct relation r;

	if (slice_empty(c->target.name) || !pg_target(l, &r))
		return;
	pg_lock_tree(l, &r, PG_ACCESS_EXCLUSIVE);
	pg_rewrite(l, &r, true);
	if (pg_is_partitioned(&r) && l->version < 150000)
		pg_fails(l, "a partitioned table cannot be clustered before 15");
	if (r.object && slice_empty(c->name) && r.type == OBJECT_TABLE &&
		r.object->table_.cluster_on.n == 0)
		pg_fails(l, "the table has not been clustered before");
	if (!r.object || !c->name.len)
		return;
	if (catalog_part(l->catalog, r.object, OBJECT_INDEX, c->name, &index) == ABSENT)
		pg_fails(l, "index \"%.*s\" does not exist", SLICE(c->name));
	else if (catalog_part(l->catalog, r.object, OBJECT_INDEX, c->name, &index) == PRESENT &&
		 (index->index.predicate.text.len || index->index.predicate.normal.len))
		pg_fails(l, "the index is partial");
}

const struct pg_action pg_maintenance_actions[] = {
	{CHANGE_TRUNCATE, truncate_table, NULL},
	{CHANGE_SET_VALUE, set_value, NULL},
	{CHANGE_LOCK_TABLE, lock_table, NULL},
	{CHANGE_VACUUM, vacuum, NULL},
	{CHANGE_ANALYZE, analyze, NULL},
	{CHANGE_CLUSTER, cluster, NULL},
	{0},
};
