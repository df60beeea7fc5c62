/* online_mariadb.c - what follows from all changes of a statement together, on MariaDB: virtual
 * columns, hidden columns of hashes, and the key in whose order the rows are kept. */
#include "engine/mysql/online_parts.h"

/* What MariaDB does to virtual columns in place it does alone, or beside plain indexes and columns
 * that are dropped instantly. Everything else together with it is a copy. */
struct virtual_work {
	bool adds, drops, moves, before_old;
	bool stored_added, stored_dropped, fulltext, other;
};

/* A key that holds each value once, built or dropped. */
static bool is_unique_work(const struct asked *q, const struct after_part *p)
{
	const struct object *o = p->will ? p->will : p->was;

	return p->type == OBJECT_INDEX && !p->implied && !p->twin && o->index.unique &&
	       (p->gone || !p->was) && !on_is_hash(q, p, !p->gone);
}

static void look_at_columns(const struct asked *q, struct virtual_work *w)
{
	size_t place = 0;
	bool added = false;

	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];
		bool virtual = on_generated(p->was ? p->was : p->will, "virtual");

		w->fulltext |= !p->gone && !p->was && on_fulltext(p);
		/* the hidden column of hashes is a virtual one */
		w->drops |= p->gone && !p->twin && on_is_hash(q, p, false);
		w->other |= is_unique_work(q, p);
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
	       ch->kind == CHANGE_CREATE_INDEX || ch->kind == CHANGE_DROP_INDEX ||
	       (ch->kind == CHANGE_SYSTEM_VERSIONING &&
		       slice_istarts(ch->value.text, "DROP PERIOD"));
}

static bool copies_for_virtual(const struct asked *q, const struct online *all)
{
	struct virtual_work w = {0};

	look_at_columns(q, &w);
	if (!w.adds && !w.drops && !w.moves)
		return false;
	for (size_t i = 0; i < q->st->nchanges; i++)
		w.other |= !is_plain(&q->st->changes[i]);
	if (w.stored_added || w.before_old || w.other || all->rebuild ||
		(w.fulltext && !q->is.had_fulltext) || (w.adds && q->is.partitioned))
		return true;
	return w.stored_dropped && all->adds_index;
}

/* ---- keys that the table is kept by ---- */

static bool takes_no_part(const struct asked *q, const struct change *ch)
{
	return ch->kind == CHANGE_ENABLE_KEYS ||
	       (ch->kind == CHANGE_RENAME_TABLE && q->st->nchanges == 1) ||
	       ((ch->flags & (CHANGE_IF_EXISTS | CHANGE_IF_NOT_EXISTS)) && on_makes_nothing(q, ch));
}

/* MariaDB copies a table that has and keeps a key of hashes, whatever is done to it. */
static bool copies_for_hash(const struct asked *q)
{
	bool does = false, hash = false;

	for (size_t i = 0; i < q->st->nchanges; i++)
		does |= !takes_no_part(q, &q->st->changes[i]);
	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		hash |= !p->gone && p->was && (on_is_hash(q, p, false) || on_is_hash(q, p, true));
	}
	return does && hash;
}

/* Without a primary key, a unique one keeps the rows: another such key means another file, none
 * that is left a copy. */
static struct online rekeyed(const struct asked *q, struct online all)
{
	const struct object *old = on_clustered(q->t);
	const struct after_part *new = on_clustered_then(q);

	if (!q->t || (old && old->type != OBJECT_INDEX) || (!new && !old) ||
		(new && (new->type != OBJECT_INDEX || (old && new->was == old))))
		return all;
	return on_worse(all, new ? on_rebuild(q) : on_copy());
}

struct online on_whole_table(const struct asked *q, struct online all)
{
	if (!q->is.innodb || !all.applies)
		return all;
	all = rekeyed(q, all);
	if (copies_for_hash(q) || copies_for_virtual(q, &all))
		all = on_worse(all, on_copy());
	return all;
}
