/* keep.h - the executor's side of archives: nothing in here does anything without --backup, apart
 * from down, which puts back what the up of its migration has kept. */
#ifndef BELAY_RUN_KEEP_H
#define BELAY_RUN_KEEP_H

#include "run/run.h"

struct keep {
	const struct run_options *o;
	struct archiver maker;
	const struct project *project;
	struct archive *made; /* by earlier runs */
	size_t nmade;
	bool whole;             /* all of it is kept already */
	struct archive growing; /* of the statement in batches, if `grows` */
	bool grows;
	bool in_own; /* inside of a transaction that the migration opened */
};
bool keep_begin(struct keep *k, const struct plan *p, const struct run_options *o,
	struct journal *j, struct doors *d, struct arena *a, struct err *err);
void keep_migration(struct keep *k);
/* Before the first migration that has doors, or changes rows, when all is to be kept. */
bool keep_whole(struct keep *k, const struct migration *m, size_t from, size_t to, bool doors,
	struct err *err);
/* Before the transaction of the steps [from, to) begins, or begins anew. */
bool keep_ahead(struct keep *k, size_t from, size_t to, struct err *err);
/* Is anything kept in this run? Then there are statements of ours between those of a migration. */
bool keep_on(const struct keep *k);
/* Before and after a step, in its transaction. keep_after(NULL): before the transaction ends. */
bool keep_before(struct keep *k, const struct step *s, struct err *err);
bool keep_after(struct keep *k, const struct step *s, struct err *err);
/* Before a step that has no transaction, or several. */
bool keep_alone(struct keep *k, const struct step *s, struct slice begin, struct err *err);
/* What the batches of the statement, for which that was called, keep in their transactions; NULL:
 * nothing, or it is kept already. */
const struct archive *keep_growing(const struct keep *k);
/* Directly before and after a statement that commits by itself: nobody else writes in between. */
bool keep_shut(struct keep *k, const struct step *s, struct err *err);
void keep_open(struct keep *k, const struct step *s, struct err *err);
/* After the statements of a down. */
bool keep_put_back(struct keep *k, const struct migration *m,
	void (*tell)(void *ctx, struct slice text), void *ctx, struct err *err);

#endif
