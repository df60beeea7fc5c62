/* grow.c - what a statement in batches changes is kept batch by batch, in the batch's own
 * transaction.
 *
 * A range's rows are copied as they are at that moment, and stay so until they are changed: on
 * PostgreSQL they are locked, and no more may be changed than were copied; on MySQL and MariaDB
 * REPEATABLE READ locks what is read, and the gaps; SQLite has one writer. Copy, change and cursor
 * commit together. A row that is met again (in a second walk) is kept as it was then. Only where
 * the rows have a key, and no foreign key takes others along: otherwise all is kept before the
 * first batch (archive.c). */
#include "run/archive_internal.h"
#include "run/batch_internal.h"

#include "sql/quote.h"

static bool has_key(const struct archive *r)
{
	for (size_t i = 0; i < r->source.key.n; i++)
		if (!names_has(r->columns, r->source.key.at[i]))
			return false;
	return r->source.key.n > 0 && !r->source.loose;
}

bool archive_may_grow(const struct archiver *k, const struct step *s)
{
	const struct archive *r = k->at;

	return s->batched && k->n == 1 && r->step == s && !r->by_row && !r->companion &&
	       (r->kind == ARCHIVE_ROWS || r->kind == ARCHIVE_VALUES) &&
	       !slice_is(r->relation, "PARTITION") && has_key(r);
}

static void list(struct buf *b, enum dialect d, struct names v)
{
	for (size_t i = 0; i < v.n; i++)
		sqlf(b, d, i ? ", %I" : "%I", v.at[i]);
}

bool archive_grow(struct archiver *k, struct archive *r, struct err *err)
{
	enum dialect d = k->conn->id.dialect;
	struct buf b = {0};
	bool ok;

	sqlf(&b, d, "ALTER TABLE %N ADD PRIMARY KEY (", r->store.schema, r->store.name);
	if (d == DIALECT_SQLITE) {
		buf_clear(&b);
		sqlf(&b, d, "CREATE UNIQUE INDEX %I ON %I (",
			arena_printf(k->arena, "%.*s_key", SLICE(r->store.name)), r->store.name);
	}
	list(&b, d, r->source.key);
	buf_addc(&b, ')');
	ok = conn_exec(k->conn, buf_slice(&b), err) &&
	     archive_set_growing(k->conn, k->where, r, err);
	buf_done(&b);
	r->done = r->growing = ok;
	return ok;
}

/* ---- One batch ---- */

static void behind(struct buf *b, enum dialect d, const struct archive *r, bool deletes)
{
	bool any = false;

	if (d != DIALECT_SQLITE)
		buf_adds(b,
			d == DIALECT_POSTGRES && !deletes ? "\nFOR NO KEY UPDATE" : "\nFOR UPDATE");
	if (d != DIALECT_POSTGRES)
		return;
	buf_adds(b, " ON CONFLICT (");
	list(b, d, r->source.key);
	buf_adds(b, ") DO ");
	for (size_t i = 0; i < r->columns.n; i++) {
		struct slice c = r->columns.at[i];

		if (names_has(r->source.key, c))
			continue;
		sqlf(b, d, any ? ", %I = excluded.%I" : "UPDATE SET %I = excluded.%I", c, c);
		any = true;
	}
	if (!any)
		buf_adds(b, "NOTHING");
}

bool grow_begin(struct batcher *x, struct err *err)
{
	struct conn *c = x->b->conn;

	return !x->b->keeps || !dialect_is_mysql(c->id.dialect) ||
	       conn_exec(c, SL("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"), err);
}

bool grow_range(struct batcher *x, long long *kept, struct err *err)
{
	enum dialect d = x->b->conn->id.dialect;
	struct rows done = {.affected = -1};
	struct archive r;

	*kept = -1;
	if (!x->b->keeps)
		return true;
	r = *x->b->keeps;
	r.relation = x->what->relation;
	r.where = SLICE_NONE;
	buf_clear(&x->sql);
	sqlf(&x->sql, d,
		d == DIALECT_POSTGRES ? "INSERT INTO %N ("
		: d == DIALECT_SQLITE ? "INSERT OR REPLACE INTO %N ("
				      : "REPLACE INTO %N (",
		r.store.schema, r.store.name);
	list(&x->sql, d, r.columns);
	buf_adds(&x->sql, ") ");
	archive_select(&x->sql, d, &r);
	buf_adds(&x->sql, "\nWHERE ");
	range_where(x);
	range_between(x, x->bound);
	behind(&x->sql, d, &r, x->what->deletes);
	if (!x->b->conn->ops->exec(x->b->conn, buf_slice(&x->sql), &x->scratch, &done, err))
		return err_context(err, "keeping the rows of a batch of %.*s", SLICE(r.object));
	*kept = done.affected;
	return true;
}

bool grow_fits(struct batcher *x, long long kept, long long changed, struct err *err)
{
	if (!x->b->keeps || x->b->conn->id.dialect != DIALECT_POSTGRES || changed <= kept)
		return true;
	/* Rows came to match between the two statements: the batch is tried again. */
	err_set(err, ERR_FAILED,
		"a batch changed %lld rows, and %lld of them had been kept: others write to them",
		changed, kept);
	snprintf(err->sqlstate, sizeof err->sqlstate, "40001");
	return false;
}

bool grow_count(struct batcher *x, struct archive *r, struct err *err)
{
	struct conn *c = x->b->conn;
	struct kept_table t = {0};
	bool found = false;
	char hash[65];

	*r = *x->b->keeps;
	if (!c->engine->rows_fingerprint(c, r->store, r->columns, &r->kept, hash, err) ||
		!c->engine->keep->table(c, x->b->arena, r->store, &found, &t, err))
		return false;
	r->fingerprint = arena_slice(x->b->arena, slice_of(hash));
	r->bytes = found ? t.bytes : r->bytes;
	return true;
}
