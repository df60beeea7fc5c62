/* scratch.c - throw-away PostgreSQL servers, and throw-away databases on a given one.
 *
 * Our own server treats what runs in it as hostile. It listens on a socket in a folder that only
 * we can enter, with an environment of two variables. The superuser connects to the database
 * `postgres` alone, which holds nothing of anybody else's; migrations run as the owner of their
 * database, who is no superuser, so COPY … PROGRAM, server-side files, lo_import and untrusted
 * languages fail by missing privilege. The owner may create roles, as histories do; the predefined
 * roles that open files or programs are taken out of the server first, so that it cannot make
 * itself their member (before PostgreSQL 16 a role with CREATEROLE can). What only a superuser may
 * do and a history does all the same: privileged.c.
 *
 * The server ends with us, however we end: see base/process.h. */
#include "engine/postgres/scratch.h"

#include "base/io.h"
#include "queries.h"
#include "sql/quote.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

struct scratch {
	struct arena arena;
	struct pg_programs programs;
	struct pg_cluster cluster;
	struct process *server; /* NULL: a given server */
	struct conn *admin;
	struct slice url;  /* of the given server */
	struct names made; /* databases that we made, to be dropped */
	struct made_role {
		struct slice role, database; /* no database: known to all */
	} * roles;
	size_t nroles;
	struct waiter waiter;
	struct slice describe;
	bool keep;
};

/* ---- Addresses ---- */
static void add_escaped(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-_.~/", c))
			buf_addc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

/* Everything is said, so that no PG* variable of the user reaches our own server. */
static struct slice own_url(
	struct scratch *s, struct slice user, struct slice password, struct slice database)
{
	struct buf b = {0};
	struct slice url;

	buf_adds(&b, "postgres:///?host=");
	add_escaped(&b, slice_of(s->cluster.sockets));
	buf_adds(&b, "&hostaddr=&port=5432&sslmode=disable&gssencmode=disable&channel_binding="
		     "disable&requirepeer=&target_session_attrs=any&options=");
	/* The admin never looks a name up where the owner could have put one. */
	if (slice_is(user, SCRATCH_ADMIN))
		buf_adds(&b, "-c%20search_path%3D");
	buf_adds(&b, "&user=");
	add_escaped(&b, user);
	buf_adds(&b, "&dbname=");
	add_escaped(&b, database);
	buf_adds(&b, "&password=");
	add_escaped(&b, password);
	url = arena_slice(&s->arena, buf_slice(&b));
	buf_done(&b);
	return url;
}

static bool connect_as(struct scratch *s, struct slice user, struct slice password,
	struct slice database, struct conn **out, struct err *err)
{
	struct conn_options o = {.url = own_url(s, user, password, database),
		.waiter = s->waiter,
		.application = "belay scratch"};

	return pg_connect(out, &o, err);
}

bool pg_scratch_admin(struct scratch *s, struct slice database, struct conn **out, struct err *err)
{
	struct slice password = SLICE_NONE;

	return io_read(&s->arena, s->cluster.password, &password, err) &&
	       connect_as(s, SL(SCRATCH_ADMIN), password, database, out, err);
}

/* ---- Starting ---- */
static bool start_server(struct scratch *s, struct err *err)
{
	const char *env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", NULL};
	const char *const argv[] = {s->programs.postgres, "-D", s->cluster.data, "-k",
		s->cluster.sockets, "-p", "5432", "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c",
		"autovacuum=off", "-c", "wal_level=logical", "-c", "shared_buffers=64MB", "-c",
		"max_connections=50", "-c", "max_locks_per_transaction=512", "-c",
		"max_prepared_transactions=10", "-c", "max_wal_size=1GB", "-c", "jit=off", "-c",
		"TimeZone=UTC", "-c", "unix_socket_permissions=0700", "-c", "logging_collector=off",
		"-c", "log_destination=stderr", "-c", "log_statement=none", "-c",
		"log_min_error_statement=panic", NULL};

	return process_start(&s->server,
		&(struct process_options){.argv = argv,
			.env = env,
			.dir = s->cluster.dir,
			.user = s->cluster.user,
			.log = s->cluster.log,
			.remove = s->keep ? NULL : s->cluster.dir,
			.death_signal = SIGQUIT},
		err);
}

static bool died(struct scratch *s, struct err *err)
{
	struct slice log = SLICE_NONE, line, last = SLICE_NONE;
	struct err ignored = {0};

	(void)io_read(&s->arena, s->cluster.log, &log, &ignored);
	err_done(&ignored);
	while (slice_line(&log, &line))
		if (slice_find(line, SL("FATAL:")) != SIZE_MAX ||
			slice_find(line, SL("error")) != SIZE_MAX)
			last = slice_trim(line);
	err_set(err, ERR_FAILED, "the scratch server did not start%s%.*s", last.len ? ": " : "",
		SLICE(last));
	return err_context(err, "starting %s", s->programs.postgres);
}

static bool wait_ready(struct scratch *s, struct err *err)
{
	const char *socket = io_join(&s->arena, s->cluster.sockets, ".s.PGSQL.5432");
	long long start = io_now_ms();
	struct err last = {0};

	while (io_now_ms() - start < 60000) {
		if (!process_alive(s->server)) {
			err_done(&last);
			return died(s, err);
		}
		if (s->waiter.tick && !s->waiter.tick(s->waiter.ctx, io_now_ms() - start))
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		if (access(socket, F_OK) == 0) {
			err_done(&last);
			if (pg_scratch_admin(s, SL("postgres"), &s->admin, &last))
				return true;
			if (last.code == ERR_INTERRUPTED)
				break;
		}
		poll(NULL, 0, 5);
	}
	err_move(err, &last);
	return err_set(err, ERR_FAILED, "the scratch server did not get ready");
}

/* pg_create_subscription would let it open connections; the file roles say it themselves. */
static const char defuse_sql[] =
	"DELETE FROM pg_catalog.pg_auth_members m USING pg_catalog.pg_roles r"
	" WHERE r.oid = m.roleid AND r.rolname IN ('pg_read_server_files',"
	" 'pg_write_server_files', 'pg_execute_server_program', 'pg_create_subscription',"
	" 'pg_signal_backend', 'pg_signal_autovacuum_worker', 'pg_checkpoint');"
	"DELETE FROM pg_catalog.pg_authid WHERE rolname IN ('pg_read_server_files',"
	" 'pg_write_server_files', 'pg_execute_server_program', 'pg_create_subscription',"
	" 'pg_signal_backend', 'pg_signal_autovacuum_worker', 'pg_checkpoint');"
	"CREATE ROLE " SCRATCH_OWNER " LOGIN CREATEROLE NOSUPERUSER NOCREATEDB NOREPLICATION;"
	"REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC;";

/* What every database starts with. Before 15 the schema public belongs to the superuser, and no
 * owner could drop it or comment on it as real owners do. */
static bool fill_template(struct scratch *s, struct err *err)
{
	struct conn *c = NULL;
	bool old = s->admin->id.version < 150000, ok;

	if (!pg_scratch_admin(s, SL("template1"), &c, err))
		return false;
	ok = conn_exec(c, slice_of(query_postgres_scratch_superuser), err) &&
	     conn_exec(c,
		     old ? SL("ALTER SCHEMA public OWNER TO " SCRATCH_OWNER)
			 : SL("GRANT SET ON PARAMETER session_replication_role TO " SCRATCH_OWNER),
		     err);
	conn_close(c);
	return ok;
}

static bool start_own(struct scratch *s, const struct scratch_options *o, struct err *err)
{
	if (!pg_programs_find(&s->arena, o->bin_dir, o->version, &s->programs, err) ||
		!pg_cluster_make(&s->arena, &s->programs, &s->waiter, &s->cluster, err) ||
		!start_server(s, err) || !wait_ready(s, err) ||
		!conn_exec(s->admin, slice_of(defuse_sql), err) || !fill_template(s, err))
		return false;
	s->describe = arena_printf(&s->arena, "PostgreSQL %.*s (private, %s)",
		SLICE(s->programs.text), s->cluster.dir);
	return true;
}

static bool start_given(struct scratch *s, const struct scratch_options *o, struct err *err)
{
	struct conn_options co = {
		.url = o->url, .waiter = o->waiter, .application = "belay scratch"};
	struct rows r;

	s->url = arena_slice(&s->arena, o->url);
	if (!pg_connect(&s->admin, &co, err))
		return false;
	if (!conn_query(s->admin,
		    SL("SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles"
		       " WHERE rolname = current_user"),
		    &s->arena, &r, err))
		return false;
	if (r.nrows != 1 || !slice_is(rows_get(&r, 0, 0), "t")) {
		err_set(err, ERR_REFUSED,
			"role \"%.*s\" may not create databases on the scratch "
			"server",
			SLICE(s->admin->id.role));
		return err_hint(err, "ALTER ROLE … CREATEDB, or give another role in --scratch.");
	}
	s->describe = arena_printf(&s->arena, "PostgreSQL %.*s (given, %.*s)",
		SLICE(s->admin->id.version_text), SLICE(s->admin->id.host));
	return true;
}

bool pg_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err)
{
	struct scratch *s = mem_alloc(sizeof *s);
	bool ok;

	*s = (struct scratch){.waiter = o->waiter, .keep = o->keep};
	ok = slice_empty(o->url) ? start_own(s, o, err) : start_given(s, o, err);
	if (ok)
		*out = s;
	else
		pg_scratch_stop(s);
	return ok;
}

/* ---- Roles, see needs.c ---- */
struct conn *pg_scratch_admin_conn(struct scratch *s)
{
	return s->admin;
}

bool pg_scratch_role_known(const struct scratch *s, struct slice role, struct slice database)
{
	for (size_t i = 0; i < s->nroles; i++)
		if (slice_eq(s->roles[i].role, role) &&
			(s->roles[i].database.len == 0 || slice_eq(s->roles[i].database, database)))
			return true;
	return false;
}

void pg_scratch_role_made(struct scratch *s, struct slice role, struct slice database)
{
	if (!pg_scratch_role_known(s, role, database))
		*ARENA_PUSH(&s->arena, s->roles, s->nroles) = (struct made_role){
			arena_slice(&s->arena, role), arena_slice(&s->arena, database)};
}

/* A new database knows the roles that the one it was copied from knows. */
static void inherit_roles(struct scratch *s, struct slice to, struct slice from)
{
	size_t n = s->nroles;

	for (size_t i = 0; i < n; i++)
		if (s->roles[i].database.len > 0 && slice_eq(s->roles[i].database, to))
			s->roles[i].role = SLICE_NONE;
	for (size_t i = 0; i < n; i++)
		if (from.len > 0 && slice_eq(s->roles[i].database, from))
			pg_scratch_role_made(s, s->roles[i].role, to);
}

/* ---- Databases ---- */
static struct slice database_name(struct scratch *s, const char *name)
{
	if (s->server)
		return arena_slice(&s->arena, slice_of(name));
	return arena_printf(&s->arena, "belay_scratch_%ld_%s", (long)getpid(), name);
}

/* A session that was closed a moment ago may still be leaving; the server itself would look again
 * only every 100 ms. */
static void wait_alone(struct scratch *s, struct slice database)
{
	struct cell param = {database, false};

	for (int i = 0; i < 500; i++) {
		struct arena a = {0};
		struct err ignored = {0};
		struct rows r = {0};
		bool alone = !conn_query_params(s->admin,
				     SL("SELECT 1 FROM pg_catalog.pg_stat_activity"
					" WHERE datname = $1 LIMIT 1"),
				     &param, 1, &a, &r, &ignored) ||
			     r.nrows == 0;

		err_done(&ignored);
		arena_done(&a);
		if (alone)
			return;
		poll(NULL, 0, 2);
	}
}

static bool drop_database(struct scratch *s, struct slice database, struct err *err)
{
	struct cell param = {database, false};
	struct arena a = {0};
	struct rows r;
	bool ok = true;

	if (s->admin->id.version < 130000)
		ok = conn_query_params(s->admin,
			     SL("SELECT pg_catalog.pg_terminate_backend(pid) FROM"
				" pg_catalog.pg_stat_activity WHERE datname = $1"),
			     &param, 1, &a, &r, err) &&
		     conn_execf(s->admin, err, "DROP DATABASE IF EXISTS %I", database);
	else
		ok = conn_execf(s->admin, err, "DROP DATABASE IF EXISTS %I WITH (FORCE)", database);
	arena_done(&a);
	return ok;
}

static bool create_database(
	struct scratch *s, struct slice database, struct slice from, struct err *err)
{
	struct buf b = {0};
	bool ok;

	sqlf(&b, DIALECT_POSTGRES, "CREATE DATABASE %I TEMPLATE %I", database,
		from.len    ? from
		: s->server ? SL("template1")
			    : SL("template0"));
	if (s->server)
		sqlf(&b, DIALECT_POSTGRES, " OWNER %I", SL(SCRATCH_OWNER));
	/* Without fsync a checkpoint is cheaper than logging every block. */
	if (s->server && s->admin->id.version >= 150000)
		buf_adds(&b, " STRATEGY = file_copy");
	ok = conn_exec(s->admin, buf_slice(&b), err);
	buf_done(&b);
	if (ok && !names_has(s->made, database))
		names_add(&s->arena, &s->made, database);
	return ok;
}

static bool open_database(
	struct scratch *s, struct slice database, struct conn **out, struct err *err)
{
	struct conn_options o = {
		.url = s->url, .waiter = s->waiter, .application = "belay scratch"};

	if (!s->server)
		return pg_connect_to(out, &o, database, err);
	if (!connect_as(s, SL(SCRATCH_OWNER), SLICE_NONE, database, out, err))
		return false;
	pg_conn(*out)->scratch = s;
	return true;
}

bool pg_scratch_open(
	struct scratch *s, const char *name, const char *from, struct conn **out, struct err *err)
{
	struct slice to = database_name(s, name), source = SLICE_NONE;

	if (from)
		source = database_name(s, from);
	/* A copy of itself is itself. */
	if (!from || !slice_eq(to, source)) {
		if (from)
			wait_alone(s, source);
		if (!drop_database(s, to, err) || !create_database(s, to, source, err))
			return err_context(err, "making the scratch database \"%s\"", name);
		inherit_roles(s, to, source);
	}
	return open_database(s, to, out, err);
}

bool pg_scratch_drop(struct scratch *s, const char *name, struct err *err)
{
	return drop_database(s, database_name(s, name), err);
}

struct scratch_info pg_scratch_info(const struct scratch *s)
{
	return (struct scratch_info){s->describe, s->admin->id.version};
}

void pg_scratch_stop(struct scratch *s)
{
	struct err ignored = {0};

	if (!s)
		return;
	/* Also after Ctrl-C: what we made is ours to remove. */
	s->waiter = (struct waiter){0};
	if (s->admin)
		s->admin->waiter = s->waiter;
	for (size_t i = 0; s->admin && !s->server && !s->keep && i < s->made.n; i++) {
		(void)drop_database(s, s->made.at[i], &ignored);
		err_done(&ignored);
	}
	conn_close(s->admin);
	if (s->server)
		process_stop(s->server, s->keep ? SIGINT : SIGQUIT, 5000);
	else if (s->cluster.dir && !s->keep)
		io_remove_tree(s->cluster.dir);
	arena_done(&s->arena);
	free(s);
}
