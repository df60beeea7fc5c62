/* effects_foreign.c - foreign keys: what they cannot be, at either end. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"

#include <stdint.h>

/* A foreign key that is about to be. */
struct foreign {
	const struct object *key;
	struct name on; /* the table that gets it */
	bool temporary;
	bool whole; /* all columns of that table are known */
};

static const struct object *column_in(const struct object *t, struct slice name)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

/* The column as it will be. */
static const struct object *own_column(const struct effects *x, struct slice name)
{
	const struct after_part *p = after_find(&x->after, OBJECT_COLUMN, name);

	return !p ? NULL : p->will ? p->will : p->was;
}

static bool keeps_foreign_keys(const struct object *t)
{
	return !t || slice_empty(t->table_.access_method) ||
	       slice_is(t->table_.access_method, "InnoDB");
}

/* ---- the columns ---- */

static bool is_text(const struct object *column)
{
	struct slice base = my_type_base(column->column.type);

	return my_type_has_charset(column->column.type) && !slice_is(base, "enum") &&
	       !slice_is(base, "set");
}

/* Text of one collation; else one type, the same integer, signed alike. `t`, `u`: their tables. */
static bool types_meet(const struct object *a, const struct object *t, const struct object *b,
	const struct object *u)
{
	struct slice x = my_type_base(a->column.type), y = my_type_base(b->column.type);

	if (is_text(a) && is_text(b)) {
		struct object m = my_with_charset(t, a), n = my_with_charset(u, b);
		struct slice p = m.column.collation, q = n.column.collation;
		struct slice r = m.column.charset, s = n.column.charset;

		return (!p.len || !q.len || slice_ieq(p, q)) &&
		       (!r.len || !s.len || slice_ieq(r, s));
	}
	return slice_eq(x, y) && (slice_find(a->column.type, SL(" unsigned")) == SIZE_MAX) ==
					 (slice_find(b->column.type, SL(" unsigned")) == SIZE_MAX);
}

/* One of the two says its character set, the other takes the database's. */
static const struct object *unsaid(const struct object *a, const struct object *t,
	const struct object *b, const struct object *u)
{
	struct object m = my_with_charset(t, a), n = my_with_charset(u, b);

	if (!is_text(a) || !is_text(b) || !m.column.charset.len == !n.column.charset.len)
		return NULL;
	return m.column.charset.len ? b : a;
}

static bool sets_null(const struct constraint_def *k)
{
	return slice_is(k->on_delete, "set null") || slice_is(k->on_update, "set null");
}

static bool carries(const struct constraint_def *k)
{
	return sets_null(k) || slice_is(k->on_update, "cascade") ||
	       slice_is(k->on_update, "set default") || slice_is(k->on_delete, "set default");
}

static bool is_in_primary(const struct effects *x, struct slice column)
{
	for (size_t i = 0; i < x->after.n; i++)
		if (!x->after.v[i].gone && after_is_primary(&x->after.v[i]) &&
			my_names_have(x->after.v[i].columns, column))
			return true;
	return false;
}

/* A stored column is computed from it. */
static bool is_stored_from(const struct effects *x, struct slice column)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;

		if (p->type != OBJECT_COLUMN || p->gone ||
			!slice_is(o->column.generated, "stored") || !o->column.generation.facts)
			continue;
		if (my_names_have(o->column.generation.facts->columns, column))
			return true;
	}
	return false;
}

static void own_column_fits(
	struct effects *x, const struct constraint_def *k, const struct object *c)
{
	struct slice generated = c->column.generated;

	if (sets_null(k) && (c->column.not_null || is_in_primary(x, c->name)))
		fx_fails(x, OUTCOME_FAILS, "%.*s cannot be set to NULL", SLICE(c->name));
	if (my_lob_size(my_type_base(c->column.type)))
		fx_fails(x, OUTCOME_FAILS, "%.*s is too long for a key", SLICE(c->name));
	if (slice_is(generated, "virtual") && !is_mariadb(&x->d))
		fx_fails(x, OUTCOME_FAILS, "%.*s is virtual and can be in no foreign key",
			SLICE(c->name));
	if (generated.len && carries(k))
		fx_fails(x, OUTCOME_FAILS, "%.*s is computed and cannot be changed by a key",
			SLICE(c->name));
	if (carries(k) && is_stored_from(x, c->name) &&
		(is_mariadb(&x->d) || sets_null(k) || slice_is(k->on_update, "cascade")))
		fx_fails(x, OUTCOME_FAILS, "a stored column is computed from %.*s", SLICE(c->name));
}

/* MySQL: what a key changes by itself is looked at by no check. */
static void checks_fit(struct effects *x, const struct constraint_def *k)
{
	if (is_mariadb(&x->d) || !carries(k))
		return;
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;

		if (p->gone || p->type != OBJECT_CONSTRAINT ||
			!slice_is(o->constraint.kind, "check") || !o->constraint.expression.facts)
			continue;
		for (size_t c = 0; c < k->columns.n; c++)
			if (my_names_have(
				    o->constraint.expression.facts->columns, k->columns.at[c]))
				fx_fails(x, OUTCOME_FAILS, "the check %.*s looks at %.*s",
					SLICE(p->name), SLICE(k->columns.at[c]));
	}
}

static void own_columns_fit(struct effects *x, const struct foreign *f)
{
	const struct constraint_def *k = &f->key->constraint;

	if (k->ref_columns.n && k->columns.n != k->ref_columns.n)
		fx_fails(x, OUTCOME_FAILS, "the foreign key has %zu columns and refers to %zu",
			k->columns.n, k->ref_columns.n);
	/* Without columns MariaDB takes the column's own name, which only its own table has. */
	if (!k->ref_columns.n && is_mariadb(&x->d) && !slice_ieq(k->ref_table.name, f->on.name))
		fx_fails(x, OUTCOME_FAILS, "the foreign key does not say what it refers to");
	for (size_t i = 0; i < k->columns.n; i++) {
		const struct object *c = own_column(x, k->columns.at[i]);

		for (size_t m = 0; m < i; m++)
			if (slice_ieq(k->columns.at[m], k->columns.at[i]))
				fx_fails(x, OUTCOME_FAILS, "%.*s is there twice",
					SLICE(k->columns.at[i]));
		if (c)
			own_column_fits(x, k, c);
	}
	checks_fit(x, k);
}

/* ---- the other end ---- */

static bool is_cut(const struct object *index, size_t column)
{
	return column < index->index.keys.n &&
	       slice_chr(index->index.keys.at[column], '(') != SIZE_MAX;
}

static bool leads(const struct object *index, struct names columns)
{
	bool key = index->type == OBJECT_INDEX;
	struct names own = key ? index->index.columns : index->constraint.columns;
	size_t k = 0;

	while (k < columns.n && k < own.n && slice_ieq(own.at[k], columns.at[k]) &&
		!(key && is_cut(index, k)))
		k++;
	return k == columns.n;
}

/* MySQL takes no other than a whole unique key since 8.4 (restrict_fk_on_non_standard_key). */
static bool serves(const struct effects *x, const struct object *o, struct names columns)
{
	bool primary = o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key");

	if ((o->type != OBJECT_INDEX && !primary) || !leads(o, columns))
		return false;
	if (o->type == OBJECT_INDEX && o->index.method.len && !slice_is(o->index.method, "btree"))
		return false;
	if (is_mariadb(&x->d) || x->d.version < 80400)
		return true;
	return primary ? o->constraint.columns.n == columns.n
		       : o->index.unique && o->index.columns.n == columns.n;
}

static void other_end_fits(struct effects *x, const struct foreign *f, const struct object *parent)
{
	const struct constraint_def *k = &f->key->constraint;
	bool served = !k->ref_columns.n;

	for (size_t i = 0; i < parent->nparts && !served; i++)
		served = serves(x, parent->parts[i], k->ref_columns);
	if (!served && !parent->tainted)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no %skey over the columns referred to",
			SLICE(parent->name),
			is_mariadb(&x->d) || x->d.version < 80400 ? "" : "unique ");
	if (!keeps_foreign_keys(parent))
		fx_fails(x, OUTCOME_FAILS, "%.*s is kept by %.*s, which knows no foreign keys",
			SLICE(parent->name), SLICE(parent->table_.access_method));
	if (!slice_empty(parent->table_.partition_key.text))
		fx_fails(x, OUTCOME_FAILS, "%.*s is partitioned, no foreign key refers to it",
			SLICE(parent->name));
	for (size_t i = 0; i < k->columns.n && i < k->ref_columns.n; i++) {
		const struct object *own = own_column(x, k->columns.at[i]),
				    *theirs = column_in(parent, k->ref_columns.at[i]);

		if (own && theirs && !types_meet(own, x->t, theirs, parent))
			fx_fails(x, OUTCOME_FAILS, "%.*s and %.*s.%.*s have different types",
				SLICE(k->columns.at[i]), SLICE(parent->name),
				SLICE(k->ref_columns.at[i]));
		if (own && theirs && unsaid(own, x->t, theirs, parent)) {
			fx_fails(x, OUTCOME_MAY_FAIL,
				"%.*s and %.*s.%.*s may have different character sets",
				SLICE(k->columns.at[i]), SLICE(parent->name),
				SLICE(k->ref_columns.at[i]));
			effect_need(x->a, x->out,
				arena_printf(x->a, "character set of %.*s",
					SLICE(unsaid(own, x->t, theirs, parent) == own
							? k->columns.at[i]
							: theirs->name)));
		}
		if (theirs && slice_is(theirs->column.generated, "virtual") && !is_mariadb(&x->d))
			fx_fails(x, OUTCOME_FAILS, "%.*s.%.*s is virtual", SLICE(parent->name),
				SLICE(theirs->name));
	}
}

/* Both ends are this table, as it will be. */
static bool serves_itself(const struct effects *x, const struct after_part *p, struct names columns)
{
	const struct object *o = p->will ? p->will : p->was;
	size_t k = 0;

	if (p->gone || (p->type != OBJECT_INDEX && !after_is_primary(p)))
		return false;
	if (is_mariadb(&x->d) && x->st->changes->kind != CHANGE_CREATE_TABLE && !p->was)
		return false; /* MariaDB looks at the table as it was */
	if (!p->implied && !after_is_primary(p))
		return serves(x, o, columns);
	while (k < columns.n && k < p->columns.n && slice_ieq(p->columns.at[k], columns.at[k]))
		k++;
	if (k < columns.n)
		return false;
	return is_mariadb(&x->d) || x->d.version < 80400 ||
	       (!p->implied && p->columns.n == columns.n);
}

static void own_end_fits(struct effects *x, const struct foreign *f)
{
	const struct constraint_def *k = &f->key->constraint;
	bool served = !k->ref_columns.n;

	for (size_t i = 0; i < x->after.n && !served; i++)
		served = serves_itself(x, &x->after.v[i], k->ref_columns);
	if (!served)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no %skey over the columns referred to",
			SLICE(f->on.name),
			is_mariadb(&x->d) || x->d.version < 80400 ? "" : "unique ");
	for (size_t i = 0; i < k->columns.n && i < k->ref_columns.n; i++) {
		const struct object *a = own_column(x, k->columns.at[i]),
				    *b = own_column(x, k->ref_columns.at[i]);

		if (a && !b)
			fx_fails(x, OUTCOME_FAILS, "%.*s has no column %.*s", SLICE(f->on.name),
				SLICE(k->ref_columns.at[i]));
		if (a && b && !types_meet(a, x->t, b, x->t))
			fx_fails(x, OUTCOME_FAILS, "%.*s and %.*s have different types",
				SLICE(k->columns.at[i]), SLICE(k->ref_columns.at[i]));
	}
}

/* ---- names: one in all of a database ---- */

static void name_is_free(struct effects *x, const struct foreign *f)
{
	struct name on = fx_resolved(x, f->on);
	const struct object **v;
	size_t n;

	if (slice_empty(f->key->name) || f->key->generated_name)
		return;
	n = catalog_bearing(x->c, f->key->name, x->a, &v);
	for (size_t i = 0; i < n; i++)
		if (fx_is_foreign(v[i]) && slice_eq(v[i]->table->schema, on.schema) &&
			!v[i]->table->tainted)
			fx_fails(x, OUTCOME_FAILS, "%.*s has a foreign key %.*s already",
				SLICE(v[i]->table->name), SLICE(f->key->name));
}

static void foreign_fits(struct effects *x, const struct foreign *f)
{
	bool self = slice_ieq(f->key->constraint.ref_table.name, f->on.name);
	const struct object *parent;
	enum presence how;

	if (f->temporary)
		fx_fails(x, OUTCOME_FAILS, "a temporary table has no foreign keys");
	own_columns_fit(x, f);
	name_is_free(x, f);
	parent = fx_find(x, OBJECT_NONE, f->key->constraint.ref_table, &how);
	if (how == ABSENT && !self && (!x->s || x->s->foreign_keys))
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s to refer to",
			SLICE(fx_show(x, f->key->constraint.ref_table)));
	if (parent && parent->type != OBJECT_TABLE)
		fx_fails(x, OUTCOME_FAILS, "%.*s is no table", SLICE(parent->name));
	else if (parent && !self)
		other_end_fits(x, f, parent);
	if (self && f->whole)
		own_end_fits(x, f);
}

/* ---- CREATE TABLE ---- */

static bool has_columns(const struct object *t, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++)
		if (!column_in(t, columns.at[i]))
			return false;
	return true;
}

/* Keys over columns that are there, one of them primary, and foreign ones. */
void fx_created_keys_fit(struct effects *x, const struct change *ch)
{
	const struct object *t = ch->def;
	bool whole = ch->kind == CHANGE_CREATE_TABLE && slice_empty(ch->other.name);
	size_t primary = 0;

	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];
		struct foreign f = {.key = o,
			.on = ch->target,
			.temporary = fx_flag(ch, CHANGE_TEMPORARY),
			.whole = whole};

		if (o->type != OBJECT_CONSTRAINT)
			continue;
		primary += slice_is(o->constraint.kind, "primary key");
		if (whole && !has_columns(t, o->constraint.columns))
			fx_fails(x, OUTCOME_FAILS, "a key is over a column that is not there");
		if (fx_is_foreign(o) && keeps_foreign_keys(t))
			foreign_fits(x, &f);
	}
	if (primary > 1)
		fx_fails(x, OUTCOME_FAILS, "a table has one primary key");
}

/* ---- ALTER TABLE ---- */

void fx_add_foreign_key(struct effects *x, const struct change *ch)
{
	struct foreign f = {.key = ch->def,
		.on = ch->target,
		.temporary = x->t && slice_is(x->t->table_.persistence, "temporary"),
		.whole = x->t && !x->t->tainted};

	if (x->t && !slice_empty(x->t->table_.partition_key.text))
		fx_fails(x, OUTCOME_FAILS, "a partitioned table has no foreign key");
	foreign_fits(x, &f);
	for (size_t i = 0; x->t && i < ch->def->constraint.columns.n; i++)
		fx_want_part(x, ch, OBJECT_COLUMN, ch->def->constraint.columns.at[i], "column");
	if (fx_over_empty(x, ch->def->constraint.columns))
		return;
	if (!x->s || x->s->foreign_keys)
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may have no partner in the other table");
	fx_breaks(x, BREAKS_OLD_WRITERS, ch, OBJECT_CONSTRAINT, fx_name_made(x, ch), true);
}

/* A column that a foreign key sets to NULL stays able to hold it. */
void fx_stays_nullable(struct effects *x, struct names columns)
{
	for (size_t i = 0; i < x->after.n; i++) {
		const struct after_part *p = &x->after.v[i];
		const struct object *o = p->will ? p->will : p->was;

		if (p->gone || p->implied || !fx_is_foreign(o) || !sets_null(&o->constraint))
			continue;
		for (size_t k = 0; k < columns.n; k++)
			if (my_names_have(p->columns, columns.at[k]))
				fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s sets %.*s to NULL",
					SLICE(p->name), SLICE(columns.at[k]));
	}
}
