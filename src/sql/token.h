/* token.h - the lexer that the splitter, our own readers and the highlighters share.
 *
 * Tokens are spans into the text; nothing is copied. Comments and blanks can be had or skipped.
 * token_value() gives what a quoted identifier or string means. */
#ifndef BELAY_SQL_TOKEN_H
#define BELAY_SQL_TOKEN_H

#include "base/arena.h"
#include "sql/dialect.h"

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK,
	TOKEN_COMMENT,	/* not MySQL's executable ones: their marks are TOKEN_BLANK, content tokens */
	TOKEN_WORD,	/* unquoted identifier or keyword */
	TOKEN_QUOTED,	/* quoted identifier: "x", `x`, [x] */
	TOKEN_STRING,	/* any string literal, with its prefix; dollar-quoted too */
	TOKEN_NUMBER,
	TOKEN_PARAM,	/* $1, ?, :name, @var, @@var, %s */
	TOKEN_PUNCT,	/* one of ( ) [ ] , ; . : or an operator run */
	TOKEN_BAD,	/* unclosed quote or comment, up to the end; or a byte that fits nothing */
};

struct token {
	enum token_kind kind;
	size_t off;
	struct slice text;
};

struct lexer {
	enum dialect dialect;
	bool ansi_quotes, no_backslash_escapes, backslash_strings;
	int mysql_version; /* decides which executable comments count; 0 = all */
	struct slice text;
	size_t at;
	int executable; /* depth of MySQL executable comments we are inside */
};

void lexer_init(struct lexer *l, enum dialect d, struct slice text);
struct token lexer_raw(struct lexer *l);  /* with blanks and comments */
struct token lexer_next(struct lexer *l); /* without */
/* Looks at the next token without taking it. */
struct token lexer_peek(const struct lexer *l);

static inline bool token_is(struct token t, const char *word) /* keyword, any case */
{
	return t.kind == TOKEN_WORD && slice_iis(t.text, word);
}
static inline bool token_punct(struct token t, const char *p)
{
	return t.kind == TOKEN_PUNCT && slice_is(t.text, p);
}
/* The meaning of an identifier or string: quotes removed, doubled quotes and escapes resolved;
 * PostgreSQL words folded to lower case. Lent from the text where nothing changes, else arena. */
struct slice token_value(struct arena *a, enum dialect d, struct token t);

#endif
