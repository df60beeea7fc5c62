/* batches.c - what the rows of a table are told apart by, and what else the server has to do.
 *
 * A table without a key is walked by ctid, the place of a row: ranges of them are read directly
 * from version 14 on. https://www.postgresql.org/docs/14/release-14.html (TID range scans) */
#include "engine/postgres/postgres.h"

#include "queries.h"
#include "sql/quote.h"

enum { KIND, OID, FILE_NODE, PAGES, ROWS, HAS_CHILDREN, KEY, IS_PRIMARY, COLUMN, TYPE, AS_JSON };

static long long number(const struct rows *r, size_t row, size_t col)
{
	struct slice s = rows_get(r, row, col);
	unsigned long long n = 0;

	return !rows_null(r, row, col) && slice_u64(s, &n) ? (long long)n : -1;
}

static bool yes(const struct rows *r, size_t row, size_t col)
{
	return slice_is(rows_get(r, row, col), "t");
}

static bool refuse(struct err *err, struct name t, const char *why)
{
	return err_set(
		err, ERR_INPUT, "\"%.*s\" cannot be changed in batches: %s", SLICE(t.name), why);
}

static bool is_suitable(const struct rows *r, struct name t, struct err *err)
{
	switch (rows_get(r, 0, KIND).len ? rows_get(r, 0, KIND).at[0] : 0) {
	case 'r':
	case 'p':
		break;
	case 'v':
		return refuse(err, t, "it is a view; name the table behind it");
	default:
		return refuse(err, t, "it is not a table");
	}
	if (yes(r, 0, HAS_CHILDREN))
		return refuse(err, t, "tables inherit from it, and its keys do not hold for them");
	return true;
}

/* Rows [from, to) of the answer are one key. */
static size_t end_of_key(const struct rows *r, size_t from)
{
	size_t to = from + 1;

	while (to < r->nrows && slice_eq(rows_get(r, to, KEY), rows_get(r, from, KEY)))
		to++;
	return to;
}

static bool fits(const struct rows *r, size_t from, size_t to, struct names wanted,
	struct names changed, bool *is_changed)
{
	for (size_t i = from; i < to; i++) {
		if (wanted.n && !names_has(wanted, rows_get(r, i, COLUMN)))
			return false;
		if (names_has(changed, rows_get(r, i, COLUMN))) {
			*is_changed = true;
			return false;
		}
	}
	return !wanted.n || wanted.n == to - from;
}

static void add_column(
	struct arena *a, struct batch_key *k, struct slice name, struct slice type, bool as_json)
{
	size_t n = k->columns.n, nread = n, ntype = n;
	struct buf b = {0};

	quote_ident(&b, DIALECT_POSTGRES, name);
	*ARENA_PUSH(a, k->sql, n) = arena_slice(a, buf_slice(&b));
	/* Dates are written as the session says: JSON's form is read under every setting. */
	*ARENA_PUSH(a, k->read, nread) = arena_printf(
		a, as_json ? "pg_catalog.to_json(%s) #>> '{}'" : "(%s)::text", buf_cstr(&b));
	*ARENA_PUSH(a, k->type, ntype) = type;
	names_add(a, &k->columns, name);
	buf_done(&b);
}

static bool by_key(const struct rows *r, struct arena *a, struct names wanted, struct names changed,
	struct batch_key *out, bool *is_changed)
{
	size_t to;

	for (size_t from = 0; from < r->nrows; from = to) {
		to = end_of_key(r, from);
		if (rows_null(r, from, KEY) || !fits(r, from, to, wanted, changed, is_changed))
			continue;
		for (size_t i = from; i < to; i++)
			add_column(a, out, rows_get(r, i, COLUMN), rows_get(r, i, TYPE),
				yes(r, i, AS_JSON));
		out->words = arena_printf(a, "%s %.*s",
			yes(r, from, IS_PRIMARY) ? "primary key" : "unique key",
			SLICE(rows_get(r, from, KEY)));
		return true;
	}
	return false;
}

static bool by_place(const struct conn *c, const struct rows *r, struct arena *a, struct name t,
	struct batch_key *out, struct err *err)
{
	if (slice_is(rows_get(r, 0, KIND), "p"))
		return refuse(err, t, "it has partitions and no key; name them one by one");
	if (c->id.version < 140000)
		return refuse(
			err, t, "it has no key, and ranges of ctid are read from version 14 on");
	out->places = true;
	out->pages = number(r, 0, PAGES);
	add_column(a, out, SL("ctid"), SL("tid"), false);
	out->sql[0] = SL("ctid");
	out->words = arena_printf(a, "ctid in file %.*s", SLICE(rows_get(r, 0, FILE_NODE)));
	return true;
}

static bool no_key(struct name t, struct names wanted, bool is_changed, struct err *err)
{
	if (wanted.n) {
		refuse(err, t,
			is_changed ? "the statement changes the key that is asked for"
				   : "no valid unique index consists of exactly the columns asked "
				     "for, "
				     "all NOT NULL");
		return err_hint(err, "Leave key= away, and belay looks for one itself.");
	}
	if (is_changed)
		return refuse(err, t,
			"the statement changes its key, and there is no other: rows would move "
			"from batch to batch");
	refuse(err, t, "it has no unique key of NOT NULL columns");
	return err_hint(err,
		"Give it a key. Or walk it by the places of its rows: \"-- belay:batched "
		"key=ctid\". That is exact as long as nobody else updates its rows meanwhile: a "
		"row that moves may be missed, or changed twice.");
}

static bool key(struct conn *c, struct arena *a, struct name table, struct names wanted,
	struct names changed, struct batch_key *out, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	struct cell param;
	bool is_changed = false;

	*out = (struct batch_key){.rows = -1};
	quote_name(&b, DIALECT_POSTGRES, table.schema, table.name);
	out->at = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	param = (struct cell){.text = out->at};
	if (!conn_query_params(c, slice_of(query_postgres_batch_key), &param, 1, a, &r, err))
		return false;
	if (r.nrows == 0)
		return refuse(err, table, "there is no such table");
	if (!is_suitable(&r, table, err))
		return false;
	out->rows = number(&r, 0, ROWS);
	if (wanted.n == 1 && slice_is(wanted.at[0], "ctid"))
		return by_place(c, &r, a, table, out, err);
	return by_key(&r, a, wanted, changed, out, &is_changed) ||
	       no_key(table, wanted, is_changed, err);
}

static void literal(struct buf *b, const struct batch_key *k, size_t column, struct slice value)
{
	quote_literal(b, DIALECT_POSTGRES, value);
	buf_printf(b, "::%.*s", SLICE(k->type[column]));
}

static bool pressure(struct conn *watcher, struct slice session, const struct batch_key *k,
	struct batch_pressure *out, struct err *err)
{
	struct cell params[2] = {{.text = session.len ? session : SL("0")}, {.text = k->at}};
	struct arena a = {0};
	struct rows r = {0};
	bool ok = conn_query_params(
		watcher, slice_of(query_postgres_batch_pressure), params, 2, &a, &r, err);

	if (ok)
		*out = (struct batch_pressure){.active = number(&r, 0, 0),
			.standbys = number(&r, 0, 1),
			.unseen = number(&r, 0, 2),
			.lag_ms = number(&r, 0, 3),
			.lag_bytes = number(&r, 0, 4),
			.waiters = number(&r, 0, 5),
			.commits = number(&r, 0, 6),
			.written = number(&r, 0, 7),
			.history = -1,
			.snapshot_ms = number(&r, 0, 8),
			.snapshot_by = number(&r, 0, 9),
			.updated = number(&r, 0, 10),
			.beside = number(&r, 0, 11)};
	arena_done(&a);
	return ok;
}

/* Without the lock it does not wait: an autovacuum is at it, or somebody changes the table.
 * TRUNCATE would want a lock that stops everybody.
 * https://www.postgresql.org/docs/current/sql-vacuum.html */
static bool clean(struct conn *c, const struct batch_key *k, bool whole, bool gently,
	enum batch_cleaned *out, struct err *err)
{
	struct cell param = {.text = k->at};
	struct arena a = {0};
	struct rows r = {0}, owner = {0};
	bool ok = !gently ||
		  conn_exec(c, SL("SET vacuum_cost_delay = 2; SET vacuum_cost_limit = 400"), err);

	ok = ok && c->ops->exec(c,
			   arena_printf(&a, "VACUUM (SKIP_LOCKED, TRUNCATE off%s) %.*s",
				   whole ? "" : ", INDEX_CLEANUP off", SLICE(k->at)),
			   &a, &r, err);
	if (ok && gently)
		ok = conn_exec(c, SL("RESET vacuum_cost_delay; RESET vacuum_cost_limit"), err);
	*out = BATCH_CLEANED;
	/* It was skipped. The reason is told in words of any language. */
	if (ok && r.nwarnings) {
		ok = conn_query_params(c,
			SL("SELECT pg_catalog.pg_has_role(relowner, 'USAGE')"
			   " FROM pg_catalog.pg_class WHERE oid = $1::regclass"),
			&param, 1, &a, &owner, err);
		*out = ok && owner.nrows && yes(&owner, 0, 0) ? BATCH_CLEAN_BUSY
							      : BATCH_CLEAN_REFUSED;
	}
	arena_done(&a);
	return ok;
}

/* https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL */
static bool behind(struct conn *replica, long long *ms, struct err *err)
{
	struct arena a = {0};
	struct rows r = {0};
	bool ok = conn_query(replica,
		SL("SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN -1"
		   " WHEN pg_catalog.pg_last_wal_receive_lsn() = "
		   "pg_catalog.pg_last_wal_replay_lsn() "
		   "THEN 0 ELSE coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - "
		   "pg_catalog.pg_last_xact_replay_timestamp()) * 1000, 0) END::bigint"),
		&a, &r, err);

	if (ok)
		*ms = number(&r, 0, 0);
	arena_done(&a);
	return ok;
}

static bool written(struct conn *c, long long *bytes, struct err *err)
{
	struct arena a = {0};
	struct rows r = {0};
	bool ok = conn_query(c,
		SL("SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), "
		   "'0/0')::bigint"),
		&a, &r, err);

	if (ok)
		*bytes = number(&r, 0, 0);
	arena_done(&a);
	return ok;
}

static bool types(struct conn *c, struct arena *a, struct name table, struct names columns,
	struct slice *out, struct err *err)
{
	struct buf b = {0};
	struct cell params[1];
	struct rows r = {0};
	bool ok;

	quote_name(&b, DIALECT_POSTGRES, table.schema, table.name);
	params[0].text = arena_slice(a, buf_slice(&b));
	params[0].null = false;
	buf_done(&b);
	ok = conn_query_params(c,
		SL("SELECT attname, pg_catalog.format_type(atttypid, atttypmod)"
		   " FROM pg_catalog.pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"),
		params, 1, a, &r, err);
	for (size_t i = 0; ok && i < columns.n; i++) {
		out[i] = SLICE_NONE;
		for (size_t k = 0; k < r.nrows; k++)
			if (slice_eq(rows_get(&r, k, 0), columns.at[i]))
				out[i] = rows_get(&r, k, 1);
	}
	return ok;
}

/* The same type written by the same session: then the same text is the same value, also where the
 * type knows no equality (json) or a generous one (citext, collations that ignore case). */
static bool same(struct buf *b, struct slice type, struct slice column, struct slice value)
{
	if (!type.len)
		return false;
	buf_printf(b,
		"%.*s::text COLLATE \"C\" IS NOT DISTINCT FROM %.*s::%.*s::text COLLATE \"C\"",
		SLICE(column), SLICE(value), SLICE(type));
	return true;
}

const struct engine_batches pg_batches = {
	.key = key,
	.literal = literal,
	.pressure = pressure,
	.turns = pg_turns,
	.clean = clean,
	.behind = behind,
	.lazily = "SET LOCAL synchronous_commit = off",
	.written = written,
	.types = types,
	.same = same,
};
