/* effects_views.c - rows that are written through a view: which columns of the table they are, what
 * the table asks of them, and the view's check option. */
#include "engine/postgres/effects_typed.h"

#include <stdint.h>

enum { VIEWS_MAX = 8, ROWS_MAX = 24 };

/* From a view down to its table. */
struct path {
	struct names outer, inner; /* what a column is called above, and in the table; "" = none */
	struct relation table;
	struct typed_node *conditions[VIEWS_MAX];
	size_t n;
};

static bool is_simple(const struct typed_query *q)
{
	return q && q->nfrom == 1 && !q->from[0].query && !q->from[0].opaque && !q->nwith &&
	       !q->ngroup && !q->having && !q->distinct && !q->values && !q->more &&
	       q->from[0].relation.name.len;
}

/* The names that a view's columns have there and below. */
static bool columns_of(struct looking *l, const struct object *view, const struct typed_query *q,
	const struct relation *below, struct names *names, struct names *meant)
{
	for (size_t i = 0; i < q->ntargets; i++) {
		const struct typed_target *t = &q->targets[i];

		if (t->value->kind == NODE_STAR) {
			struct names all = pg_column_names(l, below->object);

			if (!all.n)
				return false;
			for (size_t c = 0; c < all.n; c++) {
				names_add(l->arena, names, all.at[c]);
				names_add(l->arena, meant, all.at[c]);
			}
			continue;
		}
		if (t->value->kind == NODE_COLUMN) {
			names_add(l->arena, names, t->name.len ? t->name : t->value->text);
			names_add(l->arena, meant, t->value->text);
		} else {
			if (!t->name.len && !view->view.columns.n)
				return false;
			names_add(l->arena, names, t->name);
			names_add(l->arena, meant, SLICE_NONE);
		}
	}
	for (size_t i = 0; i < view->view.columns.n && i < names->n; i++)
		names->at[i] = view->view.columns.at[i];
	return true;
}

static struct slice below_name(
	const struct names *names, const struct names *meant, struct slice column)
{
	for (size_t i = 0; column.len && i < names->n; i++)
		if (slice_eq(names->at[i], column))
			return meant->at[i];
	return SLICE_NONE;
}

/* False: not a view that rows go through as they are. */
static bool descend(struct looking *l, const struct relation *r, struct path *p)
{
	struct relation at = *r;
	bool all = false;

	*p = (struct path){0};
	for (int depth = 0; depth < VIEWS_MAX; depth++) {
		const struct view_def *d = &at.object->view;
		struct slice text = d->query.text.len ? d->query.text : d->query.normal;
		struct typed_query *q = typed_query(l->arena, text);
		struct names names = {0}, meant = {0};

		if (!is_simple(q))
			return false;
		p->table = pg_relation(l, q->from[0].relation, OBJECT_NONE);
		if (!p->table.object || !columns_of(l, at.object, q, &p->table, &names, &meant))
			return false;
		if (depth == 0) {
			p->outer = names;
			p->inner = meant;
		}
		for (size_t i = 0; depth && i < p->inner.n; i++)
			p->inner.at[i] = below_name(&names, &meant, p->inner.at[i]);
		if (q->where && (all || d->check_option.len) && p->table.type == OBJECT_TABLE)
			p->conditions[p->n++] = q->where;
		all = all || slice_iis(d->check_option, "cascaded");
		if (p->table.type == OBJECT_TABLE)
			return true;
		if (p->table.type != OBJECT_VIEW)
			return false;
		at = p->table;
	}
	return false;
}

static bool has_part(const struct relation *r, enum object_type type)
{
	for (size_t i = 0; i < r->object->nparts; i++)
		if (r->object->parts[i]->type == type)
			return true;
	return false;
}

/* The columns as the table calls them; false: one of them is none that can be written. */
static bool translate(struct looking *l, const struct relation *r, const struct path *p,
	struct names columns, struct names *out)
{
	for (size_t i = 0; i < columns.n; i++) {
		struct slice to = below_name(&p->outer, &p->inner, columns.at[i]);

		if (!to.len && names_has(p->outer, columns.at[i]))
			pg_fails(l, "column \"%.*s\" of view \"%.*s\" cannot be changed",
				SLICE(columns.at[i]), SLICE(r->name.name));
		else if (!to.len)
			pg_fails(l, "column \"%.*s\" of relation \"%.*s\" does not exist",
				SLICE(columns.at[i]), SLICE(r->name.name));
		if (!to.len)
			return false;
		names_add(l->arena, out, to);
	}
	return true;
}

static void check_option(struct looking *l, const struct relation *r, const struct path *p,
	const struct typed_row *row)
{
	for (size_t i = 0; i < p->n; i++) {
		struct value v = typed_value(l, row, p->conditions[i]);

		if (v.kind == VALUE_NULL || (v.kind == VALUE_BOOL && !v.truth))
			pg_fails(l, "it violates the check option of view \"%.*s\"",
				SLICE(r->name.name));
	}
}

static void inserted(struct looking *l, const struct relation *r, const struct path *p)
{
	const struct object *table = p->table.object;
	struct pg_values v = pg_values_of(l);

	for (size_t at = 0; at < v.n && at < ROWS_MAX; at++) {
		struct typed_row row = {0};
		size_t n = 0;

		row.values = ARENA_ARRAY(l->arena, table->nparts + 1, struct value);
		for (size_t i = 0; i < table->nparts; i++) {
			const struct object *col = table->parts[i];
			struct typed_node *node;
			struct slice text;

			if (col->type != OBJECT_COLUMN)
				continue;
			text = pg_value(l, &v, at, &p->table, col->name);
			names_add(l->arena, &row.columns, col->name);
			row.values[n++] = (struct value){0};
			if (pg_fills(l, table, "insert", col->name))
				continue;
			node = text.len && !slice_iis(text, "default") ? typed_expr(l->arena, text)
								       : NULL;
			if (node)
				row.values[n - 1] = pg_given_value(l, node, col->column.type);
			else if (!text.len || slice_iis(text, "default"))
				row.values[n - 1] = pg_unsaid_value(l, &col->column);
		}
		check_option(l, r, p, &row);
	}
}

static void updated(
	struct looking *l, const struct relation *r, const struct path *p, struct typed_dml *d)
{
	struct typed_row row = {.columns = d->columns};
	const struct object *col;

	row.values = ARENA_ARRAY(l->arena, d->nvalues + 1, struct value);
	for (size_t i = 0; i < d->nvalues; i++) {
		row.values[i] = (struct value){0};
		if (catalog_part(l->catalog, p->table.object, OBJECT_COLUMN, d->columns.at[i],
			    &col) == PRESENT &&
			!pg_fills(l, p->table.object, "update", col->name))
			row.values[i] = pg_given_value(l, d->values[i], col->column.type);
	}
	check_option(l, r, p, &row);
}

void pg_view_rows(struct looking *l, const struct relation *r)
{
	struct change sub = *l->change;
	struct looking inner = *l;
	struct typed_dml *d = NULL;
	struct names columns = {0};
	struct path p;

	if (sub.kind == CHANGE_DELETE || has_part(r, OBJECT_TRIGGER) || has_part(r, OBJECT_RULE) ||
		!descend(l, r, &p))
		return;
	if (sub.kind == CHANGE_INSERT && sub.list.n == 0)
		sub.list = p.outer;
	if (sub.kind == CHANGE_UPDATE) {
		d = typed_dml(l->arena, l->statement->text);
		if (!d)
			return;
		sub.list = d->columns;
	}
	if (!translate(l, r, &p, sub.list, &columns))
		return;
	sub.list = columns;
	sub.target = p.table.name;
	inner.change = &sub;
	inner.values_of = NULL;
	if (sub.kind == CHANGE_UPDATE) {
		d->columns = columns;
		pg_typed_set(&inner, &p.table, d);
		updated(&inner, r, &p, d);
	} else if (!(sub.flags & CHANGE_FROM_SELECT)) {
		pg_typed_insert(&inner, &p.table);
		inserted(&inner, r, &p);
	}
}
