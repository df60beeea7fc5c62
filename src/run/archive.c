/* archive.c - keeping what a statement is about to destroy.
 *
 * On PostgreSQL writes to the table wait from the copy to the commit: what is kept is what goes.
 * The copy itself may take as long as the hold budget allows. SQLite has one writer anyway. MySQL
 * and MariaDB commit DDL by itself: the copy comes first, and is compared with the table once more
 * directly before the statement, under a lock that stays until it is done (shut.c). */
#include "run/archive_internal.h"

#include "base/io.h"
#include "engine/engine.h"
#include "sql/quote.h"

#include <stdint.h>

/* Names of stores and of archives begin here. */
enum { MB = 1024 * 1024 };

void archiver_fresh(struct archiver *k)
{
	k->at = NULL;
	k->n = 0;
}

static bool is_mysql(const struct archiver *k)
{
	return dialect_is_mysql(k->conn->id.dialect);
}

/* ---- What is to be kept ---- */

static struct name store_for(struct archiver *k, long long ordinal)
{
	enum dialect d = k->conn->id.dialect;
	struct slice schema, prefix;

	journal_place(d, k->where, &schema, &prefix);
	if (d == DIALECT_POSTGRES)
		return (struct name){arena_printf(k->arena, "%.*s_archive", SLICE(schema)),
			arena_printf(k->arena, "r%lld_%lld", journal_run(k->journal), ordinal)};
	return (struct name){SLICE_NONE, arena_printf(k->arena, "%.*sarchive_%lld_%lld",
						 SLICE(prefix), journal_run(k->journal), ordinal)};
}

struct archive *archive_add(struct archiver *k, const struct step *s, enum archive_kind kind,
	const struct kept_table *t, struct slice object, struct slice part)
{
	struct archive r = {.name = arena_printf(k->arena, "%.*s@%lld", SLICE(s->migration->id),
				    journal_run(k->journal)),
		.ordinal = ++k->ordinal,
		.run = journal_run(k->journal),
		.migration = s->migration->id,
		.hash = slice_of(s->hash),
		.direction = s->direction,
		.statement = s->ordinal,
		.kind = kind,
		.object = object,
		.table = t->name,
		.part = part,
		.kept = -1,
		.bytes = t->bytes,
		.source = *t,
		.can_repeat = (t->key.n > 0 && !t->loose) || kind == ARCHIVE_COLUMN ||
			      kind == ARCHIVE_VALUES,
		.step = s};
	struct archive *out;

	r.store = store_for(k, r.ordinal);
	out = ARENA_PUSH(k->arena, k->at, k->n);
	*out = r;
	return out;
}

bool archive_no_key(const struct archive *r, struct err *err)
{
	err_set(err, ERR_REFUSED,
		"cannot keep %.*s by itself: its table has no key, so its rows could not be told "
		"apart when they are put back",
		SLICE(r->object));
	return err_hint(
		err, "Nothing was done. --backup=whole keeps the whole database in a file.");
}

struct slice archive_table_words(struct archiver *k, struct name n)
{
	struct buf b = {0};
	struct slice out;

	quote_name_pretty(&b, k->conn->id.dialect, n.schema, n.name);
	out = arena_slice(k->arena, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* On SQLite each row has a number; on MySQL nothing tells two equal rows apart. */
bool archive_find_by(struct archiver *k, struct archive *r, struct err *err)
{
	if (r->source.key.n)
		return true;
	if (k->conn->id.dialect != DIALECT_POSTGRES)
		return archive_no_key(r, err);
	r->by_row = true;
	r->where = SLICE_NONE;
	r->relation = SLICE_NONE;
	return true;
}

static bool drops_database(const struct statement *st)
{
	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_DROP_DATABASE ||
			st->changes[i].kind == CHANGE_DROP_SCHEMA)
			return true;
	return false;
}

static bool truncates(const struct change *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c[i].kind == CHANGE_TRUNCATE || truncates(c[i].inner, c[i].ninner))
			return true;
	return false;
}

/* Rows of another table that go with those of the statement's own: which of them foreign keys tell
 * (linked.c). TRUNCATE empties it, whatever they say. */
static bool follows(const struct step *s, const struct door *door)
{
	return door->kind == DOOR_ROWS && door->cascade &&
	       !truncates(s->statement->changes, s->statement->nchanges);
}

static bool keep_door(
	struct archiver *k, const struct step *s, const struct door *door, struct err *err)
{
	struct archive *r;

	if (door->table.inherited) {
		err_set(err, ERR_REFUSED,
			"cannot keep %.*s by itself: other tables inherit from it",
			SLICE(door->object));
		return err_hint(err,
			"Nothing was done. --backup=whole keeps the whole database in a file.");
	}
	if (is_mysql(k) && drops_database(s->statement)) {
		err_set(err, ERR_REFUSED,
			"cannot keep %.*s by itself: while a whole database is dropped, others can "
			"write to its tables",
			SLICE(door->object));
		return err_hint(err,
			"Nothing was done. Drop its tables in front of it, or keep the whole "
			"database in a file: --backup=whole.");
	}
	switch (door->kind) {
	case DOOR_TABLE:
		archive_add(k, s, ARCHIVE_TABLE, &door->table, door->object, SLICE_NONE);
		return true;
	case DOOR_COLUMN:
		r = archive_add(k, s, ARCHIVE_COLUMN, &door->table, door->object, door->part);
		r->later = door->rebuilt;
		for (size_t i = 0; i < door->table.columns.n; i++)
			if (slice_ieq(door->table.columns.at[i], door->part))
				r->part = door->table.columns.at[i];
		r->where = SL("IS NOT NULL");
		return archive_find_by(k, r, err);
	case DOOR_ROWS:
		archive_add(k, s, ARCHIVE_ROWS, &door->table, door->object, SLICE_NONE);
		return true;
	case DOOR_PART:
		r = archive_add(k, s, ARCHIVE_ROWS, &door->table, door->object, SLICE_NONE);
		r->relation = arena_printf(k->arena, "PARTITION");
		r->part = door->part;
		return true;
	}
	return true;
}

/* Rows that a statement picks: those that it will delete, or the values that it will change. */
static bool keep_picked(struct archiver *k, const struct step *s, struct err *err)
{
	const struct statement *st = s->statement;
	const struct change *c = st->changes;
	struct kept_table t = {0};
	struct archive *r;
	struct batched b;
	bool found;

	if (st->nchanges != 1 || (c->kind != CHANGE_DELETE && c->kind != CHANGE_UPDATE))
		return true;
	for (size_t i = 0; i < k->n; i++)
		if (k->at[i].step == s)
			return true; /* all of them are a door */
	if (!k->conn->engine->keep->table(k->conn, k->arena, c->target, &found, &t, err))
		return false;
	if (!found)
		return true;
	r = archive_add(k, s, c->kind == CHANGE_DELETE ? ARCHIVE_ROWS : ARCHIVE_VALUES, &t,
		archive_table_words(k, t.name), SLICE_NONE);
	/* Otherwise all rows are kept. */
	if (batched_rows(&b, k->arena, k->conn->id.dialect, st, s->sql)) {
		r->where = b.where;
		r->relation = b.relation;
	}
	if (r->kind == ARCHIVE_ROWS)
		return true;
	r->changed = c->list;
	for (size_t i = 0; i < t.touched.n; i++)
		names_add(k->arena, &r->changed, t.touched.at[i]);
	for (size_t i = 0; i < t.key.n; i++)
		if (names_has(c->list, t.key.at[i])) {
			err_set(err, ERR_REFUSED,
				"cannot keep what this statement changes: it changes the key of "
				"%.*s",
				SLICE(r->object));
			return err_hint(err, "Nothing was done. --backup=whole keeps the whole "
					     "database in a file.");
		}
	return archive_find_by(k, r, err);
}

/* ---- Tables for it ---- */

static void add_columns(struct archiver *k, struct archive *r)
{
	const struct kept_table *t = &r->source;
	struct names v = {0};

	if (r->kind == ARCHIVE_TABLE || r->kind == ARCHIVE_ROWS || r->by_row) {
		r->columns = t->columns;
		return;
	}
	for (size_t i = 0; i < t->key.n; i++)
		names_add(k->arena, &v, t->key.at[i]);
	if (r->kind == ARCHIVE_COLUMN)
		names_add(k->arena, &v, r->part);
	for (size_t i = 0; r->kind == ARCHIVE_VALUES && i < t->columns.n; i++)
		for (size_t m = 0; m < r->changed.n; m++)
			if (slice_ieq(r->changed.at[m], t->columns.at[i]))
				names_add(k->arena, &v, t->columns.at[i]);
	r->columns = v;
}

/* Asked first: a role that may not make schemas may use the one that somebody made for it. */
static bool make_schema(struct archiver *k, struct slice schema, struct err *err)
{
	struct cell param = {.text = schema};
	struct rows r = {0};

	if (!schema.len)
		return true;
	if (!conn_query_params(k->conn,
		    SL("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1"), &param, 1,
		    k->arena, &r, err))
		return false;
	return r.nrows > 0 || conn_execf(k->conn, err, "CREATE SCHEMA IF NOT EXISTS %I", schema);
}

static bool make_store(struct archiver *k, struct archive *r, struct err *err)
{
	enum dialect d = k->conn->id.dialect;
	struct buf b = {0};
	bool ok;

	if (!make_schema(k, r->store.schema, err)) {
		err_context(err, "making a place to keep %.*s in", SLICE(r->object));
		return err_hint(err,
			"A role that may make it can run: CREATE SCHEMA %.*s "
			"AUTHORIZATION …",
			SLICE(r->store.schema));
	}
	sqlf(&b, d, "CREATE TABLE %N AS ", r->store.schema, r->store.name);
	buf_printf(&b, "SELECT * FROM (");
	archive_select(&b, d, r);
	buf_adds(&b, "\n) kept LIMIT 0");
	ok = conn_exec(k->conn, buf_slice(&b), err);
	buf_done(&b);
	return ok || err_context(err, "making a table to keep %.*s in", SLICE(r->object));
}

/* What the copies of this migration take together, and what is free where the server keeps them. */
static bool fits(struct archiver *k, const struct archive *r, struct err *err)
{
	long long mb = (r->bytes + MB - 1) / MB, all = 0, size = -1;
	const struct engine_dump *d = k->conn->engine->dump;

	if (k->most_bytes && r->bytes > k->most_bytes) {
		err_set(err, ERR_REFUSED,
			"cannot keep %.*s: it is about %lld MB large, and backups may take %lld MB",
			SLICE(r->object), mb, k->most_bytes / MB);
		goto refused;
	}
	if (!k->room_known && d && !d->size(k->conn, k->arena, &size, &k->room, err))
		return false;
	k->room_known = true;
	for (size_t i = 0; i < k->n; i++)
		all += k->at[i].bytes > 0 && !k->at[i].done ? k->at[i].bytes : 0;
	if (!d || k->room < 0 || all <= k->room)
		return true;
	err_set(err, ERR_REFUSED,
		"cannot keep %.*s: together with what else is kept it is about %lld MB large, and "
		"the database's disk has %lld MB free",
		SLICE(r->object), (all + MB - 1) / MB, k->room / MB);
refused:
	return err_hint(err,
		"Nothing was done. Make room, raise `backups: {max_size: …}` in belay.yml, "
		"or agree to the loss: --yes-destroy.");
}

static void tell_size(struct archiver *k, const struct archive *r)
{
	struct slice size;

	if (!k->tell)
		return;
	/* Copied, read twice for the comparison, and put back once. */
	size = r->bytes < 0    ? SL("of unknown size")
	       : r->bytes < MB ? SL("less than 1 MB, about 1 s")
			       : arena_printf(k->arena, "about %lld MB, about %lld s",
					 (r->bytes + MB - 1) / MB, r->bytes / (20LL * MB) + 1);
	k->tell(k->ctx, r->step,
		arena_printf(k->arena, "keeping %.*s (%.*s) in %.*s", SLICE(r->object), SLICE(size),
			SLICE(archive_table_words(k, r->store))));
}

/* What an earlier run began to keep of this migration and never finished. */
static bool clear_ruins(struct archiver *k, const struct step *s, struct err *err)
{
	struct archive *v;
	size_t n;

	if (!archives_read(k->conn, k->where, k->arena, &v, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!v[i].done && v[i].kind != ARCHIVE_WHOLE &&
			v[i].run != journal_run(k->journal) &&
			slice_eq(v[i].migration, s->migration->id) &&
			!archive_remove(k->conn, k->where, &v[i], err))
			return false;
	return true;
}

static bool prepare_one(struct archiver *k, struct archive *r, struct err *err)
{
	bool defined = r->kind == ARCHIVE_TABLE || r->kind == ARCHIVE_COLUMN;

	if (!fits(k, r, err))
		return false;
	tell_size(k, r);
	add_columns(k, r);
	r->restore = archive_restore_words(
		k->arena, k->conn->id.dialect, r, r + 1, (size_t)(k->at + k->n - r) - 1);
	if (defined && !k->conn->engine->keep->define(k->conn, k->arena, &r->source,
			       r->kind == ARCHIVE_COLUMN ? r->part : SLICE_NONE, &r->define,
			       &r->after, err))
		return false;
	/* The row first: a store without one would be nobody's. */
	return archive_write(k->conn, k->where, r, err) && make_store(k, r, err);
}

bool archive_prepare(struct archiver *k, size_t i, struct err *err)
{
	const struct step *s = &k->doors->plan->steps[i];
	size_t begin = k->n, n = 0;
	struct door *v;
	bool ok;

	for (size_t m = 0; m < k->n; m++)
		if (k->at[m].step == s)
			return true; /* prepared before the transaction began */
	k->doors->empty_too = true;
	ok = doors_find_now(k->doors, i, &v, &n, err);
	k->doors->empty_too = false;
	if (!ok)
		return false;
	for (size_t m = 0; m < n; m++)
		if (!follows(s, &v[m]) && !keep_door(k, s, &v[m], err))
			return false;
	if (!keep_picked(k, s, err) || !archive_linked(k, s, begin, err))
		return false;
	if (k->n > begin && !clear_ruins(k, s, err))
		return false;
	for (size_t m = begin; m < k->n; m++)
		if (!prepare_one(k, &k->at[m], err)) {
			err_span(err, s->statement->span);
			return false;
		}
	return true;
}

/* ---- Rows into it ---- */

static bool fingerprint(struct archiver *k, struct name t, struct names columns, long long *count,
	char hash[65], struct err *err)
{
	return k->conn->engine->rows_fingerprint(k->conn, t, columns, count, hash, err);
}

/* The whole table is compared where rows cannot be told apart, or where it goes. */
static bool compares_table(const struct archive *r)
{
	return r->kind == ARCHIVE_TABLE || r->companion || r->by_row ||
	       (r->kind == ARCHIVE_ROWS && !r->source.key.n);
}

static bool is_long(const struct err *e)
{
	return strcmp(e->sqlstate, "57014") == 0 && e->code != ERR_INTERRUPTED;
}

/* Nobody waits behind our lock for longer than the wait budget. */
static bool lock_source(struct archiver *k, const struct archive *r, struct err *err)
{
	struct rows before = {0};

	if (!conn_query(k->conn, SL("SHOW lock_timeout"), k->arena, &before, err) ||
		(r->step->wait_ms &&
			!conn_execf(k->conn, err, "SET LOCAL lock_timeout = %d", r->step->wait_ms)))
		return false;
	return conn_execf(k->conn, err,
		"LOCK TABLE %N IN SHARE ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = %L",
		r->table.schema, r->table.name, rows_get(&before, 0, 0));
}

/* Writers wait while the rows are copied, at most for the hold budget. */
static bool copy_rows(struct archiver *k, struct archive *r, struct rows *done, struct err *err)
{
	enum dialect d = k->conn->id.dialect;
	bool pg = d == DIALECT_POSTGRES && k->conn->ops->in_transaction(k->conn);
	struct rows before = {0};
	struct buf b = {0};
	bool ok;

	if (pg)
		ok = lock_source(k, r, err) &&
		     conn_query(k->conn, SL("SHOW statement_timeout"), k->arena, &before, err) &&
		     conn_execf(k->conn, err, "SET LOCAL statement_timeout = %d", r->step->hold_ms);
	else
		ok = true;
	sqlf(&b, d, "INSERT INTO %N ", r->store.schema, r->store.name);
	archive_select(&b, d, r);
	ok = ok && k->conn->ops->exec(k->conn, buf_slice(&b), k->arena, done, err);
	buf_done(&b);
	if (!ok && pg && is_long(err)) {
		struct err longer = {0};

		err_set(&longer, ERR_BLOCKED,
			"keeping %.*s takes longer than the hold budget of %d ms, while writes to "
			"it would wait",
			SLICE(r->object), r->step->hold_ms);
		err_hint(&longer, "Nothing of this migration was done. Give it longer (--hold 30s) "
				  "when traffic is low, or use --backup=whole.");
		err_done(err);
		*err = (struct err){0};
		err_move(err, &longer);
		return false;
	}
	return ok && (!pg || conn_execf(k->conn, err, "SET LOCAL statement_timeout = %L",
				     rows_get(&before, 0, 0)));
}

static bool count_rows(struct archiver *k, const struct archive *r, long long *out, struct err *err)
{
	enum dialect d = k->conn->id.dialect;
	unsigned long long n = 0;
	struct rows rows = {0};
	struct buf b = {0};
	bool ok;

	sqlf(&b, d, "SELECT count(*) FROM %N", r->table.schema, r->table.name);
	if (slice_is(r->relation, "PARTITION"))
		sqlf(&b, d, " PARTITION (%I)", r->part);
	else if (r->kind == ARCHIVE_COLUMN)
		sqlf(&b, d, " WHERE %I IS NOT NULL", r->part);
	ok = conn_query(k->conn, buf_slice(&b), k->arena, &rows, err);
	buf_done(&b);
	if (ok && slice_u64(rows_get(&rows, 0, 0), &n))
		*out = (long long)n;
	return ok;
}

bool archive_is_current(struct archiver *k, struct archive *r, bool *current, struct err *err)
{
	long long n = 0, same = 0;
	char now[65];

	if (r->kind == ARCHIVE_TABLE ||
		(r->kind == ARCHIVE_ROWS && !slice_is(r->relation, "PARTITION"))) {
		if (!fingerprint(k, r->table, r->columns, &n, now, err))
			return false;
		*current = strcmp(r->stored, now) == 0;
		return true;
	}
	if (!count_rows(k, r, &n, err) || !archive_matches(k->conn, k->arena, r, &same, err))
		return false;
	*current = n == r->kept && (same < 0 || same == r->kept);
	return true;
}

bool archive_copy(struct archiver *k, struct archive *r, struct err *err)
{
	struct rows done = {.affected = -1};
	struct kept_table store = {0};
	bool found = false, alone = is_mysql(k) && !k->conn->ops->in_transaction(k->conn);
	long long n = 0;

	if (!copy_rows(k, r, &done, err))
		return err_context(err, "keeping %.*s", SLICE(r->object));
	r->kept = done.affected;
	if (compares_table(r) && !alone &&
		!fingerprint(k, r->table, r->columns, &n, r->before, err))
		return false;
	if (r->kind == ARCHIVE_TABLE && !alone)
		memcpy(r->stored, r->before, sizeof r->stored);
	else if (!fingerprint(k, r->store, r->columns, &n, r->stored, err))
		return false;
	r->fingerprint = arena_slice(k->arena, slice_of(r->stored));
	if (k->conn->engine->keep->table(k->conn, k->arena, r->store, &found, &store, err) && found)
		r->bytes = store.bytes;
	r->done = true;
	return !err_is(err) && archive_finish(k->conn, k->where, r, err);
}

bool archive_fill(struct archiver *k, const struct step *s, struct err *err)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->at[i].step == s && !archive_copy(k, &k->at[i], err))
			return false;
	return true;
}

/* ---- Proving it ---- */

static bool not_proven(const struct archive *r, const char *what, struct err *err)
{
	err_set(err, ERR_FAILED,
		"what was kept of %.*s would not bring it back: %s. It was tried, and nothing was "
		"committed",
		SLICE(r->object), what);
	return err_hint(err, "--backup=whole keeps the whole database in a file.");
}

static bool compare(
	struct archiver *k, const struct archive *r, const struct put_back *p, struct err *err)
{
	long long n = 0, same = 0;
	char now[65];

	if (p->in_the_way > 0 && !r->companion)
		return not_proven(r, "not all rows could be put back", err);
	if (compares_table(r)) {
		if (!fingerprint(k, r->table, r->columns, &n, now, err))
			return false;
		return strcmp(now, r->before) == 0 ||
		       not_proven(r, "the rows are not the same", err);
	}
	if (!archive_matches(k->conn, k->arena, r, &same, err))
		return false;
	return same < 0 || same == r->kept || not_proven(r, "the values are not the same", err);
}

static bool prove(struct archiver *k, const struct archive *v, size_t n, struct err *err)
{
	struct put_back *out = ARENA_ARRAY(k->arena, n, struct put_back);
	struct err second = {0};
	bool ok;

	if (!conn_exec(k->conn, SL("SAVEPOINT belay_proof"), err))
		return false;
	ok = archives_put_back(k->conn, k->arena, v, n, true, out, err);
	for (size_t i = 0; ok && i < n; i++)
		ok = compare(k, &v[i], &out[i], err);
	if (!ok)
		err_context(err, "trying to put back what was kept");
	if (!k->conn->ops->alive(k->conn))
		return false;
	if (!conn_exec(k->conn, SL("ROLLBACK TO SAVEPOINT belay_proof"), &second) && ok) {
		err_move(err, &second);
		ok = false;
	}
	err_done(&second);
	return ok;
}

bool archive_prove(struct archiver *k, const struct step *s, struct err *err)
{
	size_t from = 0, to;

	while (from < k->n && (s ? k->at[from].step != s : !k->at[from].later))
		from++;
	for (to = from; to < k->n && (s ? k->at[to].step == s : k->at[to].later);)
		to++;
	/* DDL that commits by itself was compared before. */
	if (from == to || !k->conn->ops->in_transaction(k->conn) || (s && k->at[from].later))
		return true;
	return prove(k, k->at + from, to - from, err);
}

bool archive_is_made(
	struct archiver *k, const struct step *s, bool *made, struct archive *out, struct err *err)
{
	struct archive *v;
	size_t n;

	*made = false;
	if (!archives_read(k->conn, k->where, k->arena, &v, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!v[i].done || v[i].statement != (long long)s->ordinal ||
			v[i].direction != s->direction ||
			!slice_eq(v[i].migration, s->migration->id) ||
			!slice_is(v[i].hash, s->hash))
			continue;
		*made = true;
		*out = v[i];
	}
	return true;
}
