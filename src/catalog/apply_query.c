/* apply_query.c - the columns of a table or view that a query makes. */
#include "catalog/internal.h"

struct columns {
	struct apply *x;
	struct object **at;
	size_t n;
};

static void add(struct columns *v, struct slice name, struct slice type, struct slice collation)
{
	struct object *o = ARENA_NEW(&v->x->c->undo_arena, struct object);

	o->type = OBJECT_COLUMN;
	o->name = name;
	o->column.type = type;
	o->column.collation = collation;
	*ARENA_PUSH(&v->x->c->undo_arena, v->at, v->n) = o;
}

static const struct object *relation(struct apply *x, struct slice path)
{
	const struct object *o = NULL;

	if (slice_empty(path) ||
		catalog_find(x->c, x->s, OBJECT_NONE, split_name(path), &o) != PRESENT)
		return NULL;
	return o->type == OBJECT_TABLE || o->type == OBJECT_VIEW || o->type == OBJECT_MATVIEW
		       ? o
		       : NULL;
}

static bool add_all(struct columns *v, const struct object *from)
{
	if (!from || node_of(from)->columns_unknown)
		return false;
	for (size_t i = 0; i < from->nparts; i++)
		if (from->parts[i]->type == OBJECT_COLUMN)
			add(v, from->parts[i]->name, from->parts[i]->column.type,
				from->parts[i]->column.collation);
	return true;
}

static void add_one(struct columns *v, const struct query_column *q, const struct object *from)
{
	const struct object *col = NULL;

	if (from && catalog_part(v->x->c, from, OBJECT_COLUMN, q->column, &col) == PRESENT)
		add(v, q->name, col->column.type, col->column.collation);
	else
		add(v, q->name, q->type, SLICE_NONE);
}

bool query_columns(struct apply *x, struct object *def)
{
	struct columns v = {.x = x};
	bool known = true;

	for (size_t i = 0; known && i < x->ch->ncolumns; i++) {
		const struct query_column *q = &x->ch->columns[i];
		const struct object *from = relation(x, q->relation);

		if (slice_is(q->column, "*"))
			known = add_all(&v, from);
		else
			add_one(&v, q, from);
	}
	def->parts = known ? v.at : NULL;
	def->nparts = known ? v.n : 0;
	return known;
}
