/* uses.h - what else in the schema uses a table, or one of its columns.
 *
 * Certain where the catalog's own fields say so (a foreign key, an index, a view that the server
 * knows to read it); possible where only the words of a body or expression do. */
#ifndef BELAY_CATALOG_USES_H
#define BELAY_CATALOG_USES_H

#include "catalog/catalog.h"

struct use {
	const struct object *object; /* lent by the catalog */
	const char *how;             /* "references it", "reads it", … */
	bool certain;
};
/* `column` empty: the table as a whole, and then not what is its own. In the catalog's order. */
size_t catalog_uses(const struct catalog *c, const struct object *table, struct slice column,
	struct arena *a, struct use **out);

/* Is the word in the text, not as a part of a longer one? ASCII letters of either case. */
bool text_has_word(struct slice text, struct slice word);

#endif
