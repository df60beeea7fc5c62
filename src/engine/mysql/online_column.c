/* online_column.c - the best ALGORITHM and LOCK for columns that come, go and change. */
#include "engine/mysql/online_parts.h"

#include "engine/mysql/parser.h"

/* Is the default the same for all rows? MariaDB works such a one out once; a call that may give
 * each row another value, or a look at the row, makes it copy. MySQL: literals, and the clock
 * without arithmetic, are no expressions. */
static bool expression_default(const struct my_dialect *d, const struct object *def)
{
	static const char *const each_row[] = {"uuid", "uuid_short", "sys_guid", "nextval",
		"lastval", "next value", "previous value", "sysdate", "utc_timestamp", "utc_date",
		"utc_time", "random_bytes"};
	const struct expr *e = &def->column.default_value;

	if (!is_mariadb(d) && slice_starts(e->text, "("))
		return true; /* a constant in brackets too */
	if (!e->text.len || !e->facts || e->facts->constant ||
		slice_starts(e->normal, "current_timestamp("))
		return false;
	if (!is_mariadb(d) || e->facts->has_columns)
		return true;
	for (size_t i = 0; i < sizeof each_row / sizeof *each_row; i++)
		for (size_t k = 0; k < e->facts->functions.n; k++)
			if (slice_iis(e->facts->functions.at[k], each_row[i]))
				return true;
	return slice_istarts(e->text, "next value") || slice_istarts(e->text, "nextval") ||
	       slice_istarts(e->text, "lastval") || slice_istarts(e->text, "previous value");
}

static bool is_last_column(const struct asked *q, struct slice name)
{
	const struct after_part *last = NULL;

	for (size_t i = 0; i < q->after->n; i++)
		if (q->after->v[i].type == OBJECT_COLUMN && !q->after->v[i].gone)
			last = &q->after->v[i];
	return last && slice_ieq(last->name, name);
}

struct online on_add_column(const struct asked *q, const struct change *ch)
{
	const struct object *def = ch->def;
	struct online o = on_instant();
	bool placed = ch->list.n > 0 && !is_last_column(q, ch->name);

	if (ch->flags & CHANGE_IF_NOT_EXISTS && on_column(q->t, ch->name))
		return o;
	o.adds_column = true;
	if (!q->is.innodb || slice_is(def->column.generated, "stored") ||
		expression_default(q->d, def))
		return on_copy();
	if (slice_is(def->column.identity, "auto_increment")) {
		o = on_rebuild(q);
		o.lock = LOCK_WORDS_SHARED;
		return o;
	}
	if (slice_is(def->column.generated, "virtual")) {
		o.adds_column = false;
		return o;
	}
	if (q->is.compressed || q->is.fulltext ||
		(is_mariadb(q->d) ? q->is.had_virtual_index || q->is.had_fulltext
				  : q->d->version < 80012 || (placed && q->d->version < 80029)))
		return on_rebuild(q);
	return q->is.known ? o : on_needs(o, "indexes and generated columns", ch->target.name);
}

static bool is_nullable(const struct asked *q, struct slice column)
{
	const struct after_part *p = after_find(q->after, OBJECT_COLUMN, column);
	const struct object *o = !p ? NULL : p->will ? p->will : p->was;

	return !o || (!o->column.not_null && !on_in_primary(q->t, column));
}

/* Without its primary key the table is kept in the order of a unique key that has no NULLs; if
 * there is none, it is copied. */
bool on_keeps_order(const struct asked *q)
{
	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];
		const struct object *o = p->will ? p->will : p->was;
		bool nullable = false;

		if (p->gone)
			continue;
		if (after_is_primary(p))
			return true;
		if (p->type != OBJECT_INDEX || p->implied || !o->index.unique)
			continue;
		for (size_t k = 0; k < p->columns.n; k++)
			nullable |= is_nullable(q, p->columns.at[k]);
		if (!nullable)
			return true;
	}
	return false;
}

static bool shrinks_index(const struct asked *q, struct slice column, bool *drops)
{
	bool shrinks = false;

	*drops = false;
	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		if (p->type != OBJECT_INDEX || !p->was ||
			!my_names_have(p->was->index.columns, column))
			continue;
		shrinks |= p->shrunk && !p->gone;
		*drops |= p->gone;
	}
	return shrinks;
}

/* MySQL: a primary key over fewer columns is another one; without any it copies. */
static bool keeps_primary(const struct asked *q)
{
	for (size_t i = 0; i < q->after->n; i++)
		if (after_is_primary(&q->after->v[i]) && !q->after->v[i].gone)
			return true;
	return false;
}

/* Without a primary key, the first unique key that has no NULLs keeps the rows. */
static bool in_clustered(const struct asked *q, struct slice column)
{
	const struct object *key = on_clustered(q->t);

	return key && key->type == OBJECT_INDEX && my_names_have(key->index.columns, column);
}

/* Indexes over the column are built anew, behind the rows. */
static struct online reindex(const struct asked *q, struct slice column)
{
	struct online o = on_row(is_mariadb(q->d) ? ALGO_NOCOPY : ALGO_INPLACE, LOCK_WORDS_NONE);

	for (size_t i = 0; i < q->after->n; i++) {
		struct after_part *p = &q->after->v[i];

		if (p->gone || p->type != OBJECT_INDEX || !p->was ||
			!my_names_have(p->was->index.columns, column))
			continue;
		p->reordered = true;
		if (on_fulltext(p))
			o.lock = LOCK_WORDS_SHARED;
	}
	o.adds_index = true;
	return o;
}

static bool drops_stored(const struct asked *q)
{
	for (size_t i = 0; i < q->after->n; i++)
		if (q->after->v[i].type == OBJECT_COLUMN && q->after->v[i].gone &&
			!on_generated(q->after->v[i].was, "virtual"))
			return true;
	return false;
}

/* MySQL: a virtual column that stays then stands elsewhere among those. */
static bool has_virtual_behind(const struct asked *q, const struct object *column)
{
	bool behind = false;

	for (size_t i = 0; i < q->t->nparts; i++)
		if (q->t->parts[i] == column) {
			behind = true;
		} else if (behind && on_generated(q->t->parts[i], "virtual")) {
			const struct after_part *p =
				after_find(q->after, OBJECT_COLUMN, q->t->parts[i]->name);

			if (p && p->was)
				return true;
		}
	return false;
}

struct online on_drop_column(const struct asked *q, const struct change *ch)
{
	const struct object *c = on_column(q->t, ch->name);
	struct online o = on_instant();
	bool drops, shrinks;

	if (!c && q->is.known)
		return on_instant();
	if (!q->is.innodb)
		return on_copy();
	o.adds_column = true;
	if (!q->t)
		return on_needs(o, "indexes", ch->target.name);
	if (!c)
		return on_instant();
	shrinks = shrinks_index(q, ch->name, &drops);
	if (on_generated(c, "virtual") && !shrinks) {
		o.adds_column = false;
		if (is_mariadb(q->d))
			return drops ? on_worse(o, on_row(ALGO_NOCOPY, LOCK_WORDS_NONE)) : o;
		return drops || (has_virtual_behind(q, c) && !drops_stored(q)) ? on_metadata(q) : o;
	}
	if (on_generated(c, "virtual") && !is_mariadb(q->d))
		return reindex(q, ch->name);
	if (on_in_primary(q->t, ch->name) || in_clustered(q, ch->name))
		return (is_mariadb(q->d) ? on_keeps_order(q) : keeps_primary(q)) ? on_rebuild(q)
										 : on_copy();
	if (q->is.compressed || q->is.fulltext || shrinks)
		return on_rebuild(q);
	if (is_mariadb(q->d)) {
		if (q->is.had_virtual_index)
			return on_rebuild(q);
		if (q->is.had_fulltext) /* its hidden column stays behind */
			return on_rebuild(q);
		return drops ? on_worse(o, on_row(ALGO_NOCOPY, LOCK_WORDS_NONE)) : o;
	}
	return q->d->version < 80029 || drops ? on_rebuild(q) : o;
}

/* MariaDB takes a TIMESTAMP's NULL for the present. */
static struct online null_change(
	const struct asked *q, struct slice column, const struct object *to)
{
	bool to_not_null = to->column.not_null;

	if (!is_mariadb(q->d) && !to_not_null && in_clustered(q, column) && !on_keeps_order(q))
		return on_copy();
	if (is_mariadb(q->d) && to_not_null && slice_is(my_type_base(to->column.type), "timestamp"))
		return on_copy();
	if (is_mariadb(q->d) && (q->is.has_stored || q->is.had_virtual_index) && to_not_null)
		return on_copy();
	if (is_mariadb(q->d) && q->is.redundant && !to_not_null)
		return on_instant();
	return on_rebuild(q);
}

struct object my_with_charset(const struct object *t, const struct object *def)
{
	struct object o = *def;

	if (t && slice_empty(o.column.charset) && my_type_has_charset(o.column.type)) {
		o.column.charset = t->table_.charset;
		if (slice_empty(o.column.collation))
			o.column.collation = t->table_.collation;
	}
	return o;
}

static bool is_noted_instantly(struct slice type)
{
	return slice_starts(type, "enum") || slice_starts(type, "set") ||
	       slice_starts(type, "float") || slice_starts(type, "double");
}

static bool indexed_then(const struct asked *q, struct slice column)
{
	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		if (p->type == OBJECT_COLUMN && p->was && slice_ieq(p->was->name, column))
			column = p->name; /* its name then */
	}
	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		if (!p->gone && (p->type == OBJECT_INDEX || after_is_primary(p)) &&
			my_names_have(p->columns, column))
			return true;
	}
	return false;
}

struct online on_modify_type(
	const struct asked *q, const struct object *from, const struct object *to)
{
	struct type_question ask = {.from = from,
		.to = to,
		.indexed = is_mariadb(q->d) ? on_indexed(q->t, from->name)
					    : indexed_then(q, from->name),
		.redundant = is_mariadb(q->d) && q->is.redundant};
	struct online o = on_copy();

	switch (my_type_change(q->d, &ask)) {
	case TYPE_SAME:
		o = on_instant();
		break;
	case TYPE_METADATA:
		/* MySQL: appending to an enum or set is INSTANT, growing a varchar INPLACE. */
		o = is_noted_instantly(from->column.type) ? on_instant() : on_metadata(q);
		break;
	case TYPE_WIDER:
		if (is_mariadb(q->d) && ask.indexed && ask.only_order &&
			slice_eq(from->column.type, to->column.type))
			o = reindex(q, from->name);
		break;
	case TYPE_NARROWER:
		break;
	}
	return ask.unsure ? on_needs(o, "character set", from->name) : o;
}

/* An index over the whole of a long text holds as much of it as a key may have: it is built anew
 * when the text outgrows that. */
static bool outgrows_key(const struct asked *q, const struct object *from, const struct object *to)
{
	for (size_t i = 0; i < q->after->n; i++) {
		struct after_part *p = &q->after->v[i];
		const struct object *o = p->was;
		unsigned long long a, b;
		struct slice key;
		bool whole;

		if (p->gone || p->type != OBJECT_INDEX || !o || o->index.unique ||
			o->index.columns.n != 1 || !slice_ieq(o->index.columns.at[0], from->name) ||
			on_fulltext(p))
			continue;
		key = o->index.keys.n ? o->index.keys.at[0] : SLICE_NONE;
		a = my_key_part_bytes(q->d, from, key, &whole);
		b = my_key_part_bytes(q->d, to, key, &whole);
		if (!on_is_cut(o, 0) && a < MY_KEY_BYTES && b > MY_KEY_BYTES) {
			p->reordered = true;
			return true;
		}
	}
	return false;
}

static bool generated_changes(const struct object *from, const struct object *to)
{
	return !slice_eq(from->column.generated, to->column.generated) ||
	       (from->column.generation.normal.len && to->column.generation.normal.len &&
		       !slice_eq(from->column.generation.normal, to->column.generation.normal));
}

static struct online modify_order(const struct asked *q)
{
	struct online o = on_instant();

	if (!is_mariadb(q->d) || q->is.compressed || q->is.had_fulltext || q->is.had_virtual_index)
		o = on_rebuild(q);
	o.adds_column = true;
	return o;
}

static struct online modify_generated(
	const struct asked *q, const struct object *from, const struct object *to)
{
	if (is_mariadb(q->d) && on_generated(from, "virtual") && on_generated(to, "virtual") &&
		!on_indexed(q->t, from->name) && slice_eq(from->column.type, to->column.type))
		return on_instant();
	return on_copy();
}

/* MySQL: INSTANT since 8.0.28, but not of a column that another table's foreign key refers to. */
struct online on_rename_column(const struct asked *q, struct slice column)
{
	const struct object **keys;
	size_t n = is_mariadb(q->d) || !q->t ? 0 : catalog_referencing(q->c, q->t, q->a, &keys);
	bool named = false;

	for (size_t i = 0; i < n; i++)
		named |= my_names_have(keys[i]->constraint.ref_columns, column);
	return is_mariadb(q->d) || (q->d->version >= 80028 && !named)
		       ? on_instant()
		       : on_row(ALGO_INPLACE, LOCK_WORDS_NONE);
}

/* MySQL's stored columns among each other: where a virtual one stands makes no difference. */
static bool stored_move(const struct asked *q)
{
	size_t last = 0;

	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		if (p->type != OBJECT_COLUMN || p->gone || !p->was ||
			on_generated(p->was, "virtual"))
			continue;
		if (p->place < last)
			return true;
		last = p->place;
	}
	return false;
}

static bool moves(const struct asked *q, struct slice name)
{
	size_t place = 0;

	if (!is_mariadb(q->d))
		return stored_move(q);
	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		if (p->type != OBJECT_COLUMN || p->gone)
			continue;
		place++;
		if (p->was && slice_ieq(p->was->name, name))
			return p->place != place;
	}
	return false;
}

/* MariaDB's COMPRESSED columns. */
static bool is_packed(const struct object *column)
{
	return names_has(column->column.options, SL("compressed"));
}

/* MyISAM and Aria take more labels of an enum or set as they are, and nothing else. */
static bool stored_anew(const struct asked *q, const struct object *from, const struct object *to)
{
	struct type_question ask = {.from = from, .to = to};
	enum my_type_change how = my_type_change(q->d, &ask);
	struct slice base = my_type_base(from->column.type);

	if (slice_is(base, "enum") || slice_is(base, "set"))
		return how > TYPE_METADATA;
	return ask.other_order || !slice_eq(from->column.type, to->column.type);
}

struct online on_modify_column(const struct asked *q, const struct change *ch)
{
	const struct object *old = on_column(q->t, ch->name);
	struct object from, to;
	struct online o;

	if (!old && (ch->flags & CHANGE_IF_EXISTS) && q->t && !q->t->tainted)
		return on_instant();
	if (!old)
		return on_needs(on_copy(), "old definition", ch->name);
	from = my_with_charset(q->t, old);
	to = my_with_charset(q->t, ch->def);
	if (generated_changes(&from, &to))
		return modify_generated(q, &from, &to);
	o = on_modify_type(q, &from, &to);
	if (is_mariadb(q->d) && ((on_generated(old, "virtual") && on_indexed(q->t, ch->name)) ||
					(on_generated(old, "stored") &&
						!slice_eq(from.column.type, to.column.type))))
		o = on_worse(o, on_copy());
	if (is_mariadb(q->d) && o.algorithm == ALGO_INSTANT && outgrows_key(q, &from, &to)) {
		o = on_row(ALGO_NOCOPY, LOCK_WORDS_NONE);
		o.adds_index = true;
	}
	if (from.column.not_null != (to.column.not_null || on_in_primary(q->t, ch->name)))
		o = on_worse(o, null_change(q, ch->name, &to));
	if (!slice_eq(from.column.identity, to.column.identity) &&
		(!is_mariadb(q->d) || !slice_empty(to.column.identity)))
		o = on_worse(o, on_copy());
	if (ch->list.n && moves(q, ch->name)) /* FIRST, AFTER */
		o = on_worse(o, modify_order(q));
	if (is_mariadb(q->d) && is_packed(&from) != is_packed(&to))
		o = on_worse(o, on_copy());
	if (!q->is.innodb &&
		(o.algorithm != ALGO_INSTANT || o.adds_column || stored_anew(q, &from, &to)))
		return on_copy();
	if (!slice_empty(ch->other.name) && !slice_ieq(ch->other.name, ch->name))
		o = on_worse(o, on_rename_column(q, ch->name));
	return o;
}
