/* prisma.c - prisma/migrations/<time>_<name>/migration.sql, forward only.
 *
 * The script goes as one message. History is a log: a row is put in when a migration starts and
 * completed when it has run; one that is neither finished nor rolled back stops every later run.
 * A down.sql made by hand is ignored by the tool and used by belay. */
#include "layout/internal.h"

#include "base/digest.h"
#include "sql/quote.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static const long long prisma_key = 72707369;

static bool is_file_in(struct peeks *k, const char *dir, const char *name)
{
	return io_is_file(io_join(k->a, k->root, path_in(k->a, dir, name)));
}

static int prisma_detect(struct peeks *k, const char *given, const char **dir)
{
	const struct entry *v;
	size_t n, found = 0, timed = 0;

	*dir = given;
	files_peek(k, given, &v, &n);
	for (size_t i = 0; i < n; i++) {
		if (!v[i].dir || !is_file_in(k, v[i].path, "migration.sql"))
			continue;
		found++;
		timed += count_digits(slice_of(v[i].name)) == 14;
	}
	if (!found)
		return 0;
	if (is_file_in(k, given, "migration_lock.toml"))
		return 100;
	return timed ? 90 : 50;
}

static void take_dir(struct project *p, const struct entry *e)
{
	struct slice s = slice_of(e->name);
	size_t digits = count_digits(s);
	const char *sql = path_in(p->arena, e->path, "migration.sql");
	const char *down = path_in(p->arena, e->path, "down.sql");
	const char *verify = path_in(p->arena, e->path, "verify.sql");
	struct migration *m;

	if (!file_there(p, sql)) {
		bool dir = io_is_dir(io_join(p->arena, p->root, sql));

		if (dir || digits == 14)
			problem(p, true, "not-a-migration", e->path, NOWHERE, "%s",
				dir ? "migration.sql is a directory"
				    : "this has no migration.sql; Prisma refuses to go on");
		return;
	}
	m = migration_add(p, s, s,
		digits && digits < s.len && s.at[digits] == '_' ? slice_from(s, digits + 1) : s,
		sql);
	m->up = part_all(files_load(p, sql), TX_MODE_BATCH);
	if (file_there(p, down))
		m->down = part_all(files_load(p, down), TX_MODE_BATCH);
	if (file_there(p, verify))
		m->verify = part_all(files_load(p, verify), TX_MODE_NONE);
}

static void take_entry(struct project *p, const struct entry *e, void *ctx)
{
	(void)ctx;
	if (e->dir)
		take_dir(p, e);
	else if (slice_ends(slice_of(e->name), ".sql"))
		problem(p, false, "not-a-migration", e->path, NOWHERE,
			"this is not a migration: Prisma wants a folder with a migration.sql");
}

static bool prisma_read(struct project *p, struct err *err)
{
	(void)err;
	files_each(p, take_entry, NULL);
	attach_verify(p);
	migrations_finish(p, by_version_text, FINISH_DUPLICATES);
	return true;
}

static bool prisma_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = next_version(p, a, 14), words = slug(a, name, '_');
	const char *dir = path_in(a, p->ndirs ? p->dirs[0] : "prisma/migrations",
		arena_printf(a, "%.*s_%.*s", SLICE(version), SLICE(words)).at);

	(void)err;
	*files = NULL;
	*n = 0;
	new_file_add(a, files, n, path_in(a, dir, "migration.sql"), with_newline(a, up));
	if (down.len)
		new_file_add(a, files, n, path_in(a, dir, "down.sql"), with_newline(a, down));
	return true;
}

/* ---- History ---- */

/* The tool accepts the file with either line end. */
static bool same_checksum(const struct migration *m, struct slice recorded)
{
	struct slice text = m->up.src ? m->up.src->text : SLICE_NONE, line;
	struct buf lf = {0}, crlf = {0};
	char x[65], y[65];

	if (slice_is(recorded, m->checksum))
		return true;
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\r' && i + 1 < text.len && text.at[i + 1] == '\n')
			continue;
		if (text.at[i] == '\n')
			buf_addc(&crlf, '\r');
		buf_addc(&lf, text.at[i]);
		buf_addc(&crlf, text.at[i]);
	}
	(void)line;
	digest_sha256_hex(buf_slice(&lf), x);
	digest_sha256_hex(buf_slice(&crlf), y);
	buf_done(&lf);
	buf_done(&crlf);
	return slice_is(recorded, x) || slice_is(recorded, y);
}

static struct history_row *row_for(struct arena *a, struct history *h, struct slice id)
{
	for (size_t i = 0; i < h->n; i++)
		if (slice_eq(h->at[i].id, id))
			return &h->at[i];
	return history_add(a, h, id, STATE_PENDING);
}

/* Several rows of one name are normal (rolled back, then done): done wins, then failed. */
static void take_row(const struct project *p, struct arena *a, struct history *out,
	const struct rows *r, size_t i)
{
	struct history_row *row = row_for(a, out, rows_get(r, i, 0));
	const struct migration *m = migration_by_id(p, row->id);
	bool finished = !rows_null(r, i, 2), rolled_back = !rows_null(r, i, 3);

	if (finished && !rolled_back) {
		row->state = STATE_APPLIED;
		row->applied_at = rows_get(r, i, 2);
		row->note = SLICE_NONE;
		row->edited = m && !same_checksum(m, rows_get(r, i, 1));
	} else if (!finished && !rolled_back && row->state != STATE_APPLIED) {
		row->state = STATE_FAILED;
		row->note = rows_null(r, i, 4) ? SL("started and not finished") : rows_get(r, i, 4);
	}
}

static bool prisma_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {
		"id", "checksum", "finished_at", "migration_name", "logs", "rolled_back_at", NULL};
	struct table_name t = history_table(p);
	struct slice text = text_type(c->id.dialect);
	struct rows r = {0};
	size_t keep = 0;

	if (!history_rows(p, c, a, needs, out, &r, err,
		    "SELECT migration_name, checksum, CAST(finished_at AS %s),"
		    " CAST(rolled_back_at AS %s), logs FROM %N ORDER BY started_at, migration_name",
		    text, text, t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		take_row(p, a, out, &r, i);
	for (size_t i = 0; i < out->n; i++) /* only rolled back: as if it had never been */
		if (out->at[i].state != STATE_PENDING)
			out->at[keep++] = out->at[i];
	out->n = keep;
	return true;
}

static bool prisma_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);

	if (dialect_is_mysql(c->id.dialect))
		return conn_execf(c, err,
			"CREATE TABLE IF NOT EXISTS %N ("
			" id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL,"
			" finished_at DATETIME(3), migration_name VARCHAR(255) NOT NULL, logs TEXT,"
			" rolled_back_at DATETIME(3),"
			" started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),"
			" applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0)"
			" DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci",
			t.schema, t.name);
	if (c->id.dialect == DIALECT_SQLITE)
		return conn_execf(c, err,
			"CREATE TABLE IF NOT EXISTS %N ("
			" \"id\" TEXT PRIMARY KEY NOT NULL, \"checksum\" TEXT NOT NULL,"
			" \"finished_at\" DATETIME, \"migration_name\" TEXT NOT NULL, \"logs\" "
			"TEXT,"
			" \"rolled_back_at\" DATETIME,"
			" \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp,"
			" \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0)",
			t.schema, t.name);
	return conn_execf(c, err,
		"CREATE TABLE IF NOT EXISTS %N ("
		" id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL,"
		" finished_at TIMESTAMPTZ, migration_name VARCHAR(255) NOT NULL, logs TEXT,"
		" rolled_back_at TIMESTAMPTZ, started_at TIMESTAMPTZ NOT NULL DEFAULT now(),"
		" applied_steps_count INTEGER NOT NULL DEFAULT 0)",
		t.schema, t.name);
}

static bool make_uuid(char out[37], struct err *err)
{
	unsigned char b[16];

	if (getentropy(b, sizeof b))
		return err_errno(err, "read", "the system's random numbers");
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		b[13], b[14], b[15]);
	return true;
}

/* SQLite: the engine keeps its times as milliseconds. MySQL's are in UTC. */
static struct slice prisma_now(enum dialect d)
{
	if (d == DIALECT_SQLITE)
		return SL("CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)");
	return dialect_is_mysql(d) ? SL("UTC_TIMESTAMP(3)") : SL("now()");
}

static struct slice from_nothing(enum dialect d)
{
	return dialect_is_mysql(d) ? SL(" FROM DUAL") : SLICE_NONE;
}

/* Started, unless it is so already: a second attempt goes on with the row of the first. */
static bool prisma_begin(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, struct err *err)
{
	struct table_name t = history_table(p);
	enum dialect q = c->id.dialect;
	char id[37];

	if (d == DIR_DOWN)
		return true;
	if (!make_uuid(id, err))
		return false;
	return conn_execf(c, err,
		"INSERT INTO %N (id, checksum, migration_name, started_at)"
		" SELECT %L, %L, %L, %s%s WHERE NOT EXISTS (SELECT 1 FROM %N"
		" WHERE migration_name = %L AND rolled_back_at IS NULL)",
		t.schema, t.name, slice_of(id), slice_of(m->checksum), m->id, prisma_now(q),
		from_nothing(q), t.schema, t.name, m->id);
}

static bool prisma_finish(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	struct table_name t = history_table(p);
	enum dialect q = c->id.dialect;

	(void)ms;
	if (d == DIR_DOWN)
		return conn_execf(c, err,
			"UPDATE %N SET rolled_back_at = %s"
			" WHERE migration_name = %L AND rolled_back_at IS NULL",
			t.schema, t.name, prisma_now(q), m->id);
	if (!prisma_begin(p, c, m, d, err))
		return false;
	return conn_execf(c, err,
		"UPDATE %N SET finished_at = %s, applied_steps_count = 1, checksum = %L,"
		" logs = NULL"
		" WHERE migration_name = %L AND finished_at IS NULL AND rolled_back_at IS NULL",
		t.schema, t.name, prisma_now(q), slice_of(m->checksum), m->id);
}

static bool prisma_failed(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, const char *message, struct err *err)
{
	struct table_name t = history_table(p);

	if (d == DIR_DOWN)
		return true;
	return conn_execf(c, err,
		"UPDATE %N SET logs = %L"
		" WHERE migration_name = %L AND finished_at IS NULL AND rolled_back_at IS NULL",
		t.schema, t.name, slice_of(message), m->id);
}

static bool prisma_lock(const struct project *p, const struct conn *c, struct arena *a,
	struct slice *sql_try, struct slice *sql_unlock)
{
	(void)p;
	*sql_unlock = SLICE_NONE;
	if (dialect_is_mysql(c->id.dialect)) {
		mysql_try_name(a, SL("prisma_migrate"), sql_try, sql_unlock);
		return true;
	}
	if (c->id.dialect != DIALECT_POSTGRES)
		return false;
	pg_try_keys(a, &prisma_key, 1, sql_try);
	return true;
}

static bool prisma_forget(const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	struct table_name t = history_table(p);

	return conn_execf(c, err, "DELETE FROM %N WHERE migration_name = %L", t.schema, t.name, id);
}

static bool prisma_accept(
	const struct project *p, struct conn *c, const struct migration *m, struct err *err)
{
	struct table_name t = history_table(p);

	return conn_execf(c, err,
		"UPDATE %N SET checksum = %L WHERE migration_name = %L AND rolled_back_at IS NULL",
		t.schema, t.name, slice_of(m->checksum), m->id);
}

const struct layout layout_prisma = {
	.name = "prisma",
	.title = "Prisma Migrate (prisma/migrations/TIME_name/migration.sql)",
	.table = "_prisma_migrations",
	.detect = prisma_detect,
	.read = prisma_read,
	.new_files = prisma_new_files,
	.history_read = prisma_history,
	.history_create = prisma_create,
	.history_begin = prisma_begin,
	.history_finish = prisma_finish,
	.history_forget = prisma_forget,
	.history_accept = prisma_accept,
	.history_failed = prisma_failed,
	.lock_sql = prisma_lock,
};
