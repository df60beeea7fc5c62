/* confirm.c - asking SQLite itself, in a database in memory that reaches nothing.
 *
 * https://sqlite.org/security.html: authorizer, limits, a progress handler, defensive mode.
 * Statements are prepared, never run, but for the DDL that builds the schema. */
#include "engine/sqlite/sqlite.h"

#include "base/buf.h"
#include "sql/split.h"

#include <sqlite3.h>
#include <stdint.h>

/* Virtual machine steps that building a schema may take before it is stopped. */
#define STEPS_AT_ONCE 100000
#define STEPS_TIMES 2000

int sqlite_version(void)
{
	int n = sqlite3_libversion_number(); /* 3040001 */

	return n / 1000000 * 10000 + n / 1000 % 1000 * 100 + n % 1000;
}

static int deny(void *ctx, int action, const char *a, const char *b, const char *db, const char *by)
{
	(void)ctx, (void)a, (void)db, (void)by;
	if (action == SQLITE_ATTACH || action == SQLITE_DETACH || action == SQLITE_PRAGMA)
		return SQLITE_DENY;
	if (action == SQLITE_FUNCTION && b &&
		(slice_iis(slice_of(b), "load_extension") ||
			slice_iis(slice_of(b), "fts3_tokenizer")))
		return SQLITE_DENY;
	return SQLITE_OK;
}

static int too_many_steps(void *ctx)
{
	int *left = ctx;

	return (*left)-- <= 0;
}

static void limits(sqlite3 *db)
{
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 64 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 64 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* Untrusted, a schema could not use json_extract() in a generated column. There is nothing
	 * here that it could be trusted with: built-in functions, less the two denied, and stubs.
	 */
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
}

bool sqlite_sandbox_open(struct sqlite3 **out, struct err *err)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL) !=
		SQLITE_OK) {
		err_set(err, ERR_FAILED, "cannot open a database in memory: %s",
			db ? sqlite3_errmsg(db) : "out of memory");
		sqlite3_close(db);
		return false;
	}
	limits(db);
	sqlite3_set_authorizer(db, deny, NULL);
	*out = db;
	return true;
}

void sqlite_sandbox_close(struct sqlite3 *db)
{
	sqlite3_close(db);
}

void sqlite_sandbox_run(struct sqlite3 *db, const char *sql)
{
	sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static bool is_syntax(const char *message)
{
	struct slice m = slice_of(message);

	return slice_ends(m, "syntax error") || slice_is(m, "incomplete input") ||
	       slice_starts(m, "unrecognized token") ||
	       slice_find(m, SL(" columns assigned ")) != SIZE_MAX;
}

/* Prepares the first statement of `sql` and throws it away. */
static int prepare(sqlite3 *db, struct slice sql)
{
	sqlite3_stmt *stmt = NULL;
	int rc;

	if (sql.len > (64 << 20))
		return SQLITE_TOOBIG;
	rc = sqlite3_prepare_v3(db, sql.at, (int)sql.len, 0, &stmt, NULL);
	sqlite3_finalize(stmt);
	return rc;
}

static void complaint(sqlite3 *db, struct arena *a, struct opinion *v)
{
	int at = sqlite3_error_offset(db);

	v->ok = false;
	v->message = arena_slice(a, slice_of(sqlite3_errmsg(db)));
	v->syntax = is_syntax(sqlite3_errmsg(db));
	v->at = at < 0 ? SIZE_MAX : (size_t)at;
}

void sqlite_syntax(struct sqlite3 *db, struct slice sql, struct arena *a, struct opinion *out)
{
	*out = (struct opinion){.ok = true, .at = SIZE_MAX};
	if (prepare(db, sql) == SQLITE_OK)
		return;
	if (!is_syntax(sqlite3_errmsg(db))) {
		out->message = arena_slice(a, slice_of(sqlite3_errmsg(db)));
		return;
	}
	complaint(db, a, out);
	if (out->at == SIZE_MAX && slice_is(out->message, "incomplete input"))
		out->at = sql.len;
}

/* ---- Against a schema ---- */

static void stub_function(sqlite3_context *ctx, int n, sqlite3_value **v)
{
	(void)n, (void)v;
	sqlite3_result_null(ctx);
}

static int stub_collation(void *ctx, int na, const void *a, int nb, const void *b)
{
	(void)ctx;
	return slice_cmp(slice_n(a, (size_t)na), slice_n(b, (size_t)nb));
}

/* "no such function: x": gives it one and says true, so that the caller tries again. */
static bool add_stub(sqlite3 *db, struct arena *a, struct names *stubs)
{
	struct slice m = slice_of(sqlite3_errmsg(db)), name;
	char *cname;

	if (slice_starts(m, "no such function: ")) {
		name = slice_from(m, strlen("no such function: "));
		cname = arena_cstr(a, name);
		if (sqlite3_create_function_v2(db, cname, -1,
			    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
			    stub_function, NULL, NULL, NULL) != SQLITE_OK)
			return false;
	} else if (slice_starts(m, "no such collation sequence: ")) {
		name = slice_from(m, strlen("no such collation sequence: "));
		cname = arena_cstr(a, name);
		if (sqlite3_create_collation(db, cname, SQLITE_UTF8, NULL, stub_collation) !=
			SQLITE_OK)
			return false;
	} else {
		return false;
	}
	if (names_has(*stubs, slice_of(cname)))
		return false;
	names_add(a, stubs, slice_of(cname));
	return true;
}

static int run(sqlite3 *db, struct slice sql)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v3(db, sql.at, (int)sql.len, 0, &stmt, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		if (!stmt)
			return SQLITE_OK;
		rc = sqlite3_step(stmt);
	}
	sqlite3_finalize(stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static bool build(
	sqlite3 *db, struct slice schema, struct arena *a, struct names *stubs, struct err *err)
{
	struct splitter s;
	struct piece piece;

	splitter_init(&s, DIALECT_SQLITE, schema);
	while (splitter_next(&s, &piece)) {
		struct slice one = slice_sub(schema, piece.body_off, piece.body_len);

		if (piece.kind != PIECE_SQL || !one.len)
			continue;
		while (run(db, one) != SQLITE_OK)
			if (!add_stub(db, a, stubs))
				return err_set(err, ERR_FAILED, "cannot rebuild the schema: %s",
					sqlite3_errmsg(db));
	}
	return true;
}

bool sqlite_confirm(struct slice schema, struct slice statement, struct arena *a,
	struct opinion *out, struct err *err)
{
	sqlite3 *db = NULL;
	int left = STEPS_TIMES;
	bool ok;

	*out = (struct opinion){.ok = true, .at = SIZE_MAX};
	if (!sqlite_sandbox_open(&db, err))
		return false;
	sqlite3_progress_handler(db, STEPS_AT_ONCE, too_many_steps, &left);
	ok = build(db, schema, a, &out->stubs, err);
	if (ok)
		while (prepare(db, statement) != SQLITE_OK)
			if (!add_stub(db, a, &out->stubs)) {
				complaint(db, a, out);
				break;
			}
	sqlite_sandbox_close(db);
	return ok;
}
