/* limits.h - the limits of statements in batches by their names: as belay.yml writes them, and as
 * they are changed while batches run. */
#ifndef BELAY_RUN_LIMITS_H
#define BELAY_RUN_LIMITS_H

#include "run/run.h"

/* False with a sentence: no such limit, or not such a value. An empty value: back to none. */
bool limit_set(struct batch_limits *l, struct slice name, struct slice value, struct err *err);
bool limit_is_known(struct slice name);
/* "target_ms, max_rows, …" */
struct slice limit_names(struct arena *a);

#endif
