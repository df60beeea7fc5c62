/* grammar_fuzz.c - any bytes, as SQL and as a PL/pgSQL body: a tree or a fault, and never less.
 *
 * The sandbox itself is not instrumented (it is compiled once, without sanitizers); what is looked
 * for here is a crash, an error of the provider, or an answer that breaks the header's promises. */
#include "engine/postgres/grammar/grammar.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promised(bool ok, struct slice sql, struct slice json,
	const struct grammar_fault *fault, const struct err *err)
{
	if (err_is(err) || ok == slice_empty(json) || ok != slice_empty(fault->message))
		abort();
	if (ok && (json.at[0] != '{' || json.at[json.len - 1] != '}'))
		abort();
	if (!ok && fault->offset != SIZE_MAX && fault->offset > sql.len)
		abort();
}

/* For all inputs: one must not spoil the next. Closed at the end, for the sanitizer cannot look
 * into its region. */
static struct grammar *g;

static void close_grammar(void)
{
	grammar_close(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice sql = {(const char *)data, size}, json;
	struct grammar_fault fault;
	struct err err = {0};
	bool ok;

	if (!g && (!grammar_open(&g, &err) || atexit(close_grammar)))
		abort();
	ok = grammar_parse(g, sql, &json, &fault, &err);
	promised(ok, sql, json, &fault, &err);
	ok = grammar_plpgsql(g, sql, &json, &fault, &err);
	promised(ok, sql, json, &fault, &err);
	if (!grammar_parse(g, SL("SELECT 1"), &json, &fault, &err))
		abort();
	return 0;
}
