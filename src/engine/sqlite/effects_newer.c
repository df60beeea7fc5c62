/* effects_newer.c - words and functions that an older SQLite does not know.
 *
 * The reader asks the SQLite that is linked whether a statement parses; for a version before that
 * one this table does. https://sqlite.org/changes.html */
#include "engine/sqlite/effects.h"

#include "sql/token.h"

#include <stdint.h>

/* The application may bring a function of its own, so a missing one need not fail. */
static const struct {
	const char *name;
	int since;
} functions[] = {
	{"iif", SQLITE_V(3, 32, 0)},
	{"sign", SQLITE_V(3, 35, 0)},
	{"unixepoch", SQLITE_V(3, 38, 0)},
	{"unhex", SQLITE_V(3, 41, 0)},
	{"json_error_position", SQLITE_V(3, 42, 0)},
	{"octet_length", SQLITE_V(3, 43, 0)},
	{"timediff", SQLITE_V(3, 43, 0)},
	{"concat", SQLITE_V(3, 44, 0)},
	{"concat_ws", SQLITE_V(3, 44, 0)},
	{"string_agg", SQLITE_V(3, 44, 0)},
	{"jsonb", SQLITE_V(3, 45, 0)},
	{"json_pretty", SQLITE_V(3, 46, 0)},
};

static void function(struct judging *j, struct slice name)
{
	char has[24];

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (slice_iis(name, functions[i].name) && j->version < functions[i].since)
			e_may_fail(j, "SQLite %s has no function %s()",
				version_text(DIALECT_SQLITE, j->version, has), functions[i].name);
}

static void word(struct judging *j, struct token before, struct token t, struct token next)
{
	if (token_punct(t, "->") || token_punct(t, "->>"))
		e_too_new(j, SQLITE_V(3, 38, 0), "operators -> and ->>");
	else if (token_is(t, "DISTINCT") && (token_is(before, "IS") || token_is(before, "NOT")))
		e_too_new(j, SQLITE_V(3, 39, 0), "IS DISTINCT FROM");
	else if ((token_is(t, "RIGHT") || token_is(t, "FULL")) &&
		 (token_is(next, "JOIN") || token_is(next, "OUTER")))
		e_too_new(j, SQLITE_V(3, 39, 0), "RIGHT and FULL JOIN");
	else if (token_is(t, "MATERIALIZED"))
		e_too_new(j, SQLITE_V(3, 35, 0), "MATERIALIZED");
	else if (token_is(t, "RETURNING"))
		e_too_new(j, SQLITE_V(3, 35, 0), "RETURNING");
	else if (t.kind == TOKEN_NUMBER && slice_chr(t.text, '_') != SIZE_MAX)
		e_too_new(j, SQLITE_V(3, 46, 0), "underscores in numbers");
	else if (t.kind == TOKEN_WORD && token_punct(next, "(") && !token_is(before, "INTO"))
		function(j, t.text);
}

void e_newer_words(struct judging *j)
{
	struct lexer l;
	struct token before = {0}, t;

	lexer_init(&l, DIALECT_SQLITE, j->st->text);
	while ((t = lexer_next(&l)).kind != TOKEN_END && t.kind != TOKEN_BAD) {
		word(j, before, t, lexer_peek(&l));
		before = t;
	}
}
