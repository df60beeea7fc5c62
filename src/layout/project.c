/* project.c - opening a project: which folder, which tool, which database, then read.
 *
 * Without being told, belay looks at the usual places first and then through the tree, in width,
 * not into dependencies, test data or other databases' folders. One folder must come out; several
 * that fit equally are an error that lists them, never a choice. A folder that holds one folder per
 * database (migrations/postgres, migrations/sqlite) is one project: --dialect picks. */
#include "layout/internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { MAX_FOLDERS = 20000, MAX_TREE_DEPTH = 9, GOOD_SCORE = 30 };

static const char *const usual[] = {"migrations", "db/migrations", "db/migrate",
	"prisma/migrations", "src/main/resources/db/migration", "db/migration",
	"supabase/migrations", "database/migrations", "sql/migrations", "schema/migrations",
	"internal/db/migrations", "resources/db/migration", "migration", "drizzle", "sql", NULL};

static const char *const skipped[] = {"node_modules", "vendor", "target", "dist", "build", "test",
	"tests", "testdata", "test-data", "fixtures", "fixture", "testing", "examples", "example",
	"docs", "doc", "third_party", "thirdparty", "venv", "site-packages", "__pycache__",
	"coverage", "clickhouse", "cassandra", "mongodb", "mongo", "mssql", "sqlserver", "oracle",
	"spanner", "cockroach", "cockroachdb", "neo4j", "redshift", "snowflake", "bigquery", "h2",
	"db2", "later", "verify", NULL};

static const struct {
	const char *name;
	enum dialect dialect;
} folder_dialects[] = {{"postgres", DIALECT_POSTGRES}, {"postgresql", DIALECT_POSTGRES},
	{"pg", DIALECT_POSTGRES}, {"pgsql", DIALECT_POSTGRES}, {"mysql", DIALECT_MYSQL},
	{"mariadb", DIALECT_MARIADB}, {"sqlite", DIALECT_SQLITE}, {"sqlite3", DIALECT_SQLITE}};

static enum dialect dialect_of_word(struct slice w)
{
	for (size_t i = 0; i < sizeof folder_dialects / sizeof *folder_dialects; i++)
		if (slice_iis(w, folder_dialects[i].name))
			return folder_dialects[i].dialect;
	return DIALECT_UNKNOWN;
}

static bool is_listed(const char *name, const char *const *v)
{
	for (; *v; v++)
		if (slice_iis(slice_of(name), *v))
			return true;
	return false;
}

/* ---- One folder ---- */

struct candidate {
	const char *dir;
	const struct layout *layout;
	int score;
};

static struct candidate judge(struct peeks *k, const char *dir, const struct layout *wanted)
{
	struct candidate best = {.dir = dir};

	for (size_t i = 0; layouts[i]; i++) {
		const char *found = dir;
		int score;

		if (wanted && layouts[i] != wanted)
			continue;
		score = layouts[i]->detect(k, dir, &found);
		if (score > best.score)
			best = (struct candidate){found, layouts[i], score};
	}
	return best;
}

struct variant {
	struct candidate c;
	enum dialect dialect;
};

/* The folders for one database each, directly below `dir`. */
static void find_variants(struct peeks *k, const char *dir, const struct layout *wanted,
	struct variant **v, size_t *n)
{
	const struct entry *e;
	size_t count;

	*v = NULL;
	*n = 0;
	files_peek(k, dir, &e, &count);
	for (size_t i = 0; i < count; i++) {
		enum dialect d = dialect_of_word(slice_of(e[i].name));
		struct candidate c;

		if (!e[i].dir || d == DIALECT_UNKNOWN)
			continue;
		c = judge(k, e[i].path, wanted);
		if (c.score >= GOOD_SCORE)
			*ARENA_PUSH(k->a, *v, *n) = (struct variant){c, d};
	}
}

static bool same_server(enum dialect x, enum dialect y)
{
	return x == y || (dialect_is_mysql(x) && dialect_is_mysql(y));
}

static bool pick_variant(const char *dir, const struct variant *v, size_t n, enum dialect wanted,
	struct variant *out, struct err *err)
{
	struct buf names = {0};

	for (size_t i = 0; i < n; i++) {
		buf_printf(&names, "%s%s", i ? ", " : "", dialect_name(v[i].dialect));
		if (n == 1 ? wanted == DIALECT_UNKNOWN || same_server(wanted, v[i].dialect)
			   : wanted != DIALECT_UNKNOWN && same_server(wanted, v[i].dialect)) {
			*out = v[i];
			if (wanted != DIALECT_UNKNOWN)
				out->dialect = wanted;
			buf_done(&names);
			return true;
		}
	}
	if (wanted == DIALECT_UNKNOWN) {
		err_set(err, ERR_INPUT, "\"%s\" has one folder per database: %s", dir,
			buf_cstr(&names));
		err_hint(err, "Say which one with --dialect.");
	} else {
		err_set(err, ERR_INPUT, "\"%s\" has migrations for %s, none for %s", dir,
			buf_cstr(&names), dialect_name(wanted));
	}
	buf_done(&names);
	return false;
}

/* ---- The tree ---- */

struct search {
	struct arena *a;
	const char *root;
	struct peeks *k;
	const struct layout *wanted;
	struct candidate *found;
	const char **looked_at;
	size_t nfound, nlooked_at;
	bool walked;
};

static bool fits(struct search *s, const char *dir, struct candidate *out)
{
	struct variant *v;
	size_t n;

	find_variants(s->k, dir, s->wanted, &v, &n);
	if (n) {
		*out = v[0].c;
		out->dir = dir; /* resolved again once it is chosen */
		return true;
	}
	*out = judge(s->k, dir, s->wanted);
	return out->score >= GOOD_SCORE;
}

/* migrations/tenant, migration/main */
static bool is_below_migrations(struct slice path)
{
	size_t end = path.len, from;

	while (end > 0 && path.at[end - 1] != '/')
		end--;
	for (from = end ? end - 1 : 0; from > 0 && path.at[from - 1] != '/';)
		from--;
	return end && slice_istarts(slice_sub(path, from, end - 1 - from), "migrat");
}

static bool named_for_migrations(const char *path)
{
	struct slice s = slice_of(path);
	const char *base = io_basename(path);

	for (size_t i = 0; usual[i]; i++)
		if (slice_ends(s, usual[i]) &&
			(s.len == strlen(usual[i]) || s.at[s.len - strlen(usual[i]) - 1] == '/'))
			return true;
	return slice_ifind(slice_of(base), SL("migrat")) != SIZE_MAX || is_below_migrations(s) ||
	       slice_iis(slice_of(base), "versions");
}

/* A link may lead back up, or to a folder that is found under its own name anyway. */
static bool is_link(struct search *s, const char *path)
{
	struct stat st;

	return lstat(io_join(s->a, s->root, path), &st) == 0 && S_ISLNK(st.st_mode);
}

static void walk(struct search *s)
{
	struct {
		const char *dir;
		int depth;
	} *queue = NULL;
	size_t head = 0, tail = 0;

	*ARENA_PUSH(s->a, queue, tail) = (__typeof__(*queue)){".", 0};
	while (head < tail && head < MAX_FOLDERS) {
		const char *dir = queue[head].dir;
		int depth = queue[head++].depth;
		struct candidate c;
		const struct entry *e;
		size_t n;

		if (named_for_migrations(dir) && fits(s, dir, &c)) {
			*ARENA_PUSH(s->a, s->found, s->nfound) = c;
			continue; /* what is inside belongs to it */
		}
		*ARENA_PUSH(s->a, s->looked_at, s->nlooked_at) = dir;
		files_peek(s->k, dir, &e, &n);
		for (size_t i = 0; i < n && depth < MAX_TREE_DEPTH; i++)
			if (e[i].dir && !is_listed(e[i].name, skipped) && !is_link(s, e[i].path))
				*ARENA_PUSH(s->a, queue, tail) =
					(__typeof__(*queue)){e[i].path, depth + 1};
	}
}

/* Deep in the tree, a path that ends like a usual one goes before one that does not. */
static size_t rank_of(const struct search *search, const char *dir)
{
	struct slice s = slice_of(dir);

	for (size_t i = 0; search->walked && usual[i]; i++) {
		size_t n = strlen(usual[i]);

		if (strchr(usual[i], '/') && slice_ends(s, usual[i]) &&
			(s.len == n || s.at[s.len - n - 1] == '/'))
			return 0;
	}
	return 1;
}

/* The best one; the same score and an equally usual place leaves it open. */
static bool best_of(struct search *s, struct candidate *out, struct err *err)
{
	size_t best = 0, equal = 0;
	struct buf names = {0};

	for (size_t i = 1; i < s->nfound; i++) {
		const struct candidate *x = &s->found[i], *y = &s->found[best];

		if (rank_of(s, x->dir) < rank_of(s, y->dir) ||
			(rank_of(s, x->dir) == rank_of(s, y->dir) && x->score > y->score))
			best = i;
	}
	for (size_t i = 0; i < s->nfound; i++)
		if (s->found[i].score == s->found[best].score &&
			rank_of(s, s->found[i].dir) == rank_of(s, s->found[best].dir))
			buf_printf(&names, "%s%s", equal++ ? ", " : "", s->found[i].dir);
	*out = s->found[best];
	if (equal > 1) {
		err_set(err, ERR_INPUT, "there are several migration folders: %s",
			buf_cstr(&names));
		err_hint(err, "Say which one with --migrations.");
	}
	buf_done(&names);
	return equal == 1;
}

/* A usual folder that is there and empty: the first migration is still to be written. */
static bool empty_folder(struct search *s, struct candidate *out)
{
	for (size_t i = 0; usual[i]; i++) {
		const struct entry *v;
		size_t n;

		if (!io_is_dir(io_join(s->a, s->root, usual[i])))
			continue;
		files_peek(s->k, usual[i], &v, &n);
		if (n)
			continue;
		*out = (struct candidate){usual[i], s->wanted ? s->wanted : layouts[0], 0};
		return true;
	}
	return false;
}

/* *out without a layout: there is nothing yet, and that is fine. */
static bool find_folder(struct search *s, struct candidate *out, bool may_be_empty, struct err *err)
{
	struct candidate c;

	for (size_t i = 0; usual[i]; i++)
		if (io_is_dir(io_join(s->a, s->root, usual[i])) && fits(s, usual[i], &c))
			*ARENA_PUSH(s->a, s->found, s->nfound) = c;
	if (s->nfound)
		return best_of(s, out, err);
	if (fits(s, ".", &c)) {
		*out = c;
		return true;
	}
	s->walked = true;
	walk(s);
	if (s->nfound)
		return best_of(s, out, err);
	if (empty_folder(s, out))
		return true;
	*out = (struct candidate){0};
	if (may_be_empty)
		return true;
	if (s->wanted)
		err_set(err, ERR_INPUT, "found no folder with migrations of %s below \"%s\"",
			s->wanted->name, s->root);
	else if (foreign_said(s->k, s->looked_at, s->nlooked_at, err))
		return false;
	else
		err_set(err, ERR_INPUT, "found no migrations below \"%s\"", s->root);
	return err_hint(err, "Say where they are with --migrations DIR.");
}

/* ---- The database ---- */

static enum dialect dialect_in_path(const char *dir)
{
	enum dialect found = DIALECT_UNKNOWN;
	const char *s = dir;

	while (*s) {
		size_t n = strcspn(s, "/-_.");
		enum dialect d = dialect_of_word(slice_n(s, n));

		if (d != DIALECT_UNKNOWN)
			found = d;
		s += n + (s[n] != 0);
	}
	return found;
}

/* provider = "postgresql" in migration_lock.toml. */
static enum dialect dialect_of_lock(struct arena *a, const char *root, const char *dir)
{
	const char *path = io_join(a, root, path_in(a, dir, "migration_lock.toml"));
	struct slice text = {0}, line;
	struct err ignored = {0};

	if (!io_is_file(path) || !io_read_head(a, path, 4096, &text, &ignored)) {
		err_done(&ignored);
		return DIALECT_UNKNOWN;
	}
	while (slice_line(&text, &line)) {
		size_t open = slice_chr(line, '"');
		struct slice word;

		if (!slice_starts(slice_trim(line), "provider") || open == SIZE_MAX)
			continue;
		word = slice_from(line, open + 1);
		return dialect_from_name(slice_sub(word, 0, slice_chr(word, '"')));
	}
	return DIALECT_UNKNOWN;
}

/* ---- Opening ---- */

static const char *below_root(struct arena *a, const char *root, const char *dir)
{
	char *real = realpath(io_join(a, root, dir), NULL);
	const char *out = arena_cstr(a, slice_of(dir));
	size_t n;

	if (real) {
		const char *rel = io_relative(a, root, real);

		out = strcmp(real, root) == 0 ? "." : arena_cstr(a, slice_of(rel));
	}
	free(real);
	n = strlen(out);
	while (n > 1 && out[n - 1] == '/')
		n--;
	return arena_cstr(a, slice_n(out, n));
}

static void add_dir(struct project *p, const char *dir)
{
	*ARENA_PUSH(p->arena, p->dirs, p->ndirs) = dir;
}

/* A chosen folder: itself, or the folder for one database in it. */
static bool settle(struct project *p, const char *dir, const struct layout *wanted,
	const struct candidate *known, struct err *err)
{
	struct variant *v, chosen;
	struct candidate c;
	size_t n;

	find_variants(p->peeks, dir, wanted, &v, &n);
	if (n) {
		if (!pick_variant(dir, v, n, p->dialect, &chosen, err))
			return false;
		p->dialect = chosen.dialect;
		c = chosen.c;
	} else {
		c = known ? *known : judge(p->peeks, dir, wanted);
	}
	if (!p->layout)
		p->layout = c.layout ? c.layout : wanted;
	add_dir(p, c.dir);
	if (p->dialect == DIALECT_UNKNOWN)
		p->dialect = dialect_of_lock(p->arena, p->root, c.dir);
	if (p->dialect == DIALECT_UNKNOWN)
		p->dialect = dialect_in_path(c.dir);
	return true;
}

static bool take_given(struct project *p, const struct project_options *o,
	const struct layout *wanted, struct err *err)
{
	for (size_t i = 0; i < o->ndirs; i++) {
		const char *dir = below_root(p->arena, p->root, o->dirs[i]);

		if (!io_is_dir(io_join(p->arena, p->root, dir))) {
			if (o->may_be_empty)
				continue;
			err_set(err, ERR_INPUT, "there is no folder \"%s\"", o->dirs[i]);
			return false;
		}
		if (!settle(p, dir, wanted, NULL, err))
			return false;
	}
	if (!p->layout && !o->may_be_empty) {
		const char *dir = below_root(p->arena, p->root, o->dirs[0]);

		if (foreign_said(p->peeks, &dir, 1, err))
			return false;
		err_set(err, ERR_INPUT, "found no migrations in \"%s\"", o->dirs[0]);
		return err_hint(err, "Say what they are with --layout.");
	}
	return true;
}

static bool take_found(
	struct project *p, const struct layout *wanted, bool may_be_empty, struct err *err)
{
	struct search s = {.a = p->arena, .root = p->root, .k = p->peeks, .wanted = wanted};
	struct candidate c;

	if (!find_folder(&s, &c, may_be_empty, err))
		return false;
	return !c.layout || settle(p, c.dir, wanted, &c, err);
}

bool project_open(
	struct project *p, struct arena *a, const struct project_options *o, struct err *err)
{
	const struct layout *wanted = NULL;
	char *real = realpath(o->root ? o->root : ".", NULL);

	if (!real)
		return err_errno(err, "open", o->root ? o->root : ".");
	*p = (struct project){.root = arena_cstr(a, slice_of(real)),
		.dialect = o->dialect,
		.table = o->table,
		.placeholders = o->placeholders,
		.nplaceholders = o->nplaceholders,
		.arena = a,
		.no_checksums = o->no_checksums};
	free(real);
	p->peeks = ARENA_NEW(a, struct peeks);
	p->peeks->a = a;
	p->peeks->root = p->root;
	if (o->wanted_layout && strcmp(o->wanted_layout, "auto") != 0 &&
		!(wanted = layout_by_name(slice_of(o->wanted_layout), err)))
		return false;
	if (o->nplaceholders) { /* the layout may add some: never into the caller's array */
		p->placeholders = NULL;
		p->nplaceholders = 0;
		for (size_t i = 0; i < o->nplaceholders; i++) {
			struct slice(*pair)[2] = ARENA_PUSH(a, p->placeholders, p->nplaceholders);

			(*pair)[0] = o->placeholders[i][0];
			(*pair)[1] = o->placeholders[i][1];
		}
	}
	if (o->ndirs ? !take_given(p, o, wanted, err)
		     : !take_found(p, wanted, o->may_be_empty, err))
		return false;
	if (p->ndirs == 0)
		return true;
	if (wanted)
		p->layout = wanted;
	if (!p->layout->read(p, err))
		return err_context(err, "reading the migrations in \"%s\"", p->dirs[0]);
	return true;
}

/* ---- Looking up ---- */

static bool named(const struct migration *m, struct slice id)
{
	struct slice v = m->version, file = slice_of(io_basename(m->path));
	size_t n = count_digits(id);

	if (slice_eq(m->id, id) || slice_eq(v, id) || slice_eq(m->name, id) || slice_eq(file, id) ||
		slice_is(id, m->path))
		return true;
	return n && n == id.len && count_digits(v) == v.len && v.len && cmp_number(v, id) == 0;
}

static size_t common(struct slice x, struct slice y)
{
	size_t n = 0;

	while (n < x.len && n < y.len && x.at[n] == y.at[n])
		n++;
	return n;
}

static bool not_found(const struct project *p, struct slice id, struct err *err)
{
	const struct migration *near = NULL;

	for (size_t i = 0; i < p->nmigrations; i++)
		if (!near || common(p->migrations[i].id, id) > common(near->id, id))
			near = &p->migrations[i];
	err_set(err, ERR_INPUT, "there is no migration \"%.*s\"", SLICE(id));
	if (near && common(near->id, id) == 0)
		near = &p->migrations[p->nmigrations - 1];
	return near ? err_hint(err, "There is %.*s (%s).", SLICE(near->id), near->path)
		    : err_hint(err, "There are no migrations at all.");
}

bool project_find(
	const struct project *p, struct slice id, const struct migration **out, struct err *err)
{
	const struct migration *found = NULL;
	struct buf several = {0};
	size_t n = 0;

	for (size_t i = 0; i < p->nmigrations; i++)
		if (slice_eq(p->migrations[i].id, id)) {
			*out = &p->migrations[i];
			return true;
		}
	for (int prefix = 0; prefix < 2 && n == 0 && id.len; prefix++)
		for (size_t i = 0; i < p->nmigrations; i++) {
			const struct migration *m = &p->migrations[i];

			if (prefix ? common(m->id, id) != id.len : !named(m, id))
				continue;
			found = m;
			if (n++ < 5)
				buf_printf(&several, "%s%.*s", n > 1 ? ", " : "", SLICE(m->id));
		}
	if (n > 1) {
		err_set(err, ERR_INPUT, "\"%.*s\" could be any of %s", SLICE(id),
			buf_cstr(&several));
		err_hint(err, "Give more of the id.");
	}
	buf_done(&several);
	if (n == 0)
		return not_found(p, id, err);
	if (n == 1)
		*out = found;
	return n == 1;
}

size_t project_heads(const struct project *p, struct arena *a, struct slice **out)
{
	size_t n = 0;

	*out = NULL;
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];
		bool parent = m->repeatable;

		for (size_t k = i + 1; k < p->nmigrations && !parent; k++)
			for (size_t j = 0; j < p->migrations[k].nparents; j++)
				parent |= slice_eq(p->migrations[k].parents[j], m->id);
		for (size_t k = 0; k < i && !parent; k++)
			for (size_t j = 0; j < p->migrations[k].nparents; j++)
				parent |= slice_eq(p->migrations[k].parents[j], m->id);
		if (!parent)
			*ARENA_PUSH(a, *out, n) = m->id;
	}
	return n;
}
