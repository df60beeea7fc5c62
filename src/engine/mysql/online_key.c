/* online_key.c - the best ALGORITHM and LOCK for indexes and constraints. */
#include "engine/mysql/online_parts.h"

#include "engine/mysql/parser.h"

bool on_is_hash(const struct asked *q, const struct after_part *p, bool then)
{
	const struct object *index = then && p->will ? p->will : p->was ? p->was : p->will;
	unsigned long long bytes = 0;

	if (is_mariadb(q->d) && after_is_primary(p))
		for (size_t i = 0; i < index->constraint.options.n; i++)
			if (slice_ends(index->constraint.options.at[i], " WITHOUT OVERLAPS"))
				return true;
	if (!is_mariadb(q->d) || p->type != OBJECT_INDEX || p->implied || !index->index.unique)
		return false;
	for (size_t i = 0; i < index->index.columns.n; i++) {
		struct slice key = i < index->index.keys.n ? index->index.keys.at[i] : SLICE_NONE;
		const struct after_part *a = after_find(q->after, OBJECT_COLUMN,
			then && i < p->columns.n ? p->columns.at[i] : index->index.columns.at[i]);
		const struct object *c = then && a ? (a->will ? a->will : a->was)
						   : on_column(q->t, index->index.columns.at[i]);
		struct object text;
		bool whole = false;

		if (slice_ends(key, " WITHOUT OVERLAPS"))
			return true;
		if (!c)
			continue;
		text = my_with_charset(q->t, c);
		bytes += my_key_part_bytes(q->d, &text, key, &whole);
		if (whole || bytes > MY_KEY_BYTES)
			return true;
	}
	return false;
}

const struct after_part *on_clustered_then(const struct asked *q)
{
	const struct after_part *best = NULL;

	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];
		const struct object *o = p->will ? p->will : p->was;
		bool whole = !p->gone && p->type == OBJECT_INDEX && !p->implied && o->index.unique;

		if (!p->gone && after_is_primary(p))
			return p;
		for (size_t k = 0; whole && k < p->columns.n; k++) {
			const struct after_part *c =
				after_find(q->after, OBJECT_COLUMN, p->columns.at[k]);
			const struct object *column = !c ? NULL : c->will ? c->will : c->was;

			whole = column && column->column.not_null && !on_is_cut(o, k);
		}
		if (whole && !best && !on_is_hash(q, p, true))
			best = p;
	}
	return best;
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
 * columns: only it is built anew, behind the rows. If it goes, the new one is it. */
static bool takes_over(const struct asked *q, const struct change *ch, bool *renamed)
{
	const struct object *old = is_mariadb(q->d) ? on_clustered(q->t) : NULL;

	*renamed = false;
	if (!old || old->type != OBJECT_INDEX ||
		!names_eq(old->index.columns, ch->def->constraint.columns))
		return false;
	for (size_t i = 0; i < q->after->n; i++) {
		struct after_part *p = &q->after->v[i];

		if (p->was == old && !p->gone)
			p->reordered = true;
		else if (p->was == old)
			*renamed = true;
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

void on_mark_promoted(const struct asked *q)
{
	const struct object *old = is_mariadb(q->d) ? on_clustered(q->t) : NULL;
	bool promoted = false;

	if (!old || old->type != OBJECT_INDEX)
		return;
	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		promoted |= !p->gone && !p->was && after_is_primary(p) &&
			    names_eq(p->columns, old->index.columns);
	}
	for (size_t i = 0; promoted && i < q->after->n; i++)
		if (q->after->v[i].was == old && q->after->v[i].gone)
			q->after->v[i].twin = true;
}

static bool makes_hash(const struct asked *q, const struct change *ch)
{
	for (size_t i = 0; i < q->after->n; i++)
		if (q->after->v[i].by == ch && !q->after->v[i].gone &&
			on_is_hash(q, &q->after->v[i], true))
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
	if (!q->is.innodb || ignore || makes_hash(q, ch))
		return on_copy();
	if (slice_is(ch->def->index.method, "fulltext")) {
		if (new_fulltexts(q) > 1 || (!q->is.fulltext && is_versioned(q->t)))
			return on_copy();
		o = on_row(ALGO_INPLACE, LOCK_WORDS_SHARED);
		o.rebuild = !q->is.had_fulltext;
		o.adds_index = true;
		if (is_mariadb(q->d) && q->is.had_fulltext)
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
	bool renamed;

	if ((ch->flags & CHANGE_IF_NOT_EXISTS) && on_makes_nothing(q, ch))
		return on_instant();
	if (!q->is.innodb || ((ch->flags & CHANGE_IGNORE) && slice_is(kind, "primary key")))
		return on_copy();
	if (slice_is(kind, "primary key") && takes_over(q, ch, &renamed)) {
		o = on_row(renamed ? ALGO_INSTANT : ALGO_NOCOPY, LOCK_WORDS_NONE);
		o.adds_index = !renamed;
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
