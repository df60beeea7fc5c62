/* sizes.c - how large the tables are, as the statistics have it. */
#include "engine/mysql/mysql.h"

#include "queries.h"

static long long number(const struct rows *r, size_t row, size_t col)
{
	unsigned long long n;

	return slice_u64(rows_get(r, row, col), &n) ? (long long)n : -1;
}

bool mysql_sizes(
	struct conn *c, struct arena *a, struct table_size **out, size_t *n, struct err *err)
{
	struct rows r = {0};

	*out = NULL;
	*n = 0;
	if (!my_fresh_statistics(c, err) || !conn_query(c, slice_of(query_mysql_sizes), a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		*ARENA_PUSH(a, *out, *n) =
			(struct table_size){.table = {c->id.database, rows_get(&r, i, 0)},
				.rows = number(&r, i, 1),
				.bytes = number(&r, i, 2),
				.index_bytes = number(&r, i, 3)};
	return true;
}
