/* budget.c - how long a lock may be waited for, and who is in the way.
 *
 * lock_timeout limits each wait for a lock; it also ends the waits inside CONCURRENTLY builds,
 * which must have none. A role's own statement_timeout would cut a long build in half: ours
 * replaces it. https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT
 */
#include "engine/postgres/postgres.h"

#include "queries.h"
#include "sql/clean.h"
#include "sql/quote.h"
#include "sql/redact.h"

static struct slice limits(struct arena *a, enum dialect d, int wait_ms, bool local)
{
	const char *scope = local ? "LOCAL" : "SESSION";

	(void)d;
	return arena_printf(a,
		"SET %s lock_timeout = %d; SET %s statement_timeout = 0; "
		"SET %s idle_in_transaction_session_timeout = 0",
		scope, wait_ms, scope, scope);
}

static struct slice other_wait(struct arena *a, int wait_ms)
{
	return arena_printf(a, "SET LOCAL lock_timeout = %d", wait_ms);
}

static bool is_lock_failure(const struct err *e)
{
	/* lock_not_available, deadlock_detected, serialization_failure */
	return strcmp(e->sqlstate, "55P03") == 0 || strcmp(e->sqlstate, "40P01") == 0 ||
	       strcmp(e->sqlstate, "40001") == 0;
}

/* LOCK TABLE refuses indexes and sequences; on a view it would lock the tables behind it too. ONLY,
 * for the partitions are locked by the statement itself.
 * https://www.postgresql.org/docs/current/sql-lock.html */
static struct slice rung(struct arena *a, const struct lock *l, enum rung r)
{
	struct buf b = {0};
	struct slice out;

	if (l->type != OBJECT_TABLE || l->object.name.len == 0)
		return SLICE_NONE;
	sqlf(&b, DIALECT_POSTGRES, "LOCK TABLE ONLY %N IN %s MODE%s", l->object.schema,
		l->object.name, r == RUNG_SETTLE ? SL("SHARE UPDATE EXCLUSIVE") : slice_of(l->mode),
		r == RUNG_TRY ? SL(" NOWAIT") : SL(""));
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* A pooler gives out cancel keys of its own. */
static bool is_direct(struct conn *base)
{
	struct pg_conn *c = pg_conn(base);
	struct err ignored = {0};
	struct arena a = {0};
	unsigned long long pid;
	struct rows r = {0};
	bool direct;

	direct = conn_query(base, SL("SELECT pg_catalog.pg_backend_pid()"), &a, &r, &ignored) &&
		 slice_u64(rows_get(&r, 0, 0), &pid) && (int)pid == c->pq.PQbackendPID(c->pg);
	err_done(&ignored);
	arena_done(&a);
	return direct;
}

static bool session(struct conn *c, struct arena *a, struct slice *out, struct err *err)
{
	struct rows r = {0};

	if (!conn_query(c, SL("SELECT pg_catalog.pg_backend_pid()"), a, &r, err))
		return false;
	*out = rows_get(&r, 0, 0);
	return true;
}

static struct slice names_of(const struct lock *locks, size_t n, struct arena *a)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < n; i++) {
		if (locks[i].type != OBJECT_TABLE)
			continue;
		quote_name(&b, DIALECT_POSTGRES, locks[i].object.schema, locks[i].object.name);
		buf_addc(&b, '\n');
	}
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static bool stops_readers(const struct lock *locks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (locks[i].blocks == LOCK_READS_WRITES)
			return true;
	return false;
}

static struct blocker blocker_of(const struct rows *r, size_t row, struct arena *a)
{
	struct slice query = redact_sql(a, DIALECT_POSTGRES, rows_get(r, row, 5));
	struct slice role = rows_get(r, row, 2);

	return (struct blocker){.id = rows_get(r, row, 0),
		.who = role.len ? arena_printf(a, "%.*s, role %.*s", SLICE(rows_get(r, row, 1)),
					  SLICE(role))
				: rows_get(r, row, 1),
		.doing = arena_printf(a, "%.*s for %.*s s", SLICE(rows_get(r, row, 3)),
			SLICE(rows_get(r, row, 4))),
		.query = slice_sub(clean_line(a, query), 0, 120)};
}

static bool blockers(struct conn *watcher, struct slice session_id, const struct lock *locks,
	size_t nlocks, struct arena *a, struct blocker **out, size_t *n, struct err *err)
{
	struct cell params[3] = {{.text = session_id.len ? session_id : SL("0")},
		{.text = names_of(locks, nlocks, a)},
		{.text = stops_readers(locks, nlocks) ? SL("t") : SL("f")}};
	struct rows r = {0};

	if (!conn_query_params(watcher, slice_of(query_postgres_blockers), params, 3, a, &r, err))
		return false;
	*out = NULL;
	*n = 0;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = blocker_of(&r, i, a);
	return true;
}

static bool builder(
	struct conn *c, struct slice table, struct arena *a, struct slice *who, struct err *err)
{
	struct cell param = {.text = table};
	struct rows r = {0};

	if (!conn_query_params(c, slice_of(query_postgres_builders), &param, 1, a, &r, err))
		return false;
	*who = r.nrows == 0 ? SLICE_NONE
			    : arena_printf(a, "%.*s (%.*s)", SLICE(rows_get(&r, 0, 0)),
				      SLICE(clean_line(a, rows_get(&r, 0, 1))));
	return true;
}

static bool behind(
	struct conn *c, struct arena *a, struct slice *who, long long *ms, struct err *err)
{
	unsigned long long n = 0;
	struct rows r = {0};

	if (!conn_query(c, slice_of(query_postgres_standby_lag), a, &r, err))
		return false;
	*ms = 0;
	if (r.nrows == 0 || !slice_u64(rows_get(&r, 0, 1), &n))
		return true;
	*who = rows_get(&r, 0, 0);
	*ms = (long long)n;
	return true;
}

const struct engine_locks pg_locks = {
	.limits = limits,
	.other_wait = other_wait,
	.unlimit = "RESET lock_timeout; RESET statement_timeout; "
		   "RESET idle_in_transaction_session_timeout",
	.newer = "transaction_timeout",
	.newer_since = 170000,
	.least_wait_ms = 1,
	.is_lock_failure = is_lock_failure,
	.rung = rung,
	.is_direct = is_direct,
	.session = session,
	.blockers = blockers,
	.builder = builder,
	.behind = behind,
};
