/* journal.h - what has been done, in the target database, so that a crash costs one step and never
 * a guess.
 *
 * A transactional step commits together with its row. Any other step is written down as intended
 * before its SQL is sent, and as done after the server has said so; one found intended but not done
 * is in doubt: ask the database, do not assume. A few tables in the schema `belay` (PostgreSQL; the
 * prefix `belay_` elsewhere), readable by a person:
 *
 *	run(id, tool, system, database, role, host, pid, direction, state, started, finished)
 *	step(run, ordinal, migration, direction, statement, kind, hash, state, sql_text,
 *	     before_state, evidence, started, ms, error)
 *	lease(part, epoch, owner, …)		see lease.h; PostgreSQL
 *	cursor(…), part(…), moved(…)		see cursor.h
 *	control(…)				see control.h
 *	snapshot(run, fingerprint, made, content)	the schema as belay left it: snapshot.h
 *	verified(run, migration, query, sql_text, expected, got, state, asked)
 *	archive(name, ordinal, …)		see archive.h
 *	version(version)			of these tables
 *	applied(migration, layout, checksum, rule, run, applied_at)	the ledger of hashes
 *
 * kind of a step: transaction (committed with its migration), alone (statement by statement), mark
 * (the migration was begun). state: intent, done, failed; recorded once its migration is recorded
 * as a whole, and then of no more interest. */
#ifndef BELAY_RUN_JOURNAL_H
#define BELAY_RUN_JOURNAL_H

#include "base/buf.h"
#include "engine/conn.h"
#include "plan/plan.h"

struct journal;

enum step_state { STEP_INTENT, STEP_DONE, STEP_FAILED };

/* A step of a migration that runs outside a transaction and is not recorded as a whole yet. */
struct journal_entry {
	long long run, ordinal;
	bool mark; /* not a statement: the migration was begun */
	struct slice migration, sql, error, started, before;
	enum direction direction;
	unsigned statement;
	char hash[65];
	enum step_state state;
};
struct ledger_row {
	struct slice migration;
	char checksum[65];
};

/* Reading never creates anything: *exists says whether there is a journal. */
bool journal_read(struct conn *c, struct slice where, struct arena *a, bool *exists,
	struct ledger_row **ledger, size_t *nledger, struct journal_entry **open_steps,
	size_t *nopen, struct err *err);
/* Makes the tables if missing, adds what an older belay did not know; refuses the journal of a
 * newer one. Before lease_take(). */
bool journal_make(struct conn *c, struct slice where, struct err *err);
/* Makes the tables if missing (one printed script for roles that may not: journal_script). */
bool journal_open(struct journal **out, struct conn *c, struct slice where, enum direction d,
	const char *layout, struct err *err);
void journal_close(struct journal *j);
/* Sends through this connection from now on (a stand-in that collects). */
void journal_use(struct journal *j, struct conn *c);
void journal_script(struct buf *out, enum dialect d, struct slice where);
/* The migration is begun outside a transaction: with the framework's own mark, so that the two
 * cannot be told apart by a crash. */
bool journal_mark(struct journal *j, const struct migration *m, enum direction d, size_t index,
	struct err *err);
/* Words in front of each intent and of what became of it, in one transaction with it (lease_fence);
 * kept by the caller. */
void journal_guard(struct journal *j, struct slice words);
/* Outside a transaction: the row is there before the SQL is sent; `before` is the engine's
 * witness. */
bool journal_intent(struct journal *j, const struct step *s, struct slice before, struct err *err);
bool journal_done(struct journal *j, const struct step *s, long long ms, struct err *err);
bool journal_failed(struct journal *j, const struct step *s, const char *message, struct err *err);
/* It failed, and may have committed part of what it does: intended still, with the words. */
bool journal_halfway(struct journal *j, const struct step *s, const char *message, struct err *err);
/* A step of a migration that has no transaction of its own, done inside one that is open now. */
bool journal_done_alone(struct journal *j, const struct step *s, long long ms, struct err *err);
/* What a later run found out about an entry: done after all, or not there (`failed`). */
bool journal_settle(struct journal *j, const struct journal_entry *e, enum step_state state,
	struct slice evidence, struct err *err);
/* Inside the steps' own transaction: rows of `n` steps at once, committed with them. */
bool journal_done_in_tx(struct journal *j, const struct step *const *steps, const long long *ms,
	size_t n, struct err *err);
/* The ledger: after up (checksum) / after down (removed), in the same transaction where there is
 * one. `close_steps`: the migration has rows of single steps, which now belong to the past. */
bool journal_applied(struct journal *j, const struct migration *m, enum direction d,
	bool close_steps, struct err *err);
/* The schema or the prefix of our tables, whichever the server has. */
void journal_place(enum dialect d, struct slice where, struct slice *schema, struct slice *prefix);
/* Is there a table of ours with that name? And its quoted name. */
bool journal_has(struct conn *c, struct slice where, const char *name, bool *yes, struct err *err);
void journal_table_at(struct buf *b, enum dialect d, struct slice where, const char *name);
/* For cursor.c: one of our tables, quoted; the run's number; the moment, in SQL. */
void journal_table(struct journal *j, struct buf *b, const char *name);
void journal_name(struct buf *b, enum dialect d, struct slice where, const char *name);
long long journal_run(const struct journal *j);
const char *journal_now(enum dialect d);
/* The run is over. */
bool journal_finish(struct journal *j, const char *state, struct err *err);
/* The last run was one of this machine, it did not end, and its process is not there any more: what
 * is left of it is what the server still does. False where that cannot be told. */
bool journal_runner_died(struct conn *c, struct slice where, struct arena *a);
/* One of our tables, quoted, where there is no open journal. */
/* True for tables that are ours, wherever the journal is. */
bool journal_owns(enum dialect d, struct slice where, struct slice schema, struct slice name);
/* True for tables that are ours: comparisons leave them out. */
bool journal_is_ours(enum dialect d, struct slice schema, struct slice name);

#endif
