/* sizes.c - how large the tables are, as the statistics have it; and which indexes are ruins. */
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
