/* rows.c - fingerprints of rows, and where sequences stand.
 *
 * The server adds up two 64-bit hashes of each row's text, columns by name: the order of rows and
 * of columns does not matter, how often a row is there does. Settings that change how values are
 * printed are fixed for the time of the query. */
#include "engine/postgres/postgres.h"

#include "base/digest.h"
#include "sql/quote.h"

#include <stdio.h>

/* ---- A query with fixed settings, inside or outside a transaction ---- */
static const char settings_sql[] =
	"SET LOCAL datestyle = 'ISO, MDY'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL"
	" extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL timezone = 'UTC';"
	" SET LOCAL xmlbinary = base64; SET LOCAL search_path = ''; SET LOCAL lc_monetary = 'C';";

static bool begin(struct conn *c, bool in_tx, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, in_tx ? "SAVEPOINT belay_rows;" : "BEGIN READ ONLY;");
	buf_adds(&b, settings_sql);
	ok = conn_exec(c, buf_slice(&b), err);
	buf_done(&b);
	return ok;
}

static bool end(struct conn *c, bool in_tx, bool ok, struct err *err)
{
	struct err second = {0};
	struct slice sql = in_tx ? SL("ROLLBACK TO SAVEPOINT belay_rows; RELEASE SAVEPOINT"
				      " belay_rows")
				 : SL("ROLLBACK");

	if (!conn_exec(c, sql, &second))
		ok = false;
	if (err_is(&second))
		err_move(err, &second);
	return ok;
}

/* ---- Fingerprints ---- */
static bool columns_of(struct conn *c, struct name table, struct arena *a, struct names *out,
	bool *partitioned, struct err *err)
{
	struct buf b = {0};
	struct cell param;
	struct rows r;
	bool ok;

	quote_name(&b, DIALECT_POSTGRES, table.schema, table.name);
	param = (struct cell){arena_slice(a, buf_slice(&b)), false};
	buf_done(&b);
	ok = conn_query_params(c,
		SL("SELECT a.attname, c.relkind FROM pg_catalog.pg_attribute a"
		   " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
		   " WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0"
		   " AND NOT a.attisdropped ORDER BY a.attname COLLATE \"C\""),
		&param, 1, a, &r, err);
	if (!ok)
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		names_add(a, out, rows_get(&r, i, 0));
	*partitioned = r.nrows > 0 && slice_is(rows_get(&r, 0, 1), "p");
	return true;
}

static bool sum_rows(struct conn *c, struct name table, struct names columns, bool partitioned,
	struct arena *a, struct rows *out, struct err *err)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "SELECT pg_catalog.count(*), COALESCE(pg_catalog.sum(pg_catalog."
		     "hashtextextended(t.x, 0)), 0), COALESCE(pg_catalog.sum(pg_catalog."
		     "hashtextextended(t.x, 7919)), 0) FROM (SELECT ROW(");
	for (size_t i = 0; i < columns.n; i++)
		sqlf(&b, DIALECT_POSTGRES, i ? ", s.%I" : "s.%I", columns.at[i]);
	buf_adds(&b, ")::pg_catalog.text COLLATE \"C\" AS x FROM ");
	sqlf(&b, DIALECT_POSTGRES, partitioned ? "%N s) t" : "ONLY %N s) t", table.schema,
		table.name);
	ok = conn_query(c, buf_slice(&b), a, out, err);
	buf_done(&b);
	return ok;
}

bool pg_rows_fingerprint(struct conn *c, struct name table, struct names columns, long long *count,
	char hash[65], struct err *err)
{
	bool in_tx = c->ops->in_transaction(c), partitioned = false, ok;
	struct names all = {0};
	struct arena a = {0};
	unsigned long long n = 0;
	struct rows r = {0};

	ok = begin(c, in_tx, err);
	if (!ok)
		return err_context(err, "reading the rows of %.*s", SLICE(table.name));
	ok = columns_of(c, table, &a, &all, &partitioned, err) &&
	     sum_rows(c, table, columns.n ? columns : all, partitioned, &a, &r, err);
	if (ok) {
		struct slice sums = arena_printf(&a, "%.*s %.*s %.*s", SLICE(rows_get(&r, 0, 0)),
			SLICE(rows_get(&r, 0, 1)), SLICE(rows_get(&r, 0, 2)));

		slice_u64(rows_get(&r, 0, 0), &n);
		*count = (long long)n;
		digest_sha256_hex(sums, hash);
	}
	ok = end(c, in_tx, ok, err);
	arena_done(&a);
	return ok ? true : err_context(err, "reading the rows of %.*s", SLICE(table.name));
}

/* ---- Positions ---- */
#define SEQUENCES_AT_ONCE 200

static bool some_positions(struct conn *c, const struct rows *seqs, size_t from, size_t to,
	struct arena *a, struct names *out, struct err *err)
{
	struct buf b = {0};
	struct rows r;
	bool ok;

	for (size_t i = from; i < to; i++)
		sqlf(&b, DIALECT_POSTGRES,
			i > from ? " UNION ALL SELECT %d, last_value, is_called FROM %N"
				 : "SELECT %d AS i, last_value, is_called FROM %N",
			(int)i, rows_get(seqs, i, 0), rows_get(seqs, i, 1));
	buf_adds(&b, " ORDER BY 1");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	buf_done(&b);
	for (size_t i = 0; ok && i < r.nrows; i++)
		names_add(a, out,
			arena_printf(a, "%.*s.%.*s=%.*s%s", SLICE(rows_get(seqs, from + i, 0)),
				SLICE(rows_get(seqs, from + i, 1)), SLICE(rows_get(&r, i, 1)),
				slice_is(rows_get(&r, i, 2), "t") ? "" : " unused"));
	return ok;
}

bool pg_positions(struct conn *c, struct arena *a, struct names *out, struct err *err)
{
	struct rows seqs;
	bool ok;

	*out = (struct names){0};
	ok = conn_query(c,
		SL("SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
		   " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
		   " WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'"
		   " AND n.nspname NOT IN ('information_schema', 'belay', 'belay_archive')"
		   " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.deptype = 'e'"
		   " AND e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid)"
		   " ORDER BY (n.nspname || '.' || c.relname) COLLATE \"C\""),
		a, &seqs, err);
	for (size_t i = 0; ok && i < seqs.nrows; i += SEQUENCES_AT_ONCE) {
		size_t to = i + SEQUENCES_AT_ONCE < seqs.nrows ? i + SEQUENCES_AT_ONCE : seqs.nrows;

		ok = some_positions(c, &seqs, i, to, a, out, err);
	}
	return ok ? true : err_context(err, "reading the positions of sequences");
}
