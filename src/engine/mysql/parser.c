/* parser.c - the walk over the tokens of one statement. */
#include "engine/mysql/parser.h"

#include "sql/quote.h"

#include <stdint.h>

#define LONG_INSERT (256 * 1024)

/* Rows of a long INSERT … VALUES: what is inside their brackets is of no interest, and there may be
 * millions of it. */
struct row_skip {
	bool insert, inside;
	int depth;
};

static bool skip_row_token(struct row_skip *r, struct token t, size_t n)
{
	if (n == 0)
		r->insert = token_is(t, "INSERT") || token_is(t, "REPLACE");
	if (!r->insert)
		return false;
	if (r->depth == 0 && (token_is(t, "VALUES") || token_is(t, "VALUE")))
		r->inside = true;
	if (r->depth == 0 && (token_is(t, "ON") || token_is(t, "SELECT")))
		r->insert = false;
	if (token_punct(t, "("))
		return r->depth++ > 0 && r->inside;
	if (token_punct(t, ")") && r->depth > 0)
		return --r->depth > 0 && r->inside;
	return r->inside && r->depth > 0;
}

static struct token end_token(struct slice text)
{
	return (struct token){TOKEN_END, text.len, slice_from(text, text.len)};
}

bool my_parser_init(struct parser *p, struct reader *r, struct arena *a, struct statement *st,
	struct slice text)
{
	struct arena *keep = r ? my_reader_tokens(r) : a;
	struct lexer l;
	struct row_skip rows = {0};
	struct token *v = NULL;
	size_t n = 0;

	lexer_init(&l, p->d.dialect, text);
	l.ansi_quotes = p->d.ansi_quotes;
	l.no_backslash_escapes = p->d.no_backslash_escapes;
	l.mysql_version = p->d.version;
	for (;;) {
		struct token t = lexer_next(&l);

		if (t.kind == TOKEN_END)
			break;
		if (text.len > LONG_INSERT && t.kind != TOKEN_BAD && skip_row_token(&rows, t, n))
			continue;
		*ARENA_PUSH(keep, v, n) = t;
	}
	*ARENA_PUSH(keep, v, n) = end_token(text);
	p->a = a;
	p->reader = r;
	p->st = st;
	p->text = text;
	p->tok = v;
	p->n = n;
	p->at = 0;
	for (size_t i = 0; i < n; i++)
		if (v[i].kind == TOKEN_BAD)
			return my_fault_syntax(p, i, "%s",
				v[i].text.len > 1 ? "an unclosed quote or comment"
						  : "a character that has no meaning here");
	return true;
}

bool my_at_end(const struct parser *p)
{
	return tok_now(p).kind == TOKEN_END;
}

/* How many tokens the words in `words` (blank-separated) cover here; 0 if they do not stand here.
 */
static size_t words_here(const struct parser *p, const char *words)
{
	struct slice rest = slice_of(words), w;
	size_t i = 0;

	while (slice_next(&rest, ' ', &w)) {
		struct token t = tok_next(p, i);

		if (t.kind != TOKEN_WORD || !slice_ieq(t.text, w))
			return 0;
		i++;
	}
	return i;
}

bool my_is_word(const struct parser *p, const char *words)
{
	return words_here(p, words) > 0;
}

bool my_is_punct(const struct parser *p, const char *c)
{
	return token_punct(tok_now(p), c);
}

bool my_take_word(struct parser *p, const char *words)
{
	size_t n = words_here(p, words);

	p->at += n;
	return n > 0;
}

bool my_take_either(struct parser *p, const char *one, const char *other)
{
	return my_take_word(p, one) || my_take_word(p, other);
}

bool my_take_punct(struct parser *p, const char *c)
{
	if (!my_is_punct(p, c))
		return false;
	p->at++;
	return true;
}

bool my_want_word(struct parser *p, const char *words)
{
	return my_take_word(p, words) || my_fault_expected(p, words);
}

bool my_want_punct(struct parser *p, const char *c)
{
	char what[8];

	if (my_take_punct(p, c))
		return true;
	snprintf(what, sizeof what, "\"%s\"", c);
	return my_fault_expected(p, what);
}

bool my_want_end(struct parser *p)
{
	return my_at_end(p) || my_fault_expected(p, "the end of the statement");
}

static void fault_place(struct parser *p, size_t token)
{
	struct token t = tok_at(p, token);

	p->fault_at = p->inner ? SIZE_MAX : p->base + t.off;
}

bool my_fault_syntax(struct parser *p, size_t token, const char *fmt, ...)
{
	va_list ap;

	if (p->fault != FAULT_NONE)
		return false;
	p->fault = FAULT_SYNTAX;
	va_start(ap, fmt);
	p->fault_words = arena_vprintf(p->a, fmt, ap);
	va_end(ap);
	fault_place(p, token);
	return false;
}

bool my_fault_opaque(struct parser *p, const char *fmt, ...)
{
	va_list ap;

	if (p->fault != FAULT_NONE)
		return false;
	p->fault = FAULT_OPAQUE;
	va_start(ap, fmt);
	p->fault_words = arena_vprintf(p->a, fmt, ap);
	va_end(ap);
	fault_place(p, p->at);
	return false;
}

bool my_fault_expected(struct parser *p, const char *what)
{
	struct token t = tok_now(p);
	size_t len = t.text.len > 40 ? 40 : t.text.len;

	if (t.kind == TOKEN_END)
		return my_fault_syntax(
			p, p->at, "expected %s, found the end of the statement", what);
	return my_fault_syntax(p, p->at, "expected %s, found \"%.*s%s\"", what, (int)len, t.text.at,
		len < t.text.len ? "…" : "");
}

/* Words that neither MySQL nor MariaDB takes as a name without quotes. Only those that are reserved
 * in both and in all versions we read: a word that is missing here costs a later message. */
/* clang-format off */
static const char *const reserved[] = {
	"ADD", "ALL", "ALTER", "ANALYZE", "AND", "AS", "ASC", "BEFORE", "BETWEEN", "BIGINT", "BINARY",
	"BLOB", "BOTH", "BY", "CALL", "CASCADE", "CASE", "CHANGE", "CHAR", "CHARACTER", "CHECK",
	"COLLATE", "COLUMN", "CONDITION", "CONSTRAINT", "CONTINUE", "CONVERT", "CREATE", "CROSS",
	"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURSOR", "DATABASE",
	"DATABASES", "DECIMAL", "DECLARE", "DEFAULT", "DELAYED", "DELETE", "DESC", "DESCRIBE",
	"DISTINCT", "DISTINCTROW", "DIV", "DOUBLE", "DROP", "DUAL", "EACH", "ELSE", "ELSEIF",
	"ENCLOSED", "ESCAPED", "EXISTS", "EXIT", "EXPLAIN", "FALSE", "FETCH", "FLOAT", "FOR", "FORCE",
	"FOREIGN", "FROM", "FULLTEXT", "GRANT", "GROUP", "HAVING", "HIGH_PRIORITY", "IF", "IGNORE",
	"IN", "INDEX", "INFILE", "INNER", "INOUT", "INSERT", "INT", "INTEGER", "INTERVAL", "INTO",
	"IS", "ITERATE", "JOIN", "KEY", "KEYS", "KILL", "LEADING", "LEAVE", "LEFT", "LIKE", "LIMIT",
	"LINES", "LOAD", "LOCALTIME", "LOCALTIMESTAMP", "LOCK", "LONG", "LONGBLOB", "LONGTEXT", "LOOP",
	"LOW_PRIORITY", "MATCH", "MEDIUMBLOB", "MEDIUMINT", "MEDIUMTEXT", "MOD", "NATURAL", "NOT",
	"NULL", "NUMERIC", "ON", "OPTIMIZE", "OPTION", "OPTIONALLY", "OR", "ORDER", "OUT", "OUTER",
	"OUTFILE", "PARTITION", "PRECISION", "PRIMARY", "PROCEDURE", "PURGE", "RANGE", "READ",
	"REAL", "REFERENCES", "REGEXP", "RELEASE", "RENAME", "REPEAT", "REPLACE", "REQUIRE", "RESTRICT",
	"RETURN", "REVOKE", "RIGHT", "RLIKE", "SCHEMA", "SCHEMAS", "SELECT", "SET", "SHOW", "SMALLINT",
	"SPATIAL", "SQL", "STARTING", "STRAIGHT_JOIN", "TABLE", "TERMINATED", "THEN", "TINYBLOB",
	"TINYINT", "TINYTEXT", "TO", "TRAILING", "TRIGGER", "TRUE", "UNDO", "UNION", "UNIQUE", "UNLOCK",
	"UNSIGNED", "UPDATE", "USAGE", "USE", "USING", "VALUES", "VARBINARY", "VARCHAR", "WHEN",
	"WHERE", "WHILE", "WITH", "WRITE", "XOR", "ZEROFILL",
};
/* clang-format on */

static int word_cmp(struct slice w, const char *other)
{
	size_t i = 0;

	for (; i < w.len && other[i]; i++) {
		char c = w.at[i];

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c != other[i])
			return c < other[i] ? -1 : 1;
	}
	return i < w.len ? 1 : other[i] ? -1 : 0;
}

bool my_reserved(struct slice word)
{
	size_t lo = 0, hi = sizeof reserved / sizeof *reserved;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = word_cmp(word, reserved[mid]);

		if (c == 0)
			return true;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}

bool my_is_identifier(const struct parser *p, size_t i)
{
	struct token t = tok_at(p, i);
	bool after_dot = i > 0 && token_punct(tok_at(p, i - 1), ".");

	if (t.kind == TOKEN_QUOTED)
		return true;
	return t.kind == TOKEN_WORD && (after_dot || !my_reserved(t.text));
}

bool my_want_ident(struct parser *p, struct slice *out, const char *what)
{
	if (!my_is_identifier(p, p->at))
		return my_fault_expected(p, what);
	*out = token_value(p->a, p->d.dialect, tok_now(p));
	p->at++;
	return true;
}

bool my_want_name(struct parser *p, struct name *out, const char *what)
{
	*out = (struct name){SLICE_NONE, SLICE_NONE};
	if (my_take_punct(p, "."))
		return my_want_ident(p, &out->name, what);
	if (!my_want_ident(p, &out->name, what))
		return false;
	if (!my_is_punct(p, "."))
		return true;
	p->at++;
	out->schema = out->name;
	return my_want_ident(p, &out->name, what);
}

static bool is_text_token(const struct parser *p, struct token t)
{
	if (t.kind == TOKEN_STRING)
		return true;
	return t.kind == TOKEN_QUOTED && !p->d.ansi_quotes && t.text.len && t.text.at[0] == '"';
}

/* 'a' 'b' is one string: neighbours are joined. */
bool my_take_string(struct parser *p, struct slice *out)
{
	struct buf b = {0};

	if (!is_text_token(p, tok_now(p)))
		return false;
	*out = token_value(p->a, p->d.dialect, tok_now(p));
	p->at++;
	if (!is_text_token(p, tok_now(p)))
		return true;
	buf_add(&b, *out);
	for (; is_text_token(p, tok_now(p)); p->at++)
		buf_add(&b, token_value(p->a, p->d.dialect, tok_now(p)));
	*out = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return true;
}

bool my_want_string(struct parser *p, struct slice *out, const char *what)
{
	return my_take_string(p, out) || my_fault_expected(p, what);
}

/* A host is what follows '@': the lexer may see @host as a parameter of its own. */
bool my_want_account(struct parser *p, struct slice *out)
{
	size_t from = p->at;
	struct slice unused;

	if (my_take_word(p, "CURRENT_USER") || my_take_word(p, "CURRENT_ROLE") ||
		my_take_word(p, "SESSION_USER")) {
		if (my_take_punct(p, "("))
			if (!my_want_punct(p, ")"))
				return false;
	} else if (!my_take_string(p, &unused)) {
		if (!my_want_ident(p, &unused, "an account name"))
			return false;
	}
	while (tok_now(p).kind == TOKEN_PARAM && slice_starts(tok_now(p).text, "@")) {
		bool bare = tok_now(p).text.len == 1;

		p->at++;
		if (bare && !my_take_string(p, &unused) &&
			!my_want_ident(p, &unused, "a host name"))
			return false;
	}
	if (my_take_punct(p, "@") && !my_take_string(p, &unused) &&
		!my_want_ident(p, &unused, "a host name"))
		return false;
	*out = my_tokens_text(p, from, p->at);
	return true;
}

bool my_take_brackets(struct parser *p, size_t *from, size_t *to)
{
	int depth = 0;

	if (!my_is_punct(p, "("))
		return false;
	*from = p->at + 1;
	for (; !my_at_end(p); p->at++) {
		if (my_is_punct(p, "(")) {
			depth++;
		} else if (my_is_punct(p, ")") && --depth == 0) {
			*to = p->at++;
			return true;
		}
	}
	return my_fault_syntax(p, *from - 1, "an opening bracket that is never closed");
}

bool my_want_ident_list(struct parser *p, struct names *out, const char *what)
{
	struct slice s;

	if (!my_want_punct(p, "("))
		return false;
	do {
		if (!my_want_ident(p, &s, what))
			return false;
		names_add(p->a, out, s);
	} while (my_take_punct(p, ","));
	return my_want_punct(p, ")");
}

struct slice my_tokens_text(const struct parser *p, size_t from, size_t to)
{
	struct token first = tok_at(p, from), last;

	if (to <= from)
		return SLICE_NONE;
	last = tok_at(p, to - 1);
	return slice_sub(p->text, first.off, last.off + last.text.len - first.off);
}

struct slice my_tokens_squeezed(const struct parser *p, size_t from, size_t to)
{
	struct buf b = {0};
	struct slice s;

	for (size_t i = from; i < to; i++) {
		struct token t = tok_at(p, i), prev;

		if (i > from) {
			prev = tok_at(p, i - 1);
			if (prev.off + prev.text.len < t.off)
				buf_addc(&b, ' ');
		}
		buf_add(&b, t.text);
	}
	s = arena_slice(p->a, buf_slice(&b));
	buf_done(&b);
	return s;
}

struct slice my_lower(struct arena *a, struct slice s)
{
	char *at = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (at[i] >= 'A' && at[i] <= 'Z')
			at[i] = (char)(at[i] - 'A' + 'a');
	return slice_n(at, s.len);
}

struct slice my_name_text(struct arena *a, struct name n)
{
	if (slice_empty(n.schema))
		return n.name;
	return arena_printf(a, "%.*s.%.*s", SLICE(n.schema), SLICE(n.name));
}

struct span my_parser_span(const struct parser *p, size_t from, size_t to)
{
	struct slice text;
	struct span s = p->st->span;

	if (p->inner || to <= from)
		return s;
	text = my_tokens_text(p, from, to);
	s.off += p->base + (size_t)(text.at - p->text.at);
	s.len = text.len;
	return s;
}

struct change my_change_new(const struct parser *p, enum change_kind k, enum object_type t)
{
	return (struct change){.kind = k, .type = t, .flags = p->flags};
}

void my_change_push(struct parser *p, struct change *ch, size_t from)
{
	ch->flags |= p->flags;
	ch->span = my_parser_span(p, from, p->at);
	*ARENA_PUSH(p->a, p->changes, p->nchanges) = *ch;
}

struct object *my_object_new(struct arena *a, enum object_type t, struct slice name)
{
	struct object *o = ARENA_NEW(a, struct object);

	o->type = t;
	o->name = name;
	return o;
}

struct object *my_object_add_part(
	struct arena *a, struct object *table, enum object_type t, struct slice name)
{
	struct object *o = my_object_new(a, t, name);

	o->table = table;
	o->schema = table->schema;
	*ARENA_PUSH(a, table->parts, table->nparts) = o;
	return o;
}
