/* token.c - the lexer, after the three servers' own: PostgreSQL's scan.l, MariaDB's sql_lex.cc,
 * SQLite's tokenize.c. Nothing here looks back further than the byte before a token, and nothing
 * is read more than twice, so any text is read in linear time. */
#include "sql/token.h"

#include <stdint.h>

void lexer_init(struct lexer *l, enum dialect d, struct slice text)
{
	*l = (struct lexer){.dialect = d, .text = text};
}

static bool is_pg(const struct lexer *l)
{
	return l->dialect == DIALECT_POSTGRES || l->dialect == DIALECT_UNKNOWN;
}

static bool is_my(const struct lexer *l)
{
	return dialect_is_mysql(l->dialect);
}

/* The byte at `at`, -1 behind the end: a NUL in the text is a byte like others. */
static int byte(const struct lexer *l, size_t at)
{
	return at < l->text.len ? (unsigned char)l->text.at[at] : -1;
}

/* LONE: a token of its own wherever it stands, in every dialect. */
enum { BLANK = 1, WORD_START = 2, DIGIT = 4, WORD_PART = 8, LONE = 16 };

/* clang-format off */
static const unsigned char classes[256] = {
	['\t' ... '\r'] = BLANK, [' '] = BLANK,
	['a' ... 'z'] = WORD_START | WORD_PART, ['A' ... 'Z'] = WORD_START | WORD_PART,
	['_'] = WORD_START | WORD_PART, [0x80 ... 0xff] = WORD_START | WORD_PART,
	['0' ... '9'] = DIGIT | WORD_PART, ['$'] = WORD_PART,
	['('] = LONE, [')'] = LONE, [','] = LONE, [';'] = LONE,
};
/* clang-format on */

static bool is_class(int c, int class)
{
	return c >= 0 && (classes[c] & class);
}

/* Behind the bytes of a class that stand from `at` on. */
static size_t skip_class(const struct lexer *l, size_t at, int class)
{
	while (at < l->text.len && (classes[(unsigned char)l->text.at[at]] & class))
		at++;
	return at;
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(int c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_blank(int c)
{
	return is_class(c, BLANK);
}

static bool word_start(int c)
{
	return is_class(c, WORD_START);
}

static bool word_part(int c)
{
	return is_class(c, WORD_PART);
}

static size_t skip_word(const struct lexer *l, size_t at)
{
	return skip_class(l, at, WORD_PART);
}

/* ---- blanks and comments ----------------------------------------------------------------------
 */

/* Behind the line comment that starts at `at`; the line end stays. For PostgreSQL a lone CR ends a
 * line, for the others it does not. */
static size_t skip_line_comment(const struct lexer *l, size_t at)
{
	struct slice rest = slice_from(l->text, at);
	size_t n = slice_chr(rest, '\n');

	if (n == SIZE_MAX)
		n = rest.len;
	if (is_pg(l)) {
		size_t cr = slice_chr(slice_n(rest.at, n), '\r');

		if (cr != SIZE_MAX)
			n = cr;
	}
	return at + n;
}

/* Behind the block comment that starts at `at`, SIZE_MAX when it is not closed. */
static size_t skip_block_comment(const struct lexer *l, size_t at, bool nests)
{
	size_t depth = 1, end = l->text.len;

	for (at += 2; at + 1 < end;) {
		const char *p = l->text.at + at;

		if (p[0] == '*' && p[1] == '/') {
			at += 2;
			if (--depth == 0)
				return at;
		} else if (nests && p[0] == '/' && p[1] == '*') {
			depth++;
			at += 2;
		} else {
			at++;
		}
	}
	return SIZE_MAX;
}

static bool line_comment_at(const struct lexer *l, size_t at)
{
	int c = byte(l, at);

	if (c == '#')
		return is_my(l);
	if (c != '-' || byte(l, at + 1) != '-')
		return false;
	if (!is_my(l))
		return true;
	/* MySQL: `--1` is two minus signs. A control character counts as a blank. */
	c = byte(l, at + 2);
	return c <= ' ' || c == 0x7f;
}

static bool block_comment_at(const struct lexer *l, size_t at)
{
	return byte(l, at) == '/' && byte(l, at + 1) == '*';
}

/* Does the executable comment with these marks count? MariaDB leaves out the versions in which
 * MySQL went its own way. */
static bool executes(const struct lexer *l, bool maria_mark, size_t digits, int version)
{
	if (maria_mark && l->dialect != DIALECT_MARIADB)
		return false;
	if (digits == 0 || l->mysql_version == 0)
		return true;
	if (l->dialect == DIALECT_MARIADB && !maria_mark && version >= 50700 && version <= 99999)
		return false;
	return version <= l->mysql_version;
}

/* Length of the mark that opens an executable comment at `at`, 0 if it is an ordinary one. */
static size_t executable_mark(const struct lexer *l, size_t at)
{
	bool maria_mark = byte(l, at + 2) == 'M' && byte(l, at + 3) == '!';
	size_t n = maria_mark ? 4 : 3, digits = 0;
	int version = 0;

	if (!is_my(l) || (!maria_mark && byte(l, at + 2) != '!'))
		return 0;
	/* Five digits, or six; anything else is text. */
	while (digits < 6 && is_digit(byte(l, at + n + digits)))
		digits++;
	if (digits < 5)
		digits = 0;
	for (size_t i = 0; i < digits; i++)
		version = version * 10 + (byte(l, at + n + i) - '0');
	return executes(l, maria_mark, digits, version) ? n + digits : 0;
}

/* ---- quotes -----------------------------------------------------------------------------------
 */

/* Behind the quote that closes the string which opened before `at`; SIZE_MAX if none does. */
static size_t skip_escaped(const struct lexer *l, size_t at, char quote)
{
	for (; at < l->text.len; at++) {
		char c = l->text.at[at];

		if (c == '\\') {
			at++;
		} else if (c == quote) {
			if (byte(l, at + 1) != quote)
				return at + 1;
			at++;
		}
	}
	return SIZE_MAX;
}

static size_t skip_quoted(const struct lexer *l, size_t at, char quote, bool backslash)
{
	if (backslash)
		return skip_escaped(l, at, quote);
	for (;;) {
		size_t n = slice_chr(slice_from(l->text, at), quote);

		if (n == SIZE_MAX)
			return SIZE_MAX;
		at += n + 1;
		if (byte(l, at) != quote)
			return at;
		at++;
	}
}

/* PostgreSQL: a string goes on when only blanks, line comments and at least one line end are
 * between it and the next quote. Offset behind that quote, or 0. */
static size_t continued(const struct lexer *l, size_t at)
{
	bool line_end = false;

	for (;; at++) {
		int c = byte(l, at);

		if (c == '\n' || c == '\r') {
			line_end = true;
		} else if (c == '-' && byte(l, at + 1) == '-') {
			at = skip_line_comment(l, at) - 1;
		} else if (!is_blank(c)) {
			return c == '\'' && line_end ? at + 1 : 0;
		}
	}
}

static size_t skip_pg_string(const struct lexer *l, size_t at, bool backslash)
{
	size_t next;

	while ((at = skip_quoted(l, at, '\'', backslash)) != SIZE_MAX)
		if ((next = continued(l, at)) == 0)
			break;
		else
			at = next;
	return at;
}

/* Length of the $tag$ at `at`, 0 if there is none. */
static size_t dollar_tag(const struct lexer *l, size_t at)
{
	size_t i = at + 1;

	if (word_start(byte(l, i)))
		while (word_part(byte(l, i)) && byte(l, i) != '$')
			i++;
	return byte(l, i) == '$' ? i + 1 - at : 0;
}

static size_t skip_dollar(const struct lexer *l, size_t at, size_t tag)
{
	struct slice rest = slice_from(l->text, at + tag);
	size_t n = slice_find(rest, slice_sub(l->text, at, tag));

	return n == SIZE_MAX ? SIZE_MAX : at + tag + n + tag;
}

/* Length of the prefix of a string literal at `at` (E, B, X, N, U&), 0 if it is a word. */
static size_t string_prefix(const struct lexer *l, size_t at)
{
	int c = byte(l, at) | 0x20, next = byte(l, at + 1);

	if (next != '\'' && next != '&')
		return 0;
	if (is_pg(l) && c == 'u' && next == '&')
		return byte(l, at + 2) == '\'' || byte(l, at + 2) == '"' ? 2 : 0;
	if (next != '\'')
		return 0;
	if (c == 'x' || (c == 'b' && l->dialect != DIALECT_SQLITE))
		return 1;
	if (c == 'n' && l->dialect != DIALECT_SQLITE)
		return 1;
	return c == 'e' && is_pg(l) ? 1 : 0;
}

static bool has_backslashes(const struct lexer *l, size_t prefix_at, size_t prefix)
{
	int c = prefix ? byte(l, prefix_at) | 0x20 : 0;

	if (is_my(l))
		return !l->no_backslash_escapes && c != 'x' && c != 'b';
	if (!is_pg(l))
		return false;
	return c == 'e' || (l->backslash_strings && (c == 0 || c == 'n'));
}

/* ---- numbers, parameters, operators ------------------------------------------------------------
 */

static size_t skip_digits(const struct lexer *l, size_t at)
{
	while (is_digit(byte(l, at)) || (byte(l, at) == '_' && is_digit(byte(l, at + 1))))
		at++;
	return at;
}

/* Behind the number at `at`, with whatever letters stick to it ("12abc" is one bad number, not a
 * number and a word). */
static size_t skip_number(const struct lexer *l, size_t at)
{
	int c = byte(l, at + 1) | 0x20;

	if (byte(l, at) == '0' && (c == 'x' || c == 'o' || c == 'b')) {
		size_t i = at + 2;

		while (is_hex(byte(l, i)) || byte(l, i) == '_')
			i++;
		if (i > at + 2)
			return i;
	}
	at = skip_digits(l, at);
	/* 1..10 of PL/pgSQL is a number, two dots and a number. */
	if (byte(l, at) == '.' && byte(l, at + 1) != '.')
		at = skip_digits(l, at + 1);
	if ((byte(l, at) | 0x20) == 'e') {
		size_t i = at + 1;

		if (byte(l, i) == '+' || byte(l, i) == '-')
			i++;
		if (is_digit(byte(l, i)))
			at = skip_digits(l, i);
	}
	while (word_start(byte(l, at)) || is_digit(byte(l, at)))
		at++;
	return at;
}

/* MySQL's names may start with digits: 1st_try. All digits, 0x1f and 1e5 are numbers. */
static bool my_word_in_digits(const struct lexer *l, size_t at)
{
	size_t end = skip_word(l, at), i = at;

	if (byte(l, at) == '0' && (byte(l, at + 1) == 'x' || byte(l, at + 1) == 'b'))
		return false;
	while (i < end && is_digit(byte(l, i)))
		i++;
	if (i == end)
		return false;
	if ((byte(l, i) | 0x20) == 'e') {
		size_t e = i + 1;

		if (e == end) /* 1e+5, or 1e alone */
			return byte(l, e) != '+' && byte(l, e) != '-';
		while (e < end && is_digit(byte(l, e)))
			e++;
		return e != end;
	}
	return true;
}

/* .5, but in MySQL t.5 is a name in a table. */
static bool number_from_dot(const struct lexer *l, size_t at)
{
	if (!is_digit(byte(l, at + 1)))
		return false;
	return !is_my(l) || at == 0 || !(word_part(byte(l, at - 1)) || byte(l, at - 1) == '`');
}

/* psql's :'name' and :"name". Offset behind it, 0 if it is not one. */
static size_t psql_quoted_variable(const struct lexer *l, size_t at)
{
	int quote = byte(l, at + 1);
	size_t i = at + 2;

	if (quote != '\'' && quote != '"')
		return 0;
	while (byte(l, i) != '$' && word_part(byte(l, i)))
		i++;
	return i > at + 2 && byte(l, i) == quote ? i + 1 : 0;
}

static size_t my_variable(const struct lexer *l, size_t at)
{
	size_t i = at + 1;
	int c = byte(l, i);

	if (c == '\'' || c == '"' || c == '`') {
		i = skip_quoted(l, i + 1, (char)c, false);
		return i == SIZE_MAX ? at + 1 : i;
	}
	if (c == '@')
		i++;
	while (word_part(byte(l, i)) || byte(l, i) == '.')
		i++;
	return i;
}

static size_t lite_parameter(const struct lexer *l, size_t at)
{
	size_t i = at + 1;

	if (byte(l, at) == '?') {
		while (is_digit(byte(l, i)))
			i++;
		return i;
	}
	i = skip_word(l, i);
	while (byte(l, at) == '$' && byte(l, i) == ':' && byte(l, i + 1) == ':')
		i = skip_word(l, i + 2);
	return i == at + 1 ? 0 : i;
}

/* Behind the parameter at `at`, 0 if there is none. */
static size_t skip_parameter(const struct lexer *l, size_t at)
{
	int c = byte(l, at), next = byte(l, at + 1);

	if (l->dialect == DIALECT_SQLITE)
		return c == '?' || c == ':' || c == '@' || c == '$' ? lite_parameter(l, at) : 0;
	if (is_my(l))
		return c == '?' ? at + 1 : c == '@' ? my_variable(l, at) : 0;
	if (c == '$' && is_digit(next)) {
		for (at += 2; is_digit(byte(l, at));)
			at++;
		return at;
	}
	if (c != ':' || (at && l->text.at[at - 1] == ':'))
		return 0;
	if (word_start(next)) {
		for (at += 2; byte(l, at) != '$' && word_part(byte(l, at));)
			at++;
		return at;
	}
	return psql_quoted_variable(l, at);
}

static bool pg_operator_char(int c)
{
	return c > 0 && strchr("~!@#^&|`?+-*/%<>=", c);
}

/* PostgreSQL's rule: as many operator characters as there are, up to a comment; a + or - at the
 * end belongs to what follows unless the operator holds one of the unusual characters. */
static size_t skip_pg_operator(const struct lexer *l, size_t at)
{
	size_t i = at;
	bool unusual = false;

	while (pg_operator_char(byte(l, i)) &&
		(i == at || (!block_comment_at(l, i) && !line_comment_at(l, i)))) {
		unusual |= strchr("~!@#^&|`?%", byte(l, i)) != NULL;
		i++;
	}
	if (i == at)
		return at + 1;
	while (!unusual && i > at + 1 && (byte(l, i - 1) == '+' || byte(l, i - 1) == '-'))
		i--;
	return i;
}

static size_t skip_operator(const struct lexer *l, size_t at)
{
	static const char *const operators[] = {
		"<=>", "->>", "<=", ">=", "<>", "!=", "==", ":=", "||", "&&", "<<", ">>", "->"};
	struct slice rest = slice_from(l->text, at);

	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (slice_starts(rest, operators[i]))
			return at + strlen(operators[i]);
	return at + 1;
}

static size_t skip_punct(const struct lexer *l, size_t at)
{
	int c = byte(l, at), next = byte(l, at + 1);

	if (strchr("()[],;", c))
		return at + 1;
	if (c == '.')
		return is_pg(l) && next == '.' ? at + 2 : at + 1;
	if (c == ':')
		return next == '=' || (is_pg(l) && next == ':') ? at + 2 : at + 1;
	return is_pg(l) ? skip_pg_operator(l, at) : skip_operator(l, at);
}

/* ---- one token --------------------------------------------------------------------------------
 */

static struct token take(struct lexer *l, enum token_kind kind, size_t end)
{
	struct token t = {.kind = kind, .off = l->at};

	if (end > l->text.len) { /* SIZE_MAX: unclosed */
		t.kind = TOKEN_BAD;
		end = l->text.len;
	}
	t.text = slice_n(l->text.at + l->at, end - l->at);
	l->at = end;
	return t;
}

static struct token take_block_comment(struct lexer *l)
{
	size_t mark = executable_mark(l, l->at);

	if (mark) {
		l->executable++;
		return take(l, TOKEN_BLANK, l->at + mark);
	}
	/* One that does not execute may hold comments of its own. */
	if (is_my(l) && (byte(l, l->at + 2) == '!' || byte(l, l->at + 2) == 'M') &&
		(byte(l, l->at + 2) == '!' || byte(l, l->at + 3) == '!'))
		return take(l, TOKEN_COMMENT, skip_block_comment(l, l->at, true));
	return take(l, TOKEN_COMMENT, skip_block_comment(l, l->at, is_pg(l)));
}

static struct token take_blanks(struct lexer *l)
{
	return take(l, TOKEN_BLANK, skip_class(l, l->at, BLANK));
}

static struct token take_string(struct lexer *l, size_t prefix)
{
	size_t quote_at = l->at + prefix;
	char quote = l->text.at[quote_at];
	bool backslash = has_backslashes(l, l->at, prefix);

	if (quote == '\'' && is_pg(l))
		return take(l, TOKEN_STRING, skip_pg_string(l, quote_at + 1, backslash));
	if (quote == '\'' || (quote == '"' && is_my(l) && !l->ansi_quotes))
		return take(l, TOKEN_STRING, skip_quoted(l, quote_at + 1, quote, backslash));
	return take(l, TOKEN_QUOTED, skip_quoted(l, quote_at + 1, quote, false));
}

static struct token take_bracketed(struct lexer *l)
{
	size_t n = slice_chr(slice_from(l->text, l->at), ']');

	return take(l, TOKEN_QUOTED, n == SIZE_MAX ? SIZE_MAX : l->at + n + 1);
}

/* Words, numbers and strings with a prefix: what starts with a letter, a digit or a dot. */
static struct token take_wordlike(struct lexer *l, int c)
{
	size_t prefix;

	if (is_digit(c) || c == '.') {
		if (is_my(l) && c != '.' && my_word_in_digits(l, l->at))
			return take(l, TOKEN_WORD, skip_word(l, l->at));
		return take(l, TOKEN_NUMBER, skip_number(l, l->at));
	}
	if (!word_part(byte(l, l->at + 1))) {
		prefix = string_prefix(l, l->at);
		if (prefix)
			return take_string(l, prefix);
	}
	return take(l, TOKEN_WORD, skip_word(l, l->at));
}

/* $: a dollar quote, a word of MySQL, or nothing that anybody knows. */
static struct token take_dollar(struct lexer *l)
{
	size_t tag;

	if (is_my(l))
		return take(l, TOKEN_WORD, skip_word(l, l->at));
	tag = is_pg(l) ? dollar_tag(l, l->at) : 0;
	if (tag)
		return take(l, TOKEN_STRING, skip_dollar(l, l->at, tag));
	return take(l, TOKEN_BAD, l->at + 1);
}

static struct token take_other(struct lexer *l, int c)
{
	size_t end = skip_parameter(l, l->at);

	if (end)
		return take(l, TOKEN_PARAM, end);
	if (c == '$')
		return take_dollar(l);
	if (strchr("()[],;.:~!@#^&|`?+-*/%<>={}", c))
		return take(l, TOKEN_PUNCT, skip_punct(l, l->at));
	return take(l, TOKEN_BAD, l->at + 1);
}

struct token lexer_raw(struct lexer *l)
{
	int c = byte(l, l->at);

	if (c < 0)
		return (struct token){TOKEN_END, l->text.len, slice_from(l->text, l->text.len)};
	if (classes[c] & LONE)
		return take(l, TOKEN_PUNCT, l->at + 1);
	if (c == 0xef && l->at == 0 && slice_starts(l->text, "\xef\xbb\xbf"))
		return take(l, TOKEN_BLANK, 3);
	if (word_start(c))
		return take_wordlike(l, c);
	if (is_blank(c))
		return take_blanks(l);
	if (line_comment_at(l, l->at))
		return take(l, TOKEN_COMMENT, skip_line_comment(l, l->at));
	if (block_comment_at(l, l->at))
		return take_block_comment(l);
	if (l->executable && c == '*' && byte(l, l->at + 1) == '/') {
		l->executable--;
		return take(l, TOKEN_BLANK, l->at + 2);
	}
	if (c == '\'' || c == '"' || (c == '`' && l->dialect != DIALECT_POSTGRES))
		return take_string(l, 0);
	if (c == '[' && l->dialect == DIALECT_SQLITE)
		return take_bracketed(l);
	if (is_digit(c) || (c == '.' && number_from_dot(l, l->at)))
		return take_wordlike(l, c);
	if (c == 0)
		return take(l, TOKEN_BAD, l->at + 1);
	return take_other(l, c);
}

void lexer_skip_blanks(struct lexer *l)
{
	l->at = skip_class(l, l->at, BLANK);
}

struct token lexer_next(struct lexer *l)
{
	struct token t;

	do {
		lexer_skip_blanks(l);
		t = lexer_raw(l);
	} while (t.kind == TOKEN_BLANK || t.kind == TOKEN_COMMENT);
	return t;
}

struct token lexer_peek(const struct lexer *l)
{
	struct lexer copy = *l;

	return lexer_next(&copy);
}

bool token_unclosed(struct token t)
{
	return t.kind == TOKEN_BAD && (t.text.len > 1 || memchr("'\"`[", t.text.at[0], 4));
}
