/* dump.c - VACUUM INTO: a database that is a file already becomes another one.
 * https://sqlite.org/lang_vacuum.html#vacuuminto */
#include "engine/sqlite/conn.h"

#include "sql/quote.h"

#include <sys/statvfs.h>
#include <unistd.h>

static long long number(const struct rows *r, size_t col)
{
	unsigned long long n = 0;

	return r->nrows && slice_u64(rows_get(r, 0, col), &n) ? (long long)n : -1;
}

/* Where the file lies. */
static long long room_of(struct conn *c, struct arena *a)
{
	struct slice path = slice_of(sqlite_conn_of(c)->path);
	size_t end = path.len;
	struct statvfs fs;

	while (end && path.at[end - 1] != '/')
		end--;
	if (statvfs(end ? arena_cstr(a, slice_sub(path, 0, end)) : ".", &fs) != 0)
		return -1;
	return (long long)fs.f_bavail * (long long)fs.f_frsize;
}

static bool size(
	struct conn *c, struct arena *a, long long *bytes, long long *room, struct err *err)
{
	struct rows r = {0};

	if (!conn_query(c,
		    SL("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"), a,
		    &r, err))
		return false;
	*bytes = number(&r, 0);
	*room = room_of(c, a);
	return true;
}

/* VACUUM does not run in a transaction: who compares does it when nobody has written. */
static bool freeze(struct conn *c, struct arena *a, struct slice *snapshot, struct err *err)
{
	(void)c;
	(void)a;
	(void)err;
	*snapshot = SLICE_NONE;
	return true;
}

static bool dump(struct conn *c, const char *path, struct slice snapshot, struct err *err)
{
	(void)snapshot;
	return conn_execf(c, err, "VACUUM main INTO %L", slice_of(path));
}

/* The other way round: the backup is opened, and written into the file. */
static bool load(struct conn *c, const char *path, bool rows_only, struct err *err)
{
	struct arena a = {0};
	/* A read-only connection may not write into another file either. */
	struct conn_options o = {.url = arena_printf(&a, "sqlite:%s", path), .waiter = c->waiter};
	const char *to = sqlite_conn_of(c)->path;
	struct conn *from = NULL;
	bool ok;

	(void)rows_only;
	ok = sqlite_connect(&from, &o, err) &&
	     conn_execf(from, err, "VACUUM main INTO %L", slice_of(to));
	conn_close(from);
	arena_done(&a);
	return ok;
}

const struct engine_dump sqlite_dump = {
	.suffix = ".db", .size = size, .freeze = freeze, .dump = dump, .load = load};
