/* shut.c - nobody writes between what was kept and the statement (MySQL, MariaDB).
 *
 * The long copy was made while others write. Then LOCK TABLES … WRITE over all tables that the
 * statement uses; what is kept is compared with them, and copied again where it is not the same;
 * the statement runs under that lock, which its own DDL does not give up. Readers wait for the
 * comparison: it counts to the hold budget. Tables are named under each alias that a query of ours
 * uses; an alias counts once in all of LOCK TABLES. */
#include "run/archive_internal.h"

#include "base/buf.h"
#include "sql/quote.h"

static bool is_listed(const struct name *v, size_t n, struct name t)
{
	for (size_t i = 0; i < n; i++)
		if (name_eq(v[i], t))
			return true;
	return false;
}

static void lock_one(
	struct buf *b, enum dialect d, struct name t, struct slice alias, const char *how)
{
	sqlf(b, d, b->len ? ", %N" : "LOCK TABLES %N", t.schema, t.name);
	if (alias.len)
		sqlf(b, d, " AS %I", alias);
	buf_printf(b, " %s", how);
}

/* What else the statement uses: tables that are there. */
static bool lock_others(struct archiver *k, const struct step *s, struct buf *b, struct name *v,
	size_t n, struct err *err)
{
	for (size_t i = 0; i < s->nlocks; i++) {
		struct kept_table t = {0};
		bool found;

		if (!k->conn->engine->keep->table(
			    k->conn, k->arena, s->locks[i].object, &found, &t, err))
			return false;
		if (!found || is_listed(v, n, t.name))
			continue;
		lock_one(b, k->conn->id.dialect, t.name, SLICE_NONE,
			s->locks[i].blocks >= LOCK_WRITES ? "WRITE" : "READ");
		*ARENA_PUSH(k->arena, v, n) = t.name;
	}
	return true;
}

static bool lock_words(
	struct archiver *k, const struct step *s, size_t *count, struct buf *b, struct err *err)
{
	enum dialect d = k->conn->id.dialect;
	struct archive_aliases as;
	struct name *v = NULL;
	size_t n = 0;

	*count = 0;
	for (size_t i = 0; i < k->n; i++) {
		const struct archive *r = &k->at[i];

		if (r->step != s)
			continue;
		++*count;
		as = archive_aliases(k->arena, d, r);
		lock_one(b, d, r->store, SLICE_NONE, "WRITE");
		lock_one(b, d, r->store, as.store, "READ");
		lock_one(b, d, r->table, as.table, "READ");
		if (is_listed(v, n, r->table))
			continue;
		lock_one(b, d, r->table, SLICE_NONE, "WRITE");
		*ARENA_PUSH(k->arena, v, n) = r->table;
	}
	if (*count == 0)
		return true;
	buf_adds(b, ", ");
	journal_table(k->journal, b, "archive");
	buf_adds(b, " WRITE");
	return lock_others(k, s, b, v, n, err);
}

static bool check_one(struct archiver *k, struct archive *r, struct err *err)
{
	bool current;

	if (!archive_is_current(k, r, &current, err))
		return err_context(err, "comparing what was kept of %.*s", SLICE(r->object));
	if (current)
		return true;
	return conn_execf(k->conn, err, "DELETE FROM %N", r->store.schema, r->store.name) &&
	       archive_copy(k, r, err);
}

bool archive_shut(struct archiver *k, const struct step *s, struct err *err)
{
	struct buf b = {0};
	size_t count;
	bool ok;

	if (!dialect_is_mysql(k->conn->id.dialect))
		return true;
	ok = lock_words(k, s, &count, &b, err);
	if (ok && count) {
		ok = conn_exec(k->conn, buf_slice(&b), err);
		k->shut = ok;
		if (err->native == 1044 || err->native == 1142)
			err_hint(err, "So that nobody writes between the copy and the statement, "
				      "its tables are locked: GRANT SELECT, LOCK TABLES ON … TO …");
	}
	buf_done(&b);
	for (size_t i = 0; ok && k->shut && i < k->n; i++)
		if (k->at[i].step == s)
			ok = check_one(k, &k->at[i], err);
	return ok;
}

void archive_open(struct archiver *k)
{
	struct waiter waiter = k->conn->waiter;
	struct err ignored = {0};

	if (!k->shut)
		return;
	k->shut = false;
	k->conn->waiter = (struct waiter){0};
	if (k->conn->ops->alive(k->conn))
		conn_exec(k->conn, SL("UNLOCK TABLES"), &ignored);
	k->conn->waiter = waiter;
	err_done(&ignored);
}
