/* links.h - foreign keys that point at a table, from a query's rows. */
#ifndef BELAY_ENGINE_LINKS_H
#define BELAY_ENGINE_LINKS_H

#include "engine/engine.h"

/*
 * A row for each column of a key, in order: schema and name of the child, whether it is the key's
 * first column ("1"), the child's column, the table's column, ON DELETE, ON UPDATE, both in words.
 * Appends to *out; for servers whose SET NULL and SET DEFAULT clear all columns of the key.
 */
void links_from_rows(struct arena *a, const struct rows *r, struct kept_link **out, size_t *n);

#endif
