/* picture.c - trees, relations and rows of a database; which pages the journal kept. */
#include "picture.h"

#include "base/buf.h"
#include "base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

sqlite3 *picture_open(const struct library *l, struct arena *a, const char *path, const char *setup)
{
	sqlite3 *db = NULL;

	remove(path);
	remove(arena_printf(a, "%s-journal", path).at);
	remove(arena_printf(a, "%s-wal", path).at);
	if (l->open(path, &db) != SQLITE_OK ||
		!library_run(l, db, "PRAGMA page_size = 512; PRAGMA synchronous = OFF") ||
		!library_run(l, db, setup))
		fail_msg("%s", l->errmsg(db));
	return db;
}

static int compare_rows(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void take_leaves(const struct library *l, sqlite3 *db, struct arena *a, struct picture *out)
{
	struct slice *rows;
	size_t n;

	if (!library_rows(l, db, a,
		    "SELECT pageno, name FROM dbstat WHERE pagetype = 'leaf' AND name NOT IN "
		    "('sqlite_schema', 'sqlite_master')",
		    &rows, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		size_t at = slice_chr(rows[i], '\x1f');

		*ARENA_PUSH(a, out->leaves, out->nleaves) = (struct leaf){
			slice_from(rows[i], at + 1), (size_t)strtoull(rows[i].at, NULL, 10)};
	}
}

static struct slice quoted(struct arena *a, struct slice name)
{
	struct buf b = {0};
	struct slice out;

	buf_addc(&b, '"');
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] == '"')
			buf_addc(&b, '"');
		buf_addc(&b, name.at[i]);
	}
	buf_addc(&b, '"');
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static void take_relation(const struct library *l, sqlite3 *db, struct arena *a, const char *schema,
	struct relation *r)
{
	struct slice *rows, name = quoted(a, r->name), list = SLICE_NONE;
	size_t n;

	if (!library_rows(l, db, a,
		    arena_printf(a, "PRAGMA %s.table_xinfo(%.*s)", schema, SLICE(name)).at, &rows,
		    &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct slice rest = rows[i], cell[7] = {{0}};

		for (size_t k = 0; k < 7 && slice_next(&rest, '\x1f', &cell[k]); k++)
			;
		if (slice_is(cell[6], "1"))
			continue; /* the hidden column of a virtual table */
		names_add(a, &r->columns, cell[1]);
		if (slice_is(cell[6], "2") || slice_is(cell[6], "3"))
			names_add(a, &r->computed, cell[1]);
		else
			list = arena_printf(a, "%.*s%s%.*s", SLICE(list), list.len ? ", " : "",
				SLICE(quoted(a, cell[1])));
	}
	if (!r->view && list.len)
		library_rows(l, db, a,
			arena_printf(
				a, "SELECT %.*s FROM %s.%.*s", SLICE(list), schema, SLICE(name))
				.at,
			&r->rows, &r->nrows);
	if (r->nrows)
		qsort(r->rows, r->nrows, sizeof *r->rows, compare_rows);
}

/* Tables behind a virtual table are a part of it: its name and "_" before theirs. */
static bool is_shadow(const struct picture *p, struct slice name)
{
	for (size_t i = 0; i < p->nvirtual; i++)
		if (name.len > p->virtual[i].len + 1 && name.at[p->virtual[i].len] == '_' &&
			slice_eq(slice_sub(name, 0, p->virtual[i].len), p->virtual[i]))
			return true;
	return false;
}

static void take_virtual(const struct library *l, sqlite3 *db, struct arena *a, struct picture *out)
{
	if (!library_rows(l, db, a,
		    "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage = 0 AND sql "
		    "LIKE 'create virtual%'",
		    &out->virtual, &out->nvirtual))
		out->nvirtual = 0;
}

static void take_schema(const struct library *l, sqlite3 *db, struct arena *a, const char *schema,
	struct picture *out, struct buf *all)
{
	struct slice *rows;
	size_t n;

	if (!library_rows(l, db, a,
		    arena_printf(a,
			    "SELECT type, name, rootpage, sql FROM %s.sqlite_master WHERE name NOT "
			    "LIKE 'sqlite\\_stat%%' ESCAPE '\\' ORDER BY type, name",
			    schema)
			    .at,
		    &rows, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		struct slice rest = rows[i], type, name, root;
		struct relation r = {0};

		slice_next(&rest, '\x1f', &type);
		slice_next(&rest, '\x1f', &name);
		slice_next(&rest, '\x1f', &root);
		if (is_shadow(out, name))
			continue;
		buf_printf(all, "%s %.*s %.*s\n", schema, SLICE(name), SLICE(rest));
		if (!slice_is(type, "table") && !slice_is(type, "view")) {
			names_add(a, &out->objects, name);
			continue;
		}
		r.name = name;
		r.view = slice_is(type, "view");
		r.root = strtoll(arena_cstr(a, root), NULL, 10);
		take_relation(l, db, a, schema, &r);
		for (size_t k = 0; k < r.nrows; k++)
			buf_printf(all, "  %.*s\n", SLICE(r.rows[k]));
		if (strcmp(schema, "main") == 0)
			*ARENA_PUSH(a, out->v, out->n) = r;
	}
}

void picture_take(const struct library *l, sqlite3 *db, struct arena *a, struct picture *out)
{
	struct buf all = {0};

	*out = (struct picture){0};
	take_virtual(l, db, a, out);
	take_leaves(l, db, a, out);
	take_schema(l, db, a, "main", out, &all);
	take_schema(l, db, a, "temp", out, &all);
	out->all = arena_slice(a, buf_slice(&all));
	buf_done(&all);
}

const struct relation *picture_find(const struct picture *p, struct slice name)
{
	for (size_t i = 0; i < p->n; i++)
		if (slice_ieq(p->v[i].name, name))
			return &p->v[i];
	return NULL;
}

void add_sorted(struct arena *a, struct names *n, struct slice s)
{
	size_t at = n->n;

	if (names_has(*n, s))
		return;
	names_add(a, n, s);
	for (; at > 0 && slice_cmp(n->at[at - 1], s) > 0; at--)
		n->at[at] = n->at[at - 1];
	n->at[at] = s;
}

/* ---- the journal ---- */

/* It keeps each page that was written, as it was before: after the header, which is as long as a
 * sector, the page's number, the page and a checksum. */
static size_t *read_journal(struct arena *a, const char *path, size_t *n)
{
	struct slice text;
	struct err err = {0};
	size_t *v = NULL;

	*n = 0;
	if (!io_read(a, arena_printf(a, "%s-journal", path).at, &text, &err)) {
		err_done(&err); /* nothing was written */
		return NULL;
	}
	for (size_t at = PAGE; at + PAGE + 8 <= text.len; at += PAGE + 8) {
		const unsigned char *p = (const unsigned char *)text.at + at;

		*ARENA_PUSH(a, v, *n) =
			(size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	}
	return v;
}

static bool has_number(const size_t *v, size_t n, size_t number)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == number)
			return true;
	return false;
}

static bool has_leaf(const struct picture *p, const struct leaf *l)
{
	for (size_t i = 0; i < p->nleaves; i++)
		if (p->leaves[i].number == l->number && slice_eq(p->leaves[i].tree, l->tree))
			return true;
	return false;
}

static bool has_tree(const struct picture *p, struct slice tree)
{
	for (size_t i = 0; i < p->nleaves; i++)
		if (slice_eq(p->leaves[i].tree, tree))
			return true;
	return false;
}

struct names picture_written(struct arena *a, const struct picture *before,
	const struct picture *after, const char *path)
{
	struct names out = {0}, kept = {0};
	size_t n, *v = read_journal(a, path, &n);

	for (size_t i = 0; i < before->nleaves; i++)
		if (!has_number(v, n, before->leaves[i].number) &&
			has_leaf(after, &before->leaves[i]))
			names_add(a, &kept, before->leaves[i].tree);
	for (size_t i = 0; i < before->nleaves; i++) {
		struct slice tree = before->leaves[i].tree;

		if (!names_has(kept, tree) && has_tree(after, tree) && !is_shadow(before, tree) &&
			!slice_is(tree, "sqlite_sequence") && !slice_starts(tree, "sqlite_stat"))
			add_sorted(a, &out, tree);
	}
	return out;
}
