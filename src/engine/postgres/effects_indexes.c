/* effects_indexes.c - indexes: created, dropped, built anew. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Indexes ---- */

/* A function of somebody's that says itself that it looks at the database. In SQL it is asked what
 * it does, by pg_volatility(). */
static bool calls_stable(struct looking *l, struct slice key)
{
	struct slice name = slice_trim(key), arguments;
	const struct object **all;
	size_t open, n;

	while (slice_starts(name, "("))
		name = slice_trim(slice_from(name, 1));
	open = slice_chr(name, '(');
	arguments = open == SIZE_MAX ? SLICE_NONE : slice_from(name, open);
	name = slice_sub(name, 0, open);
	if (!arguments.len || slice_chr(name, ' ') != SIZE_MAX)
		return false;
	n = catalog_overloads(l->catalog, l->session, pg_split_name(name), l->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (slice_is(all[i]->function.volatility, "immutable") || pg_is_inlined(l, all[i]))
			return false;
	return n > 0;
}

/* GIN and GiST are for what has parts: plain values need an extension's operators. */
static void method_refused(struct looking *l, const struct relation *r)
{
	static const char *const methods[] = {"btree", "hash", "gist", "gin", "spgist", "brin"};
	static const char *const plain[] = {"smallint", "integer", "bigint", "text", "numeric",
		"boolean", "date", "uuid", "timestamp without time zone",
		"timestamp with time zone", "real", "double precision"};
	const struct object *def = l->change->def;
	struct slice m = def ? def->index.method : SLICE_NONE;
	bool known = slice_empty(m);
	enum presence there;

	if (!m.len || pg_has_extensions(l))
		return;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		known = known || slice_iis(m, methods[i]);
	if (!known && catalog_is_complete(l->catalog))
		pg_fails(l, "access method \"%.*s\" does not exist", SLICE(m));
	if (!slice_iis(m, "gin") && !slice_iis(m, "gist"))
		return;
	for (size_t i = 0; i < def->index.keys.n; i++) {
		const struct object *col = pg_column(l, r, def->index.keys.at[i], &there);

		for (size_t t = 0; col && t < sizeof plain / sizeof *plain; t++)
			if (slice_is(col->column.type, plain[t]))
				pg_fails(l, "type %.*s has no operators for %.*s",
					SLICE(col->column.type), SLICE(m));
	}
}

static void index_refused(struct looking *l, const struct relation *r)
{
	const struct object *def = l->change->def;
	struct slice which = SLICE_NONE;

	if (r->object && (r->type == OBJECT_VIEW || r->type == OBJECT_SEQUENCE))
		pg_fails(l, "%s cannot have an index", object_type_word(r->type));
	method_refused(l, r);
	for (size_t i = 0; def && i < def->index.keys.n; i++) {
		struct expr key = {.text = def->index.keys.at[i]};
		bool call = slice_chr(key.text, '(') != SIZE_MAX;

		if (call && (pg_volatility(l, &key, &which) == 'v' ||
				    pg_never_immutable(l, key.text) || calls_stable(l, key.text)))
			pg_fails(l, "functions in an index must be immutable");
	}
	if (def && (def->index.predicate.text.len || def->index.predicate.normal.len) &&
		(pg_volatility(l, &def->index.predicate, &which) == 'v' ||
			pg_volatility(l, &def->index.predicate, &which) == 's'))
		pg_fails(l, "functions in an index must be immutable");
}

/* https://www.postgresql.org/docs/current/limits.html */
enum { MOST_KEYS = 32 };

/* IF NOT EXISTS does nothing, and locks all the same. */
static void index_is_there(struct looking *l, const struct relation *r, struct slice name)
{
	if (!(l->change->flags & CHANGE_IF_NOT_EXISTS))
		pg_fails(l, "\"%.*s\" exists already", SLICE(name));
	else
		pg_rerun(l, RERUN_SAME);
	if (l->change->flags & CHANGE_CONCURRENTLY)
		pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
	else if (pg_is_partitioned(r))
		pg_lock_tree(l, r, PG_SHARE);
	else
		pg_lock(l, r, PG_SHARE);
}

static void columns_are_there(struct looking *l, const struct relation *r, struct names columns)
{
	const struct object *col;

	for (size_t i = 0; r->object && r->type == OBJECT_TABLE && i < columns.n; i++)
		if (catalog_part(l->catalog, r->object, OBJECT_COLUMN, columns.at[i], &col) ==
			ABSENT)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(columns.at[i]));
}

/* False: nothing is built. */
static bool lock_for_build(struct looking *l, const struct relation *r)
{
	bool partitioned = r->object && r->object->type == OBJECT_TABLE &&
			   slice_is(r->object->table_.kind, "partitioned");

	if (l->change->flags & CHANGE_CONCURRENTLY) {
		pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
		names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
		names_add(l->arena, &l->out->waits_for, SL("older snapshots in the database"));
		if (partitioned)
			pg_fails(l, "an index on a partitioned table cannot be built concurrently");
	} else if (partitioned && !(l->change->flags & CHANGE_ONLY)) {
		pg_lock_tree(l, r, PG_SHARE);
	} else {
		pg_lock(l, r, PG_SHARE);
		return !partitioned;
	}
	return true;
}

static void build(struct looking *l, const struct relation *r, struct name index)
{
	const struct object *def = l->change->def;

	bool written = index.name.len && !(def && def->generated_name);

	/* The catalog chooses names, and knows what becomes of partitions. */
	if (r->object && (!written || pg_is_partitioned(r))) {
		pg_build_new(l, r->name);
		return;
	}
	pg_scan_one(l, r, true);
	if (index.name.len)
		pg_build(l, r, index.name, true);
	else if (def) /* unless that name is taken */
		pg_build(l, r, catalog_index_name((struct catalog *)l->catalog, r->name, def),
			false);
}

static void create_index(struct looking *l)
{
	const struct object *def = l->change->def, *there;
	struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);
	struct name index = {r.name.schema, def ? def->name : SLICE_NONE};

	if (r.presence == ABSENT) {
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	if (index.name.len &&
		catalog_find(l->catalog, l->session, OBJECT_NONE, index, &there) == PRESENT) {
		index_is_there(l, &r, index.name);
		return;
	}
	if (def && def->index.keys.n + def->index.include.n > MOST_KEYS) {
		pg_fails(l, "cannot use more than %d columns in an index", MOST_KEYS);
		return;
	}
	index_refused(l, &r);
	if (slice_empty(index.name) || (def && def->generated_name))
		pg_rerun(l, RERUN_DIFFERS);
	if (def)
		columns_are_there(l, &r, def->index.columns);
	if (!lock_for_build(l, &r))
		return;
	build(l, &r, index);
	if (!def || !def->index.unique)
		return;
	if (index.name.len)
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_INDEX, index, SLICE_NONE);
	else
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_TABLE, r.name, SLICE_NONE);
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

/* What is below a partitioned one is found under SHARE, also CONCURRENTLY. */
static void reindex_table(
	struct looking *l, const struct relation *r, struct slice only, bool below)
{
	bool concurrent = l->change->flags & CHANGE_CONCURRENTLY;
	enum pg_mode on_index = concurrent ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_EXCLUSIVE;
	const struct object **parts;
	size_t n = 0;

	pg_lock(l, r, concurrent && !below ? PG_SHARE_UPDATE_EXCLUSIVE : PG_SHARE);
	if (pg_is_partitioned(r) && slice_empty(only))
		n = pg_children(l, r, &parts);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		reindex_table(l, &child, SLICE_NONE, true);
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

static void reindex_index(struct looking *l, const struct object *index, bool below)
{
	struct relation t = pg_relation_of(l, index->table);
	const struct object **parts;
	size_t n = catalog_naming(l->catalog, (struct name){index->schema, index->name},
		OBJECT_INDEX, l->arena, &parts);

	if (!below || !pg_is_partitioned(&t))
		reindex_table(l, &t, index->name, false);
	for (size_t i = 0; i < n; i++) {
		struct relation part, table = pg_relation_of(l, parts[i]->table);

		part = pg_index_of(l, &table, parts[i]);
		pg_lock(l, &part, PG_SHARE);
		reindex_index(l, parts[i], true);
	}
}

/* Each table in a transaction of its own; the partitioned ones only through their partitions. */
static void reindex_all(struct looking *l)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_NONE, l->arena, &all);
	bool whole = l->change->type == OBJECT_DATABASE;

	for (size_t i = 0; i < n; i++) {
		struct relation r;

		if ((all[i]->type != OBJECT_TABLE && all[i]->type != OBJECT_MATVIEW) ||
			(!whole && !slice_eq(all[i]->schema, l->change->target.name)))
			continue;
		r = pg_relation_of(l, all[i]);
		if (!pg_is_partitioned(&r))
			reindex_table(l, &r, SLICE_NONE, false);
	}
	if (!catalog_is_complete(l->catalog))
		pg_need(l, "the tables of %.*s", SLICE(l->change->target.name));
}

static void reindex(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	if (l->version < 120000 && c->flags & CHANGE_CONCURRENTLY)
		pg_fails(l, "REINDEX CONCURRENTLY needs PostgreSQL 12");
	if (c->type == OBJECT_SCHEMA || c->type == OBJECT_DATABASE) {
		reindex_all(l);
		return;
	}
	r = pg_relation(l, c->target, c->type == OBJECT_INDEX ? OBJECT_INDEX : OBJECT_NONE);
	if (r.presence == ABSENT) {
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	if (c->flags & CHANGE_CONCURRENTLY) {
		names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
		names_add(l->arena, &l->out->waits_for, SL("older snapshots in the database"));
	}
	if (c->type == OBJECT_INDEX && r.object && r.object->table) {
		struct relation t = pg_relation_of(l, r.object->table);

		if (pg_is_partitioned(&t)) {
			if (l->version < 140000)
				pg_fails(l,
					"indexes of partitioned tables are not rebuilt before 14");
			pg_lock(l, &r,
				c->flags & CHANGE_CONCURRENTLY ? PG_SHARE_UPDATE_EXCLUSIVE
							       : PG_ACCESS_EXCLUSIVE);
		}
		reindex_index(l, r.object, false);
		return;
	}
	if (c->type == OBJECT_INDEX) {
		pg_lock(l, &r,
			c->flags & CHANGE_CONCURRENTLY ? PG_SHARE_UPDATE_EXCLUSIVE
						       : PG_ACCESS_EXCLUSIVE);
		pg_need(l, "table of index %.*s", SLICE(r.name.name));
		return;
	}
	/* Before 14 it warned, and did nothing. */
	if (pg_is_partitioned(&r) && l->version < 140000)
		pg_lock(l, &r,
			c->flags & CHANGE_CONCURRENTLY ? PG_SHARE_UPDATE_EXCLUSIVE : PG_SHARE);
	else
		reindex_table(l, &r, SLICE_NONE, false);
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

static void rename_index(struct looking *l)
{
	struct relation r = pg_relation(l, l->change->target, OBJECT_NONE);
	const struct object *there;

	if (r.presence == ABSENT) {
		if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "index \"%.*s\" does not exist", SLICE(r.name.name));
		return;
	}
	/* A table by that name is renamed too, under its own lock. */
	pg_lock(l, &r,
		r.object && r.object->type != OBJECT_INDEX ? PG_ACCESS_EXCLUSIVE
							   : PG_SHARE_UPDATE_EXCLUSIVE);
	if (catalog_find(l->catalog, l->session, OBJECT_NONE,
		    (struct name){r.name.schema, l->change->other.name}, &there) == PRESENT)
		pg_fails(l, "relation \"%.*s\" exists already", SLICE(l->change->other.name));
}

const struct pg_action pg_index_actions[] = {
	{CHANGE_CREATE_INDEX, create_index, NULL},
	{CHANGE_DROP_INDEX, drop_index, NULL},
	{CHANGE_RENAME_INDEX, rename_index, NULL},
	{CHANGE_REINDEX, reindex, NULL},
	{CHANGE_ATTACH_INDEX, attach_index, NULL},
	{0},
};
