/* fingerprint.c - a table's rows as one number that does not depend on their order.
 *
 * Each row becomes a SHA-256 over its values, each with its type and length; the rows' digests are
 * added up as four 64-bit numbers, and the sums are digested with the count. */
#include "engine/sqlite/conn.h"

#include "base/buf.h"
#include "base/digest.h"
#include "sql/quote.h"

struct sums {
	unsigned long long lane[4];
	long long rows;
};

static void add_value(struct digest_sha256 *d, sqlite3_stmt *stmt, int i)
{
	int type = sqlite3_column_type(stmt, i);
	const void *at = type == SQLITE_BLOB ? sqlite3_column_blob(stmt, i)
					     : (const void *)sqlite3_column_text(stmt, i);
	size_t n = (size_t)sqlite3_column_bytes(stmt, i);
	char head[32];

	/* A real prints 15 digits and may differ in more: take its bits. */
	if (type == SQLITE_FLOAT) {
		double value = sqlite3_column_double(stmt, i);

		digest_sha256_add(d, SL("f"));
		digest_sha256_add(d, slice_n((const char *)&value, sizeof value));
		return;
	}
	snprintf(head, sizeof head, "%d:%zu:", type, at ? n : 0);
	digest_sha256_add(d, slice_of(head));
	if (at)
		digest_sha256_add(d, slice_n(at, n));
}

static void add_row(struct sums *s, sqlite3_stmt *stmt)
{
	struct digest_sha256 d;
	unsigned char out[DIGEST_SHA256_BYTES];
	unsigned long long lane[4];
	int n = sqlite3_column_count(stmt);

	digest_sha256_init(&d);
	for (int i = 0; i < n; i++)
		add_value(&d, stmt, i);
	digest_sha256_done(&d, out);
	memcpy(lane, out, sizeof lane);
	for (size_t i = 0; i < 4; i++)
		s->lane[i] += lane[i];
	s->rows++;
}

/* SELECT "a", "b" FROM "main"."t": the columns given, or all of them by name. */
static bool select_text(
	struct conn *c, struct name table, struct names columns, struct buf *sql, struct err *err)
{
	struct arena a = {0};
	struct cell params[2] = {
		{.text = table.name}, {.text = table.schema.len ? table.schema : SL("main")}};
	struct rows r;
	bool ok = true;

	buf_adds(sql, "SELECT ");
	if (columns.n == 0) {
		ok = conn_query_params(c,
			SL("SELECT name FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1 "
			   "ORDER BY name"),
			params, 2, &a, &r, err);
		for (size_t i = 0; ok && i < r.nrows; i++)
			names_add(&a, &columns, rows_get(&r, i, 0));
	}
	if (ok && columns.n == 0)
		ok = err_set(err, ERR_FAILED, "there is no table \"%.*s\"", SLICE(table.name));
	for (size_t i = 0; ok && i < columns.n; i++)
		sqlf(sql, DIALECT_SQLITE, i ? ", %I" : "%I", columns.at[i]);
	sqlf(sql, DIALECT_SQLITE, " FROM %N", params[1].text, table.name);
	arena_done(&a);
	return ok;
}

static void finish(const struct sums *s, char hash[65])
{
	struct digest_sha256 d;
	char count[32];

	snprintf(count, sizeof count, "%lld:", s->rows);
	digest_sha256_init(&d);
	digest_sha256_add(&d, slice_of(count));
	digest_sha256_add(&d, slice_n((const char *)s->lane, sizeof s->lane));
	digest_sha256_done_hex(&d, hash);
}

bool sqlite_rows_fingerprint(struct conn *c, struct name table, struct names columns,
	long long *count, char hash[65], struct err *err)
{
	sqlite3 *db = sqlite_handle(c);
	sqlite3_stmt *stmt = NULL;
	struct buf sql = {0};
	struct sums s = {0};
	int rc;

	if (!select_text(c, table, columns, &sql, err)) {
		buf_done(&sql);
		return false;
	}
	rc = sqlite3_prepare_v2(db, buf_cstr(&sql), -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
			add_row(&s, stmt);
	sqlite3_finalize(stmt);
	buf_done(&sql);
	if (rc != SQLITE_DONE)
		return !sqlite_error(c, rc, err) &&
		       err_context(err, "reading the rows of \"%.*s\"", SLICE(table.name));
	*count = s.rows;
	finish(&s, hash);
	return true;
}
