/* lease.c - one runner at a time, in two rows of the journal. */
#include "run/lease.h"

#include "base/io.h"
#include "engine/engine.h"
#include "run/journal.h"
#include "sql/clean.h"
#include "sql/quote.h"

#include <time.h>
#include <unistd.h>

enum { SHORT_PATIENCE_MS = 3000, POLL_MS = 200 };
enum { SURE_MS = LEASE_MS / 2 }; /* since a heartbeat that arrived; the rest is for the way */

static void table(struct buf *b, struct slice where)
{
	quote_name(b, DIALECT_POSTGRES, where.len ? where : SL("belay"), SL("lease"));
}

/* What the two rows say, and whether that still counts. */
struct holder {
	bool free, locked; /* locked: a transaction of the holder is open */
	bool silent;       /* free because its heartbeat is old */
	struct slice who, beat;
	struct slice pid, start; /* its session on this server, when it only fell silent */
};

/* Has anything been heard of the holder since we began to look? One that was killed keeps quiet,
 * and its lease runs out. */
struct signs {
	char first[64]; /* its heartbeat when we first looked */
	bool known, seen;
};

static const char columns[] =
	" SELECT h.owner, h.beat > pg_catalog.clock_timestamp() - interval '%d milliseconds',"
	" h.system_id = %L, h.backend = 0 OR EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a"
	" WHERE a.pid = h.backend AND (a.backend_start IS NULL OR a.backend_start = "
	"h.backend_start)),"
	" pg_catalog.to_char(h.since, 'HH24:MI:SS'), h.epoch || ' ' || h.beat,"
	" CASE WHEN h.backend <> 0 AND h.beat > '-infinity' THEN h.backend END, h.backend_start,"
	" h.beat > '-infinity'"
	" FROM %s f, %s h"
	" WHERE f.part = 'fence' AND h.part = 'heartbeat'";

static bool yes(const struct rows *r, size_t col)
{
	return slice_is(rows_get(r, 0, col), "t");
}

static bool query_holder(struct lease *l, struct conn *c, bool lock, struct arena *a,
	struct holder *out, struct err *err)
{
	struct buf b = {0}, name = {0};
	struct rows r = {0};
	bool ok;

	table(&name, l->where);
	if (lock)
		buf_adds(&b, "BEGIN ISOLATION LEVEL READ COMMITTED;");
	sqlf(&b, DIALECT_POSTGRES, columns, (int)LEASE_MS, c->id.system, buf_slice(&name),
		buf_slice(&name));
	if (lock)
		buf_adds(&b, " FOR UPDATE OF f NOWAIT");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	if (ok && r.nrows) {
		out->free = !yes(&r, 1) || !yes(&r, 2) || !yes(&r, 3);
		out->who = arena_printf(a, "%.*s, since %.*s", SLICE(rows_get(&r, 0, 0)),
			SLICE(rows_get(&r, 0, 4)));
		out->beat = rows_get(&r, 0, 5);
		/* Who has given it back is not silent. */
		out->silent = !yes(&r, 1) && yes(&r, 2) && yes(&r, 3) && yes(&r, 8);
		if (out->silent)
			out->pid = rows_get(&r, 0, 6);
		out->start = rows_get(&r, 0, 7);
	}
	buf_done(&name);
	buf_done(&b);
	return ok;
}

static void roll_back(struct conn *c)
{
	struct err ignored = {0};

	if (c->ops->alive(c) && c->ops->in_transaction(c))
		conn_exec(c, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
}

/* A killed runner's statement ends when the server notices that nobody wants its answer. */
static void notice_dead_clients(struct conn *c)
{
	struct err ignored = {0};

	if (c->id.version >= 140000)
		conn_exec(c, SL("SET client_connection_check_interval = '1s'"), &ignored);
	err_done(&ignored);
}

/* The server does nothing for it: it waits for its client. */
#define WAITS_FOR_CLIENT                                                                           \
	" AND (pg_catalog.left(a.state, 4) = 'idle' OR a.wait_event_type = 'Client')"

/* Who fell silent and wakes may be about to send a statement that no fence can go with (it runs
 * outside a transaction): its session ends before we begin. One that works is left alone: what it
 * does is waited for (resume.c). Where we may not end it, its own clock stops it (lease_sure). */
static void end_session(struct conn *c, const struct holder *h, struct arena *a)
{
	const struct timespec nap = {0, 10 * 1000000L};
	struct err ignored = {0};
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	if (!h->pid.len || !h->start.len) /* behind a pooler */
		return;
	sqlf(&b, DIALECT_POSTGRES,
		" FROM pg_catalog.pg_stat_activity a WHERE a.pid = %s AND a.backend_start = "
		"%L" WAITS_FOR_CLIENT,
		h->pid, h->start);
	ok = conn_query(c,
		arena_printf(a, "SELECT pg_catalog.pg_terminate_backend(a.pid)%.*s",
			SLICE(buf_slice(&b))),
		a, &r, &ignored);
	for (int i = 0; ok && r.nrows && i < 200; i++) {
		nanosleep(&nap, NULL);
		ok = conn_query(
			c, arena_printf(a, "SELECT 1%.*s", SLICE(buf_slice(&b))), a, &r, &ignored);
	}
	err_done(&ignored);
	buf_done(&b);
}

/* Transactions that it has left open keep the fence, behind a pooler and on its other connections
 * too. They are older than its last heartbeat, or hardly younger; and nobody else has it since we
 * looked. */
static void end_transactions(
	struct lease *l, struct conn *c, const struct holder *h, struct arena *a)
{
	struct buf b = {0}, name = {0};
	struct err ignored = {0};
	struct rows r = {0};

	table(&name, l->where);
	sqlf(&b, DIALECT_POSTGRES,
		"SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a"
		" JOIN pg_catalog.pg_locks k ON k.pid = a.pid JOIN %s h ON h.part = 'heartbeat'"
		" WHERE k.relation = %L::pg_catalog.regclass AND k.database = (SELECT d.oid"
		" FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())"
		" AND k.granted AND a.pid <> pg_catalog.pg_backend_pid()"
		" AND h.epoch || ' ' || h.beat = %L"
		" AND a.xact_start < h.beat + interval '%d milliseconds'" WAITS_FOR_CLIENT,
		buf_slice(&name), buf_slice(&name), h->beat, (int)LEASE_MS / 3);
	conn_query(c, buf_slice(&b), a, &r, &ignored);
	err_done(&ignored);
	buf_done(&name);
	buf_done(&b);
}

/* Both rows get the new epoch; the transaction that looked is open and holds the fence. */
static bool write_ours(struct lease *l, struct conn *c, const struct lease_request *q,
	struct arena *a, struct err *err)
{
	struct buf b = {0}, name = {0};
	bool direct = c->engine->locks->is_direct(c), ok;
	char host[256] = "";
	struct slice owner;
	struct rows r = {0};
	unsigned long long epoch = 0;
	long long begun = io_passed_ms();

	gethostname(host, sizeof host - 1);
	owner = arena_printf(a, "belay %s, process %d on %s, role %.*s", q->command, (int)getpid(),
		host, SLICE(c->id.role));
	table(&name, l->where);
	sqlf(&b, DIALECT_POSTGRES,
		"UPDATE %s SET epoch = (SELECT pg_catalog.max(epoch) FROM %s) + 1, owner = %L,"
		" system_id = %L, backend = %s, backend_start = (SELECT a.backend_start"
		" FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid()),"
		" since = pg_catalog.clock_timestamp(), beat = pg_catalog.clock_timestamp()"
		" RETURNING epoch",
		buf_slice(&name), buf_slice(&name), owner, c->id.system,
		direct ? SL("pg_catalog.pg_backend_pid()") : SL("0"));
	ok = conn_query(c, buf_slice(&b), a, &r, err) && conn_exec(c, SL("COMMIT"), err);
	if (ok && r.nrows && slice_u64(rows_get(&r, 0, 0), &epoch)) {
		l->epoch = (long long)epoch;
		l->beaten = io_now_ms();
		l->sure = begun;
		l->pooled = !direct;
		l->system = c->id.system;
		l->database = c->id.database;
		if (direct)
			notice_dead_clients(c);
	}
	buf_done(&name);
	buf_done(&b);
	return ok;
}

/*
 * With the fence locked, once more: the locking query's snapshot may be older than the lock. Of a
 * holder that committed in between it shows the fence's new row and the heartbeat's old one
 * (the manual, Read Committed: only the locked row is read again).
 */
static bool is_still_free(
	struct lease *l, struct conn *c, struct arena *a, struct holder *h, struct err *err)
{
	return query_holder(l, c, false, a, h, err) && h->free;
}

/* One try. l->epoch tells whether it is ours; else *h tells who has it. */
static bool try_once(struct lease *l, struct conn *c, const struct lease_request *q,
	struct arena *a, struct holder *h, struct err *err)
{
	struct err why = {0};
	bool ok;

	*h = (struct holder){.free = true};
	if (query_holder(l, c, true, a, h, &why)) {
		if (h->free && is_still_free(l, c, a, h, err))
			write_ours(l, c, q, a, err);
		roll_back(c);
		if (l->epoch && h->silent)
			end_session(c, h, a);
		return !err_is(err);
	}
	roll_back(c);
	if (strcmp(why.sqlstate, "55P03") != 0) {
		err_move(err, &why);
		return false;
	}
	err_done(&why);
	ok = query_holder(l, c, false, a, h, err);
	h->locked = true;
	if (ok && h->silent) {
		end_session(c, h, a);
		end_transactions(l, c, h, a);
	}
	return ok;
}

static bool blocked(const struct holder *h, struct err *err)
{
	err_set(err, ERR_BLOCKED, "another belay is migrating this database right now: %.*s%s",
		SLICE(h->who),
		h->locked && h->free
			? "; it is gone, but its transaction is still open in the server"
			: "");
	return err_hint(err,
		"Nothing was done. Run the same command again when it has finished, or "
		"wait for it: --if-running wait.");
}

static void look_for_signs(struct signs *s, const struct holder *h)
{
	struct slice beat = slice_sub(h->beat, 0, sizeof s->first - 1);

	if (s->known) {
		s->seen |= !slice_is(beat, s->first);
		return;
	}
	memcpy(s->first, beat.at ? beat.at : "", beat.len);
	s->first[beat.len] = 0;
	s->known = true;
}

/* How long this is waited for, from the beginning. Of one that is gone only a transaction is left,
 * which the server ends when it notices; one that keeps quiet may be gone. */
static long long patience_for(
	const struct lease_request *q, const struct holder *h, const struct signs *s)
{
	long long least = SHORT_PATIENCE_MS;

	if (!s->seen)
		least = LEASE_MS + SHORT_PATIENCE_MS;
	if (q->if_running == IF_RUNNING_WAIT || (h->locked && h->free))
		return q->patience_ms > least ? q->patience_ms : least;
	return least;
}

bool lease_take(struct lease *l, struct conn *c, const struct lease_request *q, bool *skipped,
	struct err *err)
{
	long long begun = io_now_ms(), told = begun;
	const struct timespec nap = {0, POLL_MS * 1000000L};
	struct arena a = {0};
	struct signs signs = {0};
	struct holder h;
	bool ok;

	*skipped = false;
	*l = (struct lease){.where = q->where};
	for (;;) {
		arena_reset(&a);
		ok = try_once(l, c, q, &a, &h, err);
		if (!ok || l->epoch)
			break;
		look_for_signs(&signs, &h);
		if (q->if_running == IF_RUNNING_SKIP && signs.seen && !(h.locked && h.free)) {
			*skipped = true;
			break;
		}
		if (c->waiter.tick && !c->waiter.tick(c->waiter.ctx, io_now_ms() - begun)) {
			ok = err_set(err, ERR_INTERRUPTED, "interrupted: nothing was done");
			break;
		}
		if (io_now_ms() - begun >= patience_for(q, &h, &signs)) {
			ok = blocked(&h, err);
			break;
		}
		if (q->waiting && io_now_ms() - told > 1000) {
			told = io_now_ms();
			q->waiting(q->ctx, h.who);
		}
		nanosleep(&nap, NULL);
	}
	arena_done(&a);
	return ok;
}

static bool is_system_number(struct slice s)
{
	unsigned long long n;

	return slice_u64(s, &n);
}

/* A connection of our own stays with its server; a pooler's may lead elsewhere from one transaction
 * to the next, to a copy even. */
static void add_identity(struct buf *b, const struct lease *l)
{
	if (!l->pooled)
		return;
	sqlf(b, DIALECT_POSTGRES, " AND pg_catalog.current_database() = %L", l->database);
	if (is_system_number(l->system))
		sqlf(b, DIALECT_POSTGRES,
			" AND %L = (SELECT s.system_identifier FROM"
			" pg_catalog.pg_control_system() s)::pg_catalog.text",
			l->system);
}

struct slice lease_fence(const struct lease *l, struct arena *a)
{
	struct buf b = {0}, name = {0};
	struct slice out;

	if (!l || !l->epoch)
		return SLICE_NONE;
	table(&name, l->where);
	sqlf(&b, DIALECT_POSTGRES,
		"SELECT 1 / pg_catalog.count(*) FROM (SELECT 1 FROM %s WHERE part = 'fence'"
		" AND epoch = %lld",
		buf_slice(&name), l->epoch);
	add_identity(&b, l);
	buf_adds(&b, " FOR SHARE) f");
	out = arena_slice(a, buf_slice(&b));
	buf_done(&name);
	buf_done(&b);
	return out;
}

bool lease_is_lost(const struct lease *l, const struct err *err)
{
	return l && l->epoch && strcmp(err->sqlstate, "22012") == 0;
}

bool lease_elsewhere(const struct lease *l, struct conn *c, struct err *err)
{
	struct err ignored = {0};
	struct arena a = {0};
	struct rows r = {0};
	bool other;

	if (!l->pooled || !is_system_number(l->system))
		return false;
	roll_back(c);
	other = conn_query(c,
			SL("SELECT s.system_identifier::pg_catalog.text,"
			   " pg_catalog.current_database() FROM pg_catalog.pg_control_system() s"),
			&a, &r, &ignored) &&
		r.nrows == 1 &&
		!(slice_eq(rows_get(&r, 0, 0), l->system) &&
			slice_eq(rows_get(&r, 0, 1), l->database));
	err_done(&ignored);
	if (other) {
		err_done(err);
		*err = (struct err){0};
		err_set(err, ERR_CONNECT,
			"the pooler leads to another server now: system %.*s, database %.*s "
			"instead of system %.*s, database %.*s; nothing was written there",
			SLICE(rows_get(&r, 0, 0)), SLICE(rows_get(&r, 0, 1)), SLICE(l->system),
			SLICE(l->database));
		err_hint(err, "What was done before it is in the server that the run began on. See "
			      "which of the two is meant, then run the same command again.");
	}
	arena_done(&a);
	return other;
}

bool lease_lost(struct err *err)
{
	err_done(err);
	*err = (struct err){0};
	err_set(err, ERR_BLOCKED,
		"another belay has taken over: this one was not heard of for %d s, and may not "
		"write "
		"any more",
		LEASE_MS / 1000);
	return err_hint(err, "belay status tells what is applied.");
}

bool lease_due(const struct lease *l)
{
	return l && l->epoch && io_now_ms() - l->beaten >= LEASE_BEAT_MS;
}

/* *lost: the row has another epoch by now. */
static bool beat(struct lease *l, struct conn *c, bool *lost, struct err *err)
{
	long long begun = io_passed_ms();
	struct buf b = {0}, name = {0};
	struct arena a = {0};
	struct rows r = {0};
	bool ok;

	l->beaten = io_now_ms();
	table(&name, l->where);
	sqlf(&b, DIALECT_POSTGRES,
		"UPDATE %s SET beat = pg_catalog.clock_timestamp() WHERE part = 'heartbeat'"
		" AND epoch = %lld RETURNING 1",
		buf_slice(&name), l->epoch);
	ok = conn_query(c, buf_slice(&b), &a, &r, err);
	*lost = ok && r.nrows == 0;
	if (ok && r.nrows)
		l->sure = begun;
	arena_done(&a);
	buf_done(&name);
	buf_done(&b);
	return ok;
}

bool lease_beat(struct lease *l, struct conn *second)
{
	struct err ignored = {0};
	bool lost;

	beat(l, second, &lost, &ignored);
	err_done(&ignored);
	return !lost;
}

bool lease_sure(struct lease *l, struct conn *c, struct err *err)
{
	bool lost;

	while (l && l->epoch && io_passed_ms() - l->sure >= SURE_MS) {
		if (!beat(l, c, &lost, err))
			return false;
		if (lost)
			return lease_lost(err);
	}
	return true;
}

bool lease_was_taken(struct lease *l, struct conn *second)
{
	return l && l->epoch && second && second->ops->alive(second) && !lease_beat(l, second);
}

void lease_give(struct lease *l, struct conn *c)
{
	struct buf b = {0}, name = {0};
	struct err ignored = {0};

	if (l->epoch && c->ops->alive(c) && !c->ops->in_transaction(c)) {
		table(&name, l->where);
		sqlf(&b, DIALECT_POSTGRES,
			"UPDATE %s SET beat = '-infinity' WHERE part = 'heartbeat' AND epoch = "
			"%lld",
			buf_slice(&name), l->epoch);
		conn_exec(c, buf_slice(&b), &ignored);
	}
	err_done(&ignored);
	buf_done(&name);
	buf_done(&b);
	l->epoch = 0;
}
