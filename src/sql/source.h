/* source.h - one text that came from outside, and places in it.
 *
 * Every finding, fix and error points into a source with a span; line and column are worked out
 * only when somebody asks. */
#ifndef BELAY_SQL_SOURCE_H
#define BELAY_SQL_SOURCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

struct source {
	const char *path;    /* as shown to people, relative to the project; "-" for stdin */
	struct slice text;   /* the bytes, unchanged */
	struct slice masked; /* the same length; placeholders and a BOM replaced so that it parses.
			      * Equal to `text` when there is nothing to mask */
	size_t *lines;       /* offsets of line starts, made on first use */
	size_t nlines;
	struct arena *arena; /* where `lines` goes */
};

struct span {
	const struct source *src; /* NULL = nowhere */
	size_t off, len;
};

struct place {
	size_t line, column;         /* from 1; columns count characters (UTF-8), not bytes */
	size_t end_line, end_column; /* inclusive; of the last character */
};

/* Lends `text`; `masked` is the same until somebody sets it. */
void source_init(struct source *s, struct arena *a, const char *path, struct slice text);
/* Place of a span. An empty span is a point: end = begin. Logarithmic after the first call; not
 * safe to call from two threads on one source at once. */
struct place span_place(struct span at);
struct slice span_text(struct span at);
/* The whole line that contains offset `off`, without its line end and a BOM. */
struct slice source_line_at(struct source *s, size_t off);
/* Attaches file, line, columns and the source line to an error that has none yet. Returns false. */
bool err_span(struct err *e, struct span at);

#endif
