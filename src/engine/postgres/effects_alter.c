/* effects_alter.c - the actions of ALTER TABLE that take one lock and little else.
 *
 * Lock levels are also in the server's AlterTableGetLockLevel(). */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- The table of plain actions: one lock, nothing else ---- */

static const struct {
	enum change_kind kind;
	enum pg_mode mode;
	bool tree;
} plain[] = {
	{CHANGE_SET_DEFAULT, PG_ACCESS_EXCLUSIVE, true},
	{CHANGE_DROP_DEFAULT, PG_ACCESS_EXCLUSIVE, true},
	{CHANGE_DROP_NOT_NULL, PG_ACCESS_EXCLUSIVE, true},
	{CHANGE_ADD_IDENTITY, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_ALTER_IDENTITY, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_DROP_IDENTITY, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_DROP_EXPRESSION, PG_ACCESS_EXCLUSIVE, true},
	{CHANGE_SET_STATISTICS, PG_SHARE_UPDATE_EXCLUSIVE, true},
	{CHANGE_SET_STORAGE, PG_ACCESS_EXCLUSIVE, true},
	{CHANGE_SET_COMPRESSION, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_COLUMN_OPTIONS, PG_SHARE_UPDATE_EXCLUSIVE, false},
	{CHANGE_SET_OPTIONS, PG_SHARE_UPDATE_EXCLUSIVE, false},
	{CHANGE_RESET_OPTIONS, PG_SHARE_UPDATE_EXCLUSIVE, false},
	{CHANGE_CLUSTER_ON, PG_SHARE_UPDATE_EXCLUSIVE, false},
	{CHANGE_ROW_SECURITY, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_REPLICA_IDENTITY, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_OF_TYPE, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_RENAME_CONSTRAINT, PG_ACCESS_EXCLUSIVE, true},
	{CHANGE_ALTER_CONSTRAINT, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_TRIGGER_STATE, PG_SHARE_ROW_EXCLUSIVE, false},
	{CHANGE_RULE_STATE, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_TABLE_OTHER, PG_ACCESS_EXCLUSIVE, false},
};

static void lock_part_index(
	struct looking *l, const struct relation *r, struct slice name, enum pg_mode m)
{
	for (size_t i = 0; r->object && name.len && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_INDEX &&
			slice_eq(r->object->parts[i]->name, name)) {
			struct relation index = pg_index_of(l, r, r->object->parts[i]);

			pg_lock(l, &index, m);
		}
}

static bool in_primary_key(const struct object *table, struct slice column)
{
	for (size_t i = 0; table && i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(table->parts[i]->constraint.kind, "primary key") &&
			names_has(table->parts[i]->constraint.columns, column))
			return true;
	return false;
}

static const struct object *named_constraint(
	struct looking *l, const struct relation *r, bool *absent)
{
	const struct object *k = NULL;
	enum presence p = UNKNOWN;

	if (r->object && r->type == OBJECT_TABLE)
		p = catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, l->change->name, &k);
	*absent = p == ABSENT;
	return p == PRESENT ? k : NULL;
}

static void alter_constraint(struct looking *l, const struct relation *r)
{
	bool absent, enforced = names_has(l->change->list, SL("enforced"));
	const struct object *k = named_constraint(l, r, &absent);
	struct relation parent;

	if (absent)
		pg_fails(l, "constraint \"%.*s\" does not exist", SLICE(l->change->name));
	if (!k)
		return;
	if (!slice_is(k->constraint.kind, "foreign key")) {
		if (!(slice_is(k->constraint.kind, "not null") && l->version >= 180000))
			pg_fails(l, "it is not a foreign key");
		return;
	}
	for (size_t i = 0; i < l->change->list.n; i++)
		enforced =
			enforced || slice_ifind(l->change->list.at[i], SL("enforced")) != SIZE_MAX;
	if (!enforced || !l->change->def ||
		l->change->def->constraint.not_enforced == k->constraint.not_enforced)
		return;
	parent = pg_relation(l, k->constraint.ref_table, OBJECT_TABLE);
	if (l->change->def->constraint.not_enforced) {
		pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
	} else {
		pg_lock(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
		pg_scan(l, r, true);
		pg_scan(l, &parent, true);
		pg_may_fail(l, "it fails when a row has no match in %.*s", SLICE(parent.name.name));
	}
}

/* 17: partitions share their parent's. */
static void identity_of_partition(struct looking *l, const struct relation *r)
{
	if (l->version < 170000 || !r->object || r->type != OBJECT_TABLE)
		return;
	if (r->object->table_.partition_of.name.len)
		pg_fails(l, "the identity is the parent's");
	if (l->change->flags & CHANGE_ONLY && pg_is_partitioned(r))
		pg_fails(l, "the identity is its partitions' too");
}

/* Identity, expression, default: what the column is decides. */
static void column_state(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	enum presence known;
	const struct object *col = pg_column(l, r, c->name, &known);
	bool guarded = c->flags & CHANGE_IF_EXISTS;

	if (known == ABSENT && r->type == OBJECT_TABLE &&
		!pg_statement_has(l, CHANGE_ADD_COLUMN, c->name))
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->name));
	/* The server takes these before it adds columns. */
	if ((c->kind == CHANGE_DROP_DEFAULT || c->kind == CHANGE_DROP_NOT_NULL) &&
		pg_statement_has(l, CHANGE_ADD_COLUMN, c->name))
		pg_fails(l, "column \"%.*s\" does not exist yet", SLICE(c->name));
	if (!col)
		return;
	if (c->kind == CHANGE_ADD_IDENTITY || c->kind == CHANGE_ALTER_IDENTITY ||
		c->kind == CHANGE_DROP_IDENTITY)
		identity_of_partition(l, r);
	switch ((int)c->kind) {
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
		if (col->column.generated.len || col->column.identity.len)
			pg_fails(l, "the column is generated");
		break;
	case CHANGE_ADD_IDENTITY:
		if (col->column.identity.len)
			pg_fails(l, "it is an identity column already");
		if (!col->column.not_null)
			pg_fails(l, "an identity column must be NOT NULL");
		if (col->column.default_value.text.len || col->column.default_value.normal.len)
			pg_fails(l, "the column has a default");
		break;
	case CHANGE_ALTER_IDENTITY:
	case CHANGE_DROP_IDENTITY:
		if (!col->column.identity.len && !guarded)
			pg_fails(l, "it is no identity column");
		break;
	case CHANGE_DROP_EXPRESSION:
		if (!col->column.generated.len && !guarded)
			pg_fails(l, "it is no generated column");
		if (slice_is(col->column.generated, "virtual"))
			pg_fails(l, "a virtual column cannot become a plain one");
		break;
	default:
		break;
	}
}

static void drop_identity(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n;
	enum presence known;
	const struct object *col = pg_column(l, r, l->change->name, &known);

	pg_lock_sequences(l, r, l->change->name, PG_ACCESS_EXCLUSIVE);
	if (!col || !col->column.identity.len)
		return;
	n = catalog_naming(l->catalog, r->name, OBJECT_SEQUENCE, l->arena, &all);
	for (size_t i = 0; i < n; i++)
		if (slice_eq(pg_last_part(all[i]->sequence.owned_by), l->change->name))
			pg_destroys(l, OBJECT_SEQUENCE, (struct name){all[i]->schema, all[i]->name},
				SLICE_NONE);
}

static void set_options(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	if (pg_is_partitioned(r) && c->kind == CHANGE_SET_OPTIONS)
		pg_fails(l, "a partitioned table has no storage parameters");
	if (r->object && r->object->type == OBJECT_INDEX && r->object->table &&
		slice_is(r->object->table->table_.kind, "partitioned"))
		pg_fails(l, "an index of a partitioned table has no storage parameters");
	for (size_t i = 0; i < c->list.n; i++)
		if (slice_starts(c->list.at[i], "user_catalog_table"))
			pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	if (r->type == OBJECT_VIEW)
		pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
}

static void named_part(struct looking *l, const struct relation *r, enum object_type type)
{
	const struct object *part;

	if (l->change->name.len && r->object && r->type == OBJECT_TABLE &&
		slice_empty(r->object->table_.partition_of.name) && /* the parent's are its too */
		!slice_iis(l->change->name, "all") && !slice_iis(l->change->name, "user") &&
		catalog_part(l->catalog, r->object, type, l->change->name, &part) == ABSENT)
		pg_fails(l, "%s \"%.*s\" does not exist", object_type_word(type),
			SLICE(l->change->name));
}

static void replica_identity(struct looking *l, const struct relation *r)
{
	const struct object *i;
	enum presence known;

	named_part(l, r, OBJECT_INDEX);
	lock_part_index(l, r, l->change->name, PG_SHARE);
	if (!l->change->name.len || !r->object ||
		catalog_part(l->catalog, r->object, OBJECT_INDEX, l->change->name, &i) != PRESENT)
		return;
	if (!i->index.unique || i->index.predicate.text.len || i->index.predicate.normal.len)
		pg_fails(l, "the index is not unique, or partial");
	for (size_t k = 0; k < i->index.keys.n; k++) {
		const struct object *col = pg_column(l, r, i->index.keys.at[k], &known);

		if (col && !col->column.not_null)
			pg_fails(l, "column \"%.*s\" of the index may be null",
				SLICE(i->index.keys.at[k]));
	}
}

/* Columns of an index have numbers, and statistics if they are expressions. */
static void index_statistics(struct looking *l, const struct relation *r)
{
	unsigned long long number;

	if (!r->object || r->type != OBJECT_INDEX || !slice_u64(l->change->name, &number) ||
		number == 0)
		return;
	if (number > r->object->index.keys.n)
		pg_fails(l, "the index has no column %llu", number);
	else if (slice_chr(r->object->index.keys.at[number - 1], '(') == SIZE_MAX)
		pg_fails(l, "column %llu of the index is no expression", number);
}

/* OF type: the same columns in the same order. */
static void fits_type(struct looking *l, const struct relation *r)
{
	const struct object *type;
	size_t at = 0;

	if (catalog_find(l->catalog, l->session, OBJECT_TYPE, l->change->other, &type) != PRESENT ||
		!r->object || r->object->tainted)
		return;
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		struct slice a =
			at < type->type_.attributes.n ? type->type_.attributes.at[at] : SLICE_NONE;

		if (p->type != OBJECT_COLUMN)
			continue;
		at++;
		if (!slice_eq(slice_sub(a, 0, slice_chr(a, ' ')), p->name))
			pg_fails(l, "column \"%.*s\" is not the type's", SLICE(p->name));
	}
	if (at < type->type_.attributes.n)
		pg_fails(l, "the type has more columns");
}

static void trigger_state(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	named_part(l, r, OBJECT_TRIGGER);
	for (size_t i = 0; pg_is_partitioned(r) && i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_TRIGGER &&
			r->object->parts[i]->trigger.for_each_row &&
			(slice_eq(r->object->parts[i]->name, c->name) ||
				slice_iis(c->name, "all") || slice_iis(c->name, "user")))
			pg_lock_tree(l, r, PG_SHARE_ROW_EXCLUSIVE);
	/* In 12 a partition's are the server's own. */
	if (l->version < 130000 && !(c->flags & CHANGE_ONLY) && c->name.len && r->object &&
		r->type == OBJECT_TABLE && !slice_iis(c->name, "all") &&
		!slice_iis(c->name, "user") &&
		(pg_is_partitioned(r) || r->object->table_.partition_of.name.len))
		pg_may_fail(l, "a partition's trigger is a system trigger");
}

static void of_type(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	if (slice_empty(c->other.name))
		pg_rerun(l, RERUN_FAILS);
	if (slice_empty(c->other.name) && r->object && slice_empty(r->object->table_.of_type.name))
		pg_fails(l, "it is no typed table");
	if (c->other.name.len)
		fits_type(l, r);
}

/* What a plain action does besides. */
static void beside(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	bool absent;

	switch ((int)c->kind) {
	case CHANGE_ALTER_IDENTITY:
		pg_lock_sequences(l, r, c->name, PG_SHARE_ROW_EXCLUSIVE);
		column_state(l, r);
		break;
	case CHANGE_DROP_IDENTITY:
		drop_identity(l, r);
		column_state(l, r);
		break;
	case CHANGE_ADD_IDENTITY:
	case CHANGE_DROP_EXPRESSION:
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
		column_state(l, r);
		break;
	case CHANGE_CLUSTER_ON:
		lock_part_index(l, r, c->name, PG_SHARE_UPDATE_EXCLUSIVE);
		named_part(l, r, OBJECT_INDEX);
		if (pg_is_partitioned(r))
			pg_fails(l, "a partitioned table cannot be marked as clustered");
		break;
	case CHANGE_REPLICA_IDENTITY:
		replica_identity(l, r);
		break;
	case CHANGE_RENAME_CONSTRAINT:
		lock_part_index(l, r, c->name, PG_SHARE_UPDATE_EXCLUSIVE);
		named_constraint(l, r, &absent);
		if (absent)
			pg_fails(l, "constraint \"%.*s\" does not exist", SLICE(c->name));
		break;
	case CHANGE_ALTER_CONSTRAINT:
		alter_constraint(l, r);
		break;
	case CHANGE_OF_TYPE:
		of_type(l, r);
		break;
	case CHANGE_DROP_NOT_NULL:
		column_state(l, r);
		if (in_primary_key(r->object, c->name))
			pg_fails(l, "the column is in the primary key");
		break;
	case CHANGE_TRIGGER_STATE:
		trigger_state(l, r);
		break;
	case CHANGE_RULE_STATE:
		named_part(l, r, OBJECT_RULE);
		break;
	case CHANGE_SET_STATISTICS:
		index_statistics(l, r);
		break;
	case CHANGE_SET_OPTIONS:
	case CHANGE_RESET_OPTIONS:
		set_options(l, r);
		break;
	default:
		break;
	}
}

static void new_name(struct looking *l, const struct relation *r)
{
	struct name n = {r->name.schema, l->change->other.name};
	const struct object *there;

	if (catalog_find(l->catalog, l->session, OBJECT_NONE, n, &there) == PRESENT)
		pg_fails(l, "relation \"%.*s\" exists already", SLICE(n.name));
}

void pg_rename_relation(struct looking *l, const struct relation *r)
{
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	new_name(l, r);
	pg_breaks(l, BREAKS_OLD_READERS, r->type, r->name, SLICE_NONE);
	if (r->type != OBJECT_VIEW && r->type != OBJECT_MATVIEW)
		pg_breaks(l, BREAKS_OLD_WRITERS, r->type, r->name, SLICE_NONE);
	pg_breaks(l, BREAKS_NEW_CODE, r->type, (struct name){r->name.schema, l->change->other.name},
		SLICE_NONE);
}

static void rename_column(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col, **heirs;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	col = pg_column(l, r, l->change->name, &known);
	if (r->type == OBJECT_VIEW && l->version < 130000 &&
		slice_starts(slice_of(l->statement->kind), "ALTER VIEW"))
		pg_fails(l, "ALTER VIEW … RENAME COLUMN needs PostgreSQL 13");
	if (col && col->column.inherited)
		pg_fails(l, "the column is inherited: the parent's is renamed");
	if (l->change->flags & CHANGE_ONLY && pg_children(l, r, &heirs) && pg_is_heir(heirs[0], r))
		pg_fails(l, "the column must be renamed in the tables that inherit too");
	if (known == ABSENT && r->type == OBJECT_TABLE)
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->name));
	pg_column(l, r, l->change->other.name, &known);
	if (known == PRESENT)
		pg_fails(l, "column \"%.*s\" exists already", SLICE(l->change->other.name));
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, l->change->name);
	if (r->type != OBJECT_VIEW && r->type != OBJECT_MATVIEW)
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, l->change->name);
	pg_breaks(l, BREAKS_NEW_CODE, OBJECT_COLUMN, r->name, l->change->other.name);
}

/* A logged table cannot have a key to an unlogged one. */
static void persistence_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	bool logged = l->change->kind == CHANGE_SET_LOGGED;

	(void)r;
	(void)key;
	if (other->object && logged == refers &&
		slice_is(other->object->table_.persistence, logged ? "unlogged" : "permanent"))
		pg_fails(l, "a key ties it to table \"%.*s\"", SLICE(other->name.name));
}

/* 17: a stored expression is worked out again for each row, a virtual one is only noted. */
static void set_expression(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col = pg_column(l, r, l->change->name, &known);

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (known == ABSENT)
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->name));
	if (col && !col->column.generated.len)
		pg_fails(l, "it is no generated column");
	if (!col || !slice_is(col->column.generated, "virtual"))
		pg_rewrite(l, r, true);
}

/* An unlogged table cannot be published. */
static bool published(struct looking *l, const struct relation *r)
{
	const struct object **all;
	size_t n = l->change->kind == CHANGE_SET_UNLOGGED
			   ? catalog_list(l->catalog, OBJECT_PUBLICATION, l->arena, &all)
			   : 0;
	struct slice name =
		arena_printf(l->arena, "%.*s.%.*s", SLICE(r->name.schema), SLICE(r->name.name));

	for (size_t i = 0; i < n; i++)
		if (names_has(all[i]->other.members, name))
			return true;
	return false;
}

static void rewrite_whole(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const char *now = c->kind == CHANGE_SET_LOGGED ? "permanent" : "unlogged";
	struct slice to = c->value.text.len ? c->value.text : c->name;

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	if (c->kind == CHANGE_SET_LOGGED || c->kind == CHANGE_SET_UNLOGGED) {
		if (r->object && slice_is(r->object->table_.persistence, now))
			if (!pg_is_partitioned(r))
				return; /* already so */
		pg_each_key(l, r, SLICE_NONE, persistence_key);
		if (pg_is_partitioned(r)) {
			if (l->version >= 180000)
				pg_fails(l, "a partitioned table cannot be unlogged");
			return;
		}
		if (published(l, r))
			pg_fails(l, "a publication holds it");
		if (l->version >= 150000)
			pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
	}
	if (c->kind == CHANGE_SET_ACCESS_METHOD && r->type == OBJECT_MATVIEW && r->object &&
		(slice_is(to, "heap") || slice_eq(to, r->object->view.access_method)))
		return;
	if (c->kind == CHANGE_SET_ACCESS_METHOD && r->object && r->type == OBJECT_TABLE &&
		(((slice_empty(to) || slice_iis(to, "default")) &&
			 (slice_empty(r->object->table_.access_method) ||
				 slice_is(r->object->table_.access_method, "heap"))) ||
			slice_eq(to, r->object->table_.access_method) ||
			(slice_is(to, "heap") && slice_empty(r->object->table_.access_method))))
		return;
	if (c->kind == CHANGE_SET_ACCESS_METHOD && pg_is_partitioned(r))
		return;
	if (c->kind == CHANGE_SET_TABLESPACE) {
		if (r->type == OBJECT_INDEX ||
			(r->object && (slice_eq(to, r->object->table_.tablespace) ||
					      (slice_is(to, "pg_default") &&
						      slice_empty(r->object->table_.tablespace)))))
			return;
		/* The file is copied; its indexes stay. */
		effect_touch(l->arena, &l->out->rewrites, &l->out->nrewrites,
			(struct touched){r->type, r->name, SLICE_NONE, r->certain, r->is_new});
		return;
	}
	pg_rewrite(l, r, true);
}

static void drop_default_breaks(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col = pg_column(l, r, l->change->name, &known);

	if (l->change->kind == CHANGE_DROP_DEFAULT && col && col->column.not_null)
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, l->change->name);
	if (l->change->kind == CHANGE_DROP_NOT_NULL)
		pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, l->change->name);
}

static void inherit(struct looking *l, const struct relation *r)
{
	bool joins = l->change->kind == CHANGE_INHERIT;
	struct relation parent = pg_relation(l, l->change->other, OBJECT_TABLE);
	enum presence known;

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock(l, &parent, joins ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_SHARE);
	if (parent.presence == ABSENT)
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(parent.name.name));
	if (r->object && (pg_is_partitioned(r) || r->object->table_.partition_of.name.len))
		pg_fails(l, "it is partitioned, or a partition");
	if (!joins && r->object && parent.object && !pg_is_heir(r->object, &parent))
		pg_fails(l, "it does not inherit from \"%.*s\"", SLICE(parent.name.name));
	for (size_t i = 0; joins && r->object && parent.object && i < parent.object->nparts; i++)
		if (parent.object->parts[i]->type == OBJECT_COLUMN) {
			pg_column(l, r, parent.object->parts[i]->name, &known);
			if (known == ABSENT)
				pg_fails(l, "it has no column \"%.*s\"",
					SLICE(parent.object->parts[i]->name));
		}
}

/* What partitions have from their parent. */
static bool reaches_partitions(const struct looking *l, const struct relation *r)
{
	switch ((int)l->change->kind) {
	case CHANGE_ADD_IDENTITY:
	case CHANGE_DROP_IDENTITY:
		return pg_is_partitioned(r) && l->version >= 170000;
	case CHANGE_ALTER_IDENTITY: /* its sequence's options are the sequence's */
		return pg_is_partitioned(r) && l->version >= 170000 &&
		       slice_ifind(span_text(l->change->span), SL("generated")) != SIZE_MAX;
	case CHANGE_ALTER_CONSTRAINT:
		return pg_is_partitioned(r);
	default:
		return false;
	}
}

static void plain_action(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col = l->change->kind == CHANGE_DROP_NOT_NULL
					   ? pg_column(l, r, l->change->name, &known)
					   : NULL;
	/* 18 looks for the constraint first, and there is none. */
	bool nothing = col && !col->column.not_null && l->version >= 180000;

	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (plain[i].kind == l->change->kind &&
			((plain[i].tree && !nothing) || reaches_partitions(l, r)))
			pg_lock_tree(l, r, plain[i].mode);
		else if (plain[i].kind == l->change->kind)
			pg_lock(l, r, plain[i].mode);
	beside(l, r);
	drop_default_breaks(l, r);
}

/* clang-format off */
const struct pg_action pg_alter_actions[] = {
	{CHANGE_SET_DEFAULT, NULL, plain_action},
	{CHANGE_DROP_DEFAULT, NULL, plain_action},
	{CHANGE_DROP_NOT_NULL, NULL, plain_action},
	{CHANGE_ADD_IDENTITY, NULL, plain_action},
	{CHANGE_ALTER_IDENTITY, NULL, plain_action},
	{CHANGE_DROP_IDENTITY, NULL, plain_action},
	{CHANGE_DROP_EXPRESSION, NULL, plain_action},
	{CHANGE_SET_STATISTICS, NULL, plain_action},
	{CHANGE_SET_STORAGE, NULL, plain_action},
	{CHANGE_SET_COMPRESSION, NULL, plain_action},
	{CHANGE_COLUMN_OPTIONS, NULL, plain_action},
	{CHANGE_SET_OPTIONS, NULL, plain_action},
	{CHANGE_RESET_OPTIONS, NULL, plain_action},
	{CHANGE_CLUSTER_ON, NULL, plain_action},
	{CHANGE_ROW_SECURITY, NULL, plain_action},
	{CHANGE_REPLICA_IDENTITY, NULL, plain_action},
	{CHANGE_OF_TYPE, NULL, plain_action},
	{CHANGE_RENAME_CONSTRAINT, NULL, plain_action},
	{CHANGE_ALTER_CONSTRAINT, NULL, plain_action},
	{CHANGE_TRIGGER_STATE, NULL, plain_action},
	{CHANGE_RULE_STATE, NULL, plain_action},
	{CHANGE_TABLE_OTHER, NULL, plain_action},
	{CHANGE_RENAME_COLUMN, NULL, rename_column},
	{CHANGE_RENAME_TABLE, NULL, pg_rename_relation},
	{CHANGE_SET_LOGGED, NULL, rewrite_whole},
	{CHANGE_SET_UNLOGGED, NULL, rewrite_whole},
	{CHANGE_SET_TABLESPACE, NULL, rewrite_whole},
	{CHANGE_SET_ACCESS_METHOD, NULL, rewrite_whole},
	{CHANGE_SET_EXPRESSION, NULL, set_expression},
	{CHANGE_INHERIT, NULL, inherit},
	{CHANGE_NO_INHERIT, NULL, inherit},
	{0},
};
/* clang-format on */
