/* budget.c - locks inside a budget.
 *
 * Wait: how long we may stand in the queue for a lock, for whoever comes after us waits too. The
 * first try simply runs the statement with a limit below the budget. When that is not enough, the
 * transaction is begun anew and climbs a ladder before its first strong lock:
 *
 *	rung one	a lock that stops neither reads nor writes. Waiting for it hurts nobody; it
 *			keeps vacuum and other changes out, and makes a running autovacuum give way,
 *			which takes the server a second that no wait budget has
 *	rung two	the locks of all the transaction's statements, tried at once or not at all,
 *			every few milliseconds; now and then waited for, within the budget
 *
 * What is taken on rung two goes with its savepoint when it is not complete, so nothing is held
 *while we wait. Hold: how long a lock that stops writes may be kept; over it the statement is
 *cancelled and the transaction rolled back.
 *
 * Meanwhile a second connection asks who is in the way. */
#include "run/run_internal.h"

#include "base/io.h"
#include "engine/engine.h"
#include "sql/clean.h"
#include "sql/quote.h"

#include <stdint.h>
#include <time.h>

enum {
	TICK_MS = 20,       /* how often we look while a statement runs */
	FIRST_LOOK_MS = 50, /* a statement that takes longer may be waiting for somebody */
	LOOK_MS = 1000,     /* and then as often as this */
	SETTLE_MS = 5000,   /* rung one: outlasts the server's deadlock_timeout of 1 s */
	ROWS_MS = 5000,     /* a statement that waits for rows stops only who wants those */
	POLL_MS = 15,       /* rung two: between two tries */
	POLLS_MS = 2000,    /* so long, before one try that waits */
	LADDER_MS = 60000,  /* then the lower rung is given up for a while */
	BACK_OFF_MS = 5000, /* the longest pause between two transactions */
	PROMPT_MS = 250,    /* the same where a try costs nobody anything */
};
/* Of SQL: more is not copied to save a round trip. */
enum { JOINED_BYTES = 64 << 10 };

#define SAVEPOINT "SAVEPOINT belay_rung"
#define BACK_DOWN "ROLLBACK TO SAVEPOINT belay_rung"
#define STEP_UP "RELEASE SAVEPOINT belay_rung"

static bool on_tick(void *ctx, long long elapsed);

/* ---- Words ---- */

static bool has_newer(const struct budget *b)
{
	return b->locks->newer && b->conn->id.version >= b->locks->newer_since;
}

static struct slice limits_of(struct budget *b, int wait_ms, bool local)
{
	struct slice words = b->locks->limits(&b->arena, b->conn->id.dialect, wait_ms, local);

	if (!has_newer(b))
		return words;
	return arena_printf(&b->arena, "%.*s; SET %s %s = 0", SLICE(words),
		local ? "LOCAL" : "SESSION", b->locks->newer);
}

static struct slice unlimit_words(struct budget *b)
{
	if (!has_newer(b))
		return slice_of(b->locks->unlimit);
	return arena_printf(&b->arena, "%s; RESET %s", b->locks->unlimit, b->locks->newer);
}

/* ---- Opening and closing ---- */

static bool has_budget(const struct plan *p)
{
	for (size_t i = 0; i < p->nsteps; i++)
		if (p->steps[i].wait_ms || p->steps[i].hold_ms)
			return true;
	return false;
}

bool budget_begin(
	struct budget *b, const struct plan *p, const struct run_options *o, struct err *err)
{
	*b = (struct budget){.o = o,
		.conn = o->conn,
		.locks = has_budget(p) || o->lease ? o->conn->engine->locks : NULL,
		.outer = o->conn->waiter,
		.limit = -1,
		.seed = (unsigned)io_now_ms()};
	if (!b->locks)
		return true;
	if (!b->locks->session(b->conn, &b->arena, &b->session, err))
		return false;
	b->conn->waiter = (struct waiter){.tick = on_tick, .ctx = b, .interval_ms = TICK_MS};
	return true;
}

void budget_end(struct budget *b)
{
	if (b->locks)
		b->conn->waiter = b->outer;
	conn_close(b->watcher);
	arena_done(&b->arena);
	arena_done(&b->names);
	b->locks = NULL;
}

void budget_fresh_step(struct budget *b)
{
	b->attempt = 0;
	b->nblockers = 0;
	budget_released(b);
}

void budget_fresh(struct budget *b)
{
	b->own = false;
	budget_fresh_step(b);
}

void budget_released(struct budget *b)
{
	b->holder = NULL;
	b->holding_since = 0;
	b->nwanted = 0;
	if (b->locks && b->locks->rung)
		b->limit = -1;
}

/* ---- Who is in the way ---- */

static bool watch(struct budget *b)
{
	struct err ignored = {0};

	if (b->watcher || b->no_watcher)
		return b->watcher != NULL;
	b->no_watcher =
		!b->o->open_watcher || !b->o->open_watcher(b->o->ctx, &b->watcher, &ignored);
	err_done(&ignored);
	return b->watcher != NULL;
}

struct conn *budget_watcher(struct budget *b)
{
	if (b->watcher && !b->watcher->ops->alive(b->watcher)) {
		conn_close(b->watcher);
		b->watcher = NULL;
	}
	b->no_watcher = false;
	return watch(b) ? b->watcher : NULL;
}

static void look(struct budget *b, const struct lock *locks, size_t n)
{
	struct err ignored = {0};
	struct blocker *found = NULL;
	struct arena a = {0};
	size_t nfound = 0;

	b->sampled = io_now_ms();
	if (!watch(b))
		return;
	if (b->locks->blockers(b->watcher, b->session, locks, n, &a, &found, &nfound, &ignored) &&
		nfound) {
		arena_done(&b->names);
		b->names = a;
		b->blockers = found;
		b->nblockers = nfound;
	} else {
		arena_done(&a);
		if (!b->watcher->ops->alive(b->watcher)) {
			conn_close(b->watcher);
			b->watcher = NULL;
			b->no_watcher = true;
		}
	}
	err_done(&ignored);
}

static void add_blocker(struct buf *out, const struct blocker *k)
{
	buf_printf(out, "session %.*s (%.*s), %.*s", SLICE(k->id), SLICE(k->who), SLICE(k->doing));
	if (k->query.len)
		buf_printf(out, ": %.*s", SLICE(k->query));
}

static struct slice in_the_way(struct budget *b, struct arena *a)
{
	struct buf out = {0};
	struct slice text;

	for (size_t i = 0; i < b->nblockers && i < 3; i++) {
		if (i)
			buf_adds(&out, "; ");
		add_blocker(&out, &b->blockers[i]);
	}
	if (b->nblockers > 3)
		buf_printf(&out, "; and %zu more", b->nblockers - 3);
	text = clean_line(a, arena_slice(a, buf_slice(&out)));
	buf_done(&out);
	return text;
}

static void tell(struct budget *b, enum run_event_kind kind, const struct step *s, long long ms,
	struct slice text)
{
	if (b->tell)
		b->tell(b->ctx, kind, s, ms, text);
}

/* The first lock; where the engine has none to list, what the statement changes. */
static struct slice wanted_name(struct budget *b, const struct step *s)
{
	const struct statement *st = s ? s->statement : NULL;
	struct name n = {0};
	struct buf out = {0};
	struct slice text;

	if (s && s->nlocks)
		n = s->locks[0].object;
	else if (st && st->nchanges)
		n = st->changes[0].target;
	if (!n.name.len)
		return SL("a lock");
	buf_adds(&out, "a lock on ");
	quote_name_pretty(&out, b->conn->id.dialect, n.schema, n.name);
	text = clean_line(&b->arena, arena_slice(&b->arena, buf_slice(&out)));
	buf_done(&out);
	return text;
}

static void say_waiting(struct budget *b, const struct step *s)
{
	struct arena a = {0};
	struct slice who = in_the_way(b, &a);

	tell(b, EVENT_RETRY, s, io_now_ms() - b->first_failure,
		arena_printf(&a, "for %.*s%s%.*s", SLICE(wanted_name(b, s)),
			who.len ? ": in the way is " : "", SLICE(who)));
	arena_done(&a);
}

static bool not_to_be_had(struct budget *b, struct err *err)
{
	b->spent = true;
	return err_set(err, ERR_BLOCKED, "a lock is not to be had");
}

/* ---- While a statement runs ---- */

static bool outer_turn(struct budget *b, long long elapsed)
{
	int every = b->outer.interval_ms > 0 ? b->outer.interval_ms : 100;
	long long now = io_now_ms();

	if (!b->outer.tick || now - b->outer_at < every)
		return true;
	b->outer_at = now;
	if (b->sending)
		tell(b, EVENT_STATEMENT_TICK, b->step, elapsed, SLICE_NONE);
	return b->outer.tick(b->outer.ctx, elapsed);
}

static bool held_too_long(const struct budget *b)
{
	return b->holding_since && b->holder && b->holder->hold_ms &&
	       io_now_ms() - b->holding_since > b->holder->hold_ms;
}

/* False: the lease is somebody else's by now. */
static bool keep_lease(struct budget *b)
{
	if (!lease_due(b->o->lease) || !watch(b))
		return true;
	b->lost = !lease_beat(b->o->lease, b->watcher);
	return !b->lost;
}

bool budget_alive(struct budget *b, struct err *err)
{
	return !b->locks || keep_lease(b) || lease_lost(err);
}

static bool on_tick(void *ctx, long long elapsed)
{
	struct budget *b = ctx;

	if (!outer_turn(b, elapsed) || !keep_lease(b))
		return false;
	if (b->sending && elapsed >= FIRST_LOOK_MS && io_now_ms() - b->sampled >= LOOK_MS)
		look(b, NULL, 0);
	if (!held_too_long(b))
		return true;
	b->overheld = true;
	return false;
}

/* Sleeps, with everybody's turn taken. False when the run is to stop. */
static bool nap(struct budget *b, long long ms, struct err *err)
{
	long long until = io_now_ms() + ms, now;

	while ((now = io_now_ms()) < until) {
		long long piece = until - now < 50 ? until - now : 50;
		struct timespec t = {0, piece * 1000000L};

		nanosleep(&t, NULL);
		if ((b->outer.tick && !b->outer.tick(b->outer.ctx, 0)) ||
			(b->o->stopping && b->o->stopping(b->o->ctx)))
			return err_set(
				err, ERR_INTERRUPTED, "interrupted while waiting for a lock");
		if (!keep_lease(b))
			return lease_lost(err);
	}
	return true;
}

/* Half to one and a half times. */
static long long jitter(struct budget *b, long long ms)
{
	b->seed = b->seed * 1103515245u + 12345u;
	return ms / 2 + (long long)((b->seed >> 8) % (unsigned)(ms + 1));
}

/* ---- Limits ---- */

static bool sets_timeouts(const struct step *s)
{
	for (size_t i = 0; i < s->statement->nchanges; i++) {
		const struct change *c = &s->statement->changes[i];

		if ((c->kind == CHANGE_SET_VARIABLE || c->kind == CHANGE_RESET_VARIABLE) &&
			(slice_ifind(c->name, SL("timeout")) != SIZE_MAX ||
				slice_iis(c->name, "all")))
			return true;
	}
	return false;
}

void budget_note(struct budget *b, const struct step *s)
{
	b->own |= sets_timeouts(s);
}

void budget_own_session(struct budget *b)
{
	b->own = false;
	b->limit = -1;
}

static bool changes_rows(const struct step *s)
{
	for (size_t i = 0; i < s->statement->nchanges; i++)
		if (change_class_of(s->statement->changes[i].kind) != CLASS_DATA ||
			s->statement->changes[i].kind == CHANGE_TRUNCATE)
			return false;
	return s->statement->nchanges > 0;
}

/* A little below the budget: taking a lock's waiter away takes its time too. */
static int wait_for(const struct budget *b, const struct step *s)
{
	int ms = s->wait_ms;

	if (ms == 0)
		return 0;
	/* A batch keeps rows of its own while it waits for others', and is begun anew for little.
	 */
	if (s->batched)
		return ms;
	if (changes_rows(s) && s->lock < LOCK_WRITES)
		return ms > ROWS_MS ? ms : ROWS_MS;
	if (b->attempt == 0 && s->lock >= LOCK_WRITES)
		ms = ms / 2;
	else
		ms = ms - ms / 10;
	return ms > 0 ? ms : 1;
}

static bool limited(const struct budget *b, const struct step *s)
{
	return b->locks && s && !b->own && (s->wait_ms || s->hold_ms);
}

struct slice budget_limits(struct budget *b, const struct step *first)
{
	if (!limited(b, first) || !b->locks->rung || sets_timeouts(first))
		return SLICE_NONE;
	b->limit = wait_for(b, first);
	return limits_of(b, b->limit, true);
}

static bool set_limit(struct budget *b, const struct step *s, bool in_tx, struct err *err)
{
	int want = wait_for(b, s);
	struct slice words;

	/* Inside CONCURRENTLY a wait hurts nobody, and giving up would leave a ruin. */
	if (!in_tx && b->locks->rung && s->lock < LOCK_WRITES)
		want = 0;
	if (b->limit == want)
		return true;
	if (in_tx && b->limit >= 0 && b->locks->other_wait)
		words = b->locks->other_wait(&b->arena, want);
	else
		words = limits_of(b, want, in_tx);
	if (b->joins && s->kind == STEP_SQL && s->sql.len < JOINED_BYTES)
		b->words = words;
	else if (!conn_exec(b->conn, words, err))
		return false;
	b->limit = want;
	return true;
}

void budget_join(struct budget *b, bool joins)
{
	b->joins = joins;
	b->words = SLICE_NONE;
}

struct slice budget_words(struct budget *b)
{
	struct slice words = b->words;

	b->words = SLICE_NONE;
	return words;
}

/* ---- The ladder ---- */

static bool is_wanted(const struct budget *b, const struct lock *l)
{
	return b->locks->rung(&((struct budget *)b)->arena, l, RUNG_TRY).len > 0;
}

static void gather(struct budget *b, const struct step *steps, size_t n)
{
	struct effect e = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < steps[i].nlocks; k++)
			if (is_wanted(b, &steps[i].locks[k]))
				effect_lock(&b->arena, &e, steps[i].locks[k]);
	b->wanted = e.locks;
	b->nwanted = e.nlocks;
}

static bool lock_failed(const struct budget *b, const struct err *err)
{
	return b->locks->is_lock_failure(err);
}

/* One statement behind a savepoint. *got false: not to be had (and gone back); false: broken. */
static bool step_up(struct budget *b, struct slice words, bool *got, bool *refused, struct err *err)
{
	struct err why = {0};

	struct arena a = {0};

	*refused = false;
	*got = conn_exec(
		b->conn, arena_printf(&a, SAVEPOINT "; %.*s; " STEP_UP, SLICE(words)), &why);
	arena_done(&a);
	if (*got)
		return true;
	*refused = !lock_failed(b, &why);
	if (why.code == ERR_INTERRUPTED || !b->conn->ops->alive(b->conn)) {
		err_move(err, &why);
		return false;
	}
	err_done(&why);
	return conn_exec(b->conn, SL(BACK_DOWN), err);
}

/* Rung one, a table at a time; what the server does not let us lock there is left to the
 * statement itself. */
static bool settle(struct budget *b, struct err *err)
{
	size_t kept = 0;

	if (!conn_exec(b->conn, limits_of(b, SETTLE_MS, true), err))
		return false;
	b->limit = SETTLE_MS;
	for (size_t i = 0; i < b->nwanted; i++) {
		struct slice words = b->locks->rung(&b->arena, &b->wanted[i], RUNG_SETTLE);
		bool got, refused;

		look(b, &b->wanted[i], 1);
		if (!step_up(b, words, &got, &refused, err))
			return false;
		if (!got && !refused)
			return not_to_be_had(b, err);
		if (got)
			b->wanted[kept++] = b->wanted[i];
	}
	b->nwanted = kept;
	return true;
}

static struct slice all_rungs(struct budget *b, enum rung r)
{
	struct buf out = {0};
	struct slice words;

	for (size_t i = 0; i < b->nwanted; i++) {
		if (i)
			buf_adds(&out, "; ");
		buf_add(&out, b->locks->rung(&b->arena, &b->wanted[i], r));
	}
	words = arena_slice(&b->arena, buf_slice(&out));
	buf_done(&out);
	return words;
}

/* Rung two. */
static bool take(struct budget *b, const struct step *s, struct err *err)
{
	struct slice at_once = all_rungs(b, RUNG_TRY), waiting = all_rungs(b, RUNG_WAIT);
	long long begun = io_now_ms(), round = begun;
	int most = s->wait_ms - s->wait_ms / 10, wait = most / 4 > 0 ? most / 4 : 1;
	bool got, refused;

	for (;;) {
		bool timed = io_now_ms() - round >= POLLS_MS;

		if (timed) {
			round = io_now_ms();
			if (!conn_exec(b->conn, limits_of(b, wait, true), err))
				return false;
			b->limit = wait;
			wait = wait * 2 < most ? wait * 2 : most;
		}
		if (!step_up(b, timed ? waiting : at_once, &got, &refused, err))
			return false;
		if (got || refused)
			return true;
		if (io_now_ms() - b->sampled >= LOOK_MS) {
			look(b, b->wanted, b->nwanted);
			say_waiting(b, s);
		}
		if (io_now_ms() - begun > LADDER_MS ||
			io_now_ms() - b->first_failure > b->o->patience_ms)
			return not_to_be_had(b, err);
		if (!nap(b, jitter(b, POLL_MS), err))
			return false;
	}
}

bool budget_step(struct budget *b, const struct step *s, const struct step *steps, size_t n,
	bool in_tx, struct err *err)
{
	bool climbs;

	if (!b->locks)
		return true;
	budget_note(b, s);
	if (!limited(b, s))
		return true;
	b->step = s;
	climbs = in_tx && b->attempt > 0 && b->locks->rung && s->lock >= LOCK_WRITES &&
		 s->wait_ms && !b->holder;
	if (climbs) {
		gather(b, steps, n);
		if (b->nwanted && (!settle(b, err) || (b->nwanted && !take(b, s, err))))
			return false;
	}
	return (in_tx && !b->locks->rung && !s->batched) || set_limit(b, s, in_tx, err);
}

void budget_hold(struct budget *b, const struct step *s)
{
	b->overheld = false;
	if (s->lock >= LOCK_WRITES && !b->holder && b->locks) {
		b->holder = s;
		b->holding_since = io_now_ms();
	}
}

void budget_sent(struct budget *b, const struct step *s)
{
	b->step = s;
	b->sending = true;
	b->sampled = 0;
	budget_hold(b, s);
}

void budget_back(struct budget *b)
{
	b->sending = false;
}

/* Outside a transaction the limits are the session's: they go when the statement is done. */
void budget_unlimit(struct budget *b)
{
	struct err ignored = {0};

	if (b->locks && b->locks->rung && b->limit >= 0 && b->conn->ops->alive(b->conn))
		conn_exec(b->conn, unlimit_words(b), &ignored);
	b->limit = b->locks && b->locks->rung ? -1 : b->limit;
	err_done(&ignored);
}

/* ---- After a failure ---- */

static bool held(struct budget *b, const struct step *s, struct err *err)
{
	const struct step *holder = b->holder ? b->holder : s;
	struct err why = {0};

	err_set(&why, ERR_BLOCKED,
		"stopped: a lock that makes %s wait was kept for longer than the %d ms of the hold "
		"budget",
		holder->lock == LOCK_READS_WRITES ? "reads and writes" : "writes", holder->hold_ms);
	err_span(&why, holder->statement->span);
	err_hint(&why, "Do the long part outside this transaction. Or allow it: \"-- belay:budget "
		       "hold=30s\" in front of the statement, or --hold 30s.");
	err_done(err);
	err_move(err, &why);
	return false;
}

static bool gave_up(struct budget *b, const struct step *s, struct err *err)
{
	struct slice who = in_the_way(b, &b->arena);
	struct err why = {0};
	long long waited = io_now_ms() - b->first_failure;

	if (strcmp(err->sqlstate, "40P01") == 0 || strcmp(err->sqlstate, "40001") == 0)
		err_set(&why, ERR_BLOCKED, "%s; tried %u times", err->message, b->attempt + 1);
	else
		err_set(&why, ERR_BLOCKED, "%.*s was not to be had%s%.*s", SLICE(wanted_name(b, s)),
			who.len ? ": in the way is " : "", SLICE(who));
	err_context(&why,
		"tried %u time%s in %.1f s, never waiting in the queue for longer than %d ms",
		b->attempt + 1, b->attempt ? "s" : "", (double)waited / 1000, s ? s->wait_ms : 0);
	if (s)
		err_span(&why, s->statement->span);
	err_hint(&why, "When that has finished, run the same command again; or give it more time "
		       "with --patience.");
	memcpy(why.sqlstate, err->sqlstate, sizeof why.sqlstate);
	why.native = err->native;
	err_done(err);
	err_move(err, &why);
	return false;
}

bool budget_again(struct budget *b, const struct step *s, struct err *err)
{
	long long pause, most;

	if (!b->locks)
		return false;
	if (b->lost)
		return lease_lost(err);
	if (b->overheld && err->code == ERR_INTERRUPTED)
		return held(b, s, err);
	if (!b->spent && !lock_failed(b, err))
		return false;
	b->spent = false;
	if (b->attempt == 0)
		b->first_failure = io_now_ms();
	if (b->nblockers == 0 && s)
		look(b, s->locks, s->nlocks);
	budget_released(b);
	if (io_now_ms() - b->first_failure >= b->o->patience_ms)
		return gave_up(b, s, err);
	most = b->locks->rung ? BACK_OFF_MS : PROMPT_MS;
	pause = b->attempt == 0 ? POLL_MS : 50ll << (b->attempt < 10 ? b->attempt : 10);
	if (pause > most)
		pause = most;
	say_waiting(b, s);
	if (pause > b->o->patience_ms)
		pause = b->o->patience_ms;
	err_done(err);
	*err = (struct err){0};
	if (!nap(b, jitter(b, pause), err))
		return false;
	b->attempt++;
	return true;
}

bool budget_again_busy(struct budget *b, const struct step *s, struct err *err)
{
	if (b->locks || err->code != ERR_BLOCKED || s == NULL)
		return false;
	if (b->attempt == 0)
		b->first_failure = io_now_ms();
	if (io_now_ms() - b->first_failure >= b->o->patience_ms)
		return false;
	tell(b, EVENT_RETRY, s, io_now_ms() - b->first_failure, slice_of(err->message));
	err_done(err);
	*err = (struct err){0};
	if (!nap(b, jitter(b, POLL_MS), err))
		return false;
	b->attempt++;
	return true;
}
