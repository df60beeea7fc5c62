/* explain.c - effects of each statement in turn. */
#include "lint/explain.h"

bool explainer_open(struct explainer *x, int version, struct err *err)
{
	struct reader_options o = {.dialect = x->engine->dialect, .version = version};

	if (!x->engine->reader_open(&x->reader, &o, err))
		return false;
	x->catalog = catalog_new(x->engine->dialect, version);
	session_init(&x->session, x->engine->dialect, x->arena);
	return true;
}

void explainer_close(struct explainer *x)
{
	if (x->reader)
		x->engine->reader_close(x->reader);
	catalog_free(x->catalog);
	x->reader = NULL;
	x->catalog = NULL;
}

static void explain_statement(struct explainer *x, const struct statement *st, bool keep)
{
	struct explained e = {.statement = st};
	bool own = !x->session.in_tx;
	struct slice why;

	if (own)
		session_begin(&x->session, x->catalog, false);
	/* For the effects the transaction is the statement's own, not one somebody opened. */
	x->session.in_tx = !own;
	x->engine->effects(x->arena, x->catalog, &x->session, st, &e.effect);
	catalog_apply_statement(x->catalog, &x->session, st, &why);
	if (own && !x->session.in_tx)
		session_end(&x->session, x->catalog, true);
	if (keep)
		*ARENA_PUSH(x->arena, x->out, x->n) = e;
}

bool explain_source(struct explainer *x, const struct source *src, bool keep, struct err *err)
{
	struct script s;

	if (!script_read(x->engine, x->reader, x->arena, src, 0, src->text.len, &s, err))
		return false;
	for (size_t i = 0; i < s.n; i++)
		explain_statement(x, &s.at[i], keep);
	return true;
}
