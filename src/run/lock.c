/* lock.c - one runner at a time, where there is no lease (lease.h).
 *
 * Held until the connection closes; gone with the process, however it ends. MySQL: GET_LOCK,
 * polled. SQLite: flock() on the database's file, which SQLite itself does not use. A killed
 * runner's session may go on and hold the lock: hence a few seconds of patience, and more where the
 * journal shows that its process is gone: the server ends such a statement by itself. */
#include "run/run.h"

#include "base/io.h"
#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000, POLL_MS = 100 };

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
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
		if (!conn_query(c, SL("SELECT get_lock(concat('belay.', database()), 0) = 1"), a,
			    &r, err))
			return false;
		*got = is_yes(&r);
		return true;
	case DIALECT_POSTGRES: /* has a lease */
	case DIALECT_UNKNOWN:
		break;
	}
	*got = true;
	return true;
}

static bool held_by_another(struct err *err)
{
	err_set(err, ERR_BLOCKED, "another belay is migrating this database right now");
	return err_hint(err,
		"Nothing was done. Run the same command again when it has finished, or "
		"wait for it: --if-running wait.");
}

static void open_file(struct run_lock *l, struct conn *c, struct arena *a)
{
	if (c->id.dialect == DIALECT_SQLITE && slice_starts(c->id.system, "inode:"))
		l->fd = open(arena_cstr(a, c->id.database), O_RDONLY | O_CLOEXEC);
}

bool run_lock_take(struct run_lock *l, struct conn *c, const struct lease_request *q, bool *skipped,
	struct err *err)
{
	const struct timespec nap = {0, POLL_MS * 1000000L};
	long long begun = io_now_ms();
	long long patience = q->if_running == IF_RUNNING_WAIT && q->patience_ms > PATIENCE_MS
				     ? q->patience_ms
				     : PATIENCE_MS;
	struct arena a = {0};
	bool ok, got = false, died = false;

	*skipped = false;
	*l = (struct run_lock){.fd = -1};
	open_file(l, c, &a);
	for (;;) {
		ok = try_once(l, c, &a, &got, err);
		if (!ok || got)
			break;
		died = died || journal_runner_died(c, q->where, &a);
		if (died && patience < q->patience_ms)
			patience = q->patience_ms;
		if (q->if_running == IF_RUNNING_SKIP && !died) {
			*skipped = true;
			break;
		}
		if (c->waiter.tick && !c->waiter.tick(c->waiter.ctx, io_now_ms() - begun)) {
			ok = err_set(err, ERR_INTERRUPTED, "interrupted: nothing was done");
			break;
		}
		if (io_now_ms() - begun >= patience) {
			ok = held_by_another(err);
			break;
		}
		if (q->waiting)
			q->waiting(q->ctx,
				died ? SL("it was killed, and the server is still at work for it")
				     : SL("its lock is taken"));
		nanosleep(&nap, NULL);
	}
	if (!ok || *skipped)
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
