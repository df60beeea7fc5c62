/* archive_internal.h - what the files that make archives tell each other. */
#ifndef BELAY_RUN_ARCHIVE_INTERNAL_H
#define BELAY_RUN_ARCHIVE_INTERNAL_H

#include "engine/engine.h"
#include "run/archive.h"

/* One more of this migration; not prepared yet. It moves when another is added. */
struct archive *archive_add(struct archiver *k, const struct step *s, enum archive_kind kind,
	const struct kept_table *t, struct slice object, struct slice part);
/* The table as belay prints it. */
struct slice archive_table_words(struct archiver *k, struct name n);
/* Values and columns are found again by the table's key, else by the rest of the row, else not at
 * all. */
bool archive_find_by(struct archiver *k, struct archive *r, struct err *err);
bool archive_no_key(const struct archive *r, struct err *err);

/* The rows into their store, with what is written down of them. */
bool archive_copy(struct archiver *k, struct archive *r, struct err *err);
/* Are the rows that were kept those that are there, all of them and no others? */
bool archive_is_current(struct archiver *k, struct archive *r, bool *current, struct err *err);

/* ---- linked.c ---- */
/* What foreign keys will delete or change in other tables when the archives [begin, k->n) of this
 * step go or change: archives for that, too. */
bool archive_linked(struct archiver *k, const struct step *s, size_t begin, struct err *err);

/* ---- archive_words.c ---- */
/* INSERT INTO … SELECT: the second half; what is kept of it. */
void archive_select(struct buf *b, enum dialect d, const struct archive *r);
/* The store, to read from: its columns under the names of now. */
void archive_store(struct buf *b, enum dialect d, const struct archive *r, struct slice alias);
/* The statement that puts it back. `others`: archives of the same step behind it. */
struct slice archive_restore_words(struct arena *a, enum dialect d, const struct archive *r,
	const struct archive *others, size_t n);

/* What the store and the table are called where they are compared. MySQL and MariaDB: of one
 * archive alone, because LOCK TABLES knows them all. */
struct archive_aliases {
	struct slice store, table;
};

struct archive_aliases archive_aliases(struct arena *a, enum dialect d, const struct archive *r);

#endif
