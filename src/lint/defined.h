/* defined.h - what a change defines: its constraints, its columns, wherever they are written.
 *
 *	for (size_t i = 0; (k = next_constraint(c, &i));) …
 *
 * CREATE TABLE, ADD COLUMN and ADD CONSTRAINT look alike through these. */
#ifndef BELAY_LINT_DEFINED_H
#define BELAY_LINT_DEFINED_H

#include "lint/internal.h"

/* The next constraint that the change makes, NULL after the last; *i starts at 0. */
const struct object *next_constraint(const struct change *c, size_t *i);
/* The next column that it makes or gives a type to. */
const struct object *next_column(const struct change *c, size_t *i);
/* The column of that name: of the definition, else of the table as it was before (may be NULL). */
const struct object *column_seen(
	struct judged *j, const struct change *c, const struct object *table, struct slice name);
/* The constraint that DROP CONSTRAINT names; NULL if it is not known. */
const struct object *dropped_constraint(
	struct judged *j, const struct change *c, const struct object *table);
/* Of which kind is it? Also where only the statement says so (MySQL). */
bool drops_kind(const struct change *c, const struct object *constraint, const char *kind);
/* The effect's lock on a relation of that name that others see, at least of that class. */
const struct lock *lock_on(const struct judged *j, struct slice name, enum lock_class at_least);
/* The first such lock on another relation of that type than `but`. */
const struct lock *lock_elsewhere(
	const struct judged *j, enum object_type type, struct name but, enum lock_class at_least);
/* Key columns of a constraint or index in any order: the same set? */
bool same_columns(struct names a, struct names b);
/* The columns that a key refers to: as written, else the other table's primary key. */
struct names referred_columns(const struct object *key, const struct object *parent);
/* The type without what is in brackets, lower case words as they stand; serial is integer. */
struct slice bare_type(struct slice type);
bool is_one_of(struct slice word, const char *const *list); /* ends with NULL */

#endif
