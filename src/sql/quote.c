/* quote.c - the only place where names and values become SQL text. */
#include "sql/quote.h"

#include "sql/words.h"

#include <stdarg.h>
#include <stdint.h>

/* Up to the first NUL: no server keeps one in a name or in PostgreSQL's text. */
static struct slice until_nul(struct slice s)
{
	size_t n = slice_chr(s, 0);

	return n == SIZE_MAX ? s : slice_n(s.at, n);
}

static void add_doubled(struct buf *b, struct slice s, char quote)
{
	buf_addc(b, quote);
	for (size_t n; (n = slice_chr(s, quote)) != SIZE_MAX; s = slice_from(s, n + 1)) {
		buf_add(b, slice_n(s.at, n + 1));
		buf_addc(b, quote);
	}
	buf_add(b, s);
	buf_addc(b, quote);
}

void quote_ident(struct buf *b, enum dialect d, struct slice name)
{
	add_doubled(b, until_nul(name), dialect_is_mysql(d) ? '`' : '"');
}

static bool is_letter(char c, bool upper_too)
{
	return (c >= 'a' && c <= 'z') || c == '_' || (upper_too && c >= 'A' && c <= 'Z');
}

bool ident_needs_quotes(enum dialect d, struct slice name)
{
	bool upper_too = d != DIALECT_POSTGRES && d != DIALECT_UNKNOWN;

	if (name.len == 0 || !is_letter(name.at[0], upper_too))
		return true;
	for (size_t i = 1; i < name.len; i++) {
		char c = name.at[i];

		if (!is_letter(c, upper_too) && !(c >= '0' && c <= '9'))
			return true;
	}
	return word_is_reserved(d, name);
}

void quote_ident_pretty(struct buf *b, enum dialect d, struct slice name)
{
	if (ident_needs_quotes(d, name))
		quote_ident(b, d, name);
	else
		buf_add(b, name);
}

void quote_name(struct buf *b, enum dialect d, struct slice schema, struct slice name)
{
	if (schema.len) {
		quote_ident(b, d, schema);
		buf_addc(b, '.');
	}
	quote_ident(b, d, name);
}

void quote_name_pretty(struct buf *b, enum dialect d, struct slice schema, struct slice name)
{
	if (schema.len) {
		quote_ident_pretty(b, d, schema);
		buf_addc(b, '.');
	}
	quote_ident_pretty(b, d, name);
}

static void add_backslashed(struct buf *b, struct slice s)
{
	buf_addc(b, '\'');
	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '\'' || c == '\\')
			buf_addc(b, c);
		if (c == 0)
			buf_adds(b, "\\0");
		else
			buf_addc(b, c);
	}
	buf_addc(b, '\'');
}

static void add_hex_text(struct buf *b, struct slice s)
{
	buf_adds(b, "CAST(X'");
	for (size_t i = 0; i < s.len; i++)
		buf_printf(b, "%02X", (unsigned char)s.at[i]);
	buf_adds(b, "' AS TEXT)");
}

void quote_literal(struct buf *b, enum dialect d, struct slice value)
{
	if (dialect_is_mysql(d)) {
		add_backslashed(b, value);
	} else if (d == DIALECT_SQLITE) {
		if (slice_chr(value, 0) != SIZE_MAX)
			add_hex_text(b, value);
		else
			add_doubled(b, value, '\'');
	} else {
		value = until_nul(value);
		if (slice_chr(value, '\\') == SIZE_MAX) {
			add_doubled(b, value, '\'');
		} else {
			buf_addc(b, 'E');
			add_backslashed(b, value);
		}
	}
}

/* One % of the template; returns what follows it. The arguments are taken in order. */
static const char *sqlf_one(struct buf *b, enum dialect d, const char *p, va_list *ap)
{
	struct slice first;

	switch (*p) {
	case 'I':
		quote_ident(b, d, va_arg(*ap, struct slice));
		break;
	case 'N':
		first = va_arg(*ap, struct slice);
		quote_name(b, d, first, va_arg(*ap, struct slice));
		break;
	case 'i':
		quote_ident_pretty(b, d, va_arg(*ap, struct slice));
		break;
	case 'n':
		first = va_arg(*ap, struct slice);
		quote_name_pretty(b, d, first, va_arg(*ap, struct slice));
		break;
	case 'L':
		quote_literal(b, d, va_arg(*ap, struct slice));
		break;
	case 's':
		buf_add(b, va_arg(*ap, struct slice));
		break;
	case 'd':
		buf_printf(b, "%d", va_arg(*ap, int));
		break;
	case 'l': /* lld */
		buf_printf(b, "%lld", va_arg(*ap, long long));
		return p + 3;
	default: /* %% */
		buf_addc(b, '%');
		break;
	}
	return p + 1;
}

void sqlvf(struct buf *b, enum dialect d, const char *template, va_list given)
{
	va_list ap;

	va_copy(ap, given);
	while (*template) {
		size_t n = strcspn(template, "%");

		buf_add(b, slice_n(template, n));
		template += n;
		if (*template == '%')
			template = sqlf_one(b, d, template + 1, &ap);
	}
	va_end(ap);
}

void sqlf(struct buf *b, enum dialect d, const char *template, ...)
{
	va_list ap;

	va_start(ap, template);
	sqlvf(b, d, template, ap);
	va_end(ap);
}
