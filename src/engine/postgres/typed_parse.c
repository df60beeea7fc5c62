/* typed_parse.c - expressions and queries from tokens, by precedence (the manual, "Operator
 * Precedence"). See typed.h. */
#include "engine/postgres/typed.h"
#include "sql/quote.h"
#include "sql/token.h"

#include <stdint.h>

enum { TOKENS_MAX = 6000, DEPTH_MAX = 120 };

enum bind {
	BIND_NONE,
	BIND_OR,
	BIND_AND,
	BIND_NOT,
	BIND_IS,
	BIND_COMPARE,
	BIND_IN,
	BIND_OTHER,
	BIND_ADD,
	BIND_MULTIPLY,
	BIND_POWER,
	BIND_ZONE,
	BIND_COLLATE,
	BIND_SIGN,
};

struct parse {
	struct arena *a;
	struct slice text;
	struct token *t;
	size_t n, at;
	unsigned depth;
	bool failed;
};

static struct typed_node *expr(struct parse *p, enum bind least);
static struct typed_query *query(struct parse *p);

/* ---- Tokens ---- */
static bool start(struct parse *p, struct arena *a, struct slice text)
{
	struct lexer x;
	struct token t;
	size_t room = 0;

	*p = (struct parse){.a = a, .text = text};
	lexer_init(&x, DIALECT_POSTGRES, text);
	do {
		t = lexer_next(&x);
		if (t.kind == TOKEN_BAD || p->n > TOKENS_MAX)
			return false;
		if (p->n == room) {
			struct token *more = ARENA_ARRAY(a, room ? room * 4 : 24, struct token);

			if (p->n)
				memcpy(more, p->t, p->n * sizeof *more);
			p->t = more;
			room = room ? room * 4 : 24;
		}
		p->t[p->n++] = t;
	} while (t.kind != TOKEN_END);
	return true;
}

static struct token ahead(const struct parse *p, size_t by)
{
	return p->t[p->at + by < p->n ? p->at + by : p->n - 1];
}

static struct token peek(const struct parse *p)
{
	return ahead(p, 0);
}

static bool word(const struct parse *p, const char *w)
{
	return token_is(peek(p), w);
}

static bool punct(const struct parse *p, const char *s)
{
	return token_punct(peek(p), s);
}

static void skip(struct parse *p)
{
	if (p->at + 1 < p->n)
		p->at++;
}

static bool take_word(struct parse *p, const char *w)
{
	bool is = word(p, w);

	if (is)
		skip(p);
	return is;
}

static bool take(struct parse *p, const char *s)
{
	bool is = punct(p, s);

	if (is)
		skip(p);
	return is;
}

static void expect(struct parse *p, const char *s)
{
	if (!take(p, s))
		p->failed = true;
}

static bool is_identifier(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
}

static struct slice identifier(struct parse *p)
{
	struct token t = peek(p);

	if (!is_identifier(t)) {
		p->failed = true;
		return SLICE_NONE;
	}
	skip(p);
	return token_value(p->a, DIALECT_POSTGRES, t);
}

/* Over what stands in brackets, behind the opening one. */
static void skip_brackets(struct parse *p)
{
	for (int depth = 1; depth && peek(p).kind != TOKEN_END; skip(p)) {
		depth += punct(p, "(") || punct(p, "[");
		depth -= punct(p, ")") || punct(p, "]");
	}
}

/* ---- Nodes ---- */
static struct typed_node *node(struct parse *p, enum node_kind kind, struct slice text)
{
	struct typed_node *n = ARENA_NEW(p->a, struct typed_node);

	*n = (struct typed_node){.kind = kind, .text = text};
	return n;
}

static void add(struct parse *p, struct typed_node *to, struct typed_node *arg)
{
	*ARENA_PUSH(p->a, to->args, to->n) = arg;
}

static struct typed_node *two(struct parse *p, enum node_kind kind, struct slice text,
	struct typed_node *a, struct typed_node *b)
{
	struct typed_node *n = node(p, kind, text);

	add(p, n, a);
	if (b)
		add(p, n, b);
	return n;
}

static void arguments(struct parse *p, struct typed_node *to, const char *close)
{
	if (take(p, close))
		return;
	do
		add(p, to, expr(p, BIND_NONE));
	while (take(p, ",") && !p->failed);
	expect(p, close);
}

/* ---- Types ---- */
static const struct {
	const char *written, *shown;
} type_words[] = {{"int", "integer"}, {"int4", "integer"}, {"int2", "smallint"}, {"int8", "bigint"},
	{"bool", "boolean"}, {"float4", "real"}, {"float8", "double precision"},
	{"float", "double precision"}, {"decimal", "numeric"}, {"dec", "numeric"},
	{"varchar", "character varying"}, {"char", "character"}, {"bpchar", "character"},
	{"varbit", "bit varying"}, {"timestamptz", "timestamp with time zone"},
	{"timestamp", "timestamp without time zone"}, {"timetz", "time with time zone"},
	{"time", "time without time zone"}};

static struct slice modifiers(struct parse *p)
{
	size_t from = peek(p).off, end;

	if (!take(p, "("))
		return SLICE_NONE;
	skip_brackets(p);
	end = p->t[p->at - 1].off + 1;
	return slice_sub(p->text, from, end - from);
}

static bool is_interval_field(struct token t)
{
	static const char *const fields[] = {"year", "month", "day", "hour", "minute", "second"};

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (token_is(t, fields[i]))
			return true;
	return false;
}

/* "with time zone", "without time zone": *zone is set. */
static bool zone_words(struct parse *p, bool *zone)
{
	if (!(word(p, "with") || word(p, "without")) || !token_is(ahead(p, 1), "time") ||
		!token_is(ahead(p, 2), "zone"))
		return false;
	*zone = word(p, "with");
	p->at += 3;
	return true;
}

static struct slice shown_type(struct parse *p, struct slice written)
{
	struct slice name = written, mods;
	const char *at_end = NULL;
	bool zone = false, timely = slice_is(name, "timestamp") || slice_is(name, "time");

	if (slice_is(name, "double") && take_word(p, "precision"))
		name = SL("double precision");
	if (slice_is(name, "character") && take_word(p, "varying"))
		name = SL("character varying");
	if (slice_is(name, "char") && take_word(p, "varying"))
		name = SL("character varying");
	if (slice_is(name, "bit") && take_word(p, "varying"))
		name = SL("bit varying");
	if (slice_is(name, "interval")) {
		while (is_interval_field(peek(p)) || (word(p, "to") && is_interval_field(ahead(p, 1))))
			skip(p);
	}
	mods = modifiers(p);
	if (timely && zone_words(p, &zone) && zone)
		name = slice_is(name, "time") ? SL("timetz") : SL("timestamptz");
	for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++)
		if (slice_is(name, type_words[i].written)) {
			name = slice_of(type_words[i].shown);
			break;
		}
	if (slice_starts(name, "time") && slice_chr(name, ' ') != SIZE_MAX) {
		at_end = name.at + slice_chr(name, ' ');
		if (mods.len)
			return arena_printf(p->a, "%.*s%.*s%.*s", (int)(at_end - name.at), name.at,
				SLICE(mods), (int)(name.len - (size_t)(at_end - name.at)), at_end);
	}
	return mods.len ? arena_printf(p->a, "%.*s%.*s", SLICE(name), SLICE(mods)) : name;
}

static struct slice type_name(struct parse *p)
{
	struct token t = peek(p);
	struct slice name, schema = SLICE_NONE;

	if (take_word(p, "setof"))
		t = peek(p);
	name = identifier(p);
	if (take(p, ".")) {
		schema = name;
		t = peek(p);
		name = identifier(p);
	}
	if (t.kind == TOKEN_WORD && (!schema.len || slice_is(schema, "pg_catalog"))) {
		name = shown_type(p, name);
	} else {
		struct buf b = {0};

		if (schema.len)
			quote_name_pretty(&b, DIALECT_POSTGRES, schema, name);
		else
			quote_ident_pretty(&b, DIALECT_POSTGRES, name);
		name = arena_slice(p->a, (struct slice){b.at, b.len});
		buf_done(&b);
		if (punct(p, "("))
			name = arena_printf(p->a, "%.*s%.*s", SLICE(name), SLICE(modifiers(p)));
	}
	while (punct(p, "[") || word(p, "array")) {
		if (!take_word(p, "array")) {
			skip(p);
			skip_brackets(p);
		} else if (take(p, "[")) {
			skip_brackets(p);
		}
		name = slice_ends(name, "[]") ? name : arena_printf(p->a, "%.*s[]", SLICE(name));
	}
	return name;
}

/* ---- Calls ---- */
static bool is_now(struct token t)
{
	static const char *const words[] = {"current_timestamp", "current_date", "current_time",
		"localtime", "localtimestamp", "current_user", "session_user", "user",
		"current_role", "current_catalog", "current_schema", "system_user"};

	for (size_t i = 0; t.kind == TOKEN_WORD && i < sizeof words / sizeof *words; i++)
		if (slice_iis(t.text, words[i]))
			return true;
	return false;
}

/* EXTRACT (field FROM x), POSITION (a IN b), SUBSTRING (x FROM a FOR b), TRIM (…): turned into calls.
 * False: they are calls already. */
static bool special_call(struct parse *p, struct typed_node *c)
{
	struct typed_node *a, *b;

	if (slice_is(c->text, "extract")) {
		struct token t = peek(p);

		skip(p);
		add(p, c, node(p, NODE_STRING, token_value(p->a, DIALECT_POSTGRES, t)));
		if (!take_word(p, "from"))
			p->failed = true;
		add(p, c, expr(p, BIND_NONE));
		return true;
	}
	if (slice_is(c->text, "position")) {
		a = expr(p, BIND_OTHER);
		if (!take_word(p, "in"))
			p->failed = true;
		b = expr(p, BIND_OTHER);
		add(p, c, b);
		add(p, c, a);
		return true;
	}
	if (slice_is(c->text, "trim")) {
		c->text = take_word(p, "leading") ? SL("ltrim")
			  : take_word(p, "trailing")
				  ? SL("rtrim")
				  : (take_word(p, "both"), SL("btrim"));
		a = word(p, "from") ? NULL : expr(p, BIND_NONE);
		b = take_word(p, "from") ? expr(p, BIND_NONE) : NULL;
		if (!a && !b)
			p->failed = true;
		add(p, c, b ? b : a);
		if (a && (b || take(p, ",")))
			add(p, c, b ? a : expr(p, BIND_NONE));
		return true;
	}
	return false;
}

static void call_arguments(struct parse *p, struct typed_node *c)
{
	if (take(p, ")"))
		return;
	if (take(p, "*")) {
		c->opaque_call = !slice_is(c->text, "count");
		expect(p, ")");
		return;
	}
	if (slice_empty(c->qualifier) && special_call(p, c)) {
		expect(p, ")");
		return;
	}
	if (take_word(p, "distinct"))
		c->flag = true;
	else
		take_word(p, "all");
	do {
		if (take_word(p, "variadic"))
			c->opaque_call = true;
		if (is_identifier(peek(p)) &&
			(token_punct(ahead(p, 1), "=>") || token_punct(ahead(p, 1), ":="))) {
			c->opaque_call = true;
			p->at += 2;
		}
		add(p, c, expr(p, BIND_NONE));
		if (slice_is(c->text, "substring") || slice_is(c->text, "overlay")) {
			if (take_word(p, "placing") || take_word(p, "from"))
				add(p, c, expr(p, BIND_NONE));
			if (take_word(p, "from") || take_word(p, "for"))
				add(p, c, expr(p, BIND_NONE));
			if (take_word(p, "for"))
				add(p, c, expr(p, BIND_NONE));
		}
	} while (take(p, ",") && !p->failed);
	if (word(p, "order")) {
		skip(p);
		skip_brackets(p);
		return;
	}
	expect(p, ")");
}

static struct typed_node *call(struct parse *p, struct slice schema, struct slice name)
{
	struct typed_node *c = node(p, NODE_CALL, name);

	c->qualifier = schema;
	call_arguments(p, c);
	if (word(p, "within") && token_is(ahead(p, 1), "group")) {
		p->at += 2;
		expect(p, "(");
		skip_brackets(p);
		c->opaque_call = true;
	}
	if (word(p, "filter") && token_punct(ahead(p, 1), "(")) {
		p->at += 2;
		skip_brackets(p);
	}
	if (take_word(p, "over")) {
		c->window = true;
		if (take(p, "("))
			skip_brackets(p);
		else
			identifier(p);
	}
	return c;
}

/* ---- Primaries ---- */
static struct typed_node *case_(struct parse *p)
{
	struct typed_node *n = node(p, NODE_CASE, SLICE_NONE);

	if (!word(p, "when"))
		n->operand = expr(p, BIND_NONE);
	while (take_word(p, "when") && !p->failed) {
		add(p, n, expr(p, BIND_NONE));
		if (!take_word(p, "then"))
			p->failed = true;
		add(p, n, expr(p, BIND_NONE));
	}
	if (take_word(p, "else"))
		add(p, n, expr(p, BIND_NONE));
	if (!take_word(p, "end"))
		p->failed = true;
	return n;
}

static bool begins_query(const struct parse *p)
{
	return word(p, "select") || word(p, "with") || word(p, "values") || word(p, "table") ||
	       (punct(p, "(") && (token_is(ahead(p, 1), "select")));
}

static struct typed_node *of_query(struct parse *p, enum node_kind kind)
{
	struct typed_node *n = node(p, kind, SLICE_NONE);

	n->query = query(p);
	expect(p, ")");
	return n;
}

static struct typed_node *brackets(struct parse *p)
{
	struct typed_node *n;

	if (begins_query(p))
		return of_query(p, NODE_QUERY);
	n = node(p, NODE_ROW, SLICE_NONE);
	arguments(p, n, ")");
	return n->n == 1 ? n->args[0] : n;
}

static struct typed_node *array(struct parse *p)
{
	struct typed_node *n = node(p, NODE_ARRAY, SLICE_NONE);

	if (take(p, "("))
		return of_query(p, NODE_ARRAY_QUERY);
	expect(p, "[");
	if (punct(p, "[")) { /* of arrays */
		skip_brackets(p);
		return node(p, NODE_OPAQUE, SLICE_NONE);
	}
	arguments(p, n, "]");
	return n;
}

/* A name, its parts, a call. */
static struct typed_node *named(struct parse *p)
{
	struct slice parts[4];
	size_t n = 0;
	struct typed_node *c;
	bool plain = peek(p).kind == TOKEN_WORD;

	parts[n++] = identifier(p);
	while (punct(p, ".") && n < 4 && !p->failed) {
		skip(p);
		if (take(p, "*")) {
			c = node(p, NODE_STAR, SLICE_NONE);
			c->qualifier = parts[n - 1];
			return c;
		}
		parts[n++] = identifier(p);
	}
	if (take(p, "("))
		return n <= 2 ? call(p, n == 2 ? parts[0] : SLICE_NONE, parts[n - 1])
			      : (p->failed = true, node(p, NODE_OPAQUE, SLICE_NONE));
	/* date '2024-01-01' */
	if (plain && n == 1 && peek(p).kind == TOKEN_STRING) {
		p->at--;
		c = node(p, NODE_CAST, type_name(p));
		if (peek(p).kind != TOKEN_STRING) {
			p->failed = true;
			return c;
		}
		add(p, c, node(p, NODE_STRING, token_value(p->a, DIALECT_POSTGRES, peek(p))));
		skip(p);
		while (slice_starts(c->text, "interval") &&
			(is_interval_field(peek(p)) || (word(p, "to") && is_interval_field(ahead(p, 1)))))
			skip(p);
		return c;
	}
	if (n > 2) /* schema.table.column: the table's name is enough */
		parts[n - 3] = SLICE_NONE;
	c = node(p, NODE_COLUMN, parts[n - 1]);
	c->qualifier = n > 1 ? parts[n - 2] : SLICE_NONE;
	return c;
}

/* timestamp with time zone '…', double precision '…' */
static bool typed_string(const struct parse *p)
{
	if (!(word(p, "timestamp") || word(p, "time") || word(p, "double") || word(p, "character")))
		return false;
	for (size_t i = 1; i < 8; i++) {
		struct token t = ahead(p, i);

		if (t.kind == TOKEN_STRING)
			return true;
		if (!token_is(t, "with") && !token_is(t, "without") && !token_is(t, "time") &&
			!token_is(t, "zone") && !token_is(t, "precision") &&
			!token_is(t, "varying") && !token_punct(t, "(") && !token_punct(t, ")") &&
			t.kind != TOKEN_NUMBER)
			return false;
	}
	return false;
}

static struct typed_node *word_primary(struct parse *p)
{
	struct token t = peek(p);
	struct typed_node *n;

	if (token_is(t, "true") || token_is(t, "false")) {
		n = node(p, NODE_BOOL, SLICE_NONE);
		n->flag = take_word(p, "true");
		if (!n->flag)
			skip(p);
		return n;
	}
	if (take_word(p, "null"))
		return node(p, NODE_NULL, SLICE_NONE);
	if (take_word(p, "default"))
		return node(p, NODE_DEFAULT, SLICE_NONE);
	if (take_word(p, "case"))
		return case_(p);
	if (word(p, "cast") && token_punct(ahead(p, 1), "(")) {
		p->at += 2;
		n = two(p, NODE_CAST, SLICE_NONE, expr(p, BIND_NONE), NULL);
		if (!take_word(p, "as"))
			p->failed = true;
		n->text = type_name(p);
		expect(p, ")");
		return n;
	}
	if (word(p, "exists") && token_punct(ahead(p, 1), "(")) {
		p->at += 2;
		return of_query(p, NODE_EXISTS);
	}
	if (word(p, "array") &&
		(token_punct(ahead(p, 1), "[") || token_punct(ahead(p, 1), "("))) {
		skip(p);
		return array(p);
	}
	if (word(p, "row") && token_punct(ahead(p, 1), "(")) {
		p->at += 2;
		n = node(p, NODE_ROW, SLICE_NONE);
		arguments(p, n, ")");
		return n;
	}
	if (is_now(t)) {
		skip(p);
		if (take(p, "("))
			skip_brackets(p);
		return node(p, NODE_NOW, t.text);
	}
	if (typed_string(p)) {
		n = node(p, NODE_CAST, type_name(p));
		add(p, n, node(p, NODE_STRING, token_value(p->a, DIALECT_POSTGRES, peek(p))));
		if (peek(p).kind != TOKEN_STRING)
			p->failed = true;
		skip(p);
		return n;
	}
	return named(p);
}

static struct typed_node *primary(struct parse *p)
{
	struct token t = peek(p);

	switch (t.kind) {
	case TOKEN_NUMBER:
		skip(p);
		return node(p, NODE_NUMBER, t.text);
	case TOKEN_STRING:
		skip(p);
		if (strchr("bBxX", t.text.at[0]))
			return node(p, NODE_OPAQUE, SLICE_NONE);
		return node(p, NODE_STRING, token_value(p->a, DIALECT_POSTGRES, t));
	case TOKEN_PARAM:
		skip(p);
		return node(p, NODE_PARAM, t.text);
	case TOKEN_QUOTED:
		return named(p);
	case TOKEN_WORD:
		return word_primary(p);
	case TOKEN_PUNCT:
		if (take(p, "("))
			return brackets(p);
		if (take(p, "*"))
			return node(p, NODE_STAR, SLICE_NONE);
		break;
	case TOKEN_END:
	case TOKEN_BLANK:
	case TOKEN_COMMENT:
	case TOKEN_BAD:
		break;
	}
	p->failed = true;
	return node(p, NODE_OPAQUE, SLICE_NONE);
}

static struct typed_node *postfix(struct parse *p, struct typed_node *n)
{
	for (;;) {
		if (take(p, "::")) {
			n = two(p, NODE_CAST, type_name(p), n, NULL);
		} else if (take(p, "[")) {
			n = two(p, NODE_SUBSCRIPT, SLICE_NONE, n, NULL);
			skip_brackets(p);
		} else if (punct(p, ".") && n->kind != NODE_NUMBER) {
			skip(p);
			n = two(p, NODE_FIELD, SLICE_NONE, n, NULL);
			if (!take(p, "*"))
				n->text = identifier(p);
		} else {
			return n;
		}
		if (p->failed)
			return n;
	}
}

/* ---- Operators ---- */
static enum bind bind_of(struct token t)
{
	static const char *const not_operators[] = {
		"(", ")", "[", "]", ",", ";", ".", "..", ":", "::", ":=", "=>"};

	if (t.kind != TOKEN_PUNCT)
		return BIND_NONE;
	for (size_t i = 0; i < sizeof not_operators / sizeof *not_operators; i++)
		if (slice_is(t.text, not_operators[i]))
			return BIND_NONE;
	if (slice_is(t.text, "=") || slice_is(t.text, "<") || slice_is(t.text, ">") ||
		slice_is(t.text, "<=") || slice_is(t.text, ">=") || slice_is(t.text, "<>") ||
		slice_is(t.text, "!="))
		return BIND_COMPARE;
	if (slice_is(t.text, "+") || slice_is(t.text, "-"))
		return BIND_ADD;
	if (slice_is(t.text, "*") || slice_is(t.text, "/") || slice_is(t.text, "%"))
		return BIND_MULTIPLY;
	return slice_is(t.text, "^") ? BIND_POWER : BIND_OTHER;
}

static struct typed_node *quantified(struct parse *p, struct slice op, struct typed_node *left)
{
	struct typed_node *n = two(p, NODE_ANY, op, left, NULL);

	n->flag = word(p, "all");
	p->at += 2;
	if (begins_query(p)) {
		n->query = query(p);
	} else {
		add(p, n, expr(p, BIND_NONE));
	}
	expect(p, ")");
	return n;
}

static struct typed_node *in_list(struct parse *p, struct typed_node *left, bool not_)
{
	struct typed_node *n = two(p, NODE_IN, SLICE_NONE, left, NULL);

	n->flag = not_;
	expect(p, "(");
	if (begins_query(p)) {
		n->query = query(p);
		expect(p, ")");
	} else {
		arguments(p, n, ")");
	}
	return n;
}

static struct typed_node *like(struct parse *p, struct typed_node *left, const char *op)
{
	struct typed_node *n = two(p, NODE_OP, slice_of(op), left, expr(p, BIND_OTHER));

	if (take_word(p, "escape")) {
		expr(p, BIND_OTHER);
		n->opaque_call = true; /* its value is not worked out */
	}
	return n;
}

/* BETWEEN, IN, LIKE, ILIKE, SIMILAR TO, with or without NOT; NULL: none of them stands here. */
static struct typed_node *predicate(struct parse *p, struct typed_node *left)
{
	bool not_ = word(p, "not");
	struct token t = ahead(p, not_ ? 1 : 0);
	struct typed_node *n;

	if (!token_is(t, "between") && !token_is(t, "in") && !token_is(t, "like") &&
		!token_is(t, "ilike") && !token_is(t, "similar"))
		return NULL;
	p->at += not_ ? 2 : 1;
	if (token_is(t, "between")) {
		n = two(p, NODE_BETWEEN, SLICE_NONE, left, NULL);
		n->opaque_call = take_word(p, "symmetric");
		take_word(p, "asymmetric");
		n->flag = not_;
		add(p, n, expr(p, BIND_OTHER));
		if (!take_word(p, "and"))
			p->failed = true;
		add(p, n, expr(p, BIND_OTHER));
		return n;
	}
	if (token_is(t, "in"))
		return in_list(p, left, not_);
	if (token_is(t, "similar")) {
		if (!take_word(p, "to"))
			p->failed = true;
		n = two(p, NODE_OPAQUE, SLICE_NONE, left, expr(p, BIND_OTHER));
		if (take_word(p, "escape"))
			expr(p, BIND_OTHER);
		return n;
	}
	if (token_is(t, "like"))
		return like(p, left, not_ ? "!~~" : "~~");
	return like(p, left, not_ ? "!~~*" : "~~*");
}

static struct typed_node *is_test(struct parse *p, struct typed_node *left)
{
	struct typed_node *n = two(p, NODE_IS, SLICE_NONE, left, NULL);

	n->flag = take_word(p, "not");
	if (take_word(p, "distinct")) {
		if (!take_word(p, "from"))
			p->failed = true;
		n->text = SL("distinct");
		add(p, n, expr(p, BIND_IS));
		return n;
	}
	if (!word(p, "null") && !word(p, "true") && !word(p, "false") && !word(p, "unknown"))
		p->failed = true;
	n->text = peek(p).text;
	skip(p);
	return n;
}

/* Words that go on with an expression; NULL: it ends here. */
static struct typed_node *word_infix(struct parse *p, struct typed_node *left, enum bind least)
{
	struct typed_node *n;

	if (least < BIND_OR && take_word(p, "or"))
		return two(p, NODE_OR, SLICE_NONE, left, expr(p, BIND_OR));
	if (least < BIND_AND && take_word(p, "and"))
		return two(p, NODE_AND, SLICE_NONE, left, expr(p, BIND_AND));
	if (least < BIND_IS && take_word(p, "is"))
		return is_test(p, left);
	if (least < BIND_IS && (word(p, "isnull") || word(p, "notnull"))) {
		n = two(p, NODE_IS, SL("null"), left, NULL);
		n->flag = word(p, "notnull");
		skip(p);
		return n;
	}
	if (least < BIND_IN && (n = predicate(p, left)))
		return n;
	if (least < BIND_ZONE && word(p, "at") && token_is(ahead(p, 1), "time")) {
		p->at += 3;
		n = two(p, NODE_CALL, SL("timezone"), expr(p, BIND_ZONE), left);
		return n;
	}
	if (least < BIND_COLLATE && take_word(p, "collate")) {
		n = two(p, NODE_COLLATE, identifier(p), left, NULL);
		if (take(p, "."))
			n->text = identifier(p);
		return n;
	}
	return NULL;
}

static struct typed_node *infix(struct parse *p, struct typed_node *left, enum bind least)
{
	struct token t = peek(p);
	enum bind b = bind_of(t);

	if (t.kind == TOKEN_WORD)
		return word_infix(p, left, least);
	if (b == BIND_NONE || b <= least)
		return NULL;
	skip(p);
	if ((word(p, "any") || word(p, "all") || word(p, "some")) &&
		token_punct(ahead(p, 1), "("))
		return quantified(p, t.text, left);
	return two(p, NODE_OP, slice_is(t.text, "!=") ? SL("<>") : t.text, left, expr(p, b));
}

static struct typed_node *expr(struct parse *p, enum bind least)
{
	struct typed_node *n, *more;
	struct token t = peek(p);

	if (p->failed || ++p->depth > DEPTH_MAX) {
		p->failed = true;
		return node(p, NODE_OPAQUE, SLICE_NONE);
	}
	if (take_word(p, "not"))
		n = two(p, NODE_NOT, SLICE_NONE, expr(p, BIND_NOT), NULL);
	else if (token_punct(t, "-") || token_punct(t, "+"))
		skip(p), n = two(p, NODE_OP, t.text, expr(p, BIND_SIGN), NULL);
	else if (bind_of(t) == BIND_OTHER)
		skip(p), n = two(p, NODE_OP, t.text, expr(p, BIND_OTHER), NULL);
	else
		n = postfix(p, primary(p));
	while (!p->failed && (more = infix(p, n, least)))
		n = more;
	p->depth--;
	return n;
}

/* ---- Queries ---- */
static bool ends_targets(const struct parse *p)
{
	static const char *const words[] = {"from", "where", "group", "having", "window", "union",
		"intersect", "except", "order", "limit", "offset", "fetch", "for", "into",
		"returning", "on", "join", "inner", "left", "right", "full", "cross", "natural",
		"using", "set", "values", "as", "tablesample", "with", "when", "select"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (word(p, words[i]))
			return true;
	return !is_identifier(peek(p));
}

static void targets(struct parse *p, struct typed_query *q)
{
	if (!is_identifier(peek(p)) && (peek(p).kind == TOKEN_END || punct(p, ")")))
		return;
	if (word(p, "from"))
		return;
	do {
		struct typed_target *t = ARENA_PUSH(p->a, q->targets, q->ntargets);

		*t = (struct typed_target){.value = expr(p, BIND_NONE)};
		if (take_word(p, "as"))
			t->name = identifier(p);
		else if (!ends_targets(p))
			t->name = identifier(p);
	} while (take(p, ",") && !p->failed);
}

static struct names name_list(struct parse *p)
{
	struct names n = {0};

	expect(p, "(");
	do
		names_add(p->a, &n, identifier(p));
	while (take(p, ",") && !p->failed);
	if (!punct(p, ")")) /* (a integer, b text): a function's */
		skip_brackets(p);
	else
		skip(p);
	return n;
}

static void alias(struct parse *p, struct typed_from *f)
{
	bool as = take_word(p, "as");

	if (as && punct(p, "("))
		f->opaque = true;
	else if (as || !ends_targets(p))
		f->alias = identifier(p);
	if (punct(p, "(") && (as || f->alias.len))
		f->columns = name_list(p);
}

static void relation(struct parse *p, struct typed_query *q);

/* From the first relation of a FROM clause on: JOINs. */
static void joins(struct parse *p, struct typed_query *q)
{
	for (;;) {
		bool natural = take_word(p, "natural"), cross = take_word(p, "cross");
		struct typed_from *f;

		if (!cross) {
			if (take_word(p, "left") || take_word(p, "right") || take_word(p, "full"))
				take_word(p, "outer");
			else
				take_word(p, "inner");
		}
		if (!take_word(p, "join"))
			return;
		relation(p, q);
		f = &q->from[q->nfrom - 1];
		f->natural = natural;
		if (!cross && !natural && take_word(p, "on")) {
			struct typed_node *on = expr(p, BIND_NONE);

			q->from[q->nfrom - 1].on = on;
		} else if (!cross && !natural && take_word(p, "using")) {
			f->using_ = name_list(p);
			if (take_word(p, "as"))
				p->failed = true;
		}
		if (p->failed)
			return;
	}
}

static void relation(struct parse *p, struct typed_query *q)
{
	struct typed_from f = {0};

	take_word(p, "lateral");
	take_word(p, "only");
	if (p->failed || ++p->depth > DEPTH_MAX) {
		p->failed = true;
	} else if (take(p, "(")) {
		if (!begins_query(p)) { /* (a JOIN b) */
			relation(p, q);
			joins(p, q);
			expect(p, ")");
			if (word(p, "as") || !ends_targets(p))
				p->failed = true;
			p->depth--;
			return;
		}
		f.query = query(p);
		expect(p, ")");
	} else if (word(p, "rows") && token_is(ahead(p, 1), "from")) {
		p->failed = true;
	} else {
		f.relation.name = identifier(p);
		if (take(p, ".")) {
			f.relation.schema = f.relation.name;
			f.relation.name = identifier(p);
		}
		if (take(p, "(")) {
			skip_brackets(p);
			f.opaque = true;
			if (take_word(p, "with"))
				skip(p);
		}
		take(p, "*");
	}
	alias(p, &f);
	if (take_word(p, "tablesample"))
		p->failed = true;
	*ARENA_PUSH(p->a, q->from, q->nfrom) = f;
	p->depth--;
}

static void from(struct parse *p, struct typed_query *q)
{
	do {
		relation(p, q);
		joins(p, q);
	} while (take(p, ",") && !p->failed);
}

static void expressions(struct parse *p, struct typed_node ***out, size_t *n)
{
	do {
		struct typed_node *e = expr(p, BIND_NONE);

		*ARENA_PUSH(p->a, *out, *n) = e;
		if (!take_word(p, "asc") && !take_word(p, "desc") && take_word(p, "using"))
			skip(p);
		if (take_word(p, "nulls"))
			skip(p);
	} while (take(p, ",") && !p->failed);
}

static void with(struct parse *p, struct typed_query *q)
{
	take_word(p, "recursive");
	do {
		struct typed_with w = {.name = identifier(p)};

		if (punct(p, "("))
			w.columns = name_list(p);
		if (!take_word(p, "as"))
			p->failed = true;
		if (take_word(p, "not") || word(p, "materialized"))
			take_word(p, "materialized");
		expect(p, "(");
		if (begins_query(p)) {
			w.query = query(p);
			expect(p, ")");
		} else {
			skip_brackets(p);
		}
		if (word(p, "search") || word(p, "cycle"))
			p->failed = true;
		*ARENA_PUSH(p->a, q->with, q->nwith) = w;
	} while (take(p, ",") && !p->failed);
}

static void values(struct parse *p, struct typed_query *q)
{
	q->values = true;
	do {
		struct typed_node *row = node(p, NODE_ROW, SLICE_NONE);

		expect(p, "(");
		arguments(p, row, ")");
		for (size_t i = 0; q->ntargets < row->n && i < row->n && !q->targets; i++)
			;
		if (!q->ntargets)
			for (size_t i = 0; i < row->n; i++)
				*ARENA_PUSH(p->a, q->targets, q->ntargets) = (struct typed_target){
					row->args[i], arena_printf(p->a, "column%zu", i + 1)};
		else if (row->n != q->ntargets)
			p->failed = true;
	} while (take(p, ",") && !p->failed);
}

static void select_list(struct parse *p, struct typed_query *q)
{
	if (take_word(p, "distinct")) {
		q->distinct = true;
		if (take_word(p, "on")) {
			expect(p, "(");
			skip_brackets(p);
		}
	} else {
		take_word(p, "all");
	}
	targets(p, q);
	if (word(p, "into"))
		p->failed = true;
	if (take_word(p, "from"))
		from(p, q);
	if (take_word(p, "where"))
		q->where = expr(p, BIND_NONE);
	if (word(p, "group") && token_is(ahead(p, 1), "by")) {
		p->at += 2;
		if (word(p, "grouping") || word(p, "rollup") || word(p, "cube") ||
			word(p, "distinct") || word(p, "all") ||
			(punct(p, "(") && token_punct(ahead(p, 1), ")")))
			p->failed = true;
		expressions(p, &q->group, &q->ngroup);
	}
	if (take_word(p, "having"))
		q->having = expr(p, BIND_NONE);
	if (word(p, "window"))
		p->failed = true;
}

/* One side of a UNION. */
static void side(struct parse *p, struct typed_query *q)
{
	if (take(p, "(")) {
		struct typed_query *inner = query(p);

		expect(p, ")");
		if (inner)
			*q = *inner;
	} else if (take_word(p, "select")) {
		select_list(p, q);
	} else if (take_word(p, "values")) {
		values(p, q);
	} else {
		p->failed = true;
	}
}

/* What may follow: ORDER BY, LIMIT, locks. */
static void tail(struct parse *p, struct typed_query *q)
{
	if (word(p, "order") && token_is(ahead(p, 1), "by")) {
		p->at += 2;
		expressions(p, &q->order, &q->norder);
	}
	while (!p->failed && peek(p).kind != TOKEN_END && !punct(p, ")") && !punct(p, ";")) {
		if (take_word(p, "limit") || take_word(p, "offset")) {
			if (!take_word(p, "all"))
				expr(p, BIND_NONE);
			if (!take_word(p, "rows"))
				take_word(p, "row");
		} else if (take_word(p, "fetch")) {
			while (is_identifier(peek(p)) || peek(p).kind == TOKEN_NUMBER)
				skip(p);
		} else if (take_word(p, "for")) {
			while (is_identifier(peek(p)) || punct(p, ",") || punct(p, "."))
				skip(p);
		} else {
			return;
		}
	}
}

static struct typed_query *query(struct parse *p)
{
	struct typed_query *q = ARENA_NEW(p->a, struct typed_query), *last = q;

	*q = (struct typed_query){0};
	if (p->failed || ++p->depth > DEPTH_MAX) {
		p->failed = true;
		return q;
	}
	if (take_word(p, "with"))
		with(p, q);
	side(p, q);
	while (!p->failed && (word(p, "union") || word(p, "intersect") || word(p, "except"))) {
		skip(p);
		if (!take_word(p, "all"))
			take_word(p, "distinct");
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
struct typed_node *typed_expr(struct arena *a, struct slice text)
{
	struct typed_node *n;
	struct parse p;

	if (!start(&p, a, text))
		return NULL;
	n = expr(&p, BIND_NONE);
	return p.failed || peek(&p).kind != TOKEN_END ? NULL : n;
}

struct typed_query *typed_query(struct arena *a, struct slice text)
{
	struct typed_query *q;
	struct parse p;

	if (!start(&p, a, text) || !(begins_query(&p) || punct(&p, "(")))
		return NULL;
	q = query(&p);
	q->end = peek(&p).off;
	return p.failed ? NULL : q;
}

/* One column, or several in brackets, each with what it gets. */
static void set_one(struct parse *p, struct typed_dml *d)
{
	struct typed_node *value, *row = NULL, *opaque = node(p, NODE_OPAQUE, SLICE_NONE);
	struct names columns = {0};
	bool several = take(p, "("), part = false;

	do
		names_add(p->a, &columns, identifier(p));
	while (several && take(p, ",") && !p->failed);
	if (several)
		expect(p, ")");
	for (; punct(p, "[") || punct(p, "."); part = true) {
		skip(p);
		if (p->t[p->at - 1].text.at[0] == '[')
			skip_brackets(p);
		else
			identifier(p);
	}
	expect(p, "=");
	value = expr(p, BIND_NONE);
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
	while (take(p, ",") && !p->failed);
}

struct typed_dml *typed_dml(struct arena *a, struct slice text)
{
	struct typed_dml *d = ARENA_NEW(a, struct typed_dml);
	struct typed_query first = {0};
	struct parse p;
	bool update;

	*d = (struct typed_dml){0};
	if (!start(&p, a, text))
		return NULL;
	if (take_word(&p, "with"))
		with(&p, &d->query);
	update = take_word(&p, "update");
	if (!update && !(take_word(&p, "delete") && take_word(&p, "from")))
		return NULL;
	relation(&p, &first);
	if (p.failed || first.nfrom != 1)
		return NULL;
	d->target = first.from[0];
	if (update) {
		if (!take_word(&p, "set"))
			return NULL;
		set_clause(&p, d);
	}
	if (take_word(&p, update ? "from" : "using"))
		from(&p, &d->query);
	if (take_word(&p, "where")) {
		if (word(&p, "current"))
			return NULL;
		d->query.where = expr(&p, BIND_NONE);
	}
	if (take_word(&p, "returning"))
		targets(&p, &d->query);
	take(&p, ";");
	return p.failed || peek(&p).kind != TOKEN_END ? NULL : d;
}

/* ON CONFLICT … DO UPDATE SET …; what it conflicts with is not read. */
static void conflict(struct parse *p, struct typed_insert *in)
{
	while (peek(p).kind != TOKEN_END && !word(p, "do")) {
		if (take(p, "("))
			skip_brackets(p);
		else
			skip(p);
	}
	take_word(p, "do");
	if (take_word(p, "nothing"))
		return;
	if (!take_word(p, "update") || !take_word(p, "set")) {
		p->failed = true;
		return;
	}
	set_clause(p, &in->conflict);
	if (take_word(p, "where"))
		in->conflict.query.where = expr(p, BIND_NONE);
}

struct typed_insert *typed_insert(struct arena *a, struct slice text)
{
	struct typed_insert *in = ARENA_NEW(a, struct typed_insert);
	struct parse p;

	*in = (struct typed_insert){0};
	if (!start(&p, a, text) || !take_word(&p, "insert") || !take_word(&p, "into"))
		return NULL;
	in->target.relation.name = identifier(&p);
	if (take(&p, ".")) {
		in->target.relation.schema = in->target.relation.name;
		in->target.relation.name = identifier(&p);
	}
	if (take_word(&p, "as"))
		in->target.alias = identifier(&p);
	if (punct(&p, "(") && !token_is(ahead(&p, 1), "select") && !token_is(ahead(&p, 1), "with")) {
		skip(&p);
		skip_brackets(&p);
	}
	if (take_word(&p, "overriding"))
		p.at += 2;
	if (take_word(&p, "default"))
		take_word(&p, "values");
	else
		in->query = query(&p);
	if (word(&p, "on") && token_is(ahead(&p, 1), "conflict"))
		conflict(&p, in);
	if (take_word(&p, "returning"))
		targets(&p, &in->returning);
	take(&p, ";");
	return p.failed || peek(&p).kind != TOKEN_END ? NULL : in;
}
