/* cmd_explain.c - belay explain. */
#include "base/io.h"
#include "cli/cli.h"

static bool explain_text(struct explainer *x, const char *path, struct slice text, struct err *err)
{
	struct source *src = ARENA_NEW(x->arena, struct source);

	source_init(src, x->arena, path, text);
	return explain_source(x, src, true, err);
}

static bool explain_inputs(struct cli *c, struct explainer *x, struct err *err)
{
	const char **texts;
	size_t n = cli_list(c, "execute", &texts);
	struct slice text;

	for (size_t i = 0; i < n; i++)
		if (!explain_text(x, "-", slice_of(texts[i]), err))
			return false;
	if (n == 0 && c->nargs == 0) {
		if (!io_read(&c->arena, "-", &text, err))
			return false;
		return explain_text(x, "-", text, err);
	}
	for (size_t i = 0; i < c->nargs; i++) {
		const char *path = c->args[i];

		if (!io_read(&c->arena,
			    strcmp(path, "-") == 0 ? path : io_join(&c->arena, c->root, path),
			    &text, err) ||
			!explain_text(x, path, text, err))
			return false;
	}
	return true;
}

static bool start(struct cli *c, struct explainer *x, struct err *err)
{
	int version = cli_server_version(c, x->engine->dialect);
	struct load_options lo = {0};
	struct conn *conn = NULL;
	struct source *base;
	bool ok;

	if (cli_text(c, "db") || cli_text(c, "env")) {
		if (!cli_connect(c, &conn, true, err))
			return false;
		version = conn->id.version;
	}
	ok = explainer_open(x, version, err) &&
	     (!conn || conn->engine->load(conn, x->catalog, &lo, err));
	conn_close(conn);
	if (!ok || !cli_base_schema(c, NULL, &base, err))
		return false;
	/* Without a schema nothing is known about what the statements find. */
	if (!conn && !base)
		catalog_set_complete(x->catalog, false);
	return !base || explain_source(x, base, false, err);
}

struct explain_document {
	const struct explained *at;
	size_t n;
	const struct report_options *options;
};

static void fill_explain(const struct reporter *r, struct buf *b, const void *document)
{
	const struct explain_document *d = document;

	r->explain(b, d->at, d->n, d->options);
}

int cmd_explain(struct cli *c, struct err *err)
{
	struct explainer x = {.arena = &c->arena};
	struct report_options ro = {.color = c->color_out};
	enum dialect d = cli_dialect(c, NULL);
	struct slice url;
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
	ok = start(c, &x, err) && explain_inputs(c, &x, err);
	ro.dialect = d;
	ro.version = x.catalog ? catalog_version(x.catalog) : 0;
	ok = ok && cli_report(c, fill_explain, &(struct explain_document){x.out, x.n, &ro}, err);
	explainer_close(&x);
	for (size_t i = 0; ok && i < x.n; i++)
		if (x.out[i].statement->state == STATEMENT_SYNTAX)
			return 1;
	return ok ? 0 : 2;
}
