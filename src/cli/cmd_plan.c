/* cmd_plan.c - belay plan: what up would do, and what that means. Nothing is written. */
#include "cli/running.h"
#include "cli/steps.h"
#include "plan/outlook.h"
#include "run/script.h"

struct planning {
	struct cli *cli;
	const struct engine *engine;
	struct project *project;
	struct conn *conn; /* NULL: --offline */
	struct catalog *before;
	struct table_size *sizes;
	size_t nsizes;
	struct plan_request request;
	size_t contracts;
	const struct migration *code;
	struct plan plan;
	struct outlook outlook;
};

struct plan_document {
	const struct outlook *outlook;
	const struct report_options *options;
};

static void fill_plan(const struct reporter *r, struct buf *b, const void *document)
{
	const struct plan_document *d = document;

	r->plan(b, d->outlook, d->options);
}

/* What a person has to type again behind the commands that the plan names. */
static struct slice options_of(struct cli *c)
{
	const char *env = cli_text(c, "env");

	return env ? arena_printf(&c->arena, " --env %s", env) : SLICE_NONE;
}

static struct slice ids_of(struct cli *c)
{
	const char *only = cli_text(c, "only"), *phase = cli_text(c, "phase");
	struct slice out = SLICE_NONE;

	if (c->nargs)
		out = arena_printf(&c->arena, " %s", c->args[0]);
	if (only)
		out = arena_printf(&c->arena, "%.*s --only %s", SLICE(out), only);
	if (phase)
		out = arena_printf(&c->arena, "%.*s --phase %s", SLICE(out), phase);
	return out;
}

static bool write_script(struct planning *p, struct err *err)
{
	struct buf b = {0};
	bool ok = script_write(&b, &p->cli->arena, &p->plan, p->engine, p->conn, err);

	p->outlook.script = arena_slice(&p->cli->arena, buf_slice(&b));
	buf_done(&b);
	return ok;
}

static bool look_ahead(struct planning *p, struct err *err)
{
	struct cli *c = p->cli;
	struct report_options ro = {.color = c->color_out, .dialect = p->engine->dialect};
	struct outlook_request o = {.plan = &p->plan,
		.dialect = p->engine->dialect,
		.before = p->before,
		.sizes = p->sizes,
		.nsizes = p->nsizes,
		.options = options_of(c),
		.ids = ids_of(c),
		.contracts = p->contracts,
		.code = p->code};

	p->request.catalog = p->before;
	if (!plan_make(&p->plan, &c->arena, p->project, p->engine, &p->request, err))
		return false;
	if (p->conn) {
		o.server = p->conn->id.server;
		o.database = p->conn->id.database;
	}
	o.version = ro.version = p->request.server_version;
	outlook_make(&p->outlook, &c->arena, &o);
	if (cli_wants(c, "sql") && !write_script(p, err))
		return false;
	return cli_report(c, fill_plan, &(struct plan_document){&p->outlook, &ro}, err);
}

/* ---- With a database ---- */

static bool plan_online(struct planning *p, struct running *r, struct err *err)
{
	struct cli *c = p->cli;
	struct selection sel;
	struct run_options ignored = {0};

	p->engine = r->conn->engine;
	p->project = &r->project;
	p->conn = r->conn;
	p->before = catalog_new(r->conn->id.dialect, r->conn->id.version);
	p->request = (struct plan_request){.server_version = r->conn->id.version};
	if (!running_identity(r, false, err) || !running_selection(c, &sel, err) ||
		!running_budget(c, &p->request, &ignored, err) ||
		!running_cut(r, &sel, &p->code, err))
		return false;
	if (!(p->code && slice_empty(sel.to)) &&
		!state_select(&r->state, &r->project, &sel, &c->arena, &p->request.migrations,
			&p->request.nmigrations, err))
		return false;
	if (sel.phase != PHASE_CONTRACT && slice_empty(sel.only))
		p->contracts = running_contracts(r);
	if (!p->engine->load(r->conn, p->before, &(struct load_options){0}, err))
		return false;
	if (p->engine->sizes && !p->engine->sizes(r->conn, &c->arena, &p->sizes, &p->nsizes, err))
		return false;
	return look_ahead(p, err);
}

/* ---- Without one ---- */

static bool is_chosen(struct planning *p, const struct migration *m)
{
	for (size_t i = 0; i < p->request.nmigrations; i++)
		if (p->request.migrations[i] == m)
			return true;
	return false;
}

static bool among(const char *path, const char **paths, size_t n)
{
	for (size_t i = 0; path && i < n; i++)
		if (strcmp(path, paths[i]) == 0)
			return true;
	return false;
}

/* What is new against --since (everything, where nothing tells), up to what was asked for. */
static bool choose(struct planning *p, const struct selection *sel, struct err *err)
{
	struct cli *c = p->cli;
	const struct migration *stop = NULL, *only = NULL;
	const char **paths = NULL;
	size_t n = 0;
	bool known = false;

	if ((sel->to.len && !project_find(p->project, sel->to, &stop, err)) ||
		(sel->only.len && !project_find(p->project, sel->only, &only, err)))
		return false;
	if (!only && !cli_changed(c, &paths, &n, &known, err))
		return false;
	for (size_t i = 0; i < p->project->nmigrations; i++) {
		const struct migration *m = &p->project->migrations[i];
		bool wanted = only ? m == only : !known || among(m->path, paths, n);

		if (wanted && m->phase == PHASE_CONTRACT && sel->phase != PHASE_CONTRACT &&
			m != stop && !only) {
			p->contracts++;
		} else if (wanted && m->phase > (sel->phase ? sel->phase : PHASE_CONTRACT)) {
			break;
		} else if (wanted && m->code) {
			p->code = m;
			break;
		} else if (wanted && !m->baseline && !p->contracts) {
			*ARENA_PUSH(&c->arena, p->request.migrations, p->request.nmigrations) = m;
		}
		if (m == stop)
			break;
	}
	return true;
}

/* The schema that the plan begins with: what comes before it in the project. */
static bool replay_before(struct planning *p, struct schema_now *now, struct err *err)
{
	struct source *base = NULL;

	if (!cli_base_schema(p->cli, p->project, &base, err) ||
		(base && !schema_now_replay(p->cli, now, base, 0, base->text.len, err)))
		return false;
	for (size_t i = 0; i < p->project->nmigrations; i++) {
		const struct migration *m = &p->project->migrations[i];

		if (is_chosen(p, m))
			continue;
		if (p->request.nmigrations && m->order > p->request.migrations[0]->order)
			break;
		if (m->code)
			catalog_taint(now->catalog, &now->session, SL("*"));
		if (m->up.src && !m->baseline &&
			!schema_now_replay(p->cli, now, m->up.src, m->up.off, m->up.len, err))
			return false;
	}
	return true;
}

static bool plan_offline(struct planning *p, struct err *err)
{
	struct run_options ignored = {0};
	struct schema_now now;
	struct project project;
	struct selection sel;
	bool ok;

	p->project = &project;
	if (!cli_project(p->cli, &project, true, err) || !running_selection(p->cli, &sel, err) ||
		!running_budget(p->cli, &p->request, &ignored, err) || !choose(p, &sel, err) ||
		!schema_now_empty(p->cli, &project, &now, err))
		return false;
	p->engine = now.engine;
	project.dialect = now.engine->dialect;
	p->request.server_version = now.version;
	ok = replay_before(p, &now, err);
	p->before = now.catalog;
	ok = ok && look_ahead(p, err);
	schema_now_close(&now);
	p->before = NULL;
	return ok;
}

int cmd_plan(struct cli *c, struct err *err)
{
	struct planning p = {.cli = c};
	struct running r;
	bool ok;

	if (cli_flag(c, "offline"))
		return plan_offline(&p, err) ? 0 : 2;
	if (cli_text(c, "since")) {
		err_set(err, ERR_INPUT,
			"--since goes with --offline: a database knows by itself "
			"what is new to it");
		return 2;
	}
	if (!running_begin(&r, c, true, err))
		return 2;
	ok = plan_online(&p, &r, err);
	catalog_free(p.before);
	running_end(&r);
	return ok ? 0 : 2;
}
