/* lease.h - one runner at a time, in two rows of the journal (PostgreSQL).
 *
 *	fence		the epoch: share-locked and compared inside every transaction of ours
 *	heartbeat	who holds the lease, and when they were last seen
 *
 * Two rows, because a transaction that share-locks the fence must not stand in the way of its own
 * heartbeat. A lease is free when it was given back, when its heartbeat is LEASE_MS old by the
 * server's clock, when its session on this server is gone, or when the rows were copied from
 * another server. Taking it wants the fence FOR UPDATE NOWAIT: a holder with an open transaction
 * cannot be replaced, and one that was replaced (it was suspended, its heartbeat stopped) finds
 * another epoch and cannot write. Nothing of it belongs to a session, so it works through a
 * transaction pooler; nothing is waited for inside the server.
 *
 * Whoever finds it held waits for a sign of life: a heartbeat that moves. Without one the holder
 * may have been killed, and its lease runs out; so a plain re-run after a kill goes on by itself.
 *
 * A statement outside a transaction has no fence. Two things keep a holder that wakes from sending
 * one: whoever takes the lease ends its idle session, and lease_sure() looks at the clock.
 *
 * Calling sequence: journal_make() → lease_take() → lease_fence() in each transaction, lease_beat()
 * now and then → lease_give(). */
#ifndef BELAY_RUN_LEASE_H
#define BELAY_RUN_LEASE_H

#include "base/arena.h"
#include "engine/conn.h"

enum { LEASE_MS = 15000, LEASE_BEAT_MS = 1000 };
enum if_running { IF_RUNNING_FAIL, IF_RUNNING_WAIT, IF_RUNNING_SKIP };

struct lease {
	long long epoch; /* 0 = not held, or an engine without leases */
	struct slice where;
	long long beaten; /* our clock: when the heartbeat was last written */
	long long sure;   /* the same, of one that arrived; time asleep counts (io_passed_ms) */
	bool pooled;      /* behind a pooler each transaction may meet another server */
	struct slice system, database; /* lent by the connection */
};
struct lease_request {
	struct slice where;  /* of the journal */
	const char *command; /* "up": shown to who finds it held */
	enum if_running if_running;
	int patience_ms;
	void (*waiting)(void *ctx, struct slice who); /* may be NULL */
	void *ctx;
};
/* *skipped: somebody holds it and the request says to leave it at that. ERR_BLOCKED names who. */
bool lease_take(struct lease *l, struct conn *c, const struct lease_request *r, bool *skipped,
	struct err *err);
/* A statement that fails with lease_is_lost() when the lease is somebody else's by now, or this is
 * another server or database than the one it was taken in, and keeps it ours until the transaction
 * ends. Empty when there is no lease. */
struct slice lease_fence(const struct lease *l, struct arena *a);
bool lease_is_lost(const struct lease *l, const struct err *err);
/* Is that because the pooler leads somewhere else now? Then *err says so (after a rollback). */
bool lease_elsewhere(const struct lease *l, struct conn *c, struct err *err);
/* The sentence for a lease that somebody else has. */
bool lease_lost(struct err *err);
bool lease_due(const struct lease *l);
/* On a second connection: false when the lease is lost; a failing connection is no failure. */
bool lease_beat(struct lease *l, struct conn *second);
/* Right before a statement that no fence can go with, on the connection that will run it: is it
 * still ours, for long enough? A process that was suspended for longer than the lease finds out
 * here. */
bool lease_sure(struct lease *l, struct conn *c, struct err *err);
/* The connection is lost: did whoever has the lease now end it? False where the second one cannot
 * tell. */
bool lease_was_taken(struct lease *l, struct conn *second);
void lease_give(struct lease *l, struct conn *c);

#endif
