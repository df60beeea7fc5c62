/* read.h - the PostgreSQL reader: statement text in, changes out.
 *
 *	reader_open → read, read, … → reader_close; one reader per thread.
 *
 * The server's own grammar parses; what it hands out is read in one pass. A statement becomes
 * changes, or is opaque with the reason, or is a syntax error with the parser's words. */
#ifndef BELAY_ENGINE_POSTGRES_READ_H
#define BELAY_ENGINE_POSTGRES_READ_H

#include "engine/engine.h"

bool postgres_reader_open(struct reader **out, const struct reader_options *o, struct err *err);
void postgres_reader_close(struct reader *r);
bool postgres_read(struct reader *r, struct arena *a, struct statement *st, struct err *err);
int postgres_looks_like(struct slice text);
bool postgres_needs_no_tx(const struct statement *st, int version);

#endif
