/* repair_apply.c - what was agreed to: records are changed, and indexes that are of no use. */
#include "run/repair.h"

#include "run/run_internal.h"
#include "run/snapshot.h"
#include "sql/quote.h"

static bool begin(struct repair *r, struct slice fence, struct err *err)
{
	struct slice word =
		r->conn->id.dialect == DIALECT_SQLITE ? SL("BEGIN IMMEDIATE") : SL("BEGIN");

	return conn_exec(r->conn, word, err) && (!fence.len || conn_exec(r->conn, fence, err));
}

/* Commits, or rolls back and keeps the error. */
static bool end(struct repair *r, bool ok, struct err *err)
{
	struct err ignored = {0};

	if (ok && conn_exec(r->conn, SL("COMMIT"), err))
		return true;
	if (r->conn->ops->alive(r->conn) && r->conn->ops->in_transaction(r->conn))
		conn_exec(r->conn, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
	return false;
}

static bool accept_text(
	struct repair *r, struct journal *j, const struct migration *m, struct err *err)
{
	const struct layout *l = r->project->layout;

	return (!l->history_accept || l->history_accept(r->project, r->conn, m, err)) &&
	       journal_applied(j, m, DIR_UP, true, err);
}

static bool keep_hashes(struct repair *r, struct journal *j, struct err *err)
{
	for (size_t i = 0; i < r->state->n; i++) {
		const struct migration_state *m = &r->state->at[i];
		bool known = false;

		for (size_t k = 0; k < r->state->nledger; k++)
			known |= slice_eq(r->state->ledger[k].migration, m->id);
		if (m->state == STATE_APPLIED && m->migration && !m->migration->repeatable &&
			!m->migration->baseline && m->migration->up.src && !m->edited && !known &&
			!journal_applied(j, m->migration, DIR_UP, false, err))
			return false;
	}
	return true;
}

static bool forget(struct repair *r, struct journal *j, struct slice id, struct err *err)
{
	const struct layout *l = r->project->layout;
	struct migration m = {.id = id};

	return (!r->state->history.exists || l->history_forget(r->project, r->conn, id, err)) &&
	       journal_applied(j, &m, DIR_DOWN, true, err);
}

bool repair_forget(
	struct repair *r, struct journal *j, struct slice id, struct slice fence, struct err *err)
{
	return begin(r, fence, err) ? end(r, forget(r, j, id, err), err) : end(r, false, err);
}

static bool end_runs(struct repair *r, struct journal *j, struct slice id, struct err *err)
{
	enum dialect d = r->conn->id.dialect;
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "UPDATE ");
	journal_table(j, &b, "run");
	sqlf(&b, d, " SET state = 'lost', finished = %s WHERE id = %s AND state = 'running'",
		slice_of(journal_now(d)), id);
	ok = conn_exec(r->conn, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

/* The engine's probe answers for each statement that nobody heard of again; it may remove a ruin.
 * Nobody else is at work: we have the turn. */
static bool settle(struct repair *r, struct journal *j, const struct migration *m, enum direction d,
	struct err *err)
{
	const struct migration *list[] = {m};
	struct plan_request req = {.direction = d,
		.migrations = list,
		.nmigrations = 1,
		.server_version = r->conn->id.version};
	struct resume resume = {
		.state = r->state, .conn = r->conn, .journal = j, .arena = r->arena};
	struct plan plan;

	if (!plan_make(&plan, r->arena, r->project, r->conn->engine, &req, err))
		return false;
	for (size_t i = 0; i < plan.nsteps; i++)
		for (size_t k = 0; k < r->state->nopen_steps; k++) {
			const struct journal_entry *e = &r->state->open_steps[k];
			bool skip;

			if (!e->mark && e->state == STEP_INTENT && e->direction == d &&
				e->statement == plan.steps[i].ordinal &&
				slice_eq(e->migration, m->id) &&
				!resume_step(&resume, &plan.steps[i], &skip, err))
				return false;
		}
	return true;
}

static bool is_undoing(const struct repair *r, const struct migration *m)
{
	for (size_t i = 0; i < r->state->n; i++)
		if (r->state->at[i].migration == m)
			return r->state->at[i].undoing;
	return false;
}

/* Those that are one transaction. */
static bool apply_records(
	struct repair *r, struct journal *j, const struct repair_item *i, struct err *err)
{
	switch (i->kind) {
	case REPAIR_RUN:
		return end_runs(r, j, i->id, err);
	case REPAIR_EDITED:
		return accept_text(r, j, i->migration, err);
	case REPAIR_MISSING:
		return forget(r, j, i->id, err);
	case REPAIR_UNHASHED:
		return keep_hashes(r, j, err);
	case REPAIR_UNDONE:
		return journal_applied(j, &(struct migration){.id = i->id}, DIR_DOWN, true, err);
	case REPAIR_COPY:  /* this run's own row says where it was */
	case REPAIR_LEASE: /* taken, and given back at the end */
	case REPAIR_DOUBT:
	case REPAIR_HALF:
	case REPAIR_FAILED:
	case REPAIR_INDEX:
	case REPAIR_SCHEMA:
		break;
	}
	return true;
}

bool repair_apply(struct repair *r, struct journal *j, const struct repair_item *i,
	struct slice fence, struct err *err)
{
	struct snapshot_scope scope = snapshot_scope(r->project, r->conn->id.dialect, r->where);

	if (i->kind == REPAIR_INDEX)
		return conn_exec(r->conn, i->sql, err);
	if (i->kind == REPAIR_SCHEMA)
		return snapshot_store(r->conn, &scope, journal_run(j), fence, err);
	if (i->kind == REPAIR_DOUBT)
		return settle(
			r, j, i->migration, is_undoing(r, i->migration) ? DIR_DOWN : DIR_UP, err);
	return begin(r, fence, err) ? end(r, apply_records(r, j, i, err), err) : end(r, false, err);
}
