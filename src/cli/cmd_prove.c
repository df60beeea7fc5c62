/* cmd_prove.c - belay rehearse, review, diff: what needs a scratch server. */
#include "base/io.h"
#include "cli/cli.h"
#include "cli/gates.h"
#include "rehearse/rehearse.h"
#include "rewrite/rewrite.h"
#include "sql/mask.h"

#include <stdlib.h>
#include <sys/stat.h>

struct proving {
	struct cli *cli;
	struct progress progress;
};

static void on_progress(
	void *ctx, const struct migration *m, size_t index, size_t total, const char *stage)
{
	struct proving *p = ctx;
	struct slice what = arena_printf(&p->cli->arena, "%s %.*s", stage, SLICE(m->id));

	progress_show(&p->progress, what.at, index, total);
}

static void scratch_of(struct cli *c, enum dialect d, struct scratch_options *o)
{
	*o = (struct scratch_options){
		.url = slice_of(cli_text(c, "scratch")), .waiter = {signals_tick, NULL, 50}};
	if (cli_text(c, "server-version") || c->config.server_version)
		o->version = cli_server_version(c, d);
}

static bool is_new(const struct migration *m, const char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (m->path && strcmp(m->path, paths[i]) == 0)
			return true;
		if (m->down.src && strcmp(m->down.src->path, paths[i]) == 0)
			return true;
		if (m->verify.src && strcmp(m->verify.src->path, paths[i]) == 0)
			return true;
	}
	return false;
}

/* The migrations under proof: named ones, or what is new, or all (*all). */
static bool choose(struct cli *c, const struct project *p, const struct migration ***out, size_t *n,
	bool *all, struct err *err)
{
	const char **paths;
	size_t npaths;
	bool known = false;

	*out = NULL;
	*n = 0;
	*all = false;
	for (size_t i = 0; i < c->nargs; i++) {
		const struct migration *m;

		if (!project_find(p, slice_of(c->args[i]), &m, err))
			return false;
		*ARENA_PUSH(&c->arena, *out, *n) = m;
	}
	if (c->nargs)
		return true;
	if (!cli_changed(c, &paths, &npaths, &known, err))
		return false;
	for (size_t i = 0; known && i < p->nmigrations; i++)
		if (is_new(&p->migrations[i], paths, npaths))
			*ARENA_PUSH(&c->arena, *out, *n) = &p->migrations[i];
	*all = !known;
	return true;
}

static bool rehearse_chosen(struct cli *c, const struct project *p, const struct engine *e,
	const struct migration **list, size_t n, bool all, struct rehearsal *out, struct err *err)
{
	struct proving pr = {.cli = c};
	struct rehearse_options o = {
		.only = all ? NULL : list, .nonly = n, .progress = on_progress, .ctx = &pr};
	bool ok;

	scratch_of(c, e->dialect, &o.scratch);
	if (!cli_base_schema(c, p, &o.base_schema, err))
		return false;
	progress_begin(&pr.progress, c);
	ok = rehearse(out, &c->arena, p, e, &o, err);
	progress_end(&pr.progress);
	return ok;
}

struct rehearsal_document {
	const struct rehearsal *rehearsal;
	const struct report_options *options;
};

static void fill_rehearsal(const struct reporter *r, struct buf *b, const void *document)
{
	const struct rehearsal_document *d = document;

	r->rehearse(b, d->rehearsal, d->options);
}

int cmd_rehearse(struct cli *c, struct err *err)
{
	struct report_options ro = {.color = c->color_out};
	const struct migration **list;
	const struct engine *e;
	struct rehearsal r;
	struct project p;
	size_t n;
	bool all, ok;

	if (!cli_project(c, &p, true, err))
		return 2;
	e = engine_for(cli_dialect(c, &p), err);
	if (!e || !choose(c, &p, &list, &n, &all, err))
		return 2;
	if (!all && n == 0) {
		if (!cli_wants(c, "json")) {
			printf("no migration is new: nothing to rehearse (name IDs to rehearse "
			       "them)\n");
			return 0;
		}
		r = (struct rehearsal){.dialect = e->dialect, .ok = true};
	} else if (!rehearse_chosen(c, &p, e, list, n, all, &r, err)) {
		return 2;
	}
	ro.dialect = e->dialect;
	ok = cli_report(c, fill_rehearsal, &(struct rehearsal_document){&r, &ro}, err) &&
	     receipt_write(c, &r, err);
	return !ok ? 2 : r.ok ? 0 : 1;
}

/* ---- review ---- */

struct under_review {
	const struct migration **list;
	size_t n;
	bool all;
};

static bool in_review(void *ctx, const char *path)
{
	const struct under_review *u = ctx;

	for (size_t i = 0; i < u->n; i++)
		if (is_new(u->list[i], &path, 1))
			return true;
	return u->all;
}

static bool judge_review(struct cli *c, const struct project *p, const struct engine *e,
	struct under_review *u, struct verdict *v, struct err *err)
{
	struct judge_input in = {.engine = e,
		.version = cli_server_version(c, e->dialect),
		.project = p,
		.report_this = in_review,
		.report_ctx = u,
		.safe_form = rewrite_safe_form};

	return cli_judging(c, &in, err) && cli_base_schema(c, p, &in.base_schema, err) &&
	       judge(v, &c->arena, &in, err);
}

static const char *decide(const struct review *r)
{
	const struct rehearsal *h = r->rehearsal;

	if (r->nheads > 1 || r->verdict->errors || (h && !h->ok))
		return "block";
	if (r->verdict->warnings || !h || h->nirreversible)
		return "allow";
	return "approve";
}

/* A scratch server that cannot be had is said, and weighs on the decision; it is no failure. */
static bool rehearse_review(struct cli *c, struct review *rv, const struct engine *e,
	struct under_review *u, struct rehearsal *r, struct err *err)
{
	struct err e2 = {0};

	if (rehearse_chosen(c, rv->project, e, u->list, u->n, u->all, r, &e2)) {
		rv->rehearsal = r;
		return true;
	}
	if (e2.code == ERR_INTERRUPTED || e2.code == ERR_INPUT) {
		err_move(err, &e2);
		return false;
	}
	rv->rehearsal_skipped = arena_slice(&c->arena, slice_of(e2.message));
	err_done(&e2);
	return true;
}

struct review_document {
	const struct review *review;
	const struct report_options *options;
};

static void fill_review(const struct reporter *r, struct buf *b, const void *document)
{
	const struct review_document *d = document;

	r->review(b, d->review, d->options);
}

int cmd_review(struct cli *c, struct err *err)
{
	struct report_options ro = {
		.color = c->color_out, .prefix = c->prefix, .fail_on = SEVERITY_ERROR};
	struct under_review u = {0};
	const struct engine *e;
	struct verdict v = {0};
	struct rehearsal r;
	struct review rv = {0};
	struct project p;
	bool ok;

	if (!cli_project(c, &p, true, err) || !choose(c, &p, &u.list, &u.n, &u.all, err))
		return 2;
	if (!u.all && u.n == 0) {
		printf("no migration changed\n");
		return 0;
	}
	e = engine_for(cli_dialect(c, &p), err);
	if (!e || !judge_review(c, &p, e, &u, &v, err))
		return 2;
	rv.project = &p;
	rv.verdict = &v;
	rv.nheads = project_heads(&p, &c->arena, &rv.heads);
	rv.nmigrations = u.all ? p.nmigrations : u.n;
	if (!rehearse_review(c, &rv, e, &u, &r, err))
		return 2;
	rv.decision = decide(&rv);
	ro.dialect = e->dialect;
	ro.version = cli_server_version(c, e->dialect);
	ok = cli_report(c, fill_review, &(struct review_document){&rv, &ro}, err);
	return !ok ? 2 : strcmp(rv.decision, "block") == 0 ? 1 : 0;
}

/* ---- diff ---- */

static bool replay(struct cli *c, const struct engine *e, struct catalog *cat, struct session *s,
	struct reader *reader, struct source *src, size_t off, size_t len, struct err *err)
{
	struct script script;
	struct slice why;

	if (!script_read(e, reader, &c->arena, src, off, len, &script, err))
		return false;
	for (size_t i = 0; i < script.n; i++) {
		if (script.at[i].state == STATEMENT_SYNTAX) {
			err_set(err, ERR_INPUT, "syntax error: %.*s",
				SLICE(script.at[i].fault_message));
			return err_span(err, script.at[i].span);
		}
		if (catalog_apply_statement(cat, s, &script.at[i], &why) == APPLY_CONFLICT) {
			err_set(err, ERR_INPUT, "%.*s", SLICE(why));
			return err_span(err, script.at[i].span);
		}
	}
	return true;
}

static bool placeholder_value(void *ctx, struct slice name, struct slice *out)
{
	const struct project *p = ctx;

	for (size_t i = 0; i < p->nplaceholders; i++)
		if (slice_eq(p->placeholders[i][0], name)) {
			*out = p->placeholders[i][1];
			return true;
		}
	return false;
}

/* The script as it is sent, placeholders replaced; as it was read when a value is missing. */
static struct source *expanded(
	struct cli *c, const struct project *p, const struct migration *m, size_t *off, size_t *len)
{
	struct slice part = slice_sub(m->up.src->text, m->up.off, m->up.len), text;
	struct project *ctx = ARENA_NEW(&c->arena, struct project);
	struct err ignored = {0};
	struct source *src;

	*off = m->up.off;
	*len = m->up.len;
	*ctx = *p;
	if (!p->mask_styles || m->up.src->masked.at == m->up.src->text.at ||
		!mask_expand(
			&c->arena, part, p->mask_styles, placeholder_value, ctx, &text, &ignored)) {
		err_done(&ignored);
		return m->up.src;
	}
	src = ARENA_NEW(&c->arena, struct source);
	source_init(src, &c->arena, m->up.src->path, text);
	*off = 0;
	*len = text.len;
	return src;
}

static bool replay_project(struct cli *c, const struct project *p, const struct engine *e,
	struct slice until, struct catalog *cat, struct reader *reader, struct err *err)
{
	const struct migration *stop = NULL;
	struct source *base = NULL;
	struct session s;

	if (until.len && !project_find(p, until, &stop, err))
		return false;
	session_init(&s, e->dialect, &c->arena);
	if (!cli_base_schema(c, p, &base, err) ||
		(base && !replay(c, e, cat, &s, reader, base, 0, base->text.len, err)))
		return false;
	for (size_t i = 0; i < p->nmigrations; i++) {
		const struct migration *m = &p->migrations[i];

		if (m->code)
			warning_print(c,
				"migration %.*s is %s: what it does is not in the comparison",
				SLICE(m->id), m->code);
		if (m->up.src && !m->baseline) {
			size_t off, len;
			struct source *src = expanded(c, p, m, &off, &len);

			if (!replay(c, e, cat, &s, reader, src, off, len, err))
				return false;
		}
		if (m == stop)
			break;
	}
	return true;
}

static bool load_url(struct slice url, struct catalog **out, struct err *err)
{
	struct conn_options o = {.url = url,
		.waiter = {signals_tick, NULL, 50},
		.application = "belay diff",
		.read_only = true};
	struct load_options lo = {0};
	struct conn *conn;
	bool ok;

	if (!engine_connect(&conn, &o, err))
		return false;
	*out = catalog_new(conn->id.dialect, conn->id.version);
	ok = conn->engine->load(conn, *out, &lo, err);
	conn_close(conn);
	return ok;
}

/* A URL, @ID, a folder of migrations, or a file of SQL. */
static bool schema_of(
	struct cli *c, const char *what, enum dialect d, struct catalog **out, struct err *err)
{
	const char *full = io_join(&c->arena, c->root, what);
	struct reader_options ro = {.dialect = d};
	const struct engine *e;
	struct reader *reader;
	struct project p;
	struct session s;
	bool ok;

	if (url_dialect(slice_of(what)) != DIALECT_UNKNOWN)
		return load_url(slice_of(what), out, err);
	if (what[0] == '@' && !cli_project(c, &p, true, err))
		return false;
	if (what[0] != '@' && io_is_dir(full)) {
		struct project_options po = {.root = full, .dialect = d};

		if (!project_open(&p, &c->arena, &po, err))
			return false;
		if (!p.layout)
			return err_set(err, ERR_INPUT, "no migrations were found in \"%s\"", what);
	}
	e = engine_for(d == DIALECT_UNKNOWN ? DIALECT_POSTGRES : d, err);
	ro.version = e ? cli_server_version(c, e->dialect) : 0;
	if (!e || !e->reader_open(&reader, &ro, err))
		return false;
	*out = catalog_new(e->dialect, ro.version);
	if (what[0] == '@') {
		ok = replay_project(c, &p, e, slice_of(what + 1), *out, reader, err);
	} else if (io_is_dir(full)) {
		ok = replay_project(c, &p, e, SLICE_NONE, *out, reader, err);
	} else {
		struct source *src = ARENA_NEW(&c->arena, struct source);
		struct slice text = SLICE_NONE;

		ok = io_read(&c->arena, full, &text, err);
		source_init(src, &c->arena, what, text);
		session_init(&s, e->dialect, &c->arena);
		ok = ok && replay(c, e, *out, &s, reader, src, 0, text.len, err);
	}
	e->reader_close(reader);
	return ok;
}

/* What a comparison leaves out: the runners' own tables, and what ends with a session. */
struct left_out {
	enum dialect dialect;
	struct slice table; /* the layout's history; empty: none */
};

static struct slice before_last_dot(struct slice name)
{
	while (name.len && name.at[name.len - 1] != '.')
		name.len--;
	return slice_sub(name, 0, name.len ? name.len - 1 : 0);
}

static struct slice bare(struct slice name)
{
	struct slice head = before_last_dot(name);

	return head.len ? slice_from(name, head.len + 1) : name;
}

static bool skip_ours(void *ctx, const struct object *o)
{
	const struct left_out *l = ctx;
	const struct object *top = o->table ? o->table : o;

	if (journal_is_ours(l->dialect, top->schema, top->name))
		return true;
	if (top->type == OBJECT_TABLE && slice_is(top->table_.persistence, "temporary"))
		return true;
	if (layout_is_history(top->name) || layout_is_home(top->type, top->name))
		return true;
	if (slice_empty(l->table))
		return false;
	if (top->type == OBJECT_SEQUENCE)
		return slice_eq(bare(before_last_dot(top->sequence.owned_by)), l->table);
	return top->type == OBJECT_TABLE && slice_eq(top->name, l->table);
}

static void diff_json(struct buf *b, const struct catalog_diff *d)
{
	struct json j;

	json_init(&j, b);
	json_object(&j);
	report_head(&j, "diff/1");
	json_kbool(&j, "equal", catalog_diff_is_empty(d));
	json_kint(&j, "compared", (long long)d->compared);
	json_kint(&j, "not_compared", (long long)d->not_compared);
	report_differences(&j, d);
	json_end(&j);
}

static enum dialect diff_dialect(struct cli *c, struct left_out *l)
{
	enum dialect d = cli_dialect(c, NULL);
	struct err ignored = {0};
	struct project p = {0};

	for (size_t i = 0; d == DIALECT_UNKNOWN && i < 2; i++)
		d = url_dialect(slice_of(c->args[i]));
	if ((d == DIALECT_UNKNOWN || c->args[0][0] == '@' || c->args[1][0] == '@') &&
		cli_project(c, &p, true, &ignored)) {
		d = d == DIALECT_UNKNOWN ? p.dialect : d;
		l->table = bare(slice_of(p.table           ? p.table
					 : p.layout->table ? p.layout->table
							   : ""));
	}
	err_done(&ignored);
	l->dialect = d;
	return d;
}

int cmd_diff(struct cli *c, struct err *err)
{
	struct catalog *a = NULL, *b = NULL;
	struct left_out leave = {0};
	enum dialect d = diff_dialect(c, &leave);
	struct diff_options opt = {
		.ignore_owner = true, .ignore_acl = true, .skip = skip_ours, .skip_ctx = &leave};
	struct catalog_diff diff = {0};
	struct buf out = {0};
	bool ok;

	ok = schema_of(c, c->args[0], d, &a, err) && schema_of(c, c->args[1], d, &b, err);
	if (ok)
		diff = catalog_compare(&c->arena, a, b, &opt);
	if (ok && cli_wants(c, "text")) {
		catalog_diff_text(&out, &diff);
		if (catalog_diff_is_empty(&diff))
			buf_printf(&out,
				"the schemas are equal (%zu facts compared, %zu not comparable)\n",
				diff.compared, diff.not_compared);
		ok = cli_emit(c, "text", buf_slice(&out), err);
	}
	if (ok && cli_wants(c, "json")) {
		buf_clear(&out);
		diff_json(&out, &diff);
		ok = cli_emit(c, "json", buf_slice(&out), err);
	}
	catalog_free(a);
	catalog_free(b);
	buf_done(&out);
	return !ok ? 2 : catalog_diff_is_empty(&diff) ? 0 : 1;
}
