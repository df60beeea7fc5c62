/* execute.c - the one executor.
 *
 * For each migration of the plan, in order:
 *
 *	framework's "begun" mark      only where the framework has one
 *	BEGIN                         where the plan groups the steps
 *	  the framework's own lock, tried once
 *	  step, step, step
 *	  verify queries              a failing one rolls back
 *	  journal rows, history row
 *	COMMIT
 *
 * Steps outside a transaction are written down before they are sent and settled afterwards. */
#include "run/run_internal.h"

#include "base/io.h"
#include "engine/engine.h"
#include "sql/quote.h"

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
	bool grouped; /* the migration runs in one transaction of ours */
	size_t first_serial;
	size_t kept; /* statements of this migration that are committed for good */
};

static void tell(struct executor *x, enum run_event_kind kind, const struct step *s, long long ms)
{
	struct run_event e = {.kind = kind,
		.step = s,
		.migration = x->plan->migrations[x->at],
		.direction = x->plan->direction,
		.index = x->at + 1,
		.total = x->plan->nmigrations,
		.ms = ms};

	if (x->o->event)
		x->o->event(x->o->ctx, &e);
}

/* ---- One runner at a time: a lock of ours for as long as the connection lives ---- */

static bool take_run_lock(struct conn *c, struct err *err)
{
	struct arena a = {0};
	struct rows r = {0};
	bool ok = true;

	if (c->id.dialect == DIALECT_POSTGRES)
		ok = conn_query(c, SL("SELECT pg_catalog.pg_try_advisory_lock(7089266147110)"), &a,
			&r, err);
	else if (dialect_is_mysql(c->id.dialect))
		ok = conn_query(
			c, SL("SELECT get_lock(concat('belay.', database()), 0) = 1"), &a, &r, err);
	if (ok && r.nrows && !slice_is(rows_get(&r, 0, 0), "t") &&
		!slice_is(rows_get(&r, 0, 0), "1")) {
		ok = err_set(
			err, ERR_BLOCKED, "another belay is migrating this database right now");
		err_hint(err, "Nothing was done. Run the same command again when it has finished.");
	}
	arena_done(&a);
	return ok;
}

static void give_run_lock_back(struct conn *c)
{
	struct arena a = {0};
	struct rows r = {0};
	struct err ignored = {0};

	if (c->id.dialect == DIALECT_POSTGRES)
		conn_query(c, SL("SELECT pg_catalog.pg_advisory_unlock(7089266147110)"), &a, &r,
			&ignored);
	else if (dialect_is_mysql(c->id.dialect))
		conn_query(c, SL("SELECT release_lock(concat('belay.', database()))"), &a, &r,
			&ignored);
	err_done(&ignored);
	arena_done(&a);
}

/* The framework's own lock, so that its runner and ours exclude each other. */
static bool take_framework_lock(struct executor *x, struct slice *unlock, struct err *err)
{
	const struct project *p = x->plan->project;
	struct slice try_sql = SLICE_NONE;
	struct rows r = {0};

	*unlock = SLICE_NONE;
	if (x->o->no_history || !p->layout->lock_sql ||
		!p->layout->lock_sql(p, x->conn, x->arena, &try_sql, unlock))
		return true;
	if (!conn_query(x->conn, try_sql, x->arena, &r, err))
		return false;
	if (r.nrows && !rows_null(&r, 0, 0) &&
		(slice_is(rows_get(&r, 0, 0), "t") || slice_is(rows_get(&r, 0, 0), "1")))
		return true;
	err_set(err, ERR_BLOCKED, "%s holds its lock: it is migrating this database right now",
		p->layout->name);
	return err_hint(err, "Nothing was done. Run the same command again when it has finished.");
}

static void give_framework_lock_back(struct executor *x, struct slice unlock)
{
	struct rows r = {0};
	struct err ignored = {0};

	if (unlock.len)
		conn_query(x->conn, unlock, x->arena, &r, &ignored);
	err_done(&ignored);
}

/* ---- One step ---- */

static bool place_of_failure(struct executor *x, const struct step *s, struct err *err)
{
	struct span at = s->statement->span;

	(void)x;
	if (err->sql_offset && err->sql_offset <= at.len && s->sql.at == s->statement->raw.at) {
		at.off += err->sql_offset - 1;
		at.len = at.len - (err->sql_offset - 1) < 1 ? at.len : 1;
	}
	return err_span(err, at);
}

static bool send_step(struct executor *x, const struct step *s, struct err *err)
{
	bool ok;

	if (s->kind == STEP_COPY && x->conn->ops->copy_in)
		ok = x->conn->ops->copy_in(x->conn, s->sql, s->data, err);
	else
		ok = conn_exec(x->conn, s->sql, err);
	return ok || place_of_failure(x, s, err);
}

static bool run_step(struct executor *x, const struct step *s, long long *ms, struct err *err)
{
	long long begun;
	bool ok;

	if (x->o->before && !x->o->before(x->o->ctx, s, err))
		return false;
	tell(x, EVENT_STATEMENT_BEGIN, s, 0);
	begun = io_now_ms();
	ok = send_step(x, s, err);
	*ms = io_now_ms() - begun;
	if (!ok)
		return false;
	if (x->o->after && !x->o->after(x->o->ctx, s, *ms, err))
		return false;
	tell(x, EVENT_STATEMENT_DONE, s, *ms);
	x->result->statements_done++;
	return true;
}

/* Outside a transaction: intent first, then the statement, then what became of it. */
static bool run_alone(struct executor *x, const struct step *s, struct err *err)
{
	struct err settle = {0};
	long long ms = 0;

	if (x->journal && !x->conn->ops->in_transaction(x->conn) &&
		!journal_intent(x->journal, s, err))
		return false;
	if (!run_step(x, s, &ms, err)) {
		if (x->journal && x->conn->ops->alive(x->conn) &&
			!x->conn->ops->in_transaction(x->conn))
			journal_failed(x->journal, s, err->message, &settle);
		err_done(&settle);
		return false;
	}
	if (x->conn->ops->in_transaction(x->conn))
		return true;
	x->kept = s->serial + 1 - x->first_serial;
	if (!x->journal)
		return true;
	return journal_done(x->journal, s, ms, err);
}

/* ---- One migration ---- */

static bool verify_now(struct executor *x, const struct migration *m, struct err *err)
{
	size_t before = x->result->nfailures;
	const struct verify_failure *f;

	if (!x->o->verify || x->plan->direction != DIR_UP || !m->verify.src)
		return true;
	if (!verify_migration(x->result, x->arena, x->plan->project, m, x->conn, err))
		return false;
	tell(x, EVENT_VERIFY_DONE, NULL, 0);
	if (x->result->nfailures == before)
		return true;
	f = &x->result->failures[before];
	err_set(err, ERR_FAILED, "verify failed after migration %.*s: expected %.*s, got %.*s",
		SLICE(m->id), SLICE(f->expected), SLICE(slice_sub(f->got, 0, 200)));
	return err_span(err, f->span);
}

static bool record(struct executor *x, const struct migration *m, struct err *err)
{
	const struct project *p = x->plan->project;
	enum direction d = x->plan->direction;

	if (x->journal && !journal_done_in_tx(x->journal, x->group, x->group_ms, x->ngroup, err))
		return false;
	if (x->journal && !journal_applied(x->journal, m, d, err))
		return false;
	if (x->o->no_history)
		return true;
	/* Inside the transaction the "begun" mark is only part of the framework's own two steps: a
	 * rollback takes it back, so a failed migration never leaves a dirty flag behind. */
	if (x->grouped && p->layout->history_begin &&
		!p->layout->history_begin(p, x->conn, m, d, err))
		return false;
	if (!p->layout->history_finish(p, x->conn, m, d, io_now_ms() - x->begun, err))
		return err_context(err, "recording migration %.*s in the history of %s",
			SLICE(m->id), p->layout->name);
	return true;
}

static bool begin_tx(struct executor *x, struct err *err)
{
	switch (x->conn->id.dialect) {
	case DIALECT_SQLITE:
		return conn_exec(x->conn, SL("BEGIN IMMEDIATE"), err);
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		return conn_exec(x->conn, SL("START TRANSACTION"), err);
	case DIALECT_POSTGRES:
	case DIALECT_UNKNOWN:
		break;
	}
	return conn_exec(x->conn, SL("BEGIN"), err);
}

static bool only_sets(const struct statement *st)
{
	return st->nchanges == 1 && change_class_of(st->changes[0].kind) == CLASS_SESSION;
}

static bool run_grouped(
	struct executor *x, const struct migration *m, size_t from, size_t to, struct err *err)
{
	struct slice unlock = SLICE_NONE;
	bool locked = false;

	x->ngroup = 0;
	x->nms = 0;
	if (!begin_tx(x, err))
		return false;
	for (size_t i = from; i < to; i++) {
		long long ms = 0;

		/* SET TRANSACTION has to come before any query: the lock waits for it. */
		if (!locked && !only_sets(x->plan->steps[i].statement)) {
			if (!take_framework_lock(x, &unlock, err))
				return false;
			locked = true;
		}
		if (!run_step(x, &x->plan->steps[i], &ms, err))
			return false;
		*ARENA_PUSH(x->arena, x->group, x->ngroup) = &x->plan->steps[i];
		*ARENA_PUSH(x->arena, x->group_ms, x->nms) = ms;
	}
	if (!locked && !take_framework_lock(x, &unlock, err))
		return false;
	if (!verify_now(x, m, err) || !record(x, m, err))
		return false;
	give_framework_lock_back(x, unlock);
	if (conn_exec(x->conn, SL("COMMIT"), err))
		return true;
	return err_context(err, "committing migration %.*s", SLICE(m->id));
}

static bool run_separately(
	struct executor *x, const struct migration *m, size_t from, size_t to, struct err *err)
{
	struct slice unlock;
	bool ok;

	x->ngroup = 0;
	if (!take_framework_lock(x, &unlock, err))
		return false;
	ok = true;
	for (size_t i = from; ok && i < to; i++)
		ok = run_alone(x, &x->plan->steps[i], err);
	if (ok && x->conn->ops->in_transaction(x->conn)) {
		ok = err_set(err, ERR_FAILED,
			"migration %.*s leaves a transaction open: its BEGIN has no COMMIT",
			SLICE(m->id));
		err_at(err, m->path, 0, 0, 0);
	}
	ok = ok && verify_now(x, m, err);
	if (ok) {
		/* The history row comes last, together with the ledger's. */
		ok = begin_tx(x, err) && record(x, m, err) && conn_exec(x->conn, SL("COMMIT"), err);
	}
	give_framework_lock_back(x, unlock);
	return ok;
}

static void roll_back(struct executor *x)
{
	struct err ignored = {0};

	if (x->conn->ops->alive(x->conn) && x->conn->ops->in_transaction(x->conn))
		conn_exec(x->conn, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
}

/* What is and is not applied, and the next command: the sentence a tired operator reads. */
static void explain_failure(struct executor *x, const struct migration *m, bool grouped,
	size_t done_here, size_t total_here, struct err *err)
{
	if (grouped || done_here == 0)
		err_context(err, "migration %.*s (%s) was rolled back: nothing of it is applied",
			SLICE(m->id), m->path);
	else
		err_context(err,
			"migration %.*s (%s) is half done: %zu of %zu statements ran and stay, for "
			"it runs "
			"outside a transaction",
			SLICE(m->id), m->path, done_here, total_here);
	err_context(err, "%zu migration%s of %zu before it %s applied and recorded", x->at,
		x->at == 1 ? "" : "s", x->plan->nmigrations, x->at == 1 ? "is" : "are");
	err_next(err, "belay status");
}

static bool run_migration(struct executor *x, size_t from, size_t to, struct err *err)
{
	const struct project *p = x->plan->project;
	const struct migration *m = x->plan->migrations[x->at];
	enum direction d = x->plan->direction;
	bool grouped =
		from < to ? x->plan->steps[from].group != 0 : x->plan->project->layout != NULL;
	bool ok;

	x->grouped = grouped;
	x->kept = 0;
	x->first_serial = from < to ? x->plan->steps[from].serial : 0;
	x->begun = io_now_ms();
	tell(x, EVENT_MIGRATION_BEGIN, NULL, 0);
	if (!grouped && !x->o->no_history && p->layout->history_begin &&
		!p->layout->history_begin(p, x->conn, m, d, err))
		return false;
	ok = grouped ? run_grouped(x, m, from, to, err) : run_separately(x, m, from, to, err);
	if (!ok) {
		struct err ignored = {0};

		roll_back(x);
		if (!grouped && !x->o->no_history && p->layout->history_failed &&
			x->conn->ops->alive(x->conn))
			p->layout->history_failed(p, x->conn, m, d, err->message, &ignored);
		err_done(&ignored);
		explain_failure(x, m, grouped, x->kept, to - from, err);
		return false;
	}
	x->result->migrations_done++;
	tell(x, EVENT_MIGRATION_DONE, NULL, io_now_ms() - x->begun);
	return true;
}

static bool run_all(struct executor *x, struct err *err)
{
	size_t step = 0;

	for (x->at = 0; x->at < x->plan->nmigrations; x->at++) {
		size_t end = step;

		while (end < x->plan->nsteps &&
			x->plan->steps[end].migration == x->plan->migrations[x->at])
			end++;
		if (!run_migration(x, step, end, err))
			return false;
		step = end;
	}
	return true;
}

static bool prepare(struct executor *x, struct err *err)
{
	const struct project *p = x->plan->project;

	if (x->o->announce && !x->o->announce(x->o->ctx, &x->conn->id, x->plan, err))
		return false;
	if (!x->o->no_journal && !take_run_lock(x->conn, err))
		return false;
	if (!x->o->no_history && !p->layout->history_create(p, x->conn, err))
		return err_context(err, "making the history table of %s", p->layout->name);
	if (!x->o->no_journal)
		return journal_open(&x->journal, x->conn, x->o->journal_where, x->plan->direction,
			p->layout->name, err);
	return true;
}

bool run_plan(struct run_result *out, struct arena *a, const struct plan *p,
	const struct run_options *o, struct err *err)
{
	struct executor x = {.plan = p, .o = o, .conn = o->conn, .result = out, .arena = a};
	struct err ignored = {0};
	bool ok;

	*out = (struct run_result){0};
	if (p->nmigrations == 0)
		return true;
	ok = prepare(&x, err) && run_all(&x, err);
	if (x.journal && o->conn->ops->alive(o->conn)) {
		journal_finish(x.journal, ok ? "done" : "failed", &ignored);
		give_run_lock_back(o->conn);
	}
	err_done(&ignored);
	journal_close(x.journal);
	return ok;
}
