/* effects_refused_tables.c - what the server refuses of a new table, by what it names: columns,
 * keys, types, parents. The manual's page: CREATE TABLE. */
#include "engine/postgres/effects.h"

#include <stdint.h>

static const struct object *own_column(const struct object *def, struct slice name)
{
	for (size_t i = 0; i < def->nparts; i++)
		if (def->parts[i]->type == OBJECT_COLUMN && slice_eq(def->parts[i]->name, name))
			return def->parts[i];
	return NULL;
}

/* All its columns are written out: nothing is inherited, copied, or a type's. */
static bool says_all(const struct looking *l, const struct object *def)
{
	return !def->table_.inherits.n && !l->change->reads.n &&
	       slice_empty(def->table_.partition_of.name) &&
	       slice_empty(def->table_.of_type.name) && !slice_is(def->table_.kind, "foreign");
}

static void refuse_mention(struct looking *l, const struct object *def, const struct expr *e)
{
	for (size_t i = 0; e->facts && i < e->facts->columns.n; i++)
		if (!own_column(def, e->facts->columns.at[i]) && !e->facts->has_subquery)
			pg_fails(l, "column \"%.*s\" does not exist",
				SLICE(e->facts->columns.at[i]));
}

static void refuse_column(struct looking *l, const struct object *def, const struct object *col)
{
	const struct column_def *d = &col->column;
	const struct expr_facts *f = d->generation.facts;

	if (d->type.len && pg_type_known(l, d->type) == ABSENT)
		pg_fails(l, "type \"%.*s\" does not exist", SLICE(d->type));
	if (d->default_value.facts && d->default_value.facts->has_columns)
		pg_fails(l, "a default cannot use a column");
	if (d->default_value.facts && d->default_value.facts->has_subquery)
		pg_fails(l, "a subquery cannot stand in a default");
	if (d->default_value.text.len && !d->generated.len &&
		pg_bad_literal(l, d->default_value.text, d->type, false))
		pg_fails(l, "the default is no %.*s", SLICE(d->type));
	for (size_t i = 0; d->generated.len && f && i < f->columns.n; i++) {
		const struct object *other = own_column(def, f->columns.at[i]);

		if (other && other->column.generated.len)
			pg_fails(l, "generated column \"%.*s\" cannot be used in another one",
				SLICE(f->columns.at[i]));
	}
}

/* Types that no operator = compares: a number and a text. */
static bool compares(struct looking *l, struct slice a, struct slice b)
{
	return pg_type_is_text(l, a) == pg_type_is_text(l, b) || pg_domain(l, a) || pg_domain(l, b);
}

static void refuse_key(struct looking *l, const struct object *def, const struct object *k)
{
	struct relation parent = pg_relation(l, k->constraint.ref_table, OBJECT_TABLE);
	struct names there = k->constraint.ref_columns;

	if (!parent.object || name_eq(k->constraint.ref_table, l->change->target))
		return;
	if (!(l->change->flags & CHANGE_TEMPORARY) != !pg_is_temporary(&parent))
		pg_fails(l, "temporary tables refer to temporary tables only");
	for (size_t i = 0; there.n == 0 && i < parent.object->nparts; i++)
		if (parent.object->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(parent.object->parts[i]->constraint.kind, "primary key"))
			there = parent.object->parts[i]->constraint.columns;
	for (size_t i = 0; i < k->constraint.columns.n && i < there.n; i++) {
		const struct object *a = own_column(def, k->constraint.columns.at[i]);
		enum presence known;
		const struct object *b = pg_column(l, &parent, there.at[i], &known);

		if (a && b && !compares(l, a->column.type, b->column.type))
			pg_fails(l, "a key compares \"%.*s\" with a column of type %.*s",
				SLICE(a->name), SLICE(b->column.type));
	}
}

static void refuse_constraints(struct looking *l, const struct object *def)
{
	size_t primary = 0;

	for (size_t i = 0; i < def->nparts; i++) {
		const struct object *k = def->parts[i];

		if (k->type != OBJECT_CONSTRAINT)
			continue;
		primary += slice_is(k->constraint.kind, "primary key");
		if (slice_is(k->constraint.kind, "foreign key"))
			refuse_key(l, def, k);
		if (says_all(l, def) && slice_is(k->constraint.kind, "check"))
			refuse_mention(l, def, &k->constraint.expression);
		for (size_t c = 0; says_all(l, def) && c < k->constraint.columns.n; c++)
			if (!slice_is(k->constraint.kind, "check") &&
				!slice_is(k->constraint.kind, "exclude") &&
				!own_column(def, k->constraint.columns.at[c]))
				pg_fails(l, "column \"%.*s\" does not exist",
					SLICE(k->constraint.columns.at[c]));
		for (size_t n = 0; k->name.len && !k->generated_name && n < i && i < 128; n++)
			if (def->parts[n]->type == OBJECT_CONSTRAINT &&
				!def->parts[n]->generated_name &&
				slice_eq(def->parts[n]->name, k->name))
				pg_fails(l, "constraint \"%.*s\" stands there twice",
					SLICE(k->name));
	}
	if (primary > 1)
		pg_fails(l, "a table has one primary key");
}

static void refuse_parents(struct looking *l, const struct object *def)
{
	for (size_t i = 0; i < def->table_.inherits.n; i++) {
		struct relation parent =
			pg_relation(l, pg_split_name(def->table_.inherits.at[i]), OBJECT_TABLE);

		if (parent.presence == ABSENT)
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(parent.name.name));
		if (pg_is_partitioned(&parent))
			pg_fails(l, "nothing inherits from a partitioned table");
		if (parent.object && parent.object->table_.partition_of.name.len)
			pg_fails(l, "nothing inherits from a partition");
		for (size_t k = 0; parent.object && k < parent.object->nparts; k++) {
			const struct object *p = parent.object->parts[k], *own;

			own = p->type == OBJECT_COLUMN ? own_column(def, p->name) : NULL;
			if (own && !slice_eq(own->column.type, p->column.type) &&
				!slice_eq(
					catalog_full_type(l->catalog, l->session, own->column.type),
					p->column.type))
				pg_fails(l, "column \"%.*s\" has another type", SLICE(p->name));
		}
	}
}

/* FOR VALUES of the kind that the parent is divided by. */
static void refuse_bound(struct looking *l, const struct object *def)
{
	struct relation parent = pg_relation(l, def->table_.partition_of, OBJECT_TABLE);
	struct slice key, bound = def->table_.partition_bound.text;
	const struct object **parts;
	size_t n;

	if (!pg_is_partitioned(&parent))
		return;
	key = slice_trim(parent.object->table_.partition_key.text.len
				 ? parent.object->table_.partition_key.text
				 : parent.object->table_.partition_key.normal);
	if ((slice_istarts(key, "hash") && slice_ifind(bound, SL("modulus")) == SIZE_MAX) ||
		(!slice_istarts(key, "hash") && slice_ifind(bound, SL("modulus")) != SIZE_MAX) ||
		(slice_istarts(key, "range") && slice_ifind(bound, SL(" in ")) != SIZE_MAX &&
			slice_ifind(bound, SL("from")) == SIZE_MAX) ||
		(slice_istarts(key, "list") && slice_ifind(bound, SL("from")) != SIZE_MAX &&
			slice_ifind(bound, SL(" in ")) == SIZE_MAX))
		pg_fails(l, "the bound is not of the parent's kind");
	n = slice_ifind(bound, SL("default")) == 0 ? 0 : pg_children(l, &parent, &parts);
	for (size_t i = 0; i < n; i++)
		if (slice_istarts(slice_trim(parts[i]->table_.partition_bound.text), "default") ||
			slice_istarts(
				slice_trim(parts[i]->table_.partition_bound.normal), "default"))
			pg_may_fail(
				l, "it fails when a row of the default partition belongs to it");
}

/* LIKE brings columns that the table has already. */
static void refuse_like(struct looking *l, const struct object *def)
{
	for (size_t i = 0; i < l->change->list.n; i++) {
		struct slice clause = l->change->list.at[i];
		size_t bar = slice_chr(clause, '|');
		struct relation r;

		if (bar == SIZE_MAX)
			continue;
		r = pg_relation(l, pg_split_name(slice_sub(clause, 0, bar)), OBJECT_NONE);
		for (size_t k = 0; r.object && k < r.object->nparts; k++)
			if (r.object->parts[k]->type == OBJECT_COLUMN &&
				own_column(def, r.object->parts[k]->name))
				pg_fails(l, "column \"%.*s\" specified more than once",
					SLICE(r.object->parts[k]->name));
	}
}

void pg_refuse_table(struct looking *l)
{
	const struct object *def = l->change->def, *type;
	struct names keys;

	if (!def || (l->change->flags & CHANGE_IF_NOT_EXISTS &&
			    catalog_find(l->catalog, l->session, OBJECT_NONE, l->change->target,
				    &type) == PRESENT))
		return;
	for (size_t i = 0; i < def->nparts; i++)
		if (def->parts[i]->type == OBJECT_COLUMN)
			refuse_column(l, def, def->parts[i]);
	refuse_constraints(l, def);
	refuse_parents(l, def);
	refuse_like(l, def);
	if (def->table_.partition_of.name.len)
		refuse_bound(l, def);
	keys = partition_columns(l->arena, def->table_.partition_key.text);
	for (size_t i = 0; says_all(l, def) && i < keys.n; i++)
		if (!own_column(def, keys.at[i]))
			pg_fails(l, "column \"%.*s\" of the partition key does not exist",
				SLICE(keys.at[i]));
	if (def->table_.of_type.name.len &&
		catalog_find(l->catalog, l->session, OBJECT_TYPE, def->table_.of_type, &type) ==
			PRESENT &&
		!slice_is(type->type_.kind, "composite"))
		pg_fails(l, "type \"%.*s\" is not composite", SLICE(type->name));
}

/* ---- Rows ---- */
enum { FEW_ROWS = 64 };

/* A partial index may do if the statement says so too. */
static bool has_unique_of(const struct object *table, struct names columns)
{
	if (pg_has_unique(table, columns))
		return true;
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_CONSTRAINT &&
			names_eq(table->parts[i]->constraint.columns, columns) &&
			(slice_is(table->parts[i]->constraint.kind, "primary key") ||
				slice_is(table->parts[i]->constraint.kind, "unique")))
			return true;
	return false;
}

/* ON CONFLICT (a, b): a unique key of just these. */
static void refuse_conflict(struct looking *l, const struct relation *r)
{
	struct slice text = l->statement->text, rest, one;
	size_t at = slice_ifind(text, SL("on conflict"));
	struct names columns = {0};
	enum presence known;

	if (at == SIZE_MAX)
		return;
	text = slice_trim(slice_from(text, at + 11));
	if (!slice_starts(text, "(") || slice_chr(text, ')') == SIZE_MAX)
		return;
	for (rest = slice_sub(text, 1, slice_chr(text, ')') - 1); slice_next(&rest, ',', &one);) {
		one = slice_trim(one);
		pg_column(l, r, one, &known);
		if (known != PRESENT) /* an expression, a quoted name, a collation */
			return;
		names_add(l->arena, &columns, one);
	}
	if (columns.n && !r->object->tainted && !has_unique_of(r->object, columns) &&
		!slice_istarts(slice_trim(slice_from(text, slice_chr(text, ')') + 1)), "where"))
		pg_fails(l, "there is no unique key to conflict with");
}

static bool has_own_value(const struct column_def *d)
{
	return d->default_value.text.len || d->default_value.normal.len || d->identity.len ||
	       d->generated.len || d->sequence.n;
}

static bool fires_before_insert(const struct object *table)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_TRIGGER || table->parts[i]->type == OBJECT_RULE)
			return true;
	return false;
}

static void refuse_inserted(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	struct pg_values v = pg_values_of(l);
	bool nothing = slice_ifind(l->statement->text, SL("default values")) != SIZE_MAX;

	refuse_conflict(l, r);
	for (size_t i = 0; c->list.n && i < v.n && i < FEW_ROWS; i++)
		if (v.rows[i].n > c->list.n)
			pg_fails(l, "there are more values than columns");
	for (size_t i = 0; i < r->object->nparts && nothing; i++) {
		const struct object *col = r->object->parts[i];

		if (col->type == OBJECT_COLUMN && col->column.not_null &&
			!has_own_value(&col->column) && !pg_domain(l, col->column.type) &&
			!fires_before_insert(r->object))
			pg_fails(l, "column \"%.*s\" may not be null", SLICE(col->name));
	}
	for (size_t i = 0; i < r->object->nparts && i < 256 && v.n; i++) {
		const struct object *col = r->object->parts[i], *type;
		struct slice value, label;

		if (col->type != OBJECT_COLUMN)
			continue;
		value = slice_trim(pg_value(l, &v, 0, r, col->name));
		if (col->column.generated.len && value.len && !slice_iis(value, "default"))
			pg_fails(l, "column \"%.*s\" is generated", SLICE(col->name));
		if (value.len < 2 || value.at[0] != '\'' || value.at[value.len - 1] != '\'')
			continue;
		label = slice_sub(value, 1, value.len - 2);
		if (catalog_find(l->catalog, l->session, OBJECT_TYPE,
			    pg_split_name(col->column.type), &type) == PRESENT &&
			type->type_.labels.n && !type->tainted &&
			slice_chr(label, '\'') == SIZE_MAX && !names_has(type->type_.labels, label))
			pg_fails(l, "\"%.*s\" is no label of the type", SLICE(label));
	}
}

void pg_refuse_rows(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r = pg_relation(l, c->target, OBJECT_NONE);

	if (!r.object || r.type != OBJECT_TABLE)
		return;
	for (size_t i = 0; c->kind == CHANGE_UPDATE && i < c->list.n; i++) {
		enum presence known;
		const struct object *col = pg_column(l, &r, c->list.at[i], &known);
		size_t at = slice_ifind(l->statement->raw, SL("default"));

		if (col && col->column.identity.len && at != SIZE_MAX)
			pg_lock_sequences(l, &r, col->name, PG_ROW_EXCLUSIVE);
		if (col && slice_is(col->column.identity, "always") && at == SIZE_MAX)
			pg_fails(l, "identity column \"%.*s\" can only be set to DEFAULT",
				SLICE(col->name));
	}
	if (c->kind == CHANGE_INSERT)
		refuse_inserted(l, &r);
}

/* ---- Calls and savepoints ---- */
void pg_refuse_call(struct looking *l)
{
	const struct object **all;
	struct name bare = l->change->target;
	size_t n;

	bare.name = slice_sub(bare.name, 0, slice_chr(bare.name, '('));
	n = catalog_overloads(l->catalog, l->session, bare, l->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (slice_is(all[i]->function.kind, "procedure") || all[i]->tainted)
			return;
	if (catalog_is_complete(l->catalog) && !pg_has_extensions(l) && bare.name.len &&
		!slice_is(bare.schema, "pg_catalog"))
		pg_fails(l, "there is no procedure \"%.*s\"", SLICE(bare.name));
}

void pg_refuse_savepoint(struct looking *l)
{
	const struct session *s = l->session;

	for (size_t i = 0; i < s->nmarks; i++)
		if (slice_eq(s->marks[i].name, l->change->name))
			return;
	if (s->in_tx)
		pg_fails(l, "there is no savepoint \"%.*s\"", SLICE(l->change->name));
}
