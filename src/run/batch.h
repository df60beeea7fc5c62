/* batch.h - one statement as many short transactions over ranges of a key.
 *
 * Each of them: the fence, the last key of the range (found by the server), the statement with the
 * range added, the cursor, COMMIT. A run that was killed goes on behind the last range that was
 * committed. The last key there was at the beginning is the end: what is inserted behind it is the
 * business of those who insert. */
#ifndef BELAY_RUN_BATCH_H
#define BELAY_RUN_BATCH_H

#include "engine/engine.h"
#include "run/cursor.h"
#include "run/run_internal.h"

/* What the executor does for each batch. */
struct batch_host {
	void *ctx;
	bool (*begin)(void *ctx, const struct step *s, struct err *err); /* with fence and limits */
	bool (*commit)(void *ctx, struct err *err);
	void (*roll_back)(void *ctx);
	/* False when the run is to stop. */
	bool (*go_on)(void *ctx, struct err *err);
	/* After a failure and a rollback: we have waited, and it may be tried again. */
	bool (*again)(void *ctx, const struct step *s, struct err *err);
	/* A batch went well: failures are counted anew. */
	void (*fresh)(void *ctx);
	struct conn *(*watcher)(void *ctx);
	/* For one connection more that works on the same statement: what its transactions begin
	 * with, kept by the caller; and the session as the migration has set it. */
	struct slice (*words)(void *ctx, const struct step *s);
	bool (*settle)(void *ctx, struct conn *c, const struct step *s, struct err *err);
	void (*tell)(void *ctx, enum run_event_kind kind, const struct step *s, struct slice text,
		const struct batch_progress *progress);
};
struct batch_run {
	const struct batch_host *host;
	const struct run_options *o;
	struct conn *conn;
	struct journal *journal;
	const struct step *step;
	struct slice session; /* how the server calls our connection */
	struct arena *arena;  /* for what is said in the end */
	const struct archive *keeps; /* what a batch changes goes there first; NULL: nowhere */
	struct cursor cursor; /* what was reached */
	struct arena reached; /* where its values live; the caller's to free */
	struct batch_key key;
};
/* True: all of it is done and its step is in the journal. */
bool batch_run(struct batch_run *b, struct err *err);
/* Before a migration is marked as begun: can the tables of its first statements be walked? Of one
 * that was begun earlier: are the statements still those that were begun? */
bool batch_foresee(struct conn *c, const struct step *steps, size_t n, struct err *err);
bool batch_unchanged(
	struct conn *c, struct journal *j, const struct step *steps, size_t n, struct err *err);
/* "id = 4711" */
struct slice batch_key_words(
	const struct batch_key *k, const struct slice *values, struct arena *a);

#endif
