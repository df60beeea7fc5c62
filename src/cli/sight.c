/* sight.c - a batched statement under way, as belay batches and belay watch both write it. */
#include "cli/sight.h"

void sight_batch(struct json *j, const struct batch_seen *k)
{
	json_kstr(j, "migration", k->migration);
	json_kstr(j, "direction", k->direction);
	json_kint(j, "statement", k->statement);
	json_kint(j, "seen", k->seen);
	json_kint(j, "changed", k->rows);
	json_kstr(j, "updated", k->updated);
}
