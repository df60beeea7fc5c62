/* golang_migrate.c - NNN_name.up.sql and NNN_name.down.sql, one row of history.
 *
 * A file is sent whole, as one message. The number of the row is a high-water mark: everything up
 * to it counts as applied. `dirty` is set before a file runs and cleared after it. */
#include "layout/internal.h"

#include "base/digest.h"
#include "sql/quote.h"

#include <stdint.h>

struct gm_name {
	struct slice number, name, ext;
	enum { GM_NOTHING, GM_UP, GM_DOWN, GM_NEAR, GM_AROUND } kind;
};

/* ^([0-9]+)_(.*)\.(down|up)\.(.*)$ , the last direction that fits. */
static struct gm_name parse(struct slice s)
{
	struct gm_name n = {0};
	size_t digits = count_digits(s), dot;

	if (!digits || digits >= s.len || s.at[digits] != '_')
		return n;
	n.number = slice_sub(s, 0, digits);
	for (dot = s.len; dot-- > digits + 1;) {
		struct slice rest = slice_from(s, dot);
		bool up = slice_starts(rest, ".up."), down = slice_starts(rest, ".down.");

		if (!up && !down)
			continue;
		n.kind = up ? GM_UP : GM_DOWN;
		n.name = slice_sub(s, digits + 1, dot - digits - 1);
		n.ext = slice_from(rest, up ? 4 : 6);
		return n;
	}
	return n;
}

/* 12_name.dwon.sql: the tool passes over it without a word. */
static bool near_direction(struct slice s)
{
	size_t digits = count_digits(s), end, dot;

	if (!digits || !slice_ends(s, ".sql"))
		return false;
	end = s.len - 4;
	for (dot = end; dot > digits && s.at[dot - 1] != '.'; dot--)
		;
	if (dot <= digits)
		return false;
	s = slice_sub(s, dot, end - dot);
	return is_near(s, "down") || (s.len >= 2 && s.len <= 3 && is_near(s, "up"));
}

static bool template_line(struct slice line)
{
	size_t at = slice_find(line, SL("{{"));
	struct slice in;

	if (at == SIZE_MAX)
		return false;
	in = slice_trim(slice_from(line, at + 2));
	return slice_starts(in, ".") || slice_starts(in, "index ");
}

static int gm_detect(struct peeks *k, const char *given, const char **dir)
{
	const struct entry *v;
	size_t n, ups = 0, downs = 0, bare = 0;

	*dir = given;
	files_peek(k, given, &v, &n);
	for (size_t i = 0; i < n; i++) {
		struct gm_name x = parse(slice_of(v[i].name));

		if (v[i].dir || !slice_ends(slice_of(v[i].name), ".sql"))
			continue;
		ups += x.kind == GM_UP;
		downs += x.kind == GM_DOWN;
		bare += x.kind == GM_NOTHING && count_digits(slice_of(v[i].name));
	}
	if (!ups)
		return 0;
	if (bare > ups) /* 001_x.sql beside 001_x.down.sql is somebody's own habit */
		return 20;
	/* The tool has no templates: a folder that uses them is somebody's own. */
	if (!downs && files_any_line(k, v, n, ".sql", 12, template_line))
		return 20;
	return 80;
}

static bool direction_taken(const struct migration *m, const struct gm_name *n)
{
	return n->kind == GM_UP ? m->path != NULL : m->down.src != NULL;
}

/* The migration that a file belongs to: the one of its number and name, else one of its number that
 * has no script in this direction yet (the tool does not compare the names). */
static struct migration *find_number(
	struct project *p, const struct key_index *x, const struct gm_name *n, bool *taken)
{
	const struct key_entry *e = index_get(x, plain_number(n->number));
	struct migration *other = NULL;

	*taken = false;
	if (!e)
		return NULL;
	for (size_t i = e->first; i < (e->count > 1 ? p->nmigrations : e->first + 1); i++) {
		struct migration *m = &p->migrations[i];

		if (m->layout_data || cmp_number(m->version, n->number) != 0)
			continue;
		if (direction_taken(m, n))
			*taken = true;
		else if (!other || slice_eq(m->name, n->name))
			other = m;
	}
	if (other)
		*taken = *taken && !slice_eq(other->name, n->name);
	return other;
}

static void add_direction(
	struct project *p, struct key_index *x, const struct gm_name *n, const char *path)
{
	bool taken;
	struct migration *m = find_number(p, x, n, &taken);
	const char *code = slice_is(n->ext, "sql") ? NULL : code_of(path);

	if (taken)
		problem(p, true, "duplicate-version", path, NOWHERE,
			"two %s scripts have the number %.*s; %s is the second one",
			n->kind == GM_UP ? "up" : "down", SLICE(n->number), path);
	if (!m || taken) {
		m = migration_add(p, plain_number(n->number), n->number, n->name, path);
		m->path = NULL;
		index_put(p->arena, x, m->id, p->nmigrations - 1);
	}
	if (n->kind == GM_UP) {
		m->path = path;
		m->name = arena_slice(p->arena, n->name);
		m->code = code;
	}
	if (!code)
		*(n->kind == GM_UP ? &m->up : &m->down) =
			part_all(files_load(p, path), TX_MODE_BATCH);
}

/* 32_premigrate.go, 60_postmigrate.go: Go code that a project runs around the SQL of that number.
 */
static const char around_mark[] = "around";
static bool add_around(struct project *p, const struct entry *e)
{
	struct slice s = slice_of(e->name);
	size_t digits = count_digits(s), dot = s.len;
	struct migration *m;

	if (!digits || !slice_ends(s, ".go") || slice_ends(s, "_test.go") || s.at[digits] != '_')
		return false;
	while (s.at[dot - 1] != '.')
		dot--;
	m = migration_add(p, slice_sub(s, 0, dot - 1), slice_sub(s, 0, digits),
		slice_sub(s, digits + 1, dot - digits - 2), e->path);
	m->code = "a Go migration";
	m->layout_data = around_mark;
	return true;
}

static bool before_sql(const struct migration *m)
{
	return m->layout_data && slice_istarts(m->name, "pre");
}

static int gm_cmp(const struct migration *x, const struct migration *y)
{
	int c = by_number(x, y);

	if (c || (!x->layout_data && !y->layout_data))
		return c;
	if (before_sql(x) != before_sql(y))
		return before_sql(x) ? -1 : 1;
	if ((x->layout_data != NULL) != (y->layout_data != NULL))
		return x->layout_data ? 1 : -1;
	return slice_cmp(x->id, y->id);
}

static void take(struct project *p, const struct entry *e, void *ctx)
{
	struct key_index *x = ctx;
	struct slice s = slice_of(e->name);
	struct gm_name n = parse(s);
	unsigned long long number;

	if (e->dir) {
		if (n.kind != GM_NOTHING || (count_digits(s) && slice_ends(s, ".sql")))
			problem(p, true, "not-a-migration", e->path, NOWHERE,
				"this is named like a migration and is a directory");
		return;
	}
	if (n.kind == GM_NOTHING && add_around(p, e))
		return;
	if (n.kind == GM_NOTHING && near_direction(s))
		problem(p, true, "unknown-marker", e->path, NOWHERE,
			"the part before .sql looks like up or down and is neither; "
			"golang-migrate passes over it");
	else if (n.kind == GM_NOTHING && slice_ends(s, ".sql"))
		problem(p, false, "not-a-migration", e->path, NOWHERE,
			"this is not a migration: golang-migrate wants NUMBER_name.up.sql or "
			".down.sql");
	else if (n.kind != GM_NOTHING && !slice_u64(n.number, &number))
		problem(p, false, "not-a-migration", e->path, NOWHERE,
			"this is not a migration: its number does not fit into 64 bits");
	else if (n.kind != GM_NOTHING && (slice_is(n.ext, "sql") || code_of(e->name)))
		add_direction(p, x, &n, e->path);
}

static bool gm_read(struct project *p, struct err *err)
{
	struct key_index x = {0};

	(void)err;
	files_each(p, take, &x);
	for (size_t i = 0; i < p->nmigrations; i++) {
		struct migration *m = &p->migrations[i];

		if (m->path)
			continue;
		m->path = m->down.src ? m->down.src->path : p->dirs[0];
		if (!m->code)
			problem(p, false, "not-a-migration", m->path, NOWHERE,
				"this undoes a migration %.*s that is not there", SLICE(m->id));
	}
	attach_verify_beside(p);
	attach_verify(p);
	migrations_finish(p, gm_cmp, FINISH_GAPS | FINISH_WANTS_DOWN);
	return true;
}

static bool gm_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = next_version(p, a, 6), words = slug(a, name, '_');
	const char *dir = p->ndirs ? p->dirs[0] : "migrations";

	(void)err;
	*files = NULL;
	*n = 0;
	new_file_add(a, files, n,
		path_in(a, dir,
			arena_printf(a, "%.*s_%.*s.up.sql", SLICE(version), SLICE(words)).at),
		with_newline(a, up));
	new_file_add(a, files, n,
		path_in(a, dir,
			arena_printf(a, "%.*s_%.*s.down.sql", SLICE(version), SLICE(words)).at),
		with_newline(a, down));
	return true;
}

/* ---- History ---- */

static bool gm_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {"version", "dirty", NULL};
	struct table_name t = history_table(p);
	struct rows r = {0};
	struct slice mark;
	bool dirty, found = false;

	if (!history_rows(p, c, a, needs, out, &r, err, "SELECT version, dirty FROM %N", t.schema,
		    t.name))
		return false;
	if (r.nrows > 1)
		out->problem =
			arena_printf(a, "the table %.*s has %zu rows; golang-migrate keeps one",
				SLICE(t.name), r.nrows);
	if (r.nrows != 1)
		return true;
	mark = rows_get(&r, 0, 0);
	dirty = cell_true(rows_get(&r, 0, 1));
	if (mark.len && mark.at[0] == '-') { /* -1, dirty: the down of the first one failed */
		struct slice first = p->nmigrations ? p->migrations[0].id : SL("1");

		history_add(a, out, first, STATE_FAILED)->note =
			SL("dirty: its down did not finish");
		return true;
	}
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];
		int k = cmp_number(m->version, mark);
		bool here = k == 0 && !m->layout_data;
		struct history_row *row;

		found |= here;
		if (k > 0)
			continue;
		row = history_add(a, out, m->id, here && dirty ? STATE_FAILED : STATE_APPLIED);
		if (here && dirty)
			row->note = SL("dirty: golang-migrate began it and did not finish");
	}
	if (!found) {
		struct history_row *row =
			history_add(a, out, mark, dirty ? STATE_FAILED : STATE_APPLIED);

		row->note = dirty ? SL("dirty") : SLICE_NONE;
	}
	return true;
}

static bool gm_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);

	if (c->id.dialect == DIALECT_SQLITE)
		return conn_execf(c, err,
			       "CREATE TABLE IF NOT EXISTS %N (version uint64,dirty bool)",
			       t.schema, t.name) &&
		       conn_execf(c, err,
			       "CREATE UNIQUE INDEX IF NOT EXISTS version_unique ON %N (version)",
			       t.schema, t.name);
	return conn_execf(c, err,
		"CREATE TABLE IF NOT EXISTS %N (version bigint not null primary key,"
		" dirty boolean not null)",
		t.schema, t.name);
}

static struct slice flag_word(const struct conn *c, bool dirty)
{
	if (c->id.dialect == DIALECT_SQLITE)
		return dirty ? SL("1") : SL("0");
	return dirty ? SL("true") : SL("false");
}

/* The row that the tool would write: number and flag; number empty = none, and then only a dirty
 * mark leaves a row (-1). DELETE and not TRUNCATE, which would commit in MySQL. */
static bool set_version(
	const struct project *p, struct conn *c, struct slice number, bool dirty, struct err *err)
{
	struct table_name t = history_table(p);

	if (!conn_execf(c, err, "DELETE FROM %N", t.schema, t.name))
		return false;
	if (!number.len && !dirty)
		return true;
	return conn_execf(c, err, "INSERT INTO %N (version, dirty) VALUES (%s, %s)", t.schema,
		t.name, number.len ? plain_number(number) : SL("-1"), flag_word(c, dirty));
}

/* The same on the way up, where a lower number that is run late must not pull the mark back; all in
 * statements that return nothing, so that they travel with the COMMIT. */
static bool raise_version(
	const struct project *p, struct conn *c, struct slice number, bool dirty, struct err *err)
{
	struct table_name t = history_table(p);
	struct slice n = plain_number(number), flag = flag_word(c, dirty);

	return conn_execf(c, err, "DELETE FROM %N WHERE version <= %s", t.schema, t.name, n) &&
	       conn_execf(c, err, "UPDATE %N SET dirty = %s", t.schema, t.name, flag) &&
	       conn_execf(c, err,
		       "INSERT INTO %N (version, dirty) SELECT %s, %s%s"
		       " WHERE NOT EXISTS (SELECT 1 FROM %N)",
		       t.schema, t.name, n, flag,
		       dialect_is_mysql(c->id.dialect) ? SL(" FROM DUAL") : SLICE_NONE, t.schema,
		       t.name);
}

static struct slice number_before(const struct project *p, const struct migration *m)
{
	struct slice before = SLICE_NONE;

	for (size_t i = 0; i < p->nmigrations; i++)
		if (cmp_number(p->migrations[i].version, m->version) < 0)
			before = p->migrations[i].version;
	return before;
}

static bool record(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, bool dirty, struct err *err)
{
	if (d == DIR_UP)
		return raise_version(p, c, m->version, dirty, err);
	return set_version(p, c, number_before(p, m), dirty, err);
}

static bool gm_begin(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, struct err *err)
{
	return record(p, c, m, d, true, err);
}

static bool gm_finish(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	(void)ms;
	return record(p, c, m, d, false, err);
}

/* ---- Its lock ---- */

long long golang_migrate_key(struct slice schema, struct slice table, struct slice dbname)
{
	unsigned crc = digest_crc32(0, schema);

	crc = digest_crc32(crc, slice_n("", 1));
	crc = digest_crc32(crc, table);
	crc = digest_crc32(crc, slice_n("", 1));
	crc = digest_crc32(crc, dbname);
	return (long long)(uint32_t)(crc * 1486364155u);
}

static bool gm_lock(const struct project *p, const struct conn *c, struct arena *a,
	struct slice *sql_try, struct slice *sql_unlock)
{
	struct table_name t = history_table(p);
	struct slice schema = t.schema.len ? t.schema : SL("public"), db = c->id.database;
	long long keys[2];

	*sql_unlock = SLICE_NONE;
	if (dialect_is_mysql(c->id.dialect)) {
		struct slice both = arena_printf(a, "%.*s:%.*s", SLICE(db), SLICE(t.name));
		uint32_t id = (uint32_t)(digest_crc32(0, both) * 1486364155u);

		mysql_try_name(a, arena_printf(a, "%u", (unsigned)id), sql_try, sql_unlock);
		return true;
	}
	if (c->id.dialect != DIALECT_POSTGRES)
		return false;
	/* The command takes the database's name from the URL's path, the library from the server.
	 */
	keys[0] = golang_migrate_key(schema, t.name, arena_printf(a, "/%.*s", SLICE(db)));
	keys[1] = golang_migrate_key(schema, t.name, db);
	pg_try_keys(a, keys, 2, sql_try);
	return true;
}

/* One number: without the last one it is that of the file before it. */
static bool gm_forget(const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	struct migration m = {.version = id};
	struct table_name t = history_table(p);
	struct arena a = {0};
	struct rows r = {0};
	struct buf b = {0};
	bool ok;

	sqlf(&b, c->id.dialect, "SELECT version FROM %N", t.schema, t.name);
	ok = conn_query(c, buf_slice(&b), &a, &r, err);
	buf_done(&b);

	if (ok && r.nrows && cmp_number(rows_get(&r, 0, 0), id) == 0)
		ok = set_version(p, c, number_before(p, &m), false, err);
	else if (ok && migration_by_id(p, id)) {
		err_set(err, ERR_REFUSED,
			"golang-migrate keeps one number, so only the last one can be forgotten, "
			"not "
			"%.*s",
			SLICE(id));
		ok = false;
	}
	arena_done(&a);
	return ok;
}

const struct layout layout_golang_migrate = {
	.name = "golang-migrate",
	.title = "golang-migrate (NNN_name.up.sql / .down.sql)",
	.table = "schema_migrations",
	.high_water = true,
	.detect = gm_detect,
	.read = gm_read,
	.new_files = gm_new_files,
	.history_read = gm_history,
	.history_create = gm_create,
	.history_begin = gm_begin,
	.history_finish = gm_finish,
	.history_forget = gm_forget,
	.lock_sql = gm_lock,
};
