/* run_internal.h - shared inside src/run only. */
#ifndef BELAY_RUN_RUN_INTERNAL_H
#define BELAY_RUN_RUN_INTERNAL_H

#include "base/buf.h"
#include "run/run.h"

/* Runs one migration's verify queries on an open connection, inside whatever transaction is open.
 * Failures are added to *out; false only when a query itself cannot run. */
bool verify_migration(struct run_result *out, struct arena *a, const struct project *p,
	const struct migration *m, struct conn *c, struct err *err);

/* ---- verified.c ---- */
/* What they answered, in the journal: inside the open transaction, if there is one. */
bool verified_keep(struct journal *j, struct conn *c, const struct verify_check *checks, size_t n,
	struct err *err);

/* The same after a failure and a rollback; that it cannot be written is no failure of its own. */
void verified_keep_failed(
	struct journal *j, struct conn *c, const struct verify_check *checks, size_t n);

/* ---- window_gate.c ---- */
bool window_gate(
	const struct window *w, struct span at, const struct migration *m, struct err *err);
/* Between two batches of that step: its own window and that of the whole run. */
bool window_between(const struct window *all, const struct step *s, struct err *err);

/* ---- resume.c ---- */
struct resume {
	const struct run_state *state; /* NULL: nothing to go on with */
	struct conn *conn;
	struct journal *journal;
	struct arena *arena;
	enum in_doubt in_doubt;
	struct lease *lease;
	void (*waiting)(void *ctx, const struct step *s, struct slice words);
	void *ctx;
};
/* Does the journal hold steps of this migration? */
bool resume_has(const struct run_state *s, const struct migration *m);
/* Before anything is written: what ran already must still be what the files say. */
bool resume_check(const struct run_state *s, const struct plan *p, struct err *err);
/* Is this step done already? Asks the database where the journal does not know. */
bool resume_step(const struct resume *r, const struct step *s, bool *skip, struct err *err);

/* ---- budget.c ---- */
/* The lock budget while a plan runs: limits in front of each transaction, the ladder when a lock is
 * not to be had at once, the clock over locks that are held, and who is in the way. */
struct budget {
	const struct run_options *o;
	struct conn *conn;
	const struct engine_locks
		*locks;            /* NULL: this engine has no budgets, nothing below is used */
	struct arena arena, names; /* names: of the blockers last seen */
	struct conn *watcher;      /* opened when somebody has to be named */
	bool no_watcher;
	struct slice session; /* how the server calls our connection */
	struct waiter outer;
	long long outer_at,
		sampled; /* when the caller's tick last had its turn; when blockers were asked */
	int limit;       /* in force now, -1 = unknown */
	bool joins;      /* the next statement is sent by us: its limit goes with it, in `words` */
	struct slice words;
	bool own;                  /* the migration has set its own timeouts */
	const struct step *step;   /* under way */
	bool sending;              /* its statement was sent: the server is at it */
	const struct step *holder; /* the first whose lock stops writes in the open transaction */
	long long holding_since;
	bool overheld; /* cancelled for that */
	bool spent;    /* the ladder was given up */
	bool lost;     /* the lease was */
	unsigned attempt;
	long long first_failure;
	struct blocker *blockers;
	size_t nblockers;
	struct lock *wanted; /* by the ladder: of all steps of the transaction */
	size_t nwanted;
	unsigned seed;
	void (*tell)(void *ctx, enum run_event_kind kind, const struct step *s, long long ms,
		struct slice text);
	void *ctx;
};
bool budget_begin(
	struct budget *b, const struct plan *p, const struct run_options *o, struct err *err);
void budget_end(struct budget *b);
/* A migration, or a statement that stands alone, begins: no failures yet. */
void budget_fresh(struct budget *b);
void budget_fresh_step(struct budget *b);
/* The migration sets limits of its own: they are left alone. */
void budget_note(struct budget *b, const struct step *s);
/* The session is as it was when the run began: neither its limits nor ours are in force. */
void budget_own_session(struct budget *b);
/* Words to put in front of BEGIN's first statement, after a "; "; empty = none. */
struct slice budget_limits(struct budget *b, const struct step *first);
/* Words of ours that are sent in front of the statement, with "; " between; empty = none. They are
 * given once. */
struct slice budget_words(struct budget *b);
/* From here on the caller sends those words; or no longer. */
void budget_join(struct budget *b, bool joins);
/* Before a statement is sent: its limits, and after a failure the ladder over the locks of `steps`
 * (the rest of its transaction). */
bool budget_step(struct budget *b, const struct step *s, const struct step *steps, size_t n,
	bool in_tx, struct err *err);
/* From here on locks of it are held. */
void budget_hold(struct budget *b, const struct step *s);
/* It was sent / it has come back. */
void budget_sent(struct budget *b, const struct step *s);
void budget_back(struct budget *b);
/* Between statements: the lease's heartbeat, if it is due. False when the lease is lost. */
bool budget_alive(struct budget *b, struct err *err);
/* A statement outside a transaction is done: the session is as it was. */
void budget_unlimit(struct budget *b);
/* The transaction is over, or cannot be cancelled any more. */
void budget_released(struct budget *b);
/* After a failure and a rollback: wait a little and say whether to try again. If not, *err tells
 * who was in the way. */
bool budget_again(struct budget *b, const struct step *s, struct err *err);
/* The same where an engine has no lock budgets: somebody else is writing. */
bool budget_again_busy(struct budget *b, const struct step *s, struct err *err);

/* The second connection, opened when it is first wanted; NULL = not to be had. */
struct conn *budget_watcher(struct budget *b);

/* ---- sure.c ---- */
/* Where no lease asks: is this still the server and the session that the run began on? Asked in
 * each transaction, and before each statement outside of one. */
bool sure_same(struct conn *c, struct err *err);
/* After a statement inside a transaction. */
bool sure_inside(struct conn *c, struct err *err);
/* A connection that was opened while the run goes on. */
bool sure_second(const struct conn *first, const struct conn *second, struct err *err);
/* After a COMMIT that failed: nothing of it stays. Else nobody knows. */
bool sure_undone(struct conn *c, const struct err *why);

/* ---- step.c ---- */
struct slice step_begin_words(const struct conn *c);
/* One statement, and its row with it: then nobody ever has to ask. Not where the statement commits
 * by itself, or might. */
bool step_fits_transaction(const struct conn *c, const struct step *s);
bool step_place_of_failure(const struct step *s, struct err *err);
/* Both in one message; the place of a failure is counted from where `sql` begins. */
bool step_send_with(
	struct conn *c, struct arena *a, struct slice words, struct slice sql, struct err *err);

/* ---- pin.c ---- */
/* `p` is the run's own copy: its table gets the full name. After history_create. */
bool pin_history(struct project *p, struct conn *c, struct arena *a, struct err *err);

/* ---- leaks.c ---- */
/* What a migration sets for its session ends with it. leaks_prepare → for each migration:
 * leaks_note (each statement) → leaks_restore (before its rows are written, in their
 * transaction where there is one) → leaks_settle (behind the COMMIT) → leaks_done. */
struct leaks {
	struct arena arena;
	struct slice back, behind; /* words that bring it back: before and behind the COMMIT */
	bool set, temporary;       /* the migration may have set something; has temporary tables */
};
bool leaks_prepare(struct leaks *k, struct conn *c, const struct plan *p, struct err *err);
void leaks_note(struct leaks *k, const struct step *s);
bool leaks_restore(struct leaks *k, struct conn *c, struct err *err);
bool leaks_settle(struct leaks *k, struct conn *c, struct err *err);
void leaks_done(struct leaks *k);

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
