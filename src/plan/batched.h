/* batched.h - a statement that is to run in batches: `-- belay:batched [size=N] [key=COL,…]`.
 *
 * UPDATE t SET … [WHERE …] and DELETE FROM t [WHERE …] on one table can be cut into ranges of its
 * rows, for each row is judged by itself. Whatever else looks at more than the row is refused with
 * the reason. Reading is by tokens: what is sent is the author's text with a condition added. */
#ifndef BELAY_PLAN_BATCHED_H
#define BELAY_PLAN_BATCHED_H

#include "sql/statement.h"

struct batched {
	bool deletes;
	struct name table;
	struct slice relation; /* as written, with ONLY and its alias */
	struct slice alias;    /* how its columns are addressed, as written */
	struct slice head;     /* up to WHERE */
	struct slice where;    /* without the word; empty = none */
	struct names sets;     /* columns that an UPDATE gives values */
	int size;              /* rows of a batch, 0 = as many as fit the time */
	struct names key;      /* asked for; none = the engine chooses */
};

/* Does the directive stand before it? */
bool batched_is_asked(const struct statement *st);
/* Reads `sql`, the text of `st` that will be sent. */
bool batched_read(struct batched *out, struct arena *a, enum dialect d, const struct statement *st,
	struct slice sql, struct err *err);
/* The same of any UPDATE or DELETE, whether it is to run in batches or not: false when its rows
 * cannot be told from the words of the statement alone. */
bool batched_rows(struct batched *out, struct arena *a, enum dialect d, const struct statement *st,
	struct slice sql);

#endif
