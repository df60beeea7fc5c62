/* batched.h - a statement that is to run in batches: `-- belay:batched [size=N] [key=COL,…]
 * [left=WORD]`.
 *
 * UPDATE t SET … [WHERE …], DELETE FROM t [WHERE …] and INSERT INTO t (…) SELECT … FROM s [WHERE …]
 * on one table can be cut into ranges of its rows, for each row is judged by itself. Whatever else
 * looks at more than the row is refused with the reason. A DO block that loops over UPDATE … LIMIT
 * until nothing is left is taken for the UPDATE that it means. Reading is by tokens: what is sent
 * is the author's text with a condition added. */
#ifndef BELAY_SQL_BATCHED_H
#define BELAY_SQL_BATCHED_H

#include "sql/statement.h"

/* Rows that still match when all is walked. */
enum batched_left { LEFT_SAY, LEFT_STOP, LEFT_AGAIN, LEFT_IGNORE };

struct batched {
	bool deletes, inserts;
	struct name table;     /* that is walked; of an INSERT the one that is read */
	struct name into;      /* of an INSERT */
	struct slice relation; /* as written, with ONLY and its alias */
	struct slice alias;    /* how its columns are addressed, as written */
	struct slice head;     /* up to WHERE */
	struct slice where;    /* without the word; empty = none */
	struct slice tail;     /* behind WHERE: ON CONFLICT … */
	struct names sets;     /* columns that an UPDATE gives values */
	struct names calls; /* functions that an INSERT's SELECT calls: none may be an aggregate */
	/* Of an INSERT, where they can be told: what goes where. */
	struct names columns, values;
	/* Rows it is done with do not match WHERE any more: what is left can be looked for. */
	bool falsifies;
	enum batched_left left;
	int size;         /* rows of a batch, 0 = as many as fit the time */
	struct names key; /* asked for; none = the engine chooses */
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

/* A DO block that is the loop of the guides, with or without the directive: the statement it means.
 */
bool batched_loop(struct batched *out, struct arena *a, enum dialect d, struct slice sql);

#endif
