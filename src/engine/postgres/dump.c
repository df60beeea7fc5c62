/* dump.c - pg_dump and pg_restore, told what the open connection was opened with. */
#include "engine/postgres/postgres.h"

#include "base/process.h"

#include <sys/statvfs.h>
#include <unistd.h>

extern char **environ;

static long long number(const struct rows *r, size_t col)
{
	unsigned long long n = 0;

	return r->nrows && !rows_null(r, 0, col) && slice_u64(rows_get(r, 0, col), &n)
		       ? (long long)n
		       : -1;
}

/* Only of a server on this machine that lets us see where its files are. */
static long long room_of(struct conn *c, struct arena *a)
{
	const char *host = pg_conn(c)->pq.PQhost(pg_conn(c)->pg);
	struct err ignored = {0};
	struct rows r = {0};
	struct statvfs fs;
	long long room = -1;

	if (!host || host[0] != '/' || !c->id.superuser)
		return -1;
	if (conn_query(c, SL("SHOW data_directory"), a, &r, &ignored) && r.nrows &&
		statvfs(arena_cstr(a, rows_get(&r, 0, 0)), &fs) == 0)
		room = (long long)fs.f_bavail * (long long)fs.f_frsize;
	err_done(&ignored);
	return room;
}

static bool size(
	struct conn *c, struct arena *a, long long *bytes, long long *room, struct err *err)
{
	struct rows r = {0};

	if (!conn_query(c, SL("SELECT pg_catalog.pg_database_size(pg_catalog.current_database())"),
		    a, &r, err))
		return false;
	*bytes = number(&r, 0);
	*room = room_of(c, a);
	return true;
}

static bool freeze(struct conn *c, struct arena *a, struct slice *snapshot, struct err *err)
{
	struct rows r = {0};

	if (!conn_exec(c, SL("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), err) ||
		!conn_query(c, SL("SELECT pg_catalog.pg_export_snapshot()"), a, &r, err))
		return false;
	*snapshot = rows_get(&r, 0, 0);
	return true;
}

/* ---- Programs ---- */

/* name='value' for all that was said, but never the password. */
static const char *conninfo(struct conn *c, struct arena *a, struct slice *password)
{
	struct pg_conn *pc = pg_conn(c);
	PQconninfoOption *all = pc->pq.PQconninfo(pc->pg);
	struct buf b = {0};
	const char *out;

	*password = SLICE_NONE;
	for (PQconninfoOption *o = all; o && o->keyword; o++) {
		if (!o->val || !o->val[0] || strcmp(o->keyword, "options") == 0 ||
			strcmp(o->keyword, "application_name") == 0 ||
			strcmp(o->keyword, "fallback_application_name") == 0)
			continue;
		if (strcmp(o->keyword, "password") == 0) {
			*password = arena_slice(a, slice_of(o->val));
			continue;
		}
		buf_printf(&b, "%s='", o->keyword);
		for (const char *p = o->val; *p; p++) {
			if (*p == '\'' || *p == '\\')
				buf_addc(&b, '\\');
			buf_addc(&b, *p);
		}
		buf_adds(&b, "' ");
	}
	pc->pq.PQconninfoFree(all);
	out = arena_cstr(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static const char **environment(struct arena *a, struct slice password)
{
	const char **v = NULL;
	size_t n = 0;

	for (char **e = environ; *e; e++)
		if (strncmp(*e, "PGPASSWORD=", 11) != 0 || !password.len)
			*ARENA_PUSH(a, v, n) = *e;
	if (password.len)
		*ARENA_PUSH(a, v, n) = arena_printf(a, "PGPASSWORD=%.*s", SLICE(password)).at;
	*ARENA_PUSH(a, v, n) = NULL;
	return v;
}

/* The server's own version where Debian keeps them apart: an older one refuses. */
static const char *program(struct conn *c, struct arena *a, const char *name, struct err *err)
{
	const char *path =
		arena_printf(a, "/usr/lib/postgresql/%d/bin/%s", c->id.version / 10000, name).at;

	if (access(path, X_OK) != 0)
		path = process_find(a, name);
	if (path)
		return path;
	err_set(err, ERR_INPUT, "there is no program %s on this machine", name);
	err_hint(err, "Install PostgreSQL's client programs (postgresql-client), or use "
		      "--backup=scoped.");
	return NULL;
}

static bool run(struct conn *c, struct arena *a, const char *const *argv, struct slice password,
	struct err *err)
{
	struct process_options o = {.argv = argv,
		.env = environment(a, password),
		.tick = c->waiter.tick,
		.tick_ctx = c->waiter.ctx};
	struct buf said = {0};
	int status = 0;
	bool ok = process_run(&o, &said, &status, err);

	if (ok && status)
		ok = err_set(err, ERR_FAILED, "%s ended with %d: %.*s", argv[0], status,
			SLICE(slice_sub(slice_trim(buf_slice(&said)), 0, 400)));
	buf_done(&said);
	return ok;
}

static bool dump(struct conn *c, const char *path, struct slice snapshot, struct err *err)
{
	struct arena a = {0};
	struct slice password;
	const char *const argv[] = {program(c, &a, "pg_dump", err), "--format=custom",
		"--no-password", "--file", path,
		arena_printf(&a, "--snapshot=%.*s", SLICE(snapshot)).at, "--dbname",
		conninfo(c, &a, &password), NULL};
	bool ok = argv[0] && run(c, &a, argv, password, err);

	arena_done(&a);
	return ok;
}

static bool load(struct conn *c, const char *path, bool rows_only, struct err *err)
{
	struct arena a = {0};
	struct slice password;
	const char *argv[16] = {program(c, &a, "pg_restore", err), "--exit-on-error",
		"--single-transaction", "--no-password", "--dbname", conninfo(c, &a, &password)};
	size_t n = 6;
	bool ok;

	if (rows_only) {
		argv[n++] = "--no-owner";
		argv[n++] = "--no-privileges";
		argv[n++] = "--no-comments";
		argv[n++] = "--no-publications";
		argv[n++] = "--no-subscriptions";
	}
	argv[n++] = path;
	ok = argv[0] && run(c, &a, argv, password, err);
	arena_done(&a);
	return ok;
}

const struct engine_dump pg_dump = {
	.suffix = ".dump", .size = size, .freeze = freeze, .dump = dump, .load = load};
