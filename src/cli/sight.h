/* sight.h - a batched statement under way, as belay batches and belay watch both write it. */
#ifndef BELAY_CLI_SIGHT_H
#define BELAY_CLI_SIGHT_H

#include "base/json.h"
#include "run/control.h"

/* Members of an object that is open: migration, direction, statement, seen, changed, updated. */
void sight_batch(struct json *j, const struct batch_seen *k);

#endif
