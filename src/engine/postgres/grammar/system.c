/* system.c - the other provider: a system libpg_query, 15 or newer.
 *
 * That library recurses on the C stack without a limit of its own; what keeps hostile input from
 * overflowing it is provider_run(). */
#include "base/arena.h"
#include "base/buf.h"
#include "engine/postgres/grammar/provider.h"

#include <pg_query.h>

enum { MOST_BYTES = 16 << 20 };
static const size_t MOST_STACK = (size_t)8 << 30; /* address space; only what is used costs */

struct grammar {
	PgQueryParseResult tree;
	PgQueryPlpgsqlParseResult body;
	bool has_tree, has_body;
	char *text;        /* of the statement at hand, NUL-terminated */
	struct buf bodies; /* the answer of grammar_plpgsql() */
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
	buf_done(&g->bodies);
	free(g);
}

int grammar_version(void)
{
	return PG_VERSION_NUM / 10000;
}

static void run_parse(void *arg, char *low)
{
	struct grammar *g = arg;

	(void)low;
	g->tree = pg_query_parse(g->text);
	g->has_tree = true;
}

static void run_plpgsql(void *arg, char *low)
{
	struct grammar *g = arg;

	(void)low;
	g->body = pg_query_parse_plpgsql(g->text);
	g->has_body = true;
}

static bool run(struct grammar *g, struct slice sql, void (*fn)(void *, char *), struct err *err)
{
	bool ok;

	g->text = mem_cstr(sql);
	ok = provider_run(sql.len, MOST_STACK, fn, g, err);
	free(g->text);
	g->text = NULL;
	return ok;
}

static bool answer(struct slice sql, const char *tree, const PgQueryError *problem,
	struct slice *json, struct grammar_fault *fault)
{
	if (problem) {
		fault->message = slice_of(problem->message);
		if (problem->cursorpos > 0)
			fault->offset = provider_offset(sql, (uint32_t)problem->cursorpos);
		return false;
	}
	*json = slice_of(tree);
	return true;
}

bool grammar_parse(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	free_last(g);
	return provider_takes(sql, MOST_BYTES, json, fault) && run(g, sql, run_parse, err) &&
	       answer(sql, g->tree.parse_tree, g->tree.error, json, fault);
}

/* The cursor of an error in a body counts inside the body, which the other provider does not say at
 * all: unknown in both. */
bool grammar_plpgsql(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	free_last(g);
	if (!provider_takes(sql, MOST_BYTES, json, fault) || !run(g, sql, run_plpgsql, err))
		return false;
	if (g->body.error) {
		fault->message = slice_of(g->body.error->message);
		return false;
	}
	/* The library answers with the array alone; newer ones put it into an object. */
	buf_clear(&g->bodies);
	buf_printf(&g->bodies, "{\"plpgsql_funcs\":%s}", g->body.plpgsql_funcs);
	*json = buf_slice(&g->bodies);
	return true;
}
