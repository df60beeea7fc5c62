/* online_virtual.c - MySQL's virtual columns beside other changes: what is done in place, and what
 * is a copy (MariaDB: online_mariadb.c).
 *
 * MySQL does it alone or beside plain indexes; new stored columns take new virtual ones along
 * instantly, dropped stored columns both. It keeps the order in which its virtual columns stand. */
#include "engine/mysql/online_parts.h"

struct virtual_work {
	bool adds, drops, before_old;
	bool reorders; /* old ones among each other */
	bool stored_added, stored_dropped, other, indexes;
};

static void look_at_column(
	const struct after_part *p, size_t *last, bool *added, struct virtual_work *w)
{
	bool virtual = on_generated(p->was ? p->was : p->will, "virtual");

	if (!p->was) {
		*(virtual ? &w->adds : &w->stored_added) = true;
		*added |= virtual;
	} else if (virtual) {
		w->before_old |= *added;
		w->reorders |= p->place < *last;
		*last = p->place;
	}
}

static void look_at_columns(const struct asked *q, struct virtual_work *w)
{
	size_t last = 0;
	bool added = false;

	for (size_t i = 0; i < q->after->n; i++) {
		const struct after_part *p = &q->after->v[i];

		if (p->type != OBJECT_COLUMN)
			continue;
		if (!p->gone)
			look_at_column(p, &last, &added, w);
		else if (p->was)
			*(on_generated(p->was, "virtual") ? &w->drops : &w->stored_dropped) = true;
	}
}

static bool is_plain_index(const struct change *ch)
{
	return ch->kind == CHANGE_DROP_INDEX ||
	       (ch->kind == CHANGE_CREATE_INDEX && !ch->def->index.unique &&
		       !slice_is(ch->def->index.method, "fulltext"));
}

static void look_at_changes(const struct asked *q, struct virtual_work *w)
{
	for (size_t i = 0; i < q->st->nchanges; i++) {
		const struct change *ch = &q->st->changes[i];
		bool column = ch->kind == CHANGE_ADD_COLUMN || ch->kind == CHANGE_DROP_COLUMN,
		     noted = ch->kind == CHANGE_SET_DEFAULT || ch->kind == CHANGE_DROP_DEFAULT ||
			     ch->kind == CHANGE_RENAME_TABLE;

		w->indexes |= is_plain_index(ch);
		w->other |= !is_plain_index(ch) && !column && !noted;
	}
	for (size_t i = 0; i < q->after->n; i++)
		w->indexes |= q->after->v[i].type == OBJECT_INDEX && q->after->v[i].gone;
}

static bool mysql_copies(const struct asked *q, const struct virtual_work *w)
{
	bool in_order = !w->reorders && !w->before_old;

	if (!w->adds && !w->drops && !w->reorders)
		return false;
	if (w->other)
		return true;
	if (!w->indexes && w->stored_added && !w->drops)
		return false;
	if (!w->indexes && w->stored_dropped && !w->stored_added)
		return !in_order;
	return !in_order || w->stored_added || w->stored_dropped ||
	       (w->indexes && q->is.partitioned);
}

bool on_copies_for_virtual(const struct asked *q)
{
	struct virtual_work w = {0};

	if (!q->is.innodb)
		return false;
	look_at_columns(q, &w);
	look_at_changes(q, &w);
	return mysql_copies(q, &w);
}
