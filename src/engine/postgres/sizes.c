/* sizes.c - how large the tables are, as the statistics have it; which indexes are ruins; which
 * queries were counted. */
#include "engine/postgres/postgres.h"

#include "queries.h"
#include "sql/quote.h"

static long long number(const struct rows *r, size_t row, size_t col)
{
	unsigned long long n;

	return slice_u64(rows_get(r, row, col), &n) ? (long long)n : -1;
}

bool pg_sizes(struct conn *c, struct arena *a, struct table_size **out, size_t *n, struct err *err)
{
	struct rows r = {0};

	*out = NULL;
	*n = 0;
	if (!conn_query(c, slice_of(query_postgres_sizes), a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct table_size t = {.table = {rows_get(&r, i, 0), rows_get(&r, i, 1)},
			.rows = number(&r, i, 2),
			.bytes = number(&r, i, 3),
			.index_bytes = number(&r, i, 4)};

		/* Never vacuumed nor analyzed: the pages are not counted yet. */
		if (t.bytes == 0 && t.rows != 0)
			t.bytes = t.index_bytes = -1;
		*ARENA_PUSH(a, *out, *n) = t;
	}
	return true;
}

static struct slice statement(struct arena *a, const char *template, struct name index)
{
	struct buf b = {0};
	struct slice out;

	sqlf(&b, DIALECT_POSTGRES, template, index.schema, index.name);
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

bool pg_broken_indexes(
	struct conn *c, struct arena *a, struct broken_index **out, size_t *n, struct err *err)
{
	struct rows r = {0};

	*out = NULL;
	*n = 0;
	if (!conn_query(c, slice_of(query_postgres_broken_indexes), a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct broken_index x = {.index = {rows_get(&r, i, 0), rows_get(&r, i, 1)},
			.table = {rows_get(&r, i, 2), rows_get(&r, i, 3)},
			.leftover = slice_is(rows_get(&r, i, 4), "t")};

		x.drop = statement(a, "DROP INDEX CONCURRENTLY %N", x.index);
		x.rebuild = statement(a, "REINDEX INDEX CONCURRENTLY %N", x.index);
		*ARENA_PUSH(a, *out, *n) = x;
	}
	return true;
}

/* Of pg_stat_statements, in whatever schema the extension is. */
bool pg_recorded(struct conn *c, struct arena *a, struct slice word, struct recorded_query **out,
	size_t *n, struct err *err)
{
	struct rows where = {0}, r = {0};
	struct buf b = {0};
	bool ok;

	*out = NULL;
	*n = 0;
	if (!conn_query(c,
		    SL("SELECT n.nspname FROM pg_catalog.pg_extension e JOIN "
		       "pg_catalog.pg_namespace n"
		       " ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"),
		    a, &where, err))
		return false;
	if (where.nrows == 0)
		return err_set(err, ERR_INPUT, "pg_stat_statements is not there");
	sqlf(&b, DIALECT_POSTGRES,
		"SELECT s.query, pg_catalog.sum(s.calls) FROM %N s WHERE s.dbid = (SELECT oid FROM"
		" pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
		" AND pg_catalog.strpos(pg_catalog.lower(s.query), pg_catalog.lower(%L)) > 0"
		" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 500",
		rows_get(&where, 0, 0), SL("pg_stat_statements"), word);
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	for (size_t i = 0; ok && i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) =
			(struct recorded_query){rows_get(&r, i, 0), number(&r, i, 1)};
	buf_done(&b);
	return ok;
}
