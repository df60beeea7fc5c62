/* apply_table.c - CREATE, DROP, RENAME TABLE and the actions that concern a table as a whole. */
#include "catalog/internal.h"

#include "sql/partition_list.h"

/* ---- CREATE TABLE ---- */

static struct names resolved(struct apply *x, enum object_type type, struct names n)
{
	struct names out = {0};

	for (size_t i = 0; i < n.n; i++)
		names_add(&x->c->arena, &out,
			dotted(&x->c->undo_arena,
				catalog_resolve(x->c, x->s, type, split_name(n.at[i]))));
	return out;
}

static void resolve_names(struct apply *x, struct node *table)
{
	struct table_def *d = &node_edit(x->c, table)->table_;

	if (d->partition_of.name.len)
		d->partition_of = name_copy(
			&x->c->arena, catalog_resolve(x->c, x->s, OBJECT_TABLE, d->partition_of));
	if (d->of_type.name.len)
		d->of_type = name_copy(
			&x->c->arena, catalog_resolve(x->c, x->s, OBJECT_TYPE, d->of_type));
	d->inherits = resolved(x, OBJECT_TABLE, d->inherits);
	if (slice_is(table->o.schema, "pg_temp") || has(x, CHANGE_TEMPORARY))
		d->persistence = SL("temporary");
	/* InnoDB's default since 5.5; the readers leave it away. */
	if (is_mysql(x->c) && slice_empty(d->access_method))
		d->access_method = SL("InnoDB");
	node_edited(x->c, table);
}

static struct names its_own(struct apply *x)
{
	struct names own = {0};

	names_add(&x->c->arena, &own, SL("yes"));
	return own;
}

/* A column that a parent has too: its own words are added to what it inherits. Those of a partition
 * are never its own. */
static void merge_column(struct apply *x, struct node *col, const struct object *def)
{
	struct object *o = node_edit(x->c, col);

	if (def->column.default_value.text.len)
		o->column.default_value = expr_copy(&x->c->arena, def->column.default_value);
	if (def->column.generation.text.len)
		o->column.generation = expr_copy(&x->c->arena, def->column.generation);
	o->column.not_null |= def->column.not_null;
	if (o->column.inherited && slice_empty(o->table->table_.partition_of.name))
		o->column.own = its_own(x);
	if (def->column.collation.len)
		o->column.collation = keep(x->c, def->column.collation);
	node_edited(x->c, col);
}

/* Columns that LIKE clauses bring before the n-th column of the table's own: "table|options|n". A
 * clause that does not say where it stands comes first. */
static enum apply_result likes_before(struct apply *x, struct node *table, size_t from, size_t to)
{
	for (size_t i = 0; i < x->ch->list.n; i++) {
		struct slice rest = x->ch->list.at[i], piece;
		unsigned long long at = 0;
		enum apply_result r;

		slice_next(&rest, '|', &piece);
		slice_next(&rest, '|', &piece);
		if (!slice_u64(rest, &at))
			at = 0;
		if (at < from || at >= to)
			continue;
		r = like(x, table, x->ch->list.at[i], false);
		if (r != APPLIED)
			return r;
	}
	return APPLIED;
}

static enum apply_result own_columns(struct apply *x, struct node *table)
{
	const struct object *def = x->ch->def;
	size_t n = 0;

	for (size_t i = 0; i < def->nparts; i++) {
		const struct object *p = def->parts[i];
		enum apply_result r;
		struct node *old;

		if (p->type != OBJECT_COLUMN)
			continue;
		r = likes_before(x, table, n, n + 1);
		if (r != APPLIED)
			return r;
		n++;
		old = part_find(x->c, table, OBJECT_COLUMN, p->name);
		if (old && (old->o.column.inherited || table->o.table_.of_type.name.len))
			merge_column(x, old, p);
		else if (old)
			return conflict(
				x, "column \"%.*s\" specified more than once", SLICE(p->name));
		else
			add_column(x, table, p, SIZE_MAX);
	}
	return likes_before(x, table, n, SIZE_MAX);
}

/* In the order in which the server makes them, which decides who gets which name: checks and NOT
 * NULL with the table, then the primary key, other keys and indexes, foreign keys last. */
static unsigned rank(const struct object *p)
{
	if (p->type == OBJECT_INDEX)
		return 3;
	if (is_kind(p, "primary key"))
		return 1;
	if (is_kind(p, "unique") || is_kind(p, "exclude"))
		return 2;
	return is_kind(p, "foreign key") ? 4 : 0;
}

static bool same_key(const struct object *a, const struct object *b)
{
	const struct constraint_def *k = &a->constraint, *other = &b->constraint;

	return names_eq(k->columns, other->columns) && names_eq(k->include, other->include) &&
	       k->deferrable == other->deferrable && k->deferred == other->deferred &&
	       k->nulls_not_distinct == other->nulls_not_distinct;
}

/* A UNIQUE over the columns of the primary key, or of a UNIQUE before it, is that key: the server
 * makes one index for both. */
static bool repeats_key(const struct object *def, size_t i)
{
	const struct object *p = def->parts[i];

	if (!is_kind(p, "unique"))
		return false;
	for (size_t k = 0; k < def->nparts; k++)
		if ((is_kind(def->parts[k], "primary key") ||
			    (k < i && is_kind(def->parts[k], "unique"))) &&
			same_key(def->parts[k], p))
			return true;
	return false;
}

/* An unnamed key is called as the first that repeats it. */
static struct slice name_of_key(const struct object *def, const struct object *key)
{
	struct slice name = key->name;

	for (size_t i = 0; i < def->nparts && !name.len; i++)
		if (is_kind(def->parts[i], "unique") && same_key(def->parts[i], key))
			name = def->parts[i]->name;
	return name;
}

static enum apply_result own_constraint(struct apply *x, struct node *table, size_t i)
{
	const struct object *def = x->ch->def;
	struct object p = *def->parts[i];

	if (is_postgres(x->c) && repeats_key(def, i))
		return APPLIED;
	if (is_postgres(x->c) && (is_kind(&p, "primary key") || is_kind(&p, "unique")))
		p.name = name_of_key(def, &p);
	return add_constraint(x, table, &p);
}

static enum apply_result own_rest(struct apply *x, struct node *table)
{
	const struct object *def = x->ch->def;
	enum apply_result r;

	for (unsigned pass = 0; pass <= 4; pass++)
		for (size_t i = 0; i < def->nparts; i++) {
			const struct object *p = def->parts[i];

			if (p->type == OBJECT_COLUMN || rank(p) != pass)
				continue;
			if (p->type == OBJECT_INDEX) {
				add_index(x, table, p, NULL);
			} else if (p->type != OBJECT_CONSTRAINT) {
				create_part(x, table, p);
			} else {
				r = own_constraint(x, table, i);
				if (r == APPLY_CONFLICT)
					return r;
			}
		}
	return APPLIED;
}

static enum apply_result parents(struct apply *x, struct node *table, bool rest)
{
	const struct table_def *d = &table->o.table_;
	enum apply_result r = APPLIED;
	struct node *parent;

	if (d->partition_of.name.len) {
		parent = target_named(x, OBJECT_TABLE, d->partition_of, &r);
		if (r == APPLY_CONFLICT)
			return r;
		inherit_from(x, table, parent, true, rest);
	}
	for (size_t i = 0; i < d->inherits.n; i++) {
		parent = target_named(x, OBJECT_TABLE, split_name(d->inherits.at[i]), &r);
		if (r == APPLY_CONFLICT)
			return r;
		inherit_from(x, table, parent, false, rest);
	}
	return APPLIED;
}

/* What LIKE brings besides columns. */
static enum apply_result rest_of_likes(struct apply *x, struct node *table)
{
	enum apply_result r = APPLIED;

	for (size_t i = 0; i < x->ch->list.n && r == APPLIED; i++)
		r = like(x, table, x->ch->list.at[i], true);
	return r;
}

static void typed_columns(struct apply *x, struct node *table)
{
	const struct object *type = NULL;
	struct name of = table->o.table_.of_type;

	if (!of.name.len)
		return;
	if (catalog_find(x->c, x->s, OBJECT_TYPE, of, &type) != PRESENT) {
		columns_unknown(x, table);
		return;
	}
	for (size_t i = 0; i < type->type_.attributes.n; i++) {
		struct slice a = type->type_.attributes.at[i];
		size_t blank = slice_chr(a, ' ');
		struct object o = {.type = OBJECT_COLUMN};

		if (blank == SIZE_MAX)
			continue;
		o.name = key_column(x->c, slice_sub(a, 0, blank));
		o.column.type = slice_from(a, blank + 1);
		add_column(x, table, &o, SIZE_MAX);
	}
}

/* A table without long values has no second table for them, and its options are lost. */
static void drop_toast_options(struct apply *x, struct node *table)
{
	struct names kept = {0};
	const char *storage = "plain";

	for (size_t i = 0; i < table->ncolumns && storage && !strcmp(storage, "plain"); i++)
		storage = type_storage(table->o.parts[i]->column.type);
	if (!is_postgres(x->c) || !storage || strcmp(storage, "plain") || table->columns_unknown)
		return;
	for (size_t i = 0; i < table->o.table_.options.n; i++)
		if (!slice_starts(table->o.table_.options.at[i], "toast."))
			names_add(&x->c->arena, &kept, table->o.table_.options.at[i]);
	if (kept.n == table->o.table_.options.n)
		return;
	node_edit(x->c, table)->table_.options = kept;
	node_edited(x->c, table);
}

static enum apply_result fill(struct apply *x, struct node *table)
{
	enum apply_result r = parents(x, table, false);

	typed_columns(x, table);
	if (r == APPLIED)
		r = own_columns(x, table);
	if (r == APPLIED)
		r = own_rest(x, table);
	if (r == APPLIED)
		r = parents(x, table, true);
	if (r == APPLIED)
		r = rest_of_likes(x, table);
	if (r == APPLIED)
		not_null_constraints(x, table);
	drop_toast_options(x, table);
	return r;
}

enum apply_result apply_create_table(struct apply *x)
{
	struct node *old, *table;
	struct name full;
	enum apply_result r = may_create(x, OBJECT_TABLE, x->ch->target, &full, &old);

	if (r != APPLIED)
		return r;
	if (old)
		catalog_drop(x->c, &old->o);
	table = create(x, x->ch->def, full);
	resolve_names(x, table);
	return fill(x, table);
}

void columns_unknown(struct apply *x, struct node *table)
{
	node_edit(x->c, table);
	table->columns_unknown = true;
	node_edited(x->c, table);
}

void parts_unknown(struct apply *x, struct node *table)
{
	node_edit(x->c, table);
	table->columns_unknown = table->parts_unknown = true;
	node_edited(x->c, table);
}

enum apply_result apply_create_table_as(struct apply *x)
{
	const struct change *as_written = x->ch;
	struct change ch = *x->ch;
	struct object def = *ch.def;
	struct node *old, *table;
	struct name full;
	enum apply_result r = may_create(x, OBJECT_TABLE, x->ch->target, &full, &old);

	if (r == APPLIED)
		r = reads_exist(x, x->ch->reads);
	if (r != APPLIED)
		return r;
	if (old)
		catalog_drop(x->c, &old->o);
	if (ch.ncolumns)
		(void)query_columns(x, &def);
	ch.def = &def;
	x->ch = &ch;
	table = create(x, &def, full);
	resolve_names(x, table);
	r = fill(x, table);
	if (r == APPLIED && table->ncolumns == 0)
		columns_unknown(x, table);
	x->ch = as_written;
	return r;
}

/* ---- DROP, RENAME, SET SCHEMA ---- */

enum apply_result apply_drop_relation(struct apply *x)
{
	enum object_type type = x->ch->kind == CHANGE_DROP_VIEW       ? OBJECT_VIEW
				: x->ch->kind == CHANGE_DROP_MATVIEW  ? OBJECT_MATVIEW
				: x->ch->kind == CHANGE_DROP_SEQUENCE ? OBJECT_SEQUENCE
								      : OBJECT_TABLE;
	enum apply_result r = APPLIED;
	struct node *n = target(x, type, &r);
	struct slice blocker = SLICE_NONE, name;

	if (!n)
		return r;
	name = n->o.name;
	if (!drop_all(x, n, has(x, CHANGE_CASCADE), &blocker))
		return conflict(x, "cannot drop %s \"%.*s\": %.*s", object_type_word(type),
			SLICE(name), SLICE(blocker));
	return APPLIED;
}

static void move_part(struct apply *x, struct node *part, struct slice schema)
{
	struct name from = {part->o.schema, part->o.name};

	node_edit(x->c, part)->schema = schema;
	node_edited(x->c, part);
	if (part->o.type == OBJECT_INDEX && is_postgres(x->c))
		retarget(x->c, OBJECT_INDEX, from, (struct name){schema, from.name});
}

static void move_relation(struct apply *x, struct node *n, struct name to)
{
	struct name from = {n->o.schema, n->o.name};
	struct node **v;
	size_t count = mentions(x->c, from, &x->c->undo_arena, &v);
	struct object *o = node_edit(x->c, n);

	o->schema = to.schema;
	o->name = to.name;
	node_edited(x->c, n);
	for (size_t i = 0; i < n->o.nparts && !slice_eq(from.schema, to.schema); i++)
		move_part(x, node_of(n->o.parts[i]), to.schema);
	/* Owned sequences follow their table into the other schema. */
	for (size_t i = 0; i < count && !slice_eq(from.schema, to.schema); i++)
		if (v[i]->o.type == OBJECT_SEQUENCE)
			move_relation(x, v[i], (struct name){to.schema, v[i]->o.name});
	retarget(x->c, n->o.type, from, to);
}

/* With legacy_alter_table SQLite leaves references in views and triggers alone. */
static void rename_in_sqlite_triggers(struct apply *x, struct node *n, struct slice from)
{
	for (size_t i = 0; i < n->o.nparts; i++) {
		struct node *part = node_of(n->o.parts[i]);

		if (part->o.type != OBJECT_TRIGGER)
			continue;
		node_edit(x->c, part)->trigger.body =
			expr_rename(x->c, part->o.trigger.body, from, n->o.name);
		node_edited(x->c, part);
	}
}

/* InnoDB renames the foreign keys that it named after the table: t_ibfk_1. */
static void rename_generated_keys(struct apply *x, struct node *n, struct slice from)
{
	struct slice head = textf(x->c, "%.*s_ibfk_", SLICE(from));

	for (size_t i = 0; i < n->o.nparts; i++) {
		struct node *part = node_of(n->o.parts[i]);

		if (!is_kind(&part->o, "foreign key") ||
			!slice_eq(slice_sub(part->o.name, 0, head.len), head))
			continue;
		node_edit(x->c, part)->name = textf(x->c, "%.*s_ibfk_%.*s", SLICE(n->o.name),
			SLICE(slice_from(part->o.name, head.len)));
		node_edited(x->c, part);
	}
}

enum apply_result apply_rename_relation(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_NONE, &r);
	const struct object *found;
	struct slice old;
	struct name to;

	if (!n)
		return r;
	if (n->o.type == OBJECT_INDEX) {
		struct change as_index = *x->ch;

		as_index.kind = CHANGE_RENAME_INDEX;
		x->ch = &as_index;
		return apply_rename_index(x);
	}
	to = name_copy(&x->c->arena, x->ch->other);
	if (slice_empty(to.schema) || !is_mysql(x->c))
		to.schema = n->o.schema;
	if (!name_eq(to, (struct name){n->o.schema, n->o.name}) &&
		catalog_find(x->c, x->s, OBJECT_NONE, to, &found) == PRESENT && found != &n->o)
		return conflict(x, "relation \"%.*s\" already exists", SLICE(to.name));
	if (is_sqlite(x->c)) {
		struct slice from = n->o.name;

		move_relation(x, n, to);
		rename_in_sqlite_triggers(x, n, from);
		return APPLIED;
	}
	old = n->o.name;
	move_relation(x, n, to);
	if (is_mysql(x->c))
		rename_generated_keys(x, n, old);
	return APPLIED;
}

enum apply_result apply_set_schema(struct apply *x)
{
	enum apply_result r = APPLIED;
	enum object_type type = object_is_relation(x->ch->type) ? OBJECT_NONE : x->ch->type;
	struct node *n = meta_target(x, &r);
	const struct object *found;
	struct name to, from;

	if (!n)
		return r;
	from = (struct name){n->o.schema, n->o.name};
	to = (struct name){keep(x->c, x->ch->other.schema), n->o.name};
	if (catalog_find(x->c, x->s, OBJECT_SCHEMA, (struct name){SLICE_NONE, to.schema}, &found) ==
		ABSENT)
		return conflict(x, "schema \"%.*s\" does not exist", SLICE(to.schema));
	if (n->o.type == OBJECT_EXTENSION) {
		node_edit(x->c, n)->schema = to.schema;
		node_edited(x->c, n);
		return APPLIED;
	}
	if (slice_eq(from.schema, to.schema))
		return APPLIED;
	if (catalog_find(x->c, x->s, type, to, &found) == PRESENT)
		return conflict(x, "\"%.*s\" already exists in schema \"%.*s\"", SLICE(to.name),
			SLICE(to.schema));
	if (object_is_relation(n->o.type)) {
		move_relation(x, n, to);
	} else {
		node_edit(x->c, n)->schema = to.schema;
		node_edited(x->c, n);
		retarget(x->c, n->o.type, from, to);
	}
	return APPLIED;
}

/* ---- Options and words ---- */

static struct names *options_of(struct object *o)
{
	if (o->type == OBJECT_TABLE)
		return &o->table_.options;
	if (o->type == OBJECT_INDEX)
		return &o->index.options;
	if (o->type == OBJECT_VIEW || o->type == OBJECT_MATVIEW)
		return &o->view.options;
	return NULL;
}

static enum apply_result change_options(struct apply *x, bool reset)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_NONE, &r);
	struct names *list;
	struct object *o;

	if (!n)
		return r;
	o = node_edit(x->c, n);
	list = options_of(o);
	if (list)
		*list = options_changed(x->c, *list, x->ch->list, reset);
	node_edited(x->c, n);
	return APPLIED;
}

enum apply_result apply_set_options(struct apply *x)
{
	return change_options(x, false);
}

enum apply_result apply_reset_options(struct apply *x)
{
	return change_options(x, true);
}

static void owned_persistence(struct apply *x, struct node *table, struct slice persistence)
{
	struct node **v;
	size_t n = mentions(
		x->c, (struct name){table->o.schema, table->o.name}, &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++)
		if (v[i]->o.type == OBJECT_SEQUENCE) {
			node_edit(x->c, v[i])->sequence.persistence = persistence;
			node_edited(x->c, v[i]);
		}
}

/* Persistence, tablespace, access method, storage engine: one word. */
enum apply_result apply_table_word(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_NONE, &r);
	struct slice word = keep(x->c, x->ch->value.text), persistence = SLICE_NONE;
	enum change_kind k = x->ch->kind;
	struct object *o;

	if (!n)
		return r;
	if (slice_is(word, "default") || slice_is(word, "pg_default"))
		word = SLICE_NONE;
	if (k == CHANGE_SET_LOGGED || k == CHANGE_SET_UNLOGGED)
		persistence = k == CHANGE_SET_LOGGED ? SL("permanent") : SL("unlogged");
	o = node_edit(x->c, n);
	if (o->type == OBJECT_TABLE && persistence.len)
		o->table_.persistence = persistence;
	else if (o->type == OBJECT_SEQUENCE && persistence.len)
		o->sequence.persistence = persistence;
	else if (o->type == OBJECT_TABLE && k == CHANGE_SET_TABLESPACE)
		o->table_.tablespace = word;
	else if (o->type == OBJECT_INDEX && k == CHANGE_SET_TABLESPACE)
		o->index.tablespace = word;
	else if (o->type == OBJECT_MATVIEW && k == CHANGE_SET_TABLESPACE)
		o->view.tablespace = word;
	else if (o->type == OBJECT_MATVIEW)
		o->view.access_method = word;
	else if (o->type == OBJECT_TABLE)
		o->table_.access_method = word;
	canonical(x->c, o);
	node_edited(x->c, n);
	if (persistence.len && n->o.type == OBJECT_TABLE)
		owned_persistence(x, n, persistence);
	return APPLIED;
}

enum apply_result apply_cluster_on(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_NONE, &r);
	struct object *o;

	if (!n || n->o.type != OBJECT_TABLE)
		return r;
	if (x->ch->name.len && !target_part(x, n, OBJECT_INDEX, x->ch->name, &r))
		return r;
	o = node_edit(x->c, n);
	o->table_.cluster_on = (struct names){0};
	if (x->ch->name.len)
		names_add(&x->c->arena, &o->table_.cluster_on, x->ch->name);
	node_edited(x->c, n);
	return APPLIED;
}

enum apply_result apply_row_security(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TABLE, &r);
	struct slice word = x->ch->value.text;
	struct object *o;

	if (!n)
		return r;
	o = node_edit(x->c, n);
	if (slice_is(word, "enable") || slice_is(word, "disable"))
		o->table_.row_security = slice_is(word, "enable");
	else
		o->table_.force_row_security = slice_is(word, "force");
	node_edited(x->c, n);
	return APPLIED;
}

enum apply_result apply_replica_identity(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TABLE, &r);
	struct object *o;

	if (!n)
		return r;
	if (x->ch->name.len && !target_part(x, n, OBJECT_INDEX, x->ch->name, &r))
		return r;
	o = node_edit(x->c, n);
	o->table_.replica_identity = keep(x->c, x->ch->name.len ? x->ch->name : x->ch->value.text);
	node_edited(x->c, n);
	return APPLIED;
}

enum apply_result apply_of_type(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TABLE, &r);
	struct name of = {0};

	if (!n)
		return r;
	if (x->ch->other.name.len)
		of = catalog_resolve(x->c, x->s, OBJECT_TYPE, x->ch->other);
	node_edit(x->c, n)->table_.of_type = name_copy(&x->c->arena, of);
	node_edited(x->c, n);
	return APPLIED;
}

/* ---- Inheritance and partitions ---- */

/* A partition's columns are not its own any more. */
static void mark_columns(struct apply *x, struct node *child, const struct node *parent, bool yes)
{
	bool partition = slice_is(parent->o.table_.kind, "partitioned");
	struct object *o;

	for (size_t i = 0; i < parent->ncolumns; i++) {
		struct node *col = part_find(x->c, child, OBJECT_COLUMN, parent->o.parts[i]->name);

		if (!col || col->o.column.inherited == yes)
			continue;
		o = node_edit(x->c, col);
		o->column.inherited = yes;
		o->column.own = yes && !partition ? its_own(x) : (struct names){0};
		node_edited(x->c, col);
	}
}

/* Constraints and indexes of a former child stand on their own now. */
static void cut_loose(struct apply *x, struct node *child)
{
	for (size_t i = child->ncolumns; i < child->o.nparts; i++) {
		struct node *p = node_of(child->o.parts[i]);
		struct object *o = node_edit(x->c, p);

		if (o->type == OBJECT_CONSTRAINT)
			o->constraint.inherited = false;
		if (o->type == OBJECT_INDEX)
			o->index.partition_of = (struct name){0};
		node_edited(x->c, p);
	}
}

/* The table that is changed and the other one that the change names. */
static bool two_tables(struct apply *x, struct node **n, struct node **other, enum apply_result *r)
{
	*n = target(x, OBJECT_TABLE, r);
	*other = *n ? target_named(x, OBJECT_TABLE, x->ch->other, r) : NULL;
	return *other != NULL;
}

enum apply_result apply_inherit(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n, *parent;
	struct object *o;

	if (!two_tables(x, &n, &parent, &r))
		return r;
	o = node_edit(x->c, n);
	o->table_.inherits = names_copy(&x->c->arena, o->table_.inherits);
	names_add(&x->c->arena, &o->table_.inherits,
		dotted(&x->c->undo_arena, (struct name){parent->o.schema, parent->o.name}));
	node_edited(x->c, n);
	mark_columns(x, n, parent, true);
	inherit_rest(x, n, parent, false);
	return APPLIED;
}

enum apply_result apply_no_inherit(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n, *parent;
	struct object *o;

	if (!two_tables(x, &n, &parent, &r))
		return r;
	o = node_edit(x->c, n);
	o->table_.inherits = names_without(x->c, o->table_.inherits,
		dotted(&x->c->undo_arena, (struct name){parent->o.schema, parent->o.name}));
	node_edited(x->c, n);
	mark_columns(x, n, parent, false);
	cut_loose(x, n);
	return APPLIED;
}

enum apply_result apply_attach(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n, *child;
	struct object *o;

	if (!two_tables(x, &n, &child, &r))
		return r;
	if (child->o.table_.partition_of.name.len)
		return conflict(x, "\"%.*s\" is a partition already", SLICE(child->o.name));
	if (!slice_is(n->o.table_.kind, "partitioned"))
		return conflict(x, "table \"%.*s\" is not partitioned", SLICE(n->o.name));
	o = node_edit(x->c, child);
	o->table_.partition_of = (struct name){n->o.schema, n->o.name};
	o->table_.partition_bound = expr_copy(&x->c->arena, x->ch->value);
	node_edited(x->c, child);
	mark_columns(x, child, n, true);
	inherit_rest(x, child, n, true);
	return APPLIED;
}

enum apply_result apply_detach(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n, *child;
	struct object *o;

	if (!two_tables(x, &n, &child, &r))
		return r;
	o = node_edit(x->c, child);
	o->table_.partition_of = (struct name){0};
	o->table_.partition_bound = (struct expr){0};
	node_edited(x->c, child);
	mark_columns(x, child, n, false);
	cut_loose(x, child);
	return APPLIED;
}

/* ---- MySQL ---- */

enum apply_result apply_charset(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TABLE, &r);
	struct slice charset = keep(x->c, x->ch->value.text);
	struct slice collation = x->ch->list.n ? keep(x->c, x->ch->list.at[0]) : SLICE_NONE;
	struct object *o;

	if (!n)
		return r;
	o = node_edit(x->c, n);
	o->table_.charset = charset;
	o->table_.collation = collation;
	node_edited(x->c, n);
	for (size_t i = 0; x->ch->kind == CHANGE_CONVERT_CHARSET && i < n->ncolumns; i++) {
		struct node *col = node_of(n->o.parts[i]);

		if (slice_empty(col->o.column.charset) && slice_empty(col->o.column.collation))
			continue;
		o = node_edit(x->c, col);
		o->column.charset = charset;
		o->column.collation = collation;
		node_edited(x->c, col);
	}
	return APPLIED;
}

/* Which partitions there are afterwards is the server's text; we know it only after PARTITION BY
 * and REMOVE PARTITIONING. */
enum apply_result apply_partitions(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *n = target(x, OBJECT_TABLE, &r);
	struct object *o;

	if (!n)
		return r;
	o = node_edit(x->c, n);
	if (x->ch->def) {
		o->table_.kind = SL("partitioned");
		o->table_.partition_key = expr_copy(&x->c->arena, x->ch->def->table_.partition_key);
		o->table_.definition = expr_copy(&x->c->arena, x->ch->def->table_.definition);
	} else if (slice_istarts(x->ch->value.text, "REMOVE")) {
		o->table_.kind = SL("table");
		o->table_.partition_key = o->table_.definition = (struct expr){0};
	} else {
		if (!partition_list_after(&x->c->arena, x->ch, o->table_.definition.normal,
			    &o->table_.definition.normal))
			o->table_.definition.normal = SLICE_NONE;
		o->table_.definition.text = SL("changed by ALTER TABLE … PARTITION");
	}
	node_edited(x->c, n);
	return APPLIED;
}
