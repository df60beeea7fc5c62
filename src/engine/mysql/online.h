/* online.h - which ALGORITHM and LOCK an ALTER TABLE gets, on that table. */
#ifndef BELAY_ENGINE_MYSQL_ONLINE_H
#define BELAY_ENGINE_MYSQL_ONLINE_H

#include "engine/mysql/after.h"

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

/* `table` NULL: not known. `after`: what my_after() said of it. */
struct online my_online_statement(struct arena *a, const struct my_dialect *d,
	const struct session *s, const struct catalog *c, const struct object *table,
	const struct statement *st, struct after *after);
/* MariaDB 11.2 and later let writers go on while rows are copied, on most tables. */
bool my_copies_online(const struct my_dialect *d, const struct object *table);
const char *my_algorithm_word(enum algorithm g);
const char *my_lock_word(enum lock_words l);

/* How the values of a column fare when its type changes. */
enum my_type_change {
	TYPE_SAME,
	TYPE_METADATA, /* nothing is stored differently */
	TYPE_WIDER,    /* every value fits, but all are stored anew */
	TYPE_NARROWER, /* a value may not fit, or changes */
};
struct type_question {
	const struct object *from, *to; /* columns, with the table's character set filled in */
	bool indexed, redundant;
	bool unsure;      /* answered: nobody said the character set, and it matters */
	bool only_order;  /* answered: the text stays, its order changes, and indexes can follow */
	bool other_order; /* answered: its order changes */
};
enum my_type_change my_type_change(const struct my_dialect *d, struct type_question *q);
/* The column as it will be: without a character set of its own it takes the table's. */
struct object my_with_charset(const struct object *t, const struct object *def);
struct slice my_type_base(struct slice type); /* varchar */
/* Does it lose part of a value without a word (a fraction, the time of day)? And can every other
 * value be kept? */
bool my_type_loses(struct slice from, struct slice to);
bool my_type_rounds_only(struct slice from, struct slice to);
bool my_type_number(struct slice type, unsigned long long *n); /* varchar(20): 20 */
/* Bytes that a column takes in an index, of which `key` says the length: "c(10)". Whole texts: 0
 * and *whole. */
unsigned long long my_key_part_bytes(
	const struct my_dialect *d, const struct object *column, struct slice key, bool *whole);
#define MY_KEY_BYTES 3072 /* InnoDB; of one column 767 in the older row formats */
bool my_is_geometry(struct slice type);
int my_lob_size(struct slice base); /* 1 tinytext … 4 longblob, 0 = not one of them */

#endif
