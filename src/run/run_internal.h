/* run_internal.h - shared inside src/run only. */
#ifndef BELAY_RUN_RUN_INTERNAL_H
#define BELAY_RUN_RUN_INTERNAL_H

#include "run/run.h"

/* Runs one migration's verify queries on an open connection, inside whatever transaction is open.
 * Failures are added to *out; false only when a query itself cannot run. */
bool verify_migration(struct run_result *out, struct arena *a, const struct project *p,
	const struct migration *m, struct conn *c, struct err *err);

#endif
