/* apply_index.c - CREATE, DROP, RENAME, ALTER INDEX and attaching one to a partitioned index. */
#include "catalog/internal.h"

struct names keys_of_columns(struct catalog *c, struct names columns)
{
	struct names out = {0};

	for (size_t i = 0; i < columns.n; i++)
		names_add(&c->arena, &out, key_of_column(c, columns.at[i]));
	return out;
}

/* An index that only a foreign key asked for goes when a better one comes. */
static void replace_generated(struct apply *x, struct node *table, const struct index_def *new)
{
	for (size_t i = table->o.nparts; i-- > table->ncolumns;) {
		struct object *o = table->o.parts[i];
		size_t k = 0;

		if (o->type != OBJECT_INDEX || !o->generated_name || o->index.unique ||
			o->index.keys.n > new->keys.n)
			continue;
		while (k < o->index.keys.n &&
			same_name(x->c, OBJECT_COLUMN, o->index.keys.at[k], new->keys.at[k]))
			k++;
		if (k == o->index.keys.n && foreign_key_needs(x, table, o))
			part_drop(x->c, node_of(o));
	}
}

bool foreign_key_needs(struct apply *x, const struct node *table, const struct object *index)
{
	for (size_t i = table->ncolumns; i < table->o.nparts; i++) {
		const struct object *o = table->o.parts[i];
		size_t k = 0;

		if (o->type != OBJECT_CONSTRAINT || !slice_is(o->constraint.kind, "foreign key"))
			continue;
		while (k < o->constraint.columns.n && k < index->index.keys.n &&
			same_name(x->c, OBJECT_COLUMN, o->constraint.columns.at[k],
				key_column(x->c, index->index.keys.at[k])))
			k++;
		if (k == o->constraint.columns.n)
			return true;
	}
	return false;
}

/* MySQL's column names have no case: the server spells keys as the columns are spelt. */
static void spell_keys(struct apply *x, const struct node *table, struct index_def *d)
{
	struct names keys = {0}, columns = {0};

	for (size_t i = 0; i < d->keys.n; i++) {
		struct slice key = d->keys.at[i], name = key_column(x->c, key), written;
		struct node *col = name.len ? part_find(x->c, table, OBJECT_COLUMN, name) : NULL;

		written = key_of_column(x->c, name);
		if (col && slice_eq(slice_sub(key, 0, written.len), written)) {
			struct slice real = key_of_column(x->c, col->o.name);

			key = textf(
				x->c, "%.*s%.*s", SLICE(real), SLICE(slice_from(key, written.len)));
		}
		names_add(&x->c->arena, &keys, key);
	}
	for (size_t i = 0; i < d->columns.n; i++) {
		struct node *col = part_find(x->c, table, OBJECT_COLUMN, d->columns.at[i]);

		names_add(&x->c->arena, &columns, col ? col->o.name : d->columns.at[i]);
	}
	d->keys = keys;
	d->columns = columns;
}

/* Operator classes that come with an extension; they live in its schema. */
static const struct {
	const char *opclass, *extension;
} extension_opclasses[] = {
	{"gin_trgm_ops", "pg_trgm"},
	{"gist_trgm_ops", "pg_trgm"},
	{"gin__int_ops", "intarray"},
	{"gist__intbig_ops", "intarray"},
	{"vector_l2_ops", "vector"},
	{"vector_ip_ops", "vector"},
	{"vector_cosine_ops", "vector"},
	{"vector_l1_ops", "vector"},
	{"halfvec_l2_ops", "vector"},
	{"halfvec_ip_ops", "vector"},
	{"halfvec_cosine_ops", "vector"},
};

/* Where the column or the (expression) at the head of a key ends. */
static size_t key_head_end(struct slice key)
{
	size_t depth = 0, i;
	char quote = 0;

	for (i = 0; i < key.len; i++) {
		char c = key.at[i];

		if (quote) {
			quote = c == quote ? 0 : quote;
			continue;
		}
		if (c == '"' || c == '\'')
			quote = c;
		depth += c == '(';
		depth -= c == ')' && depth > 0;
		if (c == ' ' && !depth)
			break;
	}
	return i;
}

/* What the server takes when nothing is written, and therefore does not print. */
static bool is_default_opclass(struct slice method, struct slice opclass)
{
	static const char *const btree[] = {"text_ops", "int2_ops", "int4_ops", "int8_ops",
		"numeric_ops", "float4_ops", "float8_ops", "bool_ops", "bpchar_ops", "bytea_ops",
		"date_ops", "time_ops", "timetz_ops", "timestamp_ops", "timestamptz_ops",
		"interval_ops", "uuid_ops", "inet_ops", "macaddr_ops", "name_ops", "oid_ops",
		"enum_ops", "array_ops", "record_ops", "range_ops", "jsonb_ops", "tsvector_ops",
		NULL};
	static const char *const gin[] = {"array_ops", "jsonb_ops", "tsvector_ops", NULL};
	const char *const *list =
		slice_is(method, "gin") ? gin
		: slice_empty(method) || slice_is(method, "btree") || slice_is(method, "hash")
			? btree
			: NULL;

	for (; list && *list; list++)
		if (slice_is(opclass, *list))
			return true;
	return false;
}

/* A default operator class goes away; one of an extension gets its schema, as the server prints. */
static struct slice key_as_printed(struct apply *x, struct slice method, struct slice key)
{
	size_t from = key_head_end(key);

	while (from < key.len) {
		size_t start = from + 1, end = start;

		while (end < key.len && key.at[end] != ' ' && key.at[end] != '(')
			end++;
		if (is_default_opclass(method, slice_sub(key, start, end - start)))
			return textf(x->c, "%.*s%.*s", SLICE(slice_sub(key, 0, from)),
				SLICE(slice_from(key, end)));
		for (size_t i = 0; i < sizeof extension_opclasses / sizeof *extension_opclasses;
			i++) {
			struct node *ext;

			if (!slice_is(slice_sub(key, start, end - start),
				    extension_opclasses[i].opclass))
				continue;
			ext = node_find(x->c, OBJECT_EXTENSION,
				(struct name){
					SLICE_NONE, slice_of(extension_opclasses[i].extension)});
			if (!ext)
				return key;
			return textf(x->c, "%.*s%.*s.%.*s", SLICE(slice_sub(key, 0, start)),
				SLICE(type_spelled(x->c,
					(struct name){SLICE_NONE,
						ext->o.schema.len ? ext->o.schema : SL("public")})),
				SLICE(slice_from(key, start)));
		}
		from = end;
	}
	return key;
}

struct node *add_index(
	struct apply *x, struct node *table, const struct object *def, const char *kind)
{
	struct object o = *def;
	bool named = o.name.len > 0;

	o.parts = NULL;
	o.nparts = 0;
	if (is_mysql(x->c))
		spell_keys(x, table, &o.index);
	if (is_postgres(x->c) && o.index.keys.n) {
		struct names keys = {0};

		for (size_t i = 0; i < o.index.keys.n; i++)
			names_add(&x->c->arena, &keys,
				key_as_printed(x, o.index.method, o.index.keys.at[i]));
		o.index.keys = keys;
	}
	if (!named && is_postgres(x->c))
		o.name = pg_index_name(x->c, table, &o, kind);
	else if (!named && is_mysql(x->c))
		o.name = my_index_name(x->c, table,
			o.index.keys.n ? key_column(x->c, o.index.keys.at[0]) : SLICE_NONE);
	if (is_mysql(x->c) && named)
		replace_generated(x, table, &o.index);
	return create_part(x, table, &o);
}

/* One index for each partition, below an index of the partitioned table. */
static void index_in_partitions(struct apply *x, struct node *table, const struct node *index)
{
	struct node **v;
	size_t n = index->o.index.on_only ? 0 : children(x, table, &v);

	if (!slice_is(table->o.table_.kind, "partitioned"))
		return;
	for (size_t i = 0; i < n; i++)
		inherit_index(x, v[i], &index->o);
}

static enum apply_result exists(struct apply *x, struct node *table)
{
	struct slice name = x->ch->name;
	struct node *old;

	if (slice_empty(name))
		return APPLIED;
	old = is_mysql(x->c) ? part_find(x->c, table, OBJECT_INDEX, name)
			     : node_find(x->c, OBJECT_INDEX, in_table_schema(table, name));
	if (!old)
		return APPLIED;
	if (old->o.tainted) {
		x->unsure = true;
		return APPLIED;
	}
	return has(x, CHANGE_IF_NOT_EXISTS)
		       ? APPLY_NOOP
		       : conflict(x, "index \"%.*s\" already exists", SLICE(name));
}

enum apply_result apply_create_index(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *table = target(x, OBJECT_NONE, &r), *n;
	const struct object *found;
	struct object def;

	if (!table)
		return r;
	r = exists(x, table);
	if (r != APPLIED)
		return r;
	def = *x->ch->def;
	for (size_t i = 0; i < def.index.keys.n; i++) {
		struct slice col = key_column(x->c, def.index.keys.at[i]);

		if (col.len && table->o.type == OBJECT_TABLE &&
			!(is_sqlite(x->c) && names_has(x->ch->list, col)) &&
			catalog_part(x->c, &table->o, OBJECT_COLUMN, col, &found) == ABSENT)
			return conflict(x, "column \"%.*s\" of \"%.*s\" does not exist", SLICE(col),
				SLICE(table->o.name));
	}
	def.name = x->ch->name.len ? x->ch->name : def.name;
	if (is_postgres(x->c)) {
		/* ON ONLY says something of a partitioned table only: not valid until all
		 * partitions have theirs attached. */
		def.index.on_only =
			has(x, CHANGE_ONLY) && slice_is(table->o.table_.kind, "partitioned");
		def.index.invalid = def.index.on_only;
	}
	n = add_index(x, table, &def, NULL);
	if (has(x, CHANGE_IF_NOT_EXISTS) && !catalog_is_complete(x->c))
		node_edit(x->c, n)->tainted = true, node_edited(x->c, n);
	index_in_partitions(x, table, n);
	return APPLIED;
}

/* PostgreSQL and SQLite name the index, MySQL also its table. */
static struct node *index_of(struct apply *x, enum apply_result *r)
{
	struct name n = x->ch->target;
	struct node *table;

	if (!is_mysql(x->c)) {
		if (n.name.len == 0 || (x->ch->name.len && is_sqlite(x->c)))
			n.name = x->ch->name;
		return target_named(x, OBJECT_INDEX, n, r);
	}
	table = target(x, OBJECT_TABLE, r);
	return table ? target_part(x, table, OBJECT_INDEX, x->ch->name, r) : NULL;
}

/* The indexes below a partitioned one go with it. */
static void drop_index(struct apply *x, struct node *index)
{
	struct name own = {index->o.schema, index->o.name};
	struct node **v;
	size_t n = mentions(x->c, own, &x->c->undo_arena, &v);

	for (size_t i = 0; i < n; i++)
		if (v[i]->o.type == OBJECT_INDEX)
			drop_index(x, v[i]);
	part_drop(x->c, index);
}

/* MySQL keeps an index that a foreign key needs and no other one can serve. In one statement with
 * others the server looks at the outcome only. */
static bool needed_by_foreign_key(struct apply *x, const struct node *index)
{
	const struct node *table = node_of(index->o.table);

	if (!is_mysql(x->c) || x->c->nbatch > 1 || !foreign_key_needs(x, table, &index->o))
		return false;
	for (size_t i = table->ncolumns; i < table->o.nparts; i++)
		if (table->o.parts[i] != &index->o && table->o.parts[i]->type == OBJECT_INDEX &&
			foreign_key_needs(x, table, table->o.parts[i]))
			return false;
	return true;
}

enum apply_result apply_drop_index(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *index = index_of(x, &r);

	if (!index)
		return r;
	if (needed_by_foreign_key(x, index))
		return conflict(x, "cannot drop index \"%.*s\": a foreign key needs it",
			SLICE(index->o.name));
	if (index->o.index.constraint.len)
		return conflict(x, "cannot drop index \"%.*s\": constraint \"%.*s\" requires it",
			SLICE(index->o.name), SLICE(index->o.index.constraint));
	if (index->o.index.partition_of.name.len)
		return conflict(x, "cannot drop index \"%.*s\": index \"%.*s\" requires it",
			SLICE(index->o.name), SLICE(index->o.index.partition_of.name));
	drop_index(x, index);
	return APPLIED;
}

static void rename_replica_identity(
	struct apply *x, struct node *table, struct slice from, struct slice to)
{
	if (table->o.type != OBJECT_TABLE || !slice_eq(table->o.table_.replica_identity, from))
		return;
	node_edit(x->c, table)->table_.replica_identity = to;
	node_edited(x->c, table);
}

enum apply_result apply_rename_index(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *index = index_of(x, &r), *table, *con = NULL;
	struct slice from, to = keep(x->c, x->ch->other.name);
	struct object *o;

	if (!index)
		return r;
	table = node_of(index->o.table);
	from = index->o.name;
	if (is_mysql(x->c) ? part_find(x->c, table, OBJECT_INDEX, to) != NULL
			   : node_find(x->c, OBJECT_INDEX, in_table_schema(table, to)) != NULL)
		return conflict(x, "relation \"%.*s\" already exists", SLICE(to));
	if (index->o.index.constraint.len)
		con = part_find(x->c, table, OBJECT_CONSTRAINT, index->o.index.constraint);
	o = node_edit(x->c, index);
	o->name = to;
	o->generated_name = false;
	if (con)
		o->index.constraint = to;
	node_edited(x->c, index);
	if (con) {
		o = node_edit(x->c, con);
		o->name = o->constraint.index = to;
		o->generated_name = false;
		node_edited(x->c, con);
	}
	rename_replica_identity(x, table, from, to);
	retarget(x->c, OBJECT_INDEX, in_table_schema(table, from), in_table_schema(table, to));
	return APPLIED;
}

enum apply_result apply_alter_index(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *index = index_of(x, &r);

	if (!index)
		return r;
	if (slice_is(x->ch->value.text, "invisible") || slice_is(x->ch->value.text, "visible")) {
		node_edit(x->c, index)->index.invisible = slice_is(x->ch->value.text, "invisible");
		node_edited(x->c, index);
	}
	return APPLIED;
}

/* Valid once every partition of the table has an index attached. */
static void settle_partitioned(struct apply *x, struct node *parent)
{
	struct node *table = node_of(parent->o.table), **v;
	size_t n = children(x, table, &v), attached = 0, m;
	struct node **below;

	m = mentions(
		x->c, (struct name){parent->o.schema, parent->o.name}, &x->c->undo_arena, &below);
	for (size_t i = 0; i < m; i++)
		attached += below[i]->o.type == OBJECT_INDEX && !below[i]->o.index.invalid;
	if (attached < n)
		return;
	node_edit(x->c, parent)->index.invalid = false;
	parent->o.index.on_only = false; /* as if it had been made for all of them */
	node_edited(x->c, parent);
}

enum apply_result apply_attach_index(struct apply *x)
{
	enum apply_result r = APPLIED;
	struct node *parent = index_of(x, &r), *child;
	struct name other = x->ch->other;

	if (!parent)
		return r;
	if (slice_empty(other.schema))
		other = catalog_resolve(x->c, x->s, OBJECT_INDEX, other);
	child = target_named(x, OBJECT_INDEX, other, &r);
	if (!child)
		return r;
	node_edit(x->c, child)->index.partition_of =
		(struct name){parent->o.schema, parent->o.name};
	node_edited(x->c, child);
	settle_partitioned(x, parent);
	return APPLIED;
}
