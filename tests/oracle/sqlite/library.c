/* library.c - SQLite's functions, by name, from wherever they are. */
#include "library.h"

#include "base/buf.h"

#include <dlfcn.h>
#include <string.h>

static bool find(void *handle, const char *name, void *out)
{
	void *f = dlsym(handle, name);

	if (f)
		memcpy(out, &f, sizeof f); /* a function is no object: ISO C has no cast for it */
	return f;
}

static int our_number(int n)
{
	return n / 1000000 * 10000 + n / 1000 % 1000 * 100 + n % 1000;
}

static void linked(struct library *l)
{
	*l = (struct library){.version = our_number(sqlite3_libversion_number()),
		.open = sqlite3_open,
		.close = sqlite3_close,
		.exec = sqlite3_exec,
		.prepare = sqlite3_prepare_v2,
		.step = sqlite3_step,
		.finalize = sqlite3_finalize,
		.column_count = sqlite3_column_count,
		.column_text = sqlite3_column_text,
		.column_int64 = sqlite3_column_int64,
		.errmsg = sqlite3_errmsg};
}

bool library_open(struct library *l, const char *path)
{
	int (*version)(void);
	void *h;

	if (!path) {
		linked(l);
		return true;
	}
	h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	*l = (struct library){.handle = h};
	if (!h || !find(h, "sqlite3_libversion_number", &version) ||
		!find(h, "sqlite3_open", &l->open) || !find(h, "sqlite3_close", &l->close) ||
		!find(h, "sqlite3_exec", &l->exec) || !find(h, "sqlite3_prepare_v2", &l->prepare) ||
		!find(h, "sqlite3_step", &l->step) || !find(h, "sqlite3_finalize", &l->finalize) ||
		!find(h, "sqlite3_column_count", &l->column_count) ||
		!find(h, "sqlite3_column_text", &l->column_text) ||
		!find(h, "sqlite3_column_int64", &l->column_int64) ||
		!find(h, "sqlite3_errmsg", &l->errmsg)) {
		library_close(l);
		return false;
	}
	l->version = our_number(version());
	return true;
}

void library_close(struct library *l)
{
	if (l->handle)
		dlclose(l->handle);
	l->handle = NULL;
}

bool library_run(const struct library *l, sqlite3 *db, const char *sql)
{
	return l->exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

bool library_rows(const struct library *l, sqlite3 *db, struct arena *a, const char *sql,
	struct slice **rows, size_t *n)
{
	sqlite3_stmt *q = NULL;
	int rc = l->prepare(db, sql, -1, &q, NULL);

	*rows = NULL;
	*n = 0;
	if (rc != SQLITE_OK)
		return false;
	while ((rc = l->step(q)) == SQLITE_ROW) {
		struct buf b = {0};

		for (int i = 0; i < l->column_count(q); i++) {
			const char *text = (const char *)l->column_text(q, i);

			buf_printf(&b, "%s%s", i ? "\x1f" : "", text ? text : "\x1e");
		}
		*ARENA_PUSH(a, *rows, *n) = arena_slice(a, buf_slice(&b));
		buf_done(&b);
	}
	l->finalize(q);
	return rc == SQLITE_DONE;
}
