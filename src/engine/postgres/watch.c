/* watch.c - what goes on in the server: who waits for whom, what reports progress, who replays. */
#include "engine/postgres/postgres.h"

#include "queries.h"
#include "sql/clean.h"
#include "sql/redact.h"

static long long number(const struct rows *r, size_t row, size_t col, long long none)
{
	struct slice text = rows_get(r, row, col);
	bool minus = slice_starts(text, "-");
	unsigned long long n;

	if (rows_null(r, row, col) || !slice_u64(minus ? slice_from(text, 1) : text, &n))
		return none;
	return minus ? 0 : (long long)n;
}

static void add_session(struct sight *out, const struct rows *r, size_t row, struct arena *a)
{
	struct slice rest = rows_get(r, row, 7), id, role = rows_get(r, row, 2);
	struct seen_session s = {.id = rows_get(r, row, 0),
		.who = rows_get(r, row, 1),
		.state = rows_get(r, row, 3),
		.open_ms = number(r, row, 4, 0),
		.waits_ms = number(r, row, 5, -1),
		.waits_for = rows_get(r, row, 6),
		.query = clean_line(a, redact_sql(a, DIALECT_POSTGRES, rows_get(r, row, 8)))};

	if (role.len)
		s.who = arena_printf(a, "%.*s, role %.*s", SLICE(s.who), SLICE(role));
	while (slice_next(&rest, ' ', &id))
		if (id.len)
			names_add(a, &s.behind, id);
	*ARENA_PUSH(a, out->sessions, out->nsessions) = s;
}

static bool look(struct conn *c, struct arena *a, struct sight *out, struct err *err)
{
	struct rows sessions = {0}, work = {0}, standbys = {0};

	*out = (struct sight){0};
	if (!conn_query(c, slice_of(query_postgres_watch_sessions), a, &sessions, err) ||
		!conn_query(c, slice_of(query_postgres_watch_work), a, &work, err) ||
		!conn_query(c, slice_of(query_postgres_watch_standbys), a, &standbys, err))
		return false;
	for (size_t i = 0; i < sessions.nrows; i++)
		add_session(out, &sessions, i, a);
	for (size_t i = 0; i < work.nrows; i++)
		*ARENA_PUSH(a, out->work, out->nwork) =
			(struct seen_work){.id = rows_get(&work, i, 0),
				.what = rows_get(&work, i, 1),
				.phase = rows_get(&work, i, 2),
				.done = number(&work, i, 3, 0),
				.total = number(&work, i, 4, 0),
				.unit = rows_get(&work, i, 5)};
	for (size_t i = 0; i < standbys.nrows; i++)
		*ARENA_PUSH(a, out->standbys, out->nstandbys) =
			(struct seen_standby){.name = rows_get(&standbys, i, 0),
				.state = rows_get(&standbys, i, 1),
				.bytes = number(&standbys, i, 2, -1),
				.ms = number(&standbys, i, 3, -1)};
	return true;
}

static bool end(struct conn *c, struct slice id, bool terminate, bool *sent, struct err *err)
{
	struct cell param = {.text = id};
	struct arena a = {0};
	struct rows r = {0};
	bool ok;

	ok = conn_query_params(c,
		terminate ? SL("SELECT pg_catalog.pg_terminate_backend(pid) FROM"
			       " pg_catalog.pg_stat_activity WHERE pid = $1::int")
			  : SL("SELECT pg_catalog.pg_cancel_backend(pid) FROM"
			       " pg_catalog.pg_stat_activity WHERE pid = $1::int"),
		&param, 1, &a, &r, err);
	*sent = ok && r.nrows && slice_is(rows_get(&r, 0, 0), "t");
	arena_done(&a);
	return ok;
}

const struct engine_watch pg_watch = {.look = look, .end = end};
