/* effects_types.c - a column's new type: rewritten, indexes only, or nothing at all. */
#include "engine/postgres/effects.h"
#include "sql/token.h"

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

/* Zones that have never been anything but UTC. */
static bool utc_session(const struct looking *l, bool *known)
{
	static const char *const names[] = {"utc", "gmt", "etc/utc", "etc/gmt", "uct", "etc/uct",
		"zulu", "etc/zulu", "universal", "etc/universal", "greenwich", "etc/greenwich",
		"gmt0", "gmt+0", "gmt-0", "etc/gmt0", "etc/gmt+0", "etc/gmt-0", "0", "0.0", "+0",
		"-0", "00:00", "+00:00", "-00:00", "+00", "interval '+00:00' hour to minute",
		"interval '00:00' hour to minute", "interval '0' hour"};

	*known = l->session->time_zone.len > 0 && !slice_iis(l->session->time_zone, "default") &&
		 !slice_iis(l->session->time_zone, "local");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_iis(l->session->time_zone, names[i]))
			return true;
	return false;
}

/* Between the two timestamps the session's time zone decides. */
static enum type_change zone_change(struct looking *l, long to_precision)
{
	bool known, utc = utc_session(l, &known);

	if (to_precision >= 0 && to_precision < 6)
		return TYPE_REWRITE;
	return !known ? TYPE_UNSURE : utc ? TYPE_SAME_STORAGE : TYPE_REWRITE;
}

/* "interval day to minute" keeps nothing finer than minutes. */
static int least_field(struct slice interval)
{
	static const char *const fields[] = {"second", "minute", "hour", "day", "month", "year"};
	struct slice words = slice_sub(interval, 0, slice_chr(interval, '('));

	for (int i = 0; i < 6; i++)
		if (slice_ends(slice_trim(words), fields[i]))
			return i;
	return 0;
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
	if (slice_starts(from, "interval") && least_field(to) > least_field(from))
		return TYPE_REWRITE; /* what is finer is cut off */
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

/* Of the domain, or of one that it is made of. */
bool pg_domain_checks(struct looking *l, const struct object *d)
{
	for (int depth = 0; d && depth < 16; depth++) {
		if (d->type_.checks.n > 0 || d->type_.not_null)
			return true;
		d = pg_domain(l, d->type_.base);
	}
	return false;
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
		return pg_domain_checks(l, domain) ? TYPE_REWRITE
						   : pg_type_change(l, from, domain->type_.base);
	domain = pg_domain(l, from);
	if (domain) /* what comes out of a domain has lost its length */
		return pg_type_change(l, pg_type_plain(l->arena, domain->type_.base), to);
	if (slice_ends(from, "]") || slice_ends(to, "]"))
		return TYPE_REWRITE;
	if (slice_is(f, "numeric") && slice_is(t, "numeric"))
		return b < 0 || (a >= 0 && b >= a && (a2 < 0 ? 0 : a2) == (b2 < 0 ? 0 : b2))
			       ? TYPE_SAME_STORAGE
			       : TYPE_REWRITE;
	if (slice_eq(f, t) && (slice_is(f, "character varying") || slice_is(f, "bit varying")))
		return b < 0 || (a >= 0 && b >= a) ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	if (slice_is(f, "character") &&
		(slice_is(t, "bpchar") || (slice_is(t, "character") && a == b)))
		return TYPE_SAME_STORAGE;
	if (pg_type_same_bytes(l, f, t))
		return b < 0 ? TYPE_SAME_STORAGE : TYPE_REWRITE;
	if (slice_is(t, "citext") || slice_ends(t, ".citext"))
		if (slice_is(f, "text") || (slice_is(f, "character varying") && a < 0))
			return TYPE_REINDEX;
	if (slice_is(f, "citext") || slice_ends(f, ".citext"))
		if (slice_is(t, "text") || (slice_is(t, "character varying") && b < 0))
			return TYPE_REINDEX;
	if (is_time(f) && is_time(t))
		return time_change(l, from, to, a, b);
	return TYPE_REWRITE;
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

		if (p->type != OBJECT_INDEX || !pg_index_uses(p, column))
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
	for (size_t i = 0; table && i < table->nparts; i++)
		if (table->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(table->parts[i]->constraint.kind, "check") &&
			pg_constraint_uses(table->parts[i], column))
			return true;
	return false;
}

/* CAST(x AS type) is x::type. */
static struct slice cast_argument(struct slice text, struct slice *rest)
{
	size_t as = slice_ifind(text, SL(" as "));

	if (!slice_istarts(text, "cast(") || !slice_ends(text, ")") || as == SIZE_MAX)
		return SLICE_NONE;
	*rest = slice_sub(text, as + 4, text.len - as - 5);
	return slice_trim(slice_sub(text, 5, as - 5));
}

/* The column itself: c, "c", t.c, "t"."c". In front of it can only stand the table's name. */
static bool is_column(struct slice text, struct slice column)
{
	struct slice last, before;
	size_t at = text.len;

	if (slice_ends(text, "\"") && text.len > 1) {
		for (at = text.len - 1; at > 0 && text.at[at - 1] != '"'; at--)
			;
		if (at == 0)
			return false;
		last = slice_sub(text, at, text.len - at - 1);
		before = slice_sub(text, 0, at - 1);
	} else {
		while (at > 0 && text.at[at - 1] != '.')
			at--;
		last = slice_from(text, at);
		before = slice_sub(text, 0, at);
	}
	if (!slice_ieq(slice_trim(last), column))
		return false;
	before = slice_trim(before);
	for (size_t i = 0; i < before.len; i++)
		if (strchr("()[]'", before.at[i]))
			return false;
	return before.len == 0 || slice_ends(before, ".");
}

/* Does USING only say what would be done anyway? Then *to is the type it casts to, if any. */
static bool using_is_plain(const struct change *c, struct slice *to)
{
	struct slice text = pg_bare_text(c->value.text), rest = SLICE_NONE, arg;
	const struct expr_facts *f = c->value.facts;

	*to = SLICE_NONE;
	if (text.len == 0 || is_column(text, c->name))
		return true;
	arg = cast_argument(text, &rest);
	if (!arg.len) {
		size_t colons = slice_find(text, SL("::"));

		arg = slice_trim(slice_sub(text, 0, colons));
		rest = colons == SIZE_MAX ? SLICE_NONE : slice_from(text, colons + 2);
	}
	arg = pg_bare_text(arg);
	if (!rest.len || !is_column(arg, c->name) || !f || f->functions.n || f->types.n != 1)
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (strchr("+-*/%|&<>=:~!@#^?", rest.at[i]))
			return false;
	*to = f->types.at[0];
	return true;
}

/* Only what an assignment would do goes without USING. */
static bool needs_using(struct looking *l, struct slice from, struct slice to)
{
	return pg_assignable(l, from, to) == ABSENT;
}

/* USING runs again on what it has made. */
static enum rerun rerun_using(struct looking *l, const struct object *col, struct slice to)
{
	static const char *const of_text[] = {"btrim", "ltrim", "rtrim", "replace",
		"regexp_replace", "split_part", "substring", "string_to_array", "to_date",
		"to_timestamp", "to_number", "lower", "upper", "left", "right", "initcap",
		"date_part", "extract", "length"};
	static const char *const again[] = {"btrim", "ltrim", "rtrim", "lower", "upper", "round",
		"trunc", "floor", "ceil", "abs", "to_jsonb", "to_json", "date_trunc", "replace",
		"coalesce", "date"};
	const struct expr_facts *f = l->change->value.facts;
	struct slice plain;
	bool idempotent = true;

	if (using_is_plain(l->change, &plain))
		return RERUN_SAME;
	if (!f)
		return RERUN_UNKNOWN;
	if (!f->has_columns)
		return f->functions.n ? RERUN_UNKNOWN : RERUN_SAME;
	for (size_t i = 0; i < f->functions.n; i++) {
		struct slice name = pg_split_name(f->functions.at[i]).name;
		bool known = false;

		for (size_t k = 0; k < sizeof of_text / sizeof *of_text; k++)
			if (slice_iis(name, of_text[k]) && !pg_type_is_text(l, to) &&
				(!col || pg_type_is_text(l, col->column.type)))
				return RERUN_FAILS;
		for (size_t k = 0; k < sizeof again / sizeof *again; k++)
			known = known || slice_iis(name, again[k]);
		idempotent = idempotent && known;
	}
	if (f->functions.n == 0 && slice_istarts(pg_bare_text(l->change->value.text), "array["))
		return RERUN_DIFFERS;
	return f->functions.n && idempotent ? RERUN_SAME : RERUN_UNKNOWN;
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

/* A default is cast to the new type too, and refused where it cannot be. */
static void retype_default(struct looking *l, const struct object *col)
{
	struct slice to = l->change->def->column.type;

	if (col->column.default_value.text.len && needs_using(l, col->column.type, to) &&
		!(col->column.default_value.facts && col->column.default_value.facts->null) &&
		!pg_statement_has(l, CHANGE_DROP_DEFAULT, l->change->name))
		pg_fails(l, "its default cannot be cast to %.*s", SLICE(to));
	if (col->column.generated.len && needs_using(l, col->column.type, to))
		pg_fails(l, "its expression cannot be cast to %.*s", SLICE(to));
}

static bool is_number(struct slice type)
{
	return slice_is(type, "integer") || slice_is(type, "bigint") ||
	       slice_is(type, "smallint") || slice_starts(type, "numeric") ||
	       slice_is(type, "real") || slice_is(type, "double precision");
}

/* column > 5 */
static bool compares_number(const struct expr *e, struct slice column)
{
	struct token t, last = {0}, before = {0};
	struct lexer x;

	lexer_init(&x, DIALECT_POSTGRES, e->normal.len ? e->normal : e->text);
	for (; (t = lexer_next(&x)).kind != TOKEN_END; before = last, last = t)
		if (t.kind == TOKEN_NUMBER && last.kind == TOKEN_PUNCT &&
			strchr("<>=", last.text.at[0]) && slice_ieq(before.text, column))
			return true;
	return false;
}

/* An index needs to order or find the new values, and an expression to compare them. */
static void no_operators(struct looking *l, const struct relation *r, const struct object *col)
{
	struct slice to = l->change->def->column.type;
	bool unordered = slice_is(to, "json") || slice_is(to, "xml") || slice_is(to, "point");
	bool texts = pg_type_is_text(l, to) && is_number(col->column.type);

	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_INDEX && unordered && names_has(p->index.columns, col->name))
			pg_fails(l, "index \"%.*s\" cannot hold a %.*s", SLICE(p->name), SLICE(to));
		if (p->type == OBJECT_INDEX && texts &&
			compares_number(&p->index.predicate, col->name))
			pg_fails(l, "index \"%.*s\" compares it with a number", SLICE(p->name));
		if (p->type == OBJECT_CONSTRAINT && texts &&
			slice_is(p->constraint.kind, "check") &&
			compares_number(&p->constraint.expression, col->name) &&
			!pg_statement_has(l, CHANGE_DROP_CONSTRAINT, p->name))
			pg_fails(l, "check \"%.*s\" compares it with a number", SLICE(p->name));
	}
}

static void retype_refused(struct looking *l, const struct relation *r, const struct object *col)
{
	const struct object **heirs;

	if (pg_in_keys_below(l, r, col->name))
		pg_fails(l, "the column is in the partition key");
	no_operators(l, r, col);
	if (col->column.inherited)
		pg_fails(l, "the column is inherited: the parent's is changed");
	if (l->change->flags & CHANGE_ONLY && pg_children(l, r, &heirs) && pg_is_heir(heirs[0], r))
		pg_fails(l, "the type must be changed in the tables that inherit too");
	if (pg_type_known(l, l->change->def->column.type) == ABSENT)
		pg_fails(l, "type %.*s does not exist", SLICE(l->change->def->column.type));
}

/* Keys compare the two columns: a number is never equal to a text. */
static void retype_comparable(struct looking *l, const struct relation *r, struct relation *other,
	const struct object *key, bool refers)
{
	const struct names *here = refers ? &key->constraint.columns : &key->constraint.ref_columns;
	const struct names *there =
		refers ? &key->constraint.ref_columns : &key->constraint.columns;
	struct slice to = l->change->def->column.type;
	enum presence known;

	(void)r;
	for (size_t i = 0; i < here->n && i < there->n; i++) {
		const struct object *col = pg_column(l, other, there->at[i], &known);

		if (slice_eq(here->at[i], l->change->name) && col &&
			pg_type_is_text(l, to) != pg_type_is_text(l, col->column.type) &&
			!pg_domain(l, to) && !pg_domain(l, col->column.type))
			pg_fails(l, "a key compares it with a column of type %.*s",
				SLICE(col->column.type));
	}
}

static void retype_dependents(struct looking *l, const struct relation *r, struct slice column)
{
	pg_fail_for_views(l, r->object, column);
	for (size_t i = 0; i < r->object->nparts; i++) {
		const struct object *p = r->object->parts[i];

		if (p->type == OBJECT_COLUMN && p->column.generated.len &&
			pg_expr_names(&p->column.generation, column))
			pg_fails(l, "generated column \"%.*s\" uses it", SLICE(p->name));
		else if (pg_part_needs(p, column))
			pg_fails(l, "%s \"%.*s\" uses it", object_type_word(p->type),
				SLICE(p->name));
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

/* Types whose values all fit into the other, so that going back finds each of them again. */
static bool comes_back(struct looking *l, struct slice from, struct slice to)
{
	static const char *const wider[][2] = {{"smallint", "integer"}, {"smallint", "bigint"},
		{"integer", "bigint"}, {"smallint", "numeric"}, {"integer", "numeric"},
		{"bigint", "numeric"}, {"bigint", "integer"}, {"integer", "smallint"},
		{"bigint", "smallint"}, {"real", "double precision"},
		{"integer", "double precision"}, {"smallint", "double precision"},
		{"smallint", "real"}, {"date", "timestamp without time zone"},
		{"text", "character varying"}, {"character varying", "text"}, {"uuid", "text"},
		{"character varying", "character varying"}, {"uuid", "character varying"},
		{"jsonb", "json"}, {"jsonb", "text"}, {"json", "text"}, {"integer", "text"},
		{"bigint", "text"}, {"smallint", "text"}, {"numeric", "text"},
		{"integer", "character varying"}, {"bigint", "character varying"},
		{"boolean", "text"}, {"cidr", "inet"}, {"date", "text"}, {"integer", "oid"},
		{"boolean", "integer"}, {"inet", "text"}, {"bit", "bit varying"},
		{"bit varying", "bit varying"}};
	struct slice f = pg_type_plain(l->arena, from), t = pg_type_plain(l->arena, to), by;
	const struct object *d = pg_domain(l, to);
	long a, b, a2, b2;

	if (!using_is_plain(l->change, &by))
		return false;
	if (d)
		return slice_eq(from, d->type_.base) || comes_back(l, from, d->type_.base);
	d = pg_domain(l, from);
	if (d)
		return slice_eq(to, d->type_.base) || comes_back(l, d->type_.base, to);
	if (slice_is(f, "numeric") && slice_is(t, "numeric")) {
		type_base(from, &a, &a2);
		type_base(to, &b, &b2);
		return b < 0 || (a >= 0 && (b2 < 0 ? 0 : b2) >= (a2 < 0 ? 0 : a2));
	}
	for (size_t i = 0; i < sizeof wider / sizeof *wider; i++)
		if (slice_is(f, wider[i][0]) && slice_is(t, wider[i][1]))
			return true;
	return false;
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

/* Longer texts, more digits: who reads it sees the type it knew. */
static bool only_wider(struct looking *l, struct slice from, struct slice to)
{
	long a, b, a2, b2;
	struct slice f = type_base(from, &a, &a2), t = type_base(to, &b, &b2);

	(void)l;
	return !slice_ends(from, "]") && slice_eq(f, t) && slice_is(f, "character varying") &&
	       a >= 0 && (b < 0 || b >= a);
}

static void alter_type(struct looking *l, const struct relation *r)
{
	const struct change *c = l->change;
	enum presence known;
	const struct object *col = pg_column(l, r, c->name, &known);
	struct slice collation = c->def ? c->def->column.collation : SLICE_NONE, by;
	bool new_collation;

	pg_lock_tree(l, r, PG_ACCESS_EXCLUSIVE);
	pg_rerun(l, rerun_using(l, col, c->def->column.type));
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
	retype_refused(l, r, col);
	retype_default(l, col);
	pg_row_type_used(l, r->name);
	new_collation = collation.len > 0 && !slice_eq(collation, col->column.collation);
	switch (type_change(l, col)) {
	case TYPE_REWRITE:
		pg_rewrite(l, r, true);
		reindex_column(l, r, c->name, false);
		if (!comes_back(l, col->column.type, c->def->column.type))
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
		reindex_column(l, r, c->name, !new_collation);
		if (check_mentions(r->object, c->name))
			pg_scan(l, r, true);
		break;
	}
	narrowing(l, r, col);
	if (!using_is_plain(c, &by) && check_mentions(r->object, c->name))
		pg_may_fail(l, "the new values may violate a check");
	if (col->column.identity.len && !slice_eq(col->column.type, c->def->column.type))
		pg_lock_sequences(l, r, c->name, PG_SHARE_ROW_EXCLUSIVE);
	pg_each_key(l, r, c->name, retype_key);
	pg_each_key(l, r, c->name, retype_comparable);
	retype_dependents(l, r, c->name);
	if (!slice_eq(col->column.type, c->def->column.type) &&
		!only_wider(l, col->column.type, c->def->column.type))
		pg_breaks(l, BREAKS_OLD_READERS, OBJECT_COLUMN, r->name, c->name);
}

const struct pg_action pg_type_actions[] = {
	{CHANGE_ALTER_TYPE, NULL, alter_type},
	{0},
};
