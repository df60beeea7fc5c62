/* scratch.h - the parts of scratch servers.
 *
 * server_find.c  the programs           cluster.c   the files: initdb once, then copies of it
 * scratch.c      the server, its databases and roles
 * needs.c        extensions and roles that a history expects to be there
 * privileged.c   what a superuser does in a history and may be done here too */
#ifndef BELAY_ENGINE_POSTGRES_SCRATCH_H
#define BELAY_ENGINE_POSTGRES_SCRATCH_H

#include "base/process.h"
#include "engine/postgres/postgres.h"

#define SCRATCH_ADMIN "belay_admin" /* superuser; only ever in the database postgres */
#define SCRATCH_OWNER "belay"       /* owns the databases, runs the migrations, may do no harm */

struct pg_programs {
	const char *bin, *postgres, *initdb;
	int version;
	struct slice text; /* "15.20" */
};

/* bin_dir alone when given; else BELAY_PG_BIN (a list), the usual places, PATH, node_modules. */
bool pg_programs_find(struct arena *a, const char *bin_dir, int version, struct pg_programs *out,
	struct err *err);

struct pg_cluster {
	const char *dir, *data, *sockets, *log, *password;
	struct process_user user; /* whom the server runs as when we are root */
};
/* Makes dir/data from the cached template (or anew), dir/s for the socket, and the password. On
 * failure nothing is left behind. */
bool pg_cluster_make(struct arena *a, const struct pg_programs *p, const struct waiter *w,
	struct pg_cluster *out, struct err *err);

/* ---- scratch.c, for needs.c ---- */
struct conn *pg_scratch_admin_conn(struct scratch *s); /* in the database postgres */
bool pg_scratch_admin(struct scratch *s, struct slice database, struct conn **out, struct err *err);
bool pg_scratch_role_known(const struct scratch *s, struct slice role, struct slice database);
void pg_scratch_role_made(struct scratch *s, struct slice role, struct slice database);

#endif
