/* cluster_server.c - a private server is started, and its system tables are made.
 *
 * MariaDB makes them from mysql_system_tables.sql, which it reads on an empty directory without
 * grant tables (no Perl, no shell); MySQL has them built in (--initialize-insecure), and takes our
 * two accounts from an init file. */
#include "engine/mysql/scratch.h"

#include "base/io.h"
#include "sql/split.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* What both understand. */
static const char *const common[] = {"--skip-networking", "--skip-name-resolve", "--skip-log-bin",
	"--local-infile=0", "--event-scheduler=OFF", "--loose-log-bin-trust-function-creators=1",
	"--max-connections=40", "--performance-schema=OFF", "--default-time-zone=+00:00",
	"--character-set-server=utf8mb4", "--max-allowed-packet=64M",
	"--innodb-buffer-pool-size=32M", "--innodb-autoextend-increment=1",
	"--innodb-flush-method=nosync", "--innodb-doublewrite=0",
	"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-dump-at-shutdown=0",
	"--innodb-buffer-pool-load-at-startup=0", "--key-buffer-size=4M"};
static const char *const mariadb_only[] = {"--symbolic-links=0", "--loose-feedback=OFF",
	"--collation-server=utf8mb4_general_ci", "--innodb-log-file-size=4M",
	"--innodb-data-file-path=ibdata1:4M:autoextend",
	"--innodb-temp-data-file-path=ibtmp1:1M:autoextend", "--loose-innodb-undo-tablespaces=0",
	"--loose-aria-log-file-size=8M", "--loose-aria-pagecache-buffer-size=8M"};
static const char *const mysql_only[] = {"--loose-mysqlx=OFF",
	"--loose-innodb-redo-log-capacity=16M", "--loose-auto-generate-certs=OFF",
	"--loose-sha256-password-auto-generate-rsa-keys=OFF",
	"--loose-caching-sha2-password-auto-generate-rsa-keys=OFF", "--loose-innodb-ddl-threads=1",
	"--loose-innodb-parallel-read-threads=1"};

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define WORDS_MAX 48

struct command {
	const char *argv[WORDS_MAX];
	size_t n;
};

static void add(struct command *c, const char *word)
{
	if (c->n + 1 < WORDS_MAX)
		c->argv[c->n++] = word;
}

static void add_all(struct command *c, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(c, words[i]);
}

static void add_path(struct arena *a, struct command *c, const char *option, const char *path)
{
	add(c, arena_cstr(a, arena_printf(a, "%s=%s", option, path)));
}

static void command_line(struct arena *a, const struct cluster *c, struct command *out)
{
	*out = (struct command){0};
	add(out, c->program);
	add(out, "--no-defaults");
	add_path(a, out, "--datadir", c->data);
	add_path(a, out, "--socket", c->socket);
	add_path(a, out, "--pid-file", io_join(a, c->dir, "pid"));
	add_path(a, out, "--tmpdir", c->tmp);
	add_path(a, out, "--secure-file-priv", c->empty);
	add_path(a, out, "--plugin-dir", c->empty);
	add_all(out, common, COUNT(common));
	if (c->dialect == DIALECT_MYSQL)
		add_all(out, mysql_only, COUNT(mysql_only));
	else
		add_all(out, mariadb_only, COUNT(mariadb_only));
}

static const char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", NULL};

static bool start_process(
	struct arena *a, struct cluster *c, bool keep, const char *last, struct err *err)
{
	struct command cmd;

	command_line(a, c, &cmd);
	if (last)
		add(&cmd, last);
	return process_start(&c->server,
		&(struct process_options){.argv = cmd.argv,
			.env = environment,
			.dir = c->dir,
			.user = c->user,
			.log = c->log,
			.remove = keep ? NULL : c->dir,
			.death_signal = SIGKILL,
			.fleeting = true},
		err);
}

static bool died(struct arena *a, const struct cluster *c, struct err *err)
{
	struct slice log = SLICE_NONE, line, last = SLICE_NONE;
	struct err ignored = {0};

	(void)io_read(a, c->log, &log, &ignored);
	err_done(&ignored);
	while (slice_line(&log, &line))
		if (slice_find(line, SL("[ERROR]")) < line.len)
			last = slice_trim(slice_from(line, slice_find(line, SL("[ERROR]")) + 7));
	err_set(err, ERR_FAILED, "the scratch server did not start%s%.*s", last.len ? ": " : "",
		SLICE(last));
	return err_context(err, "starting %s", c->program);
}

bool my_cluster_connect(struct arena *a, const struct cluster *c, const char *user,
	struct slice database, const struct waiter *w, struct conn **out, struct err *err)
{
	struct conn_options o = {.waiter = *w, .application = "belay scratch"};

	o.url = arena_printf(a, "%s://%s:%.*s@localhost/%.*s?socket=%s",
		c->dialect == DIALECT_MYSQL ? "mysql" : "mariadb", user, SLICE(c->password),
		SLICE(database), c->socket);
	return c->dialect == DIALECT_MYSQL ? mysql_connect_url(out, &o, err)
					   : mariadb_connect_url(out, &o, err);
}

static bool wait_ready(struct arena *a, struct cluster *c, const char *user, const struct waiter *w,
	struct conn **out, struct err *err)
{
	long long start = io_now_ms();
	struct err last = {0};

	while (io_now_ms() - start < 60000) {
		if (!process_alive(c->server)) {
			err_done(&last);
			return died(a, c, err);
		}
		if (w->tick && !w->tick(w->ctx, io_now_ms() - start)) {
			err_done(&last);
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		}
		if (access(c->socket, F_OK) == 0) {
			err_done(&last);
			if (my_cluster_connect(a, c, user, SLICE_NONE, w, out, &last))
				return true;
			if (last.code == ERR_INTERRUPTED)
				break;
		}
		poll(NULL, 0, 5);
	}
	if (err_is(&last))
		err_move(err, &last);
	return err_set(err, ERR_FAILED, "the scratch server did not get ready");
}

/* ---- the system tables ---- */

static const char *system_sql(struct arena *a, const struct cluster *c)
{
	static const char *const places[] = {
		"/usr/share/mysql", "/usr/share/mariadb", "/usr/local/share/mysql"};
	static const char *const beside[] = {"../share/mysql", "../share/mariadb", "../share"};
	static const char name[] = "mariadb_system_tables.sql", old[] = "mysql_system_tables.sql";
	size_t cut = strlen(c->program);
	const char *bin, *path;

	while (cut && c->program[cut - 1] != '/')
		cut--;
	bin = arena_cstr(a, slice_n(c->program, cut));
	for (size_t i = 0; i < 6; i++) {
		const char *dir = i < 3 ? io_join(a, bin, beside[i]) : places[i - 3];

		if (io_is_file(path = io_join(a, dir, name)) ||
			io_is_file(path = io_join(a, dir, old)))
			return path;
	}
	return NULL;
}

static bool run_script(struct conn *c, struct slice text, struct err *err)
{
	struct splitter sp;
	struct piece p;

	splitter_init(&sp, DIALECT_MARIADB, text);
	while (splitter_next(&sp, &p))
		if (p.kind == PIECE_SQL &&
			!conn_exec(c, slice_sub(text, p.body_off, p.body_len), err))
			return err_context(err, "making the system tables");
	return true;
}

static bool make_accounts(struct conn *c, const struct cluster *cl, struct err *err)
{
	return conn_exec(c, SL("FLUSH PRIVILEGES"), err) &&
	       conn_execf(c, err,
		       "CREATE OR REPLACE USER " SCRATCH_ADMIN "@localhost IDENTIFIED BY %L",
		       cl->password) &&
	       conn_exec(c, SL("GRANT ALL ON *.* TO " SCRATCH_ADMIN "@localhost WITH GRANT OPTION"),
		       err) &&
	       conn_execf(c, err,
		       "CREATE OR REPLACE USER " SCRATCH_OWNER "@localhost IDENTIFIED BY %L",
		       cl->password);
}

static bool make_mariadb(
	struct arena *a, struct cluster *c, const struct waiter *w, struct err *err)
{
	const char *path = system_sql(a, c);
	struct conn *conn = NULL;
	struct slice sql;
	bool ok;

	if (!path)
		return err_set(err, ERR_INPUT,
			"cannot make a scratch server: %s has no "
			"mariadb_system_tables.sql beside it",
			c->program);
	if (!io_read(a, path, &sql, err) || !start_process(a, c, true, "--skip-grant-tables", err))
		return false;
	ok = wait_ready(a, c, "root", w, &conn, err) &&
	     conn_exec(conn, SL("CREATE DATABASE IF NOT EXISTS mysql"), err) &&
	     conn_exec(conn, SL("USE mysql"), err) && run_script(conn, sql, err) &&
	     make_accounts(conn, c, err);
	conn_close(conn);
	process_stop(c->server, SIGTERM, 20000);
	c->server = NULL;
	return ok;
}

/* Nobody is left who needs no password. */
static bool write_accounts(
	struct arena *a, const struct cluster *c, const char *path, struct err *err)
{
	struct slice text = arena_printf(a,
		"CREATE USER " SCRATCH_ADMIN "@localhost IDENTIFIED BY '%.*s';\n"
		"GRANT ALL ON *.* TO " SCRATCH_ADMIN "@localhost WITH GRANT OPTION;\n"
		"CREATE USER " SCRATCH_OWNER "@localhost IDENTIFIED BY '%.*s';\n"
		"DROP USER root@localhost;\n",
		SLICE(c->password), SLICE(c->password));

	return io_write(path, text, 0600, err) &&
	       (geteuid() != 0 || process_give_tree(path, c->user, err));
}

static bool tick(void *ctx, long long elapsed_ms)
{
	const struct waiter *w = ctx;

	return !w->tick || w->tick(w->ctx, elapsed_ms);
}

static bool make_mysql(struct arena *a, struct cluster *c, const struct waiter *w, struct err *err)
{
	const char *accounts = io_join(a, c->dir, "accounts");
	struct waiter waiter = *w;
	struct command cmd;
	int status = 0;
	bool ok;

	command_line(a, c, &cmd);
	add(&cmd, "--initialize-insecure");
	add_path(a, &cmd, "--init-file", accounts);
	add_path(a, &cmd, "--log-error", c->log);
	ok = write_accounts(a, c, accounts, err) &&
	     process_run(&(struct process_options){.argv = cmd.argv,
				 .env = environment,
				 .dir = c->dir,
				 .user = c->user,
				 .timeout_ms = 120000,
				 .fleeting = true,
				 .tick = tick,
				 .tick_ctx = &waiter},
		     NULL, &status, err);
	(void)unlink(accounts);
	return ok && (status == 0 || died(a, c, err));
}

bool my_cluster_make_files(
	struct arena *a, struct cluster *c, const struct waiter *w, struct err *err)
{
	bool ok =
		c->dialect == DIALECT_MYSQL ? make_mysql(a, c, w, err) : make_mariadb(a, c, w, err);

	(void)unlink(c->log);
	return ok;
}

bool my_cluster_start(struct arena *a, struct cluster *c, bool keep, const struct waiter *w,
	struct conn **admin, struct err *err)
{
	return start_process(a, c, keep, NULL, err) &&
	       wait_ready(a, c, SCRATCH_ADMIN, w, admin, err);
}
