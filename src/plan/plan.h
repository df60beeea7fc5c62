/* plan.h - what will be done, step by step, before anything is done.
 *
 * Facts in, steps out, no I/O: the same plan is rehearsed on a scratch server and run on the real
 * one, by the same executor. */
#ifndef BELAY_PLAN_PLAN_H
#define BELAY_PLAN_PLAN_H

#include "layout/layout.h"
#include "sql/batched.h"
#include "plan/window.h"

enum step_kind {
	STEP_SQL,  /* one statement of a migration */
	STEP_COPY, /* COPY … FROM stdin with its rows */
};

struct step {
	enum step_kind kind;
	const struct migration *migration;
	enum direction direction;
	const struct statement *statement;
	unsigned ordinal;  /* index of the statement in its script, from 0 */
	size_t serial;     /* position in the plan, from 0 */
	struct slice sql;  /* exactly what is sent (placeholders expanded) */
	struct slice data; /* COPY rows */
	unsigned group;    /* steps with the same non-zero group share one transaction */
	bool begins_tx,
		ends_tx;      /* first and last of its group: the executor sends BEGIN / COMMIT */
	enum lock_class lock; /* strongest class it will take, from the effects */
	struct lock *locks;   /* those that stop writes or more, on what existed before */
	size_t nlocks;
	int wait_ms, hold_ms;        /* lock budget, 0 = none applies */
	struct window window;        /* it may run then: -- belay:window */
	const struct effect *effect; /* all of it; NULL = not foreseen */
	bool one_way; /* cannot be undone: destroys something (named in `destroys`) */
	struct names destroys;
	const struct batched *batched; /* -- belay:batched: it runs in pieces; NULL = whole */
	char hash[65];                 /* SHA-256 of the SQL */
};

struct plan {
	const struct project *project;
	enum direction direction;
	const struct migration **migrations; /* in the order they will run */
	size_t nmigrations;
	struct step *steps;
	size_t nsteps;
	struct arena *arena;
};

struct plan_request {
	enum direction direction;
	const struct migration **migrations; /* in running order */
	size_t nmigrations;
	int wait_ms, hold_ms; /* of statements without a `belay:budget` of their own */
	int server_version;
	/* NULL: with a budget, lock classes are foreseen without knowing the schema; without one
	 * they and destroyed objects are left unknown. */
	const struct catalog *catalog;
};
/* What is sent, for people: of many INSERTs that are alike the first. */
static inline struct slice step_shown(const struct step *s)
{
	return s->statement && s->statement->alike ? statement_shown(s->statement) : s->sql;
}

/* `catalog` is the schema before the first migration (a copy is replayed). A code
 * migration, a missing down, a fatal layout problem and a statement that does not parse are errors.
 */
bool plan_make(struct plan *out, struct arena *a, const struct project *p, const struct engine *e,
	const struct plan_request *r, struct err *err);

#endif
