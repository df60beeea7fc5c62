/* execute.h - the executor's state, shared by the files that carry out a plan. */
#ifndef BELAY_RUN_EXECUTE_H
#define BELAY_RUN_EXECUTE_H

#include "run/keep.h"
#include "run/run_internal.h"

struct executor {
	const struct plan *plan;
	const struct run_options *o;
	struct conn *conn;
	struct journal *journal; /* NULL in rehearsals */
	struct run_result *result;
	struct arena *arena;
	size_t at; /* index of the migration, from 0 */
	const struct step **group;
	long long *group_ms;
	size_t ngroup, nms;
	long long begun;
	bool grouped;    /* the migration runs in one transaction of ours */
	bool committing; /* COMMIT was sent, and nobody knows whether it was carried out */
	size_t kept;     /* statements of this migration that are committed for good */
	/* Steps of a transaction that the migration itself opened, not committed yet. */
	const struct step **own;
	long long *own_ms;
	size_t nown, nown_ms;
	struct resume resume;
	struct budget budget;
	struct leaks leaks;
	struct doors doors;
	struct keep keep;
	bool again;      /* the transaction that the migration opened is begun anew */
	bool batches;    /* a statement in batches has done some of its rows */
	bool doubt;      /* a statement outside a transaction was sent, and no answer came yet */
	bool halfway;    /* a statement failed that may have committed part of what it does */
	bool cut;        /* a statement outside a transaction was cancelled: it may leave a ruin */
	bool other_role; /* taken on between statements */
	long long standby_asked; /* when, 0 = never */
	size_t unkept;           /* the first verify query whose answer is not in the journal */
};

/* ---- send.c ---- */
/* The INSERTs of a step that stands for many (statement.alike), in messages of a bounded size, all
 * in the open transaction. A failure has the place of the one that failed. */
bool send_many(struct executor *x, const struct step *s, struct slice words, struct err *err);

/* ---- standby.c ---- */
/* Before steps whose locks stop reads: who replays them may be far behind. */
bool standby_wait(struct executor *x, const struct step *steps, size_t n, struct err *err);
/* A quarter of a second, if nobody wants to stop and the lease is ours; and saying so. */
bool execute_nap(struct executor *x, struct err *err);
void execute_tell(
	struct executor *x, enum run_event_kind kind, const struct step *s, struct slice text);

/* ---- builder.c ---- */
/* Before a build with CONCURRENTLY: until nobody else builds on the table. */
bool builder_wait(struct executor *x, const struct step *s, struct err *err);

/* ---- halfway.c ---- */
/* A statement that was sent failed: may part of it be committed? */
bool halfway_possible(struct executor *x, const struct step *s, const struct err *why);
void halfway_say(struct executor *x, const struct migration *m, const char *path, size_t total,
	struct err *err);

/* ---- failure.c ---- */
/* What is and is not applied, and the next command: the sentence a tired operator reads. */
void failure_explain(struct executor *x, const struct migration *m, size_t total, struct err *err);
/* How many migrations before it are done, and the next command. */
void failure_count(struct executor *x, struct err *err);
/* The framework's own mark of a failure, where it has one. */
void failure_tell_framework(struct executor *x, const struct migration *m, const struct err *err);

#endif
