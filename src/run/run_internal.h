/* run_internal.h - shared inside src/run only. */
#ifndef BELAY_RUN_RUN_INTERNAL_H
#define BELAY_RUN_RUN_INTERNAL_H

#include "base/buf.h"
#include "run/run.h"

/* Runs one migration's verify queries on an open connection, inside whatever transaction is open.
 * Failures are added to *out; false only when a query itself cannot run. */
bool verify_migration(struct run_result *out, struct arena *a, const struct project *p,
	const struct migration *m, struct conn *c, struct err *err);

/* ---- resume.c ---- */
struct resume {
	const struct run_state *state; /* NULL: nothing to go on with */
	struct conn *conn;
	struct journal *journal;
	struct arena *arena;
	enum in_doubt in_doubt;
	void (*waiting)(void *ctx, const struct step *s, struct slice words);
	void *ctx;
};
/* Does the journal hold steps of this migration? */
bool resume_has(const struct run_state *s, const struct migration *m);
/* Before anything is written: what ran already must still be what the files say. */
bool resume_check(const struct run_state *s, const struct plan *p, struct err *err);
/* Is this step done already? Asks the database where the journal does not know. */
bool resume_step(const struct resume *r, const struct step *s, bool *skip, struct err *err);

/* ---- fold.c ---- */
/* Several statements that return nothing become one message: what is sent to the stand-in between
 * fold_begin and fold_end is collected; a query in between sends what was collected first. */
struct fold {
	struct conn stand_in; /* first */
	struct conn *real;
	struct buf sql;
};
struct conn *fold_begin(struct fold *f, struct conn *c);
bool fold_end(struct fold *f, bool ok, struct err *err);

#endif
