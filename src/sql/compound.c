/* compound.c - where a stored routine of MySQL ends when nobody wrote a DELIMITER. */
#include "sql/compound.h"

enum opener { OPEN_BLOCK, OPEN_CASE, OPEN_IF, OPEN_LOOP, OPEN_REPEAT };

static void push(struct compound *c, enum opener kind, size_t off)
{
	if (c->depth == 0)
		c->opened_at = off;
	if (c->depth < COMPOUND_DEEPEST)
		c->open[c->depth] = (unsigned char)kind;
	c->depth++;
}

/* The innermost thing that is open. */
static bool inside(const struct compound *c, enum opener kind)
{
	return c->depth && c->depth <= COMPOUND_DEEPEST && c->open[c->depth - 1] == kind;
}

static bool one_of(struct slice word, const char *const *words)
{
	for (; *words; words++)
		if (slice_iis(word, *words))
			return true;
	return false;
}

/* Between CREATE and the kind of object only a definer may stand. */
static void head_token(struct compound *c, struct token t)
{
	static const char *const routines[] = {"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", NULL};
	static const char *const between[] = {
		"OR", "REPLACE", "AGGREGATE", "DEFINER", "CURRENT_USER", "CURRENT_ROLE", NULL};

	if (t.kind != TOKEN_WORD) {
		c->before = token_punct(t, "=") ? BEFORE_EQUALS : BEFORE_OTHER;
		return;
	}
	if (one_of(t.text, routines) && c->before != BEFORE_EQUALS)
		c->head = HEAD_ROUTINE;
	else if (!one_of(t.text, between) && c->before != BEFORE_EQUALS)
		c->head = HEAD_PLAIN;
	c->before = BEFORE_OTHER;
}

/* A block ends where a statement could begin, a CASE expression anywhere, a REPEAT behind its
 * condition. END FOR closes what was never counted. */
static void end_token(struct compound *c, const struct lexer *l)
{
	struct token next = lexer_peek(l);
	bool closes;

	if (inside(c, OPEN_CASE))
		closes = true;
	else if (inside(c, OPEN_REPEAT))
		closes = token_is(next, "REPEAT");
	else
		closes = c->before == BEFORE_START && !token_is(next, "FOR");
	c->before = BEFORE_END;
	if (closes && c->depth)
		c->depth--;
}

static void then_token(struct compound *c, size_t off)
{
	/* Whose THEN is it? ELSEIF and WHEN have said so; what is left is a new IF. */
	if (c->then_of == THEN_OF_IF)
		push(c, OPEN_IF, off);
	c->then_of = THEN_OF_IF;
	c->before = BEFORE_START;
}

static void begin_token(struct compound *c, const struct lexer *l, size_t off)
{
	/* A column may be called begin. */
	if (lexer_peek(l).kind == TOKEN_PUNCT) {
		c->before = BEFORE_OTHER;
		return;
	}
	push(c, OPEN_BLOCK, off);
	c->before = BEFORE_START;
}

static void word_token(struct compound *c, const struct lexer *l, struct token t)
{
	enum compound_before before = c->before;

	c->before = BEFORE_OTHER;
	if (before == BEFORE_DOT) {
		return;
	} else if (token_is(t, "BEGIN")) {
		begin_token(c, l, t.off);
	} else if (token_is(t, "END")) {
		c->before = before;
		end_token(c, l);
	} else if (token_is(t, "THEN")) {
		then_token(c, t.off);
	} else if (token_is(t, "ELSEIF")) {
		c->then_of = THEN_OF_ELSEIF;
	} else if (token_is(t, "WHEN")) {
		c->then_of = THEN_OF_WHEN;
	} else if (token_is(t, "ELSE") || token_is(t, "DO")) {
		c->before = BEFORE_START;
	} else if (before == BEFORE_END) {
		return; /* END IF, END LOOP, END label */
	} else if (token_is(t, "CASE")) {
		push(c, OPEN_CASE, t.off);
	} else if (token_is(t, "WHILE")) {
		push(c, OPEN_LOOP, t.off);
	} else if (token_is(t, "LOOP")) {
		push(c, OPEN_LOOP, t.off);
		c->before = BEFORE_START;
	} else if (token_is(t, "REPEAT") && !token_punct(lexer_peek(l), "(")) {
		push(c, OPEN_REPEAT, t.off);
		c->before = BEFORE_START;
	}
}

static void body_token(struct compound *c, const struct lexer *l, struct token t)
{
	if (token_punct(t, ";")) {
		c->parens = 0;
		c->then_of = THEN_OF_IF;
		c->before = BEFORE_START;
	} else if (token_punct(t, "(")) {
		c->parens++;
		c->before = BEFORE_OTHER;
	} else if (token_punct(t, ")")) {
		c->parens -= c->parens > 0;
		c->before = BEFORE_OTHER;
	} else if (c->parens) {
		return;
	} else if (t.kind == TOKEN_WORD) {
		word_token(c, l, t);
	} else {
		c->before = token_punct(t, ":")   ? BEFORE_START
			    : token_punct(t, ".") ? BEFORE_DOT
						  : BEFORE_OTHER;
	}
}

void compound_token(struct compound *c, const struct lexer *l, struct token t)
{
	switch (c->head) {
	case HEAD_START:
		c->head = HEAD_PLAIN;
		if (token_is(t, "CREATE"))
			c->head = HEAD_CREATE;
		else if (token_is(t, "BEGIN") && token_is(lexer_peek(l), "NOT"))
			c->head = HEAD_ROUTINE; /* MariaDB: BEGIN NOT ATOMIC */
		if (c->head == HEAD_ROUTINE)
			body_token(c, l, t);
		break;
	case HEAD_CREATE:
		head_token(c, t);
		break;
	case HEAD_PLAIN:
		break;
	case HEAD_ROUTINE:
		body_token(c, l, t);
		break;
	}
}
