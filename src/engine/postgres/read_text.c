/* read_text.c - names, tokens and spans for the reader. */
#include "engine/postgres/read_impl.h"

struct slice rd_text_of(struct rd *rd, node n)
{
	return tree_text(rd->a, n);
}

struct slice rd_string(struct rd *rd, node n)
{
	node body;

	if (!n)
		return SLICE_NONE;
	if (n->kind == TREE_STRING)
		return tree_text(rd->a, n);
	if (tree_key_is(n, "String"))
		return tree_text(rd->a, tree_get(n, "sval"));
	body = rd_body(n);
	if (tree_key_is(body, "String"))
		return tree_text(rd->a, tree_get(body, "sval"));
	return SLICE_NONE;
}

struct name rd_relation(struct rd *rd, node n)
{
	struct name out = {0};
	node body = rd_body(n);

	if (!n)
		return out;
	if (tree_key_is(body, "RangeVar"))
		n = body;
	out.schema = rd_text_of(rd, tree_get(n, "schemaname"));
	out.name = rd_text_of(rd, tree_get(n, "relname"));
	return out;
}

struct name rd_qname(struct rd *rd, node list)
{
	struct name out = {0};
	node c;

	/* A name that a List node wraps comes as {"List":{"items":[…]}}. */
	if (list && tree_key_is(rd_body(list), "List"))
		list = tree_get(rd_body(list), "items");
	else if (list && list->kind == TREE_OBJECT && tree_get(list, "items"))
		list = tree_get(list, "items");
	if (list && list->kind == TREE_OBJECT) {
		out.name = rd_string(rd, list);
		return out;
	}
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		out.schema = out.name;
		out.name = rd_string(rd, c);
	}
	return out;
}

struct slice rd_dotted(struct rd *rd, struct name n)
{
	struct buf b = {0};
	struct slice s;

	quote_name_pretty(&b, DIALECT_POSTGRES, n.schema, n.name);
	s = arena_slice(rd->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

struct slice rd_plain(struct rd *rd, struct name n)
{
	if (!n.schema.len)
		return n.name;
	return arena_join(rd->a, (const struct slice[]){n.schema, SL("."), n.name}, 3);
}

struct slice rd_collation(struct rd *rd, node clause)
{
	struct name n = rd_qname(rd, tree_get(clause, "collname"));

	if (slice_is(n.schema, "pg_catalog"))
		n.schema = SLICE_NONE;
	return rd_plain(rd, n);
}

void rd_list(struct rd *rd, struct names *list, struct slice s)
{
	*ARENA_PUSH(rd->a, list->at, list->n) = s;
}

struct names rd_strings(struct rd *rd, node list)
{
	struct names out = {0};
	node c;

	for (c = tree_first(list); c; c = tree_next(list, c))
		rd_list(rd, &out, rd_string(rd, c));
	return out;
}

struct slice rd_role(struct rd *rd, node n)
{
	if (tree_key_is(rd_body(n), "RoleSpec"))
		n = rd_body(n);
	if (tree_is(tree_get(n, "roletype"), "ROLESPEC_CSTRING"))
		return rd_text_of(rd, tree_get(n, "rolename"));
	if (tree_is(tree_get(n, "roletype"), "ROLESPEC_CURRENT_ROLE"))
		return SL("current_role");
	if (tree_is(tree_get(n, "roletype"), "ROLESPEC_CURRENT_USER"))
		return SL("current_user");
	if (tree_is(tree_get(n, "roletype"), "ROLESPEC_SESSION_USER"))
		return SL("session_user");
	return SL("public");
}

struct slice rd_roles(struct rd *rd, node list)
{
	struct buf b = {0};
	struct slice s;
	node c;

	for (c = tree_first(list); c; c = tree_next(list, c)) {
		if (b.len)
			buf_adds(&b, ", ");
		buf_add(&b, rd_role(rd, c));
	}
	s = arena_slice(rd->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* The JSON leaves zeros out, and negative numbers too: the text knows. */
static void zero_or_negative(struct rd *rd, struct buf *b, size_t at)
{
	size_t i = at == NOWHERE ? 0 : rd_tok(rd, at);

	if (at != NOWHERE && rd_has(rd, i + 1) && token_punct(rd->tok[i], "-") &&
		rd->tok[i + 1].kind == TOKEN_NUMBER)
		buf_printf(b, "-%.*s", SLICE(rd->tok[i + 1].text));
	else
		buf_addc(b, '0');
}

/* A scalar node as text: numbers, strings, booleans, names, types, lists of them. */
static void value_text(struct rd *rd, struct buf *b, node n)
{
	node body = n->keylen && n->key[0] >= 'A' && n->key[0] <= 'Z' ? n : rd_body(n), c;

	if (n->kind == TREE_ARRAY || tree_key_is(body, "List")) {
		node list = n->kind == TREE_ARRAY ? n : tree_get(body, "items");

		for (c = tree_first(list); c; c = tree_next(list, c)) {
			if (c != tree_first(list))
				buf_adds(b, ",");
			value_text(rd, b, c);
		}
	} else if (tree_key_is(body, "Integer")) {
		buf_printf(b, "%lld", tree_int(tree_get(body, "ival"), 0));
	} else if (tree_key_is(body, "Float")) {
		buf_add(b, rd_text_of(rd, tree_get(body, "fval")));
	} else if (tree_key_is(body, "String")) {
		buf_add(b, rd_text_of(rd, tree_get(body, "sval")));
	} else if (tree_key_is(body, "Boolean")) {
		buf_adds(b, tree_true(tree_get(body, "boolval")) ? "true" : "false");
	} else if (tree_key_is(body, "TypeName")) {
		buf_add(b, rd_type(rd, body));
	} else if (tree_key_is(body, "RoleSpec")) {
		buf_add(b, rd_role(rd, body));
	} else if (tree_key_is(body, "A_Const")) {
		node v;

		if ((v = tree_get(body, "ival")) && tree_get(v, "ival"))
			buf_printf(b, "%lld", tree_int(tree_get(v, "ival"), 0));
		else if (v)
			zero_or_negative(rd, b, rd_loc(body));
		else if ((v = tree_get(body, "fval")))
			buf_add(b, rd_text_of(rd, tree_get(v, "fval")));
		else if ((v = tree_get(body, "boolval")))
			buf_adds(b, tree_true(tree_get(v, "boolval")) ? "true" : "false");
		else if ((v = tree_get(body, "sval")))
			buf_add(b, rd_text_of(rd, tree_get(v, "sval")));
		else if (tree_true(tree_get(body, "isnull")))
			buf_adds(b, "null");
	} else if (tree_key_is(body, "TypeCast")) {
		/* SET TIME ZONE INTERVAL '1' HOUR and the like */
		node arg = tree_get(body, "arg");

		if (arg)
			value_text(rd, b, arg);
	}
}

struct slice rd_value(struct rd *rd, node n)
{
	struct buf b = {0};
	struct slice s;

	if (!n)
		return SLICE_NONE;
	value_text(rd, &b, n);
	s = arena_slice(rd->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

/* Integer nodes have no place of their own: a negative one is found behind its option's name. */
struct slice rd_option_value(struct rd *rd, node def)
{
	node arg = rd_body(tree_get(def, "arg"));
	size_t at = rd_loc(def), i, end;

	if (tree_key_is(arg, "Integer") && !tree_get(arg, "ival") && at != NOWHERE) {
		i = rd_tok(rd, at);
		for (end = i + 5; i < end && rd_has(rd, i + 1); i++) {
			if (token_punct(rd->tok[i], "-") && rd->tok[i + 1].kind == TOKEN_NUMBER)
				return arena_printf(rd->a, "-%.*s", SLICE(rd->tok[i + 1].text));
			if (rd->tok[i].kind == TOKEN_NUMBER)
				break;
		}
	}
	return rd_value(rd, tree_get(def, "arg"));
}

struct names rd_options(struct rd *rd, node list)
{
	struct names out = {0};
	node c;

	if (list && tree_key_is(rd_body(list), "List"))
		list = tree_get(rd_body(list), "items");
	for (c = tree_first(list); c; c = tree_next(list, c)) {
		node d = rd_body(c);
		struct slice space = rd_text_of(rd, tree_get(d, "defnamespace"));
		struct slice name = rd_text_of(rd, tree_get(d, "defname"));
		struct slice value = rd_option_value(rd, d);
		bool drop = tree_is(tree_get(d, "defaction"), "DEFELEM_DROP");

		rd_list(rd, &out,
			arena_printf(rd->a, "%s%.*s%s%.*s%s%.*s", drop ? "-" : "", SLICE(space),
				space.len ? "." : "", SLICE(name), tree_get(d, "arg") ? "=" : "",
				SLICE(value)));
	}
	return out;
}

node rd_option(node list, const char *name)
{
	node c;

	for (c = tree_first(list); c; c = tree_next(list, c))
		if (tree_is(tree_get(rd_body(c), "defname"), name))
			return rd_body(c);
	return NULL;
}

static struct slice mapped(struct rd *rd, struct slice s, char from, char to)
{
	char *out = arena_alloc(rd->a, s.len + 1);
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.at[i];

		out[i] = c >= from && c <= to ? (char)(c ^ 0x20) : c;
	}
	return slice_n(out, s.len);
}

struct slice rd_upper(struct rd *rd, struct slice s)
{
	return mapped(rd, s, 'a', 'z');
}

struct slice rd_lower(struct rd *rd, struct slice s)
{
	return mapped(rd, s, 'A', 'Z');
}

/* ---- Places ---- */

/* The parser leaves zeros out: no location key means offset 0. */
size_t rd_loc(node n)
{
	long long v;

	if (!n)
		return NOWHERE;
	v = tree_int(tree_get(n, "location"), 0);
	return v < 0 ? NOWHERE : (size_t)v;
}

size_t rd_min_loc(node n)
{
	size_t best = NOWHERE;
	uint32_t i;

	for (i = 0; n && i < n->size; i++) {
		long long v;

		if (!tree_key_is(n + i, "location"))
			continue;
		v = tree_int(n + i, -1);
		if (v >= 0 && (size_t)v < best)
			best = (size_t)v;
	}
	return best;
}

static void lex(struct rd *rd)
{
	size_t cap = rd->text.len / 4 + 16;
	struct token *tok = ARENA_ARRAY(&rd->r->scratch, cap, struct token);
	struct lexer l;

	lexer_init(&l, DIALECT_POSTGRES, rd->text);
	do {
		if (rd->ntok == cap) {
			struct token *more = ARENA_ARRAY(&rd->r->scratch, cap * 2, struct token);

			memcpy(more, tok, cap * sizeof *more);
			tok = more;
			cap *= 2;
		}
		tok[rd->ntok] = lexer_next(&l);
	} while (tok[rd->ntok++].kind != TOKEN_END);
	rd->tok = tok;
}

/* Has the splitter seen this text's tokens? */
static bool was_lexed(const struct rd *rd)
{
	const struct kept_tokens *kept = rd->st->tokens;

	return kept && rd->text.at == rd->st->text.at && rd->text.len == rd->st->text.len &&
	       kept->at[kept->n - 1].off == rd->text.len;
}

const struct token *rd_tokens(struct rd *rd)
{
	if (rd->lexed)
		return rd->tok;
	rd->lexed = true;
	if (was_lexed(rd)) {
		rd->tok = rd->st->tokens->at;
		rd->ntok = rd->st->tokens->n;
	} else {
		lex(rd);
	}
	return rd->tok;
}

bool rd_has(struct rd *rd, size_t i)
{
	rd_tokens(rd);
	return i + 1 < rd->ntok;
}

size_t rd_tok(struct rd *rd, size_t off)
{
	size_t lo = 0, hi;

	rd_tokens(rd);
	hi = rd->ntok - 1;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (rd->tok[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int step(struct token t)
{
	if (t.kind != TOKEN_PUNCT || t.text.len != 1)
		return 0;
	if (t.text.at[0] == '(' || t.text.at[0] == '[')
		return 1;
	return t.text.at[0] == ')' || t.text.at[0] == ']' ? -1 : 0;
}

size_t rd_find(struct rd *rd, size_t i, const char *word)
{
	int depth = 0;

	rd_tokens(rd);
	for (; i + 1 < rd->ntok; i++) {
		depth += step(rd->tok[i]);
		if (depth < 0)
			break;
		if (!depth && token_is(rd->tok[i], word))
			return i;
	}
	return rd->ntok - 1;
}

size_t rd_group_end(struct rd *rd, size_t i)
{
	int depth = 0;

	rd_tokens(rd);
	for (; i + 1 < rd->ntok; i++) {
		depth += step(rd->tok[i]);
		if (depth <= 0)
			return i + 1;
	}
	return rd->ntok - 1;
}

size_t rd_item_end(struct rd *rd, size_t i)
{
	int depth = 0;

	rd_tokens(rd);
	for (; i + 1 < rd->ntok; i++) {
		if (!depth && token_punct(rd->tok[i], ","))
			return i;
		depth += step(rd->tok[i]);
		if (depth < 0)
			return i;
	}
	return rd->ntok - 1;
}

struct slice rd_between(struct rd *rd, size_t from, size_t to)
{
	size_t begin, end;

	rd_tokens(rd);
	if (to >= rd->ntok)
		to = rd->ntok - 1;
	if (from >= to)
		return SLICE_NONE;
	begin = rd->tok[from].off;
	end = rd->tok[to - 1].off + rd->tok[to - 1].text.len;
	return slice_sub(rd->text, begin, end - begin);
}

struct slice rd_inside(struct rd *rd, size_t i)
{
	size_t end = rd_group_end(rd, i);

	return end > i + 1 ? rd_between(rd, i + 1, end - 1) : SLICE_NONE;
}

size_t rd_name_end(struct rd *rd, size_t off)
{
	size_t i = rd_tok(rd, off);

	if (rd_has(rd, i))
		i++;
	while (rd_has(rd, i + 1) && token_punct(rd->tok[i], "."))
		i += 2;
	return i;
}

struct span rd_span_at(struct rd *rd, size_t off, size_t len)
{
	struct span s = rd->span;

	if (!rd->exact || off > rd->text.len)
		return s;
	if (len > rd->text.len - off)
		len = rd->text.len - off;
	s.off += off;
	s.len = len;
	return s;
}

struct span rd_span(struct rd *rd, size_t from, size_t to)
{
	struct slice s = rd_between(rd, from, to);

	if (!s.len)
		return rd->span;
	return rd_span_at(rd, (size_t)(s.at - rd->text.at), s.len);
}

void rd_head_span(struct rd *rd, struct change *c, size_t off)
{
	if (off == NOWHERE || !rd->exact)
		return;
	c->span = rd_span(rd, 0, rd_name_end(rd, off));
}
