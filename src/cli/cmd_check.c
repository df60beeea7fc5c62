/* cmd_check.c - belay check. */
#include "base/io.h"
#include "cli/cli.h"
#include "rewrite/rewrite.h"
#include "sql/mask.h"

#include <stdlib.h>

/* "a,b" and repeated options into one NULL-terminated list; each must be a rule (or "all"). */
static bool rule_list(struct cli *c, const char *option, const char *const **out, struct err *err)
{
	const char **given, **v = NULL;
	size_t n = 0, ngiven = cli_list(c, option, &given);

	*out = NULL;
	for (size_t i = 0; i < ngiven; i++) {
		struct slice rest = slice_of(given[i]), one;

		while (slice_next(&rest, ',', &one)) {
			const char *near = NULL;

			one = slice_trim(one);
			if (slice_empty(one))
				continue;
			if (!slice_is(one, "all") && !rule_find(one, &near)) {
				err_set(err, ERR_INPUT, "there is no rule \"%.*s\"", SLICE(one));
				if (near)
					return err_hint(err, "Did you mean %s?", near);
				return err_hint(err, "belay rules lists them.");
			}
			*ARENA_PUSH(&c->arena, v, n) = arena_cstr(&c->arena, one);
		}
	}
	if (n) {
		*ARENA_PUSH(&c->arena, v, n) = NULL;
		*out = v;
	}
	return true;
}

static bool fail_on(const struct cli *c, enum severity *out, struct err *err)
{
	const char *text = cli_text(c, "fail-on");

	*out = SEVERITY_ERROR;
	if (!text || strcmp(text, "error") == 0)
		return true;
	*out = SEVERITY_WARNING;
	if (strcmp(text, "warning") == 0)
		return true;
	*out = SEVERITY_OFF;
	if (strcmp(text, "never") == 0)
		return true;
	err_set(err, ERR_INPUT, "--fail-on wants error, warning or never, not \"%s\"", text);
	return false;
}

struct chosen {
	const char **paths; /* relative to the project; a folder means all below it */
	size_t n;
	bool since;
	const char **changed; /* sorted; with `since` */
	size_t nchanged;
	const char **added; /* of those, the new ones; sorted */
	size_t nadded;
};

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return strcmp(dir, ".") == 0 || n == 0 ||
	       (strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == 0));
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static bool report_this(void *ctx, const char *path)
{
	const struct chosen *ch = ctx;
	bool named = ch->n == 0;

	for (size_t i = 0; !named && i < ch->n; i++)
		named = is_below(path, ch->paths[i]);
	if (!named || !ch->since)
		return named;
	return ch->nchanged && bsearch(&path, ch->changed, ch->nchanged, sizeof path, by_text);
}

static bool is_new(void *ctx, const char *path)
{
	const struct chosen *ch = ctx;

	return ch->nadded && bsearch(&path, ch->added, ch->nadded, sizeof path, by_text);
}

static bool add_source(
	struct cli *c, const char *path, struct source ***files, size_t *n, struct err *err)
{
	struct source *s = ARENA_NEW(&c->arena, struct source);
	struct slice text;

	if (!io_read(&c->arena, strcmp(path, "-") == 0 ? path : io_join(&c->arena, c->root, path),
		    &text, err))
		return false;
	source_init(s, &c->arena, path, text);
	*ARENA_PUSH(&c->arena, *files, *n) = s;
	return true;
}

/* A path that belongs to the project's migrations is judged in its place in the history. */
static bool is_of_project(const struct project *p, const char *path)
{
	if (!p->layout)
		return false;
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		if (m->path && is_below(m->path, path))
			return true;
		if (m->down.src && is_below(m->down.src->path, path))
			return true;
	}
	return false;
}

/* Lone files: read in the order given, folders by name. */
static bool lone_files(struct cli *c, struct source ***files, size_t *n, struct err *err)
{
	for (size_t i = 0; i < c->nargs; i++) {
		const char *full = io_join(&c->arena, c->root, c->args[i]);
		const char **names;
		size_t count;

		if (strcmp(c->args[i], "-") == 0 || !io_is_dir(full)) {
			if (!add_source(c, c->args[i], files, n, err))
				return false;
			continue;
		}
		if (!io_list(&c->arena, full, &names, &count, err))
			return false;
		for (size_t k = 0; k < count; k++)
			if (slice_ends(slice_of(names[k]), ".sql") &&
				!add_source(
					c, io_join(&c->arena, c->args[i], names[k]), files, n, err))
				return false;
	}
	return true;
}

static bool choose_engine(struct cli *c, struct judge_input *in, enum dialect d, struct err *err)
{
	char why[128] = "";

	if (d == DIALECT_UNKNOWN && in->nfiles)
		for (size_t i = 0; d == DIALECT_UNKNOWN && i < in->nfiles; i++)
			d = dialect_guess(in->files[i]->text, why);
	in->assumed = d == DIALECT_UNKNOWN;
	if (in->assumed)
		d = DIALECT_POSTGRES;
	in->engine = engine_for(d, err);
	in->version = cli_server_version(c, d);
	return in->engine != NULL;
}

/* A file that cannot be read, or whose up and down cannot be told apart, is not judged at all. */
static bool can_be_read(const struct project *p, struct err *err)
{
	for (size_t i = 0; i < p->nproblems; i++) {
		const struct layout_problem *x = &p->problems[i];

		if (!x->fatal || (strcmp(x->rule, "unreadable") != 0 &&
					 strcmp(x->rule, "unknown-marker") != 0))
			continue;
		err_set(err, ERR_INPUT, "%.*s", SLICE(x->message));
		if (x->span.src)
			err_span(err, x->span);
		else if (x->path)
			err_at(err, x->path, 0, 0, 0);
		return false;
	}
	return true;
}

static bool fill(struct cli *c, struct judge_input *in, struct project *p, struct chosen *ch,
	struct err *err)
{
	bool by_project = c->nargs == 0;

	c->no_checksums = !cli_text(c, "db") && !cli_text(c, "env");
	if (!cli_project(c, p, c->nargs == 0, err)) {
		if (c->nargs == 0)
			return false;
		/* Files were named: a folder that is no project does not matter. */
		err_done(err);
		*p = (struct project){0};
	}
	for (size_t i = 0; i < c->nargs && !by_project; i++)
		by_project = strcmp(c->args[i], "-") != 0 && is_of_project(p, c->args[i]);
	if (by_project) {
		if (!can_be_read(p, err))
			return false;
		in->project = p;
		if (c->nargs) {
			ch->paths = c->args;
			ch->n = c->nargs;
			in->report_this = report_this;
			in->report_ctx = ch;
		}
	} else if (!lone_files(c, &in->files, &in->nfiles, err)) {
		return false;
	}
	return choose_engine(c, in, cli_dialect(c, p), err);
}

static bool since(struct cli *c, struct judge_input *in, struct chosen *ch, struct err *err)
{
	bool known;

	if (!cli_text(c, "since"))
		return true;
	if (!cli_changed(c, &ch->changed, &ch->nchanged, &known, err) ||
		!cli_added(c, &ch->added, &ch->nadded, err))
		return false;
	if (ch->nchanged)
		qsort(ch->changed, ch->nchanged, sizeof *ch->changed, by_text);
	if (ch->nadded)
		qsort(ch->added, ch->nadded, sizeof *ch->added, by_text);
	ch->since = true;
	in->is_new = is_new;
	in->report_this = report_this;
	in->report_ctx = ch;
	return true;
}

static bool live_schema(
	struct cli *c, struct judge_input *in, struct catalog **live, struct err *err)
{
	struct load_options lo = {0};
	struct conn *conn;
	bool ok;

	if (!cli_text(c, "db") && !cli_text(c, "env"))
		return true;
	if (!cli_connect(c, &conn, true, err))
		return false;
	*live = catalog_new(in->engine->dialect, conn->id.version);
	in->version = conn->id.version;
	ok = conn->engine->load(conn, *live, &lo, err);
	if (ok && in->project) {
		/* What is applied is in the live schema already. */
		struct run_state s;

		ok = state_read(&s, &c->arena, in->project, conn, cli_journal(c), err);
		for (size_t i = 0; ok && i < s.n; i++)
			if (s.at[i].migration && s.at[i].state == STATE_APPLIED)
				in->start_after = arena_cstr(&c->arena, s.at[i].id);
		in->live = *live;
	}
	conn_close(conn);
	return ok;
}

struct check_document {
	const struct verdict *verdict;
	const struct report_options *options;
};

static void fill_check(const struct reporter *r, struct buf *b, const void *document)
{
	const struct check_document *d = document;

	r->check(b, d->verdict, d->options);
}

/* A baseline is of everything that belay.yml has on, or it would hide what it does not know. */
static bool baseline_allowed(struct cli *c, struct err *err)
{
	static const char *const parts[] = {"since", "select", "ignore"};

	if (!cli_text(c, "write-baseline"))
		return true;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (cli_text(c, parts[i]))
			return err_set(err, ERR_INPUT,
				"a baseline is of the whole project: --%s cannot go with "
				"--write-baseline",
				parts[i]);
	if (c->nargs)
		return err_set(err, ERR_INPUT,
			"a baseline is of the whole project: no PATH can go with --write-baseline");
	return true;
}

static bool write_baseline(struct cli *c, const struct verdict *v, struct err *err)
{
	const char *path = cli_text(c, "write-baseline");
	struct buf b = {0};
	size_t n = baseline_write(&b, v);
	bool ok = io_write(io_join(&c->arena, c->root, path), buf_slice(&b), 0644, err);

	buf_done(&b);
	if (ok && !c->quiet)
		fprintf(stderr, "%zu finding%s written to %s%s%s\n", n, n == 1 ? "" : "s", path,
			c->config.baseline ? "" : "; belay.yml wants: baseline: ",
			c->config.baseline ? "" : path);
	return ok;
}

int cmd_check(struct cli *c, struct err *err)
{
	struct judge_input in = {.safe_form = rewrite_safe_form};
	struct report_options ro = {.color = c->color_out, .prefix = c->prefix};
	struct catalog *live = NULL;
	struct project p = {0};
	struct chosen ch = {0};
	struct verdict v = {0};
	enum severity from;
	bool ok;

	signals_plain();
	if (!baseline_allowed(c, err) || !fail_on(c, &from, err) ||
		!rule_list(c, "select", &in.select, err) ||
		!rule_list(c, "ignore", &in.ignore, err) || !fill(c, &in, &p, &ch, err) ||
		!cli_judging(c, &in, err) || !since(c, &in, &ch, err) ||
		!cli_base_schema(c, in.project, &in.base_schema, err))
		return 2;
	ok = live_schema(c, &in, &live, err) && judge(&v, &c->arena, &in, err);
	ro.dialect = in.engine->dialect;
	ro.version = in.version;
	ro.assumed = in.assumed;
	ro.fail_on = from;
	if (ok && in.assumed && v.statements && !c->quiet)
		fprintf(stderr,
			"nothing shows which server this is for: read as %s (--dialect says it)\n",
			dialect_name(ro.dialect));
	if (ok && cli_text(c, "write-baseline")) {
		ok = write_baseline(c, &v, err);
		catalog_free(live);
		return ok ? 0 : 2;
	}
	ok = ok && cli_report(c, fill_check, &(struct check_document){&v, &ro}, err);
	catalog_free(live);
	if (!ok)
		return 2;
	if (from == SEVERITY_OFF)
		return 0;
	return v.errors || (from == SEVERITY_WARNING && v.warnings) ? 1 : 0;
}
