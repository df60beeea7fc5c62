/* whole.h - the whole database in a file, before a one-way door.
 *
 * Written beside its place (0600), loaded into a scratch server and compared table by table; only
 * then synced and given its name. What fails leaves no file. */
#ifndef BELAY_RUN_WHOLE_H
#define BELAY_RUN_WHOLE_H

#include "engine/conn.h"

struct whole_request {
	struct conn *conn;    /* one of its own: a transaction is opened in it */
	const char *dir;      /* made if missing */
	const char *name;     /* of the file, without its ending */
	long long most_bytes; /* 0 = no limit */
	void (*tell)(void *ctx, struct slice text);
	void *ctx;
};
struct whole {
	const char *path;
	long long bytes, rows;
	size_t tables;
	char fingerprint[65]; /* of all tables' rows */
};
bool whole_make(struct whole *out, struct arena *a, const struct whole_request *q, struct err *err);
/* Into an empty database, and compared with what was written down. */
bool whole_load(struct conn *into, const char *path, struct slice fingerprint, struct arena *a,
	struct err *err);

#endif
