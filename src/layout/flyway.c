/* flyway.c - V1__name.sql, with R__ (repeatable), U (undo), B (baseline) and classes beside.
 *
 * Versions are split at . and _ and compared as numbers. Folders below the location are searched
 * too. A baseline script stands for all V up to its version: belay lists the newest one and leaves
 * those out. The history is a log; per version the row with the highest rank decides. */
#include "layout/internal.h"

#include "base/digest.h"
#include "sql/mask.h"
#include "sql/quote.h"

#include <stdint.h>

enum { MAX_DEPTH = 6 };

struct fly_name {
	char prefix; /* V, U, B, R, 0 */
	struct slice version, words;
	bool sql;
};

static struct fly_name parse(struct slice s)
{
	struct fly_name n = {0};
	size_t dot = s.len, under;

	while (dot > 0 && s.at[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return n;
	n.sql = slice_is(slice_from(s, dot), "sql");
	if (!n.sql && !slice_is(slice_from(s, dot), "kt") && !slice_is(slice_from(s, dot), "java"))
		return n;
	s = slice_sub(s, 0, dot - 1);
	under = slice_find(s, SL("__"));
	if (under == SIZE_MAX || under == 0 || !strchr("VUBR", s.at[0]))
		return n;
	n.version = slice_sub(s, 1, under - 1);
	n.words = slice_from(s, under + 2);
	if (s.at[0] == 'R' ? n.version.len != 0 : !count_digits(n.version))
		return n;
	for (size_t i = 0; i < n.version.len; i++)
		if (!strchr("0123456789._", n.version.at[i]))
			return n;
	n.prefix = s.at[0];
	return n;
}

/* ---- Versions ---- */

int flyway_cmp_version(struct slice x, struct slice y)
{
	for (;;) {
		size_t nx, ny;
		int c;

		while (x.len && !count_digits(x))
			x = slice_from(x, 1);
		while (y.len && !count_digits(y))
			y = slice_from(y, 1);
		nx = count_digits(x);
		ny = count_digits(y);
		if (!nx && !ny)
			return 0;
		/* Trailing zero parts do not count: 1.0 = 1. */
		c = cmp_number(
			nx ? slice_sub(x, 0, nx) : SL("0"), ny ? slice_sub(y, 0, ny) : SL("0"));
		if (c)
			return c;
		x = slice_from(x, nx);
		y = slice_from(y, ny);
	}
}

static struct slice dotted(struct arena *a, struct slice version)
{
	char *s = arena_cstr(a, version);

	for (size_t i = 0; i < version.len; i++)
		if (s[i] == '_')
			s[i] = '.';
	return slice_n(s, version.len);
}

static struct slice blanks(struct arena *a, struct slice words)
{
	char *s = arena_cstr(a, words);

	for (size_t i = 0; i < words.len; i++)
		if (s[i] == '_')
			s[i] = ' ';
	return slice_n(s, words.len);
}

/* Versioned ones first, by version; repeatable ones after them, by description. */
static int fly_cmp(const struct migration *x, const struct migration *y)
{
	int c;

	if (x->repeatable != y->repeatable)
		return x->repeatable ? 1 : -1;
	if (x->repeatable)
		return slice_cmp(x->name, y->name);
	c = flyway_cmp_version(x->version, y->version);
	return c ? c : (int)y->baseline - (int)x->baseline;
}

/* CRC-32 over the lines without their ends, BOM of the first one away; as signed 32 bits. */
int flyway_checksum(struct slice text)
{
	unsigned crc = 0;
	size_t at = 0;

	if (slice_starts(text, "\xef\xbb\xbf"))
		text = slice_from(text, 3);
	while (at < text.len) {
		size_t from = at;

		while (at < text.len && text.at[at] != '\n' && text.at[at] != '\r')
			at++;
		crc = digest_crc32(crc, slice_sub(text, from, at - from));
		if (at + 1 < text.len && text.at[at] == '\r' && text.at[at + 1] == '\n')
			at++;
		at++;
	}
	return (int)(int32_t)(uint32_t)crc;
}

/* ---- Finding ---- */

static size_t count_in(struct peeks *k, const char *dir, int depth)
{
	const struct entry *v;
	size_t n, found = 0;

	files_peek(k, dir, &v, &n);
	for (size_t i = 0; i < n; i++)
		if (!v[i].dir)
			found += parse(slice_of(v[i].name)).prefix == 'V' &&
				 slice_ends(slice_of(v[i].name), ".sql");
		else if (depth < MAX_DEPTH)
			found += count_in(k, v[i].path, depth + 1);
	return found;
}

static int fly_detect(struct peeks *k, const char *given, const char **dir)
{
	*dir = given;
	return count_in(k, given, 2) ? 90 : 0;
}

/* ---- Reading ---- */

struct fly_data {
	bool has_checksum;
	int checksum;
	const char *script; /* relative to its location, as Flyway records it */
};

struct flyway {
	struct project *p;
	const char *location;
	struct migration *undos; /* held back until their V is known */
	size_t nundos;
};

/* The side file V1__x.sql.conf: only what changes how belay must run the script. */
static void read_conf(struct flyway *f, const char *path, struct migration *m, bool *mask)
{
	const char *conf = arena_printf(f->p->arena, "%s.conf", path).at;
	struct source *src;
	struct slice rest, line;

	*mask = true;
	if (!file_there(f->p, conf) || !(src = files_load(f->p, conf)))
		return;
	rest = src->text;
	while (slice_line(&rest, &line)) {
		size_t eq = slice_chr(line, '=');
		struct slice key, value;
		struct span at = {src, (size_t)(line.at - src->text.at), line.len};

		if (eq == SIZE_MAX || slice_starts(slice_trim(line), "#"))
			continue;
		key = slice_trim(slice_sub(line, 0, eq));
		value = slice_trim(slice_from(line, eq + 1));
		if (slice_iis(key, "executeInTransaction") && slice_iis(value, "false"))
			m->up.tx = TX_MODE_NONE;
		else if (slice_iis(key, "placeholderReplacement"))
			*mask = !slice_iis(value, "false");
		else if (slice_iis(key, "encoding") && !slice_iis(value, "UTF-8") &&
			 !slice_iis(value, "US-ASCII"))
			problem(f->p, true, "unknown-directive", conf, at,
				"belay reads UTF-8 only, not %.*s", SLICE(value));
		else if (!slice_iis(key, "executeInTransaction") && !slice_iis(key, "encoding"))
			problem(f->p, false, "unknown-directive", conf, at,
				"belay does not know the setting %.*s", SLICE(key));
	}
}

static void note_checksum(struct flyway *f, struct migration *m, const char *path)
{
	struct fly_data *d = ARENA_NEW(f->p->arena, struct fly_data);
	size_t n = strlen(f->location);
	bool below = strncmp(path, f->location, n) == 0 && path[n] == '/';

	d->script = below ? path + n + 1 : io_basename(path);
	if (m->up.src) {
		d->has_checksum = true;
		d->checksum = flyway_checksum(m->up.src->text);
	}
	m->layout_data = d;
}

static void add(struct flyway *f, const struct entry *e, const struct fly_name *n)
{
	struct arena *a = f->p->arena;
	bool mask = true;
	struct migration m = {.version = n->version,
		.id = n->prefix == 'R'   ? arena_printf(a, "R__%.*s", SLICE(n->words))
		      : n->prefix == 'B' ? arena_printf(a, "B%.*s", SLICE(dotted(a, n->version)))
					 : dotted(a, n->version),
		.name = blanks(a, n->words),
		.path = e->path,
		.repeatable = n->prefix == 'R',
		.baseline = n->prefix == 'B',
		.code = n->sql ? NULL : code_of(e->name)};

	if (n->sql) {
		m.up = part_all(files_load(f->p, e->path), TX_MODE_MIGRATION);
		read_conf(f, e->path, &m, &mask);
	}
	/* A source whose masked text is another pointer is not masked again. */
	if (m.up.src && !mask)
		m.up.src->masked = arena_slice(a, m.up.src->text);
	note_checksum(f, &m, e->path);
	if (n->prefix == 'U')
		*ARENA_PUSH(a, f->undos, f->nundos) = m;
	else
		*ARENA_PUSH(a, f->p->migrations, f->p->nmigrations) = m;
}

static bool is_callback(struct slice s)
{
	static const char *const starts[] = {"beforeMigrate", "beforeEachMigrate", "afterMigrate",
		"afterEachMigrate", "beforeVersioned", "afterVersioned", "beforeRepeatables",
		"beforeConnect", "afterConnect", "createSchema", "beforeCreateSchema",
		"beforeClean", "afterClean", "beforeValidate", "afterValidate", "beforeBaseline",
		"afterBaseline", "beforeRepair", "afterRepair", "beforeInfo", "afterInfo",
		"beforeUndo", "afterUndo"};

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (slice_starts(s, starts[i]))
			return true;
	return false;
}

static void take(struct flyway *f, const struct entry *e)
{
	struct slice s = slice_of(e->name);
	struct fly_name n = parse(s);

	if (n.prefix) {
		add(f, e, &n);
		return;
	}
	if (!slice_ends(s, ".sql"))
		return;
	if (is_callback(s))
		problem(f->p, false, "callback-not-run", e->path, NOWHERE,
			"this is a callback of Flyway; belay does not run it");
	else
		problem(f->p, false, "not-a-migration", e->path, NOWHERE,
			"this is not a migration: Flyway wants V1__name.sql with two underscores");
}

static void list(struct flyway *f, const char *dir, int depth)
{
	struct entry *v;
	size_t n;

	if (!files_list(f->p, dir, &v, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		if (!v[i].dir)
			take(f, &v[i]);
		else if (parse(slice_of(v[i].name)).prefix)
			problem(f->p, true, "not-a-migration", v[i].path, NOWHERE,
				"this is named like a migration and is a directory");
		else if (depth < MAX_DEPTH)
			list(f, v[i].path, depth + 1);
	}
}

/* …/resources/db/migration has its classes in …/kotlin/db/migration and …/java/db/migration. */
static void list_classes(struct flyway *f, const char *dir)
{
	static const char *const trees[] = {"kotlin", "java"};
	struct slice s = slice_of(dir);
	size_t at = slice_find(s, SL("resources/"));

	for (size_t i = 0; at != SIZE_MAX && i < sizeof trees / sizeof *trees; i++) {
		const char *there = arena_printf(f->p->arena, "%.*s%s/%.*s",
			SLICE(slice_sub(s, 0, at)), trees[i], SLICE(slice_from(s, at + 10)))
					    .at;

		f->location = there;
		if (io_is_dir(io_join(f->p->arena, f->p->root, there)))
			list(f, there, 0);
	}
}

static void give_undos(struct flyway *f)
{
	for (size_t i = 0; i < f->nundos; i++) {
		struct migration *m = NULL, *u = &f->undos[i];

		for (size_t k = 0; k < f->p->nmigrations; k++)
			if (!f->p->migrations[k].repeatable && !f->p->migrations[k].baseline &&
				flyway_cmp_version(f->p->migrations[k].version, u->version) == 0)
				m = &f->p->migrations[k];
		if (!m)
			problem(f->p, false, "not-a-migration", u->path, NOWHERE,
				"this undoes a version %.*s that is not there", SLICE(u->id));
		else if (m->down.src)
			problem(f->p, true, "duplicate-version", u->path, NOWHERE,
				"version %.*s has two undo scripts: %s and %s", SLICE(u->id),
				m->down.src->path, u->path);
		else
			m->down = u->up;
	}
}

/* The newest B stays; it stands for every V and B up to its version. */
static void fold_baseline(struct project *p)
{
	const struct migration *best = NULL;
	struct migration kept;
	size_t n = 0;

	for (size_t i = 0; i < p->nmigrations; i++)
		if (p->migrations[i].baseline &&
			(!best || flyway_cmp_version(p->migrations[i].version, best->version) > 0))
			best = &p->migrations[i];
	if (!best)
		return;
	kept = *best;
	for (size_t i = 0; i < p->nmigrations; i++) {
		struct migration *m = &p->migrations[i];

		if (m->repeatable || flyway_cmp_version(m->version, kept.version) > 0 ||
			(m->baseline && m->path == kept.path))
			p->migrations[n++] = *m;
	}
	p->nmigrations = n;
}

static bool fly_read(struct project *p, struct err *err)
{
	struct flyway f = {.p = p};

	(void)err;
	for (size_t i = 0; i < p->ndirs; i++) {
		f.location = p->dirs[i];
		list(&f, p->dirs[i], 0);
		list_classes(&f, p->dirs[i]);
	}
	give_undos(&f);
	fold_baseline(p);
	p->mask_styles |= MASK_DOLLAR | MASK_FLYWAY_FP;
	attach_verify(p);
	migrations_finish(p, fly_cmp, FINISH_DUPLICATES);
	return true;
}

/* V<next>__words.sql; the version in the habit of the last one: 1.2.3 -> 1.2.4. */
static struct slice next_fly_version(const struct project *p, struct arena *a)
{
	struct slice last = SLICE_NONE, head;
	unsigned long long number = 0;
	size_t at;

	for (size_t i = 0; i < p->nmigrations; i++)
		if (!p->migrations[i].repeatable)
			last = p->migrations[i].version;
	if (!last.len || count_digits(last) == last.len)
		return next_version(p, a, 1);
	for (at = last.len; at > 0 && last.at[at - 1] >= '0' && last.at[at - 1] <= '9'; at--)
		;
	head = slice_sub(last, 0, at);
	slice_u64(slice_from(last, at), &number);
	return arena_printf(a, "%.*s%0*llu", SLICE(head), (int)(last.len - at), number + 1);
}

static bool fly_new_files(const struct project *p, struct arena *a, struct slice name,
	struct slice up, struct slice down, struct new_file **files, size_t *n, struct err *err)
{
	struct slice version = next_fly_version(p, a), words = slug(a, name, '_');
	const char *dir = p->ndirs ? p->dirs[0] : "src/main/resources/db/migration";
	const char *file = arena_printf(a, "V%.*s__%.*s.sql", SLICE(version), SLICE(words)).at;

	(void)err;
	*files = NULL;
	*n = 0;
	new_file_add(a, files, n, path_in(a, dir, file), with_newline(a, up));
	if (slice_find(up, SL("belay:no-transaction")) != SIZE_MAX)
		new_file_add(a, files, n, path_in(a, dir, arena_printf(a, "%s.conf", file).at),
			SL("executeInTransaction=false\n"));
	file = arena_printf(a, "U%.*s__%.*s.sql", SLICE(version), SLICE(words)).at;
	if (down.len)
		new_file_add(a, files, n, path_in(a, dir, file), with_newline(a, down));
	return true;
}

/* ---- History ---- */

struct fly_row {
	struct slice version, type, script;
	bool success, has_checksum;
	int checksum;
	struct slice at;
	long long ms;
};

static const struct migration *by_version(const struct project *p, struct slice version)
{
	for (size_t i = 0; i < p->nmigrations; i++)
		if (!p->migrations[i].repeatable &&
			flyway_cmp_version(p->migrations[i].version, version) == 0)
			return &p->migrations[i];
	return NULL;
}

static const struct migration *by_description(const struct project *p, struct slice words)
{
	for (size_t i = 0; i < p->nmigrations; i++)
		if (p->migrations[i].repeatable && slice_eq(p->migrations[i].name, words))
			return &p->migrations[i];
	return NULL;
}

static const struct migration *baseline_of(const struct project *p)
{
	for (size_t i = 0; i < p->nmigrations; i++)
		if (p->migrations[i].baseline)
			return &p->migrations[i];
	return NULL;
}

static struct history_row *row_for(struct arena *a, struct history *h, struct slice id)
{
	for (size_t i = 0; i < h->n; i++)
		if (slice_eq(h->at[i].id, id))
			return &h->at[i];
	return history_add(a, h, id, STATE_PENDING);
}

/* Rows come by rank, so that a later one overwrites an earlier one. */
static void take_row(const struct project *p, struct arena *a, struct history *out,
	const struct migration *m, struct slice id, const struct fly_row *x)
{
	struct history_row *row = row_for(a, out, id);
	const struct fly_data *d = m ? m->layout_data : NULL;
	bool gone = slice_is(x->type, "DELETE") || slice_starts(x->type, "UNDO");

	(void)p;
	row->state = gone ? STATE_PENDING : x->success ? STATE_APPLIED : STATE_FAILED;
	row->note = row->state == STATE_FAILED ? SL("Flyway began it and it failed") : SLICE_NONE;
	row->applied_at = x->at;
	row->ms = x->ms;
	row->edited = row->state == STATE_APPLIED && d && d->has_checksum && x->has_checksum &&
		      d->checksum != x->checksum;
}

/* Everything up to a baseline row, or to the folded baseline script, counts as done. */
static void cover(const struct project *p, struct arena *a, struct history *out,
	struct slice version, struct slice note)
{
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];
		struct history_row *row;

		if (m->repeatable || flyway_cmp_version(m->version, version) > 0)
			continue;
		row = row_for(a, out, m->id);
		if (row->state != STATE_PENDING)
			continue;
		row->state = STATE_APPLIED;
		row->note = note;
	}
}

static void take_versioned(const struct project *p, struct arena *a, struct history *out,
	const struct migration *base, const struct fly_row *x, bool *before_base)
{
	const struct migration *m = by_version(p, x->version);

	if (slice_is(x->type, "BASELINE")) {
		cover(p, a, out, x->version, SL("before the baseline"));
		return;
	}
	if (base && flyway_cmp_version(x->version, base->version) <= 0) {
		*before_base |= !slice_is(x->type, "SQL_BASELINE") &&
				flyway_cmp_version(x->version, base->version) < 0;
		if (flyway_cmp_version(x->version, base->version) == 0)
			take_row(p, a, out, base, base->id, x);
		return;
	}
	take_row(p, a, out, m, m ? m->id : x->version, x);
}

static void settle_baseline(const struct project *p, struct arena *a, struct history *out,
	const struct migration *base, bool before_base)
{
	struct history_row *row;
	bool later = false;

	for (size_t i = 0; i < out->n; i++) {
		const struct migration *m = migration_by_id(p, out->at[i].id);

		later |= m && !m->repeatable && m != base && out->at[i].state == STATE_APPLIED;
	}
	row = row_for(a, out, base->id);
	if (row->state == STATE_APPLIED || (!before_base && !later))
		return;
	if (later) {
		row->state = STATE_APPLIED;
		row->note = SL("the versions before it were run one by one");
		return;
	}
	out->problem = arena_printf(a,
		"this database stands before the baseline %.*s: run the versions up to it with "
		"Flyway first",
		SLICE(base->version));
}

static bool fly_history(const struct project *p, struct conn *c, struct arena *a,
	struct history *out, struct err *err)
{
	static const char *const needs[] = {"installed_rank", "version", "description", "type",
		"script", "checksum", "execution_time", "success", NULL};
	const struct migration *base = baseline_of(p);
	struct table_name t = history_table(p);
	struct rows r = {0};
	bool before_base = false;
	size_t keep = 0;

	if (!history_rows(p, c, a, needs, out, &r, err,
		    "SELECT version, description, type, script, checksum, success,"
		    " CAST(installed_on AS %s), execution_time FROM %N ORDER BY installed_rank",
		    text_type(c->id.dialect), t.schema, t.name))
		return false;
	for (size_t i = 0; i < r.nrows; i++) {
		struct fly_row x = {.version = rows_get(&r, i, 0),
			.type = rows_get(&r, i, 2),
			.script = rows_get(&r, i, 3),
			.has_checksum = !rows_null(&r, i, 4),
			.checksum = (int)cell_number(rows_get(&r, i, 4)),
			.success = cell_true(rows_get(&r, i, 5)),
			.at = rows_get(&r, i, 6),
			.ms = cell_number(rows_get(&r, i, 7))};
		const struct migration *m;

		if (slice_is(x.type, "SCHEMA"))
			continue;
		if (!rows_null(&r, i, 0)) {
			take_versioned(p, a, out, base, &x, &before_base);
			continue;
		}
		m = by_description(p, rows_get(&r, i, 1));
		take_row(p, a, out, m,
			m ? m->id : arena_printf(a, "R__%.*s", SLICE(rows_get(&r, i, 1))), &x);
	}
	if (base)
		settle_baseline(p, a, out, base, before_base);
	for (size_t i = 0; i < out->n; i++)
		if (out->at[i].state != STATE_PENDING)
			out->at[keep++] = out->at[i];
	out->n = keep;
	return true;
}

static struct slice index_name(struct arena *a, struct table_name t, const char *tail)
{
	return arena_printf(a, "%.*s%s", SLICE(t.name), tail);
}

static bool create_table(struct conn *c, struct table_name t, struct arena *a, struct err *err)
{
	static const char *const columns =
		"CREATE TABLE %N (%I INT NOT NULL%s, %I VARCHAR(50), %I VARCHAR(200) NOT NULL,"
		" %I VARCHAR(20) NOT NULL, %I VARCHAR(1000) NOT NULL, %I %s,"
		" %I VARCHAR(100) NOT NULL, %I %s, %I %s NOT NULL, %I %s NOT NULL%s";
	bool my = dialect_is_mysql(c->id.dialect), lite = c->id.dialect == DIALECT_SQLITE;
	struct buf b = {0};
	bool ok;

	sqlf(&b, c->id.dialect, columns, t.schema, t.name, SL("installed_rank"),
		lite ? SL(" PRIMARY KEY") : SLICE_NONE, SL("version"), SL("description"),
		SL("type"), SL("script"), SL("checksum"), my || lite ? SL("INT") : SL("INTEGER"),
		SL("installed_by"), SL("installed_on"),
		my     ? SL("TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP")
		: lite ? SL("TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now'))")
		       : SL("TIMESTAMP NOT NULL DEFAULT now()"),
		SL("execution_time"), my || lite ? SL("INT") : SL("INTEGER"), SL("success"),
		my ? SL("BOOL") : SL("BOOLEAN"), lite ? SL(")") : SLICE_NONE);
	if (!lite)
		sqlf(&b, c->id.dialect, ", CONSTRAINT %I PRIMARY KEY (%I))%s",
			index_name(a, t, "_pk"), SL("installed_rank"),
			my ? SL(" ENGINE=InnoDB") : SLICE_NONE);
	ok = conn_exec(c, buf_slice(&b), err) &&
	     conn_execf(c, err, "CREATE INDEX %I ON %N (%I)", index_name(a, t, "_s_idx"), t.schema,
		     t.name, SL("success"));
	buf_done(&b);
	return ok;
}

static bool fly_create(const struct project *p, struct conn *c, struct err *err)
{
	struct table_name t = history_table(p);
	struct arena a = {0};
	struct names cols;
	bool ok = table_columns(c, &a, t, &cols, err);

	if (ok && cols.n == 0)
		ok = create_table(c, t, &a, err);
	arena_done(&a);
	return ok;
}

static struct slice who(enum dialect d)
{
	if (d == DIALECT_SQLITE)
		return SL("''");
	return dialect_is_mysql(d) ? SL("SUBSTRING_INDEX(USER(), '@', 1)") : SL("current_user");
}

/* One more row, with the next rank. */
static bool add_row(const struct project *p, struct conn *c, const struct migration *m,
	struct slice type, const char *script, int checksum, long long ms, bool success,
	struct err *err)
{
	struct table_name t = history_table(p);
	struct arena a = {0};
	bool my = dialect_is_mysql(c->id.dialect), ok;
	struct slice rank = SL("installed_rank");

	/* The derived table keeps MySQL from seeing the same table twice. */
	ok = conn_execf(c, err,
		"INSERT INTO %N (%I, %I, %I, %I, %I, %I, %I, %I, %I)"
		" SELECT x.n, %s%L%s, %L, %L, %L, %d, %s, %lld, %s"
		" FROM (SELECT COALESCE(MAX(%I), 0) + 1 AS n FROM %N) x",
		t.schema, t.name, rank, SL("version"), SL("description"), SL("type"), SL("script"),
		SL("checksum"), SL("installed_by"), SL("execution_time"), SL("success"),
		m->repeatable ? SL("NULLIF(") : SLICE_NONE,
		m->repeatable ? SLICE_NONE : dotted(&a, m->version),
		m->repeatable ? SL(", '')") : SLICE_NONE, slice_sub(m->name, 0, 200), type,
		slice_of(script), checksum, who(c->id.dialect), ms < 0 ? 0 : ms,
		c->id.dialect == DIALECT_SQLITE ? (success ? SL("1") : SL("0"))
						: (success ? SL("true") : SL("false")),
		rank, t.schema, t.name);
	(void)my;
	arena_done(&a);
	return ok;
}

static bool remove_failed(
	const struct project *p, struct conn *c, const struct migration *m, struct err *err)
{
	struct table_name t = history_table(p);
	struct arena a = {0};
	bool ok = m->repeatable ||
		  conn_execf(c, err, "DELETE FROM %N WHERE %I = %L AND %I = %s", t.schema, t.name,
			  SL("version"), dotted(&a, m->version), SL("success"),
			  c->id.dialect == DIALECT_SQLITE ? SL("0") : SL("false"));

	arena_done(&a);
	return ok;
}

static bool fly_finish(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, long long ms, struct err *err)
{
	const struct fly_data *data = m->layout_data;

	if (d == DIR_DOWN)
		return add_row(p, c, m, SL("UNDO_SQL"),
			m->down.src ? io_basename(m->down.src->path) : data->script,
			m->down.src ? flyway_checksum(m->down.src->text) : 0, ms, true, err);
	return remove_failed(p, c, m, err) &&
	       add_row(p, c, m, m->baseline ? SL("SQL_BASELINE") : SL("SQL"), data->script,
		       data->checksum, ms, true, err);
}

/* Only where DDL does not roll back is a failure recorded: elsewhere nothing is left of it. */
static bool fly_failed(const struct project *p, struct conn *c, const struct migration *m,
	enum direction d, const char *message, struct err *err)
{
	const struct fly_data *data = m->layout_data;

	(void)message;
	if (d == DIR_DOWN || !dialect_is_mysql(c->id.dialect))
		return true;
	return remove_failed(p, c, m, err) &&
	       add_row(p, c, m, SL("SQL"), data->script, data->checksum, 0, false, err);
}

long long flyway_key(struct slice quoted_table)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < quoted_table.len; i++) /* Java's String.hashCode of ASCII */
		hash = hash * 31 + (unsigned char)quoted_table.at[i];
	return 0x466C79776179LL + (int32_t)hash;
}

static bool fly_lock(const struct project *p, const struct conn *c, struct arena *a,
	struct slice *sql_try, struct slice *sql_unlock)
{
	struct table_name t = history_table(p);
	struct slice schema = t.schema;
	long long key;

	*sql_unlock = SLICE_NONE;
	if (c->id.dialect == DIALECT_SQLITE)
		return false;
	if (dialect_is_mysql(c->id.dialect)) {
		struct slice name;

		if (!schema.len)
			schema = c->id.database;
		name = arena_printf(a, "`%.*s`.`%.*s`", SLICE(schema), SLICE(t.name));
		mysql_try_name(a,
			arena_printf(a, "Flyway-%d",
				(int)(int32_t)(uint32_t)(flyway_key(name) - 0x466C79776179LL)),
			sql_try, sql_unlock);
		return true;
	}
	if (!schema.len)
		schema = SL("public");
	key = flyway_key(arena_printf(a, "\"%.*s\".\"%.*s\"", SLICE(schema), SLICE(t.name)));
	pg_try_keys(a, &key, 1, sql_try);
	return true;
}

static bool fly_forget(const struct project *p, struct conn *c, struct slice id, struct err *err)
{
	const struct migration *m = migration_by_id(p, id);
	struct table_name t = history_table(p);
	struct arena a = {0};
	bool ok;

	if (slice_starts(id, "R__"))
		ok = conn_execf(c, err, "DELETE FROM %N WHERE %I IS NULL AND %I = %L", t.schema,
			t.name, SL("version"), SL("description"), m ? m->name : slice_from(id, 3));
	else
		ok = conn_execf(c, err, "DELETE FROM %N WHERE %I = %L", t.schema, t.name,
			SL("version"), dotted(&a, m ? m->version : id));
	arena_done(&a);
	return ok;
}

static bool fly_accept(
	const struct project *p, struct conn *c, const struct migration *m, struct err *err)
{
	const struct fly_data *data = m->layout_data;
	struct table_name t = history_table(p);
	struct arena a = {0};
	bool ok = conn_execf(c, err,
		"UPDATE %N SET %I = %d WHERE %I = %L AND %I IN ('SQL', 'SQL_BASELINE')", t.schema,
		t.name, SL("checksum"), data->checksum, SL("version"), dotted(&a, m->version),
		SL("type"));

	arena_done(&a);
	return ok;
}

const struct layout layout_flyway = {
	.name = "flyway",
	.title = "Flyway (V1__name.sql, R__, U, B)",
	.table = "flyway_schema_history",
	.detect = fly_detect,
	.read = fly_read,
	.new_files = fly_new_files,
	.history_read = fly_history,
	.history_create = fly_create,
	.history_finish = fly_finish,
	.history_forget = fly_forget,
	.history_accept = fly_accept,
	.history_failed = fly_failed,
	.lock_sql = fly_lock,
};
