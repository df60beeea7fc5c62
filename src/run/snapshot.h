/* snapshot.h - the schema as belay left it, so that what others do to it is seen.
 *
 * After a run that changed something the schema is loaded once and written into the journal: a
 * fingerprint for every run, the whole (catalog/freeze.h) for the last one. A transaction of its
 * own, after everything else; that it could not be written is no failure of the run, and is known
 * later
 * (`current`). */
#ifndef BELAY_RUN_SNAPSHOT_H
#define BELAY_RUN_SNAPSHOT_H

#include "run/run.h"

struct snapshot {
	bool found;
	bool current; /* no later run changed something without leaving its own */
	long long run;
	struct slice fingerprint, made;
	struct slice content; /* empty: it was not kept */
};
/* What belongs to runners is left out of the schema. */
struct snapshot_scope {
	enum dialect dialect;
	struct slice where; /* of the journal */
	struct slice table; /* the tool's history, without its schema */
};
struct snapshot_scope snapshot_scope(
	const struct project *p, enum dialect d, struct slice journal_where);
struct diff_options snapshot_options(struct snapshot_scope *scope);

bool snapshot_store(struct conn *c, struct snapshot_scope *scope, long long run, struct slice fence,
	struct err *err);
/* At the end of a run; that it cannot be kept is no failure. */
void snapshot_after(struct conn *c, const struct project *p, struct slice journal_where,
	long long run, struct slice fence);
/* Not found without a journal, or with one of an older belay. Nothing is written. */
bool snapshot_read(
	struct snapshot *out, struct arena *a, struct conn *c, struct slice where, struct err *err);

/* The live schema against it: *diff is empty when they are the same. */
bool snapshot_compare(struct catalog_diff *diff, struct arena *a, struct conn *c,
	struct snapshot_scope *scope, const struct snapshot *s, struct err *err);

#endif
