/* effects_partition.c - ALTER TABLE … PARTITION, and what a partitioned table cannot be. */
#include "engine/mysql/effects_alter.h"

#include "engine/mysql/parser.h"
#include "sql/partition_list.h"

#include <stdint.h>

static bool is_key(const struct object *o)
{
	return (o->type == OBJECT_INDEX && o->index.unique) ||
	       (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"));
}

/* Every unique key has all columns that the rows are spread by. */
static void keys_fit_partitions(struct effects *x, const struct change *ch)
{
	size_t list = slice_ifind(ch->value.text, SL("(partition"));
	struct slice by =
		slice_sub(ch->value.text, 0, list == SIZE_MAX ? ch->value.text.len : list);

	for (size_t i = 0; x->t && i < x->t->nparts; i++) {
		const struct object *c = x->t->parts[i];

		if (c->type != OBJECT_COLUMN || !my_mentions(x->a, x->d.dialect, by, c->name))
			continue;
		for (size_t k = 0; k < x->t->nparts; k++) {
			const struct object *o = x->t->parts[k];

			if (is_key(o) &&
				!my_names_have(o->type == OBJECT_INDEX ? o->index.columns
								       : o->constraint.columns,
					c->name))
				fx_fails(x, OUTCOME_FAILS,
					"the key %.*s lacks %.*s, which the rows "
					"would be spread by",
					SLICE(o->name), SLICE(c->name));
		}
	}
}

static struct slice listed(const struct effects *x)
{
	return x->t && !x->t->tainted ? x->t->table_.definition.normal : SLICE_NONE;
}

/* Of the partitions named, are all there? */
static bool has_partitions(struct effects *x, const struct change *ch)
{
	struct slice text = x->t ? x->t->table_.definition.text : SLICE_NONE, list = listed(x);
	bool followed = !slice_starts(text, "changed by ");

	if (!followed && slice_empty(list))
		return true; /* an ALTER TABLE that the catalog does not follow */
	for (size_t i = 0; text.len && i < ch->list.n; i++)
		if (!partition_listed(list, ch->list.at[i]) && !slice_iis(ch->list.at[i], "all") &&
			!(followed && my_mentions(x->a, x->d.dialect, text, ch->list.at[i])))
			return false; /* the text names sub-partitions as well */
	return true;
}

enum partition_does { PARTITION_NOTHING, PARTITION_LOSES, PARTITION_MOVES };
static const struct {
	const char *words;
	enum partition_does does;
	enum rerun again;
	bool named; /* partitions that must be there */
} partition_rows[] = {
	{"ADD PARTITION PARTITIONS", PARTITION_MOVES, RERUN_DIFFERS, false},
	{"ADD", PARTITION_NOTHING, RERUN_FAILS, false},
	{"DROP", PARTITION_LOSES, RERUN_FAILS, true},
	{"TRUNCATE", PARTITION_LOSES, RERUN_SAME, true},
	{"REORGANIZE", PARTITION_MOVES, RERUN_FAILS, true},
	{"COALESCE", PARTITION_MOVES, RERUN_UNKNOWN, false},
	{"REBUILD", PARTITION_MOVES, RERUN_SAME, true},
	{"OPTIMIZE", PARTITION_MOVES, RERUN_SAME, true},
	{"REMOVE", PARTITION_MOVES, RERUN_FAILS, false},
	{"PARTITION BY", PARTITION_MOVES, RERUN_SAME, false},
	{"EXCHANGE", PARTITION_NOTHING, RERUN_DIFFERS, true},
	{"CONVERT", PARTITION_NOTHING, RERUN_FAILS, false},
	{"", PARTITION_NOTHING, RERUN_SAME, false},
};

static void lose_partitions(struct effects *x, const struct change *ch)
{
	bool all = ch->list.n == 0 || slice_iis(ch->list.at[0], "all");

	fx_undo(x, UNDO_SCHEMA_ONLY);
	if (all)
		fx_destroys(x, ch, OBJECT_TABLE, SLICE_NONE, true);
	for (size_t i = 0; !all && i < ch->list.n; i++)
		fx_destroys(x, ch, OBJECT_TABLE, ch->list.at[i], true);
}

static bool is_spread(const struct effects *x)
{
	struct slice by = x->t->table_.partition_key.text;

	return slice_istarts(by, "HASH") || slice_istarts(by, "KEY") || slice_istarts(by, "LINEAR");
}

/* Ranges and lists are told one by one, hashed partitions are counted. */
static void kind_fits(struct effects *x, struct slice text)
{
	bool counts =
		slice_istarts(text, "COALESCE") || slice_istarts(text, "ADD PARTITION PARTITIONS");
	bool names =
		slice_istarts(text, "DROP PARTITION") ||
		(slice_istarts(text, "ADD PARTITION") &&
			slice_ifind(text, SL("VALUES")) < text.len) ||
		(slice_istarts(text, "REORGANIZE") && slice_ifind(text, SL("VALUES")) < text.len);

	if (!x->t || slice_empty(x->t->table_.partition_key.text))
		return;
	if (counts && !is_spread(x))
		fx_fails(x, OUTCOME_FAILS, "only HASH and KEY partitions are counted");
	if (names && is_spread(x))
		fx_fails(x, OUTCOME_FAILS, "HASH and KEY partitions are not told one by one");
}

/* So many fewer each time, until one is left. */
static void coalesce(struct effects *x, struct slice text)
{
	struct slice number = slice_trim(slice_from(text, strlen("COALESCE PARTITION")));
	unsigned long long all = partition_count(listed(x)), fewer;

	if (!all || !slice_u64(number, &fewer))
		return;
	if (fewer >= all)
		fx_fails(x, OUTCOME_FAILS, "a partition must be left");
	x->out->rerun = all > 2 * fewer ? RERUN_DIFFERS : RERUN_FAILS;
}

/* What a partitioned table cannot have. */
static void parts_fit_partitions(struct effects *x, const struct change *ch)
{
	const struct object **keys;
	bool mariadb = is_mariadb(&x->d);

	for (size_t i = 0; x->t && i < x->t->nparts; i++) {
		const struct object *o = x->t->parts[i];

		if (fx_is_foreign(o))
			fx_fails(x, OUTCOME_FAILS, "a partitioned table has no foreign key");
		if (mariadb && x->d.version < 110200 && o->type == OBJECT_COLUMN &&
			my_is_geometry(o->column.type))
			fx_fails(x, OUTCOME_FAILS, "a partitioned table has no geometry");
	}
	if (x->t && catalog_referencing(x->c, x->t, x->a, &keys))
		fx_fails(x, OUTCOME_FAILS, "the foreign key %.*s refers to it",
			SLICE(keys[0]->name));
	keys_fit_partitions(x, ch);
}

/* ---- bounds ---- */

enum order { ORDER_LESS = -1, ORDER_SAME = 0, ORDER_MORE = 1, ORDER_UNKNOWN = 2 };

/* Days since the year 0, as TO_DAYS counts. */
static long long days_of(struct slice date)
{
	unsigned long long y, m, d;

	if (date.len < 10 || !slice_u64(slice_sub(date, 0, 4), &y) ||
		!slice_u64(slice_sub(date, 5, 2), &m) || !slice_u64(slice_sub(date, 8, 2), &d) ||
		m < 1 || m > 12)
		return -1;
	if (m < 3)
		y--, m += 12;
	return (long long)(365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + d) + 59;
}

static struct slice between_quotes(struct slice s)
{
	size_t open = slice_chr(s, '\''), close;

	if (open == SIZE_MAX)
		return SLICE_NONE;
	s = slice_from(s, open + 1);
	close = slice_chr(s, '\'');
	return close == SIZE_MAX ? SLICE_NONE : slice_sub(s, 0, close);
}

/* 5, -5, to_days('2024-01-01'), year('2024-01-01') */
static bool number_of(struct slice s, long long *out)
{
	bool minus = s.len && s.at[0] == '-';
	struct slice text = between_quotes(s);
	unsigned long long n;

	if (slice_istarts(s, "to_days("))
		return (*out = days_of(text)) >= 0;
	if (slice_istarts(s, "year("))
		s = slice_sub(text, 0, text.len < 4 ? text.len : 4);
	if (!slice_u64(minus ? slice_from(s, 1) : s, &n))
		return false;
	*out = minus ? -(long long)n : (long long)n;
	return true;
}

static enum order compare_one(struct slice a, struct slice b)
{
	long long m, n;
	int cmp;

	if (slice_iis(a, "maxvalue") || slice_iis(b, "maxvalue"))
		return !slice_iis(b, "maxvalue")   ? ORDER_MORE
		       : !slice_iis(a, "maxvalue") ? ORDER_LESS
						   : ORDER_SAME;
	if (number_of(a, &m) && number_of(b, &n))
		return m < n ? ORDER_LESS : m > n ? ORDER_MORE : ORDER_SAME;
	/* the same function, or none, of a text */
	if (slice_chr(a, '\'') == SIZE_MAX ||
		!slice_eq(slice_sub(a, 0, slice_chr(a, '\'')),
			slice_sub(b, 0, slice_chr(b, '\'') < b.len ? slice_chr(b, '\'') : 0)))
		return ORDER_UNKNOWN;
	cmp = slice_cmp(between_quotes(a), between_quotes(b));
	return cmp < 0 ? ORDER_LESS : cmp > 0 ? ORDER_MORE : ORDER_SAME;
}

static enum order compare(struct slice a, struct slice b)
{
	enum order o = ORDER_SAME;
	struct slice x, y;

	while (o == ORDER_SAME && slice_next(&a, ',', &x) && slice_next(&b, ',', &y))
		o = compare_one(slice_trim(x), slice_trim(y));
	return o;
}

static void ranges_rise(struct effects *x, struct slice list)
{
	struct slice name, bound, last = SLICE_NONE;

	while (partition_next(&list, &name, &bound)) {
		enum order o = last.len && bound.len ? compare(last, bound) : ORDER_LESS;

		if (o == ORDER_MORE || o == ORDER_SAME)
			fx_fails(x, OUTCOME_FAILS,
				"the partition %.*s does not end above the one before it",
				SLICE(name));
		last = bound;
	}
}

/* No value is in two lists. */
static void lists_differ(struct effects *x, struct slice list)
{
	struct names seen = {0};
	struct slice name, bound, value;

	while (partition_next(&list, &name, &bound)) {
		if (slice_chr(bound, '(') != SIZE_MAX)
			continue; /* lists of tuples */
		while (slice_next(&bound, ',', &value)) {
			if (names_has(seen, value))
				fx_fails(x, OUTCOME_FAILS, "%.*s is in two partitions",
					SLICE(value));
			names_add(x->a, &seen, value);
		}
	}
}

static void names_differ(struct effects *x, struct slice list)
{
	struct slice name, bound;

	while (partition_next(&list, &name, &bound))
		if (partition_listed(list, name))
			fx_fails(x, OUTCOME_FAILS, "there are two partitions %.*s", SLICE(name));
}

void fx_bounds_fit(struct effects *x, const struct expr *by, struct slice list)
{
	struct slice how = by->normal.len ? by->normal : by->text;

	if (slice_istarts(how, "range"))
		ranges_rise(x, list);
	else if (slice_istarts(how, "list"))
		lists_differ(x, list);
	names_differ(x, list);
}

static bool is_history(const struct effects *x)
{
	return slice_istarts(x->t->table_.partition_key.text, "system_time");
}

/* The partitions as they will be: in order, and at least one. */
static void list_fits(struct effects *x, const struct change *ch)
{
	struct slice now = listed(x), then;
	size_t left;

	if (slice_empty(now) || !partition_list_after(x->a, ch, now, &then))
		return;
	left = partition_count(then);
	if (left == 0)
		fx_fails(x, OUTCOME_FAILS, "a partition must be left");
	else if (left < 2 && is_history(x) && slice_istarts(ch->value.text, "DROP"))
		fx_fails(x, OUTCOME_FAILS, "a partition of the rows' past must be left");
	if (!slice_istarts(ch->value.text, "DROP") && !is_history(x))
		fx_bounds_fit(x, &x->t->table_.partition_key, then);
}

/* Everything that REORGANIZE makes is there already: the second run makes it once more. */
static bool reorganizes_again(const struct effects *x, const struct change *ch)
{
	struct slice added = ch->value.normal, name, bound;
	size_t n = 0;

	if (!slice_istarts(ch->value.text, "REORGANIZE"))
		return false;
	while (partition_next(&added, &name, &bound)) {
		if (!my_names_have(ch->list, name))
			return false;
		n++;
	}
	return n == ch->list.n || (x->t && n == 0);
}

/* ---- EXCHANGE and CONVERT ---- */

static bool same_column(struct effects *x, const struct object *a, const struct object *b,
	const struct object *t, const struct object *u)
{
	struct object m = my_with_charset(t, a), n = my_with_charset(u, b);

	(void)x;
	return slice_ieq(a->name, b->name) && slice_eq(m.column.type, n.column.type) &&
	       m.column.not_null == n.column.not_null &&
	       slice_eq(m.column.charset, n.column.charset) &&
	       slice_eq(m.column.collation, n.column.collation) &&
	       slice_eq(m.column.generated, n.column.generated) &&
	       slice_eq(m.column.identity, n.column.identity);
}

static const struct object *nth(const struct object *t, enum object_type type, size_t n)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == type && n-- == 0)
			return t->parts[i];
	return NULL;
}

/* The same index is there, whatever it is called. */
static bool has_index(const struct object *t, const struct object *index)
{
	for (size_t i = 0; i < t->nparts; i++) {
		const struct object *o = t->parts[i];

		if (o->type == index->type && o->type == OBJECT_INDEX &&
			o->index.unique == index->index.unique &&
			slice_eq(o->index.method, index->index.method) &&
			names_eq(o->index.keys, index->index.keys) &&
			slice_ieq(o->name, index->name))
			return true;
		if (o->type == index->type && o->type == OBJECT_CONSTRAINT &&
			slice_eq(o->constraint.kind, index->constraint.kind) &&
			names_eq(o->constraint.columns, index->constraint.columns))
			return true;
	}
	return false;
}

static bool is_key_of_table(const struct object *o)
{
	return o->type == OBJECT_INDEX ||
	       (o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "primary key"));
}

static bool same_definition(struct effects *x, const struct object *t, const struct object *u)
{
	for (size_t i = 0;; i++) {
		const struct object *a = nth(t, OBJECT_COLUMN, i), *b = nth(u, OBJECT_COLUMN, i);

		if (!a && !b)
			break;
		if (!a || !b || !same_column(x, a, b, t, u))
			return false;
	}
	for (size_t i = 0; i < t->nparts; i++)
		if (is_key_of_table(t->parts[i]) && !has_index(u, t->parts[i]))
			return false;
	for (size_t i = 0; i < u->nparts; i++)
		if (is_key_of_table(u->parts[i]) && !has_index(t, u->parts[i]))
			return false;
	return slice_eq(t->table_.access_method, u->table_.access_method);
}

static void exchange_fits(struct effects *x, const struct change *ch)
{
	enum presence how;
	const struct object *t = fx_find(x, OBJECT_NONE, ch->other, &how);
	const struct object **keys;

	if (how == ABSENT) {
		fx_fails(x, OUTCOME_FAILS, "there is no table %.*s", SLICE(fx_show(x, ch->other)));
		return;
	}
	if (is_mariadb(&x->d) && x->d.version < 110400 &&
		slice_ifind(ch->value.text, SL("VALIDATION")) != SIZE_MAX)
		fx_fails(x, OUTCOME_FAILS, "MariaDB knows WITH and WITHOUT VALIDATION since 11.4");
	if (!t || !x->t || t->tainted || x->t->tainted)
		return;
	if (t->type != OBJECT_TABLE) {
		fx_fails(x, OUTCOME_FAILS, "%.*s is a %s", SLICE(fx_show(x, ch->other)),
			object_type_word(t->type));
		return;
	}
	if (!slice_empty(t->table_.partition_key.text))
		fx_fails(x, OUTCOME_FAILS, "%.*s has partitions of its own",
			SLICE(fx_show(x, ch->other)));
	if (slice_is(t->table_.persistence, "temporary"))
		fx_fails(x, OUTCOME_FAILS, "%.*s is temporary", SLICE(fx_show(x, ch->other)));
	for (size_t i = 0; i < t->nparts; i++)
		if (fx_is_foreign(t->parts[i]))
			fx_fails(x, OUTCOME_FAILS, "%.*s has a foreign key",
				SLICE(fx_show(x, ch->other)));
	if (catalog_referencing(x->c, t, x->a, &keys) && (!x->s || x->s->foreign_keys))
		fx_fails(x, OUTCOME_FAILS, "a foreign key refers to %.*s",
			SLICE(fx_show(x, ch->other)));
	if (!same_definition(x, x->t, t))
		fx_fails(x, OUTCOME_FAILS, "%.*s is defined differently",
			SLICE(fx_show(x, ch->other)));
	if (slice_ifind(ch->value.text, SL("WITHOUT VALIDATION")) == SIZE_MAX)
		fx_fails(x, OUTCOME_MAY_FAIL, "a row may not belong into the partition");
}

void fx_partitions(struct effects *x, const struct change *ch)
{
	struct slice text = ch->value.text;
	bool is_by = slice_istarts(text, "PARTITION BY");
	bool plain = x->t && !x->t->tainted && slice_empty(x->t->table_.definition.text);
	bool quiet = slice_ifind(text, SL("IF EXISTS")) != SIZE_MAX ||
		     slice_ifind(text, SL("IF NOT EXISTS")) != SIZE_MAX;
	size_t i = 0;

	while (!slice_istarts(text, partition_rows[i].words))
		i++;
	if (plain && !is_by)
		fx_fails(x, OUTCOME_FAILS, "%.*s has no partitions", SLICE(fx_show(x, ch->target)));
	if (x->t && partition_rows[i].again == RERUN_FAILS &&
		partition_rows[i].does == PARTITION_NOTHING &&
		(slice_istarts(text, "ADD") || slice_istarts(text, "CONVERT TABLE")) &&
		my_mentions(x->a, x->d.dialect, x->t->table_.definition.text, SL("maxvalue")))
		fx_fails(x, OUTCOME_FAILS, "the last partition of %.*s ends at MAXVALUE",
			SLICE(fx_show(x, ch->target)));
	kind_fits(x, text);
	if (is_by) {
		parts_fit_partitions(x, ch);
		fx_mysql_partition_by(x);
	}
	if (!is_mariadb(&x->d) && quiet && !slice_istarts(text, "ADD"))
		fx_fails(x, OUTCOME_FAILS, "MySQL does not know IF EXISTS here");
	if (slice_istarts(text, "EXCHANGE"))
		exchange_fits(x, ch);
	if (is_by)
		fx_bounds_fit(x, &ch->def->table_.partition_key, ch->def->table_.definition.normal);
	if (partition_rows[i].named && !has_partitions(x, ch)) {
		if (!quiet)
			fx_fails(x, OUTCOME_FAILS, "%.*s has no such partition",
				SLICE(fx_show(x, ch->target)));
		return;
	}
	if (!quiet)
		list_fits(x, ch);
	fx_rerun(x, partition_rows[i].again == RERUN_FAILS && (quiet || reorganizes_again(x, ch))
			    ? RERUN_SAME
			    : partition_rows[i].again);
	if (slice_istarts(text, "COALESCE"))
		coalesce(x, text);
	switch (partition_rows[i].does) {
	case PARTITION_NOTHING:
		break;
	case PARTITION_LOSES:
		lose_partitions(x, ch);
		break;
	case PARTITION_MOVES:
		fx_rewrites(x, ch->target, x->t);
		break;
	}
}
