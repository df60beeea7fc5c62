/* fault.c - what a PostgreSQL server or libpq said, as our error.
 *
 * One sentence: the server's primary message and its detail. Rows are not ours to show, and a
 * detail of the integrity class quotes them: the values between its parentheses are left out. The
 * server may speak any language, so decisions hang on SQLSTATE wherever there is one. A connection
 * that was refused has none in libpq: there the words decide about the hint only. */
#include "engine/postgres/postgres.h"

#include "base/buf.h"

/* ---- Statements ---- */
static struct slice field(const struct pg_conn *c, const PGresult *r, int code)
{
	return slice_of(c->pq.PQresultErrorField(r, code));
}

static struct slice no_stop(struct slice s)
{
	s = slice_trim(s);
	while (s.len > 0 && s.at[s.len - 1] == '.')
		s.len--;
	return s;
}

/* A sentence that nothing closes. */
static bool ends_open(struct slice s)
{
	return s.len > 0 && !memchr(".:;,?!", s.at[s.len - 1], 6);
}

/* Several lines as one; libpq ends some of its sentences with the line and nothing else. */
static void add_line(struct buf *b, struct slice s)
{
	struct slice line;
	bool first = true;

	while (slice_line(&s, &line)) {
		line = slice_trim(line);
		/* "Is the server running …?": our hints ask what to look at. */
		if (line.len == 0 || (!first && line.at[line.len - 1] == '?'))
			continue;
		if (!first)
			buf_adds(b, ends_open(buf_slice(b)) ? ". " : " ");
		buf_add(b, line);
		first = false;
	}
}

/* "Key (email)=(a@b.c) already exists" keeps the column only; "Failing row contains (…)" goes. */
static void add_detail(struct buf *b, struct slice state, struct slice detail)
{
	size_t values = slice_find(detail, SL(")=("));

	detail = no_stop(detail);
	if (detail.len == 0)
		return;
	if (!slice_starts(state, "23")) {
		buf_adds(b, ": ");
		add_line(b, detail);
		return;
	}
	if (values == SIZE_MAX)
		return;
	buf_adds(b, ": ");
	add_line(b, slice_sub(detail, 0, values + 3));
	buf_adds(b, "…");
	for (size_t i = detail.len; i > values + 3; i--)
		if (detail.at[i - 1] == ')') {
			add_line(b, slice_from(detail, i - 1));
			break;
		}
}

/* The server counts characters from 1; we count bytes from 1. */
static size_t byte_offset(struct slice sql, struct slice position)
{
	unsigned long long n;
	size_t at = 0;

	if (!slice_u64(position, &n) || n == 0)
		return 0;
	while (--n > 0 && at < sql.len)
		for (at++; at < sql.len && ((unsigned char)sql.at[at] & 0xC0) == 0x80;)
			at++;
	return at < sql.len ? at + 1 : sql.len;
}

static enum err_code code_of(struct slice state)
{
	/* lock_not_available: lock_timeout ran out, or NOWAIT. */
	if (slice_is(state, "55P03"))
		return ERR_BLOCKED;
	if (slice_starts(state, "08"))
		return ERR_CONNECT;
	return ERR_FAILED;
}

/* FATAL and PANIC: the server says so and hangs up. */
static bool ends_session(const struct pg_conn *c, const PGresult *r)
{
	struct slice severity = field(c, r, PG_DIAG_SEVERITY_NONLOCALIZED);

	return c->pq.PQstatus(c->pg) == CONNECTION_BAD || slice_is(severity, "FATAL") ||
	       slice_is(severity, "PANIC");
}

bool pg_fault(struct pg_conn *c, const PGresult *r, struct slice sql, struct err *err)
{
	struct slice state = field(c, r, PG_DIAG_SQLSTATE);
	struct slice hint = field(c, r, PG_DIAG_MESSAGE_HINT);
	struct buf b = {0};

	if (state.len == 0)
		return pg_lost(c, err);
	if (err_is(err))
		return false;
	add_line(&b, no_stop(field(c, r, PG_DIAG_MESSAGE_PRIMARY)));
	add_detail(&b, state, field(c, r, PG_DIAG_MESSAGE_DETAIL));
	err_set(err, ends_session(c, r) ? ERR_CONNECT : code_of(state), "%s", buf_cstr(&b));
	for (size_t i = 0; i < 5 && i < state.len; i++)
		err->sqlstate[i] = state.at[i];
	err->sql_offset = byte_offset(sql, field(c, r, PG_DIAG_STATEMENT_POSITION));
	if (hint.len > 0) {
		buf_clear(&b);
		add_line(&b, hint);
		err_hint(err, "%s", buf_cstr(&b));
	}
	buf_done(&b);
	return false;
}

struct slice pg_notice_text(struct arena *a, const struct libpq *pq, const PGresult *r)
{
	struct buf b = {0};
	struct slice text;

	buf_adds(&b, pq->PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED));
	buf_adds(&b, ": ");
	add_line(&b, slice_of(pq->PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY)));
	text = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return text;
}

/* ---- Connections ---- */
static const struct {
	const char *says, *hint;
} connect_hints[] = {
	{"password authentication failed",
		"Check the password: in the URL, in PGPASSWORD, or in ~/.pgpass."},
	{"no password supplied", "Give a password: in the URL, in PGPASSWORD, or in ~/.pgpass."},
	{"Peer authentication failed",
		"Run as that operating system user, or connect by host name with a password."},
	{"Ident authentication failed",
		"Run as that operating system user, or connect with a password."},
	{"no pg_hba.conf entry", "The server does not let this role in from here: ask for a line "
				 "in its pg_hba.conf, "
				 "or try sslmode=require."},
	{"too many c", "Close other sessions, or raise max_connections, and try again."},
	{"remaining connection slots", "Close other sessions, or raise max_connections."},
	{"starting up", "Wait a moment and try again."},
	{"shutting down", "Wait until it has been started again."},
	{"Connection refused",
		"Is the server running there, and listening on that port? Check host and port."},
	{"could not translate host name", "Check the host name."},
	{"No such file or directory",
		"No server listens on that socket: start it, or give its host in the URL."},
	{"timed out", "Is the host reachable from here? Check host, port and firewall."},
	{"timeout expired", "Is the host reachable from here? Check host, port and firewall."},
	{"service", "Check the service's name in ~/.pg_service.conf or PGSERVICEFILE."},
	{"certificate", "Check sslmode, sslrootcert, sslcert and sslkey."},
	{"SSL", "Check sslmode: the server and the URL disagree about TLS."},
	{"role \"", "Check the role's name, or create it with CREATE ROLE … LOGIN."},
	{"database \"", "Check the database's name, or create it with CREATE DATABASE."},
};

static void hide(struct buf *b, struct slice text, struct slice secret)
{
	while (secret.len > 0) {
		size_t at = slice_find(text, secret);

		if (at == SIZE_MAX)
			break;
		buf_add(b, slice_sub(text, 0, at));
		buf_adds(b, "***");
		text = slice_from(text, at + secret.len);
	}
	buf_add(b, text);
}

/* The last reason counts: with several hosts, or TLS tried first, libpq lists all attempts. */
static struct slice last_reason(struct slice message)
{
	static const char *const marks[] = {"FATAL:", "ERROR:", "failed:"};

	message = slice_trim(message);
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		struct slice mark = slice_of(marks[i]);
		size_t at;

		while ((at = slice_find(message, mark)) != SIZE_MAX)
			message = slice_trim(slice_from(message, at + mark.len));
	}
	return message;
}

bool pg_connect_fault(struct slice message, struct slice where, struct slice password, bool needs,
	struct err *err)
{
	struct slice reason = last_reason(message);
	struct buf flat = {0}, shown = {0};

	add_line(&flat, no_stop(reason));
	hide(&shown, buf_slice(&flat), password);
	err_set(err, ERR_CONNECT, "cannot connect to PostgreSQL%s%.*s: %s", where.len ? " at " : "",
		SLICE(where), buf_cstr(&shown));
	if (needs && slice_find(reason, SL("no password supplied")) == SIZE_MAX)
		err_hint(err, "%s", connect_hints[1].hint);
	for (size_t i = 0; i < sizeof connect_hints / sizeof *connect_hints; i++)
		if (slice_find(reason, slice_of(connect_hints[i].says)) != SIZE_MAX)
			err_hint(err, "%s", connect_hints[i].hint);
	err_hint(err, "Check the URL, and that the server can be reached from here.");
	buf_done(&flat);
	buf_done(&shown);
	return false;
}

bool pg_lost(struct pg_conn *c, struct err *err)
{
	struct buf b = {0};

	c->lost = true;
	add_line(&b, no_stop(last_reason(slice_of(c->pq.PQerrorMessage(c->pg)))));
	err_set(err, ERR_CONNECT, "the connection to PostgreSQL was lost%s%s", b.len ? ": " : "",
		buf_cstr(&b));
	err_hint(err, "What the last statement did is not known: ask for the status before going "
		      "on.");
	err_next(err, "belay status");
	buf_done(&b);
	return false;
}
