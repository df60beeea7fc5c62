/* cmd_explain.c - belay explain. */
#include "base/io.h"
#include "cli/cli.h"

struct explaining {
	struct cli *cli;
	const struct engine *engine;
	struct reader *reader;
	struct catalog *catalog;
	struct session session;
	struct explained *out;
	size_t n;
};

static bool explain_text(
	struct explaining *x, const char *path, struct slice text, bool keep, struct err *err)
{
	struct source *src = ARENA_NEW(&x->cli->arena, struct source);
	struct script s;

	source_init(src, &x->cli->arena, path, text);
	if (!script_read(x->engine, x->reader, &x->cli->arena, src, 0, text.len, &s, err))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		struct explained e = {.statement = &s.at[i]};
		struct slice why;
		bool own = !x->session.in_tx;

		/* Each statement in a transaction of its own, until a BEGIN says otherwise. */
		if (own)
			session_begin(&x->session, x->catalog, false);
		x->session.in_tx = !own;
		x->engine->effects(&x->cli->arena, x->catalog, &x->session, &s.at[i], &e.effect);
		catalog_apply_statement(x->catalog, &x->session, &s.at[i], &why);
		if (own && !x->session.in_tx)
			session_end(&x->session, x->catalog, true);
		if (keep)
			*ARENA_PUSH(&x->cli->arena, x->out, x->n) = e;
	}
	return true;
}

static bool explain_inputs(struct explaining *x, struct err *err)
{
	struct cli *c = x->cli;
	const char **texts;
	size_t n = cli_list(c, "execute", &texts);
	struct slice text;

	for (size_t i = 0; i < n; i++)
		if (!explain_text(x, "-", slice_of(texts[i]), true, err))
			return false;
	if (n == 0 && c->nargs == 0) {
		if (!io_read(&c->arena, "-", &text, err))
			return false;
		return explain_text(x, "-", text, true, err);
	}
	for (size_t i = 0; i < c->nargs; i++) {
		const char *path = c->args[i];

		if (!io_read(&c->arena,
			    strcmp(path, "-") == 0 ? path : io_join(&c->arena, c->root, path),
			    &text, err) ||
			!explain_text(x, path, text, true, err))
			return false;
	}
	return true;
}

static bool start(struct explaining *x, struct err *err)
{
	struct reader_options ro = {.dialect = x->engine->dialect};
	struct load_options lo = {0};
	struct source *base;
	struct conn *conn = NULL;
	bool ok = true;

	ro.version = cli_server_version(x->cli, x->engine->dialect);
	if (cli_text(x->cli, "db") || cli_text(x->cli, "env")) {
		if (!cli_connect(x->cli, &conn, true, err))
			return false;
		ro.version = conn->id.version;
	}
	x->catalog = catalog_new(x->engine->dialect, ro.version);
	session_init(&x->session, x->engine->dialect, &x->cli->arena);
	if (conn) {
		ok = conn->engine->load(conn, x->catalog, &lo, err);
		conn_close(conn);
	}
	if (!ok || !x->engine->reader_open(&x->reader, &ro, err) ||
		!cli_base_schema(x->cli, NULL, &base, err))
		return false;
	/* Without a schema nothing is known about what the statements find. */
	if (!conn && !base)
		catalog_set_complete(x->catalog, false);
	return !base || explain_text(x, base->path, base->text, false, err);
}

int cmd_explain(struct cli *c, struct err *err)
{
	struct explaining x = {.cli = c};
	struct report_options ro = {.color = c->color_out};
	enum dialect d = cli_dialect(c, NULL);
	struct slice url;
	struct buf b = {0};
	bool ok;

	if (d == DIALECT_UNKNOWN && (cli_text(c, "db") || cli_text(c, "env"))) {
		if (!cli_url(c, &url, err))
			return 2;
		d = url_dialect(url);
	}
	if (d == DIALECT_UNKNOWN)
		d = DIALECT_POSTGRES;
	x.engine = engine_for(d, err);
	if (!x.engine)
		return 2;
	ok = start(&x, err) && explain_inputs(&x, err);
	ro.dialect = d;
	ro.version = x.catalog ? catalog_version(x.catalog) : 0;
	if (ok && cli_wants(c, "text")) {
		report_explain_text(&b, x.out, x.n, &ro);
		ok = cli_emit(c, "text", buf_slice(&b), err);
	}
	if (ok && cli_wants(c, "json")) {
		buf_clear(&b);
		report_explain_json(&b, x.out, x.n, &ro);
		ok = cli_emit(c, "json", buf_slice(&b), err);
	}
	buf_done(&b);
	x.engine->reader_close(x.reader);
	catalog_free(x.catalog);
	for (size_t i = 0; ok && i < x.n; i++)
		if (x.out[i].statement->state == STATEMENT_SYNTAX)
			return 1;
	return ok ? 0 : 2;
}
