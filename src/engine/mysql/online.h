/* online.h - which ALGORITHM and LOCK an ALTER TABLE gets, on that table. */
#ifndef BELAY_ENGINE_MYSQL_ONLINE_H
#define BELAY_ENGINE_MYSQL_ONLINE_H

#include "engine/mysql/mysql.h"

enum algorithm { ALGO_INSTANT, ALGO_NOCOPY, ALGO_INPLACE, ALGO_COPY };
enum lock_words { LOCK_WORDS_NONE, LOCK_WORDS_SHARED, LOCK_WORDS_EXCLUSIVE };

/* What one action, or all actions of a statement together, cost. */
struct online {
	enum algorithm algorithm;
	enum lock_words lock;
	bool rebuild;     /* the rows are written to a new file */
	bool scan;        /* the rows are read, not rewritten */
	bool adds_column; /* INSTANT by changing the table's format: not beside a new index */
	bool adds_index;
	bool applies;      /* ALGORITHM and LOCK can be said of it at all */
	const char *needs; /* a fact that is missing: what stands here is the likely case */
	struct slice needs_of;
};

/* `table` NULL: not known. */
struct online my_online_change(struct arena *a, const struct my_dialect *d, const struct session *s,
	const struct catalog *c, const struct object *table, const struct change *ch);
struct online my_online_statement(struct arena *a, const struct my_dialect *d,
	const struct session *s, const struct catalog *c, const struct object *table,
	const struct statement *st);
const char *my_algorithm_word(enum algorithm g);
const char *my_lock_word(enum lock_words l);

/* How the values of a column fare when its type changes. */
enum my_type_change {
	TYPE_SAME,
	TYPE_METADATA, /* nothing is stored differently */
	TYPE_WIDER,    /* every value fits, but all are stored anew */
	TYPE_NARROWER, /* a value may not fit, or changes */
};
enum my_type_change my_type_change(const struct my_dialect *d, const struct object *from,
	const struct object *to, bool indexed);

#endif
