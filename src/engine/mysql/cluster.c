/* cluster.c - the files of a private MariaDB server.
 *
 * The system tables are made by the server itself, once: it starts on an empty directory without
 * grant tables and reads mysql_system_tables.sql (no Perl, no shell). The result, about 15 MB, is
 * kept in the cache, and every scratch server begins with a copy of it. */
#include "engine/mysql/scratch.h"

#include "base/io.h"
#include "sql/split.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPLATE_FORMAT 1 /* of the template: a new number makes a new one */

/* ---- the program ---- */

static const char *program_in(struct arena *a, const char *dir)
{
	static const char *const names[] = {"mariadbd", "mysqld"};

	for (size_t i = 0; i < 2; i++) {
		const char *path = io_join(a, dir, names[i]);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static const char *find_program(struct arena *a, const char *bin_dir)
{
	static const char *const places[] = {"/usr/sbin", "/usr/libexec", "/usr/local/bin",
		"/opt/homebrew/bin", "/usr/local/mariadb/bin"};
	const char *env = getenv("BELAY_MARIADB_BIN"), *found;

	if (bin_dir)
		return program_in(a, bin_dir);
	if (env && *env)
		return program_in(a, env);
	found = process_find(a, "mariadbd");
	for (size_t i = 0; !found && i < sizeof places / sizeof *places; i++)
		found = program_in(a, places[i]);
	return found;
}

static bool read_version(struct arena *a, struct cluster *c, struct err *err)
{
	const char *const argv[] = {c->program, "--no-defaults", "--version", NULL};
	struct buf out = {0};
	struct slice text;
	size_t at;
	int status = 0;
	bool ok = process_run(
		&(struct process_options){.argv = argv, .timeout_ms = 20000}, &out, &status, err);

	text = arena_slice(a, buf_slice(&out));
	buf_done(&out);
	if (!ok)
		return err_context(err, "asking %s for its version", c->program);
	at = slice_find(text, SL("Ver "));
	if (status || at >= text.len || slice_ifind(text, SL("MariaDB")) >= text.len)
		return err_set(err, ERR_INPUT, "%s is not a MariaDB server", c->program);
	text = slice_from(text, at + 4);
	text.len = slice_chr(text, '-') < text.len ? slice_chr(text, '-') : text.len;
	c->version_text = text;
	c->version = version_from_text(DIALECT_MARIADB, text);
	return true;
}

bool my_cluster_find(
	struct arena *a, const char *bin_dir, int version, struct cluster *out, struct err *err)
{
	char want[24];

	out->program = find_program(a, bin_dir);
	if (!out->program) {
		err_set(err, ERR_INPUT, "no MariaDB server program (mariadbd) was found%s%s",
			bin_dir ? " in " : "", bin_dir ? bin_dir : "");
		return err_hint(err,
			"Install it (Debian: mariadb-server), say where it is with "
			"BELAY_MARIADB_BIN, or give a server with --scratch mariadb://….");
	}
	if (!read_version(a, out, err))
		return false;
	if (version && version / 100 != out->version / 100 && version != out->version / 10000) {
		err_set(err, ERR_INPUT,
			"MariaDB %s is wanted for the scratch server, %.*s is installed",
			version_text(DIALECT_MARIADB, version, want), SLICE(out->version_text));
		return err_hint(err, "Give a server of that version with --scratch mariadb://….");
	}
	return true;
}

/* ---- files ---- */

static bool copy_file(const char *from, const char *to, struct err *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	char *block = mem_alloc(1 << 18);
	ssize_t n = 0;
	bool ok = false;

	if (in < 0) {
		err_errno(err, "open", from);
		goto out;
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0) {
		err_errno(err, "create", to);
		goto out;
	}
	while ((n = read(in, block, 1 << 18)) > 0)
		if (!io_write_fd(out, slice_n(block, (size_t)n))) {
			err_errno(err, "write", to);
			goto out;
		}
	ok = n == 0 || err_errno(err, "read", from);
out:
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	free(block);
	return ok;
}

static bool copy_tree(struct arena *a, const char *from, const char *to, struct err *err)
{
	const char **names;
	size_t n;

	if (mkdir(to, 0700) != 0 && errno != EEXIST)
		return err_errno(err, "create", to);
	if (!io_list(a, from, &names, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *source = io_join(a, from, names[i]), *target = io_join(a, to, names[i]);
		struct stat st;

		if (lstat(source, &st) != 0)
			return err_errno(err, "look at", source);
		if (S_ISDIR(st.st_mode) ? !copy_tree(a, source, target, err)
					: S_ISREG(st.st_mode) && !copy_file(source, target, err))
			return false;
	}
	return true;
}

static const char *cache_dir(struct arena *a)
{
	const char *cache = getenv("BELAY_CACHE"), *home = getenv("HOME");

	if (cache && *cache)
		return cache;
	return home && *home ? io_join(a, home, ".cache/belay") : NULL;
}

static const char *template_path(struct arena *a, const struct cluster *c)
{
	const char *cache = cache_dir(a);

	if (!cache)
		return NULL;
	return arena_cstr(a, arena_printf(a, "%s/mariadb-%.*s-%d", cache, SLICE(c->version_text),
				     TEMPLATE_FORMAT));
}

/* Best effort: without a cache the next start takes a second longer. */
static void keep_template(struct arena *a, const struct cluster *c, const char *path)
{
	struct err ignored = {0};
	const char *temp;

	temp = arena_cstr(a, arena_printf(a, "%s.%ld", path, (long)getpid()));
	if (!io_make_dirs(temp, 0700, &ignored) ||
		!copy_tree(a, c->data, io_join(a, temp, "data"), &ignored) ||
		!io_write(io_join(a, temp, "password"), c->password, 0600, &ignored) ||
		rename(temp, path) != 0)
		io_remove_tree(temp);
	err_done(&ignored);
}

static bool use_template(struct arena *a, struct cluster *c, const char *path)
{
	struct err ignored = {0};
	bool ok = io_is_file(io_join(a, path, "password")) &&
		  io_read(a, io_join(a, path, "password"), &c->password, &ignored) &&
		  c->password.len == 32 &&
		  copy_tree(a, io_join(a, path, "data"), c->data, &ignored);

	err_done(&ignored);
	if (!ok) { /* a damaged one: the caller makes the files anew */
		io_remove_tree(c->data);
		if (mkdir(c->data, 0700) != 0)
			return false;
	}
	return ok;
}

static bool make_password(struct arena *a, struct cluster *c, struct err *err)
{
	unsigned char bytes[16];
	struct buf b = {0};

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		return err_errno(err, "read", "random bytes");
	for (size_t i = 0; i < sizeof bytes; i++)
		buf_printf(&b, "%02x", bytes[i]);
	c->password = arena_slice(a, buf_slice(&b));
	buf_done(&b);
	return true;
}

/* ---- the server ---- */

static bool start_process(
	struct arena *a, struct cluster *c, bool keep, const char *first, struct err *err)
{
	const char *env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", NULL};
	const char *data = arena_cstr(a, arena_printf(a, "--datadir=%s", c->data)),
		   *socket = arena_cstr(a, arena_printf(a, "--socket=%s", c->socket)),
		   *pid = arena_cstr(a, arena_printf(a, "--pid-file=%s/pid", c->dir)),
		   *tmp = arena_cstr(a, arena_printf(a, "--tmpdir=%s", c->tmp)),
		   *files = arena_cstr(a, arena_printf(a, "--secure-file-priv=%s", c->empty)),
		   *plugins = arena_cstr(a, arena_printf(a, "--plugin-dir=%s", c->empty));
	const char *const argv[] = {c->program, "--no-defaults", data, socket, pid, tmp, files,
		plugins, "--skip-networking", "--skip-name-resolve", "--skip-log-bin",
		"--local-infile=0", "--symbolic-links=0", "--event-scheduler=OFF",
		"--log-bin-trust-function-creators=1", "--max-connections=40",
		"--performance-schema=OFF", "--loose-feedback=OFF", "--default-time-zone=+00:00",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci",
		"--max-allowed-packet=64M", "--innodb-buffer-pool-size=32M",
		"--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:4M:autoextend",
		"--innodb-autoextend-increment=1", "--loose-innodb-undo-tablespaces=0",
		"--innodb-temp-data-file-path=ibtmp1:1M:autoextend", "--innodb-flush-method=nosync",
		"--innodb-doublewrite=0", "--innodb-flush-log-at-trx-commit=0",
		"--innodb-buffer-pool-dump-at-shutdown=0", "--innodb-buffer-pool-load-at-startup=0",
		"--loose-aria-log-file-size=8M", "--key-buffer-size=4M",
		"--loose-aria-pagecache-buffer-size=8M", first, NULL};

	return process_start(&c->server,
		&(struct process_options){.argv = argv,
			.env = env,
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

	o.url = arena_printf(a, "mariadb://%s:%.*s@localhost/%.*s?socket=%s", user,
		SLICE(c->password), SLICE(database), c->socket);
	return mariadb_connect_url(out, &o, err);
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

static bool make_files(struct arena *a, struct cluster *c, const struct waiter *w, struct err *err)
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
	if (!make_password(a, c, err) || !io_read(a, path, &sql, err) ||
		!start_process(a, c, true, "--skip-grant-tables", err))
		return false;
	ok = wait_ready(a, c, "root", w, &conn, err) &&
	     conn_exec(conn, SL("CREATE DATABASE IF NOT EXISTS mysql"), err) &&
	     conn_exec(conn, SL("USE mysql"), err) && run_script(conn, sql, err) &&
	     make_accounts(conn, c, err);
	conn_close(conn);
	process_stop(c->server, SIGTERM, 20000);
	c->server = NULL;
	(void)unlink(c->log);
	return ok;
}

static bool make_dirs(struct arena *a, struct cluster *c, struct err *err)
{
	static const char *const users[] = {"mysql", "mariadb", "nobody", NULL};
	const char *const dirs[] = {c->data, c->empty, c->tmp};

	for (size_t i = 0; i < 3; i++)
		if (mkdir(dirs[i], 0700) != 0)
			return err_errno(err, "create", dirs[i]);
	if (geteuid() == 0 && !process_user_find(users, &c->user))
		return err_set(err, ERR_INPUT,
			"MariaDB does not run as root, and there is no user mysql or nobody");
	(void)a;
	return geteuid() != 0 || process_give_tree(c->dir, c->user, err);
}

bool my_cluster_make(struct arena *a, struct cluster *c, const struct waiter *w, struct err *err)
{
	const char *template = template_path(a, c);
	bool ok;

	if (!io_temp_dir(a, "mariadb", &c->dir, err))
		return false;
	c->data = io_join(a, c->dir, "data");
	c->empty = io_join(a, c->dir, "none");
	c->tmp = io_join(a, c->dir, "tmp");
	c->socket = io_join(a, c->dir, "s");
	c->log = io_join(a, c->dir, "log");
	ok = make_dirs(a, c, err);
	if (ok && !(template && use_template(a, c, template))) {
		ok = geteuid() != 0 || process_give_tree(c->dir, c->user, err);
		ok = ok && make_files(a, c, w, err);
		if (ok && template)
			keep_template(a, c, template);
	}
	if (ok && geteuid() == 0)
		ok = process_give_tree(c->dir, c->user, err);
	if (!ok)
		io_remove_tree(c->dir);
	return ok;
}

bool my_cluster_start(struct arena *a, struct cluster *c, bool keep, const struct waiter *w,
	struct conn **admin, struct err *err)
{
	return start_process(a, c, keep, NULL, err) &&
	       wait_ready(a, c, SCRATCH_ADMIN, w, admin, err);
}
