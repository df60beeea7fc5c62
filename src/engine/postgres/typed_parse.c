/* typed_parse.c - expressions and queries from tokens, by precedence (the manual, "Operator
 * Precedence"). See typed.h. */
#include "engine/postgres/typed_parse.h"
#include "sql/quote.h"

#include <stdint.h>

/* ---- Tokens ---- */
bool parse_start(struct parse *p, struct arena *a, struct slice text)
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

void parse_skip(struct parse *p)
{
	if (p->at + 1 < p->n)
		p->at++;
}

bool parse_take_word(struct parse *p, const char *w)
{
	bool is = parse_word(p, w);

	if (is)
		parse_skip(p);
	return is;
}

bool parse_take(struct parse *p, const char *s)
{
	bool is = parse_punct(p, s);

	if (is)
		parse_skip(p);
	return is;
}

void parse_expect(struct parse *p, const char *s)
{
	if (!parse_take(p, s))
		p->failed = true;
}

bool parse_is_identifier(struct token t)
{
	return t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED;
}

struct slice parse_identifier(struct parse *p)
{
	struct token t = parse_peek(p);

	if (!parse_is_identifier(t)) {
		p->failed = true;
		return SLICE_NONE;
	}
	parse_skip(p);
	return token_value(p->a, DIALECT_POSTGRES, t);
}

/* Over what stands in brackets, behind the opening one. */
void parse_skip_brackets(struct parse *p)
{
	for (int depth = 1; depth && parse_peek(p).kind != TOKEN_END; parse_skip(p)) {
		depth += parse_punct(p, "(") || parse_punct(p, "[");
		depth -= parse_punct(p, ")") || parse_punct(p, "]");
	}
}

/* ---- Nodes ---- */
struct typed_node *parse_node(struct parse *p, enum node_kind kind, struct slice text)
{
	struct typed_node *n = ARENA_NEW(p->a, struct typed_node);

	*n = (struct typed_node){.kind = kind, .text = text};
	return n;
}

void parse_add(struct parse *p, struct typed_node *to, struct typed_node *arg)
{
	*ARENA_PUSH(p->a, to->args, to->n) = arg;
}

static struct typed_node *two(struct parse *p, enum node_kind kind, struct slice text,
	struct typed_node *a, struct typed_node *b)
{
	struct typed_node *n = parse_node(p, kind, text);

	parse_add(p, n, a);
	if (b)
		parse_add(p, n, b);
	return n;
}

void parse_arguments(struct parse *p, struct typed_node *to, const char *close)
{
	if (parse_take(p, close))
		return;
	do
		parse_add(p, to, parse_expr(p, BIND_NONE));
	while (parse_take(p, ",") && !p->failed);
	parse_expect(p, close);
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
	size_t from = parse_peek(p).off, end;

	if (!parse_take(p, "("))
		return SLICE_NONE;
	parse_skip_brackets(p);
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
	if (!(parse_word(p, "with") || parse_word(p, "without")) ||
		!token_is(parse_ahead(p, 1), "time") || !token_is(parse_ahead(p, 2), "zone"))
		return false;
	*zone = parse_word(p, "with");
	parse_skip_some(p, 3);
	return true;
}

static struct slice shown_type(struct parse *p, struct slice written)
{
	struct slice name = written, mods;
	const char *at_end = NULL;
	bool zone = false, timely = slice_is(name, "timestamp") || slice_is(name, "time");

	if (slice_is(name, "double") && parse_take_word(p, "precision"))
		name = SL("double precision");
	if (slice_is(name, "character") && parse_take_word(p, "varying"))
		name = SL("character varying");
	if (slice_is(name, "char") && parse_take_word(p, "varying"))
		name = SL("character varying");
	if (slice_is(name, "bit") && parse_take_word(p, "varying"))
		name = SL("bit varying");
	if (slice_is(name, "interval")) {
		while (is_interval_field(parse_peek(p)) ||
			(parse_word(p, "to") && is_interval_field(parse_ahead(p, 1))))
			parse_skip(p);
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
	struct token t = parse_peek(p);
	struct slice name, schema = SLICE_NONE;

	if (parse_take_word(p, "setof"))
		t = parse_peek(p);
	name = parse_identifier(p);
	if (parse_take(p, ".")) {
		schema = name;
		t = parse_peek(p);
		name = parse_identifier(p);
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
		if (parse_punct(p, "("))
			name = arena_printf(p->a, "%.*s%.*s", SLICE(name), SLICE(modifiers(p)));
	}
	while (parse_punct(p, "[") || parse_word(p, "array")) {
		if (!parse_take_word(p, "array")) {
			parse_skip(p);
			parse_skip_brackets(p);
		} else if (parse_take(p, "[")) {
			parse_skip_brackets(p);
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

/* EXTRACT (field FROM x), POSITION (a IN b), SUBSTRING (x FROM a FOR b), TRIM (…): turned into
 * calls. False: they are calls already. */
static bool special_call(struct parse *p, struct typed_node *c)
{
	struct typed_node *a, *b;

	if (slice_is(c->text, "extract")) {
		struct token t = parse_peek(p);

		parse_skip(p);
		parse_add(p, c, parse_node(p, NODE_STRING, token_value(p->a, DIALECT_POSTGRES, t)));
		if (!parse_take_word(p, "from"))
			p->failed = true;
		parse_add(p, c, parse_expr(p, BIND_NONE));
		return true;
	}
	if (slice_is(c->text, "position")) {
		a = parse_expr(p, BIND_OTHER);
		if (!parse_take_word(p, "in"))
			p->failed = true;
		b = parse_expr(p, BIND_OTHER);
		parse_add(p, c, b);
		parse_add(p, c, a);
		return true;
	}
	if (slice_is(c->text, "trim")) {
		c->text = parse_take_word(p, "leading") ? SL("ltrim")
			  : parse_take_word(p, "trailing")
				  ? SL("rtrim")
				  : (parse_take_word(p, "both"), SL("btrim"));
		a = parse_word(p, "from") ? NULL : parse_expr(p, BIND_NONE);
		b = parse_take_word(p, "from") ? parse_expr(p, BIND_NONE) : NULL;
		if (!a && !b)
			p->failed = true;
		parse_add(p, c, b ? b : a);
		if (a && (b || parse_take(p, ",")))
			parse_add(p, c, b ? a : parse_expr(p, BIND_NONE));
		return true;
	}
	return false;
}

static void call_arguments(struct parse *p, struct typed_node *c)
{
	if (parse_take(p, ")"))
		return;
	if (parse_take(p, "*")) {
		c->opaque_call = !slice_is(c->text, "count");
		parse_expect(p, ")");
		return;
	}
	if (slice_empty(c->qualifier) && special_call(p, c)) {
		parse_expect(p, ")");
		return;
	}
	if (parse_take_word(p, "distinct"))
		c->flag = true;
	else
		parse_take_word(p, "all");
	do {
		if (parse_take_word(p, "variadic"))
			c->opaque_call = true;
		if (parse_is_identifier(parse_peek(p)) &&
			(token_punct(parse_ahead(p, 1), "=>") ||
				token_punct(parse_ahead(p, 1), ":="))) {
			c->opaque_call = true;
			parse_skip_some(p, 2);
		}
		parse_add(p, c, parse_expr(p, BIND_NONE));
		if (slice_is(c->text, "substring") || slice_is(c->text, "overlay")) {
			if (parse_take_word(p, "placing") || parse_take_word(p, "from"))
				parse_add(p, c, parse_expr(p, BIND_NONE));
			if (parse_take_word(p, "from") || parse_take_word(p, "for"))
				parse_add(p, c, parse_expr(p, BIND_NONE));
			if (parse_take_word(p, "for"))
				parse_add(p, c, parse_expr(p, BIND_NONE));
		}
	} while (parse_take(p, ",") && !p->failed);
	if (parse_word(p, "order")) {
		parse_skip(p);
		parse_skip_brackets(p);
		return;
	}
	parse_expect(p, ")");
}

static struct typed_node *call(struct parse *p, struct slice schema, struct slice name)
{
	struct typed_node *c = parse_node(p, NODE_CALL, name);

	c->qualifier = schema;
	call_arguments(p, c);
	if (parse_word(p, "within") && token_is(parse_ahead(p, 1), "group")) {
		parse_skip_some(p, 2);
		parse_expect(p, "(");
		parse_skip_brackets(p);
		c->opaque_call = true;
	}
	if (parse_word(p, "filter") && token_punct(parse_ahead(p, 1), "(")) {
		parse_skip_some(p, 2);
		parse_skip_brackets(p);
	}
	if (parse_take_word(p, "over")) {
		c->window = true;
		if (parse_take(p, "("))
			parse_skip_brackets(p);
		else
			parse_identifier(p);
	}
	return c;
}

/* ---- Primaries ---- */
static struct typed_node *case_(struct parse *p)
{
	struct typed_node *n = parse_node(p, NODE_CASE, SLICE_NONE);

	if (!parse_word(p, "when"))
		n->operand = parse_expr(p, BIND_NONE);
	while (parse_take_word(p, "when") && !p->failed) {
		parse_add(p, n, parse_expr(p, BIND_NONE));
		if (!parse_take_word(p, "then"))
			p->failed = true;
		parse_add(p, n, parse_expr(p, BIND_NONE));
	}
	if (parse_take_word(p, "else"))
		parse_add(p, n, parse_expr(p, BIND_NONE));
	if (!parse_take_word(p, "end"))
		p->failed = true;
	return n;
}

bool parse_begins_query(const struct parse *p)
{
	return parse_word(p, "select") || parse_word(p, "with") || parse_word(p, "values") ||
	       parse_word(p, "table") ||
	       (parse_punct(p, "(") && (token_is(parse_ahead(p, 1), "select")));
}

static struct typed_node *of_query(struct parse *p, enum node_kind kind)
{
	struct typed_node *n = parse_node(p, kind, SLICE_NONE);

	n->query = parse_query(p);
	parse_expect(p, ")");
	return n;
}

static struct typed_node *brackets(struct parse *p)
{
	struct typed_node *n;

	if (parse_begins_query(p))
		return of_query(p, NODE_QUERY);
	n = parse_node(p, NODE_ROW, SLICE_NONE);
	parse_arguments(p, n, ")");
	return n->n == 1 ? n->args[0] : n;
}

static struct typed_node *array(struct parse *p)
{
	struct typed_node *n = parse_node(p, NODE_ARRAY, SLICE_NONE);

	if (parse_take(p, "("))
		return of_query(p, NODE_ARRAY_QUERY);
	parse_expect(p, "[");
	if (parse_punct(p, "[")) { /* of arrays */
		parse_skip_brackets(p);
		return parse_node(p, NODE_OPAQUE, SLICE_NONE);
	}
	parse_arguments(p, n, "]");
	return n;
}

/* A name, its parts, a call. */
static struct typed_node *named(struct parse *p)
{
	struct slice parts[4];
	size_t n = 0;
	struct typed_node *c;
	bool plain = parse_peek(p).kind == TOKEN_WORD;

	parts[n++] = parse_identifier(p);
	while (parse_punct(p, ".") && n < 4 && !p->failed) {
		parse_skip(p);
		if (parse_take(p, "*")) {
			c = parse_node(p, NODE_STAR, SLICE_NONE);
			c->qualifier = parts[n - 1];
			return c;
		}
		parts[n++] = parse_identifier(p);
	}
	if (parse_take(p, "("))
		return n <= 2 ? call(p, n == 2 ? parts[0] : SLICE_NONE, parts[n - 1])
			      : (p->failed = true, parse_node(p, NODE_OPAQUE, SLICE_NONE));
	/* date '2024-01-01' */
	if (plain && n == 1 && parse_peek(p).kind == TOKEN_STRING) {
		p->at--;
		c = parse_node(p, NODE_CAST, type_name(p));
		if (parse_peek(p).kind != TOKEN_STRING) {
			p->failed = true;
			return c;
		}
		parse_add(p, c,
			parse_node(p, NODE_STRING,
				token_value(p->a, DIALECT_POSTGRES, parse_peek(p))));
		parse_skip(p);
		while (slice_starts(c->text, "interval") &&
			(is_interval_field(parse_peek(p)) ||
				(parse_word(p, "to") && is_interval_field(parse_ahead(p, 1)))))
			parse_skip(p);
		return c;
	}
	if (n > 2) /* schema.table.column: the table's name is enough */
		parts[n - 3] = SLICE_NONE;
	c = parse_node(p, NODE_COLUMN, parts[n - 1]);
	c->qualifier = n > 1 ? parts[n - 2] : SLICE_NONE;
	return c;
}

/* timestamp with time zone '…', double precision '…' */
static bool typed_string(const struct parse *p)
{
	if (!(parse_word(p, "timestamp") || parse_word(p, "time") || parse_word(p, "double") ||
		    parse_word(p, "character")))
		return false;
	for (size_t i = 1; i < 8; i++) {
		struct token t = parse_ahead(p, i);

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
	struct token t = parse_peek(p);
	struct typed_node *n;

	if (token_is(t, "true") || token_is(t, "false")) {
		n = parse_node(p, NODE_BOOL, SLICE_NONE);
		n->flag = parse_take_word(p, "true");
		if (!n->flag)
			parse_skip(p);
		return n;
	}
	if (parse_take_word(p, "null"))
		return parse_node(p, NODE_NULL, SLICE_NONE);
	if (parse_take_word(p, "default"))
		return parse_node(p, NODE_DEFAULT, SLICE_NONE);
	if (parse_take_word(p, "case"))
		return case_(p);
	if (parse_word(p, "cast") && token_punct(parse_ahead(p, 1), "(")) {
		parse_skip_some(p, 2);
		n = two(p, NODE_CAST, SLICE_NONE, parse_expr(p, BIND_NONE), NULL);
		if (!parse_take_word(p, "as"))
			p->failed = true;
		n->text = type_name(p);
		parse_expect(p, ")");
		return n;
	}
	if (parse_word(p, "exists") && token_punct(parse_ahead(p, 1), "(")) {
		parse_skip_some(p, 2);
		return of_query(p, NODE_EXISTS);
	}
	if (parse_word(p, "array") &&
		(token_punct(parse_ahead(p, 1), "[") || token_punct(parse_ahead(p, 1), "("))) {
		parse_skip(p);
		return array(p);
	}
	if (parse_word(p, "row") && token_punct(parse_ahead(p, 1), "(")) {
		parse_skip_some(p, 2);
		n = parse_node(p, NODE_ROW, SLICE_NONE);
		parse_arguments(p, n, ")");
		return n;
	}
	if (is_now(t)) {
		parse_skip(p);
		if (parse_take(p, "("))
			parse_skip_brackets(p);
		return parse_node(p, NODE_NOW, t.text);
	}
	if (typed_string(p)) {
		n = parse_node(p, NODE_CAST, type_name(p));
		parse_add(p, n,
			parse_node(p, NODE_STRING,
				token_value(p->a, DIALECT_POSTGRES, parse_peek(p))));
		if (parse_peek(p).kind != TOKEN_STRING)
			p->failed = true;
		parse_skip(p);
		return n;
	}
	return named(p);
}

static struct typed_node *primary(struct parse *p)
{
	struct token t = parse_peek(p);

	switch (t.kind) {
	case TOKEN_NUMBER:
		parse_skip(p);
		return parse_node(p, NODE_NUMBER, t.text);
	case TOKEN_STRING:
		parse_skip(p);
		if (strchr("bBxX", t.text.at[0]))
			return parse_node(p, NODE_OPAQUE, SLICE_NONE);
		return parse_node(p, NODE_STRING, token_value(p->a, DIALECT_POSTGRES, t));
	case TOKEN_PARAM:
		parse_skip(p);
		return parse_node(p, NODE_PARAM, t.text);
	case TOKEN_QUOTED:
		return named(p);
	case TOKEN_WORD:
		return word_primary(p);
	case TOKEN_PUNCT:
		if (parse_take(p, "("))
			return brackets(p);
		if (parse_take(p, "*"))
			return parse_node(p, NODE_STAR, SLICE_NONE);
		break;
	case TOKEN_END:
	case TOKEN_BLANK:
	case TOKEN_COMMENT:
	case TOKEN_BAD:
		break;
	}
	p->failed = true;
	return parse_node(p, NODE_OPAQUE, SLICE_NONE);
}

static struct typed_node *postfix(struct parse *p, struct typed_node *n)
{
	for (;;) {
		if (parse_take(p, "::")) {
			n = two(p, NODE_CAST, type_name(p), n, NULL);
		} else if (parse_take(p, "[")) {
			n = two(p, NODE_SUBSCRIPT, SLICE_NONE, n, NULL);
			parse_skip_brackets(p);
		} else if (parse_punct(p, ".") && n->kind != NODE_NUMBER) {
			parse_skip(p);
			n = two(p, NODE_FIELD, SLICE_NONE, n, NULL);
			if (!parse_take(p, "*"))
				n->text = parse_identifier(p);
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

	n->flag = parse_word(p, "all");
	parse_skip_some(p, 2);
	if (parse_begins_query(p)) {
		n->query = parse_query(p);
	} else {
		parse_add(p, n, parse_expr(p, BIND_NONE));
	}
	parse_expect(p, ")");
	return n;
}

static struct typed_node *in_list(struct parse *p, struct typed_node *left, bool not_)
{
	struct typed_node *n = two(p, NODE_IN, SLICE_NONE, left, NULL);

	n->flag = not_;
	parse_expect(p, "(");
	if (parse_begins_query(p)) {
		n->query = parse_query(p);
		parse_expect(p, ")");
	} else {
		parse_arguments(p, n, ")");
	}
	return n;
}

static struct typed_node *like(struct parse *p, struct typed_node *left, const char *op)
{
	struct typed_node *n = two(p, NODE_OP, slice_of(op), left, parse_expr(p, BIND_OTHER));

	if (parse_take_word(p, "escape")) {
		parse_expr(p, BIND_OTHER);
		n->opaque_call = true; /* its value is not worked out */
	}
	return n;
}

/* BETWEEN, IN, LIKE, ILIKE, SIMILAR TO, with or without NOT; NULL: none of them stands here. */
static struct typed_node *predicate(struct parse *p, struct typed_node *left)
{
	bool not_ = parse_word(p, "not");
	struct token t = parse_ahead(p, not_ ? 1 : 0);
	struct typed_node *n;

	if (!token_is(t, "between") && !token_is(t, "in") && !token_is(t, "like") &&
		!token_is(t, "ilike") && !token_is(t, "similar"))
		return NULL;
	parse_skip_some(p, not_ ? 2 : 1);
	if (token_is(t, "between")) {
		n = two(p, NODE_BETWEEN, SLICE_NONE, left, NULL);
		n->opaque_call = parse_take_word(p, "symmetric");
		parse_take_word(p, "asymmetric");
		n->flag = not_;
		parse_add(p, n, parse_expr(p, BIND_OTHER));
		if (!parse_take_word(p, "and"))
			p->failed = true;
		parse_add(p, n, parse_expr(p, BIND_OTHER));
		return n;
	}
	if (token_is(t, "in"))
		return in_list(p, left, not_);
	if (token_is(t, "similar")) {
		if (!parse_take_word(p, "to"))
			p->failed = true;
		n = two(p, NODE_OPAQUE, SLICE_NONE, left, parse_expr(p, BIND_OTHER));
		if (parse_take_word(p, "escape"))
			parse_expr(p, BIND_OTHER);
		return n;
	}
	if (token_is(t, "like"))
		return like(p, left, not_ ? "!~~" : "~~");
	return like(p, left, not_ ? "!~~*" : "~~*");
}

static struct typed_node *is_test(struct parse *p, struct typed_node *left)
{
	struct typed_node *n = two(p, NODE_IS, SLICE_NONE, left, NULL);

	n->flag = parse_take_word(p, "not");
	if (parse_take_word(p, "distinct")) {
		if (!parse_take_word(p, "from"))
			p->failed = true;
		n->text = SL("distinct");
		parse_add(p, n, parse_expr(p, BIND_IS));
		return n;
	}
	if (!parse_word(p, "null") && !parse_word(p, "true") && !parse_word(p, "false") &&
		!parse_word(p, "unknown"))
		p->failed = true;
	n->text = parse_peek(p).text;
	parse_skip(p);
	return n;
}

/* Words that go on with an expression; NULL: it ends here. */
static struct typed_node *word_infix(struct parse *p, struct typed_node *left, enum bind least)
{
	struct typed_node *n;

	if (least < BIND_OR && parse_take_word(p, "or"))
		return two(p, NODE_OR, SLICE_NONE, left, parse_expr(p, BIND_OR));
	if (least < BIND_AND && parse_take_word(p, "and"))
		return two(p, NODE_AND, SLICE_NONE, left, parse_expr(p, BIND_AND));
	if (least < BIND_IS && parse_take_word(p, "is"))
		return is_test(p, left);
	if (least < BIND_IS && (parse_word(p, "isnull") || parse_word(p, "notnull"))) {
		n = two(p, NODE_IS, SL("null"), left, NULL);
		n->flag = parse_word(p, "notnull");
		parse_skip(p);
		return n;
	}
	if (least < BIND_IN && (n = predicate(p, left)))
		return n;
	if (least < BIND_ZONE && parse_word(p, "at") && token_is(parse_ahead(p, 1), "time")) {
		parse_skip_some(p, 3);
		n = two(p, NODE_CALL, SL("timezone"), parse_expr(p, BIND_ZONE), left);
		return n;
	}
	if (least < BIND_COLLATE && parse_take_word(p, "collate")) {
		n = two(p, NODE_COLLATE, parse_identifier(p), left, NULL);
		if (parse_take(p, "."))
			n->text = parse_identifier(p);
		return n;
	}
	return NULL;
}

static struct typed_node *infix(struct parse *p, struct typed_node *left, enum bind least)
{
	struct token t = parse_peek(p);
	enum bind b = bind_of(t);

	if (t.kind == TOKEN_WORD)
		return word_infix(p, left, least);
	if (b == BIND_NONE || b <= least)
		return NULL;
	parse_skip(p);
	if ((parse_word(p, "any") || parse_word(p, "all") || parse_word(p, "some")) &&
		token_punct(parse_ahead(p, 1), "("))
		return quantified(p, t.text, left);
	return two(p, NODE_OP, slice_is(t.text, "!=") ? SL("<>") : t.text, left, parse_expr(p, b));
}

struct typed_node *parse_expr(struct parse *p, enum bind least)
{
	struct typed_node *n, *more;
	struct token t = parse_peek(p);

	if (p->failed || ++p->depth > DEPTH_MAX) {
		p->failed = true;
		return parse_node(p, NODE_OPAQUE, SLICE_NONE);
	}
	if (parse_take_word(p, "not"))
		n = two(p, NODE_NOT, SLICE_NONE, parse_expr(p, BIND_NOT), NULL);
	else if (token_punct(t, "-") || token_punct(t, "+"))
		parse_skip(p), n = two(p, NODE_OP, t.text, parse_expr(p, BIND_SIGN), NULL);
	else if (bind_of(t) == BIND_OTHER)
		parse_skip(p), n = two(p, NODE_OP, t.text, parse_expr(p, BIND_OTHER), NULL);
	else
		n = postfix(p, primary(p));
	while (!p->failed && (more = infix(p, n, least)))
		n = more;
	p->depth--;
	return n;
}

struct typed_node *typed_expr(struct arena *a, struct slice text)
{
	struct typed_node *n;
	struct parse p;

	if (!parse_start(&p, a, text))
		return NULL;
	n = parse_expr(&p, BIND_NONE);
	return p.failed || parse_peek(&p).kind != TOKEN_END ? NULL : n;
}
