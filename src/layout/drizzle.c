/* drizzle.c - drizzle/0000_words.sql, in the order of meta/_journal.json, forward only.
 *
 * The journal decides what there is and in which order; two files with one number are normal. The
 * history keeps a hash and, as created_at, the time that the journal gives: whatever is not later
 * than the last one the tool never runs again. Its snapshots describe the schema behind each
 * migration, so a new one is its own business. */
#include "layout/internal.h"

#include "base/digest.h"
#include "sql/quote.h"
#include "sql/token.h"

#include <stdint.h>

struct journal_entry {
	struct slice tag;
	long long when;
	size_t order;
};

/* ---- The journal ---- */

struct scan {
	struct slice text;
	size_t at;
};

static void skip_blanks(struct scan *s)
{
	while (s->at < s->text.len && strchr(" \t\r\n", s->text.at[s->at]))
		s->at++;
}

static bool next_string(struct scan *s, struct slice *out)
{
	size_t from = ++s->at;

	while (s->at < s->text.len && s->text.at[s->at] != '"')
		s->at += s->text.at[s->at] == '\\' ? 2 : 1;
	if (s->at >= s->text.len)
		return false;
	*out = slice_sub(s->text, from, s->at - from);
	s->at++;
	return true;
}

/* The entries hold no objects of their own, so each one ends at its bracket. */
static bool read_journal(struct arena *a, struct slice text, struct journal_entry **v, size_t *n,
	struct slice *dialect)
{
	struct scan s = {.text = text};
	struct journal_entry e = {.when = -1};
	struct slice word, key = SLICE_NONE;

	for (*n = 0; s.at < text.len; skip_blanks(&s)) {
		char c = text.at[s.at];
		struct slice rest = slice_from(text, s.at);

		if (c == '"') {
			if (!next_string(&s, &word))
				return false;
			skip_blanks(&s);
			if (s.at < text.len && text.at[s.at] == ':')
				key = word;
			else if (slice_is(key, "tag"))
				e.tag = word;
			else if (slice_is(key, "dialect"))
				*dialect = word;
			continue;
		}
		if (slice_is(key, "when") && count_digits(rest)) {
			e.when = cell_number(slice_sub(rest, 0, count_digits(rest)));
			s.at += count_digits(rest);
			continue;
		}
		if (c == '}' && e.tag.len && e.when >= 0) {
			e.order = *n;
			*ARENA_PUSH(a, *v, *n) = e;
			e = (struct journal_entry){.when = -1};
		}
		s.at++;
	}
	return true;
}

/* ---- Files ---- */

static int drizzle_detect(struct peeks *k, const char *given, const char **dir)
{
	*dir = given;
	return io_is_file(io_join(k->a, k->root, path_in(k->a, given, "meta/_journal.json"))) ? 100
											      : 0;
}

static int by_journal(const struct migration *x, const struct migration *y)
{
	const struct journal_entry *a = x->layout_data, *b = y->layout_data;

	return a->order < b->order ? -1 : a->order > b->order;
}

static enum dialect dialect_of(struct slice word)
{
	if (slice_is(word, "pg") || slice_is(word, "postgresql"))
		return DIALECT_POSTGRES;
	if (slice_is(word, "sqlite") || slice_is(word, "turso"))
		return DIALECT_SQLITE;
	return slice_is(word, "mysql") ? DIALECT_MYSQL : DIALECT_UNKNOWN;
}

/* Drizzle sends what stands between two breakpoints, with or without a semicolon: the sign becomes
 * one where there is none. */
static void end_at_breakpoints(struct project *p, struct source *src)
{
	static const char sign[] = "--> statement-breakpoint";
	struct slice rest = src->text;
	char *masked = NULL;
	size_t at;

	while ((at = slice_find(rest, slice_of(sign))) != SIZE_MAX) {
		size_t off = (size_t)(rest.at - src->text.at) + at;
		struct slice before = slice_trim(slice_sub(src->text, 0, off));

		if (!masked && before.len && !slice_ends(before, ";"))
			masked = arena_cstr(p->arena, src->text);
		if (before.len && !slice_ends(before, ";"))
			memcpy(masked + off, ";--", 3);
		rest = slice_from(rest, at + sizeof sign - 1);
	}
	if (masked)
		src->masked = slice_n(masked, src->text.len);
}

/* One word, perhaps with TRANSACTION, and a semicolon: where it ends; 0 if it is not that. */
static size_t lone_word(struct lexer *x, struct token t, const char *word)
{
	if (!token_is(t, word))
		return 0;
	t = lexer_next(x);
	if (token_is(t, "transaction"))
		t = lexer_next(x);
	return token_punct(t, ";") ? t.off + 1 : 0;
}

/* COMMIT first and BEGIN last: a script that leaves the transaction which Drizzle has opened, for
 * PRAGMA foreign_keys. There is none here that it would have to leave. */
static void leave_transaction(struct project *p, struct source *src)
{
	struct slice text = src->masked;
	size_t first = 0, last = 0, end = 0, off;
	struct token t, before = {.kind = TOKEN_PUNCT, .text = SL(";")};
	struct lexer x;
	char *masked;

	lexer_init(&x, DIALECT_SQLITE, text);
	first = lone_word(&x, lexer_next(&x), "commit");
	if (!first)
		return;
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		off = t.off;
		if (!token_punct(before, ";") || !(end = lone_word(&x, t, "begin"))) {
			last = 0;
			before = t;
			continue;
		}
		last = off;
		before = (struct token){.kind = TOKEN_PUNCT, .text = SL(";")};
	}
	if (!last)
		return;
	masked = arena_cstr(p->arena, text);
	for (size_t i = 0; i < text.len; i++)
		if ((i < first || (i >= last && i < end)) && masked[i] != '\n')
			masked[i] = ' ';
	src->masked = slice_n(masked, text.len);
}

static void take_entry(struct project *p, const char *dir, const struct journal_entry *e)
{
	const char *path =
		path_in(p->arena, dir, arena_printf(p->arena, "%.*s.sql", SLICE(e->tag)).at);
	size_t digits = count_digits(e->tag);
	struct migration *m;

	if (!file_there(p, path)) {
		problem(p, true, "unreadable", path, NOWHERE,
			"meta/_journal.json names it, and it is not there; Drizzle stops here");
		return;
	}
	m = migration_add(p, e->tag, slice_sub(e->tag, 0, digits ? digits : e->tag.len),
		digits && digits < e->tag.len ? slice_from(e->tag, digits + 1) : e->tag, path);
	m->up = part_all(files_load(p, path), TX_MODE_MIGRATION);
	m->layout_data = e;
	if (m->up.src) {
		end_at_breakpoints(p, m->up.src);
		leave_transaction(p, m->up.src);
	}
}

static void leave_file(struct project *p, const struct entry *e, void *ctx)
{
	struct slice name = slice_of(e->name);
	bool known = e->dir || !slice_ends(name, ".sql");

	(void)ctx;
	for (size_t i = 0; i < p->nmigrations && !known; i++)
		known = slice_eq(p->migrations[i].id, slice_sub(name, 0, name.len - 4));
	if (!known)
		problem(p, false, "not-a-migration", e->path, NOWHERE,
			"meta/_journal.json does not name it, so Drizzle does not run it");
}

static bool read_folder(struct project *p, const char *dir)
{
	const char *path = path_in(p->arena, dir, "meta/_journal.json");
	struct source *src = files_load(p, path);
	struct journal_entry *v = NULL;
	struct slice dialect = SLICE_NONE;
	long long last = -1;
	size_t n = 0;

	if (!src)
		return true;
	if (!read_journal(p->arena, src->text, &v, &n, &dialect)) {
		problem(p, true, "unreadable", path, NOWHERE, "this is not the JSON of a journal");
		return true;
	}
	if (p->dialect == DIALECT_UNKNOWN)
		p->dialect = dialect_of(dialect);
	for (size_t i = 0; i < n; i++) {
		take_entry(p, dir, &v[i]);
		if (v[i].when <= last)
			problem(p, false, "version-gap", path, NOWHERE,
				"%.*s has an earlier time than one in front of it: where that one "
				"has run, Drizzle passes over it",
				SLICE(v[i].tag));
		last = v[i].when > last ? v[i].when : last;
	}
	return true;
}

static bool drizzle_read(struct project *p, struct err *err)
{
	(void)err;
	for (size_t i = 0; i < p->ndirs; i++)
		read_folder(p, p->dirs[i]);
	files_each(p, leave_file, NULL);
	attach_verify(p);
	migrations_finish(p, by_journal, 0);
	return true;
}

static bool drizzle_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	(void)p, (void)a, (void)up, (void)down, (void)files, (void)n;
	err_set(err, ERR_INPUT,
		"a new migration of Drizzle is not supported, because drizzle-kit keeps a snapshot "
		"of the schema beside each");
	return err_hint(
		err, "drizzle-kit generate --custom --name=%.*s makes an empty one.", SLICE(name));
}

/* ---- History ---- */

/* On PostgreSQL the table has a schema of its own. */
static struct project at_home(const struct project *p, enum dialect d)
{
	struct project q = *p;

	if (!q.table && d == DIALECT_POSTGRES)
		q.table = "drizzle.__drizzle_migrations";
	return q;
}

static long long when_of(const struct migration *m)
{
	const struct journal_entry *e = m->layout_data;

	return e ? e->when : -1;
}

static struct slice id_of(const struct project *p, struct slice created_at)
{
	long long when = cell_number(created_at);

	for (size_t i = 0; i < p->nmigrations; i++)
		if (when_of(&p->migrations[i]) == when)
			return p->migrations[i].id;
	return created_at;
}

static bool drizzle_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {"id", "hash", "created_at", NULL};
	struct project q = at_home(p, c->id.dialect);
	struct table_name t = history_table(&q);
	struct rows r = {0};

	if (!history_rows(&q, c, a, needs, out, &r, err,
		    "SELECT hash, CAST(created_at AS %s) FROM %N ORDER BY created_at",
		    text_type(c->id.dialect), t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct history_row *row =
			history_add(a, out, id_of(p, rows_get(&r, i, 1)), STATE_APPLIED);
		const struct migration *m = migration_by_id(p, row->id);

		row->edited = m && !slice_is(rows_get(&r, i, 0), m->checksum);
	}
	return true;
}

static bool drizzle_create(const struct project *p, struct conn *c, struct err *err)
{
	struct project q = at_home(p, c->id.dialect);
	struct table_name t = history_table(&q);

	if (c->id.dialect == DIALECT_POSTGRES && t.schema.len &&
		!conn_execf(c, err, "CREATE SCHEMA IF NOT EXISTS %I", t.schema))
		return false;
	return conn_execf(c, err,
		"CREATE TABLE IF NOT EXISTS %N ("
		"id SERIAL PRIMARY KEY, hash text NOT NULL, created_at %s)",
		t.schema, t.name, c->id.dialect == DIALECT_SQLITE ? SL("numeric") : SL("bigint"));
}

static bool drizzle_finish(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	struct project q = at_home(p, c->id.dialect);
	struct table_name t = history_table(&q);

	(void)ms;
	if (!conn_execf(
		    c, err, "DELETE FROM %N WHERE created_at = %lld", t.schema, t.name, when_of(m)))
		return false;
	return d == DIR_DOWN ||
	       conn_execf(c, err, "INSERT INTO %N (hash, created_at) VALUES (%L, %lld)", t.schema,
		       t.name, slice_of(m->checksum), when_of(m));
}

static bool drizzle_forget(
	const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	struct project q = at_home(p, c->id.dialect);
	struct table_name t = history_table(&q);
	const struct migration *m = migration_by_id(p, id);

	if (!m && cell_number(id) < 0)
		return err_set(err, ERR_INPUT, "\"%.*s\" is no time of a journal", SLICE(id));
	return conn_execf(c, err, "DELETE FROM %N WHERE created_at = %lld", t.schema, t.name,
		m ? when_of(m) : cell_number(id));
}

static bool drizzle_accept(
	const struct project *p, struct conn *c, const struct migration *m, struct err *err)
{
	struct project q = at_home(p, c->id.dialect);
	struct table_name t = history_table(&q);

	return conn_execf(c, err, "UPDATE %N SET hash = %L WHERE created_at = %lld", t.schema,
		t.name, slice_of(m->checksum), when_of(m));
}

static bool drizzle_lock(const struct project *p, const struct conn *c, struct arena *a,
	struct slice *sql_try, struct slice *sql_unlock)
{
	(void)p, (void)c, (void)a;
	*sql_try = *sql_unlock = SLICE_NONE;
	return false;
}

const struct layout layout_drizzle = {
	.name = "drizzle",
	.title = "Drizzle (drizzle/NNNN_name.sql, meta/_journal.json)",
	.table = "__drizzle_migrations",
	.detect = drizzle_detect,
	.read = drizzle_read,
	.new_files = drizzle_new_files,
	.history_read = drizzle_history,
	.history_create = drizzle_create,
	.history_finish = drizzle_finish,
	.history_forget = drizzle_forget,
	.history_accept = drizzle_accept,
	.lock_sql = drizzle_lock,
};
