/* plpgsql.c - what a PL/pgSQL body does.
 *
 * The parser gives a tree of the procedural statements with the SQL in it as text; each text is
 * parsed again and its changes go to the block's inner list, marked INNER, and GUARDED where an IF,
 * a loop or an exception handler decides whether it runs. Changes in a loop carry the setting
 * "loop". Dynamic SQL is read when it is made of constants; otherwise the statement is partly
 * opaque.
 *
 * The tree has line numbers only; the place of a text is found by searching the body for it,
 * forward from the one before. */
#include "engine/postgres/read_impl.h"

struct walk {
	struct rd *rd;     /* reads the texts: one level deeper than the statement */
	struct slice body; /* the code */
	size_t at;         /* offset of body in rd->text */
	bool exact;
	size_t cursor; /* in body: where the last text was found */
	bool executed; /* a DO block; false: a function, which nobody calls here */
	struct change **v;
	size_t *n;
	struct names *reads;
	unsigned flags;
	int loops;
	int depth;
};

static void statements(struct walk *w, node list);

static struct slice query_of(struct walk *w, node expr)
{
	return tree_text(w->rd->a, tree_get(tree_get(expr, "PLpgSQL_expr"), "query"));
}

/* Where a text stands in the body; NOWHERE if it was changed on the way (INTO is blanked out). */
static size_t place(struct walk *w, struct slice text)
{
	size_t off = slice_find(slice_from(w->body, w->cursor), text);

	if (off == SIZE_MAX)
		return NOWHERE;
	w->cursor += off;
	off = w->cursor;
	w->cursor += text.len;
	return off;
}

static void mark_loop(struct walk *w, size_t from)
{
	size_t i;

	for (i = from; w->loops && i < *w->n; i++)
		rd_list(w->rd, &(*w->v)[i].settings, SL("loop"));
}

/* Statements in SQL text; `off` in the body or NOWHERE. */
static void sql_at(struct walk *w, struct slice sql, size_t off)
{
	size_t before = *w->n;

	if (!rd_text(w->rd, sql, off == NOWHERE ? 0 : w->at + off, w->exact && off != NOWHERE,
		    CHANGE_INNER | w->flags, w->v, w->n))
		rd_partly(w->rd, SL("a statement in the body could not be read"), SL("*"));
	mark_loop(w, before);
}

/* PERFORM is handed over as SELECT: only what is behind it stands in the body. */
static void perform(struct walk *w, struct slice q)
{
	static const size_t longer = sizeof "PERFORM" - sizeof "SELECT";
	struct slice rest = slice_trim(slice_from(q, sizeof "SELECT" - 1));
	size_t back = (size_t)(rest.at - q.at), before = *w->n, off = NOWHERE, i;

	if (rest.len)
		off = place(w, rest);
	off = off == NOWHERE || off < back + longer ? NOWHERE : off - back;
	sql_at(w, q, off);
	for (i = before; off != NOWHERE && w->rd->exact && w->exact && i < *w->n; i++) {
		struct span *at = &(*w->v)[i].span;

		if (at->off == w->rd->span.off + w->at + off) { /* from the P of PERFORM */
			at->off -= longer;
			at->len += longer;
		}
	}
}

static void sql(struct walk *w, node expr)
{
	struct slice q = query_of(w, expr);

	if (q.len)
		sql_at(w, q, place(w, q));
}

/* ---- Expressions ---- */

/* The value of an expression as tree, in a text of its own: SELECT <expression>. */
static node expression(struct walk *w, struct rd *in, struct slice text)
{
	struct grammar_fault fault;
	node root, select, target;

	*in = *w->rd;
	in->depth = w->rd->depth + 1;
	in->text = arena_printf(&in->r->scratch, "SELECT %.*s", SLICE(text));
	in->exact = false;
	in->lexed = false;
	in->tok = NULL;
	in->ntok = 0;
	if (in->depth >= READ_DEPTH_MAX || !rd_parse(in, in->text, false, &root, &fault))
		return NULL;
	select = rd_body(tree_get(tree_nth(tree_get(root, "stmts"), 0), "stmt"));
	target = tree_nth(tree_get(select, "targetList"), 0);
	return tree_get(rd_body(target), "val");
}

/* Conditions and values: tables they read, functions they call. */
static void value(struct walk *w, node expr)
{
	struct slice q = query_of(w, expr);
	size_t assign = slice_find(q, SL(":="));
	const struct expr_facts *f;
	struct names reads = {0};
	struct change *c;
	struct rd in;
	node n;

	if (slice_chr(q, '(') == SIZE_MAX && slice_ifind(q, SL("select")) == SIZE_MAX)
		return;
	place(w, q);
	n = expression(w, &in, slice_from(q, assign == SIZE_MAX ? 0 : assign + 2));
	if (!n)
		return;
	rd_reads(&in, n, w->reads);
	rd_reads(&in, n, &reads);
	f = rd_facts(&in, n);
	if (!f->functions.n && !reads.n)
		return;
	c = ARENA_PUSH(w->rd->a, *w->v, *w->n);
	memset(c, 0, sizeof *c);
	c->kind = CHANGE_SELECT;
	c->flags = w->rd->flags | w->flags | CHANGE_INNER;
	c->span = w->rd->span;
	c->value.facts = f;
	c->reads = reads;
	if (!f->functions.n) /* EXISTS stops at the first row */
		c->flags |= CHANGE_HAS_WHERE | CHANGE_HAS_LIMIT;
	mark_loop(w, *w->n - 1);
}

/* ---- Dynamic SQL ---- */

static bool constant(struct rd *rd, node n, struct buf *out);

/* format('…', …) with %s, %I, %L and constant arguments in order. */
static bool format(struct rd *rd, node args, struct buf *out)
{
	struct buf pattern = {0}, arg = {0};
	size_t i, next = 1;
	bool ok = constant(rd, tree_nth(args, 0), &pattern);

	for (i = 0; ok && i < pattern.len; i++) {
		char c = pattern.at[i];

		if (c != '%') {
			buf_addc(out, c);
			continue;
		}
		c = ++i < pattern.len ? pattern.at[i] : 0;
		if (c == '%') {
			buf_addc(out, '%');
			continue;
		}
		buf_clear(&arg);
		ok = (c == 's' || c == 'I' || c == 'L') &&
		     constant(rd, tree_nth(args, next++), &arg);
		if (!ok)
			break;
		if (c == 's')
			buf_add(out, buf_slice(&arg));
		else if (c == 'I')
			quote_ident_pretty(out, DIALECT_POSTGRES, buf_slice(&arg));
		else
			quote_literal(out, DIALECT_POSTGRES, buf_slice(&arg));
	}
	buf_done(&pattern);
	buf_done(&arg);
	return ok;
}

static bool is_function(node call, const char *name)
{
	node names = tree_get(call, "funcname");

	return tree_is(tree_get(rd_body(tree_nth(names, tree_count(names) - 1)), "sval"), name);
}

static bool quoted(struct rd *rd, node call, struct buf *out)
{
	struct buf arg = {0};
	bool ok = constant(rd, tree_nth(tree_get(call, "args"), 0), &arg);

	if (ok && is_function(call, "quote_ident"))
		quote_ident_pretty(out, DIALECT_POSTGRES, buf_slice(&arg));
	else if (ok)
		quote_literal(out, DIALECT_POSTGRES, buf_slice(&arg));
	buf_done(&arg);
	return ok;
}

/* Appends what the expression is worth, if that can be known without running it. */
static bool constant(struct rd *rd, node n, struct buf *out)
{
	n = rd_body(n);
	while (tree_key_is(n, "TypeCast"))
		n = rd_body(tree_get(n, "arg"));
	if (tree_key_is(n, "A_Const")) {
		if (tree_true(tree_get(n, "isnull")))
			return false;
		buf_add(out, rd_value(rd, n));
		return true;
	}
	if (tree_key_is(n, "A_Expr") &&
		tree_is(tree_get(rd_body(tree_nth(tree_get(n, "name"), 0)), "sval"), "||"))
		return constant(rd, tree_get(n, "lexpr"), out) &&
		       constant(rd, tree_get(n, "rexpr"), out);
	if (tree_key_is(n, "FuncCall") && is_function(n, "format"))
		return format(rd, tree_get(n, "args"), out);
	if (tree_key_is(n, "FuncCall") &&
		(is_function(n, "quote_ident") || is_function(n, "quote_literal")))
		return quoted(rd, n, out);
	return false;
}

/* The constant text that dynamic SQL begins with. */
static void prefix(struct rd *rd, node n, struct buf *out)
{
	for (n = rd_body(n); n;) {
		if (tree_key_is(n, "A_Const")) {
			buf_add(out, rd_value(rd, n));
			return;
		}
		if (tree_key_is(n, "A_Expr"))
			n = rd_body(tree_get(n, "lexpr"));
		else if (tree_key_is(n, "TypeCast"))
			n = rd_body(tree_get(n, "arg"));
		else if (tree_key_is(n, "FuncCall") && is_function(n, "format"))
			n = rd_body(tree_nth(tree_get(n, "args"), 0));
		else
			return;
	}
}

/* Statements that cannot change the schema, by their first word. */
static bool only_data(struct slice text)
{
	static const char *const words[] = {"insert", "update", "delete", "select", "values",
		"merge", "copy", "analyze", "vacuum", "set", "reset", "refresh", "notify",
		"truncate", "lock", NULL};
	struct lexer l;
	struct token t;
	size_t i;

	lexer_init(&l, DIALECT_POSTGRES, text);
	t = lexer_next(&l);
	for (i = 0; words[i]; i++)
		if (token_is(t, words[i]))
			return true;
	return false;
}

static void dynamic(struct walk *w, node expr)
{
	struct slice q = query_of(w, expr), text;
	struct buf b = {0};
	struct rd in;
	size_t off = place(w, q);
	node n = expression(w, &in, q);

	if (n && constant(&in, n, &b)) {
		text = arena_slice(w->rd->a, buf_slice(&b));
		if (off != NOWHERE) {
			size_t k = slice_find(slice_sub(w->body, off, q.len), text);

			off = k == SIZE_MAX ? NOWHERE : off + k;
		}
		sql_at(w, text, off);
	} else if (w->executed) {
		buf_clear(&b);
		if (n)
			prefix(&in, n, &b);
		rd_partly(w->rd, SL("dynamic SQL in a DO block"),
			only_data(buf_slice(&b)) ? SLICE_NONE : SL("*"));
	}
	buf_done(&b);
}

/* ---- Procedural statements ---- */

static void guarded(struct walk *w, node list, bool loop)
{
	unsigned before = w->flags;

	w->flags |= CHANGE_GUARDED;
	w->loops += loop;
	statements(w, list);
	w->loops -= loop;
	w->flags = before;
}

static void block(struct walk *w, node n)
{
	node exceptions = tree_get(tree_get(n, "exceptions"), "PLpgSQL_exception_block"), e;

	if (!exceptions) {
		statements(w, tree_get(n, "body"));
		return;
	}
	guarded(w, tree_get(n, "body"), false);
	for (e = tree_first(tree_get(exceptions, "exc_list")); e;
		e = tree_next(tree_get(exceptions, "exc_list"), e))
		guarded(w, tree_get(rd_body(e), "action"), false);
}

static void branch(struct walk *w, node n)
{
	node list = tree_get(n, "elsif_list"), e;

	value(w, tree_get(n, "cond"));
	guarded(w, tree_get(n, "then_body"), false);
	for (e = tree_first(list); e; e = tree_next(list, e)) {
		value(w, tree_get(rd_body(e), "cond"));
		guarded(w, tree_get(rd_body(e), "stmts"), false);
	}
	guarded(w, tree_get(n, "else_body"), false);
}

static void cases(struct walk *w, node n)
{
	node list = tree_get(n, "case_when_list"), e;

	value(w, tree_get(n, "t_expr"));
	for (e = tree_first(list); e; e = tree_next(list, e))
		guarded(w, tree_get(rd_body(e), "stmts"), false);
	guarded(w, tree_get(n, "else_stmts"), false);
}

/* The query of FOR … IN query LOOP is run once: it is not in the loop. */
static void loop(struct walk *w, node n)
{
	value(w, tree_get(n, "cond"));
	value(w, tree_get(n, "lower"));
	value(w, tree_get(n, "upper"));
	value(w, tree_get(n, "expr"));
	if (tree_key_is(n, "PLpgSQL_stmt_dynfors"))
		dynamic(w, tree_get(n, "query"));
	else if (tree_get(n, "query"))
		sql(w, tree_get(n, "query"));
	guarded(w, tree_get(n, "body"), true);
}

static void end_transaction(struct walk *w, bool commit)
{
	struct change *c = ARENA_PUSH(w->rd->a, *w->v, *w->n);

	memset(c, 0, sizeof *c);
	c->kind = commit ? CHANGE_COMMIT : CHANGE_ROLLBACK;
	c->flags = w->rd->flags | w->flags | CHANGE_INNER;
	c->span = w->rd->span;
	mark_loop(w, *w->n - 1);
}

static void query_or_dynamic(struct walk *w, node n)
{
	if (tree_get(n, "dynquery"))
		dynamic(w, tree_get(n, "dynquery"));
	else if (tree_get(n, "query"))
		sql(w, tree_get(n, "query"));
}

static void statement(struct walk *w, node n)
{
	if (tree_key_is(n, "PLpgSQL_stmt_block"))
		block(w, n);
	else if (tree_key_is(n, "PLpgSQL_stmt_if"))
		branch(w, n);
	else if (tree_key_is(n, "PLpgSQL_stmt_case"))
		cases(w, n);
	else if (tree_key_is(n, "PLpgSQL_stmt_execsql"))
		sql(w, tree_get(n, "sqlstmt"));
	else if (tree_key_is(n, "PLpgSQL_stmt_call"))
		sql(w, tree_get(n, "expr"));
	else if (tree_key_is(n, "PLpgSQL_stmt_perform"))
		perform(w, query_of(w, tree_get(n, "expr")));
	else if (tree_key_is(n, "PLpgSQL_stmt_dynexecute"))
		dynamic(w, tree_get(n, "query"));
	else if (tree_key_is(n, "PLpgSQL_stmt_return_query") || tree_key_is(n, "PLpgSQL_stmt_open"))
		query_or_dynamic(w, n);
	else if (tree_key_is(n, "PLpgSQL_stmt_commit"))
		end_transaction(w, true);
	else if (tree_key_is(n, "PLpgSQL_stmt_rollback"))
		end_transaction(w, false);
	else if (tree_get(n, "body"))
		loop(w, n);
	else if (tree_get(n, "expr"))
		value(w, tree_get(n, "expr"));
}

static void statements(struct walk *w, node list)
{
	node s;

	if (++w->depth > 200)
		rd_partly(w->rd, SL("code nested too deeply"), SL("*"));
	else
		for (s = tree_first(list); s; s = tree_next(list, s))
			statement(w, rd_body(s));
	w->depth--;
}

static bool is_plain_name(struct slice type)
{
	for (size_t i = 0; i < type.len; i++)
		if (!(type.at[i] == '_' || (type.at[i] >= 'a' && type.at[i] <= 'z') ||
			    (i && type.at[i] >= '0' && type.at[i] <= '9')))
			return false;
	return type.len > 0;
}

/* DECLARE x int := (SELECT …) */
static void declarations(struct walk *w, node function)
{
	node list = tree_get(function, "datums"), d;

	for (d = tree_first(list); d; d = tree_next(list, d)) {
		struct slice type = tree_text(
			w->rd->a, tree_get(rd_body(tree_get(rd_body(d), "datatype")), "typname"));

		value(w, tree_get(rd_body(d), "default_val"));
		value(w, tree_get(rd_body(d), "cursor_explicit_expr"));
		if ((is_plain_name(type) && !rd_is_own_spelling(type)) ||
			(slice_chr(type, '%') != SIZE_MAX && slice_chr(type, '"') == SIZE_MAX))
			names_add(w->rd->a, &w->rd->declared, type);
	}
	w->cursor = 0;
}

/* Words of PL/pgSQL's own parser, of which the server's are the same. */
static bool is_servers(struct slice message)
{
	static const char *const begin[] = {"syntax error", "missing \"", "unterminated ",
		"mismatched parentheses", "unexpected end of", "duplicate declaration",
		"end label ", "unrecognized exception condition", "EXIT cannot be used",
		"CONTINUE cannot be used", "there is no label", "block label ",
		"too many parameters specified for RAISE", "too few parameters specified for RAISE",
		"RETURN cannot have ", "missing expression", "cannot use RETURN ",
		"loop variable of loop over rows must be", "trigger functions cannot have declared",
		"variable \""};

	for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
		if (slice_starts(message, begin[i]))
			return true;
	return slice_ends(message, "is not a known variable");
}

void rd_plpgsql(struct rd *rd, struct slice text, struct slice body, size_t at, bool exact,
	struct change **v, size_t *n, struct names *reads, bool executed)
{
	struct rd mid = *rd;
	struct walk w = {.rd = &mid,
		.body = body,
		.at = at == NOWHERE ? 0 : at,
		.exact = exact,
		.executed = executed,
		.v = v,
		.n = n,
		.reads = reads};
	struct grammar_fault fault;
	node root, function;

	mid.depth = rd->depth + 1;
	mid.opaque = mid.partly = SLICE_NONE;
	mid.may_touch = (struct names){0};
	if (mid.depth >= READ_DEPTH_MAX) {
		rd_partly(rd, SL("code nested too deeply"), SL("*"));
		return;
	}
	if (!rd_parse(&mid, text, true, &root, &fault)) {
		if (is_servers(fault.message))
			rd->body_fault = arena_slice(rd->a, fault.message);
		if (rd->body_fault.len)
			return;
		if (!executed)
			rd_partly(rd,
				arena_printf(rd->a, "the function's body could not be read: %.*s",
					SLICE(fault.message)),
				SLICE_NONE);
		else
			rd_opaque(rd,
				arena_printf(rd->a, "the body could not be read: %.*s",
					SLICE(fault.message)),
				SL("*"));
		return;
	}
	if (tree_get(root,
		    "plpgsql_funcs")) /* the one provider wraps the list, the other does not */
		root = tree_get(root, "plpgsql_funcs");
	function = rd_body(tree_nth(root, 0));
	declarations(&w, function);
	if (rd_body(tree_get(function, "action")))
		statement(&w, rd_body(tree_get(function, "action")));
	rd->declared = mid.declared;
	if (!executed)
		return;
	/* Nothing is lost: what could not be read inside makes the whole statement partly opaque.
	 */
	if (mid.opaque.len || mid.partly.len)
		rd_partly(rd, mid.opaque.len ? mid.opaque : mid.partly, SLICE_NONE);
	for (size_t i = 0; i < mid.may_touch.n; i++)
		rd_partly(rd, SLICE_NONE, mid.may_touch.at[i]);
	if (mid.required)
		rd_requires(rd, mid.required, mid.required_for);
}
