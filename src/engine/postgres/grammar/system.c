/* system.c - the other provider: a system libpg_query, 15 or newer. */
#include "base/arena.h"
#include "base/utf8.h"
#include "engine/postgres/grammar/grammar.h"

#include <pg_query.h>
#include <stdint.h>

struct grammar {
	PgQueryParseResult tree;
	PgQueryPlpgsqlParseResult body;
	bool has_tree, has_body;
};

bool grammar_open(struct grammar **out, struct err *err)
{
	(void)err;
	*out = mem_alloc(sizeof **out);
	return true;
}

static void free_last(struct grammar *g)
{
	if (g->has_tree)
		pg_query_free_parse_result(g->tree);
	if (g->has_body)
		pg_query_free_plpgsql_parse_result(g->body);
	g->has_tree = g->has_body = false;
}

void grammar_close(struct grammar *g)
{
	if (!g)
		return;
	free_last(g);
	free(g);
}

int grammar_version(void)
{
	return PG_VERSION_NUM / 10000;
}

static size_t byte_offset(struct slice sql, int cursor)
{
	size_t off = 0;

	if (cursor <= 0)
		return SIZE_MAX;
	while (--cursor && off < sql.len) {
		size_t n = utf8_length(slice_from(sql, off));

		off += n ? n : 1;
	}
	return off;
}

/* The parser recurses on the C stack without a limit of its own: what a small stack could not
 * carry is refused before it is tried. */
static bool too_deep(struct slice sql)
{
	size_t depth = 0, most = 0;

	for (size_t i = 0; i < sql.len; i++) {
		char c = sql.at[i];

		if (c == '(' || c == '[')
			depth++;
		else if ((c == ')' || c == ']') && depth)
			depth--;
		if (depth > most)
			most = depth;
	}
	return most > 3000 || sql.len > (size_t)1 << 20;
}

static bool refuse(struct slice sql, struct grammar_fault *fault)
{
	*fault = (struct grammar_fault){.offset = SIZE_MAX};
	if (sql.len && memchr(sql.at, 0, sql.len)) {
		fault->message = SL("a NUL byte: PostgreSQL's text ends there");
		fault->offset = slice_chr(sql, 0);
	} else if (too_deep(sql)) {
		fault->message =
			SL("the statement is nested too deeply or too long for the parser");
	}
	return fault->message.len > 0;
}

bool grammar_parse(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	struct arena a = {0};

	(void)err;
	free_last(g);
	*json = SLICE_NONE;
	if (refuse(sql, fault))
		return false;
	g->tree = pg_query_parse(arena_cstr(&a, sql));
	g->has_tree = true;
	arena_done(&a);
	if (g->tree.error) {
		fault->message = slice_of(g->tree.error->message);
		fault->offset = byte_offset(sql, g->tree.error->cursorpos);
		return false;
	}
	*json = slice_of(g->tree.parse_tree);
	return true;
}

bool grammar_plpgsql(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	struct arena a = {0};

	(void)err;
	free_last(g);
	*json = SLICE_NONE;
	if (refuse(sql, fault))
		return false;
	g->body = pg_query_parse_plpgsql(arena_cstr(&a, sql));
	g->has_body = true;
	arena_done(&a);
	if (g->body.error) {
		fault->message = slice_of(g->body.error->message);
		return false;
	}
	*json = slice_of(g->body.plpgsql_funcs);
	return true;
}
