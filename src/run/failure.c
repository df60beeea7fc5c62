/* failure.c - what is said when a run did not come to its end. */
#include "run/execute.h"

static void say_partial(
	struct executor *x, const struct migration *m, size_t total, struct err *err)
{
	const char *command = x->plan->direction == DIR_UP ? "up" : "down";

	err_context(err,
		"migration %.*s (%s) is half %s: %zu of %zu statements ran and stay, for it runs "
		"outside a transaction",
		SLICE(m->id), m->path, x->plan->direction == DIR_UP ? "done" : "undone", x->kept,
		total);
	if (!err->hint)
		err_hint(err,
			"When the cause is gone, belay %s goes on at the statement that did not "
			"run.",
			command);
}

void failure_count(struct executor *x, struct err *err)
{
	bool up = x->plan->direction == DIR_UP;

	err_context(err, "%zu migration%s of %zu before it %s %s and recorded", x->at,
		x->at == 1 ? "" : "s", x->plan->nmigrations, x->at == 1 ? "is" : "are",
		up ? "applied" : "undone");
	err_next(err, "belay %s",
		err->code != ERR_INTERRUPTED && err->code != ERR_BLOCKED ? "status"
		: up                                                     ? "up"
									 : "down");
}

/* A role that the migration has taken on need not be one that may write our tables. */
static void say_role(struct executor *x, struct err *err)
{
	if (x->other_role && strcmp(err->sqlstate, "42501") == 0 && !err->hint)
		err_hint(err,
			"The migration has taken on another role, and belay's journal is written "
			"between its statements. Let that role write it (GRANT USAGE ON SCHEMA, "
			"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA), or put RESET "
			"ROLE behind the statement that needs the role.");
}

/* COMMIT in a procedure or a block, inside of our transaction. */
static void say_own_commit(struct err *err)
{
	if (strcmp(err->sqlstate, "2D000") == 0 && !err->hint)
		err_hint(err, "It commits by itself, which needs to be outside a transaction: "
			      "\"-- belay:no-transaction\" as the migration's first line.");
}

/* Outside a transaction, and the answer never came: nobody knows yet. */
static void say_doubt(struct executor *x, const struct migration *m, const char *path, size_t total,
	struct err *err)
{
	const char *command = x->plan->direction == DIR_UP ? "up" : "down";

	err_context(err,
		"the connection is gone; whether this statement of migration %.*s (%s) took effect "
		"is not known: it ran outside a transaction. The next belay %s asks the database",
		SLICE(m->id), path, command);
	if (x->kept)
		err_context(err, "%zu of %zu statements before it ran and stay", x->kept, total);
}

static void say_cut(struct executor *x, const struct migration *m, const char *path, size_t total,
	struct err *err)
{
	const char *command = x->plan->direction == DIR_UP ? "up" : "down";

	err_context(err,
		"this statement of migration %.*s (%s) was cancelled outside a transaction: what "
		"it leaves, such as an index that is not valid, the next belay %s looks at first",
		SLICE(m->id), path, command);
	if (x->kept)
		err_context(err, "%zu of %zu statements before it ran and stay", x->kept, total);
}

void failure_explain(struct executor *x, const struct migration *m, size_t total, struct err *err)
{
	bool lost = !x->conn->ops->alive(x->conn);
	const char *path =
		x->plan->direction == DIR_DOWN && m->down.src ? m->down.src->path : m->path;

	say_role(x, err);
	if (x->grouped)
		say_own_commit(err);
	if (x->committing)
		err_context(err,
			"%s while migration %.*s (%s) was being committed: "
			"belay status tells whether it is",
			lost ? "the connection broke" : "this happened", SLICE(m->id), path);
	else if (lost && x->doubt)
		say_doubt(x, m, path, total, err);
	else if (x->halfway)
		halfway_say(x, m, path, total, err);
	else if (x->cut)
		say_cut(x, m, path, total, err);
	else if (x->batches || (!x->grouped && x->kept))
		say_partial(x, m, total, err);
	else if (lost)
		err_context(err,
			"the connection is gone; migration %.*s (%s) was not committed, so nothing "
			"of it stays",
			SLICE(m->id), path);
	else
		err_context(err, "migration %.*s (%s) was rolled back: nothing of it is %s",
			SLICE(m->id), path, x->plan->direction == DIR_UP ? "applied" : "undone");
	failure_count(x, err);
}

/* Whoever has the lease by now writes the history. */
static void write_failed(struct executor *x, const struct migration *m, const char *message)
{
	const struct project *p = x->plan->project;
	struct slice fence = lease_fence(x->o->lease, x->arena);
	struct conn *c = x->conn;
	struct err ignored = {0};
	bool ok;

	ok = !fence.len ||
	     conn_exec(c, arena_printf(x->arena, "BEGIN; %.*s", SLICE(fence)), &ignored);
	ok = ok && p->layout->history_failed(p, c, m, x->plan->direction, message, &ignored);
	if (fence.len && c->ops->alive(c))
		conn_exec(c, ok ? SL("COMMIT") : SL("ROLLBACK"), &ignored);
	err_done(&ignored);
}

void failure_tell_framework(struct executor *x, const struct migration *m, const struct err *err)
{
	struct waiter waiter = x->conn->waiter;

	if (x->grouped || x->o->no_history || !x->plan->project->layout->history_failed ||
		!x->conn->ops->alive(x->conn))
		return;
	x->conn->waiter = (struct waiter){0};
	write_failed(x, m, err->message);
	x->conn->waiter = waiter;
}
