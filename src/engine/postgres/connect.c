/* connect.c - opening a PostgreSQL connection: the URL, the wait, who answers.
 *
 * The URL goes to libpq as it is, so that every keyword, service and PG* variable works; only what
 * we must know ourselves is parsed out of it. A pooler that refuses the `options` start-up
 * parameter, or swallows it, is noticed: then nothing is set for the session. */
#include "engine/postgres/postgres.h"

#include "base/io.h"

#include <errno.h>
#include <poll.h>

#define READ_ONLY "-c default_transaction_read_only=on"

/* ---- The URL ---- */
struct parsed_url {
	struct arena arena;
	struct slice password, options, timeout, where;
	bool odd; /* an unescaped character cut it in the wrong place */
};

static struct slice value_of(const PQconninfoOption *all, const char *keyword)
{
	for (; all && all->keyword; all++)
		if (strcmp(all->keyword, keyword) == 0)
			return slice_of(all->val);
	return SLICE_NONE;
}

static bool is_number_list(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != ',' && (s.at[i] < '0' || s.at[i] > '9'))
			return false;
	return true;
}

/* libpq's own complaint about a URL quotes parts of it, and they may be parts of the password. */
static bool url_fault(struct err *err)
{
	err_set(err, ERR_INPUT, "cannot read the database URL");
	return err_hint(err, "It looks like postgres://user:password@host:5432/database?sslmode="
			     "require; in a password, write / as %%2F, @ as %%40, : as %%3A, # as "
			     "%%23 and %% as %%25.");
}

static bool parse_url(
	const struct libpq *pq, const char *url, struct parsed_url *out, struct err *err)
{
	char *message = NULL;
	PQconninfoOption *all = pq->PQconninfoParse(url, &message);
	struct slice host, port, db;

	pq->PQfreemem(message);
	if (!all)
		return url_fault(err);
	host = value_of(all, "host");
	port = value_of(all, "port");
	db = value_of(all, "dbname");
	out->password = arena_slice(&out->arena, value_of(all, "password"));
	out->options = arena_slice(&out->arena, value_of(all, "options"));
	out->timeout = arena_slice(&out->arena, value_of(all, "connect_timeout"));
	out->odd = !is_number_list(port) || slice_chr(host, '@') != SIZE_MAX ||
		   (slice_chr(db, '@') != SIZE_MAX && value_of(all, "user").len == 0);
	pq->PQconninfoFree(all);
	return out->odd ? url_fault(err) : true;
}

/* ---- Connecting ---- */
static void where_is(struct pg_conn *c, struct arena *a, struct slice *out)
{
	const char *host = c->pq.PQhost(c->pg), *port = c->pq.PQport(c->pg);

	if (!host || !*host)
		*out = SLICE_NONE;
	else if (*host == '/')
		*out = arena_printf(a, "%s/.s.PGSQL.%s", host, port ? port : "5432");
	else
		*out = arena_printf(a, "%s:%s", host, port ? port : "5432");
}

static bool connect_failed(
	struct pg_conn *c, const struct parsed_url *u, const char *instead, struct err *err)
{
	struct arena a = {0};
	struct slice where;

	where_is(c, &a, &where);
	pg_connect_fault(slice_of(instead ? instead : c->pq.PQerrorMessage(c->pg)), where,
		u->password, c->pq.PQconnectionNeedsPassword(c->pg), err);
	arena_done(&a);
	return false;
}

static long long timeout_of(const struct conn_options *o, const struct parsed_url *u)
{
	unsigned long long seconds;

	if (o->connect_timeout_ms > 0)
		return o->connect_timeout_ms;
	if (slice_u64(u->timeout, &seconds) && seconds > 0 && seconds < 86400)
		return (long long)seconds * 1000;
	return 10000;
}

static bool wait_connected(struct pg_conn *c, const struct conn_options *o,
	const struct parsed_url *u, struct err *err)
{
	long long start = io_now_ms(), limit = timeout_of(o, u);
	int step = o->waiter.interval_ms > 0 ? o->waiter.interval_ms : 100;
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;

	while (c->pq.PQstatus(c->pg) != CONNECTION_BAD) {
		struct pollfd p = {
			c->pq.PQsocket(c->pg), want == PGRES_POLLING_READING ? POLLIN : POLLOUT, 0};
		int ready = poll(&p, 1, step);
		long long elapsed = io_now_ms() - start;

		if (ready <= 0 && o->waiter.tick && !o->waiter.tick(o->waiter.ctx, elapsed))
			return err_set(err, ERR_INTERRUPTED, "interrupted while connecting");
		if (ready > 0)
			want = c->pq.PQconnectPoll(c->pg);
		if (want == PGRES_POLLING_OK)
			return true;
		if (want == PGRES_POLLING_FAILED)
			break;
		if (elapsed > limit)
			return connect_failed(c, u, "timeout expired", err);
	}
	return connect_failed(c, u, NULL, err);
}

static bool start(struct pg_conn *c, const struct conn_options *o, const struct parsed_url *u,
	const char *url, struct slice database, struct err *err)
{
	const char *keys[8], *values[8];
	struct arena a = {0};
	size_t n = 0;
	bool ok = false;

#define SAY(key, value) (keys[n] = (key), values[n++] = (value))
	SAY("dbname", url);
	if (database.len > 0)
		SAY("dbname", arena_cstr(&a, database));
	SAY("client_encoding", "UTF8");
	SAY("application_name", o->application ? o->application : "belay");
	if (o->read_only && !c->pooled)
		SAY("options",
			arena_cstr(&a, arena_printf(&a, "%.*s %s", SLICE(u->options), READ_ONLY)));
	SAY(NULL, NULL);
#undef SAY
	c->pg = c->pq.PQconnectStartParams(keys, values, 1);
	if (!c->pg)
		alloc_failed(0);
	c->pq.PQsetNoticeReceiver(c->pg, pg_notice, c);
	ok = wait_connected(c, o, u, err) && c->pq.PQsetnonblocking(c->pg, 1) == 0;
	arena_done(&a);
	return ok;
}

/* PgBouncer: unsupported startup parameter: options. */
static bool refused_options(const struct pg_conn *c, const struct err *err)
{
	const char *why = c->pg ? c->pq.PQerrorMessage(c->pg) : "";

	return err->code == ERR_CONNECT && strstr(why, "startup parameter") != NULL;
}

/* ---- Who answers ---- */
static const char identity_sql[] =
	"SELECT pg_catalog.current_setting('server_version'),"
	" pg_catalog.current_database(), current_user,"
	" COALESCE((SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname = current_user),"
	" false), pg_catalog.pg_is_in_recovery(),"
	" pg_catalog.current_setting('default_transaction_read_only'),"
	" (pg_catalog.current_schemas(true))[1]";

static const char system_sql[] = "SELECT s.system_identifier FROM pg_catalog.pg_control_system() s";

/* Where pg_control_system() is not allowed: the database's number and the server's address. */
static const char system_fallback_sql[] =
	"SELECT 'database ' || d.oid || ' at ' || COALESCE(pg_catalog.host(pg_catalog."
	"inet_server_addr()), 'local') || ':' || pg_catalog.current_setting('port')"
	" FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

static struct slice one_value(struct pg_conn *c, const char *sql)
{
	struct err ignored = {0};
	struct rows rows = {0};
	struct slice v = SLICE_NONE;

	if (conn_query(&c->base, slice_of(sql), &c->base.arena, &rows, &ignored) && rows.nrows == 1)
		v = rows_get(&rows, 0, 0);
	err_done(&ignored);
	return v;
}

/* PostgreSQL looks into pg_catalog first unless it is named in search_path behind another schema:
 * then what stands there can pass for the server's own functions and operators. */
static bool shadowed(struct slice first, struct err *err)
{
	if (slice_is(first, "pg_catalog") || slice_starts(first, "pg_temp"))
		return false;
	err_set(err, ERR_REFUSED,
		"search_path names pg_catalog behind \"%.*s\": functions and operators there would "
		"pass for the server's own",
		SLICE(first));
	err_hint(err, "Take pg_catalog out of search_path (ALTER ROLE … SET search_path, or "
		      "ALTER DATABASE): it is searched first by itself.");
	return true;
}

static bool identify(struct pg_conn *c, struct err *err)
{
	struct conn_identity *id = &c->base.id;
	struct rows r;
	bool set;

	if (!conn_query(&c->base, slice_of(identity_sql), &c->base.arena, &r, err))
		return err_context(err, "asking the server who it is");
	id->dialect = DIALECT_POSTGRES;
	id->version = c->pq.PQserverVersion(c->pg);
	id->version_text = rows_get(&r, 0, 0);
	/* Debian's "15.20 (Debian 15.20-0+deb12u1)": the first word is the version. */
	if (slice_chr(id->version_text, ' ') != SIZE_MAX)
		id->version_text = slice_sub(id->version_text, 0, slice_chr(id->version_text, ' '));
	id->server = arena_printf(&c->base.arena, "PostgreSQL %.*s", SLICE(id->version_text));
	id->database = rows_get(&r, 0, 1);
	id->role = rows_get(&r, 0, 2);
	id->superuser = slice_is(rows_get(&r, 0, 3), "t");
	set = slice_is(rows_get(&r, 0, 5), "on");
	id->read_only = set || slice_is(rows_get(&r, 0, 4), "t");
	where_is(c, &c->base.arena, &id->host);
	id->system = one_value(c, system_sql);
	if (id->system.len == 0)
		id->system = one_value(c, system_fallback_sql);
	/* Asked for and not there: something between swallowed it. */
	if (c->read_only && !set)
		c->pooled = id->read_only = true;
	if (shadowed(rows_get(&r, 0, 6), err))
		return false;
	if (id->version < 120000)
		return err_set(err, ERR_CONNECT,
			"PostgreSQL %.*s is not supported: belay knows 12 and newer",
			SLICE(id->version_text));
	return true;
}

bool pg_connect(struct conn **out, const struct conn_options *o, struct err *err)
{
	return pg_connect_to(out, o, SLICE_NONE, err);
}

bool pg_connect_to(
	struct conn **out, const struct conn_options *o, struct slice database, struct err *err)
{
	struct pg_conn *c = mem_alloc(sizeof *c);
	struct parsed_url u = {0};
	const char *url;
	bool ok = false;

	*c = (struct pg_conn){
		.base = {.ops = &pg_conn_ops, .engine = &engine_postgres, .waiter = o->waiter},
		.read_only = o->read_only};
	c->base.id.dialect = DIALECT_POSTGRES;
	url = arena_cstr(&u.arena, o->url);
	if (!libpq_open(&c->pq, err) || !parse_url(&c->pq, url, &u, err))
		goto out;
	ok = start(c, o, &u, url, database, err);
	if (!ok && c->read_only && refused_options(c, err)) {
		err_done(err);
		c->pq.PQfinish(c->pg);
		c->pooled = true;
		ok = start(c, o, &u, url, database, err);
	}
	if (!ok)
		goto out;
	c->cancel = c->pq.PQgetCancel(c->pg);
	ok = identify(c, err);
out:
	arena_done(&u.arena);
	if (ok)
		*out = &c->base;
	else
		pg_conn_ops.close(&c->base);
	return ok;
}
