/* render.c - a catalog as DDL: what the dialects share. */
#include "catalog/render.h"

#include "sql/quote.h"

#include <stdarg.h>

void r_text(struct render *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(r->out, fmt, ap);
	va_end(ap);
}

void r_ident(struct render *r, struct slice name)
{
	quote_ident_pretty(r->out, r->dialect, name);
}

void r_name(struct render *r, struct slice schema, struct slice name)
{
	if (r->dialect == DIALECT_SQLITE && slice_is(schema, "main"))
		schema = SLICE_NONE;
	quote_name_pretty(r->out, r->dialect, schema, name);
}

const struct object *r_table(const struct object *o)
{
	return o->table ? o->table : o;
}

void r_self(struct render *r, const struct object *o)
{
	r_name(r, r_table(o)->schema, r_table(o)->name);
}

void r_literal(struct render *r, struct slice value)
{
	quote_literal(r->out, r->dialect, value);
}

struct slice r_best(struct expr e)
{
	return e.normal.len ? e.normal : e.text;
}

void r_expr(struct render *r, struct expr e)
{
	buf_add(r->out, r_best(e));
}

void r_idents(struct render *r, struct names n)
{
	buf_addc(r->out, '(');
	for (size_t i = 0; i < n.n; i++) {
		if (i)
			buf_adds(r->out, ", ");
		r_ident(r, n.at[i]);
	}
	buf_addc(r->out, ')');
}

void r_texts(struct render *r, struct names n)
{
	buf_addc(r->out, '(');
	for (size_t i = 0; i < n.n; i++)
		buf_printf(r->out, "%s%.*s", i ? ", " : "", SLICE(n.at[i]));
	buf_addc(r->out, ')');
}

void r_options(struct render *r, struct names options, const char *before)
{
	if (options.n == 0)
		return;
	buf_adds(r->out, before);
	buf_addc(r->out, '(');
	for (size_t i = 0; i < options.n; i++) {
		size_t eq = slice_chr(options.at[i], '=');

		buf_printf(r->out, "%s%.*s", i ? ", " : "", SLICE(slice_sub(options.at[i], 0, eq)));
		if (eq == SIZE_MAX)
			continue;
		buf_addc(r->out, '=');
		r_literal(r, slice_from(options.at[i], eq + 1));
	}
	buf_addc(r->out, ')');
}

const struct object *r_part(const struct object *table, enum object_type t, struct slice name)
{
	for (size_t i = 0; i < table->nparts; i++)
		if (table->parts[i]->type == t && slice_eq(table->parts[i]->name, name))
			return table->parts[i];
	return NULL;
}

/* ---- Walking ---- */

void r_each(struct render *r, enum object_type type, render_fn *fn)
{
	const struct object **v;
	size_t n = catalog_list(r->c, type, &r->scratch, &v);

	for (size_t i = 0; i < n; i++)
		fn(r, v[i]);
}

struct ordering {
	struct render *r;
	enum object_type type, also;
	const struct object **done; /* hash of what has been printed, never full */
	size_t slots;
	render_fn *fn;
	unsigned depth;
};

static void in_order(struct ordering *w, const struct object *o);

static void mentioned_first(void *ctx, struct name to)
{
	struct ordering *w = ctx;
	enum object_type types[2] = {w->type, w->also};

	for (size_t i = 0; i < 2; i++) {
		struct node *n = node_find(w->r->c, types[i], to);

		if (n && n->o.type == types[i] && !n->o.table)
			in_order(w, &n->o);
	}
}

static bool was_done(struct ordering *w, const struct object *o)
{
	size_t i = (size_t)((uintptr_t)o >> 4) & (w->slots - 1);

	for (; w->done[i]; i = (i + 1) & (w->slots - 1))
		if (w->done[i] == o)
			return true;
	w->done[i] = o;
	return false;
}

static void in_order(struct ordering *w, const struct object *o)
{
	if (was_done(w, o) || w->depth > 500)
		return;
	w->depth++;
	each_mention(w->r->c, o, mentioned_first, w);
	w->depth--;
	w->fn(w->r, o);
}

void r_each_in_order(struct render *r, enum object_type type, enum object_type also, render_fn *fn)
{
	struct ordering w = {.r = r, .type = type, .also = also, .fn = fn, .slots = 64};
	const struct object **v, **more;
	size_t n = catalog_list(r->c, type, &r->scratch, &v);
	size_t nmore = also == type ? 0 : catalog_list(r->c, also, &r->scratch, &more);

	while (w.slots < 2 * (n + nmore))
		w.slots *= 2;
	w.done = ARENA_ARRAY(&r->scratch, w.slots, const struct object *);
	for (size_t i = 0; i < n; i++)
		in_order(&w, v[i]);
	for (size_t i = 0; i < nmore; i++)
		in_order(&w, more[i]);
}

/* ---- Ways in ---- */

void catalog_render(struct buf *out, const struct catalog *c)
{
	struct render r = {.out = out, .dialect = c->dialect, .version = c->version, .c = c};

	if (is_mysql(c))
		render_mysql(&r);
	else if (is_sqlite(c))
		render_sqlite(&r);
	else
		render_postgres(&r);
	arena_done(&r.scratch);
}

void object_render(struct buf *out, enum dialect d, const struct object *o)
{
	struct render r = {.out = out, .dialect = d, .version = version_default(d)};

	if (dialect_is_mysql(d))
		render_mysql_object(&r, o);
	else if (d == DIALECT_SQLITE)
		render_sqlite_object(&r, o);
	else
		render_postgres_object(&r, o);
	arena_done(&r.scratch);
}
