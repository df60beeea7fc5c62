/* conn.c - connections. Nothing here blocks in the client library: each call that talks to the
 * server is started, and waited for with poll(), so that the waiter gets its turn.
 *
 * A cancel is KILL QUERY on a second connection; the first then fails with errno 1317, which counts
 * as interrupted when we asked for it. */
#include "engine/mysql/conn.h"

#include "base/io.h"
#include "sql/quote.h"
#include "sql/redact.h"
#include "sql/token.h"

#include <limits.h>
#include <poll.h>

extern const struct engine engine_mysql, engine_mariadb;

#define CONNECT_TIMEOUT_MS 10000

/* ---- waiting ---- */

static void ask_to_stop(struct my_conn *c)
{
	if (c->cancelled)
		return;
	c->cancelled = true;
	if (c->thread)
		c->base.ops->cancel(&c->base);
}

/* Waits for what libmariadb asked for; returns what happened, in its own words. */
static int wait_for(struct my_conn *c, int want, long long start)
{
	struct pollfd p = {.fd = c->lib.mysql_get_socket(c->my)};
	int interval = c->base.waiter.interval_ms > 0 ? c->base.waiter.interval_ms : 100;
	long long limit = -1;

	p.events = (short)((want & MYSQL_WAIT_READ ? POLLIN : 0) |
			   (want & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
			   (want & MYSQL_WAIT_EXCEPT ? POLLPRI : 0));
	if (want & MYSQL_WAIT_TIMEOUT)
		limit = io_now_ms() + c->lib.mysql_get_timeout_value_ms(c->my);
	for (;;) {
		int n = poll(&p, 1, c->base.waiter.tick || limit >= 0 ? interval : -1);

		if (n > 0)
			break;
		if (limit >= 0 && io_now_ms() >= limit)
			return MYSQL_WAIT_TIMEOUT;
		if (c->base.waiter.tick &&
			!c->base.waiter.tick(c->base.waiter.ctx, io_now_ms() - start))
			ask_to_stop(c);
		if (c->cancelled && !c->thread) /* still connecting: nobody to ask */
			return MYSQL_WAIT_TIMEOUT;
	}
	return (p.revents & (POLLIN | POLLHUP | POLLERR) ? MYSQL_WAIT_READ : 0) |
	       (p.revents & POLLOUT ? MYSQL_WAIT_WRITE : 0) |
	       (p.revents & POLLPRI ? MYSQL_WAIT_EXCEPT : 0);
}

static int run_query(struct my_conn *c, struct slice sql)
{
	long long start = io_now_ms();
	int ret = 1, want;

	want = c->lib.mysql_real_query_start(&ret, c->my, sql.at ? sql.at : "", sql.len);
	while (want)
		want = c->lib.mysql_real_query_cont(&ret, c->my, wait_for(c, want, start));
	return ret;
}

static MYSQL_RES *store_result(struct my_conn *c)
{
	long long start = io_now_ms();
	MYSQL_RES *res = NULL;
	int want = c->lib.mysql_store_result_start(&res, c->my);

	while (want)
		want = c->lib.mysql_store_result_cont(&res, c->my, wait_for(c, want, start));
	return res;
}

/* 0 = there is one more result, -1 = no more, above 0 = an error. */
static int next_result(struct my_conn *c)
{
	long long start = io_now_ms();
	int ret = -1, want = c->lib.mysql_next_result_start(&ret, c->my);

	while (want)
		want = c->lib.mysql_next_result_cont(&ret, c->my, wait_for(c, want, start));
	return ret;
}

static bool set_multi(struct my_conn *c, bool on)
{
	long long start = io_now_ms();
	int ret = 1, want;

	want = c->lib.mysql_set_server_option_start(&ret, c->my,
		on ? MYSQL_OPTION_MULTI_STATEMENTS_ON : MYSQL_OPTION_MULTI_STATEMENTS_OFF);
	while (want)
		want = c->lib.mysql_set_server_option_cont(&ret, c->my, wait_for(c, want, start));
	return ret == 0;
}

/* ---- errors ---- */

static enum err_code code_of(const struct my_conn *c, unsigned native)
{
	switch (native) {
	case 1205: /* lock wait timeout */
	case 1213: /* deadlock */
	case 3572: /* NOWAIT (MySQL) */
	case 1969: /* max_statement_time */
	case 3024: /* max_execution_time */
		return ERR_BLOCKED;
	case 1317: /* query interrupted */
		return c->cancelled ? ERR_INTERRUPTED : ERR_FAILED;
	case 1927: /* connection was killed */
	case 2006: /* server has gone away */
	case 2013: /* lost connection */
	case 2055:
		return ERR_CONNECT;
	default:
		return ERR_FAILED;
	}
}

static bool server_error(struct my_conn *c, struct err *err)
{
	unsigned native = c->lib.mysql_errno(c->my);
	bool first = !err_is(err);

	err_set(err, code_of(c, native), "%s", c->lib.mysql_error(c->my));
	if (first) {
		snprintf(err->sqlstate, sizeof err->sqlstate, "%s", c->lib.mysql_sqlstate(c->my));
		err->native = (int)native;
	}
	return false;
}

/* ---- results ---- */

static void copy_rows(struct my_conn *c, MYSQL_RES *res, struct arena *a, struct rows *out)
{
	MYSQL_FIELD *fields = c->lib.mysql_fetch_fields(res);
	MYSQL_ROW row;

	out->ncols = c->lib.mysql_num_fields(res);
	out->nrows = (size_t)c->lib.mysql_num_rows(res);
	out->names = ARENA_ARRAY(a, out->ncols, struct slice);
	out->cells = ARENA_ARRAY(a, out->nrows ? out->nrows * out->ncols : 1, struct cell);
	for (size_t i = 0; i < out->ncols; i++)
		out->names[i] = arena_slice(a, slice_n(fields[i].name, fields[i].name_length));
	for (size_t r = 0; r < out->nrows && (row = c->lib.mysql_fetch_row(res)); r++) {
		unsigned long *lengths = c->lib.mysql_fetch_lengths(res);

		for (size_t i = 0; i < out->ncols; i++) {
			struct cell *cell = &out->cells[r * out->ncols + i];

			cell->null = !row[i];
			if (row[i])
				cell->text = arena_slice(a, slice_n(row[i], lengths[i]));
		}
	}
}

static bool fetch(struct my_conn *c, struct arena *a, struct rows *out, bool keep, struct err *err)
{
	MYSQL_RES *res = store_result(c);

	if (!res && c->lib.mysql_field_count(c->my))
		return server_error(c, err);
	if (out)
		out->statements++;
	if (out && !res)
		out->affected = (long long)c->lib.mysql_affected_rows(c->my);
	if (res) {
		if (keep && out)
			copy_rows(c, res, a, out);
		c->lib.mysql_free_result(res);
	}
	return true;
}

static bool all_results(
	struct my_conn *c, struct arena *a, struct rows *out, bool keep, struct err *err)
{
	int more;

	do {
		if (!fetch(c, a, out, keep, err))
			return false;
		more = next_result(c);
	} while (more == 0);
	return more < 0 || server_error(c, err);
}

static void read_warnings(struct my_conn *c, struct arena *a, struct rows *out)
{
	struct rows w = {0};
	struct err ignored = {0};

	if (!out || !a || c->lib.mysql_warning_count(c->my) == 0)
		return;
	if (run_query(c, SL("SHOW WARNINGS")) == 0 && fetch(c, a, &w, true, &ignored))
		for (size_t i = 0; i < w.nrows && w.ncols == 3; i++)
			*ARENA_PUSH(a, out->warnings, out->nwarnings) =
				arena_printf(a, "%.*s %.*s: %.*s", SLICE(rows_get(&w, i, 0)),
					SLICE(rows_get(&w, i, 1)), SLICE(rows_get(&w, i, 2)));
	err_done(&ignored);
}

/* ---- the operations ---- */

/* More than one statement: a ';' with something behind it. A routine's body has them too; the
 * server's parser knows the difference, and one statement stays one either way. */
static bool is_batch(const struct my_conn *c, struct slice sql)
{
	struct lexer l;
	bool seen = false;

	lexer_init(&l, c->base.id.dialect, sql);
	for (;;) {
		struct token t = lexer_next(&l);

		if (t.kind == TOKEN_END || t.kind == TOKEN_BAD)
			return false;
		if (seen)
			return true;
		seen = token_punct(t, ";");
	}
}

static bool exec(
	struct conn *conn, struct slice sql, struct arena *a, struct rows *out, struct err *err)
{
	struct my_conn *c = my_conn(conn);
	bool batch = is_batch(c, sql), ok;

	if (out)
		*out = (struct rows){.affected = -1};
	c->cancelled = false;
	if (batch && !set_multi(c, true))
		return server_error(c, err);
	ok = run_query(c, sql) == 0 ? all_results(c, a, out, false, err) : server_error(c, err);
	if (ok)
		read_warnings(c, a, out);
	if (batch)
		set_multi(c, false);
	return ok;
}

/* A literal that means the same whatever sql_mode says about backslashes. */
static void add_parameter(struct buf *b, const struct my_conn *c, const struct cell *cell)
{
	if (cell->null) {
		buf_adds(b, "NULL");
	} else if (slice_chr(cell->text, '\\') < cell->text.len) {
		buf_adds(b, "_utf8mb4 x'");
		for (size_t i = 0; i < cell->text.len; i++)
			buf_printf(b, "%02x", (unsigned char)cell->text.at[i]);
		buf_addc(b, '\'');
	} else {
		quote_literal(b, c->base.id.dialect, cell->text);
	}
}

static void put_parameters(struct buf *b, const struct my_conn *c, struct slice sql,
	const struct cell *params, size_t n)
{
	struct lexer l;
	size_t used = 0;

	lexer_init(&l, c->base.id.dialect, sql);
	for (;;) {
		struct token t = lexer_raw(&l);

		if (t.kind == TOKEN_END)
			return;
		if (t.kind == TOKEN_PARAM && slice_is(t.text, "?") && used < n)
			add_parameter(b, c, &params[used++]);
		else
			buf_add(b, t.text);
	}
}

static bool query(struct conn *conn, struct slice sql, const struct cell *params, size_t nparams,
	struct arena *a, struct rows *out, struct err *err)
{
	struct my_conn *c = my_conn(conn);
	struct buf b = {0};
	bool ok;

	*out = (struct rows){.affected = -1};
	c->cancelled = false;
	if (nparams) {
		put_parameters(&b, c, sql, params, nparams);
		sql = buf_slice(&b);
	}
	ok = run_query(c, sql) == 0 ? all_results(c, a, out, true, err) : server_error(c, err);
	if (ok)
		read_warnings(c, a, out);
	buf_done(&b);
	return ok;
}

static bool in_transaction(struct conn *conn)
{
	struct my_conn *c = my_conn(conn);
	unsigned status = 0;

	c->lib.mariadb_get_infov(c->my, MARIADB_CONNECTION_SERVER_STATUS, &status);
	return status & SERVER_STATUS_IN_TRANS;
}

static void set_options(struct my_conn *c, MYSQL *my, const struct my_url *url, unsigned timeout_ms,
	const char *name)
{
	unsigned seconds = (timeout_ms + 999) / 1000, off = 0;
	my_bool yes = 1;

	c->lib.mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	c->lib.mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	/* No server may ask us for a file of ours. */
	c->lib.mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &off);
	if (name)
		c->lib.mysql_options4(my, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", name);
	if (url->ssl)
		c->lib.mysql_options(my, MYSQL_OPT_SSL_ENFORCE, &yes);
	if (url->ssl_ca)
		c->lib.mysql_options(my, MYSQL_OPT_SSL_CA, url->ssl_ca);
}

static void cancel(struct conn *conn)
{
	struct my_conn *c = my_conn(conn);
	MYSQL *second = c->lib.mysql_init(NULL);
	char sql[64];

	if (!second)
		return;
	set_options(c, second, &c->url, 5000, "belay cancel");
	snprintf(sql, sizeof sql, "KILL QUERY %lu", c->thread);
	if (c->lib.mysql_real_connect(second, c->url.host, c->url.user, c->url.password, NULL,
		    c->url.port, c->url.socket, 0))
		c->lib.mysql_real_query(second, sql, strlen(sql));
	c->lib.mysql_close(second);
}

static bool alive(struct conn *conn)
{
	struct my_conn *c = my_conn(conn);
	long long start = io_now_ms();
	int ret = 1, want = c->lib.mysql_ping_start(&ret, c->my);

	while (want)
		want = c->lib.mysql_ping_cont(&ret, c->my, wait_for(c, want, start));
	return ret == 0;
}

static void my_close(struct conn *conn)
{
	struct my_conn *c = my_conn(conn);

	if (c->my)
		c->lib.mysql_close(c->my);
	my_client_close(&c->lib);
	arena_done(&c->base.arena);
	free(c);
}

static const struct conn_ops ops = {
	.exec = exec,
	.query = query,
	.in_transaction = in_transaction,
	.cancel = cancel,
	.alive = alive,
	.close = my_close,
};

/* ---- opening ---- */

static bool connect_failed(struct my_conn *c, struct err *err)
{
	unsigned native = c->lib.mysql_errno(c->my);

	err_set(err, c->cancelled ? ERR_INTERRUPTED : ERR_CONNECT, "%s", c->lib.mysql_error(c->my));
	snprintf(err->sqlstate, sizeof err->sqlstate, "%s", c->lib.mysql_sqlstate(c->my));
	err->native = (int)native;
	if (native == 1045)
		err_hint(err, "The server refused the user name or the password.");
	else if (native == 1049)
		err_hint(err, "Create the database first, or correct its name in the URL.");
	else if (native == 2002)
		err_hint(err, "Is the server running, and is this its host, port or socket?");
	return err_context(err, "connecting to %s%s%s", c->url.socket ? "socket " : "",
		c->url.socket ? c->url.socket
		: c->url.host ? c->url.host
			      : "localhost",
		c->url.user ? "" : " as the current user");
}

static bool connect_async(struct my_conn *c, const struct conn_options *o, struct err *err)
{
	int timeout = o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS, want;
	long long start = io_now_ms();
	MYSQL *ret = NULL;

	set_options(c, c->my, &c->url, (unsigned)timeout, o->application);
	c->lib.mysql_options(c->my, MYSQL_OPT_NONBLOCK, 0);
	want = c->lib.mysql_real_connect_start(&ret, c->my, c->url.host, c->url.user,
		c->url.password, c->url.database, c->url.port, c->url.socket, CLIENT_MULTI_RESULTS);
	while (want)
		want = c->lib.mysql_real_connect_cont(&ret, c->my, wait_for(c, want, start));
	return ret ? true : connect_failed(c, err);
}

static bool has_variable(struct my_conn *c, const char *name)
{
	struct arena a = {0};
	struct rows r = {0};
	struct err ignored = {0};
	bool ok = my_queryf(&c->base, &a, &r, &ignored, "SHOW VARIABLES LIKE %L", slice_of(name)) &&
		  r.nrows == 1;

	err_done(&ignored);
	arena_done(&a);
	return ok;
}

static bool is_superuser(struct my_conn *c)
{
	struct arena a = {0};
	struct rows r = {0};
	struct err ignored = {0};
	bool super = false;

	if (query(&c->base, SL("SHOW GRANTS"), NULL, 0, &a, &r, &ignored))
		for (size_t i = 0; i < r.nrows; i++) {
			struct slice g = rows_get(&r, i, 0);

			super |= slice_ifind(g, SL(" ON *.* ")) < g.len &&
				 (slice_istarts(g, "GRANT ALL") ||
					 slice_ifind(g, SL("SUPER")) < g.len);
		}
	err_done(&ignored);
	arena_done(&a);
	return super;
}

static bool identify(struct my_conn *c, struct err *err)
{
	struct conn_identity *id = &c->base.id;
	struct arena *a = &c->base.arena;
	struct rows r;
	const char *uuid;

	/* Known before the first statement, which needs to know how to quote. */
	id->version_text = arena_slice(a, slice_of(c->lib.mysql_get_server_info(c->my)));
	id->dialect = slice_ifind(id->version_text, SL("MariaDB")) < id->version_text.len
			      ? DIALECT_MARIADB
			      : DIALECT_MYSQL;
	id->version = version_from_text(id->dialect, id->version_text);
	c->base.engine = id->dialect == DIALECT_MARIADB ? &engine_mariadb : &engine_mysql;
	id->server = id->dialect == DIALECT_MARIADB ? SL("MariaDB") : SL("MySQL");
	uuid = id->dialect == DIALECT_MYSQL    ? "@@server_uuid"
	       : has_variable(c, "server_uid") ? "@@server_uid"
					       : "CONCAT(@@hostname, ':', @@port, ':', @@datadir)";
	/* Two servers of one machine may have one server_uid. */
	c->who = arena_cstr(
		a, arena_printf(a,
			   "CONCAT_WS(' ', @@hostname, @@port, @@datadir, @@server_id, %s,"
			   " CONNECTION_ID())",
			   uuid));
	if (!my_queryf(&c->base, a, &r, err,
		    "SELECT DATABASE(), CURRENT_USER(), @@hostname, @@port, @@read_only, %s, %s, "
		    "%s + 0 = 0, @@autocommit = 1, @@completion_type = 'NO_CHAIN', "
		    "@@sql_safe_updates = 0",
		    slice_of(uuid), slice_of(c->who),
		    id->dialect == DIALECT_MARIADB ? SL("@@max_statement_time")
						   : SL("@@max_execution_time")))
		return false;
	id->database = rows_get(&r, 0, 0);
	id->role = rows_get(&r, 0, 1);
	id->host = c->url.socket ? arena_slice(a, slice_of(c->url.socket))
				 : arena_printf(a, "%.*s:%.*s", SLICE(rows_get(&r, 0, 2)),
					   SLICE(rows_get(&r, 0, 3)));
	id->read_only = slice_is(rows_get(&r, 0, 4), "1");
	id->system = rows_get(&r, 0, 5);
	c->anchor = rows_get(&r, 0, 6);
	for (size_t i = 0; i < SETTINGS; i++)
		c->odd[i] = !slice_is(rows_get(&r, 0, 7 + i), "1");
	id->superuser = is_superuser(c);
	return true;
}

/* Behind a proxy the next statement may meet another server, or another session of the same one:
 * without what was SET, and without our lock. */
bool mysql_is_same(
	struct conn *conn, struct arena *a, bool *same, struct slice *now, struct err *err)
{
	struct my_conn *c = my_conn(conn);
	struct rows r = {0};

	if (!my_queryf(conn, a, &r, err, "SELECT %s", slice_of(c->who)))
		return false;
	*now = rows_get(&r, 0, 0);
	*same = slice_eq(*now, c->anchor);
	if (!*same)
		*now = arena_printf(a, "%.*s instead of %.*s", SLICE(*now), SLICE(c->anchor));
	return true;
}

/* What the server or the role has set for its everyday: a limit of time, transactions that nobody
 * begins, or that go on behind their COMMIT, WHERE without a key. Ours is as the manual has it. */
static bool set_usual(struct my_conn *c, struct err *err)
{
	static const char *const words[SETTINGS] = {
		NULL, "autocommit = 1", "completion_type = 0", "sql_safe_updates = 0"};
	struct buf b = {0};
	bool ok = true;

	for (size_t i = 0; i < SETTINGS; i++) {
		const char *word = words[i] ? words[i]
				   : c->base.id.dialect == DIALECT_MARIADB
					   ? "max_statement_time = 0"
					   : "max_execution_time = 0";

		if (c->odd[i])
			buf_printf(&b, "%s SESSION %s", b.len ? "," : "SET", word);
	}
	if (b.len)
		ok = exec(&c->base, buf_slice(&b), NULL, NULL, err);
	buf_done(&b);
	return ok;
}

static bool settle(struct my_conn *c, const struct conn_options *o, struct err *err)
{
	if (!identify(c, err) || !set_usual(c, err))
		return false;
	if (!o->read_only)
		return true;
	return exec(&c->base, SL("SET SESSION TRANSACTION READ ONLY"), NULL, NULL, err);
}

static bool open_url(
	struct conn **out, const struct conn_options *o, enum dialect d, struct err *err)
{
	struct my_conn *c = mem_alloc(sizeof *c);

	*c = (struct my_conn){.base = {.ops = &ops, .waiter = o->waiter, .id.dialect = d}};
	c->base.engine = d == DIALECT_MARIADB ? &engine_mariadb : &engine_mysql;
	if (!my_client_open(&c->lib, err) || !my_url_parse(&c->base.arena, o->url, &c->url, err))
		goto fail;
	c->my = c->lib.mysql_init(NULL);
	if (!c->my) {
		err_set(err, ERR_CONNECT, "libmariadb has no memory for a connection");
		goto fail;
	}
	if (!connect_async(c, o, err))
		goto fail;
	c->thread = c->lib.mysql_thread_id(c->my);
	if (!settle(c, o, err))
		goto fail;
	*out = &c->base;
	return true;
fail:
	my_close(&c->base);
	return false;
}

bool mysql_connect_url(struct conn **out, const struct conn_options *o, struct err *err)
{
	return open_url(out, o, DIALECT_MYSQL, err);
}

bool mariadb_connect_url(struct conn **out, const struct conn_options *o, struct err *err)
{
	return open_url(out, o, DIALECT_MARIADB, err);
}

struct my_dialect my_conn_dialect(const struct conn *c)
{
	return (struct my_dialect){.dialect = c->id.dialect, .version = c->id.version};
}

bool my_queryf(struct conn *c, struct arena *a, struct rows *out, struct err *err,
	const char *template, ...)
{
	struct buf b = {0};
	va_list ap;
	bool ok;

	va_start(ap, template);
	sqlvf(&b, c->id.dialect, template, ap);
	va_end(ap);
	ok = conn_query(c, buf_slice(&b), a, out, err);
	buf_done(&b);
	return ok;
}
