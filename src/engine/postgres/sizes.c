/* sizes.c - how large the tables are, as the statistics have it. */
#include "engine/postgres/postgres.h"

#include "queries.h"

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
