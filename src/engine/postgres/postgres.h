/* postgres.h - what the files of this folder know of each other. Nobody else includes it.
 *
 * libpq.h    the client library's functions
 * connect.c  opening: URL, errors in one sentence, identity
 * conn.c     sending statements and waiting for them
 * fault.c    what the server said, as our error
 * load.c     a server's catalogs as a struct catalog; load_parts.c, load_rest.c its queries'
 * readers scratch.c  throw-away servers observe.c  locks, rewrites and scans of a statement rows.c
 * fingerprints of rows, positions of sequences The reader (read*.c) and the effects are declared in
 * their own headers. */
#ifndef BELAY_ENGINE_POSTGRES_POSTGRES_H
#define BELAY_ENGINE_POSTGRES_POSTGRES_H

#include "engine/engine.h"
#include "engine/postgres/libpq.h"

#include <stdint.h>

extern const struct engine engine_postgres;

struct pg_observation; /* observe.c */

struct pg_conn {
	struct conn base;
	struct libpq pq;
	PGconn *pg;
	PGcancel *cancel;
	/* A pooler stands between: what is SET may end up in somebody else's session. */
	bool pooled;
	bool lost;      /* given up: whatever libpq thinks of it */
	bool read_only; /* asked for; behind a pooler each statement is wrapped */
	struct arena notices_arena;
	struct slice *notices; /* since the last statement was sent: "WARNING: …" */
	size_t nnotices;
	struct scratch *scratch; /* owner's connection to a database of our own server, else NULL */
	bool privileged;         /* the last statement was done by the superuser's function */
	struct pg_observation *observation; /* takes DEBUG messages; NULL = nobody observes */
};

static inline struct pg_conn *pg_conn(struct conn *c)
{
	return (struct pg_conn *)c;
}
static inline struct slice pg_cell(const struct pg_conn *c, const PGresult *r, int row, int col)
{
	return slice_n(c->pq.PQgetvalue(r, row, col), (size_t)c->pq.PQgetlength(r, row, col));
}

/* ---- connect.c ---- */
bool pg_connect(struct conn **out, const struct conn_options *o, struct err *err);
/* The same server and role, another database. */
bool pg_connect_to(
	struct conn **out, const struct conn_options *o, struct slice database, struct err *err);

/* ---- budget.c ---- */
extern const struct engine_locks pg_locks;
extern const struct engine_batches pg_batches;
/* turns.c */
bool pg_turns(struct conn *c, struct arena *a, struct names changed, struct batch_key *k,
	struct err *err);

/* ---- keep.c ---- */
extern const struct engine_keep pg_keep;

/* ---- dump.c ---- */
extern const struct engine_dump pg_dump;

/* ---- watch.c ---- */
extern const struct engine_watch pg_watch;
bool pg_broken_indexes(struct conn *c, struct arena *a, struct broken_index **out, size_t *n,
	struct err *err); /* sizes.c */
bool pg_recorded(struct conn *c, struct arena *a, struct slice word, struct recorded_query **out,
	size_t *n, struct err *err); /* sizes.c */
bool pg_sizes(struct conn *c, struct arena *a, struct table_size **out, size_t *n,
	struct err *err); /* sizes.c */

/* ---- conn.c ---- */
extern const struct conn_ops pg_conn_ops;
void pg_notice(void *ctx, const PGresult *r);
/* One statement and its rows as libpq holds them: PQclear() them. Text parameters. */
bool pg_result(struct pg_conn *c, struct slice sql, const struct cell *params, size_t nparams,
	PGresult **out, struct err *err);

/* ---- fault.c ---- */
/* What the server said about `sql` as our error; returns false. */
bool pg_fault(struct pg_conn *c, const PGresult *r, struct slice sql, struct err *err);
/* The connection is gone, or was never there; `password` is hidden from the message. */
bool pg_lost(struct pg_conn *c, struct err *err);
bool pg_connect_fault(struct slice message, struct slice where, struct slice password, bool needs,
	struct err *err);
/* Severity and text of a notice. */
struct slice pg_notice_text(struct arena *a, const struct libpq *pq, const PGresult *r);

/* ---- load.c ---- */
bool pg_load(struct conn *c, struct catalog *into, const struct load_options *o, struct err *err);

/* ---- rows.c ---- */
bool pg_rows_fingerprint(struct conn *c, struct name table, struct names columns, long long *count,
	char hash[65], struct err *err);
bool pg_positions(struct conn *c, struct arena *a, struct names *out, struct err *err);

/* ---- scratch.c ---- */
bool pg_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err);
bool pg_scratch_open(
	struct scratch *s, const char *name, const char *from, struct conn **out, struct err *err);
bool pg_scratch_drop(struct scratch *s, const char *name, struct err *err);
struct scratch_info pg_scratch_info(const struct scratch *s);
void pg_scratch_stop(struct scratch *s);
/* ---- needs.c ---- */
/* Does what must be there before `sql` is run in that database of our own server; *send is what
 * should be sent in its place. */
bool pg_needs_meet(struct scratch *s, struct slice database, struct slice sql, struct arena *a,
	struct slice *send, struct err *err);
/* ---- privileged.c ---- */
/* Is `sql` a statement that the owner may not send and that a function of our own server does in
 * its place? Then *send calls that; *superuser: everywhere else it wants one. */
bool pg_privileged(struct arena *a, struct slice sql, struct slice *send, bool *superuser);

/* ---- observe.c ---- */
bool pg_observe_begin(struct conn *c, struct err *err);
bool pg_observe_end(struct conn *c, struct arena *a, struct observed *out, struct err *err);
void pg_observe_message(struct pg_observation *o, struct slice text);
void pg_observation_free(struct pg_observation *o);

/* ---- probe.c ---- */
bool pg_witness(struct conn *c, const struct statement *st, struct arena *a, struct slice *before,
	struct err *err);
bool pg_halfway(struct conn *c, const struct statement *st, struct slice sql, const struct err *why,
	bool *may, struct err *err);
bool pg_probe(struct conn *c, const struct statement *st, struct slice before, struct arena *a,
	struct probe *out, struct err *err);
bool pg_sound(struct conn *c, const struct statement *st, struct slice before, struct err *err);

#endif
