/* guarded.h - an INSERT … SELECT whose guard looks for the rows that it adds. */
#ifndef BELAY_ENGINE_GUARDED_H
#define BELAY_ENGINE_GUARDED_H

#include "sql/token.h"

/*
 * The statement's n tokens, and where its guard (NOT EXISTS (SELECT …) begins.
 * True when each text or number that the guard compares with is among those
 * before it: what the statement adds once, it finds the second time.
 */
bool guards_what_it_adds(const struct token *at, size_t n, size_t guard);

#endif
