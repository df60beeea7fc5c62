/* value.c - what a quoted identifier or a string means. */
#include "sql/token.h"

#include "base/buf.h"

#include <stdint.h>

/* What is being read: the text between the quotes of one segment. */
struct unquote {
	struct arena *arena;
	enum dialect dialect;
	char quote;
	bool backslash; /* E'' and MySQL */
	bool unicode;   /* U&'' and U&"" */
};

static void add_utf8(struct buf *b, unsigned long c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		buf_addc(b, (char)c);
		return;
	}
	if (c >= 0x10000) {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
	} else if (c >= 0x800) {
		buf_addc(b, (char)(0xe0 | c >> 12));
	} else {
		buf_addc(b, (char)(0xc0 | c >> 6));
	}
	if (c >= 0x800)
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	buf_addc(b, (char)(0x80 | (c & 0x3f)));
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return 99;
}

/* Takes up to `max` digits of `base` off *s; how many there were. */
static size_t take_digits(struct slice *s, size_t max, int base, unsigned long *out)
{
	size_t n = 0;

	*out = 0;
	while (n < max && s->len && digit_value(s->at[0]) < base) {
		*out = *out * (unsigned long)base + (unsigned long)digit_value(s->at[0]);
		*s = slice_from(*s, 1);
		n++;
	}
	return n;
}

/* A pair of UTF-16 halves, each written as an escape of its own. `lead` is read already; the
 * second half starts with the bytes `mark`. */
static unsigned long join_halves(struct slice *s, unsigned long lead, const char *mark)
{
	struct slice rest = *s;
	unsigned long low;

	if (lead < 0xd800 || lead > 0xdbff || !slice_starts(rest, mark))
		return lead;
	rest = slice_from(rest, strlen(mark));
	if (take_digits(&rest, 4, 16, &low) != 4 || low < 0xdc00 || low > 0xdfff)
		return lead;
	*s = rest;
	return 0x10000 + ((lead - 0xd800) << 10) + (low - 0xdc00);
}

/* Behind the backslash of an E'' string. */
static void pg_escape(struct buf *b, struct slice *s)
{
	char c = s->at[0];
	unsigned long v;
	struct slice rest = slice_from(*s, 1);
	static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
	const char *p = c ? strchr(from, c) : NULL;

	if (c >= '0' && c <= '7') {
		take_digits(s, 3, 8, &v);
		buf_addc(b, (char)(v & 0xff));
		return;
	}
	if (c == 'x' && take_digits(&rest, 2, 16, &v)) {
		buf_addc(b, (char)v);
	} else if (c == 'u' && take_digits(&rest, 4, 16, &v) == 4) {
		add_utf8(b, join_halves(&rest, v, "\\u"));
	} else if (c == 'U' && take_digits(&rest, 8, 16, &v) == 8) {
		add_utf8(b, v);
	} else {
		buf_addc(b, p ? to[p - from] : c);
		rest = slice_from(*s, 1);
	}
	*s = rest;
}

static void my_escape(struct buf *b, struct slice *s)
{
	static const char from[] = "0bnrtZ", to[] = "\0\b\n\r\t\032";
	char c = s->at[0];
	const char *p = c ? strchr(from, c) : NULL;

	/* \% and \_ keep their backslash: they are patterns. */
	if (c == '%' || c == '_')
		buf_addc(b, '\\');
	buf_addc(b, p ? to[p - from] : c);
	*s = slice_from(*s, 1);
}

/* Behind the backslash of U&'': \XXXX, \+XXXXXX, \\. */
static void unicode_escape(struct buf *b, struct slice *s)
{
	struct slice rest = *s;
	unsigned long v;

	if (rest.at[0] == '\\') {
		buf_addc(b, '\\');
		*s = slice_from(rest, 1);
		return;
	}
	if (rest.at[0] == '+') {
		rest = slice_from(rest, 1);
		if (take_digits(&rest, 6, 16, &v) == 6) {
			add_utf8(b, v);
			*s = rest;
			return;
		}
	} else if (take_digits(&rest, 4, 16, &v) == 4) {
		add_utf8(b, join_halves(&rest, v, "\\"));
		*s = rest;
		return;
	}
	buf_addc(b, '\\');
}

/* Copies the text behind an opening quote up to its closing one; returns what follows. */
static struct slice unquote(const struct unquote *u, struct slice s, struct buf *b)
{
	while (s.len) {
		char c = s.at[0];

		s = slice_from(s, 1);
		if (c == u->quote) {
			if (s.len == 0 || s.at[0] != u->quote)
				return s;
			s = slice_from(s, 1);
			buf_addc(b, c);
		} else if (c != '\\' || s.len == 0 || !(u->backslash || u->unicode)) {
			buf_addc(b, c);
		} else if (u->unicode) {
			unicode_escape(b, &s);
		} else if (dialect_is_mysql(u->dialect)) {
			my_escape(b, &s);
		} else {
			pg_escape(b, &s);
		}
	}
	return s;
}

static struct slice unquote_all(const struct unquote *u, struct slice s)
{
	struct buf b = {0};
	struct slice out;

	/* PostgreSQL: blanks, comments and another quote may follow, the string goes on there. */
	for (;;) {
		size_t n;

		s = unquote(u, s, &b);
		while (s.len && slice_starts(s = slice_trim(s), "--")) {
			n = slice_chr(s, '\n');
			s = slice_from(s, n == SIZE_MAX ? s.len : n);
		}
		if (s.len == 0 || s.at[0] != u->quote)
			break;
		s = slice_from(s, 1);
	}
	out = arena_slice(u->arena, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* 'abc' and nothing to resolve: the text itself. */
static bool plain(const struct unquote *u, struct slice body)
{
	if (body.len == 0 || body.at[body.len - 1] != u->quote)
		return false;
	body.len--;
	return slice_chr(body, u->quote) == SIZE_MAX &&
	       (!(u->backslash || u->unicode) || slice_chr(body, '\\') == SIZE_MAX);
}

static struct slice fold(struct arena *a, struct slice word)
{
	char *copy = NULL;

	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] < 'A' || word.at[i] > 'Z')
			continue;
		if (!copy)
			copy = arena_cstr(a, word);
		copy[i] = (char)(word.at[i] + 32);
	}
	return copy ? slice_n(copy, word.len) : word;
}

/* $tag$ … $tag$ */
static struct slice dollar_value(struct slice s)
{
	size_t tag = slice_chr(slice_from(s, 1), '$');

	if (tag == SIZE_MAX || s.len < 2 * (tag + 2))
		return s;
	return slice_sub(s, tag + 2, s.len - 2 * (tag + 2));
}

static struct slice quoted_value(struct arena *a, enum dialect d, struct slice s)
{
	struct unquote u = {.arena = a, .dialect = d};
	char prefix = (char)(s.at[0] | 0x20);
	size_t skip = 0;

	if (s.at[0] == '[')
		return slice_sub(s, 1, s.len > 1 ? s.len - 2 : 0);
	if (s.at[0] == '$')
		return dollar_value(s);
	while (skip < s.len && s.at[skip] != '\'' && s.at[skip] != '"' && s.at[skip] != '`')
		skip++;
	if (skip == s.len)
		return s;
	u.quote = s.at[skip];
	if (skip) {
		u.unicode = prefix == 'u';
		u.backslash = prefix == 'e' || (prefix == 'n' && dialect_is_mysql(d));
	} else {
		u.backslash = dialect_is_mysql(d) && u.quote != '`';
	}
	s = slice_from(s, skip + 1);
	if (plain(&u, s))
		return slice_sub(s, 0, s.len - 1);
	return unquote_all(&u, s);
}

struct slice token_value(struct arena *a, enum dialect d, struct token t)
{
	if (t.text.len == 0)
		return t.text;
	if (t.kind == TOKEN_QUOTED) {
		/* With ANSI_QUOTES a name between " has no escapes. */
		if (dialect_is_mysql(d) && t.text.at[0] == '"')
			d = DIALECT_SQLITE;
		return quoted_value(a, d, t.text);
	}
	if (t.kind == TOKEN_STRING)
		return quoted_value(a, d, t.text);
	if (t.kind == TOKEN_WORD && d == DIALECT_POSTGRES)
		return fold(a, t.text);
	return t.text;
}
