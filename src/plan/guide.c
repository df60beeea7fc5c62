/* guide.c - the order of events around a plan, as words: deploy, rollback, and what to look at
 * before, while and afterwards. Each line is there because of something in the plan. */
#include "plan/outlook_internal.h"
#include "sql/batched.h"

#include <stdint.h>

static void say(struct looking *x, struct names *to, struct slice words)
{
	for (size_t i = 0; i < to->n; i++)
		if (slice_eq(to->at[i], words))
			return;
	names_add(x->a, to, words);
}

#define SAY(x, to, ...) say(x, to, arena_printf((x)->a, __VA_ARGS__))

/* What several lines ask about the plan as a whole. */
struct gist {
	bool rewrites, writes, batches, alone, verify;
	struct names lost, broken, waiting; /* objects */
	struct names loops; /* migrations whose DO block goes round in batches of its own */
};

static void gather_effect(struct looking *x, struct gist *g, const struct effect *e)
{
	enum dialect d = x->r->dialect;

	for (size_t i = 0; i < e->nrewrites; i++)
		g->rewrites |= looking_matters(x, e->rewrites[i].object);
	for (size_t i = 0; i < e->nwrites_rows; i++)
		g->writes |= looking_matters(x, e->writes_rows[i].object);
	for (size_t i = 0; i < e->ndestroys; i++) {
		const struct touched *t = &e->destroys[i];
		bool rows = t->type == OBJECT_TABLE && slice_is(t->part, "rows");

		if ((t->type == OBJECT_TABLE || t->type == OBJECT_COLUMN ||
			    t->type == OBJECT_SCHEMA) &&
			!t->new_in_tx && looking_matters(x, t->object))
			say(x, &g->lost,
				outlook_object(x->a, d, t->object, rows ? SLICE_NONE : t->part));
	}
	for (size_t i = 0; i < e->nbreaks; i++) {
		const struct breakage *b = &e->breaks[i];
		struct slice what = outlook_object(x->a, d, b->object, b->part);

		if (b->who == BREAKS_NEW_CODE)
			say(x, &g->waiting, what);
		else if (looking_matters(x, b->object))
			say(x, &g->broken, what);
	}
}

/* The loop of the guides, without the directive that would make batches of it. */
static bool is_loop(struct looking *x, const struct step *s)
{
	const struct statement *st = s->statement;
	struct batched b;

	return !s->batched && x->r->dialect == DIALECT_POSTGRES && st && st->nchanges > 0 &&
	       st->changes[0].kind == CHANGE_DO_BLOCK &&
	       batched_loop(&b, x->a, x->r->dialect, st->raw);
}

static struct gist gather(struct looking *x)
{
	struct gist g = {0};

	for (size_t i = 0; i < x->out->n; i++) {
		const struct outlook_migration *m = &x->out->at[i];

		g.alone |= !m->grouped && m->n > 0;
		g.verify |= m->migration->verify.src != NULL;
		for (size_t k = 0; k < m->n; k++) {
			g.batches |= m->at[k].step->batched != NULL;
			if (is_loop(x, m->at[k].step))
				say(x, &g.loops, m->migration->id);
			if (m->at[k].step->effect)
				gather_effect(x, &g, m->at[k].step->effect);
		}
	}
	return g;
}

static struct slice listed(struct looking *x, struct names n)
{
	struct slice out = SLICE_NONE;

	for (size_t i = 0; i < n.n && i < 6; i++)
		out = arena_printf(x->a, "%.*s%s%.*s", SLICE(out), i ? ", " : "", SLICE(n.at[i]));
	return n.n > 6 ? arena_printf(x->a, "%.*s and %zu more", SLICE(out), n.n - 6) : out;
}

static const char *whole_backup(enum dialect d)
{
	switch (d) {
	case DIALECT_POSTGRES:
		return "pg_dump -Fc -f before.dump \"$DATABASE_URL\"";
	case DIALECT_MYSQL:
		return "mysqldump --single-transaction DATABASE > before.sql";
	case DIALECT_MARIADB:
		return "mariadb-dump --single-transaction DATABASE > before.sql";
	case DIALECT_SQLITE:
		return "sqlite3 FILE \".backup before.db\"";
	case DIALECT_UNKNOWN:
		break;
	}
	return "your database's own tool";
}

static void deploy(struct looking *x, const struct gist *g)
{
	struct names *to = &x->out->deploy;
	struct slice o = x->r->options;

	SAY(x, to, "belay rehearse%s", x->out->n == 1 ? "" : " (all that is new)");
	if (g->lost.n)
		SAY(x, to, "keep what will be gone (%.*s): --backup below does; all there is: %s",
			SLICE(listed(x, g->lost)), whole_backup(x->r->dialect));
	if (g->broken.n)
		SAY(x, to, "bring out the version of the code that does not use %.*s any more",
			SLICE(listed(x, g->broken)));
	SAY(x, to, "belay up%.*s%.*s%s", SLICE(x->r->ids), SLICE(o),
		g->lost.n ? " --backup (it asks before rows are lost; --yes-destroy ID agrees in "
			    "advance)"
			  : "");
	if (x->r->code)
		SAY(x, to,
			"it stops before migration %.*s, which is %s: run that with its own tool, "
			"then belay up%.*s again",
			SLICE(x->r->code->id), x->r->code->code, SLICE(o));
	if (g->verify)
		SAY(x, to, "belay verify%.*s", SLICE(o));
	if (g->waiting.n)
		SAY(x, to, "bring out the version of the code that uses %.*s",
			SLICE(listed(x, g->waiting)));
	if (x->r->contracts)
		SAY(x, to,
			"later, when no running code needs the old form: belay up --phase "
			"contract%.*s (%zu migration%s)",
			SLICE(o), x->r->contracts, x->r->contracts == 1 ? "" : "s");
}

static struct slice comes_back(enum undo u)
{
	switch (u) {
	case UNDO_EXACT:
		return SL("all of it comes back");
	case UNDO_SCHEMA_ONLY:
		return SL("the schema comes back, the rows or values do not");
	case UNDO_NONE:
		break;
	}
	return SL("not all of it comes back");
}

static void rollback(struct looking *x, const struct gist *g)
{
	struct names *to = &x->out->rollback;
	struct slice o = x->r->options;

	if (g->waiting.n)
		SAY(x, to, "first take back the version of the code that uses %.*s",
			SLICE(listed(x, g->waiting)));
	for (size_t i = x->out->n; i-- > 0;) {
		const struct outlook_migration *m = &x->out->at[i];

		if (m->migration->repeatable)
			SAY(x, to,
				"%.*s is repeatable: its old text, put back, is applied by belay "
				"up%.*s",
				SLICE(m->migration->id), SLICE(o));
		else if (m->has_way_back)
			SAY(x, to, "belay down%.*s (undoes %.*s: %.*s)", SLICE(o),
				SLICE(m->migration->id), SLICE(comes_back(m->undo)));
		else
			SAY(x, to,
				"%.*s has no down script: a new migration that undoes it, or what "
				"was kept before",
				SLICE(m->migration->id));
	}
	if (g->lost.n)
		SAY(x, to,
			"belay down puts back what --backup kept of %.*s; after it, belay backups "
			"and belay restore",
			SLICE(listed(x, g->lost)));
}

static void before(struct looking *x, const struct gist *g)
{
	struct names *to = &x->out->before;

	SAY(x, to, "belay check finds nothing; belay rehearse proved the way up and the way back");
	if (g->lost.n)
		SAY(x, to, "nobody needs %.*s any more, and a copy is kept and can be read back",
			SLICE(listed(x, g->lost)));
	if (g->broken.n)
		SAY(x, to, "no running code, job or report uses %.*s", SLICE(listed(x, g->broken)));
	if (g->rewrites)
		SAY(x, to,
			"there is free disk for a second copy of what is rewritten, and for its "
			"log");
	for (size_t i = 0; i < g->loops.n; i++)
		SAY(x, to,
			"%.*s changes rows in a loop: \"-- belay:batched\" before its DO block "
			"runs it "
			"in batches that go on where they stopped, wait for others and look once "
			"at each row (belay fix writes that)",
			SLICE(g->loops.at[i]));
	if (!x->out->time.known)
		SAY(x, to,
			"the sizes that are not known are: statistics are there (ANALYZE), or "
			"belay plan is run with --db");
	if (x->out->risk == RISK_HIGH)
		SAY(x, to, "the risks above were read and accepted by somebody with a name");
	for (size_t i = 0; i < x->out->n; i++)
		if (!x->out->at[i].has_way_back && !x->out->at[i].migration->repeatable)
			SAY(x, to, "it is agreed how %.*s, which has no down script, is undone",
				SLICE(x->out->at[i].migration->id));
}

static void during(struct looking *x, const struct gist *g)
{
	struct names *to = &x->out->during;
	struct slice o = x->r->options;

	if (x->r->dialect != DIALECT_SQLITE)
		SAY(x, to,
			"belay watch%.*s: who waits for whom; belay unblock ends one that is in "
			"the way",
			SLICE(o));
	else
		SAY(x, to, "other writers wait while a migration runs: they have a busy timeout");
	if (g->batches)
		SAY(x, to, "batches can be stopped with Ctrl-C at any moment: belay up%.*s goes on",
			SLICE(o));
	if (g->alone)
		SAY(x, to,
			"what runs outside a transaction stays when something fails: belay up%.*s "
			"goes on behind it",
			SLICE(o));
	SAY(x, to, "errors and latency of the application are watched");
}

static void after(struct looking *x, const struct gist *g)
{
	struct names *to = &x->out->after;
	struct slice o = x->r->options;

	SAY(x, to, "belay status%.*s: nothing is pending that should not be", SLICE(o));
	SAY(x, to, "belay verify%.*s: the checks hold and the schema is as belay left it",
		SLICE(o));
	if ((g->rewrites || g->writes) && x->r->dialect == DIALECT_POSTGRES)
		SAY(x, to, "ANALYZE what was rewritten or filled, where autovacuum is not quick");
	SAY(x, to, "the application answers as before");
}

void guide(struct looking *x)
{
	struct gist g = gather(x);

	if (x->out->n == 0)
		return;
	deploy(x, &g);
	rollback(x, &g);
	before(x, &g);
	during(x, &g);
	after(x, &g);
}
