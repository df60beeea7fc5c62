/* whole.c - the whole database in a file. */
#include "run/whole.h"

#include "base/digest.h"
#include "base/io.h"
#include "engine/engine.h"
#include "sql/quote.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* When somebody writes between the dump and the comparison. */
enum { TRIES = 3, MB = 1000 * 1000 };

/* ---- What is in it ---- */

struct contents {
	struct slice text; /* a line a table: name, rows, hash */
	long long rows;
	size_t tables;
};

/* The database's own name is not part of a table's: it is another one after a restore. */
static bool read_contents(struct contents *out, struct arena *a, struct conn *c, struct err *err)
{
	bool pg = c->id.dialect == DIALECT_POSTGRES, ok = true;
	struct name *v = NULL;
	struct buf b = {0};
	size_t n = 0;

	*out = (struct contents){0};
	if (!c->engine->keep->tables(c, a, SLICE_NONE, &v, &n, err))
		return false;
	for (size_t i = 0; ok && i < n; i++) {
		long long rows = 0;
		char hash[65];

		ok = c->engine->rows_fingerprint(c, v[i], (struct names){0}, &rows, hash, err);
		if (!ok)
			break;
		quote_name(&b, c->id.dialect, pg ? v[i].schema : SLICE_NONE, v[i].name);
		buf_printf(&b, " %lld %s\n", rows, hash);
		out->rows += rows;
	}
	out->tables = n;
	out->text = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return ok;
}

static struct slice first_difference(struct slice x, struct slice y)
{
	struct slice a, b;

	while (slice_line(&x, &a)) {
		if (!slice_line(&y, &b) || !slice_eq(a, b))
			return slice_sub(a, 0, slice_chr(a, ' '));
	}
	return slice_line(&y, &b) ? slice_sub(b, 0, slice_chr(b, ' ')) : SLICE_NONE;
}

/* ---- Room ---- */

static bool fits(const struct whole_request *q, long long bytes, struct err *err)
{
	struct statvfs fs;
	long long room = -1;

	if (statvfs(q->dir, &fs) == 0)
		room = (long long)fs.f_bavail * (long long)fs.f_frsize;
	if (q->most_bytes && bytes > q->most_bytes)
		err_set(err, ERR_REFUSED,
			"cannot keep the whole database: it is about %lld MB large, and backups "
			"may take %lld MB",
			bytes / MB + 1, q->most_bytes / MB);
	else if (room >= 0 && bytes > room)
		err_set(err, ERR_REFUSED,
			"cannot keep the whole database: it is about %lld MB large, and %s has "
			"%lld "
			"MB free",
			bytes / MB + 1, q->dir, room / MB);
	else
		return true;
	return err_hint(err, "Nothing was done. Make room, or name another folder: backups: {dir: "
			     "…} in belay.yml.");
}

static void foretell(const struct whole_request *q, const char *path, long long bytes)
{
	struct arena a = {0};

	if (q->tell)
		q->tell(q->ctx,
			arena_printf(&a,
				"keeping the whole database (about %lld MB, about %lld s) in %s",
				bytes / MB + 1, bytes / (20LL * MB) + 2, path));
	arena_done(&a);
}

/* ---- The file ---- */

static bool make_empty(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, "make", path);
	close(fd);
	return true;
}

static bool sync_path(const char *path, int flags, struct err *err)
{
	int fd = open(path, flags | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (!ok)
		err_errno(err, "sync", path);
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool settle(
	struct whole *out, const char *from, const char *to, const char *dir, struct err *err)
{
	struct stat st;

	if (!sync_path(from, O_RDONLY, err))
		return false;
	if (stat(from, &st) != 0 || rename(from, to) != 0)
		return err_errno(err, "rename", from);
	out->path = to;
	out->bytes = (long long)st.st_size;
	return sync_path(dir, O_RDONLY | O_DIRECTORY, err);
}

/* ---- Proving it ---- */

static bool compare(struct contents *want, struct conn *scratch, const char *path, struct arena *a,
	bool *same, struct err *err)
{
	struct contents got;
	struct slice where;

	if (!scratch->engine->dump->load(scratch, path, true, err) ||
		!read_contents(&got, a, scratch, err))
		return err_context(err, "trying the backup on a scratch server");
	where = first_difference(want->text, got.text);
	*same = !where.len;
	return *same || err_set(err, ERR_FAILED,
				"the backup would not bring the database back: %.*s differs on a "
				"scratch server",
				SLICE(where));
}

/* SQLite's copy is a database itself; the others go to a server of our own. */
static bool open_copy(struct scratch *s, const struct conn *c, const char *path, struct arena *a,
	struct conn **out, struct err *err)
{
	struct conn_options o = {
		.url = arena_printf(a, "sqlite:%s", path), .read_only = true, .waiter = c->waiter};

	return c->id.dialect == DIALECT_SQLITE
		       ? c->engine->connect(out, &o, err)
		       : c->engine->scratch_open(s, "backup", NULL, out, err);
}

static bool prove_sqlite(
	struct contents *want, struct conn *copy, struct arena *a, bool *same, struct err *err)
{
	struct contents got;
	struct rows r = {0};

	if (!conn_query(copy, SL("PRAGMA integrity_check"), a, &r, err) ||
		!read_contents(&got, a, copy, err))
		return false;
	*same = slice_eq(want->text, got.text) && slice_is(rows_get(&r, 0, 0), "ok");
	return *same || err_set(err, ERR_FAILED, "the backup differs from the database");
}

static bool prove(struct contents *want, struct scratch *s, const struct conn *c, const char *path,
	struct arena *a, bool *same, struct err *err)
{
	struct conn *copy = NULL;
	bool ok;

	*same = false;
	ok = open_copy(s, c, path, a, &copy, err) &&
	     (c->id.dialect == DIALECT_SQLITE ? prove_sqlite(want, copy, a, same, err)
					      : compare(want, copy, path, a, same, err));
	conn_close(copy);
	return ok;
}

/* ---- All of it ---- */

static bool once(struct contents *want, struct arena *a, const struct whole_request *q,
	struct scratch *s, const char *path, bool *same, struct err *err)
{
	const struct engine_dump *d = q->conn->engine->dump;
	struct slice snapshot;
	struct err ignored = {0};
	bool ok;

	*same = true;
	(void)unlink(path);
	ok = make_empty(path, err) && d->freeze(q->conn, a, &snapshot, err) &&
	     read_contents(want, a, q->conn, err) && d->dump(q->conn, path, snapshot, err);
	if (q->conn->ops->alive(q->conn) && q->conn->ops->in_transaction(q->conn))
		conn_exec(q->conn, SL("ROLLBACK"), &ignored);
	err_done(&ignored);
	return ok && prove(want, s, q->conn, path, a, same, err);
}

static bool make(struct whole *out, struct arena *a, const struct whole_request *q,
	struct scratch *s, const char *path, const char *tmp, struct err *err)
{
	struct contents want;
	bool same = true, ok = false;

	for (int i = 0; i < TRIES && !ok; i++) {
		err_done(err);
		*err = (struct err){0};
		ok = once(&want, a, q, s, tmp, &same, err);
		if (!ok && (same || err->code != ERR_FAILED))
			break;
	}
	if (!ok)
		return false;
	out->rows = want.rows;
	out->tables = want.tables;
	digest_sha256_hex(want.text, out->fingerprint);
	return settle(out, tmp, path, q->dir, err);
}

bool whole_make(struct whole *out, struct arena *a, const struct whole_request *q, struct err *err)
{
	const struct engine *e = q->conn->engine;
	struct scratch_options so = {
		.version = q->conn->id.version / 10000, .waiter = q->conn->waiter};
	struct scratch *s = NULL;
	const char *path, *tmp;
	long long bytes, room;
	bool ok;

	*out = (struct whole){0};
	if (!e->dump || !io_make_dirs(q->dir, 0700, err) ||
		!e->dump->size(q->conn, a, &bytes, &room, err) || !fits(q, bytes, err))
		return err_is(err) ? false
				   : err_set(err, ERR_INPUT,
					     "whole backups are not supported on %s", e->title);
	path = arena_printf(a, "%s/%s%s", q->dir, q->name, e->dump->suffix).at;
	tmp = arena_printf(a, "%s.part", path).at;
	foretell(q, path, bytes);
	if (q->conn->id.dialect != DIALECT_POSTGRES)
		so.version = 0;
	ok = (q->conn->id.dialect == DIALECT_SQLITE || e->scratch_start(&s, &so, err)) &&
	     make(out, a, q, s, path, tmp, err);
	if (s)
		e->scratch_stop(s);
	if (!ok)
		(void)unlink(tmp);
	return ok || err_context(err, "keeping the whole database");
}

bool whole_load(struct conn *into, const char *path, struct slice fingerprint, struct arena *a,
	struct err *err)
{
	struct contents got;
	struct name *v = NULL;
	size_t n = 0;
	char hash[65];

	if (!into->engine->keep->tables(into, a, SLICE_NONE, &v, &n, err))
		return false;
	if (n) {
		err_set(err, ERR_REFUSED, "database %.*s is not empty: it has %zu table%s",
			SLICE(into->id.database), n, n == 1 ? "" : "s");
		return err_hint(err, "A whole backup goes into an empty database.");
	}
	if (!into->engine->dump->load(into, path, false, err))
		return false;
	if (!read_contents(&got, a, into, err))
		return false;
	digest_sha256_hex(got.text, hash);
	return slice_is(fingerprint, hash) ||
	       err_set(err, ERR_FAILED,
		       "the rows of the restored database are not those that were kept");
}
