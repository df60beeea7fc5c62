/* rules_rebuild.c - what changes when SQLite's way is taken: a new table, the rows copied over, the
 * old one dropped. Its statements say CREATE and INSERT where others say ALTER. */
#include "lint/internal.h"

#include <stdint.h>

static bool drops_it(struct judged *j, const struct change *c, const void *arg)
{
	return c->kind == CHANGE_DROP_TABLE && is_table(j, c->target, *(const struct name *)arg);
}

static bool was_renamed(const struct judged *j, struct slice before, struct slice now)
{
	enum { NEAR = 100 };
	const struct script *s = &j->judge->unit->script;
	size_t here = s->n ? j->statement->index - s->at[0].index : 0;

	for (size_t i = here; i > 0 && i + NEAR > here; i--)
		for (size_t k = 0; k < s->at[i - 1].nchanges; k++) {
			const struct change *c = &s->at[i - 1].changes[k];

			if (c->kind == CHANGE_RENAME_TABLE && slice_ieq(c->target.name, before) &&
				slice_ieq(c->other.name, now))
				return true;
		}
	return false;
}

bool was_renamed_away(const struct judged *j, struct slice now)
{
	enum { NEAR = 100 };
	const struct script *s = &j->judge->unit->script;
	size_t here = s->n ? j->statement->index - s->at[0].index : 0;

	for (size_t i = here; i > 0 && i + NEAR > here; i--)
		for (size_t k = 0; k < s->at[i - 1].nchanges; k++)
			if (s->at[i - 1].changes[k].kind == CHANGE_RENAME_TABLE &&
				slice_ieq(s->at[i - 1].changes[k].other.name, now))
				return true;
	return false;
}

static bool takes_name(struct judged *j, const struct change *c, const void *arg)
{
	const struct name *n = arg;

	(void)j;
	return c->kind == CHANGE_RENAME_TABLE && slice_ieq(c->other.name, n->name);
}

bool name_comes_back(struct judged *j, struct name table)
{
	return later_change(j, takes_name, &table) != NULL;
}

/* The table that the INSERT copies into another one, which takes its place; NULL if it does not. */
static const struct object *rebuilt_from(
	struct judged *j, const struct change *c, const struct object **to)
{
	struct slice name = c->reads.n == 1 ? c->reads.at[0] : SLICE_NONE;
	size_t dot = slice_chr(name, '.');
	const struct object *from;
	struct name n;

	if (dot != SIZE_MAX)
		name = slice_from(name, dot + 1);
	if (c->kind != CHANGE_INSERT || !(c->flags & CHANGE_FROM_SELECT) || !name.len ||
		catalog_find(j->before, j->session, OBJECT_TABLE, c->target, to) != PRESENT ||
		catalog_find(j->before, j->session, OBJECT_TABLE, (struct name){SLICE_NONE, name},
			&from) != PRESENT)
		return NULL;
	n = (struct name){from->schema, from->name};
	if (later_rename(j, c->target, from->name))
		return from;
	/* or the old one was renamed away, and goes now */
	return was_renamed(j, (*to)->name, from->name) && later_change(j, drops_it, &n) ? from
											: NULL;
}

static bool has_column(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_COLUMN && slice_ieq(t->parts[i]->name, name))
			return true;
	return false;
}

static bool is_key(const struct object *t, struct slice name)
{
	for (size_t i = 0; i < t->nparts; i++)
		if (t->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(t->parts[i]->constraint.kind, "primary key") &&
			names_has(t->parts[i]->constraint.columns, name))
			return true;
	return false;
}

/* A column that came under another name is a rename, and another rule's. */
static bool lost_one(const struct object *from, const struct object *to)
{
	for (size_t i = 0; i < from->nparts; i++)
		if (from->parts[i]->type == OBJECT_COLUMN && !has_column(to, from->parts[i]->name))
			return true;
	return false;
}

void rebuild_requires(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *to, *from = rebuilt_from(j, c, &to);

	for (size_t i = 0; from && i < to->nparts; i++) {
		const struct object *p = to->parts[i];
		const struct column_def *d = &p->column;

		if (p->type != OBJECT_COLUMN || !d->not_null || d->default_value.text.len ||
			d->generated.len || is_key(to, p->name) || has_column(from, p->name) ||
			lost_one(from, to))
			continue;
		on_change(j, r, c, shown(j, (struct name){from->schema, from->name}, p->name),
			"the table comes back with %.*s, NOT NULL without a default: running code "
			"that does not know it can no longer insert",
			SLICE(p->name));
	}
}

/* ---- What goes with the old table ---- */

static bool copies_to(const struct change *c, struct slice column)
{
	return !c->list.n || names_has(c->list, column);
}

/* The new table has one column that the old one had not, and the copy fills it: most likely one of
 * the old ones under another name. */
static bool brings_another(
	const struct change *c, const struct object *from, const struct object *to)
{
	for (size_t i = 0; i < to->nparts; i++)
		if (to->parts[i]->type == OBJECT_COLUMN && !has_column(from, to->parts[i]->name) &&
			copies_to(c, to->parts[i]->name))
			return true;
	return false;
}

void rebuild_loses(const struct rule *r, struct judged *j, const struct change *c)
{
	const struct object *to, *from = rebuilt_from(j, c, &to);
	bool renamed;

	if (!from || born_here(j, from))
		return;
	renamed = brings_another(c, from, to);
	for (size_t i = 0; i < from->nparts; i++) {
		const struct object *p = from->parts[i];

		if (p->type == OBJECT_COLUMN && !has_column(to, p->name))
			on_change(j, r, c,
				shown(j, (struct name){from->schema, from->name}, p->name),
				"the table comes back without %.*s: what it holds is gone unless "
				"%s, and code that still uses it fails",
				SLICE(p->name),
				renamed ? "this copy puts it into another column"
					: "it was copied elsewhere before");
	}
}

/* ---- ADD COLUMN ---- */

static bool is_computed(const struct column_def *d)
{
	return d->default_value.text.len && d->default_value.facts &&
	       !d->default_value.facts->constant;
}

/* SQLite: ALTER TABLE writes no rows, so a column that has to be computed for each is added to an
 * empty table only. */
void refused_with_rows(const struct rule *r, struct judged *j, bool generated)
{
	FOR_CHANGES(j, c)
	{
		const struct column_def *d = c->def ? &c->def->column : NULL;
		struct name n;

		if (j->effect->outcome != OUTCOME_MAY_FAIL || !adds_column(j, c, &n) ||
			(generated ? !slice_is(d->generated, "stored")
				   : d->generated.len || !is_computed(d)))
			continue;
		on_change(j, r, c, shown(j, n, c->name),
			"it fails if %.*s has any row: SQLite cannot compute %.*s for rows that "
			"are there",
			SLICE(n.name), SLICE(c->name));
	}
}
