/* effects_refused_more.c - what the server refuses for the options, kinds and parts a statement
 * names, one list per kind of object. The words are the manual's pages of each command. */
#include "engine/postgres/effects.h"

#include <stdint.h>

static bool in_list(const char *const *list, struct slice word)
{
	for (; *list; list++)
		if (slice_iis(word, *list))
			return true;
	return false;
}

/* ---- Storage parameters ---- */
enum holder {
	ON_TABLE = 1,
	ON_VIEW = 2,
	ON_BTREE = 4,
	ON_HASH = 8,
	ON_GIST = 16,
	ON_GIN = 32,
	ON_BRIN = 64,
	ON_SPGIST = 128,
	ON_ANY = 256
};

/* clang-format off */
static const struct option_row {
	const char *name;
	unsigned on;
	int since;
	bool exclusive; /* ALTER … SET of it keeps readers out */
} option_rows[] = {
	{"fillfactor", ON_TABLE | ON_BTREE | ON_HASH | ON_GIST | ON_SPGIST, 0, false},
	{"parallel_workers", ON_TABLE, 0, false},
	{"toast_tuple_target", ON_TABLE, 0, false},
	{"user_catalog_table", ON_TABLE, 0, true},
	{"vacuum_index_cleanup", ON_TABLE, 0, false},
	{"vacuum_truncate", ON_TABLE, 0, false},
	{"vacuum_max_eager_freeze_failure_rate", ON_TABLE, 18, false},
	{"log_autovacuum_min_duration", ON_TABLE, 0, false},
	{"deduplicate_items", ON_BTREE, 13, false},
	{"vacuum_cleanup_index_scale_factor", ON_BTREE, 0, false},
	{"buffering", ON_GIST, 0, true},
	{"fastupdate", ON_GIN, 0, true},
	{"gin_pending_list_limit", ON_GIN, 0, true},
	{"pages_per_range", ON_BRIN, 0, true},
	{"autosummarize", ON_BRIN, 0, true},
	{"security_barrier", ON_VIEW, 0, true},
	{"security_invoker", ON_VIEW, 15, true},
	{"check_option", ON_VIEW, 0, true},
};
/* clang-format on */

/* Behind autovacuum_ */
static const char *const autovacuum_options[] = {"enabled", "vacuum_threshold",
	"vacuum_max_threshold", "vacuum_scale_factor", "vacuum_insert_threshold",
	"vacuum_insert_scale_factor", "analyze_threshold", "analyze_scale_factor",
	"vacuum_cost_delay", "vacuum_cost_limit", "freeze_min_age", "freeze_max_age",
	"freeze_table_age", "multixact_freeze_min_age", "multixact_freeze_max_age",
	"multixact_freeze_table_age", "log_min_duration", NULL};

static unsigned holder_of(const struct object *o, enum object_type type)
{
	static const struct {
		const char *method;
		unsigned on;
	} methods[] = {{"btree", ON_BTREE}, {"hash", ON_HASH}, {"gist", ON_GIST}, {"gin", ON_GIN},
		{"brin", ON_BRIN}, {"spgist", ON_SPGIST}};

	if (type == OBJECT_TABLE || type == OBJECT_MATVIEW)
		return ON_TABLE;
	if (type == OBJECT_VIEW)
		return ON_VIEW;
	if (type != OBJECT_INDEX || !o)
		return ON_ANY;
	if (slice_empty(o->index.method))
		return ON_BTREE;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (slice_iis(o->index.method, methods[i].method))
			return methods[i].on;
	return ON_ANY;
}

static void option_bounds(struct looking *l, struct slice name, struct slice value)
{
	unsigned long long n;

	if (slice_iis(name, "fillfactor") && slice_u64(value, &n) && (n < 10 || n > 100))
		pg_fails(l, "fillfactor is between 10 and 100");
}

static void one_option(struct looking *l, const struct relation *r, unsigned on, struct slice text)
{
	size_t is = slice_chr(text, '=');
	struct slice name = slice_sub(text, 0, is), value = SLICE_NONE;

	if (is != SIZE_MAX)
		value = slice_from(text, is + 1);
	if (slice_istarts(name, "toast."))
		name = slice_from(name, 6);
	if (on & ON_TABLE && slice_istarts(name, "autovacuum_")) {
		if (!in_list(autovacuum_options, slice_from(name, 11)) &&
			l->change->kind != CHANGE_RESET_OPTIONS)
			pg_fails(l, "unrecognized parameter \"%.*s\"", SLICE(name));
		return;
	}
	for (size_t i = 0; i < sizeof option_rows / sizeof *option_rows; i++) {
		const struct option_row *o = &option_rows[i];

		if (!slice_iis(name, o->name) || !(o->on & on) || l->version < o->since * 10000)
			continue;
		if (r && o->exclusive)
			pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
		option_bounds(l, name, value);
		return;
	}
	if (l->change->kind != CHANGE_RESET_OPTIONS)
		pg_fails(l, "there is no storage parameter \"%.*s\"", SLICE(name));
}

void pg_refuse_options(struct looking *l, const struct relation *r, const struct names *options)
{
	const struct change *c = l->change;
	const struct object *o = r ? r->object : c->def;
	enum object_type type = r ? r->type : c->def ? c->def->type : OBJECT_NONE;
	unsigned on = holder_of(o, type);

	if (!o || on == ON_ANY || (type == OBJECT_TABLE && slice_is(o->table_.kind, "foreign")))
		return;
	if (type == OBJECT_TABLE && o->table_.access_method.len &&
		!slice_is(o->table_.access_method, "heap"))
		return;
	for (size_t i = 0; i < options->n; i++)
		one_option(l, r, on, options->at[i]);
}

/* ---- Which action for which kind of relation ---- */
static const struct {
	enum change_kind kind;
	bool view, matview;
} table_only[] = {
	{CHANGE_ADD_COLUMN, false, false},
	{CHANGE_DROP_COLUMN, false, false},
	{CHANGE_ALTER_TYPE, false, false},
	{CHANGE_SET_NOT_NULL, false, false},
	{CHANGE_DROP_NOT_NULL, false, false},
	{CHANGE_SET_DEFAULT, true, false},
	{CHANGE_DROP_DEFAULT, true, false},
	{CHANGE_SET_STATISTICS, false, true},
	{CHANGE_COLUMN_OPTIONS, false, true},
	{CHANGE_SET_STORAGE, false, true},
	{CHANGE_SET_COMPRESSION, false, true},
	{CHANGE_ADD_CONSTRAINT, false, false},
	{CHANGE_ADD_CONSTRAINT_INDEX, false, false},
	{CHANGE_DROP_CONSTRAINT, false, false},
	{CHANGE_VALIDATE_CONSTRAINT, false, false},
	{CHANGE_SET_LOGGED, false, false},
	{CHANGE_SET_UNLOGGED, false, false},
	{CHANGE_CLUSTER_ON, false, true},
	{CHANGE_ROW_SECURITY, false, false},
	{CHANGE_INHERIT, false, false},
	{CHANGE_NO_INHERIT, false, false},
	{CHANGE_REPLICA_IDENTITY, false, true},
	{CHANGE_ATTACH_PARTITION, false, false},
	{CHANGE_DETACH_PARTITION, false, false},
	{CHANGE_CREATE_POLICY, false, false},
	{CHANGE_CREATE_STATISTICS, false, true},
};

static bool refuse_kind(struct looking *l, const struct relation *r)
{
	if (!r->object || (r->type != OBJECT_VIEW && r->type != OBJECT_MATVIEW))
		return false;
	for (size_t i = 0; i < sizeof table_only / sizeof *table_only; i++)
		if (table_only[i].kind == l->change->kind &&
			!(r->type == OBJECT_VIEW ? table_only[i].view : table_only[i].matview)) {
			pg_fails(l, "this is not for a %s", object_type_word(r->type));
			return true;
		}
	return false;
}

/* ---- Columns ---- */
static const char *const fixed_types[] = {"smallint", "integer", "bigint", "boolean", "real",
	"double precision", "date", "timestamp without time zone", "timestamp with time zone",
	"time without time zone", "interval", "uuid", "oid", "money", "name", "\"char\"", NULL};

static void refuse_storage(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col = pg_column(l, r, l->change->name, &known);
	struct slice to = l->change->value.text;

	if (col && in_list(fixed_types, col->column.type) && to.len && !slice_iis(to, "plain") &&
		!slice_iis(to, "default"))
		pg_fails(l, "values of this type have a fixed length: storage is PLAIN");
}

static const char *const system_columns[] = {
	"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", NULL};

void pg_refuse_column_name(struct looking *l, struct slice name)
{
	if (in_list(system_columns, name))
		pg_fails(l, "\"%.*s\" is a column of the system", SLICE(name));
}

/* Does a row of that type hold rows of the table, directly or in turn? */
static bool holds_rows_of(struct looking *l, struct slice type, struct name table, int depth)
{
	const struct object *o;

	if (pg_spells_type(l->arena, catalog_full_type(l->catalog, l->session, type), table))
		return true;
	if (depth > 4 || catalog_find(l->catalog, l->session, OBJECT_TABLE, pg_split_name(type),
				 &o) != PRESENT)
		return false;
	for (size_t i = 0; i < o->nparts; i++)
		if (o->parts[i]->type == OBJECT_COLUMN &&
			holds_rows_of(l, o->parts[i]->column.type, table, depth + 1))
			return true;
	return false;
}

static void refuse_new_column(struct looking *l, const struct relation *r)
{
	const struct object *def = l->change->def, **heirs, *there;
	struct names reads = def->column.generation.facts ? def->column.generation.facts->columns
							  : (struct names){0};
	enum presence known;
	size_t n;

	pg_refuse_column_name(l, def->name);
	if (r->object && slice_chr(def->column.type, '[') == SIZE_MAX &&
		holds_rows_of(l, def->column.type, r->name, 0))
		pg_fails(l, "a table cannot hold its own rows");
	for (size_t i = 0; def->column.generated.len && i < reads.n; i++) {
		there = pg_column(l, r, reads.at[i], &known);
		if (there && there->column.generated.len)
			pg_fails(l, "generated column \"%.*s\" cannot be used in another one",
				SLICE(reads.at[i]));
	}
	n = r->object && !pg_is_partitioned(r) ? pg_children(l, r, &heirs) : 0;
	for (size_t i = 0; i < n; i++)
		if (catalog_part(l->catalog, heirs[i], OBJECT_COLUMN, def->name, &there) ==
				PRESENT &&
			!slice_eq(there->column.type,
				catalog_full_type(l->catalog, l->session, def->column.type)) &&
			!slice_eq(there->column.type, def->column.type))
			pg_fails(l, "column \"%.*s\" of \"%.*s\" has another type",
				SLICE(def->name), SLICE(heirs[i]->name));
}

/* A column of a table has a name, one of an index a number. */
static void refuse_number(struct looking *l, const struct relation *r)
{
	unsigned long long number;
	enum presence known;

	if (r->type != OBJECT_TABLE || !slice_u64(l->change->name, &number))
		return;
	pg_column(l, r, l->change->name, &known);
	if (known == ABSENT)
		pg_fails(l, "columns of a table have no numbers");
}

static void refuse_view_column(struct looking *l, const struct relation *r)
{
	struct names all = {0};

	if (r->type == OBJECT_VIEW && r->object)
		all = pg_column_names(l, r->object);
	if (all.n && !names_has(all, l->change->name))
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->name));
}

/* ---- Constraints ---- */
static const struct object *constraint_named(
	struct looking *l, const struct relation *r, struct slice name)
{
	const struct object *k;

	return r->object && catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, name, &k) ==
				       PRESENT
		       ? k
		       : NULL;
}

static void refuse_identity(struct looking *l, const struct relation *r)
{
	const struct object *k =
		l->change->name.len ? constraint_named(l, r, l->change->name) : NULL;

	if (k && k->constraint.deferrable)
		pg_fails(l, "a deferrable constraint's index cannot identify rows");
}

static bool has_heirs(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n = pg_children(l, r, &all);

	for (size_t i = 0; i < n; i++)
		if (pg_is_heir(all[i], r))
			return true;
	return false;
}

static void refuse_renamed_check(struct looking *l, const struct relation *r)
{
	const struct object *k = constraint_named(l, r, l->change->name);

	if (k && l->change->flags & CHANGE_ONLY && slice_is(k->constraint.kind, "check") &&
		!k->constraint.no_inherit && has_heirs(l, r))
		pg_fails(l, "the constraint must be renamed in the tables that inherit too");
}

/* 18: NOT NULL is a constraint, which a child has from its parent. */
static void refuse_inherited_null(struct looking *l, const struct relation *r)
{
	if (l->version < 180000 || !r->object || r->type != OBJECT_TABLE)
		return;
	for (size_t i = 0; i < r->object->table_.inherits.n; i++) {
		struct relation parent = pg_relation(
			l, pg_split_name(r->object->table_.inherits.at[i]), OBJECT_TABLE);
		enum presence known;
		const struct object *col = pg_column(l, &parent, l->change->name, &known);

		if (col && col->column.not_null)
			pg_fails(l, "the constraint is inherited");
	}
}

static void refuse_inherit(struct looking *l, const struct relation *r)
{
	struct relation parent = pg_relation(l, l->change->other, OBJECT_TABLE);

	if (r->object && parent.object && pg_is_heir(r->object, &parent))
		pg_fails(l, "it inherits from \"%.*s\" already", SLICE(parent.name.name));
}

/* ---- One relation's actions ---- */
void pg_refuse_action(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	if (refuse_kind(l, r))
		return;
	switch ((int)c->kind) {
	case CHANGE_SET_STORAGE:
		refuse_storage(l, r);
		break;
	case CHANGE_ADD_COLUMN:
		if (c->def)
			refuse_new_column(l, r);
		break;
	case CHANGE_RENAME_COLUMN:
		pg_refuse_column_name(l, c->other.name);
		break;
	case CHANGE_SET_STATISTICS:
		refuse_number(l, r);
		break;
	case CHANGE_SET_OPTIONS:
	case CHANGE_RESET_OPTIONS:
		pg_refuse_options(l, r, &c->list);
		if (r->type == OBJECT_VIEW)
			pg_refuse_view_option(l, r);
		break;
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
		refuse_view_column(l, r);
		break;
	case CHANGE_REPLICA_IDENTITY:
		refuse_identity(l, r);
		break;
	case CHANGE_ADD_CONSTRAINT_INDEX:
		if (constraint_named(l, r, c->other.name))
			pg_fails(l, "the index has a constraint already");
		break;
	case CHANGE_RENAME_CONSTRAINT:
		refuse_renamed_check(l, r);
		break;
	case CHANGE_DROP_NOT_NULL:
		refuse_inherited_null(l, r);
		break;
	case CHANGE_INHERIT:
		refuse_inherit(l, r);
		break;
	case CHANGE_SET_TABLESPACE:
		if (slice_is(c->value.text.len ? c->value.text : c->name, "pg_global"))
			pg_fails(l, "only the server's own tables lie in pg_global");
		break;
	default:
		break;
	}
}
