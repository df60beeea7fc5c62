/* read_cursor.c - the token cursor of SQLite's reader. */
#include "engine/sqlite/read.h"

struct token p_peek_at(const struct parse *p, size_t ahead)
{
	size_t i = p->at + ahead;

	if (p->failed || i >= p->n)
		return p->tok[p->n - 1];
	return p->tok[i];
}

struct token p_peek(const struct parse *p)
{
	return p_peek_at(p, 0);
}

struct token p_next(struct parse *p)
{
	struct token t = p_peek(p);

	if (t.kind != TOKEN_END && !p->failed)
		p->at++;
	return t;
}

bool p_fail(struct parse *p)
{
	if (!p->failed) {
		p->failed_at = p->at;
		p->failed = true;
	}
	return false;
}

bool p_at_end(const struct parse *p)
{
	return p_peek(p).kind == TOKEN_END;
}

/* token_is(), but for the first letter: this is asked for every word of the grammar. */
static bool is_word(struct token t, const char *word)
{
	return t.kind == TOKEN_WORD && (t.text.at[0] | 0x20) == (word[0] | 0x20) &&
	       slice_iis(t.text, word);
}

bool p_is(const struct parse *p, const char *word)
{
	return is_word(p_peek(p), word);
}

bool p_is_punct(const struct parse *p, const char *punct)
{
	return token_punct(p_peek(p), punct);
}

bool p_take(struct parse *p, const char *word)
{
	if (!p_is(p, word))
		return false;
	p_next(p);
	return true;
}

bool p_take_punct(struct parse *p, const char *punct)
{
	if (!p_is_punct(p, punct))
		return false;
	p_next(p);
	return true;
}

void p_want(struct parse *p, const char *word)
{
	if (!p_take(p, word))
		p_fail(p);
}

void p_want_punct(struct parse *p, const char *punct)
{
	if (!p_take_punct(p, punct))
		p_fail(p);
}

bool p_is_name(const struct parse *p)
{
	struct token t = p_peek(p);

	switch (t.kind) {
	case TOKEN_QUOTED:
	case TOKEN_STRING:
		return true;
	case TOKEN_WORD:
		return !sqlite_is_keyword(t.text);
	case TOKEN_END:
	case TOKEN_BLANK:
	case TOKEN_COMMENT:
	case TOKEN_NUMBER:
	case TOKEN_PARAM:
	case TOKEN_PUNCT:
	case TOKEN_BAD:
		return false;
	}
	return false;
}

struct slice p_name(struct parse *p)
{
	if (!p_is_name(p)) {
		p_fail(p);
		return SLICE_NONE;
	}
	return token_value(p->a, DIALECT_SQLITE, p_next(p));
}

struct name p_qualified(struct parse *p)
{
	struct name n = {.name = p_name(p)};

	if (p_take_punct(p, ".")) {
		n.schema = n.name;
		n.name = p_name(p);
	}
	return n;
}

struct slice p_text(const struct parse *p, size_t from, size_t to)
{
	const struct token *first, *last;

	if (from >= to || to > p->n)
		return SLICE_NONE;
	first = &p->tok[from];
	last = &p->tok[to - 1];
	return slice_sub(p->text, first->off, last->off + last->text.len - first->off);
}

struct span p_span(const struct parse *p, size_t from, size_t to)
{
	struct slice text = p_text(p, from, to);
	struct span s = p->span;

	if (text.at) {
		s.off += (size_t)(text.at - p->text.at);
		s.len = text.len;
	}
	return s;
}

/* x IS [NOT] DISTINCT FROM y: this FROM starts no clause. */
static bool compares(const struct parse *p, struct token t)
{
	return token_is(t, "FROM") && p->at > 0 && token_is(p->tok[p->at - 1], "DISTINCT");
}

static bool is_any(struct token t, const char *const *words)
{
	for (size_t i = 0; words && words[i]; i++)
		if (is_word(t, words[i]))
			return true;
	return false;
}

void p_skip_until(struct parse *p, const char *const *words, bool at_comma)
{
	int depth = 0;

	for (; !p_at_end(p); p_next(p)) {
		struct token t = p_peek(p);

		if (t.kind == TOKEN_BAD) {
			p_fail(p);
			return;
		}
		if (token_punct(t, "("))
			depth++;
		else if (token_punct(t, ")") && depth-- == 0)
			return;
		else if (depth == 0 && ((at_comma && token_punct(t, ",")) ||
					       (is_any(t, words) && !compares(p, t))))
			return;
	}
	if (depth > 0)
		p_fail(p);
}

bool p_parens(struct parse *p, size_t *from, size_t *to)
{
	if (!p_take_punct(p, "("))
		return p_fail(p);
	*from = p->at;
	p_skip_until(p, NULL, false);
	*to = p->at;
	p_want_punct(p, ")");
	return !p->failed;
}

struct names p_name_list(struct parse *p)
{
	struct names list = {0};

	p_want_punct(p, "(");
	do
		names_add(p->a, &list, p_name(p));
	while (p_take_punct(p, ","));
	p_want_punct(p, ")");
	return list;
}

struct change *p_change(struct parse *p, enum change_kind kind, enum object_type type)
{
	struct change *ch = ARENA_PUSH(p->a, p->changes, p->nchanges);

	*ch = (struct change){.kind = kind, .type = type, .span = p->span};
	return ch;
}

struct object *p_object(struct parse *p, enum object_type type)
{
	struct object *o = ARENA_NEW(p->a, struct object);

	o->type = type;
	o->span = p->span;
	return o;
}
