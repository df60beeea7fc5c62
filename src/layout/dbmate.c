/* dbmate.c - one file with `-- migrate:up` and `-- migrate:down`, each sent as one batch.
 *
 * A directive stands in column 0 and may carry options; `transaction:false` is the only one with
 * an effect. Several pairs in a file are read by newer versions, which then fail on the second
 * version row; belay runs all ups in order and all downs in reverse, and records the version once.
 * History is a set of version texts: leading zeros count. */
#include "layout/internal.h"

#include "sql/quote.h"

#include <stdint.h>

struct section {
	bool up, no_tx;
	size_t at, body, end; /* of the directive, behind its line, of the section */
};

/* ^--\s*migrate:WORD(\s*$|\s+\S+): the word and the options, or false. */
static bool directive_line(struct slice line, struct slice *word, struct slice *options)
{
	struct slice s;
	size_t n = 0;

	if (!slice_starts(line, "--"))
		return false;
	s = slice_trim(slice_from(line, 2));
	if (!slice_istarts(s, "migrate:"))
		return false;
	s = slice_from(s, 8);
	while (n < s.len && s.at[n] != ' ' && s.at[n] != '\t')
		n++;
	*word = slice_sub(s, 0, n);
	*options = slice_trim(slice_from(s, n));
	return true;
}

static bool exact_word(struct slice line, const char *word)
{
	struct slice w, o;

	return directive_line(line, &w, &o) && slice_is(w, word) &&
	       slice_find(line, SL("migrate:")) != SIZE_MAX;
}

static bool up_line(struct slice line)
{
	return exact_word(line, "up");
}

static int dbmate_detect(struct peeks *k, const char *given, const char **dir)
{
	const struct entry *v;
	size_t n;

	*dir = given;
	files_peek(k, given, &v, &n);
	return files_any_line(k, v, n, ".sql", 12, up_line) ? 95 : 0;
}

static bool take_options(struct project *p, struct source *src, struct slice options, bool *no_tx)
{
	struct slice one;

	while (slice_next(&options, ' ', &one)) {
		struct span at = {src, (size_t)(one.at - src->text.at), one.len};

		if (slice_is(one, "transaction:false"))
			*no_tx = true;
		else if (one.len && !slice_is(one, "transaction:true"))
			problem(p, false, "unknown-directive", src->path, at,
				"dbmate passes over the option \"%.*s\"; only transaction:false "
				"has "
				"an effect",
				SLICE(one));
	}
	return true;
}

/* A line that a person meant as a directive and dbmate does not see. */
static bool refuse_line(struct project *p, struct source *src, struct slice line, const char *why)
{
	problem(p, true, "unknown-marker", src->path,
		(struct span){src, (size_t)(line.at - src->text.at), line.len}, "\"%.*s\" %s",
		SLICE(slice_trim(line)), why);
	return false;
}

static bool find_sections(struct project *p, struct source *src, struct section **v, size_t *n)
{
	struct slice rest = src->text, line, word, options;

	*v = NULL;
	*n = 0;
	while (slice_line(&rest, &line)) {
		size_t off = (size_t)(line.at - src->text.at);
		struct section s = {.at = off, .body = (size_t)(rest.at - src->text.at)};

		if (!rest.at)
			s.body = src->text.len;
		if (!directive_line(line, &word, &options)) {
			struct slice t = slice_trim(line);

			if (t.at != line.at && directive_line(t, &word, &options))
				return refuse_line(p, src, line,
					"is indented: dbmate wants it at the beginning of a line");
			continue;
		}
		s.up = slice_is(word, "up");
		if (!s.up && !slice_is(word, "down"))
			return refuse_line(p, src, line,
				"is not understood; write -- migrate:up or -- migrate:down");
		if (slice_find(line, SL("migrate:")) == SIZE_MAX)
			return refuse_line(p, src, line, "must be in lower case");
		take_options(p, src, options, &s.no_tx);
		if (*n)
			(*v)[*n - 1].end = s.at;
		s.end = src->text.len;
		*ARENA_PUSH(p->arena, *v, *n) = s;
	}
	return true;
}

/* The same file with everything blanked that is not in a section of this direction: one stretch of
 * text, and each place in it is the place in the file. */
static struct source *only(
	struct project *p, const struct source *src, const struct section *v, size_t n, bool up)
{
	struct source *s = ARENA_NEW(p->arena, struct source);
	char *text = arena_cstr(p->arena, src->text);

	for (size_t i = 0; i < src->text.len; i++)
		if (text[i] != '\n' && text[i] != '\r')
			text[i] = ' ';
	for (size_t i = 0; i < n; i++)
		if (v[i].up == up)
			memcpy(text + v[i].body, src->text.at + v[i].body, v[i].end - v[i].body);
	source_init(s, p->arena, src->path, slice_n(text, src->text.len));
	return s;
}

/* Several downs, last one first. Their places in the file are lost, their text is not. */
static struct source *reversed(
	struct project *p, const struct source *src, const struct section *v, size_t n)
{
	struct source *s = ARENA_NEW(p->arena, struct source);
	struct buf b = {0};

	for (size_t i = n; i-- > 0;)
		if (!v[i].up)
			buf_add(&b, slice_sub(src->text, v[i].body, v[i].end - v[i].body));
	source_init(s, p->arena, src->path, arena_slice(p->arena, buf_slice(&b)));
	buf_done(&b);
	return s;
}

static struct script_part direction_part(
	struct project *p, struct source *src, const struct section *v, size_t n, bool up)
{
	struct script_part part = {.tx = TX_MODE_MIGRATION};
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].up != up)
			continue;
		found++;
		if (v[i].no_tx)
			part.tx = TX_MODE_NONE;
		part.src = src;
		part.off = v[i].body;
		part.len = v[i].end - v[i].body;
	}
	if (found > 1) {
		part.src = up ? only(p, src, v, n, true) : reversed(p, src, v, n);
		part.off = 0;
		part.len = part.src->text.len;
	}
	return part;
}

static bool check_shape(
	struct project *p, struct source *src, const struct section *v, size_t n, const char *path)
{
	struct slice before = slice_sub(src->text, 0, n ? v[0].at : src->text.len), line;

	if (n == 0 || !v[0].up) {
		problem(p, true, "unknown-marker", path, NOWHERE, "this %s",
			n ? "begins with -- migrate:down; dbmate wants -- migrate:up first"
			  : "has no -- migrate:up");
		return false;
	}
	while (slice_line(&before, &line)) {
		struct slice t = slice_trim(line);

		if (t.len && !slice_starts(t, "--") && !slice_is(t, "\xef\xbb\xbf"))
			return refuse_line(p, src, line,
				"stands before -- migrate:up, which dbmate does not allow");
	}
	return true;
}

static void take(struct project *p, const struct entry *e, void *ctx)
{
	struct slice s = slice_of(e->name), name;
	size_t digits = count_digits(s), n;
	struct section *v;
	struct source *src;
	struct migration *m;
	struct script_part up, down;

	(void)ctx;
	if (!slice_ends(s, ".sql"))
		return;
	if (!digits || e->dir) {
		problem(p, e->dir && digits, "not-a-migration", e->path, NOWHERE,
			e->dir ? "this is named like a migration and is a directory"
			       : "this is not a migration: its name does not begin with a number");
		return;
	}
	src = files_load(p, e->path);
	if (!src || !find_sections(p, src, &v, &n) || !check_shape(p, src, v, n, e->path))
		return;
	name = slice_sub(s, digits, s.len - digits - 4);
	if (name.len && name.at[0] == '_')
		name = slice_from(name, 1);
	up = direction_part(p, src, v, n, true);
	down = direction_part(p, src, v, n, false);
	if (n > 2)
		problem(p, false, "several-sections", e->path, NOWHERE,
			"this has several up sections; dbmate loses the later ones, belay runs "
			"all");
	if (!down.src)
		problem(p, false, "missing-down", e->path, NOWHERE,
			"this has no -- migrate:down; dbmate refuses the file");
	m = migration_add(p, slice_sub(s, 0, digits), slice_sub(s, 0, digits), name, e->path);
	m->up = up;
	m->down = down;
}

/* By file name; with several folders too. */
static int by_file_name(const struct migration *x, const struct migration *y)
{
	return slice_cmp(slice_of(io_basename(x->path)), slice_of(io_basename(y->path)));
}

static void find_same_versions(struct project *p)
{
	struct key_index x = {0};

	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];
		const struct key_entry *e = index_get(&x, m->version);

		if (e)
			problem(p, true, "duplicate-version", m->path, NOWHERE,
				"two migrations have the version %.*s: %s and %s",
				SLICE(m->version), p->migrations[e->first].path, m->path);
		index_put(p->arena, &x, m->version, i);
	}
}

static bool dbmate_read(struct project *p, struct err *err)
{
	(void)err;
	files_each(p, take, NULL);
	attach_verify(p);
	migrations_finish(p, by_file_name, FINISH_GAPS);
	find_same_versions(p);
	return true;
}

static bool dbmate_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = next_version(p, a, 14), words = slug(a, name, '_');
	const char *file = arena_printf(a, "%.*s_%.*s.sql", SLICE(version), SLICE(words)).at;
	const char *outside =
		slice_find(up, SL("belay:no-transaction")) != SIZE_MAX ? " transaction:false" : "";

	(void)err;
	*files = NULL;
	*n = 0;
	new_file_add(a, files, n, path_in(a, p->ndirs ? p->dirs[0] : "db/migrations", file),
		arena_printf(a, "-- migrate:up%s\n%.*s\n-- migrate:down%s\n%.*s", outside,
			SLICE(with_newline(a, up)), down.len ? outside : "",
			SLICE(with_newline(a, down))));
	return true;
}

/* ---- History ---- */

static bool dbmate_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {"version", NULL};
	struct table_name t = history_table(p);
	struct rows r = {0};

	if (!history_rows(p, c, a, needs, out, &r, err, "SELECT version FROM %N ORDER BY version",
		    t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++)
		history_add(a, out, rows_get(&r, i, 0), STATE_APPLIED);
	return true;
}

static bool dbmate_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);

	return conn_execf(c, err, "create table if not exists %N (version %s primary key)",
		t.schema, t.name,
		c->id.dialect == DIALECT_POSTGRES ? SL("varchar") : SL("varchar(128)"));
}

const struct layout layout_dbmate = {
	.name = "dbmate",
	.title = "dbmate (-- migrate:up / -- migrate:down)",
	.table = "schema_migrations",
	.detect = dbmate_detect,
	.read = dbmate_read,
	.new_files = dbmate_new_files,
	.history_read = dbmate_history,
	.history_create = dbmate_create,
	.history_finish = history_finish_version,
	.history_forget = history_forget_version,
};
