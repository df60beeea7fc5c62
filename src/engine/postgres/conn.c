/* conn.c - statements over libpq, without ever sitting in it.
 *
 * libpq is used asynchronously throughout: we wait in poll(), and every interval the waiter gets
 * its tick. When it says stop, the server is asked to cancel and we go on waiting for its answer: a
 * statement that was faster than the cancel has succeeded, and is reported so. Only a server that
 * does not answer to the cancel within ten seconds loses us. */
#include "engine/postgres/postgres.h"

#include "base/io.h"

#include <poll.h>

#define CANCEL_GRACE_MS 10000

/* ---- Waiting ---- */
struct wait {
	long long start, ticked, cancelled; /* cancelled: when, 0 = not */
};

static struct wait wait_begin(void)
{
	long long now = io_now_ms();

	return (struct wait){now, now, 0};
}

static bool interrupted(struct err *err)
{
	return err_set(err, ERR_INTERRUPTED, "interrupted: the statement was cancelled");
}

/* One turn of waiting for the socket. False when the connection had to be given up. */
static bool turn(struct pg_conn *c, struct wait *w, bool want_write, struct err *err)
{
	int interval = c->base.waiter.interval_ms > 0 ? c->base.waiter.interval_ms : 100;
	struct pollfd p = {c->pq.PQsocket(c->pg), POLLIN, 0};
	long long now;

	if (want_write)
		p.events |= POLLOUT;
	if (p.fd < 0)
		return pg_lost(c, err);
	poll(&p, 1, c->base.waiter.tick || w->cancelled ? interval : -1);
	if (p.revents & (POLLIN | POLLERR | POLLHUP) && !c->pq.PQconsumeInput(c->pg))
		return pg_lost(c, err);
	now = io_now_ms();
	if (w->cancelled) {
		if (now - w->cancelled < CANCEL_GRACE_MS)
			return true;
		interrupted(err);
		return err_context(err, "the server did not answer to the cancel request");
	}
	if (!c->base.waiter.tick || now - w->ticked < interval)
		return true;
	w->ticked = now;
	if (!c->base.waiter.tick(c->base.waiter.ctx, now - w->start)) {
		w->cancelled = now;
		c->base.ops->cancel(&c->base);
	}
	return true;
}

static bool flush(struct pg_conn *c, struct wait *w, struct err *err)
{
	for (;;) {
		int left = c->pq.PQflush(c->pg);

		if (left == 0)
			return true;
		if (left < 0)
			return pg_lost(c, err);
		if (!turn(c, w, true, err))
			return false;
	}
}

/* The next result, NULL at the end of the message. False when the connection is gone. */
static bool next_result(struct pg_conn *c, struct wait *w, PGresult **out, struct err *err)
{
	if (!flush(c, w, err))
		return false;
	while (c->pq.PQisBusy(c->pg))
		if (!turn(c, w, false, err))
			return false;
	*out = c->pq.PQgetResult(c->pg);
	return true;
}

/* ---- Sending ---- */
static void forget_notices(struct pg_conn *c)
{
	arena_reset(&c->notices_arena);
	c->notices = NULL;
	c->nnotices = 0;
}

void pg_notice(void *ctx, const PGresult *r)
{
	struct pg_conn *c = ctx;
	struct slice severity =
		slice_of(c->pq.PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED));
	struct slice text = pg_notice_text(&c->notices_arena, &c->pq, r);

	if (slice_starts(severity, "DEBUG") || slice_is(severity, "LOG")) {
		if (c->observation)
			pg_observe_message(c->observation, text);
		return;
	}
	*ARENA_PUSH(&c->notices_arena, c->notices, c->nnotices) = text;
}

static bool refuse_nul(struct slice sql, struct err *err)
{
	if (sql.len == 0 || !memchr(sql.at, 0, sql.len))
		return true;
	return err_set(err, ERR_FAILED, "cannot send a statement that contains a NUL byte");
}

static bool send_simple(struct pg_conn *c, struct slice sql, struct err *err)
{
	char *text;
	int sent;

	if (!refuse_nul(sql, err))
		return false;
	text = mem_cstr(sql);
	forget_notices(c);
	sent = c->pq.PQsendQuery(c->pg, text);
	free(text);
	return sent ? true : pg_lost(c, err);
}

static bool send_params(
	struct pg_conn *c, struct slice sql, const struct cell *params, size_t n, struct err *err)
{
	struct arena a = {0};
	const char **values = ARENA_ARRAY(&a, n + 1, const char *);
	int sent;

	if (!refuse_nul(sql, err))
		return false;
	for (size_t i = 0; i < n; i++)
		values[i] = params[i].null ? NULL : arena_cstr(&a, params[i].text);
	forget_notices(c);
	sent = c->pq.PQsendQueryParams(
		c->pg, arena_cstr(&a, sql), (int)n, NULL, n ? values : NULL, NULL, NULL, 0);
	arena_done(&a);
	return sent ? true : pg_lost(c, err);
}

/* ---- Receiving ---- */
/* COPY … TO stdout inside a migration: the rows are nobody's. */
static bool drop_copy_out(struct pg_conn *c, struct wait *w, struct err *err)
{
	for (;;) {
		char *row = NULL;
		int n = c->pq.PQgetCopyData(c->pg, &row, 1);

		c->pq.PQfreemem(row);
		if (n < 0)
			return true;
		if (n == 0 && !turn(c, w, false, err))
			return false;
	}
}

static bool end_copy(struct pg_conn *c, struct wait *w, const char *why, struct err *err)
{
	for (;;) {
		int n = c->pq.PQputCopyEnd(c->pg, why);

		if (n != 0)
			return n > 0 ? flush(c, w, err) : pg_lost(c, err);
		if (!turn(c, w, true, err))
			return false;
	}
}

static bool statement_fault(struct pg_conn *c, const struct wait *w, const PGresult *r,
	struct slice sql, struct err *err)
{
	const char *state = c->pq.PQresultErrorField(r, PG_DIAG_SQLSTATE);

	if (w->cancelled && state && strcmp(state, "57014") == 0)
		return interrupted(err);
	return pg_fault(c, r, sql, err);
}

static void note_counts(struct pg_conn *c, PGresult *r, struct arena *a, struct rows *out)
{
	struct slice tuples = slice_of(c->pq.PQcmdTuples(r));
	unsigned long long n;

	if (!out)
		return;
	out->affected = slice_u64(tuples, &n) ? (long long)n : -1;
	out->statements++;
	if (a)
		out->tag = arena_slice(a, slice_of(c->pq.PQcmdStatus(r)));
}

static void note_warnings(struct pg_conn *c, struct arena *a, struct rows *out)
{
	if (!a || !out)
		return;
	out->warnings = ARENA_ARRAY(a, c->nnotices, struct slice);
	out->nwarnings = c->nnotices;
	for (size_t i = 0; i < c->nnotices; i++)
		out->warnings[i] = arena_slice(a, c->notices[i]);
}

/* All results of one message; the last one with rows stays in *keep, if anybody wants it. */
static bool receive(struct pg_conn *c, struct wait *w, struct slice sql, struct arena *a,
	struct rows *out, PGresult **keep, struct err *err)
{
	bool ok = true;
	PGresult *r;

	for (;;) {
		ExecStatusType status;

		if (!next_result(c, w, &r, err))
			return false;
		if (!r)
			break;
		status = c->pq.PQresultStatus(r);
		if (status == PGRES_COPY_IN) {
			ok = end_copy(c, w, "no rows were given", err) && ok;
		} else if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
			ok = drop_copy_out(c, w, err) && ok;
		} else if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
			   status == PGRES_EMPTY_QUERY) {
			note_counts(c, r, a, out);
			if (keep) {
				c->pq.PQclear(*keep);
				*keep = r;
				r = NULL;
			}
		} else {
			ok = statement_fault(c, w, r, sql, err);
		}
		c->pq.PQclear(r);
		if (c->pq.PQstatus(c->pg) == CONNECTION_BAD)
			return ok ? pg_lost(c, err) : false;
	}
	note_warnings(c, a, out);
	return ok;
}

/* ---- Behind a pooler, a read-only session is one of read-only transactions ---- */
static bool begins_itself(struct slice sql)
{
	sql = slice_trim(sql);
	return slice_istarts(sql, "BEGIN") || slice_istarts(sql, "START");
}

static bool plain_exec(
	struct pg_conn *c, struct slice sql, struct arena *a, struct rows *out, struct err *err)
{
	struct wait w = wait_begin();

	return send_simple(c, sql, err) && receive(c, &w, sql, a, out, NULL, err);
}

static bool wrap(struct pg_conn *c, struct slice sql, bool *wrapped, struct err *err)
{
	*wrapped = c->pooled && c->read_only && !begins_itself(sql) &&
		   c->pq.PQtransactionStatus(c->pg) == PQTRANS_IDLE;
	return !*wrapped || plain_exec(c, SL("BEGIN READ ONLY"), NULL, NULL, err);
}

static bool unwrap(struct pg_conn *c, bool wrapped, bool ok, struct err *err)
{
	struct err second = {0};

	if (!wrapped)
		return ok;
	if (!plain_exec(c, ok ? SL("COMMIT") : SL("ROLLBACK"), NULL, NULL, &second))
		ok = false;
	if (err_is(&second))
		err_move(err, &second);
	return ok;
}

/* ---- The operations ---- */
static bool pg_exec(
	struct conn *base, struct slice sql, struct arena *a, struct rows *out, struct err *err)
{
	struct pg_conn *c = pg_conn(base);
	struct arena needs = {0};
	bool wrapped, ok, instead = false;

	if (out)
		*out = (struct rows){.affected = -1};
	if (!wrap(c, sql, &wrapped, err))
		return false;
	c->privileged = false;
	ok = !c->scratch || pg_needs_meet(c->scratch, c->base.id.database, sql, &needs, &sql, err);
	if (ok && c->scratch)
		instead = pg_privileged(&needs, sql, &sql, &c->privileged);
	ok = ok && plain_exec(c, sql, a, out, err);
	if (!ok && instead)
		err->sql_offset = 0; /* a place in what was sent instead */
	arena_done(&needs);
	return unwrap(c, wrapped, ok, err);
}

bool pg_result(struct pg_conn *c, struct slice sql, const struct cell *params, size_t nparams,
	PGresult **out, struct err *err)
{
	struct wait w = wait_begin();
	PGresult *r = NULL;
	bool sent;

	sent = nparams ? send_params(c, sql, params, nparams, err) : send_simple(c, sql, err);
	if (!sent || !receive(c, &w, sql, NULL, NULL, &r, err)) {
		c->pq.PQclear(r);
		return false;
	}
	*out = r;
	return true;
}

static void copy_rows(struct pg_conn *c, PGresult *r, struct arena *a, struct rows *out)
{
	int ncols = c->pq.PQnfields(r), nrows = c->pq.PQntuples(r);

	note_counts(c, r, a, out);
	out->ncols = (size_t)ncols;
	out->nrows = (size_t)nrows;
	out->names = ARENA_ARRAY(a, (size_t)ncols, struct slice);
	out->cells = ARENA_ARRAY(a, (size_t)ncols * (size_t)nrows, struct cell);
	for (int i = 0; i < ncols; i++)
		out->names[i] = arena_slice(a, slice_of(c->pq.PQfname(r, i)));
	for (int row = 0; row < nrows; row++)
		for (int col = 0; col < ncols; col++) {
			struct cell *to = &out->cells[(size_t)row * out->ncols + (size_t)col];

			to->null = c->pq.PQgetisnull(r, row, col);
			to->text = arena_slice(a, pg_cell(c, r, row, col));
		}
}

static bool pg_query(struct conn *base, struct slice sql, const struct cell *params, size_t n,
	struct arena *a, struct rows *out, struct err *err)
{
	struct pg_conn *c = pg_conn(base);
	struct rows rows = {.affected = -1};
	PGresult *r = NULL;
	bool wrapped, ok;

	if (!wrap(c, sql, &wrapped, err))
		return false;
	ok = pg_result(c, sql, params, n, &r, err);
	if (ok && r) {
		copy_rows(c, r, a, &rows);
		note_warnings(c, a, &rows);
	}
	c->pq.PQclear(r);
	ok = unwrap(c, wrapped, ok, err);
	if (ok)
		*out = rows;
	return ok;
}

/* psql's end-of-rows mark, which is not part of the rows. */
static struct slice without_end_mark(struct slice data)
{
	struct slice s = data;

	while (s.len > 0 && (s.at[s.len - 1] == '\n' || s.at[s.len - 1] == '\r'))
		s.len--;
	if (s.len >= 2 && s.at[s.len - 1] == '.' && s.at[s.len - 2] == '\\' &&
		(s.len == 2 || s.at[s.len - 3] == '\n'))
		return slice_sub(data, 0, s.len - 2);
	return data;
}

static bool put_data(struct pg_conn *c, struct wait *w, struct slice data, struct err *err)
{
	while (data.len > 0 && !w->cancelled) {
		size_t some = data.len < 65536 ? data.len : 65536;
		int n = c->pq.PQputCopyData(c->pg, data.at, (int)some);

		if (n < 0)
			return pg_lost(c, err);
		if (n > 0)
			data = slice_from(data, some);
		if (!flush(c, w, err))
			return false;
	}
	return true;
}

static bool pg_copy_in(struct conn *base, struct slice sql, struct slice data, struct err *err)
{
	struct pg_conn *c = pg_conn(base);
	struct wait w = wait_begin();
	PGresult *r = NULL;
	bool ok;

	if (!send_simple(c, sql, err) || !next_result(c, &w, &r, err))
		return false;
	ok = r && c->pq.PQresultStatus(r) == PGRES_COPY_IN;
	if (!ok && r && c->pq.PQresultStatus(r) == PGRES_FATAL_ERROR)
		statement_fault(c, &w, r, sql, err);
	else if (!ok)
		err_set(err, ERR_FAILED, "the statement did not ask for rows");
	c->pq.PQclear(r);
	if (ok)
		ok = put_data(c, &w, without_end_mark(data), err) &&
		     end_copy(c, &w, w.cancelled ? "interrupted" : NULL, err);
	return receive(c, &w, sql, NULL, NULL, NULL, err) && ok;
}

static bool pg_in_transaction(struct conn *base)
{
	struct pg_conn *c = pg_conn(base);

	return c->pq.PQtransactionStatus(c->pg) != PQTRANS_IDLE;
}

/* PQcancel() opens a connection of its own and is safe in a signal handler. */
static void pg_cancel(struct conn *base)
{
	struct pg_conn *c = pg_conn(base);
	char why[256];

	if (c->cancel && !c->pq.PQcancel(c->cancel, why, (int)sizeof why))
		why[0] = 0;
}

static bool pg_alive(struct conn *base)
{
	struct pg_conn *c = pg_conn(base);
	struct pollfd p = {c->pq.PQsocket(c->pg), POLLIN, 0};

	if (c->lost || p.fd < 0 || c->pq.PQstatus(c->pg) != CONNECTION_OK)
		return false;
	if (poll(&p, 1, 0) > 0 && !c->pq.PQconsumeInput(c->pg))
		return false;
	return c->pq.PQstatus(c->pg) == CONNECTION_OK;
}

static void pg_close(struct conn *base)
{
	struct pg_conn *c = pg_conn(base);

	if (c->cancel)
		c->pq.PQfreeCancel(c->cancel);
	if (c->pg)
		c->pq.PQfinish(c->pg);
	libpq_close(&c->pq);
	pg_observation_free(c->observation);
	arena_done(&c->notices_arena);
	arena_done(&c->base.arena);
	free(c);
}

const struct conn_ops pg_conn_ops = {
	.exec = pg_exec,
	.query = pg_query,
	.copy_in = pg_copy_in,
	.in_transaction = pg_in_transaction,
	.cancel = pg_cancel,
	.alive = pg_alive,
	.close = pg_close,
};
