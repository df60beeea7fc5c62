/* effect.h - what one statement does at the point where it runs.
 *
 * Facts as the contract's explain/1 defines them. Each fact is certain, or uncertain and then
 * `needs` names what is missing. Only the engine knows lock names; everybody else asks for the
 * neutral class. */
#ifndef BELAY_SQL_EFFECT_H
#define BELAY_SQL_EFFECT_H

#include "sql/object.h"

/* What a lock keeps others from doing, weakest first. */
enum lock_class {
	LOCK_NOTHING,      /* nobody notices (ACCESS SHARE … ROW EXCLUSIVE) */
	LOCK_DDL,          /* other schema changes, vacuum (SHARE UPDATE EXCLUSIVE) */
	LOCK_WRITES,       /* writes wait (SHARE, SHARE ROW EXCLUSIVE, EXCLUSIVE; LOCK=SHARED) */
	LOCK_READS_WRITES, /* everybody waits (ACCESS EXCLUSIVE; LOCK=EXCLUSIVE) */
};

struct lock {
	struct name object;
	enum object_type type;
	const char *mode; /* in the manual's words: "SHARE UPDATE EXCLUSIVE" */
	enum lock_class blocks;
	bool certain;
	bool new_in_tx; /* the object was created in this transaction: nobody can be waiting */
};

/* One touched object of a fact list. */
struct touched {
	enum object_type type;
	struct name object; /* table of a part */
	struct slice part;  /* column, constraint …; empty for the object itself */
	bool certain;
	bool new_in_tx; /* created in this transaction: listed for completeness, not reported */
};

enum breaks_who { BREAKS_OLD_READERS, BREAKS_OLD_WRITERS, BREAKS_NEW_CODE };
struct breakage {
	enum breaks_who who;
	enum object_type type;
	struct name object;
	struct slice part;
	bool certain;
};

enum outcome { OUTCOME_OK, OUTCOME_FAILS, OUTCOME_MAY_FAIL };
enum tx_rule { TX_ALLOWED, TX_FORBIDDEN, TX_COMMITS, TX_NO_EFFECT };
enum rerun { RERUN_SAME, RERUN_FAILS, RERUN_DIFFERS, RERUN_UNKNOWN };
enum undo { UNDO_EXACT, UNDO_SCHEMA_ONLY, UNDO_NONE };

struct effect {
	enum outcome outcome;
	struct slice outcome_why; /* why it fails or may fail */
	struct lock *locks;
	size_t nlocks;
	struct touched *rewrites, *scans, *builds, *writes_rows, *destroys;
	size_t nrewrites, nscans, nbuilds, nwrites_rows, ndestroys;
	struct names waits_for; /* "older snapshots", "transactions using the table" */
	struct breakage *breaks;
	size_t nbreaks;
	enum tx_rule transaction;
	enum rerun rerun;
	enum undo undo;
	const char *algorithm, *lock_clause; /* MySQL/MariaDB, else NULL */
	unsigned long long row_bytes; /* … what the columns declare, if no row holds so much */
	bool documented;              /* the manual says so, no server was watched doing it */
	bool unread;                  /* opaque: nothing here is known */
	bool certain;                 /* every fact is */
	struct names needs;           /* what is missing: "old type of public.orders.status" */
};

const char *outcome_word(enum outcome o);   /* ok, fails, may-fail */
const char *tx_rule_word(enum tx_rule r);   /* allowed, forbidden, commits, no-effect */
const char *rerun_word(enum rerun r);       /* same, fails, differs, unknown */
const char *undo_word(enum undo u);         /* exact, schema-only, none */
const char *breaks_word(enum breaks_who w); /* old-readers, old-writers, new-code-before */

/* Building, in an arena; duplicates are merged (stronger lock wins, certain wins). */
void effect_lock(struct arena *a, struct effect *e, struct lock l);
void effect_touch(struct arena *a, struct touched **v, size_t *n, struct touched t);
void effect_break(struct arena *a, struct effect *e, struct breakage b);
void effect_need(struct arena *a, struct effect *e, struct slice what); /* also clears certain */

/* Do both say the same? */
bool effect_eq(const struct effect *x, const struct effect *y);
bool locks_eq(const struct lock *x, size_t nx, const struct lock *y, size_t ny);

#endif
