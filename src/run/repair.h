/* repair.h - where the history, the journal, the files and the database tell different stories:
 *what was found, and what would bring them together again.
 *
 *	repair_look() → show the items, ask → take the turn → repair_look() → journal_open() →
 *	repair_apply() for each item that was agreed to
 *
 * Looking writes nothing. Applying runs no migration: it changes records, and indexes that are of
 *no use. What only a person can decide is an item that changes nothing and names the choices. */
#ifndef BELAY_RUN_REPAIR_H
#define BELAY_RUN_REPAIR_H

#include "run/run.h"

enum repair_kind {
	REPAIR_COPY,   /* the journal came here with a copy */
	REPAIR_RUN,    /* a run that never ended */
	REPAIR_LEASE,  /* a lease that was not given back */
	REPAIR_DOUBT,  /* a statement that was sent and never heard of again */
	REPAIR_HALF,   /* begun and not finished */
	REPAIR_FAILED, /* the tool's own mark of failure */
	REPAIR_EDITED,
	REPAIR_MISSING,  /* applied, and the file is gone */
	REPAIR_UNHASHED, /* applied by somebody else: no hash is kept */
	REPAIR_UNDONE,   /* a hash is kept of what is not applied */
	REPAIR_INDEX,    /* invalid */
	REPAIR_SCHEMA,   /* not as the last run left it */
};
struct repair_item {
	enum repair_kind kind;
	bool changes;    /* false: advice */
	struct slice id; /* of the migration or the object; may be empty */
	const struct migration *migration;
	struct slice found, would; /* a sentence each */
	struct slice sql;          /* INDEX: what is sent */
};
struct repair {
	struct arena *arena;
	const struct project *project;
	struct conn *conn;
	const struct run_state *state;
	struct slice where; /* of the journal */
	struct repair_item *at;
	size_t n;
};
/* Fills at and n; the other members are given. `whole`: also what belongs to no migration. */
bool repair_look(struct repair *r, bool whole, struct err *err);
bool repair_apply(struct repair *r, struct journal *j, const struct repair_item *i,
	struct slice fence, struct err *err);
const char *repair_word(enum repair_kind k);

/* Takes a migration out of the history and the journal; nothing is run. */
bool repair_forget(
	struct repair *r, struct journal *j, struct slice id, struct slice fence, struct err *err);

#endif
