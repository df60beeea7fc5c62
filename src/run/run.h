/* run.h - carrying out a plan: the one executor, on a scratch server and on the real one.
 *
 * Calling sequence:  lease_take() (or run_lock_take()) → state_read() → state_select() →
 * plan_make() → run_plan() . Before anything is written `announce` is called with server, database
 * and role. Events are told to the caller as they happen; the library prints nothing. A failure
 * leaves: transactional steps rolled back with their migration, others recorded as done or in
 * doubt; err says which, with the next command. */
#ifndef BELAY_RUN_RUN_H
#define BELAY_RUN_RUN_H

#include "plan/plan.h"
#include "run/archive.h"
#include "run/door.h"
#include "run/journal.h"
#include "run/lease.h"

/* What is applied, according to the framework's table and our ledger. */
struct migration_state {
	const struct migration *migration; /* NULL: a history row without a file */
	struct slice id;
	enum applied_state state;
	bool edited, missing_file, late;
	bool taken_out; /* belay applied it, and the framework's table does not know it */
	bool undoing;   /* PARTIAL: its down was begun */
	struct slice applied_at;
	long long ms;
	struct slice note;
};
struct run_state {
	struct migration_state *at; /* project order, rows without files last */
	size_t n;
	struct history history;
	bool journal_exists;
	struct slice shadow; /* a table of the history's name that is found behind it, and knows */
	size_t orphans;      /* migrations in our ledger while the framework's table is gone */
	struct ledger_row *ledger;
	size_t nledger;
	struct journal_entry *open_steps; /* intended, not known to be done */
	size_t nopen_steps;
};
bool state_read(struct run_state *out, struct arena *a, const struct project *p, struct conn *c,
	struct slice journal_where, struct err *err);
/* The migrations a request means, in running order. Exactly one of the selectors is used. */
struct selection {
	enum direction direction;
	struct slice to;     /* up ID / down ID (not included) / goto */
	struct slice only;   /* up --only */
	size_t count;        /* down --count N; 0 = not given */
	bool all;            /* down --all */
	enum phase phase;    /* up --phase */
	bool again;          /* what was taken out of the history behind our back may run again */
	bool out_of_order;   /* up: late ones are run in their place */
	bool ignore_missing; /* up: rows whose file is missing do not stop it */
};
bool state_select(const struct run_state *s, const struct project *p, const struct selection *sel,
	struct arena *a, const struct migration ***out, size_t *n, struct err *err);

enum run_event_kind {
	EVENT_MIGRATION_BEGIN,
	EVENT_STATEMENT_BEGIN,
	EVENT_STATEMENT_TICK, /* still running */
	EVENT_STATEMENT_DONE,
	EVENT_MIGRATION_DONE,
	EVENT_VERIFY_DONE,
	EVENT_RETRY,
	EVENT_BATCH,    /* of a statement in batches one more is done; text: how far it has come */
	EVENT_PAUSE,    /* the batches wait; text: what for */
	EVENT_LEFT,     /* when all is walked there are rows left; text: how many */
	EVENT_STANDBY,  /* one is far behind, and is not waited for any longer; text: which */
	EVENT_KEEP,     /* what would be lost is kept; text: what, where, how large */
	EVENT_PUT_BACK, /* what the migration's up had kept is there again; text: what, how much */
};
/* How far the batches of a statement have come. */
struct batch_progress {
	long long seen, total; /* rows; total about, 0 = unknown */
	long long per_second;
	long long least_s, most_s; /* left; -1 = unknown */
	const char *signal;        /* holds them up; NULL = none */
	bool busy;                 /* others are at work: batches are short, and rest */
};
struct run_event {
	enum run_event_kind kind;
	const struct step *step;
	const struct migration *migration;
	enum direction direction;
	size_t index, total; /* of migrations, from 1 */
	long long ms;
	struct slice text;                  /* RETRY: who blocks; VERIFY: what failed */
	const struct batch_progress *batch; /* BATCH, PAUSE */
};

/* A statement that was under way when an earlier run was killed, and that the database cannot tell
 * about. */
enum in_doubt { IN_DOUBT_STOP, IN_DOUBT_DONE, IN_DOUBT_AGAIN };

/* One runner at a time where there are no leases: read the state after taking it, drop it after the
 * connection is closed. */
struct run_lock {
	int fd;
};
bool run_lock_take(struct run_lock *l, struct conn *c, const struct lease_request *q, bool *skipped,
	struct err *err);
void run_lock_drop(struct run_lock *l);

/* Statements in batches; 0 and nothing = the default. */
struct batch_limits {
	int target_ms, max_rows, max_lag_ms;
	int max_commit_ms;        /* a COMMIT of ours may take so long */
	int max_active;           /* other sessions at work */
	int max_wal_kb;           /* that the server's log grows in a second */
	int max_history;          /* InnoDB: old versions that wait to be purged */
	int max_snapshot_ms;      /* PostgreSQL: somebody's snapshot, when vacuum is due */
	int parallel;             /* batches at the same time */
	struct window window;     /* wait outside of it */
	struct slice pause_query; /* true = wait */
	const char *pause_file;   /* wait while it is there */
	struct names replicas;    /* URLs: servers that must keep up */
};

struct run_options {
	struct conn *conn;
	const struct run_state *state; /* what the plan was made from; NULL in rehearsals */
	enum in_doubt in_doubt;
	struct slice journal_where; /* empty = default */
	bool no_journal;            /* rehearsals: the framework's table and ours are left alone */
	bool no_history;
	bool verify;
	bool (*announce)(void *ctx, const struct conn_identity *id, const struct plan *plan,
		struct err *err); /* false = do not begin */
	void (*event)(void *ctx, const struct run_event *e);
	/* Around each statement: a rehearsal observes locks here. May be NULL. */
	bool (*before)(void *ctx, const struct step *s, struct err *err);
	bool (*after)(void *ctx, const struct step *s, long long ms, struct err *err);
	/* A migration's statements would destroy these: may they? ERR_REFUSED if not; then it is
	 * not begun. NULL: nobody is asked. */
	bool (*consent)(void *ctx, const struct migration *m, const struct door *doors, size_t n,
		struct err *err);
	enum backup_mode backup;
	/* BACKUP_WHOLE: keeps the whole database, once, before the first migration of the run that
	 * would destroy or change rows. */
	bool (*back_up)(void *ctx, const struct migration *m, enum direction d, long long run,
		struct err *err);
	long long most_bytes; /* of an archive; 0 = no limit */
	bool no_restore;      /* down leaves archives of up where they are */
	struct lease *lease;  /* held by the caller; NULL: none */
	/* A second connection: to see who is in the way, and for the lease's heartbeat. May be
	 * NULL. */
	bool (*open_watcher)(void *ctx, struct conn **out, struct err *err);
	/* A server that replays what we change, by its URL. May be NULL. */
	bool (*open_replica)(void *ctx, struct slice url, struct conn **out, struct err *err);
	/* True: stop at the next place where all that was done stays. May be NULL. */
	bool (*stopping)(void *ctx);
	struct window window; /* no migration begins outside of it */
	int patience_ms;      /* how long a lock is tried for, 0 = once */
	struct batch_limits batches;
	void *ctx;
};
struct verify_failure {
	const struct migration *migration;
	struct slice query, expected, got;
	struct span span;
};
/* A verify query that was asked. */
struct verify_check {
	const struct migration *migration;
	unsigned query; /* index in its script, from 0 */
	struct slice sql, expected, got;
	bool holds;
};
struct run_result {
	size_t migrations_done, statements_done;
	struct verify_check *checks;
	size_t nchecks;
	struct verify_failure *failures;
	size_t nfailures;
};
bool run_plan(struct run_result *out, struct arena *a, const struct plan *p,
	const struct run_options *o, struct err *err);
/* Runs the verify queries of these migrations in a read-only transaction. */
bool run_verify(struct run_result *out, struct arena *a, const struct project *p,
	const struct migration *const *m, size_t n, struct conn *c, struct err *err);

#endif
