/* archive_restore.c - putting archives back.
 *
 * First what is gone is made again and gets its rows, for all archives of the name: of several
 * statements the last one's first, for they are undone. Then what stands on the rows: foreign keys,
 * triggers, views. Triggers are kept quiet meanwhile where the server can. */
#include "run/archive_internal.h"

#include "engine/engine.h"
#include "sql/quote.h"

#include <stdint.h>

struct putting {
	struct conn *conn;
	struct arena *arena;
	bool strict;
	struct err *err;
};

/* ---- Settings ---- */

static bool settle_in(struct conn *c, struct err *err)
{
	if (c->id.dialect == DIALECT_SQLITE && c->ops->in_transaction(c))
		return conn_exec(c, SL("PRAGMA defer_foreign_keys = ON"), err);
	if (!dialect_is_mysql(c->id.dialect))
		return true;
	return conn_exec(c,
		SL("SET @belay_mode = @@sql_mode, @belay_fk = @@foreign_key_checks,"
		   " sql_mode = 'NO_AUTO_VALUE_ON_ZERO', foreign_key_checks = 0"),
		err);
}

static bool settle_out(struct conn *c, bool ok, struct err *err)
{
	struct err second = {0};

	if (!dialect_is_mysql(c->id.dialect) || !c->ops->alive(c))
		return ok;
	if (!conn_exec(c,
		    SL("SET sql_mode = @belay_mode, foreign_key_checks = @belay_fk,"
		       " @belay_mode = NULL, @belay_fk = NULL"),
		    &second)) {
		if (ok)
			err_move(err, &second);
		err_done(&second);
		return false;
	}
	return ok;
}

/* ---- Statements that may be needless ---- */

/* It is there already: a type, a sequence or a schema that others use too. */
static bool is_there_already(const struct err *e)
{
	return strcmp(e->sqlstate, "42710") == 0 || strcmp(e->sqlstate, "42P06") == 0 ||
	       strcmp(e->sqlstate, "42P07") == 0 || strcmp(e->sqlstate, "42723") == 0;
}

/* One that fails leaves the transaction as it was. */
static bool try_one(struct putting *p, struct slice sql, struct err *why)
{
	bool tx = p->conn->ops->in_transaction(p->conn) && !dialect_is_mysql(p->conn->id.dialect);
	struct err ignored = {0};
	bool ok;

	if (tx && !conn_exec(p->conn, SL("SAVEPOINT belay_try"), why))
		return false;
	ok = conn_exec(p->conn, sql, why);
	if (tx && p->conn->ops->alive(p->conn))
		conn_exec(p->conn,
			ok ? SL("RELEASE SAVEPOINT belay_try")
			   : SL("ROLLBACK TO SAVEPOINT belay_try; RELEASE SAVEPOINT belay_try"),
			&ignored);
	err_done(&ignored);
	return ok;
}

/* A name inside of it (of a key's index) may have been what was there already. */
static bool is_made(struct putting *p, const struct archive *r, struct err *why)
{
	struct kept_table t = {0};
	bool found = true;

	if (!err_is(why))
		return true;
	if (!p->conn->engine->keep->table(p->conn, p->arena, r->table, &found, &t, p->err))
		return false;
	if (found)
		return true;
	err_move(p->err, why);
	return false;
}

static bool define(struct putting *p, const struct archive *r, struct put_back *out)
{
	struct err taken = {0};
	bool ok = true;

	for (size_t i = 0; ok && i < r->define.n; i++) {
		struct err why = {0};

		if (try_one(p, r->define.at[i], &why))
			continue;
		ok = is_there_already(&why);
		err_move(ok ? &taken : p->err, &why);
	}
	ok = ok && is_made(p, r, &taken);
	err_done(&taken);
	if (!ok)
		return err_context(p->err, "making %.*s again", SLICE(r->object));
	out->defined = true;
	return true;
}

static bool finish(struct putting *p, const struct archive *r, struct put_back *out)
{
	for (size_t i = 0; out->defined && i < r->after.n; i++) {
		struct err why = {0};

		if (try_one(p, r->after.at[i], &why))
			continue;
		if (is_there_already(&why)) { /* it belongs to two that were put back */
			err_done(&why);
			continue;
		}
		if (p->strict || !p->conn->ops->alive(p->conn) || why.code == ERR_INTERRUPTED) {
			err_move(p->err, &why);
			return err_context(p->err, "making %.*s again", SLICE(r->object));
		}
		names_add(p->arena, &out->notes,
			arena_printf(p->arena, "%.*s: %s",
				SLICE(slice_sub(slice_trim(r->after.at[i]), 0,
					slice_chr(slice_trim(r->after.at[i]), '\n'))),
				why.message));
		err_done(&why);
	}
	return true;
}

/* ---- Rows ---- */

static bool all_of(struct putting *p, struct names v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!conn_exec(p->conn, v.at[i], p->err))
			return false;
	return true;
}

static bool put_rows(struct putting *p, const struct archive *r, struct put_back *out)
{
	const struct engine_keep *keep = p->conn->engine->keep;
	struct names before = {0}, after = {0};
	struct rows done = {.affected = -1};

	/* A table that was made just now has no triggers yet. */
	if (keep->hush && !(out->defined && r->kind == ARCHIVE_TABLE) &&
		!keep->hush(p->conn, p->arena, r->table, &before, &after, p->err))
		return false;
	if (!all_of(p, before) ||
		!p->conn->ops->exec(p->conn, r->restore, p->arena, &done, p->err) ||
		!all_of(p, after))
		return err_context(p->err, "putting back the rows of %.*s", SLICE(r->object));
	out->rows = done.affected;
	out->in_the_way = r->kept - out->rows;
	/* Values that are as they were already are not counted by every server. */
	if (out->in_the_way > 0 && r->kind != ARCHIVE_ROWS && r->kind != ARCHIVE_TABLE) {
		long long same = 0;

		if (!archive_matches(p->conn, p->arena, r, &same, p->err))
			return false;
		out->rows = same < 0 ? done.affected : same;
		out->in_the_way = r->kept - out->rows;
	}
	return true;
}

static bool has(enum dialect d, struct names columns, struct slice c)
{
	for (size_t i = 0; i < columns.n; i++)
		if (d == DIALECT_POSTGRES ? slice_eq(columns.at[i], c)
					  : slice_ieq(columns.at[i], c))
			return true;
	return false;
}

/* Rows of a table whose name another one has now. */
static bool is_another(struct putting *p, const struct archive *r, const struct kept_table *t)
{
	if (r->kind != ARCHIVE_TABLE && r->kind != ARCHIVE_ROWS)
		return false;
	for (size_t i = 0; i < r->columns.n; i++) {
		struct slice c = r->columns.at[i];

		if (has(p->conn->id.dialect, t->columns, c))
			continue;
		err_set(p->err, ERR_REFUSED,
			"cannot put back %.*s: the table of that name has no column %.*s now",
			SLICE(r->object), SLICE(c));
		err_hint(p->err,
			"If it is another table, rename it (on PostgreSQL its indexes, too): then "
			"the one that was is made again. The rows themselves are in %.*s%s%.*s.",
			SLICE(r->store.schema), r->store.schema.len ? "." : "",
			SLICE(r->store.name));
		return true;
	}
	return false;
}

static bool is_missing(struct putting *p, const struct archive *r, bool *missing)
{
	struct kept_table t = {0};
	bool found;

	if (!p->conn->engine->keep->table(p->conn, p->arena, r->table, &found, &t, p->err))
		return false;
	*missing = !found;
	if (found && r->kind == ARCHIVE_COLUMN)
		*missing = !has(p->conn->id.dialect, t.columns, r->part);
	if (found && is_another(p, r, &t))
		return false;
	if (!found && r->kind != ARCHIVE_TABLE) {
		err_set(p->err, ERR_REFUSED, "cannot put back %.*s: the table %.*s is gone",
			SLICE(r->object), SLICE(r->table.name));
		return err_hint(p->err, "Make the table again, or restore the archive that was "
					"made when it went: belay backups lists them.");
	}
	return true;
}

/* Now: rows of an earlier statement may follow. Whoever tries it out compares by himself. */
static bool look(struct putting *p, const struct archive *r, struct put_back *out)
{
	long long n = 0;
	char hash[65];

	if (p->strict || !out->defined || r->kind != ARCHIVE_TABLE)
		return true;
	if (!p->conn->engine->rows_fingerprint(p->conn, r->table, r->columns, &n, hash, p->err))
		return false;
	out->differs = !slice_is(r->fingerprint, hash);
	return true;
}

static bool put_one(struct putting *p, const struct archive *r, struct put_back *out)
{
	bool missing;

	*out = (struct put_back){0};
	if (!is_missing(p, r, &missing))
		return false;
	if (missing && r->define.n == 0)
		return err_set(
			p->err, ERR_REFUSED, "cannot put back %.*s: it is gone", SLICE(r->object));
	return (!missing || define(p, r, out)) && put_rows(p, r, out) && look(p, r, out);
}

/* Statements backwards, what one of them took in its order. */
static void order(const struct archive *v, size_t n, size_t *out)
{
	size_t end = n, at = 0;

	while (end > 0) {
		size_t begin = end - 1;

		while (begin > 0 && v[begin - 1].statement == v[end - 1].statement)
			begin--;
		for (size_t i = begin; i < end; i++)
			out[at++] = i;
		end = begin;
	}
}

bool archives_put_back(struct conn *c, struct arena *a, const struct archive *v, size_t n,
	bool strict, struct put_back *out, struct err *err)
{
	struct putting p = {.conn = c, .arena = a, .strict = strict, .err = err};
	size_t *turn = ARENA_ARRAY(a, n + 1, size_t);
	bool ok = settle_in(c, err);

	order(v, n, turn);
	for (size_t i = 0; ok && i < n; i++)
		ok = put_one(&p, &v[turn[i]], &out[turn[i]]);
	for (size_t i = 0; ok && i < n; i++)
		ok = finish(&p, &v[turn[i]], &out[turn[i]]);
	return settle_out(c, ok, err);
}

/* ---- Comparing ---- */

static bool is_key(const struct archive *r, struct slice column)
{
	return names_has(r->source.key, column);
}

struct archive_aliases archive_aliases(struct arena *a, enum dialect d, const struct archive *r)
{
	if (!dialect_is_mysql(d))
		return (struct archive_aliases){SL("a"), SL("x")};
	return (struct archive_aliases){arena_printf(a, "%.*s a", SLICE(r->store.name)),
		arena_printf(a, "%.*s x", SLICE(r->store.name))};
}

static void same_value(
	struct buf *b, enum dialect d, const struct archive_aliases *as, struct slice column)
{
	const char *how = d == DIALECT_POSTGRES ? "%I.%I::text IS NOT DISTINCT FROM %I.%I::text"
			  : d == DIALECT_SQLITE ? "%I.%I IS %I.%I"
						: "%I.%I <=> %I.%I";

	sqlf(b, d, how, as->table, column, as->store, column);
}

bool archive_matches(
	struct conn *c, struct arena *a, const struct archive *r, long long *same, struct err *err)
{
	enum dialect d = c->id.dialect;
	unsigned long long n = 0;
	struct rows rows = {0};
	struct kept_table t = {0};
	struct archive whole = *r;
	struct archive_aliases as = archive_aliases(a, d, r);
	struct buf b = {0};
	bool found, ok;

	if (!r->source.key.n) { /* read from the journal: the table still knows its key */
		if (!c->engine->keep->table(c, a, r->table, &found, &t, err))
			return false;
		whole.source = t;
	}
	*same = -1;
	if (!whole.source.key.n)
		return true;
	buf_adds(&b, "SELECT count(*) FROM ");
	archive_store(&b, d, r, as.store);
	sqlf(&b, d, " JOIN %N %I ON ", r->table.schema, r->table.name, as.table);
	for (size_t i = 0; i < whole.source.key.n; i++) {
		buf_adds(&b, i ? " AND " : "");
		/* Hashed or looked up: a key is never NULL. */
		sqlf(&b, d, d == DIALECT_POSTGRES ? "%I.%I::text = %I.%I::text" : "%I.%I = %I.%I",
			as.table, whole.source.key.at[i], as.store, whole.source.key.at[i]);
	}
	for (size_t i = 0; i < r->columns.n; i++) {
		if (is_key(&whole, r->columns.at[i]))
			continue;
		buf_adds(&b, " AND ");
		same_value(&b, d, &as, r->columns.at[i]);
	}
	ok = conn_query(c, buf_slice(&b), a, &rows, err);
	buf_done(&b);
	if (ok && slice_u64(rows_get(&rows, 0, 0), &n))
		*same = (long long)n;
	return ok;
}
