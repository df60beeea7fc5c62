/* watched.c - what a database does with a statement: it runs on its own and in a transaction,
 * beside another connection, and once more. */
#include "facts.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct watch {
	struct arena *a;
	const struct library *l;
	const char *path, *setup, *sql;
	sqlite3 *db, *other; /* where it runs; an application's own connection */
	bool in_tx;          /* the setup left a transaction open */
	struct picture before, after;
};

/* ---- alone ---- */

/* SQLite's own tables. */
static bool is_own(struct slice name)
{
	return slice_istarts(name, "sqlite_");
}

/* The same table under its new name keeps its tree (a virtual one has none). */
static const struct relation *now_called(const struct watch *w, const struct relation *r)
{
	const struct relation *same = picture_find(&w->after, r->name);

	for (size_t i = 0; !same && !r->view && i < w->after.n; i++)
		if (w->after.v[i].root == r->root && !w->after.v[i].view &&
			!picture_find(&w->before, w->after.v[i].name))
			same = &w->after.v[i];
	return same;
}

static bool has_name(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_ieq(n.at[i], s))
			return true;
	return false;
}

static struct slice gone(struct watch *w)
{
	struct names n = {0};

	for (size_t i = 0; i < w->before.n; i++) {
		const struct relation *r = &w->before.v[i], *now = now_called(w, r);

		if (is_own(r->name))
			continue;
		if (!now)
			add_sorted(w->a, &n, r->name);
		for (size_t k = 0;
			now && !r->view && now->columns.n < r->columns.n && k < r->columns.n; k++)
			if (!has_name(now->columns, r->columns.at[k]))
				add_sorted(w->a, &n,
					arena_printf(w->a, "%.*s.%.*s", SLICE(r->name),
						SLICE(r->columns.at[k])));
	}
	for (size_t i = 0; n.n == 0 && i < w->before.objects.n; i++)
		if (!names_has(w->after.objects, w->before.objects.at[i]) &&
			!is_own(w->before.objects.at[i]))
			add_sorted(w->a, &n, w->before.objects.at[i]);
	return joined(w->a, n);
}

static size_t stored(const struct relation *r)
{
	return r->columns.n - r->computed.n;
}

/* Every row of `a` is still in `b`; both sorted. */
static bool keeps_rows(const struct relation *a, const struct relation *b)
{
	size_t k = 0;

	for (size_t i = 0; i < a->nrows; i++, k++) {
		while (k < b->nrows && slice_cmp(b->rows[k], a->rows[i]) < 0)
			k++;
		if (k == b->nrows || !slice_eq(a->rows[i], b->rows[k]))
			return false;
	}
	return true;
}

static struct slice changed_rows(struct watch *w)
{
	struct names n = {0};

	for (size_t i = 0; i < w->before.n; i++) {
		const struct relation *r = &w->before.v[i], *now = now_called(w, r);

		if (now && !r->view && !is_own(r->name) && stored(r) == stored(now) &&
			(r->nrows != now->nrows || !keeps_rows(r, now)))
			add_sorted(w->a, &n, r->name);
	}
	return joined(w->a, n);
}

/* What the best inverse would bring back: all, all but what was stored, or nothing of it. */
static struct slice undo(struct watch *w)
{
	struct slice says = SL("exact");

	for (size_t i = 0; i < w->before.n; i++) {
		const struct relation *r = &w->before.v[i], *now = now_called(w, r);

		if (r->view || is_own(r->name))
			continue;
		if (!now || stored(now) < stored(r))
			says = SL("schema-only");
	}
	for (size_t i = 0; i < w->before.n; i++) {
		const struct relation *r = &w->before.v[i], *now = now_called(w, r);

		if (now && !r->view && !is_own(r->name) && stored(r) == stored(now) &&
			!keeps_rows(r, now))
			says = slice_is(says, "schema-only") ? says : SL("none");
	}
	return says;
}

/* `a`, `b` …: a quoted name that SQLite never takes for a string. */
static void list_columns(struct buf *b, struct names n, struct names but, const char *behind)
{
	bool any = false;

	for (size_t i = 0; i < n.n; i++) {
		if (names_has(but, n.at[i]))
			continue;
		buf_adds(b, any ? ", `" : "`");
		for (size_t k = 0; k < n.at[i].len; k++)
			buf_printf(b, n.at[i].at[k] == '`' ? "%c`" : "%c", n.at[i].at[k]);
		buf_printf(b, "`%s", behind);
		any = true;
	}
}

static bool prepares(struct watch *w, const char *sql)
{
	sqlite3_stmt *q = NULL;
	bool ok = w->l->prepare(w->other, sql, -1, &q, NULL) == SQLITE_OK;

	w->l->finalize(q);
	return ok;
}

static bool reads(struct watch *w, const struct relation *r)
{
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "SELECT ");
	list_columns(&b, r->columns, (struct names){0}, "");
	buf_adds(&b, " FROM ");
	list_columns(&b, (struct names){(struct slice[]){r->name}, 1}, (struct names){0}, "");
	ok = prepares(w, buf_cstr(&b));
	buf_done(&b);
	return ok;
}

static bool inserts(struct watch *w, const struct relation *r)
{
	struct names name = {(struct slice[]){r->name}, 1};
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "INSERT INTO ");
	list_columns(&b, name, (struct names){0}, "");
	buf_adds(&b, " (");
	list_columns(&b, r->columns, r->computed, "");
	buf_adds(&b, ") VALUES (NULL");
	for (size_t i = 1; i < stored(r); i++)
		buf_adds(&b, ", NULL");
	buf_adds(&b, ")");
	ok = prepares(w, buf_cstr(&b));
	buf_done(&b);
	return ok;
}

static bool updates(struct watch *w, const struct relation *r)
{
	struct names name = {(struct slice[]){r->name}, 1};
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "UPDATE ");
	list_columns(&b, name, (struct names){0}, "");
	buf_adds(&b, " SET ");
	list_columns(&b, r->columns, r->computed, " = NULL");
	ok = prepares(w, buf_cstr(&b));
	buf_done(&b);
	return ok;
}

static bool deletes(struct watch *w, const struct relation *r)
{
	struct names name = {(struct slice[]){r->name}, 1};
	struct buf b = {0};
	bool ok;

	buf_adds(&b, "DELETE FROM ");
	list_columns(&b, name, (struct names){0}, "");
	ok = prepares(w, buf_cstr(&b));
	buf_done(&b);
	return ok;
}

/* What could be read (written) before and cannot now. `could` was filled beforehand. */
static void add_broken(struct watch *w, const bool *could,
	bool (*can)(struct watch *, const struct relation *), struct names *out)
{
	for (size_t i = 0; i < w->before.n; i++)
		if (could[i] && !can(w, &w->before.v[i]) && !names_has(*out, w->before.v[i].name))
			add_sorted(w->a, out, w->before.v[i].name);
}

enum { FORMS = 3 };
static bool (*const forms[FORMS])(struct watch *, const struct relation *) = {
	inserts, updates, deletes};

static struct slice broken_writers(struct watch *w, bool *const could[FORMS])
{
	struct names n = {0};

	for (int i = 0; i < FORMS; i++)
		add_broken(w, could[i], forms[i], &n);
	return joined(w->a, n);
}

static struct slice broken_readers(struct watch *w, const bool *could)
{
	struct names n = {0};

	add_broken(w, could, reads, &n);
	return joined(w->a, n);
}

static bool *probe(struct watch *w, bool (*can)(struct watch *, const struct relation *))
{
	bool *v = arena_alloc(w->a, w->before.n + 1);

	for (size_t i = 0; i < w->before.n; i++)
		v[i] = !is_own(w->before.v[i].name) && can(w, &w->before.v[i]);
	return v;
}

static struct slice again(struct watch *w)
{
	struct picture twice;

	if (!library_run(w->l, w->db, w->sql))
		return SL("fails");
	picture_take(w->l, w->db, w->a, &twice);
	return slice_eq(w->after.all, twice.all) ? SL("same") : SL("differs");
}

/* Inside a transaction, or in WAL mode, the journal does not tell. */
static bool journal_tells(const struct watch *w)
{
	struct slice *rows;
	size_t n;

	return library_rows(w->l, w->db, w->a, "PRAGMA journal_mode = PERSIST", &rows, &n) && n &&
	       slice_is(rows[0], "persist") && library_run(w->l, w->db, "BEGIN; COMMIT");
}

/* Rows that are changed one by one are no rebuild. */
static bool changes_rows(const struct watch *w)
{
	static const char *const words[] = {"insert", "replace", "update", "delete", "with"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_istarts(slice_of(w->sql), words[i]))
			return true;
	return false;
}

/* The application has the settings that the migration found. */
static void open_other(struct watch *w)
{
	struct slice *rows;
	size_t n;

	if (w->l->open(w->path, &w->other) != SQLITE_OK)
		fail_msg("%s", w->l->errmsg(w->other));
	if (library_rows(w->l, w->db, w->a, "PRAGMA foreign_keys", &rows, &n) && n &&
		slice_is(rows[0], "1"))
		library_run(w->l, w->other, "PRAGMA foreign_keys = ON");
}

static void alone(struct watch *w, struct facts *out)
{
	bool *could_read, *could_write[FORMS], tells;
	struct slice *none;
	size_t n;

	w->db = picture_open(w->l, w->a, w->path, w->setup);
	open_other(w);
	w->in_tx = !library_run(w->l, w->db, "BEGIN; COMMIT");
	tells = !w->in_tx && journal_tells(w) && !changes_rows(w);
	picture_take(w->l, w->db, w->a, &w->before);
	could_read = probe(w, reads);
	for (int i = 0; i < FORMS; i++)
		could_write[i] = probe(w, forms[i]);
	out->v[FACT_OUTCOME] = SL("refused");
	if (library_run(w->l, w->db, w->sql)) {
		out->v[FACT_OUTCOME] = SL("ok");
		picture_take(w->l, w->db, w->a, &w->after);
		w->in_tx |= !library_rows(w->l, w->db, w->a, "BEGIN", &none, &n) ||
			    !library_run(w->l, w->db, "COMMIT");
		w->l->close(w->other); /* a new one: prepare alone does not look for a new schema */
		open_other(w);
		out->v[FACT_ROWS] = changed_rows(w);
		out->v[FACT_TREES] = SL("?");
		if (tells && !out->v[FACT_ROWS].len)
			out->v[FACT_TREES] =
				joined(w->a, picture_written(w->a, &w->before, &w->after, w->path));
		out->v[FACT_GONE] = gone(w);
		out->v[FACT_READERS] = w->in_tx ? SL("?") : broken_readers(w, could_read);
		out->v[FACT_WRITERS] = w->in_tx ? SL("?") : broken_writers(w, could_write);
		out->v[FACT_UNDO] = undo(w);
		out->v[FACT_AGAIN] = again(w);
	} else {
		out->why = arena_slice(w->a, slice_of(w->l->errmsg(w->db)));
	}
	w->l->close(w->other);
	w->l->close(w->db);
}

/* ---- beside another connection ---- */

static struct slice lock_held(struct watch *w)
{
	struct slice says = SL("none");
	struct slice *rows;
	size_t n;
	sqlite3 *other = NULL;

	if (w->l->open(w->path, &other) != SQLITE_OK)
		fail_msg("%s", w->l->errmsg(other));
	if (!library_run(w->l, other, "BEGIN EXCLUSIVE; ROLLBACK")) {
		says = SL("SHARED");
		if (!library_run(w->l, other, "BEGIN IMMEDIATE; ROLLBACK"))
			says = SL("RESERVED");
		if (!library_rows(
			    w->l, other, w->a, "SELECT count(*) FROM sqlite_master", &rows, &n))
			says = SL("EXCLUSIVE");
	}
	w->l->close(other);
	return says;
}

static void in_transaction(struct watch *w, struct facts *out)
{
	bool own, wal;
	struct slice *rows;
	size_t n;

	w->db = picture_open(w->l, w->a, w->path, w->setup);
	wal = library_rows(w->l, w->db, w->a, "PRAGMA journal_mode", &rows, &n) &&
	      slice_is(rows[0], "wal");
	own = library_run(w->l, w->db, "BEGIN");
	if (library_run(w->l, w->db, w->sql)) {
		if (own && !wal)
			out->v[FACT_LOCK] = lock_held(w);
	} else if (own && slice_is(out->v[FACT_OUTCOME], "ok")) {
		out->v[FACT_TX] = SL("forbidden");
	}
	w->l->close(w->db);
}

void facts_watched(struct arena *a, const struct library *l, const char *path, struct slice setup,
	struct slice sql, struct facts *out)
{
	struct watch w = {.a = a,
		.l = l,
		.path = path,
		.setup = arena_cstr(a, setup),
		.sql = arena_cstr(a, sql)};

	*out = (struct facts){.certain = true};
	alone(&w, out);
	in_transaction(&w, out);
}
