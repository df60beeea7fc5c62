/* online_parts.h - the inside of online*.c: what is asked, and the answers that all share. */
#ifndef BELAY_ENGINE_MYSQL_ONLINE_PARTS_H
#define BELAY_ENGINE_MYSQL_ONLINE_PARTS_H

#include "engine/mysql/online.h"

struct shape {
	bool known, innodb, partitioned, redundant, compressed, has_stored, has_virtual, temporary;
	/* before */
	bool had_fulltext, had_virtual_index;
	/* afterwards */
	bool fulltext, spatial, virtual_index;
	size_t nfulltext; /* FULLTEXT indexes, new ones too */
};

struct asked {
	struct arena *a;
	const struct my_dialect *d;
	const struct session *s;
	const struct catalog *c;
	const struct object *t;
	const struct statement *st;
	struct after *after;
	struct shape is;
};

/* ---- online.c ---- */
const struct object *on_column(const struct object *t, struct slice name);
bool on_generated(const struct object *o, const char *how);
bool on_fulltext(const struct after_part *p);
bool on_in_primary(const struct object *t, struct slice column);
/* The key in whose order the rows are kept: the primary one, or the first unique one that has no
 * NULLs; NULL: a hidden one. */
const struct object *on_clustered(const struct object *t);
bool on_is_cut(const struct object *index, size_t k); /* only the head of its kth column */
bool on_indexed(const struct object *t, struct slice column);
/* This change drops or adds a key that the statement adds or drops again. */
bool on_is_twin(const struct asked *q, const struct change *ch);
/* IF NOT EXISTS, and it exists. */
bool on_makes_nothing(const struct asked *q, const struct change *ch);

struct online on_row(enum algorithm g, enum lock_words l);
/* The rows are written anew in place. */
struct online on_rebuild(const struct asked *q);
struct online on_copy(void);
struct online on_instant(void);
/* A change of metadata: MySQL calls some of them INPLACE. */
struct online on_metadata(const struct asked *q);
struct online on_needs(struct online o, const char *what, struct slice of);
struct online on_worse(struct online a, struct online b);

/* ---- online_column.c ---- */
struct online on_add_column(const struct asked *q, const struct change *ch);
struct online on_drop_column(const struct asked *q, const struct change *ch);
struct online on_modify_column(const struct asked *q, const struct change *ch);
struct online on_modify_type(
	const struct asked *q, const struct object *from, const struct object *to);
struct online on_rename_column(const struct asked *q, struct slice column);
/* Without its primary key the table is kept in the order of a unique key that has no NULLs; if
 * there is none, MariaDB copies. */
bool on_keeps_order(const struct asked *q);

/* ---- online_virtual.c ---- */
bool on_copies_for_virtual(const struct asked *q); /* MySQL */

/* ---- online_mariadb.c ---- */
/* What the changes together cost beyond what each of them does. */
struct online on_whole_table(const struct asked *q, struct online all);

/* ---- online_key.c ---- */
/* MariaDB keeps a unique key over whole texts, one that is too long or one WITHOUT OVERLAPS by a
 * hidden column of hashes. */
bool on_is_hash(const struct asked *q, const struct after_part *p, bool then);
/* The key that will keep the rows' order, as on_clustered() says of now. */
const struct after_part *on_clustered_then(const struct asked *q);
/* The unique key that keeps the rows goes, and a primary one over the same columns comes: MariaDB
 * only gives it that name. */
void on_mark_promoted(const struct asked *q);
struct online on_drop_key(const struct asked *q, struct slice index); /* of InnoDB */
struct online on_create_index(const struct asked *q, const struct change *ch);
struct online on_add_constraint(const struct asked *q, const struct change *ch);
struct online on_drop_constraint(const struct asked *q, const struct change *ch);

#endif
