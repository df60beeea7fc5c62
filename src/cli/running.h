/* running.h - a project, its database and whose turn it is: shared by the commands that look at a
 * history or change it.
 *
 *	running_begin() → running_turn() (only what writes) → … → running_finish() or running_end()
 */
#ifndef BELAY_CLI_RUNNING_H
#define BELAY_CLI_RUNNING_H

#include "cli/cli.h"
#include "run/run.h"

struct running {
	struct cli *cli;
	struct project project;
	struct conn *conn;
	struct run_state state;
	struct run_lock lock;
	struct lease lease;
	bool taken;   /* our turn */
	bool skipped; /* somebody else is at it, and that is fine */
	struct progress progress;
	long long logged; /* when a line about a run was last written, and which (log.h) */
	enum run_event_kind logged_kind;
	long long said; /* when a wait was last mentioned */
	bool told;      /* server, database and role were shown */
	bool confirmed, block_told, stop_told;
	enum direction direction;
	enum backup_mode backup;
};

/* Opens the project and the database and reads the history. Nothing is written. */
bool running_begin(struct running *r, struct cli *c, bool read_only, struct err *err);
/* One runner at a time; shows server, database and role first. What was read before is read again.
 * r->skipped: somebody else is at it, and that is fine. */
bool running_turn(struct running *r, int patience_ms, struct err *err);
/* Is this the database that belay ran on last? Said, and refused where it is to be changed. */
bool running_identity(struct running *r, bool refuse, struct err *err);
/* One more connection to the same database. */
bool running_second(struct running *r, struct conn **out, struct err *err);
/* After an `up`: archives whose time is over (backups: keep) go, in one line. */
void retention_after(struct running *r);
/* Nothing to undo in a database that is not there: SQLite would make an empty file of it. */
bool running_is_there(struct cli *c, struct err *err);
/* The exit code; `nothing` is said when nothing was done. */
int running_finish(struct running *r, bool ok, size_t done, const char *nothing);
void running_end(struct running *r);

/* ---- What up and plan share ---- */
/* ID, --only, --phase. */
bool running_selection(struct cli *c, struct selection *sel, struct err *err);
/* --wait, --hold, --patience, else the environment's, else what traffic does not notice. */
bool running_budget(
	const struct cli *c, struct plan_request *req, struct run_options *ro, struct err *err);
/* A code migration in the way (*code): the selection ends in front of it. */
bool running_cut(
	struct running *r, struct selection *sel, const struct migration **code, struct err *err);
/* Pending migrations that wait for --phase contract. */
size_t running_contracts(const struct running *r);

#endif
