/* redact.c - secrets never reach a log, a report, a process list or a journal.
 *
 * A string is a secret when the words before it say so (PASSWORD, IDENTIFIED BY, an option whose
 * name ends in _password or secret), and it holds one when it is a connection string. Strings that
 * are SQL themselves (bodies, EXECUTE '…') are looked into. In doubt we hide: a report that shows
 * too little is a nuisance, one that shows a password is an incident. */
#include "sql/redact.h"

#include "base/buf.h"
#include "sql/quote.h"
#include "sql/token.h"

#include <stdint.h>

#define HIDDEN "***"
/* SQL in strings in strings … */
#define DEEPEST 4

/* ---- URLs and keyword strings -----------------------------------------------------------------
 */

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/* Is this the name of something secret? password, DB_PASSWORD, sslpassword, secret_key … */
static bool secret_name(struct slice name)
{
	static const char *const endings[] = {"password", "passwd", "passphrase", "pwd", "secret",
		"secret_key", "secret_access_key", "secretkey", "api_key", "apikey", "access_token",
		"auth_token"};

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t n = strlen(endings[i]);

		if (name.len >= n && slice_iis(slice_from(name, name.len - n), endings[i]))
			return true;
	}
	return false;
}

/* Length of the password in `user:password@host` at the start of `s`; *skip is what precedes it.
 * Everything up to the last @ counts, because passwords hold / and @ that nobody has encoded. */
static size_t url_password(struct slice s, size_t *skip)
{
	size_t n = 0, colon = SIZE_MAX, at = SIZE_MAX;

	for (; n < s.len && !blank(s.at[n]) && !strchr("'\"`<>", s.at[n]); n++) {
		if (s.at[n] == ':' && colon == SIZE_MAX)
			colon = n;
		else if (s.at[n] == '@')
			at = n;
		else if ((s.at[n] == '/' || s.at[n] == '?') && colon == SIZE_MAX)
			break;
	}
	if (colon == SIZE_MAX || at == SIZE_MAX || at < colon)
		return 0;
	*skip = colon + 1;
	return at - *skip;
}

/* Length of the value in `= value`, `='a value'` or `": "a value"` (JSON) at the start of `s`;
 * *skip is what precedes it. */
static size_t keyword_value(struct slice s, size_t *skip)
{
	size_t i = 0, start;
	char quote, between = '=';

	if (i < s.len && s.at[i] == '"') {
		between = ':';
		i++;
	}
	while (i < s.len && blank(s.at[i]))
		i++;
	if (i == s.len || s.at[i] != between)
		return 0;
	for (i++; i < s.len && blank(s.at[i]);)
		i++;
	quote = i < s.len ? s.at[i] : 0;
	if (quote == '\'' || quote == '"') {
		start = ++i;
		while (i < s.len && s.at[i] != quote)
			i += s.at[i] == '\\' && i + 1 < s.len ? 2 : 1;
	} else {
		start = i;
		while (i < s.len && !blank(s.at[i]) && !strchr("&;,'\")", s.at[i]))
			i += s.at[i] == '\\' && i + 1 < s.len ? 2 : 1;
	}
	*skip = start;
	return i - start;
}

/* The first secret from `from` on: its offset and length. False when there is none. */
static bool find_secret(struct slice s, size_t from, size_t *off, size_t *len)
{
	for (size_t i = from; i < s.len; i++) {
		size_t n = 0, skip = 0;

		if (s.at[i] == ':' && slice_starts(slice_from(s, i), "://")) {
			*len = url_password(slice_from(s, i + 3), &skip);
			*off = i + 3 + skip;
		} else if (name_char(s.at[i]) && (i == from || !name_char(s.at[i - 1]))) {
			while (i + n < s.len && name_char(s.at[i + n]))
				n++;
			*len = secret_name(slice_sub(s, i, n))
				       ? keyword_value(slice_from(s, i + n), &skip)
				       : 0;
			*off = i + n + skip;
			i += n - 1;
		} else {
			continue;
		}
		if (*len)
			return true;
	}
	return false;
}

struct slice redact_url(struct arena *a, struct slice url)
{
	struct buf b = {0};
	struct slice out = url;
	size_t at = 0, off, len;

	while (find_secret(url, at, &off, &len)) {
		buf_add(&b, slice_sub(url, at, off - at));
		buf_adds(&b, HIDDEN);
		at = off + len;
	}
	if (at) {
		buf_add(&b, slice_from(url, at));
		out = arena_slice(a, buf_slice(&b));
	}
	buf_done(&b);
	return out;
}

/* ---- SQL ---------------------------------------------------------------------------------------
 */

/* What the words so far say about the next string. */
struct suspicion {
	bool secret;     /* it is one */
	bool for_user;   /* SET PASSWORD FOR somebody: what comes after the = is */
	bool identified; /* IDENTIFIED BY, WITH x AS … up to the end of the user's clause */
	bool sticky;     /* a string ended in PASSWORD: what is glued to it is one, up to the ; */
};

static struct slice redact_depth(struct arena *a, enum dialect d, struct slice sql, int depth);

/* Does the text end where a password would be put: "ALTER ROLE x PASSWORD '", "… BY %L"? */
static bool asks_for_secret(struct slice s)
{
	size_t n = s.len;

	while (n && strchr(" \t\r\n'\"=:%LsI", s.at[n - 1]) && s.at[n - 1])
		n--;
	s.len = n;
	return s.len && n != 0 &&
	       (secret_name(s) ||
		       (s.len > 13 && slice_iis(slice_from(s, s.len - 13), "identified by")));
}

/* Words and marks move the suspicion on. */
static void suspect(struct suspicion *p, struct token t, struct slice value)
{
	bool keeps = token_is(t, "BY") || token_is(t, "AS") || token_is(t, "USING") ||
		     token_is(t, "TO") || token_punct(t, "=") || token_punct(t, ":=") ||
		     token_punct(t, "=>") || token_punct(t, "(") || token_punct(t, ":");

	if (token_punct(t, ";")) {
		*p = (struct suspicion){0};
	} else if (t.kind == TOKEN_WORD || t.kind == TOKEN_QUOTED || t.kind == TOKEN_PARAM) {
		if (token_is(t, "IDENTIFIED"))
			p->identified = true;
		else if (token_is(t, "REQUIRE") || token_is(t, "ACCOUNT") || token_is(t, "COMMENT"))
			p->identified = false;
		if (p->identified && (token_is(t, "BY") || token_is(t, "AS") ||
					     token_is(t, "USING") || token_is(t, "REPLACE")))
			p->secret = true;
		else if (token_is(t, "FOR"))
			p->for_user = p->secret;
		else if (secret_name(value))
			p->secret = true;
		else if (!keeps)
			p->secret = false;
		if (token_is(t, "FOR"))
			p->secret = false;
	} else if (p->for_user && token_punct(t, "=")) {
		p->secret = true;
	} else if (!keeps) {
		p->secret = false;
		/* The next user of the list starts over. */
		if (token_punct(t, ","))
			p->identified = false;
	}
}

/* A string that is not a secret itself: what it holds. The text of the token when it is harmless.
 */
static struct slice look_inside(struct arena *a, enum dialect d, struct token t, int depth)
{
	struct slice inner = token_value(a, d, t), clean = inner, tag;
	struct buf b = {0};

	if (depth == 0)
		return t.text;
	/* password = NEW.password in a body is no connection string. */
	if (t.text.at[0] != '$')
		clean = redact_url(a, inner);
	clean = redact_depth(a, d, clean, depth - 1);
	if (clean.at == inner.at)
		return t.text;
	if (slice_chr(clean, 0) != SIZE_MAX) /* which no literal can hold */
		return SL("'" HIDDEN "'");
	if (t.text.at[0] == '$') {
		tag = slice_sub(t.text, 0, slice_chr(slice_from(t.text, 1), '$') + 2);
		buf_add(&b, tag);
		buf_add(&b, clean);
		buf_add(&b, tag);
	} else {
		quote_literal(&b, d, clean);
	}
	clean = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return clean;
}

/* What is shown instead of a string, or of a text that runs into the end. */
static struct slice shown_string(
	struct arena *a, enum dialect d, struct token t, struct suspicion *p, int depth)
{
	struct slice value = token_value(a, d, t);
	bool secret = p->secret || (p->sticky && value.len > 0);

	/* jsonb_build_object has its keys in strings, and so have options. */
	p->secret = secret_name(value);
	if (secret)
		return SL("'" HIDDEN "'");
	p->sticky |= asks_for_secret(value);
	return t.kind == TOKEN_STRING ? look_inside(a, d, t, depth) : redact_url(a, t.text);
}

/* The end of a comment is not part of a password in it. */
static struct slice shown_comment(struct arena *a, struct slice comment)
{
	struct slice inner = comment, clean;
	struct buf b = {0};

	if (!slice_ends(comment, "*/"))
		return redact_url(a, comment);
	inner.len -= 2;
	clean = redact_url(a, inner);
	if (clean.at == inner.at)
		return comment;
	buf_add(&b, clean);
	buf_adds(&b, "*/");
	clean = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return clean;
}

static struct slice shown(
	struct arena *a, enum dialect d, struct token t, struct suspicion *p, int depth)
{
	if (t.kind == TOKEN_STRING || token_unclosed(t))
		return shown_string(a, d, t, p, depth);
	if (t.kind == TOKEN_COMMENT)
		return shown_comment(a, t.text);
	if (t.kind == TOKEN_BLANK)
		return t.text;
	/* A hash is a secret too: IDENTIFIED WITH x AS 0x24… */
	if (t.kind == TOKEN_NUMBER && p->secret && slice_istarts(t.text, "0x"))
		return SL("'" HIDDEN "'");
	suspect(p, t, token_value(a, d, t));
	return t.text;
}

/* What was put in place of a string must not grow together with its neighbours: '***''x', dateE'x'.
 */
static bool would_stick(const struct buf *b, struct slice with)
{
	unsigned char last = b->len ? (unsigned char)b->at[b->len - 1] : ' ';
	char first = with.at[0];

	if (first == '\'' || first == '"' || first == '`')
		return last == (unsigned char)first;
	return (name_char(first) || first == '$') &&
	       (name_char((char)last) || last >= 0x80 || last == '$');
}

static struct slice redact_depth(struct arena *a, enum dialect d, struct slice sql, int depth)
{
	struct suspicion p = {0};
	struct buf b = {0};
	struct lexer l;
	struct token t;
	struct slice out = sql;
	bool was_replaced = false;

	lexer_init(&l, d, sql);
	while ((t = lexer_raw(&l)).kind != TOKEN_END) {
		struct slice with = shown(a, d, t, &p, depth);
		bool replaced = !slice_eq(with, t.text);

		if ((replaced || was_replaced) && would_stick(&b, with))
			buf_addc(&b, ' ');
		buf_add(&b, with);
		was_replaced = replaced;
	}
	if (!slice_eq(buf_slice(&b), sql))
		out = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return out;
}

/* Most texts hold no secret at all: one quick look spares them the rest. */
static bool nothing_to_see(struct slice sql)
{
	static const char *const signs[] = {
		"pass", "pwd", "secret", "://", "identified", "api", "token"};
	bool seen = false;

	for (size_t i = 0; i < sql.len && !seen; i++) {
		char c = (char)(sql.at[i] | 0x20);

		if (c != 'p' && c != 's' && c != ':' && c != 'i' && c != 'a' && c != 't')
			continue;
		for (size_t k = 0; k < sizeof signs / sizeof *signs && !seen; k++)
			seen = c == signs[k][0] && slice_istarts(slice_from(sql, i), signs[k]);
	}
	return !seen;
}

struct slice redact_sql(struct arena *a, enum dialect d, struct slice sql)
{
	if (nothing_to_see(sql))
		return sql;
	/* \connect postgres://u:p@h/db and its like are not SQL. */
	if (slice_starts(slice_trim(sql), "\\"))
		return redact_url(a, sql);
	return redact_depth(a, d, sql, DEEPEST);
}

/* ---- Keys that are known by their shape ---- */

enum alphabet { DIGITS_UPPER, ALNUM, ALNUM_DASH };

static const struct shape {
	const char *prefix;
	enum alphabet of;
	size_t least; /* characters behind the prefix */
} shapes[] = {{"AKIA", DIGITS_UPPER, 16}, {"ASIA", DIGITS_UPPER, 16}, {"ghp_", ALNUM, 36},
	{"gho_", ALNUM, 36}, {"ghs_", ALNUM, 36}, {"ghu_", ALNUM, 36}, {"ghr_", ALNUM, 36},
	{"github_pat_", ALNUM_DASH, 22}, {"glpat-", ALNUM_DASH, 20}, {"xoxb-", ALNUM_DASH, 20},
	{"xoxp-", ALNUM_DASH, 20}, {"xoxa-", ALNUM_DASH, 20}, {"xoxs-", ALNUM_DASH, 20},
	{"sk_live_", ALNUM, 16}, {"rk_live_", ALNUM, 16}, {"AIza", ALNUM_DASH, 35},
	{"npm_", ALNUM, 36}, {"SG.", ALNUM_DASH, 22}};

static bool in_alphabet(enum alphabet of, char c)
{
	bool digit = c >= '0' && c <= '9', upper = c >= 'A' && c <= 'Z',
	     lower = c >= 'a' && c <= 'z';

	switch (of) {
	case DIGITS_UPPER:
		return digit || upper;
	case ALNUM:
		return digit || upper || lower;
	case ALNUM_DASH:
		break;
	}
	return digit || upper || lower || c == '_' || c == '-';
}

static size_t shape_at(struct slice s)
{
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		const char *prefix = shapes[i].prefix;
		size_t n = 0, begin;

		while (prefix[n] && n < s.len && s.at[n] == prefix[n])
			n++;
		if (prefix[n])
			continue;
		begin = n;
		while (n < s.len && in_alphabet(shapes[i].of, s.at[n]))
			n++;
		if (n - begin >= shapes[i].least)
			return n;
	}
	return 0;
}

/* -----BEGIN … PRIVATE KEY----- up to its end mark, or to the end of the text. */
static size_t private_key_at(struct slice s)
{
	size_t word, end;

	if (!slice_starts(s, "-----BEGIN "))
		return 0;
	word = slice_find(slice_sub(s, 0, 60), SL("PRIVATE KEY-----"));
	if (word == SIZE_MAX)
		return 0;
	end = slice_find(s, SL("-----END "));
	return end == SIZE_MAX ? s.len : end;
}

/* What a shape or a private key begins with: most characters are none of them. */
static const unsigned char begins[256] = {
	['-'] = 1, ['A'] = 1, ['S'] = 1, ['g'] = 1, ['n'] = 1, ['r'] = 1, ['s'] = 1, ['x'] = 1};

/* No shape is shorter, and none holds another character than these. */
enum { LEAST_SHAPE = 16 };

static bool in_shape(char c)
{
	return c == '.' || in_alphabet(ALNUM_DASH, c);
}

bool redact_find_token(struct slice text, size_t from, size_t *off, size_t *len)
{
	bool key = slice_find(text, SL("-----BEGIN ")) != SIZE_MAX;

	for (size_t i = from; i < text.len; i++) {
		size_t n = 0, far = i + LEAST_SHAPE - 1;

		/* What begins here or before that place would hold it. */
		if (!key && (far >= text.len || !in_shape(text.at[far]))) {
			i = far;
			continue;
		}
		if (!begins[(unsigned char)text.at[i]])
			continue;
		if (text.at[i] == '-')
			n = private_key_at(slice_from(text, i));
		else if (i == 0 || !in_alphabet(ALNUM, text.at[i - 1]))
			n = shape_at(slice_from(text, i));
		if (n) {
			*off = i;
			*len = n;
			return true;
		}
	}
	return false;
}

struct slice redact_tokens(struct arena *a, struct slice text)
{
	size_t off = 0, len = 0, from = 0;
	char *copy;

	if (!redact_find_token(text, 0, &off, &len))
		return text;
	copy = arena_cstr(a, text);
	/* In the copy: a key that is glued to another one shows when that has gone. */
	while (redact_find_token(slice_n(copy, text.len), from, &off, &len)) {
		for (size_t i = off; i < off + len; i++)
			if (copy[i] != '\n' && copy[i] != '\r')
				copy[i] = '*';
		from = off + len;
	}
	return slice_n(copy, text.len);
}
