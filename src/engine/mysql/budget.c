/* budget.c - how long a lock may be waited for, and who may be in the way.
 *
 * A statement that waits for a table's metadata lock makes everybody queue behind it, for a whole
 * second at least: lock_wait_timeout counts seconds. MariaDB takes 0, which refuses at once.
 * https://mariadb.com/kb/en/wait-and-nowait/
 * https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_lock_wait_timeout */
#include "engine/mysql/mysql.h"

#include "queries.h"
#include "sql/clean.h"
#include "sql/redact.h"

/* Rows that somebody else has changed stop that row only. */
enum { ROW_WAIT_S = 5 };

static struct slice limits(struct arena *a, enum dialect d, int wait_ms, bool local)
{
	int seconds = wait_ms / 1000;

	(void)local; /* there are only sessions */
	if (d == DIALECT_MYSQL && seconds == 0)
		seconds = 1;
	return arena_printf(a,
		"SET SESSION lock_wait_timeout = %d, SESSION innodb_lock_wait_timeout = %d",
		seconds, ROW_WAIT_S);
}

static bool is_lock_failure(const struct err *e)
{
	return e->native == 1205 || e->native == 1213;
}

static bool session(struct conn *c, struct arena *a, struct slice *out, struct err *err)
{
	struct rows r = {0};

	if (!conn_query(c, SL("SELECT CONNECTION_ID()"), a, &r, err))
		return false;
	*out = rows_get(&r, 0, 0);
	return true;
}

static bool blockers(struct conn *watcher, struct slice session_id, const struct lock *locks,
	size_t nlocks, struct arena *a, struct blocker **out, size_t *n, struct err *err)
{
	struct cell param = {.text = session_id.len ? session_id : SL("0")};
	struct rows r = {0};

	(void)locks;
	(void)nlocks;
	if (!conn_query_params(watcher, slice_of(query_mysql_blockers), &param, 1, a, &r, err))
		return false;
	*out = NULL;
	*n = 0;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) = (struct blocker){.id = rows_get(&r, i, 0),
			.who = arena_printf(a, "%.*s from %.*s", SLICE(rows_get(&r, i, 1)),
				SLICE(rows_get(&r, i, 2))),
			.doing = arena_printf(a, "%.*s for %.*s s", SLICE(rows_get(&r, i, 3)),
				SLICE(rows_get(&r, i, 4))),
			.query = slice_sub(clean_line(a, redact_sql(a, watcher->id.dialect,
								 rows_get(&r, i, 5))),
				0, 120)};
	return true;
}

const struct engine_locks mysql_locks = {
	.limits = limits,
	.unlimit = "SET SESSION lock_wait_timeout = @@GLOBAL.lock_wait_timeout, "
		   "SESSION innodb_lock_wait_timeout = @@GLOBAL.innodb_lock_wait_timeout",
	.least_wait_ms = 1000,
	.is_lock_failure = is_lock_failure,
	.session = session,
	.blockers = blockers,
};
