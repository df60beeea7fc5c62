/* goose.c - NNN_name.sql with `-- +goose Up` and `-- +goose Down`.
 *
 * An annotation is a line that begins with -- in column 0 and holds +goose; an unknown one stops
 * the tool, and belay. goose cuts its statements at lines that end in `;`, without knowledge of
 * quotes; where that differs from what the server would call a statement, it is said. History: a
 * row per version (0 is there from the beginning), the newest one decides. */
#include "layout/internal.h"

#include "sql/mask.h"
#include "sql/quote.h"
#include "sql/split.h"

#include <stdint.h>
#include <stdlib.h>

static const long long goose_key = 4097083626;

enum note {
	NOTE_NONE,
	NOTE_UP,
	NOTE_DOWN,
	NOTE_BEGIN,
	NOTE_END,
	NOTE_NO_TX,
	NOTE_ENV_ON,
	NOTE_ENV_OFF,
	NOTE_UNKNOWN
};

static const struct {
	const char *words;
	enum note note;
} notes[] = {{"up", NOTE_UP}, {"down", NOTE_DOWN}, {"statementbegin", NOTE_BEGIN},
	{"statementend", NOTE_END}, {"no transaction", NOTE_NO_TX}, {"envsub on", NOTE_ENV_ON},
	{"envsub off", NOTE_ENV_OFF}, {"envsubst on", NOTE_ENV_ON}, {"envsubst off", NOTE_ENV_OFF}};

static enum note note_of(struct slice line)
{
	struct slice s = slice_trim(line);

	if (!slice_starts(s, "--") || slice_find(s, SL("+goose")) == SIZE_MAX)
		return NOTE_NONE;
	s = slice_trim(slice_from(s, 2));
	if (!slice_starts(s, "+goose"))
		return NOTE_UNKNOWN;
	s = slice_trim(slice_from(s, 6));
	for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
		if (slice_iis(s, notes[i].words))
			return notes[i].note;
	return NOTE_UNKNOWN;
}

static bool up_line(struct slice line)
{
	return note_of(line) == NOTE_UP;
}

static int goose_detect(struct peeks *k, const char *given, const char **dir)
{
	const struct entry *v;
	size_t n;

	*dir = given;
	files_peek(k, given, &v, &n);
	return files_any_line(k, v, n, ".sql", 12, up_line) ? 95 : 0;
}

/* ---- One file ---- */

struct goose {
	struct project *p;
	struct source *src;
	struct script_part up, down, *now;
	bool no_tx, env, in_block, ok;
	bool any_env;
	size_t begun; /* first line of the statement being read, SIZE_MAX = none */
	size_t *ends; /* where goose ends its statements outside of blocks */
	size_t nends;
	size_t *blocks; /* begin, end of each StatementBegin … StatementEnd */
	size_t nblocks;
	char *masked;
};

static void refuse(struct goose *g, struct slice line, const char *why)
{
	problem(g->p, true, "unknown-directive", g->src->path,
		(struct span){g->src, (size_t)(line.at - g->src->text.at), line.len}, "\"%.*s\" %s",
		SLICE(slice_trim(line)), why);
	g->ok = false;
}

/* The line's last word before a -- comment ends in ; */
static bool ends_statement(struct slice line)
{
	struct slice last = SLICE_NONE;
	size_t i = 0;

	while (i < line.len) {
		size_t from;

		while (i < line.len && (unsigned char)line.at[i] <= ' ')
			i++;
		from = i;
		while (i < line.len && (unsigned char)line.at[i] > ' ')
			i++;
		if (i == from || slice_starts(slice_from(line, from), "--"))
			break;
		last = slice_sub(line, from, i - from);
	}
	return last.len && last.at[last.len - 1] == ';';
}

static void end_section(struct goose *g, size_t at, struct slice line)
{
	if (!g->now)
		return;
	g->now->len = at - g->now->off;
	if (g->begun != SIZE_MAX)
		refuse(g, line,
			"stands behind a statement without ; at the end of its line, where "
			"goose stops");
	if (g->in_block)
		refuse(g, line, "comes before the -- +goose StatementEnd that is missing");
	g->begun = SIZE_MAX;
}

static void begin_section(struct goose *g, struct slice line, size_t next, enum note note)
{
	end_section(g, (size_t)(line.at - g->src->text.at), line);
	if ((note == NOTE_UP) != (g->up.src == NULL) || g->down.src) {
		refuse(g, line, g->up.src ? "comes a second time" : "comes before -- +goose Up");
		return;
	}
	g->now = note == NOTE_UP ? &g->up : &g->down;
	g->now->src = g->src;
	g->now->off = next;
}

static void take_note(struct goose *g, struct slice line, size_t next, enum note note)
{
	size_t at = (size_t)(line.at - g->src->text.at);

	if (line.at[0] != '-') {
		refuse(g, line, "is indented: goose wants it at the beginning of a line");
		return;
	}
	switch (note) {
	case NOTE_UP:
	case NOTE_DOWN:
		begin_section(g, line, next, note);
		break;
	case NOTE_BEGIN:
	case NOTE_END:
		if (!g->now || g->in_block == (note == NOTE_BEGIN))
			refuse(g, line, "stands where goose does not expect it");
		g->in_block = note == NOTE_BEGIN;
		*ARENA_PUSH(g->p->arena, g->blocks, g->nblocks) = note == NOTE_BEGIN ? next : at;
		break;
	case NOTE_NO_TX:
		g->no_tx = true;
		break;
	case NOTE_ENV_ON:
		g->env = g->any_env = true;
		break;
	case NOTE_ENV_OFF:
		g->env = false;
		break;
	case NOTE_UNKNOWN:
	case NOTE_NONE:
		refuse(g, line, "is not an annotation that goose knows");
		break;
	}
}

/* ${NAME}, ${NAME:-word} … with the environment's value, as goose would put it in. */
static void substitute(struct goose *g, size_t off, struct slice line)
{
	struct placeholder *found = NULL;
	size_t n = 0;
	struct slice masked = mask_text(g->p->arena, g->p->dialect, line, MASK_DOLLAR, &found, &n);

	memcpy(g->masked + off, masked.at, masked.len);
	for (size_t i = 0; i < n; i++) {
		size_t colon = slice_find(found[i].name, SL(":-"));
		struct slice name = slice_sub(found[i].name, 0, colon);
		const char *value = getenv(arena_cstr(g->p->arena, name));
		struct slice(*pair)[2];

		if ((!value || !*value) && colon == SIZE_MAX)
			continue;
		pair = ARENA_PUSH(g->p->arena, g->p->placeholders, g->p->nplaceholders);
		(*pair)[0] = found[i].name;
		(*pair)[1] =
			value && *value ? slice_of(value) : slice_from(found[i].name, colon + 2);
	}
}

static void take_line(struct goose *g, struct slice line, size_t next)
{
	size_t off = (size_t)(line.at - g->src->text.at);
	enum note note = note_of(line);
	struct slice s = slice_trim(line);

	if (note != NOTE_NONE) {
		take_note(g, line, next, note);
		return;
	}
	if (g->env && line.len)
		substitute(g, off, line);
	if (!g->now) {
		if (s.len && !slice_starts(s, "--") && !slice_is(s, "\xef\xbb\xbf"))
			refuse(g, line, "stands before -- +goose Up");
		return;
	}
	if (g->in_block)
		return;
	if (g->begun == SIZE_MAX && s.len && !slice_starts(s, "--"))
		g->begun = off;
	if (g->begun != SIZE_MAX && ends_statement(line)) {
		*ARENA_PUSH(g->p->arena, g->ends, g->nends) = off + line.len;
		g->begun = SIZE_MAX;
	}
}

static bool in_block(const struct goose *g, size_t at)
{
	for (size_t i = 0; i + 1 < g->nblocks; i += 2)
		if (at >= g->blocks[i] && at < g->blocks[i + 1])
			return true;
	return false;
}

/* goose's cuts against the statements that the server would see. */
static void compare_cuts(struct goose *g, const struct script_part *part)
{
	struct splitter sp;
	struct piece piece;
	size_t last_end = 0;

	splitter_init(&sp, g->p->dialect, slice_sub(g->src->text, part->off, part->len));
	while (splitter_next(&sp, &piece)) {
		size_t from = part->off + piece.body_off, to = from + piece.body_len, end = 0;
		struct span at = {g->src, from, piece.body_len};

		if (piece.kind != PIECE_SQL || in_block(g, from))
			continue;
		for (size_t i = 0; i < g->nends; i++) {
			if (g->ends[i] > from && g->ends[i] < to) {
				problem(g->p, false, "goose-splitting", g->src->path, at,
					"goose cuts this statement in two, at a line that ends in "
					"; wrap it in StatementBegin and StatementEnd");
				break;
			}
			if (!end && g->ends[i] >= to)
				end = g->ends[i];
		}
		if (end && end == last_end)
			problem(g->p, false, "goose-splitting", g->src->path, at,
				"goose sends this together with the statement before it: it cuts "
				"at line ends only");
		last_end = end;
	}
}

static bool parse(struct goose *g)
{
	struct slice rest = g->src->text, line = SLICE_NONE;

	g->begun = SIZE_MAX;
	g->ok = true;
	g->masked = arena_cstr(g->p->arena, g->src->text);
	while (g->ok && slice_line(&rest, &line)) {
		size_t next = rest.len ? (size_t)(rest.at - g->src->text.at) : g->src->text.len;

		take_line(g, line, next);
	}
	if (g->ok && g->now)
		end_section(g, g->src->text.len, line);
	else if (g->ok)
		problem(g->p, true, "unknown-marker", g->src->path, NOWHERE,
			"this has no -- +goose Up");
	if (!g->ok || !g->now)
		return false;
	if (g->any_env) {
		g->src->masked = slice_n(g->masked, g->src->text.len);
		g->p->mask_styles |= MASK_DOLLAR;
	}
	g->up.tx = g->down.tx = g->no_tx ? TX_MODE_NONE : TX_MODE_MIGRATION;
	compare_cuts(g, &g->up);
	if (g->down.src)
		compare_cuts(g, &g->down);
	return true;
}

static void take(struct project *p, const struct entry *e, void *ctx)
{
	struct slice s = slice_of(e->name), name;
	size_t digits = count_digits(s), dot = s.len;
	bool sql = slice_ends(s, ".sql"), go = slice_ends(s, ".go");
	struct goose g = {.p = p};
	struct migration *m;
	unsigned long long number;

	(void)ctx;
	if (!sql && (!go || slice_ends(s, "_test.go")))
		return;
	if (!digits || digits >= s.len || s.at[digits] != '_' ||
		!slice_u64(slice_sub(s, 0, digits), &number) || number == 0 || number > INT64_MAX) {
		if (sql)
			problem(p, false, "not-a-migration", e->path, NOWHERE,
				"this is not a migration: goose wants a number from 1 and then _");
		return;
	}
	if (e->dir) {
		problem(p, true, "not-a-migration", e->path, NOWHERE,
			"this is named like a migration and is a directory");
		return;
	}
	while (s.at[dot - 1] != '.')
		dot--;
	name = slice_sub(s, digits + 1, dot - digits - 2);
	if (sql && (!(g.src = files_load(p, e->path)) || !parse(&g)))
		return;
	m = migration_add(
		p, plain_number(slice_sub(s, 0, digits)), slice_sub(s, 0, digits), name, e->path);
	m->up = g.up;
	m->down = g.down;
	m->code = go ? "a Go migration" : NULL;
}

static bool goose_read(struct project *p, struct err *err)
{
	unsigned styles = p->mask_styles;

	(void)err;
	files_each(p, take, NULL);
	attach_verify(p);
	/* Masking was done line by line, where it is switched on: not again for whole files. */
	styles = p->mask_styles;
	p->mask_styles = 0;
	migrations_finish(p, by_number, FINISH_DUPLICATES | FINISH_GAPS | FINISH_WANTS_DOWN);
	p->mask_styles = styles;
	return true;
}

static bool goose_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = next_version(p, a, 14), words = slug(a, name, '_');
	const char *file = arena_printf(a, "%.*s_%.*s.sql", SLICE(version), SLICE(words)).at;
	bool outside = slice_find(up, SL("belay:no-transaction")) != SIZE_MAX;

	(void)err;
	*files = NULL;
	*n = 0;
	new_file_add(a, files, n, path_in(a, p->ndirs ? p->dirs[0] : "migrations", file),
		arena_printf(a, "%s-- +goose Up\n%.*s\n-- +goose Down\n%.*s",
			outside ? "-- +goose NO TRANSACTION\n" : "", SLICE(with_newline(a, up)),
			SLICE(with_newline(a, down))));
	return true;
}

/* ---- History ---- */

static bool seen(const struct history *h, struct slice id)
{
	for (size_t i = 0; i < h->n; i++)
		if (slice_eq(h->at[i].id, id))
			return true;
	return false;
}

static bool goose_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {"id", "version_id", "is_applied", "tstamp", NULL};
	struct table_name t = history_table(p);
	struct rows r = {0};
	size_t keep = 0;

	if (!history_rows(p, c, a, needs, out, &r, err,
		    "SELECT version_id, is_applied, CAST(tstamp AS %s) FROM %N ORDER BY id DESC",
		    text_type(c->id.dialect), t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct slice id = rows_get(&r, i, 0);

		if (slice_is(id, "0") || seen(out, id))
			continue;
		history_add(
			a, out, id, cell_true(rows_get(&r, i, 1)) ? STATE_APPLIED : STATE_PENDING)
			->applied_at = rows_get(&r, i, 2);
	}
	for (size_t i = 0; i < out->n; i++) /* older versions leave a row "not applied" on down */
		if (out->at[i].state == STATE_APPLIED)
			out->at[keep++] = out->at[i];
	out->n = keep;
	return true;
}

static bool create_table(struct conn *c, struct table_name t, struct err *err)
{
	if (dialect_is_mysql(c->id.dialect))
		return conn_execf(c, err,
			"CREATE TABLE %N (id serial NOT NULL, version_id bigint NOT NULL,"
			" is_applied boolean NOT NULL, tstamp timestamp NULL default now(),"
			" PRIMARY KEY(id))",
			t.schema, t.name);
	if (c->id.dialect == DIALECT_SQLITE)
		return conn_execf(c, err,
			"CREATE TABLE %N (id INTEGER PRIMARY KEY AUTOINCREMENT,"
			" version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL,"
			" tstamp TIMESTAMP DEFAULT (datetime('now')))",
			t.schema, t.name);
	return conn_execf(c, err,
		"CREATE TABLE %N (id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY,"
		" version_id bigint NOT NULL, is_applied boolean NOT NULL,"
		" tstamp timestamp NOT NULL DEFAULT now())",
		t.schema, t.name);
}

static bool insert(struct conn *c, struct table_name t, struct slice version, struct err *err)
{
	return conn_execf(c, err, "INSERT INTO %N (version_id, is_applied) VALUES (%s, %s)",
		t.schema, t.name, version, c->id.dialect == DIALECT_SQLITE ? SL("1") : SL("true"));
}

static bool goose_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);
	struct arena a = {0};
	struct names cols;
	bool ok = table_columns(c, &a, t, &cols, err);

	if (ok && cols.n == 0)
		ok = create_table(c, t, err) && insert(c, t, SL("0"), err);
	arena_done(&a);
	return ok;
}

static bool goose_finish(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	struct table_name t = history_table(p);

	(void)ms;
	if (d == DIR_DOWN)
		return conn_execf(
			c, err, "DELETE FROM %N WHERE version_id = %s", t.schema, t.name, m->id);
	return insert(c, t, m->id, err);
}

static bool goose_lock(const struct project *p, const struct conn *c, struct arena *a,
	struct slice *sql_try, struct slice *sql_unlock)
{
	(void)p;
	*sql_unlock = SLICE_NONE;
	if (c->id.dialect != DIALECT_POSTGRES)
		return false;
	pg_try_keys(a, &goose_key, 1, sql_try);
	return true;
}

static bool goose_forget(const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	struct table_name t = history_table(p);

	if (!slice_u64(id, &(unsigned long long){0}))
		return err_set(err, ERR_INPUT, "\"%.*s\" is no number", SLICE(id));
	return conn_execf(c, err, "DELETE FROM %N WHERE version_id = %s", t.schema, t.name, id);
}

const struct layout layout_goose = {
	.name = "goose",
	.title = "goose (-- +goose Up / -- +goose Down)",
	.table = "goose_db_version",
	.detect = goose_detect,
	.read = goose_read,
	.new_files = goose_new_files,
	.history_read = goose_history,
	.history_create = goose_create,
	.history_finish = goose_finish,
	.history_forget = goose_forget,
	.lock_sql = goose_lock,
};
