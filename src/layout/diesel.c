/* diesel.c - a folder per migration with up.sql and down.sql; metadata.toml may say
 * `run_in_transaction = false`. The version is the folder's name up to the first `_`, without its
 * dashes; the order is that text. */
#include "layout/internal.h"

#include "sql/quote.h"

#include <stdint.h>

static int diesel_detect(struct peeks *k, const char *given, const char **dir)
{
	const struct entry *v;
	size_t n, ups = 0;

	*dir = given;
	files_peek(k, given, &v, &n);
	for (size_t i = 0; i < n; i++)
		ups += v[i].dir && count_digits(slice_of(v[i].name)) &&
		       io_is_file(io_join(k->a, k->root, path_in(k->a, v[i].path, "up.sql")));
	return ups ? 92 : 0;
}

static struct slice version_of(struct arena *a, struct slice name)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < name.len && name.at[i] != '_'; i++)
		if (name.at[i] != '-')
			buf_addc(&b, name.at[i]);
	out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* One line of metadata.toml is of interest. */
static enum tx_mode tx_of(struct project *p, const char *dir)
{
	const char *path = path_in(p->arena, dir, "metadata.toml");
	struct source *src;
	struct slice rest, line;
	enum tx_mode tx = TX_MODE_MIGRATION;

	if (!file_there(p, path) || !(src = files_load(p, path)))
		return tx;
	rest = src->text;
	while (slice_line(&rest, &line)) {
		size_t eq = slice_chr(line, '=');
		struct slice value;

		if (eq == SIZE_MAX ||
			!slice_is(slice_trim(slice_sub(line, 0, eq)), "run_in_transaction"))
			continue;
		value = slice_trim(slice_from(line, eq + 1));
		if (slice_starts(value, "false"))
			tx = TX_MODE_NONE;
		else if (!slice_starts(value, "true"))
			problem(p, true, "unknown-directive", path,
				(struct span){src, (size_t)(line.at - src->text.at), line.len},
				"run_in_transaction is neither true nor false");
	}
	return tx;
}

static void take(struct project *p, const struct entry *e)
{
	struct slice s = slice_of(e->name), version = version_of(p->arena, s);
	size_t under = slice_chr(s, '_');
	const char *up = path_in(p->arena, e->path, "up.sql");
	const char *down = path_in(p->arena, e->path, "down.sql");
	const char *verify = path_in(p->arena, e->path, "verify.sql");
	struct migration *m;
	enum tx_mode tx;

	if (!file_there(p, up)) {
		if (count_digits(s))
			problem(p, true, "not-a-migration", e->path, NOWHERE,
				"this has no up.sql; diesel refuses the folder");
		return;
	}
	tx = tx_of(p, e->path);
	if (version.len > 50)
		problem(p, true, "not-a-migration", e->path, NOWHERE,
			"its version does not fit into diesel's table, which takes 50 "
			"characters");
	m = migration_add(
		p, version, version, under == SIZE_MAX ? s : slice_from(s, under + 1), up);
	m->up = part_all(files_load(p, up), tx);
	if (file_there(p, down))
		m->down = part_all(files_load(p, down), tx);
	if (file_there(p, verify))
		m->verify = part_all(files_load(p, verify), TX_MODE_NONE);
}

static void take_entry(struct project *p, const struct entry *e, void *ctx)
{
	(void)ctx;
	if (e->dir)
		take(p, e);
	else if (slice_ends(slice_of(e->name), ".sql"))
		problem(p, false, "not-a-migration", e->path, NOWHERE,
			"this is not a migration: diesel wants a folder with up.sql");
}

static bool diesel_read(struct project *p, struct err *err)
{
	(void)err;
	files_each(p, take_entry, NULL);
	attach_verify(p);
	migrations_finish(p, by_version_text, FINISH_DUPLICATES | FINISH_WANTS_DOWN);
	return true;
}

/* diesel_cli writes 2024-01-15-120000-0000_name. */
static struct slice dashed(struct arena *a, const struct project *p, struct slice v)
{
	bool dashes = false;

	for (size_t i = 0; i < p->nmigrations && !dashes; i++)
		dashes = slice_find(slice_of(p->migrations[i].path), SL("-0000_")) != SIZE_MAX;
	if (v.len == 18 && slice_ends(v, "0000"))
		dashes = true;
	if ((v.len != 14 && v.len != 18) || (p->nmigrations && !dashes))
		return v;
	return arena_printf(a, "%.4s-%.2s-%.2s-%.6s-%.4s", v.at, v.at + 4, v.at + 6, v.at + 8,
		v.len == 18 ? v.at + 14 : "0000");
}

static bool diesel_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = dashed(a, p, next_version(p, a, 14)), words = slug(a, name, '_');
	const char *dir = path_in(a, p->ndirs ? p->dirs[0] : "migrations",
		arena_printf(a, "%.*s_%.*s", SLICE(version), SLICE(words)).at);

	(void)err;
	*files = NULL;
	*n = 0;
	new_file_add(a, files, n, path_in(a, dir, "up.sql"), with_newline(a, up));
	new_file_add(a, files, n, path_in(a, dir, "down.sql"), with_newline(a, down));
	if (slice_find(up, SL("belay:no-transaction")) != SIZE_MAX)
		new_file_add(a, files, n, path_in(a, dir, "metadata.toml"),
			SL("run_in_transaction = false\n"));
	return true;
}

/* ---- History ---- */

static bool diesel_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {"version", "run_on", NULL};
	struct table_name t = history_table(p);
	struct rows r = {0};

	if (!history_rows(p, c, a, needs, out, &r, err,
		    "SELECT version, CAST(run_on AS %s) FROM %N ORDER BY version",
		    text_type(c->id.dialect), t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		history_add(a, out, rows_get(&r, i, 0), STATE_APPLIED)->applied_at =
			rows_get(&r, i, 1);
	return true;
}

static bool diesel_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);

	return conn_execf(c, err,
		"CREATE TABLE IF NOT EXISTS %N (version VARCHAR(50) PRIMARY KEY NOT NULL,"
		" run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
		t.schema, t.name);
}

const struct layout layout_diesel = {
	.name = "diesel",
	.title = "diesel (a folder per migration with up.sql and down.sql)",
	.table = "__diesel_schema_migrations",
	.detect = diesel_detect,
	.read = diesel_read,
	.new_files = diesel_new_files,
	.history_read = diesel_history,
	.history_create = diesel_create,
	.history_finish = history_finish_version,
	.history_forget = history_forget_version,
};
