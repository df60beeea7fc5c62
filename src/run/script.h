/* script.h - a plan as a script for the database's own client, to be run by hand.
 *
 * The same statements in the same transactions, with the limits for locks, and the rows of the
 * project's own history as its tool would write them. belay's journal is not in it: what ran by
 * hand is found in the history. A lock that is not to be had in time ends the script; it is not
 * tried again. */
#ifndef BELAY_RUN_SCRIPT_H
#define BELAY_RUN_SCRIPT_H

#include "plan/plan.h"

/* `c` is only read; NULL: there is no database, and its history is empty. */
bool script_write(struct buf *out, struct arena *a, const struct plan *p, const struct engine *e,
	struct conn *c, struct err *err);

#endif
