/* expr.c - expressions: where they end, what they mention, and one canonical spelling.
 *
 * The facts are found token by token: names before a bracket are functions, other names that are
 * not words of the language are columns. The canonical spelling needs the structure: brackets that
 * an operator's rank already implies go, every operation gets brackets of its own, names become
 * lower case, aliases of functions become one. Both the author's text and the server's print come
 * out the same; what is not understood (sub-selects, window functions) has no canonical spelling
 * and is then not compared. */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

#include <limits.h>

#define NORMAL_TOKENS 600
#define NORMAL_DEPTH 60

/* Words that are no column when they stand alone inside an expression. */
/* clang-format off */
static const char *const words[] = {
	"ALL", "AND", "ANY", "AS", "ASC", "BETWEEN", "BINARY", "BOTH", "BY", "CASE", "CHAR",
	"CHARACTER", "CHARSET", "COLLATE", "CROSS", "CURRENT_DATE", "CURRENT_TIME",
	"CURRENT_TIMESTAMP", "CURRENT_USER", "DATE", "DATETIME", "DAY", "DAY_HOUR", "DAY_MINUTE",
	"DAY_SECOND", "DECIMAL", "DEFAULT", "DESC", "DISTINCT", "DIV", "DOUBLE", "ELSE", "END",
	"ESCAPE", "EXISTS", "FALSE", "FLOAT", "FOR", "FROM", "GROUP", "HAVING", "HOUR", "HOUR_MINUTE",
	"HOUR_SECOND", "IN", "INNER", "INTEGER", "INTERVAL", "INTO", "IS", "JOIN", "JSON", "LEADING",
	"LEFT", "LIKE", "LIMIT", "LOCALTIME", "LOCALTIMESTAMP", "MATCH", "MICROSECOND", "MINUTE",
	"MINUTE_SECOND", "MOD", "MONTH", "NATURAL", "NOT", "NULL", "ON", "OR", "ORDER", "OUTER",
	"OVER", "PARTITION", "QUARTER", "REGEXP", "RIGHT", "RLIKE", "SECOND", "SELECT", "SEPARATOR",
	"SET", "SIGNED", "SOUNDS", "THEN", "TIME", "TIMESTAMP", "TRAILING", "TRUE", "UNION",
	"UNKNOWN", "UNSIGNED", "USING", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP", "VALUES", "WEEK",
	"WHEN", "WHERE", "WITH", "XOR", "YEAR", "YEAR_MONTH",
};
/* Called without brackets too. */
static const char *const bare_functions[] = {
	"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME",
	"LOCALTIMESTAMP", "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP",
};
/* Before a bracket, yet no function. */
static const char *const before_bracket[] = {
	"ALL", "AND", "ANY", "AS", "BETWEEN", "BINARY", "BY", "CASE", "DISTINCT", "DIV", "ELSE",
	"EXISTS", "FROM", "IN", "INTO", "IS", "JOIN", "LIKE", "MOD", "NOT", "ON", "OR", "OVER",
	"REGEXP", "RLIKE", "SELECT", "SOME", "THEN", "UNION", "USING", "WHEN", "WHERE", "XOR",
};
/* The spelling of functions that the servers print. */
static const struct {
	const char *from, *to;
} aliases[] = {
	{"now", "current_timestamp"}, {"localtime", "current_timestamp"},
	{"localtimestamp", "current_timestamp"},
	{"curdate", "current_date"}, {"curtime", "current_time"}, {"substring", "substr"},
	{"mid", "substr"}, {"lower", "lcase"}, {"upper", "ucase"},
	{"character_length", "char_length"}, {"day", "dayofmonth"}, {"ceil", "ceiling"},
	{"sha1", "sha"}, {"power", "pow"}, {"octet_length", "length"}, {"schema", "database"},
	{"session_user", "user"}, {"system_user", "user"}, {"nvl", "ifnull"},
};
/* clang-format on */

static bool in_list(struct slice w, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_iis(w, list[i]))
			return true;
	return false;
}
#define IN_LIST(w, list) in_list((w), (list), sizeof(list) / sizeof *(list))

/* ---- where it ends ---- */

size_t my_expr_end(const struct parser *p, const char *const *stops)
{
	int depth = 0;
	size_t i = p->at;

	for (; tok_at(p, i).kind != TOKEN_END; i++) {
		struct token t = tok_at(p, i);

		if (token_punct(t, "("))
			depth++;
		else if (token_punct(t, ")") && depth-- == 0)
			return i;
		else if (depth == 0 && (token_punct(t, ",") || token_punct(t, ";")))
			return i;
		else if (depth == 0 && t.kind == TOKEN_WORD && i > p->at)
			for (size_t k = 0; stops && stops[k]; k++)
				if (slice_iis(t.text, stops[k]))
					return i;
	}
	return i;
}

/* ---- facts ---- */

static void add_once(struct arena *a, struct names *n, struct slice s)
{
	if (!names_has(*n, s))
		names_add(a, n, s);
}

/* The name of a character set or of a collation: … USING utf8mb4, … COLLATE utf8mb4_bin,
 * _utf8mb4'x', CHAR(10) ASCII. */
static bool names_charset(struct parser *p, size_t i, size_t from)
{
	struct token t = tok_at(p, i), before = {.kind = TOKEN_END}, second = before;

	if (i > from)
		before = tok_at(p, i - 1);
	if (i > from + 1)
		second = tok_at(p, i - 2);
	if (token_is(before, "USING") || token_is(before, "COLLATE") ||
		token_is(before, "CHARSET") ||
		(token_is(before, "SET") &&
			(token_is(second, "CHARACTER") || token_is(second, "CHAR"))))
		return true;
	if (slice_starts(t.text, "_") && tok_at(p, i + 1).kind == TOKEN_STRING)
		return true;
	return (token_is(t, "ASCII") || token_is(t, "UNICODE")) &&
	       (token_is(before, "CHAR") || token_punct(before, ")"));
}

static bool facts_word(struct parser *p, size_t i, size_t from, size_t to, struct expr_facts *f)
{
	struct token t = tok_at(p, i), next = tok_at(p, i + 1);
	bool call = i + 1 < to && token_punct(next, "(");
	bool after_dot = i > from && token_punct(tok_at(p, i - 1), ".");
	bool dotted = i + 1 < to && token_punct(next, ".");

	if (t.kind == TOKEN_WORD && !after_dot && !dotted) {
		if (slice_iis(t.text, "SELECT"))
			f->has_subquery = true;
		if (names_charset(p, i, from))
			return slice_starts(t.text, "_");
		if (slice_iis(t.text, "NULL") || slice_iis(t.text, "TRUE") ||
			slice_iis(t.text, "FALSE"))
			return true;
		if (call && !IN_LIST(t.text, before_bracket)) {
			add_once(p->a, &f->functions, my_lower(p->a, t.text));
			return false;
		}
		if (IN_LIST(t.text, bare_functions)) {
			add_once(p->a, &f->functions, my_lower(p->a, t.text));
			return false;
		}
		if (IN_LIST(t.text, words))
			return false;
	}
	if (dotted)
		return false; /* a table's or database's name: what follows the dot counts */
	if (call && after_dot)
		add_once(p->a, &f->functions, my_lower(p->a, t.text));
	else
		add_once(p->a, &f->columns, token_value(p->a, p->d.dialect, t));
	return false;
}

static struct expr_facts *facts_of(struct parser *p, size_t from, size_t to)
{
	struct expr_facts *f = ARENA_NEW(p->a, struct expr_facts);
	bool constant = to > from;

	for (size_t i = from; i < to; i++) {
		struct token t = tok_at(p, i);

		if (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED)
			constant &= facts_word(p, i, from, to, f);
		else if (t.kind == TOKEN_PARAM)
			f->has_params = true, constant = false;
		else if (t.kind == TOKEN_PUNCT && !token_punct(t, "(") && !token_punct(t, ")") &&
			 !token_punct(t, "-") && !token_punct(t, "+"))
			constant = false;
	}
	f->constant = constant;
	f->has_columns = f->columns.n > 0;
	f->null = to == from + 1 && token_is(tok_at(p, from), "NULL");
	return f;
}

struct expr my_expr_tokens(struct parser *p, size_t from, size_t to)
{
	struct expr e = {0};

	if (to <= from)
		return e;
	e.text = my_tokens_text(p, from, to);
	e.facts = facts_of(p, from, to);
	if (!my_expr_normal(p->a, &p->d, p->tok + from, to - from, &e.normal))
		e.normal = SLICE_NONE;
	return e;
}

/* ---- canonical spelling ---- */

struct canon {
	struct arena *a;
	const struct my_dialect *d;
	const struct token *tok;
	size_t n, at;
	int depth;
	bool bad;
	/* The last operation that was put together: NOT turns its operator round. */
	struct slice made, left, right;
	const char *op;
};

static struct slice canon_expr(struct canon *c, int rank);

static struct token c_tok(const struct canon *c, size_t ahead)
{
	static const struct token end = {.kind = TOKEN_END};

	return c->at + ahead < c->n ? c->tok[c->at + ahead] : end;
}

static struct slice c_bad(struct canon *c)
{
	c->bad = true;
	return SLICE_NONE;
}

static bool c_word(struct canon *c, const char *w)
{
	if (!token_is(c_tok(c, 0), w))
		return false;
	c->at++;
	return true;
}

static bool c_punct(struct canon *c, const char *w)
{
	if (!token_punct(c_tok(c, 0), w))
		return false;
	c->at++;
	return true;
}

static struct slice c_string(struct canon *c, struct token t)
{
	struct buf b = {0};
	struct slice s;

	quote_literal(&b, c->d->dialect, token_value(c->a, c->d->dialect, t));
	s = arena_slice(c->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static struct slice c_args(struct canon *c)
{
	struct slice out = SLICE_NONE;

	if (c_punct(c, ")"))
		return SL("");
	do {
		struct slice one = canon_expr(c, 0);

		if (c->bad)
			return out;
		out = out.at ? arena_printf(c->a, "%.*s,%.*s", SLICE(out), SLICE(one)) : one;
	} while (c_punct(c, ","));
	if (!c_punct(c, ")"))
		return c_bad(c);
	return out;
}

/* The type of CAST and CONVERT: words and a length, up to the closing bracket. */
static struct slice c_type(struct canon *c)
{
	struct buf b = {0};
	struct slice s;
	int depth = 0;

	for (; c->at < c->n; c->at++) {
		struct token t = c_tok(c, 0);

		if (token_punct(t, "("))
			depth++;
		if (token_punct(t, ")") && depth-- == 0)
			break;
		if (token_is(t, "CHARSET") || token_is(t, "CHARACTER")) {
			/* The servers add the connection's character set. */
			while (c->at < c->n && !token_punct(c_tok(c, 0), ")"))
				c->at++;
			break;
		}
		if (token_is(t, "INTEGER"))
			continue;
		if (b.len && t.kind == TOKEN_WORD)
			buf_addc(&b, ' ');
		buf_add(&b, my_lower(c->a, t.text));
	}
	s = arena_slice(c->a, buf_slice(&b));
	buf_done(&b);
	if (!c_punct(c, ")"))
		c_bad(c);
	return s;
}

static struct slice c_cast(struct canon *c)
{
	struct slice e = canon_expr(c, 0), type;

	if (c_word(c, "USING")) {
		type = c_type(c);
		return arena_printf(c->a, "convert(%.*s using %.*s)", SLICE(e), SLICE(type));
	}
	if (!c_word(c, "AS") && !c_punct(c, ","))
		return c_bad(c);
	type = c_type(c);
	return arena_printf(c->a, "cast(%.*s as %.*s)", SLICE(e), SLICE(type));
}

static struct slice c_case(struct canon *c)
{
	struct slice out = SL("case");

	if (!token_is(c_tok(c, 0), "WHEN")) {
		struct slice subject = canon_expr(c, 0);

		out = arena_printf(c->a, "case %.*s", SLICE(subject));
	}
	while (!c->bad && c_word(c, "WHEN")) {
		struct slice when = canon_expr(c, 0), then;

		if (!c_word(c, "THEN"))
			return c_bad(c);
		then = canon_expr(c, 0);
		out = arena_printf(
			c->a, "%.*s when %.*s then %.*s", SLICE(out), SLICE(when), SLICE(then));
	}
	if (c_word(c, "ELSE")) {
		struct slice last = canon_expr(c, 0);

		out = arena_printf(c->a, "%.*s else %.*s", SLICE(out), SLICE(last));
	}
	if (!c_word(c, "END"))
		return c_bad(c);
	return arena_printf(c->a, "%.*s end", SLICE(out));
}

static struct slice c_interval(struct canon *c)
{
	struct slice e = canon_expr(c, 0), unit = c_tok(c, 0).text;

	if (c_tok(c, 0).kind != TOKEN_WORD)
		return c_bad(c);
	c->at++;
	return arena_printf(c->a, "interval %.*s %.*s", SLICE(e), SLICE(my_lower(c->a, unit)));
}

static struct slice canon_name(struct slice name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (slice_is(name, aliases[i].from))
			return slice_of(aliases[i].to);
	return name;
}

static struct slice c_binary(struct canon *c, struct slice l, const char *op, struct slice r)
{
	struct slice made = arena_printf(c->a, "(%.*s %s %.*s)", SLICE(l), op, SLICE(r));

	c->made = made;
	c->left = l;
	c->right = r;
	c->op = op;
	return made;
}

/* The servers print NOT (a = b) as a <> b. */
static struct slice c_not(struct canon *c, struct slice e)
{
	static const char *const pairs[][2] = {{"=", "<>"}, {"<", ">="}, {">", "<="}};

	for (size_t i = 0; i < 6 && e.len && e.at == c->made.at; i++)
		if (!strcmp(c->op, pairs[i / 2][i % 2]))
			return c_binary(c, c->left, pairs[i / 2][1 - i % 2], c->right);
	return arena_printf(c->a, "(not %.*s)", SLICE(e));
}

/* date_add(x, interval n unit) is printed as x + interval n unit; mod(a, b) as a MOD b. */
static bool c_special(struct canon *c, struct slice name, struct slice *out)
{
	struct slice l;
	const char *op = NULL;

	if (slice_is(name, "cast") || slice_is(name, "convert")) {
		*out = c_cast(c);
		return true;
	}
	if (slice_is(name, "date_add") || slice_is(name, "adddate"))
		op = "+";
	else if (slice_is(name, "date_sub") || slice_is(name, "subdate"))
		op = "-";
	else if (slice_is(name, "mod"))
		op = "mod";
	else if (slice_is(name, "isnull"))
		op = "is null";
	if (!op)
		return false;
	l = canon_expr(c, 0);
	if (slice_is(name, "isnull")) {
		*out = arena_printf(c->a, "(%.*s is null)", SLICE(l));
	} else {
		if (!c_punct(c, ",")) {
			*out = c_bad(c);
			return true;
		}
		*out = c_binary(c, l, op, canon_expr(c, 0));
	}
	if (!c_punct(c, ")"))
		c_bad(c);
	return true;
}

static struct slice c_call(struct canon *c, struct slice name)
{
	struct slice out, args;

	if (c_special(c, name, &out))
		return out;
	/* Brackets with keywords inside: trim(both …), extract(day from …), count(distinct …). */
	args = c_args(c);
	if (c->bad || token_is(c_tok(c, 0), "OVER"))
		return c_bad(c);
	if (slice_is(args, "0") && slice_is(canon_name(name), "current_timestamp"))
		args = SL("");
	return arena_printf(c->a, "%.*s(%.*s)", SLICE(canon_name(name)), SLICE(args));
}

static struct slice c_column(struct canon *c)
{
	struct buf b = {0};
	struct slice s;

	/* db.table.column: inside one table's definition only the last part says anything. */
	while (token_punct(c_tok(c, 1), "."))
		c->at += 2;
	s = my_lower(c->a, token_value(c->a, c->d->dialect, c_tok(c, 0)));
	c->at++;
	if (c_punct(c, "(")) {
		struct slice args = c_args(c);

		return arena_printf(c->a, "%.*s(%.*s)", SLICE(s), SLICE(args));
	}
	quote_ident_pretty(&b, c->d->dialect, s);
	s = arena_slice(c->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

static struct slice c_word_primary(struct canon *c, struct token t)
{
	struct slice name = my_lower(c->a, t.text);

	if (token_punct(c_tok(c, 1), "."))
		return c_column(c);
	if (slice_is(name, "null")) {
		c->at++;
		return SL("null");
	}
	if (slice_is(name, "true") || slice_is(name, "false")) {
		c->at++;
		return slice_is(name, "true") ? SL("1") : SL("0");
	}
	if (slice_is(name, "case")) {
		c->at++;
		return c_case(c);
	}
	if (slice_is(name, "interval") && !token_punct(c_tok(c, 1), "(")) {
		c->at++;
		return c_interval(c);
	}
	if (slice_is(name, "binary") && !token_punct(c_tok(c, 1), "(")) {
		c->at++;
		name = canon_expr(c, 12);
		return arena_printf(c->a, "cast(%.*s as binary)", SLICE(name));
	}
	if (slice_is(name, "select") || slice_is(name, "exists") || slice_is(name, "match"))
		return c_bad(c);
	if (slice_starts(name, "_") && c_tok(c, 1).kind == TOKEN_STRING &&
		my_charset_canonical(slice_from(name, 1))) {
		c->at += 2; /* an introducer: _utf8mb4'x' */
		return c_string(c, c->tok[c->at - 1]);
	}
	if (token_punct(c_tok(c, 1), "(")) {
		c->at += 2;
		return c_call(c, name);
	}
	if (IN_LIST(t.text, bare_functions)) {
		c->at++;
		return arena_printf(c->a, "%.*s()", SLICE(canon_name(name)));
	}
	if (c_tok(c, 1).kind == TOKEN_STRING &&
		(slice_is(name, "date") || slice_is(name, "time") || slice_is(name, "timestamp"))) {
		struct slice value = c_string(c, c_tok(c, 1));

		c->at += 2;
		return arena_printf(c->a, "%.*s%.*s", SLICE(name), SLICE(value));
	}
	return c_column(c);
}

/* The servers print _utf8mb4'x' and 'x' for the same literal: what stands before the quote goes,
 * except in bit and hexadecimal literals. */
static struct slice c_literal(struct canon *c, struct token t)
{
	if (slice_istarts(t.text, "x'") || slice_istarts(t.text, "b'")) {
		c->at++;
		return my_lower(c->a, t.text);
	}
	c->at++;
	return c_string(c, t);
}

static struct slice c_primary(struct canon *c)
{
	struct token t = c_tok(c, 0);
	struct slice e, rest;

	if (t.kind == TOKEN_NUMBER) {
		c->at++;
		return my_lower(c->a, t.text);
	}
	if (t.kind == TOKEN_STRING && c_tok(c, 1).kind == TOKEN_STRING)
		return c_bad(c);
	if (t.kind == TOKEN_STRING)
		return c_literal(c, t);
	if (t.kind == TOKEN_QUOTED)
		return c_column(c);
	if (t.kind == TOKEN_WORD)
		return c_word_primary(c, t);
	if (c_punct(c, "(")) {
		e = canon_expr(c, 0);
		if (token_punct(c_tok(c, 0), ",")) { /* a row */
			c->at++;
			rest = c_args(c);
			return arena_printf(c->a, "row(%.*s,%.*s)", SLICE(e), SLICE(rest));
		}
		return c_punct(c, ")") ? e : c_bad(c);
	}
	if (c_punct(c, "-")) {
		e = canon_expr(c, 11);
		return arena_printf(c->a, "-%.*s", SLICE(e));
	}
	if (c_punct(c, "+"))
		return canon_expr(c, 11);
	if (c_punct(c, "~"))
		return e = canon_expr(c, 11), arena_printf(c->a, "~%.*s", SLICE(e));
	if (c_punct(c, "!"))
		return c_not(c, canon_expr(c, 12));
	return c_bad(c);
}

/* Operators by rank; a higher rank binds closer. */
static const struct {
	const char *op, *print;
	int rank;
	bool word;
} operators[] = {
	{"OR", "or", 1, true},
	{"||", "or", 1, false},
	{"XOR", "xor", 2, true},
	{"AND", "and", 3, true},
	{"&&", "and", 3, false},
	{"=", "=", 5, false},
	{"<=>", "<=>", 5, false},
	{">=", ">=", 5, false},
	{">", ">", 5, false},
	{"<=", "<=", 5, false},
	{"<", "<", 5, false},
	{"<>", "<>", 5, false},
	{"!=", "<>", 5, false},
	{"LIKE", "like", 5, true},
	{"REGEXP", "regexp", 5, true},
	{"RLIKE", "regexp", 5, true},
	{"|", "|", 6, false},
	{"&", "&", 7, false},
	{"<<", "<<", 8, false},
	{">>", ">>", 8, false},
	{"+", "+", 9, false},
	{"-", "-", 9, false},
	{"*", "*", 10, false},
	{"/", "/", 10, false},
	{"DIV", "div", 10, true},
	{"MOD", "mod", 10, true},
	{"%", "mod", 10, false},
	{"^", "^", 11, false},
};

static bool c_operator(const struct canon *c, size_t *row)
{
	struct token t = c_tok(c, 0);

	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (operators[i].word ? token_is(t, operators[i].op)
				      : token_punct(t, operators[i].op)) {
			*row = i;
			return true;
		}
	return false;
}

/* x->'$.a' is json_extract(x, '$.a'); ->> unquotes it. */
static bool c_arrow(struct canon *c, struct slice *left)
{
	bool unquote = token_punct(c_tok(c, 0), "->>");
	struct slice path;

	if (!unquote && !token_punct(c_tok(c, 0), "->"))
		return false;
	c->at++;
	path = c_tok(c, 0).kind == TOKEN_STRING ? c_literal(c, c_tok(c, 0)) : c_bad(c);
	*left = arena_printf(c->a,
		unquote ? "json_unquote(json_extract(%.*s,%.*s))" : "json_extract(%.*s,%.*s)",
		SLICE(*left), SLICE(path));
	return true;
}

static bool c_is(struct canon *c, struct slice *left)
{
	bool negated;
	const char *what;

	if (!c_word(c, "IS"))
		return false;
	negated = c_word(c, "NOT");
	what = c_word(c, "NULL")      ? "null"
	       : c_word(c, "TRUE")    ? "true"
	       : c_word(c, "FALSE")   ? "false"
	       : c_word(c, "UNKNOWN") ? "null"
				      : NULL;
	if (!what)
		c_bad(c);
	else
		*left = arena_printf(
			c->a, "(%.*s is %s%s)", SLICE(*left), negated ? "not " : "", what);
	return true;
}

static bool c_in(struct canon *c, struct slice *left, bool negated)
{
	struct slice list;

	if (!c_word(c, "IN"))
		return false;
	if (!c_punct(c, "(")) {
		c_bad(c);
		return true;
	}
	list = c_args(c);
	*left = arena_printf(
		c->a, "(%.*s %sin (%.*s))", SLICE(*left), negated ? "not " : "", SLICE(list));
	return true;
}

static bool c_between(struct canon *c, struct slice *left, bool negated)
{
	struct slice lo, hi;

	if (!c_word(c, "BETWEEN"))
		return false;
	lo = canon_expr(c, 6);
	if (!c_word(c, "AND")) {
		c_bad(c);
		return true;
	}
	hi = canon_expr(c, 6);
	*left = arena_printf(c->a, "(%.*s %sbetween %.*s and %.*s)", SLICE(*left),
		negated ? "not " : "", SLICE(lo), SLICE(hi));
	return true;
}

/* The operators of rank 5 that are more than two operands and a word. */
static bool c_predicate(struct canon *c, struct slice *left, int rank)
{
	size_t start = c->at;
	bool negated;
	struct slice r;
	size_t row;

	if (rank > 5)
		return false;
	if (c_is(c, left))
		return true;
	negated = c_word(c, "NOT");
	if (c_in(c, left, negated) || c_between(c, left, negated))
		return true;
	if (negated && c_operator(c, &row) && operators[row].word && operators[row].rank == 5) {
		c->at++;
		r = canon_expr(c, 6);
		*left = arena_printf(
			c->a, "(not (%.*s %s %.*s))", SLICE(*left), operators[row].print, SLICE(r));
		return true;
	}
	c->at = start;
	return false;
}

static struct slice c_postfix(struct canon *c, struct slice left)
{
	while (!c->bad) {
		if (c_arrow(c, &left))
			continue;
		if (c_word(c, "COLLATE")) {
			struct slice name = my_lower(c->a, c_tok(c, 0).text);

			c->at++;
			left = arena_printf(c->a, "(%.*s collate %.*s)", SLICE(left), SLICE(name));
			continue;
		}
		break;
	}
	return left;
}

static struct slice canon_expr(struct canon *c, int rank)
{
	struct slice left;
	size_t row;

	if (c->bad || ++c->depth > NORMAL_DEPTH)
		return c_bad(c);
	if (rank <= 4 && c_word(c, "NOT"))
		left = c_not(c, canon_expr(c, 4));
	else
		left = c_postfix(c, c_primary(c));
	while (!c->bad && c->at < c->n) {
		if (c_predicate(c, &left, rank))
			continue;
		if (!c_operator(c, &row) || operators[row].rank < rank)
			break;
		c->at++;
		left = c_binary(
			c, left, operators[row].print, canon_expr(c, operators[row].rank + 1));
		if (token_is(c_tok(c, 0), "ESCAPE"))
			c_bad(c);
	}
	c->depth--;
	return left;
}

bool my_expr_normal(struct arena *a, const struct my_dialect *d, const struct token *tok, size_t n,
	struct slice *out)
{
	struct canon c = {.a = a, .d = d, .tok = tok, .n = n};

	if (n == 0 || n > NORMAL_TOKENS)
		return false;
	*out = canon_expr(&c, 0);
	return !c.bad && c.at == n;
}
