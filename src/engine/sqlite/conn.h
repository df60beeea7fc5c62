/* conn.h - an open SQLite database, for the files of this folder. */
#ifndef BELAY_ENGINE_SQLITE_CONN_H
#define BELAY_ENGINE_SQLITE_CONN_H

#include "engine/sqlite/sqlite.h"

#include <sqlite3.h>
#include <sys/types.h>

struct sqlite_conn {
	struct conn base; /* first: struct conn * and struct sqlite_conn * are the same address */
	sqlite3 *db;
	const char *path;
	ino_t inode; /* of the file that was opened: alive() notices when it was replaced */
	dev_t device;
	bool in_memory;
	long long busy_ms;          /* how long to wait for another process's lock */
	long long busy_since;       /* when the present wait began, 0 = not waiting */
	long long started, ticked;  /* of the call that runs */
	bool stopped;               /* tick() said no, or cancel() was called */
	size_t text_offset;         /* of the statement being prepared, within the text given */
	struct sqlite_watch *watch; /* between observe_begin and observe_end */
};

static inline struct sqlite_conn *sqlite_conn_of(struct conn *c)
{
	return (struct sqlite_conn *)(void *)c;
}

/* SQLite's result code as our error, with its words; returns false. */
bool sqlite_error(struct conn *c, int rc, struct err *err);

/* ---- observe.c ---- */
/* Looks at a statement's program before it runs. */
void watch_statement(struct sqlite_conn *c, struct slice sql);
void watch_free(struct sqlite_watch *w);

#endif
