/* steps.c - safe steps as files of the project. */
#include "cli/steps.h"

#include "base/io.h"

#include <stdint.h>

/* ---- The schema at the end of the history ---- */

bool schema_now_replay(struct cli *c, struct schema_now *x, const struct source *src, size_t off,
	size_t len, struct err *err)
{
	struct script script;
	struct slice why;

	if (!script_read(x->engine, x->reader, &c->arena, src, off, len, &script, err))
		return false;
	for (size_t i = 0; i < script.n; i++)
		if (catalog_apply_statement(x->catalog, &x->session, &script.at[i], &why) ==
			APPLY_CONFLICT)
			catalog_set_complete(x->catalog, false);
	return true;
}

static bool load_live(struct cli *c, struct schema_now *x, struct err *err)
{
	struct load_options lo = {0};
	struct conn *conn;
	bool ok;

	if (!cli_connect(c, &conn, true, err))
		return false;
	x->version = conn->id.version;
	x->engine = conn->engine;
	catalog_free(x->catalog);
	x->catalog = catalog_new(conn->id.dialect, conn->id.version);
	ok = conn->engine->load(conn, x->catalog, &lo, err);
	conn_close(conn);
	return ok;
}

static bool replay_all(
	struct cli *c, const struct project *p, struct schema_now *x, struct err *err)
{
	struct source *base = NULL;

	if (!cli_base_schema(c, p, &base, err) ||
		(base && !schema_now_replay(c, x, base, 0, base->text.len, err)))
		return false;
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		if (m->code)
			catalog_taint(x->catalog, &x->session, SL("*"));
		if (m->up.src && !m->baseline &&
			!schema_now_replay(c, x, m->up.src, m->up.off, m->up.len, err))
			return false;
	}
	return true;
}

bool schema_now_empty(struct cli *c, const struct project *p, struct schema_now *x, struct err *err)
{
	enum dialect d = cli_dialect(c, p);
	struct reader_options ro = {.dialect = d == DIALECT_UNKNOWN ? DIALECT_POSTGRES : d};

	*x = (struct schema_now){.engine = engine_for(ro.dialect, err)};
	if (!x->engine)
		return false;
	ro.version = x->version = cli_server_version(c, ro.dialect);
	if (!x->engine->reader_open(&x->reader, &ro, err))
		return false;
	x->catalog = catalog_new(ro.dialect, ro.version);
	session_init(&x->session, ro.dialect, &c->arena);
	return true;
}

bool schema_now_open(struct cli *c, const struct project *p, struct schema_now *x, struct err *err)
{
	if (!schema_now_empty(c, p, x, err))
		return false;
	if (cli_text(c, "db") || cli_text(c, "env"))
		return load_live(c, x, err);
	if (p->nmigrations == 0)
		catalog_set_complete(x->catalog, false);
	return replay_all(c, p, x, err);
}

void schema_now_close(struct schema_now *x)
{
	if (x->reader)
		x->engine->reader_close(x->reader);
	catalog_free(x->catalog);
	*x = (struct schema_now){0};
}

/* ---- Steps as files ---- */

bool sends_one_message(const struct layout *l)
{
	return strcmp(l->name, "golang-migrate") == 0 || strcmp(l->name, "prisma") == 0;
}

struct slice file_word(struct arena *a, struct slice name)
{
	char *s = arena_cstr(a, name);

	for (char *p = s; *p; p++) {
		bool fine = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			    (*p >= '0' && *p <= '9') || *p == '_';

		if (!fine)
			*p = '_';
	}
	return slice_of(s);
}

/* The first part of the path below the migrations' folder: 004_x.sql, 20240101_x of a folder. */
static struct slice first_part(const struct project *p, const char *path)
{
	size_t n = p->ndirs ? strlen(p->dirs[0]) : 0;
	struct slice s = slice_of(path), part;

	if (n && strncmp(path, p->dirs[0], n) == 0 && path[n] == '/')
		s = slice_from(s, n + 1);
	slice_next(&s, '/', &part);
	return part;
}

/* Its number, so that the next file gets the one behind it. */
static struct slice version_of(struct cli *c, const struct project *p, const char *path)
{
	struct slice part = first_part(p, path);
	char *out = arena_cstr(&c->arena, part);
	size_t n = 0;

	if (part.len && (part.at[0] == 'V' || part.at[0] == 'v'))
		part = slice_from(part, 1);
	for (size_t i = 0; i < part.len; i++) {
		char ch = part.at[i];

		if (ch >= '0' && ch <= '9')
			out[n++] = ch;
		else if (ch == '.')
			out[n++] = ch;
		else if (ch != '-')
			break;
	}
	return slice_n(out, n);
}

static const char *beside(struct cli *c, const struct project *p, const char *folder)
{
	const char *dir = p->ndirs ? p->dirs[0] : "migrations", *slash = strrchr(dir, '/');

	if (slash)
		return arena_printf(&c->arena, "%.*s/%s", (int)(slash - dir), dir, folder).at;
	return folder;
}

static const char *below(struct cli *c, const char *dir, struct slice rest)
{
	return arena_printf(&c->arena, "%s/%.*s", dir, SLICE(rest)).at;
}

/* The same path with the migrations' folder replaced. */
static const char *moved(struct cli *c, const struct project *p, const char *path, const char *dir)
{
	size_t n = p->ndirs ? strlen(p->dirs[0]) : 0;
	struct slice rest = slice_of(path);

	if (n && strncmp(path, p->dirs[0], n) == 0 && path[n] == '/')
		rest = slice_from(rest, n + 1);
	return below(c, dir, rest);
}

static bool goes_later(const struct project *p, struct safe_step *const *steps, size_t i)
{
	bool others = false;

	for (size_t k = 0; k < i; k++)
		others = others || steps[k]->phase != PHASE_CONTRACT;
	return steps[i]->phase == PHASE_CONTRACT && others && strcmp(p->layout->name, "plain") != 0;
}

static struct slice step_name(
	struct cli *c, struct slice name, struct safe_step *const *steps, size_t i, size_t n)
{
	size_t same = 0;

	if (n == 1)
		return name;
	for (size_t k = 0; k < i; k++)
		same += strcmp(steps[k]->name, steps[i]->name) == 0;
	if (same)
		return arena_printf(
			&c->arena, "%.*s_%s_%zu", SLICE(name), steps[i]->name, same + 1);
	return arena_printf(&c->arena, "%.*s_%s", SLICE(name), steps[i]->name);
}

static const char *verify_path(struct cli *c, const struct project *p, struct slice version,
	struct slice name, const char *dir)
{
	struct slice file = arena_printf(&c->arena, "%.*s_%.*s.sql", SLICE(version), SLICE(name));

	(void)p;
	return below(c, dir, file);
}

struct written {
	struct new_file **files;
	size_t *n;
};

static void put(struct cli *c, struct written *out, const char *path, struct slice text)
{
	*ARENA_PUSH(&c->arena, *out->files, *out->n) = (struct new_file){path, text};
}

/* Files of one step. `p` learns its number. */
static bool one_step(struct cli *c, struct project *p, struct slice name, const struct step_text *t,
	bool later, struct written *out, struct err *err)
{
	struct new_file *made;
	struct slice up = t->up, version;
	size_t n;

	if (later)
		up = arena_printf(&c->arena,
			"-- Kept out of %s, whose runner would not stop before it: when no running "
			"code needs\n-- the old form any more, move it there under the next free "
			"number.\n%.*s",
			p->ndirs ? p->dirs[0] : "the migrations", SLICE(up));
	if (!p->layout->new_files(p, &c->arena, name, up, t->down, &made, &n, err))
		return false;
	version = version_of(c, p, made[0].path);
	for (size_t i = 0; i < n; i++)
		put(c, out, later ? moved(c, p, made[i].path, beside(c, p, "later")) : made[i].path,
			made[i].text);
	if (t->verify.len)
		put(c, out,
			verify_path(c, p, version, file_word(&c->arena, name),
				later ? below(c, beside(c, p, "later"), SL("verify"))
				      : beside(c, p, "verify")),
			t->verify);
	if (!later)
		*ARENA_PUSH(p->arena, p->migrations, p->nmigrations) =
			(struct migration){.version = version, .id = version, .path = made[0].path};
	return true;
}

bool steps_files(struct cli *c, const struct project *p, struct slice name,
	struct safe_step *const *steps, size_t from, size_t n, struct new_file **files,
	size_t *nfiles, struct err *err)
{
	struct project copy = *p;
	struct written out = {files, nfiles};

	*files = NULL;
	*nfiles = 0;
	copy.arena = &c->arena;
	copy.migrations = ARENA_ARRAY(&c->arena, 2 * (p->nmigrations + n + 8), struct migration);
	if (p->nmigrations)
		memcpy(copy.migrations, p->migrations, p->nmigrations * sizeof *p->migrations);
	for (size_t i = from; i < n; i++) {
		struct step_text t =
			step_text(&c->arena, steps[i], i, n, sends_one_message(p->layout));

		if (!one_step(c, &copy, step_name(c, name, steps, i, n), &t,
			    goes_later(p, steps, i), &out, err))
			return false;
	}
	return true;
}

static bool parses(struct cli *c, struct schema_now *x, struct slice text, struct err *err)
{
	struct source *src = ARENA_NEW(&c->arena, struct source);
	struct script script;

	source_init(src, &c->arena, "-", text);
	if (!script_read(x->engine, x->reader, &c->arena, src, 0, text.len, &script, err))
		return false;
	for (size_t i = 0; i < script.n; i++)
		if (script.at[i].state == STATEMENT_SYNTAX) {
			err_set(err, ERR_INPUT, "what would be written does not parse: %.*s",
				SLICE(script.at[i].fault_message));
			return err_span(err, script.at[i].span);
		}
	return true;
}

bool steps_parse(struct cli *c, struct schema_now *x, struct safe_step *const *steps, size_t n,
	struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		struct step_text t = step_text(&c->arena, steps[i], i, n, false);

		if (!parses(c, x, t.up, err) || !parses(c, x, t.down, err) ||
			!parses(c, x, t.verify, err))
			return false;
	}
	return true;
}

static bool write_one(struct cli *c, const struct new_file *f, struct err *err)
{
	char *path = arena_cstr(&c->arena, slice_of(io_join(&c->arena, c->root, f->path)));
	char *slash = strrchr(path, '/');

	if (slash) {
		*slash = 0;
		if (!io_make_dirs(path, 0755, err))
			return false;
		*slash = '/';
	}
	return io_write_new(path, f->text, 0644, err);
}

bool files_write(struct cli *c, const struct new_file *files, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (io_is_file(io_join(&c->arena, c->root, files[i].path)))
			return err_set(err, ERR_INPUT,
				"\"%s\" is there already; nothing was written", files[i].path);
	for (size_t i = 0; i < n; i++)
		if (!write_one(c, &files[i], err))
			return false;
	return true;
}
