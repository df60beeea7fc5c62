/* library.h - a SQLite to hold predictions up against: the one that is linked, or any other version
 * from a file. */
#ifndef BELAY_ORACLE_SQLITE_LIBRARY_H
#define BELAY_ORACLE_SQLITE_LIBRARY_H

#include "base/arena.h"

#include <sqlite3.h>

struct library {
	void *handle; /* NULL: the linked one */
	int version;  /* 34001 */
	int (*open)(const char *, sqlite3 **);
	int (*close)(sqlite3 *);
	int (*exec)(
		sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);
	int (*prepare)(sqlite3 *, const char *, int, sqlite3_stmt **, const char **);
	int (*step)(sqlite3_stmt *);
	int (*finalize)(sqlite3_stmt *);
	int (*column_count)(sqlite3_stmt *);
	const unsigned char *(*column_text)(sqlite3_stmt *, int);
	sqlite3_int64 (*column_int64)(sqlite3_stmt *, int);
	const char *(*errmsg)(sqlite3 *);
};

/* NULL: the linked one. False: the file is none, or lacks what is needed. */
bool library_open(struct library *l, const char *path);
void library_close(struct library *l);
/* Runs statements; their rows are thrown away. */
bool library_run(const struct library *l, sqlite3 *db, const char *sql);
/* The rows of a query, columns parted by \x1f, each as one slice in the arena. */
bool library_rows(const struct library *l, sqlite3 *db, struct arena *a, const char *sql,
	struct slice **rows, size_t *n);

#endif
