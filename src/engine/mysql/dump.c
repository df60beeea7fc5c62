/* dump.c - mariadb-dump or mysqldump, the server's own first, and the client, told what the open
 * connection was opened with. No transaction can be shared with them: who compares does it when
 * nobody has written. */
#include "engine/mysql/conn.h"

#include "base/process.h"

#include <stdint.h>
#include <sys/statvfs.h>

extern char **environ;

static long long number(const struct rows *r, size_t col)
{
	unsigned long long n = 0;

	return r->nrows && !rows_null(r, 0, col) && slice_u64(rows_get(r, 0, col), &n)
		       ? (long long)n
		       : -1;
}

static bool size(
	struct conn *c, struct arena *a, long long *bytes, long long *room, struct err *err)
{
	struct rows r = {0};
	struct statvfs fs;

	if (!conn_query(c,
		    SL("SELECT CAST(SUM(data_length + index_length) AS UNSIGNED), @@datadir"
		       " FROM information_schema.tables WHERE table_schema = DATABASE()"),
		    a, &r, err))
		return false;
	*bytes = number(&r, 0);
	*room = -1;
	if (my_conn(c)->url.socket && r.nrows &&
		statvfs(arena_cstr(a, rows_get(&r, 0, 1)), &fs) == 0)
		*room = (long long)fs.f_bavail * (long long)fs.f_frsize;
	return true;
}

static bool freeze(struct conn *c, struct arena *a, struct slice *snapshot, struct err *err)
{
	(void)a;
	*snapshot = SLICE_NONE;
	return conn_exec(c, SL("START TRANSACTION WITH CONSISTENT SNAPSHOT"), err);
}

/* ---- Programs ---- */

struct words {
	struct arena arena;
	const char **at;
	size_t n;
};

static void add(struct words *w, const char *word)
{
	*ARENA_PUSH(&w->arena, w->at, w->n) = word;
}

/* --name=value */
static void add_value(struct words *w, const char *name, const char *value)
{
	if (value && value[0])
		add(w, arena_printf(&w->arena, "--%s=%s", name, value).at);
}

static bool begin(struct words *w, struct conn *c, const char *first, const char *second,
	const char *package, struct err *err)
{
	const struct my_url *u = &my_conn(c)->url;
	bool mysql = c->id.dialect == DIALECT_MYSQL;
	const char *path = process_find(&w->arena, mysql ? second : first);

	if (!path)
		path = process_find(&w->arena, mysql ? first : second);
	if (!path) {
		err_set(err, ERR_INPUT, "there is no program %s on this machine", first);
		return err_hint(err, "Install %s, or use --backup=scoped.", package);
	}
	add(w, path);
	add(w, "--no-defaults");
	add_value(w, "user", u->user);
	if (u->socket) {
		add_value(w, "socket", u->socket);
	} else {
		add_value(w, "host", u->host ? u->host : "localhost");
		add(w, "--protocol=tcp");
	}
	if (u->port)
		add(w, arena_printf(&w->arena, "--port=%u", u->port).at);
	add_value(w, "ssl-ca", u->ssl_ca);
	if (u->ssl) { /* each product has its word */
		add(w, "--loose-ssl");
		add(w, "--loose-ssl-mode=REQUIRED");
	}
	add(w, "--default-character-set=utf8mb4");
	return true;
}

static bool run(struct words *w, struct conn *c, const char *input, struct err *err)
{
	const char *password = my_conn(c)->url.password;
	struct process_options o = {
		.tick = c->waiter.tick, .tick_ctx = c->waiter.ctx, .input_path = input};
	const char **env = NULL;
	struct buf said = {0};
	int status = 0;
	size_t n = 0;
	bool ok;

	for (char **e = environ; *e; e++)
		if (strncmp(*e, "MYSQL_PWD=", 10) != 0)
			*ARENA_PUSH(&w->arena, env, n) = *e;
	if (password)
		*ARENA_PUSH(&w->arena, env, n) =
			arena_printf(&w->arena, "MYSQL_PWD=%s", password).at;
	*ARENA_PUSH(&w->arena, env, n) = NULL;
	add(w, NULL);
	o.argv = w->at;
	o.env = env;
	ok = process_run(&o, &said, &status, err);
	if (ok && status)
		ok = err_set(err, ERR_FAILED, "%s ended with %d: %.*s", w->at[0], status,
			SLICE(slice_sub(slice_trim(buf_slice(&said)), 0, 400)));
	buf_done(&said);
	return ok;
}

static const char *database_of(struct words *w, struct conn *c)
{
	return arena_cstr(&w->arena, c->id.database);
}

static bool dump(struct conn *c, const char *path, struct slice snapshot, struct err *err)
{
	struct words w = {0};
	bool ok;

	(void)snapshot;
	ok = begin(&w, c, "mariadb-dump", "mysqldump", "mariadb-client", err);
	if (ok) {
		add(&w, "--single-transaction");
		add(&w, "--quick");
		add(&w, "--skip-lock-tables");
		add(&w, "--no-tablespaces");
		add(&w, "--loose-set-gtid-purged=OFF"); /* MySQL's: another server's business */
		add(&w, "--routines");
		add(&w, "--triggers");
		add(&w, "--hex-blob");
		add_value(&w, "result-file", path);
		add(&w, "--");
		add(&w, database_of(&w, c));
		ok = run(&w, c, NULL, err);
	}
	arena_done(&w.arena);
	return ok;
}

/* The file is the client's input: MySQL's stops at the first error of one that it is told to read.
 */
static bool load(struct conn *c, const char *path, bool rows_only, struct err *err)
{
	struct words w = {0};
	bool ok = begin(&w, c, "mariadb", "mysql", "mariadb-client", err);

	if (ok) {
		/* Definers that only a superuser may name. */
		if (rows_only)
			add(&w, "--force");
		add_value(&w, "database", database_of(&w, c));
		ok = run(&w, c, path, err);
	}
	/* With --force its exit status tells of the least failure: the rows are compared. */
	if (!ok && rows_only && err->code == ERR_FAILED) {
		err_done(err);
		*err = (struct err){0};
		ok = true;
	}
	arena_done(&w.arena);
	return ok;
}

const struct engine_dump mysql_dump = {
	.suffix = ".sql", .size = size, .freeze = freeze, .dump = dump, .load = load};
