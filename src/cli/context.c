/* context.c - what commands share: the project, the dialect, the database, git. */
#include "base/io.h"
#include "base/process.h"
#include "cli/cli.h"
#include "engine/engine.h"
#include "sql/redact.h"

#include <stdlib.h>
#include <unistd.h>

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
	if (version && !version_is_text(slice_of(version))) {
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

/* ---- Judging ---- */

static bool read_baseline(struct cli *c, struct judge_input *in, struct err *err)
{
	const char *path = c->config.baseline;
	struct baseline *b = ARENA_NEW(&c->arena, struct baseline);
	struct source *src = ARENA_NEW(&c->arena, struct source);
	struct slice text;

	if (!path || cli_text(c, "write-baseline"))
		return true;
	if (!io_read(&c->arena, io_join(&c->arena, c->root, path), &text, err)) {
		err_context(err, "reading the baseline that belay.yml names");
		return err_hint(err, "belay check --write-baseline %s writes it.", path);
	}
	source_init(src, &c->arena, path, text);
	in->baseline = b;
	return baseline_read(b, &c->arena, src, err);
}

/* An id that no migration has would make everything context, and nothing would be reported. */
static bool known_start(struct cli *c, const struct judge_input *in, struct err *err)
{
	const struct project *p = in->project;
	const struct migration *m;

	if (!c->config.start_after || !p)
		return true;
	for (size_t i = 0; i < p->nmigrations; i++)
		if (slice_is(p->migrations[i].id, c->config.start_after))
			return true;
	if (project_find(p, slice_of(c->config.start_after), &m, err))
		err_set(err, ERR_INPUT, "start_after in belay.yml wants a whole id: %.*s",
			SLICE(m->id));
	return err_context(err, "looking for start_after, as belay.yml has it");
}

bool cli_judging(struct cli *c, struct judge_input *in, struct err *err)
{
	in->settings = c->config.rules;
	in->nsettings = c->config.nrules;
	in->allows = c->config.allows;
	in->nallows = c->config.nallows;
	in->policies = c->config.policies;
	in->npolicies = c->config.npolicies;
	in->start_after = c->config.start_after;
	in->today = cli_today(&c->arena);
	return known_start(c, in, err) && read_baseline(c, in, err);
}

/* ---- git ---- */

struct git {
	struct cli *c;
	const char *program; /* NULL = not installed */
	const char **env;
};

/* What tells git about the user's settings (safe.directory among them), and nothing that a hook has
 * set for a repository of its own. */
static void git_init(struct git *g, struct cli *c)
{
	static const char *const kept[] = {
		"PATH=", "HOME=", "XDG_CONFIG_HOME=", "GIT_CONFIG", "GIT_CEILING_DIRECTORIES="};
	size_t n = 0;

	*g = (struct git){.c = c, .program = process_find(&c->arena, "git")};
	for (char **e = environ; *e; e++)
		for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
			if (strncmp(*e, kept[i], strlen(kept[i])) == 0)
				*ARENA_PUSH(&c->arena, g->env, n) = *e;
	*ARENA_PUSH(&c->arena, g->env, n) = "LC_ALL=C";
	*ARENA_PUSH(&c->arena, g->env, n) = "GIT_TERMINAL_PROMPT=0";
	/* git diff would write what it found out about files into the index. */
	*ARENA_PUSH(&c->arena, g->env, n) = "GIT_OPTIONAL_LOCKS=0";
	*ARENA_PUSH(&c->arena, g->env, n) = NULL;
}

/* Runs git in the project's folder, without a shell. It takes no locks and writes nothing. With
 * `words`, what it says on standard error is in *out too. */
static bool git(struct git *g, const char *const *args, bool words, struct slice *out)
{
	const char *argv[24] = {g->program, "--no-optional-locks", "-C", g->c->root, "-c",
		"core.quotePath=off", "-c", "core.fsmonitor=false"};
	struct process_options o = {
		.argv = argv, .env = g->env, .drop_stderr = !words, .timeout_ms = 60000};
	struct err ignored = {0};
	struct buf b = {0};
	int status = -1;
	size_t n = 8;

	*out = SLICE_NONE;
	if (!g->program)
		return false;
	while (*args && n < 23)
		argv[n++] = *args++;
	argv[n] = NULL;
	if (!process_run(&o, &b, &status, &ignored))
		status = -1;
	*out = arena_slice(&g->c->arena, buf_slice(&b));
	buf_done(&b);
	err_done(&ignored);
	return status == 0;
}

#define GIT(g, out, ...) git((g), (const char *[]){__VA_ARGS__, NULL}, false, (out))

/* Why nothing can be asked of git here; in git's own words where it has any. */
static bool no_git(struct git *g, struct err *err)
{
	struct slice words = SLICE_NONE, line = SLICE_NONE;

	if (!g->program) {
		err_set(err, ERR_INPUT, "--since needs git, and git is not installed");
		return err_hint(err, "Install git, or check everything: belay check.");
	}
	git(g, (const char *[]){"rev-parse", "--git-dir", NULL}, true, &words);
	slice_line(&words, &line);
	if (slice_starts(line, "fatal: "))
		line = slice_from(line, 7);
	if (slice_starts(line, "not a git repository"))
		err_set(err, ERR_INPUT, "--since needs a git repository, and \"%s\" is in none",
			g->c->root);
	else
		err_set(err, ERR_INPUT, "git cannot be asked what changed: %.*s", SLICE(line));
	return err_hint(err, "Without --since belay check reports on everything.");
}

static bool commit_of(struct git *g, const char *ref, struct slice *out)
{
	return GIT(g, out, "rev-parse", "--verify", "--quiet", "--end-of-options",
		arena_printf(&g->c->arena, "%s^{commit}", ref).at);
}

/* Where the work tree left `since`. */
static bool base_since(struct git *g, const char *since, struct slice *out, struct err *err)
{
	struct slice ref, inside;
	bool shallow;

	if (!GIT(g, &inside, "rev-parse", "--git-dir"))
		return no_git(g, err);
	shallow = GIT(g, &inside, "rev-parse", "--is-shallow-repository") &&
		  slice_is(slice_trim(inside), "true");
	if (!commit_of(g, since, &ref)) {
		err_set(err, ERR_INPUT, "git knows no commit \"%s\" here", since);
		return err_hint(err, shallow ? "This is a shallow clone: fetch the whole history "
					       "(actions/checkout: fetch-depth: 0)."
					     : "--since wants a branch, tag or commit of this "
					       "repository.");
	}
	if (GIT(g, out, "merge-base", "HEAD", arena_cstr(&g->c->arena, slice_trim(ref))))
		return true;
	err_set(err, ERR_INPUT, "\"%s\" and the work tree have no commit in common", since);
	return err_hint(err, shallow ? "This is a shallow clone: fetch the whole history "
				       "(actions/checkout: fetch-depth: 0)."
				     : "--since wants a commit of the same history.");
}

static bool base_of_main(struct git *g, struct slice *out)
{
	static const char *const mains[] = {
		"origin/HEAD", "origin/main", "origin/master", "main", "master", NULL};

	for (size_t i = 0; mains[i]; i++)
		if (GIT(g, out, "merge-base", "HEAD", mains[i]))
			return true;
	return false;
}

/* Paths that end with a NUL each: any name can be in there. */
static void add_paths(struct cli *c, struct slice text, const char ***paths, size_t *n)
{
	struct slice path;

	while (slice_next(&text, 0, &path))
		if (path.len)
			*ARENA_PUSH(&c->arena, *paths, *n) = arena_cstr(&c->arena, path);
}

bool cli_added(struct cli *c, const char ***paths, size_t *n, struct err *err)
{
	struct slice base, out;
	struct git g;

	*paths = NULL;
	*n = 0;
	git_init(&g, c);
	if (!base_since(&g, cli_text(c, "since"), &base, err))
		return false;
	if (!GIT(&g, &out, "diff", "-z", "--no-ext-diff", "--no-textconv", "--name-only",
		    "--relative", "--diff-filter=A", arena_cstr(&c->arena, slice_trim(base)), "--",
		    "."))
		return no_git(&g, err);
	add_paths(c, out, paths, n);
	if (GIT(&g, &out, "ls-files", "-z", "--others", "--exclude-standard", "--", "."))
		add_paths(c, out, paths, n);
	return true;
}

bool cli_changed(struct cli *c, const char ***paths, size_t *n, bool *known, struct err *err)
{
	const char *since = cli_text(c, "since"), *commit;
	struct slice base, out;
	struct git g;

	*paths = NULL;
	*n = 0;
	*known = false;
	git_init(&g, c);
	if (since ? !base_since(&g, since, &base, err) : !base_of_main(&g, &base))
		return !since;
	commit = arena_cstr(&c->arena, slice_trim(base));
	if (!GIT(&g, &out, "diff", "-z", "--no-ext-diff", "--no-textconv", "--name-only",
		    "--relative", "--diff-filter=AMRT", commit, "--", "."))
		return since ? no_git(&g, err) : true;
	add_paths(c, out, paths, n);
	if (GIT(&g, &out, "ls-files", "-z", "--others", "--exclude-standard", "--", "."))
		add_paths(c, out, paths, n);
	*known = true;
	return true;
}
