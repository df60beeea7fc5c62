/* read_function.c - functions, procedures and their signatures; DO blocks. */
#include "engine/postgres/read_impl.h"

static bool is_input(node mode)
{
	return !tree_is(mode, "FUNC_PARAM_OUT") && !tree_is(mode, "FUNC_PARAM_TABLE");
}

/* Routines forget lengths and precisions: varchar(10) is character varying to them. */
static struct slice plain_type(struct rd *rd, node type)
{
	struct slice t = rd_type(rd, type);
	size_t open = slice_chr(t, '('), close = slice_chr(t, ')');

	if (open == SIZE_MAX || close == SIZE_MAX || close < open)
		return t;
	return arena_printf(
		rd->a, "%.*s%.*s", SLICE(slice_sub(t, 0, open)), SLICE(slice_from(t, close + 1)));
}

/* name(type, type): what tells overloaded routines apart. `parameters`: the list holds
 * FunctionParameters, else TypeNames. */
struct slice rd_signature(struct rd *rd, struct name n, node args, bool parameters)
{
	struct buf b = {0};
	struct slice s;
	node a;
	bool any = false;

	if (args && tree_key_is(rd_body(args), "List"))
		args = tree_get(rd_body(args), "items");
	buf_add(&b, n.name);
	buf_addc(&b, '(');
	for (a = tree_first(args); a; a = tree_next(args, a)) {
		node p = rd_body(a), type = parameters ? tree_get(p, "argType") : p;

		if (parameters && !is_input(tree_get(p, "mode")))
			continue;
		if (!tree_get(type, "names") && parameters)
			continue;
		if (any)
			buf_adds(&b, ", ");
		any = true;
		/* A prefix operator has no left operand. */
		buf_add(&b, tree_get(type, "names") ? plain_type(rd, type) : SL("NONE"));
	}
	buf_addc(&b, ')');
	s = arena_slice(rd->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

struct name rd_signature_name(struct rd *rd, node n)
{
	struct name name = rd_qname(rd, tree_get(n, "objname"));

	if (tree_true(tree_get(n, "args_unspecified")))
		return name;
	name.name = tree_get(n, "objfuncargs")
			    ? rd_signature(rd, name, tree_get(n, "objfuncargs"), true)
			    : rd_signature(rd, name, tree_get(n, "objargs"), false);
	return name;
}

static struct slice default_text(struct rd *rd, node p)
{
	size_t i = rd_tok(rd, rd_loc(tree_get(p, "argType")));
	size_t end = rd_item_end(rd, i);
	int depth = 0;

	for (; i < end; i++) {
		if (token_punct(rd->tok[i], "(") || token_punct(rd->tok[i], "["))
			depth++;
		if (token_punct(rd->tok[i], ")") || token_punct(rd->tok[i], "]"))
			depth--;
		if (!depth && (token_is(rd->tok[i], "default") || token_punct(rd->tok[i], "=")))
			return rd_between(rd, i + 1, end);
	}
	return SLICE_NONE;
}

static void parameter(struct rd *rd, struct buf *b, node p)
{
	node mode = tree_get(p, "mode");

	if (b->len)
		buf_adds(b, ", ");
	if (tree_is(mode, "FUNC_PARAM_OUT"))
		buf_adds(b, "OUT ");
	else if (tree_is(mode, "FUNC_PARAM_INOUT"))
		buf_adds(b, "INOUT ");
	else if (tree_is(mode, "FUNC_PARAM_VARIADIC"))
		buf_adds(b, "VARIADIC ");
	if (tree_get(p, "name")) {
		quote_ident_pretty(b, DIALECT_POSTGRES, rd_text_of(rd, tree_get(p, "name")));
		buf_addc(b, ' ');
	}
	buf_add(b, plain_type(rd, tree_get(p, "argType")));
	if (tree_get(p, "defexpr")) {
		buf_adds(b, " DEFAULT ");
		buf_add(b, default_text(rd, p));
	}
}

/* Without RETURNS the result is what the OUT parameters are. */
static struct slice out_type(struct rd *rd, node list)
{
	struct slice type = SLICE_NONE;
	size_t n = 0;

	for (node p = tree_first(list); p; p = tree_next(list, p)) {
		node mode = tree_get(rd_body(p), "mode");

		if (!tree_is(mode, "FUNC_PARAM_OUT") && !tree_is(mode, "FUNC_PARAM_INOUT"))
			continue;
		type = plain_type(rd, tree_get(rd_body(p), "argType"));
		n++;
	}
	return n > 1 ? SL("record") : type;
}

/* As pg_get_function_arguments() prints them, and the columns of RETURNS TABLE. */
static void arguments(struct rd *rd, struct function_def *d, node n)
{
	struct buf args = {0}, table = {0};
	node list = tree_get(n, "parameters"), p;

	for (p = tree_first(list); p; p = tree_next(list, p)) {
		node body = rd_body(p);
		bool column = tree_is(tree_get(body, "mode"), "FUNC_PARAM_TABLE");

		parameter(rd, column ? &table : &args, body);
	}
	d->arguments = arena_slice(rd->a, buf_slice(&args));
	if (table.len)
		d->returns = arena_printf(rd->a, "TABLE(%.*s)", SLICE(buf_slice(&table)));
	else if (tree_get(n, "returnType"))
		d->returns = plain_type(rd, tree_get(n, "returnType"));
	else if (!slice_is(d->kind, "procedure"))
		d->returns = out_type(rd, list);
	buf_done(&args);
	buf_done(&table);
}

static struct slice setting(struct rd *rd, node set)
{
	node kind = tree_get(set, "kind");
	struct slice name = rd_text_of(rd, tree_get(set, "name"));

	if (tree_is(kind, "VAR_SET_CURRENT"))
		return arena_printf(rd->a, "%.*s from current", SLICE(name));
	if (tree_is(kind, "VAR_RESET_ALL"))
		return SL("-all");
	if (tree_is(kind, "VAR_RESET") || tree_is(kind, "VAR_SET_DEFAULT"))
		return arena_printf(rd->a, "-%.*s", SLICE(name));
	return arena_printf(
		rd->a, "%.*s=%.*s", SLICE(name), SLICE(rd_value(rd, tree_get(set, "args"))));
}

/* One option; `said` collects the names, for ALTER. */
static void option(struct rd *rd, struct function_def *d, node e, struct names *said)
{
	node name = tree_get(e, "defname"), arg = tree_get(e, "arg");
	struct slice v = rd_value(rd, arg);

	if (said)
		rd_list(rd, said, rd_text_of(rd, name));
	if (tree_is(name, "language"))
		d->language = rd_lower(rd, v);
	else if (tree_is(name, "volatility"))
		d->volatility = v;
	else if (tree_is(name, "strict"))
		d->strict = slice_is(v, "true");
	else if (tree_is(name, "security"))
		d->security_definer = slice_is(v, "true");
	else if (tree_is(name, "leakproof"))
		d->leakproof = slice_is(v, "true");
	else if (tree_is(name, "parallel"))
		d->parallel = rd_lower(rd, v);
	else if (tree_is(name, "cost"))
		d->cost = v;
	else if (tree_is(name, "rows"))
		d->rows = v;
	else if (tree_is(name, "window"))
		d->kind = SL("window");
	else if (tree_is(name, "set"))
		rd_list(rd, &d->settings, setting(rd, rd_body(arg)));
}

/* The token of the string literal behind AS (or DO), and where its contents lie in the text. */
static size_t body_token(struct rd *rd, size_t from)
{
	size_t i;

	rd_tokens(rd);
	for (i = from; rd_has(rd, i); i++)
		if (rd->tok[i].kind == TOKEN_STRING)
			return i;
	return NOWHERE;
}

/* Offset of the contents in rd->text, if they stand there as they are. */
static size_t body_offset(struct rd *rd, size_t tok, struct slice body)
{
	struct slice t;
	size_t at;

	if (tok == NOWHERE)
		return NOWHERE;
	t = rd->tok[tok].text;
	at = t.len && t.at[0] == '$' ? slice_chr(slice_from(t, 1), '$') + 2 : 1;
	if (at + body.len > t.len || memcmp(t.at + at, body.at, body.len) != 0)
		return NOWHERE;
	return rd->tok[tok].off + at;
}

static void add_all(struct rd *rd, struct names *to, const struct names *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		if (!names_has(*to, from->at[i]))
			rd_list(rd, to, from->at[i]);
}

static void change_names(struct rd *rd, struct names *reads, const struct change *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct slice target = rd_plain(rd, v[i].target);

		if (change_class_of(v[i].kind) == CLASS_DATA && v[i].type == OBJECT_TABLE &&
			target.len && !names_has(*reads, target))
			rd_list(rd, reads, target);
		add_all(rd, reads, &v[i].reads);
	}
}

/* Nothing of a function's body happens when it is created: what it reads and writes is noted. */
static void function_body(struct rd *rd, node n, struct function_def *d)
{
	node as = rd_option(tree_get(n, "options"), "as"), sql = tree_get(n, "sql_body"), items;
	struct change *v = NULL;
	size_t count = 0, tok;

	if (sql) {
		size_t args = 0, i, r;

		rd_tokens(rd);
		while (rd_has(rd, args) && !token_punct(rd->tok[args], "("))
			args++;
		args = rd_group_end(rd, args);
		i = rd_find(rd, args, "begin");
		r = rd_find(rd, args, "return");

		d->body.text = rd_between(rd, i < r ? i : r, rd->ntok - 1);
		rd_reads(rd, sql, &d->reads);
		rd_requires(rd, 14, "a function body in SQL standard form");
		return;
	}
	if (!as)
		return;
	items = tree_get(rd_body(tree_get(as, "arg")), "items");
	d->body.text = rd_string(rd, tree_nth(items, 0));
	if (tree_count(items) > 1) /* LANGUAGE c: library and symbol */
		d->body.text = arena_printf(rd->a, "%.*s, %.*s", SLICE(d->body.text),
			SLICE(rd_string(rd, tree_nth(items, 1))));
	tok = body_token(rd, rd_tok(rd, rd_loc(as)));
	if (slice_is(d->language, "sql")) {
		size_t off = body_offset(rd, tok, d->body.text);
		struct rd quiet = *rd;

		/* Its own opaque parts and errors are the function's, not this statement's. */
		quiet.opaque = quiet.partly = SLICE_NONE;
		if (rd_text(&quiet, d->body.text, off, off != NOWHERE, CHANGE_INNER, &v, &count))
			change_names(rd, &d->reads, v, count);
		else
			rd_partly(rd, SL("the function's body could not be read"), SLICE_NONE);
	} else if (slice_is(d->language, "plpgsql")) {
		rd_plpgsql(
			rd, rd->text, d->body.text, NOWHERE, false, &v, &count, &d->reads, false);
		change_names(rd, &d->reads, v, count);
	}
}

/* The server parses a body when it gets it. */
static void body_fault(struct rd *rd, struct change *c)
{
	if (rd->body_fault.len)
		names_add(rd->a, &c->settings,
			arena_printf(rd->a, "body-fault=%.*s", SLICE(rd->body_fault)));
	for (size_t i = 0; i < rd->declared.n; i++)
		names_add(rd->a, &c->settings,
			arena_printf(rd->a, "declares=%.*s", SLICE(rd->declared.at[i])));
}

static void create_function(struct rd *rd, node n)
{
	bool procedure = tree_true(tree_get(n, "is_procedure"));
	struct name name = rd_qname(rd, tree_get(n, "funcname"));
	struct change *c = rd_emit(rd, CHANGE_CREATE_FUNCTION);
	node list = tree_get(n, "options"), e;
	struct object *o;

	rd->kind = procedure ? "CREATE PROCEDURE" : "CREATE FUNCTION";
	c->type = OBJECT_FUNCTION;
	c->target.schema = name.schema;
	c->target.name = rd_signature(rd, name, tree_get(n, "parameters"), true);
	if (tree_true(tree_get(n, "replace")))
		c->flags |= CHANGE_OR_REPLACE;
	/* CREATE [OR REPLACE] FUNCTION name: the name has no place in the tree */
	c->span = rd_span(
		rd, 0, rd_name_end(rd, rd_tokens(rd)[c->flags & CHANGE_OR_REPLACE ? 4 : 2].off));
	c->def = o = rd_object(rd, OBJECT_FUNCTION, c->target);
	o->span = c->span;
	o->function.kind = procedure ? SL("procedure") : SL("function");
	o->function.volatility = procedure ? SLICE_NONE : SL("volatile");
	o->function.parallel = procedure ? SLICE_NONE : SL("unsafe");
	o->function.language = SL("sql"); /* of BEGIN ATOMIC and RETURN */
	for (e = tree_first(list); e; e = tree_next(list, e))
		option(rd, &o->function, rd_body(e), NULL);
	arguments(rd, &o->function, n);
	function_body(rd, n, &o->function);
	body_fault(rd, c);
}

static void alter_function(struct rd *rd, node n)
{
	struct change *c = rd_emit(rd, CHANGE_ALTER_FUNCTION);
	node list = tree_get(n, "actions"), e;

	rd->kind = rd_kind(rd, "ALTER ", rd_object_words(tree_get(n, "objtype")));
	c->type = OBJECT_FUNCTION;
	c->target = rd_signature_name(rd, tree_get(n, "func"));
	c->def = rd_object(rd, OBJECT_FUNCTION, c->target);
	for (e = tree_first(list); e; e = tree_next(list, e))
		option(rd, &c->def->function, rd_body(e), &c->list);
}

/* ---- DO ---- */

static void do_block(struct rd *rd, node n)
{
	node args = tree_get(n, "args"), as = rd_option(args, "as"),
	     lang = rd_option(args, "language");
	struct slice body = rd_option_value(rd, as);
	struct slice language = lang ? rd_lower(rd, rd_option_value(rd, lang)) : SL("plpgsql");
	struct names reads = {0};
	struct change *v = NULL, *c;
	size_t count = 0, tok = body_token(rd, rd_tok(rd, rd_loc(as))), off;

	off = body_offset(rd, tok, body);
	if (slice_is(language, "plpgsql"))
		rd_plpgsql(rd, rd->text, body, off, off != NOWHERE, &v, &count, &reads, true);
	else
		rd_opaque(rd,
			arena_printf(
				rd->a, "a DO block in %.*s, which is not read", SLICE(language)),
			SL("*"));
	c = rd_emit(rd, CHANGE_DO_BLOCK);
	c->span = rd_span(rd, 0, 1);
	c->value.text = body;
	c->reads = reads;
	c->inner = v;
	c->ninner = count;
	body_fault(rd, c);
}

const struct statement_row read_function_rows[] = {
	{"CreateFunctionStmt", NULL, create_function},
	{"AlterFunctionStmt", NULL, alter_function},
	{"DoStmt", "DO", do_block},
	{NULL, NULL, NULL},
};
