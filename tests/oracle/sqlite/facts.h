/* facts.h - what is said of one statement, by the prediction and by what was watched, as words that
 * can be compared and read. */
#ifndef BELAY_ORACLE_SQLITE_FACTS_H
#define BELAY_ORACLE_SQLITE_FACTS_H

#include "picture.h"

#include "sql/effect.h"

enum fact {
	FACT_OUTCOME, /* ok, refused (foreseen: may-fail too) */
	FACT_LOCK,    /* none, SHARED, RESERVED, EXCLUSIVE; empty: not watched */
	FACT_TREES,   /* tables and indexes written anew; a "?" : not watched */
	FACT_ROWS,    /* tables whose rows changed */
	FACT_GONE,    /* tables, views, table.column, indexes, triggers */
	FACT_READERS, /* relations that old code can no longer read … */
	FACT_WRITERS, /* … or write */
	FACT_AGAIN,
	FACT_UNDO,
	FACT_TX, /* forbidden or empty */
	FACTS_,
};

struct facts {
	struct slice v[FACTS_];
	bool certain;   /* foreseen: every fact is */
	bool elsewhere; /* foreseen: it works on an attached database, which is not watched */
	struct slice why;
};

extern const char *const fact_words[FACTS_];

/* As the effects say it. `setup` builds the catalog. */
void facts_foreseen(
	struct arena *a, int version, struct slice setup, struct slice sql, struct facts *out);
/* As a database does it. */
void facts_watched(struct arena *a, const struct library *l, const char *path, struct slice setup,
	struct slice sql, struct facts *out);
struct slice facts_line(struct arena *a, const struct facts *f);
struct slice joined(struct arena *a, struct names n);

#endif
