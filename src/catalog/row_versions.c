/* row_versions.c - how often a table of MySQL's changed its columns instantly.
 *
 * Each such change (INSTANT ADD or DROP COLUMN, from 8.0.29) makes a new version of the rows; at 64
 * of them, or 255 from 9.1, the next one writes all rows anew. What is counted here from a history
 * is the most that it can be: on an empty table the server writes the file anew and counts nothing.
 */
#include "catalog/internal.h"

static bool has_setting(const struct change *ch, const char *setting)
{
	return names_has(ch->settings, slice_of(setting));
}

static bool is_primary(const struct change *ch)
{
	return (ch->kind == CHANGE_ADD_CONSTRAINT || ch->kind == CHANGE_DROP_CONSTRAINT) &&
	       ch->def && slice_is(ch->def->constraint.kind, "primary key");
}

static bool changes_columns(const struct change *ch)
{
	return ch->kind == CHANGE_DROP_COLUMN ||
	       (ch->kind == CHANGE_ADD_COLUMN && ch->def &&
		       !slice_is(ch->def->column.generated, "virtual"));
}

static struct node *table_then(const struct catalog *c, const struct statement *st)
{
	struct name name = st->changes[0].target;
	struct node *n = NULL;

	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_RENAME_TABLE)
			n = node_find(c, OBJECT_TABLE, st->changes[i].other);
	if (!n)
		n = node_find(c, OBJECT_TABLE, name);
	return n && n->o.type == OBJECT_TABLE ? n : NULL;
}

void count_row_versions(struct catalog *c, const struct statement *st)
{
	int most = row_versions_max(c->version);
	bool columns = false, anew = false;
	struct object *t;
	struct node *n;

	for (size_t i = 0; i < st->nchanges; i++) {
		const struct change *ch = &st->changes[i];

		columns |= changes_columns(ch);
		anew |= is_primary(ch) || ch->kind == CHANGE_TABLE_FORCE ||
			ch->kind == CHANGE_TABLE_ENGINE || ch->kind == CHANGE_ORDER_BY ||
			ch->kind == CHANGE_TRUNCATE || has_setting(ch, "algorithm=copy") ||
			(columns && has_setting(ch, "algorithm=inplace"));
	}
	if ((!columns && !anew) || !(n = table_then(c, st)))
		return;
	if (!anew &&
		(n->o.row_versions < 0 || (n->o.row_versions >= most && !n->o.row_versions_exact)))
		return;
	t = node_edit(c, n);
	t->row_versions_exact = anew || t->row_versions >= most;
	t->row_versions = t->row_versions_exact ? 0 : t->row_versions + 1;
	node_edited(c, n);
}
