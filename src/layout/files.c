/* files.c - folders and texts, with every failure turned into a problem that names the file. */
#include "layout/internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

const char *path_in(struct arena *a, const char *dir, const char *name)
{
	if (strcmp(dir, ".") == 0)
		return arena_cstr(a, slice_of(name));
	return io_join(a, dir, name);
}

void problem(struct project *p, bool fatal, const char *rule, const char *path, struct span at,
	const char *fmt, ...)
{
	struct layout_problem x = {.fatal = fatal, .rule = rule, .path = path, .span = at};
	va_list ap;

	va_start(ap, fmt);
	x.message = arena_vprintf(p->arena, fmt, ap);
	va_end(ap);
	*ARENA_PUSH(p->arena, p->problems, p->nproblems) = x;
}

/* A look for detection trusts a name that ends in .sql; reading asks the file system. */
static void add_entries(struct arena *a, const char *root, const char *dir,
	const struct io_entry *found, size_t count, bool look, struct entry **v, size_t *n)
{
	for (size_t i = 0; i < count; i++) {
		struct entry e = {.name = found[i].name};

		if (e.name[0] == '.')
			continue;
		e.path = path_in(a, dir, e.name);
		if (!look || !slice_ends(slice_of(e.name), ".sql"))
			e.dir = found[i].kind == IO_ASK ? io_is_dir(io_join(a, root, e.path))
							: found[i].kind == IO_DIR;
		*ARENA_PUSH(a, *v, *n) = e;
	}
}

bool files_list(struct project *p, const char *dir, struct entry **v, size_t *n)
{
	struct err err = {0};
	struct io_entry *names = NULL;
	size_t count = 0;

	*v = NULL;
	*n = 0;
	if (!io_entries(p->arena, io_join(p->arena, p->root, dir), &names, &count, &err)) {
		problem(p, true, "unreadable", dir, NOWHERE, "%s", err.message);
		err_done(&err);
		return false;
	}
	add_entries(p->arena, p->root, dir, names, count, false, v, n);
	return true;
}

void files_each(struct project *p,
	void (*take)(struct project *p, const struct entry *e, void *ctx), void *ctx)
{
	for (size_t i = 0; i < p->ndirs; i++) {
		struct entry *v;
		size_t n;

		if (!files_list(p, p->dirs[i], &v, &n))
			continue;
		for (size_t k = 0; k < n; k++)
			take(p, &v[k], ctx);
	}
}

void files_peek(struct peeks *k, const char *dir, const struct entry **v, size_t *n)
{
	unsigned most = sizeof k->seen / sizeof *k->seen, slot;
	struct err err = {0};
	struct io_entry *names = NULL;
	struct entry *found = NULL;
	size_t count = 0;

	*n = 0;
	for (unsigned i = 0; i < most && i < k->nseen; i++)
		if (strcmp(k->seen[i].dir, dir) == 0) {
			*v = k->seen[i].v;
			*n = k->seen[i].n;
			return;
		}
	if (io_entries(k->a, io_join(k->a, k->root, dir), &names, &count, &err))
		add_entries(k->a, k->root, dir, names, count, true, &found, n);
	err_done(&err);
	*v = found;
	slot = k->nseen++ % most;
	k->seen[slot].dir = dir;
	k->seen[slot].v = found;
	k->seen[slot].n = *n;
}

bool files_any_line(struct peeks *k, const struct entry *v, size_t n, const char *suffix,
	size_t max, bool (*match)(struct slice line))
{
	for (size_t i = 0; i < n && max; i++) {
		struct slice text = {0}, line;
		struct err err = {0};

		if (v[i].dir || !slice_ends(slice_of(v[i].name), suffix))
			continue;
		max--;
		if (!io_read_head(k->a, io_join(k->a, k->root, v[i].path), 16384, &text, &err)) {
			err_done(&err);
			continue;
		}
		while (slice_line(&text, &line))
			if (match(line))
				return true;
	}
	return false;
}

bool file_there(const struct project *p, const char *path)
{
	return io_is_file(io_join(p->arena, p->root, path));
}

struct source *files_load(struct project *p, const char *path)
{
	struct source *s;
	struct slice text = {0};
	struct err err = {0};

	if (!io_read(p->arena, io_join(p->arena, p->root, path), &text, &err)) {
		/* The message names the path as it was opened; people know it by the short one. */
		const char *why = strrchr(err.message, ':');

		problem(p, true, "unreadable", path, NOWHERE, "cannot read \"%s\"%s", path,
			why ? why : "");
		err_done(&err);
		return NULL;
	}
	s = ARENA_NEW(p->arena, struct source);
	source_init(s, p->arena, path, text);
	return s;
}
