/* token.h - the lexer that the splitter, our own readers and the highlighters share.
 *
 * Tokens are spans into the text; nothing is copied. Comments and blanks can be had or skipped.
 * Joined together, the raw tokens are the text. token_value() gives what a quoted identifier or
 * string means. It reads as the server does (PostgreSQL scan.l, MariaDB sql_lex.cc, SQLite
 * tokenize.c): a string of PostgreSQL that goes on after a line end is one token, a byte order mark
 * at the start is a blank. */
#ifndef BELAY_SQL_TOKEN_H
#define BELAY_SQL_TOKEN_H

#include "base/arena.h"
#include "sql/dialect.h"

enum token_kind {
	TOKEN_END,
	TOKEN_BLANK,
	TOKEN_COMMENT, /* not MySQL's executable ones: their marks are TOKEN_BLANK, content tokens
			*/
	TOKEN_WORD,    /* unquoted identifier or keyword */
	TOKEN_QUOTED,  /* quoted identifier: "x", `x`, [x] */
	TOKEN_STRING,  /* any string literal, with its prefix; dollar-quoted too */
	TOKEN_NUMBER,
	TOKEN_PARAM, /* PostgreSQL $1 and psql's :name; MySQL ? @var @@var; SQLite ? :a @a $a */
	TOKEN_PUNCT, /* one of ( ) [ ] , ; . : or an operator */
	TOKEN_BAD,   /* unclosed quote or comment, up to the end; or a byte that fits nothing
		      * (one character: NUL, a lone backslash) */
};

struct token {
	enum token_kind kind;
	size_t off;
	struct slice text;
};

/* The tokens of one statement, offsets counted from its first; malloc'ed, the owner frees `at`. */
struct kept_tokens {
	struct token *at;
	size_t n, room;
	bool whole; /* none was left out; the last is TOKEN_END */
};

struct lexer {
	enum dialect dialect;
	bool ansi_quotes, no_backslash_escapes, backslash_strings;
	int mysql_version; /* decides which executable comments count; 0 = all (dialect.h's form) */
	struct slice text;
	size_t at;
	int executable; /* depth of MySQL executable comments we are inside */
};

void lexer_init(struct lexer *l, enum dialect d, struct slice text);
struct token lexer_raw(struct lexer *l);  /* with blanks and comments */
struct token lexer_next(struct lexer *l); /* without */
/* To what is no white space. */
void lexer_skip_blanks(struct lexer *l);
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
/* Is a TOKEN_BAD one that ran into the end of the text? */
bool token_unclosed(struct token t);
/* The mark of an executable comment of MySQL, which counts as a blank: begin or end. */
static inline bool token_is_mark(struct token t)
{
	return t.kind == TOKEN_BLANK && (t.text.at[0] == '/' || t.text.at[0] == '*');
}
/* The meaning of an identifier or string: quotes removed, doubled quotes and escapes resolved;
 * PostgreSQL words folded to lower case. Lent from the text where nothing changes, else arena.
 * Bit and hex strings give the digits. MySQL's backslash counts as it does by default. */
struct slice token_value(struct arena *a, enum dialect d, struct token t);

#endif
