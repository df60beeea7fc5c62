/* sizes.c - how large the tables are: the highest rowid is found without reading the table, and is
 * at least the number of rows where no id is negative. A table without one is counted by
 * sqlite_stat1, where ANALYZE has been run. */
#include "engine/sqlite/sqlite.h"

#include "sql/quote.h"

static long long number(struct slice s)
{
	unsigned long long n;
	size_t end = 0;

	while (end < s.len && s.at[end] >= '0' && s.at[end] <= '9')
		end++;
	return slice_u64(slice_sub(s, 0, end), &n) ? (long long)n : -1;
}

static long long ask(struct conn *c, struct arena *a, const char *template, struct slice table)
{
	struct err ignored = {0};
	struct buf b = {0};
	struct rows r = {0};
	long long n = -1;

	sqlf(&b, DIALECT_SQLITE, template, table);
	if (conn_query(c, buf_slice(&b), a, &r, &ignored) && r.nrows)
		n = rows_null(&r, 0, 0) ? 0 : number(rows_get(&r, 0, 0));
	err_done(&ignored);
	buf_done(&b);
	return n;
}

bool sqlite_sizes(
	struct conn *c, struct arena *a, struct table_size **out, size_t *n, struct err *err)
{
	struct rows r = {0};

	*out = NULL;
	*n = 0;
	if (!conn_query(c,
		    SL("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
		       "'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'create virtual %' ORDER BY 1"),
		    a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct table_size t = {
			.table = {SL("main"), rows_get(&r, i, 0)}, .bytes = -1, .index_bytes = -1};

		t.rows = ask(c, a, "SELECT max(_rowid_) FROM %I", t.table.name);
		if (t.rows < 0)
			t.rows = ask(
				c, a, "SELECT stat FROM sqlite_stat1 WHERE tbl = %L", t.table.name);
		*ARENA_PUSH(a, *out, *n) = t;
	}
	return true;
}
