/* apply_like.c - what a table takes from others: INHERITS, PARTITION OF, LIKE. */
#include "catalog/internal.h"

/* ---- Columns ---- */

/* What every copy of a column leaves behind. */
static struct object bare_column(const struct object *col)
{
	struct object o = *col;

	o.comment = SLICE_NONE;
	o.acl = (struct names){0};
	o.tainted = false;
	o.column.statistics = SLICE_NONE;
	o.column.options = (struct names){0};
	return o;
}

static void inherit_column(struct apply *x, struct node *table, const struct object *col)
{
	struct node *own = part_find(x->c, table, OBJECT_COLUMN, col->name);
	struct object o = bare_column(col);

	if (own) { /* of a second parent */
		node_edit(x->c, own)->column.not_null |= col->column.not_null;
		node_edited(x->c, own);
		return;
	}
	o.column.inherited = true;
	if (o.column.identity.len) {
		bool shared = x->c->version >= 170000 && table->o.table_.partition_of.name.len;

		if (!shared)
			o.column.identity = SLICE_NONE;
		own = add_column(x, table, &(struct object){.type = OBJECT_COLUMN, .name = o.name},
			SIZE_MAX);
		node_edit(x->c, own)->column = node_new(x->c, &o)->o.column;
		own->o.column.sequence = shared ? own->o.column.sequence : (struct names){0};
		node_edited(x->c, own);
		return;
	}
	add_column(x, table, &o, SIZE_MAX);
}

void inherit_from(
	struct apply *x, struct node *table, struct node *parent, bool partition, bool rest)
{
	if (!parent) {
		columns_unknown(x, table);
		return;
	}
	if (rest) {
		inherit_rest(x, table, parent, partition);
		return;
	}
	if (parent->columns_unknown)
		columns_unknown(x, table);
	for (size_t i = 0; i < parent->ncolumns; i++)
		inherit_column(x, table, parent->o.parts[i]);
}

/* ---- Constraints and indexes ---- */

static bool same_keys(struct apply *x, const struct object *a, const struct object *b)
{
	return a->index.unique == b->index.unique && names_eq(a->index.keys, b->index.keys) &&
	       names_eq(a->index.include, b->index.include) &&
	       slice_eq(a->index.method, b->index.method) &&
	       expr_compare(x->c->dialect, a->index.predicate, b->index.predicate) == SAME;
}

static struct node *matching_index(
	struct apply *x, const struct node *child, const struct object *index, bool constraint)
{
	for (size_t i = child->ncolumns; i < child->o.nparts; i++) {
		struct object *o = child->o.parts[i];

		if (o->type == OBJECT_INDEX && (o->index.constraint.len > 0) == constraint &&
			!o->index.partition_of.name.len && same_keys(x, o, index))
			return node_of(o);
	}
	return NULL;
}

static bool is_partitioned(const struct node *n)
{
	return slice_is(n->o.table_.kind, "partitioned");
}

void inherit_index(struct apply *x, struct node *child, const struct object *index)
{
	struct node *own = matching_index(x, child, index, false), **v;
	struct object o = *index;
	size_t n;

	o.parts = NULL;
	o.comment = SLICE_NONE;
	o.index.partition_of = (struct name){index->schema, index->name};
	o.index.on_only = o.index.invalid = false;
	if (own) {
		node_edit(x->c, own)->index.partition_of = o.index.partition_of;
		node_edited(x->c, own);
	} else {
		o.name = SLICE_NONE;
		o.name = pg_index_name(x->c, child, &o, NULL);
		o.generated_name = true;
		own = create_part(x, child, &o);
	}
	n = is_partitioned(child) ? children(x, child, &v) : 0;
	for (size_t i = 0; i < n; i++)
		inherit_index(x, v[i], &own->o);
}

static struct node *own_key(struct apply *x, struct node *child, const struct node *index)
{
	return part_find(x->c, child, OBJECT_CONSTRAINT, index->o.index.constraint);
}

/* A primary key, unique or exclusion constraint with its index. */
void inherit_key(
	struct apply *x, struct node *child, const struct object *con, const struct object *index)
{
	struct node *own = matching_index(x, child, index, true), *key, **v;
	struct object o = *index, k = *con;
	char kind[16];
	size_t n;

	o.index.partition_of = (struct name){index->schema, index->name};
	if (own && (key = own_key(x, child, own)) &&
		is_kind(&key->o, "primary key") == is_kind(con, "primary key")) {
		node_edit(x->c, own)->index.partition_of = o.index.partition_of;
		node_edited(x->c, own);
		node_edit(x->c, key)->constraint.inherited = true;
		node_edited(x->c, key);
	} else {
		snprintf(kind, sizeof kind, "%.*s", SLICE(con->constraint.kind));
		o.name = pg_index_name(x->c, child, index, kind);
		o.index.constraint = k.name = k.constraint.index = o.name;
		o.generated_name = k.generated_name = true;
		o.index.invalid = false;
		k.constraint.inherited = true;
		o.comment = k.comment = SLICE_NONE;
		for (size_t i = 0; is_kind(con, "primary key") && i < k.constraint.columns.n; i++)
			set_not_null(x, child, k.constraint.columns.at[i], true, SLICE_NONE);
		key = create_part(x, child, &k);
		own = create_part(x, child, &o);
	}
	n = is_partitioned(child) ? children(x, child, &v) : 0;
	for (size_t i = 0; i < n; i++)
		inherit_key(x, v[i], &key->o, &own->o);
}

/* Checks, NOT NULLs and foreign keys keep their parent's name. */
void inherit_constraint(struct apply *x, struct node *child, const struct object *con)
{
	struct node *own = part_find(x->c, child, OBJECT_CONSTRAINT, con->name), **v;
	struct object o = *con;
	size_t n;

	if (own && slice_eq(own->o.constraint.kind, con->constraint.kind) &&
		(!is_kind(con, "foreign key") ||
			names_eq(own->o.constraint.columns, con->constraint.columns))) {
		node_edit(x->c, own)->constraint.inherited = true;
		node_edited(x->c, own);
	} else {
		if (own)
			o.name = pg_constraint_name(x->c, child->o.schema, child->o.name,
				pg_columns_addition(x->c, con->constraint.columns), "fkey");
		o.constraint.inherited = true;
		o.comment = SLICE_NONE;
		own = create_part(x, child, &o);
	}
	n = children(x, child, &v);
	for (size_t i = 0; i < n; i++)
		inherit_constraint(x, v[i], &own->o);
}

static void inherit_part(struct apply *x, struct node *child, const struct node *parent,
	const struct object *o, bool partition)
{
	struct node *index;

	if (is_kind(o, "check") || is_kind(o, "not null")) {
		if (!o->constraint.no_inherit)
			inherit_constraint(x, child, o);
	} else if (!partition) {
		return;
	} else if (is_kind(o, "foreign key")) {
		inherit_constraint(x, child, o);
	} else if (o->type == OBJECT_CONSTRAINT) {
		index = part_find(x->c, parent, OBJECT_INDEX, o->constraint.index);
		if (index)
			inherit_key(x, child, o, &index->o);
	} else if (o->type == OBJECT_INDEX && !o->index.constraint.len) {
		inherit_index(x, child, o);
	}
}

void inherit_rest(struct apply *x, struct node *child, struct node *parent, bool partition)
{
	for (size_t i = parent->ncolumns; i < parent->o.nparts; i++)
		inherit_part(x, child, parent, parent->o.parts[i], partition);
}

/* ---- LIKE ---- */

struct like {
	bool comments, compression, constraints, defaults, generated, identity, indexes, storage;
};

static struct like options_in(struct slice words)
{
	struct like l = {0};
	struct slice w;

	while (slice_next(&words, ',', &w)) {
		bool all = slice_is(w, "all");

		l.comments |= all || slice_is(w, "comments");
		l.compression |= all || slice_is(w, "compression");
		l.constraints |= all || slice_is(w, "constraints");
		l.defaults |= all || slice_is(w, "defaults");
		l.generated |= all || slice_is(w, "generated");
		l.identity |= all || slice_is(w, "identity");
		l.indexes |= all || slice_is(w, "indexes");
		l.storage |= all || slice_is(w, "storage");
	}
	return l;
}

static void like_column(
	struct apply *x, struct node *table, const struct object *col, struct like l)
{
	struct object o = bare_column(col);
	struct column_def *d = &o.column;

	if (part_find(x->c, table, OBJECT_COLUMN, col->name))
		return;
	if (l.comments)
		o.comment = col->comment;
	d->inherited = false;
	d->sequence = (struct names){0};
	if (!l.defaults)
		d->default_value = (struct expr){0};
	if (!l.identity)
		d->identity = SLICE_NONE;
	if (!l.generated) {
		d->generation = (struct expr){0};
		d->generated = SLICE_NONE;
	}
	if (!l.storage)
		d->storage = SLICE_NONE;
	if (!l.compression)
		d->compression = SLICE_NONE;
	add_column(x, table, &o, SIZE_MAX);
}

static void like_part(struct apply *x, struct node *table, const struct object *part, struct like l)
{
	struct object o = *part;

	o.constraint.inherited &= part->type != OBJECT_CONSTRAINT;
	if (!l.comments)
		o.comment = SLICE_NONE;
	if (is_kind(part, "check")) {
		if (l.constraints)
			add_constraint(x, table, &o);
	} else if (is_kind(part, "primary key") || is_kind(part, "unique") ||
		   is_kind(part, "exclude")) {
		o.name = o.constraint.index = SLICE_NONE;
		o.generated_name = true;
		if (l.indexes)
			add_constraint(x, table, &o);
	} else if (part->type == OBJECT_INDEX && !part->index.constraint.len && l.indexes) {
		o.name = SLICE_NONE;
		o.generated_name = true;
		o.index.partition_of = (struct name){0};
		add_index(x, table, &o, NULL);
	}
}

/* MySQL's CREATE TABLE … LIKE copies all but foreign keys and partitions' data. */
static void like_everything(struct apply *x, struct node *table, const struct node *from)
{
	struct object *o = node_edit(x->c, table);
	struct name keep_of = o->table_.partition_of;

	o->table_ = node_new(x->c, &from->o)->o.table_;
	o->table_.partition_of = keep_of;
	o->comment = from->o.comment;
	node_edited(x->c, table);
	for (size_t i = 0; i < from->o.nparts; i++) {
		struct object part = *from->o.parts[i];

		if (is_kind(&part, "foreign key") || part.type == OBJECT_TRIGGER)
			continue;
		if (is_kind(&part, "check") && part.generated_name)
			part.name = my_constraint_name(x->c, table, "chk");
		create_part(x, table, &part);
	}
}

enum apply_result like(struct apply *x, struct node *table, struct slice clause, bool rest)
{
	size_t bar = slice_chr(clause, '|');
	struct slice words = bar == SIZE_MAX ? SLICE_NONE : slice_from(clause, bar + 1);
	struct like l = options_in(slice_sub(words, 0, slice_chr(words, '|')));
	enum apply_result r = APPLIED;
	struct node *from = target_named(x, OBJECT_TABLE,
		is_mysql(x->c) ? x->ch->other : split_name(slice_sub(clause, 0, bar)), &r);

	if (!from) {
		if (r == APPLY_CONFLICT || r == APPLY_NOOP)
			return conflict(x, "table \"%.*s\" does not exist",
				SLICE(slice_sub(clause, 0, bar)));
		columns_unknown(x, table);
		x->unsure = true;
		return APPLIED;
	}
	if (from->columns_unknown)
		columns_unknown(x, table);
	if (!is_postgres(x->c)) {
		if (!rest)
			like_everything(x, table, from);
		return APPLIED;
	}
	for (size_t i = 0; !rest && i < from->ncolumns; i++)
		like_column(x, table, from->o.parts[i], l);
	for (size_t i = from->ncolumns; rest && i < from->o.nparts; i++)
		like_part(x, table, from->o.parts[i], l);
	return APPLIED;
}
