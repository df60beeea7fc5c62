/* sqlx.c - <number>_<words>.sql, or .up.sql and .down.sql; `-- no-transaction` as the first words.
 *
 * Looks like two other layouts from outside; Cargo.toml tells. The history keeps a SHA-384 of the
 * text, so an edited file is seen. */
#include "layout/internal.h"

#include "base/digest.h"
#include "sql/quote.h"

#include <stdint.h>

struct sqlx_name {
	struct slice number, words;
	enum { SQLX_NOTHING, SQLX_SIMPLE, SQLX_UP, SQLX_DOWN } kind;
};

static struct sqlx_name parse(struct slice s)
{
	struct sqlx_name n = {0};
	size_t under = slice_chr(s, '_');

	if (under == SIZE_MAX || !slice_ends(s, ".sql"))
		return n;
	n.number = slice_sub(s, 0, under);
	n.words = slice_from(s, under + 1);
	n.kind = slice_ends(s, ".up.sql")     ? SQLX_UP
		 : slice_ends(s, ".down.sql") ? SQLX_DOWN
					      : SQLX_SIMPLE;
	n.words.len -= n.kind == SQLX_UP ? 7 : n.kind == SQLX_DOWN ? 9 : 4;
	return n;
}

static bool mentions_sqlx(struct slice line)
{
	struct slice s = slice_trim(line);

	return slice_starts(s, "sqlx") &&
	       (s.len == 4 || s.at[4] == ' ' || s.at[4] == '=' || s.at[4] == '.' || s.at[4] == '-');
}

/* Cargo.toml in the folder above, or above that, or at the root. */
static bool cargo_with_sqlx(struct peeks *k, const char *dir)
{
	struct slice at = slice_of(dir);

	for (;;) {
		const char *folder = at.len ? arena_cstr(k->a, at) : ".";
		const char *path = path_in(k->a, folder, "Cargo.toml");
		struct entry e = {.name = "Cargo.toml", .path = path};

		if (io_is_file(io_join(k->a, k->root, path)) &&
			files_any_line(k, &e, 1, ".toml", 1, mentions_sqlx))
			return true;
		if (!at.len || slice_is(at, "."))
			return false;
		while (at.len && at.at[at.len - 1] != '/')
			at.len--;
		at.len -= at.len > 0;
	}
}

static int sqlx_detect(struct peeks *k, const char *given, const char **dir)
{
	const struct entry *v;
	size_t n, found = 0;

	*dir = given;
	files_peek(k, given, &v, &n);
	for (size_t i = 0; i < n; i++) {
		struct sqlx_name x = parse(slice_of(v[i].name));

		found += !v[i].dir && x.kind != SQLX_NOTHING && x.number.len &&
			 count_digits(x.number) == x.number.len;
	}
	if (!found)
		return 0;
	return cargo_with_sqlx(k, given) ? 85 : 10;
}

static struct script_part load(struct project *p, const char *path)
{
	struct script_part part = part_all(files_load(p, path), TX_MODE_MIGRATION);

	if (part.src && slice_starts(part.src->text, "-- no-transaction"))
		part.tx = TX_MODE_NONE;
	return part;
}

static void take(struct project *p, const struct entry *e, void *ctx)
{
	struct key_index *x = ctx;
	struct sqlx_name n = parse(slice_of(e->name));
	struct migration *m;
	struct script_part *part;
	const struct key_entry *known;
	unsigned long long number;

	if (n.kind == SQLX_NOTHING) {
		if (slice_ends(slice_of(e->name), ".sql"))
			problem(p, false, "not-a-migration", e->path, NOWHERE,
				"this is not a migration: sqlx wants NUMBER_name.sql");
		return;
	}
	if (e->dir || !slice_u64(n.number, &number) || number > INT64_MAX) {
		problem(p, true, "not-a-migration", e->path, NOWHERE,
			e->dir ? "this is named like a migration and is a directory"
			       : "what stands before _ is not a number; sqlx stops here");
		return;
	}
	known = index_get(x, plain_number(n.number));
	m = known ? &p->migrations[known->first] : NULL;
	if (!m) {
		m = migration_add(p, plain_number(n.number), n.number, n.words, e->path);
		index_put(p->arena, x, m->id, p->nmigrations - 1);
	}
	part = n.kind == SQLX_DOWN ? &m->down : &m->up;
	if (part->src) {
		problem(p, true, "duplicate-version", e->path, NOWHERE,
			"two %s scripts have the number %.*s: %s and %s",
			n.kind == SQLX_DOWN ? "down" : "up", SLICE(n.number), part->src->path,
			e->path);
		return;
	}
	if (n.kind != SQLX_DOWN) {
		m->path = e->path;
		m->name = arena_slice(p->arena, n.words);
	}
	*part = load(p, e->path);
}

/* A down alone is nothing that sqlx would run. */
static void leave_lone_downs(struct project *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		if (m->up.src)
			p->migrations[n++] = *m;
		else
			problem(p, false, "not-a-migration", m->down.src->path, NOWHERE,
				"this undoes nothing: number %.*s has no up script, and sqlx "
				"passes over it",
				SLICE(m->id));
	}
	p->nmigrations = n;
}

static bool sqlx_read(struct project *p, struct err *err)
{
	struct key_index x = {0};

	(void)err;
	files_each(p, take, &x);
	leave_lone_downs(p);
	attach_verify(p);
	migrations_finish(p, by_number, FINISH_DUPLICATES | FINISH_GAPS | FINISH_WANTS_DOWN);
	return true;
}

static bool sqlx_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = next_version(p, a, 14), words = slug(a, name, '_');
	const char *dir = p->ndirs ? p->dirs[0] : "migrations", *first = "";
	bool simple = p->nmigrations > 0;

	(void)err;
	for (size_t i = 0; i < p->nmigrations; i++)
		simple &= !slice_ends(slice_of(p->migrations[i].path), ".up.sql");
	if (slice_find(up, SL("belay:no-transaction")) != SIZE_MAX)
		first = "-- no-transaction\n";
	*files = NULL;
	*n = 0;
	new_file_add(a, files, n,
		path_in(a, dir,
			arena_printf(a, "%.*s_%.*s%s.sql", SLICE(version), SLICE(words),
				simple ? "" : ".up")
				.at),
		arena_printf(a, "%s%.*s", first, SLICE(with_newline(a, up))));
	if (!simple)
		new_file_add(a, files, n,
			path_in(a, dir,
				arena_printf(a, "%.*s_%.*s.down.sql", SLICE(version), SLICE(words))
					.at),
			arena_printf(
				a, "%s%.*s", down.len ? first : "", SLICE(with_newline(a, down))));
	return true;
}

/* ---- History ---- */

static void checksum_hex(const struct migration *m, char out[97])
{
	unsigned char raw[DIGEST_SHA384_BYTES];

	digest_sha384(m->up.src ? m->up.src->text : SLICE_NONE, raw);
	digest_hex(raw, sizeof raw, out);
}

static bool sqlx_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {
		"version", "description", "success", "checksum", "execution_time", NULL};
	struct table_name t = history_table(p);
	bool pg = c->id.dialect == DIALECT_POSTGRES;
	struct rows r = {0};

	if (!history_rows(p, c, a, needs, out, &r, err,
		    "SELECT version, success, %s, execution_time, CAST(installed_on AS %s) FROM %N"
		    " ORDER BY version",
		    pg ? SL("encode(checksum, 'hex')") : SL("lower(hex(checksum))"),
		    text_type(c->id.dialect), t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		bool good = cell_true(rows_get(&r, i, 1));
		struct history_row *row = history_add(
			a, out, rows_get(&r, i, 0), good ? STATE_APPLIED : STATE_FAILED);
		const struct migration *m = migration_by_id(p, row->id);
		long long ns = cell_number(rows_get(&r, i, 3));
		char hex[97];

		if (m) {
			checksum_hex(m, hex);
			row->edited = good && !slice_is(rows_get(&r, i, 2), hex);
		}
		if (!good)
			row->note = SL("dirty: sqlx began it and did not finish");
		row->ms = ns < 0 ? -1 : ns / 1000000;
		row->applied_at = rows_get(&r, i, 4);
	}
	return true;
}

static bool sqlx_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);
	bool pg = c->id.dialect == DIALECT_POSTGRES;

	return conn_execf(c, err,
		"CREATE TABLE IF NOT EXISTS %N (version BIGINT PRIMARY KEY,"
		" description TEXT NOT NULL, installed_on %s, success BOOLEAN NOT NULL,"
		" checksum %s NOT NULL, execution_time BIGINT NOT NULL)",
		t.schema, t.name,
		pg ? SL("TIMESTAMPTZ NOT NULL DEFAULT now()")
		   : SL("TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP"),
		pg ? SL("BYTEA") : SL("BLOB"));
}

static bool insert(const struct project *p, struct conn *c, const struct migration *m, bool success,
	long long ns, struct err *err)
{
	struct table_name t = history_table(p);
	struct arena a = {0};
	char hex[97], *words = arena_cstr(&a, m->name);
	bool ok;

	for (char *s = words; *s; s++)
		if (*s == '_')
			*s = ' ';
	checksum_hex(m, hex);
	ok = conn_execf(c, err, "DELETE FROM %N WHERE version = %s", t.schema, t.name, m->id) &&
	     conn_execf(c, err,
		     "INSERT INTO %N (version, description, success, checksum, execution_time)"
		     " VALUES (%s, %L, %s, %s%L%s, %lld)",
		     t.schema, t.name, m->id, slice_of(words), success ? SL("TRUE") : SL("FALSE"),
		     c->id.dialect == DIALECT_POSTGRES ? SL("decode(") : SL("X"), slice_of(hex),
		     c->id.dialect == DIALECT_POSTGRES ? SL(", 'hex')") : SLICE_NONE, ns);
	arena_done(&a);
	return ok;
}

/* Only where DDL commits by itself does the tool leave a mark before it begins. */
static bool sqlx_begin(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, struct err *err)
{
	struct table_name t = history_table(p);

	if (!dialect_is_mysql(c->id.dialect))
		return true;
	if (d == DIR_DOWN)
		return conn_execf(c, err, "UPDATE %N SET success = FALSE WHERE version = %s",
			t.schema, t.name, m->id);
	return insert(p, c, m, false, -1, err);
}

static bool sqlx_finish(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	struct table_name t = history_table(p);

	if (d == DIR_DOWN)
		return conn_execf(
			c, err, "DELETE FROM %N WHERE version = %s", t.schema, t.name, m->id);
	return insert(p, c, m, true, ms < 0 ? -1 : ms * 1000000, err);
}

long long sqlx_key(struct slice dbname)
{
	return 0x3d32ad9eLL * (long long)digest_crc32(0, dbname);
}

static bool sqlx_lock(const struct project *p, const struct conn *c, struct arena *a,
	struct slice *sql_try, struct slice *sql_unlock)
{
	long long key = sqlx_key(c->id.database);

	(void)p;
	*sql_unlock = SLICE_NONE;
	if (dialect_is_mysql(c->id.dialect)) {
		mysql_try_name(
			a, arena_printf(a, "%llx", (unsigned long long)key), sql_try, sql_unlock);
		return true;
	}
	if (c->id.dialect != DIALECT_POSTGRES)
		return false;
	pg_try_keys(a, &key, 1, sql_try);
	return true;
}

static bool sqlx_forget(const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	struct table_name t = history_table(p);

	if (!slice_u64(id, &(unsigned long long){0}))
		return err_set(err, ERR_INPUT, "\"%.*s\" is no number", SLICE(id));
	return conn_execf(c, err, "DELETE FROM %N WHERE version = %s", t.schema, t.name, id);
}

static bool sqlx_accept(
	const struct project *p, struct conn *c, const struct migration *m, struct err *err)
{
	struct table_name t = history_table(p);
	bool pg = c->id.dialect == DIALECT_POSTGRES;
	char hex[97];

	checksum_hex(m, hex);
	return conn_execf(c, err, "UPDATE %N SET checksum = %s%L%s WHERE version = %s", t.schema,
		t.name, pg ? SL("decode(") : SL("X"), slice_of(hex),
		pg ? SL(", 'hex')") : SLICE_NONE, m->id);
}

const struct layout layout_sqlx = {
	.name = "sqlx",
	.title = "sqlx (NNN_name.sql, or .up.sql / .down.sql, in a Cargo project)",
	.table = "_sqlx_migrations",
	.detect = sqlx_detect,
	.read = sqlx_read,
	.new_files = sqlx_new_files,
	.history_read = sqlx_history,
	.history_create = sqlx_create,
	.history_begin = sqlx_begin,
	.history_finish = sqlx_finish,
	.history_forget = sqlx_forget,
	.history_accept = sqlx_accept,
	.lock_sql = sqlx_lock,
};
