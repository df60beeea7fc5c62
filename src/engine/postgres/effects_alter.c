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

/* Casts of the server that only give the bytes another name. */
static bool same_bytes(struct slice from, struct slice to)
{
	static const char *const pairs[][2] = {{"text", "character varying"},
		{"character varying", "text"}, {"cidr", "inet"}, {"xml", "text"},
		{"xml", "character varying"}, {"bit", "bit varying"}, {"text", "bpchar"},
		{"character varying", "bpchar"}, {"integer", "oid"}, {"oid", "integer"},
		{"oid", "regclass"}, {"regclass", "oid"}, {"oid", "regproc"}, {"oid", "regtype"},
		{"integer", "regclass"}, {"pg_node_tree", "text"}};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (slice_is(from, pairs[i][0]) && slice_is(to, pairs[i][1]))
			return true;
	return false;
}

/* Between the two timestamps the session's time zone decides. */
static enum type_change zone_change(struct looking *l, long to_precision)
{
	bool known, utc = utc_session(l, &known);

	if (to_precision >= 0)
		return TYPE_REWRITE;
	return !known ? TYPE_UNSURE : utc ? TYPE_SAME_STORAGE : TYPE_REWRITE;
}

static enum type_change time_change(
	struct looking *l, struct slice from, struct slice to, long a, long b)
{
	bool from_zone = slice_find(from, SL("with time zone")) != SIZE_MAX;
	bool to_zone = slice_find(to, SL("with time zone")) != SIZE_MAX;

	if (slice_starts(from, "timestamp") != slice_starts(to, "timestamp") ||
		slice_starts(from, "interval") != slice_starts(to, "interval"))
		return TYPE_REWRITE;
	if (from_zone != to_zone)
		return slice_starts(from, "timestamp") ? zone_change(l, b) : TYPE_REWRITE;
	if (slice_starts(from, "interval") &&
		!slice_eq(slice_trim(slice_sub(from, 0, slice_chr(from, '('))),
			slice_trim(slice_sub(to, 0, slice_chr(to, '(')))))
		return TYPE_REWRITE; /* other fields */
	return b < 0 || b == 6 || (a >= 0 && b >= a) ? TYPE_SAME_STORAGE : TYPE_REWRITE;
}

const struct object *pg_domain(struct looking *l, struct slice type)
{
	const struct object *o;

	if (catalog_find(l->catalog, l->session, OBJECT_TYPE, pg_split_name(type), &o) != PRESENT ||
		!slice_is(o->type_.kind, "domain"))
		return NULL;
	return o;
}

static bool domain_checks(const struct object *d)
{
	return d->type_.checks.n > 0 || d->type_.not_null;
}

enum type_change pg_type_change(struct looking *l, struct slice from, struct slice to)
{
	const struct object *domain;
	long a, b, a2, b2;
	struct slice f = type_base(from, &a, &a2), t = type_base(to, &b, &b2);

	if (slice_eq(from, to))
		return TYPE_SAME_STORAGE;
	domain = pg_domain(l, to);
	if (domain)
		return domain_checks(domain) ? TYPE_REWRITE
					     : pg_type_change(l, from, domain->type_.base);
	domain = pg_domain(l, from);
	if (domain)
		return pg_type_change(l, domain->type_.base, to);
	if (slice_ends(from, "]") || slice_ends(to, "]"))
		return TYPE_REWRITE;
	if (slice_is(f, "numeric") && slice_is(t, "numeric"))
		return b < 0 || (a >= 0 && b >= a && (a2 < 0 ? 0 : a2) == (b2 < 0 ? 0 : b2))
			       ? TYPE_SAME_STORAGE
			       : TYPE_REWRITE;
	if (slice_eq(f, t) && (slice_is(f, "character varying") || slice_is(f, "bit varying")))
		return b < 0 || (a >= 0 && b >= a) ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	if (same_bytes(f, t))
		return b < 0 ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	if (slice_is(t, "citext") || slice_ends(t, ".citext"))
		if (slice_is(f, "text") || (slice_is(f, "character varying") && a < 0))
			return TYPE_REINDEX;
	if (is_time(f) && is_time(t))
		return time_change(l, from, to, a, b);
	return TYPE_REWRITE;
}

/* Is the column a key, predicate or expression of an index? */
static bool index_uses(const struct object *index, struct slice column)
{
	return names_has(index->index.columns, column) || names_has(index->index.keys, column);
}

/* Their definitions are made anew. A plain key keeps its file when its type keeps its bytes. */
static void reindex_column(
	struct looking *l, const struct relation *r, struct slice column, bool keeps_files)
{
	const struct object **parts;
	size_t n = l->change->flags & CHANGE_ONLY ? 0 : pg_children(l, r, &parts);

	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		struct relation index;
		bool plain;

		if (p->type != OBJECT_INDEX || !index_uses(p, column))
			continue;
		index = pg_index_of(l, r, p);
		pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
		plain = slice_empty(p->index.predicate.text) &&
			slice_empty(p->index.predicate.normal) &&
			slice_empty(p->index.partition_of.name);
		for (size_t k = 0; k < p->index.keys.n; k++)
			plain = plain && !slice_starts(p->index.keys.at[k], "(");
		if (pg_is_partitioned(r) || (keeps_files && plain))
			continue;
		pg_build(l, r, p->name, true);
		pg_scan_one(l, r, true);
	}
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, parts[i]);

		reindex_column(l, &child, column, keeps_files);
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

/* Does USING only say what would be done anyway? Then *to is the type it casts to, if any. */
static bool using_is_plain(const struct change *c, struct slice *to)
{
	struct slice text = slice_trim(c->value.text), rest;
	const struct expr_facts *f = c->value.facts;

	*to = SLICE_NONE;
	if (text.len == 0 || slice_eq(text, c->name))
		return true;
	if (!slice_starts(text, "") || text.len < c->name.len ||
		!slice_eq(slice_sub(text, 0, c->name.len), c->name))
		return false;
	rest = slice_trim(slice_from(text, c->name.len));
	if (!slice_starts(rest, "::") || !f || f->functions.n || f->types.n != 1)
		return false;
	rest = slice_from(rest, 2);
	for (size_t i = 0; i < rest.len; i++)
		if (strchr("+-*/%|&<>=:~!@#^?", rest.at[i]))
			return false;
	*to = f->types.at[0];
	return true;
}

/* Text is not turned into something else without USING. */
static bool needs_using(struct looking *l, struct slice from, struct slice to)
{
	static const char *const others[] = {"integer", "bigint", "smallint", "numeric", "real",
		"double precision", "boolean", "date", "time", "interval", "uuid", "json", "jsonb",
		"bytea", "inet", "cidr", "xml", "money", "point"};
	long a, b;
	struct slice f = type_base(from, &a, &b), t = type_base(to, &a, &b);
	bool numbers = slice_is(f, "integer") || slice_is(f, "bigint") || slice_is(f, "smallint");
	const struct object *o;

	if (slice_is(t, "boolean") && (slice_is(f, "bigint") || slice_is(f, "smallint") ||
					      slice_is(f, "integer") || slice_is(f, "numeric")))
		return true;
	if (slice_is(f, "boolean") && (slice_is(t, "integer") || slice_is(t, "bigint")))
		return true;
	if (numbers && (slice_starts(t, "timestamp") || slice_is(t, "date") || slice_is(t, "uuid")))
		return true;
	if (slice_ends(from, "]") || (!slice_is(f, "text") && !slice_is(f, "character varying") &&
					     !slice_is(f, "character")))
		return false;
	if (slice_ends(to, "]") || slice_starts(t, "timestamp"))
		return true;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (slice_is(t, others[i]))
			return true;
	return catalog_find(l->catalog, l->session, OBJECT_TYPE, pg_split_name(to), &o) ==
		       PRESENT &&
	       slice_is(o->type_.kind, "enum");
}

/* A key on the column is made anew, and read again when the table is. */
static void retype_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	bool rewritten = false;

	(void)key;
	(void)refers;
	for (size_t i = 0; i < l->out->nrewrites; i++)
		rewritten = rewritten || name_eq(l->out->rewrites[i].object, r->name);
	pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
	if (rewritten)
		pg_scan(l, other, true);
}

/* Views that read the column keep it as it is. */
static void fail_for_views(struct looking *l, const struct object *table, struct slice column)
{
	const struct object **views, *perhaps = NULL;
	size_t n = catalog_dependents(l->catalog, table, column, l->arena, &views);

	for (size_t i = 0; i < n; i++) {
		if (catalog_view_reads(l->catalog, views[i], table, column) == PRESENT) {
			pg_fails(l, "view \"%.*s\" uses the column", SLICE(views[i]->name));
			return;
		}
		perhaps = views[i];
	}
	if (perhaps)
		pg_may_fail(l, "view \"%.*s\" may use the column", SLICE(perhaps->name));
}

static void retype_dependents(struct looking *l, const struct relation *r, struct slice column)
{
	fail_for_views(l, r->object, column);
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_COLUMN && p->column.generated.len &&
			pg_expr_names(&p->column.generation, column))
			pg_fails(l, "generated column \"%.*s\" uses it", SLICE(p->name));
	}
}

static enum type_change type_change(struct looking *l, const struct object *col)
{
	const struct change *c = l->change;
	struct slice to = c->def->column.type, by;
	enum type_change first;

	if (!using_is_plain(c, &by))
		return TYPE_REWRITE;
	if (c->value.text.len == 0 && needs_using(l, col->column.type, to))
		pg_fails(l, "the column cannot be cast to %.*s automatically", SLICE(to));
	if (slice_empty(by))
		return pg_type_change(l, col->column.type, to);
	first = pg_type_change(l, col->column.type, by);
	return first == TYPE_SAME_STORAGE ? pg_type_change(l, by, to) : first;
}

/* Values may not fit, or lose digits. With a USING of its own only the author knows. */
static void narrowing(struct looking *l, const struct relation *r, const struct object *col)
{
	const struct change *c = l->change;
	struct slice by;
	unsigned narrow;

	if (!using_is_plain(c, &by))
		return;
	narrow = pg_narrowing(col->column.type, c->def->column.type, by.len > 0);
	if (narrow & PG_NARROW_FAILS)
		pg_may_fail(l, "a value of \"%.*s\" may not fit the new type", SLICE(c->name));
	if (narrow)
		effect_break(l->arena, l->out,
			(struct breakage){.who = BREAKS_OLD_WRITERS,
				.type = OBJECT_COLUMN,
				.object = r->name,
				.part = c->name});
	if (narrow & PG_NARROW_ROUNDS)
		effect_touch(l->arena, &l->out->destroys, &l->out->ndestroys,
			(struct touched){
				.type = OBJECT_COLUMN, .object = r->name, .part = c->name});
}

static void alter_type(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	enum presence known;
	const struct object *col = column_of(l, r, c->name, &known);
	struct slice collation = c->def ? c->def->column.collation : SLICE_NONE;
	bool new_collation;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (!col && known == ABSENT) {
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->name));
		return;
	}
	if (!col) {
		pg_need(l, "old type of %.*s.%.*s.%.*s", SLICE(r->name.schema), SLICE(r->name.name),
			SLICE(c->name));
		pg_rewrite(l, r, false);
		l->out->undo = UNDO_SCHEMA_ONLY;
		return;
	}
	new_collation = collation.len > 0 && !slice_eq(collation, col->column.collation);
	switch (type_change(l, col)) {
	case TYPE_REWRITE:
		pg_rewrite(l, r, true);
		reindex_column(l, r, c->name, false);
		l->out->undo = UNDO_SCHEMA_ONLY;
		break;
	case TYPE_UNSURE:
		pg_need(l, "time zone of the session");
		pg_rewrite(l, r, false);
		break;
	case TYPE_REINDEX:
		reindex_column(l, r, c->name, false);
		break;
	case TYPE_SAME_STORAGE:
		if (slice_eq(col->column.type, c->def->column.type) && !new_collation &&
			slice_eq(collation, col->column.collation))
			break;
		reindex_column(l, r, c->name, !new_collation);
		if (check_mentions(r->object, c->name))
			pg_scan(l, r, true);
		break;
	}
	narrowing(l, r, col);
	pg_each_key(l, r, c->name, retype_key);
	retype_dependents(l, r, c->name);
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, c->name);
}

/* ---- Columns ---- */

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
		pg_build_new(l, r->name);
		if (has_default || slice_is(d->kind, "primary key"))
			pg_may_fail(l, "it fails when the table has rows");
	} else if (slice_is(d->kind, "foreign key")) {
		struct relation parent = pg_relation(l, d->ref_table, OBJECT_TABLE);

		pg_lock(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
		if (has_default) {
			pg_scan(l, r, true);
			pg_scan(l, &parent, true);
		}
	}
}

/* ALTER TABLE t DROP COLUMN a, ADD COLUMN a …: the server drops first. */
static bool dropped_in_statement(const struct looking *l)
{
	const struct statement *st = l->statement;

	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_DROP_COLUMN &&
			slice_eq(st->changes[i].name, l->change->name) &&
			name_eq(st->changes[i].target, l->change->target))
			return true;
	return false;
}

static void add_column(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct column_def *d = &c->def->column;
	bool has_default = d->default_value.text.len > 0 &&
			   !(d->default_value.facts && d->default_value.facts->null);
	struct slice needs = SLICE_NONE;
	const struct object **heirs;
	enum presence known;
	const struct object *col = column_of(l, r, c->name, &known);
	char v;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (col && !dropped_in_statement(l)) {
		if (!(c->flags & CHANGE_IF_NOT_EXISTS))
			pg_fails(l, "column \"%.*s\" exists already", SLICE(c->name));
		return;
	}
	if (r->object && r->object->table_.partition_of.name.len)
		pg_fails(l, "it is a partition: the column belongs to the parent");
	if (c->flags & CHANGE_ONLY && pg_children(l, r, &heirs) && pg_is_heir(heirs[0], r))
		pg_fails(l, "the column must be added to the tables that inherit too");
	v = pg_volatility(l, &d->default_value, &needs);
	if (is_serial(d->type) || d->identity.len || slice_is(d->generated, "stored") ||
		(pg_domain(l, d->type) && domain_checks(pg_domain(l, d->type))) ||
		(has_default && v == 'v') || (has_default && l->version < 110000)) {
		pg_rewrite(l, r, true);
	} else if (has_default && v == 0) {
		pg_need(l, "volatility of %.*s", SLICE(needs));
		pg_rewrite(l, r, false);
	}
	pg_lock_called_sequences(l, d->default_value.text);
	for (size_t i = 0; i < c->def->nparts; i++)
		inline_constraint(l, r, c->def->parts[i], has_default);
	if (d->not_null && !has_default && !is_serial(d->type) && slice_empty(d->identity) &&
		slice_empty(d->generated)) {
		pg_may_fail(l, "it fails when the table has rows: NOT NULL without a default");
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, c->name);
	}
	pg_breaks(l, BREAKS_NEW_CODE, OBJECT_COLUMN, r->name, c->name);
}

static void drop_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	if (refers) {
		if (!key->constraint.inherited)
			pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
		return;
	}
	if (!(l->change->flags & CHANGE_CASCADE)) {
		pg_fails(l, "table \"%.*s\" has a foreign key to it", SLICE(other->name.name));
		return;
	}
	pg_lock(l, other, PG_ACCESS_EXCLUSIVE);
	pg_destroys(l, OBJECT_CONSTRAINT, other->name, key->name);
	(void)r;
}

static void drop_column_parts(struct looking *l, const struct relation *r, struct slice column)
{
	const struct object **children;
	size_t n = l->change->flags & CHANGE_ONLY ? 0 : pg_children(l, r, &children);

	for (size_t i = 0; r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_INDEX && index_uses(p, column)) {
			struct relation index = pg_index_of(l, r, p);

			pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
			if (slice_empty(p->index.constraint))
				pg_destroys(l, OBJECT_INDEX, index.name, SLICE_NONE);
		} else if (p->type == OBJECT_CONSTRAINT &&
			   names_has(p->constraint.columns, column)) {
			pg_destroys(l, OBJECT_CONSTRAINT, r->name, p->name);
		} else if (p->type == OBJECT_COLUMN && p->column.generated.len &&
			   pg_expr_names(&p->column.generation, column)) {
			if (l->change->flags & CHANGE_CASCADE)
				pg_destroys(l, OBJECT_COLUMN, r->name, p->name);
			else
				pg_fails(l, "generated column \"%.*s\" uses it", SLICE(p->name));
		}
	}
	pg_lock_sequences(l, r, column, PG_ACCESS_EXCLUSIVE);
	for (size_t i = 0; i < n; i++) {
		struct relation child = pg_relation_of(l, children[i]);

		drop_column_parts(l, &child, column);
	}
}

static void drop_column(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const struct object **views;
	enum presence known;

	column_of(l, r, c->name, &known);
	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (known == ABSENT) {
		if (!(c->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "column \"%.*s\" does not exist", SLICE(c->name));
		return;
	}
	pg_destroys(l, OBJECT_COLUMN, r->name, c->name);
	drop_column_parts(l, r, c->name);
	pg_each_key(l, r, c->name, drop_key);
	if (r->object && catalog_dependents(l->catalog, r->object, c->name, l->arena, &views)) {
		if (c->flags & CHANGE_CASCADE)
			pg_lock_views(l, r->object, c->name, true);
		else
			fail_for_views(l, r->object, c->name);
	}
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, c->name);
	pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_COLUMN, r->name, c->name);
}

/* Without parentheses that stand around all of it. */
static struct slice bare_text(struct slice text)
{
	for (text = slice_trim(text); text.len > 2 && text.at[0] == '(';) {
		size_t depth = 0, i = 0;

		for (; i < text.len; i++) {
			depth += text.at[i] == '(';
			if (text.at[i] == ')' && --depth == 0)
				break;
		}
		if (i + 1 != text.len)
			return text;
		text = slice_trim(slice_sub(text, 1, text.len - 2));
	}
	return text;
}

/* Does the text say that the column is not null, as a whole or as one of several ANDs? */
static bool says_not_null(struct slice text, struct slice column, int levels)
{
	size_t depth = 0;
	struct slice what;

	text = bare_text(text);
	if (levels == 0)
		return false;
	for (size_t i = 0; i + 5 < text.len; i++) {
		depth += text.at[i] == '(';
		depth -= text.at[i] == ')' && depth > 0;
		if (depth == 0 && slice_iis(slice_sub(text, i, 5), " AND "))
			return says_not_null(slice_sub(text, 0, i), column, levels - 1) ||
			       says_not_null(slice_from(text, i + 5), column, levels - 1);
		if (depth == 0 && slice_iis(slice_sub(text, i, 4), " OR "))
			return false;
	}
	if (slice_istarts(text, "NOT ")) {
		what = bare_text(slice_from(text, 4));
		if (what.len < 9 || !slice_iis(slice_from(what, what.len - 8), " IS NULL"))
			return false;
		what = slice_trim(slice_sub(what, 0, what.len - 8));
	} else {
		if (text.len < 13 || !slice_iis(slice_from(text, text.len - 12), " IS NOT NULL"))
			return false;
		what = slice_trim(slice_sub(text, 0, text.len - 12));
	}
	what = bare_text(what);
	if (what.len > 2 && what.at[0] == '"' && what.at[what.len - 1] == '"')
		what = slice_sub(what, 1, what.len - 2);
	return slice_eq(what, column);
}

/* A validated CHECK that says so proves it (PostgreSQL 12 and newer). */
static bool not_null_is_proven(
	const struct looking *l, const struct relation *r, struct slice column)
{
	for (size_t i = 0; l->version >= 120000 && r->object && i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];
		const struct constraint_def *k = &p->constraint;

		if (p->type != OBJECT_CONSTRAINT || k->not_valid || k->not_enforced)
			continue;
		if (slice_is(k->kind, "not null") && names_has(k->columns, column))
			return true;
		if (slice_is(k->kind, "check") &&
			says_not_null(k->expression.normal.len ? k->expression.normal
							       : k->expression.text,
				column, 16))
			return true;
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

/* UNIQUE, PRIMARY KEY, EXCLUDE: an index is built. Partitions are locked as for CREATE INDEX,
 * unless a column of the key becomes NOT NULL in them. */
static void add_key(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	enum pg_mode below = PG_SHARE;

	for (size_t i = 0; slice_is(k->kind, "primary key") && i < k->columns.n; i++) {
		enum presence known;
		const struct object *col = column_of(l, r, k->columns.at[i], &known);

		if (!(col && col->column.not_null))
			below = PG_ACCESS_EXCLUSIVE;
	}
	for (size_t i = 0; r->object && slice_is(k->kind, "primary key") && i < r->object->nparts;
		i++)
		if (r->object->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(r->object->parts[i]->constraint.kind, "primary key"))
			pg_fails(l, "the table has a primary key already");
	if (pg_is_partitioned(r))
		pg_lock_tree(l, r, below);
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	if (r->object) {
		pg_build_new(l, r->name);
	} else {
		pg_scan_one(l, r, true);
		if (l->change->def->name.len)
			pg_build(l, r, l->change->def->name, true);
	}
	pg_may_fail(l, "it fails on duplicates");
}

static bool has_unique(const struct object *table, struct names columns)
{
	for (size_t i = 0; i < table->nparts; i++) {
		const struct object *p = table->parts[i];

		if (p->type == OBJECT_CONSTRAINT && columns.n == 0 &&
			slice_is(p->constraint.kind, "primary key"))
			return true;
		if (p->type == OBJECT_INDEX && p->index.unique && p->index.keys.n == columns.n) {
			size_t same = 0;

			for (size_t k = 0; k < columns.n; k++)
				same += names_has(p->index.keys, columns.at[k]) ||
					names_has(p->index.columns, columns.at[k]);
			if (same == columns.n)
				return true;
		}
	}
	return false;
}

static void add_constraint(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	bool checks = !k->not_valid && !k->not_enforced;

	if (slice_empty(l->change->def->name) || l->change->def->generated_name) {
		if (!slice_is(k->kind, "primary key"))
			pg_rerun(l, RERUN_DIFFERS);
	} else if (constraint_of(l, r, l->change->def->name)) {
		pg_fails(l, "constraint \"%.*s\" exists already", SLICE(l->change->def->name));
	}

	if (slice_is(k->kind, "foreign key")) {
		struct relation parent = pg_relation(l, k->ref_table, OBJECT_TABLE);

		pg_lock_tree(l, r, PG_SHARE_ROW_EXCLUSIVE);
		pg_lock_tree(l, &parent, PG_SHARE_ROW_EXCLUSIVE);
		if (parent.presence == ABSENT)
			pg_fails(l, "relation \"%.*s\" does not exist", SLICE(parent.name.name));
		else if (parent.object && !parent.object->tainted &&
			 !has_unique(parent.object, k->ref_columns))
			pg_fails(l, "no unique key on the referenced columns");
		if (!checks)
			return;
		pg_scan(l, r, true);
		if (!(r->is_new && l->session->in_tx))
			pg_scan(l, &parent, true);
		pg_may_fail(l, "it fails when a row has no match in %.*s", SLICE(parent.name.name));
		return;
	}
	if (slice_is(k->kind, "check") || slice_is(k->kind, "not null")) {
		if (l->change->flags & CHANGE_ONLY && pg_is_partitioned(r) && !k->no_inherit)
			pg_fails(l, "the constraint must be added to the partitions too");
		pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
		if (!checks)
			return;
		pg_scan(l, r, true);
		pg_may_fail(l, "it fails when a row violates it");
		pg_breaks(l, BREAKS_OLD_WRITERS, OBJECT_CONSTRAINT, r->name, l->change->def->name);
		return;
	}
	add_key(l, r);
}

static void add_constraint_index(struct looking *l, const struct relation *r)
{
	const struct constraint_def *k = &l->change->def->constraint;
	struct relation index = pg_relation(l, l->change->other, OBJECT_INDEX);

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	index.type = OBJECT_INDEX;
	if (slice_empty(index.name.schema))
		index.name.schema = r->name.schema;
	/* It is renamed to the constraint. */
	if (l->change->def->name.len && !slice_eq(l->change->def->name, index.name.name))
		pg_lock(l, &index, PG_SHARE_UPDATE_EXCLUSIVE);
	if (index.presence == ABSENT)
		pg_fails(l, "index \"%.*s\" does not exist", SLICE(index.name.name));
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
	const struct object *none;

	if (!k && r->object &&
		catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, l->change->name, &none) ==
			ABSENT) {
		pg_fails(l, "constraint \"%.*s\" does not exist", SLICE(l->change->name));
		return;
	}
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
	const struct object *k = constraint_of(l, r, l->change->name), *none;
	const struct object **keys;
	size_t n = 0;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	if (!k && r->object &&
		catalog_part(l->catalog, r->object, OBJECT_CONSTRAINT, l->change->name, &none) ==
			ABSENT) {
		if (!(l->change->flags & CHANGE_IF_EXISTS))
			pg_fails(l, "constraint \"%.*s\" does not exist", SLICE(l->change->name));
		return;
	}
	pg_destroys(l, OBJECT_CONSTRAINT, r->name, l->change->name);
	if (!k) {
		if (r->object == NULL)
			pg_need(l, "definition of constraint %.*s", SLICE(l->change->name));
		return;
	}
	if (slice_is(k->constraint.kind, "foreign key")) {
		struct relation parent = pg_relation(l, k->constraint.ref_table, OBJECT_TABLE);

		pg_lock_tree(l, &parent, PG_ACCESS_EXCLUSIVE);
	}
	if (!slice_is(k->constraint.kind, "primary key") &&
		!slice_is(k->constraint.kind, "unique") && !slice_is(k->constraint.kind, "exclude"))
		return;
	for (size_t i = 0; i < r->object->nparts; i++)
		if (r->object->parts[i]->type == OBJECT_INDEX &&
			slice_eq(r->object->parts[i]->name,
				k->constraint.index.len ? k->constraint.index : k->name))
			pg_lock_index_tree(
				l, r->object->parts[i], PG_ACCESS_EXCLUSIVE, PG_ACCESS_EXCLUSIVE);
	n = catalog_referencing(l->catalog, r->object, l->arena, &keys);
	for (size_t i = 0; i < n; i++) {
		struct relation other = pg_relation_of(l, keys[i]->table);

		if (keys[i]->constraint.ref_columns.n && k->constraint.columns.n &&
			!names_eq(keys[i]->constraint.ref_columns, k->constraint.columns))
			continue;
		drop_key(l, r, &other, keys[i], false);
	}
}

/* ---- Partitions ---- */

static bool has_default_partition(struct looking *l, const struct relation *parent)
{
	const struct object **parts;
	size_t n = parent->object ? catalog_partitions(l->catalog, parent->object, l->arena, &parts)
				  : 0;

	for (size_t i = 0; i < n; i++)
		if (slice_iis(slice_trim(parts[i]->table_.partition_bound.text), "default"))
			return true;
	return false;
}

void pg_lock_default_partition(struct looking *l, const struct relation *parent, bool scan)
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

/* The literals of "FROM ('a') TO ('b')" and "IN (1)", as they would stand in a check. */
static bool check_says(struct slice check, struct slice column, const char *op, struct slice value)
{
	struct arena a = {0};
	struct slice plain = arena_printf(&a, "%.*s %s %.*s", SLICE(column), op, SLICE(value));
	bool found = slice_find(check, plain) != SIZE_MAX;

	arena_done(&a);
	return found;
}

static struct slice in_parentheses(struct slice text, const char *after)
{
	size_t at = slice_ifind(text, slice_of(after)), open, close;

	if (at == SIZE_MAX)
		return SLICE_NONE;
	text = slice_from(text, at + strlen(after));
	open = slice_chr(text, '(');
	close = slice_chr(text, ')');
	return open == SIZE_MAX || close == SIZE_MAX || close < open
		       ? SLICE_NONE
		       : slice_trim(slice_sub(text, open + 1, close - open - 1));
}

/* A validated check that says exactly the bound, on a column that is not null. Whether another one
 * implies it is the server's to prove. */
static bool bound_is_proven(struct looking *l, const struct relation *parent,
	const struct relation *child, bool *possible)
{
	struct slice key = parent->object ? parent->object->table_.partition_key.text : SLICE_NONE;
	struct slice column = in_parentheses(key, ""), bound = l->change->value.text;
	struct slice from = in_parentheses(bound, "FROM"), to = in_parentheses(bound, "TO");
	struct slice in = in_parentheses(bound, "IN");
	enum presence known;
	const struct object *col = column_of(l, child, column, &known);
	bool not_null = (col && col->column.not_null) || not_null_is_proven(l, child, column);

	*possible = false;
	for (size_t i = 0; child->object && i < child->object->nparts; i++) {
		const struct object *p = child->object->parts[i];
		struct slice t;

		if (p->type != OBJECT_CONSTRAINT || !slice_is(p->constraint.kind, "check") ||
			p->constraint.not_valid)
			continue;
		t = p->constraint.expression.normal.len ? p->constraint.expression.normal
							: p->constraint.expression.text;
		*possible = true;
		if (from.len && to.len && not_null && check_says(t, column, ">=", from) &&
			check_says(t, column, "<", to) && slice_ifind(t, SL(" OR ")) == SIZE_MAX)
			return true;
		if (in.len && slice_chr(in, ',') == SIZE_MAX && not_null &&
			check_says(t, column, "=", in) && slice_ifind(t, SL(" OR ")) == SIZE_MAX)
			return true;
	}
	return false;
}

static void attach_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);

	(void)r;
	(void)key;
	pg_lock(l, other, PG_SHARE_ROW_EXCLUSIVE);
	if (refers && l->change->kind == CHANGE_ATTACH_PARTITION) {
		pg_scan(l, &child, true);
		pg_scan(l, other, true);
	}
}

/* Indexes of the parent that the new partition gets its own of. */
void pg_lock_parent_indexes(struct looking *l, const struct relation *parent)
{
	for (size_t i = 0; parent->object && i < parent->object->nparts; i++)
		if (parent->object->parts[i]->type == OBJECT_INDEX) {
			struct relation index = pg_index_of(l, parent, parent->object->parts[i]);

			pg_lock(l, &index, PG_SHARE_UPDATE_EXCLUSIVE);
		}
	pg_each_key(l, parent, SLICE_NONE, attach_key);
}

static void attach(struct looking *l, const struct relation *r)
{
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);
	bool possible, proven = bound_is_proven(l, r, &child, &possible);

	if (child.presence == ABSENT) {
		pg_fails(l, "relation \"%.*s\" does not exist", SLICE(child.name.name));
		return;
	}
	pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
	pg_lock_tree(l, &child, PG_ACCESS_EXCLUSIVE);
	if (!proven && possible)
		pg_need(l, "whether a check of %.*s implies the bound", SLICE(child.name.name));
	if (!proven)
		pg_scan(l, &child, !possible);
	pg_lock_parent_indexes(l, r);
	if (child.object)
		pg_build_new(l, child.name);
	pg_lock_default_partition(l, r, true);
	if (!proven)
		pg_may_fail(l, "it fails when a row is outside of the bound");
}

static void detach_key(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	(void)r;
	(void)key;
	pg_lock(l, other, refers ? PG_SHARE_ROW_EXCLUSIVE : PG_ACCESS_EXCLUSIVE);
}

static void detach(struct looking *l, const struct relation *r)
{
	struct relation child = pg_relation(l, l->change->other, OBJECT_TABLE);
	const struct object **keys;

	if (child.object && r->object && !name_eq(child.object->table_.partition_of, r->name)) {
		pg_fails(l, "\"%.*s\" is not a partition of it", SLICE(child.name.name));
		return;
	}
	if (l->change->flags & CHANGE_CONCURRENTLY) {
		pg_lock(l, r, PG_SHARE_UPDATE_EXCLUSIVE);
		pg_lock(l, &child, PG_ACCESS_EXCLUSIVE);
		names_add(l->arena, &l->out->waits_for, SL("transactions that use the table"));
		if (has_default_partition(l, r))
			pg_fails(l,
				"it cannot be detached concurrently: there is a default partition");
		return;
	}
	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	pg_lock_tree(l, &child, PG_ACCESS_EXCLUSIVE);
	pg_each_key(l, r, SLICE_NONE, detach_key);
	if (r->object && catalog_referencing(l->catalog, r->object, l->arena, &keys))
		for (size_t i = 0; child.object && i < child.object->nparts; i++)
			if (child.object->parts[i]->type == OBJECT_INDEX &&
				child.object->parts[i]->index.unique) {
				struct relation index =
					pg_index_of(l, &child, child.object->parts[i]);

				pg_lock(l, &index, PG_ACCESS_EXCLUSIVE);
			}
	pg_lock_default_partition(l, r, false);
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

/* What a plain action does besides. */
static void beside(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;

	switch ((int)c->kind) {
	case CHANGE_ALTER_IDENTITY:
		pg_lock_sequences(l, r, c->name, PG_SHARE_ROW_EXCLUSIVE);
		break;
	case CHANGE_DROP_IDENTITY:
		pg_lock_sequences(l, r, c->name, PG_ACCESS_EXCLUSIVE);
		break;
	case CHANGE_CLUSTER_ON:
		lock_part_index(l, r, c->name, PG_SHARE_UPDATE_EXCLUSIVE);
		break;
	case CHANGE_REPLICA_IDENTITY:
		lock_part_index(l, r, c->name, PG_SHARE);
		break;
	case CHANGE_RENAME_CONSTRAINT:
		lock_part_index(l, r, c->name, PG_SHARE_UPDATE_EXCLUSIVE);
		break;
	case CHANGE_OF_TYPE:
		if (slice_empty(c->other.name))
			pg_rerun(l, RERUN_FAILS);
		break;
	case CHANGE_DROP_NOT_NULL:
		if (in_primary_key(r->object, c->name))
			pg_fails(l, "the column is in the primary key");
		break;
	case CHANGE_SET_OPTIONS:
	case CHANGE_RESET_OPTIONS:
		if (pg_is_partitioned(r))
			pg_fails(l, "a partitioned table has no storage parameters");
		for (size_t i = 0; i < c->list.n; i++)
			if (slice_starts(c->list.at[i], "user_catalog_table"))
				pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
		if (r->type == OBJECT_VIEW)
			pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
		break;
	default:
		break;
	}
}

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
	pg_breaks(l, BREAKS_OLD_WRITERS, r->type, r->name, SLICE_NONE);
	pg_breaks(l, BREAKS_NEW_CODE, r->type, r->name, SLICE_NONE);
}

static void rename_column(struct looking *l, const struct relation *r)
{
	enum presence known;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	column_of(l, r, l->change->name, &known);
	if (known == ABSENT && r->type == OBJECT_TABLE)
		pg_fails(l, "column \"%.*s\" does not exist", SLICE(l->change->name));
	column_of(l, r, l->change->other.name, &known);
	if (known == PRESENT)
		pg_fails(l, "column \"%.*s\" exists already", SLICE(l->change->other.name));
	pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, l->change->name);
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

static void rewrite_whole(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	const char *now = c->kind == CHANGE_SET_LOGGED ? "permanent" : "unlogged";
	struct slice to = c->value.text.len ? c->value.text : c->name;

	pg_lock(l, r, PG_ACCESS_EXCLUSIVE);
	if (c->kind == CHANGE_SET_LOGGED || c->kind == CHANGE_SET_UNLOGGED) {
		if (r->object && slice_is(r->object->table_.persistence, now))
			return; /* already so */
		pg_each_key(l, r, SLICE_NONE, persistence_key);
		pg_lock_sequences(l, r, SLICE_NONE, PG_ACCESS_EXCLUSIVE);
	}
	if (c->kind == CHANGE_SET_ACCESS_METHOD && r->object &&
		(slice_eq(to, r->object->table_.access_method) ||
			(slice_is(to, "heap") && slice_empty(r->object->table_.access_method))))
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
					beside(l, &r);
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
		pg_rename_relation(l, &r);
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
