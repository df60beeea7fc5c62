/* apply_call.c - functions of the history's own that run SQL which is put together as they go.
 *
 * CALL stamp('orders') may have added columns to orders: what it names in its arguments has, from
 * here on, parts that are not known. What it may drop or change is not known at all. */
#include "catalog/internal.h"

#include "sql/token.h"

enum reach {
	REACH_NOTHING, /* rows, rights and comments */
	REACH_NEW,     /* objects that were not there */
	REACH_PARTS,   /* more parts of a table */
	REACH_ALL      /* anything about it */
};

static enum reach wider(enum reach a, enum reach b)
{
	return a > b ? a : b;
}

static bool says(struct slice text, const char *const *words)
{
	struct lexer x;
	struct token t;

	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END)
		for (size_t i = 0; words[i]; i++)
			if (token_is(t, words[i]))
				return true;
	return false;
}

/* How far a text reaches that is run as SQL, as far as it is written out. */
static enum reach reach_of_text(struct slice text)
{
	static const char *const drops[] = {"drop", "rename", "detach", "attach", "inherit", NULL};
	static const char *const keys[] = {
		"type", "unique", "primary", "constraint", "key", "set", "schema", NULL};
	static const char *const parts[] = {"add", "trigger", "index", "policy", "rule", NULL};
	static const char *const ddl[] = {"alter", "create", "import", NULL};

	if (says(text, drops))
		return REACH_ALL;
	if (!says(text, ddl))
		return REACH_NOTHING;
	if (says(text, keys))
		return REACH_ALL;
	return says(text, parts) ? REACH_PARTS : REACH_NEW;
}

static bool begins_statement(struct token last)
{
	static const char *const words[] = {"begin", "loop", "then", "else"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(last, words[i]))
			return true;
	return token_punct(last, ";");
}

/* The text that EXECUTE runs may be put together anywhere in the body: its literals are taken for
 * parts of it. */
static enum reach reach_of_body(struct arena *a, struct slice body, bool *runs)
{
	struct token t, last = {.kind = TOKEN_PUNCT, .text = SL(";")};
	enum reach out = REACH_NOTHING;
	bool executes = false;
	struct lexer x;

	lexer_init(&x, DIALECT_POSTGRES, body);
	for (; (t = lexer_next(&x)).kind != TOKEN_END; last = t) {
		if (t.kind == TOKEN_STRING)
			out = wider(out, reach_of_text(token_value(a, DIALECT_POSTGRES, t)));
		executes = executes || (token_is(t, "execute") &&
					       (begins_statement(last) || token_is(last, "query")));
	}
	*runs = *runs || executes;
	return executes ? out : REACH_NOTHING;
}

/* 'orders', 'shop."Orders"': a name inside a text, as regclass reads it. */
static struct name name_in(struct arena *a, struct slice text)
{
	struct name n = {0};
	struct token t;
	struct lexer x;

	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind == TOKEN_WORD || t.kind == TOKEN_QUOTED) {
		n.schema = n.name;
		n.name = token_value(a, DIALECT_POSTGRES, t);
		if (!token_punct(t = lexer_next(&x), "."))
			break;
	}
	return t.kind == TOKEN_END ? n : (struct name){0};
}

/* Has the function done this to a table of that name? False: there is none. */
static bool touch(struct apply *x, struct arena *a, struct name n, enum reach reach)
{
	struct node *table;

	n = catalog_resolve(x->c, x->s, OBJECT_TABLE, n);
	table = n.name.len ? node_find(x->c, OBJECT_TABLE, n) : NULL;
	if (!table)
		return false;
	if (reach == REACH_PARTS)
		parts_unknown(x, table);
	else
		catalog_taint(x->c, x->s, dotted(a, n));
	return true;
}

/* 'ALTER TABLE orders …' as an argument. */
static bool touch_mentioned(struct apply *x, struct arena *a, struct slice sql, enum reach reach)
{
	struct lexer lx;
	struct token t;
	bool any = false;

	lexer_init(&lx, DIALECT_POSTGRES, sql);
	while ((t = lexer_next(&lx)).kind != TOKEN_END)
		if (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED)
			any |= touch(x, a,
				(struct name){.name = token_value(a, DIALECT_POSTGRES, t)}, reach);
	return any;
}

/* SQL that the function is given to run. */
static enum reach reach_of_arguments(struct arena *a, struct slice call)
{
	enum reach out = REACH_NOTHING;
	struct lexer lx;
	struct token t;

	lexer_init(&lx, DIALECT_POSTGRES, call);
	while ((t = lexer_next(&lx)).kind != TOKEN_END)
		if (t.kind == TOKEN_STRING)
			out = wider(out, reach_of_text(token_value(a, DIALECT_POSTGRES, t)));
	return out;
}

/* The relations that the words of the call name; false: it is not written there which. */
static bool touch_named(struct apply *x, struct arena *a, struct slice call, enum reach reach)
{
	bool any = false, literal = true;
	struct lexer lx;
	struct token t;

	lexer_init(&lx, DIALECT_POSTGRES, call);
	while ((t = lexer_next(&lx)).kind != TOKEN_END) {
		struct slice text;

		literal = literal && !token_is(t, "from");
		if (t.kind != TOKEN_STRING)
			continue;
		text = token_value(a, DIALECT_POSTGRES, t);
		any |= touch(x, a, name_in(a, text), reach) ||
		       (reach_of_text(text) != REACH_NOTHING && touch_mentioned(x, a, text, reach));
	}
	return any && literal;
}

/* ALTER, CREATE and DROP that stand in the body as they are: whether they run is not worked out. */
static void written_out(struct apply *x, struct arena *a, struct slice body)
{
	struct token t, last = {.kind = TOKEN_PUNCT, .text = SL(";")};
	bool inside = false, starts = false;
	struct lexer lx;

	lexer_init(&lx, DIALECT_POSTGRES, body);
	for (; (t = lexer_next(&lx)).kind != TOKEN_END; last = t) {
		if (starts)
			inside = !token_is(t, "temp") && !token_is(t, "temporary");
		starts = begins_statement(last) &&
			 (token_is(t, "alter") || token_is(t, "create") || token_is(t, "drop"));
		inside = inside && !token_punct(t, ";");
		if (starts && token_is(t, "create"))
			catalog_more(x->c);
		if (inside && (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED))
			touch(x, a, (struct name){.name = token_value(a, DIALECT_POSTGRES, t)},
				REACH_ALL);
	}
}

static enum reach reach_of_function(struct apply *x, struct arena *a, struct name name, bool *runs)
{
	const struct object **all;
	enum reach out = REACH_NOTHING;
	size_t n = catalog_overloads(x->c, x->s, name, a, &all);

	for (size_t i = 0; i < n; i++) {
		const struct function_def *f = &all[i]->function;
		struct slice body = f->body.text.len ? f->body.text : f->body.normal;

		if (slice_iis(f->language, "plpgsql"))
			out = wider(out, reach_of_body(a, body, runs));
		if (slice_iis(f->language, "plpgsql") || slice_iis(f->language, "sql"))
			written_out(x, a, body);
	}
	return out;
}

enum apply_result apply_call(struct apply *x)
{
	const struct expr_facts *facts = x->ch->value.facts;
	struct slice call = x->ch->span.src ? span_text(x->ch->span) : SLICE_NONE;
	enum reach reach = REACH_NOTHING;
	struct arena scratch = {0};
	bool runs = false;

	if (!is_postgres(x->c))
		return APPLIED;
	if (x->ch->kind == CHANGE_CALL)
		reach = reach_of_function(x, &scratch, x->ch->target, &runs);
	for (size_t i = 0; facts && i < facts->functions.n; i++)
		reach = wider(reach,
			reach_of_function(x, &scratch, split_name(facts->functions.at[i]), &runs));
	if (runs)
		reach = wider(reach, reach_of_arguments(&scratch, call));
	if (reach == REACH_NEW)
		catalog_more(x->c);
	else if (reach != REACH_NOTHING && !touch_named(x, &scratch, call, reach))
		catalog_taint(x->c, x->s, SL("*"));
	arena_done(&scratch);
	if (reach == REACH_NOTHING)
		return APPLIED;
	x->why = SL("it runs SQL that is put together as it goes");
	return APPLY_UNSURE;
}
