/* door.h - one-way doors: statements after which rows that are there now would be gone.
 *
 * Before the first statement of a migration the database is asked, cheaply, what of it is really
 * there: a table without rows, a column that is NULL everywhere, is no loss and no door; nor is
 * what this very run has made. A migration without such statements costs nothing. */
#ifndef BELAY_RUN_DOOR_H
#define BELAY_RUN_DOOR_H

#include "engine/engine.h"
#include "plan/plan.h"

enum door_kind {
	DOOR_TABLE,  /* the table goes */
	DOOR_COLUMN, /* a column of it */
	DOOR_ROWS,   /* all of its rows */
	DOOR_PART,   /* a partition and its rows (MySQL) */
};
struct door {
	enum door_kind kind;
	struct slice object; /* as belay prints it: public.users.email */
	struct kept_table table;
	struct slice part; /* the column or partition */
	long long rows;    /* that would be lost; -1 = they cannot be counted */
	bool more;         /* at least so many */
	bool cascade;      /* it goes because another object does */
	bool rebuilt;      /* another table takes its table's place later */
	bool allowed;      /* the migration says so: -- belay:destroys */
	const struct step *step;
};
struct doors {
	const struct plan *plan;
	struct conn *conn;
	struct arena *arena;
	const struct run_state *state;
	bool empty_too;    /* what has no rows is of interest too: it can be made again */
	bool any;          /* does a statement of the plan look like a door? */
	bool fresh;        /* there was no table when the run began */
	struct name *then; /* the tables there were */
	size_t nthen;
};
/* When a run begins, before anything is made. */
bool doors_begin(struct doors *d, const struct plan *p, struct conn *c,
	const struct run_state *state, struct arena *a, struct err *err);
/* What the steps [from, to), those of one migration, would destroy of what is there now. */
bool doors_find(
	struct doors *d, size_t from, size_t to, struct door **out, size_t *n, struct err *err);
/* What one step would, now that those before it have been run; also what has no rows, if
 * `empty_too`. */
bool doors_find_now(struct doors *d, size_t at, struct door **out, size_t *n, struct err *err);
/* "table public.users (about 1200 rows)" */
struct slice door_words(const struct door *d, struct arena *a);
/* Does NAME on the command line mean this door? */
bool door_is_named(const struct door *d, struct slice name);

#endif
