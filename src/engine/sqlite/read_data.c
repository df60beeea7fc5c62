/* read_data.c - INSERT, REPLACE, UPDATE, DELETE, SELECT, VALUES and WITH before any of them.
 *
 * The parts that matter are taken (target, columns, WHERE, LIMIT, conflict clause, what is read);
 * the expressions between them are looked through, not parsed. */
#include "engine/sqlite/read.h"

/* Splits an INSERT OR x / UPDATE OR x clause off. Returns the word, empty if there is none. */
static struct slice or_clause(struct parse *p)
{
	static const char *const words[] = {"ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE", NULL};

	if (!p_take(p, "OR"))
		return SLICE_NONE;
	for (size_t i = 0; words[i]; i++)
		if (p_is(p, words[i]))
			return p_next(p).text;
	p_fail(p);
	return SLICE_NONE;
}

static bool changes_conflicts(struct slice word)
{
	return slice_iis(word, "IGNORE") || slice_iis(word, "REPLACE");
}

static void alias(struct parse *p)
{
	if (p_take(p, "AS"))
		p_name(p);
}

static void indexed_by(struct parse *p)
{
	if (p_take(p, "INDEXED")) {
		p_want(p, "BY");
		p_name(p);
	} else if (p_is(p, "NOT") && token_is(p_peek_at(p, 1), "INDEXED")) {
		p_next(p);
		p_next(p);
	}
}

/* Does the condition let every row through? WHERE 1, WHERE true, WHERE 1=1 */
static bool always_true(const struct parse *p, size_t from, size_t to)
{
	while (to >= from + 3 && token_punct(p->tok[from], "(") &&
		token_punct(p->tok[to - 1], ")")) {
		from++;
		to--;
	}
	if (to == from + 1)
		return token_is(p->tok[from], "TRUE") ||
		       (p->tok[from].kind == TOKEN_NUMBER && !slice_is(p->tok[from].text, "0"));
	return to == from + 3 && p->tok[from].kind == TOKEN_NUMBER &&
	       (slice_is(p->tok[from + 1].text, "=") || slice_is(p->tok[from + 1].text, "==")) &&
	       slice_eq(p->tok[from].text, p->tok[from + 2].text);
}

static void where(struct parse *p, struct change *ch)
{
	static const char *const ends[] = {"RETURNING", "ORDER", "LIMIT", NULL};
	size_t from;

	if (!p_take(p, "WHERE"))
		return;
	from = p->at;
	p_skip_until(p, ends, false);
	if (p->at == from)
		p_fail(p);
	ch->flags |= CHANGE_HAS_WHERE;
	if (!p->failed && always_true(p, from, p->at))
		ch->flags |= CHANGE_WHERE_TRUE;
	ch->value = p_expr(p, from, p->at);
}

/* RETURNING, ORDER BY and LIMIT in any order that SQLite's builds accept. */
static void tail(struct parse *p, struct change *ch)
{
	static const char *const ends[] = {"RETURNING", "ORDER", "LIMIT", NULL};

	while (!p_at_end(p)) {
		if (p_take(p, "RETURNING"))
			ch->flags |= CHANGE_RETURNING;
		else if (p_take(p, "LIMIT"))
			ch->flags |= CHANGE_HAS_LIMIT;
		else if (!p_take(p, "ORDER"))
			p_fail(p);
		p_skip_until(p, ends, false);
		if (p_is_punct(p, ")"))
			p_fail(p);
	}
}

static void functions_into(struct parse *p, size_t from, struct change *ch)
{
	struct expr_facts *f = ARENA_NEW(p->a, struct expr_facts);

	if (ch->value.facts)
		*f = *ch->value.facts;
	f->functions = (struct names){0};
	p_functions(p, from, p->n - 1, &f->functions);
	ch->value.facts = f;
}

static struct sqlite_values *values_of(struct parse *p, struct change *ch)
{
	struct sqlite_values *v = ARENA_NEW(p->a, struct sqlite_values);

	v->facts.constant = true;
	ch->payload = v;
	return v;
}

static void add_names(struct arena *a, struct names *to, struct names from)
{
	for (size_t i = 0; i < from.n; i++)
		if (!names_has(*to, from.at[i]))
			names_add(a, to, from.at[i]);
}

static void add_values(struct parse *p, struct sqlite_values *v, size_t from, size_t to)
{
	const struct expr_facts *f;

	if (p->failed || from >= to)
		return;
	f = p_expr(p, from, to).facts;
	v->facts.constant = v->facts.constant && f->constant;
	v->facts.has_subquery = v->facts.has_subquery || f->has_subquery;
	v->facts.has_params = v->facts.has_params || f->has_params;
	add_names(p->a, &v->facts.columns, f->columns);
	add_names(p->a, &v->facts.functions, f->functions);
	for (size_t i = from; i < to; i++)
		v->null = v->null || token_is(p->tok[i], "NULL");
}

/* SET a = 1, (b, c) = (SELECT …): the columns. */
static void set_list(struct parse *p, struct change *ch, const char *const *ends)
{
	struct sqlite_values *v = values_of(p, ch);

	p_want(p, "SET");
	do {
		size_t from;

		if (p_is_punct(p, "(")) {
			struct names group = p_name_list(p);

			for (size_t i = 0; i < group.n; i++)
				names_add(p->a, &ch->list, group.at[i]);
		} else {
			names_add(p->a, &ch->list, p_name(p));
		}
		p_want_punct(p, "=");
		from = p->at;
		p_skip_until(p, ends, true);
		add_values(p, v, from, p->at);
	} while (p_take_punct(p, ",") && !p->failed);
}

static void upserts(struct parse *p, struct change *ch)
{
	static const char *const ends[] = {"ON", "RETURNING", NULL};

	while (p_is(p, "ON") && token_is(p_peek_at(p, 1), "CONFLICT")) {
		ch->flags |= CHANGE_ON_CONFLICT;
		p_next(p);
		p_next(p);
		p_skip_until(p, ends, false);
	}
}

/* INSERT … SELECT … ON CONFLICT: the ON that is not a join's. */
static void source_query(struct parse *p)
{
	static const char *const ends[] = {"ON", "RETURNING", NULL};

	for (;;) {
		p_skip_until(p, ends, false);
		if (!p_is(p, "ON") || token_is(p_peek_at(p, 1), "CONFLICT"))
			return;
		p_next(p);
	}
}

static void read_insert(struct parse *p, size_t start)
{
	bool replace = p_is(p, "REPLACE");
	struct slice word = SLICE_NONE;
	struct change *ch;
	size_t from;

	p_next(p);
	if (!replace)
		word = or_clause(p);
	p->kind = replace ? "REPLACE" : "INSERT";
	replace = replace || slice_iis(word, "REPLACE");
	ch = p_change(p, replace ? CHANGE_REPLACE : CHANGE_INSERT, OBJECT_TABLE);
	if (replace || changes_conflicts(word))
		ch->flags |= CHANGE_ON_CONFLICT;
	p_want(p, "INTO");
	ch->target = p_qualified(p);
	alias(p);
	if (p_is_punct(p, "("))
		ch->list = p_name_list(p);
	if (p_take(p, "DEFAULT")) {
		p_want(p, "VALUES");
	} else {
		if (p_is(p, "SELECT") || p_is(p, "WITH"))
			ch->flags |= CHANGE_FROM_SELECT;
		else if (!p_is(p, "VALUES"))
			p_fail(p);
		from = p->at;
		source_query(p);
		add_values(p, values_of(p, ch), from, p->at);
		upserts(p, ch);
	}
	tail(p, ch);
	p_reads(p, start, p->n - 1, &ch->reads);
	functions_into(p, start, ch);
}

static void read_update(struct parse *p, size_t start)
{
	static const char *const ends[] = {"FROM", "WHERE", "RETURNING", "ORDER", "LIMIT", NULL};
	static const char *const from_ends[] = {"WHERE", "RETURNING", "ORDER", "LIMIT", NULL};
	struct change *ch = p_change(p, CHANGE_UPDATE, OBJECT_TABLE);

	p->kind = "UPDATE";
	p_next(p);
	if (changes_conflicts(or_clause(p)))
		ch->flags |= CHANGE_ON_CONFLICT;
	ch->target = p_qualified(p);
	alias(p);
	indexed_by(p);
	set_list(p, ch, ends);
	if (p_take(p, "FROM"))
		p_skip_until(p, from_ends, false);
	where(p, ch);
	tail(p, ch);
	p_reads(p, start, p->n - 1, &ch->reads);
	functions_into(p, start, ch);
}

static void read_delete(struct parse *p, size_t start)
{
	struct change *ch = p_change(p, CHANGE_DELETE, OBJECT_TABLE);

	p->kind = "DELETE";
	p_next(p);
	p->not_from = p->at;
	p_want(p, "FROM");
	ch->target = p_qualified(p);
	alias(p);
	indexed_by(p);
	where(p, ch);
	tail(p, ch);
	p_reads(p, start, p->n - 1, &ch->reads);
	functions_into(p, start, ch);
}

static void read_select(struct parse *p, size_t start)
{
	struct change *ch = p_change(p, CHANGE_SELECT, OBJECT_NONE);

	p->kind = "SELECT";
	p_skip_until(p, NULL, false);
	if (!p_at_end(p))
		p_fail(p);
	p_reads(p, start, p->n - 1, &ch->reads);
	functions_into(p, start, ch);
	ch->value.text = p->text;
}

/* WITH [RECURSIVE] a (x) AS [NOT MATERIALIZED] ( … ), b AS ( … ) */
static void with_clause(struct parse *p)
{
	size_t from, to;

	p_want(p, "WITH");
	p_take(p, "RECURSIVE");
	do {
		p_name(p);
		if (p_is_punct(p, "("))
			p_name_list(p);
		p_want(p, "AS");
		p_take(p, "NOT");
		p_take(p, "MATERIALIZED");
		p_parens(p, &from, &to);
	} while (p_take_punct(p, ",") && !p->failed);
}

void read_data(struct parse *p)
{
	size_t start = p->at;

	if (p_is(p, "WITH"))
		with_clause(p);
	if (p_is(p, "INSERT") || p_is(p, "REPLACE"))
		read_insert(p, start);
	else if (p_is(p, "UPDATE"))
		read_update(p, start);
	else if (p_is(p, "DELETE"))
		read_delete(p, start);
	else if (p_is(p, "SELECT") || p_is(p, "VALUES"))
		read_select(p, start);
	else
		p_fail(p);
}
