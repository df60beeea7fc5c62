/* read_routine.c - triggers, procedures, functions and events: their heads in full, their bodies
 * token by token.
 *
 * A body is not run when it is defined, so what it does is no change of the CREATE statement; it is
 * kept as text with the tables it mentions. When the same file calls the procedure afterwards, its
 * statements are read and become changes of the CALL: guarded ones where they stand inside an IF, a
 * CASE, a loop or a handler. */
#include "engine/mysql/parser.h"

/* ---- bodies ---- */

static const char *const statement_words[] = {"ALTER", "CREATE", "DROP", "RENAME", "TRUNCATE",
	"INSERT", "UPDATE", "DELETE", "REPLACE", "LOAD", "CALL", "PREPARE", "EXECUTE", "SELECT",
	"WITH", "ANALYZE", "OPTIMIZE", "GRANT", "REVOKE", "SET", "COMMIT", "ROLLBACK", "START",
	"LOCK", "UNLOCK", "DEALLOCATE", "DO", "FLUSH", "HANDLER"};

static bool starts_statement(struct token t)
{
	for (size_t i = 0; i < sizeof statement_words / sizeof *statement_words; i++)
		if (token_is(t, statement_words[i]))
			return true;
	return false;
}

/* Only asked between statements, so IF and REPEAT are never the functions of that name. */
static bool opens_block(struct token t)
{
	static const char *const words[] = {"IF", "CASE", "LOOP", "WHILE", "REPEAT"};

	for (size_t k = 0; k < sizeof words / sizeof *words; k++)
		if (token_is(t, words[k]))
			return true;
	return false;
}

static bool closes_block(const struct parser *p, size_t i)
{
	return token_is(tok_at(p, i), "END") && opens_block(tok_at(p, i + 1));
}

/* Where the statement that begins at `i` ends: the next ';' outside brackets, or the end. CASE …
 * END inside it has no ';'. */
static size_t statement_end(const struct parser *p, size_t i)
{
	int depth = 0;

	for (; tok_at(p, i).kind != TOKEN_END; i++) {
		if (token_punct(tok_at(p, i), "("))
			depth++;
		else if (token_punct(tok_at(p, i), ")"))
			depth--;
		else if (depth <= 0 && token_punct(tok_at(p, i), ";"))
			return i;
	}
	return i;
}

static bool body_statement(
	struct parser *p, const struct parser *body, size_t i, size_t end, unsigned flags)
{
	flags |= CHANGE_INNER;

	return my_read_inner(p, my_tokens_text(body, i, end), flags);
}

/* A condition, up to THEN or DO. */
static size_t condition_end(const struct parser *p, size_t i)
{
	while (tok_at(p, i).kind != TOKEN_END && !token_is(tok_at(p, i), "THEN") &&
		!token_is(tok_at(p, i), "DO") && !token_punct(tok_at(p, i), ";"))
		i++;
	return i;
}

/* DECLARE … HANDLER FOR … {statement | BEGIN … END}: what a handler does happens only when
 * something goes wrong, so it is left out. */
static size_t declare_end(const struct parser *p, size_t i)
{
	int blocks = 0;

	for (; tok_at(p, i).kind != TOKEN_END; i++) {
		if (token_is(tok_at(p, i), "BEGIN"))
			blocks++;
		else if (token_is(tok_at(p, i), "END") && !closes_block(p, i))
			blocks -= blocks ? 1 : 0;
		else if (token_punct(tok_at(p, i), ";") && blocks == 0)
			break;
	}
	return i;
}

/* Walks over a body: control words are skipped, statements are read. */
bool my_read_body_statements(struct parser *p, struct slice text)
{
	struct parser body = {.d = p->d};
	int blocks = 0;
	unsigned handled = 0;

	if (!my_parser_init(&body, p->reader, p->a, p->st, text))
		return false;
	for (size_t i = 0; tok_at(&body, i).kind != TOKEN_END; i++) {
		struct token t = tok_at(&body, i);
		size_t end;

		if (token_is(t, "END")) {
			if (closes_block(&body, i) && blocks)
				blocks--;
			i = statement_end(&body, i);
		} else if (token_is(t, "DECLARE")) {
			/* What fails may be passed over from here on. */
			if (token_is(tok_at(&body, i + 1), "CONTINUE"))
				handled = CHANGE_PASSED_OVER;
			i = declare_end(&body, i);
		} else if (starts_statement(t)) {
			end = statement_end(&body, i);
			if (!body_statement(
				    p, &body, i, end, handled | (blocks ? CHANGE_GUARDED : 0)))
				return false;
			i = end;
		} else if (token_is(t, "LOOP") || token_is(t, "REPEAT")) {
			blocks++;
		} else if (opens_block(t)) {
			blocks++;
			i = condition_end(&body, i);
		} else if (token_is(t, "ELSEIF") || token_is(t, "UNTIL") || token_is(t, "WHEN")) {
			i = condition_end(&body, i);
		}
		if (tok_at(&body, i).kind == TOKEN_END)
			break;
	}
	return true;
}

/* Names of tables a body mentions, and whether it builds SQL at run time. */
void my_body_reads(struct parser *p, size_t from, size_t to, struct names *reads)
{
	my_select_reads(p, from, to, reads);
	for (size_t i = from; i < to; i++)
		if (token_is(tok_at(p, i), "PREPARE") || token_is(tok_at(p, i), "IMMEDIATE")) {
			p->partly_opaque = true;
			p->partly_why = SL("its body builds SQL at run time");
		}
}

static struct expr read_body(struct parser *p, struct names *reads)
{
	struct expr e = {0};
	size_t from = p->at;

	while (!my_at_end(p))
		p->at++;
	e.text = my_tokens_text(p, from, p->at);
	my_body_reads(p, from, p->at, reads);
	return e;
}

/* ---- triggers ---- */

bool my_read_create_trigger(struct parser *p, size_t start, unsigned flags)
{
	struct change ch = my_change_new(p, CHANGE_CREATE_TRIGGER, OBJECT_TRIGGER);
	struct name name, unused;
	struct object *o;

	ch.flags |= flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_want_name(p, &name, "a trigger name"))
		return false;
	o = ch.def = my_object_new(p->a, OBJECT_TRIGGER, name.name);
	o->schema = name.schema;
	ch.name = name.name;
	if (!my_is_word(p, "BEFORE") && !my_is_word(p, "AFTER"))
		return my_fault_expected(p, "BEFORE or AFTER");
	o->trigger.timing = my_lower(p->a, tok_now(p).text);
	p->at++;
	do {
		if (!my_is_word(p, "INSERT") && !my_is_word(p, "UPDATE") &&
			!my_is_word(p, "DELETE"))
			return my_fault_expected(p, "INSERT, UPDATE or DELETE");
		names_add(p->a, &o->trigger.events, my_lower(p->a, tok_now(p).text));
		p->at++;
	} while (my_take_word(p, "OR"));
	if (!my_want_word(p, "ON") || !my_want_name(p, &ch.target, "a table name") ||
		!my_want_word(p, "FOR EACH ROW"))
		return false;
	if (slice_empty(ch.target.schema))
		ch.target.schema = name.schema;
	if ((my_take_word(p, "FOLLOWS") || my_take_word(p, "PRECEDES")) &&
		!my_want_name(p, &unused, "a trigger name"))
		return false;
	if (my_at_end(p))
		return my_fault_expected(p, "the trigger's statement");
	o->trigger.for_each_row = true;
	o->trigger.enabled = SL("origin");
	o->trigger.body = read_body(p, &ch.reads);
	my_change_push(p, &ch, start);
	o->span = ch.span;
	return true;
}

/* ---- procedures and functions ---- */

static bool read_argument(struct parser *p, struct buf *b, bool function)
{
	struct my_type t;
	struct slice name;
	const char *mode = "IN";

	if (my_take_word(p, "INOUT"))
		mode = "INOUT";
	else if (my_take_word(p, "OUT"))
		mode = "OUT";
	else
		my_take_word(p, "IN");
	if (!my_want_ident(p, &name, "an argument's name") || !my_read_type(p, &t))
		return false;
	if (my_take_word(p, "COLLATE"))
		p->at++;
	if (my_take_word(p, "DEFAULT")) {
		static const char *const none[] = {NULL};

		p->at = my_expr_end(p, none);
	}
	if (!function)
		buf_printf(b, "%s ", mode);
	buf_printf(b, "%.*s %.*s", SLICE(name), SLICE(t.text));
	return true;
}

static bool read_arguments(struct parser *p, struct slice *out, bool function)
{
	struct buf b = {0};
	bool ok = false;

	if (!my_want_punct(p, "("))
		return false;
	while (!my_is_punct(p, ")")) {
		if (b.len)
			buf_adds(&b, ", ");
		if (!read_argument(p, &b, function))
			goto out;
		if (!my_take_punct(p, ","))
			break;
	}
	if (!my_want_punct(p, ")"))
		goto out;
	*out = arena_slice(p->a, buf_slice(&b));
	ok = true;
out:
	buf_done(&b);
	return ok;
}

static bool read_characteristic(struct parser *p, struct object *o, bool *took)
{
	struct function_def *d = &o->function;

	*took = true;
	if (my_take_word(p, "COMMENT"))
		return my_want_string(p, &o->comment, "a comment in quotes");
	if (my_take_word(p, "LANGUAGE")) {
		d->language = my_lower(p->a, tok_now(p).text);
		p->at++;
	} else if (my_take_word(p, "NOT DETERMINISTIC")) {
		d->volatility = SL("not deterministic");
	} else if (my_take_word(p, "DETERMINISTIC")) {
		d->volatility = SL("deterministic");
	} else if (my_take_word(p, "CONTAINS SQL")) {
		;
	} else if (my_take_word(p, "NO SQL")) {
		names_add(p->a, &d->settings, SL("no sql"));
	} else if (my_take_word(p, "READS SQL DATA")) {
		names_add(p->a, &d->settings, SL("reads sql data"));
	} else if (my_take_word(p, "MODIFIES SQL DATA")) {
		names_add(p->a, &d->settings, SL("modifies sql data"));
	} else if (my_take_word(p, "SQL SECURITY")) {
		d->security_definer = my_is_word(p, "DEFINER");
		p->at++;
	} else {
		*took = false;
	}
	return true;
}

/* CREATE FUNCTION f RETURNS STRING SONAME 'lib.so' */
static bool read_loadable(struct parser *p, struct change *ch, size_t start)
{
	struct slice library;

	p->at += 2;
	if (!my_want_word(p, "SONAME") || !my_want_string(p, &library, "a library") ||
		!my_want_end(p))
		return false;
	ch->def->function.language = SL("c");
	my_change_push(p, ch, start);
	return true;
}

bool my_read_create_routine(struct parser *p, size_t start, unsigned flags)
{
	struct change ch = my_change_new(p, CHANGE_CREATE_FUNCTION, OBJECT_FUNCTION);
	bool function = my_is_word(p, "FUNCTION"), took = true;
	struct my_type returns;
	struct object *o;

	p->at++;
	ch.flags |= flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (!my_want_name(p, &ch.target, "a routine name"))
		return false;
	o = ch.def = my_object_new(p->a, OBJECT_FUNCTION, ch.target.name);
	o->schema = ch.target.schema;
	o->function.kind = function ? SL("function") : SL("procedure");
	o->function.language = SL("sql");
	o->function.security_definer = true;
	o->function.volatility = SL("not deterministic");
	if (function && my_is_word(p, "RETURNS"))
		return read_loadable(p, &ch, start);
	if (!read_arguments(p, &o->function.arguments, function))
		return false;
	if (function) {
		if (!my_want_word(p, "RETURNS") || !my_read_type(p, &returns))
			return false;
		o->function.returns = returns.text;
		if (my_take_word(p, "COLLATE"))
			p->at++;
	}
	while (took)
		if (!read_characteristic(p, o, &took))
			return false;
	my_take_word(p, "AS");
	if (my_at_end(p))
		return my_fault_expected(p, "the routine's body");
	o->function.body = read_body(p, &o->function.reads);
	ch.reads = o->function.reads;
	my_change_push(p, &ch, start);
	o->span = ch.span;
	if (!function)
		my_reader_set_routine(p->reader, ch.target.name, o->function.body.text);
	return true;
}

/* ---- events ---- */

/* An interval or a time: words up to one of these. */
static struct slice schedule_text(struct parser *p)
{
	static const char *const stops[] = {
		"STARTS", "ENDS", "ON", "ENABLE", "DISABLE", "COMMENT", "DO", "RENAME"};
	size_t from = p->at;

	while (!my_at_end(p)) {
		for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
			if (p->at > from && token_is(tok_now(p), stops[i]))
				return my_tokens_squeezed(p, from, p->at);
		p->at++;
	}
	return my_tokens_squeezed(p, from, p->at);
}

static void event_option(struct parser *p, struct object *o, const char *label, struct slice value)
{
	struct slice v = my_lower(p->a, value);

	/* '1' HOUR and 1 HOUR are the same interval. */
	if (v.len > 2 && v.at[0] == '\'')
		v = arena_printf(p->a, "%.*s%.*s",
			SLICE(slice_sub(v, 1, slice_chr(slice_from(v, 1), '\''))),
			SLICE(slice_from(v, 2 + slice_chr(slice_from(v, 1), '\''))));
	names_add(p->a, &o->other.options, arena_printf(p->a, "%s=%.*s", label, SLICE(v)));
}

static bool read_event_clause(struct parser *p, struct change *ch, bool *took)
{
	struct object *o = ch->def;

	*took = true;
	if (my_take_word(p, "ON SCHEDULE EVERY"))
		event_option(p, o, "every", schedule_text(p));
	else if (my_take_word(p, "ON SCHEDULE AT"))
		event_option(p, o, "at", schedule_text(p));
	else if (my_take_word(p, "STARTS") || my_take_word(p, "ENDS"))
		schedule_text(p);
	else if (my_take_word(p, "ON COMPLETION PRESERVE"))
		names_add(p->a, &o->other.options, SL("on completion=preserve"));
	else if (my_take_word(p, "ON COMPLETION NOT PRESERVE"))
		;
	else if (my_take_word(p, "ENABLE"))
		o->other.enabled = SL("enabled");
	else if (my_take_word(p, "DISABLE ON SLAVE") || my_take_word(p, "DISABLE ON REPLICA"))
		o->other.enabled = SL("replica");
	else if (my_take_word(p, "DISABLE"))
		o->other.enabled = SL("disabled");
	else if (my_take_word(p, "COMMENT"))
		return my_want_string(p, &o->comment, "a comment in quotes");
	else if (my_take_word(p, "RENAME TO"))
		return my_want_name(p, &ch->other, "the new name");
	else
		*took = false;
	return true;
}

static bool read_event(struct parser *p, struct change *ch, size_t start)
{
	bool took = true;

	if (!my_want_name(p, &ch->target, "an event name"))
		return false;
	ch->def = my_object_new(p->a, OBJECT_EVENT, ch->target.name);
	ch->def->schema = ch->target.schema;
	ch->def->other.class_ = SL("event");
	while (took)
		if (!read_event_clause(p, ch, &took))
			return false;
	if (my_take_word(p, "DO"))
		ch->def->other.definition = read_body(p, &ch->reads);
	if (!my_want_end(p))
		return false;
	my_change_push(p, ch, start);
	return true;
}

bool my_read_create_event(struct parser *p, size_t start, unsigned flags)
{
	struct change ch = my_change_new(p, CHANGE_CREATE_OTHER, OBJECT_EVENT);

	ch.flags |= flags;
	if (my_take_word(p, "IF NOT EXISTS"))
		ch.flags |= CHANGE_IF_NOT_EXISTS;
	if (!read_event(p, &ch, start))
		return false;
	if (slice_empty(ch.def->other.enabled))
		ch.def->other.enabled = SL("enabled");
	return true;
}

bool my_read_alter_event(struct parser *p, size_t start)
{
	struct change ch = my_change_new(p, CHANGE_ALTER_OTHER, OBJECT_EVENT);

	return read_event(p, &ch, start);
}
