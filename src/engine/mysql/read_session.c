/* read_session.c - SET, and SQL that is put together at run time: PREPARE, EXECUTE, CALL.
 *
 * Dynamic SQL is followed as far as it is constant: SET @s = '…' (also IF(condition, '…', '…'), the
 * idiom of migrations that may run twice, and CONCAT of constants), PREPARE x FROM @s, EXECUTE x.
 * The two arms of an IF become guarded changes. Anything else is opaque, with the reason. */
#include "engine/mysql/parser.h"

/* ---- constant text ---- */

static bool const_text(struct parser *p, size_t from, size_t to, struct slice *one,
	struct slice *other, int depth);

static void strip_brackets(const struct parser *p, size_t *from, size_t *to)
{
	while (*to > *from + 1 && token_punct(tok_at(p, *from), "(") &&
		token_punct(tok_at(p, *to - 1), ")")) {
		int depth = 0;
		size_t i;

		for (i = *from; i < *to; i++) {
			if (token_punct(tok_at(p, i), "("))
				depth++;
			else if (token_punct(tok_at(p, i), ")") && --depth == 0)
				break;
		}
		if (i != *to - 1)
			return;
		++*from;
		--*to;
	}
}

static size_t argument_end(const struct parser *p, size_t from, size_t to)
{
	int depth = 0;

	for (size_t i = from; i < to; i++) {
		if (token_punct(tok_at(p, i), "("))
			depth++;
		else if (token_punct(tok_at(p, i), ")"))
			depth--;
		else if (depth == 0 && token_punct(tok_at(p, i), ","))
			return i;
	}
	return to;
}

static bool const_concat(struct parser *p, size_t from, size_t to, struct slice *one, int depth)
{
	struct buf b = {0};
	bool ok = true;

	for (size_t i = from; i < to && ok; i++) {
		size_t end = argument_end(p, i, to);
		struct slice part, other = SLICE_NONE;

		ok = const_text(p, i, end, &part, &other, depth + 1) && slice_empty(other);
		if (ok)
			buf_add(&b, part);
		i = end;
	}
	*one = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return ok;
}

static bool const_if(
	struct parser *p, size_t from, size_t to, struct slice *one, struct slice *other, int depth)
{
	struct slice none = SLICE_NONE;
	size_t a = argument_end(p, from, to), b = argument_end(p, a + 1, to);

	return b < to && const_text(p, a + 1, b, one, &none, depth + 1) && slice_empty(none) &&
	       const_text(p, b + 1, to, other, &none, depth + 1) && slice_empty(none);
}

/* Is [from, to) a text that is known now: a literal, a variable we followed, CONCAT, or IF of two?
 */
static bool const_text(
	struct parser *p, size_t from, size_t to, struct slice *one, struct slice *other, int depth)
{
	struct parser q = *p;
	size_t open, close;

	if (depth > 8)
		return false;
	strip_brackets(p, &from, &to);
	if (from < to && token_is(tok_at(p, from), "SELECT"))
		from++;
	if (from >= to)
		return false;
	q.at = from;
	if (my_take_string(&q, one))
		return q.at == to;
	if (to == from + 1 && tok_at(p, from).kind == TOKEN_PARAM) {
		*one = my_reader_variable(p->reader, tok_at(p, from).text, other);
		return one->at != NULL;
	}
	if (!my_is_word(&q, "IF") && !my_is_word(&q, "CONCAT"))
		return false;
	q.at++;
	if (!my_take_brackets(&q, &open, &close))
		return false;
	if (q.at < to && !token_is(tok_at(p, q.at), "FROM") && !token_is(tok_at(p, q.at), "AS") &&
		!token_is(tok_at(p, q.at), "INTO"))
		return false;
	if (token_is(tok_at(p, from), "CONCAT"))
		return const_concat(p, open, close, one, depth);
	return const_if(p, open, close, one, other, depth);
}

/* ---- SET ---- */

static size_t assignment_end(const struct parser *p)
{
	static const char *const none[] = {NULL};

	return my_expr_end(p, none);
}

static bool set_names(struct parser *p, const char *variable, size_t from)
{
	struct change ch = my_change_new(p, CHANGE_SET_VARIABLE, OBJECT_NONE);
	struct slice unused;

	ch.name = slice_of(variable);
	my_take_punct(p, "=");
	if (tok_now(p).kind == TOKEN_STRING) {
		my_take_string(p, &ch.value.text);
	} else if (my_take_word(p, "DEFAULT") || my_take_word(p, "BINARY")) {
		ch.value.text = my_lower(p->a, tok_at(p, p->at - 1).text);
	} else if (!my_want_ident(p, &ch.value.text, "a character set")) {
		return false;
	}
	if (my_take_word(p, "COLLATE") && !my_take_string(p, &unused) &&
		!my_take_word(p, "DEFAULT") && !my_want_ident(p, &unused, "a collation"))
		return false;
	my_change_push(p, &ch, from);
	return true;
}

static bool set_user_variable(struct parser *p)
{
	struct change ch = my_change_new(p, CHANGE_SET_VARIABLE, OBJECT_NONE);
	size_t from = p->at, value, end;
	struct slice one = SLICE_NONE, other = SLICE_NONE;
	bool known;

	ch.name = tok_now(p).text;
	p->at++;
	if (!my_take_punct(p, "=") && !my_take_punct(p, ":="))
		return my_fault_expected(p, "\"=\"");
	value = p->at;
	end = assignment_end(p);
	if (end == value)
		return my_fault_expected(p, "a value");
	p->at = end;
	ch.value = my_expr_tokens(p, value, end);
	my_select_reads(p, value, end, &ch.reads);
	known = const_text(p, value, end, &one, &other, 0);
	my_reader_set_variable(p->reader, ch.name, one, other, known);
	my_change_push(p, &ch, from);
	return true;
}

static const char *take_scope(struct parser *p)
{
	static const char *const scopes[][2] = {{"GLOBAL", "global"}, {"SESSION", NULL},
		{"LOCAL", NULL}, {"PERSIST_ONLY", "persist_only"}, {"PERSIST", "persist"}};

	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
		if (my_is_word(p, scopes[i][0]) && tok_next(p, 1).kind != TOKEN_PUNCT) {
			p->at++;
			return scopes[i][1];
		}
	return NULL;
}

/* @@global.x, @@session.x and @@x say the scope in the name. */
static struct slice variable_name(struct parser *p, struct slice text, const char **scope)
{
	struct slice name = my_lower(p->a, text);

	while (name.len && name.at[0] == '@')
		name = slice_from(name, 1);
	if (slice_starts(name, "global."))
		*scope = "global", name = slice_from(name, 7);
	else if (slice_starts(name, "session."))
		name = slice_from(name, 8);
	else if (slice_starts(name, "local."))
		name = slice_from(name, 6);
	return name;
}

static bool set_system_variable(struct parser *p)
{
	struct change ch = my_change_new(p, CHANGE_SET_VARIABLE, OBJECT_NONE);
	size_t from = p->at, end;
	const char *scope = take_scope(p);
	struct slice mode;

	if (tok_now(p).kind == TOKEN_PARAM) {
		ch.name = variable_name(p, tok_now(p).text, &scope);
		p->at++;
	} else {
		struct name n;

		if (!my_want_name(p, &n, "a variable"))
			return false;
		ch.name = my_lower(p->a, n.name);
	}
	if (!my_take_punct(p, "=") && !my_take_punct(p, ":="))
		return my_fault_expected(p, "\"=\"");
	end = assignment_end(p);
	if (end == p->at)
		return my_fault_expected(p, "a value");
	ch.value = my_expr_tokens(p, p->at, end);
	if (slice_is(ch.name, "sql_mode")) {
		size_t at = p->at;

		if (my_take_string(p, &mode))
			my_reader_set_mode(p->reader, mode);
		p->at = at;
	}
	if (end == p->at + 1 && tok_now(p).kind == TOKEN_STRING)
		ch.value.text = token_value(p->a, p->d.dialect, tok_now(p));
	p->at = end;
	if (scope)
		names_add(p->a, &ch.settings, arena_printf(p->a, "scope=%s", scope));
	my_change_push(p, &ch, from);
	return true;
}

static bool set_transaction(struct parser *p, size_t from)
{
	struct change ch = my_change_new(p, CHANGE_SET_VARIABLE, OBJECT_NONE);
	size_t value = p->at;

	ch.name = SL("transaction");
	p->at = p->n - 1;
	ch.value.text = my_tokens_squeezed(p, value, p->at);
	my_change_push(p, &ch, from);
	return true;
}

static bool set_special(struct parser *p, bool *took)
{
	size_t from = p->at;
	struct change ch;

	*took = true;
	if (my_take_word(p, "NAMES"))
		return set_names(p, "names", from);
	if (my_take_word(p, "CHARACTER SET") || my_take_word(p, "CHARSET"))
		return set_names(p, "character set", from);
	if (my_take_word(p, "TRANSACTION") || my_take_word(p, "SESSION TRANSACTION") ||
		my_take_word(p, "GLOBAL TRANSACTION") || my_take_word(p, "LOCAL TRANSACTION"))
		return set_transaction(p, from);
	if (my_is_word(p, "PASSWORD") || my_is_word(p, "DEFAULT ROLE") ||
		my_is_word(p, "RESOURCE GROUP")) {
		ch = my_change_new(p, CHANGE_ALTER_ROLE, OBJECT_ROLE);
		p->at = p->n - 1;
		my_change_push(p, &ch, from);
		return true;
	}
	if (my_take_word(p, "ROLE")) {
		ch = my_change_new(p, CHANGE_SET_ROLE, OBJECT_NONE);
		ch.value.text = my_tokens_squeezed(p, p->at, p->n - 1);
		p->at = p->n - 1;
		my_change_push(p, &ch, from);
		return true;
	}
	*took = false;
	return true;
}

bool my_read_set(struct parser *p)
{
	bool took, statement;

	p->at++;
	statement = is_mariadb(&p->d) && my_take_word(p, "STATEMENT");
	do {
		if (!set_special(p, &took))
			return false;
		if (took)
			continue;
		if (statement) { /* SET STATEMENT a = 1, b = 2 FOR … */
			static const char *const stops[] = {"FOR", NULL};
			struct change ch = my_change_new(p, CHANGE_SET_VARIABLE, OBJECT_NONE);
			size_t from = p->at, end;

			ch.flags |= CHANGE_LOCAL;
			if (!my_want_ident(p, &ch.name, "a variable") || !my_want_punct(p, "="))
				return false;
			ch.name = my_lower(p->a, ch.name);
			end = my_expr_end(p, stops);
			ch.value = my_expr_tokens(p, p->at, end);
			p->at = end;
			my_change_push(p, &ch, from);
			if (my_take_word(p, "FOR"))
				return my_read_statement(p);
		} else if (tok_now(p).kind == TOKEN_PARAM && !slice_starts(tok_now(p).text, "@@")) {
			if (!set_user_variable(p))
				return false;
		} else if (!set_system_variable(p)) {
			return false;
		}
	} while (my_take_punct(p, ","));
	return my_want_end(p);
}

/* ---- PREPARE and EXECUTE ---- */

static bool opaque_dynamic(struct parser *p, const char *why)
{
	names_add(p->a, &p->may_touch, SL("*"));
	return my_fault_opaque(p, "%s", why);
}

/* The reader forgets its texts with the file; what is read of them lives as long as the statement.
 */
static bool run_text(struct parser *p, struct slice one, struct slice other)
{
	bool two = other.at != NULL;
	unsigned flags = CHANGE_INNER | (two ? CHANGE_GUARDED : 0);

	return my_read_inner(p, arena_slice(p->a, one), flags) &&
	       (!two || my_read_inner(p, arena_slice(p->a, other), flags));
}

static bool read_prepare_words(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_PREPARE, OBJECT_NONE);
	struct slice one = SLICE_NONE, other = SLICE_NONE;
	bool known;

	if (!my_want_ident(p, &ch.name, "a statement name") || !my_want_word(p, "FROM"))
		return false;
	if (my_at_end(p))
		return my_fault_expected(p, "a text or a variable");
	known = const_text(p, p->at, p->n - 1, &one, &other, 0);
	my_reader_set_prepared(p->reader, ch.name, one, other, known);
	p->at = p->n - 1;
	ch.value.text = SL("prepare");
	my_change_push(p, &ch, start);
	return true;
}

static bool read_execute(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_PREPARE, OBJECT_NONE);
	struct slice one = SLICE_NONE, other = SLICE_NONE;

	ch.value.text = SL("execute");
	if (is_mariadb(&p->d) && my_take_word(p, "IMMEDIATE")) {
		static const char *const stops[] = {"USING", NULL};
		size_t end = my_expr_end(p, stops);

		if (!const_text(p, p->at, end, &one, &other, 0))
			return opaque_dynamic(p, "it runs SQL that is put together at run time");
	} else {
		if (!my_want_ident(p, &ch.name, "a statement name"))
			return false;
		if (!my_reader_prepared(p->reader, ch.name, &one, &other))
			return opaque_dynamic(p, "it runs a prepared statement whose text is not "
						 "constant or not in this file");
	}
	p->at = p->n - 1;
	my_change_push(p, &ch, start);
	return run_text(p, one, other);
}

bool my_read_prepare(struct parser *p, bool *known)
{
	size_t start = p->at;
	struct change ch;

	*known = true;
	if (my_take_word(p, "PREPARE"))
		return p->kind = "PREPARE", read_prepare_words(p, start);
	if (my_take_word(p, "EXECUTE"))
		return p->kind = "EXECUTE", read_execute(p, start);
	if (my_take_word(p, "DEALLOCATE PREPARE")) {
		p->kind = "DEALLOCATE";
		ch = my_change_new(p, CHANGE_PREPARE, OBJECT_NONE);
		ch.value.text = SL("deallocate");
		if (!my_want_ident(p, &ch.name, "a statement name") || !my_want_end(p))
			return false;
		my_change_push(p, &ch, start);
		return true;
	}
	*known = false;
	return true;
}

/* ---- CALL ---- */

bool my_read_call(struct parser *p)
{
	struct change ch = my_change_new(p, CHANGE_CALL, OBJECT_FUNCTION);
	size_t start = p->at, from, to;
	struct slice body;

	p->at++;
	if (!my_want_name(p, &ch.target, "a procedure name"))
		return false;
	if (my_is_punct(p, "(")) {
		if (!my_take_brackets(p, &from, &to))
			return false;
		ch.value = my_expr_tokens(p, from, to);
	}
	if (!my_want_end(p))
		return false;
	my_change_push(p, &ch, start);
	if (my_reader_routine(p->reader, ch.target.name, &body))
		return my_read_body_statements(p, arena_slice(p->a, body));
	p->partly_opaque = true;
	p->partly_why =
		arena_printf(p->a, "it runs the procedure %.*s, whose body is not in this file",
			SLICE(ch.target.name));
	return true;
}
