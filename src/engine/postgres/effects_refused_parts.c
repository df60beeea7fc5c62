/* effects_refused_parts.c - what the server refuses of parts: options of columns, names that are
 * taken, keys that cannot be compared, bounds, settings. The words are the manual's. */
#include "engine/postgres/typed.h"

#include <stdint.h>
#include <stdlib.h>

static bool in_list(const char *const *list, struct slice word)
{
	for (; *list; list++)
		if (slice_iis(word, *list))
			return true;
	return false;
}

static bool table_of(struct looking *l, struct relation *r)
{
	*r = pg_relation(l, l->change->target, OBJECT_NONE);
	return r->object && r->type == OBJECT_TABLE;
}

/* ---- Columns ---- */
static void compression(struct looking *l)
{
	static const char *const fixed[] = {"smallint", "integer", "bigint", "boolean", "real",
		"double precision", "date", "uuid", "oid", "money", "interval", NULL};
	struct relation r;
	enum presence known;
	const struct object *col =
		table_of(l, &r) ? pg_column(l, &r, l->change->name, &known) : NULL;

	if (col && !slice_iis(l->change->value.text, "default") &&
		(in_list(fixed, col->column.type) || slice_starts(col->column.type, "time")))
		pg_fails(l, "column data type %.*s does not support compression",
			SLICE(col->column.type));
}

static void column_options(struct looking *l)
{
	for (size_t i = 0; i < l->change->list.n; i++) {
		struct slice text = l->change->list.at[i], name, value;
		size_t is = slice_chr(text, '=');
		char copy[32], *end;
		double v;

		name = slice_trim(slice_sub(text, 0, is));
		if (!slice_iis(name, "n_distinct") && !slice_iis(name, "n_distinct_inherited")) {
			pg_fails(l, "unrecognized parameter \"%.*s\"", SLICE(name));
			continue;
		}
		value = is == SIZE_MAX ? SLICE_NONE : slice_trim(slice_from(text, is + 1));
		if (!value.len || value.len >= sizeof copy)
			continue;
		memcpy(copy, value.at, value.len);
		copy[value.len] = 0;
		v = strtod(copy, &end);
		if (*end || v < -1)
			pg_fails(l, "value %s out of bounds for option \"n_distinct\"", copy);
	}
}

/* In those that inherit the column is renamed too. */
static void renamed_below(struct looking *l, const struct relation *r, int depth)
{
	const struct object **heirs, *there;
	size_t n = pg_is_partitioned(r) || depth > 8 ? 0 : pg_children(l, r, &heirs);

	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, heirs[i]);

		if (catalog_part(l->catalog, heirs[i], OBJECT_COLUMN, l->change->other.name,
			    &there) == PRESENT)
			pg_fails(l, "column \"%.*s\" of relation \"%.*s\" already exists",
				SLICE(l->change->other.name), SLICE(heirs[i]->name));
		renamed_below(l, &child, depth + 1);
	}
}

static void rename_column(struct looking *l)
{
	struct relation r;

	if (table_of(l, &r))
		renamed_below(l, &r, 0);
}

/* varchar(0), numeric(2000) */
static void type_room(struct looking *l, struct slice type)
{
	struct slice mods = pg_in_brackets(type, ""), first = SLICE_NONE, second = SLICE_NONE;
	unsigned long long n, scale;

	if (!mods.len)
		return;
	slice_next(&mods, ',', &first);
	if (!slice_u64(slice_trim(first), &n))
		return;
	if ((slice_starts(type, "character") || slice_starts(type, "bit")) && n == 0)
		pg_fails(l, "length for type %.*s must be at least 1", SLICE(type));
	if (slice_starts(type, "character") && n > 10485760)
		pg_fails(l, "length for type %.*s cannot exceed 10485760", SLICE(type));
	if (!slice_starts(type, "numeric"))
		return;
	if (n == 0 || n > 1000)
		pg_fails(l, "NUMERIC precision %llu must be between 1 and 1000", n);
	if (slice_next(&mods, ',', &second) && slice_u64(slice_trim(second), &scale) &&
		(l->version >= 150000 ? scale > 1000 : scale > n))
		pg_fails(l, "NUMERIC scale %llu is out of range", scale);
}

static void column_types(struct looking *l)
{
	const struct object *def = l->change->def;

	if (!def)
		return;
	if (def->type == OBJECT_COLUMN)
		type_room(l, def->column.type);
	for (size_t i = 0; def->type == OBJECT_TABLE && i < def->nparts; i++)
		if (def->parts[i]->type == OBJECT_COLUMN)
			type_room(l, def->parts[i]->column.type);
}

/* ---- Tablespaces ---- */
static void tablespace(struct looking *l, struct slice name)
{
	const struct object **all;
	size_t n;

	if (!name.len || slice_iis(name, "pg_default") || slice_iis(name, "pg_global") ||
		!catalog_is_complete(l->catalog))
		return;
	n = catalog_list(l->catalog, OBJECT_OTHER, l->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (slice_is(all[i]->other.class_, "tablespace"))
			return;
	pg_fails(l, "tablespace \"%.*s\" does not exist", SLICE(name));
}

static void set_tablespace(struct looking *l)
{
	tablespace(l, l->change->value.text.len ? l->change->value.text : l->change->name);
}

static void create_table(struct looking *l)
{
	if (l->change->def)
		tablespace(l, l->change->def->table_.tablespace);
	column_types(l);
}

static void create_index(struct looking *l)
{
	if (l->change->def)
		tablespace(l, l->change->def->index.tablespace);
}

/* ---- Constraints and indexes ---- */
static const struct object *part_named(
	struct looking *l, const struct relation *r, enum object_type type, struct slice name)
{
	const struct object *o;

	return name.len && catalog_part(l->catalog, r->object, type, name, &o) == PRESENT ? o
											  : NULL;
}

static bool of_method(const struct object *index, const char *method)
{
	return slice_iis(index->index.method, method);
}

static void cluster(struct looking *l, struct slice index)
{
	struct relation r;
	const struct object *i = table_of(l, &r) ? part_named(l, &r, OBJECT_INDEX, index) : NULL;

	if (!i)
		return;
	if (i->index.predicate.text.len || i->index.predicate.normal.len)
		pg_fails(l, "cannot cluster on partial index \"%.*s\"", SLICE(index));
	if (of_method(i, "hash") || of_method(i, "gin") || of_method(i, "brin") ||
		of_method(i, "spgist"))
		pg_fails(l, "cannot cluster on index \"%.*s\": its method does not support it",
			SLICE(index));
}

static void cluster_on(struct looking *l)
{
	cluster(l, l->change->name);
}

static void rename_constraint(struct looking *l)
{
	struct relation r;

	if (table_of(l, &r) && !slice_eq(l->change->name, l->change->other.name) &&
		part_named(l, &r, OBJECT_CONSTRAINT, l->change->other.name))
		pg_fails(l, "constraint \"%.*s\" already exists", SLICE(l->change->other.name));
}

static bool has_primary_key(const struct object *table)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(table->parts[i]->constraint.kind, "primary key"))
			return true;
	return false;
}

static bool drops_a_constraint(const struct looking *l)
{
	for (size_t i = 0; i < l->statement->nchanges; i++)
		if (l->statement->changes[i].kind == CHANGE_DROP_CONSTRAINT)
			return true;
	return false;
}

static void constraint_index(struct looking *l)
{
	const struct object *i, *def = l->change->def;
	bool primary = def && slice_is(def->constraint.kind, "primary key");
	struct relation r;
	enum presence known;

	if (!table_of(l, &r))
		return;
	if (primary && has_primary_key(r.object) && !drops_a_constraint(l))
		pg_fails(l, "multiple primary keys for table \"%.*s\" are not allowed",
			SLICE(r.name.name));
	i = part_named(l, &r, OBJECT_INDEX, l->change->other.name);
	for (size_t k = 0; i && k < i->index.keys.n; k++) {
		struct slice key = i->index.keys.at[k];
		const struct object *col = pg_column(l, &r, key, &known);

		if (slice_ends(key, " DESC") || slice_ifind(key, SL(" nulls first")) != SIZE_MAX ||
			slice_ifind(key, SL("_ops")) != SIZE_MAX)
			pg_fails(l, "index \"%.*s\" does not have default sorting behavior",
				SLICE(i->name));
		if (primary && col && !col->column.not_null &&
			!pg_not_null_proven(l, &r, col->name))
			pg_may_fail(l, "column \"%.*s\" may hold NULL", SLICE(key));
	}
	if (i && i->index.nulls_not_distinct && primary && l->version >= 150000)
		pg_fails(l, "a primary key cannot use such an index");
}

/* What an = compares, also between two types: numbers with numbers, texts with texts, times. */
static bool comparable(struct looking *l, struct slice a, struct slice b)
{
	struct typing t;
	char ca, cb;

	typed_begin(&t, l);
	a = typed_plain(&t, a);
	b = typed_plain(&t, b);
	ca = pg_type_category(l, a);
	cb = pg_type_category(l, b);
	return slice_eq(a, b) || !ca || !cb || ca == 'A' || cb == 'A' ||
	       pg_cast_context(l, a, b) == 'i' || pg_cast_context(l, b, a) == 'i' ||
	       pg_has_extensions(l);
}

static struct names referenced(const struct object *parent, struct names named)
{
	for (size_t i = 0; named.n == 0 && i < parent->nparts; i++)
		if (parent->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(parent->parts[i]->constraint.kind, "primary key"))
			return parent->parts[i]->constraint.columns;
	return named;
}

static const struct object *own_column(
	struct looking *l, const struct object *def, const struct relation *r, struct slice name)
{
	enum presence known;

	for (size_t i = 0; def && i < def->nparts; i++)
		if (def->parts[i]->type == OBJECT_COLUMN && slice_eq(def->parts[i]->name, name))
			return def->parts[i];
	for (size_t i = 0; i < l->statement->nchanges; i++) {
		const struct change *c = &l->statement->changes[i];

		if ((c->kind == CHANGE_ADD_COLUMN || c->kind == CHANGE_ALTER_TYPE) && c->def &&
			slice_eq(c->name, name) && name_eq(c->target, l->change->target))
			return c->def;
	}
	return r->object ? pg_column(l, r, name, &known) : NULL;
}

static void foreign_key(struct looking *l, const struct object *def, const struct relation *r,
	const struct constraint_def *k, struct names own)
{
	struct relation parent = pg_relation(l, k->ref_table, OBJECT_TABLE);
	struct names there;
	enum presence known;

	if (!slice_is(k->kind, "foreign key"))
		return;
	for (size_t i = 0; i < k->on_delete_columns.n; i++)
		if (!names_has(own, k->on_delete_columns.at[i]))
			pg_fails(l, "column \"%.*s\" of ON DELETE SET must be part of the key",
				SLICE(k->on_delete_columns.at[i]));
	if (!parent.object || parent.type != OBJECT_TABLE)
		return;
	there = referenced(parent.object, k->ref_columns);
	if (there.n && there.n != own.n)
		pg_fails(l, "number of referencing and referenced columns disagree");
	for (size_t i = 0; i < there.n && i < own.n; i++) {
		const struct object *a = own_column(l, def, r, own.at[i]);
		const struct object *b = pg_column(l, &parent, there.at[i], &known);

		if (a && b && !comparable(l, a->column.type, b->column.type))
			pg_fails(l, "key columns \"%.*s\" and \"%.*s\" are of incompatible types",
				SLICE(own.at[i]), SLICE(there.at[i]));
	}
}

static void constraint(struct looking *l)
{
	const struct object *k = l->change->def;
	struct relation r;

	if (!k || !table_of(l, &r))
		return;
	foreign_key(l, NULL, &r, &k->constraint, k->constraint.columns);
	if (slice_is(k->constraint.kind, "check") && k->constraint.no_inherit &&
		pg_is_partitioned(&r))
		pg_fails(l, "cannot add NO INHERIT constraint to partitioned table \"%.*s\"",
			SLICE(r.name.name));
}

static void new_keys(struct looking *l)
{
	const struct object *def = l->change->def;
	struct relation none = {0};

	for (size_t i = 0; def && i < def->nparts; i++) {
		const struct object *p = def->parts[i];

		if (p->type == OBJECT_CONSTRAINT)
			foreign_key(l, def, &none, &p->constraint, p->constraint.columns);
		for (size_t k = 0; p->type == OBJECT_COLUMN && k < p->nparts; k++) {
			struct names own = {0};

			names_add(l->arena, &own, p->name);
			foreign_key(l, def, &none, &p->parts[k]->constraint, own);
		}
	}
}

static void new_column_keys(struct looking *l)
{
	const struct object *def = l->change->def;
	struct relation r;
	struct names own = {0};

	column_types(l);
	if (!def || !def->nparts || !table_of(l, &r))
		return;
	names_add(l->arena, &own, def->name);
	for (size_t i = 0; i < def->nparts; i++)
		foreign_key(l, NULL, &r, &def->parts[i]->constraint, own);
}

static void unlogged(struct looking *l)
{
	struct relation r;

	if (table_of(l, &r) && pg_is_partitioned(&r) && l->version >= 180000)
		pg_fails(l, "SET UNLOGGED is not for partitioned tables");
}

/* ---- Bounds ---- */
static void bound_of(struct looking *l, const struct relation *parent, struct slice bound)
{
	struct relation r = *parent;
	struct slice key, from, to;
	struct value low, high;
	bool in, range;

	if (!pg_is_partitioned(&r) || slice_iis(slice_trim(bound), "default"))
		return;
	key = slice_trim(r.object->table_.partition_key.text.len
				 ? r.object->table_.partition_key.text
				 : r.object->table_.partition_key.normal);
	in = slice_ifind(bound, SL(" in ")) != SIZE_MAX ||
	     slice_ifind(bound, SL(" in(")) != SIZE_MAX;
	range = slice_ifind(bound, SL("from")) != SIZE_MAX;
	if ((slice_istarts(key, "hash") && slice_ifind(bound, SL("modulus")) == SIZE_MAX) ||
		(slice_istarts(key, "range") && !range) || (slice_istarts(key, "list") && !in))
		pg_fails(l, "invalid bound specification for this kind of partitioned table");
	from = pg_in_brackets(bound, "FROM");
	to = pg_in_brackets(bound, "TO");
	if (!range || !from.len || !to.len || slice_chr(from, ',') != SIZE_MAX)
		return;
	low = typed_bound(l, from);
	high = typed_bound(l, to);
	if (low.kind == high.kind && (low.kind == VALUE_NUMBER || low.kind == VALUE_TIME) &&
		low.number >= high.number)
		pg_fails(l, "empty range bound specified for the partition");
}

static void bound(struct looking *l)
{
	struct relation r;

	if (table_of(l, &r))
		bound_of(l, &r, l->change->value.text);
}

static void new_partition(struct looking *l)
{
	const struct object *def = l->change->def;
	struct relation parent;

	if (!def || !def->table_.partition_of.name.len)
		return;
	parent = pg_relation(l, def->table_.partition_of, OBJECT_TABLE);
	if (parent.object)
		bound_of(l, &parent, def->table_.partition_bound.text);
}

/* ---- Types, sequences, domains ---- */
static void attributes(struct looking *l)
{
	const struct type_def *d = l->change->def ? &l->change->def->type_ : NULL;

	for (size_t i = 1; d && i < d->attributes.n && i < 200; i++)
		for (size_t k = 0; k < i; k++) {
			struct slice a = d->attributes.at[i], b = d->attributes.at[k];

			if (slice_eq(slice_sub(a, 0, slice_chr(a, ' ')),
				    slice_sub(b, 0, slice_chr(b, ' '))))
				pg_fails(l, "column \"%.*s\" specified more than once",
					SLICE(slice_sub(a, 0, slice_chr(a, ' '))));
		}
}

static void domain(struct looking *l)
{
	const struct object *d = pg_domain(
		l, arena_printf(l->arena, "%.*s%s%.*s", SLICE(l->change->target.schema),
			   l->change->target.schema.len ? "." : "", SLICE(l->change->target.name)));
	const struct object *def = l->change->def;
	struct typed_node *n;
	struct typed_scope none = {0};
	struct typing t;

	if (l->change->kind == CHANGE_CREATE_DOMAIN)
		d = def;
	if (!d || !def || !def->type_.default_value.text.len)
		return;
	n = typed_expr(l->arena, def->type_.default_value.text);
	if (!n)
		return;
	typed_begin(&t, l);
	typed_assign(&t, n, typed_type(&t, &none, n), d->type_.base, false);
	if (t.fault.len)
		pg_fails(l, "%.*s", SLICE(t.fault));
}

static void owned_by(struct looking *l)
{
	struct slice owner = l->change->def ? l->change->def->sequence.owned_by : SLICE_NONE;
	struct slice column = pg_last_part(owner);
	struct relation r;
	enum presence known;

	if (owner.len <= column.len)
		return;
	r = pg_relation(
		l, pg_split_name(slice_sub(owner, 0, owner.len - column.len - 1)), OBJECT_NONE);
	if (!r.object || r.type != OBJECT_TABLE)
		return;
	pg_column(l, &r, column, &known);
	if (known == ABSENT)
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(column));
}

/* ---- Triggers, statistics, privileges, maintenance ---- */
static void trigger(struct looking *l)
{
	const struct trigger_def *d = l->change->def ? &l->change->def->trigger : NULL;
	struct name f = l->change->other;
	const struct object **all;

	if (!d)
		return;
	if ((d->old_table.len || d->new_table.len) && !slice_iis(d->timing, "after"))
		pg_fails(l, "transition tables are only for AFTER triggers");
	if (f.name.len && !pg_has_extensions(l) && catalog_is_complete(l->catalog) &&
		!slice_is(f.schema, "pg_catalog") && !pg_is_builtin(l, f.name) &&
		!slice_starts(f.name, "suppress_redundant") &&
		!slice_starts(f.name, "tsvector_update") &&
		catalog_overloads(l->catalog, l->session, f, l->arena, &all) == 0)
		pg_fails(l, "function %.*s() does not exist", SLICE(f.name));
}

static void statistics(struct looking *l)
{
	static const char *const kinds[] = {"ndistinct", "dependencies", "mcv", NULL};
	const struct object *def = l->change->def;

	for (size_t i = 0; def && i < def->other.options.n; i++)
		if (!in_list(kinds, def->other.options.at[i]))
			pg_fails(l, "unrecognized statistics kind \"%.*s\"",
				SLICE(def->other.options.at[i]));
}

static void columns_of_privileges(struct looking *l)
{
	struct relation r;
	enum presence known;

	if (slice_is(l->change->target.name, "*") || !table_of(l, &r))
		return;
	for (size_t i = 0; i < l->change->list.n; i++) {
		struct slice rest = pg_in_brackets(l->change->list.at[i], ""), one;

		while (slice_next(&rest, ',', &one)) {
			one = slice_trim(one);
			if (one.len && one.at[0] == '"')
				continue;
			pg_column(l, &r, one, &known);
			if (known == ABSENT)
				pg_fails(l, "column \"%.*s\" does not exist", SLICE(one));
		}
	}
}

static void analyzed_columns(struct looking *l)
{
	struct relation r;
	enum presence known;

	if (!l->change->list.n || !l->change->target.name.len || !table_of(l, &r))
		return;
	for (size_t i = 0; i < l->change->list.n; i++) {
		pg_column(l, &r, l->change->list.at[i], &known);
		if (known == ABSENT)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->list.at[i]));
	}
}

/* ---- Settings ---- */
static void setting(struct looking *l)
{
	static const char *const times[] = {"lock_timeout", "statement_timeout",
		"idle_in_transaction_session_timeout", "transaction_timeout", "deadlock_timeout",
		"idle_session_timeout", NULL};
	static const char *const units[] = {"", "us", "ms", "s", "min", "h", "d", NULL};
	struct slice v = slice_trim(l->change->value.text);
	size_t n = 0;

	if (!in_list(times, l->change->name) || !v.len || slice_iis(v, "default"))
		return;
	while (n < v.len && strchr("0123456789.-+", v.at[n]))
		n++;
	if (n == 0 || (n < v.len && !in_list(units, slice_trim(slice_from(v, n)))) ||
		v.at[0] == '-')
		pg_fails(l, "invalid value for parameter \"%.*s\"", SLICE(l->change->name));
}

static void set_value(struct looking *l)
{
	const struct object *s;
	struct slice text = slice_trim(l->change->value.text), min;
	unsigned long long v, least = 1;

	if (catalog_find(l->catalog, l->session, OBJECT_SEQUENCE, l->change->target, &s) !=
			PRESENT ||
		s->tainted || !slice_u64(text, &v))
		return;
	min = s->sequence.min;
	if (min.len && !slice_u64(min, &least))
		return;
	if (v < least)
		pg_fails(l, "setval: value %llu is out of bounds", v);
}

static const struct {
	enum change_kind kind;
	void (*refuse)(struct looking *l);
} rows[] = {
	{CHANGE_SET_COMPRESSION, compression},
	{CHANGE_COLUMN_OPTIONS, column_options},
	{CHANGE_RENAME_COLUMN, rename_column},
	{CHANGE_ADD_COLUMN, new_column_keys},
	{CHANGE_ALTER_TYPE, column_types},
	{CHANGE_SET_TABLESPACE, set_tablespace},
	{CHANGE_CREATE_TABLE, create_table},
	{CHANGE_CREATE_TABLE, new_keys},
	{CHANGE_CREATE_TABLE, new_partition},
	{CHANGE_CREATE_INDEX, create_index},
	{CHANGE_CLUSTER_ON, cluster_on},
	{CHANGE_CLUSTER, cluster_on},
	{CHANGE_RENAME_CONSTRAINT, rename_constraint},
	{CHANGE_ADD_CONSTRAINT_INDEX, constraint_index},
	{CHANGE_ADD_CONSTRAINT, constraint},
	{CHANGE_SET_UNLOGGED, unlogged},
	{CHANGE_SET_LOGGED, unlogged},
	{CHANGE_ATTACH_PARTITION, bound},
	{CHANGE_CREATE_TYPE, attributes},
	{CHANGE_CREATE_DOMAIN, domain},
	{CHANGE_ALTER_DOMAIN, domain},
	{CHANGE_CREATE_SEQUENCE, owned_by},
	{CHANGE_ALTER_SEQUENCE, owned_by},
	{CHANGE_CREATE_TRIGGER, trigger},
	{CHANGE_CREATE_STATISTICS, statistics},
	{CHANGE_GRANT, columns_of_privileges},
	{CHANGE_REVOKE, columns_of_privileges},
	{CHANGE_ANALYZE, analyzed_columns},
	{CHANGE_VACUUM, analyzed_columns},
	{CHANGE_SET_VARIABLE, setting},
	{CHANGE_SET_VALUE, set_value},
};

void pg_refuse_part(struct looking *l)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].kind == l->change->kind && l->out->outcome != OUTCOME_FAILS)
			rows[i].refuse(l);
}
