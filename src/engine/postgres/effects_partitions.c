/* effects_partitions.c - partitions that are attached and detached. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* The literals of "FROM ('a') TO ('b')" and "IN (1)", as they would stand in a check. */
static bool check_says(struct slice check, struct slice column, const char *op, struct slice value)
{
	struct arena a = {0};
	struct slice plain = arena_printf(&a, "%.*s %s %.*s", SLICE(column), op, SLICE(value));
	bool found = slice_find(check, plain) != SIZE_MAX;

	arena_done(&a);
	return found;
}

static bool has_default_partition(struct looking *l, const struct relation *parent)
{
	const struct object **parts;
	size_t n = parent->object ? catalog_partitions(l->catalog, parent->object, l->arena, &parts)
				  : 0;

	for (size_t i = 0; i < n; i++)
		if (slice_iis(slice_trim(parts[i]->table_.partition_bound.text), "default"))
			return true;
	return false;
}

/* Its rows are looked through for some that belong to the new partition, unless a check says that
 * there are none: CHECK (key <> 5) beside FOR VALUES IN (5). */
static void scan_default(struct looking *l, const struct relation *parent, const struct relation *d)
{
	const struct object *def = l->change->def;
	struct slice bound = l->change->kind == CHANGE_ATTACH_PARTITION ? l->change->value.text
			     : def ? def->table_.partition_bound.text
				   : SLICE_NONE;
	struct slice in = pg_in_brackets(bound, "IN");
	struct slice column = pg_in_brackets(parent->object->table_.partition_key.text, "");
	bool possible = false;

	for (size_t i = 0; d->object && i < d->object->nparts; i++) {
		const struct object *p = d->object->parts[i];
		struct slice t;

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "check") ||
			p->constraint.not_valid)
			continue;
		t = p->constraint.expression.normal.len ? p->constraint.expression.normal
							: p->constraint.expression.text;
		possible = true;
		if (in.len && slice_chr(in, ',') == SIZE_MAX && check_says(t, column, "<>", in))
			return;
	}
	if (possible)
		pg_need(l, "whether a check of %.*s rules the new bound out", SLICE(d->name.name));
	pg_scan(l, d, !possible);
}

void pg_lock_default_partition(struct looking *l, const struct relation *parent, bool scan)
{
	const struct object **parts;
	size_t n = parent->object ? catalog_partitions(l->catalog, parent->object, l->arena, &parts)
				  : 0;

	for (size_t i = 0; i < n; i++)
		if (slice_iis(slice_trim(parts[i]->table_.partition_bound.text), "default")) {
			struct relation d = pg_relation(
				l, (struct name){parts[i]->schema, parts[i]->name}, OBJECT_TABLE);

			if (scan && pg_is_partitioned(&d))
				pg_lock_tree(l, &d, PG_ACCESS_EXCLUSIVE);
			pg_lock(l, &d, PG_ACCESS_EXCLUSIVE);
			if (scan)
				scan_default(l, parent, &d);
		}
}

/* A validated check that says exactly the bound, on a column that is not null. Whether another one
 * implies it is the server's to prove. */
static bool bound_is_proven(struct looking *l, const struct relation *parent,
	const struct relation *child, bool *possible)
{
	struct slice key = parent->object ? parent->object->table_.partition_key.text : SLICE_NONE;
	struct slice column = pg_in_brackets(key, ""), bound = l->change->value.text;
	struct slice from = pg_in_brackets(bound, "FROM"), to = pg_in_brackets(bound, "TO");
	struct slice in = pg_in_brackets(bound, "IN");
	enum presence known;
	const struct object *col = pg_column(l, child, column, &known);
	bool not_null = (col && col->column.not_null) || pg_not_null_proven(l, child, column);

	*possible = false;
	for (size_t i = 0; child->object && i < child->object->nparts; i++) {
		const struct object *p = child->object->parts[i];
		struct slice t;

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "check") ||
			p->constraint.not_valid)
			continue;
		t = p->constraint.expression.normal.len ? p->constraint.expression.normal
							: p->constraint.expression.text;
		*possible = true;
		if (from.len && to.len && not_null && check_says(t, column, ">=", from) &&
			check_says(t, column, "<", to) && slice_ifind(t, SL(" OR ")) == SIZE_MAX)
			return true;
		if (in.len && slice_chr(in, ',') == SIZE_MAX && not_null &&
			check_says(t, column, "=", in) && slice_ifind(t, SL(" OR ")) == SIZE_MAX)
			return true;
	}
	return false;
}

/* Has the table that comes in such a key already? */
static bool same_key(const struct relation *child, const struct object *key)
{
	for (size_t i = 0; child->object && i < child->object->nparts; i++) {
		const struct object *p = child->object->parts[i];

		if (p->type == OBJECT_CONSTRAINT && slice_is(p->constraint.kind, "foreign key") &&
			slice_eq(p->constraint.ref_table.name, key->constraint.ref_table.name) &&
			names_eq(p->constraint.columns, key->constraint.columns))
			return true;
	}
	return false;
}

static void attach_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);

	(void)r;
	if (refers && l->change->kind == CHANGE_ATTACH_PARTITION && same_key(&child, key)) {
		pg_lock(l, other, PG_ACCESS_EXCLUSIVE); /* the child's becomes a part of it */
		return;
	}
	/* Keys to it: before 15 only looked at where a partition is made. */
	pg_lock(l, other,
		!refers && l->change->kind == CHANGE_CREATE_TABLE && l->version < 150000
			? PG_ACCESS_SHARE
			: PG_SHARE_ROW_EXCLUSIVE);
	if (refers && l->change->kind == CHANGE_ATTACH_PARTITION) {
		pg_scan(l, &child, true);
		pg_scan(l, other, true);
	}
}

/* Indexes of the parent that the new partition gets its own of. */
void pg_lock_parent_indexes(struct looking *l, const struct relation *parent)
{
	for (size_t i = 0; parent->object && i < parent->object->nparts; i++)
		if (parent->object->parts[i]->type == OBJECT_INDEX) {
			struct relation index = pg_index_of(l, parent, parent->object->parts[i]);

			pg_lock(l, &index, PG_SHARE_UPDATE_EXCLUSIVE);
		}
	pg_each_key(l, parent, SLICE_NONE, attach_key);
}

static void attach_refused(
	struct looking *l, const struct relation *r, const struct relation *child)
{
	enum presence known;

	if (r->object && !pg_is_partitioned(r))
		pg_fails(l, "\"%.*s\" is not partitioned", SLICE(r->name.name));
	if (!child->object || !r->object || child->object->tainted || r->object->tainted)
		return;
	if (child->object->table_.partition_of.name.len)
		pg_fails(l, "\"%.*s\" is a partition already", SLICE(child->name.name));
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i], *col;

		if (p->type != OBJECT_COLUMN)
			continue;
		col = pg_column(l, child, p->name, &known);
		if (known == ABSENT)
			pg_fails(l, "it has no column \"%.*s\"", SLICE(p->name));
		else if (col && !slice_eq(col->column.type, p->column.type))
			pg_fails(l, "column \"%.*s\" is of another type", SLICE(p->name));
	}
	for (size_t i = 0; i < child->object->nparts; i++)
		if (child->object->parts[i]->type == OBJECT_COLUMN) {
			pg_column(l, r, child->object->parts[i]->name, &known);
			if (known == ABSENT)
				pg_fails(l, "it has a column \"%.*s\" too many",
					SLICE(child->object->parts[i]->name));
		}
}

static void attach(struct looking *l, const struct relation *r)
{
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);
	bool possible, proven = bound_is_proven(l, r, &child, &possible);

	if (child.presence == ABSENT) {
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(child.name.name));
		return;
	}
	attach_refused(l, r, &child);
	pg_bound_overlaps(l, r, l->change->value.text);
	pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
	pg_lock_tree(l, &child, PG_ACCESS_EXCLUSIVE);
	if (!proven && possible)
		pg_need(l, "whether a check of %.*s implies the bound", SLICE(child.name.name));
	if (!proven)
		pg_scan(l, &child, !possible);
	pg_lock_parent_indexes(l, r);
	if (child.object)
		pg_build_new(l, child.name);
	pg_lock_default_partition(l, r, true);
	if (!proven)
		pg_may_fail(l, "it fails when a row is outside of the bound");
}

static void detach_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	(void)r;
	(void)key;
	if (!refers)
		pg_may_fail(l, "it fails when a row of \"%.*s\" refers to a row of the partition",
			SLICE(other->name.name));
	pg_lock(l, other, refers ? PG_SHARE_ROW_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
}

/* Its indexes are taken out of the parent's. */
static void detach_indexes(struct looking *l, const struct relation *child)
{
	for (size_t i = 0; child->object && i < child->object->nparts; i++)
		if (child->object->parts[i]->type == OBJECT_INDEX &&
			child->object->parts[i]->index.partition_of.name.len) {
			struct relation index = pg_index_of(l, child, child->object->parts[i]);

			pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
		}
}

/* Triggers that the parent has made in it. */
static void detach_triggers(
	struct looking *l, const struct relation *r, const struct relation *child)
{
	/* Before 15 they were the server's own. */
	for (size_t i = 0; l->version >= 150000 && r->object && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_TRIGGER &&
			r->object->parts[i]->trigger.for_each_row)
			pg_destroys(l, OBJECT_TRIGGER, child->name, r->object->parts[i]->name);
}

static void detach_concurrently(
	struct looking *l, const struct relation *r, const struct relation *child)
{
	struct name above = r->object ? r->object->table_.partition_of : (struct name){0};

	pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
	pg_lock(l, child, PG_ACCESS_EXCLUSIVE);
	if (above.name.len) {
		struct relation top = pg_relation(l, above, OBJECT_TABLE);

		pg_lock(l, &top, PG_ACCESS_SHARE);
	}
	names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
	detach_indexes(l, child);
	detach_triggers(l, r, child);
	pg_each_key(l, r, SLICE_NONE, detach_key);
	if (has_default_partition(l, r))
		pg_fails(l, "it cannot be detached concurrently: there is a default partition");
}

static bool row_triggers_of(const struct relation *r)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_TRIGGER &&
			r->object->parts[i]->trigger.for_each_row)
			return true;
	return false;
}

static bool is_referenced(struct looking *l, const struct relation *r)
{
	const struct object **all;

	return r->object && catalog_referencing(l->catalog, r->object, l->arena, &all) > 0;
}

static void detach(struct looking *l, const struct relation *r)
{
	const struct object **below;
	size_t n;
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);

	if (child.presence == ABSENT) {
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(child.name.name));
		return;
	}
	if (child.object && r->object && !name_eq(child.object->table_.partition_of, r->name)) {
		pg_fails(l, "\"%.*s\" is not a partition of it", SLICE(child.name.name));
		return;
	}
	if (l->change->flags & CHANGE_FINALIZE) {
		if (child.object && r->object) {
			pg_fails(l, "no detach of it is pending");
			return;
		}
		pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
		pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
		pg_may_fail(l, "it fails unless a detach of it is pending");
		return;
	}
	if (l->change->flags & CHANGE_CONCURRENTLY) {
		detach_concurrently(l, r, &child);
		return;
	}
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	/* Before 14 the partition itself was only kept from other changes, unless triggers go: of
	 * its own, or those of keys that point at the table. */
	pg_lock(l, &child,
		l->version < 140000 && !row_triggers_of(r) && !is_referenced(l, r)
			? PG_SHARE_UPDATE_EXCLUSIVE
			: PG_ACCESS_EXCLUSIVE);
	n = pg_children(l, &child, &below);
	for (size_t i = 0; i < n; i++) {
		struct relation sub = pg_relation_of(l, below[i]);

		pg_lock_tree(l, &sub, PG_ACCESS_EXCLUSIVE);
	}
	pg_each_key(l, r, SLICE_NONE, detach_key);
	detach_indexes(l, &child);
	detach_triggers(l, r, &child);
	pg_lock_default_partition(l, r, false);
}

const struct pg_action pg_partition_actions[] = {
	{CHANGE_ATTACH_PARTITION, NULL, attach},
	{CHANGE_DETACH_PARTITION, NULL, detach},
	{0},
};
