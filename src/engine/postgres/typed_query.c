/* typed_query.c - the names that a query may use, and what the server says against it. See typed.h.
 */
#include "engine/postgres/typed_internal.h"

#include <stdint.h>

/* ---- Sources ---- */
static struct typed_source *add_source(struct typing *t, struct typed_scope *s, struct slice alias)
{
	struct typed_source *src = ARENA_PUSH(t->l->arena, s->sources, s->n);

	*src = (struct typed_source){.alias = alias};
	return src;
}

static void add_column(
	struct typing *t, struct typed_source *src, struct slice name, struct slice type)
{
	names_add(t->l->arena, &src->columns, name);
	names_add(t->l->arena, &src->types, type);
}

/* Columns that the catalog's table has, but not by name. A table that is being made is no
 * catalog's. */
static bool has_more(struct looking *l, const struct object *table)
{
	const struct object *same;
	struct name n = {table->schema, table->name};

	return catalog_find(l->catalog, l->session, OBJECT_TABLE, n, &same) == PRESENT &&
	       same == table &&
	       catalog_part(l->catalog, table, OBJECT_COLUMN, SLICE_NONE, NULL) != ABSENT;
}

void typed_add_table(
	struct typing *t, struct typed_scope *s, const struct object *table, struct slice alias)
{
	struct typed_source *src = add_source(t, s, alias.len ? alias : table->name);
	struct names all;

	src->table = table->type == OBJECT_TABLE ? table : NULL;
	src->opaque = table->tainted;
	if (src->table) {
		for (size_t i = 0; i < table->nparts; i++)
			if (table->parts[i]->type == OBJECT_COLUMN)
				add_column(t, src, table->parts[i]->name,
					table->parts[i]->column.type);
		src->opaque = src->opaque || !src->columns.n || has_more(t->l, table);
		return;
	}
	all = pg_column_names(t->l, table);
	for (size_t i = 0; i < all.n; i++)
		add_column(t, src, all.at[i], SLICE_NONE);
	src->opaque = src->opaque || all.n == 0;
}

/* AS alias (a, b) */
static void rename_columns(struct typing *t, struct typed_source *src, struct names to)
{
	struct names renamed = {0};

	if (!to.n)
		return;
	for (size_t i = 0; i < src->columns.n || i < to.n; i++)
		names_add(t->l->arena, &renamed, i < to.n ? to.at[i] : src->columns.at[i]);
	while (src->types.n < renamed.n)
		names_add(t->l->arena, &src->types, SLICE_NONE);
	src->columns = renamed;
}

static void add_query(struct typing *t, struct typed_scope *s, const struct typed_scope *outer,
	struct slice alias, const struct typed_query *q, struct names columns)
{
	struct typed_source *src;
	struct names names = {0}, types = {0};
	bool known = q && typed_columns(t, outer, q, &names, &types);

	src = add_source(t, s, alias);
	src->columns = names;
	src->types = types;
	src->opaque = !known;
	rename_columns(t, src, columns);
}

/* A WITH query of that name, in this query or around it. */
static const struct typed_source *with_named(const struct typed_scope *s, struct slice name)
{
	for (; s; s = s->outer)
		for (size_t i = 0; s->withs && i < s->withs->n; i++)
			if (slice_eq(s->withs->sources[i].alias, name))
				return &s->withs->sources[i];
	return NULL;
}

static void add_relation(struct typing *t, struct typed_scope *s, const struct typed_from *f)
{
	struct slice alias = f->alias.len ? f->alias : f->relation.name;
	const struct typed_source *with =
		f->relation.schema.len ? NULL : with_named(s, f->relation.name);
	struct relation r;

	if (f->opaque) {
		add_source(t, s, alias)->opaque = true;
		s->sources[s->n - 1].columns = f->columns;
		for (size_t i = 0; i < f->columns.n; i++)
			names_add(t->l->arena, &s->sources[s->n - 1].types, SLICE_NONE);
		return;
	}
	if (with) {
		struct typed_source copy = *with;
		struct typed_source *src = add_source(t, s, alias);

		*src = copy;
		src->alias = alias;
		rename_columns(t, src, f->columns);
		return;
	}
	r = pg_relation(t->l, f->relation, OBJECT_NONE);
	if (r.object &&
		(r.type == OBJECT_TABLE || r.type == OBJECT_VIEW || r.type == OBJECT_MATVIEW)) {
		typed_add_table(t, s, r.object, alias);
		rename_columns(t, &s->sources[s->n - 1], f->columns);
		return;
	}
	if (r.presence == ABSENT && !slice_starts(f->relation.name, "pg_") &&
		slice_empty(f->relation.schema) && !pg_has_extensions(t->l))
		typed_fault(t, "relation \"%.*s\" does not exist", SLICE(f->relation.name));
	add_source(t, s, alias)->opaque = true;
}

/* What USING and NATURAL make one column of. */
static void merge(struct typing *t, struct typed_scope *s, const struct typed_from *f, size_t from)
{
	const struct typed_source *right = &s->sources[s->n - 1];

	for (size_t i = 0; i < f->using_.n; i++) {
		bool left_has = false, left_opaque = false;

		for (size_t k = from; k + 1 < s->n; k++) {
			left_has = left_has || names_has(s->sources[k].columns, f->using_.at[i]);
			left_opaque = left_opaque || s->sources[k].opaque;
		}
		if (!names_has(right->columns, f->using_.at[i]) && !right->opaque)
			typed_fault(t, "column \"%.*s\" specified in USING clause does not exist",
				SLICE(f->using_.at[i]));
		else if (!left_has && !left_opaque)
			typed_fault(t, "column \"%.*s\" specified in USING clause does not exist",
				SLICE(f->using_.at[i]));
		names_add(t->l->arena, &s->merged, f->using_.at[i]);
	}
	for (size_t i = 0; f->natural && i < right->columns.n; i++)
		names_add(t->l->arena, &s->merged, right->columns.at[i]);
}

static struct typed_scope *scope_of(
	struct typing *t, const struct typed_scope *outer, const struct typed_query *q)
{
	struct typed_scope *s = ARENA_NEW(t->l->arena, struct typed_scope), *withs;

	*s = (struct typed_scope){.outer = outer};
	if (q->nwith) {
		withs = ARENA_NEW(t->l->arena, struct typed_scope);
		*withs = (struct typed_scope){0};
		s->withs = withs;
		for (size_t i = 0; i < q->nwith; i++) {
			struct typed_query *of = q->with[i].query;

			/* It may name itself; what it gives is not worked out then. */
			if (of && (of->more || !of->nfrom)) {
				add_source(t, withs, q->with[i].name)->opaque = true;
				continue;
			}
			add_query(t, withs, s, q->with[i].name, of, q->with[i].columns);
		}
	}
	for (size_t i = 0; i < q->nfrom && !t->fault.len; i++) {
		const struct typed_from *f = &q->from[i];

		if (f->query)
			add_query(t, s, s, f->alias, f->query, f->columns);
		else
			add_relation(t, s, f);
		merge(t, s, f, 0);
	}
	return s;
}

/* ---- What it makes ---- */
/* FigureColname() of the server; false: it is called after a type, or nobody knows. */
static bool figured(const struct typed_node *n, struct slice *name)
{
	*name = SL("?column?");
	switch (n->kind) {
	case NODE_COLUMN:
	case NODE_FIELD:
		*name = n->text;
		return n->text.len > 0;
	case NODE_CALL:
		*name = n->text;
		return !slice_is(n->text, "extract") && !slice_is(n->text, "position") &&
		       !slice_is(n->text, "overlay");
	case NODE_CAST:
		return figured(n->args[0], name) && !slice_is(*name, "?column?");
	case NODE_COLLATE:
	case NODE_SUBSCRIPT:
		return figured(n->args[0], name);
	case NODE_CASE:
		if (n->n % 2 && figured(n->args[n->n - 1], name) && !slice_is(*name, "?column?"))
			return true;
		*name = SL("case");
		return true;
	case NODE_ARRAY:
	case NODE_ARRAY_QUERY:
		*name = SL("array");
		return true;
	case NODE_EXISTS:
		*name = SL("exists");
		return true;
	case NODE_ROW:
		*name = SL("row");
		return true;
	case NODE_QUERY:
		if (n->query->ntargets != 1)
			return false;
		*name = n->query->targets[0].name;
		return name->len > 0 || figured(n->query->targets[0].value, name);
	case NODE_NUMBER:
	case NODE_STRING:
	case NODE_NULL:
	case NODE_OP:
	case NODE_AND:
	case NODE_OR:
	case NODE_NOT:
	case NODE_IS:
	case NODE_IN:
	case NODE_BETWEEN:
	case NODE_ANY:
	case NODE_PARAM:
		return true;
	case NODE_OPAQUE:
	case NODE_BOOL:
	case NODE_DEFAULT:
	case NODE_STAR:
	case NODE_NOW:
		return false;
	}
	return false;
}

static struct slice called(const struct typed_target *target)
{
	struct slice name;

	if (target->name.len)
		return target->name;
	return figured(target->value, &name) ? name : SL("?column?");
}

static bool surely_called(const struct typed_target *target)
{
	struct slice name;

	return target->name.len || figured(target->value, &name);
}

static bool add_star(struct typing *t, const struct typed_scope *s, struct slice alias,
	struct names *columns, struct names *types)
{
	bool seen = false;

	if (s->merged.n)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		const struct typed_source *src = &s->sources[i];

		if (alias.len && !slice_eq(alias, src->alias))
			continue;
		seen = true;
		if (src->opaque)
			return false;
		for (size_t k = 0; k < src->columns.n; k++) {
			names_add(t->l->arena, columns, src->columns.at[k]);
			names_add(t->l->arena, types, src->types.at[k]);
		}
	}
	return seen;
}

bool typed_columns(struct typing *t, const struct typed_scope *outer, const struct typed_query *q,
	struct names *columns, struct names *types)
{
	struct typed_scope *s;

	if (++t->depth > 40) {
		t->depth--;
		return false;
	}
	s = scope_of(t, outer, q);
	for (size_t i = 0; i < q->ntargets && !t->fault.len; i++) {
		const struct typed_node *n = q->targets[i].value;
		bool aggregates = t->aggregates, windows = t->windows;

		if (n->kind == NODE_STAR) {
			if (!add_star(t, s, n->qualifier, columns, types)) {
				t->depth--;
				return false;
			}
			continue;
		}
		names_add(t->l->arena, columns,
			surely_called(&q->targets[i]) ? called(&q->targets[i]) : SL("?column?"));
		names_add(t->l->arena, types, q->more ? SLICE_NONE : typed_type(t, s, n));
		t->aggregates = aggregates;
		t->windows = windows;
		/* Another name than we think must not be missed. */
		if (!surely_called(&q->targets[i])) {
			t->depth--;
			return false;
		}
	}
	t->depth--;
	return !t->fault.len;
}

/* ---- GROUP BY ---- */
static bool same(const struct typed_node *a, const struct typed_node *b)
{
	if (!a || !b || a == b)
		return a == b;
	if (a->kind != b->kind || !slice_eq(a->text, b->text) || a->n != b->n ||
		a->flag != b->flag || a->query || b->query)
		return false;
	if (a->kind == NODE_COLUMN)
		return !a->qualifier.len || !b->qualifier.len ||
		       slice_eq(a->qualifier, b->qualifier);
	for (size_t i = 0; i < a->n; i++)
		if (!same(a->args[i], b->args[i]))
			return false;
	return same(a->operand, b->operand);
}

static bool is_aggregate(struct typing *t, const struct typed_node *n)
{
	const struct object **all;
	struct pg_builtin b;

	if (n->kind != NODE_CALL || n->window)
		return false;
	for (size_t i = pg_builtin_first(n->text); pg_builtin_row(i, n->text, &b); i++)
		if (b.kind == 'a')
			return true;
	/* Somebody's may be one. */
	return catalog_overloads(t->l->catalog, t->l->session, (struct name){n->qualifier, n->text},
		       t->l->arena, &all) > 0 ||
	       n->opaque_call;
}

/* The key of its table stands for all columns of the table. */
static bool key_grouped(const struct typed_scope *s, const struct typed_node *column,
	struct typed_node *const *group, size_t ngroup)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct typed_source *src = &s->sources[i];

		if (!names_has(src->columns, column->text) ||
			(column->qualifier.len && !slice_eq(column->qualifier, src->alias)))
			continue;
		if (!src->table)
			continue;
		for (size_t k = 0; k < src->table->nparts; k++) {
			const struct object *p = src->table->parts[k];
			size_t met = 0;

			if (p->type != OBJECT_CONSTRAINT ||
				!slice_is(p->constraint.kind, "primary key"))
				continue;
			for (size_t g = 0; g < ngroup; g++)
				met += group[g]->kind == NODE_COLUMN &&
				       names_has(p->constraint.columns, group[g]->text) &&
				       (!group[g]->qualifier.len ||
					       slice_eq(group[g]->qualifier, src->alias));
			if (met >= p->constraint.columns.n)
				return true;
		}
	}
	return false;
}

static void bare_columns(struct typing *t, const struct typed_scope *s, const struct typed_node *n,
	struct typed_node *const *group, size_t ngroup)
{
	if (!n || t->fault.len || is_aggregate(t, n))
		return;
	for (size_t i = 0; i < ngroup; i++)
		if (same(n, group[i]))
			return;
	if (n->kind == NODE_COLUMN) {
		bool here = false;

		for (size_t i = 0; i < s->n; i++) {
			const struct typed_source *src = &s->sources[i];

			if (n->qualifier.len && !slice_eq(n->qualifier, src->alias))
				continue;
			if (src->opaque) /* nobody knows */
				return;
			here = here || names_has(src->columns, n->text);
		}
		if (here && !key_grouped(s, n, group, ngroup))
			typed_fault(t, "column \"%.*s\" must appear in the GROUP BY clause",
				SLICE(n->text));
		return;
	}
	bare_columns(t, s, n->operand, group, ngroup);
	for (size_t i = 0; i < n->n; i++)
		bare_columns(t, s, n->args[i], group, ngroup);
}

static void grouped(
	struct typing *t, const struct typed_scope *s, const struct typed_query *q, bool aggregates)
{
	struct typed_node **group = ARENA_ARRAY(t->l->arena, q->ngroup + 1, struct typed_node *);

	if (!q->ngroup && !aggregates && !q->having)
		return;
	for (size_t i = 0; i < q->ngroup; i++) {
		unsigned long long at;

		group[i] = q->group[i];
		if (group[i]->kind == NODE_ROW) /* (a, b) stands for both */
			return;
		if (group[i]->kind == NODE_NUMBER && slice_u64(group[i]->text, &at)) {
			if (at == 0 || at > q->ntargets)
				return;
			group[i] = q->targets[at - 1].value;
		} else if (group[i]->kind == NODE_COLUMN && !group[i]->qualifier.len) {
			struct slice name = group[i]->text;

			for (size_t k = 0; k < q->ntargets; k++)
				if (slice_eq(q->targets[k].name, name))
					group[i] = q->targets[k].value;
		}
	}
	for (size_t i = 0; i < q->ntargets; i++) {
		if (q->targets[i].value->kind == NODE_STAR)
			return;
		bare_columns(t, s, q->targets[i].value, group, q->ngroup);
	}
	if (q->having)
		bare_columns(t, s, q->having, group, q->ngroup);
}

/* ---- Faults ---- */
static void condition(struct typing *t, const struct typed_scope *s, const struct typed_node *n,
	const char *where)
{
	bool before = t->aggregates;
	struct slice type;

	if (!n)
		return;
	t->aggregates = false;
	type = typed_type(t, s, n);
	if (typed_known(t, type) && !slice_is(type, "boolean") && !slice_is(type, "unknown"))
		typed_fault(t, "argument of %s must be type boolean, not type %.*s", where,
			SLICE(type));
	if (t->aggregates && strcmp(where, "HAVING") != 0)
		typed_fault(t, "aggregate functions are not allowed in %s", where);
	t->aggregates = before;
}

/* Names of what the query makes may stand in GROUP BY and ORDER BY. */
static bool is_output(const struct typed_query *q, const struct typed_node *n)
{
	if (n->kind == NODE_NUMBER)
		return true;
	for (size_t i = 0; i < q->ntargets && n->kind == NODE_COLUMN && !n->qualifier.len; i++)
		if (slice_eq(q->targets[i].name, n->text) ||
			slice_eq(called(&q->targets[i]), n->text))
			return true;
	return false;
}

static void one_query(
	struct typing *t, const struct typed_scope *outer, const struct typed_query *q)
{
	struct typed_scope *s = scope_of(t, outer, q);
	bool aggregates = false;

	for (size_t i = 0; i < q->nwith; i++)
		if (q->with[i].query)
			typed_query_faults(t, s, q->with[i].query);
	for (size_t i = 0; i < q->nfrom; i++) {
		if (q->from[i].query)
			typed_query_faults(t, s, q->from[i].query);
		condition(t, s, q->from[i].on, "JOIN/ON");
	}
	condition(t, s, q->where, "WHERE");
	for (size_t i = 0; i < q->ntargets; i++) {
		const struct typed_node *n = q->targets[i].value;

		t->aggregates = false;
		if (n->kind != NODE_STAR)
			typed_type(t, s, n);
		aggregates = aggregates || t->aggregates;
	}
	t->aggregates = false;
	for (size_t i = 0; i < q->ngroup; i++)
		if (!is_output(q, q->group[i]))
			typed_type(t, s, q->group[i]);
	condition(t, s, q->having, "HAVING");
	for (size_t i = 0; i < q->norder && !q->more; i++)
		if (!is_output(q, q->order[i]))
			typed_type(t, s, q->order[i]);
	aggregates = aggregates || t->aggregates;
	if (!t->fault.len && !q->odd_group && !q->values)
		grouped(t, s, q, aggregates);
}

static bool has_star(const struct typed_query *q)
{
	for (size_t i = 0; i < q->ntargets; i++)
		if (q->targets[i].value->kind == NODE_STAR)
			return true;
	return false;
}

void typed_query_faults(
	struct typing *t, const struct typed_scope *outer, const struct typed_query *q)
{
	bool aggregates = t->aggregates, windows = t->windows;
	const struct typed_query *first = q;
	struct typed_scope *s = NULL;

	if (++t->depth > 40) {
		t->depth--;
		return;
	}
	if (q->nwith && q->more) { /* the other sides see the WITH too */
		struct typed_query only = {.with = q->with, .nwith = q->nwith};

		s = scope_of(t, outer, &only);
	}
	for (; q && !t->fault.len; q = q->more) {
		one_query(t, q == first || !s ? outer : s, q);
		if (!has_star(q) && !has_star(first) && q->ntargets != first->ntargets)
			typed_fault(t, "each UNION query must have the same number of columns");
	}
	t->aggregates = aggregates;
	t->windows = windows;
	t->depth--;
}

/* ---- A relation made of it ---- */
void typed_twice(struct typing *t, const struct typed_query *q, struct names given)
{
	struct typed_scope *s = scope_of(t, NULL, q);
	struct names names = {0}, types = {0};

	for (size_t i = 0; i < q->ntargets && q->ntargets < 300; i++) {
		const struct typed_node *n = q->targets[i].value;

		if (n->kind == NODE_STAR) {
			if (!add_star(t, s, n->qualifier, &names, &types))
				return;
		} else {
			names_add(t->l->arena, &names,
				surely_called(&q->targets[i]) ? called(&q->targets[i])
							      : SLICE_NONE);
		}
	}
	for (size_t i = 0; i < names.n && i < given.n; i++)
		names.at[i] = given.at[i];
	for (size_t i = 1; i < names.n && names.n < 300; i++)
		for (size_t k = 0; k < i && names.at[i].len; k++)
			if (slice_eq(names.at[i], names.at[k]))
				typed_fault(t, "column \"%.*s\" specified more than once",
					SLICE(names.at[i]));
}

/* ---- UPDATE, DELETE, INSERT ---- */
static void set_values(struct typing *t, const struct typed_scope *s, const struct typed_dml *d,
	const struct object *table)
{
	if (d->fault.len)
		typed_fault(t, "%.*s", SLICE(d->fault));
	for (size_t i = 0; i < d->nvalues && !t->fault.len; i++) {
		const struct object *col;
		struct slice type;

		enum presence p =
			catalog_part(t->l->catalog, table, OBJECT_COLUMN, d->columns.at[i], &col);

		if (table->type == OBJECT_TABLE && p == ABSENT)
			typed_fault(t, "column \"%.*s\" of relation \"%.*s\" does not exist",
				SLICE(d->columns.at[i]), SLICE(table->name));
		if (d->values[i]->kind == NODE_DEFAULT)
			continue;
		type = typed_type(t, s, d->values[i]);
		if (table->type == OBJECT_TABLE && p == PRESENT)
			typed_assign(t, d->values[i], type, col->column.type, true);
	}
}

static void returned(struct typing *t, const struct typed_scope *s, const struct typed_query *q)
{
	for (size_t i = 0; i < q->ntargets; i++)
		if (q->targets[i].value->kind != NODE_STAR)
			typed_type(t, s, q->targets[i].value);
}

void typed_dml_faults(struct typing *t, const struct typed_scope *outer, const struct typed_dml *d,
	const struct object *table)
{
	struct typed_scope *s = scope_of(t, outer, &d->query);

	typed_add_table(t, s, table, d->target.alias);
	for (size_t i = 0; i < d->query.nfrom; i++) {
		if (d->query.from[i].query)
			typed_query_faults(t, s, d->query.from[i].query);
		condition(t, s, d->query.from[i].on, "JOIN/ON");
	}
	condition(t, s, d->query.where, "WHERE");
	set_values(t, s, d, table);
	returned(t, s, &d->query);
}

void typed_insert_faults(struct looking *l, const struct relation *r, const struct typed_insert *in)
{
	struct typed_scope s = {0};
	struct typing t;

	if (!in->returning.ntargets && !in->conflict.nvalues)
		return;
	typed_begin(&t, l);
	typed_add_table(&t, &s, r->object, in->target.alias);
	returned(&t, &s, &in->returning);
	if (in->conflict.nvalues) {
		struct typed_scope both = {0};

		typed_add_table(&t, &both, r->object, in->target.alias);
		typed_add_table(&t, &both, r->object, SL("excluded"));
		set_values(&t, &both, &in->conflict, r->object);
		condition(&t, &both, in->conflict.query.where, "WHERE");
	}
	if (t.fault.len)
		pg_fails(l, "%.*s", SLICE(t.fault));
}

/* INSERT without a list: the table's columns in order. */
static bool plain_columns(
	struct typing *t, const struct object *table, struct typed_merge_action *a)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_COLUMN && a->sets.columns.n < a->sets.nvalues)
			names_add(t->l->arena, &a->sets.columns, table->parts[i]->name);
	if (a->sets.columns.n < a->sets.nvalues)
		typed_fault(t, "INSERT has more expressions than target columns");
	return a->sets.columns.n == a->sets.nvalues;
}

void typed_merge_faults(struct typing *t, const struct typed_merge *m, const struct object *table)
{
	struct typed_scope *source = scope_of(t, NULL, &m->source), *both, own = {0};

	for (size_t i = 0; i < m->source.nfrom; i++)
		if (m->source.from[i].query)
			typed_query_faults(t, source, m->source.from[i].query);
	both = scope_of(t, NULL, &m->source);
	typed_add_table(t, both, table, m->target.alias);
	typed_add_table(t, &own, table, m->target.alias);
	condition(t, both, m->on, "JOIN/ON");
	for (size_t i = 0; i < m->n && !t->fault.len; i++) {
		struct typed_merge_action *a = &m->actions[i];
		const struct typed_scope *s = a->inserts ? source : a->of_target ? &own : both;

		condition(t, s, a->sets.query.where, "MERGE WHEN AND");
		if (!a->inserts || !a->plain || !a->sets.nvalues ||
			(table->type == OBJECT_TABLE && plain_columns(t, table, a)))
			set_values(t, s, &a->sets, table);
	}
}
