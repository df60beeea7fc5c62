/* conn.h - one open database, whatever the server.
 *
 * Opened by an engine. Every call that can block takes its turn through the connection's waiter:
 * while the server works, `tick` is called every `interval_ms` so that progress, heartbeat and
 * Ctrl-C go on; when it returns false the statement is cancelled in the server and the call fails
 * with ERR_INTERRUPTED. Names of libraries never leave the engine's folder. */
#ifndef BELAY_ENGINE_CONN_H
#define BELAY_ENGINE_CONN_H

#include "base/arena.h"
#include "base/err.h"
#include "sql/dialect.h"

struct conn;

struct waiter {
	bool (*tick)(void *ctx, long long elapsed_ms);
	void *ctx;
	int interval_ms;
};

struct cell {
	struct slice text;
	bool null;
};
/* Rows of the last result-bearing statement; lives in the arena given to conn_query. */
struct rows {
	size_t ncols, nrows;
	struct slice *names;
	struct cell *cells; /* nrows * ncols */
	long long affected; /* rows changed, -1 if the server does not say */
	size_t statements;  /* exec: so many of the message were carried out, failure or not */
	struct slice tag;   /* PostgreSQL's command tag */
	struct slice *warnings;
	size_t nwarnings;
};
static inline struct slice rows_get(const struct rows *r, size_t row, size_t col)
{
	return r->cells[row * r->ncols + col].text;
}
static inline bool rows_null(const struct rows *r, size_t row, size_t col)
{
	return r->cells[row * r->ncols + col].null;
}

struct conn_identity {
	struct slice server, database, role, host; /* as people know them */
	struct slice system; /* system identifier, server uuid, file inode: tells a clone from the
				original */
	int version;
	enum dialect dialect;
	bool superuser, read_only;
	struct slice version_text;
};

struct conn_ops {
	/* One or several statements as one message, exactly as given. Results are discarded (counts
	 * and warnings kept in *out if not NULL). */
	bool (*exec)(struct conn *c, struct slice sql, struct arena *a, struct rows *out,
		struct err *err);
	/* One statement with text parameters ($1 / ? as the engine wants them) and its rows. On
	 * PostgreSQL and without parameters several may travel as one message: the last one's rows.
	 */
	bool (*query)(struct conn *c, struct slice sql, const struct cell *params, size_t nparams,
		struct arena *a, struct rows *out, struct err *err);
	/* COPY … FROM stdin with its rows; NULL where the engine has no such thing. */
	bool (*copy_in)(struct conn *c, struct slice sql, struct slice data, struct err *err);
	bool (*in_transaction)(struct conn *c);
	/* Asks the server to stop what it is doing; safe from a signal handler's thread. */
	void (*cancel)(struct conn *c);
	bool (*alive)(struct conn *c);
	void (*close)(struct conn *c);
};

struct conn {
	const struct conn_ops *ops;
	const struct engine *engine;
	struct conn_identity id;
	struct waiter waiter;
	struct arena arena; /* identity */
};

/* Shorthands. All SQL in; errors carry SQLSTATE / native code and the server's words. */
bool conn_exec(struct conn *c, struct slice sql, struct err *err);
bool conn_execf(struct conn *c, struct err *err, const char *template, ...); /* sqlf() template */
bool conn_query(
	struct conn *c, struct slice sql, struct arena *a, struct rows *out, struct err *err);
bool conn_query_params(struct conn *c, struct slice sql, const struct cell *params, size_t n,
	struct arena *a, struct rows *out, struct err *err);
void conn_close(struct conn *c); /* NULL is fine */

#endif
