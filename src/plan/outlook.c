/* outlook.c - a plan, looked at as a whole. */
#include "plan/outlook_internal.h"

#include "sql/clean.h"
#include "sql/quote.h"

struct slice outlook_object(struct arena *a, enum dialect d, struct name n, struct slice part)
{
	struct buf b = {0};
	struct slice out;

	quote_name_pretty(&b, d, n.schema, n.name);
	if (part.len) {
		buf_addc(&b, '.');
		quote_ident_pretty(&b, d, part);
	}
	out = clean_line(a, arena_slice(a, buf_slice(&b)));
	buf_done(&b);
	return out;
}

enum size_known looking_size(struct looking *x, struct name table, struct table_size *out)
{
	for (size_t i = 0; i < x->r->nsizes; i++) {
		const struct table_size *s = &x->r->sizes[i];

		if (slice_eq(s->table.name, table.name) &&
			(!table.schema.len || slice_eq(s->table.schema, table.schema))) {
			*out = *s;
			return s->rows >= 0 ? SIZE_KNOWN : SIZE_UNKNOWN;
		}
	}
	if (x->r->before &&
		catalog_find(x->r->before, &x->session, OBJECT_NONE, table, NULL) == ABSENT)
		return SIZE_NEW;
	return SIZE_UNKNOWN;
}

bool looking_matters(struct looking *x, struct name table)
{
	struct table_size size;

	switch (looking_size(x, table, &size)) {
	case SIZE_NEW:
		return false;
	case SIZE_UNKNOWN:
		return true;
	case SIZE_KNOWN:
		break;
	}
	return size.rows > 0;
}

static void look_at_step(struct looking *x, struct outlook_migration *m, const struct step *step)
{
	struct outlook_statement *s = ARENA_PUSH(x->a, m->at, m->n);

	*s = (struct outlook_statement){.step = step};
	estimate(x, s);
	weigh_statement(x, s);
	m->grouped = step->group != 0;
	m->time = interval_add(m->time, s->time);
	if (step->effect && step->effect->undo > m->undo)
		m->undo = step->effect->undo;
}

static void look_at_migration(struct looking *x, const struct migration *m)
{
	struct outlook *o = x->out;
	struct outlook_migration *out = ARENA_PUSH(x->a, o->at, o->n);

	*out = (struct outlook_migration){.migration = m,
		.grouped = true,
		.has_way_back = m->down.src && !m->down.empty,
		.time = {.known = true}};
	while (x->step < x->r->plan->nsteps && x->r->plan->steps[x->step].migration == m)
		look_at_step(x, out, &x->r->plan->steps[x->step++]);
	weigh_migration(x, out);
	o->time = interval_add(o->time, out->time);
	if (out->risk > o->risk)
		o->risk = out->risk;
}

static bool mentions(const struct outlook *o, struct name table)
{
	for (size_t i = 0; i < o->plan->nsteps; i++) {
		const struct effect *e = o->plan->steps[i].effect;
		const struct {
			const struct touched *at;
			size_t n;
		} lists[] = {{e ? e->rewrites : NULL, e ? e->nrewrites : 0},
			{e ? e->scans : NULL, e ? e->nscans : 0},
			{e ? e->writes_rows : NULL, e ? e->nwrites_rows : 0}};

		for (size_t k = 0; k < 3; k++)
			for (size_t n = 0; n < lists[k].n; n++)
				if (slice_eq(lists[k].at[n].object.name, table.name) &&
					slice_eq(lists[k].at[n].object.schema, table.schema))
					return true;
	}
	return false;
}

static struct slice bytes_words(struct arena *a, long long bytes)
{
	if (bytes < 0)
		return SL("bytes not known");
	if (bytes < 10000000)
		return arena_printf(a, "%lld kB", bytes / 1000);
	return bytes < 10000000000 ? arena_printf(a, "%lld MB", bytes / 1000000)
				   : arena_printf(a, "%lld GB", bytes / 1000000000);
}

static void rest_on(struct looking *x)
{
	struct outlook *o = x->out;
	struct slice at = SLICE_NONE;

	for (size_t i = 0; i < x->r->nsizes; i++) {
		const struct table_size *s = &x->r->sizes[i];

		if (s->rows < 0 || !mentions(o, s->table))
			continue;
		at = outlook_object(x->a, o->dialect, s->table, SLICE_NONE);
		names_add(x->a, &o->rests_on,
			arena_printf(x->a, "%.*s: about %lld rows, %.*s%s%.*s", SLICE(at), s->rows,
				SLICE(bytes_words(x->a, s->bytes)),
				s->index_bytes >= 0 ? ", indexes " : "",
				SLICE(s->index_bytes >= 0 ? bytes_words(x->a, s->index_bytes)
							  : SLICE_NONE)));
	}
	for (size_t i = 0; i < o->n; i++)
		for (size_t k = 0; k < o->at[i].n; k++)
			for (size_t u = 0; u < o->at[i].at[k].unknown.n; u++) {
				struct slice w = arena_printf(x->a, "not known: %.*s",
					SLICE(o->at[i].at[k].unknown.at[u]));
				bool there = false;

				for (size_t n = 0; n < o->rests_on.n; n++)
					there |= slice_eq(o->rests_on.at[n], w);
				if (!there)
					names_add(x->a, &o->rests_on, w);
			}
	names_add(x->a, &o->rests_on,
		SL("rates of slow and fast machines, not measured on this one; waiting for locks "
		   "comes on top"));
}

void outlook_make(struct outlook *out, struct arena *a, const struct outlook_request *r)
{
	struct looking x = {.a = a, .r = r, .out = out};

	*out = (struct outlook){.plan = r->plan,
		.dialect = r->dialect,
		.version = r->version,
		.server = r->server,
		.database = r->database,
		.time = {.known = true}};
	session_init(&x.session, r->dialect, a);
	for (size_t i = 0; i < r->plan->nmigrations; i++)
		look_at_migration(&x, r->plan->migrations[i]);
	rest_on(&x);
	guide(&x);
}
