/* fixture.h - for the tests of layouts: a project in a temporary folder. */
#ifndef BELAY_LAYOUT_FIXTURE_H
#define BELAY_LAYOUT_FIXTURE_H

#include "layout/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
	struct arena arena;
	struct err err;
	const char *root;
	struct project p;
};

static inline int fixture_open(void **state)
{
	struct fixture *f = mem_alloc(sizeof *f);

	memset(f, 0, sizeof *f);
	*state = f;
	return io_temp_dir(&f->arena, "layout", &f->root, &f->err) ? 0 : -1;
}

static inline int fixture_close(void **state)
{
	struct fixture *f = *state;

	io_remove_tree(f->root);
	err_done(&f->err);
	arena_done(&f->arena);
	free(f);
	return 0;
}

static inline void put(struct fixture *f, const char *path, const char *text)
{
	const char *full = io_join(&f->arena, f->root, path);
	const char *slash = strrchr(full, '/');

	assert_true(io_make_dirs(
		arena_cstr(&f->arena, slice_n(full, (size_t)(slash - full))), 0755, &f->err));
	assert_true(io_write(full, slice_of(text), 0644, &f->err));
}

static inline void put_dir(struct fixture *f, const char *path)
{
	assert_true(io_make_dirs(io_join(&f->arena, f->root, path), 0755, &f->err));
}

static inline bool open_as(struct fixture *f, const char *layout, enum dialect d)
{
	struct project_options o = {.root = f->root, .wanted_layout = layout, .dialect = d};

	return project_open(&f->p, &f->arena, &o, &f->err);
}

/* The ids in order, blanks between: "1 2 3". */
static inline const char *ids(struct fixture *f)
{
	struct slice all = SLICE_NONE;

	for (size_t i = 0; i < f->p.nmigrations; i++)
		all = arena_printf(&f->arena, "%.*s%s%.*s", SLICE(all), i ? " " : "",
			SLICE(f->p.migrations[i].id));
	return arena_cstr(&f->arena, all);
}

/* The rules of the problems, fatal ones with a !, blanks between. */
static inline const char *rules(struct fixture *f)
{
	struct slice all = SLICE_NONE;

	for (size_t i = 0; i < f->p.nproblems; i++)
		all = arena_printf(&f->arena, "%.*s%s%s%s", SLICE(all), i ? " " : "",
			f->p.problems[i].fatal ? "!" : "", f->p.problems[i].rule);
	return arena_cstr(&f->arena, all);
}

static inline const char *text_of(struct fixture *f, const struct script_part *part)
{
	if (!part->src)
		return NULL;
	return arena_cstr(&f->arena, slice_trim(slice_sub(part->src->text, part->off, part->len)));
}

#endif
