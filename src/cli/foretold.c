/* foretold.c - a dry run says how long each statement would take, waiting for locks left aside. */
#include "cli/foretold.h"

#include "engine/engine.h"
#include "sql/clean.h"

bool foretell(struct outlook *out, struct cli *c, struct conn *conn, const struct plan *p,
	const struct catalog *now, struct err *err)
{
	struct outlook_request o = {
		.plan = p, .dialect = conn->id.dialect, .version = conn->id.version, .before = now};
	struct table_size *sizes = NULL;

	if (conn->engine->sizes && !conn->engine->sizes(conn, &c->arena, &sizes, &o.nsizes, err))
		return false;
	o.sizes = sizes;
	outlook_make(out, &c->arena, &o);
	return true;
}

static const struct outlook_statement *find(
	const struct outlook_migration *at, const struct step *s)
{
	size_t first = at->n ? at->at[0].step->serial : 0;

	return s->serial - first < at->n ? &at->at[s->serial - first] : NULL;
}

void foretold_print(struct cli *c, const struct outlook_migration *at, const struct step *s)
{
	enum { NOTHING_MS = 50 };
	const struct outlook_statement *o = find(at, s);

	if (!o || (o->time.known && o->time.to_ms <= NOTHING_MS && !o->time.from_ms))
		return;
	printf("-- it would take %.*s", SLICE(interval_words(&c->arena, o->time)));
	for (size_t i = 0; i < o->unknown.n; i++)
		printf("%s %.*s", i ? "," : ", without knowing",
			SLICE(clean_line(&c->arena, o->unknown.at[i])));
	printf("\n");
}
