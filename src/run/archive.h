/* archive.h - what would be lost, kept beside it before it goes, and how it is put back.
 *
 * Scoped: the rows are copied into a table of ours (schema `belay_archive` on PostgreSQL, tables
 * `belay_archive_RUN_N` elsewhere) by the statement's own transaction where the engine has one.
 * One row of the journal's table `archive` tells what they are and holds the statements that put
 * them back; state `begun` until the copy is complete, `growing` while batches add to it. Before
 *the transaction commits, the restore is carried out inside of it, compared, and rolled back.
 *Whole: a file, see whole.h.
 *
 *	archive(name, ordinal, run, migration, direction, statement, hash, kind, object,
 *	        table_schema, table_name, part, store_schema, store_name, kept, bytes,
 *	        fingerprint, columns, can_repeat, define_sql, restore_sql, after_sql, state,
 *	        made, restored)
 *
 * kind: table (it went), column, rows (deleted), values (updated), whole. Archives of one migration
 * in one run have one name, MIGRATION@RUN. */
#ifndef BELAY_RUN_ARCHIVE_H
#define BELAY_RUN_ARCHIVE_H

#include "run/door.h"
#include "run/journal.h"

enum backup_mode { BACKUP_NONE, BACKUP_SCOPED, BACKUP_WHOLE };
enum archive_kind { ARCHIVE_TABLE, ARCHIVE_COLUMN, ARCHIVE_ROWS, ARCHIVE_VALUES, ARCHIVE_WHOLE };
const char *archive_kind_word(enum archive_kind k);

struct archive {
	struct slice name;
	long long ordinal, run;
	struct slice migration, hash;
	enum direction direction;
	long long statement;
	enum archive_kind kind;
	struct slice object; /* as belay prints it */
	struct name table;
	struct slice part;
	struct name store; /* whole: name.name is the file */
	long long kept, bytes;
	struct slice fingerprint; /* of the table (kind table), else of what was kept */
	struct names columns;
	bool can_repeat; /* putting it back twice changes nothing */
	struct names define, after;
	struct slice restore;
	bool done;    /* else begun and not finished */
	bool growing; /* batch by batch: it holds what they have changed so far */
	long long age_s;
	struct slice made, restored; /* moments; restored empty = never */
	struct names stored_as; /* follow.c: the columns' names when it was made; empty = the same
				 */
	/* While it is made. */
	struct kept_table source;
	struct slice where;    /* of the rows that are kept; empty = all */
	struct slice relation; /* as the statement wrote it; empty = the table */
	const struct step *step;
	bool companion; /* a foreign key takes it along: it is there when another's rows are */
	bool by_row;    /* no key: all rows are kept, and found again by what was not changed */
	bool only_null; /* put back only where there is NULL now */
	struct names changed; /* values: the columns */
	bool later;           /* it can be put back only when the migration is through */
	char stored[65];      /* of what was kept, where that is compared later */
	char before[65];      /* fingerprint of the whole table, where that is compared */
};

/* ---- Making them, while a migration runs (archive.c) ---- */
struct archiver {
	struct conn *conn;
	struct journal *journal;
	struct slice where; /* of the journal */
	struct doors *doors;
	struct arena *arena;
	long long most_bytes; /* 0 = no limit */
	bool shut;            /* tables are locked */
	long long room;       /* free on the database's disk, -1 = not known */
	bool room_known;      /* it was asked for */
	struct archive *at;   /* of this migration */
	size_t n;
	long long ordinal;
	void (*tell)(void *ctx, const struct step *s, struct slice text);
	void *ctx;
};
/* A migration begins, or begins anew after a rollback. */
void archiver_fresh(struct archiver *k);
/* What the step `i` of the plan will destroy or change gets a table of its own. Where DDL commits
 * by itself: before the transaction begins. */
bool archive_prepare(struct archiver *k, size_t i, struct err *err);
/* … and its rows. */
bool archive_fill(struct archiver *k, const struct step *s, struct err *err);
/* After the statement, in its transaction: the restore is carried out, compared and rolled back.
 * NULL: the last statement was run; what could not be proven before. */
bool archive_prove(struct archiver *k, const struct step *s, struct err *err);
/* Where DDL commits by itself: the tables are locked, what is kept is compared with them once more
 * (and copied again where somebody has written since), and they stay locked until archive_open(),
 * so that nothing is written between that and the statement. ERR_BLOCKED codes of the server when a
 * lock is not to be had. */
bool archive_shut(struct archiver *k, const struct step *s, struct err *err);
void archive_open(struct archiver *k);
/* Was it made by an earlier run that did not get to the end of the statement's batches? *out is the
 * last one. */
bool archive_is_made(
	struct archiver *k, const struct step *s, bool *made, struct archive *out, struct err *err);
/* Of a statement in batches (grow.c): can it be kept batch by batch? Then, instead of
 * archive_fill(): */
bool archive_may_grow(const struct archiver *k, const struct step *s);
bool archive_grow(struct archiver *k, struct archive *r, struct err *err);

/* ---- Putting them back (archive_restore.c) ---- */
struct put_back {
	long long rows;       /* put back */
	long long in_the_way; /* kept, but others stand where they were, or their row is gone */
	bool defined;         /* the table or column was made again */
	bool differs;         /* the table was, and its rows are not those that were kept */
	struct names notes;   /* what could not be made again */
};
/* Of one name, whose table or columns their migration has renamed behind the statement: they are
 * put back under the names of now. Those that were not are left as they are. */
bool archives_follow(struct archive *v, size_t n, const struct project *p, struct conn *c,
	struct arena *a, struct err *err);
/* Of one name, in the order in which they were made; `out` has room for n. No transaction is begun
 * here. `strict`: what cannot be made again is a failure. */
bool archives_put_back(struct conn *c, struct arena *a, const struct archive *v, size_t n,
	bool strict, struct put_back *out, struct err *err);
/* How many rows of the archive are in the table just as they were kept. */
bool archive_matches(
	struct conn *c, struct arena *a, const struct archive *r, long long *same, struct err *err);

/* ---- The journal's table (archive_list.c) ---- */
/* Oldest first. None when there is no journal. */
bool archives_read(struct conn *c, struct slice where, struct arena *a, struct archive **out,
	size_t *n, struct err *err);
bool archive_write(struct conn *c, struct slice where, const struct archive *r, struct err *err);
bool archive_finish(struct conn *c, struct slice where, const struct archive *r, struct err *err);
bool archive_set_growing(
	struct conn *c, struct slice where, const struct archive *r, struct err *err);
bool archive_set_restored(
	struct conn *c, struct slice where, const struct archive *r, struct err *err);
/* Takes away the kept rows (or the file) and the journal's row. */
bool archive_remove(struct conn *c, struct slice where, const struct archive *r, struct err *err);

#endif
