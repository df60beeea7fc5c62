/* batches.c - what the rows of a table are told apart by, and what else the server has to do.
 *
 * Keys whose order is not that of the comparison with a literal are left out: ENUM and SET (sorted
 * by number, compared as text), floating point, TIMESTAMP (as text it depends on the session's time
 * zone). https://mariadb.com/kb/en/enum/ */
#include "engine/mysql/mysql.h"

#include "queries.h"
#include "sql/quote.h"

#include <stdint.h>

enum { TABLE_TYPE, TRANSACTIONS, TABLE_ROWS, INDEX, COLUMN, DATA_TYPE, IS_UNFIT };

static long long number(const struct rows *r, size_t row, size_t col)
{
	unsigned long long n = 0;

	return !rows_null(r, row, col) && slice_u64(rows_get(r, row, col), &n) ? (long long)n : -1;
}

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

static bool is_binary(struct slice type)
{
	return slice_iis(type, "binary") || slice_iis(type, "varbinary");
}

static bool is_number(struct slice type)
{
	return slice_ends(type, "int") || slice_iis(type, "decimal") || slice_iis(type, "year");
}

static void add_column(struct arena *a, struct batch_key *k, struct slice name, struct slice type)
{
	size_t n = k->columns.n, nread = n, ntype = n;
	struct buf b = {0};

	quote_ident(&b, DIALECT_MARIADB, name);
	*ARENA_PUSH(a, k->sql, n) = arena_slice(a, buf_slice(&b));
	*ARENA_PUSH(a, k->read, nread) =
		is_binary(type) ? arena_printf(a, "hex(%s)", buf_cstr(&b)) : k->sql[n - 1];
	*ARENA_PUSH(a, k->type, ntype) = type;
	names_add(a, &k->columns, name);
	buf_done(&b);
}

static bool fits(const struct rows *r, size_t from, size_t to, struct names wanted,
	struct names changed, bool *is_changed)
{
	for (size_t i = from; i < to; i++)
		if (rows_null(r, i, COLUMN) || slice_is(rows_get(r, i, IS_UNFIT), "1"))
			return false;
	for (size_t i = from; i < to; i++) {
		if (wanted.n && !has_fold(wanted, rows_get(r, i, COLUMN)))
			return false;
		if (has_fold(changed, rows_get(r, i, COLUMN))) {
			*is_changed = true;
			return false;
		}
	}
	return !wanted.n || wanted.n == to - from;
}

static bool choose(const struct rows *r, struct arena *a, struct names wanted, struct names changed,
	struct batch_key *out, bool *is_changed)
{
	size_t to;

	for (size_t from = 0; from < r->nrows; from = to) {
		to = from + 1;
		while (to < r->nrows && slice_eq(rows_get(r, to, INDEX), rows_get(r, from, INDEX)))
			to++;
		if (rows_null(r, from, INDEX) || !fits(r, from, to, wanted, changed, is_changed))
			continue;
		for (size_t i = from; i < to; i++)
			add_column(a, out, rows_get(r, i, COLUMN), rows_get(r, i, DATA_TYPE));
		out->words = arena_printf(a, "key %.*s", SLICE(rows_get(r, from, INDEX)));
		return true;
	}
	return false;
}

static bool key(struct conn *c, struct arena *a, struct name table, struct names wanted,
	struct names changed, struct batch_key *out, struct err *err)
{
	const struct cell s = {.text = table.schema}, t = {.text = table.name};
	const struct cell params[] = {s, t, s, t, s, t};
	struct rows r = {0};
	bool is_changed = false;

	*out = (struct batch_key){.rows = -1, .at = table.name};
	if (!conn_query_params(c, slice_of(query_mysql_batch_key), params,
		    sizeof params / sizeof *params, a, &r, err))
		return false;
	if (r.nrows == 0)
		return refuse(err, table, "there is no such table");
	if (!slice_is(rows_get(&r, 0, TABLE_TYPE), "BASE TABLE"))
		return refuse(err, table, "it is not an ordinary table");
	if (!slice_iis(rows_get(&r, 0, TRANSACTIONS), "yes"))
		return refuse(err, table, "its storage engine knows no transactions");
	out->rows = number(&r, 0, TABLE_ROWS);
	if (choose(&r, a, wanted, changed, out, &is_changed))
		return true;
	return refuse(err, table,
		wanted.n ? "no unique index consists of exactly the columns asked for, all NOT "
			   "NULL, and none changed by the statement"
		: is_changed
			? "the statement changes its key: rows would move from batch to batch"
			: "it has no unique key of NOT NULL columns of numbers, text, dates or "
			  "binary");
}

static bool only_digits(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("0123456789.-", s.at[i]) || !s.at[i] || (i && s.at[i] == '-'))
			return false;
	return s.len > 0;
}

static void literal(struct buf *b, const struct batch_key *k, size_t column, struct slice value)
{
	struct slice type = k->type[column];

	if (is_binary(type)) {
		buf_adds(b, "x");
		quote_literal(b, DIALECT_MARIADB, value);
	} else if (is_number(type) && only_digits(value)) {
		/* As it is: a text would be compared as floating point. */
		buf_add(b, value);
	} else {
		quote_literal(b, DIALECT_MARIADB, value);
	}
}

/* Counters of the whole server, by their names. */
static bool read_counters(struct conn *c, struct batch_pressure *out, struct err *err)
{
	const struct {
		const char *name;
		long long *into;
	} counters[] = {{"handler_commit", &out->commits}, {"innodb_os_log_written", &out->written},
		{"innodb_history_list_length", &out->history},
		{"trx_rseg_history_len", &out->history}};
	struct arena a = {0};
	struct rows r = {0};
	bool ok = conn_query(c,
		slice_of(c->id.dialect == DIALECT_MARIADB ? query_mysql_counters_mariadb
							  : query_mysql_counters_mysql),
		&a, &r, err);

	for (size_t i = 0; ok && i < r.nrows; i++)
		for (size_t k = 0; k < sizeof counters / sizeof *counters; k++)
			if (slice_iis(rows_get(&r, i, 0), counters[k].name))
				*counters[k].into = number(&r, i, 1);
	arena_done(&a);
	/* Not everybody may see them: then they are not known. */
	if (!ok && c->ops->alive(c) && err->code != ERR_INTERRUPTED) {
		err_done(err);
		*err = (struct err){0};
		return true;
	}
	return ok;
}

static bool pressure(struct conn *watcher, struct slice session, const struct batch_key *k,
	struct batch_pressure *out, struct err *err)
{
	struct cell param = {.text = session.len ? session : SL("0")};
	struct arena a = {0};
	struct rows r = {0};
	bool ok = conn_query_params(
		watcher, slice_of(query_mysql_batch_pressure), &param, 1, &a, &r, err);

	(void)k;
	if (ok)
		*out = (struct batch_pressure){.active = number(&r, 0, 0),
			.waiters = number(&r, 0, 1),
			.commits = -1,
			.written = -1,
			.updated = -1,
			.beside = -1,
			.history = -1,
			.snapshot_ms = -1};
	ok = ok && read_counters(watcher, out, err);
	arena_done(&a);
	return ok;
}

/* Seconds are all it tells. NULL: it does not follow, or not at this moment.
 * https://mariadb.com/kb/en/show-all-slaves-status/
 * https://dev.mysql.com/doc/refman/8.4/en/show-replica-status.html */
static bool behind(struct conn *replica, long long *ms, struct err *err)
{
	bool maria = replica->id.dialect == DIALECT_MARIADB;
	struct slice sql = maria                          ? SL("SHOW ALL SLAVES STATUS")
			   : replica->id.version >= 80022 ? SL("SHOW REPLICA STATUS")
							  : SL("SHOW SLAVE STATUS");
	struct arena a = {0};
	struct rows r = {0};
	bool ok = conn_query(replica, sql, &a, &r, err);

	*ms = -1;
	for (size_t row = 0; ok && row < r.nrows; row++)
		for (size_t col = 0; col < r.ncols; col++) {
			long long seconds = number(&r, row, col);

			if (!slice_is(r.names[col], "Seconds_Behind_Master") &&
				!slice_is(r.names[col], "Seconds_Behind_Source"))
				continue;
			if (seconds < 0) {
				*ms = -1;
				arena_done(&a);
				return true;
			}
			if (seconds * 1000 > *ms)
				*ms = seconds * 1000;
		}
	arena_done(&a);
	return ok;
}

static bool types(struct conn *c, struct arena *a, struct name table, struct names columns,
	struct slice *out, struct err *err)
{
	struct cell params[2] = {{.text = table.name}, {.text = table.schema}};
	struct rows r = {0};
	bool ok = conn_query_params(c,
		SL("SELECT column_name, column_type FROM information_schema.columns WHERE"
		   " table_name = ? AND table_schema = coalesce(nullif(?, ''), database())"),
		params, 2, a, &r, err);

	for (size_t i = 0; ok && i < columns.n; i++) {
		out[i] = SLICE_NONE;
		for (size_t k = 0; k < r.nrows; k++)
			if (slice_ieq(rows_get(&r, k, 0), columns.at[i]))
				out[i] = rows_get(&r, k, 1);
	}
	return ok;
}

/* How a type is written in CAST; collations would take A for a, and 'a ' for 'a'. */
static bool same(struct buf *b, struct slice type, struct slice column, struct slice value)
{
	bool is_unsigned = slice_ifind(type, SL("unsigned")) != SIZE_MAX;
	struct slice rest = type, word = SLICE_NONE, name = SLICE_NONE;

	slice_next(&rest, '(', &word);
	slice_next(&word, ' ', &name);
	if (slice_ends(name, "int"))
		buf_printf(b, "%.*s <=> CAST(%.*s AS %s)", SLICE(column), SLICE(value),
			is_unsigned ? "UNSIGNED" : "SIGNED");
	else if (slice_iis(name, "decimal") || slice_iis(name, "datetime") ||
		 slice_iis(name, "date") || slice_iis(name, "time"))
		buf_printf(b, "%.*s <=> CAST(%.*s AS %.*s)", SLICE(column), SLICE(value),
			SLICE(is_unsigned ? slice_sub(type, 0, slice_ifind(type, SL(" unsigned")))
					  : type));
	else if (slice_iis(name, "float") || slice_iis(name, "double"))
		buf_printf(b, "%.*s <=> CAST(%.*s AS %s)", SLICE(column), SLICE(value),
			slice_iis(name, "float") ? "FLOAT" : "DOUBLE");
	else if (slice_iis(name, "char"))
		buf_printf(b,
			"CAST(RTRIM(CONVERT(%.*s USING utf8mb4)) AS BINARY) <=> "
			"CAST(RTRIM(CONVERT(%.*s USING utf8mb4)) AS BINARY)",
			SLICE(column), SLICE(value));
	else if (slice_iis(name, "varchar") || slice_ends(name, "text"))
		buf_printf(b,
			"CAST(CONVERT(%.*s USING utf8mb4) AS BINARY) <=> "
			"CAST(CONVERT(%.*s USING utf8mb4) AS BINARY)",
			SLICE(column), SLICE(value));
	else if (slice_iis(name, "varbinary") || slice_ends(name, "blob"))
		buf_printf(b, "%.*s <=> CAST(%.*s AS BINARY)", SLICE(column), SLICE(value));
	else
		return false;
	return true;
}

const struct engine_batches mysql_batches = {
	.types = types,
	.same = same,
	.key = key,
	.literal = literal,
	.pressure = pressure,
	.behind = behind,
	.no_row_ranges = true,
};
