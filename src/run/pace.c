/* pace.c - when the next batch may begin: never at others' cost.
 *
 * Signals are read once a second on a second connection, between two batches: standbys that fall
 * behind, sessions that wait for the table, the project's own question, a file. One that cannot be
 * read holds the batches up like one that says stop, for a while; then the run gives up. */
#include "run/batch.h"

#include "base/io.h"

#include <time.h>
#include <unistd.h>

enum {
	READ_MS = 1000,
	NAP_MS = 50,
	LAG_MS = 10000,  /* standbys may be behind so far, when nobody says */
	REST_MOST = 2000 /* after one batch */
};
#define LAG_BYTES (128ll << 20)

static bool nap(struct pace *p, long long ms, struct err *err)
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

/* Each of these gives the reason to wait, or nothing; *lost: the signal itself cannot be read. */

static struct slice by_file(struct pace *p)
{
	const char *path = p->limits->pause_file;

	if (!path || access(path, F_OK) != 0)
		return SLICE_NONE;
	return arena_printf(&p->arena, "the file %s is there", path);
}

static struct slice lost_signal(struct pace *p, const char *what, struct err *why, bool *lost)
{
	struct slice text = arena_printf(
		&p->arena, "%s cannot be read: %s", what, why->message ? why->message : "");

	*lost = true;
	err_done(why);
	return text;
}

static struct slice by_query(struct pace *p, struct conn *w, bool *lost)
{
	struct err why = {0};
	struct rows r = {0};
	struct slice v;

	if (!p->limits->pause_query.len)
		return SLICE_NONE;
	if (!w) {
		err_set(&why, ERR_CONNECT, "there is no second connection");
		return lost_signal(p, "pause_query", &why, lost);
	}
	if (!conn_query(w, p->limits->pause_query, &p->arena, &r, &why))
		return lost_signal(p, "pause_query", &why, lost);
	if (r.nrows != 1 || r.ncols != 1) {
		err_set(&why, ERR_INPUT, "it wants one row with one value");
		return lost_signal(p, "pause_query", &why, lost);
	}
	v = rows_get(&r, 0, 0);
	if (rows_null(&r, 0, 0) || slice_is(v, "f") || slice_is(v, "0") || slice_iis(v, "false"))
		return SLICE_NONE;
	if (slice_is(v, "t") || slice_is(v, "1") || slice_iis(v, "true"))
		return SL("pause_query says so");
	err_set(&why, ERR_INPUT, "it wants true or false, not \"%.*s\"",
		SLICE(slice_sub(v, 0, 40)));
	return lost_signal(p, "pause_query", &why, lost);
}

static struct slice by_lag(struct pace *p, const struct batch_pressure *s, bool *lost)
{
	int most = p->limits->max_lag_ms ? p->limits->max_lag_ms : LAG_MS;

	if (s->lag_ms > most)
		return arena_printf(
			&p->arena, "a standby is %lld ms behind (max_lag %d ms)", s->lag_ms, most);
	if (s->lag_bytes > LAG_BYTES)
		return arena_printf(
			&p->arena, "a standby is %lld MB behind", s->lag_bytes / (1ll << 20));
	/* Who asked for a limit wants to be sure of it. */
	if (!s->unseen || !p->limits->max_lag_ms)
		return SLICE_NONE;
	*lost = true;
	return SL("this role may not see how far standbys are behind (GRANT pg_monitor)");
}

static struct slice by_pressure(struct pace *p, struct conn *w, bool *lost)
{
	struct batch_pressure s = {0};
	struct err why = {0};
	struct slice reason;

	if (!p->engine->pressure)
		return SLICE_NONE;
	p->busy = true;
	if (!w) {
		err_set(&why, ERR_CONNECT, "there is no second connection");
		return lost_signal(p, "the server's state", &why, lost);
	}
	if (!p->engine->pressure(w, p->session, p->key, &s, &why))
		return lost_signal(p, "the server's state", &why, lost);
	p->busy = s.active > 0;
	reason = by_lag(p, &s, lost);
	if (!reason.len && s.waiters)
		reason = arena_printf(&p->arena, "%lld session%s waiting for a lock on the table",
			s.waiters, s.waiters == 1 ? " is" : "s are");
	return reason;
}

static struct slice reason_to_wait(struct pace *p, bool *lost)
{
	struct slice reason = by_file(p);
	struct conn *w;

	*lost = false;
	if (reason.len)
		return reason;
	w = p->limits->pause_query.len || p->engine->pressure ? p->watcher(p->ctx) : NULL;
	reason = by_query(p, w, lost);
	return reason.len ? reason : by_pressure(p, w, lost);
}

bool pace_wait(struct pace *p, struct err *err)
{
	struct slice reason;
	bool lost;

	if (p->asked && io_now_ms() - p->asked < READ_MS)
		return true;
	for (;;) {
		arena_reset(&p->arena);
		reason = reason_to_wait(p, &lost);
		p->asked = io_now_ms();
		if (!lost)
			p->failed_since = 0;
		if (!reason.len)
			return true;
		p->held(p->ctx, reason);
		if (lost && !p->failed_since)
			p->failed_since = p->asked;
		if (lost && p->asked - p->failed_since >= p->patience_ms) {
			err_set(err, ERR_BLOCKED, "the batches are held up: %.*s", SLICE(reason));
			return err_hint(err, "A signal that is lost counts as one that says stop. "
					     "When it is back, run the same command again.");
		}
		if (!nap(p, READ_MS / 2, err))
			return false;
	}
}

bool pace_rest(struct pace *p, long long batch_ms, bool waited, struct err *err)
{
	long long ms = batch_ms < REST_MOST ? batch_ms : REST_MOST;

	/* Who waits for us in a queue of its own polling has to find the moment. */
	if (p->engine->most_ms && !waited)
		ms = ms / 5;
	else if (!p->busy && !waited)
		return true;
	return nap(p, ms > 0 ? ms : 1, err);
}

void pace_done(struct pace *p)
{
	arena_done(&p->arena);
}
