/* watch.c - what goes on in the server: who has a transaction open, who waits. Whom a session waits
 * for is not said: MariaDB shows metadata locks only with a plugin that few have loaded. */
#include "engine/mysql/mysql.h"

#include "queries.h"
#include "sql/clean.h"
#include "sql/redact.h"

static long long number(const struct rows *r, size_t row, size_t col, long long none)
{
	unsigned long long n;

	return rows_null(r, row, col) || !slice_u64(rows_get(r, row, col), &n) ? none
									       : (long long)n;
}

static bool look(struct conn *c, struct arena *a, struct sight *out, struct err *err)
{
	struct rows r = {0};

	*out = (struct sight){0};
	if (!conn_query(c, slice_of(query_mysql_watch_sessions), a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, out->sessions, out->nsessions) = (struct seen_session){
			.id = rows_get(&r, i, 0),
			.who = rows_get(&r, i, 1),
			.state = rows_get(&r, i, 3),
			.open_ms = number(&r, i, 4, 0),
			.waits_ms = number(&r, i, 5, -1),
			.waits_for = rows_get(&r, i, 6),
			.query = clean_line(a, redact_sql(a, c->id.dialect, rows_get(&r, i, 8)))};
	return true;
}

static bool end(struct conn *c, struct slice id, bool terminate, bool *sent, struct err *err)
{
	unsigned long long n;

	*sent = false;
	if (!slice_u64(id, &n) || n > 1ull << 62)
		return true;
	if (conn_execf(
		    c, err, terminate ? "KILL CONNECTION %lld" : "KILL QUERY %lld", (long long)n)) {
		*sent = true;
		return true;
	}
	if (err->native != 1094) /* no such thread */
		return false;
	err_done(err);
	*err = (struct err){0};
	return true;
}

const struct engine_watch mysql_watch = {.look = look, .end = end};
