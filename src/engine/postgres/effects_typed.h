/* effects_typed.h - shared by effects_typed.c and effects_typed_more.c. */
#ifndef BELAY_ENGINE_POSTGRES_EFFECTS_TYPED_H
#define BELAY_ENGINE_POSTGRES_EFFECTS_TYPED_H

#include "engine/postgres/typed_internal.h"

void pg_typed_fault(struct looking *l, const struct typing *t);
void pg_typed_index(struct looking *l, const struct relation *r);
void pg_exclusion(struct typing *t, const struct typed_scope *s, const struct constraint_def *k);
void pg_typed_function(struct looking *l);
void pg_typed_insert(struct looking *l, const struct relation *r);
void pg_typed_merge(struct looking *l, const struct relation *r);
void pg_typed_change(struct looking *l, const struct relation *r);
/* What an expression puts into a column of that type. */
struct value pg_given_value(struct looking *l, const struct typed_node *n, struct slice type);

struct value pg_row_value(struct looking *l, const struct typed_row *row,
	const struct typed_node *n, struct slice type);
struct value pg_unsaid_value(struct looking *l, const struct column_def *d);
/* What the history's own rows have to say (effects_known.c): of VALUES, of SET. */
void pg_known_insert(struct looking *l, const struct relation *r, const struct pg_values *v);
void pg_known_update(struct looking *l, const struct relation *r, const struct typed_dml *d);

/* What SET comes to in the table. */
void pg_typed_set(struct looking *l, const struct relation *r, const struct typed_dml *d);
void pg_view_rows(struct looking *l, const struct relation *r); /* effects_views.c */

#endif
