/* online_key.c - the best ALGORITHM and LOCK for indexes and constraints. */
#include "engine/mysql/online_parts.h"

#include "engine/mysql/parser.h"

/* A unique key over whole texts, or longer ones than a key may be, is kept by a hidden column of
 * hashes. */
static bool is_hash_unique(
	const struct my_dialect *d, const struct object *t, const struct object *index)
{
	unsigned long long bytes = 0;

	for (size_t i = 0; index->index.unique && i < index->index.columns.n; i++) {
		const struct object *c = on_column(t, index->index.columns.at[i]);
		struct slice key = i < index->index.keys.n ? index->index.keys.at[i] : SLICE_NONE;
		struct object text;
		bool whole = false;

		if (!c)
			continue;
		text = my_with_charset(t, c);
		bytes += my_key_part_bytes(d, &text, key, &whole);
		if (whole || bytes > MY_KEY_BYTES)
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

		if (p && !p->was && on_generated(p->will, "virtual"))
			return true;
	}
	return false;
}

static size_t new_fulltexts(const struct asked *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->after->n; i++)
		n += !q->after->v[i].gone && !q->after->v[i].was && on_fulltext(&q->after->v[i]);
	return n;
}

static bool is_versioned(const struct object *t)
{
	return t && names_has(t->table_.options, SL("system versioning"));
}

/* Without a primary key, the unique key that kept the rows gives the place to one over the same
 * columns: only it is built anew, behind the rows. */
static bool takes_over(const struct asked *q, const struct change *ch)
{
	const struct object *old = is_mariadb(q->d) ? on_clustered(q->t) : NULL;

	if (!old || old->type != OBJECT_INDEX ||
		!names_eq(old->index.columns, ch->def->constraint.columns))
		return false;
	for (size_t i = 0; i < q->after->n; i++) {
		struct after_part *p = &q->after->v[i];

		if (p->was == old && !p->gone)
			p->reordered = true;
		else if (p->by == ch)
			p->twin = true;
	}
	return true;
}

/* Over columns that hold no NULL, whole: rows can be kept in its order. */
static bool can_order(const struct asked *q, const struct object *index)
{
	for (size_t i = 0; i < index->index.columns.n; i++) {
		const struct after_part *p =
			after_find(q->after, OBJECT_COLUMN, index->index.columns.at[i]);
		const struct object *c = !p ? NULL : p->will ? p->will : p->was;
		bool cut = i < index->index.keys.n &&
			   slice_chr(index->index.keys.at[i], '(') < index->index.keys.at[i].len;

		if (!c || !c->column.not_null || cut || on_generated(c, "virtual"))
			return false;
	}
	return index->index.unique && index->index.columns.n > 0 &&
	       index->index.keys.n <= index->index.columns.n;
}

/* MySQL: in a table without a key that orders its rows, this one will. */
static bool takes_order(const struct asked *q, const struct object *index)
{
	return !is_mariadb(q->d) && q->is.known && !on_clustered(q->t) && can_order(q, index);
}

/* MySQL: the unique key goes that the rows are kept in the order of. A primary key that comes along
 * takes its place, a new unique one does with the rows written anew in place; to one that was there
 * they are copied. */
struct online on_drop_key(const struct asked *q, struct slice index)
{
	const struct object *key = is_mariadb(q->d) ? NULL : on_clustered(q->t);
	bool loses = key && key->type == OBJECT_INDEX && slice_ieq(key->name, index), anew = false;

	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		loses &= !after_is_primary(p) || p->gone;
		anew |= p->type == OBJECT_INDEX && !p->was && !p->gone && !p->implied &&
			can_order(q, p->will);
	}
	if (loses)
		return anew ? on_rebuild(q) : on_copy();
	return on_row(is_mariadb(q->d) ? ALGO_NOCOPY : ALGO_INPLACE, LOCK_WORDS_NONE);
}

/* The hidden column that its FULLTEXT indexes count by. */
static bool had_fulltext(const struct object *t)
{
	for (size_t i = 0; t && i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_INDEX &&
			slice_is(t->parts[i]->index.method, "fulltext"))
			return true;
	return false;
}

struct online on_create_index(const struct asked *q, const struct change *ch)
{
	struct online o = on_row(is_mariadb(q->d) ? ALGO_NOCOPY : ALGO_INPLACE, LOCK_WORDS_NONE);
	bool ignore = (ch->flags & CHANGE_IGNORE) && ch->def->index.unique;

	if ((ch->flags & CHANGE_IF_NOT_EXISTS) && on_makes_nothing(q, ch))
		return on_instant();
	o.adds_index = true;
	if (!q->is.innodb || ignore || (is_mariadb(q->d) && is_hash_unique(q->d, q->t, ch->def)))
		return on_copy();
	if (slice_is(ch->def->index.method, "fulltext")) {
		if (new_fulltexts(q) > 1 || (!q->is.fulltext && is_versioned(q->t)))
			return on_copy();
		o = on_row(ALGO_INPLACE, LOCK_WORDS_SHARED);
		o.rebuild = is_mariadb(q->d) ? !q->is.fulltext : !had_fulltext(q->t);
		o.adds_index = true;
		if (is_mariadb(q->d) && q->is.fulltext)
			o.algorithm = ALGO_NOCOPY;
		return q->is.known ? o : on_needs(o, "indexes", ch->target.name);
	}
	if (slice_is(ch->def->index.method, "spatial") || over_new_virtual(q, ch->def) ||
		ch->def->index.keys.n > ch->def->index.columns.n) /* over an expression */
		o.lock = LOCK_WORDS_SHARED;
	if (takes_order(q, ch->def)) {
		o = on_rebuild(q);
		o.adds_index = true;
	}
	return o;
}

static bool has_nullable(const struct object *t, struct names columns)
{
	for (size_t i = 0; i < columns.n; i++) {
		const struct object *c = on_column(t, columns.at[i]);

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

struct online on_add_constraint(const struct asked *q, const struct change *ch)
{
	struct slice kind = ch->def->constraint.kind;
	struct online o;

	if ((ch->flags & CHANGE_IF_NOT_EXISTS) && on_makes_nothing(q, ch))
		return on_instant();
	if (!q->is.innodb || ((ch->flags & CHANGE_IGNORE) && slice_is(kind, "primary key")))
		return on_copy();
	if (slice_is(kind, "primary key") && takes_over(q, ch)) {
		o = on_row(ALGO_NOCOPY, LOCK_WORDS_NONE);
		o.adds_index = true;
		return o;
	}
	if (slice_is(kind, "primary key"))
		return is_mariadb(q->d) && q->is.has_stored &&
				       has_nullable(q->t, ch->def->constraint.columns)
			       ? on_copy()
			       : on_rebuild(q);
	if (slice_is(kind, "foreign key") && q->s && !q->s->foreign_keys) {
		o = on_metadata(q);
		if (is_mariadb(q->d) && implies_index(q, ch)) {
			o = on_row(ALGO_NOCOPY, LOCK_WORDS_NONE);
			o.adds_index = true;
		}
		return o;
	}
	if (slice_is(kind, "check") && ch->def->constraint.not_enforced)
		return on_instant();
	return on_copy();
}

struct online on_drop_constraint(const struct asked *q, const struct change *ch)
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
		return is_mariadb(q->d) && q->is.innodb && on_keeps_order(q) ? on_rebuild(q)
									     : on_copy();
	if (slice_is(kind, "unique"))
		return on_drop_key(q, ch->name);
	if (slice_is(kind, "check"))
		return on_instant();
	if (slice_is(kind, "foreign key"))
		return on_metadata(q);
	if (ch->flags & CHANGE_IF_EXISTS && q->t && !q->t->tainted)
		return on_instant();
	return on_needs(on_instant(), "kind of the constraint", ch->name);
}
