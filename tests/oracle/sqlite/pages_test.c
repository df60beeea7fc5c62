/* pages_test.c - which trees of the file a statement writes, held up against what was foreseen.
 *
 * pages.txt says of each statement: native (only the schema and the tree that it makes or frees),
 * rebuild (the trees named after it are written from the first leaf to the last) or refused. The
 * journal tells which pages were written, dbstat to which tree each belongs. The
 * prediction, the table and the pages must say the same. See README.md. */
#include "base/io.h"
#include "engine/sqlite/sqlite.h"

#include "sql/source.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

extern const struct engine engine_sqlite;

enum { PAGE = 512 };

struct leaf {
	struct slice tree;
	size_t number;
};

struct picture {
	struct leaf *v;
	size_t n;
};

struct pages {
	size_t *v, n;
};

struct oracle {
	struct arena arena;
	struct reader *reader;
	const char *path;
	sqlite3 *db;
	struct slice setup;
	size_t statements, refused, rebuilt, faults, line;
};

static void fault(
	struct oracle *o, struct slice sql, const char *what, struct slice a, struct slice b)
{
	printf("pages.txt:%zu: %.*s\n\t%s: %.*s, %.*s\n", o->line, SLICE(sql), what, SLICE(a),
		SLICE(b));
	o->faults++;
}

/* ---- the file ---- */

static bool run(struct oracle *o, struct slice sql)
{
	return sqlite3_exec(o->db, arena_cstr(&o->arena, sql), NULL, NULL, NULL) == SQLITE_OK;
}

static bool open_database(struct oracle *o)
{
	sqlite3_close(o->db);
	o->db = NULL;
	remove(o->path);
	remove(arena_printf(&o->arena, "%s-journal", o->path).at);
	return sqlite3_open(o->path, &o->db) == SQLITE_OK &&
	       run(o, SL("PRAGMA page_size = 512; PRAGMA journal_mode = DELETE"));
}

static struct picture take_picture(struct oracle *o)
{
	struct picture p = {0};
	sqlite3_stmt *q = NULL;

	assert_int_equal(sqlite3_prepare_v2(o->db,
				 "SELECT name, pageno FROM dbstat WHERE pagetype = 'leaf' AND name "
				 "NOT LIKE 'sqlite_schema' AND name NOT LIKE 'sqlite_master'",
				 -1, &q, NULL),
		SQLITE_OK);
	while (sqlite3_step(q) == SQLITE_ROW) {
		struct leaf *l = ARENA_PUSH(&o->arena, p.v, p.n);

		l->tree = arena_slice(&o->arena, slice_of((const char *)sqlite3_column_text(q, 0)));
		l->number = (size_t)sqlite3_column_int64(q, 1);
	}
	sqlite3_finalize(q);
	return p;
}

/* The journal keeps each page that was written, as it was before: after the header, which is as
 * long as a sector, the page's number, the page and a checksum. */
static void read_journal(struct oracle *o, struct pages *out)
{
	struct slice text;
	struct err err = {0};
	const char *path = arena_printf(&o->arena, "%s-journal", o->path).at;

	out->n = 0;
	if (!io_read(&o->arena, path, &text, &err)) {
		err_done(&err); /* nothing was written */
		return;
	}
	for (size_t at = PAGE; at + PAGE + 8 <= text.len; at += PAGE + 8) {
		const unsigned char *n = (const unsigned char *)text.at + at;

		*ARENA_PUSH(&o->arena, out->v, out->n) =
			(size_t)n[0] << 24 | (size_t)n[1] << 16 | (size_t)n[2] << 8 | n[3];
	}
}

static bool was_written(const struct pages *p, size_t number)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i] == number)
			return true;
	return false;
}

static size_t leaves(const struct picture *p, struct slice tree)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += slice_eq(p->v[i].tree, tree);
	return n;
}

/* All leaves that the tree had, and the tree is still there. */
static bool is_written_anew(const struct picture *a, const struct picture *b,
	const struct pages *pages, struct slice tree)
{
	for (size_t i = 0; i < a->n; i++)
		if (slice_eq(a->v[i].tree, tree) && !was_written(pages, a->v[i].number))
			return false;
	return leaves(b, tree) > 0 && !slice_is(tree, "sqlite_sequence");
}

static void add_sorted(struct oracle *o, struct names *n, struct slice s)
{
	size_t at = n->n;

	if (names_has(*n, s))
		return;
	names_add(&o->arena, n, s);
	for (; at > 0 && slice_cmp(n->at[at - 1], s) > 0; at--)
		n->at[at] = n->at[at - 1];
	n->at[at] = s;
}

static struct slice joined(struct oracle *o, struct names n)
{
	struct slice out = n.n ? SL("rebuild") : SL("native");

	for (size_t i = 0; i < n.n; i++)
		out = arena_printf(&o->arena, "%.*s %.*s", SLICE(out), SLICE(n.at[i]));
	return out;
}

static struct slice written(struct oracle *o, const struct picture *a, const struct picture *b)
{
	struct names trees = {0};
	struct pages pages = {0};

	read_journal(o, &pages);
	for (size_t i = 0; i < a->n; i++)
		if (is_written_anew(a, b, &pages, a->v[i].tree))
			add_sorted(o, &trees, a->v[i].tree);
	return joined(o, trees);
}

/* ---- the prediction ---- */

static struct script read_sql(struct oracle *o, struct slice sql)
{
	struct source *src = ARENA_NEW(&o->arena, struct source);
	struct script script = {0};
	struct err err = {0};

	source_init(src, &o->arena, "case", sql);
	if (!script_read(&engine_sqlite, o->reader, &o->arena, src, 0, sql.len, &script, &err))
		fail_msg("%s", err.message);
	return script;
}

/* What the rows decide is "may-fail" where the table says that these rows refuse it. New indexes
 * are no trees that were there before. */
static struct slice foreseen(struct oracle *o, struct slice sql, struct slice says)
{
	struct catalog *c = catalog_new(DIALECT_SQLITE, sqlite_version());
	struct script before = read_sql(o, o->setup), now = read_sql(o, sql);
	struct names trees = {0};
	struct session s;
	struct slice why, out;
	struct effect e;

	session_init(&s, DIALECT_SQLITE, &o->arena);
	catalog_set_complete(c, true);
	for (size_t i = 0; i < before.n; i++)
		catalog_apply_statement(c, &s, &before.at[i], &why);
	assert_int_equal(now.n, 1);
	engine_sqlite.effects(&o->arena, c, &s, &now.at[0], &e);
	for (size_t i = 0; i < e.nrewrites; i++)
		add_sorted(o, &trees, e.rewrites[i].object.name);
	for (size_t i = 0; i < e.nbuilds; i++)
		if (catalog_find(c, &s, OBJECT_INDEX, e.builds[i].object, NULL) == PRESENT ||
			slice_starts(e.builds[i].object.name, "sqlite_"))
			add_sorted(o, &trees, e.builds[i].object.name);
	out = e.outcome == OUTCOME_FAILS ? SL("refused") : joined(o, trees);
	if (e.outcome == OUTCOME_MAY_FAIL && slice_is(says, "refused"))
		out = SL("may-fail");
	out = arena_slice(&o->arena, out);
	catalog_free(c);
	return out;
}

/* ---- one statement ---- */

static void one(struct oracle *o, struct slice sql, struct slice says)
{
	struct picture a, b;
	struct slice was, said = foreseen(o, sql, says);

	o->statements++;
	if (!open_database(o) || !run(o, o->setup))
		fail_msg("line %zu: %s", o->line, sqlite3_errmsg(o->db));
	a = take_picture(o);
	if (!run(o, SL("PRAGMA journal_mode = PERSIST")))
		fail_msg("%s", sqlite3_errmsg(o->db));
	if (run(o, sql)) {
		b = take_picture(o);
		was = written(o, &a, &b);
	} else {
		was = SL("refused");
	}
	o->refused += slice_is(was, "refused");
	o->rebuilt += slice_starts(was, "rebuild");
	if (!slice_eq(was, says))
		fault(o, sql, "the table, the pages", says, was);
	if (!slice_eq(was, said) && !(slice_starts(said, "may-fail") && slice_is(was, "refused")))
		fault(o, sql, "foreseen, the pages", said, was);
}

/* "3.44 refused" holds from that version on. */
static void hear(struct slice line, struct slice *says)
{
	size_t blank = slice_chr(line, ' ');
	unsigned long long minor;

	if (!slice_starts(line, "3.") || blank >= line.len) {
		*says = line;
		return;
	}
	if (slice_u64(slice_sub(line, 2, blank - 2), &minor) &&
		sqlite_version() >= 30000 + (int)minor * 100)
		*says = slice_trim(slice_from(line, blank));
}

static void read_table(struct oracle *o, struct slice text)
{
	struct slice line, sql = SLICE_NONE, says = SLICE_NONE;
	bool in_setup = false;

	while (slice_line(&text, &line)) {
		o->line++;
		if (says.len && !slice_starts(line, "    ")) {
			one(o, sql, says);
			says = SLICE_NONE;
		}
		if (slice_starts(line, "#") || slice_empty(slice_trim(line)))
			continue;
		if (slice_is(line, "{")) {
			in_setup = true;
			o->setup = SLICE_NONE;
		} else if (slice_is(line, "}")) {
			in_setup = false;
		} else if (in_setup) {
			o->setup =
				arena_printf(&o->arena, "%.*s%.*s\n", SLICE(o->setup), SLICE(line));
		} else if (slice_starts(line, "    ")) {
			hear(slice_trim(line), &says);
		} else {
			sql = line;
		}
	}
	if (says.len)
		one(o, sql, says);
}

static bool has_dbstat(struct oracle *o)
{
	return open_database(o) && run(o, SL("SELECT count(*) FROM dbstat"));
}

static void writes_the_pages_foreseen(void **state)
{
	struct reader_options ro = {.dialect = DIALECT_SQLITE, .version = sqlite_version()};
	struct oracle o = {0};
	const char *here = __FILE__;
	char dir[] = "/tmp/belay-pages-XXXXXX";
	struct slice text;
	struct err err = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	o.path = io_join(&o.arena, dir, "db");
	if (!has_dbstat(&o)) {
		printf("# this SQLite has no dbstat: nothing is compared\n");
	} else {
		if (!io_read(&o.arena,
			    arena_printf(&o.arena, "%.*spages.txt",
				    (int)(strrchr(here, '/') + 1 - here), here)
				    .at,
			    &text, &err))
			fail_msg("%s", err.message);
		assert_true(engine_sqlite.reader_open(&o.reader, &ro, &err));
		read_table(&o, text);
		engine_sqlite.reader_close(o.reader);
		printf("# %zu statements, %zu refused, %zu rebuild, %zu faults\n", o.statements,
			o.refused, o.rebuilt, o.faults);
		assert_true(o.statements >= 50);
	}
	sqlite3_close(o.db);
	remove(o.path);
	remove(arena_printf(&o.arena, "%s-journal", o.path).at);
	remove(dir);
	arena_done(&o.arena);
	assert_int_equal(o.faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_the_pages_foreseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
