/* online.c - the best ALGORITHM and LOCK of every action.
 *
 * MariaDB's rows were observed on 10.11 and are held up against a real server by
 * tests/oracle/mysql. MySQL's are documented ones (8.0 manual, "Online DDL Operations"), with the
 * versions in which they changed; no MySQL server has confirmed them. */
#include "engine/mysql/online.h"

#include "engine/mysql/parser.h"

const char *my_algorithm_word(enum algorithm g)
{
	static const char *const words[] = {"INSTANT", "NOCOPY", "INPLACE", "COPY"};

	return words[g];
}

const char *my_lock_word(enum lock_words l)
{
	static const char *const words[] = {"NONE", "SHARED", "EXCLUSIVE"};

	return words[l];
}

/* ---- what the table is like ---- */

struct shape {
	bool known, innodb, redundant, compressed, has_stored, has_virtual;
	/* afterwards */
	bool fulltext, virtual_index;
};

struct asked {
	struct arena *a;
	const struct my_dialect *d;
	const struct session *s;
	const struct catalog *c;
	const struct object *t;
	const struct statement *st;
	struct after *after;
	struct shape is;
};

static const struct object *column_of(const struct object *t, struct slice name)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return t->parts[i];
	return NULL;
}

static bool is_generated(const struct object *o, const char *how)
{
	return o && o->type == OBJECT_COLUMN && slice_is(o->column.generated, how);
}

static bool is_fulltext(const struct after_part *p)
{
	const struct object *o = p->will ? p->will : p->was;

	return p->type == OBJECT_INDEX && !p->implied && slice_is(o->index.method, "fulltext");
}

/* An old index over a virtual column that stays. */
static bool is_virtual_index(const struct after_part *p, const struct object *t)
{
	for (size_t i = 0; p->type == OBJECT_INDEX && p->was && i < p->was->index.columns.n; i++)
		if (is_generated(column_of(t, p->was->index.columns.at[i]), "virtual"))
			return true;
	return false;
}

static struct shape shape_of(const struct object *t, const struct after *after)
{
	struct shape s = {.known = t && !t->tainted, .innodb = true};

	if (!t)
		return s;
	s.innodb =
		slice_empty(t->table_.access_method) || slice_is(t->table_.access_method, "InnoDB");
	s.compressed = names_has(t->table_.options, SL("row_format=compressed"));
	s.redundant = names_has(t->table_.options, SL("row_format=redundant"));
	for (size_t i = 0; i < t->nparts; i++) {
		s.has_stored |= is_generated(t->parts[i], "stored");
		s.has_virtual |= is_generated(t->parts[i], "virtual");
	}
	for (size_t i = 0; i < after->n; i++) {
		s.fulltext |= !after->v[i].gone && after->v[i].was && is_fulltext(&after->v[i]);
		s.virtual_index |=
			s.has_virtual && !after->v[i].gone && is_virtual_index(&after->v[i], t);
	}
	return s;
}

static bool in_primary(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key") &&
			my_names_have(t->parts[i]->constraint.columns, column))
			return true;
	return false;
}

static bool is_indexed(const struct object *t, struct slice column)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX &&
			my_names_have(t->parts[i]->index.columns, column))
			return true;
	return in_primary(t, column);
}

/* ---- the rows ---- */

static struct online row(enum algorithm g, enum lock_words l)
{
	return (struct online){
		.algorithm = g, .lock = l, .rebuild = g == ALGO_COPY, .applies = true};
}

/* FULLTEXT indexes, and MariaDB's over virtual columns, are not kept up to date while the rows are
 * written anew: writers wait. */
static struct online rebuild(const struct asked *q)
{
	bool waits = q->is.fulltext || (is_mariadb(q->d) && q->is.virtual_index);
	struct online o = row(ALGO_INPLACE, waits ? LOCK_WORDS_SHARED : LOCK_WORDS_NONE);

	o.rebuild = true;
	return o;
}

static struct online copy(void)
{
	return row(ALGO_COPY, LOCK_WORDS_SHARED);
}

static struct online instant(void)
{
	return row(ALGO_INSTANT, LOCK_WORDS_NONE);
}

/* A change of metadata: MySQL calls some of them INPLACE. */
static struct online metadata(const struct asked *q)
{
	return is_mariadb(q->d) ? instant() : row(ALGO_INPLACE, LOCK_WORDS_NONE);
}

static struct online needs(struct online o, const char *what, struct slice of)
{
	o.needs = what;
	o.needs_of = of;
	return o;
}

static bool outweighs(const struct online *a, const struct online *b)
{
	return a->algorithm >= b->algorithm && a->lock >= b->lock && a->rebuild >= b->rebuild;
}

static struct online worse(struct online a, struct online b)
{
	struct online o = a;

	o.algorithm = b.algorithm > a.algorithm ? b.algorithm : a.algorithm;
	o.lock = b.lock > a.lock ? b.lock : a.lock;
	o.rebuild |= b.rebuild;
	o.adds_column |= b.adds_column;
	o.adds_index |= b.adds_index;
	o.applies &= b.applies;
	/* What is not known does not matter beside something certain that costs as much. */
	if (a.needs && !b.needs && outweighs(&b, &a))
		o.needs = NULL;
	if (!a.needs && b.needs && !outweighs(&a, &b)) {
		o.needs = b.needs;
		o.needs_of = b.needs_of;
	}
	return o;
}

/* ---- columns ---- */

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

static struct online add_column(const struct asked *q, const struct change *ch)
{
	const struct object *def = ch->def;
	struct online o = instant();
	bool placed = ch->list.n > 0 && !is_last_column(q, ch->name);

	if (ch->flags & CHANGE_IF_NOT_EXISTS && column_of(q->t, ch->name))
		return o;
	o.adds_column = true;
	if (!q->is.innodb || slice_is(def->column.generated, "stored") ||
		expression_default(q->d, def))
		return copy();
	if (slice_is(def->column.identity, "auto_increment")) {
		o = rebuild(q);
		o.lock = LOCK_WORDS_SHARED;
		return o;
	}
	if (slice_is(def->column.generated, "virtual")) {
		o.adds_column = false;
		return o;
	}
	if (q->is.compressed || q->is.fulltext ||
		(is_mariadb(q->d) ? q->is.virtual_index
				  : q->d->version < 80012 || (placed && q->d->version < 80029)))
		return rebuild(q);
	return q->is.known ? o : needs(o, "indexes and generated columns", ch->target.name);
}

static bool is_nullable(const struct asked *q, struct slice column)
{
	const struct after_part *p = after_find(q->after, OBJECT_COLUMN, column);
	const struct object *o = !p ? NULL : p->will ? p->will : p->was;

	return !o || (!o->column.not_null && !in_primary(q->t, column));
}

/* Without its primary key the table is kept in the order of a unique key that has no NULLs; if
 * there is none, MariaDB copies. */
static bool keeps_order(const struct asked *q)
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

static struct online drop_column(const struct asked *q, const struct change *ch)
{
	const struct object *c = column_of(q->t, ch->name);
	struct online o = instant();
	bool drops, shrinks;

	if (!q->is.innodb)
		return copy();
	o.adds_column = true;
	if (!q->t)
		return needs(o, "indexes", ch->target.name);
	if (!c)
		return instant();
	shrinks = shrinks_index(q, ch->name, &drops);
	if (is_generated(c, "virtual") && !shrinks) {
		o.adds_column = false;
		return drops && is_mariadb(q->d) ? worse(o, row(ALGO_NOCOPY, LOCK_WORDS_NONE))
		       : drops                   ? rebuild(q)
						 : o;
	}
	if (in_primary(q->t, ch->name))
		return is_mariadb(q->d) && keeps_order(q) ? rebuild(q) : copy();
	if (q->is.compressed || q->is.fulltext || shrinks)
		return rebuild(q);
	if (is_mariadb(q->d)) {
		if (q->is.virtual_index)
			return rebuild(q);
		if (drops) /* a FULLTEXT index leaves its hidden column behind */
			for (size_t i = 0; i < q->after->n; i++)
				if (q->after->v[i].gone && is_fulltext(&q->after->v[i]))
					return rebuild(q);
		return drops ? worse(o, row(ALGO_NOCOPY, LOCK_WORDS_NONE)) : o;
	}
	return q->d->version < 80029 || drops || is_generated(c, "stored") ? rebuild(q) : o;
}

static struct online null_change(const struct asked *q, bool to_not_null)
{
	if (is_mariadb(q->d) && q->is.has_stored && to_not_null)
		return copy();
	if (is_mariadb(q->d) && q->is.redundant && !to_not_null)
		return instant();
	return rebuild(q);
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

static struct online reindex(const struct asked *q, struct slice column)
{
	struct online o = row(ALGO_NOCOPY, LOCK_WORDS_NONE);

	for (size_t i = 0; i < q->after->n; i++) {
		struct after_part *p = &q->after->v[i];

		if (p->gone || p->type != OBJECT_INDEX || !p->was ||
			!my_names_have(p->was->index.columns, column))
			continue;
		p->reordered = true;
		if (is_fulltext(p))
			o.lock = LOCK_WORDS_SHARED;
	}
	o.adds_index = true;
	return o;
}

static struct online modify_type(
	const struct asked *q, const struct object *from, const struct object *to)
{
	struct type_question ask = {.from = from,
		.to = to,
		.indexed = is_indexed(q->t, from->name),
		.redundant = is_mariadb(q->d) && q->is.redundant};
	struct online o = copy();

	switch (my_type_change(q->d, &ask)) {
	case TYPE_SAME:
		o = instant();
		break;
	case TYPE_METADATA:
		/* MySQL: appending to an enum or set is INSTANT, growing a varchar INPLACE. */
		o = slice_starts(from->column.type, "enum") ||
				    slice_starts(from->column.type, "set")
			    ? instant()
			    : metadata(q);
		break;
	case TYPE_WIDER:
		if (is_mariadb(q->d) && ask.indexed && ask.only_order &&
			slice_eq(from->column.type, to->column.type))
			o = reindex(q, from->name);
		break;
	case TYPE_NARROWER:
		break;
	}
	return ask.unsure ? needs(o, "character set", from->name) : o;
}

static bool generated_changes(const struct object *from, const struct object *to)
{
	return !slice_eq(from->column.generated, to->column.generated) ||
	       (from->column.generation.normal.len && to->column.generation.normal.len &&
		       !slice_eq(from->column.generation.normal, to->column.generation.normal));
}

static struct online modify_order(const struct asked *q)
{
	struct online o = instant();

	if (!is_mariadb(q->d) || q->is.compressed || q->is.fulltext || q->is.virtual_index)
		o = rebuild(q);
	o.adds_column = true;
	return o;
}

static struct online modify_generated(
	const struct asked *q, const struct object *from, const struct object *to)
{
	if (is_mariadb(q->d) && is_generated(from, "virtual") && is_generated(to, "virtual") &&
		!is_indexed(q->t, from->name) && slice_eq(from->column.type, to->column.type))
		return instant();
	return copy();
}

/* MySQL: INSTANT since 8.0.28, but not of a column that another table's foreign key refers to. */
static struct online rename_column(const struct asked *q, struct slice column)
{
	const struct object **keys;
	size_t n = is_mariadb(q->d) || !q->t ? 0 : catalog_referencing(q->c, q->t, q->a, &keys);
	bool named = false;

	for (size_t i = 0; i < n; i++)
		named |= my_names_have(keys[i]->constraint.ref_columns, column);
	return is_mariadb(q->d) || (q->d->version >= 80028 && !named)
		       ? instant()
		       : row(ALGO_INPLACE, LOCK_WORDS_NONE);
}

static bool moves(const struct asked *q, struct slice name)
{
	size_t place = 0;

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

static struct online modify_column(const struct asked *q, const struct change *ch)
{
	const struct object *old = column_of(q->t, ch->name);
	struct object from, to;
	struct online o;

	if (!old && (ch->flags & CHANGE_IF_EXISTS) && q->t && !q->t->tainted)
		return instant();
	if (!old)
		return needs(copy(), "old definition", ch->name);
	from = my_with_charset(q->t, old);
	to = my_with_charset(q->t, ch->def);
	if (generated_changes(&from, &to))
		return modify_generated(q, &from, &to);
	o = modify_type(q, &from, &to);
	if (from.column.not_null != (to.column.not_null || in_primary(q->t, ch->name)))
		o = worse(o, null_change(q, to.column.not_null));
	if (!slice_eq(from.column.identity, to.column.identity) && !slice_empty(to.column.identity))
		o = worse(o, copy());
	if (ch->list.n && moves(q, ch->name)) /* FIRST, AFTER */
		o = worse(o, modify_order(q));
	if (!q->is.innodb && (o.algorithm != ALGO_INSTANT || o.adds_column ||
				     !slice_eq(from.column.type, to.column.type)))
		return copy();
	if (!slice_empty(ch->other.name) && !slice_ieq(ch->other.name, ch->name))
		o = worse(o, rename_column(q, ch->name));
	return o;
}

/* ---- keys ---- */

/* A unique key over whole texts is kept by a hidden column of hashes. */
static bool is_hash_unique(const struct object *t, const struct object *index)
{
	for (size_t i = 0; index->index.unique && i < index->index.columns.n; i++) {
		const struct object *c = column_of(t, index->index.columns.at[i]);
		struct slice key = i < index->index.keys.n ? index->index.keys.at[i] : SLICE_NONE;

		if (c && my_lob_size(my_type_base(c->column.type)) &&
			slice_chr(key, '(') >= key.len)
			return true;
	}
	return false;
}

/* An index over a virtual column that is added beside it is built from rows that lack it. */
static bool over_new_virtual(const struct asked *q, const struct object *index)
{
	for (size_t i = 0; i < index->index.columns.n; i++) {
		const struct after_part *p =
			after_find(q->after, OBJECT_COLUMN, index->index.columns.at[i]);

		if (p && !p->was && is_generated(p->will, "virtual"))
			return true;
	}
	return false;
}

/* IF NOT EXISTS, and it exists. */
static bool makes_nothing(const struct asked *q, const struct change *ch)
{
	for (size_t i = 0; i < q->after->n; i++)
		if (q->after->v[i].by == ch)
			return false;
	return q->is.known;
}

static struct online create_index(const struct asked *q, const struct change *ch)
{
	struct online o = row(is_mariadb(q->d) ? ALGO_NOCOPY : ALGO_INPLACE, LOCK_WORDS_NONE);
	bool ignore = (ch->flags & CHANGE_IGNORE) && ch->def->index.unique;

	if ((ch->flags & CHANGE_IF_NOT_EXISTS) && makes_nothing(q, ch))
		return instant();
	o.adds_index = true;
	if (!q->is.innodb || ignore || (is_mariadb(q->d) && is_hash_unique(q->t, ch->def)))
		return copy();
	if (slice_is(ch->def->index.method, "fulltext")) {
		o = row(ALGO_INPLACE, LOCK_WORDS_SHARED);
		o.rebuild = !q->is.fulltext;
		o.adds_index = true;
		if (is_mariadb(q->d) && q->is.fulltext)
			o.algorithm = ALGO_NOCOPY;
		return q->is.known ? o : needs(o, "indexes", ch->target.name);
	}
	if (slice_is(ch->def->index.method, "spatial") || over_new_virtual(q, ch->def))
		o.lock = LOCK_WORDS_SHARED;
	return o;
}

static bool has_nullable(const struct object *t, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		const struct object *c = column_of(t, columns.at[i]);

		if (c && !c->column.not_null)
			return true;
	}
	return false;
}

/* Does the statement make an index for this foreign key? */
static bool implies_index(const struct asked *q, const struct change *ch)
{
	for (size_t i = 0; i < q->after->n; i++)
		if (q->after->v[i].implied && q->after->v[i].by == ch)
			return true;
	return false;
}

static struct online add_constraint(const struct asked *q, const struct change *ch)
{
	struct slice kind = ch->def->constraint.kind;
	struct online o;

	if ((ch->flags & CHANGE_IF_NOT_EXISTS) && makes_nothing(q, ch))
		return instant();
	if (!q->is.innodb || ((ch->flags & CHANGE_IGNORE) && slice_is(kind, "primary key")))
		return copy();
	if (slice_is(kind, "primary key"))
		return is_mariadb(q->d) && q->is.has_stored &&
				       has_nullable(q->t, ch->def->constraint.columns)
			       ? copy()
			       : rebuild(q);
	if (slice_is(kind, "foreign key") && q->s && !q->s->foreign_keys) {
		o = metadata(q);
		if (is_mariadb(q->d) && implies_index(q, ch)) {
			o = row(ALGO_NOCOPY, LOCK_WORDS_NONE);
			o.adds_index = true;
		}
		return o;
	}
	if (slice_is(kind, "check") && ch->def->constraint.not_enforced)
		return instant();
	return copy();
}

static struct online drop_constraint(const struct asked *q, const struct change *ch)
{
	struct slice kind = ch->def ? ch->def->constraint.kind : SLICE_NONE;

	for (size_t i = 0; slice_empty(ch->def ? ch->def->constraint.kind : SLICE_NONE) && q->t &&
			   i < q->t->nparts;
		i++)
		if (slice_ieq(q->t->parts[i]->name, ch->name)) {
			if (q->t->parts[i]->type == OBJECT_CONSTRAINT)
				kind = q->t->parts[i]->constraint.kind;
			else if (q->t->parts[i]->type == OBJECT_INDEX && slice_empty(kind))
				kind = SL("unique");
		}
	if (slice_is(kind, "primary key"))
		return is_mariadb(q->d) && q->is.innodb && keeps_order(q) ? rebuild(q) : copy();
	if (slice_is(kind, "unique"))
		return row(is_mariadb(q->d) ? ALGO_NOCOPY : ALGO_INPLACE, LOCK_WORDS_NONE);
	if (slice_is(kind, "check"))
		return instant();
	if (slice_is(kind, "foreign key"))
		return metadata(q);
	if (ch->flags & CHANGE_IF_EXISTS && q->t && !q->t->tainted)
		return instant();
	return needs(instant(), "kind of the constraint", ch->name);
}

/* ---- the table itself ---- */

static bool option_rebuilds(struct slice option)
{
	static const char *const words[] = {"row_format", "key_block_size", "page_compressed",
		"page_compression_level", "encrypted", "encryption", "compression"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_starts(option, words[i]))
			return true;
	return false;
}

static struct online set_options(const struct asked *q, const struct change *ch)
{
	for (size_t i = 0; i < ch->list.n; i++) {
		if (!q->is.innodb && !slice_starts(ch->list.at[i], "comment") &&
			!slice_starts(ch->list.at[i], "max_rows"))
			return copy();
		if (option_rebuilds(ch->list.at[i]))
			return rebuild(q);
	}
	return metadata(q);
}

static struct online none(void)
{
	return (struct online){.applies = false};
}

static struct online system_versioning(const struct change *ch)
{
	struct online o = row(ALGO_INPLACE, LOCK_WORDS_SHARED);

	o.rebuild = true;
	return slice_istarts(ch->value.text, "DROP") ? o : copy();
}

/* MySQL's FULLTEXT indexes are in the way of a rebuild in place. */
static struct online force(const struct asked *q)
{
	return q->is.innodb && (is_mariadb(q->d) || !q->is.fulltext) ? rebuild(q) : copy();
}

/* MariaDB accepts ALGORITHM=INSTANT for another engine, and copies the table all the same. */
static struct online change_engine(const struct asked *q, const struct change *ch)
{
	struct online o = copy();
	struct slice now = q->t ? q->t->table_.access_method : SLICE_NONE;
	bool same = slice_ieq(now, ch->value.text) ||
		    (slice_empty(now) && slice_is(ch->value.text, "InnoDB"));

	if (same)
		return force(q);
	if (is_mariadb(q->d))
		o.algorithm = ALGO_INSTANT;
	return o;
}

/* All text of the table, as if each column were modified. */
static struct online convert(const struct asked *q, const struct change *ch)
{
	struct online o = instant();

	if (!is_mariadb(q->d) || !q->is.known)
		return copy();
	for (size_t i = 0; i < q->t->nparts; i++) {
		const struct object *c = q->t->parts[i];
		struct object from, to;

		if (c->type != OBJECT_COLUMN || !my_type_has_charset(c->column.type))
			continue;
		from = my_with_charset(q->t, c);
		to = *c;
		to.column.charset = ch->value.text;
		to.column.collation = ch->list.n ? ch->list.at[0] : SLICE_NONE;
		o = worse(o, modify_type(q, &from, &to));
		if (my_lob_size(my_type_base(c->column.type)) &&
			my_charset_bytes(ch->value.text) > my_charset_bytes(from.column.charset))
			o = worse(o, copy()); /* TEXT becomes MEDIUMTEXT */
	}
	return q->is.innodb ? o : copy();
}

static struct online one_change(const struct asked *q, const struct change *ch)
{
	switch ((int)ch->kind) {
	case CHANGE_ADD_COLUMN:
		return add_column(q, ch);
	case CHANGE_DROP_COLUMN:
		return drop_column(q, ch);
	case CHANGE_MODIFY_COLUMN:
		return modify_column(q, ch);
	case CHANGE_CREATE_INDEX:
		return create_index(q, ch);
	case CHANGE_DROP_INDEX:
		if ((ch->flags & CHANGE_IF_EXISTS) && q->is.known && makes_nothing(q, ch))
			return instant();
		return !q->is.innodb ? copy()
				     : row(is_mariadb(q->d) ? ALGO_NOCOPY : ALGO_INPLACE,
					       LOCK_WORDS_NONE);
	case CHANGE_ADD_CONSTRAINT:
		return add_constraint(q, ch);
	case CHANGE_DROP_CONSTRAINT:
		return drop_constraint(q, ch);
	case CHANGE_RENAME_TABLE:
		return row(ALGO_INSTANT, is_mariadb(q->d) ? LOCK_WORDS_EXCLUSIVE : LOCK_WORDS_NONE);
	case CHANGE_RENAME_COLUMN:
		return rename_column(q, ch->name);
	case CHANGE_SET_DEFAULT:
	case CHANGE_DROP_DEFAULT:
	case CHANGE_COLUMN_VISIBILITY:
		return instant();
	case CHANGE_RENAME_INDEX:
	case CHANGE_ALTER_INDEX:
	case CHANGE_COMMENT_ON:
	case CHANGE_TABLE_CHARSET:
	case CHANGE_RESET_OPTIONS:
	case CHANGE_TABLE_OTHER:
		return metadata(q);
	case CHANGE_ALTER_CONSTRAINT:
		return ch->def && ch->def->constraint.not_enforced ? metadata(q) : copy();
	case CHANGE_SET_OPTIONS:
		return set_options(q, ch);
	case CHANGE_TABLE_ENGINE:
		return change_engine(q, ch);
	case CHANGE_TABLE_FORCE:
		return force(q);
	case CHANGE_SYSTEM_VERSIONING:
		return system_versioning(ch);
	case CHANGE_CONVERT_CHARSET:
		return convert(q, ch);
	case CHANGE_ORDER_BY:
		return copy();
	case CHANGE_ENABLE_KEYS:
		return is_mariadb(q->d) ? row(ALGO_INSTANT, LOCK_WORDS_EXCLUSIVE) : none();
	case CHANGE_SET_TABLESPACE:
	case CHANGE_ALTER_PARTITIONS:
	default:
		return none();
	}
}

/* ---- several together ---- */

/* PRIMARY KEY dropped and added in one statement: MySQL needs no copy then. */
static bool replaces_primary(const struct statement *st)
{
	bool drops = false, adds = false;

	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];
		bool primary =
			ch->def &&
			(ch->kind == CHANGE_ADD_CONSTRAINT || ch->kind == CHANGE_DROP_CONSTRAINT) &&
			slice_is(ch->def->constraint.kind, "primary key");

		drops |= primary && ch->kind == CHANGE_DROP_CONSTRAINT;
		adds |= primary && ch->kind == CHANGE_ADD_CONSTRAINT;
	}
	return drops && adds;
}

/* MariaDB: a column brings its own check along, and no row is looked at. */
static bool comes_with_column(const struct asked *q, const struct change *ch)
{
	return is_mariadb(q->d) && ch > q->st->changes && ch->kind == CHANGE_ADD_CONSTRAINT &&
	       slice_is(ch->def->constraint.kind, "check") && ch[-1].def &&
	       ch[-1].def->type == OBJECT_COLUMN && slice_eq(ch[-1].def->name, ch->name);
}

static bool is_json_check(const struct object *o, struct slice column)
{
	return o->type == OBJECT_CONSTRAINT && slice_is(o->constraint.kind, "check") &&
	       slice_ieq(o->name, column) &&
	       slice_starts(o->constraint.expression.normal, "json_valid(");
}

/* MariaDB's JSON is a longtext with a check; becoming one or ceasing to be one is another type. */
static bool json_changes(const struct asked *q, const struct change *ch)
{
	bool was = false, will;

	if (!is_mariadb(q->d) || ch->kind != CHANGE_MODIFY_COLUMN)
		return false;
	for (size_t i = 0; q->t && i < q->t->nparts; i++)
		was |= is_json_check(q->t->parts[i], ch->name);
	will = ch + 1 < q->st->changes + q->st->nchanges && ch[1].def &&
	       is_json_check(ch[1].def, ch->def->name);
	return was != will;
}

/* What MariaDB does to virtual columns in place it does alone, or beside plain indexes and columns
 * that are dropped instantly. Everything else together with it is a copy. */
struct virtual_work {
	bool adds, drops, moves, before_old;
	bool stored_added, stored_dropped, stored_moved, other;
};

static void look_at_columns(const struct asked *q, struct virtual_work *w)
{
	size_t place = 0;
	bool added = false;

	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];
		bool virtual = is_generated(p->was ? p->was : p->will, "virtual");

		if (p->type != OBJECT_COLUMN)
			continue;
		if (p->gone) {
			*(virtual ? &w->drops : &w->stored_dropped) |= p->was != NULL;
			continue;
		}
		place++;
		if (!p->was) {
			*(virtual ? &w->adds : &w->stored_added) = true;
			added |= virtual;
		} else if (virtual) {
			w->before_old |= added;
			w->moves |= p->place != place;
		}
	}
}

static bool is_plain(const struct change *ch)
{
	return ch->kind == CHANGE_ADD_COLUMN || ch->kind == CHANGE_DROP_COLUMN ||
	       ch->kind == CHANGE_DROP_INDEX ||
	       (ch->kind == CHANGE_CREATE_INDEX && !ch->def->index.unique &&
		       !slice_is(ch->def->index.method, "fulltext"));
}

static bool copies_for_virtual(const struct asked *q)
{
	struct virtual_work w = {0};

	if (!is_mariadb(q->d) || !q->is.innodb)
		return false;
	look_at_columns(q, &w);
	if (!w.adds && !w.drops && !w.moves)
		return false;
	for (size_t i = 0; i < q->st->nchanges; i++)
		w.other |= !is_plain(&q->st->changes[i]);
	if (w.stored_added || w.before_old || w.other ||
		(w.adds && q->t && q->t->table_.definition.text.len))
		return true;
	return w.stored_dropped && (q->is.virtual_index || q->is.fulltext || q->is.compressed);
}

/* https://mariadb.com/kb/en/innodb-online-ddl-overview/, documented, not tried here. */
bool my_copies_online(const struct my_dialect *d, const struct object *t)
{
	if (!is_mariadb(d) || d->version < 110200)
		return false;
	if (t && names_has(t->table_.options, SL("system versioning")))
		return false;
	for (size_t i = 0; t && i < t->nparts; i++) {
		const struct constraint_def *k = &t->parts[i]->constraint;

		if (t->parts[i]->type == OBJECT_CONSTRAINT && slice_is(k->kind, "foreign key") &&
			(slice_is(k->on_delete, "cascade") || slice_is(k->on_delete, "set null") ||
				slice_is(k->on_update, "cascade") ||
				slice_is(k->on_update, "set null")))
			return false;
	}
	return true;
}

static bool keeps_writers_out(const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];

		if ((ch->flags & CHANGE_IGNORE) || ch->kind == CHANGE_ORDER_BY ||
			ch->kind == CHANGE_SYSTEM_VERSIONING ||
			(ch->def && ch->def->type == OBJECT_COLUMN &&
				!slice_empty(ch->def->column.identity)))
			return true;
	}
	return false;
}

static bool is_new_index(const struct after_part *p)
{
	return p->type == OBJECT_INDEX && !p->gone && !p->was;
}

struct online my_online_statement(struct arena *a, const struct my_dialect *d,
	const struct session *s, const struct catalog *c, const struct object *t,
	const struct statement *st, struct after *after)
{
	struct asked q = {a, d, s, c, t, st, after, shape_of(t, after)};
	struct online all = {.applies = st->nchanges > 0};

	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];
		struct online one = one_change(&q, ch);

		if (comes_with_column(&q, ch) ||
			(ch->kind == CHANGE_RENAME_TABLE && st->nchanges > 1))
			one = instant();
		if (json_changes(&q, ch))
			one = worse(one, copy());
		if (one.algorithm == ALGO_COPY && ch->kind == CHANGE_DROP_CONSTRAINT &&
			q.is.innodb && replaces_primary(st))
			one = rebuild(&q);
		all = i ? worse(all, one) : one;
	}
	if (all.applies && copies_for_virtual(&q))
		all = worse(all, copy());
	/* A column added or dropped instantly changes the format of new rows; beside an index that
	 * is being built the rows are written anew instead. MySQL: beside anything slower. */
	if (all.adds_column && all.algorithm < ALGO_COPY && all.algorithm > ALGO_INSTANT &&
		(all.adds_index || !is_mariadb(d))) {
		all.algorithm = ALGO_INPLACE;
		all.rebuild = true;
	}
	if (all.algorithm == ALGO_COPY && my_copies_online(d, t) && !keeps_writers_out(st))
		all.lock = LOCK_WORDS_NONE;
	for (size_t i = 0; i < after->n; i++)
		all.scan |= is_new_index(&after->v[i]) && !all.rebuild;
	all.scan |= all.adds_index && !all.rebuild;
	return all;
}
