/* pace.c - waiting for the next batch's turn. */
#include "run/pace.h"

#include "base/io.h"
#include "run/control.h"

#include <time.h>

enum {
	READ_MS = 1000,
	NAP_MS = 50,
	BUSY_MS = 5000,     /* who was at work a moment ago will be again */
	UNKNOWN_MS = 1000,  /* until there are two readings to compare */
	OTHERS = 10,        /* transactions a second that are nobody's work to speak of */
	OWN = 3,            /* of ours for a batch: itself, and looks at who may be in the way */
	REST_MOST = 2000,   /* after one batch */
	LOG_RATE = 2 << 20, /* bytes a second: each new file of the log makes all COMMITs wait */
};

bool pace_nap(struct pace *p, long long ms, struct err *err)
{
	long long until = io_now_ms() + ms, now;

	while ((now = io_now_ms()) < until) {
		long long piece = until - now < NAP_MS ? until - now : NAP_MS;
		struct timespec t = {0, piece * 1000000L};

		nanosleep(&t, NULL);
		if (!p->go_on(p->ctx, err))
			return false;
	}
	return true;
}

bool pace_is_busy(const struct pace *p)
{
	return p->engine->pressure && io_now_ms() < p->busy_until;
}

bool pace_sees_others(const struct pace *p)
{
	return p->seen_others && pace_is_busy(p);
}

/* Is anybody else at work? A moment's look misses short transactions: they are counted. The server
 * counts ours up to a second late: those of the time before may be among them. */
static void note_others(struct pace *p)
{
	const struct batch_pressure *before = &p->before.server, *now = &p->now.server;
	long long others = -1;

	if (!p->now.known) {
		p->busy_until = p->now.at + BUSY_MS;
		p->seen_others = true;
		return;
	}
	if (p->before.known)
		others = pace_rate(p, before->commits + p->own + p->own_before / OWN, now->commits);
	p->seen_others = p->before.known || now->active > 0;
	if (now->active > 0 || others > OTHERS)
		p->busy_until = p->now.at + BUSY_MS;
	else if (!p->before.known)
		p->busy_until = p->now.at + UNKNOWN_MS; /* nobody can tell yet */
	p->own_before = p->own;
	p->own = 0;
	p->before = p->now;
}

/* How many of the rows that were changed since the last reading have left their page? */
static void note_leaving(struct pace *p)
{
	enum { ENOUGH = 5000, FAIL = 600, SURE = 20000, OFF_MS = 5000, OFF_MOST = 80000 };
	const struct batch_pressure *before = &p->before.server, *now = &p->now.server;
	long long n = now->updated - before->updated;

	if (p->turns_fail && p->now.at >= p->turns_again)
		p->turns_fail = false;
	if (!p->before.known || !p->now.known || before->updated < 0 || n < ENOUGH)
		return;
	p->leave = (int)((n - (now->beside - before->beside)) * 1000 / n);
	if (p->turns_fail || !p->key->turns_pay || n < SURE || p->leave <= FAIL)
		return;
	p->turns_off_ms = p->turns_off_ms * 2 > OFF_MS ? p->turns_off_ms * 2 : OFF_MS;
	if (p->turns_off_ms > OFF_MOST)
		p->turns_off_ms = OFF_MOST;
	p->turns_fail = true;
	p->turns_again = p->now.at + p->turns_off_ms;
}

static bool lost_too_long(struct pace *p, struct slice reason, struct err *err)
{
	if (!p->failed_since)
		p->failed_since = p->now.at;
	if (p->now.at - p->failed_since < p->o->patience_ms)
		return false;
	err_set(err, ERR_BLOCKED, "the batches are held up: %.*s", SLICE(reason));
	err_hint(err, "A signal that is lost counts as one that says stop. When it is back, run "
		      "the same command again.");
	return true;
}

/* For belay batches, which asks elsewhere. Not to be able to write it is no reason to stop. */
static void note_reason(struct pace *p)
{
	struct err ignored = {0};

	if (!p->reason.len && !p->noted)
		return;
	if (!p->reason.len || !p->noted)
		control_write(p->conn, p->o->journal_where, SL("held"), p->reason, &ignored);
	p->noted = p->reason.len > 0;
	err_done(&ignored);
}

bool pace_look(struct pace *p, struct slice *reason, struct err *err)
{
	bool lost;

	*reason = SLICE_NONE;
	if (p->asked && io_now_ms() - p->asked < (p->reason.len ? READ_MS / 2 : READ_MS)) {
		*reason = p->reason;
		return true;
	}
	arena_reset(&p->arena);
	if (!control_read(
		    p->conn, p->o->journal_where, &p->o->batches, &p->limits, &p->paused, err))
		return false;
	*reason = p->reason = pace_reason(p, &lost);
	p->asked = p->now.at;
	note_reason(p);
	note_leaving(p);
	note_others(p);
	if (!lost)
		p->failed_since = 0;
	else if (lost_too_long(p, *reason, err))
		return false;
	return true;
}

bool pace_wait(struct pace *p, struct err *err)
{
	long long begun = io_now_ms();
	struct slice reason;

	for (;;) {
		if (!pace_look(p, &reason, err))
			return false;
		if (!reason.len)
			break;
		p->held(p->ctx, reason);
		if (!pace_nap(p, READ_MS / 2, err))
			return false;
	}
	p->held_ms += io_now_ms() - begun;
	return true;
}

void pace_note(struct pace *p, long long commit_ms, long long dead_rows, int looks)
{
	p->own += OWN + looks;
	/* One slow commit is chance; half of it remains with each that is not. */
	if (commit_ms >= 0)
		p->commit_ms = (p->commit_ms + commit_ms) / 2;
	p->dead += dead_rows * p->leave / 1000;
}

long long pace_due(const struct batch_limits *l, long long batch_ms, long long log)
{
	long long rate = l->max_wal_kb ? l->max_wal_kb * 1024LL : LOG_RATE;
	long long by_log = log * 1000 / rate - batch_ms;
	long long ms = by_log > batch_ms ? by_log : batch_ms;

	return ms > REST_MOST ? REST_MOST : ms > 0 ? ms : 1;
}

bool pace_rest(struct pace *p, long long batch_ms, long long log, bool waited, struct err *err)
{
	long long ms = pace_due(&p->limits, batch_ms, log);

	/* Who waits for us in a queue of its own polling has to find the moment. */
	if (p->engine->most_ms && !waited)
		ms = ms / 5;
	else if (!waited && !pace_sees_others(p))
		return true;
	return pace_nap(p, ms > 0 ? ms : 1, err);
}

void pace_begin(struct pace *p)
{
	enum { CLEAN_LEAST = 50000, CLEAN_PERCENT = 10, TURNS_PERCENT = 18, TURNS_LEAVE = 200 };
	long long rows = p->key->rows, plain = rows * CLEAN_PERCENT / 100;
	long long share = p->key->turns_pay ? rows * TURNS_PERCENT / 100 : plain;

	p->limits = p->o->batches;
	p->cleaned = io_now_ms();
	p->leave = p->key->turns_pay ? TURNS_LEAVE : 1000;
	if (!p->engine->clean || rows < CLEAN_LEAST)
		return;
	p->clean_at = share > CLEAN_LEAST ? share : CLEAN_LEAST;
	p->clean_at_plain = plain > CLEAN_LEAST ? plain : CLEAN_LEAST;
}

void pace_done(struct pace *p)
{
	p->reason = SLICE_NONE;
	if (p->conn->ops->alive(p->conn) && !p->conn->ops->in_transaction(p->conn))
		note_reason(p);
	for (size_t i = 0; i < MOST_REPLICAS; i++)
		conn_close(p->replicas[i]);
	arena_done(&p->arena);
}
