/* expr.c - are two expressions the same? Same, different, or not compared.
 *
 * Two normal forms from servers decide. An author's text is brought into a form of our own, in
 * which blanks, keywords' case, redundant brackets and what PostgreSQL prints in other words make
 * no difference: x IN (a, b) is x = ANY (ARRAY[a, b]), LIKE is ~~, BETWEEN is two comparisons, and
 * the casts are left out that the server adds to literals, or to text. Texts that this reader does
 * not know are compared token by token. If that says "equal" they are; if not, nobody knows. */
#include "catalog/internal.h"

#include "sql/quote.h"
#include "sql/token.h"

enum { MOST_TOKENS = 4000, DEEPEST = 120 };

struct canon {
	struct arena *a;
	enum dialect dialect;
	struct token *tok;
	size_t ntok, at;
	unsigned depth;
	bool failed;
	struct names casts; /* left out: operand::type */
};

/* ---- Tokens ---- */

static struct token now(const struct canon *p)
{
	return p->at < p->ntok ? p->tok[p->at] : (struct token){.kind = TOKEN_END};
}

static struct token ahead(const struct canon *p, size_t n)
{
	return p->at + n < p->ntok ? p->tok[p->at + n] : (struct token){.kind = TOKEN_END};
}

static bool take(struct canon *p, const char *punct)
{
	if (!token_punct(now(p), punct))
		return false;
	p->at++;
	return true;
}

static bool take_word(struct canon *p, const char *word)
{
	if (!token_is(now(p), word))
		return false;
	p->at++;
	return true;
}

static struct slice failed(struct canon *p)
{
	p->failed = true;
	return SLICE_NONE;
}

static struct slice lower(struct arena *a, struct slice s)
{
	char *c = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (c[i] >= 'A' && c[i] <= 'Z')
			c[i] = (char)(c[i] + 32);
	return slice_n(c, s.len);
}

/* A name as it is stored, quoted only where it has to be. */
static struct slice name_text(struct canon *p, struct token t)
{
	struct buf b = {0};
	struct slice out;

	quote_ident_pretty(&b, p->dialect, token_value(p->a, p->dialect, t));
	out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	/* Keywords come quoted otherwise: current_user, true. */
	return t.kind == TOKEN_WORD ? lower(p->a, t.text) : out;
}

static bool is_numeric(struct slice s)
{
	bool digit = false;

	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] >= '0' && s.at[i] <= '9')
			digit = true;
		else if (s.at[i] != '.' && !(i == 0 && s.at[i] == '-'))
			return false;
	}
	return digit;
}

/* '-1'::integer is how the server prints -1. */
static struct slice literal(struct token t)
{
	struct slice s = t.text;

	if (t.kind == TOKEN_STRING && s.len > 2 && s.at[0] == '\'' &&
		is_numeric(slice_sub(s, 1, s.len - 2)))
		return slice_sub(s, 1, s.len - 2);
	return s;
}

/* ---- Types ---- */

static const struct {
	const char *alias, *type;
} aliases[] = {
	{"int", "integer"},
	{"int4", "integer"},
	{"int8", "bigint"},
	{"int2", "smallint"},
	{"bool", "boolean"},
	{"varchar", "character varying"},
	{"char", "character"},
	{"bpchar", "character"},
	{"timestamptz", "timestamp with time zone"},
	{"timestamp", "timestamp without time zone"},
	{"timetz", "time with time zone"},
	{"time", "time without time zone"},
	{"decimal", "numeric"},
	{"float8", "double precision"},
	{"float", "double precision"},
	{"float4", "real"},
};

static struct slice without_alias(struct slice type)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (slice_is(type, aliases[i].alias))
			return slice_of(aliases[i].type);
	return type;
}

static bool is_text(struct slice type)
{
	struct slice base = type_base(type);

	return slice_is(base, "text") || slice_is(base, "character varying") ||
	       slice_is(base, "character");
}

/* with time zone, without time zone: behind timestamp and time */
static void zone_words(struct canon *p, struct buf *b)
{
	if (!(token_is(now(p), "with") || token_is(now(p), "without")) ||
		!token_is(ahead(p, 1), "time"))
		return;
	buf_adds(b, token_is(now(p), "with") ? " with time zone" : " without time zone");
	p->at += 3;
}

static struct slice type_name(struct canon *p)
{
	struct buf b = {0};
	struct slice out, head;

	if (now(p).kind != TOKEN_WORD && now(p).kind != TOKEN_QUOTED)
		return failed(p);
	head = name_text(p, now(p));
	p->at++;
	if (slice_is(head, "pg_catalog") && take(p, ".")) {
		head = name_text(p, now(p));
		p->at++;
	}
	buf_add(&b, head);
	while (take(p, ".")) {
		buf_addc(&b, '.');
		buf_add(&b, name_text(p, now(p)));
		p->at++;
	}
	if (token_is(now(p), "varying") || token_is(now(p), "precision")) {
		buf_addc(&b, ' ');
		buf_add(&b, lower(p->a, now(p).text));
		p->at++;
	}
	if (slice_is(head, "timestamp") || slice_is(head, "time"))
		zone_words(p, &b);
	out = arena_slice(p->a, without_alias(buf_slice(&b)));
	buf_clear(&b);
	buf_add(&b, out);
	if (take(p, "(")) {
		buf_addc(&b, '(');
		while (now(p).kind != TOKEN_END && !token_punct(now(p), ")")) {
			buf_add(&b, now(p).text);
			p->at++;
		}
		p->at++;
		buf_addc(&b, ')');
	}
	while (token_punct(now(p), "[") && token_punct(ahead(p, 1), "]")) {
		buf_adds(&b, "[]");
		p->at += 2;
	}
	out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* ---- Expressions ---- */

static struct slice expression(struct canon *p, int power);

/* May a cast of this be left out? Of a literal any, to text of anything, and of arrays of them. */
static struct slice cast(struct canon *p, struct slice operand, struct slice type)
{
	bool is_literal = operand.len &&
			  (operand.at[0] == '\'' || is_numeric(operand) ||
				  slice_is(operand, "null") || slice_starts(operand, "array["));

	if (!is_literal && !is_text(type))
		return arena_printf(p->a, "cast(%.*s as %.*s)", SLICE(operand), SLICE(type));
	names_add(p->a, &p->casts, arena_printf(p->a, "%.*s::%.*s", SLICE(operand), SLICE(type)));
	return operand;
}

static struct slice list(struct canon *p, const char *close, size_t *count)
{
	struct buf b = {0};
	struct slice out;

	*count = 0;
	while (!p->failed && !token_punct(now(p), close)) {
		struct slice e = expression(p, 0);

		buf_printf(&b, "%s%.*s", *count ? "," : "", SLICE(e));
		(*count)++;
		if (!take(p, ","))
			break;
	}
	if (!take(p, close))
		p->failed = true;
	out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static struct slice brackets(struct canon *p)
{
	size_t n;
	struct slice inner;

	if (token_is(now(p), "select") || token_is(now(p), "with"))
		return failed(p);
	inner = list(p, ")", &n);
	return n == 1 ? inner : arena_printf(p->a, "row(%.*s)", SLICE(inner));
}

static struct slice case_expression(struct canon *p)
{
	struct buf b = {0};
	struct slice out, e;

	buf_adds(&b, "case(");
	if (!token_is(now(p), "when")) {
		e = expression(p, 0);
		buf_add(&b, e);
	}
	while (!p->failed && take_word(p, "when")) {
		e = expression(p, 0);
		buf_printf(&b, ";%.*s:", SLICE(e));
		if (!take_word(p, "then"))
			p->failed = true;
		e = expression(p, 0);
		buf_add(&b, e);
	}
	if (take_word(p, "else")) {
		e = expression(p, 0);
		if (!slice_is(e, "null")) /* no ELSE is ELSE NULL */
			buf_printf(&b, ";%.*s", SLICE(e));
	}
	if (!take_word(p, "end"))
		p->failed = true;
	buf_addc(&b, ')');
	out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static struct slice cast_call(struct canon *p)
{
	struct slice e = expression(p, 0), type;

	if (!take_word(p, "as"))
		return failed(p);
	type = type_name(p);
	if (!take(p, ")"))
		return failed(p);
	return cast(p, e, type);
}

static struct slice extract_call(struct canon *p)
{
	struct slice field = lower(p->a, now(p).text), e;

	p->at++;
	if (!take_word(p, "from"))
		return failed(p);
	e = expression(p, 0);
	if (!take(p, ")"))
		return failed(p);
	return arena_printf(p->a, "extract(%.*s,%.*s)", SLICE(field), SLICE(e));
}

static struct slice call(struct canon *p, struct slice name)
{
	struct slice args;
	size_t n;

	if (slice_is(name, "cast"))
		return cast_call(p);
	if (slice_is(name, "extract"))
		return extract_call(p);
	if (token_punct(now(p), "*") && token_punct(ahead(p, 1), ")")) {
		p->at += 2;
		return arena_printf(p->a, "%.*s(*)", SLICE(name));
	}
	if (token_is(now(p), "distinct") || token_is(now(p), "variadic"))
		return failed(p);
	args = list(p, ")", &n);
	return arena_printf(p->a, "%.*s(%.*s)", SLICE(name), SLICE(args));
}

static struct slice name_or_call(struct canon *p)
{
	struct slice name = name_text(p, now(p)), items;
	bool bare = now(p).kind == TOKEN_WORD;
	size_t n;

	p->at++;
	if (bare && slice_is(name, "case"))
		return case_expression(p);
	if (bare && slice_is(name, "array") && take(p, "[")) {
		items = list(p, "]", &n);
		return arena_printf(p->a, "array[%.*s]", SLICE(items));
	}
	/* interval '1 day' is '1 day'::interval */
	if (bare && now(p).kind == TOKEN_STRING && now(p).text.at[0] == '\'') {
		items = literal(now(p));
		p->at++;
		return cast(p, items, without_alias(name));
	}
	while (token_punct(now(p), ".") &&
		(ahead(p, 1).kind == TOKEN_WORD || ahead(p, 1).kind == TOKEN_QUOTED)) {
		p->at++;
		items = name_text(p, now(p));
		p->at++;
		name = slice_is(name, "pg_catalog")
			       ? items
			       : arena_printf(p->a, "%.*s.%.*s", SLICE(name), SLICE(items));
	}
	return take(p, "(") ? call(p, name) : name;
}

enum {
	OR = 1,
	AND,
	NOT,
	IS,
	COMPARE,
	MATCH,
	OTHER,
	PLUS,
	TIMES,
	POWER,
	AT,
	COLLATE,
	SIGN,
	INDEX,
	CAST
};

static struct slice primary(struct canon *p)
{
	struct token t = now(p);
	struct slice e;

	if (t.kind == TOKEN_NUMBER || t.kind == TOKEN_STRING || t.kind == TOKEN_PARAM) {
		p->at++;
		return literal(t);
	}
	if (take(p, "("))
		return brackets(p);
	if (take_word(p, "not"))
		return e = expression(p, NOT), arena_printf(p->a, "not(%.*s)", SLICE(e));
	if (take(p, "+"))
		return expression(p, SIGN);
	if (take(p, "-")) {
		e = expression(p, SIGN);
		return is_numeric(e) && e.at[0] != '-'
			       ? arena_printf(p->a, "-%.*s", SLICE(e))
			       : arena_printf(p->a, "minus(%.*s)", SLICE(e));
	}
	if (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED)
		return name_or_call(p);
	return failed(p);
}

static int punct_power(struct slice op)
{
	static const struct {
		const char *op;
		int power;
	} rows[] = {{"<", COMPARE}, {">", COMPARE}, {"=", COMPARE}, {"<=", COMPARE},
		{">=", COMPARE}, {"<>", COMPARE}, {"!=", COMPARE}, {"+", PLUS}, {"-", PLUS},
		{"*", TIMES}, {"/", TIMES}, {"%", TIMES}, {"^", POWER}, {"::", CAST}, {"[", INDEX},
		{")", 0}, {"]", 0}, {",", 0}, {";", 0}, {"(", 0}, {".", 0}, {":", 0}};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (slice_is(op, rows[i].op))
			return rows[i].power;
	return OTHER;
}

static int word_power(const struct canon *p)
{
	static const struct {
		const char *word;
		int power;
	} rows[] = {{"or", OR}, {"and", AND}, {"is", IS}, {"in", MATCH}, {"like", MATCH},
		{"ilike", MATCH}, {"between", MATCH}, {"at", AT}, {"collate", COLLATE}};
	struct token t = now(p);

	if (token_is(t, "not"))
		t = ahead(p, 1);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (token_is(t, rows[i].word))
			return rows[i].power;
	return 0;
}

static int infix_power(const struct canon *p)
{
	struct token t = now(p);

	if (t.kind == TOKEN_PUNCT)
		return punct_power(t.text);
	return t.kind == TOKEN_WORD ? word_power(p) : 0;
}

/* Chains of AND and of OR are flat, as the server prints them. */
static struct slice chain(struct canon *p, const char *op, struct slice l, struct slice r)
{
	struct slice head = arena_printf(p->a, "%s(", op);

	if (slice_eq(slice_sub(l, 0, head.len), head))
		l = slice_sub(l, head.len, l.len - head.len - 1);
	if (slice_eq(slice_sub(r, 0, head.len), head))
		r = slice_sub(r, head.len, r.len - head.len - 1);
	return arena_printf(p->a, "%s(%.*s,%.*s)", op, SLICE(l), SLICE(r));
}

static struct slice is_test(struct canon *p, struct slice l)
{
	const char *not = take_word(p, "not") ? "not" : "";
	struct slice r;

	if (take_word(p, "distinct")) {
		if (!take_word(p, "from"))
			return failed(p);
		r = expression(p, IS + 1);
		return arena_printf(p->a, "is%sdistinct(%.*s,%.*s)", not, SLICE(l), SLICE(r));
	}
	if (now(p).kind != TOKEN_WORD)
		return failed(p);
	r = lower(p->a, now(p).text);
	p->at++;
	return arena_printf(p->a, "is%s%.*s(%.*s)", not, SLICE(r), SLICE(l));
}

static struct slice in_list(struct canon *p, struct slice l, bool not )
{
	struct slice items;
	size_t n;

	if (!take(p, "(") || token_is(now(p), "select") || token_is(now(p), "with"))
		return failed(p);
	items = list(p, ")", &n);
	if (n == 1)
		return arena_printf(
			p->a, "%s(%.*s,%.*s)", not ? "<>" : "=", SLICE(l), SLICE(items));
	return arena_printf(
		p->a, "%s(%.*s,array[%.*s])", not ? "<>all" : "=any", SLICE(l), SLICE(items));
}

static struct slice between(struct canon *p, struct slice l, bool not )
{
	struct slice low, high, both;

	if (token_is(now(p), "symmetric"))
		return failed(p);
	low = expression(p, MATCH + 1);
	if (!take_word(p, "and"))
		return failed(p);
	high = expression(p, MATCH + 1);
	both = not ? arena_printf(p->a, "or(<(%.*s,%.*s),>(%.*s,%.*s))", SLICE(l), SLICE(low),
			     SLICE(l), SLICE(high))
		   : arena_printf(p->a, "and(>=(%.*s,%.*s),<=(%.*s,%.*s))", SLICE(l), SLICE(low),
			     SLICE(l), SLICE(high));
	return both;
}

static struct slice match(struct canon *p, struct slice l)
{
	bool not = take_word(p, "not");
	struct slice r;
	bool fold;

	if (take_word(p, "in"))
		return in_list(p, l, not );
	if (take_word(p, "between"))
		return between(p, l, not );
	fold = take_word(p, "ilike");
	if (!fold && !take_word(p, "like"))
		return failed(p);
	r = expression(p, MATCH + 1);
	if (token_is(now(p), "escape"))
		return failed(p);
	return arena_printf(
		p->a, "%s~~%s(%.*s,%.*s)", not ? "!" : "", fold ? "*" : "", SLICE(l), SLICE(r));
}

static struct slice word_infix(struct canon *p, struct slice l, int power)
{
	struct slice r;

	if (power == MATCH)
		return match(p, l);
	p->at++;
	if (power == OR || power == AND) {
		r = expression(p, power + 1);
		return chain(p, power == OR ? "or" : "and", l, r);
	}
	if (power == IS)
		return is_test(p, l);
	if (power == AT) {
		if (!take_word(p, "time") || !take_word(p, "zone"))
			return failed(p);
		r = expression(p, AT + 1);
		return arena_printf(p->a, "timezone(%.*s,%.*s)", SLICE(r), SLICE(l));
	}
	r = type_name(p); /* COLLATE: a name, maybe qualified */
	return arena_printf(p->a, "collate(%.*s,%.*s)", SLICE(l), SLICE(r));
}

static struct slice punct_infix(struct canon *p, struct slice l, int power)
{
	struct slice op = now(p).text, r;
	size_t n;

	p->at++;
	if (power == CAST)
		return r = type_name(p), cast(p, l, r);
	if (power == INDEX) {
		r = list(p, "]", &n);
		return arena_printf(p->a, "index(%.*s,%.*s)", SLICE(l), SLICE(r));
	}
	if (slice_is(op, "!="))
		op = SL("<>");
	if ((token_is(now(p), "any") || token_is(now(p), "all") || token_is(now(p), "some")) &&
		token_punct(ahead(p, 1), "(")) {
		const char *word = token_is(now(p), "all") ? "all" : "any";

		p->at += 2;
		r = brackets(p);
		return arena_printf(p->a, "%.*s%s(%.*s,%.*s)", SLICE(op), word, SLICE(l), SLICE(r));
	}
	r = expression(p, power + 1);
	return arena_printf(p->a, "%.*s(%.*s,%.*s)", SLICE(op), SLICE(l), SLICE(r));
}

static struct slice expression(struct canon *p, int power)
{
	struct slice l;

	if (p->failed || ++p->depth > DEEPEST)
		return failed(p);
	l = primary(p);
	while (!p->failed) {
		int next = infix_power(p);

		if (next == 0 || next < power)
			break;
		l = now(p).kind == TOKEN_PUNCT ? punct_infix(p, l, next) : word_infix(p, l, next);
	}
	p->depth--;
	return l;
}

/* ---- Token by token ---- */

static struct slice joined(struct canon *p)
{
	struct buf b = {0};
	struct slice out;

	for (size_t i = 0; i < p->ntok; i++) {
		struct token t = p->tok[i];

		if (b.len)
			buf_addc(&b, ' ');
		buf_add(&b,
			t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED ? name_text(p, t) : t.text);
	}
	out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static bool wrapped(const struct canon *p)
{
	size_t depth = 0;

	if (p->ntok < 2 || !token_punct(p->tok[0], "("))
		return false;
	for (size_t i = 0; i < p->ntok; i++) {
		if (token_punct(p->tok[i], "("))
			depth++;
		else if (token_punct(p->tok[i], ")") && --depth == 0)
			return i + 1 == p->ntok;
	}
	return false;
}

static bool tokenise(struct canon *p, struct slice text)
{
	struct lexer l;

	lexer_init(&l, p->dialect, text);
	for (struct token t = lexer_next(&l); t.kind != TOKEN_END; t = lexer_next(&l)) {
		if (p->ntok == MOST_TOKENS)
			return false;
		*ARENA_PUSH(p->a, p->tok, p->ntok) = t;
	}
	return true;
}

static struct slice canonical_text(struct canon *p, struct slice text)
{
	struct slice out;

	if (!tokenise(p, text))
		return slice_trim(text);
	if (p->dialect == DIALECT_POSTGRES || p->dialect == DIALECT_UNKNOWN) {
		out = expression(p, 0);
		if (!p->failed && p->at == p->ntok)
			return out;
		p->casts = (struct names){0};
	}
	while (wrapped(p)) {
		p->tok++;
		p->ntok -= 2;
	}
	return joined(p);
}

/* operand::type; a type without its schema is the same type with it, as far as can be told. */
static bool same_cast(struct slice a, struct slice b)
{
	size_t at = slice_find(a, SL("::")), dot;

	if (slice_eq(a, b))
		return true;
	if (at == SIZE_MAX ||
		!slice_eq(slice_sub(a, 0, at), slice_sub(b, 0, slice_find(b, SL("::")))))
		return false;
	a = slice_from(a, at + 2);
	b = slice_from(b, at + 2);
	dot = slice_chr(b, '.');
	if (dot != SIZE_MAX && slice_chr(a, '.') == SIZE_MAX)
		return slice_eq(slice_from(b, dot + 1), a);
	dot = slice_chr(a, '.');
	return dot != SIZE_MAX && slice_chr(b, '.') == SIZE_MAX &&
	       slice_eq(slice_from(a, dot + 1), b);
}

static bool all_in(struct names some, struct names more)
{
	for (size_t i = 0; i < some.n; i++) {
		size_t k = 0;

		while (k < more.n && !same_cast(some.at[i], more.at[k]))
			k++;
		if (k == more.n)
			return false;
	}
	return true;
}

static enum sameness texts(enum dialect d, struct slice a, struct slice b)
{
	struct arena scratch = {0};
	struct canon x = {.a = &scratch, .dialect = d}, y = {.a = &scratch, .dialect = d};
	struct slice left = canonical_text(&x, a), right = canonical_text(&y, b);
	bool same = slice_eq(left, right) && (all_in(x.casts, y.casts) || all_in(y.casts, x.casts));

	arena_done(&scratch);
	/* SQLite keeps what was written: other words are another definition. */
	return same ? SAME : d == DIALECT_SQLITE ? DIFFERENT : NOT_COMPARED;
}

static struct slice best(struct expr e)
{
	return e.normal.len ? e.normal : e.text;
}

enum sameness expr_compare(enum dialect d, struct expr a, struct expr b)
{
	bool none_a = slice_empty(best(a)), none_b = slice_empty(best(b));

	if (none_a || none_b)
		return none_a && none_b ? SAME : DIFFERENT;
	if (a.normal.len && b.normal.len)
		return slice_eq(a.normal, b.normal) ? SAME : DIFFERENT;
	if (slice_eq(best(a), best(b)) || (a.text.len && slice_eq(a.text, b.text)))
		return SAME;
	return texts(d, best(a), best(b));
}

/* Index keys: a plain column must be the same; an expression in brackets may be printed anew. */
enum sameness key_compare(enum dialect d, struct slice a, struct slice b)
{
	if (slice_eq(a, b))
		return SAME;
	if (a.len == 0 || b.len == 0 || a.at[0] != '(' || b.at[0] != '(')
		return DIFFERENT;
	return texts(d, a, b);
}

struct slice expr_canonical(struct arena *a, enum dialect d, struct expr e)
{
	struct arena scratch = {0};
	struct canon p = {.a = &scratch, .dialect = d};
	struct slice out;

	if (slice_empty(best(e)))
		return SLICE_NONE;
	out = arena_slice(a, canonical_text(&p, best(e)));
	arena_done(&scratch);
	return out;
}
