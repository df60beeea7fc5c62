/* provider.h - what both providers share: which texts are not even tried, where an error is, and a
 * stack that is deep enough. */
#ifndef BELAY_ENGINE_POSTGRES_GRAMMAR_PROVIDER_H
#define BELAY_ENGINE_POSTGRES_GRAMMAR_PROVIDER_H

#include "engine/postgres/grammar/grammar.h"

#include <stdint.h>

/* Empties the outputs. False with *fault filled: no parser takes this text. */
bool provider_takes(struct slice sql, size_t most, struct slice *json, struct grammar_fault *fault);
/* The parser counts characters from 1, as the server does, 0 for unknown; we count bytes from 0. */
size_t provider_offset(struct slice sql, uint32_t cursor);
/* libpg_query asserts that each function and each DO has its body as a string. True if those of
 * this tree have. Otherwise the answer is here: *json where there is no PL/pgSQL to read (no
 * function, or one with an SQL body: RETURN, BEGIN ATOMIC), *fault in the server's words for no
 * body at all. */
bool provider_has_bodies(struct slice tree, struct slice *json, struct grammar_fault *fault);
/* The tree of an answer; it points into a copy, *text. */
bool provider_tree(
	struct slice json, struct tree *tree, struct buf *text, struct grammar_fault *fault);
/* Runs fn(arg) where a statement of `len` bytes cannot overflow the C stack. A short one runs here
 * if there is room; any other in a thread of its own, for the time of the call: how deep a
 * statement may nest must not depend on who asks. `most` bounds the stack of that thread; fn is
 * given the lowest address it may use. False: there is no such thread. */
bool provider_run(
	size_t len, size_t most, void (*fn)(void *arg, char *low), void *arg, struct err *err);

#endif
