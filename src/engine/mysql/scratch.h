/* scratch.h - the parts of scratch servers.
 *
 * cluster.c  the program and its files: a data directory made once, then copies of it
 * cluster_server.c  it is started, and makes its system tables
 * scratch.c  the server, its databases and accounts
 * copy.c     one database copied into another */
#ifndef BELAY_ENGINE_MYSQL_SCRATCH_H
#define BELAY_ENGINE_MYSQL_SCRATCH_H

#include "engine/mysql/conn.h"

#include "base/process.h"

#define SCRATCH_ADMIN "belay_admin" /* never runs a migration */
#define SCRATCH_OWNER "belay"       /* has rights on the scratch databases and nothing else */

struct cluster {
	enum dialect dialect; /* MySQL or MariaDB */
	const char *program;  /* mysqld, mariadbd */
	struct slice version_text;
	int version;
	const char *dir, *data, *socket, *log, *empty, *tmp;
	struct slice password;    /* of both accounts */
	struct process_user user; /* whom the server runs as when we are root */
	struct process *server;
};

/* Finds the program: in bin_dir alone when given, else BELAY_MARIADB_BIN (BELAY_MYSQL_BIN), else
 * PATH and /usr/sbin. */
bool my_cluster_find(struct arena *a, enum dialect dialect, const char *bin_dir, int version,
	struct cluster *out, struct err *err);
/* Makes dir with data, socket and password, from the cached template or anew. On failure nothing is
 * left behind. */
bool my_cluster_make(struct arena *a, struct cluster *c, const struct waiter *w, struct err *err);
/* The system tables and both accounts, in the empty c->data. */
bool my_cluster_make_files(
	struct arena *a, struct cluster *c, const struct waiter *w, struct err *err);
/* Starts the server; ready when a connection as the admin succeeds. */
bool my_cluster_start(struct arena *a, struct cluster *c, bool keep, const struct waiter *w,
	struct conn **admin, struct err *err);
bool my_cluster_connect(struct arena *a, const struct cluster *c, const char *user,
	struct slice database, const struct waiter *w, struct conn **out, struct err *err);

#endif
