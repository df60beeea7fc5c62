/* read_expr.c - what an expression or a query mentions: columns, functions, relations.
 *
 * Token by token, without a tree: enough to say what is read and whether a value is constant.
 * Where SQLite itself is undecided before it knows the tables ("x" may be a column or a string) a
 * name is taken for a column. */
#include "engine/sqlite/read.h"

/* Words that SQLite does not accept as a bare name (no %fallback to ID in its grammar). */
/* clang-format off */
static const char *const keywords[] = {
	"ADD", "ALL", "ALTER", "AND", "AS", "AUTOINCREMENT", "BETWEEN", "CASE", "CHECK",
	"COLLATE", "COMMIT", "CONSTRAINT", "CREATE", "DEFAULT", "DEFERRABLE", "DELETE",
	"DISTINCT", "DROP", "ELSE", "ESCAPE", "EXISTS", "FOREIGN", "FROM", "GROUP", "HAVING",
	"IN", "INDEX", "INSERT", "INTO", "IS", "ISNULL", "JOIN", "LIMIT", "NOT", "NOTHING",
	"NOTNULL", "NULL", "ON", "OR", "ORDER", "PRIMARY", "REFERENCES", "RETURNING", "SELECT",
	"SET", "TABLE", "THEN", "TO", "TRANSACTION", "UNION", "UNIQUE", "UPDATE", "USING",
	"VALUES", "WHEN", "WHERE", "EXCEPT", "INTERSECT",
};
/* Words that may be names elsewhere but are operators or marks inside an expression. */
static const char *const in_expressions[] = {
	"LIKE", "GLOB", "REGEXP", "MATCH", "END", "ASC", "DESC", "OVER", "FILTER", "PARTITION",
	"ROWS", "RANGE", "GROUPS", "RECURSIVE", "MATERIALIZED", "NULLS", "BY", "OFFSET", "WITH",
	"LEFT", "RIGHT", "INNER", "OUTER", "CROSS", "FULL", "NATURAL", "WINDOW", "INDEXED",
};
static const char *const constants[] = {"TRUE", "FALSE"};
/* Not constant for ADD COLUMN, although they look like literals. */
static const char *const clocks[] = {"CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"};
/* clang-format on */

#define IN(word, list) in_list((word), (list), sizeof(list) / sizeof *(list))

static bool in_list(struct slice word, const char *const *list, size_t n)
{
	char first = word.len ? (char)(word.at[0] | 0x20) : 0;

	for (size_t i = 0; i < n; i++)
		if ((list[i][0] | 0x20) == first && slice_iis(word, list[i]))
			return true;
	return false;
}

bool sqlite_is_keyword(struct slice word)
{
	return IN(word, keywords);
}

struct slice sqlite_squeeze(struct arena *a, struct slice text)
{
	struct buf b = {0};
	struct lexer l;
	struct slice out;
	bool blank = false;

	lexer_init(&l, DIALECT_SQLITE, text);
	for (struct token t = lexer_raw(&l); t.kind != TOKEN_END; t = lexer_raw(&l)) {
		if (t.kind == TOKEN_BLANK || t.kind == TOKEN_COMMENT) {
			blank = b.len > 0;
			continue;
		}
		if (blank)
			buf_addc(&b, ' ');
		blank = false;
		buf_add(&b, t.text);
	}
	out = slice_eq(buf_slice(&b), text) ? text : arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

static struct slice lower(struct arena *a, struct slice s)
{
	char *out = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] + 32);
	return slice_n(out, s.len);
}

static void add_once(struct arena *a, struct names *n, struct slice s)
{
	if (!names_has(*n, s))
		names_add(a, n, s);
}

static struct token tok(const struct parse *p, size_t i)
{
	return i < p->n ? p->tok[i] : p->tok[p->n - 1];
}

/* A name followed by "(" that is a call: not a keyword, and not a table with its column list. */
static bool is_call(const struct parse *p, size_t from, size_t i)
{
	struct token t = tok(p, i), before = i > from ? tok(p, i - 1) : (struct token){0};

	if (!token_punct(tok(p, i + 1), "("))
		return false;
	if (t.kind == TOKEN_WORD && (sqlite_is_keyword(t.text) || IN(t.text, in_expressions)) &&
		!slice_iis(t.text, "LIKE") && !slice_iis(t.text, "GLOB") &&
		!slice_iis(t.text, "MATCH") && !slice_iis(t.text, "REGEXP"))
		return false;
	if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
		return false;
	/* An infix LIKE (…) has a value before it. */
	if ((slice_iis(t.text, "LIKE") || slice_iis(t.text, "GLOB") || slice_iis(t.text, "MATCH") ||
		    slice_iis(t.text, "REGEXP")) &&
		before.text.at && !token_punct(before, "(") && !token_punct(before, ",") &&
		!IN(before.text, keywords))
		return false;
	if (slice_iis(t.text, "CAST") || slice_iis(t.text, "RAISE") ||
		(slice_iis(t.text, "CONFLICT") && token_is(before, "ON")))
		return false;
	return !token_is(before, "INTO") && !token_is(before, "REFERENCES") &&
	       !token_is(before, "AS") && !token_is(before, "WITH") &&
	       !token_is(before, "RECURSIVE");
}

/* The tokens of "name (columns) AS (" after WITH, or ", name … AS (": a common table expression. */
static bool is_cte(const struct parse *p, size_t i)
{
	size_t k = i + 1;
	int depth = 0;

	if (token_punct(tok(p, k), "(")) {
		for (; k < p->n; k++) {
			if (token_punct(tok(p, k), "("))
				depth++;
			else if (token_punct(tok(p, k), ")") && --depth == 0)
				break;
			else if (token_is(tok(p, k), "SELECT"))
				return false;
		}
		k++;
	}
	if (!token_is(tok(p, k), "AS"))
		return false;
	k++;
	if (token_is(tok(p, k), "NOT"))
		k++;
	if (token_is(tok(p, k), "MATERIALIZED"))
		k++;
	return token_punct(tok(p, k), "(");
}

static struct names cte_names(const struct parse *p, size_t from, size_t to)
{
	struct names out = {0};

	for (size_t i = from; i < to; i++) {
		struct token before = i > from ? tok(p, i - 1) : (struct token){0}, t = tok(p, i);

		if (t.kind != TOKEN_WORD && t.kind != TOKEN_QUOTED)
			continue;
		if ((token_is(before, "WITH") || token_is(before, "RECURSIVE") ||
			    token_punct(before, ",")) &&
			is_cte(p, i))
			names_add(p->a, &out, token_value(p->a, DIALECT_SQLITE, t));
	}
	return out;
}

static bool has_name(struct names n, struct slice s)
{
	for (size_t i = 0; i < n.n; i++)
		if (slice_ieq(n.at[i], s))
			return true;
	return false;
}

void p_functions(const struct parse *p, size_t from, size_t to, struct names *out)
{
	struct names ctes = cte_names(p, from, to);

	for (size_t i = from; i < to; i++) {
		struct slice name;

		if (!is_call(p, from, i))
			continue;
		name = token_value(p->a, DIALECT_SQLITE, tok(p, i));
		if (!has_name(ctes, name))
			add_once(p->a, out, lower(p->a, name));
	}
}

/* One level of parentheses while looking for relations. */
struct level {
	bool from;   /* between FROM and the next clause */
	bool expect; /* a relation may stand here */
};

static bool ends_from(struct token t)
{
	static const char *const words[] = {"WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WINDOW",
		"UNION", "EXCEPT", "INTERSECT", "RETURNING", "SET", "SELECT", "ON", "USING",
		"VALUES"};

	return t.kind == TOKEN_WORD && IN(t.text, words);
}

static struct slice joined(struct arena *a, struct slice schema, struct slice name)
{
	return schema.len ? arena_printf(a, "%.*s.%.*s", SLICE(schema), SLICE(name)) : name;
}

/* Takes the relation whose first token is i; returns the index behind it. */
static size_t take_relation(
	const struct parse *p, size_t i, const struct names *ctes, struct names *out)
{
	struct slice schema = SLICE_NONE, name = token_value(p->a, DIALECT_SQLITE, tok(p, i));

	i++;
	if (token_punct(tok(p, i), ".")) {
		schema = name;
		name = token_value(p->a, DIALECT_SQLITE, tok(p, i + 1));
		i += 2;
	}
	if (token_punct(tok(p, i), "(")) /* a table-valued function */
		return i;
	if (schema.len || !has_name(*ctes, name))
		add_once(p->a, out, joined(p->a, schema, name));
	return i;
}

static bool starts_from(const struct parse *p, size_t from, size_t i)
{
	struct token t = tok(p, i);

	/* x IS [NOT] DISTINCT FROM y is a comparison. */
	if (token_is(t, "FROM"))
		return i == from ||
		       !(token_is(tok(p, i - 1), "DISTINCT") || (p->not_from && i == p->not_from));
	return token_is(t, "JOIN");
}

void p_reads(const struct parse *p, size_t from, size_t to, struct names *out)
{
	enum { DEEPEST = 256 };
	struct level levels[DEEPEST] = {{0}};
	struct names ctes = cte_names(p, from, to);
	size_t depth = 0;

	for (size_t i = from; i < to;) {
		struct token t = tok(p, i);
		struct level *l = &levels[depth];

		if (token_punct(t, "(")) {
			bool expect = l->expect;

			l->expect = false;
			if (depth + 1 < DEEPEST)
				levels[++depth] = (struct level){.from = expect, .expect = expect};
		} else if (token_punct(t, ")")) {
			if (depth > 0)
				depth--;
		} else if (starts_from(p, from, i)) {
			*l = (struct level){.from = true, .expect = true};
		} else if (ends_from(t)) {
			/* FROM a JOIN b ON …, c: the comma still belongs to FROM. */
			bool on = token_is(t, "ON") || token_is(t, "USING");

			*l = (struct level){.from = l->from && on, .expect = false};
		} else if (token_punct(t, ",") && l->from) {
			l->expect = true;
		} else if (l->expect && (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED ||
						t.kind == TOKEN_STRING)) {
			l->expect = false;
			i = take_relation(p, i, &ctes, out);
			continue;
		} else if (token_is(t, "IN") && i + 1 < to &&
			   (tok(p, i + 1).kind == TOKEN_WORD ||
				   tok(p, i + 1).kind == TOKEN_QUOTED)) {
			i = take_relation(p, i + 1, &ctes, out);
			continue;
		}
		i++;
	}
}

/* Looks at one token of an expression; returns how many were used. */
static size_t look(const struct parse *p, size_t from, size_t i, struct expr_facts *f)
{
	struct token t = tok(p, i);

	switch (t.kind) {
	case TOKEN_PARAM:
		f->has_params = true;
		f->constant = false;
		return 1;
	case TOKEN_WORD:
	case TOKEN_QUOTED:
		break;
	case TOKEN_STRING:
	case TOKEN_NUMBER:
	case TOKEN_PUNCT:
	case TOKEN_END:
	case TOKEN_BLANK:
	case TOKEN_COMMENT:
	case TOKEN_BAD:
		return 1;
	}
	if (is_call(p, from, i)) {
		f->constant = false;
		add_once(p->a, &f->functions, lower(p->a, token_value(p->a, DIALECT_SQLITE, t)));
		return 1;
	}
	if (t.kind == TOKEN_WORD) {
		if (token_is(t, "SELECT") || token_is(t, "EXISTS")) {
			f->has_subquery = true;
			f->constant = false;
		}
		if (IN(t.text, clocks)) {
			f->constant = false;
			add_once(p->a, &f->functions, lower(p->a, t.text));
			return 1;
		}
		if (token_is(t, "COLLATE"))
			return 2;
		if (IN(t.text, in_expressions) && token_punct(tok(p, i + 1), "."))
			return 2; /* a table that is called like a word */
		if (token_is(t, "CAST") || token_is(t, "RAISE") || IN(t.text, constants) ||
			IN(t.text, keywords) || IN(t.text, in_expressions))
			return 1;
		/* x'00' is a blob: the lexer gives it whole; CAST (a AS type) names a type. */
		if (i > from && token_is(tok(p, i - 1), "AS")) {
			add_once(p->a, &f->types, t.text);
			return 1;
		}
	}
	if (token_punct(tok(p, i + 1), "."))
		return 2; /* the qualifier */
	f->has_columns = true;
	f->constant = false;
	add_once(p->a, &f->columns, token_value(p->a, DIALECT_SQLITE, t));
	return 1;
}

struct expr p_expr(const struct parse *p, size_t from, size_t to)
{
	struct expr_facts *f;
	struct expr e = {.text = p_text(p, from, to)};

	if (!e.text.len)
		return e;
	f = ARENA_NEW(p->a, struct expr_facts);
	f->constant = true;
	for (size_t i = from; i < to;)
		i += look(p, from, i, f);
	while (from + 1 < to && token_punct(tok(p, from), "(") &&
		token_punct(tok(p, to - 1), ")")) {
		from++;
		to--;
	}
	f->null = from + 1 == to && token_is(tok(p, from), "NULL");
	e.facts = f;
	return e;
}
