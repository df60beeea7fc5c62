/* partition_list.h - MySQL's partitions as one text, "name bound, name bound": what ALTER TABLE
 * does to it. */
#ifndef BELAY_SQL_PARTITION_LIST_H
#define BELAY_SQL_PARTITION_LIST_H

#include "sql/change.h"

/* The next partition of the list; false: none is left. A bound may be empty. */
bool partition_next(struct slice *list, struct slice *name, struct slice *bound);
bool partition_listed(struct slice list, struct slice name);
size_t partition_count(struct slice list);
/* The list as an ALTER_PARTITIONS leaves it (change.value.normal: the partitions that it adds);
 * false: not known. */
bool partition_list_after(
	struct arena *a, const struct change *ch, struct slice list, struct slice *out);

#endif
