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
#include "run/execute.h"

#include "base/io.h"
#include "engine/engine.h"
#include "run/batch.h"
#include "run/keep.h"
#include "run/snapshot.h"
#include "sql/quote.h"

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

/* Words of ours in front of a transaction's work: the lease's fence goes with them. */
static struct slice fenced(struct executor *x, struct slice words)
{
	struct slice fence = lease_fence(x->o->lease, x->arena);

	if (!fence.len)
		return words;
	return words.len ? arena_printf(x->arena, "%.*s; %.*s", SLICE(words), SLICE(fence)) : fence;
}

/* Did those words fail because the lease is lost? */
static bool fence_failed(struct executor *x, struct err *err)
{
	if (!lease_is_lost(x->o->lease, err))
		return false;
	return lease_elsewhere(x->o->lease, x->conn, err) ? false : lease_lost(err);
}

static bool send_fenced(struct executor *x, struct slice words, struct err *err)
{
	words = fenced(x, words);
	return (words.len == 0 || conn_exec(x->conn, words, err) || fence_failed(x, err)) &&
	       sure_same(x->conn, err);
}

/* The framework's own lock, so that its runner and ours exclude each other. `first` (or nothing)
 * and the fence are sent in front of it, with it where the server takes both in one message. */
static bool take_framework_lock(
	struct executor *x, struct slice first, bool in_tx, struct slice *unlock, struct err *err)
{
	const struct project *p = x->plan->project;
	struct slice try_sql = SLICE_NONE;
	struct rows r = {0};

	*unlock = SLICE_NONE;
	if (in_tx)
		first = fenced(x, first);
	if (x->o->no_history || !p->layout->lock_sql ||
		!p->layout->lock_sql(p, x->conn, x->arena, &try_sql, unlock))
		return (first.len == 0 || conn_exec(x->conn, first, err) || fence_failed(x, err)) &&
		       (!in_tx || sure_same(x->conn, err));
	if (first.len && x->conn->id.dialect == DIALECT_POSTGRES)
		try_sql = arena_printf(x->arena, "%.*s; %.*s", SLICE(first), SLICE(try_sql));
	else if (first.len && !conn_exec(x->conn, first, err))
		return false;
	if (in_tx && !sure_same(x->conn, err))
		return false;
	if (!conn_query(x->conn, try_sql, x->arena, &r, err))
		return fence_failed(x, err);
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

static bool send_step(struct executor *x, const struct step *s, struct err *err)
{
	bool ok;

	if (s->statement->alike)
		return send_many(x, s, budget_words(&x->budget), err);
	if (s->kind == STEP_COPY && x->conn->ops->copy_in)
		ok = x->conn->ops->copy_in(x->conn, s->sql, s->data, err);
	else
		ok = step_send_with(x->conn, x->arena, budget_words(&x->budget), s->sql, err);
	return ok || step_place_of_failure(s, err);
}

static bool run_step(struct executor *x, const struct step *s, long long *ms, struct err *err)
{
	long long begun;
	bool ok;

	if (x->o->before && !x->o->before(x->o->ctx, s, err))
		return false;
	tell(x, EVENT_STATEMENT_BEGIN, s, 0);
	begun = io_now_ms();
	leaks_note(&x->leaks, s);
	budget_sent(&x->budget, s);
	ok = send_step(x, s, err);
	budget_back(&x->budget);
	*ms = io_now_ms() - begun;
	if (!ok)
		return false;
	if (x->o->after && !x->o->after(x->o->ctx, s, *ms, err))
		return false;
	tell(x, EVENT_STATEMENT_DONE, s, *ms);
	x->result->statements_done++;
	return true;
}

static bool begin_tx(struct executor *x, struct err *err)
{
	return send_fenced(x, step_begin_words(x->conn), err);
}

/* BEGIN, and the limits of the lock budget with it. */
static struct slice begin_for(struct executor *x, const struct step *first)
{
	struct slice limits = budget_limits(&x->budget, first);

	if (!limits.len)
		return step_begin_words(x->conn);
	return arena_printf(
		x->arena, "%.*s; %.*s", SLICE(step_begin_words(x->conn)), SLICE(limits));
}

static bool commit(struct executor *x, struct err *err)
{
	bool ok;

	budget_released(&x->budget);
	x->committing = true;
	ok = conn_exec(x->conn, SL("COMMIT"), err);
	x->committing = !ok && !sure_undone(x->conn, err);
	return ok;
}

/* Cleaning up is not interrupted by the signal that made it necessary. */
static void roll_back(struct executor *x)
{
	struct waiter waiter = x->conn->waiter;
	struct err ignored = {0};

	x->conn->waiter = (struct waiter){0};
	if (x->conn->ops->alive(x->conn) && x->conn->ops->in_transaction(x->conn))
		conn_exec(x->conn, SL("ROLLBACK"), &ignored);
	x->conn->waiter = waiter;
	err_done(&ignored);
}

/* The step that failed may be tried again: what it began is rolled back, and we have waited. */
static bool try_again(struct executor *x, struct err *err)
{
	return x->conn->ops->alive(x->conn) && budget_again(&x->budget, x->budget.step, err);
}

static bool not_stopped(struct executor *x, struct err *err)
{
	const struct waiter *w = &x->conn->waiter;

	if (w->tick && !w->tick(w->ctx, 0))
		return x->budget.lost ? lease_lost(err)
				      : err_set(err, ERR_INTERRUPTED, "interrupted");
	return budget_alive(&x->budget, err);
}

/* Asked to stop where all that was done stays: between migrations, statements outside a
 * transaction, batches. */
static bool may_go_on(struct executor *x, struct err *err)
{
	if (x->o->stopping && x->o->stopping(x->o->ctx))
		return err_set(err, ERR_INTERRUPTED, "interrupted: what had begun was finished");
	return not_stopped(x, err);
}

/* ---- Steps outside a transaction of ours ---- */

static bool is_kind(const struct step *s, enum change_kind k)
{
	return s->statement->nchanges == 1 && s->statement->changes[0].kind == k;
}

static bool only_sets(const struct statement *st)
{
	return st->nchanges == 1 && change_class_of(st->changes[0].kind) == CLASS_SESSION;
}

/* SET TRANSACTION has to come before any query. A role comes behind the lease's fence: it may not
 * be one that can read it. */
static bool comes_first(const struct step *s)
{
	return only_sets(s->statement) && !is_kind(s, CHANGE_SET_ROLE);
}

static bool run_with_row(struct executor *x, const struct step *s, struct err *err)
{
	long long ms = 0;

	do {
		if (keep_ahead(&x->keep, s->serial, s->serial + 1, err) &&
			send_fenced(x, begin_for(x, s), err) &&
			budget_step(&x->budget, s, s, 1, true, err) &&
			keep_before(&x->keep, s, err) && run_step(x, s, &ms, err) &&
			keep_after(&x->keep, s, err) &&
			(!x->journal || journal_done_alone(x->journal, s, ms, err)) &&
			commit(x, err)) {
			x->kept++;
			return true;
		}
		roll_back(x);
	} while (try_again(x, err));
	return false;
}

/* ---- A statement in batches ---- */

static bool batch_begin(void *ctx, const struct step *s, struct err *err)
{
	struct executor *x = ctx;

	if (!send_fenced(x, begin_for(x, s), err) || !budget_step(&x->budget, s, s, 1, true, err))
		return false;
	budget_sent(&x->budget, s);
	return true;
}

static bool batch_commit(void *ctx, struct err *err)
{
	return commit(ctx, err);
}

static void batch_roll_back(void *ctx)
{
	struct executor *x = ctx;

	budget_back(&x->budget);
	roll_back(x);
}

static bool batch_again(void *ctx, const struct step *s, struct err *err)
{
	struct executor *x = ctx;

	return budget_again(&x->budget, s, err) || budget_again_busy(&x->budget, s, err);
}

static void batch_fresh(void *ctx)
{
	struct executor *x = ctx;

	budget_back(&x->budget);
	budget_fresh_step(&x->budget);
	x->batches = true;
}

static bool batch_go_on(void *ctx, struct err *err)
{
	return may_go_on(ctx, err);
}

static struct conn *batch_watcher(void *ctx)
{
	struct executor *x = ctx;

	return budget_watcher(&x->budget);
}

static void batch_tell(void *ctx, enum run_event_kind kind, const struct step *s, struct slice text,
	const struct batch_progress *progress)
{
	struct executor *x = ctx;
	struct run_event e = {.kind = kind,
		.step = s,
		.migration = x->plan->migrations[x->at],
		.direction = x->plan->direction,
		.index = x->at + 1,
		.total = x->plan->nmigrations,
		.text = text,
		.batch = progress};

	if (x->o->event)
		x->o->event(x->o->ctx, &e);
}

static struct slice batch_words(void *ctx, const struct step *s)
{
	struct executor *x = ctx;

	return fenced(x, begin_for(x, s));
}

/* Its limits, where they are the session's, and what the migration has SET before this step. */
static bool batch_settle(void *ctx, struct conn *c, const struct step *s, struct err *err)
{
	struct executor *x = ctx;
	const struct engine_locks *locks = x->budget.locks;
	bool ok = sure_second(x->conn, c, err);

	if (ok && locks && !locks->rung)
		ok = conn_exec(c, locks->limits(x->arena, c->id.dialect, s->wait_ms, false), err);
	for (const struct step *k = x->plan->steps; ok && k < s; k++)
		if (k->migration == s->migration && only_sets(k->statement))
			ok = conn_exec(c, k->sql, err);
	return ok;
}

static void tell_keeping(void *ctx, const struct step *s, struct slice text)
{
	batch_tell(ctx, EVENT_KEEP, s, text, NULL);
}

static bool run_in_batches(struct executor *x, const struct step *s, struct err *err)
{
	const struct batch_host host = {.ctx = x,
		.begin = batch_begin,
		.commit = batch_commit,
		.roll_back = batch_roll_back,
		.go_on = batch_go_on,
		.again = batch_again,
		.fresh = batch_fresh,
		.watcher = batch_watcher,
		.words = batch_words,
		.settle = batch_settle,
		.tell = batch_tell};
	struct batch_run b = {.host = &host,
		.o = x->o,
		.conn = x->conn,
		.journal = x->journal,
		.step = s,
		.session = x->budget.session,
		.arena = x->arena};
	long long begun = io_now_ms();
	bool ok;

	if (!keep_alone(&x->keep, s, step_begin_words(x->conn), err))
		return false;
	b.keeps = keep_growing(&x->keep);
	tell(x, EVENT_STATEMENT_BEGIN, s, 0);
	ok = batch_run(&b, err);
	x->batches = !ok && (b.cursor.found || b.cursor.last);
	arena_done(&b.reached);
	if (!ok)
		return false;
	x->kept++;
	x->result->statements_done++;
	tell(x, EVENT_STATEMENT_DONE, s, io_now_ms() - begun);
	return true;
}

/* The ruin that a failed concurrent build leaves is removed at once, if that is quickly done; the
 * next run would do it otherwise. */
static void after_failure(
	struct executor *x, const struct step *s, struct slice before, struct err *why)
{
	struct err ignored = {0};
	struct probe p;

	if (!x->conn->ops->alive(x->conn) || x->conn->ops->in_transaction(x->conn))
		return;
	if (why->code != ERR_INTERRUPTED && x->conn->engine->probe)
		x->conn->engine->probe(x->conn, s->statement, before, x->arena, &p, &ignored);
	x->cut = why->code == ERR_INTERRUPTED && x->conn->id.dialect == DIALECT_POSTGRES;
	err_done(&ignored);
	if (x->conn->ops->alive(x->conn) &&
		!(x->halfway ? journal_halfway : journal_failed)(
			x->journal, s, why->message, &ignored) &&
		lease_is_lost(x->o->lease, &ignored))
		lease_lost(why);
	err_done(&ignored);
}

/* The time until the statement is done counts. */
static bool shut(struct executor *x, const struct step *s, struct err *err)
{
	if (!keep_on(&x->keep))
		return true;
	budget_hold(&x->budget, s);
	return keep_shut(&x->keep, s, err);
}

/* Outside a transaction. A lock that was not to be had leaves nothing behind, so that needs no new
 * intent. */
static bool run_unwrapped(struct executor *x, const struct step *s, long long *ms, struct err *err)
{
	bool ok, sent;

	do {
		x->doubt = true;
		sent = budget_step(&x->budget, s, s, 1, false, err) && shut(x, s, err) &&
		       lease_sure(x->o->lease, x->conn, err);
		ok = sent && run_step(x, s, ms, err);
		keep_open(&x->keep, s, err);
		x->doubt = !ok && !x->conn->ops->alive(x->conn);
		budget_released(&x->budget);
		x->halfway = !ok && sent && halfway_possible(x, s, err);
	} while (!ok && !x->halfway && try_again(x, err));
	budget_unlimit(&x->budget);
	return ok;
}

/* When the connection breaks over the question, the statement has run all the same. */
static bool is_sound(struct executor *x, const struct step *s, struct slice before, struct err *err)
{
	const struct engine *e = x->conn->engine;

	if (!e->sound || e->sound(x->conn, s->statement, before, err))
		return true;
	x->doubt = !x->conn->ops->alive(x->conn);
	return false;
}

/* Intent first, then the statement, then whether it is fit for use, then what became of it. */
static bool run_by_intent(struct executor *x, const struct step *s, struct err *err)
{
	const struct engine *e = x->conn->engine;
	struct slice before = SLICE_NONE;
	long long ms = 0;

	if (!builder_wait(x, s, err) || !keep_alone(&x->keep, s, step_begin_words(x->conn), err))
		return false;
	if (!sure_same(x->conn, err) ||
		(e->witness && !e->witness(x->conn, s->statement, x->arena, &before, err)))
		return false;
	if (x->journal && !journal_intent(x->journal, s, before, err))
		return fence_failed(x, err);
	if (!run_unwrapped(x, s, &ms, err) || !is_sound(x, s, before, err)) {
		struct waiter waiter = x->conn->waiter;

		x->conn->waiter = (struct waiter){0};
		if (x->journal)
			after_failure(x, s, before, err);
		x->conn->waiter = waiter;
		return false;
	}
	x->kept++;
	return !x->journal || journal_done(x->journal, s, ms, err) || fence_failed(x, err);
}

/* The rows of a transaction that the migration opened itself: written just before its COMMIT, so
 * that they are true if and only if it is. */
static bool write_own(struct executor *x, struct err *err)
{
	bool ok = send_fenced(x, SLICE_NONE, err);

	for (size_t i = 0; ok && x->journal && i < x->nown; i++)
		ok = journal_done_alone(x->journal, x->own[i], x->own_ms[i], err);
	return ok;
}

static void forget_own(struct executor *x)
{
	x->nown = 0;
	x->nown_ms = 0;
}

static void note_own(struct executor *x, const struct step *s, long long ms)
{
	*ARENA_PUSH(x->arena, x->own, x->nown) = s;
	*ARENA_PUSH(x->arena, x->own_ms, x->nown_ms) = ms;
}

static bool run_in_own(struct executor *x, const struct step *s, struct err *err)
{
	long long ms = 0;
	bool ends = is_kind(s, CHANGE_COMMIT), ok;

	if (ends) {
		note_own(x, s, 0);
		if (!write_own(x, err))
			return false;
		x->committing = true;
	}
	x->keep.in_own = true;
	ok = keep_before(&x->keep, s, err) && run_step(x, s, &ms, err) &&
	     (ends || keep_after(&x->keep, s, err));
	x->keep.in_own = false;
	x->committing = x->committing && !ok && !sure_undone(x->conn, err);
	if (!ok)
		return false;
	if (!ends)
		note_own(x, s, ms);
	if (x->conn->ops->in_transaction(x->conn))
		return true;
	/* A ROLLBACK of the migration's own, or a statement that committed by itself. */
	if (!ends && !write_own(x, err))
		return false;
	x->kept += x->nown;
	forget_own(x);
	return true;
}

/* ---- Windows ---- */

/* In one transaction the windows of all its statements count before it begins. */
static bool windows_open(struct executor *x, size_t from, size_t to, struct err *err)
{
	const struct migration *m = x->plan->migrations[x->at];

	if (!window_gate(&x->o->window, (struct span){0}, m, err))
		return false;
	for (size_t i = from; x->grouped && i < to; i++)
		if (!window_gate(
			    &x->plan->steps[i].window, x->plan->steps[i].statement->span, m, err))
			return false;
	return true;
}

static bool run_alone(struct executor *x, const struct step *s, struct err *err)
{
	long long ms = 0;
	bool skip;

	if (!(x->conn->ops->in_transaction(x->conn) ? not_stopped : may_go_on)(x, err) ||
		!resume_step(&x->resume, s, &skip, err))
		return false;
	if (skip) {
		x->kept++;
		return true;
	}
	if (!x->conn->ops->in_transaction(x->conn) &&
		!window_gate(&s->window, s->statement->span, s->migration, err))
		return false;
	if (x->conn->ops->in_transaction(x->conn))
		return budget_step(&x->budget, s, s, 1, true, err) && run_in_own(x, s, err);
	if (!x->again)
		budget_fresh_step(&x->budget);
	x->again = false;
	budget_note(&x->budget, s);
	if (s->batched && x->journal)
		return run_in_batches(x, s, err);
	if (only_sets(s->statement) || is_kind(s, CHANGE_BEGIN)) {
		if (!sure_same(x->conn, err) || !run_step(x, s, &ms, err))
			return false;
		x->other_role |= is_kind(s, CHANGE_SET_ROLE);
		if (x->conn->ops->in_transaction(x->conn))
			note_own(x, s, ms);
		else
			x->kept++;
		return true;
	}
	return step_fits_transaction(x->conn, s) ? run_with_row(x, s, err)
						 : run_by_intent(x, s, err);
}

/* ---- One migration ---- */

static bool verify_now(struct executor *x, const struct migration *m, struct err *err)
{
	size_t before = x->result->nfailures, asked = x->result->nchecks;
	const struct verify_failure *f;

	if (!x->o->verify || x->plan->direction != DIR_UP || !m->verify.src)
		return true;
	if (!verify_migration(x->result, x->arena, x->plan->project, m, x->conn, err))
		return false;
	tell(x, EVENT_VERIFY_DONE, NULL, 0);
	if (x->result->nfailures == before)
		return !x->journal || verified_keep(x->journal, x->conn, x->result->checks + asked,
					      x->result->nchecks - asked, err);
	x->unkept = asked;
	f = &x->result->failures[before];
	err_set(err, ERR_FAILED, "verify failed after migration %.*s: expected %.*s, got %.*s",
		SLICE(m->id), SLICE(f->expected), SLICE(slice_sub(f->got, 0, 200)));
	return err_span(err, f->span);
}

/* What the migration set for its session is gone: its own limits too. */
static bool bring_back(struct executor *x, struct err *err)
{
	if (!x->leaks.set && !x->leaks.temporary)
		return true;
	budget_own_session(&x->budget);
	return leaks_restore(&x->leaks, x->conn, err);
}

/* The journal's rows, the ledger, the framework's row, through `c`. */
static bool record_through(
	struct executor *x, struct conn *c, const struct migration *m, struct err *err)
{
	const struct project *p = x->plan->project;
	enum direction d = x->plan->direction;

	if (x->journal && !journal_done_in_tx(x->journal, x->group, x->group_ms, x->ngroup, err))
		return false;
	if (x->journal &&
		!journal_applied(x->journal, m, d, !x->grouped || resume_has(x->o->state, m), err))
		return false;
	if (x->o->no_history)
		return true;
	return p->layout->history_finish(p, c, m, d, io_now_ms() - x->begun, err);
}

/* One message, COMMIT included where nothing else has to come in between. */
static bool record(struct executor *x, const struct migration *m, bool and_commit, struct err *err)
{
	struct fold f;
	struct conn *c = fold_begin(&f, x->conn);
	bool ok;

	if (x->journal)
		journal_use(x->journal, c);
	ok = record_through(x, c, m, err);
	if (ok && and_commit) {
		budget_released(&x->budget);
		ok = conn_exec(c, SL("COMMIT"), err);
		x->committing = true;
	}
	ok = fold_end(&f, ok, err);
	x->committing = x->committing && !ok && !sure_undone(x->conn, err);
	if (x->journal)
		journal_use(x->journal, x->conn);
	if (!ok)
		err_context(err, "recording migration %.*s in the history of %s", SLICE(m->id),
			x->plan->project->layout->name);
	return ok;
}

static void tell_put_back(void *ctx, struct slice text)
{
	batch_tell(ctx, EVENT_PUT_BACK, NULL, text, NULL);
}

/* After the statements of a down: what its up had kept. */
static bool put_back(struct executor *x, const struct migration *m, struct err *err)
{
	return x->plan->direction == DIR_UP || keep_put_back(&x->keep, m, tell_put_back, x, err);
}

static bool put_back_alone(struct executor *x, const struct migration *m, struct err *err)
{
	if (x->plan->direction == DIR_UP)
		return true;
	return begin_tx(x, err) && put_back(x, m, err) && commit(x, err);
}

static bool run_grouped(
	struct executor *x, const struct migration *m, size_t from, size_t to, struct err *err)
{
	struct slice unlock = SLICE_NONE,
		     first = begin_for(x, from < to ? &x->plan->steps[from] : NULL);
	bool locked = false;

	x->ngroup = 0;
	x->nms = 0;
	if (!keep_ahead(&x->keep, from, to, err))
		return false;
	if (from < to && comes_first(&x->plan->steps[from])) {
		if (!conn_exec(x->conn, first, err))
			return false;
		first = SLICE_NONE;
	}
	for (size_t i = from; i < to; i++) {
		long long ms = 0;
		bool skip;

		if (!not_stopped(x, err) ||
			!resume_step(&x->resume, &x->plan->steps[i], &skip, err))
			return false;
		if (skip)
			continue;
		if (!locked && !comes_first(&x->plan->steps[i])) {
			if (!take_framework_lock(x, first, true, &unlock, err))
				return false;
			locked = true;
		}
		budget_join(&x->budget, !keep_on(&x->keep));
		if (!budget_step(&x->budget, &x->plan->steps[i], &x->plan->steps[i], to - i, true,
			    err) ||
			!keep_before(&x->keep, &x->plan->steps[i], err) ||
			!run_step(x, &x->plan->steps[i], &ms, err) || !sure_inside(x->conn, err) ||
			!keep_after(&x->keep, &x->plan->steps[i], err)) {
			budget_join(&x->budget, false);
			return false;
		}
		budget_join(&x->budget, false);
		*ARENA_PUSH(x->arena, x->group, x->ngroup) = &x->plan->steps[i];
		*ARENA_PUSH(x->arena, x->group_ms, x->nms) = ms;
	}
	if (!locked && !take_framework_lock(x, first, true, &unlock, err))
		return false;
	if (!bring_back(x, err) || !keep_after(&x->keep, NULL, err) || !put_back(x, m, err) ||
		!verify_now(x, m, err) || !record(x, m, true, err))
		return false;
	give_framework_lock_back(x, unlock);
	return true;
}

/* The whole transaction again, as long as there is patience, when a lock was not to be had. */
static bool run_patiently(
	struct executor *x, const struct migration *m, size_t from, size_t to, struct err *err)
{
	size_t statements = x->result->statements_done;

	budget_fresh(&x->budget);
	while (!run_grouped(x, m, from, to, err)) {
		roll_back(x);
		if (x->committing || !try_again(x, err))
			return false;
		x->result->statements_done = statements;
		x->result->nfailures = 0;
	}
	return true;
}

static bool run_separately(
	struct executor *x, const struct migration *m, size_t from, size_t to, struct err *err)
{
	struct slice unlock;
	bool ok;

	x->ngroup = 0;
	if (!take_framework_lock(x, SLICE_NONE, false, &unlock, err))
		return false;
	ok = true;
	budget_fresh(&x->budget);
	for (size_t i = from; ok && i < to; i++) {
		size_t own = x->nown ? (size_t)(x->own[0] - x->plan->steps) : i;

		ok = run_alone(x, &x->plan->steps[i], err);
		if (ok || own == i || x->committing)
			continue;
		roll_back(x);
		ok = x->again = try_again(x, err);
		if (ok) {
			forget_own(x);
			i = own - 1; /* it may wrap around: own is where the loop goes on */
		}
	}
	if (ok && x->conn->ops->in_transaction(x->conn)) {
		ok = err_set(err, ERR_FAILED,
			"migration %.*s leaves a transaction open: its %s has no COMMIT",
			SLICE(m->id),
			dialect_is_mysql(x->conn->id.dialect) ? "BEGIN (or SET autocommit = 0)"
							      : "BEGIN");
		err_at(err, m->path, 0, 0, 0);
	}
	ok = ok && bring_back(x, err) && verify_now(x, m, err) && put_back_alone(x, m, err);
	if (ok) {
		/* The history row comes last, together with the ledger's. */
		ok = begin_tx(x, err) && record(x, m, true, err);
	}
	give_framework_lock_back(x, unlock);
	return ok;
}

/* The framework's mark and ours, both or neither. */
static bool mark_begun(struct executor *x, const struct migration *m, struct err *err)
{
	const struct project *p = x->plan->project;
	enum direction d = x->plan->direction;
	bool history = !x->o->no_history && p->layout->history_begin;

	if (!x->journal && !history)
		return true;
	if (!x->journal)
		return p->layout->history_begin(p, x->conn, m, d, err);
	if (begin_tx(x, err) && journal_mark(x->journal, m, d, x->at, err) &&
		(!history || p->layout->history_begin(p, x->conn, m, d, err)) && commit(x, err))
		return true;
	roll_back(x);
	return false;
}

/* In front of what would destroy rows somebody is asked. */
static bool doors_open(struct executor *x, size_t from, size_t to, struct err *err)
{
	const struct migration *m = x->plan->migrations[x->at];
	struct door *v;
	size_t n;

	if (!x->o->consent || !doors_find(&x->doors, from, to, &v, &n, err) ||
		!keep_whole(&x->keep, m, from, to, n > 0, err))
		return !err_is(err);
	if (n == 0 || x->o->consent(x->o->ctx, m, v, n, err))
		return true;
	if (x->at)
		err_context(err, "%zu migration%s before it %s %s and recorded", x->at,
			x->at == 1 ? "" : "s", x->at == 1 ? "is" : "are",
			x->plan->direction == DIR_UP ? "applied" : "undone");
	return false;
}

/* What cannot be done is said before the migration is marked as begun. */
static bool batches_can_run(struct executor *x, size_t from, size_t to, struct err *err)
{
	const struct step *steps = x->plan->steps + from;

	if (!x->journal || from == to)
		return true;
	if (!resume_has(x->o->state, steps->migration))
		return x->grouped || batch_foresee(x->conn, steps, to - from, err);
	x->batches = true;
	return batch_unchanged(x->conn, x->journal, steps, to - from, err);
}

static bool run_migration(struct executor *x, size_t from, size_t to, struct err *err)
{
	const struct migration *m = x->plan->migrations[x->at];
	bool ok;

	x->grouped = from < to ? x->plan->steps[from].group != 0 : true;
	x->kept = 0;
	x->batches = false;
	x->doubt = false;
	x->halfway = x->cut = false;
	forget_own(x);
	keep_migration(&x->keep);
	x->begun = io_now_ms();
	tell(x, EVENT_MIGRATION_BEGIN, NULL, 0);
	if (x->at && !may_go_on(x, err)) {
		failure_count(x, err);
		return err_context(
			err, "stopped before migration %.*s (%s)", SLICE(m->id), m->path);
	}
	if (!windows_open(x, from, to, err) || !doors_open(x, from, to, err))
		return false;
	x->begun = io_now_ms(); /* the work itself, not the waiting for an answer */
	ok = batches_can_run(x, from, to, err) &&
	     standby_wait(x, x->plan->steps + from, to - from, err);
	if (ok)
		ok = x->grouped ? run_patiently(x, m, from, to, err)
				: mark_begun(x, m, err) && run_separately(x, m, from, to, err);
	if (!ok) {
		roll_back(x);
		if (!x->conn->ops->alive(x->conn) &&
			lease_was_taken(x->o->lease, x->budget.watcher))
			lease_lost(err);
		if (x->journal && x->result->nfailures)
			verified_keep_failed(x->journal, x->conn, x->result->checks + x->unkept,
				x->result->nchecks - x->unkept);
		failure_tell_framework(x, m, err);
		failure_explain(x, m, to - from, err);
		return false;
	}
	x->result->migrations_done++;
	tell(x, EVENT_MIGRATION_DONE, NULL, io_now_ms() - x->begun);
	return leaks_settle(&x->leaks, x->conn, err);
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

static void tell_waiting(void *ctx, const struct step *s, struct slice words)
{
	struct executor *x = ctx;
	struct run_event e = {.kind = EVENT_RETRY,
		.step = s,
		.migration = s->migration,
		.direction = s->direction,
		.index = x->at + 1,
		.total = x->plan->nmigrations,
		.text = words};

	if (x->o->event)
		x->o->event(x->o->ctx, &e);
}

static void tell_budget(
	void *ctx, enum run_event_kind kind, const struct step *s, long long ms, struct slice text)
{
	struct executor *x = ctx;

	if (kind == EVENT_RETRY)
		tell_waiting(x, s, text);
	else
		tell(x, kind, s, ms);
}

static bool prepare(struct executor *x, struct project *p, struct err *err)
{
	if (x->o->announce && !x->o->announce(x->o->ctx, &x->conn->id, x->plan, err))
		return false;
	if (!resume_check(x->o->state, x->plan, err) ||
		(x->o->consent &&
			!doors_begin(&x->doors, x->plan, x->conn, x->o->state, x->arena, err)))
		return false;
	if (!x->o->no_history && (!p->layout->history_create(p, x->conn, err) ||
					 !pin_history(p, x->conn, x->arena, err)))
		return err_context(err, "making the history table of %s", p->layout->name);
	if (!x->o->no_journal && !journal_open(&x->journal, x->conn, x->o->journal_where,
					 x->plan->direction, p->layout->name, err))
		return false;
	if (x->journal)
		journal_guard(x->journal, lease_fence(x->o->lease, x->arena));
	if ((x->journal && !leaks_prepare(&x->leaks, x->conn, x->plan, err)) ||
		!budget_begin(&x->budget, x->plan, x->o, err) ||
		!keep_begin(&x->keep, x->plan, x->o, x->journal, &x->doors, x->arena, err))
		return false;
	x->keep.maker.tell = tell_keeping;
	x->keep.maker.ctx = x;
	x->budget.tell = tell_budget;
	x->budget.ctx = x;
	x->resume = (struct resume){.state = x->o->state,
		.conn = x->conn,
		.journal = x->journal,
		.arena = x->arena,
		.in_doubt = x->o->in_doubt,
		.lease = x->o->lease,
		.waiting = tell_waiting,
		.ctx = x};
	return true;
}

bool run_plan(struct run_result *out, struct arena *a, const struct plan *p,
	const struct run_options *o, struct err *err)
{
	struct project project = *p->project;
	struct plan plan = *p;
	struct executor x = {.plan = &plan, .o = o, .conn = o->conn, .result = out, .arena = a};
	struct err ignored = {0};
	bool ok;

	*out = (struct run_result){0};
	if (p->nmigrations == 0)
		return true;
	plan.project = &project;
	ok = prepare(&x, &project, err) && run_all(&x, err);
	budget_end(&x.budget);
	leaks_done(&x.leaks);
	if (x.journal && o->conn->ops->alive(o->conn)) {
		struct waiter waiter = o->conn->waiter;

		o->conn->waiter = (struct waiter){0};
		if ((out->migrations_done || x.kept || x.batches) && err->code != ERR_INTERRUPTED)
			snapshot_after(o->conn, p->project, o->journal_where,
				journal_run(x.journal), lease_fence(o->lease, a));
		journal_finish(x.journal,
			ok                             ? "done"
			: err->code == ERR_INTERRUPTED ? "interrupted"
						       : "failed",
			&ignored);
		o->conn->waiter = waiter;
	}
	err_done(&ignored);
	journal_close(x.journal);
	return ok;
}
