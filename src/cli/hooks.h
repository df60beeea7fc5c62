/* hooks.h - programs of the project's own around a run. */
#ifndef BELAY_CLI_HOOKS_H
#define BELAY_CLI_HOOKS_H

#include "cli/running.h"

enum hook_when {
	HOOK_BEFORE,  /* a signal ends it */
	HOOK_BETWEEN, /* the same; the run's connection is in the middle of something */
	HOOK_AFTER,   /* it tells somebody how the run ended, by a signal too */
};
/* Runs one hook with a document on its standard input; nothing when there is none. One that ends
 * with anything but 0 is ERR_REFUSED. It may take as long as it wants: the turn is kept meanwhile.
 */
bool hook_run(struct running *r, const char *name, const struct config_hook *h,
	const struct plan *plan, bool ok, struct slice text, enum hook_when when, struct err *err);

#endif
