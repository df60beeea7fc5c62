/* lock.c - one runner at a time.
 *
 * Taken before the history is read, so that nobody acts on what another one has just changed; held
 * until the connection closes; gone with the process, however it ends. PostgreSQL: an advisory lock
 * of the session, polled (waiting for it in the server would stand in the way of a concurrent index
 * build). MySQL: GET_LOCK. SQLite: flock() on the database's file, which SQLite itself does not
 * use.
 *
 * A killed runner's backend may go on for a moment and hold the lock: hence a few seconds of
 * patience, and client_connection_check_interval, which lets the server notice. */
#include "run/run.h"

#include "base/io.h"
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000, POLL_MS = 100 };

static const char pg_try[] = "SELECT pg_catalog.pg_try_advisory_lock(7089266147110)";
static const char pg_holder[] =
	"SELECT a.pid, a.application_name, a.usename,"
	" pg_catalog.to_char(a.backend_start, 'HH24:MI:SS')"
	" FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a USING (pid)"
	" WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
	" AND l.classid = (7089266147110 >> 32)::pg_catalog.oid"
	" AND l.objid = (7089266147110 & 4294967295)::pg_catalog.oid"
	" AND l.database = (SELECT oid FROM pg_catalog.pg_database"
	" WHERE datname = pg_catalog.current_database())";

static bool is_yes(const struct rows *r)
{
	return r->nrows && (slice_is(rows_get(r, 0, 0), "t") || slice_is(rows_get(r, 0, 0), "1"));
}

static bool try_once(
	struct run_lock *l, struct conn *c, struct arena *a, bool *got, struct err *err)
{
	struct rows r = {0};

	switch (c->id.dialect) {
	case DIALECT_SQLITE:
		*got = l->fd < 0 || flock(l->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
		return true;
	case DIALECT_POSTGRES:
		if (!conn_query(c, slice_of(pg_try), a, &r, err))
			return false;
		*got = is_yes(&r);
		return true;
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		if (!conn_query(c, SL("SELECT get_lock(concat('belay.', database()), 0) = 1"), a,
			    &r, err))
			return false;
		*got = is_yes(&r);
		return true;
	case DIALECT_UNKNOWN:
		break;
	}
	*got = true;
	return true;
}

static bool held_by(struct conn *c, struct arena *a, struct err *err)
{
	struct err ignored = {0};
	struct rows r = {0};

	if (c->id.dialect == DIALECT_POSTGRES &&
		conn_query(c, slice_of(pg_holder), a, &r, &ignored) && r.nrows)
		err_set(err, ERR_BLOCKED,
			"another belay is migrating this database right now: process %.*s of the "
			"server (%.*s), role %.*s, since %.*s",
			SLICE(rows_get(&r, 0, 0)), SLICE(rows_get(&r, 0, 1)),
			SLICE(rows_get(&r, 0, 2)), SLICE(rows_get(&r, 0, 3)));
	else
		err_set(err, ERR_BLOCKED, "another belay is migrating this database right now");
	err_done(&ignored);
	return err_hint(err, "Nothing was done. Run the same command again when it has finished.");
}

static void open_file(struct run_lock *l, struct conn *c, struct arena *a)
{
	if (c->id.dialect == DIALECT_SQLITE && slice_starts(c->id.system, "inode:"))
		l->fd = open(arena_cstr(a, c->id.database), O_RDONLY | O_CLOEXEC);
}

static void notice_dead_clients(struct conn *c)
{
	struct err ignored = {0};

	if (c->id.dialect == DIALECT_POSTGRES && c->id.version >= 140000)
		conn_exec(c, SL("SET client_connection_check_interval = '1s'"), &ignored);
	err_done(&ignored);
}

bool run_lock_take(struct run_lock *l, struct conn *c, struct err *err)
{
	const struct timespec nap = {0, POLL_MS * 1000000L};
	long long begun = io_now_ms();
	struct arena a = {0};
	bool ok, got = false;

	*l = (struct run_lock){.fd = -1};
	open_file(l, c, &a);
	for (;;) {
		ok = try_once(l, c, &a, &got, err);
		if (!ok || got)
			break;
		if (c->waiter.tick && !c->waiter.tick(c->waiter.ctx, io_now_ms() - begun)) {
			ok = err_set(err, ERR_INTERRUPTED, "interrupted: nothing was done");
			break;
		}
		if (io_now_ms() - begun >= PATIENCE_MS) {
			ok = held_by(c, &a, err);
			break;
		}
		nanosleep(&nap, NULL);
	}
	if (ok)
		notice_dead_clients(c);
	else
		run_lock_drop(l);
	arena_done(&a);
	return ok;
}

void run_lock_drop(struct run_lock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
