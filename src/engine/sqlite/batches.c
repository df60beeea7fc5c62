/* batches.c - what the rows of a table are told apart by: the rowid, or the primary key of a table
 * without one. https://sqlite.org/rowidtable.html, https://sqlite.org/withoutrowid.html */
#include "engine/sqlite/sqlite.h"

#include "sql/quote.h"

/* Writers wait for each other's transactions: short ones. */
enum { MOST_MS = 50 };

static bool refuse(struct err *err, struct name t, const char *why)
{
	return err_set(
		err, ERR_INPUT, "\"%.*s\" cannot be changed in batches: %s", SLICE(t.name), why);
}

static bool has_fold(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_ieq(n.at[i], s))
			return true;
	return false;
}

static void add(struct arena *a, struct batch_key *k, struct slice column, struct slice sql)
{
	size_t n = k->columns.n, nread = n, ntype = n;

	*ARENA_PUSH(a, k->sql, n) = sql;
	/* quote() keeps the type: 1 and '1' and x'31' are three keys. */
	*ARENA_PUSH(a, k->read, nread) = arena_printf(a, "quote(%.*s)", SLICE(sql));
	*ARENA_PUSH(a, k->type, ntype) = SLICE_NONE;
	names_add(a, &k->columns, column);
}

enum { NAME, TYPE, PK };

/* A name of the rowid that no column has taken. */
static const char *free_name(const struct rows *columns)
{
	static const char *const words[] = {"rowid", "_rowid_", "oid"};

	for (size_t w = 0; w < 3; w++) {
		bool taken = false;

		for (size_t i = 0; i < columns->nrows; i++)
			taken |= slice_iis(rows_get(columns, i, NAME), words[w]);
		if (!taken)
			return words[w];
	}
	return NULL;
}

static bool is_pk(const struct rows *r, size_t i)
{
	return !slice_is(rows_get(r, i, PK), "0");
}

static bool by_rowid(struct arena *a, const struct rows *columns, struct name t,
	struct names wanted, struct names changed, struct batch_key *out, struct err *err)
{
	struct slice alias = SLICE_NONE;
	const char *name = free_name(columns);
	size_t npk = 0;

	for (size_t i = 0; i < columns->nrows; i++)
		if (is_pk(columns, i)) {
			npk++;
			alias = rows_get(columns, i, NAME);
			if (!slice_iis(rows_get(columns, i, TYPE), "integer"))
				npk = 2;
		}
	if (npk != 1)
		alias = SLICE_NONE;
	if (wanted.n && !(wanted.n == 1 && (slice_iis(wanted.at[0], "rowid") ||
						   (alias.len && slice_ieq(wanted.at[0], alias)))))
		return refuse(err, t, "its rows are walked by their rowid, no other key is needed");
	if (!name)
		return refuse(err, t, "all three names of the rowid are taken by columns");
	if ((alias.len && has_fold(changed, alias)) || has_fold(changed, slice_of(name)))
		return refuse(err, t,
			"the statement changes the rowid: rows would move from batch to batch");
	add(a, out, alias.len ? alias : slice_of(name), slice_of(name));
	out->words = SL("rowid");
	return true;
}

static bool by_primary_key(struct arena *a, const struct rows *columns, struct name t,
	struct names wanted, struct names changed, struct batch_key *out, struct err *err)
{
	for (size_t i = 0; i < columns->nrows; i++) { /* in the order of the key */
		struct slice name = rows_get(columns, i, NAME);
		struct buf b = {0};

		if (!is_pk(columns, i))
			continue;
		if (has_fold(changed, name))
			return refuse(err, t,
				"the statement changes its primary key: rows would move from batch "
				"to batch");
		if (wanted.n && !has_fold(wanted, name))
			return refuse(err, t, "its rows are walked by all of its primary key");
		quote_ident(&b, DIALECT_SQLITE, name);
		add(a, out, name, arena_slice(a, buf_slice(&b)));
		buf_done(&b);
	}
	out->words = SL("primary key");
	return true;
}

static bool key(struct conn *c, struct arena *a, struct name table, struct names wanted,
	struct names changed, struct batch_key *out, struct err *err)
{
	struct cell params[2] = {
		{.text = table.name}, {.text = table.schema.len ? table.schema : SL("main")}};
	struct rows kind = {0}, columns = {0};

	*out = (struct batch_key){.rows = -1, .at = table.name};
	if (!conn_query_params(c,
		    SL("SELECT type, wr FROM pragma_table_list WHERE lower(name) = lower(?1)"
		       " AND lower(schema) = lower(?2)"),
		    params, 2, a, &kind, err) ||
		!conn_query_params(c,
			SL("SELECT name, type, pk FROM pragma_table_info(?1, ?2) ORDER BY pk"),
			params, 2, a, &columns, err))
		return false;
	if (kind.nrows == 0)
		return refuse(err, table, "there is no such table");
	if (!slice_is(rows_get(&kind, 0, 0), "table"))
		return refuse(err, table, "it is not an ordinary table");
	return slice_is(rows_get(&kind, 0, 1), "1")
		       ? by_primary_key(a, &columns, table, wanted, changed, out, err)
		       : by_rowid(a, &columns, table, wanted, changed, out, err);
}

static void literal(struct buf *b, const struct batch_key *k, size_t column, struct slice value)
{
	(void)k;
	(void)column;
	buf_add(b, value);
}

static bool types(struct conn *c, struct arena *a, struct name table, struct names columns,
	struct slice *out, struct err *err)
{
	(void)c;
	(void)a;
	(void)table;
	(void)err;
	for (size_t i = 0; i < columns.n; i++)
		out[i] = SLICE_NONE; /* the column's affinity is applied by the comparison */
	return true;
}

static bool same(struct buf *b, struct slice type, struct slice column, struct slice value)
{
	(void)type;
	buf_printf(b, "%.*s IS %.*s COLLATE BINARY", SLICE(column), SLICE(value));
	return true;
}

const struct engine_batches sqlite_batches = {
	.key = key, .literal = literal, .types = types, .same = same, .most_ms = MOST_MS};
