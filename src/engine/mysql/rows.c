/* rows.c - what is in the tables: fingerprints of rows, and positions of counters. */
#include "engine/mysql/conn.h"

#include "base/digest.h"
#include "sql/quote.h"

#include "queries.h"

/* The value of a column as bytes that say all of it, whatever the session's settings. */
static void add_value(struct buf *b, struct slice column, struct slice type)
{
	const char *template = "CAST(%I AS BINARY)";

	if (slice_is(type, "float"))
		template = "CAST(%I + 0e0 AS BINARY)"; /* float prints six digits only */
	else if (slice_is(type, "bit"))
		template = "CAST(%I + 0 AS BINARY)";
	else if (slice_is(type, "geometry") || slice_is(type, "point") ||
		 slice_is(type, "linestring") || slice_is(type, "polygon") ||
		 slice_starts(type, "multi") || slice_starts(type, "geom"))
		template = "ST_AsWKB(%I)";
	sqlf(b, DIALECT_MYSQL, template, column);
}

/* Each column is hashed alone, so that text cannot move over a column's edge and no row gets larger
 * than a packet may be. */
static void add_row_hash(struct buf *b, const struct rows *columns)
{
	buf_adds(b, "SHA2(CONCAT(''");
	for (size_t i = 0; i < columns->nrows; i++) {
		struct slice name = rows_get(columns, i, 0);

		sqlf(b, DIALECT_MYSQL, ",IF(%I IS NULL,'-',SHA2(", name);
		add_value(b, name, rows_get(columns, i, 1));
		buf_adds(b, ",256))");
	}
	buf_adds(b, "),256)");
}

static bool find_columns(struct conn *c, struct name table, struct names wanted, struct arena *a,
	struct rows *out, struct err *err)
{
	struct cell params[2] = {{table.schema, slice_empty(table.schema)}, {table.name, false}};
	size_t kept = 0;

	if (!conn_query_params(c, slice_of(query_mysql_row_columns), params, 2, a, out, err))
		return false;
	for (size_t i = 0; i < out->nrows; i++) {
		if (wanted.n && !names_has(wanted, rows_get(out, i, 0)))
			continue;
		out->cells[kept * 2] = out->cells[i * 2];
		out->cells[kept * 2 + 1] = out->cells[i * 2 + 1];
		kept++;
	}
	out->nrows = kept;
	if (kept == 0 || (wanted.n && kept != wanted.n))
		return err_set(err, ERR_FAILED,
			"cannot read the rows of %.*s: no such table or column", SLICE(table.name));
	return true;
}

static bool is_empty(struct conn *c, struct name table, struct arena *a, bool *out, struct err *err)
{
	struct rows r;

	if (!my_queryf(c, a, &r, err, "SELECT 1 FROM %N LIMIT 1", table.schema, table.name))
		return false;
	*out = r.nrows == 0;
	return true;
}

/* Sums and exclusive ors of the four quarters of each row's hash do not depend on the order of the
 * rows; the sums keep rows that are there twice from cancelling out. */
bool mysql_rows_fingerprint(struct conn *c, struct name table, struct names columns,
	long long *count, char hash[65], struct err *err)
{
	struct arena a = {0};
	struct buf sql = {0}, all = {0};
	struct rows cols, r;
	unsigned long long n = 0;
	bool ok = false, empty = false;

	*count = 0;
	digest_sha256_hex(SLICE_NONE, hash);
	/* Most tables of a rehearsal are empty, and their columns take longest to find. */
	if (columns.n == 0 && !is_empty(c, table, &a, &empty, err))
		goto out;
	if (empty) {
		ok = true;
		goto out;
	}
	if (!find_columns(c, table, columns, &a, &cols, err))
		goto out;
	buf_adds(&sql, "SELECT COUNT(*)");
	for (int q = 0; q < 4; q++)
		buf_printf(&sql, ",BIT_XOR(q%d),SUM(q%d)", q, q);
	buf_adds(&sql, " FROM (SELECT ");
	for (int q = 0; q < 4; q++)
		buf_printf(&sql, "%sCAST(CONV(SUBSTRING(h,%d,16),16,10) AS UNSIGNED) q%d",
			q ? "," : "", q * 16 + 1, q);
	buf_adds(&sql, " FROM (SELECT ");
	add_row_hash(&sql, &cols);
	sqlf(&sql, c->id.dialect, " h FROM %N) x) y", table.schema, table.name);
	/* TIMESTAMP is shown in the session's time zone. */
	if (!conn_exec(c, SL("SET @belay_tz = @@time_zone, time_zone = '+00:00'"), err))
		goto out;
	ok = conn_query(c, buf_slice(&sql), &a, &r, err);
	ok = conn_exec(c, SL("SET time_zone = @belay_tz, @belay_tz = NULL"),
		     ok ? err : &(struct err){0}) &&
	     ok;
	if (!ok)
		goto out;
	slice_u64(rows_get(&r, 0, 0), &n);
	*count = (long long)n;
	for (size_t i = 0; i < r.ncols; i++) {
		buf_add(&all, rows_null(&r, 0, i) ? SL("-") : rows_get(&r, 0, i));
		buf_addc(&all, ' ');
	}
	digest_sha256_hex(buf_slice(&all), hash);
out:
	buf_done(&sql);
	buf_done(&all);
	arena_done(&a);
	return ok;
}

static bool sequence_positions(struct conn *c, struct arena *a, struct names *out, struct err *err)
{
	struct rows r, v;

	if (c->id.dialect != DIALECT_MARIADB)
		return true;
	if (!conn_query(c,
		    SL("SELECT table_name FROM information_schema.tables WHERE table_schema ="
		       " DATABASE() AND table_type = 'SEQUENCE' ORDER BY table_name"),
		    a, &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		if (!my_queryf(c, a, &v, err, "SELECT next_not_cached_value FROM %I",
			    rows_get(&r, i, 0)))
			return false;
		names_add(a, out,
			arena_printf(a, "%.*s=%.*s", SLICE(rows_get(&r, i, 0)),
				SLICE(rows_get(&v, 0, 0))));
	}
	return true;
}

/* MySQL 8 answers from a cache that is a day old unless told otherwise. */
bool my_fresh_statistics(struct conn *c, struct err *err)
{
	return c->id.dialect != DIALECT_MYSQL || c->id.version < 80000 ||
	       conn_exec(c, SL("SET SESSION information_schema_stats_expiry = 0"), err);
}

bool mysql_positions(struct conn *c, struct arena *a, struct names *out, struct err *err)
{
	bool mysql = c->id.dialect == DIALECT_MYSQL;
	struct rows r;

	if (!my_fresh_statistics(c, err))
		return false;
	*out = (struct names){0};
	if (!conn_query(c, slice_of(mysql ? query_mysql_positions_mysql : query_mysql_positions), a,
		    &r, err))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		names_add(a, out,
			arena_printf(a, "%.*s=%.*s", SLICE(rows_get(&r, i, 0)),
				SLICE(rows_get(&r, i, 1))));
	return sequence_positions(c, a, out, err);
}
