/* effects_alter.c - ALTER TABLE and everything that changes an existing relation.
 *
 * Measured on PostgreSQL 15 unless a comment says otherwise; lock levels are also in the server's
 * AlterTableGetLockLevel(). */
#include "engine/postgres/effects.h"

#include <stdint.h>

/* ---- Type changes ---- */

/* "character varying(20)" -> base "character varying", argument 20 (-1 = none). */
static struct slice type_base(struct slice t, long *arg, long *second)
{
	size_t open = slice_chr(t, '('), close = slice_chr(t, ')'), comma;
	struct slice inside, first;
	unsigned long long v;

	*arg = *second = -1;
	if (open == SIZE_MAX || close == SIZE_MAX || close < open)
		return t;
	inside = slice_sub(t, open + 1, close - open - 1);
	comma = slice_chr(inside, ',');
	first = comma == SIZE_MAX ? inside : slice_sub(inside, 0, comma);
	if (slice_u64(slice_trim(first), &v))
		*arg = (long)v;
	if (comma != SIZE_MAX && slice_u64(slice_trim(slice_from(inside, comma + 1)), &v))
		*second = (long)v;
	return slice_trim(slice_sub(t, 0, open));
}

/* What follows the parentheses: "timestamp(3) with time zone". */
static struct slice type_tail(struct slice t)
{
	size_t close = slice_chr(t, ')');

	return close == SIZE_MAX ? SLICE_NONE : slice_trim(slice_from(t, close + 1));
}

static bool is_time(struct slice t)
{
	return slice_starts(t, "timestamp") || slice_starts(t, "time") ||
	       slice_starts(t, "interval");
}

static bool utc_session(const struct looking *l, bool *known)
{
	*known = l->session->time_zone.len > 0;
	return slice_iis(l->session->time_zone, "utc") || slice_iis(l->session->time_zone, "gmt");
}

enum type_change pg_type_change(struct looking *l, struct slice from, struct slice to)
{
	long a, b, a2, b2;
	struct slice f = type_base(from, &a, &a2), t = type_base(to, &b, &b2);
	bool known;

	if (slice_eq(from, to))
		return TYPE_SAME_STORAGE;
	if (slice_is(f, "character varying") && slice_is(t, "character varying"))
		return b < 0 || (a >= 0 && b >= a) ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	if (slice_is(f, "character varying") && slice_is(t, "text"))
		return TYPE_SAME_STORAGE;
	if (slice_is(f, "text") && slice_is(t, "character varying"))
		return b < 0 ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	if (slice_is(f, "numeric") && slice_is(t, "numeric"))
		return b < 0 || (a >= 0 && b >= a && (a2 < 0 ? 0 : a2) == (b2 < 0 ? 0 : b2))
			       ? TYPE_SAME_STORAGE
			       : TYPE_REWRITE;
	if (slice_is(f, "bit varying") && slice_is(t, "bit varying"))
		return b < 0 || (a >= 0 && b >= a) ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	if (slice_is(f, "cidr") && slice_is(t, "inet"))
		return TYPE_SAME_STORAGE;
	if (slice_is(t, "citext") || slice_ends(t, ".citext"))
		if (slice_is(f, "text") || (slice_is(f, "character varying") && a < 0))
			return TYPE_REINDEX;
	if (slice_is(from, "timestamp without time zone") &&
		slice_is(to, "timestamp with time zone")) {
		bool utc = utc_session(l, &known);

		return !known ? TYPE_UNSURE : utc ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	}
	if (is_time(f) && is_time(t) &&
		(slice_eq(f, t) || slice_starts(f, "timestamp") == slice_starts(t, "timestamp"))) {
		struct slice ft = type_tail(from), tt = type_tail(to);

		if (ft.len == 0 && a < 0)
			ft = slice_find(from, SL(" with")) != SIZE_MAX
				     ? slice_from(from, slice_find(from, SL(" with")) + 1)
				     : ft;
		if (tt.len == 0 && b < 0)
			tt = slice_find(to, SL(" with")) != SIZE_MAX
				     ? slice_from(to, slice_find(to, SL(" with")) + 1)
				     : tt;
		if (slice_eq(ft, tt))
			return b < 0 || b == 6 || (a >= 0 && b >= a) ? TYPE_SAME_STORAGE
								     : TYPE_REWRITE;
	}
	return TYPE_REWRITE;
}

/* Is the column a key, predicate or expression of an index? */
static bool index_uses(const struct object *index, struct slice column)
{
	return names_has(index->index.columns, column) || names_has(index->index.keys, column);
}

static void reindex_column(struct looking *l, const struct relation *r, struct slice column)
{
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_INDEX && index_uses(p, column)) {
			pg_build(l, r, p->name, true);
			pg_scan(l, r, true);
		}
	}
}

static bool check_mentions(const struct object *table, struct slice column)
{
	for (size_t i = 0; table && i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "check"))
			continue;
		if (names_has(p->constraint.columns, column) ||
			(p->constraint.expression.facts &&
				names_has(p->constraint.expression.facts->columns, column)))
			return true;
	}
	return false;
}

static const struct object *column_of(
	struct looking *l, const struct relation *r, struct slice name, enum presence *known)
{
	const struct object *col = NULL;

	*known = UNKNOWN;
	if (r->object)
		*known = catalog_part(l->catalog, r->object, OBJECT_COLUMN, name, &col);
	return *known == PRESENT ? col : NULL;
}

static void alter_type(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	enum presence known;
	const struct object *col = column_of(l, r, c->name, &known);
	bool new_collation = c->def && c->def->column.collation.len > 0;
	enum type_change t;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (!col) {
		if (known == ABSENT)
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->name));
		pg_need(l, "old type of %.*s.%.*s.%.*s", SLICE(r->name.schema), SLICE(r->name.name),
			SLICE(c->name));
		pg_rewrite(l, r, false);
		l->out->undo = UNDO_SCHEMA_ONLY;
		return;
	}
	if (c->value.text.len && !(c->value.facts && c->value.facts->has_columns == false))
		t = TYPE_REWRITE;
	else
		t = pg_type_change(l, col->column.type, c->def->column.type);
	/* USING with the bare column itself is no expression. */
	if (c->value.text.len && slice_eq(slice_trim(c->value.text), c->name))
		t = pg_type_change(l, col->column.type, c->def->column.type);
	switch (t) {
	case TYPE_REWRITE:
		pg_rewrite(l, r, true);
		l->out->undo = UNDO_SCHEMA_ONLY;
		break;
	case TYPE_UNSURE:
		pg_need(l, "time zone of the session");
		pg_rewrite(l, r, false);
		break;
	case TYPE_REINDEX:
		reindex_column(l, r, c->name);
		break;
	case TYPE_SAME_STORAGE:
		if (new_collation && !slice_eq(c->def->column.collation, col->column.collation))
			reindex_column(l, r, c->name);
		if (check_mentions(r->object, c->name))
			pg_scan(l, r, true);
		break;
	}
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, c->name);
}

/* ---- Columns ---- */

/* Does a domain carry a constraint? Unknown types are not domains for sure. */
static enum presence domain_with_checks(struct looking *l, struct slice type)
{
	size_t dot = slice_chr(type, '.');
	struct name n = {dot == SIZE_MAX ? SLICE_NONE : slice_sub(type, 0, dot),
		dot == SIZE_MAX ? type : slice_from(type, dot + 1)};
	const struct object *o;
	enum presence p = catalog_find(l->catalog, l->session, OBJECT_TYPE, n, &o);

	if (p != PRESENT)
		return ABSENT;
	return slice_is(o->type_.kind, "domain") && (o->type_.checks.n || o->type_.not_null)
		       ? PRESENT
		       : ABSENT;
}

static bool is_serial(struct slice type)
{
	return slice_is(type, "serial") || slice_is(type, "bigserial") ||
	       slice_is(type, "smallserial");
}

static void inline_constraint(
	struct looking *l, const struct relation *r, const struct object *k, bool has_default)
{
	const struct constraint_def *d = &k->constraint;

	if (slice_is(d->kind, "check")) {
		pg_scan(l, r, true);
		if (has_default)
			pg_may_fail(l, "the default may violate the check");
	} else if (slice_is(d->kind, "unique") || slice_is(d->kind, "primary key")) {
		pg_scan(l, r, true);
		pg_build(l, r, k->name, true);
		if (has_default || slice_is(d->kind, "primary key"))
			pg_may_fail(l, "it fails when the table has rows");
	} else if (slice_is(d->kind, "foreign key")) {
		struct relation parent = pg_relation(l, d->ref_table, OBJECT_TABLE);

		pg_lock(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
		if (has_default) {
			pg_scan(l, r, true);
			pg_scan(l, &parent, false);
		}
	}
}

static void add_column(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct column_def *d = &c->def->column;
	bool has_default = d->default_value.text.len > 0 &&
			   !(d->default_value.facts && d->default_value.facts->null);
	struct slice needs = SLICE_NONE;
	enum presence known;
	const struct object *col = column_of(l, r, c->name, &known);
	char v;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (col) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "column \"%.*s\" exists already", SLICE(c->name));
		return;
	}
	v = pg_volatility(l, &d->default_value, &needs);
	if (is_serial(d->type) || d->identity.len || slice_is(d->generated, "stored") ||
		domain_with_checks(l, d->type) == PRESENT || (has_default && v == 'v') ||
		(has_default && l->version < 110000)) {
		pg_rewrite(l, r, true);
	} else if (has_default && v == 0) {
		pg_need(l, "volatility of %.*s", SLICE(needs));
		pg_rewrite(l, r, false);
	}
	for (size_t i = 0; i < c->def->nparts; i++)
		inline_constraint(l, r, c->def->parts[i], has_default);
	if (d->not_null && !has_default && !is_serial(d->type) && slice_empty(d->identity) &&
		slice_empty(d->generated)) {
		pg_may_fail(l, "it fails when the table has rows: NOT NULL without a default");
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, c->name);
	}
	pg_breaks(l, BREAKS_NEW_CODE, OBJECT_COLUMN, r->name, c->name);
}

static void drop_column(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	enum presence known;

	column_of(l, r, c->name, &known);
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (known == ABSENT) {
		if (!(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->name));
		return;
	}
	pg_destroys(l, OBJECT_COLUMN, r->name, c->name);
	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_INDEX && index_uses(p, c->name) &&
			slice_empty(p->index.constraint)) {
			pg_destroys(l, OBJECT_INDEX, (struct name){p->schema, p->name}, SLICE_NONE);
		} else if (p->type == OBJECT_CONSTRAINT &&
			   names_has(p->constraint.columns, c->name)) {
			pg_destroys(l, OBJECT_CONSTRAINT, r->name, p->name);
			if (slice_is(p->constraint.kind, "foreign key")) {
				struct relation parent =
					pg_relation(l, p->constraint.ref_table, OBJECT_TABLE);

				pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
			}
		}
	}
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, c->name);
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, c->name);
}

/* A validated CHECK (column IS NOT NULL) proves it (PostgreSQL 12 and newer). */
static bool not_null_is_proven(
	const struct looking *l, const struct relation *r, struct slice column)
{
	for (size_t i = 0; l->version >= 120000 && r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		const struct constraint_def *k = &p->constraint;
		struct slice text;

		if (p->type != OBJECT_CONSTRAINT || k->not_valid || k->not_enforced)
			continue;
		if (slice_is(k->kind, "not null") && names_has(k->columns, column))
			return true;
		if (!slice_is(k->kind, "check"))
			continue;
		text = k->expression.normal.len ? k->expression.normal : k->expression.text;
		while (text.len > 2 && text.at[0] == '(' && text.at[text.len - 1] == ')')
			text = slice_trim(slice_n(text.at + 1, text.len - 2));
		if (text.len > 12 &&
			slice_ieq(slice_from(text, text.len - 11), SL("IS NOT NULL"))) {
			struct slice what = slice_trim(slice_sub(text, 0, text.len - 11));

			if (what.len > 2 && what.at[0] == '"' && what.at[what.len - 1] == '"')
				what = slice_n(what.at + 1, what.len - 2);
			if (slice_eq(what, column))
				return true;
		}
	}
	return false;
}

static void set_not_null(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col = column_of(l, r, l->change->name, &known);

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (col && col->column.not_null)
		return;
	if (known == ABSENT)
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->name));
	if (not_null_is_proven(l, r, l->change->name))
		return;
	if (!r->object)
		pg_need(l, "constraints of %.*s.%.*s", SLICE(r->name.schema), SLICE(r->name.name));
	pg_scan(l, r, r->object != NULL);
	pg_may_fail(l, "it fails when a row holds NULL");
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, l->change->name);
}

/* ---- Constraints ---- */

static const struct object *constraint_of(
	struct looking *l, const struct relation *r, struct slice name)
{
	const struct object *k = NULL;

	if (r->object &&
		catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, name, &k) == PRESENT)
		return k;
	return NULL;
}

static void key_needs_not_null(struct looking *l, const struct relation *r, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		enum presence known;
		const struct object *col = column_of(l, r, columns.at[i], &known);

		if (!(col && col->column.not_null) && !not_null_is_proven(l, r, columns.at[i]))
			pg_scan(l, r, col != NULL);
	}
}

static void add_constraint(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	bool checks = !k->not_valid && !k->not_enforced;

	if (slice_is(k->kind, "foreign key")) {
		struct relation parent = pg_relation(l, k->ref_table, OBJECT_TABLE);

		pg_lock_tree(l, r, PG_SHARE_ROW_EXCLUSIVE);
		pg_lock(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
		if (!checks)
			return;
		pg_scan(l, r, true);
		pg_scan(l, &parent, true);
		pg_may_fail(l, "it fails when a row has no match in %.*s", SLICE(parent.name.name));
		return;
	}
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (slice_is(k->kind, "check") || slice_is(k->kind, "not null")) {
		if (!checks)
			return;
		pg_scan(l, r, true);
		pg_may_fail(l, "it fails when a row violates it");
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_CONSTRAINT, r->name, l->change->def->name);
		return;
	}
	pg_scan(l, r, true);
	pg_build(l, r, l->change->def->name, true);
	pg_may_fail(l, "it fails on duplicates");
}

static void add_constraint_index(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	struct relation index = pg_relation(l, l->change->other, OBJECT_INDEX);

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	index.type = OBJECT_INDEX;
	if (slice_empty(index.name.schema))
		index.name.schema = r->name.schema;
	pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
	if (slice_is(k->kind, "primary key")) {
		struct names columns = k->columns;

		if (index.object)
			columns = index.object->index.keys;
		if (columns.n)
			key_needs_not_null(l, r, columns);
		else
			pg_scan(l, r, false);
	}
}

static void validate(struct looking *l, const struct relation *r)
{
	const struct object *k = constraint_of(l, r, l->change->name);

	pg_lock_tree(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
	if (k && !k->constraint.not_valid)
		return; /* validated already: nothing is read */
	pg_scan(l, r, true);
	if (k && slice_is(k->constraint.kind, "foreign key")) {
		struct relation parent = pg_relation(l, k->constraint.ref_table, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ROW_SHARE);
		pg_scan(l, &parent, true);
	}
	if (!k)
		pg_need(l, "definition of constraint %.*s", SLICE(l->change->name));
	pg_may_fail(l, "it fails when a row violates the constraint");
}

static void drop_constraint(struct looking *l, const struct relation *r)
{
	const struct object *k = constraint_of(l, r, l->change->name);

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	pg_destroys(l, OBJECT_CONSTRAINT, r->name, l->change->name);
	if (!k) {
		if (r->object == NULL)
			pg_need(l, "definition of constraint %.*s", SLICE(l->change->name));
		return;
	}
	if (slice_is(k->constraint.kind, "foreign key")) {
		struct relation parent = pg_relation(l, k->constraint.ref_table, OBJECT_TABLE);

		pg_lock(l, &parent, PG_ACCESS_EXCLUSIVE);
	}
	if (slice_is(k->constraint.kind, "primary key") || slice_is(k->constraint.kind, "unique")) {
		struct relation index = pg_relation(
			l, (struct name){r->name.schema, k->constraint.index}, OBJECT_INDEX);

		if (k->constraint.index.len)
			pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
	}
}

/* ---- Partitions ---- */

static void lock_default_partition(struct looking *l, const struct relation *parent, bool scan)
{
	const struct object **parts;
	size_t n = parent->object ? catalog_partitions(l->catalog, parent->object, l->arena, &parts)
				  : 0;

	for (size_t i = 0; i < n; i++)
		if (slice_iis(slice_trim(parts[i]->table_.partition_bound.text), "default")) {
			struct relation d = pg_relation(
				l, (struct name){parts[i]->schema, parts[i]->name}, OBJECT_TABLE);

			pg_lock(l, &d, PG_ACCESS_EXCLUSIVE);
			if (scan)
				pg_scan(l, &d, true);
		}
}

static void attach(struct looking *l, const struct relation *r)
{
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);

	pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
	pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
	/* A validated check that implies the bound saves the scan; what implies what is the
	 * server's to prove. */
	if (child.object && check_mentions(child.object, SLICE_NONE))
		pg_scan(l, &child, false);
	else
		pg_scan(l, &child, true);
	lock_default_partition(l, r, true);
}

static void detach(struct looking *l, const struct relation *r)
{
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);

	if (l->change->flags & CHANGE_CONCURRENTLY) {
		pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
		pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
		names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
		return;
	}
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
	lock_default_partition(l, r, false);
}

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
	{CHANGE_COLUMN_OPTIONS, PG_SHARE_UPDATE_EXCLUSIVE, true},
	{CHANGE_SET_OPTIONS, PG_SHARE_UPDATE_EXCLUSIVE, false},
	{CHANGE_RESET_OPTIONS, PG_SHARE_UPDATE_EXCLUSIVE, false},
	{CHANGE_CLUSTER_ON, PG_SHARE_UPDATE_EXCLUSIVE, false},
	{CHANGE_ROW_SECURITY, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_REPLICA_IDENTITY, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_OF_TYPE, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_RENAME_CONSTRAINT, PG_ACCESS_EXCLUSIVE, true},
	{CHANGE_ALTER_CONSTRAINT, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_TRIGGER_STATE, PG_SHARE_ROW_EXCLUSIVE, true},
	{CHANGE_RULE_STATE, PG_ACCESS_EXCLUSIVE, false},
	{CHANGE_TABLE_OTHER, PG_ACCESS_EXCLUSIVE, false},
};

static bool plain_action(struct looking *l, const struct relation *r)
{
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (plain[i].kind == l->change->kind) {
			if (plain[i].tree)
				pg_lock_tree(l, r, plain[i].mode);
			else
				pg_lock(l, r, plain[i].mode);
			return true;
		}
	return false;
}

static void rename_relation(struct looking *l, const struct relation *r)
{
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	pg_breaks(l, BREAKS_OLD_READERS, r->type, r->name, SLICE_NONE);
	pg_breaks(l, BREAKS_OLD_WRITERS, r->type, r->name, SLICE_NONE);
	pg_breaks(l, BREAKS_NEW_CODE, r->type, r->name, SLICE_NONE);
}

static void rename_column(struct looking *l, const struct relation *r)
{
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, l->change->name);
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, l->change->name);
	pg_breaks(l, BREAKS_NEW_CODE, OBJECT_COLUMN, r->name, l->change->other.name);
}

static void rewrite_whole(struct looking *l, const struct relation *r)
{
	const char *now = l->change->kind == CHANGE_SET_LOGGED ? "permanent" : "unlogged";

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	if (l->change->kind == CHANGE_SET_LOGGED || l->change->kind == CHANGE_SET_UNLOGGED)
		if (r->object && slice_is(r->object->table_.persistence, now))
			return; /* already so */
	pg_rewrite(l, r, true);
}

static void drop_default_breaks(struct looking *l, const struct relation *r)
{
	enum presence known;
	const struct object *col = column_of(l, r, l->change->name, &known);

	if (l->change->kind == CHANGE_DROP_DEFAULT && col && col->column.not_null)
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, l->change->name);
	if (l->change->kind == CHANGE_DROP_NOT_NULL)
		pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, l->change->name);
}

static bool check_exists(struct looking *l, const struct relation *r)
{
	if (r->presence != ABSENT)
		return true;
	if (!(l->change->flags & CHANGE_IF_EXISTS))
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(r->name.name));
	return false;
}

bool pg_effects_alter(struct looking *l)
{
	const struct change *c = l->change;
	struct relation r;

	switch (c->kind) {
	case CHANGE_ADD_COLUMN:
	case CHANGE_DROP_COLUMN:
	case CHANGE_RENAME_COLUMN:
	case CHANGE_ALTER_TYPE:
	case CHANGE_SET_NOT_NULL:
	case CHANGE_ADD_CONSTRAINT:
	case CHANGE_ADD_CONSTRAINT_INDEX:
	case CHANGE_VALIDATE_CONSTRAINT:
	case CHANGE_DROP_CONSTRAINT:
	case CHANGE_ATTACH_PARTITION:
	case CHANGE_DETACH_PARTITION:
	case CHANGE_RENAME_TABLE:
	case CHANGE_SET_LOGGED:
	case CHANGE_SET_UNLOGGED:
	case CHANGE_SET_TABLESPACE:
	case CHANGE_SET_ACCESS_METHOD:
	case CHANGE_SET_EXPRESSION:
	case CHANGE_INHERIT:
	case CHANGE_NO_INHERIT:
		break;
	default:
		r = pg_relation(l, c->target, OBJECT_NONE);
		for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
			if (plain[i].kind == c->kind) {
				if (check_exists(l, &r)) {
					plain_action(l, &r);
					drop_default_breaks(l, &r);
				}
				return true;
			}
		return false;
	}
	r = pg_relation(l, c->target, OBJECT_NONE);
	if (!check_exists(l, &r))
		return true;
	switch (c->kind) {
	case CHANGE_ADD_COLUMN:
		add_column(l, &r);
		break;
	case CHANGE_DROP_COLUMN:
		drop_column(l, &r);
		break;
	case CHANGE_RENAME_COLUMN:
		rename_column(l, &r);
		break;
	case CHANGE_ALTER_TYPE:
		alter_type(l, &r);
		break;
	case CHANGE_SET_NOT_NULL:
		set_not_null(l, &r);
		break;
	case CHANGE_ADD_CONSTRAINT:
		add_constraint(l, &r);
		break;
	case CHANGE_ADD_CONSTRAINT_INDEX:
		add_constraint_index(l, &r);
		break;
	case CHANGE_VALIDATE_CONSTRAINT:
		validate(l, &r);
		break;
	case CHANGE_DROP_CONSTRAINT:
		drop_constraint(l, &r);
		break;
	case CHANGE_ATTACH_PARTITION:
		attach(l, &r);
		break;
	case CHANGE_DETACH_PARTITION:
		detach(l, &r);
		break;
	case CHANGE_RENAME_TABLE:
		rename_relation(l, &r);
		break;
	case CHANGE_INHERIT:
	case CHANGE_NO_INHERIT: {
		struct relation parent = pg_relation(l, c->other, OBJECT_TABLE);

		pg_lock(l, &r, PG_ACCESS_EXCLUSIVE);
		pg_lock(l, &parent,
			c->kind == CHANGE_INHERIT ? PG_SHARE_UPDATE_EXCLUSIVE : PG_ACCESS_SHARE);
		break;
	}
	default: /* SET LOGGED, UNLOGGED, TABLESPACE, ACCESS METHOD, EXPRESSION */
		rewrite_whole(l, &r);
		break;
	}
	return true;
}
