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
	struct slice *json; /* of the call at hand, like the next two */
	struct grammar_fault *fault;
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
	if (!g->tree.error) {
		*g->json = slice_of(g->tree.parse_tree);
		return;
	}
	g->fault->message = slice_of(g->tree.error->message);
	if (g->tree.error->cursorpos > 0)
		g->fault->offset =
			provider_offset(slice_of(g->text), (uint32_t)g->tree.error->cursorpos);
}

/* The library answers with the array alone; newer ones put it into an object. The cursor of an
 * error counts inside the body, which the other provider does not say at all: unknown in both. */
static void run_plpgsql(void *arg, char *low)
{
	struct grammar *g = arg;
	struct slice tree;

	run_parse(arg, low);
	tree = *g->json;
	*g->json = SLICE_NONE;
	if (g->tree.error || !provider_has_bodies(tree, g->json, g->fault))
		return;
	g->body = pg_query_parse_plpgsql(g->text);
	g->has_body = true;
	if (g->body.error) {
		g->fault->message = slice_of(g->body.error->message);
		return;
	}
	buf_clear(&g->bodies);
	buf_printf(&g->bodies, "{\"plpgsql_funcs\":%s}", g->body.plpgsql_funcs);
	*g->json = buf_slice(&g->bodies);
}

static bool run(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, void (*fn)(void *, char *), struct err *err)
{
	bool ok;

	free_last(g);
	if (!provider_takes(sql, MOST_BYTES, json, fault))
		return false;
	g->json = json;
	g->fault = fault;
	g->text = mem_cstr(sql);
	ok = provider_run(sql.len, MOST_STACK, fn, g, err);
	free(g->text);
	g->text = NULL;
	return ok && slice_empty(fault->message);
}

bool grammar_parse(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	return run(g, sql, json, fault, run_parse, err);
}

bool grammar_tree(struct grammar *g, struct slice sql, struct tree *tree, struct buf *values,
	struct grammar_fault *fault, struct err *err)
{
	struct slice json;

	return run(g, sql, &json, fault, run_parse, err) &&
	       provider_tree(json, tree, values, fault);
}

bool grammar_plpgsql(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err)
{
	return run(g, sql, json, fault, run_plpgsql, err);
}
