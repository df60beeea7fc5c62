/* conn.c - one open SQLite file.
 *
 * Waiting for another process's lock and long statements both go through the waiter: our own busy
 * handler sleeps in small steps (SQLite's grow to 100 ms), a progress handler looks at the clock
 * every few thousand steps of the virtual machine. https://sqlite.org/c3ref/busy_handler.html */
#include "engine/sqlite/conn.h"

#include "base/buf.h"
#include "base/io.h"
#include "sql/token.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_STEPS 4000
#define BUSY_DEFAULT_MS 5000

/* ---- Waiting ---- */

/* Gives the waiter its turn; false when the call must stop. */
static bool take_turn(struct sqlite_conn *c)
{
	long long now = io_now_ms();
	int every = c->base.waiter.interval_ms > 0 ? c->base.waiter.interval_ms : 100;

	if (c->stopped)
		return false;
	if (!c->base.waiter.tick || now - c->ticked < every)
		return true;
	c->ticked = now;
	c->stopped = !c->base.waiter.tick(c->base.waiter.ctx, now - c->started);
	return !c->stopped;
}

static int on_progress(void *ctx)
{
	return !take_turn(ctx);
}

static int on_busy(void *ctx, int count)
{
	static const int steps[] = {1, 2, 5, 10, 15, 20, 25};
	struct sqlite_conn *c = ctx;
	long long now = io_now_ms(), left;
	int ms = steps[count < 6 ? count : 6];

	if (count == 0)
		c->busy_since = now;
	left = c->busy_ms - (now - c->busy_since);
	if (left <= 0 || !take_turn(c))
		return 0;
	sqlite3_sleep(left < ms ? (int)left : ms);
	return 1;
}

/* ---- Errors ---- */

static bool busy_error(struct sqlite_conn *c, struct err *err)
{
	long long waited = c->busy_since ? io_now_ms() - c->busy_since : 0;

	err_set(err, ERR_BLOCKED, "%s: another connection is writing to \"%s\" (waited %lld ms)",
		sqlite3_errmsg(c->db), c->path, waited);
	return err_hint(err, "Nothing of this statement was done. Run the command again when the "
			     "other program has finished its transaction.");
}

/* What the application adds to SQLite on its own connections, belay's connections do not have. */
static void hint_at_application(const char *message, struct err *err)
{
	static const struct {
		const char *start, *word;
	} missing[] = {
		{"no such function: ", "function"},
		{"no such collation sequence: ", "collation"},
		{"no such module: ", "module"},
	};

	for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
		if (slice_starts(slice_of(message), missing[i].start))
			err_hint(err,
				"SQLite itself has no such %s: if the application registers it on "
				"its own connections, only the application can run this statement.",
				missing[i].word);
}

bool sqlite_error(struct conn *base, int rc, struct err *err)
{
	struct sqlite_conn *c = sqlite_conn_of(base);
	int kind = rc & 0xff;

	if (err_is(err))
		return false;
	if (kind == SQLITE_INTERRUPT || c->stopped)
		err_set(err, ERR_INTERRUPTED, "interrupted");
	else if (kind == SQLITE_BUSY || kind == SQLITE_LOCKED)
		busy_error(c, err);
	else if (kind == SQLITE_CANTOPEN || kind == SQLITE_NOTADB)
		err_set(err, ERR_CONNECT, "cannot use \"%s\": %s", c->path, sqlite3_errmsg(c->db));
	else if (sqlite3_extended_errcode(c->db) == SQLITE_READONLY_DBMOVED)
		err_set(err, ERR_CONNECT,
			"the connection leads somewhere else now: another file, or none, is at "
			"\"%s\"; nothing more was written there",
			c->path);
	else if (kind == SQLITE_AUTH)
		err_set(err, ERR_FAILED, "refused in a scratch database: %s",
			sqlite3_errmsg(c->db));
	else
		err_set(err, ERR_FAILED, "%s", sqlite3_errmsg(c->db));
	hint_at_application(sqlite3_errmsg(c->db), err);
	err->native = sqlite3_extended_errcode(c->db);
	if (sqlite3_error_offset(c->db) >= 0)
		err->sql_offset = (size_t)sqlite3_error_offset(c->db) + 1 + c->text_offset;
	return false;
}

/* ---- Running ---- */

static void take_cell(sqlite3_stmt *stmt, int i, struct arena *a, struct cell *out)
{
	int type = sqlite3_column_type(stmt, i);
	const void *at;

	*out = (struct cell){.null = type == SQLITE_NULL};
	if (out->null)
		return;
	at = type == SQLITE_BLOB ? sqlite3_column_blob(stmt, i)
				 : (const void *)sqlite3_column_text(stmt, i);
	out->text = arena_slice(a, slice_n(at, (size_t)sqlite3_column_bytes(stmt, i)));
}

static void take_row(sqlite3_stmt *stmt, struct arena *a, struct rows *out, size_t *cap)
{
	size_t n = out->nrows * out->ncols;

	if (n + out->ncols > *cap) {
		size_t more = *cap ? *cap * 2 : 64;
		struct cell *grown;

		while (more < n + out->ncols)
			more *= 2;
		grown = ARENA_ARRAY(a, more, struct cell);
		if (n)
			memcpy(grown, out->cells, n * sizeof *grown);
		out->cells = grown;
		*cap = more;
	}
	for (size_t i = 0; i < out->ncols; i++)
		take_cell(stmt, (int)i, a, &out->cells[n + i]);
	out->nrows++;
}

static void take_columns(sqlite3_stmt *stmt, struct arena *a, struct rows *out)
{
	out->ncols = (size_t)sqlite3_column_count(stmt);
	out->nrows = 0;
	out->cells = NULL;
	out->names = ARENA_ARRAY(a, out->ncols, struct slice);
	for (size_t i = 0; i < out->ncols; i++)
		out->names[i] = arena_slice(a, slice_of(sqlite3_column_name(stmt, (int)i)));
}

static void warn(struct arena *a, struct rows *out, const char *text)
{
	if (a && out)
		*ARENA_PUSH(a, out->warnings, out->nwarnings) = slice_of(text);
}

/* SQLite passes over these without a word. */
static void warn_about(struct sqlite_conn *c, struct slice sql, struct arena *a, struct rows *out)
{
	struct lexer l;
	struct token name;

	lexer_init(&l, DIALECT_SQLITE, sql);
	if (!token_is(lexer_next(&l), "PRAGMA"))
		return;
	name = lexer_next(&l);
	if (lexer_next(&l).kind != TOKEN_PUNCT || sqlite3_get_autocommit(c->db))
		return;
	if (token_is(name, "foreign_keys"))
		warn(a, out, "PRAGMA foreign_keys has no effect inside a transaction");
}

/* PRAGMA busy_timeout = n puts SQLite's handler in place of ours: take the number, and come back.
 */
static void keep_busy_handler(struct sqlite_conn *c, struct slice sql)
{
	sqlite3_stmt *stmt = NULL;

	if (slice_ifind(sql, SL("busy_timeout")) == SIZE_MAX)
		return;
	if (sqlite3_prepare_v2(c->db, "PRAGMA busy_timeout", -1, &stmt, NULL) == SQLITE_OK &&
		sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_int64(stmt, 0) > 0)
		c->busy_ms = sqlite3_column_int64(stmt, 0);
	else
		c->busy_ms = 0;
	sqlite3_finalize(stmt);
	sqlite3_busy_handler(c->db, on_busy, c);
}

static bool bind(sqlite3_stmt *stmt, const struct cell *params, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int rc = params[i].null
				 ? sqlite3_bind_null(stmt, (int)i + 1)
				 : sqlite3_bind_text64(stmt, (int)i + 1,
					   params[i].text.at ? params[i].text.at : "",
					   params[i].text.len, SQLITE_TRANSIENT, SQLITE_UTF8);

		if (rc != SQLITE_OK)
			return false;
	}
	return true;
}

/* Steps one prepared statement to its end; rows are kept when `keep`. */
static bool step_all(struct sqlite_conn *c, sqlite3_stmt *stmt, bool keep, struct arena *a,
	struct rows *out, struct err *err)
{
	size_t cap = 0;
	int rc;

	if (keep)
		take_columns(stmt, a, out);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
		if (keep)
			take_row(stmt, a, out, &cap);
	return rc == SQLITE_DONE || sqlite_error(&c->base, rc, err);
}

struct run {
	const struct cell *params;
	size_t nparams;
	bool keep_rows;
	struct arena *a;
	struct rows *out;
};

/* Runs the first statement of *sql and moves *sql behind it. */
static bool run_first(
	struct sqlite_conn *c, struct slice *sql, const struct run *r, struct err *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *tail = NULL;
	struct slice text;
	sqlite3_int64 before = sqlite3_total_changes64(c->db);
	int rc = sqlite3_prepare_v3(c->db, sql->at, (int)sql->len, 0, &stmt, &tail);
	bool ok;

	if (rc != SQLITE_OK)
		return sqlite_error(&c->base, rc, err);
	text = slice_n(sql->at, (size_t)(tail - sql->at));
	*sql = slice_from(*sql, text.len);
	c->text_offset += text.len;
	if (!stmt) /* blanks and comments */
		return true;
	if (c->watch)
		watch_statement(c, text);
	warn_about(c, text, r->a, r->out);
	ok = bind(stmt, r->params, r->nparams) || sqlite_error(&c->base, SQLITE_RANGE, err);
	ok = ok && step_all(c, stmt, r->keep_rows, r->a, r->out, err);
	if (ok && r->out)
		r->out->statements++;
	if (ok && r->out && !sqlite3_stmt_readonly(stmt))
		r->out->affected += sqlite3_total_changes64(c->db) - before;
	sqlite3_finalize(stmt);
	keep_busy_handler(c, text);
	return ok;
}

static bool run_text(struct sqlite_conn *c, struct slice sql, const struct run *r, struct err *err)
{
	struct arena none = {0};
	char *copy;
	bool ok = true;

	if (sql.len > INT_MAX - 1)
		return err_set(err, ERR_INPUT, "a statement of more than 2 GB cannot be run");
	/* SQLite copies a text that has no NUL behind it, once for each statement in it. */
	copy = arena_cstr(&none, sql);
	sql = slice_n(copy, sql.len + 1);
	c->started = c->ticked = io_now_ms();
	c->stopped = false;
	c->busy_since = 0;
	c->text_offset = 0;
	if (r->out)
		*r->out = (struct rows){0};
	while (ok && sql.len > 1 && *sql.at)
		ok = run_first(c, &sql, r, err);
	if (ok && sql.len > 1)
		ok = err_set(err, ERR_INPUT, "the statement holds a NUL byte");
	arena_done(&none);
	return ok;
}

static bool conn_exec_(
	struct conn *base, struct slice sql, struct arena *a, struct rows *out, struct err *err)
{
	struct run r = {.a = a, .out = out};

	return run_text(sqlite_conn_of(base), sql, &r, err);
}

static bool conn_query_(struct conn *base, struct slice sql, const struct cell *params,
	size_t nparams, struct arena *a, struct rows *out, struct err *err)
{
	struct run r = {params, nparams, true, a, out};

	return run_text(sqlite_conn_of(base), sql, &r, err);
}

static bool in_transaction(struct conn *base)
{
	return !sqlite3_get_autocommit(sqlite_conn_of(base)->db);
}

static void cancel(struct conn *base)
{
	sqlite3_interrupt(sqlite_conn_of(base)->db);
}

static bool alive(struct conn *base)
{
	struct sqlite_conn *c = sqlite_conn_of(base);
	struct stat st;

	return c->in_memory ||
	       (stat(c->path, &st) == 0 && st.st_ino == c->inode && st.st_dev == c->device);
}

/* Another file under the same name: what we write would go where nobody looks. */
bool sqlite_is_same(struct conn *c, struct arena *a, bool *same, struct slice *now, struct err *err)
{
	(void)err;
	*same = alive(c);
	*now = *same ? SLICE_NONE
		     : arena_printf(
			       a, "another file, or none, is at \"%s\"", sqlite_conn_of(c)->path);
	return true;
}

/* With a write-ahead log the transaction is in the file once its last frame is. When what comes
 * behind that frame fails (syncing it, filling up its page), this connection takes it for undone,
 * and whoever reads the log anew finds it done. */
bool sqlite_commit_unsure(struct conn *c, const struct err *why)
{
	int kind = why->native & 0xff;
	struct err ignored = {0};
	struct arena a = {0};
	struct rows r = {0};
	bool wal = (kind == SQLITE_IOERR || kind == SQLITE_FULL) &&
		   conn_query(c, SL("PRAGMA main.journal_mode"), &a, &r, &ignored) && r.nrows &&
		   slice_iis(rows_get(&r, 0, 0), "wal");

	err_done(&ignored);
	arena_done(&a);
	return wal;
}

static void close_(struct conn *base)
{
	struct sqlite_conn *c = sqlite_conn_of(base);

	watch_free(c->watch);
	sqlite3_close(c->db);
	arena_done(&c->base.arena);
	free(c);
}

static const struct conn_ops ops = {
	.exec = conn_exec_,
	.query = conn_query_,
	.in_transaction = in_transaction,
	.cancel = cancel,
	.alive = alive,
	.close = close_,
};

/* ---- Opening ---- */

struct slice sqlite_url_path(struct slice url)
{
	size_t colon = slice_chr(url, ':');
	struct slice path = colon == SIZE_MAX ? url : slice_from(url, colon + 1);

	return slice_starts(path, "//") ? slice_from(path, 2) : path;
}

static bool refuse(struct err *err, const char *path, const char *why)
{
	err_set(err, ERR_CONNECT, "cannot open database \"%s\": %s", path, why);
	err->native = SQLITE_CANTOPEN;
	return false;
}

/* Says in one sentence why a path cannot be a database, and makes the file when it is missing. */
static bool prepare_file(const char *path, bool read_only, struct stat *st, struct err *err)
{
	int fd;

	if (!*path)
		return err_set(err, ERR_INPUT, "the URL sqlite: names no file");
	if (stat(path, st) != 0) {
		if (errno != ENOENT)
			return refuse(err, path, strerror(errno));
		if (read_only)
			return refuse(err, path, "there is no such file");
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0 && errno == ENOENT)
			return refuse(err, path, "its directory does not exist");
		if (fd < 0)
			return refuse(err, path, strerror(errno));
		if (fstat(fd, st) != 0) {
			close(fd);
			return refuse(err, path, strerror(errno));
		}
		close(fd);
	}
	if (S_ISDIR(st->st_mode))
		return refuse(err, path, "it is a directory");
	if (!S_ISREG(st->st_mode))
		return refuse(err, path, "it is not a regular file");
	if (access(path, read_only ? R_OK : R_OK | W_OK) != 0)
		return refuse(err, path, strerror(errno));
	return true;
}

/* A read-only connection to a WAL database makes -wal and -shm files that it cannot remove again.
 * Where there are none, a connection that could write (and is told not to) tidies up behind it. */
static bool leaves_wal_behind(struct arena *a, const char *path)
{
	struct slice head = SLICE_NONE;
	struct err ignored = {0};
	bool wal = io_read_head(a, path, 20, &head, &ignored) && head.len == 20 && head.at[18] == 2;

	err_done(&ignored);
	return wal && access(path, W_OK) == 0 &&
	       access(arena_printf(a, "%s-wal", path).at, F_OK) != 0;
}

/* What a killed writer left half done is rolled back by whoever comes next, and a read-only
 * connection cannot: one that could write (and is told not to) does. */
static bool left_unfinished(struct arena *a, const char *path)
{
	struct stat st;

	return stat(arena_printf(a, "%s-journal", path).at, &st) == 0 && st.st_size > 0 &&
	       access(path, W_OK) == 0;
}

static bool open_file(struct sqlite_conn *c, bool read_only, struct err *err)
{
	bool really = read_only && !leaves_wal_behind(&c->base.arena, c->path) &&
		      !left_unfinished(&c->base.arena, c->path);
	int flags = really ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	char *full;

	if (c->in_memory)
		flags |= SQLITE_OPEN_MEMORY;
	if (sqlite3_open_v2(c->path, &c->db, flags, NULL) != SQLITE_OK)
		return refuse(err, c->path, c->db ? sqlite3_errmsg(c->db) : "out of memory");
	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_handler(c->db, on_busy, c);
	sqlite3_progress_handler(c->db, PROGRESS_STEPS, on_progress, c);
	if (read_only &&
		sqlite3_exec(c->db, "PRAGMA query_only = 1", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_error(&c->base, sqlite3_errcode(c->db), err);
	full = c->in_memory ? NULL : realpath(c->path, NULL);
	if (full)
		c->path = arena_cstr(&c->base.arena, slice_of(full));
	free(full);
	return true;
}

/* The first look into the file: is it one of SQLite's at all? */
static bool look_inside(struct sqlite_conn *c, struct err *err)
{
	int rc = sqlite3_exec(c->db, "PRAGMA schema_version", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return true;
	if ((rc & 0xff) == SQLITE_NOTADB)
		return refuse(err, c->path, "it is not an SQLite database, or it is encrypted");
	if (rc == SQLITE_READONLY_ROLLBACK || rc == SQLITE_READONLY_RECOVERY)
		return refuse(err, c->path,
			"a writer was killed and left a transaction half done, and only somebody "
			"who may write can roll it back");
	return sqlite_error(&c->base, rc, err);
}

static void identify(struct sqlite_conn *c, const struct stat *st, bool read_only)
{
	struct conn_identity *id = &c->base.id;

	c->inode = st->st_ino;
	c->device = st->st_dev;
	id->server = SL("SQLite");
	id->database = slice_of(c->path);
	id->version = sqlite_version();
	id->version_text = slice_of(sqlite3_libversion());
	id->dialect = DIALECT_SQLITE;
	id->superuser = true;
	id->read_only = read_only || sqlite3_db_readonly(c->db, "main") == 1;
	id->system = c->in_memory ? arena_printf(&c->base.arena, "memory:%p", (void *)c)
				  : arena_printf(&c->base.arena, "inode:%llx:%llx",
					    (unsigned long long)st->st_dev,
					    (unsigned long long)st->st_ino);
}

static bool open_path(struct conn **out, const char *path, const struct waiter *w, bool read_only,
	struct err *err)
{
	struct sqlite_conn *c = mem_alloc(sizeof *c);
	struct stat st = {0};

	*c = (struct sqlite_conn){.busy_ms = BUSY_DEFAULT_MS};
	c->base =
		(struct conn){.ops = &ops, .engine = engine_for(DIALECT_SQLITE, err), .waiter = *w};
	c->path = arena_cstr(&c->base.arena, slice_of(path));
	c->in_memory = slice_is(slice_of(path), ":memory:");
	c->started = c->ticked = io_now_ms();
	if ((c->in_memory || prepare_file(path, read_only, &st, err)) &&
		open_file(c, read_only, err) && look_inside(c, err)) {
		identify(c, &st, read_only);
		*out = &c->base;
		return true;
	}
	close_(&c->base);
	return false;
}

bool sqlite_connect(struct conn **out, const struct conn_options *o, struct err *err)
{
	struct arena a = {0};
	bool ok = open_path(
		out, arena_cstr(&a, sqlite_url_path(o->url)), &o->waiter, o->read_only, err);

	arena_done(&a);
	return ok;
}

struct sqlite3 *sqlite_handle(struct conn *c)
{
	return sqlite_conn_of(c)->db;
}

/* ---- Confined: a rehearsal treats the SQL as hostile ---- */

static int confine(
	void *ctx, int action, const char *a, const char *b, const char *db, const char *by)
{
	static const char *const functions[] = {
		"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"};
	static const char *const pragmas[] = {
		"temp_store_directory", "data_store_directory", "hard_heap_limit"};

	(void)ctx, (void)db, (void)by;
	/* VACUUM attaches an unnamed temporary file: that one is fine. */
	if (action == SQLITE_ATTACH)
		return a && !*a ? SQLITE_OK : SQLITE_DENY;
	for (size_t i = 0;
		action == SQLITE_FUNCTION && b && i < sizeof functions / sizeof *functions; i++)
		if (slice_iis(slice_of(b), functions[i]))
			return SQLITE_DENY;
	for (size_t i = 0; action == SQLITE_PRAGMA && a && i < sizeof pragmas / sizeof *pragmas;
		i++)
		if (slice_iis(slice_of(a), pragmas[i]))
			return SQLITE_DENY;
	return SQLITE_OK;
}

bool sqlite_connect_confined(
	struct conn **out, const char *path, const struct waiter *w, struct err *err)
{
	sqlite3 *db;

	if (!open_path(out, path, w, false, err))
		return false;
	db = sqlite_handle(*out);
	sqlite3_set_authorizer(db, confine, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	return true;
}
