/* typed_calls.c - which operator and which function is meant: the manual's chapter "Type
 * Conversion", over what the servers' catalogs hold (functions.inc, operators.inc) and the
 * history's own functions. */
#include "engine/postgres/typed_internal.h"

#include <stdint.h>

static const struct operator_row {
	const char *name, *left, *right, *result;
	char volatility;
	int since, until;
} operators[] = {
#include "engine/postgres/operators.inc"
};

enum { OPERATORS = sizeof operators / sizeof *operators };

/* ---- One argument against one parameter ---- */
enum match { MATCH_NO, MATCH_CAST, MATCH_PREFERRED, MATCH_EXACT };

static const struct {
	const char *range, *element;
} ranges[] = {{"int4range", "integer"}, {"int8range", "bigint"}, {"numrange", "numeric"},
	{"daterange", "date"}, {"tsrange", "timestamp without time zone"},
	{"tstzrange", "timestamp with time zone"}};

static bool is_range(struct slice type, struct slice *element)
{
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (slice_is(type, ranges[i].range)) {
			*element = slice_of(ranges[i].element);
			return true;
		}
	return false;
}

static bool is_multirange(struct slice type)
{
	return slice_ends(type, "multirange");
}

/* anyelement and its kin; true: it is one of them, *ok says whether the type will do. */
static bool polymorphic(struct typing *t, struct slice param, struct slice arg, bool *ok)
{
	struct slice element;

	*ok = true;
	if (slice_is(param, "any") || slice_is(param, "anyelement") ||
		slice_is(param, "anycompatible"))
		return true;
	*ok = slice_ends(arg, "]");
	if (slice_is(param, "anyarray") || slice_is(param, "anycompatiblearray"))
		return true;
	*ok = !*ok;
	if (slice_is(param, "anynonarray") || slice_is(param, "anycompatiblenonarray"))
		return true;
	*ok = typed_is_enum(t, arg);
	if (slice_is(param, "anyenum"))
		return true;
	*ok = is_range(arg, &element);
	if (slice_is(param, "anyrange") || slice_is(param, "anycompatiblerange"))
		return true;
	*ok = is_multirange(arg);
	return slice_is(param, "anymultirange") || slice_is(param, "anycompatiblemultirange");
}

static enum match matches(struct typing *t, struct slice arg, struct slice param)
{
	bool ok;

	if (slice_is(arg, "unknown"))
		return MATCH_CAST;
	if (slice_eq(arg, param))
		return MATCH_EXACT;
	if (polymorphic(t, param, arg, &ok))
		return ok ? MATCH_CAST : MATCH_NO;
	if (slice_is(param, "record") || slice_is(param, "internal"))
		return MATCH_NO;
	if (pg_cast_context(t->l, arg, param) != 'i')
		return MATCH_NO;
	return typed_preferred(param) &&
			       pg_type_category(t->l, arg) == pg_type_category(t->l, param)
		       ? MATCH_PREFERRED
		       : MATCH_CAST;
}

/* ---- Candidates ---- */
enum { ARGS_MAX = 8, CANDIDATES_MAX = 160 };

struct candidate {
	struct slice params[ARGS_MAX], result;
	char volatility, kind;
	bool loose; /* variadic, OUT parameters: what it gives is not worked out */
};

struct choice {
	struct typing *t;
	struct slice args[ARGS_MAX];
	size_t nargs;
	struct candidate all[CANDIDATES_MAX];
	size_t n;
	bool too_many;
};

static struct candidate *offer(struct choice *c)
{
	if (c->n == CANDIDATES_MAX) {
		c->too_many = true;
		return NULL;
	}
	return &c->all[c->n++];
}

static size_t exact_of(struct choice *c, const struct candidate *k, enum match at_least)
{
	size_t n = 0;

	for (size_t i = 0; i < c->nargs; i++)
		n += !slice_is(c->args[i], "unknown") &&
		     matches(c->t, c->args[i], k->params[i]) >= at_least;
	return n;
}

/* Keeps those that have the most of it. */
static void keep_best(struct choice *c, enum match at_least)
{
	size_t best = 0, kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		size_t n = exact_of(c, &c->all[i], at_least);

		best = n > best ? n : best;
	}
	for (size_t i = 0; i < c->n; i++)
		if (exact_of(c, &c->all[i], at_least) == best)
			c->all[kept++] = c->all[i];
	c->n = kept;
}

/* Literals whose type is open take the strings' if a candidate does, else what all agree about. */
static void keep_for_unknown(struct choice *c)
{
	for (size_t i = 0; i < c->nargs && c->n > 1; i++) {
		char category = 0;
		bool agree = true, preferred = false;
		size_t kept = 0;

		if (!slice_is(c->args[i], "unknown"))
			continue;
		for (size_t k = 0; k < c->n; k++) {
			char own = pg_type_category(c->t->l, c->all[k].params[i]);

			if (own == 'S')
				category = 'S';
			else if (category != 'S' && category && category != own)
				agree = false;
			else if (category != 'S')
				category = own;
		}
		if (category != 'S' && !agree)
			return;
		for (size_t k = 0; k < c->n; k++)
			if (pg_type_category(c->t->l, c->all[k].params[i]) == category)
				preferred = preferred || typed_preferred(c->all[k].params[i]);
		for (size_t k = 0; k < c->n; k++)
			if (pg_type_category(c->t->l, c->all[k].params[i]) == category &&
				(!preferred || typed_preferred(c->all[k].params[i])))
				c->all[kept++] = c->all[k];
		c->n = kept ? kept : c->n;
	}
}

/* If some arguments are known and all of one type, the open ones are taken for that too. */
static void keep_same(struct choice *c)
{
	struct slice type = SLICE_NONE;
	size_t kept = 0;

	for (size_t i = 0; i < c->nargs; i++) {
		if (slice_is(c->args[i], "unknown"))
			continue;
		if (type.len && !slice_eq(type, c->args[i]))
			return;
		type = c->args[i];
	}
	for (size_t k = 0; type.len && k < c->n; k++) {
		bool all = true;

		for (size_t i = 0; i < c->nargs; i++)
			all = all && matches(c->t, type, c->all[k].params[i]) != MATCH_NO;
		if (all)
			c->all[kept++] = c->all[k];
	}
	c->n = kept == 1 ? 1 : c->n;
}

/* What anyelement and anyarray stand for must be one type. */
static bool agree(struct choice *c, const struct candidate *k)
{
	struct slice element = SLICE_NONE;

	for (size_t i = 0; i < c->nargs; i++) {
		struct slice one = c->args[i], p = k->params[i];

		if (slice_is(one, "unknown") ||
			!(slice_is(p, "anyelement") || slice_is(p, "anyarray") ||
				slice_is(p, "anynonarray") || slice_is(p, "anyenum")))
			continue;
		if (slice_is(p, "anyarray"))
			one = slice_sub(one, 0, one.len - 2);
		if (element.len && !slice_eq(element, one))
			return false;
		element = one;
	}
	return true;
}

static void choose(struct choice *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		bool all = agree(c, &c->all[i]);

		for (size_t k = 0; k < c->nargs; k++)
			all = all && matches(c->t, c->args[k], c->all[i].params[k]) != MATCH_NO;
		if (all)
			c->all[kept++] = c->all[i];
	}
	c->n = kept;
	if (c->n > 1)
		keep_best(c, MATCH_EXACT);
	if (c->n > 1)
		keep_best(c, MATCH_PREFERRED);
	if (c->n > 1)
		keep_for_unknown(c);
	if (c->n > 1)
		keep_same(c);
}

/* anyelement and its kin in the result: what the arguments say. */
static struct slice resolved(struct choice *c, const struct candidate *k)
{
	struct arena *a = c->t->l->arena;
	struct slice element = SLICE_NONE, got, r = k->result;

	if (!slice_starts(r, "any"))
		return slice_is(r, "record") || slice_is(r, "void") || slice_is(r, "internal")
			       ? SLICE_NONE
			       : r;
	for (size_t i = 0; i < c->nargs && !element.len; i++) {
		struct slice p = k->params[i], arg = c->args[i];

		if (slice_is(arg, "unknown") || !slice_starts(p, "any") || slice_is(p, "any"))
			continue;
		if (slice_starts(p, "anycompatible")) /* a common type is looked for */
			return SLICE_NONE;
		if (slice_is(p, "anyarray") && slice_ends(arg, "[]"))
			element = slice_sub(arg, 0, arg.len - 2);
		else if (slice_is(p, "anyrange") && is_range(arg, &got))
			element = slice_is(r, "anyrange") ? arg : got;
		else if (slice_is(p, "anyelement") || slice_is(p, "anynonarray") ||
			 slice_is(p, "anyenum"))
			element = arg;
	}
	if (!element.len || slice_is(r, "anyarray"))
		return element.len ? arena_printf(a, "%.*s[]", SLICE(element)) : SLICE_NONE;
	return slice_is(r, "anyelement") || slice_is(r, "anyrange") || slice_is(r, "anynonarray") ||
			       slice_is(r, "anyenum")
		       ? element
		       : SLICE_NONE;
}

/* What the candidates that are left have in common. */
static struct slice verdict(struct choice *c, char *volatility, char *kind)
{
	struct slice type = c->n ? resolved(c, &c->all[0]) : SLICE_NONE;

	*volatility = c->n ? c->all[0].volatility : 0;
	*kind = c->n ? c->all[0].kind : 0;
	for (size_t i = 0; i < c->n; i++) {
		if (!slice_eq(type, resolved(c, &c->all[i])) || c->all[i].loose)
			type = SLICE_NONE;
		if (*volatility != c->all[i].volatility)
			*volatility = 0;
		if (*kind != c->all[i].kind)
			*kind = 0;
	}
	return type;
}

static bool begin(struct choice *c, struct typing *t, const struct slice *args, size_t n)
{
	c->t = t;
	c->nargs = n;
	c->n = 0;
	c->too_many = false;
	for (size_t i = 0; i < n && n <= ARGS_MAX; i++)
		c->args[i] = args[i];
	return n <= ARGS_MAX;
}

/* ---- Operators ---- */
static size_t first_operator(struct slice name)
{
	size_t low = 0, high = OPERATORS;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (pg_row_cmp(operators[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A varchar is a text to all operators. */
static struct slice as_text(struct slice type)
{
	return slice_is(type, "character varying") ? SL("text") : type;
}

/* The one that takes just these; an open one is taken for the other's type. Most are found so. */
static const struct operator_row *exact_operator(
	struct typing *t, struct slice name, const struct slice *args, size_t n)
{
	struct slice a = as_text(args[0]), b = as_text(args[n - 1]);
	int version = t->l->version / 10000;

	if (n != 2)
		return NULL;
	if (slice_is(a, "unknown"))
		a = b;
	if (slice_is(b, "unknown"))
		b = a;
	for (size_t i = first_operator(name); i < OPERATORS && slice_is(name, operators[i].name);
		i++) {
		const struct operator_row *o = &operators[i];

		if (slice_is(a, o->left) && slice_is(b, o->right) && version >= o->since &&
			version <= o->until)
			return o;
	}
	return NULL;
}

static void offer_operators(struct choice *c, struct slice name, int version)
{
	for (size_t i = first_operator(name); i < OPERATORS && slice_is(name, operators[i].name);
		i++) {
		const struct operator_row *o = &operators[i];
		struct candidate *k;

		if (version < o->since || version > o->until || (c->nargs == 1) != !*o->left ||
			!*o->right)
			continue;
		if (!(k = offer(c)))
			return;
		*k = (struct candidate){
			.result = slice_of(o->result), .volatility = o->volatility, .kind = 'f'};
		k->params[0] = slice_of(c->nargs == 1 ? o->right : o->left);
		k->params[1] = slice_of(o->right);
	}
}

/* An operator of somebody's may be meant. */
static bool has_own_operators(struct typing *t)
{
	const struct object **all;
	size_t n = catalog_list(t->l->catalog, OBJECT_OTHER, t->l->arena, &all);

	for (size_t i = 0; i < n; i++)
		if (slice_is(all[i]->other.class_, "operator"))
			return true;
	return pg_has_extensions(t->l);
}

/* Of two: one that is open is taken for the other's type, if there is such an operator. */
static bool assume_same(struct choice *c)
{
	size_t open = slice_is(c->args[0], "unknown") ? 0 : 1;
	struct slice type = c->args[1 - open];

	if (c->nargs != 2 || !slice_is(c->args[open], "unknown") || slice_is(type, "unknown"))
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (slice_eq(c->all[i].params[0], type) && slice_eq(c->all[i].params[1], type)) {
			c->all[0] = c->all[i];
			c->n = 1;
			return true;
		}
	return false;
}

struct slice typed_operator(struct typing *t, struct slice name, const struct slice *args, size_t n,
	struct slice *params)
{
	const struct operator_row *exact = exact_operator(t, name, args, n);
	struct slice type;
	struct choice c;
	char volatility, kind;

	if (exact) {
		typed_loosen(t, exact->volatility);
		params[0] = slice_of(exact->left);
		params[1] = slice_of(exact->right);
		return slice_of(exact->result);
	}
	for (size_t i = 0; i < n; i++)
		if (!typed_known(t, args[i]))
			return typed_loosen(t, 0), SLICE_NONE;
	if (!begin(&c, t, args, n))
		return SLICE_NONE;
	offer_operators(&c, name, t->l->version / 10000);
	if (!assume_same(&c))
		choose(&c);
	if (c.n == 0) {
		if (!has_own_operators(t))
			typed_fault(t, "operator does not exist: %.*s %.*s %.*s",
				SLICE(n > 1 ? args[0] : SLICE_NONE), SLICE(name),
				SLICE(args[n - 1]));
		return typed_loosen(t, 0), SLICE_NONE;
	}
	type = verdict(&c, &volatility, &kind);
	/* Written in SQL: the cast to text that it is decides. */
	for (size_t i = 0; slice_is(name, "||") && c.n == 1 && i < n; i++)
		if (slice_is(c.all[0].params[i], "anynonarray"))
			volatility = pg_cast_volatility(t->l, args[i], SL("text"));
	typed_loosen(t, volatility);
	for (size_t i = 0; i < n; i++)
		params[i] = c.n == 1 ? c.all[0].params[i] : SLICE_NONE;
	return type;
}

/* ---- Functions ---- */
static void own_parameters(struct candidate *k, struct slice signature, size_t *n)
{
	struct slice inside, one;
	size_t open = slice_chr(signature, '(');
	int depth = 0;

	*n = 0;
	if (open == SIZE_MAX)
		return;
	inside = slice_sub(signature, open + 1, signature.len - open - 2);
	for (size_t i = 0, from = 0; inside.len && i <= inside.len; i++) {
		if (i < inside.len)
			depth += (inside.at[i] == '(') - (inside.at[i] == ')');
		if (i < inside.len && (inside.at[i] != ',' || depth))
			continue;
		one = slice_trim(slice_sub(inside, from, i - from));
		from = i + 1;
		if (*n < ARGS_MAX)
			k->params[*n] = one;
		++*n;
	}
}

static size_t defaults_of(struct slice arguments)
{
	size_t n = 0, at;

	while ((at = slice_ifind(arguments, SL("default "))) != SIZE_MAX) {
		arguments = slice_from(arguments, at + 8);
		n++;
	}
	return n;
}

/* The history's own; *unsure: one of them may be meant and nobody can tell. */
static void offer_own(struct choice *c, struct name name, bool *unsure)
{
	struct looking *l = c->t->l;
	const struct object **all;
	size_t n = catalog_overloads(l->catalog, l->session, name, l->arena, &all), params;

	for (size_t i = 0; i < n; i++) {
		const struct function_def *f = &all[i]->function;
		struct candidate *k;

		*unsure = *unsure || all[i]->tainted || slice_is(f->kind, "aggregate") ||
			  slice_ifind(f->arguments, SL("variadic")) != SIZE_MAX ||
			  (slice_is(f->kind, "procedure") &&
				  slice_ifind(f->arguments, SL("out ")) != SIZE_MAX) ||
			  slice_ifind(all[i]->name, SL("variadic")) != SIZE_MAX;
		if (*unsure || !(k = offer(c)))
			return;
		*k = (struct candidate){.result = typed_plain(c->t, f->returns),
			.kind = slice_is(f->kind, "procedure") ? 'p' : 'f'};
		k->volatility =
			slice_is(f->volatility, "immutable")                                  ? 'i'
			: slice_is(f->volatility, "stable") && !slice_iis(f->language, "sql") ? 's'
											      : 0;
		k->loose = slice_istarts(f->returns, "setof") ||
			   slice_istarts(f->returns, "table") || !f->returns.len;
		own_parameters(k, all[i]->name, &params);
		if (params > ARGS_MAX || params < c->nargs ||
			params - c->nargs > defaults_of(f->arguments))
			c->n--;
		for (size_t p = 0; p < params && p < ARGS_MAX; p++)
			k->params[p] = typed_plain(c->t, k->params[p]);
	}
}

static void offer_builtins(struct choice *c, struct slice name, bool *variadic)
{
	struct pg_builtin b;

	for (size_t i = pg_builtin_first(name); pg_builtin_row(i, name, &b); i++) {
		struct candidate *k;
		struct slice rest = slice_of(b.arguments), one;
		size_t n = 0;
		int version = c->t->l->version / 10000;

		if (version < b.since || version > b.until)
			continue;
		if (b.variadic) {
			*variadic = true;
			continue;
		}
		if (!(k = offer(c)))
			return;
		*k = (struct candidate){.result = slice_of(b.result),
			.volatility = b.sql && b.volatility != 'i' ? 0 : b.volatility,
			.kind = b.kind};
		while (*b.arguments && slice_next(&rest, ',', &one)) {
			if (n < ARGS_MAX)
				k->params[n] = one;
			n++;
		}
		if (n > ARGS_MAX || n < c->nargs || n - c->nargs > (size_t)b.defaults)
			c->n--;
	}
}

static void missing_function(
	struct typing *t, struct slice name, const struct slice *args, size_t n)
{
	struct slice list = SLICE_NONE;

	for (size_t i = 0; i < n; i++)
		list = arena_printf(
			t->l->arena, "%.*s%s%.*s", SLICE(list), i ? ", " : "", SLICE(args[i]));
	if (!pg_has_extensions(t->l) && catalog_is_complete(t->l->catalog))
		typed_fault(t, "function %.*s(%.*s) does not exist", SLICE(name), SLICE(list));
}

struct slice typed_call(
	struct typing *t, struct name name, const struct slice *args, size_t n, bool over)
{
	bool unsure = false, variadic = false;
	struct slice type;
	struct choice c;
	char volatility, kind;

	for (size_t i = 0; i < n; i++)
		unsure = unsure || !typed_known(t, args[i]);
	if (!begin(&c, t, args, n))
		return typed_loosen(t, 0), SLICE_NONE;
	if (!name.schema.len || slice_is(name.schema, "pg_catalog"))
		offer_builtins(&c, name.name, &variadic);
	if (!slice_is(name.schema, "pg_catalog"))
		offer_own(&c, name, &unsure);
	if (c.n == 0 && n == 1 && pg_type_category(t->l, name.name)) { /* a cast like a call */
		typed_loosen(t, 0);
		return SLICE_NONE;
	}
	if (c.n && !variadic && !unsure)
		choose(&c);
	if (c.n == 0 && !variadic && !unsure && !c.too_many) {
		missing_function(t, name.name, args, n);
		return typed_loosen(t, 0), SLICE_NONE;
	}
	type = verdict(&c, &volatility, &kind);
	t->aggregates = t->aggregates || (kind == 'a' && !over);
	t->windows = t->windows || kind == 'w' || (kind == 'a' && over);
	t->sets = t->sets || kind == 's';
	typed_loosen(t, variadic || unsure || c.too_many ? 0 : volatility);
	return variadic || unsure || c.too_many ? SLICE_NONE : type;
}
