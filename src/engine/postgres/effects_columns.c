/* effects_columns.c - columns that come and go, and NOT NULL. */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Columns ---- */

const struct object *pg_column(
	struct looking *l, const struct relation *r, struct slice name, enum presence *known)
{
	const struct object *col = NULL;

	*known = UNKNOWN;
	if (r->object)
		*known = catalog_part(l->catalog, r->object, OBJECT_COLUMN, name, &col);
	return *known == PRESENT ? col : NULL;
}

/* Is the column a key, payload, predicate or expression of an index? */
bool pg_index_uses(const struct object *index, struct slice column)
{
	return names_has(index->index.columns, column) || names_has(index->index.keys, column) ||
	       names_has(index->index.include, column);
}

bool pg_constraint_uses(const struct object *k, struct slice column)
{
	if (names_has(k->constraint.columns, column))
		return true;
	return slice_is(k->constraint.kind, "check") &&
	       pg_expr_names(&k->constraint.expression, column);
}

bool pg_part_needs(const struct object *p, struct slice column)
{
	switch ((int)p->type) {
	case OBJECT_TRIGGER:
		return names_has(p->trigger.columns, column) ||
		       pg_expr_names(&p->trigger.condition, column);
	case OBJECT_POLICY:
		return pg_expr_names(&p->policy.using_expr, column) ||
		       pg_expr_names(&p->policy.check_expr, column);
	case OBJECT_RULE:
		return pg_expr_names(&p->other.definition, column);
	default:
		return false;
	}
}

bool pg_in_partition_key(const struct relation *r, struct slice column)
{
	return pg_is_partitioned(r) && pg_expr_names(&r->object->table_.partition_key, column);
}

/* Its own, or that of a partition that has partitions. */
bool pg_in_keys_below(struct looking *l, const struct relation *r, struct slice column)
{
	const struct object **parts;
	size_t n;

	if (pg_in_partition_key(r, column))
		return true;
	n = pg_is_partitioned(r) ? pg_children(l, r, &parts) : 0;
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		if (pg_in_keys_below(l, &child, column))
			return true;
	}
	return false;
}

bool pg_statement_has(const struct looking *l, enum change_kind kind, struct slice column)
{
	const struct statement *st = l->statement;

	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == kind && slice_eq(st->changes[i].name, column) &&
			name_eq(st->changes[i].target, l->change->target))
			return true;
	return false;
}

/* Views that read the column keep it as it is. */
void pg_fail_for_views(struct looking *l, const struct object *table, struct slice column)
{
	const struct object **views, *perhaps = NULL;
	size_t n = catalog_dependents(l->catalog, table, column, l->arena, &views);

	for (size_t i = 0; i < n; i++) {
		if (catalog_view_reads(l->catalog, views[i], table, column) == PRESENT) {
			pg_fails(l, "view \"%.*s\" uses the column", SLICE(views[i]->name));
			return;
		}
		perhaps = views[i];
	}
	if (perhaps)
		pg_may_fail(l, "view \"%.*s\" may use the column", SLICE(perhaps->name));
}

static bool is_serial(struct slice type)
{
	return slice_is(type, "serial") || slice_is(type, "bigserial") ||
	       slice_is(type, "smallserial");
}

static void inline_constraint(
	struct looking *l, const struct relation *r, const struct object *k, bool has_default)
{
	const struct constraint_def *d = &k->constraint;
	bool written = l->change->def->column.default_value.text.len > 0; /* NULL is one too */

	if (slice_is(d->kind, "check")) {
		if (d->not_enforced)
			return;
		pg_scan(l, r, true);
		if (has_default)
			pg_may_fail(l, "the default may violate the check");
	} else if (slice_is(d->kind, "unique") || slice_is(d->kind, "primary key")) {
		pg_build_new(l, r->name);
		if (has_default || slice_is(d->kind, "primary key"))
			pg_may_fail(l, "it fails when the table has rows");
	} else if (slice_is(d->kind, "foreign key")) {
		struct relation parent = pg_relation(l, d->ref_table, OBJECT_TABLE);

		pg_lock(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
		if (parent.presence == ABSENT)
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(parent.name.name));
		if ((has_default || written) && !d->not_enforced) {
			pg_scan(l, r, true);
			pg_scan(l, &parent, has_default); /* who refers to nothing needs no match */
			if (has_default)
				pg_may_fail(l, "the default may have no match in %.*s",
					SLICE(parent.name.name));
		}
	}
}

/* What the server refuses to add. */
static void add_refused(struct looking *l, const struct relation *r)
{
	const struct column_def *d = &l->change->def->column;
	const struct expr *e = d->generated.len ? &d->generation : &d->default_value;
	struct slice which;
	const struct object **heirs;
	bool children = pg_children(l, r, &heirs) && pg_is_heir(heirs[0], r);

	if (r->object && r->object->table_.partition_of.name.len)
		pg_fails(l, "it is a partition: the column belongs to the parent");
	if (l->change->flags & CHANGE_ONLY && children)
		pg_fails(l, "the column must be added to the tables that inherit too");
	if (d->identity.len && (pg_is_partitioned(r) ? l->version < 170000 : children))
		pg_fails(l, "an identity column cannot be added to a table with children");
	if (pg_type_known(l, d->type) == ABSENT)
		pg_fails(l, "type %.*s does not exist", SLICE(d->type));
	if (!d->generated.len && pg_bad_literal(l, e->text, d->type, true))
		pg_fails(l, "the default is no %.*s", SLICE(d->type));
	if (pg_function_missing(l, e, &which))
		pg_fails(l, "function %.*s does not exist", SLICE(which));
	if (e->facts && e->facts->has_subquery)
		pg_fails(l, "a subquery cannot stand there");
	if (!d->generated.len && e->facts && e->facts->has_columns)
		pg_fails(l, "a default cannot use a column");
}

/* A domain brings its own default. */
static bool domain_default(struct looking *l, const struct column_def *d, struct expr *out)
{
	const struct object *domain = pg_domain(l, d->type);

	if (!domain || d->default_value.text.len || l->version < 130000)
		return false;
	*out = domain->type_.default_value;
	return out->text.len > 0 || out->normal.len > 0;
}

static void fill_column(struct looking *l, const struct relation *r, bool *has_default)
{
	const struct column_def *d = &l->change->def->column;
	struct expr value = d->default_value;
	struct slice needs = SLICE_NONE;
	char v;

	*has_default = value.text.len > 0 && !(value.facts && value.facts->null);
	if (domain_default(l, d, &value))
		*has_default = true;
	v = pg_volatility(l, &value, &needs);
	if (is_serial(d->type) || d->identity.len || slice_is(d->generated, "stored") ||
		(pg_domain(l, d->type) && pg_domain_checks(l, pg_domain(l, d->type))) ||
		(*has_default && v == 'v')) {
		pg_rewrite(l, r, true);
	} else if (*has_default && v == 0) {
		pg_need(l, "volatility of %.*s", SLICE(needs));
		pg_rewrite(l, r, false);
	}
	pg_lock_called_sequences(l, value.text);
}

static void add_column(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct column_def *d = &c->def->column;
	bool has_default;
	enum presence known;
	const struct object *col = pg_column(l, r, c->name, &known);

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (pg_statement_has(l, CHANGE_DROP_COLUMN, c->name)) {
		pg_rerun(l, RERUN_SAME); /* the server drops first */
	} else if (col) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "column \"%.*s\" exists already", SLICE(c->name));
		return;
	}
	add_refused(l, r);
	fill_column(l, r, &has_default);
	if (has_default || l->out->nrewrites)
		pg_row_type_used(l, r->name);
	for (size_t i = 0; i < c->def->nparts; i++)
		inline_constraint(l, r, c->def->parts[i], has_default);
	if (d->not_null && slice_is(d->generated, "virtual")) {
		pg_scan(l, r, true);
	} else if (d->not_null && !has_default && !is_serial(d->type) && slice_empty(d->identity) &&
		   slice_empty(d->generated)) {
		pg_scan(l, r, true);
		pg_may_fail(l, "it fails when the table has rows: NOT NULL without a default");
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, c->name);
	}
	pg_breaks(l, BREAKS_NEW_CODE, OBJECT_COLUMN, r->name, c->name);
}

void pg_drop_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	if (refers) {
		if (!key->constraint.inherited)
			pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
		return;
	}
	if (!(l->change->flags & CHANGE_CASCADE)) {
		pg_fails(l, "table \"%.*s\" has a foreign key to it", SLICE(other->name.name));
		return;
	}
	pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
	pg_destroys(l, OBJECT_CONSTRAINT, other->name, key->name);
	(void)r;
}

static void drop_part(
	struct looking *l, const struct relation *r, const struct object *p, struct slice column);

/* A generated column goes with its own indexes and checks. */
static void drop_generated(struct looking *l, const struct relation *r, struct slice column)
{
	pg_destroys(l, OBJECT_COLUMN, r->name, column);
	for (size_t i = 0; i < r->object->nparts; i++)
		if (r->object->parts[i]->type != OBJECT_COLUMN)
			drop_part(l, r, r->object->parts[i], column);
}

/* A partition's part of its parent's key: it goes with that. */
static bool is_parents_key(const struct relation *r, const struct object *key)
{
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_INDEX && slice_eq(p->index.constraint, key->name))
			return p->index.partition_of.name.len > 0;
	}
	return false;
}

static void drop_part(
	struct looking *l, const struct relation *r, const struct object *p, struct slice column)
{
	bool cascade = l->change->flags & CHANGE_CASCADE;
	struct relation index;

	if (p->type == OBJECT_INDEX && pg_index_uses(p, column)) {
		index = pg_index_of(l, r, p);
		pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
		if (slice_empty(p->index.constraint) && slice_empty(p->index.partition_of.name))
			pg_destroys(l, OBJECT_INDEX, index.name, SLICE_NONE);
	} else if (p->type == OBJECT_CONSTRAINT && pg_constraint_uses(p, column)) {
		if (!slice_is(p->constraint.kind, "not null") && !is_parents_key(r, p))
			pg_destroys(l, OBJECT_CONSTRAINT, r->name, p->name);
	} else if (p->type == OBJECT_COLUMN && p->column.generated.len &&
		   pg_expr_names(&p->column.generation, column)) {
		/* Before 15 it went without a word. */
		if (cascade || l->version < 150000)
			drop_generated(l, r, p->name);
		else
			pg_fails(l, "generated column \"%.*s\" uses it", SLICE(p->name));
	} else if (pg_part_needs(p, column)) {
		if (cascade)
			pg_destroys(l, p->type, r->name, p->name);
		else
			pg_fails(l, "%s \"%.*s\" uses it", object_type_word(p->type),
				SLICE(p->name));
	}
}

static void drop_statistics(struct looking *l, const struct relation *r, struct slice column)
{
	const struct object **all;
	size_t n = catalog_list(l->catalog, OBJECT_STATISTICS, l->arena, &all);

	for (size_t i = 0; i < n; i++)
		if (name_eq(pg_split_name(all[i]->other.definition.text), r->name) &&
			names_has(all[i]->other.members, column))
			pg_destroys(l, OBJECT_STATISTICS,
				(struct name){all[i]->schema, all[i]->name}, SLICE_NONE);
}

void pg_drop_column_of(struct looking *l, const struct relation *r, struct slice column)
{
	const struct object **children;
	size_t n = l->change->flags & CHANGE_ONLY ? 0 : pg_children(l, r, &children);
	enum presence known;

	pg_destroys(l, OBJECT_COLUMN, r->name, column);
	for (size_t i = 0; r->object && i < r->object->nparts; i++)
		drop_part(l, r, r->object->parts[i], column);
	pg_lock_sequences(l, r, column, PG_ACCESS_EXCLUSIVE);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, children[i]);
		const struct object *col = pg_column(l, &child, column, &known);

		/* What it has declared itself too stays. */
		if (pg_is_heir(children[i], r) && col && !col->column.own.n)
			pg_drop_column_of(l, &child, column);
	}
}

static void drop_column(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct object **views, *col;
	struct looking all = *l;
	struct change whole = *c;
	enum presence known;

	col = pg_column(l, r, c->name, &known);
	whole.flags &= ~(unsigned)CHANGE_ONLY; /* those that inherit keep it, but are locked */
	all.change = &whole;
	pg_lock_tree(&all, r, PG_ACCESS_EXCLUSIVE);
	if (known == ABSENT) {
		if (!(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->name));
		return;
	}
	if (col && col->column.inherited)
		pg_fails(l, "the column is inherited");
	if (pg_in_keys_below(l, r, c->name))
		pg_fails(l, "the column is in the partition key");
	if (pg_statement_has(l, CHANGE_ADD_COLUMN, c->name))
		pg_rerun(l, RERUN_SAME);
	pg_drop_column_of(l, r, c->name);
	if (r->object)
		drop_statistics(l, r, c->name);
	pg_each_key(l, r, c->name, pg_drop_key);
	if (r->object && catalog_dependents(l->catalog, r->object, c->name, l->arena, &views)) {
		if (c->flags & CHANGE_CASCADE)
			pg_lock_views(l, r->object, c->name, true);
		else
			pg_fail_for_views(l, r->object, c->name);
	}
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, c->name);
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, c->name);
}

/* Without parentheses that stand around all of it. */
struct slice pg_bare_text(struct slice text)
{
	for (text = slice_trim(text); text.len > 2 && text.at[0] == '(';) {
		size_t depth = 0, i = 0;

		for (; i < text.len; i++) {
			depth += text.at[i] == '(';
			if (text.at[i] == ')' && --depth == 0)
				break;
		}
		if (i + 1 != text.len)
			return text;
		text = slice_trim(slice_sub(text, 1, text.len - 2));
	}
	return text;
}

/* Does the text say that the column is not null, as a whole or as one of several ANDs? */
static bool says_not_null(struct slice text, struct slice column, int levels)
{
	size_t depth = 0;
	struct slice what;

	text = pg_bare_text(text);
	if (levels == 0)
		return false;
	for (size_t i = 0; i + 5 < text.len; i++) {
		depth += text.at[i] == '(';
		depth -= text.at[i] == ')' && depth > 0;
		if (depth == 0 && slice_iis(slice_sub(text, i, 5), " AND "))
			return says_not_null(slice_sub(text, 0, i), column, levels - 1) ||
			       says_not_null(slice_from(text, i + 5), column, levels - 1);
		if (depth == 0 && slice_iis(slice_sub(text, i, 4), " OR "))
			return false;
	}
	if (slice_istarts(text, "NOT ")) {
		what = pg_bare_text(slice_from(text, 4));
		if (what.len < 9 || !slice_iis(slice_from(what, what.len - 8), " IS NULL"))
			return false;
		what = slice_trim(slice_sub(what, 0, what.len - 8));
	} else {
		if (text.len < 13 || !slice_iis(slice_from(text, text.len - 12), " IS NOT NULL"))
			return false;
		what = slice_trim(slice_sub(text, 0, text.len - 12));
	}
	what = pg_bare_text(what);
	if (what.len > 2 && what.at[0] == '"' && what.at[what.len - 1] == '"')
		what = slice_sub(what, 1, what.len - 2);
	return slice_eq(what, column);
}

/* A validated CHECK that says so proves it (PostgreSQL 12 and newer). */
bool pg_not_null_proven(const struct looking *l, const struct relation *r, struct slice column)
{
	for (size_t i = 0; l->version >= 120000 && r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		const struct constraint_def *k = &p->constraint;

		if (p->type != OBJECT_CONSTRAINT || k->not_valid || k->not_enforced)
			continue;
		if (slice_is(k->kind, "not null") && names_has(k->columns, column))
			return true;
		if (slice_is(k->kind, "check") &&
			says_not_null(k->expression.normal.len ? k->expression.normal
							       : k->expression.text,
				column, 16))
			return true;
	}
	return false;
}

/* The server drops constraints before it looks for a proof. */
static bool proof_goes(struct looking *l, const struct relation *r)
{
	const struct statement *st = l->statement;

	for (size_t i = 0; i < st->nchanges; i++) {
		const struct object *k;

		if (st->changes[i].kind == CHANGE_DROP_CONSTRAINT && r->object &&
			catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, st->changes[i].name,
				&k) == PRESENT &&
			pg_constraint_uses(k, l->change->name))
			return true;
	}
	return false;
}

/* Added NOT VALID (18): SET NOT NULL validates it. */
static bool not_valid_not_null(const struct relation *r, struct slice column)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(r->object->parts[i]->constraint.kind, "not null") &&
			r->object->parts[i]->constraint.not_valid &&
			names_has(r->object->parts[i]->constraint.columns, column))
			return true;
	return false;
}

static void set_not_null(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col = pg_column(l, r, l->change->name, &known);

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (col && col->column.not_null && !not_valid_not_null(r, l->change->name))
		return;
	if (known == ABSENT && !pg_statement_has(l, CHANGE_ADD_COLUMN, l->change->name))
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->name));
	if (pg_not_null_proven(l, r, l->change->name) && !proof_goes(l, r)) {
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, l->change->name);
		return;
	}
	if (!r->object)
		pg_need(l, "constraints of %.*s.%.*s", SLICE(r->name.schema), SLICE(r->name.name));
	pg_scan(l, r, r->object != NULL);
	pg_may_fail(l, "it fails when a row holds NULL");
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, l->change->name);
}

const struct pg_action pg_column_actions[] = {
	{CHANGE_ADD_COLUMN, NULL, add_column},
	{CHANGE_DROP_COLUMN, NULL, drop_column},
	{CHANGE_SET_NOT_NULL, NULL, set_not_null},
	{0},
};
