/* signals.c - what says that the batches should wait: a row each.
 *
 * Each looks at one reading and gives the reason to wait, or nothing. Who asks for a limit wants to
 * be sure of it: what cannot be read then counts as one that says stop. */
#include "run/pace.h"

#include "base/io.h"

#include <unistd.h>

enum {
	LAG_MS = 10000,      /* standbys may be behind so far, when nobody says */
	COMMIT_MS = 1000,    /* a commit that takes longer: the disks are at their end */
	HISTORY = 1000000,   /* InnoDB: readers become slow */
	SNAPSHOT_MS = 10000, /* PostgreSQL: vacuum is due and cannot do anything */
};
#define LAG_BYTES (128ll << 20)

struct signal {
	const char *name;
	struct slice (*reason)(struct pace *p, bool *lost);
};

static struct slice lost_signal(struct pace *p, const char *what, struct err *why, bool *lost)
{
	struct slice text = arena_printf(
		&p->arena, "%s cannot be read: %s", what, why->message ? why->message : "");

	*lost = true;
	err_done(why);
	return text;
}

static struct slice not_to_be_seen(struct pace *p, const char *what, bool *lost)
{
	*lost = true;
	return arena_printf(
		&p->arena, "%s cannot be read on this server, or not by this role", what);
}

/* ---- What people say ---- */

static struct slice by_command(struct pace *p, bool *lost)
{
	(void)lost;
	return p->paused ? SL("belay batches pause was given (belay batches resume ends it)")
			 : SLICE_NONE;
}

static struct slice by_file(struct pace *p, bool *lost)
{
	const char *path = p->limits.pause_file;

	(void)lost;
	if (!path || access(path, F_OK) != 0)
		return SLICE_NONE;
	return arena_printf(&p->arena, "the file %s is there", path);
}

static struct slice by_window(struct pace *p, bool *lost)
{
	const struct window *w = &p->limits.window;

	(void)lost;
	if (window_is_open(w, time(NULL)))
		return SLICE_NONE;
	return arena_printf(&p->arena, "it is outside of the window %02d:%02d to %02d:%02d%s",
		w->from / 60, w->from % 60, w->to / 60, w->to % 60,
		w->local    ? ""
		: w->offset ? " of its zone"
			    : " UTC");
}

static struct slice by_query(struct pace *p, bool *lost)
{
	struct conn *w = p->now.watcher;
	struct err why = {0};
	struct rows r = {0};
	struct slice v;

	if (!p->limits.pause_query.len)
		return SLICE_NONE;
	if (!w) {
		err_set(&why, ERR_CONNECT, "there is no second connection");
		return lost_signal(p, "pause_query", &why, lost);
	}
	if (!conn_query(w, p->limits.pause_query, &p->arena, &r, &why))
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

/* ---- What the server says ---- */

static struct slice by_server(struct pace *p, bool *lost)
{
	struct err why = {0};

	if (!p->engine->pressure)
		return SLICE_NONE;
	if (!p->now.watcher) {
		err_set(&why, ERR_CONNECT, "there is no second connection");
		return lost_signal(p, "the server's state", &why, lost);
	}
	if (!p->engine->pressure(p->now.watcher, p->session, p->key, &p->now.server, &why))
		return lost_signal(p, "the server's state", &why, lost);
	p->now.known = true;
	return SLICE_NONE;
}

static struct slice by_lag(struct pace *p, bool *lost)
{
	int most = p->limits.max_lag_ms ? p->limits.max_lag_ms : LAG_MS;
	const struct batch_pressure *s = &p->now.server;

	if (s->lag_ms > most)
		return arena_printf(
			&p->arena, "a standby is %lld ms behind (max_lag %d ms)", s->lag_ms, most);
	if (s->lag_bytes > LAG_BYTES)
		return arena_printf(
			&p->arena, "a standby is %lld MB behind", s->lag_bytes / (1ll << 20));
	if (!s->unseen || !p->limits.max_lag_ms)
		return SLICE_NONE;
	*lost = true;
	return SL("this role may not see how far standbys are behind (GRANT pg_monitor)");
}

static bool ask_replica(struct pace *p, size_t i, long long *ms, struct err *why)
{
	struct conn **c = &p->replicas[i];

	if (*c && !(*c)->ops->alive(*c)) {
		conn_close(*c);
		*c = NULL;
	}
	if (!*c && !p->o->open_replica(p->o->ctx, p->limits.replicas.at[i], c, why))
		return false;
	if ((*c)->engine->batches && (*c)->engine->batches->behind)
		return (*c)->engine->batches->behind(*c, ms, why);
	return err_set(why, ERR_INPUT, "%s has no replicas", (*c)->engine->title);
}

static struct slice by_replicas(struct pace *p, bool *lost)
{
	int most = p->limits.max_lag_ms ? p->limits.max_lag_ms : LAG_MS;

	for (size_t i = 0; p->o->open_replica && i < p->limits.replicas.n && i < MOST_REPLICAS;
		i++) {
		struct err why = {0};
		long long ms = -1;

		if (!ask_replica(p, i, &ms, &why))
			return lost_signal(p, "a replica", &why, lost);
		if (ms < 0) {
			*lost = true;
			return arena_printf(&p->arena, "replica %zu does not follow", i + 1);
		}
		if (ms > most)
			return arena_printf(&p->arena,
				"replica %zu is %lld ms behind (max_lag %d ms)", i + 1, ms, most);
	}
	return SLICE_NONE;
}

static struct slice by_waiters(struct pace *p, bool *lost)
{
	long long n = p->now.server.waiters;

	(void)lost;
	if (n <= 0)
		return SLICE_NONE;
	return arena_printf(&p->arena, "%lld session%s waiting for a lock on the table", n,
		n == 1 ? " is" : "s are");
}

static struct slice by_active(struct pace *p, bool *lost)
{
	long long n = p->now.server.active;

	if (!p->limits.max_active)
		return SLICE_NONE;
	if (!p->now.known)
		return not_to_be_seen(p, "max_active", lost);
	if (n <= p->limits.max_active)
		return SLICE_NONE;
	return arena_printf(
		&p->arena, "%lld sessions are at work (max_active %d)", n, p->limits.max_active);
}

static struct slice by_wal(struct pace *p, bool *lost)
{
	long long rate;

	if (!p->limits.max_wal_kb)
		return SLICE_NONE;
	if (!p->now.known || p->now.server.written < 0)
		return not_to_be_seen(p, "max_wal", lost);
	rate = p->before.known
		       ? pace_rate(p, p->before.server.written, p->now.server.written) / 1024
		       : 0;
	if (rate <= p->limits.max_wal_kb)
		return SLICE_NONE;
	return arena_printf(&p->arena, "the server's log grows by %lld kB a second (max_wal %d kB)",
		rate, p->limits.max_wal_kb);
}

static struct slice by_history(struct pace *p, bool *lost)
{
	long long most = p->limits.max_history ? p->limits.max_history : HISTORY;

	if (p->limits.max_history && (!p->now.known || p->now.server.history < 0))
		return not_to_be_seen(p, "max_history", lost);
	if (!p->now.known || p->now.server.history <= most)
		return SLICE_NONE;
	return arena_printf(&p->arena, "%lld old versions wait to be purged (max_history %lld)",
		p->now.server.history, most);
}

/* Only where it hurts: vacuum is due, and would find nothing it may take away. */
static struct slice by_snapshot(struct pace *p, bool *lost)
{
	int most = p->limits.max_snapshot_ms ? p->limits.max_snapshot_ms : SNAPSHOT_MS;
	const struct batch_pressure *s = &p->now.server;

	(void)lost;
	if (!p->now.known || s->snapshot_ms <= most || !pace_tidy_due(p) || pace_tidy_helps(p))
		return SLICE_NONE;
	if (s->snapshot_by <= 0)
		return arena_printf(&p->arena,
			"a prepared transaction keeps dead rows from being vacuumed away since "
			"%lld s",
			s->snapshot_ms / 1000);
	return arena_printf(&p->arena,
		"session %lld keeps dead rows from being vacuumed away since %lld s (max_snapshot "
		"%d ms)",
		s->snapshot_by, s->snapshot_ms / 1000, most);
}

/* ---- What our own batches tell ---- */

/* It cannot get better while nothing is committed: one look, and the next batch tries again. */
static struct slice by_commit(struct pace *p, bool *lost)
{
	int most = p->limits.max_commit_ms ? p->limits.max_commit_ms : COMMIT_MS;
	long long ms = p->commit_ms;

	(void)lost;
	if (ms <= most)
		return SLICE_NONE;
	p->commit_ms = 0;
	return arena_printf(&p->arena, "a commit takes %lld ms (max_commit %d ms)", ms, most);
}

static const struct signal signals[] = {
	{"command", by_command},
	{"pause_file", by_file},
	{"window", by_window},
	{"pause_query", by_query},
	{"server", by_server},
	{"max_lag", by_lag},
	{"replicas", by_replicas},
	{"lock waiters", by_waiters},
	{"max_active", by_active},
	{"max_wal", by_wal},
	{"max_history", by_history},
	{"max_snapshot", by_snapshot},
	{"max_commit", by_commit},
};

long long pace_rate(const struct pace *p, long long before, long long now)
{
	long long ms = p->now.at - p->before.at;

	if (before < 0 || now < 0 || ms <= 0)
		return -1;
	return (now - before) * 1000 / ms;
}

static bool needs_watcher(const struct pace *p)
{
	return p->limits.pause_query.len || p->engine->pressure;
}

struct slice pace_reason(struct pace *p, bool *lost)
{
	struct slice reason = SLICE_NONE;

	*lost = false;
	p->now = (struct reading_of){
		.at = io_now_ms(), .watcher = needs_watcher(p) ? p->watcher(p->ctx) : NULL};
	p->signal = NULL;
	for (size_t i = 0; !reason.len && i < sizeof signals / sizeof *signals; i++) {
		reason = signals[i].reason(p, lost);
		p->signal = reason.len ? signals[i].name : NULL;
	}
	return reason;
}
