/* scratch.c - throw-away MySQL and MariaDB servers, and throw-away databases on a given server.
 *
 * Our own server treats what runs in it as hostile. It listens on a socket in a folder that only we
 * can enter, has no network, no binary log, no plugins to load, no symbolic links, no files to read
 * (LOAD DATA LOCAL is off on both sides, secure_file_priv is an empty folder) and no scheduler.
 * Each migration runs as an account with rights on the scratch databases alone: no FILE, no SUPER,
 * no account management, so INTO OUTFILE, SET GLOBAL, INSTALL and the database mysql are out of
 * reach.
 *
 * The server ends with us, however we end: see base/process.h. */
#include "engine/mysql/scratch.h"

#include "base/io.h"
#include "sql/quote.h"

#include <signal.h>
#include <unistd.h>

struct scratch {
	struct arena arena;
	struct cluster cluster; /* server NULL: a given one */
	struct conn *admin;
	struct slice url;  /* of the given server */
	struct names made; /* databases that we made there, to be dropped */
	struct names copies;
	struct waiter waiter;
	struct slice describe;
	bool keep;
};

static bool start_own(
	struct scratch *s, enum dialect dialect, const struct scratch_options *o, struct err *err)
{
	if (!my_cluster_find(&s->arena, dialect, o->bin_dir, o->version, &s->cluster, err) ||
		!my_cluster_make(&s->arena, &s->cluster, &s->waiter, err) ||
		!my_cluster_start(&s->arena, &s->cluster, s->keep, &s->waiter, &s->admin, err))
		return false;
	s->describe = arena_printf(&s->arena, "%s %.*s (private, %s)",
		dialect == DIALECT_MYSQL ? "MySQL" : "MariaDB", SLICE(s->cluster.version_text),
		s->cluster.dir);
	return true;
}

static bool start_given(struct scratch *s, const struct scratch_options *o, struct err *err)
{
	struct conn_options co = {
		.url = o->url, .waiter = o->waiter, .application = "belay scratch"};

	s->url = arena_slice(&s->arena, o->url);
	if (!mysql_connect_url(&s->admin, &co, err))
		return false;
	s->describe = arena_printf(&s->arena, "%.*s %.*s (given, %.*s)", SLICE(s->admin->id.server),
		SLICE(s->admin->id.version_text), SLICE(s->admin->id.host));
	return true;
}

static bool start(struct scratch **out, enum dialect dialect, const struct scratch_options *o,
	struct err *err)
{
	struct scratch *s = mem_alloc(sizeof *s);
	bool ok;

	*s = (struct scratch){.waiter = o->waiter, .keep = o->keep};
	ok = slice_empty(o->url) ? start_own(s, dialect, o, err) : start_given(s, o, err);
	if (ok)
		*out = s;
	else
		mysql_scratch_stop(s);
	return ok;
}

bool mariadb_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err)
{
	return start(out, DIALECT_MARIADB, o, err);
}

/* MariaDB is not MySQL: a rehearsal there would prove nothing about MySQL. */
bool mysql_scratch_start(struct scratch **out, const struct scratch_options *o, struct err *err)
{
	return start(out, DIALECT_MYSQL, o, err);
}

/* ---- databases ---- */

static struct slice database_name(struct scratch *s, const char *name)
{
	if (s->cluster.server)
		return arena_slice(&s->arena, slice_of(name));
	return arena_printf(&s->arena, "belay_scratch_%ld_%s", (long)getpid(), name);
}

/* In GRANT, _ and % in a database's name are wildcards. */
static bool grant_owner(struct scratch *s, struct slice database, struct err *err)
{
	struct buf pattern = {0};
	bool ok;

	for (size_t i = 0; i < database.len; i++) {
		if (database.at[i] == '_' || database.at[i] == '%')
			buf_addc(&pattern, '\\');
		buf_addc(&pattern, database.at[i]);
	}
	ok = conn_execf(s->admin, err, "GRANT ALL ON %I.* TO " SCRATCH_OWNER "@localhost",
		buf_slice(&pattern));
	buf_done(&pattern);
	return ok;
}

static bool create_database(struct scratch *s, struct slice database, struct err *err)
{
	if (!conn_execf(s->admin, err, "DROP DATABASE IF EXISTS %I", database) ||
		!conn_execf(s->admin, err, "CREATE DATABASE %I", database))
		return err_context(err, "making the scratch database %.*s", SLICE(database));
	if (s->cluster.server)
		return grant_owner(s, database, err);
	if (!names_has(s->made, database))
		names_add(&s->arena, &s->made, database);
	return true;
}

static void add_escaped(struct buf *b, const char *text)
{
	for (; text && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-_.~", c))
			buf_addc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

/* The given URL with another database. */
static bool connect_given(
	struct scratch *s, struct slice database, struct conn **out, struct err *err)
{
	struct my_url u;
	struct buf b = {0};
	struct conn_options o = {.waiter = s->waiter, .application = "belay scratch"};

	if (!my_url_parse(&s->arena, s->url, &u, err))
		return false;
	buf_adds(&b, "mysql://");
	add_escaped(&b, u.user);
	if (u.password) {
		buf_addc(&b, ':');
		add_escaped(&b, u.password);
	}
	buf_addc(&b, '@');
	add_escaped(&b, u.host);
	if (u.port)
		buf_printf(&b, ":%u", u.port);
	buf_printf(&b, "/%.*s?ssl=%d", SLICE(database), u.ssl);
	if (u.socket) {
		buf_adds(&b, "&socket=");
		add_escaped(&b, u.socket);
	}
	if (u.ssl_ca) {
		buf_adds(&b, "&ssl-ca=");
		add_escaped(&b, u.ssl_ca);
	}
	o.url = arena_slice(&s->arena, buf_slice(&b));
	buf_done(&b);
	return mysql_connect_url(out, &o, err);
}

/* An earlier copy that we made may be brought up to date; if that does not work out, for the SQL of
 * a proof may have left anything in it, it is made anew. */
static bool copy(struct scratch *s, struct slice source, struct slice target, struct err *err)
{
	struct err ignored = {0};
	bool known = names_has(s->copies, target);

	if (known && mysql_copy_database(s->admin, source, target, true, &ignored))
		return true;
	if (ignored.code == ERR_INTERRUPTED) {
		err_move(err, &ignored);
		return false;
	}
	err_done(&ignored);
	if (!create_database(s, target, err) ||
		!mysql_copy_database(s->admin, source, target, false, err))
		return err_context(err, "copying the scratch database %.*s", SLICE(source));
	if (!known)
		names_add(&s->arena, &s->copies, target);
	return true;
}

bool mysql_scratch_open(
	struct scratch *s, const char *name, const char *from, struct conn **out, struct err *err)
{
	struct slice database = database_name(s, name);
	bool ok = true;

	if (!from)
		ok = create_database(s, database, err);
	else if (strcmp(from, name) != 0)
		ok = copy(s, database_name(s, from), database, err);
	if (!ok)
		return false;
	if (s->cluster.server)
		return my_cluster_connect(
			&s->arena, &s->cluster, SCRATCH_OWNER, database, &s->waiter, out, err);
	return connect_given(s, database, out, err);
}

bool mysql_scratch_drop(struct scratch *s, const char *name, struct err *err)
{
	return conn_execf(s->admin, err, "DROP DATABASE IF EXISTS %I", database_name(s, name));
}

struct scratch_info mysql_scratch_info(const struct scratch *s)
{
	return (struct scratch_info){.describe = s->describe, .version = s->admin->id.version};
}

void mysql_scratch_stop(struct scratch *s)
{
	struct err ignored = {0};

	if (!s)
		return;
	for (size_t i = 0; s->admin && !s->keep && i < s->made.n; i++)
		conn_execf(s->admin, &ignored, "DROP DATABASE IF EXISTS %I", s->made.at[i]);
	err_done(&ignored);
	conn_close(s->admin);
	if (s->cluster.server)
		process_stop(s->cluster.server, s->keep ? SIGTERM : SIGKILL, 5000);
	else if (s->cluster.dir)
		io_remove_tree(s->cluster.dir);
	arena_done(&s->arena);
	free(s);
}
