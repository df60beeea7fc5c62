/* grammar.h - PostgreSQL's own grammar: from SQL text to the parse tree, as JSON.
 *
 * Two providers behind one header. The main one is the grammar of PostgreSQL 18 (npm's libpg-query,
 * WebAssembly turned into C by wasm2c): hostile input stays inside its sandbox, a trap costs the
 * statement and nothing else. The other is a system libpg_query (15 or newer).
 *
 * One struct grammar per thread, used for any number of statements; the heavy part is made at the
 * first parse. What a call returns is lent until the next call. */
#ifndef BELAY_ENGINE_POSTGRES_GRAMMAR_GRAMMAR_H
#define BELAY_ENGINE_POSTGRES_GRAMMAR_GRAMMAR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "engine/postgres/tree.h"

struct grammar;

struct grammar_fault {
	struct slice message; /* the parser's own words */
	size_t offset;        /* byte offset of the error in the text, SIZE_MAX if unknown */
};

bool grammar_open(struct grammar **out, struct err *err);
void grammar_close(struct grammar *g); /* NULL is fine */
/* One or several statements. True: *json. False with *fault filled and err untouched: the text does
 * not parse. False with err set: the provider is broken. */
bool grammar_parse(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err);
/* The same as a tree. Its keys are lent until grammar_close(), its values lie in *values: calls
 * with another tree and other values leave both alone. */
bool grammar_tree(struct grammar *g, struct slice sql, struct tree *tree, struct buf *values,
	struct grammar_fault *fault, struct err *err);
/* A CREATE FUNCTION … LANGUAGE plpgsql or a DO statement: the tree of its body. */
bool grammar_plpgsql(struct grammar *g, struct slice sql, struct slice *json,
	struct grammar_fault *fault, struct err *err);
/* Major version of the grammar: 18, or that of the system library. */
int grammar_version(void);

#endif
