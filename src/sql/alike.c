/* alike.c - INSERTs one behind the other that differ in nothing but their values. */
#include "sql/alike.h"

#include "sql/token.h"

#include <string.h>

/* Of what stands in a row. */
static bool is_constant(struct token t)
{
	switch (t.kind) {
	case TOKEN_NUMBER:
	case TOKEN_STRING:
		return true;
	case TOKEN_WORD:
		return token_is(t, "NULL") || token_is(t, "TRUE") || token_is(t, "FALSE") ||
		       token_is(t, "DEFAULT");
	default:
		return false;
	}
}

/* A sign, or the character set of a string of MySQL's. */
static bool stands_before(const struct alike *a, struct token t)
{
	return token_punct(t, "-") || token_punct(t, "+") ||
	       (t.kind == TOKEN_WORD && t.text.at[0] == '_' && dialect_is_mysql(a->dialect));
}

/* Behind its "(": how many constants, 0 if there is anything else. */
static size_t read_row(const struct alike *a, struct lexer *l)
{
	size_t n = 0;

	for (;;) {
		struct token t = lexer_next(l);

		if (stands_before(a, t))
			t = lexer_next(l);
		if (!is_constant(t))
			return 0;
		n++;
		t = lexer_next(l);
		if (token_punct(t, ")"))
			return n;
		if (!token_punct(t, ","))
			return 0;
	}
}

/* All rows; *tail is what stands behind them. */
static size_t read_rows(const struct alike *a, struct slice text, struct slice *tail)
{
	size_t columns = 0, n;
	struct lexer l;
	struct token t;

	lexer_init(&l, a->dialect, text);
	do {
		t = lexer_next(&l);
		if (dialect_is_mysql(a->dialect) && token_is(t, "ROW"))
			t = lexer_next(&l);
		if (!token_punct(t, "("))
			return 0;
		n = read_row(a, &l);
		if (n == 0 || (columns && n != columns))
			return 0;
		columns = n;
		*tail = slice_trim(slice_from(text, l.at));
		t = lexer_next(&l);
	} while (token_punct(t, ","));
	return columns;
}

/* Nothing, or words that do the same whatever the rows are. */
static bool tail_is_plain(enum dialect d, struct slice tail)
{
	static const char *const words[] = {"ON", "CONFLICT", "DO", "NOTHING"};
	struct lexer l;

	if (tail.len == 0)
		return true;
	lexer_init(&l, d, tail);
	for (size_t i = 0; i < 4; i++)
		if (!token_is(lexer_next(&l), words[i]))
			return false;
	return lexer_next(&l).kind == TOKEN_END;
}

/* INSERT [INTO] table [(columns)] VALUES */
static struct slice head_of(enum dialect d, struct slice text)
{
	struct lexer l;
	struct token t;

	lexer_init(&l, d, text);
	if (!token_is(lexer_next(&l), "INSERT"))
		return SLICE_NONE;
	for (;;) {
		t = lexer_next(&l);
		if (token_is(t, "VALUES") || token_is(t, "VALUE"))
			return slice_sub(text, 0, l.at);
		if (t.kind == TOKEN_END || t.kind == TOKEN_BAD || t.kind == TOKEN_PARAM ||
			token_is(t, "SELECT") || token_is(t, "REPLACE"))
			return SLICE_NONE;
	}
}

struct alike alike_begin(enum dialect d, struct slice text)
{
	struct alike a = {.dialect = d, .head = head_of(d, text)};

	if (a.head.len)
		a.columns = read_rows(&a, slice_from(text, a.head.len), &a.tail);
	if (!tail_is_plain(d, a.tail))
		a.columns = 0;
	return a;
}

bool alike_is(const struct alike *a, struct slice text)
{
	struct slice tail;

	return a->columns && slice_eq(slice_sub(text, 0, a->head.len), a->head) &&
	       read_rows(a, slice_from(text, a->head.len), &tail) == a->columns &&
	       slice_eq(tail, a->tail);
}
