/* defined.c - the constraints and columns that a change defines, and a few questions about them. */
#include "lint/defined.h"

#include <stdint.h>

static bool has_parts(const struct change *c)
{
	return c->def && (c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_ADD_COLUMN);
}

const struct object *next_constraint(const struct change *c, size_t *i)
{
	if (c->kind == CHANGE_ADD_CONSTRAINT || c->kind == CHANGE_ADD_CONSTRAINT_INDEX)
		return (*i)++ ? NULL : c->def;
	while (has_parts(c) && *i < c->def->nparts) {
		const struct object *p = c->def->parts[(*i)++];

		if (p->type == OBJECT_CONSTRAINT)
			return p;
	}
	return NULL;
}

const struct object *next_column(const struct change *c, size_t *i)
{
	if (c->kind == CHANGE_ADD_COLUMN || c->kind == CHANGE_ALTER_TYPE ||
		c->kind == CHANGE_MODIFY_COLUMN)
		return (*i)++ ? NULL : c->def;
	while (c->kind == CHANGE_CREATE_TABLE && c->def && *i < c->def->nparts) {
		const struct object *p = c->def->parts[(*i)++];

		if (p->type == OBJECT_COLUMN)
			return p;
	}
	return NULL;
}

const struct object *column_seen(
	struct judged *j, const struct change *c, const struct object *table, struct slice name)
{
	const struct object *p;

	if (c->kind == CHANGE_CREATE_TABLE || c->kind == CHANGE_ADD_COLUMN)
		for (size_t i = 0; (p = next_column(c, &i));)
			if (slice_ieq(c->kind == CHANGE_ADD_COLUMN ? c->name : p->name, name))
				return p;
	if (table && catalog_part(j->before, table, OBJECT_COLUMN, name, &p) == PRESENT)
		return p;
	return NULL;
}

const struct object *dropped_constraint(
	struct judged *j, const struct change *c, const struct object *table)
{
	const struct object *k;

	if (!table || catalog_part(j->before, table, OBJECT_CONSTRAINT, c->name, &k) != PRESENT)
		return NULL;
	return k;
}

bool drops_kind(const struct change *c, const struct object *constraint, const char *kind)
{
	if (constraint)
		return slice_is(constraint->constraint.kind, kind);
	return c->def && slice_is(c->def->constraint.kind, kind);
}

const struct lock *lock_on(const struct judged *j, struct slice name, enum lock_class at_least)
{
	for (size_t i = 0; i < j->effect->nlocks; i++) {
		const struct lock *l = &j->effect->locks[i];

		if (!l->new_in_tx && l->blocks >= at_least && slice_eq(l->object.name, name))
			return l;
	}
	return NULL;
}

const struct lock *lock_elsewhere(
	const struct judged *j, enum object_type type, struct name but, enum lock_class at_least)
{
	for (size_t i = 0; i < j->effect->nlocks; i++) {
		const struct lock *l = &j->effect->locks[i];

		if (!l->new_in_tx && l->type == type && l->blocks >= at_least &&
			!name_eq(l->object, but))
			return l;
	}
	return NULL;
}

bool same_columns(struct names a, struct names b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (!names_has(b, a.at[i]))
			return false;
	return true;
}

struct names referred_columns(const struct object *key, const struct object *parent)
{
	if (key->constraint.ref_columns.n)
		return key->constraint.ref_columns;
	for (size_t i = 0; parent && i < parent->nparts; i++)
		if (parent->parts[i]->type == OBJECT_CONSTRAINT &&
			slice_is(parent->parts[i]->constraint.kind, "primary key"))
			return parent->parts[i]->constraint.columns;
	return (struct names){0};
}

struct slice bare_type(struct slice type)
{
	static const struct {
		const char *from, *to;
	} same[] = {{"serial", "integer"}, {"bigserial", "bigint"}, {"smallserial", "smallint"},
		{"serial4", "integer"}, {"serial8", "bigint"}, {"serial2", "smallint"},
		{"int", "integer"}, {"int4", "integer"}, {"int8", "bigint"}, {"int2", "smallint"}};
	size_t open = slice_chr(type, '(');
	struct slice t = slice_trim(open == SIZE_MAX ? type : slice_sub(type, 0, open));

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		if (slice_iis(t, same[i].from))
			return slice_of(same[i].to);
	return t;
}

bool is_one_of(struct slice word, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		if (slice_iis(word, list[i]))
			return true;
	return false;
}
