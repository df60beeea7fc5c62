/* scratch.c - throw-away databases: files in a private directory that is removed afterwards.
 *
 * SQLite needs no server, so this is only care about files: the directory is ours alone (0700,
 * below TMPDIR), names are our own short words, and the connections are confined (conn.c). */
#include "engine/sqlite/conn.h"

#include "base/io.h"
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

struct scratch {
	struct arena arena;
	const char *dir;
	struct process *guard; /* removes dir, also when we are killed; NULL: we keep it */
	struct waiter waiter;
	bool keep;
};

bool sqlite_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err)
{
	struct scratch *s;

	if (o->url.len) {
		err_set(err, ERR_INPUT, "--scratch is not supported for SQLite");
		return err_hint(err, "SQLite's scratch databases are files in a private directory "
				     "below TMPDIR: leave --scratch away.");
	}
	s = mem_alloc(sizeof *s);
	*s = (struct scratch){.waiter = o->waiter, .keep = o->keep};
	if (!io_temp_dir(&s->arena, "sqlite", &s->dir, err)) {
		arena_done(&s->arena);
		free(s);
		return false;
	}
	if (!s->keep &&
		!process_start(&s->guard, &(struct process_options){.remove = s->dir}, err)) {
		io_remove_tree(s->dir);
		arena_done(&s->arena);
		free(s);
		return false;
	}
	*out = s;
	return true;
}

static bool is_word(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", *p))
			return false;
	return *name != '\0';
}

static const char *path_of(struct scratch *s, const char *name, const char *suffix, struct err *err)
{
	if (!is_word(name)) {
		err_set(err, ERR_INPUT, "\"%s\" cannot be the name of a scratch database", name);
		return NULL;
	}
	return arena_printf(&s->arena, "%s/%s.db%s", s->dir, name, suffix).at;
}

bool sqlite_scratch_drop(struct scratch *s, const char *name, struct err *err)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *path = path_of(s, name, suffixes[i], err);

		if (!path)
			return false;
		if (unlink(path) != 0 && errno != ENOENT)
			return err_errno(err, "remove", path);
	}
	return true;
}

static bool copy_failed(sqlite3 *db, const char *from, struct err *err)
{
	return err_set(err, ERR_FAILED, "cannot copy the scratch database \"%s\": %s", from,
		db ? sqlite3_errmsg(db) : "out of memory");
}

/* The backup API copies page by page: rowids and free pages stay as they are, which VACUUM INTO
 * does not promise. */
static bool copy_into(struct scratch *s, const char *from, struct sqlite3 *to, struct err *err)
{
	const char *path = path_of(s, from, "", err);
	sqlite3 *db = NULL;
	sqlite3_backup *backup;
	bool ok = false;

	if (!path)
		return false;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		copy_failed(db, from, err);
	} else if (!(backup = sqlite3_backup_init(to, "main", db, "main"))) {
		copy_failed(to, from, err);
	} else {
		ok = sqlite3_backup_step(backup, -1) == SQLITE_DONE;
		if (sqlite3_backup_finish(backup) != SQLITE_OK || !ok)
			ok = copy_failed(to, from, err);
	}
	sqlite3_close(db);
	return ok;
}

bool sqlite_scratch_open(
	struct scratch *s, const char *name, const char *from, struct conn **out, struct err *err)
{
	const char *path = path_of(s, name, "", err);
	struct conn *c = NULL;

	if (!path)
		return false;
	if (from && strcmp(from, name) == 0)
		from = NULL; /* what is there already */
	else if (!sqlite_scratch_drop(s, name, err))
		return false;
	if (!sqlite_connect_confined(&c, path, &s->waiter, err))
		return false;
	if (from && !copy_into(s, from, sqlite_handle(c), err)) {
		conn_close(c);
		return false;
	}
	/* Nothing here has to survive a power cut. */
	sqlite3_exec(sqlite_handle(c), "PRAGMA synchronous = OFF", NULL, NULL, NULL);
	*out = c;
	return true;
}

struct scratch_info sqlite_scratch_info(const struct scratch *s)
{
	struct arena *a = (struct arena *)&s->arena;

	return (struct scratch_info){
		.describe = arena_printf(
			a, "SQLite %s (temporary files in %s)", sqlite3_libversion(), s->dir),
		.version = sqlite_version(),
	};
}

void sqlite_scratch_stop(struct scratch *s)
{
	if (!s)
		return;
	process_stop(s->guard, SIGTERM, 5000);
	arena_done(&s->arena);
	free(s);
}
