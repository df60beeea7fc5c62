/* journal.c - what has been done, in the target database. */
#include "run/journal.h"

#include "engine/engine.h"
#include "sql/quote.h"
#include "sql/redact.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

struct journal {
	struct conn *conn;
	struct arena arena;
	enum direction direction;
	struct slice schema,
		prefix; /* schema "belay", prefix "" on PostgreSQL; "", "belay_" elsewhere */
	struct slice layout;
	long long run;
	struct buf sql;
	struct slice guard;
};

enum {
	JOURNAL_VERSION = 4,
	SQL_KEPT = 2000
}; /* bytes of a statement's text that the journal keeps */

void journal_place(enum dialect d, struct slice where, struct slice *schema, struct slice *prefix)
{
	if (d == DIALECT_POSTGRES) {
		*schema = where.len ? where : SL("belay");
		*prefix = SLICE_NONE;
	} else {
		*schema = SLICE_NONE;
		*prefix = where.len ? where : SL("belay_");
	}
}

/* On an open connection. A migration may say USE: on MySQL the tables are those of the database
 * that the connection was made for. */
static void place_in(
	const struct conn *c, struct slice where, struct slice *schema, struct slice *prefix)
{
	journal_place(c->id.dialect, where, schema, prefix);
	if (dialect_is_mysql(c->id.dialect))
		*schema = c->id.database;
}

/* "belay"."run" or `belay_run` */
static void table(
	struct buf *b, enum dialect d, struct slice schema, struct slice prefix, const char *name)
{
	struct buf full = {0};

	buf_add(&full, prefix);
	buf_adds(&full, name);
	quote_name(b, d, schema, buf_slice(&full));
	buf_done(&full);
}

static void own(struct journal *j, const char *name)
{
	table(&j->sql, j->conn->id.dialect, j->schema, j->prefix, name);
}

bool journal_owns(enum dialect d, struct slice where, struct slice schema, struct slice name)
{
	static const char *const tables[] = {"run", "step", "cursor", "part", "moved", "turn",
		"control", "applied", "version", "snapshot", "verified", "archive"};
	struct slice ours, prefix;

	journal_place(d, where, &ours, &prefix);
	if (d == DIALECT_POSTGRES)
		return slice_eq(schema, ours) || slice_is(schema, "belay_archive");
	if (slice_starts(name, "belay_archive"))
		return true;
	if (name.len <= prefix.len || !slice_eq(slice_sub(name, 0, prefix.len), prefix))
		return false;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (slice_is(slice_from(name, prefix.len), tables[i]))
			return true;
	return false;
}

bool journal_is_ours(enum dialect d, struct slice schema, struct slice name)
{
	return journal_owns(d, SLICE_NONE, schema, name);
}

void journal_name(struct buf *b, enum dialect d, struct slice where, const char *name)
{
	struct slice schema, prefix;

	journal_place(d, where, &schema, &prefix);
	table(b, d, schema, prefix, name);
}

/* Column types by dialect: PostgreSQL, MySQL/MariaDB, SQLite. */
static const char *type_of(enum dialect d, char what)
{
	switch (what) {
	case 'k': /* key text */
		return dialect_is_mysql(d) ? "varchar(255)" : "text";
	case 't': /* any text */
		return dialect_is_mysql(d) ? "longtext" : "text";
	case 'n':
		return d == DIALECT_SQLITE ? "integer" : "bigint";
	default: /* a moment */
		return d == DIALECT_POSTGRES ? "timestamptz"
		       : d == DIALECT_SQLITE ? "text"
					     : "datetime(3)";
	}
}

static const char *now_of(enum dialect d)
{
	switch (d) {
	case DIALECT_POSTGRES:
		return "now()";
	case DIALECT_SQLITE:
		return "(strftime('%Y-%m-%dT%H:%M:%fZ','now'))";
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
	case DIALECT_UNKNOWN:
		break;
	}
	return "now(3)";
}

/* See lease.h. */
static void lease_script(struct buf *out, struct slice schema)
{
	sqlf(out, DIALECT_POSTGRES,
		"CREATE TABLE IF NOT EXISTS %N (part text PRIMARY KEY, epoch bigint NOT NULL,"
		" owner text NOT NULL, system_id text NOT NULL, backend integer NOT NULL,"
		" backend_start timestamptz, since timestamptz NOT NULL, beat timestamptz NOT "
		"NULL);\n"
		"INSERT INTO %N SELECT p, 0, '', '', 0, NULL, '-infinity', '-infinity'"
		" FROM (VALUES ('fence'), ('heartbeat')) v(p) ON CONFLICT DO NOTHING;\n",
		schema, SL("lease"), schema, SL("lease"));
}

/* See cursor.h. */
static void cursor_script(struct buf *out, enum dialect d, struct slice schema, struct slice prefix)
{
	const char *k = type_of(d, 'k'), *t = type_of(d, 't'), *n = type_of(d, 'n');
	const char *end = dialect_is_mysql(d) ? ") CHARACTER SET utf8mb4;\n" : ");\n";

	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "cursor");
	buf_printf(out,
		" (migration %s NOT NULL, direction %s NOT NULL, statement %s NOT NULL, run %s NOT "
		"NULL, hash %s NOT NULL, key_words %s NOT NULL, last_key %s, upto %s NOT NULL,"
		" rows_seen %s NOT NULL, rows_done %s NOT NULL, ranges_done %s NOT NULL,"
		" updated %s NOT NULL, PRIMARY KEY (migration, direction, statement)%s",
		k, dialect_is_mysql(d) ? "varchar(4)" : k, n, n, k, t, t, t, n, n, n,
		type_of(d, 'm'), end);
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "moved");
	buf_printf(out,
		" (migration %s NOT NULL, direction %s NOT NULL, statement %s NOT NULL,"
		" xid %s NOT NULL%s",
		k, k, n, d == DIALECT_POSTGRES ? "xid" : n, end);
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "part");
	buf_printf(out,
		" (migration %s NOT NULL, direction %s NOT NULL, statement %s NOT NULL, part %s "
		"NOT "
		"NULL, last_key %s, upto %s NOT NULL, rows_seen %s NOT NULL, rows_done %s NOT NULL,"
		" ranges_done %s NOT NULL, finished %s NOT NULL, updated %s NOT NULL,"
		" PRIMARY KEY (migration, direction, statement, part)%s",
		k, dialect_is_mysql(d) ? "varchar(4)" : k, n, n, t, t, n, n, n, n, type_of(d, 'm'),
		end);
	if (d == DIALECT_POSTGRES) {
		buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
		table(out, d, schema, prefix, "turn");
		buf_adds(out,
			" (migration text NOT NULL, direction text NOT NULL,"
			" statement bigint NOT NULL, part bigint NOT NULL, words text NOT NULL,"
			" turns bigint NOT NULL, turn bigint NOT NULL, upto text NOT NULL,"
			" PRIMARY KEY (migration, direction, statement, part));\n");
	}
	/* See control.h. */
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "control");
	buf_printf(out,
		" (name %s NOT NULL PRIMARY KEY, value %s NOT NULL, set_by %s, set_at %s NOT "
		"NULL%s",
		dialect_is_mysql(d) ? "varchar(64)" : k, t, k, type_of(d, 'm'), end);
}

/* See snapshot.h and journal_verified(). */
static void keeping_script(
	struct buf *out, enum dialect d, struct slice schema, struct slice prefix)
{
	const char *k = type_of(d, 'k'), *t = type_of(d, 't'), *n = type_of(d, 'n');
	const char *m = type_of(d, 'm');
	const char *end = dialect_is_mysql(d) ? ") CHARACTER SET utf8mb4;\n" : ");\n";

	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "snapshot");
	buf_printf(out,
		" (run %s PRIMARY KEY, fingerprint %s NOT NULL, made %s NOT NULL, content %s%s", n,
		k, m, t, end);
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "verified");
	buf_printf(out,
		" (run %s NOT NULL, migration %s NOT NULL, query %s NOT NULL, sql_text %s NOT "
		"NULL,"
		" expected %s NOT NULL, got %s NOT NULL, state %s NOT NULL, asked %s NOT NULL%s",
		n, k, n, t, t, t, k, m, end);
}

/* See archive.h. */
static void archive_script(
	struct buf *out, enum dialect d, struct slice schema, struct slice prefix)
{
	const char *k = type_of(d, 'k'), *t = type_of(d, 't'), *n = type_of(d, 'n');
	const char *ts = type_of(d, 'm');
	const char *end = dialect_is_mysql(d) ? ") CHARACTER SET utf8mb4;\n" : ");\n";

	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "archive");
	buf_printf(out,
		" (name %s NOT NULL, ordinal %s NOT NULL, run %s NOT NULL, migration %s NOT NULL,"
		" direction %s NOT NULL, statement %s NOT NULL, hash %s NOT NULL, kind %s NOT NULL,"
		" object %s NOT NULL, table_schema %s NOT NULL, table_name %s NOT NULL,"
		" part %s NOT NULL, store_schema %s NOT NULL, store_name %s NOT NULL,"
		" kept %s, bytes %s, fingerprint %s, columns %s, can_repeat %s NOT NULL,"
		" define_sql %s, restore_sql %s, after_sql %s, state %s NOT NULL, made %s NOT NULL,"
		" restored %s, PRIMARY KEY (name, ordinal)%s",
		k, n, n, k, k, n, k, k, t, t, t, t, t, t, n, n, t, t, n, t, t, t, k, ts, ts, end);
}

void journal_script(struct buf *out, enum dialect d, struct slice where)
{
	const char *k = type_of(d, 'k'), *t = type_of(d, 't'), *n = type_of(d, 'n');
	const char *ts = type_of(d, 'm');
	/* The statements' own words are kept: the database's default may not be able to hold them.
	 */
	const char *end = dialect_is_mysql(d) ? ") CHARACTER SET utf8mb4;\n" : ");\n";
	struct slice schema, prefix;

	journal_place(d, where, &schema, &prefix);
	if (schema.len)
		sqlf(out, d, "CREATE SCHEMA IF NOT EXISTS %I;\n", schema);
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "run");
	buf_printf(out,
		" (id %s PRIMARY KEY, tool %s NOT NULL, system_id %s, database_name %s, role_name "
		"%s,"
		" host %s, pid %s, direction %s NOT NULL, state %s NOT NULL, started %s NOT NULL,"
		" finished %s%s",
		n, k, k, k, k, k, n, k, k, ts, ts, end);
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "step");
	buf_printf(out,
		" (run %s NOT NULL, ordinal %s NOT NULL, migration %s NOT NULL, direction %s NOT "
		"NULL,"
		" statement %s NOT NULL, kind %s NOT NULL, hash %s NOT NULL, state %s NOT NULL,"
		" sql_text %s, before_state %s, evidence %s, started %s NOT NULL, ms %s, error %s,"
		" PRIMARY KEY (run, ordinal)%s",
		n, n, k, k, n, k, k, k, t, t, t, ts, n, t, end);
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "applied");
	buf_printf(out,
		" (migration %s NOT NULL PRIMARY KEY, layout %s NOT NULL, checksum %s NOT NULL,"
		" rule %s NOT NULL, run %s NOT NULL, applied_at %s NOT NULL%s",
		k, k, k, n, n, ts, end);
	cursor_script(out, d, schema, prefix);
	keeping_script(out, d, schema, prefix);
	archive_script(out, d, schema, prefix);
	if (d == DIALECT_POSTGRES)
		lease_script(out, schema);
	buf_adds(out, "CREATE TABLE IF NOT EXISTS ");
	table(out, d, schema, prefix, "version");
	buf_printf(out, " (version %s NOT NULL%s", n, end);
	buf_adds(out, "INSERT INTO ");
	table(out, d, schema, prefix, "version");
	buf_printf(out, " SELECT %d WHERE NOT EXISTS (SELECT 1 FROM ", JOURNAL_VERSION);
	table(out, d, schema, prefix, "version");
	buf_adds(out, ");\n");
}

static bool exists(struct conn *c, struct slice schema, struct slice prefix, const char *what,
	bool *yes, struct err *err)
{
	struct arena a = {0};
	struct rows r = {0};
	struct slice name = arena_printf(&a, "%.*s%s", SLICE(prefix), what);
	struct cell params[2] = {{.text = name}, {.text = schema}};
	bool ok;

	switch (c->id.dialect) {
	case DIALECT_POSTGRES:
		ok = conn_query_params(c,
			SL("SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
			   " ON n.oid = c.relnamespace WHERE c.relname = $1 AND n.nspname = $2"),
			params, 2, &a, &r, err);
		break;
	case DIALECT_SQLITE:
		ok = conn_query_params(c,
			SL("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"), params,
			1, &a, &r, err);
		break;
	case DIALECT_MYSQL:
	case DIALECT_MARIADB:
	case DIALECT_UNKNOWN:
	default:
		ok = conn_query_params(c,
			SL("SELECT 1 FROM information_schema.tables"
			   " WHERE table_name = ? AND table_schema = database()"),
			params, 1, &a, &r, err);
	}
	*yes = r.nrows > 0;
	arena_done(&a);
	return ok;
}

static bool read_ledger(struct conn *c, struct slice schema, struct slice prefix, struct arena *a,
	struct ledger_row **out, size_t *n, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	buf_adds(&b, "SELECT migration, checksum FROM ");
	table(&b, c->id.dialect, schema, prefix, "applied");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	for (size_t i = 0; ok && i < r.nrows; i++) {
		struct ledger_row row = {.migration = rows_get(&r, i, 0)};
		struct slice sum = slice_sub(rows_get(&r, i, 1), 0, 64);

		memcpy(row.checksum, sum.at, sum.len);
		*ARENA_PUSH(a, *out, *n) = row;
	}
	buf_done(&b);
	return ok;
}

static enum step_state state_from(struct slice s)
{
	if (slice_is(s, "intent"))
		return STEP_INTENT;
	return slice_is(s, "done") ? STEP_DONE : STEP_FAILED;
}

static long long number(struct slice s)
{
	bool minus = s.len && s.at[0] == '-';
	unsigned long long n = 0;

	slice_u64(minus ? slice_from(s, 1) : s, &n);
	return minus ? -(long long)n : (long long)n;
}

/* Steps of migrations that were begun and are not recorded as a whole, oldest first. */
static bool read_open(struct conn *c, struct slice schema, struct slice prefix, struct arena *a,
	struct journal_entry **out, size_t *n, struct err *err)
{
	struct buf b = {0};
	struct rows r = {0};
	bool ok;

	buf_adds(&b, "SELECT run, migration, direction, statement, hash, state, sql_text, error,"
		     " started, before_state, kind, ordinal FROM ");
	table(&b, c->id.dialect, schema, prefix, "step");
	buf_adds(&b, " WHERE kind IN ('alone', 'mark') AND state IN ('intent', 'failed', 'done')"
		     " ORDER BY run, ordinal");
	ok = conn_query(c, buf_slice(&b), a, &r, err);
	for (size_t i = 0; ok && i < r.nrows; i++) {
		struct journal_entry e = {.run = number(rows_get(&r, i, 0)),
			.migration = rows_get(&r, i, 1),
			.direction = slice_is(rows_get(&r, i, 2), "up") ? DIR_UP : DIR_DOWN,
			.statement = (unsigned)number(rows_get(&r, i, 3)),
			.state = state_from(rows_get(&r, i, 5)),
			.sql = rows_get(&r, i, 6),
			.error = rows_get(&r, i, 7),
			.started = rows_get(&r, i, 8),
			.before = rows_get(&r, i, 9),
			.mark = slice_is(rows_get(&r, i, 10), "mark"),
			.ordinal = number(rows_get(&r, i, 11))};
		struct slice hash = slice_sub(rows_get(&r, i, 4), 0, 64);

		memcpy(e.hash, hash.at, hash.len);
		*ARENA_PUSH(a, *out, *n) = e;
	}
	buf_done(&b);
	return ok;
}

bool journal_read(struct conn *c, struct slice where, struct arena *a, bool *found,
	struct ledger_row **ledger, size_t *nledger, struct journal_entry **open_steps,
	size_t *nopen, struct err *err)
{
	struct slice schema, prefix;

	place_in(c, where, &schema, &prefix);
	if (!exists(c, schema, prefix, "applied", found, err))
		return false;
	if (!*found)
		return true;
	return read_ledger(c, schema, prefix, a, ledger, nledger, err) &&
	       read_open(c, schema, prefix, a, open_steps, nopen, err);
}

static bool run_sql(struct journal *j, struct err *err)
{
	bool ok = conn_exec(j->conn, buf_slice(&j->sql), err);

	buf_clear(&j->sql);
	return ok;
}

static bool begin_run(struct journal *j, struct err *err)
{
	const struct conn_identity *id = &j->conn->id;
	enum dialect d = id->dialect;
	struct rows r = {0};
	unsigned long long last = 0;
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	buf_adds(&j->sql, "SELECT coalesce(max(id), 0) FROM ");
	own(j, "run");
	if (!conn_query(j->conn, buf_slice(&j->sql), &j->arena, &r, err))
		return false;
	buf_clear(&j->sql);
	slice_u64(rows_get(&r, 0, 0), &last);
	j->run = (long long)last + 1;
	buf_adds(&j->sql, "INSERT INTO ");
	own(j, "run");
	sqlf(&j->sql, d,
		" (id, tool, system_id, database_name, role_name, host, pid, direction, state, "
		"started)"
		" VALUES (%lld, %L, %L, %L, %L, %L, %d, %L, 'running', %s)",
		j->run, SL("belay " BELAY_VERSION), id->system, id->database, id->role,
		slice_of(host), (int)getpid(), j->direction == DIR_UP ? SL("up") : SL("down"),
		slice_of(now_of(d)));
	return run_sql(j, err);
}

/* The journal of a newer belay may mean what we would misread. */
static bool version_is_known(struct slice version, struct err *err)
{
	if (number(version) <= JOURNAL_VERSION)
		return true;
	err_set(err, ERR_REFUSED,
		"belay's journal in this database was written by a newer belay: its version is "
		"%.*s, "
		"and this one knows %d",
		SLICE(version), JOURNAL_VERSION);
	return err_hint(err, "Use that belay, or a newer one.");
}

/* What an older belay made lacks what it did not know. IF NOT EXISTS is no protection against
 * somebody who does the same at this moment. */
static bool add_missing(struct journal *j, struct slice where, bool raise, struct err *err)
{
	enum dialect d = j->conn->id.dialect;

	buf_clear(&j->sql);
	if (d == DIALECT_POSTGRES)
		buf_adds(&j->sql, "SELECT pg_catalog.pg_advisory_xact_lock(7089266147110);\n");
	journal_script(&j->sql, d, where);
	if (raise) {
		buf_adds(&j->sql, "UPDATE ");
		own(j, "version");
		buf_printf(&j->sql, " SET version = %d WHERE version < %d;\n", JOURNAL_VERSION,
			JOURNAL_VERSION);
	}
	if (run_sql(j, err))
		return true;
	err_context(err, "making belay's journal");
	return err_hint(err, "A role that may create it can run what `belay init --journal` "
			     "prints.");
}

bool journal_make(struct conn *c, struct slice where, struct err *err)
{
	struct journal j = {.conn = c};
	struct rows r = {0};
	bool found, ok;

	place_in(c, where, &j.schema, &j.prefix);
	ok = exists(c, j.schema, j.prefix, "version", &found, err);
	if (ok && found) {
		buf_adds(&j.sql, "SELECT max(version)");
		if (c->id.dialect == DIALECT_POSTGRES)
			sqlf(&j.sql, c->id.dialect,
				", (SELECT count(*) FROM pg_catalog.pg_class c"
				" JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
				" WHERE c.relname = 'turn' AND n.nspname = %L)",
				j.schema);
		buf_adds(&j.sql, " FROM ");
		own(&j, "version");
		ok = conn_query(c, buf_slice(&j.sql), &j.arena, &r, err) &&
		     (rows_null(&r, 0, 0) || version_is_known(rows_get(&r, 0, 0), err));
		if (ok && number(rows_get(&r, 0, 0)) < JOURNAL_VERSION)
			ok = add_missing(&j, where, true, err);
		else if (ok && r.ncols > 1 && number(rows_get(&r, 0, 1)) == 0)
			ok = add_missing(&j, where, false, err);
	} else if (ok) {
		ok = add_missing(&j, where, false, err);
	}
	buf_done(&j.sql);
	arena_done(&j.arena);
	return ok;
}

bool journal_open(struct journal **out, struct conn *c, struct slice where, enum direction d,
	const char *layout, struct err *err)
{
	struct journal *j;

	if (!journal_make(c, where, err))
		return false;
	j = mem_alloc(sizeof *j);
	j->conn = c;
	j->direction = d;
	j->layout = slice_of(layout);
	place_in(c, where, &j->schema, &j->prefix);
	if (!begin_run(j, err)) {
		journal_close(j);
		return false;
	}
	*out = j;
	return true;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	buf_done(&j->sql);
	arena_done(&j->arena);
	free(j);
}

bool journal_has(struct conn *c, struct slice where, const char *name, bool *yes, struct err *err)
{
	struct slice schema, prefix;

	journal_place(c->id.dialect, where, &schema, &prefix);
	return exists(c, schema, prefix, name, yes, err);
}

void journal_table_at(struct buf *b, enum dialect d, struct slice where, const char *name)
{
	struct slice schema, prefix;

	journal_place(d, where, &schema, &prefix);
	table(b, d, schema, prefix, name);
}

void journal_table(struct journal *j, struct buf *b, const char *name)
{
	table(b, j->conn->id.dialect, j->schema, j->prefix, name);
}

long long journal_run(const struct journal *j)
{
	return j->run;
}

const char *journal_now(enum dialect d)
{
	return now_of(d);
}

static void guard(struct journal *j)
{
	if (j->guard.len)
		buf_printf(&j->sql, "%.*s; ", SLICE(j->guard));
}

void journal_guard(struct journal *j, struct slice words)
{
	j->guard = words;
}

void journal_use(struct journal *j, struct conn *c)
{
	j->conn = c;
}

static void step_values(struct journal *j, const struct step *s, const char *kind,
	const char *state, struct slice before, long long ms)
{
	enum dialect d = j->conn->id.dialect;
	struct slice all = step_shown(s);
	struct slice sql = slice_sub(redact_sql(&j->arena, d, all), 0, SQL_KEPT);

	while (sql.len && sql.len < all.len && ((unsigned char)sql.at[sql.len - 1] & 0xC0) == 0x80)
		sql.len--; /* not in the middle of a character */
	if (sql.len && sql.len < all.len && (unsigned char)sql.at[sql.len - 1] >= 0xC0)
		sql.len--;
	sqlf(&j->sql, d, "(%lld, %lld, %L, %L, %d, %L, %L, %L, %L, %L, %s, ", j->run,
		(long long)s->serial, s->migration->id,
		s->direction == DIR_UP ? SL("up") : SL("down"), (int)s->ordinal, slice_of(kind),
		slice_of(s->hash), slice_of(state), sql, before, slice_of(now_of(d)));
	if (ms >= 0)
		buf_printf(&j->sql, "%lld)", ms);
	else
		buf_adds(&j->sql, "NULL)");
}

static void step_insert(struct journal *j)
{
	buf_adds(&j->sql, "INSERT INTO ");
	own(j, "step");
	buf_adds(&j->sql, " (run, ordinal, migration, direction, statement, kind, hash, state,"
			  " sql_text, before_state, started, ms) VALUES ");
}

bool journal_mark(struct journal *j, const struct migration *m, enum direction d, size_t index,
	struct err *err)
{
	enum dialect q = j->conn->id.dialect;

	/* Ordinals below zero: the plan's own begin at 0. */
	step_insert(j);
	sqlf(&j->sql, q, "(%lld, %lld, %L, %L, 0, 'mark', '', 'intent', '', '', %s, NULL)", j->run,
		-1 - (long long)index, m->id, d == DIR_UP ? SL("up") : SL("down"),
		slice_of(now_of(q)));
	return run_sql(j, err);
}

bool journal_intent(struct journal *j, const struct step *s, struct slice before, struct err *err)
{
	guard(j);
	step_insert(j);
	step_values(j, s, "alone", "intent", before, -1);
	return run_sql(j, err);
}

bool journal_done_alone(struct journal *j, const struct step *s, long long ms, struct err *err)
{
	step_insert(j);
	step_values(j, s, "alone", "done", SLICE_NONE, ms);
	return run_sql(j, err);
}

bool journal_settle(struct journal *j, const struct journal_entry *e, enum step_state state,
	struct slice evidence, struct err *err)
{
	guard(j);
	buf_adds(&j->sql, "UPDATE ");
	own(j, "step");
	sqlf(&j->sql, j->conn->id.dialect,
		" SET state = %L, evidence = %L WHERE run = %lld AND ordinal = %lld",
		state == STEP_DONE ? SL("done") : SL("failed"), evidence, e->run, e->ordinal);
	return run_sql(j, err);
}

static bool settle(struct journal *j, const struct step *s, const char *state, long long ms,
	const char *message, struct err *err)
{
	enum dialect d = j->conn->id.dialect;

	guard(j);
	buf_adds(&j->sql, "UPDATE ");
	own(j, "step");
	sqlf(&j->sql, d, " SET state = %L, ms = %lld", slice_of(state), ms);
	if (message)
		sqlf(&j->sql, d, ", error = %L", slice_of(message));
	sqlf(&j->sql, d, " WHERE run = %lld AND ordinal = %lld", j->run, (long long)s->serial);
	return run_sql(j, err);
}

bool journal_done(struct journal *j, const struct step *s, long long ms, struct err *err)
{
	return settle(j, s, "done", ms, NULL, err);
}

bool journal_failed(struct journal *j, const struct step *s, const char *message, struct err *err)
{
	return settle(j, s, "failed", 0, message, err);
}

bool journal_halfway(struct journal *j, const struct step *s, const char *message, struct err *err)
{
	return settle(j, s, "intent", 0, message, err);
}

bool journal_done_in_tx(struct journal *j, const struct step *const *steps, const long long *ms,
	size_t n, struct err *err)
{
	enum { AT_ONCE = 1000 }; /* servers keep many times a message's size while they read it */

	for (size_t from = 0; from < n; from += AT_ONCE) {
		step_insert(j);
		for (size_t i = from; i < n && i < from + AT_ONCE; i++) {
			if (i > from)
				buf_adds(&j->sql, ", ");
			step_values(j, steps[i], "transaction", "done", SLICE_NONE, ms[i]);
		}
		if (!run_sql(j, err))
			return false;
	}
	return true;
}

static bool close_open_steps(struct journal *j, const struct migration *m, struct err *err)
{
	static const char *const walks[] = {"cursor", "part", "moved", "turn"};
	size_t n = j->conn->id.dialect == DIALECT_POSTGRES ? 4 : 3;

	buf_adds(&j->sql, "UPDATE ");
	own(j, "step");
	sqlf(&j->sql, j->conn->id.dialect,
		" SET state = 'recorded' WHERE migration = %L AND kind IN ('alone', 'mark')"
		" AND state <> 'recorded'",
		m->id);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&j->sql, "; DELETE FROM ");
		own(j, walks[i]);
		sqlf(&j->sql, j->conn->id.dialect, " WHERE migration = %L", m->id);
	}
	return run_sql(j, err);
}

bool journal_applied(struct journal *j, const struct migration *m, enum direction d,
	bool close_steps, struct err *err)
{
	enum dialect dialect = j->conn->id.dialect;

	if (close_steps && !close_open_steps(j, m, err))
		return false;
	if (d == DIR_DOWN || dialect != DIALECT_POSTGRES) {
		buf_adds(&j->sql, "DELETE FROM ");
		own(j, "applied");
		sqlf(&j->sql, dialect, " WHERE migration = %L", m->id);
		if (!run_sql(j, err))
			return false;
	}
	if (d == DIR_DOWN)
		return true;
	buf_adds(&j->sql, "INSERT INTO ");
	own(j, "applied");
	sqlf(&j->sql, dialect,
		" (migration, layout, checksum, rule, run, applied_at)"
		" VALUES (%L, %L, %L, 1, %lld, %s)",
		m->id, j->layout, slice_of(m->checksum), j->run, slice_of(now_of(dialect)));
	/* One statement where one will do: this is sent for every migration. */
	if (dialect == DIALECT_POSTGRES)
		buf_adds(&j->sql, " ON CONFLICT (migration) DO UPDATE SET layout = EXCLUDED.layout,"
				  " checksum = EXCLUDED.checksum, rule = EXCLUDED.rule,"
				  " run = EXCLUDED.run, applied_at = EXCLUDED.applied_at");
	return run_sql(j, err);
}

bool journal_finish(struct journal *j, const char *state, struct err *err)
{
	enum dialect d = j->conn->id.dialect;

	buf_adds(&j->sql, "UPDATE ");
	own(j, "run");
	sqlf(&j->sql, d, " SET state = %L, finished = %s WHERE id = %lld", slice_of(state),
		slice_of(now_of(d)), j->run);
	return run_sql(j, err);
}

bool journal_runner_died(struct conn *c, struct slice where, struct arena *a)
{
	struct slice schema, prefix, pid;
	struct err ignored = {0};
	struct rows r = {0};
	unsigned long long n = 0;
	char host[256] = "";
	struct buf b = {0};
	bool ok;

	gethostname(host, sizeof host - 1);
	place_in(c, where, &schema, &prefix);
	buf_adds(&b, "SELECT host, pid, state FROM ");
	table(&b, c->id.dialect, schema, prefix, "run");
	buf_adds(&b, " ORDER BY id DESC LIMIT 1");
	ok = conn_query(c, buf_slice(&b), a, &r, &ignored) && r.nrows == 1 &&
	     slice_is(rows_get(&r, 0, 0), host) && slice_is(rows_get(&r, 0, 2), "running");
	err_done(&ignored);
	buf_done(&b);
	pid = ok ? rows_get(&r, 0, 1) : SLICE_NONE;
	return ok && slice_u64(pid, &n) && n > 0 && n < INT_MAX && kill((pid_t)n, 0) != 0 &&
	       errno == ESRCH;
}
