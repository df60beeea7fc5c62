/* typed_parse_query.c - queries and the statements of rows, from tokens. See typed.h. */
#include "engine/postgres/typed_parse.h"

#include <stdint.h>

/* ---- Queries ---- */
static bool ends_targets(const struct parse *p)
{
	static const char *const words[] = {"from", "where", "group", "having", "window", "union",
		"intersect", "except", "order", "limit", "offset", "fetch", "for", "into",
		"returning", "on", "join", "inner", "left", "right", "full", "cross", "natural",
		"using", "set", "values", "as", "tablesample", "with", "when", "select"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (parse_word(p, words[i]))
			return true;
	return !parse_is_identifier(parse_peek(p));
}

static void targets(struct parse *p, struct typed_query *q)
{
	if (!parse_is_identifier(parse_peek(p)) &&
		(parse_peek(p).kind == TOKEN_END || parse_punct(p, ")")))
		return;
	if (parse_word(p, "from"))
		return;
	do {
		struct typed_target *t = ARENA_PUSH(p->a, q->targets, q->ntargets);

		*t = (struct typed_target){.value = parse_expr(p, BIND_NONE)};
		if (parse_take_word(p, "as"))
			t->name = parse_identifier(p);
		else if (!ends_targets(p))
			t->name = parse_identifier(p);
	} while (parse_take(p, ",") && !p->failed);
}

static struct names name_list(struct parse *p)
{
	struct names n = {0};

	parse_expect(p, "(");
	do
		names_add(p->a, &n, parse_identifier(p));
	while (parse_take(p, ",") && !p->failed);
	if (!parse_punct(p, ")")) /* (a integer, b text): a function's */
		parse_skip_brackets(p);
	else
		parse_skip(p);
	return n;
}

static void alias(struct parse *p, struct typed_from *f)
{
	bool as = parse_take_word(p, "as");

	if (as && parse_punct(p, "("))
		f->opaque = true;
	else if (as || !ends_targets(p))
		f->alias = parse_identifier(p);
	if (parse_punct(p, "(") && (as || f->alias.len))
		f->columns = name_list(p);
}

static void relation(struct parse *p, struct typed_query *q);

/* From the first relation of a FROM clause on: JOINs. */
static void joins(struct parse *p, struct typed_query *q)
{
	for (;;) {
		bool natural = parse_take_word(p, "natural"), cross = parse_take_word(p, "cross");
		struct typed_from *f;

		if (!cross) {
			if (parse_take_word(p, "left") || parse_take_word(p, "right") ||
				parse_take_word(p, "full"))
				parse_take_word(p, "outer");
			else
				parse_take_word(p, "inner");
		}
		if (!parse_take_word(p, "join"))
			return;
		relation(p, q);
		f = &q->from[q->nfrom - 1];
		f->natural = natural;
		if (!cross && !natural && parse_take_word(p, "on")) {
			struct typed_node *on = parse_expr(p, BIND_NONE);

			q->from[q->nfrom - 1].on = on;
		} else if (!cross && !natural && parse_take_word(p, "using")) {
			f->using_ = name_list(p);
			if (parse_take_word(p, "as"))
				p->failed = true;
		}
		if (p->failed)
			return;
	}
}

static void relation(struct parse *p, struct typed_query *q)
{
	struct typed_from f = {0};

	parse_take_word(p, "lateral");
	parse_take_word(p, "only");
	if (p->failed || ++p->depth > DEPTH_MAX) {
		p->failed = true;
	} else if (parse_take(p, "(")) {
		if (!parse_begins_query(p)) { /* (a JOIN b) */
			relation(p, q);
			joins(p, q);
			parse_expect(p, ")");
			if (parse_word(p, "as") || !ends_targets(p))
				p->failed = true;
			p->depth--;
			return;
		}
		f.query = parse_query(p);
		parse_expect(p, ")");
	} else if (parse_word(p, "rows") && token_is(parse_ahead(p, 1), "from")) {
		p->failed = true;
	} else {
		f.relation.name = parse_identifier(p);
		if (parse_take(p, ".")) {
			f.relation.schema = f.relation.name;
			f.relation.name = parse_identifier(p);
		}
		if (parse_take(p, "(")) {
			parse_skip_brackets(p);
			f.opaque = true;
			if (parse_take_word(p, "with"))
				parse_skip(p);
		}
		parse_take(p, "*");
	}
	alias(p, &f);
	if (parse_take_word(p, "tablesample"))
		p->failed = true;
	*ARENA_PUSH(p->a, q->from, q->nfrom) = f;
	p->depth--;
}

static void from(struct parse *p, struct typed_query *q)
{
	do {
		relation(p, q);
		joins(p, q);
	} while (parse_take(p, ",") && !p->failed);
}

static void expressions(struct parse *p, struct typed_node ***out, size_t *n)
{
	do {
		struct typed_node *e = parse_expr(p, BIND_NONE);

		*ARENA_PUSH(p->a, *out, *n) = e;
		if (!parse_take_word(p, "asc") && !parse_take_word(p, "desc") &&
			parse_take_word(p, "using"))
			parse_skip(p);
		if (parse_take_word(p, "nulls"))
			parse_skip(p);
	} while (parse_take(p, ",") && !p->failed);
}

static void with(struct parse *p, struct typed_query *q)
{
	parse_take_word(p, "recursive");
	do {
		struct typed_with w = {.name = parse_identifier(p)};

		if (parse_punct(p, "("))
			w.columns = name_list(p);
		if (!parse_take_word(p, "as"))
			p->failed = true;
		if (parse_take_word(p, "not") || parse_word(p, "materialized"))
			parse_take_word(p, "materialized");
		parse_expect(p, "(");
		if (parse_begins_query(p)) {
			w.query = parse_query(p);
			parse_expect(p, ")");
		} else {
			parse_skip_brackets(p);
		}
		if (parse_word(p, "search") || parse_word(p, "cycle"))
			p->failed = true;
		*ARENA_PUSH(p->a, q->with, q->nwith) = w;
	} while (parse_take(p, ",") && !p->failed);
}

static void values(struct parse *p, struct typed_query *q)
{
	q->values = true;
	do {
		struct typed_node *row = parse_node(p, NODE_ROW, SLICE_NONE);

		parse_expect(p, "(");
		parse_arguments(p, row, ")");
		for (size_t i = 0; q->ntargets < row->n && i < row->n && !q->targets; i++)
			;
		if (!q->ntargets)
			for (size_t i = 0; i < row->n; i++)
				*ARENA_PUSH(p->a, q->targets, q->ntargets) = (struct typed_target){
					row->args[i], arena_printf(p->a, "column%zu", i + 1)};
		else if (row->n != q->ntargets)
			p->failed = true;
	} while (parse_take(p, ",") && !p->failed);
}

static void select_list(struct parse *p, struct typed_query *q)
{
	if (parse_take_word(p, "distinct")) {
		q->distinct = true;
		if (parse_take_word(p, "on")) {
			parse_expect(p, "(");
			parse_skip_brackets(p);
		}
	} else {
		parse_take_word(p, "all");
	}
	targets(p, q);
	if (parse_word(p, "into"))
		p->failed = true;
	if (parse_take_word(p, "from"))
		from(p, q);
	if (parse_take_word(p, "where"))
		q->where = parse_expr(p, BIND_NONE);
	if (parse_word(p, "group") && token_is(parse_ahead(p, 1), "by")) {
		parse_skip_some(p, 2);
		if (parse_word(p, "grouping") || parse_word(p, "rollup") || parse_word(p, "cube") ||
			parse_word(p, "distinct") || parse_word(p, "all") ||
			(parse_punct(p, "(") && token_punct(parse_ahead(p, 1), ")")))
			p->failed = true;
		expressions(p, &q->group, &q->ngroup);
	}
	if (parse_take_word(p, "having"))
		q->having = parse_expr(p, BIND_NONE);
	if (parse_word(p, "window"))
		p->failed = true;
}

/* One side of a UNION. */
static void side(struct parse *p, struct typed_query *q)
{
	if (parse_take(p, "(")) {
		struct typed_query *inner = parse_query(p);

		parse_expect(p, ")");
		if (inner)
			*q = *inner;
	} else if (parse_take_word(p, "select")) {
		select_list(p, q);
	} else if (parse_take_word(p, "values")) {
		values(p, q);
	} else {
		p->failed = true;
	}
}

/* What may follow: ORDER BY, LIMIT, locks. */
static void tail(struct parse *p, struct typed_query *q)
{
	if (parse_word(p, "order") && token_is(parse_ahead(p, 1), "by")) {
		parse_skip_some(p, 2);
		expressions(p, &q->order, &q->norder);
	}
	while (!p->failed && parse_peek(p).kind != TOKEN_END && !parse_punct(p, ")") &&
		!parse_punct(p, ";")) {
		if (parse_take_word(p, "limit") || parse_take_word(p, "offset")) {
			if (!parse_take_word(p, "all"))
				parse_expr(p, BIND_NONE);
			if (!parse_take_word(p, "rows"))
				parse_take_word(p, "row");
		} else if (parse_take_word(p, "fetch")) {
			while (parse_is_identifier(parse_peek(p)) ||
				parse_peek(p).kind == TOKEN_NUMBER)
				parse_skip(p);
		} else if (parse_take_word(p, "for")) {
			while (parse_is_identifier(parse_peek(p)) || parse_punct(p, ",") ||
				parse_punct(p, "."))
				parse_skip(p);
		} else {
			return;
		}
	}
}

struct typed_query *parse_query(struct parse *p)
{
	struct typed_query *q = ARENA_NEW(p->a, struct typed_query), *last = q;

	*q = (struct typed_query){0};
	if (p->failed || ++p->depth > DEPTH_MAX) {
		p->failed = true;
		return q;
	}
	if (parse_take_word(p, "with"))
		with(p, q);
	side(p, q);
	while (!p->failed &&
		(parse_word(p, "union") || parse_word(p, "intersect") || parse_word(p, "except"))) {
		parse_skip(p);
		if (!parse_take_word(p, "all"))
			parse_take_word(p, "distinct");
		while (last->more)
			last = last->more;
		last->more = ARENA_NEW(p->a, struct typed_query);
		last = last->more;
		*last = (struct typed_query){0};
		side(p, last);
	}
	tail(p, q);
	p->depth--;
	return q;
}

/* ---- Doors ---- */
struct typed_query *typed_query(struct arena *a, struct slice text)
{
	struct typed_query *q;
	struct parse p;

	if (!parse_start(&p, a, text) || !(parse_begins_query(&p) || parse_punct(&p, "(")))
		return NULL;
	q = parse_query(&p);
	q->end = parse_peek(&p).off;
	return p.failed ? NULL : q;
}

/* One column, or several in brackets, each with what it gets. */
static void set_one(struct parse *p, struct typed_dml *d)
{
	struct typed_node *value, *row = NULL, *opaque = parse_node(p, NODE_OPAQUE, SLICE_NONE);
	struct names columns = {0};
	bool several = parse_take(p, "("), part = false;

	do
		names_add(p->a, &columns, parse_identifier(p));
	while (several && parse_take(p, ",") && !p->failed);
	if (several)
		parse_expect(p, ")");
	for (; parse_punct(p, "[") || parse_punct(p, "."); part = true) {
		parse_skip(p);
		if (p->t[p->at - 1].text.at[0] == '[')
			parse_skip_brackets(p);
		else
			parse_identifier(p);
	}
	parse_expect(p, "=");
	value = parse_expr(p, BIND_NONE);
	if (several && value->kind == NODE_ROW)
		row = value;
	if (several && value->kind != NODE_ROW && value->kind != NODE_QUERY)
		d->fault = SL("a multiple-column UPDATE item takes a sub-SELECT or a ROW()");
	if (row && row->n != columns.n)
		d->fault = SL("number of columns does not match number of values");
	for (size_t i = 0; i < columns.n; i++) {
		struct typed_node *one = part || several ? opaque : value;

		if (row && row->n == columns.n)
			one = row->args[i];
		names_add(p->a, &d->columns, columns.at[i]);
		*ARENA_PUSH(p->a, d->values, d->nvalues) = one;
	}
}

static void set_clause(struct parse *p, struct typed_dml *d)
{
	do
		set_one(p, d);
	while (parse_take(p, ",") && !p->failed);
}

struct typed_dml *typed_dml(struct arena *a, struct slice text)
{
	struct typed_dml *d = ARENA_NEW(a, struct typed_dml);
	struct typed_query first = {0};
	struct parse p;
	bool update;

	*d = (struct typed_dml){0};
	if (!parse_start(&p, a, text))
		return NULL;
	if (parse_take_word(&p, "with"))
		with(&p, &d->query);
	update = parse_take_word(&p, "update");
	if (!update && !(parse_take_word(&p, "delete") && parse_take_word(&p, "from")))
		return NULL;
	relation(&p, &first);
	if (p.failed || first.nfrom != 1)
		return NULL;
	d->target = first.from[0];
	if (update) {
		if (!parse_take_word(&p, "set"))
			return NULL;
		set_clause(&p, d);
	}
	if (parse_take_word(&p, update ? "from" : "using"))
		from(&p, &d->query);
	if (parse_take_word(&p, "where")) {
		if (parse_word(&p, "current"))
			return NULL;
		d->query.where = parse_expr(&p, BIND_NONE);
	}
	if (parse_take_word(&p, "returning"))
		targets(&p, &d->query);
	parse_take(&p, ";");
	return p.failed || parse_peek(&p).kind != TOKEN_END ? NULL : d;
}

/* ON CONFLICT … DO UPDATE SET …; what it conflicts with is not read. */
static void conflict(struct parse *p, struct typed_insert *in)
{
	while (parse_peek(p).kind != TOKEN_END && !parse_word(p, "do")) {
		if (parse_take(p, "("))
			parse_skip_brackets(p);
		else
			parse_skip(p);
	}
	parse_take_word(p, "do");
	if (parse_take_word(p, "nothing"))
		return;
	if (!parse_take_word(p, "update") || !parse_take_word(p, "set")) {
		p->failed = true;
		return;
	}
	set_clause(p, &in->conflict);
	if (parse_take_word(p, "where"))
		in->conflict.query.where = parse_expr(p, BIND_NONE);
}

struct typed_insert *typed_insert(struct arena *a, struct slice text)
{
	struct typed_insert *in = ARENA_NEW(a, struct typed_insert);
	struct parse p;

	*in = (struct typed_insert){0};
	if (!parse_start(&p, a, text) || !parse_take_word(&p, "insert") ||
		!parse_take_word(&p, "into"))
		return NULL;
	in->target.relation.name = parse_identifier(&p);
	if (parse_take(&p, ".")) {
		in->target.relation.schema = in->target.relation.name;
		in->target.relation.name = parse_identifier(&p);
	}
	if (parse_take_word(&p, "as"))
		in->target.alias = parse_identifier(&p);
	if (parse_punct(&p, "(") && !token_is(parse_ahead(&p, 1), "select") &&
		!token_is(parse_ahead(&p, 1), "with")) {
		parse_skip(&p);
		parse_skip_brackets(&p);
	}
	if (parse_take_word(&p, "overriding"))
		parse_skip_some(&p, 2);
	if (parse_take_word(&p, "default"))
		parse_take_word(&p, "values");
	else
		in->query = parse_query(&p);
	if (parse_word(&p, "on") && token_is(parse_ahead(&p, 1), "conflict"))
		conflict(&p, in);
	if (parse_take_word(&p, "returning"))
		targets(&p, &in->returning);
	parse_take(&p, ";");
	return p.failed || parse_peek(&p).kind != TOKEN_END ? NULL : in;
}

/* ---- MERGE ---- */
static void insert_action(struct parse *p, struct typed_merge_action *a)
{
	a->inserts = true;
	if (parse_punct(p, "("))
		a->sets.columns = name_list(p);
	else
		a->plain = true;
	if (parse_take_word(p, "overriding"))
		parse_skip_some(p, 2);
	if (parse_take_word(p, "default")) {
		parse_take_word(p, "values");
		a->sets.columns = (struct names){0};
		return;
	}
	if (!parse_take_word(p, "values"))
		p->failed = true;
	parse_expect(p, "(");
	do {
		struct typed_node *value = parse_expr(p, BIND_NONE);

		*ARENA_PUSH(p->a, a->sets.values, a->sets.nvalues) = value;
	} while (parse_take(p, ",") && !p->failed);
	parse_expect(p, ")");
	if (!a->plain && a->sets.columns.n != a->sets.nvalues)
		a->sets.fault = a->sets.columns.n < a->sets.nvalues
					? SL("INSERT has more expressions than target columns")
					: SL("INSERT has more target columns than expressions");
}

/* Behind WHEN. */
static void merge_action(struct parse *p, struct typed_merge *m)
{
	struct typed_merge_action a = {0};

	parse_take_word(p, "not");
	if (!parse_take_word(p, "matched"))
		p->failed = true;
	if (parse_take_word(p, "by")) {
		a.of_target = parse_take_word(p, "source");
		if (!a.of_target)
			parse_take_word(p, "target");
	}
	if (parse_take_word(p, "and"))
		a.sets.query.where = parse_expr(p, BIND_NONE);
	if (!parse_take_word(p, "then"))
		p->failed = true;
	if (parse_take_word(p, "insert")) {
		insert_action(p, &a);
	} else if (parse_take_word(p, "update")) {
		if (!parse_take_word(p, "set"))
			p->failed = true;
		set_clause(p, &a.sets);
	} else if (parse_take_word(p, "do")) {
		parse_take_word(p, "nothing");
	} else if (!parse_take_word(p, "delete")) {
		p->failed = true;
	}
	*ARENA_PUSH(p->a, m->actions, m->n) = a;
}

struct typed_merge *typed_merge(struct arena *a, struct slice text)
{
	struct typed_merge *m = ARENA_NEW(a, struct typed_merge);
	struct typed_query target = {0};
	struct parse p;

	*m = (struct typed_merge){0};
	if (!parse_start(&p, a, text))
		return NULL;
	if (parse_take_word(&p, "with"))
		with(&p, &m->source);
	if (!parse_take_word(&p, "merge") || !parse_take_word(&p, "into"))
		return NULL;
	relation(&p, &target);
	if (p.failed || target.nfrom != 1 || !parse_take_word(&p, "using"))
		return NULL;
	m->target = target.from[0];
	relation(&p, &m->source);
	joins(&p, &m->source);
	if (!parse_take_word(&p, "on"))
		return NULL;
	m->on = parse_expr(&p, BIND_NONE);
	while (!p.failed && parse_take_word(&p, "when"))
		merge_action(&p, m);
	if (parse_take_word(&p, "returning"))
		targets(&p, &target);
	parse_take(&p, ";");
	return p.failed || parse_peek(&p).kind != TOKEN_END ? NULL : m;
}
