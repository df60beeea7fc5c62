/* context.c - what commands share: the project, the dialect, the database, git. */
#include "base/io.h"
#include "base/process.h"
#include "cli/cli.h"
#include "engine/engine.h"
#include "sql/redact.h"

#include <stdlib.h>

const char *cli_today(struct arena *a)
{
	char text[16];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof text, "%Y-%m-%d", &tm);
	return arena_cstr(a, slice_of(text));
}

/* ---- The database ---- */

/* DATABASE_URL=… in a .env file, quotes taken off. */
static const char *dotenv(struct cli *c)
{
	const char *path = io_join(&c->arena, c->root, ".env");
	struct err ignored = {0};
	struct slice text, line;

	if (!io_is_file(path) || !io_read(&c->arena, path, &text, &ignored)) {
		err_done(&ignored);
		return NULL;
	}
	while (slice_line(&text, &line)) {
		struct slice s = slice_trim(line);

		if (slice_starts(s, "export "))
			s = slice_trim(slice_from(s, 7));
		if (!slice_starts(s, "DATABASE_URL="))
			continue;
		s = slice_trim(slice_from(s, 13));
		if (s.len >= 2 && (s.at[0] == '"' || s.at[0] == '\'') && s.at[s.len - 1] == s.at[0])
			s = slice_n(s.at + 1, s.len - 2);
		return arena_cstr(&c->arena, s);
	}
	return NULL;
}

static const char *configured_url(struct cli *c, struct err *err)
{
	const char *env = cli_text(c, "env"), *text = NULL;
	struct slice expanded;

	if (env) {
		const struct config_env *e = config_env(&c->config, env);
		const char *words[32];
		const char *near;
		size_t n = 0;

		for (; n < c->config.nenvs && n < 32; n++)
			words[n] = c->config.envs[n].name;
		near = nearest_word(slice_of(env), words, n);
		if (!e) {
			err_set(err, ERR_INPUT, "belay.yml has no environment \"%s\"", env);
			if (near)
				err_hint(err, "Did you mean %s?", near);
			return NULL;
		}
		text = e->url;
		if (!text) {
			err_set(err, ERR_INPUT, "environment \"%s\" in belay.yml has no url", env);
			return NULL;
		}
	} else if (c->config.nenvs == 1) {
		text = c->config.envs[0].url;
	}
	if (!text)
		return NULL;
	if (!config_expand(&c->arena, text, &expanded, err))
		return NULL;
	return arena_cstr(&c->arena, expanded);
}

bool cli_url(struct cli *c, struct slice *url, struct err *err)
{
	const char *text = cli_text(c, "db");
	struct slice hidden;

	if (text) {
		hidden = redact_url(&c->arena, slice_of(text));
		if (!slice_is(hidden, text))
			warning_print(c, "a password on the command line can be seen by others on "
					 "this machine; "
					 "DATABASE_URL or belay.yml keep it out of sight");
	}
	if (!text && !cli_text(c, "env"))
		text = getenv("DATABASE_URL");
	if (!text || !text[0])
		text = cli_text(c, "env") ? NULL : dotenv(c);
	if (!text || !text[0])
		text = configured_url(c, err);
	if (err_is(err))
		return false;
	if (!text) {
		err_set(err, ERR_INPUT, "no database was named");
		return err_hint(err,
			"Give --db URL, set DATABASE_URL, or write environments: in belay.yml.");
	}
	*url = slice_of(text);
	/* sqlite:PATH is relative to the project. */
	if (url_dialect(*url) == DIALECT_SQLITE) {
		size_t colon = slice_chr(*url, ':');
		struct slice path = slice_from(*url, colon + 1);

		if (slice_starts(path, "//") && !slice_starts(path, "///"))
			path = slice_from(path, 2);
		if (path.len && path.at[0] != '/' && !slice_is(path, ":memory:"))
			*url = arena_printf(&c->arena, "sqlite:%s",
				io_join(&c->arena, c->root, arena_cstr(&c->arena, path)));
	}
	return true;
}

bool cli_connect(struct cli *c, struct conn **out, bool read_only, struct err *err)
{
	struct conn_options o = {.waiter = {signals_tick, NULL, 50},
		.application = arena_printf(&c->arena, "belay %s", c->command->name).at,
		.read_only = read_only};

	return cli_url(c, &o.url, err) && engine_connect(out, &o, err);
}

struct slice cli_journal(const struct cli *c)
{
	const char *env = cli_text(c, "env");
	const struct config_env *e = env ? config_env(&c->config, env) : NULL;

	if (e && e->journal)
		return slice_of(e->journal);
	return slice_of(c->config.journal);
}

/* ---- The project ---- */

static bool wanted_dialect(const struct cli *c, enum dialect *out, struct err *err)
{
	const char *text = cli_text(c, "dialect");

	*out = DIALECT_UNKNOWN;
	if (!text)
		text = c->config.dialect;
	if (!text)
		return true;
	*out = dialect_from_name(slice_of(text));
	if (*out != DIALECT_UNKNOWN)
		return true;
	err_set(err, ERR_INPUT, "there is no dialect \"%s\"", text);
	return err_hint(err, "Dialects are postgres, mysql, mariadb and sqlite.");
}

/* The first SQL that tells, by its words. */
static enum dialect guess(const struct project *p)
{
	char why[128];

	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct script_part *up = &p->migrations[i].up;
		enum dialect d;

		if (!up->src)
			continue;
		d = dialect_guess(slice_sub(up->src->text, up->off, up->len), why);
		if (d != DIALECT_UNKNOWN)
			return d;
	}
	return DIALECT_UNKNOWN;
}

static enum dialect from_url(struct cli *c)
{
	struct err ignored = {0};
	struct slice url;
	enum dialect d = DIALECT_UNKNOWN;
	bool quiet = c->quiet;

	c->quiet = true;
	if (cli_url(c, &url, &ignored))
		d = url_dialect(url);
	c->quiet = quiet;
	err_done(&ignored);
	return d;
}

bool cli_validate(struct cli *c, struct err *err)
{
	const char *version = cli_text(c, "server-version"), *layout = cli_text(c, "layout");
	enum dialect d;

	if (!version)
		version = c->config.server_version;
	if (!layout)
		layout = c->config.layout;
	if (version && version_from_text(DIALECT_POSTGRES, slice_of(version)) <= 0) {
		err_set(err, ERR_INPUT, "\"%s\" is not a server version", version);
		return err_hint(err, "Write it as the server does: 15, 10.11, 3.40.");
	}
	if (layout && strcmp(layout, "auto") != 0 && !layout_by_name(slice_of(layout), err))
		return false;
	return wanted_dialect(c, &d, err);
}

bool cli_project(struct cli *c, struct project *p, bool need_layout, struct err *err)
{
	const char **dirs;
	struct project_options o = {.root = c->root,
		.wanted_layout = cli_text(c, "layout"),
		.table = c->config.history_table,
		.placeholders = c->config.placeholders,
		.nplaceholders = c->config.nplaceholders,
		.may_be_empty = !need_layout,
		.no_checksums = c->no_checksums};

	o.ndirs = cli_list(c, "migrations", &dirs);
	o.dirs = dirs;
	if (o.ndirs == 0) {
		o.ndirs = c->config.nmigrations;
		o.dirs = c->config.migrations;
	}
	if (!o.wanted_layout)
		o.wanted_layout = c->config.layout;
	if (!wanted_dialect(c, &o.dialect, err))
		return false;
	if (o.dialect == DIALECT_UNKNOWN)
		o.dialect = from_url(c);
	if (!project_open(p, &c->arena, &o, err))
		return false;
	if (!p->layout && need_layout) {
		err_set(err, ERR_INPUT, "no migrations were found in \"%s\"", c->root);
		return err_hint(
			err, "Name their folder with --migrations DIR, or start one: belay init.");
	}
	if (c->config.no_placeholders)
		p->mask_styles = 0;
	if (o.dialect != DIALECT_UNKNOWN)
		p->dialect = o.dialect;
	if (p->dialect == DIALECT_UNKNOWN)
		p->dialect = guess(p);
	return true;
}

enum dialect cli_dialect(const struct cli *c, const struct project *p)
{
	struct err ignored = {0};
	enum dialect d = DIALECT_UNKNOWN;

	wanted_dialect(c, &d, &ignored);
	err_done(&ignored);
	if (d == DIALECT_UNKNOWN && p)
		d = p->dialect;
	return d;
}

int cli_server_version(const struct cli *c, enum dialect d)
{
	const char *text = cli_text(c, "server-version");
	int v;

	if (!text)
		text = c->config.server_version;
	v = text ? version_from_text(d, slice_of(text)) : 0;
	return v ? v : version_default(d);
}

bool cli_base_schema(struct cli *c, const struct project *p, struct source **out, struct err *err)
{
	const char *path = cli_text(c, "base-schema");
	struct slice text;

	*out = NULL;
	if (!path)
		path = c->config.base_schema;
	if (!path && p)
		path = p->base_schema;
	if (!path)
		return true;
	if (!io_read(&c->arena, io_join(&c->arena, c->root, path), &text, err))
		return err_context(err, "reading the base schema");
	*out = ARENA_NEW(&c->arena, struct source);
	source_init(*out, &c->arena, path, text);
	return true;
}

/* ---- git ---- */

static bool git(struct cli *c, const char *const *args, struct slice *out)
{
	const char *argv[16] = {
		process_find(&c->arena, "git"), "-C", c->root, "-c", "core.quotePath=off"};
	struct process_options o = {.argv = argv, .timeout_ms = 30000};
	struct err ignored = {0};
	struct buf b = {0};
	int status = -1;
	size_t n = 5;

	if (!argv[0])
		return false;
	while (*args && n < 15)
		argv[n++] = *args++;
	argv[n] = NULL;
	if (!process_run(&o, &b, &status, &ignored))
		status = -1;
	*out = arena_slice(&c->arena, buf_slice(&b));
	buf_done(&b);
	err_done(&ignored);
	return status == 0;
}

static bool base_commit(struct cli *c, const char *since, struct slice *out)
{
	static const char *const mains[] = {
		"origin/HEAD", "origin/main", "origin/master", "main", "master", NULL};

	if (since)
		return git(c,
			(const char *[]){"rev-parse", "--verify", "--quiet", "--end-of-options",
				arena_printf(&c->arena, "%s^{commit}", since).at, NULL},
			out);
	for (size_t i = 0; mains[i]; i++)
		if (git(c, (const char *[]){"merge-base", "HEAD", mains[i], NULL}, out))
			return true;
	return false;
}

static void add_lines(struct cli *c, struct slice text, const char ***paths, size_t *n)
{
	struct slice line;

	while (slice_line(&text, &line))
		if (line.len)
			*ARENA_PUSH(&c->arena, *paths, *n) = arena_cstr(&c->arena, line);
}

bool cli_changed(struct cli *c, const char ***paths, size_t *n, bool *known, struct err *err)
{
	const char *since = cli_text(c, "since");
	struct slice base, out;

	*paths = NULL;
	*n = 0;
	*known = false;
	if (!base_commit(c, since, &base)) {
		if (!since)
			return true;
		err_set(err, ERR_INPUT, "git knows no commit \"%s\" here", since);
		return err_hint(err, "--since wants a branch, tag or commit of this repository.");
	}
	base = slice_trim(base);
	if (!git(c,
		    (const char *[]){"diff", "--name-only", "--relative", "--diff-filter=AMR",
			    arena_cstr(&c->arena, base), "--", ".", NULL},
		    &out))
		return true;
	add_lines(c, out, paths, n);
	if (git(c, (const char *[]){"ls-files", "--others", "--exclude-standard", "--", ".", NULL},
		    &out))
		add_lines(c, out, paths, n);
	*known = true;
	return true;
}
