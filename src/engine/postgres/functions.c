/* functions.c - how volatile an expression is: looked up, not guessed.
 *
 * Built-in functions as the servers' catalogs hold them (functions.inc), the history's own by their
 * definition. The planner puts a plain SQL function's body in its place, so that the body decides.
 */
#include "engine/postgres/typed.h"
#include "sql/token.h"

#include <stdint.h>

static const struct builtin {
	const char *name, *arguments;
	int defaults, variadic;
	char volatility;
	int strict;
	const char *language;
	int since, until;
	const char *result;
	char kind;
} builtins[] = {
#include "engine/postgres/functions.inc"
};

enum { COUNT = sizeof builtins / sizeof *builtins };

/* The first row of that name. */
static size_t first_of(struct slice name)
{
	size_t low = 0, high = COUNT;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (slice_cmp(slice_of(builtins[mid].name), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t pg_builtin_first(struct slice name)
{
	return first_of(name);
}

bool pg_builtin_row(size_t i, struct slice name, struct pg_builtin *out)
{
	if (i >= COUNT || !slice_is(name, builtins[i].name))
		return false;
	*out = (struct pg_builtin){builtins[i].arguments, builtins[i].result, builtins[i].defaults,
		builtins[i].variadic, builtins[i].since, builtins[i].until, builtins[i].volatility,
		builtins[i].kind, strcmp(builtins[i].language, "sql") == 0};
	return true;
}

static char looser(char a, char b)
{
	return a == 'v' || b == 'v' ? 'v' : a == 's' || b == 's' ? 's' : a ? a : b;
}

/* The loosest of its overloads: none of them mixes volatile ones with others, but for AT LOCAL's.
 */
static char builtin(int version, struct slice name)
{
	char worst = 0;

	for (size_t i = first_of(name); i < COUNT && slice_is(name, builtins[i].name); i++)
		if (version / 10000 >= builtins[i].since && version / 10000 <= builtins[i].until &&
			!(slice_is(name, "timezone") &&
				!strstr(builtins[i].arguments, ",timestamp")))
			worst = looser(worst, builtins[i].volatility);
	return worst;
}

/* Behind an opening bracket: how many expressions stand in it. -1: a star, or a word between them
 * that is not a comma's (ORDER BY, FROM, VARIADIC, =>). */
static int count_arguments(struct lexer x)
{
	struct token t = lexer_next(&x);
	int depth = 0, n = 1;

	if (token_punct(t, ")"))
		return 0;
	for (; t.kind != TOKEN_END; t = lexer_next(&x)) {
		if (depth == 0 && token_punct(t, ")"))
			return n;
		if (depth == 0 && (token_punct(t, "*") || token_punct(t, "=>") ||
					  token_punct(t, ":=") || token_is(t, "from") ||
					  token_is(t, "order") || token_is(t, "variadic")))
			return -1;
		n += depth == 0 && token_punct(t, ",");
		depth += token_punct(t, "(") || token_punct(t, "[");
		depth -= token_punct(t, ")") || token_punct(t, "]");
	}
	return -1;
}

/* Could that overload be called with so many? */
static bool takes(const struct builtin *b, int arguments)
{
	int all = b->arguments[0] ? 1 : 0;

	if (arguments < 0 || b->variadic)
		return true;
	for (const char *p = b->arguments; *p; p++)
		all += *p == ',';
	return arguments <= all && arguments >= all - b->defaults;
}

/* Is there an overload that takes so many, and is none of those immutable? */
static bool is_never_immutable(const struct looking *l, struct slice name, int arguments)
{
	bool any = false;

	for (size_t i = first_of(name); i < COUNT && slice_is(name, builtins[i].name); i++) {
		if (l->version / 10000 < builtins[i].since ||
			l->version / 10000 > builtins[i].until || !takes(&builtins[i], arguments))
			continue;
		if (builtins[i].volatility == 'i')
			return false;
		any = true;
	}
	return any;
}

/* Is there a call of the server's functions of which no overload is immutable? Another schema's, or
 * one of the history's own by that name, is somebody else's. */
bool pg_never_immutable(const struct looking *l, struct slice text)
{
	struct token t, last = {0}, before = {0};
	const struct object **own;
	struct lexer x;

	lexer_init(&x, DIALECT_POSTGRES, text);
	for (; (t = lexer_next(&x)).kind != TOKEN_END; before = last, last = t)
		if (token_punct(t, "(") && last.kind == TOKEN_WORD && !token_punct(before, ".") &&
			is_never_immutable(l, last.text, count_arguments(x)) &&
			catalog_overloads(l->catalog, l->session, (struct name){.name = last.text},
				l->arena, &own) == 0)
			return true;
	return false;
}

/* Functions of extensions that everybody uses, as their install scripts declare them. */
static char of_extension(struct slice name)
{
	static const struct {
		const char *name;
		char volatility;
	} known[] = {{"gen_random_bytes", 'v'}, {"gen_random_uuid", 'v'}, {"gen_salt", 'v'},
		{"crypt", 'i'}, {"uuid_generate_v1", 'v'}, {"uuid_generate_v1mc", 'v'},
		{"uuid_generate_v3", 'i'}, {"uuid_generate_v4", 'v'}, {"uuid_generate_v5", 'i'},
		{"uuid_nil", 'i'}, {"uuidv4", 'v'}, {"uuidv7", 'v'}, {"uuid_generate_v7", 'v'},
		{"unaccent", 's'}, {"digest", 'i'}, {"hmac", 'i'}, {"similarity", 'i'},
		{"st_makepoint", 'i'}, {"st_setsrid", 'i'}, {"st_geomfromtext", 'i'}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_is(name, known[i].name))
			return known[i].volatility;
	return 0;
}

/* CURRENT_TIMESTAMP and its kin are not functions in the catalog, but behave like stable ones. */
static bool is_value_function(struct slice name)
{
	static const char *const words[] = {"current_timestamp", "current_date", "current_time",
		"localtime", "localtimestamp", "current_user", "session_user", "user",
		"current_role", "current_catalog", "current_schema", "system_user"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_iis(name, words[i]))
			return true;
	return false;
}

/* What the grammar turns into something else than a call. */
static bool is_syntax(struct slice word)
{
	static const char *const words[] = {"coalesce", "nullif", "greatest", "least", "case", "in",
		"and", "or", "not", "array", "row", "cast", "values", "any", "all", "exists",
		"interval", "numeric", "decimal", "varchar", "char", "character", "varying", "bit",
		"time", "timestamp", "select", "then", "else", "when", "is", "between", "like",
		"extract", "overlay", "position", "substring", "trim", "xmlelement", "float",
		"distinct", "from", "as", "precision", "timestamptz", "timetz", "bpchar", "on"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_iis(word, words[i]))
			return true;
	return false;
}

bool pg_is_builtin(const struct looking *l, struct slice name)
{
	return builtin(l->version, name) || is_value_function(name) || is_syntax(name) ||
	       of_extension(name);
}

bool pg_has_extensions(struct looking *l)
{
	return catalog_has_extensions(l->catalog) || !catalog_is_complete(l->catalog);
}

/* ---- The history's own ---- */
enum { NEST_MAX = 8 };

static char of_text(struct looking *l, struct slice text, int nest, struct slice *needs);

/* SELECT expression: one statement, nothing read. The expression; empty if it is not. */
static struct slice inlined(struct arena *a, struct slice body)
{
	struct slice rest = slice_trim(body);
	const struct typed_query *q;

	if (slice_ends(rest, ";"))
		rest = slice_trim(slice_sub(rest, 0, rest.len - 1));
	if (slice_istarts(rest, "return "))
		return slice_from(rest, 7);
	if (!slice_istarts(rest, "select") || slice_chr(rest, ';') != SIZE_MAX)
		return SLICE_NONE;
	q = typed_query(a, rest);
	if (!q || q->end != rest.len || q->nfrom || q->nwith || q->ntargets != 1 || q->where ||
		q->having || q->ngroup || q->norder || q->more || q->distinct || q->values ||
		slice_ifind(slice_from(rest, 6), SL("select")) != SIZE_MAX)
		return SLICE_NONE;
	return slice_from(rest, 6);
}

/* The expression that the server puts in place of a call. */
static struct slice put_in_place(struct looking *l, const struct function_def *f)
{
	if (!slice_iis(f->language, "sql") || f->security_definer || f->settings.n ||
		slice_istarts(f->returns, "setof") || slice_istarts(f->returns, "table"))
		return SLICE_NONE;
	return inlined(l->arena, f->body.normal.len ? f->body.normal : f->body.text);
}

bool pg_is_inlined(struct looking *l, const struct object *function)
{
	struct slice expression = put_in_place(l, &function->function);

	return expression.len && !pg_never_immutable(l, expression);
}

/* A function in SQL counts as what it holds, unless that is looser than it says of itself: then it
 * is called as it stands. */
static char of_object(struct looking *l, const struct object *o, int nest, struct slice *needs)
{
	const struct function_def *f = &o->function;
	struct slice expression;
	char declared = slice_is(f->volatility, "immutable") ? 'i'
			: slice_is(f->volatility, "stable")  ? 's'
							     : 'v';
	char inside;

	if (declared == 'i' || nest >= NEST_MAX)
		return declared;
	expression = put_in_place(l, f);
	if (!expression.len)
		return declared;
	if (f->strict) {
		*needs = o->name;
		return 0;
	}
	inside = of_text(l, expression, nest + 1, needs);
	return declared == 's' && inside == 'v' ? 's' : inside;
}

static char user_function(struct looking *l, struct slice name, int nest, struct slice *needs)
{
	const struct object *one, **all;
	char found = 0;
	size_t n;

	if (catalog_find(l->catalog, l->session, OBJECT_FUNCTION, pg_split_name(name), &one) ==
		PRESENT)
		return of_object(l, one, nest, needs);
	n = catalog_overloads(l->catalog, l->session, pg_split_name(name), l->arena, &all);
	for (size_t i = 0; i < n; i++) {
		char v = of_object(l, all[i], nest, needs);
		/* Which overload is meant is not worked out: they must agree. */
		if (!v || (found && (found == 'v') != (v == 'v')))
			return 0;
		found = found ? looser(found, v) : v;
	}
	return found;
}

static char of_function(struct looking *l, struct slice name, int nest, struct slice *needs)
{
	struct name n = pg_split_name(name);
	bool ours = n.schema.len && !slice_is(n.schema, "pg_catalog");
	struct slice none = SLICE_NONE;
	char v = is_value_function(n.name) ? 's' : 0;

	if (!v && !ours)
		v = builtin(l->version, n.name);
	if (!v)
		v = user_function(l, name, nest, &none);
	if (!v)
		v = of_extension(n.name);
	if (!v)
		*needs = name;
	return v;
}

/* Words before a bracket, and CURRENT_DATE and its kin. */
static char of_text(struct looking *l, struct slice text, int nest, struct slice *needs)
{
	struct lexer x;
	struct token t, last = {0};
	struct slice name = SLICE_NONE;
	char worst = 'i', v;

	lexer_init(&x, DIALECT_POSTGRES, text);
	while ((t = lexer_next(&x)).kind != TOKEN_END) {
		v = 'i';
		if (t.kind == TOKEN_PUNCT && slice_is(t.text, "(") && name.len && !is_syntax(name))
			v = of_function(l, name, nest, needs);
		else if (t.kind == TOKEN_WORD && is_value_function(t.text))
			v = 's';
		if (!v)
			return 0;
		worst = looser(worst, v);
		if (t.kind == TOKEN_WORD && slice_is(last.text, ".") && name.len)
			name = slice_n(name.at, (size_t)(t.text.at + t.text.len - name.at));
		else if (t.kind == TOKEN_WORD)
			name = slice_is(last.text, "::") ? SLICE_NONE : t.text;
		else if (!slice_is(t.text, "."))
			name = SLICE_NONE;
		last = t;
	}
	return worst;
}

/* COALESCE gives up at the first thing that is not null. */
static bool stops_at_constant(struct slice text)
{
	text = pg_bare_text(text);
	if (!slice_istarts(text, "coalesce("))
		return false;
	text = slice_trim(slice_from(text, 9));
	return text.len && (text.at[0] == '\'' || (text.at[0] >= '0' && text.at[0] <= '9'));
}

char pg_volatility(struct looking *l, const struct expr *e, struct slice *needs)
{
	char worst = 'i';

	if (stops_at_constant(e->text))
		return 'i';
	if (!e->facts)
		return of_text(l, e->normal.len ? e->normal : e->text, 0, needs);
	for (size_t i = 0; i < e->facts->functions.n; i++) {
		char v = of_function(l, e->facts->functions.at[i], 0, needs);

		if (v == 'v' || v == 0)
			return v;
		worst = looser(worst, v);
	}
	return worst;
}

char postgres_volatility(
	struct arena *a, const struct catalog *c, const struct session *s, const struct expr *e)
{
	struct looking l = {.arena = a, .catalog = c, .session = s, .version = catalog_version(c)};
	struct slice needs;

	return pg_volatility(&l, e, &needs);
}

/* Is there no such function, for sure? */
bool pg_function_missing(struct looking *l, const struct expr *e, struct slice *which)
{
	if (!e->facts || e->facts->functions.n == 0 || pg_has_extensions(l))
		return false;
	for (size_t i = 0; i < e->facts->functions.n; i++) {
		struct slice name = e->facts->functions.at[i];
		struct name n = pg_split_name(name);
		const struct object **all;
		bool found = is_value_function(n.name) || is_syntax(n.name) ||
			     builtin(l->version, n.name);

		if (!found && !catalog_overloads(l->catalog, l->session, n, l->arena, &all)) {
			*which = name;
			return true;
		}
	}
	return false;
}
