/* sink.h - the parser's output as a tree, without the text in between.
 *
 * The module prints its tree piece by piece: `"relname":`, a string, `,`. Each piece comes from a
 * fixed format that lies in the module's static data. Here every format is taken apart once, and
 * from then on a piece costs a few nodes of the tree (tree.h) instead of bytes that are written,
 * copied and scanned again. What is not understood makes the sink give up: the caller then lets the
 * statement be printed as text, so nothing depends on knowing all formats.
 *
 * Everything that comes from the module is not believed: addresses are looked up in its region,
 * brackets must match. */
#ifndef BELAY_ENGINE_POSTGRES_GRAMMAR_SINK_H
#define BELAY_ENGINE_POSTGRES_GRAMMAR_SINK_H

#include "base/buf.h"
#include "engine/postgres/tree.h"

enum sink_state { SINK_OFF, SINK_WAITING, SINK_OPEN, SINK_FAILED };

struct sink_piece;

struct sink {
	enum sink_state state;
	const char *memory; /* the module's; any 32-bit address may be read */
	uint32_t text;      /* the module's buffer that the tree is printed into */
	struct tree *tree;
	struct buf *values; /* what the nodes' values point into */
	size_t depth;
	const char *key; /* for the next node */
	uint16_t keylen;
	bool has_key, in_object;
	bool is_full; /* it failed because the tree is too large */
	/* Pieces by the address of their format; kept from one statement to the next. */
	struct sink_piece *pieces;
	size_t npieces;
	struct arena arena;
};

void sink_done(struct sink *s);
/* What is printed from now on, up to the end of this statement. */
void sink_begin(struct sink *s, const char *memory, struct tree *tree, struct buf *values);
/* True when the tree is whole: its values are in place then. */
bool sink_end(struct sink *s);

/* While it waits: does the tree begin with this character, printed into that buffer? */
bool sink_opens(struct sink *s, uint32_t text, char first);
/* What the module prints into that buffer. */
void sink_format(struct sink *s, uint32_t format, uint32_t args);
void sink_char(struct sink *s, char c);
void sink_string(struct sink *s, uint32_t string);

#endif
