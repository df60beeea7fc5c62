/* mask.c - placeholders of templates, found once, masked or replaced. */
#include "sql/mask.h"

#include "base/buf.h"
#include "sql/token.h"

#include <stdint.h>

#define TEXT_STYLES (MASK_GO | MASK_DOLLAR | MASK_SYNAPSE | MASK_BRACE | MASK_FLYWAY_FP)
/* Nobody's placeholder is longer, and what is not closed need not be looked for for ever. */
#define LONGEST 1000
#define TOKEN_STYLES (MASK_PERCENT | MASK_COLON | MASK_QUESTION)

/* The list while it grows. */
struct finder {
	struct arena *arena;
	enum dialect dialect;
	struct slice text;
	struct placeholder *v;
	size_t n;
};

static void add(struct finder *f, size_t off, size_t len, struct slice name)
{
	*ARENA_PUSH(f->arena, f->v, f->n) =
		(struct placeholder){.off = off, .len = len, .name = slice_trim(name)};
}

static char at(struct slice s, size_t i)
{
	return i < s.len ? s.at[i] : 0;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

/* ---- placeholders that are text ---------------------------------------------------------------
 */

/* Go's strings may hold }}: {{ index . "}}" }}. Length of the whole, 0 if it is not closed. */
static size_t go_length(struct slice s)
{
	char quote = 0;

	for (size_t i = 2; i + 1 < s.len; i++) {
		if (quote) {
			if (s.at[i] == '\\' && quote == '"')
				i++;
			else if (s.at[i] == quote || s.at[i] == '\n')
				quote = 0;
		} else if (s.at[i] == '"' || s.at[i] == '`') {
			quote = s.at[i];
		} else if (s.at[i] == '}' && s.at[i + 1] == '}') {
			return i + 2;
		}
	}
	return 0;
}

/* Length of something between two marks on one line, both marks included, 0 if there is none. */
static size_t between(struct slice s, const char *open, const char *close)
{
	size_t n;

	if (!slice_starts(s, open))
		return 0;
	for (n = strlen(open); n < s.len && n < LONGEST && s.at[n] != '\n'; n++)
		if (slice_starts(slice_from(s, n), close))
			return n + strlen(close);
	return 0;
}

static size_t flyway_length(struct slice s)
{
	if (!slice_starts(s, "FP__"))
		return 0;
	for (size_t i = 4; i < s.len && word_char(s.at[i]); i++)
		if (i > 4 && s.at[i] == '_' && at(s, i + 1) == '_')
			return i + 2;
	return 0;
}

/* The placeholder of a text style at the start of `s`: its length, and the marks around the name.
 */
static size_t text_length(struct slice s, unsigned styles, size_t *left, size_t *right)
{
	size_t n = 0;

	*left = *right = 2;
	if ((styles & MASK_GO) && slice_starts(s, "{{")) {
		n = go_length(s);
	} else if ((styles & MASK_DOLLAR) && slice_starts(s, "${")) {
		n = between(s, "${", "}");
		*right = 1;
	} else if ((styles & MASK_SYNAPSE) && slice_starts(s, "$%")) {
		n = between(s, "$%", "%$");
	} else if ((styles & MASK_BRACE) && slice_starts(s, "{$")) {
		n = between(s, "{$", "}");
		*right = 1;
	} else if (styles & MASK_FLYWAY_FP) {
		n = flyway_length(s);
		*left = 4;
	}
	return n > *left + *right ? n : 0;
}

static struct slice go_name(struct slice s)
{
	if (slice_starts(s, "-"))
		s = slice_from(s, 1);
	if (slice_ends(s, "-"))
		s.len--;
	return slice_trim(s);
}

static void find_text(struct finder *f, unsigned styles)
{
	bool after_word = false, unclosed_go = false;

	for (size_t i = 0; i < f->text.len; i++) {
		struct slice s = slice_from(f->text, i), name;
		size_t left, right, n = 0;
		char c = s.at[0];

		if (c == '{' || c == '$' || (c == 'F' && !after_word))
			n = text_length(s, unclosed_go ? styles & ~(unsigned)MASK_GO : styles,
				&left, &right);
		/* Looking for a }} that is not there is done once, not at every {{. */
		if (n == 0 && c == '{' && at(s, 1) == '{' && !unclosed_go)
			unclosed_go = go_length(s) == 0;
		after_word = word_char(c);
		if (n == 0)
			continue;
		name = slice_sub(s, left, n - left - right);
		add(f, i, n, c == '{' && at(s, 1) == '{' ? go_name(name) : name);
		i += n - 1;
		after_word = true;
	}
}

/* ---- placeholders that are parameters ---------------------------------------------------------
 */

static void find_percent(struct finder *f, size_t off)
{
	struct slice s = slice_from(f->text, off);
	size_t n;

	if (at(s, 1) == 's' && !word_char(at(s, 2))) {
		add(f, off, 2, slice_sub(s, 1, 1));
	} else if (at(s, 1) == '(') {
		n = between(s, "%(", ")s");
		if (n > 4)
			add(f, off, n, slice_sub(s, 2, n - 4));
	}
}

/* :name, and psql's :'name' and :"name"; not :: and not :=, not the bounds of an array slice. */
static void find_colon(struct finder *f, size_t off)
{
	struct slice s = slice_from(f->text, off);
	char before = off ? f->text.at[off - 1] : 0, quote = at(s, 1);
	size_t n = 1;

	if (word_char(before) || before == ':' || before == ']' || before == ')')
		return;
	if (quote == '\'' || quote == '"') {
		for (n = 2; word_char(at(s, n));)
			n++;
		if (n > 2 && at(s, n) == quote)
			add(f, off, n + 1, slice_sub(s, 2, n - 2));
	} else if (word_char(quote) && !(quote >= '0' && quote <= '9')) {
		while (word_char(at(s, n)))
			n++;
		add(f, off, n, slice_sub(s, 1, n - 1));
	}
}

/* In PostgreSQL ? is an operator of jsonb too. It is a parameter where a value must be: behind an
 * operator, a comma, a bracket or one of these words, and not in front of a value. */
static bool question_is_value(struct token before, struct token after)
{
	static const char *const words[] = {"LIMIT", "OFFSET", "AND", "OR", "WHERE", "BETWEEN",
		"LIKE", "ILIKE", "IN", "THEN", "ELSE", "WHEN", "RETURN", "SELECT", "SET",
		"INTERVAL", "NOT", "BY", "IS", "TO", "VALUES", "HAVING", "ON", "USING"};

	if (after.kind == TOKEN_STRING || after.kind == TOKEN_NUMBER || after.kind == TOKEN_PARAM)
		return false;
	if (before.kind == TOKEN_PUNCT)
		return !token_punct(before, ")") && !token_punct(before, "]");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (token_is(before, words[i]))
			return true;
	return false;
}

static void find_questions(
	struct finder *f, struct token before, struct token t, const struct lexer *l)
{
	if (t.kind == TOKEN_PARAM && slice_is(t.text, "?"))
		add(f, t.off, 1, t.text);
	else if (f->dialect != DIALECT_SQLITE && !dialect_is_mysql(f->dialect) &&
		 token_punct(t, "?") && question_is_value(before, lexer_peek(l)))
		add(f, t.off, 1, t.text);
}

/* %s and %(x)s can stand at any place of an operator run: `=%s`. */
static void find_in_operators(struct finder *f, struct token t, unsigned styles)
{
	for (size_t i = 0; (styles & MASK_PERCENT) && i < t.text.len; i++) {
		if (t.text.at[i] != '%')
			continue;
		if (at(t.text, i + 1) == '%')
			i++; /* %% is a percent sign */
		else
			find_percent(f, t.off + i);
	}
}

/* `text` is f->text with what find_text found masked already. */
static void find_tokens(struct finder *f, unsigned styles, struct slice text)
{
	struct lexer l;
	struct token t, before = {.kind = TOKEN_END};

	lexer_init(&l, f->dialect, text);
	for (; (t = lexer_next(&l)).kind != TOKEN_END; before = t) {
		size_t found = f->n;

		if (t.kind == TOKEN_PUNCT)
			find_in_operators(f, t, styles);
		if ((styles & MASK_COLON) && t.text.at[0] == ':' && t.kind != TOKEN_BAD)
			find_colon(f, t.off);
		if (styles & MASK_QUESTION)
			find_questions(f, before, t, &l);
		/* Do not read the inside of what was found: %(x)s, :'x'. */
		if (f->n > found && f->v[f->n - 1].off + f->v[f->n - 1].len > l.at)
			l.at = f->v[f->n - 1].off + f->v[f->n - 1].len;
	}
}

/* ---- masking ----------------------------------------------------------------------------------
 */

/* {{ if … }} and its like steer the template; they stand for no value. */
static bool go_control(struct slice text, const struct placeholder *p)
{
	static const char *const words[] = {"if", "else", "end", "range", "with", "define", "block",
		"template", "break", "continue"};
	size_t n = 0;

	if (!slice_starts(slice_from(text, p->off), "{{"))
		return false;
	if (slice_starts(p->name, "/*"))
		return true;
	while (n < p->name.len && word_char(p->name.at[n]))
		n++;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (slice_is(slice_n(p->name.at, n), words[i]))
			return true;
	/* {{ $x := … }} */
	return slice_starts(p->name, "$") && slice_find(p->name, SL(":=")) != SIZE_MAX;
}

/* An identifier of the placeholder's length: p_ and the name. Line ends stay where they are. */
static void fill(char *out, struct slice text, const struct placeholder *p)
{
	bool control = go_control(text, p);
	size_t k = 0;

	/* :'x' and :"x" are a string and a name already; only the colon goes. */
	if (text.at[p->off] == ':' && memchr("'\"", at(text, p->off + 1), 2)) {
		out[p->off] = ' ';
		return;
	}
	for (size_t i = 0; i < p->len; i++) {
		char c = i < 2 ? "p_"[i] : '_';

		if (i >= 2) {
			while (k < p->name.len &&
				(!word_char(p->name.at[k]) || (unsigned char)p->name.at[k] >= 0x80))
				k++;
			if (k < p->name.len)
				c = p->name.at[k++];
		}
		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (text.at[p->off + i] != '\n')
			out[p->off + i] = control ? ' ' : c;
	}
}

static bool ends_quote(struct slice s, char quote)
{
	for (size_t i = 0; i < s.len; i++)
		if (memchr("'\"`\\\n[]/", s.at[i], 8) || (quote == '$' && s.at[i] == '$'))
			return true;
	return false;
}

/* Inside strings, quoted names and comments the author's own text is the better one to show. */
static void restore(struct finder *f, char *masked)
{
	struct lexer l;
	struct token t;
	size_t i = 0;

	lexer_init(&l, f->dialect, slice_n(masked, f->text.len));
	while (i < f->n && (t = lexer_raw(&l)).kind != TOKEN_END) {
		bool quoted =
			t.kind == TOKEN_STRING || t.kind == TOKEN_QUOTED || t.kind == TOKEN_COMMENT;

		for (; i < f->n && f->v[i].off < t.off + t.text.len; i++) {
			struct slice s = slice_sub(f->text, f->v[i].off, f->v[i].len);

			if (quoted && f->v[i].off >= t.off && !ends_quote(s, t.text.at[0]) &&
				s.at[0] != ':')
				memcpy(masked + f->v[i].off, s.at, s.len);
		}
	}
}

/* Two sorted runs, before and from `half`, become one. */
static void merge(struct finder *f, size_t half)
{
	struct placeholder *v;
	size_t i = 0, k = half;

	if (half == 0 || half == f->n)
		return;
	v = ARENA_ARRAY(f->arena, f->n, struct placeholder);
	for (size_t n = 0; n < f->n; n++) {
		bool first = k == f->n || (i < half && f->v[i].off < f->v[k].off);

		v[n] = first ? f->v[i++] : f->v[k++];
	}
	f->v = v;
}

/* Finds everything; the masked copy is in *masked. */
static void find_all(struct finder *f, unsigned styles, char **masked)
{
	size_t texts;

	if (styles & TEXT_STYLES)
		find_text(f, styles);
	texts = f->n;
	*masked = NULL;
	if (f->n) {
		*masked = arena_cstr(f->arena, f->text);
		for (size_t i = 0; i < f->n; i++)
			fill(*masked, f->text, &f->v[i]);
	}
	if (styles & TOKEN_STYLES)
		find_tokens(f, styles, *masked ? slice_n(*masked, f->text.len) : f->text);
	if (f->n > texts && !*masked)
		*masked = arena_cstr(f->arena, f->text);
	for (size_t i = texts; i < f->n; i++)
		fill(*masked, f->text, &f->v[i]);
	merge(f, texts);
}

struct slice mask_text(struct arena *a, enum dialect d, struct slice text, unsigned styles,
	struct placeholder **found, size_t *nfound)
{
	struct finder f = {.arena = a, .dialect = d, .text = text};
	char *masked;

	find_all(&f, styles, &masked);
	if (f.n)
		restore(&f, masked);
	if (slice_starts(text, "\xef\xbb\xbf")) {
		if (!masked)
			masked = arena_cstr(a, text);
		memset(masked, ' ', 3);
	}
	if (found) {
		*found = f.v;
		*nfound = f.n;
	}
	return masked ? slice_n(masked, text.len) : text;
}

bool mask_expand(struct arena *a, struct slice text, unsigned styles,
	bool (*value)(void *ctx, struct slice name, struct slice *out), void *ctx,
	struct slice *out, struct err *err)
{
	struct finder f = {.arena = a, .dialect = DIALECT_UNKNOWN, .text = text};
	struct buf b = {0};
	char *masked;
	size_t done = 0;
	bool ok = false;

	find_all(&f, styles, &masked);
	for (size_t i = 0; i < f.n; i++) {
		struct slice whole = slice_sub(text, f.v[i].off, f.v[i].len), with;

		if (!value(ctx, f.v[i].name, &with)) {
			err_set(err, ERR_INPUT, "the placeholder %.*s has no value", SLICE(whole));
			err_hint(err, "Give it one in belay.yml under placeholders: \"%.*s\".",
				SLICE(f.v[i].name));
			goto out;
		}
		buf_add(&b, slice_sub(text, done, f.v[i].off - done));
		buf_add(&b, with);
		done = f.v[i].off + f.v[i].len;
	}
	if (f.n) {
		buf_add(&b, slice_from(text, done));
		*out = arena_slice(a, buf_slice(&b));
	} else {
		*out = text;
	}
	ok = true;
out:
	buf_done(&b);
	return ok;
}
