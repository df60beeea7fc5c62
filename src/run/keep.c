/* keep.c - the executor and the archives: when something is kept, and when it is put back. */
#include "run/keep.h"

#include "engine/engine.h"
#include "sql/quote.h"

static bool is_transactional(const struct keep *k)
{
	return k->maker.conn->engine->transactional_ddl;
}

bool keep_on(const struct keep *k)
{
	return k->o && k->o->backup == BACKUP_SCOPED && k->maker.journal;
}

bool keep_begin(struct keep *k, const struct plan *p, const struct run_options *o,
	struct journal *j, struct doors *d, struct arena *a, struct err *err)
{
	*k = (struct keep){.o = o,
		.project = p->project,
		.maker = {.conn = o->conn,
			.journal = j,
			.where = o->journal_where,
			.doors = d,
			.arena = a,
			.most_bytes = o->most_bytes}};
	if (!j || p->direction != DIR_DOWN || o->no_restore)
		return true;
	return archives_read(o->conn, o->journal_where, a, &k->made, &k->nmade, err);
}

void keep_migration(struct keep *k)
{
	archiver_fresh(&k->maker);
}

/* INSERT … SELECT keeps what it has read from being changed, and others from adding to it, until
 * the transaction ends: at this level and above. For the next transaction only. */
static bool rows_stay(struct keep *k, struct err *err)
{
	struct conn *c = k->maker.conn;
	struct rows r = {0};

	if (!conn_query(c,
		    SL("SHOW SESSION VARIABLES WHERE Variable_name IN ('tx_isolation',"
		       " 'transaction_isolation')"),
		    k->maker.arena, &r, err))
		return false;
	if (r.nrows == 0 || !slice_istarts(rows_get(&r, 0, 1), "READ"))
		return true;
	return conn_exec(c, SL("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"), err);
}

bool keep_ahead(struct keep *k, size_t from, size_t to, struct err *err)
{
	if (!keep_on(k))
		return true;
	if (is_transactional(k)) {
		archiver_fresh(&k->maker);
		return true;
	}
	for (size_t i = from; i < to; i++)
		if (!archive_prepare(&k->maker, i, err))
			return false;
	return k->maker.n == 0 || rows_stay(k, err);
}

static bool changes_rows(const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++)
		switch (st->changes[i].kind) {
		case CHANGE_UPDATE:
		case CHANGE_DELETE:
		case CHANGE_MERGE:
		case CHANGE_REPLACE:
		case CHANGE_CALL:
		case CHANGE_DO_BLOCK:
			return true;
		default:
			break;
		}
	return st->state != STATEMENT_READ;
}

bool keep_whole(struct keep *k, const struct migration *m, size_t from, size_t to, bool doors,
	struct err *err)
{
	const struct plan *p = k->maker.doors->plan;
	bool wanted = doors;

	if (!k->o || k->o->backup != BACKUP_WHOLE || !k->maker.journal || k->whole)
		return true;
	for (size_t i = from; i < to && !wanted; i++)
		wanted = changes_rows(p->steps[i].statement);
	if (!wanted)
		return true;
	k->whole = true;
	return k->o->back_up(k->o->ctx, m, p->direction, journal_run(k->maker.journal), err);
}

/* MySQL's DDL would commit what the migration has begun. */
static bool not_in_its_own(const struct step *s, struct err *err)
{
	const struct statement *st = s->statement;

	if (st->nchanges != 1 ||
		(st->changes->kind != CHANGE_DELETE && st->changes->kind != CHANGE_UPDATE))
		return true;
	err_set(err, ERR_REFUSED,
		"cannot keep rows inside of a transaction that the migration opens itself");
	err_span(err, st->span);
	return err_hint(err,
		"Take its BEGIN and COMMIT away (belay opens a transaction anyway), or "
		"use --backup=whole.");
}

bool keep_before(struct keep *k, const struct step *s, struct err *err)
{
	if (!keep_on(k))
		return true;
	if (!is_transactional(k) && k->in_own)
		return not_in_its_own(s, err);
	return archive_prepare(&k->maker, s->serial, err) && archive_fill(&k->maker, s, err);
}

bool keep_after(struct keep *k, const struct step *s, struct err *err)
{
	return !keep_on(k) || archive_prove(&k->maker, s, err);
}

const struct archive *keep_growing(const struct keep *k)
{
	return k->grows ? &k->growing : NULL;
}

static bool keep_or_grow(struct keep *k, const struct step *s, struct err *err)
{
	struct archiver *maker = &k->maker;

	if (!s->batched)
		return keep_before(k, s, err);
	if (!archive_prepare(maker, s->serial, err))
		return false;
	if (!archive_may_grow(maker, s))
		return archive_fill(maker, s, err);
	if (!archive_grow(maker, maker->at, err))
		return false;
	k->growing = *maker->at;
	k->grows = true;
	return true;
}

/* An earlier run began with it: its batches go on keeping. */
static bool go_on_growing(struct keep *k, const struct archive *made, struct err *err)
{
	struct conn *c = k->maker.conn;
	bool found;

	if (!made->growing)
		return true; /* all of it was kept when it began */
	k->growing = *made;
	k->grows = true;
	return c->engine->keep->table(
		c, k->maker.arena, made->table, &found, &k->growing.source, err);
}

bool keep_alone(struct keep *k, const struct step *s, struct slice begin, struct err *err)
{
	struct conn *c = k->maker.conn;
	struct err ignored = {0};
	struct archive made;
	bool is_made, ok;

	k->grows = false;
	if (!keep_on(k))
		return true;
	archiver_fresh(&k->maker);
	if (!archive_is_made(&k->maker, s, &is_made, &made, err))
		return false;
	if (is_made && s->batched)
		return go_on_growing(k, &made, err);
	if (!is_transactional(k))
		return keep_or_grow(k, s, err);
	if (conn_exec(c, begin, err) && keep_or_grow(k, s, err) && conn_exec(c, SL("COMMIT"), err))
		return true;
	k->grows = false;
	ok = c->ops->alive(c) && conn_exec(c, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
	return ok && false;
}

bool keep_shut(struct keep *k, const struct step *s, struct err *err)
{
	return !keep_on(k) || archive_shut(&k->maker, s, err);
}

void keep_open(struct keep *k, const struct step *s, struct err *err)
{
	bool shut = k->maker.shut;

	if (!keep_on(k))
		return;
	archive_open(&k->maker);
	if (!shut || err->native != 1100)
		return;
	err->code = ERR_REFUSED;
	err_span(err, s->statement->span);
	err_context(err, "so that nobody writes between the copy and this statement, its tables "
			 "are locked; it uses one that is not among them");
	if (!err->hint)
		err_hint(err, "It was not run. Name only tables that exist, in a statement each.");
}

/* ---- Back again ---- */

/* The run that undid it last, 0 = none: what was kept before that is of another life. */
static bool undone_in(struct keep *k, const struct migration *m, long long *run, struct err *err)
{
	struct conn *c = k->maker.conn;
	unsigned long long n = 0;
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "SELECT COALESCE(max(run), 0) FROM ");
	journal_table(k->maker.journal, &b, "step");
	sqlf(&b, c->id.dialect,
		" WHERE migration = %L AND direction = 'down' AND run < %lld"
		" AND (kind = 'transaction' OR state = 'recorded')",
		m->id, journal_run(k->maker.journal));
	ok = conn_query(c, buf_slice(&b), k->maker.arena, &r, err);
	buf_done(&b);
	if (ok && slice_u64(rows_get(&r, 0, 0), &n))
		*run = (long long)n;
	return ok;
}

static bool is_of(const struct archive *r, const struct migration *m, long long since)
{
	return r->done && r->direction == DIR_UP && r->kind != ARCHIVE_WHOLE && !r->restored.len &&
	       r->run > since && slice_eq(r->migration, m->id);
}

/* A run that was killed behind a statement has left that one's archive, the next run the others'.
 * Of a statement that was begun twice the later one counts. */
static bool is_last(struct keep *k, size_t at, const struct migration *m, long long since)
{
	for (size_t i = 0; i < k->nmade; i++)
		if (is_of(&k->made[i], m, since) && k->made[i].statement == k->made[at].statement &&
			k->made[i].run > k->made[at].run)
			return false;
	return true;
}

static struct slice words_of(struct keep *k, const struct archive *r, const struct put_back *p)
{
	struct slice more = SLICE_NONE;

	if (p->in_the_way > 0)
		more = arena_printf(k->maker.arena,
			r->kind == ARCHIVE_ROWS || r->kind == ARCHIVE_TABLE
				? "; %lld were left out: others have their keys"
				: "; of %lld the row is not there any more, or has changed",
			p->in_the_way);
	return arena_printf(k->maker.arena, "%.*s: %lld row%s put back from %.*s%.*s",
		SLICE(r->object), p->rows, p->rows == 1 ? "" : "s", SLICE(r->name), SLICE(more));
}

bool keep_put_back(struct keep *k, const struct migration *m,
	void (*tell)(void *ctx, struct slice text), void *ctx, struct err *err)
{
	struct conn *c = k->maker.conn;
	struct archive *v = NULL;
	struct put_back *out;
	size_t n = 0;
	long long since = 0;

	if (k->nmade && !undone_in(k, m, &since, err))
		return false;
	for (size_t i = 0; i < k->nmade; i++)
		if (is_of(&k->made[i], m, since) && is_last(k, i, m, since))
			*ARENA_PUSH(k->maker.arena, v, n) = k->made[i];
	if (n == 0)
		return true;
	out = ARENA_ARRAY(k->maker.arena, n, struct put_back);
	if (!archives_follow(v, n, k->project, c, k->maker.arena, err) ||
		!archives_put_back(c, k->maker.arena, v, n, false, out, err))
		return err_context(err,
			"putting back what migration %.*s had kept; --no-restore "
			"leaves it in the archive",
			SLICE(m->id));
	for (size_t i = 0; i < n; i++) {
		if (!archive_set_restored(c, k->maker.where, &v[i], err))
			return false;
		tell(ctx, words_of(k, &v[i], &out[i]));
		for (size_t x = 0; x < out[i].notes.n; x++)
			tell(ctx, out[i].notes.at[x]);
	}
	return true;
}
