/* freeze.h - a catalog as text that can be read back, for a journal.
 *
 * A line per value, "label length:bytes", walked over the fields of sql/object.h: what
 * catalog_compare() looks at is all there, and nothing of where it came from. A person can read it.
 * Unknown labels (of a newer belay) are passed over. */
#ifndef BELAY_CATALOG_FREEZE_H
#define BELAY_CATALOG_FREEZE_H

#include "catalog/catalog.h"

/* Without temporary objects and what options->skip leaves out. */
void catalog_freeze(struct buf *out, const struct catalog *c, const struct diff_options *o);
/* Into an empty catalog of the same dialect. False, and the catalog is of no use, when the text is
 * not what catalog_freeze() wrote. */
bool catalog_thaw(struct catalog *c, struct slice text);

#endif
