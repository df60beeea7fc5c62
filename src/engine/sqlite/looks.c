/* looks.c - is this text SQLite's? And which statements want no transaction around them. */
#include "engine/sqlite/sqlite.h"

#include "sql/token.h"

/* Constructs of one or two tokens that SQLite has and the others do not, or not so. */
static const struct {
	const char *first, *second; /* NULL: one word is enough */
	int weight;
} signs[] = {
	{"PRAGMA", NULL, 3},
	{"AUTOINCREMENT", NULL, 3}, /* MySQL: AUTO_INCREMENT */
	{"WITHOUT", "ROWID", 4},
	{"VIRTUAL", "TABLE", 3},
	{"sqlite_master", NULL, 4},
	{"sqlite_schema", NULL, 4},
	{"sqlite_sequence", NULL, 4},
	{"sqlite_stat1", NULL, 4},
	{"randomblob", NULL, 3},
	{"julianday", NULL, 2},
	{"strftime", NULL, 2},
	{"unixepoch", NULL, 2},
	{"json_each", NULL, 1},
	{"GLOB", NULL, 1},
	{"typeof", NULL, 1},
	{"fts5", NULL, 3},
	{"fts4", NULL, 3},
	{"rtree", NULL, 3},
	{"DETACH", NULL, 1},
	{"ATTACH", "DATABASE", 2},
	{"RAISE", "(", 2},
	{"SELECT", "RAISE", 2},
	{"OR", "IGNORE", 2}, /* INSERT OR IGNORE */
	{"OR", "ABORT", 2},
	{"OR", "FAIL", 2},
	{"INSTEAD", "OF", 1},
};

static bool matches(struct token a, struct token b, size_t i)
{
	return token_is(a, signs[i].first) && (!signs[i].second || token_is(b, signs[i].second) ||
						      token_punct(b, signs[i].second));
}

int sqlite_looks_like(struct slice text)
{
	struct lexer l;
	struct token a, b;
	int score = 0;

	lexer_init(&l, DIALECT_SQLITE, text);
	a = lexer_next(&l);
	while (a.kind != TOKEN_END && a.kind != TOKEN_BAD) {
		b = lexer_next(&l);
		for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
			if (matches(a, b, i))
				score += signs[i].weight;
		/* datetime('now'), date('now') */
		if ((token_is(a, "datetime") || token_is(a, "date") || token_is(a, "time")) &&
			token_punct(b, "(")) {
			struct token c = lexer_peek(&l);

			if (c.kind == TOKEN_STRING && slice_iis(c.text, "'now'"))
				score += 3;
		}
		a = b;
	}
	return score;
}

/* PRAGMAs that are an error inside a transaction. foreign_keys is none of them: there it silently
 * does nothing, which the effects say. To run a whole migration without a transaction for its sake
 * would cost more than it gives, since foreign keys are off on our connections anyway. */
static bool pragma_wants_no_tx(const struct change *ch)
{
	static const char *const names[] = {"journal_mode", "synchronous", "wal_checkpoint"};

	if (!ch->value.text.len && !slice_is(ch->name, "wal_checkpoint"))
		return false; /* a question */
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(ch->name, names[i]))
			return true;
	return false;
}

bool sqlite_needs_no_tx(const struct statement *st, int version)
{
	(void)version;
	for (size_t i = 0; i < st->nchanges; i++)
		if (st->changes[i].kind == CHANGE_VACUUM ||
			(st->changes[i].kind == CHANGE_PRAGMA &&
				pragma_wants_no_tx(&st->changes[i])))
			return true;
	return false;
}
