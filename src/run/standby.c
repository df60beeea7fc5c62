/* standby.c - before locks that stop reads: are those who replay them near enough?
 *
 * ACCESS EXCLUSIVE is replayed on standbys, too. There it waits for their readers or ends them, new
 * ones wait behind it, and a standby that is late is late with this as well: readers there see a
 * table of before, long after the code that needs the new one was brought out. So it is waited for,
 * like a lock; but not for ever, for one that is late on purpose (recovery_min_apply_delay) looks
 * the same from here. */
#include "run/execute.h"

#include "base/io.h"
#include "engine/engine.h"

#include <time.h>

enum {
	LAG_MS = 10000,  /* that a standby may be behind, unless batches.max_lag says otherwise */
	MOST_MS = 60000, /* it is waited for, at most */
	POLL_MS = 250,   /* how often it is asked */
	AGAIN_MS = 1000, /* what was asked a moment ago is still so */
	TICKS_MS = 20,
};

static bool stops_reads(const struct step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < steps[i].nlocks; k++)
			if (steps[i].locks[k].blocks == LOCK_READS_WRITES)
				return true;
	return false;
}

bool execute_nap(struct executor *x, struct err *err)
{
	const struct waiter *w = &x->conn->waiter;
	const struct timespec t = {0, TICKS_MS * 1000000L};

	for (int ms = 0; ms < POLL_MS; ms += TICKS_MS) {
		if ((x->o->stopping && x->o->stopping(x->o->ctx)) ||
			(w->tick && !w->tick(w->ctx, 0)))
			return x->budget.lost ? lease_lost(err)
					      : err_set(err, ERR_INTERRUPTED, "interrupted");
		nanosleep(&t, NULL);
	}
	return budget_alive(&x->budget, err);
}

void execute_tell(
	struct executor *x, enum run_event_kind kind, const struct step *s, struct slice text)
{
	struct run_event e = {.kind = kind,
		.step = s,
		.migration = x->plan->migrations[x->at],
		.direction = x->plan->direction,
		.index = x->at + 1,
		.total = x->plan->nmigrations,
		.text = text};

	if (x->o->event)
		x->o->event(x->o->ctx, &e);
}

bool standby_wait(struct executor *x, const struct step *steps, size_t n, struct err *err)
{
	const struct engine_locks *locks = x->budget.locks;
	int most = x->o->batches.max_lag_ms ? x->o->batches.max_lag_ms : LAG_MS;
	int patience = x->o->patience_ms < MOST_MS ? x->o->patience_ms : MOST_MS;
	long long begun = io_now_ms(), ms = 0;
	struct slice who, words = SLICE_NONE;

	if (!x->journal || !locks || !locks->behind || !stops_reads(steps, n) ||
		(x->standby_asked && begun - x->standby_asked < AGAIN_MS))
		return true;
	for (;;) {
		if (!locks->behind(x->conn, x->arena, &who, &ms, err))
			return false;
		x->standby_asked = io_now_ms();
		if (ms <= most)
			return true;
		words = arena_printf(x->arena,
			"standby %.*s is %lld ms behind (max_lag %d ms), and a lock that stops "
			"reads "
			"is replayed there",
			SLICE(who), ms, most);
		if (io_now_ms() - begun >= patience)
			break;
		execute_tell(x, EVENT_RETRY, NULL, words);
		if (!execute_nap(x, err))
			return false;
	}
	execute_tell(x, EVENT_STANDBY, NULL,
		arena_printf(x->arena, "%.*s; waited %lld s for it, and go on", SLICE(words),
			(io_now_ms() - begun) / 1000));
	return true;
}
