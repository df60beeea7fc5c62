/* statement.h - one statement of a migration, read or opaque.
 *
 * A statement is understood (changes), or opaque with the reason and what it may touch, or it does
 * not parse. Nothing is ever silently skipped. */
#ifndef BELAY_SQL_STATEMENT_H
#define BELAY_SQL_STATEMENT_H

#include "sql/change.h"
#include "sql/split.h"

enum statement_state {
	STATEMENT_READ,   /* changes say all of it */
	STATEMENT_OPAQUE, /* not understood: opaque_reason; may_touch */
	STATEMENT_SYNTAX, /* does not parse: fault_message, fault_at */
	STATEMENT_CLIENT, /* psql / mysql client command: never sent */
};

/* Directives `-- belay:…` and other tools' own ignore comments that stand before the statement. */
struct directive {
	struct span span;
	struct slice name;   /* allow, allow-file, batched, phase, no-transaction, budget, window,
			      * verify;   for other tools: "squawk-ignore", "nolint", … */
	struct slice rule;   /* allow: the rule */
	struct slice args;   /* everything after */
	struct slice until;  /* YYYY-MM-DD or empty */
	struct slice reason; /* because "…" */
	bool used;
};

struct statement {
	struct slice text; /* as it will be read: masked; without terminator and leading comments */
	struct slice raw;  /* as the author wrote it (same length, but for rows that bulk.h leaves
			    * out  at the end of the text) */
	struct span span;  /* the same text in its source */
	unsigned index;    /* from 0 within its file */
	struct piece piece;
	const struct kept_tokens *tokens; /* while it is read: those of its piece, or NULL */
	struct slice copy_data; /* rows of COPY … FROM stdin */
	enum statement_state state;
	const char *kind; /* "ALTER TABLE", "CREATE INDEX": the command's words, upper case */
	struct change *changes;
	size_t nchanges;
	struct slice opaque_reason;
	struct names may_touch; /* opaque: schema.name it may touch; "*" = anything */
	bool partly_opaque; /* READ, but part of it (dynamic SQL in a body) was not: reason set */
	struct slice fault_message; /* SYNTAX: the parser's own words */
	size_t fault_at;            /* offset into text, SIZE_MAX if unknown */
	struct names forgotten;     /* columns whose inline REFERENCES MySQL reads and forgets */
	struct directive *directives;
	size_t ndirectives;
	struct slice leading; /* blanks and comments before it */
};

#endif
