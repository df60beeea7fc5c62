/* mask.h - placeholders of templates, replaced by text of the same length so that spans stay right.
 *
 * Knows {{ … }}, ${…}, $%…%$, {$…}, %s, %(x)s, :name, ? and FP__x__. For reading (mask_text), each
 * placeholder becomes an identifier of equal length, the same one for the same name; what stands
 * inside a string, a quoted name or a comment stays as it is, unless it holds a quote that would
 * end it. Go's control words ({{ if … }}, {{ end }}, {{ else }}) and its comments become blanks.
 * For execution (mask_expand), each is replaced by its value from belay.yml's placeholders.
 *
 * {{ … }}, ${…}, $%…%$, {$…} and FP__x__ are text, found anywhere, as their frameworks find them.
 * %s, :name and ? are parameters: in strings and comments they are nothing. */
#ifndef BELAY_SQL_MASK_H
#define BELAY_SQL_MASK_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/dialect.h"

enum mask_style {
	MASK_GO = 1 << 0,        /* {{ … }} */
	MASK_DOLLAR = 1 << 1,    /* ${…} */
	MASK_SYNAPSE = 1 << 2,   /* $%…%$ */
	MASK_BRACE = 1 << 3,     /* {$…} */
	MASK_PERCENT = 1 << 4,   /* %s %(x)s */
	MASK_COLON = 1 << 5,     /* :name, not :: and not := */
	MASK_QUESTION = 1 << 6,  /* ? as a parameter, not an operator */
	MASK_FLYWAY_FP = 1 << 7, /* FP__x__ */
};

struct placeholder {
	size_t off, len;
	struct slice name; /* trimmed inner text */
};

/* Text of equal length with the placeholders of `styles` masked; `text` itself if there are none.
 * They are listed in *found (arena, in the order of the text) when not NULL. Also blanks a UTF-8
 * BOM at the start. */
struct slice mask_text(struct arena *a, enum dialect d, struct slice text, unsigned styles,
	struct placeholder **found, size_t *nfound);
/* The text to execute: each placeholder replaced by its value, those in comments too. One without a
 * value is an error that names it. `value` returns false for "not given". */
bool mask_expand(struct arena *a, struct slice text, unsigned styles,
	bool (*value)(void *ctx, struct slice name, struct slice *out), void *ctx,
	struct slice *out, struct err *err);

#endif
