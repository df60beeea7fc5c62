/* effects_constraints.c - constraints: added, validated, dropped. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Constraints ---- */

static const struct object *constraint_of(
	struct looking *l, const struct relation *r, struct slice name)
{
	const struct object *k = NULL;

	if (r->object &&
		catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, name, &k) == PRESENT)
		return k;
	return NULL;
}

/* Columns that the same statement adds are there by then, wherever it says so. */
static void columns_exist(struct looking *l, const struct relation *r, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		enum presence known;

		pg_column(l, r, columns.at[i], &known);
		if (known == ABSENT && !pg_statement_has(l, CHANGE_ADD_COLUMN, columns.at[i]))
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(columns.at[i]));
	}
}

static void key_needs_not_null(struct looking *l, const struct relation *r, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		enum presence known;
		const struct object *col = pg_column(l, r, columns.at[i], &known);

		if (!(col && col->column.not_null) && !pg_not_null_proven(l, r, columns.at[i]))
			pg_scan(l, r, col != NULL);
	}
}

/* UNIQUE, PRIMARY KEY, EXCLUDE: an index is built. Partitions are locked as for CREATE INDEX,
 * unless a column of the key becomes NOT NULL in them. */
static void add_key(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	enum pg_mode below = PG_SHARE;

	for (size_t i = 0; slice_is(k->kind, "primary key") && i < k->columns.n; i++) {
		enum presence known;
		const struct object *col = pg_column(l, r, k->columns.at[i], &known);

		if (!(col && col->column.not_null))
			below = PG_ACCESS_EXCLUSIVE;
	}
	if (l->version >= 180000)
		below = PG_ACCESS_EXCLUSIVE;
	for (size_t i = 0; r->object && slice_is(k->kind, "primary key") && i < r->object->nparts;
		i++)
		if (r->object->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(r->object->parts[i]->constraint.kind, "primary key"))
			pg_fails(l, "the table has a primary key already");
	if (pg_is_partitioned(r) || l->version >= 180000)
		pg_lock_tree(l, r, below);
	else if (slice_is(k->kind, "primary key"))
		pg_lock_tree(
			l, r, PG_ACCESS_EXCLUSIVE); /* SET NOT NULL goes to those that inherit */
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_CONSTRAINT, r->name, l->change->def->name);
	columns_exist(l, r, k->columns);
	if (r->object) {
		pg_build_new(l, r->name);
	} else {
		pg_scan_one(l, r, true);
		if (l->change->def->name.len)
			pg_build(l, r, l->change->def->name, true);
	}
	pg_may_fail(l, "it fails on duplicates");
}

static bool has_expression(const struct object *index)
{
	for (size_t i = 0; i < index->index.keys.n; i++)
		if (slice_chr(index->index.keys.at[i], '(') != SIZE_MAX)
			return true;
	return false;
}

bool pg_has_unique(const struct object *table, struct names columns)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type == OBJECT_CONSTRAINT && columns.n == 0 &&
			slice_is(p->constraint.kind, "primary key"))
			return true;
		if (p->type == OBJECT_INDEX && p->index.unique && p->index.keys.n == columns.n &&
			!p->index.predicate.text.len && !p->index.predicate.normal.len &&
			!has_expression(p)) {
			size_t same = 0;

			for (size_t k = 0; k < columns.n; k++)
				same += names_has(p->index.keys, columns.at[k]) ||
					names_has(p->index.columns, columns.at[k]);
			if (same == columns.n)
				return true;
		}
	}
	return false;
}

/* 18: NOT NULL is a constraint with a name. */
static void add_not_null(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	struct slice column = k->columns.n ? k->columns.at[0] : SLICE_NONE;
	enum presence known;
	const struct object *col = pg_column(l, r, column, &known);

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	pg_rerun(l, RERUN_SAME);
	if (known == ABSENT)
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(column));
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, column);
	if (k->not_valid || (col && col->column.not_null) || pg_not_null_proven(l, r, column))
		return;
	pg_scan(l, r, true);
	pg_may_fail(l, "it fails when a row holds NULL");
}

static void add_foreign_key(struct looking *l, const struct relation *r, bool checks)
{
	const struct constraint_def *k = &l->change->def->constraint;
	struct relation parent = pg_relation(l, k->ref_table, OBJECT_TABLE);

	/* Tables that inherit have no part in it; 18 locks them all the same. */
	if (pg_is_partitioned(r) || l->version >= 180000)
		pg_lock_tree(l, r, PG_SHARE_ROW_EXCLUSIVE);
	else
		pg_lock(l, r, PG_SHARE_ROW_EXCLUSIVE);
	if (pg_is_partitioned(&parent))
		pg_lock_tree(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
	else
		pg_lock(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
	columns_exist(l, r, k->columns);
	if (parent.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(parent.name.name));
	else if (parent.object && !parent.object->tainted &&
		 !pg_has_unique(parent.object, k->ref_columns))
		pg_fails(l, "no unique key on the referenced columns");
	if (k->not_valid && pg_is_partitioned(r) && l->version < 180000)
		pg_fails(l, "a key of a partitioned table cannot be NOT VALID");
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_CONSTRAINT, r->name, l->change->def->name);
	if (!checks)
		return;
	if (pg_is_partitioned(r))
		pg_scan(l, r, true);
	else
		pg_scan_one(l, r, true);
	/* The rows of a table that is new can only be compared one by one, and so can those of a
	 * parent that is. */
	if (!(r->is_new && l->session->in_tx) && !parent.is_new) {
		if (pg_is_partitioned(&parent))
			pg_scan(l, &parent, true);
		else
			pg_scan_one(l, &parent, true);
	}
	pg_may_fail(l, "it fails when a row has no match in %.*s", SLICE(parent.name.name));
}

static bool drops_constraint(const struct looking *l)
{
	for (size_t i = 0; i < l->statement->nchanges; i++)
		if (l->statement->changes[i].kind == CHANGE_DROP_CONSTRAINT)
			return true;
	return false;
}

/* Those that have the same check of their own, validated, are not read again. */
static void scan_check(struct looking *l, const struct relation *r)
{
	const struct object **children, *k;
	size_t n = l->change->flags & CHANGE_ONLY ? 0 : pg_children(l, r, &children);

	if (!pg_is_partitioned(r))
		pg_scan_one(l, r, true);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, children[i]);

		k = l->change->def->name.len ? constraint_of(l, &child, l->change->def->name)
					     : NULL;
		if (!k || k->constraint.not_valid)
			scan_check(l, &child);
	}
}

static void add_constraint(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	bool checks = !k->not_valid && !k->not_enforced;
	const struct object **heirs;

	if (slice_empty(l->change->def->name) || l->change->def->generated_name) {
		if (slice_is(k->kind, "not null"))
			pg_rerun(l, RERUN_SAME);
		else if (!slice_is(k->kind, "primary key"))
			pg_rerun(l, RERUN_DIFFERS);
	} else if (constraint_of(l, r, l->change->def->name)) {
		pg_fails(l, "constraint \"%.*s\" exists already", SLICE(l->change->def->name));
	}

	if (pg_statement_has(l, CHANGE_DROP_CONSTRAINT, l->change->def->name) ||
		(slice_is(k->kind, "primary key") && drops_constraint(l)))
		pg_rerun(l, RERUN_SAME);
	if (slice_is(k->kind, "foreign key")) {
		add_foreign_key(l, r, checks);
		return;
	}
	if (slice_is(k->kind, "not null")) {
		add_not_null(l, r);
		return;
	}
	if (slice_is(k->kind, "check")) {
		if (k->expression.facts)
			columns_exist(l, r, k->expression.facts->columns);
		if (l->change->flags & CHANGE_ONLY && pg_is_partitioned(r) && !k->no_inherit)
			pg_fails(l, "the constraint must be added to the partitions too");
		if (l->change->flags & CHANGE_ONLY && !k->no_inherit && pg_children(l, r, &heirs) &&
			pg_is_heir(heirs[0], r))
			pg_fails(l, "the constraint must be added to the tables that inherit too");
		if (!k->not_enforced)
			pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_CONSTRAINT, r->name,
				l->change->def->name);
		/* 18 locks those that inherit before it looks at NO INHERIT. */
		if (k->no_inherit && l->version < 180000)
			pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
		else
			pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
		if (!checks)
			return;
		if (k->no_inherit)
			pg_scan_one(l, r, true);
		else if (r->object)
			scan_check(l, r);
		else
			pg_scan(l, r, true);
		pg_may_fail(l, "it fails when a row violates it");
		return;
	}
	add_key(l, r);
}

static void add_constraint_index(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	/* It is looked for where the table is, not along the search path. */
	struct relation index =
		pg_relation(l, (struct name){r->name.schema, l->change->other.name}, OBJECT_INDEX);

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	index.type = OBJECT_INDEX;
	/* It is renamed to the constraint. */
	if (l->change->def->name.len && !slice_eq(l->change->def->name, index.name.name))
		pg_lock(l, &index, PG_SHARE_UPDATE_EXCLUSIVE);
	if (index.object && index.object->type == OBJECT_INDEX &&
		(!index.object->index.unique || index.object->index.predicate.text.len ||
			index.object->index.predicate.normal.len || has_expression(index.object)))
		pg_fails(l, "the index is not unique, or not over plain columns of all rows");
	if (pg_is_partitioned(r))
		pg_fails(l, "a partitioned table cannot take an index for a constraint");
	if (index.presence == ABSENT)
		pg_fails(l, "index \"%.*s\" does not exist", SLICE(index.name.name));
	if (slice_is(k->kind, "primary key")) {
		struct names columns = k->columns;

		if (index.object)
			columns = index.object->index.keys;
		if (columns.n)
			key_needs_not_null(l, r, columns);
		else
			pg_scan(l, r, false);
	}
}

static void validate(struct looking *l, const struct relation *r)
{
	const struct object *k = constraint_of(l, r, l->change->name);
	const struct object *none;

	if (!k && r->object &&
		catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, l->change->name, &none) ==
			ABSENT) {
		pg_fails(l, "constraint \"%.*s\" does not exist", SLICE(l->change->name));
		return;
	}
	pg_lock_tree(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
	if (k && !slice_is(k->constraint.kind, "check") &&
		!slice_is(k->constraint.kind, "foreign key") &&
		!slice_is(k->constraint.kind, "not null")) {
		pg_fails(l, "it is not a foreign key, check or not-null constraint");
		return;
	}
	if (k && k->constraint.not_enforced) {
		pg_fails(l, "it is not enforced");
		return;
	}
	if (k && !k->constraint.not_valid)
		return; /* validated already: nothing is read */
	pg_scan(l, r, true);
	if (k && slice_is(k->constraint.kind, "foreign key")) {
		struct relation parent = pg_relation(l, k->constraint.ref_table, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ROW_SHARE);
		pg_scan(l, &parent, true);
	}
	if (!k)
		pg_need(l, "definition of constraint %.*s", SLICE(l->change->name));
	pg_may_fail(l, "it fails when a row violates the constraint");
}

/* DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (…): the same name again. */
static bool adds_primary_key(const struct looking *l, const struct object *k)
{
	for (size_t i = 0; k && i < l->statement->nchanges; i++)
		if (l->statement->changes[i].kind == CHANGE_ADD_CONSTRAINT &&
			slice_is(k->constraint.kind, "primary key") &&
			slice_is(l->statement->changes[i].def->constraint.kind, "primary key"))
			return true;
	return false;
}

static void destroys_tree(struct looking *l, const struct relation *r, struct slice name)
{
	const struct object **children, *k;
	size_t n = l->change->flags & CHANGE_ONLY ? 0 : pg_children(l, r, &children);

	pg_destroys(l, OBJECT_CONSTRAINT, r->name, name);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, children[i]);

		if (pg_is_heir(children[i], r) &&
			catalog_part(l->catalog, children[i], OBJECT_CONSTRAINT, name, &k) ==
				PRESENT &&
			slice_is(k->constraint.kind, "check"))
			destroys_tree(l, &child, name);
	}
}

/* With ONLY those that inherit keep theirs, and are told that it is their own now. */
static void lock_heirs(struct looking *l, const struct relation *r)
{
	const struct object **children;
	size_t n = l->change->flags & CHANGE_ONLY ? pg_children(l, r, &children) : 0;

	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, children[i]);

		pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
	}
}

static void drop_constraint(struct looking *l, const struct relation *r)
{
	const struct object *k = constraint_of(l, r, l->change->name), *none;
	const struct object **keys;
	size_t n = 0;

	if (k && slice_is(k->constraint.kind, "check") && !k->constraint.no_inherit)
		lock_heirs(l, r);
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (!k && r->object &&
		catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, l->change->name, &none) ==
			ABSENT) {
		if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "constraint \"%.*s\" does not exist", SLICE(l->change->name));
		return;
	}
	if (k && k->constraint.inherited)
		pg_fails(l, "the constraint is inherited");
	if (pg_statement_has(l, CHANGE_ADD_CONSTRAINT, l->change->name) || adds_primary_key(l, k))
		pg_rerun(l, RERUN_SAME); /* another of that name takes its place */
	else
		destroys_tree(l, r, l->change->name);
	if (!k) {
		if (r->object == NULL)
			pg_need(l, "definition of constraint %.*s", SLICE(l->change->name));
		return;
	}
	if (slice_is(k->constraint.kind, "foreign key")) {
		struct relation parent = pg_relation(l, k->constraint.ref_table, OBJECT_TABLE);

		pg_lock_tree(l, &parent, PG_ACCESS_EXCLUSIVE);
	}
	if (!slice_is(k->constraint.kind, "primary key") &&
		!slice_is(k->constraint.kind, "unique") && !slice_is(k->constraint.kind, "exclude"))
		return;
	for (size_t i = 0; i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_INDEX &&
			slice_eq(r->object->parts[i]->name,
				k->constraint.index.len ? k->constraint.index : k->name))
			pg_lock_index_tree(
				l, r->object->parts[i], PG_ACCESS_EXCLUSIVE, PG_ACCESS_EXCLUSIVE);
	n = catalog_referencing(l->catalog, r->object, l->arena, &keys);
	for (size_t i = 0; i < n; i++) {
		struct relation other = pg_relation_of(l, keys[i]->table);

		if (keys[i]->constraint.ref_columns.n && k->constraint.columns.n &&
			!names_eq(keys[i]->constraint.ref_columns, k->constraint.columns))
			continue;
		pg_drop_key(l, r, &other, keys[i], false);
	}
}

const struct pg_action pg_constraint_actions[] = {
	{CHANGE_ADD_CONSTRAINT, NULL, add_constraint},
	{CHANGE_ADD_CONSTRAINT_INDEX, NULL, add_constraint_index},
	{CHANGE_VALIDATE_CONSTRAINT, NULL, validate},
	{CHANGE_DROP_CONSTRAINT, NULL, drop_constraint},
	{0},
};
