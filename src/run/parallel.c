/* parallel.c - several connections at one statement.
 *
 * What is left is cut into parts (split.c), each with a row of the journal that moves in the
 * transactions it tells about. A thread per connection takes one part after the other and walks it
 * like a whole statement. The main thread alone reads the signals, keeps the lease and tells how
 * far it is; when it says so, the others wait between two batches. */
#include "run/batch_internal.h"

#include "base/io.h"

#include <pthread.h>
#include <time.h>

enum { LOOK_MS = 50, PROMPT_MS = 15, BACK_OFF_MS = 1000 };

struct team;
struct worker {
	struct team *team;
	pthread_t thread;
	bool started;
	struct conn *conn;
	struct batch_run run;
	struct batch_host host;
	struct batcher x;
	struct arena arena;
	struct err err;
	unsigned attempt;
	long long first_failure;
};
struct team {
	struct batcher *main;
	struct slice words;
	struct cursor *parts;
	size_t nparts;
	struct worker *workers;
	size_t n;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t changed;
	size_t next; /* part */
	size_t running;
	bool stop, hold, busy, beside, no_turns;
	struct batch_limits limits;
	long long seen, rows, ranges;       /* of all parts */
	long long batches, commit_ms, dead; /* since the main thread looked */
	int looks;
};

/* ---- In the threads ---- */

static bool stopping(struct team *t)
{
	bool stop;

	pthread_mutex_lock(&t->lock);
	stop = t->stop;
	pthread_mutex_unlock(&t->lock);
	return stop;
}

static bool on_tick(void *ctx, long long elapsed)
{
	(void)elapsed;
	return !stopping(((struct worker *)ctx)->team);
}

/* Sleeps, unless it is to stop. */
static void nap(struct team *t, long long ms)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&t->lock);
	while (!t->stop && rc == 0)
		rc = pthread_cond_timedwait(&t->changed, &t->lock, &until);
	pthread_mutex_unlock(&t->lock);
}

static bool host_begin(void *ctx, const struct step *s, struct err *err)
{
	struct worker *w = ctx;

	(void)s;
	if (conn_exec(w->conn, w->team->words, err))
		return sure_same(w->conn, err);
	return lease_is_lost(w->run.o->lease, err) ? lease_lost(err) : false;
}

static bool host_commit(void *ctx, struct err *err)
{
	return conn_exec(((struct worker *)ctx)->conn, SL("COMMIT"), err);
}

static void host_roll_back(void *ctx)
{
	struct worker *w = ctx;
	struct waiter waiter = w->conn->waiter;
	struct err ignored = {0};

	w->conn->waiter = (struct waiter){0};
	if (w->conn->ops->alive(w->conn) && w->conn->ops->in_transaction(w->conn))
		conn_exec(w->conn, SL("ROLLBACK"), &ignored);
	w->conn->waiter = waiter;
	err_done(&ignored);
}

static bool host_go_on(void *ctx, struct err *err)
{
	return !stopping(((struct worker *)ctx)->team) ||
	       err_set(err, ERR_INTERRUPTED, "interrupted");
}

static bool host_again(void *ctx, const struct step *s, struct err *err)
{
	const struct engine_locks *locks = ((struct worker *)ctx)->conn->engine->locks;
	struct worker *w = ctx;
	long long ms = (long long)PROMPT_MS << (w->attempt < 6 ? w->attempt : 6);

	(void)s;
	if (!locks || !locks->is_lock_failure(err) || stopping(w->team))
		return false;
	if (w->attempt == 0)
		w->first_failure = io_now_ms();
	if (io_now_ms() - w->first_failure >= w->run.o->patience_ms) {
		err->code = ERR_BLOCKED;
		return false;
	}
	w->attempt++;
	err_done(err);
	*err = (struct err){0};
	nap(w->team, ms < BACK_OFF_MS ? ms : BACK_OFF_MS);
	return true;
}

static void host_fresh(void *ctx)
{
	((struct worker *)ctx)->attempt = 0;
}

static struct cursor *take_part(struct team *t)
{
	struct cursor *part = NULL;

	pthread_mutex_lock(&t->lock);
	while (!t->stop && t->next < t->nparts && t->parts[t->next].finished)
		t->next++;
	if (!t->stop && t->next < t->nparts)
		part = &t->parts[t->next++];
	pthread_mutex_unlock(&t->lock);
	return part;
}

/* Until the main thread lets us; false: it is over. */
static bool my_turn(struct worker *w)
{
	struct team *t = w->team;
	struct batch_limits limits;
	bool go, busy;

	pthread_mutex_lock(&t->lock);
	while (t->hold && !t->stop)
		pthread_cond_wait(&t->changed, &t->lock);
	go = !t->stop;
	limits = t->limits;
	busy = t->busy;
	w->x.no_turns = t->no_turns;
	w->x.beside = t->beside;
	pthread_mutex_unlock(&t->lock);
	batch_follow(&w->x, &limits, busy);
	return go;
}

/* What to leave to others after it, when there are others. */
static long long note_batch(struct worker *w, const struct cursor *before, long long ms, bool *busy)
{
	const struct cursor *now = w->x.cursor;
	struct team *t = w->team;

	pthread_mutex_lock(&t->lock);
	t->seen += now->seen - before->seen;
	t->rows += now->rows - before->rows;
	t->ranges += now->ranges - before->ranges;
	t->batches++;
	t->looks += w->x.looks;
	t->commit_ms = w->x.commit_ms > t->commit_ms ? w->x.commit_ms : t->commit_ms;
	t->dead += batch_moves(w->x.what) ? w->x.changed : 0;
	*busy = t->busy;
	ms = pace_due(&t->limits, ms, w->x.log);
	pthread_mutex_unlock(&t->lock);
	return ms;
}

static bool walk_part(struct worker *w, struct cursor *part, struct err *err)
{
	w->run.cursor = *part;
	w->x.last = part->finished;
	while (!w->x.last) {
		struct cursor before = w->run.cursor;
		bool waited, busy;
		long long ms, pace;

		if (!my_turn(w))
			return host_go_on(w, err);
		if (!batch_step(&w->x, &ms, &waited, err))
			return false;
		pace = note_batch(w, &before, ms, &busy);
		if (busy || waited)
			nap(w->team, pace);
	}
	return true;
}

static void *work(void *ctx)
{
	struct worker *w = ctx;
	struct team *t = w->team;
	struct cursor *part;
	bool ok = true;

	while (ok && (part = take_part(t)) != NULL)
		ok = walk_part(w, part, &w->err);
	pthread_mutex_lock(&t->lock);
	t->running--;
	t->stop |= !ok;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* ---- In the main thread ---- */

static bool open_worker(struct team *t, struct worker *w, struct err *err)
{
	const struct batch_run *b = t->main->b;

	*w = (struct worker){.team = t,
		.host = {.ctx = w,
			.begin = host_begin,
			.commit = host_commit,
			.roll_back = host_roll_back,
			.go_on = host_go_on,
			.again = host_again,
			.fresh = host_fresh}};
	if (!b->o->open_watcher)
		return err_set(err, ERR_CONNECT, "there is no second connection");
	if (!b->o->open_watcher(b->o->ctx, &w->conn, err) ||
		!b->host->settle(b->host->ctx, w->conn, b->step, err))
		return false;
	w->conn->waiter = (struct waiter){.tick = on_tick, .ctx = w, .interval_ms = 100};
	w->run = (struct batch_run){.host = &w->host,
		.o = b->o,
		.conn = w->conn,
		.journal = b->journal,
		.step = b->step,
		.arena = &w->arena,
		.keeps = b->keeps,
		.key = b->key};
	w->x = (struct batcher){
		.b = &w->run, .what = t->main->what, .key = &w->run.key, .cursor = &w->run.cursor};
	return true;
}

static void close_worker(struct worker *w)
{
	conn_close(w->conn);
	arena_done(&w->run.reached);
	arena_done(&w->x.scratch);
	arena_done(&w->arena);
	buf_done(&w->x.sql);
	err_done(&w->err);
}

/* As many as the server lets us have. */
static bool open_team(struct team *t, size_t wanted, struct err *err)
{
	const struct batch_run *b = t->main->b;

	t->words = b->host->words(b->host->ctx, b->step);
	t->workers = ARENA_ARRAY(b->arena, wanted, struct worker);
	while (t->n < wanted) {
		struct err why = {0};

		if (open_worker(t, &t->workers[t->n], &why)) {
			t->n++;
			continue;
		}
		close_worker(&t->workers[t->n]);
		if (t->n == 0) {
			err_move(err, &why);
			return false;
		}
		err_done(&why);
		break;
	}
	return true;
}

static bool start(struct team *t, struct err *err)
{
	for (size_t i = 0; i < t->n; i++) {
		struct worker *w = &t->workers[i];

		pthread_mutex_lock(&t->lock);
		t->running++;
		pthread_mutex_unlock(&t->lock);
		w->started = pthread_create(&w->thread, NULL, work, w) == 0;
		if (w->started)
			continue;
		pthread_mutex_lock(&t->lock);
		t->running--;
		pthread_mutex_unlock(&t->lock);
		if (i == 0)
			return err_set(err, ERR_FAILED, "no thread could be started");
		break;
	}
	return true;
}

/* What the workers did goes into the pace, what the pace says goes to the workers. */
static bool exchange(struct team *t, bool hold)
{
	struct pace *p = t->main->pace;
	bool running;

	pthread_mutex_lock(&t->lock);
	t->hold = hold;
	t->busy = pace_is_busy(p);
	t->beside = pace_sees_others(p);
	t->limits = p->limits;
	t->no_turns = p->turns_fail;
	for (; t->batches > 0; t->batches--) {
		pace_note(p, t->batches == 1 ? t->commit_ms : -1, t->dead, t->looks);
		t->dead = 0;
		t->looks = 0;
	}
	t->commit_ms = -1;
	t->main->cursor->seen = t->seen;
	t->main->cursor->rows = t->rows;
	t->main->cursor->ranges = t->ranges;
	running = t->running > 0;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	return running;
}

static bool supervise(struct team *t, struct err *err)
{
	struct batcher *x = t->main;
	struct slice reason = SLICE_NONE;
	struct pace *p = x->pace;

	while (exchange(t, reason.len > 0)) {
		long long begun = io_now_ms();

		if (!pace_nap(p, LOOK_MS, err) || !pace_look(p, &reason, err))
			return false;
		if (reason.len) {
			p->held(p->ctx, reason);
			p->held_ms += io_now_ms() - begun;
			continue;
		}
		telling_batch(&x->telling, x->cursor->seen, p);
		if (!pace_tidy(p, err))
			return false;
	}
	return true;
}

/* The failure that made the others stop, not theirs. */
static bool gather(struct team *t, struct err *err)
{
	struct worker *first = NULL;

	pthread_mutex_lock(&t->lock);
	t->stop = true;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	for (size_t i = 0; i < t->n; i++) {
		struct worker *w = &t->workers[i];

		if (!w->started)
			continue;
		pthread_join(w->thread, NULL);
		if (err_is(&w->err) && (!first || first->err.code == ERR_INTERRUPTED))
			first = w;
	}
	exchange(t, false);
	if (first && !err_is(err))
		err_move(err, &first->err);
	for (size_t i = 0; i < t->n; i++)
		close_worker(&t->workers[i]);
	return !err_is(err);
}

static bool run_team(struct team *t, size_t wanted, struct err *err)
{
	bool ok;

	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	ok = open_team(t, wanted, err) && pace_wait(t->main->pace, err) && start(t, err) &&
	     supervise(t, err);
	ok = gather(t, err) && ok;
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	return ok;
}

static void say_rest(const struct team *t, struct err *err)
{
	const struct batch_run *b = t->main->b;

	err_context(err,
		"%lld row%s in %lld batch%s changed and stay; belay %s goes on with the rest",
		t->rows, t->rows == 1 ? "" : "s", t->ranges, t->ranges == 1 ? " are" : "es are",
		b->step->direction == DIR_UP ? "up" : "down");
}

/* A range that an earlier run has left in turns: parts know nothing of it. */
static bool finish_turns(struct batcher *x, struct err *err)
{
	const struct batch_host *h = x->b->host;

	while (x->cursor->turns && !x->last) {
		bool waited;
		long long ms;

		if (!h->go_on(h->ctx, err) || !pace_wait(x->pace, err))
			return false;
		batch_follow(x, &x->pace->limits, pace_is_busy(x->pace));
		x->beside = pace_sees_others(x->pace);
		if (!batch_step(x, &ms, &waited, err))
			return false;
	}
	return true;
}

bool batch_in_parts(struct batcher *x, bool *parted, struct err *err)
{
	struct batch_run *b = x->b;
	struct team t = {.main = x,
		.limits = x->pace->limits,
		.commit_ms = -1,
		.seen = x->cursor->seen,
		.rows = x->cursor->rows,
		.ranges = x->cursor->ranges};
	int wanted = x->pace->limits.parallel;

	*parted = false;
	if (x->key->places || x->pace->engine->most_ms)
		return true;
	if (!cursor_parts(
		    &t.parts, &t.nparts, b->journal, b->conn, b->step, nkey(x), b->arena, err))
		return false;
	if (!t.nparts && wanted > 1 && !finish_turns(x, err))
		return false;
	if (x->last)
		return true;
	t.seen = x->cursor->seen;
	t.rows = x->cursor->rows;
	t.ranges = x->cursor->ranges;
	if (!t.nparts && (wanted < 2 || !batch_split(x, wanted, &t.parts, &t.nparts, err)))
		return wanted < 2;
	if (!t.nparts)
		return true;
	*parted = x->parted = true;
	for (size_t i = 0; i < t.nparts; i++)
		if (!batch_can_turn(x, &t.parts[i], err))
			return false;
	for (size_t i = 0; i < t.nparts; i++) {
		t.seen += t.parts[i].seen;
		t.rows += t.parts[i].rows;
		t.ranges += t.parts[i].ranges;
	}
	telling_begin(&x->telling, b, t.seen);
	if (run_team(&t, wanted > 1 ? (size_t)wanted : 1, err))
		return true;
	say_rest(&t, err);
	return false;
}
