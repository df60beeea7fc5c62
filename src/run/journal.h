/* journal.h - what has been done, in the target database, so that a crash costs one step and never
 * a guess.
 *
 * A transactional step commits together with its row. Any other step is written down as intended
 * before its SQL is sent, and as done after the server has said so; one found intended but not done
 * is in doubt: ask the database, do not assume. Three tables in the schema `belay` (PostgreSQL; the
 * prefix `belay_` elsewhere), readable by a person:
 *
 *	run(id, tool, system, database, role, host, pid, direction, state, started, finished)
 *	step(run, ordinal, migration, direction, statement, kind, hash, state, sql, before,
 *evidence, started, ms, error) applied(migration, layout, checksum, rule, run, applied_at)   the
 *ledger of content hashes
 */
#ifndef BELAY_RUN_JOURNAL_H
#define BELAY_RUN_JOURNAL_H

#include "plan/plan.h"

struct journal;

enum step_state { STEP_INTENT, STEP_DONE, STEP_FAILED, STEP_UNDONE };

struct journal_entry {
	long long run;
	struct slice migration, sql, error, started;
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
/* Makes the tables if missing (one printed script for roles that may not: journal_script). */
bool journal_open(struct journal **out, struct conn *c, struct slice where, enum direction d,
	const char *layout, struct err *err);
void journal_close(struct journal *j);
void journal_script(struct buf *out, enum dialect d, struct slice where);
/* Outside a transaction: the row is there before the SQL is sent. */
bool journal_intent(struct journal *j, const struct step *s, struct err *err);
bool journal_done(struct journal *j, const struct step *s, long long ms, struct err *err);
bool journal_failed(struct journal *j, const struct step *s, const char *message, struct err *err);
/* Inside the steps' own transaction: rows of `n` steps at once, committed with them. */
bool journal_done_in_tx(struct journal *j, const struct step *const *steps, const long long *ms,
	size_t n, struct err *err);
/* The ledger: after up (checksum) / after down (removed), in the same transaction where there is
 * one. */
bool journal_applied(
	struct journal *j, const struct migration *m, enum direction d, struct err *err);
/* The run is over. */
bool journal_finish(struct journal *j, const char *state, struct err *err);
/* True for tables that are ours: comparisons leave them out. */
bool journal_is_ours(enum dialect d, struct slice schema, struct slice name);

#endif
